"""The journal of a plan: an append-only file that survives a kill at any moment.

One JSON object on a line, written to the disk before and after each call. A line that a kill cut
off is passed over, and dropped when the next is written; any other line that cannot be read is an
error. The file never holds a secret, and only its owner may read it.
"""

import errno
import json
import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from itertools import chain, count
from pathlib import Path

from sekisho.documents.records import FaultyRecord, Records
from sekisho.errors import Code, Fault, FaultyInput, PlanRefused, SekishoError, quoted, reason_of
from sekisho.lazy import dataclass
from sekisho.messages import Message, joined_messages, verbatim

SCHEMA = "sekisho.journal/1"

Clock = Callable[[], datetime]
"""Tells the time, with its zone."""


_ANOTHER = Message(
    "give the journal that this plan was applied with; for a new plan, a new name: "
    "`--journal NEW`; the other plan is undone by `sekisho rollback {path}`; if the file is "
    "damaged, use the account: `sekisho rollback PLAN --by-account --journal NEW`"
)
_NO_JOURNAL = Message(
    "give the plan's journal, or the name of a new file; if this was the journal and is damaged, "
    "use the account: `sekisho rollback PLAN --by-account --journal NEW`"
)
_LOCKED = Message("the journal cannot be locked: {reason}")
_OPENED = Message("the journal cannot be opened: {reason}")
_DAMAGED = Message(
    "restore the file from a copy; without one, use the account: "
    "`sekisho rollback PLAN --by-account --journal NEW`"
)
_NO_ENTRY = Message("this line is not an entry of a journal")
_ANOTHER_CHANGE = Message("this line is about {address}, which the plan does not change")


_MAKE_ROOM = Message(
    "make room there and give the same command again: what is in the journal is whole"
)
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Event(StrEnum):
    """The event that a line of the journal tells of one change.

    GONE: found as it was before the plan, which nobody here has done: somebody else has, or AWS
    does not show yet what was just made. It is looked at again by the next roll-back.
    """

    BEGUN = "begun"
    DONE = "done"
    ALREADY = "already"
    REFUSED = "refused"
    UNDO_BEGUN = "undo-begun"
    UNDONE = "undone"
    GONE = "gone"
    LEFT = "left"


_OPENING = (Event.BEGUN, Event.UNDO_BEGUN)
_NOTHING_TO_UNDO = (None, Event.REFUSED, Event.UNDONE, Event.ALREADY)
_PAST = (Event.REFUSED, Event.UNDONE, Event.ALREADY, Event.GONE)
"""After these, nothing that the plan has made is there."""
_REPLACES_PASSWORD_DATE = (Event.BEGUN, Event.DONE, Event.ALREADY, Event.UNDONE)
"""After these, the password of the date that was known is gone, or is not this plan's."""


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One line.

    Attributes:
        at: when it was written.
        address: the change's address.
        note: AWS's error code, or why something was left.
        made: of a password that was set, when AWS says that its login profile was made; or "".
    """

    at: datetime
    event: Event
    address: str
    note: str = ""
    made: str = ""


_LINES = Records(Code.PLAN_FAULTY, omit_defaults=True)


class Journal:
    """The journal of one plan, in the file at `path`, which is made when it is first needed.

    The journal of another plan of which nothing is left to take back counts as none, and of one
    that is applied where a new plan succeeds it: before the first line of this plan is written, it
    is renamed, with the time of its last entry.

    Attributes:
        archived: what that journal is called now; None if there was none.
        archived_applied: whether something that its plan did may stand.

    Args:
        path: the file.
        addresses: of the plan's changes; a line about another is a fault. None: not looked at.
    """

    def __init__(self, path: Path, addresses: Collection[str] | None = None) -> None:
        self.path = path
        self._addresses = addresses
        self._last: dict[str, JournalEntry] = {}
        self._unfinished: dict[str, JournalEntry] = {}
        self._password_dates: dict[str, str] = {}
        self._begun_here: set[str] = set()
        self._whole_length: int | None = None
        self._watcher: Callable[[JournalEntry], None] | None = None
        self._other_journal: tuple[str, bool] | None = None
        self.archived: Path | None = None
        self.archived_applied = False

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep every other process from working with this journal; a kill ends that, too.

        Raises:
            PlanRefused: if somebody is at work with it.
        """
        from filelock import FileLock, Timeout  # noqa: PLC0415 - slow to load

        lock = FileLock(f"{self.path}.lock", mode=0o600)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            raise PlanRefused(
                Message("another run is using `{name}`").filled(name=self.path.name),
                code=Code.PLAN_BUSY,
                fix=Message("wait until it has ended"),
            ) from None
        except OSError as error:
            raise self._faulty(0, _LOCKED.filled(reason=reason_of(error))) from None
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def watched(self, watcher: Callable[[JournalEntry], None]) -> Iterator[None]:
        """Call `watcher` with each entry once it is on the disk, after those that watch already."""
        before = self._watcher

        def both(entry: JournalEntry) -> None:
            if before is not None:
                before(entry)
            watcher(entry)

        self._watcher = both
        try:
            yield
        finally:
            self._watcher = before

    def open(self, digest: str, text: str = "", *, succeeds: bool = False) -> None:
        """Read what is there for the plan of this digest, or begin the file with its text, if any.

        Args:
            digest: of the plan.
            text: of the plan.
            succeeds: whether the journal of another plan that is applied counts as none, too, if
                no call of it was broken off: it can be taken back by that journal alone.

        A tail that a kill cut off, or of empty lines, counts as not written; it is cut off only by
        the next line that is written, so that who only looks changes nothing.

        Raises:
            PlanRefused: if the file is no journal, or the journal of another plan.
            FaultyInput: if a line cannot be read, or the file cannot be opened.
            SekishoError: if the beginning cannot be written.
        """
        try:
            content = self.path.read_bytes() if self.path.exists() else b""
            whole = _whole_lines(content)
            self._whole_length = len(whole) if len(whole) < len(content) else None
            lines = whole.decode("utf-8").splitlines()
            self._other_journal = _end_of_other_journal(self.path, lines, digest, succeeds=succeeds)
            if self._other_journal is None:
                first = lines[0] if lines else content.decode("utf-8")
                self._check_header(first, digest, bool(lines))
            else:
                lines, self._whole_length = [], None
        except (OSError, UnicodeDecodeError) as error:
            raise self._faulty(0, _OPENED.filled(reason=reason_of(error))) from error
        if not lines and text:
            self._write(_header(digest, text))
        self._last, self._unfinished, self._password_dates = {}, {}, {}
        for number, line in enumerate(lines[1:], start=2):
            self._remember(self._read_entry(number, line))

    def _check_header(self, line: str, digest: str, whole: bool) -> None:
        """Refuse what does not begin as a journal of this plan; a kill may have cut it short."""
        begin = json.dumps(_header(digest, ""))[:-2]
        if line.startswith(begin) or (not whole and begin.startswith(line)):
            return
        ours = line.startswith(json.dumps({"schema": SCHEMA})[:-1])
        message, fix = Message("`{name}` is not a journal"), _NO_JOURNAL
        if ours:
            message = Message("`{name}` is the journal of another plan")
            fix = _ANOTHER.filled(path=self.path)
        raise PlanRefused(message.filled(name=self.path.name), code=Code.PLAN_FAULTY, fix=fix)

    def last_event(self, address: str) -> Event | None:
        """Return the event of `last_entry`; None if there is none. Never LEFT."""
        entry = self._last.get(address)
        return entry.event if entry else None

    def last_entry(self, address: str) -> JournalEntry | None:
        """Return the last line about the change at `address`; None if none. LEFT does not count."""
        return self._last.get(address)

    def is_to_undo(self, address: str) -> bool:
        """Return whether anything that the plan did may stand there."""
        return self.last_event(address) not in _NOTHING_TO_UNDO

    def begun_elsewhere(self, address: str) -> JournalEntry | None:
        """Return the entry that began a call in another process's run that died; None if none did.

        Of several such runs, the first one's: what is found may be of any of them.
        """
        return None if address in self._begun_here else self._unfinished.get(address)

    def leave_in_doubt(self, address: str) -> None:
        """Forget that this process began a call: AWS refused it, so the dead run counts again."""
        self._begun_here.discard(address)

    def password_date(self, address: str) -> str:
        """Return AWS's date of the password that this plan has set there; "" if it is not known."""
        return self._password_dates.get(address, "")

    def record(self, entry: JournalEntry) -> None:
        """Write one entry and do not return before it is on the disk."""
        self._write(_LINES.written(entry))
        self._remember(entry)
        if entry.event in _OPENING:
            self._begun_here.add(entry.address)
        if self._watcher is not None:
            self._watcher(entry)

    def _remember(self, entry: JournalEntry) -> None:
        address = entry.address
        if entry.event is Event.LEFT:
            return  # what is only left is still what was done, and as much in doubt
        self._last[address] = entry
        if entry.event in _OPENING:
            self._unfinished.setdefault(address, entry)
        else:
            self._unfinished.pop(address, None)
        if entry.event in _REPLACES_PASSWORD_DATE:
            self._password_dates[address] = entry.made

    def _write(self, value: dict[str, str]) -> None:
        """Add a line, made durable before this returns.

        Raises:
            SekishoError: if it cannot be written.
        """
        try:
            if self._other_journal is not None:
                self._archive(*self._other_journal)
            self._append(value)
        except OSError as error:
            raise SekishoError(
                Message("the journal `{path}` cannot be written: {reason}").filled(
                    path=self.path, reason=reason_of(error)
                ),
                code=Code.OUTPUT_UNWRITABLE,
                fix=_MAKE_ROOM if error.errno in _FULL else None,
            ) from error

    def _archive(self, ended: str, applied: bool) -> None:
        """Give the journal of the other plan a name of its own, which none has yet."""
        name = f"{self.path.name}.{ended}"
        numbered = (self.path.with_name(f"{name}-{number}") for number in count(2))
        names = chain([self.path.with_name(name)], numbered)
        self.archived = next(each for each in names if not each.exists())
        self.path.rename(self.archived)
        self.archived_applied = applied
        self._other_journal = None

    def _append(self, value: dict[str, str]) -> None:
        line = (json.dumps(value) + "\n").encode("ascii")
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
        file = os.open(self.path, flags, 0o600)
        try:
            if self._whole_length is not None:
                os.ftruncate(file, self._whole_length)
            # until the line is on the disk, what there is of it is a tail that was cut off
            self._whole_length = os.fstat(file).st_size
            while line:
                line = line[os.write(file, line) :]
            os.fsync(file)
            self._whole_length = None
        finally:
            os.close(file)

    def _read_entry(self, number: int, line: str) -> JournalEntry:
        try:
            value = json.loads(line, object_pairs_hook=_members)
        except (ValueError, RecursionError) as error:
            raise self._faulty(number, Message("this line is not JSON")) from error
        try:
            entry = _LINES.read(value, JournalEntry)
            if entry.made:
                datetime.fromisoformat(entry.made)
        except FaultyRecord as error:
            raise self._faulty(number, _no_entry(error)) from error
        except ValueError as error:
            raise self._faulty(number, _NO_ENTRY) from error
        if self._addresses is not None and entry.address not in self._addresses:
            message = _ANOTHER_CHANGE.filled(address=quoted(entry.address))
            raise self._faulty(number, message)
        return entry

    def _faulty(self, line: int, message: Message) -> FaultyInput:
        fault = Fault(Code.PLAN_FAULTY, message, line=line, fix=_DAMAGED)
        return FaultyInput(str(self.path), [fault])


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return the members of an object; of a key that is there twice, none can be believed."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a key twice")
    return members


def _no_entry(error: FaultyRecord) -> Message:
    found = joined_messages((fault.sentence for fault in error.faults), en="; ", ja="。")
    return verbatim("{what}: {faults}").filled(what=_NO_ENTRY, faults=found)


def _whole_lines(content: bytes) -> bytes:
    """Return the lines that were written whole, without empty ones at the end."""
    lines = content[: content.rfind(b"\n") + 1].splitlines(keepends=True)
    while lines and not lines[-1].strip():
        lines.pop()
    return b"".join(lines)


def _end_of_other_journal(
    path: Path, lines: list[str], digest: str, *, succeeds: bool
) -> tuple[str, bool] | None:
    """Return when the journal of another plan ended, and whether its plan is applied.

    None if it is this plan's, or none that can be read; or something of its plan may be there and
    this plan does not succeed it, or a call was broken off.
    """
    if not lines or _plan_of(lines[0]) in (None, digest):
        return None
    other = Journal(path)
    try:
        for number, line in enumerate(lines[1:], start=2):
            other._remember(other._read_entry(number, line))
    except FaultyInput:
        return None
    applied = any(entry.event not in _PAST for entry in other._last.values())
    if applied and (not succeeds or other._unfinished):
        return None
    last = max((entry.at for entry in other._last.values()), default=None)
    if last is None:
        last = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return last.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ"), applied


def _plan_of(line: str) -> str | None:
    """Return the digest of the plan that a journal's first line has whole; None if it has none."""
    try:
        header = json.loads(line)
        digest = json.loads(header["text"])["digest"]
    except (ValueError, RecursionError, LookupError, TypeError):
        return None
    return str(digest) if (header.get("schema"), header.get("plan")) == (SCHEMA, digest) else None


def _header(digest: str, text: str) -> dict[str, str]:
    return {"schema": SCHEMA, "plan": digest, "text": text}
