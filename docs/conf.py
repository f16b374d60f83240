"""Sphinx's configuration of the documentation site; `tools/documentation.py` builds with it.

The pages are Markdown that reads well without a site, too. What the site needs beside it is made
here: its contents out of the lists in README.md, the switch between the languages, and links that
leave the language's own folder.
"""

import json
import os
import re
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.search import SearchLanguage

DOCS = Path(__file__).parent
LANGUAGES = {"en": DOCS, "ja": DOCS / "ja"}
SCHEMAS = DOCS / "schemas"
URLS = DOCS.parent / "urls.toml"
SWITCH = {"en": ("ja", "日本語"), "ja": ("en", "English")}
KEYWORDS = tomllib.loads((DOCS / "_site" / "search.toml").read_text(encoding="utf-8"))
LINK = re.compile(r"\[([^\]]+)\]\(([^)\s]+)\)")

project = "sekisho"
author = "The sekisho authors"
copyright = author  # noqa: A001 - that is what Sphinx calls it
language = "en"
extensions = ["myst_parser"]
root_doc = "README"
exclude_patterns = ["ja", "_site"]
templates_path = [str(DOCS / "_site" / "templates")]
myst_heading_anchors = 4
highlight_language = "none"
html_theme = "furo"
html_title = "sekisho"
html_copy_source = False
html_show_sourcelink = False
html_use_index = False
html_sidebars = {
    "**": [
        "sidebar/brand.html",
        "language.html",
        "sidebar/search.html",
        "sidebar/scroll-start.html",
        "sidebar/navigation.html",
        "sidebar/scroll-end.html",
    ]
}
linkcheck_timeout = 20
linkcheck_anchors = False
linkcheck_report_timeouts_as_broken = True


def setup(app: Sphinx) -> None:
    """Register what this module adds to Sphinx."""
    app.add_search_language(PairsOfJapanese)
    app.connect("source-read", _complete)
    app.connect("html-page-context", _offer_other_language)
    app.connect("build-finished", _name_the_first_page)
    app.connect("build-finished", _publish_schemas)


class PairsOfJapanese(SearchLanguage):
    """Finds any part of a Japanese word: by each two letters that stand together.

    Japanese has no space between words, and what divides them in the index (機種, 変更) is not
    there when a browser divides what somebody types (機種変更).
    """

    lang = "ja"
    language_name = "Japanese"
    js_splitter_code = """
function splitQuery(query) {
  const words = query.match(/[\u3005\u3040-\u30ff\u3400-\u9fff]+|[a-z0-9_]+/gi) || [];
  return words.flatMap((word) =>
    word.length === 1 || word.charCodeAt(0) < 256 ? [word]
      : Array.from({length: word.length - 1}, (_, at) => word.slice(at, at + 2)));
}
"""

    def split(self, input: str) -> list[str]:  # noqa: A002 - that is what Sphinx calls it
        """Return the words of a text as `splitQuery` does those of a query."""
        words = re.findall(r"[\u3005\u3040-\u30ff\u3400-\u9fff]+|[A-Za-z0-9_]+", input)
        return [
            part
            for word in words
            for part in (
                [word]
                if word.isascii() or len(word) == 1
                else [word[at : at + 2] for at in range(len(word) - 1)]
            )
        ]

    def word_filter(self, word: str) -> bool:
        """Keep every word: a pair of hiragana may be in the middle of one."""
        return bool(word)


def _complete(app: Sphinx, page: str, source: list[str]) -> None:
    """Rewrite the links that leave this language; give the first page the site's contents."""
    home = Path(app.srcdir)
    text = _outside_code(source[0], lambda part: _with_links(part, page, home))
    # Japanese has no space between words: a line break within a sentence must not become one
    text = _outside_code(
        text, lambda part: re.sub(r"(?<=[^\x00-\u2fff])\n(?=[^\x00-\u2fff])", "", part)
    )
    words = KEYWORDS[app.config.language].get(page, "")
    if words:
        split = (
            PairsOfJapanese({}).split if app.config.language == "ja" else re.compile(r"\w+").findall
        )
        found = ", ".join(dict.fromkeys(part.lower() for part in split(words)))
        text = f"---\nmyst:\n  html_meta:\n    keywords: {found}\n---\n\n{text}"
    if Path(page).name == root_doc:
        text += "\n\n" + "\n\n".join(_contents(source[0], (home / page).parent, home))
    source[0] = text


def _outside_code(text: str, change: Any) -> str:
    parts = re.split(r"(?ms)(^```.*?^```$|\[`[^`\n]+`\]\([^)\s]+\)|`[^`\n]+`)", text)
    return "".join(part if part.startswith("`") else change(part) for part in parts)


def _with_links(text: str, page: str, home: Path) -> str:
    here = (home / page).parent

    def changed(found: re.Match[str]) -> str:
        shown, target = found.groups()
        if re.match(r"[a-z]+:|#", target):
            return found[0]
        name, _, anchor = target.partition("#")
        path = (here / name).resolve()
        if _language_of(path) == home:
            return found[0]
        if _language_of(path) is None and path.parent != SCHEMAS:
            return f"{shown} (<code>{path.name}</code>)"
        written = os.path.relpath(path.relative_to(DOCS), here.relative_to(DOCS))
        shown_as = Path(written).with_suffix(".html") if path.suffix == ".md" else Path(written)
        url = shown_as.as_posix() + _place(path, anchor)
        return f'<a class="reference" href="{url}">{shown}</a>'

    return LINK.sub(changed, text)


def _place(page: Path, anchor: str) -> str:
    """Return the id that a heading has in a built page, which is not always GitHub's anchor."""
    headings = re.findall(r"(?m)^#+ (.*)$", page.read_text(encoding="utf-8")) if anchor else []
    for heading in headings:
        if re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") == anchor:
            return f"#{nodes.make_id(re.sub('[`*]', '', heading))}"
    return f"#{anchor}" if anchor else ""


def _language_of(path: Path) -> Path | None:
    """Return the folder of the language that a page is in; None if it is no page of the site."""
    if path.suffix != ".md" or not path.is_relative_to(DOCS):
        return None
    return LANGUAGES["ja"] if path.is_relative_to(LANGUAGES["ja"]) else DOCS


def _contents(text: str, here: Path, home: Path) -> Iterator[str]:
    """Yield a table of contents for each section of a page of lists that lists pages.

    A section within a section is a table of its own, under both titles.
    """
    kind = ""
    for depth, title, body in re.findall(r"(?ms)^(#+) (.*?)\n(.*?)(?=^##|\Z)", text):
        if depth == "#" and here == home:
            continue
        kind = title if depth != "###" else kind
        caption = title if depth != "###" else f"{kind}: {title}"
        names = dict.fromkeys(target.partition("#")[0] for _, target in LINK.findall(body))
        pages = [
            name.removesuffix(".md")
            for name in names
            if name and ":" not in name and _language_of((here / name).resolve()) == home
        ]
        if pages:
            yield "\n".join(["```{toctree}", ":hidden:", f":caption: {caption}", "", *pages, "```"])


def _offer_other_language(
    app: Sphinx, page: str, _template: str, context: dict[str, Any], _doctree: object
) -> None:
    """Tell the template where the same page is in the other language, or that language's first."""
    other, label = SWITCH[app.config.language]
    same = page if page == "search" or (LANGUAGES[other] / f"{page}.md").exists() else root_doc
    ours, theirs = (Path("ja") if each == "ja" else Path() for each in (app.config.language, other))
    href = os.path.relpath(theirs / f"{same}.html", (ours / page).parent)
    context["other_language"] = {"code": other, "label": label, "href": Path(href).as_posix()}


def _name_the_first_page(app: Sphinx, failure: Exception | None) -> None:
    """Let a web server find the first page, which is README.md to read without a site."""
    first = Path(app.outdir) / f"{root_doc}.html"
    if failure is None and first.exists():
        shutil.copyfile(first, first.with_name("index.html"))


def _publish_schemas(app: Sphinx, failure: Exception | None) -> None:
    """Put the JSON Schemas beside the pages; where the site's address is known they have an id."""
    if failure is not None or app.config.language != "en":
        return
    out = Path(app.outdir) / SCHEMAS.name
    out.mkdir(exist_ok=True)
    site = tomllib.loads(URLS.read_text(encoding="utf-8")).get("Documentation", "").rstrip("/")
    for path in SCHEMAS.glob("*.json"):
        text = path.read_text(encoding="utf-8")
        if site:
            whole = {"$id": f"{site}/{SCHEMAS.name}/{path.name}", **json.loads(text)}
            text = json.dumps(whole, ensure_ascii=False, indent=1)
        (out / path.name).write_text(text, encoding="utf-8")
