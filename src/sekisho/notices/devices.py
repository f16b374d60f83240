"""Whether a person may set up an MFA device, and which name they type for it, by their policies.

Policies of before November 2022 accept no name but the user's own; and a name that any device of
the account has, assigned or not, is taken. Both are found out beforehand: the console says the
first as a missing permission.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from sekisho.account import Snapshot, User, policies_of
from sekisho.audit.impact import credentials_of, usual_enforcement
from sekisho.engine import AttachedPolicy, DecisionEffect, Policies
from sekisho.errors import FaultyAccount
from sekisho.lazy import dataclass
from sekisho.policy import NAME, Document
from sekisho.rollout import SampleRequest, decide_request

_CREATE = "iam:CreateVirtualMFADevice"
_ENABLE = "iam:EnableMFADevice"
_ANY_NAME = "any-name-that-nobody-has"
_ENDINGS = ("", "-2", "-3", "-4", "-5", "-6", "-7", "-8")
"""What comes after the user's name; a user may have eight devices."""


@dataclass(frozen=True, slots=True)
class DeviceName:
    """The name to type for a new device.

    Attributes:
        exact: whether the policy does not accept just any name.
    """

    name: str
    exact: bool = False


class DeviceNames:
    """The names to type, asked for one person after the other.

    Args:
        snapshot: the account.
        stages: the policies that enforce MFA, which may not be attached yet; of two, the second is
            for who has a device. As `policy new` writes it if there is none.
    """

    def __init__(self, snapshot: Snapshot, stages: Iterable[Document] = ()) -> None:
        self._snapshot = snapshot
        self._stages = tuple(stages) or (usual_enforcement(snapshot),)
        self._taken = frozenset(_names(snapshot))

    def of(self, name: str, *, enrolled: bool) -> DeviceName:
        """Return the name that a user types; who is not there yet has no policy of their own."""
        snapshot = self._snapshot
        user = snapshot.user_named.get(name)
        arn = f"arn:{snapshot.partition}:iam::{snapshot.account}:user/{name}"
        known = user or User(name, "/", arn, "")
        policies = _policies(snapshot, user, self._stages[-1 if enrolled else 0])
        free = [each for end in _ENDINGS if (each := f"{name}{end}").lower() not in self._taken]
        proposed = next(iter(free), f"{name}-new")
        if _may_create(snapshot, known, policies, _ANY_NAME):
            return DeviceName(proposed)
        accepted = (each for each in free if _may_create(snapshot, known, policies, each))
        found = next(accepted, None)
        return DeviceName(proposed) if found is None else DeviceName(found, exact=True)


def may_enrol(snapshot: Snapshot, user: User) -> bool:
    """Return whether a user may create and enable a device now, by the policies they have.

    What was not read allows nothing: who waits for the policy that enforces MFA may then.
    """
    try:
        policies = policies_of(snapshot, user.name)
    except FaultyAccount:
        return False
    _, console = credentials_of(snapshot, user, mfa=False)
    ask = SampleRequest(_ENABLE, user.arn, {})
    enables = decide_request(snapshot, console, policies, user.tags, ask)
    return enables.effect is DecisionEffect.ALLOWED and _may_create(
        snapshot, user, policies, user.name
    )


def _policies(snapshot: Snapshot, user: User | None, enforcement: Document) -> Policies:
    """Return the policies of a user under MFA enforcement, without those that were not read."""
    try:
        own = Policies() if user is None else policies_of(snapshot, user.name)
    except FaultyAccount:
        own = Policies()
    return replace(own, identity=(*own.identity, AttachedPolicy(NAME, enforcement)))


def _may_create(snapshot: Snapshot, user: User, policies: Policies, name: str) -> bool:
    _, console = credentials_of(snapshot, user, mfa=False)
    device = f"arn:{snapshot.partition}:iam::{snapshot.account}:mfa/{name}"
    ask = SampleRequest(_CREATE, device, {})
    decision = decide_request(snapshot, console, policies, user.tags, ask)
    return decision.effect is DecisionEffect.ALLOWED


def _names(snapshot: Snapshot) -> Iterator[str]:
    """Yield the names that virtual devices have, in small letters: IAM takes them for alike."""
    assigned = (each for user in snapshot.users for each in user.devices)
    for device in (*assigned, *snapshot.unassigned_devices):
        yield device.serial.rpartition("/")[2].lower()
