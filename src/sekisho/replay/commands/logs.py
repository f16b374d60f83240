"""`sekisho logs`: use of keys by logs, whether logs are genuine, and what reading them needs."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sekisho.account import Usage, dump_usage, save_usage
from sekisho.cli.aws import AwsOptions, aws_options
from sekisho.cli.exits import Exit, worst
from sekisho.cli.help import SpokenCommand
from sekisho.cli.next_action import AccountToAudit, RunContext, next_action
from sekisho.cli.options import OutputFormat, format_option, lang_option
from sekisho.cli.output import WRITTEN, force_option
from sekisho.cli.progress import reading_progress
from sekisho.cli.quiet import print_note, quiet, quiet_option, show_next
from sekisho.cli.terminal import notice, show_folded
from sekisho.documents import check_writable, indented_json
from sekisho.errors import Code, SekishoError, UsageError, quoted, reason_of
from sekisho.messages import Language, Message
from sekisho.replay import Window, columns_of
from sekisho.replay.commands.question import QuestionOptions, binding_of, question_options
from sekisho.replay.commands.sources import (
    REGIONS_OF_CALLS,
    LogFinder,
    ScopeOptions,
    SourceOptions,
    TimeOptions,
    TrailSource,
    lookup_option,
    note_faults,
    scope_options,
    source_options,
    time_options,
)
from sekisho.replay.far import SqlDialect, TrailTable, grouping_sql

if TYPE_CHECKING:
    from sekisho.replay.reading import DigestFile, DigestReport, LogFault, PublicKeys

_FORCE = Message("`--force` is for `--out`")
_NO_ADDRESS = Message("give addresses of logs in S3 (`s3://…`), or `--lookup`")
_NO_KEY = Message("{path} is not a public key: {reason}")
_NO_KEY_FORM = Message("it is neither RSA in PEM or DER nor an answer of `list-public-keys`")
_NO_DIGESTS = Message("there are no digest files with these logs")
_WRONG = Message("Logs or digests are not as CloudTrail delivered them: {count}.")
_UNREAD = Message("Logs or digests could not be read: {count}.")
_NOTHING_PROVEN = Message("No log could be verified: no digest with a valid signature lists one.")
_AS_DELIVERED = Message("All logs that the digests list are as CloudTrail delivered them.")
_PROVEN = Message(
    "Digests: {digests} with a valid signature, {unsigned} without. Logs: {logs} as CloudTrail "
    "delivered them, {unproven} that no valid digest lists."
)


@click.command("usage", cls=SpokenCommand)
@click.argument("logs", nargs=-1, metavar="LOGS...")
@time_options
@scope_options(REGIONS_OF_CALLS)
@source_options
@aws_options
@click.option("--out", metavar="FILE", help="Save to a file that only you may read.")
@force_option
@quiet_option
@lang_option
def usage(
    logs: tuple[str, ...],
    times: TimeOptions,
    scope: ScopeOptions,
    source: SourceOptions,
    aws: AwsOptions,
    lang: Language,
    *,
    out: str | None,
    force: bool,
) -> Exit:
    """Save which user uses which key for what, for --logs of other commands.

    LOGS are files, folders or s3:// addresses of CloudTrail logs. The usage file goes to stdout, or
    to the file of --out. Exit 4 if something could not be read, or there is no event.
    """
    if force and not out:
        raise UsageError(_FORCE)
    source.check(logs, scope)
    if out:
        check_writable(out, replace=force)
    window = times.window(datetime.now(UTC))
    found = _usage_of(TrailSource(source, scope, window, aws, lang), logs)
    if out:
        save_usage(found, out, replace=force)
    else:
        click.echo(dump_usage(found), nl=False)
    notice(found.logs.text.into(lang))
    if out:
        print_note(WRITTEN.filled(path=out).into(lang))
        show_next(next_action(AccountToAudit(RunContext(aws.typed), out)), lang, err=True)
    return Exit.UNKNOWN if found.faults or not found.events else Exit.CLEAN


def _usage_of(source: TrailSource, logs: tuple[str, ...]) -> Usage:
    from sekisho.replay.report import trail_logs, usage_of  # noqa: PLC0415 - takes time to load

    trail = source.read(logs)
    note_faults(trail.groups.reading.faults, source.lang)
    return usage_of(trail_logs(trail.groups, trail.skipped), source.window)


@click.command("query", cls=SpokenCommand)
@click.argument(
    "dialect",
    type=click.Choice([each.value for each in SqlDialect]),
    callback=lambda ctx, param, value: SqlDialect(value),
)
@question_options
@time_options
@click.option("--table", metavar="NAME", help="The table of the logs; cloudtrail_logs.")
@click.option(
    "--partition",
    metavar="COLUMN",
    help="The table's column of days like 2026/11/28; timestamp if not given, or none.",
)
@quiet_option
@lang_option
def query(
    dialect: SqlDialect,
    question: QuestionOptions,
    times: TimeOptions,
    lang: Language,
    *,
    table: str | None,
    partition: str | None,
) -> Exit:
    """Print the query that counts calls in Athena, Trino or Spark SQL.

    Run it where the logs are, and give its result to --result of `impact`, with the same policies.
    Without policies it is the query for `logs usage`.
    """
    window = times.window(datetime.now(UTC))
    columns = frozenset() if question.is_empty else columns_of(binding_of(question, window).binding)
    default = TrailTable()
    day = default.partition if partition is None else partition
    place = TrailTable(table or default.name, "" if day == "none" else day)
    click.echo(grouping_sql(dialect, columns, window, place), nl=False)
    return Exit.CLEAN


@click.command("permissions", cls=SpokenCommand)
@click.argument("logs", nargs=-1, metavar="ADDRESS...")
@lookup_option
@quiet_option
@lang_option
def permissions(logs: tuple[str, ...], lang: Language, *, lookup: bool) -> Exit:
    """Print the least policy with which logs can be read.

    ADDRESS is s3://BUCKET or s3://BUCKET/PREFIX. No AWS is called. A bucket that is encrypted with
    a key of KMS asks for kms:Decrypt on that key, too.
    """
    from sekisho.replay.reading import (  # noqa: PLC0415 - needs the extra
        history_policy,
        reading_policy,
    )

    if not logs and not lookup:
        raise UsageError(_NO_ADDRESS)
    policies = [history_policy()] if lookup else []
    for policy in (*policies, *map(reading_policy, logs)):
        click.echo(json.dumps(policy, indent=2))
    return Exit.CLEAN


@click.command("verify", cls=SpokenCommand)
@click.argument("logs", nargs=-1, metavar="LOGS...", required=True)
@time_options
@scope_options("With logs in S3: only this region's.")
@click.option(
    "--digest-key",
    "keys",
    metavar="FILE",
    help="CloudTrail's public key, or the output of list-public-keys; by default sekisho asks AWS.",
)
@aws_options
@format_option
@quiet_option
@lang_option
def verify(
    logs: tuple[str, ...],
    times: TimeOptions,
    scope: ScopeOptions,
    aws: AwsOptions,
    output: OutputFormat,
    lang: Language,
    *,
    keys: str | None,
) -> Exit:
    """Check by CloudTrail's digest files that logs are as they were delivered.

    LOGS are folders or s3:// addresses with the logs and their digests. Exit 3 if something was
    changed, moved or removed, 4 if something could not be read or no log is proven.
    """
    scope.check(logs)
    window = times.window(datetime.now(UTC))
    report = _verified(LogFinder(window, scope, aws, lang), logs, window, keys, lang)
    if output is OutputFormat.JSON:
        click.echo(indented_json(_to_json(report)), nl=False)
    else:
        show_folded(_lines(report, lang))
    codes = [Exit.FINDINGS] if report.faults else []
    if report.unread or not report.logs:
        codes.append(Exit.UNKNOWN)
    return worst(codes)


def _verified(
    finder: LogFinder, logs: tuple[str, ...], window: Window, keys: str | None, lang: Language
) -> "DigestReport":
    from sekisho.replay.reading import DigestCheck  # noqa: PLC0415 - needs the extra

    files = finder.logs(logs).files
    digests = finder.digests(logs)
    if not digests:
        raise SekishoError(_NO_DIGESTS, code=Code.FILE_UNREADABLE)
    check = DigestCheck(digests, _keys(finder, digests, keys), window)
    with reading_progress(lang) as progress:
        return check.report(files, progress)


def _keys(finder: LogFinder, digests: "list[DigestFile]", path: str | None) -> "PublicKeys":
    """Return the keys of a file, or those that CloudTrail has for the digests."""
    from sekisho.replay.reading import PublicKeys, public_keys_of  # noqa: PLC0415 - needs the extra

    if path is None:
        return public_keys_of(finder.aws_api(), digests, datetime.now(UTC))
    try:
        return PublicKeys.of_file(Path(path).read_bytes())
    except OSError as error:
        reason = reason_of(error)
    except ValueError:
        reason = _NO_KEY_FORM
    raise SekishoError(
        _NO_KEY.filled(path=quoted(path), reason=reason), code=Code.FILE_UNREADABLE
    ) from None


def _headline(report: "DigestReport") -> Message:
    if report.faults:
        return _WRONG.filled(count=len(report.faults))
    if report.unread:
        return _UNREAD.filled(count=len(report.unread))
    return _AS_DELIVERED if report.logs else _NOTHING_PROVEN


def _figures(report: "DigestReport") -> dict[str, int]:
    return {
        "digests": report.digests,
        "unsigned": report.unsigned,
        "logs": report.logs,
        "unproven": report.unproven,
    }


def _lines(report: "DigestReport", lang: Language) -> Iterator[str]:
    yield _headline(report).into(lang)
    if quiet():
        return
    yield _PROVEN.filled(**_figures(report)).into(lang)
    for each in (*report.faults, *report.unread):
        yield f"  {each.file}: {each.what.into(lang)}"


def _to_json(report: "DigestReport") -> dict[str, object]:
    return {
        "schema": "sekisho.logs-verify/1",
        "headline": _headline(report).to_json(),
        **_figures(report),
        "faults": [_fault(each) for each in report.faults],
        "unread": [_fault(each) for each in report.unread],
    }


def _fault(fault: "LogFault") -> dict[str, object]:
    return {"file": fault.file, "what": fault.what.to_json()}
