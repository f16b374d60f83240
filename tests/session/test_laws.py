"""Laws: no code is spent twice, no session is handed out to another or nearly over, whatever comes.

AWS is a few lines here, with the one rule that matters: a code of a device works once, and no older
one after it.

Reads `sekisho.session` from within, because time, AWS and the store are replaced by models of them.
"""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from profiles import examples
from sekisho.account.aws import Keys
from sekisho.errors import AwsRefused, SessionRefused
from sekisho.messages import Message
from sekisho.session import (
    Broker,
    DeviceId,
    DeviceNotes,
    HandedOut,
    Notes,
    Session,
    SessionId,
    Source,
    Surroundings,
)
from sekisho.session.model import session_from_text, session_to_text
from sekisho.session.source import RoleAsked
from sekisho.session.terminal import no_terminal
from sekisho.signin import MFA_WRONG_CODE, step_of

ACCOUNT = "111122223333"
SERIAL = f"arn:aws:iam::{ACCOUNT}:mfa/alice"
KEYS = {"AKIA1": "alice", "AKIA2": "alice"}
STRICT = f"arn:aws:iam::{ACCOUNT}:role/Strict"
ROLES = (None, f"arn:aws:iam::{ACCOUNT}:role/Ops", STRICT)
_STRICT_SECONDS = 600


@dataclass
class Aws:
    """STS: codes, sessions and roles.

    Attributes:
        spent: the steps whose codes were taken.
        made: of each session the key, when its code was given, the role, and its end.
    """

    now: datetime = datetime(2026, 11, 28, 9, 0, 7, tzinfo=UTC)
    spent: list[int] = field(default_factory=list)
    refused: int = 0
    made: dict[str, tuple[str, datetime, str, datetime]] = field(default_factory=dict)

    def session(self, key: str, mfa: datetime, role: str, seconds: int) -> Mapping[str, Any]:
        name = f"ASIA{len(self.made)}"
        ends = self.now + timedelta(seconds=seconds)
        self.made[name] = (key, mfa, role, ends)
        given = {"AccessKeyId": name, "SecretAccessKey": f"s{name}", "SessionToken": f"t{name}"}
        return {"Credentials": {**given, "Expiration": ends}}

    def check(self, operation: str, code: str) -> None:
        step = int(code) % 1_000_000
        if step != step_of(self.now) % 1_000_000 or step in self.spent:
            self.refused += 1
            raise AwsRefused(operation, "AccessDenied", MFA_WRONG_CODE.message, 403)
        self.spent.append(step)


@dataclass
class Client:
    aws: Aws
    keys: Keys

    def pages(self, service: str, operation: str, key: str, /, **params: object) -> Iterator[Any]:
        assert operation == "ListMFADevices"
        return iter([{"SerialNumber": SERIAL}])

    def call(self, service: str, operation: str, /, **params: Any) -> Mapping[str, Any]:
        aws, key = self.aws, self.keys.access_key_id
        match operation:
            case "GetCallerIdentity":
                return {"Arn": f"arn:aws:iam::{ACCOUNT}:user/{KEYS[key]}"}
            case "GetSessionToken":
                aws.check(operation, params["TokenCode"])
                return aws.session(key, aws.now, "", params.get("DurationSeconds", 43_200))
            case "AssumeRole":
                return self._role(params)
        raise AssertionError(operation)

    def _role(self, params: Mapping[str, Any]) -> Mapping[str, Any]:
        aws, key, mfa = self.aws, self.keys.access_key_id, self.aws.now
        if "TokenCode" in params:
            aws.check("AssumeRole", params["TokenCode"])
        else:
            key, mfa, role, ends = aws.made[key]
            assert (role, ends > aws.now) == ("", True)
        if params["RoleArn"] == STRICT and aws.now - mfa > timedelta(seconds=_STRICT_SECONDS):
            raise AwsRefused("AssumeRole", "AccessDenied", "not authorized", 403)
        return aws.session(key, mfa, params["RoleArn"], params.get("DurationSeconds", 3600))


@dataclass
class Phone:
    """Somebody who types what the phone shows, if they are there."""

    aws: Aws
    there: bool = True
    asked: int = 0

    def check(self) -> None:
        if not self.there:
            raise no_terminal()

    def ask(self, question: Message, *, hidden: bool) -> str:
        self.check()
        self.asked += 1
        return f"{step_of(self.aws.now) % 1_000_000:06d}"

    def say(self, message: Message) -> None:
        """They read it."""


class InMemory(Notes):
    """Notes without a disk."""

    def __init__(self) -> None:
        super().__init__(Path("nowhere"), lambda _: None)
        self.known: dict[DeviceId, DeviceNotes] = {}

    def of_device(self, device: DeviceId) -> DeviceNotes:
        return self.known.get(device, DeviceNotes(device))

    def all(self) -> tuple[DeviceNotes, ...]:
        return tuple(self.known.values())

    def _write(self, notes: DeviceNotes) -> None:
        self.known[notes.device] = notes

    @contextmanager
    def locked(self, device: DeviceId) -> Iterator[None]:
        yield


@dataclass
class Kept:
    """A store without a disk, which loses what it is told to."""

    name: str = "memory"
    sessions: dict[str, str] = field(default_factory=dict)

    def check(self) -> None:
        """Nothing is wrong with it."""

    def read(self, wanted: SessionId) -> Session | None:
        text = self.sessions.get(wanted.name)
        return None if text is None else session_from_text(text, "memory")

    def write(self, made: SessionId, session: Session) -> None:
        self.sessions[made.name] = session_to_text(session)

    def delete(self, gone: SessionId) -> None:
        self.sessions.pop(gone.name, None)


class Days(RuleBasedStateMachine):
    """Tools that ask for sessions, and time that passes."""

    def __init__(self) -> None:
        super().__init__()
        self.aws = Aws()
        self.phone, self.notes, self.store = Phone(self.aws), InMemory(), Kept()

    def _sleep(self, seconds: float) -> None:
        assert 0 < seconds <= 30
        self.aws.now += timedelta(seconds=seconds)

    def _ask(self, source: Source) -> HandedOut:
        at = Surroundings(
            self.store,
            self.notes,
            self.phone,
            lambda _: None,
            lambda keys, _: Client(self.aws, keys),
            lambda: self.aws.now,
            self._sleep,
        )
        return Broker(source, at).hand_out()

    @rule(
        key=st.sampled_from(sorted(KEYS)),
        role=st.sampled_from(ROLES),
        seconds=st.sampled_from([None, 900, 3600]),
        margin=st.sampled_from([60, 299]),
        there=st.sampled_from([True, True, False]),
    )
    def ask(
        self, key: str, role: str | None, seconds: int | None, margin: int, there: bool
    ) -> None:
        self.phone.there = there
        source = Source(
            "people",
            Keys(key, "secret"),
            SERIAL,
            RoleAsked(role) if role else None,
            seconds,
            timedelta(seconds=margin),
            "people",
            "us-east-1",
            "",
        )
        asked, spent = self.phone.asked, len(self.aws.spent)
        try:
            handed = self._ask(source)
        except (SessionRefused, AwsRefused):
            assert not there
            assert len(self.aws.spent) == spent
            return
        of, _, as_role, ends = self.aws.made[handed.session.access_key_id]
        assert (of, as_role) == (key, role or "")
        assert ends == handed.session.expires
        assert ends - self.aws.now > timedelta(seconds=margin)
        # each question is a code that is spent, and at once the same is handed out without any
        assert self.phone.asked - asked == len(self.aws.spent) - spent <= 1
        again = self._ask(source)
        assert (again.session, again.new) == (handed.session, False)
        assert self.phone.asked - asked <= 1

    @rule(seconds=st.integers(1, 50_000))
    def wait(self, seconds: int) -> None:
        self.aws.now += timedelta(seconds=seconds)

    @rule()
    def lose_what_is_kept(self) -> None:
        self.store.sessions.clear()

    @rule(data=st.data())
    def lose_one(self, data: st.DataObject) -> None:
        if self.store.sessions:
            del self.store.sessions[data.draw(st.sampled_from(sorted(self.store.sessions)))]

    @invariant()
    def no_code_is_spent_twice(self) -> None:
        assert self.aws.refused == 0
        assert len(set(self.aws.spent)) == len(self.aws.spent)


Days.TestCase.settings = settings(stateful_step_count=12, max_examples=examples(12))
TestDays = Days.TestCase

_NAMES = st.text(st.characters(min_codepoint=32, max_codepoint=0x3042), max_size=8)
_IDS = st.builds(SessionId, *[_NAMES] * 8)


@given(_IDS, _IDS)
def test_two_sessions_that_differ_are_kept_under_two_names(one: SessionId, two: SessionId) -> None:
    assert (one.name == two.name) == (one == two)
    assert (one.device.file_name == two.device.file_name) == (one.device == two.device)


@given(_IDS, st.integers(0, 7), st.integers(0, 7))
def test_what_moves_from_one_part_to_the_next_is_another(one: SessionId, at: int, to: int) -> None:
    fields = list(SessionId.__slots__)
    moved = {fields[at]: "", fields[to]: getattr(one, fields[at])}
    other = replace(one, **moved)
    assert (one.name == other.name) == (one == other)


@given(
    st.text(max_size=20),
    st.text(max_size=20),
    st.integers(946_684_800, 4_102_444_800),
    st.timedeltas(timedelta(-1), timedelta(2)),
    st.timedeltas(timedelta(0), timedelta(1)),
)
def test_a_session_comes_back_and_lasts_as_long_as_it_says(
    secret: str, token: str, ends: int, before: timedelta, margin: timedelta
) -> None:
    session = Session("ASIA", secret, token, datetime.fromtimestamp(ends, UTC))
    assert session_from_text(session_to_text(session), "it") == session
    assert session.lasts(session.expires - before, margin) == (before > margin)
    assert not session.lasts(session.expires, timedelta(0))


def test_the_notes_are_read_as_they_are_written() -> None:
    machine = Days()
    machine.ask("AKIA1", ROLES[1], None, 60, True)
    (known,) = machine.notes.all()
    with tempfile.TemporaryDirectory() as folder:
        notes = Notes(Path(folder), lambda _: None)
        for each in known.sessions:
            notes.add(each, machine.aws.now)
        notes.spend(known.device, known.spent)
        assert notes.all() == (known,)
