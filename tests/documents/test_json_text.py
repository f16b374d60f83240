"""JSON is written in pieces as it would be written whole."""

import json
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from sekisho.documents import json_pieces

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), VALUES, max_size=5))
def test_the_pieces_are_the_whole_text(members: dict[str, object]) -> None:
    whole = json.dumps(members, indent=2, ensure_ascii=False) + "\n"
    lazy = {
        name: iter(value) if isinstance(value, list) else value for name, value in members.items()
    }
    assert "".join(json_pieces(members)) == whole
    assert "".join(json_pieces(lazy)) == whole


def test_an_item_is_made_when_its_turn_comes() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for number in range(3):
            made.append(number)
            yield number

    pieces = json_pieces({"items": items()})
    seen = [(piece.strip(" \n{[,"), len(made)) for piece in pieces]
    assert [(text, count) for text, count in seen if text.isdigit()] == [
        ("0", 1),
        ("1", 2),
        ("2", 3),
    ]
