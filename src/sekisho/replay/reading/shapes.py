"""The formats of log files, recognised by their content and not by their names.

Read fast, with little or no change: `{"Records": […]}`, a list of records, JSON lines of records,
also with times as CloudWatch Logs exports them. Read record by record: events of EventBridge
(`detail`), answers of LookupEvents (`CloudTrailEvent`), a single record, the data of a CloudWatch
Logs subscription (`logEvents`) or answer (`events`), the CSV that Athena gives for a query of
single events.

Source: Amazon CloudWatch Logs User Guide, "Exporting log data to Amazon S3", "Real-time processing
of log data with subscriptions"; CloudWatch Logs API Reference, `FilterLogEvents`.
"""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from json import JSONDecodeError, JSONDecoder
from typing import Any

from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.replay.reading.files import MARK, STAMP, SkippedKind

_LOG = re.compile(rb'\s*\{\s*"Records"\s*:\s*\[')
_STAMP = re.compile(STAMP + rb"(?=\{)")
_STAMPED = re.compile(_STAMP.pattern.decode())
_BREAKS = re.compile(r"[\r\n]+")
_WRAPPED = b'"logEvents"'
_NEXT = re.compile(r'[,\[]\s*(?=\{\s*")')
_SPACE = re.compile(r"\s*")
_HALF = re.compile(r"\\u[dD][89a-fA-F]")
"""A pattern of a possible half of a character (surrogate) in JSON."""
_HALVES = re.compile("[\ud800-\udfff]")
_DECODER = JSONDecoder(object_pairs_hook=lambda pairs: dict(reversed(pairs)))
"""Of a repeated key the first counts, as in DuckDB."""
_ID = re.compile(r'"eventID"\s*:')
"""A pattern of the member that each record has once."""
_TRIES = 20_000
"""The places of a damaged list that are tried as the beginning of a record."""
_SAMPLE = 1 << 16


@dataclass(frozen=True, slots=True)
class FastLog:
    """The text of `{"Records": […]}`, for DuckDB."""

    content: bytes


@dataclass(frozen=True, slots=True)
class SlowLog:
    """A file that must be read record by record."""

    content: bytes


@dataclass(frozen=True, slots=True)
class NoCalls:
    """A file that has no calls on purpose."""

    kind: SkippedKind


@dataclass(frozen=True, slots=True)
class FoundRecord:
    """A decoded record, and its place in its file, from 0."""

    number: int
    record: object


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A part of a file that is no record.

    Attributes:
        number: its place in the file, None for the rest of it.
        records: how many records are lost, as far as that can be told; 0: it cannot.
    """

    number: int | None
    what: Message
    records: int = 1


NOT_JSON = Message("is not JSON")
NO_LOG = Message("is not a CloudTrail log")
EMPTY = Message("is empty")
MORE_PAGES = Message("is one page of an answer that has more (`NextToken`)")
ENDS_EARLY = Message("ends in the middle")
TOO_DEEP = Message("is nested too deep")
IDENTITY_NOT_JSON = Message(
    "has `useridentity` as a text of Athena's; write `CAST(useridentity AS JSON)` in the query"
)


def recognised(content: bytes) -> FastLog | SlowLog | NoCalls:
    """Return the format of a file's content, by its beginning."""
    content = content.removeprefix(MARK)
    start = content[:_SAMPLE].lstrip()
    if _LOG.match(start):
        return FastLog(content)
    if start.startswith(b"[") and _WRAPPED not in start:
        return FastLog(b"".join((b'{"Records":', content, b"}")))
    if _STAMP.match(start) and (unstamped := _unstamped(content)):
        return FastLog(b"".join((b'{"Records":[', b",".join(unstamped), b"]}")))
    if not start.startswith(b"{"):
        return SlowLog(content)
    if (first := _first_line(content)) is not None:
        if "eventTime" not in first:
            return SlowLog(content)
        lines = b",".join(line for line in content.splitlines() if line.strip())
        return FastLog(b"".join((b'{"Records":[', lines, b"]}")))
    if b'"digestStartTime"' in start and "digestStartTime" in _members(content):
        return NoCalls(SkippedKind.DIGEST)
    return SlowLog(content)


def _unstamped(content: bytes) -> list[bytes] | None:
    """Return the lines of an export without their times; None if a line is no record."""
    found = []
    for line in content.splitlines():
        if line.strip():
            stamp = _STAMP.match(line)
            if stamp is None:
                return None
            found.append(line[stamp.end() :])
    return None if _WRAPPED in found[0] else found


def _first_line(content: bytes) -> Mapping[str, object] | None:
    """Return the object of the first line, if lines follow it; else None."""
    first, _, rest = content.lstrip().partition(b"\n")
    return (_members(first) or None) if rest.strip() else None


def _members(content: bytes) -> Mapping[str, object]:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def records_in(content: bytes) -> Iterator[FoundRecord | Unreadable]:
    """Yield every record of a file, and its unreadable parts, in any format."""
    text = content.removeprefix(MARK).decode("utf-8", "replace")
    start = text[:_SAMPLE].lstrip()
    if not start:
        yield Unreadable(None, EMPTY, 0)
    elif _STAMPED.match(start):
        yield from _of_lines(text)
    elif not start.startswith(("{", "[")):
        yield from _of_csv(text)
    elif start.startswith("{") and _first_line(content) is not None:
        yield from _of_lines(text)
    else:
        yield from _of_value(text)


def _of_lines(text: str) -> Iterator[FoundRecord | Unreadable]:
    """Yield the records of each line, with the number of the line."""
    lines = (line for line in _BREAKS.split(text) if line.strip())
    for number, line in enumerate(lines):
        stamp = _STAMPED.match(line)
        values = list(_values(line, stamp.end() if stamp else 0))
        for value in values if len(values) == 1 or isinstance(values[0], dict) else (NOT_JSON,):
            if isinstance(value, Message):
                yield Unreadable(number, value)
            else:
                yield from (FoundRecord(number, record) for record in _unwrapped(value))


def _of_value(text: str) -> Iterator[FoundRecord | Unreadable]:
    values = list(_values(text))
    if isinstance(values[0], Message):
        yield from _salvaged(text, values[0])
        return
    for value in values:
        yield from _of_whole(value)


def _of_whole(value: Any) -> Iterator[FoundRecord | Unreadable]:
    """Yield the records of one of the values of a file, usually its only one."""
    if isinstance(value, Message):
        yield Unreadable(None, value, 0)
        return
    if isinstance(value, list):
        for number, each in enumerate(value):
            yield from (FoundRecord(number, record) for record in _unwrapped_record(each))
        return
    records = list(_unwrapped(value))
    if records == [value] and not _is_record(value):
        yield Unreadable(None, NO_LOG, 0)
        return
    for number, record in enumerate(records):
        yield FoundRecord(number, record)
    more = value.get("NextToken") or value.get("nextToken") if isinstance(value, dict) else None
    if more and not _is_record(value):
        yield Unreadable(None, MORE_PAGES, 0)


def _is_record(value: object) -> bool:
    return isinstance(value, dict) and "eventTime" in value


def _unwrapped(value: object) -> Iterator[object]:
    """Yield the records of a log, of an answer, or of one event."""
    match value:
        case {"Records": list(records)} | {"Events": list(records)}:
            for record in records:
                yield from _unwrapped_record(record)
        case _:
            yield from _unwrapped_record(value)


def _unwrapped_record(value: object) -> Iterator[object]:
    match value:
        case {"CloudTrailEvent": str(text)}:
            yield _inside(text)
        case {"messageType": "CONTROL_MESSAGE", "logEvents": list()}:
            # that the subscription works
            return
        case {"logEvents": list(events), **others} | {"events": list(events), **others} if (
            "eventTime" not in others
        ):
            for event in events:
                message = event.get("message") if isinstance(event, dict) else None
                yield _inside(message) if isinstance(message, str) else event
        case {"detail": dict(record), **others} if "eventTime" not in others:
            yield record
        case _:
            yield value


def _inside(text: str) -> object:
    """Return the record in a text that is inside another value; None if it has none."""
    record = _value(text)
    return None if isinstance(record, Message) else record


def _value(text: str) -> Any:
    """Return the value of a JSON text, or its fault."""
    found = list(_values(text))
    return found[0] if len(found) == 1 else NOT_JSON


def _values(text: str, place: int = 0) -> Iterator[Any]:
    """Yield the values of consecutive JSON texts, and the fault at which they end.

    Half a character (a lone surrogate) becomes U+FFFD: no table can hold it.
    """
    end = len(text.rstrip())
    while True:
        begin = _SPACE.match(text, place)
        place = begin.end() if begin else place
        try:
            found, place = _DECODER.raw_decode(text, place)
            yield _without_half_characters(text, found)
        except JSONDecodeError as error:
            early = error.msg.startswith("Unterminated") or error.pos >= end
            yield ENDS_EARLY if early else NOT_JSON
            return
        except RecursionError:
            yield TOO_DEEP
            return
        except ValueError:  # a number with too many digits
            yield NOT_JSON
            return
        if place >= end:
            return


def _without_half_characters(text: str, value: Any) -> Any:
    """Return the value of a text without halves of characters."""
    if not _HALF.search(text):
        return value
    return json.loads(_HALVES.sub("\ufffd", json.dumps(value, ensure_ascii=False)))


def _salvaged(text: str, wrong: Message) -> Iterator[FoundRecord | Unreadable]:
    """Yield the records of a damaged list, one by one, skipping unreadable parts."""
    opening = re.match(r'\s*(?:\{\s*"Records"\s*:\s*)?\[', text)
    if not opening:
        yield Unreadable(None, wrong if wrong is TOO_DEEP else NO_LOG, 0)
        return
    place, number, tries = opening.end() - 1, 0, 0
    broken: int | None = None
    while (begin := _NEXT.search(text, place)) and tries < _TRIES:
        tries += 1
        try:
            found, place = _DECODER.raw_decode(text, begin.end())
            record = _without_half_characters(text, found)
        except (ValueError, RecursionError):
            place = begin.end()
            broken = begin.end() if broken is None else broken
            continue
        if broken is not None:
            if not _is_record(record):
                continue
            yield _lost(number, wrong, text[broken : begin.start()])
            number += 1
        tries, broken = 0, None
        yield from (FoundRecord(number, each) for each in _unwrapped_record(record))
        number += 1
    if broken is not None:
        yield _lost(number, wrong, text[broken:])
    elif not text[place:].strip().startswith("]"):
        yield Unreadable(None, ENDS_EARLY, 0)


def _lost(number: int, wrong: Message, text: str) -> Unreadable:
    """Return the unreadable part of a list, with the number of lost records, at least one."""
    return Unreadable(number, wrong, max(1, len(_ID.findall(text))))


_CSV: Mapping[str, str] = {
    name.lower(): name
    for name in (
        *("eventVersion", "userIdentity", "eventTime", "eventSource", "eventName", "awsRegion"),
        *("sourceIPAddress", "userAgent", "errorCode", "errorMessage", "requestParameters"),
        *("responseElements", "additionalEventData", "requestID", "eventID", "resources"),
        *("eventType", "eventCategory", "recipientAccountId", "sharedEventID", "vpcEndpointId"),
        "sessionCredentialFromConsole",
    )
}
"""The columns of the table that AWS documents for Athena, with their names in a record."""
_CSV_NEEDED = frozenset({"useridentity", "eventtime", "eventsource", "eventname"})
_JSON_COLUMNS = ("userIdentity", "requestParameters", "responseElements", "additionalEventData")
_MEMBERS: Mapping[str, str] = {
    name.lower(): name
    for name in (
        *("principalId", "accountId", "accessKeyId", "userName", "invokedBy", "sessionContext"),
        *("sessionIssuer", "mfaAuthenticated", "creationDate", "webIdFederationData"),
        *("federatedProvider", "sourceIdentity", "signInSessionArn", "ec2RoleDelivery"),
    )
}
"""Members of `userIdentity`, which Athena writes in lower case."""


def _of_csv(text: str) -> Iterator[FoundRecord | Unreadable]:
    """Yield the records in Athena's result of a query of its table of CloudTrail logs."""
    rows = csv.reader(io.StringIO(text, newline=""))
    header = [name.strip().lower() for name in next(rows, [])]
    if not set(header) >= _CSV_NEEDED:
        yield Unreadable(None, NO_LOG, 0)
        return
    names = [_CSV.get(name) for name in header]
    number = 0
    while True:
        try:
            row = next(rows, None)
        except csv.Error:
            yield Unreadable(None, ENDS_EARLY, 0)
            return
        if row is None:
            return
        yield _csv_record(
            number, {name: cell for name, cell in zip(names, row, strict=False) if name}
        )
        number += 1


def _csv_record(number: int, cells: Mapping[str, str]) -> FoundRecord | Unreadable:
    record: dict[str, object] = {name: cell for name, cell in cells.items() if cell != ""}
    for name in _JSON_COLUMNS:
        if isinstance(text := record.get(name), str):
            record[name] = _value(text)
    if isinstance(record.get("userIdentity"), Message):
        return Unreadable(number, IDENTITY_NOT_JSON)
    record["userIdentity"] = _in_our_case(record.get("userIdentity"))
    record["resources"] = _resources(record.get("resources"))
    return FoundRecord(number, record)


def _in_our_case(value: object) -> object:
    if not isinstance(value, dict):
        return value
    return {_MEMBERS.get(name, name): _in_our_case(member) for name, member in value.items()}


def _resources(text: object) -> object:
    value = _value(text) if isinstance(text, str) else None
    if not isinstance(value, list):
        return None
    return [
        {"ARN": each.get("arn", each.get("ARN"))} if isinstance(each, dict) else each
        for each in value
    ]
