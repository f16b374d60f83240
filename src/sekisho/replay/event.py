"""One record of CloudTrail: the parts that a decision can depend on.

`TrailEvent` has one field for each `Column`. `read_record` is the plain reading of a record: what
the SQL of every engine must come to (a law: tests/replay/test_grouping.py).

Source: AWS CloudTrail User Guide, "CloudTrail record contents" and "CloudTrail userIdentity
element".
"""

from datetime import datetime
from enum import StrEnum
from typing import Self

from sekisho.lazy import dataclass


class Column(StrEnum):
    """The columns by which calls are grouped; the value is the field's name in `TrailEvent`.

    Calls that policies cannot distinguish are one group. `ALWAYS` is in every grouping; the others
    only if an element of a policy in question tests their values.

    Attributes:
        place: where in a record its text is; "" for a list, which is made of several.
    """

    place: str

    def __new__(cls, name: str, place: str = "") -> Self:
        """Return the column of a name and a place."""
        column = str.__new__(cls, name)
        column._value_ = name
        column.place = place
        return column

    SOURCE = "source", "eventSource"
    NAME = "name", "eventName"
    TYPE = "type", "eventType"
    CATEGORY = "category", "eventCategory"
    ERROR = "error", "errorCode"
    RECIPIENT = "recipient", "recipientAccountId"
    IDENTITY = "identity", "userIdentity.type"
    ACCOUNT = "account", "userIdentity.accountId"
    PRINCIPAL = "principal", "userIdentity.arn"
    USER = "user", "userIdentity.userName"
    KEY_ID = "key_id", "userIdentity.accessKeyId"
    MFA = "mfa", "userIdentity.sessionContext.attributes.mfaAuthenticated"
    INVOKED_BY = "invoked_by", "userIdentity.invokedBy"
    FROM_CONSOLE = "from_console", "sessionCredentialFromConsole"
    SIGN_IN_SESSION = "sign_in_session", "userIdentity.sessionContext.signInSessionArn"
    LOGIN_MFA = "login_mfa", "additionalEventData.MFAUsed"
    LOGIN_RESULT = "login_result", "responseElements.ConsoleLogin"
    CALL_MFA = "call_mfa", "requestParameters.serialNumber"
    SHARED = "shared", "sharedEventID"

    ADDRESS = "address", "sourceIPAddress"
    ENDPOINT = "endpoint", "vpcEndpointId"
    REGION = "region", "awsRegion"
    AGENT = "agent", "userAgent"
    TIME = "time", "eventTime"
    ISSUED = "issued", "userIdentity.sessionContext.attributes.creationDate"
    PRINCIPAL_ID = "principal_id", "userIdentity.principalId"
    SESSION_ARN = "session_arn", "userIdentity.arn"
    SOURCE_IDENTITY = "source_identity", "userIdentity.sessionContext.sourceIdentity"
    PROVIDER = "provider", "userIdentity.sessionContext.webIdFederationData.federatedProvider"
    RESOURCES = "resources"
    PARAMETERS = "parameters"
    IAM_RESOURCES = "iam_resources"
    IAM_PARAMETERS = "iam_parameters"


OF_CALL = frozenset({Column.RESOURCES, Column.PARAMETERS})
OF_IAM_CALL = frozenset({Column.IAM_RESOURCES, Column.IAM_PARAMETERS})
"""The columns on the call besides the event's name: of all calls, and of IAM's."""
LISTS = OF_CALL | OF_IAM_CALL
"""The columns that are lists of texts."""
IAM_ARN = ":iam:"
"""The part that identifies an ARN of IAM."""


PARAMETERS = (
    "bucketName",
    "key",
    "userName",
    "roleName",
    "groupName",
    "policyArn",
    "roleArn",
    "tableName",
    "functionName",
    "queueUrl",
    "topicArn",
    "secretId",
    "keyId",
)
"""The members of `requestParameters` that can name the resource if `resources` does not.

`key` counts only in events of `s3.amazonaws.com`: elsewhere it can be a customer's data.
"""

INSIGHT, NETWORK = "Insight", "NetworkActivity"
"""Categories: CloudTrail's own insights; the records of VPC endpoints, often without parameters."""

IAM_PARAMETERS = ("userName", "roleName", "groupName", "policyArn")
"""The parameters that can name a resource of IAM, in the same order."""

ALWAYS: tuple[Column, ...] = tuple(Column)[: list(Column).index(Column.ADDRESS)]
OPTIONAL: tuple[Column, ...] = tuple(Column)[len(ALWAYS) :]


@dataclass(frozen=True, slots=True)
class TrailEvent:
    """The parts of a record that a decision can depend on; None: the record has none.

    A group's event also has None in each column by which it is not grouped: code that reads an
    optional field must have requested its column.

    Each is the text at the column's place; the others are:

    Attributes:
        principal: the ARN whose policies count: `userIdentity.sessionContext.sessionIssuer.arn`
            (a role, with its path), else `userIdentity.arn`.
        key_id: the id if it begins with `AKIA`, else its first four characters: ids of temporary
            keys would make a group of each session.
        sign_in_session: `yes` if there is one.
        call_mfa: `yes` if the call is one of `sts.amazonaws.com` with `serialNumber` in its
            `requestParameters`: it carried a code of an MFA device (AssumeRole, GetSessionToken);
            `unknown` if it is one of `sts.amazonaws.com` and of network activity.
        shared: the id, which other records of the same call have as well; None also of what
            services called or did, and of Insights, whose begin and end share one.
        time: as CloudTrail writes it, to the second: in UTC, with `Z`.
        resources: `resources[].ARN` in order of text, each once; None if the record has no such
            list, or it is empty.
        parameters: those of `PARAMETERS` that `requestParameters` has as a text, like
            `bucketName=logs`, in the order of `PARAMETERS`; None if it has none of them.
        iam_resources: those of `resources` that are ARNs of IAM, if the call is one of IAM. A
            policy that names users asks for no more, and objects of S3 would make a group of each
            call.
        iam_parameters: those of `parameters` that are of `IAM_PARAMETERS`, if the call is one of
            IAM.
    """

    source: str | None = None
    name: str | None = None
    type: str | None = None
    category: str | None = None
    error: str | None = None
    recipient: str | None = None
    identity: str | None = None
    account: str | None = None
    principal: str | None = None
    user: str | None = None
    key_id: str | None = None
    mfa: str | None = None
    invoked_by: str | None = None
    from_console: str | None = None
    sign_in_session: str | None = None
    login_mfa: str | None = None
    login_result: str | None = None
    call_mfa: str | None = None
    shared: str | None = None
    address: str | None = None
    endpoint: str | None = None
    region: str | None = None
    agent: str | None = None
    time: str | None = None
    issued: str | None = None
    principal_id: str | None = None
    session_arn: str | None = None
    source_identity: str | None = None
    provider: str | None = None
    resources: tuple[str, ...] | None = None
    parameters: tuple[str, ...] | None = None
    iam_resources: tuple[str, ...] | None = None
    iam_parameters: tuple[str, ...] | None = None

    @property
    def with_code(self) -> bool:
        """Whether the call had a code of an MFA device."""
        return self.call_mfa == "yes"

    @property
    def of_network(self) -> bool:
        """Whether it is a VPC endpoint's record of a call."""
        return self.category == NETWORK

    @property
    def from_elsewhere(self) -> bool:
        """Whether it is another account's record of a call: a resource's or endpoint's owner's.

        Such a record can lack the caller's name and facts about the credentials.
        """
        owner, recipient = self.account, self.recipient
        return owner is not None and recipient is not None and owner != recipient


@dataclass(frozen=True, slots=True)
class Count:
    """A number of occurrences, and their first and last time.

    Attributes:
        events: how many times.
        first, last: the earliest and the latest `eventTime`, in UTC.
    """

    events: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Tally(Count):
    """A number of occurrences, their first and last time, and an event of each.

    Attributes:
        first_id, last_id: an `eventID` of each; of several at one time, the first as a text.
    """

    first_id: str
    last_id: str


@dataclass(frozen=True, slots=True)
class CallGroup:
    """Calls that the policies in question decide alike."""

    event: TrailEvent
    tally: Tally


class DetailKind(StrEnum):
    """The kinds of details of a caller that are counted besides groups."""

    ADDRESS = "address"
    AGENT = "agent"
    REGION = "region"
    HOUR_OF_WEEK = "hour of week"
    """0 is Monday, 00:00 to 01:00 UTC; 167 is the last hour of Sunday."""


@dataclass(frozen=True, slots=True)
class CallerDetail:
    """The number of a caller's calls by address, program, region or hour of the week.

    Attributes:
        principal, key_id: the caller and its key, as in `TrailEvent`.
        value: the address, the agent, the region or the hour's number; "" where the record has
            none.
    """

    principal: str | None
    key_id: str | None
    kind: DetailKind
    value: str
    tally: Tally
