"""The sources of calls: logs, event history, a cache, Spark, and the result of a query.

Options that several of `sekisho impact` and the commands of `sekisho logs` have are declared here,
once.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sekisho.account import Usage
from sekisho.cli.aws import AwsOptions, connection, refuse_beside
from sekisho.cli.options import Decorator, grouped
from sekisho.cli.progress import history_progress, reading_progress
from sekisho.cli.quiet import print_note
from sekisho.errors import Code, InternalError, SekishoError, UsageError, require_extra
from sekisho.lazy import dataclass
from sekisho.messages import Language, Message
from sekisho.replay import Column, Window

if TYPE_CHECKING:
    from sekisho.account.aws import Boto3Api
    from sekisho.replay.reading import (
        DigestFile,
        FoundFiles,
        LogFault,
        LogFile,
        ReadingSettings,
        SkippedKind,
        TrailGroups,
    )

_S3 = "s3://"
_MOST_FAULTS = 5
"""So many files that could not be read are named."""
_NO_LOGS = Message("give logs, or `--lookup`, or `--result`")
_ONLY_S3 = Message("`{option}` is for logs in S3 (`s3://…`)")
_TWICE = Message(
    "An event can be in the logs and in the event history: it counts twice without `--dedup`."
)
_NO_REGION = Message("there is no region to look events up in")
_GIVE_REGION = Message("give it with `--trail-region`")
_SPARK_FILES = Message("Spark reads files that every machine has at the same path, and not S3")
_BAD_TIME = Message(
    "`{option} {text}` is not a time: write a day like `2026-08-01`, a time with its zone like "
    "`2026-08-01T09:00:00Z`, or days before now like `90d`"
)
_BACKWARDS = Message("`--from` is not before `--to`")
_BAD_SIZE = Message("`--memory {text}` is not a size like `512MB` or `2GB`")
_DAYS_AGO = re.compile(r"(\d{1,5})d")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)i?B?", re.IGNORECASE)
_UNITS = {"": 1, "K": 1000, "M": 1000**2, "G": 1000**3, "T": 1000**4}


@dataclass(frozen=True, slots=True)
class TimeOptions:
    """The limits of time in the options `--from` and `--to`; None: no limit."""

    since: str | None
    until: str | None

    def window(self, now: datetime) -> Window:
        """Return the window of the events that count.

        Raises:
            UsageError: if a text is no time, or the one is not before the other.
        """
        start, end = _time("--from", self.since, now), _time("--to", self.until, now)
        if start is not None and end is not None and start >= end:
            raise UsageError(_BACKWARDS)
        return Window(start, end)


def _time(option: str, text: str | None, now: datetime) -> datetime | None:
    if text is None:
        return None
    wrong = UsageError(_BAD_TIME.filled(option=option, text=text))
    if ago := _DAYS_AGO.fullmatch(text):
        return now - timedelta(days=int(ago[1]))
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise wrong from None
    if at.tzinfo is not None:
        try:
            return at.astimezone(UTC)
        except OverflowError:
            raise wrong from None
    if "T" in text or " " in text:
        raise wrong
    return at.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ScopeOptions:
    """The limits of logs in S3 and of regions of the event history; empty: all."""

    accounts: tuple[str, ...]
    regions: tuple[str, ...]

    def check(self, logs: tuple[str, ...], *, history: bool = False) -> None:
        """Raise UsageError for an option without effect.

        Args:
            logs: the paths and addresses that are read.
            history: whether the event history is read, which has regions, too.
        """
        if any(each.startswith(_S3) for each in logs):
            return
        if self.accounts:
            raise UsageError(_ONLY_S3.filled(option="--account"))
        if self.regions and not history:
            raise UsageError(_ONLY_S3.filled(option="--trail-region"))


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """The source of the calls, and how they are counted; None: not given.

    Attributes:
        lookup: whether CloudTrail's event history is read.
        cache: the folder of the cache.
        result: the file of a query's result.
        spark: the master of the Spark that reads.
        dedup: whether an event that was delivered twice counts once.
        memory: bytes that the groups may take; 0: as DuckDB has it.
        threads: how many read; 0: as many as there are cores.
    """

    lookup: bool
    cache: str | None
    result: str | None
    spark: str | None
    dedup: bool
    memory: int
    threads: int

    def check(self, logs: tuple[str, ...], scope: ScopeOptions) -> None:
        """Raise UsageError if options do not go together, or there is nothing to read."""
        if not logs and not self.lookup and self.result is None:
            raise UsageError(_NO_LOGS)
        others = {"cache": self.cache, "spark": self.spark}
        if self.lookup:
            refuse_beside("--lookup", {"result": self.result, **others})
        if self.result is not None:
            refuse_beside("--result", {"LOGS": logs, "account": scope.accounts, **others})
        scope.check(logs, history=self.lookup)
        if self.spark is not None:
            refuse_beside("--spark", {"cache": self.cache})
            if any(each.startswith(_S3) for each in logs):
                raise UsageError(_SPARK_FILES)

    @property
    def settings(self) -> "ReadingSettings":
        """The settings for reading logs."""
        from sekisho.replay.reading import ReadingSettings  # noqa: PLC0415 - needs the extra

        return ReadingSettings(self.threads, self.memory, self.dedup)


def _size(ctx: click.Context, param: click.Parameter, text: str | None) -> int:
    if text is None:
        return 0
    size = _SIZE.fullmatch(text.strip())
    if size is None:
        raise UsageError(_BAD_SIZE.filled(text=text))
    return int(float(size[1]) * _UNITS[size[2].upper()])


time_options = grouped(
    "times",
    TimeOptions,
    click.option(
        "--from",
        "since",
        metavar="TIME",
        help="Events from here on: a day, a time with its zone, or 90d. In UTC.",
    ),
    click.option(
        "--to", "until", metavar="TIME", help="Events before this; a day is not in it. In UTC."
    ),
)


def scope_options(regions: str) -> Decorator:
    """Return the decorator that adds `--account` and `--trail-region`, with help `regions`."""
    return grouped(
        "scope",
        ScopeOptions,
        click.option(
            "--account",
            "accounts",
            multiple=True,
            metavar="ID",
            help="With logs in S3: only this account's.",
        ),
        click.option("--trail-region", "regions", multiple=True, metavar="NAME", help=regions),
    )


REGIONS_OF_CALLS = "With logs in S3: only this region's. With --lookup: in this region."
"""The help of `--trail-region` if the event history can be read as well."""

lookup_option = click.option(
    "--lookup",
    is_flag=True,
    help="Read CloudTrail's event history: management events of 90 days, in one region.",
)

source_options = grouped(
    "source",
    SourceOptions,
    lookup_option,
    click.option("--result", metavar="FILE", help="Read the result of the query of `logs query`."),
    click.option("--spark", metavar="MASTER", help="Read with Spark, like local[4] or sc://host."),
    click.option(
        "--cache",
        metavar="DIR",
        help="Cache the counts in this folder: the same logs are not read again.",
    ),
    click.option(
        "--dedup", is_flag=True, help="Count an event once, however often it was delivered."
    ),
    click.option(
        "--memory",
        metavar="SIZE",
        callback=_size,
        help="Memory for counting, like 1GB; what does not fit goes to disk.",
    ),
    click.option(
        "--threads",
        type=click.IntRange(min=0),
        default=0,
        help="Threads that read; as many as there are cores if not given.",
    ),
)


class LogFinder:
    """Finds logs and digests, on this computer and in S3."""

    def __init__(
        self, window: Window, scope: ScopeOptions, aws: AwsOptions, lang: Language
    ) -> None:
        self._window, self._scope, self._aws, self._lang = window, scope, aws, lang
        self._api: Boto3Api | None = None

    def logs(self, paths: Iterable[str]) -> "FoundFiles":
        """Return the logs at paths and addresses, without repetitions.

        Raises:
            SekishoError: for a place that cannot be read at all.
        """
        from sekisho.replay.reading import (  # noqa: PLC0415 - needs the extra
            FoundFiles,
            TrailScope,
            local_logs,
            s3_logs,
        )

        scope = TrailScope(self._scope.accounts, self._scope.regions)
        here, in_s3 = _places(paths)
        parts = [local_logs(here, self._window)] if here else []
        parts += [s3_logs(self.aws_api(), each, self._window, scope) for each in in_s3]
        files = {file.name: file for part in parts for file in part.files}
        skipped: dict[SkippedKind, int] = {}
        for part in parts:
            for kind, count in part.skipped.items():
                skipped[kind] = skipped.get(kind, 0) + count
        return FoundFiles(tuple(files.values()), skipped)

    def digests(self, paths: Iterable[str]) -> "list[DigestFile]":
        """Return the digest files at paths and addresses.

        Raises:
            SekishoError: for a place that cannot be read at all.
        """
        from sekisho.replay.reading import (  # noqa: PLC0415 - needs the extra
            TrailScope,
            local_digests,
            s3_digests,
        )

        scope = TrailScope(self._scope.accounts, self._scope.regions)
        here, in_s3 = _places(paths)
        digests = local_digests(here, self._window)
        for each in in_s3:
            digests += s3_digests(self.aws_api(), each, self._window, scope)
        return digests

    def aws_api(self) -> "Boto3Api":
        """Return the connection to AWS, made once."""
        from sekisho.account.aws import Boto3Api  # noqa: PLC0415 - files need no boto3

        if self._api is None:
            api = connection(self._aws, self._lang).api
            if not isinstance(api, Boto3Api):
                raise InternalError("S3 is read over boto3")
            self._api = api
        return self._api


def _places(paths: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the paths of this computer, and the addresses of S3."""
    here: list[str] = []
    in_s3: list[str] = []
    for each in paths:
        (in_s3 if each.startswith(_S3) else here).append(each)
    return here, in_s3


@dataclass(frozen=True, slots=True)
class TrailRead:
    """The groups, and the files that were not even opened."""

    groups: "TrailGroups"
    skipped: "Mapping[SkippedKind, int]"


@dataclass(frozen=True, slots=True)
class TrailSource:
    """The calls that options ask for.

    Attributes:
        window: the events that count.
        lang: of progress and notes.
    """

    options: SourceOptions
    scope: ScopeOptions
    window: Window
    aws: AwsOptions
    lang: Language

    def read(self, logs: tuple[str, ...], columns: frozenset[Column] = frozenset()) -> TrailRead:
        """Return the calls, in groups by columns.

        Raises:
            SekishoError: for what cannot be read at all.
        """
        if self.options.result is not None:
            return TrailRead(_groups_of_result(Path(self.options.result), columns), {})
        finder = LogFinder(self.window, self.scope, self.aws, self.lang)
        files = finder.logs(logs)
        if not self.options.lookup:
            return TrailRead(self._grouped(files.files, columns), files.skipped)
        return self._with_history(finder.aws_api(), files, columns)

    def _with_history(
        self, api: "Boto3Api", found: "FoundFiles", columns: frozenset[Column]
    ) -> TrailRead:
        """Return the calls of logs and of the event history together."""
        from sekisho.replay.reading import event_history  # noqa: PLC0415 - needs the extra

        regions = tuple(dict.fromkeys(self.scope.regions)) or (api.region,)
        names = [each for each in regions if each]
        if not names:
            raise SekishoError(_NO_REGION, code=Code.USAGE, fix=_GIVE_REGION)
        if found.files and not self.options.dedup:
            print_note(_TWICE.into(self.lang))
        with history_progress(self.lang) as progress:
            history = event_history(api, names, self.window, progress)
        groups = self._grouped((*found.files, *history.files), columns)
        faults = (*groups.reading.faults, *history.faults)
        reading = replace(groups.reading, faults=faults, notes=history.notes)
        return TrailRead(replace(groups, reading=reading), found.skipped)

    def _grouped(self, files: "Sequence[LogFile]", columns: frozenset[Column]) -> "TrailGroups":
        settings = self.options.settings
        if self.options.spark is not None:
            from sekisho.replay.far import SparkSettings, read_on_spark  # noqa: PLC0415 - as below

            spark = SparkSettings(self.options.spark)
            return read_on_spark(files, columns, self.window, settings, spark)
        with reading_progress(self.lang) as progress:
            if self.options.cache is None:
                from sekisho.replay.reading import read_groups  # noqa: PLC0415 - needs the extra

                return read_groups(files, columns, self.window, settings, progress)
            from sekisho.replay.reading import GroupCache  # noqa: PLC0415 - as above

            cache = GroupCache(Path(self.options.cache), settings)
            groups = cache.read(files, columns, self.window, progress)
        print_note(*(note.into(self.lang) for note in cache.notes))
        return groups


def _groups_of_result(path: Path, columns: frozenset[Column]) -> "TrailGroups":
    require_extra("replay", ("duckdb", "pyarrow"))
    from sekisho.replay.far import read_result  # noqa: PLC0415 - needs the extra

    return read_result(path, columns)


def note_faults(faults: "Sequence[LogFault]", lang: Language) -> None:
    """Say on stderr which files could not be read and why, the first of many."""
    for fault in faults[:_MOST_FAULTS]:
        place = f"{fault.place}: " if fault.place else ""
        print_note(f"{fault.file}: {place}{fault.what.into(lang)}")


def usage_in_logs(paths: Sequence[str], lang: Language) -> Usage:
    """Return the logged use of users, from logs on this computer.

    Args:
        paths: of files and folders.
        lang: of the progress.

    Raises:
        FaultyInput: if there is no such file.
        MissingExtra: if the packages that read logs are not there.
    """
    from sekisho.replay.reading import local_logs, read_groups  # noqa: PLC0415 - needs the extra
    from sekisho.replay.report import trail_logs, usage_of  # noqa: PLC0415 - takes time to load

    found = local_logs(paths)
    with reading_progress(lang) as progress:
        groups = read_groups(found.files, (), progress=progress)
    note_faults(groups.reading.faults, lang)
    return usage_of(trail_logs(groups, found.skipped))
