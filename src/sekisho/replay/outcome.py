"""The outcomes that the policies in question would have had for a past call."""

from enum import StrEnum

from sekisho.engine import Cause
from sekisho.lazy import dataclass


class CallOutcome(StrEnum):
    """The outcome of a call; every call has exactly one."""

    DENIED = "denied"
    UNCHANGED = "unchanged"
    ALREADY_DENIED = "already denied"
    """The account's policies deny it today: it was made before they did."""
    UNKNOWN = "unknown"
    """It depends on facts that the log does not have."""
    FAILED = "failed"
    """It failed when it was made, regardless of the policies in question."""
    NOT_DENIABLE = "not deniable"
    """No policy of the caller's is evaluated: named, and not counted as unchanged."""
    NOT_BOUND = "not bound"
    """The policies in question do not apply to this caller."""


class OutcomeReason(StrEnum):
    """The reason for an outcome that is not the policies' decision."""

    # unknown
    KEYS = "keys"
    """Context keys that the log does not have."""
    RESOURCE = "resource"
    """The log does not name the resource that a policy tests."""
    ACTION = "action"
    """No IAM action is known for this event, and the service's actions differ."""
    SERVICE = "service"
    """No service prefix is known for this event source."""
    CALLER = "caller"
    """The record does not identify the caller, or not for certain."""
    OWNERS_RECORD = "owner's record"
    """Of what was read, only the owner of a resource or VPC endpoint has a record of it."""
    POLICIES = "policies"
    """A policy that matters is not in the snapshot: a gap, or the one that allowed the call."""
    SEEN_SINCE = "seen since"
    """A user or role that the snapshot lacks, and that called after it was taken."""
    # failed
    UNAUTHORIZED = "unauthorized"
    """It was refused for lack of permission."""
    OTHER_ERROR = "other error"
    DENIED_AS_WELL = "other error, and denied"
    """It failed for another reason, and the policies would have denied it: requests for objects
    that may not exist, and conditional writes, are then refused."""
    UNDECIDED_AS_WELL = "other error, and unknown"
    """It failed for another reason, and it is unknown whether the policies would have denied it."""
    # not deniable
    SIGN_IN = "sign-in"
    """A sign-in to the console: AWS evaluates no policy."""
    SERVICE_EXEMPT = "service-exempt"
    """AWS allows it regardless of policies: `sts:GetSessionToken`, `sts:GetCallerIdentity`."""
    SERVICE_EVENT = "service event"
    """An action of a service or a note about one, and not a call."""
    AWS_SERVICE = "aws service"
    """A service called on its own behalf."""
    UNSIGNED = "unsigned"
    """Calls without credentials of the account, such as `AssumeRoleWithSAML`."""
    SERVICE_LINKED_ROLE = "service-linked role"
    # not bound
    OTHER_ACCOUNT = "other account"
    NOT_ATTACHED = "not attached"
    """A principal of the account to which the policies in question are not attached."""
    NOT_IN_ACCOUNT = "not in account"
    """A user or role that the snapshot lacks: deleted, renamed, or created since."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The outcome of the calls of one group, and the reason.

    Attributes:
        reason: None where the policies decide.
        keys: the context keys that are unknown and matter, as policies write them.
        actions: the IAM actions that were asked about; empty where none was.
        causes: the statements that deny, or deny already, where some do; of a call that failed,
            those that would have denied it as well.
        guessed_action: whether the event's name is no action of the catalogue, and every action of
            the service comes to the same.
        assumed: the names of the assumptions whose setting mattered.
    """

    outcome: CallOutcome
    reason: OutcomeReason | None = None
    keys: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    causes: tuple[Cause, ...] = ()
    guessed_action: bool = False
    assumed: tuple[str, ...] = ()
