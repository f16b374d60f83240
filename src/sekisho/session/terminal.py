"""The terminal device itself: it is used for the code, wherever stdin, stdout and stderr go.

Whoever starts a `credential_process` takes its stdout and stderr, so that a question on those would
never be seen; and a code on the command line would be seen by everybody (`ps`).
"""

import getpass
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Protocol

from sekisho.errors import Code, SessionRefused
from sekisho.messages import Language, Message, printable

_NO_TERMINAL = Message("an MFA code is wanted, and there is no terminal to ask for it on")
_RUN_IT = Message(
    "run `sekisho session` with the same profile on a terminal once: what it keeps serves until "
    "the session ends"
)


class Terminal(Protocol):
    """The terminal with a person."""

    def check(self) -> None:
        """Check that a person can be asked.

        Raises:
            SessionRefused: `session.no-terminal`.
        """
        ...

    def ask(self, question: Message, *, hidden: bool) -> str:
        """Return the typed text, without surrounding spaces.

        Args:
            question: the text that is shown first.
            hidden: whether what is typed is not shown.

        Raises:
            SessionRefused: `session.no-terminal`.
        """
        ...

    def say(self, message: Message) -> None:
        """Show a message to the person, if they see the terminal and not stderr."""
        ...


class TerminalDevice:
    """The terminal of this process: `/dev/tty`, or the console of Windows."""

    def __init__(self, language: Language) -> None:
        self._language = language

    def check(self) -> None:
        """Check that there is one, and that this process may read from it."""
        with _opened("r"):
            pass

    def ask(self, question: Message, *, hidden: bool) -> str:
        """Return the typed text."""
        self.check()
        lines = question.into(self._language).split("\n")
        text = "\n".join(map(printable, lines))
        if not hidden:
            with _opened("w") as out, _opened("r") as typed:
                out.write(text)
                out.flush()
                return typed.readline().strip()
        with warnings.catch_warnings():
            # so getpass says that it would show what is typed
            warnings.simplefilter("error", getpass.GetPassWarning)
            try:
                return getpass.getpass(text).strip()
            except getpass.GetPassWarning:
                raise no_terminal() from None

    def say(self, message: Message) -> None:
        """Show the message, unless stderr is the terminal, where it is already shown."""
        if sys.stderr.isatty():
            return
        # without a terminal nobody needs the message
        with suppress(SessionRefused), _opened("w") as out:
            out.write(f"{printable(message.into(self._language))}\n")


def no_terminal() -> SessionRefused:
    """Return the error that no person can be asked."""
    return SessionRefused(_NO_TERMINAL, code=Code.SESSION_NO_TERMINAL, fix=_RUN_IT)


@contextmanager
def _opened(mode: str) -> Iterator[IO[str]]:
    """Open the terminal for reading or writing.

    Raises:
        SessionRefused: if there is none, or this process is in its background.
    """
    try:
        if os.name == "nt":
            name = "CONIN$" if mode == "r" else "CONOUT$"
            file = open(name, mode, encoding="utf-8")  # noqa: SIM115 - closed below
        else:
            number = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
            file = os.fdopen(number, mode, encoding="utf-8")
            if os.tcgetpgrp(number) != os.getpgrp():
                # who reads there from the background is stopped, and its caller with it
                file.close()
                raise no_terminal()
    except OSError:
        raise no_terminal() from None
    with file:
        yield file
