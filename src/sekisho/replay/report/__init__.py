"""What a log comes to under the policies in question, and the forms to hand it over in."""

from sekisho.replay.report.calendar import calendars
from sekisho.replay.report.callers import (
    evidence_of,
    evidence_of_key,
    proposals,
)
from sekisho.replay.report.document import replay_document
from sekisho.replay.report.forms import replay_sheet, to_json, to_sarif
from sekisho.replay.report.model import (
    Counted,
    FileFault,
    LogFigures,
    MadeBy,
    ReplayQuestion,
    ReplayReport,
    days_between,
    figures_of,
    report_of,
    report_on,
)
from sekisho.replay.report.usage import plain_logs, trail_logs, usage_of
from sekisho.replay.report.wording import headline
from sekisho.replay.rows import (
    ConsoleSignIn,
    JudgedGroup,
)

__all__ = [
    "ConsoleSignIn",
    "Counted",
    "FileFault",
    "JudgedGroup",
    "LogFigures",
    "MadeBy",
    "ReplayQuestion",
    "ReplayReport",
    "calendars",
    "days_between",
    "evidence_of",
    "evidence_of_key",
    "figures_of",
    "headline",
    "plain_logs",
    "proposals",
    "replay_document",
    "replay_sheet",
    "report_of",
    "report_on",
    "to_json",
    "to_sarif",
    "trail_logs",
    "usage_of",
]
