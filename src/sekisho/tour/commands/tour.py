"""`sekisho tour`: the whole rollout rehearsed on a local AWS."""

import json
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING

import click

from sekisho import __version__, catalogue
from sekisho.cli.exits import Exit
from sekisho.cli.features import of_feature
from sekisho.cli.help import SpokenCommand
from sekisho.cli.next_action import PolicyLacking, next_action
from sekisho.cli.options import OutputFormat, format_option, lang_option
from sekisho.cli.quiet import quiet, quiet_option, show_next, verbose_option
from sekisho.cli.terminal import show, styled, terminal_width
from sekisho.documents import table_lines
from sekisho.errors import SekishoError
from sekisho.messages import (
    Language,
    Message,
    cell_width,
    duration_text,
    hanging,
    printable,
    verbatim,
    wrapped,
)
from sekisho.policy import Preset

if TYPE_CHECKING:
    from sekisho.tour.rehearsal import Cell, Check, Counts, Exchange, FactTable, TourStep

_WIDEST = 100
_SID = re.compile(r" \[\w+\]")
_DIGEST = re.compile(r"plan [0-9a-f]{12}\b")
_SHORT = timedelta(minutes=2)
"""Of less that the clock was moved, the last line alone tells."""
_LONG = 3
"""So many lines of a note are shown."""
_FEW = 6
"""So many calls in a row are shown with what they are about."""
_COLLECTING = ("iam:GenerateCredentialReport", "organizations:DescribeOrganization")
"""With what the account is read besides reads that are in the background."""

_FIRST = Message("A rehearsal on a local AWS on 127.0.0.1. No real AWS account is touched.")
_FACTS = Message("sekisho {version}, preset `{preset}`, catalogue {dated}")
_READS = Message("{count} {count:read|reads}: {operations}")
_BECAUSE = Message("why: {reasons}")
_MOVED = Message("(the local AWS's clock was moved {time} forward instead of waiting)")
_CLOSING = Message(
    "All {steps} steps passed: {calls} calls ({refused} denied as expected), {checks} checks; "
    "clock moved {moved}; {seconds:.1f} s."
)
_WILL_SHOW = Message("What you will see:")
_SHOWN = Message("What you have seen:")
_CHAPTER = verbatim("{number}  {title}: {what}")
_MORE = Message("`-v` shows every call, and AWS's answer in full each time.")
_BROKEN = Message("The tour ended early: a step failed.")


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
@verbose_option
@quiet_option
@lang_option
def command(
    preset: str, browser: bool, output: OutputFormat, lang: Language, *, verbose: bool
) -> int:
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
    return _as_text(steps, preset, lang, verbose=verbose)


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


def _as_text(steps: Iterator["TourStep"], preset: str, language: Language, *, verbose: bool) -> int:
    from sekisho.tour.rehearsal import counts_of  # noqa: PLC0415 - see `command`

    began = time.monotonic()
    printer = _StepPrinter(language, verbose=verbose)
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
    if not quiet():
        printer.summary()
    printer.closing(counts_of(done), time.monotonic() - began)
    # what needs no account yet: the reader may have none at hand
    show_next(next_action(PolicyLacking()), language)
    return Exit.CLEAN


class _StepPrinter:
    """Prints steps as they come; plain text, colour only on a terminal.

    What AWS answers, and what a plan says of itself, is printed where it comes first, and again
    only if everything is to be said.
    """

    def __init__(self, language: Language, *, verbose: bool) -> None:
        self._width = min(terminal_width(), _WIDEST)
        self._verbose = verbose
        self._printed: set[str] = set()
        self._language = language
        self._chapter = 0
        self._section = ""

    def opening(self, preset: str) -> None:
        """Say what this is."""
        facts = _FACTS.filled(version=__version__, preset=preset, dated=catalogue.load().dated)
        self._print(self._in(_FIRST), "bold")
        self._print(self._in(facts), "dim")
        show()
        self._print(self._in(_WILL_SHOW))
        self._chapters()
        if not self._verbose:
            self._print(self._in(_MORE), "dim")

    def print_step(self, step: "TourStep") -> None:
        """Print one step."""
        self._headings(step)
        self._print(f"✓ {step.id}  {self._in(step.title)}", "bold", 0)
        self._exchanges(step)
        for table in step.tables:
            self._table(table)
        checks = [self._check(check) for check in step.checks]
        if not self._verbose:
            # what is checked of each plan, by its digest, is one thing for who looks on
            in_tables = {cell for table in step.tables for row in table.rows for cell in row}
            told = [
                self._check(each)
                for each in step.checks
                if each.got != "-"
                and not _DIGEST.search(each.what.en)
                and not (", " in each.got and in_tables.issuperset(each.got.split(", ")))
            ]
            new = [each for each in dict.fromkeys(told) if self._is_new(f"= {each}")]
            checks = ["; ".join(new)] if new else []
        for text in checks:
            self._note(f"= {text}", "green")
        for note in step.notes:
            text = f"- {self._in(note)}"
            if self._is_new(text):
                self._note(text)
        if step.clock_moved > (timedelta() if self._verbose else _SHORT):
            moved = duration_text(step.clock_moved)
            self._print(self._in(_MOVED.filled(time=moved)), "dim", 4)
        self._print(self._in(step.why), "italic", 2)

    def summary(self) -> None:
        """Say what was shown, chapter by chapter."""
        show()
        self._print(self._in(_SHOWN), "bold")
        self._chapters("✓ ")

    def _chapters(self, mark: str = "") -> None:
        from sekisho.tour.rehearsal import Chapter  # noqa: PLC0415 - see `command`

        for chapter in Chapter:
            text = _CHAPTER.filled(number=chapter.value, title=chapter.title, what=chapter.about)
            self._print(f"{mark}{self._in(text)}", "", 2)

    def _note(self, text: str, style: str = "") -> None:
        """Print a note; only its beginning if it is long and not everything is to be said."""
        lines = wrapped(text, self._width - 4)
        if len(lines) > _LONG and not self._verbose:
            lines = wrapped(text, self._width - 7)[:_LONG]
            lines[-1] += " …"
        for line in lines:
            show(f"    {printable(line)}", style)

    def _check(self, check: "Check") -> str:
        value = "" if check.got == str(True) else f": {check.got}"
        return f"{self._in(check.what)}{value}"

    def _is_new(self, text: str) -> bool:
        """Tell whether a text is to be printed: not twice, unless everything is to be said."""
        new = self._verbose or text not in self._printed
        self._printed.add(text)
        return new

    def closing(self, counts: "Counts", seconds: float) -> None:
        """Say what it came to."""
        text = _CLOSING.filled(
            steps=counts.steps,
            calls=counts.calls,
            refused=counts.refused,
            checks=counts.checks,
            moved=duration_text(counts.clock_moved),
            seconds=seconds,
        )
        show()
        self._print(self._in(text), "bold green")

    def broken(self) -> None:
        """Say that the tour ended early; the error itself follows on stderr."""
        show()
        self._print(self._in(_BROKEN), "bold red")

    def _headings(self, step: "TourStep") -> None:
        new = step.chapter != self._chapter
        if new:
            self._chapter = step.chapter
            title = f"{step.chapter.value}  {self._in(step.chapter.title)}"
            rule = "─" * (self._width - cell_width(title) - 1)
            show()
            show(f"{styled(title, 'bold cyan')} {styled(rule, 'cyan')}")
        section = self._in(step.section)
        if self._verbose or new or section != self._section:
            show()
        if section and section != self._section:
            self._print(section, "cyan")
        self._section = section

    def _exchanges(self, step: "TourStep") -> None:
        reads: list[Exchange] = []
        shown: list[Exchange] = []
        for exchange in step.exchanges:
            (reads if self._reads(exchange) else shown).append(exchange)
        for (caller, credential), run in groupby(
            shown, lambda each: (each.caller, each.credential)
        ):
            who = f"{caller} ({self._in(credential.title)})"
            if not self._verbose:
                self._briefly(who, [*run])
                continue
            self._print(who, "", 2)
            for exchange in run:
                self._exchange(exchange)
        if reads and self._verbose:
            names = dict.fromkeys(exchange.operation.split(":", 1)[1] for exchange in reads)
            count = sum(exchange.count for exchange in reads)
            text = _READS.filled(count=count, operations=", ".join(names))
            self._print(self._in(text), "dim", 4)

    def _reads(self, exchange: "Exchange") -> bool:
        """Tell whether an exchange is one of many by which the account is read."""
        if exchange.background or self._verbose or exchange.operation not in _COLLECTING:
            return exchange.background
        return not self._is_new(f"{exchange.operation} {exchange.answer}")

    def _briefly(self, who: str, exchanges: Sequence["Exchange"]) -> None:
        """Print who asked what, those together to which AWS answers alike, and how it answers."""
        answers = []
        for (answer, why), alike in groupby(exchanges, lambda each: (each.answer, self._why(each))):
            asked = Counter(
                # the caller is named at the beginning of the line
                f"{each.operation} {each.target.removeprefix(f'{each.caller} ')}".rstrip()
                for each in alike
            )
            names = [f"{name} ×{count}" if count > 1 else name for name, count in asked.items()]
            if len(names) > _FEW:
                many = Counter(name.split()[0] for name in names)
                names = [f"{name} ×{count}" if count > 1 else name for name, count in many.items()]
            # which statement of the policy it is, the first time alone
            because = f" ({why if self._is_new(why) else _SID.sub('', why)})" if why else ""
            answers.append(f"{', '.join(names)} → {answer}{because}")
        for line in hanging(f"  {who}: {'; '.join(answers)}", self._width):
            show(printable(line))
        for exchange in exchanges:
            self._message(exchange)

    def _why(self, exchange: "Exchange") -> str:
        if exchange.carried_out:
            return ""
        return ", ".join(self._cell(reason) for reason in exchange.because)

    def _message(self, exchange: "Exchange") -> None:
        """Print AWS's text; that of an answer with a reason only the first time."""
        known = f"{exchange.answer} {self._why(exchange) or exchange.message}"
        if exchange.message and self._is_new(known):
            self._print(exchange.message, "dim", 6)

    def _exchange(self, exchange: "Exchange") -> None:
        asked = f"{exchange.operation} {exchange.target}".rstrip()
        answer = styled(exchange.answer, "green" if exchange.carried_out else "yellow")
        times = f" ×{exchange.count}" if exchange.count > 1 else ""
        if cell_width(f"    {asked} → {exchange.answer}") > self._width:
            show(f"    {asked}")
            asked = " "
        show(f"    {asked} → {answer}{times}")
        self._message(exchange)
        if why := self._why(exchange):
            self._print(self._in(_BECAUSE.filled(reasons=why)), "dim", 6)

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
