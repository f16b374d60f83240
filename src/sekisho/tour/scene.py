"""Performing a step: calls are made, answers compared with what must come, and only then a `Step`.

There is no other way to make a `Step`: a scene in which nothing was performed, or whose answer was
not the expected one, raises.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import TracebackType
from typing import Any, Self, TypeVar

from sekisho.account import Pace
from sekisho.account.api import AwsApi
from sekisho.errors import AwsRefused, InternalError, SekishoError, UnexpectedAnswer
from sekisho.messages import Message
from sekisho.tour.ear import Ear
from sekisho.tour.step import OK, Cell, Chapter, Check, Exchange, Held, Step, Table, Words

T = TypeVar("T")

__all__ = ["DONE", "IN_ORDER", "Actor", "RecordingApi", "Scene", "Want"]

_TARGETS = (
    "UserName",
    "GroupName",
    "PolicyName",
    "PolicyArn",
    "VirtualMFADeviceName",
    "SerialNumber",
    "RoleArn",
)
"""Parameters that say what a call is about."""


@dataclass(frozen=True, slots=True)
class Want:
    """The answer that must come: `OK`, or AWS's error code and parts of its message."""

    answer: str = OK
    says: tuple[str, ...] = ()


DONE = Want()
"""AWS carries the call out."""


@dataclass(frozen=True, slots=True)
class Actor:
    """A person with something to sign requests with."""

    name: str
    held: Held
    api: AwsApi


def _target(parameters: Mapping[str, object]) -> str:
    """Return what a call is about, ARNs by their last part."""
    values = (parameters.get(name) for name in _TARGETS)
    return " ".join(str(value).rsplit("/", 1)[-1] for value in values if value is not None)


@dataclass(slots=True)
class Scene:
    """One step while it is being performed; used as a context manager."""

    id: str
    section: Message
    words: Words
    ear: Ear
    _exchanges: list[Exchange] = field(default_factory=list)
    _checks: list[Check] = field(default_factory=list)
    _tables: list[Table] = field(default_factory=list)
    _notes: list[Message] = field(default_factory=list)
    _moved: timedelta = timedelta()
    _step: Step | None = None

    def __enter__(self) -> Self:
        # what was decided before is not this step's
        self.ear.heard()
        self.ear.assumed()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, SekishoError) and not isinstance(error, UnexpectedAnswer):
            raise UnexpectedAnswer(error.message, at=self.id, fix=error.fix) from error
        if error is None:
            self._step = self._finished()

    def _finished(self) -> Step:
        if not self._exchanges and not self._checks:
            raise InternalError("a step of the tour in which nothing was performed", at=self.id)
        return Step(
            id=self.id,
            chapter=Chapter(int(self.id.split(".", 1)[0])),
            section=self.section,
            title=self.words.title,
            why=self.words.why,
            exchanges=tuple(self._exchanges),
            checks=tuple(self._checks),
            tables=tuple(self._tables),
            notes=tuple(self._notes),
            clock_moved=self._moved,
            assumed=self.ear.assumed(),
        )

    @property
    def step(self) -> Step:
        """The finished step.

        Raises:
            InternalError: if the scene has not ended well.
        """
        if self._step is None:
            raise InternalError("a step of the tour was asked for before it was done", at=self.id)
        return self._step

    def ask(
        self, actor: Actor, operation: str, want: Want = DONE, /, **parameters: object
    ) -> Mapping[str, Any]:
        """Make one call (`service:Operation`) and compare the answer with `want`.

        Returns:
            AWS's result; empty if the call was refused as expected.
        """
        service, name = operation.split(":", 1)
        result: Mapping[str, Any] = {}
        answer, message = OK, ""
        try:
            result = actor.api.call(service, name, **parameters)
        except AwsRefused as refused:
            answer, message = refused.aws_code, refused.aws_message
        exchange = Exchange(
            actor.name, actor.held, operation, _target(parameters), want.answer, answer, message
        )
        self.record(exchange, want)
        return result

    def record(self, exchange: Exchange, want: Want) -> None:
        """Take in a call that was made, with what decided it; raise if it is not as wanted."""
        told = replace(exchange, because=self.ear.heard(refused=not exchange.carried_out))
        silent = [part for part in want.says if part not in told.message]
        if told.answer != want.answer or silent:
            awaited = " ".join((want.answer, *(f"`{part}`" for part in want.says)))
            raise UnexpectedAnswer(
                f"`{told.operation}` by `{told.caller}` ({told.held.value}): expected {awaited}, "
                f"got {told.answer} `{told.message}`",
                at=self.id,
            )
        self._exchanges.append(told)

    def watch(self, actor: Actor) -> "RecordingApi":
        """Return the actor's API with every call written into this scene."""
        return RecordingApi(actor, self._exchanges, self.ear)

    def check(self, what: Message, expected: object, got: object) -> None:
        """State that `got` must equal `expected`; raise if it does not."""
        if got != expected:
            raise UnexpectedAnswer(
                f"{what.en}: expected `{expected}`, got `{got}`".replace("\n", " "), at=self.id
            )
        self._checks.append(Check(what, _shown(expected), _shown(got)))

    def same(self, what: Message, expected: object, got: object) -> None:
        """State that two things are equal that are too long to show."""
        if got != expected:
            self.check(what, expected, got)
        self.check(what, True, True)

    def table(
        self, title: Message, columns: Sequence[Message], rows: Sequence[Sequence[Cell]]
    ) -> None:
        """Show facts in rows."""
        self._tables.append(Table(title, tuple(columns), tuple(tuple(row) for row in rows)))

    def note(self, text: Message) -> None:
        """Add something that a reader should know."""
        self._notes.append(text)

    def moved(self, step: timedelta) -> None:
        """Say that the endpoint's clock was moved."""
        self._moved += step


def _shown(value: object) -> str:
    if isinstance(value, (list, tuple, set, frozenset)):
        items = [str(item) for item in value]
        return ", ".join(sorted(items) if isinstance(value, (set, frozenset)) else items) or "-"
    return str(value)


IN_ORDER = Pace(workers=1)
"""Reads one thing after the other, so that a scene tells its calls in the same order always."""


class RecordingApi:
    """An actor's API that writes each call into a scene; equal calls are counted together.

    A refused call is written with AWS's answer as the expected one and raised to the room that
    made the call, which knows whether it may happen (a user without password, for one).
    """

    def __init__(self, actor: Actor, exchanges: list[Exchange], ear: Ear) -> None:
        self._actor = actor
        self._exchanges = exchanges
        self._ear = ear

    def call(self, service: str, operation: str, /, **params: object) -> Mapping[str, Any]:
        """Make one call."""
        return self._written(
            service, operation, params, lambda: self._actor.api.call(service, operation, **params)
        )

    def pages(
        self, service: str, operation: str, key: str, /, **params: object
    ) -> Iterator[Mapping[str, Any]]:
        """Make one paged call and give its items."""
        yield from self._written(
            service,
            operation,
            params,
            lambda: list(self._actor.api.pages(service, operation, key, **params)),
        )

    def _written(
        self,
        service: str,
        operation: str,
        params: Mapping[str, object],
        make: Callable[[], T],
    ) -> T:
        try:
            result = make()
        except AwsRefused as refused:
            self._write(f"{service}:{operation}", params, refused.aws_code, refused.aws_message)
            raise
        self._write(f"{service}:{operation}", params, OK, "")
        return result

    def _write(
        self, operation: str, params: Mapping[str, object], answer: str, message: str
    ) -> None:
        reads = operation.split(":", 1)[1].startswith(("Get", "List"))
        target = "" if reads else _target(params)
        because = () if reads else self._ear.heard(refused=answer != OK)
        for place, known in enumerate(self._exchanges):
            if (known.operation, known.answer, known.target) == (operation, answer, target):
                self._exchanges[place] = replace(known, count=known.count + 1)
                return
        # of many refusals of one kind the first one's words would name only the first user
        self._exchanges.append(
            Exchange(
                caller=self._actor.name,
                held=self._actor.held,
                operation=operation,
                target=target,
                expected=answer,
                answer=answer,
                message="" if reads else message,
                because=because,
                background=reads,
            )
        )
