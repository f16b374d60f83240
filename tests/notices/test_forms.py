"""Notices in every form: hostile names are shown and never obeyed, and a page fits on one sheet.

Reads `sekisho.notices.commands.output` itself for names of files that IAM would not let users have.
"""

import csv
import io
import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notices.persons import GAP, HOSTILE, PEOPLE, context, harmless, named, setting, written
from sekisho.messages import Language, verbatim
from sekisho.notices import NoticeForm, NoticeKind, WorkList, to_merge_csv
from sekisho.notices.commands.output import WrittenNotice, file_names

if TYPE_CHECKING:
    from playwright.sync_api import Browser

each_name = pytest.mark.parametrize("hostile", HOSTILE)


class _Read(HTMLParser):
    """What a browser makes of a page: its tags, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


USUAL = _Read(written(PEOPLE["temporary password"], NoticeForm.HTML, Language.EN))


@each_name
@pytest.mark.parametrize("language", Language)
def test_a_page_shows_a_hostile_name_and_has_no_tag_of_it(hostile: str, language: Language) -> None:
    page = _Read(written(named(hostile), NoticeForm.HTML, language))
    assert page.tags == USUAL.tags
    assert page.attributes == USUAL.attributes
    assert harmless(hostile).replace("`", "") in page.text.replace("`", "")


@each_name
def test_a_text_has_a_hostile_name_on_one_line(hostile: str) -> None:
    text = written(named(hostile), NoticeForm.TEXT, Language.EN)
    assert harmless(hostile) in text
    assert all(c.isprintable() or c == "\n" for c in text)
    usual = written(PEOPLE["temporary password"], NoticeForm.TEXT, Language.EN)
    # one key instead of two, on the same line
    assert text.count("\n") == usual.count("\n")


@each_name
def test_markdown_escapes_what_it_would_obey(hostile: str) -> None:
    text = written(named(hostile), NoticeForm.MARKDOWN, Language.EN)
    bare = text.replace("\\[", "").replace("\\<", "").replace("\\`", "").replace("\\!", "")
    for obeyed in ("<script", "[click](", "<!channel"):
        assert obeyed not in bare


@each_name
def test_no_cell_is_a_formula_and_no_line_is_broken(hostile: str) -> None:
    person = named(hostile)
    said = context(person, Language.EN, setting())
    merged = to_merge_csv([(said, written(person, NoticeForm.TEXT, Language.EN))])
    work = WorkList("1", (person,)).to_csv()
    for text in (merged, work):
        rows = list(csv.reader(io.StringIO(text)))
        assert len(rows) == 2
        assert len({len(row) for row in rows}) == 1
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in rows[1])


@each_name
def test_the_page_of_the_work_list_has_no_tag_of_a_name(hostile: str) -> None:
    usual = _Read(WorkList("1", (PEOPLE["temporary password"],)).to_html(Language.EN))
    page = _Read(WorkList("1", (named(hostile),)).to_html(Language.EN))
    assert page.tags - {"code"} == usual.tags - {"code"}


@pytest.mark.parametrize("language", Language)
def test_the_work_list_says_a_reason_once(language: Language) -> None:
    outcome = verbatim("Whether they get in is unknown: {why}.").filled(why=GAP)
    person = replace(PEOPLE["enrol"], kinds=(NoticeKind.NOT_KNOWN,), outcome=outcome, gaps=(GAP,))
    page = WorkList("1", (person,)).to_html(language)
    assert page.count(GAP.into(language)) == 1
    other = replace(person, gaps=(verbatim("Something else."),))
    assert "Something else." in WorkList("1", (other,)).to_html(language)


def test_waves_come_in_their_order_and_devices_by_name() -> None:
    ready = PEOPLE["ready"]
    days = {"rest": date(2027, 1, 11), "next": date(2026, 12, 5), "pilot": None, "": None}
    people = tuple(replace(ready, wave=wave, day=day) for wave, day in days.items())
    rows = [*WorkList("1", people).rows(Language.JA)]
    heads = [title.split()[0] for title, _, _ in rows]
    assert [head.partition("、")[0] for head in heads] == ["pilot", "next", "rest", heads[-1]]
    assert not heads[-1].startswith(("pilot", "next", "rest"))
    for _, _, ((_, _, _, devices, *_),) in rows:
        assert devices == "認証アプリケーション"


@given(st.text(min_size=1))
def test_any_name_is_text_in_every_form(name: str) -> None:
    person = named(name)
    page = _Read(written(person, NoticeForm.HTML, Language.EN))
    # what stands in two backticks is set as code
    assert page.tags - {"code"} == USUAL.tags - {"code"}
    assert page.attributes == USUAL.attributes
    text = written(person, NoticeForm.TEXT, Language.EN)
    assert all(c.isprintable() or c == "\n" for c in text)
    said = context(person, Language.EN, setting())
    rows = list(csv.reader(io.StringIO(to_merge_csv([(said, text)]))))
    assert len(rows) == 2
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in rows[1])


@given(st.lists(st.text(min_size=1), max_size=6))
def test_any_names_give_files_of_their_own_in_one_folder(names: list[str]) -> None:
    notices = [
        WrittenNotice(named(name), context(named(name), Language.EN, setting()), "")
        for name in names
    ]
    files = [*file_names(notices, ".txt")]
    assert len({name.lower() for name in files}) == len(names)
    for name in files:
        assert re.fullmatch(r"[A-Za-z0-9+=,@_][A-Za-z0-9+=,.@_-]*\.txt", name)
        assert not re.match(r"(?i)(con|prn|aux|nul|com\d|lpt\d)\.", name)


def test_every_page_is_one_sheet_of_a4_and_read_by_everybody(browser: "Browser") -> None:
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415 - where there is a browser

    sheets, faults = {}, []
    width = 390
    viewport = {"width": width, "height": 800}
    with browser.new_context(bypass_csp=True, viewport=viewport) as fresh:
        page = fresh.new_page()
        for language in Language:
            texts = {
                name: written(each, NoticeForm.HTML, language) for name, each in PEOPLE.items()
            }
            # the others are shorter
            for name in sorted(texts, key=lambda name: -len(texts[name]))[:2]:
                page.set_content(texts[name])
                printed = page.pdf(prefer_css_page_size=True)
                sheets[name, language.value] = printed.count(b"/Type /Page\n")
            work = WorkList("1", tuple(PEOPLE.values())).to_html(language)
            for text in (texts["temporary password"], work):
                page.set_content(text)
                assert page.evaluate("document.documentElement.scrollWidth") <= width
                found = Axe().run(page, options={"resultTypes": ["violations"]})
                faults += found.response["violations"]
    assert not faults
    assert sheets
    assert sheets == dict.fromkeys(sheets, 1)
