"""Commands that plan something about one user: `reset` and `offboard`."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import click

from sekisho.cli.exempted import break_glass_of, break_glass_options, exceptions_of
from sekisho.cli.exits import Exit
from sekisho.cli.plan_options import accepted
from sekisho.cli.planning import account_of, finish, planning_options
from sekisho.messages import Language
from sekisho.rollout import Plan
from sekisho.rollout.lifecycle import Standpoint, standpoint

__all__ = ["one_user_command"]


def one_user_command(
    made: Callable[[Standpoint, str], Plan], short_help: str, described: str
) -> click.Command:
    """Return the command that makes a plan about a USER; it is named as what makes the plan.

    Args:
        made: makes it, of where its caller stands and the user's name.
        short_help: one line.
        described: what `--help` says.
    """

    @click.command(made.__name__, short_help=short_help, help=described)
    @click.argument("user", metavar="USER")
    @break_glass_options
    @planning_options
    def command(user: str, output: str, lang: Language, **given: Any) -> Exit:
        words = accepted(given["accept"])
        exceptions = exceptions_of(given)
        snapshot, caller = account_of(given, lang)
        exceptions.check(snapshot)
        at = standpoint(snapshot, caller, break_glass_of(given, exceptions), words)
        known = replace(at, exceptions=exceptions.entries)
        return finish(made(known, user), given, output, lang)

    return command
