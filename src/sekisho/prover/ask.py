"""Asking: is there a request that policies allow, or that some allow and others do not?

1. Over every name of an action and every ARN, more than there can be: nothing there is nothing.
2. Over the catalogue's actions, class by class, with resources of their types.
3. Over every other name, spelled out by a policy or yet to come.

What is found is decided by the engine before it is believed.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

from sekisho.catalogue import Action, Catalogue, load
from sekisho.engine import ContextValue, actions
from sekisho.engine.doubts import Doubts
from sekisho.errors import InternalError
from sekisho.language import Text
from sekisho.policy.document import Effect, Element
from sekisho.prover import reasons, targets
from sekisho.prover.credentials import Situation, situations
from sekisho.prover.described import Described, described, within_of
from sekisho.prover.formula import Question, Rule, Within, demands, joined, look_of, plain, rules_of
from sekisho.prover.limits import Effort, Limit
from sekisho.prover.names import (
    ActionClass,
    Source,
    breadth,
    classes,
    is_taken,
    known_names,
    services_of,
    unknown_names,
)
from sekisho.prover.reading import About, Reading
from sekisho.prover.replay import replayed
from sekisho.prover.search import search
from sekisho.prover.targets import Target
from sekisho.prover.texts import NO_WORDS, Patterns, Words
from sekisho.prover.theories import ACTION, RESOURCE, Texts
from sekisho.prover.ties import Ties
from sekisho.prover.verdict import Proved, Refuted, Unknown, Verdict, Witness

__all__ = ["Asking", "never"]

_Found = dict[str, ContextValue]


def never(question: Question) -> Verdict:
    """Return whether there is no request that answers the question.

    Raises:
        FaultyPolicy: if a document cannot be read for certain.
    """
    try:
        witness = Asking(question).witness()
    except Limit as limit:
        return Unknown(limit.reason)
    return Proved() if witness is None else Refuted(witness)


@dataclass(frozen=True, slots=True)
class _Range:
    """The resources and the names that are looked at together."""

    forms: Patterns
    besides: str | None
    action: str | None = None
    takes: Callable[[Element], bool] | None = None
    words: Words = NO_WORDS
    real: Action | None = None


def _spelled(action: str, doubts: Doubts, element: Element) -> bool:
    return actions.matches(element, action, doubts)


class Asking:
    """One question, and what has been found out about it so far.

    Args:
        question: what is asked.
        only: the one action that it is asked of; None: any.
        known: what another question has found out, which this one need not look for again.

    Attributes:
        doubts: the switches, and which of them the policies came across.

    Raises:
        Limit: if there is a policy that the prover does not handle.
    """

    def __init__(
        self, question: Question, only: Action | None = None, known: Effort | None = None
    ) -> None:
        self._question = question
        self._only = only
        self._effort = Effort()
        if known is not None:
            self._effort.known = known.known
        self.doubts = Doubts(question.switches)
        self._within = plain(question.within, self.doubts)
        self._allowed, self._denied = (
            None if policies is None else self._about(rules_of(policies, self.doubts))
            for policies in (question.allowed, question.denied)
        )
        self._rules = [
            rule
            for rules in (self._allowed, self._denied)
            for group in rules or ()
            for rule in group
        ]
        given = [asked for asked, _ in question.within.conditions]
        self._ties = Ties.between(question.user.partition, self._rules, given)
        own = (asked for rule in self._rules for asked in rule.asked)
        self._asked = tuple(dict.fromkeys([*own, *given, *self._ties.asked]))

    def witness(self) -> Witness | None:
        """Return a request that answers the question, or None: there is none.

        Raises:
            Limit: if that could not be found out.
        """
        limit: Limit | None = None
        for situation in self._situations():
            try:
                found = self._in_situation(situation)
            except Limit as reason:
                limit = limit or reason
                continue
            if found is not None:
                return found
        if limit is not None:
            raise limit
        return None

    def answering(self) -> Iterator[tuple[ActionClass, list[tuple[Described, Witness]]]]:
        """Yield every class of real actions with which a request answers, and which requests do.

        There is a description and a request for each way of calling with which there is any.

        Raises:
            Limit: if that could not be found out for some class.
        """
        readings = [(one, self._reading(one)) for one in self._situations()]
        for alike in self._classes:
            able = [each for each in readings if self._may_answer(each[1], alike)]
            for one in alike if able else ():
                about = self._range(one.actions[0])
                reached: dict[object, tuple[str, ...]] = {}
                found = [way for each in able for way in self._described(*each, about, reached)]
                if found:
                    yield one, found

    def _described(
        self,
        situation: Situation,
        reading: Reading,
        about: _Range,
        reached: dict[object, tuple[str, ...]],
    ) -> Iterator[tuple[Described, Witness]]:
        """Yield what answers in one range: descriptions, and a request for each."""
        target = self._target(reading, about)
        within = self._within_of(reading, about)
        look = look_of(target, reading, (self._allowed, self._denied), within)
        look = replace(look, reached=reached)
        for cube in look.cubes():
            found = look.found_in(cube)
            if found is None:
                raise InternalError("the prover describes requests that it does not find")
            narrow = joined(self._question.within, within_of(cube, target))
            question = replace(self._question, held=(situation.held,), within=narrow)
            witness = self._replayed(situation, reading, about, found, question)
            if witness is None and not reading.linked and not reading.inexact:
                self._checked(situation, reading, about, found)
                raise Limit(reasons.NOT_SAID)
            if witness is None:
                alone = Asking(question, about.real, self._effort)
                witness = alone._of_only(situation, about)
            if witness is not None:
                yield described(cube, look), witness

    def _about(self, rules: list[list[Rule]]) -> list[list[Rule]]:
        """Return the statements that can be about the one action that is asked about."""
        if self._only is None:
            return rules
        takes = partial(is_taken, self._catalogue, self._only)
        return [[rule for rule in group if takes(rule.action)] for group in rules]

    def _of_only(self, situation: Situation, about: _Range) -> Witness | None:
        """Return a witness of the one action that is asked about, or None.

        Raises:
            Limit: if that could not be found out.
        """
        return self._of_range(situation, self._reading(situation), about)

    def _may_answer(self, reading: Reading, alike: Sequence[ActionClass]) -> bool:
        """Tell whether a request about any resource at all answers, for classes that are alike."""
        takes = partial(is_taken, self._catalogue, alike[0].actions[0])
        forms = targets.any_resource(self._question.user.partition)
        try:
            return self._search(reading, _Range(forms, "*", takes=takes)) is not None
        except Limit:
            # class by class there may be less to look at
            return True

    def _situations(self) -> list[Situation]:
        question = self._question
        return situations(question.user, question.now, question.held)

    def _reading(
        self, situation: Situation, assigned: Mapping[str, ContextValue | None] | None = None
    ) -> Reading:
        about = About(self._question.user, situation, self._question.now, self.doubts, assigned)
        return Reading(about, self._asked, self._effort)

    def _in_situation(self, situation: Situation) -> Witness | None:
        reading = self._reading(situation)
        everything = _Range(targets.any_resource(self._question.user.partition), "*")
        try:
            found = self._search(reading, everything)
        except Limit:
            # too much at once may be little enough action by action
            found = {}
        if found is None:
            return None
        limit: Limit | None = None
        for each in self._ranges(reading, found):
            try:
                witness = self._of_range(situation, reading, each)
            except Limit as reason:
                limit = limit or reason
                continue
            if witness is not None:
                return witness
        if limit is not None:
            raise limit
        return None

    def _ranges(self, reading: Reading, found: _Found) -> Iterator[_Range]:
        """Yield everything that a request can be about, the likeliest first."""
        name = found.get(ACTION)
        # where much is open some of these is, and the whole catalogue need not be sorted
        for likely in (*([name] if isinstance(name, str) else []), *_LIKELY):
            action = self._catalogue.action(likely)
            if action is not None:
                yield self._range(action)
        for alike in self._likely_first(found):
            if self._may_answer(reading, alike):
                yield from (self._range(one.actions[0]) for one in alike)
        forms = targets.new_resource(self._question.user)
        for spelled in unknown_names(self._catalogue, self._elements):
            yield _Range(forms, "*", action=spelled, takes=partial(_spelled, spelled, self.doubts))
        yield _Range(forms, "*", words=known_names(self._catalogue))

    def _range(self, action: Action) -> _Range:
        forms, besides = targets.forms_of(action, self._question.user)
        takes = partial(is_taken, self._catalogue, action)
        return _Range(forms, besides, action=str(action), takes=takes, real=action)

    def _within_of(self, reading: Reading, each: _Range) -> Within:
        """Return what a request of one range fits to be in the question, and to be real."""
        return joined(self._within, self._ties.of(each.real, direct=reading.direct))

    def _of_range(self, situation: Situation, reading: Reading, each: _Range) -> Witness | None:
        """Return a witness of one range, or None.

        Raises:
            Limit: if a policy variable stands in the way.
        """
        found = self._search(reading, each)
        if found is None:
            return None
        if not reading.linked and not reading.inexact:
            return self._checked(situation, reading, each, found)
        # what was found loosely may be right as it is
        if (witness := self._replayed(situation, reading, each, found)) is not None:
            return witness
        for assigned in reading.assignments(reading.linked, self._asked):
            settled = self._reading(situation, assigned)
            found = self._search(settled, each)
            if found is not None:
                return self._checked(situation, settled, each, found)
        linked = ", ".join(f"`${{{key}}}`" for key in sorted(reading.linked))
        why = [
            *([reasons.UNSETTLED.filled(keys=linked)] if linked else []),
            *(reading.inexact[key] for key in sorted(reading.inexact)),
        ]
        en, ja = ("; ".join(each) for each in zip(*((one.en, one.ja) for one in why), strict=True))
        raise Limit(Text(en, ja))

    def _target(self, reading: Reading, each: _Range) -> Target:
        names = each.takes or Texts(ACTION, targets.ANY_NAME, self._effort, words=each.words)
        return Target(reading, each.forms, each.besides, names)

    def _search(self, reading: Reading, each: _Range) -> _Found | None:
        self._effort.spend(_A_RULE * len(self._rules))
        target = self._target(reading, each)
        asked = (self._allowed, self._denied)
        limit: Limit | None = None
        for way in demands(target, reading, asked, self._within_of(reading, each)):
            try:
                found = search(way, target.theories, self._effort)
            except Limit as reason:
                limit = limit or reason
                continue
            if found is not None:
                return found
        if limit is not None:
            raise limit
        return None

    @cached_property
    def _catalogue(self) -> Catalogue:
        return load()

    @cached_property
    def _elements(self) -> tuple[Element, ...]:
        own = (rule.action for rule in self._rules)
        given = (element for element, _ in self._within.actions)
        return tuple(dict.fromkeys([*own, *given]))

    @cached_property
    def _sources(self) -> tuple[Source, ...]:
        """Where the action must come from: the fewest elements that are known to take it in."""
        wanted = [element for element, holds in self._within.actions if holds]
        if wanted or self._allowed is None:
            return (Source(wanted[0] if wanted else Element(("*",))),)
        # every group must allow; the identity-based policies stand last but for what limits them
        each = [[rule for rule in group if rule.effect is Effect.ALLOW] for group in self._allowed]
        fewest = min(each, key=lambda group: sum(breadth(rule.action) for rule in group))
        found = (Source(rule.action, services_of(rule.resource)) for rule in fewest)
        return tuple(dict.fromkeys(found))

    def _likely_first(self, found: _Found) -> Iterator[tuple[ActionClass, ...]]:
        """Yield the classes; before those of all services, the ones of what was found loosely."""
        services = services_of(Element((str(found.get(RESOURCE)),)))
        if services and any(each.services is None for each in self._sources):
            sources = tuple(replace(each, services=services) for each in self._sources)
            yield from classes(self._catalogue, self._elements, sources, self._ties)
        yield from self._classes

    @cached_property
    def _classes(self) -> tuple[tuple[ActionClass, ...], ...]:
        return classes(self._catalogue, self._elements, self._sources, self._ties)

    def _checked(
        self, situation: Situation, reading: Reading, each: _Range, found: _Found
    ) -> Witness:
        """Return what was found as a witness.

        Raises:
            InternalError: if the engine decides otherwise than the prover.
        """
        witness = self._replayed(situation, reading, each, found)
        if witness is None:
            raise InternalError(f"the engine decides otherwise than the prover on {found}")
        return witness

    def _replayed(
        self,
        situation: Situation,
        reading: Reading,
        each: _Range,
        found: _Found,
        question: Question | None = None,
    ) -> Witness | None:
        """Return what was found as a witness if the engine decides so, too."""
        action = each.action or str(found[ACTION])
        resource = str(found[RESOURCE])
        values = {key: value for key, value in found.items() if key not in (ACTION, RESOURCE)}
        request = reading.scope(action, resource, values, None).request
        return replayed(
            question or self._question, situation.held, request, exists=each.real is not None
        )


_LIKELY = ("s3:ListAllMyBuckets", "ec2:DescribeInstances", "iam:CreateUser")
"""Actions of the kind that is asked for where nearly everything is allowed."""

_A_RULE = 10
"""Steps that it takes to ask for what must hold for a statement to apply."""
