"""A pasted text without what pasting does to it: line breaks, quotes, markup, other spaces.

Every function reads each character a bounded number of times; there is no regular expression that
could go back.
"""

import html
import unicodedata
from collections.abc import Iterable

_QUOTES = frozenset("\"'`\u2018\u2019\u201c\u201d\u300c\u300d\u300e\u300f\u00ab\u00bb\\")


def tidy(text: str) -> str:
    """Return the text with markup undone and full-width letters made plain ones."""
    return unicodedata.normalize("NFKC", html.unescape(text))


def letters(text: str) -> str:
    """Return the letters and digits of a tidy text, in lower case: what a wording is known by."""
    return "".join(char for char in text.lower() if char.isalnum())


class Squeezed:
    """A tidy text without spaces and quotes that remembers where each character stood.

    A terminal breaks lines anywhere, also within an ARN; without spaces the pieces join again.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        kept = [
            (at, char)
            for at, char in enumerate(text)
            if not char.isspace() and char not in _QUOTES and unicodedata.category(char) != "Cf"
        ]
        self.places = [at for at, _ in kept]
        self.chars = "".join(char for _, char in kept)
        # lower() may give two characters for one, which would shift every place after it
        self.lower = "".join(
            char.lower() if len(char.lower()) == 1 else char for char in self.chars
        )

    def find(self, mark: str, start: int = 0, end: int | None = None) -> int:
        """Return where `mark` begins, or -1."""
        return self.lower.find(mark, start, end)

    def first(self, marks: Iterable[str], start: int) -> int:
        """Return where the first of `marks` begins at or after `start`, or the end."""
        found = (self.find(mark, start) for mark in marks)
        return min((at for at in found if at >= 0), default=len(self.chars))

    def word_from(self, start: int) -> str:
        """Return the run of characters from `start` up to the next space of the text."""
        end = start
        while end < len(self.places) and self.places[end] - self.places[start] == end - start:
            end += 1
        return self.chars[start:end]

    def word_before(self, end: int) -> str:
        """Return the run of characters that ends before `end`, back to the space before it."""
        start = end
        while start and (start == end or self.places[start] - self.places[start - 1] == 1):
            start -= 1
        return self.chars[start:end]
