"""The account before and after a plan, and whom the plan touches. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sekisho.account import Snapshot, User, policies_of
from sekisho.engine import Policies
from sekisho.errors import FaultyAccount
from sekisho.rollout.changes import Change
from sekisho.rollout.goal import Goal
from sekisho.rollout.plan import Caller

__all__ = ["Outlook", "holds", "outlook_of", "policies_or_none"]


@dataclass(frozen=True, slots=True)
class Outlook:
    """The account before and after a plan's changes.

    Attributes:
        policy: the ARN of the goal's policy.
        break_glass: users that must not be touched.
        touched: the users for whom other policies will decide than now, new users among them; also
            everybody whose policies cannot be told.
    """

    before: Snapshot
    after: Snapshot
    changes: tuple[Change, ...]
    caller: Caller
    policy: str
    break_glass: tuple[str, ...]
    touched: tuple[User, ...]

    def known(self, user: User) -> bool:
        """Return whether the user is there already."""
        return any(known.name == user.name for known in self.before.users)

    def gets_policy(self, user: User) -> bool:
        """Return whether the goal's policy decides for the user afterwards."""
        policies = policies_or_none(self.after, user.name)
        return policies is not None and any(each.name == self.policy for each in policies.identity)


def outlook_of(
    before: Snapshot, after: Snapshot, changes: Iterable[Change], caller: Caller, goal: Goal
) -> Outlook:
    """Return the account before and after `changes`, with the users that they touch."""
    wanted = goal.policy
    arn = f"arn:{after.partition}:iam::{after.account}:policy{wanted.path}{wanted.name}"
    touched = tuple(user for user in after.users if _is_touched(before, after, user))
    return Outlook(before, after, tuple(changes), caller, arn, goal.break_glass, touched)


def _is_touched(before: Snapshot, after: Snapshot, user: User) -> bool:
    policies = policies_or_none(after, user.name)
    return policies is None or policies != policies_or_none(before, user.name)


def policies_or_none(snapshot: Snapshot, name: str) -> Policies | None:
    """Return a user's policies, or None if there is no such user or a policy was not read."""
    try:
        return policies_of(snapshot, name)
    except FaultyAccount:
        return None


def holds(question: Callable[[Snapshot, User], bool], snapshot: Snapshot, user: User) -> bool:
    """Return the answer to `question`; what cannot be answered does not hold."""
    try:
        return question(snapshot, user)
    except FaultyAccount:
        return False
