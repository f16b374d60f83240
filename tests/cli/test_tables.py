"""Columns stand under each other, no line is too long, and nothing in a cell is obeyed."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from sekisho.cli.terminal import table_lines

CELL = st.text("abc XYZ[]/-日本語のデバイス。」", max_size=40).map(str.strip)
ROWS = st.lists(st.tuples(CELL, CELL, CELL), max_size=4)


def _plain(*rows: tuple[str, ...], width: int = 80, gap: int = 2) -> list[str]:
    heading, *others = rows
    return [line.plain for line in table_lines(heading, others, width=width, gap=gap)]


@given(ROWS, st.integers(min_value=60, max_value=200))
def test_no_line_is_too_long_nothing_is_lost_and_no_line_ends_in_a_space(
    rows: list[tuple[str, ...]], width: int
) -> None:
    lines = _plain(("user", "種別", ""), *rows, width=width)
    assert all(cell_len(line) <= width for line in lines)
    assert all(line == line.rstrip() for line in lines)
    given_characters = sorted("".join("".join(row) for row in (("user", "種別"), *rows)))
    shown = sorted("".join(lines))
    assert [c for c in shown if c != " "] == [c for c in given_characters if c != " "]


def test_wide_characters_take_two_cells() -> None:
    assert _plain(("ユーザー", "b"), ("mika", "1"), ("美香", "2")) == [
        "ユーザー  b",
        "mika      1",
        "美香      2",
    ]


def test_a_cell_that_does_not_fit_goes_on_below() -> None:
    assert _plain(("a", "b"), ("one two", "日本語日本語"), width=9, gap=1) == [
        "a   b",
        "one 日本",
        "two 語日",
        "    本語",
    ]


def test_markup_and_control_characters_are_spelled_out() -> None:
    assert _plain(("[bold]a", "b"), ("[red]x[/red]", "\x1b[31m\n:smile:")) == [
        "[bold]a       b",
        "[red]x[/red]  \\u001b[31m\\u000a:smile:",
    ]


def test_only_the_headings_are_bold() -> None:
    heading, row = table_lines(["a"], [["b"]], width=80)
    assert [str(span.style) for span in heading.spans] == ["bold"]
    assert not any(span.style for span in row.spans)
