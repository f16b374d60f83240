"""Real actions, in classes: those that no element of the policies tells apart.

Two actions are alike if every element takes in both or neither, and if they are checked against
resources of the same types. One of a class answers for all of it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from sekisho.catalogue import Action, Catalogue
from sekisho.policy.document import Element
from sekisho.prover.texts import Words

__all__ = ["ActionClass", "Names", "is_taken", "known_names"]

_ALL = "*"


@dataclass(frozen=True, slots=True)
class ActionClass:
    """Actions that are alike; the first answers for all."""

    actions: tuple[Action, ...]


class Names:
    """The catalogue's actions as the elements of some policies see them."""

    def __init__(self, catalogue: Catalogue, elements: Iterable[Element]) -> None:
        self._catalogue = catalogue
        taken = {element: _taken(catalogue, element) for element in elements}
        # what takes in everything, or nothing, tells nothing apart
        self._taken = {element: names for element, names in taken.items() if names is not None}

    def within(self, element: Element) -> Iterator[Action]:
        """Yield the actions that an element takes in."""
        if element.negated:
            out = _taken(self._catalogue, Element(element.values)) or frozenset()
            everything = self._catalogue.expand(_ALL) if _ALL not in element.values else ()
            yield from (one for one in everything if _name(one) not in out)
            return
        for entry in element.values:
            yield from _expanded(self._catalogue, entry)

    def classes(
        self, actions: Iterable[Action], apart: Callable[[Action], object]
    ) -> list[list[ActionClass]]:
        """Return the classes of some actions, in the order in which they are met.

        Those that differ only in the types of their resources, or in what `apart` returns, stand
        in one list.
        """
        found: dict[int, dict[object, dict[str, Action]]] = {}
        taken_by: dict[str, int] = {}
        for place, names in enumerate(self._taken.values()):
            for name in names:
                taken_by[name] = taken_by.get(name, 0) | 1 << place
        for action in actions:
            name = _name(action)
            alike = found.setdefault(taken_by.get(name, 0), {})
            alike.setdefault((action.resource_types, apart(action)), {})[name] = action
        return [
            [ActionClass(tuple(one.values())) for one in alike.values()] for alike in found.values()
        ]


def is_taken(catalogue: Catalogue, action: Action, element: Element) -> bool:
    """Tell whether an element takes in a real action."""
    names = _taken(catalogue, element)
    listed = names is None or _name(action) in names
    return listed is not element.negated


@cache
def known_names(catalogue: Catalogue) -> Words:
    """Return the names of all real actions, in lower case."""
    return Words(_name(action) for action in catalogue.expand(_ALL))


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
