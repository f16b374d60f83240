"""The values of an evaluation: a request and policies go in, a decision comes out.

Source: IAM User Guide, "Policy evaluation logic".
"""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, fields
from enum import StrEnum
from typing import TYPE_CHECKING, NoReturn, Protocol

from sekisho.errors import Code, Fault, FaultyRequest, InternalError, quoted
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.policy import Document, PolicyKind, Position

ContextValue = str | tuple[str, ...]
"""One value of a single-valued key, or the values of a multivalued key (possibly none)."""

GivenValue = str | bool | int | float | Sequence[str | bool | int | float]
"""A value as people write it: booleans and numbers stand for their text in JSON."""


class Context(Mapping[str, ContextValue]):
    """The request context: condition keys and their values; the case of a key does not matter."""

    __slots__ = ("_names", "folded")

    folded: Mapping[str, ContextValue]
    """The values by the lower-case name of their key."""

    def __init__(self, values: Mapping[str, ContextValue] | None = None) -> None:
        given = values or {}
        # interned: names compare by identity, and equal names of many contexts share one text
        self._names = {sys.intern(key.lower()): key for key in given}
        self.folded = dict(zip(self._names, given.values(), strict=False))
        if len(self._names) != len(given):
            raise InternalError("a request context that has one key in two spellings")

    def __getitem__(self, key: str) -> ContextValue:
        return self.folded[key.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names.values())

    def __len__(self) -> int:
        return len(self._names)

    def __repr__(self) -> str:
        return f"Context({dict(self)!r})"

    def with_(self, values: Mapping[str, ContextValue]) -> "Context":
        """Return a context in which `values` are set or replaced."""
        if not values:
            return self
        added = values if isinstance(values, Context) else Context(values)
        changed = Context()
        changed._names = self._names | added._names
        changed.folded = {**self.folded, **added.folded}
        return changed


def _context_values(given: object) -> dict[str, ContextValue]:
    """Return the values of a context, as text."""
    if not isinstance(given, Mapping):
        message = Message("expected a mapping of condition keys to values, not `{type}`")
        fault = Fault(
            Code.REQUEST_BAD_SHAPE, message.filled(type=type(given).__name__), "request.context"
        )
        raise FaultyRequest(Message("request", "source"), [fault])
    values: dict[str, ContextValue] = {}
    folded: set[str] = set()
    faults = []
    for key, value in given.items():
        problem = None
        if not isinstance(key, str):
            problem = Message("a condition key is a string")
        elif key.lower() in folded:
            problem = Message("the key is given twice, in different case")
        elif (as_text := _context_value(value)) is None:
            problem = Message("expected a string, a number, true or false")
        else:
            values[key] = as_text
            folded.add(key.lower())
        if problem is not None:
            path = f"request.context.{quoted(str(key))[1:-1]}"
            faults.append(Fault(Code.REQUEST_BAD_VALUE, problem, path))
    if faults:
        raise FaultyRequest(Message("request", "source"), faults)
    return values


def _context_value(value: object) -> ContextValue | None:
    """Return a value of a context as text; None if it is not a valid value."""
    several = isinstance(value, list | tuple)
    each = value if isinstance(value, list | tuple) else (value,)
    if not all(isinstance(one, str | int | float) for one in each):
        return None
    texts = tuple(str(one).lower() if isinstance(one, bool) else str(one) for one in each)
    return texts if several else texts[0]


if TYPE_CHECKING:

    class GivenContext:
        """The type of a field that is given a mapping and holds a `Context`."""

        def __get__(self, request: object, kind: object = None) -> Context: ...

        def __set__(self, request: object, given: Mapping[str, GivenValue]) -> None: ...

else:
    GivenContext = Context


@dataclass(frozen=True, slots=True)
class Request:
    """One question: may this principal do this action to this resource in this context?

    Attributes:
        principal: the caller's ARN: `arn:aws:iam::ACCT:user/…`, `arn:aws:iam::ACCT:root`,
            `arn:aws:sts::ACCT:assumed-role/ROLE/SESSION`, `arn:aws:sts::ACCT:federated-user/NAME`,
            `arn:aws:sts::ACCT:assumed-root`; the name of a service; the ARN or the canonical id
            of an origin access identity; `anonymous`.
        action: one action, `service:Name`.
        resource: one resource's ARN, or `*` for an action that has no resource type.
        context: the request context, or a plain mapping that becomes one. Nothing is added to it:
            a key that is not there is absent.
        resource_account: the account that owns the resource, where the ARN does not tell. Where
            neither tells, it is the caller's own.
        management_account: whether the caller's account is the management account of its
            organisation: no SCP applies, and no RCP to a resource in that account.
        service_linked_role: whether the caller is a service-linked role: no SCP or RCP applies. One
            whose path is told, by the principal or by `aws:PrincipalArn`, is known by it.
        federated_by: the ARN of the user who made a federated user's session, where that matters.
        canonical_user: the canonical id of the caller's account, or of a caller that has none.

    Raises:
        FaultyRequest: if the principal has the form of none, such as a user's name alone, or the
            context is no mapping of keys to values.
    """

    principal: str
    action: str
    resource: str
    context: GivenContext = field(default_factory=Context)  # type: ignore[assignment]  # a Context
    resource_account: str | None = None
    management_account: bool = False
    service_linked_role: bool = False
    federated_by: str | None = None
    canonical_user: str | None = None

    def __post_init__(self) -> None:
        principal: object = self.principal
        if isinstance(principal, str) and not may_be_principal(principal):
            raise no_principal(principal)
        given: object = self.context
        if not isinstance(given, Context):
            object.__setattr__(self, "context", Context(_context_values(given)))


ANONYMOUS = "anonymous"
"""The principal of a request without a signature."""
_CANONICAL_ID = re.compile("[0-9a-f]{64}")


def is_canonical_id(text: str) -> bool:
    """Return whether a text is a canonical user id: 64 hexadecimal digits."""
    return _CANONICAL_ID.fullmatch(text) is not None


def may_be_principal(text: str) -> bool:
    """Return whether a text has the form of some principal; a service's name has a dot."""
    return text.startswith("arn:") or "." in text or text == ANONYMOUS or is_canonical_id(text)


def no_principal(text: str) -> FaultyRequest:
    """Return the error about a request whose principal is none that can make one."""
    fault = Fault(
        Code.REQUEST_BAD_VALUE,
        Message("{arn} is not a principal that makes requests").filled(arn=quoted(text)),
        "request.principal",
        fix=Message(
            "give the ARN of a user, a role, a role session, a federated user, the root user "
            "or a session as root; the name of a service, a canonical user's id, or `anonymous`"
        ),
    )
    return FaultyRequest(Message("request", "source"), [fault])


@dataclass(frozen=True, slots=True)
class AttachedPolicy:
    """A policy document and its name in reports (an ARN, or `inline NAME of user U`)."""

    name: str
    document: Document


@dataclass(frozen=True, slots=True)
class Level:
    """The policies attached to one level of an organisation: its root, an OU, or the account.

    A level without policies allows nothing; AWS's `FullAWSAccess` must be given like any other.
    """

    name: str
    policies: tuple[AttachedPolicy, ...]


class ResourcePolicyKind(StrEnum):
    """The two kinds of resource-based policy that are evaluated differently.

    See docs/semantics.md#2-principals.

    A role trust policy is evaluated like a key policy and has its own place in `Policies`.
    """

    KMS = "kms"
    """A KMS key policy: it must itself allow."""

    OTHER = "other"
    """Any other: within one account it may allow a request that no identity-based policy does."""


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Policies:
    """The policies that apply to one request.

    Attributes:
        identity: the identity-based policies of the principal, its groups' among them.
        boundaries: permissions boundaries; each must allow. None: there is none.
        session: session policies; together they must allow. None: there is none.
        trust: the trust policy of the role that is being assumed. None: the resource is no role
            that is being assumed.
        resource: the resource-based policy of any other resource. None: there is none.
        resource_kind: the kind of that resource-based policy. None: by the resource's ARN.
        scps: the service control policies of the caller's account, level by level from the root
            of the organisation down to the account. Empty: the account is in no organisation.
        rcps: the resource control policies of the resource's account, likewise.
        vpc_endpoint: the policy of the VPC endpoint that the request comes through; it must allow.
            None: it comes through none.
    """

    identity: tuple[AttachedPolicy, ...] = ()
    boundaries: tuple[AttachedPolicy, ...] | None = None
    session: tuple[AttachedPolicy, ...] | None = None
    trust: AttachedPolicy | None = None
    resource: AttachedPolicy | None = None
    resource_kind: ResourcePolicyKind | None = None
    scps: tuple[Level, ...] = ()
    rcps: tuple[Level, ...] = ()
    vpc_endpoint: tuple[AttachedPolicy, ...] | None = None

    def __repr__(self) -> str:
        given = [each for each in fields(self) if getattr(self, each.name) != each.default]
        named = [f"{each.name}={_names_in(getattr(self, each.name))}" for each in given]
        return f"<Policies {', '.join(named) or 'none'}>"


def _names_in(value: object) -> str:
    """Return the names of the policies in a field of `Policies`."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(_names_in, value))}]"
    return repr(value.name) if isinstance(value, AttachedPolicy | Level) else repr(value)


class DecisionEffect(StrEnum):
    """The outcome of an evaluation."""

    ALLOWED = "Allowed"
    IMPLICITLY_DENIED = "ImplicitlyDenied"
    EXPLICITLY_DENIED = "ExplicitlyDenied"


@dataclass(frozen=True, slots=True)
class Cause:
    """A statement that decided.

    Attributes:
        kind: the kind of policy it stands in.
        policy: the name under which the policy was given.
        index: the statement's place in its document, counted from 0.
        sid: its Sid, or None.
        position: where it stands in the policy's text.
    """

    kind: PolicyKind
    policy: str
    index: int
    sid: str | None
    position: Position = field(default=Position(), compare=False)


@dataclass(frozen=True, slots=True)
class Decision:
    """An effect with its causes.

    Attributes:
        effect: the outcome.
        because: every statement that brought it about: the allows that together allowed, or the
            denies; empty for an implicit deny.
        blocked_by: the kind of policy that denies: the one with the explicit deny, or the one
            that does not allow. None if allowed.
        assumed: the names of the assumptions whose setting mattered.

    Raises:
        TypeError: when tested for truth; compare `effect`.
    """

    effect: DecisionEffect
    because: tuple[Cause, ...] = ()
    blocked_by: PolicyKind | None = None
    assumed: tuple[str, ...] = ()

    def __bool__(self) -> NoReturn:
        raise TypeError(
            "a decision is never tested for truth: write "
            "`decision.effect is DecisionEffect.ALLOWED`"
        )


class Decider(Protocol):
    """Anything that decides requests: the engine, the local AWS over the wire, an oracle."""

    def decide(self, request: Request, policies: Policies) -> Decision:
        """Return the decision on `request` under `policies`."""
        ...
