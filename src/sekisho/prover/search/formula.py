"""A question as demands: the conditions on a request for policies to allow it, or not to.

They express `engine.authorize` for one request of an IAM user: no Deny applies, and in each group
of policies some Allow does. Within the user's own account that is all; for another account's
resource, its own policy must allow as well, and is assumed to.

A *cube* is a list of literals that a request must fit. All requests that answer are described by a
list of cubes that covers exactly them; no condition can be removed from any cube, and no cube from
the list. Each is then expressed in terms of the policies: patterns of resources, and conditions.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field, replace
from datetime import datetime

from sekisho import check_proof
from sekisho.engine import (
    Assumptions,
    CatalogueComplete,
    ContextValue,
    Policies,
    check_policies,
    groups,
)
from sekisho.engine.matching import TrackedAssumptions, arns
from sekisho.lazy import dataclass
from sekisho.policy import Effect, Element, PolicyKind, Statement, Version
from sekisho.prover.reading.conditions import VersionedCondition
from sekisho.prover.reading.credentials import CallerCredential, CallingUser
from sekisho.prover.reading.resources import NamedElement, RequestTarget
from sekisho.prover.reading.statements import ConditionReading
from sekisho.prover.solver import reasons
from sekisho.prover.solver.candidates import Alternative, Demand, Literal, implicant, solve
from sekisho.prover.solver.inclusion import RESOURCES, entries_of
from sekisho.prover.solver.limits import MOST_CUBES, Budget, LimitReached
from sekisho.prover.solver.theories import RESOURCE, Theories

Cube = tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class AnswerSpace:
    """The demands on requests of one class of actions and one situation, to answer or not to.

    Attributes:
        target: the meaning of the literals.
        theories: of every attribute of a request.
        within: the demands that every request of the question fits.
        answering: lists of demands; who meets one answers.
        not_answering: the same for requests that do not answer.
        budget: the steps that are left.
        reachable_entries: the results on the resources of this class of actions.
        place: literals that every request fits as well, and every description includes.
    """

    target: RequestTarget
    theories: Theories
    within: Sequence[Demand]
    answering: Sequence[Sequence[Demand]]
    not_answering: Sequence[Sequence[Demand]]
    budget: Budget
    reachable_entries: dict[object, tuple[str, ...]]
    place: Cube = ()

    def cubes(self) -> list[Cube]:
        """Return the cubes.

        Raises:
            LimitReached: if there are too many, or something could not be found out.
        """
        cubes: list[Cube] = []
        for way in self.answering:
            while True:
                others = [self._not(cube) for cube in cubes]
                cube = implicant([*self.within, *way, *others], self.theories, self.budget)
                if cube is None:
                    break
                cubes.append(self._shortened(cube))
                if len(cubes) > MOST_CUBES:
                    raise LimitReached(reasons.TOO_MANY_CONDITIONS)
        return [(*self.place, *cube) for cube in self._needed(cubes)]

    def example_of(self, cube: Cube) -> dict[str, ContextValue] | None:
        """Return values that fit a cube and answer, or None."""
        for way in self.answering:
            demands = [*self.within, *way, *self._all(cube)]
            if (result := solve(demands, self.theories, self.budget)) is not None:
                return result
        return None

    def fits(self, cube: Cube, none: Sequence[Cube] = ()) -> bool:
        """Return whether a request of the question fits a cube, and none of some others."""
        demands = [*self.within, *self._all(cube), *map(self._not, none)]
        return solve(demands, self.theories, self.budget) is not None

    def _shortened(self, cube: Cube) -> Cube:
        """Return a cube without the literals that it does not need to imply an answer."""
        # the demand of one statement is more specific than the failure of another
        plain = [one for one in cube if not self.target.is_implied(one)]
        lists = self.target.lists
        listed = any(map(lists, self.place))
        needed = sorted(plain, key=lambda one: (lists(one), one.holds))
        for literal in tuple(needed):
            rest = [one for one in needed if one is not literal]
            # the resources are always described: readers look for them
            last = lists(literal) and not listed and not any(map(lists, rest))
            if not last and not self._admits_another(rest, literal):
                needed = rest
        return tuple(reversed(needed))

    def _admits_another(self, rest: Sequence[Literal], literal: Literal) -> bool:
        """Return whether a request that does not answer fits a cube without one of its literals.

        No such request fits the whole cube. If a way not to answer does not test the theory of the
        literal, no request fits it without the literal, either.
        """
        theories = {one.theory for one in self.target.closed((literal,))}
        shared_demands = [*self.within, *self._all(rest)]
        others = (
            self.not_answering
            if theories & _theories(self.within)
            else (other for other in self.not_answering if theories & _theories(other))
        )
        return any(
            solve([*shared_demands, *other], self.theories, self.budget) is not None
            for other in others
        )

    def _all(self, literals: Sequence[Literal]) -> list[Demand]:
        """Return the demand that all literals hold, with those that they imply."""
        return [((literal,),) for literal in self.target.closed(literals)]

    def _not(self, cube: Cube) -> Demand:
        """Return the demand that not all of the literals hold."""
        return tuple(self.target.closed((literal.negated(),)) for literal in cube)

    def _needed(self, cubes: list[Cube]) -> list[Cube]:
        """Return the cubes without those that the other cubes cover together."""
        needed = list(cubes)
        for cube in cubes if len(cubes) > 1 else ():
            rest = [one for one in needed if one is not cube]
            if not self.fits(cube, rest):
                needed = rest
        return needed


def _theories(demands: Iterable[Demand]) -> set[str]:
    """Return the names of the theories in some demands."""
    return {literal.theory for one in demands for each in one for literal in each}


_HANDLED = frozenset({PolicyKind.IDENTITY, PolicyKind.BOUNDARY, PolicyKind.SESSION, PolicyKind.SCP})


@dataclass(frozen=True, slots=True)
class StatementRule:
    """A statement in the form that the prover needs."""

    effect: Effect
    action: Element
    resource: Element
    version: Version | None
    conditions: tuple[VersionedCondition, ...]


@dataclass(frozen=True, slots=True)
class Restriction:
    """The range of a question: each element or condition, and whether it shall hold.

    Attributes:
        of_nothing: conditions that hold where a request is about no resource, but `*`.
        implied: pairs of conditions; where the first holds, the second does.
    """

    actions: tuple[tuple[Element, bool], ...] = ()
    resources: tuple[tuple[Element, bool], ...] = ()
    conditions: tuple[tuple[VersionedCondition, bool], ...] = ()
    of_nothing: tuple[VersionedCondition, ...] = ()
    implied: tuple[tuple[VersionedCondition, VersionedCondition], ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """The question whether `user` has a request that `allowed` allows and `denied` does not.

    Attributes:
        user: the user whose requests are meant.
        now: the earliest time of a request.
        credentials: of which kinds, and calling in which ways.
        allowed, denied: None: nothing is demanded.
        restriction: further demands.
        assumptions: the settings of points that AWS does not document.
        cross_account: whether requests about other accounts' resources are asked about, too.
    """

    user: CallingUser
    now: datetime
    credentials: tuple[CallerCredential, ...]
    allowed: Policies | None = None
    denied: Policies | None = None
    restriction: Restriction = field(default_factory=Restriction)
    assumptions: Assumptions = field(default_factory=Assumptions)
    cross_account: bool = True

    @property
    def in_catalogue(self) -> "Question":
        """The same question about the requests that the catalogue knows."""
        known = replace(self.assumptions, catalogue_complete=CatalogueComplete.YES)
        return replace(self, assumptions=known)


def rules_of(policies: Policies, tracked: TrackedAssumptions) -> list[list[StatementRule]]:
    """Return the statements, group by group.

    Raises:
        FaultyPolicy: if a document cannot be interpreted for certain.
        LimitReached: if there is a kind of policy that the prover does not handle.
    """
    result: list[list[StatementRule]] = []
    for group in groups(policies):
        check_policies(group.kind, group.policies)
        if group.kind not in _HANDLED:
            raise LimitReached(reasons.NOT_HANDLED.filled(kind=group.kind.value))
        result.append(
            [
                _rule(statement, policy.document.version, tracked)
                for policy in group.policies
                for statement in policy.document.statements
            ]
        )
    return result


def _rule(
    statement: Statement, version: Version | None, tracked: TrackedAssumptions
) -> StatementRule:
    conditions = tuple(VersionedCondition(each, version) for each in statement.conditions)
    resource = statement.resource or Element(("*",))
    if statement.effect is Effect.ALLOW and not resource.negated:
        named = tuple(each for each in resource.values if not check_proof.is_no_name(each))
        resource = replace(resource, values=named)
    action = _without_void_entries(statement.action, tracked)
    return StatementRule(statement.effect, action, resource, version, conditions)


_NOT_BY_ROLES = Restriction(
    actions=(
        (
            Element(("iam:ChangePassword", "sts:GetFederationToken", "sts:GetSessionToken")),
            False,
        ),
    )
)
"""Actions that only users can call.

Source: AWS STS API Reference, GetFederationToken and GetSessionToken; IAM API Reference,
ChangePassword.
"""


_NOT_BY_FEDERATED = Restriction(actions=((Element(("sts:*",)), False),))
"""Actions that sessions of GetFederationToken cannot call; IAM's they can call in the console.

Source: AWS STS API Reference, GetFederationToken.
"""


def restriction_of_caller(question: Question) -> Restriction:
    """Return the restriction of a question to the actions that its caller can call."""
    if question.user.is_role:
        return join_restrictions(question.restriction, _NOT_BY_ROLES)
    if question.user.is_federated:
        return join_restrictions(question.restriction, _NOT_BY_FEDERATED)
    return question.restriction


def join_restrictions(restriction: Restriction, more: Restriction) -> Restriction:
    """Return both restrictions together."""
    return Restriction(
        (*restriction.actions, *more.actions),
        (*restriction.resources, *more.resources),
        (*restriction.conditions, *more.conditions),
        (*restriction.of_nothing, *more.of_nothing),
        (*restriction.implied, *more.implied),
    )


def effective_restriction(restriction: Restriction, tracked: TrackedAssumptions) -> Restriction:
    """Return the restriction of a question without entries that an assumption makes void."""
    return replace(
        restriction,
        actions=tuple(
            (_without_void_entries(one, tracked), want) for one, want in restriction.actions
        ),
    )


def _without_void_entries(action: Element, tracked: TrackedAssumptions) -> Element:
    """Return an `Action` without the entries that match nothing under an assumption."""
    if all(map(_names_a_service, action.values)) or tracked.wildcard_service_prefix():
        return action
    return replace(action, values=tuple(filter(_names_a_service, action.values)))


def _names_a_service(entry: str) -> bool:
    """Return whether an entry of an `Action` names its service without wildcard; `*` does, too."""
    service = entry.partition(":")[0]
    return ("*" not in service and "?" not in service) or entry in ("*", "*:*")


Rules = Sequence[Sequence[StatementRule]]


def demands(
    target: RequestTarget,
    reading: ConditionReading,
    sides: tuple[Rules | None, Rules | None],
    restriction: Restriction,
) -> Iterator[list[Demand]]:
    """Yield lists of demands; a request that meets all of one list answers the question."""
    allowed, denied = sides
    always = [*_demands_of_restriction(target, reading, restriction)]
    if allowed is not None:
        always += _demands_to_allow(target, reading, allowed)
    if denied is None:
        yield always
        return
    for way in _demands_not_to_allow(target, reading, denied):
        yield [*always, *way]


def answer_space_of(
    target: RequestTarget,
    reading: ConditionReading,
    sides: tuple[Rules | None, Rules | None],
    restriction: Restriction,
    place: Element | None = None,
) -> AnswerSpace:
    """Return the demands on a request of the range to answer the question, and not to.

    Args:
        target: the meaning of the literals.
        reading: the conditions.
        sides: the statements that allow what answers, and those that do not.
        restriction: the restriction of the question.
        place: literals on the resource that every description includes; None: none.
    """
    allowed, denied = sides
    always = [] if allowed is None else [*_demands_to_allow(target, reading, allowed)]
    ways = [always]
    ways_not_to: list[list[Demand]] = (
        [] if allowed is None else [*_demands_not_to_allow(target, reading, allowed)]
    )
    if denied is not None:
        ways = [[*always, *way] for way in _demands_not_to_allow(target, reading, denied)]
        ways_not_to.append([*_demands_to_allow(target, reading, denied)])
    within_ = [*_demands_of_restriction(target, reading, restriction)]
    place_literal = None if place is None else target.of_resource(place, Effect.DENY, Version.V2012)
    there = (place_literal,) if isinstance(place_literal, Literal) else ()
    within_ += [_demand(target, each, holds=True) for each in there]
    return AnswerSpace(
        target, target.theories, within_, ways, ways_not_to, reading.budget, {}, place=there
    )


def _demands_of_restriction(
    target: RequestTarget, reading: ConditionReading, restriction: Restriction
) -> Iterator[Demand]:
    for element, holds in restriction.actions:
        yield _demand(target, target.of_action(element), holds)
    for element, holds in restriction.resources:
        yield _demand(target, target.of_resource(element, Effect.DENY, Version.V2012), holds)
    for asked, holds in restriction.conditions:
        yield _demand(target, _literal(reading, asked), holds)
    for asked in restriction.of_nothing:
        literals = reading.literals((asked,))
        yield (
            *_demand(target, target.of_something(), holds=True),
            *([] if literals is None else [literals]),
        )
    for first, second in restriction.implied:
        yield (
            *_demand(target, _literal(reading, first), holds=False),
            *_demand(target, _literal(reading, second), holds=True),
        )


def _literal(reading: ConditionReading, condition: VersionedCondition) -> Literal | bool:
    """Return the literal that one condition holds."""
    literals = reading.literals((condition,))
    return literals[0] if literals else literals is not None


def _demand(target: RequestTarget, literal: Literal | bool, holds: bool) -> Demand:
    if isinstance(literal, Literal):
        return (target.closed((literal if holds else literal.negated(),)),)
    return ((),) if literal is holds else ()


def _literals_to_apply(
    target: RequestTarget, reading: ConditionReading, rule: StatementRule
) -> Alternative | None:
    """Return the literals with which a statement applies; None if it never does."""
    parts: list[Literal] = []
    for literal in (
        target.of_action(rule.action),
        target.of_resource(rule.resource, rule.effect, rule.version),
    ):
        if literal is False:
            return None
        if isinstance(literal, Literal):
            parts.append(literal)
    conditions = reading.literals(rule.conditions)
    return None if conditions is None else (*target.closed(parts), *conditions)


def _ways_to_apply(
    target: RequestTarget, reading: ConditionReading, rules: Sequence[StatementRule], effect: Effect
) -> list[Alternative]:
    found = (_literals_to_apply(target, reading, rule) for rule in rules if rule.effect is effect)
    return list(dict.fromkeys(each for each in found if each is not None))


def _demand_not_all(target: RequestTarget, alternative: Alternative) -> Demand:
    """Return the demand that not all of the literals hold."""
    # a literal that another implies fails only if that one fails, too
    return tuple(
        target.closed((literal.negated(),))
        for literal in alternative
        if not target.is_implied(literal)
    )


def _demands_to_allow(
    target: RequestTarget, reading: ConditionReading, rules: Rules
) -> Iterator[Demand]:
    for group in rules:
        yield tuple(_ways_to_apply(target, reading, group, Effect.ALLOW))
        for alternative in _ways_to_apply(target, reading, group, Effect.DENY):
            yield _demand_not_all(target, alternative)


def _demands_not_to_allow(
    target: RequestTarget, reading: ConditionReading, rules: Rules
) -> Iterator[list[Demand]]:
    """Yield the ways not to be allowed: by each Deny, and by each group that does not allow."""
    for group in rules:
        for alternative in _ways_to_apply(target, reading, group, Effect.DENY):
            yield [(alternative,)]
        yield [
            _demand_not_all(target, each)
            for each in _ways_to_apply(target, reading, group, Effect.ALLOW)
        ]


_RESOURCE = "Resource"

OWNER = "resourceAccount"
"""The subject for the account of the resource, even if the request has no key for it."""


@dataclass(frozen=True, slots=True)
class StatedCondition:
    """One condition of a request.

    Attributes:
        subject: a condition key, `Resource`, or `OWNER`.
        operator: the operator; "" for what is no condition key.
        values: the values in the policy.
        holds: whether it must hold, or must not.
    """

    subject: str
    operator: str
    values: tuple[str, ...]
    holds: bool


@dataclass(frozen=True, slots=True)
class Description:
    """A description of requests.

    Attributes:
        resources: patterns of which one must match; `*` if none is demanded.
        conditions: the further conditions, all of which must hold.
    """

    resources: tuple[str, ...]
    conditions: tuple[StatedCondition, ...]


def describe_cube(cube: Cube, space: AnswerSpace) -> Description:
    """Return the description of a cube: resources and conditions."""
    target = space.target
    patterns: tuple[str, ...] | None = None
    stated: list[StatedCondition] = []
    for literal in cube:
        match target.source_of(literal):
            case VersionedCondition(condition=condition):
                operator = str(condition.operator)
                stated.append(
                    StatedCondition(condition.key, operator, condition.values, literal.holds)
                )
            case NamedElement(element=element) as named:
                positive = literal.holds is not element.negated
                values = (
                    _matchable_entries(cube, literal, named, space) if positive else element.values
                )
                if positive and patterns is None:
                    patterns = values
                else:
                    stated.append(StatedCondition(_RESOURCE, "", values, positive))
    return Description(patterns or ("*",), tuple(dict.fromkeys(stated)))


def restriction_of_cube(cube: Cube, target: RequestTarget) -> Restriction:
    """Return a cube as a restriction of a question, as far as that is possible.

    Raises:
        LimitReached: if it rests on an Allow's `NotResource` with a variable that may have no
            value: to all that can be said, such an entry takes in nothing.
    """
    resources: list[tuple[Element, bool]] = []
    conditions: list[tuple[VersionedCondition, bool]] = []
    for literal in cube:
        match target.source_of(literal):
            case VersionedCondition() as asked:
                conditions.append((asked, literal.holds))
            case NamedElement(element=element, special=True):
                entries = ", ".join(f"`{entry}`" for entry in element.values)
                raise LimitReached(reasons.MAY_HAVE_NO_VALUE.filled(entries=entries))
            case NamedElement(element=element, version=version):
                listed = Element(tuple(_with_variables(one, version) for one in element.values))
                resources.append((listed, literal.holds is not element.negated))
    return Restriction(resources=tuple(resources), conditions=tuple(conditions))


def _with_variables(entry: str, version: Version | None) -> str:
    """Return an entry in the form for a question, which interprets variables."""
    *head, tail = arns.split(entry)
    if version is Version.V2012 or len(head) < arns.PARTS - 1:
        return entry
    return ":".join([*head, tail.replace("$", "${$}")])


def _matchable_entries(
    cube: Cube, literal: Literal, named: NamedElement, space: AnswerSpace
) -> tuple[str, ...]:
    """Return the entries of an element that a cube's requests can match, without included ones."""
    element = named.element
    if len(element.values) == 1 or element.negated:
        return element.values
    # a request's attributes are independent, so that only literals on the resource matter
    rest = [one for one in cube if one.theory == RESOURCE and one is not literal]
    key = (named, *((space.target.source_of(one), one.holds) for one in rest))
    if key not in space.reachable_entries:
        space.reachable_entries[key] = _least_entries(rest, named, space)
    return space.reachable_entries[key]


def _least_entries(rest: list[Literal], named: NamedElement, space: AnswerSpace) -> tuple[str, ...]:
    least: dict[str, Literal] = {}
    for entry in named.element.values:
        literal = space.target.of_resource(Element((entry,)), Effect.DENY, named.version)
        if isinstance(literal, Literal) and space.fits((*rest, literal)):
            least[entry] = literal
    if len(least) > _MANY:
        # by the text alone: comparing all pairs by a search would take too long
        listed = entries_of(tuple(least), RESOURCES)
        return tuple(entry for entry in least if not listed.covers_properly(entry))
    for entry, literal in tuple(least.items()):
        others = (other for name, other in least.items() if name != entry)
        if any(not space.fits((*rest, literal), [(other,)]) for other in others):
            del least[entry]
    return tuple(least)


_MANY = 32
"""The number of an element's entries beyond which inclusion is decided by their text."""
