"""Changes of IAM users: create one, attach policies directly, set and delete console passwords."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from sekisho.account import AwsApi, Password, User
from sekisho.messages import Message
from sekisho.rollout.changes import in_use
from sekisho.rollout.changes.model import (
    Change,
    Forecast,
    IamCall,
    Image,
    Link,
    ObservedState,
    as_tags,
)
from sekisho.rollout.changes.observer import Observer

_PASSWORD_EVENTS = ("CreateLoginProfile", "UpdateLoginProfile", "DeleteLoginProfile")


@dataclass(frozen=True, slots=True)
class CreateUser(Change):
    """Create an IAM user."""

    noun: ClassVar[str] = "user"
    reads: ClassVar[tuple[str, ...]] = ("GetUser", "ListUserTags")
    events: ClassVar[tuple[str, ...]] = (
        "CreateUser",
        "UpdateUser",
        "DeleteUser",
        "TagUser",
        "UntagUser",
    )
    use_reads: ClassVar[tuple[str, ...]] = in_use.USER_READS
    name: str
    path: str
    tags: Mapping[str, str]

    @property
    def person(self) -> str:
        """The new user."""
        return self.name

    @property
    def address(self) -> str:
        """The user."""
        return f"{self.noun} {self.name}"

    @property
    def before(self) -> Image:
        """There is no such user."""
        return None

    @property
    def after(self) -> Image:
        """The user."""
        return {"path": self.path, "tags": self.tags}

    def is_needless(self, actual: Image) -> bool:
        """Return whether there is one, whatever it is like."""
        return actual is not None

    def read(self, observer: Observer) -> Image:
        """Return path and tags of the user; None if there is none."""
        found = observer.user(self.name)
        if found is None:
            return None
        return {"path": found["Path"], "tags": observer.tags("User", "UserName", self.name)}

    def subject(self) -> Mapping[str, Any]:
        """Return the user."""
        return {"UserName": self.name}

    def call(self) -> IamCall:
        """Return the call."""
        more = {"Path": self.path, "Tags": as_tags(self.tags)}
        return IamCall(self.operation, {**self.subject(), **more})

    def undo(self, actual: Image) -> tuple[IamCall, ...]:
        """Return the deletion."""
        del actual
        return (IamCall("DeleteUser", self.subject()),)

    def forecast(self, account: Forecast) -> None:
        """Add the user."""
        arn = account.arn(f"user{self.path}{self.name}")
        account.users[self.name] = User(self.name, self.path, arn, id="", tags=self.tags)

    def signs_of_use(self, api: AwsApi) -> tuple[Message, ...]:
        """Return what the user holds, or has done."""
        return in_use.of_user(api, self.name)


@dataclass(frozen=True, slots=True)
class _UserAttachment(Link):
    noun: ClassVar[str] = "user-attachment"
    reads: ClassVar[tuple[str, ...]] = ("ListAttachedUserPolicies",)
    events: ClassVar[tuple[str, ...]] = ("AttachUserPolicy", "DetachUserPolicy")
    user: str
    arn: str

    @property
    def address(self) -> str:
        """The user and the policy."""
        return f"{self.noun} {self.user} {self.arn}"

    def read(self, observer: Observer) -> Image:
        """Return whether the policy is attached."""
        return self.arn in (observer.user_attachments(self.user) or ())

    def subject(self) -> Mapping[str, Any]:
        """Return the user and the policy."""
        return {"UserName": self.user, "PolicyArn": self.arn}

    def forecast(self, account: Forecast) -> None:
        """Attach or detach the policy."""
        if user := account.users.get(self.user):
            account.change_user(self.user, attached=self._linked(user.attached, self.arn))


@dataclass(frozen=True, slots=True)
class AttachUserPolicy(_UserAttachment):
    """Attach a managed policy directly to a user."""

    joins: ClassVar[bool] = True
    undone_by: ClassVar[str] = "DetachUserPolicy"


@dataclass(frozen=True, slots=True)
class DetachUserPolicy(_UserAttachment):
    """Detach a managed policy from a user."""

    joins: ClassVar[bool] = False
    undone_by: ClassVar[str] = "AttachUserPolicy"

    def finds_user(self, observer: Observer) -> bool:
        """Return whether the user is there, by the listing that `read` asks for."""
        return observer.user_attachments(self.user) is not None


@dataclass(frozen=True, slots=True)
class _LoginProfile(Change):
    reads: ClassVar[tuple[str, ...]] = ("GetLoginProfile",)
    events: ClassVar[tuple[str, ...]] = _PASSWORD_EVENTS
    user: str
    reset_required: bool

    @property
    def address(self) -> str:
        """The password of the user."""
        return f"{self.noun} {self.user}"

    def read(self, observer: Observer) -> Image:
        """Return whether the password must be changed at the next sign-in; None: there is none."""
        found = observer.login_profile(self.user)
        if found is None:
            return None
        return {"reset_required": bool(found.get("PasswordResetRequired"))}

    def subject(self) -> Mapping[str, Any]:
        """Return the user."""
        return {"UserName": self.user}

    def _setting(self, operation: str) -> IamCall:
        """Return the call that sets a password; its text is added by the executor."""
        return IamCall(operation, {**self.subject(), "PasswordResetRequired": self.reset_required})

    def _set_password(self, account: Forecast) -> None:
        # what is new has not expired
        password = Password(self.reset_required, created_at=account.taken_at)
        account.change_user(self.user, password=password)


@dataclass(frozen=True, slots=True)
class CreateLoginProfile(_LoginProfile):
    """Give a user a temporary console password, which no plan and no journal ever holds."""

    noun: ClassVar[str] = "login-profile"
    use_reads: ClassVar[tuple[str, ...]] = ("GetUser", "ListMFADevices", "ListAccessKeys")

    @property
    def before(self) -> Image:
        """There is no password."""
        return None

    @property
    def after(self) -> Image:
        """There is a password."""
        return {"reset_required": self.reset_required}

    def is_needless(self, actual: Image) -> bool:
        """Return whether there is one, whatever it is like."""
        return actual is not None

    def made_at(self, observer: Observer) -> datetime | None:
        """Return when the password was made."""
        found = observer.login_profile(self.user)
        return found.get("CreateDate") if found else None

    def call(self) -> IamCall:
        """Return the call."""
        return self._setting(self.operation)

    def renewal(self) -> IamCall:
        """Return the call that sets the password anew when a run died without telling it."""
        return self._setting("UpdateLoginProfile")

    def undo(self, actual: Image) -> tuple[IamCall, ...]:
        """Return the deletion."""
        del actual
        return (IamCall("DeleteLoginProfile", self.subject()),)

    def forecast(self, account: Forecast) -> None:
        """Set the password."""
        self._set_password(account)

    def signs_of_use(self, api: AwsApi) -> tuple[Message, ...]:
        """Return the signs that somebody has used this user."""
        return in_use.by_person(api, self.user)


@dataclass(frozen=True, slots=True)
class ReplacePassword(_LoginProfile):
    """Set a temporary password in the place of a user's own.

    Attributes:
        replaced: whether the old one had to be changed at the next sign-in.
    """

    noun: ClassVar[str] = "password"
    reversible: ClassVar[bool] = False
    replaced: bool

    @property
    def operation(self) -> str:
        """IAM's operation."""
        return "UpdateLoginProfile"

    @property
    def before(self) -> Image:
        """There is a password; nobody can read which."""
        return {"reset_required": self.replaced}

    @property
    def after(self) -> Image:
        """There is a password, of which AWS tells no more than of the old one."""
        return {"reset_required": self.reset_required}

    def state(self, actual: Image) -> ObservedState:
        """Return BEFORE wherever there is a password: only the journal knows whose it is."""
        return ObservedState.OTHER if actual is None else ObservedState.BEFORE

    def call(self) -> IamCall:
        """Return the call."""
        return self._setting(self.operation)

    def undo(self, actual: Image) -> tuple[IamCall, ...]:
        """Return nothing: nobody knows the old one."""
        del actual
        return ()

    def forecast(self, account: Forecast) -> None:
        """Set the new password."""
        self._set_password(account)


@dataclass(frozen=True, slots=True)
class DeleteLoginProfile(_LoginProfile):
    """Take a user's console password away.

    Attributes:
        reset_required: whether it had to be changed at the next sign-in.
    """

    noun: ClassVar[str] = "login-profile"
    reversible: ClassVar[bool] = False

    @property
    def before(self) -> Image:
        """There is a password."""
        return {"reset_required": self.reset_required}

    @property
    def after(self) -> Image:
        """There is none."""
        return None

    def undo(self, actual: Image) -> tuple[IamCall, ...]:
        """Return nothing: nobody knows the password."""
        del actual
        return ()

    def forecast(self, account: Forecast) -> None:
        """Take the password away."""
        account.change_user(self.user, password=None)


SetsPassword = CreateLoginProfile | ReplacePassword
"""The changes that set a temporary password."""
