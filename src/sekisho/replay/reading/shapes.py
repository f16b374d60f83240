"""What a log file holds, recognised by its content and not by its name.

Fast, as they are or nearly: `{"Records": […]}`, a list of records, JSON lines of records. One
record after the other: events of EventBridge (`detail`), answers of LookupEvents
(`CloudTrailEvent`), a single record, the CSV that Athena gives for a query of single events.
"""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from json import JSONDecodeError, JSONDecoder
from typing import Any

from sekisho.messages import Message
from sekisho.replay.reading.files import SkippedKind

_LOG = re.compile(rb'\s*\{\s*"Records"\s*:\s*\[')
_NEXT = re.compile(r'[,\[]\s*(?=\{\s*")')
_HALF = re.compile(r"\\u[dD][89a-fA-F]")
"""What may be half a character, as JSON writes it."""
_HALVES = re.compile("[\ud800-\udfff]")
_DECODER = JSONDecoder(object_pairs_hook=lambda pairs: dict(reversed(pairs)))
"""Of a key that is there twice the first counts, as in DuckDB."""
_TRIES = 20_000
"""How many places of a damaged list are tried as the begin of the next record."""
_MARK = b"\xef\xbb\xbf"
_SAMPLE = 1 << 16


@dataclass(frozen=True, slots=True)
class FastLog:
    """The text of `{"Records": […]}`, for DuckDB."""

    content: bytes


@dataclass(frozen=True, slots=True)
class SlowLog:
    """What must be read record by record."""

    content: bytes


@dataclass(frozen=True, slots=True)
class NoCalls:
    """A file that holds no calls, and is meant to."""

    kind: SkippedKind


@dataclass(frozen=True, slots=True)
class FoundRecord:
    """A decoded record, and its place in its file, from 0."""

    number: int
    record: object


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What of a file is no record; `number` is its place in the file, None for the rest of it."""

    number: int | None
    what: Message


NOT_JSON = Message("is not JSON")
NO_LOG = Message("is no log of CloudTrail")
EMPTY = Message("is empty")
MORE_PAGES = Message("is one page of an answer that has more (`NextToken`)")
ENDS_EARLY = Message("ends in the middle")
TOO_DEEP = Message("is nested too deep")
IDENTITY_NOT_JSON = Message(
    "has `useridentity` as a text of Athena's; write `CAST(useridentity AS JSON)` in the query"
)


def recognised(content: bytes) -> FastLog | SlowLog | NoCalls:
    """Return what the content of a file is, by its begin."""
    content = content.removeprefix(_MARK)
    start = content[:_SAMPLE].lstrip()
    if _LOG.match(start):
        return FastLog(content)
    if start.startswith(b"["):
        return FastLog(b"".join((b'{"Records":', content, b"}")))
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


def _first_line(content: bytes) -> Mapping[str, object] | None:
    """Return the object of the first line, if lines follow it, else None."""
    first, _, rest = content.lstrip().partition(b"\n")
    return (_members(first) or None) if rest.strip() else None


def _members(content: bytes) -> Mapping[str, object]:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def records_in(content: bytes) -> Iterator[FoundRecord | Unreadable]:
    """Yield every record of a file, and what of it is none, whatever its shape."""
    text = content.removeprefix(_MARK).decode("utf-8", "replace")
    start = text[:_SAMPLE].lstrip()
    if not start:
        yield Unreadable(None, EMPTY)
    elif not start.startswith(("{", "[")):
        yield from _of_csv(text)
    elif start.startswith("{") and _first_line(content) is not None:
        yield from _of_lines(text)
    else:
        yield from _of_value(text)


def _of_lines(text: str) -> Iterator[FoundRecord | Unreadable]:
    lines = (line for line in text.splitlines() if line.strip())
    number = 0
    for line in lines:
        value = _value(line)
        if isinstance(value, Message):
            yield Unreadable(number, value)
            number += 1
            continue
        for record in _unwrapped(value):
            yield FoundRecord(number, record)
            number += 1


def _of_value(text: str) -> Iterator[FoundRecord | Unreadable]:
    value = _value(text)
    if isinstance(value, Message):
        yield from _salvaged(text, value)
        return
    records = list(_unwrapped({"Records": value} if isinstance(value, list) else value))
    if not isinstance(value, list) and records == [value] and not _is_record(value):
        yield Unreadable(None, NO_LOG)
        return
    for number, record in enumerate(records):
        yield FoundRecord(number, record)
    if isinstance(value, dict) and value.get("NextToken") and not _is_record(value):
        yield Unreadable(None, MORE_PAGES)


def _is_record(value: object) -> bool:
    return isinstance(value, dict) and "eventTime" in value


def _unwrapped(value: object) -> Iterator[object]:
    """Yield the records of a log, an answer, or of one event."""
    match value:
        case {"Records": list(records)} | {"Events": list(records)}:
            for record in records:
                yield from _unwrapped_record(record)
        case _:
            yield from _unwrapped_record(value)


def _unwrapped_record(value: object) -> Iterator[object]:
    match value:
        case {"CloudTrailEvent": str(text)}:
            record = _value(text)
            yield None if isinstance(record, Message) else record
        case {"detail": dict(record), **others} if "eventTime" not in others:
            yield record
        case _:
            yield value


def _value(text: str) -> Any:
    """Return the value of a JSON text, or what is wrong with it.

    What is half a character becomes U+FFFD: no table can hold it.
    """
    try:
        return _whole(text, _DECODER.decode(text))
    except JSONDecodeError as error:
        early = error.msg.startswith("Unterminated") or error.pos >= len(text.rstrip())
        return ENDS_EARLY if early else NOT_JSON
    except RecursionError:
        return TOO_DEEP
    except ValueError:  # a number with too many digits
        return NOT_JSON


def _whole(text: str, value: Any) -> Any:
    """Return the value of a text without halves of characters."""
    if not _HALF.search(text):
        return value
    return json.loads(_HALVES.sub("\ufffd", json.dumps(value, ensure_ascii=False)))


def _salvaged(text: str, wrong: Message) -> Iterator[FoundRecord | Unreadable]:
    """Yield the records of a damaged list, one by one, passing over what cannot be read."""
    opening = re.match(r'\s*(?:\{\s*"Records"\s*:\s*)?\[', text)
    if not opening:
        yield Unreadable(None, wrong if wrong is TOO_DEEP else NO_LOG)
        return
    place, number, tries = opening.end() - 1, 0, 0
    broken = False
    while (begin := _NEXT.search(text, place)) and tries < _TRIES:
        tries += 1
        try:
            found, place = _DECODER.raw_decode(text, begin.end())
            record = _whole(text, found)
        except (ValueError, RecursionError):
            place = begin.end()
            if not broken:
                yield Unreadable(number, wrong)
                number, broken = number + 1, True
            continue
        if broken and not _is_record(record):
            continue
        tries, broken = 0, False
        yield from (FoundRecord(number, each) for each in _unwrapped_record(record))
        number += 1
    if not broken and not text[place:].strip().startswith("]"):
        yield Unreadable(None, ENDS_EARLY)


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
"""The columns of the table that AWS documents for Athena, and their names in a record."""
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
    """Yield the records of what Athena gives for a query of its table of CloudTrail logs."""
    rows = csv.reader(io.StringIO(text, newline=""))
    header = [name.strip().lower() for name in next(rows, [])]
    if not set(header) >= _CSV_NEEDED:
        yield Unreadable(None, NO_LOG)
        return
    names = [_CSV.get(name) for name in header]
    number = 0
    while True:
        try:
            row = next(rows, None)
        except csv.Error:
            yield Unreadable(None, ENDS_EARLY)
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
