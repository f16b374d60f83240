"""The credentials of an IAM user or role, and the keys that each puts into the request context.

`signin.context_of` has the keys of a credential; a service that calls on the user's behalf has the
user's context, with `aws:ViaAWSService`, and with MFA false if the user called with an access key
(docs/signin.md; IAM User Guide, "AWS global condition context keys").

A session of `aws login` has the keys of the console session from which it began, and
`aws:SignInSessionArn`; whether it has the keys of MFA is not documented (`aws_login_mfa`), so that
both cases are asked about, unless one is set.

A role's session never has MFA. Whether `aws:MultiFactorAuthPresent` is false in it or absent is not
documented (docs/signin.md, `role_session_mfa`), so that both cases are asked about, likewise.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum

from sekisho.engine import Context, ContextValue, Request
from sekisho.engine.matching import ANONYMOUS, Caller, CallerKind, arns, caller_of
from sekisho.errors import Code, Fault, FaultyRequest, quoted
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.prover.reading.keys import NEVER, OF_SERVICES, SIGN_IN, VIA_SERVICE
from sekisho.signin import (
    LONGEST_CONSOLE_SESSION,
    AwsLoginMfa,
    Credential,
    CredentialKind,
    Holder,
    HolderKind,
    RoleSessionMfa,
    SigninAssumptions,
    context_of,
    login_session,
    sign_in_arn,
)

USER_ID = "aws:userid"
"""The key of the user's unique id, which cannot be chosen and is not in the ARN."""

EXAMPLE_ID = "AIDAIOSFODNN7EXAMPLE"
"""The unique id of a user whose id is not known, if no policy tests it."""

EXAMPLE_ROLE_ID = "AROAIOSFODNN7EXAMPLE"
"""The unique id of a role whose id is not known."""

FEDERATED_USER = "federated-user/"
"""The start of the resource in the ARN of a session of GetFederationToken."""

SESSION_NAME = "some-session"
"""The name of a role's session, if no policy tests it."""

CALLER_KEYS = frozenset(
    {
        *("aws:principalaccount", "aws:principalarn", "aws:principalisawsservice"),
        *("aws:principaltype", USER_ID, "aws:username", "aws:viaawsservice"),
        *("aws:multifactorauthpresent", *NEVER, *VIA_SERVICE),
    }
)
"""The keys that differ between users, roles, services and unsigned callers."""

TAG = "aws:principaltag/"
"""The prefix of the keys of the user's tags, in lower case."""
_LONGEST = LONGEST_CONSOLE_SESSION
"""No session that AWS issues lives longer."""


class CallerCredential(StrEnum):
    """The credential that signs a call, and whether the call is direct."""

    KEY = "access key"
    SESSION = "console session or session token without MFA"
    MFA_SESSION = "session with MFA"
    LOGIN_KEYLESS = "session of aws login without the MFA key"
    KEY_VIA_SERVICE = "service acting for an access key"
    SESSION_VIA_SERVICE = "service acting for a session without MFA"
    MFA_VIA_SERVICE = "service acting for a session with MFA"
    ROLE_SESSION = "session of a role"
    ROLE_KEYLESS = "session of a role without the MFA key"
    ROLE_VIA_SERVICE = "service acting for a session of a role"
    ROLE_KEYLESS_VIA_SERVICE = "service acting for a session of a role without the MFA key"
    FEDERATED = "session of GetFederationToken"
    FEDERATED_VIA_SERVICE = "service acting for a session of GetFederationToken"
    OUTSIDE = "no credential of an account"
    """Of AWS services, of sessions from an identity provider, and of unsigned requests."""
    HYPOTHETICAL = "no known credential"
    """A value of `aws:MultiFactorAuthPresent` that AWS is not known to produce."""

    @property
    def with_mfa(self) -> bool:
        """Whether it has MFA."""
        return self in (CallerCredential.MFA_SESSION, CallerCredential.MFA_VIA_SERVICE)

    @property
    def mfa(self) -> str:
        """The value of `aws:MultiFactorAuthPresent`: `true`, `false`, `absent`, or `other`."""
        if self is CallerCredential.HYPOTHETICAL:
            return "other"
        if self in _KEYLESS:
            return "absent"
        return "true" if self.with_mfa else "false"

    @property
    def direct(self) -> bool:
        """Whether the user calls directly, and not a service on the user's behalf."""
        return self not in _OF_SERVICES


_KEYLESS = frozenset(
    {
        CallerCredential.KEY,
        CallerCredential.LOGIN_KEYLESS,
        CallerCredential.FEDERATED,
        CallerCredential.OUTSIDE,
        CallerCredential.ROLE_KEYLESS,
        CallerCredential.ROLE_KEYLESS_VIA_SERVICE,
    }
)
_OF_SERVICES = frozenset(
    {
        CallerCredential.KEY_VIA_SERVICE,
        CallerCredential.SESSION_VIA_SERVICE,
        CallerCredential.MFA_VIA_SERVICE,
        CallerCredential.ROLE_VIA_SERVICE,
        CallerCredential.ROLE_KEYLESS_VIA_SERVICE,
        CallerCredential.FEDERATED_VIA_SERVICE,
    }
)
_OF_ROLES: Mapping[CallerCredential, CallerCredential] = {
    CallerCredential.KEY: CallerCredential.ROLE_KEYLESS,
    CallerCredential.SESSION: CallerCredential.ROLE_SESSION,
    CallerCredential.KEY_VIA_SERVICE: CallerCredential.ROLE_KEYLESS_VIA_SERVICE,
    CallerCredential.SESSION_VIA_SERVICE: CallerCredential.ROLE_VIA_SERVICE,
}
"""The role's session that replaces a user's credential; none has MFA."""
_OF_FEDERATION: Mapping[CallerCredential, CallerCredential] = {
    CallerCredential.KEY: CallerCredential.FEDERATED,
    CallerCredential.KEY_VIA_SERVICE: CallerCredential.FEDERATED_VIA_SERVICE,
}
"""The session of GetFederationToken that an access key makes; it has no MFA."""


@dataclass(frozen=True, slots=True)
class SessionReadings:
    """The ways in which sessions show that they have no MFA, where AWS does not document it.

    Each is an assumption of sign-in; if it is None, both readings are asked about.
    """

    aws_login_mfa: AwsLoginMfa | None = None
    role_session_mfa: RoleSessionMfa | None = None


@dataclass(frozen=True, slots=True)
class CallingUser:
    """The user or role whose requests are in question, or a session of GetFederationToken.

    Attributes:
        arn: of the user, role or session, which tells name, path, account and partition.
        known_values: further context keys of every request by this user, like tags and
            `aws:userid`; an id that is not among them can be any user's.
        all_tags: whether the tags in `known_values` are all that the user has.
        open_keys: keys (in lower case) that are taken to have any value, or none, though the user's
            own requests settle them: the user then stands for callers of every other kind, too.
        outside_principal: a caller in the place of the user that is of no account: a service, an
            identity provider or `anonymous`, as the engine names them; "": the user calls.
        readings: how the caller's sessions show that they have no MFA.
    """

    arn: str
    known_values: Mapping[str, str]
    all_tags: bool = False
    open_keys: frozenset[str] = frozenset()
    outside_principal: str = ""
    readings: SessionReadings = SessionReadings()

    @property
    def is_service(self) -> bool:
        """Whether the caller is a service instead of a user."""
        return self.outside_principal.endswith(_SERVICES)

    @property
    def is_role(self) -> bool:
        """Whether the caller is a session of a role."""
        return arns.split(self.arn)[-1].startswith("role/")

    @property
    def is_federated(self) -> bool:
        """Whether the caller is a session of GetFederationToken."""
        return arns.split(self.arn)[-1].startswith(FEDERATED_USER)

    def caller(self, user_id: object = None) -> Caller:
        """Return the principal that signs; `user_id`: `aws:userid`, which names a session."""
        if self.outside_principal:
            return caller_of(Request(self.outside_principal, "sts:AssumeRole", "*"), bounded=False)
        of_key = user_id if isinstance(user_id, str) else self.unique_id
        unique_id, _, session = of_key.partition(":")
        arn, kind = self.arn, CallerKind.USER
        if self.is_role:
            tail = f"assumed-role/{self.name}/{session or SESSION_NAME}"
            arn, kind = f"arn:{self.partition}:sts::{self.account}:{tail}", CallerKind.ROLE_SESSION
        elif self.is_federated:
            kind = CallerKind.FEDERATED_USER
        return Caller(arn, kind, self.partition, self.account, unique_id)

    @property
    def account(self) -> str:
        """The account id."""
        return arns.split(self.arn)[4]

    @property
    def partition(self) -> str:
        """The partition."""
        return arns.split(self.arn)[1]

    @property
    def name(self) -> str:
        """The name without path."""
        return self.arn.rpartition("/")[2]

    @property
    def unique_id(self) -> str:
        """The unique id, like `AIDA…`; "" if it is not known."""
        return next((text for key, text in self.known_values.items() if key.lower() == USER_ID), "")

    @property
    def tags(self) -> dict[str, str]:
        """The known tags, without the prefix of their keys."""
        known = self.known_values.items()
        return {key[len(TAG) :]: text for key, text in known if key.lower().startswith(TAG)}

    def lacks(self, key: str) -> bool:
        """Return whether `key` (in lower case) is a tag that the user is known not to have."""
        if self.outside_principal:
            return key.startswith(TAG)
        known = {each.lower() for each in self.known_values}
        return self.all_tags and key.startswith(TAG) and key not in known

    @classmethod
    def of(
        cls, arn: str, known: Mapping[str, str] | None = None, *, all_tags: bool = False
    ) -> "CallingUser":
        """Return the user with this ARN.

        Raises:
            FaultyRequest: if it is not the ARN of an IAM user.
        """
        if not _is_of(arn, "user/"):
            message = Message("{arn} is not the ARN of an IAM user").filled(arn=quoted(arn))
            fault = Fault(
                Code.REQUEST_BAD_VALUE, message, "user", fix=Message("write `arn:…:user/NAME`")
            )
            raise FaultyRequest(Message("user", "source"), [fault])
        return cls(arn, known or {}, all_tags)

    @classmethod
    def from_arn(cls, arn: str) -> "CallingUser":
        """Return the user or the role with this ARN; raises as `of` and `of_role` do."""
        return cls.of_role(arn) if _is_of(arn, "role/") else cls.of(arn)

    @classmethod
    def of_role(
        cls, arn: str, known: Mapping[str, str] | None = None, *, all_tags: bool = False
    ) -> "CallingUser":
        """Return the role with this ARN, whose sessions call.

        Raises:
            FaultyRequest: if it is not the ARN of a role.
        """
        if not _is_of(arn, "role/"):
            message = Message("{arn} is not the ARN of a role").filled(arn=quoted(arn))
            fault = Fault(
                Code.REQUEST_BAD_VALUE, message, "role", fix=Message("write `arn:…:role/NAME`")
            )
            raise FaultyRequest(Message("role", "source"), [fault])
        return cls(arn, known or {}, all_tags)


def federated_session(user: CallingUser, name: str) -> CallingUser:
    """Return the session of GetFederationToken that a user's access key makes under a name.

    Its tags are those of the user and others that the call gives (IAM User Guide, "Pass session
    tags in AWS STS").
    """
    arn = f"arn:{user.partition}:sts::{user.account}:{FEDERATED_USER}{name}"
    return CallingUser(arn, {USER_ID: f"{user.account}:{name}"})


def _is_of(arn: str, kind: str) -> bool:
    """Return whether an ARN is of an IAM identity of one kind."""
    parts = arns.split(arn)
    return (
        len(parts) == arns.PARTS
        and (parts[0], parts[2], parts[3]) == ("arn", "iam", "")
        and arns.is_account(parts[4])
        and parts[-1].startswith(kind)
        and not parts[-1].endswith("/")
    )


@dataclass(frozen=True, slots=True)
class Situation:
    """One way of calling: the keys with known values, and the keys that are known to be absent.

    Attributes:
        values: the context as far as it is settled.
        absent: keys (in lower case) that the request cannot have.
    """

    credential: CallerCredential
    values: Context
    absent: frozenset[str]


_CREDENTIALS = ("aws:multifactorauthage", "aws:multifactorauthpresent", "aws:tokenissuetime")


def situations(
    user: CallingUser, now: datetime, credentials: tuple[CallerCredential, ...]
) -> list[Situation]:
    """Return the situations of `user` for each of the ways of calling."""
    situation = _of_user
    if user.outside_principal:
        situation = _of_outsider
    elif user.is_role:
        situation = _of_role
    elif user.is_federated:
        situation = _of_federation
    return [situation(user, now, each) for each in ways_of(user, credentials)]


def ways_of(
    user: CallingUser, credentials: tuple[CallerCredential, ...]
) -> tuple[CallerCredential, ...]:
    """Return the ways of calling that a user can use, or a role's session for each."""
    roles = frozenset(_OF_ROLES.values())
    outside = CallerCredential.OUTSIDE
    if user.outside_principal:
        return (outside,) if {outside, *_OF_ROLES} & set(credentials) else ()
    if user.is_federated:
        return tuple(way for key, way in _OF_FEDERATION.items() if {key, way} & {*credentials})
    if not user.is_role:
        of_others = {outside, *roles, *_OF_FEDERATION.values()}
        if user.readings.aws_login_mfa is AwsLoginMfa.AS_CONSOLE:
            of_others.add(CallerCredential.LOGIN_KEYLESS)
        return tuple(each for each in credentials if each not in of_others)
    ways = {each if each in roles else _OF_ROLES.get(each) for each in credentials}
    match user.readings.role_session_mfa:
        case RoleSessionMfa.FALSE:
            ways -= _KEYLESS
        case RoleSessionMfa.ABSENT:
            ways &= _KEYLESS
        case None:
            pass
    # first with the key as false, which is the documented reading
    return tuple(each for each in CallerCredential if each in ways)


def _of_role(user: CallingUser, now: datetime, way: CallerCredential) -> Situation:
    holder = _holder(user)
    credential = Credential(
        CredentialKind.ROLE_SESSION,
        holder,
        issued_at=now,
        expires_at=now + _LONGEST,
        session_name=SESSION_NAME,
    )
    shows = RoleSessionMfa.ABSENT if way in _KEYLESS else RoleSessionMfa.FALSE
    brought = context_of(credential, now, SigninAssumptions(role_session_mfa=shows))
    values = Context(brought).with_(user.known_values)
    absent = {*set(_CREDENTIALS).difference(values.folded), "aws:username"}
    if way.direct:
        absent |= VIA_SERVICE
    else:
        values = values.with_({"aws:ViaAWSService": "true"})
    return Situation(way, values, frozenset(absent))


def _of_federation(user: CallingUser, now: datetime, way: CallerCredential) -> Situation:
    credential = Credential(
        CredentialKind.FEDERATED_SESSION,
        Holder(HolderKind.FEDERATED, user.partition, user.account, user.name),
        issued_at=now,
        expires_at=now + _LONGEST,
    )
    values = Context(context_of(credential, now, SigninAssumptions())).with_(user.known_values)
    absent = {*set(_CREDENTIALS).difference(values.folded), "aws:username", SIGN_IN}
    if way.direct:
        return Situation(way, values, frozenset(absent | VIA_SERVICE))
    # whether the service's own session has the key is not documented
    values = values.with_({"aws:ViaAWSService": "true", "aws:MultiFactorAuthPresent": "false"})
    return Situation(way, values, frozenset(absent - {"aws:multifactorauthpresent"}))


_OF_IDENTITIES = CALLER_KEYS | {"aws:principalorgid", "aws:principalorgpaths"}
"""The keys of callers that belong to an account or are a service."""


def _of_outsider(user: CallingUser, now: datetime, way: CallerCredential) -> Situation:
    values: dict[str, ContextValue] = {
        "aws:CurrentTime": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "aws:EpochTime": str(int(now.timestamp())),
        "aws:ViaAWSService": "false",
    }
    if user.outside_principal != ANONYMOUS:
        values["aws:PrincipalIsAWSService"] = "false"
    if user.is_service:
        values["aws:PrincipalIsAWSService"] = "true"
        values["aws:PrincipalServiceName"] = user.outside_principal
        values["aws:PrincipalServiceNamesList"] = (user.outside_principal,)
    context = Context(values)
    absent = {*_OF_IDENTITIES, *_CREDENTIALS, *VIA_SERVICE}.difference(context.folded)
    absent -= OF_SERVICES if user.is_service else set()
    return Situation(way, context, frozenset(absent))


_SERVICES = (".amazonaws.com", ".amazonaws.com.cn")


def _holder(user: CallingUser) -> Holder:
    """Return the IAM identity of a user or a role."""
    kind, start, unique = HolderKind.USER, "user", EXAMPLE_ID
    if user.is_role:
        kind, start, unique = HolderKind.ROLE, "role", EXAMPLE_ROLE_ID
    tail = arns.split(user.arn)[-1]
    path = tail[len(start) : len(tail) - len(user.name)]
    return Holder(kind, user.partition, user.account, user.name, path, unique)


_A_LOGIN = ("us-east-1", "11111111-2222-3333-4444-555555555555")
"""Where a session of `aws login` began, and its id, where no policy asks for another."""

_LOGIN_ABSENT = SigninAssumptions(aws_login_mfa=AwsLoginMfa.ABSENT)
"""With the keys of MFA a session of `aws login` is a session like any other: `SESSION` is asked
with any `aws:SignInSessionArn` and without. It is a way of its own only without them."""


def _of_user(user: CallingUser, now: datetime, way: CallerCredential) -> Situation:
    holder = _holder(user)
    key = way in (CallerCredential.KEY, CallerCredential.KEY_VIA_SERVICE)
    kind = CredentialKind.LONG_TERM_KEY if key else CredentialKind.CONSOLE_SESSION
    credential = Credential(
        kind,
        holder,
        issued_at=None if key else now,
        expires_at=None if key else now + _LONGEST,
        mfa_at=now if way.with_mfa else None,
    )
    if way is CallerCredential.LOGIN_KEYLESS:
        credential = login_session(credential, sign_in_arn(credential, *_A_LOGIN), now)
    values = Context(context_of(credential, now, _LOGIN_ABSENT)).with_(user.known_values)
    absent = set(_CREDENTIALS).difference(values.folded)
    no_login = user.readings.aws_login_mfa is AwsLoginMfa.ABSENT
    if key or (no_login and way is not CallerCredential.LOGIN_KEYLESS):
        # with the keys of MFA it is no session of `aws login`
        absent.add(SIGN_IN)
    if way.direct:
        absent |= VIA_SERVICE
    else:
        values = values.with_({"aws:ViaAWSService": "true"})
        if key:
            values = values.with_({"aws:MultiFactorAuthPresent": "false"})
            # whether the service's own session has the key is not documented
            absent -= {"aws:multifactorauthpresent", "aws:tokenissuetime", SIGN_IN}
    return Situation(way, values, frozenset(absent))
