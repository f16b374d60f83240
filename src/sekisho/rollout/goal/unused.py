"""People of a goal who do not sign in, and their access keys that grow old. Pure.

What could not be read is unknown, and neither dormant nor old. Break-glass users, exceptions, who
is left out and the caller are in nothing here; machines have no password and are only named.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from sekisho.account import (
    IN_USE_WITHIN,
    AccessKey,
    Credentials,
    Snapshot,
    Usage,
    User,
    credentials_of,
    users_not_read,
)
from sekisho.documents import Shape
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.rollout.goal.model import (
    DeferralReason,
    Dormant,
    DormantAction,
    Goal,
    KeyAge,
    KeyRules,
)

_RECORDED_SINCE = datetime(2014, 10, 20, tzinfo=UTC)
"""Since then AWS has recorded sign-ins (IAM API Reference, User: PasswordLastUsed)."""
_LATER = (("disable", "warn"), ("delete", "disable"))
"""Each day of an access key that needs another one before it."""
_NOT_MEANT = (DeferralReason.EXEMPT, DeferralReason.LEFT_OUT)

_NO_PASSWORD = Message("the user has no password: keys of machines are left as they are")
_PASSWORD_UNREAD = Message("whether the user has a password could not be read")
_KEYS_UNREAD = Message("the access keys could not be read")
_USE_UNREAD = Message("when it was last used could not be read")
_AGE_UNKNOWN = Message("when it was made is not known")
_USED = Message("it was last used on {day}")
_LOGGED = Message("the logs show a call with it on {day}")


def dormant_of(shape: Shape) -> Dormant | None:
    """Return when a user is dormant by a goal; None if that has a fault."""
    got = shape.members(("after",), ("do",))
    action = got["do"].choice(DormantAction) or DormantAction.NAME
    after = got["after"].days()
    return None if after is None else Dormant(after, action)


def key_rules_of(shape: Shape) -> KeyRules | None:
    """Return the days of people's access keys by a goal; None if they have a fault."""
    got = shape.members((), ("by", "warn", "disable", "delete"))
    by = got["by"].choice(KeyAge) or KeyAge.LAST_USE
    days = {name: got[name].days() for name in ("warn", "disable", "delete")}
    later = [name for name, _ in _LATER if not got[name].absent]
    if got["warn"].absent and not later and isinstance(shape.raw, dict):
        shape.fault(Message("`{name}` is missing").filled(name="warn"))
    for name, earlier in _LATER:
        one, other = days[name], days[earlier]
        if not got[name].absent and got[earlier].absent:
            got[name].fault(
                Message("`{name}` needs `{earlier}`").filled(name=name, earlier=earlier),
                fix=Message("write an earlier day as `{earlier}`").filled(earlier=earlier),
            )
        elif one is not None and other is not None and one <= other:
            got[name].fault(
                Message("`{name}` is not after `{earlier}`").filled(name=name, earlier=earlier),
                fix=Message("write more than {count} {count:day|days}").filled(count=other),
            )
    warn = days["warn"]
    return None if warn is None else KeyRules(by, warn, days["disable"], days["delete"])


@dataclass(frozen=True, slots=True)
class DormantUser:
    """A person who has not signed in for so long as the goal says.

    Attributes:
        last_sign_in: None if never, or not since AWS has recorded sign-ins, in October 2014.
        since: the day from which the days are counted: that of the last sign-in, or on which the
            password was last set, if that is later.
        dormant_from: the first day on which they are dormant.
    """

    user: str
    last_sign_in: datetime | None
    since: date
    dormant_from: date


class KeyState(StrEnum):
    """How old an access key is by the rules of a goal, and by the account alone.

    Attributes:
        FRESH: nothing happens to it yet.
        WARN: its owner is to be told.
        DISABLE: it is active, and its day to be made inactive has come.
        DISABLED: it is inactive, and is not to be deleted, or not yet.
        DELETE: it is inactive, and its day to be deleted has come.
        MACHINE: its user has no password: nothing is done with it.
        UNKNOWN: that could not be read.
    """

    FRESH = "fresh"
    WARN = "warn"
    DISABLE = "disable"
    DISABLED = "disabled"
    DELETE = "delete"
    MACHINE = "machine"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class AgingKey:
    """An access key of a person, and its days.

    Attributes:
        key_id: "" where the keys of the user could not be read.
        since: the day from which its days are counted; None: not known, or of a machine.
        warn_on, disable_on, delete_on: its days; None where the goal has no such rule, too.
        needs_decision: why it is made inactive or deleted only if the goal accepts it by name: it
            is in use, or may be; None if it is not.
        why: why nothing can be said or done of it; None unless the state is MACHINE or UNKNOWN.
    """

    user: str
    key_id: str
    state: KeyState
    since: date | None = None
    warn_on: date | None = None
    disable_on: date | None = None
    delete_on: date | None = None
    last_used: datetime | None = None
    needs_decision: Message | None = None
    why: Message | None = None


def dormant_users(
    goal: Goal, snapshot: Snapshot, usage: Usage | None = None, caller: str = ""
) -> tuple[DormantUser, ...]:
    """Return the people of a goal who do not sign in, by name.

    A user who never has counts from the creation of the login profile. A password that somebody has
    set since then begins the days again: its owner is about to come.

    Args:
        goal: says after how many days.
        snapshot: the account.
        usage: what logs say of the account's users: a sign-in there counts as well.
        caller: the ARN of the caller, who is never dormant.
    """
    if goal.dormant is None:
        return ()
    found = []
    for user in people_of_goal(goal, snapshot, caller):
        began = _last_sign_in_or_password(snapshot, user, usage)
        if began is None:
            continue
        last_sign_in, counted_from = began
        since = goal.day_of(counted_from)
        first = since + timedelta(days=goal.dormant.after)
        if first <= goal.day_of(snapshot.taken_at):
            found.append(DormantUser(user.name, last_sign_in, since, first))
    return tuple(found)


def sign_ins_unread(goal: Goal, snapshot: Snapshot, caller: str = "") -> tuple[str, ...]:
    """Return the people of a goal of whom it is not known when they last signed in, by name."""
    if goal.dormant is None:
        return ()
    return tuple(
        user.name
        for user in people_of_goal(goal, snapshot, caller)
        if _last_sign_in_or_password(snapshot, user, None) is None
    )


def aging_keys(
    goal: Goal, snapshot: Snapshot, usage: Usage | None = None, caller: str = ""
) -> tuple[AgingKey, ...]:
    """Return the access keys of the people of a goal, by user and id, however young.

    Args:
        goal: says which days they have.
        snapshot: the account.
        usage: what logs say of the account's users.
        caller: the ARN of the caller, whose keys are left out.
    """
    if goal.keys is None:
        return ()
    unread = (users_not_read(snapshot, each) for each in ("ListAccessKeys", "GetAccessKeyLastUsed"))
    reader = _Keys(goal, goal.keys, snapshot, usage, *unread)
    users = _users_of_goal(goal, snapshot, caller)
    found = (key for user in users for key in reader.of(user))
    return tuple(sorted(found, key=lambda key: (key.user, key.key_id)))


def people_of_goal(goal: Goal, snapshot: Snapshot, caller: str = "") -> Iterator[User]:
    """Yield the users of a goal's waves who have a password, by name; see the top."""
    for user in _users_of_goal(goal, snapshot, caller):
        if snapshot.has_password(user) is not False:
            yield user


def _users_of_goal(goal: Goal, snapshot: Snapshot, caller: str) -> Iterator[User]:
    exempt = {each.user for each in goal.exceptions if not each.expired(snapshot.taken_at)}
    exempt |= {name for name, each in goal.deferred.items() if each.reason in _NOT_MEANT}
    names = {name for wave in goal.waves for name in wave.users}
    for name in sorted(names - exempt - {*goal.break_glass, *goal.unread}):
        user = snapshot.user_named[name]
        if user.arn != caller:
            yield user


def _last_sign_in_or_password(
    snapshot: Snapshot, user: User, usage: Usage | None
) -> tuple[datetime | None, datetime] | None:
    """Return the last sign-in, and that or the last setting of the password, whichever is later.

    None if the sign-ins are not known, or if there are none and the password's age is not known.
    """
    held = credentials_of(snapshot, user)
    if held.password is not True or not held.sign_ins_known:
        return None
    logged = usage.user_use(user.arn) if usage is not None else None
    sign_ins = [held.password_used, logged.last_sign_in if logged is not None else None]
    last = max((at for at in sign_ins if at is not None), default=None)
    row = snapshot.report.rows.get(user.name) if snapshot.report is not None else None
    settings = [
        user.password.created_at if user.password is not None else None,
        row.password_last_changed if row is not None else None,
    ]
    set_at = max((at for at in settings if at is not None), default=None)
    if last is None:
        return None if set_at is None else (None, max(set_at, _RECORDED_SINCE))
    return last, max(last, set_at or last)


@dataclass(frozen=True, slots=True)
class _Keys:
    """What the days of access keys hang on; of some users not all could be read."""

    goal: Goal
    rules: KeyRules
    snapshot: Snapshot
    usage: Usage | None
    keys_unread: frozenset[str]
    use_unread: frozenset[str]

    def of(self, user: User) -> Iterator[AgingKey]:
        """Yield the keys of a user."""
        held = credentials_of(self.snapshot, user)
        if user.name in self.keys_unread:
            if held.active_keys != 0:
                yield AgingKey(user.name, "", KeyState.UNKNOWN, why=_KEYS_UNREAD)
            return
        for key in user.keys:
            if held.password is False:
                yield AgingKey(
                    user.name,
                    key.id,
                    KeyState.MACHINE,
                    last_used=key.last_used,
                    why=_NO_PASSWORD,
                )
            else:
                yield self._aging(user, key, held)

    def _aging(self, user: User, key: AccessKey, held: Credentials) -> AgingKey:
        use_known = user.name not in self.use_unread
        by_use = self.rules.by is KeyAge.LAST_USE
        why = None
        if held.password is None:
            why = _PASSWORD_UNREAD
        elif by_use and not use_known:
            why = _USE_UNREAD
        elif key.created_at is None and (key.last_used is None or not by_use):
            why = _AGE_UNKNOWN
        if why is not None:
            return AgingKey(user.name, key.id, KeyState.UNKNOWN, last_used=key.last_used, why=why)
        times = [key.created_at, key.last_used if by_use else None]
        since = self.goal.day_of(max(at for at in times if at is not None))
        warn_on, disable_on, delete_on = (
            None if days is None else since + timedelta(days=days)
            for days in (self.rules.warn, self.rules.disable, self.rules.delete)
        )
        today = self.goal.day_of(self.snapshot.taken_at)
        if key.active:
            disable, warn = disable_on and disable_on <= today, warn_on and warn_on <= today
            state = KeyState.DISABLE if disable else KeyState.WARN if warn else KeyState.FRESH
        else:
            state = KeyState.DELETE if delete_on and delete_on <= today else KeyState.DISABLED
        return AgingKey(
            user.name,
            key.id,
            state,
            since,
            warn_on,
            disable_on,
            delete_on,
            last_used=key.last_used,
            needs_decision=self._in_use_because(user, key, use_known=use_known),
        )

    def _in_use_because(self, user: User, key: AccessKey, *, use_known: bool) -> Message | None:
        """Return why a key is taken to be in use, or None.

        Where the rules go by the last use, only logs can know of a later one.
        """
        days = self.rules.disable or self.rules.warn
        by_age = self.rules.by is KeyAge.AGE
        within = IN_USE_WITHIN if by_age else timedelta(days=days)
        logged = self._last_logged(user, key)
        if logged is not None and self.snapshot.taken_at - logged < within:
            return _LOGGED.filled(day=self.goal.day_of(logged))
        if not by_age:
            return None
        if not use_known:
            return _USE_UNREAD
        if key.last_used is not None and self.snapshot.taken_at - key.last_used <= within:
            return _USED.filled(day=self.goal.day_of(key.last_used))
        return None

    def _last_logged(self, user: User, key: AccessKey) -> datetime | None:
        logged = self.usage.user_use(user.arn) if self.usage is not None else None
        use = logged.key(key.id) if logged is not None else None
        return use.last if use is not None else None
