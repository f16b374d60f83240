"""What the keys can be that policy variables name: values to try, and cases that are all there is.

Values are tried where a loose reading has found something; what they give is a request or nothing.
The cases of a key are that it is absent, that it is one of the texts to which conditions pin it,
and that it is there and none of these. What is found in no case is nowhere.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from enum import Enum, auto
from itertools import chain, islice, product
from math import prod

from sekisho.engine import ContextValue
from sekisho.engine.matching import glob, variables
from sekisho.policy import OperatorName
from sekisho.prover.reading import keys
from sekisho.prover.reading.conditions import (
    VersionedCondition,
    formed_for,
    linked_by,
    ordinary,
    values_for,
    variables_in,
)
from sekisho.prover.reading.credentials import USER_ID
from sekisho.prover.reading.statements import About, ConditionReading
from sekisho.prover.reading.tied import PART_OF, theory_of
from sekisho.prover.reading.times import TIMES
from sekisho.prover.solver import reasons
from sekisho.prover.solver.limits import MOST_ASSIGNMENTS, LimitReached


def assignments(
    reading: ConditionReading, linked: Iterable[str], asked: Sequence[VersionedCondition]
) -> Iterator[dict[str, ContextValue | None]]:
    """Yield values for the keys that policy variables name, with which to read again.

    Raises:
        LimitReached: if a variable names the time, or a service in between.
    """
    names = sorted(linked)
    if set(names) & (TIMES | {keys.MFA_AGE}):
        raise LimitReached(reasons.NAMES_A_TIME)
    if set(names) & keys.SERVICES:
        raise LimitReached(reasons.NAMES_A_SERVICE)
    each_key = {name: _assignable(reading, name, asked) for name in names}
    found = chain.from_iterable(product(*ways.values()) for ways in keys.apart(each_key))
    possible = filter(_goes_together, (dict(zip(names, each, strict=True)) for each in found))
    yield from islice(possible, MOST_ASSIGNMENTS)


def _goes_together(assigned: Mapping[str, ContextValue | None]) -> bool:
    """Tell whether keys that have one value are given one."""
    values: dict[str, set[ContextValue]] = {}
    for name, value in assigned.items():
        if value is not None:
            values.setdefault(keys.main_of(name), set()).add(value)
    return all(len(each) == 1 for each in values.values())


def _assignable(
    reading: ConditionReading, name: str, asked: Sequence[VersionedCondition]
) -> list[ContextValue | None]:
    main = keys.main_of(name)
    absent: list[ContextValue | None] = [None] if reading.may_be_absent(name) else []
    if main != name and reading.knows(main):
        return [reading.settled.folded.get(main), *absent]
    if name in keys.OF_RESOURCE_ACCOUNT:
        return [*reading.owners, *absent]
    same = {main, *reading.compared.get(main, ())}
    own = [each for each in asked if keys.main_of(each.condition.key.lower()) in same]
    own = [each for each in own if not linked_by(each, reading.tracked)]
    if name == USER_ID:
        return [*reading.ids(own)[0]]
    if main == keys.REGION:
        return [*reading.regions(own)[0], *absent]
    texts: list[str] = []
    if own:
        formed = formed_for(name, own, reading.settled, reading.effort)
        texts = (formed or values_for(own, reading.settled, reading.about.now, reading.effort))[0]
    return [*dict.fromkeys([*texts, *ordinary(name)]), *absent]


class _Case(Enum):
    """What a key is, but for the texts to which it is pinned."""

    ABSENT = auto()
    ANOTHER = auto()


def cases(
    reading: ConditionReading, linked: Iterable[str], asked: Sequence[VersionedCondition]
) -> Iterator[About]:
    """Yield what to read for every way in which the keys that variables name can be.

    Raises:
        LimitReached: if there are too many, or one of the keys depends on others.
    """
    names = sorted(linked)
    pinned = {name: frozenset(_pinned(reading, name, asked)) for name in names}
    ways: list[list[_Case | str]] = [
        [*([_Case.ABSENT] if reading.may_be_absent(name) else []), *texts, _Case.ANOTHER]
        for name, texts in pinned.items()
    ]
    if (
        not all(_stands_alone(name, asked) for name in names)
        or prod(map(len, ways)) > MOST_ASSIGNMENTS
    ):
        raise LimitReached(reasons.TOO_MANY_COMBINATIONS)
    for chosen in product(*ways):
        case: dict[str, _Case | str] = dict(zip(names, chosen, strict=True))
        yield _about(reading.about, case, pinned)


def _about(
    about: About, chosen: Mapping[str, _Case | str], pinned: Mapping[str, frozenset[str]]
) -> About:
    assigned: dict[str, ContextValue | None] = {}
    besides: dict[str, frozenset[str | None]] = {}
    for name, case in chosen.items():
        if case is _Case.ANOTHER:
            besides[name] = pinned[name] | {None}
        else:
            assigned[name] = None if isinstance(case, _Case) else case
    return replace(about, assigned=assigned, besides=besides)


_PINNING = frozenset({OperatorName.STRING_EQUALS, OperatorName.STRING_NOT_EQUALS})


def _pinned(
    reading: ConditionReading, name: str, asked: Sequence[VersionedCondition]
) -> Iterator[str]:
    """Yield the texts that conditions compare a key with, or what is compared with it, too."""
    same = {name, *reading.compared.get(name, ())}
    for each in asked:
        if each.condition.key.lower() not in same or each.condition.operator.name not in _PINNING:
            continue
        for text in each.condition.values:
            known = all(map(reading.knows, variables_in(text, each.version)))
            pattern = variables.substitute(text, each.version, reading.settled)
            if known and pattern is not None:
                yield glob.text_of(pattern)


def _stands_alone(name: str, asked: Sequence[VersionedCondition]) -> bool:
    """Tell whether a key has one text, or several, that nothing else of a request tells."""
    bound = {*TIMES, keys.MFA_AGE, USER_ID, keys.REGION, keys.ADDRESS}
    if name in bound | keys.ENDPOINT | keys.SERVICES | keys.OF_RESOURCE_ACCOUNT:
        return False
    theory = theory_of(name)
    beside = {key for each in asked if theory_of(key := each.condition.key.lower()) == theory}
    if name in PART_OF:
        return not beside
    tags = name.startswith(keys.REQUEST_TAG) and any(
        each.condition.key.lower() == keys.TAG_KEYS for each in asked
    )
    return not tags and name != keys.TAG_KEYS and beside <= {name}
