"""The caller of a request, and the scope that a statement is matched against.

Source: IAM User Guide, "AWS JSON policy elements: Principal".
How it is read: docs/semantics.md#2-principals.
"""

import re
from enum import Enum, auto
from typing import NamedTuple

from sekisho.engine.matching import arns
from sekisho.engine.model.assumptions import TrackedAssumptions
from sekisho.engine.model.caching import cached_by_text
from sekisho.engine.model.evaluation import ANONYMOUS, Request, is_canonical_id, no_principal
from sekisho.policy import Version


class CallerKind(Enum):
    """The kinds of principal that make requests."""

    ROOT = auto()
    ROOT_SESSION = auto()
    """A session of `sts:AssumeRoot`: the root user of a member account, within a task policy."""
    USER = auto()
    ROLE = auto()
    ROLE_SESSION = auto()
    FEDERATED_USER = auto()
    OUTSIDER = auto()
    """A service or an identity provider: identity-based policies never apply to it."""
    ANONYMOUS = auto()
    """A request without a signature."""
    CANONICAL_USER = auto()
    """A principal that S3 knows by a canonical id, such as CloudFront's origin access identity."""


_KINDS = {
    ("iam", "user"): CallerKind.USER,
    ("iam", "role"): CallerKind.ROLE,
    ("sts", "assumed-role"): CallerKind.ROLE_SESSION,
    ("sts", "federated-user"): CallerKind.FEDERATED_USER,
    ("iam", "saml-provider"): CallerKind.OUTSIDER,
    ("iam", "oidc-provider"): CallerKind.OUTSIDER,
}


_OUTSIDE = frozenset({CallerKind.OUTSIDER, CallerKind.ANONYMOUS, CallerKind.CANONICAL_USER})
_ORIGIN_IDENTITY = re.compile(r"arn:aws[\w-]*:iam::cloudfront:user/\S[^/]*", re.ASCII)
_AWS_SERVICE = re.compile(r"[a-z0-9.-]+\.(amazonaws\.com(\.cn)?|amazonaws\.eu|amazon\.com)")
_PROVIDER = re.compile(r"cognito-identity\..*|www\.amazon\.com")
"""Identity providers with the name of a service: Amazon Cognito and Login with Amazon."""
_SERVICE_ROLES = "role/aws-service-role/"


class Caller(NamedTuple):
    """The principal of a request.

    Attributes:
        account: None for a service.
        unique_id: `AIDA…` or `AROA…`, where the context tells it in `aws:userid`.
        bounded: whether a permissions boundary is set on it.
        federated_by: the ARN of the user who made a federated user's session, if told.
        canonical_id: the canonical id of the caller's account, or of a caller without one.
    """

    arn: str
    kind: CallerKind
    partition: str = ""
    account: str | None = None
    unique_id: str = ""
    bounded: bool = False
    federated_by: str | None = None
    canonical_id: str | None = None

    @property
    def outside(self) -> bool:
        """Whether it belongs to no account: identity-based policies and SCPs never apply to it."""
        return self.kind in _OUTSIDE

    @property
    def role_name(self) -> str:
        """The name of the role, without path; "" if the caller is no role."""
        path = arns.split(self.arn)[-1].split("/")
        match self.kind:
            case CallerKind.ROLE:
                return path[-1]
            case CallerKind.ROLE_SESSION:
                return path[1]
            case _:
                return ""


def caller_of(request: Request, *, bounded: bool) -> Caller:
    """Return the principal that makes `request`.

    Raises:
        FaultyRequest: if its principal is none that can make one.
    """
    arn = request.principal
    kind, partition, account = _parts_of_principal(arn)
    if kind is None:
        raise no_principal(arn)
    if account is None:
        canonical = arn if is_canonical_id(arn) else request.canonical_user
        return Caller(arn, kind, canonical_id=canonical)
    user_id = request.context.folded.get("aws:userid", "")
    unique_id = user_id.partition(":")[0] if isinstance(user_id, str) else ""
    return Caller(
        arn,
        kind,
        partition,
        account,
        unique_id,
        bounded,
        request.federated_by,
        request.canonical_user,
    )


@cached_by_text
def _parts_of_principal(principal: str) -> tuple[CallerKind | None, str, str | None]:
    """Return a principal's kind (None if it can make no request), its partition and account."""
    if principal == ANONYMOUS:
        return CallerKind.ANONYMOUS, "", None
    if is_canonical_id(principal) or _ORIGIN_IDENTITY.fullmatch(principal):
        return CallerKind.CANONICAL_USER, "", None
    parts = arns.split(principal)
    if len(parts) == 1 and "." in principal and not principal.startswith("arn"):
        return CallerKind.OUTSIDER, "", None
    if len(parts) < arns.PARTS or parts[0] != "arn" or not arns.is_account(parts[4]):
        return None, "", None
    return _kind_of(parts[2], parts[5]), parts[1], parts[4]


def _kind_of(service: str, resource: str) -> CallerKind | None:
    if (service, resource) == ("iam", "root"):
        return CallerKind.ROOT
    if (service, resource) == ("sts", "assumed-root"):
        return CallerKind.ROOT_SESSION
    path = resource.split("/")
    kind = _KINDS.get((service, path[0]))
    least = 3 if kind is CallerKind.ROLE_SESSION else 2
    return kind if len(path) >= least and all((path[1], path[-1])) else None


def is_certain(caller: Caller) -> bool:
    """Return whether a caller's name alone identifies its principal.

    A name with a dot can be the name of a web identity provider or of a user.
    """
    return caller.arn.startswith("arn:") or _AWS_SERVICE.fullmatch(caller.arn) is not None


def is_identity_provider(caller: Caller) -> bool:
    """Return whether an outsider may be an identity provider, rather than an AWS service."""
    service = _AWS_SERVICE.fullmatch(caller.arn) and not _PROVIDER.fullmatch(caller.arn)
    return caller.kind is CallerKind.OUTSIDER and not service


def is_service_linked(request: Request) -> bool:
    """Return whether the caller is a service-linked role, by the request's flag or the role's path.

    The ARN of a session has no path; `aws:PrincipalArn` has it. Only services can make a role
    under the path (IAM User Guide, "Create a service-linked role").
    """
    if request.service_linked_role or _under_service_roles(request.principal):
        return True
    role = request.context.folded.get("aws:principalarn", "")
    return isinstance(role, str) and _under_service_roles(role)


@cached_by_text
def _under_service_roles(arn: str) -> bool:
    parts = arns.split(arn)
    return parts[2:3] == ("iam",) and parts[-1].startswith(_SERVICE_ROLES)


class Scope(NamedTuple):
    """A request, its caller, the version of the document in hand, and the assumptions.

    It is a tuple, as are all types created for each request: that takes a third of the time.
    """

    request: Request
    caller: Caller
    version: Version | None
    tracked: TrackedAssumptions
