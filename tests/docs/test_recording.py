"""A recording of a terminal is a drawing that anybody can read, and loads nothing."""

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from tools.recording import CELL, Theme, recording

from sekisho.messages import cell_width

SVG = "{http://www.w3.org/2000/svg}"
READABLE = 4.5
"""WCAG 2.2, success criterion 1.4.3."""


def _texts(*lines: str, columns: int = 80) -> list[ElementTree.Element]:
    drawn = recording(lines, Theme.LIGHT, "a title", columns)
    return ElementTree.fromstring(drawn).findall(f"{SVG}text")  # noqa: S314 - our own


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", Theme)
def test_every_colour_is_readable(theme: Theme) -> None:
    paper, _, *inks = theme.value
    for ink in inks:
        dark, light = sorted((_luminance(paper), _luminance(ink)))
        assert (light + 0.05) / (dark + 0.05) >= READABLE, ink


def test_text_is_text() -> None:
    [one] = _texts('<a> & "b"')
    assert one.text == '<a> & "b"'


def test_wide_letters_take_two_cells() -> None:
    line = "MFA が 12 人"
    runs = [
        (float(text.attrib["x"]), float(text.attrib["textLength"]), text.text or "")
        for text in _texts(line)
    ]
    assert "".join(text for _, _, text in runs).replace(" ", "") == line.replace(" ", "")
    for _, width, text in runs:
        assert width == pytest.approx(cell_width(text) * CELL, abs=0.06)
    for (x, width, _), (following, _, _) in pairwise(runs):
        assert following >= x + width - 0.2


def test_what_is_too_long_goes_on_in_the_next_line() -> None:
    texts = _texts("x" * 25, columns=10)
    assert [text.text for text in texts] == ["x" * 10, "x" * 10, "x" * 5]
    assert len({text.attrib["y"] for text in texts}) == 3


def test_styles_are_drawn() -> None:
    plain, bold, red, dim, after = _texts(
        "a\x1b[1mb\x1b[0m\x1b[31mc\x1b[0m\x1b[2md\x1b[0me", columns=10
    )
    assert bold.attrib["font-weight"] == "bold"
    assert len({text.attrib["fill"] for text in (plain, red, dim)}) == 3
    assert after.attrib["fill"] == plain.attrib["fill"]


def test_another_code_is_refused() -> None:
    with pytest.raises(ValueError, match="48"):
        recording(["\x1b[48mx"], Theme.DARK, "", 80)


@pytest.mark.parametrize("theme", Theme)
def test_it_loads_nothing(theme: Theme) -> None:
    drawn = recording(["text"], theme, "a title", 80)
    assert re.findall(r"https?://[^\"]*", drawn) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"<(script|style|image|a|foreignObject)\b|url\(|@import", drawn)
    assert "<title>a title</title>" in drawn
