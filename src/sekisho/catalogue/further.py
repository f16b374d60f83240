"""What else AWS asks about in one call: resources of further kinds, and further permissions.

The Service Authorization Reference marks the kinds of resource that an action requires. Where it
marks too few, or alternatives, `data/needed-resources.json` says so. A call can need a second
permission (`iam:PassRole`, a KMS key's): these are the rules of `data/also-needs.json`. Both have a
date, and a source for each entry.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from sekisho.catalogue.store import Action, ResourceType, load, matches
from sekisho.messages import Message


@cache
def _read(name: str) -> Any:
    path = files("sekisho.catalogue") / "data" / name
    return json.loads(path.read_text(encoding="utf-8"))


KindGroup = tuple[ResourceType, ...]
"""Kinds of resource of which one is named; a kind with several forms of ARN is in it in each."""


@lru_cache(maxsize=4096)
def needed_kinds(name: str) -> tuple[KindGroup, ...]:
    """Return the kinds of resource of which every request of an action names one of each group.

    Args:
        name: the action, in any case; one that the catalogue does not have needs none.
    """
    action = load().action(name)
    if action is None:
        return ()
    table = _read("needed-resources.json")
    for entry in table["needed"]:
        if _is_listed(action, entry["actions"]):
            return tuple(_of_kinds(action, group) for group in entry["groups"])
    groups: list[tuple[str, ...]] = [
        (kind,) for kind in dict.fromkeys(one.name for one in action.resource_types if one.required)
    ]
    for entry in table["alternatives"]:
        if _is_listed(action, entry["actions"]):
            groups = _joined(groups, entry["groups"])
    return tuple(_of_kinds(action, group) for group in groups)


def _is_listed(action: Action, patterns: Sequence[str]) -> bool:
    name = str(action).lower()
    return any(matches(one.lower(), name) for one in patterns)


def _joined(
    groups: list[tuple[str, ...]], alternatives: str | list[list[str]]
) -> list[tuple[str, ...]]:
    """Return groups of kinds with those made one of which one is enough; `all`: all of them."""
    kinds = [kind for group in groups for kind in group]
    for names in [kinds] if isinstance(alternatives, str) else alternatives:
        one = tuple(kind for kind in kinds if kind in names)
        if one:
            groups = [group for group in groups if not set(group) & set(one)] + [one]
    return groups


def _of_kinds(action: Action, names: Sequence[str]) -> KindGroup:
    return tuple(one for one in action.resource_types if one.name in names)


SAME = "same"
"""What a rule calls the resource that the action itself is about."""
NO_RESOURCE = "*"


@dataclass(frozen=True, slots=True)
class FurtherPermission:
    """A permission that a call of some action needs beside the action's own.

    Attributes:
        rule: the id of the rule.
        action: the further action, like `iam:PassRole`.
        condition: when a call needs it, in words.
        always: whether every call does.
        shown_by: the context keys of which each shows that a call needs it, in lower case; one that
            ends in `/` is followed by a name.
        unless: by such a key, the values that do not show it.
        on: `SAME`, `NO_RESOURCE`, or the kind of its resource, like `kms:key`.
        arn_key: the context key whose value names its resource; None: there is none.
        arn: what the ARN is made of, with `${Partition}` and `${value}`.
        keeps_context: whether it has every context key of the request.
        context: the keys that it has of its own.
        taken: of its keys, those whose value is that of another key of the request.
        of_version: the action in its place where `arn_key` names a version of the resource.
        kinds: of tags, the kinds of resource that the call may create; none: it is about any.
        listed: whether the reference says so; otherwise they are all that the action has.
        via: the service that asks it of AWS KMS, as in `kms:ViaService`; None: it is asked
            directly.
    """

    rule: str
    action: str
    condition: Message
    always: bool
    shown_by: tuple[str, ...]
    on: str
    arn_key: str | None
    arn: str
    keeps_context: bool
    context: Mapping[str, str]
    unless: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    taken: Mapping[str, str] = field(default_factory=dict)
    of_version: str | None = None
    kinds: KindGroup = ()
    listed: bool = True
    via: str | None = None

    def is_shown(self, given: Mapping[str, Any]) -> bool:
        """Tell whether a call's context keys, in lower case, show that it needs the permission."""
        return any(
            key.startswith(shown) if shown.endswith("/") else key == shown
            for shown in self.shown_by
            for key, value in given.items()
            if value not in self.unless.get(key, ())
        )

    def for_source(self, given: Mapping[str, Any]) -> "FurtherPermission":
        """Return the permission, or that of versions if the context keys name a version."""
        source = given.get((self.arn_key or "").lower())
        if self.of_version is None or not isinstance(source, str) or VERSION_MARK not in source:
            return self
        return replace(self, action=self.of_version)


VERSION_MARK = "?versionId="
"""What stands between the object and its version, in the source of a copy."""


@lru_cache(maxsize=4096)
def further_permissions(name: str) -> tuple[FurtherPermission, ...]:
    """Return the permissions that calls of an action, named in any case, can need beside its own.

    None is known of an action that the catalogue does not have.
    """
    action = load().action(name)
    return () if action is None else tuple(_of_rules(action))


_TAG = "aws:RequestTag/"


def _of_rules(action: Action) -> Iterator[FurtherPermission]:
    for rule in _read("also-needs.json")["rules"]:
        shown_by = rule.get("when", ())
        if _TAG in shown_by and not load().has_key(action, f"{_TAG}x") and action.service != "sts":
            continue
        for further, actions in rule["needs"].items():
            if further != str(action) and _is_listed(action, actions):
                yield _permission(rule, further, action)


def _permission(rule: Mapping[str, Any], further: str, action: Action) -> FurtherPermission:
    shown = rule.get("when", ())
    on = rule["on"] if isinstance(rule["on"], Mapping) else {"type": rule["on"]}
    context = {
        key: value.replace("${Name}", action.name)
        if isinstance(value, str)
        else value.get(action.service)
        for key, value in rule.get("context", {}).items()
    }
    tagged = _tagged(action, further) if on["type"] == SAME and _TAG in shown else ((), True)
    return FurtherPermission(
        rule["id"],
        further,
        Message.both(rule["if"]["en"], rule["if"]["ja"]),
        always=rule.get("always", False),
        shown_by=tuple(map(str.lower, shown)),
        on=on["type"],
        arn_key=on.get("from"),
        arn=on.get("arn", "${value}"),
        keeps_context=rule.get("keepContext", False),
        context={key: value for key, value in context.items() if value is not None},
        unless={key.lower(): tuple(values) for key, values in rule.get("unless", {}).items()},
        taken=rule.get("taken", {}),
        of_version=on.get("ofVersion"),
        kinds=tagged[0],
        listed=tagged[1],
        via=rule.get("via"),
    )


def _tagged(action: Action, further: str) -> tuple[KindGroup, bool]:
    """Return the kinds of resource that an action creates with tags, and whether they are listed.

    Otherwise they are all that it is about, one of which it creates.
    """
    tagging = load().action(further)
    known = {one.name for one in tagging.resource_types} if tagging is not None else set()
    by_kind = load().keys_by_kind(action)
    created = {kind for kind, keys in by_kind.items() if any(key.startswith(_TAG) for key in keys)}
    names = created & known or by_kind.keys() & known
    kinds = tuple(one for one in action.resource_types if one.name in names)
    return kinds, len(names) == 1 or bool(created & known)


def kinds_of(name: str) -> KindGroup:
    """Return a kind of resource, like `kms:key`, in each form of its ARN."""
    service, _, kind = name.partition(":")
    return tuple(one for one in load().resource_types(service) if one.name == kind)
