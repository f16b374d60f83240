"""The actions of a question: classes of real ones, and all names that may come to exist.

Real actions are in one class if no element of the policies distinguishes them, if they are checked
against resources of the same types, and if they have the same ties to keys (the region of the
action, and the tags in it). One action of a class answers for all.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache, cached_property, lru_cache, partial

from sekisho.catalogue import Action, ActionPatterns, Catalogue, load, unlisted_keys
from sekisho.engine.matching import TrackedAssumptions, actions, arns
from sekisho.lazy import dataclass
from sekisho.policy import Effect, Element
from sekisho.prover.reading import keys, resources
from sekisho.prover.reading.resources import ResourcePlace
from sekisho.prover.search.formula import Restriction, StatementRule
from sekisho.prover.search.ties import Ties
from sekisho.prover.solver.names import known_names, unknown_names
from sekisho.prover.solver.texts import NO_WORDS, Patterns, Words

_ALL = "*"
_OPEN = frozenset("*?$")
_UP_TO_SERVICE = 3


@dataclass(frozen=True, slots=True)
class ActionClass:
    """Equivalent actions; the first one represents all."""

    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class ActionSource:
    """The source of a question's actions.

    Attributes:
        action: the element that covers them.
        services: services of their resources, in lower case; None: any, and `*`.
    """

    action: Element
    services: frozenset[str] | None = None

    def actions(self, catalogue: Catalogue) -> Iterator[Action]:
        """Yield the actions."""
        if self.services is not None:
            yield from self._on_resources(catalogue, (*self.services, ""))
        elif self.action.negated:
            names = _included(catalogue, self.action)
            everything = _expanded(catalogue, _ALL) if names is not None else ()
            yield from (one for one in everything if str(one).lower() not in (names or ()))
        else:
            for entry in self.action.values:
                yield from _expanded(catalogue, entry)

    def _on_resources(self, catalogue: Catalogue, services: Sequence[str]) -> Iterator[Action]:
        """Yield the actions that are checked against resources of some services, in order."""
        names = None if self.action.negated else _included(catalogue, self.action)
        if names is not None:
            # the whole catalogue is slow to read; in its order, `a:z` stands before `a-b:a`
            for name in sorted(names, key=lambda name: name.split(":")):
                action = catalogue.action(name)
                if action is not None and not _services_of(action).isdisjoint(services):
                    yield action
            return
        by_service = _by_service(catalogue)
        found: dict[int, Action] = {}
        for service in services:
            found |= by_service.get(service, {})
        inside = (found[place] for place in sorted(found))
        yield from (one for one in inside if includes_action(one, self.action))


def services_of(resource: Element) -> frozenset[str] | None:
    """Return the services whose resources a `Resource` is limited to; None if it is not limited.

    A wildcard before the end of the service may match colons, if an assumption allows it.
    """
    heads = [arns.split(entry)[:_UP_TO_SERVICE] for entry in resource.values]
    named = all(len(head) == _UP_TO_SERVICE and _OPEN.isdisjoint("".join(head)) for head in heads)
    return frozenset(head[-1].lower() for head in heads) if named and not resource.negated else None


@lru_cache(maxsize=4_096)
def _listed_services(resource: Element) -> frozenset[str] | None:
    """Return the services in the resources of an element, to include or to exclude."""
    # the value of a variable may matter to all
    if any("$" in entry for entry in resource.values):
        return None
    return services_of(Element(resource.values))


def _is_apart(action: Action, resource: Element) -> bool:
    """Return whether an element lists only resources of services other than an action's."""
    listed, own = _listed_services(resource), _services_of(action)
    return listed is not None and "" not in own and own.isdisjoint(listed)


@cache
def _by_service(catalogue: Catalogue) -> dict[str, dict[int, Action]]:
    """Return the actions by the services of the ARNs that they are checked against; "": any.

    Each is under its place in the catalogue.
    """
    result: dict[str, dict[int, Action]] = {}
    for place, action in enumerate(catalogue.expand(_ALL)):
        for service in _services_of(action):
            result.setdefault(service, {})[place] = action
    return result


def _services_of(action: Action) -> frozenset[str]:
    """Return the services of the ARNs that an action is checked against; "": any."""
    return frozenset(_service_of(kind.arn) for kind in action.resource_types)


@cache
def _service_of(template: str) -> str:
    """Return the service of a template of ARNs; "" if it is variable."""
    service = "".join(arns.split(template)[2:_UP_TO_SERVICE]).lower()
    return service if _OPEN.isdisjoint(service) else ""


class _EquivalentKinds:
    """The kinds of actions that are equivalent under some ties: the same number in `by_kind`."""

    def __init__(self, ties: Ties) -> None:
        self._ties = ties
        self._numbers: dict[object, int] = {}
        self.by_kind: dict[int, int] = {}

    def add(self, kind: int, action: Action) -> int:
        """Return a new number for the kind of `action`."""
        tied = (action.resource_types, self._ties.restriction_of(action, direct=True))
        number = self._numbers.setdefault(tied, len(self._numbers))
        self.by_kind[kind] = number
        return number


# most questions of a process have one of few
_equivalent_kinds = lru_cache(maxsize=32)(_EquivalentKinds)


@lru_cache(maxsize=64)
def classes(
    catalogue: Catalogue,
    elements: tuple[Element, ...],
    sources: tuple[ActionSource, ...],
    ties: Ties,
) -> tuple[tuple[ActionClass, ...], ...]:
    """Return the classes of the actions of some sources, in order of first occurrence.

    The classes that the elements do not distinguish are in one list.
    """
    # an element that matches everything or nothing distinguishes nothing
    included = [names for each in elements if (names := _included(catalogue, each)) is not None]
    by_name: dict[str, int] = {}
    for place, names in enumerate(included):
        for name in names:
            by_name[name] = by_name.get(name, 0) | 1 << place
    kinds = _equivalent_kinds(ties)
    found: dict[int, dict[int, dict[str, Action]]] = {}
    for action in (one for source in sources for one in source.actions(catalogue)):
        name, kind, _ = _name_and_kind(action)
        number = kinds.by_kind.get(kind)
        if number is None:
            number = kinds.add(kind, action)
        found.setdefault(by_name.get(name, 0), {}).setdefault(number, {})[name] = action
    return tuple(
        tuple(ActionClass(tuple(one.values())) for one in group.values())
        for group in found.values()
    )


def breadth(element: Element) -> int:
    """Return the approximate number of actions that an element matches."""
    if element.negated or _ALL in element.values:
        return _EVERYTHING
    return sum(_WILDCARDS if set(entry) & set("*?") else 1 for entry in element.values)


_EVERYTHING = 1_000_000
_WILDCARDS = 1_000


def includes_action(action: Action, element: Element) -> bool:
    """Return whether an element matches a real action."""
    # to ask about one action, the whole catalogue is slow to read
    listed = _ALL in element.values or _patterns_of(element.values).match(action)
    return listed is not element.negated


_patterns_of = lru_cache(maxsize=4_096)(ActionPatterns)


_NAMES_AND_KINDS: dict[int, tuple[str, int, Action]] = {}
"""Results of `_name_and_kind`, by the identities of the actions.

Each is in its entry, so that it lives as long as that, and no other gets its identity.
"""

_KINDS: dict[tuple[object, ...], int] = {}


def _name_and_kind(action: Action) -> tuple[str, int, Action]:
    """Return an action's name in lower case and the number of its kind, with the action itself.

    Actions of one kind are the same in all that resources and ties depend on. Every question asks
    this for every action, and comparing their parts would take longer than the rest.
    """
    result = _NAMES_AND_KINDS.get(id(action))
    if result is None:
        tagged = keys.has_tags_of_nothing(action)
        apart = (keys.is_where_iam_is(action), tagged, unlisted_keys(action))
        kind = (action.service, apart, action.resource_types, action.condition_keys)
        number = _KINDS.setdefault(kind, len(_KINDS))
        result = (f"{action.service}:{action.name}".lower(), number, action)
        _NAMES_AND_KINDS[id(action)] = result
    return result


@lru_cache(maxsize=4_096)
def _included(catalogue: Catalogue, element: Element) -> frozenset[str] | None:
    """Return the names that the entries match; None if one of them matches all."""
    if _ALL in element.values:
        return None
    return frozenset(
        str(action).lower() for entry in element.values for action in _expanded(catalogue, entry)
    )


_expanded = lru_cache(maxsize=65_536)(Catalogue.expand)


@dataclass(frozen=True, slots=True)
class RequestRange:
    """The resources and the names that are looked at together.

    Attributes:
        forms: of the resource's ARN.
        star: `*`, if the resource can be that.
        action: the one action; None: any name.
        action_is_in: tells whether an `Action` or `NotAction` takes it in; None: any name.
        excluded_names: of any name, those that are left out.
        real: the action, if it is one of the catalogue.
        known: whether AWS is known to have such requests.
    """

    forms: Patterns
    star: str | None
    action: str | None = None
    action_is_in: Callable[[Element], bool] | None = None
    excluded_names: Words = NO_WORDS
    real: Action | None = None
    known: bool = True

    @property
    def empty(self) -> bool:
        """Whether there is no resource at all."""
        return self.star is None and not self.forms.all


class RequestRanges:
    """Everything that a request of a question can be about.

    Args:
        allowed: the statements that must allow, group by group; None: none must.
        rules: every statement.
        restriction: the restriction of the question.
        ties: the dependencies within a request.
        tracked: the assumptions.
    """

    def __init__(
        self,
        allowed: Sequence[Sequence[StatementRule]] | None,
        rules: Sequence[StatementRule],
        restriction: Restriction,
        ties: Ties,
        tracked: TrackedAssumptions,
    ) -> None:
        self._allowed = allowed
        self._rules = rules
        self._within = restriction
        self._ties = ties
        self._tracked = tracked

    @cached_property
    def catalogue(self) -> Catalogue:
        """The real actions."""
        return load()

    @cached_property
    def classes(self) -> tuple[tuple[ActionClass, ...], ...]:
        """The real actions in question, grouped by equivalence."""
        return classes(self.catalogue, self._elements, self._sources, self._ties)

    def likely_first(self, resource: str) -> Iterator[tuple[ActionClass, ...]]:
        """Yield the classes of actions; those of a resource's services come first."""
        services = services_of(Element((resource,)))
        if services and any(each.services is None for each in self._sources):
            sources = tuple(replace(each, services=services) for each in self._sources)
            yield from classes(self.catalogue, self._elements, sources, self._ties)
        yield from self.classes

    def likely(self, found: str | None, place: ResourcePlace) -> Iterator[RequestRange]:
        """Yield the likely ranges of a request: where much is allowed, one of these is enough."""
        for name in (*([found] if found else []), *_LIKELY):
            action = self.catalogue.action(name)
            if action is not None:
                yield self.range_of(action, place)

    def beyond(
        self, place: ResourcePlace, may_answer: Callable[[Sequence[ActionClass]], bool]
    ) -> Iterator[RequestRange]:
        """Yield the ranges that AWS may have and the catalogue does not know.

        These are real actions on any ARN, if their classes may answer, and all other names.
        """
        sources = tuple(dict.fromkeys(ActionSource(each.action) for each in self._sources))
        for group in classes(self.catalogue, self._elements, sources, self._ties):
            if may_answer(group):
                first = (each.actions[0] for each in reversed(group))
                for action in {self._tied(each): each for each in first}.values():
                    forms, star = resources.beyond_catalogue(place, action.service)
                    is_in = partial(includes_action, action)
                    yield RequestRange(forms, star, str(action), is_in, real=action, known=False)
        for name in unknown_names(self.catalogue, self._elements):
            forms, star = resources.beyond_catalogue(place, name.partition(":")[0].lower())
            is_in = partial(_is_spelled_in, name, self._tracked)
            yield RequestRange(forms, star, name, is_in, known=False)
        forms, star = resources.beyond_catalogue(place)
        words = known_names(self.catalogue)
        # `*` alone first: the request is easier to read
        yield RequestRange(Patterns(()), star, excluded_names=words, known=False)
        yield RequestRange(forms, None, excluded_names=words, known=False)

    def _tied(self, action: Action) -> object:
        return tuple(self._ties.restriction_of(action, direct=direct) for direct in (True, False))

    def range_of(self, action: Action, place: ResourcePlace) -> RequestRange:
        """Return the range of one action."""
        place = replace(place, region=self._ties.region_of(action))
        forms, star = resources.forms_of(action, place)
        is_in = partial(includes_action, action)
        return RequestRange(forms, star, str(action), is_in, real=action)

    def resources_of(self, action: Action) -> tuple[Element, ...]:
        """Return the elements that may distinguish resources of an action."""
        is_in = partial(includes_action, action)
        named = (rule.resource for rule in self._rules if is_in(rule.action))
        given = (element for element, _ in self._within.resources)
        return tuple(dict.fromkeys(each for each in (*named, *given) if _ALL not in each.values))

    def equivalence_key(
        self, action: Action, places: Iterable[ResourcePlace], elements: Iterable[Element]
    ) -> object:
        """Return a key that is equal for actions of one class list with equal answers; None: none.

        Args:
            action: one of the actions.
            places: where the resources are.
            elements: the elements that take in some ARNs, and not all.
        """
        if not all(_is_apart(action, each) for each in elements):
            return None
        some = tuple(resources.kinds_of_target(action, each) for each in places)
        return some, self._tied(action)

    @cached_property
    def _elements(self) -> tuple[Element, ...]:
        own = (rule.action for rule in self._rules)
        given = (element for element, _ in self._within.actions)
        return tuple(dict.fromkeys([*own, *given]))

    @cached_property
    def _sources(self) -> tuple[ActionSource, ...]:
        """The sources of the action: the smallest set of elements known to cover it."""
        wanted = [element for element, holds in self._within.actions if holds]
        if wanted or self._allowed is None:
            return (ActionSource(wanted[0] if wanted else Element(("*",))),)
        # every group must allow; identity-based policies come last, before those that limit them
        each = [[rule for rule in group if rule.effect is Effect.ALLOW] for group in self._allowed]
        fewest = min(each, key=lambda group: sum(breadth(rule.action) for rule in group))
        found = (ActionSource(rule.action, services_of(rule.resource)) for rule in fewest)
        return tuple(dict.fromkeys(found))


_LIKELY = ("s3:ListAllMyBuckets", "ec2:DescribeInstances", "iam:CreateUser")
"""Actions that are usually allowed where nearly everything is allowed."""


def _is_spelled_in(action: str, tracked: TrackedAssumptions, element: Element) -> bool:
    return actions.matches(element, action, tracked)
