"""The independent parts of a question, each about its own resources.

If each of a thousand statements is about another bucket, each answer is about one bucket, and only
the statements that can be about it matter there. Such parts are described one by one: the list of
all is the lists of the parts, since a description names the resources that it is about. If it is
Denies that have so many resources, there is one more part, of all other resources.

Statements are known to have no common resource by the prefixes of their patterns.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain

from sekisho.engine.matching import variables
from sekisho.lazy import dataclass
from sekisho.policy import Effect, Element
from sekisho.prover.search.formula import StatementRule
from sekisho.prover.search.reduction import ALLOW_EVERYTHING_RULE, FEW_STATEMENTS, Groups
from sekisho.prover.solver.inclusion import RESOURCES, starts_of


@dataclass(frozen=True, slots=True)
class QuestionPart:
    """A part of a question.

    Attributes:
        allowed: the statements that allow what answers, group by group; None: nothing is demanded.
        denied: the statements that must not allow, group by group; None: nothing is demanded.
        place: the resources that it is limited to, or excludes if negated; None: those of the
            statements that allow.
    """

    allowed: Groups | None
    denied: Groups | None
    place: Element | None = None


def divide_question(
    allowed: Groups | None,
    denied: Groups | None,
    is_in: Callable[[Element], bool],
    starts: Iterable[str] = ("",),
) -> list[QuestionPart]:
    """Return questions such that each request that answers the whole one answers exactly one.

    The parts do not overlap, except for statements about the resources of several parts.

    Args:
        allowed: the statements that allow what answers, group by group; reduced.
        denied: the statements that must not allow.
        is_in: whether an `Action` takes in the one action that is asked about.
        starts: the prefixes of the ARNs that it can be about, in lower case.
    """
    allowed, denied = (
        None if one is None else [[rule for rule in group if is_in(rule.action)] for group in one]
        for one in (allowed, denied)
    )
    needed = _needed(allowed, denied)
    if len(needed) > FEW_STATEMENTS and (places := _Places(needed)).count > 1:
        divided = (_divided(each, places, needed) for each in (allowed, denied))
        return [QuestionPart(*each) for each in zip(*divided, strict=True)]
    able = tuple(dict.fromkeys(starts))
    denying = [rule for rule in _plain_denials(allowed, denied) if _can_be_about(rule, able)]
    if len(denying) > FEW_STATEMENTS and (places := _Places(denying)).count > 1:
        return [*_by_denials(allowed, denied, places, denying)]
    return [QuestionPart(allowed, denied)]


def _by_denials(
    allowed: Groups | None,
    denied: Groups | None,
    places: "_Places",
    denying: Sequence[StatementRule],
) -> Iterator[QuestionPart]:
    """Yield the question about each place of some Denies, and about all other resources."""
    entries: list[dict[str, None]] = [{} for _ in range(places.count)]
    for rule in denying:
        for place in places.place_of(rule):
            entries[place] |= dict.fromkeys(rule.resource.values)
    divided = (_divided(each, places, denying) for each in (allowed, denied))
    for allows, denials, listed in zip(*divided, entries, strict=True):
        yield QuestionPart(allows, denials, Element(tuple(listed)))
    own = set(map(id, denying))
    allows, denials = (
        None if one is None else [[rule for rule in group if id(rule) not in own] for group in one]
        for one in (allowed, denied)
    )
    everywhere = tuple(dict.fromkeys(chain.from_iterable(entries)))
    yield QuestionPart(allows, denials, Element(everywhere, negated=True))


def _plain_denials(*asked: Groups | None) -> list[StatementRule]:
    """Return the Denies whose resources are known from their text alone."""
    return [
        rule
        for groups in asked
        for group in groups or ()
        for rule in group
        if rule.effect is Effect.DENY
        and not rule.resource.negated
        and not any(entry == _ALL or variables.OPEN in entry for entry in rule.resource.values)
    ]


def _can_be_about(rule: StatementRule, starts: Sequence[str]) -> bool:
    """Return whether a statement can be about resources with one of some prefixes."""
    return any(
        mine.startswith(start) or start.startswith(mine)
        for mine in _starts(rule)
        for start in starts
    )


def _needed(allowed: Groups | None, denied: Groups | None) -> list[StatementRule]:
    """Return statements of which one applies to each request that answers: the longest such list.

    One Allow of each group of `allowed` does; and if `denied` allows all that it does not deny, one
    of its Denies.
    """
    lists = [[one for one in each if one.effect is Effect.ALLOW] for each in allowed or ()]
    if denied is not None and all(ALLOW_EVERYTHING_RULE in group for group in denied):
        lists.append([one for group in denied for one in group if one.effect is Effect.DENY])
    return max(lists, key=len, default=[])


def _divided(
    groups: Groups | None, places: "_Places", needed: Sequence[StatementRule]
) -> Sequence[Groups | None]:
    """Return the groups for each place, with the statements that can be about it."""
    if groups is None:
        return [None] * places.count
    result: list[Groups] = [[[] for _ in groups] for _ in range(places.count)]
    own = {id(rule) for rule in needed}
    for number, group in enumerate(groups):
        for rule in group:
            for place in places.place_of(rule) if id(rule) in own else places.places_of(rule):
                result[place][number].append(rule)
    return result


_ALL = "*"


class _Places:
    """Disjoint sets of resources, each of some statements.

    Args:
        rules: the statements; each is about the resources of one place alone.

    Attributes:
        count: how many there are, counted from 0 on.
    """

    def __init__(self, rules: Sequence[StatementRule]) -> None:
        self._root = list(range(len(rules)))
        self._starts = sorted(
            (start, number) for number, rule in enumerate(rules) for start in _starts(rule)
        )
        above: list[tuple[str, int]] = []
        for start, number in self._starts:
            while above and not start.startswith(above[-1][0]):
                above.pop()
            if above:
                self._join(above[-1][1], number)
            above.append((start, number))
        roots = sorted({self._places_of_number(number) for number in range(len(rules))})
        names = {root: name for name, root in enumerate(roots)}
        self.count = len(roots)
        self._names = [names[self._places_of_number(number)] for number in range(len(rules))]
        self._by_rule = {id(rule): name for rule, name in zip(rules, self._names, strict=True)}
        self._by_start: dict[str, set[int]] = {}
        for start, number in self._starts:
            self._by_start.setdefault(start, set()).add(self._names[number])
        self._lengths = sorted(set(map(len, self._by_start)))

    def place_of(self, rule: StatementRule) -> Iterator[int]:
        """Yield the place of one of the statements."""
        yield self._by_rule[id(rule)]

    def places_of(self, rule: StatementRule) -> set[int]:
        """Return the places that another statement can be about."""
        result: set[int] = set()
        for start in _starts(rule):
            for length in self._lengths:
                result |= (
                    self._by_start.get(start[:length], set()) if length <= len(start) else set()
                )
            at = bisect_left(self._starts, (start, 0))
            while at < len(self._starts) and self._starts[at][0].startswith(start):
                result.add(self._names[self._starts[at][1]])
                at += 1
        return result

    def _places_of_number(self, number: int) -> int:
        while self._root[number] != number:
            self._root[number] = number = self._root[self._root[number]]
        return number

    def _join(self, one: int, other: int) -> None:
        self._root[self._places_of_number(other)] = self._places_of_number(one)


def _starts(rule: StatementRule) -> Iterator[str]:
    """Yield the prefixes of the resources of a statement."""
    if rule.resource.negated:
        yield ""
    else:
        yield from starts_of(rule.resource.values, RESOURCES)
