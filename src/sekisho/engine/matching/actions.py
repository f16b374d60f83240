"""`Action` and `NotAction`.

Source: IAM User Guide, "IAM JSON policy elements: Action", "… NotAction".
How they are read: docs/semantics.md#3-actions-and-resources.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sekisho.engine.matching import glob
from sekisho.engine.model.assumptions import TrackedAssumptions
from sekisho.engine.model.caching import cached_by_identity
from sekisho.policy import Document, Element, Statement


def statements_about(
    document: Document, action: str, tracked: TrackedAssumptions
) -> list[Statement]:
    """Return the statements whose `Action` or `NotAction` covers `action`."""
    lower = action.lower()
    return [
        statement
        for statement, listed in _entries_of(document)
        if _lists(listed, lower, tracked) != statement.action.negated
    ]


def matches(element: Element, action: str, tracked: TrackedAssumptions) -> bool:
    """Return whether the element covers `action`: `Action` if it lists it, `NotAction` if not."""
    return _lists(_entries(element), action.lower(), tracked) != element.negated


class _Entries(NamedTuple):
    """The entries of an element in lower case: case matters nowhere in an action.

    Attributes:
        everything: whether `*` or `*:*` is listed.
        literal: the entries without wildcards.
        names: the names that have wildcards, by the service that they belong to.
        any_service: service and name of the entries with a wildcard in the service.
    """

    everything: bool
    literal: frozenset[str]
    names: Mapping[str, Sequence[str]]
    any_service: Sequence[tuple[str, str]]


def _lists(entries: _Entries, action: str, tracked: TrackedAssumptions) -> bool:
    """Return whether an entry `service:Name` matches; `*` alone is every action.

    An entry without a name, or with white space, matches nothing: no request's action is so.
    """
    if entries.everything or action in entries.literal:
        return True
    if not (entries.names or entries.any_service):
        return False
    service, _, name = action.partition(":")
    for listed in entries.names.get(service, ()):
        if glob.like(listed, name):
            return True
    for service_like, name_like in entries.any_service:
        if glob.like(service_like, service) and glob.like(name_like, name):
            # AWS does not document wildcards in the prefix
            return tracked.wildcard_service_prefix()
    return False


@cached_by_identity
def _entries_of(document: Document) -> tuple[tuple[Statement, _Entries], ...]:
    return tuple((statement, _entries(statement.action)) for statement in document.statements)


@cached_by_identity
def _entries(element: Element) -> _Entries:
    names: dict[str, list[str]] = defaultdict(list)
    any_service: list[tuple[str, str]] = []
    literal: set[str] = set()
    lower = [value.lower() for value in element.values]
    for entry in lower:
        service, _, name = entry.partition(":")
        if _is_wild(service):
            any_service.append((service, name))
        elif _is_wild(name):
            names[service].append(name)
        else:
            literal.add(entry)
    everything = "*" in lower or "*:*" in lower
    return _Entries(everything, frozenset(literal), dict(names), any_service)


def _is_wild(text: str) -> bool:
    return "*" in text or "?" in text
