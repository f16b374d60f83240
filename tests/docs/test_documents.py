"""The documents hang together: links lead somewhere; rooms and laws are where they should be."""

import re
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "sekisho"
DOCUMENTS = sorted(
    path
    for path in [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "tests").rglob("*.md"),
    ]
    if path.name != "CHANGELOG.md"
)
LINK = re.compile(r"\]\(([^)\s]+)\)")


def _text(*parts: str) -> str:
    return ROOT.joinpath(*parts).read_text(encoding="utf-8")


def _anchor(heading: str) -> str:
    kept = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return kept.replace(" ", "-")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    for link in LINK.findall(document.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (document.parent / name).resolve() if name else document
        assert target.exists(), link
        if anchor:
            headings = re.findall(r"(?m)^#+ (.*)$", target.read_text(encoding="utf-8"))
            assert anchor in {_anchor(heading) for heading in headings}, link


ROOMS = {path.name for path in SOURCE.iterdir() if (path / "__init__.py").exists()}


def test_the_code_cites_places_that_are_there() -> None:
    cited = {
        found
        for path in (ROOT / "src").rglob("*.py")
        for found in re.findall(r"docs/([a-z/-]+\.md)#([a-z0-9-]+)", path.read_text("utf-8"))
    }
    assert cited
    for name, anchor in cited:
        headings = re.findall(r"^#+ (.*)$", _text("docs", name), re.MULTILINE)
        assert anchor in {_anchor(heading) for heading in headings}, (name, anchor)


def test_every_package_is_on_the_map() -> None:
    page = _text("docs", "architecture.md")
    assert {package for package in ROOMS if f"`{package}`" not in page} == set()


def test_rooms_that_are_said_to_come_are_not_there_yet() -> None:
    said = re.compile(r"(?m)^\| `(\w+)` \(later\)")
    assert said.findall("| `replay` (later) | events |") == ["replay"]
    assert set(said.findall(_text("docs/architecture.md"))).isdisjoint(ROOMS)


def test_every_law_names_a_test_that_exists() -> None:
    lines = _text("tests", "README.md").splitlines()
    rows = [(line, below) for line, below in pairwise(lines) if line.startswith("| ")]
    # neither the head of a table nor the line below it
    laws = [row for row, below in rows if "---" not in row and "---" not in below]
    assert len(laws) >= 8
    for law in laws:
        named = re.findall(r"`([\w/]+\.py)`", law)
        assert named or "later" in law, law
        for name in named:
            assert (ROOT / "tests" / name).exists(), name


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_faq_answers_thirty_questions_each_with_a_link(language: str) -> None:
    page = ROOT / "docs" / ("ja" if language == "ja" else "") / "faq.md"
    if language == "ja" and not page.exists():
        assert "(../faq.md)" in _text("docs", "ja", "README.md")
        return
    answers = re.findall(r"(?m)^\*\*.+\*\* (.+)$", page.read_text(encoding="utf-8"))
    assert len(answers) == 30
    assert all(LINK.search(answer) for answer in answers)


DECISIONS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_says_what_would_change_our_mind(decision: Path) -> None:
    text = decision.read_text(encoding="utf-8")
    for heading in ("Context", "Choice", "What would change our mind"):
        assert re.search(rf"(?mi)^## {heading}", text), heading
    assert decision.name in _text("docs", "decisions", "README.md")


@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_document_is_in_the_table_of_contents(language: str) -> None:
    japanese = ROOT / "docs" / "ja"
    home = japanese if language == "ja" else ROOT / "docs"
    listed = {*LINK.findall((home / "README.md").read_text(encoding="utf-8")), "README.md"}
    if language == "en":
        decisions = (home / "decisions" / "README.md").read_text(encoding="utf-8")
        listed |= {f"decisions/{name}" for name in LINK.findall(decisions)}
    for path in sorted(home.rglob("*.md")):
        if language == "ja" or not path.is_relative_to(japanese):
            assert path.relative_to(home).as_posix() in listed


def test_both_readmes_show_the_same_commands() -> None:
    english, japanese = (
        [
            re.sub(r" --lang (en|ja)|\"[^\"]*\"", "", command)
            for block in re.findall(r"(?ms)^```(?:console)?\n(.*?)^```$", _text(name))
            for command in re.findall(r"(?m)^(?:\$ )?((?:python3|sekisho) .*)$", block)
        ]
        for name in ("README.md", "README.ja.md")
    )
    assert english == japanese
    assert (english[0], english[-1]) == ("python3 start.py tour", "python3 start.py test")
