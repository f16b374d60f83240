"""`sekisho session` with its options: what is printed where, what is kept, what is refused."""

import json
import os
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keyring
import pytest
from keyring.backends import fail

from administered import ACCOUNT
from in_process import sekisho
from sekisho.errors import Code, SessionRefused
from sekisho.localaws import LocalAws
from sekisho.messages import Language, Message
from sekisho.session import TerminalDevice
from session.people import (
    KEY,
    PHONE,
    SECOND_KEY,
    code_of,
    key_lines,
    role_arn,
    running,
    write_profiles,
)
from session.test_keeping import Memory

Run = Callable[..., Any]
SET = "set" if os.name == "nt" else "export"


@pytest.fixture(scope="module")
def local() -> Iterator[LocalAws]:
    yield from running()


@pytest.fixture
def memory() -> Iterator[Memory]:
    """A keyring of this test."""
    before, ours = keyring.get_keyring(), Memory()
    keyring.set_keyring(ours)
    yield ours
    keyring.set_keyring(before)


class At(TerminalDevice):
    """A terminal at which somebody has the phone."""

    local: LocalAws
    there = True
    asked = 0

    def check(self) -> None:
        if not At.there:
            message = Message("an MFA code is wanted, and there is no terminal")
            raise SessionRefused(message, code=Code.SESSION_NO_TERMINAL)

    def ask(self, question: Message, *, hidden: bool) -> str:
        self.check()
        At.asked += 1
        return code_of(At.local)

    def say(self, message: Message) -> None:
        """Nobody listens."""


@pytest.fixture
def run(local: LocalAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, memory: Memory) -> Run:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    local.clock.advance(timedelta(seconds=30))
    config = write_profiles(tmp_path, local, second=key_lines(SECOND_KEY))
    At.local, At.there, At.asked = local, True, 0
    monkeypatch.setattr("sekisho.session.commands.TerminalDevice", At)
    # who waits for the next code waits by the clock of the local AWS
    clock = {**vars(time), "sleep": lambda seconds: local.clock.advance(timedelta(seconds=seconds))}
    monkeypatch.setattr("sekisho.session.commands.time", SimpleNamespace(**clock))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("SEKISHO_SESSION_FOLDER", str(tmp_path / "notes"))
    return lambda *words: sekisho("session", *words, COLUMNS="200", LANG="C.UTF-8")


def test_the_keyring_keeps_it_and_forgets_it(run: Run, memory: Memory) -> None:
    first = run("--profile", "people")
    assert first.returncode == 0, first.stderr
    assert first.stderr.rstrip().endswith("left); stored in the keyring.")
    again = run("--profile", "people")
    assert (again.stdout, At.asked) == (first.stdout, 1)
    run("--profile", "people", "--role-arn", role_arn("Ops"))
    assert At.asked == 1
    status = run("status")
    assert status.stdout.count("stored in the keyring") == 2
    assert f"{PHONE}: session of `aoi`, key {KEY.access_key_id}, until " in status.stdout
    assert "session of aoi in the role Ops" in status.stdout
    secrets = {json.loads(first.stdout)[key] for key in ("SecretAccessKey", "SessionToken")}
    found = json.loads(run("status", "--format", "json").stdout)["sessions"]
    assert [each["roleArn"] for each in found] == [None, role_arn("Ops")]
    for secret in (*secrets, KEY.secret_access_key):
        assert secret not in status.stdout + status.stderr + json.dumps(found)
    assert memory.entries
    gone = run("forget", "--profile", "people")
    assert gone.stderr.startswith("Sessions deleted here: 2.")
    assert memory.entries == {}
    assert run("status").stdout == "No session is stored.\n"


def test_only_the_profiles_own_are_forgotten(run: Run, local: LocalAws, tmp_path: Path) -> None:
    kept = str(tmp_path / "kept.json")
    run("--profile", "people", "--keep-in", kept)
    local.clock.advance(timedelta(seconds=30))
    (next((tmp_path / "notes").glob("*.json"))).unlink()
    run("--profile", "second")
    # the notes about the first were lost: what is known is forgotten
    assert run("forget", "--profile", "people").stderr.startswith("Sessions deleted here: 0.")
    assert run("forget", "--all").stderr.startswith("Sessions deleted here: 1.")
    assert Path(kept).exists()


def test_a_file_in_place_of_the_keyring(run: Run, memory: Memory, tmp_path: Path) -> None:
    done = run("--profile", "people", "--keep-in", str(tmp_path))
    path = tmp_path / "sessions.json"
    assert f"`{path}`" in done.stderr
    assert memory.entries == {}
    assert run("forget", "--all").returncode == 0
    assert not path.exists()


def test_what_one_file_keeps_is_shown_and_forgotten_alone(
    run: Run, local: LocalAws, memory: Memory, tmp_path: Path
) -> None:
    path = tmp_path / "kept.json"
    at = ("--keep-in", str(path))
    assert run("status", *at).stdout == f"`{path}` has no session.\n"
    run("--profile", "people", *at)
    local.clock.advance(timedelta(seconds=30))
    run("--profile", "second")
    shown = run("status", *at)
    assert (shown.stdout.count("stored in"), shown.stdout.count(KEY.access_key_id)) == (1, 1)
    # another computer, or a container: the file alone, without the notes about it
    for each in (tmp_path / "notes").glob("*.json"):
        each.unlink()
    assert run("status").stdout == "No session is stored.\n"
    (found,) = json.loads(run("status", *at, "--format", "json").stdout)["sessions"]
    assert (found["accessKeyId"], found["serialNumber"]) == (KEY.access_key_id, PHONE)
    assert (found["made"], found["keptIn"]) == (None, str(path))
    no_longer = "Sessions deleted here:"
    assert f"{no_longer} 0." in run("forget", *at, "--profile", "second").stderr
    assert f"{no_longer} 1." in run("forget", *at, "--profile", "people").stderr
    assert (path.exists(), bool(memory.entries)) == (False, True)


def test_what_the_keyring_keeps_too_is_still_known(
    run: Run, local: LocalAws, memory: Memory, tmp_path: Path
) -> None:
    at = ("--keep-in", str(tmp_path / "kept.json"))
    run("--profile", "people", *at)
    local.clock.advance(timedelta(seconds=30))
    # the same session, and the note about it is about this one now
    run("--profile", "people")
    assert "Sessions deleted here: 1." in run("forget", *at, "--all").stderr
    assert "stored in the keyring" in run("status").stdout
    assert "Sessions deleted here: 1." in run("forget", "--all").stderr
    assert memory.entries == {}


def test_the_folder_of_the_notes_may_keep_sessions_too(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    run("--profile", "people", "--keep-in", str(folder))
    assert (folder / "sessions.json").exists()
    again = run("--profile", "people", "--keep-in", str(folder))
    assert (again.returncode, At.asked, again.stderr.count("\n")) == (0, 1, 1)
    status = run("status")
    assert (status.stdout.count("stored in"), status.stderr) == (1, "")


def test_without_a_safe_keyring_it_is_kept_nowhere_and_said(run: Run) -> None:
    keyring.set_keyring(fail.Keyring())
    done = run("--profile", "people")
    assert json.loads(done.stdout)["Version"] == 1
    said = done.stderr.splitlines()
    assert "not stored" in said[0]
    assert "keyring.backends.fail.Keyring" in said[1]
    assert "`--keep-in FILE`" in said[2]
    assert run("status").stdout == "No session is stored.\n"


def _secrets(memory: Memory) -> list[str]:
    kept = [json.loads(each.partition("\n")[2]) for each in memory.entries.values()]
    assert kept
    return [each[key] for each in kept for key in ("SecretAccessKey", "SessionToken")]


def test_text_may_be_asked_for(run: Run, memory: Memory) -> None:
    done = run("--profile", "people", "--format", "text", "-q")
    assert done.stdout.startswith("A session of `aoi` with MFA lasts until ")
    assert not any(secret in done.stdout for secret in _secrets(memory))


def test_the_same_session_for_a_shell_and_for_programs(run: Run) -> None:
    printed = json.loads(run("--profile", "people").stdout)
    env = run("--profile", "people", "--format", "env", "-q")
    assert env.stderr == ""
    pairs = dict(line.removeprefix(f"{SET} ").split("=", 1) for line in env.stdout.splitlines())
    assert pairs == {
        "AWS_ACCESS_KEY_ID": printed["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": printed["SecretAccessKey"],
        "AWS_SESSION_TOKEN": printed["SessionToken"],
        "AWS_CREDENTIAL_EXPIRATION": printed["Expiration"],
    }
    about = json.loads(run("--profile", "people", "--format", "json", "-q").stdout)
    assert {key: about[key] for key in printed} == printed
    assert (about["User"], about["Account"], about["SerialNumber"]) == ("aoi", ACCOUNT, PHONE)
    assert (about["RoleArn"], about["KeptIn"]) == (None, "keyring")
    assert At.asked == 1


def test_without_a_terminal_and_a_keyring_it_is_one_line_too(run: Run) -> None:
    keyring.set_keyring(fail.Keyring())
    At.there = False
    done = run("--profile", "people")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith("sekisho: session.no-terminal")


def test_on_a_terminal_no_secret_is_printed(
    run: Run, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sekisho.session.commands._at_a_terminal", lambda: True)
    done = run("--profile", "people")
    assert done.stdout.startswith("A session of `aoi` with MFA lasts until ")
    assert (done.stdout.count("\n"), done.stderr) == (1, "")
    assert not any(secret in done.stdout for secret in _secrets(memory))
    # neither printed nor kept: no code is spent for that
    pointless = run("--profile", "people", "--no-keep")
    assert pointless.returncode == 64
    assert "neither printed nor kept" in pointless.stderr
    keyring.set_keyring(fail.Keyring())
    unsafe = run("--profile", "people")
    assert unsafe.returncode == 1
    assert unsafe.stderr.startswith("sekisho: session.not-kept: no keyring of this system")
    assert At.asked == 1


def test_a_locked_keyring_is_one_line(run: Run, memory: Memory) -> None:
    memory.locked = True
    done = run("--profile", "people")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith("sekisho: session.not-kept: no keyring of this system")
    assert At.asked == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--no-keep", "--keep-in", "x"), "`--no-keep` cannot be used with `--keep-in`"),
        (("forget", "--all", "--profile", "people"), "`--all` cannot be used with `--profile`"),
        (("forget", "--format", "text"), "`forget` cannot be used with `--format`"),
        (("status", "--serial", PHONE), "`status` cannot be used with `--serial`"),
        (("--margin", "12h"), "no session would ever be handed out"),
    ],
)
def test_what_would_be_ignored_is_refused(words: tuple[str, ...], said: str, run: Run) -> None:
    done = run(*words, *(() if words[0] in ("forget", "status") else ("--profile", "people")))
    assert (done.returncode, done.stdout) == (64, "")
    assert said in done.stderr


def test_a_device_without_a_terminal_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> int:
        raise OSError(6, "no such device")

    monkeypatch.setattr("os.open", none)
    device = TerminalDevice(Language.EN)
    device.say(Message("nobody"))
    with pytest.raises(SessionRefused, match="there is no terminal"):
        device.check()
    with pytest.raises(SessionRefused, match="there is no terminal"):
        device.ask(Message("nobody"), hidden=False)
