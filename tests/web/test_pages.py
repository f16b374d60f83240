"""Every page of the console: axe finds nothing, in either language and both colour schemes.

axe looks at each page in English, and at some in Japanese; that a page has the same structure in
both is compared without it.
"""

from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page, expect

import web_people as people
from accessibility import axe_faults, typing_faults
from profiles import DEEP
from sekisho.messages import Language
from sekisho.policy import Preset

USER, GROUP = "ken.suzuki", "Developers"
LONG = "arn:aws:iam::aws:policy/ReadOnlyAccess"
ARN = "arn:aws:iam::111122223333:policy/Force_MFA_recommended"
ANY = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}'

NOBODY = ("/", "/signin", "/nowhere")
ADMINISTRATOR = (
    "/console",
    "/search?q=iam",
    "/iam",
    "/iam/policies",
    f"/iam/policy?{urlencode({'arn': ARN})}",
    f"/iam/policy?{urlencode({'arn': ARN, 'tab': 'entities'})}",
    f"/iam/policy?{urlencode({'arn': ARN, 'tab': 'versions'})}",
    f"/iam/policy?{urlencode({'arn': LONG})}",
    f"/iam/policy?{urlencode({'arn': LONG, 'tab': 'json'})}",
    f"/iam/policy/attach?{urlencode({'arn': ARN})}",
    "/iam/policies/create",
    "/iam/policies/create/visual?service=sts",
    f"/iam/policy/edit/visual?{urlencode({'arn': ARN})}",
    "/iam/groups",
    f"/iam/group?{urlencode({'name': GROUP})}",
    f"/iam/group?{urlencode({'name': GROUP, 'tab': 'permissions'})}",
    "/iam/groups/create",
    f"/iam/group/add-users?{urlencode({'name': GROUP})}",
    f"/iam/group/add-permissions?{urlencode({'name': GROUP})}",
    f"/iam/group/delete?{urlencode({'name': GROUP})}",
    "/iam/users",
    f"/iam/user?{urlencode({'name': USER})}",
    f"/iam/user?{urlencode({'name': USER, 'tab': 'groups'})}",
    f"/iam/user?{urlencode({'name': USER, 'tab': 'tags'})}",
    f"/iam/user?{urlencode({'name': USER, 'tab': 'security'})}",
    f"/iam/user/add-permissions?{urlencode({'name': USER})}",
    f"/iam/assign-mfa?{urlencode({'user': USER})}",
    f"/iam/user/boundary?{urlencode({'name': USER})}",
    f"/iam/user/delete?{urlencode({'name': USER})}",
    f"/iam/console-access?{urlencode({'user': USER})}",
    f"/iam/inline-policy?{urlencode({'kind': 'user', 'name': USER})}",
    "/iam/users/create",
    "/iam/security-credentials",
    "/iam/update-password",
    "/iam/assign-mfa",
    "/iam/unassigned-mfa",
    "/aws-login?client_id=x",
    "/iam/assign-mfa/passkey?name=x",
    "/s3/buckets",
)
EMPLOYEE = (
    "/console",
    "/iam",
    "/iam/users",
    "/iam/policies",
    "/iam/security-credentials",
    "/s3/buckets",
)


PATHS = [
    *(("nobody", path) for path in NOBODY),
    *(("administrator", path) for path in ADMINISTRATOR),
    *(("employee", path) for path in EMPLOYEE),
]
IN_BOTH = ("/signin", "/iam/users", "/iam/security-credentials", "/aws-login?client_id=x")
"""Tables, forms and the wizard's frame."""
LONGEST = 4_000
"""Pixels of a page that is 1,280 wide: five screens."""
LOOKED_AT = [
    pytest.param(language, who, path, id=f"{language.value}-{who}-{path}")
    for language in Language
    for who, path in PATHS
    if DEEP or language is Language.EN or path in IN_BOTH
]
"""Each page in English; all of them in Japanese, too, in the deep profile."""


@pytest.fixture(scope="module")
def visited(browser: Browser) -> Iterator[people.Visit]:
    """A console, with a page for each of the three who look at it."""
    with people.running_console() as console:
        people.enforce(console, "hanako.sato", Preset.RECOMMENDED)
        with people.visit(browser, console) as visit:
            yield visit


def page_of(visited: people.Visit, who: str, language: Language) -> Page:
    """Return somebody's page, which is shown in a language from now on."""
    page = visited.pages[who]
    if page.locator("html").get_attribute("lang") != language.value:
        page.goto(visited.console.url)
        people.press(page.locator(f"button[name=language][value={language.value}]"))
    return page


@pytest.mark.parametrize(("language", "who", "path"), LOOKED_AT)
def test_axe_finds_nothing(visited: people.Visit, language: Language, who: str, path: str) -> None:
    page = page_of(visited, who, language)
    answer = page.goto(f"{visited.console.url}{path}")
    assert answer is not None
    assert answer.status < 500
    assert (answer.status == 404) == (path == "/nowhere")
    assert page.locator("html").get_attribute("lang") == language.value
    assert page.locator("h1").count() == 1
    assert axe_faults(page) == []


LISTS = """fields => fields.map(each => [
    each.id || each.name,
    each.dataset.filters ?? each.dataset.narrows ?? each.form?.dataset.live ?? "",
])"""
TYPE = """([field, text]) => {
    const box = document.getElementById(field) ?? document.getElementsByName(field)[0];
    box.value = text;
    box.dispatchEvent(new Event("input", {bubbles: true}));
}"""
SHOWS = """([list, any]) => any === [
    ...document.querySelectorAll(`#${list} :is(tbody tr, .entry, li):not(:has(:checked))`)
].some(each => !each.closest("[hidden]") && !each.querySelector(".entry"))"""
"""Whether a list has a line that is not there because it is ticked."""


def test_every_list_with_a_search_narrows_while_one_types(visited: people.Visit) -> None:
    """No page is loaded for it; and the one that has the most to show is no longer than this."""
    page, searched = page_of(visited, "administrator", Language.EN), set()
    for path in ADMINISTRATOR:
        page.goto(f"{visited.console.url}{path}")
        assert page.evaluate("document.body.scrollHeight") < LONGEST, path
        place = "input[type=search]" if path.startswith("/search") else "main input[type=search]"
        for field, found in page.locator(place).evaluate_all(LISTS):
            assert found, f"{field} of {path} narrows nothing"
            for text, any_left in (("zzqq", False), ("a", True)):
                page.evaluate(TYPE, [field, text])
                page.wait_for_function(SHOWS, arg=[found, any_left])
            searched.add(field)
    assert searched == {
        *("q", "service-filter", "actions-filter", "summary-2-filter"),
        *("users-search", "groups-search", "source-search", "policies-search", "boundary-search"),
    }


LOW = 80
"""Pixels: two lines, the number of findings and the buttons."""


@pytest.mark.parametrize("language", Language)
def test_the_bar_of_an_editor_is_low_on_a_phone(visited: people.Visit, language: Language) -> None:
    """Even with three buttons, and with what IAM refuses."""
    api = people.administrator_api(visited.console)
    api.call("iam", "PutUserPolicy", UserName=USER, PolicyName="x", PolicyDocument=ANY)
    page = page_of(visited, "administrator", language)
    page.set_viewport_size({"width": 390, "height": 844})
    inline = urlencode({"kind": "user", "name": USER, "policy": "x"})
    for path in ("/iam/policies/create", f"/iam/inline-policy?{inline}"):
        page.goto(f"{visited.console.url}{path}")
        for text in ("{", ANY):
            page.locator("#document").fill(text)
            page.wait_for_timeout(600)
            expect(page.locator(".stay .count")).to_be_visible()
            box = page.locator(".stay").bounding_box()
            assert box is not None
            assert box["height"] < LOW, path
    page.set_viewport_size({"width": 1280, "height": 900})


CUT_OFF = """() => [...document.querySelectorAll("main .scroll:not(pre)")]
    .filter(each => each.scrollWidth > each.clientWidth + 1)
    .map(each => each.getAttribute("aria-label") ?? each.querySelector("caption").textContent)"""


@pytest.mark.parametrize("language", Language)
def test_nothing_is_cut_off_on_a_phone(visited: people.Visit, language: Language) -> None:
    """Each row of a table is a card there."""
    page = page_of(visited, "administrator", language)
    page.set_viewport_size({"width": 390, "height": 844})
    found = {}
    for path in ADMINISTRATOR:
        page.goto(f"{visited.console.url}{path}")
        found[path] = page.evaluate(CUT_OFF)
        if page.evaluate("document.documentElement.scrollWidth") > 390:
            found[path].append("the page")
    page.set_viewport_size({"width": 1280, "height": 900})
    assert {path: tables for path, tables in found.items() if tables} == {}


@pytest.mark.parametrize("language", Language)
def test_sentences_are_set_as_their_language_sets_them(
    visited: people.Visit, language: Language
) -> None:
    found: list[str] = []
    for who, path in PATHS:
        page = page_of(visited, who, language)
        page.goto(f"{visited.console.url}{path}")
        found += typing_faults(page)
    assert found == []


class Outline(HTMLParser):
    """The elements of a page with their attributes, and where there is text.

    What is translated counts only for being there. Elements within a sentence are passed by: their
    order is the language's.
    """

    _WITHIN_SENTENCES = ("code", "strong")
    _TRANSLATED = (
        *(
            "alt",
            "aria-label",
            "content",
            "data-chosen",
            "data-done",
            "data-error",
            "data-label",
            "data-failed",
        ),
        *("data-known", "data-none", "lang", "placeholder", "title"),
    )

    def __init__(self, page: str) -> None:
        super().__init__()
        self.parts: list[object] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self._WITHIN_SENTENCES:
            return
        given = dict(attrs)
        # differ by design: the form's secrets, and the button of the other language
        if given.get("name") in ("csrf", "once", "language"):
            given = {"name": given["name"]}
        for name in self._TRANSLATED:
            if given.get(name):
                given[name] = "translated"
        self.parts.append((tag, given))

    def handle_endtag(self, tag: str) -> None:
        if tag not in self._WITHIN_SENTENCES:
            self.parts.append(tag)

    def handle_data(self, data: str) -> None:
        if data.strip() and self.parts[-1:] != ["text"]:
            self.parts.append("text")


@pytest.mark.parametrize("who", ["nobody", "administrator", "employee"])
def test_both_languages_have_one_structure(visited: people.Visit, who: str) -> None:
    """So what axe says of one is true of the other, colours and names of fields and all."""
    paths = [path for owner, path in PATHS if owner == who]
    outlines = {}
    for language in Language:
        page = page_of(visited, who, language)
        outlines[language] = {
            path: Outline(page.request.get(f"{visited.console.url}{path}").text()).parts
            for path in paths
        }
    for path in paths:
        assert outlines[Language.EN][path] == outlines[Language.JA][path], path


@pytest.mark.parametrize(
    ("who", "path"),
    [
        ("employee", "/iam/security-credentials"),
        ("employee", "/iam/policies/create"),
        ("administrator", "/iam/users"),
        ("administrator", f"/iam/policy?{urlencode({'arn': LONG})}"),
    ],
)
@pytest.mark.parametrize(
    ("language", "scheme"),
    [(Language.EN, "light"), (Language.JA, "dark")],
    ids=["en-light", "ja-dark"],
)
def test_a_narrow_page_does_not_scroll_sideways(
    visited: people.Visit, who: str, path: str, language: Language, scheme: str
) -> None:
    page = page_of(visited, who, language)
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.goto(f"{visited.console.url}{path}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate("document.querySelector('header').offsetHeight") < 130
    assert axe_faults(page) == []
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1280, "height": 900})
