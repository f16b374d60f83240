"""Changes that take away what nobody uses: passwords of dormant people, and old access keys.

Each reads again, just before it is made, whether it has come into use since the plan was made: then
it is not made. A key is made inactive before it is deleted. A deleted password or key cannot be
given back; a key that is inactive can.

Source: IAM API Reference, GetUser (PasswordLastUsed), GetAccessKeyLastUsed.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

from sekisho.lazy import dataclass
from sekisho.rollout.changes.credentials import DeactivateCredential, in_iso_seconds
from sekisho.rollout.changes.model import Change, Forecast, ObservedState, Removal, State
from sekisho.rollout.changes.observer import Observer
from sekisho.rollout.changes.users import DeleteLoginProfile

_EXACT_TO = timedelta(minutes=15)
"""AWS tells the last use of a key in steps of so long, and that of a password in shorter ones."""


def _used_since(used: str, unused_since: str) -> bool:
    if not used or not unused_since:
        return False
    return datetime.fromisoformat(used) - datetime.fromisoformat(unused_since) > _EXACT_TO


def _time(at: datetime | None) -> str:
    return in_iso_seconds(at) if at is not None else ""


@dataclass(frozen=True, slots=True)
class DeleteUnusedPassword(DeleteLoginProfile):
    """Take the console password of a user away who has not signed in for long.

    Attributes:
        unused_since: since when it was not used when the plan was made, in ISO 8601 and UTC.
    """

    made_by = "DeleteLoginProfile"
    stops_if_used = True
    unused_since: str

    @property
    def before(self) -> State:
        """There is a password, and since when it is not used."""
        return {"reset_required": self.reset_required, "used": self.unused_since}

    def compare(self, actual: State) -> ObservedState:
        """Return which of its states the change finds; a password used since is another."""
        if actual is None:
            return ObservedState.AFTER
        same = actual["reset_required"] == self.reset_required
        unused = not _used_since(actual["used"], self.unused_since)
        return ObservedState.BEFORE if same and unused else ObservedState.OTHER

    def read(self, observer: Observer) -> State:
        """Return whether the password must be changed, and its last use; None: there is none."""
        profile = observer.login_profile(self.user)
        if profile is None:
            return None
        user = observer.user(self.user) or {}
        return {
            "reset_required": bool(profile.get("PasswordResetRequired")),
            # a password that was set anew is for somebody who is about to sign in
            "used": max(_time(user.get("PasswordLastUsed")), _time(profile.get("CreateDate"))),
        }

    def read_operations(self) -> tuple[str, ...]:
        """Return the operations that tell of the password, and of the last sign-in."""
        return (*DeleteLoginProfile.read_operations(self), "GetUser")


@dataclass(frozen=True, slots=True)
class DeactivateUnusedKey(DeactivateCredential):
    """Make an access key inactive that was not used for long.

    Attributes:
        unused_since: since when it was not used when the plan was made, in ISO 8601 and UTC; "":
            it goes although it may be in use, as somebody has decided.
    """

    stops_if_used = True
    unused_since: str

    @property
    def before(self) -> State:
        """It is active, and since when it is not used."""
        return {"active": True, "used": self.unused_since}

    @property
    def after(self) -> State:
        """It is inactive, whenever it was used."""
        return {"active": False}

    def compare(self, actual: State) -> ObservedState:
        """Return which of its states the change finds; a key used since is another."""
        if actual is None:
            return ObservedState.OTHER
        if not actual["active"]:
            return ObservedState.AFTER
        used = _used_since(actual["used"], self.unused_since)
        return ObservedState.OTHER if used else ObservedState.BEFORE

    def read(self, observer: Observer) -> State:
        """Return whether the key is active, and when it was last used; None: there is none."""
        active = DeactivateCredential.read(self, observer)
        if active is None:
            return None
        return {"active": active, "used": _time(observer.key_used(self.id)) if active else ""}

    def read_operations(self) -> tuple[str, ...]:
        """Return the operations that list the keys and tell their last use."""
        return (*DeactivateCredential.read_operations(self), "GetAccessKeyLastUsed")


@dataclass(frozen=True, slots=True)
class DeleteAccessKey(Removal):
    """Delete an access key that is inactive; one that somebody has made active again stays."""

    noun = "access-key"
    parameters: ClassVar[Mapping[str, str]] = {"UserName": "user", "AccessKeyId": "id"}
    reads = ("ListAccessKeys",)
    events = ("UpdateAccessKey", "DeleteAccessKey")
    stops_if_used = True
    user: str
    id: str

    @property
    def before(self) -> State:
        """It is there and inactive."""
        return {"active": False}

    def read(self, observer: Observer) -> State:
        """Return whether the key is active; None: there is none."""
        items = observer.listing("ListAccessKeys", "AccessKeyMetadata", "UserName", self.user)
        found: dict[str, Any] = {item["AccessKeyId"]: item["Status"] for item in items or ()}
        return {"active": found[self.id] == "Active"} if self.id in found else None

    def forecast(self, account: Forecast) -> None:
        """Delete the key."""
        if user := account.users.get(self.user):
            keys = tuple(key for key in user.keys if key.id != self.id)
            account.users[self.user] = replace(user, keys=keys)


KINDS: tuple[type[Change], ...] = (DeleteUnusedPassword, DeactivateUnusedKey, DeleteAccessKey)
"""The kinds of change that are here."""
