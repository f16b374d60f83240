"""What an IAM user can hold, with and without MFA, and what each puts into the request context.

`signin.context_of` says what a credential brings; a service that calls on the user's behalf brings
the user's context, with `aws:ViaAWSService`, and with MFA false where the user came by access key
(docs/signin.md; IAM User Guide, "AWS global condition context keys").
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sekisho.engine import Context
from sekisho.engine.matching import arns
from sekisho.errors import Code, Fault, FaultyRequest, quoted
from sekisho.messages import Message
from sekisho.signin import (
    Credential,
    CredentialKind,
    Holder,
    HolderKind,
    SigninAssumptions,
    context_of,
)

USER_ID = "aws:userid"
"""The key of the user's unique id, which nobody can choose and the ARN does not tell."""

EXAMPLE_ID = "AIDAIOSFODNN7EXAMPLE"
"""The unique id of a user of whom it is not known, where no policy asks for it."""

CALLER_KEYS = frozenset(
    {
        *("aws:principalaccount", "aws:principalarn", "aws:principalisawsservice"),
        *("aws:principaltype", USER_ID, "aws:username", "aws:viaawsservice"),
        *("aws:multifactorauthpresent", "aws:assumedroot", "aws:ec2instancesourceprivateipv4"),
        *("aws:ec2instancesourcevpc", "aws:federatedprovider", "aws:principalservicename"),
        *("aws:principalservicenameslist", "aws:sourceidentity", "ec2:roledelivery"),
        *("ec2:sourceinstancearn", "lambda:sourcefunctionarn"),
    }
)
"""What differs between kinds of callers: users, roles, services, and who signs nothing."""

TAG = "aws:principaltag/"
"""What the keys of the user's tags begin with, in lower case."""
_LONGEST = timedelta(hours=36)
"""No session that AWS issues to a user lives longer."""


class CallerCredential(StrEnum):
    """What the caller signs with, and whether the call comes directly."""

    KEY = "access key"
    SESSION = "console session or session token without MFA"
    MFA_SESSION = "session with MFA"
    KEY_VIA_SERVICE = "service acting for an access key"
    SESSION_VIA_SERVICE = "service acting for a session without MFA"
    MFA_VIA_SERVICE = "service acting for a session with MFA"
    HYPOTHETICAL = "no known credential"
    """A value of `aws:MultiFactorAuthPresent` that AWS is not known to produce."""

    @property
    def with_mfa(self) -> bool:
        """Whether MFA was passed."""
        return self in (CallerCredential.MFA_SESSION, CallerCredential.MFA_VIA_SERVICE)

    @property
    def mfa(self) -> str:
        """What `aws:MultiFactorAuthPresent` is: `true`, `false`, `absent`, or `other`."""
        if self is CallerCredential.HYPOTHETICAL:
            return "other"
        if self is CallerCredential.KEY:
            return "absent"
        return "true" if self.with_mfa else "false"

    @property
    def direct(self) -> bool:
        """Whether the user calls, and no service on the user's behalf."""
        return self in (
            CallerCredential.KEY,
            CallerCredential.SESSION,
            CallerCredential.MFA_SESSION,
            CallerCredential.HYPOTHETICAL,
        )


@dataclass(frozen=True, slots=True)
class CallingUser:
    """The user whose requests are asked about.

    Attributes:
        arn: the user's ARN, which tells name, path, account and partition.
        known: further context keys of every request by this user, like tags and `aws:userid`;
            an id that is not among them can be any user's.
        all_tags: whether the tags in `known` are all that the user has.
        unsettled: keys (in lower case) that are taken to have any value, or none, though the user's
            own requests settle them: the user then stands for callers of every other kind, too.
    """

    arn: str
    known: Mapping[str, str]
    all_tags: bool = False
    unsettled: frozenset[str] = frozenset()

    @property
    def account(self) -> str:
        """The account id."""
        return arns.split(self.arn)[4]

    @property
    def partition(self) -> str:
        """The partition."""
        return arns.split(self.arn)[1]

    @property
    def name(self) -> str:
        """The name without path."""
        return self.arn.rpartition("/")[2]

    @property
    def unique_id(self) -> str:
        """The unique id, like `AIDA…`; "" if it is not known."""
        return next((text for key, text in self.known.items() if key.lower() == USER_ID), "")

    @property
    def tags(self) -> dict[str, str]:
        """The tags that are known, without what their keys begin with."""
        known = self.known.items()
        return {key[len(TAG) :]: text for key, text in known if key.lower().startswith(TAG)}

    def lacks(self, key: str) -> bool:
        """Tell whether `key` (in lower case) is a tag that the user is known not to have."""
        known = {each.lower() for each in self.known}
        return self.all_tags and key.startswith(TAG) and key not in known

    @classmethod
    def of(
        cls, arn: str, known: Mapping[str, str] | None = None, *, all_tags: bool = False
    ) -> "CallingUser":
        """Return the user with this ARN.

        Raises:
            FaultyRequest: if it is not the ARN of an IAM user.
        """
        parts = arns.split(arn)
        tail = parts[-1]
        right = (
            len(parts) == arns.PARTS
            and (parts[0], parts[2], parts[3]) == ("arn", "iam", "")
            and arns.is_account(parts[4])
            and tail.startswith("user/")
            and not tail.endswith("/")
        )
        if not right:
            message = Message("{arn} is not the ARN of an IAM user").filled(arn=quoted(arn))
            fault = Fault(
                Code.REQUEST_BAD_VALUE, message, "user", fix=Message("write `arn:…:user/NAME`")
            )
            raise FaultyRequest(Message("user", "source"), [fault])
        return cls(arn, known or {}, all_tags)


@dataclass(frozen=True, slots=True)
class Situation:
    """One way of calling: the keys whose values are known, and those that are known to be absent.

    Attributes:
        values: the context as far as it is settled.
        absent: keys (in lower case) that the request cannot have.
    """

    credential: CallerCredential
    values: Context
    absent: frozenset[str]


_CREDENTIALS = ("aws:multifactorauthage", "aws:multifactorauthpresent", "aws:tokenissuetime")
_CALLED_VIA = ("aws:calledvia", "aws:calledviafirst", "aws:calledvialast")


def situations(
    user: CallingUser, now: datetime, ways: tuple[CallerCredential, ...]
) -> list[Situation]:
    """Return the situations of `user` for each of the ways of calling."""
    return [_situation(user, now, each) for each in ways]


def _situation(user: CallingUser, now: datetime, way: CallerCredential) -> Situation:
    tail = arns.split(user.arn)[-1]
    path = tail[len("user") : len(tail) - len(user.name)]
    holder = Holder(HolderKind.USER, user.partition, user.account, user.name, path, EXAMPLE_ID)
    key = way in (CallerCredential.KEY, CallerCredential.KEY_VIA_SERVICE)
    kind = CredentialKind.LONG_TERM_KEY if key else CredentialKind.CONSOLE_SESSION
    credential = Credential(
        kind,
        holder,
        issued_at=None if key else now,
        expires_at=None if key else now + _LONGEST,
        mfa_at=now if way.with_mfa else None,
    )
    values = Context(context_of(credential, now, SigninAssumptions())).with_(user.known)
    absent = set(_CREDENTIALS).difference(values.folded)
    if way.direct:
        absent |= set(_CALLED_VIA)
    else:
        values = values.with_({"aws:ViaAWSService": "true"})
        if key:
            values = values.with_({"aws:MultiFactorAuthPresent": "false"})
            # whether the service's own session shows is not documented
            absent -= {"aws:multifactorauthpresent", "aws:tokenissuetime"}
    return Situation(way, values, frozenset(absent))
