"""The difference of two policies with principals: the callers that get more, or less.

One caller represents all callers that the principals of both policies name in the same way. The
questions treat the statements about that caller as the caller's own policies.
They are about the policy itself: the requests that it *allows*, which the caller's own account may
have to allow as well, and the requests that it *denies*, regardless of other policies.

Every request that is shown is one of a real caller, and the engine decides it in the same way by
the whole policies.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from itertools import chain

from sekisho.engine import (
    Assumptions,
    AttachedPolicy,
    Decision,
    DecisionEffect,
    Policies,
    Request,
    ResourcePolicyKind,
    check_policies,
    decide,
)
from sekisho.engine.matching import ANONYMOUS, TrackedAssumptions
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.policy import Document, Effect, Element, PolicyKind
from sekisho.prover.questions.difference import PolicyDifference, Side, side_of
from sekisho.prover.questions.enforcement import DIRECT, SERVICE_EXEMPT, VIA_SERVICE
from sekisho.prover.questions.unknown_principals import question_about_all_like, real_callers
from sekisho.prover.reading.credentials import EXAMPLE_ID, EXAMPLE_ROLE_ID, SESSION_NAME, USER_ID
from sekisho.prover.reading.policies import ALLOW_EVERYTHING, distinguishes_services, only_denials
from sekisho.prover.reading.principals import (
    SOME_SERVICE,
    Requester,
    RequesterKind,
    accounts_in,
    names_any_provider,
    partitions_in,
    requesters,
    some_providers,
    statements_naming,
)
from sekisho.prover.search.answers import ActionGroup, combine_verdicts
from sekisho.prover.search.formula import Question, Restriction
from sekisho.prover.search.requests import prove_none
from sekisho.prover.search.verdict import Counterexample, Proved, Refuted, Unknown, Verdict

_ANY_ARN = Element(("arn:*",))
_ANY_ROLE = Element(("arn:*:iam::*:role/*",))
_STS = Element(("sts:*",))
"""The actions that a trust policy can name: IAM refuses others as malformed."""
_HOME = "111122223333"
_NOT_SHOWN = Message("it depends on condition keys of the caller, and no such caller was found")
_NOT_HANDLED = Message("not checked: what the policies grant {name}")


@dataclass(frozen=True, slots=True)
class GrantDifference:
    """The difference of two policies for one caller, or for all callers they name in the same way.

    Attributes:
        principal: as a policy writes it; "" for whom neither names.
        kind: the kind of the callers.
        arn: of the user or role that stands for them; the name of who is of no account.
        allowed: the requests that only one of the policies allows.
        denied: `only_in_old`: what the old policy denies and the new one does not; likewise.
    """

    principal: str
    kind: RequesterKind
    arn: str
    allowed: PolicyDifference
    denied: PolicyDifference

    @property
    def new_access(self) -> Verdict:
        """Whether the new policy neither allows more nor denies less."""
        sides = (self.allowed.only_in_new, self.denied.only_in_old)
        return combine_verdicts([_verdict(each) for each in sides])

    @property
    def lost_access(self) -> Verdict:
        """Whether the new policy neither allows less nor denies more."""
        sides = (self.allowed.only_in_old, self.denied.only_in_new)
        return combine_verdicts([_verdict(each) for each in sides])


def _verdict(side: Side | Unknown) -> Verdict:
    if isinstance(side, Unknown):
        return side
    return Proved() if side.counterexample is None else Refuted(side.counterexample)


def difference_of_grants(
    old: AttachedPolicy,
    new: AttachedPolicy,
    kind: PolicyKind,
    now: datetime,
    assumptions: Assumptions | None = None,
) -> tuple[tuple[GrantDifference, ...], tuple[Unknown, ...]]:
    """Return the callers for which the policies differ, and the reasons for unknown answers.

    Args:
        old: a policy of a resource, or of a role.
        new: as it would be.
        kind: resource-based policies, or trust policies.
        now: the earliest time of a request.
        assumptions: the settings of points that AWS does not document.

    Raises:
        FaultyPolicy: if one is no policy of this kind that can be read for certain.
    """
    check_policies(kind, (old, new))
    comparison = _Comparison(old, new, kind, now, assumptions or Assumptions())
    callers, unhandled = comparison.callers
    return _without_repetitions(
        [each for one in callers for each in comparison.differences(one)]
    ), unhandled


def _without_repetitions(differences: list[GrantDifference]) -> tuple[GrantDifference, ...]:
    """Return the differences without repetitions of the same principal, kind and sides."""
    by_said: dict[object, GrantDifference] = {}
    for difference in differences:
        by_said.setdefault(
            (difference.principal, difference.kind, _sides_of(difference)), difference
        )
    return tuple(by_said.values())


def _sides_of(difference: GrantDifference) -> object:
    sides = (
        *(difference.allowed.only_in_old, difference.allowed.only_in_new),
        *(difference.denied.only_in_old, difference.denied.only_in_new),
    )
    return tuple(
        str(each.reason)
        if isinstance(each, Unknown)
        else tuple((one.actions, one.resources, one.conditions) for one in each.items)
        for each in sides
    )


@dataclass(frozen=True, slots=True)
class _Comparison:
    """Compares two policies, one caller after another."""

    old: AttachedPolicy
    new: AttachedPolicy
    kind: PolicyKind
    now: datetime
    assumptions: Assumptions

    @property
    def callers(self) -> tuple[tuple[Requester, ...], tuple[Unknown, ...]]:
        """The callers to compare for, and the reasons why principals are not handled."""
        documents = (self.old.document, self.new.document)
        accounts = [each for one in documents for each in accounts_in(one)]
        partitions = [each for one in documents for each in partitions_in(one)]
        outside = {SOME_SERVICE: RequesterKind.SERVICE}
        if self.kind is not PolicyKind.TRUST:
            outside = {ANONYMOUS: RequesterKind.NOBODY, **outside}
        if self.kind is PolicyKind.TRUST or any(map(names_any_provider, documents)):
            outside |= some_providers(partitions[0])
        found, unhandled = requesters(documents, partitions[0], [*accounts, _HOME][0], outside)
        if set(documents[0].statements) == set(documents[1].statements):
            return found, ()
        return found, tuple(Unknown(_NOT_HANDLED.filled(name=each)) for each in unhandled)

    def differences(self, requester: Requester) -> Iterator[GrantDifference]:
        """Yield the differences of the policies for one caller; nothing if there is none."""
        sides: dict[bool, PolicyDifference] = {}
        for caller_question in self._questions_about(requester):
            old, new = (
                self._with_real_callers(
                    side_of(caller_question.question(each)), caller_question, each
                )
                for each in (0, 1)
            )
            sides[caller_question.denied] = PolicyDifference(old, new)
        same = PolicyDifference(Side(None, ()), Side(None, ()))
        arn = requester.user.outside_principal or requester.user.arn
        allowed, denied = (sides.get(each, same) for each in (False, True))
        difference = GrantDifference(requester.name, requester.kind, arn, allowed, denied)
        verdicts = (difference.new_access, difference.lost_access)
        if not all(isinstance(each, Proved) for each in verdicts):
            yield difference

    def gained(self, requester: Requester) -> Iterator[Verdict]:
        """Yield the verdicts that a caller is allowed no more and denied no less; lists nothing."""
        for caller_question in self._questions_about(requester):
            place = 0 if caller_question.denied else 1
            verdict = prove_none(caller_question.question(place))
            if isinstance(verdict, Refuted):
                real = self._real_counterexample(verdict.counterexample, caller_question, place)
                # if the first request is of no real caller, another one may be
                verdict = (
                    _verdict(
                        self._with_real_callers(
                            side_of(caller_question.question(place)), caller_question, place
                        )
                    )
                    if real is None
                    else Refuted(real)
                )
            yield verdict

    def _questions_about(self, requester: Requester) -> Iterator["_CallerQuestion"]:
        """Yield the questions about one caller; none if both policies say the same about it."""
        tracked = TrackedAssumptions(self.assumptions)
        before, after = (
            statements_naming(each.document, requester.user, tracked)
            for each in (self.old, self.new)
        )
        if before.statements != after.statements:
            yield self._caller_question(requester, (before, after), denied=False)
        # a trust policy must itself allow: removed Denies alone give a caller nothing
        if self.kind is not PolicyKind.TRUST and _denials(before) != _denials(after):
            # the sides are swapped: the one that denies allows less
            yield self._caller_question(requester, (_all_but(after), _all_but(before)), denied=True)

    def _caller_question(
        self, requester: Requester, documents: tuple[Document, Document], *, denied: bool
    ) -> "_CallerQuestion":
        first, second = (
            Policies(identity=(replace(self.old, document=each),)) for each in documents
        )
        trust = self.kind is PolicyKind.TRUST
        by_services = any(map(distinguishes_services, (first, second)))
        question = Question(
            requester.user,
            self.now,
            (*DIRECT, *VIA_SERVICE) if by_services else DIRECT,
            restriction=Restriction(
                actions=((Element(SERVICE_EXEMPT), False), *(((_STS, True),) if trust else ())),
                resources=((_ANY_ROLE if trust else _ANY_ARN, True),),
            ),
            assumptions=self.assumptions,
        )
        question = question if requester.exact else question_about_all_like(requester, question)
        return _CallerQuestion(requester, question, (first, second), denied)

    def _with_real_callers(
        self, side: Side | Unknown, caller_question: "_CallerQuestion", place: int
    ) -> Side | Unknown:
        """Return a side with requests of real callers; Unknown if no real caller makes one."""
        if isinstance(side, Unknown):
            return side
        if side.counterexample is None:
            return side
        items: list[ActionGroup] = []
        unlisted = side.unlisted
        for each in side.items:
            counterexample = self._real_counterexample(each.counterexample, caller_question, place)
            if counterexample is None:
                unlisted = unlisted or _NOT_SHOWN
            else:
                items.append(replace(each, counterexample=counterexample))
        first = self._real_counterexample(side.counterexample, caller_question, place)
        first = items[0].counterexample if items else first
        return Unknown(_NOT_SHOWN) if first is None else Side(first, tuple(items), unlisted)

    def _real_counterexample(
        self, counterexample: Counterexample, caller_question: "_CallerQuestion", place: int
    ) -> Counterexample | None:
        """Return a request by a real caller, if the engine decides it in the same way by both."""
        effect = (
            DecisionEffect.EXPLICITLY_DENIED if caller_question.denied else DecisionEffect.ALLOWED
        )
        for request in _requests(counterexample, caller_question.requester):
            old, new = (self._decided(each, request) for each in (self.old, self.new))
            says = [each.effect is effect for each in (old, new)]
            if says[place] and not says[1 - place]:
                # an id that no condition tests shows nothing
                plain = request.context.get(USER_ID) in _EXAMPLES
                named_keys = tuple(
                    each for each in counterexample.named_keys if not plain or each != USER_ID
                )
                decisions = {"old": old, "new": new}
                return replace(
                    counterexample, request=request, decisions=decisions, named_keys=named_keys
                )
        return None

    def _decided(self, policy: AttachedPolicy, request: Request) -> Decision:
        """Return the decision of a policy itself, with all allowed by the caller's own policies."""
        own = () if not request.principal.startswith("arn:") else (ALLOW_EVERYTHING,)
        own = () if "-provider/" in request.principal else own
        if self.kind is PolicyKind.TRUST:
            return decide(request, Policies(identity=own, trust=policy), self.assumptions)
        kms = ResourcePolicyKind.KMS
        policies = Policies(identity=own, resource=policy, resource_kind=kms)
        return decide(request, policies, self.assumptions)


@dataclass(frozen=True, slots=True)
class _CallerQuestion:
    """A question about one caller: the requests that only one of two policies allows, or denies.

    Attributes:
        requester: the caller.
        base: the question, without policies.
        policies: the Allows of each for the caller; for denials, all but the other's Denies.
        denied: whether it is asked what they deny.
    """

    requester: Requester
    base: Question
    policies: tuple[Policies, Policies]
    denied: bool

    def question(self, place: int) -> Question:
        """Return the question of the requests that only the old (0) or new policy (1) covers."""
        return replace(self.base, allowed=self.policies[place], denied=self.policies[1 - place])


def _denials(document: Document) -> object:
    denied = only_denials(document)
    return None if denied is None else denied.statements


def _all_but(document: Document) -> Document:
    """Return a document that allows everything except the requests that another one denies."""
    denied = (each for each in document.statements if each.effect is Effect.DENY)
    return replace(document, statements=(*ALLOW_EVERYTHING.document.statements, *denied))


_EXAMPLES = (EXAMPLE_ID, f"{EXAMPLE_ROLE_ID}:{SESSION_NAME}")


def _requests(counterexample: Counterexample, requester: Requester) -> Iterator[Request]:
    """Yield a request by each caller that it may be of: the representative, and those it names."""
    request = counterexample.request
    if requester.user.outside_principal:
        yield replace(request, principal=requester.user.outside_principal)
        yield from (
            replace(request, principal=each.outside_principal)
            for each in real_callers(counterexample, requester.user)
        )
        return
    example = _EXAMPLES[requester.user.is_role]
    for user in (
        requester.user,
        *(() if requester.exact else real_callers(counterexample, requester.user)),
    ):
        user_id = user.unique_id or (request.context["aws:userid"] if requester.exact else example)
        own = {"aws:PrincipalArn": user.arn, "aws:PrincipalAccount": user.account}
        own |= {} if user.is_role else {"aws:username": user.name}
        context = request.context.with_({**own, "aws:userid": user_id})
        yield replace(request, principal=user.caller(user_id).arn, context=context)


def no_new_grants(
    old: AttachedPolicy,
    new: AttachedPolicy,
    kind: PolicyKind,
    now: datetime,
    assumptions: Assumptions | None = None,
) -> Verdict:
    """Return whether a policy allows no principal more than another one, and denies none less.

    The arguments are those of `difference_of_grants`.

    Raises:
        FaultyPolicy: if one is no policy of this kind that can be read for certain.
    """
    check_policies(kind, (old, new))
    comparison = _Comparison(old, new, kind, now, assumptions or Assumptions())
    callers, unhandled = comparison.callers
    verdicts: list[Verdict] = []
    for verdict in chain.from_iterable(map(comparison.gained, callers)):
        # one caller is enough
        if isinstance(verdict, Refuted):
            return verdict
        verdicts.append(verdict)
    return combine_verdicts([*verdicts, *unhandled])
