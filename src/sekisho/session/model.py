"""The identity of a session: its key, its device, its role; and the session itself."""

import hashlib
import json
from dataclasses import field, fields
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, unquote

from sekisho.documents import Shape, decoded_json
from sekisho.errors import Fault, FaultyInput
from sekisho.lazy import dataclass

_PLAIN = ":/@+=,."
"""The characters of names and ARNs besides letters, digits, `_` and `-`."""


@dataclass(frozen=True, slots=True)
class DeviceId:
    """An MFA device of any AWS.

    Attributes:
        endpoint: the URL of another AWS than the real one; "" for that.
    """

    partition: str
    account: str
    serial: str
    endpoint: str = ""

    @property
    def file_name(self) -> str:
        """A name that is unique among devices and valid on any file system."""
        parts = (self.partition, self.account, self.serial, self.endpoint)
        return hashlib.sha256(_joined(parts).encode()).hexdigest()[:24]


@dataclass(frozen=True, slots=True)
class SessionId:
    """The identity of a stored session: sessions with different rights have different ones.

    Attributes:
        key_id: the id of the long-term key that it was made with.
        role: the ARN of the assumed role; "" for a session of the user.
        session_name: the name of the role session; "" without a role.
    """

    partition: str
    account: str
    user: str
    serial: str
    key_id: str
    endpoint: str = ""
    role: str = ""
    session_name: str = ""

    @property
    def device(self) -> DeviceId:
        """The device whose code made it."""
        return DeviceId(self.partition, self.account, self.serial, self.endpoint)

    @property
    def name(self) -> str:
        """The whole identity as one text, as in a keyring and in a file."""
        named = (self.partition, self.account, self.user, self.serial, self.key_id)
        return _joined((*named, self.endpoint, self.role, self.session_name))

    @classmethod
    def from_name(cls, name: str) -> "SessionId | None":
        """Return the identity with this `name`; None if it is no such name."""
        parts = ["" if part == "-" else unquote(part) for part in name.split(" ")]
        if len(parts) != len(fields(cls)):
            return None
        return cls(*parts)


@dataclass(frozen=True, slots=True)
class Session:
    """Temporary credentials; secret but for the id and the end."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)
    expires: datetime = field(default=datetime.max.replace(tzinfo=UTC))

    def lasts(self, now: datetime, margin: timedelta) -> bool:
        """Return whether more than `margin` remains of it."""
        return self.expires - now > margin


def session_to_text(session: Session) -> str:
    """Return a session as one line of JSON, in the form of `credential_process`."""
    return json.dumps(
        {
            "Version": 1,
            "AccessKeyId": session.access_key_id,
            "SecretAccessKey": session.secret_access_key,
            "SessionToken": session.session_token,
            "Expiration": session.expires.astimezone(UTC).isoformat(timespec="seconds"),
        }
    )


def session_from_text(text: str, name: str) -> Session:
    """Return the session in a text of `session_to_text`.

    Raises:
        FaultyInput: about `name`, without any value.
    """
    faults: list[Fault] = []
    shape = Shape(decoded_json(text, name), "", faults)
    parts = shape.members(
        ("Version", "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration")
    )
    parts["Version"].number(1, 1)
    expires = parts["Expiration"].time()
    session = Session(
        parts["AccessKeyId"].text(),
        parts["SecretAccessKey"].text(),
        parts["SessionToken"].text(),
        expires or datetime.min.replace(tzinfo=UTC),
    )
    if faults:
        raise FaultyInput(name, faults)
    return session


def _joined(parts: tuple[str, ...]) -> str:
    # quoted texts have no spaces: different lists never become one text
    return " ".join(quote(part, safe=_PLAIN) or "-" for part in parts)
