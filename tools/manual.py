"""Make the manual page `sekisho(1)` from the pages of docs/reference, which people read on the web.

    python tools/manual.py > sekisho.1

It knows what those pages use of Markdown: headings, paragraphs, tables and blocks of code. The
build (hatch_build.py) runs it too, so that what is installed is always made of its own sources.
"""

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

COMMANDS = Path("docs", "reference", "commands.md")
EXITS = Path("docs", "reference", "exit-codes.md")
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_CODE = re.compile(r"`([^`]*)`")
_BOLD = re.compile(r"\*\*([^*]+)\*\*|\*([^*]+)\*")
_RULE = re.compile(r"\|( *:?-+:? *\|)+")


def manual_of(root: Path) -> str:
    """Return the page, as roff that `man` and mandoc understand.

    Args:
        root: the folder with `pyproject.toml` and `docs`.
    """
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pages = {path: (root / path).read_text(encoding="utf-8") for path in (COMMANDS, EXITS)}
    intro, *commands = re.split(r"(?m)^## ", pages[COMMANDS])
    lines = [
        f'.TH SEKISHO 1 "" "sekisho {project["version"]}" "User Commands"',
        ".SH NAME",
        f"sekisho \\- {_inline(project['description']).rstrip('.')}",
        ".SH SYNOPSIS",
        ".B sekisho",
        "COMMAND [OPTION]...",
        ".SH DESCRIPTION",
        *_body(intro.partition("\n")[2]),
        ".SH COMMANDS",
    ]
    for section in commands:
        heading, _, body = section.partition("\n")
        lines += [f'.SS "{_inline(heading.strip("` "))}"', *_body(body)]
    lines += [".SH EXIT STATUS", *_body(pages[EXITS].partition("\n")[2])]
    return "\n".join(lines) + "\n"


def _body(text: str) -> Iterator[str]:
    """Yield the lines of a section: its paragraphs, tables and blocks of code."""
    lines = _blocks(text)
    first = next(lines, "")
    # a heading begins a paragraph by itself
    yield from lines if first == ".PP" else (first, *lines)


def _blocks(text: str) -> Iterator[str]:
    # the odd parts are what stood between two fences
    for number, part in enumerate(re.split(r"(?m)^```.*\n", text)):
        if number % 2:
            yield from (".PP", ".nf", ".RS 4", *map(_plain, part.splitlines()), ".RE", ".fi")
            continue
        for block in re.split(r"\n{2,}", part.strip()):
            if block.startswith("|"):
                yield from _table(block.splitlines())
            elif block.startswith("#"):
                yield from (".PP", f"\\fB{_inline(block.lstrip('# '))}\\fR")
            elif block:
                # emphasis may go from one line to the next
                yield from (".PP", *map(_line, _inline(block).splitlines()))


def _table(rows: list[str]) -> Iterator[str]:
    """Yield a table as a list of terms: its first column, and what the others say of it."""
    # the first row has the headings
    for row in rows[1:]:
        if _RULE.fullmatch(row.strip()):
            continue
        term, *cells = re.split(r"(?<!\\) \| ", row.strip().removeprefix("|").removesuffix("|"))
        yield ".TP"
        yield f"\\fB{_inline(term.strip())}\\fR"
        yield _line(_inline(" - ".join(cell.strip() for cell in cells)))


def _line(text: str) -> str:
    """Return a line of roff: at its beginning a dot or a quote would be a request."""
    line = text.strip()
    return f"\\&{line}" if line.startswith((".", "'")) else line


def _inline(text: str) -> str:
    """Return text with its emphasis; of a link only what is read."""
    text = _LINK.sub(r"\1", text.replace("\\|", "|"))
    text = _escaped(text)
    text = _CODE.sub(r"\\fB\1\\fR", text)
    return _BOLD.sub(lambda found: f"\\fI{found[1] or found[2]}\\fR", text)


def _plain(text: str) -> str:
    """Return a line of a block of code."""
    line = _escaped(text)
    return f"\\&{line}" if line.startswith((".", "'")) else line


def _escaped(text: str) -> str:
    """Return text that is shown as it stands, with hyphens that can be copied."""
    return text.replace("\\", "\\e").replace("-", "\\-").replace("†", "+")


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    print(manual_of(Path(__file__).parents[1]), end="")
