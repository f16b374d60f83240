"""What a roll-back leaves, because people would be left without MFA enforcement.

`Dependents`: others have come to depend on what a plan did. A plan is judged for those whom it
affects then. Whoever has come since, or was made by the plan and stays, would lose enforcement; or
would get what the plan had detached from a group, and nobody has judged what that does to them.

`ReplacedPolicies`: a plan detaches an old policy once the new one is in place. If the old one
cannot be put back, taking the new one away would leave people with neither.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sekisho.account import AwsApi
from sekisho.errors import AwsRefused
from sekisho.messages import Message
from sekisho.rollout.applying.change_status import PasswordOwner, password_owner
from sekisho.rollout.applying.journal import Event, Journal
from sekisho.rollout.changes.affected import affected_names, still_affected
from sekisho.rollout.changes.in_use import is_used
from sekisho.rollout.changes.model import Change, ObservedState
from sekisho.rollout.changes.observer import Observer
from sekisho.rollout.changes.policies import CreatePolicyVersion
from sekisho.rollout.changes.users import (
    AddUserToGroup,
    AttachGroupPolicy,
    AttachUserPolicy,
    CreateLoginProfile,
    CreateUser,
    DetachGroupPolicy,
    DetachUserPolicy,
    RemoveUserFromGroup,
)
from sekisho.rollout.planning.plan import Plan

ALSO_AFFECTS = Message(
    "taking it back would also affect {what}, to whom it did not apply when the plan was made "
    "(`--leave-unenforced` takes it back all the same)"
)
AFFECTED_UNREAD = Message(
    "it cannot be read whom else taking it back would affect, so it stays: {what} "
    "(`--leave-unenforced` "
    "takes it back all the same)"
)
STAYS_WITH = Message(
    "`{what}` stays, and what the plan gave that user stays with it "
    "(`--leave-unenforced` takes it "
    "back all the same)"
)


@dataclass(frozen=True, slots=True)
class Dependents:
    """Who relies on what the plan of a roll-back did; a user is decided about once in a run."""

    plan: Plan
    journal: Journal
    api: AwsApi
    _staying: dict[str, str] = field(default_factory=dict)

    def on(self, change: Change) -> Message | None:
        """Return why a change stays that others depend on; None if it goes.

        Raises:
            AwsRefused: if it cannot be told, for another reason than that it may not be read.
        """
        try:
            match change:
                case AttachUserPolicy(user) | AddUserToGroup(_, user):
                    stays = self._stays(user)
                    return STAYS_WITH.filled(what=stays) if stays else None
                case _:
                    names = self._feeling(change)
                    return ALSO_AFFECTS.filled(what=affected_names(names)) if names else None
        except AwsRefused as error:
            if error.aws_code != "AccessDenied":
                raise
            return AFFECTED_UNREAD.filled(what=error.aws_message)

    def whole(self, user: str) -> bool:
        """Return whether the plan has made a user, and takes back all that it made of them."""
        created = any(isinstance(e, CreateUser) and e.name == user for e in self.plan.changes)
        return created and not self._what_stays(user, before=True)

    def _feeling(self, change: Change) -> list[str]:
        """Return whom taking it back would affect that it did not affect before the plan."""
        observer = Observer(self.api)
        names = still_affected(change, self.plan.changes, self.plan.affected, observer)
        if not isinstance(change, DetachGroupPolicy):
            return [*names]
        # a group gets back what it had before those leave it whom the plan has joined to it
        leaving = {f"user {user}" for user in self._leaving(change.group)}
        return [name for name in names if name not in leaving]

    def _leaving(self, group: str) -> Iterator[str]:
        """Yield whom the plan has joined to a group and the roll-back will take out of it."""
        for change in self.plan.changes:
            if isinstance(change, AddUserToGroup) and change.group == group:
                to_undo = self.journal.is_to_undo(change.address)
                if to_undo and not self._what_stays(change.user, before=True):
                    yield change.user

    def _stays(self, user: str) -> str:
        """Return the address of what the plan made of a user and does not go; "" if none."""
        if user not in self._staying:
            self._staying[user] = self._what_stays(user, before=False)
        return self._staying[user]

    def _what_stays(self, user: str, *, before: bool) -> str:
        """Return the same, asked `before` the password's turn or after it."""
        stays = (each.address for each in self.plan.changes if self._remains(each, user, before))
        return next(stays, "")

    def _remains(self, change: Change, user: str, before: bool) -> bool:
        """Return whether a change made the user or their password, and what it made stays."""
        match change:
            case CreateLoginProfile(name) if name == user:
                # its turn comes before that of whatever enforces MFA for the user
                there = change.read(Observer(self.api)) is not None
                return there and not (before and self._goes(change))
            case CreateUser(name) if name == user:
                actual = change.read(Observer(self.api))
                goes = self.journal.is_to_undo(change.address) and actual == change.after
                return actual is not None and not (goes and not self._is_used(user, before))
            case _:
                return False

    def _goes(self, profile: CreateLoginProfile) -> bool:
        """Return whether a password will be taken back."""
        return (
            self.journal.is_to_undo(profile.address)
            and profile.compare(profile.read(Observer(self.api))) is ObservedState.AFTER
            and password_owner(profile, self.journal, self.api) is PasswordOwner.OURS
            and not profile.in_use_because(self.api)
        )

    def _is_used(self, user: str, before: bool) -> bool:
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
        # the plan's own password is looked at by itself
        sets = any(isinstance(e, CreateLoginProfile) and e.user == user for e in self.plan.changes)
        return is_used(self.api, user, given, password_goes=before and sets)


@dataclass(frozen=True, slots=True)
class ReplacedPolicies:
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
                lost = change.compare(change.read(observer)) is not ObservedState.BEFORE
                if lost and change.finds_owner(observer):
                    self._lost.setdefault(user, change.address)
            case DetachGroupPolicy():
                if change.compare(change.read(observer)) is not ObservedState.BEFORE:
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
        for name in self.plan.affected[change.address]:
            if name not in joined:
                yield name.removeprefix("user ")

    def of(self, change: Change) -> str:
        """Return the address of what is lost and what `change` gave may stand for; "" if none.

        What a group or a policy gives may protect anybody.
        """
        match change:
            case AttachUserPolicy(user) | AddUserToGroup(_, user):
                return self._lost.get(user, "")
            case AttachGroupPolicy() | CreatePolicyVersion():
                return next(iter(self._lost.values()), "")
            case _:
                return ""
