"""The stores of sessions between two calls: the system's keyring, a private file, or none.

Only sessions are kept, which end by themselves: no access key, no code, no seed of a device.
"""

import hashlib
import json
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from filelock import FileLock

from sekisho.documents import Shape, decoded_json, text_of_file, write_private
from sekisho.errors import (
    Code,
    Fault,
    FaultyInput,
    SessionRefused,
    reason_of,
    require_extra,
    unwritable,
)
from sekisho.messages import Message, verbatim
from sekisho.session.model import Session, SessionId, session_from_text, session_to_text

KEYRING = "keyring"
"""The name of the system's keyring in notes."""

_SERVICE = "sekisho session"
_SCHEMA = "sekisho.sessions/1"
_FILE = "sessions.json"
_PART = 1000
"""The characters of one entry: Windows allows 1,280, and a session of a role has more."""
_RECOMMENDED = 1
"""The least priority of a backend that keyring recommends; below it are plain-text ones."""
_UNSAFE = ("null", "fail", "plaintext")
_DAMAGED = Message("the keyring's session is damaged and ignored")
_NO_SESSIONS = Message("`{path}` cannot be read as a file of kept sessions: {reason}")
_DELETE = Message(
    "if it is a damaged file of sekisho's, delete it, and sessions are made anew; if it is "
    "something else, give another file by `--keep-in FILE`"
)
_KEEP_IN = Message(
    "`--keep-in FILE` keeps it in a file that only you can read, `--no-keep` nowhere"
)
_NO_KEYRING = Message("no keyring of this system can be used ({reason})")
_WITHOUT = Message("`{backend}` does not keep secrets safe")


class Store(Protocol):
    """Stores sessions by their ids."""

    @property
    def name(self) -> str:
        """The name of the store in notes; "" if it stores nothing."""
        ...

    def check(self) -> None:
        """Check that the store works, before a code is used.

        Raises:
            SekishoError: if it could not.
        """
        ...

    def read(self, session_id: SessionId) -> Session | None:
        """Return a session; None if it is missing or damaged.

        Raises:
            SekishoError: if it cannot be looked for.
        """
        ...

    def write(self, session_id: SessionId, session: Session) -> None:
        """Store a session, replacing an older one.

        Raises:
            SekishoError: if it cannot be kept.
        """
        ...

    def delete(self, session_id: SessionId) -> None:
        """Delete a session, if it is stored.

        Raises:
            SekishoError: if that cannot be.
        """
        ...


class Nowhere:
    """Stores nothing."""

    name = ""

    def check(self) -> None:
        """Check nothing: it always works."""

    def read(self, session_id: SessionId) -> None:
        """Return nothing."""
        del session_id

    def write(self, session_id: SessionId, session: Session) -> None:
        """Store nothing."""

    def delete(self, session_id: SessionId) -> None:
        """Delete nothing."""


class KeyringStore:
    """Stores sessions in the system's keyring.

    Args:
        backend: of the package `keyring`.
        say: called with messages on damaged entries.
    """

    name = KEYRING

    def __init__(self, backend: Any, say: Callable[[Message], None]) -> None:
        self._backend = backend
        self._say = say

    def check(self) -> None:
        """Check nothing: a keyring reports faults only when it is used."""

    def read(self, session_id: SessionId) -> Session | None:
        """Return a session, assembled from its parts."""
        with _keyring_errors():
            text = self._backend.get_password(_SERVICE, session_id.name)
            if text is None:
                return None
            head, _, first = text.partition("\n")
            names = self._further_parts(session_id, head)
            parts = [first, *(self._backend.get_password(_SERVICE, name) or "" for name in names)]
        whole = "".join(parts)
        try:
            if head == _head(len(names), whole):
                return session_from_text(whole, KEYRING)
        except FaultyInput:
            pass
        self._say(_DAMAGED)
        return None

    def write(self, session_id: SessionId, session: Session) -> None:
        """Store a session in parts; the first, which makes it complete, is written last."""
        text = session_to_text(session)
        first, *others = (text[at : at + _PART] for at in range(0, len(text), _PART))
        self.delete(session_id)
        with _keyring_errors():
            head = _head(len(others), text)
            for name, part in zip(self._further_parts(session_id, head), others, strict=True):
                self._backend.set_password(_SERVICE, name, part)
            self._backend.set_password(_SERVICE, session_id.name, f"{head}\n{first}")

    def delete(self, session_id: SessionId) -> None:
        """Delete a session, the first part first."""
        with _keyring_errors():
            text = self._backend.get_password(_SERVICE, session_id.name)
            if text is None:
                return
            self._backend.delete_password(_SERVICE, session_id.name)
            for name in self._further_parts(session_id, text):
                if self._backend.get_password(_SERVICE, name) is not None:
                    self._backend.delete_password(_SERVICE, name)

    @staticmethod
    def _further_parts(session: SessionId, head: str) -> list[str]:
        """Return the names of the further parts; empty if their number is damaged."""
        count = head[:1]
        known = count.isascii() and count.isdecimal()
        return [f"{session.name} #{number}" for number in range(int(count))] if known else []


class FileStore:
    """Stores sessions in one file that only its owner may read.

    Args:
        path: the file, or a folder for it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute() / _FILE if path.is_dir() else path.absolute()

    @property
    def name(self) -> str:
        """The path of the file."""
        return str(self.path)

    def check(self) -> None:
        """Check that the file is the user's own, and that no one else may read it."""
        self._sessions()

    def read(self, session_id: SessionId) -> Session | None:
        """Return a session."""
        text = self._sessions().get(session_id.name)
        return None if text is None else session_from_text(text, self.name)

    def all(self) -> Mapping[SessionId, Session]:
        """Return every session in the file, with or without a note.

        Raises:
            SessionRefused: if others may read it, or it is another file or a damaged one.
        """
        named = ((SessionId.from_name(name), text) for name, text in self._sessions().items())
        return {
            made: session_from_text(text, self.name) for made, text in named if made is not None
        }

    def write(self, session_id: SessionId, session: Session) -> None:
        """Store a session, keeping the others."""
        with self._locked():
            self._replace({**self._sessions(), session_id.name: session_to_text(session)})

    def delete(self, session_id: SessionId) -> None:
        """Delete a session, and the file if it was the last one."""
        if not self.path.exists():
            return
        with self._locked():
            left = {
                name: text for name, text in self._sessions().items() if name != session_id.name
            }
            if left:
                self._replace(left)
            else:
                self.path.unlink()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            with FileLock(f"{self.path}.lock", mode=0o600):
                yield
        except OSError as error:
            raise unwritable(self.path, reason_of(error)) from None

    def _replace(self, sessions: Mapping[str, str]) -> None:
        text = json.dumps({"schema": _SCHEMA, "sessions": sessions}, indent=1)
        write_private(self.path, f"{text}\n", replace=True)

    def _sessions(self) -> Mapping[str, str]:
        """Return the texts of sessions by name.

        Raises:
            SessionRefused: if others may read it, or it is another file or a damaged one: then it
                is not overwritten.
        """
        if not self.path.exists():
            return {}
        self._check_private()
        try:
            return self._read()
        except FaultyInput as error:
            raise SessionRefused(
                _NO_SESSIONS.filled(path=self.path, reason=error.reason),
                code=Code.SESSION_NOT_KEPT,
                fix=_DELETE.filled(path=self.path),
            ) from None

    def _read(self) -> Mapping[str, str]:
        faults: list[Fault] = []
        shape = Shape(decoded_json(text_of_file(self.path), self.name), "", faults)
        parts = shape.members(("schema", "sessions"))
        parts["schema"].expect(_SCHEMA)
        sessions = {name: each.text() for name, each in parts["sessions"].entries()}
        for name, text in sessions.items():
            session_from_text(text, f"{self.name}: {name}")
        if faults:
            raise FaultyInput(self.name, faults)
        return sessions

    def _check_private(self) -> None:
        if os.name == "nt":
            return
        about = self.path.stat()
        if about.st_uid == os.geteuid() and not stat.S_IMODE(about.st_mode) & 0o077:
            return
        raise SessionRefused(
            Message("`{path}` is open to others than you").filled(path=self.path),
            code=Code.SESSION_NOT_KEPT,
            fix=Message("run `chmod 600 {path}`, or delete it").filled(path=self.path),
        )


def _head(more: int, text: str) -> str:
    """Return the prefix of the first part: the number of further parts, and the hash of all."""
    return f"{more} {hashlib.sha256(text.encode()).hexdigest()}"


def system_keyring(say: Callable[[Message], None]) -> KeyringStore:
    """Return the system's keyring.

    Raises:
        MissingExtra: if the extra `session` is not installed.
        SessionRefused: `session.not-kept`, if no backend keeps secrets.
    """
    require_extra("session", ("keyring",))
    import keyring  # noqa: PLC0415 - of the extra, and slow to load

    backend: Any = keyring.get_keyring()
    # of several backends in one, the first usable one is the one that keyring would use
    choices = getattr(backend, "backends", None) or [backend]
    safe = [each for each in choices if _is_safe(each)]
    if not safe:
        reason = _WITHOUT.filled(backend=_kind(backend))
        message = _NO_KEYRING.filled(reason=reason)
        raise SessionRefused(message, code=Code.SESSION_NOT_KEPT, fix=_KEEP_IN)
    return KeyringStore(safe[0], say)


def _is_safe(backend: Any) -> bool:
    kind = _kind(backend).lower()
    # alternatives of keyrings.alt are files, regardless of their own claims
    named = kind.startswith("keyrings.") or any(word in kind for word in _UNSAFE)
    return not named and float(backend.priority) >= _RECOMMENDED


def _kind(backend: Any) -> str:
    kind = type(backend)
    return f"{kind.__module__}.{kind.__qualname__}"


@contextmanager
def _keyring_errors() -> Iterator[None]:
    """Turn a keyring's error into one of sekisho, in one line.

    Raises:
        SessionRefused: `session.not-kept`.
    """
    import keyring.errors  # noqa: PLC0415 - of the extra, and slow to load

    try:
        yield
    except keyring.errors.KeyringError as error:
        # the text is the system's, and has no password in it
        reason = verbatim(" ".join(str(error).split()) or type(error).__name__)
        message = _NO_KEYRING.filled(reason=reason)
        raise SessionRefused(message, code=Code.SESSION_NOT_KEPT, fix=_KEEP_IN) from None
