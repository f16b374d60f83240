"""Where a report goes and in which form: `--format`, `--bom`, `--headings`, `--out`, `--force`.

Declared once for every command that hands over a report; `form_option` in `options` is for those
that have other forms.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

import click

from sekisho.cli.options import form_option, grouped
from sekisho.cli.quiet import aside
from sekisho.documents import check_writable, write_private
from sekisho.errors import UsageError
from sekisho.messages import Language, Message

WRITTEN = Message("written to {path}")
_BOM = Message("`--bom` is for `--format csv`")
_HEADINGS = Message("`--headings` is for `--format csv`")
_FORCE = Message("`--force` is for `--out`")

F = TypeVar("F", bound=Callable[..., Any])


class DocumentFormat(StrEnum):
    """How a report on an account or on logs is handed over."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"
    HTML = "html"
    SARIF = "sarif"


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """How a report is handed over.

    Attributes:
        output: the form.
        bom: whether CSV begins with a byte order mark.
        headings: the language of CSV's column names.
        out: the file to write; None: standard output.
        force: whether a file that is there is replaced.
    """

    output: DocumentFormat
    bom: bool
    headings: Language | None
    out: str | None
    force: bool

    def check(self, *others: str | None) -> None:
        """Refuse options that do not go together, and files that cannot be written.

        Args:
            others: what else the command writes, if it is given.

        Raises:
            UsageError: if options do not go together.
            SekishoError: if a file is there already or cannot be written.
        """
        if self.output is not DocumentFormat.CSV:
            for given, refusal in ((self.bom, _BOM), (self.headings, _HEADINGS)):
                if given:
                    raise UsageError(refusal)
        paths = [path for path in (self.out, *others) if path]
        if self.force and not paths:
            raise UsageError(_FORCE)
        for path in paths:
            check_writable(path, replace=self.force)

    def hand_over(self, text: Iterable[str], verdict: Message, lang: Language) -> None:
        """Print the pieces of a text, or write them and print the verdict on stderr."""
        if self.out:
            write_private(self.out, text, replace=self.force)
            aside(verdict.into(lang), WRITTEN.filled(path=self.out).into(lang))
        else:
            for piece in text:
                click.echo(piece, nl=False)


def bom_option(function: F) -> F:
    """Add `--bom`."""
    return click.option("--bom", is_flag=True, help="Begin CSV with a byte order mark, for Excel.")(
        function
    )


def headings_option(described: str) -> Callable[[F], F]:
    """Return what adds `--headings en|ja`; the parameter is a `Language` or None."""
    return click.option(
        "--headings",
        type=click.Choice([language.value for language in Language]),
        callback=lambda ctx, param, value: value and Language(value),
        help=described,
    )


def force_option(function: F) -> F:
    """Add `--force`, for a command that has `--out FILE`."""
    return click.option("--force", is_flag=True, help="Replace the file of --out if it is there.")(
        function
    )


output_options = grouped(
    "output",
    OutputOptions,
    form_option(
        DocumentFormat,
        "Text or HTML for people, CSV for spreadsheets, JSON, or SARIF 2.1.0 for code scanners.",
    ),
    bom_option,
    headings_option(
        "Language of CSV's column names; English if not given. The cells stay English."
    ),
    click.option("--out", metavar="FILE", help="Write to a file that only you may read."),
    force_option,
)
"""Adds the output options of a report; the parameter `output` is an `OutputOptions`."""
