"""Log files of CloudTrail: the data in their paths, and the files of this machine.

CloudTrail delivers to `[prefix/]AWSLogs/[o-xxx/]<account>/CloudTrail/<region>/yyyy/mm/dd/`. The day
is that of the delivery, which is after the event. The folder `CloudTrail-NetworkActivity` is next
to `CloudTrail`; `CloudTrail-Digest`, `CloudTrail-Insight` and `CloudTrail-Aggregated` contain no
calls. A folder of another name is read.

Source: AWS CloudTrail User Guide, "CloudTrail log file examples", "Finding your log files"; Amazon
CloudWatch Logs User Guide, "Exporting log data to Amazon S3".
"""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import field
from datetime import UTC, date, timedelta
from enum import StrEnum
from functools import partial
from glob import glob, has_magic
from pathlib import Path
from typing import Self

from sekisho.errors import Code, SekishoError, quoted
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.replay.reading.packing import BEGIN_OF_ZIP, GZIP, is_packed_content
from sekisho.replay.window import ALL_TIME, Window

_LAYOUT = re.compile(
    r"""(?:^|/)AWSLogs/(?:o-[a-z0-9]+/)?(?P<account>\d{12})
    /(?P<kind>CloudTrail[A-Za-z-]*)/(?P<region>[a-z0-9-]+)
    /(?P<year>\d{4})/(?P<month>\d\d)/(?P<day>\d\d)/""",
    re.VERBOSE,
)
LOG_ENDINGS = (".gz", ".json", ".jsonl", ".ndjson", ".csv", ".log")
_PACKED_ENDINGS = (
    *(".zip", ".zst", ".zstd", ".bz2", ".xz", ".7z", ".rar", ".lz4", ".lzo", ".br", ".z", ".sz"),
    *(".lzma", ".lz", ".snappy", ".tar", ".tgz", ".tbz2", ".txz"),
    *(".parquet", ".avro", ".orc"),
)
"""The endings of files that may contain logs, in formats that are not unpacked here."""
_SERVICES = re.compile(
    r"(?:^|/)AWSLogs/(?:o-[a-z0-9]+/)?(?P<account>\d{12})/"
    r"(?:Config|GuardDuty|WAFLogs|elasticloadbalancing|vpcdnsquerylogs|vpcflowlogs)/"
)
"""The folders of other services' logs beside CloudTrail's."""
_TEST_OF_EXPORT = "aws-logs-write-test"
"""The test object that CloudWatch Logs writes into a bucket before an export."""
MARK = b"\xef\xbb\xbf"
"""The mark with which some programs begin a text in UTF-8."""
STAMP = rb"\d{4}-\d\d-\d\dT[\d:.]+Z\s+"
"""A pattern of the time before each line of a CloudWatch Logs export."""
_BEGIN = re.compile(rb'(?:%b)?\s*(?:\[\s*\{|(?:%b)?\{\s*")' % (MARK, STAMP))
"""A pattern of the beginning of an uncompressed log."""
_SNIFFED = 512
LATE = timedelta(days=1)
"""The longest time from a file's newest event to its delivery; usually some 5 minutes.
"""


class SkippedKind(StrEnum):
    """The reasons for leaving a file out; only `NOT_OPENED` leaves out calls that count."""

    DIGEST = "digest"
    INSIGHT = "insight"
    OTHER_TRAIL_FILE = "other"
    """A file in another folder that CloudTrail has beside the logs."""
    OUTSIDE_WINDOW = "outside window"
    """Delivered before the requested time, or more than a day after it."""
    OTHER_SERVICE = "other service"
    """A log of another service, by its folder."""
    OTHER_ENDING = "other ending"
    """A file in a folder that is no log by its name or its beginning."""
    NOT_OPENED = "not opened"
    """An object in S3 that is no log by its name but may be one: it was not read."""


@dataclass(frozen=True, slots=True)
class TrailPath:
    """The data in the path of a log; None: the path does not have it."""

    account: str | None = None
    region: str | None = None
    day: date | None = None
    skipped: SkippedKind | None = None

    @classmethod
    def of(cls, path: str) -> "TrailPath":
        """Return the data in a path or the key of an object, with any kind of slashes."""
        path = path.replace("\\", "/")
        found = _LAYOUT.search(path)
        if not found:
            other = _SERVICES.search(path)
            return cls(other["account"], skipped=SkippedKind.OTHER_SERVICE) if other else cls()
        try:
            day = date(int(found["year"]), int(found["month"]), int(found["day"]))
        except ValueError:
            day = None
        return cls(found["account"], found["region"], day, _SKIPPED.get(found["kind"]))


_SKIPPED = {
    "CloudTrail-Digest": SkippedKind.DIGEST,
    "CloudTrail-Insight": SkippedKind.INSIGHT,
    "CloudTrail-Aggregated": SkippedKind.OTHER_TRAIL_FILE,
}


def holds_calls(folder: str) -> bool:
    """Return whether a folder of an account has CloudTrail's calls, by its name."""
    return folder.startswith("CloudTrail") and folder not in _SKIPPED


@dataclass(frozen=True, slots=True)
class LogFile:
    """One file or object that may have events.

    Attributes:
        name: its path, its `s3://` address, or what it is a member of and its name there.
        size: its bytes as it is stored.
        tag: changes if the content does: an ETag, or the time of change and the size.
        account, region, day: as its path says; None if it does not.
    """

    name: str
    size: int
    tag: str
    fetch: Callable[[], bytes] = field(repr=False, compare=False)
    account: str | None = None
    region: str | None = None
    day: date | None = None

    def read(self) -> bytes:
        """Return the stored bytes.

        Raises:
            OSError: if they cannot be read.
            SekishoError: if AWS refuses.
        """
        return self.fetch()

    @classmethod
    def packed(cls, name: str, size: int) -> Self:
        """Return a file that is not unpacked here; only its beginning is read."""
        return cls(name, size, "", lambda: BEGIN_OF_ZIP)

    @classmethod
    def local(cls, path: Path) -> "LogFile":
        """Return a file of this machine; if it cannot be read, the error comes when it is read."""
        try:
            state = path.stat()
        except OSError:
            return cls(str(path), 0, "", path.read_bytes)
        if is_packed(path.name):
            return cls.packed(str(path), state.st_size)
        trail = TrailPath.of(path.absolute().as_posix())
        return cls(
            name=str(path),
            size=state.st_size,
            tag=f"{state.st_mtime_ns}-{state.st_size}",
            fetch=path.read_bytes,
            account=trail.account,
            region=trail.region,
            day=trail.day,
        )


def is_packed(name: str) -> bool:
    """Return whether a file may contain logs in a compressed form that is not read."""
    return name.lower().endswith(_PACKED_ENDINGS)


def is_log(name: str) -> bool:
    """Return whether a file is read, by its name."""
    return name.lower().endswith(LOG_ENDINGS)


def is_empty_mark(name: str, size: int) -> bool:
    """Return whether an object is empty on purpose; an empty log is a damaged one."""
    empty = not size and not is_log(name) and not is_packed(name)
    return empty or name.rpartition("/")[2] == _TEST_OF_EXPORT


def may_hold(window: Window, day: date | None) -> bool:
    """Return whether a file delivered on a day may have an event that counts."""
    if day is None:
        return True
    if window.start is not None and day < window.start.astimezone(UTC).date():
        return False
    return window.end is None or day <= (window.end.astimezone(UTC) + LATE).date()


@dataclass(frozen=True, slots=True)
class FoundFiles:
    """The files to read, in order of their names, and the number of others by reason."""

    files: tuple[LogFile, ...]
    skipped: dict[SkippedKind, int]


def local_logs(paths: Iterable[str], window: Window = ALL_TIME) -> FoundFiles:
    """Return the log files of folders, files and patterns such as `logs/**/*.json.gz`.

    In a folder, files that are no logs by their name or their first bytes are passed over and
    counted; a file that is named itself is read whatever its name. A file that is found several
    times counts once. A file that cannot be listed, is missing or has an unsupported compression is
    in the result: reading it fails.

    Raises:
        SekishoError: for a path or a pattern at which there is nothing, or no file.
    """
    found: dict[object, tuple[Path, bool]] = {}
    for path in paths:
        for file, is_log in _files_at(path):
            same = _identity(file)
            found[same] = min(found.get(same, (file, False)), (file, is_log), key=_named_first)
    skipped: Counter[SkippedKind] = Counter()
    files = []
    for file, is_log in sorted(found.values()):
        if kind := skipped_for(str(file.absolute()), window):
            skipped[kind] += 1
        elif not is_log:
            skipped[SkippedKind.OTHER_ENDING] += 1
        else:
            files.append(LogFile.local(file))
    return FoundFiles(tuple(files), dict(skipped))


def _named_first(found: tuple[Path, bool]) -> tuple[bool, Path]:
    file, is_log = found
    return not is_log, file


def _identity(file: Path) -> object:
    """Return the identity of a file, equal for all its paths."""
    try:
        state = file.stat()
    except OSError:
        return str(file)
    # some file systems have no numbers
    return (state.st_dev, state.st_ino) if state.st_ino else str(file.resolve())


def skipped_for(path: str, window: Window) -> SkippedKind | None:
    """Return the reason for leaving a file out by its path alone; None if it is to be read."""
    trail = TrailPath.of(path)
    if trail.skipped is None and not may_hold(window, trail.day):
        return SkippedKind.OUTSIDE_WINDOW
    return trail.skipped


def _files_at(given: str) -> Iterator[tuple[Path, bool]]:
    """Yield the files at a path or a pattern, and whether each is to be read as a log."""
    path = Path(given)
    if path.exists():
        yield from _at(path)
    else:
        matches = sorted(glob(given, recursive=True)) if has_magic(given) else []
        if not matches:
            raise SekishoError(
                Message("{path} does not exist").filled(path=quoted(given)),
                fix=Message("check the name and the folder"),
                code=Code.FILE_UNREADABLE,
            )
        for match in matches:
            yield from _at(Path(match))


def _at(path: Path) -> Iterator[tuple[Path, bool]]:
    if path.is_dir():
        yield from _files_in(path)
    elif path.is_file() or not path.exists():
        yield path, True
    else:
        # a pipe cannot be read twice, and a socket or a device not at all
        raise SekishoError(
            Message("{path} is neither a file nor a folder").filled(path=quoted(str(path))),
            code=Code.FILE_UNREADABLE,
        )


def _files_in(folder: Path) -> Iterator[tuple[Path, bool]]:
    """Yield the files in a folder and below, once each; links to folders are followed."""
    unlisted: list[OSError] = []
    seen: set[object] = set()
    for place, below, names in os.walk(folder, onerror=unlisted.append, followlinks=True):
        if (same := _identity(Path(place))) in seen:
            below.clear()
            continue
        seen.add(same)
        for name in names:
            path = Path(place, name)
            other = path.exists() and not path.is_file()
            # hidden files of systems and tools have any ending: their content counts
            named = not name.startswith(".") and (is_log(name) or is_packed(name))
            yield path, not other and (named or _begins(path))
    for error in unlisted:
        yield Path(error.filename), True


def _begins(path: Path) -> bool:
    """Return whether a file begins as a log, or as a format that may contain one."""
    try:
        with path.open("rb") as file:
            begin = file.read(_SNIFFED)
    except OSError:
        # reading it fails as well, and reports the reason
        return True
    return begin.startswith(GZIP) or is_packed_content(begin) or bool(_BEGIN.match(begin))


@dataclass(frozen=True, slots=True)
class DigestFile:
    """A digest file.

    Attributes:
        name: its path or its `s3://` address.
        fetch: returns its bytes as they are stored, and its signature (hexadecimal) if known.
    """

    name: str
    fetch: Callable[[], tuple[bytes, str | None]]


def local_digests(folders: Iterable[str], window: Window = ALL_TIME) -> list[DigestFile]:
    """Return the digest files below folders, of the days that a window asks for."""
    found = {
        str(path): path
        for folder in folders
        for path in Path(folder).rglob("*_CloudTrail-Digest_*")
    }
    return [
        DigestFile(name, partial(_stored, path))
        for name, path in sorted(found.items())
        if is_digest(path.absolute().as_posix(), window)
    ]


def is_digest(path: str, window: Window) -> bool:
    """Return whether a path is that of a digest which may name logs of a window."""
    trail = TrailPath.of(path)
    return trail.skipped is SkippedKind.DIGEST and may_hold(window, trail.day)


def _stored(path: Path) -> tuple[bytes, str | None]:
    return path.read_bytes(), None
