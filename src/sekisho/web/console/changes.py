"""Several calls that make one change at the console, and the messages when some are refused.

AWS has no transaction: what was done before a refusal stays. So a page says what was done, what was
refused with AWS's own text, and what was not tried.
"""

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Any

from sekisho.errors import AwsRefused
from sekisho.lazy import dataclass
from sekisho.messages import Message, listed, verbatim
from sekisho.web.browsers import FlashKind
from sekisho.web.console.session import attempt
from sekisho.web.site import flash, text


@dataclass(frozen=True, slots=True)
class ConsoleCall:
    """One call of IAM that a form makes.

    Attributes:
        said: what it does, like "attach the policy Force_MFA".
        operation: its name, like `AttachUserPolicy`.
        parameters: what it is called with; may hold a password.
    """

    said: Message
    operation: str
    parameters: Mapping[str, object] = field(repr=False)


@dataclass(frozen=True, slots=True)
class RefusedCall:
    """A call that AWS refused."""

    change: ConsoleCall
    refused: AwsRefused


@dataclass(frozen=True, slots=True)
class CallResults:
    """The results of several calls.

    Attributes:
        done: what was done.
        refusals: what AWS refused.
        left: what was not tried after a refusal.
    """

    done: tuple[ConsoleCall, ...]
    refusals: tuple[RefusedCall, ...]
    left: tuple[ConsoleCall, ...]

    @property
    def whole(self) -> bool:
        """Whether everything was done."""
        return not self.refusals

    def has_done(self, operation: str) -> bool:
        """Return whether a call of this operation was done."""
        return any(each.operation == operation for each in self.done)

    def flash(self, success: Message) -> None:
        """Have the next page say what was done and what was not."""
        if self.whole:
            flash(FlashKind.SUCCESS, success)
            return
        if self.done:
            flash(FlashKind.WARNING, text("changes.in_part", done=_descriptions(self.done)))
        for each in self.refusals:
            refused = text("changes.refused", change=each.change.said)
            flash(FlashKind.ERROR, refused, each.refused.aws_message)
        if self.left:
            flash(FlashKind.INFO, text("changes.not_tried", left=_descriptions(self.left)))


def carry_out(changes: Iterable[ConsoleCall], *, stops: bool = False) -> CallResults:
    """Make calls one after the other, as the signed-in user.

    Args:
        changes: what is to be done.
        stops: whether the first refusal ends it; otherwise the others are tried nevertheless.

    Raises:
        AwsRefused: if the session has ended; the next page says what had been done.
    """
    waiting, done, refusals = list(changes), list[ConsoleCall](), list[RefusedCall]()
    while waiting and not (stops and refusals):
        change = waiting.pop(0)
        answer = _make(change, done)
        if isinstance(answer, AwsRefused):
            refusals.append(RefusedCall(change, answer))
        else:
            done.append(change)
    return CallResults(tuple(done), tuple(refusals), tuple(waiting))


def console_call(
    key: str, operation: str, /, parameters: Mapping[str, object], **values: str
) -> ConsoleCall:
    """Return a change whose text is in `[changes]` of the table `web`.

    Args:
        key: the text's name there.
        operation: the call's.
        parameters: the call's.
        **values: names that the text's places are filled with.
    """
    places = {name: verbatim(value) for name, value in values.items()}
    return ConsoleCall(text(f"changes.{key}", **places), operation, parameters)


def _make(change: ConsoleCall, done: list[ConsoleCall]) -> Any:
    """Return AWS's answer to a change, or the `AwsRefused`."""
    try:
        return attempt("iam", change.operation, **change.parameters)
    except AwsRefused:
        if done:
            flash(FlashKind.WARNING, text("changes.in_part", done=_descriptions(done)))
        raise


def _descriptions(changes: Iterable[ConsoleCall]) -> Message:
    return listed(each.said for each in changes)
