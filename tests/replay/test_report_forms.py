"""Every form of a replay has all of it: the rows of CSV and JSON are all events."""

import csv
import io
import json
import re
from datetime import date
from pathlib import Path

import jsonschema
import pytest

from hand_made_replays import DENIED, NO_KEY, UNCHANGED, event, judged, report, to_csv, to_html
from sekisho.messages import Language, verbatim
from sekisho.replay.report import FileFault, LogFigures, to_json, to_sarif

GROUPS = [
    judged(event(), DENIED, 3),
    judged(event("bob"), UNCHANGED, 4),
    judged(event("bob", name="PutObject"), DENIED, 1, hour=4),
    judged(event("carol"), NO_KEY, 2),
]
_SCHEMA = Path(__file__).parents[1] / "data" / "sarif-schema-2.1.0.json"


def test_the_rows_of_csv_are_all_events() -> None:
    lines = list(csv.DictReader(io.StringIO(to_csv(report(GROUPS)))))
    assert sum(int(each["events"]) for each in lines) == 10
    assert {each["outcome"] for each in lines} == {"denied", "unchanged", "unknown"}


def test_csv_may_have_headings_of_another_language() -> None:
    text = to_csv(report(GROUPS), bom=True, headings=Language.JA)
    assert text.startswith("\ufeff")
    assert not text.splitlines()[0].isascii()


def test_the_rows_of_json_are_all_events() -> None:
    said = json.loads("".join(to_json(report(GROUPS))))
    assert sum(each["events"] for each in said["rows"]) == said["log"]["events"] == 10
    assert sum(said["counts"].values()) == 10
    assert [each["caller"] for each in said["stopping"]] == ["alice", "bob"]
    assert said["unknown"] == [{"reason": "keys", "keys": ["aws:PrincipalTag/team"], "calls": 2}]
    assert all(each["decided"] is None for each in said["exemptionsToDecide"])


@pytest.mark.parametrize("lang", Language)
def test_sarif_has_a_result_for_each_key_that_would_lose_calls(lang: Language) -> None:
    faults = (FileFault("a.json.gz", "", verbatim("is cut off")),)
    made = report(GROUPS, log=LogFigures(files=2, events=10, faults=faults))
    log = to_sarif(made, "logs", lang)
    jsonschema.validate(log, json.loads(_SCHEMA.read_text(encoding="utf-8")))
    run = json.loads(json.dumps(log))["runs"][0]
    assert [each["ruleId"] for each in run["results"]] == ["impact.stops", "impact.loses-calls"]
    notes = run["invocations"][0]["toolExecutionNotifications"]
    assert any("a.json.gz" in each["message"]["text"] for each in notes)


@pytest.mark.parametrize("lang", Language)
def test_a_page_draws_each_day_and_says_it(lang: Language) -> None:
    days = [(0, date(2026, 8, 1), 3), (1, date(2026, 8, 3), 4), (2, date(2027, 9, 6), 1)]
    page = to_html(report(GROUPS, days=days), lang)
    squares = re.findall(r'<rect class="level(\S+)"[^>]*><title>([^<]*)</title>', page)
    assert len(squares) == 402
    assert [level for level, _ in squares if level != "-none"] == ["4", "0", "2"]
    assert page.count('class="calendar"') == 2
    assert all(said for _, said in squares)
