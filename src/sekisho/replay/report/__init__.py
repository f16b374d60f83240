"""The result for a log under the policies in question, and its output forms."""

from sekisho.replay.report.calendar import calendars
from sekisho.replay.report.callers import (
    KeyReport,
    events_of,
    evidence_of,
    evidence_of_key,
    proposals,
)
from sekisho.replay.report.document import replay_document
from sekisho.replay.report.forms import replay_sheet, to_json, to_sarif
from sekisho.replay.report.model import (
    FileFault,
    LogFigures,
    MadeBy,
    ReplayQuestion,
    ReplayReport,
    days_between,
    figures_of,
    report_on,
)
from sekisho.replay.report.usage import trail_logs, usage_of
from sekisho.replay.report.wording import headline, key_story, ways_out
from sekisho.replay.rows import (
    ConsoleSignIn,
    JudgedGroup,
)

__all__ = [
    "ConsoleSignIn",
    "FileFault",
    "JudgedGroup",
    "KeyReport",
    "LogFigures",
    "MadeBy",
    "ReplayQuestion",
    "ReplayReport",
    "calendars",
    "days_between",
    "events_of",
    "evidence_of",
    "evidence_of_key",
    "figures_of",
    "headline",
    "key_story",
    "proposals",
    "replay_document",
    "replay_sheet",
    "report_on",
    "to_json",
    "to_sarif",
    "trail_logs",
    "usage_of",
    "ways_out",
]
