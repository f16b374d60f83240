"""CloudTrail's event history: the events that `LookupEvents` has of one account, by region.

It has the management events of the last 90 days, the newest first, in pages of 50 events, and
allows two calls a second in each region. It has no data events, and no events of other accounts.
The pages become log files in memory, so that they are read like any others.

If the user stops it, or AWS refuses, the events read so far count; the missing ones are a fault.

Source: CloudTrail API Reference, `LookupEvents`; AWS CloudTrail User Guide, "Working with
CloudTrail event history".
"""

import gzip
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from sekisho.errors import AwsRefused
from sekisho.lazy import dataclass
from sekisho.messages import Message, listed, verbatim
from sekisho.replay.reading.files import LogFile
from sekisho.replay.reading.result import LogFault
from sekisho.replay.reading.shapes import NOT_JSON
from sekisho.replay.window import Window

_PACE = 0.5
"""The seconds between two requests: a region allows two a second."""
_PAGE = 50
_KEPT = timedelta(days=90)
_EVENTS_OF_A_FILE = 20_000
_FAST = 1
"""The level of compression: data that is in memory for minutes need not be small."""

_WHAT = Message(
    "CloudTrail's event history of {regions}: the management events of the last 90 days of this "
    "account. Data events, other regions and other accounts are not in it."
)
_OLDER = Message("The event history goes back to {day}, and not to the time asked for.")
_NAME = "LookupEvents {region}"
_STOPPED = Message("stopped: events before {time} were not read")
_NOT_BEGUN = Message("stopped: nothing was read")
_BROKEN = Message("events before {time} were not read: {reason}")

Progress = Callable[[str, int, float], None]
"""(region, events so far, fraction of the requested time that is read) → None."""


class HistoryApi(Protocol):
    """The interface to CloudTrail, which `account.aws.Boto3Api` implements."""

    def call_in(
        self, region: str, service: str, operation: str, /, **params: object
    ) -> Mapping[str, Any]:
        """Call an operation that reads, in a region, and return its output."""
        ...


@dataclass(frozen=True, slots=True)
class Timing:
    """The clocks: the current UTC time, a timer in seconds, and a function to sleep."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


_USUAL = Timing()


@dataclass(frozen=True, slots=True)
class EventHistory:
    """The events that were read of the event history.

    Attributes:
        files: the events, as logs in memory.
        faults: the parts that could not be read.
        notes: the events that an event history lacks.
    """

    files: tuple[LogFile, ...]
    faults: tuple[LogFault, ...]
    notes: tuple[Message, ...]


def event_history(
    api: HistoryApi,
    regions: Sequence[str],
    window: Window,
    progress: Progress | None = None,
    timing: Timing = _USUAL,
) -> EventHistory:
    """Return the event history of regions, one after the other.

    An interruption (Ctrl-C) ends the reading and not the program.

    Args:
        api: calls CloudTrail, with the credentials of whoever asks.
        regions: their names.
        window: the events that count; at most the last 90 days are asked for.
        progress: called after each page.
        timing: the clocks.

    Raises:
        AwsRefused: if every region refuses, and nothing was read.
    """
    now = timing.now()
    since = max(window.start or now - _KEPT, now - _KEPT)
    until = min(window.end or now, now)
    notes = [_WHAT.filled(regions=listed(map(verbatim, regions)))]
    if window.start is not None and window.start < since:
        notes.append(_OLDER.filled(day=since.date().isoformat()))
    read = _Reading(api, since, until, timing, progress)
    for region in regions if since < until else ():
        read.region(region)
    if read.refused and not read.events:
        raise read.refused[0]
    return EventHistory(tuple(read.files), tuple(read.faults), tuple(notes))


@dataclass(slots=True)
class _Reading:
    """The events that were read so far.

    Attributes:
        oldest: the time of the last event of this region; None before the first.
        texts: the events of this region that are in no file yet.
    """

    api: HistoryApi
    since: datetime
    until: datetime
    timing: Timing
    progress: Progress | None
    files: list[LogFile] = field(default_factory=list)
    faults: list[LogFault] = field(default_factory=list)
    refused: list[AwsRefused] = field(default_factory=list)
    events: int = 0
    stopped: bool = False
    oldest: datetime | None = None
    texts: list[str] = field(default_factory=list)
    asked_at: float | None = None

    def region(self, region: str) -> None:
        """Read the events of a region; events that cannot be read are a fault."""
        self.oldest = None
        if self.stopped:
            self._fault(region, _NOT_BEGUN, 0)
            return
        try:
            for page in self._pages(region):
                self._take(region, page)
        except KeyboardInterrupt:
            self.stopped = True
            self._fault(region, self._where_stopped(), 0)
        except AwsRefused as refused:
            self.refused.append(refused)
            self._fault(region, _BROKEN.filled(time=self._back_to, reason=refused.message), 0)
        self._file(region)

    def _where_stopped(self) -> Message:
        return _NOT_BEGUN if self.oldest is None else _STOPPED.filled(time=self._back_to)

    @property
    def _back_to(self) -> str:
        return f"{self.oldest or self.until:%Y-%m-%d %H:%M:%S} UTC"

    def _fault(self, region: str, what: Message, records: int, place: str = "") -> None:
        self.faults.append(LogFault(_NAME.format(region=region), place, what, records))

    def _pages(self, region: str) -> Iterator[Mapping[str, Any]]:
        params: dict[str, object] = {
            "StartTime": self.since,
            "EndTime": self.until,
            "MaxResults": _PAGE,
        }
        while True:
            self._wait()
            page = self.api.call_in(region, "cloudtrail", "LookupEvents", **params)
            yield page
            token = page.get("NextToken")
            if not token:
                return
            params["NextToken"] = token

    def _wait(self) -> None:
        """Wait until CloudTrail may be called again."""
        if self.asked_at is not None:
            left = self.asked_at + _PACE - self.timing.clock()
            if left > 0:
                self.timing.sleep(left)
        self.asked_at = self.timing.clock()

    def _take(self, region: str, page: Mapping[str, Any]) -> None:
        """Add the events of a page."""
        for event in page.get("Events", ()):
            text = event.get("CloudTrailEvent", "")
            if not _is_object(text):
                self._fault(region, NOT_JSON, 1, event.get("EventId", ""))
                continue
            self.texts.append(text)
            self.events += 1
            self.oldest = event.get("EventTime", self.oldest)
        if len(self.texts) >= _EVENTS_OF_A_FILE:
            self._file(region)
        if self.progress is not None:
            self.progress(region, self.events, self._share())

    def _share(self) -> float:
        """Return the fraction of the requested time that is read, in this region."""
        if self.oldest is None:
            return 0.0
        return (self.until - self.oldest) / (self.until - self.since)

    def _file(self, region: str) -> None:
        """Make a log of the events that are in no file yet."""
        if not self.texts:
            return
        name = f"{_NAME.format(region=region)} {len(self.files) + 1}"
        text = f'{{"Records": [{",".join(self.texts)}]}}'
        content = gzip.compress(text.encode("utf-8", "surrogatepass"), _FAST)
        self.files.append(LogFile(name, len(content), "", lambda: content, region=region))
        self.texts = []


def _is_object(text: object) -> bool:
    """Return whether a text is a JSON object; others would damage a log."""
    try:
        return isinstance(text, str) and isinstance(json.loads(text), dict)
    except ValueError:
        return False


def history_policy() -> dict[str, Any]:
    """Return the least identity policy with which the event history can be read."""
    looking = {"Effect": "Allow", "Action": "cloudtrail:LookupEvents", "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [{"Sid": "LookUpEvents", **looking}]}
