"""The ranges of a question: one action and its resources, or all names that do not exist yet."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

from sekisho.catalogue import Action, Catalogue, load
from sekisho.engine import actions
from sekisho.engine.doubts import Doubts
from sekisho.policy.document import Effect, Element
from sekisho.prover import targets
from sekisho.prover.formula import Rule, Within
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
from sekisho.prover.targets import Place
from sekisho.prover.texts import NO_WORDS, Patterns, Words
from sekisho.prover.ties import Ties

__all__ = ["Range", "Ranges"]


@dataclass(frozen=True, slots=True)
class Range:
    """The resources and the names that are looked at together."""

    forms: Patterns
    besides: str | None
    action: str | None = None
    takes: Callable[[Element], bool] | None = None
    words: Words = NO_WORDS
    real: Action | None = None

    @property
    def empty(self) -> bool:
        """Whether there is no resource at all."""
        return self.besides is None and not self.forms.all


class Ranges:
    """Everything that a request of a question can be about.

    Args:
        allowed: the statements that must allow, group by group; None: none must.
        rules: every statement.
        within: what the question is restricted to.
        ties: what goes together in a request.
        doubts: the assumptions.
    """

    def __init__(
        self,
        allowed: Sequence[Sequence[Rule]] | None,
        rules: Sequence[Rule],
        within: Within,
        ties: Ties,
        doubts: Doubts,
    ) -> None:
        self._allowed = allowed
        self._rules = rules
        self._within = within
        self._ties = ties
        self._doubts = doubts

    @cached_property
    def catalogue(self) -> Catalogue:
        """The real actions."""
        return load()

    @cached_property
    def classes(self) -> tuple[tuple[ActionClass, ...], ...]:
        """The real actions that can be asked about, those together that are alike."""
        return classes(self.catalogue, self._elements, self._sources, self._ties)

    def likely_first(self, resource: str) -> Iterator[tuple[ActionClass, ...]]:
        """Yield the classes; before those of all services, the ones of a resource's."""
        services = services_of(Element((resource,)))
        if services and any(each.services is None for each in self._sources):
            sources = tuple(replace(each, services=services) for each in self._sources)
            yield from classes(self.catalogue, self._elements, sources, self._ties)
        yield from self.classes

    def likely(self, found: str | None, place: Place) -> Iterator[Range]:
        """Yield what a request is likely about: where much is open, some of these is."""
        for name in (*([found] if found else []), *_LIKELY):
            action = self.catalogue.action(name)
            if action is not None:
                yield self.of(action, place)

    def unknown(self, place: Place) -> Iterator[Range]:
        """Yield the names that policies spell out and the catalogue does not know, and all new."""
        forms, besides = targets.new_resource(place)
        for name in unknown_names(self.catalogue, self._elements):
            yield Range(forms, besides, name, partial(_spelled, name, self._doubts))
        yield Range(forms, besides, words=known_names(self.catalogue))

    def of(self, action: Action, place: Place) -> Range:
        """Return the range of one action."""
        forms, besides = targets.forms_of(action, place)
        takes = partial(is_taken, self.catalogue, action)
        return Range(forms, besides, str(action), takes, real=action)

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


_LIKELY = ("s3:ListAllMyBuckets", "ec2:DescribeInstances", "iam:CreateUser")
"""Actions of the kind that is asked for where nearly everything is allowed."""


def _spelled(action: str, doubts: Doubts, element: Element) -> bool:
    return actions.matches(element, action, doubts)
