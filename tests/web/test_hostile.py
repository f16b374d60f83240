"""Hostile names, and two people at once: nothing typed ever runs, and each sees their own."""

import json
import re
from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

import web_people as people
from sekisho.localaws import ADMINISTRATOR

SCRIPT = "<script>window.hit=1</script>"
IMAGE = "\"'><img src=x onerror=window.hit=1>"
RTL = "\u202egnp.exe\u202c"
LONG = "n" * 64


@pytest.fixture(scope="module")
def console() -> Iterator[people.RunningConsole]:
    """The example company, after somebody has written markup wherever AWS takes a free text."""
    with people.running_console() as running:
        api = people.administrator_api(running)
        statement = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        tags = [{"Key": "note", "Value": "= @ - a/b:c"}]
        api.call("iam", "CreateUser", UserName=LONG, Tags=tags)
        api.call("iam", "CreateGroup", GroupName=LONG)
        api.call(
            "iam",
            "CreatePolicy",
            PolicyName=LONG,
            PolicyDocument=document,
            Description=SCRIPT + IMAGE,
        )
        api.call("iam", "PutUserPolicy", UserName=LONG, PolicyName=LONG, PolicyDocument=document)
        yield running


PAGES = (
    "/iam/users",
    "/iam/groups",
    "/iam/policies",
    f"/search?{urlencode({'q': SCRIPT + IMAGE})}",
    f"/search?{urlencode({'q': RTL})}",
    *(f"/iam/user?{urlencode({'name': name})}" for name in (LONG, SCRIPT, RTL)),
    f"/iam/user?{urlencode({'name': LONG, 'tab': 'tags'})}",
    *(f"/iam/group?{urlencode({'name': name})}" for name in (LONG, IMAGE)),
    *(
        f"/iam/{page}?{urlencode({'name': IMAGE, 'kind': 'user'})}"
        for page in ("user/add-permissions", "user/delete", "group/add-users", "group/delete")
    ),
    f"/iam/inline-policy?{urlencode({'name': IMAGE, 'kind': 'user'})}",
    f"/iam/console-access?{urlencode({'user': SCRIPT})}",
    *(
        f"/iam/policy?{urlencode({'arn': f'arn:aws:iam::111122223333:policy/{name}'})}"
        for name in (LONG, SCRIPT)
    ),
    f"/iam/assign-mfa?{urlencode({'user': SCRIPT + IMAGE})}",
    f"/iam/assign-mfa/passkey?{urlencode({'user': IMAGE, 'name': SCRIPT})}",
    f"/iam/resync-mfa?{urlencode({'user': IMAGE, 'serial': SCRIPT})}",
    f"/iam/policies/create/visual?{urlencode({'service': SCRIPT})}",
    f"/iam/user/boundary?{urlencode({'name': IMAGE})}",
    f"/iam/unassigned-mfa?{urlencode({'user': SCRIPT, 'name': IMAGE})}",
    f"/iam/policies?{urlencode({'q': IMAGE, 'type': SCRIPT})}",
    f"/iam/users?{urlencode({'q': IMAGE, 'page': SCRIPT})}",
    f"/signin?{urlencode({'next': 'javascript:window.hit=1'})}",
)


@pytest.fixture(scope="module")
def administrator(browser: Browser, console: people.RunningConsole) -> Iterator[Page]:
    context = browser.new_context()
    page = context.new_page()
    people.sign_in(page, console)
    yield page
    context.close()


@pytest.mark.parametrize("path", PAGES)
def test_no_name_runs(administrator: Page, console: people.RunningConsole, path: str) -> None:
    answer = administrator.goto(f"{console.url}{path}")
    assert answer is not None
    assert answer.status < 500
    assert administrator.evaluate("window.hit") is None
    # not an element more than the templates have
    more = "img[src=x], main script:not([src^='/static/']), main b"
    assert administrator.locator(more).count() == 0
    assert not re.search(r"(?i)href=\"javascript:", administrator.content())


def test_forms_of_hostile_values_are_refused_at_the_page(
    administrator: Page, console: people.RunningConsole
) -> None:
    page = administrator
    page.goto(f"{console.url}/iam/assign-mfa")
    page.get_by_label("Device name").fill(SCRIPT)
    page.get_by_role("button", name="Next").click()
    expect(page.locator("#name-error")).to_contain_text(f"{SCRIPT} has characters")
    expect(page.get_by_label("Device name")).to_have_value(SCRIPT)
    assert page.evaluate("window.hit") is None


def test_two_people_at_once_see_each_their_own(
    browser: Browser, console: people.RunningConsole
) -> None:
    """Two browsers, one console: what one is denied the other may see, page by page in turn."""
    contexts = [browser.new_context(), browser.new_context()]
    one, two = (context.new_page() for context in contexts)
    people.sign_in(one, console)
    people.sign_in(two, console, "hanako.sato")
    for _ in range(2):
        one.goto(f"{console.url}/iam/policies")
        two.goto(f"{console.url}/iam/policies")
        expect(one.get_by_text("not authorized")).to_have_count(0)
        expect(two.get_by_text("not authorized").first).to_be_visible()
        expect(one.get_by_text(f"{ADMINISTRATOR} @")).to_be_visible()
        expect(two.get_by_text("hanako.sato @")).to_be_visible()
    for context in contexts:
        context.close()


def test_what_one_person_typed_is_not_shown_to_the_next(
    browser: Browser, console: people.RunningConsole
) -> None:
    """A session ends in the middle of a form; somebody else signs in at the same browser."""
    context = browser.new_context()
    page = context.new_page()
    people.sign_in(page, console)
    page.goto(f"{console.url}/iam/assign-mfa")
    page.get_by_label("Device name").fill("typed-by-yuki")
    people.end_sessions(console)
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("Your session has ended.")).to_be_visible()
    page.get_by_label("IAM user name").fill("hanako.sato")
    page.get_by_label("Password").fill(console.password("hanako.sato"))
    page.get_by_role("button", name="Sign in").click()
    page.goto(f"{console.url}/iam/assign-mfa")
    own = ["IAM", "Security credentials", "Assign MFA device"]
    expect(page.locator(".crumbs li")).to_have_text(own)
    expect(page.get_by_label("Device name")).to_have_value("")
    # and whoever typed it finds it again
    people.sign_in(page, console)
    context.close()


def test_what_was_typed_survives_the_end_of_a_session(
    browser: Browser, console: people.RunningConsole
) -> None:
    """So does about whom it was: nobody assigns another's device to themselves."""
    context = browser.new_context()
    page = context.new_page()
    main = page.get_by_role("main")

    def ended(act: Callable[[], None], field: Locator) -> None:
        expect(field).to_be_visible()
        people.end_sessions(console)
        act()
        expect(page.get_by_text("Your session has ended.")).to_be_visible()
        people.sign_in_here(page, console, ADMINISTRATOR)

    people.sign_in(page, console)
    page.goto(f"{console.url}/iam/assign-mfa?user=mei.takahashi")
    path, crumbs = (
        ["IAM", "Users", "mei.takahashi", "Assign MFA device"],
        page.locator(".crumbs li"),
    )
    expect(crumbs).to_have_text(path)
    name, go_on = page.get_by_label("Device name"), page.get_by_role("button", name="Next")
    name.fill("typed-by-yuki")
    ended(go_on.click, name)
    expect(page).to_have_url(re.compile(r"/iam/assign-mfa\?.*user=mei\.takahashi"))
    expect(name).to_have_value("typed-by-yuki")
    # the device is created, and its seed goes with the session
    go_on.click()
    for label in ("MFA code 1", "MFA code 2"):
        page.get_by_label(label).fill("000000")
    ended(page.get_by_role("button", name="Add MFA").click, page.get_by_label("MFA code 1"))
    expect(main).to_contain_text("mei.takahashi")
    expect(name).to_have_value("typed-by-yuki")
    # a script is led to the sign-in as well
    page.get_by_label("Passkey or security key").check()
    go_on.click()
    make = page.get_by_role("button", name="Continue")
    ended(make.click, make)
    expect(main).to_contain_text("mei.takahashi / Device name: typed-by-yuki")
    expect(crumbs).to_have_text(path)
    page.get_by_role("link", name="Previous").click()
    expect(name).to_have_value("typed-by-yuki")
    page.goto(f"{console.url}/iam/users")
    search = page.get_by_label("Search by user name")
    ended(lambda: search.fill("mei"), search)
    expect(page.get_by_role("rowheader")).to_have_text(["mei.takahashi"])
    context.close()


def test_a_session_that_another_tab_has_ended_is_over_in_this_one(
    browser: Browser, console: people.RunningConsole
) -> None:
    context = browser.new_context()
    page = context.new_page()
    people.sign_in(page, console)
    page.goto(f"{console.url}/iam/security-credentials")
    key_of_the_other_tab = people.form_of(page, "Create access key")
    stolen = context.cookies()
    # its menu is closed: what is hidden has no role
    page.get_by_text("Sign out", exact=True).evaluate("button => button.click()")
    expect(page.get_by_label("IAM user name")).to_be_visible()
    people.send(page, key_of_the_other_tab)
    expect(page.get_by_text("Nothing has been changed")).to_be_visible()
    # the cookie as it was, in another browser
    thief = browser.new_context()
    thief.add_cookies(stolen)
    page = thief.new_page()
    page.goto(f"{console.url}/iam/security-credentials")
    expect(page.get_by_label("IAM user name")).to_be_visible()
    thief.close()
    context.close()


def test_a_double_click_creates_one_key(browser: Browser, console: people.RunningConsole) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    people.sign_in(page, console)
    page.goto(f"{console.url}/iam/security-credentials")
    # without a script nothing but the server stands in the way of the second click
    page.get_by_role("button", name="Create access key").dblclick()
    expect(page.get_by_text("is shown now and never again")).to_be_visible()
    page.goto(f"{console.url}/iam/security-credentials")
    expect(page.locator("summary", has_text="Deactivate")).to_have_count(1)
    # shown once
    page.goto(f"{console.url}/iam/access-key-created")
    expect(page.get_by_text("A secret access key is shown once.")).to_be_visible()
    context.close()
