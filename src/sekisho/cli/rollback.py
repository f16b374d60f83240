"""`sekisho rollback`: take back what a plan did, and nothing that anybody else has done."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click

from sekisho.cli.applying import (
    OwnershipOptions,
    ahead_lines,
    confirm,
    in_the_middle,
    ownership_options,
    tell_wait,
    undone_lines,
)
from sekisho.cli.aws import AwsOptions, aws_options, connection
from sekisho.cli.exits import Exit
from sekisho.cli.options import lang_option
from sekisho.errors import Code, PlanRefused, SekishoError
from sekisho.messages import Language, Message
from sekisho.rollout import RollbackReport, roll_back
from sekisho.rollout.applying import (
    PlanFile,
    preview_rollback,
    read_plan,
    retried_until_visible,
    rollback_progress,
    undone_addresses,
)

_ASKED = Message("Take back what this plan did ({count})?")


@click.command("rollback", short_help="Take back what a plan did.")
@click.argument("path", metavar="PLAN|JOURNAL", type=click.Path(path_type=Path))
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--journal",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The plan's journal; PLAN.journal if not given.",
)
@click.option(
    "--leave-unenforced",
    is_flag=True,
    help="Take back also what may leave somebody without MFA enforcement.",
)
@ownership_options
@aws_options
@lang_option
def command(
    path: Path,
    yes: bool,
    journal: Path | None,
    leave_unenforced: bool,
    ownership: OwnershipOptions,
    aws: AwsOptions,
    lang: Language,
) -> Exit:
    """Bring everything that a plan did back to what it was before, also after half of it.

    What others have changed since stays, and so does what enforces MFA for others by now; both
    are listed.
    Exit 0 if everything is as before, 3 if something was left, 1 if it stopped.
    """
    kept = read_plan(path, journal)
    _refuse_unapplied(kept)
    connected = connection(aws, lang)
    kept.journal.open(kept.plan.digest)
    ahead = preview_rollback(kept.plan, kept.journal)
    for line in ahead_lines(ahead, lang):
        click.echo(line, err=True)
    if ahead.coming:
        confirm(_ASKED.filled(count=len(ahead.coming)), lang, yes=yes)
    with kept.journal.locked():
        kept.journal.open(kept.plan.digest)
        before = undone_addresses(kept.plan, kept.journal)
        ownership.record(kept, connected.api)
        again = partial(
            roll_back,
            kept.plan,
            kept.journal,
            connected.api,
            now=partial(datetime.now, UTC),
            leave_unenforced=leave_unenforced,
        )
        report = _rolled_back(kept, again, lang, before)
    click.echo("\n".join(undone_lines(report, lang, before)))
    if not report.complete:
        return Exit.ERROR
    return Exit.FINDINGS if report.left else Exit.CLEAN


def _rolled_back(
    kept: PlanFile, run: Callable[[], RollbackReport], lang: Language, before: tuple[str, ...]
) -> RollbackReport:
    """Roll back; where it is stopped by an error or by hand, say first how far it came."""
    try:
        return retried_until_visible(run, time.sleep, lambda stop: tell_wait(stop, lang))
    except (SekishoError, KeyboardInterrupt) as error:
        if in_the_middle(error):
            report = rollback_progress(kept.plan, kept.journal)
            click.echo("\n".join(undone_lines(report, lang, before)))
        raise


def _refuse_unapplied(kept: PlanFile) -> None:
    if not kept.journal.path.exists():
        raise PlanRefused(
            Message("there is no journal `{path}`: nothing says what this plan did").filled(
                path=kept.journal.path
            ),
            code=Code.PLAN_FAULTY,
            fix=Message("give the journal that the plan was applied with, by `--journal`"),
        )
