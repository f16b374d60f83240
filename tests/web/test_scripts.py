"""What somebody does on a page before its scripts are there counts once they are.

On a busy machine that is a second and more; the browser shows the page before.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, Route, expect

import web_people as people


@pytest.fixture
def administrator(page: Page, console: people.RunningConsole) -> Page:
    people.sign_in(page, console)
    return page


@contextmanager
def without_scripts(page: Page, go: Callable[[], object], names: str = "*.js") -> Iterator[None]:
    """Go to a page whose scripts come when the block ends."""
    held: list[Route] = []
    late = True
    page.route(f"**/static/{names}", lambda each: held.append(each) if late else each.continue_())
    with page.expect_request(f"**/static/{names}"):
        go()
    page.wait_for_selector("h1")
    yield
    late = False
    for each in held:
        each.continue_()
    page.wait_for_load_state()
    page.unroute(f"**/static/{names}")


def test_a_text_that_was_mended_early_is_checked_and_has_no_fault(
    administrator: Page, console: people.RunningConsole
) -> None:
    page = administrator
    page.goto(f"{console.url}/iam/policies/create")
    editor = page.get_by_label("Policy editor")
    editor.fill("{\n")
    with without_scripts(page, page.get_by_role("button", name="Next", exact=True).click):
        expect(page.locator("#document-error")).to_be_visible()
        editor.fill("{}")
    expect(page.locator("#document-error")).to_have_count(0)
    expect(editor).not_to_have_attribute("aria-invalid", "true")
    expect(page.locator(".gutter span")).to_have_count(1)
    expect(page.locator("#length")).to_contain_text("2")


def test_a_field_that_somebody_is_in_keeps_the_focus(
    administrator: Page, console: people.RunningConsole
) -> None:
    page = administrator
    page.goto(f"{console.url}/iam/groups/create")
    page.get_by_label("User group name").fill("two words!")
    with without_scripts(page, page.locator("main button.primary").click):
        page.get_by_role("searchbox", name="Search", exact=True).focus()
    expect(page.locator("main[data-faulty] [aria-invalid=true]")).to_be_visible()
    expect(page.get_by_role("searchbox", name="Search", exact=True)).to_be_focused()


def test_boxes_that_were_ticked_early_are_counted(
    administrator: Page, console: people.RunningConsole
) -> None:
    page = administrator
    address = f"{console.url}/iam/group/add-users?name=Office"
    with without_scripts(page, lambda: page.goto(address, wait_until="commit")):
        page.locator("tbody input[type=checkbox]").first.check()
    expect(page.locator("[data-chosen]").first).to_contain_text("1")


def test_what_was_chosen_early_narrows_a_list(
    administrator: Page, console: people.RunningConsole
) -> None:
    page = administrator
    address = f"{console.url}/iam/policies"
    with without_scripts(page, lambda: page.goto(address, wait_until="commit")):
        page.locator("#type").select_option("customer")
    page.wait_for_url("**type=customer**")
    with without_scripts(page, lambda: page.goto(address, wait_until="commit")):
        page.locator("main input[type=search]").fill("Administrator")
    page.wait_for_url("**q=Administrator**")


@pytest.mark.parametrize(
    ("script", "path", "needs"),
    [
        ("passkey.js", "/iam/assign-mfa/passkey?name=x", "#passkey-create"),
        ("phone.js", "/iam/resync-mfa?user=yuki.tanaka", "details.phone"),
    ],
)
def test_what_needs_its_script_is_not_there_without(
    administrator: Page, console: people.RunningConsole, script: str, path: str, needs: str
) -> None:
    """The button of a passkey showed JSON, and the phone's emptied the fields beside it."""
    page, address = administrator, f"{console.url}{path}"
    with without_scripts(page, lambda: page.goto(address, wait_until="commit"), script):
        expect(page.locator(needs)).to_have_count(0)
    expect(page.locator(needs)).to_be_visible()
