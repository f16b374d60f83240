"""What every change has: an address, the fact there before and after it, and how to get there.

A change is about one fact of the account, named by its `address`: that a policy is what it is, that
it is attached to somebody, that somebody is in a group. `before` is that fact when the plan was
made, `after` what the change makes of it; both are JSON. Anything else that is found there was done
by somebody else, and is not ours to touch.

All that belongs to a kind of change stands in its class: how its fact is read, the call that makes
it, the calls that take it back, the events by which others change the fact, and the account as it
is afterwards. `changes.KINDS` lists the classes.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, ClassVar

from sekisho.account import AwsApi, Snapshot
from sekisho.messages import Message
from sekisho.rollout.changes.observer import Observer

Image = Any
"""One fact of the account as JSON: None or false where there is no such thing."""


class ObservedState(Enum):
    """What is found at the address of a change."""

    BEFORE = "as before the change"
    AFTER = "as after the change"
    OTHER = "something else"


@dataclass(frozen=True, slots=True)
class IamCall:
    """One call, mostly of IAM, in AWS's names; a password is added by the executor alone."""

    operation: str
    params: Mapping[str, Any]
    service: str = "iam"


class Looks:
    """New looks at an account, one for each change.

    Where the facts of many changes stand in one list, the list is read again only after a while:
    a change that somebody else makes meanwhile is found a little later.
    """

    _LASTS = timedelta(seconds=30)

    def __init__(self, api: AwsApi, now: Callable[[], datetime]) -> None:
        self._api, self._now = api, now
        self._shared, self._since = Observer(api), now()

    def at(self, change: "Change") -> Observer:
        """Return an observer for what a change is about."""
        if not change.shares_look:
            return Observer(self._api)
        if not timedelta() <= self._now() - self._since < self._LASTS:
            self._shared, self._since = Observer(self._api), self._now()
        return self._shared


class Forecast:
    """An account as it is going to be: changes are made in it one after another.

    A snapshot is a value; a copy of one for each change would be quadratic in large accounts.

    Attributes:
        users: by name.
        groups: by name.
        policies: by ARN.
        unassigned_devices: by serial number.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._start = snapshot
        self.users = {user.name: user for user in snapshot.users}
        self.groups = {group.name: group for group in snapshot.groups}
        self.policies = dict(snapshot.policies)
        self.unassigned_devices = {each.serial: each for each in snapshot.unassigned_devices}

    @property
    def taken_at(self) -> datetime:
        """When the account was read."""
        return self._start.taken_at

    def arn(self, resource: str) -> str:
        """Return the ARN of something of IAM in the account, such as `user/dev/hanako`."""
        return f"arn:{self._start.partition}:iam::{self._start.account}:{resource}"

    def change_user(self, name: str, **fields: Any) -> None:
        """Give a user other values in some fields, if there is such a user."""
        if name in self.users:
            self.users[name] = replace(self.users[name], **fields)

    def change_group(self, name: str, **fields: Any) -> None:
        """Give a group other values in some fields, if there is such a group."""
        if name in self.groups:
            self.groups[name] = replace(self.groups[name], **fields)

    def snapshot(self) -> Snapshot:
        """Return the account as it is now; who is new has a place by name."""
        start = self._start
        users, groups = [*self.users.values()], [*self.groups.values()]
        if len(users) != len(start.users):
            users.sort(key=lambda user: user.name)
        if len(groups) != len(start.groups):
            groups.sort(key=lambda group: group.name)
        return replace(
            start,
            users=tuple(users),
            groups=tuple(groups),
            policies=dict(self.policies),
            unassigned_devices=tuple(self.unassigned_devices.values()),
        )


@dataclass(frozen=True, slots=True)
class Change(ABC):
    """One change of one fact; the fields of a kind say which."""

    noun: ClassVar[str]
    """What the address begins with; changes of one fact have it in common."""
    reads: ClassVar[tuple[str, ...]]
    """The operations that tell what is there."""
    events: ClassVar[tuple[str, ...]]
    """The events in CloudTrail by which the fact is changed, by whomever."""
    use_reads: ClassVar[tuple[str, ...]] = ()
    """The operations that tell whether what was made has come into use."""
    reversible: ClassVar[bool] = True
    """Whether a roll-back can bring back what was there."""
    shares_look: ClassVar[bool] = False
    """Whether the fact is read by one list that serves many changes."""
    service: ClassVar[str] = "iam"
    """Whose operations these are, by botocore's name."""
    lasts: ClassVar[bool] = True
    """Whether what it makes stays so; else the journal alone tells that it was done."""
    way_out: ClassVar[Message | None] = None
    """What to do where AWS refuses it, if that is no matter of the call alone."""

    @property
    def operation(self) -> str:
        """IAM's operation that makes the change; most kinds have its name."""
        return type(self).__name__

    @property
    def person(self) -> str:
        """The user whom the change names; "" if none."""
        return getattr(self, "user", "")

    @property
    @abstractmethod
    def address(self) -> str:
        """What this change is about."""

    @property
    @abstractmethod
    def before(self) -> Image:
        """The fact when the plan was made."""

    @property
    @abstractmethod
    def after(self) -> Image:
        """The fact once the change is made."""

    def state(self, actual: Image) -> ObservedState:
        """Return which of its images the change finds."""
        if actual == self.before:
            return ObservedState.BEFORE
        return ObservedState.AFTER if actual == self.after else ObservedState.OTHER

    def is_needless(self, actual: Image) -> bool:
        """Return whether what made the change needless, when the plan was made, is still so."""
        return bool(actual == self.after)

    @abstractmethod
    def read(self, observer: Observer) -> Image:
        """Return what is there, in the form of the images.

        Raises:
            AwsRefused: if it cannot be told.
        """

    def read_operations(self) -> tuple[str, ...]:
        """Return the operations by which `read` asks."""
        return self.reads

    def change_events(self) -> tuple[str, ...]:
        """Return the events in CloudTrail by which this very fact is changed."""
        return self.events

    def made_at(self, observer: Observer) -> datetime | None:
        """Return when AWS says that the fact came to be so; None where it tells no date of that.

        Of a user or a group IAM tells a date, too, but it is not of what is changed in them.

        Raises:
            AwsRefused: if it cannot be told.
        """
        del observer  # most kinds have no such date
        return None

    @abstractmethod
    def subject(self) -> Mapping[str, Any]:
        """Return the parameters that say what the change is about."""

    def call(self) -> IamCall:
        """Return the call that makes the change."""
        return IamCall(self.operation, self.subject())

    def calls(self, observer: Observer) -> Iterable[IamCall]:
        """Return the calls that make the change: one, but for who looks first what there is.

        Raises:
            AwsRefused: if that cannot be told.
        """
        del observer  # most kinds know it from the plan
        return (self.call(),)

    def check_answer(self, answer: Mapping[str, Any]) -> None:
        """See that AWS did what a call asked for; most operations refuse the whole call.

        Raises:
            AwsRefused: if it did a part of it.
        """
        del answer

    @abstractmethod
    def undo(self, actual: Image) -> tuple[IamCall, ...]:
        """Return the calls that bring `actual`, which the change made, back to its before-image.

        None are returned for what AWS cannot give back.
        """

    @abstractmethod
    def forecast(self, account: "Forecast") -> None:
        """Make the change in the account as it is going to be."""

    def signs_of_use(self, api: AwsApi) -> tuple[Message, ...]:
        """Return what keeps a thing that this made from being removed; empty if nothing does.

        Raises:
            AwsRefused: if that cannot be told.
        """
        del api  # most kinds make nothing that can come into use
        return ()


@dataclass(frozen=True, slots=True)
class Link(Change):
    """A change that joins two things, or parts them."""

    joins: ClassVar[bool]
    undone_by: ClassVar[str]
    """The operation that takes it back."""

    @property
    def before(self) -> Image:
        """Whether they were joined."""
        return not self.joins

    @property
    def after(self) -> Image:
        """Whether they are joined now."""
        return self.joins

    def undo(self, actual: Image) -> tuple[IamCall, ...]:
        """Return the call of the opposite."""
        del actual
        return (IamCall(self.undone_by, self.subject()),)

    def _linked(self, names: tuple[str, ...], name: str) -> tuple[str, ...]:
        """Return the names with one more, or without it."""
        return (*names, name) if self.joins else tuple(each for each in names if each != name)


def as_tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags as IAM takes them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]
