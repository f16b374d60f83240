"""The account: figures, its users, one user, and what the logs tell of its calls."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import date
from http import HTTPStatus

from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue

from sekisho.account import UserUse
from sekisho.audit import SEVERITIES
from sekisho.audit.report import (
    LOGGED_COLUMNS,
    as_of,
    headline,
    logged_cells,
    logged_figures,
    logged_notices,
    report_notes,
    used_with_mfa,
)
from sekisho.cli.group import words_of
from sekisho.documents.html import BarPart, PlacedPart, placed
from sekisho.messages import Message, printable
from sekisho.replay.report import calendars, days_between
from sekisho.web.site import language, text
from sekisho.web.workbench.material import json_response, material, wants_json
from sekisho.web.workbench.people import PersonOutcome
from sekisho.web.workbench.people_pages import FIGURES

VIEW = Blueprint("account", __name__)

_URGENT = 5
"""So many people are named on the overview."""
_FIRST_KEYS = 5
"""So many keys that would lose calls are shown at once."""
_MOST_DENIED_KEYS = 30
"""So many are folded up behind them, and so many rows of the tables about calls."""
_BARS = 30
"""So many users, and services, have a bar."""
Bar = tuple[str, tuple[PlacedPart, ...], list[BarPart]]
"""A name, the bar, and its parts for the caption."""


@VIEW.get("/")
def overview() -> ResponseReturnValue:
    """Show the figures of the account."""
    report = material().report
    if wants_json():
        whole = material().as_json
        return json_response(
            {name: whole[name] for name in whole if name not in ("users", "findings")}
        )
    # `audit` counts kinds, and the list of findings counts findings: both are said
    kinds: dict[object, list[int]] = defaultdict(list)
    for alike in material().findings_by_id:
        kinds[alike[0].known and alike[0].severity].append(len(alike))
    outcomes = Counter(each.outcome for each in material().people)
    urgent = [each for each in material().people if each.outcome.kind in ("bad", "open")]
    return render_template(
        "overview.html",
        view="/",
        headline=headline(report),
        as_of=as_of(report),
        notices=report_notes(report),
        beforehand=material().beforehand,
        outcomes=[(each, outcomes[each]) for each in PersonOutcome if outcomes[each]],
        urgent=urgent[:_URGENT],
        calls_known=material().replay is not None,
        to_replay=_to_replay(),
        bars=_bars(),
        severities=[(SEVERITIES[each], kinds[each], each.value) for each in SEVERITIES],
        undecided=kinds[False],
    )


def _to_replay() -> str:
    """Return the command that tells which calls a plan, or a goal, would deny; "" without one.

    `--lookup` reads CloudTrail with the credentials of who runs it, also for a saved account.
    """
    viewed, found = material().plan, material()
    meant = words_of("--plan", viewed.path) if viewed else words_of("--goal", *found.goals)
    # of a goal, only of a saved account, one by one, and not with exceptions
    excepted = found.audited and found.audited.given.exceptions
    if not viewed and (len(meant) != 1 or excepted or "--snapshot" not in found.source):
        return ""
    return " ".join(["sekisho impact --lookup", *meant, *filter(None, [found.source])])


_ANSWERS = {"yes": "good", "exempt": "none", "unknown": "open", "no": "bad"}
"""What a figure counts, in this order, and its class in the style sheet."""


def _bars() -> list[tuple[Message, str, tuple[PlacedPart, ...], list[tuple[BarPart, str]]]]:
    """Return a bar for each figure, each part with the name that its list has in an address."""
    spoken, bars = language(), []
    logged = logged_figures(material().report) is not None
    for name, answer in FIGURES.items():
        counts = Counter(map(answer, material().people))
        parts = [
            (BarPart(text(f"workbench.bars.{each}").into(spoken), counts[each], kind), each)
            for each, kind in _ANSWERS.items()
            if counts[each]
        ]
        title = text(
            f"workbench.bars.{name}_by_logs"
            if logged and name == "used"
            else f"workbench.bars.{name}"
        )
        bars.append((title, name, placed([part for part, _ in parts]), parts))
    return bars if material().people else []


@VIEW.get("/impact")
def impact() -> ResponseReturnValue:
    """Show what would stop under MFA enforcement, and calls that were without MFA."""
    report = material().report
    if report.usage is None or logged_figures(report) is None:
        abort(HTTPStatus.NOT_FOUND)
    if wants_json():
        rows = material().as_json["users"]
        said = [{"user": each["user"], "logged": each["logged"]} for each in rows]
        logs = material().as_json["logs"]
        return json_response({"logs": logs, "users": said, "impact": material().replay_json})
    uses = {
        row.user.name: row.use for row in report.rows if row.use is not None and row.use.in_logs
    }
    days = _days(uses)
    counts = days_between(days, days)
    users, services = Counter({name: use.without_mfa for name, use in uses.items()}), Counter[str]()
    for key in (key for use in uses.values() for key in use.keys if key.without_mfa):
        services.update(key.services)
    seen = [row for row in report.rows if row.user.name in uses]
    by_arn = {each.row.user.arn: each for each in material().people}
    replay = material().replay
    stopping = replay.stopping if replay is not None else ()
    return render_template(
        "impact.html",
        view="/impact",
        replay=material().replay_page,
        replay_parts=material().replay_parts,
        stoppers=[by_arn.get(key.caller.arn) for key in stopping],
        first=_FIRST_KEYS,
        most=_MOST_DENIED_KEYS,
        notices=list(logged_notices(report)),
        figure=used_with_mfa(report),
        calendars=calendars(counts),
        days=[each for each in counts if each.denied],
        by_user=_call_bars(users, "bad"),
        by_service=_call_bars(services, "open"),
        columns=LOGGED_COLUMNS,
        rows=[(material().person_of[row.user.name], logged_cells(row)[1:]) for row in seen],
    )


def _days(uses: Mapping[str, UserUse]) -> dict[date, int]:
    """Return how many calls without MFA there were on each day that has some."""
    found: Counter[date] = Counter()
    for use in uses.values():
        for key in use.keys:
            found.update({date.fromisoformat(day): count for day, count in key.days.items()})
    return {day: count for day, count in found.items() if count}


def _call_bars(counted: Counter[str], kind: str) -> list[Bar]:
    """Return a bar for each of the most frequent, as long as its share of the greatest."""
    called = text("workbench.impact.calls").into(language())
    top = [(name, count) for name, count in counted.most_common(_BARS) if count]
    bars: list[Bar] = []
    for name, count in top:
        parts = [BarPart(called, count, kind)]
        bars.append((printable(name), placed(parts, top[0][1]), parts))
    return bars
