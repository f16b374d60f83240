"""A client of the sign-in pages: what a person's browser sends, and what it shows.

Plain HTTP to 127.0.0.1 with the standard library, so that a proxy of the environment is never
asked.
"""

import http.client
import json
from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from urllib.parse import urlsplit

from sekisho.account.aws import Keys
from sekisho.errors import AwsRefused, InternalError
from sekisho.lazy import dataclass
from sekisho.signin import MfaMethod, NextStep

_TIMEOUT = 30  # seconds; the server is on this machine


@dataclass(frozen=True, slots=True)
class ShownPage:
    """The page that the browser shows after a form was sent.

    Attributes:
        ticket: carries the sign-in to the next form; a secret.
        keys: the session's credentials, once the sign-in is done; secret.
        expires_at: when the session ends; None before the sign-in is done.
        mfa_used: the value of `MFAUsed` in CloudTrail's ConsoleLogin event.
        methods: the ways to pass MFA, where that comes next.
    """

    next: NextStep
    ticket: str = field(default="", repr=False)
    keys: Keys | None = field(default=None, repr=False)
    expires_at: datetime | None = None
    mfa_used: bool = False
    methods: tuple[MfaMethod, ...] = ()


@dataclass(frozen=True, slots=True)
class PasskeyOptions:
    """The options that the browser's script gets for a WebAuthn ceremony.

    Attributes:
        public_key: as `PublicKeyCredential.parseCreationOptionsFromJSON` takes it, or
            `parseRequestOptionsFromJSON`.
        ticket: goes with the answer; a secret.
    """

    public_key: Mapping[str, object]
    ticket: str = field(repr=False)


class ConsoleRefused(AwsRefused):
    """A page of the console shows an error.

    Attributes:
        ticket: carries the sign-in to another try; "" if it has ended. A secret.
        cause_code: AWS's code for the call behind the page, where the page's one sentence stands
            for several; "" otherwise.
        cause_message: the message of that call.
    """

    def __init__(self, operation: str, status: int, answer: Mapping[str, object]) -> None:
        error = _mapping(answer.get("error"))
        code, message = error.get("code"), error.get("message")
        super().__init__(operation, str(code or "Unknown"), str(message or ""), status)
        self.ticket = str(answer.get("ticket") or "")
        cause = _mapping(error.get("cause"))
        self.cause_code = str(cause.get("code") or "")
        self.cause_message = str(cause.get("message") or "")


class ConsoleClient:
    """The sign-in forms of one account's console.

    Every method raises `AwsRefused`, and `ConsoleRefused` where it is the page that refuses.

    Args:
        url: the local AWS's base URL.
        account: the account's id or alias, as typed into the first field.
    """

    def __init__(self, url: str, account: str) -> None:
        self._host = urlsplit(url).netloc
        self._account = account

    def sign_in(self, user: str, password: str) -> ShownPage:
        """Send user name and password."""
        form = {"account": self._account, "user": user, "password": password}
        return _page(self._send("sign-in", "ConsoleLogin", form))

    def mfa(self, ticket: str, code: str) -> ShownPage:
        """Send an MFA code; a wrong or used code is refused."""
        return _page(self._send("mfa", "CheckMfa", {"ticket": ticket, "code": code}))

    def resync(self, ticket: str, first: str, second: str) -> ShownPage:
        """Send two codes, the older first, of a device that is out of step.

        It is refused if the user may not call iam:ResyncMFADevice, or they are not two codes of a
        device of the user's that follow one another.

        Args:
            ticket: of the page that asks for MFA; that of the answer is for the same page.
            first: the older code.
            second: the next one.
        """
        form = {"ticket": ticket, "code1": first, "code2": second}
        return _page(self._send("resync", "ResyncMFADevice", form))

    def passkey_request(self, ticket: str, origin: str) -> PasskeyOptions:
        """Ask for the challenge for a passkey; the ticket of the answer also works for a code.

        Args:
            ticket: of the page that asks for MFA.
            origin: the page's own, `http://localhost:PORT`.
        """
        form = {"ticket": ticket, "origin": origin}
        return _options(self._send("mfa-passkey-options", "CheckMfa", form))

    def mfa_passkey(self, ticket: str, credential: Mapping[str, object]) -> ShownPage:
        """Send the signed answer of a passkey: `toJSON()` of a browser's `PublicKeyCredential`."""
        form = {"ticket": ticket, "credential": credential}
        return _page(self._send("mfa-passkey", "CheckMfa", form))

    def passkey_options(self, keys: Keys, name: str, origin: str, user: str = "") -> PasskeyOptions:
        """Begin to register a passkey.

        It is refused if iam:EnableMFADevice is.

        Args:
            keys: the console session's.
            name: the device name.
            origin: the page's own, `http://localhost:PORT`.
            user: the owner of the passkey; the signed-in user if "".
        """
        form = {"credentials": _session(keys), "name": name, "origin": origin}
        return _options(
            self._send(
                "passkey-options", "EnableMFADevice", form | ({"user": user} if user else {})
            )
        )

    def register_passkey(self, keys: Keys, ticket: str, credential: Mapping[str, object]) -> str:
        """Send the new passkey, and return its serial number."""
        form = {"credentials": _session(keys), "ticket": ticket, "credential": credential}
        return str(self._send("passkey-register", "EnableMFADevice", form)["serial"])

    def let_in(self, keys: Keys, query: str) -> str:
        """Authorize `aws login`, and return the address to which the browser goes with the code.

        It is refused if signin:AuthorizeOAuth2Access is.

        Args:
            keys: the console session's.
            query: of the address that `aws login` opens.
        """
        form = {"credentials": _session(keys), "request": query}
        return str(self._send("aws-login", "AuthorizeOAuth2Access", form)["redirect"])

    def new_password(self, ticket: str, old: str, new: str) -> ShownPage:
        """Send the form of a forced password change.

        It is refused if the user may not change the password, or the new one is too weak.
        """
        form = {"ticket": ticket, "oldPassword": old, "newPassword": new}
        return _page(self._send("new-password", "ChangePassword", form))

    def _send(
        self, form: str, operation: str, fields: Mapping[str, object]
    ) -> Mapping[str, object]:
        connection = http.client.HTTPConnection(self._host, timeout=_TIMEOUT)
        try:
            connection.request(
                "POST",
                f"/_console/{form}",
                body=json.dumps(fields).encode(),
                headers={"Content-Type": "application/json"},
            )
            response = connection.getresponse()
            status, body = response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            raise AwsRefused(operation, type(error).__name__, str(error), 0) from None
        finally:
            connection.close()
        answer = _object(operation, status, body)
        if status != http.client.OK or "error" in answer:
            raise ConsoleRefused(operation, status, answer)
        return answer


def _object(operation: str, status: int, body: bytes) -> Mapping[str, object]:
    try:
        answer = json.loads(body)
    except ValueError:
        raise AwsRefused(operation, "NotJson", "the sign-in page sent no JSON", status) from None
    if not isinstance(answer, dict):
        raise AwsRefused(operation, "NotJson", "the sign-in page sent no JSON object", status)
    return answer


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _page(answer: Mapping[str, object]) -> ShownPage:
    given = _mapping(answer.get("credentials"))
    methods = answer.get("methods")
    ends = given.get("Expiration")
    return ShownPage(
        next=NextStep(str(answer.get("next"))),
        ticket=str(answer.get("ticket") or ""),
        keys=_keys(given) if given else None,
        expires_at=datetime.fromisoformat(ends) if isinstance(ends, str) else None,
        mfa_used=answer.get("mfaUsed") is True,
        methods=tuple(map(MfaMethod, methods)) if isinstance(methods, list) else (),
    )


def _options(answer: Mapping[str, object]) -> PasskeyOptions:
    return PasskeyOptions(_mapping(answer.get("publicKey")), str(answer.get("ticket") or ""))


def _session(keys: Keys) -> Mapping[str, str]:
    return {
        "AccessKeyId": keys.access_key_id,
        "SecretAccessKey": keys.secret_access_key,
        "SessionToken": keys.session_token or "",
    }


def _keys(credentials: Mapping[str, object]) -> Keys:
    try:
        return Keys(
            str(credentials["AccessKeyId"]),
            str(credentials["SecretAccessKey"]),
            str(credentials["SessionToken"]),
        )
    except KeyError as missing:
        raise InternalError(f"console credentials without `{missing.args[0]}`") from None
