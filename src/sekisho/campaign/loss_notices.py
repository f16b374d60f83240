"""What people hear of access keys that grow old and of users who do not sign in. Pure.

Each hears it before something is taken away, on the day before, and once it is done: by the account
as it is after today's changes.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from sekisho.account import AccessKey, Snapshot, User
from sekisho.campaign.losses import DORMANT, NOTICE, DormantPerson, Losses, OldKey, key_topic
from sekisho.lazy import dataclass
from sekisho.messages import verbatim
from sekisho.notices import NoticeKind, Person, owner_by_tags
from sekisho.notices.reminders import Reminder, ReminderStep, Told
from sekisho.rollout import DormantAction, Goal, KeyState

_UNTOUCHED = (KeyState.FRESH, KeyState.MACHINE, KeyState.UNKNOWN)
_KEY = key_topic("")


def loss_reminders(losses: Losses, goal: Goal, after: Snapshot, told: Told) -> tuple[Reminder, ...]:
    """Return the notices that are due about old keys and about people who do not sign in.

    Args:
        losses: which these are, before today's changes.
        goal: says the rules.
        after: the account after those of today's changes that were made.
        told: what was delivered.
    """
    found = _Losses(goal, after, told, goal.day_of(after.taken_at))
    due = (
        *(each for key in losses.keys for each in found.of_key(key)),
        *(each for person in losses.dormant for each in found.of_dormant(person)),
        *found.of_what_is_gone(),
    )
    return tuple(sorted(due, key=lambda each: (each.person.user, each.step, each.person.wave)))


@dataclass(frozen=True, slots=True)
class _Losses:
    """What the notices of a day are made by."""

    goal: Goal
    after: Snapshot
    told: Told
    today: date

    def of_key(self, key: OldKey) -> Iterator[Reminder]:
        """Yield the reminder to the user of an old key."""
        facts, rules = key.facts, self.goal.keys
        user = self.after.user_named.get(facts.user)
        held = {each.id: each for each in user.keys} if user is not None else {}
        if user is None or rules is None or facts.state in _UNTOUCHED:
            return
        if facts.warn_on is None or facts.warn_on > self.today or facts.key_id not in held:
            return
        access_key = held[facts.key_id]
        kind = NoticeKind.KEY_OLD if access_key.active else NoticeKind.KEY_INACTIVE
        by_account = facts.disable_on if access_key.active else facts.delete_on
        days = rules.disable if access_key.active else rules.delete
        goes = key.inactive_from if access_key.active else key.deleted_on
        if key.told is None:
            if not access_key.active and days is None:
                return
            # of a key that somebody has made inactive before, the first notice says so already
            step = ReminderStep.KEY_OLD if access_key.active else ReminderStep.KEY_INACTIVE
            day = None
            if by_account is not None and days is not None and not key.waits_for_decision:
                day = max(by_account, self.today + timedelta(days=days - rules.warn))
        elif goes is not None and goes - self.today == timedelta(days=1):
            step = ReminderStep.KEY_EVE if access_key.active else ReminderStep.KEY_DELETE_EVE
            day = goes
        elif not access_key.active:
            step, day = ReminderStep.KEY_INACTIVE, goes
        else:
            return
        yield self._reminder(user, (kind, step), facts.warn_on, day=day, access_key=access_key)

    def of_dormant(self, person: DormantPerson) -> Iterator[Reminder]:
        """Yield the reminder to the owner of a user who does not sign in."""
        user = self.after.user_named.get(person.user)
        if user is None or user.password is None or person.decided is not None:
            return
        rule, goes = self.goal.dormant, person.password_goes
        removes = rule is not None and rule.action is DormantAction.DISABLE_PASSWORD
        if person.told is None:
            step, day = ReminderStep.DORMANT, self.today + NOTICE if removes else None
        elif goes is not None and goes - self.today == timedelta(days=1):
            step, day = ReminderStep.DORMANT_EVE, goes
        else:
            return
        what = NoticeKind.DORMANT, step
        yield self._reminder(user, what, person.facts.dormant_from, day=day)

    def of_what_is_gone(self) -> Iterator[Reminder]:
        """Yield the one reminder about each key or password that was deleted after a notice."""
        for name, topic, about in self.told.days:
            user = self.after.user_named.get(name)
            if user is None or about is None:
                continue
            if topic == DORMANT and user.password is None:
                removed = NoticeKind.PASSWORD_REMOVED, ReminderStep.DORMANT_DONE
                yield self._reminder(user, removed, about)
            key_id = topic.removeprefix(_KEY)
            if topic.startswith(_KEY) and key_id not in {each.id for each in user.keys}:
                gone = AccessKey(key_id, active=False)
                deleted = NoticeKind.KEY_DELETED, ReminderStep.KEY_DELETED
                yield self._reminder(user, deleted, about, access_key=gone)

    def _reminder(
        self,
        user: User,
        what: tuple[NoticeKind, ReminderStep],
        about: date,
        *,
        day: date | None = None,
        access_key: AccessKey | None = None,
    ) -> Reminder:
        kind, step = what
        person = Person(
            user.name,
            (kind,),
            verbatim(""),
            wave=access_key.id if access_key is not None else "",
            day=day,
            day_zone=self.goal.timezone,
            owner=owner_by_tags(user.tags),
            devices=user.devices,
            keys=(access_key,) if access_key is not None else (),
        )
        days = None if day is None else (day - self.today).days
        return Reminder(person, step, days, own_day=about)
