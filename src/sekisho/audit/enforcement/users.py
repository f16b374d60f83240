"""Whether each user of an account is enforced, and whether invariants hold of each.

A user is *enforced* if it is proved that no request without MFA passes but for the exempt actions,
by the user or by an AWS service for them, whatever identity-based policies are attached later. Who
merely has no permissions without MFA is not: the next policy that is attached may allow something.

Equal questions are asked once, by what of a user matters to the policies (`likeness`). A
counterexample of another user is taken over only if the engine allows the same request of this one.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from sekisho.account import Snapshot, User, readings_of
from sekisho.audit.enforcement.likeness import Numbers, Traits, likeness, traits_of
from sekisho.engine import (
    Assumptions,
    AttachedPolicy,
    Context,
    ContextValue,
    Decision,
    DecisionEffect,
    Policies,
    Request,
    check_policies,
)
from sekisho.errors import FaultyAccount, FaultyPolicy
from sekisho.messages import Message
from sekisho.policy import Document, Effect, PolicyKind
from sekisho.prover import (
    EVERYTHING,
    CallingUser,
    Conclusion,
    Counterexample,
    Enforced,
    Invariant,
    Proved,
    Refuted,
    Unknown,
    Verdict,
    about_resources,
    agreed,
    conclude,
    decided,
    denying,
    enforcement_question,
    invariant_holds,
    joined,
    of_real_actions,
    tells_services_apart,
    via_service,
    with_federation,
)


@dataclass(frozen=True, slots=True)
class UserEnforcement:
    """What is known of one user's MFA enforcement.

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
        """Whether the user is enforced, whoever calls for them."""
        return Enforced.of(
            _both(self.later, self.later_via_service), _both(self.now, self.via_service)
        )

    @property
    def enforced_directly(self) -> bool:
        """Whether it is proved that the user is, of their own calls."""
        return isinstance(self.later, Proved)

    @property
    def verdicts(self) -> dict[str, Verdict]:
        """The verdicts that there are, by the attribute's name."""
        found = {
            "now": self.now,
            "later": self.later,
            "via_service": self.via_service,
            "later_via_service": self.later_via_service,
        }
        return {name: verdict for name, verdict in found.items() if verdict is not None}

    @classmethod
    def of(cls, verdicts: Mapping[str, Verdict], assumed: tuple[str, ...]) -> "UserEnforcement":
        """Return MFA enforcement of some `verdicts`."""
        services = verdicts.get("via_service"), verdicts.get("later_via_service")
        return cls(verdicts["now"], verdicts["later"], *services, assumed)

    @property
    def counterexample(self) -> Counterexample | None:
        """A request without MFA that is allowed now, if there is one; the user's own first."""
        return _shown(self.now, self.via_service)

    @property
    def once_allowed(self) -> Counterexample | None:
        """Likewise one that is allowed once some policy allows it."""
        return _shown(self.later, self.later_via_service)

    @property
    def reason(self) -> Message | None:
        """Why it is not known whether the user is enforced, if something is not known."""
        order = (self.later, self.later_via_service, self.now, self.via_service)
        return next((each.reason for each in order if isinstance(each, Unknown)), None)


def enforcements_of(
    snapshot: Snapshot,
    exempt: tuple[str, ...] | None = None,
    assumptions: Assumptions | None = None,
) -> Mapping[str, UserEnforcement]:
    """Return whether each user of a snapshot is enforced, by user name.

    What could not be read of a user's policies makes that user's MFA enforcement unknown, and
    nobody else's.

    Args:
        snapshot: the account.
        exempt: patterns of what may work without MFA; the prover's `expected_exempt()` if None.
        assumptions: how the points are read that AWS does not document.
    """
    cache = EnforcementCache(snapshot, exempt, assumptions or Assumptions())
    return {user.name: cache.of(user) for user in snapshot.users}


class _EnforcementAnswers:
    """Answers to whether MFA is enforced, for the user's own calls and for those of services."""

    def __init__(self, direct: Conclusion, served: Conclusion | None) -> None:
        answers = [each for each in (direct, served) if each is not None]
        self.direct = direct.verdict
        self.served = None if served is None else served.verdict
        self.assumed = tuple(name for each in answers for name in each.assumed)

    def all(self, kind: type[Verdict]) -> bool:
        """Tell whether every verdict is of one kind."""
        return all(
            isinstance(each, kind) for each in (self.direct, self.served) if each is not None
        )


class EnforcementCache:
    """What was found out about the users of one account so far, by what of a user matters.

    Args:
        snapshot: the account.
        exempt: as in `enforcements_of`.
        assumptions: likewise.
    """

    def __init__(
        self, snapshot: Snapshot, exempt: tuple[str, ...] | None, assumptions: Assumptions
    ) -> None:
        self._snapshot = snapshot
        self._exempt = exempt
        self._assumptions = assumptions
        self._numbers = Numbers()
        self._traits: dict[tuple[object, ...], Traits] = {}
        self._enforcements: dict[tuple[object, ...], tuple[CallingUser, UserEnforcement]] = {}
        self._refuted: dict[tuple[object, ...], tuple[CallingUser, UserEnforcement]] = {}
        # what each document denies, by its number
        self._denying: dict[int, Document | None] = {}

    def of(self, user: User) -> UserEnforcement:
        """Return one user's MFA enforcement."""
        try:
            readings = readings_of(self._snapshot, user)
            return _agreed([self._of_reading(user, policies) for policies in readings])
        except (FaultyAccount, FaultyPolicy) as error:
            unknown = Unknown(error.reason)
            return UserEnforcement(unknown, unknown, gap=error.reason)

    def _of_reading(self, user: User, policies: Policies) -> UserEnforcement:
        """Ask first what most sets of policies share: what they deny whatever they allow."""
        if _denies(policies) and not tells_services_apart(left := self._denials(policies)):
            found = self._lookup(user, left)
            if isinstance(found.later, Proved):
                # what no further policy allows is denied now, for services as for the user
                served = found.later if tells_services_apart(policies) else None
                return replace(found, now=found.later, via_service=served, later_via_service=served)
        return self._lookup(user, policies)

    def _denials(self, policies: Policies) -> Policies:
        """Return what the prover's `denials` does; each document is read once."""
        left = []
        for each in policies.identity:
            number = self._numbers.of(each.document)
            if number not in self._denying:
                check_policies(PolicyKind.IDENTITY, (each,))
                self._denying[number] = denying(each.document)
            denied = self._denying[number]
            if denied is not None:
                left.append(AttachedPolicy(each.name, denied))
        return replace(policies, identity=tuple(left))

    def _lookup(self, user: User, policies: Policies) -> UserEnforcement:
        """Return what was found of a user who is alike, or else ask."""
        documents = self._numbers.of_all(policies)
        if documents not in self._traits:
            self._traits[documents] = traits_of(policies)
        alike = (documents, likeness(user, self._traits[documents]))
        named = named_of(user)
        if alike not in self._enforcements:
            enforcement = self._transfer_refutation(documents, named, policies) or self._prove(
                policies, named
            )
            self._enforcements[alike] = (named, enforcement)
            if isinstance(enforcement.now, Refuted):
                self._refuted[documents] = (named, enforcement)
        other, enforcement = self._enforcements[alike]
        if other is named:
            return enforcement
        own = self._transfer(enforcement, other, named, policies)
        return self._prove(policies, named) if own is None else own

    def _transfer_refutation(
        self, documents: tuple[object, ...], named: CallingUser, policies: Policies
    ) -> UserEnforcement | None:
        """Return another user's refutation with this user's request, if the engine allows it.

        That holds however little alike the two are; it passes also when more is attached.
        """
        other, enforcement = self._refuted.get(documents, (named, None))
        if (
            enforcement is None
            or enforcement.assumed
            or isinstance(enforcement.via_service, Proved | Unknown)
        ):
            return None
        own = self._transfer(enforcement, other, named, policies)
        if own is None or _rests(own.now) or _rests(own.via_service):
            return None
        return replace(own, later=own.now, later_via_service=own.via_service)

    def _transfer(
        self, enforcement: UserEnforcement, other: CallingUser, own: CallingUser, policies: Policies
    ) -> UserEnforcement | None:
        """Return another user's enforcement with this user's counterexample.

        None if that is not allowed.
        """
        left = self._denials(policies)
        widest = replace(left, identity=(*left.identity, EVERYTHING))
        found: dict[str, Verdict] = {}
        for each, verdict in enforcement.verdicts.items():
            asked = widest if each.startswith("later") else policies
            decides = partial(decided, policies=asked, assumptions=self._assumptions)
            renamed = _renamed(verdict, other, own, decides)
            if renamed is None:
                return None
            found[each] = renamed
        return UserEnforcement.of(found, enforcement.assumed)

    def _ask(self, policies: Policies, named: CallingUser, *, later: bool) -> _EnforcementAnswers:
        now = self._snapshot.taken_at
        question = enforcement_question(policies, named, now, self._exempt, later=later)
        question = replace(question, assumptions=self._assumptions)
        apart = tells_services_apart(policies)
        served = conclude([via_service(question)]) if apart else None
        direct = with_federation(conclude([question]), question)
        return _EnforcementAnswers(direct, served)

    def _prove(self, policies: Policies, named: CallingUser) -> UserEnforcement:
        """Ask the prover; what one answer implies is not asked again."""
        if _denies(policies):
            later = self._ask(policies, named, later=True)
            # what no further policy allows is denied now
            now = later if later.all(Proved) else self._ask(policies, named, later=False)
        else:
            now = self._ask(policies, named, later=False)
            # what passes now still passes when more is attached
            later = now if now.all(Refuted) else self._ask(policies, named, later=True)
        return UserEnforcement(
            now=now.direct,
            later=later.direct,
            via_service=now.served,
            later_via_service=later.served,
            assumed=tuple(dict.fromkeys((*now.assumed, *later.assumed))),
        )


def _shown(*verdicts: Verdict | None) -> Counterexample | None:
    return next((each.counterexample for each in verdicts if isinstance(each, Refuted)), None)


def _both(direct: Verdict, via_service: Verdict | None) -> Verdict:
    return direct if via_service is None else joined((direct, via_service))


def _agreed(enforcements: Sequence[UserEnforcement]) -> UserEnforcement:
    """Return what holds of MFA enforcement whichever of the readings of the policies is right."""
    if len(enforcements) == 1:
        return enforcements[0]
    assumed = tuple(
        dict.fromkeys(name for enforcement in enforcements for name in enforcement.assumed)
    )
    found = {
        name: agreed(
            [Conclusion(enforcement.verdicts[name]) for enforcement in enforcements]
        ).verdict
        for name in enforcements[0].verdicts
    }
    return UserEnforcement.of(found, assumed)


def _rests(verdict: Verdict | None) -> bool:
    """Tell whether what is decided of a counterexample rests on an assumption."""
    if not isinstance(verdict, Refuted):
        return False
    return any(decision.assumed for decision in verdict.counterexample.decisions.values())


def _denies(policies: Policies) -> bool:
    """Tell whether some statement denies anything; where none does, no enforcement can stand."""
    attached = [*policies.identity, *(policies.boundaries or ())]
    attached += [policy for level in policies.scps for policy in level.policies]
    statements = (each for policy in attached for each in policy.document.statements)
    return any(each.effect is Effect.DENY for each in statements)


def named_of(user: User) -> CallingUser:
    """Return a user as the prover asks about one: with the id and the tags, and no other tag."""
    tags = {f"aws:PrincipalTag/{key}": value for key, value in user.tags.items()}
    known = {"aws:userid": user.id, **tags} if user.id else tags
    return CallingUser.of(user.arn, known, all_tags=True)


def _renamed(
    verdict: Verdict, other: CallingUser, own: CallingUser, decided: Callable[[Request], Decision]
) -> Verdict | None:
    """Return a verdict about this user; None if its counterexample turns out to be none."""
    if not isinstance(verdict, Refuted):
        return verdict
    counterexample = verdict.counterexample
    request = replace(
        counterexample.request,
        principal=own.arn,
        resource=_renamed_text(counterexample.request.resource, other, own),
        context=_renamed_context(counterexample.request.context, other, own),
    )
    decision = decided(request)
    if decision.effect is not DecisionEffect.ALLOWED:
        return None
    return Refuted(replace(counterexample, request=request, decisions={"allowed": decision}))


def _renamed_context(context: Context, other: CallingUser, own: CallingUser) -> Context:
    replaced = {key.lower() for key in (*other.known, *own.known)}
    constant: dict[str, ContextValue] = {
        key: _renamed_value(value, other, own)
        for key, value in context.items()
        if key.lower() not in replaced and not own.lacks(key.lower())
    }
    return Context({**constant, **own.known})


def _renamed_value(value: ContextValue, other: CallingUser, own: CallingUser) -> ContextValue:
    if isinstance(value, str):
        return _renamed_text(value, other, own)
    return tuple(_renamed_text(each, other, own) for each in value)


def _renamed_text(text: str, other: CallingUser, own: CallingUser) -> str:
    """Replace the user: the whole ARN, and the name where it is a whole part."""
    parts = re.split(r"([:/])", text.replace(other.arn, own.arn))
    return "".join(own.name if part == other.name else part for part in parts)


def invariants_of(
    snapshot: Snapshot, invariants: Sequence[Invariant], assumptions: Assumptions | None = None
) -> Mapping[str, tuple[Conclusion, ...]]:
    """Return whether each of some invariants holds, by user name.

    A counterexample is the user's own.

    What could not be read of a user's policies makes that user's answers unknown, and nobody
    else's.
    """
    caches = [_InvariantCache(snapshot, each, assumptions or Assumptions()) for each in invariants]
    numbers = Numbers()
    answers = {}
    for user in snapshot.users:
        readings = _readings(snapshot, user)
        answers[user.name] = tuple(each.of(user, readings, numbers) for each in caches)
    return answers


def _readings(snapshot: Snapshot, user: User) -> tuple[Policies, ...] | Unknown:
    try:
        return readings_of(snapshot, user)
    except FaultyAccount as error:
        return Unknown(error.reason)


class _InvariantCache:
    """What was found out about one invariant, by what of a user matters."""

    def __init__(self, snapshot: Snapshot, invariant: Invariant, assumptions: Assumptions) -> None:
        self._now = snapshot.taken_at
        self._invariant = invariant
        self._assumptions = assumptions
        self._about = about_resources(invariant)
        self._traits: dict[tuple[object, ...], Traits] = {}
        self._answers: dict[tuple[object, ...], Conclusion] = {}

    def of(
        self, user: User, readings: tuple[Policies, ...] | Unknown, numbers: Numbers
    ) -> Conclusion:
        """Return the answer about one user."""
        if isinstance(readings, Unknown):
            return Conclusion(readings)
        return agreed([self._lookup(user, policies, numbers) for policies in readings])

    def _lookup(self, user: User, policies: Policies, numbers: Numbers) -> Conclusion:
        documents = numbers.of_all(policies)
        if documents not in self._traits:
            besides = replace(policies, identity=(*policies.identity, self._about))
            self._traits[documents] = traits_of(besides)
        alike = (documents, likeness(user, self._traits[documents]))
        found = self._answers.get(alike)
        if found is None or isinstance(found.verdict, Refuted):
            # what shows the contrary is a request of one user's own
            found = self._answers[alike] = self._prove(user, policies)
        return found

    def _prove(self, user: User, policies: Policies) -> Conclusion:
        named = named_of(user)
        try:
            found = invariant_holds(self._invariant, policies, named, self._now, self._assumptions)
            return replace(found, verdict=of_real_actions(found.verdict))
        except FaultyPolicy as error:
            return Conclusion(Unknown(error.reason))
