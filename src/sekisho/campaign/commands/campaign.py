"""`sekisho campaign`: one command a day for a roll-out over weeks."""

import json
import os
import shlex
from dataclasses import replace
from datetime import UTC, date, datetime, time
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from sekisho.account import Snapshot, Usage
from sekisho.audit.exceptions import Exceptions
from sekisho.campaign import (
    NOT_TOLD,
    Campaign,
    CampaignInputs,
    CampaignStage,
    StateFolder,
    campaign_of,
    campaign_report,
    campaign_to_csv,
    campaign_to_json,
)
from sekisho.campaign.commands.telling import (
    Telling,
    TellingOptions,
    print_command,
    telling_options,
)
from sekisho.cli.aws import (
    AwsOptions,
    aws_options,
    connection,
    signs_with_long_term_key,
    snapshot_option,
)
from sekisho.cli.exits import Exit, worst
from sekisho.cli.help import SpokenCommand
from sekisho.cli.next_action import CampaignShown, next_action
from sekisho.cli.options import GoalPath, day_of_option, form_option, grouped, lang_option
from sekisho.cli.output import in_colour
from sekisho.cli.quiet import print_note, quiet, quiet_option, show_next, verbose_option
from sekisho.cli.rollout.apply import TemporaryPasswords, carry_out
from sekisho.cli.rollout.applying import applied_lines, check_terminal, confirm
from sekisho.cli.rollout.planning import (
    PlanFormat,
    PlanningOptions,
    account_of,
    exceptions_of,
)
from sekisho.cli.rollout.state import state_at, take_over_option
from sekisho.cli.terminal import colour_wanted, show_folded, terminal_width
from sekisho.cli.usage import check_usage, logs_option, usage_from
from sekisho.documents import Shape
from sekisho.documents.report import TextLayout, report_page, report_text
from sekisho.errors import UsageError
from sekisho.lazy import dataclass
from sekisho.messages import Language, Message
from sekisho.notices.reminders import Told, read_ledger
from sekisho.rollout import (
    ApplyReport,
    Change,
    GoalInputs,
    OpenFolder,
    PlanCaller,
    SafetyVerdict,
    check_goal,
    goal_of,
    read_goal,
    read_plan,
    timezone_of,
)

_ASKED = Message("Make today's changes ({count}) and notify people ({told})?")
_ASKED_TO_TELL = Message("Nothing to change today. Notify people ({told})?")
_JOURNAL = Message("Plan and journal of this run: {path}")
_TAKES_BACK = Message("To undo the whole campaign: {command}")


class CampaignFormat(StrEnum):
    """How a campaign is shown."""

    TEXT = "text"
    JSON = "json"
    HTML = "html"
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class CampaignOptions:
    """The options of `sekisho campaign`.

    Attributes:
        exceptions: an exceptions file.
        snapshots, caller: a saved account in place of AWS, and who would apply the changes.
        mfa: the session was signed in with MFA.
        today: another day than today in the goal's time zone, for a rehearsal; None: today.
        apply: whether what is due today is done; `yes`: without asking.
        state: the folder of what survives a run, or its address in S3; "": beside the goal.
        take_over: the lock of a run that was killed is taken over.
        logs: CloudTrail's logs, or usage files.
    """

    exceptions: str | None
    snapshots: tuple[str, ...]
    caller: str | None
    mfa: bool
    today: date | None
    apply: bool
    yes: bool
    state: str
    take_over: bool
    output: CampaignFormat
    logs: tuple[str, ...]
    verbose: bool

    def check(self, aws: AwsOptions) -> None:
        """Raise UsageError if options do not go together."""
        elsewhere = aws.endpoint_url or os.environ.get("AWS_ENDPOINT_URL")
        if self.today and self.apply and not elsewhere:
            raise UsageError(
                Message(
                    "`--today` with `--apply` is for a rehearsal, and AWS's days cannot be moved"
                ),
                fix=Message(
                    "leave `--apply` out, or rehearse with `--endpoint-url` at `sekisho local`"
                ),
            )
        if self.yes and not self.apply:
            raise UsageError(Message("`--yes` is for `--apply`"))
        if self.apply and self.snapshots:
            raise UsageError(
                Message("`--apply` changes an account and cannot be used with `--snapshot`"),
                fix=Message("leave one of them out"),
            )
        if self.apply and self.output is not CampaignFormat.TEXT:
            raise UsageError(
                Message("`--apply` prints what is done, as text"),
                fix=Message("leave `--format` out, and run it once more without `--apply`"),
            )

    @property
    def planning(self) -> PlanningOptions:
        """What the account is read by."""
        return PlanningOptions(
            accept=(),
            mfa=self.mfa,
            snapshots=self.snapshots,
            caller=self.caller,
            out=None,
            force=False,
            print_policy=False,
            output=PlanFormat.TEXT,
            verbose=False,
        )


campaign_options = grouped(
    "options",
    CampaignOptions,
    click.option("--exceptions", metavar="FILE", help="The exceptions file."),
    snapshot_option(),
    click.option(
        "--caller",
        metavar="ARN",
        help="With --snapshot: ARN that will apply the changes; the account's reader if not given.",
    ),
    click.option("--mfa", is_flag=True, help="Declare that this session was signed in with MFA."),
    click.option(
        "--today",
        metavar="DAY",
        callback=day_of_option,
        help="A rehearsal: another day than today in the goal's time zone, like 2026-12-01.",
    ),
    click.option("--apply", is_flag=True, help="Do what is due today, after asking."),
    click.option("--yes", is_flag=True, help="With --apply: do not ask."),
    click.option(
        "--state",
        type=click.Path(file_okay=False),
        metavar="PLACE",
        default="",
        help="A folder or s3://BUCKET/PREFIX for plans, journals and progress; GOAL.campaign if "
        "not given.",
    ),
    take_over_option,
    form_option(CampaignFormat, "Text, JSON, a page for people, or CSV: a row for each person."),
    logs_option,
    verbose_option,
)


@click.command("campaign", cls=SpokenCommand)
@click.argument("path", metavar="GOAL", type=GoalPath())
@campaign_options
@telling_options
@quiet_option
@aws_options
@lang_option
def command(
    path: Path,
    options: CampaignOptions,
    telling: TellingOptions,
    aws: AwsOptions,
    lang: Language,
) -> Exit:
    """Show how far each person of a goal's waves is, what is due today, and who is left and why.

    Nothing is changed without --apply. With it, a plan of what is due is made, checked and applied;
    people with a problem are left out and listed; and people are notified of the result. Exit 0 if
    nothing is due, 2 if something is, 3 if somebody's day has come without MFA enforcement, 4 if
    something is unknown, 1 if a notice was not posted.
    """
    options.check(aws)
    telling.check(apply=options.apply)
    at = options.state or str(path.with_name(f"{path.name}.campaign"))
    state = state_at(at, aws, lang, take_over=options.take_over, notes=options.apply)
    if options.apply:
        # another run could change what this one reads and judges
        with state.locked() as opened:
            folder = StateFolder(opened)
            campaign = _read_campaign(path, folder, options, aws, lang)
            run = Telling(campaign, folder, telling, lang, verbose=options.verbose)
            code = _apply(run, _remind(path, folder, options, aws), options, aws)
            if not _changes(campaign):
                # what is due is done, or nothing is; of what cannot be done it is shown why
                standing = replace(_standing(campaign, path, options, aws), due=False)
                show_next(next_action(standing), lang)
            return code
    with state.read() as read:
        folder = StateFolder(OpenFolder(read, state.address))
        campaign = _read_campaign(path, folder, options, aws, lang)
    after = next_action(_standing(campaign, path, options, aws))
    _show(campaign, options, lang, after)
    if campaign.doubtful and options.output is CampaignFormat.TEXT and not options.snapshots:
        run = Telling(campaign, folder, telling, lang, verbose=options.verbose)
        run.print_what_resolves(_remind(path, folder, options, aws))
    if options.output is CampaignFormat.TEXT:
        show_next(after, lang)
    return _exit_of(campaign, due=bool(campaign.today.plan.changes or campaign.notices))


def _read_campaign(
    path: Path, folder: StateFolder, options: CampaignOptions, aws: AwsOptions, lang: Language
) -> Campaign:
    """Read the goal and the account, and return how the campaign stands.

    Raises:
        FaultyInput: if a file has faults.
        UsageError: if the goal has no waves.
    """
    files = CampaignFiles(str(path), read_goal(path), exceptions_of(options.exceptions), folder)
    usage = usage_from(options.logs, lang)
    if not options.planning.snapshots:
        check_goal(files.shape, files.path)
    at = account_of(options.planning, aws, lang)
    check_usage(usage, at.snapshot)
    return files.campaign(at.snapshot, at.caller, usage, options.today)


@dataclass(frozen=True, slots=True)
class CampaignFiles:
    """The files of a campaign.

    Attributes:
        path, shape: the goal's file, and what is in it.
        folder: the state.
    """

    path: str
    shape: Shape
    exceptions: Exceptions
    folder: StateFolder

    def campaign(
        self,
        account: Snapshot,
        caller: PlanCaller,
        usage: Usage | None,
        today: date | None = None,
    ) -> Campaign:
        """Return how the campaign stands in an account.

        Args:
            account: as it was read.
            caller: who would carry out what is due.
            usage: what logs say of the account's users.
            today: another day than that on which it was read; None: that day.

        Raises:
            FaultyInput: if a file has faults.
            UsageError: if the goal has no waves.
        """
        snapshot, users = account, self.folder.users(account)
        former = users.former_names(snapshot)
        exceptions = self.exceptions.following(former)
        exceptions.check(snapshot)
        if today is not None:
            noon = datetime.combine(today, time(12), timezone_of(self.shape))
            snapshot = replace(snapshot, taken_at=noon)
        inputs = GoalInputs(joined=users.joined, former=former)
        goal = goal_of(self.shape, self.path, snapshot, exceptions, inputs)
        if not any(wave.name for wave in goal.waves):
            raise UsageError(
                Message("a campaign needs waves, but this goal has none"),
                fix=Message("write `waves` in place of `who`"),
            )
        ledger = read_ledger(self.folder.ledger, snapshot.account, former)
        told = Told.of(ledger.entries, ZoneInfo(goal.timezone))
        known = CampaignInputs(usage, self.folder.progress(), told)
        campaign = campaign_of(goal, snapshot, caller, known)
        return replace(campaign, read_at=account.taken_at)


def _show(campaign: Campaign, options: CampaignOptions, lang: Language, after: str = "") -> None:
    report = replace(campaign_report(campaign), next_step=after)
    match options.output:
        case CampaignFormat.JSON:
            click.echo(json.dumps(campaign_to_json(campaign), ensure_ascii=False, indent=2))
        case CampaignFormat.CSV:
            click.echo(campaign_to_csv(campaign), nl=False)
        case CampaignFormat.HTML:
            click.echo(report_page(report, lang), nl=False)
        case CampaignFormat.TEXT if quiet():
            show_folded([report.headline.into(lang)])
        case CampaignFormat.TEXT:
            layout = TextLayout(terminal_width(), verbose=options.verbose)
            if colour_wanted():
                layout = TextLayout(terminal_width(), in_colour, options.verbose)
            click.echo(report_text(report, lang, layout), nl=False)


def _standing(
    campaign: Campaign, path: Path, options: CampaignOptions, aws: AwsOptions
) -> CampaignShown:
    lacks_mfa = campaign.today.plan.remedy_options == ("--mfa",) and (
        bool(options.snapshots) or not signs_with_long_term_key(aws)
    )
    shown = CampaignShown(
        options.planning.context(
            aws, goal=str(path), exceptions=options.exceptions, logs=options.logs
        ),
        due=False,
        stuck=False,
        lacks_mfa=lacks_mfa,
    )
    return campaign_standing(campaign, shown)


def campaign_standing(campaign: Campaign, shown: CampaignShown) -> CampaignShown:
    """Return where somebody stands to whom a campaign was shown, for `next_action`."""
    plan = campaign.today.plan
    # a plan knows nothing of who was told
    blocked = any(each.problems != (NOT_TOLD,) for each in campaign.overdue)
    due = bool((plan.changes and plan.applicable) or campaign.notices)
    return replace(shown, due=due, stuck=blocked or not plan.applicable)


def _remind(path: Path, folder: StateFolder, options: CampaignOptions, aws: AwsOptions) -> str:
    """Return the command that reminds people of this campaign by hand."""
    words = ["sekisho", "remind", str(path), "--state", folder.opened.address]
    words += ["--exceptions", options.exceptions] if options.exceptions else []
    words += ["--today", options.today.isoformat()] if options.today else []
    return f"{shlex.join(words)}{aws.typed}"


def _apply(run: Telling, remind: str, options: CampaignOptions, aws: AwsOptions) -> Exit:
    """Do what is due today, tell people what is true then, and note how far the campaign is."""
    campaign, folder, lang = run.campaign, run.folder, run.lang
    report, changes = None, _changes(campaign)
    if changes or campaign.notices:
        check_terminal(yes=options.yes)
    _show(campaign, options, lang)
    folder.record_users(campaign.snapshot)
    if changes or campaign.notices:
        asked = _ASKED if changes else _ASKED_TO_TELL
        told = len({each.person.user for each in campaign.notices})
        confirm(asked.filled(count=len(changes), told=told), lang, yes=options.yes)
    if changes:
        report = _make(run, options, aws)
    made = {*report.done, *report.already} if report is not None else set[str]()
    told_exit = run.carried_out([each for each in changes if each.address in made], remind)
    # as it was read and proved: what this run has changed is in the figures of the next
    folder.record(campaign.progress[-1])
    if report is not None and report.stopped:
        return Exit.ERROR
    return worst([told_exit, _exit_of(campaign, due=report is not None and not report.complete)])


def _changes(campaign: Campaign) -> tuple[Change, ...]:
    """Return the changes that can be made today."""
    plan = campaign.today.plan
    return plan.changes if plan.applicable else ()


def _make(run: Telling, options: CampaignOptions, aws: AwsOptions) -> ApplyReport:
    """Make today's changes by a plan with a journal, and say how to take them back."""
    plan, folder, lang = run.campaign.today.plan, run.folder, run.lang
    if options.today is not None:
        # in a rehearsal the plan is judged by another day, and its age by the real one
        plan = replace(plan, snapshot_at=datetime.now(UTC))
    path = folder.save(plan, run.campaign.day)
    plan_file = read_plan(path)
    connected = connection(aws, lang, reads=False)
    folder.opened.keep()
    with plan_file.journal.locked(), folder.opened.following(plan_file.journal):
        passwords = TemporaryPasswords(plan, None, lang)
        report = carry_out(plan_file, connected.api, passwords, lang)
    show_folded(applied_lines(report, lang, verbose=options.verbose))
    print_note(_JOURNAL.filled(path=folder.opened.shown(path)).into(lang))
    takes_back = f"sekisho rollback {shlex.quote(folder.opened.address)}{aws.typed}"
    print_command(_TAKES_BACK.filled(command=takes_back).into(lang))
    return report


def _exit_of(campaign: Campaign, *, due: bool) -> Exit:
    """Return the exit code: for what is unknown, before what is wrong, before what is due."""
    plan = campaign.today.plan
    untold = any(proof.verdict is SafetyVerdict.UNKNOWN for proof in plan.proofs)
    untold |= any(each.stage is CampaignStage.UNKNOWN for each in campaign.people)
    if untold or campaign.doubtful or campaign.today.goal.unread:
        return Exit.UNKNOWN
    if not plan.applicable or campaign.overdue:
        return Exit.FINDINGS
    return Exit.CHANGES if due else Exit.CLEAN
