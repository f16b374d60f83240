"""A plan: whether it may be applied, what happens to whom and when, how it stands, how to go on."""

import re
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from http import HTTPStatus

from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue

from sekisho.audit.impact import ImpactKind
from sekisho.audit.report import EXCEPTIONS, EXEMPTION, exemption_text
from sekisho.cli.next_action import next_action
from sekisho.documents.html import BarPart, placed
from sekisho.lazy import dataclass
from sekisho.messages import Message, joined_messages, verbatim
from sekisho.rollout import (
    SAFETY_VERDICTS,
    STATUS_TITLES,
    Change,
    ChangeStatus,
    FactStatus,
    Plan,
    PlannedImpact,
    PlanStatus,
    Proof,
    SafetyVerdict,
    affected_names,
    expected_and_found,
    plan_sentences,
    proof_text,
    remedy_text,
    status_sentence,
)
from sekisho.web.site import language, text
from sekisho.web.workbench.material import (
    MOST_NAMES,
    PlanInView,
    json_response,
    material,
    wants_json,
)
from sekisho.web.workbench.people import Answer, PersonOutcome, planned_outcome

_WIDTH = 1000
_ROOM = 260
"""What the text of a day takes of it on a narrow screen."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A stage that begins on a day, and goes on from there.

    Attributes:
        kind: its class in the style sheet.
        count: how many people it is about.
        standing: how many of them have enrolled, and how many are enforced; None if not known.
        acted_on: whether the plan of this day acts on it, and when it began is not known.
    """

    name: str
    day: date
    kind: str
    count: int
    standing: tuple[int, int] | None = None
    acted_on: bool = False


@dataclass(frozen=True, slots=True)
class PlacedMoment:
    """A moment at its place on a line of days, in thousandths; and where the present day is."""

    moment: Moment
    start: float
    today: float

    @property
    def width(self) -> float:
        """Its length: to the end of the line."""
        return _WIDTH - self.start


def placed_moments(moments: Sequence[Moment], today: date) -> tuple[PlacedMoment, ...]:
    """Return moments on one line of days that has the present day on it."""
    if not moments:
        return ()
    days = [today, *(each.day for each in moments)]
    first = min(days).toordinal()
    # the last one needs some room to be seen
    span = max(1.0, (max(days).toordinal() - first) * 1.25)

    def at(day: date) -> float:
        return _WIDTH * (day.toordinal() - first) / span

    return tuple(PlacedMoment(each, at(each.day), at(today)) for each in moments)


@dataclass(frozen=True, slots=True)
class Tick:
    """A day that is written below the line of days; `anchor` keeps its text on the line."""

    day: date
    place: float
    anchor: str


def ticks(placed: Sequence[PlacedMoment], today: date) -> Iterator[Tick]:
    """Yield the days of moments and the present one, as far as there is room for their texts."""
    places = [(today, each.today) for each in placed[:1]]
    places += [(each.moment.day, each.start) for each in placed]
    end = float(-_ROOM)
    for day, place in sorted(places):
        if place - end >= _ROOM:
            end = place
            sides = {place < _ROOM / 2: "start", place > _WIDTH - _ROOM / 2: "end"}
            yield Tick(day, place / _WIDTH * 100, sides.get(True, "middle"))


VIEW = Blueprint("plan", __name__)

_BEFORE_THE_DAY = (ImpactKind.WAITS_FOR_WAVE, ImpactKind.ENROLMENT_OPEN)
_WAITING = (*_BEFORE_THE_DAY, ImpactKind.WAITS_FOR_PASSWORD)
_UNTOUCHED = (
    *(ImpactKind.EXEMPT, ImpactKind.BREAK_GLASS, ImpactKind.LEFT_OUT, ImpactKind.UNCHANGED),
)
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_STATUS_KINDS = {
    ChangeStatus.DONE: "good",
    ChangeStatus.WAITS: "waits",
    ChangeStatus.DRIFTED: "bad",
    ChangeStatus.IN_DOUBT: "open",
}
_VERDICT_KINDS = {
    SafetyVerdict.PROVED: "good",
    SafetyVerdict.NOBODY: "none",
    SafetyVerdict.REFUTED: "bad",
    SafetyVerdict.UNKNOWN: "open",
}


@dataclass(frozen=True, slots=True)
class ImpactGroup:
    """The people to whom the same happens for the same reason."""

    outcome: PersonOutcome
    text: Message
    people: tuple[PlannedImpact, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The first of them, in name order."""
        return tuple(each.user for each in self.people[:MOST_NAMES])


@VIEW.get("/plan")
def plan() -> ResponseReturnValue:
    """Show the plan that was given when the workbench was started."""
    viewed = material().plan
    if viewed is None:
        abort(HTTPStatus.NOT_FOUND)
    if wants_json():
        return json_response(viewed.as_json)
    shown, standing = viewed.plan, viewed.standing
    verdict, which = plan_sentences(shown)
    facts = {} if standing is None else {fact.address: fact for fact in standing.facts}
    return render_template(
        "plan.html",
        view="/plan",
        viewed=viewed,
        plan=shown,
        verdict=verdict,
        which=which,
        outcomes=outcomes(shown),
        people_bar=_bar(shown.people),
        waves=_waves(viewed),
        timeline=(timeline := _timeline(viewed)),
        ticks=[*ticks(timeline, material().report.snapshot.taken_at.date())],
        dates_of_goal=bool(viewed.waves),
        failed=[_proof(each) for each in shown.proofs if not each.holds],
        holding=[_proof(each) for each in shown.proofs if each.holds],
        verdicts=SAFETY_VERDICTS,
        ways=[(each.problem, remedy_text(each)) for each in shown.remedies],
        changes=changes_by_kind(shown, facts),
        change_count=len(shown.changes),
        status_kinds=_STATUS_KINDS,
        exceptions=[exemption_text(each) for each in shown.exceptions],
        exceptions_title=EXCEPTIONS,
        exception_columns=EXEMPTION,
        standing=standing and status_sentence(standing),
        statuses=[] if standing is None else [*_statuses(standing.facts)],
        drifted=[] if standing is None else [*_drift_entries(standing.facts)],
        enrolled=None if standing is None else len(standing.enrolled),
        without=() if standing is None else standing.not_enrolled,
        absent=() if standing is None else standing.absent,
        unread=() if standing is None else _unread(standing),
        commands=[*_commands(viewed)],
        most=MOST_NAMES,
    )


@dataclass(frozen=True, slots=True)
class ChangeGroup:
    """The changes of one operation: each with its place in the plan, and what has become of it."""

    operation: str
    changes: tuple[tuple[int, Change, FactStatus | None], ...]

    @property
    def statuses(self) -> list[tuple[ChangeStatus, int]]:
        """How many of them stand how."""
        found = Counter(fact.status for _, _, fact in self.changes if fact is not None)
        return [(each, found[each]) for each in ChangeStatus if found[each]]


def changes_by_kind(shown: Plan, facts: Mapping[str, FactStatus]) -> tuple[ChangeGroup, ...]:
    """Return the changes of a plan, those of one operation together, in the order of the first."""
    kinds: dict[str, list[tuple[int, Change, FactStatus | None]]] = {}
    for number, each in enumerate(shown.changes, 1):
        kinds.setdefault(each.operation, []).append((number, each, facts.get(each.address)))
    return tuple(ChangeGroup(name, tuple(those)) for name, those in kinds.items())


def outcomes(shown: Plan) -> tuple[ImpactGroup, ...]:
    """Return the people by what happens to them; what is grave comes first, then the rarer."""
    alike: dict[tuple[PersonOutcome, str], list[PlannedImpact]] = {}
    said: dict[str, Message] = {}
    for person in shown.people:
        outcome, why = _answer(person)
        if person.impact in _WAITING:
            why = joined_messages((why, person.text), en=" ", ja="")
        said[why.en] = why
        alike.setdefault((outcome, why.en), []).append(person)
    found = [ImpactGroup(each, said[why], tuple(names)) for (each, why), names in alike.items()]
    return tuple(sorted(found, key=lambda each: (each.outcome.rank, len(each.people))))


def _answer(person: PlannedImpact) -> Answer:
    """Return the outcome for a user as on every page; for new users, the plan's."""
    known = material().person_of.get(person.user)
    return planned_outcome(person) if known is None else (known.outcome, known.why)


def _parts(people: tuple[PlannedImpact, ...]) -> list[BarPart]:
    counts = Counter(_answer(each)[0] for each in people)
    spoken = language()
    return [
        BarPart(each.word.into(spoken), counts[each], each.kind)
        for each in PersonOutcome
        if counts[each]
    ]


def _bar(people: tuple[PlannedImpact, ...]) -> tuple[object, list[BarPart]]:
    parts = _parts(people)
    return placed(parts), parts


@dataclass(frozen=True, slots=True)
class ShownWave:
    """A wave of the plan: its people by what the plan does to them."""

    name: str
    count: int
    bar: object
    parts: list[BarPart]
    waits: tuple[Message, ...]


def _by_wave(viewed: PlanInView) -> dict[str, tuple[PlannedImpact, ...]]:
    found: dict[str, list[PlannedImpact]] = {}
    for person in viewed.plan.people:
        if person.wave:
            found.setdefault(person.wave, []).append(person)
    return {name: tuple(people) for name, people in found.items()}


def _waves(viewed: PlanInView) -> list[ShownWave]:
    """Return the waves as the goal orders them; without a goal, whose turn has come goes first."""
    found = []
    for name, people in _by_wave(viewed).items():
        waits = {each.text.en: each.text for each in people if each.impact in _WAITING}
        found.append(ShownWave(name, len(people), *_bar(people), tuple(waits.values())))
    order = [wave.name for wave in viewed.waves]
    if {each.name for each in found} <= set(order):
        return sorted(found, key=lambda each: order.index(each.name))
    return sorted(found, key=lambda each: [text.en for text in each.waits])


def _timeline(viewed: PlanInView) -> tuple[PlacedMoment, ...]:
    """Return the waves on their days: of the goal, or as far as the plan says them."""
    today = material().report.snapshot.taken_at.date()
    moments = [
        Moment(
            wave.name,
            wave.starts or today,
            "good" if wave.due else "waits",
            len(wave.users),
            (len(wave.enrolled), len(wave.enforced)),
        )
        for wave in viewed.waves
    ]
    return placed_moments(moments or [*_planned_moments(viewed)], today)


def _planned_moments(viewed: PlanInView) -> Iterator[Moment]:
    """Yield the waves that the plan says something of, in the order of their days.

    It has the first day of a wave only where somebody waits for it, in the sentence about them.
    """
    made = viewed.plan.snapshot_at.date()
    later: list[Moment] = []
    for name, people in _by_wave(viewed).items():
        waiting = [each for each in people if each.impact in _BEFORE_THE_DAY]
        days = [found for each in waiting if (found := _day_in(each.text)) is not None]
        if days:
            later.append(Moment(name, min(days), "waits", len(people)))
        elif not waiting and not all(each.impact in _UNTOUCHED for each in people):
            yield Moment(name, made, "good", len(people), acted_on=True)
    yield from sorted(later, key=lambda each: each.day)


def _day_in(said: Message) -> date | None:
    found = _DAY.search(said.en)
    try:
        return date.fromisoformat(found[0]) if found else None
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class ShownProof:
    """A safety property of a plan, with the reasons why it does not hold."""

    id: str
    text: Message
    verdict: Message
    kind: str
    against: tuple[tuple[Message, tuple[str, ...]], ...]


def _proof(proof: Proof) -> ShownProof:
    reasons: dict[str, tuple[Message, list[str]]] = {}
    shown = proof.shown or tuple(verbatim("") for _ in proof.failed)
    for name, why in zip(proof.failed, shown, strict=True):
        reasons.setdefault(why.en, (why, []))[1].append(name)
    return ShownProof(
        proof.id,
        proof_text(proof),
        SAFETY_VERDICTS[proof.verdict],
        _VERDICT_KINDS[proof.verdict],
        tuple((why, tuple(names)) for why, names in reasons.values()),
    )


def _statuses(facts: tuple[FactStatus, ...]) -> Iterator[tuple[Message, str]]:
    counts = Counter(fact.status for fact in facts)
    for status, title in STATUS_TITLES.items():
        if counts[status]:
            yield title.filled(count=f"{counts[status]:,}"), _STATUS_KINDS[status]


def _unread(standing: PlanStatus) -> list[tuple[str, tuple[str, ...]]]:
    """Return whose devices were not read, those of one reason together."""
    reasons: dict[str, list[str]] = {}
    for name, reason in standing.unread:
        reasons.setdefault(reason, []).append(name)
    return [(reason, tuple(names)) for reason, names in reasons.items()]


@dataclass(frozen=True, slots=True)
class ShownDrift:
    """A fact that somebody else has changed: what should be there, and what is."""

    address: str
    expected: Message | None
    found: Message | None
    came: Message


def _drift_entries(facts: tuple[FactStatus, ...]) -> Iterator[ShownDrift]:
    for fact in facts:
        if fact.status in (ChangeStatus.DRIFTED, ChangeStatus.IN_DOUBT):
            expected = found = None
            if fact.drift is not None:
                expected, found = expected_and_found(fact.address, fact.drift)
            yield ShownDrift(fact.address, expected, found, affected_names(fact.newcomers))


def _commands(viewed: PlanInView) -> Iterator[tuple[Message, str]]:
    """Yield the next commands; the page runs none of them."""
    file = shlex.quote(viewed.path)
    if viewed.plan.applicable and viewed.plan.changes:
        yield text("workbench.plan.to_apply"), f"sekisho apply {file}"
    yield text("workbench.plan.to_status"), f"sekisho status {file}"
    if viewed.standing is None or viewed.standing.addresses(ChangeStatus.DONE):
        yield text("workbench.plan.to_rollback"), f"sekisho rollback {file}"
    after = material().audited
    if viewed.goal and after is not None and not after.stopped:
        yield text("workbench.plan.to_plan"), next_action(after.for_goal(viewed.goal))
