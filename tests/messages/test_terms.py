"""One thing, one word: no message and no document calls it otherwise (`messages/terms.toml`)."""

import re
import runpy
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sekisho.messages import CATALOGUES

ROOT = Path(__file__).parents[2]
TABLE: dict[str, dict[str, Any]] = tomllib.loads(
    (CATALOGUES / "terms.toml").read_text(encoding="utf-8")
)
QUOTED = tuple(TABLE.pop("quoted"))
LANGUAGES = ("en", "ja")
UNSPOKEN = re.compile(
    r"^```.*?^```|`[^`\n]*`|\{[^{}]*\}|<!--.*?-->|\]\([^)]*\)", re.DOTALL | re.MULTILINE
)
"""What is typed or linked and not said: code, places, comments, addresses of links."""
DECISIONS = "decisions/"
"""Records of what was decided, in the words of their day."""


def _texts(value: object) -> Iterator[tuple[str, str]]:
    """Yield the language and the text of everything that a table says."""
    match value:
        case {"en": str(en), "ja": str(ja)}:
            yield from (("en", en), ("ja", ja))
        case dict():
            for each in value.values():
                yield from _texts(each)
        case list():
            for each in value:
                yield from _texts(each)


def _messages() -> Iterator[tuple[str, str, str]]:
    """Yield where a message is, its language and its text."""
    for entry in runpy.run_path(str(ROOT / "tools" / "catalogues.py"))["catalogue"]():
        yield from (("sekisho.po", "en", str(entry.id)), ("sekisho.po", "ja", str(entry.string)))
    for path in CATALOGUES.glob("*.toml"):
        if path.stem != "terms":
            found = _texts(tomllib.loads(path.read_text(encoding="utf-8")))
            yield from ((path.name, language, text) for language, text in found)


def _documents() -> Iterator[tuple[str, str, str]]:
    """Yield each document that readers get, its language and its text."""
    japanese = ROOT / "docs" / "ja"
    for path in (*ROOT.glob("README*.md"), *(ROOT / "docs").rglob("*.md")):
        name = path.relative_to(ROOT).as_posix()
        if DECISIONS not in name:
            is_japanese = japanese in path.parents or path.name == "README.ja.md"
            yield name, "ja" if is_japanese else "en", path.read_text(encoding="utf-8")


def _spoken(text: str) -> str:
    for quoted in QUOTED:
        text = text.replace(quoted, "")
    return " ".join(UNSPOKEN.sub("", text).split())


def _forbidden(said: Iterator[tuple[str, str, str]]) -> list[str]:
    """Return where a text says a thing in another word than the table's."""
    patterns = {
        language: [
            (term["word"][language], re.compile(each, re.IGNORECASE))
            for term in TABLE.values()
            for each in term[f"not_{language}"]
        ]
        for language in LANGUAGES
    }
    wrong = []
    for place, language, text in said:
        spoken = _spoken(text)
        for word, pattern in patterns[language]:
            if found := pattern.search(spoken):
                near = spoken[max(0, found.start() - 30) : found.end() + 30]
                wrong.append(f"{place}: say `{word}`, not `{found[0]}`: … {near} …")
    return wrong


@pytest.mark.parametrize("said", [_messages, _documents], ids=["messages", "documents"])
def test_one_thing_has_one_word(said: Any) -> None:
    assert not _forbidden(said())


def test_a_word_of_the_table_is_not_forbidden_by_it() -> None:
    words = [("terms", each, term["word"][each]) for term in TABLE.values() for each in LANGUAGES]
    assert not _forbidden(iter(words))


def test_another_word_is_found_also_across_lines_and_never_in_code() -> None:
    """The checks above can fail."""
    said = (
        ("x", "en", "An exempt\nuser."),
        ("x", "ja", "支障"),
        ("x", "en", "`obstacle`\n```\nobstacle\n```"),
    )
    assert [each.split(":")[1] for each in _forbidden(iter(said))] == [
        " say `excepted user`, not `exempt user`",
        " say `problem`, not `支障`".replace("problem", "問題"),
    ]
