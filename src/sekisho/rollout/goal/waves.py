"""How the waves of a goal stand in an account: who is due, enrolled, and enforced. Pure."""

from dataclasses import replace
from datetime import date

from sekisho.account import Snapshot, users_not_read
from sekisho.audit.enforcement import enforcements_of
from sekisho.lazy import dataclass
from sekisho.prover import Enforced
from sekisho.rollout.goal.model import DeferralReason, Goal

_EXEMPT = (DeferralReason.EXEMPT, DeferralReason.LEFT_OUT)


@dataclass(frozen=True, slots=True)
class WaveStatus:
    """How one wave stands, by the names of its users.

    Attributes:
        starts: its first day; None: at once.
        enrol_from: from when on its users can enrol without being enforced; None: never.
        enrolment_open: whether that day has come, and that of enforcement has not.
        exempt: exceptions, and who is left out; they count nowhere else.
        enrolled: who has an MFA device.
        devices_unknown: of whom it is not known whether they have one.
        enforced: who is proved to be enforced.
        unknown: of whom one of the two could not be found out.
        other_device_kind: who has a device, but none of the kind that the goal requires.
        no_device: where the goal requires a kind, who has no device at all.
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
    other_device_kind: tuple[str, ...] = ()
    no_device: tuple[str, ...] = ()
    enrol_from: date | None = None
    enrolment_open: bool = False

    @property
    def without_required(self) -> tuple[str, ...]:
        """Users without a device of the kind that the goal requires."""
        return tuple(
            user for user in self.users if user in {*self.other_device_kind, *self.no_device}
        )

    @property
    def open(self) -> tuple[str, ...]:
        """Users who are not enforced, of whom that is known, and who are no exception."""
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
    other_kind, no_device = _without_required(goal, snapshot, unread)
    exempt = {user for user, each in goal.deferred.items() if each.reason in _EXEMPT}
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
            other_device_kind=tuple(user for user in wave.users if user in other_kind - exempt),
            no_device=tuple(user for user in wave.users if user in no_device - exempt),
            enrol_from=wave.enrol_from,
            enrolment_open=wave.enrolment_open and not wave.due,
        )
        for wave in goal.waves
    )


def _without_required(
    goal: Goal, snapshot: Snapshot, unread: frozenset[str]
) -> tuple[set[str], set[str]]:
    """Return users with another kind of device than the goal requires, and users with none.

    Of whom the devices could not be read nothing is said here.
    """
    if goal.require is None:
        return set(), set()
    lacking = [user for user in snapshot.users if not goal.require.met_for(user)]
    other_kind = {user.name for user in lacking if user.devices}
    return other_kind, {user.name for user in lacking} - other_kind - unread


def waves_to_json(waves: tuple[WaveStatus, ...], unread: tuple[str, ...]) -> dict[str, object]:
    """Return how the waves of a goal stand; of whom in `unread` it is not known if they are in."""
    return {
        "schema": "sekisho.waves/1",
        "unread": list(unread),
        "waves": [
            {
                "name": wave.name,
                "from": None if wave.starts is None else wave.starts.isoformat(),
                "due": wave.due,
                "users": list(wave.users),
                "exempt": list(wave.exempt),
                "enrolled": list(wave.enrolled),
                "devicesUnknown": list(wave.devices_unknown),
                "enforced": list(wave.enforced),
                "unknown": list(wave.unknown),
                **({"enrolFrom": wave.enrol_from.isoformat()} if wave.enrol_from else {}),
                **({"otherKind": list(wave.other_device_kind)} if wave.other_device_kind else {}),
            }
            for wave in waves
        ],
    }
