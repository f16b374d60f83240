"""The base of all changes: an address, the fact there before and after, and the calls between.

A change is about one fact of the account, named by its `address`: that a policy is what it is, that
it is attached to somebody, that somebody is in a group. `before` is that fact when the plan was
made, `after` what the change makes of it; both are JSON. Anything else that is found there was done
by somebody else, and is not ours to touch.

Each kind of change is one declaration: the parameters that say what is changed, the call that makes
the change and the one that takes it back, how the fact is read, the events by which others change
it, and the account as it is afterwards. `kinds.KINDS` is the table of all.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, ClassVar

from sekisho.account import AwsApi, Snapshot
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.rollout.changes.observer import Listing, Observer

State = Any
"""One fact of the account as JSON: None or false where there is no such thing."""


class ObservedState(Enum):
    """Which state of a change is found at its address."""

    BEFORE = "as before the change"
    AFTER = "as after the change"
    OTHER = "something else"


@dataclass(frozen=True, slots=True)
class IamCall:
    """One call, mostly of IAM, in AWS's names; a password is added by the executor alone."""

    operation: str
    params: Mapping[str, Any]
    service: str = "iam"


class Observations:
    """Observations of an account, a new one for each change.

    Where the facts of many changes stand in one listing, it is read again only after a while: a
    change that somebody else makes meanwhile is found a little later.
    """

    _VALID_FOR = timedelta(seconds=30)

    def __init__(self, api: AwsApi, now: Callable[[], datetime]) -> None:
        self._api, self._now = api, now
        self._shared, self._since = Observer(api), now()

    def observer_for(self, change: "Change") -> Observer:
        """Return an observer of what a change is about."""
        return self.shared() if change.shares_listing else Observer(self._api)

    def shared(self) -> Observer:
        """Return the observer that serves many changes for a while."""
        if not timedelta() <= self._now() - self._since < self._VALID_FOR:
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
    """One change of one fact; the fields of a kind say which.

    A kind is a declaration: its fields, and the class variables below. It has methods only where it
    differs from others in more than names.
    """

    noun: ClassVar[str]
    """The first word of the address; changes of one fact have it in common."""
    parameters: ClassVar[Mapping[str, str]]
    """The parameters of AWS's operations that say what is changed, each with the field that has its
    value; the address has these values in this order."""
    options: ClassVar[Mapping[str, str]] = {}
    """The other parameters of the call, each with the field that has its value."""
    made_by: ClassVar[str] = ""
    """AWS's operation that makes the change; "" where it has the name of the kind."""
    undone_by: ClassVar[str] = ""
    """The operation that takes it back, if it needs `parameters` alone."""
    reversible: ClassVar[bool] = True
    """Whether a roll-back can bring back what was there."""
    reads: ClassVar[tuple[str, ...]] = ()
    """The operations that tell what is there."""
    events: ClassVar[tuple[str, ...]]
    """The events in CloudTrail by which the fact is changed, by anybody."""
    use_reads: ClassVar[tuple[str, ...]] = ()
    """The operations that tell whether what was made has come into use."""
    shares_listing: ClassVar[bool] = False
    """Whether the fact is read from one listing that serves many changes."""
    service: ClassVar[str] = "iam"
    """The service that has these operations, by botocore's name."""
    persists: ClassVar[bool] = True
    """Whether what it makes stays so; else the journal alone tells that it was done."""
    stops_if_used: ClassVar[bool] = False
    """Whether it is not made where its thing is in use again: no plan has done that."""
    fix_if_refused: ClassVar[Message | None] = None
    """What to do where AWS refuses it, if that is no matter of the call alone."""

    @property
    def operation(self) -> str:
        """AWS's operation that makes the change."""
        return self.made_by or type(self).__name__

    @property
    def person(self) -> str:
        """The user whom the change names; "" if none."""
        return getattr(self, self.parameters["UserName"]) if "UserName" in self.parameters else ""

    @property
    def address(self) -> str:
        """The name of the fact that is changed."""
        return " ".join((self.noun, *(getattr(self, name) for name in self.parameters.values())))

    @property
    @abstractmethod
    def before(self) -> State:
        """The fact when the plan was made."""

    @property
    @abstractmethod
    def after(self) -> State:
        """The fact once the change is made."""

    def compare(self, actual: State) -> ObservedState:
        """Return which of its states the change finds."""
        if actual == self.before:
            return ObservedState.BEFORE
        return ObservedState.AFTER if actual == self.after else ObservedState.OTHER

    def is_needless(self, actual: State) -> bool:
        """Return whether what made the change needless, when the plan was made, is still so."""
        return bool(actual == self.after)

    @abstractmethod
    def read(self, observer: Observer) -> State:
        """Return the present state, in the form of `before` and `after`.

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

    def subject(self) -> Mapping[str, Any]:
        """Return the parameters that say what the change is about."""
        return {key: getattr(self, name) for key, name in self.parameters.items()}

    def call(self) -> IamCall:
        """Return the call that makes the change."""
        options = {key: getattr(self, name) for key, name in self.options.items()}
        if "Tags" in options:
            options["Tags"] = as_tags(options["Tags"])
        return IamCall(self.operation, {**self.subject(), **options}, self.service)

    def calls(self, observer: Observer) -> Iterable[IamCall]:
        """Return the calls that make the change: one, or what is read first tells how many.

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

    def undo(self, actual: State) -> tuple[IamCall, ...]:
        """Return the calls that bring `actual`, which the change made, back to what was before.

        None are returned for what AWS cannot give back.
        """
        del actual  # most kinds know the call without it
        return (IamCall(self.undone_by, self.subject()),) if self.undone_by else ()

    @abstractmethod
    def forecast(self, account: "Forecast") -> None:
        """Make the change in the account as it is going to be."""

    def in_use_because(self, api: AwsApi) -> tuple[Message, ...]:
        """Return why the thing that this made cannot be removed; empty if it can.

        Raises:
            AwsRefused: if that cannot be told.
        """
        del api  # most kinds make nothing that can come into use
        return ()

    def _parts(self, names: tuple[str, ...]) -> State:
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class Creation(Change):
    """A change that makes something where there is nothing."""

    parts: ClassVar[tuple[str, ...]]
    """The fields that make up the fact once there is one."""

    @property
    def before(self) -> State:
        """There is no such thing."""
        return None

    @property
    def after(self) -> State:
        """The thing."""
        return self._parts(self.parts)

    def is_needless(self, actual: State) -> bool:
        """Return whether there is one, in any state."""
        return actual is not None


@dataclass(frozen=True, slots=True)
class Removal(Change):
    """A change that takes something away which AWS cannot give back."""

    reversible = False
    parts: ClassVar[tuple[str, ...]]
    """The fields that make up the fact while there is one."""

    @property
    def before(self) -> State:
        """The thing."""
        return self._parts(self.parts)

    @property
    def after(self) -> State:
        """There is no such thing."""
        return None


@dataclass(frozen=True, slots=True)
class Toggle(Change):
    """A change of something that is so or is not: attached, or active."""

    turns_on: ClassVar[bool]
    off_and_on: ClassVar[tuple[Message, Message]] = (
        Message("not attached"),
        Message("attached"),
    )
    """How people are told that it is not so, and that it is."""

    @property
    def before(self) -> State:
        """Whether it was so."""
        return not self.turns_on

    @property
    def after(self) -> State:
        """Whether it is so now."""
        return self.turns_on


@dataclass(frozen=True, slots=True)
class Link(Toggle):
    """A change that attaches one thing to another, or detaches it."""

    listing: ClassVar[Listing]
    """Where it is read whether they are attached."""

    def read(self, observer: Observer) -> State:
        """Return whether they are attached."""
        subject = self.subject()
        names = observer.names(self.listing, subject[self.listing.owner]) or ()
        return subject[self.listing.item] in names

    def read_operations(self) -> tuple[str, ...]:
        """Return the operation of the listing."""
        return (self.listing.operation,)

    def finds_owner(self, observer: Observer) -> bool:
        """Return whether the thing is there whose listing `read` asks for."""
        return observer.names(self.listing, self.subject()[self.listing.owner]) is not None

    def _changed(self, names: tuple[str, ...], name: str) -> tuple[str, ...]:
        """Return the names with one more, or without it."""
        return (*names, name) if self.turns_on else tuple(each for each in names if each != name)


def as_tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags as IAM takes them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]
