"""`sekisho rollback`: take back what a plan did, and nothing that anybody else has done."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click

from sekisho.cli.aws import AwsOptions, aws_options, connection
from sekisho.cli.exits import Exit, worst
from sekisho.cli.group import typed_again
from sekisho.cli.help import SpokenCommand
from sekisho.cli.options import grouped, lang_option
from sekisho.cli.progress import Progress
from sekisho.cli.quiet import quiet, quiet_option, verbose_option
from sekisho.cli.rollout.applying import (
    OwnershipOptions,
    added_policies_lines,
    confirm,
    in_the_middle,
    ownership_options,
    plan_words,
    preview_lines,
    progress_of,
    tell_next,
    tell_wait,
    undone_lines,
)
from sekisho.cli.terminal import notice, show_folded
from sekisho.errors import Code, PlanRefused, SekishoError, UsageError
from sekisho.messages import Language, Message
from sekisho.rollout import (
    AddedPolicies,
    Event,
    GroupRights,
    PlanFile,
    RollbackChoices,
    RollbackReport,
    Stop,
    check_account,
    preview_rollback,
    read_plan,
    retried_until_visible,
    roll_back,
    rollback_progress,
    unaccounted_addresses,
    undone_addresses,
)

_TAKING_BACK = Message("Taking back")
_SETTLED = (Event.UNDONE, Event.GONE, Event.LEFT)
_ASKED = Message("Take back what this plan did ({count})?")


@dataclass(frozen=True, slots=True)
class RollbackOptions:
    """How much is taken back, and by what.

    Attributes:
        leave_unenforced: also what may leave somebody without MFA enforcement.
        remove_rights: users leave a group even if they lose policies that somebody has added to it.
        by_account: by the account, as the journal is damaged or lost.
    """

    yes: bool
    journal: Path | None
    leave_unenforced: bool
    remove_rights: bool
    by_account: bool
    verbose: bool


rollback_options = grouped(
    "options",
    RollbackOptions,
    click.option("--yes", is_flag=True, help="Do not ask."),
    click.option(
        "--journal",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="The plan's journal; PLAN.journal if not given.",
    ),
    click.option(
        "--leave-unenforced",
        is_flag=True,
        help="Take back also what may leave somebody without MFA enforcement.",
    ),
    click.option(
        "--remove-rights",
        is_flag=True,
        help="Take users out of a group even if they lose policies that somebody else has added "
        "to it.",
    ),
    click.option(
        "--by-account",
        is_flag=True,
        help="The journal is damaged or lost: take back what is in the account as the plan leaves "
        "it.",
    ),
    verbose_option,
)


@click.command("rollback", cls=SpokenCommand)
@click.argument("path", metavar="PLAN|JOURNAL|FOLDER", type=click.Path(path_type=Path))
@rollback_options
@ownership_options
@quiet_option
@aws_options
@lang_option
def command(
    path: Path,
    options: RollbackOptions,
    ownership: OwnershipOptions,
    aws: AwsOptions,
    lang: Language,
) -> Exit:
    """Bring everything that a plan did back to what it was before, also after half of it.

    Of a folder of plans, such as that of a campaign, all are taken back, the last first.

    What others have changed since stays, and so does what enforces MFA for others by now; both
    are listed. Users stay in a group to which somebody else has added a policy since.
    What is not as before the plan, and of which the journal tells nothing, is listed, too: lines
    of it may be lost.
    Exit 0 if everything is as before, 3 if something was left, 2 if you do not agree, 1 if it
    stopped.
    """
    several = _plans_in(path) if path.is_dir() else (path,)
    if len(several) > 1 and options.journal:
        raise UsageError(Message("`--journal` is for one plan, and this is a folder of plans"))
    return worst([_take_back(each, options, ownership, aws, lang) for each in several])


def _plans_in(folder: Path) -> tuple[Path, ...]:
    """Return the plans of a folder that were applied, the last first.

    Raises:
        UsageError: if there are none.
    """
    plans = [*folder.glob("*.json"), *folder.glob("plans/*.json")]
    applied = [each for each in plans if each.with_name(f"{each.name}.journal").exists()]
    if not applied:
        raise UsageError(
            Message("there is no plan with a journal in `{path}`").filled(path=folder),
            fix=Message("give the file of a plan, or the folder of a campaign"),
        )
    return tuple(sorted(applied, reverse=True))


def _take_back(
    path: Path,
    options: RollbackOptions,
    ownership: OwnershipOptions,
    aws: AwsOptions,
    lang: Language,
) -> Exit:
    """Take back what one plan did."""
    plan_file = read_plan(path, options.journal)
    if not options.by_account:
        _refuse_unapplied(plan_file)
    connected = connection(aws, lang, reads=False)
    plan_file.journal.open(plan_file.plan.digest)
    addresses: tuple[str, ...] = ()
    if options.by_account:
        check_account(plan_file.plan, connected.api)
        addresses = unaccounted_addresses(plan_file.plan, plan_file.journal, connected.api)
    preview = preview_rollback(plan_file.plan, plan_file.journal, addresses)
    # who is asked must know what about
    if not (quiet() and options.yes):
        notice(*preview_lines(preview, lang, verbose=options.verbose))
        rights = GroupRights(plan_file.plan, plan_file.journal, connected.api)
        # what cannot be read stays: the roll-back itself looks again
        added = [each for each in rights.added() if isinstance(each, AddedPolicies)]
        notice(
            *added_policies_lines(
                added, lang, removed=options.remove_rights, verbose=options.verbose
            )
        )
    if preview.reversible:
        confirm(_ASKED.filled(count=len(preview.reversible)), lang, yes=options.yes)
    with plan_file.journal.locked():
        plan_file.journal.open(plan_file.plan.digest)
        before = undone_addresses(plan_file.plan, plan_file.journal)
        ownership.record(plan_file, connected.api)
        again = partial(
            roll_back,
            plan_file.plan,
            plan_file.journal,
            connected.api,
            now=partial(datetime.now, UTC),
            choices=RollbackChoices(
                options.leave_unenforced, options.remove_rights, options.by_account
            ),
        )
        with progress_of(
            plan_file.journal, preview.reversible, _SETTLED, _TAKING_BACK, lang
        ) as shown:
            report = _rolled_back(plan_file, again, lang, before, shown)
    show_folded(undone_lines(report, lang, before, verbose=options.verbose))
    if not report.complete:
        tell_next(typed_again(), lang)
        return Exit.ERROR
    words = plan_words(path, options.journal, aws)
    tell_next(f"sekisho status {words}" if report.left else f"sekisho audit{aws.typed}", lang)
    return Exit.FINDINGS if report.left else Exit.CLEAN


def _rolled_back(
    plan_file: PlanFile,
    run: Callable[[], RollbackReport],
    lang: Language,
    before: tuple[str, ...],
    progress: Progress,
) -> RollbackReport:
    """Roll back; where it is stopped by an error or by hand, say first how far it came."""

    def wait(stop: Stop) -> None:
        progress.clear()
        tell_wait(stop, lang)

    try:
        return retried_until_visible(run, time.sleep, wait)
    except (SekishoError, KeyboardInterrupt) as error:
        progress.clear()
        if in_the_middle(error):
            report = rollback_progress(plan_file.plan, plan_file.journal)
            show_folded(undone_lines(report, lang, before))
        raise


def _refuse_unapplied(plan_file: PlanFile) -> None:
    if not plan_file.journal.path.exists():
        raise PlanRefused(
            Message("there is no journal `{path}`: nothing says what this plan did").filled(
                path=plan_file.journal.path
            ),
            code=Code.PLAN_FAULTY,
            fix=Message(
                "give the journal that the plan was applied with, by `--journal`; if it is lost, "
                "go by the account: `--by-account`"
            ),
        )
