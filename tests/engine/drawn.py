"""Drawing much with few numbers: Hypothesis takes most of its time for each single choice."""

import math
from collections.abc import Callable, Sequence
from itertools import chain, combinations
from random import Random
from typing import Any, TypeVar

from hypothesis import strategies as st

__all__ = ["at_random", "one_of_each", "some_of"]

_Made = TypeVar("_Made")
_MOST = 2**24
"""Above it Hypothesis draws mostly small numbers."""


def at_random(make: Callable[[Random], _Made]) -> st.SearchStrategy[_Made]:
    """Draw one number, and what is made with the randomness that it begins.

    A failure is shrunk to fewer such things, not to smaller ones: use it for parts, not for lists.
    """
    return st.integers(0, _MOST - 1).map(
        lambda number: make(Random(number))  # noqa: S311 - nothing is secret here
    )


def one_of_each(*choices: Sequence[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    """Draw one of each of `choices`, all with one number."""

    def numbered(number: int) -> tuple[Any, ...]:
        found = []
        for choice in choices:
            number, index = divmod(number, len(choice))
            found.append(choice[index])
        return tuple(found)

    many = math.prod(map(len, choices))
    assert many <= _MOST, many
    return st.integers(0, many - 1).map(numbered)


def some_of(values: Sequence[Any], most: int) -> list[list[Any]]:
    """Return every choice of one to `most` of the values, small ones first."""
    sizes = range(1, most + 1)
    return [list(each) for each in chain(*(combinations(values, size) for size in sizes))]
