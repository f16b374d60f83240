"""The console's summary of a policy and what it really means, as JSON values."""

from collections.abc import Iterable

from sekisho.messages import Message
from sekisho.policy import Document, Summary, SummaryRow, size


def summary_to_json(
    document: Document, found: Summary, meant: Iterable[Message]
) -> dict[str, object]:
    """Return the console's summary of a policy, and what it really means, as JSON values."""
    return {
        "schema": "sekisho.policy-summary/1",
        "source": document.source,
        "catalogue": found.dated,
        "size": size(document),
        "comments": len(document.comments),
        "uncategorised": [_row_as_json(row) for row in found.uncategorised],
        "denied": [_row_as_json(row) for row in found.denied],
        "allowed": [_row_as_json(row) for row in found.allowed],
        "warnings": [
            {"kind": each.kind, "statement": each.statement, "about": list(each.about)}
            for each in found.warnings
        ],
        "meaning": [sentence.to_json() for sentence in meant],
    }


def _row_as_json(row: SummaryRow) -> dict[str, object]:
    return {
        "service": row.prefix,
        "shown": [cell.en for cell in row.cells],
        "fullAccess": row.levels.everything,
        "full": list(row.levels.full),
        "limited": list(row.levels.limited),
        "actions": dict(row.levels.counts),
    }
