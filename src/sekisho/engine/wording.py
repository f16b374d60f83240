"""A decision in plain words, in both languages; AWS's own terms for the kinds of policy."""

from collections.abc import Mapping

from sekisho import catalogue
from sekisho.engine.model import Cause, Decision, DecisionEffect, Request
from sekisho.messages import Message, verbatim
from sekisho.policy import KINDS, PolicyKind

EFFECTS: Mapping[DecisionEffect, Message] = {
    DecisionEffect.ALLOWED: Message("Allowed"),
    DecisionEffect.IMPLICITLY_DENIED: Message("Implicitly denied"),
    DecisionEffect.EXPLICITLY_DENIED: Message("Explicitly denied"),
}
"""The outcomes, as a heading."""

_SENTENCES: Mapping[DecisionEffect, Message] = {
    DecisionEffect.ALLOWED: Message("`{principal}` may call `{action}` on `{resource}`."),
    DecisionEffect.IMPLICITLY_DENIED: Message(
        "`{principal}` may not call `{action}` on `{resource}`: no {kind} allows it."
    ),
    DecisionEffect.EXPLICITLY_DENIED: Message(
        "`{principal}` may not call `{action}` on `{resource}`: "
        "{article} {kind} denies it explicitly."
    ),
}
_ASSUMPTION = Message(
    "AWS does not document this point; with the assumption `{assumption}` set the other way the "
    "decision would be another."
)
_NOT_GIVEN: Mapping[PolicyKind, Message] = {
    PolicyKind.TRUST: Message(
        "No role trust policy was given, though it must itself allow this: the decision leaves it "
        "out. Give it with `--trust`."
    ),
    PolicyKind.RESOURCE: Message(
        "No key policy was given, though it must itself allow this: the decision leaves it out. "
        "Give it with `--resource-policy`."
    ),
}

_NOT_IN_CATALOGUE = Message(
    "`{action}` is not in the catalogue of AWS's actions, {dated}: it is misspelled, newer than "
    "that, or gone{meant}"
)
_MEANT = Message("; did you mean `{near}`?")


def sentence(request: Request, decision: Decision) -> Message:
    """Return one sentence that says what was decided."""
    kind = KINDS[decision.blocked_by] if decision.blocked_by else verbatim("")
    template = _SENTENCES[decision.effect]

    def fill(text: str, kind_name: str) -> str:
        return text.format(
            principal=request.principal,
            action=request.action,
            resource=request.resource,
            kind=kind_name,
            article="an" if kind_name[:1] in ("a", "e", "i", "o", "u") else "a",
        )

    return Message.both(fill(template.en, kind.en), fill(template.ja, kind.ja))


def assumption(assumption: str) -> Message:
    """Return one sentence that says on which undocumented point a decision rests."""
    return _ASSUMPTION.filled(assumption=assumption)


def not_given(kind: PolicyKind) -> Message:
    """Return the words that a trust or key policy, which must itself allow, was not given (§6.2).

    Raises:
        KeyError: for a kind that `algebra.unasked` does not return.
    """
    return _NOT_GIVEN[kind]


def not_in_catalogue(action: str) -> Message | None:
    """Return the words that AWS is not known to have an action; None if it is."""
    known = catalogue.load()
    if known.action(action) is not None:
        return None
    near = known.nearest(action)
    meant = Message(".") if near is None else _MEANT.filled(near=near)
    return _NOT_IN_CATALOGUE.filled(action=action, dated=known.dated, meant=meant)


def place(cause: Cause) -> str:
    """Return where a statement stands: policy, line if known, index and Sid."""
    where = f"{cause.policy}:{cause.position.line}" if cause.position.line else cause.policy
    sid = f" {cause.sid}" if cause.sid else ""
    return f"{where}  Statement[{cause.index}]{sid}"
