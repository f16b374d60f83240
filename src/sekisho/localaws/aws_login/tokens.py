"""The second half of `aws login`: tokens for a code, and new ones for a refresh token.

A refresh token is bound to the key whose proof came with the code, is good once, and is asked about
again by the person's policies each time (`signin:CreateOAuth2Token`). What AWS does with a refresh
token that was used before is not documented: here it is refused like one that has expired.

Source: botocore's model of `signin`, CreateOAuth2Token; RFC 9449 section 5;
docs/signin.md#sessions-of-aws-login.
"""

import base64
import hmac
import json
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from moto.iam.models import User, iam_backends

from sekisho.localaws.aws_login.authorization import digest, verifier_matches
from sekisho.localaws.aws_login.dpop import DpopProof, good_until
from sekisho.localaws.decision.authorize import authorize_target
from sekisho.localaws.state.sealing import mint
from sekisho.localaws.state.world import LoginSessionState, VerifiedCaller, World
from sekisho.localaws.wire.errors import Refusal
from sekisho.localaws.wire.http_server import LOOPBACK
from sekisho.signin import (
    CREATE_TOKEN,
    LOGIN_ACCESS,
    LOGIN_SESSION,
    Credential,
    LoginClient,
    login_session,
    sign_in_arn,
)

TOKEN_EXPIRED = "TOKEN_EXPIRED"  # noqa: S105 - an error code
USER_CREDENTIALS_CHANGED = "USER_CREDENTIALS_CHANGED"
INSUFFICIENT_PERMISSIONS = "INSUFFICIENT_PERMISSIONS"
AUTHCODE_EXPIRED = "AUTHCODE_EXPIRED"


class TokenRefused(Exception):
    """No tokens.

    Attributes:
        kind: the exception of the service's model.
        error: the code that clients look at.
        message: what is wrong; never a secret.
    """

    def __init__(
        self, error: str, message: str, kind: str = "AccessDeniedException", status: int = 400
    ) -> None:
        super().__init__(f"{error}: {message}")
        self.kind = kind
        self.error = error
        self.message = message
        self.status = status


def invalid_token_request(message: str) -> TokenRefused:
    """Return the refusal of a request that is none."""
    return TokenRefused("INVALID_REQUEST", message, "ValidationException")


@dataclass(frozen=True, slots=True)
class TokenCall:
    """A call for tokens.

    Attributes:
        fields: what the body says; holds secrets.
        proof: what the DPoP header proves.
        agent: the client's `User-Agent`.
    """

    fields: Mapping[str, Any]
    proof: DpopProof
    agent: str = ""

    def text(self, name: str) -> str:
        """Return a field that must be a text.

        Raises:
            TokenRefused: if it is missing.
        """
        value = self.fields.get(name)
        if not isinstance(value, str) or not value:
            raise invalid_token_request(f"`{name}` is missing")
        return value


def tokens(world: World, call: TokenCall) -> dict[str, object]:
    """Answer a call for tokens.

    Args:
        world: the state of the local AWS; its lock is held.
        call: the call.

    Raises:
        TokenRefused: if there are none to be had.
    """
    _spend(world, call.proof)
    client = next((each for each in LoginClient if each.id == call.text("clientId")), None)
    if client is None:
        raise invalid_token_request("`clientId` is none of the two of `aws login`")
    match call.text("grantType"):
        case "authorization_code":
            session, ident = _begin_session(world, call, client)
            return _issue_tokens(world, session) | {"idToken": ident}
        case "refresh_token":
            return _issue_tokens(world, _renew_session(world, call, client))
        case _:
            raise TokenRefused(
                "unsupported_grant_type", "`grantType` is not known", "ValidationException"
            )


def _spend(world: World, proof: DpopProof) -> None:
    now, known = world.clock.wall(), f"dpop {proof.thumbprint} {proof.identifier}"
    world.proofs = {each: ends for each, ends in world.proofs.items() if ends > now}
    if known in world.proofs:
        raise invalid_token_request("the proof was used before")
    world.proofs[known] = good_until(now)


def _begin_session(
    world: World, call: TokenCall, client: LoginClient
) -> tuple[LoginSessionState, str]:
    """Return the session that a code begins, and the token that says whose it is."""
    code = world.login_codes.pop(digest(call.text("code")), None)
    now = world.clock.now()
    if code is None or code.expires_at <= now:
        raise TokenRefused(AUTHCODE_EXPIRED, "The authorization code has expired.")
    right = (code.client, code.redirect_uri) == (client.value, call.text("redirectUri"))
    if not right or not verifier_matches(code.challenge, call.text("codeVerifier")):
        raise invalid_token_request("the code was given to another client")
    arn = sign_in_arn(code.console, world.region, str(uuid.UUID(bytes=world.entropy(16))))
    session = LoginSessionState(
        arn=arn,
        console=code.console,
        client=client.value,
        key=call.proof.thumbprint,
        begun_at=now,
        ends_at=min(now + LOGIN_SESSION, code.console.expires_at or now + LOGIN_SESSION),
        region=world.region,
        agent=call.agent[:_LONGEST_AGENT],
    )
    _check(world, session, "authorization_code")
    world.login_sessions[arn] = session
    return session, _identity(world, session, now)


_LONGEST_AGENT = 256


def _renew_session(world: World, call: TokenCall, client: LoginClient) -> LoginSessionState:
    kept = digest(call.text("refreshToken"))
    sessions = (
        each
        for each in world.login_sessions.values()
        if each.refresh and hmac.compare_digest(each.refresh, kept)
    )
    session = next(sessions, None)
    now = world.clock.now()
    if session is None or session.revoked or session.ends_at <= now:
        raise TokenRefused(TOKEN_EXPIRED, "The session has expired. Please sign in again.")
    if session.key != call.proof.thumbprint or session.client != client.value:
        raise invalid_token_request("the refresh token is bound to another key")
    _check(world, session, "refresh_token")
    session.used_at = now
    return session


def _check(world: World, session: LoginSessionState, grant: str) -> None:
    """Ask the person's policies of today.

    Raises:
        TokenRefused: if they do not allow it, or the password is another one.
    """
    if _are_credentials_changed(world, session):
        message = "The user's credentials have changed. Please sign in again."
        raise TokenRefused(USER_CREDENTIALS_CHANGED, message)
    client = LoginClient(session.client)
    resource = client.resource(world.partition, session.region, world.account)
    context = {"signin:OAuthClientId": client.id, "signin:OAuthGrantType": grant}
    try:
        authorize_target(
            world,
            VerifiedCaller(session.console, "", (), LOOPBACK),
            (CREATE_TOKEN, resource),
            context,
        )
    except Refusal as refusal:
        raise TokenRefused(INSUFFICIENT_PERMISSIONS, refusal.message) from refusal


def _are_credentials_changed(world: World, session: LoginSessionState) -> bool:
    """Tell whether the user or the password is another one than at the sign-in.

    The code is AWS's; when it gives it is not documented.
    """
    holder = session.console.holder
    user: User | None = iam_backends[world.account][world.partition].users.get(holder.name)
    password, issued = world.passwords.get(holder.name), session.console.issued_at
    if user is None or user.id != holder.unique_id or password is None or issued is None:
        return True
    return password.changed_at > issued


def _issue_tokens(world: World, session: LoginSessionState) -> dict[str, object]:
    now = world.clock.now()
    until = min(now + LOGIN_ACCESS, session.ends_at)
    credential = _credential(session, now, until)
    # nobody is calling: the session is not asked for by a key whose end it would share
    issued = mint(world, credential)
    refresh = f"ASOR{secrets.token_urlsafe(48)}"
    session.refresh = digest(refresh)
    return {
        "accessToken": {
            "accessKeyId": issued.access_key_id,
            "secretAccessKey": issued.secret_access_key,
            "sessionToken": issued.session_token,
        },
        "tokenType": "aws_sigv4",
        "expiresIn": max(1, int((until - now).total_seconds())),
        "refreshToken": refresh,
    }


def _credential(session: LoginSessionState, now: datetime, until: datetime) -> Credential:
    made = login_session(session.console, session.arn, now)
    return made if made.expires_at == until else replace(made, expires_at=until)


def _identity(world: World, session: LoginSessionState, now: datetime) -> str:
    """Return a JWT that says whose session it is; clients read its `sub`, and cannot check it."""
    head = {"alg": "HS256", "typ": "JWT"}
    claims = {
        "sub": session.console.arn,
        "iss": "sekisho",
        "aud": LoginClient(session.client).id,
        "iat": int(now.timestamp()),
        "exp": int(session.ends_at.timestamp()),
    }
    signed = ".".join(_part(json.dumps(each).encode()) for each in (head, claims))
    return f"{signed}.{_part(hmac.digest(world.master, b'id token' + signed.encode(), 'sha256'))}"


def _part(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
