"""Policies: their list, the page of one with its tabs, and attaching it to users, groups and roles.

Source: IAM User Guide, "Managing customer managed policies", "Versioning IAM policies", "Adding and
removing IAM identity permissions".
"""

import json
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import partial
from http import HTTPStatus
from itertools import chain, islice
from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from sekisho.errors import AwsRefused
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.policy import names
from sekisho.web.browsers import FlashKind
from sekisho.web.console.managed_policies import (
    PolicyOrigin,
    fold_text,
    managed_policies,
    matching,
    origin_of,
)
from sekisho.web.console.policy_text import content, faults_text
from sekisho.web.console.session import ENDED, attempt, call, person, signed_in, try_reading
from sekisho.web.site import aws_text, flash, see_other, text

SCREEN = Blueprint("policies", __name__)

_PATH = "/iam/policies"
_ROWS = 50
_MOST = 1000
"""How many entries IAM puts on one page at most."""
ENTITIES = {
    "user": ("PolicyUsers", "UserName"),
    "group": ("PolicyGroups", "GroupName"),
    "role": ("PolicyRoles", "RoleName"),
}
"""What a policy can be attached to: the key of its list in ListEntitiesForPolicy, and its name."""
_SHOWN = 100
"""How many entities are shown at once; the search finds the others."""
_LISTED: Mapping[str, tuple[str, str]] = {
    "user": ("ListUsers", "Users"),
    "group": ("ListGroups", "Groups"),
    "role": ("ListRoles", "Roles"),
}


class PolicyTab(StrEnum):
    """The tabs of a policy's page."""

    PERMISSIONS = "permissions"
    JSON = "json"
    ENTITIES = "entities"
    TAGS = "tags"
    VERSIONS = "versions"


@SCREEN.get(_PATH)
@signed_in
def listing() -> ResponseReturnValue:
    """List the managed policies: those that were searched for, page by page."""
    wanted, origin = request.args.get("q", ""), request.args.get("type", "")
    read = try_reading(managed_policies)
    refused = read if isinstance(read, AwsRefused) else None
    found = () if isinstance(read, AwsRefused) else matching(read, wanted)
    policies = [each for each in found if origin in ("", each.origin.value)]
    pages = max(1, -(-len(policies) // _ROWS))
    page = min(max(1, request.args.get("page", 1, type=int)), pages)
    return render_template(
        "policies.html",
        navigation=_PATH,
        refused=refused,
        wanted=wanted,
        origin=origin,
        origins=[each.value for each in PolicyOrigin],
        found=len(policies),
        policies=policies[(page - 1) * _ROWS : page * _ROWS],
        page=page,
        pages=pages,
    )


@SCREEN.get("/iam/policy")
@signed_in
def page() -> ResponseReturnValue:
    """Show one policy: what it permits, its text, its entities, its tags, its versions."""
    arn = request.args.get("arn", "")
    if not arn:
        return see_other(_PATH)
    asked = request.args.get("tab", "")
    tab = PolicyTab(asked) if asked in list(PolicyTab) else PolicyTab.PERMISSIONS
    return _page(call("iam", "GetPolicy", PolicyArn=arn)["Policy"], tab)


def _page(shown: Mapping[str, Any], tab: PolicyTab, fault: Message | str = "") -> str:
    """Return a policy's page; `fault` is what is wrong with the tag that was typed."""
    origin = origin_of(shown["Arn"])
    return render_template(
        "policy.html",
        navigation=_PATH,
        policy=shown,
        origin=origin.value,
        own=origin is PolicyOrigin.CUSTOMER,
        tab=tab.value,
        tabs=[each.value for each in PolicyTab],
        fault=fault,
        **_tab_content(tab, shown),
    )


def _tab_content(tab: PolicyTab, shown: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of a tab, or the `AwsRefused` in its place."""
    arn = shown["Arn"]
    match tab:
        case PolicyTab.PERMISSIONS | PolicyTab.JSON:
            document = try_reading(lambda: document_of(arn, shown["DefaultVersionId"]))
            if isinstance(document, AwsRefused):
                return {"refused": document}
            return {
                "document": indent_document(document),
                "content": content(document),
                "refused": None,
            }
        case PolicyTab.ENTITIES:
            return _entities(shown)
        case PolicyTab.TAGS:
            return {"refused": None}
        case PolicyTab.VERSIONS:
            return _versions(arn)


def _entities(shown: Mapping[str, Any]) -> dict[str, Any]:
    """Return one page of what the policy is attached to, read no further than that page."""
    count = shown["AttachmentCount"] + shown.get("PermissionsBoundaryUsageCount", 0)
    pages = max(1, -(-count // _ROWS))
    page = min(max(1, request.args.get("page", 1, type=int)), pages)
    read = try_reading(lambda: entities_of(shown["Arn"], page * _ROWS))
    return {
        "entities": () if isinstance(read, AwsRefused) else read[(page - 1) * _ROWS :],
        "count": count,
        "page": page,
        "pages": pages,
        "refused": _refusal(read),
    }


def _versions(arn: str) -> dict[str, Any]:
    versions = try_reading(
        lambda: [
            *person().api.pages("iam", "ListPolicyVersions", "Versions", PolicyArn=arn),
        ]
    )
    asked = request.args.get("version", "")
    document = try_reading(lambda: indent_document(document_of(arn, asked))) if asked else ""
    return {
        "versions": versions,
        "asked_version": asked,
        "document": document,
        "refused": _refusal(versions) or _refusal(document),
    }


def _refusal(answer: object) -> AwsRefused | None:
    return answer if isinstance(answer, AwsRefused) else None


def document_of(arn: str, version: str) -> str:
    """Return the text of a version of a policy.

    Raises:
        AwsRefused: if the person may not read it.
    """
    answer = call("iam", "GetPolicyVersion", PolicyArn=arn, VersionId=version)
    document = answer["PolicyVersion"]["Document"]
    # laid out, AWS's longest ones are longer than any policy that IAM takes
    return document if isinstance(document, str) else json.dumps(document, ensure_ascii=False)


def indent_document(document: str) -> str:
    """Return a policy's text as the console lays it out."""
    try:
        return json.dumps(json.loads(document), indent=4, ensure_ascii=False)
    except ValueError:
        return document


def entities_of(arn: str, most: int | None = None) -> list[tuple[str, str]]:
    """Return the entities of a policy as (kind, name), the kinds those of `ENTITIES`.

    Args:
        arn: the policy's.
        most: how many to return at most; all if None.

    Raises:
        AwsRefused: if the person may not list it.
    """
    size = min(most or _MOST, _MOST)
    return [
        *islice(chain.from_iterable(_entities_of_kind(kind, arn, size) for kind in ENTITIES), most)
    ]


def _entities_of_kind(kind: str, arn: str, size: int) -> Iterator[tuple[str, str]]:
    """Yield the entities of one kind, asking for `size` of them at a time."""
    key, name = ENTITIES[kind]
    listed = person().api.pages(
        "iam",
        "ListEntitiesForPolicy",
        key,
        PolicyArn=arn,
        EntityFilter=kind.capitalize(),
        MaxItems=size,
    )
    return ((kind, each[name]) for each in listed)


@SCREEN.post("/iam/policy/default-version")
@signed_in
def set_default() -> ResponseReturnValue:
    """Make a version the one in force."""
    arn, version = request.form.get("arn", ""), request.form.get("version", "")
    call("iam", "SetDefaultPolicyVersion", PolicyArn=arn, VersionId=version)
    flash(FlashKind.SUCCESS, text("policy_page.default_set", version=version))
    return see_other("/iam/policy", arn=arn, tab=PolicyTab.VERSIONS.value)


@SCREEN.post("/iam/policy/delete-version")
@signed_in
def delete_version() -> ResponseReturnValue:
    """Delete a version that is not the default."""
    arn, version = request.form.get("arn", ""), request.form.get("version", "")
    call("iam", "DeletePolicyVersion", PolicyArn=arn, VersionId=version)
    flash(FlashKind.SUCCESS, text("policy_page.version_deleted", version=version))
    return see_other("/iam/policy", arn=arn, tab=PolicyTab.VERSIONS.value)


@SCREEN.post("/iam/policy/tag")
@signed_in
def tag() -> ResponseReturnValue:
    """Set a tag."""
    arn, key = request.form.get("arn", ""), request.form.get("key", "").strip()
    value = request.form.get("value", "").strip()
    fault = _set_tag(arn, key, value)
    if fault is None:
        flash(FlashKind.SUCCESS, text("policy_page.tagged", tag=key))
        return see_other("/iam/policy", arn=arn, tab=PolicyTab.TAGS.value)
    page = _page(call("iam", "GetPolicy", PolicyArn=arn)["Policy"], PolicyTab.TAGS, fault)
    return page, HTTPStatus.UNPROCESSABLE_ENTITY


def _set_tag(arn: str, key: str, value: str) -> Message | None:
    """Set a tag; return what is wrong with it, or None."""
    if faults := names.tags([(key, value)]):
        return faults_text(faults)
    answer = attempt("iam", "TagPolicy", PolicyArn=arn, Tags=[{"Key": key, "Value": value}])
    return aws_text(answer.aws_message) if isinstance(answer, AwsRefused) else None


@SCREEN.post("/iam/policy/untag")
@signed_in
def untag() -> ResponseReturnValue:
    """Remove a tag."""
    arn, key = request.form.get("arn", ""), request.form.get("key", "")
    call("iam", "UntagPolicy", PolicyArn=arn, TagKeys=[key])
    flash(FlashKind.SUCCESS, text("policy_page.untagged", tag=key))
    return see_other("/iam/policy", arn=arn, tab=PolicyTab.TAGS.value)


@SCREEN.route("/iam/policy/delete", methods=["GET", "POST"])
@signed_in
def delete() -> ResponseReturnValue:
    """Ask for the policy's name, then delete it with its versions."""
    arn = request.values.get("arn", "")
    if not arn:
        return see_other(_PATH)
    shown = call("iam", "GetPolicy", PolicyArn=arn)["Policy"]
    refused: AwsRefused | None = None
    wrong = False
    if request.method == "POST":
        wrong = request.form.get("name", "").strip() != shown["PolicyName"]
        refused = None if wrong else _delete_policy(arn, shown["DefaultVersionId"])
        if not wrong and refused is None:
            flash(FlashKind.SUCCESS, text("policy_page.deleted", name=shown["PolicyName"]))
            return see_other(_PATH)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if wrong else HTTPStatus.OK
    page = render_template(
        "policy_delete.html", navigation=_PATH, policy=shown, refused=refused, wrong=wrong
    )
    return page, refused.status if refused is not None else status


def _delete_policy(arn: str, default: str) -> AwsRefused | None:
    """Delete a policy as the console does: its other versions first, unless it is attached."""
    try:
        versions = person().api.pages("iam", "ListPolicyVersions", "Versions", PolicyArn=arn)
        others = [each["VersionId"] for each in versions if each["VersionId"] != default]
        if not entities_of(arn, 1):
            for version in others:
                call("iam", "DeletePolicyVersion", PolicyArn=arn, VersionId=version)
        call("iam", "DeletePolicy", PolicyArn=arn)
    except AwsRefused as refused:
        if refused.aws_code in ENDED:
            raise
        return refused
    return None


@dataclass(frozen=True, slots=True)
class _AttachmentTarget:
    """An entity that the policy can be attached to; `value` is what its box sends."""

    kind: str
    name: str

    @property
    def value(self) -> str:
        return f"{self.kind}/{self.name}"


@SCREEN.get("/iam/policy/attach")
@signed_in
def choose() -> ResponseReturnValue:
    """Show what the policy can be attached to."""
    if not request.args.get("arn"):
        flash(FlashKind.WARNING, text("policies.choose"))
        return see_other("/iam/policies")
    return _form("")


@SCREEN.post("/iam/policy/attach")
@signed_in
def attach() -> ResponseReturnValue:
    """Attach the policy to what was chosen."""
    chosen = request.form.getlist("entity")
    if not chosen:
        return _form(text("policy_attach.choose")), 422
    return _change_attachments("Attach", text("policy_attach.attached"))


@SCREEN.post("/iam/policy/detach")
@signed_in
def detach() -> ResponseReturnValue:
    """Detach the policy from what was chosen."""
    if not request.form.getlist("entity"):
        flash(FlashKind.WARNING, text("policy_attach.choose"))
        return see_other(
            "/iam/policy", arn=request.form.get("arn", ""), tab=PolicyTab.ENTITIES.value
        )
    return _change_attachments("Detach", text("policy_attach.detached"))


def _change_attachments(verb: str, done: Message) -> ResponseReturnValue:
    """Attach to or detach from each entity that was chosen; say what came of it."""
    arn, succeeded = request.form.get("arn", ""), 0
    for value in request.form.getlist("entity"):
        kind, _, name = value.partition("/")
        if kind not in ENTITIES:
            continue
        operation = f"{verb}{kind.capitalize()}Policy"
        answer = attempt("iam", operation, PolicyArn=arn, **{ENTITIES[kind][1]: name})
        if isinstance(answer, AwsRefused):
            refusal = text("policy_attach.refused", name=name)
            flash(FlashKind.ERROR, refusal, answer.aws_message)
        else:
            succeeded += 1
    if succeeded:
        flash(FlashKind.SUCCESS, done.filled(count=succeeded))
    return see_other("/iam/policy", arn=arn, tab=PolicyTab.ENTITIES.value)


def _form(fault: Message | str) -> str:
    arn, wanted = request.values.get("arn", ""), request.values.get("q", "")
    policy = call("iam", "GetPolicy", PolicyArn=arn)["Policy"]
    attached = try_reading(lambda: entities_of(arn))
    gone = set() if isinstance(attached, AwsRefused) else set(attached)
    choices: list[_AttachmentTarget] = []
    refused = [attached] if isinstance(attached, AwsRefused) else []
    for kind in _LISTED:
        found = try_reading(partial(_names, kind, whole=bool(fold_text(wanted))))
        if isinstance(found, AwsRefused):
            refused.append(found)
        else:
            choices += [_AttachmentTarget(kind, name) for name in found if (kind, name) not in gone]
    fitting = matching(choices, wanted)
    return render_template(
        "policy_attach.html",
        navigation="/iam/policies",
        policy=policy,
        choices=fitting[:_SHOWN],
        more=len(fitting) > _SHOWN,
        refusals=refused,
        wanted=wanted,
        fault=fault,
    )


def _names(kind: str, *, whole: bool) -> list[str]:
    """Return the names of one kind; of many only the first ones, unless all are searched."""
    operation, key = _LISTED[kind]
    name = ENTITIES[kind][1]
    most = _MOST if whole else _SHOWN + 1
    found = person().api.pages("iam", operation, key, MaxItems=most)
    return sorted(each[name] for each in (found if whole else islice(found, most)))
