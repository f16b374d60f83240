"""Which profile runs, and what a sweep takes in the quick one: always the same part.

Two profiles, as in `conftest.py`: `quick` by default, and all of it with
`HYPOTHESIS_PROFILE=deep`. tests/README.md lists what is swept in part, and why that is enough.
"""

import os
from collections.abc import Iterable, Sequence
from typing import TypeVar

from hypothesis import settings

DEEP = os.environ.get("HYPOTHESIS_PROFILE") == "deep"

Case = TypeVar("Case")


def sampled(cases: Iterable[Case], *, every: int, first: int = 0) -> Sequence[Case]:
    """Return all cases in the deep profile; in the quick one, one of so many after the first."""
    return [*cases] if DEEP else [*cases][first::every]


def examples(few: int) -> int:
    """Return how many examples a costly law draws: few in the quick profile."""
    return settings().max_examples if DEEP else few
