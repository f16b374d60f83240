"""The answer of AWS to a request, and the unknown facts on which it depends."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NoReturn

from sekisho.answer.completion import AddedKey
from sekisho.answer.keys import MalformedKey, Presence
from sekisho.answer.resource import ImpossibleRequest, ResourceNote
from sekisho.engine import Cause, Decision, DecisionEffect, Policies, Request
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.policy import PolicyKind
from sekisho.signin import Rule


class AnswerEffect(StrEnum):
    """The possible answers of AWS, and two for requests without an answer."""

    ALLOWED = "Allowed"
    IMPLICITLY_DENIED = "ImplicitlyDenied"
    EXPLICITLY_DENIED = "ExplicitlyDenied"
    REFUSED = "RefusedByService"
    """The service refuses by its own rule, regardless of policies."""
    UNKNOWN = "Unknown"
    """The facts are not sufficient: another policy must also allow, and is missing."""
    IMPOSSIBLE = "Impossible"
    """AWS never receives such a request."""


GRAVEST_FIRST = (
    AnswerEffect.IMPOSSIBLE,
    AnswerEffect.EXPLICITLY_DENIED,
    AnswerEffect.REFUSED,
    AnswerEffect.IMPLICITLY_DENIED,
    AnswerEffect.UNKNOWN,
    AnswerEffect.ALLOWED,
)
"""The answers, the gravest first: the gravest of the parts is that of the whole call."""

ANSWER_TO_DECISION: Mapping[DecisionEffect, AnswerEffect] = {
    one: AnswerEffect(one.value) for one in DecisionEffect
}


@dataclass(frozen=True, slots=True)
class MissingKey:
    """A context key that policies test and that is missing, though AWS may have sent it.

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
    """The assumed account of a bucket, if none was given.

    Attributes:
        account: the assumed account.
        otherwise: the answer where the bucket is another account's.
    """

    account: str
    otherwise: AnswerEffect


@dataclass(frozen=True, slots=True)
class UnnamedResource:
    """A further resource that the call needs and that was not named.

    Attributes:
        kinds: the kinds of which it is one, like `volume`.
        resources: patterns of its ARN; none where nothing of it could be asked.
        effect: the answer if it is the same for each such resource, else unknown.
        decision: of the policies on one of them, where none is allowed.
    """

    kinds: tuple[str, ...]
    resources: tuple[str, ...]
    effect: AnswerEffect
    decision: Decision | None = None


@dataclass(frozen=True, slots=True)
class NeededPermission:
    """A further permission that the call needs, or may need.

    Attributes:
        action: like `iam:PassRole`.
        rule: the id of the rule, in `data/also-needs.json` of the catalogue.
        condition: when a call needs it, in words.
        needed: whether what was given shows that this call does. Otherwise it does not count.
        resources: the ARN of what it is about, or patterns if that is not known.
        effect: the answer if it is the same for each such resource, else unknown.
        decision: of the policies, where it is denied.
    """

    action: str
    rule: str
    condition: Message
    needed: bool
    resources: tuple[str, ...]
    effect: AnswerEffect
    decision: Decision | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of AWS to a request, as far as the given facts show.

    Attributes:
        effect: the answer.
        request: as it was decided: completed, and about the resource that AWS asks about.
        policies: the policies that applied.
        decision: of the policies alone. None if there is no such request.
        rule: the rule of a service that permits, refuses, or leaves the resource's own policy out.
        impossible: why there is no such request.
        note: a note on the resource.
        not_given: the kind of the resource's own policy, where it must itself allow and is not
            there.
        not_asked: further resources that AWS checks and that were not named: of other kinds, or
            those behind an S3 access point. All must be allowed as well.
        also_needs: the further permissions that the call needs, and those that it may need.
        not_in_catalogue: whether AWS is not known to have the action.
        added: the keys that policies ask for and that were added to the context.
        missing: the keys that policies ask for and that are not known.
        unexpected: the keys that were given and that AWS is not known to send.
        malformed: the keys that were given a value that is not of their type.
        assumed_owner: the assumed owner of the bucket, if another owner could change the
            answer.
        possible: every effect that the answer could have; one if nothing missing matters.
        as_long_term_key: whether a session, of which none was given, could get another answer than
            a long-term access key.

    Raises:
        TypeError: when tested for truth; compare `effect`.
    """

    effect: AnswerEffect
    request: Request
    policies: Policies
    decision: Decision | None
    rule: Rule | None = None
    impossible: ImpossibleRequest | None = None
    note: ResourceNote | None = None
    not_given: PolicyKind | None = None
    not_asked: tuple[UnnamedResource, ...] = ()
    also_needs: tuple[NeededPermission, ...] = ()
    not_in_catalogue: bool = False
    added: tuple[AddedKey, ...] = ()
    missing: tuple[MissingKey, ...] = ()
    unexpected: tuple[UnexpectedKey, ...] = ()
    malformed: tuple[MalformedKey, ...] = ()
    assumed_owner: AssumedOwner | None = None
    possible: frozenset[AnswerEffect] = frozenset()
    as_long_term_key: bool = False

    def __bool__(self) -> NoReturn:
        raise TypeError(
            "an answer is never tested for truth: write `answer.effect is AnswerEffect.ALLOWED`"
        )

    def __repr__(self) -> str:
        asked = f"{self.request.action} on {self.request.resource} by {self.request.principal}"
        return f"<Answer {self.effect}: {asked}>"

    @property
    def by_policies(self) -> Decision | None:
        """The policies' decision if it is the answer, else None."""
        same = self.decision is not None and ANSWER_TO_DECISION[self.decision.effect] is self.effect
        return self.decision if same and not self._by_service else None

    @property
    def _by_service(self) -> bool:
        return self.rule not in (None, Rule.OWNER_ROOT)

    @property
    def because(self) -> tuple[Cause, ...]:
        """The statements that determined the answer; empty if no policy did."""
        return self._decisive.because if self._decisive is not None else ()

    @property
    def blocked_by(self) -> PolicyKind | None:
        """The kind of policy that denies; None if none does."""
        return self._decisive.blocked_by if self._decisive is not None else None

    @property
    def assumed(self) -> tuple[str, ...]:
        """The engine's assumptions whose setting mattered."""
        return self._decisive.assumed if self._decisive is not None else ()

    @property
    def _decisive(self) -> Decision | None:
        further = self.denied_requirement
        return self.by_policies if further is None else further.decision

    @property
    def denied_requirement(self) -> UnnamedResource | NeededPermission | None:
        """The further resource or permission for which the call is denied, if any."""
        return denied_requirement(self.effect, self.not_asked, self.also_needs)


DENIED = frozenset(
    {AnswerEffect.IMPLICITLY_DENIED, AnswerEffect.EXPLICITLY_DENIED, AnswerEffect.REFUSED}
)


def denied_requirement(
    effect: AnswerEffect,
    not_asked: tuple[UnnamedResource, ...],
    also_needs: tuple[NeededPermission, ...],
) -> UnnamedResource | NeededPermission | None:
    """Return the further resource or permission for which a call is denied, if any."""
    if effect not in DENIED:
        return None
    needed: tuple[UnnamedResource | NeededPermission, ...] = (
        *not_asked,
        *(one for one in also_needs if one.needed),
    )
    return next((one for one in needed if one.effect is effect), None)
