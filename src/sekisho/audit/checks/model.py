"""What a finding about an account is, and what the checks look at."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from sekisho.account import Group, Snapshot, User
from sekisho.audit.checks.ids import AccountFindingId
from sekisho.audit.enforced import Enforced
from sekisho.audit.exceptions import Exceptions, Exemption
from sekisho.audit.findings import Severity
from sekisho.audit.lint import Attachment
from sekisho.audit.people import Row
from sekisho.engine import AttachedPolicy
from sekisho.messages import Message

__all__ = ["AccountFinding", "Check", "Examined"]


@dataclass(frozen=True, slots=True)
class AccountFinding:
    """One thing that is wrong with an account, or that could not be told.

    Attributes:
        subject: a user's name, the ARN of a policy, role or device, or `account`.
        fact: the raw fact behind it: what AWS answered, which is English in both languages, or a
            request and its decision.
        known: False if it could not be told whether it is so; `fact` then says why.
        excused: the exception that makes it a mere note, or None.
    """

    id: AccountFindingId
    severity: Severity
    subject: str
    fact: Message
    known: bool = True
    excused: Exemption | None = None


@dataclass(frozen=True, slots=True)
class Examined:
    """What the checks look at.

    Attributes:
        enforcing MFA: the policies that enforce MFA for somebody, by name, with how many users.
        gating_groups: the groups through which they do.
    """

    snapshot: Snapshot
    rows: tuple[Row, ...]
    exceptions: Exceptions
    enforcing: Mapping[str, int]
    enforcing_groups: tuple[str, ...]

    @property
    def someone_is_open(self) -> bool:
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


Check = Callable[[Examined], Iterator[AccountFinding]]
"""One family of checks."""
