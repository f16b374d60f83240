"""Texts that patterns match and others do not: found if there is one, and right."""

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from sekisho.engine.matching import glob
from sekisho.prover.search.limits import Effort
from sekisho.prover.values.texts import Patterns, find, representatives

PATTERNS = st.lists(st.text(alphabet="ab*?", max_size=4), max_size=3)
SMALL = ["".join(chars) for size in range(5) for chars in product("abc", repeat=size)]


@given(PATTERNS, PATTERNS)
def test_what_is_found_is_right_and_nothing_is_missed(every: list[str], none: list[str]) -> None:
    asked = [Patterns([glob.wildcards(text)]) for text in [*every, "*"]]
    found = find(asked, [Patterns([glob.wildcards(text)]) for text in none], Effort())

    def right(text: str) -> bool:
        return all(glob.like(one, text) for one in every) and not any(
            glob.like(one, text) for one in none
        )

    assert right(found) if found is not None else not any(map(right, SMALL))


@given(st.lists(st.text(alphabet="ab*?", max_size=4), max_size=4))
def test_every_text_has_a_representative(patterns: list[str]) -> None:
    def seen(text: str) -> tuple[bool, ...]:
        return tuple(glob.like(one, text) for one in patterns)

    asked = [glob.wildcards(one) for one in patterns]
    found = {seen(text) for text in representatives(asked, Effort())}
    assert {seen(text) for text in SMALL} <= found
