"""Options that several commands share."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar

import click

from sekisho.engine import Switches
from sekisho.engine.question import switches_from_text
from sekisho.errors import UsageError
from sekisho.language import Language

__all__ = [
    "OutputFormat",
    "ReportFormat",
    "format_option",
    "lang_option",
    "report_format_option",
    "switch_option",
]


class OutputFormat(StrEnum):
    """How a command prints its result."""

    TABLE = "table"
    JSON = "json"


class ReportFormat(StrEnum):
    """How a command that finds faults prints them."""

    TABLE = "table"
    JSON = "json"
    SARIF = "sarif"


def _language(ctx: click.Context, param: click.Parameter, value: str | None) -> Language:
    return Language(value) if value else Language.of_environment()


F = TypeVar("F", bound=Callable[..., Any])


def lang_option(function: F) -> F:
    """Add `--lang en|ja`; the parameter is a `Language`, by default the locale's."""
    return click.option(
        "--lang",
        type=click.Choice([language.value for language in Language]),
        default=None,
        callback=_language,
        help="Language of the text; from the locale if not given.",
    )(function)


def _switches(ctx: click.Context, param: click.Parameter, texts: tuple[str, ...]) -> Switches:
    pairs: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise UsageError(f"`--switch {text}` is not of the form `NAME=VALUE`")
        pairs[name] = value
    return switches_from_text(pairs)


def switch_option(function: F) -> F:
    """Add `--switch NAME=VALUE`; the parameter `switches` is a `Switches`."""
    return click.option(
        "--switch",
        "switches",
        metavar="NAME=VALUE",
        multiple=True,
        callback=_switches,
        help="Set a point that AWS does not document: docs/reference/switches.md.",
    )(function)


def format_option(function: F) -> F:
    """Add `--format table|json`; the parameter `output` is an `OutputFormat`."""
    return _choice_of(OutputFormat, "Text for people, or JSON with English keys.")(function)


def report_format_option(function: F) -> F:
    """Add `--format table|json|sarif`; the parameter `output` is a `ReportFormat`."""
    return _choice_of(
        ReportFormat,
        "Text for people, JSON with English keys, or SARIF 2.1.0 for code scanners.",
    )(function)


def _choice_of(forms: type[OutputFormat] | type[ReportFormat], described: str) -> Callable[[F], F]:
    return click.option(
        "--format",
        "output",
        type=click.Choice([form.value for form in forms]),
        default=forms.TABLE.value,
        show_default=True,
        callback=lambda ctx, param, value: forms(value),
        help=described,
    )
