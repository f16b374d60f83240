"""`sekisho offboard`: somebody leaves."""

from typing import Any

import click

from sekisho.cli.exits import Exit
from sekisho.cli.plan_options import accepted
from sekisho.cli.planning import account_of, finish, planning_options
from sekisho.language import Language
from sekisho.rollout.lifecycle import offboard, standpoint

__all__ = ["command"]


@click.command("offboard", short_help="Plan that somebody leaves: no right, no credential is left.")
@click.argument("user", metavar="USER")
@click.option("--break-glass", metavar="NAME", multiple=True, help="Never touched.")
@planning_options
def command(user: str, output: str, lang: Language, **given: Any) -> Exit:
    """Plan that a USER leaves; nothing is changed.

    Everything is denied first, running sessions included. Then the password is deleted, keys and
    other credentials are made inactive, devices deactivated, groups left. The user stays.
    """
    words = accepted(given["accept"])
    snapshot, caller = account_of(given, lang)
    at = standpoint(snapshot, caller, given["break_glass"], words)
    return finish(offboard(at, user), given, output, lang)
