"""Columns stand under each other, no line is too long, and nothing in a cell is obeyed.

Reads `sekisho.documents.tables` itself, because the cells are drawn at random.
"""

from hypothesis import given
from hypothesis import strategies as st

from sekisho.documents.tables import framed_table, table_lines
from sekisho.messages import cell_width

CELL = st.text("abc XYZ[]/-日本語のデバイス。」", max_size=40).map(str.strip)
ROWS = st.lists(st.tuples(CELL, CELL, CELL), max_size=4)


def _plain(*rows: tuple[str, ...], width: int = 80, gap: int = 2) -> list[str]:
    heading, *others = rows
    lines = table_lines(heading, others, width=width, gap=gap)
    return [*lines.headings, *lines.rows]


@given(ROWS, st.integers(min_value=60, max_value=200))
def test_no_line_is_too_long_nothing_is_lost_and_no_line_ends_in_a_space(
    rows: list[tuple[str, ...]], width: int
) -> None:
    lines = _plain(("user", "種別", ""), *rows, width=width)
    assert all(cell_width(line) <= width for line in lines)
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


def test_a_heading_that_does_not_fit_goes_on_below_as_a_heading() -> None:
    lines = table_lines(("a long heading", "b"), [("x", "y")], width=10)
    assert lines.headings == ("a long   b", "heading")
    assert lines.rows == ("x        y",)


@given(ROWS, st.integers(min_value=30, max_value=120))
def test_a_frame_is_closed_on_every_line(rows: list[tuple[str, ...]], width: int) -> None:
    lines = list(framed_table(("user", "種別", "c"), rows, width=width))
    assert len({cell_width(line) for line in lines}) == 1
    assert cell_width(lines[0]) <= width
    assert {line[0] for line in lines} <= set("┏┃┡│├└")
    assert {line[-1] for line in lines} <= set("┓┃┩│┤┘")


def test_a_framed_table() -> None:
    assert list(framed_table(("a", "b"), [("美香", "1"), ("x", "two words")], width=15)) == [
        "┏━━━━━━┳━━━━━━┓",
        "┃ a    ┃ b    ┃",
        "┡━━━━━━╇━━━━━━┩",
        "│ 美香 │ 1    │",
        "├──────┼──────┤",
        "│ x    │ two  │",
        "│      │ word │",
        "│      │ s    │",
        "└──────┴──────┘",
    ]
