"""Policies that somebody else has added to a user group of a plan since it was applied.

A plan puts people into a group so that its policy enforces MFA for them. If a colleague attaches
another policy to that group later, its members have those permissions, and a roll-back that takes
people out of the group takes these permissions away as well. A user whom the plan has created and
the roll-back deletes loses nothing that somebody else meant for them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sekisho.account import AwsApi, ResourceKind, ResourceRef
from sekisho.errors import AwsRefused
from sekisho.messages import Message, listed, verbatim
from sekisho.rollout.applying.dependents import Dependents
from sekisho.rollout.applying.journal import Journal
from sekisho.rollout.changes.observer import MEMBERS, POLICIES_OF_GROUP, Observer
from sekisho.rollout.changes.users import AddUserToGroup, AttachGroupPolicy
from sekisho.rollout.planning.plan import Plan

KEEPS = Message(
    "the user would lose {policies}, which somebody else has added to the group since "
    "(`--remove-rights` takes the user out all the same)"
)
UNREAD = Message(
    "it cannot be read whether somebody else has added a policy to the group since, so the user "
    "stays in it: {what} (`--remove-rights` takes the user out all the same)"
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
            if added and Dependents(self.plan, self.journal, self.api).whole(change.user):
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
        """Return who of these is in a group that somebody else has given a policy."""
        if not self._added_to(group):
            return ()
        members = {*(Observer(self.api).names(MEMBERS, group) or ())}
        goes = Dependents(self.plan, self.journal, self.api)
        return tuple(each for each in users if each in members and not goes.whole(each))

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
