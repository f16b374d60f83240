"""`sekisho plan`: what would change, what it would come to for whom, and whether that is safe."""

from typing import Any

import click

from sekisho.cli.exempted import exceptions_of
from sekisho.cli.exits import Exit
from sekisho.cli.plan_options import SAYS, accepted, goal_options, raw_goal, said_by
from sekisho.cli.planning import account_of, finish, planning_options
from sekisho.documents import Shape
from sekisho.errors import Code, UsageError
from sekisho.messages import Language
from sekisho.rollout import plan
from sekisho.rollout.goal.file import goal_of, read_goal

__all__ = ["command"]


@click.command("plan", short_help="What would change, for whom, and whether that is safe.")
@click.argument("goal", required=False, metavar="[GOAL]")
@goal_options
@click.option("--exceptions", metavar="FILE", help="Who need not be enforced: an exceptions file.")
@planning_options
def command(goal: str | None, output: str, lang: Language, **given: Any) -> Exit:
    """Plan the way from the account as it is to a goal; nothing is changed.

    GOAL is a goal file; without one, options say the goal. Exit 0 if there is nothing to change,
    2 if changes wait, 3 if something speaks against them, 4 if something could not be told.
    """
    words = accepted(given["accept"])
    shape, source = _goal(goal, raw_goal(given))
    exceptions = exceptions_of(given)
    snapshot, caller = account_of(given, lang)
    exceptions.check(snapshot)
    with said_by({} if goal else SAYS, source, "goal"):
        wanted = goal_of(shape, source, snapshot, exceptions)
        made = plan(wanted, snapshot, caller, words)
    return finish(made, given, output, lang)


def _goal(path: str | None, raw: dict[str, object] | None) -> tuple[Shape, str]:
    if path is not None and raw is not None:
        raise UsageError("a goal file goes with no option that says a goal")
    if path is not None:
        return read_goal(path), path
    if raw is None:
        fix = "give a goal file, or options like `--user NAME`"
        raise UsageError("there is no goal", fix=fix)
    return Shape(raw, "", [], {}, Code.FILE_BAD_SHAPE), "options"
