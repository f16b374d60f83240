"""Temporary passwords: made when AWS is told them, and told to one person, once.

They are shown on the terminal or written to a file that only its owner may read; never to a pipe, a
plan, a journal or a log.
"""

import secrets
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from sekisho.errors import UsageError
from sekisho.files.private import write_private
from sekisho.language import Language, Text
from sekisho.rollout import CreateLoginProfile, Plan
from sekisho.rollout.journal import Event, Journal
from sekisho.rollout.taking import ReplacePassword

__all__ = ["Told"]

# no character that is taken for another when it is read from a screen
_CLASSES = ("ABCDEFGHJKLMNPQRSTUVWXYZ", "abcdefghijkmnopqrstuvwxyz", "23456789", "!@#$%^&*()_+-=")
_LENGTH = 20

_SHOWN = Text(
    "Temporary password of {user}, shown this once: {password}",
    "{user} の一時パスワード (表示は今回限り): {password}",
)
_WRITTEN = Text(
    "The temporary passwords are in {path}; delete it when they are handed over.",
    "一時パスワードは {path} にあります。渡し終えたら削除してください。",
)


class Told:
    """The temporary passwords of one run of a plan."""

    def __init__(self, plan: Plan, path: Path | None) -> None:
        """Refuse, before anything is done, if nobody could be told a password.

        Raises:
            UsageError: if the plan makes one, there is no terminal, and no file is named.
            SekishoError: if the file is there already or cannot be written.
        """
        self._path = path
        self._passwords: dict[str, str] = {}
        self._addresses = {
            change.user: change.address
            for change in plan.changes
            if isinstance(change, CreateLoginProfile | ReplacePassword)
        }
        if self._addresses and path is None and not sys.stdout.isatty():
            raise UsageError(
                "this plan makes a temporary password, and there is no terminal to show it on",
                cure="run it on a terminal, or name a new file with `--password-file FILE`",
            )
        if path is not None:
            # what cannot be written must not be found out when the password is set
            write_private(path, "")

    def password(self, user: str) -> str:
        """Return the temporary password of a user, the same throughout the run."""
        return self._passwords.setdefault(user, _made())

    def tell(self, journal: Journal, lang: Language) -> None:
        """Tell every password that AWS has taken, also after a run that stopped."""
        taken = dict(self._taken(journal))
        if self._path is not None and not taken:
            self._path.unlink()
        elif self._path is not None:
            text = "".join(f"{user}\t{password}\n" for user, password in taken.items())
            write_private(self._path, text, replace=True)
            click.echo(_WRITTEN.filled(path=self._path).into(lang), err=True)
        else:
            for user, password in taken.items():
                click.echo(_SHOWN.filled(user=user, password=password).into(lang))

    def _taken(self, journal: Journal) -> Iterator[tuple[str, str]]:
        for user, password in self._passwords.items():
            if journal.standing(self._addresses[user]) is Event.DONE:
                yield user, password


def _made() -> str:
    """Return a password of every class that a password policy can ask for."""
    letters = [secrets.choice(each) for each in _CLASSES]
    letters += [secrets.choice("".join(_CLASSES)) for _ in range(_LENGTH - len(letters))]
    secrets.SystemRandom().shuffle(letters)
    return "".join(letters)
