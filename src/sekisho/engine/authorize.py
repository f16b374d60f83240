"""The decision: which kinds of policy must allow, and what they say.

The order is that of the IAM User Guide's page "How AWS enforcement code logic evaluates requests
to allow or deny access" (facts §6.1), for requests within one account. Service control policies,
resource control policies and other resource-based policies than role trust policies stand on the
same page and are not decided yet: there is no way to give them to this function.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from sekisho.engine.doubts import Doubts, other_setting
from sekisho.engine.model import (
    AttachedPolicy,
    Cause,
    Decision,
    DecisionEffect,
    Policies,
    Request,
    Switches,
)
from sekisho.engine.principals import Caller, CallerKind, Named, caller_of
from sekisho.engine.readings import read
from sekisho.engine.scope import Scope
from sekisho.engine.wellformed import check_policies, check_request
from sekisho.policy.document import PolicyKind

__all__ = ["DEFAULTS", "Engine", "decide"]

DEFAULTS = Switches()
"""The documented defaults of the doubtful points."""


@dataclass(frozen=True, slots=True)
class Engine:
    """The engine as a `Decider`, with its switches set."""

    switches: Switches = DEFAULTS

    def decide(self, request: Request, policies: Policies) -> Decision:
        """Return the decision on `request` under `policies`; raises as `decide` does."""
        return decide(request, policies, self.switches)


def decide(request: Request, policies: Policies, switches: Switches = DEFAULTS) -> Decision:
    """Return the decision on `request` under `policies`, with its causes.

    Raises:
        FaultyRequest: if the request is none that AWS could be asked.
        FaultyPolicy: if a document cannot be read for certain.
        Unsupported: if principal and resource belong to different accounts.
    """
    caller = caller_of(request, bounded=policies.boundaries is not None)
    check_request(request, policies, caller)
    for kind, attached in _groups(policies):
        check_policies(kind, attached)
    doubts = Doubts(switches)
    decision = _evaluate(request, policies, caller, doubts)
    assumed = tuple(
        name
        for name in sorted(doubts.asked)
        if _evaluate(request, policies, caller, Doubts(_flipped(switches, name))).effect
        is not decision.effect
    )
    return replace(decision, assumed=assumed)


def _flipped(switches: Switches, name: str) -> Switches:
    setting: dict[str, Any] = {name: other_setting(getattr(switches, name))}
    return replace(switches, **setting)


def _groups(policies: Policies) -> Iterator[tuple[PolicyKind, tuple[AttachedPolicy, ...]]]:
    """Yield the groups of policies in the order of evaluation; each must be asked by itself.

    Every permissions boundary is a group of its own, since each must allow.
    """
    if policies.trust is not None:
        yield PolicyKind.TRUST, (policies.trust,)
    yield PolicyKind.IDENTITY, policies.identity
    if policies.boundaries is not None:
        for boundary in policies.boundaries:
            yield PolicyKind.BOUNDARY, (boundary,)
    if policies.session is not None:
        yield PolicyKind.SESSION, policies.session


def _evaluate(request: Request, policies: Policies, caller: Caller, doubts: Doubts) -> Decision:
    readings = [
        read(kind, attached, Scope(request, caller, None, doubts))
        for kind, attached in _groups(policies)
    ]
    # an explicit deny in any applicable policy is final
    denies = [reading for reading in readings if reading.denies]
    if denies:
        causes = tuple(cause for reading in denies for cause in reading.denies)
        return Decision(DecisionEffect.EXPLICITLY_DENIED, causes, denies[0].kind)
    closeness = max(
        (reading.closeness for reading in readings if reading.kind is PolicyKind.TRUST),
        default=Named.ACCOUNT,
    )
    needed = _needed(policies, caller, closeness)
    because: tuple[Cause, ...] = ()
    for kind in needed:
        asked = [reading for reading in readings if reading.kind is kind]
        # where a kind must allow and has no policy, nothing allows
        if not asked or not all(reading.allows for reading in asked):
            return Decision(DecisionEffect.IMPLICITLY_DENIED, blocked_by=kind)
        because += tuple(cause for reading in asked for cause in reading.allows)
    return Decision(DecisionEffect.ALLOWED, because)


def _needed(policies: Policies, caller: Caller, closeness: Named) -> tuple[PolicyKind, ...]:
    """Return the kinds of policy that must allow, in the order of evaluation.

    A role trust policy must always allow; how closely it names the caller decides what else must
    (facts §6.2). Where there is none, nobody is named closer than by account.
    """
    needed = [PolicyKind.TRUST] if policies.trust is not None else []
    if closeness is Named.ITSELF:
        return tuple(needed)
    # the root user has every permission in its own account
    if caller.kind is CallerKind.ROOT:
        return tuple(needed)
    if closeness is not Named.ROLE:
        needed.append(PolicyKind.IDENTITY)
    if policies.boundaries is not None:
        needed.append(PolicyKind.BOUNDARY)
    # a federated user without session policy may do nothing (page "GetFederationToken")
    if policies.session is not None or caller.kind is CallerKind.FEDERATED_USER:
        needed.append(PolicyKind.SESSION)
    return tuple(needed)
