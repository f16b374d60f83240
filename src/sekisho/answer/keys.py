"""The context keys that AWS sends with a request, and the types of their values.

AWS sends no value of another type: a request with one is none that there can be, and what policies
say of it rests on assumptions.

Source: the catalogue; its `data/condition-keys.json`, of the global keys, names AWS's pages ("AWS
global condition context keys", Data type or Value type of each key). Service Authorization
Reference, "Condition keys" of each service.
"""

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum

from sekisho.catalogue import Action, global_key, is_listed_key, load, may_have
from sekisho.engine import Context
from sekisho.engine.matching import CallerKind, arns, conditions
from sekisho.lazy import dataclass


class Presence(StrEnum):
    """Whether a request has a context key."""

    ALWAYS = "always"
    CREDENTIAL = "credential"
    """It depends on the credential that signs."""
    SOMETIMES = "sometimes"
    UNKNOWN = "unknown"
    """No list of AWS's keys has it: misspelled, too new, or an identity provider's."""
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
class RequestKind:
    """The facts of a request that determine its keys.

    Attributes:
        caller: the caller.
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
    caller = "service" if kind.is_service else _CALLERS[kind.caller]
    if known is None:
        return _presence_of_service_key(key, kind.action, caller)
    if known.callers is not None and caller not in known.callers:
        return Presence.NEVER
    if kind.endpoint is not None and key.lower() in (ADDRESS, *ENDPOINT):
        there = (key.lower() in ENDPOINT) is kind.endpoint
        return Presence.ALWAYS if there else Presence.NEVER
    match known.presence:
        case "via-service":
            return Presence.SOMETIMES if kind.via_service else Presence.NEVER
        case "by-action":
            has = kind.action is None or may_have(kind.action, key, caller=caller)
            return Presence.SOMETIMES if has else Presence.NEVER
        case presence:
            return Presence(presence)


_WITH_PROVIDER = frozenset({"role", "provider"})
"""The callers whose requests can have the keys of an identity provider."""


def _presence_of_service_key(key: str, action: Action | None, caller: str) -> Presence:
    """Return whether requests have a key that is not in the table of global ones."""
    if "." in key.partition(":")[0] and caller not in _WITH_PROVIDER:
        # an OIDC provider's keys begin with its address, and no service's do
        return Presence.NEVER
    listed = is_listed_key(key)
    if action is None:
        return Presence.SOMETIMES if listed else Presence.UNKNOWN
    if may_have(action, key, caller=caller):
        return Presence.SOMETIMES
    return Presence.NEVER if listed else Presence.UNKNOWN


@dataclass(frozen=True, slots=True)
class MalformedKey:
    """A context key with a value that is not of its type.

    Attributes:
        key: the key, as it was given.
        type: of its values, like `Bool` or `IPAddress`.
    """

    key: str
    type: str


def malformed_keys(given: Context) -> Iterator[MalformedKey]:
    """Yield the given keys with a value that AWS never sends."""
    for key, value in given.items():
        known = global_key(key)
        kind = known.type if known is not None else load().key_type(key) or "String"
        reads = _READS.get(kind.removeprefix(_LIST))
        values = (value,) if isinstance(value, str) else value
        if reads is not None and not all(map(reads, values)):
            yield MalformedKey(key, kind)


_LIST = "ArrayOf"
_READS: Mapping[str, Callable[[str], bool]] = {
    "ARN": arns.is_arn,
    "Bool": lambda text: conditions.boolean(text) is not None,
    "Date": lambda text: conditions.date(text) is not None,
    "IPAddress": lambda text: conditions.ip_address(text) is not None,
    "Numeric": lambda text: conditions.number(text) is not None,
}
"""The tests of the types that do not accept every text."""
