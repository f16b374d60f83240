"""Brings the message catalogues up to date with the code, and compiles them.

    python tools/catalogues.py

Every `Message("…")` of `src/sekisho`, and every text of the commands' help, is an entry of
`messages/ja/LC_MESSAGES/sekisho.po`: new ones are added without a translation, those that are gone
are dropped, and `.mo` is written. A translator edits the `.po` with any editor for gettext files.
"""

import runpy
import sys
from collections.abc import Iterator
from pathlib import Path

import click
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from sekisho.cli.group import LazyGroup
from sekisho.cli.help import texts_of
from sekisho.cli.main import root

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "sekisho"
PO = SOURCE / "messages" / "ja" / "LC_MESSAGES" / "sekisho.po"
KEYWORDS = {"Message": {1: (1,), 2: (1, (2, "c"))}}
"""`Message("…")`, and `Message("…", "context")`."""


HEADER = """\
# The Japanese of sekisho's messages; docs/decisions/0011 says how they are made.
msgid ""
msgstr ""
"Language: ja\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""
"""The fields that a translator's editor needs, and no date that changes by itself."""


def extracted() -> Iterator[tuple[str | None, str]]:
    """Yield the context and the English text of every message in the code."""
    found = extract_from_dir(SOURCE, method_map=[("**.py", "python")], keywords=KEYWORDS)
    for _, _, english, _, context in found:
        if not isinstance(english, str):
            raise TypeError(f"a message in the plural: {english}")
        yield context, english
    for command in _commands(root):
        yield from ((None, text) for text in texts_of(command))


def _commands(command: click.Command) -> Iterator[click.Command]:
    """Yield a command and all below it."""
    yield command
    if isinstance(command, LazyGroup):
        for lazy in command.lazy.values():
            yield from _commands(lazy.load())


def catalogue() -> Catalog:
    """Return the Japanese catalogue as it is on disk."""
    with PO.open("rb") as file:
        return read_po(file, locale="ja")


def updated() -> Catalog:
    """Return the catalogue with exactly the messages of the code."""
    old = catalogue()
    new = Catalog(locale="ja")
    for context, english in sorted(set(extracted()), key=lambda each: (each[1], each[0] or "")):
        known = old.get(english, context)
        new.add(english, known.string if known else "", context=context)
    return new


def main() -> int:
    """Write `.po` and `.mo`; return 1 if something is not translated."""
    new = updated()
    with PO.open("wb") as file:
        file.write(HEADER.encode())
        write_po(file, new, width=100, sort_output=True, omit_header=True)
    runpy.run_path(str(ROOT / "hatch_build.py"), run_name="__main__")
    missing = [each.id for each in new if each.id and not each.string]
    for english in missing:
        print(f"not translated: {english}", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
