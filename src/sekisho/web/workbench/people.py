"""One answer for each user: what happens to them, and why, from what the commands compute.

The audit's row, what a plan or a campaign's plan of today says, what people are told by it, and the
calls of logs that would be denied are joined here, once. Every page shows this answer. Where they
differ about a user, the worst counts: nobody is "ready" whose calls stop.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from datetime import UTC, date, datetime
from enum import StrEnum

from sekisho.account import KeyUse, ManagedPolicy, Snapshot, User
from sekisho.audit.impact import ImpactKind, UserRow
from sekisho.audit.report import AccountReport
from sekisho.campaign import NOT_TOLD, STAGES_IN_WORDS, Campaign, CampaignPerson
from sekisho.lazy import dataclass
from sekisho.messages import Message, joined_messages, listed, table, verbatim
from sekisho.notices import NoticeKind, Person, people_of, zone_named
from sekisho.notices.reminders import ReminderStep
from sekisho.prover import Enforced
from sekisho.replay import DetailKind
from sekisho.replay.report import KeyReport, ReplayReport, events_of
from sekisho.rollout import Plan, PlannedImpact
from sekisho.web.site import text


class PersonOutcome(StrEnum):
    """What happens to a user, the worst first."""

    LOCKED_OUT = "locked-out"
    CALLS_STOP = "calls-stop"
    UNDECIDED = "needs-decision"
    UNKNOWN = "unknown"
    TOO_WEAK = "policy-too-weak"
    MUST_ENROL = "must-enrol"
    READY = "ready"
    ENFORCED = "enforced"
    UNTOUCHED = "not-affected"
    NO_CREDENTIALS = "no-credentials"
    EXCEPTED = "excepted"

    @property
    def rank(self) -> int:
        """Its place among all, from 0 for the worst."""
        return [*PersonOutcome].index(self)

    @property
    def word(self) -> Message:
        """What people call it."""
        return text(f"workbench.people.outcome.{self.name.lower()}")

    @property
    def kind(self) -> str:
        """Its class in the style sheet."""
        return _KINDS.get(self, "none")


_KINDS = {
    PersonOutcome.LOCKED_OUT: "bad",
    PersonOutcome.CALLS_STOP: "bad",
    PersonOutcome.UNDECIDED: "bad",
    PersonOutcome.UNKNOWN: "open",
    PersonOutcome.TOO_WEAK: "open",
    PersonOutcome.MUST_ENROL: "waits",
    PersonOutcome.READY: "good",
    PersonOutcome.ENFORCED: "good",
}
OUTCOME_BY_IMPACT = {
    ImpactKind.UNKNOWN: PersonOutcome.UNKNOWN,
    ImpactKind.EXEMPT: PersonOutcome.EXCEPTED,
    ImpactKind.BREAK_GLASS: PersonOutcome.EXCEPTED,
    ImpactKind.LEFT_OUT: PersonOutcome.EXCEPTED,
    ImpactKind.CUT_OFF: PersonOutcome.LOCKED_OUT,
    ImpactKind.DEAD_LOCK: PersonOutcome.LOCKED_OUT,
    ImpactKind.LOCKED_OUT: PersonOutcome.LOCKED_OUT,
    ImpactKind.KEY_ONLY: PersonOutcome.LOCKED_OUT,
    ImpactKind.KEYS_STOP: PersonOutcome.CALLS_STOP,
    ImpactKind.KEYS_MAY_STOP: PersonOutcome.UNKNOWN,
    ImpactKind.NOT_ENFORCED: PersonOutcome.TOO_WEAK,
    ImpactKind.ENFORCEMENT_UNKNOWN: PersonOutcome.UNKNOWN,
    ImpactKind.WAITS_FOR_DECISION: PersonOutcome.UNDECIDED,
    ImpactKind.NEW_PASSWORD: PersonOutcome.MUST_ENROL,
    ImpactKind.MUST_ENROL: PersonOutcome.MUST_ENROL,
    ImpactKind.HOLDS_NOTHING: PersonOutcome.NO_CREDENTIALS,
    ImpactKind.SIGNS_IN_NOWHERE: PersonOutcome.NO_CREDENTIALS,
    ImpactKind.WITHOUT_MFA: PersonOutcome.UNKNOWN,
    ImpactKind.READY: PersonOutcome.READY,
}
"""The other kinds have no outcome of their own: the user waits, or nothing changes."""

_OUTCOME_BY_NOTICE = {
    NoticeKind.NOT_KNOWN: PersonOutcome.UNKNOWN,
    NoticeKind.STUCK: PersonOutcome.LOCKED_OUT,
    NoticeKind.MACHINE: PersonOutcome.CALLS_STOP,
    NoticeKind.KEY_STOPS: PersonOutcome.CALLS_STOP,
    NoticeKind.TEMPORARY_PASSWORD: PersonOutcome.MUST_ENROL,
    NoticeKind.ENROL: PersonOutcome.MUST_ENROL,
    NoticeKind.READY: PersonOutcome.READY,
}

Answer = tuple[PersonOutcome, Message]
"""An outcome and, in one line, why."""


@dataclass(frozen=True, slots=True)
class LastCall:
    """The last call with a key, as far as logs have it: when, from where, and by which program."""

    at: datetime
    address: str = ""
    agent: str = ""


@dataclass(frozen=True, slots=True)
class ShownPerson:
    """One user, with all that is known of what happens to them.

    Attributes:
        row: what the audit says.
        outcome, why: the one answer of all pages.
        planned: what the plan says; None: there is no plan, or it is not about them.
        heard: what they are to hear by that plan.
        member: their place in a campaign.
        stops: their keys and sessions with calls in the logs that would be denied.
        calls: the last call with each key and of the sessions, by the key's id.
        told: when they were told last by a campaign, and what.
        today: the day on which the account was read, in the time zone of the plan.
    """

    row: UserRow
    outcome: PersonOutcome
    why: Message
    today: date
    planned: PlannedImpact | None = None
    heard: Person | None = None
    member: CampaignPerson | None = None
    stops: tuple[KeyReport, ...] = ()
    calls: Mapping[str, LastCall] = field(default_factory=dict)
    told: tuple[date, ReminderStep] | None = None

    @property
    def name(self) -> str:
        """The user's name."""
        return self.row.user.name

    @property
    def wave(self) -> str:
        """The name of their wave; "" if there is none."""
        return self.member.wave if self.member else self.planned.wave if self.planned else ""

    @property
    def stage(self) -> Message | None:
        """How far they are in a campaign; None without one."""
        return STAGES_IN_WORDS[self.member.stage] if self.member else None

    @property
    def when(self) -> Message | None:
        """What happens on which day; None if nothing does, or nobody has planned it."""
        if self.member is not None and self.member.until is not None:
            return text("workbench.people.when.until", day=self.member.until.isoformat())
        settled = (PersonOutcome.UNTOUCHED, PersonOutcome.EXCEPTED, PersonOutcome.ENFORCED)
        placed = self.member or self.planned
        if placed is None or self.outcome in settled or self.enforced:
            return None
        day = placed.starts if isinstance(placed, PlannedImpact) else placed.enforced_from
        if day is None:
            return text("workbench.people.when.at_once")
        if day <= self.today:
            return text("workbench.people.when.due", day=day.isoformat())
        enrol = placed.enrol_from
        if enrol is None:
            return text("workbench.people.when.day", day=day.isoformat())
        return text("workbench.people.when.both", enrol=enrol.isoformat(), day=day.isoformat())

    @property
    def enforced(self) -> bool:
        """Whether MFA is proved to be enforced for them now."""
        return self.row.enforcement.enforced is Enforced.PROVED


def people_shown(
    report: AccountReport,
    plans: Sequence[Plan] = (),
    campaigns: Iterable[Campaign] = (),
    replay: ReplayReport | None = None,
) -> tuple[ShownPerson, ...]:
    """Return everybody, those to whom the worst happens first.

    Args:
        report: the audit.
        plans: what is to be applied; of a user in several, the first counts.
        campaigns: how goals stand; likewise.
        replay: which calls of logs would be denied.
    """
    running = tuple(campaigns)
    planned: dict[str, PlannedImpact] = {}
    heard: dict[str, Person] = {}
    for each in reversed(plans):
        planned |= {person.user: person for person in each.people}
        heard |= {person.user: person for person in people_of(each, report.snapshot)}
    members = {each.user: each for run in reversed(running) for each in run.people}
    told = {
        user: last
        for run in reversed(running)
        if run.told is not None
        for user, last in run.told.last.items()
    }
    stops, calls = _by_logs(replay)
    zone = zone_named(plans[0].timezone) if plans else UTC
    today = report.snapshot.taken_at.astimezone(zone).date()

    def person(row: UserRow) -> ShownPerson:
        name, arn = row.user.name, row.user.arn
        keys = tuple(stops.get(arn, ()))
        by_plan = (planned.get(name), heard.get(name)) if plans else None
        outcome, why = outcome_of(row, by_plan, members.get(name), keys)
        return ShownPerson(
            row=row,
            outcome=outcome,
            why=why,
            today=today,
            planned=planned.get(name),
            heard=heard.get(name),
            member=members.get(name),
            stops=keys,
            calls=calls.get(arn) or _last_calls(row),
            told=told.get(name),
        )

    people = map(person, report.rows)
    return tuple(sorted(people, key=lambda each: (each.outcome.rank, each.name.casefold())))


def outcome_of(
    row: UserRow,
    by_plan: tuple[PlannedImpact | None, Person | None] | None = None,
    member: CampaignPerson | None = None,
    stops: tuple[KeyReport, ...] = (),
) -> Answer:
    """Return the worst known outcome for a user, with the reason.

    Args:
        row: what the audit says.
        by_plan: what a plan says of them, and what they hear by it; None: there is no plan.
        member: their place in a campaign.
        stops: their keys with calls that would be denied.
    """
    outcome, why = _by_account(row) if by_plan is None else _by_plan(row, *by_plan)
    answers = [(outcome, why)]
    if stops:
        denied = _denied_text(stops)
        by_key = any(key.key_id.startswith("AKIA") for key in stops)
        if outcome is PersonOutcome.MUST_ENROL and not by_key:
            # sessions of somebody who signs in with MFA from then on
            return outcome, joined_messages((why, denied), en=" ", ja="")
        answers.insert(0, (PersonOutcome.CALLS_STOP, denied))
    # the campaign's next run notifies users who were not told
    problems = [each.text for each in member.problems if each != NOT_TOLD] if member else []
    if problems:
        answers.append((PersonOutcome.UNDECIDED, joined_messages(problems, en=" ", ja="")))
    return min(answers, key=lambda each: each[0].rank)


def planned_outcome(planned: PlannedImpact) -> Answer:
    """Return the outcome for a user who is only in a plan, such as a user that it creates."""
    return OUTCOME_BY_IMPACT.get(planned.impact, PersonOutcome.UNTOUCHED), planned.text


def _denied_text(stops: tuple[KeyReport, ...]) -> Message:
    count = sum(events_of(key.denied) or events_of(key.denied_on_behalf) for key in stops)
    keys = listed(verbatim(each) for each in {key.key_id: None for key in stops if key.key_id})
    services = Counter[str]()
    for key in stops:
        for call in key.lost:
            services[call.service] += call.tally.events
    called = ", ".join(name for name, _ in services.most_common(3))
    last = max(call.tally.last for key in stops for call in key.denied or key.denied_on_behalf)
    values = {"count": f"{count:,}", "services": called, "day": last.date().isoformat()}
    return text("workbench.people.why.denied", keys=keys, **values)


def _by_plan(row: UserRow, planned: PlannedImpact | None, heard: Person | None) -> Answer:
    """Return the outcome of a plan for a user, or the present one if the plan has none."""
    if planned is None or heard is None or planned.impact is ImpactKind.UNCHANGED:
        return _not_planned(row)
    if NoticeKind.EXEMPT_UNTIL in heard.kinds:
        return PersonOutcome.EXCEPTED, heard.outcome
    found = {_OUTCOME_BY_NOTICE[each] for each in heard.kinds if each in _OUTCOME_BY_NOTICE}
    if planned.impact is ImpactKind.NOT_ENFORCED and found == {PersonOutcome.UNKNOWN}:
        found = {PersonOutcome.TOO_WEAK}
    if heard.gaps:
        found.add(PersonOutcome.UNKNOWN)
    if heard.lacks_passkey:
        found.add(PersonOutcome.MUST_ENROL)
    if not found:
        of_plan = OUTCOME_BY_IMPACT.get(planned.impact)
        return _not_planned(row) if of_plan is None else (of_plan, planned.text)
    worst = min(found, key=lambda each: each.rank)
    if worst is PersonOutcome.READY and heard.enforced:
        return PersonOutcome.ENFORCED, text("workbench.people.why.enforced")
    why = _locked_out_text(row, heard) if worst is PersonOutcome.LOCKED_OUT else heard.outcome
    return worst, joined_messages((why, *heard.gaps), en=" ", ja="")


def _locked_out_text(row: UserRow, heard: Person) -> Message:
    """Return why a plan locks somebody out, without the word: the outcome before it has it."""
    values = dict(heard.outcome.values or ())
    reason = values.get("reason") or values.get("why")
    if reason:
        return text("workbench.people.why.stopped", why=reason)
    by_account, why = _by_account(row)
    return why if by_account is PersonOutcome.LOCKED_OUT else heard.outcome


def _not_planned(row: UserRow) -> Answer:
    """Return how somebody stands of whom a plan says nothing."""
    found = _by_account(row)
    settled = (PersonOutcome.EXCEPTED, PersonOutcome.NO_CREDENTIALS)
    if row.enforcement.enforced_directly or found[0] in settled:
        return found
    return PersonOutcome.UNTOUCHED, text("workbench.people.why.not_planned")


def _by_account(row: UserRow) -> Answer:
    """Return the outcome of MFA enforcement for a user, from the audit."""
    impact = row.impact
    kinds = {
        OUTCOME_BY_IMPACT[kind]: kind
        for kind in reversed(impact.kinds)
        if kind in OUTCOME_BY_IMPACT
    }
    if impact.by_key_only:
        kinds[PersonOutcome.LOCKED_OUT] = ImpactKind.KEY_ONLY
    enforced = row.enforcement.enforced
    worst = min(kinds, key=lambda each: each.rank)
    if worst is PersonOutcome.LOCKED_OUT and row.credentials.of_machine:
        return PersonOutcome.CALLS_STOP, _keys_text(row)
    if worst is PersonOutcome.READY and enforced is Enforced.PROVED:
        return PersonOutcome.ENFORCED, text("workbench.people.why.enforced")
    if worst is PersonOutcome.READY and enforced is Enforced.UNKNOWN:
        return PersonOutcome.UNKNOWN, text("workbench.people.why.open")
    return worst, _why(row, kinds[worst])


def _why(row: UserRow, kind: ImpactKind) -> Message:
    """Return in one line why a kind of impact happens to somebody."""
    impact = row.impact
    reason = impact.name_taken or impact.stopped or impact.reason
    match kind:
        case ImpactKind.EXEMPT if row.exempt and row.exemption is not None:
            until = row.exemption.expires.isoformat()
            return text("workbench.people.why.excepted", day=until, why=row.exemption.why)
        case ImpactKind.EXEMPT:
            return _sentence(ImpactKind.BREAK_GLASS)
        case ImpactKind.KEYS_STOP:
            return _keys_text(row)
        case ImpactKind.DEAD_LOCK | ImpactKind.KEYS_MAY_STOP:
            return text(f"workbench.people.why.{kind.name.lower()}")
        case ImpactKind.LOCKED_OUT | ImpactKind.UNKNOWN if reason is None:
            return text(f"workbench.people.why.{kind.name.lower()}")
        case ImpactKind.LOCKED_OUT if reason is not None:
            return text("workbench.people.why.stopped", why=reason)
        case ImpactKind.MUST_ENROL if row.credentials.must_change:
            return _sentence(ImpactKind.NEW_PASSWORD)
        case _:
            return _sentence(kind, reason)


def _sentence(kind: ImpactKind, why: Message | None = None) -> Message:
    said: Message = table("impacts")[kind]["plan"]
    return said if why is None else said.filled(why=why)


def _keys_text(row: UserRow) -> Message:
    """Return which key stops without MFA, and when it was used last."""
    credentials = row.credentials
    active = [key for key in credentials.keys if key.active]
    used = [(key.last_used, key.id, key.last_service) for key in active if key.last_used]
    if used:
        at, key_id, service = max(used)
        values = {"key": key_id, "service": service or "?", "day": at.date().isoformat()}
        return text("workbench.people.why.key", **values)
    if active:
        keys = listed(verbatim(key.id) for key in active)
        return text("workbench.people.why.keys", keys=keys)
    return text("workbench.people.why.others")


def _by_logs(
    replay: ReplayReport | None,
) -> tuple[Mapping[str, list[KeyReport]], Mapping[str, Mapping[str, LastCall]]]:
    """Return the calls that stop, and the last call of each key, by the caller's ARN."""
    stops: dict[str, list[KeyReport]] = {}
    calls: dict[str, dict[str, LastCall]] = {}
    if replay is None:
        return stops, calls
    for key in replay.stopping:
        stops.setdefault(key.caller.arn, []).append(key)
    for key in (key for caller in replay.users for key in caller.keys if key.own):
        at = max(each.tally.last for each in key.own)
        places = (_latest(key, each) for each in (DetailKind.ADDRESS, DetailKind.AGENT))
        calls.setdefault(key.caller.arn, {})[key.key_id] = LastCall(at, *places)
    return stops, calls


def _latest(key: KeyReport, kind: DetailKind) -> str:
    found = max(key.values(kind), key=lambda each: each.tally.last, default=None)
    return found.value if found is not None else ""


def _last_calls(row: UserRow) -> Mapping[str, LastCall]:
    """Return the last calls by key of a usage file, which has how often each address called."""
    return {each.key_id: _last_call(each) for each in row.use.keys} if row.use else {}


def _last_call(use: KeyUse) -> LastCall:
    """Return the last call of a key whose places are counted: one that is alone, else none."""
    (address, *_), (agent, *_) = (*use.addresses, ""), (*use.agents, "")
    alone = use.addresses_count == 1, use.agents_count == 1
    return LastCall(use.last, address if alone[0] else "", agent if alone[1] else "")


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


def policies_held(snapshot: Snapshot, owner: User) -> list[HeldPolicy]:
    """Return the policies of a user, their own first, then those of their groups."""
    groups = [snapshot.group_named[name] for name in owner.groups if name in snapshot.group_named]
    found = [(arn, "") for arn in owner.attached]
    found += [(arn, group.name) for group in groups for arn in group.attached]
    held = [HeldPolicy(arn, arn if arn in snapshot.policies else "", group) for arn, group in found]
    held += [HeldPolicy(each.name, "", "") for each in owner.inline]
    held += [HeldPolicy(each.name, "", group.name) for group in groups for each in group.inline]
    return held


class PeopleIndex:
    """What each of the people is found by; made once, as a large account has thousands."""

    def __init__(self, people: Iterable[ShownPerson], snapshot: Snapshot) -> None:
        self._texts: list[tuple[ShownPerson, str]] = []
        self._holders: dict[str, set[str]] = {}
        self._policies = snapshot.policies
        for person in people:
            user, use = person.row.user, person.row.use
            held = policies_held(snapshot, user)
            for each in held:
                self._holders.setdefault(each.arn or each.name, set()).add(user.name)
            texts = [user.name, *(key.id for key in user.keys), *(each.name for each in held)]
            for key in use.keys if use is not None else ():
                texts += [key.key_id, *key.addresses]
            self._texts.append((person, "\n".join(texts).casefold()))

    def matching(self, part: str) -> list[ShownPerson]:
        """Return the people of whom a name, key, policy or address has a text as its part."""
        wanted = part.casefold()
        return [person for person, texts in self._texts if wanted in texts]

    def holders(self, policy: str) -> frozenset[str]:
        """Return the names of those who hold a policy, by its ARN."""
        return frozenset(self._holders.get(policy, ()))

    def policies(self, part: str) -> list[tuple[ManagedPolicy, int]]:
        """Return the policies with a text in their name, each with how many people hold it."""
        wanted = part.casefold()
        found = (each for each in self._policies.values() if wanted in each.name.casefold())
        return [(each, len(self.holders(each.arn))) for each in found]
