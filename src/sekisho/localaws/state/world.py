"""The state of an account that moto does not keep, its clock, and the current caller.

One `World` per running local AWS; it is the only mutable state beside moto's own, and every
request holds `lock` while it reads or writes either. The caller of a request is set by the
authorizer and read by the overlay. The decision log says who asked for what, and why it was
answered so; nothing of a request but its action and resource gets into it, so no secret can.
"""

import logging
import secrets
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache

from botocore.loaders import Loader
from fido2.webauthn import AttestedCredentialData

from sekisho.engine import Assumptions, Decision
from sekisho.errors import InternalError
from sekisho.lazy import dataclass
from sekisho.localaws.state.moto_lock import MotoLock
from sekisho.signin import Credential, CredentialKind, Rule, SigninAssumptions

_LOGGER = logging.getLogger("sekisho.localaws")

MOST_WRONG = 10
"""The wrong tries from one source that are accepted in one window."""

MOST_OF_STRANGERS = 50
"""The wrong tries in one window from all sources together that were never right."""

WINDOW_OF_TRIES = timedelta(minutes=5)
MAX_SUBJECTS = 10_000
"""The most subjects: to make it forget one, an attacker must try this many others."""

SIGN_IN = "sign-in"
"""The source of attempts at the sign-in after a right password."""


@dataclass(frozen=True, slots=True)
class _Source:
    tries: tuple[datetime, ...] = ()
    was_right: bool = False


class Throttle:
    """Counts tries of passwords and codes, by subject (such as a user's name) and source.

    A code has six digits, and three codes are right at a time: an attacker with unlimited tries
    would sign in within the hour. AWS limits tries and does not document the limit; here it is ten
    in five minutes for one user or device, from one source. Tries are counted before they are
    checked, so that simultaneous tries count, too, and by the local AWS's own clock.

    A source is something that the sender of a try cannot choose freely: the key that signs, the
    sign-in of a user whose password was right, or an address. So tries with one key lock nobody
    else out. An address of this computer can be chosen, which would allow ten tries for each: so
    all sources that were never right have fifty tries together.
    """

    def __init__(self) -> None:
        self._sources: OrderedDict[str, dict[str, _Source]] = OrderedDict()

    def spend(self, subject: str, source: str, now: datetime) -> bool:
        """Count a try, and return whether it may be made."""
        sources = {
            name: replace(each, tries=recent)
            for name, each in self._sources.get(subject, {}).items()
            if (recent := tuple(at for at in each.tries if now - at < WINDOW_OF_TRIES))
            or each.was_right
        }
        mine = sources.get(source, _Source())
        strangers = sum(len(each.tries) for each in sources.values() if not each.was_right)
        if len(mine.tries) >= MOST_WRONG or (strangers >= MOST_OF_STRANGERS and not mine.was_right):
            return False
        self._sources[subject] = sources | {source: replace(mine, tries=(*mine.tries, now))}
        self._sources.move_to_end(subject)
        while len(self._sources) > MAX_SUBJECTS:
            self._sources.popitem(last=False)
        return True

    def clear(self, subject: str, source: str) -> None:
        """Forget the tries of a source that was right."""
        self._sources.setdefault(subject, {})[source] = _Source(was_right=True)


@dataclass(frozen=True, slots=True)
class LoggedDecision:
    """One logged decision.

    Attributes:
        at: the time by the local AWS's own clock.
        caller: the caller's ARN.
        action: the IAM action, like `s3:ListAllMyBuckets`.
        resource: an ARN, `*`, or None if it was not known.
        mfa: whether the request counted as made with MFA.
        decision: the engine's decision; None where a service's own rule decided.
        rule: the service's own rule; None where the policies decided.
        allowed: whether it went through to the service.
        note: a further note, such as AWS's error code.
    """

    at: datetime
    caller: str
    credential: CredentialKind
    action: str
    resource: str | None
    mfa: bool
    allowed: bool
    decision: Decision | None = None
    rule: Rule | None = None
    note: str = ""


class DecisionLog:
    """The latest entries, the oldest first; each also goes to the logger `sekisho.localaws`."""

    def __init__(self, size: int = 2000) -> None:
        self._entries: deque[LoggedDecision] = deque(maxlen=size)

    def add(self, entry: LoggedDecision) -> None:
        """Add an entry, and log it."""
        self._entries.append(entry)
        causes = entry.decision.because if entry.decision is not None else ()
        _LOGGER.info(
            "%s %s %s on %s by %s: %s",
            "allow" if entry.allowed else "deny",
            entry.credential.value,
            entry.action,
            entry.resource if entry.resource is not None else "a resource that is not known",
            entry.caller,
            "; ".join(f"{cause.policy} [{cause.sid or cause.index}]" for cause in causes)
            or entry.rule
            or entry.note,
        )

    def entries(self) -> tuple[LoggedDecision, ...]:
        """Return the entries that are kept, the oldest first."""
        return tuple(self._entries)

    def last(self, action: str = "") -> LoggedDecision | None:
        """Return the newest entry, or that of `action` if given."""
        for entry in reversed(self.entries()):
            if not action or entry.action == action:
                return entry
        return None


class Clock:
    """Real time plus an offset that only grows."""

    def __init__(self) -> None:
        self._offset = timedelta()

    def wall(self) -> datetime:
        """Return real time, for signatures."""
        return datetime.now(UTC)

    def now(self) -> datetime:
        """Return the time for codes, sessions and policies."""
        return self.wall() + self._offset

    def advance(self, step: timedelta) -> None:
        """Move the clock forward by `step`.

        Raises:
            ValueError: if `step` is negative: a session that ended must not come back.
        """
        if step < timedelta():
            raise ValueError("the clock only moves forward")
        self._offset += step


@dataclass(frozen=True, slots=True)
class VerifiedCaller:
    """The caller of one request, verified.

    Attributes:
        credential: the credential that signed the request.
        access_key_id: the id of that credential (`AKIA…`, `ASIA…`).
        session_policies: the policies of the session itself, as JSON texts.
        source_ip: the client's address.
        source: the source for which wrong codes and passwords are counted (`Throttle`).
        mfa_at: when the code that came *with this request* (GetSessionToken, AssumeRole) was
            accepted; None if it carried none. `credential.mfa_at` tells of an earlier one.
    """

    credential: Credential
    access_key_id: str
    session_policies: tuple[str, ...] = ()
    source_ip: str = "127.0.0.1"
    source: str = ""
    mfa_at: datetime | None = None


class PasskeyStep(StrEnum):
    """The two calls that register a passkey; the value is that of `iam:RegisterSecurityKey`."""

    CREATE = "Create"
    ACTIVATE = "Activate"


@dataclass(slots=True)
class PasskeyState:
    """A passkey that a user has enabled; there are no unassigned ones.

    Attributes:
        credential: its id and its public key.
        sign_count: the last count of signatures that it told; 0 if it tells none.
    """

    credential: AttestedCredentialData
    sign_count: int = 0


@dataclass(frozen=True, slots=True)
class PasskeyCall:
    """The parameters of the console's own EnableMFADevice, which no public API takes.

    Attributes:
        user_id: the unique id of the user who is to have the passkey.
        made: the authenticator's result; None in the first of the two calls.
    """

    step: PasskeyStep
    user_id: str
    made: PasskeyState | None = None


@dataclass(slots=True)
class DeviceState:
    """A virtual device's seed, and its synchronisation.

    Attributes:
        seed: base32 text, as CreateVirtualMFADevice returned it; a secret.
        drift: how many 30-second steps the device is ahead of the clock.
        last_step: the last step whose code was accepted: none at or before it ever is again.
        tags: the device's tags.
    """

    seed: str = field(repr=False)
    drift: int = 0
    last_step: int | None = None
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class PasswordState:
    """A console password, hashed; a secret.

    Attributes:
        changed_at: when the password was set last.
        created_at: when the login profile was made; `changed_at` if not given.
        last_used: when somebody last signed in with it.
        former: hashes of earlier passwords, the newest first, for `PasswordReusePrevention`.
        session_seconds: `MaxSigninSessionDuration`, or None.
    """

    hash: str = field(repr=False)
    reset_required: bool
    changed_at: datetime
    last_used: datetime | None = None
    created_at: datetime | None = None
    former: tuple[str, ...] = field(default=(), repr=False)
    session_seconds: int | None = None


@dataclass(slots=True)
class ServiceCredentialState:
    """A credential for one service. Its secret is not kept: it cannot be used here.

    Attributes:
        user_id: the unique id of the user whose it is; it stays when the user is renamed.
        service: like `codecommit.amazonaws.com`.
        name: the user name or alias at that service; it stays when the user is renamed.
        status: `Active` or `Inactive`, as it was set.
        expires_at: when it ends by itself, or None.
    """

    user_id: str
    service: str
    name: str
    created_at: datetime
    status: str = "Active"
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LoginCode:
    """The authorization of one code of `aws login`.

    Attributes:
        console: the console session that let the client in.
        client: the last part of the client's id.
        redirect_uri: where the code was sent.
        challenge: the PKCE challenge.
    """

    console: Credential
    client: str
    redirect_uri: str
    challenge: str
    expires_at: datetime


@dataclass(slots=True)
class LoginSessionState:
    """A session of `aws login`.

    Attributes:
        console: the console session that it began from.
        client: the last part of the client's id.
        key: the thumbprint of the key that its refresh tokens are bound to.
        region: where it was begun.
        agent: the client's `User-Agent`.
        refresh: the SHA-256 of the refresh token that is good now.
        used_at: when it was last renewed.
        revoked: whether it was ended: it can be renewed no more.
    """

    arn: str
    console: Credential
    client: str
    key: str
    begun_at: datetime
    ends_at: datetime
    region: str
    agent: str = ""
    refresh: str = field(default="", repr=False)
    used_at: datetime | None = None
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class GeneratedReport:
    """A credential report as it was generated."""

    at: datetime
    content: str


@dataclass(slots=True)
class World:
    """The state beyond moto, for one account.

    Attributes:
        engine_assumptions, signin_assumptions: the points that AWS does not document.
        master: the key that session tokens and sign-in tickets are sealed with.
        devices: the virtual devices, by serial number.
        passkeys: by serial number.
        passwords: by user name.
        boundaries: policy ARN by user name.
        role_sessions: `MaxSigninSessionDuration` of roles, by their unique ids.
        service_credentials: by id, in the order in which they were made.
        console_authorization: whether policies are asked at the console's sign-in.
        root_mfa: whether the root user has MFA; AWS has demanded it of every account since 2025.
        login_codes: of `aws login`, by their SHA-256.
        login_sessions: of `aws login`, by ARN.
        proofs: DPoP proofs that have been used, with the time until when they are remembered.
        console_site: the address of the rehearsal console's first page; "" if there is none.
        report: the last credential report.
        spent: sign-in tickets that have been used, with the time when they expire.
        entropy: where seeds come from.
        log: the decisions, with callers and reasons.
        throttle: how often somebody was wrong of late.
        lock: for all of this and for moto's state, which is in place while it is held.
    """

    account: str
    partition: str
    clock: Clock
    engine_assumptions: Assumptions = field(default_factory=Assumptions)
    signin_assumptions: SigninAssumptions = field(default_factory=SigninAssumptions)
    master: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    devices: dict[str, DeviceState] = field(default_factory=dict)
    passkeys: dict[str, PasskeyState] = field(default_factory=dict)
    passwords: dict[str, PasswordState] = field(default_factory=dict)
    boundaries: dict[str, str] = field(default_factory=dict)
    role_sessions: dict[str, int] = field(default_factory=dict)
    service_credentials: dict[str, ServiceCredentialState] = field(default_factory=dict)
    console_authorization: bool = False
    root_mfa: bool = True
    login_codes: dict[str, LoginCode] = field(default_factory=dict, repr=False)
    login_sessions: dict[str, LoginSessionState] = field(default_factory=dict, repr=False)
    proofs: dict[str, datetime] = field(default_factory=dict, repr=False)
    console_site: str = ""
    report: GeneratedReport | None = None
    spent: dict[str, datetime] = field(default_factory=dict, repr=False)
    entropy: Callable[[int], bytes] = field(default=secrets.token_bytes, repr=False)
    log: DecisionLog = field(default_factory=DecisionLog, repr=False)
    throttle: Throttle = field(default_factory=Throttle, repr=False)
    lock: MotoLock = field(default_factory=MotoLock, repr=False)

    @property
    def region(self) -> str:
        """The region for which IAM's and STS's calls of this partition are signed.

        Raises:
            InternalError: if botocore does not know the partition.
        """
        region = _global_regions().get(self.partition)
        if region is None:
            raise InternalError(f"no region is known for the partition `{self.partition}`")
        return region


@cache
def _global_regions() -> Mapping[str, str]:
    """Return the region of each partition's global services, by botocore."""
    listed = Loader().load_data("partitions")["partitions"]
    return {each["id"]: each["outputs"]["implicitGlobalRegion"] for each in listed}


CALLER: ContextVar[VerifiedCaller] = ContextVar("CALLER")
WORLD: ContextVar[World] = ContextVar("WORLD")
PAGE_SOURCE: ContextVar[str] = ContextVar("PAGE_SOURCE", default="")
"""The address that a request of the sign-in's pages comes from."""

REGISTERING: ContextVar[PasskeyCall | None] = ContextVar("REGISTERING", default=None)
"""The passkey call that the console itself is making; clients' requests cannot set it."""
