"""Hands out a session: a stored one that lasts long enough, or a new one for a code.

A code works once. So one process at a time asks for a code of a device: the others wait, and find
the session that was made. What a session of the user can do, it does for every profile: a role is
assumed with it, and no second code is asked for. Only where AWS refuses that, a code is spent on
the role itself.

Source: AWS STS API Reference, GetSessionToken and AssumeRole. See docs/signin.md#who-may-call-what.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from sekisho.account import AwsApi
from sekisho.errors import AwsRefused, Code, InternalError, SekishoError, SessionRefused
from sekisho.lazy import dataclass
from sekisho.messages import Message, joined_messages, verbatim
from sekisho.session.keeping import Store
from sekisho.session.model import Session, SessionId
from sekisho.session.notes import Notes, SessionNote
from sekisho.session.source import RoleAsked, Source
from sekisho.session.terminal import Terminal
from sekisho.signin import (
    MFA_UNKNOWN_DEVICE,
    MFA_WRONG_CODE,
    PERIOD,
    DeviceKind,
    check_session_name,
    is_code,
    kind_of_serial,
    step_of,
)

if TYPE_CHECKING:
    from sekisho.account.aws import Keys


_NOT_LISTED = Message("the MFA devices of {user} cannot be listed ({code})")
_SAY_IT = Message("name the device by `--serial`, or as `mfa_serial` in the profile")
_NONE = Message("{user} has no MFA device")
_ENROL = Message("register an authenticator app in the console: Security credentials")
_PASSKEYS = Message("{user} has only passkeys or security keys, which give no code")
_LOGIN = Message("sign in by `aws login`, or register an authenticator app as well")
_SEVERAL = Message("{user} has several devices that give codes: {serials}")
_WHICH = Message("The number of the device whose code you will type (1-{count}): ")
_LISTED = verbatim("{number}: {serial}")


def chosen_device(api: AwsApi, user: str, terminal: Terminal) -> str:
    """Return the serial number of the user's device whose code is asked for.

    AWS lets users list their own devices without MFA, where they may manage them.

    Raises:
        SessionRefused: if there is none that gives codes, or several and nobody to ask.
    """
    try:
        listed = list(api.pages("iam", "ListMFADevices", "MFADevices"))
    except AwsRefused as error:
        if error.status == 0:
            raise
        message = _NOT_LISTED.filled(user=user, code=error.aws_code)
        raise _refused(message, _SAY_IT) from None
    serials = sorted(str(each["SerialNumber"]) for each in listed)
    codes = [each for each in serials if kind_of_serial(each) is not DeviceKind.FIDO]
    if not serials:
        raise _refused(_NONE.filled(user=user), _ENROL)
    if not codes:
        raise _refused(_PASSKEYS.filled(user=user), _LOGIN)
    return codes[0] if len(codes) == 1 else _one_of(codes, user, terminal)


def _one_of(serials: list[str], user: str, terminal: Terminal) -> str:
    several = _SEVERAL.filled(user=user, serials=", ".join(serials))
    try:
        terminal.check()
    except SessionRefused:
        raise _refused(several, _SAY_IT) from None
    numbered = enumerate(serials, 1)
    lines = [_LISTED.filled(number=number, serial=serial) for number, serial in numbered]
    question = joined_messages((*lines, _WHICH.filled(count=len(serials))), en="\n", ja="\n")
    typed = terminal.ask(question, hidden=False)
    if typed.isdecimal() and typed.isascii() and 1 <= int(typed) <= len(serials):
        return serials[int(typed) - 1]
    raise _refused(several, _SAY_IT)


def _refused(message: Message, fix: Message) -> SessionRefused:
    return SessionRefused(message, code=Code.SESSION_NO_DEVICE, fix=fix)


_TRIES = 3
_ONE_CALL = timedelta(minutes=1)
"""The shortest remaining time of a session with which a role is assumed."""
_RECENT = timedelta(minutes=1)
"""The age up to which a session counts as just made."""
_OVER = frozenset({"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId"})
_SESSION_NAME = "sekisho"

_CODE = Message("MFA code of {device} (profile {profile}): ")
_NO_CODE = Message("a code has six digits")
_WRONG = Message(
    "AWS refused the code: it is wrong, was used before, or the device's clock is wrong; wait "
    "for the next one"
)
_THREE_WRONG = Message("AWS refused {count} {count:code|codes} of {device}: {text}")
_CLOCK = Message(
    "type each code once, while it is shown, and set the clock of the phone by the network; or is "
    "it another device (`--serial`)?"
)
_SPENT = Message(
    "the current code was already used, and a code works once: the next one is asked for in "
    "{seconds} seconds"
)
_UNKNOWN_DEVICE = Message("`{device}` is not a device of {user} that gives codes")
_NOT_BY_SESSION = Message(
    "AWS refused the role {role} to the session of {when}; it may ask for a sign-in that is newer: "
    "one code is spent on the role itself"
)
_NOT_A_USER = Message("the key of the profile `{profile}` is of no user: {caller}")
_NOT_KEPT = Message("the session is not kept: {reason}")


class Connect(Protocol):
    """Returns an API that signs with the given keys."""

    def __call__(self, keys: "Keys", source: Source) -> AwsApi:
        """Return the API for the source's settings."""
        ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The outside world.

    Attributes:
        say: called with messages for the user.
        now: the time of this computer.
        sleep: waits for some seconds.
    """

    store: Store
    notes: Notes
    terminal: Terminal
    say: Callable[[Message], None]
    connect: Connect
    now: Callable[[], datetime]
    sleep: Callable[[float], None]


@dataclass(frozen=True, slots=True)
class HandedOut:
    """A session to hand out, with its origin.

    Attributes:
        new: whether it was made just now.
        kept_in: `keyring`, the path of a file, or "".
    """

    id: SessionId
    session: Session
    new: bool
    kept_in: str


class Broker:
    """Hands out sessions of one source."""

    def __init__(self, source: Source, at: Surroundings) -> None:
        self._source = source
        self._at = at

    def hand_out(self) -> HandedOut:
        """Return a stored session, or make one.

        Raises:
            SessionRefused: if nobody can be asked, or no code was right.
            AwsRefused: if AWS refuses for another reason.
            SekishoError: if it cannot be seen what is kept.
        """
        self._at.store.check()
        of_user = self._session_id()
        role = self._source.role
        session_id = _of_role(of_user, role) if role else of_user
        if session := self._stored_session(session_id, self._source.margin):
            return HandedOut(session_id, session, new=False, kept_in=self._at.store.name)
        with self._at.notes.locked(of_user.device):
            # the previous holder of the lock may have made it
            if session := self._stored_session(session_id, self._source.margin):
                return HandedOut(session_id, session, new=False, kept_in=self._at.store.name)
            if role is None:
                return self._new_of_user(of_user, self._source.seconds)
            return self._new_of_role(of_user, session_id, role)

    def _session_id(self) -> SessionId:
        """Return the owner of the key and the device, from the notes if they have them."""
        source = self._source
        key_id = source.keys.access_key_id
        known = {
            replace(note.id, role="", session_name="")
            for note in self._at.notes.sessions_of(key_id, source.endpoint)
            # a device may have been replaced since
            if source.serial in ("", note.id.serial) and note.expires > self._at.now()
        }
        if len(known) == 1:
            return known.pop()
        identity = self._api().call("sts", "GetCallerIdentity")
        _, partition, _, _, account, resource = str(identity["Arn"]).split(":", 5)
        kind, _, user = resource.rpartition("/")
        if not (kind == "user" or kind.startswith("user/") or resource == "root"):
            message = _NOT_A_USER.filled(profile=source.profile, caller=identity["Arn"])
            raise SessionRefused(message)
        serial = source.serial or chosen_device(self._api(), user, self._at.terminal)
        return SessionId(partition, account, user, serial, key_id, source.endpoint)

    def _stored_session(self, session_id: SessionId, margin: timedelta) -> Session | None:
        found = self._at.store.read(session_id)
        return found if found is not None and found.lasts(self._at.now(), margin) else None

    def _new_of_user(self, wanted: SessionId, seconds: int | None) -> HandedOut:
        lasting = {} if seconds is None else {"DurationSeconds": seconds}

        def call(code: str) -> Mapping[str, Any]:
            return self._api().call(
                "sts", "GetSessionToken", SerialNumber=wanted.serial, TokenCode=code, **lasting
            )

        return self._keep(wanted, _session(self._with_code(wanted, call)))

    def _new_of_role(self, of_user: SessionId, of_role: SessionId, role: RoleAsked) -> HandedOut:
        params: dict[str, object] = {"RoleArn": role.arn, "RoleSessionName": of_role.session_name}
        if role.external_id:
            params["ExternalId"] = role.external_id
        if self._source.seconds is not None:
            params["DurationSeconds"] = self._source.seconds
        kept = self._stored_session(of_user, _ONE_CALL)
        if kept is not None:
            try:
                return self._keep(of_role, self._assumed(kept, params))
            except AwsRefused as error:
                if error.aws_code not in {*_OVER, "AccessDenied"}:
                    raise
                if error.aws_code == "AccessDenied":
                    return self._role_by_code(of_user, of_role, params, error)
            # ended early, for example because a key was inactive for a while
            self._forget(of_user)
        made = self._new_of_user(of_user, None).session
        return self._keep(of_role, self._assumed(made, params))

    def _role_by_code(
        self,
        of_user: SessionId,
        of_role: SessionId,
        params: Mapping[str, object],
        refused: AwsRefused,
    ) -> HandedOut:
        """Assume a role with a code, after AWS has refused it to the user's session."""
        notes = self._at.notes.of_device(of_user.device)
        signed_in_at = next((each.made for each in notes.sessions if each.id == of_user), None)
        if signed_in_at is not None and self._at.now() - signed_in_at < _RECENT:
            # no sign-in is newer than that
            raise refused
        try:
            self._at.terminal.check()
        except SessionRefused:
            # AWS's answer is what matters if nobody can be asked
            raise refused from None
        when = signed_in_at.astimezone().strftime("%Y-%m-%d %H:%M") if signed_in_at else "?"
        self._tell(_NOT_BY_SESSION.filled(role=of_role.role, when=when))

        def call(code: str) -> Mapping[str, Any]:
            mfa = {"SerialNumber": of_role.serial, "TokenCode": code}
            return self._api().call("sts", "AssumeRole", **params, **mfa)

        return self._keep(of_role, _session(self._with_code(of_user, call)))

    def _assumed(self, session: Session, params: Mapping[str, object]) -> Session:
        from sekisho.account.aws import Keys  # noqa: PLC0415 - what is kept needs no boto3

        keys = Keys(session.access_key_id, session.secret_access_key, session.session_token)
        return _session(self._api(keys).call("sts", "AssumeRole", **params))

    def _with_code(
        self, wanted: SessionId, call: Callable[[str], Mapping[str, Any]]
    ) -> Mapping[str, Any]:
        """Return the answer of a call with a code that is asked for now.

        The use of a code is noted before it is sent: if this process ends in between, no other
        process uses the code again.
        """
        self._at.terminal.check()
        notes, device = self._at.notes, wanted.device
        self._wait_for_the_next(wanted)
        for left in reversed(range(_TRIES)):
            code = self._code(wanted)
            before = notes.of_device(device).spent
            notes.spend(device, self._at.now())
            try:
                return call(code)
            except AwsRefused as error:
                if not _says(error, MFA_WRONG_CODE.message):
                    raise _explained(error, wanted) from None
                notes.spend(device, before)
                if not left:
                    raise self._all_wrong(wanted, error) from None
            self._tell(_WRONG)
        raise InternalError("a code has to be asked for at least once")

    def _wait_for_the_next(self, wanted: SessionId) -> None:
        spent, now = self._at.notes.of_device(wanted.device).spent, self._at.now()
        if spent is None or step_of(spent) != step_of(now):
            return
        seconds = PERIOD - now.timestamp() % PERIOD
        self._tell(_SPENT.filled(seconds=int(seconds) + 1))
        self._at.sleep(seconds)

    def _code(self, wanted: SessionId) -> str:
        question = _CODE.filled(device=wanted.serial, profile=self._source.profile)
        for _ in range(_TRIES):
            typed = "".join(self._at.terminal.ask(question, hidden=True).split())
            if is_code(typed):
                return typed
            self._tell(_NO_CODE)
        raise SessionRefused(_NO_CODE, code=Code.SESSION_CODE_REFUSED, fix=_CLOCK)

    def _all_wrong(self, wanted: SessionId, error: AwsRefused) -> SessionRefused:
        text = _THREE_WRONG.filled(count=_TRIES, device=wanted.serial, text=error.aws_message)
        return SessionRefused(text, code=Code.SESSION_CODE_REFUSED, fix=_CLOCK)

    def _keep(self, session_id: SessionId, session: Session) -> HandedOut:
        """Store a new session; if that fails, it is handed out all the same."""
        store, now = self._at.store, self._at.now()
        kept_in = store.name
        try:
            self._clear(session_id, now)
            store.write(session_id, session)
        except SekishoError as error:
            self._tell(_NOT_KEPT.filled(reason=error.message))
            kept_in = ""
        if kept_in:
            self._at.notes.add(SessionNote(session_id, now, session.expires, kept_in), now)
        return HandedOut(session_id, session, new=True, kept_in=kept_in)

    def _clear(self, made: SessionId, now: datetime) -> None:
        """Delete the device's expired sessions."""
        for note in self._at.notes.of_device(made.device).sessions:
            if note.expires <= now and note.kept_in == self._at.store.name:
                self._at.store.delete(note.id)

    def _forget(self, gone: SessionId) -> None:
        self._at.store.delete(gone)
        self._at.notes.drop(gone)

    def _tell(self, message: Message) -> None:
        self._at.say(message)
        self._at.terminal.say(message)

    def _api(self, keys: "Keys | None" = None) -> AwsApi:
        return self._at.connect(keys or self._source.keys, self._source)


def _of_role(of_user: SessionId, role: RoleAsked) -> SessionId:
    fitting = of_user.user if check_session_name(of_user.user) is None else _SESSION_NAME
    return replace(of_user, role=role.arn, session_name=role.session_name or fitting)


def _session(answer: Mapping[str, Any]) -> Session:
    credentials = answer["Credentials"]
    expires: datetime = credentials["Expiration"]
    return Session(
        credentials["AccessKeyId"],
        credentials["SecretAccessKey"],
        credentials["SessionToken"],
        expires.astimezone(UTC),
    )


def _explained(error: AwsRefused, wanted: SessionId) -> SekishoError:
    if not _says(error, MFA_UNKNOWN_DEVICE.message):
        return error
    message = _UNKNOWN_DEVICE.filled(device=wanted.serial, user=wanted.user or wanted.account)
    fix = Message("name the right one by `--serial`, or as `mfa_serial` in the profile")
    return SessionRefused(message, code=Code.SESSION_NO_DEVICE, fix=fix)


def _says(error: AwsRefused, text: str) -> bool:
    return " ".join(text.split()) in error.aws_message
