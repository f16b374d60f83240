"""`sekisho reset`: a lost phone."""

from typing import Any

import click

from sekisho.cli.exits import Exit
from sekisho.cli.plan_options import accepted
from sekisho.cli.planning import account_of, finish, planning_options
from sekisho.language import Language
from sekisho.rollout.lifecycle import reset, standpoint

__all__ = ["command"]


@click.command("reset", short_help="Plan a lost phone: the devices go, a temporary password comes.")
@click.argument("user", metavar="USER")
@click.option("--break-glass", metavar="NAME", multiple=True, help="Never touched.")
@planning_options
def command(user: str, output: str, lang: Language, **given: Any) -> Exit:
    """Plan for a USER whose MFA device is lost; nothing is changed.

    Their devices are deactivated, virtual ones deleted, and a temporary password is set if they
    have one. It must be changed at the next sign-in, unless their policies would refuse that.
    """
    words = accepted(given["accept"])
    snapshot, caller = account_of(given, lang)
    at = standpoint(snapshot, caller, given["break_glass"], words)
    return finish(reset(at, user), given, output, lang)
