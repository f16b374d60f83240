"""The report of an audit: its findings, the unread objects, and its tables."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from sekisho.account import calls_to_allow
from sekisho.audit.finding import SEVERITIES, Finding, FindingId, limits_of_controls
from sekisho.audit.impact import UserRow
from sekisho.audit.report.model import AccountReport
from sekisho.audit.report.wording import (
    BRIEF_COLUMNS,
    COLUMNS,
    EXCEPTIONS,
    EXEMPTION,
    FINDINGS,
    GAPS,
    LOGGED,
    LOGGED_COLUMNS,
    NONE,
    USERS,
    as_of,
    brief_cells,
    cells,
    exemption_text,
    figures,
    finding_title,
    headline,
    logged_cells,
    no_users_text,
    read_at,
    report_notes,
    worst_first,
)
from sekisho.documents.report import (
    Extent,
    FindingGroup,
    Findings,
    PageLook,
    PagePart,
    Remark,
    Report,
    SeenFact,
    Table,
    TextLine,
    TextList,
    TextPart,
)
from sekisho.lazy import dataclass
from sekisho.messages import Message, joined_messages, listed, verbatim

_TITLE = Message("MFA audit of account {account}")
_UNDECIDED = Message("Could not be determined")
_EXCUSED = Message("exception: {why} (until {day})")
_MORE = Message("and {count} more: `-v`, or `--format csv`, `html` or `json`")
_ALL_OF_IT = Message(
    "Everything, with reasons and fixes: `-v`, or `--format html`, `csv` or `json`."
)
_EXPLAIN = Message("One finding: `sekisho explain {id}`.")
_GRAVEST_FIRST = Message("Findings, the gravest first ({counted})")
_COUNTED = Message("{what}: {count}", "findings")
_TITLED = verbatim("{title} ({where}) [{id}]")
_NOT_READ = Message("Not read (not used for any result):")
_ABOUT = Message("about: ")
_OPEN = Message("not decided: ")
_ALLOW = Message(
    "Calls to allow, then collect again: {calls}. `sekisho collect --print-policy` has the policy."
)
_PAGE_COLUMNS = (*COLUMNS, FINDINGS, Message("why this kind"))
_CHOICES = frozenset({1, 6, 7, 8})
"""The columns of users with few different texts: a box to choose one from."""
_GAP_COLUMNS = (Message("call"), Message("about"), Message("answer"))
_SHOWN = 20
"""The most users that are shown in a terminal."""
_SHOWN_ALIKE = 5
"""The most subjects of one reason that are shown in a terminal."""
_LOOK = PageLook(Path(__file__).parent / "page.css", "table", dense=True)


def account_document(report: AccountReport) -> Report:
    """Return the report of an audit, for every format: findings first, then the users."""
    return Report(
        title=_TITLE.filled(account=report.snapshot.account),
        as_of=as_of(report),
        headline=headline(report),
        facts=figures(report),
        before=report_notes(report),
        after=(),
        text=lambda: _text_parts(report),
        page=lambda: _page_parts(report),
        look=_LOOK,
        more=_MORE,
        dated=True,
        brief=(read_at(report),),
    )


def _text_parts(report: AccountReport) -> Iterator[TextPart]:
    known = [group for group in _groups(report) if group.rows[0].known]
    controls = any(group.controls for group in known)
    limits = limits_of_controls() if controls else None
    rows = sorted(report.rows, key=worst_first)
    nobody = no_users_text(report)
    brief, verbose = Extent.BRIEF, Extent.VERBOSE
    yield Table(
        USERS, BRIEF_COLUMNS, rows, brief_cells, nobody, most=_SHOWN, extent=brief, folded=True
    )
    yield _titles(known)
    yield Findings(FINDINGS, known, none=NONE, after=limits, extent=verbose)
    yield _not_read(report)
    yield Table(USERS, COLUMNS, rows, cells, nobody, extent=verbose)
    # users who are not in the logs have no line
    seen = sorted(_users_in_logs(report), key=lambda row: -(row.use.without_mfa if row.use else 0))
    yield Table(LOGGED, LOGGED_COLUMNS, seen, logged_cells, extent=verbose)
    entries = report.exceptions.entries
    yield Table(EXCEPTIONS, EXEMPTION, entries, exemption_text, extent=verbose)
    yield TextLine(verbatim(""), 0, extent=brief)
    yield TextLine(_ALL_OF_IT, 0, extent=brief)
    if known:
        yield TextLine(_EXPLAIN.filled(id=known[0].id), 0, extent=brief, whole=True)


def _titles(groups: Sequence[FindingGroup]) -> TextPart:
    """Return one line for each finding, below the counts of each severity."""
    if not groups:
        return Findings(FINDINGS, (), none=NONE, extent=Extent.BRIEF)
    numbers = Counter(group.label for group in groups)
    counted = listed(_COUNTED.filled(what=label, count=each) for label, each in numbers.items())

    def line(group: FindingGroup) -> Iterator[TextLine]:
        # a single object is named; the account's ARN is not repeated
        [subject, *others] = [each.subject for each in group.rows]
        where = group.where if others else verbatim(subject.rsplit(":", 1)[-1])
        yield TextLine(_TITLED.filled(title=group.title, where=where, id=group.id))

    return TextList(_GRAVEST_FIRST.filled(counted=counted), groups, line, extent=Extent.BRIEF)


def _page_parts(report: AccountReport) -> Iterator[PagePart]:
    groups = _groups(report)
    known = [group for group in groups if group.rows[0].known]
    unknown = [group for group in groups if not group.rows[0].known]
    yield Findings(FINDINGS, known, none=NONE, id="findings", overview=True)
    yield Findings(_UNDECIDED, unknown, id="undecided")
    if groups:
        yield Remark(limits_of_controls())

    def page_cells(row: UserRow) -> tuple[Message, ...]:
        found = sum(each.known for each in report.findings_of.get(row.user.name, ()))
        # a page has room for the evidence of a user's nature
        why = joined_messages(row.because, en="; ", ja="、")
        return (*cells(row), verbatim(str(found)), why)

    none = no_users_text(report)
    yield Table(
        USERS,
        _PAGE_COLUMNS,
        report.rows,
        page_cells,
        none=none,
        id="users",
        choices=_CHOICES,
        row_id="u",
    )
    if report.usage is not None:
        yield Table(
            LOGGED, LOGGED_COLUMNS, _users_in_logs(report), logged_cells, none=NONE, id="logs"
        )
    entries = report.exceptions.entries
    yield Table(EXCEPTIONS, EXEMPTION, entries, exemption_text, none=NONE, id="exceptions")
    yield Table(
        GAPS,
        _GAP_COLUMNS,
        report.snapshot.gaps,
        lambda gap: (verbatim(gap.operation), verbatim(gap.resource.label), gap.cause),
        none=NONE,
        id="not-read",
    )


def _users_in_logs(report: AccountReport) -> list[UserRow]:
    """Return the users that logs contain."""
    return [row for row in report.rows if row.use is not None and row.use.in_logs]


def _groups(report: AccountReport) -> list[FindingGroup]:
    """Return the findings grouped by equal ids; the anchors of groups are unique."""
    anchors = {row.user.name: f"u{place}" for place, row in enumerate(report.rows)}

    def seen_fact(finding: Finding) -> SeenFact:
        anchor = anchors.get(finding.subject, "")
        return SeenFact(finding.subject, finding.fact, _note(finding), anchor)

    groups: list[FindingGroup] = []
    numbers: Counter[str] = Counter()
    for group in report.findings_by_id:
        first = group[0]
        name = first.id.value if first.known else f"{first.id.value}.unknown"
        numbers[name] += 1
        controls = [each.shown for each in first.id.text.controls]
        groups.append(
            FindingGroup(
                id=first.id.value,
                severity=first.severity.value,
                label=SEVERITIES[first.severity],
                title=finding_title(first),
                where=verbatim(str(len(group))),
                cause=first.cause,
                fix=first.fix,
                controls=joined_messages(controls, en=", ", ja=", ") if controls else None,
                anchor=name if numbers[name] == 1 else f"{name}.{numbers[name]}",
                rows=group,
                seen=seen_fact,
            )
        )
    return groups


def _note(finding: Finding) -> Message | None:
    """Return the reason why a finding is only a note; None if it counts in full."""
    if finding.exemption is None:
        return finding.left_out_by
    day, why = finding.exemption.expires.isoformat(), finding.exemption.why
    return _EXCUSED.filled(day=day, why=why)


@dataclass(frozen=True, slots=True)
class _Unread:
    """A reason for undecided findings, and these findings."""

    reason: Message
    findings: Sequence[Finding]

    def lines(self) -> Iterator[TextLine]:
        """Yield the reason, the objects concerned, and the undecided findings."""
        yield TextLine(self.reason)
        subjects = list(dict.fromkeys(each.subject for each in self.findings))
        shown = ", ".join(subjects[:_SHOWN_ALIKE])
        more = len(subjects) - _SHOWN_ALIKE
        brief = f"{shown} (+{more:,})" if more > 0 else shown
        yield TextLine(_labelled(_ABOUT, subjects), 4, brief=_labelled(_ABOUT, [brief]))
        ids = (each.id.value for each in self.findings if each.id is not FindingId.NOT_READ)
        if names := list(dict.fromkeys(ids)):
            yield TextLine(_labelled(_OPEN, names), 4)


def _labelled(label: Message, names: Iterable[str]) -> Message:
    return joined_messages((label, verbatim(", ".join(names))), en="", ja="")


def _not_read(report: AccountReport) -> TextList:
    """Return the open points, grouped by reason, with the permissions that would settle them."""
    reasons: dict[Message, list[Finding]] = {}
    for each in report.findings:
        if not each.known:
            reasons.setdefault(each.fact, []).append(each)
    calls = calls_to_allow(report.snapshot)
    return TextList(
        _NOT_READ,
        [_Unread(reason, findings) for reason, findings in reasons.items()],
        _Unread.lines,
        after=(TextLine(_ALLOW.filled(calls=", ".join(calls))),) if calls else (),
    )
