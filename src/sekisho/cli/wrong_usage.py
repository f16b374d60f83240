"""What is wrong with a command line, as messages: click itself says it in English only."""

from collections.abc import Iterable

import click

from sekisho.messages import Message, joined_messages, verbatim


def what_is_wrong(error: click.UsageError) -> Message:
    """Return what is wrong with the command line, in one sentence or two."""
    match error:
        case click.NoSuchOption():
            wrong = Message("There is no option `{name}`.").filled(name=error.option_name)
            return _sentences(wrong, _meant(error.possibilities))
        case click.exceptions.NoSuchCommand():
            wrong = Message("There is no command `{name}`.").filled(name=error.command_name)
            return _sentences(wrong, _meant(error.possibilities))
        case click.MissingParameter(param=click.Parameter() as param):
            wrong = Message("{name} is missing.").filled(name=_named(param, error.ctx))
            return _sentences(wrong, _choices(param))
        case click.BadParameter(param=click.Parameter() as param):
            wrong = Message("{name} has a wrong value.").filled(name=_named(param, error.ctx))
            return _sentences(wrong, _choices(param))
        case click.BadOptionUsage():
            wrong = Message("The option `{name}` lacks a value, or takes none.")
            return wrong.filled(name=error.option_name)
        case _:
            return Message("The command line is wrong.")


def _sentences(*several: Message | None) -> Message:
    return joined_messages((each for each in several if each is not None), en=" ", ja="")


def _named(param: click.Parameter, ctx: click.Context | None) -> str:
    if isinstance(param, click.Option) or ctx is None:
        return f"`{max(param.opts, key=len)}`"
    return f"`{param.make_metavar(ctx)}`"


def _choices(param: click.Parameter) -> Message | None:
    if not isinstance(param.type, click.Choice):
        return None
    return Message("It may be: {values}.").filled(values=_quoted(param.type.choices))


def _meant(possibilities: list[str] | None) -> Message | None:
    if not possibilities:
        return None
    return Message("Did you mean {names}?").filled(names=_quoted(possibilities))


def _quoted(names: Iterable[str]) -> Message:
    return joined_messages((verbatim(f"`{each}`") for each in names), en=", ", ja="、")
