"""Condition keys, and the Regions of services, as far as AWS documents them.

The keys that any request can have, and those that have the value of another, stand in
`data/condition-keys.json`, which names AWS's pages.

AWS's reference lists the keys of each action, and forgets some: those stand in
`data/unlisted-keys.json`. The services that a partition has in one Region stand in
`data/single-regions.json`. Both have a date, and a source for each entry. A request that is shown
is chosen by them; that AWS sends no other one is not documented, and nothing is proved by them but
where IAM is.
"""

import re
from collections.abc import Mapping
from functools import cache, lru_cache

from sekisho.catalogue.store import Action, load, table
from sekisho.lazy import dataclass


@dataclass(frozen=True, slots=True)
class GlobalKey:
    """A key that requests to any service can have.

    Attributes:
        name: in AWS's spelling; one that a tag's name follows ends in `/`.
        presence: as the table says it.
        callers: the kinds of callers whose requests can have it; None: all.
        type: of its values, as the catalogue calls it.
    """

    name: str
    presence: str
    callers: frozenset[str] | None
    type: str = "String"


@cache
def global_keys() -> Mapping[str, GlobalKey]:
    """Return the keys of the table by their names in lower case."""
    return {
        name.lower(): GlobalKey(
            name,
            entry["presence"],
            frozenset(entry["callers"]) if "callers" in entry else None,
            entry.get("type", "String"),
        )
        for name, entry in table("condition-keys.json")["keys"].items()
    }


def global_key(key: str) -> GlobalKey | None:
    """Return the global key of that name, in any case; None if the table has none such."""
    name = key.lower()
    known = global_keys()
    return known.get(name) or known.get(f"{name.partition('/')[0]}/")


@cache
def _same() -> Mapping[str, str]:
    return {key.lower(): name for key, name in table("condition-keys.json")["same"]["keys"].items()}


def equivalent_global_key(key: str) -> str | None:
    """Return the global key with the value of a service's key, in any case; None if none has it.

    A tag's name stays as it is given: `aws:ResourceTag/team` of `ec2:ResourceTag/team`.
    """
    start, slash, tag = key.partition("/")
    found = _same().get(f"{start.lower()}{slash}")
    return None if found is None else f"{found}{tag}"


@cache
def equivalent_service_keys(key: str) -> Mapping[str, str]:
    """Return the keys with the value of a global key: a service's prefix, and its key."""
    found = (
        name for name, same in table("condition-keys.json")["same"]["keys"].items() if same == key
    )
    return {name.partition(":")[0]: name for name in found}


@cache
def organisation_keys() -> Mapping[str, str]:
    """Return the keys of organisations' ids, by the keys of the paths that begin with them."""
    keys: Mapping[str, str] = table("condition-keys.json")["heads"]["keys"]
    return {path.lower(): name for path, name in keys.items()}


_EVERY = "*"
_BY_ACTION = "by-action"
_GLOBAL = "aws:"


@dataclass(frozen=True, slots=True)
class UnlistedKeys:
    """Keys that requests of some actions can have and that the reference does not list.

    Attributes:
        keys: patterns of their names in lower case.
        callers: the kinds of callers whose requests can have them; None: all.
    """

    keys: tuple[re.Pattern[str], ...]
    callers: frozenset[str] | None

    def include(self, key: str, caller: str | None = None) -> bool:
        """Return whether requests of a kind of caller, or of any, can have `key` (lower case)."""
        of_caller = self.callers is None or caller is None or caller in self.callers
        return of_caller and any(each.fullmatch(key) for each in self.keys)


@cache
def _unlisted() -> Mapping[str, tuple[UnlistedKeys, ...]]:
    """Return the entries by action, in lower case; `*`: all actions."""
    found: dict[str, tuple[UnlistedKeys, ...]] = {}
    for entry in table("unlisted-keys.json")["entries"]:
        callers = frozenset(entry["callers"]) if "callers" in entry else None
        one = UnlistedKeys(tuple(map(_form, entry["keys"])), callers)
        for name in map(str.lower, entry["actions"]):
            found[name] = (*found.get(name, ()), one)
    return found


def _form(name: str) -> re.Pattern[str]:
    """Return the pattern of the keys of an entry."""
    parts = (f"{name}*" if name.endswith("/") else name).lower().split("*")
    return re.compile(".+".join(map(re.escape, parts)))


def unlisted_keys(action: Action) -> tuple[UnlistedKeys, ...]:
    """Return the keys that the reference is known to omit from an action's list.

    Without the keys that are left out everywhere.
    """
    return _unlisted().get(f"{action.service}:{action.name}".lower(), ())


@lru_cache(maxsize=4096)
def is_listed_key(key: str) -> bool:
    """Return whether a key of a service or provider is known of any request, in any case."""
    name = key.lower()
    of_any = (one for entries in _unlisted().values() for one in entries)
    return load().key_type(name) is not None or any(one.include(name) for one in of_any)


def depends_on_action(key: str) -> bool:
    """Return whether requests of some actions can have `key`, in any case, and others cannot."""
    known = global_key(key)
    if known is None or known.presence == _BY_ACTION:
        return True
    # sessions' keys depend on the caller and the credential; a service's keys, on the action
    return known.presence == "via-service" and not known.name.startswith(_GLOBAL)


def may_have(action: Action, key: str, *, caller: str = "user") -> bool:
    """Return whether requests of an action can have `key`, in any case, by the documentation.

    Args:
        action: the action.
        key: the key; where it does not depend on the action, the answer is yes.
        caller: the kind of caller, by a name in `GlobalKey.callers`.
    """
    if not depends_on_action(key) or load().has_key(action, key):
        return True
    name = key.lower()
    entries = (*unlisted_keys(action), *_unlisted().get(_EVERY, ()))
    return any(each.include(name, caller) for each in entries)


@dataclass(frozen=True, slots=True)
class _Single:
    """The Region of a service that a partition has in one Region only.

    Attributes:
        regions: by partition.
        besides: names of actions, in lower case, that are checked in calls to other services.
    """

    regions: Mapping[str, str]
    besides: frozenset[str]


@cache
def _singles() -> Mapping[str, _Single]:
    services = table("single-regions.json")["services"]
    return {
        name: _Single(entry["regions"], frozenset(map(str.lower, entry.get("exceptActions", ()))))
        for name, entry in services.items()
    }


def only_region(action: str, partition: str) -> str | None:
    """Return the only Region for a partition's direct calls of an action.

    None if there are several, or it is not known.

    Args:
        action: like `iam:GetUser`, in any case.
        partition: like `aws`.
    """
    service, _, name = action.lower().partition(":")
    single = _singles().get(service)
    return None if single is None or name in single.besides else single.regions.get(partition)


def iam_region(partition: str) -> str | None:
    """Return the Region of a partition's IAM, the `aws:RequestedRegion` of a call to it.

    None if the partition is not known.
    """
    return _singles()["iam"].regions.get(partition)


def single_regions(partition: str) -> frozenset[str]:
    """Return the Regions with services that a partition has nowhere else."""
    found = (each.regions.get(partition) for each in _singles().values())
    return frozenset(each for each in found if each is not None)
