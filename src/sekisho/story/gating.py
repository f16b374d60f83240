"""How each user of a snapshot stands: gated or not, enrolled or not, able to enrol or not."""

from dataclasses import dataclass

from sekisho.account import Snapshot, User, policies_of
from sekisho.engine import DecisionEffect
from sekisho.rollout import is_gated
from sekisho.rollout.decide import Ask, asked, credentials_of

__all__ = ["Standing", "standings_of"]


@dataclass(frozen=True, slots=True)
class Standing:
    """How one user stands.

    Attributes:
        gated: without MFA, every sampled request outside the exempt list is explicitly denied.
        can_enrol: in a console session without MFA, what enrolling needs is allowed.
        enrolled: the user has a device.
        has_password: the user can sign in at the console.
    """

    user: str
    gated: bool
    can_enrol: bool
    enrolled: bool
    has_password: bool


def standings_of(snapshot: Snapshot) -> tuple[Standing, ...]:
    """Return how everybody stands, by the engine's word.

    Raises:
        FaultyAccount: if a policy that applies could not be read: then nothing is claimed.
    """
    return tuple(
        Standing(
            user=user.name,
            gated=is_gated(snapshot, user),
            can_enrol=_can_enrol(snapshot, user),
            enrolled=bool(user.devices),
            has_password=user.password is not None,
        )
        for user in snapshot.users
    )


def _can_enrol(snapshot: Snapshot, user: User) -> bool:
    console = credentials_of(snapshot, user, mfa=False)[-1]
    policies = policies_of(snapshot, user.name)
    device = f"arn:{snapshot.partition}:iam::{snapshot.account}:mfa/{user.name}-phone"
    needed = (
        Ask("iam:CreateVirtualMFADevice", device, {}),
        Ask("iam:EnableMFADevice", user.arn, {}),
    )
    return all(
        asked(snapshot, console, policies, user.tags, ask).effect is DecisionEffect.ALLOWED
        for ask in needed
    )
