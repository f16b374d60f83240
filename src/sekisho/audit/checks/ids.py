"""The closed list of an audit's findings, the gravest first."""

from enum import StrEnum

__all__ = ["AccountFindingId"]


class AccountFindingId(StrEnum):
    """The stable name of each finding, in order of risk."""

    ROOT_WITHOUT_MFA = "account.root-without-mfa"
    ROOT_KEY = "account.root-access-key"
    ADMINISTRATOR_WITHOUT_DEVICE = "account.administrator-without-device"
    KEY_WITHOUT_DEVICE = "account.key-without-device"
    NOT_ENFORCED = "account.not-enforced"
    DECOY_POLICY = "account.decoy-policy"
    CONSOLE_WITHOUT_DEVICE = "account.console-without-device"
    EXCEPTION_EXPIRED = "account.exception-expired"
    PATH_LOCKED_OUT = "account.path-locked-out"
    NAME_TAKEN = "account.device-name-taken"
    DEAD_LOCK = "account.first-sign-in-dead-locks"
    LOCKED_OUT = "account.locked-out"
    MAY_EDIT_ENFORCEMENT = "account.may-edit-own-enforcement"
    OUTSIDE_GROUP = "account.outside-the-group"
    DETACHED_POLICY = "account.enforcement-detached"
    POLICY_ROT = "account.policy-rot"
    TRUST_WITHOUT_MFA = "account.trust-without-mfa"
    MACHINE_WITH_PASSWORD = "account.machine-with-password"  # noqa: S105 - a finding's name
    EXCEPTION_FORCED = "account.exception-forced"
    PASSKEY_ONLY = "account.passkey-only-with-key"
    ORPHAN_DEVICE = "account.orphan-device"
    STALE_REPORT = "account.stale-credential-report"
    QUOTA_NEAR = "account.quota-near"
    NOT_YET_ENFORCED = "account.not-yet-enforced"
    ROOT_MFA_VIRTUAL = "account.root-mfa-virtual"
    USER_WITHOUT_DEVICE = "account.user-without-device"
    ONE_DEVICE = "account.one-device-only"
    SERVICES_PASS = "account.services-pass"  # noqa: S105 - a finding's name
    EXCEPTION_NEEDLESS = "account.exception-needless"
    NOT_READ = "account.not-read"
