"""`--quiet`: of a text for people the verdict and the errors are printed, and nothing else.

No details, no notes on stderr, no progress, no command to type next. What is data stays whole: JSON
and the like, a policy, a snapshot, a temporary password. So do questions to the user of a command,
and what they must know to answer them.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from sekisho.cli.terminal import next_command, notice, terminal_width
from sekisho.errors import UsageError
from sekisho.messages import Language, Message

_QUIET = "sekisho.quiet"
"""Under which a run keeps whether it is quiet."""
_CONTRADICTION = Message("`--quiet` and `--verbose` contradict each other")
_LEAVE_OUT = Message("leave one side out")

F = TypeVar("F", bound=Callable[..., Any])


def quiet(ctx: click.Context | None = None) -> bool:
    """Tell whether this run prints the verdict and errors only.

    Args:
        ctx: of the run; if it is not given, it is that of this thread.
    """
    ctx = ctx or click.get_current_context(silent=True)
    return ctx is not None and _QUIET in ctx.meta


def print_note(*lines: str) -> None:
    """Print on stderr what goes beside the result, folded, unless the run is quiet."""
    if not quiet():
        notice(*lines)


def show_next(command: str, lang: Language, *, err: bool = False) -> None:
    """Print what to type next, after a blank line; nothing if there is no command, or no wish."""
    if not command or quiet():
        return
    click.echo(err=err)
    for line in next_command(command, lang, terminal_width()):
        click.echo(line, err=err)


def quiet_option(function: F) -> F:
    """Add `--quiet`; it is no parameter: see `quiet`."""
    return click.option(
        "-q",
        "--quiet",
        is_flag=True,
        expose_value=False,
        callback=_hush,
        help="Print the verdict and errors only.",
    )(function)


def verbose_option(function: F) -> F:
    """Add `-v`; the parameter `verbose` is whether everything is said."""
    return click.option(
        "-v",
        "--verbose",
        is_flag=True,
        callback=_speak,
        help="Show everything, with evidence.",
    )(function)


def _hush(ctx: click.Context, param: click.Parameter, given: bool) -> None:
    if given:
        ctx.meta[_QUIET] = True
        _refuse_both(verbose=bool(ctx.params.get("verbose")))


def _speak(ctx: click.Context, param: click.Parameter, given: bool) -> bool:
    if _QUIET in ctx.meta:
        _refuse_both(verbose=given)
    return given


def _refuse_both(*, verbose: bool) -> None:
    if verbose:
        raise UsageError(_CONTRADICTION, fix=_LEAVE_OUT)
