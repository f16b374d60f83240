"""A cube in the policies' own words: resource patterns and conditions."""

from dataclasses import dataclass

from sekisho.engine.matching import arns
from sekisho.policy import Effect, Element, Version
from sekisho.prover.reading.conditions import VersionedCondition
from sekisho.prover.reading.resources import NamedElement, RequestTarget
from sekisho.prover.search.formula import AnswerSpace, Cube, Restriction
from sekisho.prover.solver import reasons
from sekisho.prover.solver.candidates import Literal
from sekisho.prover.solver.inclusion import RESOURCES, entries_of
from sekisho.prover.solver.limits import LimitReached
from sekisho.prover.solver.theories import RESOURCE

_RESOURCE = "Resource"

OWNER = "resourceAccount"
"""The subject that is the account of the resource, also where the request has no key for it."""


@dataclass(frozen=True, slots=True)
class StatedCondition:
    """One condition of a request.

    Attributes:
        subject: a condition key, `Resource`, or `OWNER`.
        operator: the operator; "" for what is no condition key.
        values: those of the policy.
        holds: whether it must hold, or must not.
    """

    subject: str
    operator: str
    values: tuple[str, ...]
    holds: bool


@dataclass(frozen=True, slots=True)
class Description:
    """What requests must fit.

    Attributes:
        resources: patterns of which one must match; `*` if none is demanded.
        conditions: what else must be so, all together.
    """

    resources: tuple[str, ...]
    conditions: tuple[StatedCondition, ...]


def described(cube: Cube, look: AnswerSpace) -> Description:
    """Return what a cube demands."""
    target = look.target
    patterns: tuple[str, ...] | None = None
    stated: list[StatedCondition] = []
    for literal in cube:
        match target.named(literal):
            case VersionedCondition(condition=condition):
                operator = str(condition.operator)
                stated.append(
                    StatedCondition(condition.key, operator, condition.values, literal.holds)
                )
            case NamedElement(element=element) as named:
                positive = literal.holds is not element.negated
                values = _reachable(cube, literal, named, look) if positive else element.values
                if positive and patterns is None:
                    patterns = values
                else:
                    stated.append(StatedCondition(_RESOURCE, "", values, positive))
    return Description(patterns or ("*",), tuple(dict.fromkeys(stated)))


def within_of(cube: Cube, target: RequestTarget) -> Restriction:
    """Return the same as a restriction of a question, as far as that can be said so.

    Raises:
        LimitReached: if it rests on an Allow's `NotResource` with a variable that may have no
            value: to all that can be said, such an entry takes in nothing.
    """
    resources: list[tuple[Element, bool]] = []
    conditions: list[tuple[VersionedCondition, bool]] = []
    for literal in cube:
        match target.named(literal):
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
    """Return an entry as it is written where variables are read: a question reads them."""
    *head, tail = arns.split(entry)
    if version is Version.V2012 or len(head) < arns.PARTS - 1:
        return entry
    return ":".join([*head, tail.replace("$", "${$}")])


def _reachable(
    cube: Cube, literal: Literal, named: NamedElement, look: AnswerSpace
) -> tuple[str, ...]:
    """Return the entries of an element that a cube's requests can match, none within another."""
    element = named.element
    if len(element.values) == 1 or element.negated:
        return element.values
    # the attributes of a request are free of each other, so only what is about the resource counts
    rest = [one for one in cube if one.theory == RESOURCE and one is not literal]
    key = (named, *((look.target.named(one), one.holds) for one in rest))
    if key not in look.reached:
        look.reached[key] = _entries(rest, named, look)
    return look.reached[key]


def _entries(rest: list[Literal], named: NamedElement, look: AnswerSpace) -> tuple[str, ...]:
    least: dict[str, Literal] = {}
    for entry in named.element.values:
        found = look.target.of_resource(Element((entry,)), Effect.DENY, named.version)
        if isinstance(found, Literal) and look.fits((*rest, found)):
            least[entry] = found
    if len(least) > _MANY:
        # by the text alone: to compare each with each by a search would take too long
        listed = entries_of(tuple(least), RESOURCES)
        return tuple(entry for entry in least if not listed.has_wider(entry))
    for entry, found in tuple(least.items()):
        others = (other for name, other in least.items() if name != entry)
        if any(not look.fits((*rest, found), [(other,)]) for other in others):
            del least[entry]
    return tuple(least)


_MANY = 32
"""Entries of one element beyond which it is their text that says which is within which."""
