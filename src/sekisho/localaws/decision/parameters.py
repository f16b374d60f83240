"""Parameters for which AWS may require permissions that are not checked here.

A parameter that can point to another resource, a key, a policy, an owner or a place is either known
(a rule reads it, or the call's own action is checked for it), or harmless for a given reason, or it
needs an Allow of everything of its service on `*`, which includes any permission AWS may require.
The table is `data/parameters.json`; a test goes over every parameter of every operation.
"""

import json
import re
from collections.abc import Iterator, Mapping
from enum import Enum
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from sekisho.catalogue import AccessLevel, call_needs, load
from sekisho.lazy import dataclass
from sekisho.localaws.decision.classify import ApiCall
from sekisho.localaws.decision.resource_names import named_paths
from sekisho.localaws.decision.resources import RequiredPermission

_Path = tuple[str, ...]


class ParameterKind(Enum):
    """The kinds of parameters: one can require a further permission, the others cannot."""

    ASKED = "a rule reads it, or it names what the call's own action is about"
    ELSEWHERE = "roles are passed, tags are asked about, policies are refused"
    LISTED = "listed as harmless"
    READING = "the call only reads"
    PLAIN = "no word of it is one for anything of another service"
    NUMBER = "a number or a time names nothing"
    UNLISTED = "it can ask for more"


_ELSEWHERE = re.compile(
    "role|instanceprofile|polic(y|ies)"
    "|^tags?$|taglist|tagset|tagging|tagkeys|tagspec|tagstoadd|tagstoremove|resourcetags"
)


@dataclass(frozen=True, slots=True)
class _Table:
    words: Mapping[str, re.Pattern[str]]
    general: re.Pattern[str]
    reading: re.Pattern[str]
    harmless: tuple[Mapping[str, Any], ...]


@cache
def _table() -> _Table:
    text = (files("sekisho.localaws") / "data" / "parameters.json").read_text(encoding="utf-8")
    found = json.loads(text)
    return _Table(
        {service: re.compile(words) for service, words in found["words"].items()},
        re.compile(found["general"]),
        re.compile(found["reading"]),
        tuple(found["harmless"]),
    )


@dataclass(frozen=True, slots=True)
class ClassifiedParameter:
    """The kind of a parameter, and the service whose permission it may require."""

    kind: ParameterKind
    service: str = ""


def classify_parameter(
    call: ApiCall, path: _Path, *, is_number: bool = False
) -> ClassifiedParameter:
    """Return the kind of a parameter by its path: names of members, and keys of maps."""
    if is_number:
        return ClassifiedParameter(ParameterKind.NUMBER)
    return _classified(call.service, call.operation, call.actions, path)


@lru_cache(maxsize=16384)
def _classified(
    service: str, operation: str, actions: tuple[str, ...], path: _Path
) -> ClassifiedParameter:
    prefix = actions[0].partition(":")[0]
    steps = [_step(name) for name in path]
    if path[0] in _harmless(prefix, operation):
        return ClassifiedParameter(ParameterKind.LISTED)
    if any(step.is_elsewhere for step in steps):
        return ClassifiedParameter(ParameterKind.ELSEWHERE)
    reads = only_reads(actions)
    service_asked = _points_at(prefix, steps, reads=reads)
    if service_asked is None:
        return ClassifiedParameter(ParameterKind.READING if reads else ParameterKind.PLAIN)
    if _is_read(prefix, operation, path) or path in named_paths(service, operation, actions):
        return ClassifiedParameter(ParameterKind.ASKED)
    return ClassifiedParameter(ParameterKind.UNLISTED, service_asked)


def _points_at(prefix: str, steps: list["_Step"], *, reads: bool) -> str | None:
    """Return the service whose resources a parameter can point to; None if it cannot."""
    if reads:
        return prefix if any(step.points_when_reading for step in steps) else None
    others = (one for step in steps for one in step.services if one != prefix)
    return next(others, prefix if any(step.points for step in steps) else None)


@dataclass(frozen=True, slots=True)
class _Step:
    """The meaning of the words in one name.

    Attributes:
        services: the services whose resources it can point to.
        points: whether it can point at anything, of its own service too.
        points_when_reading: whether it can in a call that only reads.
    """

    is_elsewhere: bool
    services: tuple[str, ...]
    points: bool
    points_when_reading: bool


@lru_cache(maxsize=16384)
def _step(name: str) -> _Step:
    table, plain = _table(), plain_name(name)
    return _Step(
        _ELSEWHERE.search(plain) is not None,
        tuple(one for one, words in table.words.items() if words.search(plain)),
        table.general.search(plain) is not None,
        table.reading.search(plain) is not None,
    )


def plain_name(name: str) -> str:
    """Return a name in lower case, without separators."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


@cache
def _harmless(prefix: str, operation: str) -> frozenset[str]:
    return frozenset(
        name
        for entry in _table().harmless
        if entry["service"] == prefix
        and f"{prefix}:{operation}" in entry.get("of", [f"{prefix}:{operation}"])
        for name in entry["parameters"]
    )


@cache
def _is_read(prefix: str, operation: str, path: _Path) -> bool:
    """Return whether a rule of second permissions reads a parameter, or what it is inside of."""
    return any(
        list(path[: len(steps)]) == steps
        for need in call_needs(prefix, operation)
        for given in (*need.shown_by, need.region)
        if (steps := given.replace("[]", "").split("."))
    )


@cache
def only_reads(actions: tuple[str, ...]) -> bool:
    """Return whether all actions of a call only read."""
    known = [load().action(name) for name in actions]
    return all(one is not None and one.level in _READS for one in known)


_READS = frozenset({AccessLevel.LIST, AccessLevel.READ})


def unlisted_permissions(call: ApiCall) -> Iterator[RequiredPermission]:
    """Yield every action of a service, on everything, for each parameter that may require one."""
    seen: set[str] = set()
    prefix = call.actions[0].partition(":")[0]
    listed = _harmless(prefix, call.operation)
    params = {name: one for name, one in call.params.items() if name not in listed}
    for path, value in leaves(params):
        found = classify_parameter(call, path, is_number=not isinstance(value, str | bytes | bool))
        service = _service_in_arn(value) or found.service
        # regardless of its name: an ARN points to a resource
        points = found.kind is ParameterKind.PLAIN and service not in {"", prefix}
        if (points or found.kind is ParameterKind.UNLISTED) and service not in seen:
            seen.add(service)
            yield RequiredPermission(f"{service}:*", None, parameter=".".join(path))


_ARN = re.compile(r"arn:[^:]*:([a-z0-9-]+):|(s3)://")


def _service_in_arn(value: object) -> str:
    """Return the service whose resource a value names, as an ARN or an address of S3."""
    found = _ARN.match(value) if isinstance(value, str) else None
    return found[1] or found[2] if found else ""


def leaves(value: object, path: _Path = ()) -> Iterator[tuple[_Path, object]]:
    """Yield each given value with its path; empty and false values require nothing."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from leaves(inner, (*path, str(name)))
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, path)
    elif value not in (None, "", b"", False):
        yield path, value
