"""The notes on devices: the last use of a code, and the sessions that are stored.

One file for each device, in a folder of the user's own. It has no secret in it, so that `session
status` opens no keyring, and a second program knows whose key it has without asking AWS. Beside it
lies the device's lock: whoever asks for a code or spends one has that.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from filelock import FileLock, Timeout

from sekisho.documents import decoded_json, text_of_file, write_private
from sekisho.documents.records import FaultyRecord, Records
from sekisho.errors import Code, FaultyInput, SessionRefused, reason_of, unwritable
from sekisho.lazy import dataclass
from sekisho.messages import Message, duration_text
from sekisho.session.model import DeviceId, SessionId

_RECORDS = Records(Code.FILE_BAD_SHAPE, omit_defaults=True)
_WAIT_SECONDS = 300
_POLL_SECONDS = 0.2
_BUSY = Message("another `sekisho session` is asking for a code of {device}: waiting for it")
_STILL_BUSY = Message("another `sekisho session` has been asking for a code of {device} for {time}")
_DAMAGED = Message("`{path}` is damaged and ignored")


@dataclass(frozen=True, slots=True)
class SessionNote:
    """A stored session, without its secrets.

    Attributes:
        made: when it was made; None: there was no note about it.
        kept_in: `keyring`, or the path of a file.
    """

    id: SessionId
    made: datetime | None
    expires: datetime
    kept_in: str


@dataclass(frozen=True, slots=True)
class DeviceNotes:
    """The notes on one device.

    Attributes:
        spent: when a code of it was spent last; None if that is not known.
    """

    device: DeviceId
    spent: datetime | None = None
    sessions: tuple[SessionNote, ...] = ()


class Notes:
    """The notes on all devices.

    Args:
        folder: where they are; made when it is needed.
        say: called with messages on damage, and on waiting for another process.
    """

    def __init__(self, folder: Path, say: Callable[[Message], None]) -> None:
        self._folder = folder
        self._say = say

    def of_device(self, device: DeviceId) -> DeviceNotes:
        """Return the notes on a device; empty if its file is damaged."""
        return self._read(self._path(device)) or DeviceNotes(device)

    def all(self) -> tuple[DeviceNotes, ...]:
        """Return all notes, in the order of accounts and devices."""
        found = filter(None, map(self._read, self._folder.glob("device-*.json")))
        return tuple(sorted(found, key=lambda each: (each.device.account, each.device.serial)))

    def sessions_of(self, key_id: str, endpoint: str) -> tuple[SessionNote, ...]:
        """Return the sessions that were made with an access key, at this AWS."""
        return tuple(
            note
            for device in self.all()
            if device.device.endpoint == endpoint
            for note in device.sessions
            if note.id.key_id == key_id
        )

    def spend(self, device: DeviceId, when: datetime | None) -> None:
        """Record the time at which a code was used."""
        self._write(replace(self.of_device(device), spent=when))

    def add(self, note: SessionNote, now: datetime) -> None:
        """Record a session, replacing an older one; expired sessions are removed."""
        device_notes = self.of_device(note.id.device)
        others = (
            each for each in device_notes.sessions if each.id != note.id and each.expires > now
        )
        self._write(replace(device_notes, sessions=(*others, note)))

    def drop(self, gone: SessionId) -> None:
        """Remove a session."""
        device_notes = self.of_device(gone.device)
        left = tuple(each for each in device_notes.sessions if each.id != gone)
        if left != device_notes.sessions:
            self._write(replace(device_notes, sessions=left))

    @contextmanager
    def locked(self, device: DeviceId) -> Iterator[None]:
        """Lock this device against other `sekisho session` processes; wait while one has it.

        Raises:
            SessionRefused: `session.busy`, if that takes too long.
            SekishoError: if there is no place for the lock.
        """
        self._prepare()
        lock = FileLock(self._path(device).with_suffix(".lock"), mode=0o600)
        try:
            try:
                lock.acquire(blocking=False)
            except Timeout:
                self._say(_BUSY.filled(device=device.serial))
                lock.acquire(timeout=_WAIT_SECONDS, poll_interval=_POLL_SECONDS)
        except Timeout:
            raise SessionRefused(
                _STILL_BUSY.filled(
                    device=device.serial, time=duration_text(timedelta(seconds=_WAIT_SECONDS))
                ),
                code=Code.SESSION_BUSY,
                fix=Message("type the code there, or end that program"),
            ) from None
        except OSError as error:
            raise unwritable(self._folder, reason_of(error)) from None
        try:
            yield
        finally:
            lock.release()

    def _path(self, device: DeviceId) -> Path:
        return self._folder / f"device-{device.file_name}.json"

    def _read(self, path: Path) -> DeviceNotes | None:
        if not path.exists():
            return None
        try:
            return _RECORDS.read(decoded_json(text_of_file(path), str(path)), DeviceNotes)
        except (FaultyInput, FaultyRecord):
            self._say(_DAMAGED.filled(path=path))
            return None

    def _write(self, notes: DeviceNotes) -> None:
        self._prepare()
        text = json.dumps(_RECORDS.written(notes), indent=1)
        write_private(self._path(notes.device), f"{text}\n", replace=True)

    def _prepare(self) -> None:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(self._folder, reason_of(error)) from None
