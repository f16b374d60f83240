"""The exact difference of two sets of policies: the requests that only one of them allows.

It is computed action by action over the whole catalogue, for each kind of credential, in both
directions; so the list has every action in which they differ, and no other. Actions that no policy
can deny are not part of it: `SERVICE_EXEMPT`.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from sekisho.engine import Assumptions, Policies
from sekisho.engine.matching import TrackedAssumptions
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.policy import Element
from sekisho.prover.questions.certified import no_new_access_finder, prove_or_search
from sekisho.prover.questions.enforcement import (
    DIRECT,
    SERVICE_EXEMPT,
    VIA_SERVICE,
)
from sekisho.prover.questions.federation import with_federation
from sekisho.prover.reading.callers import Callers, distinguishable_callers
from sekisho.prover.reading.credentials import CallerCredential, CallingUser
from sekisho.prover.reading.policies import (
    distinguishes_logins,
    distinguishes_services,
    handled_policies,
)
from sekisho.prover.search.answers import (
    ActionGroup,
    Conclusion,
    conclude,
    items_of,
    merge_items,
    more_callers_text,
)
from sekisho.prover.search.formula import Question, Restriction
from sekisho.prover.search.reduction import FEW_STATEMENTS, statements_that_matter
from sekisho.prover.search.requests import prove_none
from sekisho.prover.search.verdict import Counterexample, Proved, Refuted, Unknown, Verdict
from sekisho.prover.solver import reasons
from sekisho.prover.solver.limits import MOST_LISTING_STEPS, Budget, LimitReached

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Side:
    """The requests that one set allows and the other does not.

    Attributes:
        counterexample: one such request, of a real action; None: there is none.
        items: every real action in which they differ.
        unlisted: why there is a counterexample and no list: what is known is not thrown away.
    """

    counterexample: Counterexample | None
    items: tuple[ActionGroup, ...]
    unlisted: Message | None = None

    def __repr__(self) -> str:
        actions = sorted({action for item in self.items for action in item.actions})
        shown = ", ".join((*actions[:_SHOWN], *("…",) * (len(actions) > _SHOWN)))
        return f"<Side actions: {len(actions)} [{shown}]>"


@dataclass(frozen=True, slots=True)
class PolicyDifference:
    """Both sides of a difference; Unknown if a side could not be determined."""

    only_in_old: Side | Unknown
    only_in_new: Side | Unknown


def policy_difference(
    old: Policies,
    new: Policies,
    user: CallingUser,
    now: datetime,
    assumptions: Assumptions | None = None,
) -> PolicyDifference:
    """Return the requests that only `old` allows, and those that only `new` allows.

    Raises:
        FaultyPolicy: if a document cannot be interpreted for certain.
    """
    question = _question(old, new, user, now, assumptions)
    return PolicyDifference(
        _side_with_federation(replace(question, allowed=old, denied=new)),
        _side_with_federation(replace(question, allowed=new, denied=old)),
    )


def _question(
    old: Policies, new: Policies, user: CallingUser, now: datetime, assumptions: Assumptions | None
) -> Question:
    """Return the part of the question that both sides of a difference share."""
    apart = distinguishes_services(old) or distinguishes_services(new)
    credentials = (*DIRECT, *VIA_SERVICE) if apart else DIRECT
    if any(map(distinguishes_logins, (old, new))):
        credentials = (*credentials, CallerCredential.LOGIN_KEYLESS)
    within = Restriction(actions=((Element(SERVICE_EXEMPT), False),))
    return Question(
        user, now, credentials, restriction=within, assumptions=assumptions or Assumptions()
    )


def _side_with_federation(question: Question) -> Side | Unknown:
    """Return a side of a difference, with what the user's federated sessions may do besides."""
    budget = Budget()
    asked = with_federation(question, budget)
    sides = [side_of(each, budget) for each in asked]
    return _merge_sides(sides, [each.user for each in asked], ())


def new_access(
    old: Policies,
    new: Policies,
    callers: Callers,
    now: datetime,
    assumptions: Assumptions | None = None,
) -> Verdict:
    """Return whether `new` allows nothing that `old` does not, for all the representative users.

    It is one side of the difference, without a list.

    Raises:
        FaultyPolicy: if a document cannot be interpreted for certain.
    """
    questions = [
        replace(_question(old, new, user, now, assumptions), allowed=new, denied=old)
        for user in callers.users
    ]
    find = no_new_access_finder(old, new, callers.given_user, now)
    indistinct_keys = () if _documents(old) == _documents(new) else callers.indistinct_keys
    return prove_or_search(find, partial(_without_certificate, questions, indistinct_keys)).verdict


def _without_certificate(
    questions: Sequence[Question], indistinct_keys: Sequence[str]
) -> Conclusion:
    """Return the verdict that no request answers any of the questions, with its assumptions."""
    questions = [each for question in questions for each in with_federation(question)]
    for question in questions:
        # one user is enough
        if isinstance(verdict := prove_none(question), Refuted):
            return Conclusion(verdict)
    if indistinct_keys:
        return Conclusion(Unknown(more_callers_text(indistinct_keys)))
    return conclude(questions)


def difference_for_any(
    old: Policies,
    new: Policies,
    callers: Callers,
    now: datetime,
    assumptions: Assumptions | None = None,
) -> PolicyDifference:
    """Return the difference for any user, from the differences for the representative users.

    A difference that a named user has and the first user has not is listed with its user.

    Raises:
        FaultyPolicy: if a document cannot be interpreted for certain.
    """
    differences = [policy_difference(old, new, user, now, assumptions) for user in callers.users]
    indistinct_keys = () if _documents(old) == _documents(new) else callers.indistinct_keys
    return PolicyDifference(
        _merge_sides([each.only_in_old for each in differences], callers.users, indistinct_keys),
        _merge_sides([each.only_in_new for each in differences], callers.users, indistinct_keys),
    )


def callers_of_difference(
    old: Policies, new: Policies, assumptions: Assumptions | None = None
) -> Callers:
    """Return the users that two sets of policies distinguish, as far as their difference needs it.

    Statements that both sides have need not distinguish users: if there are many of them, or if
    they distinguish more users than can be asked about, they are left out.

    Raises:
        FaultyPolicy: if a document cannot be interpreted for certain.
    """
    sets = (old, new)
    if (
        sum(len(each.document.statements) for one in sets for each in handled_policies(one))
        <= FEW_STATEMENTS
    ):
        callers = distinguishable_callers(old, new)
        if not callers.indistinct_keys:
            return callers
    try:
        left = statements_that_matter(old, new, TrackedAssumptions(assumptions or Assumptions()))
    except LimitReached:
        return distinguishable_callers(old, new)
    return distinguishable_callers(*left)


def _documents(policies: Policies) -> tuple[object, ...]:
    """Return the documents of each kind and level; order, names and repetitions do not matter."""
    levels = (level.policies for level in policies.scps)
    return tuple(
        None if attached is None else frozenset(each.document for each in attached)
        for attached in (policies.identity, policies.boundaries, policies.session, *levels)
    )


def _merge_sides(
    sides: Sequence[Side | Unknown], users: Sequence[CallingUser], indistinct_keys: Sequence[str]
) -> Side | Unknown:
    """Return one side for several users; that it is empty only if these represent all users."""
    known: list[Side] = []
    for side in sides:
        if isinstance(side, Unknown):
            return side
        known.append(side)
    counterexample = next(
        (side.counterexample for side in known if side.counterexample is not None), None
    )
    if counterexample is None and indistinct_keys:
        return Unknown(more_callers_text(indistinct_keys))
    unlisted = next((side.unlisted for side in known if side.unlisted is not None), None)
    items = merge_items([side.items for side in known], users)
    return Side(counterexample, items, unlisted)


def side_of(question: Question, budget: Budget | None = None) -> Side | Unknown:
    """Return every request that answers a question, as one side of a difference.

    Args:
        question: the question.
        budget: the steps that are left for it; None: those of a question of its own.
    """
    budget = budget or Budget()
    verdict = prove_none(question, budget)
    match verdict:
        case Unknown():
            return verdict
        case Proved():
            return Side(None, ())
        case Refuted(counterexample):
            try:
                budget.limit_to(MOST_LISTING_STEPS)
                groups = items_of(question, budget)
            except LimitReached as limit:
                return Side(counterexample, (), limit.reason)
            if not groups:
                reason = reasons.NOT_LISTED.filled(action=counterexample.request.action)
                return Side(counterexample, (), reason)
            examples = (*(each.counterexample for each in groups), counterexample)
            return Side(min(examples, key=lambda one: len(one.undocumented)), groups)
