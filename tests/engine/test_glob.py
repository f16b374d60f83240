"""Wildcards: the engine against a reference of three lines, and the count of its steps."""

from collections.abc import Iterator
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.reference import like
from sekisho.engine.matching import glob

PATTERNS = st.text(alphabet="ab*?", max_size=8)
VALUES = st.text(alphabet="ab*", max_size=8)


@given(PATTERNS, VALUES)
def test_as_the_document_says(pattern: str, value: str) -> None:
    assert glob.matches(glob.wildcards(pattern), value) is like(pattern, value)
    assert glob.like(pattern, value) is like(pattern, value)


def test_every_short_pattern_against_every_short_value() -> None:
    def words(alphabet: str) -> list[str]:
        return ["".join(word) for size in range(4) for word in product(alphabet, repeat=size)]

    values = words("ax*")
    for pattern in words("ax*?"):
        matched = [value for value in values if glob.matches(glob.wildcards(pattern), value)]
        assert matched == [value for value in values if like(pattern, value)], pattern
        assert matched == [value for value in values if glob.like(pattern, value)], pattern


@given(st.text(alphabet="ab*", max_size=8), VALUES)
def test_pieces_in_order_are_stars_between_them(pattern: str, value: str) -> None:
    assert glob.in_order(pattern.split("*"), value) is like(pattern, value)


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
    [("*?a" * 1_000 + "*", True), ("*?a" * 1_000 + "*b", False), ("?" + "*a" * 1_000 + "b", False)],
)
def test_every_character_is_read_once(pattern: str, matches: bool) -> None:
    Counted.steps = 0
    assert glob.matches(glob.wildcards(pattern), Counted("a" * 100_000)) is matches
    assert Counted.steps == 100_000


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("a*" * 1_000, True),
        ("*a" * 1_000 + "b", False),
        ("*a" * 100_000, True),
        ("*a" * 100_001, False),
        ("*" * 100_000, True),
        ("*" + "a" * 50_000 + "b", False),
        ("*" + "a" * 50_000 + "b*", False),
    ],
)
def test_without_question_marks_no_character_is_looked_at_by_itself(
    pattern: str, matches: bool
) -> None:
    Counted.steps = 0
    assert glob.matches(glob.wildcards(pattern), Counted("a" * 100_000)) is matches
    assert glob.like(pattern, Counted("a" * 100_000)) is matches
    assert Counted.steps == 0


@given(PATTERNS, st.text(alphabet="abA", max_size=4), st.text(alphabet="abA", max_size=4))
def test_in_the_first_of_two_texts_case_does_not_matter(
    pattern: str, loose: str, exact: str
) -> None:
    found = glob.matches_in_two(glob.wildcards(pattern), loose, exact)
    assert found is like(pattern, loose.lower() + exact)
    # a capital letter of the pattern is one in the second text only
    assert glob.matches_in_two(glob.wildcards(pattern.upper()), loose, exact) is any(
        like(pattern.upper()[:place] + "*" * stays, loose.upper())
        and like("*" * stays + pattern.upper()[place:], exact)
        for place in range(len(pattern) + 1)
        for stays in (pattern[place - 1 : place] == "*", False)
    )
