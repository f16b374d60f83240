"""Inline policies of a user or a user group: shown, written, deleted.

The text is written in the editor that managed policies have, with the same checks; only the quota
and the versions that IAM takes differ.

Source: IAM User Guide, "Adding and removing IAM identity permissions", "To embed an inline policy".
"""

import json
from collections.abc import Iterable
from dataclasses import replace
from http import HTTPStatus

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from sekisho.audit.lint import Attachment
from sekisho.errors import AwsRefused, Fault
from sekisho.messages import Message
from sekisho.policy import names
from sekisho.web.browsers import FlashKind
from sekisho.web.console.identities import IamIdentity, IdentityKind
from sekisho.web.console.policy_editor import EditedText, sent_document
from sekisho.web.console.policy_text import faults_text
from sekisho.web.console.session import attempt, call, signed_in, state, typed_for
from sekisho.web.site import aws_text, flash, see_other, text

SCREEN = Blueprint("inline_policies", __name__)

_PATH = "/iam/inline-policy"
_EMPTY = """{
    "Version": "2012-10-17",
    "Statement": []
}"""
_ATTACHMENTS = {IdentityKind.USER: Attachment.INLINE, IdentityKind.GROUP: Attachment.GROUP_INLINE}
_ABOUT_THE_TEXT = ("MalformedPolicyDocument", "LimitExceeded")
"""What AWS answers to a text that it does not take, or that is too long beside the others."""


@SCREEN.get(_PATH)
@signed_in
def page() -> ResponseReturnValue:
    """Show an inline policy, or an empty one to be written."""
    owner = _owner()
    if owner is None:
        return see_other("/iam/users")
    policy = request.args.get("policy", "")
    kept = typed_for(owner.name)
    if (kept.get("kind"), kept.get("policy", "")) == (owner.kind, policy) and "document" in kept:
        edited = _edited_text(owner, kept["document"])
        return _page(owner, policy, edited, policy_name=kept.get("policy_name", ""))
    if not policy:
        return _page(owner, "", _edited_text(owner, _EMPTY))
    answer = call("iam", owner.operation("Get"), PolicyName=policy, **owner.parameters)
    document = json.dumps(answer["PolicyDocument"], indent=4, ensure_ascii=False)
    return _page(owner, policy, _edited_text(owner, document))


@SCREEN.post(_PATH)
@signed_in
def change() -> ResponseReturnValue:
    """Save an inline policy, or delete it."""
    owner = _owner()
    if owner is None:
        return see_other("/iam/users")
    return _delete(owner) if request.form.get("do") == "delete" else _save(owner)


def _save(owner: IamIdentity) -> ResponseReturnValue:
    edited = _edited_text(owner, sent_document(), tried=True)
    policy = request.form.get("policy", "")
    name = policy or request.form.get("policy_name", "").strip()
    fault = None if policy else _fault_text(names.policy_name(name))
    if fault is not None or edited.faults:
        return _page(owner, policy, edited, policy_name=name, wrong=fault)
    answer = attempt(
        "iam",
        owner.operation("Put"),
        PolicyName=name,
        PolicyDocument=edited.document,
        **owner.parameters,
    )
    if isinstance(answer, AwsRefused):
        if answer.aws_code in _ABOUT_THE_TEXT:
            edited = replace(edited, refusal=aws_text(answer.aws_message))
            return _page(owner, policy, edited, policy_name=name)
        return _page(owner, policy, edited, policy_name=name, wrong=answer)
    state().typed.pop(_PATH, None)
    flash(FlashKind.SUCCESS, text("inline_policies.saved", policy=name))
    return owner.home()


def _delete(owner: IamIdentity) -> ResponseReturnValue:
    policy = request.form.get("policy", "")
    answer = attempt("iam", owner.operation("Delete"), PolicyName=policy, **owner.parameters)
    if isinstance(answer, AwsRefused):
        return _page(owner, policy, _edited_text(owner, sent_document()), wrong=answer)
    state().typed.pop(_PATH, None)
    flash(FlashKind.SUCCESS, text("inline_policies.deleted", policy=policy))
    return owner.home()


def _edited_text(owner: IamIdentity, document: str, *, tried: bool = False) -> EditedText:
    return EditedText(document, _ATTACHMENTS[owner.kind], tried)


def _fault_text(faults: Iterable[Fault]) -> Message | None:
    wrong = tuple(faults)
    return faults_text(wrong) if wrong else None


def _owner() -> IamIdentity | None:
    kind, name = request.values.get("kind", ""), request.values.get("name", "")
    return IamIdentity(IdentityKind(kind), name) if name and kind in list(IdentityKind) else None


def _page(
    owner: IamIdentity,
    policy: str,
    edited: EditedText,
    *,
    policy_name: str = "",
    wrong: Message | AwsRefused | None = None,
) -> ResponseReturnValue:
    """Return the page; `wrong` is a fault in the name of a new policy, or what AWS refused."""
    page = render_template(
        "inline_policy.html",
        navigation=owner.kind.list_path,
        owner=owner,
        policy=policy,
        edited=edited,
        policy_name=policy_name,
        fault=wrong if isinstance(wrong, Message) else None,
        refused=wrong if isinstance(wrong, AwsRefused) else None,
    )
    faulty = wrong or edited.faults or edited.refusal
    return page, HTTPStatus.UNPROCESSABLE_ENTITY if faulty else HTTPStatus.OK
