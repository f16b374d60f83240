"""Keys whose texts conditions compare with each other: what they can be, together.

`"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team, 'none'}"}` asks whether two keys
have the same text. What conditions tell of such keys is which patterns each text matches, and
which keys have the same one. Texts are alike if the same patterns match them. Of each kind of texts
that are alike, as many are listed as there are keys, or all that there are; what the keys can be is
every way for each of them to be absent, or one of these texts.

A condition with more around a variable, like `${aws:username}/*`, tells more than that, and is none
of these; nor is one that ignores case.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sekisho.engine import Context
from sekisho.engine.matching import TrackedAssumptions, variables
from sekisho.policy import OperatorName, Quantifier
from sekisho.prover.reading import keys, tied
from sekisho.prover.reading.atoms import is_any_text, may_be_null
from sekisho.prover.reading.conditions import (
    VersionedCondition,
    is_exact,
    linked_by,
    patterns_of,
    variables_in,
)
from sekisho.prover.solver import reasons
from sekisho.prover.solver.limits import MOST_SETS, Effort, LimitReached
from sekisho.prover.solver.texts import Patterns, Token, representatives
from sekisho.prover.solver.theories import KeyValues

_COMPARING = frozenset(
    {
        OperatorName.STRING_EQUALS,
        OperatorName.STRING_NOT_EQUALS,
        OperatorName.STRING_LIKE,
        OperatorName.STRING_NOT_LIKE,
    }
)
_MOST_KEYS = 6
"""Keys that are compared with each other, beyond which each is looked at for itself."""


@dataclass(frozen=True, slots=True)
class KnownKeys:
    """What is known of the keys of some requests.

    Attributes:
        knows: whether the value of a key (in lower case), or its absence, is settled.
        may_be_absent: whether a request can lack a key (in lower case).
        settled: the values that are.
        besides: keys (in lower case), and what each is none of.
        tracked: the assumptions.
        effort: what may still be spent.
    """

    knows: Callable[[str], bool]
    may_be_absent: Callable[[str], bool]
    settled: Context
    besides: Mapping[str, frozenset[str | None]]
    tracked: TrackedAssumptions
    effort: Effort

    def open_in(self, asked: VersionedCondition) -> frozenset[str]:
        """Return the keys of policy variables whose values a condition needs and nobody knows."""
        return frozenset(key for key in linked_by(asked, self.tracked) if not self.knows(key))


@dataclass(frozen=True, slots=True)
class ComparedKeys:
    """Keys that conditions compare with each other.

    Attributes:
        names: the keys, in lower case; where several have one value, the global one.
        asked: the conditions on them that ask which texts are the same, or which patterns match.
        others: those that ask more.
        known: what is known of keys.
    """

    names: tuple[str, ...]
    asked: tuple[VersionedCondition, ...]
    others: tuple[VersionedCondition, ...]
    known: KnownKeys

    def values(self) -> list[KeyValues]:
        """Return what the keys can be.

        Raises:
            LimitReached: if that is too much.
        """
        settled = filter(None, map(self._settled, self.names))
        patterns = (
            *patterns_of(self.asked, self.known.settled),
            *(tuple(each) for each in settled),
            *self._empty(),
        )
        texts = representatives(patterns, self.known.effort)
        for _ in self.names[1:]:
            # each text that is listed stands for itself, so that another one stands for the rest
            texts = representatives([*patterns, *map(tuple, texts)], self.known.effort)
        alike = _alike(patterns, texts, self.known.effort)
        found: list[KeyValues] = []
        for each in _ways([self._of(name, alike) for name in self.names]):
            self.known.effort.spend(len(self.names))
            found.append(each)
            if len(found) > MOST_SETS:
                raise LimitReached(reasons.TOO_MANY_SETS)
        return found

    def _empty(self) -> Iterator[tuple[Token, ...]]:
        """Yield the pattern of the empty text, where `Null` may tell it from others."""
        for name in self.names:
            if may_be_null(name, self._on(name)) or self._settled(name) == "":
                yield ()

    def _settled(self, name: str) -> str | None:
        """Return the one text that a key can be; None if it can be another, or none."""
        value = self.known.settled.folded.get(name) if self.known.knows(name) else None
        return value if isinstance(value, str) else None

    def _on(self, name: str) -> list[VersionedCondition]:
        return [each for each in self.asked if _name_of(each) == name]

    def _of(self, name: str, alike: Mapping[str, "_Place"]) -> list["_Choice"]:
        """Return what one key can be, and with it those of services that have its value."""
        if self.known.knows(name):
            text = self._settled(name)
            return [_Choice(None if text is None else alike[text], {})]
        by_key = tied.by_key(self._on(name))
        main = by_key[name][0].condition.key if name in by_key else keys.spelled(name)
        others = [each[0].condition.key for key, each in by_key.items() if key != name]
        none_of = self.known.besides.get(name, frozenset())
        ways: list[tuple[str | None, KeyValues]] = (
            [(None, {})] if self.known.may_be_absent(name) else []
        )
        ways += [(text, {main: text}) for text in alike]
        return [
            _Choice(None if text is None else alike[text], each)
            for text, way in ways
            for each in tied.same(main, others, [way], {})
            if each.get(main) not in none_of
        ]


_Place = tuple[int, int]
"""A kind of texts that are alike, and which one of them it is."""


@dataclass(frozen=True, slots=True)
class _Choice:
    """What one key can be; `place` is that of its text, None where it is absent."""

    place: _Place | None
    values: KeyValues


def _alike(
    patterns: Sequence[tuple[Token, ...]], texts: Sequence[str], effort: Effort
) -> dict[str, _Place]:
    """Return which of some texts are alike, and the place of each among these."""
    effort.spend(len(patterns) * len(texts))
    each = [Patterns([pattern]) for pattern in patterns]
    kinds: dict[tuple[bool, ...], list[str]] = {}
    for text in texts:
        kinds.setdefault(tuple(one.matches(text) for one in each), []).append(text)
    return {
        text: (number, place)
        for number, those in enumerate(kinds.values())
        for place, text in enumerate(those)
    }


def _ways(
    choices: Sequence[Sequence[_Choice]], used: Mapping[int, int] | None = None
) -> Iterator[KeyValues]:
    """Yield every way to choose; of texts that are alike, the first unused one stands for all.

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
    """Yield the keys that are compared with each other, set by set.

    Args:
        by_name: conditions, by the name of what depends on each other.
        known: what is known of keys.
    """
    plain = {name: _is_plain(name, asked, known) for name, asked in by_name.items()}
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
        asked = [each for name in sorted(joined) for each in by_name.get(name, ())]
        wanted = [each for each in asked if each in compares or not known.open_in(each)]
        if len(joined) <= _MOST_KEYS:
            others = tuple(each for each in asked if each not in wanted)
            yield ComparedKeys(tuple(sorted(joined)), tuple(wanted), others, known)


def _name_of(asked: VersionedCondition) -> str:
    return keys.main_of(asked.condition.key.lower())


def _is_plain(name: str, asked: Sequence[VersionedCondition], known: KnownKeys) -> bool:
    """Tell whether a key is one text, of any form if it is not known, and compared as a text."""
    if known.knows(name):
        value = known.settled.folded.get(name)
        one = value is None or isinstance(value, str)
        return one and all(each.condition.key.lower() == name for each in asked)
    plain = [each for each in asked if not known.open_in(each)]
    return (
        is_any_text(name)
        and all(
            _name_of(each) == name and is_any_text(each.condition.key.lower()) for each in asked
        )
        and not any(known.knows(each.condition.key.lower()) for each in asked)
        and all(each.condition.operator.quantifier is Quantifier.NONE for each in plain)
        and is_exact(plain)
    )


def _compares_whole(asked: VersionedCondition, open_: frozenset[str]) -> bool:
    """Tell whether a condition asks for the same text as a variable's, and of nothing around it."""
    operator = asked.condition.operator
    if operator.name not in _COMPARING or operator.quantifier is not Quantifier.NONE:
        return False
    own = asked.condition.key.lower()
    for text in asked.condition.values:
        if variables_in(text, asked.version) & {*open_, own}:
            match variables.read(text):
                case (variables.Variable(),):
                    pass
                case _:
                    return False
    return True
