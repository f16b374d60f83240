"""Cells of CSV that no spreadsheet takes for anything but their text."""

import re

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet take a cell for a formula."""
_MONTH = (
    "(jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?|sept?(ember)?"
    "|oct(ober)?|nov(ember)?|dec(ember)?)"
)
_REWRITTEN = re.compile(
    r"[\d.,]*\d(e[+-]?\d+)?%?"  # 012345678901 becomes 1.23E+10, 007 becomes 7
    r"|\d+([-/.: ]\d+){1,2}"  # a day or a time
    rf"|\d+[- ]?{_MONTH}|{_MONTH}[- ]?\d+"
    r"|true|false",
    re.IGNORECASE,
)
"""What a spreadsheet takes for a number, a day or a truth value, and shows as another text."""


_NUMBER = re.compile(r"-?\d+(\.\d+)?")
"""What is no formula, though it may begin with a sign."""


def inert_cell(cell: str, *, foreign: bool) -> str:
    """Return a cell with an apostrophe where a spreadsheet would read a formula, or change it.

    Args:
        cell: the text.
        foreign: whether people or AWS have chosen it; a form of our own is what it looks like.
    """
    if not foreign and _NUMBER.fullmatch(cell):
        return cell
    changed = foreign and _REWRITTEN.fullmatch(cell)
    return f"'{cell}" if changed or cell.startswith(_FORMULA) else cell
