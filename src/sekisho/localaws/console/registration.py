"""Registering a passkey: the page of the console for which there is no public API.

AWS decides on it as iam:EnableMFADevice, twice: with `iam:RegisterSecurityKey` at `Create`, and at
`Activate`. Which of the page's steps makes which call is not documented; here the first comes
before the browser is asked for a passkey, so that nobody touches a key in vain, and the second
with the passkey. Both are signed with the session's own credentials.

Source: IAM User Guide, "Assign a passkey or security key in the AWS Management Console"; Service
Authorization Reference, "Condition keys for AWS Identity and Access Management".
"""

import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from wsgiref.types import WSGIApplication

from moto.iam.models import User

from sekisho.account.aws import Keys
from sekisho.localaws.console.errors import PageRefused, invalid_request
from sekisho.localaws.console.iam_call import call_iam
from sekisho.localaws.console.passkeys import (
    PasskeyFault,
    checked_origin,
    creation_options,
    new_ceremony,
    user_handle,
    verify_registration,
)
from sekisho.localaws.console.tickets import (
    TICKET_LIFETIME,
    PasskeyTicket,
    redeem_passkey_ticket,
    seal_passkey_ticket,
)
from sekisho.localaws.state import moto_iam
from sekisho.localaws.state.sealing import open_token
from sekisho.localaws.state.world import REGISTERING, PasskeyCall, PasskeyState, PasskeyStep, World
from sekisho.localaws.wire.errors import Refusal
from sekisho.signin import CredentialKind, check_passkey_name, passkey_arn

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_RANDOM_LETTERS = 26


def passkey_options(
    world: World, authorizer: WSGIApplication, fields: Mapping[str, Any]
) -> dict[str, object]:
    """Answer `passkey-options`: the options for registering a passkey, if the user may.

    Raises:
        PageRefused: no; with the error of iam:EnableMFADevice where the policies say so.
    """
    origin = checked_origin(fields["origin"])
    if refused := check_passkey_name(fields["name"]):
        raise PageRefused(refused.code.value, refused.message, HTTPStatus(refused.status))
    session = _credentials(fields["credentials"])
    with world.lock:
        caller = _signed_in(world, session)
        name = fields.get("user") or caller
        user: User | None = _users(world).get(name)
        serial = _new_serial(world, name, fields["name"])
    call = PasskeyCall(PasskeyStep.CREATE, user.id if user is not None else "")
    _enable(world, authorizer, session, (name, serial), call)
    with world.lock:
        known = [
            state
            for serial_of_it, state in world.passkeys.items()
            if user is not None and serial_of_it in user.mfa_devices
        ]
        ceremony = new_ceremony(world, origin)
        ends = world.clock.now() + TICKET_LIFETIME
        ticket = PasskeyTicket(session.access_key_id, call.user_id, serial, ceremony, ends)
        handle = user_handle(world, call.user_id)
        return {
            "publicKey": creation_options(ceremony, name, handle, known),
            "ticket": seal_passkey_ticket(world, ticket),
        }


def register_passkey(
    world: World, authorizer: WSGIApplication, fields: Mapping[str, Any]
) -> dict[str, object]:
    """Answer `passkey-register`: enable the passkey that an authenticator has made.

    Raises:
        PageRefused: the answer does not hold, or the policies do not let it be enabled.
    """
    session = _credentials(fields["credentials"])
    with world.lock:
        _signed_in(world, session)
        ticket = redeem_passkey_ticket(world, fields["ticket"], session.access_key_id)
        users = _users(world).values()
        user = next((each for each in users if ticket and each.id == ticket.user_id), None)
    if ticket is None or user is None:
        message = "The registration has expired. Please start again."
        raise PageRefused("RegistrationExpired", message)
    made = _verified_passkey(ticket, fields["credential"])
    call = PasskeyCall(PasskeyStep.ACTIVATE, ticket.user_id, made)
    _enable(world, authorizer, session, (user.name, ticket.serial), call)
    return {"serial": ticket.serial}


def _verified_passkey(ticket: PasskeyTicket, response: Mapping[str, Any]) -> PasskeyState:
    try:
        return verify_registration(ticket.ceremony, response)
    except PasskeyFault as fault:
        raise PageRefused(
            "PasskeyNotVerified",
            f"The passkey could not be verified: {fault}",
            HTTPStatus.BAD_REQUEST,
        ) from fault


def _credentials(given: Mapping[str, Any]) -> Keys:
    names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
    texts = [given.get(name) for name in names]
    if not all(isinstance(text, str) and text and text.isascii() for text in texts):
        raise invalid_request("`credentials` are not those of a session, as the sign-in gave them")
    return Keys(*(str(text) for text in texts))


def _signed_in(world: World, session: Keys) -> str:
    """Return the user name of a console session.

    Whether the secret is right is for the authorizer to find out, by the signature made with it.
    """
    try:
        claims = open_token(world, session.access_key_id, session.session_token or "")
    except Refusal as refusal:
        raise _page(refusal) from refusal
    credential = moto_iam.current_credential(world, claims.credential)
    if credential is None or credential.kind is not CredentialKind.CONSOLE_SESSION:
        message = "Passkeys are registered in the console, by somebody who is signed in to it."
        raise PageRefused("NotSignedIn", message, HTTPStatus.FORBIDDEN)
    return credential.holder.name


def _new_serial(world: World, user: str, name: str) -> str:
    random = "".join(secrets.choice(_LETTERS) for _ in range(_RANDOM_LETTERS))
    return passkey_arn(user, name, random, partition=world.partition, account=world.account)


def _enable(
    world: World,
    authorizer: WSGIApplication,
    session: Keys,
    what: tuple[str, str],
    call: PasskeyCall,
) -> None:
    """Make one of the two calls for a user's name and a serial number.

    Raises:
        PageRefused: it was refused.
    """
    user, serial = what
    parameters = {
        "Action": "EnableMFADevice",
        "UserName": user,
        "SerialNumber": serial,
        # the operation requires codes; a passkey has none, and they are ignored
        "AuthenticationCode1": "000000",
        "AuthenticationCode2": "000000",
    }
    token = REGISTERING.set(call)
    try:
        refusal = call_iam(world, authorizer, session, parameters)
    finally:
        REGISTERING.reset(token)
    if refusal is not None:
        raise _page(refusal)


def _page(refusal: Refusal) -> PageRefused:
    return PageRefused(refusal.code, refusal.message, HTTPStatus(refusal.status))


def _users(world: World) -> dict[str, User]:
    users: dict[str, User] = moto_iam.iam_of(world).users
    return users
