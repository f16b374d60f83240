"""Values of keys that can be any text, and of keys that conditions compare with each other.

The list of distinguishable values grows with every combination of conditions that can hold. So if
many patterns have wildcards, and the key can be any text, a text is only searched once the required
conditions are known.

`"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team, 'none'}"}` asks whether two keys
have the same text. Such conditions distinguish which patterns each text matches, and which keys
have equal texts. Texts are equivalent if the same patterns match them. Of each class of equivalent
texts, as many are listed as there are keys, or all that exist; the possible values of the keys are
all combinations in which each is absent, or one of these texts.

A condition with more text around a variable, like `${aws:username}/*`, distinguishes more and is
not handled here; nor is one that ignores case. If a key is compared with the value of such a
variable, its value may match or not; but all conditions that compare with the same variable agree
on it, and on the presence of the key. So each value is listed twice: as matching and as not.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from sekisho.engine import Context
from sekisho.engine.matching import TrackedAssumptions, Wild, conditions, variables
from sekisho.lazy import dataclass
from sekisho.policy import OperatorName, Quantifier
from sekisho.prover.reading import dependent_keys, keys
from sekisho.prover.reading.conditions import (
    VersionedCondition,
    is_exact,
    keys_compared_with,
    patterns_of,
    tokens_of,
    variables_in,
)
from sekisho.prover.solver import names, reasons
from sekisho.prover.solver.limits import MOST_SETS, Budget, LimitReached
from sekisho.prover.solver.texts import Patterns, Token, representatives
from sekisho.prover.solver.theories import AnyText, KeyValues, ListedTexts

_TAG = "tag/"
_EXACTLY = {OperatorName.STRING_EQUALS: False, OperatorName.STRING_NOT_EQUALS: True}
_MANY = 8
"""Patterns with wildcards beyond which the texts that they distinguish are not listed."""

Holds = Callable[[VersionedCondition, KeyValues], bool]
"""(condition, values of keys) → whether the engine says that the condition holds."""


def listed_texts(asked: VersionedCondition) -> ListedTexts | None:
    """Return the texts that a key is compared with, if a text must equal or differ from them."""
    condition, operator = asked.condition, asked.condition.operator
    if operator.quantifier is not Quantifier.NONE or operator.name not in _EXACTLY:
        return None
    if not condition.values:
        # whether it holds is an assumption
        return None
    if any(variables.OPEN in each for each in condition.values):
        return None
    return ListedTexts(condition.key, frozenset(condition.values), _EXACTLY[operator.name])


def may_be_null(name: str, key_conditions: Sequence[VersionedCondition]) -> bool:
    """Return whether `Null` tests a key that can be an empty text: a tag or a prefix."""
    empty = not name.startswith("aws:") or "tag/" in name
    return empty and any(
        each.condition.operator.name is OperatorName.NULL for each in key_conditions
    )


def any_text(
    name: str,
    key_conditions: Sequence[VersionedCondition],
    budget: Budget,
    holds: Holds,
    *,
    may_be_absent: bool,
) -> AnyText | None:
    """Return the theory of a key that can be any text; None if its values should be listed.

    Args:
        name: the key, in lower case.
        key_conditions: the conditions on it; they are the atoms, in this order.
        budget: the steps that are left.
        holds: the engine's evaluation of a condition.
        may_be_absent: whether a request can lack the key.
    """
    if not key_conditions or not is_plain_text(name, key_conditions):
        return None
    texts = {text for each in key_conditions for text in each.condition.values}
    if sum(not {"*", "?"}.isdisjoint(text) for text in texts) <= _MANY or not is_exact(
        key_conditions
    ):
        return None
    key = key_conditions[0].condition.key
    result = AnyText(key, budget, may_be_absent=may_be_absent)
    for condition in key_conditions:
        at_edges = {value: holds(condition, way) for value, way in ((None, {}), ("", {key: ""}))}
        operator = condition.condition.operator.name
        if operator is OperatorName.NULL or not condition.condition.values:
            # the same for every text
            patterns, negated = _EVERY, not holds(condition, {key: "x"})
        else:
            tokens = (tokens_of(condition, text, Context()) for text in condition.condition.values)
            patterns = Patterns(one for one in tokens if one is not None)
            negated = operator in conditions.NEGATIONS
        result.add(patterns, negated=negated, without=at_edges[None], empty=at_edges[""])
    return result


@dataclass(frozen=True, slots=True)
class Comparisons:
    """Conditions that compare one key, or several with one value, with unknown variables.

    Attributes:
        numbers: the conditions, each with the number of what it compares with.
    """

    numbers: Mapping[VersionedCondition, int]

    def listed(self, values: Sequence[KeyValues]) -> tuple[list[KeyValues], dict[int, int]]:
        """Return values for each way to match the unknown texts, and these ways, by `id`, as bits.

        None of the values is the same object as another.
        """
        copies: list[KeyValues] = []
        ways: dict[int, int] = {}
        for each in values:
            for way in range(1 << len({*self.numbers.values()}) if each else 1):
                copies.append({**each})
                ways[id(copies[-1])] = way
        return copies, ways

    def holds(
        self, condition: VersionedCondition, ways: Mapping[int, int], values: KeyValues
    ) -> bool:
        """Return whether a condition holds for some of the listed values."""
        operator, key = condition.condition.operator, condition.condition.key.lower()
        negated = operator.name in conditions.NEGATIONS
        if key not in map(str.lower, values):
            return negated or operator.if_exists
        return bool(ways[id(values)] >> self.numbers[condition] & 1) is not negated


def comparisons(name: str, linked: Iterable[VersionedCondition]) -> Comparisons:
    """Return the conditions on a tag that compare its value, as a text, with variables.

    Args:
        name: the key, in lower case; for several of one value, the global one.
        linked: conditions on it with variables that are not known.
    """
    comparing: dict[VersionedCondition, int] = {}
    numbers: dict[object, int] = {}
    for each in linked if _TAG in name else ():
        operator = each.condition.operator
        positive = conditions.NEGATIONS.get(operator.name, operator.name)
        if operator.quantifier is Quantifier.NONE and positive.value.startswith("String"):
            texts = frozenset(map(_folded, each.condition.values))
            comparing[each] = numbers.setdefault((positive, each.version, texts), len(numbers))
    return Comparisons(comparing if len(numbers) <= _MOST_COMPARISONS else {})


_MOST_COMPARISONS = 4
"""The most unknown texts for which all combinations of matches are listed."""


def _folded(text: str) -> tuple[object, ...]:
    """Return a text in which the spelling of the keys of variables does not matter."""
    parts = variables.read(text)
    return tuple(
        replace(part, key=part.key.lower()) if isinstance(part, variables.Variable) else part
        for part in parts
    )


_EVERY = Patterns([(Wild.STAR,)])


def is_plain_text(name: str, key_conditions: Iterable[VersionedCondition]) -> bool:
    """Return whether a key has one text of any form, and is compared with texts only."""
    return is_any_text(name) and all(_compares_text(name, each) for each in key_conditions)


def is_any_text(name: str) -> bool:
    """Return whether a key (in lower case) has one value of any form: a tag, or a service's key."""
    plain = not name.startswith("aws:") or _TAG in name
    one = keys.shape_of(name, with_set_operator=False) is keys.KeyShape.ONE
    return plain and one and name not in names.OF_KEYS and name not in keys.DEFAULTS


def _compares_text(name: str, asked: VersionedCondition) -> bool:
    """Return whether a condition compares exactly one key with literal texts."""
    condition, operator = asked.condition, asked.condition.operator
    text = operator.name is OperatorName.NULL or operator.name.value.startswith("String")
    plain = operator.quantifier is Quantifier.NONE and condition.key.lower() == name
    return text and plain and not any(variables.OPEN in each for each in condition.values)


_COMPARING = frozenset(
    {
        OperatorName.STRING_EQUALS,
        OperatorName.STRING_NOT_EQUALS,
        OperatorName.STRING_LIKE,
        OperatorName.STRING_NOT_LIKE,
    }
)
_MOST_KEYS = 6
"""The most keys compared with each other; beyond it each key is examined separately."""


@dataclass(frozen=True, slots=True)
class KnownKeys:
    """The known facts about the keys of some requests.

    Attributes:
        knows: whether the value of a key (in lower case), or its absence, is settled.
        may_be_absent: whether a request can lack a key (in lower case).
        values: the values that are settled.
        excluded_values: keys (in lower case), and what each is none of.
        tracked: the assumptions.
        budget: the steps that are left.
    """

    knows: Callable[[str], bool]
    may_be_absent: Callable[[str], bool]
    values: Context
    excluded_values: Mapping[str, frozenset[str | None]]
    tracked: TrackedAssumptions
    budget: Budget

    def open_in(self, condition: VersionedCondition) -> frozenset[str]:
        """Return the keys of policy variables in a condition whose values are not known."""
        return frozenset(
            key for key in keys_compared_with(condition, self.tracked) if not self.knows(key)
        )


@dataclass(frozen=True, slots=True)
class ComparedKeys:
    """Keys that conditions compare with each other.

    Attributes:
        names: the keys, in lower case; where several have one value, the global one.
        conditions: the conditions on equality of texts, or on the patterns that match.
        further_conditions: conditions that ask more.
        known: the known facts about keys.
    """

    names: tuple[str, ...]
    conditions: tuple[VersionedCondition, ...]
    further_conditions: tuple[VersionedCondition, ...]
    known: KnownKeys

    def values(self) -> list[KeyValues]:
        """Return the possible values of the keys.

        Raises:
            LimitReached: if that is too much.
        """
        settled = filter(None, map(self._only_text, self.names))
        patterns = (
            *patterns_of(self.conditions, self.known.values),
            *(tuple(each) for each in settled),
            *self._empty(),
        )
        texts = representatives(patterns, self.known.budget)
        for _ in self.names[1:]:
            # each listed text represents only itself, so that another one represents the rest
            texts = representatives([*patterns, *map(tuple, texts)], self.known.budget)
        classes = _classes_of(patterns, texts, self.known.budget)
        ways: list[KeyValues] = []
        for each in _ways([self._choices_of(name, classes) for name in self.names]):
            self.known.budget.spend(len(self.names))
            ways.append(each)
            if len(ways) > MOST_SETS:
                raise LimitReached(reasons.TOO_MANY_SETS)
        return ways

    def _empty(self) -> Iterator[tuple[Token, ...]]:
        """Yield the pattern of the empty text, if `Null` may distinguish it."""
        for name in self.names:
            if may_be_null(name, self._conditions_on(name)) or self._only_text(name) == "":
                yield ()

    def _only_text(self, name: str) -> str | None:
        """Return the only text that a key can be; None if it can be another, or none."""
        value = self.known.values.folded.get(name) if self.known.knows(name) else None
        return value if isinstance(value, str) else None

    def _conditions_on(self, name: str) -> list[VersionedCondition]:
        return [each for each in self.conditions if _name_of(each) == name]

    def _choices_of(self, name: str, classes: Mapping[str, "_Place"]) -> list["_Choice"]:
        """Return the values of one key together with the service keys that have the same value."""
        if self.known.knows(name):
            text = self._only_text(name)
            return [_Choice(None if text is None else classes[text], {})]
        by_key = dependent_keys.group_by_key(self._conditions_on(name))
        main = by_key[name][0].condition.key if name in by_key else keys.spelling_of_key(name)
        others = [each[0].condition.key for key, each in by_key.items() if key != name]
        none_of = self.known.excluded_values.get(name, frozenset())
        ways: list[tuple[str | None, KeyValues]] = (
            [(None, {})] if self.known.may_be_absent(name) else []
        )
        ways += [(text, {main: text}) for text in classes]
        return [
            _Choice(None if text is None else classes[text], each)
            for text, way in ways
            for each in dependent_keys.values_of_one_value(main, others, [way], {})
            if each.get(main) not in none_of
        ]


_Place = tuple[int, int]
"""The class of equivalent texts, and the index of a text in it."""


@dataclass(frozen=True, slots=True)
class _Choice:
    """A possible value of a key; `place` is that of its text, None if the key is absent."""

    place: _Place | None
    values: KeyValues


def _classes_of(
    patterns: Sequence[tuple[Token, ...]], texts: Sequence[str], budget: Budget
) -> dict[str, _Place]:
    """Return the class of equivalent texts of each text, and its index in that class."""
    budget.spend(len(patterns) * len(texts))
    each = [Patterns([pattern]) for pattern in patterns]
    kinds: dict[tuple[bool, ...], list[str]] = {}
    for text in texts:
        kinds.setdefault(tuple(one.matches(text) for one in each), []).append(text)
    return {
        text: (number, place)
        for number, group in enumerate(kinds.values())
        for place, text in enumerate(group)
    }


def _ways(
    choices: Sequence[Sequence[_Choice]], used: Mapping[int, int] | None = None
) -> Iterator[KeyValues]:
    """Yield all combinations of choices; the first unused of equivalent texts represents all.

    Args:
        choices: for each key.
        used: how many texts of each kind are used by the keys before.
    """
    if not choices:
        yield {}
        return
    before = used or {}
    for choice in choices[0]:
        after = before
        if choice.place is not None:
            kind, place = choice.place
            count = before.get(kind, 0)
            if place > count:
                continue
            after = {**before, kind: max(count, place + 1)}
        for rest in _ways(choices[1:], after):
            yield {**choice.values, **rest}


def compared_keys(
    by_name: Mapping[str, Sequence[VersionedCondition]], known: KnownKeys
) -> Iterator[ComparedKeys]:
    """Yield sets of keys that are compared with each other.

    Args:
        by_name: conditions, by the name of what depends on each other.
        known: the known facts about keys.
    """
    plain = {name: _is_plain(name, of_set, known) for name, of_set in by_name.items()}
    tags = keys.TAG_KEYS in by_name

    def is_text(key: str) -> bool:
        name = keys.main_of(key)
        one = not (tags and name.startswith(keys.REQUEST_TAG)) and not known.knows(key)
        return one and plain.get(name, is_any_text(name) and not known.knows(name))

    sets: dict[str, set[str]] = {}
    compares: set[VersionedCondition] = set()
    for name in [name for name, is_plain in plain.items() if is_plain]:
        for each in by_name[name]:
            open_ = known.open_in(each)
            if open_ and _compares_whole(each, open_) and all(map(is_text, open_)):
                compares.add(each)
                joined = set().union(
                    *(sets.get(one, {one}) for one in (name, *map(keys.main_of, open_)))
                )
                sets |= dict.fromkeys(joined, joined)
    for joined in {id(each): each for each in sets.values()}.values():
        of_set = [each for name in sorted(joined) for each in by_name.get(name, ())]
        wanted = [each for each in of_set if each in compares or not known.open_in(each)]
        if len(joined) <= _MOST_KEYS:
            others = tuple(each for each in of_set if each not in wanted)
            yield ComparedKeys(tuple(sorted(joined)), tuple(wanted), others, known)


def _name_of(condition: VersionedCondition) -> str:
    return keys.main_of(condition.condition.key.lower())


def _is_plain(name: str, key_conditions: Sequence[VersionedCondition], known: KnownKeys) -> bool:
    """Return whether a key is one text, of any form if unknown, and compared as a text."""
    if known.knows(name):
        value = known.values.folded.get(name)
        one = value is None or isinstance(value, str)
        return one and all(each.condition.key.lower() == name for each in key_conditions)
    plain = [each for each in key_conditions if not known.open_in(each)]
    return (
        is_any_text(name)
        and all(
            _name_of(each) == name and is_any_text(each.condition.key.lower())
            for each in key_conditions
        )
        and not any(known.knows(each.condition.key.lower()) for each in key_conditions)
        and all(each.condition.operator.quantifier is Quantifier.NONE for each in plain)
        and is_exact(plain)
    )


def _compares_whole(condition: VersionedCondition, open_: frozenset[str]) -> bool:
    """Return whether a condition asks for exactly the same text as a variable's."""
    operator = condition.condition.operator
    if operator.name not in _COMPARING or operator.quantifier is not Quantifier.NONE:
        return False
    own = condition.condition.key.lower()
    for text in condition.condition.values:
        if variables_in(text, condition.version) & {*open_, own}:
            match variables.read(text):
                case (variables.Variable(),):
                    pass
                case _:
                    return False
    return True
