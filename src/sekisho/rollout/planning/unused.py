"""What a plan does to passwords and access keys that nobody uses, and what its reader is told.

Pure. The goal of a day says whose they are: `goal.unused` says who is dormant and which keys are
old, and a campaign who has been told of it.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from sekisho.account import Snapshot, credentials_of
from sekisho.messages import Message
from sekisho.rollout.changes.credentials import CredentialType, in_iso_seconds
from sekisho.rollout.changes.model import Change
from sekisho.rollout.changes.unused import (
    DeactivateUnusedKey,
    DeleteAccessKey,
    DeleteUnusedPassword,
)
from sekisho.rollout.goal.model import Goal, KeyOfUser
from sekisho.rollout.planning.plan import PlanCaller, PlanNote

USED_KEY = "used-key"
"""The acceptance by which a key is made inactive although it may be in use."""

PASSWORDS_GO = Message(
    "These users do not sign in and lose their console password, as the goal says (`dormant`). "
    "It cannot be restored. A user who comes back needs a new one: `sekisho reset NAME "
    "--new-password`."
)
KEYS_GO = Message(
    "Access keys of these users are made inactive, as the goal says (`keys`). A roll-back makes "
    "them active again."
)
KEYS_DELETED = Message(
    "Inactive access keys of these users are deleted, as the goal says (`keys`). They cannot be "
    "restored."
)
ONLY_BY_CAMPAIGN = Message(
    "The goal has rules over time (`{rules}`). A plan does not carry them out: `sekisho campaign` "
    "does, once people have been notified."
)
NOT_ONESELF = Message("You cannot remove your own password or access keys.")


def changes_of_unused(goal: Goal, snapshot: Snapshot) -> Iterator[Change]:
    """Yield the changes that take away what a goal says is unused, person by person."""
    disabled, deleted = _by_user(goal.keys_to_disable), _by_user(goal.keys_to_delete)
    lost = frozenset(goal.passwords_to_disable)
    for name in sorted(lost | disabled.keys() | deleted.keys()):
        user = snapshot.user_named[name]
        known = {key.id: key for key in user.keys}
        decided = f"{USED_KEY}:{name}" in goal.accepted
        for key in (known[key_id] for key_id in disabled.get(name, ())):
            used = key.last_used or key.created_at
            since = "" if decided or used is None else in_iso_seconds(used)
            yield DeactivateUnusedKey(name, CredentialType.ACCESS_KEY.value, key.id, since)
        for key_id in deleted.get(name, ()):
            yield DeleteAccessKey(name, key_id)
        if name in lost and user.password is not None:
            since = in_iso_seconds(_not_used_since(snapshot, name))
            yield DeleteUnusedPassword(name, user.password.reset_required, since)


def notes_on_unused(goal: Goal) -> Iterator[PlanNote]:
    """Yield a note for the passwords and keys that the plan deletes or deactivates, with names."""
    deactivated = _owners(user for user, _ in goal.keys_to_disable)
    deleted = _owners(user for user, _ in goal.keys_to_delete)
    if goal.passwords_to_disable:
        yield PlanNote("passwords-deleted", PASSWORDS_GO, goal.passwords_to_disable)
    if deactivated:
        yield PlanNote("keys-deactivated", KEYS_GO, deactivated)
    if deleted:
        yield PlanNote("keys-deleted", KEYS_DELETED, deleted)


def rules_not_planned(goal: Goal) -> Iterator[PlanNote]:
    """Yield the note that only a campaign carries out these rules of the goal."""
    rules = {"dormant": goal.dormant, "keys": goal.keys}
    named = ", ".join(name for name, rule in rules.items() if rule is not None)
    if named:
        yield PlanNote("rules-over-time", ONLY_BY_CAMPAIGN.filled(rules=named))


def own_credentials(goal: Goal, snapshot: Snapshot, caller: PlanCaller) -> Iterator[PlanNote]:
    """Yield the problem that the plan would remove a password or key of its own caller."""
    names = {*goal.passwords_to_disable} | {user for user, _ in _keys(goal)}
    own = tuple(name for name in sorted(names) if snapshot.user_named[name].arn == caller.arn)
    if own:
        yield PlanNote("oneself", NOT_ONESELF, own)


def _keys(goal: Goal) -> tuple[tuple[str, str], ...]:
    return (*goal.keys_to_disable, *goal.keys_to_delete)


def _by_user(keys: Iterable[KeyOfUser]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for user, key_id in keys:
        found.setdefault(user, []).append(key_id)
    return found


def _owners(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _not_used_since(snapshot: Snapshot, name: str) -> datetime:
    """Return when a password was last used or set, as far as the snapshot has it."""
    user = snapshot.user_named[name]
    row = snapshot.report.rows.get(name) if snapshot.report is not None else None
    times = (
        credentials_of(snapshot, user).password_used,
        user.password.created_at if user.password is not None else None,
        row.password_last_changed if row is not None else None,
    )
    return max((at for at in times if at is not None), default=snapshot.taken_at)
