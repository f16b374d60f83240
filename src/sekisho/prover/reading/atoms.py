"""What is asked of the values of one key: which of a list need be tried, or patterns for any text.

A list of values that conditions tell apart grows with every way in which they can hold together. So
where many patterns have wildcards, and the key can be any text, a text is looked for when it is
known which conditions shall hold.

Where a key is compared with what a policy variable stands for, and that is not known, its value may
be like it or not: but all conditions that compare with the same agree on it, and on whether the key
is there. So they are no free atoms: each value is listed twice, as one that is like it and not.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sekisho.engine import Context
from sekisho.engine.matching import Wild, conditions, variables
from sekisho.policy import OperatorName, Quantifier
from sekisho.prover.reading import keys
from sekisho.prover.reading.conditions import VersionedCondition, is_exact, tokens_of
from sekisho.prover.solver import names
from sekisho.prover.solver.limits import Effort
from sekisho.prover.solver.texts import Patterns
from sekisho.prover.solver.theories import AnyText, KeyValues, ListedTexts

_TAG = "tag/"
_EXACTLY = {OperatorName.STRING_EQUALS: False, OperatorName.STRING_NOT_EQUALS: True}
_MANY = 8
"""Patterns with wildcards beyond which the texts that they tell apart are not listed."""

Holds = Callable[[VersionedCondition, KeyValues], bool]
"""Whether a condition holds for some values, as the engine says."""


def listed_texts(asked: VersionedCondition) -> ListedTexts | None:
    """Return the texts that a key is compared with, if one text must equal, or differ."""
    condition, operator = asked.condition, asked.condition.operator
    if operator.quantifier is not Quantifier.NONE or operator.name not in _EXACTLY:
        return None
    if not condition.values:
        # whether it holds is an assumption
        return None
    if any(variables.OPEN in each for each in condition.values):
        return None
    return ListedTexts(condition.key, frozenset(condition.values), _EXACTLY[operator.name])


def may_be_null(name: str, asked: Sequence[VersionedCondition]) -> bool:
    """Tell whether `Null` asks about a key that can be an empty text: a tag, a prefix."""
    empty = not name.startswith("aws:") or "tag/" in name
    return empty and any(each.condition.operator.name is OperatorName.NULL for each in asked)


def any_text(
    name: str,
    asked: Sequence[VersionedCondition],
    effort: Effort,
    holds: Holds,
    *,
    may_be_absent: bool,
) -> AnyText | None:
    """Return the theory of a key that can be any text; None if its values are rather listed.

    Args:
        name: the key, in lower case.
        asked: the conditions on it; they are the atoms, in this order.
        effort: what may still be spent.
        holds: what the engine says.
        may_be_absent: whether a request can lack the key.
    """
    if not asked or not is_plain_text(name, asked):
        return None
    texts = {text for each in asked for text in each.condition.values}
    if sum(not {"*", "?"}.isdisjoint(text) for text in texts) <= _MANY or not is_exact(asked):
        return None
    key = asked[0].condition.key
    found = AnyText(key, effort, may_be_absent=may_be_absent)
    for each in asked:
        there = {value: holds(each, way) for value, way in ((None, {}), ("", {key: ""}))}
        operator = each.condition.operator.name
        if operator is OperatorName.NULL or not each.condition.values:
            # the same of every text
            patterns, negated = _EVERY, not holds(each, {key: "x"})
        else:
            tokens = (tokens_of(each, text, Context()) for text in each.condition.values)
            patterns = Patterns(one for one in tokens if one is not None)
            negated = operator in conditions.NEGATIONS
        found.add(patterns, negated=negated, without=there[None], empty=there[""])
    return found


@dataclass(frozen=True, slots=True)
class Comparisons:
    """Conditions that compare one key, or several of one value, with what is not known.

    Attributes:
        of: the conditions, each with the number of what it compares with.
    """

    of: Mapping[VersionedCondition, int]

    def listed(self, values: Sequence[KeyValues]) -> tuple[list[KeyValues], dict[int, int]]:
        """Return values for each way to be like what is not known, and the ways, by `id`, as bits.

        None of the values is the same object as another.
        """
        found: list[KeyValues] = []
        ways: dict[int, int] = {}
        for each in values:
            for way in range(1 << len({*self.of.values()}) if each else 1):
                found.append({**each})
                ways[id(found[-1])] = way
        return found, ways

    def holds(self, asked: VersionedCondition, ways: Mapping[int, int], values: KeyValues) -> bool:
        """Tell whether a condition holds for some of the listed values."""
        operator, key = asked.condition.operator, asked.condition.key.lower()
        negated = operator.name in conditions.NEGATIONS
        if key not in map(str.lower, values):
            return negated or operator.if_exists
        return bool(ways[id(values)] >> self.of[asked] & 1) is not negated


def comparisons(name: str, linked: Iterable[VersionedCondition]) -> Comparisons:
    """Return those conditions on a tag that compare its one value, as a text, with variables.

    Args:
        name: the key, in lower case; for several of one value, the global one.
        linked: conditions on it with variables that are not known.
    """
    found: dict[VersionedCondition, int] = {}
    numbers: dict[object, int] = {}
    for each in linked if _TAG in name else ():
        operator = each.condition.operator
        positive = conditions.NEGATIONS.get(operator.name, operator.name)
        if operator.quantifier is Quantifier.NONE and positive.value.startswith("String"):
            texts = frozenset(map(_folded, each.condition.values))
            found[each] = numbers.setdefault((positive, each.version, texts), len(numbers))
    return Comparisons(found if len(numbers) <= _MOST_COMPARISONS else {})


_MOST_COMPARISONS = 4
"""Different texts that a key is compared with, up to which all ways to be like them are listed."""


def _folded(text: str) -> tuple[object, ...]:
    """Return a text in which it does not matter how the keys of variables are spelled."""
    parts = variables.read(text)
    return tuple(
        replace(part, key=part.key.lower()) if isinstance(part, variables.Variable) else part
        for part in parts
    )


_EVERY = Patterns([(Wild.STAR,)])


def is_plain_text(name: str, asked: Iterable[VersionedCondition]) -> bool:
    """Tell whether a key has one text of any form, and is compared with nothing but texts."""
    return is_any_text(name) and all(_compares_text(name, each) for each in asked)


def is_any_text(name: str) -> bool:
    """Tell whether a key (in lower case) has one value, of any form: a tag, or a service's key."""
    plain = not name.startswith("aws:") or _TAG in name
    one = keys.shape_of(name, with_set_operator=False) is keys.KeyShape.ONE
    return plain and one and name not in names.OF_KEYS and name not in keys.DEFAULTS


def _compares_text(name: str, asked: VersionedCondition) -> bool:
    """Tell whether a condition compares a key, and no other, with texts that are written out."""
    condition, operator = asked.condition, asked.condition.operator
    text = operator.name is OperatorName.NULL or operator.name.value.startswith("String")
    plain = operator.quantifier is Quantifier.NONE and condition.key.lower() == name
    return text and plain and not any(variables.OPEN in each for each in condition.values)
