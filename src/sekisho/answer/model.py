"""What an answer is: AWS's, for all that was given, with what it depends on."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NoReturn

from sekisho.answer.completion import AddedKey
from sekisho.answer.presence import Presence
from sekisho.answer.resource import Impossible, ResourceNote
from sekisho.answer.values import MalformedKey
from sekisho.engine import Cause, Decision, DecisionEffect, Policies, Request
from sekisho.errors import InternalError
from sekisho.policy import PolicyKind
from sekisho.signin import Rule


class AnswerEffect(StrEnum):
    """What AWS would answer."""

    ALLOWED = "Allowed"
    IMPLICITLY_DENIED = "ImplicitlyDenied"
    EXPLICITLY_DENIED = "ExplicitlyDenied"
    REFUSED = "RefusedByService"
    """The service refuses by a rule of its own, whatever the policies say."""
    UNKNOWN = "Unknown"
    """What was given does not tell: something else must allow, too, and is not there."""
    IMPOSSIBLE = "Impossible"
    """AWS never receives such a request."""


BY_POLICIES: Mapping[DecisionEffect, AnswerEffect] = {
    one: AnswerEffect(one.value) for one in DecisionEffect
}


@dataclass(frozen=True, slots=True)
class MissingKey:
    """A context key that a policy asks for and that was not given, though AWS may have sent it.

    Attributes:
        key: the key, in AWS's spelling where that is known.
        presence: whether AWS sends it with such a request.
        could_change: whether the answer depends on it.
    """

    key: str
    presence: Presence
    could_change: bool


@dataclass(frozen=True, slots=True)
class UnexpectedKey:
    """A context key that was given, though AWS is not known to send it with such a request.

    Attributes:
        key: the key, as it was given.
        presence: `UNKNOWN` if no list of AWS's keys has it, `NEVER` if such a request has none.
    """

    key: str
    presence: Presence


@dataclass(frozen=True, slots=True)
class AssumedOwner:
    """Whose a bucket was taken to be: the caller's account's, where nobody said.

    Attributes:
        account: that account.
        otherwise: the answer where the bucket is another account's.
    """

    account: str
    otherwise: AnswerEffect


@dataclass(frozen=True, slots=True)
class Answer:
    """What AWS would answer to a request, for all that was given.

    Attributes:
        effect: the answer.
        request: as it was decided: completed, and about the resource that AWS asks about.
        policies: those that counted.
        decision: of the policies alone. None if there is no such request.
        rule: the rule of a service that permits, refuses, or leaves the resource's own policy out.
        impossible: why there is no such request.
        note: what is to be said about the resource.
        not_given: the kind of the resource's own policy, where it must itself allow and is not
            there.
        behind_not_asked: whether it is about an S3 access point, and nobody asked about the bucket
            or object behind it, which must allow, too.
        not_in_catalogue: whether AWS is not known to have the action.
        added: the keys that policies ask for and that were added to the context.
        missing: the keys that policies ask for and that are not known.
        unexpected: the keys that were given and that AWS is not known to send.
        malformed: the keys that were given a value that is not of their type.
        assumed_owner: whose the bucket was taken to be, where another owner could change the
            answer.
        possible: every effect that the answer could have; one if nothing missing matters.
        as_long_term_key: whether a session, of which none was given, could get another answer than
            a long-term access key.

    Raises:
        InternalError: when tested for truth; compare `effect`.
    """

    effect: AnswerEffect
    request: Request
    policies: Policies
    decision: Decision | None
    rule: Rule | None = None
    impossible: Impossible | None = None
    note: ResourceNote | None = None
    not_given: PolicyKind | None = None
    behind_not_asked: bool = False
    not_in_catalogue: bool = False
    added: tuple[AddedKey, ...] = ()
    missing: tuple[MissingKey, ...] = ()
    unexpected: tuple[UnexpectedKey, ...] = ()
    malformed: tuple[MalformedKey, ...] = ()
    assumed_owner: AssumedOwner | None = None
    possible: frozenset[AnswerEffect] = frozenset()
    as_long_term_key: bool = False

    def __bool__(self) -> NoReturn:
        raise InternalError("an answer was tested for truth; compare its `effect`")

    @property
    def by_policies(self) -> Decision | None:
        """The policies' decision if it is the answer, else None."""
        same = self.decision is not None and BY_POLICIES[self.decision.effect] is self.effect
        return self.decision if same and not self._by_service else None

    @property
    def _by_service(self) -> bool:
        return self.rule not in (None, Rule.OWNER_ROOT)

    @property
    def because(self) -> tuple[Cause, ...]:
        """The statements that brought the answer about; none where no policy did."""
        return self.by_policies.because if self.by_policies is not None else ()

    @property
    def blocked_by(self) -> PolicyKind | None:
        """The kind of policy that denies; None if none does."""
        return self.by_policies.blocked_by if self.by_policies is not None else None

    @property
    def assumed(self) -> tuple[str, ...]:
        """The engine's assumptions whose setting mattered."""
        return self.by_policies.assumed if self.by_policies is not None else ()
