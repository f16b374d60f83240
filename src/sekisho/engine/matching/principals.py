"""Who asks, and `Principal` and `NotPrincipal` of the policies that name principals.

How closely a statement names the caller decides what else must allow: an account that is named
leaves the decision to its identity-based policies, a role leaves it to its boundary and session
policies, and a user or a session that is named itself needs nothing more.

Source: IAM User Guide, "AWS JSON policy elements: Principal", "… NotPrincipal", "Evaluating
identity-based policies with resource-based policies".
How they are read: docs/semantics.md#2-principals.
"""

import re
from enum import Enum, IntEnum, auto
from typing import NamedTuple

from sekisho.engine.matching import arns
from sekisho.engine.matching.assumptions import TrackedAssumptions
from sekisho.engine.model import Request
from sekisho.engine.remembered import remembered
from sekisho.errors import Code, Fault, FaultyRequest, quoted
from sekisho.messages import Message
from sekisho.policy import Effect, Principal, PrincipalKey

_ANYONE = "*"


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
    """A service, or an identity provider: nobody whom identity-based policies could apply to."""
    ANONYMOUS = auto()
    """A request that nobody signed."""
    CANONICAL_USER = auto()
    """Whom S3 knows by a canonical id: an origin access identity of CloudFront, say."""


class Named(IntEnum):
    """How closely a principal is named, the closest last."""

    NOT = 0
    ACCOUNT = 1
    ROLE = 2
    """By the role of a session, or by the user who made a federated user's session."""
    ITSELF = 3


_FACETS = {
    CallerKind.ROOT: {Named.ACCOUNT},
    CallerKind.ROOT_SESSION: {Named.ACCOUNT},
    CallerKind.USER: {Named.ITSELF, Named.ACCOUNT},
    CallerKind.ROLE: {Named.ROLE, Named.ACCOUNT},
    CallerKind.ROLE_SESSION: {Named.ITSELF, Named.ROLE, Named.ACCOUNT},
    CallerKind.FEDERATED_USER: {Named.ITSELF, Named.ACCOUNT},
    CallerKind.OUTSIDER: {Named.ITSELF},
    CallerKind.ANONYMOUS: {Named.ITSELF},
    CallerKind.CANONICAL_USER: {Named.ITSELF},
}
"""What `NotPrincipal` must list, all of it, to except a caller from a Deny."""

_KINDS = {
    ("iam", "user"): CallerKind.USER,
    ("iam", "role"): CallerKind.ROLE,
    ("sts", "assumed-role"): CallerKind.ROLE_SESSION,
    ("sts", "federated-user"): CallerKind.FEDERATED_USER,
    ("iam", "saml-provider"): CallerKind.OUTSIDER,
    ("iam", "oidc-provider"): CallerKind.OUTSIDER,
}


_OUTSIDE = frozenset({CallerKind.OUTSIDER, CallerKind.ANONYMOUS, CallerKind.CANONICAL_USER})
ANONYMOUS = "anonymous"
"""What is given as the principal of a request that nobody signed."""

_CANONICAL_ID = re.compile("[0-9a-f]{64}")
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
        canonical_id: what S3 calls the caller's account, or a caller that has none.
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
        """Whether no account's identity-based policies or SCPs can apply to it."""
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
    """Return who makes `request`.

    Raises:
        FaultyRequest: if its principal is none that can make one.
    """
    arn = request.principal
    kind, partition, account = _read(arn)
    if kind is None:
        fault = Fault(
            Code.REQUEST_BAD_VALUE,
            Message("{arn} is not a principal that makes requests").filled(arn=quoted(arn)),
            "request.principal",
            fix=Message(
                "give the ARN of a user, a role, a role session, a federated user, the root user "
                "or a session as root; the name of a service, a canonical user's id, or `anonymous`"
            ),
        )
        raise FaultyRequest(Message("request", "source"), [fault])
    if account is None:
        canonical = arn if _CANONICAL_ID.fullmatch(arn) else request.canonical_user
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


def is_canonical_id(text: str) -> bool:
    """Tell whether a text is a canonical user id: 64 hexadecimal digits."""
    return _CANONICAL_ID.fullmatch(text) is not None


def is_certain(caller: Caller) -> bool:
    """Tell whether a caller is what its name says: of others a policy must name it.

    A name with a dot may be that of a web identity provider, or somebody's user name.
    """
    return caller.arn.startswith("arn:") or _AWS_SERVICE.fullmatch(caller.arn) is not None


def is_service_linked(request: Request) -> bool:
    """Tell whether a service-linked role asks: by what is said of it, or by the role's path.

    The ARN of a session has no path; `aws:PrincipalArn` has it. Only services can make a role
    under the path (IAM User Guide, "Create a service-linked role").
    """
    if request.service_linked_role or _under_service_roles(request.principal):
        return True
    role = request.context.folded.get("aws:principalarn", "")
    return isinstance(role, str) and _under_service_roles(role)


@remembered
def _under_service_roles(arn: str) -> bool:
    parts = arns.split(arn)
    return parts[2:3] == ("iam",) and parts[-1].startswith(_SERVICE_ROLES)


@remembered
def _read(principal: str) -> tuple[CallerKind | None, str, str | None]:
    """Return the kind of a principal, None if it is none that makes requests; where it is from."""
    if principal == ANONYMOUS:
        return CallerKind.ANONYMOUS, "", None
    if _CANONICAL_ID.fullmatch(principal) or _ORIGIN_IDENTITY.fullmatch(principal):
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


def named(
    principal: Principal, effect: Effect, caller: Caller, tracked: TrackedAssumptions
) -> Named:
    """Tell how closely a statement of `effect` names `caller`; `Named.NOT` if it does not apply."""
    levels = {
        _level(key, value, caller) for key, values in principal.entries for value in values
    } - {Named.NOT}
    if not principal.negated:
        return max(levels, default=Named.NOT)
    anyone = any(_ANYONE in values for _, values in principal.entries)
    if effect is Effect.ALLOW:
        excepted = bool(levels)
    else:
        # with a boundary, NotPrincipal with Deny denies whomever it lists (page NotPrincipal)
        excepted = not caller.bounded and (
            anyone
            or _FACETS[caller.kind] <= levels
            # it "might" deny whoever is listed without account or role (the same page)
            or (bool(levels - {Named.ACCOUNT}) and not tracked.not_principal_needs_chain())
        )
    return Named.NOT if excepted else Named.ITSELF


def _level(key: PrincipalKey, value: str, caller: Caller) -> Named:
    """Tell how closely one value names the caller."""
    match key:
        case PrincipalKey.ANYONE:
            return Named.ITSELF
        case PrincipalKey.AWS:
            return _aws_level(value, caller)
        case PrincipalKey.FEDERATED if value == _ANYONE:
            return Named.ITSELF if _is_provider(caller) else Named.NOT
        case PrincipalKey.FEDERATED | PrincipalKey.SERVICE:
            outside = caller.kind is CallerKind.OUTSIDER and value == caller.arn
            return Named.ITSELF if outside else Named.NOT
        case PrincipalKey.CANONICAL_USER:
            if caller.canonical_id is None or value != caller.canonical_id:
                return Named.NOT
            return Named.ITSELF if caller.outside else Named.ACCOUNT


def _is_provider(caller: Caller) -> bool:
    """Tell whether an outsider may be an identity provider, and is no other AWS service."""
    service = _AWS_SERVICE.fullmatch(caller.arn) and not _PROVIDER.fullmatch(caller.arn)
    return caller.kind is CallerKind.OUTSIDER and not service


def _aws_level(value: str, caller: Caller) -> Named:
    """Tell how closely a value under `AWS` names the caller.

    The ARN of a role is compared by account and name: a session's ARN does not tell the role's
    path, and names are unique within an account whatever their path.
    """
    if value == _ANYONE:
        return Named.ITSELF
    if caller.outside:
        known = caller.kind is CallerKind.CANONICAL_USER and value == caller.arn
        return Named.ITSELF if known else Named.NOT
    root = f"arn:{caller.partition}:iam::{caller.account}:root"
    if value in (caller.account, root):
        return Named.ACCOUNT
    itself = Named.ROLE if caller.role_name else Named.ITSELF
    if caller.unique_id and value == caller.unique_id:
        return itself
    if value == caller.arn:
        return Named.ROLE if caller.kind is CallerKind.ROLE else Named.ITSELF
    if value == caller.federated_by:
        return Named.ROLE
    parts = arns.split(value)
    role = f"arn:{caller.partition}:iam::{caller.account}:role"
    is_role = caller.role_name and value.startswith(f"{role}/")
    return Named.ROLE if is_role and parts[-1].split("/")[-1] == caller.role_name else Named.NOT
