"""The command line: finds a command's module when it is called, and turns errors into exits.

Each command is one module of this package with a click command named `command`; nothing of it is
imported before it is needed, so that `sekisho --help` stays light.
"""

import errno
import importlib
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from copy import copy
from inspect import cleandoc

import click

from sekisho import __version__
from sekisho.cli.exits import Exit, Spoken, worst
from sekisho.cli.pipes import stdio
from sekisho.cli.usage_ja import in_japanese
from sekisho.errors import Code, FaultyInput, SekishoError, SeveralErrors, UsageError, reason_of
from sekisho.messages import Language, Message

__all__ = ["main", "root"]

COMMANDS: Mapping[str, Message] = {
    "tour": Message("Rehearse the whole rollout on a local AWS."),
    "guide": Message("The same path by hand, for people who click."),
    "policy": Message("Write a Force_MFA policy; show what the console says it does."),
    "decide": Message("Decide one request, or a file of them, and say why."),
    "explain": Message("Explain an error text: cause, look-alikes, fix."),
    "prove": Message("Prove that MFA is enforced, or show a request that passes."),
    "collect": Message("Read an account whole, and save it as one file."),
    "audit": Message("Say who is enforced, who is not enrolled, and what is wrong."),
    "plan": Message("What would change, for whom, and whether that is safe."),
    "apply": Message("Do what a plan says, and nothing else."),
    "status": Message("How a plan or a goal stands in the account now."),
    "rollback": Message("Take back what a plan did."),
    "onboard": Message("Plan a new user, enforced from the first moment."),
    "reset": Message("Plan a lost phone: the devices go, a temporary password comes."),
    "offboard": Message("Plan that somebody leaves: no right and no credential is left."),
    "orphans": Message("Unassigned virtual MFA devices: whose they may be; plan to delete them."),
    "local": Message("Run the local AWS alone."),
}
"""Each command with its one-line help; docs/reference/commands.md documents every one."""

_ABOUT_ONE_PERSON = ("onboard", "reset", "offboard")
"""Commands that share the module `lifecycle`."""

_INTERRUPTED = Message("interrupted")
_WRONG_USAGE = Message("The command line is wrong.")
_SEE_HELP = Message("See `--help`.")
_UNWRITABLE = (errno.ENOSPC, errno.EIO, errno.EFBIG, errno.EBADF, errno.EINVAL)
"""How writing to a full disk or a lost terminal fails."""


class _Commands(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        if cmd_name in _ABOUT_ONE_PERSON:
            command = getattr(importlib.import_module("sekisho.cli.lifecycle"), cmd_name)
        else:
            command = importlib.import_module(f"sekisho.cli.{cmd_name}").command
        if not isinstance(command, click.Command):
            raise TypeError(f"`{cmd_name}` of sekisho.cli is no click command")
        return _headed(command, COMMANDS[cmd_name], _language(ctx))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            language = _language(ctx)
            formatter.write_dl([(name, text.into(language)) for name, text in COMMANDS.items()])


def _language(ctx: click.Context) -> Language:
    """Return the locale's language: help is printed before `--lang` is read."""
    return ctx.obj.language if isinstance(ctx.obj, Spoken) else Language.EN


def _headed(command: click.Command, line: Message, language: Language) -> click.Command:
    """Return a command whose help, which is English, begins with one line in another language."""
    if language is Language.EN:
        return command
    headed = copy(command)
    headed.help = f"{line.into(language)}\n\n{cleandoc(command.help or '')}"
    return headed


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=(
        "Exit codes: 0 clean, 1 error, 2 changes pending, 3 findings or refuted, 4 unknown, "
        "64 wrong usage. Nothing is changed in an account unless a command says so."
    ),
)
@click.version_option(__version__, "-V", "--version", prog_name="sekisho")
def root() -> None:
    """Make MFA mandatory for the IAM users of an AWS account, and prove that it is."""


def _report(error: SekishoError, language: Language) -> Exit:
    """Print an error on stderr, every fault on a line of its own, and return what to exit with."""
    if isinstance(error, SeveralErrors):
        return worst([_report(each, language) for each in error.errors])
    if isinstance(error, FaultyInput):
        for fault in error.faults:
            click.echo(f"sekisho: {fault.code}: {error.source}: {fault.into(language)}", err=True)
        return Exit.ERROR
    said = error.into(language)
    place = f"{error.at}: " if error.at and error.at not in said else ""
    fix = f" ({error.fix.into(language)})" if error.fix else ""
    click.echo(f"sekisho: {error.code}: {place}{said}{fix}", err=True)
    return Exit.USAGE if isinstance(error, UsageError) else Exit.ERROR


def main() -> None:
    """Run the command line and exit with its code."""
    stdio()
    try:
        code = _run()
        for stream in filter(None, (sys.stdout, sys.stderr)):
            stream.flush()
    except OSError as error:
        _unwritten(error)
        code = Exit.ERROR
    sys.exit(code)


def _run() -> int:
    """Run the command and return its exit code; errors are printed."""
    spoken = Spoken(Language.of_environment())
    try:
        result = root.main(standalone_mode=False, prog_name="sekisho", obj=spoken)
    except click.exceptions.Abort:
        click.echo(f"sekisho: {_INTERRUPTED.into(spoken.language)}", err=True)
        return Exit.ERROR
    except click.UsageError as error:
        error.show()
        if spoken.language is Language.JA:
            # click itself speaks English
            said = in_japanese(error) or _WRONG_USAGE.ja
            click.echo(f"  {said}{_SEE_HELP.ja}", err=True)
        return Exit.USAGE
    except click.ClickException as error:
        error.show()
        return Exit.ERROR
    except SekishoError as error:
        return _report(error, spoken.language)
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
