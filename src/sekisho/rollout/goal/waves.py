"""How the waves of a goal stand in an account: who is due, enrolled, and enforced. Pure."""

from dataclasses import dataclass, replace
from datetime import date

from sekisho.account import Snapshot, users_not_read
from sekisho.audit.enforcement import Enforced, enforcements_of
from sekisho.rollout.goal.model import Goal, Waits

_EXEMPT = (Waits.EXEMPT, Waits.LEFT_OUT)


@dataclass(frozen=True, slots=True)
class WaveStatus:
    """How one wave stands, by the names of its users.

    Attributes:
        starts: its first day; None: at once.
        exempt: exceptions, and who is left out; they count nowhere else.
        enrolled: who has an MFA device.
        devices_unknown: of whom it is not known whether they have one.
        enforced: who is proved to be enforced.
        unknown: of whom one of the two could not be found out.
    """

    name: str
    starts: date | None
    due: bool
    users: tuple[str, ...]
    exempt: tuple[str, ...]
    enrolled: tuple[str, ...]
    devices_unknown: tuple[str, ...]
    enforced: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def open(self) -> tuple[str, ...]:
        """Who is neither enforced nor unknown nor an exception."""
        settled = {*self.exempt, *self.enforced, *self.unknown}
        return tuple(user for user in self.users if user not in settled)


def waves_of(goal: Goal, snapshot: Snapshot) -> tuple[WaveStatus, ...]:
    """Return how each wave stands, in the goal's order."""
    names = {user for wave in goal.waves for user in wave.users}
    enforcements = enforcements_of(
        replace(snapshot, users=tuple(u for u in snapshot.users if u.name in names))
    )
    with_device = {user.name for user in snapshot.users if user.devices}
    unread = users_not_read(snapshot, "ListMFADevices")
    exempt = {user for user, waiting in goal.waiting.items() if waiting.why in _EXEMPT}
    return tuple(
        WaveStatus(
            name=wave.name,
            starts=wave.starts,
            due=wave.due,
            users=wave.users,
            exempt=tuple(user for user in wave.users if user in exempt),
            enrolled=tuple(user for user in wave.users if user in with_device - exempt),
            devices_unknown=tuple(
                user for user in wave.users if user in unread - with_device - exempt
            ),
            enforced=tuple(
                user
                for user in wave.users
                if user not in exempt and enforcements[user].enforced is Enforced.PROVED
            ),
            unknown=tuple(
                user
                for user in wave.users
                if user not in exempt
                and (user in unread or enforcements[user].enforced is Enforced.UNKNOWN)
            ),
        )
        for wave in goal.waves
    )
