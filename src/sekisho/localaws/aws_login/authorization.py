"""The first half of `aws login`: a signed-in user authorizes the CLI, which gets a code.

The person's policies decide, asked of the console session: `signin:AuthorizeOAuth2Access` on the
client's resource. The code is good for a few minutes and for one exchange.

Source: RFC 6749 section 4.1, RFC 7636 (PKCE), RFC 8252 section 7.3 (loopback addresses); the AWS
CLI's own `aws login`, as it asks; docs/signin.md#sessions-of-aws-login.
"""

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import field
from datetime import timedelta
from urllib.parse import urlencode, urlsplit

from sekisho.lazy import dataclass
from sekisho.localaws.decision.authorize import authorize_signin_step
from sekisho.localaws.state.world import LoginCode, VerifiedCaller, World
from sekisho.signin import AUTHORIZE, LoginClient

CONFIRMATION = "/v1/sessions/confirmation"
"""The last page of `aws login --remote`, which shows the text to copy to the CLI."""

CODE_LIFETIME = timedelta(minutes=5)
"""The lifetime of a code; AWS's own is not documented."""

_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_METHODS = frozenset({"SHA-256", "S256"})
_LONGEST_STATE = 1_024


class BadLoginRequest(Exception):
    """An authorization request from which nobody may be redirected; the text names the fault."""


@dataclass(frozen=True, slots=True)
class LoginRequest:
    """The authorization request of the CLI, checked.

    Attributes:
        state: comes back with the code.
        challenge: the PKCE challenge: SHA-256 of what only this CLI knows.
    """

    client: LoginClient
    redirect_uri: str
    challenge: str
    state: str = field(repr=False)

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "LoginRequest":
        """Return the request in the query of an address.

        Raises:
            BadLoginRequest: if something is missing, or would lead the code elsewhere.
        """
        client = next((each for each in LoginClient if each.id == query.get("client_id")), None)
        if client is None:
            raise BadLoginRequest("`client_id` is none of the two of `aws login`")
        if query.get("response_type") != "code":
            raise BadLoginRequest("`response_type` is not `code`")
        challenge, redirect = query.get("code_challenge", ""), query.get("redirect_uri", "")
        if query.get("code_challenge_method") not in _METHODS or not _CHALLENGE.fullmatch(
            challenge
        ):
            raise BadLoginRequest("`code_challenge` is not a SHA-256 in base64url")
        if not _may_lead_to(client, redirect):
            raise BadLoginRequest("`redirect_uri` is not an address of this computer")
        state = query.get("state", "")
        if not state or len(state) > _LONGEST_STATE:
            raise BadLoginRequest("`state` is missing, or too long")
        return cls(client, redirect, challenge, state)

    def redirect_address(self, code: str) -> str:
        """Return the address to which the browser goes with the code."""
        return f"{self.redirect_uri}?{urlencode({'code': code, 'state': self.state})}"


def authorize_login(world: World, caller: VerifiedCaller, request: LoginRequest) -> str:
    """Return an authorization code for a user's console session.

    Args:
        world: the state of the local AWS; its lock is held.
        caller: the console session, as verified.
        request: the request of the CLI.

    Raises:
        Refusal: if the person's policies do not allow it.
    """
    resource = request.client.resource(world.partition, world.region, world.account)
    authorize_signin_step(
        world,
        caller,
        AUTHORIZE,
        resource,
        {
            "signin:OAuthClientId": request.client.id,
            "signin:OAuthRedirectUri": request.redirect_uri,
        },
    )
    now = world.clock.now()
    code = secrets.token_urlsafe(32)
    world.login_codes = {k: one for k, one in world.login_codes.items() if one.expires_at > now}
    world.login_codes[digest(code)] = LoginCode(
        caller.credential,
        request.client.value,
        request.redirect_uri,
        request.challenge,
        now + CODE_LIFETIME,
    )
    return code


def remote_login_code(state: str, code: str) -> str:
    """Return the text that a user copies to `aws login --remote`."""
    return base64.b64encode(f"state={state}&code={code}".encode()).decode()


def verifier_matches(challenge: str, verifier: str) -> bool:
    """Return whether a PKCE challenge was made from this verifier."""
    made = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=")
    return secrets.compare_digest(made.decode(), challenge)


def digest(secret: str) -> str:
    """Return the digest of a secret, for comparison."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _may_lead_to(client: LoginClient, redirect: str) -> bool:
    """Return whether an address is of this computer or, for another device, of the local AWS."""
    try:
        parts = urlsplit(redirect)
        port = parts.port
    except ValueError:
        return False
    plain = not (parts.query or parts.fragment or parts.username or parts.password)
    here = parts.scheme == "http" and parts.hostname in _HOSTS and bool(port) and plain
    return here and (client is LoginClient.SAME_DEVICE or parts.path == CONFIRMATION)
