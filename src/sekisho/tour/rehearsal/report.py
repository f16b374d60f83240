"""The tour as data: one JSON document, English keys, texts in the language asked for."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta

from sekisho import __version__, catalogue
from sekisho.engine import Assumptions
from sekisho.errors import SekishoError
from sekisho.messages import Language
from sekisho.policy import Preset
from sekisho.signin import SigninAssumptions
from sekisho.tour.rehearsal.steps import Cell, Exchange, FactTable, TourStep

SCHEMA = "sekisho.tour/1"
"""The name of the form; another number means another form."""


@dataclass(frozen=True, slots=True)
class Counts:
    """The totals of a tour.

    Attributes:
        calls: how many requests were answered as expected.
        refused: how many of them were expected to be refused, and were.
    """

    steps: int
    calls: int
    refused: int
    checks: int
    clock_moved: timedelta


def counts_of(steps: Sequence[TourStep]) -> Counts:
    """Return what the steps come to."""
    exchanges = [exchange for step in steps for exchange in step.exchanges]
    return Counts(
        steps=len(steps),
        calls=sum(exchange.count for exchange in exchanges),
        refused=sum(
            exchange.count
            for exchange in exchanges
            if not exchange.background and not exchange.carried_out
        ),
        checks=sum(len(step.checks) for step in steps),
        clock_moved=sum((step.clock_moved for step in steps), timedelta()),
    )


def to_json(
    steps: Sequence[TourStep], preset: Preset, language: Language, error: SekishoError | None = None
) -> dict[str, object]:
    """Return the tour as JSON; `error` is what ended it early."""
    counts = counts_of(steps)
    return {
        "schema": SCHEMA,
        "tool": f"sekisho {__version__}",
        "catalogue": catalogue.load().dated,
        "preset": preset.value,
        "language": language.value,
        "complete": error is None,
        "error": None if error is None else _error(error),
        "counts": {
            "steps": counts.steps,
            "calls": counts.calls,
            "refused": counts.refused,
            "checks": counts.checks,
        },
        "clockMovedSeconds": int(counts.clock_moved.total_seconds()),
        "assumptions": _assumptions(steps),
        "steps": [_step(step, language) for step in steps],
    }


def _error(error: SekishoError) -> dict[str, str]:
    return {"code": error.code.value, "at": error.at, "message": str(error)}


def _assumptions(steps: Sequence[TourStep]) -> dict[str, dict[str, object]]:
    """Return the engine's assumptions that some decision consulted, and those of sign-in."""
    mattered = {name for step in steps for name in step.assumed}
    engine = {name: value for name, value in asdict(Assumptions()).items() if name in mattered}
    return {"engine": engine, "signin": asdict(SigninAssumptions())}


def _cell(cell: Cell, language: Language) -> str:
    return cell if isinstance(cell, str) else cell.into(language)


def _step(step: TourStep, language: Language) -> dict[str, object]:
    return {
        "id": step.id,
        "chapter": step.chapter.value,
        "section": step.section.into(language),
        "title": step.title.into(language),
        "why": step.why.into(language),
        "exchanges": [_exchange(exchange, language) for exchange in step.exchanges],
        "checks": [
            {"what": check.what.into(language), "expected": check.expected, "got": check.got}
            for check in step.checks
        ],
        "tables": [_table(table, language) for table in step.tables],
        "notes": [note.into(language) for note in step.notes],
        "clockMovedSeconds": int(step.clock_moved.total_seconds()),
        "assumptions": list(step.assumed),
    }


def _exchange(exchange: Exchange, language: Language) -> dict[str, object]:
    return {
        "caller": exchange.caller,
        "credential": exchange.credential.value,
        "operation": exchange.operation,
        "target": exchange.target,
        "expected": exchange.expected,
        "answer": exchange.answer,
        "message": exchange.message,
        "because": [_cell(reason, language) for reason in exchange.because],
        "count": exchange.count,
        "background": exchange.background,
    }


def _table(table: FactTable, language: Language) -> dict[str, object]:
    return {
        "title": table.title.into(language),
        "columns": [column.into(language) for column in table.columns],
        "rows": [[_cell(cell, language) for cell in row] for row in table.rows],
    }
