"""Groups of commands that are imported when they are called, and not to be listed."""

import importlib
import re
import shlex
from collections.abc import Collection, Mapping
from typing import Any

import click

from sekisho.cli.features import is_there
from sekisho.cli.help import LANG, SpokenContext, language_of
from sekisho.errors import UsageError
from sekisho.lazy import dataclass
from sekisho.messages import Message, joined_messages, verbatim

_WHICH = Message("give what to check: {names}")
_COMMANDS = Message("Commands")
_TYPED = "sekisho.typed"
"""Under which a run keeps its own command line."""


@dataclass(frozen=True, slots=True)
class Lazy:
    """A command that is not imported yet.

    Attributes:
        line: its help in one line.
        module: the module of `sekisho` that has it.
        attribute: its name there.
    """

    line: Message
    module: str
    attribute: str = "command"

    def is_there(self) -> bool:
        """Tell whether the package that has it is installed."""
        return is_there(self.module.partition(".")[0])

    def load(self) -> click.Command:
        """Return the command."""
        command = getattr(importlib.import_module(f"sekisho.{self.module}"), self.attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"`{self.attribute}` of sekisho.{self.module} is no click command")
        return command


@dataclass(frozen=True, slots=True)
class CommandGroup:
    """A command that only has commands of its own.

    Attributes:
        line: its help in one line.
        help: what its own help begins with.
        commands: those that it has, by name.
        usual: what to do where none of them is named.
    """

    line: Message
    help: Message
    commands: Mapping[str, Lazy]
    usual: Message | None = None

    def is_there(self) -> bool:
        """Tell whether any of the commands is installed."""
        return any(each.is_there() for each in self.commands.values())

    def load(self) -> click.Command:
        """Return the command."""
        if self.usual is None:
            return LazyGroup(lazy=self.commands, help=self.help.english)
        return _GuidedGroup(lazy=self.commands, help=self.help.english, usual=self.usual)


class LazyGroup(click.Group):
    """A group that knows its commands by name and help line.

    Its help shows them in `sections`, if there are any, by what they are for.
    """

    context_class = SpokenContext

    def __init__(
        self,
        *args: Any,
        lazy: Mapping[str, Lazy | CommandGroup],
        sections: Mapping[Message, tuple[str, ...]] | None = None,
        **attributes: Any,
    ) -> None:
        super().__init__(*args, **attributes)
        self._sections = sections
        self.params.append(click.Option(["--lang"], expose_value=False, **LANG))
        self.lazy = {name: each for name, each in lazy.items() if each.is_there()}

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments.

        Raises:
            NoArgsIsHelpError: if no command is named, so that its help is shown in its language.
        """
        given = [*args]
        rest = super().parse_args(ctx, args)
        if self.no_args_is_help and not ctx.resilient_parsing:
            _, words, _ = self.make_parser(ctx).parse_args(given)
            if not words:
                raise click.exceptions.NoArgsIsHelpError(ctx)
        return rest

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order of the table."""
        return list(self.lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, imported now."""
        return self.lazy[cmd_name].load() if cmd_name in self.lazy else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that is called, and its arguments.

        Raises:
            UsageError: if there is none here, and one in a group has the name, or the name is
                what the help line calls one.
            NoSuchCommand: if there is none, with the names that are close to it; click looks for
                them among commands that are loaded.
        """
        ctx.meta.setdefault(_TYPED, tuple(args))
        try:
            return super().resolve_command(ctx, args)
        except click.exceptions.NoSuchCommand as error:
            if fix := self._meant_by(error.command_name, ctx.command_path):
                message = Message("there is no command `{name}`")
                raise UsageError(message.filled(name=error.command_name), fix=fix) from None
            raise click.exceptions.NoSuchCommand(
                error.command_name, possibilities=self.lazy, ctx=ctx
            ) from None

    def _meant_by(self, word: str, program: str) -> Message | None:
        """Return the suggestion for a word that is not a command; None if no command matches."""
        for name, group in self.lazy.items():
            if isinstance(group, CommandGroup) and word in group.commands:
                return Message("type `{command}`").filled(command=f"{program} {name} {word}")
        named = [
            name
            for name, each in self.lazy.items()
            if word.lower() in re.findall(r"\w+", each.line.en.lower())
        ]
        if len(named) != 1:
            return None
        return Message("did you mean {near}?").filled(near=f"`{program} {named[0]}`")

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands with their help lines."""
        language = language_of(ctx)
        width = max(len(name) for name in self.lazy)
        for title, several in (self._sections or {_COMMANDS: tuple(self.lazy)}).items():
            # the help lines of all sections begin in one column
            rows = [
                (name.ljust(width), self.lazy[name].line.into(language))
                for name in several
                if name in self.lazy
            ]
            if rows:
                with formatter.section(title.into(language)):
                    formatter.write_dl(rows)


class _GuidedGroup(LazyGroup):
    """A group that says which of its commands is usual where none is named."""

    def __init__(self, *args: Any, usual: Message, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self._usual = usual

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments.

        Raises:
            UsageError: if an option of one of the commands comes before its name.
        """
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption:
            raise self._no_command() from None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that is called, and its arguments.

        Raises:
            UsageError: if there is none of that name.
        """
        try:
            return super().resolve_command(ctx, args)
        except click.exceptions.NoSuchCommand:
            raise self._no_command() from None

    def _no_command(self) -> UsageError:
        names = joined_messages((verbatim(f"`{name}`") for name in self.lazy), en=", ", ja="、")
        return UsageError(_WHICH.filled(names=names), fix=self._usual)


def typed_again(*more: str, without: Collection[str] = ()) -> str:
    """Return the command line of this run, with more options, as a shell takes it.

    An option that may be given once is given anew in place of what it was.

    Args:
        more: options with their values, as a shell takes them.
        without: flags and options that are left out.
    """
    context = click.get_current_context()
    words = [*context.meta.get(_TYPED, ())]
    # the language comes with the program's name, where it is not the locale's
    anew = {each.split()[0] for each in more}.union(without, ("--lang",))
    for option in context.command.params:
        if isinstance(option, click.Option) and option.is_flag:
            words = [each for each in words if each not in {*without}.intersection(option.opts)]
        elif isinstance(option, click.Option) and not option.multiple:
            words = _without(words, anew.intersection(option.opts))
    return " ".join((shlex.join(("sekisho", *words)), *more))


def words_of(name: str, *values: str | None) -> list[str]:
    """Return an option with each value that there is, as a shell takes it; "": the values alone."""
    return [f"{name} {shlex.quote(value)}".strip() for value in values if value]


def _without(words: list[str], options: Collection[str]) -> list[str]:
    """Return the words of a command line without these options and their values."""
    remaining: list[str] = []
    for place, word in enumerate(words):
        is_value = place > 0 and words[place - 1] in options
        if not (is_value or word.partition("=")[0] in options):
            remaining.append(word)
    return remaining
