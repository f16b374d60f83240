"""What people hold: of whom it could not be read, never taken for nothing; what they will get."""

from sekisho.account import Snapshot
from sekisho.errors import Code, PlanRefused
from sekisho.messages import Message

_LENGTH = 20
"""Long enough for every account whose password policy does not ask for more."""

UNREAD = Message("cannot be told: what they hold was not read ({what})")
UNLISTED = Message("cannot be told: not all users were read")


def check_listed(snapshot: Snapshot) -> None:
    """See that the users were read: else nobody can be meant.

    Raises:
        PlanRefused: if they were not, with AWS's answer.
    """
    gap = snapshot.unlisted
    if gap is not None:
        raise PlanRefused(
            Message("who the users are could not be read: `{operation}`: {cause}").filled(
                operation=gap.operation, cause=gap.cause
            ),
            code=Code.PLAN_INCOMPLETE,
            fix=Message(
                "let the caller read the account: `sekisho collect --print-policy` says how"
            ),
        )


def temporary_length(snapshot: Snapshot) -> int:
    """Return how many characters a temporary password gets: as many as the account asks for."""
    policy = snapshot.password_policy
    return max(_LENGTH, policy.minimum_length if policy else 0)
