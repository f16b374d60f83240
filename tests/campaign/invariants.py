"""What must hold on each day of a campaign in a simulated company, whoever carries it out.

Asked by steps of the engine alone (`Rights`) and of what the company knows, not by the proofs that
the campaign itself goes by.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum

from campaign.on_paper import Rights, arn_of
from sekisho.account import IN_USE_WITHIN, Snapshot, User
from sekisho.campaign import Campaign, CampaignStage
from sekisho.notices import NoticeKind, Person
from sekisho.notices.reminders import Reminder, key_of


class Invariant(StrEnum):
    """A promise of campaigns."""

    LOCKS_OUT_NOBODY = "the campaign locks out nobody"
    TAKES_NOBODYS_WAY = "halfway through a run nobody who could enrol cannot"
    NAMES_THE_LOCKED_OUT = "whoever others lock out is named on the next day"
    ASKS_FOR_WHAT_CAN_BE_DONE = "no notice asks for what the person cannot do that day"
    TELLS_ONCE = "nobody is told the same thing twice"
    TELLS_FIRST = "nobody is enforced whose notice was not delivered"
    ONE_FAULT_ONE_PERSON = "one fault blocks one person"
    GIVES_TRUE_REASONS = "whoever is left is left for a true reason"
    LEAVES_NOBODY_OUT = "at the end everybody is accounted for"
    COMES_BACK = "rolled back, the account is as on the first day"


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice that was delivered.

    Attributes:
        day: on which day.
        what: to whom, by user id, and of what: nobody is to hear it twice.
    """

    day: date
    what: tuple[object, ...]

    @classmethod
    def of(cls, day: date, user_id: str, reminder: Reminder) -> "Notice":
        """Return a reminder as it was delivered."""
        key = key_of(reminder)
        return cls(day, (user_id, key.wave, key.starts, key.step))


@dataclass(slots=True)
class Breaches:
    """Which promise was broken, on which day, and how."""

    found: dict[Invariant, list[str]] = field(default_factory=lambda: defaultdict(list))

    def note(self, invariant: Invariant, day: date, users: Iterable[object], how: str = "") -> None:
        """Note whom a broken promise is about; nothing if that is nobody."""
        if names := sorted(map(str, users)):
            self.found[invariant].append(f"{day}: {', '.join(names)} {how}".rstrip())


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run.

    Attributes:
        campaign: as the run read and judged it.
        before: what people could do before it.
        after: what they can do now.
        now: the account after it.
        named: whom it names as left or as locked out.
        delivered: what people are told by it.
        earlier: what was delivered before it.
        whole: whether it was not killed before its end.
    """

    campaign: Campaign
    before: Rights
    after: Rights
    now: Snapshot
    named: frozenset[str]
    delivered: tuple[Reminder, ...]
    earlier: tuple[Notice, ...]
    whole: bool = True

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What it delivers, by user ids."""
        ids = {each.name: each.id for each in self.now.users}
        day = self.campaign.day
        return tuple(Notice.of(day, ids[each.person.user], each) for each in self.delivered)


def judge(breaches: Breaches, run: Outcome, *, last: bool = False) -> None:
    """Note which promises a run breaks, and after the last one, who is not accounted for."""
    for judged in (judge_changes, judge_order, judge_notices, judge_telling):
        judged(breaches, run)
    for judged in (judge_faults, judge_reasons, judge_naming) if run.whole else ():
        judged(breaches, run)
    if last:
        judge_end(breaches, run)


def judge_changes(breaches: Breaches, run: Outcome) -> None:
    """Note whom the changes of a run, or the first of them, lock out or keep from enrolling."""
    campaign, before, after, now = run.campaign, run.before, run.after, run.now
    old = campaign.snapshot.user_named
    accepted = {
        key.partition(":")[2]
        for key in campaign.today.plan.accepted
        if key.startswith("everyone-gets-in:")
    }
    locked = {
        each.name
        for each in now.users
        if each.name not in accepted
        and after.locked_out(each)
        and not before.locked_out(old[each.name])
    }
    breaches.note(Invariant.LOCKS_OUT_NOBODY, campaign.day, locked)
    kept = {
        each.name
        for each in now.users
        if each.password
        and not each.devices
        and not after.enrols(each)
        and before.enrols(old[each.name])
        and each.name not in _given_up(campaign)
        # who has no place for both is swapped, and a run that is killed between the two is known
        and (run.whole or len(old[each.name].attached) < _MOST)
    }
    breaches.note(Invariant.TAKES_NOBODYS_WAY, campaign.day, kept - locked)


_MOST = 10
"""How many policies a user may have."""


def _given_up(campaign: Campaign) -> set[str]:
    """Return for whom the time to enrol is taken back: exceptions and who is left out."""
    stages = (CampaignStage.EXCEPTED, CampaignStage.LEFT_OUT)
    return {each.user for each in campaign.people if each.stage in stages}


def judge_faults(breaches: Breaches, run: Outcome) -> None:
    """Note who is not enforced although their day has come and nothing is in their way."""
    campaign, rights, now = run.campaign, run.after, run.now
    if why := campaign.today.plan.open_problems:
        how = f"for {dict(why)}"
        breaches.note(Invariant.ONE_FAULT_ONE_PERSON, campaign.day, ["nothing is done"], how)
    free = {
        each.user
        for each in campaign.counted
        if each.enforced_from is not None
        and each.enforced_from <= campaign.day
        and not campaign.today.problems.get(each.user)
        and not _waits_for_password(overdue=each.overdue, user=now.user_named[each.user])
        and rights.works(now.user_named[each.user], mfa=False)
    }
    breaches.note(Invariant.ONE_FAULT_ONE_PERSON, campaign.day, free, "not enforced, and no reason")


def judge_reasons(breaches: Breaches, run: Outcome) -> None:
    """Note who is left for a reason that is not so."""
    campaign, rights, now = run.campaign, run.after, run.now
    for name, problems in campaign.today.problems.items():
        user = now.user_named[name]
        false = {each.id for each in problems if not _is_so(each.id, user, rights, now)}
        breaches.note(
            Invariant.GIVES_TRUE_REASONS, campaign.day, [name] if false else [], f"{false}"
        )


def _waits_for_password(*, overdue: bool, user: User) -> bool:
    return overdue and user.password is not None and user.password.reset_required


def _key_in_use(user: User, now: Snapshot) -> bool:
    since = now.taken_at - IN_USE_WITHIN
    return any(
        key.active and (key.last_used is None or key.last_used >= since) for key in user.keys
    )


def _enforced(user: User) -> User:
    """Return a user as if MFA were enforced for them by the goal's first policy."""
    ours = {*map(arn_of, ("Force_MFA", "Force_MFA_enrol", "Force_MFA_enrolled"))}
    others = tuple(arn for arn in user.attached if arn not in ours)
    return replace(user, attached=(*others, arn_of("Force_MFA")))


def _is_so(identity: str, user: User, rights: Rights, now: Snapshot) -> bool:
    """Return whether what speaks against enforcing MFA for somebody is so, as far as is known."""
    match identity:
        case "keys-in-use":
            return _key_in_use(user, now)
        case "everyone-gets-in":
            return rights.locked_out(_enforced(user))
        case "quota":
            return len(user.attached) >= _MOST - 1
        case _:
            return True


def judge_naming(breaches: Breaches, run: Outcome) -> None:
    """Note who is locked out after the run, by whatever others did, and is not named."""
    campaign, rights, now = run.campaign, run.after, run.now
    reached = {
        each.user
        for each in campaign.people
        if each.stage not in _NOT_REACHED
        and (each.enrol_from is None or each.enrol_from <= campaign.day)
    }
    locked = {name for name in reached if rights.locked_out(now.user_named[name])}
    breaches.note(Invariant.NAMES_THE_LOCKED_OUT, campaign.day, locked - run.named)


_NOT_REACHED = (CampaignStage.NOT_STARTED, CampaignStage.EXCEPTED, CampaignStage.LEFT_OUT)


def judge_notices(breaches: Breaches, run: Outcome) -> None:
    """Note who is asked for something that they cannot do today."""
    now, rights = run.now, run.after
    unable = {
        each.person.user
        for each in run.delivered
        if not _can_do(each.person, now.user_named[each.person.user], rights)
    }
    breaches.note(Invariant.ASKS_FOR_WHAT_CAN_BE_DONE, run.campaign.day, unable)


def _can_do(person: Person, user: User, rights: Rights) -> bool:
    """Return whether somebody can do what a notice asks of them, in a session without MFA."""
    must_change = user.password is not None and user.password.reset_required
    if user.password is None or user.devices or person.kind.of_rule:
        return True
    if person.kind is NoticeKind.TEMPORARY_PASSWORD or must_change:
        return rights.changes_password(user, mfa=False) and rights.enrols(user)
    asks = person.kind is NoticeKind.ENROL and person.may_enrol_now
    return not asks or rights.enrols(user)


def judge_telling(breaches: Breaches, run: Outcome) -> None:
    """Note who is told something that they were told before, under whatever name."""

    known = {each.what for each in run.earlier}
    again = {each.what[0] for each in run.notices if each.what in known}
    breaches.note(Invariant.TELLS_ONCE, run.campaign.day, again)


def judge_order(breaches: Breaches, run: Outcome) -> None:
    """Note who is enforced now, has something to do about it, and was told on no earlier day."""
    campaign, before, after, now = run.campaign, run.before, run.after, run.now
    heard = {each.what[0] for each in run.earlier if each.day < campaign.day}
    old = campaign.snapshot.user_named
    untold = {
        each.name
        for each in now.users
        if each.id not in heard
        and each.password
        and not (each.devices and not each.password.reset_required)
        and before.works(old[each.name], mfa=False)
        and not after.works(each, mfa=False)
    }
    breaches.note(Invariant.TELLS_FIRST, campaign.day, untold)
    first = {each.what[0]: each.day for each in reversed(run.earlier)}
    for each in now.users:
        told = campaign.day - first.get(each.id, campaign.day)
        lost = old[each.name].password is not None and each.password is None
        keys = {key.id for key in each.keys if key.active}
        went = {key.id for key in old[each.name].keys if key.active} - keys
        soon = (lost and told < _BEFORE_PASSWORDS) or (went and told < timedelta(days=1))
        how = "lost a password or a key"
        breaches.note(Invariant.TELLS_FIRST, campaign.day, [each.name] if soon else [], how)


_BEFORE_PASSWORDS = timedelta(days=7)
"""So long before their password goes dormant people are told."""


def judge_end(breaches: Breaches, run: Outcome) -> None:
    """Note who is not accounted for after the last day."""
    campaign, rights, now = run.campaign, run.after, run.now
    people = {each.user: each for each in campaign.people}
    unaccounted = set()
    for user in now.users:
        if user.password is None or user.name in ("admin", "glass", "hanako"):
            continue
        person = people.get(user.name)
        if person is None:
            unaccounted.add(user.name)
            continue
        done = not rights.works(user, mfa=False)
        later = person.enforced_from is not None and person.enforced_from > campaign.day
        excepted = person.stage is CampaignStage.EXCEPTED and person.until is not None
        left = bool(person.problems) or person.overdue
        if not (done or later or excepted or left):
            unaccounted.add(user.name)
    breaches.note(Invariant.LEAVES_NOBODY_OUT, campaign.day, unaccounted)
