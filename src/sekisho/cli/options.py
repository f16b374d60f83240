"""Options that several commands share, and how a command gets its options: typed, in groups.

A group of options is a frozen dataclass whose fields are the options' parameters; `grouped` adds
the options to a command and hands them over as one value.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from datetime import date
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from sekisho import catalogue
from sekisho.cli.help import LANG
from sekisho.engine import Assumptions
from sekisho.engine.exchange import assumptions_from_text
from sekisho.errors import Code, Fault, FaultyRequest, UsageError, quoted
from sekisho.lazy import dataclass
from sekisho.messages import Language, Message


class OutputFormat(StrEnum):
    """How a command prints its result."""

    TEXT = "text"
    JSON = "json"


class ReportFormat(StrEnum):
    """How a command that finds faults prints them."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"


ASSUME: Mapping[str, Any] = {
    "metavar": "NAME=VALUE",
    "multiple": True,
    "help": "Set an assumption about what AWS does not document; an unknown NAME lists them all.",
}
"""The option `--assume`."""

F = TypeVar("F", bound=Callable[..., Any])
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]
"""What adds options to a command."""


def grouped(parameter: str, group: type[Any], *options: Decorator) -> Decorator:
    """Return a decorator that adds `options` and hands them over as one `group`.

    Args:
        parameter: the name of the command's parameter.
        group: a frozen dataclass with a field for the parameter of each option.
        options: from `click.option`, in the order in which `--help` shows them.
    """
    names = [field.name for field in fields(group)]

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def gathered(**given: Any) -> Any:
            values = {name: given.pop(name) for name in names}
            return function(**given, **{parameter: group(**values)})

        decorated: Callable[..., Any] = gathered
        for option in reversed(options):
            decorated = option(decorated)
        return decorated

    return add


def lang_option(function: F) -> F:
    """Add `--lang en|ja`; the parameter is a `Language`, by default the locale's."""
    return click.option("--lang", **LANG)(function)


@dataclass(frozen=True, slots=True)
class PrintOptions:
    """How a report is printed.

    Attributes:
        output: the form.
        verbose: whether text says everything.
        lang: the language of text.
    """

    output: ReportFormat
    verbose: bool
    lang: Language


def assumptions_of(texts: Iterable[str]) -> Assumptions:
    """Return the assumptions of `--assume NAME=VALUE`.

    Raises:
        UsageError: if a text is not of that form, or an assumption stands twice.
        FaultyRequest: with every name that is no assumption and every setting that it has not.
    """
    return assumptions_from_text(texts_of_assumptions(texts))


def texts_of_assumptions(texts: Iterable[str]) -> dict[str, str]:
    """Return the setting of each `NAME=VALUE` by name.

    Raises:
        UsageError: if a text is not of that form, or an assumption stands twice.
    """
    pairs: dict[str, str] = {}
    for text in texts:
        name, value = pair("--assume", "NAME=VALUE", text)
        if name in pairs:
            raise UsageError(
                Message("`--assume {text}`: `{name}` is given twice").filled(text=text, name=name),
                fix=Message("set it once"),
            )
        pairs[name] = value
    return pairs


_MISSPELLED = Message("`{action}` looks misspelled")
_MEANT = Message("did you mean {near}?")


def spelled_actions(
    ctx: click.Context, param: click.Parameter, patterns: tuple[str, ...]
) -> tuple[str, ...]:
    """Return patterns of actions, for click.

    Raises:
        FaultyRequest: with every action whose name is misspelled, and what is meant. It ends as
            `sekisho decide` does where there is no such request.
    """
    path = param.opts[0]
    faults = [
        Fault(
            Code.REQUEST_BAD_VALUE,
            _MISSPELLED.filled(action=pattern),
            path,
            fix=_MEANT.filled(near=quoted(meant)),
        )
        for pattern in patterns
        if (meant := catalogue.spelling_correction(pattern)) is not None
    ]
    if faults:
        raise FaultyRequest(Message("options", "source"), faults)
    return patterns


def known_actions(
    ctx: click.Context, param: click.Parameter, patterns: tuple[str, ...]
) -> tuple[str, ...]:
    """Return patterns of actions, for click.

    Raises:
        FaultyRequest: with every action whose name is misspelled.
        UsageError: for one that matches no action, with the one that may be meant.
    """
    for pattern in spelled_actions(ctx, param, patterns):
        if catalogue.load().expand(pattern):
            continue
        near = catalogue.load().nearest(pattern)
        raise UsageError(
            Message("`{option} {action}`: the catalogue of AWS's actions has none like it").filled(
                option=param.opts[0], action=pattern
            ),
            fix=_MEANT.filled(near=quoted(near)) if near else None,
        )
    return patterns


def pair(option: str, form: str, text: str) -> tuple[str, str]:
    """Return both sides of the first `=` of an option's value; the right one may be empty.

    Raises:
        UsageError: if there is none, or nothing before it; `form` says what was wanted.
    """
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise UsageError(
            Message("`{option} {text}` is not of the form `{form}`").filled(
                option=option, text=text, form=form
            )
        )
    return name, value


def assumption_option(function: F) -> F:
    """Add `--assume NAME=VALUE`; the parameter `assumptions` is a `Assumptions`."""
    return click.option(
        "--assume",
        "assumptions",
        callback=lambda ctx, param, texts: assumptions_of(texts),
        **ASSUME,
    )(function)


def format_option(function: F) -> F:
    """Add `--format text|json`; the parameter `output` is an `OutputFormat`."""
    return form_option(OutputFormat, "Text for people, or JSON with English keys.")(function)


def report_format_option(function: F) -> F:
    """Add `--format text|json|sarif`; the parameter `output` is a `ReportFormat`."""
    return form_option(
        ReportFormat,
        "Text for people, JSON with English keys, or SARIF 2.1.0 for code scanners.",
    )(function)


def form_option(
    forms: Iterable[StrEnum], described: str, *, parameter: str = "output"
) -> Callable[[F], F]:
    """Return the decorator that adds `--format`, by default the first of the forms.

    Args:
        forms: the forms; the parameter is one of them.
        described: the option's help.
        parameter: its name.
    """
    by_name = {form.value: form for form in forms}
    return click.option(
        "--format",
        parameter,
        type=click.Choice([*by_name]),
        default=next(iter(by_name)),
        show_default=True,
        callback=lambda ctx, param, value: by_name[value],
        help=described,
    )


def day_of_option(ctx: click.Context, param: click.Parameter, text: str | None) -> date | None:
    """Return the day that an option gives in ISO 8601.

    Raises:
        UsageError: if it is none.
    """
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise UsageError(
            Message("`{option} {text}` is not a date").filled(option=param.opts[0], text=text),
            fix=Message("write it like `2026-12-01`"),
        ) from None


def goal_beside(path: Path) -> Path:
    """Return the goal whose campaign's folder, `GOAL.campaign`, was given; else the path itself."""
    goal = path.with_suffix("")
    return goal if path.suffix == ".campaign" and path.is_dir() and goal.is_file() else path


class GoalPath(click.Path):
    """A plan or a goal; in place of a goal its campaign's folder can be given."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Path:
        """Return the goal beside a campaign's folder, and any other path as it is."""
        return goal_beside(Path(value))
