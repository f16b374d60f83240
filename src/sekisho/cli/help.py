"""Help in the language of the run: what click prints, translated, and the examples of a command.

click writes help in English, from the texts in the commands' modules. Each of these texts is a key
of the catalogue, as a `Message` is (tools/catalogues.py); here it is looked up when it is written.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from inspect import cleandoc
from typing import Any

import click

from sekisho.cli.exits import Spoken
from sekisho.cli.terminal import command_lines
from sekisho.errors import UsageError
from sekisho.lazy import dataclass
from sekisho.messages import Language, Message, as_typed, cell_width, hanging, table, wrapped

_USAGE = Message("Usage: ")
_HEADINGS = {each.english: each for each in (Message("Options"), Message("Commands"))}
_OPTIONS, _COMMAND = Message("[OPTIONS]"), Message("COMMAND [ARGS]...")
"""What click writes for what is to be typed there."""
_EXAMPLES = Message("Examples")
_SHOW_HELP = Message("Show this message and exit.")
"""What click says of `--help`."""

EXAMPLES = "examples"
"""The table of messages with the examples of each command."""

_EXTRA = re.compile(r"  \[((?:default: |required|[^\]\s]*x[<>]).*)\]$")
"""What click appends to the help of an option."""
_DEFAULT = Message("default: ")
_REQUIRED = Message("required")
_NARROWEST = 10
_CHOICE = re.compile(r"[^ |]*[ |]|[^ |]+$")
"""A part of an option's line: a name, or one of its choices."""
_UNDER = " " * 6
"""Where the line of an option goes on."""


@dataclass(frozen=True, slots=True)
class Example:
    """A command line that help shows, and what it is for."""

    line: str
    purpose: Message


def examples_of(path: str) -> tuple[Example, ...]:
    """Return the examples of a command, like `policy lint`."""
    return tuple(Example(each["run"], each["for"]) for each in table(EXAMPLES)[path])


def language_of(ctx: click.Context) -> Language:
    """Return the language of the run; English for who builds a context of their own."""
    spoken = ctx.find_object(Spoken)
    return Language.EN if spoken is None else spoken.language


def _language(ctx: click.Context, param: click.Parameter, value: str | None) -> Language:
    spoken = ctx.find_object(Spoken)
    if value is None:
        return Language.of_environment() if spoken is None else spoken.language
    language = Language(value)
    if spoken is not None:
        spoken.language = language
    return language


LANG: Mapping[str, Any] = {
    "type": click.Choice([language.value for language in Language]),
    "default": None,
    "is_eager": True,
    "callback": _language,
    "help": "Language of the text; from the locale if not given.",
}
"""The option `--lang`: the language of the run, by default the locale's."""


def language_in(arguments: Sequence[str]) -> Language:
    """Return the language that a command line asks for, before it is read: by default the locale's.

    Help and wrong usage end a command before all of its options are read.
    """
    given = [each for each in _values_in(arguments, "--lang") if each in set(Language)]
    return Language(given[-1]) if given else Language.of_environment()


def json_in(arguments: Sequence[str]) -> bool:
    """Tell whether a command line asks for JSON, before it is read: errors are JSON, too, then."""
    return _values_in(arguments, "--format")[-1:] == ["json"]


def _values_in(arguments: Sequence[str], name: str) -> list[str]:
    """Return the values of an option; as Click takes them, the last of several counts."""
    values: list[str] = []
    for before, argument in zip(["", *arguments], arguments, strict=False):
        if argument == "--":
            break
        option, equals, value = argument.partition("=")
        if before == name or (option == name and equals):
            values.append(argument if before == name else value)
    return values


def texts_of(command: click.Command) -> Iterator[str]:
    """Yield each text of a command's help, as it is written."""
    for text in (command.help, command.epilog):
        if text:
            yield cleandoc(text)
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.help:
            yield parameter.help


class _Formatter(click.HelpFormatter):
    """Writes help in English; also what click leaves as long as it is, fits the terminal."""

    def getvalue(self) -> str:
        """Return the help; only a command that is one long word is wider than the terminal."""
        lines = super().getvalue().split("\n")
        return "\n".join(each for line in lines for each in _fitting(line, self.width))


def _fitting(line: str, width: int) -> list[str]:
    """Return a line as lines: an example goes on after a backslash, an option after a choice."""
    is_example = line.lstrip(" ").startswith("sekisho ")
    line = as_typed(line)
    if cell_width(line) <= width:
        return [line]
    body = line.lstrip(" ")
    indent = len(line) - len(body)
    if is_example:
        return [" " * indent + each for each in command_lines(body, width - indent)]
    if body.startswith("-"):
        return _broken(line, width)
    return hanging(line, width, whole=True)


def _broken(line: str, width: int) -> list[str]:
    """Return the line of an option as lines that end after a space or between two choices."""
    lines = [""]
    for piece in _CHOICE.findall(line):
        if lines[-1].strip() and cell_width(lines[-1] + piece.rstrip()) > width:
            lines.append(_UNDER)
        lines[-1] += piece
    return [each.rstrip() for each in lines]


class _JapaneseFormatter(_Formatter):
    """Writes help in Japanese, in lines as wide as their cells."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write the usage line."""
        for place in (_OPTIONS, _COMMAND):
            args = args.replace(place.english, place.ja)
        super().write_usage(prog, args, _USAGE.ja if prefix is None else prefix)

    def write_heading(self, heading: str) -> None:
        """Write a heading."""
        known = _HEADINGS.get(heading)
        super().write_heading(known.ja if known else heading)

    def write_text(self, text: str) -> None:
        r"""Write paragraphs; one that begins with a line of `\b` has its lines as they are."""
        width = max(self.width - self.current_indent, _NARROWEST)
        indent = " " * self.current_indent
        for number, paragraph in enumerate(Message(text).ja.split("\n\n")):
            if number:
                self.write("\n")
            lines = paragraph.split("\n")
            shown = lines[1:] if lines[0] == "\b" else wrapped(_joined(lines), width)
            self.write("".join(f"{indent}{line}\n" for line in shown))

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        """Write terms, and what is said of each in a second column."""
        rows = tuple(rows)
        column = min(max((cell_width(term) for term, _ in rows), default=0), col_max) + col_spacing
        width = max(self.width - column - self.current_indent, _NARROWEST)
        for term, text in rows:
            head = f"{' ' * self.current_indent}{term}"
            indent = " " * (self.current_indent + column)
            first, *others = wrapped(_option_help(text), width)
            if cell_width(term) <= column - col_spacing:
                self.write(f"{head}{' ' * (column - cell_width(term))}{first}\n")
            else:
                self.write(f"{head}\n{indent}{first}\n")
            self.write("".join(f"{indent}{line}\n" for line in others))


def _option_help(text: str) -> str:
    """Return the help of an option in Japanese, with what click appended to it."""
    extra = _EXTRA.search(text)
    if extra is None:
        return Message(text).ja
    appended = extra[1].replace("default: ", _DEFAULT.ja).replace("required", _REQUIRED.ja)
    return f"{Message(text[: extra.start()]).ja}  [{appended}]"


def _joined(lines: Sequence[str]) -> str:
    """Return lines as one; between two Japanese characters is no space."""
    text = lines[0]
    for line in lines[1:]:
        together = not text[-1:].isascii() and (not line[:1].isascii() or text[-1] in "、。")
        text += line if together else f" {line}"
    return text


class SpokenContext(click.Context):
    """A context whose help is in the language of the run."""

    def make_formatter(self) -> click.HelpFormatter:
        """Return the formatter for that language."""
        kinds = {Language.EN: _Formatter, Language.JA: _JapaneseFormatter}
        return kinds[language_of(self)](width=self.terminal_width, max_width=self.max_content_width)


class SpokenCommand(click.Command):
    """A command whose help is in the language of the run, and ends with its examples.

    Its `replaced` options, which it had once, are errors that say what to type.
    """

    context_class = SpokenContext

    def __init__(
        self, *args: Any, replaced: Mapping[str, Message] | None = None, **attributes: Any
    ) -> None:
        super().__init__(*args, **attributes)
        self._replaced = replaced or {}

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments.

        Raises:
            UsageError: if an option has been replaced, with what replaces it.
            NoSuchOption: if there never was such an option.
            UsageError: if a saved account is given as an argument.
        """
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            fix = self._replaced.get(error.option_name)
            if fix is None:
                raise
            message = Message("the option `{option}` has been replaced")
            raise UsageError(message.filled(option=error.option_name), fix=fix) from None
        except click.UsageError as error:
            self._refuse_snapshot_as_argument(ctx, error)
            raise

    def _refuse_snapshot_as_argument(self, ctx: click.Context, error: click.UsageError) -> None:
        """Say that a saved account is given by an option, if that is what is wrong."""
        takes_one = any("--snapshot" in each.opts for each in self.params)
        if type(error) is not click.UsageError or not takes_one:
            return
        file = error.message.rpartition("(")[2].rstrip(")")
        if file.endswith(".json") and " " not in file:
            raise UsageError(
                Message("`{file}` is more than the command takes").filled(file=file),
                fix=Message("did you mean `--snapshot {file}`?").filled(file=file),
            ) from None

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples: each command line, and what it is for."""
        language = language_of(ctx)
        _, _, path = ctx.command_path.partition(" ")
        with formatter.section(_EXAMPLES.into(language)):
            for number, example in enumerate(examples_of(path)):
                if number:
                    formatter.write_paragraph()
                indent = " " * formatter.current_indent
                for line in wrapped(
                    example.purpose.into(language), formatter.width - len(indent) - 2
                ):
                    formatter.write(f"{indent}# {line}\n")
                formatter.write(f"{indent}{example.line}\n")
