"""Performing a step: calls are made, answers compared, then a `TourStep` is made.

There is no other way to make a `TourStep`: one in which nothing was performed, or whose answer was
not the expected one, raises.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from datetime import timedelta
from types import TracebackType
from typing import Any, Self, TypeVar

from sekisho.account import AwsApi, Pace
from sekisho.engine import Cause, DecisionEffect
from sekisho.errors import AwsRefused, InternalError, SekishoError, UnexpectedAnswer
from sekisho.lazy import dataclass
from sekisho.localaws import LocalAws, LoggedDecision
from sekisho.messages import Message
from sekisho.tour.rehearsal.steps import (
    DONE,
    OK,
    Cell,
    Chapter,
    Check,
    Exchange,
    Expected,
    FactTable,
    Narration,
    StepCredential,
    TourStep,
)

_NOTHING_ALLOWS = Message("no statement allows it")


class DecisionReader:
    """Reads the local AWS's decision log, so that a step can say why AWS answered as it did."""

    def __init__(self, local: LocalAws) -> None:
        self._local = local
        self._last: LoggedDecision | None = None
        self._assumed: set[str] = set()

    def new_reasons(self, *, refused: bool = False) -> tuple[Cell, ...]:
        """Return the reasons of the decisions since the last call, each once.

        Of a refused call only what refused it: a service may refuse what the policies allow.
        """
        entries = self._local.log.entries()
        fresh: list[LoggedDecision] = []
        for entry in reversed(entries):
            if entry is self._last:
                break
            fresh.append(entry)
        self._last = entries[-1] if entries else None
        for entry in fresh:
            self._assumed.update(entry.decision.assumed if entry.decision is not None else ())
        counted = [entry for entry in reversed(fresh) if not (refused and entry.allowed)]
        return tuple(dict.fromkeys(reason for entry in counted for reason in _why(entry)))

    def new_assumptions(self) -> tuple[str, ...]:
        """Return the names of the assumptions that mattered since this was last asked."""
        names, self._assumed = tuple(sorted(self._assumed)), set()
        return names


def _why(entry: LoggedDecision) -> Iterator[Cell]:
    if entry.rule is not None:
        yield entry.rule.text
    if entry.decision is None:
        return
    if entry.decision.effect is DecisionEffect.IMPLICITLY_DENIED:
        yield _NOTHING_ALLOWS
    for cause in entry.decision.because:
        yield _named(cause)


def _named(cause: Cause) -> str:
    name = cause.policy.rsplit("/", 1)[-1]
    return f"{name} [{cause.sid or cause.index}]"


T = TypeVar("T")

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
class Client:
    """Somebody's API client: it signs with one of their credentials."""

    name: str
    credential: StepCredential
    api: AwsApi


def _target(parameters: Mapping[str, object]) -> str:
    """Return what a call is about, ARNs by their last part."""
    values = (parameters.get(name) for name in _TARGETS)
    return " ".join(str(value).rsplit("/", 1)[-1] for value in values if value is not None)


@dataclass(slots=True)
class StepRecorder:
    """One step while it is being performed: a context manager."""

    narration: Narration
    decisions: DecisionReader
    _exchanges: list[Exchange] = field(default_factory=list)
    _checks: list[Check] = field(default_factory=list)
    _tables: list[FactTable] = field(default_factory=list)
    _notes: list[Message] = field(default_factory=list)
    _moved: timedelta = timedelta()
    _done: TourStep | None = None

    def __enter__(self) -> Self:
        # what was decided before is not this step's
        self.decisions.new_reasons()
        self.decisions.new_assumptions()
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
            self._done = self._finished()

    def _finished(self) -> TourStep:
        if not self._exchanges and not self._checks:
            raise InternalError("a step of the tour in which nothing was performed", at=self.id)
        return TourStep(
            id=self.id,
            chapter=Chapter(int(self.id.split(".", 1)[0])),
            section=self.narration.section,
            title=self.narration.title,
            why=self.narration.why,
            exchanges=tuple(self._exchanges),
            checks=tuple(self._checks),
            tables=tuple(self._tables),
            notes=tuple(self._notes),
            clock_moved=self._moved,
            assumed=self.decisions.new_assumptions(),
        )

    @property
    def id(self) -> str:
        """The step's id."""
        return self.narration.id

    @property
    def done(self) -> TourStep:
        """The finished step.

        Raises:
            InternalError: if the step has not ended well.
        """
        if self._done is None:
            raise InternalError("a step of the tour was asked for before it was done", at=self.id)
        return self._done

    def call(
        self, client: Client, operation: str, expected: Expected = DONE, /, **parameters: object
    ) -> Mapping[str, Any]:
        """Make one call (`service:Operation`) and compare the answer with `expected`.

        Returns:
            AWS's result; empty if the call was refused as expected.
        """
        service, name = operation.split(":", 1)
        result: Mapping[str, Any] = {}
        answer, message = OK, ""
        try:
            result = client.api.call(service, name, **parameters)
        except AwsRefused as refused:
            answer, message = refused.aws_code, refused.aws_message
        exchange = Exchange(
            client.name,
            client.credential,
            operation,
            _target(parameters),
            expected.answer,
            answer,
            message,
        )
        self.record(exchange, expected)
        return result

    def record(self, exchange: Exchange, expected: Expected) -> None:
        """Record a call that was made, with what decided it; raise if its answer is unexpected."""
        explained = replace(
            exchange, because=self.decisions.new_reasons(refused=not exchange.carried_out)
        )
        missing = [part for part in expected.message_parts if part not in explained.message]
        if explained.answer != expected.answer or missing:
            awaited = " ".join((expected.answer, *(f"`{part}`" for part in expected.message_parts)))
            differs = _UNEXPECTED_ANSWER.filled(
                operation=explained.operation,
                caller=explained.caller,
                credential=explained.credential.title,
                expected=awaited,
                answer=explained.answer,
                message=explained.message,
            )
            raise UnexpectedAnswer(differs, at=self.id)
        self._exchanges.append(explained)

    def api_of(self, client: Client) -> "RecordingApi":
        """Return the client's API with every call written into this step."""
        return RecordingApi(client, self._exchanges, self.decisions)

    def check(self, what: Message, expected: object, got: object) -> None:
        """State that `got` must equal `expected`; raise if it does not."""
        if got != expected:
            differs = _UNEXPECTED.filled(
                what=what, expected=_one_line(expected), got=_one_line(got)
            )
            raise UnexpectedAnswer(differs, at=self.id)
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
        self._tables.append(FactTable(title, tuple(columns), tuple(tuple(row) for row in rows)))

    def note(self, text: Message) -> None:
        """Add something that a reader should know."""
        self._notes.append(text)

    def clock_moved(self, by: timedelta) -> None:
        """Say that the local AWS's clock was moved."""
        self._moved += by


_UNEXPECTED_ANSWER = Message(
    "`{operation}` by `{caller}` ({credential}): expected {expected}, got {answer} `{message}`"
)
_UNEXPECTED = Message("{what}: expected `{expected}`, got `{got}`")


def _one_line(value: object) -> str:
    return f"{value}".replace("\n", " ")


def _shown(value: object) -> str:
    if isinstance(value, (list, tuple, set, frozenset)):
        items = [str(item) for item in value]
        return ", ".join(sorted(items) if isinstance(value, (set, frozenset)) else items) or "-"
    return str(value)


IN_ORDER = Pace(workers=1)
"""Reads one thing after the other, so that a step always lists its calls in the same order."""


class RecordingApi:
    """A client's API that writes each call into a step; equal calls are counted together.

    A refused call is written with AWS's answer as the expected one and raised to the function that
    made the call, which knows whether it may happen (a user without password, for one).
    """

    def __init__(
        self, client: Client, exchanges: list[Exchange], decisions: DecisionReader
    ) -> None:
        self._client = client
        self._exchanges = exchanges
        self._decisions = decisions

    def call(self, service: str, operation: str, /, **params: object) -> Mapping[str, Any]:
        """Make one call."""
        return self._written(
            service, operation, params, lambda: self._client.api.call(service, operation, **params)
        )

    def pages(
        self, service: str, operation: str, key: str, /, **params: object
    ) -> Iterator[Mapping[str, Any]]:
        """Make one paged call and give its items."""
        yield from self._written(
            service,
            operation,
            params,
            lambda: list(self._client.api.pages(service, operation, key, **params)),
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
        because = () if reads else self._decisions.new_reasons(refused=answer != OK)
        for place, known in enumerate(self._exchanges):
            if (known.operation, known.answer, known.target) == (operation, answer, target):
                self._exchanges[place] = replace(known, count=known.count + 1)
                return
        # of many refusals of one kind the first one's words would name only the first user
        self._exchanges.append(
            Exchange(
                caller=self._client.name,
                credential=self._client.credential,
                operation=operation,
                target=target,
                expected=answer,
                answer=answer,
                message="" if reads else message,
                because=because,
                background=reads,
            )
        )
