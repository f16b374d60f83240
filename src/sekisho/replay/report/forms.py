"""A replay for programs: JSON with English keys, row by row, CSV, and SARIF for code scanners.

A large log has many rows. In SARIF there is one result for each key or principal that would lose
calls.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from sekisho.account import looks_like
from sekisho.documents import json_pieces
from sekisho.documents.report import Sheet, SheetColumn
from sekisho.documents.sarif import Json, location, notice, result, rule, sarif_log
from sekisho.messages import Language, Message, joined_messages
from sekisho.replay.event import DetailKind, Tally
from sekisho.replay.outcome import CallOutcome
from sekisho.replay.report.callers import (
    CallerReport,
    ExemptionProposal,
    KeyReport,
    counts_of,
    events_of,
    evidence_of,
    evidence_of_key,
    proposals,
)
from sekisho.replay.report.model import NOT_OPENED, LogFigures, ReplayReport
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
from sekisho.replay.rows import CallRow, cause_name

SCHEMA = "sekisho.impact/1"
"""The name and version of the form."""
_MOST_VALUES = 50
"""The most addresses, programs and regions of a key; the number of others is included."""


def to_json(report: ReplayReport) -> Iterator[str]:
    """Yield the text of a replay in pieces."""
    log, question = report.log, report.question
    members: dict[str, object] = {
        "schema": SCHEMA,
        "sekisho": report.version,
        "catalogue": report.dated,
        "headline": headline(report).to_json(),
        "notices": [each.to_json() for each in notices(report)],
        "question": {
            "about": question.about.to_json(),
            "policies": list(question.policies),
            "withAccount": question.account,
            "from": _time(question.since),
            "to": _time(question.until),
            "usersWithDevice": question.enabled[0] if question.enabled else None,
        },
        "log": {
            "files": log.files,
            "bytes": log.size,
            "events": log.events,
            "first": _time(report.span.first if report.span else None),
            "last": _time(report.span.last if report.span else None),
            "skippedFiles": dict(log.skipped),
            "outsideTimes": log.outside,
            "duplicates": log.duplicates,
            "faults": [
                {
                    "file": each.file,
                    "place": each.place,
                    "what": each.what.to_json(),
                    "records": each.records or None,
                }
                for each in log.faults
            ],
        },
        "counts": _counts(report.counts),
        "unknown": [
            {"reason": reason.value, "keys": list(keys), "calls": count}
            for (reason, keys), count in report.unknown.items()
        ],
        "callers": map(_caller, report.callers),
        "stopping": [_stopping(key, report) for key in report.stopping],
        "exemptionsToDecide": [_proposal(each) for each in proposals(report.callers)],
        "days": [
            {"day": each.day.isoformat(), "events": each.events, "denied": each.denied}
            for each in report.days
        ],
        "rows": map(_row, report.rows),
    }
    return json_pieces(members)


def _counts(counts: Mapping[CallOutcome, int]) -> dict[str, int]:
    return {outcome.value: count for outcome, count in counts.items()}


def _caller(each: CallerReport) -> dict[str, object]:
    evidence = evidence_of(each)
    return {
        "kind": each.caller.kind.value,
        "name": each.caller.name,
        "account": each.caller.account,
        "arn": each.caller.arn or None,
        "own": _counts(counts_of(each.own)),
        "onItsBehalf": each.forwarded,
        "signIns": {result.value: count for result, count in each.sign_ins.items()},
        "usedWithMfa": each.with_mfa,
        "awsLoginWithoutMfa": events_of(each.aws_login),
        "looksLike": looks_like(evidence).value,
        "evidence": [found.text.en for found in evidence],
        "keys": [_key(key) for key in each.keys],
    }


def _key(key: KeyReport) -> dict[str, object]:
    return {
        "key": key.key_id or None,
        "own": _counts(counts_of(key.own)),
        "onItsBehalf": _counts(counts_of(key.forwarded)),
        "stops": key.stops,
        "addresses": _values(key, DetailKind.ADDRESS),
        "programs": _values(key, DetailKind.AGENT),
        "regions": _values(key, DetailKind.REGION),
    }


def _values(key: KeyReport, kind: DetailKind) -> dict[str, object]:
    found = key.values(kind)
    return {
        "values": [{"value": each.value, **_tally(each.tally)} for each in found[:_MOST_VALUES]],
        "others": max(0, len(found) - _MOST_VALUES),
    }


def _stopping(key: KeyReport, report: ReplayReport) -> dict[str, object]:
    evidence = evidence_of_key(key)
    return {
        "caller": key.caller.name,
        "arn": key.caller.arn or None,
        "key": key.key_id or None,
        "denied": events_of(key.denied),
        "stops": key.stops,
        "story": key_story(key, report).to_json(),
        "looksLike": looks_like(evidence).value,
        "evidence": [each.text.en for each in evidence],
        "waysOut": [each.to_json() for each in ways_out(key)],
    }


def _proposal(each: ExemptionProposal) -> dict[str, object]:
    return {
        "user": each.user,
        "arn": each.arn or None,
        "keys": list(each.key_ids),
        "calls": each.calls,
        "looksLike": each.looks.value,
        "because": [why.en for why in each.because],
        "decided": None,
    }


def _row(row: CallRow) -> dict[str, object]:
    said = row.judgement
    return {
        "caller": row.caller.name,
        "arn": row.caller.arn or None,
        "key": row.key_id or None,
        "mfa": row.mfa or None,
        "service": row.service,
        "event": row.event,
        "actions": list(said.actions),
        "guessedAction": said.guessed_action,
        "assumed": list(said.assumed),
        "invokedBy": row.invoked_by or None,
        "outcome": said.outcome.value,
        "reason": said.reason.value if said.reason else None,
        "unknownKeys": list(said.keys),
        "statements": [cause_name(each) for each in said.causes],
        "signIn": row.sign_in.value if row.sign_in else None,
        "awsLogin": row.aws_login,
        **_tally(row.tally),
    }


def _tally(seen: Tally) -> dict[str, object]:
    return {
        "events": seen.events,
        "first": _time(seen.first),
        "last": _time(seen.last),
        "firstEventId": seen.first_id,
        "lastEventId": seen.last_id,
    }


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds")


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


_NOT_READ = "not read"


_COLUMNS = (
    SheetColumn(Message("account", "csv"), lambda row: row.caller.account, foreign=True),
    SheetColumn(Message("caller_kind", "csv"), lambda row: row.caller.kind.value, foreign=True),
    SheetColumn(Message("caller", "csv"), lambda row: row.caller.name, foreign=True),
    SheetColumn(Message("arn", "csv"), lambda row: row.caller.arn, foreign=True),
    SheetColumn(Message("access_key", "csv"), lambda row: row.key_id, foreign=True),
    SheetColumn(Message("mfa", "csv"), lambda row: row.mfa, foreign=True),
    SheetColumn(Message("service", "csv"), lambda row: row.service, foreign=True),
    SheetColumn(Message("event", "csv"), lambda row: row.event, foreign=True),
    SheetColumn(
        Message("actions", "csv"), lambda row: " ".join(row.judgement.actions), foreign=True
    ),
    SheetColumn(Message("invoked_by", "csv"), lambda row: row.invoked_by, foreign=True),
    SheetColumn(Message("outcome", "csv"), lambda row: row.judgement.outcome.value),
    SheetColumn(
        Message("reason", "csv"),
        lambda row: row.judgement.reason.value if row.judgement.reason else "",
    ),
    SheetColumn(
        Message("unknown_keys", "csv"), lambda row: " ".join(row.judgement.keys), foreign=True
    ),
    SheetColumn(
        Message("statements", "csv"),
        lambda row: "; ".join(cause_name(each) for each in row.judgement.causes),
        foreign=True,
    ),
    SheetColumn(
        Message("sign_in", "csv"),
        lambda row: row.sign_in.value if row.sign_in else "",
        foreign=True,
    ),
    SheetColumn(Message("aws_login", "csv"), lambda row: "yes" if row.aws_login else ""),
    SheetColumn(
        Message("guessed_action", "csv"), lambda row: "yes" if row.judgement.guessed_action else ""
    ),
    SheetColumn(
        Message("assumed", "csv"), lambda row: " ".join(row.judgement.assumed), foreign=True
    ),
    SheetColumn(Message("events", "csv"), lambda row: str(row.tally.events)),
    SheetColumn(Message("first", "csv"), lambda row: row.tally.first.isoformat(timespec="seconds")),
    SheetColumn(Message("last", "csv"), lambda row: row.tally.last.isoformat(timespec="seconds")),
    SheetColumn(Message("first_event_id", "csv"), lambda row: row.tally.first_id, foreign=True),
    SheetColumn(Message("last_event_id", "csv"), lambda row: row.tally.last_id, foreign=True),
)


def replay_sheet(report: ReplayReport) -> Sheet:
    """Return one line for each row, and for each place that was not read.

    An unread place has the outcome `not read`, the file as its event, and the number of lost
    records if it is known.
    """
    return Sheet(_COLUMNS, report.rows, _not_read(report.log))


def _not_read(log: LogFigures) -> Iterator[Mapping[str, str]]:
    for each in log.faults:
        place = f" ({each.place})" if each.place else ""
        yield {
            "event": f"{each.file}{place}",
            "outcome": _NOT_READ,
            "reason": str(each.what),
            "events": str(each.records or ""),
        }
    if log.not_opened:
        yield {"outcome": _NOT_READ, "reason": f"{NOT_OPENED}: {log.not_opened} files"}
