"""Logs hold what others wrote: user agents and event names that are made to do harm stay text."""

import csv
import io
import json

import pytest

from hand_made_replays import detail, event, judged, report, to_csv, to_html, to_text
from sekisho.messages import Language, verbatim
from sekisho.replay import DetailKind
from sekisho.replay.report import FileFault, LogFigures, ReplayReport, to_json, to_sarif

HOSTILE = (
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "<script>alert(1)</script>",
    '=HYPERLINK("http://192.0.2.1")',
    "{x} {0} %s",
    "\u202eevil",
    "`code` ![x](y)",
    "line\r\nfeed",
)


@pytest.fixture(params=HOSTILE)
def hostile(request: pytest.FixtureRequest) -> tuple[str, ReplayReport]:
    """Return a text, and a report that has it wherever a log's texts go."""
    text: str = request.param
    who = event(name=text, source=f"{text}.amazonaws.com")
    kinds = (DetailKind.ADDRESS, DetailKind.AGENT, DetailKind.REGION)
    faults = (FileFault(text, text, verbatim(text)),)
    log = LogFigures(files=2, events=2, faults=faults, skipped={text: 1})
    groups = [judged(who), judged(event(name=text, invoked_by=text))]
    return text, report(groups, [detail(who, kind, text) for kind in kinds], log=log)


@pytest.mark.parametrize("lang", Language)
def test_nothing_that_a_terminal_would_obey_is_printed(
    hostile: tuple[str, ReplayReport], lang: Language
) -> None:
    said = to_text(hostile[1], lang)
    assert all(c.isprintable() for c in said.replace("\n", ""))


def test_no_cell_is_a_formula(hostile: tuple[str, ReplayReport]) -> None:
    lines = list(csv.reader(io.StringIO(to_csv(hostile[1]))))
    # the heads, two rows, and a file that was not read
    assert len(lines) == 4
    for line in lines:
        assert not [cell for cell in line if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert any(hostile[0] in cell for cell in lines[1])


def test_json_and_sarif_hold_the_text_as_it_is(hostile: tuple[str, ReplayReport]) -> None:
    text, made = hostile
    said = json.loads("".join(to_json(made)))
    assert {row["event"] for row in said["rows"]} == {text}
    assert [each["value"] for each in said["callers"][0]["keys"][0]["programs"]["values"]] == [text]
    log = json.loads(json.dumps(to_sarif(made, "logs", Language.EN)))
    (result,) = log["runs"][0]["results"]
    assert text in result["message"]["text"]


@pytest.mark.parametrize("lang", Language)
def test_a_page_has_no_markup_of_a_log(hostile: tuple[str, ReplayReport], lang: Language) -> None:
    page = to_html(hostile[1], lang)
    assert "<script" not in page
    assert "script-src &#39;none&#39;" in page
    assert not set(page) & set("\x1b\x07\u202e")
    assert "<img" not in page
