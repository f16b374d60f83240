"""Every page of the console: axe finds nothing, in either language and both colour schemes."""

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

import web_people as people
from profiles import DEEP
from sekisho.messages import Language
from sekisho.policy import Preset

USER, GROUP = "ken.suzuki", "Developers"
ARN = "arn:aws:iam::111122223333:policy/Force_MFA_recommended"

NOBODY = ("/", "/signin", "/nowhere")
ADMINISTRATOR = (
    "/console",
    "/search?q=iam",
    "/iam",
    "/iam/policies",
    f"/iam/policy?{urlencode({'arn': ARN})}",
    f"/iam/policy?{urlencode({'arn': ARN, 'tab': 'entities'})}",
    f"/iam/policy?{urlencode({'arn': ARN, 'tab': 'versions'})}",
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
"""Tables, forms and the wizard's frame; a page has the same structure in both languages."""
LOOKED_AT = [
    pytest.param(language, who, path, id=f"{language.value}-{who}-{path}")
    for place, language in enumerate(Language)
    for number, (who, path) in enumerate(PATHS)
    if DEEP or path in IN_BOTH or number % len(Language) == place
]
"""Each page, in both languages in turn; all of them in both in the deep profile."""


@pytest.fixture(scope="module")
def visited(request: pytest.FixtureRequest, browser: Browser) -> Iterator[people.Visit]:
    """A console in one language, with a page for each of the three who look at it."""
    with people.running_console(language=request.param) as console:
        people.enforce(console, "hanako.sato", Preset.RECOMMENDED)
        with people.visit(browser, console, request.param) as visit:
            yield visit


def faults(page: Page) -> list[str]:
    """Return what axe finds: the rule, and where."""
    found = Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {node['target']} {node['html'][:120]}"
        for each in found
        for node in each["nodes"]
    ]


@pytest.mark.parametrize(("visited", "who", "path"), LOOKED_AT, indirect=["visited"])
def test_axe_finds_nothing(visited: people.Visit, who: str, path: str) -> None:
    page = visited.pages[who]
    answer = page.goto(f"{visited.console.url}{path}")
    assert answer is not None
    assert answer.status < 500
    assert (answer.status == 404) == (path == "/nowhere")
    assert page.locator("html").get_attribute("lang") == visited.language.value
    assert page.locator("h1").count() == 1
    assert faults(page) == []


@pytest.mark.parametrize("path", ["/iam/security-credentials", "/iam/policies/create"])
@pytest.mark.parametrize(
    ("visited", "scheme"),
    [(Language.EN, "light"), (Language.JA, "dark")],
    indirect=["visited"],
    ids=["en-light", "ja-dark"],
)
def test_a_narrow_page_does_not_scroll_sideways(
    visited: people.Visit, path: str, scheme: str
) -> None:
    page = visited.pages["employee"]
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.goto(f"{visited.console.url}{path}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert faults(page) == []
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1280, "height": 900})
