"""How a plan stands: what is done, what waits, what somebody else has changed since. Reads only."""

from dataclasses import dataclass
from enum import StrEnum

from sekisho.account.api import AwsApi
from sekisho.errors import AwsRefused
from sekisho.rollout.changes import Change, CreateLoginProfile, Image, State
from sekisho.rollout.execute import check_account
from sekisho.rollout.journal import Event, Journal
from sekisho.rollout.kept import Kept
from sekisho.rollout.observe import Observer

__all__ = ["Fact", "Standing", "Stands", "standing_of"]


class Stands(StrEnum):
    """How one change stands."""

    DONE = "done"
    WAITS = "waits"
    DRIFTED = "drifted"


@dataclass(frozen=True, slots=True)
class Fact:
    """One change and how it stands."""

    address: str
    stands: Stands


@dataclass(frozen=True, slots=True)
class Standing:
    """How a plan stands.

    Attributes:
        facts: in the plan's order.
        enrolled: of the people whom the plan touches, those with an MFA device now.
        without: those without.
        unread: those of whom it could not be read, with the reason.
    """

    facts: tuple[Fact, ...]
    enrolled: tuple[str, ...]
    without: tuple[str, ...]
    unread: tuple[tuple[str, str], ...] = ()

    def of(self, stands: Stands) -> tuple[str, ...]:
        """Return the addresses that stand so."""
        return tuple(fact.address for fact in self.facts if fact.stands is stands)


def standing_of(kept: Kept, api: AwsApi) -> Standing:
    """Return how a plan stands in the account now.

    Raises:
        PlanRefused: if the plan is of another account, or the journal of another plan.
        AwsRefused: if the plan's objects cannot be read.
    """
    check_account(kept.plan, api)
    if kept.journal.path.exists():
        kept.journal.open(kept.plan.digest)
    observer = Observer(api)
    facts = tuple(
        Fact(change.address, _stands(change, observer.read(change), kept.journal))
        for change in kept.plan.changes
    )
    devices: dict[str, bool] = {}
    unread: list[tuple[str, str]] = []
    for person in kept.plan.people:
        try:
            found = api.pages("iam", "ListMFADevices", "MFADevices", UserName=person.user)
            devices[person.user] = any(True for _ in found)
        except AwsRefused as error:
            unread.append((person.user, f"{error.aws_code}: {error.message}"))
    return Standing(
        facts,
        tuple(user for user, has in devices.items() if has),
        tuple(user for user, has in devices.items() if not has),
        tuple(unread),
    )


def _stands(change: Change, actual: Image, journal: Journal) -> Stands:
    state, event = change.state(actual), journal.standing(change.address)
    if event is Event.BEGUN and isinstance(change, CreateLoginProfile) and state is State.AFTER:
        # nobody was told this password, or it is somebody else's
        return Stands.WAITS
    if state is State.OTHER or (event is Event.DONE and state is not State.AFTER):
        return Stands.DRIFTED
    return Stands.DONE if state is State.AFTER else Stands.WAITS
