"""The interface to AWS's API, and every call that `collect` makes.

`AwsApi` is one narrow protocol: operations and parameters have AWS's own names (`CreatePolicy`,
`PolicyName`), so that a plan, a journal and CloudTrail all read alike. The calls of `collect` are
data: permissions, gaps and budget come from `READS`, and `ReadingRun` makes no other call.

Source: IAM and AWS Organizations API references; Service Authorization Reference (an action has
the name of its operation here).
"""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from sekisho.account.model import THE_ACCOUNT, Gap, ResourceRef, Snapshot
from sekisho.errors import AwsRefused, FaultyPolicy
from sekisho.lazy import dataclass
from sekisho.messages import Message, verbatim
from sekisho.policy import Document, Effect, Element, PolicyKind, Statement, from_json, parse

THROTTLED: frozenset[str] = frozenset(
    {"Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException"}
)
"""AWS's codes for a throttled call, which had no effect."""


class AwsApi(Protocol):
    """The interface to AWS's API; tests and the local AWS implement it too."""

    def call(self, service: str, operation: str, /, **params: object) -> Mapping[str, Any]:
        """Call one operation and return its output.

        A changing call is repeated only if it is certain that nothing was done.

        Raises:
            AwsRefused: with AWS's own code, or the client's when no answer came (status 0).
        """
        ...

    def pages(self, service: str, operation: str, key: str, /, **params: object) -> Iterator[Any]:
        """Yield the items under `key` of every page of a listing operation.

        Raises:
            AwsRefused: as `call` does, at any page.
        """
        ...


@runtime_checkable
class SigningApi(AwsApi, Protocol):
    """An `AwsApi` that knows the kind of its credentials."""

    def signs_with_long_term_key(self) -> bool:
        """Return whether calls are signed with an access key itself: AWS then never sees MFA.

        Raises:
            AwsRefused: if there are no credentials, or they cannot be renewed.
        """
        ...


class CallUnit(StrEnum):
    """The unit for which a call is made."""

    ACCOUNT = "account"
    USER = "user"
    KEY = "access key"
    POLICY = "policy"
    LEVEL = "level of the organisation"


@dataclass(frozen=True, slots=True)
class Read:
    """One operation that is called, and its unit.

    Attributes:
        service: its name in boto3, like `iam`.
        operation: its name in AWS's API, like `ListMFADevices`.
        free: whether no policy can refuse it.
    """

    service: str
    operation: str
    per: CallUnit
    free: bool = False

    @property
    def action(self) -> str:
        """The action that a policy must allow."""
        return f"{self.service}:{self.operation}"


READS = (
    Read("sts", "GetCallerIdentity", CallUnit.ACCOUNT, free=True),
    Read("iam", "GetAccountAuthorizationDetails", CallUnit.ACCOUNT),
    Read("iam", "GetAccountPasswordPolicy", CallUnit.ACCOUNT),
    Read("iam", "GetAccountSummary", CallUnit.ACCOUNT),
    Read("iam", "ListAccountAliases", CallUnit.ACCOUNT),
    Read("iam", "ListVirtualMFADevices", CallUnit.ACCOUNT),
    Read("iam", "GenerateCredentialReport", CallUnit.ACCOUNT),
    Read("iam", "GetCredentialReport", CallUnit.ACCOUNT),
    Read("iam", "ListRoles", CallUnit.ACCOUNT),
    Read("signin", "GetConsoleAuthorizationConfiguration", CallUnit.ACCOUNT),
    Read("signin", "GetResourcePolicy", CallUnit.ACCOUNT),
    Read("iam", "GetLoginProfile", CallUnit.USER),
    Read("iam", "ListMFADevices", CallUnit.USER),
    Read("iam", "ListAccessKeys", CallUnit.USER),
    Read("iam", "ListServiceSpecificCredentials", CallUnit.USER),
    Read("iam", "ListSSHPublicKeys", CallUnit.USER),
    Read("iam", "ListSigningCertificates", CallUnit.USER),
    Read("iam", "GetAccessKeyLastUsed", CallUnit.KEY),
    Read("iam", "GetPolicy", CallUnit.POLICY),
    Read("iam", "GetPolicyVersion", CallUnit.POLICY),
    Read("iam", "ListPolicyTags", CallUnit.POLICY),
    Read("organizations", "DescribeOrganization", CallUnit.ACCOUNT),
    Read("organizations", "ListRoots", CallUnit.ACCOUNT),
    Read("organizations", "ListParents", CallUnit.LEVEL),
    Read("organizations", "ListPoliciesForTarget", CallUnit.LEVEL),
    Read("organizations", "DescribePolicy", CallUnit.POLICY),
)
"""All calls; `collect` makes no other."""

OPTIONAL_READS = frozenset(
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
        "ListRoles",
        *(read.operation for read in READS if read.service in ("organizations", "signin")),
    }
)
"""Operations without whose answers policies and sign-ins are still known.

Without those of Organizations more seems to be allowed than is. Without those of the sign-in,
policies are assumed not to apply there (`console_authorization`).
"""

_KEYS_PER_USER = 2
CALLS_PER_USER = sum(read.per is CallUnit.USER for read in READS) + _KEYS_PER_USER
"""The most calls for one user: one for each read per user, and for each access key."""

_BY_OPERATION = {read.operation: read for read in READS}


def read_of(operation: str) -> Read:
    """Return the read of this operation.

    Raises:
        KeyError: if `collect` may not call it.
    """
    return _BY_OPERATION[operation]


def least_policy() -> Document:
    """Return the least policy with which `collect` leaves no gap; it only allows reading."""
    actions = tuple(sorted(read.action for read in READS if not read.free))
    statement = Statement(
        index=0,
        effect=Effect.ALLOW,
        action=Element(actions),
        resource=Element(("*",), scalar=True),
        sid="ReadAccount",
    )
    return Document((statement,))


def calls_to_allow(snapshot: Snapshot) -> tuple[str, ...]:
    """Return the actions that would close a snapshot's gaps, refused or never called, in order."""
    refused = {gap.operation for gap in snapshot.gaps if not gap.code or "Denied" in gap.code}
    return tuple(sorted(read.action for read in READS if read.operation in refused))


Item = Mapping[str, Any]

REJECTED_CREDENTIALS = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "RequestExpired",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
"""Codes about the caller rather than the call: every further call would fail as well."""


class ReadingRun:
    """A run of calls and the gaps that they left, in order; for one thread."""

    def __init__(self, api: AwsApi) -> None:
        self._api = api
        self.gaps: list[Gap] = []

    def call(
        self,
        operation: str,
        about: ResourceRef = THE_ACCOUNT,
        *,
        absent: Iterable[str] = (),
        **params: object,
    ) -> Item | None:
        """Return an answer; None if the object does not exist or, with a gap, the call is refused.

        Args:
            operation: one of `READS`.
            about: the resource of the gap.
            absent: AWS's codes that mean "there is none".
            params: of the operation.

        Raises:
            AwsRefused: if no endpoint answers, or AWS no longer accepts the credentials.
        """
        try:
            return self._api.call(read_of(operation).service, operation, **params)
        except AwsRefused as error:
            self._refused(error, operation, about, absent)
            return None

    def items(
        self, operation: str, key: str, about: ResourceRef = THE_ACCOUNT, /, **params: object
    ) -> list[Any] | None:
        """Return a listing; None, with a gap, if any page of it is refused.

        Raises:
            AwsRefused: as `call`.
        """
        try:
            return list(self._api.pages(read_of(operation).service, operation, key, **params))
        except AwsRefused as error:
            self._refused(error, operation, about, ())
            return None

    def document(
        self,
        value: object,
        about: ResourceRef,
        kind: PolicyKind = PolicyKind.IDENTITY,
        operation: str = "GetAccountAuthorizationDetails",
    ) -> Document | None:
        """Return a policy document, from decoded JSON or text; None, with a gap, if invalid."""
        try:
            if isinstance(value, str):
                return parse(value, source=about.label, kind=kind)
            return from_json(value, source=about.label, kind=kind)
        except FaultyPolicy as error:
            self.gap(operation, about, error.message, error.code)
            return None

    def gap(self, operation: str, about: ResourceRef, reason: Message, code: str = "") -> None:
        """Record a gap, once."""
        found = Gap(operation, about, reason, code)
        if found not in self.gaps:
            self.gaps.append(found)

    def _refused(
        self, error: AwsRefused, operation: str, about: ResourceRef, absent: Iterable[str]
    ) -> None:
        if error.aws_code in absent:
            return
        if error.aws_code in REJECTED_CREDENTIALS or _unanswered(error, read_of(operation)):
            raise error
        self.gap(operation, about, verbatim(error.aws_message), error.aws_code)


class StrictRun(ReadingRun):
    """A run of calls that leaves no gaps: it ends when AWS refuses one.

    Raises:
        AwsRefused: by every method.
    """

    def _refused(
        self, error: AwsRefused, operation: str, about: ResourceRef, absent: Iterable[str]
    ) -> None:
        del operation, about
        if error.aws_code not in absent:
            raise error


def _unanswered(error: AwsRefused, read: Read) -> bool:
    """Return whether no endpoint answers, so that the other calls would fail as well."""
    # Organizations and the sign-in may be out of reach where IAM is not; an answer that no client
    # understands (a proxy's page, say) is one call's
    elsewhere = read.service in ("organizations", "signin")
    return error.status == 0 and not elsewhere and error.aws_code != "ResponseParserError"
