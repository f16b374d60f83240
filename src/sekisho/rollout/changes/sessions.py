"""Ending the sessions of `aws login` and of agents, which outlive a password and a device.

A session that is ended can be renewed no more. The credentials that it has got already live on: a
CLI's for fifteen minutes, an agent's for an hour at most.

Source: botocore's model of `signin` (ListSessions, BatchRevokeSessions);
docs/signin.md#sessions-of-aws-login.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from sekisho.errors import AwsRefused
from sekisho.messages import Message
from sekisho.rollout.changes.model import Change, Forecast, IamCall, Image, ObservedState
from sekisho.rollout.changes.observer import Observer

PARTITIONS = frozenset({"aws"})
"""Where the API takes the owner of sessions: its model knows ARNs of this partition alone."""

_AT_ONCE = 5
_WAY_OUT = Message(
    "all else of the plan is done; apply it again as somebody who may call signin:ListSessions and "
    "signin:BatchRevokeSessions, or make it again with `--keep-sessions`"
)


@dataclass(frozen=True, slots=True)
class EndSignInSessions(Change):
    """End every session of `aws login` and of agents that a user has when it is done.

    Which there are nobody knows before: each is begun and ended by the user. So nothing is compared
    with what the plan has seen, and what is begun later is not the plan's.

    Attributes:
        arn: the user's.
    """

    noun: ClassVar[str] = "sign-in-sessions"
    service: ClassVar[str] = "signin"
    reads: ClassVar[tuple[str, ...]] = ("ListSessions",)
    events: ClassVar[tuple[str, ...]] = ("BatchRevokeSessions",)
    reversible: ClassVar[bool] = False
    lasts: ClassVar[bool] = False
    way_out: ClassVar[Message | None] = _WAY_OUT
    user: str
    arn: str

    @property
    def operation(self) -> str:
        """The operation of AWS Sign-In."""
        return "BatchRevokeSessions"

    @property
    def address(self) -> str:
        """The user."""
        return f"{self.noun} {self.user}"

    @property
    def before(self) -> Image:
        """Not known: sessions come and go."""
        return None

    @property
    def after(self) -> Image:
        """They are ended."""
        return "ended"

    def state(self, actual: Image) -> ObservedState:
        """Return that it is still to do: the journal alone tells whether it was done."""
        del actual
        return ObservedState.BEFORE

    def read(self, observer: Observer) -> Image:
        """Return nothing: what there is matters only when it is ended."""
        del observer

    @property
    def owners(self) -> tuple[str, ...]:
        """The ARNs by which AWS may name the user as the owner: with the path, and without."""
        plain = f"{self.arn.partition(':user/')[0]}:user/{self.user}"
        return tuple(dict.fromkeys((self.arn, plain)))

    def subject(self) -> Mapping[str, Any]:
        """Return whose sessions.

        AWS's model has no path in the ARN of an owner: for a user with a path the sessions of the
        account are asked for.
        """
        start, _, account = self.arn.partition(":user/")[0].rpartition(":")
        plain = self.arn == f"{start}:{account}:user/{self.user}"
        return {"principalArn": self.arn if plain else f"{start}:{account}:*"}

    def call(self) -> IamCall:
        """Return the call, as far as it is known before the sessions are listed."""
        return IamCall(self.operation, self.subject(), self.service)

    def calls(self, observer: Observer) -> Iterator[IamCall]:
        """Yield the calls that end the sessions that there are, five at a time."""
        listed = observer.sign_in_sessions(**self.subject())
        found = [each["sessionArn"] for each in listed if each["principalArn"] in self.owners]
        for first in range(0, len(found), _AT_ONCE):
            some = found[first : first + _AT_ONCE]
            yield IamCall(self.operation, {**self.subject(), "sessionArns": some}, self.service)

    def check_answer(self, answer: Mapping[str, Any]) -> None:
        """See that every session of a call was ended.

        Raises:
            AwsRefused: if one was not.
        """
        for error in answer.get("errors", ()):
            message = f"{error.get('sessionArn', '')}: {error.get('message', '')}"
            raise AwsRefused(self.operation, str(error.get("code", "Unknown")), message, 0)

    def undo(self, actual: Image) -> tuple[IamCall, ...]:
        """Return nothing: the user signs in again."""
        del actual
        return ()

    def forecast(self, account: Forecast) -> None:
        """Change nothing: a snapshot has no sessions."""
        del account
