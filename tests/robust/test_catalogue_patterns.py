"""The catalogue's patterns mean what the engine's mean."""

from hypothesis import given
from hypothesis import strategies as st

from sekisho import catalogue
from sekisho.engine.matching.glob import like

NAMES = [action.name.lower() for action in catalogue.load().actions("iam")]
PIECES = st.sampled_from(["*", "?", "**", "list", "get", "mfa", "device", "s", "user", "e", "key"])


@given(st.lists(PIECES, min_size=1, max_size=6).map("".join))
def test_a_pattern_expands_to_what_it_matches(pattern: str) -> None:
    found = [action.name.lower() for action in catalogue.load().expand(f"iam:{pattern}")]
    assert found == [name for name in NAMES if like(pattern, name)]
