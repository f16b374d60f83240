"""What the keys can be that policy variables name: values to try.

They are tried where a loose reading has found something; what they give is a request or nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice, product

from sekisho.engine import ContextValue
from sekisho.prover.search import reasons
from sekisho.prover.search.limits import MOST_ASSIGNMENTS, LimitReached
from sekisho.prover.values import keys
from sekisho.prover.values.conditions import (
    VersionedCondition,
    formed_for,
    linked_by,
    ordinary,
    values_for,
)
from sekisho.prover.values.credentials import USER_ID
from sekisho.prover.values.reading import ConditionReading
from sekisho.prover.values.times import TIMES


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
