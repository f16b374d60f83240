"""Lines are short enough, nothing is lost, and Japanese is broken as Japanese is."""

from hypothesis import given
from hypothesis import strategies as st

from sekisho.messages import cell_width, hanging, wrapped

TEXT = st.text("abc XYZ.,)-/日本語のデバイス、。」（", max_size=200)


@given(TEXT, st.integers(min_value=8, max_value=40))
def test_no_line_is_too_long_and_nothing_is_lost(text: str, width: int) -> None:
    lines = wrapped(text, width)
    assert max(map(cell_width, lines)) <= width
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_breaks_between_japanese_characters_but_not_before_a_full_stop() -> None:
    assert wrapped("MFA デバイスを登録します。", 24) == ["MFA デバイスを登録しま", "す。"]


@given(TEXT, st.integers(min_value=16, max_value=40), st.integers(min_value=0, max_value=4))
def test_what_goes_on_stands_further_in(text: str, width: int, indent: int) -> None:
    first, *others = hanging(" " * indent + text.strip(), width)
    assert max(map(cell_width, (first, *others))) <= width
    assert all(line.startswith(" " * (indent + 2)) for line in others)
    assert "".join("".join((first, *others)).split()) == "".join(text.split())


def test_breaks_english_between_words() -> None:
    assert wrapped("one two three", 8) == ["one two", "three"]


ARN = "arn:aws:iam::111122223333:policy/Force_MFA"


def test_a_word_to_copy_stays_whole_where_that_is_wanted() -> None:
    assert hanging(f"  AttachUserPolicy ken {ARN}", 30, whole=True) == [
        "  AttachUserPolicy ken",
        f"    {ARN}",
    ]
    assert wrapped(ARN, 30, whole=True) == [ARN]
    assert wrapped(ARN, 30) == [ARN[:30], ARN[30:]]
