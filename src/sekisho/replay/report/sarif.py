"""A replay as SARIF 2.1.0: one result for each key or principal that would lose calls."""

from collections.abc import Iterator

from sekisho.documents.sarif import Json, location, notice, result, rule, sarif_log
from sekisho.messages import Language, Message, joined_messages
from sekisho.replay.outcome import CallOutcome
from sekisho.replay.report.callers import KeyReport
from sekisho.replay.report.model import ReplayReport
from sekisho.replay.report.wording import (
    calls_text,
    headline,
    key_looks_like,
    key_story,
    notices,
    outcome_label,
    reason_text,
    ways_out,
)

_STOPS, _LOSES = "impact.stops", "impact.loses-calls"
_RULES = {
    _STOPS: Message("Everything that was called with this key would be denied"),
    _LOSES: Message("Some of what was called with this key would be denied"),
}
_UNKNOWN = Message("{label}: {count}: {reason}")
_FAULT = Message("{file} {place}: {what}")


def to_sarif(report: ReplayReport, source: str, lang: Language) -> Json:
    """Return a replay as one SARIF run.

    Args:
        report: the replay.
        source: the first of the paths that were read.
        lang: the language of the messages.
    """
    return sarif_log(
        report.version,
        (rule(name, text.into(lang)) for name, text in _RULES.items()),
        (_result(key, report, source, lang) for key in report.stopping),
        _notices(report, lang),
        columnKind="unicodeCodePoints",
    )


def _result(key: KeyReport, report: ReplayReport, source: str, lang: Language) -> Json:
    said = joined_messages(
        (key_story(key, report), key_looks_like(key), *ways_out(key)), en=" ", ja=""
    )
    about = f"{key.caller.arn or key.caller.name} {key.key_id}".strip()
    rule_id = _STOPS if key.stops else _LOSES
    level = "error" if key.stops else "warning"
    where = location(source, about)
    return result(rule_id, level, said.into(lang), where, about=about)


def _notices(report: ReplayReport, lang: Language) -> Iterator[Json]:
    for text in (headline(report), report.question.about, *notices(report)):
        yield notice("note", text.into(lang))
    label = outcome_label(CallOutcome.UNKNOWN)
    for (reason, keys), count in report.unknown.items():
        said = reason_text(reason, keys)
        text = _UNKNOWN.filled(label=label, count=calls_text(count), reason=said)
        yield notice("warning", text.into(lang))
    for each in report.log.faults:
        text = _FAULT.filled(file=each.file, place=each.place, what=each.what)
        yield notice("warning", text.into(lang))
