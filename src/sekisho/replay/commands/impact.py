"""`sekisho impact`: which calls of CloudTrail's logs some policies would have denied, and whose."""

import json
import re
import shlex
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import click

from sekisho.account import Usage, save_usage
from sekisho.cli.aws import AwsOptions, aws_options
from sekisho.cli.exits import Exit, worst
from sekisho.cli.group import typed_again
from sekisho.cli.help import SpokenCommand
from sekisho.cli.options import ASSUME, grouped, lang_option, texts_of_assumptions
from sekisho.cli.output import WRITTEN, OutputOptions, ReportForms, output_options
from sekisho.cli.quiet import print_note, quiet_option, verbose_option
from sekisho.engine import Assumptions
from sekisho.engine.exchange import ASSUMPTIONS, settings_from_text
from sekisho.errors import UsageError
from sekisho.messages import Language, Message
from sekisho.replay import JudgeSettings, Window, columns_of
from sekisho.replay.commands.logs import (
    SourceOptions,
    TrailQuestion,
    TrailSource,
    source_options,
)
from sekisho.replay.commands.question import (
    AskedBinding,
    QuestionOptions,
    Times,
    binding_of,
    question_options,
)
from sekisho.replay.far import SqlDialect, grouping_sql
from sekisho.replay.report import (
    ReplayReport,
    replay_document,
    replay_sheet,
    to_json,
    to_sarif,
    trail_logs,
    usage_of,
)
from sekisho.signin import SigninAssumptions

_BAD_TIME = Message(
    "`{option} {text}` is no time: write a day like `2026-08-01`, a time with its zone like "
    "`2026-08-01T09:00:00Z`, or days before now like `90d`"
)
_BACKWARDS = Message("`--from` is not before `--to`")
_BAD_SIZE = Message("`--memory {text}` is no size like `512MB` or `2GB`")
_DAYS_AGO = re.compile(r"(\d{1,5})d")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)i?B?", re.IGNORECASE)
_UNITS = {"": 1, "K": 1000, "M": 1000**2, "G": 1000**3, "T": 1000**4}


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """How logs are read.

    Attributes:
        since, until: as `--from` and `--to` were written; None: no limit.
        dedup: an event that was delivered twice counts once.
        memory: bytes that the groups may take; 0: as DuckDB has it.
        threads: 0: as many as there are cores.
    """

    since: str | None
    until: str | None
    dedup: bool
    memory: int
    threads: int


_SIGN_IN = (
    *("role_session_mfa", "assume_role_sees_mfa", "aws_login_mfa"),
    *("aws_internal_sees_mfa", "get_session_token_heeds_deny"),
)
"""The assumptions of sign-in that the log of a call leaves open."""


def _settings(ctx: click.Context, param: click.Parameter, texts: tuple[str, ...]) -> JudgeSettings:
    defaults = SigninAssumptions()
    known = {**ASSUMPTIONS, **{name: getattr(defaults, name) for name in _SIGN_IN}}
    found = settings_from_text(texts_of_assumptions(texts), known)
    of_signin = {name: found.pop(name) for name in _SIGN_IN if name in found}
    return JudgeSettings(Assumptions(**found), SigninAssumptions(**of_signin))


def _size(ctx: click.Context, param: click.Parameter, text: str | None) -> int:
    if text is None:
        return 0
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise UsageError(_BAD_SIZE.filled(text=text))
    return int(float(found[1]) * _UNITS[found[2].upper()])


_reading_options = grouped(
    "reading",
    ReadingOptions,
    click.option(
        "--from",
        "since",
        metavar="TIME",
        help="Events from here on: a day, a time with its zone, or 90d. In UTC.",
    ),
    click.option(
        "--to", "until", metavar="TIME", help="Events before this; a day is not in it. In UTC."
    ),
    click.option(
        "--dedup", is_flag=True, help="Count an event once, however often it was delivered."
    ),
    click.option(
        "--memory",
        metavar="SIZE",
        callback=_size,
        help="Memory for the groups, like 1GB; what does not fit goes on disk.",
    ),
    click.option(
        "--threads",
        type=click.IntRange(min=0),
        default=0,
        help="Threads that read; as many as there are cores if not given.",
    ),
)


@click.command("impact", cls=SpokenCommand)
@click.argument("logs", nargs=-1, metavar="LOGS...")
@question_options
@_reading_options
@source_options
@aws_options
@output_options
@click.option(
    "--usage-out",
    metavar="FILE",
    help="Also save who uses which key for what, for --logs of other commands.",
)
@verbose_option
@click.option("--assume", "settings", callback=_settings, **ASSUME)
@quiet_option
@lang_option
def command(
    logs: tuple[str, ...],
    asked: QuestionOptions,
    reading: ReadingOptions,
    source: SourceOptions,
    aws: AwsOptions,
    output: OutputOptions,
    settings: JudgeSettings,
    lang: Language,
    *,
    usage_out: str | None,
    verbose: bool,
) -> Exit:
    """Say which calls of the past some policies would have denied, and whose.

    LOGS are files, folders or s3:// addresses of CloudTrail logs. Exit 0 if nothing would have been
    denied, 3 if something would, 4 if something could not be told or read, also beside that.
    """
    output.check(usage_out)
    source.check(logs)
    if source.print_policy:
        return _print_policies(logs, source)
    times = times_of(reading, datetime.now(UTC))
    question = binding_of(asked, times)
    if source.sql is not None:
        return _print_query(question, source.sql, source)
    run = _Run(question, settings, reading, with_usage=usage_out is not None)
    report, usage = run.report(logs, TrailSource(source, aws, lang))
    if usage_out and usage is not None:
        save_usage(usage, usage_out, replace=output.force)
        print_note(WRITTEN.filled(path=usage_out).into(lang))
    read = logs or (source.result or "LookupEvents",)
    forms = ReportForms(
        replay_document(report),
        lambda: replay_sheet(report),
        record=lambda: to_json(report),
        sarif=lambda lang: to_sarif(report, read[0], lang),
    )
    output.hand_over(forms, lang, verbose=verbose, next_step=_next(report, asked) or None)
    return _exit(report)


def _print_policies(logs: tuple[str, ...], source: SourceOptions) -> Exit:
    from sekisho.replay.reading import (  # noqa: PLC0415 - needs the extra
        history_policy,
        reading_policy,
    )

    if source.lookup:
        click.echo(json.dumps(history_policy(), indent=2))
    for address in logs:
        if address.startswith("s3://"):
            click.echo(json.dumps(reading_policy(address), indent=2))
    return Exit.CLEAN


def _print_query(asked: AskedBinding, dialect: SqlDialect, source: SourceOptions) -> Exit:
    window = Window(asked.question.since, asked.question.until)
    columns = columns_of(asked.binding)
    click.echo(grouping_sql(dialect, columns, window, source.trail_table), nl=False)
    return Exit.CLEAN


def times_of(reading: ReadingOptions, now: datetime) -> Times:
    """Return between which times events count.

    Raises:
        UsageError: if a text is no time, or the one is not before the other.
    """
    since, until = _time("--from", reading.since, now), _time("--to", reading.until, now)
    if since is not None and until is not None and since >= until:
        raise UsageError(_BACKWARDS)
    return Times(since, until)


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
class _Run:
    """What is asked of a log, and how it is read.

    Attributes:
        with_usage: whether it is also asked what the logs say of users, whatever the policies.
    """

    asked: AskedBinding
    settings: JudgeSettings
    reading: ReadingOptions
    with_usage: bool

    def report(
        self, logs: tuple[str, ...], source: TrailSource
    ) -> tuple[ReplayReport, Usage | None]:
        """Return the report of logs, and what they say of users if that is asked."""
        # what reads needs the packages of the extra: without them there is help all the same
        from sekisho.replay.reading import ReadingSettings  # noqa: PLC0415 - see above

        question = self.asked.question
        columns = columns_of(self.asked.binding)
        window = Window(question.since, question.until)
        how = ReadingSettings(self.reading.threads, self.reading.memory, self.reading.dedup)
        found = source.read(logs, TrailQuestion(columns, window, how))
        groups = found.groups
        report = self.asked.report(groups, found.skipped, self.settings)
        if not self.with_usage:
            return report, None
        return report, usage_of(trail_logs(groups, found.skipped), window)


def _exit(report: ReplayReport) -> Exit:
    codes = [Exit.FINDINGS] if report.affects else []
    # a log without a call that was asked about tells nothing, and is no pass
    if report.incomplete or not report.asked:
        codes.append(Exit.UNKNOWN)
    return worst(codes)


def _next(report: ReplayReport, asked: QuestionOptions) -> str:
    """Return what to type next: look closer at what would be denied, or go on with the plan."""
    if not report.asked:
        return ""
    if report.affects:
        return typed_again("--format html", "--out impact.html")
    if asked.plan is not None and not report.incomplete:
        return f"sekisho apply {shlex.quote(asked.plan)}"
    if asked.goal is not None:
        return f"sekisho plan {shlex.quote(asked.goal)} --out plan.json"
    return "sekisho plan --all-users --out plan.json"
