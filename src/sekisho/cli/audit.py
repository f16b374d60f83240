"""`sekisho audit`: who is enforced, who is not enrolled, what is wrong with an account."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import click

from sekisho import __version__, rollout
from sekisho.account import Snapshot
from sekisho.audit.exceptions import Exceptions, load_exceptions
from sekisho.audit.impact import ImpactKind, UserRow
from sekisho.audit.report import (
    AccountReport,
    account_document,
    account_sheet,
    audit_account,
    to_json,
    to_sarif,
)
from sekisho.cli.aws import AwsOptions, aws_options, read_account, snapshot_option
from sekisho.cli.exits import Exit, worst
from sekisho.cli.help import SpokenCommand
from sekisho.cli.next_action import Account, AccountAudited, caller_of, next_action
from sekisho.cli.options import grouped, lang_option
from sekisho.cli.output import OutputOptions, ReportForms, output_options
from sekisho.cli.policy_files import read_policy
from sekisho.cli.quiet import quiet_option, verbose_option
from sekisho.cli.usage import check_usage, logs_option, usage_from
from sekisho.documents import Shape
from sekisho.lazy import dataclass
from sekisho.messages import Language
from sekisho.policy import parse


@dataclass(frozen=True, slots=True)
class AuditOptions:
    """Which account is audited, and with what beside it.

    Attributes:
        snapshots: the files that it is read from; none: AWS itself.
        exceptions: the exceptions file.
        goals: goal files, whose break-glass users are not to be enforced.
        policy: what will be attached to who is not enforced; None: as `policy new` writes it.
        logs: logs of CloudTrail, or what `logs usage` saved.
    """

    snapshots: tuple[str, ...]
    exceptions: str | None
    goals: tuple[str, ...]
    policy: str | None
    logs: tuple[str, ...]


_audit_options = grouped(
    "options",
    AuditOptions,
    snapshot_option(),
    click.option("--exceptions", metavar="FILE", help="The exceptions file."),
    click.option(
        "--goal",
        "goals",
        metavar="FILE",
        multiple=True,
        help=(
            "A goal file: its break-glass users are not reported as unenforced, and users "
            "without a passkey that it requires are listed."
        ),
    ),
    click.option(
        "--policy",
        metavar="FILE",
        help=(
            "The policy that you will attach to users without MFA enforcement; if not given, "
            "what `policy new` writes."
        ),
    ),
    logs_option,
)


@click.command("audit", cls=SpokenCommand)
@_audit_options
@output_options
@click.option("--exit-zero", is_flag=True, help="Exit 0 also with findings or unknowns.")
@verbose_option
@quiet_option
@aws_options
@lang_option
def command(
    options: AuditOptions,
    output: OutputOptions,
    aws: AwsOptions,
    lang: Language,
    *,
    exit_zero: bool,
    verbose: bool,
) -> Exit:
    """Show for whom MFA is enforced, who is not enrolled, and what is wrong with an account.

    Reads only, and changes nothing. Exit 3 with errors or warnings, 4 if something is unknown, even
    with findings; notes alone exit 0.
    """
    output.check()
    exceptions = load_exceptions(options.exceptions) if options.exceptions else Exceptions()
    enforcement = None
    if options.policy:
        enforcement = parse(read_policy(options.policy), source=options.policy)
    goals = {path: rollout.read_goal(path) for path in options.goals}
    usage = usage_from(options.logs, lang)
    snapshot = read_account(options.snapshots, aws, lang)
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
    source = options.snapshots[0] if options.snapshots else snapshot.account
    forms = ReportForms(
        account_document(report),
        lambda: account_sheet(report),
        record=lambda: to_json(report),
        sarif=lambda lang: to_sarif(report, source, lang),
    )
    after = next_action(audited(report, options, aws))
    output.hand_over(forms, lang, verbose=verbose, next_step=after)
    return Exit.CLEAN if exit_zero else _exit(report)


def _exit(report: AccountReport) -> Exit:
    codes = [Exit.FINDINGS] if report.wrong else []
    return worst([*codes, Exit.UNKNOWN] if report.unknown else codes)


def break_glass_of(goals: Mapping[str, Shape], snapshot: Snapshot) -> dict[str, str]:
    """Return the goal by the name of each break-glass user; of several, the first."""
    goals_by_user: dict[str, str] = {}
    for path, shape in goals.items():
        for name in rollout.break_glass_users(shape, path, snapshot):
            goals_by_user.setdefault(name, path)
    return goals_by_user


def passkeys_of(
    goals: Mapping[str, Shape], snapshot: Snapshot, exceptions: Exceptions
) -> frozenset[str]:
    """Return the users who are to come to a passkey, by the goals that require one.

    Raises:
        FaultyInput: if such a goal does not fit the account.
        PlanRefused: if the users could not be read, for such a goal.
    """
    users: set[str] = set()
    for path, shape in goals.items():
        if rollout.requirement_of(shape, path) is not None:
            goal = rollout.goal_of(shape, path, snapshot, exceptions)
            users |= {user for wave in goal.waves for user in wave.users}
    return frozenset(users)


def audited(report: AccountReport, options: AuditOptions, aws: AwsOptions) -> AccountAudited:
    """Return where somebody stands who has seen the audit of an account, for `next_action`."""
    snapshot, coverage = report.snapshot, report.coverage
    able = (each.user.arn for each in report.rows if each.power.administers)
    caller = caller_of(snapshot, able) if options.snapshots else None
    return AccountAudited(
        Account(aws.typed, options.snapshots, caller),
        users_read=snapshot.users_gap is None,
        enforced=coverage.enforced == coverage.users,
        stopped=any(each.exemption and not each.exempt for each in report.rows),
        goal=next(iter(options.goals), None),
        pilot=() if coverage.enforced else tuple(_ready(report))[:2],
        machines=tuple(each.user.name for each in report.rows if _is_stopped_machine(each)),
        exceptions=options.exceptions,
        policy=options.policy,
        logs=options.logs,
    )


def _ready(report: AccountReport) -> Iterator[str]:
    """Yield the users for whom MFA enforcement changes nothing; no administrators."""
    for each in report.rows:
        nothing_to_do = each.impact.kinds == (ImpactKind.READY,) and each.user.password
        if nothing_to_do and not (each.left_out or each.power.administers):
            yield each.user.name


_STOPS = {ImpactKind.LOCKED_OUT, ImpactKind.DEAD_LOCK, ImpactKind.KEYS_STOP}


def _is_stopped_machine(row: UserRow) -> bool:
    """Tell whether nobody signs in as a user who is not enforced, and MFA would stop them."""
    stops = not _STOPS.isdisjoint(row.impact.kinds)
    enforced = row.enforcement.enforced_directly
    return row.credentials.of_machine and stops and not (enforced or row.left_out)
