"""Questions whether a caller may make a call: the prover searches for an allowed request."""

from collections.abc import Callable, Iterable
from datetime import datetime

from sekisho.audit.enforcement import DocumentNumbers
from sekisho.engine import Assumptions, Policies
from sekisho.engine.matching import TrackedAssumptions, action_matches
from sekisho.lazy import dataclass
from sekisho.policy import Condition, Document, Effect, Element, Operator, OperatorName, Version
from sekisho.prover import (
    CallerCredential,
    CallingUser,
    Proved,
    Question,
    Refuted,
    Restriction,
    Unknown,
    Verdict,
    VersionedCondition,
    prove_unlimited_first,
)

_NULL = Operator(OperatorName.NULL)
_EQUALS = Operator(OperatorName.STRING_EQUALS)
_LIKE = Operator(OperatorName.STRING_LIKE)


@dataclass(frozen=True, slots=True)
class ContextKey:
    """A condition key, and the demand on its value.

    Attributes:
        values: one of these; empty: the key is absent.
        holds: False: none of these.
        like: whether `*` and `?` in the values are wildcards.
    """

    name: str
    values: tuple[str, ...]
    holds: bool = True
    like: bool = False

    @property
    def asked(self) -> tuple[VersionedCondition, bool]:
        """The condition, and whether it must hold."""
        equals = _LIKE if self.like else _EQUALS
        operator, values = (equals, self.values) if self.values else (_NULL, ("true",))
        return VersionedCondition(Condition(operator, self.name, values), Version.V2012), self.holds


@dataclass(frozen=True, slots=True)
class CallPattern:
    """A pattern of calls; an empty member matches anything.

    Attributes:
        actions: any of these.
        on: the resource is one of these ARNs, or patterns; empty: any.
        besides: the resource is none of these.
        keys: of the request context.
    """

    actions: tuple[str, ...]
    on: tuple[str, ...] = ()
    besides: tuple[str, ...] = ()
    keys: tuple[ContextKey, ...] = ()

    @property
    def within(self) -> Restriction:
        """The pattern as a restriction of the prover's question."""
        resources = [(Element(self.on), True)] if self.on else []
        resources += [(Element(self.besides), False)] if self.besides else []
        keys = tuple(key.asked for key in self.keys)
        return Restriction(((Element(self.actions), True),), tuple(resources), keys)


@dataclass(frozen=True, slots=True)
class CallingSession:
    """The caller of a question.

    Attributes:
        policies: the policies that apply.
        credential: the credential that signs the call.
    """

    named: CallingUser
    policies: Policies
    credential: CallerCredential = CallerCredential.MFA_SESSION


class AllowedCalls:
    """Asks the prover; it need not ask if policies allow none of the actions."""

    def __init__(self, now: datetime, numbers: DocumentNumbers) -> None:
        self.numbers = numbers
        self._now = now
        self._giving: dict[tuple[int, str], bool] = {}

    def is_allowed(self, caller: CallingSession, ask: CallPattern) -> Verdict:
        """Return Refuted with an allowed request, or Proved: there is none.

        Raises:
            FaultyPolicy: if a document cannot be interpreted for certain.
        """
        policies, credentials = caller.policies, (caller.credential,)
        if not any(self.gives(policies, action) for action in ask.actions):
            return Proved()
        question = Question(caller.named, self._now, credentials, policies, restriction=ask.within)
        # calls of IAM and STS by name, on resources of theirs, whose forms AWS documents
        return prove_unlimited_first(question.in_catalogue)

    def gives(self, policies: Policies, action: str) -> bool:
        """Return whether identity-based policies allow an action under some conditions."""
        return any(self._gives(each.document, action) for each in policies.identity)

    def _gives(self, document: Document, action: str) -> bool:
        """Return whether a document allows an action under some conditions."""
        key = (self.numbers.of(document), action)
        if key not in self._giving:
            tracked = TrackedAssumptions(Assumptions())
            self._giving[key] = any(
                each.effect is Effect.ALLOW and action_matches(each.action, action, tracked)
                for each in document.statements
            )
        return self._giving[key]


def first_refuted(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the first Refuted verdict; else an Unknown one; else Proved."""
    found: Verdict = Proved()
    for each in verdicts:
        if isinstance(each, Refuted):
            return each
        if isinstance(each, Unknown):
            found = each
    return found


def refuted_if_both(first: Verdict, second: Callable[[], Verdict]) -> Verdict:
    """Return the first if both are Refuted; Proved if either is; else the Unknown one."""
    if isinstance(first, Proved):
        return first
    after = second()
    return first if isinstance(after, Refuted) else after
