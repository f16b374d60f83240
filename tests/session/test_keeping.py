"""What keeps sessions: keyrings, files that only their owner reads, and what is refused."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import chainer, fail, null
from keyring.errors import KeyringLocked, PasswordDeleteError, PasswordSetError

from sekisho.errors import Code, MissingExtra, SekishoError, SessionRefused
from sekisho.messages import Message
from sekisho.session import (
    FileStore,
    KeyringStore,
    Notes,
    Session,
    SessionId,
    SessionNote,
    system_keyring,
)

NOW = datetime(2026, 11, 28, 9, tzinfo=UTC)
ALICE = SessionId("aws", "111122223333", "alice", "arn:aws:iam::111122223333:mfa/a", "AKIA1")
OPS = SessionId(
    "aws",
    "111122223333",
    "alice",
    "arn:aws:iam::111122223333:mfa/a",
    "AKIA1",
    role="arn:aws:iam::111122223333:role/Ops",
    session_name="alice",
)
SHORT = Session("ASIA1", "secret-of-one", "token-of-one", NOW + timedelta(hours=12))
LONG = Session("ASIA2", "secret-of-two", "x" * 2500 + "y" * 1000, NOW + timedelta(hours=1))
_LIMIT = 1280
"""Of Windows, in characters."""


class Memory(KeyringBackend):
    """A keyring like that of Windows."""

    priority = 5  # type: ignore[assignment] # a property of the class in keyring

    def __init__(self) -> None:
        super().__init__()
        self.entries: dict[tuple[str, str], str] = {}
        self.locked = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise KeyringLocked("the keyring is locked")
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if len(password) > _LIMIT:
            raise PasswordSetError("too long")
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if (service, username) not in self.entries:
            raise PasswordDeleteError("not there")
        del self.entries[service, username]


class PlaintextKeyring(Memory):
    """One that keeps what it is given as it is, and recommends itself."""


class Weak(Memory):
    """One that keyring does not recommend."""

    priority = 0.5  # type: ignore[assignment] # a property of the class in keyring


class Chained(Memory):
    """Several in one."""

    def __init__(self, *backends: KeyringBackend) -> None:
        super().__init__()
        self.backends = list(backends)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def before() -> Iterator[None]:
    backend = keyring.get_keyring()
    yield
    keyring.set_keyring(backend)


def _say(said: list[str]) -> Any:
    return lambda message: said.append(message.en)


@pytest.fixture(params=["keyring", "file", "folder"])
def store(
    request: pytest.FixtureRequest, memory: Memory, said: list[str], tmp_path: Path
) -> KeyringStore | FileStore:
    if request.param == "keyring":
        return KeyringStore(memory, _say(said))
    return FileStore(tmp_path if request.param == "folder" else tmp_path / "kept.json")


def test_what_is_kept_is_read(store: KeyringStore | FileStore, said: list[str]) -> None:
    assert store.read(ALICE) is None
    store.write(ALICE, SHORT)
    store.write(OPS, LONG)
    assert (store.read(ALICE), store.read(OPS)) == (SHORT, LONG)
    store.write(OPS, SHORT)
    assert store.read(OPS) == SHORT
    store.delete(OPS)
    store.delete(OPS)
    assert (store.read(ALICE), store.read(OPS)) == (SHORT, None)
    store.delete(ALICE)
    assert store.read(ALICE) is None
    assert said == []


def test_a_name_in_a_file_says_whose_session_it_is(tmp_path: Path) -> None:
    odd = SessionId("aws", "111122223333", "a b%20-", "Hardware 1", "AKIA1", "http://[::1]:1/")
    file = FileStore(tmp_path)
    for made in (ALICE, OPS, odd):
        file.write(made, SHORT)
        assert SessionId.from_name(made.name) == made
    assert {*file.all()} == {ALICE, OPS, odd}
    assert SessionId.from_name("aws 111122223333") is None


def test_nothing_is_left_in_the_keyring(memory: Memory, said: list[str]) -> None:
    store = KeyringStore(memory, _say(said))
    store.write(OPS, LONG)
    assert len(memory.entries) == 4
    assert {service for service, _ in memory.entries} == {"sekisho session"}
    store.delete(OPS)
    assert memory.entries == {}


@pytest.mark.parametrize("left", ["", "nonsense", "0\n{}", "9\n{", "x\n{}", "0\n[]"])
def test_a_damaged_entry_is_taken_for_none(left: str, memory: Memory, said: list[str]) -> None:
    store = KeyringStore(memory, _say(said))
    memory.entries["sekisho session", ALICE.name] = left
    assert store.read(ALICE) is None
    assert len(said) == 1
    assert "damaged" in said[0]
    store.write(ALICE, SHORT)
    assert store.read(ALICE) == SHORT


def test_half_of_an_entry_is_damaged_too(memory: Memory, said: list[str]) -> None:
    store = KeyringStore(memory, _say(said))
    store.write(OPS, LONG)
    del memory.entries["sekisho session", f"{OPS.name} #1"]
    assert store.read(OPS) is None
    assert SHORT.secret_access_key not in said[0]


def test_a_locked_keyring_is_one_line(memory: Memory, said: list[str]) -> None:
    memory.locked = True
    with pytest.raises(SessionRefused, match="the keyring is locked") as caught:
        KeyringStore(memory, _say(said)).read(ALICE)
    assert caught.value.code is Code.SESSION_NOT_KEPT
    assert caught.value.fix is not None
    assert "--keep-in" in caught.value.fix.en


@pytest.mark.parametrize(
    "backend",
    [fail.Keyring(), null.Keyring(), PlaintextKeyring(), Weak(), Chained(Weak(), null.Keyring())],
    ids=lambda each: type(each).__qualname__ + str(len(getattr(each, "backends", ()))),
)
@pytest.mark.usefixtures("before")
def test_an_unsafe_keyring_is_refused(backend: KeyringBackend, said: list[str]) -> None:
    keyring.set_keyring(backend)
    with pytest.raises(SessionRefused) as caught:
        system_keyring(_say(said))
    assert caught.value.code is Code.SESSION_NOT_KEPT
    assert "does not keep secrets safe" in caught.value.message.en
    if isinstance(backend, Memory):
        assert backend.entries == {}


@pytest.mark.usefixtures("before")
def test_the_first_safe_one_of_several_is_used(said: list[str]) -> None:
    safe = Memory()
    keyring.set_keyring(Chained(PlaintextKeyring(), safe, Weak()))
    system_keyring(_say(said)).write(ALICE, SHORT)
    assert len(safe.entries) == 1
    # so keyring calls its own
    assert hasattr(chainer.ChainerBackend, "backends")


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch, said: list[str]) -> None:
    monkeypatch.setattr("sekisho.errors.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match="`session`"):
        system_keyring(_say(said))


def test_a_file_is_its_owners_alone(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "kept.json")
    store.write(ALICE, SHORT)
    if os.name != "nt":
        assert store.path.stat().st_mode & 0o777 == 0o600
        store.path.chmod(0o640)
        with pytest.raises(SessionRefused, match="open to others") as caught:
            store.check()
        assert caught.value.code is Code.SESSION_NOT_KEPT


@pytest.mark.parametrize(
    "text",
    [
        "export PATH=/bin",
        "{}",
        '{"schema": "sekisho.plan/1", "sessions": {}}',
        '{"schema": "sekisho.sessions/1", "sessions": {"a": "b"}}',
        '{"schema": "sekisho.sessions/1", "sessions": {"a": 1}}',
        '{"schema": "sekisho.sessions/1", "sessions": [',
        '{"schema": "sekisho.sessions/1", "sessions": {}',
        "",
    ],
)
def test_another_file_is_not_overwritten(text: str, tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    path.write_text(text, "utf-8")
    path.chmod(0o600)
    for act in (
        FileStore(path).check,
        lambda: FileStore(path).write(ALICE, SHORT),
        lambda: FileStore(path).read(ALICE),
    ):
        with pytest.raises(SessionRefused, match="read as a file of kept sessions") as caught:
            act()
        assert caught.value.code is Code.SESSION_NOT_KEPT
        assert str(path) in str(caught.value)
        assert "delete it, and sessions are made anew" in caught.value.fix.en
        assert "\n" not in str(caught.value)
        assert SHORT.secret_access_key not in str(caught.value)
    assert path.read_text("utf-8") == text


def test_a_place_where_no_file_can_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "none").write_text("a file")
    with pytest.raises(SekishoError) as caught:
        FileStore(tmp_path / "none" / "kept.json").write(ALICE, SHORT)
    assert caught.value.code is Code.OUTPUT_UNWRITABLE


def _notes(folder: Path, said: list[str]) -> Notes:
    def say(message: Message) -> None:
        said.append(message.en)

    return Notes(folder, say)


def test_notes_have_no_secret_and_come_back(tmp_path: Path, said: list[str]) -> None:
    notes = _notes(tmp_path / "notes", said)
    assert notes.all() == ()
    note = SessionNote(ALICE, NOW, SHORT.expires, "keyring")
    notes.add(note, NOW)
    notes.spend(ALICE.device, NOW)
    assert notes.of_device(ALICE.device).spent == NOW
    assert notes.sessions_of("AKIA1", "") == (note,)
    assert notes.sessions_of("AKIA1", "http://127.0.0.1:1") == ()
    (path,) = (tmp_path / "notes").glob("*.json")
    if os.name != "nt":
        assert path.stat().st_mode & 0o777 == 0o600
    assert set(json.loads(path.read_text("utf-8"))) == {"device", "spent", "sessions"}
    # what is over is forgotten with the next
    later = SHORT.expires + timedelta(hours=1)
    notes.add(SessionNote(OPS, later, later + timedelta(hours=1), "keyring"), later)
    assert [each.id for each in notes.of_device(ALICE.device).sessions] == [OPS]
    notes.drop(OPS)
    assert notes.of_device(ALICE.device).sessions == ()
    assert said == []


@pytest.mark.parametrize("text", ["", "{", "[]", '{"device": {}}', "\xff"])
def test_damaged_notes_are_taken_for_none_and_said(
    text: str, tmp_path: Path, said: list[str]
) -> None:
    notes = _notes(tmp_path, said)
    notes.add(SessionNote(ALICE, NOW, SHORT.expires, "keyring"), NOW)
    (path,) = tmp_path.glob("*.json")
    path.write_bytes(text.encode("latin-1"))
    assert notes.of_device(ALICE.device).sessions == ()
    assert notes.all() == ()
    assert said == [f"`{path}` is damaged and ignored"] * 2
    notes.spend(ALICE.device, NOW)
    assert notes.of_device(ALICE.device).spent == NOW


def test_a_folder_that_cannot_be_is_named(tmp_path: Path, said: list[str]) -> None:
    (tmp_path / "notes").write_text("a file")
    with (
        pytest.raises(SekishoError) as caught,
        _notes(tmp_path / "notes", said).locked(ALICE.device),
    ):
        pass
    assert caught.value.code is Code.OUTPUT_UNWRITABLE
