"""Statements that cannot matter to a question are dropped before the search.

A question is whether `allowed` allows a request that `denied` does not. Most often the two share
nearly all of their statements, and the search would look at each of them against each. Every step
here leaves the requests that answer as they are, whoever calls and whatever AWS's undocumented
points are read as. *S is in T* below: T applies to every request to which S applies.

1. *Merged.* Statements of one group that differ in one list of alternatives alone (the actions, the
   resources, or the values of one condition) apply, together, where one with all of these does.
2. *Absorbed.* An Allow that is in another Allow of its group adds nothing to it. A Deny that is in
   another Deny adds nothing either: any Deny is final, in whatever group.
3. *Denied already.* A Deny of `denied` that is in a Deny of `allowed` applies to no request that
   `allowed` allows.
4. *Allowed anyway.* If all Allows of some group of `allowed` are in Allows of a group of `denied`,
   then what `allowed` allows that group allows, too: it may as well allow everything.
5. *Allowed there.* If `denied` has no Deny, and one group alone that may not allow, no request that
   answers is taken in by an Allow of that group, nor by what is in it. So Allows of `allowed` that
   are in one of its Allows are of no use.
6. *Out of reach.* If no Allow of some group of `allowed` applies where a statement does, that
   statement applies to nothing that `allowed` allows. So it is with a value of a condition, where
   each of these Allows demands another one of the same key, which has one value alone.

Where S is one of a list of alternatives (an action, a resource, a value), steps 3 to 5 drop the
alternative alone: S is what its alternatives are together.

What is in what is told by the text alone: by what the patterns say, never by looking for requests.
Where that does not tell, nothing is dropped.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import product

from sekisho.engine import AttachedPolicy, Policies
from sekisho.engine.matching import TrackedAssumptions, conditions, variables
from sekisho.policy import (
    Document,
    Effect,
    Element,
    Operator,
    OperatorName,
    Quantifier,
    Statement,
    Version,
)
from sekisho.prover.reading import keys
from sekisho.prover.reading.conditions import OperatorFamily, VersionedCondition, family_of
from sekisho.prover.search.formula import Restriction, StatementRule, rules_of
from sekisho.prover.solver.inclusion import (
    ACTIONS,
    RESOURCES,
    Entries,
    entries_of,
    literal_start,
)

Groups = list[list[StatementRule]]

_ALL = "*"
ALLOW_EVERYTHING_RULE = StatementRule(
    Effect.ALLOW, Element((_ALL,)), Element((_ALL,)), Version.V2012, ()
)
"""Represents the Allows of a group that allows every request in question."""

_ANYTHING = Restriction()

_MOST_PAIRS = 400_000
"""The most pairs of statements that are compared to drop redundant ones.

That is every one of six hundred with every other. Of more statements that are each about
everything, usually none can be dropped, and finding that out takes longer than the search.
"""

FEW_STATEMENTS = 16
"""The number of statements up to which a question is not reduced: lists name what is written."""


def reduce_policies(
    allowed: Groups | None, denied: Groups | None, restriction: Restriction = _ANYTHING
) -> tuple[Groups | None, Groups | None]:
    """Return two sets of policies with the same answers, in fewer statements.

    Args:
        allowed: the statements that allow what answers, group by group.
        denied: the statements that must not allow.
        restriction: the restriction of the question.
    """
    range_ = [*_range_of(restriction)]
    allowing = None if allowed is None else _without_duplicates(_reachable(allowed, range_))
    denying = None if denied is None else _without_duplicates(_reachable(denied, range_))
    if allowing is None:
        return None, denying
    if denying is None:
        return _reachable(allowing, allowing), None
    denying = _minus_covered(denying, _with_effect(allowing, Effect.DENY), Effect.DENY)
    denying = [_unless_covered(group, allowing) for group in denying]
    limiting = [group for group in denying if ALLOW_EVERYTHING_RULE not in group]
    if len(limiting) == 1 and not _with_effect(denying, Effect.DENY):
        allowing = _minus_covered(allowing, _with_effect(limiting, Effect.ALLOW), Effect.ALLOW)
    if nothing_can_answer(allowing, denying):
        return [[]], [[]]
    allowing, denying = _reachable(allowing, allowing), _reachable(denying, allowing)
    if not limiting:
        denials = (
            replace(rule, effect=Effect.ALLOW) for rule in _with_effect(denying, Effect.DENY)
        )
        allowing = _reachable(allowing, [[*denials]])
    return allowing, denying


def _range_of(restriction: Restriction) -> Iterator[list[StatementRule]]:
    """Yield the restrictions of a question, each in the form of a statement."""
    for element, holds in restriction.actions:
        if holds:
            yield [replace(ALLOW_EVERYTHING_RULE, action=element)]
    for element, holds in restriction.resources:
        if holds:
            yield [replace(ALLOW_EVERYTHING_RULE, resource=element)]


def nothing_can_answer(allowed: Groups | None, denied: Groups | None) -> bool:
    """Return whether a group of `allowed` has no Allow, or `denied` always allows."""
    if allowed is not None and not all(_with_effect((group,), Effect.ALLOW) for group in allowed):
        return True
    return denied is not None and all(group == [ALLOW_EVERYTHING_RULE] for group in denied)


def statements_that_matter(
    old: Policies, new: Policies, tracked: TrackedAssumptions
) -> tuple[Policies, Policies]:
    """Return policies with the statements that matter to a difference, in either direction.

    They are to say which users, accounts and keys matter, and mean nothing together.

    Raises:
        FaultyPolicy: if a document cannot be interpreted for certain.
        LimitReached: if there is a kind of policy that the prover does not handle.
    """
    before, after = rules_of(old, tracked), rules_of(new, tracked)
    ways = (reduce_policies(before, after), reduce_policies(after, before))
    first, second = (
        Policies(identity=tuple(_documents(rule for group in (*a, *b) for rule in group)))
        for a, b in (((each[0] or ()), (each[1] or ())) for each in ways)
    )
    return first, second


def _documents(rules: Iterable[StatementRule]) -> Iterator[AttachedPolicy]:
    """Yield a policy for each version of the policy language that statements are of."""
    by_version: dict[Version | None, list[Statement]] = {}
    for rule in rules:
        conditions_ = tuple(asked.condition for asked in rule.conditions)
        of_version = by_version.setdefault(rule.version, [])
        statement = Statement(
            len(of_version), rule.effect, rule.action, rule.resource, conditions=conditions_
        )
        of_version.append(statement)
    for version, statements in by_version.items():
        yield AttachedPolicy(f"statements {version}", Document(tuple(statements), version))


def _with_effect(groups: Iterable[Sequence[StatementRule]], effect: Effect) -> list[StatementRule]:
    return [rule for group in groups for rule in group if rule.effect is effect]


def _without_duplicates(groups: Groups) -> Groups:
    """Return the groups, merged, and without redundant statements."""
    merged = [_merge_rules(group) for group in groups]
    final = set(map(id, _maximal_rules(_with_effect(merged, Effect.DENY))))
    result: Groups = []
    for group in merged:
        stays = final | set(map(id, _maximal_rules(_with_effect((group,), Effect.ALLOW))))
        result.append([rule for rule in group if id(rule) in stays])
    return result


def _merge_rules(rules: Sequence[StatementRule]) -> list[StatementRule]:
    """Return the statements of a group, merged where they differ in one list of alternatives."""
    merged = list(dict.fromkeys(rules))
    count_before = 0
    while count_before != len(merged):
        count_before = len(merged)
        most = max((len(rule.conditions) for rule in merged), default=0)
        for place in (RESOURCES, ACTIONS, *range(most)):
            by_rest: dict[object, list[StatementRule]] = {}
            for number, rule in enumerate(merged):
                listed = _alternatives(rule, place)
                # lists with a variable are not merged: if its value is not known, the whole
                # list is open
                can_merge = listed and all(
                    variables.OPEN not in one and one.isascii() for one in listed
                )
                key = _with_list(rule, place, ()) if can_merge else number
                by_rest.setdefault(key, []).append(rule)
            merged = [_join_rules(group, place) for group in by_rest.values()]
    return merged


def _join_rules(rules: Sequence[StatementRule], place: int) -> StatementRule:
    if len(rules) == 1:
        return rules[0]
    listed = (one for rule in rules for one in _alternatives(rule, place))
    return _with_list(rules[0], place, tuple(dict.fromkeys(listed)))


def _alternatives(rule: StatementRule, place: int) -> tuple[str, ...]:
    """Return the list at a place if one of its entries suffices for the statement; else ().

    Source: a statement applies where one of its actions, and one of its resources, is asked about,
    and where one value of each condition is matched. That is so of one value of a multivalued key
    (`ForAnyValue`), not of all of them, and not under a negated operator.
    """
    if place in (ACTIONS, RESOURCES):
        element = rule.action if place == ACTIONS else rule.resource
        return () if element.negated else element.values
    condition = rule.conditions[place].condition if place < len(rule.conditions) else None
    if condition is None or condition.operator.quantifier is Quantifier.FOR_ALL_VALUES:
        return ()
    name = condition.operator.name
    return () if name is OperatorName.NULL or name in conditions.NEGATIONS else condition.values


def _with_list(rule: StatementRule, place: int, listed: tuple[str, ...]) -> StatementRule:
    """Return a statement with another list of alternatives."""
    if place == ACTIONS:
        return replace(rule, action=Element(listed))
    if place == RESOURCES:
        return replace(rule, resource=Element(listed))
    asked = list(rule.conditions)
    condition = replace(asked[place].condition, values=listed)
    asked[place] = replace(asked[place], condition=condition)
    return replace(rule, conditions=tuple(asked))


def _maximal_rules(rules: Sequence[StatementRule]) -> list[StatementRule]:
    """Return the statements of one effect that no other includes; of equal ones, the first."""
    unlike: dict[StatementRule, StatementRule] = {}
    for rule in rules:
        unlike.setdefault(rule, rule)
    index, gone, pairs = _Index(tuple(unlike)), set[int](), 0
    for rule in unlike:
        for other in index.candidates(rule):
            pairs += 1
            if other is not rule and id(other) not in gone and _minus_rule(rule, other) is None:
                gone.add(id(rule))
                break
        if pairs > _MOST_PAIRS:
            break
    return [rule for rule in unlike if id(rule) not in gone]


def _minus_covered(groups: Groups, covers: Sequence[StatementRule], effect: Effect) -> Groups:
    """Return groups without the statements of an effect, and alternatives, that others include."""
    index = _Index(covers)
    result: Groups = []
    for group in groups:
        rest = ((_minus_rules(rule, index) if rule.effect is effect else rule) for rule in group)
        result.append([rule for rule in rest if rule is not None])
    return result


def _unless_covered(group: list[StatementRule], allowing: Groups) -> list[StatementRule]:
    """Return a group of `denied`; one that allows everything if a group of `allowed` is in it."""
    index = _Index(_with_effect((group,), Effect.ALLOW))
    for each in allowing:
        if all(_minus_rules(rule, index) is None for rule in _with_effect((each,), Effect.ALLOW)):
            return [ALLOW_EVERYTHING_RULE, *_with_effect((group,), Effect.DENY)]
    return group


def _minus_rules(rule: StatementRule, index: "_Index") -> StatementRule | None:
    """Return a statement without the alternatives that others include; None if nothing is left."""
    for other in index.candidates(rule):
        rest = _minus_rule(rule, other)
        if rest is None:
            return None
        rule = rest
    return rule


class _Index:
    """Statements, by their actions and by the prefixes of their resources.

    Args:
        rules: the statements.
    """

    def __init__(self, rules: Sequence[StatementRule]) -> None:
        self._same = {rule: rule for rule in rules}
        self._by_key: dict[tuple[str, str], list[StatementRule]] = {}
        for rule in rules:
            for key in dict.fromkeys(product(_named_actions(rule), _resource_starts(rule))):
                self._by_key.setdefault(key, []).append(rule)
        self._lengths = sorted({len(start) for _, start in self._by_key})

    def candidates(self, rule: StatementRule) -> Iterator[StatementRule]:
        """Yield the statements that may cover a part of one; if one is equal, only that."""
        if self._same.get(rule, rule) is not rule:
            yield self._same[rule]
            return
        entries = ("",) if rule.resource.negated else rule.resource.values
        starts = {entry[:length] for entry in entries for length in self._lengths}
        seen: set[int] = set()
        for key in product(dict.fromkeys((*_named_actions(rule), _ALL)), starts):
            for other in self._by_key.get(key, ()):
                if id(other) not in seen:
                    seen.add(id(other))
                    yield other


def _named_actions(rule: StatementRule) -> Iterator[str]:
    """Yield the actions that a statement spells out, and `*` for all others."""
    if rule.action.negated:
        yield _ALL
        return
    for entry in rule.action.values:
        yield _ALL if set("*?") & set(entry) else entry.lower()


def _resource_starts(rule: StatementRule) -> Iterator[str]:
    if rule.resource.negated or _ALL in rule.resource.values:
        yield ""
        return
    yield from map(literal_start, rule.resource.values)


def _minus_rule(rule: StatementRule, other: StatementRule) -> StatementRule | None:
    """Return a statement without the part that another one includes; None if it includes all.

    A list can be cut if the other statement includes the rest of the statement.
    """
    cut: list[tuple[int, tuple[str, ...]]] = []
    for place, mine, its in (
        (ACTIONS, rule.action, other.action),
        (RESOURCES, rule.resource, other.resource),
    ):
        entries = _minus_element(mine, its, place, (rule.version, other.version))
        if entries is None:
            return rule
        cut += [(place, entries)] if entries else []
    for asked in other.conditions:
        found = _minus_condition(rule, asked)
        if found is None:
            return rule
        cut += [found] if found[1] else []
    if len(cut) > 1:
        return rule
    return _with_list(rule, *cut[0]) if cut else None


_Versions = tuple[Version | None, Version | None]


def _minus_element(
    mine: Element, its: Element, place: int, versions: _Versions
) -> tuple[str, ...] | None:
    """Return the entries that another element does not include; None if that is not known."""
    if _ALL in its.values:
        return None if its.negated else ()
    same_variables = (versions[0] is Version.V2012) is (versions[1] is Version.V2012)
    if mine.negated or its.negated:
        ours, others = entries_of(mine.values, place), entries_of(its.values, place)
        if ours.open or others.open:
            return () if mine == its and same_variables else None
        if not its.negated:
            return None
        if mine.negated:
            return () if all(map(ours.covers, its.values)) else None
        return () if others.are_disjoint_from(mine.values) else None
    takes = entries_of(its.values, place)
    entries = tuple(
        entry
        for entry in mine.values
        if not takes.covers(entry) or not (same_variables or variables.OPEN not in entry)
    )
    return entries if len(entries) < len(mine.values) else None


def _minus_condition(
    rule: StatementRule, wanted: VersionedCondition
) -> tuple[int, tuple[str, ...]] | None:
    """Return the place and the values of a statement's condition that another does not match.

    None if no condition of the statement implies the other one.
    """
    its = wanted.condition
    values = frozenset(its.values)
    for place, own in enumerate(rule.conditions):
        mine = own.condition
        if (mine.operator, mine.key.lower()) != (its.operator, its.key.lower()):
            continue
        if own.version is not wanted.version and any(
            variables.OPEN in text for text in (*mine.values, *its.values)
        ):
            continue
        if values == frozenset(mine.values) or _is_stricter(own, wanted):
            return place, ()
        left = tuple(text for text in _alternatives(rule, place) if text not in values)
        if values and left and len(left) < len(mine.values):
            return place, left
    return None


def _is_stricter(mine: VersionedCondition, its: VersionedCondition) -> bool:
    """Return whether a condition is stricter than another one on the same key and operator.

    The more values, the more there is to match. Under a negated operator it is the other way round;
    a value that is not of the operator's type makes a difference there.
    """
    operator = mine.condition.operator
    some, all_ = frozenset(mine.condition.values), frozenset(its.condition.values)
    if operator.name is OperatorName.NULL or not some or not all_:
        return False
    if operator.name in conditions.NEGATIONS:
        return family_of(operator.name) is OperatorFamily.TEXT and all_ <= some
    return some <= all_


def _reachable(groups: Groups, allowing: Groups) -> Groups:
    """Return groups without the statements that no Allow of some group of `allowing` can reach."""
    result = groups
    for each in allowing:
        reach = _Reach(_with_effect((each,), Effect.ALLOW))
        cut = ([reach.cut(rule) for rule in group] for group in result)
        result = [[rule for rule in group if rule is not None] for group in cut]
    return result


class _Reach:
    """The requests that some Allows cover together, as far as single attributes show.

    Args:
        allows: the statements; what none of them takes in is out of reach.
    """

    def __init__(self, allows: Sequence[StatementRule]) -> None:
        self._actions = _union([rule.action for rule in allows], ACTIONS)
        self._resources = _union([rule.resource for rule in allows], RESOURCES)
        of_each = [dict(map(_required_values, rule.conditions)) for rule in allows]
        self._pinned: dict[str, frozenset[str]] = {
            key: frozenset().union(*(one[key] for one in of_each))
            for key in (of_each[0] if of_each else ())
            if key and all(key in one for one in of_each)
        }

    def cut(self, rule: StatementRule) -> StatementRule | None:
        """Return a statement without the values that are out of reach; None if all of it is."""
        for some, element in ((self._actions, rule.action), (self._resources, rule.resource)):
            if some is not None and not element.negated and some.are_disjoint_from(element.values):
                return None
        for place, versioned in enumerate(rule.conditions):
            key, values = _required_values(versioned)
            known = self._pinned.get(key)
            if known is None or values <= known:
                continue
            left = tuple(text for text in versioned.condition.values if text in known)
            if not left:
                return None
            rule = _with_list(rule, place, left)
        return rule


def _union(elements: Sequence[Element], place: int) -> Entries | None:
    """Return all entries of some elements; None if one of them is negated."""
    if any(one.negated for one in elements):
        return None
    return Entries(tuple(value for one in elements for value in one.values), place)


def _required_values(versioned: VersionedCondition) -> tuple[str, frozenset[str]]:
    """Return the key (in lower case) and the values of which a condition requires one; "": none.

    With several values it can match two conditions by one each (`list_needs_set_operator`).
    """
    condition = versioned.condition
    key = condition.key.lower()
    exact = condition.operator == Operator(OperatorName.STRING_EQUALS)
    exact &= keys.shape_of(key, with_set_operator=True) is keys.KeyShape.ONE
    if not exact or not condition.values or any(variables.OPEN in one for one in condition.values):
        return "", frozenset()
    return key, frozenset(condition.values)
