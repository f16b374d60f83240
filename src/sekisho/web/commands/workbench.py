"""`sekisho web`: an account in a browser, to read."""

import hashlib
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sekisho import __version__
from sekisho.account import Snapshot, SnapshotApi, Usage
from sekisho.audit.exceptions import Exceptions, load_exceptions
from sekisho.audit.report import audit_account
from sekisho.cli.audit import AuditOptions, audited, break_glass_of, passkeys_of
from sekisho.cli.aws import AwsOptions, aws_options, read_account, snapshot_option
from sekisho.cli.exits import Exit
from sekisho.cli.group import words_of
from sekisho.cli.help import SpokenCommand
from sekisho.cli.next_action import CampaignShown, RunContext, State, next_action
from sekisho.cli.options import grouped, lang_option
from sekisho.cli.progress import reading_progress, serve
from sekisho.cli.quiet import quiet_option
from sekisho.cli.rollout.state import state_at
from sekisho.cli.rollout.status import plan_standing
from sekisho.cli.usage import account_with_logs, logs_option, usage_in
from sekisho.documents import Shape
from sekisho.engine import AttachedPolicy
from sekisho.errors import UsageError
from sekisho.lazy import dataclass
from sekisho.messages import Language, Message
from sekisho.policy import NAME, Preset, choices_of, force_mfa
from sekisho.rollout import (
    OpenFolder,
    Plan,
    PlanCaller,
    PlanFile,
    WaveStatus,
    forecast,
    goal_of,
    read_goal,
    read_plan,
    waves_of,
)
from sekisho.rollout import plan as make_plan

if TYPE_CHECKING:
    from sekisho.campaign import Campaign
    from sekisho.replay import Binding
    from sekisho.replay.commands import AskedBinding
    from sekisho.replay.reading import FoundFiles
    from sekisho.replay.report import ReplayReport
    from sekisho.web.workbench import PlanInView

_OPEN = Message("Open the workbench in a browser on this computer: {url}")
_FORCE_MFA = Message(
    "Evaluated: `Force_MFA` as `sekisho policy new` writes it, attached to every IAM user."
)
_FORCE_MFA_BUT = Message(
    "Evaluated: `Force_MFA` as `sekisho policy new` writes it, attached to every IAM user except "
    "{names}, by the exceptions file."
)
_READS = Message("It only reads, and never changes an account. Ctrl-C ends it.")


@dataclass(frozen=True, slots=True)
class WebOptions:
    """The options of `sekisho web`.

    Attributes:
        snapshots: saved accounts in place of AWS.
        exceptions: the exceptions file.
        plan: a plan for the account, or the journal of one.
        goals: goal files: their break-glass users are not to be enforced, their waves go on a time
            line, and how a campaign of theirs stands is shown.
        state: where the campaign of the goal keeps its state; "": beside the goal.
        logs: logs of CloudTrail, of which it is shown what a plan, else goals, else `Force_MFA`
            would have denied; or what `logs usage` saved, which does not tell that.
        port: 0: a free one.
    """

    snapshots: tuple[str, ...]
    exceptions: str | None
    plan: Path | None
    goals: tuple[str, ...]
    state: str
    logs: tuple[str, ...]
    port: int

    def check(self) -> None:
        """Raise UsageError if options do not go together."""
        if self.state and len(self.goals) != 1:
            raise UsageError(
                Message("`--state` is for the campaign of one goal"),
                fix=Message("give one `--goal`, or leave `--state` out"),
            )


@click.command(cls=SpokenCommand)
@grouped(
    "options",
    WebOptions,
    snapshot_option(),
    click.option("--exceptions", metavar="FILE", help="The exceptions file."),
    click.option(
        "--plan",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Show a plan for the account, too, and how it stands there.",
    ),
    click.option(
        "--goal",
        "goals",
        metavar="FILE",
        multiple=True,
        help="A goal file: its break-glass users are not to be enforced; people have their stage "
        "and day.",
    ),
    click.option(
        "--state",
        metavar="PLACE",
        default="",
        help="With --goal: the state of its campaign, a folder or s3://BUCKET/PREFIX; "
        "GOAL.campaign if not given.",
    ),
    logs_option,
    click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port; a free one if 0."),
)
@quiet_option
@aws_options
@lang_option
def command(options: WebOptions, aws: AwsOptions, lang: Language) -> Exit:
    """Show an account in a browser: users, findings, a plan, policies, until Ctrl-C.

    The pages are on this computer alone, under localhost. They only read: where something is to be
    changed, they show the command.
    """
    # Flask is heavy, and in an extra: not before it is needed
    from sekisho.web import WebServer  # noqa: PLC0415 - as above
    from sekisho.web.workbench import Material, workbench_site  # noqa: PLC0415 - as above

    options.check()
    # what is faulty in a file is said before an account is read, which takes long
    excepted = load_exceptions(options.exceptions) if options.exceptions else Exceptions()
    goals = {path: read_goal(path) for path in options.goals}
    file = None if options.plan is None else read_plan(options.plan)
    logs = _logs_of(options.logs)
    snapshot = read_account(options.snapshots, aws, lang)
    question = _Question(file, str(options.plan), options.goals, excepted)
    usage, replay = _logged(logs, question, snapshot, lang)
    snapshot = account_with_logs(snapshot, usage)
    excepted = replace(
        excepted,
        goals=break_glass_of(goals, snapshot),
        passkeys=passkeys_of(goals, snapshot, excepted),
    )
    report = audit_account(snapshot, excepted, usage=usage, version=__version__)
    plan = None
    if file is not None:
        read = (goal_of(goal, path, snapshot, excepted) for path, goal in goals.items())
        waves = [wave for goal in read for wave in waves_of(goal, snapshot)]
        plan = _plan_in_view(file, options, snapshot, waves)
    source = " ".join(words_of("--snapshot", *options.snapshots)) or aws.typed.strip()
    asked = AuditOptions(
        options.snapshots, options.exceptions, options.goals, policy=None, logs=options.logs
    )
    after = audited(report, asked, aws)
    campaigns = _Campaigns(options, aws, lang).standing(goals, snapshot, usage)
    states = [*_plan_state(file, plan, aws), *(shown for _, shown in campaigns), after]
    # what the plan or the campaign waits for comes before a new plan
    leading = next((each for each in states if next_action(each)), after)
    told = after.beforehand if leading is after else None
    running = tuple(campaign for campaign, _ in campaigns)
    planned = _plans_without_waves(goals, snapshot, excepted, usage)
    material = Material(
        report,
        source,
        plan,
        replay,
        next_action(leading),
        told,
        running,
        planned,
        _files(options),
        after,
    )
    site = workbench_site(material, lang)
    with WebServer(site, options.port) as server:
        try:
            click.echo(_OPEN.filled(url=server.url).into(lang))
            click.echo(_READS.into(lang))
            serve()
        except KeyboardInterrupt:
            click.echo()
    return Exit.CLEAN


def _files(options: WebOptions) -> tuple[tuple[str, str], ...]:
    """Return the files of the account, the plan and goals with their hashes."""
    given = (*options.snapshots, options.exceptions, options.plan, *options.goals)
    paths = [Path(each) for each in given if each is not None]
    return tuple(
        (str(each), hashlib.sha256(each.read_bytes()).hexdigest())
        for each in paths
        if each.is_file()
    )


def _logs_of(paths: tuple[str, ...]) -> "Usage | FoundFiles | None":
    """Return the content of a usage file, or the logs that are still to be read, or None."""
    usage = usage_in(paths)
    if usage is not None or not paths:
        return usage
    from sekisho.replay.reading import local_logs  # noqa: PLC0415 - needs the extra

    return local_logs(paths)


def _plan_in_view(
    file: PlanFile, options: WebOptions, snapshot: Snapshot, waves: Sequence[WaveStatus]
) -> "PlanInView":
    """Return the plan with how it stands, and the waves of its goals."""
    from sekisho.web.workbench import PlanInView  # noqa: PLC0415 - as above

    goal = next(iter(options.goals), "")
    return PlanInView.of(str(options.plan), file, SnapshotApi(snapshot), tuple(waves), goal)


def _plan_state(
    file: PlanFile | None, viewed: "PlanInView | None", aws: AwsOptions
) -> Iterator[State]:
    """Yield where somebody stands with a plan that is not done, or that somebody has changed."""
    if file is None or viewed is None or viewed.standing is None:
        return
    words = shlex.quote(viewed.path)
    found = plan_standing(file, viewed.standing, words, aws)
    if found.waits or found.unexplained:
        yield replace(found, typed=f"sekisho status {words}")


def _has_waves(shape: Shape) -> bool:
    return isinstance(shape.raw, dict) and bool(shape.raw.get("waves"))


def _plans_without_waves(
    goals: Mapping[str, Shape], snapshot: Snapshot, excepted: Exceptions, usage: Usage | None
) -> tuple[Plan, ...]:
    """Return the plans of goals that are no campaigns: everybody's turn comes at once."""
    # the caller who applies it later is not known; the impact on users does not depend on it
    caller = PlanCaller(f"arn:{snapshot.partition}:iam::{snapshot.account}:root")
    whole = (path for path, shape in goals.items() if not _has_waves(shape))
    return tuple(
        make_plan(goal_of(goals[path], path, snapshot, excepted), snapshot, caller, usage=usage)
        for path in whole
    )


@dataclass(frozen=True, slots=True)
class _Campaigns:
    """What the campaigns of goals are read by."""

    options: WebOptions
    aws: AwsOptions
    lang: Language

    def standing(
        self, goals: Mapping[str, Shape], snapshot: Snapshot, usage: "Usage | None"
    ) -> "list[tuple[Campaign, CampaignShown]]":
        """Return how the campaign of each goal with waves stands, and what comes next in it."""
        staged = (path for path, shape in goals.items() if _has_waves(shape))
        return [self._campaign(path, goals[path], snapshot, usage) for path in staged]

    def _campaign(
        self, path: str, shape: Shape, snapshot: Snapshot, usage: "Usage | None"
    ) -> "tuple[Campaign, CampaignShown]":
        from sekisho.campaign import StateFolder  # noqa: PLC0415 - only with a goal
        from sekisho.campaign.commands import (  # noqa: PLC0415 - as above
            CampaignFiles,
            campaign_standing,
        )

        options, aws = self.options, self.aws
        exceptions = load_exceptions(options.exceptions) if options.exceptions else Exceptions()
        # the caller who runs it later is not known; the impact on users does not depend on it
        caller = PlanCaller(f"arn:{snapshot.partition}:iam::{snapshot.account}:root")
        place = state_at(options.state or f"{path}.campaign", aws, self.lang, notes=False)
        with place.read() as read:
            folder = StateFolder(OpenFolder(read, place.address))
            files = CampaignFiles(path, shape, exceptions, folder)
            campaign = files.campaign(snapshot, caller, usage)
        typed = [
            *("sekisho campaign", *words_of("", path)),
            *words_of("--exceptions", options.exceptions),
            *words_of("--state", *filter(None, (options.state,))),
            *words_of("--logs", *options.logs),
            aws.typed,
        ]
        shown = CampaignShown(
            RunContext(
                aws.typed,
                options.snapshots,
                goal=path,
                exceptions=options.exceptions,
                logs=options.logs,
            ),
            due=False,
            stuck=False,
            typed=" ".join(filter(None, (each.strip() for each in typed))),
        )
        return campaign, campaign_standing(campaign, shown)


def _logged(
    logs: "Usage | FoundFiles | None", question: "_Question", snapshot: Snapshot, lang: Language
) -> "tuple[Usage | None, ReplayReport | None]":
    """Return the users' activity in logs, and the calls that would have been denied.

    A usage file has counts and no calls, so there are no denied calls for it.
    """
    if logs is None or isinstance(logs, Usage):
        return logs, None
    from sekisho.replay import JudgeSettings, columns_of  # noqa: PLC0415 - only with logs
    from sekisho.replay.reading import read_groups  # noqa: PLC0415 - needs the extra
    from sekisho.replay.report import trail_logs, usage_of  # noqa: PLC0415 - takes time to load

    asked = question.binding(snapshot)
    with reading_progress(lang) as progress:
        groups = read_groups(logs.files, columns_of(asked.binding), progress=progress)
    return usage_of(trail_logs(groups, logs.skipped)), asked.report(
        groups, logs.skipped, JudgeSettings()
    )


@dataclass(frozen=True, slots=True)
class _Question:
    """What is in question of logs: a plan; else goals; with neither `Force_MFA` for every user.

    Attributes:
        file, path: the plan, and its file as on the command line.
        goals: their files.
        excepted: who is not to be enforced.
    """

    file: PlanFile | None
    path: str
    goals: tuple[str, ...]
    excepted: Exceptions

    def binding(self, snapshot: Snapshot) -> "AskedBinding":
        """Return which policies bind whom, in an account."""
        from sekisho.replay.commands import (  # noqa: PLC0415 - only with logs
            AskedBinding,
            enabled_of,
        )
        from sekisho.replay.report import ReplayQuestion  # noqa: PLC0415 - as above

        binding, names, about = self._binding_of_plan_or_goals(snapshot)
        question = ReplayQuestion(names, about, account=True, enabled=enabled_of(snapshot))
        return AskedBinding(binding, question, snapshot.taken_at)

    def _binding_of_plan_or_goals(
        self, snapshot: Snapshot
    ) -> "tuple[Binding, tuple[str, ...], Message]":
        from sekisho.replay import binding_of_states  # noqa: PLC0415 - as above
        from sekisho.replay.commands import (  # noqa: PLC0415 - as above
            about_goals,
            about_plan,
            plan_of_goal,
        )

        if self.file is not None:
            after = forecast(snapshot, self.file.plan.changes)
            return binding_of_states(snapshot, after), (self.path,), about_plan(self.path)
        if self.goals:
            after = snapshot
            for path in self.goals:
                after = forecast(after, plan_of_goal(path, after, self.excepted).changes)
            return binding_of_states(snapshot, after), self.goals, about_goals(self.goals)
        now = snapshot.taken_at
        out = [each.user for each in self.excepted.entries if not each.expired(now)]
        about = _FORCE_MFA_BUT.filled(names=", ".join(out)) if out else _FORCE_MFA
        return _force_mfa_binding(snapshot, out), (NAME,), about


def _force_mfa_binding(snapshot: Snapshot, out: Sequence[str]) -> "Binding":
    """Return the policies of each user if the default Force_MFA is attached to all users.

    Args:
        snapshot: the account.
        out: the names of the users who are excepted.
    """
    from sekisho.replay import (  # noqa: PLC0415 - only with logs
        PolicyAttachment,
        PolicyChanges,
        Target,
        TargetKind,
        binding_of_change,
        binding_of_states,
    )

    policy = AttachedPolicy(NAME, force_mfa(choices_of(Preset.RECOMMENDED)))
    if out:
        users = (
            each if each.name in out else replace(each, inline=(*each.inline, policy))
            for each in snapshot.users
        )
        return binding_of_states(snapshot, replace(snapshot, users=tuple(users)))
    attached = PolicyAttachment(policy, Target(TargetKind.EVERY_USER))
    return binding_of_change(snapshot, PolicyChanges((attached,)))
