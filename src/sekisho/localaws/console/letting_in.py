"""Letting `aws login` in from the console, by who is signed in there.

It is asked by the console session, whose policies decide; the code goes where the CLI waits.
"""

import hmac
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from sekisho.localaws.aws_login.authorizing import (
    BadLoginRequest,
    LoginRequest,
    authorize_login,
)
from sekisho.localaws.console.refused import PageRefused, invalid
from sekisho.localaws.state import moto_iam
from sekisho.localaws.state.sealing import open_token
from sekisho.localaws.state.world import VerifiedCaller, World
from sekisho.localaws.wire.errors import Refusal
from sekisho.localaws.wire.http_server import LOOPBACK
from sekisho.signin import CredentialKind


def let_in(world: World, fields: Mapping[str, Any]) -> dict[str, object]:
    """Answer `aws-login`: the query of the address that `aws login` opens in a browser.

    Raises:
        PageRefused: if nobody is signed in, it is no such address, or policies do not allow it.
    """
    try:
        asked = LoginRequest.of(dict(parse_qsl(str(fields["request"]))))
    except BadLoginRequest as bad:
        raise invalid(str(bad)) from bad
    with world.lock:
        caller = _signed_in(world, fields["credentials"])
        try:
            code = authorize_login(world, caller, asked)
        except Refusal as refusal:
            status = HTTPStatus(refusal.status)
            raise PageRefused(refusal.code, refusal.message, status) from refusal
    return {"redirect": asked.led_to(code)}


def _signed_in(world: World, given: Mapping[str, Any]) -> VerifiedCaller:
    names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
    key_id, secret, token = (str(given.get(name) or "") for name in names)
    try:
        claims = open_token(world, key_id, token)
    except (Refusal, ValueError) as refusal:
        raise _nobody() from refusal
    right = hmac.compare_digest(claims.secret.encode(), secret.encode("utf-8", "surrogatepass"))
    credential = moto_iam.as_known_now(world, claims.credential)
    if not right or credential is None or credential.kind is not CredentialKind.CONSOLE_SESSION:
        raise _nobody()
    return VerifiedCaller(credential, key_id, (), LOOPBACK)


def _nobody() -> PageRefused:
    message = "`aws login` is let in by somebody who is signed in to the console."
    return PageRefused("NotSignedIn", message, HTTPStatus.FORBIDDEN)
