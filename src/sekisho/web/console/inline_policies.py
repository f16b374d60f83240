"""Inline policies of a user or a user group: shown, written, deleted.

Source: IAM User Guide, "Adding and removing IAM identity permissions", "To embed an inline policy".
"""

import json
from collections.abc import Mapping
from http import HTTPStatus

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from sekisho.errors import AwsRefused
from sekisho.messages import Message, verbatim
from sekisho.policy import names
from sekisho.web.browsers import FlashKind
from sekisho.web.console.owners import Owner, OwnerKind
from sekisho.web.console.persons import attempt, call, signed_in
from sekisho.web.console.policy_reading import faults_said
from sekisho.web.site import flash, see_other, text

SCREEN = Blueprint("inline_policies", __name__)

_PATH = "/iam/inline-policy"
_EMPTY = """{
    "Version": "2012-10-17",
    "Statement": []
}"""


@SCREEN.get(_PATH)
@signed_in
def page() -> ResponseReturnValue:
    """Show an inline policy, or an empty one to be written."""
    owner = _owner()
    if owner is None:
        return see_other("/iam/users")
    policy = request.args.get("policy", "")
    if not policy:
        return _page(owner, "", _EMPTY)
    answer = call("iam", owner.operation("Get"), PolicyName=policy, **owner.parameters)
    return _page(owner, policy, json.dumps(answer["PolicyDocument"], indent=4, ensure_ascii=False))


@SCREEN.post(_PATH)
@signed_in
def change() -> ResponseReturnValue:
    """Save an inline policy, or delete it."""
    owner = _owner()
    if owner is None:
        return see_other("/iam/users")
    policy = request.form.get("policy", "") or request.form.get("new", "").strip()
    return _deleted(owner, policy) if request.form.get("do") == "delete" else _saved(owner, policy)


def _saved(owner: Owner, policy: str) -> ResponseReturnValue:
    document = request.form.get("document", "")
    if faults := names.policy_name(policy):
        return _page(owner, "", document, faults={"new": faults_said(faults)})
    answer = attempt(
        "iam",
        owner.operation("Put"),
        PolicyName=policy,
        PolicyDocument=document,
        **owner.parameters,
    )
    if isinstance(answer, AwsRefused):
        kept = request.form.get("policy", "")
        if answer.aws_code == "MalformedPolicyDocument":
            return _page(owner, kept, document, faults={"document": verbatim(answer.aws_message)})
        return _page(owner, kept, document, refused=answer)
    flash(FlashKind.SUCCESS, text("inline_policies.saved", policy=policy))
    return owner.home()


def _deleted(owner: Owner, policy: str) -> ResponseReturnValue:
    answer = attempt("iam", owner.operation("Delete"), PolicyName=policy, **owner.parameters)
    if isinstance(answer, AwsRefused):
        return _page(owner, policy, request.form.get("document", ""), refused=answer)
    flash(FlashKind.SUCCESS, text("inline_policies.deleted", policy=policy))
    return owner.home()


def _owner() -> Owner | None:
    kind, name = request.values.get("kind", ""), request.values.get("name", "")
    return Owner(OwnerKind(kind), name) if name and kind in list(OwnerKind) else None


def _page(
    owner: Owner,
    policy: str,
    document: str,
    *,
    faults: Mapping[str, Message] | None = None,
    refused: AwsRefused | None = None,
) -> ResponseReturnValue:
    """Return the page; `faults` is what is wrong with `new`, the name, or with the `document`."""
    page = render_template(
        "inline_policy.html",
        navigation=owner.kind.list_path,
        owner=owner,
        policy=policy,
        document=document,
        faults=faults or {},
        refused=refused,
    )
    return page, HTTPStatus.UNPROCESSABLE_ENTITY if faults or refused else HTTPStatus.OK
