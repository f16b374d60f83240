"""The times of a request, and at which its session was issued."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from sekisho.engine.matching import conditions
from sekisho.prover.reading.conditions import OperatorFamily, VersionedCondition, family_of
from sekisho.prover.solver.limits import Effort
from sekisho.prover.solver.theories import KeyValues
from sekisho.signin import LONGEST_CONSOLE_SESSION

TIMES = frozenset({"aws:currenttime", "aws:epochtime", "aws:tokenissuetime"})
"""The keys of times, in lower case."""

_OF_TIMES = frozenset({OperatorFamily.DATE, OperatorFamily.NUMBER, OperatorFamily.PRESENCE})
LONGEST_SESSION = int(LONGEST_CONSOLE_SESSION.total_seconds())
"""Seconds that a session lives at most: a sign-in to the console, by a user or with a role.

Source: IAM API Reference, `MaxSigninSessionDuration`. Sessions of STS live for 36 hours at most, a
role's for 12.
"""

_LAST = int(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp())
"""The last second that can be written: no request comes later."""

_A_VALUE = 50
"""Steps that a value of several keys counts for: it takes room, too."""


class Session(NamedTuple):
    """What is known of the session of a request.

    Attributes:
        issued: whether there is one.
        none: whether there is none.
    """

    issued: bool
    none: bool


def times_for(
    asked: Sequence[VersionedCondition], now: datetime, session: Session, effort: Effort
) -> tuple[list[KeyValues], bool]:
    """Return the times of request and sign-in that conditions tell apart; and if these are all.

    Args:
        asked: the conditions on them.
        now: the time of the earliest request.
        session: what is known of the session.
        effort: what may still be spent.
    """
    constants = [
        int(read)
        for each in asked
        for text in each.condition.values
        if (read := conditions.date(text)) is not None and 0 <= read <= _LAST
    ]
    near = sorted({t for c in constants for t in (c - 1, c, c + 1) if t <= _LAST})
    first = int(now.timestamp())
    found: list[KeyValues] = []
    for at in (first, *(each for each in near if each > first)):
        when = {"aws:CurrentTime": _iso(at), "aws:EpochTime": str(at)}
        oldest = at - LONGEST_SESSION
        issued = (at, oldest, *(each for each in near if oldest < each < at))
        effort.spend(len(near) + _A_VALUE * len(issued))
        if not session.issued:
            found.append(when)
        if not session.none:
            found += [{**when, "aws:TokenIssueTime": _iso(each)} for each in issued]
    return found, {family_of(each.condition.operator.name) for each in asked} <= _OF_TIMES


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
