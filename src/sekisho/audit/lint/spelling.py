"""The names that exist, and the likely intended name for one that does not."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from sekisho.audit.lint.engine_queries import Work
from sekisho.catalogue import Catalogue
from sekisho.errors import nearest

_MOST_GUESSES = 5
"""The most suggestions: searching them is slow, and a person corrects a few at a time."""

_MOST_COMPARED = 30_000
"""The most comparisons of the catalogue's actions with wildcards; no policy needs more."""


@cache
def global_keys() -> tuple[frozenset[str], frozenset[str]]:
    """Return AWS's global condition keys in AWS's spelling: all, and the multivalued ones.

    A key that is followed by a tag's name ends in `/`.
    """
    data = _global_keys()
    single = frozenset(data["single"]) | frozenset(data["tagged"])
    return single | frozenset(data["multi"]), frozenset(data["multi"])


@cache
def cross_service_keys() -> frozenset[str]:
    """Return the keys with a service's prefix that requests to other services have as well."""
    return frozenset(key.lower() for key in _global_keys()["crossService"])


@cache
def _global_keys() -> Any:
    path = Path(__file__).parent / "data" / "global-keys.json"
    return json.loads(path.read_text(encoding="utf-8"))


class Speller:
    """Looks names up in the catalogue, and suggests a near one a few times."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._guesses = 0
        self._expanded: dict[str, bool] = {}
        self._work = Work(_MOST_COMPARED)

    @property
    def exhausted(self) -> bool:
        """Whether there were too many wildcards to look up: the rest is a gap."""
        return self._work.exhausted

    def is_service(self, prefix: str) -> bool:
        """Return whether AWS has a service with this prefix, in any case."""
        return self._catalogue.service_name(prefix) is not None

    def is_action(self, pattern: str) -> bool:
        """Return whether a pattern of a known service matches any of its actions."""
        key = pattern.lower()
        if set("*?") & set(key):
            # one step for each action, and for each star that may be tried again
            service = self._catalogue.actions(key.partition(":")[0])
            self._work.add(len(service) * (1 + key.count("*")))
        if self.exhausted:
            return True
        if key not in self._expanded:
            self._expanded[key] = any(self._catalogue.matching(pattern))
        return self._expanded[key]

    def near_service(self, prefix: str) -> str:
        """Return the service most like `prefix`, or ""."""
        return self._near(prefix, self._catalogue.services())

    def near_action(self, pattern: str) -> str:
        """Return the action of the same service most like `pattern`, or ""."""
        prefix, _, name = pattern.partition(":")
        known = tuple(action.name for action in self._catalogue.actions(prefix.lower()))
        near = self._near(name, known)
        return f"{prefix.lower()}:{near}" if near else ""

    def near_global_key(self, key: str) -> str:
        """Return the global condition key most like `key`, or ""."""
        return self._near(key, tuple(sorted(global_keys()[0])))

    def _near(self, text: str, known: tuple[str, ...]) -> str:
        if self._guesses >= _MOST_GUESSES:
            return ""
        self._guesses += 1
        return nearest(text, known, likeness=0.75) or ""
