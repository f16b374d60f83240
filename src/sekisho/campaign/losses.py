"""Unused passwords and old access keys in a campaign: what happens to whose, and when. Pure.

Nothing is taken away from somebody who was not told on an earlier day: what the goal counts from
the last use says when they are told, and from the day on which they were told the days go on.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Protocol

from sekisho.account import Snapshot, Usage
from sekisho.lazy import dataclass
from sekisho.notices.reminders import inactive_topic
from sekisho.rollout import (
    AgingKey,
    Dormant,
    DormantAction,
    DormantUser,
    Goal,
    KeyOfUser,
    KeyRules,
    KeyState,
    Untold,
    acceptance_key,
    aging_keys,
    dormant_users,
    sign_ins_unread,
)

DORMANT = "dormant"
"""The topic of notices to dormant people, and the id of the decision to leave one as they are."""
USED_KEY = "used-key"
"""The id of the decision that a key goes although it may be in use."""
NOTICE = timedelta(days=7)
"""So long before their password goes dormant people are told."""


class ToldOn(Protocol):
    """Knows on which day somebody was told of something; see `notices.reminders.Told`."""

    def told_on(self, user: str, topic: str, day: date | None) -> date | None:
        """Return the day, or None."""


def key_topic(key_id: str) -> str:
    """Return the topic of notices about an access key; their day is that of the warning."""
    return f"key:{key_id}"


@dataclass(frozen=True, slots=True)
class DormantPerson:
    """A person who does not sign in, and what happens to their password.

    Attributes:
        facts: since when they have not signed in; `facts.dormant_from` is the day of the notice.
        told: on which day they were told; None: not yet.
        password_goes: on which day they lose their password; None: never, or not before they have
            been told.
        decided: why they are left as they are, as the goal accepts it; None: nobody has said so.
    """

    facts: DormantUser
    told: date | None = None
    password_goes: date | None = None
    decided: str | None = None

    @property
    def user(self) -> str:
        """The user's name."""
        return self.facts.user


@dataclass(frozen=True, slots=True)
class OldKey:
    """An access key of a person, and what happens to it.

    Attributes:
        facts: its days by the account alone; `facts.warn_on` is the day of the notice.
        told: on which day its owner was told; None: not yet.
        inactive_from: on which day it is made inactive; None: never, or not before the notice.
        deleted_on: on which day it is deleted; None likewise.
        decided: why it goes although it may be in use, as the goal accepts it.
    """

    facts: AgingKey
    told: date | None = None
    inactive_from: date | None = None
    deleted_on: date | None = None
    decided: str | None = None

    @property
    def waits_for_decision(self) -> bool:
        """Whether it would go if it were not in use, or could not be."""
        return self.facts.needs_decision is not None and self.decided is None


@dataclass(frozen=True, slots=True)
class Losses:
    """The dormant people of a campaign and their old access keys.

    Attributes:
        unread: people whose last sign-in could not be read.
        keys: all of the people of the goal, however young.
    """

    dormant: tuple[DormantPerson, ...] = ()
    unread: tuple[str, ...] = ()
    keys: tuple[OldKey, ...] = ()

    def by_user(self) -> Mapping[str, DormantPerson]:
        """Return the dormant people by name."""
        return {each.user: each for each in self.dormant}

    def without(self, users: Iterable[str]) -> "Losses":
        """Return the same where nothing is taken away from some users."""
        kept = {*users}
        return replace(
            self,
            dormant=tuple(
                replace(each, password_goes=None) if each.user in kept else each
                for each in self.dormant
            ),
            keys=tuple(
                replace(each, inactive_from=None, deleted_on=None)
                if each.facts.user in kept
                else each
                for each in self.keys
            ),
        )

    def fill(self, goal: Goal, today: date) -> Goal:
        """Return a goal that takes away what goes today."""
        lost = tuple(each.user for each in self.dormant if _has_come(each.password_goes, today))
        disable = (
            KeyOfUser(each.facts.user, each.facts.key_id)
            for each in self.keys
            if each.facts.state in (KeyState.FRESH, KeyState.WARN, KeyState.DISABLE)
            and _has_come(each.inactive_from, today)
        )
        delete = (
            KeyOfUser(each.facts.user, each.facts.key_id)
            for each in self.keys
            if each.facts.state is KeyState.DELETE and _has_come(each.deleted_on, today)
        )
        return replace(
            goal,
            passwords_to_disable=lost,
            keys_to_disable=tuple(disable),
            keys_to_delete=tuple(delete),
            enrolling=tuple(name for name in goal.enrolling if name not in lost),
        )


def _has_come(day: date | None, today: date) -> bool:
    return day is not None and day <= today


def losses_of(
    goal: Goal,
    snapshot: Snapshot,
    caller: str,
    usage: Usage | None = None,
    told: ToldOn | None = None,
) -> Losses:
    """Return the dormant people and the old keys, each with the days on which something happens.

    Args:
        goal: what it says of both.
        snapshot: the account.
        caller: the ARN of the caller, whose own password and keys are not in it.
        usage: what logs say of the account's users.
        told: which notices were delivered; None: none.
    """
    days = _Days(goal, told, goal.day_of(snapshot.taken_at))
    keys = tuple(days.keys(aging_keys(goal, snapshot, usage, caller)))
    last: dict[str, date] = {}
    for key in keys:
        for day in filter(None, (key.inactive_from, key.deleted_on)):
            last[key.facts.user] = max(day, last.get(key.facts.user, day))
    dormant = days.dormant(dormant_users(goal, snapshot, usage, caller))
    return Losses(
        dormant=tuple(_after_keys(each, last.get(each.user)) for each in dormant),
        unread=sign_ins_unread(goal, snapshot, caller),
        keys=keys,
    )


def _after_keys(person: DormantPerson, last: date | None) -> DormantPerson:
    """Return a person whose password goes after their last key: without one it is a machine's."""
    if person.password_goes is None or last is None:
        return person
    return replace(person, password_goes=max(person.password_goes, last))


@dataclass(frozen=True, slots=True)
class _Days:
    goal: Goal
    told: ToldOn | None
    today: date

    def dormant(self, users: Iterable[DormantUser]) -> Iterator[DormantPerson]:
        """Yield people with the days on which they lose their password."""
        rule = self.goal.dormant or Dormant(0)
        for facts in users:
            decided = self.goal.accepted.get(acceptance_key(DORMANT, facts.user))
            told = self._delivered_on(facts.user, DORMANT, facts.dormant_from)
            heard = self._heard(told, facts.dormant_from)
            goes = None
            if rule.action is DormantAction.DISABLE_PASSWORD and decided is None and heard:
                goes = heard + NOTICE
            yield DormantPerson(facts, told, goes, decided)

    def keys(self, keys: Iterable[AgingKey]) -> Iterator[OldKey]:
        """Yield keys with the days on which they are made inactive and deleted."""
        rules = self.goal.keys
        for facts in keys:
            decided = self.goal.accepted.get(acceptance_key(USED_KEY, facts.user))
            told = self._delivered_on(facts.user, key_topic(facts.key_id), facts.warn_on)
            key = OldKey(facts, told, decided=decided)
            heard = self._heard(told, facts.warn_on)
            if rules is None or heard is None or key.waits_for_decision:
                yield key
                continue
            inactive_from = _later(facts.disable_on, heard, rules.disable, rules)
            deleted_on = _later(facts.delete_on, heard, rules.delete, rules)
            yield replace(
                key,
                inactive_from=inactive_from,
                deleted_on=self._after_inactivity(facts, inactive_from, deleted_on),
            )

    def _after_inactivity(
        self, facts: AgingKey, inactive_from: date | None, deleted_on: date | None
    ) -> date | None:
        """Return the day of deletion, as long after the key is inactive as the rules have it.

        A run that came late must not shorten that time: it counts from the day on which the user
        was told that the key is inactive, which is not before it was.
        """
        rules = self.goal.keys
        if deleted_on is None or inactive_from is None or rules is None or rules.disable is None:
            return deleted_on
        between = timedelta(days=(rules.delete or rules.disable) - rules.disable)
        if facts.state not in (KeyState.DISABLED, KeyState.DELETE):
            return max(deleted_on, max(inactive_from, self.today) + between)
        since = self._delivered_on(facts.user, inactive_topic(facts.key_id), facts.warn_on)
        if since is None and self.goal.untold is Untold.WAIT:
            since = self.today
        return deleted_on if since is None else max(deleted_on, since + between)

    def _delivered_on(self, user: str, topic: str, day: date | None) -> date | None:
        return None if self.told is None or day is None else self.told.told_on(user, topic, day)

    def _heard(self, told: date | None, day: date | None) -> date | None:
        """Return the day from which the time to act is counted."""
        return day if told is None and self.goal.untold is Untold.ENFORCE else told


def _later(by_account: date | None, heard: date, days: int | None, rules: KeyRules) -> date | None:
    """Return the day of a rule, but not before as long after the notice as the rules have it."""
    if by_account is None or days is None:
        return None
    return max(by_account, heard + timedelta(days=days - rules.warn))
