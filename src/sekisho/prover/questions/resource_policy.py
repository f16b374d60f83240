"""Is something granted by a caller's own policies and the policy of the resource together?

Within one account either of the two grants: the resource's policy alone, if it names the caller or
a role's session closely enough to get past the caller's own policies, which still deny; and what
must itself allow (the policy of a KMS key) must in any case. Across accounts both must allow.

Each of these ways is a question about policies that are attached to the caller: statements about
the caller stand among their own, or beside a boundary. What is found is decided by the engine with
the resource's policy as such.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sekisho.engine import (
    AttachedPolicy,
    DecisionEffect,
    Policies,
    check_policies,
    decide,
)
from sekisho.engine.matching import Named, TrackedAssumptions, arns
from sekisho.messages import Message
from sekisho.policy import Condition, Effect, Operator, OperatorName, PolicyKind, Version
from sekisho.prover.questions.invariants import (
    Invariant,
    asked_of,
    empty_part,
    range_of,
)
from sekisho.prover.reading.conditions import VersionedCondition
from sekisho.prover.reading.credentials import EXAMPLE_ROLE_ID, USER_ID, CallingUser
from sekisho.prover.reading.policies import those
from sekisho.prover.reading.principals import about
from sekisho.prover.search.answers import Conclusion, conclude
from sekisho.prover.search.counterexample import contradiction
from sekisho.prover.search.formula import Question
from sekisho.prover.search.verdict import Refuted, Unknown


@dataclass(frozen=True, slots=True)
class OwnedResource:
    """A resource-based policy, and whose resource it is attached to.

    Attributes:
        policy: as it is attached.
        account: the owner's id.
    """

    policy: AttachedPolicy
    account: str


_THAT_ONE = Message(
    "But for the policy that is given: it is that of the resources asked about, which account "
    "{account} owns."
)


def assumed_of_resource(resource: OwnedResource | None) -> tuple[Message, ...]:
    """Return what is taken for granted where the policy of a resource is given."""
    return () if resource is None else (_THAT_ONE.filled(account=resource.account),)


def not_granted_with_resource(
    invariant: Invariant, resource: OwnedResource, asking: Question
) -> Conclusion:
    """Return whether a caller's policies and one of a resource together grant nothing of a range.

    Args:
        invariant: one that says what must not be allowed, on the resource that has the policy.
        resource: its policy, and whose it is.
        asking: who calls, when, under which assumptions; `allowed`: the caller's own policies.

    Raises:
        FaultyPolicy: if a document cannot be read for certain.
    """
    user, policies, assumptions = asking.user, asking.allowed or Policies(), asking.assumptions
    check_policies(PolicyKind.RESOURCE, (resource.policy,))
    own = resource.account == user.account
    within = range_of(invariant)
    if not own:
        owned = Condition(_EQUALS, "aws:ResourceAccount", (resource.account,))
        of_owner = (VersionedCondition(owned, Version.V2012), True)
        within = replace(within, conditions=(*within.conditions, of_owner))
    base = replace(asking, allowed=None, within=within, abroad=not own)
    if (reason := empty_part(invariant, base)) is not None:
        return Conclusion(Unknown(reason))
    key = any(arns.is_kms_key(each) or ":kms:" in each for each in invariant.on)
    asked: list[Question] = []
    for one in _sessions(user, resource.policy):
        ways = _Ways(policies, resource.policy, one, TrackedAssumptions(assumptions))
        sets = ways.within_account(must_itself=key) if own else ways.across_accounts()
        asked += (
            question
            for each in sets
            for question in asked_of(invariant, replace(base, user=one, allowed=each))
        )
    found = conclude(asked)
    if isinstance(found.verdict, Refuted):
        shown = found.verdict.counterexample
        request = replace(shown.request, resource_account=resource.account)
        decision = decide(request, replace(policies, resource=resource.policy), assumptions)
        if decision.effect is not DecisionEffect.ALLOWED:
            whole = replace(base, allowed=replace(policies, resource=resource.policy))
            return replace(found, verdict=Unknown(contradiction(whole, request).reason))
        refuted = replace(shown, request=request, decisions={"allowed": decision})
        return replace(found, verdict=Refuted(refuted))
    return found


def _sessions(user: CallingUser, policy: AttachedPolicy) -> Iterator[CallingUser]:
    """Yield who calls; of a role, also each session that the policy names itself."""
    yield user
    start = f"arn:{user.partition}:sts::{user.account}:assumed-role/{user.name}/"
    principals = (each.principal for each in policy.document.statements)
    entries = (each for one in principals if one is not None for each in one.entries)
    named = (value for _, values in entries for value in values if value.startswith(start))
    for value in dict.fromkeys(named) if user.is_role else ():
        user_id = f"{EXAMPLE_ROLE_ID}:{value.removeprefix(start)}"
        yield replace(user, known={**user.known, USER_ID: user_id})


_EQUALS = Operator(OperatorName.STRING_EQUALS)


@dataclass(frozen=True, slots=True)
class _Ways:
    """The ways in which policies of a caller and of a resource allow together."""

    policies: Policies
    resource: AttachedPolicy
    user: CallingUser
    tracked: TrackedAssumptions

    def within_account(self, *, must_itself: bool) -> Iterator[Policies]:
        """Yield policies; what one of them allows is allowed."""
        denied = those((self._about(Named.ACCOUNT),), lambda one: one.effect is Effect.DENY)
        given = self.policies
        own = replace(given, identity=(*given.identity, *denied))
        if must_itself:
            limits = (*(given.boundaries or ()), self._about(Named.ACCOUNT))
            own = replace(own, boundaries=limits)
        yield own
        denies = those(given.identity, lambda one: one.effect is Effect.DENY)
        by_role = replace(given, identity=(*denies, self._about(Named.ROLE)))
        yield by_role
        limits = (*(given.boundaries or ()), *(given.session or ()))
        denies += those(limits, lambda one: one.effect is Effect.DENY)
        itself = (*denies, self._about(Named.ITSELF))
        yield replace(given, identity=itself, boundaries=None, session=None)

    def across_accounts(self) -> Iterator[Policies]:
        """Yield policies that all must allow."""
        limits = (*(self.policies.boundaries or ()), self._about(Named.ACCOUNT))
        yield replace(self.policies, boundaries=limits)

    def _about(self, least: Named) -> AttachedPolicy:
        document = about(self.resource.document, self.user, self.tracked, least)
        return replace(self.resource, document=document)
