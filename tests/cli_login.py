"""What the AWS CLI 2.32 does for `aws login`, by its source, without a browser of its own.

It makes the address, takes the code where the browser is led, changes it for tokens, and writes the
cache file; from there botocore's own provider goes on.
"""

import base64
import hashlib
import http.client
import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from awscrt.crypto import EC
from botocore.credentials import _build_dpop_header
from botocore.utils import JSONFileCache, LoginTokenLoader
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from sekisho.signin import LoginClient

REDIRECT = "http://127.0.0.1:49152/oauth/callback"
CONFIRMATION = "/v1/sessions/confirmation"
SOON = "2000-01-01T00:00:00Z"
"""Long ago: botocore renews the token at once."""


def unpadded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


@dataclass
class Answer:
    status: int
    body: dict[str, Any]


@dataclass
class CliLogin:
    """One `aws login`."""

    url: str
    client: LoginClient = LoginClient.SAME_DEVICE
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    state: str = field(default_factory=lambda: secrets.token_urlsafe(16))

    @property
    def redirect(self) -> str:
        remote = self.client is LoginClient.CROSS_DEVICE
        return f"{self.url}{CONFIRMATION}" if remote else REDIRECT

    def query(self, **other: str) -> str:
        asked = {
            "response_type": "code",
            "client_id": self.client.id,
            "state": self.state,
            "code_challenge_method": "SHA-256",
            "scope": "openid",
            "redirect_uri": self.redirect,
            "code_challenge": unpadded(hashlib.sha256(self.verifier.encode()).digest()),
        }
        return urlencode(asked | other)

    def code_in(self, address: str) -> str:
        """Return the code that the browser was led back with."""
        start, _, query = address.partition("?")
        found = dict(parse_qsl(query))
        assert (start, found["state"]) == (self.redirect, self.state)
        return found["code"]

    def exported(self, encoding: Encoding) -> bytes:
        return self.key.private_bytes(encoding, PrivateFormat.TraditionalOpenSSL, NoEncryption())

    def proof(self, address: str = "", **other: Any) -> str:
        key = EC.new_key_from_der_data(self.exported(Encoding.DER))
        return _build_dpop_header(key, address or f"{self.url}/v1/token", **other)

    def ask(self, fields: dict[str, Any], proof: str | None = None) -> Answer:
        """Ask for tokens, with a fresh proof if none is given."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=60)
        proof = self.proof() if proof is None else proof
        headers = {"Content-Type": "application/json"} | ({"DPoP": proof} if proof else {})
        connection.request("POST", "/v1/token", json.dumps(fields).encode(), headers)
        response = connection.getresponse()
        found = Answer(response.status, json.loads(response.read()))
        connection.close()
        return found

    def exchange(self, code: str, proof: str | None = None, **other: str) -> Answer:
        fields = {
            "clientId": self.client.id,
            "grantType": "authorization_code",
            "code": code,
            "redirectUri": self.redirect,
            "codeVerifier": self.verifier,
        }
        return self.ask(fields | other, proof)

    def renew(self, token: str, proof: str | None = None) -> Answer:
        fields = {
            "clientId": self.client.id,
            "grantType": "refresh_token",
            "refreshToken": token,
        }
        return self.ask(fields, proof)

    def cache(self, folder: Path, given: dict[str, Any], arn: str, *, expires: str) -> Path:
        """Write the cache file and a profile, as the CLI does; return the configuration file."""
        token = {
            "accessToken": given["accessToken"]
            | {"accountId": arn.split(":")[4], "expiresAt": expires},
            "tokenType": "aws_sigv4",
            "refreshToken": given["refreshToken"],
            "idToken": given.get("idToken", ""),
            "clientId": self.client.id,
            "dpopKey": self.exported(Encoding.PEM).decode(),
        }
        LoginTokenLoader(JSONFileCache(str(folder))).save_token(arn, token)
        config = folder / "config"
        config.write_text(
            f"[profile login]\nlogin_session = {arn}\nregion = us-east-1\n", encoding="utf-8"
        )
        return config
