"""`sekisho audit`: who is enforced, who is not enrolled, what is wrong with an account."""

from collections.abc import Mapping, Sequence
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
from sekisho.cli.aws import (
    AwsOptions,
    aws_options,
    read_account,
    signs_with_long_term_key,
    snapshot_option,
)
from sekisho.cli.exits import Exit, worst
from sekisho.cli.group import words_of
from sekisho.cli.help import SpokenCommand
from sekisho.cli.next_action import READ_MORE, SIGN_IN_FIRST, RunContext, caller_of, next_action
from sekisho.cli.options import grouped, lang_option
from sekisho.cli.output import OutputOptions, ReportForms, output_options
from sekisho.cli.policy_files import read_policy, unused_name
from sekisho.cli.quiet import quiet_option, verbose_option
from sekisho.cli.usage import account_with_logs, logs_option, usage_from
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
        help="A goal file: its break-glass users are not reported as unenforced, and users "
        "without a passkey that it requires are listed.",
    ),
    click.option(
        "--policy",
        metavar="FILE",
        help="The policy that you will attach to users without MFA enforcement; if not given, "
        "what `policy new` writes.",
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
    snapshot = account_with_logs(read_account(options.snapshots, aws, lang), usage)
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
    "`--break-glass {name}` leaves {name} unchanged, for access when nobody's MFA works. If "
    "another user is kept for that, name that user instead."
)
_DECIDE = Message(
    "Decide first which user keeps access when nobody's MFA works, and add `--break-glass NAME`."
)
_LEFT_OUT = Message(
    "Not enforced: {names}. If that is intended, list them in an exceptions file and audit with "
    "`--exceptions FILE`."
)


@dataclass(frozen=True, slots=True)
class AccountAudited:
    """An account was audited.

    Attributes:
        context: what it was about; a plan for everybody is one of its goal, if it has one.
        given: as the audit was typed.
        users_read: whether the users are known.
        enforced: whether everybody is enforced but who is named below.
        stopped: whether a plan is refused until a file is corrected.
        pilot: with whom to begin; empty: somebody is enforced already, or nobody is ready.
        machines: users whom only programs can be, and whom a plan for everybody would lock out.
        spare: the only administrator who may stay a way in when nobody's MFA works; "": none.
        unguarded: whether a plan for everybody leaves nobody as a way in.
        without_mfa: the user who audits by an access key, and whom a plan for everybody enforces.
    """

    context: RunContext
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
        if not self.users_read or self.enforced or self.stopped or self.pilot or self.context.goal:
            return None
        if self.without_mfa:
            return SIGN_IN_FIRST.filled(name=self.without_mfa)
        if self.spare:
            return _SPARE.filled(name=self.spare)
        return _DECIDE if self.unguarded else None

    def for_user(self, user: str) -> "AccountAudited":
        """Return the same where one user alone is to be enforced."""
        context = replace(self.context, mfa=False, goal=None, left_out=())
        return replace(self, context=context, enforced=False, pilot=(user,))

    def for_goal(self, goal: str) -> "AccountAudited":
        """Return the same where a goal is meant."""
        return replace(self, context=replace(self.context, goal=goal), enforced=False, pilot=())

    def words(self) -> list[str]:
        """Return the plan to make, or what to do where none is needed or possible."""
        if not self.users_read:
            return [READ_MORE]
        if self.enforced:
            # what is saved already need not be saved again
            saving = f"--out {unused_name('account.json')}"
            return [] if self.context.snapshots else ["sekisho collect", self.context.aws, saving]
        if self.stopped or (self.without_mfa and not (self.pilot or self.context.goal)):
            return []
        left = (*words_of("--except", *self.machines), *words_of("--break-glass", self.spare))
        users = words_of("--user", *self.pilot) or ["--all-users", *left]
        return self.context.plan(*users, *words_of("--policy", self.given.policy))


def audited(report: AccountReport, given: AuditOptions, aws: AwsOptions) -> AccountAudited:
    """Return where somebody stands who has seen the audit of an account, for `next_action`."""
    snapshot, rows = report.snapshot, report.rows
    able = (each.user.arn for each in rows if each.power.administers)
    caller = caller_of(snapshot, able) if given.snapshots else None
    applies = next((each for each in rows if each.user.arn == (caller or snapshot.caller)), None)
    machines = tuple(each.user.name for each in rows if _is_stopped_machine(each))
    signing_in = [row for row in rows if row.user.password]
    needs_way_in = len(signing_in) > 1 and not any(row.left_out for row in signing_in)
    spare = _spare(signing_in, applies) if needs_way_in and applies else ""
    to_enforce = [
        row for row in rows if not row.left_out and row.user.name not in (*machines, spare)
    ]
    stopped = any(each.exemption and not each.exempt for each in rows)
    # MFA enforcement changes nothing for them; administrators come later
    ready = (row.user.name for row in signing_in if _is_ready(row) and not row.power.administers)
    pilot = () if report.coverage.enforced else tuple(ready)[:2]
    # somebody who is enforced, or is about to be, applies a plan in a session with MFA only
    mfa = not pilot and applies in to_enforce
    without = mfa and not given.snapshots and signs_with_long_term_key(aws)
    context = RunContext(
        aws.typed,
        given.snapshots,
        caller,
        mfa=mfa and not without,
        goal=given.goal,
        exceptions=given.exceptions,
        # the plan is of the first goal, which does not name the others' break-glass users
        left_out=tuple(
            name for name, goal in report.exceptions.goals.items() if goal != given.goal
        ),
        logs=given.logs,
    )
    return AccountAudited(
        context,
        given,
        users_read=snapshot.users_gap is None,
        enforced=not stopped and all(map(_is_enforced, to_enforce)),
        stopped=stopped,
        pilot=pilot,
        machines=machines,
        spare=spare,
        unguarded=needs_way_in and not spare,
        without_mfa=applies.user.name if applies and without else "",
    )


def _spare(signing_in: Sequence[UserRow], applies: UserRow) -> str:
    """Return the one administrator who may be left out, apart from who applies a plan; or ""."""
    able = [row for row in signing_in if _is_ready(row) and row.power.administers]
    others = [row.user.name for row in able if row is not applies and not _is_enforced(row)]
    return others[0] if len(others) == 1 else ""


def _is_ready(row: UserRow) -> bool:
    return row.impact.kinds == (ImpactKind.READY,) and not row.left_out


def _is_enforced(row: UserRow) -> bool:
    return row.enforcement.enforced is Enforced.PROVED


_STOPS = {ImpactKind.LOCKED_OUT, ImpactKind.DEAD_LOCK, ImpactKind.KEYS_STOP}


def _is_stopped_machine(row: UserRow) -> bool:
    """Tell whether nobody signs in as a user who is not enforced, and MFA would stop them."""
    stops = not _STOPS.isdisjoint(row.impact.kinds)
    enforced = row.enforcement.enforced_directly
    return row.credentials.of_machine and stops and not (enforced or row.left_out)
