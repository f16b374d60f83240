"""The list of all answers to a question: by class of actions, by view, and by part.

A key and a session without MFA differ in a few context keys. If no relevant statement tests any of
these, both have the same theories, and so the same answers: the results of one view are copied to
the other.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import NamedTuple

from sekisho.catalogue import Action
from sekisho.engine import Context, ContextValue, Request
from sekisho.engine.matching import variables
from sekisho.lazy import dataclass
from sekisho.policy import Effect, Element, Version
from sekisho.prover.reading import resources
from sekisho.prover.reading.conditions import VersionedCondition, variables_in
from sekisho.prover.reading.credentials import CallerCredential, Situation
from sekisho.prover.reading.resources import RequestTarget
from sekisho.prover.reading.statements import ConditionReading
from sekisho.prover.search.actions import ActionClass, RequestRange, includes_action
from sekisho.prover.search.counterexample import contradiction, decisions_that_answer
from sekisho.prover.search.formula import (
    AnswerSpace,
    Description,
    Question,
    Restriction,
    answer_space_of,
    describe_cube,
    join_restrictions,
    restriction_of_cube,
)
from sekisho.prover.search.parts import QuestionPart, divide_question
from sekisho.prover.search.reduction import nothing_can_answer
from sekisho.prover.search.requests import RequestSearch
from sekisho.prover.search.ties import DocumentedRequests
from sekisho.prover.search.verdict import Counterexample
from sekisho.prover.search.views import RequestView
from sekisho.prover.solver import inclusion, reasons
from sekisho.prover.solver.candidates import Literal, solve
from sekisho.prover.solver.limits import Budget, LimitReached, StepsSpent
from sekisho.prover.solver.names import is_too_long
from sekisho.prover.solver.texts import literal_start
from sekisho.prover.solver.theories import RESOURCE, FiniteChoices, FreeAtoms


class MatchedRequests(NamedTuple):
    """A description of requests that answer, their credential, and an example.

    The example can be one made with another credential, of which the same is described.
    """

    description: Description
    credential: CallerCredential
    example: Counterexample


_Answers = list[MatchedRequests]


@dataclass(frozen=True, slots=True)
class _MatchedPart:
    """A description of requests that answer, the equal restriction, and an example.

    `values` are the values found by one search; None if it took more than one search.
    """

    view: RequestView
    described: Description
    restriction: Restriction
    example: Counterexample
    values: dict[str, ContextValue] | None

    @property
    def description_and_credential(self) -> tuple[Description, CallerCredential]:
        """The description, and the credential of its requests."""
        return self.described, self.view.situation.credential


@dataclass(frozen=True, slots=True)
class _SearchedView:
    """A view, the restriction of its requests, and the matches in it, part by part.

    None is in the place of a description that no request is like.
    """

    view: RequestView
    restriction: Restriction
    matches: list[list[_MatchedPart | None]]


class ItemSearch(RequestSearch):
    """The search for all answers to one question."""

    def __init__(self, question: Question, budget: Budget | None = None) -> None:
        super().__init__(question, budget=budget)
        self._listed = 0
        self._takes_every: dict[Element, bool] = {}

    def answering(self) -> Iterator[tuple[ActionClass, _Answers]]:
        """Yield every class of real actions for which a request answers, with these requests.

        There is one description and one request for each situation in which any request answers; if
        only some accounts' resources are affected, the description names these.

        Raises:
            LimitReached: if that could not be found out for some class.
        """
        if nothing_can_answer(self._allowed, self._denied):
            return
        if not self._views.owners.is_complete:
            raise LimitReached(reasons.TELLS_OWNERS)
        views = [
            self._views.view_of(one, owner)
            for owner in self._views.owners.all
            for one in self._views.situations
        ]
        for class_list in self._ranges.classes:
            able = [each for each in views if self._may_answer(each, class_list)]
            known: dict[object, _Answers] = {}
            places = list(dict.fromkeys(each.place for each in views))
            elements = self._ranges.resources_of(class_list[0].actions[0]) if able else ()
            # the elements that distinguish the action's resources, apart from ARNs and `*`
            named = [each for each in elements if not self._takes_every_arn(each)]
            for one in class_list if able else ():
                key = self._ranges.equivalence_key(one.actions[0], places, named)
                shared = None if key is None else known.get(key)
                if shared is None or any(
                    self._documented_action(one, each.example) for each in shared
                ):
                    known[key] = self._answers_of(one, able)
                if known[key]:
                    yield one, known[key]

    def _takes_every_arn(self, element: Element) -> bool:
        """Return whether an element lists all ARNs of the partition."""
        if element not in self._takes_every:
            partition = self._question.user.partition
            self._takes_every[element] = any(
                variables.OPEN not in entry
                and f"arn:{partition}:".startswith(inclusion.literal_start(entry))
                for entry in element.values
            ) and not self._leaves_arns(Element(element.values))
        return self._takes_every[element]

    def _leaves_arns(self, element: Element) -> bool:
        """Return whether there is an ARN that an element does not list, as far as is decidable."""
        forms = resources.any_resource(self._question.user.partition)
        reading = self._views.view_of(self._views.situations[0], self._views.owners.all[0]).reading
        target = RequestTarget(reading, forms, None, lambda _: True)
        listed = target.of_resource(element, Effect.DENY, Version.V2012)
        assert isinstance(listed, Literal)  # noqa: S101 - `*` is in none of these
        try:
            return solve([((listed.negated(),),)], target.theories, self._budget) is not None
        except LimitReached:
            return True

    def _answers_of(self, action_class: ActionClass, views: Sequence[RequestView]) -> _Answers:
        """Return the matches of one class of actions, each with a request."""
        action = action_class.actions[0]
        matches = [
            way
            for owner in dict.fromkeys(each.owner for each in views)
            for way in self._matches_by_view(
                action_class, [one for one in views if one.owner == owner]
            )
        ]
        accounts: dict[object, set[str]] = {}
        for way in matches:
            accounts.setdefault(way.description_and_credential, set()).add(way.view.owner.account)
        known: dict[object, Description] = {}
        answers: _Answers = []
        for each in matches:
            # a copy is of the same requests
            key = (id(each.restriction), frozenset(accounts[each.description_and_credential]))
            if key not in known:
                known[key] = self._description_with_owner(
                    each, action, accounts[each.description_and_credential]
                )
            answers.append(
                MatchedRequests(known[key], each.description_and_credential[1], each.example)
            )
        return answers

    def _matches_by_view(
        self, action_class: ActionClass, views: Sequence[RequestView]
    ) -> Iterator[_MatchedPart]:
        """Yield the matches of one class, view by view, on the resources of one account."""
        action = action_class.actions[0]
        range_ = self._ranges.range_of(action, views[0].place)
        if range_.empty:
            return
        is_in = partial(includes_action, action)
        starts = map(literal_start, range_.forms.all)
        divided = divide_question(self._allowed, self._denied, is_in, map(str.lower, starts))
        reached: dict[object, tuple[str, ...]] = {}
        searched: list[_SearchedView] = []
        for view in views:
            now = _SearchedView(view, self._within_of(view, range_), [])
            target = self._target(view.reading, range_)
            for part in divided:
                if (ways := self._copied(now, part, searched)) is None:
                    sides = (part.allowed, part.denied)
                    space = answer_space_of(
                        target, view.reading, sides, now.restriction, part.place
                    )
                    space = replace(space, reachable_entries=reached)
                    ways = [*self._matches_of_part(space, view, range_, action_class)]
                now.matches.append(ways)
            searched.append(now)
            yield from filter(None, chain.from_iterable(now.matches))

    def _copied(
        self, now: _SearchedView, part: QuestionPart, searched: list[_SearchedView]
    ) -> list[_MatchedPart | None] | None:
        """Return the matches of one part, copied from another view; None if no view is the same."""
        number = len(now.matches)
        for searched_view in searched:
            ways = [way for way in searched_view.matches[number] if way is not None]
            if (
                len(ways) == len(searched_view.matches[number])
                and searched_view.restriction == now.restriction
                and same_demands(searched_view.view, now.view, now.restriction, part)
            ):
                copies = [self._copy(way, now.view) for way in ways]
                return None if None in copies else copies
        return None

    def _copy(self, match: _MatchedPart, view: RequestView) -> _MatchedPart | None:
        """Return a match of one view as a match of another view.

        Where all is read exactly, it is tried now and then; else each time, and None is returned if
        it does not answer.
        """
        self._listed += 1
        exact = match.values is not None and match.view.reading.exact and view.reading.exact
        if exact and not self._is_sampled:
            return replace(match, view=view)
        request = _made_with(match.example.request, match.view.situation, view.situation)
        question = replace(self._question, restriction=match.restriction)
        if decisions_that_answer(question, request, of_list=not exact) is not None:
            return replace(match, view=view)
        if exact:
            raise contradiction(self._question, request)
        return None

    def _matches_of_part(
        self, space: AnswerSpace, view: RequestView, range_: RequestRange, action_class: ActionClass
    ) -> Iterator[_MatchedPart | None]:
        """Yield the matches of one part of a question; None for a description without a request."""
        reading, target, action = view.reading, space.target, range_.real
        for cube in space.cubes():
            values = space.example_of(cube)
            if values is None:
                raise LimitReached(reasons.NOT_LISTED.filled(action=str(action)))
            narrow = join_restrictions(
                self._question.restriction, restriction_of_cube(cube, target)
            )
            only = (view.situation.credential,)
            question = replace(self._question, credentials=only, restriction=narrow)
            too_long = is_too_long(str(values[RESOURCE]))
            self._listed += 1
            # of a long list, the engine sometimes decides whole policies, otherwise relevant parts
            of = (question, not self._is_sampled)
            counterexample = None if too_long else self._replayed(view, range_, values, of)
            at_once = counterexample is not None
            if counterexample is None:
                if reading.exact and not too_long:
                    self._checked(view, range_, values)
                    raise LimitReached(reasons.NOT_SAID)
                counterexample = RequestSearch(
                    question, action, whole=self
                ).counterexample_of_action(view, range_)
            if counterexample is None:
                yield None
            else:
                description = describe_cube(cube, space)
                shown = self._documented_example(counterexample, question, view, action_class)
                yield _MatchedPart(view, description, narrow, shown, values if at_once else None)

    def _documented_example(
        self,
        counterexample: Counterexample,
        question: Question,
        view: RequestView,
        action_class: ActionClass,
    ) -> Counterexample:
        """Return a counterexample that AWS documents, in place of one that it does not document."""
        if (action := self._documented_action(action_class, counterexample)) is None:
            return counterexample
        try:
            search = RequestSearch(question, action, budget=self._budget, documented=True)
            other = search.counterexample_of_action(view, self._ranges.range_of(action, view.place))
        except LimitReached:
            return counterexample
        return counterexample if other is None or not other.documented else other

    def _documented_action(
        self, action_class: ActionClass, counterexample: Counterexample
    ) -> Action | None:
        """Return an action whose requests have the keys that are undocumented in a counterexample.

        None as well where there is nothing such.
        """
        missing = list(map(str.lower, counterexample.undocumented))
        if not missing:
            return None
        which = DocumentedRequests.of_user(self._question.user)
        able = (one for one in action_class.actions if all(which.has(one, key) for key in missing))
        return next(able, None)

    def _description_with_owner(
        self, match: _MatchedPart, action: Action, same: Collection[str]
    ) -> Description:
        """Return a description that names the owner of the resources, if the owner matters.

        Args:
            match: the requests that answer.
            action: their action.
            same: the accounts of whose resources the same answers.
        """
        credential = match.view.situation.credential
        other_owners = (one for one in self._views.owners.all if one.account not in same)
        question = replace(
            self._question,
            credentials=(credential,),
            allowed=None,
            denied=None,
            restriction=match.restriction,
        )
        for owner in other_owners:
            view = self._views.view_of(match.view.situation, owner)
            range_ = self._ranges.range_of(action, view.place)
            try:
                fits = (
                    RequestSearch(question, action, whole=self).counterexample_of_action(
                        view, range_
                    )
                    is not None
                )
            except StepsSpent:
                raise
            except LimitReached:
                fits = True
            if fits:
                conditions = (*match.described.conditions, *match.view.owner.conditions)
                return replace(match.described, conditions=conditions)
        return match.described

    @property
    def _is_sampled(self) -> bool:
        """Whether the last item of the list is to be decided by the whole policies."""
        return self._listed % _READ_WHOLE == _TRIED


_READ_WHOLE = 64
"""The number of items of which one is decided by the whole policies."""
_TRIED = 1
"""The place of the item that is decided by the whole policies."""


def same_demands(
    view: RequestView, other: RequestView, restriction: Restriction, part: QuestionPart
) -> bool:
    """Return whether a part of a question has the same demands in two views of one account.

    Args:
        view: a view.
        other: another one.
        restriction: the restriction of the requests, in both.
        part: the statements that matter.
    """
    reading, other_reading = view.reading, other.reading
    if not all(
        _same_in_both(reading, other_reading, each) for each in _conditions(restriction, part)
    ):
        return False
    for each in (reading.theories, other_reading.theories):
        each.unasked()
        if each.any_without(()):
            return False
    # with a variable, an element is another one for each value
    entries = (entry for each in _elements(restriction, part) for entry in each.values)
    named = {key for entry in entries for key in variables_in(entry, Version.V2012)}
    return all(_value_of(key, reading) == _value_of(key, other_reading) for key in named)


def _value_of(key: str, reading: ConditionReading) -> tuple[bool, ContextValue | None]:
    """Return whether a key is settled in a reading, and its value; None if it is absent."""
    known = reading.knows(key)
    return known, reading.settled.folded.get(key) if known else None


def _same_in_both(
    reading: ConditionReading, other: ConditionReading, condition: VersionedCondition
) -> bool:
    """Return whether a condition is settled, free, or left to an equal theory in both readings."""
    mine, its = reading.literals((condition,)), other.literals((condition,))
    if not mine or not its:
        return mine == its
    (literal,), (another,) = mine, its
    theory, other_theory = reading.theories[literal.theory], other.theories[another.theory]
    if isinstance(theory, FreeAtoms):
        return isinstance(other_theory, FreeAtoms)
    if literal == another and isinstance(theory, FiniteChoices):
        return isinstance(other_theory, FiniteChoices) and theory.is_alike(
            other_theory, literal.number
        )
    return literal == another and theory is other_theory


def _conditions(restriction: Restriction, part: QuestionPart) -> Iterator[VersionedCondition]:
    for asked, _ in restriction.conditions:
        yield asked
    yield from restriction.of_nothing
    for pair in restriction.implied:
        yield from pair
    for groups in (part.allowed, part.denied):
        for group in groups or ():
            for rule in group:
                yield from rule.conditions


def _elements(restriction: Restriction, part: QuestionPart) -> Iterator[Element]:
    for element, _ in restriction.resources:
        yield element
    if part.place is not None:
        yield part.place
    for groups in (part.allowed, part.denied):
        for group in groups or ():
            for rule in group:
                yield rule.resource


def _made_with(request: Request, situation: Situation, other: Situation) -> Request:
    """Return a request of one situation as it is in another situation."""
    values = {
        key: value
        for key, value in request.context.items()
        if key.lower() not in situation.values.folded and key.lower() not in other.absent
    }
    return replace(request, context=Context(values).with_(other.values))
