"""The two ceremonies of WebAuthn: an authenticator makes a credential, and signs with it.

The relying party is `localhost`: browsers take no address of digits for one, and no other name
leads to this machine alone. A ceremony is bound to the origin of the page that asked for it.

AWS does not document what it asks authenticators for. Assumed: presence is demanded; verification
(PIN, fingerprint) is preferred, since AWS takes U2F keys, which have none; what made the
authenticator is not asked; one whose count of signatures does not grow is refused.

Source: W3C, "Web Authentication: An API for accessing Public Key Credentials, Level 3", sections
7.1 and 7.2; IAM User Guide, "Supported configurations for using passkeys and security keys".
"""

import hmac
import json
import re
import struct
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from fido2 import cbor
from fido2.server import Fido2Server
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    AttestationConveyancePreference,
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialDescriptor,
    PublicKeyCredentialParameters,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialType,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from sekisho.localaws.console.errors import invalid_request
from sekisho.localaws.console.tickets import Ceremony
from sekisho.localaws.state.world import PasskeyState, World

_RELYING_PARTY = "localhost"
_ORIGIN = re.compile(r"http://localhost(:[1-9][0-9]{0,4})?")
"""The origins that may ask for a ceremony; other sites of this machine are not secure."""

_ALGORITHMS = (-7, -8, -257)
"""ES256, EdDSA and RS256: the algorithms that WebAuthn recommends for relying parties."""

_VERIFICATION = UserVerificationRequirement.PREFERRED
_CHALLENGE_BYTES = 32
_LONGEST_ID = 1023  # bytes: WebAuthn, section 4
_BYTES = ("clientDataJSON", "authenticatorData", "signature", "userHandle", "attestationObject")
"""The members of an authenticator's response that are bytes, encoded in base64url."""


class PasskeyFault(Exception):
    """An invalid answer of an authenticator; the text contains no secret."""


def checked_origin(origin: str) -> str:
    """Return the origin of the page that asks, if it may.

    Raises:
        PageRefused: it is not one of `localhost`.
    """
    if _ORIGIN.fullmatch(origin) is None:
        raise invalid_request("`origin` must be `http://localhost` with the port of the page")
    return origin


def new_ceremony(world: World, origin: str) -> Ceremony:
    """Return a ceremony with a new challenge."""
    return Ceremony(world.entropy(_CHALLENGE_BYTES), origin)


def user_handle(world: World, user_id: str) -> bytes:
    """Return the handle by which authenticators know a user, which reveals no identity."""
    return hmac.digest(world.master, f"user handle\0{user_id}".encode(), "sha256")


def creation_options(
    ceremony: Ceremony, user: str, handle: bytes, known: Iterable[PasskeyState]
) -> Mapping[str, Any]:
    """Return the options for `navigator.credentials.create`, as JSON values.

    Args:
        ceremony: its challenge is in the options.
        user: the name that the authenticator may show.
        handle: `user_handle`.
        known: the passkeys that the user has; their authenticators make no second one.
    """
    options, _ = _relying_party(ceremony).register_begin(
        PublicKeyCredentialUserEntity(id=handle, name=user, display_name=user),
        _descriptors(known),
        resident_key_requirement=ResidentKeyRequirement.PREFERRED,
        user_verification=_VERIFICATION,
        challenge=ceremony.challenge,
    )
    return dict(options.public_key)


def request_options(ceremony: Ceremony, known: Iterable[PasskeyState]) -> Mapping[str, Any]:
    """Return the options for `navigator.credentials.get`: to sign with one of the passkeys."""
    options, _ = _relying_party(ceremony).authenticate_begin(
        _descriptors(known), user_verification=_VERIFICATION, challenge=ceremony.challenge
    )
    return dict(options.public_key)


def verify_registration(ceremony: Ceremony, response: Mapping[str, Any]) -> PasskeyState:
    """Return the passkey that an authenticator made.

    Args:
        ceremony: the ceremony of the response.
        response: `PublicKeyCredential.toJSON()` of the browser's answer.

    Raises:
        PasskeyFault: the answer is to something else, or its credential cannot be used.
    """
    with _faults():
        _refuse_numbers(response)
        made = RegistrationResponse.from_dict(response)
        data = made.response.attestation_object.auth_data
        credential = data.credential_data
        if credential is None or credential.credential_id != made.raw_id:
            raise PasskeyFault("there is no credential in it")
        if made.response.client_data.cross_origin:
            raise PasskeyFault("the page was inside another one")
        _relying_party(ceremony).register_complete(_state(ceremony), made)
        _check_usable(credential)
        return PasskeyState(credential, data.counter)


def _refuse_numbers(response: Mapping[str, Any]) -> None:
    """Refuse a number in place of bytes, which fido2 would turn into that many zeros.

    Raises:
        PasskeyFault: there is one.
    """
    members = response["response"]
    texts = {name: members[name] for name in _BYTES if members.get(name) is not None}
    if not all(isinstance(text, str) for text in texts.values()):
        raise PasskeyFault("a member of the response is no text")
    if not isinstance(json.loads(websafe_decode(texts["clientDataJSON"]))["challenge"], str):
        raise PasskeyFault("the challenge is no text")
    attestation = texts.get("attestationObject")
    if attestation is not None:
        data = cbor.decode(websafe_decode(attestation))
        if not (isinstance(data, Mapping) and isinstance(data["authData"], bytes)):
            raise PasskeyFault("the authenticator data are no bytes")


def _check_usable(credential: AttestedCredentialData) -> None:
    if not 0 < len(credential.credential_id) <= _LONGEST_ID:
        raise PasskeyFault("the id of the credential is too long, or empty")
    if credential.public_key.get(3) not in _ALGORITHMS:
        raise PasskeyFault("the key is of an algorithm that was not asked for")
    try:
        credential.public_key.verify(b"", b"")
    except InvalidSignature:
        # a key that can be used at all
        return
    raise PasskeyFault("the key takes any signature")


def verify_assertion(
    ceremony: Ceremony,
    response: Mapping[str, Any],
    known: Mapping[str, PasskeyState],
    handle: bytes,
) -> tuple[str, int]:
    """Return the serial number of the passkey that has signed, and its new signature count.

    Args:
        ceremony: the ceremony of the response.
        response: `PublicKeyCredential.toJSON()` of the browser's answer.
        known: the passkeys of the user who signs in, by serial number.
        handle: `user_handle` of that user.

    Raises:
        PasskeyFault: the answer is to something else, or not signed with one of these.
    """
    with _faults():
        _refuse_numbers(response)
        given = AuthenticationResponse.from_dict(response)
        if given.response.client_data.cross_origin:
            raise PasskeyFault("the page was inside another one")
        if given.response.user_handle not in (None, b"", handle):
            raise PasskeyFault("the passkey is of another user")
        credentials = [state.credential for state in known.values()]
        used = _relying_party(ceremony).authenticate_complete(_state(ceremony), credentials, given)
        serial = next(serial for serial, state in known.items() if state.credential is used)
        count, last = given.response.authenticator_data.counter, known[serial].sign_count
        if (count or last) and count <= last:
            raise PasskeyFault("the count of signatures has not grown: there may be a copy")
        return serial, count


def _relying_party(ceremony: Ceremony) -> Fido2Server:
    server = Fido2Server(
        PublicKeyCredentialRpEntity(id=_RELYING_PARTY, name="sekisho, a rehearsal"),
        attestation=AttestationConveyancePreference.NONE,
        verify_origin=lambda origin: origin == ceremony.origin,
    )
    server.allowed_algorithms = [
        PublicKeyCredentialParameters(type=PublicKeyCredentialType.PUBLIC_KEY, alg=algorithm)
        for algorithm in _ALGORITHMS
    ]
    return server


def _state(ceremony: Ceremony) -> Mapping[str, Any]:
    """Return the state that fido2 needs between the two halves of a ceremony."""
    return {
        "challenge": websafe_encode(ceremony.challenge),
        "user_verification": _VERIFICATION,
    }


def _descriptors(known: Iterable[PasskeyState]) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(
            type=PublicKeyCredentialType.PUBLIC_KEY, id=state.credential.credential_id
        )
        for state in known
    ]


@contextmanager
def _faults() -> Iterator[None]:
    """Turn every error that fido2 raises for invalid bytes into one."""
    try:
        yield
    except (
        AssertionError,
        AttributeError,
        InvalidSignature,
        LookupError,
        NotImplementedError,
        OverflowError,
        RecursionError,
        TypeError,
        UnsupportedAlgorithm,
        ValueError,
        struct.error,
    ) as error:
        raise PasskeyFault(str(error) or "it cannot be read") from error
