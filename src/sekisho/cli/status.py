"""`sekisho status`: how a plan, or a goal, stands in the account now. Reads only."""

import json
from pathlib import Path
from typing import Any

import click

from sekisho.cli.aws import aws_options, collected, connection
from sekisho.cli.exempted import exceptions_of
from sekisho.cli.exits import Exit, worst
from sekisho.cli.options import OutputFormat, format_option, lang_option
from sekisho.cli.status_output import plan_as_json, plan_stands, waves_as_json, waves_stand
from sekisho.errors import UsageError
from sekisho.messages import Language
from sekisho.rollout.applying.change_status import Stands
from sekisho.rollout.applying.plan_file import read_plan
from sekisho.rollout.goal.file import goal_of, read_goal
from sekisho.rollout.goal.waves import WaveStands, waves_of
from sekisho.rollout.history import CALLS
from sekisho.rollout.status import Standing, standing_of

__all__ = ["command"]


@click.command("status", short_help="How a plan or a goal stands in the account now.")
@click.argument("path", metavar="PLAN|JOURNAL|GOAL", type=click.Path(path_type=Path))
@click.option(
    "--journal",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The plan's journal; PLAN.journal if not given.",
)
@click.option("--exceptions", metavar="FILE", help="With a goal: its exceptions file.")
@click.option("--who", is_flag=True, help=f"Ask CloudTrail who it was: at most {CALLS} calls.")
@format_option
@aws_options
@lang_option
def command(path: Path, output: OutputFormat, lang: Language, **given: Any) -> Exit:
    """Say what of a plan is done, what waits, what others have changed since, and who has enrolled.

    Of a goal (a YAML file), say for each wave who is due, enrolled and proved enforced. Exit 0
    if everything is as wanted, 2 if something waits, 3 if something has drifted, 4 if something
    could not be read, or it is in doubt whose a password is.
    """
    if path.suffix in (".yaml", ".yml"):
        if given["who"]:
            raise UsageError("`--who` is for a plan: a goal tells of no changes")
        return _of_goal(path, output, lang, given)
    if given["exceptions"]:
        raise UsageError("`--exceptions` is for a goal: a plan has them in it")
    kept = read_plan(path, given["journal"])
    standing = standing_of(kept, connection(given, lang).api, who=given["who"])
    if output is OutputFormat.JSON:
        found = plan_as_json(kept.plan, standing)
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join(plan_stands(kept.plan, standing, lang)))
    return _exit_of(standing)


def _of_goal(path: Path, output: OutputFormat, lang: Language, given: dict[str, Any]) -> Exit:
    if given["journal"]:
        raise UsageError("`--journal` is for a plan: a goal has none", fix="leave it out")
    shape = read_goal(path)
    exceptions = exceptions_of(given)
    snapshot = collected(connection(given, lang), lang)
    exceptions.check(snapshot)
    goal = goal_of(shape, str(path), snapshot, exceptions)
    waves = waves_of(goal, snapshot)
    if output is OutputFormat.JSON:
        click.echo(json.dumps(waves_as_json(waves, goal.unread), indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join(waves_stand(waves, goal.unread, lang)))
    return worst([*_exits(waves), *([Exit.UNKNOWN] if goal.unread else [])])


def _exits(waves: tuple[WaveStands, ...]) -> list[Exit]:
    due = [wave for wave in waves if wave.due]
    unknown = [Exit.UNKNOWN for wave in due if wave.unknown]
    return unknown + [Exit.CHANGES for wave in due if wave.open]


def _exit_of(standing: Standing) -> Exit:
    found = [Exit.UNKNOWN] if standing.unread or standing.of(Stands.IN_DOUBT) else []
    found += [Exit.FINDINGS] if standing.of(Stands.DRIFTED) else []
    found += [Exit.CHANGES] if standing.of(Stands.WAITS) else []
    return worst(found)
