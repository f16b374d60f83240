"""The documentation site: both languages are built without a warning, and need no network."""

import json
import re
import runpy
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from sphinx.search import SearchLanguage
from sphinx.search.en import SearchEnglish

from cases import CORPUS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
LOADING = {"script": "src", "link": "href", "img": "src", "iframe": "src"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("built") / "site"
    main = runpy.run_path(str(ROOT / "tools" / "documentation.py"))["main"]
    assert main([str(out)]) == 0
    return out


class _Page(HTMLParser):
    """What a page loads, what it links to, and the ids in it."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.language: str | None = None
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids.add(given.get("id") or "")
        if tag == "html":
            self.language = given.get("lang")
        if tag in LOADING and (address := given.get(LOADING[tag])):
            self.loaded.append(address)
        if tag == "a" and (address := given.get("href")):
            self.links.append(address)


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, _Page]:
    """Return every page of the site, read once."""
    return {page: _Page(page) for page in site.rglob("*.html")}


def test_every_page_is_there_in_its_language(site: Path, pages: dict[Path, _Page]) -> None:
    for page in DOCS.rglob("*.md"):
        built = site / page.relative_to(DOCS).with_suffix(".html")
        assert pages[built].language == ("ja" if page.is_relative_to(DOCS / "ja") else "en")
    assert (site / "index.html").exists()
    assert (site / "ja" / "index.html").exists()


def test_the_schemas_are_published(site: Path) -> None:
    for path in (DOCS / "schemas").glob("*.json"):
        assert (site / "schemas" / path.name).read_bytes() == path.read_bytes()


def test_no_page_loads_anything_from_elsewhere(pages: dict[Path, _Page]) -> None:
    for page in pages.values():
        assert not [address for address in page.loaded if re.match(r"(\w+:)?//", address)]


def test_every_link_leads_to_a_page_and_a_place_in_it(pages: dict[Path, _Page]) -> None:
    for page, read in pages.items():
        for link in read.links:
            name, _, anchor = link.partition("#")
            if re.match(r"\w+:", link):
                continue
            target = (page.parent / name).resolve() if name else page
            assert target in pages or (target.suffix == ".json" and target.exists()), (page, link)
            assert not anchor or anchor in pages[target].ids, (page, link)


@pytest.mark.parametrize(
    ("home", "kinds"),
    [
        (".", {"Tutorial", "How to", "Reference", "Explanation", "For contributors"}),
        ("ja", {"チュートリアル", "手順", "リファレンス", "解説"}),
    ],
)
def test_the_navigation_has_the_kinds_of_pages(site: Path, home: str, kinds: set[str]) -> None:
    page = (site / home / "index.html").read_text("utf-8")
    captions = re.findall(r'class="caption"[^>]*><span class="caption-text">([^<]*)<', page)
    assert {caption.partition(": ")[0] for caption in captions} == kinds


def test_each_page_leads_to_the_other_language(site: Path) -> None:
    for page in site.rglob("*.html"):
        [switch] = re.findall(r'language-switch" hreflang="(\w+)"', page.read_text("utf-8"))
        assert switch == ("en" if page.is_relative_to(site / "ja") else "ja")


class _Search:
    """The search of the built site, as Sphinx's searchtools.js does it in a browser."""

    def __init__(self, site: Path, language: str) -> None:
        conf = runpy.run_path(str(DOCS / "conf.py"))
        pairs: SearchLanguage = conf["PairsOfJapanese"]({})
        self.spoken = pairs if language == "ja" else SearchEnglish({})
        home = site / "ja" if language == "ja" else site
        text = (home / "searchindex.js").read_text(encoding="utf-8")
        self.index = json.loads(text[text.index("(") + 1 : text.rindex(")")])

    def find(self, query: str) -> set[str]:
        """Return the pages that have all words, or all that are longer than two letters."""
        words = {word.lower() for word in self.spoken.split(query) if not word.isdigit()}
        words = {self.spoken.stem(word) for word in words - self.spoken.stopwords}
        found = Counter(page for word in words for page in self._with(word))
        enough = {len(words), sum(len(word) > 2 for word in words)}
        return {self.index["docnames"][page] for page, count in found.items() if count in enough}

    def _with(self, word: str) -> set[int]:
        pages: set[int] = set()
        for terms in (self.index["terms"], self.index["titleterms"]):
            for term, where in terms.items():
                if term == word or (len(word) > 2 and word in term):
                    pages |= {where} if isinstance(where, int) else set(where)
        return pages


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_search_finds_the_words_that_people_use(site: Path, language: str) -> None:
    search = _Search(site, language)
    words = json.loads((CORPUS / "search" / "words.json").read_text(encoding="utf-8"))[language]
    found = {word: search.find(word) for word in words}
    assert [word for word, pages in found.items() if not pages] == []
    assert [word for word, page in words.items() if page and page not in found[word]] == []


def test_the_diagrams_are_as_they_are_drawn() -> None:
    """If they are not: `python tools/diagrams.py`."""
    for name, svg in runpy.run_path(str(ROOT / "tools" / "diagrams.py"))["diagrams"]().items():
        assert (DOCS / "images" / name).read_text(encoding="utf-8") == svg
        drawing = ElementTree.fromstring(svg)  # noqa: S314 - it was made right here
        title, description = (drawing.findtext(f"{{*}}{tag}") for tag in ("title", "desc"))
        assert title
        assert description
