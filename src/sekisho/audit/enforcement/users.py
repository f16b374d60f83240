"""The MFA enforcement of each user of an account, and the invariants that hold for each.

A user is *enforced* if it is proved that no request without MFA passes except the exempt actions,
by the user or by an AWS service for them, even if other identity-based policies are attached later.
A user who merely has no permissions without MFA is not: a later policy may allow something.

Equal questions are asked once, by the facts of a user that matter to the policies (`equivalence`).

Whether a role's trust policy allows a user of its account is asked without conditions on MFA: any
other condition is assumed to hold in an Allow, and not in a Deny, since it is about a free choice,
such as an address or an external id.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sekisho.account import READS, Role, Snapshot, User, readings_of
from sekisho.audit.enforcement.equivalence import DocumentNumbers, EquivalenceKeys
from sekisho.audit.enforcement.resolution import named_of
from sekisho.engine import (
    Assumptions,
    AttachedPolicy,
    Context,
    DecisionEffect,
    Policies,
    Request,
    decide,
)
from sekisho.errors import FaultyAccount, FaultyPolicy
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.policy import Effect, Statement, from_json
from sekisho.prover import (
    Conclusion,
    Counterexample,
    Enforced,
    Invariant,
    Proved,
    Refuted,
    Unknown,
    Verdict,
    combine_verdicts,
    common_answers,
    invariant_holds,
    policy_naming_resources,
)
from sekisho.signin import Credential, SigninAssumptions, context_of


@dataclass(frozen=True, slots=True)
class UserEnforcement:
    """The results on one user's MFA enforcement.

    Attributes:
        now: for the policies as they are attached, and direct calls.
        later: whatever identity-based policies are attached besides.
        via_service: as `now`, for calls by AWS services on the user's behalf; None if the policies
            make no difference.
        later_via_service: as `later`, for such calls.
        assumed: the assumptions under whose other setting one of these verdicts is another one.
        gap: why the user's policies are not known, or None; if not known, all is `Unknown`.
    """

    now: Verdict
    later: Verdict
    via_service: Verdict | None = None
    later_via_service: Verdict | None = None
    assumed: tuple[str, ...] = ()
    gap: Message | None = None

    @property
    def enforced(self) -> Enforced:
        """The answer on MFA enforcement for the user's own calls and those of services."""
        return Enforced.of(
            _both(self.later, self.later_via_service), _both(self.now, self.via_service)
        )

    @property
    def enforced_directly(self) -> bool:
        """Whether it is proved that the user's own calls are enforced."""
        return isinstance(self.later, Proved)

    @property
    def verdicts(self) -> dict[str, Verdict]:
        """The verdicts that were asked for, by the attribute's name."""
        found = {
            "now": self.now,
            "later": self.later,
            "via_service": self.via_service,
            "later_via_service": self.later_via_service,
        }
        return {name: verdict for name, verdict in found.items() if verdict is not None}

    @classmethod
    def of(cls, verdicts: Mapping[str, Verdict], assumed: tuple[str, ...]) -> "UserEnforcement":
        """Return MFA enforcement with the given verdicts."""
        services = verdicts.get("via_service"), verdicts.get("later_via_service")
        return cls(verdicts["now"], verdicts["later"], *services, assumed)

    @property
    def counterexample(self) -> Counterexample | None:
        """A request without MFA that is allowed now, if there is one; the user's own first."""
        return _first_counterexample(self.now, self.via_service)

    @property
    def once_allowed(self) -> Counterexample | None:
        """A request without MFA that is allowed once some policy allows it; the user's first."""
        return _first_counterexample(self.later, self.later_via_service)

    @property
    def reason(self) -> Message | None:
        """The reason why the enforcement is not known, or None."""
        order = (self.later, self.later_via_service, self.now, self.via_service)
        return next((each.reason for each in order if isinstance(each, Unknown)), None)


def _first_counterexample(*verdicts: Verdict | None) -> Counterexample | None:
    return next((each.counterexample for each in verdicts if isinstance(each, Refuted)), None)


def _both(direct: Verdict, via_service: Verdict | None) -> Verdict:
    return direct if via_service is None else combine_verdicts((direct, via_service))


_SCP_CALLS = frozenset(each.operation for each in READS if each.service == "organizations")


def scps_unread_reason(snapshot: Snapshot) -> Message | None:
    """Return the reason why the service control policies are not known; None if they are."""
    if snapshot.scps is not None:
        return None
    return next((gap.cause for gap in snapshot.gaps if gap.operation in _SCP_CALLS), None)


def invariants_of(
    snapshot: Snapshot, invariants: Sequence[Invariant], assumptions: Assumptions | None = None
) -> Mapping[str, tuple[Conclusion, ...]]:
    """Return the conclusion on each of some invariants, by user name.

    A counterexample is the user's own.

    If some of a user's policies could not be read, the answers of that user only are unknown.
    """
    settings, numbers = assumptions or Assumptions(), DocumentNumbers()
    caches = [_InvariantCache(snapshot, each, settings, numbers) for each in invariants]
    answers = {}
    for user in snapshot.users:
        readings = _readings(snapshot, user)
        answers[user.name] = tuple(each.of(user, readings) for each in caches)
    return answers


def _readings(snapshot: Snapshot, user: User) -> tuple[Policies, ...] | Unknown:
    try:
        return readings_of(snapshot, user)
    except FaultyAccount as error:
        return Unknown(error.reason)


class _InvariantCache:
    """The results on one invariant, by the facts of a user that matter."""

    def __init__(
        self,
        snapshot: Snapshot,
        invariant: Invariant,
        assumptions: Assumptions,
        numbers: DocumentNumbers,
    ) -> None:
        self._now = snapshot.taken_at
        self._invariant = invariant
        self._assumptions = assumptions
        self._equivalence = EquivalenceKeys(
            numbers, policy_naming_resources(invariant), assumptions
        )
        self._answers: dict[tuple[object, ...], Conclusion] = {}

    def of(self, user: User, readings: tuple[Policies, ...] | Unknown) -> Conclusion:
        """Return the answer about one user."""
        if isinstance(readings, Unknown):
            return Conclusion(readings)
        return common_answers([self._lookup(user, policies) for policies in readings])

    def _lookup(self, user: User, policies: Policies) -> Conclusion:
        key = self._equivalence.of_requests(user, policies)
        found = self._answers.get(key)
        if found is None or isinstance(found.verdict, Refuted):
            # the counterexample is a request of this one user
            found = self._answers[key] = self._prove(user, policies)
        return found

    def _prove(self, user: User, policies: Policies) -> Conclusion:
        named = named_of(user)
        try:
            return invariant_holds(self._invariant, policies, named, self._now, self._assumptions)
        except FaultyPolicy as error:
            return Conclusion(Unknown(error.reason))


MFA_KEYS = frozenset({"aws:multifactorauthpresent", "aws:multifactorauthage"})
"""The keys of MFA, in lower case."""

EVERYTHING = AttachedPolicy(
    "everything",
    from_json(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
        }
    ),
)
"""A policy that allows everything."""


def trusting_statement(
    role: Role,
    credential: Credential,
    now: datetime,
    identity: tuple[AttachedPolicy, ...] = (EVERYTHING,),
) -> Statement | None:
    """Return the statement by which a role trusts a user of its account; None if none does.

    Args:
        role: the role with the trust policy.
        credential: the credential with which the user signs.
        now: the time of the request.
        identity: the user's own policies; with none, a role lets in whom it names itself.
    """
    relaxed = tuple(each for each in map(_relaxed, role.trust.statements) if each is not None)
    trust = AttachedPolicy("trust policy", replace(role.trust, statements=relaxed))
    context = Context(context_of(credential, now, SigninAssumptions()))
    account = credential.holder.account
    request = Request(credential.arn, "sts:AssumeRole", role.arn, context, account)
    decision = decide(request, Policies(identity=identity, trust=trust))
    if decision.effect is not DecisionEffect.ALLOWED:
        return None
    places = {cause.index for cause in decision.because if cause.policy == trust.name}
    return next((each for each in role.trust.statements if each.index in places), None)


def _relaxed(statement: Statement) -> Statement | None:
    about_mfa = tuple(each for each in statement.conditions if each.key.lower() in MFA_KEYS)
    if statement.effect is Effect.DENY and len(about_mfa) < len(statement.conditions):
        return None
    return replace(statement, conditions=about_mfa)
