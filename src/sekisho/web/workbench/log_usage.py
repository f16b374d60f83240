"""The usage of the account by its logs: calls that would be denied, and calls without MFA."""

from collections import Counter
from collections.abc import Mapping
from datetime import date
from http import HTTPStatus

from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue

from sekisho.account import UserUse
from sekisho.audit.report import (
    LOGGED_COLUMNS,
    logged_cells,
    logged_figures,
    logged_notices,
    used_with_mfa,
)
from sekisho.documents.html import BarPart, PlacedPart, placed
from sekisho.messages import printable
from sekisho.replay.report import calendars, days_between
from sekisho.web.site import language, text
from sekisho.web.workbench.material import as_json, material, wants_json

VIEW = Blueprint("logged", __name__)

_SHOWN = 30
"""So many keys that would lose calls are shown, and so many rows of the tables about calls."""
_BARS = 30
"""So many users, and services, have a bar."""

Bar = tuple[str, tuple[PlacedPart, ...], list[BarPart]]
"""A name, the bar, and its parts for the caption."""


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
        return as_json({"logs": logs, "users": said, "impact": material().replay_json})
    uses = {
        row.user.name: row.use for row in report.rows if row.use is not None and row.use.in_logs
    }
    days = _days(uses)
    counts = days_between(days, days)
    users, services = Counter({name: use.without_mfa for name, use in uses.items()}), Counter[str]()
    for key in (key for use in uses.values() for key in use.keys if key.without_mfa):
        services.update(key.services)
    seen = [row for row in report.rows if row.user.name in uses]
    return render_template(
        "impact.html",
        view="/impact",
        replay=material().replayed,
        replay_parts=material().replayed_parts,
        most=_SHOWN,
        notices=list(logged_notices(report)),
        figure=used_with_mfa(report),
        calendars=calendars(counts),
        days=[each for each in counts if each.denied],
        by_user=_bars(users, "bad"),
        by_service=_bars(services, "open"),
        columns=LOGGED_COLUMNS,
        rows=[(row.user.name, logged_cells(row)[1:]) for row in seen],
    )


def _days(uses: Mapping[str, UserUse]) -> dict[date, int]:
    """Return how many calls without MFA there were on each day that has some."""
    found: Counter[date] = Counter()
    for use in uses.values():
        for key in use.keys:
            found.update({date.fromisoformat(day): count for day, count in key.days.items()})
    return {day: count for day, count in found.items() if count}


def _bars(counted: Counter[str], kind: str) -> list[Bar]:
    """Return a bar for each of the most frequent, as long as its share of the greatest."""
    called = text("workbench.impact.calls").into(language())
    top = [(name, count) for name, count in counted.most_common(_BARS) if count]
    bars: list[Bar] = []
    for name, count in top:
        parts = [BarPart(called, count, kind)]
        bars.append((printable(name), placed(parts, top[0][1]), parts))
    return bars
