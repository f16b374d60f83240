"""Identifying the caller of a request, and checking the MFA code in it.

There is no root key here: an account that rehearses MFA has none, and AWS advises against one. The
rules about codes are `signin`'s; here the device is looked up, and its state moves on.

Source: IAM User Guide, "Secure API access with MFA".
"""

from dataclasses import field
from datetime import UTC, datetime
from typing import assert_never

from moto.iam.models import AccessKeyLastUsed, User

from sekisho.lazy import dataclass
from sekisho.localaws.state import moto_iam
from sekisho.localaws.state.sealing import open_token
from sekisho.localaws.state.world import DeviceState, World
from sekisho.localaws.wire.errors import (
    CommonError,
    Dialect,
    Refusal,
    common_refusal,
    throttling_error,
)
from sekisho.localaws.wire.sigv4 import SignatureClaims
from sekisho.signin import (
    MFA_INCOMPLETE,
    MFA_UNKNOWN_DEVICE,
    MFA_WRONG_CODE,
    Credential,
    CredentialKind,
    Holder,
    HolderKind,
    MfaParameters,
    Refused,
    TotpDevice,
    mfa_parameters,
)


@dataclass(frozen=True, slots=True)
class Identity:
    """A credential of the account, and the secret for checking its signature.

    Attributes:
        source: the key that it comes from, or what kind of session it is where none is known.
    """

    credential: Credential
    secret: str = field(repr=False)
    source: str
    session_policies: tuple[str, ...] = ()


def identify(world: World, signed: SignatureClaims, dialect: Dialect) -> Identity:
    """Return the credential that the request names, and its secret.

    Raises:
        Refusal: the key is unknown or inactive, its token is not its own, has expired, or its user
            is gone.
    """
    unknown = common_refusal(CommonError.UNKNOWN_KEY, dialect)
    if signed.token is None:
        key = moto_iam.stored_key(world, signed.access_key_id)
        if key is None or not key.active:
            raise unknown
        return Identity(key.credential, key.secret, signed.access_key_id)
    try:
        opened = open_token(world, signed.access_key_id, signed.token)
    except Refusal as refusal:
        if refusal.code == "ExpiredToken":
            raise common_refusal(CommonError.EXPIRED_TOKEN, dialect) from refusal
        raise unknown from refusal
    credential = moto_iam.current_credential(world, opened.credential)
    if credential is None or _ended_with_key(world, opened.source_key):
        raise unknown
    source = opened.source_key or credential.kind.name
    return Identity(credential, opened.secret, source, opened.session_policies)


def is_known(world: World, signed: SignatureClaims) -> bool:
    """Return whether the request has an active key, or a valid token of this world.

    `identify` determines the owner and checks the owner's rights: this needs no lock.
    """
    if signed.token is None:
        key = moto_iam.stored_key(world, signed.access_key_id)
        return key is not None and key.active
    try:
        open_token(world, signed.access_key_id, signed.token)
    except Refusal:
        return False
    return True


def _ended_with_key(world: World, source_key: str) -> bool:
    """Return whether a session ended with the key that began it (`key_death_ends_sessions`)."""
    if not (world.signin_assumptions.key_death_ends_sessions and source_key):
        return False
    key = moto_iam.stored_key(world, source_key)
    return key is None or not key.active


def accept_code(world: World, holder: Holder, serial: str, code: str, source: str) -> datetime:
    """Accept a code, once, and return the time at which it was accepted.

    Args:
        world: where the devices are.
        holder: the required owner of the device.
        serial: the device's serial number; "" if the request gave none.
        code: six digits; "" if the request gave none.
        source: the source for which wrong codes are counted.

    Raises:
        Refusal: with the text of one of the three refusals `MFA_…` of `signin`.
    """
    given = mfa_parameters(serial or None, code or None)
    if not isinstance(given, MfaParameters):
        raise _from_signin(given or MFA_INCOMPLETE)
    with world.lock:
        state = world.devices.get(serial)
        if state is None or serial not in enabled_serials(world, holder):
            raise _from_signin(MFA_UNKNOWN_DEVICE)
        now = world.clock.now()
        if not world.throttle.spend(f"code {serial}", source, now):
            raise throttling_error()
        verified = totp_device(state).verify(code, now, world.signin_assumptions)
        if isinstance(verified, Refused):
            raise _from_signin(MFA_WRONG_CODE)
        world.throttle.clear(f"code {serial}", source)
        store_step(state, verified)
        return now


def enabled_serials(world: World, holder: Holder) -> tuple[str, ...]:
    """Return the serial numbers of the holder's enabled devices, in order."""
    if holder.kind is not HolderKind.USER:
        return ()
    user: User | None = moto_iam.iam_of(world).users.get(holder.name)
    if user is None or user.id != holder.unique_id:
        # a user who was deleted and made again is another user, with none of the old devices
        return ()
    return tuple(user.mfa_devices)


def totp_device(state: DeviceState) -> TotpDevice:
    """Return the device in `signin`'s form."""
    return TotpDevice(state.seed, state.drift, state.last_step)


def store_step(state: DeviceState, device: TotpDevice) -> None:
    """Store the last step of the device, so that no code is accepted twice."""
    state.drift = device.drift
    state.last_step = device.last_step


def _from_signin(refused: Refused) -> Refusal:
    return Refusal(refused.code.value, refused.message, refused.status)


def record_use(world: World, credential: Credential, signed: SignatureClaims) -> None:
    """Record when, where and for which service a key or a role signed a request.

    Source: IAM User Guide, "Generate credential reports for your AWS account": a key's last use is
    when it "was most recently used to sign an AWS API request".
    """
    backend = moto_iam.iam_of(world)
    # moto's dates have no zone and are UTC, AWS's have whole seconds
    now = world.clock.now().astimezone(UTC).replace(tzinfo=None, microsecond=0)
    match credential.kind:
        case CredentialKind.LONG_TERM_KEY:
            if key := backend.access_keys.get(signed.access_key_id):
                key.last_used = AccessKeyLastUsed(now, signed.service, signed.region)
        case CredentialKind.ROLE_SESSION:
            if role := backend.roles.get(credential.holder.unique_id):
                role.last_used = now
                role.last_used_region = signed.region
        case (
            CredentialKind.CONSOLE_SESSION
            | CredentialKind.LOGIN_SESSION
            | CredentialKind.SESSION_TOKEN
            | CredentialKind.FEDERATED_SESSION
        ):
            # IAM keeps nothing of these
            return
        case _:
            assert_never(credential.kind)
