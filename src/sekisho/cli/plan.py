"""`sekisho plan`: what would change, what it would come to for whom, and whether that is safe."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from sekisho.account import Snapshot, collect, open_account
from sekisho.audit.exceptions import Exceptions, load_exceptions
from sekisho.cli.aws import aws_options, connection
from sekisho.cli.exits import Exit
from sekisho.cli.options import lang_option
from sekisho.cli.plan_options import accepted, goal_options, raw_goal
from sekisho.cli.plan_output import plan_lines
from sekisho.errors import Code, UsageError
from sekisho.files import Shape, read_yaml
from sekisho.files.private import write_private
from sekisho.language import Language, Text
from sekisho.rollout import Caller, Plan, Verdict, plan
from sekisho.rollout.goal_file import goal_of
from sekisho.rollout.script import script_of

__all__ = ["command"]

_SAVED = Text(
    "Saved to {path}. Nothing has been changed; `sekisho apply {path}` does it.",
    "{path} に保存しました。まだ何も変更していません。`sekisho apply {path}` で適用します。",
)
_READING = Text("Reading the account...", "アカウントを読み取っています...")


@click.command("plan", short_help="What would change, for whom, and whether that is safe.")
@click.argument("goal", required=False, metavar="[GOAL]")
@goal_options
@click.option("--exceptions", metavar="FILE", help="Who need not be gated: an exceptions file.")
@click.option(
    "--accept", metavar="ID=REASON", multiple=True, help="Let something pass; it is recorded."
)
@click.option("--mfa", is_flag=True, help="The session that applies was signed in with MFA.")
@click.option("--snapshot", metavar="FILE", help="A saved account in place of the real one.")
@click.option("--caller", metavar="ARN", help="With --snapshot: who will apply the plan.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Save the plan.")
@click.option("--force", is_flag=True, help="Replace the file of --out.")
@click.option("--print-policy", is_flag=True, help="Print the least policy for `apply` instead.")
@click.option(
    "--format",
    "output",
    type=click.Choice(["table", "json", "aws-cli"]),
    default="table",
    show_default=True,
    help="Text for people, the plan itself, or a script for the AWS CLI.",
)
@aws_options
@lang_option
def command(goal: str | None, output: str, lang: Language, **given: Any) -> Exit:
    """Plan the way from the account as it is to a goal; nothing is changed.

    GOAL is a goal file; without one, options say the goal. Exit 0 if there is nothing to change,
    2 if changes wait, 3 if something speaks against them, 4 if something could not be told.
    """
    words = accepted(given["accept"])
    shape, source = _goal(goal, raw_goal(given))
    snapshot, caller = _account(given, lang)
    exceptions = Exceptions()
    if given["exceptions"]:
        exceptions = load_exceptions(given["exceptions"], snapshot)
    made = plan(goal_of(shape, source, snapshot, exceptions), snapshot, caller, words)
    _print(made, output, lang, policy=given["print_policy"])
    if given["out"] is not None:
        write_private(given["out"], made.to_json(), replace=given["force"])
        click.echo(_SAVED.filled(path=given["out"]).into(lang), err=True)
    return _exit_of(made)


def _goal(path: str | None, raw: dict[str, object] | None) -> tuple[Shape, str]:
    if path is not None and raw is not None:
        raise UsageError("a goal file goes with no option that says a goal")
    if path is not None:
        return read_yaml(path), path
    if raw is None:
        cure = "give a goal file, or options like `--user NAME`"
        raise UsageError("there is no goal", cure=cure)
    return Shape(raw, "", [], {}, Code.FILE_BAD_SHAPE), "options"


def _account(given: dict[str, Any], lang: Language) -> tuple[Snapshot, Caller]:
    if (given["snapshot"] is None) != (given["caller"] is None):
        raise UsageError("`--snapshot` and `--caller` go together")
    if given["snapshot"] is not None:
        return open_account(given["snapshot"]), Caller(given["caller"], mfa=given["mfa"])
    connected = connection(given, lang)
    click.echo(_READING.into(lang), err=True)
    snapshot = collect(connected.api, now=datetime.now(UTC))
    return snapshot, Caller(connected.caller, mfa=given["mfa"])


def _print(made: Plan, output: str, lang: Language, *, policy: bool) -> None:
    if policy:
        click.echo(json.dumps(made.needs, indent=2))
    elif output == "json":
        click.echo(made.to_json(), nl=False)
    elif output == "aws-cli":
        click.echo(script_of(made), nl=False)
    else:
        click.echo("\n".join(plan_lines(made, lang)))


def _exit_of(made: Plan) -> Exit:
    """Return what waits, or what speaks against it: unknown before refuted, as everywhere."""
    left = [name for name in made.against if name not in made.accepted]
    unknown = [p.id for p in made.proofs if p.verdict is Verdict.UNKNOWN] + ["gap"]
    if any(name in unknown for name in left):
        return Exit.UNKNOWN
    if left:
        return Exit.FINDINGS
    return Exit.CHANGES if made.changes else Exit.CLEAN
