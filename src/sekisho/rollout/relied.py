"""For whom a roll-back leaves a gate: others have come to be gated by what a plan did.

A plan is judged for those who feel it then. Whoever has come since, or was made by the plan and
stays, would be left without the gate and unsaid.
"""

from dataclasses import dataclass, field

from sekisho.account.api import AwsApi
from sekisho.errors import AwsRefused
from sekisho.language import Text
from sekisho.rollout.changes import (
    AddUserToGroup,
    AttachUserPolicy,
    Change,
    CreateLoginProfile,
    CreateUser,
)
from sekisho.rollout.journal import Journal
from sekisho.rollout.observe import Observer
from sekisho.rollout.plan import Plan
from sekisho.rollout.reach import still_felt
from sekisho.rollout.texts import FELT_BY, FELT_UNREAD, STAYS_WITH
from sekisho.rollout.usage import is_used

__all__ = ["Relied"]


@dataclass(frozen=True, slots=True)
class Relied:
    """Who relies on what the plan of a roll-back did; a user is decided about once in a run."""

    plan: Plan
    journal: Journal
    api: AwsApi
    _staying: dict[str, str] = field(default_factory=dict)

    def on(self, change: Change) -> Text | None:
        """Return why a change stays that may gate others, or whom the plan has made; None if not.

        Raises:
            AwsRefused: if it cannot be told, for another reason than that it may not be read.
        """
        try:
            match change:
                case AttachUserPolicy(user) | AddUserToGroup(_, user):
                    stays = self._stays(user)
                    return STAYS_WITH.filled(what=stays) if stays else None
                case _:
                    observer = Observer(self.api)
                    names = still_felt(change, self.plan.changes, self.plan.reach, observer)
                    return FELT_BY.filled(what=", ".join(names)) if names else None
        except AwsRefused as error:
            if error.aws_code != "AccessDenied":
                raise
            return FELT_UNREAD.filled(what=error.message)

    def _stays(self, user: str) -> str:
        """Return the address of what the plan made of a user and does not go; "" if none."""
        if user not in self._staying:
            stays = (each.address for each in self.plan.changes if self._remains(each, user))
            self._staying[user] = next(stays, "")
        return self._staying[user]

    def _remains(self, change: Change, user: str) -> bool:
        """Return whether a change made the user, or the password, and that stays."""
        match change:
            case CreateLoginProfile(name) if name == user:
                # it was looked at before whatever gates the user
                return Observer(self.api).read(change) is not None
            case CreateUser(name) if name == user:
                actual = Observer(self.api).read(change)
                goes = self.journal.is_to_undo(change.address) and actual == change.after
                return actual is not None and not (goes and not self._is_used(user))
            case _:
                return False

    def _is_used(self, user: str) -> bool:
        """Return whether a user holds anything that the plan does not take back."""
        given = []
        for change in self.plan.changes:
            if self.journal.is_to_undo(change.address):
                match change:
                    case AttachUserPolicy(name, given_to) if name == user:
                        given.append(given_to)
                    case AddUserToGroup(given_to, name) if name == user:
                        given.append(given_to)
                    case _:
                        pass
        return is_used(self.api, user, given)
