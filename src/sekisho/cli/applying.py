"""What `apply` and `rollback` share: asking, waiting, whose a password is, what has come of it."""

import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import click

from sekisho.account import AwsApi
from sekisho.cli.exits import Exit
from sekisho.cli.options import grouped
from sekisho.errors import Code, SekishoError, UsageError
from sekisho.messages import Language, Message
from sekisho.rollout import ApplyReport, RollbackReport, Stop
from sekisho.rollout.applying import PlanFile, RollbackPreview, settle_passwords

_DONE = Message("Done: {count}")
_ALREADY = Message("Already so, by somebody else: {count}")
_LEFT = Message("Left as it is: {count}")
_UNDONE = Message("Taken back: {count}")
_BEFORE = Message("Taken back before: {count}")
_GONE = Message(
    "Found as before, by somebody else's doing, or because AWS does not show it yet: {count}"
)
_NOTHING = Message("Nothing to roll back: the journal has nothing that this plan did.")
_REMAINING = Message("Not done: {count}")
_STOPPED = Message("Stopped at {operation}: {code}: {message}")
_AGAIN = Message("Run the same command again to go on from there.")
_WAITING = Message("{operation} ({code}): waiting a little, then going on.")


_UNCHANGED = Message("Nothing has been changed.")
_NEITHER = Message("Answer y or n.")
_YES = ("y", "yes", "はい")
_NO = ("", "n", "no", "いいえ")
_COMES_BACK = Message(
    "To be taken back, unless somebody has changed it since, or relies on it: {count}"
)
_NEVER = Message("AWS cannot restore what was deleted; stays as it is: {count}")
_THEIRS = Message("Was so before the plan came to it; stays: {count}")
_EMPTY = RollbackReport((), ())
_IN_THE_MIDDLE = (Code.PLAN_STALE, Code.PLAN_DOUBTFUL, Code.OUTPUT_UNWRITABLE)


@dataclass(frozen=True, slots=True)
class OwnershipOptions:
    """What somebody who knows says of passwords of which it is not known who set them.

    Attributes:
        ours: users whose password nobody else has set.
        theirs: users whose password somebody else has set.
    """

    ours: tuple[str, ...]
    theirs: tuple[str, ...]

    def record(self, plan_file: PlanFile, api: AwsApi) -> None:
        """Write it down in the journal.

        Raises:
            PlanRefused: if the journal belongs to another plan.
            UsageError: if a user's password is not in doubt, or there is none.
            AwsRefused: if that cannot be read.
        """
        settle_passwords(plan_file, self.ours, self.theirs, api, datetime.now(UTC))


ownership_options = grouped(
    "ownership",
    OwnershipOptions,
    click.option(
        "--ours",
        metavar="USER",
        multiple=True,
        help="A password in doubt is nobody else's: set it anew, or take it back.",
    ),
    click.option(
        "--theirs",
        metavar="USER",
        multiple=True,
        help="A password in doubt was set by somebody else: it stays.",
    ),
)
"""Adds `--ours USER` and `--theirs USER`: `OwnershipOptions`."""


def in_the_middle(error: SekishoError | KeyboardInterrupt) -> bool:
    """Tell whether something may have been done before this stopped it."""
    return isinstance(error, KeyboardInterrupt) or error.code in _IN_THE_MIDDLE


def applied_lines(report: ApplyReport, lang: Language) -> Iterator[str]:
    """Yield how far a plan was carried out."""
    yield from _listed(_DONE, report.done, lang)
    yield from _listed(_ALREADY, report.already, lang)
    yield from _stopped(report.remaining, report.stopped, lang)


def undone_lines(
    report: RollbackReport, lang: Language, before: tuple[str, ...] = ()
) -> Iterator[str]:
    """Yield what was taken back now, and `before`, and what stays."""
    if report == _EMPTY:
        yield _NOTHING.into(lang)
    undone = tuple(each for each in report.undone if each not in (*report.gone, *before))
    yield from _listed(_UNDONE, undone, lang)
    yield from _listed(_BEFORE, before, lang)
    yield from _listed(_GONE, report.gone, lang)
    left = tuple(f"{each.address}: {each.reason.into(lang)}" for each in report.left)
    yield from _listed(_LEFT, left, lang)
    yield from _stopped(report.remaining, report.stopped, lang)


def preview_lines(preview: RollbackPreview, lang: Language) -> Iterator[str]:
    """Yield what a roll-back can bring back, and what it cannot."""
    yield from _listed(_COMES_BACK, preview.coming, lang)
    yield from _listed(_NEVER, preview.never, lang)
    yield from _listed(_THEIRS, preview.theirs, lang)


def tell_wait(stop: Stop, lang: Language) -> None:
    """Say on stderr what is waited for."""
    click.echo(_WAITING.filled(operation=stop.operation, code=stop.aws_code).into(lang), err=True)


def confirm(asked: Message, lang: Language, *, yes: bool) -> None:
    """Ask on the terminal, unless `yes`.

    Raises:
        UsageError: if there is no terminal to ask on.
        click.exceptions.Exit: if the answer is no, or none comes; the changes wait (2).
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(Message("there is no terminal to ask on"), fix=Message("give `--yes`"))
    try:
        agreed = _agreed(asked.into(lang), lang)
    except click.Abort:
        click.echo(err=True)
        agreed = False
    if not agreed:
        click.echo(_UNCHANGED.into(lang), err=True)
        raise click.exceptions.Exit(Exit.CHANGES)


def _agreed(asked: str, lang: Language) -> bool:
    """Return the answer, which may be given in either language, also in full-width letters."""
    while True:
        given = click.prompt(f"{asked} [y/N]", default="", show_default=False, err=True)
        answer = unicodedata.normalize("NFKC", given).strip().lower()
        if answer in _YES + _NO:
            return answer in _YES
        click.echo(_NEITHER.into(lang), err=True)


def _listed(title: Message, names: tuple[str, ...], lang: Language) -> Iterator[str]:
    if names:
        yield title.filled(count=len(names)).into(lang)
        yield from (f"  {name}" for name in names)


def _stopped(remaining: tuple[str, ...], stop: Stop | None, lang: Language) -> Iterator[str]:
    yield from _listed(_REMAINING, remaining, lang)
    if stop is not None:
        values = {"code": stop.aws_code, "message": stop.message}
        yield _STOPPED.filled(operation=stop.operation, **values).into(lang)
        yield from ([stop.fix.into(lang)] if stop.fix else [])
        yield _AGAIN.into(lang)
