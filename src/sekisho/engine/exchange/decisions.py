"""A decision and its causes as JSON values."""

from sekisho import catalogue
from sekisho.engine.authorize import unasked
from sekisho.engine.model import Cause, Decision, Policies, Request


def decision_to_json(decision: Decision) -> dict[str, object]:
    """Return a decision as JSON values; `assumed` is there only if an assumption mattered."""
    value: dict[str, object] = {
        "decision": decision.effect.value,
        "because": [cause_to_json(cause) for cause in decision.because],
        "blockedBy": decision.blocked_by.value if decision.blocked_by else None,
    }
    if decision.assumed:
        value["assumed"] = list(decision.assumed)
    return value


def answered_to_json(request: Request, policies: Policies, decision: Decision) -> dict[str, object]:
    """Return a decision as JSON values, with what must be said of the question beside it.

    `notGiven` is the kind of policy that must allow, too, and is not there; `notInCatalogue` is
    the action, if AWS is not known to have it.
    """
    value = decision_to_json(decision)
    if (absent := unasked(request, policies, decision)) is not None:
        value["notGiven"] = absent.value
    if catalogue.load().action(request.action) is None:
        value["notInCatalogue"] = request.action
    return value


def cause_to_json(cause: Cause) -> dict[str, object]:
    """Return a statement that decided as JSON values."""
    value: dict[str, object] = {
        "policy": cause.policy,
        "kind": cause.kind.value,
        "statement": cause.index,
        "sid": cause.sid,
    }
    if cause.position.line:
        value["line"] = cause.position.line
    return value
