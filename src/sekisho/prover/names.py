"""Real actions, in classes: those that no element of the policies tells apart.

Two actions are alike if every element takes in both or neither, if they are checked against
resources of the same types, and if the same keys are tied to both. One of a class answers for all.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from sekisho.catalogue import Action, Catalogue
from sekisho.engine import arns
from sekisho.policy.document import Element
from sekisho.prover.texts import Words
from sekisho.prover.ties import Ties

__all__ = [
    "ActionClass",
    "Source",
    "breadth",
    "classes",
    "is_taken",
    "known_names",
    "services_of",
    "unknown_names",
]

_ALL = "*"
_OPEN = frozenset("*?$")
_UP_TO_SERVICE = 3


@dataclass(frozen=True, slots=True)
class ActionClass:
    """Actions that are alike; the first answers for all."""

    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """Where the actions of a question come from.

    Attributes:
        action: what takes them in.
        services: whose resources they can be about, in lower case; None: any, and `*`.
    """

    action: Element
    services: frozenset[str] | None = None

    def actions(self, catalogue: Catalogue) -> Iterator[Action]:
        """Yield the actions."""
        if self.services is not None:
            by_service = _by_service(catalogue)
            places: dict[Action, int] = {}
            for service in (*self.services, ""):
                places |= by_service.get(service, {})
            taken = (one for one in places if is_taken(catalogue, one, self.action))
            yield from sorted(taken, key=places.__getitem__)
        elif self.action.negated:
            everything = catalogue.expand(_ALL) if _ALL not in self.action.values else ()
            yield from (one for one in everything if is_taken(catalogue, one, self.action))
        else:
            for entry in self.action.values:
                yield from _expanded(catalogue, entry)


def services_of(resource: Element) -> frozenset[str] | None:
    """Return the services of which a `Resource` takes in resources alone; None if of any.

    A wildcard before the end of the service may take in colons, if an assumption says so.
    """
    heads = [arns.split(entry)[:_UP_TO_SERVICE] for entry in resource.values]
    named = all(len(head) == _UP_TO_SERVICE and _OPEN.isdisjoint("".join(head)) for head in heads)
    return frozenset(head[-1].lower() for head in heads) if named and not resource.negated else None


@cache
def _by_service(catalogue: Catalogue) -> dict[str, dict[Action, int]]:
    """Return the actions by the services of the ARNs that they are checked against; "": any.

    Each has its place in the catalogue.
    """
    found: dict[str, dict[Action, int]] = {}
    for place, action in enumerate(catalogue.expand(_ALL)):
        for kind in action.resource_types:
            service = "".join(arns.split(kind.arn)[2:_UP_TO_SERVICE]).lower()
            key = service if _OPEN.isdisjoint(service) else ""
            found.setdefault(key, {})[action] = place
    return found


@lru_cache(maxsize=64)
def classes(
    catalogue: Catalogue, elements: tuple[Element, ...], sources: tuple[Source, ...], ties: Ties
) -> tuple[tuple[ActionClass, ...], ...]:
    """Return the classes of the actions of some sources, in the order in which they are met.

    Those that the elements do not tell apart stand in one list.
    """
    # what takes in everything, or nothing, tells nothing apart
    taken = [names for each in elements if (names := _taken(catalogue, each)) is not None]
    found: dict[int, dict[object, dict[str, Action]]] = {}
    for action in (one for source in sources for one in source.actions(catalogue)):
        name = _name(action)
        by_elements = sum((name in names) << place for place, names in enumerate(taken))
        alike = found.setdefault(by_elements, {})
        alike.setdefault((action.resource_types, ties.of(action, direct=True)), {})[name] = action
    return tuple(
        tuple(ActionClass(tuple(one.values())) for one in alike.values())
        for alike in found.values()
    )


def breadth(element: Element) -> int:
    """Return about how many actions an element takes in."""
    if element.negated or _ALL in element.values:
        return _EVERYTHING
    return sum(_WILDCARDS if set(entry) & set("*?") else 1 for entry in element.values)


_EVERYTHING = 1_000_000
_WILDCARDS = 1_000


def is_taken(catalogue: Catalogue, action: Action, element: Element) -> bool:
    """Tell whether an element takes in a real action."""
    names = _taken(catalogue, element)
    listed = names is None or _name(action) in names
    return listed is not element.negated


@cache
def known_names(catalogue: Catalogue) -> Words:
    """Return the names of all real actions, in lower case."""
    return Words(_name(action) for action in catalogue.expand(_ALL))


def unknown_names(catalogue: Catalogue, elements: Iterable[Element]) -> list[str]:
    """Return the names that elements spell out and the catalogue does not know."""
    entries = dict.fromkeys(entry for one in elements for entry in one.values)
    return [entry for entry in entries if _is_name(entry) and catalogue.action(entry) is None]


def _is_name(entry: str) -> bool:
    service, _, name = entry.partition(":")
    odd = any(char in "*?:" or char.isspace() for char in f"{service}{name}")
    return bool(service and name) and entry.isascii() and not odd


def _name(action: Action) -> str:
    return f"{action.service}:{action.name}".lower()


@lru_cache(maxsize=4_096)
def _taken(catalogue: Catalogue, element: Element) -> frozenset[str] | None:
    """Return the names that the entries match; None if one of them matches all."""
    if _ALL in element.values:
        return None
    return frozenset(
        _name(action) for entry in element.values for action in _expanded(catalogue, entry)
    )


@lru_cache(maxsize=65_536)
def _expanded(catalogue: Catalogue, entry: str) -> tuple[Action, ...]:
    return catalogue.expand(entry)
