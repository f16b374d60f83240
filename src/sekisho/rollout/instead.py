"""What a roll-back leaves because what it came in place of cannot be put back.

A plan detaches an old MFA enforcement once the new one stands. If the old one has no way back,
taking the new
one away would leave people with neither.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sekisho.account.api import AwsApi
from sekisho.rollout.changes import (
    AddUserToGroup,
    AttachGroupPolicy,
    AttachUserPolicy,
    Change,
    CreatePolicyVersion,
    DetachGroupPolicy,
    DetachUserPolicy,
    RemoveUserFromGroup,
    State,
)
from sekisho.rollout.journal import Event, Journal
from sekisho.rollout.observe import Observer
from sekisho.rollout.plan import Plan

__all__ = ["Instead"]


@dataclass(frozen=True, slots=True)
class Instead:
    """What is not as it was before the plan, by the user whom it may have guarded."""

    plan: Plan
    journal: Journal
    _lost: dict[str, str] = field(default_factory=dict)

    def look(self, change: Change, api: AwsApi) -> None:
        """Note what a change took away, if that is not back; a user who is gone misses nothing.

        Raises:
            AwsRefused: if it cannot be read.
        """
        observer = Observer(api)
        match change:
            case DetachUserPolicy(user) | RemoveUserFromGroup(_, user):
                lost = change.state(observer.read(change)) is not State.BEFORE
                if lost and observer.finds_user(change):
                    self._lost.setdefault(user, change.address)
            case DetachGroupPolicy():
                if change.state(observer.read(change)) is not State.BEFORE:
                    for user in self._guarded(change):
                        self._lost.setdefault(user, change.address)
            case _:
                pass

    def _guarded(self, change: DetachGroupPolicy) -> Iterator[str]:
        """Yield who was in the group before the plan: its members now do not tell."""
        joined = {
            f"user {each.user}"
            for each in self.plan.changes
            if isinstance(each, AddUserToGroup)
            and each.group == change.group
            # whom somebody else had put there had the old MFA enforcement by then
            and self.journal.standing(each.address) is not Event.ALREADY
        }
        for name in self.plan.reach[change.address]:
            if name not in joined:
                yield name.removeprefix("user ")

    def of(self, change: Change) -> str:
        """Return the address of what is lost and what `change` gave may stand for; "" if none.

        What a group or a policy gives may authorizer anybody.
        """
        match change:
            case AttachUserPolicy(user) | AddUserToGroup(_, user):
                return self._lost.get(user, "")
            case AttachGroupPolicy() | CreatePolicyVersion():
                return next(iter(self._lost.values()), "")
            case _:
                return ""
