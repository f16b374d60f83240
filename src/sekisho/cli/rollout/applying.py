"""What `apply` and `rollback` share: asking, waiting, whose a password is, what has come of it."""

import shlex
import sys
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from sekisho.account import AwsApi, SigningApi
from sekisho.cli.cut_lists import shown_lines, shown_names
from sekisho.cli.exits import Exit
from sekisho.cli.options import grouped
from sekisho.cli.progress import Progress
from sekisho.cli.quiet import print_note, quiet
from sekisho.cli.terminal import notice
from sekisho.errors import Code, SekishoError, UsageError
from sekisho.lazy import dataclass
from sekisho.messages import Language, Message, listed, verbatim
from sekisho.rollout import (
    AddedPolicies,
    ApplyReport,
    Event,
    Journal,
    JournalEntry,
    PlanFile,
    RollbackPreview,
    RollbackReport,
    Stop,
    pending_sentence,
    settle_passwords,
)
from sekisho.work import working_on

_APPLIED = Message("The plan is applied.")
_APPLIED_BEFORE = Message("This plan was already applied on {at}. Nothing was changed now.")
_LEFT_OUT = Message("People left out: {count}")
_OF_PERSON = verbatim("{user}: {why}")
_LATER = Message(
    "Everything else in the plan is done. When the reason is gone, run the same command again, "
    "or make a new plan."
)
_DONE = Message("Done: {count}")
_ALREADY = Message("Already done by somebody else: {count}")
_LEFT = Message("Left unchanged: {count}")
_UNDONE = Message("Undone: {count}")
_BEFORE = Message("Undone earlier: {count}")
_GONE = Message("Already as before (undone by somebody else, or not yet shown by AWS): {count}")
_NOTHING = Message("Nothing to roll back: the journal has no change of this plan.")
_REMAINING = Message("Not done: {count}")
_STOPPED = Message("Stopped at {operation}: {code}: {message}")
_AGAIN = Message("Run the same command again to go on from there.")
_WAITING = Message("{operation} ({code}): waiting, then retrying.")


_UNCHANGED = Message("Nothing has been changed.")
_NEITHER = Message("Answer y or n.")
_YES = ("y", "yes", "はい")
_NO = ("", "n", "no", "いいえ")
_COMES_BACK = Message("Will be undone, except what others have changed or use: {count}")
_NEVER = Message("Cannot be restored by AWS, and stays: {count}")
_THEIRS = Message("Was already so before the plan, and stays: {count}")
_STAY = Message(
    "Somebody else has since added {policies} to the group `{group}`. The roll-back leaves "
    "these users in the group, so that they keep it (`--remove-rights` removes them): {users}"
)
_LOSE = Message(
    "These users lose {policies}, which somebody else has added to the group `{group}` since: "
    "{users}"
)
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
        help="Treat USER's password as set by this plan.",
    ),
    click.option(
        "--theirs",
        metavar="USER",
        multiple=True,
        help="Keep USER's password: somebody else set it.",
    ),
)
"""Adds `--ours USER` and `--theirs USER`: `OwnershipOptions`."""


@contextmanager
def progress_of(
    journal: Journal,
    addresses: Collection[str],
    settled_by: Collection[Event],
    label: Message,
    lang: Language,
) -> Iterator[Progress]:
    """Show on stderr how many changes are made, or taken back, while a run writes its journal.

    Args:
        journal: that the run writes.
        addresses: of all the changes that it has to do with.
        settled_by: the entries after which the run is done with one.
        label: what the run does.
        lang: the language.
    """
    settled = set[str]()

    def print_entry(entry: JournalEntry) -> None:
        if entry.event not in settled_by:
            return
        if not settled:
            settled.update(each for each in addresses if journal.last_event(each) in settled_by)
        settled.add(entry.address)
        progress.show(len(settled))

    with working_on(label) as work, journal.watched(print_entry):
        progress = Progress(label, len(addresses), work, lang)
        yield progress


class WatchedApi:
    """An AWS that tells of each answer and each item of a listing: `answered` is called."""

    def __init__(self, api: AwsApi, answered: Callable[[], None]) -> None:
        self._api, self._answered = api, answered

    def call(self, service: str, operation: str, /, **params: object) -> Mapping[str, Any]:
        """Make a call."""
        answer = self._api.call(service, operation, **params)
        self._answered()
        return answer

    def pages(self, service: str, operation: str, key: str, /, **params: object) -> Iterator[Any]:
        """Yield the items of a listing."""
        for item in self._api.pages(service, operation, key, **params):
            self._answered()
            yield item

    def signs_with_long_term_key(self) -> bool:
        """Return whether that is known of the other."""
        return isinstance(self._api, SigningApi) and self._api.signs_with_long_term_key()


def in_the_middle(error: SekishoError | KeyboardInterrupt) -> bool:
    """Tell whether something may have been done before this stopped it."""
    return isinstance(error, KeyboardInterrupt) or error.code in _IN_THE_MIDDLE


def applied_lines(
    report: ApplyReport,
    lang: Language,
    *,
    verbose: bool = False,
    refused: bool = False,
    before: datetime | None = None,
) -> Iterator[str]:
    """Yield how far a plan was carried out: what is not done before what is.

    Args:
        report: how far it came, by its journal.
        lang: the language.
        verbose: whether all names are listed.
        refused: whether an error follows: then, of what was all done once, it is not said that it
            is so now.
        before: when an earlier run has made the last change; None: this run has made some.
    """
    if report.complete and before is not None:
        yield _APPLIED_BEFORE.filled(at=f"{before:%Y-%m-%d %H:%M} UTC").into(lang)
        return
    made = len(report.done) + len(report.already)
    verdict = pending_sentence(made, made + len(report.remaining))
    if not (refused and report.complete):
        yield (_APPLIED if report.complete else verdict).into(lang)
    yield from (each.into(lang) for each in report.notes)
    yield from _left_out_lines(report, lang, verbose=verbose)
    if quiet():
        # the verdict has the numbers
        yield from _stop_lines(report.stopped, lang)
        return
    yield from _stopped(report.remaining, report.stopped, lang, verbose=verbose)
    yield from _listed(_DONE, report.done, lang, verbose=verbose)
    yield from _listed(_ALREADY, report.already, lang, verbose=verbose)


def _left_out_lines(report: ApplyReport, lang: Language, *, verbose: bool) -> Iterator[str]:
    """Yield the users who are left out, with the reasons; names are shown without `-v`, too."""
    if not report.left_out:
        return
    yield _LEFT_OUT.filled(count=len(report.left_out)).into(lang)
    people = [
        _OF_PERSON.filled(user=user, why=why).into(lang) for user, why in report.left_out.items()
    ]
    yield from shown_lines(people, lang, verbose=verbose)
    if report.stopped is None:
        yield _LATER.into(lang)


def undone_lines(
    report: RollbackReport,
    lang: Language,
    before: tuple[str, ...] = (),
    *,
    verbose: bool = False,
) -> Iterator[str]:
    """Yield the changes that were undone now and `before`, and those that stay."""
    if report == _EMPTY:
        yield _NOTHING.into(lang)
    undone = tuple(each for each in report.undone if each not in (*report.gone, *before))
    yield from _listed(_UNDONE, undone, lang, verbose=verbose)
    yield from _listed(_BEFORE, before, lang, verbose=verbose)
    yield from _listed(_GONE, report.gone, lang, verbose=verbose)
    left = tuple(f"{each.address}: {each.reason.into(lang)}" for each in report.left)
    yield from _listed(_LEFT, left, lang, verbose=True)
    yield from _stopped(report.remaining, report.stopped, lang, verbose=verbose)


def added_policies_lines(
    added: Iterable[AddedPolicies],
    lang: Language,
    *,
    removed: bool = False,
    verbose: bool = False,
) -> Iterator[str]:
    """Yield the users who would lose policies that others have attached to their group.

    With `removed` they do lose them.
    """
    for each in added:
        users = shown_names(each.users, lang, verbose=verbose)
        text = _LOSE if removed else _STAY
        policies = listed(verbatim(f"`{name}`") for name in each.policies)
        yield text.filled(group=each.group, policies=policies, users=users).into(lang)


def merged_previews(previews: Iterable[RollbackPreview]) -> RollbackPreview:
    """Return one preview of several roll-backs; each address once."""
    every = [*previews]
    return RollbackPreview(
        tuple(dict.fromkeys(name for each in every for name in each.reversible)),
        tuple(dict.fromkeys(name for each in every for name in each.irreversible)),
        tuple(dict.fromkeys(name for each in every for name in each.preexisting)),
    )


def preview_lines(
    preview: RollbackPreview, lang: Language, *, verbose: bool = False
) -> Iterator[str]:
    """Yield the changes that a roll-back can undo, and those that it cannot."""
    yield from _listed(_COMES_BACK, preview.reversible, lang, verbose=verbose)
    yield from _listed(_NEVER, preview.irreversible, lang, verbose=verbose)
    yield from _listed(_THEIRS, preview.preexisting, lang, verbose=verbose)


def plan_words(path: Path, journal: Path | None) -> str:
    """Return a plan's file and its journal, for the command that comes next."""
    with_journal = f" --journal {shlex.quote(str(journal))}" if journal else ""
    return f"{shlex.quote(str(path))}{with_journal}"


def tell_wait(stop: Stop, lang: Language) -> None:
    """Say on stderr what is waited for."""
    print_note(_WAITING.filled(operation=stop.operation, code=stop.aws_code).into(lang))


def check_terminal(*, yes: bool) -> None:
    """Raise UsageError if somebody is to be asked, and there is no terminal to ask on."""
    if not (yes or sys.stdin.isatty()):
        raise UsageError(Message("there is no terminal to ask on"), fix=Message("give `--yes`"))


def confirm(question: Message, lang: Language, *, yes: bool) -> None:
    """Ask on the terminal, unless `yes`.

    Raises:
        UsageError: if there is no terminal to ask on.
        click.exceptions.Exit: if the answer is no, or none comes; the changes wait (2).
    """
    check_terminal(yes=yes)
    if yes:
        return
    try:
        agreed = _agreed(question.into(lang), lang)
    except click.Abort:
        click.echo(err=True)
        agreed = False
    if not agreed:
        notice(_UNCHANGED.into(lang))
        raise click.exceptions.Exit(Exit.CHANGES)


def _agreed(question: str, lang: Language) -> bool:
    """Return the answer, which may be given in either language, also in full-width letters."""
    while True:
        given = click.prompt(f"{question} [y/N]", default="", show_default=False, err=True)
        answer = unicodedata.normalize("NFKC", given).strip().lower()
        if answer in _YES + _NO:
            return answer in _YES
        notice(_NEITHER.into(lang))


def _listed(
    title: Message, names: tuple[str, ...], lang: Language, *, verbose: bool
) -> Iterator[str]:
    if names:
        yield title.filled(count=len(names)).into(lang)
        yield from () if quiet() else shown_lines(names, lang, verbose=verbose)


def _stopped(
    remaining: tuple[str, ...], stop: Stop | None, lang: Language, *, verbose: bool
) -> Iterator[str]:
    yield from _listed(_REMAINING, remaining, lang, verbose=verbose)
    yield from _stop_lines(stop, lang)


def _stop_lines(stop: Stop | None, lang: Language) -> Iterator[str]:
    if stop is not None:
        values = {"code": stop.aws_code, "message": stop.message}
        yield _STOPPED.filled(operation=stop.operation, **values).into(lang)
        yield from ([stop.fix.into(lang)] if stop.fix else [])
        yield _AGAIN.into(lang)
