"""Whether AWS sends a context key with a request, for all that is documented.

Source: `data/condition-keys.json` for the global keys, which names AWS's pages; the catalogue for
the keys of services and of tags.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files

from sekisho.catalogue import Action, load
from sekisho.engine.matching import CallerKind


class Presence(StrEnum):
    """Whether a request has a context key."""

    ALWAYS = "always"
    CREDENTIAL = "credential"
    """It depends on what the request is signed with."""
    SOMETIMES = "sometimes"
    UNKNOWN = "unknown"
    """No list of AWS's keys has it: misspelled, newer than the lists, or an identity provider's."""
    NEVER = "never"


_CALLERS: Mapping[CallerKind, str] = {
    CallerKind.ROOT: "root",
    CallerKind.ROOT_SESSION: "root",
    CallerKind.USER: "user",
    CallerKind.ROLE: "role",
    CallerKind.ROLE_SESSION: "role",
    CallerKind.FEDERATED_USER: "federated",
    CallerKind.OUTSIDER: "provider",
    CallerKind.ANONYMOUS: "provider",
    CallerKind.CANONICAL_USER: "provider",
}


@dataclass(frozen=True, slots=True)
class GlobalKey:
    """A key that requests to any service can have.

    Attributes:
        name: in AWS's spelling; one that a tag's name follows ends in `/`.
        presence: as the table says it.
        callers: whose requests can have it; None: everybody's.
        type: of its values, as the catalogue calls it.
    """

    name: str
    presence: str
    callers: frozenset[str] | None
    type: str = "String"


@cache
def global_keys() -> Mapping[str, GlobalKey]:
    """Return the keys of the table by their names in lower case."""
    text = (files("sekisho.answer") / "data" / "condition-keys.json").read_text(encoding="utf-8")
    return {
        name.lower(): GlobalKey(
            name,
            entry["presence"],
            frozenset(entry["callers"]) if "callers" in entry else None,
            entry.get("type", "String"),
        )
        for name, entry in json.loads(text)["keys"].items()
    }


def global_key(key: str) -> GlobalKey | None:
    """Return the global key of that name, in any case; None if the table has none such."""
    name = key.lower()
    known = global_keys()
    return known.get(name) or known.get(f"{name.partition('/')[0]}/")


@dataclass(frozen=True, slots=True)
class RequestKind:
    """What of a request decides which keys it has.

    Attributes:
        caller: who asks.
        is_service: whether that is an AWS service.
        action: None if the catalogue does not have it.
        via_service: whether a service calls with the caller's credentials.
        endpoint: whether the request comes through a VPC endpoint; None if that is not known.
    """

    caller: CallerKind
    is_service: bool
    action: Action | None
    via_service: bool
    endpoint: bool | None = None


ADDRESS = "aws:sourceip"
ENDPOINT = frozenset({"aws:sourcevpc", "aws:sourcevpce", "aws:vpcsourceip"})
"""An endpoint's keys; a request has them or an address, never both."""


def presence_of(key: str, kind: RequestKind) -> Presence:
    """Return whether requests of a kind have `key`, in any case."""
    known = global_key(key)
    if known is None:
        return _of_service(key, kind.action)
    caller = "service" if kind.is_service else _CALLERS[kind.caller]
    if known.callers is not None and caller not in known.callers:
        return Presence.NEVER
    if kind.endpoint is not None and key.lower() in (ADDRESS, *ENDPOINT):
        there = (key.lower() in ENDPOINT) is kind.endpoint
        return Presence.ALWAYS if there else Presence.NEVER
    match known.presence:
        case "via-service":
            return Presence.SOMETIMES if kind.via_service else Presence.NEVER
        case "by-action":
            has = kind.action is None or load().has_key(kind.action, key)
            return Presence.SOMETIMES if has else Presence.NEVER
        case presence:
            return Presence(presence)


def _of_service(key: str, action: Action | None) -> Presence:
    """Return whether requests have a key that is not in the table of global ones."""
    listed = load().key_type(key) is not None
    if action is None:
        return Presence.SOMETIMES if listed else Presence.UNKNOWN
    if load().has_key(action, key):
        return Presence.SOMETIMES
    return Presence.NEVER if listed else Presence.UNKNOWN
