"""`sekisho onboard`, `reset` and `offboard`: plans about one person."""

from dataclasses import replace
from functools import partial

import click

from sekisho.account import Snapshot
from sekisho.cli.aws import AwsOptions, refuse_beside
from sekisho.cli.exits import Exit
from sekisho.cli.help import SpokenCommand
from sekisho.cli.options import grouped, pair
from sekisho.cli.quiet import print_note
from sekisho.cli.rollout.planning import (
    AccountToPlan,
    ExemptOptions,
    PlanningOptions,
    account_of,
    exempt_options,
    faults_by_option,
    finish,
    planning_options,
    read_acceptances,
)
from sekisho.errors import FaultyInput, SekishoError, SeveralErrors, UsageError
from sekisho.lazy import dataclass
from sekisho.messages import Language, Message
from sekisho.policy import (
    DESCRIPTION,
    NAME,
    Document,
    Preset,
    choices_of,
    force_mfa,
    names,
)
from sekisho.rollout import (
    Goal,
    GroupGoal,
    NewUser,
    PlanningContext,
    PolicyGoal,
    TemporaryPassword,
    plan,
    planning_context,
)
from sekisho.rollout import offboard as offboarding
from sekisho.rollout import reset as resetting

_THERE = Message("The user {user} already exists: the plan adds only what is missing.")
_OPTION_OF = {
    "new_users": "USER",
    "new_users.groups": "--join",
    "new_users.path": "--path",
    "new_users.tags": "--tag",
    "policy": "--name",
    "group": "--group",
    "break_glass": "--break-glass",
}
"""Which option says a part of the goal."""


@dataclass(frozen=True, slots=True)
class NewUserOptions:
    """What a new user is to be.

    Attributes:
        group: the user group through which MFA is enforced; None: directly.
        join: other user groups.
        iam_path: the IAM path.
        tags: `KEY=VALUE`, as given.
        no_password: no console access.
        keep_password: the first password need not be changed.
    """

    group: str | None
    join: tuple[str, ...]
    iam_path: str
    tags: tuple[str, ...]
    no_password: bool
    keep_password: bool

    def new_user(self, user: str) -> NewUser:
        """Return the user; AWS need not be asked to find what is wrong with them.

        Raises:
            SekishoError: with everything that is wrong with them.
        """
        errors: list[SekishoError] = []
        tags = _tags(self.tags, errors)
        faults = [
            *names.user_name(user, "USER"),
            *names.path(self.iam_path, "--path"),
            *names.tags(tags.items(), "--tag"),
            *(names.group_name(self.group, "--group") if self.group else ()),
        ]
        errors += [FaultyInput(Message("options", "source"), faults)] if faults else []
        if errors:
            raise errors[0] if len(errors) == 1 else SeveralErrors(errors)
        password = None if self.no_password else TemporaryPassword(not self.keep_password)
        directly = self.group is None
        return NewUser(
            user, self.iam_path, tags, password, groups=self.join, attach_policy=directly
        )


_new_user_options = grouped(
    "new",
    NewUserOptions,
    click.option(
        "--group", metavar="NAME", help="Enforce MFA through this user group; otherwise directly."
    ),
    click.option("--join", metavar="GROUP", multiple=True, help="Another user group to join."),
    click.option(
        "--path", "iam_path", metavar="PATH", default="/", help="The IAM path of the user."
    ),
    click.option("--tag", "tags", metavar="KEY=VALUE", multiple=True, help="A tag of the user."),
    click.option("--no-password", is_flag=True, help="No console access."),
    click.option(
        "--keep-password", is_flag=True, help="The first password need not be changed at sign-in."
    ),
)


@click.command("onboard", cls=SpokenCommand)
@click.argument("user", metavar="USER")
@_new_user_options
@exempt_options
@click.option("--name", metavar="NAME", default="Force_MFA", help="The policy; Force_MFA.")
@click.option(
    "--preset",
    type=click.Choice([preset.value for preset in Preset]),
    default=Preset.RECOMMENDED.value,
    help="Which policy, where the account does not have it yet.",
)
@planning_options
def onboard(
    user: str,
    new: NewUserOptions,
    exempt: ExemptOptions,
    name: str,
    preset: str,
    planning: PlanningOptions,
    aws: AwsOptions,
    lang: Language,
) -> Exit:
    """Plan a new USER with MFA enforcement attached; nothing is changed.

    `apply` makes a temporary password, shows it once on the terminal, and keeps it nowhere.
    """
    if new.no_password:
        refuse_beside("--no-password", {"keep_password": new.keep_password})
    acceptances = read_acceptances(planning.accept)
    new_user = new.new_user(user)
    exceptions = exempt.read()
    at = account_of(planning, aws, lang)
    snapshot = at.snapshot
    exceptions.check(snapshot)
    goal = Goal(
        _policy(snapshot, name, Preset(preset)),
        group=GroupGoal(new.group, (user,)) if new.group else None,
        new_users=(new_user,),
        break_glass=exempt.untouched(exceptions),
        exceptions=exceptions.entries,
    )
    with faults_by_option(_OPTION_OF, "goal"):
        made = plan(goal, snapshot, at.caller, acceptances)
    if user in snapshot.user_named:
        print_note(_THERE.filled(user=user).into(lang))
    return finish(made, planning, aws, lang, at.origin())


def _policy(snapshot: Snapshot, name: str, preset: Preset) -> PolicyGoal:
    """Return the account's policy of this name, at any path; a new one if there is none."""
    for known in snapshot.policies.values():
        if known.name == name and not known.aws_managed:
            return PolicyGoal(known.name, known.document, known.path)
    return PolicyGoal(name, _preset(snapshot, preset), description=DESCRIPTION)


def _preset(snapshot: Snapshot, preset: Preset) -> Document:
    return force_mfa(replace(choices_of(preset), partition=snapshot.partition))


def _tags(texts: tuple[str, ...], errors: list[SekishoError]) -> dict[str, str]:
    tags: dict[str, str] = {}
    for text in texts:
        try:
            key, value = pair("--tag", "KEY=VALUE", text)
        except UsageError as error:
            errors.append(error)
            continue
        if key in tags:
            twice = Message("`--tag {text}`: the key `{key}` is given twice")
            errors.append(UsageError(twice.filled(text=text, key=key)))
        tags[key] = value
    return tags


_keep_sessions = click.option(
    "--keep-sessions", is_flag=True, help="Do not end the sessions of `aws login` and of agents."
)


@click.command("reset", cls=SpokenCommand)
@click.argument("user", metavar="USER")
@click.option(
    "--new-password", is_flag=True, help="Set a temporary password also if they have none."
)
@_keep_sessions
@exempt_options
@planning_options
def reset(
    user: str,
    new_password: bool,
    keep_sessions: bool,
    exempt: ExemptOptions,
    planning: PlanningOptions,
    aws: AwsOptions,
    lang: Language,
) -> Exit:
    """Plan for a USER whose MFA device is lost; nothing is changed.

    Their devices are deactivated, virtual ones deleted, and a temporary password is set if they
    have one. It must be changed at the next sign-in, unless their policies would refuse that.
    Sessions of `aws login` and of agents are ended.
    """
    account, at = _standpoint(exempt, planning, aws, lang)
    at = replace(at, keep_sessions=keep_sessions, new_password=new_password)
    made = resetting(at, user)
    origin = replace(account.origin(), exempt=exempt, enrols=partial(_enrols, at))
    return finish(made, planning, aws, lang, origin)


def _enrols(at: PlanningContext, user: str) -> bool:
    """Tell whether `sekisho plan --user USER` makes a plan that may be applied."""
    policy = PolicyGoal(NAME, _preset(at.snapshot, Preset.RECOMMENDED), description=DESCRIPTION)
    try:
        return plan(Goal(policy, users=(user,)), at.snapshot, at.caller).applicable
    except FaultyInput:
        return False


@click.command("offboard", cls=SpokenCommand)
@click.argument("user", metavar="USER")
@_keep_sessions
@exempt_options
@planning_options
def offboard(
    user: str,
    keep_sessions: bool,
    exempt: ExemptOptions,
    planning: PlanningOptions,
    aws: AwsOptions,
    lang: Language,
) -> Exit:
    """Plan the offboarding of a USER; nothing is changed.

    First everything is denied, including running sessions. Then the password is deleted, keys and
    other credentials and devices are deactivated, the user is removed from groups, and sessions of
    `aws login` and of agents are ended. The user itself stays.
    """
    account, at = _standpoint(exempt, planning, aws, lang)
    made = offboarding(replace(at, keep_sessions=keep_sessions), user)
    return finish(made, planning, aws, lang, account.origin())


def _standpoint(
    exempt: ExemptOptions, planning: PlanningOptions, aws: AwsOptions, lang: Language
) -> tuple[AccountToPlan, PlanningContext]:
    """Return the account and the context of a plan about an existing user."""
    acceptances = read_acceptances(planning.accept)
    exceptions = exempt.read()
    account = account_of(planning, aws, lang)
    exceptions.check(account.snapshot)
    untouched = exempt.untouched(exceptions)
    at = planning_context(account.snapshot, account.caller, untouched, acceptances)
    return account, replace(at, exceptions=exceptions.entries)
