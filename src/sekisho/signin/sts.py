"""The limits of STS calls: how long sessions last, what names look like, and the MFA parameters.

Source: AWS STS API Reference; texts observed. See docs/signin.md#who-may-call-what.
"""

from dataclasses import dataclass, field
from datetime import timedelta

from sekisho.signin.devices import kind_of
from sekisho.signin.model import DeviceKind, HolderKind
from sekisho.signin.refusal import Constraint, ErrorCode, Range, Refused, Rule, validation_error

MFA_WRONG_CODE = Refused(
    ErrorCode.ACCESS_DENIED,
    "MultiFactorAuthentication failed with invalid MFA one time pass code.",
    403,
    Rule.MFA_OF_CALLER,
)
"""The code is wrong, late, or was used before."""

MFA_UNKNOWN_DEVICE = Refused(
    ErrorCode.ACCESS_DENIED,
    "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA "
    "serial number is valid and associated with this user.",
    403,
    Rule.MFA_OF_CALLER,
)
"""The serial number is not of the caller's own devices, or of a kind that gives no codes."""

MFA_INCOMPLETE = Refused(
    ErrorCode.ACCESS_DENIED,
    "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.",
    403,
    Rule.MFA_OF_CALLER,
)
"""One of the two parameters came without the other."""

_SHORTEST = 900
_HOUR = 3_600
_ROLE_LONGEST = 43_200
_TOKEN_DEFAULT = 43_200
_TOKEN_LONGEST = 129_600

_SESSION_NAME = Constraint("roleSessionName", r"[\w+=,.@-]*", 2, 64)
_FEDERATED_NAME = Constraint("name", r"[\w+=,.@-]*", 2, 32)
_SOURCE_IDENTITY = Constraint("sourceIdentity", r"[\w+=,.@-]*", 2, 256)
_EXTERNAL_ID = Constraint("externalId", r"[\w+=,.@:\/-]*", 2, 1_224, secret=True)
_SERIAL = Constraint("serialNumber", r"[\w+=/:,.@-]*", 9, 256)
_CODE = Constraint("tokenCode", r"[\d]*", 6, 6, secret=True)


@dataclass(frozen=True, slots=True)
class MfaParameters:
    """`SerialNumber` and `TokenCode` of one call; the code is a secret."""

    serial: str
    code: str = field(repr=False)


def mfa_parameters(serial: str | None, code: str | None) -> MfaParameters | Refused | None:
    """Return the MFA parameters of an STS call, None if it has none, or AWS's refusal."""
    if serial is None and code is None:
        return None
    if serial is None or code is None:
        return MFA_INCOMPLETE
    broken = (*_SERIAL.violations(serial), *_CODE.violations(code))
    if refused := validation_error(broken, Rule.LIMITS):
        return refused
    if kind_of(serial) is DeviceKind.FIDO:
        return MFA_UNKNOWN_DEVICE
    return MfaParameters(serial, code)


def token_duration(holder: HolderKind, requested: int | None) -> timedelta | Refused:
    """Return how long a GetSessionToken or GetFederationToken session lasts.

    `requested` is `DurationSeconds`; None for the default: 12 hours, for root one hour. Root gets
    an hour at most, however much it asks for.
    """
    longest = _HOUR if holder is HolderKind.ROOT else _TOKEN_LONGEST
    seconds = min(_TOKEN_DEFAULT, longest) if requested is None else requested
    broken = Range("durationSeconds", _SHORTEST, _TOKEN_LONGEST).violations(seconds)
    return validation_error(broken, Rule.LIMITS) or timedelta(seconds=min(seconds, longest))


def role_duration(
    requested: int | None, max_session: int = _HOUR, *, chained: bool = False
) -> timedelta | Refused:
    """Return how long a role session lasts.

    Args:
        requested: `DurationSeconds`; None for the default of one hour.
        max_session: the role's `MaxSessionDuration` in seconds, 3,600 to 43,200.
        chained: the caller is a role session itself.
    """
    seconds = _HOUR if requested is None else requested
    broken = Range("durationSeconds", _SHORTEST, _ROLE_LONGEST).violations(seconds)
    if refused := validation_error(broken, Rule.LIMITS):
        return refused
    if chained and seconds > _HOUR:
        return _too_long(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by "
            "role chaining."
        )
    if seconds > max_session:
        return _too_long(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )
    return timedelta(seconds=seconds)


def _too_long(message: str) -> Refused:
    return Refused(ErrorCode.VALIDATION_ERROR, message, 400, Rule.LIMITS)


def check_session_name(name: str) -> Refused | None:
    """Return AWS's refusal of a `RoleSessionName`, or None."""
    return validation_error(_SESSION_NAME.violations(name), Rule.LIMITS)


def check_federated_name(name: str) -> Refused | None:
    """Return AWS's refusal of the `Name` in GetFederationToken, or None."""
    return validation_error(_FEDERATED_NAME.violations(name), Rule.LIMITS)


def check_source_identity(identity: str) -> Refused | None:
    """Return AWS's refusal of a `SourceIdentity`, or None."""
    return validation_error(_SOURCE_IDENTITY.violations(identity), Rule.LIMITS)


def check_external_id(external_id: str) -> Refused | None:
    """Return AWS's refusal of an `ExternalId`, or None."""
    return validation_error(_EXTERNAL_ID.violations(external_id), Rule.LIMITS)
