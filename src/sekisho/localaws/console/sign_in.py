"""Signing in to the console step by step: password, MFA, forced change of the password.

What comes next is for `signin` to say. The pages for a new password and for a device that is out of
step have no right of their own: the change is the user's own call of iam:ChangePassword, or of
iam:ResyncMFADevice.

Source: IAM User Guide, "How IAM users sign in", "MFA enabled sign-in", "Resynchronize virtual and
hardware MFA devices"; docs/signin.md.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any
from wsgiref.types import WSGIApplication

from moto.iam.models import User

from sekisho.account.aws import Keys
from sekisho.localaws.console.errors import (
    PageRefused,
    denied_console_session,
    expired_sign_in,
    failed_sign_in,
    too_many_attempts,
    unavailable_resync,
)
from sekisho.localaws.console.iam_call import call_iam
from sekisho.localaws.console.passkeys import (
    PasskeyFault,
    checked_origin,
    new_ceremony,
    request_options,
    user_handle,
    verify_assertion,
)
from sekisho.localaws.console.tickets import (
    MOST_TRIES,
    TICKET_LIFETIME,
    SigninTicket,
    redeem_ticket,
    seal_ticket,
)
from sekisho.localaws.decision.authorize import authorize_console
from sekisho.localaws.state.identity import accept_code, enabled_serials
from sekisho.localaws.state.moto_iam import iam_of
from sekisho.localaws.state.sealing import IssuedCredentials, dummy_hash, mint, password_matches
from sekisho.localaws.state.world import (
    PAGE_SOURCE,
    SIGN_IN,
    PasskeyState,
    PasswordState,
    VerifiedCaller,
    World,
)
from sekisho.localaws.wire.errors import Refusal, throttling_error
from sekisho.localaws.wire.http_server import LOOPBACK
from sekisho.signin import (
    CHANGE_REFUSED,
    CONSOLE_SESSION,
    Credential,
    Holder,
    HolderKind,
    NextStep,
    console_session,
    mfa_methods,
    next_step,
)


def sign_in(world: World, fields: Mapping[str, str]) -> dict[str, object]:
    """Answer `sign-in`: account, user name and password.

    Raises:
        PageRefused: if one of them is wrong, or the password cannot be used any more.
    """
    name, source = fields["user"], PAGE_SOURCE.get()
    subject = f"password {name[:_LONGEST_NAME]}"
    with world.lock:
        if not world.throttle.spend(subject, source, world.clock.now()):
            raise too_many_attempts()
        asked = world.passwords.get(name)
    # not under the lock, which others wait for. With no such user a hash is computed all the same:
    # time must not tell who exists
    right = password_matches(fields["password"], asked.hash if asked else dummy_hash())
    with world.lock:
        backend = iam_of(world)
        known_account = fields["account"] in {world.account, *backend.account_aliases}
        user: User | None = backend.users.get(name)
        state = world.passwords.get(name)
        same = state is not None and asked is not None and state.hash == asked.hash
        if not (right and known_account and user and state and same):
            raise failed_sign_in()
        world.throttle.clear(subject, source)
        _refuse_hard_expired(world, state)
        ends = world.clock.now() + TICKET_LIFETIME
        return _go_on(world, user, SigninTicket(user.id, NextStep.DONE, ends))


_LONGEST_NAME = 128


def give_code(world: World, fields: Mapping[str, str]) -> dict[str, object]:
    """Answer `mfa`: a code of one of the user's devices, or of the one that `serial` names.

    Raises:
        PageRefused: if it is wrong, or was used before.
    """
    with world.lock:
        return _give_code(world, fields)


def _give_code(world: World, fields: Mapping[str, str]) -> dict[str, object]:
    ticket, user = _redeem(world, fields["ticket"], NextStep.NEEDS_MFA)
    holder = _holder(world, user)
    chosen = fields.get("serial")
    serials = [chosen] if chosen else enabled_serials(world, holder)
    for serial in serials:
        try:
            passed = accept_code(world, holder, serial, fields["code"], SIGN_IN)
        except Refusal as refusal:
            if refusal.code == throttling_error().code:
                raise too_many_attempts(_ticket_for_retry(world, ticket)) from refusal
            continue
        return _go_on(world, user, replace(ticket, mfa_at=passed, tries=0))
    raise failed_sign_in(_ticket_for_retry(world, ticket))


def resync(
    world: World, authorizer: WSGIApplication, fields: Mapping[str, str]
) -> dict[str, object]:
    """Answer `resync`: two codes of a device of the user's that is out of step.

    The page asks for a code as before when the device is in step.

    Raises:
        PageRefused: if the call is denied, or the codes are not those of a device of the user's.
    """
    with world.lock:
        ticket, user = _redeem(world, fields["ticket"], NextStep.NEEDS_MFA)
        serials = enabled_serials(world, _holder(world, user))
        if not world.signin_assumptions.resync_at_sign_in:
            raise unavailable_resync(seal_ticket(world, ticket))
        session = _keys(mint(world, _session(world, user, None)))
    codes = {f"AuthenticationCode{place}": fields[f"code{place}"] for place in (1, 2)}
    refusal: Refusal | None = None
    for serial in serials:
        call = {"Action": "ResyncMFADevice", "UserName": user.name, "SerialNumber": serial, **codes}
        found = call_iam(world, authorizer, session, call)
        if found is None:
            with world.lock:
                return _go_on(world, user, replace(ticket, tries=0))
        refusal = found
    with world.lock:
        again = _ticket_for_retry(world, ticket)
    if refusal is None:
        # the last device has been taken off meanwhile
        raise failed_sign_in(again)
    raise PageRefused(refusal.code, refusal.message, HTTPStatus.FORBIDDEN, ticket=again)


def passkey_request(world: World, fields: Mapping[str, Any]) -> dict[str, object]:
    """Answer `mfa-passkey-options`: the request for the authenticator.

    Raises:
        PageRefused: there is no sign-in, or no passkey.
    """
    origin = checked_origin(fields["origin"])
    with world.lock:
        ticket, user = _redeem(world, fields["ticket"], NextStep.NEEDS_MFA)
        ceremony = new_ceremony(world, origin)
        again = seal_ticket(world, replace(ticket, ceremony=ceremony))
        known = _passkeys(world, user)
        if not known:
            message = "You have no passkey or security key."
            raise PageRefused("NoPasskey", message, HTTPStatus.BAD_REQUEST, ticket=again)
        return {"publicKey": request_options(ceremony, known.values()), "ticket": again}


def use_passkey(world: World, fields: Mapping[str, Any]) -> dict[str, object]:
    """Answer `mfa-passkey`: the authenticator's signed answer.

    Raises:
        PageRefused: it has not signed what it was asked for, or is not one of the user's.
    """
    with world.lock:
        ticket, user = _redeem(world, fields["ticket"], NextStep.NEEDS_MFA)
        now, subject = world.clock.now(), f"passkey {user.id}"
        if not world.throttle.spend(subject, SIGN_IN, now):
            raise too_many_attempts(_ticket_for_retry(world, ticket))
        if ticket.ceremony is None:
            raise failed_sign_in(_ticket_for_retry(world, ticket))
        known, handle = _passkeys(world, user), user_handle(world, user.id)
        try:
            serial, count = verify_assertion(ticket.ceremony, fields["credential"], known, handle)
        except PasskeyFault as fault:
            raise failed_sign_in(_ticket_for_retry(world, ticket)) from fault
        world.throttle.clear(subject, SIGN_IN)
        known[serial].sign_count = count
        return _go_on(world, user, replace(ticket, mfa_at=now, tries=0, ceremony=None))


def _passkeys(world: World, user: User) -> dict[str, PasskeyState]:
    return {
        serial: world.passkeys[serial] for serial in user.mfa_devices if serial in world.passkeys
    }


def new_password(
    world: World, authorizer: WSGIApplication, fields: Mapping[str, str]
) -> dict[str, object]:
    """Answer `new-password`: the present password and the one that is to replace it.

    Raises:
        PageRefused: in one sentence for a change that is denied and a password that is too weak;
            the cause tells them apart.
    """
    with world.lock:
        ticket, user = _redeem(world, fields["ticket"], NextStep.NEEDS_NEW_PASSWORD)
        session = _keys(mint(world, _session(world, user, ticket.mfa_at)))
    change = {
        "Action": "ChangePassword",
        "OldPassword": fields["oldPassword"],
        "NewPassword": fields["newPassword"],
    }
    # not under the lock: the authorizer takes it itself
    refusal = call_iam(world, authorizer, session, change)
    with world.lock:
        if refusal is None:
            return _go_on(world, user, replace(ticket, tries=0))
        again = _ticket_for_retry(world, ticket)
    raise PageRefused(
        refusal.code, CHANGE_REFUSED, HTTPStatus.FORBIDDEN, ticket=again, cause=refusal
    )


def _keys(issued: IssuedCredentials) -> Keys:
    return Keys(issued.access_key_id, issued.secret_access_key, issued.session_token)


def _go_on(world: World, user: User, ticket: SigninTicket) -> dict[str, object]:
    """Return the answer for a sign-in that has reached the state of `ticket`."""
    serials = enabled_serials(world, _holder(world, user))
    code_given = ticket.mfa_at is not None or not serials
    if code_given or not world.signin_assumptions.password_last_used_needs_code:
        password = world.passwords[user.name]
        world.passwords[user.name] = replace(password, last_used=world.clock.now())
    step = next_step(
        True,
        len(serials),
        _must_change(world, world.passwords[user.name]),
        world.signin_assumptions,
        mfa_passed=ticket.mfa_at is not None,
    )
    answer: dict[str, object] = {"next": step.value, "mfaUsed": ticket.mfa_at is not None}
    if step is NextStep.NEEDS_MFA:
        answer["methods"] = [method.value for method in mfa_methods(serials)]
    if step is not NextStep.DONE:
        return answer | {"ticket": seal_ticket(world, replace(ticket, step=step))}
    session = _session(world, user, ticket.mfa_at)
    _refuse_by_policy(world, session)
    issued = mint(world, session)
    return answer | {
        "credentials": {
            "AccessKeyId": issued.access_key_id,
            "SecretAccessKey": issued.secret_access_key,
            "SessionToken": issued.session_token,
            "Expiration": issued.expires_at.isoformat(timespec="seconds"),
        }
    }


def _refuse_by_policy(world: World, session: Credential) -> None:
    if not (
        world.console_authorization and world.signin_assumptions.console_authorization_asks_identity
    ):
        return
    try:
        authorize_console(world, VerifiedCaller(session, "", (), LOOPBACK))
    except Refusal as refusal:
        raise denied_console_session(refusal) from refusal


def _redeem(world: World, text: str, step: NextStep) -> tuple[SigninTicket, User]:
    ticket = redeem_ticket(world, text, step)
    users: Iterable[User] = iam_of(world).users.values()
    user = next((each for each in users if ticket and each.id == ticket.user_id), None)
    if ticket is None or user is None or user.name not in world.passwords:
        raise expired_sign_in()
    return ticket, user


def _ticket_for_retry(world: World, ticket: SigninTicket) -> str:
    """Return a ticket for another try, or "" after too many."""
    tried = replace(ticket, tries=ticket.tries + 1, ceremony=None)
    return seal_ticket(world, tried) if tried.tries < MOST_TRIES else ""


def _session(world: World, user: User, mfa_at: datetime | None) -> Credential:
    seconds = world.passwords[user.name].session_seconds
    lasts = CONSOLE_SESSION if seconds is None else timedelta(seconds=seconds)
    return console_session(_holder(world, user), world.clock.now(), mfa_at, lasts)


def _holder(world: World, user: User) -> Holder:
    return Holder(HolderKind.USER, world.partition, world.account, user.name, user.path, user.id)


def _must_change(world: World, state: PasswordState) -> bool:
    return state.reset_required or _is_password_expired(world, state)


def _is_password_expired(world: World, state: PasswordState) -> bool:
    policy = iam_of(world).account_password_policy
    days = policy.max_password_age if policy else 0
    return bool(days) and world.clock.now() - state.changed_at > timedelta(days=days)


def _refuse_hard_expired(world: World, state: PasswordState) -> None:
    policy = iam_of(world).account_password_policy
    if policy and policy.hard_expiry and _is_password_expired(world, state):
        message = "Your password has expired. Please contact your administrator."
        raise PageRefused("PasswordExpired", message, HTTPStatus.FORBIDDEN)
