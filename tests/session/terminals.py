"""Programs with a terminal of their own (and stdout and stderr in pipes), or with none."""

import fcntl
import os
import pty
import select
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import sekisho
from administered import REGION

HELPER = (sys.executable, "-m", "sekisho", "session")
_ENOUGH_SECONDS = 180
SOURCE = Path(sekisho.__file__).parents[1]


@dataclass
class Terminal:
    """A terminal, and who sits at it.

    Attributes:
        answer: gives what is typed when the terminal shows a question.
        shown: what it has shown.
        asked: how many questions were answered.
    """

    answer: Callable[[], str]
    shown: str = ""
    asked: int = 0
    master: int = field(default=-1, init=False)
    slave: int = field(default=-1, init=False)

    def open(self) -> None:
        self.master, self.slave = pty.openpty()

    def close(self) -> None:
        for each in (self.master, self.slave):
            os.close(each)

    def read(self) -> None:
        """See what the terminal shows; wait a moment for it."""
        if select.select([self.master], [], [], 0.05)[0]:
            self.shown += os.read(self.master, 4096).decode()

    def serve(self) -> None:
        """Answer a question, if one is there."""
        self.read()
        if self.shown.count("MFA code of") > self.asked:
            self.asked += 1
            os.write(self.master, f"{self.answer()}\n".encode())


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Return the variables of a program that finds its profiles, notes and nothing else."""
    ours = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    return {
        **ours,
        "PYTHONPATH": str(SOURCE),
        "AWS_CONFIG_FILE": str(folder / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "none"),
        "AWS_DEFAULT_REGION": REGION,
        # the SDK for JavaScript reads this one alone
        "AWS_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "SEKISHO_SESSION_FOLDER": str(folder / "notes"),
        "LANG": "C.UTF-8",
        "COLUMNS": "200",
        **more,
    }


def start(
    command: Sequence[str], variables: Mapping[str, str], terminal: Terminal | None = None
) -> "subprocess.Popen[str]":
    """Start a program in a session of its own, with the terminal as its controlling one."""

    def take() -> None:
        if terminal is not None:
            fcntl.ioctl(terminal.slave, termios.TIOCSCTTY, 0)

    return subprocess.Popen(  # noqa: S603 - our own programs
        command,
        env=dict(variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=take,  # noqa: PLW1509 - the tests start no threads that hold locks
        pass_fds=() if terminal is None else (terminal.slave,),
    )


def finish(
    programs: Sequence["subprocess.Popen[str]"], *terminals: Terminal
) -> list["subprocess.CompletedProcess[str]"]:
    """Answer at the terminals until all programs have ended; return what they printed."""
    until = time.monotonic() + _ENOUGH_SECONDS
    while any(each.poll() is None for each in programs):
        assert time.monotonic() < until, [each.shown for each in terminals]
        for terminal in terminals:
            terminal.serve()
        if not terminals:
            time.sleep(0.02)
    return [
        subprocess.CompletedProcess(each.args, each.returncode, *each.communicate())
        for each in programs
    ]


def run(
    command: Sequence[str], variables: Mapping[str, str], answer: Callable[[], str] | None = None
) -> tuple["subprocess.CompletedProcess[str]", str]:
    """Run a program, at a terminal if somebody answers; return what it and the terminal show."""
    if answer is None:
        return finish([start(command, variables)])[0], ""
    terminal = Terminal(answer)
    terminal.open()
    try:
        (done,) = finish([start(command, variables, terminal)], terminal)
        terminal.serve()
    finally:
        terminal.close()
    return done, terminal.shown
