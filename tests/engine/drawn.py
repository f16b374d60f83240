"""Drawing much with few numbers: Hypothesis takes most of its time for each single choice."""

import math
from collections.abc import Sequence
from itertools import chain, combinations
from typing import Any

from hypothesis import strategies as st

__all__ = ["one_of_each", "some_of"]


def one_of_each(*choices: Sequence[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    """Draw one of each of `choices`, all with one number."""

    def numbered(number: int) -> tuple[Any, ...]:
        found = []
        for choice in choices:
            number, index = divmod(number, len(choice))
            found.append(choice[index])
        return tuple(found)

    return st.integers(0, math.prod(map(len, choices)) - 1).map(numbered)


def some_of(values: Sequence[Any], most: int) -> list[list[Any]]:
    """Return every choice of one to `most` of the values, small ones first."""
    sizes = range(1, most + 1)
    return [list(each) for each in chain(*(combinations(values, size) for size in sizes))]
