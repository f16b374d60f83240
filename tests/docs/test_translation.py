"""The Japanese pages beside the English ones: none is missing, and they are of one structure."""

import json
import re
import runpy
from pathlib import Path

import pytest
import yaml

from accessibility import SPACED
from sekisho.messages import IdKind
from shown import DOCS, JAPANESE, Block, blocks

# what only people who change sekisho read, in English as the code is
FOR_CONTRIBUTORS = {
    "architecture.md",
    "benchmarks.md",
    "localaws-overlay.md",
    "mutation.md",
    "releasing.md",
    "robustness.md",
}
# made by tools/japanese_reference.py: ids in both languages; of commands a row for each option
ENTRIES = {f"reference/{kind.value}.md" for kind in IdKind if kind is not IdKind.SCENARIO}
GENERATED = {"reference/commands.md", *ENTRIES}
# what a program or a person could look for: an option, a field, a key, a module, an ARN
NAME = re.compile(r"`(--[a-z-]+|[\w:*/.]*[_:.][\w:*/.]*|\w*[a-z][A-Z]\w*)`")
# the values of a file that a translation writes in its own language
FREE_TEXT = {"why", "force", "owner", "approvedBy", "name"}


def _pages(home: Path) -> set[str]:
    return {path.relative_to(home).as_posix() for path in home.rglob("*.md")}


TRANSLATED = sorted(_pages(JAPANESE))


def test_every_page_has_a_japanese_one() -> None:
    english = {
        name
        for name in _pages(DOCS)
        if not name.startswith(("ja/", "decisions/")) and name not in FOR_CONTRIBUTORS
    }
    assert english <= set(TRANSLATED)


def test_every_japanese_page_has_an_english_one() -> None:
    assert set(TRANSLATED) <= _pages(DOCS)


def test_no_space_parts_japanese_sentences() -> None:
    """Neither in documents nor in what the commands print."""
    printed = (DOCS.parent / "tests" / "golden" / "outputs").rglob("*.ja.*")
    texts = [DOCS.parent / "README.ja.md", *JAPANESE.rglob("*.md"), *printed]
    assert len(texts) > len(TRANSLATED) + 50
    found = {path: SPACED.findall(path.read_text(encoding="utf-8")) for path in texts}
    assert {path: spaced for path, spaced in found.items() if spaced} == {}


def _prose(path: Path) -> str:
    return re.sub(r"(?ms)^```.*?^```$", "", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", TRANSLATED)
def test_a_page_links_to_its_original_by_its_title(name: str) -> None:
    title = (DOCS / name).read_text("utf-8").splitlines()[0].removeprefix("# ")
    up = "../" * (name.count("/") + 1)
    assert f"\n\n*English: [{title}]({up}{name})*\n" in _prose(JAPANESE / name)


@pytest.mark.parametrize("name", [name for name in TRANSLATED if name != "README.md"])
def test_a_page_has_the_sections_of_its_original(name: str) -> None:
    """A section or a row that one language alone has is one that was forgotten."""
    for each in (r"(?m)^#+(?= )", *([] if name in GENERATED else [r"(?m)^\|"])):
        found = [re.findall(each, _prose(home / name)) for home in (DOCS, JAPANESE)]
        assert found[0] == found[1], each


@pytest.mark.parametrize("name", [name for name in TRANSLATED if name.startswith("reference/")])
def test_a_reference_explains_the_same_things(name: str) -> None:
    """By the names in the first column, such as codes and options."""
    found = [re.findall(r"(?m)^\| `([^`]+)`", _prose(home / name)) for home in (DOCS, JAPANESE)]
    if name in GENERATED:
        # the English page has tables of its own beside the options
        assert set(found[1]) <= set(found[0])
    else:
        assert found[0] == found[1]


@pytest.mark.parametrize("name", [name for name in TRANSLATED if name not in GENERATED])
def test_a_page_shows_the_programs_of_its_original(name: str) -> None:
    """A comment is in the page's own language, and so is what a command prints."""
    kinds = {"python"} if name.startswith("tutorial/") else {"python", "text"}
    found = [
        [
            re.sub(r" *# .*", "", block.text)
            for block in blocks((home / name).read_text(encoding="utf-8"))
            if isinstance(block, Block) and block.kind in kinds
        ]
        for home in (DOCS, JAPANESE)
    ]
    assert found[0] == found[1]


@pytest.mark.parametrize("name", [name for name in TRANSLATED if name not in GENERATED])
def test_a_page_names_what_its_original_names(name: str) -> None:
    """A name that one language alone has is mostly one that was changed in the other."""
    translation = (JAPANESE / name).read_text(encoding="utf-8")
    named = dict.fromkeys(NAME.findall(_prose(DOCS / name)))
    assert [each for each in named if each not in translation] == []


def test_what_the_program_says_itself_is_in_the_reference() -> None:
    """If it is not: `.venv/bin/python tools/japanese_reference.py`."""
    pages = runpy.run_path(str(DOCS.parent / "tools" / "japanese_reference.py"))["pages"]()
    made = {f"ja/{name}" for name in GENERATED} | ENTRIES
    assert set(pages) == made
    for name, text in pages.items():
        assert (DOCS / name).read_text(encoding="utf-8") == text, name


def _files(page: Path) -> list[tuple[str, object]]:
    return [
        (block.directive[1], _without_free_text(_read(block.text)))
        for block in blocks(page.read_text(encoding="utf-8"))
        if isinstance(block, Block) and block.directive and block.directive[0] == "file"
    ]


def _read(text: str) -> object:
    return json.loads(text) if text.startswith("{") else yaml.safe_load(text)


def _without_free_text(value: object) -> object:
    if isinstance(value, dict):
        return {
            key: "" if key in FREE_TEXT else _without_free_text(inner)
            for key, inner in value.items()
        }
    return [_without_free_text(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", TRANSLATED)
def test_a_translation_shows_the_same_files(name: str) -> None:
    assert _files(JAPANESE / name) == _files(DOCS / name)
