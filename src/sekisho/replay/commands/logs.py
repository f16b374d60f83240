"""Where `sekisho impact` gets the calls: logs, event history, a cache, Spark, a query's result."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sekisho.account import Usage
from sekisho.cli.aws import AwsOptions, connection, refuse_beside
from sekisho.cli.options import grouped
from sekisho.cli.progress import history_progress, reading_progress
from sekisho.cli.quiet import print_note
from sekisho.errors import Code, InternalError, SekishoError, UsageError, quoted, reason_of
from sekisho.messages import Language, Message
from sekisho.replay import Column, Window
from sekisho.replay.far import SqlDialect, TrailTable

if TYPE_CHECKING:
    from sekisho.account.aws import Boto3Api
    from sekisho.replay.reading import (
        DigestCheck,
        FoundFiles,
        LogFile,
        PublicKeys,
        ReadingSettings,
        SkippedKind,
        TrailGroups,
    )

_S3 = "s3://"
_NO_LOGS = Message("give logs, or `--lookup`, or `--result`, or `--sql`")
_NEEDS = Message("`{option}` is for `{other}`")
_ONLY_S3 = Message("`{option}` is for logs in S3 (`s3://…`)")
_ONLY_WIRE = Message("`{option}` is for logs in S3 (`s3://…`) and for `--lookup`")
_TWICE = Message(
    "An event can be in the logs and in the event history: it counts twice without `--dedup`."
)
_NO_REGION = Message("there is no region to look events up in")
_GIVE_REGION = Message("give it with `--trail-region`")
_SPARK_FILES = Message("Spark reads files that every machine has at the same path, and not S3")
_NO_KEY = Message("{path} is no public key: {reason}")
_NO_KEY_FORM = Message("it is neither RSA in PEM or DER nor an answer of `list-public-keys`")
_PROVEN = Message(
    "Digests: {digests} with a good signature, {unsigned} without one. Logs: {logs} as CloudTrail "
    "delivered them, {unproven} that no good digest speaks of."
)
_NO_DIGESTS = Message("there are no digest files beside these logs")


class ReplayEngine(StrEnum):
    """What groups the calls."""

    EMBEDDED = "embedded"
    SPARK = "spark"


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """Where the calls come from; None or empty: not asked for.

    Attributes:
        lookup: whether CloudTrail's event history is read.
        accounts, regions: of the logs in S3; the regions of the event history as well.
        cache: the folder of the cache.
        verify: whether logs are held against CloudTrail's digests.
        keys: the file with the public key, in place of asking CloudTrail.
        result: the file of a query's result.
        sql: whose SQL to print.
        table, partition: of that query.
        engine: what groups.
        master: which Spark.
        print_policy: whether to print what IAM must allow, and no more.
    """

    lookup: bool = False
    accounts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    cache: str | None = None
    verify: bool = False
    keys: str | None = None
    result: str | None = None
    sql: SqlDialect | None = None
    table: str | None = None
    partition: str | None = None
    engine: ReplayEngine = ReplayEngine.EMBEDDED
    master: str | None = None
    print_policy: bool = False

    def check(self, logs: tuple[str, ...]) -> None:
        """Raise UsageError if options do not go together, or there is nothing to read."""
        ways = {"result": self.result, "sql": self.sql, "LOGS": logs}
        given = [name for name, value in ways.items() if value]
        if not given and not self.lookup:
            raise UsageError(_NO_LOGS)
        if self.lookup:
            self._check_lookup()
        elif given[0] != "LOGS":
            idle = {"cache": self.cache, "account": self.accounts}
            refuse_beside(f"--{given[0]}", {**idle, "verify-digests": self.verify})
            refuse_beside(f"--{given[0]}", {name: ways[name] for name in given[1:]})
        self._check_needs(logs)

    def _check_lookup(self) -> None:
        beside = {"result": self.result, "sql": self.sql, "cache": self.cache}
        spark = self.engine is ReplayEngine.SPARK
        refuse_beside("--lookup", {**beside, "verify-digests": self.verify, "engine spark": spark})

    def _check_needs(self, logs: tuple[str, ...]) -> None:
        needs = (
            ("--digest-key", self.keys, "--verify-digests", self.verify),
            ("--table", self.table, "--sql", self.sql),
            ("--partition", self.partition, "--sql", self.sql),
            ("--spark-master", self.master, "--engine spark", self.engine is ReplayEngine.SPARK),
        )
        for option, value, other, there in needs:
            if value is not None and not there:
                raise UsageError(_NEEDS.filled(option=option, other=other))
        in_s3 = any(each.startswith(_S3) for each in logs)
        self._check_wire(in_s3=in_s3)
        if self.engine is ReplayEngine.SPARK:
            refuse_beside("--engine spark", {"cache": self.cache, "verify-digests": self.verify})
            if in_s3:
                raise UsageError(_SPARK_FILES)
        if self.verify:
            # what is in the cache is not hashed again
            refuse_beside("--verify-digests", {"cache": self.cache})

    def _check_wire(self, *, in_s3: bool) -> None:
        if self.accounts and not in_s3:
            raise UsageError(_ONLY_S3.filled(option="--account"))
        wire = {"--trail-region": self.regions, "--print-policy": self.print_policy}
        for option, asked in wire.items():
            if asked and not in_s3 and not self.lookup:
                raise UsageError(_ONLY_WIRE.filled(option=option))

    @property
    def trail_table(self) -> TrailTable:
        """The table of the query."""
        default = TrailTable()
        partition = default.partition if self.partition is None else self.partition
        return TrailTable(self.table or default.name, "" if partition == "none" else partition)


source_options = grouped(
    "source",
    SourceOptions,
    click.option(
        "--lookup",
        is_flag=True,
        help="Read CloudTrail's event history: management events of 90 days, in one region.",
    ),
    click.option(
        "--account",
        "accounts",
        multiple=True,
        metavar="ID",
        help="Of logs in S3: only this account's.",
    ),
    click.option(
        "--trail-region",
        "regions",
        multiple=True,
        metavar="NAME",
        help="Of logs in S3: only this region's. With --lookup: in this region.",
    ),
    click.option(
        "--cache",
        metavar="DIR",
        help="Keep the groups there: the same logs are not read again.",
    ),
    click.option(
        "--verify-digests",
        "verify",
        is_flag=True,
        help="See that logs are as CloudTrail delivered them, by its digest files.",
    ),
    click.option(
        "--digest-key",
        "keys",
        metavar="FILE",
        help="CloudTrail's public key, or the answer of list-public-keys; else AWS is asked.",
    ),
    click.option("--result", metavar="FILE", help="Read the result of the query of --sql."),
    click.option(
        "--sql",
        type=click.Choice([each.value for each in SqlDialect]),
        callback=lambda ctx, param, value: value and SqlDialect(value),
        help="Print the query to run where the logs are, and do no more.",
    ),
    click.option("--table", metavar="NAME", help="The table of that query; cloudtrail_logs."),
    click.option(
        "--partition",
        metavar="COLUMN",
        help="Its column of days like 2026/11/28; timestamp if not given, or none.",
    ),
    click.option(
        "--engine",
        type=click.Choice([each.value for each in ReplayEngine]),
        default=ReplayEngine.EMBEDDED.value,
        show_default=True,
        callback=lambda ctx, param, value: ReplayEngine(value),
        help="What reads the logs: this machine, or a Spark.",
    ),
    click.option(
        "--spark-master", "master", metavar="URL", help="Which Spark, like local[4] or sc://host."
    ),
    click.option(
        "--print-policy",
        is_flag=True,
        help="Print what IAM must allow to read logs in S3, or the event history.",
    ),
)


@dataclass(frozen=True, slots=True)
class TrailQuestion:
    """What is read of the logs, and how."""

    columns: frozenset[Column]
    window: Window
    settings: "ReadingSettings"


@dataclass(frozen=True, slots=True)
class TrailRead:
    """The groups, and the files that were not even opened."""

    groups: "TrailGroups"
    skipped: "Mapping[SkippedKind, int]"


class TrailSource:
    """The calls that options ask for."""

    def __init__(self, options: SourceOptions, aws: AwsOptions, lang: Language) -> None:
        self._options, self._aws, self._lang = options, aws, lang
        self._api: Boto3Api | None = None

    def read(self, logs: tuple[str, ...], question: TrailQuestion) -> TrailRead:
        """Return the calls.

        Raises:
            SekishoError: for what cannot be read at all.
        """
        from sekisho.replay.far import read_result  # noqa: PLC0415 - needs the extra

        if self._options.result is not None:
            groups = read_result(Path(self._options.result), question.columns)
            return TrailRead(groups, {})
        found = self._found(logs, question.window)
        if self._options.lookup:
            return self._with_history(found, question)
        check = self._check(logs, question.window) if self._options.verify else None
        files = check.checked(found.files) if check else found.files
        groups = self._grouped(files, question)
        return TrailRead(self._proven(groups, check) if check else groups, found.skipped)

    def _with_history(self, found: "FoundFiles", question: TrailQuestion) -> TrailRead:
        """Return the calls of logs and of the event history together."""
        from sekisho.replay.reading import event_history  # noqa: PLC0415 - needs the extra

        api = self._aws_api()
        regions = tuple(dict.fromkeys(self._options.regions)) or (api.region,)
        names = [each for each in regions if each]
        if not names:
            raise SekishoError(_NO_REGION, code=Code.USAGE, fix=_GIVE_REGION)
        if found.files and not question.settings.dedup:
            print_note(_TWICE.into(self._lang))
        with history_progress(self._lang) as progress:
            history = event_history(api, names, question.window, progress)
        groups = self._grouped((*found.files, *history.files), question)
        faults = (*groups.reading.faults, *history.faults)
        reading = replace(groups.reading, faults=faults, notes=history.notes)
        return TrailRead(replace(groups, reading=reading), found.skipped)

    def _found(self, logs: Iterable[str], window: Window) -> "FoundFiles":
        from sekisho.replay.reading import (  # noqa: PLC0415 - needs the extra
            FoundFiles,
            TrailScope,
            local_logs,
            s3_logs,
        )

        scope = TrailScope(self._options.accounts, self._options.regions)
        here = [each for each in logs if not each.startswith(_S3)]
        parts = [local_logs(here, window)] if here else []
        parts += [
            s3_logs(self._aws_api(), each, window, scope) for each in logs if each.startswith(_S3)
        ]
        files = {file.name: file for part in parts for file in part.files}
        skipped: dict[SkippedKind, int] = {}
        for part in parts:
            for kind, count in part.skipped.items():
                skipped[kind] = skipped.get(kind, 0) + count
        return FoundFiles(tuple(files.values()), skipped)

    def _aws_api(self) -> "Boto3Api":
        from sekisho.account.aws import Boto3Api  # noqa: PLC0415 - files need no boto3

        if self._api is None:
            api = connection(self._aws, self._lang).api
            if not isinstance(api, Boto3Api):
                raise InternalError("S3 is read over boto3")
            self._api = api
        return self._api

    def _grouped(self, files: "Iterable[LogFile]", question: TrailQuestion) -> "TrailGroups":
        from sekisho.replay.far import SparkSettings, read_on_spark  # noqa: PLC0415 - as above
        from sekisho.replay.reading import GroupCache, read_groups  # noqa: PLC0415 - as above

        columns, window, settings = question.columns, question.window, question.settings
        read = tuple(files)
        if self._options.engine is ReplayEngine.SPARK:
            return read_on_spark(
                read, columns, window, settings, SparkSettings(self._options.master)
            )
        with reading_progress(self._lang) as progress:
            if self._options.cache is None:
                return read_groups(read, columns, window, settings, progress)
            cache = GroupCache(Path(self._options.cache), settings)
            groups = cache.read(read, columns, window, progress)
        print_note(*(note.into(self._lang) for note in cache.notes))
        return groups

    def _check(self, logs: Iterable[str], window: Window) -> "DigestCheck":
        from sekisho.replay.reading import (  # noqa: PLC0415 - needs the extra
            DigestCheck,
            TrailScope,
            local_digests,
            public_keys_of,
            s3_digests,
        )

        scope = TrailScope(self._options.accounts, self._options.regions)
        digests = local_digests([each for each in logs if not each.startswith(_S3)], window)
        for each in logs:
            if each.startswith(_S3):
                digests += s3_digests(self._aws_api(), each, window, scope)
        if not digests:
            raise SekishoError(_NO_DIGESTS, code=Code.FILE_UNREADABLE)
        if self._options.keys is not None:
            return DigestCheck(digests, _keys_of(self._options.keys), window)
        keys = public_keys_of(self._aws_api(), digests, datetime.now(UTC))
        return DigestCheck(digests, keys, window)

    def _proven(self, groups: "TrailGroups", check: "DigestCheck") -> "TrailGroups":
        """Return the groups with what the digests say against the logs, and say what they prove."""
        report = check.report()
        said = _PROVEN.filled(
            digests=report.digests,
            unsigned=report.unsigned,
            logs=report.logs,
            unproven=report.unproven,
        )
        print_note(said.into(self._lang))
        faults = (*groups.reading.faults, *report.faults)
        return replace(groups, reading=replace(groups.reading, faults=faults))


def _keys_of(path: str) -> "PublicKeys":
    from sekisho.replay.reading import PublicKeys  # noqa: PLC0415 - needs the extra

    try:
        return PublicKeys.of_file(Path(path).read_bytes())
    except OSError as error:
        reason = reason_of(error)
    except ValueError:
        reason = _NO_KEY_FORM
    raise SekishoError(
        _NO_KEY.filled(path=quoted(path), reason=reason), code=Code.FILE_UNREADABLE
    ) from None


def usage_in_logs(paths: Sequence[str], lang: Language) -> Usage:
    """Return what logs on this computer say of users.

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
    return usage_of(trail_logs(groups, found.skipped))
