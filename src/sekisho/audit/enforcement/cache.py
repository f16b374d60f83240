"""The MFA enforcement of each user of an account; equal questions are asked once.

First each layer of the policies is asked about alone (the service control policies, the boundary,
each policy's Denies): usually one of them is the same for many users and denies everything without
MFA, so that no other is needed. Next come the Denies regardless of later policies, then the current
permissions.

A proof from one layer alone needs none of the others: a request passes if no statement of any
policy denies it, and each layer allows it. So a request without MFA that the Denies of one layer
refuse is refused, regardless of other policies.

A counterexample of another user is reused only if the engine allows the same request of this one.
Their policies need not be the same: recent counterexamples are tried before the prover is asked.
"""

import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from sekisho.account import Snapshot, User, readings_of
from sekisho.audit.enforcement.equivalence import DocumentNumbers, EquivalenceKeys
from sekisho.audit.enforcement.resolution import named_of
from sekisho.audit.enforcement.users import UserEnforcement
from sekisho.engine import (
    Assumptions,
    AttachedPolicy,
    Context,
    ContextValue,
    Decision,
    DecisionEffect,
    Policies,
    Request,
)
from sekisho.errors import FaultyAccount, FaultyPolicy
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.policy import Effect
from sekisho.prover import (
    ALLOW_EVERYTHING,
    OWN_CALLS,
    SERVICE_CALLS,
    CallingUser,
    Certificate,
    Conclusion,
    EnforcementCertifier,
    Proved,
    Refuted,
    Unknown,
    Verdict,
    common_answers,
    conclude_service_calls,
    conclude_unlimited_first,
    decide_as_owner_allows,
    denials,
    distinguishes_mfa,
    distinguishes_services,
    enforcement_question,
    expected_exempt,
    only_denials,
    prove_or_search,
)
from sekisho.work import tracked

_PROVING = Message("Proving MFA enforcement")


def layers(policies: Policies) -> Iterator[Policies]:
    """Yield each layer of policies that tests MFA, with everything else allowed.

    Each layer also allows everything that policies attached later may allow.
    """
    most = replace(policies, identity=(ALLOW_EVERYTHING,), boundaries=None, session=None, scps=())
    for level in policies.scps:
        yield from _if_mfa(replace(most, scps=(level,)))
    if policies.boundaries is not None:
        yield from _if_mfa(replace(most, boundaries=policies.boundaries))
    if policies.session is not None:
        yield from _if_mfa(replace(most, session=policies.session))
    for each in policies.identity:
        if (document := only_denials(each.document)) is not None:
            denied = AttachedPolicy(each.name, document)
            yield from _if_mfa(replace(most, identity=(denied, ALLOW_EVERYTHING)))


def _if_mfa(layer: Policies) -> Iterator[Policies]:
    if distinguishes_mfa(layer):
        yield layer


_REFUTATIONS = 8
"""The number of recent refutations that are tried on other users before the prover is asked."""


def enforcements_of(
    snapshot: Snapshot,
    exempt: tuple[str, ...] | None = None,
    assumptions: Assumptions | None = None,
) -> Mapping[str, UserEnforcement]:
    """Return the MFA enforcement of each user of a snapshot, by user name.

    If some of a user's policies could not be read, the MFA enforcement of that user only is
    unknown.

    Args:
        snapshot: the account.
        exempt: patterns of what may work without MFA; the prover's `expected_exempt()` if None.
        assumptions: the settings of points that AWS does not document.
    """
    cache = EnforcementCache(snapshot, exempt, assumptions or Assumptions())
    return {user.name: cache.of(user) for user in tracked(snapshot.users, _PROVING)}


@dataclass(frozen=True, slots=True)
class _Answers:
    """Answers to one question about the user's own calls, and about those of services.

    Attributes:
        direct: of the user's own.
        served: of services; None if the policies make no difference.
        assumed: the assumptions under whose other setting one of them is another one.
    """

    direct: Verdict
    served: Verdict | None
    assumed: tuple[str, ...] = ()

    def all(self, kind: type[Verdict]) -> bool:
        """Return whether every verdict is of one kind."""
        return all(isinstance(each, kind) for each in self.verdicts)

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """The verdicts on the user's own calls and, if asked, on those of services."""
        return (self.direct,) if self.served is None else (self.direct, self.served)


class EnforcementCache:
    """The results on the users of one account so far, by the facts of a user that matter.

    Args:
        snapshot: the account.
        exempt: as in `enforcements_of`.
        assumptions: as in `enforcements_of`.
    """

    def __init__(
        self, snapshot: Snapshot, exempt: tuple[str, ...] | None, assumptions: Assumptions
    ) -> None:
        self._snapshot = snapshot
        self._exempt = exempt
        self._assumptions = assumptions
        self._numbers = DocumentNumbers()
        self._equivalence = EquivalenceKeys(self._numbers, assumptions=assumptions)
        self._alone: dict[tuple[object, ...], bool] = {}
        self._certifiers: dict[tuple[object, ...], EnforcementCertifier] = {}
        self._answers: dict[tuple[object, ...], tuple[CallingUser, _Answers]] = {}
        self._refuted: dict[bool, deque[tuple[CallingUser, _Answers]]] = {
            split: deque(maxlen=_REFUTATIONS) for split in (False, True)
        }

    def of(self, user: User) -> UserEnforcement:
        """Return one user's MFA enforcement."""
        try:
            readings = readings_of(self._snapshot, user)
            return _agreed([self._of_reading(user, policies) for policies in readings])
        except (FaultyAccount, FaultyPolicy) as error:
            unknown = Unknown(error.reason)
            return UserEnforcement(unknown, unknown, gap=error.reason)

    def _of_reading(self, user: User, policies: Policies) -> UserEnforcement:
        """Return a user's enforcement; a question that follows from another one is not asked."""
        if any(self._proved_alone(user, each) for each in layers(policies)):
            split = distinguishes_services(policies)
            proved = _Answers(Proved(), Proved() if split else None)
            return _enforcement(now=proved, later=proved)
        # if no statement denies because of MFA, users with permissions are not enforced
        if not (distinguishes_mfa(policies) and _denies(policies)):
            now = self._lookup(user, policies, later=False)
            # a request that passes now still passes when more policies are attached
            refuted = now.all(Refuted)
            later = (
                replace(now, assumed=()) if refuted else self._lookup(user, policies, later=True)
            )
            return _enforcement(now=now, later=later)
        later = self._lookup(user, policies, later=True)
        # a request that no further policy can allow is denied now
        now = later if later.all(Proved) else self._lookup(user, policies, later=False)
        return _enforcement(now=now, later=later)

    def _proved_alone(self, user: User, layer: Policies) -> bool:
        """Return whether one layer alone enforces MFA, and rests on no assumption."""
        key = self._equivalence.of_requests(user, layer)
        if key not in self._alone:
            found = self._ask(layer, named_of(user), split=distinguishes_services(layer))
            self._alone[key] = found.all(Proved) and not found.assumed
        return self._alone[key]

    def _lookup(self, user: User, policies: Policies, *, later: bool) -> _Answers:
        """Return the answer for an equivalent user, or else ask the prover."""
        split = distinguishes_services(policies)
        asked = _whatever_is_attached(policies) if later else policies
        key = (split, *self._equivalence.of_requests(user, asked))
        named = named_of(user)
        if key not in self._answers:
            found = self._transfer_refutation(named, asked, split=split)
            if found is None:
                found = self._ask(asked, named, split=split)
                if found.all(Refuted) and not found.assumed:
                    self._refuted[split].appendleft((named, found))
            self._answers[key] = (named, found)
        other, found = self._answers[key]
        if other == named:
            return found
        return self._transfer(found, other, named, asked) or self._ask(asked, named, split=split)

    def _transfer_refutation(
        self, named: CallingUser, asked: Policies, *, split: bool
    ) -> _Answers | None:
        """Return another user's refutation with this user's request, if the engine allows it.

        That is valid for users who are not equivalent, too, and for any reason of the refutation.
        """
        found = (self._transfer(each, other, named, asked) for other, each in self._refuted[split])
        own = (each for each in found if each and not any(map(_rests, each.verdicts)))
        return next(own, None)

    def _transfer(
        self, answers: _Answers, other: CallingUser, own: CallingUser, asked: Policies
    ) -> _Answers | None:
        """Return another user's answers with this user's counterexamples; None if not allowed."""
        decides = partial(decide_as_owner_allows, policies=asked, assumptions=self._assumptions)
        found = [_renamed(verdict, other, own, decides) for verdict in answers.verdicts]
        if None in found:
            return None
        direct, *served = (each for each in found if each is not None)
        return replace(answers, direct=direct, served=served[0] if served else None)

    def _ask(self, policies: Policies, named: CallingUser, *, split: bool) -> _Answers:
        now = self._snapshot.taken_at
        question = enforcement_question(policies, named, now, self._exempt)
        question = replace(question, assumptions=self._assumptions)
        find = partial(self._find, policies, named)
        direct = prove_or_search(
            partial(find, OWN_CALLS), partial(conclude_unlimited_first, question)
        )
        if not split:
            return _Answers(direct.verdict, None, direct.assumed)
        served = prove_or_search(
            partial(find, SERVICE_CALLS), partial(conclude_service_calls, question, direct)
        )
        return _Answers(direct.verdict, served.verdict, (*direct.assumed, *served.assumed))

    def _find(
        self, policies: Policies, named: CallingUser, calls: str, *, thorough: bool
    ) -> Certificate | None:
        """Return a certificate that nothing is allowed without MFA: for any user, or for one."""
        exempt = self._exempt or expected_exempt()
        documents = self._numbers.of_all(policies)
        if documents not in self._certifiers:
            self._certifiers[documents] = EnforcementCertifier(
                policies, None, exempt, self._snapshot.taken_at, later=False
            )
        found = self._certifiers[documents].find(calls, thorough=thorough)
        if found is not None or not thorough:
            return found
        own = EnforcementCertifier(policies, named, exempt, self._snapshot.taken_at, later=False)
        return own.find(calls, thorough=thorough)


def _whatever_is_attached(policies: Policies) -> Policies:
    left = denials(policies)
    return replace(left, identity=(*left.identity, ALLOW_EVERYTHING))


def _enforcement(*, now: _Answers, later: _Answers) -> UserEnforcement:
    return UserEnforcement(
        now=now.direct,
        later=later.direct,
        via_service=now.served,
        later_via_service=later.served,
        assumed=tuple(dict.fromkeys((*now.assumed, *later.assumed))),
    )


def _agreed(enforcements: Sequence[UserEnforcement]) -> UserEnforcement:
    """Return the enforcement that holds for each possible reading of the policies."""
    if len(enforcements) == 1:
        return enforcements[0]
    assumed = tuple(
        dict.fromkeys(name for enforcement in enforcements for name in enforcement.assumed)
    )
    found = {
        name: common_answers(
            [Conclusion(enforcement.verdicts[name]) for enforcement in enforcements]
        ).verdict
        for name in enforcements[0].verdicts
    }
    return UserEnforcement.of(found, assumed)


def _rests(verdict: Verdict | None) -> bool:
    """Return whether the engine's decisions on a counterexample rest on an assumption."""
    if not isinstance(verdict, Refuted):
        return False
    return any(decision.assumed for decision in verdict.counterexample.decisions.values())


def _denies(policies: Policies) -> bool:
    """Return whether some statement denies anything; without one, nothing enforces MFA."""
    attached = [*policies.identity, *(policies.boundaries or ())]
    attached += [policy for level in policies.scps for policy in level.policies]
    statements = (each for policy in attached for each in policy.document.statements)
    return any(each.effect is Effect.DENY for each in statements)


def _renamed(
    verdict: Verdict, other: CallingUser, own: CallingUser, decided: Callable[[Request], Decision]
) -> Verdict | None:
    """Return a verdict about this user; None if its counterexample does not apply to the user."""
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
    replaced = {key.lower() for key in (*other.known_values, *own.known_values)}
    constant: dict[str, ContextValue] = {
        key: _renamed_value(value, other, own)
        for key, value in context.items()
        if key.lower() not in replaced and not own.lacks(key.lower())
    }
    return Context({**constant, **own.known_values})


def _renamed_value(value: ContextValue, other: CallingUser, own: CallingUser) -> ContextValue:
    if isinstance(value, str):
        return _renamed_text(value, other, own)
    return tuple(_renamed_text(each, other, own) for each in value)


def _renamed_text(text: str, other: CallingUser, own: CallingUser) -> str:
    """Replace the user in a text: the whole ARN, and the name where it is a whole part."""
    parts = re.split(r"([:/])", text.replace(other.arn, own.arn))
    return "".join(own.name if part == other.name else part for part in parts)
