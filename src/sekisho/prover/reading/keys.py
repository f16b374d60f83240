"""The condition keys of a request: those it can, must and cannot have, and their dependencies."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum, auto
from functools import lru_cache
from itertools import product
from math import prod

from sekisho.catalogue import (
    AccessLevel,
    Action,
    equivalent_global_key,
    equivalent_service_keys,
    global_key,
    global_keys,
    load,
    organisation_keys,
    partitions,
    unlisted_keys,
)
from sekisho.engine import ContextValue
from sekisho.prover.solver import reasons
from sekisho.prover.solver.limits import MOST_SETS, LimitReached
from sekisho.prover.solver.theories import KeyValues
from sekisho.signin import SIGN_IN_SESSION


class KeyShape(Enum):
    """The number of values that a key can have."""

    ONE = auto()
    MANY = auto()
    EITHER = auto()


_MANY = frozenset(
    {
        "aws:calledvia",
        "aws:principalorgpaths",
        "aws:principalservicenameslist",
        "aws:resourceorgpaths",
        "aws:sourceorgpaths",
        "aws:tagkeys",
        "aws:vpceorgpaths",
    }
)

_LIST = "ArrayOf"
"""The prefix of the catalogue's types of multivalued keys."""

_ALWAYS = frozenset({"aws:requestedregion", "aws:securetransport", "aws:useragent"})
"""Always present; keys of the credential are not included, since their values are known."""

NEVER = frozenset(
    key
    for key, known in global_keys().items()
    if known.callers is not None and "user" not in known.callers
)
"""The keys of role sessions and service principals, never of a user's own request."""

_OF_ROLE_SESSIONS = frozenset(key for key in NEVER if "role" in (global_keys()[key].callers or ()))
"""The `NEVER` keys that a role's session can have: its origin, its maker and its subject."""

OF_SERVICES = frozenset(key for key in NEVER if "service" in (global_keys()[key].callers or ()))
"""The `NEVER` keys that a service has when it calls by itself."""

VIA_SERVICE = frozenset(
    key for key, known in global_keys().items() if known.presence == "via-service"
)
"""The keys of a service's calls on the user's behalf, never of the user's direct calls."""

MFA_AGE, SIGN_IN = "aws:multifactorauthage", SIGN_IN_SESSION.lower()
"""The seconds since MFA; and the session of `aws login` or of an agent."""

_OWNER = "aws:ResourceAccount"
OWNER_KEYS = (_OWNER, *equivalent_service_keys(_OWNER).values())
OF_RESOURCE_ACCOUNT = frozenset(map(str.lower, OWNER_KEYS))
"""The account that owns the resource: questions are asked for each account separately."""

OF_CALLER_ACCOUNT = frozenset(
    {
        "aws:principalaccount",
        *map(str.lower, equivalent_service_keys("aws:PrincipalAccount").values()),
    }
)
"""The caller's account."""

REGION = "aws:requestedregion"
"""The region that a request goes to."""

RESOURCE_TAG = "aws:resourcetag/"
"""The prefix of the keys of the resource's tags."""

REQUEST_TAG, TAG_KEYS = "aws:requesttag/", "aws:tagkeys"
"""The prefix of the keys of the tags in a call, and the list of these tags' keys."""

DEFAULTS = {
    "aws:securetransport": "true",
    "aws:sourceip": "203.0.113.9",
}
"""Ordinary values, tried first."""


@lru_cache(maxsize=16_384)
def shape_of(key: str, *, with_set_operator: bool) -> KeyShape:
    """Return the number of values that `key` (in lower case) has.

    AWS's own list has the type of a service's key. A key that is not in it, or is compared with a
    set operator in spite of it, may be multivalued.
    """
    if key in _MANY:
        return KeyShape.MANY
    if key.startswith("aws:"):
        return KeyShape.ONE
    kind = load().key_type(key)
    if kind is not None and kind.startswith(_LIST):
        return KeyShape.MANY
    return KeyShape.EITHER if kind is None or with_set_operator else KeyShape.ONE


def may_be_absent(key: str) -> bool:
    """Return whether a request can lack `key` (in lower case)."""
    return key not in _ALWAYS


def never_present(key: str, *, of_role: bool = False, of_service: bool = False) -> bool:
    """Return whether no request of an IAM user, a role's session or a service has `key`.

    `key` is in lower case.
    """
    other = (of_role and key in _OF_ROLE_SESSIONS) or (of_service and key in OF_SERVICES)
    return key in NEVER and not other


def spelling_of_key(key: str) -> str:
    """Return a global key, given in lower case, in AWS's spelling."""
    known = global_key(key)
    return key if known is None else f"{known.name}{key[len(known.name) :]}"


def main_of(key: str) -> str:
    """Return the global key (in lower case) with the same value as `key`, or `key` itself."""
    return (equivalent_global_key(key) or key).lower()


def is_foreign(key: str, action: Action) -> bool:
    """Return whether a service's key (in lower case) never occurs in requests of `action`."""
    service = key.partition(":")[0]
    return action.service != service and not load().has_key(action, key)


def come_together(key: str, main: str, action: Action) -> bool:
    """Return whether requests of `action` have a service's key exactly if they have the global key.

    Both keys are in lower case. If AWS's pages list one of two keys of tags, the result is False.
    """
    listed = load().has_key(action, key)
    if main.startswith(RESOURCE_TAG) and listed is not load().has_key(action, main):
        return False
    return listed or action.service == key.partition(":")[0]


def regions_of(partition: str) -> tuple[str, ...]:
    """Return some regions of a partition, first the one with IAM; none if it is not known."""
    return next((each.regions for each in partitions() if each.id == partition), ())


_IN_OTHER_CALLS = frozenset({"PassRole", "CreateServiceLinkedRole"})
"""Actions of IAM that are checked in calls to other services."""


def is_where_iam_is(action: Action) -> bool:
    """Return whether a user who does `action` calls IAM, which a partition has in one region."""
    return action.service == "iam" and action.name not in _IN_OTHER_CALLS


def has_tags_of_nothing(action: Action) -> bool:
    """Return whether a request of `action` can have `aws:ResourceTag` with resource `*`.

    An action that creates a resource with a tag can have it. AWS lists the key for some of these
    actions and also evaluates it for others, so only read-only actions without it are excluded.

    Source: IAM User Guide, "AWS global condition context keys", availability of the key.
    """
    if action.level not in (AccessLevel.READ, AccessLevel.LIST):
        return True
    listed = any(key.lower().startswith(RESOURCE_TAG) for key in action.condition_keys)
    return listed or any(each.include(f"{RESOURCE_TAG}x") for each in unlisted_keys(action))


CALLED_VIA, FIRST, LAST = "aws:calledvia", "aws:calledviafirst", "aws:calledvialast"
VIA = "aws:viaawsservice"
SERVICES = frozenset({CALLED_VIA, FIRST, LAST})
"""The keys that name the intermediate services."""

ADDRESS = "aws:sourceip"
ENDPOINT = frozenset(
    {
        *("aws:sourcevpc", "aws:sourcevpcarn", "aws:sourcevpce", "aws:vpcsourceip"),
        *("aws:vpceaccount", "aws:vpceorgid", "aws:vpceorgpaths"),
    }
)
"""The keys of requests through a VPC endpoint."""


def chains(
    texts: Sequence[str], between: Iterable[tuple[str, ...]], service_keys: frozenset[str]
) -> Iterator[KeyValues]:
    """Yield the chains of services between caller and call: none, and each that differs.

    If `aws:ViaAWSService` is tested, too, it is set with them: a service that calls need not be
    named, but a named service is a service that calls.

    Args:
        texts: the names that conditions can distinguish.
        between: sets of names, one for each way in which the whole list can be distinguished.
        service_keys: which of `SERVICES` are asked about.

    Raises:
        LimitReached: if there are too many.
    """
    named: tuple[tuple[str, ...], ...] = tuple((text,) for text in texts if text)
    firsts = named if FIRST in service_keys else ((),)
    lasts = named if LAST in service_keys else ((),)
    sets = [(), *between]
    check_count(len(firsts) * len(lasts) * len(sets))
    combined = (
        (*first, *(each for each in some if each not in (*first, *last)), *last)
        for first, last, some in product(firsts, lasts, sets)
    )
    via: KeyValues = {"aws:ViaAWSService": "true"} if VIA in service_keys else {}
    yield from [{"aws:ViaAWSService": text} for text in ("false", "true")] if via else [via]
    for chain in dict.fromkeys(chain for chain in combined if chain):
        ends = {"aws:CalledViaFirst": chain[0], "aws:CalledViaLast": chain[-1]}
        yield {"aws:CalledVia": chain, **ends, **via}


_THROUGH = frozenset({"aws:sourcevpc", "aws:sourcevpce", "aws:vpcsourceip"})
"""The keys of `ENDPOINT` that every request through an endpoint has."""

AN_ENDPOINT = {
    "aws:SourceVpc": "vpc-0a1b2c3d4e5f67890",
    "aws:SourceVpce": "vpce-0a1b2c3d4e5f67890",
    "aws:VpcSourceIp": "10.0.0.9",
}
"""The keys of a request through an endpoint if no policy tests other values.

Source: IAM User Guide, "AWS global condition context keys": each is in the request only if the
requester uses a VPC endpoint; `aws:VpcSourceIp` is to be used with one of the others.
"""


EXAMPLES = {
    **{name.lower(): text for name, text in AN_ENDPOINT.items()},
    **dict.fromkeys((CALLED_VIA, FIRST, LAST), "cloudformation.amazonaws.com"),
    "kms:viaservice": "s3.us-east-1.amazonaws.com",
    "aws:vpceaccount": "111122223333",
    "aws:sourcevpcarn": "arn:aws:ec2:us-east-1:111122223333:vpc/vpc-0a1b2c3d4e5f67890",
    **dict.fromkeys(map(str.lower, organisation_keys().values()), "o-a1b2c3d4e5"),
    **dict.fromkeys(organisation_keys(), "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/"),
}
"""Ordinary values of keys that have a form, by key in lower case."""


def origins(
    ways: Mapping[str, Sequence[KeyValues]], present: Iterable[str], *, direct: bool
) -> Iterator[KeyValues]:
    """Yield the possible origins of a request: an address, or an endpoint without address.

    Args:
        ways: the values of each key, absence among them; those of a settled key name nothing.
        present: the keys (in lower case) that the request is known to have.
        direct: whether the user calls: then there is either an endpoint or an address.

    Raises:
        LimitReached: if there are too many.
    """
    known = frozenset(present)
    behind = [
        [value for value in values if value or key not in _THROUGH] if any(values) else values
        for key, values in ways.items()
        if key != ADDRESS
    ]
    if len(behind) > 1:
        check_count(prod(map(len, behind)))
    if not known & ENDPOINT:
        here = ways[ADDRESS]
        yield from [value for value in here if value] if direct and any(here) else here
    if ADDRESS not in known:
        for together in product(*behind):
            yield {key: value for each in together for key, value in each.items()}


def origins_apart(
    ways: Mapping[str, list[ContextValue | None]],
) -> Iterator[Mapping[str, list[ContextValue | None]]]:
    """Yield the values of each key such that no choice has both an address and an endpoint.

    Args:
        ways: by key in lower case; None: it is absent.
    """
    behind = ENDPOINT & ways.keys()
    if ADDRESS not in ways or not behind:
        yield ways
        return
    for gone in (behind, frozenset({ADDRESS})):
        yield {key: [None] if key in gone else values for key, values in ways.items()}


def check_count(count: int) -> None:
    """Raise `LimitReached` if there are too many sets of keys to try each."""
    if count > MOST_SETS:
        raise LimitReached(reasons.TOO_MANY_SETS)
