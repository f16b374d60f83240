"""`Action` and `NotAction`, resolved once for each name of an action."""

from collections import defaultdict

from sekisho.engine import glob
from sekisho.engine.compiled.templates import Test, Unsure, Values, test_of
from sekisho.policy.document import Element

__all__ = ["ActionIndex"]


_NO_VALUES: Values = {}


class ActionIndex:
    """The entries of one element, by service: the literal names, and the patterns of names."""

    def __init__(self, element: Element) -> None:
        self._negated = element.negated
        self._all = False
        self._literal: set[str] = set()
        self._patterns: dict[str, list[Test]] = defaultdict(list)
        self._loose: list[tuple[str, str]] = []
        for entry in element.values:
            self._add(entry.lower())

    def _add(self, entry: str) -> None:
        service, _, name = entry.partition(":")
        # other wildcards in the service's name are doubtful
        if entry in ("*", "*:*"):
            self._all = True
        elif "*" in service or "?" in service:
            self._loose.append((service, name))
        elif "*" in name or "?" in name:
            self._patterns[service].append(test_of(glob.wildcards(name)))
        else:
            self._literal.add(f"{service}:{name}")

    def takes_in(self, action: str) -> bool:
        """Tell whether the element takes in `action`, given in lower case.

        Raises:
            Unsure: if that rests on a wildcard in the service's name.
        """
        service, _, name = action.partition(":")
        listed = (
            self._all
            or action in self._literal
            or any(test(name, _NO_VALUES) for test in self._patterns.get(service, ()))
        )
        if not listed and any(
            glob.like(one, service) and glob.like(other, name) for one, other in self._loose
        ):
            raise Unsure
        return listed != self._negated
