"""`sekisho policy lint`: what is wrong with policies, and what they mean for each credential."""

from collections import Counter
from collections.abc import Sequence

import click

import sekisho
from sekisho.audit import SEVERITIES, Family, Finding, Severity
from sekisho.audit.lint import Attachment, LintReport, lint, to_json, to_sarif
from sekisho.audit.meaning import CREDENTIALS, TruthTable, cell_text, notes
from sekisho.catalogue import partitions
from sekisho.cli.exits import Exit, worst
from sekisho.cli.help import SpokenCommand
from sekisho.cli.next_action import PolicyLinted, next_action
from sekisho.cli.options import (
    PrintOptions,
    ReportFormat,
    grouped,
    lang_option,
    report_format_option,
)
from sekisho.cli.output import in_colour
from sekisho.cli.policy_files import each_alone, read_policy
from sekisho.cli.quiet import quiet, quiet_option, show_next, verbose_option
from sekisho.cli.terminal import complain, show, terminal_width
from sekisho.documents import indented_json, table_lines
from sekisho.documents.report import FindingGroup, ReportWriter, TextLayout
from sekisho.errors import MORE_ON_ID, lines_of
from sekisho.lazy import dataclass
from sekisho.messages import Language, Message, hanging, joined_messages, printable, verbatim

_STATEMENT = Message("statement {n}")
_WHOLE = Message("the whole document")
_GAP = Message("not examined")
_COUNTS = {
    Severity.ERROR: Message("errors: {count}"),
    Severity.WARNING: Message("warnings: {count}"),
    Severity.NOTE: Message("notes: {count}"),
}
_REFUSED = Message("{source}: IAM refuses to save this policy{counts}.")
_WRONG = Message("{source}: needs correction{counts}.")
_UNEXAMINED = Message("{source}: not examined completely{counts}.")
_CLEAN = Message("{source}: OK{counts}.")
_OF_SEVERAL = Message(
    "{wrong} of {all} {all:policy needs|policies need} correction (not examined "
    "completely: {unknown})."
)
_MORE = Message("Run with `-v` for all about the notes and for what each credential may do.")
_LENGTH = Message("{used} of {most} characters, as AWS counts them")
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
        "--kind",
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
@grouped("printing", PrintOptions, report_format_option, verbose_option, lang_option)
@quiet_option
@click.option("--exit-zero", is_flag=True, help="Exit 0 also with findings or gaps.")
def command(
    files: tuple[str, ...],
    options: LintOptions,
    printing: PrintOptions,
    *,
    exit_zero: bool,
) -> Exit:
    """Show what is wrong with policies, and what they mean for each credential.

    FILE holds a policy; `-` is standard input. All files are examined, even if one cannot be read.
    With -v: all about the notes, and what each credential may do. Exit 3 with errors or
    warnings, 0 with notes alone, 4 if something could not be examined.
    """

    def examine(file: str) -> LintReport:
        text = read_policy(file)
        return lint(text, options.attachment, source=file, partition=options.partition)

    reports, failed = each_alone(dict.fromkeys(files), examine)
    lang = printing.lang
    # programs that read JSON read English
    spoken = Language.EN if printing.output is ReportFormat.JSON else lang
    messages = [line for error in failed for line in lines_of(error, spoken)]
    match printing.output:
        case ReportFormat.TEXT:
            _print(reports, options, lang, verbose=printing.verbose)
        case ReportFormat.JSON:
            click.echo(indented_json(to_json(reports, failed)), nl=False)
        case ReportFormat.SARIF:
            log = to_sarif(reports, version=sekisho.__version__, lang=lang, failed=messages)
            click.echo(indented_json(log), nl=False)
    for message in messages:
        complain(f"sekisho: {message}")
    # what cannot be read is an error also with `--exit-zero`
    codes = [Exit.ERROR] if failed else []
    return worst(codes if exit_zero else [*codes, *map(_exit_of, reports)])


def _exit_of(report: LintReport) -> Exit:
    if report.unknown:
        return Exit.UNKNOWN
    return Exit.FINDINGS if report.wrong else Exit.CLEAN


def _print(
    reports: Sequence[LintReport], options: LintOptions, lang: Language, *, verbose: bool
) -> None:
    """Print the verdict, what was found in each policy, the worst first, and what to type next."""
    if len(reports) > 1:
        numbers = {"wrong": sum(each.wrong for each in reports), "all": len(reports)}
        unknown = sum(each.unknown for each in reports)
        _say(_OF_SEVERAL.filled(**numbers, unknown=unknown).into(lang))
        if not quiet():
            show()
    for number, report in enumerate(reports):
        if number and not quiet():
            show()
        _print_report(report, lang, verbose=verbose)
    if reports and not verbose and not quiet():
        show()
        _say(_MORE.into(lang))
    worst_first = sorted(
        (finding for report in reports for finding in report.findings),
        key=lambda each: _WORST_FIRST.index(each.severity),
    )
    if worst_first and not quiet():
        _say(MORE_ON_ID.filled(id=worst_first[0].id).into(lang))
    if reports:
        show_next(next_action(_standing(reports, options, verbose=verbose)), lang)


def _print_report(report: LintReport, lang: Language, *, verbose: bool) -> None:
    _say(_verdict(report).into(lang), "bold")
    if quiet():
        return
    layout = TextLayout(terminal_width(), in_colour, verbose=verbose)
    writer = ReportWriter(lang, layout)
    for finding in sorted(report.findings, key=lambda each: _WORST_FIRST.index(each.severity)):
        for line in writer.finding(_group(finding)):
            show(line)
    for gap in report.gaps:
        _say(f"  {_GAP.into(lang)}: {gap.into(lang)}")
    if verbose:
        _print_details(report, lang)


_WORST_FIRST = (Severity.ERROR, Severity.WARNING, Severity.NOTE)


def _verdict(report: LintReport) -> Message:
    refused = any(
        each.id.family is Family.SAVE and each.severity is Severity.ERROR
        for each in report.findings
    )
    verdict = _REFUSED if refused else _WRONG if report.wrong else _CLEAN
    if report.unknown and not report.wrong:
        verdict = _UNEXAMINED
    found = Counter(each.severity for each in report.findings)
    parts = [_COUNTS[each].filled(count=found[each]) for each in _WORST_FIRST if found[each]]
    counts = verbatim("")
    if parts:
        counts = verbatim(" ({parts})").filled(parts=joined_messages(parts, en=", ", ja="、"))
    return verdict.filled(source=report.source, counts=counts)


def _group(finding: Finding) -> FindingGroup:
    """Return a finding as a report has it; of a note a text says its title alone."""
    place = finding.place
    where: list[Message] = []
    if place.position.line:
        where.append(verbatim(f"{place.position.line}:{place.position.column}"))
    if place.statement is None:
        where.append(_WHOLE)
    else:
        where.append(_STATEMENT.filled(n=place.statement + 1))
    if place.sid:
        where.append(verbatim(place.sid))
    return FindingGroup(
        id=finding.id.value,
        severity=finding.severity.value,
        label=SEVERITIES[finding.severity],
        title=finding.title,
        where=joined_messages(where, en=", ", ja=", "),
        cause=finding.cause,
        fix=finding.fix,
        fact=finding.fact,
        brief=finding.severity is Severity.NOTE,
    )


def _print_details(report: LintReport, lang: Language) -> None:
    """Print how long a policy is, and what each credential may do under it."""
    quota = report.attachment.quota
    if quota is not None:
        length = _LENGTH.filled(used=report.size, most=quota.number)
        _say(f"  {length.into(lang)}")
    if report.table is not None:
        _print_table(report.table, lang)
    _say(f"  {report.dated}")


def _standing(
    reports: Sequence[LintReport], options: LintOptions, *, verbose: bool
) -> PolicyLinted:
    wrong = [each for each in reports if not each.clean]
    return PolicyLinted(
        file=(wrong or reports)[0].source,
        wrong=bool(wrong),
        kind=options.attachment.word,
        partition=options.partition,
        verbose=verbose,
    )


def _print_table(truth: TruthTable, lang: Language) -> None:
    """Print the table, its columns numbered: their titles would not fit a terminal."""
    _say(f"  {_TABLE.into(lang)}")
    for number, row in enumerate(truth.rows, 1):
        _say(f"  {number} {row.task.into(lang)}")
    columns = ["", *(str(number) for number, _ in enumerate(truth.rows, 1))]
    rows = []
    for state in truth.columns:
        cells = (cell_text(row.cells[state], truth).into(lang) for row in truth.rows)
        rows.append([CREDENTIALS[state].into(lang), *cells])
    lines = table_lines(columns, rows, width=terminal_width(), gap=1)
    for line in lines.headings:
        show(line, "bold")
    for line in lines.rows:
        show(line)
    for note in notes(truth):
        _say(f"  {note.into(lang)}")


def _say(text: str, style: str = "") -> None:
    for line in hanging(printable(text), terminal_width()):
        show(line, style)
