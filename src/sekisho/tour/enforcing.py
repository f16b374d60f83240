"""How each user of a snapshot stands: enforced, enrolled, able to enrol, able to sign in at all."""

from dataclasses import dataclass

from sekisho.account import Snapshot, User, policies_of, unread_credentials
from sekisho.engine import DecisionEffect
from sekisho.prover import CallingUser, Proved, Refuted, Unknown, Verdict, prove_enforcement
from sekisho.rollout.plan import Verdict as Shown
from sekisho.rollout.planning.requests import Ask, credentials_of, decided
from sekisho.rollout.planning.sign_in_outcomes import SignInOutcomes

__all__ = ["Standing", "standings_of"]


@dataclass(frozen=True, slots=True)
class Standing:
    """How one user stands.

    Attributes:
        enforcement: whether it is proved that no direct request without MFA passes outside
            the exempt
            list, whatever identity-based policies are attached later.
        can_enrol: in a console session without MFA, what enrolling needs is allowed.
        enrolled: the user has a device.
        has_password: there is a console password.
        shut_out: it is proved that the sign-in ends before any session, as at a refused new
            password.
    """

    user: str
    enforcement: Verdict
    can_enrol: bool
    enrolled: bool
    has_password: bool
    shut_out: bool = False

    @property
    def enforced(self) -> bool:
        """Whether it is proved; what could not be found out is not."""
        match self.enforcement:
            case Proved():
                return True
            case Refuted() | Unknown():
                return False


def standings_of(snapshot: Snapshot) -> tuple[Standing, ...]:
    """Return how everybody stands, by the prover's and the engine's word.

    Raises:
        FaultyAccount: if a policy that applies could not be read: then nothing is claimed.
    """
    entries = SignInOutcomes(snapshot, unread_credentials(snapshot)).outcomes(snapshot.users)
    shut = {name for name, entry in entries.items() if entry.console is Shown.REFUTED}
    return tuple(
        Standing(
            user=user.name,
            enforcement=_enforcement(snapshot, user),
            can_enrol=_can_enrol(snapshot, user),
            enrolled=bool(user.devices),
            has_password=user.password is not None,
            shut_out=user.name in shut,
        )
        for user in snapshot.users
    )


def _enforcement(snapshot: Snapshot, user: User) -> Verdict:
    tags = {f"aws:PrincipalTag/{key}": value for key, value in user.tags.items()}
    policies = policies_of(snapshot, user.name)
    return prove_enforcement(
        policies, CallingUser.of(user.arn, tags), snapshot.taken_at, later=True
    ).direct


def _can_enrol(snapshot: Snapshot, user: User) -> bool:
    console = credentials_of(snapshot, user, mfa=False)[-1]
    policies = policies_of(snapshot, user.name)
    device = f"arn:{snapshot.partition}:iam::{snapshot.account}:mfa/{user.name}-phone"
    needed = (
        Ask("iam:CreateVirtualMFADevice", device, {}),
        Ask("iam:EnableMFADevice", user.arn, {}),
    )
    return all(
        decided(snapshot, console, policies, user.tags, ask).effect is DecisionEffect.ALLOWED
        for ask in needed
    )
