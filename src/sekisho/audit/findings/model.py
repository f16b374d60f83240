"""What the checks of an account look at."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from sekisho.account import Group, Snapshot, User
from sekisho.audit.exceptions import ExceptionKind, Exceptions
from sekisho.audit.finding import Finding, FindingId, found
from sekisho.audit.impact import UserRow
from sekisho.audit.lint import Attachment
from sekisho.engine import AttachedPolicy
from sekisho.messages import Message
from sekisho.prover import Enforced
from sekisho.signin import CONSOLE_SESSION, DeviceKind


@dataclass(frozen=True, slots=True)
class Examined:
    """What the checks look at.

    Attributes:
        enforcing: the policies that enforce MFA for somebody, by name, with how many users.
        enforcing_groups: the groups through which they do.
    """

    snapshot: Snapshot
    rows: tuple[UserRow, ...]
    exceptions: Exceptions
    enforcing: Mapping[str, int]
    enforcing_groups: tuple[str, ...]

    @property
    def someone_is_not_enforced(self) -> bool:
        """Whether somebody is not proved enforced."""
        return any(row.enforcement.enforced is not Enforced.PROVED for row in self.rows)

    def policies(self) -> Iterator[tuple[AttachedPolicy, tuple[Attachment, ...]]]:
        """Yield every policy of users, and as what it decides for any: attached, or a boundary.

        A customer managed policy that nobody has is among them; those of AWS only if in use.
        """
        snapshot = self.snapshot
        lively = {group for user in snapshot.users for group in user.groups}
        groups = [group for group in snapshot.groups if group.name in lively]
        owners: list[User | Group] = [*snapshot.users, *groups]
        having = {
            Attachment.USER: {arn for owner in owners for arn in owner.attached},
            Attachment.BOUNDARY: {user.boundary for user in snapshot.users if user.boundary},
        }
        for arn, managed in snapshot.policies.items():
            uses = tuple(use for use, arns in having.items() if arn in arns)
            if uses or not managed.aws_managed:
                yield AttachedPolicy(arn, managed.document), uses
        for owner in owners:
            yield from ((each, (Attachment.USER,)) for each in owner.inline)


Check = Callable[[Examined], Iterator[Finding]]
"""One family of checks."""

NOT_IN_SNAPSHOT = Message("not in the snapshot")

DEVICE_KINDS: Mapping[DeviceKind, Message] = {
    DeviceKind.VIRTUAL: Message("authenticator app"),
    DeviceKind.FIDO: Message("passkey"),
    DeviceKind.HARDWARE: Message("hardware token"),
}
EXCEPTION_KINDS: Mapping[ExceptionKind, Message] = {
    ExceptionKind.BREAK_GLASS: Message("break-glass"),
    ExceptionKind.MACHINE: Message("machine"),
    ExceptionKind.OTHER: Message("exception"),
}


_LASTS = Message("a sign-in may last {hours} hours (MaxSigninSessionDuration: {seconds})")


def long_session(subject: str, seconds: int | None) -> Iterator[Finding]:
    """Find that the sign-in of a user, or with a role, lasts longer than it usually does."""
    if seconds is not None and timedelta(seconds=seconds) > CONSOLE_SESSION:
        hours = round(seconds / 3_600)
        yield found(FindingId.LONG_SESSION, subject, _LASTS.filled(hours=hours, seconds=seconds))
