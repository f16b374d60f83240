"""What is wrong with a command line, said as any other error: click itself speaks English only."""

import re
from collections.abc import Iterable
from pathlib import Path

import click

from sekisho.errors import UsageError, did_you_mean
from sekisho.messages import Message, joined_messages, verbatim

_VALUE = re.compile(r"(?:^|\s)(?:'(?P<quoted>[^']*)'|(?P<bare>-?[\w.]+)) (?:is|does) ")
"""Where click's sentence about a value has the value."""
_NOTHING_NEAR = verbatim("")
_NOTATION = re.compile(r"\[|\]|\.\.\.|\|-(?!\w)")
"""What a usage line has round the name of an argument."""
_EXTRA = re.compile(r"\((?P<given>.*)\)$")


def what_is_wrong(error: click.UsageError) -> UsageError:
    """Return click's error as our own: the value that was given, and what to type."""
    match error:
        case click.NoSuchOption():
            message = Message("there is no option `{name}`").filled(name=error.option_name)
            return UsageError(message, fix=_suggestion(error.possibilities))
        case click.exceptions.NoSuchCommand():
            message = Message("there is no command `{name}`").filled(name=error.command_name)
            return UsageError(message, fix=_suggestion(error.possibilities))
        case click.MissingParameter(param=click.Parameter() as param):
            message = Message("{name} is missing").filled(name=_typed_form(param, error.ctx))
            return UsageError(message, fix=_allowed(param))
        case click.BadParameter(param=click.Parameter() as param):
            return _bad_value(param, error)
        case click.BadOptionUsage() if "requires" in error.message:
            message = Message("the option `{name}` needs a value")
            return UsageError(message.filled(name=error.option_name))
        case click.BadOptionUsage():
            message = Message("the option `{name}` takes no value")
            return UsageError(message.filled(name=error.option_name))
        case _:
            extra = _EXTRA.search(error.message)
            # of what click finds wrong, only this is left
            message = Message("`{given}` is more than the command takes")
            return UsageError(message.filled(given=extra["given"] if extra else error.message))


def _bad_value(param: click.Parameter, error: click.BadParameter) -> UsageError:
    found = _VALUE.search(error.message)
    value = (found["quoted"] or found["bare"]) if found else ""
    given = _typed_form(param, error.ctx, value)
    match param.type:
        case click.Choice(choices=choices):
            known = [str(each) for each in choices]
            message = Message("{given} is none of {values}")
            fix = did_you_mean(value, known, _NOTHING_NEAR)
            return UsageError(
                message.filled(given=given, values=_quoted(known)),
                fix=None if fix is _NOTHING_NEAR else fix,
            )
        case click.IntRange(min=int(least), max=int(most)):
            message = Message("{given} is not a whole number from {least} to {most}{unit}")
            return UsageError(
                message.filled(given=given, least=least, most=most, unit=_unit(param))
            )
        case click.IntRange(min=int(least)):
            message = Message("{given} is not a whole number of at least {least}{unit}")
            return UsageError(message.filled(given=given, least=least, unit=_unit(param)))
        case click.Path() if value and Path(value).is_dir():
            message = Message("{given} is a folder").filled(given=given)
            return UsageError(message, fix=Message("give the name of a file"))
        case _:
            return UsageError(Message("{given} cannot be used").filled(given=given))


def _typed_form(param: click.Parameter, ctx: click.Context | None, value: str = "") -> Message:
    """Return an option or argument as one types it, with the value that was given."""
    if isinstance(param, click.Option) or ctx is None:
        name = max(param.opts, key=len)
        return verbatim(f"`{name} {value}`" if value else f"`{name}`")
    # an argument is a file, mostly; that it may be `-`, or several, is said by the help
    return verbatim(f"`{value or _NOTATION.sub('', param.make_metavar(ctx))}`")


def _unit(param: click.Parameter) -> str:
    return f" ({param.metavar})" if param.metavar else ""


def _allowed(param: click.Parameter) -> Message | None:
    """Return the allowed values, if the type of the parameter lists them."""
    if isinstance(param.type, click.Choice):
        return Message("it may be: {values}").filled(values=_quoted(map(str, param.type.choices)))
    return None


def _suggestion(possibilities: list[str] | None) -> Message | None:
    if not possibilities:
        return None
    return Message("did you mean {names}?").filled(names=_quoted(possibilities))


def _quoted(names: Iterable[str]) -> Message:
    return joined_messages((verbatim(f"`{each}`") for each in names), en=", ", ja="、")
