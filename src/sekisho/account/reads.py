"""Every call that `collect` makes, as data: permissions, gaps and budget come from here.

Source: IAM and AWS Organizations API references; Service Authorization Reference (an action has
the name of its operation here).
"""

from dataclasses import dataclass
from enum import StrEnum

from sekisho.policy import Document, Effect, Element, Statement

__all__ = ["BESIDE", "CALLS_PER_USER", "READS", "Per", "Read", "least_policy", "read_of"]


class Per(StrEnum):
    """What a call is made for, once each."""

    ACCOUNT = "account"
    USER = "user"
    KEY = "access key"
    POLICY = "policy"
    LEVEL = "level of the organisation"


@dataclass(frozen=True, slots=True)
class Read:
    """One operation that is called, and for what.

    Attributes:
        service: its name in boto3, like `iam`.
        operation: its name in AWS's API, like `ListMFADevices`.
        free: whether no policy can refuse it.
    """

    service: str
    operation: str
    per: Per
    free: bool = False

    @property
    def action(self) -> str:
        """The action that a policy must allow."""
        return f"{self.service}:{self.operation}"


READS = (
    Read("sts", "GetCallerIdentity", Per.ACCOUNT, free=True),
    Read("iam", "GetAccountAuthorizationDetails", Per.ACCOUNT),
    Read("iam", "GetAccountPasswordPolicy", Per.ACCOUNT),
    Read("iam", "GetAccountSummary", Per.ACCOUNT),
    Read("iam", "ListAccountAliases", Per.ACCOUNT),
    Read("iam", "ListVirtualMFADevices", Per.ACCOUNT),
    Read("iam", "GenerateCredentialReport", Per.ACCOUNT),
    Read("iam", "GetCredentialReport", Per.ACCOUNT),
    Read("iam", "GetLoginProfile", Per.USER),
    Read("iam", "ListMFADevices", Per.USER),
    Read("iam", "ListAccessKeys", Per.USER),
    Read("iam", "ListServiceSpecificCredentials", Per.USER),
    Read("iam", "ListSSHPublicKeys", Per.USER),
    Read("iam", "ListSigningCertificates", Per.USER),
    Read("iam", "GetAccessKeyLastUsed", Per.KEY),
    Read("iam", "GetPolicy", Per.POLICY),
    Read("iam", "GetPolicyVersion", Per.POLICY),
    Read("iam", "ListPolicyTags", Per.POLICY),
    Read("organizations", "DescribeOrganization", Per.ACCOUNT),
    Read("organizations", "ListRoots", Per.ACCOUNT),
    Read("organizations", "ListParents", Per.LEVEL),
    Read("organizations", "ListPoliciesForTarget", Per.LEVEL),
    Read("organizations", "DescribePolicy", Per.POLICY),
)
"""All calls; `collect` makes no other."""

BESIDE = frozenset(
    {
        "GetAccessKeyLastUsed",
        "GetAccountSummary",
        "ListAccountAliases",
        "ListVirtualMFADevices",
        "GenerateCredentialReport",
        "GetCredentialReport",
        "ListServiceSpecificCredentials",
        "ListSSHPublicKeys",
        "ListSigningCertificates",
        *(read.operation for read in READS if read.service == "organizations"),
    }
)
"""Operations whose gap leaves known which policies IAM has for whom, and who can sign in with what.

Without those of Organizations more seems to be allowed than is.
"""

_KEYS_PER_USER = 2
CALLS_PER_USER = sum(read.per is Per.USER for read in READS) + _KEYS_PER_USER
"""At most so many calls for one user: those per user, and one for each access key."""

_BY_OPERATION = {read.operation: read for read in READS}


def read_of(operation: str) -> Read:
    """Return the read of this operation.

    Raises:
        KeyError: if `collect` may not call it.
    """
    return _BY_OPERATION[operation]


def least_policy() -> Document:
    """Return the least policy with which `collect` leaves no gap; it only reads."""
    actions = tuple(sorted(read.action for read in READS if not read.free))
    statement = Statement(
        index=0,
        effect=Effect.ALLOW,
        action=Element(actions),
        resource=Element(("*",), scalar=True),
        sid="ReadAccount",
    )
    return Document((statement,))
