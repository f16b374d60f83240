"""The request context of a logged call: logged values, derived values, and unknown keys.

A key is known, certainly absent, or unknown, and an unknown one is never guessed. CloudTrail's own
`mfaAuthenticated` of a role session says that a person once signed in with MFA; it is not the key
`aws:MultiFactorAuthPresent` of the role's requests, which is an assumption of its own.

Source: IAM User Guide, "AWS global condition context keys", "Forward access sessions", "Secure API
access with MFA"; AWS CloudTrail User Guide, "CloudTrail record contents", "CloudTrail userIdentity
element". What CloudTrail says of which key: docs/decisions/0018-replay.md.
"""

import ipaddress
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime

from sekisho.answer import Presence, RequestKind, presence_of
from sekisho.catalogue import Action, equivalent_global_key
from sekisho.engine import UnknownKey
from sekisho.engine.matching import CallerKind
from sekisho.lazy import dataclass
from sekisho.replay.actions import DOMAINS
from sekisho.replay.caller import TrailCaller
from sekisho.replay.event import Column, TrailEvent
from sekisho.signin import AwsLoginMfa, HolderKind, RoleSessionMfa, SigninAssumptions

MFA = "aws:multifactorauthpresent"
AGE = "aws:multifactorauthage"
_TAG = "aws:principaltag/"


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts that a log has on some condition keys, by their names in lower case.

    Attributes:
        values: the values of those that are known.
        unknown: the limits of other keys that a request may have. A key in neither is absent.
        oldest: the seconds since MFA at most, where `aws:MultiFactorAuthAge` is asked for.
    """

    values: Mapping[str, str]
    unknown: Mapping[str, UnknownKey]
    oldest: int | None = None

    @property
    def identity(self) -> tuple[object, ...]:
        """Return the key of equal facts."""
        return (frozenset(self.values.items()), frozenset(self.unknown.items()), self.oldest)


@dataclass(frozen=True, slots=True)
class Call:
    """The data from which the keys are read.

    Attributes:
        tags: the caller's own; None if they are not known.
    """

    event: TrailEvent
    caller: TrailCaller
    tags: Mapping[str, str] | None
    signin: SigninAssumptions

    @property
    def forwarded(self) -> bool:
        """Whether a service made the call."""
        return self.event.invoked_by is not None

    @property
    def by_login(self) -> bool:
        """Whether a user or root made it in a session of `aws login` or of an agent."""
        return self.own and self.event.sign_in_session is not None and not self.forwarded

    @property
    def own(self) -> bool:
        """Whether a user or root made it: their credentials show whether there was MFA."""
        return self.caller.kind in (HolderKind.USER, HolderKind.ROOT)

    @property
    def by_aws_internal(self) -> bool:
        """Whether AWS made it itself for a user's or root's session with MFA.

        The console does so to switch the role, and in its pages. No record states whether a session
        with MFA is a console session.
        """
        event = self.event
        with_mfa = (event.mfa or "").lower() == "true" and event.sign_in_session is None
        return self.own and with_mfa and event.invoked_by == _AWS

    @property
    def through_endpoint(self) -> bool | None:
        """Whether it came through a VPC endpoint; None if that is not known."""
        if self.event.endpoint is not None:
            return True
        address = _address(self.event.address)
        # the address in an endpoint's record is private, and older records do not name the endpoint
        return None if address is not None and _is_internal(address) else False


Found = str | UnknownKey | None
"""A value; the limits of an unknown value; None: the request lacks the key."""

_ANY = UnknownKey()
_SOME = UnknownKey(may_be_absent=False)


_AWS = "AWS Internal"
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_INTERNAL = tuple(
    map(
        ipaddress.ip_network,
        ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"),
    )
)
"""RFC 1918, 6598 and 4193: addresses that a request from the internet cannot have."""


def _address(text: str | None) -> _Address | None:
    try:
        return ipaddress.ip_address(text or "")
    except ValueError:
        return None


def _is_service(source: str | None) -> bool:
    """Return whether a source address is a service's name instead."""
    return source is not None and (source == _AWS or source.endswith(DOMAINS))


def _is_internal(address: _Address) -> bool:
    return any(address.version == one.version and address in one for one in _INTERNAL)


def _mfa(call: Call) -> Found:
    """Return `aws:MultiFactorAuthPresent`; for a user it depends on the field being present."""
    match call.caller.kind:
        case HolderKind.FEDERATED:
            return None
        case HolderKind.ROLE:
            absent = call.signin.role_session_mfa is RoleSessionMfa.ABSENT
            return None if absent else "false"
        case HolderKind.USER | HolderKind.ROOT:
            return _mfa_of_user(call)


def _mfa_of_user(call: Call) -> Found:
    logged = (call.event.mfa or "").lower()
    if call.signin.assume_role_sees_mfa:
        if call.event.with_code:
            return "true"
        if call.event.call_mfa == "unknown" and logged != "true":
            # it may have had a code, in any kind of session
            return _ANY
    if call.by_aws_internal:
        return "true" if call.signin.aws_internal_sees_mfa else None
    if call.by_login and call.signin.aws_login_mfa is AwsLoginMfa.ABSENT:
        return None
    if call.forwarded:
        # with a key without MFA the forwarded request has the key; with a session it is not known
        return "false" if logged == "false" else UnknownKey(like="*" if logged else "false")
    if logged:
        return logged if logged in ("true", "false") else _ANY
    # a session without the field in its record
    return _ANY if call.event.key_id == "ASIA" else None


def _age(call: Call) -> Found:
    found = _mfa(call)
    if found == "true" and call.event.with_code:
        return "0"
    return found if isinstance(found, UnknownKey) else None if found != "true" else _SOME


def _oldest(call: Call) -> int | None:
    """Return the greatest possible seconds since MFA: those since the session began."""
    try:
        made, then = (_time(text) for text in (call.event.issued, call.event.time))
    except ValueError:
        return None
    return max(0, int((then - made).total_seconds()))


def _time(text: str | None) -> datetime:
    return datetime.strptime(text or "", "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def _issued(call: Call) -> Found:
    if call.forwarded:
        return _ANY
    if call.event.issued is not None:
        return call.event.issued
    return None if call.own and call.event.mfa is None and call.event.key_id != "ASIA" else _ANY


def _source_ip(call: Call) -> Found:
    """Return `aws:SourceIp`; absent if the source is a service or an endpoint."""
    if call.through_endpoint or _is_service(call.event.address):
        return None
    if _address(call.event.address) is None:
        # the record has no address, or an unreadable one
        return _ANY
    return _ANY if call.forwarded or call.through_endpoint is None else call.event.address


def _source_vpce(call: Call) -> Found:
    if call.event.endpoint is not None:
        return call.event.endpoint
    return _ANY if call.through_endpoint is None else None


def _of_endpoint(call: Call) -> Found:
    return None if call.through_endpoint is False else _ANY


def _via_service(call: Call) -> Found:
    """Return `aws:ViaAWSService`; false for a service with a role of its own."""
    if not call.forwarded:
        return "false"
    return _SOME if call.caller.kind is HolderKind.ROLE else "true"


def _called_via_last(call: Call) -> Found:
    if not call.forwarded:
        return None
    service = call.event.invoked_by or ""
    named = "." in service and call.caller.kind is not HolderKind.ROLE
    return service if named else _ANY


def _if_forwarded(call: Call) -> Found:
    return _ANY if call.forwarded else None


def _agent(call: Call) -> Found:
    """Return `aws:UserAgent`; CloudTrail cuts long ones, and puts some in brackets."""
    agent = call.event.agent
    changed = agent is None or call.forwarded or agent.startswith("[") or agent.endswith("...")
    return _SOME if changed else agent


def _principal_arn(call: Call) -> Found:
    caller = call.caller
    if caller.kind is HolderKind.FEDERATED:
        # the session's own ARN would make a group of each session of a role as well
        like = f"arn:{caller.partition}:sts::{caller.account}:federated-user/*"
        return UnknownKey(may_be_absent=False, like=like)
    if caller.arn is not None:
        return caller.arn
    like = f"arn:{caller.partition}:iam::{caller.account}:role/*{caller.name}"
    return UnknownKey(may_be_absent=False, like=like)


def _epoch(call: Call) -> Found:
    return str(int(_time(call.event.time).timestamp()))


def _sign_in_session(call: Call) -> Found:
    if call.forwarded:
        return _ANY
    return None if call.event.sign_in_session is None else _SOME


def _username(call: Call) -> Found:
    return call.caller.name if call.caller.kind is HolderKind.USER else None


def _region(call: Call) -> Found:
    return call.event.region or _SOME


_Reader = Callable[[Call], Found]
_ENDPOINT = (Column.ADDRESS, Column.ENDPOINT)

_READERS: Mapping[str, tuple[tuple[Column, ...], _Reader]] = {
    MFA: ((), _mfa),
    AGE: ((), _age),
    "aws:tokenissuetime": ((Column.ISSUED,), _issued),
    "aws:currenttime": ((Column.TIME,), lambda call: call.event.time),
    "aws:epochtime": ((Column.TIME,), _epoch),
    "aws:sourceip": (_ENDPOINT, _source_ip),
    "aws:sourcevpce": (_ENDPOINT, _source_vpce),
    "aws:sourcevpc": (_ENDPOINT, _of_endpoint),
    "aws:sourcevpcarn": (_ENDPOINT, _of_endpoint),
    "aws:vpcsourceip": (_ENDPOINT, _of_endpoint),
    "aws:vpceaccount": (_ENDPOINT, _of_endpoint),
    "aws:vpceorgid": (_ENDPOINT, _of_endpoint),
    "aws:vpceorgpaths": (_ENDPOINT, _of_endpoint),
    "aws:viaawsservice": ((), _via_service),
    "aws:calledvia": ((), _if_forwarded),
    "aws:calledviafirst": ((), _if_forwarded),
    "aws:calledvialast": ((), _called_via_last),
    "kms:viaservice": ((), _if_forwarded),
    "aws:requestedregion": ((Column.REGION,), _region),
    "aws:useragent": ((Column.AGENT,), _agent),
    "aws:principalarn": ((), _principal_arn),
    "aws:principalaccount": ((), lambda call: call.caller.account),
    "aws:principaltype": ((), lambda call: call.caller.kind.value),
    "aws:principalisawsservice": ((), lambda _: "false"),
    "aws:userid": ((Column.PRINCIPAL_ID,), lambda call: call.event.principal_id or _SOME),
    "aws:username": ((), _username),
    "aws:sourceidentity": (
        (Column.SOURCE_IDENTITY,),
        lambda call: call.event.source_identity or (None if call.own else _ANY),
    ),
    "aws:federatedprovider": (
        (Column.PROVIDER,),
        lambda call: call.event.provider or (None if call.own else _ANY),
    ),
    "aws:signinsessionarn": ((), _sign_in_session),
}
"""The readers of keys, with the columns that they need besides those always present.

No record has any other key; `presence_of` determines whether a request can have it.
"""

_OF_AGE = (Column.TIME, Column.ISSUED)


def columns_of_key(key: str) -> tuple[Column, ...]:
    """Return the columns for a key, besides those that are always present."""
    name = key.lower()
    if name == AGE:
        return _OF_AGE
    base = (equivalent_global_key(name) or name).lower()
    return _READERS[base][0] if base in _READERS else ()


_OF_THE_CALLER = frozenset({"aws:principalarn", "aws:principalaccount", "aws:username"})


def names_caller(keys: Collection[str]) -> bool:
    """Return whether some keys, in lower case, depend on more of the caller than its kind."""
    return any(key in _OF_THE_CALLER or key.startswith(_TAG) for key in keys)


def is_always_read(key: str) -> bool:
    """Return whether a key, in lower case, can be read without more columns."""
    return key in _READERS and not columns_of_key(key)


def read_facts(call: Call, keys: Collection[str], columns: Collection[Column]) -> Facts:
    """Return the facts on those keys that do not depend on the action; names in lower case.

    Values of columns that were not read are unknown.
    """
    values: dict[str, str] = {}
    unknown: dict[str, UnknownKey] = {}
    for key in keys:
        found = _logged_value(call, key, columns)
        if isinstance(found, str):
            values[key] = found
        elif found is not None:
            unknown[key] = found
    oldest = None
    if unknown.get(AGE) == _SOME and set(_OF_AGE) <= set(columns):
        oldest = _oldest(call)
    return Facts(values, unknown, oldest)


def _logged_value(call: Call, key: str, columns: Collection[Column]) -> Found:
    """Return the logged value of a key; a key that is never logged is unknown."""
    if key in _READERS:
        needed, read = _READERS[key]
        return read(call) if set(needed) <= set(columns) else _ANY
    if key.startswith(_TAG) and call.tags is not None and call.caller.kind is HolderKind.USER:
        tags = {name.lower(): value for name, value in call.tags.items()}
        return tags.get(key.removeprefix(_TAG))
    return _ANY


_CALLERS: Mapping[HolderKind, CallerKind] = {
    HolderKind.ROOT: CallerKind.ROOT,
    HolderKind.USER: CallerKind.USER,
    HolderKind.ROLE: CallerKind.ROLE,
    HolderKind.FEDERATED: CallerKind.FEDERATED_USER,
}


def facts_of_action(facts: Facts, kind: HolderKind, action: Action | None) -> Facts:
    """Return the facts without the keys that requests of an action, or of a caller, never have.

    For a service's key that is equivalent to a global one, `facts` also has the global one.
    """
    asked = RequestKind(
        _CALLERS[kind], is_service=False, action=action, via_service=True, endpoint=None
    )
    unknown: dict[str, UnknownKey] = {}
    values = dict(facts.values)
    for key, one in facts.unknown.items():
        if key in _READERS:
            unknown[key] = one
            continue
        presence = presence_of(key, asked)
        if presence is Presence.NEVER:
            continue
        same = (equivalent_global_key(key) or "").lower()
        if same in facts.values:
            values[key] = facts.values[same]
        elif same not in _READERS or same in facts.unknown:
            always = presence is Presence.ALWAYS and one.may_be_absent
            unknown[key] = UnknownKey(may_be_absent=False) if always else one
    return Facts(values, unknown, facts.oldest)


def depends_on_action(facts: Facts) -> bool:
    """Return whether `facts_of_action` can change the facts."""
    return bool(facts.unknown) and not _READERS.keys() >= facts.unknown.keys()


def with_same(keys: Collection[str]) -> frozenset[str]:
    """Return keys with the global keys that have the same value as a service's key among them."""
    return frozenset(keys) | {
        same.lower() for key in keys if (same := equivalent_global_key(key)) is not None
    }
