"""The decision log: who asked for what, and why it was answered so.

Nothing of a request but its action and resource gets here, so no secret can.
"""

import logging
from collections import deque
from dataclasses import dataclass
from datetime import datetime

from sekisho.engine import Decision
from sekisho.signin import CredentialKind, Rule

_LOGGER = logging.getLogger("sekisho.localaws")


@dataclass(frozen=True, slots=True)
class LoggedDecision:
    """One answer.

    Attributes:
        at: the time by the local AWS's own clock.
        caller: the caller's ARN.
        action: the IAM action, like `s3:ListAllMyBuckets`.
        resource: an ARN, `*`, or None if it was not known.
        mfa: whether the request counted as made with MFA.
        decision: the engine's decision; None where a service's own rule decided.
        rule: the service's own rule; None where the policies decided.
        allowed: whether it went through to the service.
        note: what else was said, such as AWS's error code.
    """

    at: datetime
    caller: str
    credential: CredentialKind
    action: str
    resource: str | None
    mfa: bool
    allowed: bool
    decision: Decision | None = None
    rule: Rule | None = None
    note: str = ""


class DecisionLog:
    """The latest entries, the oldest first; each also goes to the logger `sekisho.localaws`."""

    def __init__(self, size: int = 2000) -> None:
        self._entries: deque[LoggedDecision] = deque(maxlen=size)

    def add(self, entry: LoggedDecision) -> None:
        """Keep an entry and log it."""
        self._entries.append(entry)
        causes = entry.decision.because if entry.decision is not None else ()
        _LOGGER.info(
            "%s %s %s on %s by %s: %s",
            "allow" if entry.allowed else "deny",
            entry.credential.value,
            entry.action,
            entry.resource if entry.resource is not None else "a resource that is not known",
            entry.caller,
            "; ".join(f"{cause.policy} [{cause.sid or cause.index}]" for cause in causes)
            or entry.rule
            or entry.note,
        )

    def entries(self) -> tuple[LoggedDecision, ...]:
        """Return the entries that are kept, the oldest first."""
        return tuple(self._entries)

    def last(self, action: str = "") -> LoggedDecision | None:
        """Return the newest entry, of `action` if that is given."""
        for entry in reversed(self.entries()):
            if not action or entry.action == action:
                return entry
        return None
