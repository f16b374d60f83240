"""The account: figures, its users, one user, and the findings."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from sekisho.audit import SEVERITIES, Finding, limits_of_controls
from sekisho.audit.enforcement import Enforced
from sekisho.audit.impact import Coverage, UserRow, counterexample_for_user
from sekisho.audit.report import (
    COLUMNS,
    as_of,
    cells,
    figures,
    finding_title,
    headline,
    nobody,
    notices,
)
from sekisho.messages import Message
from sekisho.web.site import language, text
from sekisho.web.workbench.charts import BarPart, PlacedPart, placed
from sekisho.web.workbench.material import as_json, material, wants_json

VIEW = Blueprint("account", __name__)

_PAGE = 100
"""Users on one page."""
_DIGITS = 7
"""A number in an address is shorter."""


@VIEW.get("/")
def overview() -> ResponseReturnValue:
    """Show the figures of the account."""
    report = material().report
    if wants_json():
        whole = material().as_json
        return as_json({name: whole[name] for name in whole if name not in ("users", "findings")})
    severities = Counter(each.severity for each in report.findings if each.known)
    return render_template(
        "overview.html",
        view="/",
        headline=headline(report),
        as_of=as_of(report),
        notices=notices(report),
        figures=figures(report),
        bars=_bars(report.coverage),
        severities=[(SEVERITIES[each], severities[each], each.value) for each in SEVERITIES],
        undecided=sum(not each.known for each in report.findings),
    )


def _bars(coverage: Coverage) -> list[tuple[Message, tuple[PlacedPart, ...], list[BarPart]]]:
    """Return a bar each for enabled, enforced and used."""
    spoken = language()

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
        bar("used", coverage.used, coverage.used_unknown),
    ]


@dataclass(frozen=True, slots=True)
class Choice:
    """What the list of users shows: what was asked for in the address.

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


def _choice() -> Choice:
    def number(name: str, otherwise: int) -> int:
        given = request.args.get(name, "")
        return (
            int(given)
            if given.isascii() and given.isdigit() and len(given) < _DIGITS
            else otherwise
        )

    return Choice(
        q=request.args.get("q", "").strip(),
        enforced=request.args.get("enforced", ""),
        sort=min(number("sort", 0), len(COLUMNS) - 1),
        down=request.args.get("down") == "1",
        page=max(1, number("page", 1)),
    )


@VIEW.get("/users")
def users() -> ResponseReturnValue:
    """Show the users: filtered, sorted, a page at a time."""
    chosen, report = _choice(), material().report
    rows = [row for row in report.rows if _fits(row, chosen)]
    if wants_json():
        names = {row.user.name for row in rows}
        found = [each for each in material().as_json["users"] or () if each["user"] in names]
        return as_json({"users": found})
    key = _order(chosen.sort)
    rows.sort(key=key, reverse=chosen.down)
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
        none=nobody(report),
    )


def _fits(row: UserRow, chosen: Choice) -> bool:
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
    """Show one user: credentials, enforcement, impact, findings, the command to go on with."""
    name, report = request.args.get("name", ""), material().report
    row = next((each for each in report.rows if each.user.name == name), None)
    if row is None:
        abort(HTTPStatus.NOT_FOUND)
    if wants_json():
        (found,) = [each for each in material().as_json["users"] if each["user"] == name]
        return as_json(found)
    enforcement = row.enforcement.counterexample
    return render_template(
        "user.html",
        view="/users",
        row=row,
        facts=list(zip(COLUMNS, cells(row), strict=True)),
        why=row.because,
        counterexample=enforcement and counterexample_for_user(enforcement, row.credentials),
        reason=row.impact.reason,
        groups=row.user.groups,
        findings=_grouped(report.findings_of.get(name, ())),
        titles=finding_title,
        severities=SEVERITIES,
    )


@VIEW.get("/findings")
def findings() -> ResponseReturnValue:
    """Show the findings, the gravest first, those of one kind together."""
    if wants_json():
        return as_json({"findings": material().as_json["findings"]})
    report = material().report
    return render_template(
        "findings.html",
        view="/findings",
        known=[each for each in report.alike if each[0].known],
        unknown=[each for each in report.alike if not each[0].known],
        titles=finding_title,
        severities=SEVERITIES,
        names={row.user.name for row in report.rows},
        limits=limits_of_controls(),
    )


def _grouped(found: Iterable[Finding]) -> Sequence[Finding]:
    return sorted(found, key=lambda each: (not each.known, list(SEVERITIES).index(each.severity)))
