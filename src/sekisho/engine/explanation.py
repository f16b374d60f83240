"""Why a request is denied: which statement would have allowed it, and what the deny was about.

Apart from the decision, so that deciding stays plain: nothing here changes an outcome.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from difflib import SequenceMatcher
from enum import StrEnum

from sekisho.engine.authorize import caller_and_groups, decide, kinds_that_must_allow
from sekisho.engine.groups import (
    GroupReading,
    PolicyGroup,
    cause_of,
    is_cross_account,
    owner_of,
    read_group,
)
from sekisho.engine.matching import actions, conditions, resources, variables
from sekisho.engine.matching.caller import CallerKind, Scope
from sekisho.engine.matching.principals import Closeness, closeness_of
from sekisho.engine.model.assumptions import DEFAULTS, Assumptions, TrackedAssumptions
from sekisho.engine.model.evaluation import (
    Cause,
    ContextValue,
    Decision,
    DecisionEffect,
    Policies,
    Request,
)
from sekisho.lazy import dataclass
from sekisho.policy import (
    Condition,
    Effect,
    Element,
    Operator,
    PolicyKind,
    Principal,
    Statement,
    Version,
)

_MOST_SHOWN = 3
_LONGEST_NAME = 128
_MFA = {"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": "1"}


class Part(StrEnum):
    """The parts of a statement that are compared with a request."""

    PRINCIPAL = "principal"
    ACTION = "action"
    RESOURCE = "resource"
    CONDITION = "condition"


class ListingFailure(StrEnum):
    """Why a caller is denied though the `NotPrincipal` of a Deny lists it."""

    PARTLY = "partly"
    """The account, the role or the session is not listed with the rest."""

    BOUNDED = "bounded"
    """The caller has a permissions boundary (IAM User Guide, page `NotPrincipal`)."""


@dataclass(frozen=True, slots=True)
class Point:
    """One part of a statement, and the request's value for it.

    Attributes:
        expected: the values in the policy, as it writes them.
        negated: whether it is `NotPrincipal`, `NotAction` or `NotResource`.
        actual: the values in the request; None if it has no such context key.
        key: the condition key; "" for the other parts.
        operator: the condition operator; None for the other parts.
        variables: the policy variables in the values, and what each stands for here.
        listing_failure: why a `NotPrincipal` denies a caller that it lists; None if it does not.
        mfa: whether a condition would come out the other way, had the user MFA; not of sessions
            of roles, which never carry it.
    """

    part: Part
    expected: tuple[str, ...]
    actual: ContextValue | None
    negated: bool = False
    key: str = ""
    operator: Operator | None = None
    variables: tuple[tuple[str, str | None], ...] = ()
    listing_failure: ListingFailure | None = None
    mfa: bool = False


@dataclass(frozen=True, slots=True)
class NearMiss:
    """An allow that does not apply, and the points that keep it from applying.

    Attributes:
        failed_points: empty if it applies and names only the account, so that its identities' own
            policies decide.
    """

    statement: Cause
    failed_points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Denial:
    """A deny that applies, with every part of it that covered the request.

    Attributes:
        level: the level of the organisation; "" for other kinds.
    """

    statement: Cause
    points: tuple[Point, ...]
    level: str = ""


@dataclass(frozen=True, slots=True)
class Lack:
    """A kind of policy, or one level of an organisation, that would have to allow and does not.

    Attributes:
        level: the level of the organisation; "" for other kinds.
        nearest: the allows that come nearest; empty if it has no allow at all.
        is_alternative: whether an allow here would do in place of the lack before it.
        has_policy: whether there is any policy of the kind.
    """

    kind: PolicyKind
    level: str
    nearest: tuple[NearMiss, ...]
    is_alternative: bool = False
    has_policy: bool = True


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision, the denies that apply, and every allow that is lacking, in order of evaluation.

    An allowed request has neither; an explicitly denied one has denies only.

    Attributes:
        owner: the account of the resource where it is another than the caller's, and what is
            lacking is an allow; "" otherwise.
    """

    decision: Decision
    denials: tuple[Denial, ...] = ()
    lacks: tuple[Lack, ...] = ()
    owner: str = ""


def explain(
    request: Request, policies: Policies, assumptions: Assumptions = DEFAULTS
) -> Explanation:
    """Return the decision, and the reasons if it is no allow; raises as `decide` does."""
    decision = decide(request, policies, assumptions)
    if decision.effect is DecisionEffect.ALLOWED:
        return Explanation(decision)
    caller, groups = caller_and_groups(request, policies)
    scope = Scope(request, caller, None, TrackedAssumptions(assumptions))
    if decision.effect is DecisionEffect.EXPLICITLY_DENIED:
        denied = (
            Denial(one.cause, one.points, group.level)
            for group in groups
            for one in _statements(group, scope, Effect.DENY)
            if not one.failed_points
        )
        return Explanation(decision, tuple(denied))
    readings = [read_group(group, scope) for group in groups]
    kinds = kinds_that_must_allow(request, policies, caller, readings)
    owner = (owner_of(request) or "") if is_cross_account(request, caller) else ""
    return Explanation(decision, lacks=tuple(_lacking(kinds, groups, readings, scope)), owner=owner)


def _lacking(
    kinds: tuple[PolicyKind, ...],
    groups: tuple[PolicyGroup, ...],
    readings: list[GroupReading],
    scope: Scope,
) -> Iterator[Lack]:
    by_kind = list(zip(groups, readings, strict=True))
    for kind in kinds:
        asked = [pair for pair in by_kind if pair[0].kind is kind]
        if not asked:
            yield Lack(kind, "", (), has_policy=False)
        for group, reading in asked:
            if not reading.allows:
                # an empty list of any other kind allows nothing
                given = kind is not PolicyKind.IDENTITY or bool(group.policies)
                yield Lack(kind, group.level, _nearest(group, scope), has_policy=given)
    if PolicyKind.RESOURCE not in kinds:
        for group in groups:
            if group.kind is PolicyKind.RESOURCE:
                yield Lack(group.kind, "", _nearest(group, scope), is_alternative=True)


@dataclass(frozen=True, slots=True)
class _ComparedStatement:
    """A statement with all its points, and the points that do not cover the request."""

    cause: Cause
    points: tuple[Point, ...]
    failed_points: tuple[Point, ...]

    @property
    def distance(self) -> float:
        """How far the statement is from applying: one about another service is the farthest."""
        return sum(map(_distance, self.failed_points))


def _distance(point: Point) -> float:
    """Return 1 for a part other than the action; for an action, more the less similar it is."""
    if point.part is not Part.ACTION or point.negated:
        return 1
    asked = str(point.actual).lower()
    service = asked.partition(":")[0]
    entries = [entry.lower()[:_LONGEST_NAME] for entry in point.expected]
    likenesses = [
        SequenceMatcher(None, asked[:_LONGEST_NAME], entry, autojunk=False).ratio()
        for entry in entries
        if entry.partition(":")[0] == service
    ]
    return 5 - 2 * max(likenesses, default=-1)


def _nearest(group: PolicyGroup, scope: Scope) -> tuple[NearMiss, ...]:
    """Return the allows of a group that are nearest to applying, limited in number."""
    looked = list(_statements(group, scope, Effect.ALLOW))
    least = min((one.distance for one in looked), default=0)
    nearest = [one for one in looked if one.distance == least]
    return tuple(NearMiss(one.cause, one.failed_points) for one in nearest[:_MOST_SHOWN])


def _statements(group: PolicyGroup, scope: Scope, effect: Effect) -> Iterator[_ComparedStatement]:
    for policy in group.policies:
        within = Scope(scope.request, scope.caller, policy.document.version, scope.tracked)
        for statement in policy.document.statements:
            if statement.effect is effect:
                looked = tuple(_points(statement, within))
                yield _ComparedStatement(
                    cause_of(group.kind, policy, statement),
                    tuple(point for point, _ in looked),
                    tuple(point for point, holds in looked if not holds),
                )


def _points(statement: Statement, scope: Scope) -> Iterator[tuple[Point, bool]]:
    """Yield each part of a statement, and whether it covers the request."""
    request = scope.request
    if statement.principal is not None:
        yield _principal_point(statement.principal, statement.effect, scope)
    action = Point(Part.ACTION, statement.action.values, request.action, statement.action.negated)
    yield action, actions.matches(statement.action, request.action, scope.tracked)
    if statement.resource is not None:
        matched = resources.matches(statement.resource, statement.effect, scope)
        yield _resource_point(statement.resource, scope), matched
    for condition in statement.conditions:
        holds = conditions.holds(condition, scope)
        turned = _with_mfa(condition, scope) is not holds
        yield replace(_condition_point(condition, scope), mfa=turned), holds


def _with_mfa(condition: Condition, scope: Scope) -> bool:
    """Return whether a condition would hold if the caller, a user, had just used MFA."""
    if scope.caller.kind is not CallerKind.USER:
        return conditions.holds(condition, scope)
    context = scope.request.context.with_(_MFA)
    return conditions.holds(
        condition, scope._replace(request=replace(scope.request, context=context))
    )


def _principal_point(principal: Principal, effect: Effect, scope: Scope) -> tuple[Point, bool]:
    holds = closeness_of(principal, effect, scope.caller, scope.tracked) is not Closeness.NOT
    listed = None
    if principal.negated and holds and effect is Effect.DENY:
        inside = closeness_of(
            replace(principal, negated=False), effect, scope.caller, scope.tracked
        )
        if inside is not Closeness.NOT:
            listed = ListingFailure.BOUNDED if scope.caller.bounded else ListingFailure.PARTLY
    written = tuple(value for _, values in principal.entries for value in values)
    asked = scope.request.principal
    return Point(Part.PRINCIPAL, written, asked, principal.negated, listing_failure=listed), holds


def _resource_point(element: Element, scope: Scope) -> Point:
    return Point(
        Part.RESOURCE,
        element.values,
        scope.request.resource,
        element.negated,
        variables=_variables(element.values, scope),
    )


def _condition_point(condition: Condition, scope: Scope) -> Point:
    substituted = condition.operator.name in conditions.SUBSTITUTING
    return Point(
        Part.CONDITION,
        condition.values,
        scope.request.context.get(condition.key),
        key=condition.key,
        operator=condition.operator,
        variables=_variables(condition.values, scope) if substituted else (),
    )


def _variables(values: Iterable[str], scope: Scope) -> tuple[tuple[str, str | None], ...]:
    """Return the variables in the values, each with its value here; old documents have none."""
    if scope.version is not Version.V2012:
        return ()
    found = {
        part.key: part.value(scope.request.context)
        for value in values
        for part in variables.read(value)
        if isinstance(part, variables.Variable)
    }
    return tuple(found.items())
