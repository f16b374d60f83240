"""Dormant people and old access keys of a campaign, for people and programs."""

from collections.abc import Iterable, Iterator
from datetime import date

from sekisho.campaign.calendar import DAYS, DayEvent, DayEventKind
from sekisho.campaign.losses import Losses, OldKey
from sekisho.campaign.today import Today
from sekisho.documents.report import Table
from sekisho.messages import Message, verbatim
from sekisho.rollout import (
    Change,
    DeactivateUnusedKey,
    DeleteAccessKey,
    DeleteUnusedPassword,
    DormantAction,
    KeyState,
)

_SHOWN = 20
_DORMANT = Message("People who do not sign in")
_DORMANT_COLUMNS = (Message("user"), Message("last sign-in"), Message("what happens"))
_KEYS = Message("Access keys that grow old")
_KEY_COLUMNS = (
    Message("user"),
    Message("access key"),
    Message("counted from"),
    Message("what happens"),
)
_NEVER = Message("never", "sign-in")
_UNREAD = Message("not read")
_SIGN_INS_UNREAD = Message("unknown: the credential report was not read or lacks it")
_DECIDE = Message("decide: accept `dormant` for them, or set `do: disable-password`")
_DECIDED = Message("left as they are: {why}")
_TELL_FIRST = Message("the password is deleted {days} {days:day|days} after they are notified")
_GOES = Message("the password is deleted on {day}")
_GOES_TODAY = Message("the password is deleted today")
_KEEPS = Message("the password stays: {why}")
_KEY_DECISION = Message("needs a decision (`used-key`): {why}")
_KEY_TELL = Message("its owner is notified first")
_WARNED = Message("its owner is notified; the key stays")
_TOLD_ON = Message("its owner is notified on {day}")
_INACTIVE_ON = Message("inactive from {day}")
_DELETED_ON = Message("deleted on {day}")
_STAYS_INACTIVE = Message("inactive; it stays")
_OLD = (KeyState.WARN, KeyState.DISABLE, KeyState.DELETE)


def due_losses(changes: Iterable[Change]) -> dict[str, tuple[str, ...]]:
    """Return today's users whose password is deleted, and the keys that stop, by kind."""
    passwords, inactive, deleted = [], [], []
    for change in changes:
        match change:
            case DeleteUnusedPassword(user=user):
                passwords.append(user)
            case DeactivateUnusedKey(user=user, id=key):
                inactive.append(f"{user} {key}")
            case DeleteAccessKey(user, key):
                deleted.append(f"{user} {key}")
            case _:
                pass
    return {
        "password": tuple(passwords),
        "keyInactive": tuple(inactive),
        "keyDeleted": tuple(deleted),
    }


def loss_events(losses: Losses) -> Iterator[DayEvent]:
    """Yield the days on which people lose a password or a key, and are to be told of a key."""
    days: dict[tuple[date, DayEventKind], dict[str, None]] = {}
    for day, kind, user in _days_of(losses):
        if day is not None:
            days.setdefault((day, kind), {})[user] = None
    for (day, kind), users in days.items():
        yield DayEvent(day, kind, "", tuple(sorted(users)))


def _days_of(losses: Losses) -> Iterator[tuple[date | None, DayEventKind, str]]:
    for each in losses.dormant:
        yield each.password_goes, DayEventKind.PASSWORD_DELETED, each.user
    for key in losses.keys:
        facts = key.facts
        match facts.state:
            case KeyState.FRESH:
                yield facts.warn_on, DayEventKind.KEY_WARNED, facts.user
            case KeyState.WARN | KeyState.DISABLE:
                yield key.inactive_from, DayEventKind.KEY_INACTIVE, facts.user
            case KeyState.DISABLED | KeyState.DELETE:
                yield key.deleted_on, DayEventKind.KEY_DELETED, facts.user
            case KeyState.MACHINE | KeyState.UNKNOWN:
                pass


def loss_tables(today: Today, day: date) -> Iterator[Table]:
    """Yield the dormant people, and the keys of which something is to be said."""
    losses = today.losses
    yield Table(
        _DORMANT,
        _DORMANT_COLUMNS,
        [*_dormant_rows(today, day)],
        lambda row: row,
        most=_SHOWN,
        id="dormant",
        blank=(),
    )
    told = [key for key in losses.keys if _is_shown(key, day)]
    yield Table(_KEYS, _KEY_COLUMNS, told, lambda key: _key_cells(key, day), most=_SHOWN, id="keys")


def _dormant_rows(today: Today, day: date) -> Iterator[tuple[Message, Message, Message]]:
    rule = today.goal.dormant
    for each in today.losses.dormant:
        last = each.facts.last_sign_in
        goes = each.password_goes
        if each.decided is not None:
            what = _DECIDED.filled(why=each.decided)
        elif rule is None or rule.action is DormantAction.NAME:
            what = _DECIDE
        elif goes is not None:
            what = _GOES_TODAY if goes <= day else _GOES.filled(day=goes)
        elif problems := today.problems.get(each.user) if each.told else None:
            what = _KEEPS.filled(why=problems[0].text)
        else:
            what = _TELL_FIRST.filled(days=7)
        yield (
            verbatim(each.user),
            _NEVER if last is None else verbatim(last.date().isoformat()),
            what,
        )
    for name in today.losses.unread:
        yield verbatim(name), _UNREAD, _SIGN_INS_UNREAD


def _is_shown(key: OldKey, day: date) -> bool:
    facts = key.facts
    if facts.warn_on is None:
        return True
    return (facts.warn_on - day).days <= DAYS


def _key_cells(key: OldKey, day: date) -> tuple[Message, ...]:
    since, counted = key.facts.since, key.facts.state is not KeyState.MACHINE
    return (
        verbatim(key.facts.user),
        verbatim(key.facts.key_id or "-"),
        verbatim(since.isoformat()) if since else _UNREAD if counted else verbatim("–"),
        _key_text(key, day),
    )


def _key_text(key: OldKey, day: date) -> Message:
    facts = key.facts
    if facts.why is not None:
        return facts.why
    if key.waits_for_decision and facts.needs_decision is not None and facts.state in _OLD:
        return _KEY_DECISION.filled(why=facts.needs_decision)
    if facts.warn_on is not None and facts.warn_on > day:
        return _TOLD_ON.filled(day=facts.warn_on)
    if facts.state in (KeyState.DISABLED, KeyState.DELETE):
        goes, never, text = key.deleted_on, facts.delete_on is None, _DELETED_ON
        kept = _STAYS_INACTIVE
    else:
        goes, never, text = key.inactive_from, facts.disable_on is None, _INACTIVE_ON
        kept = _WARNED
    if never:
        return kept
    return _KEY_TELL if goes is None else text.filled(day=max(goes, day))


def losses_to_json(losses: Losses) -> dict[str, object]:
    """Return dormant people and access keys, as JSON."""
    return {
        "dormant": [
            {
                "user": each.user,
                "lastSignIn": each.facts.last_sign_in and each.facts.last_sign_in.isoformat(),
                "since": each.facts.since.isoformat(),
                "dormantFrom": each.facts.dormant_from.isoformat(),
                "told": _iso(each.told),
                "passwordGoes": _iso(each.password_goes),
                "decided": each.decided,
            }
            for each in losses.dormant
        ],
        "signInsUnread": list(losses.unread),
        "keys": [
            {
                "user": each.facts.user,
                "key": each.facts.key_id,
                "state": each.facts.state.value,
                "since": _iso(each.facts.since),
                "warnOn": _iso(each.facts.warn_on),
                "told": _iso(each.told),
                "inactiveFrom": _iso(each.inactive_from),
                "deletedOn": _iso(each.deleted_on),
                "needsDecision": each.facts.needs_decision.en
                if each.waits_for_decision and each.facts.needs_decision is not None
                else None,
                "why": each.facts.why and each.facts.why.en,
            }
            for each in losses.keys
        ],
    }


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
