"""`sekisho apply`: do what a plan says, and nothing else.

Temporary passwords are made here. They are shown on the terminal or written to a file that only its
owner may read; never to a pipe, a plan, a journal or a log.
"""

import errno
import os
import secrets
import stat
import sys
import time
from collections.abc import Collection
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click

from sekisho.account import AwsApi
from sekisho.cli.aws import AwsOptions, aws_options, connection
from sekisho.cli.exits import Exit
from sekisho.cli.help import SpokenCommand
from sekisho.cli.next_action import PlanApplied, RunContext, next_action
from sekisho.cli.options import lang_option
from sekisho.cli.quiet import print_note, quiet, quiet_option, show_next, verbose_option
from sekisho.cli.rollout.applying import (
    OwnershipOptions,
    WatchedApi,
    applied_lines,
    check_terminal,
    confirm,
    in_the_middle,
    ownership_options,
    plan_words,
    progress_of,
    tell_wait,
)
from sekisho.cli.terminal import command_lines, show_folded, terminal_width
from sekisho.documents.report import TextLayout, report_text
from sekisho.errors import SekishoError, UsageError, reason_of, unwritable
from sekisho.messages import Language, Message, cell_width
from sekisho.rollout import (
    ApplyReport,
    Event,
    Journal,
    JournalEntry,
    Plan,
    PlanFile,
    SetsPassword,
    apply_progress,
    execute,
    plan_report,
    read_plan,
    retried,
)

# no character that is taken for another when it is read from a screen
_CLASSES = ("ABCDEFGHJKLMNPQRSTUVWXYZ", "abcdefghijkmnopqrstuvwxyz", "23456789", "!@#$%^&*()_+-=")

_HEAD = "# sekisho: temporary passwords; delete this file when they are handed over\n"
_SHOWN = Message("Temporary password of {user}, shown this once: {password}")
_WRITTEN = Message("The temporary passwords are in {path}; delete it when they are handed over.")

_POSIX = hasattr(os, "geteuid")
"""Whether the mode of a file says who may read it."""
_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)


class TemporaryPasswords:
    """The temporary passwords of one run of a plan, each shown before AWS has it: none can be lost.

    A run that dies before AWS answers has shown a password that may not be set; the next run makes
    and shows another.
    """

    def __init__(
        self, plan: Plan, path: Path | None, lang: Language, unchanged: Collection[str] = ()
    ) -> None:
        """Refuse, before anything is done, if a password could not be handed to anybody.

        Args:
            plan: what is done.
            path: the file for passwords; None: they are shown.
            lang: the language.
            unchanged: users whose password stays, so that none is made for them.

        Raises:
            UsageError: if the plan makes one, there is no terminal, and no file is named; or if
                the file is there and holds something else, or others may read it.
            SekishoError: if the file cannot be written.
        """
        self._path = path
        fresh = path is not None and not os.path.lexists(path)
        self._lang = lang
        self._length = plan.password_length
        self._passwords: dict[str, str] = {}
        makes = any(
            isinstance(change, SetsPassword) and change.user not in unchanged
            for change in plan.changes
        )
        if makes and path is None and not sys.stdout.isatty():
            raise UsageError(
                Message(
                    "this plan makes a temporary password, and there is no terminal to show it on"
                ),
                fix=Message("run it on a terminal, or name a file with `--password-file FILE`"),
            )
        self._fresh = fresh and makes
        if makes and path is not None:
            # what cannot be written is found before anything is done
            _append(path, "")

    def password(self, user: str) -> str:
        """Return the temporary password of a user, the same throughout the run, and show it.

        Raises:
            SekishoError: if it cannot be shown; then AWS does not get it either.
        """
        if user not in self._passwords:
            password = _new_password(self._length)
            if self._path is None:
                self._show(user, password)
            else:
                _append(self._path, f"{user}\t{password}\n")
            self._passwords[user] = password
        return self._passwords[user]

    def _show(self, user: str, password: str) -> None:
        """Show a password, which is copied: it is never folded."""
        text = _SHOWN.filled(user=user, password=password).into(self._lang)
        if cell_width(text) > terminal_width():
            show_folded([_SHOWN.filled(user=user, password="").into(self._lang)])
            text = f"  {password}"
        click.echo(text)

    def close(self) -> None:
        """Say where the passwords are; a file made for them that none came into goes again."""
        if self._path is None:
            return
        if self._passwords:
            print_note(_WRITTEN.filled(path=self._path).into(self._lang))
        elif self._fresh and _is_empty(self._path):
            self._path.unlink(missing_ok=True)


def _is_empty(path: Path) -> bool:
    """Return whether no run has put a password into the file."""
    return path.is_file() and path.stat().st_size == len(_HEAD)


def _append(path: Path, line: str) -> None:
    """Add a line, made durable before this returns, to a file of passwords that is 0600."""
    try:
        file = os.open(path, _FLAGS, 0o600)
        with os.fdopen(file, "a", encoding="utf-8", newline="\n") as opened:
            before = _line_end(file) if _has_head(path, file) else _HEAD
            opened.write(before + line)
            opened.flush()
            os.fsync(file)
    except OSError as error:
        linked = error.errno == errno.ELOOP
        reason = Message("it is a link") if linked else reason_of(error)
        raise unwritable(path, reason) from None


def _line_end(file: int) -> str:
    """Return the line break that an open file lacks, if a run died while it wrote a line."""
    os.lseek(file, -1, os.SEEK_END)
    return "" if os.read(file, 1) == b"\n" else "\n"


def _has_head(path: Path, file: int) -> bool:
    """Return whether an open file of passwords has its first line, or is empty.

    Raises:
        UsageError: if it is another's file, one that others may read, or holds something else.
    """
    status = os.fstat(file)
    head = b"?"  # a device or a pipe may be read without end
    if stat.S_ISREG(status.st_mode):
        # opened to append, it stands at its end
        os.lseek(file, 0, os.SEEK_SET)
        head = os.read(file, len(_HEAD))
    if head not in (b"", _HEAD.encode()):
        message = Message("`{path}` already exists with other content")
    elif _POSIX and (status.st_uid != os.geteuid() or status.st_mode & 0o077):
        message = Message("`{path}` already exists, and others may read it")
    else:
        return head != b""
    raise UsageError(message.filled(path=path), fix=Message("give another name"))


def _new_password(length: int) -> str:
    """Return a password of this length, of every class that a password policy can ask for."""
    letters = [secrets.choice(each) for each in _CLASSES]
    letters += [secrets.choice("".join(_CLASSES)) for _ in range(length - len(letters))]
    secrets.SystemRandom().shuffle(letters)
    return "".join(letters)


_ASKED = Message("Make these changes ({count})?")
_JOURNAL = Message("Journal: {path}")
_ARCHIVED = Message("An earlier plan's journal, all undone, is kept as: {path}")
_SUCCEEDED = Message(
    "The earlier plan's journal is kept as: {path}. `sekisho rollback` with this file undoes "
    "that plan."
)
_APPLYING = Message("Applying")
_TAKES_BACK = Message("To undo it: {command}")
_SETTLED = (Event.DONE, Event.ALREADY)


@click.command("apply", cls=SpokenCommand)
@click.argument("path", metavar="PLAN", type=click.Path(path_type=Path))
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.option(
    "--journal",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The record of the changes so far; PLAN.journal if not given.",
)
@click.option(
    "--password-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A file for temporary passwords; without it they are shown once on the terminal.",
)
@ownership_options
@verbose_option
@quiet_option
@aws_options
@lang_option
def command(
    path: Path,
    yes: bool,
    journal: Path | None,
    password_file: Path | None,
    ownership: OwnershipOptions,
    verbose: bool,
    aws: AwsOptions,
    lang: Language,
) -> Exit:
    """Make the changes of PLAN, or continue where an earlier run stopped.

    Each call is written to the journal before and after it is made. Passwords, MFA devices and
    access keys are read again, and users who would be locked out now are left out. Exit 0 if
    everything is done, 1 if it stopped (with what is done and what is not), 2 if somebody is left
    out or you answer no. With --yes the plan is not shown again: `sekisho plan` has shown it.
    """
    plan_file = read_plan(path, journal)
    asks = plan_file.plan.applicable and bool(plan_file.plan.changes)
    if asks:
        check_terminal(yes=yes)
    passwords = TemporaryPasswords(plan_file.plan, password_file, lang, ownership.theirs)
    click.get_current_context().call_on_close(passwords.close)
    connected = connection(aws, lang, reads=False)
    # who has agreed beforehand has seen the plan
    confirmed = yes and plan_file.plan.applicable
    if not (confirmed and quiet()):
        layout = TextLayout(terminal_width(), verbose=verbose)
        shown, parts = plan_report(plan_file.plan), not (confirmed or quiet())
        click.echo(report_text(shown, lang, layout, parts=parts), nl=False, err=True)
    if asks:
        confirm(_ASKED.filled(count=len(plan_file.plan.changes)), lang, yes=yes)
    made = list[JournalEntry]()
    with plan_file.journal.locked(), plan_file.journal.watched(made.append):
        ownership.record(plan_file, connected.api)
        report = carry_out(plan_file, connected.api, passwords, lang)
    entries = map(plan_file.journal.last_entry, report.done)
    before = max((e.at for e in entries if e is not None), default=None) if not made else None
    show_folded(applied_lines(report, lang, verbose=verbose, before=before))
    print_note(_JOURNAL.filled(path=plan_file.journal.path).into(lang))
    _tell_archived(plan_file.journal, lang)
    words = plan_words(path, journal)
    if report.done and not quiet():
        takes_back = _TAKES_BACK.filled(command=f"sekisho rollback {words}{aws.typed}").into(lang)
        click.echo("\n".join(command_lines(takes_back, terminal_width())))
    stopped, left_out = bool(report.stopped), bool(report.left_out)
    show_next(next_action(PlanApplied(RunContext(aws.typed), words, stopped, left_out)), lang)
    if stopped:
        return Exit.ERROR
    return Exit.CLEAN if report.complete else Exit.CHANGES


def carry_out(
    plan_file: PlanFile, api: AwsApi, passwords: TemporaryPasswords, lang: Language
) -> ApplyReport:
    """Apply the plan; where it is stopped by an error or by hand, say first how far it came."""
    plan, journal = plan_file.plan, plan_file.journal
    addresses = [change.address for change in plan.changes]
    try:
        with progress_of(journal, addresses, _SETTLED, _APPLYING, lang) as progress:
            watched = WatchedApi(api, progress.read)
            now, password = partial(datetime.now, UTC), passwords.password
            run = partial(execute, plan, watched, journal, passwords=password, now=now)
            return retried(run, time.sleep, partial(tell_wait, lang=lang))
    except (SekishoError, KeyboardInterrupt) as error:
        _tell_archived(journal, lang)
        if in_the_middle(error):
            report = apply_progress(plan, journal)
            show_folded(applied_lines(report, lang, refused=True))
        raise


def _tell_archived(journal: Journal, lang: Language) -> None:
    """Say what the journal of the plan before is called now, if it made room."""
    if archived := journal.archived:
        succeeded = journal.archived_applied
        print_note((_SUCCEEDED if succeeded else _ARCHIVED).filled(path=archived).into(lang))
