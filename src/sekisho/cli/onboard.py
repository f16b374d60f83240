"""`sekisho onboard`: a new user, enforced from the first moment."""

from dataclasses import replace
from typing import Any

import click

from sekisho.account import Snapshot
from sekisho.cli.aws import refuse_beside
from sekisho.cli.exempted import break_glass_of, break_glass_options, exceptions_of
from sekisho.cli.exits import Exit
from sekisho.cli.options import pair
from sekisho.cli.plan_options import accepted, said_by
from sekisho.cli.planning import account_of, finish, planning_options
from sekisho.errors import FaultyInput, SekishoError, SeveralErrors, UsageError
from sekisho.messages import Language, Message
from sekisho.policy import DESCRIPTION, Preset, choices_of, force_mfa, names
from sekisho.rollout import Goal, GroupGoal, NewUser, PolicyGoal, TemporaryPassword, plan

__all__ = ["command"]

_THERE = Message("The user {user} is there already: the plan adds only what is missing.")
_SAYS = {
    "new_users": "USER",
    "new_users.groups": "--join",
    "new_users.path": "--path",
    "new_users.tags": "--tag",
    "policy": "--name",
    "group": "--group",
    "break_glass": "--break-glass",
}
"""Which option says a part of the goal."""


@click.command("onboard", short_help="Plan a new user, enforced from the first moment.")
@click.argument("user", metavar="USER")
@click.option("--group", metavar="NAME", help="Enforce MFA through this user group; else directly.")
@click.option("--join", metavar="GROUP", multiple=True, help="Another user group to join.")
@click.option("--path", "iam_path", metavar="PATH", default="/", help="The IAM path of the user.")
@click.option("--tag", "tags", metavar="KEY=VALUE", multiple=True, help="A tag of the user.")
@click.option("--no-password", is_flag=True, help="No console access.")
@click.option(
    "--keep-password", is_flag=True, help="The first password need not be changed at sign-in."
)
@break_glass_options
@click.option("--name", metavar="NAME", default="Force_MFA", help="The policy; Force_MFA.")
@click.option(
    "--preset",
    type=click.Choice([preset.value for preset in Preset]),
    default=Preset.RECOMMENDED.value,
    help="Which policy, where the account does not have it yet.",
)
@planning_options
def command(user: str, output: str, lang: Language, **given: Any) -> Exit:
    """Plan a new USER with MFA enforcement attached; nothing is changed.

    `apply` makes a temporary password, shows it once on the terminal, and keeps it nowhere.
    """
    if given["no_password"]:
        refuse_beside("--no-password", given, ("keep_password",))
    words = accepted(given["accept"])
    new = _new_user(user, given)
    exceptions = exceptions_of(given)
    snapshot, caller = account_of(given, lang)
    exceptions.check(snapshot)
    group = GroupGoal(given["group"], (user,)) if given["group"] else None
    goal = Goal(
        _policy(snapshot, given),
        group=group,
        new_users=(new,),
        break_glass=break_glass_of(given, exceptions),
        exceptions=exceptions.entries,
    )
    with said_by(_SAYS, "goal"):
        made = plan(goal, snapshot, caller, words)
    if user in snapshot.user_named:
        click.echo(_THERE.filled(user=user).into(lang), err=True)
    return finish(made, given, output, lang)


def _policy(snapshot: Snapshot, given: dict[str, Any]) -> PolicyGoal:
    """Return the policy as the account has it, at whatever path; a new one if it has none."""
    for known in snapshot.policies.values():
        if known.name == given["name"] and not known.aws_managed:
            return PolicyGoal(known.name, known.document, known.path)
    choices = replace(choices_of(Preset(given["preset"])), partition=snapshot.partition)
    return PolicyGoal(given["name"], force_mfa(choices), description=DESCRIPTION)


def _new_user(user: str, given: dict[str, Any]) -> NewUser:
    """Return the user whom the options tell of; AWS need not be asked to find them faulty.

    Raises:
        SekishoError: with everything that is wrong with them.
    """
    errors: list[SekishoError] = []
    tags = _tags(given["tags"], errors)
    faults = [
        *names.user_name(user, "USER"),
        *names.path(given["iam_path"], "--path"),
        *names.tags(tags.items(), "--tag"),
        *(names.group_name(given["group"], "--group") if given["group"] else ()),
    ]
    errors += [FaultyInput("options", faults)] if faults else []
    if errors:
        raise errors[0] if len(errors) == 1 else SeveralErrors(errors)
    password = None if given["no_password"] else TemporaryPassword(not given["keep_password"])
    enforced = given["group"] is None
    return NewUser(user, given["iam_path"], tags, password, groups=given["join"], enforced=enforced)


def _tags(texts: tuple[str, ...], errors: list[SekishoError]) -> dict[str, str]:
    tags: dict[str, str] = {}
    for text in texts:
        try:
            key, value = pair("--tag", "KEY=VALUE", text)
        except UsageError as error:
            errors.append(error)
            continue
        if key in tags:
            errors.append(UsageError(f"`--tag {text}`: the key `{key}` stands twice"))
        tags[key] = value
    return tags
