"""Attaching a policy to users, groups and roles, and detaching it, from the policy's side.

Source: IAM User Guide, "Adding and removing IAM identity permissions".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from sekisho.errors import AwsRefused
from sekisho.messages import Message
from sekisho.web.browsers import FlashKind
from sekisho.web.console.managed_policies import fold_text
from sekisho.web.console.policies import ENTITIES, PolicyTab, entities_of
from sekisho.web.console.session import attempt, call, person, signed_in, try_reading
from sekisho.web.site import flash, see_other, text

SCREEN = Blueprint("policy_attachments", __name__)

_MOST = 1000
"""How many entries IAM puts on one page at most."""
_SHOWN = 100
"""How many entities are shown at once; the search finds the others."""
_LISTED: Mapping[str, tuple[str, str]] = {
    "user": ("ListUsers", "Users"),
    "group": ("ListGroups", "Groups"),
    "role": ("ListRoles", "Roles"),
}


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
    return _changed("Attach", text("policy_attach.attached"))


@SCREEN.post("/iam/policy/detach")
@signed_in
def detach() -> ResponseReturnValue:
    """Detach the policy from what was chosen."""
    if not request.form.getlist("entity"):
        flash(FlashKind.WARNING, text("policy_attach.choose"))
        return see_other(
            "/iam/policy", arn=request.form.get("arn", ""), tab=PolicyTab.ENTITIES.value
        )
    return _changed("Detach", text("policy_attach.detached"))


def _changed(verb: str, done: Message) -> ResponseReturnValue:
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
    refused: list[AwsRefused] = []
    for kind in _LISTED:
        found = try_reading(partial(_names, kind, whole=bool(fold_text(wanted))))
        if isinstance(found, AwsRefused):
            refused.append(found)
        else:
            choices += [_AttachmentTarget(kind, name) for name in found if (kind, name) not in gone]
    fitting = [each for each in choices if fold_text(wanted) in fold_text(each.name)]
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
