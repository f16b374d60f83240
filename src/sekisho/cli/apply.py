"""`sekisho apply`: do what a plan says, and nothing else."""

import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click

from sekisho.account import AwsApi
from sekisho.cli.applying import (
    OwnershipOptions,
    applied_lines,
    confirm,
    in_the_middle,
    ownership_options,
    tell_wait,
)
from sekisho.cli.aws import AwsOptions, aws_options, connection
from sekisho.cli.exits import Exit
from sekisho.cli.options import lang_option
from sekisho.cli.planning import plan_lines
from sekisho.cli.temporary_passwords import TemporaryPasswords
from sekisho.errors import SekishoError
from sekisho.messages import Language, Message
from sekisho.rollout import ApplyReport, execute
from sekisho.rollout.applying import PlanFile, apply_progress, read_plan, retried

_ASKED = Message("Make these changes ({count})?")
_JOURNAL = Message("Journal: {path}")


@click.command("apply", short_help="Do what a plan says, and nothing else.")
@click.argument("path", metavar="PLAN", type=click.Path(path_type=Path))
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--journal",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What was done so far; PLAN.journal if not given.",
)
@click.option(
    "--password-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A file for temporary passwords; else they are shown on the terminal, once.",
)
@ownership_options
@aws_options
@lang_option
def command(
    path: Path,
    yes: bool,
    journal: Path | None,
    password_file: Path | None,
    ownership: OwnershipOptions,
    aws: AwsOptions,
    lang: Language,
) -> Exit:
    """Make the changes of PLAN, or go on where an earlier run stopped.

    Each call is written to the journal before and after it is made. Exit 0 if everything is done,
    1 if it stopped, with what is done and what is not.
    """
    kept = read_plan(path, journal)
    passwords = TemporaryPasswords(kept.plan, password_file, lang, ownership.theirs)
    click.get_current_context().call_on_close(passwords.close)
    connected = connection(aws, lang)
    click.echo("\n".join(plan_lines(kept.plan, lang)), err=True)
    if kept.plan.applicable and kept.plan.changes:
        confirm(_ASKED.filled(count=len(kept.plan.changes)), lang, yes=yes)
    with kept.journal.locked():
        ownership.record(kept, connected.api)
        report = _applied(kept, connected.api, passwords, lang)
    click.echo("\n".join(applied_lines(report, lang)))
    click.echo(_JOURNAL.filled(path=kept.journal.path).into(lang), err=True)
    return Exit.CLEAN if report.complete else Exit.ERROR


def _applied(
    kept: PlanFile, api: AwsApi, passwords: TemporaryPasswords, lang: Language
) -> ApplyReport:
    """Apply the plan; where it is stopped by an error or by hand, say first how far it came."""
    try:
        return retried(
            lambda: execute(
                kept.plan,
                api,
                kept.journal,
                passwords=passwords.password,
                now=partial(datetime.now, UTC),
            ),
            time.sleep,
            lambda stop: tell_wait(stop, lang),
        )
    except (SekishoError, KeyboardInterrupt) as error:
        if in_the_middle(error):
            click.echo("\n".join(applied_lines(apply_progress(kept.plan, kept.journal), lang)))
        raise
