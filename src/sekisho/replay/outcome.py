"""What the policies in question would have done to a call that was made."""

from enum import StrEnum

from sekisho.engine import Cause
from sekisho.lazy import dataclass


class CallOutcome(StrEnum):
    """What would have become of a call; they are apart and together all calls."""

    DENIED = "denied"
    UNCHANGED = "unchanged"
    ALREADY_DENIED = "already denied"
    """The account's policies deny it today already: it was made before they did."""
    UNKNOWN = "unknown"
    """It depends on what the log does not carry."""
    FAILED = "failed"
    """It failed when it was made, whatever the policies say."""
    NOT_DENIABLE = "not deniable"
    """No policy of the caller's is asked: named, and not counted as unchanged."""
    NOT_BOUND = "not bound"
    """The policies in question do not apply to this caller."""


class OutcomeReason(StrEnum):
    """Why a call has its outcome, where that is not the policies' decision."""

    # unknown
    KEYS = "keys"
    """Context keys that the log does not carry."""
    RESOURCE = "resource"
    """The log does not name the resource that a policy asks about."""
    ACTION = "action"
    """No IAM action is known for this event, and the service's actions differ."""
    SERVICE = "service"
    """No service prefix is known for this event source."""
    CALLER = "caller"
    """The record does not say whose call it was, or not for certain."""
    OWNERS_RECORD = "owner's record"
    """Only the owner of a resource, or of a VPC endpoint, has a record of it in what was read."""
    POLICIES = "policies"
    """A policy that matters is not in the snapshot: a gap, or what had let the call pass."""
    SEEN_SINCE = "seen since"
    """A user or role that the snapshot has not, and that called after it was taken."""
    # failed
    UNAUTHORIZED = "unauthorized"
    """It was refused for lack of permission."""
    OTHER_ERROR = "other error"
    DENIED_AS_WELL = "other error, and denied"
    """It failed for another reason, and the policies would have denied it: what asks for objects
    that may not be there, or writes on a condition, is refused from then on."""
    UNDECIDED_AS_WELL = "other error, and unknown"
    """It failed for another reason, and whether the policies would have denied it is not known."""
    # not deniable
    SIGN_IN = "sign-in"
    """A sign-in to the console: AWS evaluates no policy."""
    SERVICE_EXEMPT = "service-exempt"
    """AWS allows it regardless of policies: `sts:GetSessionToken`, `sts:GetCallerIdentity`."""
    SERVICE_EVENT = "service event"
    """Something that a service did or noted, and nobody's call."""
    AWS_SERVICE = "aws service"
    """A service called as itself."""
    UNSIGNED = "unsigned"
    """Calls that carry no credentials of the account: `AssumeRoleWithSAML` and the like."""
    SERVICE_LINKED_ROLE = "service-linked role"
    # not bound
    OTHER_ACCOUNT = "other account"
    NOT_ATTACHED = "not attached"
    """A principal of the account to which the policies in question are not attached."""
    NOT_IN_ACCOUNT = "not in account"
    """A user or role that the snapshot has not: gone, renamed, or made since."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What would have become of the calls of one group, and why.

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
