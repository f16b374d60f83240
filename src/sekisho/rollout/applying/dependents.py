"""Changes that a roll-back leaves: users would lose MFA enforcement, or a policy of others.

`Dependents`: others have come to depend on what a plan did. A plan is judged for those whom it
affects then. Users who came later, or whom the plan made and leaves, would lose enforcement, or
would get what the plan had detached from a group, and nobody has judged what that does to them.

`ReplacedPolicies`: a plan detaches an old policy once the new one is in place. If the old one
cannot be put back, taking the new one away would leave people with neither.

`GroupRights`: a plan puts people into a group so that its policy enforces MFA for them. If a
colleague attaches another policy to that group later, its members have those permissions, and lose
them if a roll-back takes them out of the group. A user whom the plan has created and the roll-back
deletes loses nothing that somebody else meant for them.
"""

from collections.abc import Iterator
from dataclasses import field

from sekisho.account import AwsApi, ResourceKind, ResourceRef
from sekisho.errors import AwsRefused
from sekisho.lazy import dataclass
from sekisho.messages import Message, listed, verbatim
from sekisho.rollout.applying.change_status import PasswordOwner, password_owner
from sekisho.rollout.applying.journal import Event, Journal
from sekisho.rollout.changes.affected import affected_names, still_affected
from sekisho.rollout.changes.in_use import is_used
from sekisho.rollout.changes.model import Change, ObservedState
from sekisho.rollout.changes.observer import MEMBERS, POLICIES_OF_GROUP, Observer
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
    "undoing it would also affect {what}, to whom it did not apply when the plan was made "
    "(`--leave-unenforced` undoes it anyway)"
)
AFFECTED_UNREAD = Message(
    "it could not be read whom else undoing it would affect, so it stays: {what} "
    "(`--leave-unenforced` undoes it anyway)"
)
STAYS_WITH = Message(
    "`{what}` stays, so what the plan gave that user stays, too (`--leave-unenforced` undoes it "
    "anyway)"
)


@dataclass(frozen=True, slots=True)
class Dependents:
    """The users who rely on a plan's changes; each is decided about once in a roll-back."""

    plan: Plan
    journal: Journal
    api: AwsApi
    _kept_parts: dict[str, str] = field(default_factory=dict)

    def why_stays(self, change: Change) -> Message | None:
        """Return why a change stays that others depend on; None if it goes.

        Raises:
            AwsRefused: if it cannot be told, for another reason than that it may not be read.
        """
        try:
            match change:
                case AttachUserPolicy(user) | AddUserToGroup(_, user):
                    stays = self._kept_part(user)
                    return STAYS_WITH.filled(what=stays) if stays else None
                case _:
                    names = self._newly_affected(change)
                    return ALSO_AFFECTS.filled(what=affected_names(names)) if names else None
        except AwsRefused as error:
            if error.aws_code != "AccessDenied":
                raise
            return AFFECTED_UNREAD.filled(what=error.aws_message)

    def removes_user(self, user: str) -> bool:
        """Return whether the plan has made a user, and takes back all that it made of them."""
        created = any(isinstance(e, CreateUser) and e.name == user for e in self.plan.changes)
        return created and not self._find_kept_part(user, password_due=True)

    def _newly_affected(self, change: Change) -> list[str]:
        """Return the principals whom the roll-back would newly affect."""
        observer = Observer(self.api)
        names = still_affected(change, self.plan.changes, self.plan.affected, observer)
        if not isinstance(change, DetachGroupPolicy):
            return [*names]
        # a group gets back what it had before those leave it whom the plan has joined to it
        leaving = {f"user {user}" for user in self._leaving(change.group)}
        return [name for name in names if name not in leaving]

    def _leaving(self, group: str) -> Iterator[str]:
        """Yield the users whom the plan has put into a group and the roll-back will take out."""
        for change in self.plan.changes:
            if isinstance(change, AddUserToGroup) and change.group == group:
                to_undo = self.journal.is_to_undo(change.address)
                if to_undo and not self._find_kept_part(change.user, password_due=True):
                    yield change.user

    def _kept_part(self, user: str) -> str:
        """Return `_find_kept_part` once the password's turn is over; found once for each user."""
        if user not in self._kept_parts:
            self._kept_parts[user] = self._find_kept_part(user, password_due=False)
        return self._kept_parts[user]

    def _find_kept_part(self, user: str, *, password_due: bool) -> str:
        """Return the address of what the plan made of a user and a roll-back leaves; "" if none.

        `password_due`: the roll-back has yet to come to the password.
        """
        kept = (e.address for e in self.plan.changes if self._is_kept(e, user, password_due))
        return next(kept, "")

    def _is_kept(self, change: Change, user: str, password_due: bool) -> bool:
        """Return whether a change made the user or their password, and what it made stays."""
        match change:
            case CreateLoginProfile(name) if name == user:
                # its turn comes before that of whatever enforces MFA for the user
                there = change.read(Observer(self.api)) is not None
                return there and not (password_due and self._is_undone(change))
            case CreateUser(name) if name == user:
                actual = change.read(Observer(self.api))
                untouched = self.journal.is_to_undo(change.address) and actual == change.after
                goes = untouched and not self._is_used(user, password_due)
                return actual is not None and not goes
            case _:
                return False

    def _is_undone(self, profile: CreateLoginProfile) -> bool:
        """Return whether a password will be taken back."""
        return (
            self.journal.is_to_undo(profile.address)
            and profile.compare(profile.read(Observer(self.api))) is ObservedState.AFTER
            and password_owner(profile, self.journal, self.api) is PasswordOwner.OURS
            and not profile.in_use_because(self.api)
        )

    def _is_used(self, user: str, password_due: bool) -> bool:
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
        return is_used(self.api, user, given, password_goes=password_due and sets)


@dataclass(frozen=True, slots=True)
class ReplacedPolicies:
    """Replaced policies that are not back in place, by the user whom they may have guarded."""

    plan: Plan
    journal: Journal
    _lost: dict[str, str] = field(default_factory=dict)

    def record(self, change: Change, api: AwsApi) -> None:
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
        """Yield the members of the group before the plan: its members now do not tell."""
        joined = {
            f"user {each.user}"
            for each in self.plan.changes
            if isinstance(each, AddUserToGroup)
            and each.group == change.group
            # whom somebody else had put there had the old MFA enforcement by then
            and self.journal.last_event(each.address) is not Event.ALREADY
        }
        for name in self.plan.affected[change.address]:
            if name not in joined:
                yield name.removeprefix("user ")

    def lost_for(self, change: Change) -> str:
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


KEEPS = Message(
    "the user would lose {policies}, which somebody else has since added to the group "
    "(`--remove-rights` removes the user anyway)"
)
UNREAD = Message(
    "whether somebody else has added a policy to the group could not be read, so the user stays "
    "in it: {what} (`--remove-rights` removes the user anyway)"
)


@dataclass(frozen=True, slots=True)
class AddedPolicies:
    """Policies that somebody else has given a group of a plan since.

    Attributes:
        policies: their ARNs, and `inline NAME of group GROUP`.
        users: whom the plan has put into the group, and who are in it.
    """

    group: str
    policies: tuple[str, ...]
    users: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GroupRights:
    """The policies of a plan's groups, each group read once."""

    plan: Plan
    journal: Journal
    api: AwsApi
    _added: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def why_stays(self, change: AddUserToGroup) -> Message | None:
        """Return why a user stays in a group; None if nothing is lost that the plan did not give.

        Raises:
            AwsRefused: if it cannot be told, for another reason than that it may not be read.
        """
        try:
            added = self._added_to(change.group)
            if added and Dependents(self.plan, self.journal, self.api).removes_user(change.user):
                return None
        except AwsRefused as error:
            if error.aws_code != "AccessDenied":
                raise
            return UNREAD.filled(what=error.aws_message)
        policies = listed(verbatim(f"`{each}`") for each in added)
        return KEEPS.filled(policies=policies) if added else None

    def added(self) -> Iterator[AddedPolicies | AwsRefused]:
        """Yield the groups that somebody else has given a policy, with those who would lose it.

        Of a group that cannot be read, AWS's refusal.
        """
        joined: dict[str, list[str]] = {}
        for change in self.plan.changes:
            if isinstance(change, AddUserToGroup) and self.journal.is_to_undo(change.address):
                joined.setdefault(change.group, []).append(change.user)
        for group, users in joined.items():
            try:
                losing = self._losing(group, users)
            except AwsRefused as error:
                yield error
            else:
                yield from [AddedPolicies(group, self._added[group], losing)] if losing else []

    def _losing(self, group: str, users: list[str]) -> tuple[str, ...]:
        """Return those of the users who are in a group that somebody else has given a policy."""
        if not self._added_to(group):
            return ()
        members = {*(Observer(self.api).names(MEMBERS, group) or ())}
        dependents = Dependents(self.plan, self.journal, self.api)
        return tuple(n for n in users if n in members and not dependents.removes_user(n))

    def _added_to(self, group: str) -> tuple[str, ...]:
        if group not in self._added:
            observer = Observer(self.api)
            inline = observer.listing("ListGroupPolicies", "PolicyNames", "GroupName", group)
            refs = (
                ResourceRef(ResourceKind.GROUP_POLICY, str(each), group) for each in inline or ()
            )
            there = (
                *(observer.names(POLICIES_OF_GROUP, group) or ()),
                *(each.label for each in refs),
            )
            known = {*self.plan.group_policies.get(group, ())}
            known |= {
                each.arn
                for each in self.plan.changes
                if isinstance(each, AttachGroupPolicy) and each.group == group
            }
            self._added[group] = tuple(each for each in there if each not in known)
        return self._added[group]
