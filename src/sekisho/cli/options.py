"""Options that several commands share."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar

import click

from sekisho.language import Language

__all__ = ["OutputFormat", "format_option", "lang_option"]


class OutputFormat(StrEnum):
    """How a command prints its result."""

    TABLE = "table"
    JSON = "json"


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


def format_option(function: F) -> F:
    """Add `--format table|json`; the parameter `output` is an `OutputFormat`."""
    return click.option(
        "--format",
        "output",
        type=click.Choice([form.value for form in OutputFormat]),
        default=OutputFormat.TABLE.value,
        show_default=True,
        callback=lambda ctx, param, value: OutputFormat(value),
        help="Text for people, or JSON with English keys.",
    )(function)
