"""Long lists, cut: how many more there are, and where the whole list is."""

from collections.abc import Iterator, Sequence

from sekisho.messages import Language, Message

MOST = 20
"""How many of a list are shown where nobody asks for all."""

_MORE = Message("and {count} more (`-v` lists all)")


def shown_names(names: Sequence[str], lang: Language, *, verbose: bool) -> str:
    """Return names in one line; of many the first ones, and how many more there are."""
    if verbose or len(names) <= MOST:
        return ", ".join(names)
    return ", ".join((*names[:MOST], _MORE.filled(count=len(names) - MOST).into(lang)))


def shown_lines(
    lines: Sequence[str], lang: Language, *, verbose: bool, indent: int = 2
) -> Iterator[str]:
    """Yield lines; of many the first ones, and how many more there are."""
    margin = " " * indent
    most = len(lines) if verbose else MOST
    yield from (f"{margin}{line}" for line in lines[:most])
    yield from (f"{margin}{line}" for line in more_lines(len(lines) - most, lang))


def more_lines(count: int, lang: Language) -> Iterator[str]:
    """Yield that there are more than what is shown, if there are."""
    if count > 0:
        yield _MORE.filled(count=count).into(lang)
