"""Who was notified of what and when: a file because of which nobody is notified twice.

One JSON object on a line: a head that names the account, an entry before and after each notice,
and an end that counts them. Each line has the SHA-256 of itself and of the one before it, so that a
line that is changed, left out, added or moved by hand is seen, and named. The file is replaced
whole with each entry: a kill leaves the old one or the new one. Where a copy or a full disk has cut
off a part of the end, and no more, nothing is lost: the end is made anew with the next entry. A
person is notified at most once of one reminder: what was begun and is not known to be done may have
arrived, and is told of instead of being repeated. Only its owner may read it; names are in it, no
secret.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import TypeVar, assert_never

from filelock import FileLock, Timeout

from sekisho.documents import check_writable, write_private
from sekisho.documents.records import FaultyRecord, Records
from sekisho.errors import Code, Fault, FaultyInput, SekishoError, quoted, reason_of
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.notices.reminders.schedule import Reminder, ReminderStep
from sekisho.rollout import FormerNames

SCHEMA = "sekisho.notified/1"
GIVE_UP = 3
"""After so many batches in a row that did not arrive for certain, nothing more is tried."""
LEDGER_NAME = "told"
"""What the file is called in the folder of a campaign."""

_T = TypeVar("_T")

_SUM = "sha256"
_LINES = Records(Code.NOTICES_LEDGER)
_BEGINNING = json.dumps({"schema": SCHEMA})[:-1]
_ENDING = '{"end": '
_NO_RECORD = Message("this is not a record of notices, or its first line is damaged")
_BUSY = Message("another run is using `{name}`")
_WAIT = Message("wait until it has ended")
_UNREADABLE = Message("the record of notices cannot be opened: {reason}")
_DAMAGED = Message("the record of notices was damaged, or changed by hand, at this line")
_CUT_OFF = Message(
    "the record of notices was cut off here: it is not known who else had been notified"
)
_RESTORE = Message(
    "nobody was notified; restore the file from a copy; without one, begin a new record with "
    "`--ledger NEW`: everybody who is due is notified once more"
)
_ANOTHER_ACCOUNT = Message("this is the record of notices of account {account}")
_ANOTHER_FILE = Message(
    "nobody was notified; give the record of this account, or a new name: `--ledger NEW`"
)


class NoticeEvent(StrEnum):
    """What a line tells about one notice.

    FAILED: it is certain that nothing was handed over; it may be tried again.
    """

    BEGUN = "begun"
    DONE = "done"
    FAILED = "failed"


class Standing(StrEnum):
    """How it stands with one notice to one person."""

    OPEN = "open"
    IN_DOUBT = "in-doubt"
    DONE = "done"


class Handed(StrEnum):
    """How handing over a notice has ended; IN_DOUBT: it may have arrived."""

    DONE = "done"
    FAILED = "failed"
    IN_DOUBT = "in-doubt"


@dataclass(frozen=True, slots=True)
class NoticeKey:
    """What nobody may be notified of twice: a wave that is put off is announced anew."""

    user: str
    wave: str
    starts: date | None
    step: ReminderStep


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One line.

    Attributes:
        at: when it was written.
        about: the plan or goal.
        channel: how the notice was handed over: the form, and the host that it was sent to.
    """

    at: datetime
    event: NoticeEvent
    user: str
    wave: str
    starts: date | None
    step: ReminderStep
    about: str
    channel: str

    @property
    def key(self) -> NoticeKey:
        """What the line is about."""
        return NoticeKey(self.user, self.wave, self.starts, self.step)


@dataclass(frozen=True, slots=True)
class _Head:
    schema: str
    account: str


@dataclass(frozen=True, slots=True)
class _End:
    end: int


def under_present_names(
    entries: Iterable[LedgerEntry], former: FormerNames
) -> Iterator[LedgerEntry]:
    """Yield entries with the names that their users have now, where those were renamed."""
    for entry in entries:
        present = former.get(entry.user)
        yield entry if present is None else replace(entry, user=present)


class Ledger:
    """The record of one account's notices, in a file that is made when it is first needed.

    Attributes:
        keep: called with the file each time that lines are written, before anything is done that
            relies on them; None: the disk keeps them.

    Args:
        path: the file.
        account: whose notices.
        lines: what it has, checked.
        former: who was renamed: their entries count under the present name.
    """

    def __init__(
        self,
        path: Path,
        account: str,
        lines: Sequence[LedgerEntry] = (),
        former: FormerNames | None = None,
    ) -> None:
        self.path = path
        self.keep: Callable[[Path], None] | None = None
        self._entries = [*under_present_names(lines, former or {})]
        self._lines = _chained("", (_Head(SCHEMA, account), *lines))
        self._last = {entry.key: entry for entry in self._entries}

    @property
    def entries(self) -> tuple[LedgerEntry, ...]:
        """All lines, in their order."""
        return tuple(self._entries)

    def standing(self, key: NoticeKey) -> Standing:
        """Return whether somebody has been notified."""
        last = self._last.get(key)
        if last is None:
            return Standing.OPEN
        match last.event:
            case NoticeEvent.BEGUN:
                return Standing.IN_DOUBT
            case NoticeEvent.DONE:
                return Standing.DONE
            case NoticeEvent.FAILED:
                return Standing.OPEN
            case _:
                assert_never(last.event)

    @property
    def in_doubt(self) -> tuple[LedgerEntry, ...]:
        """The last lines about notices of which nobody knows whether they arrived."""
        return tuple(each for each in self._last.values() if each.event is NoticeEvent.BEGUN)

    def last(self, key: NoticeKey) -> LedgerEntry | None:
        """Return the last line about a notice; None if there is none."""
        return self._last.get(key)

    def record(self, entries: Iterable[LedgerEntry]) -> None:
        """Write lines and do not return before they are on the disk.

        Raises:
            SekishoError: if the file cannot be written; then they count as not written.
        """
        more = tuple(entries)
        if not more:
            return
        added = _chained(self._lines[-1], more)
        end = _chained(added[-1], (_End(len(self._entries) + len(more)),))
        text = (f"{line}\n" for line in (*self._lines, *added, *end))
        # where a link leads to, so that it stays a link
        write_private(self.path.resolve(), text, replace=True)
        self._entries += more
        self._lines += added
        self._last |= {entry.key: entry for entry in more}
        if self.keep is not None:
            self.keep(self.path)


@contextmanager
def open_ledger(path: Path, account: str, former: FormerNames | None = None) -> Iterator[Ledger]:
    """Read a ledger, and keep every other process from working with it; a kill ends that, too.

    Args:
        path: the file.
        account: whose it is.
        former: who was renamed.

    Raises:
        SekishoError: if somebody is at work with it, or it could not be written.
        FaultyInput: if it is damaged, or of another account; with the line and the fix.
    """
    check_writable(path.resolve(), replace=True)
    lock = FileLock(f"{path.resolve()}.lock", mode=0o600)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise SekishoError(
            _BUSY.filled(name=path.name), code=Code.NOTICES_BUSY, fix=_WAIT
        ) from None
    except OSError as error:
        raise _faulty(path, 0, _UNREADABLE.filled(reason=reason_of(error))) from None
    try:
        yield read_ledger(path, account, former)
    finally:
        lock.release()


def read_ledger(path: Path, account: str, former: FormerNames | None = None) -> Ledger:
    """Return a ledger as it is; an empty one if there is no such file.

    Args:
        path: the file.
        account: whose it is.
        former: who was renamed.

    Raises:
        FaultyInput: as `open_ledger`.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return Ledger(path, account)
    except (OSError, UnicodeDecodeError) as error:
        raise _faulty(path, 0, _UNREADABLE.filled(reason=reason_of(error))) from None
    return Ledger(path, account, _checked(path, text, account), former)


def _checked(path: Path, text: str, account: str) -> list[LedgerEntry]:
    """Return the entries of a file whose every line is as it was written; its end may be torn."""
    *lines, rest = text.split("\n")
    if lines and rest.startswith(_ENDING):
        # the end follows from the lines before it: they are all there
        (end,) = _chained(lines[-1], (_End(len(lines) - 1),))
        lines, rest = ([*lines, end], "") if end.startswith(rest) else (lines, rest)
    if rest or not lines:
        raise _faulty(path, len(lines) + 1, _CUT_OFF)
    if not text.startswith(_BEGINNING):
        raise _faulty(path, 1, _NO_RECORD, _ANOTHER_FILE)
    values = [
        _value(path, number, line, before)
        for number, (before, line) in enumerate(pairwise(["", *lines]), start=1)
    ]
    head = _read(path, 1, values[0], _Head)
    if head.account != account:
        fault = _ANOTHER_ACCOUNT.filled(account=quoted(head.account)[1:-1])
        raise _faulty(path, 1, fault, _ANOTHER_FILE)
    if "end" not in values[-1] or len(values) == 1:
        raise _faulty(path, len(values) + 1, _CUT_OFF)
    counted = _read(path, len(values), values[-1], _End)
    entries = [
        _read(path, number, value, LedgerEntry)
        for number, value in enumerate(values[1:-1], start=2)
    ]
    if counted.end != len(entries):
        raise _faulty(path, len(values), _DAMAGED)
    return entries


def _value(path: Path, number: int, line: str, before: str) -> dict[str, object]:
    """Return the values of a line, without its sum, which is checked."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        raise _faulty(path, number, _DAMAGED) from None
    # written again it must be the same, byte for byte: so no key is there twice either
    if not isinstance(value, dict) or _line(_without_sum(value), before) != line:
        raise _faulty(path, number, _DAMAGED)
    return _without_sum(value)


def _without_sum(value: Mapping[str, object]) -> dict[str, object]:
    return {key: each for key, each in value.items() if key != _SUM}


def _read(path: Path, number: int, value: dict[str, object], kind: type[_T]) -> _T:
    try:
        return _LINES.read(value, kind)
    except FaultyRecord:
        raise _faulty(path, number, _DAMAGED) from None


def _faulty(path: Path, line: int, message: Message, fix: Message = _RESTORE) -> FaultyInput:
    return FaultyInput(str(path), [Fault(Code.NOTICES_LEDGER, message, line=line, fix=fix)])


def _chained(before: str, records: Iterable[_Head | LedgerEntry | _End]) -> list[str]:
    """Return the lines of records that come after the line `before`."""
    lines = []
    for record in records:
        before = _line(_LINES.written(record), before)
        lines.append(before)
    return lines


def _line(value: Mapping[str, object], before: str) -> str:
    """Return a line; `before` is the whole line before it, sum and all."""
    plain = json.dumps(value)
    found = hashlib.sha256(f"{before}\n{plain}".encode()).hexdigest()
    return json.dumps({**value, _SUM: found})


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came of a run.

    Attributes:
        done: who was notified now.
        failed: whom nothing was handed over to, for certain: the next run tries again.
        in_doubt: who may have been notified, by this run or an earlier one: not repeated.
        earlier: who had heard before.
    """

    done: tuple[Reminder, ...] = ()
    failed: tuple[Reminder, ...] = ()
    in_doubt: tuple[Reminder, ...] = ()
    earlier: tuple[Reminder, ...] = ()


def key_of(reminder: Reminder) -> NoticeKey:
    """Return the ledger's entry for a reminder."""
    person = reminder.person
    return NoticeKey(person.user, person.wave, reminder.own_day or person.day, reminder.step)


def entry_of(
    reminder: Reminder, event: NoticeEvent, at: datetime, about: str, channel: str
) -> LedgerEntry:
    """Return the line that tells something about a reminder; the rest as in `LedgerEntry`."""
    key = key_of(reminder)
    return LedgerEntry(at, event, key.user, key.wave, key.starts, key.step, about, channel)


def sorted_out(
    ledger: Ledger, reminders: Iterable[Reminder], again: frozenset[str] = frozenset()
) -> Mapping[Standing, tuple[Reminder, ...]]:
    """Return the reminders by their status; those to be sent `again` are open."""
    by_standing: dict[Standing, list[Reminder]] = {each: [] for each in Standing}
    for reminder in reminders:
        named = reminder.person.user in again
        by_standing[Standing.OPEN if named else ledger.standing(key_of(reminder))].append(reminder)
    return {standing: tuple(each) for standing, each in by_standing.items()}


def deliver(
    ledger: Ledger,
    batches: Iterable[Sequence[Reminder]],
    hand_over: Callable[[Sequence[Reminder]], Handed],
    entry: Callable[[Reminder, NoticeEvent], LedgerEntry],
) -> Delivery:
    """Hand over batch after batch, each recorded before and after.

    Where several in a row do not arrive for certain, nobody is there to take them: the rest is not
    begun, so that it is not in doubt, and the next run tries it.

    Args:
        ledger: locked.
        batches: what is open, in the portions in which it is handed over.
        hand_over: hands over a batch; what it raises leaves the batch in doubt.
        entry: makes the line for a reminder.
    """
    ended: dict[Handed, list[Reminder]] = {each: [] for each in Handed}
    in_vain = 0
    for batch in batches:
        if in_vain == GIVE_UP:
            ended[Handed.FAILED] += batch
            continue
        ledger.record(entry(each, NoticeEvent.BEGUN) for each in batch)
        handed = hand_over(batch)
        match handed:
            case Handed.DONE:
                ledger.record(entry(each, NoticeEvent.DONE) for each in batch)
            case Handed.FAILED:
                ledger.record(entry(each, NoticeEvent.FAILED) for each in batch)
            case Handed.IN_DOUBT:
                # what was begun stays begun
                pass
            case _:
                assert_never(handed)
        ended[handed] += batch
        in_vain = 0 if handed is Handed.DONE else in_vain + 1
    return Delivery(
        done=tuple(ended[Handed.DONE]),
        failed=tuple(ended[Handed.FAILED]),
        in_doubt=tuple(ended[Handed.IN_DOUBT]),
    )
