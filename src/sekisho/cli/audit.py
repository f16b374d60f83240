"""`sekisho audit`: who is enforced, who is not enrolled, what is wrong with an account."""

from collections.abc import Iterator, Mapping, Sequence
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
from sekisho.cli.aws import AwsOptions, aws_options, connected_api, read_account, snapshot_option
from sekisho.cli.exits import Exit, worst
from sekisho.cli.group import words_of
from sekisho.cli.help import SpokenCommand
from sekisho.cli.next_action import READ_MORE, Account, caller_of, next_action
from sekisho.cli.options import grouped, lang_option
from sekisho.cli.output import OutputOptions, ReportForms, output_options
from sekisho.cli.policy_files import read_policy, unused_name
from sekisho.cli.quiet import quiet_option, verbose_option
from sekisho.cli.usage import check_usage, logs_option, usage_from
from sekisho.documents import Shape
from sekisho.lazy import dataclass
from sekisho.messages import Language, Message, listed, verbatim
from sekisho.policy import parse
from sekisho.prover import Enforced


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

    @property
    def goal(self) -> str | None:
        """The first goal file; None: everybody is meant."""
        return next(iter(self.goals), None)


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
    after = audited(report, options, aws)
    forms = ReportForms(
        replace(account_document(report), beforehand=after.beforehand),
        lambda: account_sheet(report),
        record=lambda: to_json(report),
        sarif=lambda lang: to_sarif(report, source, lang),
    )
    output.hand_over(forms, lang, verbose=verbose, next_step=next_action(after))
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


_SPARE = Message(
    "`--break-glass {name}` leaves {name} unchanged, as a way in when nobody's MFA works. If "
    "another user is kept for that, name that one instead."
)
_DECIDE = Message(
    "Decide first which user stays a way in when nobody's MFA works, and add `--break-glass NAME`."
)
_LEFT_OUT = Message(
    "Not enforced: {names}. If that is intended, list them in an exceptions file and audit with "
    "`--exceptions FILE`."
)
_SIGN_IN = Message(
    "Sign in with MFA first, then audit again: these credentials are an access key without MFA, "
    "and with them a plan that enforces {name} is refused."
)


@dataclass(frozen=True, slots=True)
class AccountAudited:
    """An account was audited.

    Attributes:
        account: whose, and who would apply a plan.
        given: as the audit was typed; without a goal, everybody is meant.
        users_read: whether the users are known.
        enforced: whether everybody is enforced but who is named below.
        stopped: whether a plan is refused until a file is corrected.
        pilot: with whom to begin; empty: somebody is enforced already, or nobody is ready.
        machines: users whom only programs can be, and whom a plan for everybody would lock out.
        spare: the only administrator who may stay a way in when nobody's MFA works; "": none.
        unguarded: whether a plan for everybody leaves nobody as a way in.
        without_mfa: the user who audits by an access key, and whom a plan for everybody enforces.
    """

    account: Account
    given: AuditOptions
    users_read: bool
    enforced: bool
    stopped: bool = False
    pilot: tuple[str, ...] = ()
    machines: tuple[str, ...] = ()
    spare: str = ""
    unguarded: bool = False
    without_mfa: str = ""

    @property
    def beforehand(self) -> Message | None:
        """What to decide or to do before the command is typed; None: nothing."""
        if self.enforced and (left := [*filter(None, (self.spare, *self.machines))]):
            return _LEFT_OUT.filled(names=listed(map(verbatim, left)))
        if not self.users_read or self.enforced or self.stopped or self.pilot or self.given.goal:
            return None
        if self.without_mfa:
            return _SIGN_IN.filled(name=self.without_mfa)
        if self.spare:
            return _SPARE.filled(name=self.spare)
        return _DECIDE if self.unguarded else None

    def words(self) -> list[str]:
        """Return the plan to make, or what to do where none is needed or possible."""
        if not self.users_read:
            return [READ_MORE]
        if self.enforced:
            # what is saved already need not be saved again
            saving = f"--out {unused_name('account.json')}"
            return [] if self.account.snapshots else ["sekisho collect", self.account.aws, saving]
        if self.stopped or (self.without_mfa and not (self.pilot or self.given.goal)):
            return []
        left = (*words_of("--except", *self.machines), *words_of("--break-glass", self.spare))
        users = words_of("--user", *self.pilot) or ["--all-users", *left]
        meant = words_of("", self.given.goal) or [*users, *words_of("--policy", self.given.policy)]
        return [
            *("sekisho plan", *meant),
            *words_of("--exceptions", self.given.exceptions),
            *words_of("--logs", *self.given.logs),
            *self.account.planned,
            f"--out {unused_name('plan.json')}",
        ]


def audited(report: AccountReport, given: AuditOptions, aws: AwsOptions) -> AccountAudited:
    """Return where somebody stands who has seen the audit of an account, for `next_action`."""
    snapshot, rows = report.snapshot, report.rows
    able = (each.user.arn for each in rows if each.power.administers)
    caller = caller_of(snapshot, able) if given.snapshots else None
    applies = [each for each in rows if each.user.arn == (caller or snapshot.caller)]
    machines = tuple(each.user.name for each in rows if _is_stopped_machine(each))
    spare = _spare(rows, applies)
    left_out = {*machines, spare}
    stopped = any(each.exemption and not each.exempt for each in rows)
    settled = all(_enforced(row) or row.left_out or row.user.name in left_out for row in rows)
    pilot = () if report.coverage.enforced else tuple(_ready(rows))[:2]
    # somebody who is enforced, or is about to be, applies a plan in a session with MFA only
    mfa = not pilot and any(not (row.left_out or row.user.name in left_out) for row in applies)
    without = mfa and not given.snapshots and _signs_with_long_term_key(aws)
    return AccountAudited(
        Account(aws.typed, given.snapshots, caller, mfa=mfa and not without),
        given=given,
        users_read=snapshot.users_gap is None,
        enforced=settled and not stopped,
        stopped=stopped,
        pilot=pilot,
        machines=machines,
        spare=spare,
        unguarded=not spare and _signing_in(rows) > 1 and not any(map(_is_way_in, rows)),
        without_mfa=applies[0].user.name if without else "",
    )


def _signs_with_long_term_key(aws: AwsOptions) -> bool:
    """Tell whether AWS was called with an access key that is no session, and so without MFA."""
    return connected_api(aws, Language.EN).signs_with_long_term_key()


def _ready(rows: Sequence[UserRow]) -> Iterator[str]:
    """Yield the users for whom MFA enforcement changes nothing; no administrators."""
    for each in rows:
        if _signs_in_ready(each) and not (each.left_out or each.power.administers):
            yield each.user.name


def _signs_in_ready(row: UserRow) -> bool:
    return row.impact.kinds == (ImpactKind.READY,) and row.user.password is not None


def _signing_in(rows: Sequence[UserRow]) -> int:
    return sum(row.user.password is not None for row in rows)


def _is_way_in(row: UserRow) -> bool:
    """Tell whether a user signs in and stays without MFA enforcement, as a file says."""
    return row.left_out and row.user.password is not None


def _spare(rows: Sequence[UserRow], applies: Sequence[UserRow]) -> str:
    """Return the one administrator, apart from who applies a plan, who may be left out of it.

    There is none where a file names a way in already, or where it is not clear who it is to be.
    """
    if any(map(_is_way_in, rows)) or not applies or _signing_in(rows) <= 1:
        return ""
    able = [
        row.user.name
        for row in rows
        if _signs_in_ready(row) and row.power.administers and not _enforced(row)
    ]
    others = [name for name in able if name != applies[0].user.name]
    return others[0] if len(others) == 1 else ""


def _enforced(row: UserRow) -> bool:
    return row.enforcement.enforced is Enforced.PROVED


_STOPS = {ImpactKind.LOCKED_OUT, ImpactKind.DEAD_LOCK, ImpactKind.KEYS_STOP}


def _is_stopped_machine(row: UserRow) -> bool:
    """Tell whether nobody signs in as a user who is not enforced, and MFA would stop them."""
    stops = not _STOPS.isdisjoint(row.impact.kinds)
    enforced = row.enforcement.enforced_directly
    return row.credentials.of_machine and stops and not (enforced or row.left_out)
