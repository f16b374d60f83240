"""The decision: what every policy that applies says, and what follows from it.

`layers` tells which policies apply, `algebra` which kinds of them must allow.

Source: IAM User Guide, "How AWS enforcement code logic evaluates requests to allow or deny
access".
How it is read: docs/semantics.md#1-the-order-of-evaluation.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from sekisho.engine.algebra import needed
from sekisho.engine.groups import PolicyGroup, applicable, groups, read
from sekisho.engine.matching.principals import Caller, caller_of
from sekisho.engine.matching.scope import Scope, TrackedAssumptions, other_setting
from sekisho.engine.model import Assumptions, Cause, Decision, DecisionEffect, Policies, Request
from sekisho.engine.remembered import remembered_by_identity
from sekisho.engine.wellformed import check_policies, check_request

DEFAULTS = Assumptions()
"""The documented defaults of the doubtful points."""


@dataclass(frozen=True, slots=True)
class Engine:
    """The engine as a `Decider`, with its assumptions set."""

    assumptions: Assumptions = DEFAULTS

    def decide(self, request: Request, policies: Policies) -> Decision:
        """Return the decision on `request` under `policies`; raises as `decide` does."""
        return decide(request, policies, self.assumptions)


def decide(request: Request, policies: Policies, assumptions: Assumptions = DEFAULTS) -> Decision:
    """Return the decision on `request` under `policies`, with its causes.

    Raises:
        FaultyRequest: if the request is none that AWS could be asked.
        FaultyPolicy: if a document cannot be read for certain.
    """
    caller, applying = checked(request, policies)
    tracked = TrackedAssumptions(assumptions)
    decision = _evaluate(policies, Scope(request, caller, None, tracked), applying)
    mattered: list[str] = []
    for name in sorted(tracked.asked):
        scope = Scope(request, caller, None, TrackedAssumptions(_flipped(assumptions, name)))
        if _evaluate(policies, scope, applying).effect is not decision.effect:
            mattered.append(name)
    return replace(decision, assumed=tuple(mattered)) if mattered else decision


def checked(request: Request, policies: Policies) -> tuple[Caller, tuple[PolicyGroup, ...]]:
    """Return who asks and what applies, after checking that everything can be read for certain.

    Raises:
        FaultyRequest: if the request is none that AWS could be asked.
        FaultyPolicy: if a document cannot be read for certain.
    """
    caller = caller_of(request, bounded=policies.boundaries is not None)
    check_request(request, policies, caller)
    return caller, applicable(request, _sound(policies), caller)


@remembered_by_identity
def _sound(policies: Policies) -> tuple[PolicyGroup, ...]:
    """Return every group of policies, after checking that every document can be read."""
    given = groups(policies)
    for group in given:
        check_policies(group.kind, group.policies)
    return given


def _flipped(assumptions: Assumptions, name: str) -> Assumptions:
    setting: dict[str, Any] = {name: other_setting(getattr(assumptions, name))}
    return replace(assumptions, **setting)


def _evaluate(policies: Policies, scope: Scope, applying: Iterable[PolicyGroup]) -> Decision:
    readings = [read(group, scope) for group in applying]
    # an explicit deny in any applicable policy is final
    denies = [reading for reading in readings if reading.denies]
    if denies:
        causes = tuple(cause for reading in denies for cause in reading.denied_by())
        return Decision(DecisionEffect.EXPLICITLY_DENIED, causes, denies[0].kind)
    because: list[Cause] = []
    for kind in needed(scope.request, policies, scope.caller, readings):
        asked = [reading for reading in readings if reading.kind is kind]
        # where a kind must allow and has no policy, nothing allows
        if not asked or not all(reading.allows for reading in asked):
            return Decision(DecisionEffect.IMPLICITLY_DENIED, blocked_by=kind)
        because += [cause for reading in asked for cause in reading.allowed_by()]
    return Decision(DecisionEffect.ALLOWED, tuple(because))
