"""What comes in the place of what a plan takes away from people, read back before that goes."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from sekisho.account import AwsApi
from sekisho.lazy import dataclass
from sekisho.rollout.changes.model import Change, Link, Observations
from sekisho.rollout.changes.observer import GROUPS_OF_USER, Observer
from sekisho.rollout.changes.users import (
    AddUserToGroup,
    AttachGroupPolicy,
    AttachUserPolicy,
)
from sekisho.rollout.planning.plan import Plan


@dataclass(frozen=True, slots=True)
class Successors:
    """What people of a plan have, or get by it, before something is taken away from them.

    Attributes:
        by_person: the changes that attach a policy to a person or put them into a group, and those
            that give the group its policy; needless ones among them.
        places: the place of each change in the plan, by address; needless ones have none.
    """

    by_person: Mapping[str, tuple[Link, ...]]
    places: Mapping[str, int]

    @classmethod
    def of(cls, plan: Plan) -> "Successors":
        """Return those of a plan."""
        every = (*plan.needless, *plan.changes)
        of_groups: dict[str, list[Link]] = defaultdict(list)
        for each in every:
            if isinstance(each, AttachGroupPolicy):
                of_groups[each.group].append(each)
        found: dict[str, list[Link]] = defaultdict(list)
        for each in every:
            if isinstance(each, AttachUserPolicy | AddUserToGroup):
                found[each.user].append(each)
            if isinstance(each, AddUserToGroup):
                found[each.user] += of_groups[each.group]
        places = {each.address: place for place, each in enumerate(plan.changes)}
        return cls({user: tuple(links) for user, links in found.items()}, places)

    def missing_before(
        self, change: Change, api: AwsApi, observations: Observations
    ) -> Link | None:
        """Return the link that must exist before a change of the plan is made, if it is missing.

        What is the person's own is read anew; of what the plan has found there before, and of
        groups, a look that is some seconds old will do.

        Raises:
            AwsRefused: if it cannot be read.
        """
        observer = Observer(api)
        for link in self._before(change):
            match link:
                case AddUserToGroup(group, user) if link.address in self.places:
                    there = group in (observer.names(GROUPS_OF_USER, user) or ())
                case AttachUserPolicy():
                    there = link.read(observer)
                case _:
                    there = link.read(observations.shared())
            if not there:
                return link
        return None

    def _before(self, change: Change) -> Iterator[Link]:
        place = self.places[change.address]
        for link in self.by_person.get(change.person, ()):
            if self.places.get(link.address, -1) < place:
                yield link
