"""`sekisho tour`: the whole rollout rehearsed on a local AWS."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from sekisho import __version__, catalogue
from sekisho.cli.exits import Exit
from sekisho.cli.features import of_feature
from sekisho.cli.help import SpokenCommand
from sekisho.cli.options import OutputFormat, format_option, lang_option
from sekisho.cli.quiet import quiet, quiet_option
from sekisho.cli.terminal import show, styled, terminal_width
from sekisho.documents import table_lines
from sekisho.errors import SekishoError
from sekisho.messages import Language, Message, cell_width, printable, wrapped
from sekisho.policy import Preset

if TYPE_CHECKING:
    from sekisho.tour.rehearsal import Cell, Counts, Exchange, FactTable, TourStep

_WIDEST = 100

_FIRST = Message(
    "The sekisho tour: a rehearsal on a local AWS on 127.0.0.1. No real AWS account is touched."
)
_FACTS = Message("sekisho {version}, preset `{preset}`, catalogue {dated}")
_READS = Message("{count} reads: {operations}")
_BECAUSE = Message("why: {reasons}")
_MOVED = Message("(the local AWS's clock was moved {seconds} s forward instead of waiting)")
_CLOSING = Message(
    "All {steps} steps came out as they must: {calls} calls ({refused} rightly refused), "
    "{checks} checks; clock moved {moved} s; {seconds:.1f} s."
)
_BROKEN = Message("The tour ended early: a step did not come out as it must.")


@click.command(cls=SpokenCommand)
@click.option(
    "--preset",
    type=click.Choice([preset.value for preset in Preset]),
    default=Preset.RECOMMENDED.value,
    show_default=True,
    help="Which Force_MFA policy; `sekisho policy new --explain` says what each allows.",
)
@click.option(
    "--browser",
    is_flag=True,
    help="Rehearse by hand instead: run a console like AWS's, for a browser, until Ctrl-C.",
)
@format_option
@quiet_option
@lang_option
def command(preset: str, browser: bool, output: OutputFormat, lang: Language) -> int:
    """Rehearse the whole rollout on a local AWS, and show each step as it happens.

    An administrator creates the Force_MFA policy, attaches it in three ways and takes everything
    back; in between, the people of an example company meet it. Unmodified AWS clients over HTTP
    ask, a local AWS answers. Exit 0 only if every answer was the one that must come.
    """
    if browser:
        exit_code: int = of_feature("web.commands.console", "tour_in_browser")(lang)
        return exit_code
    # it needs the extra `local`, which `--help` does not
    from sekisho.tour.rehearsal import tour  # noqa: PLC0415 - as above

    steps = tour(Preset(preset))
    if output is OutputFormat.JSON:
        return _as_json(steps, Preset(preset), lang)
    return _as_text(steps, preset, lang)


def _as_json(steps: Iterator["TourStep"], preset: Preset, language: Language) -> int:
    from sekisho.tour.rehearsal import to_json  # noqa: PLC0415 - see `command`

    done: list[TourStep] = []
    try:
        done.extend(steps)
    except SekishoError as error:
        _print_json(to_json(done, preset, language, error))
        raise
    _print_json(to_json(done, preset, language))
    return Exit.CLEAN


def _print_json(document: dict[str, object]) -> None:
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))


def _as_text(steps: Iterator["TourStep"], preset: str, language: Language) -> int:
    from sekisho.tour.rehearsal import counts_of  # noqa: PLC0415 - see `command`

    began = time.monotonic()
    printer = _StepPrinter(language)
    if not quiet():
        printer.opening(preset)
    done: list[TourStep] = []
    try:
        for step in steps:
            done.append(step)
            if not quiet():
                printer.print_step(step)
    except SekishoError:
        printer.broken()
        raise
    printer.closing(counts_of(done), time.monotonic() - began)
    return Exit.CLEAN


class _StepPrinter:
    """Prints steps as they come; plain text, colour only on a terminal."""

    def __init__(self, language: Language) -> None:
        self._width = min(terminal_width(), _WIDEST)
        self._language = language
        self._chapter = 0
        self._section = ""

    def opening(self, preset: str) -> None:
        """Say what this is."""
        facts = _FACTS.filled(version=__version__, preset=preset, dated=catalogue.load().dated)
        self._print(self._in(_FIRST), "bold")
        self._print(self._in(facts), "dim")

    def print_step(self, step: "TourStep") -> None:
        """Print one step."""
        self._headings(step)
        self._print(f"✓ {step.id}  {self._in(step.title)}", "bold", 0)
        self._exchanges(step)
        for table in step.tables:
            self._table(table)
        for check in step.checks:
            value = "" if check.got == str(True) else f": {check.got}"
            self._print(f"= {self._in(check.what)}{value}", "green", 4)
        for note in step.notes:
            self._print(f"- {self._in(note)}", "", 4)
        if step.clock_moved > timedelta():
            seconds = int(step.clock_moved.total_seconds())
            self._print(self._in(_MOVED.filled(seconds=seconds)), "dim", 4)
        self._print(self._in(step.why), "italic", 2)

    def closing(self, counts: "Counts", seconds: float) -> None:
        """Say what it came to."""
        text = _CLOSING.filled(
            steps=counts.steps,
            calls=counts.calls,
            refused=counts.refused,
            checks=counts.checks,
            moved=int(counts.clock_moved.total_seconds()),
            seconds=seconds,
        )
        show()
        self._print(self._in(text), "bold green")

    def broken(self) -> None:
        """Say that the tour ended early; the error itself follows on stderr."""
        show()
        self._print(self._in(_BROKEN), "bold red")

    def _headings(self, step: "TourStep") -> None:
        if step.chapter != self._chapter:
            self._chapter = step.chapter
            title = f"{step.chapter.value}  {self._in(step.chapter.title)}"
            rule = "─" * (self._width - cell_width(title) - 1)
            show()
            show(f"{styled(title, 'bold cyan')} {styled(rule, 'cyan')}")
        section = self._in(step.section)
        show()
        if section and section != self._section:
            self._print(section, "cyan")
        self._section = section

    def _exchanges(self, step: "TourStep") -> None:
        shown = [exchange for exchange in step.exchanges if not exchange.background]
        who = ""
        for exchange in shown:
            caller = f"{exchange.caller} ({self._in(exchange.credential.title)})"
            if caller != who:
                who = caller
                self._print(who, "", 2)
            self._exchange(exchange)
        reads = [exchange for exchange in step.exchanges if exchange.background]
        if reads:
            names = dict.fromkeys(exchange.operation.split(":", 1)[1] for exchange in reads)
            count = sum(exchange.count for exchange in reads)
            text = _READS.filled(count=count, operations=", ".join(names))
            self._print(self._in(text), "dim", 4)

    def _exchange(self, exchange: "Exchange") -> None:
        asked = f"{exchange.operation} {exchange.target}".rstrip()
        answer = styled(exchange.answer, "green" if exchange.carried_out else "yellow")
        times = f" ×{exchange.count}" if exchange.count > 1 else ""
        if cell_width(f"    {asked} → {exchange.answer}") > self._width:
            show(f"    {asked}")
            asked = " "
        show(f"    {asked} → {answer}{times}")
        if exchange.message:
            self._print(exchange.message, "dim", 6)
        if exchange.because and not exchange.carried_out:
            reasons = ", ".join(self._cell(reason) for reason in exchange.because)
            self._print(self._in(_BECAUSE.filled(reasons=reasons)), "dim", 6)

    def _table(self, table: "FactTable") -> None:
        columns = [self._in(column) for column in table.columns]
        rows = [[self._cell(cell) for cell in row] for row in table.rows]
        width = self._width - 6
        self._print(f"{self._in(table.title)}:", "", 4)
        lines = table_lines(columns, rows, width=width)
        for line in lines.headings:
            show(styled(f"      {line}", "bold"))
        for line in lines.rows:
            show(f"      {line}")

    def _cell(self, cell: "Cell") -> str:
        return cell if isinstance(cell, str) else self._in(cell)

    def _in(self, text: Message) -> str:
        return text.into(self._language)

    def _print(self, text: str, style: str = "", indent: int = 0) -> None:
        """Print a paragraph, wrapped and indented."""
        for line in wrapped(text, self._width - indent):
            # what no terminal shows is noise in a file
            show((" " * indent + printable(line)).rstrip(), style)
