"""The people of the rehearsal: what each one knows, their phone, and their browser.

The browser is a client of the local AWS's console sign-in: plain HTTP to 127.0.0.1 with the
standard library, so that a proxy of the environment is never asked.
"""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from sekisho.account.aws import Keys
from sekisho.errors import AwsRefused, InternalError
from sekisho.signin import NextStep, code_at


@dataclass(slots=True)
class Phone:
    """An authenticator app: it holds seeds and shows a code for each 30-second step."""

    _seeds: dict[str, str] = field(default_factory=dict, repr=False)
    _used: dict[str, int] = field(default_factory=dict, repr=False)

    def add(self, serial: str, seed: str) -> None:
        """Add a device by its seed, as scanning its QR code or typing the seed in does."""
        self._seeds[serial] = seed

    @property
    def serials(self) -> tuple[str, ...]:
        """The devices in the app, in the order in which they were added."""
        return tuple(self._seeds)

    def code(self, serial: str, step: int) -> str:
        """Return the code that the app shows for a device in a 30-second step."""
        if serial not in self._seeds:
            raise InternalError(f"a phone that does not have `{serial}`")
        return code_at(self._seeds[serial], step)

    def use(self, serial: str, step: int) -> str:
        """Return the code of a step and remember that its owner has typed it somewhere."""
        self._used[serial] = step
        return self.code(serial, step)

    def used(self, serial: str) -> int | None:
        """Return the last step whose code was typed; None if none was."""
        return self._used.get(serial)


@dataclass(slots=True)
class RehearsedUser:
    """Somebody with a user name, perhaps a password, and a phone."""

    name: str
    password: str = field(default="", repr=False)
    phone: Phone = field(default_factory=Phone)


_TIMEOUT = 30  # seconds; the server is on this machine


@dataclass(frozen=True, slots=True)
class ShownPage:
    """The page that the browser shows after a form was sent.

    Attributes:
        ticket: carries the sign-in to the next form; a secret.
        keys: the session's credentials, once the sign-in is done; secret.
        mfa_used: what CloudTrail's ConsoleLogin event would say under `MFAUsed`.
    """

    next: NextStep
    ticket: str = field(default="", repr=False)
    keys: Keys | None = field(default=None, repr=False)
    mfa_used: bool = False


class ConsoleClient:
    """The sign-in forms of one account's console.

    Args:
        url: the local AWS's base URL.
        account: the account's id or alias, as typed into the first field.
    """

    def __init__(self, url: str, account: str) -> None:
        self._host = urlsplit(url).netloc
        self._account = account

    def sign_in(self, user: str, password: str) -> ShownPage:
        """Send user name and password.

        Raises:
            AwsRefused: if the sign-in page refuses them.
        """
        form = {"account": self._account, "user": user, "password": password}
        return self._send("sign-in", "ConsoleLogin", form)

    def mfa(self, ticket: str, code: str) -> ShownPage:
        """Send an MFA code.

        Raises:
            AwsRefused: if the code is wrong or was used before.
        """
        return self._send("mfa", "CheckMfa", {"ticket": ticket, "code": code})

    def new_password(self, ticket: str, old: str, new: str) -> ShownPage:
        """Send the form of a forced password change.

        Raises:
            AwsRefused: if the user may not change the password, or the new one is too weak.
        """
        form = {"ticket": ticket, "oldPassword": old, "newPassword": new}
        return self._send("new-password", "ChangePassword", form)

    def _send(self, form: str, operation: str, fields: Mapping[str, str]) -> ShownPage:
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
        return _page(operation, status, _object(operation, status, body))


def _object(operation: str, status: int, body: bytes) -> Mapping[str, object]:
    try:
        answer = json.loads(body)
    except ValueError:
        raise AwsRefused(operation, "NotJson", "the sign-in page sent no JSON", status) from None
    if not isinstance(answer, dict):
        raise AwsRefused(operation, "NotJson", "the sign-in page sent no JSON object", status)
    return answer


def _page(operation: str, status: int, answer: Mapping[str, object]) -> ShownPage:
    error = answer.get("error")
    if isinstance(error, dict):
        message = str(error.get("message", ""))
        raise AwsRefused(operation, str(error.get("code", "Unknown")), message, status)
    if status != http.client.OK:
        raise AwsRefused(operation, "Unknown", "the sign-in page gave no reason", status)
    keys = answer.get("credentials")
    return ShownPage(
        next=NextStep(str(answer.get("next"))),
        ticket=str(answer.get("ticket") or ""),
        keys=_keys(keys) if isinstance(keys, dict) else None,
        mfa_used=answer.get("mfaUsed") is True,
    )


def _keys(credentials: Mapping[str, object]) -> Keys:
    try:
        return Keys(
            str(credentials["AccessKeyId"]),
            str(credentials["SecretAccessKey"]),
            str(credentials["SessionToken"]),
        )
    except KeyError as missing:
        raise InternalError(f"console credentials without `{missing.args[0]}`") from None
