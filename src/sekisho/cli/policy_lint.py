"""`sekisho policy lint`: what is wrong with policies, and what they mean for each credential."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import click

import sekisho
from sekisho.audit import SEVERITIES, Finding, Severity
from sekisho.audit.lint import Attachment, Report, lint, to_json, to_sarif
from sekisho.audit.meaning import CREDENTIALS, OUTCOMES, TruthTable, notes
from sekisho.catalogue import partitions
from sekisho.cli.exits import Exit, worst
from sekisho.cli.help import SpokenCommand
from sekisho.cli.options import ReportFormat, grouped, lang_option, report_format_option
from sekisho.cli.policy_files import read_policy
from sekisho.cli.quiet import quiet, quiet_option
from sekisho.cli.tables import table_lines
from sekisho.cli.terminal import hanging, show, terminal_width
from sekisho.errors import FaultyInput
from sekisho.messages import Language, Message, printable

_STATEMENT = Message("statement {n}")
_WHOLE = Message("the whole document")
_FIX = Message("What to do: ")
_FACT = Message("Seen: ")
_GAP = Message("not examined")
_NONE = Message("nothing found")
_COUNT = Message("errors: {errors}, warnings: {warnings}, notes: {notes}")
_LENGTH = Message("{used} characters by AWS's counting, of {most} at most")
_TABLE = Message("What each credential may do under this policy")


@dataclass(frozen=True, slots=True)
class LintOptions:
    """How policies are examined.

    Attributes:
        attachment: what they are attached to.
        partition: where the account is; None: where most ARNs of each are.
    """

    attachment: Attachment
    partition: str | None


_lint_options = grouped(
    "options",
    LintOptions,
    click.option(
        "--as",
        "attachment",
        type=click.Choice([each.word for each in Attachment]),
        default=Attachment.USER.word,
        show_default=True,
        callback=lambda ctx, param, value: Attachment.of(value),
        help="What the policy is attached to; `inline` is a user's inline policy.",
    ),
    click.option(
        "--partition",
        type=click.Choice([each.id for each in partitions()]),
        help="Where the account is; by default, where most ARNs of the policy are.",
    ),
)


@click.command("lint", cls=SpokenCommand)
@click.argument("files", metavar="FILE|-...", nargs=-1, required=True)
@_lint_options
@report_format_option
@quiet_option
@lang_option
@click.option("--exit-zero", is_flag=True, help="Exit 0 also with findings or gaps.")
def command(
    files: tuple[str, ...],
    options: LintOptions,
    output: ReportFormat,
    lang: Language,
    *,
    exit_zero: bool,
) -> Exit:
    """Say what is wrong with policies, and what they mean for each credential.

    FILE holds a policy; `-` is standard input. Every file is looked at, also after one that cannot
    be read. Exit 3 with errors or warnings; notes alone exit 0; 4 if something could not be
    examined.
    """
    reports: list[Report] = []
    failed: list[FaultyInput] = []
    for file in dict.fromkeys(files):
        try:
            text = read_policy(file)
            report = lint(text, options.attachment, source=file, partition=options.partition)
            reports.append(report)
        except FaultyInput as error:
            failed.append(error)
    # programs that read JSON read English
    spoken = Language.EN if output is ReportFormat.JSON else lang
    messages = [
        f"{fault.code}: {error.subject.into(spoken)}: {fault.into(spoken)}"
        for error in failed
        for fault in error.faults
    ]
    match output:
        case ReportFormat.TEXT:
            _print(reports, lang)
        case ReportFormat.JSON:
            click.echo(json.dumps(to_json(reports, messages), indent=2, ensure_ascii=False))
        case ReportFormat.SARIF:
            log = to_sarif(reports, version=sekisho.__version__, lang=lang, failed=messages)
            click.echo(json.dumps(log, indent=2, ensure_ascii=False))
    for message in messages:
        click.echo(f"sekisho: {message}", err=True)
    # what cannot be read is an error also with `--exit-zero`
    codes = [Exit.ERROR] if failed else []
    return worst(codes if exit_zero else [*codes, *map(_exit_of, reports)])


def _exit_of(report: Report) -> Exit:
    if report.unknown:
        return Exit.UNKNOWN
    return Exit.FINDINGS if report.wrong else Exit.CLEAN


def _counts(report: Report) -> dict[str, int]:
    return {
        key: sum(each.severity is severity for each in report.findings)
        for key, severity in (
            ("errors", Severity.ERROR),
            ("warnings", Severity.WARNING),
            ("notes", Severity.NOTE),
        )
    }


def _print(reports: Sequence[Report], lang: Language) -> None:
    for report in reports:
        counts = _COUNT.filled(**_counts(report)).into(lang)
        if quiet():
            _say(f"{report.source}: {counts}")
            continue
        _say(report.source, "bold")
        for finding in report.findings:
            _print_finding(finding, lang)
        for gap in report.gaps:
            _say(f"  {_GAP.into(lang)}: {gap.into(lang)}")
        if not report.findings and not report.gaps:
            _say(f"  {_NONE.into(lang)}")
        _say(f"  {counts} ({report.dated})")
        quota = report.attachment.quota
        if quota is not None:
            length = _LENGTH.filled(used=report.size, most=quota.number)
            _say(f"  {length.into(lang)}")
        if report.table is not None:
            _print_table(report.table, lang)
        show()


def _print_finding(finding: Finding, lang: Language) -> None:
    place = finding.place
    where = [f"{place.position.line}:{place.position.column}"] if place.position.line else []
    if place.statement is None:
        where.append(_WHOLE.into(lang))
    else:
        where.append(_STATEMENT.filled(n=place.statement).into(lang))
    if place.sid:
        where.append(place.sid)
    severity = SEVERITIES[finding.severity].into(lang)
    title = finding.title.into(lang)
    _say(f"  {severity} [{finding.id}] {title} ({', '.join(where)})")
    _say(f"    {finding.cause.into(lang)}")
    _say(f"    {_FACT.into(lang)}{finding.fact.into(lang)}")
    _say(f"    {_FIX.into(lang)}{finding.fix.into(lang)}")


def _print_table(truth: TruthTable, lang: Language) -> None:
    """Print the table, its columns numbered: their titles would not fit a terminal."""
    _say(f"  {_TABLE.into(lang)}")
    for number, row in enumerate(truth.rows, 1):
        _say(f"  {number} {row.task.into(lang)}")
    columns = ["", *(str(number) for number, _ in enumerate(truth.rows, 1))]
    rows = []
    for state in truth.columns:
        cells = [row.cells[state] for row in truth.rows]
        marked = [
            OUTCOMES[cell.outcome].into(lang) + ("*" if cell.assumptions else "") for cell in cells
        ]
        rows.append([CREDENTIALS[state].into(lang), *marked])
    lines = table_lines(columns, rows, width=terminal_width(), gap=1)
    for line in lines.headings:
        show(line, "bold")
    for line in lines.rows:
        show(line)
    for note in notes(truth):
        _say(f"  {note.into(lang)}")


def _say(text: str, style: str = "") -> None:
    for line in hanging(text, terminal_width()):
        show(printable(line), style)
