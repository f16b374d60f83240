"""How a campaign stands, for people and for programs."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from sekisho.account import Snapshot, Usage, credentials_of, unread_credentials, with_logged_use
from sekisho.audit.impact import SignInOutcomes
from sekisho.campaign.calendar import DAYS, DayEvent, DayEventKind, calendar_of
from sekisho.campaign.loss_notices import loss_reminders
from sekisho.campaign.losses_report import due_losses, loss_events, loss_tables, losses_to_json
from sekisho.campaign.notices import reminders_of_day
from sekisho.campaign.stages import CampaignPerson, CampaignStage, people_of_campaign
from sekisho.campaign.state import DayProgress
from sekisho.campaign.today import Today, today_of
from sekisho.documents.html import BarPart, placed
from sekisho.documents.report import (
    MORE,
    Bar,
    Bars,
    PageLook,
    PagePart,
    Report,
    Table,
    TextLine,
    TextList,
    TextPart,
)
from sekisho.lazy import dataclass
from sekisho.messages import Message, joined_messages, verbatim
from sekisho.notices.reminders import Reminder, Told, key_of
from sekisho.rollout import (
    AddUserToGroup,
    AttachGroupPolicy,
    AttachUserPolicy,
    Change,
    CreateGroup,
    CreatePolicy,
    CreatePolicyVersion,
    DetachUserPolicy,
    Goal,
    PlanCaller,
    PlanNote,
    forecast,
    locked_out_notes,
    machine_user_lines,
    policy_arn,
    with_change_password,
)

SCHEMA = "sekisho.campaign/1"

_TITLE = Message("MFA campaign of account {account}")
_AS_OF = Message("The account as it was at {at} UTC; today is {day} in {timezone}.")
_HEADLINE = Message(
    "MFA is enforced for {enforced} of {count} {count:person|people}, and not yet for {left}."
)
_DONE = Message("MFA is enforced for all people of the campaign ({count}).")
_ONLY_DORMANT = Message(
    "MFA is enforced for all people who sign in ({count}), but not for dormant users: {dormant}."
)
_OVERDUE = Message("MFA should be enforced for {count} of them by now, but is not.")
_DUE = Message("Due today")
_NOTHING_DUE = Message("Nothing is due today.")
_OVERDUE_TITLE = Message("Overdue")
_BLOCKED_TITLE = Message("Left out of today's changes")
_PEOPLE = Message("People")
_CALENDAR = Message("The coming two weeks")
_NO_DAYS = Message("Nothing happens in the coming two weeks.")
_BLOCKED = Message(
    "Today's changes cannot be made, because of these problems: {problems}. `sekisho plan` "
    "explains them."
)
_COLUMNS = (
    Message("user"),
    Message("wave"),
    Message("stage"),
    Message("MFA device"),
    Message("enforced from"),
)
_DAY_COLUMNS = (Message("day"), Message("what happens"), Message("wave or user"), Message("people"))
_DUE_COLUMNS = (Message("what happens"), _PEOPLE)
_LEFT_COLUMNS = (Message("user"), Message("wave"), Message("why"))
STAGES_IN_WORDS = {
    CampaignStage.NOT_STARTED: Message("not started"),
    CampaignStage.ENROLMENT_OPEN: Message("enrolment open"),
    CampaignStage.ENFORCED: Message("enforced", "stage"),
    CampaignStage.STRICTER: Message("enforced, stricter policy"),
    CampaignStage.EXCEPTED: Message("exception"),
    CampaignStage.LEFT_OUT: Message("left out"),
    CampaignStage.DORMANT: Message("dormant"),
    CampaignStage.UNKNOWN: Message("unknown", "stage"),
}
_DAYS = {
    DayEventKind.ENROLMENT_OPENS: Message("people can enrol"),
    DayEventKind.ENFORCEMENT: Message("MFA is enforced"),
    DayEventKind.EXCEPTION_ENDS: Message("last day of an exception"),
    DayEventKind.PASSWORD_DELETED: Message("passwords of dormant people are deleted"),
    DayEventKind.KEY_WARNED: Message("owners are notified of an old access key"),
    DayEventKind.KEY_INACTIVE: Message("old access keys are made inactive"),
    DayEventKind.KEY_DELETED: Message("inactive access keys are deleted"),
}
_ASSUMED = Message("Today's changes rest on assumptions that AWS does not document: {names}.")
_DOUBTFUL = Message("Unknown whether their notice has arrived: {names}.")
_PROGRESS = Message("Progress by day, before that day's changes")
_PROGRESS_COLUMNS = (
    Message("day"),
    Message("have a device"),
    Message("MFA is enforced", "progress"),
    verbatim(""),
)
_DAY_FIGURES = Message("{enrolled} have a device, MFA is enforced for {enforced}")
_NOTES = Message("Notes")
_NOTE_COLUMNS = (Message("note"), Message("what it says"), Message("users or places"))
_YES, _NO, _NOT_READ = Message("yes"), Message("no"), Message("not read")
_AT_ONCE = Message("at once")
_CHANGES = {
    "enrol": Message("Can enrol from today ({count})"),
    "enforce": Message("MFA is enforced from today ({count})"),
    "close": Message("No longer have the enrolment policy ({count})"),
    "create": Message("Policies and groups that are made or changed ({count})"),
    "password": Message("Lose their unused password today ({count})"),
    "keyInactive": Message("Old access keys that are made inactive ({count})"),
    "keyDeleted": Message("Inactive access keys that are deleted ({count})"),
    "tell": Message("Get a notice today ({count})"),
}
_LAST_USED_NEEDS_CODE = "password_last_used_needs_code"
_PAGE_NEEDS_READS = "mfa_page_needs_reads"
_CURVE = 20
"""So many characters is a bar of the curve wide in a text."""
_NOTES_SHOWN = 4
"""So many notes are shown in a terminal."""
_SHOWN = 20
"""So many people are shown in a terminal."""
_LOOK = PageLook(Path(__file__).parent / "page.css", None, dense=False)
_DONE_STAGES = (CampaignStage.ENFORCED, CampaignStage.STRICTER)
_NOT_COUNTED = (CampaignStage.EXCEPTED, CampaignStage.LEFT_OUT, CampaignStage.DORMANT)


@dataclass(frozen=True, slots=True)
class CampaignInputs:
    """What is known of a campaign besides its goal and the account.

    Attributes:
        usage: what logs say of the account's users.
        progress: how far it was on the days on which it ran.
        told: which notices were delivered; None: nobody waits for one, and nobody is told.
    """

    usage: Usage | None = None
    progress: tuple[DayProgress, ...] = ()
    told: Told | None = None


@dataclass(frozen=True, slots=True)
class Campaign:
    """How a campaign stands on a day.

    Attributes:
        day: in the goal's time zone.
        people: of all waves, by name.
        calendar: the coming days.
        earlier: how far it was on the days before.
        read_at: when the account was read; None: as the snapshot says, which has another day in a
            rehearsal.
        told: which notices were delivered; None: nobody is told.
        notices: what people are to hear today and have not heard, once today's changes are made.
        waiting_locked_out: who waits, is enforced by another policy, and cannot get in; or nothing.
        doubtful: the users of whom nobody knows whether such a notice has reached them.
    """

    snapshot: Snapshot
    today: Today
    day: date
    people: tuple[CampaignPerson, ...]
    calendar: tuple[DayEvent, ...]
    earlier: tuple[DayProgress, ...] = ()
    read_at: datetime | None = None
    told: Told | None = None
    notices: tuple[Reminder, ...] = ()
    waiting_locked_out: tuple[PlanNote, ...] = ()
    doubtful: tuple[str, ...] = ()

    def now(self) -> datetime:
        """Return the present time, or that of the rehearsed day plus the time since the reading."""
        since = datetime.now(UTC) - (self.read_at or self.snapshot.taken_at)
        return self.snapshot.taken_at + since

    def after(self, changes: Iterable[Change]) -> Snapshot:
        """Return the account once these of today's changes are made."""
        # a policy of AWS's that nobody has yet was not read
        after = forecast(with_change_password(self.snapshot), changes)
        return with_logged_use(after, self.today.usage)

    def reminders_after(self, changes: Iterable[Change]) -> tuple[Reminder, ...]:
        """Return today's reminders after these changes, including those already delivered."""
        if self.told is None:
            return ()
        today, after = self.today, self.after(changes)
        return (
            *reminders_of_day(today.goal, today.plan, today.problems, after, self.told),
            *loss_reminders(today.losses, today.goal, after, self.told),
        )

    @property
    def progress(self) -> tuple[DayProgress, ...]:
        """How far it was on each day, up to today: before today's changes."""
        today = DayProgress(
            self.day,
            count=len(self.counted),
            enrolled=sum(each.enrolled is True for each in self.counted),
            enforced=len(self.enforced),
        )
        return (*(each for each in self.earlier if each.day < self.day), today)

    @property
    def assumed(self) -> tuple[str, ...]:
        """The names of the assumptions that today's changes rest on; docs/reference/assumptions."""
        due = due_today(self)
        early = not {*self.today.goal.on_enrolment}.isdisjoint(due.get("enforce", ()))
        used = {_LAST_USED_NEEDS_CODE: early, _PAGE_NEEDS_READS: "enrol" in due}
        return tuple(name for name, matters in used.items() if matters)

    @property
    def notes(self) -> tuple[PlanNote, ...]:
        """What else must be known, as today's plan says it: ended exceptions, who is locked out."""
        plan = self.today.plan
        passed = (note for note in plan.reasons if note.id not in plan.open_problems)
        return (*passed, *self.today.withheld, *plan.warnings, *self.waiting_locked_out)

    @property
    def locked_out(self) -> tuple[str, ...]:
        """The users who are enforced and cannot get in, apart from today's changes."""
        waiting = (name for note in self.waiting_locked_out for name in note.names)
        return (*self.today.plan.locked_out, *waiting)

    @property
    def counted(self) -> tuple[CampaignPerson, ...]:
        """The people for whom MFA is to be enforced.

        All but exceptions, who is left out, and who does not sign in and has nothing enforced.
        """
        return tuple(each for each in self.people if each.stage not in _NOT_COUNTED)

    @property
    def enforced(self) -> tuple[CampaignPerson, ...]:
        """The people for whom MFA is proved to be enforced."""
        return tuple(each for each in self.people if each.stage in _DONE_STAGES)

    @property
    def overdue(self) -> tuple[CampaignPerson, ...]:
        """The people whose day has come and for whom MFA is not enforced after today's changes."""
        return tuple(each for each in self.people if each.overdue)

    @property
    def left_out(self) -> tuple[CampaignPerson, ...]:
        """The people whose day is yet to come and who do not get what is due for them today."""
        return tuple(each for each in self.people if each.problems and not each.overdue)


def campaign_of(
    goal: Goal,
    snapshot: Snapshot,
    caller: PlanCaller,
    known: CampaignInputs | None = None,
) -> Campaign:
    """Return how the campaign of a goal stands on the day on which the account was read.

    Args:
        goal: what the account shall come to.
        snapshot: the account.
        caller: who would carry out what is due.
        known: what is known besides.

    Raises:
        FaultyInput: as `rollout.plan`.
    """
    given = known or CampaignInputs()
    today = today_of(goal, snapshot, caller, given.usage, given.told)
    day = goal.day_of(snapshot.taken_at)
    losses = today.losses
    people = people_of_campaign(today.goal, snapshot, today.problems, losses.by_user())
    calendar = calendar_of(goal, people, day, loss_events(losses))
    campaign = Campaign(snapshot, today, day, people, calendar, given.progress, told=given.told)
    campaign = replace(campaign, waiting_locked_out=_waiting_locked_out(campaign))
    changes = today.plan.changes if today.plan.applicable else ()
    due = campaign.reminders_after(changes)
    told = given.told or Told()
    doubtful = (each.person.user for each in due if key_of(each) in told.in_doubt)
    return replace(
        campaign,
        notices=tuple(each for each in due if not told.is_settled(each)),
        doubtful=tuple(dict.fromkeys(doubtful)),
    )


def _waiting_locked_out(campaign: Campaign) -> tuple[PlanNote, ...]:
    """Return the users who wait for their day, are enforced by another policy and are locked out.

    Today's plan is not about them and does not name them.
    """
    snapshot, planned = campaign.snapshot, {*campaign.today.goal.enforced}
    names = {each.user for each in campaign.enforced} - planned
    users = [each for each in snapshot.users if each.name in names]
    return locked_out_notes(SignInOutcomes(snapshot, unread_credentials(snapshot)), users)


def due_today(campaign: Campaign) -> dict[str, tuple[str, ...]]:
    """Return the users who are enforced, can or can no longer enrol, or are notified today.

    By `_CHANGES`; and the addresses of the changes that are made for all of them.
    """
    goal, snapshot = campaign.today.goal, campaign.snapshot
    enrolment = goal.enrolment and policy_arn(snapshot, goal.enrolment)
    enforced: dict[str, None] = {}
    enrols: dict[str, None] = {}
    closed: dict[str, None] = {}
    shared: dict[str, None] = {}
    for change in campaign.today.plan.changes:
        match change:
            case AttachUserPolicy(user, arn) if arn == enrolment:
                enrols[user] = None
            case DetachUserPolicy(user, arn) if arn == enrolment:
                closed[user] = None
            case CreatePolicy() | CreatePolicyVersion() | CreateGroup() | AttachGroupPolicy():
                shared[change.address] = None
            case AttachUserPolicy(user) | AddUserToGroup(user=user) if user in goal.enforced:
                enforced[user] = None
    found = {
        "create": tuple(shared),
        "enrol": tuple(enrols),
        "enforce": tuple(enforced),
        "close": tuple(user for user in closed if user not in enforced),
        **due_losses(campaign.today.plan.changes),
        "tell": tuple(dict.fromkeys(each.person.user for each in campaign.notices)),
    }
    return {kind: users for kind, users in found.items() if users}


def campaign_report(campaign: Campaign) -> Report:
    """Return the report on a campaign, for people."""
    problems = ", ".join(campaign.today.plan.open_problems)
    read_at = campaign.read_at or campaign.snapshot.taken_at
    blocked = (_BLOCKED.filled(problems=problems),) if problems else ()
    return Report(
        title=_TITLE.filled(account=campaign.snapshot.account),
        as_of=_AS_OF.filled(
            at=f"{read_at.astimezone(UTC):%Y-%m-%d %H:%M}",
            day=campaign.day,
            timezone=campaign.today.goal.timezone,
        ),
        headline=_headline(campaign),
        facts=tuple(_facts(campaign)),
        before=blocked,
        after=(),
        text=lambda: _text_parts(campaign),
        page=lambda: _page_parts(campaign),
        look=_LOOK,
        more=MORE,
        dated=True,
    )


def _headline(campaign: Campaign) -> Message:
    count, enforced = len(campaign.counted), len(campaign.enforced)
    dormant = sum(each.stage is CampaignStage.DORMANT for each in campaign.people)
    text = _HEADLINE
    if count == enforced:
        text = _ONLY_DORMANT if dormant else _DONE
    return text.filled(count=count, enforced=enforced, left=count - enforced, dormant=dormant)


def _facts(campaign: Campaign) -> Iterator[Message]:
    if campaign.overdue:
        yield _OVERDUE.filled(count=len(campaign.overdue))
    stages = Counter(each.stage for each in campaign.people)
    listed = [
        verbatim("{stage}: {count}").filled(stage=STAGES_IN_WORDS[stage], count=stages[stage])
        for stage in CampaignStage
        if stages[stage]
    ]
    yield joined_messages(listed, en=", ", ja="、")
    if campaign.assumed:
        yield _ASSUMED.filled(names=", ".join(campaign.assumed))
    if campaign.doubtful:
        yield _DOUBTFUL.filled(names=", ".join(campaign.doubtful))


def _text_parts(campaign: Campaign) -> Iterator[TextPart]:
    due = [*due_today(campaign).items()]
    if not due:
        yield TextLine(_NOTHING_DUE, indent=0)
    yield TextList(_DUE, due, lambda row: [TextLine(_due_line(row))])
    for title, people in ((_OVERDUE_TITLE, campaign.overdue), (_BLOCKED_TITLE, campaign.left_out)):
        machines = [*_machines(campaign.snapshot, people)]
        to_do = machine_user_lines(machines, campaign.day) if machines else ()
        yield TextList(title, _by_cause(people), _cause_lines, after=[*to_do])
    yield from loss_tables(campaign.today, campaign.day)
    yield _calendar_table(campaign)
    yield _progress_table(campaign)
    yield TextList(_NOTES, campaign.notes, _note_lines, most=_NOTES_SHOWN)
    yield Table(_PEOPLE, _COLUMNS, _ordered(campaign.people), _cells, most=_SHOWN)


def _machines(snapshot: Snapshot, people: Iterable[CampaignPerson]) -> Iterator[str]:
    """Yield the users as whom programs work alone, and whom nobody has as yet excepted."""
    for person in people:
        user = snapshot.user_named.get(person.user)
        if user is not None and credentials_of(snapshot, user).of_machine:
            yield person.user


def _due_cells(row: tuple[str, tuple[str, ...]]) -> tuple[Message, Message]:
    kind, names = row
    return _CHANGES[kind].filled(count=len(names)), verbatim(", ".join(names))


def _due_line(row: tuple[str, tuple[str, ...]]) -> Message:
    heading, names = _due_cells(row)
    return verbatim("{heading}: {names}").filled(heading=heading, names=names)


def _page_parts(campaign: Campaign) -> Iterator[PagePart]:
    due = [*due_today(campaign).items()]
    yield Table(_DUE, _DUE_COLUMNS, due, _due_cells, none=_NOTHING_DUE, id="due")
    yield from _left_tables(campaign)
    yield from loss_tables(campaign.today, campaign.day)
    yield _calendar_table(campaign)
    yield Bars(_PROGRESS, [_bar(each) for each in campaign.progress], id="progress")
    yield Table(_NOTES, _NOTE_COLUMNS, campaign.notes, _note_cells, id="notes")
    yield Table(_PEOPLE, _COLUMNS, _ordered(campaign.people), _cells, id="people", row_id="p")


def _left_tables(campaign: Campaign) -> Iterator[Table]:
    for title, people, identity in (
        (_OVERDUE_TITLE, campaign.overdue, "left"),
        (_BLOCKED_TITLE, campaign.left_out, "left-out"),
    ):
        yield Table(title, _LEFT_COLUMNS, people, _left_cells, most=_SHOWN, id=identity)


def _left_cells(person: CampaignPerson) -> Iterable[Message]:
    return (verbatim(person.user), verbatim(person.wave), _cause(person))


def _cause(person: CampaignPerson) -> Message:
    reasons = [
        verbatim("{id}: {text}").filled(id=each.id, text=each.text) for each in person.problems
    ]
    return joined_messages(reasons, en="; ", ja="、") if reasons else STAGES_IN_WORDS[person.stage]


def _by_cause(people: Iterable[CampaignPerson]) -> list[tuple[Message, list[str]]]:
    """Return why people are left, each reason once, with their names and waves."""
    names: dict[Message, list[str]] = {}
    for person in people:
        wave = f" [{person.wave}]" if person.wave else ""
        names.setdefault(_cause(person), []).append(f"{person.user}{wave}")
    return [*names.items()]


def _cause_lines(row: tuple[Message, list[str]]) -> Iterator[TextLine]:
    cause, names = row
    yield TextLine(verbatim("{cause} ({count})").filled(cause=cause, count=len(names)))
    cut = [*map(verbatim, names[:_SHOWN])]
    if (more := len(names) - _SHOWN) > 0:
        cut.append(MORE.filled(count=more))
    brief = joined_messages(cut, en=", ", ja=", ")
    yield TextLine(verbatim(", ".join(names)), 4, brief=brief)


def _calendar_table(campaign: Campaign) -> Table:
    return Table(
        _CALENDAR, _DAY_COLUMNS, campaign.calendar, _day_cells, none=_NO_DAYS, id="calendar"
    )


def _day_cells(event: DayEvent) -> Iterable[Message]:
    return (
        verbatim(event.day.isoformat()),
        _DAYS[event.kind],
        verbatim(event.about),
        verbatim(str(len(event.users))),
    )


def _progress_table(campaign: Campaign) -> Table:
    return Table(
        _PROGRESS,
        _PROGRESS_COLUMNS,
        campaign.progress[-DAYS:],
        lambda each: map(verbatim, (each.day.isoformat(), *_figures(each), _curve(each))),
        blank=(),
    )


def _figures(progress: DayProgress) -> tuple[str, str]:
    return str(progress.enrolled), f"{progress.enforced}/{progress.count}"


def _curve(progress: DayProgress) -> str:
    """Return a bar of a text: full where MFA is enforced for everybody."""
    filled = progress.enforced * _CURVE // max(progress.count, 1)
    return "#" * filled + "." * (_CURVE - filled)


def _bar(progress: DayProgress) -> Bar:
    parts = placed((BarPart("", progress.enforced, "good"),), max(progress.count, 1))
    enrolled, enforced = _figures(progress)
    figures = _DAY_FIGURES.filled(enrolled=enrolled, enforced=enforced)
    return Bar(progress.day.isoformat(), figures, parts)


def _note_cells(note: PlanNote) -> tuple[Message, Message, Message]:
    return verbatim(note.id), note.text, verbatim(", ".join(note.names))


def _note_lines(note: PlanNote) -> Iterator[TextLine]:
    identity, text, names = _note_cells(note)
    yield TextLine(verbatim("{id}: {text}").filled(id=identity, text=text))
    if note.names:
        yield TextLine(names, indent=4)


def _ordered(people: Iterable[CampaignPerson]) -> list[CampaignPerson]:
    """Return the people, those first of whom something is to be done."""
    order = [*CampaignStage]
    return sorted(people, key=lambda each: (not each.overdue, order.index(each.stage), each.user))


def _cells(person: CampaignPerson) -> Iterable[Message]:
    enrolled = _NOT_READ if person.enrolled is None else _YES if person.enrolled else _NO
    day = verbatim(person.enforced_from.isoformat()) if person.enforced_from else _AT_ONCE
    return (
        verbatim(person.user),
        verbatim(person.wave),
        STAGES_IN_WORDS[person.stage],
        enrolled,
        day,
    )


def campaign_to_json(campaign: Campaign) -> dict[str, object]:
    """Return how a campaign stands, as JSON."""
    return {
        "schema": SCHEMA,
        "account": campaign.snapshot.account,
        "day": campaign.day.isoformat(),
        "timezone": campaign.today.goal.timezone,
        "enforced": len(campaign.enforced),
        "people": [
            {
                "user": each.user,
                "wave": each.wave,
                "stage": each.stage.value,
                "enrolled": each.enrolled,
                "enrolFrom": _iso(each.enrol_from),
                "enforcedFrom": _iso(each.enforced_from),
                "exceptionUntil": _iso(each.until),
                "overdue": each.overdue,
                "obstacles": [problem.id for problem in each.problems],
            }
            for each in campaign.people
        ],
        "dueToday": {kind: list(users) for kind, users in due_today(campaign).items()},
        "applicable": campaign.today.plan.applicable,
        **losses_to_json(campaign.today.losses),
        "assumed": list(campaign.assumed),
        "inDoubt": list(campaign.doubtful),
        "progress": [
            {
                "day": each.day.isoformat(),
                "people": each.count,
                "enrolled": each.enrolled,
                "enforced": each.enforced,
            }
            for each in campaign.progress
        ],
        "notes": [
            {"id": note.id, "text": note.text.en, "about": list(note.names)}
            for note in campaign.notes
        ],
        "calendar": [
            {
                "day": each.day.isoformat(),
                "event": each.kind.value,
                "about": each.about,
                "users": list(each.users),
            }
            for each in campaign.calendar
        ],
    }


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
