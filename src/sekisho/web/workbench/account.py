"""The account: figures, its users, one user, the findings, and what the logs tell of its calls."""

import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from http import HTTPStatus
from math import ceil
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from sekisho.account import UserUse, other_credentials
from sekisho.audit import SEVERITIES, Finding, limits_of_controls
from sekisho.audit.findings import DEVICE_KINDS
from sekisho.audit.impact import UserRow, counterexample_for_user, ways_in
from sekisho.audit.report import (
    COLUMNS,
    LOGGED_COLUMNS,
    AccountReport,
    as_of,
    cells,
    figures,
    finding_title,
    headline,
    impact_texts,
    logged_cells,
    logged_figures,
    logged_notices,
    no_users_text,
    report_notes,
    used_with_mfa,
)
from sekisho.documents.html import BarPart, PlacedPart, placed
from sekisho.errors import FaultyInput
from sekisho.lazy import dataclass
from sekisho.messages import Message, printable
from sekisho.prover import Enforced
from sekisho.prover.scenarios import ScenarioReport
from sekisho.replay.report import calendars, days_between
from sekisho.web.site import language, text
from sekisho.web.workbench.material import MOST_NAMES, json_response, material, wants_json
from sekisho.web.workbench.scenarios import ShownScenario, shown_answer

VIEW = Blueprint("account", __name__)

_PAGE = 100
"""Users on one page."""
_DIGITS = 7
"""A number in an address is shorter."""
_MOST_DENIED_KEYS = 30
"""So many keys that would lose calls are shown, and so many rows of the tables about calls."""
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
    severities = Counter(each.severity for each in report.findings if each.known)
    after, told = material().next_step, material().beforehand
    return render_template(
        "overview.html",
        view="/",
        headline=headline(report),
        as_of=as_of(report),
        notices=[*report_notes(report), *((told,) if told else ())],
        figures=figures(report),
        bars=_bars(report),
        severities=[(SEVERITIES[each], severities[each], each.value) for each in SEVERITIES],
        undecided=sum(not each.known for each in report.findings),
        commands=[(text("workbench.overview.next"), after)] if after else [],
    )


def _bars(report: AccountReport) -> list[tuple[Message, tuple[PlacedPart, ...], list[BarPart]]]:
    """Return a bar each for enabled, enforced, not to be phished, and used."""
    spoken, coverage, logged = language(), report.coverage, logged_figures(report)

    def bar(name: str, good: int, unknown: int, exempt: int = 0) -> Any:
        parts = [
            BarPart(text("workbench.bars.yes").into(spoken), good, "good"),
            BarPart(text("workbench.bars.exempt").into(spoken), exempt, "none"),
            BarPart(text("workbench.bars.unknown").into(spoken), unknown, "open"),
            BarPart(
                text("workbench.bars.no").into(spoken),
                coverage.users - good - unknown - exempt,
                "bad",
            ),
        ]
        return text(f"workbench.bars.{name}"), placed(parts), parts

    return [
        bar("enabled", coverage.enabled, coverage.enabled_unknown),
        bar("enforced", coverage.enforced, coverage.enforced_unknown, coverage.exempt),
        bar("phishing_resistant", coverage.phishing_resistant, coverage.phishing_resistant_unknown),
        bar("used", coverage.used, coverage.used_unknown)
        if logged is None
        else bar("used_by_logs", logged.used, logged.unseen),
    ]


@dataclass(frozen=True, slots=True)
class UserListQuery:
    """The query of the list of users, as it is in the address.

    Attributes:
        q: a part of the name.
        enforced: an `Enforced`, or "".
        sort: the number of the column to sort by.
        down: whether the greatest comes first.
        page: counted from 1.
    """

    q: str
    enforced: str
    sort: int
    down: bool
    page: int

    def address(self, **other: str | int) -> str:
        """Return the address of the same list with something chosen otherwise."""
        now: dict[str, str | int] = {
            "q": self.q,
            "enforced": self.enforced,
            "sort": self.sort,
            "down": int(self.down),
            "page": 1,
        }
        return "/users?" + urlencode({k: v for k, v in (now | other).items() if v not in ("", 0)})


def _user_list_query() -> UserListQuery:
    def number(name: str, otherwise: int) -> int:
        given = request.args.get(name, "")
        return (
            int(given)
            if given.isascii() and given.isdigit() and len(given) < _DIGITS
            else otherwise
        )

    return UserListQuery(
        q=request.args.get("q", "").strip(),
        enforced=request.args.get("enforced", ""),
        sort=min(number("sort", 0), len(COLUMNS) - 1),
        down=request.args.get("down") == "1",
        page=max(1, number("page", 1)),
    )


@VIEW.get("/users")
def users() -> ResponseReturnValue:
    """Show the users: filtered, sorted, a page at a time."""
    chosen, report = _user_list_query(), material().report
    rows = [row for row in report.rows if _fits(row, chosen)]
    if chosen.sort or chosen.down or not wants_json():
        rows.sort(key=_order(chosen.sort), reverse=chosen.down)
    if wants_json():
        return json_response({"users": [material().json_of[row.user.name] for row in rows]})
    chosen = replace(chosen, page=max(1, min(chosen.page, ceil(len(rows) / _PAGE))))
    first = (chosen.page - 1) * _PAGE
    shown = rows[first : first + _PAGE]
    return render_template(
        "users.html",
        view="/users",
        chosen=chosen,
        columns=COLUMNS,
        rows=[(row.user.name, cells(row)) for row in shown],
        count=len(rows),
        first=first + 1,
        last=first + len(shown),
        outcomes=list(Enforced),
        nobody=text("workbench.users.no_fit") if report.rows else no_users_text(report),
    )


def _fits(row: UserRow, chosen: UserListQuery) -> bool:
    named = chosen.q.casefold() in row.user.name.casefold()
    return named and chosen.enforced in ("", row.enforcement.enforced.value)


def _order(column: int) -> Callable[[UserRow], tuple[str, str]]:
    """Return what to sort by: the column's text in the page's language, then the name."""
    spoken = language()

    def key(row: UserRow) -> tuple[str, str]:
        shown = "" if column == 0 else cells(row)[column].into(spoken)
        return shown, row.user.name.casefold()

    return key


@VIEW.get("/user")
def user() -> ResponseReturnValue:
    """Show one user: credentials, enforcement, impact, the way in, findings, how to go on."""
    name, report = request.args.get("name", ""), material().report
    row = material().row_of.get(name)
    if row is None:
        abort(HTTPStatus.NOT_FOUND)
    if wants_json():
        return json_response(material().json_of[name])
    enforcement = row.enforcement.counterexample
    ways, unread = _ways_in(row)
    return render_template(
        "user.html",
        view="/users",
        row=row,
        facts=list(zip(COLUMNS, cells(row), strict=True)),
        why=row.because,
        counterexample=enforcement and counterexample_for_user(enforcement, row.credentials),
        impacts=impact_texts(row),
        ways=ways,
        ways_unread=unread,
        device_kinds=DEVICE_KINDS,
        others=other_credentials(row.user),
        policies=_policies_of(row),
        unread=[each.why for each in (*row.credentials.unread, *row.credentials.others_unread)],
        findings=_sort_findings(report.findings_of.get(name, ())),
        titles=finding_title,
        severities=SEVERITIES,
        logged=_log_cells(row),
        commands=[*_commands(row)],
    )


def _log_cells(row: UserRow) -> list[tuple[Message, Message]] | None:
    """Return what logs have of a user, column by column; None without logs."""
    return None if row.use is None else list(zip(LOGGED_COLUMNS, logged_cells(row), strict=True))


def _ways_in(row: UserRow) -> tuple[list[ShownScenario], Message | None]:
    """Return the steps by which a user comes to a session with MFA, or why they are not known."""
    try:
        return [
            shown_answer(ScenarioReport(each)) for each in ways_in(material().report.snapshot, row)
        ], None
    except FaultyInput as error:
        return [], error.reason


@dataclass(frozen=True, slots=True)
class HeldPolicy:
    """A policy of a user.

    Attributes:
        arn: "" of an inline one, or of one whose text was not read.
        group: the group that gives it to the user; "" for the user's own.
    """

    name: str
    arn: str
    group: str


def _policies_of(row: UserRow) -> list[HeldPolicy]:
    """Return the policies of a user, their own first, then those of their groups."""
    snapshot, owner = material().report.snapshot, row.user
    groups = [snapshot.group_named[name] for name in owner.groups if name in snapshot.group_named]
    found = [(arn, "") for arn in owner.attached]
    found += [(arn, group.name) for group in groups for arn in group.attached]
    held = [HeldPolicy(arn, arn if arn in snapshot.policies else "", group) for arn, group in found]
    held += [HeldPolicy(each.name, "", "") for each in owner.inline]
    held += [HeldPolicy(each.name, "", group.name) for group in groups for each in group.inline]
    return held


def _commands(row: UserRow) -> Iterator[tuple[Message, str]]:
    """Yield what to type to go on with a user; nothing of it is done here."""
    name, source = shlex.quote(row.user.name), material().source
    if "--snapshot" in source:
        yield text("workbench.user.to_prove"), f"sekisho prove user {name} {source}"
    yield text("workbench.user.to_plan"), f"sekisho plan --user {name} --out plan.json"
    if row.credentials.devices:
        yield text("workbench.user.to_reset"), f"sekisho reset {name} --out plan.json"


@VIEW.get("/findings")
def findings() -> ResponseReturnValue:
    """Show the findings, the gravest first, those of one kind together."""
    if wants_json():
        return json_response({"findings": material().as_json["findings"]})
    return render_template(
        "findings.html",
        view="/findings",
        known=[each for each in material().findings_by_id if each[0].known],
        unknown=[each for each in material().findings_by_id if not each[0].known],
        titles=finding_title,
        severities=SEVERITIES,
        names=material().row_of,
        most=MOST_NAMES,
        limits=limits_of_controls(),
    )


def _sort_findings(found: Iterable[Finding]) -> Sequence[Finding]:
    return sorted(found, key=lambda each: (not each.known, list(SEVERITIES).index(each.severity)))


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
    return render_template(
        "impact.html",
        view="/impact",
        replay=material().replay_page,
        replay_parts=material().replay_parts,
        most=_MOST_DENIED_KEYS,
        notices=list(logged_notices(report)),
        figure=used_with_mfa(report),
        calendars=calendars(counts),
        days=[each for each in counts if each.denied],
        by_user=_call_bars(users, "bad"),
        by_service=_call_bars(services, "open"),
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


def _call_bars(counted: Counter[str], kind: str) -> list[Bar]:
    """Return a bar for each of the most frequent, as long as its share of the greatest."""
    called = text("workbench.impact.calls").into(language())
    top = [(name, count) for name, count in counted.most_common(_BARS) if count]
    bars: list[Bar] = []
    for name, count in top:
        parts = [BarPart(called, count, kind)]
        bars.append((printable(name), placed(parts, top[0][1]), parts))
    return bars
