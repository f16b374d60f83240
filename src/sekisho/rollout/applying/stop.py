"""The call at which a run stopped: of an apply or a roll-back."""

from sekisho.account import REJECTED_CREDENTIALS, THROTTLED
from sekisho.errors import AwsRefused
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.rollout.changes.model import Change

_PASSING = frozenset(
    {
        *("NoSuchEntity", "EntityAlreadyExists", "EntityTemporarilyUnmodifiable"),
        *("ConcurrentModification", "ServiceFailure", "ServiceUnavailable"),
        *THROTTLED,
        *("ConnectTimeoutError", "ConnectionClosedError", "ReadTimeoutError"),
        *("EndpointConnectionError", "IncompleteReadError"),
    }
)
REFUSALS = range(400, 500)
"""HTTP statuses by which AWS says that it did nothing."""
_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class Stop:
    """The call at which a run stopped.

    Attributes:
        address: the change it was for; "" if it was a look at the account before the first.
        aws_code: AWS's error code, or the client's if no answer came.
        fix: what to do about it; None if nothing is known.
        status: the HTTP status; 0 if no answer came.
    """

    address: str
    operation: str
    aws_code: str
    message: str
    fix: Message | None = None
    status: int = 0

    @classmethod
    def at(cls, error: AwsRefused, change: Change | None = None) -> "Stop":
        """Return the stop at what AWS refused."""
        code, message, fix = error.aws_code, error.aws_message, error.fix
        if change is not None and change.fix_if_refused is not None:
            fix = change.fix_if_refused
        address = "" if change is None else change.address
        return cls(address, error.operation, code, message, fix, error.status)

    @property
    def passes(self) -> bool:
        """Whether it may pass by itself: throttling, a lost answer, a thing AWS has yet to know."""
        return self.status >= _SERVER_ERROR or self.aws_code in _PASSING

    @property
    def concerns_one_call(self) -> bool:
        """Whether AWS has refused this call, and another may well be answered."""
        return (
            self.status in REFUSALS
            and not self.passes
            and self.aws_code not in REJECTED_CREDENTIALS
        )
