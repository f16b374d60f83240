"""`sekisho plan`: what would change, what it would come to for whom, and whether that is safe."""

from dataclasses import replace

import click

from sekisho.account import Snapshot
from sekisho.cli.aws import AwsOptions
from sekisho.cli.exits import Exit
from sekisho.cli.help import SpokenCommand
from sekisho.cli.options import grouped
from sekisho.cli.rollout.planning import (
    ExemptOptions,
    PlanningOptions,
    account_of,
    break_glass_option,
    exceptions_of,
    faults_by_option,
    finish,
    planning_options,
    read_acceptances,
)
from sekisho.cli.usage import check_usage, logs_option, usage_from
from sekisho.documents import Shape
from sekisho.errors import Code, UsageError, did_you_mean
from sekisho.lazy import dataclass
from sekisho.messages import Language, Message
from sekisho.policy import Preset
from sekisho.rollout import GoalInputs, Requirement, check_goal, goal_of, plan, read_goal

_OPTION_OF = {
    "policy": "--policy",
    "policy.preset": "--preset",
    "policy.name": "--name",
    "who.user": "--user",
    "who.group": "--members-of",
    "who.all": "--all-users",
    "who.with": "--with",
    "users": "--user",
    "group": "--group",
    "when": "--when",
    "require": "--require",
    "breakGlass": "--break-glass",
    "break_glass": "--break-glass",
    "except": "--except",
}
"""Which option says a part of a goal, by its path in a goal file and in a goal, without indices."""


@dataclass(frozen=True, slots=True)
class GoalOptions:
    """A goal said by options: the same as a goal file says.

    Attributes:
        preset, policy, name: which policy, or a file of one, and its name.
        users, groups, everybody: for whom MFA is enforced.
        credentials: of those, only who holds one of these: password, key, device.
        group: the user group through which; None: user by user.
        when: whether also for who has a temporary password.
        require: the kind of device that everybody is to come to; None: any.
        break_glass: users who are never touched.
    """

    preset: str | None
    policy: str | None
    name: str | None
    users: tuple[str, ...]
    groups: tuple[str, ...]
    everybody: bool
    credentials: tuple[str, ...]
    group: str | None
    when: str | None
    require: str | None
    break_glass: tuple[str, ...]

    def as_file(self) -> dict[str, object] | None:
        """Return the goal as a goal file has it; None if no option says one."""
        if self == _NO_GOAL:
            return None
        holding = {"with": list(self.credentials)} if self.credentials else {}
        who: list[dict[str, object]] = [{"user": name, **holding} for name in self.users]
        who += [{"group": name, **holding} for name in self.groups]
        who += [{"all": True, **holding}] if self.everybody else []
        policy = {"preset": self.preset, "file": self.policy, "name": self.name}
        return {
            "policy": {key: value for key, value in policy.items() if value},
            "group": self.group,
            "when": self.when,
            "require": self.require,
            "who": who,
            "breakGlass": list(self.break_glass),
        }


_NO_GOAL = GoalOptions(None, None, None, (), (), False, (), None, None, None, ())
_goal_options = grouped(
    "goal_options",
    GoalOptions,
    click.option(
        "--preset",
        type=click.Choice([preset.value for preset in Preset]),
        help="Which Force_MFA policy.",
    ),
    click.option("--policy", metavar="FILE", help="Your own policy file instead."),
    click.option("--name", metavar="NAME", help="The policy's name; Force_MFA if not given."),
    click.option(
        "--user", "users", metavar="NAME", multiple=True, help="A user to enforce MFA for."
    ),
    click.option(
        "--members-of",
        "groups",
        metavar="GROUP",
        multiple=True,
        help="Enforce MFA for its members.",
    ),
    click.option("--all-users", "everybody", is_flag=True, help="Enforce MFA for all users."),
    click.option(
        "--with",
        "credentials",
        type=click.Choice(["password", "key", "device"]),
        multiple=True,
        help="Limit the selection to users with a password, an access key or an MFA device.",
    ),
    click.option(
        "--group",
        metavar="NAME",
        help="Enforce MFA through this user group; otherwise user by user.",
    ),
    click.option(
        "--when",
        type=click.Choice(["at-once", "after-password-change"]),
        help="For users with a temporary password: enforce MFA now (default), or after they "
        "change it.",
    ),
    click.option(
        "--require",
        type=click.Choice([each.value for each in Requirement]),
        help="The kind of device that everybody should register; reported, never enforced.",
    ),
    break_glass_option,
)


_REFUSED_WITH_GOAL_FILE = ("--preset", "--when", "--break-glass")
"""Options that the command refuses beside a goal file, which says the same."""
_REFUSED_WITH_POLICY_FILE = ("--preset",)


@click.command("plan", cls=SpokenCommand)
@click.argument("goal", required=False, metavar="[GOAL]")
@_goal_options
@click.option(
    "--except",
    "left_out",
    metavar="USER",
    multiple=True,
    help="Leave this user out, for example a machine user; also with a goal file.",
)
@click.option("--exceptions", metavar="FILE", help="The exceptions file.")
@logs_option
@planning_options
def command(
    goal: str | None,
    goal_options: GoalOptions,
    left_out: tuple[str, ...],
    exceptions: str | None,
    logs: tuple[str, ...],
    planning: PlanningOptions,
    aws: AwsOptions,
    lang: Language,
) -> Exit:
    """Plan the changes from the account as it is to a goal; nothing is changed.

    GOAL is a goal file; without one, options give the goal. Exit 0 if there is nothing to change,
    2 if changes are pending, 3 if the plan has problems, 4 if something is unknown.
    """
    acceptances = read_acceptances(planning.accept)
    shape, source = _goal(goal, goal_options.as_file())
    excepted = exceptions_of(exceptions)
    usage = usage_from(logs, lang)
    if not planning.snapshots:
        with faults_by_option({} if goal else _OPTION_OF, source, "goal"):
            check_goal(shape, source)
    at = account_of(planning, aws, lang)
    snapshot = at.snapshot
    excepted.check(snapshot)
    check_usage(usage, snapshot)
    _check_left_out(left_out, snapshot)
    with faults_by_option({} if goal else _OPTION_OF, source, "goal"):
        wanted = goal_of(shape, source, snapshot, excepted, GoalInputs(left_out))
        new_plan = plan(wanted, snapshot, at.caller, acceptances, usage)
    refused = _REFUSED_WITH_POLICY_FILE if goal_options.policy else ()
    origin = at.origin(_REFUSED_WITH_GOAL_FILE if goal else refused)
    origin = replace(origin, goal=goal, left_out=left_out, exempt=ExemptOptions((), exceptions))
    return finish(new_plan, planning, aws, lang, origin)


def _check_left_out(names: tuple[str, ...], snapshot: Snapshot) -> None:
    """Refuse `--except` of a user who does not exist: a misspelt name would leave out nobody."""
    for name in names:
        if snapshot.users_listed and name not in snapshot.user_named:
            raise UsageError(
                Message("`--except {name}`: there is no user `{name}`").filled(name=name),
                fix=did_you_mean(name, snapshot.user_named),
            )


def _goal(path: str | None, raw: dict[str, object] | None) -> tuple[Shape, str]:
    """Return the goal of a goal file, or else of options, and what errors call it."""
    if path is not None and raw is not None:
        raise UsageError(Message("a goal file excludes the options that select users or a policy"))
    if path is not None:
        return read_goal(path), path
    if raw is None:
        fix = Message("give a goal file, `--user NAME` or `--all-users`")
        raise UsageError(Message("nothing is selected"), fix=fix)
    return Shape(raw, "", [], code=Code.FILE_BAD_SHAPE), "options"
