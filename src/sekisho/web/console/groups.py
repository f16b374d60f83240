"""The list of user groups, and creating one with users and policies.

Source: IAM User Guide, "Create IAM user groups", "View IAM user groups".
"""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Any

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from sekisho.account.aws import Boto3Api
from sekisho.errors import AwsRefused
from sekisho.messages import Message, verbatim
from sekisho.policy import names
from sekisho.web.console import choosing
from sekisho.web.console.changes import Change, carry_out, named
from sekisho.web.console.managed_policies import folded
from sekisho.web.console.persons import attempt, attempted, person, signed_in, state
from sekisho.web.console.policy_reading import faults_said
from sekisho.web.site import see_other, text

SCREEN = Blueprint("groups", __name__)

_PATH = "/iam/groups"
_CREATE = "/iam/groups/create"
_ROWS = 20
_BLOCK = 1000
_AT_ONCE = 3


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of the list.

    Attributes:
        users: how many are in it, or what AWS refused.
        policies: how many policies it has, attached and inline, or what AWS refused.
    """

    name: str
    created: datetime
    users: int | AwsRefused
    policies: int | AwsRefused


@SCREEN.get(_PATH)
@signed_in
def listing() -> ResponseReturnValue:
    """List the user groups: those that were searched for, page by page."""
    wanted = request.args.get("q", "")
    read = attempted(_groups)
    refused = read if isinstance(read, AwsRefused) else None
    groups = [] if isinstance(read, AwsRefused) else read
    found = [each for each in groups if folded(wanted) in folded(each["GroupName"])]
    pages = max(1, -(-len(found) // _ROWS))
    page = min(max(1, request.args.get("page", 1, type=int)), pages)
    rows = _rows(person().api, found[(page - 1) * _ROWS : page * _ROWS])
    return render_template(
        "groups.html",
        navigation=_PATH,
        refused=refused,
        wanted=wanted,
        found=len(found),
        page=page,
        pages=pages,
        rows=rows,
        denials=_denials(rows),
    )


def _groups() -> list[Mapping[str, Any]]:
    return list(person().api.pages("iam", "ListGroups", "Groups", MaxItems=_BLOCK))


def _rows(api: Boto3Api, groups: Iterable[Mapping[str, Any]]) -> list[_Row]:
    """Return the lines of a page; each group is asked about, several at once."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(partial(_row, api), groups))


def _row(api: Boto3Api, group: Mapping[str, Any]) -> _Row:
    name = group["GroupName"]

    def count(*listings: tuple[str, str]) -> int:
        return sum(
            1
            for operation, key in listings
            for _ in api.pages("iam", operation, key, GroupName=name)
        )

    policies = (
        ("ListAttachedGroupPolicies", "AttachedPolicies"),
        ("ListGroupPolicies", "PolicyNames"),
    )
    return _Row(
        name,
        group["CreateDate"],
        attempted(lambda: count(("GetGroup", "Users"))),
        attempted(lambda: count(*policies)),
    )


def _denials(rows: Iterable[_Row]) -> tuple[AwsRefused, ...]:
    """Return one refusal of each call that is denied, for the red boxes."""
    found: dict[str, AwsRefused] = {}
    for row in rows:
        for answer in (row.users, row.policies):
            if isinstance(answer, AwsRefused):
                found.setdefault(answer.operation, answer)
    return tuple(found.values())


@SCREEN.get(_CREATE)
@signed_in
def new() -> ResponseReturnValue:
    """Ask for the name, the users and the policies of a new group."""
    if request.args.get("begin"):
        state().typed.pop(_CREATE, None)
        return redirect(_CREATE)
    return _form(state().typed.get(_CREATE, {}))


@SCREEN.post(_CREATE)
@signed_in
def create() -> ResponseReturnValue:
    """Create a group, then add the users and attach the policies."""
    name = request.form.get("name", "").strip()
    fields = {"name": name, **choosing.sent("users", "policies")}
    state().typed[_CREATE] = fields
    if choosing.searched():
        return redirect(_CREATE)
    faults = names.group_name(name)
    if faults:
        fault = faults_said(faults) if name else text("groups.name_missing")
        return _form(fields, fault=fault), HTTPStatus.UNPROCESSABLE_ENTITY
    answer = attempt("iam", "CreateGroup", GroupName=name)
    if isinstance(answer, AwsRefused):
        exists = answer.aws_code == "EntityAlreadyExists"
        page = (
            _form(fields, fault=verbatim(answer.aws_message))
            if exists
            else _form(fields, refused=answer)
        )
        return page, HTTPStatus.UNPROCESSABLE_ENTITY
    del state().typed[_CREATE]
    outcome = carry_out(_after_creating(name, fields))
    outcome.flash(text("groups.created", group=name))
    return see_other(_PATH) if outcome.whole else see_other("/iam/group", name=name)


def _after_creating(group: str, fields: Mapping[str, str]) -> Iterator[Change]:
    yield from adding(group, choosing.chosen("users", fields))
    yield from attaching(group, choosing.chosen("policies", fields))


def adding(group: str, users: Iterable[str]) -> Iterator[Change]:
    """Yield the calls that add users to a group."""
    for user in users:
        both = {"GroupName": group, "UserName": user}
        yield named("add_to_group", "AddUserToGroup", both, group=group, user=user)


def attaching(group: str, policies: Iterable[str]) -> Iterator[Change]:
    """Yield the calls that attach managed policies to a group, by their ARNs."""
    for arn in policies:
        both = {"GroupName": group, "PolicyArn": arn}
        policy = choosing.policy_name(arn)
        yield named("attach", "AttachGroupPolicy", both, policy=policy, name=group)


def _form(
    fields: Mapping[str, str],
    *,
    fault: Message | None = None,
    refused: AwsRefused | None = None,
) -> str:
    return render_template(
        "create_group.html",
        navigation=_PATH,
        name=fields.get("name", ""),
        user_choices=choosing.users("users", fields),
        policy_choices=choosing.policies("policies", fields),
        fault=fault,
        refused=refused,
    )
