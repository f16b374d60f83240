"""Texts that patterns match and others do not: found if there is one, and right.

Reads `solver.texts` itself: a text that no pattern of a policy needs is looked for, too.
"""

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from sekisho.engine.matching import Wild, glob
from sekisho.prover.solver.limits import Budget
from sekisho.prover.solver.texts import Kind, Machine, Patterns, Segment, find_text, representatives

PATTERNS = st.lists(st.text(alphabet="ab*?", max_size=4), max_size=3)
SMALL = ["".join(chars) for size in range(5) for chars in product("abc", repeat=size)]


@given(PATTERNS, PATTERNS)
def test_what_is_found_is_right_and_nothing_is_missed(every: list[str], none: list[str]) -> None:
    asked = [Patterns([glob.wildcards(text)]) for text in [*every, "*"]]
    found = find_text(asked, [Patterns([glob.wildcards(text)]) for text in none], Budget())

    def right(text: str) -> bool:
        return all(glob.like(one, text) for one in every) and not any(
            glob.like(one, text) for one in none
        )

    assert right(found) if found is not None else not any(map(right, SMALL))


TOKENS = st.sampled_from(
    ["a", "b", ":", Wild.STAR, Wild.ANY, Segment.STAR, Segment.ANY]
    + [Kind(frozenset(kind), many=many) for kind in ("ab", "ac") for many in (False, True)]
)
SETS = st.lists(st.lists(TOKENS, max_size=4), min_size=1, max_size=3).map(Patterns)
OF_SEGMENTS = ["".join(chars) for size in range(5) for chars in product("abcd:", repeat=size)]


@given(st.lists(SETS, min_size=1, max_size=2), st.lists(SETS, max_size=2))
def test_so_it_is_of_segments_and_kinds(every: list[Patterns], none: list[Patterns]) -> None:
    found = find_text(every, none, Budget())

    def right(text: str) -> bool:
        return all(Machine(one.all).matches(text) for one in every) and not any(
            Machine(one.all).matches(text) for one in none
        )

    assert right(found) if found is not None else not any(map(right, OF_SEGMENTS))


def infixes(count: int) -> Patterns:
    return Patterns(glob.wildcards(f"*-{number}-*") for number in range(count))


def test_many_overlapping_infixes_are_few_states() -> None:
    """Only the characters of what must match are looked at; a text that matches stays so."""
    budget = Budget(1_000_000)
    one = Patterns([glob.wildcards("*-2*0-*")])
    assert find_text([one, infixes(200)], [], budget) is not None
    assert find_text([one], [infixes(200)], budget) is not None
    assert find_text([Patterns([glob.wildcards("*-20-*-7*")])], [infixes(200)], budget) is None


def test_what_is_forbidden_too_is_not_looked_at() -> None:
    """As where two versions of a policy of thousands of actions are compared."""
    budget = Budget(1_000_000)
    names = [glob.wildcards(f"s{number}:get*by{number}*") for number in range(2_000)]
    two, one = glob.wildcards("s7:list*in*"), glob.wildcards("s7:list*")
    assert find_text([Patterns([*names, two])], [Patterns(names)], budget) == "s7:listxinx"
    assert find_text([Patterns([*names, two])], [Patterns([*names, one])], budget) is None


@given(st.lists(st.text(alphabet="ab*?", max_size=4), max_size=4))
def test_every_text_has_a_representative(patterns: list[str]) -> None:
    def seen(text: str) -> tuple[bool, ...]:
        return tuple(glob.like(one, text) for one in patterns)

    asked = [glob.wildcards(one) for one in patterns]
    found = {seen(text) for text in representatives(asked, Budget())}
    assert {seen(text) for text in SMALL} <= found
