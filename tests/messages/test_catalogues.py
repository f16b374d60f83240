"""The catalogues: every message of the code is translated, with its places, and nothing else is."""

import ast
import re
import runpy
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from string import Formatter

import pytest

from sekisho.messages import CATALOGUES, Language, Message, joined_messages, verbatim

ROOT = Path(__file__).parents[2]
TOOL = runpy.run_path(str(ROOT / "tools" / "catalogues.py"))
ENTRIES = {(entry.context, entry.id): entry for entry in TOOL["catalogue"]() if entry.id}
ENGLISH_ONLY = {"article", "written", "asked"}
"""Places that a Japanese sentence may do without: an article, how an action is spelled."""
SOURCES = sorted((ROOT / "src" / "sekisho").rglob("*.py"))


def test_the_catalogue_has_just_the_messages_of_the_code() -> None:
    """If it has not: `python tools/catalogues.py`, then translate what is new."""
    in_code = set(TOOL["extracted"]())
    assert {key for key in ENTRIES if key not in in_code} == set()
    assert {key for key in in_code if key not in ENTRIES} == set()


def test_every_message_is_translated() -> None:
    missing = [key for key, entry in ENTRIES.items() if not entry.string or entry.fuzzy]
    assert not missing


def _places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_a_translation_has_no_places_but_those_of_its_message() -> None:
    """A text with JSON in it is no template."""
    differ = []
    for key, entry in ENTRIES.items():
        try:
            same = (
                _places(entry.string) | ENGLISH_ONLY >= _places(entry.id) >= _places(entry.string)
            )
        except ValueError:
            same = entry.id.count("{") == entry.string.count("{")
        if not same:
            differ.append(key)
    assert not differ


def test_what_is_compiled_is_what_is_written() -> None:
    assert (CATALOGUES / "ja" / "LC_MESSAGES" / "sekisho.mo").is_file()
    wrong = [
        key
        for key, entry in ENTRIES.items()
        if Message(entry.id, entry.context or "").into(Language.JA) != entry.string
    ]
    assert not wrong


def _pairs(path: Path) -> Iterator[int]:
    """Yield the lines at which a module has a text in both languages side by side."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Message.both":
            literal = [isinstance(each, ast.Constant | ast.JoinedStr) for each in node.args]
            if len(literal) == len(("en", "ja")) and all(literal):
                yield node.lineno


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_no_module_holds_a_text_in_two_languages(path: Path) -> None:
    assert not list(_pairs(path))


JAPANESE = re.compile(r"[ぁ-ゖァ-ヺ一-鿿]")
NOT_SHOWN = {
    "audit/explain/denial.py": "words that are looked for in an error text",
    "audit/explain/match.py": "words that are looked for in an error text",
    "cli/rollout/applying.py": "answers that are read from the terminal",
    "engine/exchange/decisions.py": "what stands between two values",
    "messages/__init__.py": "where a space comes between two scripts",
}
"""Modules with Japanese in them, each with what it is."""


def test_no_other_module_holds_japanese() -> None:
    source = ROOT / "src" / "sekisho"
    found = {
        path.relative_to(source).as_posix()
        for path in SOURCES
        if JAPANESE.search(path.read_text(encoding="utf-8"))
    }
    assert found == set(NOT_SHOWN)


HALF_WIDTH = re.compile(r"[ぁ-ゖァ-ヺー一-鿿」}][.;,](?!\w)")
"""A stop, semicolon or comma of English after a Japanese word; a colon has half the width."""
NO_PROSE = {"entries.toml": "words", "terms.toml": "about"}
"""The key of a table under which words are listed, or terms are explained in English."""


def _prose(value: object, without: str) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for key, each in value.items():
                if key != without:
                    yield from _prose(each, without)
        case list():
            for each in value:
                yield from _prose(each, without)


def _english_stops(texts: Iterable[str]) -> list[str]:
    """Return the Japanese texts with a stop of English; code is as it is typed."""
    spoken = ((re.sub(r"`[^`]*`", "", each), each) for each in texts)
    return [each for text, each in spoken if JAPANESE.search(text) and HALF_WIDTH.search(text)]


def test_japanese_has_no_stop_of_english() -> None:
    texts = [str(each.string) for each in ENTRIES.values()]
    for path in TABLES:
        parts = tomllib.loads(path.read_text(encoding="utf-8"))
        texts += _prose(parts, NO_PROSE.get(path.name, ""))
    assert not _english_stops(texts)
    wrong = ["アタッチ先 {count} 件. 選択済み", "{fact}; 理由", "文字があります; A-Z"]
    assert _english_stops([*wrong, "件数: 3", "`,` を加える", "`x`。"]) == wrong


def test_nothing_puts_a_stop_of_english_between_japanese_sentences() -> None:
    """Names in a row have commas in both languages."""
    in_code, in_page = re.compile(r'\bja="[.;] ?"'), re.compile(r"\}\}[.;] |'[.;] '")
    pages = sorted((ROOT / "src" / "sekisho" / "web").rglob("*.html"))
    for pattern, paths in ((in_code, SOURCES), (in_page, pages)):
        assert not [each for each in paths if pattern.search(each.read_text(encoding="utf-8"))]
    assert in_code.search('joined_messages(parts, en="; ", ja="; ")')
    assert in_page.search("{{ t('attached') }}. {{ chosen() }}")
    assert in_page.search("{{ '; ' if not loop.last }}")


TABLES = sorted(CATALOGUES.glob("*.toml"))


def _half_texts(value: object, at: str) -> Iterator[str]:
    """Yield where a table has a text in one language only, or with other places in the other."""
    match value:
        case {"en": str(en), "ja": str(ja), **rest}:
            if rest or not en or not ja or not _places(ja) <= _places(en):
                yield at
        case dict():
            if value.keys() & {"en", "ja"}:
                yield at
            for key, each in value.items():
                yield from _half_texts(each, f"{at}.{key}")
        case list():
            for index, each in enumerate(value):
                yield from _half_texts(each, f"{at}[{index}]")


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_every_text_of_a_table_is_in_both_languages(path: Path) -> None:
    assert not list(_half_texts(tomllib.loads(path.read_text(encoding="utf-8")), path.stem))


def test_half_a_text_is_found() -> None:
    """The check above can fail: there are texts with one language, and with a third place."""
    halves = {"a": {"en": "x"}, "b": [{"en": "{one}", "ja": "{two}"}], "c": {"en": "", "ja": "x"}}
    assert list(_half_texts(halves, "t")) == ["t.a", "t.b[0]", "t.c"]


def test_messages_are_equal_if_they_say_the_same() -> None:
    """A message that was saved in both languages equals the one that it was made from."""
    filled = Message("yes", "answer")
    assert Message.of_json(filled.to_json()) == filled
    assert hash(Message.of_json(filled.to_json())) == hash(filled)
    assert Message("yes", "answer") != Message("yes", "has")
    assert filled != "yes"


def test_messages_of_equal_values_that_are_shown_otherwise_differ() -> None:
    said = verbatim("{value}")
    assert said.filled(value=1) != said.filled(value=True)
    assert said.filled(value=1) == said.filled(value="1")
    assert said.filled(value=said.filled(value=1)) != said.filled(value=said.filled(value=True))


def test_equal_parts_are_compared_without_being_shown() -> None:
    class Unshown:
        def __eq__(self, other: object) -> bool:
            return isinstance(other, Unshown)

        def __hash__(self) -> int:
            return 0

        def __format__(self, _: str) -> str:
            raise AssertionError("shown")

    said = verbatim("{value}")
    assert said.filled(value=Unshown()) == said.filled(value=Unshown())


def test_joined_messages_are_put_together_when_they_are_shown_and_english_once() -> None:
    shown: list[str] = []

    class Noted:
        def __format__(self, _: str) -> str:
            shown.append("once")
            return "x"

    part = verbatim("{value}").filled(value=Noted())
    joined = joined_messages([part, verbatim("y")], en=", ", ja="、")
    assert not shown
    assert {joined: 1}[joined] == 1
    assert (joined.en, str(joined), shown) == ("x, y", "x, y", ["once"])
    assert joined.ja == "x、y"


def test_a_joined_message_equals_what_it_says() -> None:
    parts = [Message.both("{a}", "い"), Message.both("b", "ろ")]
    joined = joined_messages(parts, en=", ", ja="、")
    # no place of a part is a place of what is said of several
    same = Message.both("{a}, b", "い、ろ")
    assert joined == same == Message.of_json(joined.to_json())
    assert hash(joined) == hash(same)
    assert joined != joined_messages(parts, en="; ", ja="、")
    assert joined != joined_messages(parts, en=", ", ja=" ")
    assert joined_messages(parts[:1], en=", ", ja="、") == parts[0]
    assert joined_messages([], en=", ", ja="、") == verbatim("")


def test_the_places_of_joined_messages_are_filled() -> None:
    joined = joined_messages([verbatim("{a}"), verbatim("b")], en=", ", ja="、")
    assert joined.filled(a="c") == Message.both("c, b", "c、b")
