"""`sekisho audit`: who is enforced, who is not enrolled, what is wrong with an account."""

import json
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial

import click

from sekisho import __version__
from sekisho.account import Snapshot, open_account
from sekisho.audit import Severity
from sekisho.audit.exceptions import Exceptions, load_exceptions
from sekisho.audit.report import (
    AccountReport,
    TextLayout,
    audit_account,
    headline,
    to_csv,
    to_html,
    to_json,
    to_sarif,
    to_text,
)
from sekisho.cli.aws import AwsOptions, aws_options, collected, connection
from sekisho.cli.exits import Exit, worst
from sekisho.cli.help import SpokenCommand
from sekisho.cli.options import grouped, lang_option
from sekisho.cli.policy_files import read_policy, unused_name
from sekisho.cli.quiet import aside, quiet, quiet_option, verbose_option
from sekisho.cli.terminal import BAD, OPEN, colour_wanted, next_command, styled, terminal_width
from sekisho.cli.usage import check_usage, logs_option, usage_from
from sekisho.documents import Shape, check_writable, write_private
from sekisho.errors import UsageError
from sekisho.messages import Language, Message, hanging
from sekisho.policy import Document, parse
from sekisho.rollout.goal import break_glass_users, goal_of, read_goal, requirement_of

_WRITTEN = Message("written to {path}")


class AuditFormat(StrEnum):
    """How an audit is handed over."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"
    HTML = "html"
    SARIF = "sarif"


@dataclass(frozen=True, slots=True)
class AuditOptions:
    """Which account is audited, and how the audit is handed over.

    Attributes:
        snapshots: the files that it is read from; none: AWS itself.
        exceptions: the exceptions file.
        goals: goal files, whose break-glass users are not to be enforced.
        policy: what will be attached to who is not enforced; None: as `policy new` writes it.
        logs: logs of CloudTrail, or what `impact --usage-out` wrote.
        output: the form.
        bom: whether CSV begins with a byte order mark.
        headings: the language of CSV's column names.
        out: the file to write, and whether one that is there is replaced (`force`).
        exit_zero: findings and unknowns do not count for the exit code.
        verbose: whether text has every user and every subject of a finding.
    """

    snapshots: tuple[str, ...]
    exceptions: str | None
    goals: tuple[str, ...]
    policy: str | None
    logs: tuple[str, ...]
    output: AuditFormat
    bom: bool
    headings: Language | None
    out: str | None
    force: bool
    exit_zero: bool
    verbose: bool

    def check(self) -> None:
        """Raise UsageError if options do not go together, or `out` cannot be written."""
        if self.bom and self.output is not AuditFormat.CSV:
            raise UsageError(Message("`--bom` is for `--format csv`"))
        if self.headings and self.output is not AuditFormat.CSV:
            raise UsageError(Message("`--headings` is for `--format csv`"))
        if self.force and not self.out:
            raise UsageError(Message("`--force` is for `--out`"))
        if self.out:
            check_writable(self.out, replace=self.force)


_audit_options = grouped(
    "options",
    AuditOptions,
    click.option(
        "--snapshot",
        "snapshots",
        metavar="FILE",
        multiple=True,
        help="A snapshot, or AWS's export and credential report together; AWS itself if not given.",
    ),
    click.option("--exceptions", metavar="FILE", help="The exceptions file."),
    click.option(
        "--goal",
        "goals",
        metavar="FILE",
        multiple=True,
        help=(
            "A goal file: its break-glass users are not to be enforced; who lacks the passkey that "
            "it requires is named."
        ),
    ),
    click.option(
        "--policy",
        metavar="FILE",
        help=(
            "What will be attached to who is not enforced; as `policy new` writes it if not given."
        ),
    ),
    logs_option,
    click.option(
        "--format",
        "output",
        type=click.Choice([each.value for each in AuditFormat]),
        default=AuditFormat.TEXT.value,
        show_default=True,
        callback=lambda ctx, param, value: AuditFormat(value),
        help=(
            "Text or HTML for people, CSV for spreadsheets, JSON, or SARIF 2.1.0 for code scanners."
        ),
    ),
    click.option("--bom", is_flag=True, help="Begin CSV with a byte order mark, for Excel."),
    click.option(
        "--headings",
        type=click.Choice([language.value for language in Language]),
        callback=lambda ctx, param, value: value and Language(value),
        help="Language of CSV's column names; English if not given. The cells stay English.",
    ),
    click.option("--out", metavar="FILE", help="Write to a file that only you may read."),
    click.option("--force", is_flag=True, help="Replace the file of --out if it is there."),
    click.option("--exit-zero", is_flag=True, help="Exit 0 also with findings or unknowns."),
    verbose_option,
)


@click.command("audit", cls=SpokenCommand)
@_audit_options
@quiet_option
@aws_options
@lang_option
def command(options: AuditOptions, aws: AwsOptions, lang: Language) -> Exit:
    """Say who is enforced, who is not enrolled, and what is wrong with an account.

    Reads only, and changes nothing. Exit 3 with errors or warnings, 4 if something could not be
    told, also beside findings; notes alone exit 0.
    """
    options.check()
    exceptions, enforcement = _exceptions(options.exceptions), _enforcement(options.policy)
    goals = {path: read_goal(path) for path in options.goals}
    usage = usage_from(options.logs, lang)
    snapshot = _snapshot(options.snapshots, aws, lang)
    check_usage(usage, snapshot)
    report = audit_account(
        snapshot,
        replace(
            exceptions,
            goals=break_glass_of(goals, snapshot),
            passkeys=passkeys_of(goals, snapshot, exceptions),
        ),
        enforcement=enforcement,
        usage=usage,
        version=__version__,
    )
    text = _text(report, options, aws, lang)
    if options.out:
        write_private(options.out, text, replace=options.force)
        aside(headline(report).into(lang), _WRITTEN.filled(path=options.out).into(lang))
    else:
        for piece in text:
            click.echo(piece, nl=False)
    return Exit.CLEAN if options.exit_zero else _exit(report)


def _exit(report: AccountReport) -> Exit:
    codes = [Exit.FINDINGS] if report.wrong else []
    return worst([*codes, Exit.UNKNOWN] if report.unknown else codes)


def _exceptions(path: str | None) -> Exceptions:
    return load_exceptions(path) if path else Exceptions()


def break_glass_of(goals: Mapping[str, Shape], snapshot: Snapshot) -> dict[str, str]:
    """Return the goal by the name of each break-glass user; of several, the first."""
    found: dict[str, str] = {}
    for path, shape in goals.items():
        for name in break_glass_users(shape, path, snapshot):
            found.setdefault(name, path)
    return found


def passkeys_of(
    goals: Mapping[str, Shape], snapshot: Snapshot, exceptions: Exceptions
) -> frozenset[str]:
    """Return the users who are to come to a passkey, by the goals that require one.

    Raises:
        FaultyInput: if such a goal does not fit the account.
        PlanRefused: if the users could not be read, for such a goal.
    """
    found: set[str] = set()
    for path, shape in goals.items():
        if requirement_of(shape, path) is not None:
            goal = goal_of(shape, path, snapshot, exceptions)
            found |= {user for wave in goal.waves for user in wave.users}
    return frozenset(found)


def _enforcement(path: str | None) -> Document | None:
    return parse(read_policy(path), source=path) if path else None


def _snapshot(paths: tuple[str, ...], aws: AwsOptions, lang: Language) -> Snapshot:
    if not paths:
        return collected(connection(aws, lang), lang)
    aws.refuse_beside("--snapshot")
    return open_account(*paths)


_COLOURS = {Severity.ERROR: BAD, Severity.WARNING: OPEN, Severity.NOTE: "cyan"}


def _printed(report: AccountReport, options: AuditOptions, aws: AwsOptions, lang: Language) -> str:
    """Return the text, in colour if it goes to a terminal, with the command to type next."""
    width = terminal_width()
    if quiet() and not options.out:
        return "".join(f"{line}\n" for line in hanging(headline(report).into(lang), width))
    in_colour = not options.out and colour_wanted()
    layout = TextLayout(
        width=width,
        fold=partial(hanging, width=width),
        styled=lambda word, severity: styled(word, _COLOURS[severity]) if in_colour else word,
        verbose=options.verbose,
    )
    command = _next(report, options, aws)
    after = next_command(command, lang, width) if command else ()
    return "\n".join([to_text(report, lang, layout), *after, ""])


def _next(report: AccountReport, options: AuditOptions, aws: AwsOptions) -> str:
    """Return the plan to make, or what to do where none is needed or possible; "" if nothing."""
    if report.snapshot.unlisted is not None:
        return "sekisho collect --print-policy"
    if report.coverage.enforced == report.coverage.users:
        # what is saved already need not be saved again
        saving = f"sekisho collect --out {unused_name('account.json')}{aws.typed}"
        return "" if options.snapshots else saving
    about = shlex.quote(options.goals[0]) if options.goals else "--all-users"
    exempt = f" --exceptions {shlex.quote(options.exceptions)}" if options.exceptions else ""
    return f"sekisho plan {about}{exempt} --out {unused_name('plan.json')}{aws.typed}"


def _text(
    report: AccountReport, options: AuditOptions, aws: AwsOptions, lang: Language
) -> Iterable[str]:
    """Return the pieces of the text."""
    match options.output:
        case AuditFormat.TEXT:
            return (_printed(report, options, aws, lang),)
        case AuditFormat.JSON:
            return to_json(report)
        case AuditFormat.CSV:
            headings = options.headings or Language.EN
            return (to_csv(report, bom=options.bom, headings=headings),)
        case AuditFormat.HTML:
            return (to_html(report, lang),)
        case AuditFormat.SARIF:
            source = options.snapshots[0] if options.snapshots else report.snapshot.account
            sarif = to_sarif(report, source, lang)
            return (json.dumps(sarif, indent=2, ensure_ascii=False) + "\n",)
