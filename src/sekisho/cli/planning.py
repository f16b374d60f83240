"""What every command that makes a plan shares: its options, the account, and the end.

Nothing is changed by any of them: `sekisho apply` does that.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from sekisho.account import Snapshot, open_account
from sekisho.cli.aws import aws_options, collected, connection, refuse_beside
from sekisho.cli.exits import Exit
from sekisho.cli.options import lang_option
from sekisho.cli.plan_output import plan_lines
from sekisho.documents.private import check_writable, write_private
from sekisho.errors import Code, Fault, FaultyInput, UsageError
from sekisho.messages import Language, Message
from sekisho.rollout import Caller, Plan, Verdict
from sekisho.rollout.applying.execute import AHEAD
from sekisho.rollout.script import script_of

__all__ = ["account_of", "finish", "planning_options"]

_SAVED = Message("Saved to {path}. Nothing has been changed; `sekisho apply {path}` does it.")

_SAVED_IDLE = Message("Saved to {path}. Nothing has been changed, and nothing is to be changed.")

_SAVED_REFUSED = Message(
    "Saved to {path}. Nothing has been changed, and `sekisho apply` refuses this plan."
)

F = TypeVar("F", bound=Callable[..., Any])


def planning_options(function: F) -> F:
    """Add the options of a command that makes a plan."""
    options = (
        click.option(
            "--accept", metavar="ID=REASON", multiple=True, help="Let something pass; recorded."
        ),
        click.option(
            "--mfa", is_flag=True, help="The session that applies was signed in with MFA."
        ),
        click.option(
            "--snapshot", metavar="FILE", help="A saved account in place of the real one."
        ),
        click.option("--caller", metavar="ARN", help="With --snapshot: who will apply the plan."),
        click.option(
            "--out", type=click.Path(path_type=Path), metavar="FILE", help="Save the plan."
        ),
        click.option("--force", is_flag=True, help="Replace the file of --out."),
        click.option(
            "--print-policy", is_flag=True, help="Print the least policy for `apply` instead."
        ),
        click.option(
            "--format",
            "output",
            type=click.Choice(["table", "json", "aws-cli"]),
            default="table",
            show_default=True,
            help="Text for people, the plan itself, or a script for the AWS CLI.",
        ),
        aws_options,
        lang_option,
    )
    for option in reversed(options):
        function = option(function)
    return function


def account_of(given: dict[str, Any], lang: Language) -> tuple[Snapshot, Caller]:
    """Return the account that the options name, and who will apply the plan.

    Raises:
        FaultyInput: if the snapshot is dated in the future.
        UsageError: if `--snapshot` and `--caller` do not stand together or are of two accounts, or
            if another AWS is named beside them; or if `--force` has nothing to replace.
        SekishoError: if the file of `--out` cannot be written.
    """
    if given["force"] and given["out"] is None:
        raise UsageError("`--force` is for `--out`", fix="say where to save the plan")
    if (given["snapshot"] is None) != (given["caller"] is None):
        raise UsageError("`--snapshot` and `--caller` go together")
    if given["out"] is not None:
        check_writable(given["out"], replace=given["force"])
    if given["snapshot"] is not None:
        refuse_beside("--snapshot", given)
        snapshot = open_account(given["snapshot"])
        _check_time(snapshot, given["snapshot"])
        return _saved(snapshot, Caller(given["caller"], mfa=given["mfa"]))
    connected = connection(given, lang)
    return collected(connected, lang), Caller(connected.caller, mfa=given["mfa"])


def _check_time(snapshot: Snapshot, source: str) -> None:
    """Refuse a snapshot of a day to come: waves would be due too early, keys would look unused."""
    if snapshot.taken_at - datetime.now(UTC) > AHEAD:
        message = f"the account was read at {snapshot.taken_at.isoformat()}, which is yet to come"
        fix = "set the clock right and collect the account again"
        fault = Fault(Code.ACCOUNT_BAD_SHAPE, message, "takenAt", fix=fix)
        raise FaultyInput(source, [fault])


def _saved(snapshot: Snapshot, caller: Caller) -> tuple[Snapshot, Caller]:
    """Return both; a plan that its caller could never apply helps nobody."""
    if caller.home != (snapshot.partition, snapshot.account):
        raise UsageError(
            f"`--caller {caller.arn}` is nobody of the account `{snapshot.account}` in "
            f"`{snapshot.partition}`, which the snapshot is of",
            fix="give the ARN of who will apply the plan, as `aws sts get-caller-identity` has it",
        )
    return snapshot, caller


def finish(made: Plan, given: dict[str, Any], output: str, lang: Language) -> Exit:
    """Print a plan, save it if `--out` says where, and return the exit code."""
    if given["print_policy"]:
        click.echo(json.dumps(made.needs, indent=2))
    elif output == "json":
        click.echo(made.to_json(), nl=False)
    elif output == "aws-cli":
        click.echo(script_of(made), nl=False)
    else:
        click.echo("\n".join(plan_lines(made, lang)))
    if given["out"] is not None:
        write_private(given["out"], made.to_json(), replace=given["force"])
        click.echo(_saved_text(made).filled(path=given["out"]).into(lang), err=True)
    return _exit_of(made)


def _saved_text(made: Plan) -> Message:
    if not made.applicable:
        return _SAVED_REFUSED
    return _SAVED if made.changes else _SAVED_IDLE


def _exit_of(made: Plan) -> Exit:
    """Return what waits, or what speaks against it: unknown before refuted, as everywhere."""
    left = [name for name in made.against if name not in made.accepted]
    unknown = [p.id for p in made.proofs if p.verdict is Verdict.UNKNOWN] + [
        "gap",
        "caller-unknown",
    ]
    if any(name in unknown for name in left):
        return Exit.UNKNOWN
    if left:
        return Exit.FINDINGS
    return Exit.CHANGES if made.changes else Exit.CLEAN
