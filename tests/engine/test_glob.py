"""Wildcards: the engine against a reference of three lines, and the count of its steps."""

from collections.abc import Iterator
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.reference import like
from sekisho.engine import glob

PATTERNS = st.text(alphabet="ab*?", max_size=8)
VALUES = st.text(alphabet="ab*", max_size=8)


@given(PATTERNS, VALUES)
def test_as_the_document_says(pattern: str, value: str) -> None:
    assert glob.matches(glob.wildcards(pattern), value) is like(pattern, value)
    assert glob.like(pattern, value) is like(pattern, value)


def test_every_short_pattern_against_every_short_value() -> None:
    def words(alphabet: str) -> list[str]:
        return ["".join(word) for size in range(4) for word in product(alphabet, repeat=size)]

    values = words("ab*")
    for pattern in words("ab*?"):
        matched = [value for value in values if glob.matches(glob.wildcards(pattern), value)]
        assert matched == [value for value in values if like(pattern, value)], pattern


@given(st.text(max_size=20), VALUES)
def test_a_literal_matches_itself_only(text: str, value: str) -> None:
    assert glob.matches(glob.literal(text), text)
    assert glob.matches(glob.literal(text), value) is (text == value)


@given(st.text(max_size=20))
def test_a_pattern_can_be_written_again(text: str) -> None:
    assert glob.text_of(glob.wildcards(text)) == text


class Counted(str):
    """A text that counts how many of its characters were read."""

    steps = 0
    __slots__ = ()

    def __iter__(self) -> Iterator[str]:
        for char in super().__iter__():
            Counted.steps += 1
            yield char


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("a*" * 1_000, True),
        ("*a" * 1_000 + "b", False),
        ("*" * 1_000, True),
        ("*?a" * 1_000 + "*b", False),
        ("*" + "a" * 5_000 + "b", False),
    ],
)
def test_every_character_is_read_once(pattern: str, matches: bool) -> None:
    Counted.steps = 0
    assert glob.matches(glob.wildcards(pattern), Counted("a" * 100_000)) is matches
    assert Counted.steps == 100_000
