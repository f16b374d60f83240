"""The search for a request that policies allow, or that some allow and others do not.

1. Over every name of an action and every ARN, more than the real ones: no result is a proof.
2. Account by account of those whose resources are distinguished, the user's own first: over the
   catalogue's actions, class by class, with resources of their types.
3. Over requests outside the catalogue: any action on any ARN, and every other name, spelled out by
   a policy or still to come. If only these answer, nothing is refuted and nothing proved: the
   catalogue selects requests, and does not limit the world.

The engine decides each candidate before it counts. If it has a key that AWS does not list for its
action, or goes to a Region without the service, the search is repeated among the requests that AWS
documents. That selects the request to show, and proves nothing: if none of these answers, the first
candidate counts as outside the catalogue, too.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from enum import Enum, auto
from functools import cached_property, partial
from itertools import chain, islice, product
from math import prod

from sekisho.catalogue import Action
from sekisho.engine import ContextValue, Policies, Request
from sekisho.engine.matching import TrackedAssumptions, arns, glob, variables
from sekisho.messages import joined_messages
from sekisho.policy import OperatorName
from sekisho.prover.reading import keys, resources
from sekisho.prover.reading.conditions import (
    VersionedCondition,
    keys_compared_with,
    ordinary_values,
    variables_in,
)
from sekisho.prover.reading.credentials import USER_ID, CallerCredential, Situation
from sekisho.prover.reading.dependent_keys import PART_OF, TIMES, dependency_of
from sekisho.prover.reading.resources import RequestTarget
from sekisho.prover.reading.statements import ConditionReading, RequestScope
from sekisho.prover.search.actions import (
    ActionClass,
    RequestRange,
    RequestRanges,
    includes_action,
)
from sekisho.prover.search.counterexample import contradiction, replay
from sekisho.prover.search.formula import (
    Question,
    Restriction,
    StatementRule,
    demands,
    effective_restriction,
    join_restrictions,
    restriction_of_caller,
    rules_of,
)
from sekisho.prover.search.reduction import FEW_STATEMENTS, nothing_can_answer, reduce_policies
from sekisho.prover.search.ties import DocumentedRequests, Ties
from sekisho.prover.search.verdict import Counterexample, Proved, Refuted, Unknown, Verdict
from sekisho.prover.search.views import ABROAD, Owner, RequestView, RequestViews
from sekisho.prover.solver import reasons
from sekisho.prover.solver.candidates import (
    Candidate,
    CandidateResult,
    LimitHit,
    NoCandidate,
    solve,
)
from sekisho.prover.solver.limits import (
    MOST_ASSIGNMENTS,
    MOST_BEYOND_STEPS,
    Budget,
    LimitReached,
    StepsSpent,
)
from sekisho.prover.solver.names import ANY_NAME, is_too_long
from sekisho.prover.solver.theories import ACTION, RESOURCE, Texts


def assignments(
    reading: ConditionReading, linked: Iterable[str], conditions: Sequence[VersionedCondition]
) -> Iterator[dict[str, ContextValue | None]]:
    """Yield values for the keys of policy variables, with which conditions are read again.

    Raises:
        LimitReached: if a variable names the time, or a service in between.
    """
    names = sorted(linked)
    if set(names) & (TIMES | {keys.MFA_AGE}):
        raise LimitReached(reasons.NAMES_A_TIME)
    if set(names) & keys.SERVICES:
        raise LimitReached(reasons.NAMES_A_SERVICE)
    each_key = {name: _assignable(reading, name, conditions) for name in names}
    found = chain.from_iterable(product(*ways.values()) for ways in keys.origins_apart(each_key))
    possible = filter(_goes_together, (dict(zip(names, each, strict=True)) for each in found))
    yield from islice(possible, MOST_ASSIGNMENTS)


def _goes_together(assigned: Mapping[str, ContextValue | None]) -> bool:
    """Return whether keys that always have equal values are given equal ones."""
    values: dict[str, set[ContextValue]] = {}
    for name, value in assigned.items():
        if value is not None:
            values.setdefault(keys.main_of(name), set()).add(value)
    return all(len(each) == 1 for each in values.values())


def _assignable(
    reading: ConditionReading, name: str, conditions: Sequence[VersionedCondition]
) -> list[ContextValue | None]:
    main = keys.main_of(name)
    absent: list[ContextValue | None] = [None] if reading.may_be_absent(name) else []
    if main != name and reading.knows(main):
        return [reading.settled.folded.get(main), *absent]
    if name in keys.OF_RESOURCE_ACCOUNT:
        return [*reading.owners, *absent]
    same = {main, *reading.compared.get(main, ())}
    own = [each for each in conditions if keys.main_of(each.condition.key.lower()) in same]
    own = [each for each in own if not keys_compared_with(each, reading.tracked)]
    if name == USER_ID:
        return [*reading.ids(own)[0]]
    if main == keys.REGION:
        return [*reading.regions(own)[0], *absent]
    texts = reading.texts_for(name, own)[0] if own else []
    return [*dict.fromkeys([*texts, *ordinary_values(name)]), *absent]


class _Case(Enum):
    """Values of a key besides the texts that conditions compare it with."""

    ABSENT = auto()
    ANOTHER = auto()


def cases(
    reading: ConditionReading, linked: Iterable[str], conditions: Sequence[VersionedCondition]
) -> Iterator[RequestScope]:
    """Yield a scope for every combination of values of the keys that variables name.

    Raises:
        LimitReached: if there are too many, or one of the keys depends on others.
    """
    names = sorted(linked)
    pinned = {name: frozenset(_pinned(reading, name, conditions)) for name in names}
    ways: list[list[_Case | str]] = [
        [*([_Case.ABSENT] if reading.may_be_absent(name) else []), *texts, _Case.ANOTHER]
        for name, texts in pinned.items()
    ]
    if (
        not all(_stands_alone(name, conditions) for name in names)
        or prod(map(len, ways)) > MOST_ASSIGNMENTS
    ):
        raise LimitReached(reasons.TOO_MANY_COMBINATIONS)
    for chosen in product(*ways):
        case: dict[str, _Case | str] = dict(zip(names, chosen, strict=True))
        yield _narrowed_scope(reading.request_scope, case, pinned)


def _narrowed_scope(
    scope: RequestScope, chosen: Mapping[str, _Case | str], pinned: Mapping[str, frozenset[str]]
) -> RequestScope:
    assigned: dict[str, ContextValue | None] = {}
    excluded: dict[str, frozenset[str | None]] = {}
    for name, case in chosen.items():
        if case is _Case.ANOTHER:
            excluded[name] = pinned[name] | {None}
        else:
            assigned[name] = None if isinstance(case, _Case) else case
    return replace(scope, assigned=assigned, excluded_values=excluded)


_PINNING = frozenset({OperatorName.STRING_EQUALS, OperatorName.STRING_NOT_EQUALS})


def _pinned(
    reading: ConditionReading, name: str, conditions: Sequence[VersionedCondition]
) -> Iterator[str]:
    """Yield the texts that conditions compare a key with, or an equal key."""
    same = {name, *reading.compared.get(name, ())}
    for condition in conditions:
        if (
            condition.condition.key.lower() not in same
            or condition.condition.operator.name not in _PINNING
        ):
            continue
        for text in condition.condition.values:
            known = all(map(reading.knows, variables_in(text, condition.version)))
            pattern = variables.substitute(text, condition.version, reading.settled)
            if known and pattern is not None:
                yield glob.text_of(pattern)


def _stands_alone(name: str, conditions: Sequence[VersionedCondition]) -> bool:
    """Return whether a key has texts that no other part of a request determines."""
    bound = {*TIMES, keys.MFA_AGE, USER_ID, keys.REGION, keys.ADDRESS}
    if name in bound | keys.ENDPOINT | keys.SERVICES | keys.OF_RESOURCE_ACCOUNT:
        return False
    theory = dependency_of(name)
    keys_of_theory = {
        key for each in conditions if dependency_of(key := each.condition.key.lower()) == theory
    }
    if name in PART_OF:
        return not keys_of_theory
    tags = name.startswith(keys.REQUEST_TAG) and any(
        each.condition.key.lower() == keys.TAG_KEYS for each in conditions
    )
    return not tags and name != keys.TAG_KEYS and keys_of_theory <= {name}


_Solution = dict[str, ContextValue]


def prove_none(question: Question, budget: Budget | None = None) -> Verdict:
    """Return whether no request answers the question.

    Args:
        question: the question.
        budget: the steps that are left; None: those of a question of its own.

    Raises:
        FaultyPolicy: if a document cannot be interpreted for certain.
    """
    return verdict_and_assumptions(question, budget)[0]


def verdict_and_assumptions(
    question: Question, budget: Budget | None = None
) -> tuple[Verdict, frozenset[str]]:
    """Return the result of `prove_none`, and the assumptions that the policies depend on."""
    try:
        search = RequestSearch(question, budget=budget)
    except LimitReached as limit:
        return Unknown(limit.reason), frozenset()
    return search.verdict(), frozenset(search.tracked.names_used)


_RulesOfPolicies = tuple[Policies, list[list[StatementRule]]]
_ListedItem = tuple[Question, bool]
"""The question of one list item, and whether only relevant statements decide it."""
_Ranges = Callable[[RequestView, Candidate | LimitHit], Iterator[RequestRange]]
_A_RULE = 10
"""The steps to compute the demands for a statement to apply."""


class RequestSearch:
    """One question, and the results of its search so far.

    Args:
        question: the question.
        only: the one action that it is asked of; None: any.
        budget: the steps that are left for it, and cached results; None: a new one.
        whole: the question of which this one is a part: it spends from the same.
        documented: only of requests that AWS documents; None among these is no proof.

    Attributes:
        tracked: the assumptions, and which of them the policies came across.

    Raises:
        LimitReached: if there is a policy that the prover does not handle.
    """

    def __init__(
        self,
        question: Question,
        only: Action | None = None,
        *,
        budget: Budget | None = None,
        whole: "RequestSearch | None" = None,
        documented: bool = False,
    ) -> None:
        self._question = question
        self._documented = documented
        self._only = only
        self._budget: Budget = (budget or Budget()) if whole is None else whole._budget
        self.tracked = TrackedAssumptions(question.assumptions)
        self._within = effective_restriction(restriction_of_caller(question), self.tracked)
        self._rules_by_policies: dict[int, _RulesOfPolicies] = (
            {} if whole is None else whole._rules_by_policies
        )
        self._allowed, self._denied = map(self._rules_of, (question.allowed, question.denied))
        if sum(map(len, (*(self._allowed or ()), *(self._denied or ())))) > FEW_STATEMENTS:
            self._allowed, self._denied = reduce_policies(self._allowed, self._denied, self._within)
        self._rules = [
            rule
            for rules in (self._allowed, self._denied)
            for group in rules or ()
            for rule in group
        ]
        further_conditions = [asked for asked, _ in question.restriction.conditions]
        which = DocumentedRequests.of_user(question.user) if documented else None
        self._ties = Ties.between(question.user.partition, self._rules, further_conditions, which)
        own = (asked for rule in self._rules for asked in rule.conditions)
        self._conditions = tuple(dict.fromkeys([*own, *further_conditions, *self._ties.conditions]))
        self._views = RequestViews(
            question, self._rules, self._conditions, self.tracked, self._budget
        )
        if whole is not None:
            self._views.readings = whole._views.readings
        self._candidates: dict[CallerCredential, CandidateResult] = {}

    def _rules_of(self, policies: Policies | None) -> list[list[StatementRule]] | None:
        """Return the statements that can be about the only action in question, if there is one."""
        if policies is None:
            return None
        if id(policies) not in self._rules_by_policies:
            # stored with the policies, so that no others get their id
            self._rules_by_policies[id(policies)] = policies, rules_of(policies, self.tracked)
        _, rules = self._rules_by_policies[id(policies)]
        if self._only is None:
            return rules
        is_in = partial(includes_action, self._only)
        return [[rule for rule in group if is_in(rule.action)] for group in rules]

    def verdict(self) -> Verdict:
        """Return whether no request answers the question.

        If only requests answer that AWS is not known to have, the verdict is proved if the
        catalogue is assumed to be complete, and otherwise unknown.
        """
        if nothing_can_answer(self._allowed, self._denied):
            return Proved()
        try:
            if (counterexample := self._first_counterexample(self._known_ranges)) is not None:
                counterexample = self._preferred(counterexample)
                if counterexample.documented:
                    return Refuted(counterexample)
            self._budget.limit_to(MOST_BEYOND_STEPS)
            beyond = counterexample or self._first_counterexample(self._ranges_beyond_catalogue)
        except LimitReached as limit:
            return Unknown(limit.reason)
        if beyond is None or self.tracked.catalogue_complete():
            return Proved()
        asked, keys = beyond.request, ", ".join(f"`{each}`" for each in beyond.undocumented)
        reason = reasons.UNDOCUMENTED_KEYS if keys else reasons.BEYOND_CATALOGUE
        filled = reason.filled(action=asked.action, resource=asked.resource, keys=keys)
        return Unknown(filled, beyond)

    def _preferred(self, counterexample: Counterexample) -> Counterexample:
        """Return a counterexample that AWS documents, in place of one that it does not document.

        Where there is none, the first stays: that AWS sends no such request is not documented.

        Raises:
            LimitReached: if it could not be found out.
        """
        if counterexample.documented or self._documented:
            return counterexample
        other = RequestSearch(self._question, self._only, budget=self._budget, documented=True)
        return other._first_counterexample(other._known_ranges) or counterexample

    def counterexample_of_action(
        self, view: RequestView, range_: RequestRange
    ) -> Counterexample | None:
        """Return a counterexample of the only action in question, or None.

        Raises:
            LimitReached: if the search is too large.
        """
        return self._counterexample_in(self._views.read_once(view), range_)

    def _first_counterexample(self, ranges: _Ranges) -> Counterexample | None:
        """Return the first counterexample over all ways of calling and all owners, or None.

        Raises:
            LimitReached: if the search is too large.
        """
        limit: LimitReached | None = None
        for owner in self._views.owners.all:
            for situation in self._views.situations:
                try:
                    counterexample = self._first_in_view(situation, owner, ranges)
                except StepsSpent as reason:
                    raise limit or reason from None
                except LimitReached as reason:
                    limit = limit or reason
                    continue
                if counterexample is not None:
                    return counterexample
        possible = any(not isinstance(each, NoCandidate) for each in self._candidates.values())
        if possible and not self._views.owners.is_complete:
            limit = limit or LimitReached(reasons.TELLS_OWNERS)
        if limit is not None:
            raise limit
        return None

    def _first_in_view(
        self, situation: Situation, owner: Owner, ranges: _Ranges
    ) -> Counterexample | None:
        if isinstance(candidate := self._candidate(situation), NoCandidate):
            return None
        view = self._views.view_of(situation, owner)
        limit: LimitReached | None = None
        for each in ranges(view, candidate):
            try:
                counterexample = self._counterexample_in(view, each)
            except StepsSpent as reason:
                raise limit or reason from None
            except LimitReached as reason:
                limit = limit or reason
                continue
            if counterexample is not None:
                return counterexample
        if limit is not None:
            raise limit
        return None

    def _candidate(self, situation: Situation) -> CandidateResult:
        """Return a candidate from more than the real requests: of any name, and any ARN."""
        if situation.credential not in self._candidates:
            owners, own = self._views.owners, self._views.owners.all[0]
            view = self._views.view_of(situation, own)
            if owners.keyed and (len(owners.all) > 1 or not owners.is_complete):
                every = owners.all if owners.is_complete else ()
                view = replace(view, reading=self._views.reading(situation, every))
            everything = RequestRange(resources.any_resource(self._question.user.partition), "*")
            try:
                solution = self._search(view, everything)
            except LimitReached:
                self._candidates[situation.credential] = LimitHit()
            else:
                looked = NoCandidate() if solution is None else Candidate(solution)
                self._candidates[situation.credential] = looked
        return self._candidates[situation.credential]

    @cached_property
    def _ranges(self) -> RequestRanges:
        one_owner = len(self._views.owners.all) == 1
        restriction = self._within if one_owner else join_restrictions(self._within, ABROAD)
        return RequestRanges(self._allowed, self._rules, restriction, self._ties, self.tracked)

    def _known_ranges(
        self, view: RequestView, candidate: Candidate | LimitHit
    ) -> Iterator[RequestRange]:
        """Yield the ranges of requests of real actions, the likeliest first."""
        found = candidate.values if isinstance(candidate, Candidate) else {}
        name = found.get(ACTION)
        yield from self._ranges.likely(name if isinstance(name, str) else None, view.place)
        for group in self._ranges.likely_first(str(found.get(RESOURCE))):
            if self._may_answer(view, group):
                yield from (self._ranges.range_of(one.actions[0], view.place) for one in group)

    def _ranges_beyond_catalogue(
        self, view: RequestView, _: Candidate | LimitHit
    ) -> Iterator[RequestRange]:
        """Yield the ranges that AWS may have and the catalogue does not know."""
        yield from self._ranges.beyond(view.place, partial(self._may_answer, view))

    def _may_answer(self, view: RequestView, group: Sequence[ActionClass]) -> bool:
        """Return whether a request about any resource answers, for equivalent classes."""
        is_in = partial(includes_action, group[0].actions[0])
        forms = resources.any_resource(self._question.user.partition)
        try:
            return self._search(view, RequestRange(forms, "*", action_is_in=is_in)) is not None
        except StepsSpent:
            raise
        except LimitReached:
            # class by class, the search may be smaller
            return True

    def _counterexample_in(self, view: RequestView, range_: RequestRange) -> Counterexample | None:
        """Return a counterexample of one range, or None.

        Raises:
            LimitReached: if a policy variable stands in the way.
        """
        reading = view.reading
        solution = None if range_.empty else self._search(view, range_)
        if solution is None:
            return None
        if reading.exact:
            return self._checked(view, range_, solution)
        # the result of a loose reading may be exact
        if (counterexample := self._replayed(view, range_, solution)) is not None:
            return counterexample
        # the owner of the resource: one account, or unknown
        all_of_them = not reading.inexact and reading.linked <= keys.OF_RESOURCE_ACCOUNT
        for assigned in assignments(reading, reading.linked, self._conditions):
            of_settled = self._views.read_once(view, assigned)
            reading_assigned = of_settled.reading
            solution = self._search(of_settled, range_)
            if solution is not None:
                decide = self._replayed if reading_assigned.linked else self._checked
                if (counterexample := decide(of_settled, range_, solution)) is not None:
                    return counterexample
            all_of_them &= (
                solution is None and not reading_assigned.linked and not reading_assigned.inexact
            )
        if all_of_them or (not reading.inexact and self._in_no_case(view, range_)):
            return None
        linked = ", ".join(f"`${{{key}}}`" for key in sorted(reading.linked))
        why = [
            *([reasons.UNSETTLED.filled(keys=linked)] if linked else []),
            *(reading.inexact[key] for key in sorted(reading.inexact)),
        ]
        raise LimitReached(joined_messages(why, en="; ", ja="。"))

    def _in_no_case(self, view: RequestView, range_: RequestRange) -> bool:
        """Return whether no request answers, for all values of the keys that variables name."""
        try:
            found = [*cases(view.reading, view.reading.linked, self._conditions)]
        except LimitReached:
            return False
        readings = (ConditionReading(one, self._conditions, self._budget) for one in found)
        return all(self._search(replace(view, reading=one), range_) is None for one in readings)

    def _search(self, view: RequestView, range_: RequestRange) -> _Solution | None:
        result = self._solve(view, range_)
        if (
            result is None
            or range_.real is None
            or not range_.known
            or not is_too_long(str(result[RESOURCE]))
        ):
            return result
        place = replace(view.place, bounded=True)
        return self._solve(view, self._ranges.range_of(range_.real, place))

    def _solve(self, view: RequestView, range_: RequestRange) -> _Solution | None:
        self._budget.spend(_A_RULE * len(self._rules))
        target = self._target(view.reading, range_)
        sides = (self._allowed, self._denied)
        limit: LimitReached | None = None
        for way in demands(target, view.reading, sides, self._within_of(view, range_)):
            try:
                result = solve(way, target.theories, self._budget)
            except LimitReached as reason:
                limit = limit or reason
                continue
            if result is not None:
                return result
        if limit is not None:
            raise limit
        return None

    def _target(self, reading: ConditionReading, range_: RequestRange) -> RequestTarget:
        names = range_.action_is_in or Texts(
            ACTION, ANY_NAME, self._budget, words=range_.excluded_names
        )
        return RequestTarget(reading, range_.forms, range_.star, names)

    def _within_of(self, view: RequestView, range_: RequestRange) -> Restriction:
        """Return the restriction of one range: to the question, and to real requests."""
        within = self._within if view.owner.is_caller else join_restrictions(self._within, ABROAD)
        return join_restrictions(
            within, self._ties.restriction_of(range_.real, direct=view.reading.direct)
        )

    def _checked(
        self, view: RequestView, range_: RequestRange, solution: _Solution
    ) -> Counterexample:
        """Return the values as a counterexample, after the engine has confirmed it.

        Raises:
            LimitReached: if it does not.
        """
        counterexample = self._replayed(view, range_, solution)
        if counterexample is None:
            raise contradiction(self._question, self._request(view, range_, solution))
        return counterexample

    def _replayed(
        self,
        view: RequestView,
        range_: RequestRange,
        solution: _Solution,
        of: _ListedItem | None = None,
    ) -> Counterexample | None:
        """Return the values as a counterexample if the engine confirms it; else None."""
        request = self._request(view, range_, solution)
        credential = view.situation.credential
        question, of_list = of or (self._question, False)
        return replay(question, credential, request, exists=range_.known, of_list=of_list)

    def _request(self, view: RequestView, range_: RequestRange, solution: _Solution) -> Request:
        """Return the values as a request."""
        resource = str(solution[RESOURCE])
        values = {key: value for key, value in solution.items() if key not in (ACTION, RESOURCE)}
        request = view.reading.scope(
            range_.action or str(solution[ACTION]), resource, values, None
        ).request
        if not view.owner.is_caller and arns.account_of(resource) is None:
            request = replace(request, resource_account=view.owner.account)
        return request
