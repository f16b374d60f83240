"""The IAM actions by which a call was authorised, by the record's `eventSource` and `eventName`.

Most events have the name of an operation, and most operations are their own action; the catalogue
has the others. Names that CloudTrail alone uses are in `data/event-names.json`, with the source of
each block. An unknown name is marked as such: it may be any action of its service.
"""

import json
import re
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from sekisho.catalogue import iam_actions, load
from sekisho.lazy import dataclass


@dataclass(frozen=True, slots=True)
class CalledActions:
    """The IAM actions of a call.

    Attributes:
        asked: all of these are asked; empty if they are not known.
        either: one of these was asked, and the record does not tell which; of an unknown name
            every action of the service. Empty if `asked` are known, or the service is not.
        guessed: whether the event's name is not known.
    """

    asked: tuple[str, ...] = ()
    either: tuple[str, ...] = ()
    guessed: bool = False


_VERSION = re.compile(r"(?:\d{8}|\d{4}_\d{2}_\d{2})(?:v\d+)?")
"""The suffixes of Lambda's and CloudFront's event names: `CreateFunction20150331` and the like."""

DOMAINS = (".amazonaws.com.cn", ".amazonaws.com", ".amazonaws.eu", ".aws.amazon.com")
"""The suffixes of services' names, as sources of events and of calls."""


@lru_cache(maxsize=8_192)
def called_actions(source: str | None, name: str | None) -> CalledActions:
    """Return the actions by which a call of an event's source and name was authorised."""
    services = services_of(source)
    names = _spellings(name or "")
    either = _table("either")
    for service in services:
        for one in names:
            if found := either.get(service, {}).get(one):
                return CalledActions(either=found)
            if found := _table("names").get(service, {}).get(one) or iam_actions(service, one):
                return CalledActions(found)
    return CalledActions(either=_every_action(services), guessed=True)


@lru_cache(maxsize=512)
def _every_action(services: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(str(action) for service in services for action in load().actions(service))


def services_of(source: str | None) -> tuple[str, ...]:
    """Return the service prefixes that an event source may have; empty if it is unknown."""
    label = label_of(source)
    found = _sources().get(label) or (label,)
    return tuple(one for one in found if load().service_name(one) is not None)


def label_of(source: str | None) -> str:
    """Return the part of an event source that names the service: `s3` of `s3.amazonaws.com`."""
    label = source or ""
    for domain in DOMAINS:
        if label.endswith(domain):
            return label.removesuffix(domain)
    return label.partition(".")[0]


def _spellings(name: str) -> tuple[str, ...]:
    """Return an event's name, with and without the date of the API's version."""
    found = _VERSION.search(name)
    return (name, name[: found.start()]) if found and found.end() == len(name) else (name,)


_Names = Mapping[str, Mapping[str, tuple[str, ...]]]


@cache
def _blocks() -> list[Mapping[str, Any]]:
    path = Path(__file__).parent / "data" / "event-names.json"
    found: list[Mapping[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["blocks"]
    return found


@cache
def _sources() -> Mapping[str, tuple[str, ...]]:
    return {
        label: tuple(services)
        for block in _blocks()
        for label, services in block.get("sources", {}).items()
    }


@cache
def _table(kind: str) -> _Names:
    return {
        service: {name: tuple(actions) for name, actions in names.items()}
        for block in _blocks()
        for service, names in block.get(kind, {}).items()
    }
