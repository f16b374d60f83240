"""Where a report goes and in which form: `--format`, `--bom`, `--headings`, `--out`, `--force`.

Declared once for every command that hands over a report; `form_option` in `options` is for those
that have other forms.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from enum import StrEnum
from typing import Any, TypeVar

import click

from sekisho.cli.options import form_option, grouped
from sekisho.cli.quiet import print_note, quiet
from sekisho.cli.terminal import (
    BAD,
    OPEN,
    colour_wanted,
    next_command,
    styled,
    terminal_width,
)
from sekisho.documents import check_writable, indented_json, write_private
from sekisho.documents.report import (
    Report,
    Sheet,
    TextLayout,
    report_page,
    report_text,
    sheet_text,
)
from sekisho.documents.sarif import Json
from sekisho.errors import UsageError
from sekisho.lazy import dataclass
from sekisho.messages import Language, Message, hanging, printable

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

    def hand_over(
        self, forms: "ReportForms", lang: Language, *, verbose: bool, next_step: str | None
    ) -> None:
        """Print a report in its form, or write it and print the verdict on stderr.

        Args:
            forms: the report and its other forms.
            lang: the language of what people read.
            verbose: whether a text says everything.
            next_step: the command that a text ends with; None: nothing, and no empty line either.
        """
        headline = forms.report.headline
        if self.out:
            text = self._written(forms, lang, verbose=verbose, next_step=next_step)
            write_private(self.out, text, replace=self.force)
            print_note(headline.into(lang), WRITTEN.filled(path=self.out).into(lang))
        elif quiet() and self.output is DocumentFormat.TEXT:
            for line in hanging(printable(headline.into(lang)), terminal_width()):
                click.echo(line)
        else:
            for piece in self._written(forms, lang, verbose=verbose, next_step=next_step):
                click.echo(piece, nl=False)

    def _written(
        self, forms: "ReportForms", lang: Language, *, verbose: bool, next_step: str | None
    ) -> Iterator[str]:
        """Yield the pieces of a report in its form."""
        match self.output:
            case DocumentFormat.TEXT:
                width = terminal_width()
                layout = TextLayout(width, verbose=verbose)
                if not self.out and colour_wanted():
                    layout = replace(layout, styled=in_colour)
                yield report_text(forms.report, lang, layout)
                if next_step is not None:
                    told = forms.report.beforehand
                    after = next_command(next_step, lang, width) if next_step else []
                    first = [] if told is None else ["", *hanging(told.into(lang), width)]
                    lines = [*first, "", *after] if after or not first else first
                    yield from (f"{line}\n" for line in lines)
            case DocumentFormat.JSON:
                yield from forms.record()
            case DocumentFormat.CSV:
                headings = self.headings or Language.EN
                yield sheet_text(forms.sheet(), bom=self.bom, headings=headings)
            case DocumentFormat.HTML:
                yield report_page(replace(forms.report, next_step=next_step or ""), lang)
            case DocumentFormat.SARIF:
                yield indented_json(forms.sarif(lang))


@dataclass(frozen=True, slots=True)
class ReportForms:
    """A report, and what its other forms are made of.

    Attributes:
        sheet: returns its rows.
        record: yields the pieces of its JSON.
        sarif: returns its findings as a log for code scanners.
    """

    report: Report
    sheet: Callable[[], Sheet]
    record: Callable[[], Iterator[str]]
    sarif: Callable[[Language], Json]


_STYLES = {"heading": "bold", "error": BAD, "warning": OPEN, "note": "cyan"}


def in_colour(text: str, style: str) -> str:
    """Return a heading, or the word of a severity, in its colour."""
    return styled(text, _STYLES[style])


def bom_option(function: F) -> F:
    """Add `--bom`."""
    return click.option(
        "--bom",
        is_flag=True,
        help="CSV for Excel: a byte order mark first, and numbers kept as text.",
    )(function)


def headings_option(described: str) -> Callable[[F], F]:
    """Return the decorator that adds `--headings en|ja`, a `Language` or None."""
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
