"""Which name a person types for a new MFA device, as the policy at hand accepts it.

Policies of before November 2022 accept no name but the user's own; and a name that any device of
the account has, assigned or not, is taken. Both are found out beforehand: the console says the
first as a missing permission.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from sekisho.account import Snapshot, User, policies_of
from sekisho.audit.impact import credentials_of, usual_enforcement
from sekisho.engine import AttachedPolicy, DecisionEffect, Policies
from sekisho.errors import FaultyAccount
from sekisho.notices.people import Person
from sekisho.policy import NAME, Document
from sekisho.rollout.planning import SampleRequest, decided

_CREATE = "iam:CreateVirtualMFADevice"
_ANY_NAME = "any-name-that-nobody-has"
_ENDINGS = ("", "-2", "-3", "-4", "-5", "-6", "-7", "-8")
"""What comes after the user's name; a user may have eight devices."""


@dataclass(frozen=True, slots=True)
class DeviceName:
    """The name to type for a new device.

    Attributes:
        exact: whether the policy accepts no other.
    """

    name: str
    exact: bool = False


def device_name(
    snapshot: Snapshot, person: Person, enforcement: Iterable[Document] = ()
) -> DeviceName:
    """Return the name that a person types for a new device.

    Args:
        snapshot: the account.
        person: who types it; a user who is not there yet has no policy of their own.
        enforcement: the policies that enforce MFA, which are not attached yet.
    """
    user = snapshot.user_named.get(person.user)
    documents = tuple(enforcement) or (usual_enforcement(snapshot),)
    known = user or User(
        person.user, "/", f"arn:{snapshot.partition}:iam::{snapshot.account}:user/{person.user}", ""
    )
    policies = _policies(snapshot, user, documents)
    exact = not _may_create(snapshot, known, policies, _ANY_NAME) and _may_create(
        snapshot, known, policies, person.user
    )
    if exact:
        return DeviceName(person.user, exact=True)
    taken = {*_names(snapshot)}
    free = (name for ending in _ENDINGS if (name := f"{person.user}{ending}").lower() not in taken)
    return DeviceName(next(free, f"{person.user}-new"))


def _policies(snapshot: Snapshot, user: User | None, documents: Iterable[Document]) -> Policies:
    """Return what decides for a user once MFA is enforced; what was not read decides nothing."""
    try:
        own = Policies() if user is None else policies_of(snapshot, user.name)
    except FaultyAccount:
        own = Policies()
    attached = tuple(AttachedPolicy(NAME, document) for document in documents)
    return replace(own, identity=(*own.identity, *attached))


def _may_create(snapshot: Snapshot, user: User, policies: Policies, name: str) -> bool:
    _, console = credentials_of(snapshot, user, mfa=False)
    device = f"arn:{snapshot.partition}:iam::{snapshot.account}:mfa/{name}"
    ask = SampleRequest(_CREATE, device, {})
    decision = decided(snapshot, console, policies, user.tags, ask)
    return decision.effect is DecisionEffect.ALLOWED


def _names(snapshot: Snapshot) -> Iterator[str]:
    """Yield the names that virtual devices have, in small letters: IAM takes them for alike."""
    assigned = (each for user in snapshot.users for each in user.devices)
    for device in (*assigned, *snapshot.unassigned_devices):
        yield device.serial.rpartition("/")[2].lower()
