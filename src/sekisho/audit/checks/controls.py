"""Which published controls a finding is about, and what those controls do not check.

Source: fact §10: Security Hub's list of IAM controls, CIS AWS Foundations Benchmark v1.4.0, v3.0.0
and v5.0.0, Prowler's checks; Prowler's own tables of v1.5, v2.0 and v4.0.1
(prowler-cloud/prowler, `prowler/compliance/aws/cis_*_aws.json`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sekisho.audit.checks.ids import AccountFindingId as Id
from sekisho.messages import Message

__all__ = ["CONTROLS", "NOBODY_CHECKS", "Control"]


@dataclass(frozen=True, slots=True)
class Control:
    """One control of somebody else's.

    Attributes:
        name: like `Security Hub IAM.5`.
        limits: what passing it does not say.
    """

    name: str
    limits: Message


NOBODY_CHECKS = Message(
    "None of these controls checks whether a policy demands MFA, whether access keys work without "
    "it, or whether role trust policies ask for it. A finding supports the control's result; it "
    "does not replace it."
)

_REGISTERED = Message(
    "It asks whether a device is registered, not whether MFA is demanded; users without a "
    "password and their access keys are left out."
)
_ALL_USERS = Message(
    "It asks whether every user has a device, not whether MFA is demanded; it also fails for "
    "machine users."
)
_BY_NAME = Message(
    "It looks at members of groups that have AWS's AdministratorAccess, and at no other way to "
    "become one."
)
_ROOT = Message("It says nothing about root's access keys, nor how often root is used.")


def _cis(number: str, since_5: str, limits: Message) -> tuple[Control, ...]:
    """Return one recommendation of each version; in 5.0.0 all moved up by one."""
    versions = ("1.4.0", "1.5.0", "2.0.0", "3.0.0", "4.0.1")
    numbered = [*((version, number) for version in versions), ("5.0.0", since_5)]
    return tuple(Control(f"CIS {version} {which}", limits) for version, which in numbered)


_CONSOLE = (
    Control("Security Hub IAM.5", _REGISTERED),
    *_cis("1.10", "1.9", _REGISTERED),
    Control("Prowler iam_user_mfa_enabled_console_access", _REGISTERED),
)
_EVERYBODY = (Control("Security Hub IAM.19", _ALL_USERS),)

CONTROLS: Mapping[Id, tuple[Control, ...]] = {
    Id.ROOT_WITHOUT_MFA: (
        Control("Security Hub IAM.9", _ROOT),
        *_cis("1.5", "1.4", _ROOT),
        Control("Prowler iam_root_mfa_enabled", _ROOT),
    ),
    Id.ROOT_MFA_VIRTUAL: (
        Control("Security Hub IAM.6", _ROOT),
        *_cis("1.6", "1.5", _ROOT),
        Control("Prowler iam_root_hardware_mfa_enabled", _ROOT),
    ),
    Id.CONSOLE_WITHOUT_DEVICE: (*_CONSOLE, *_EVERYBODY),
    Id.KEY_WITHOUT_DEVICE: _EVERYBODY,
    Id.USER_WITHOUT_DEVICE: _EVERYBODY,
    Id.ADMINISTRATOR_WITHOUT_DEVICE: (
        Control("Prowler iam_administrator_access_with_mfa", _BY_NAME),
        *_EVERYBODY,
    ),
}
"""The controls of those findings that have any."""
