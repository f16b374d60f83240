"""The tour's words, apart from what it does."""

from collections.abc import Mapping

from sekisho.tour.step import Words
from sekisho.tour.texts import before, keys, people

__all__ = ["WORDS"]

WORDS: Mapping[str, Words] = {**before.WORDS, **people.WORDS, **keys.WORDS}
"""Title and reason of every step, by its id."""
