"""The requirements of a call beyond its action: further resources, and further permissions.

The Service Authorization Reference marks the kinds of resource that an action requires. Where it
marks too few, or alternatives, `data/needed-resources.json` says so. A call can need a second
permission (`iam:PassRole`, a KMS key's): these are the rules of `data/also-needs.json`, and of
`data/tags-on-create.json` where it sets tags. All have a date, and a source for each entry.

`further_permissions` decides by context keys, which is all that a question about a request has. A
call that is seen whole shows more: its parameters, and the state that it is about. `calls` of a
rule in `data/also-needs.json` say by which of these a call needs the rule's permissions
(`call_needs`).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from functools import cache, lru_cache
from typing import Any

from sekisho.catalogue.store import AccessLevel, Action, ResourceType, load, matches, table
from sekisho.lazy import dataclass
from sekisho.messages import Message

KindGroup = tuple[ResourceType, ...]
"""Alternative kinds of resource; a kind with several forms of ARN is in it once for each."""


@lru_cache(maxsize=4096)
def needed_kinds(name: str) -> tuple[KindGroup, ...]:
    """Return the groups of kinds of resource of which every request of an action names one each.

    Args:
        name: the action, in any case; one that the catalogue does not have needs none.
    """
    action = load().action(name)
    if action is None:
        return ()
    listed = table("needed-resources.json")
    for entry in listed["needed"]:
        if _is_listed(action, entry["actions"]):
            return tuple(_kinds_named(action, group) for group in entry["groups"])
    groups: list[tuple[str, ...]] = [
        (kind,) for kind in dict.fromkeys(one.name for one in action.resource_types if one.required)
    ]
    for entry in listed["alternatives"]:
        if _is_listed(action, entry["actions"]):
            groups = _joined(groups, entry["groups"])
    return tuple(_kinds_named(action, group) for group in groups)


def _is_listed(action: Action, patterns: Sequence[str]) -> bool:
    name = str(action).lower()
    return any(matches(one.lower(), name) for one in patterns)


def _joined(
    groups: list[tuple[str, ...]], alternatives: str | list[list[str]]
) -> list[tuple[str, ...]]:
    """Return groups of kinds with alternatives merged into one group; `all`: all of them."""
    kinds = [kind for group in groups for kind in group]
    for names in [kinds] if isinstance(alternatives, str) else alternatives:
        one = tuple(kind for kind in kinds if kind in names)
        if one:
            groups = [group for group in groups if not set(group) & set(one)] + [one]
    return groups


def _kinds_named(action: Action, names: Sequence[str]) -> KindGroup:
    return tuple(one for one in action.resource_types if one.name in names)


def rules() -> list[dict[str, Any]]:
    """Return the rules of further permissions in the table."""
    found: list[dict[str, Any]] = table("also-needs.json")["rules"]
    return found


SAME = "same"
"""A rule's word for the resource of the action itself."""
NO_RESOURCE = "*"
ANY = "any"
"""A rule's word for an unknown resource."""


@dataclass(frozen=True, slots=True)
class FurtherPermission:
    """A permission that a call of some action needs besides the action's own.

    Attributes:
        rule: the id of the rule.
        action: the further action, like `iam:PassRole`.
        condition: when a call needs it, in words.
        always: whether every call does.
        shown_by: the context keys of which each shows that a call needs it, in lower case; one that
            ends in `/` is followed by a name.
        unless: by such a key, the values that do not show it.
        resource_kind: `SAME`, `NO_RESOURCE`, `ANY`, or the kind of its resource, like `kms:key`.
        arn_key: the context key whose value names its resource; None: there is none.
        arn: the template of the ARN, with `${Partition}` and `${value}`.
        keeps_context: whether it has every context key of the request.
        context: the keys that it has of its own.
        copied_keys: of its keys, those whose value is that of another key of the request.
        of_version: the action in its place where `arn_key` names a version of the resource.
        kinds: of tags, the kinds of resource that the call may create; none: it is about any.
        listed: whether the reference says so; otherwise they are all that the action has.
        via: the service that asks it of AWS KMS, as in `kms:ViaService`; None: it is asked
            directly.
        or_else: another action that is enough.
        documented: whether AWS says that the call needs it.
    """

    rule: str
    action: str
    condition: Message
    always: bool
    shown_by: tuple[str, ...]
    resource_kind: str
    arn_key: str | None
    arn: str
    keeps_context: bool
    context: Mapping[str, str]
    unless: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    copied_keys: Mapping[str, str] = field(default_factory=dict)
    of_version: str | None = None
    kinds: KindGroup = ()
    listed: bool = True
    via: str | None = None
    or_else: str | None = None
    documented: bool = True

    def is_shown(self, given: Mapping[str, Any]) -> bool:
        """Return whether a call's context keys (lower case) show that it needs the permission."""
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
"""The separator of an object and its version, in the source of a copy."""


@lru_cache(maxsize=4096)
def further_permissions(name: str) -> tuple[FurtherPermission, ...]:
    """Return the permissions that calls of an action may need besides its own.

    None is known of an action that the catalogue does not have.
    """
    action = load().action(name)
    return () if action is None else tuple(_rule_permissions(action))


def _rule_permissions(action: Action) -> Iterator[FurtherPermission]:
    yield from _permissions_listed(action, rules())
    of_tags = table("tags-on-create.json")
    yield from _permissions_listed(
        action, [{**of_tags["common"], **rule} for rule in of_tags["rules"]]
    )


def _permissions_listed(
    action: Action, listed: Sequence[Mapping[str, Any]]
) -> Iterator[FurtherPermission]:
    for rule in listed:
        if rule.get("seen") == "calls":
            continue
        for further, actions in rule["needs"].items():
            if further != str(action) and _is_listed(action, actions):
                yield _permission(rule, further, action)


_ADDING = re.compile(r"(Tag|AddTags)(?!s?ToOnPremises)\w*|Create(OrUpdate)?Tags")
"""Actions that set the tags of a resource, among those that AWS's reference calls Tagging."""


@lru_cache(maxsize=4096)
def tagging_permissions(name: str) -> tuple[FurtherPermission, ...]:
    """Return the permissions that a call of an action needs to set tags on created resources.

    If no rule has them, AWS does not document them, and they are all actions of the service that
    set tags. Such an action itself needs none, nor does an action of a service without them.
    """
    action = load().action(name)
    if action is None or action.level is AccessLevel.TAGGING:
        return ()
    of_tags = table("tags-on-create.json")
    rules = [
        {**rule, **of_tags["common"]} for rule in of_tags["rules"] if rule["id"] != _UNDOCUMENTED
    ]
    if documented := tuple(_permissions_listed(action, rules)):
        return documented
    rule = {**of_tags["common"], "id": _UNDOCUMENTED}
    return tuple(
        replace(_permission(rule, str(one), action), documented=False)
        for one in load().actions(action.service)
        if one.level is AccessLevel.TAGGING and _ADDING.fullmatch(one.name)
    )


_UNDOCUMENTED = "tags-perhaps"
"""The rule with permissions that AWS does not document."""


_TAG = "aws:RequestTag/"


def _permission(rule: Mapping[str, Any], further: str, action: Action) -> FurtherPermission:
    shown = rule.get("when", ())
    on = rule["on"] if isinstance(rule["on"], Mapping) else {"type": rule["on"]}
    context = {
        key: value.replace("${Name}", action.name)
        if isinstance(value, str)
        else value.get(action.service)
        for key, value in rule.get("context", {}).items()
    }
    tagged = _kinds_tagged(action, further) if on["type"] == SAME and _TAG in shown else ((), True)
    return FurtherPermission(
        rule["id"],
        further,
        Message.both(rule["if"]["en"], rule["if"]["ja"]),
        always=rule.get("always", False),
        shown_by=tuple(map(str.lower, shown)),
        resource_kind=on["type"],
        arn_key=on.get("from"),
        arn=on.get("arn", "${value}"),
        keeps_context=rule.get("keepContext", False),
        context={key: value for key, value in context.items() if value is not None},
        unless={key.lower(): tuple(values) for key, values in rule.get("unless", {}).items()},
        copied_keys=rule.get("taken", {}),
        of_version=on.get("ofVersion"),
        kinds=tagged[0],
        listed=tagged[1],
        via=rule.get("via"),
        or_else=rule.get("orElse"),
    )


def _kinds_tagged(action: Action, further: str) -> tuple[KindGroup, bool]:
    """Return the kinds of resource that an action creates with tags, and whether they are listed.

    Otherwise they are all that it is about, one of which it creates.
    """
    tagging = load().action(further)
    known = {one.name for one in tagging.resource_types} if tagging is not None else set()
    by_kind = load().keys_by_kind(action)
    created = {kind for kind, keys in by_kind.items() if any(key.startswith(_TAG) for key in keys)}
    names = created & known or by_kind.keys() & known
    kinds = tuple(one for one in action.resource_types if one.name in names)
    if not kinds:
        return created_kinds(str(action), further), True
    return kinds, len(names) == 1 or bool(created & known)


@lru_cache(maxsize=4096)
def created_kinds(name: str, tagging: str) -> KindGroup:
    """Return the kind of resource that an action creates and `tagging` tags; empty if unknown.

    It is the kind with which the action's name ends: `queue` of `CreateQueue`, `db` of
    `RestoreDBInstanceFromS3`. An action without kinds creates one of those that can be tagged. A
    kind of another name may be one that the call only uses.
    """
    action, tags = load().action(name), load().action(tagging)
    if action is None or tags is None:
        return ()
    kinds = {kind.name for kind in tags.resource_types}
    if action.resource_types:
        kinds &= {kind.name for kind in action.resource_types}
    found = _CREATED.match(action.name)
    nouns = {_plain(noun) for noun in found.groups() if noun} if found is not None else set()
    named = [kind for kind in kinds if any(noun.endswith(_plain(kind)) for noun in nouns)]
    if not named and not action.resource_types and len(kinds) == 1:
        named = [*kinds]
    created = max(named, key=len, default="")
    return tuple(kind for kind in tags.resource_types if kind.name == created)


_CREATED = re.compile(r"((\w+?)(?:Device|Instance|V2)?)(?:(?:From|To)[A-Z]\w*)?$")
"""Matches the created kind in an action's name, with and without optional words."""


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def kinds_of(name: str) -> KindGroup:
    """Return a kind of resource, like `kms:key`, in each form of its ARN."""
    service, _, kind = name.partition(":")
    return tuple(one for one in load().resource_types(service) if one.name == kind)


@dataclass(frozen=True, slots=True)
class CallNeed:
    """A permission that calls of an API operation need besides that of their action.

    Attributes:
        rule: the id of the rule.
        action: the permission, like `kms:Decrypt`.
        main_actions: the actions beside which it is needed.
        resource_kind: `same`, `*`, `any`, or the kind of its resource.
        shown_by: the paths of parameters of which each shows the need; none: every call needs it.
        unless: by such a path, the values that do not show it.
        excluded_by: the paths of parameters of which each shows that there is no need.
        resource_source: where its resource is found: `given` for the parameters, else the object to
            look up; "" for none.
        region: the parameter that names its Region; "" for the call's own.
        via: the service that asks it of AWS KMS; "" where it is asked directly.
    """

    rule: str
    action: str
    main_actions: frozenset[str]
    resource_kind: str
    shown_by: tuple[str, ...]
    unless: Mapping[str, tuple[str, ...]]
    excluded_by: tuple[str, ...]
    resource_source: str
    region: str
    via: str

    def is_shown(self, params: Mapping[str, Any]) -> bool:
        """Return whether a call's parameters show that it needs the permission."""
        if any(True for path in self.excluded_by for _ in values_at(params, path)):
            return False
        return not self.shown_by or any(
            value not in self.unless.get(path, ())
            for path in self.shown_by
            for value in values_at(params, path)
        )


def values_at(params: object, path: str) -> Iterator[Any]:
    """Yield the values at a path of parameters, like `AddReplicaRegions[].KmsKeyId`."""
    step, _, rest = path.partition(".")
    name = step.removesuffix("[]")
    found = params.get(name) if isinstance(params, Mapping) else None
    for value in found if step != name and isinstance(found, list) else [found]:
        if rest:
            yield from values_at(value, rest)
        elif value not in (None, "", [], {}, False):
            yield value


@cache
def _by_operation() -> Mapping[str, Sequence[CallNeed]]:
    found: dict[str, list[CallNeed]] = {}
    for rule in rules():
        for entry in rule.get("calls", ()):
            for need in _needs(rule, entry):
                for operation in entry["of"]:
                    found.setdefault(operation, []).append(need)
    return found


def _needs(rule: Mapping[str, Any], entry: Mapping[str, Any]) -> Iterator[CallNeed]:
    on = rule["on"] if isinstance(rule["on"], str) else rule["on"]["type"]
    for action in entry.get("needs", rule["needs"]):
        yield CallNeed(
            rule["id"],
            action,
            frozenset(rule["needs"][action]),
            on,
            tuple(entry.get("given", ())),
            {path: tuple(values) for path, values in entry.get("unless", {}).items()},
            tuple(entry.get("without", ())),
            entry.get("held", ""),
            entry.get("region", ""),
            rule.get("via", ""),
        )


def call_needs(prefix: str, operation: str) -> Sequence[CallNeed]:
    """Return the further permissions that calls of an operation may need.

    Args:
        prefix: of the service's actions, like `s3`.
        operation: its name in AWS's API.
    """
    return _by_operation().get(f"{prefix}:{operation}", ())
