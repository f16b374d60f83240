"""The help rail knows every page of its two paths, follows what has been done, and has an end.

Reads `web.console.rail` itself, because each step is asked for without its page.
"""

import re

import pytest

import web_people as people
from sekisho import policy
from sekisho.localaws import BUCKET
from sekisho.messages import Language, table
from sekisho.policy import Preset
from sekisho.web.console import console_site
from sekisho.web.console.rail import Milestone, RailPath, step_at, steps
from web_forms import Page, Reader

PLACES = [
    ("administrator", "/signin", False, "sign-in"),
    ("administrator", "/signin/mfa", False, "mfa"),
    ("administrator", "/console", True, "find-iam"),
    ("administrator", "/iam", True, "dashboard"),
    ("administrator", "/iam/policies", True, "policies"),
    ("administrator", "/iam/policies/create", True, "editor"),
    ("administrator", "/iam/policies/create/review", True, "review"),
    ("administrator", "/iam/policiesque", True, None),
    ("administrator", "/iam/console-access", True, None),
    ("administrator", "/iam/users", True, "users"),
    ("administrator", "/iam/users/create/permissions", True, "new-user-permissions"),
    ("administrator", "/iam/console-password", True, "new-user-password"),
    ("administrator", "/iam/groups/create", True, "new-group"),
    ("administrator", "/iam/group", True, "groups"),
    ("administrator", "/s3/buckets", True, None),
    ("employee", "/signin/new-password", False, "new-password"),
    ("employee", "/console", False, "red-boxes"),
    ("employee", "/console", True, "with-mfa"),
    ("employee", "/iam/security-credentials", False, "security-credentials"),
    ("employee", "/iam/assign-mfa", False, "choose-device"),
    ("employee", "/iam/assign-mfa/app", False, "set-up-app"),
    ("employee", "/iam/assign-mfa/passkey", False, "set-up-passkey"),
    ("employee", "/signin/mfa", False, "mfa"),
]


@pytest.mark.parametrize(("path", "page", "mfa", "expected"), PLACES)
def test_the_step_of_a_page(path: str, page: str, mfa: bool, expected: str | None) -> None:
    step = step_at(RailPath(path), page, mfa=mfa)
    assert (step and step.id) == expected


@pytest.mark.parametrize("path", RailPath)
def test_every_step_can_be_read_in_both_languages(path: RailPath) -> None:
    for step in steps(path):
        for text in filter(None, (step.title, step.shows, step.next)):
            for language in Language:
                assert text.into(language)


def test_every_page_of_a_step_is_a_page_of_the_console(console: people.RunningConsole) -> None:
    routes = console_site(console.rehearsal).app.url_map.bind("localhost")
    for path in RailPath:
        for step in steps(path):
            assert all(routes.test(page, "GET") for page in step.pages), step


def test_the_table_has_the_two_paths_and_every_milestone() -> None:
    assert table("rail").keys() == {*RailPath, "milestones"}
    assert table("rail")["milestones"].keys() == set(Milestone)


NEW, GROUP, OWN = "misaki.ito", "MFA-required", "Suikinkutsu-8-drops!"
ARN = "arn:aws:iam::111122223333:policy/Force_MFA"
FORCE_MFA = policy.render(policy.force_mfa(policy.choices_of(Preset.RECOMMENDED)))


def _next(page: Page) -> str:
    (rail,) = page.all("aside", id="rail")
    assert not re.search(r"[{}]", rail.text)
    return rail.text.partition("Next: ")[2].partition(" Your progress")[0]


def _codes(page: Page) -> list[str]:
    (phone,) = page.all("div", class_="now")
    return re.findall(r"[0-9]{6}", phone.text)


def _create_nobody(reader: Reader) -> None:
    """Go through the pages of a new user, who is not created: each says what is done on it."""
    assert _next(reader.get("/iam/users/create?begin=yes")).startswith("Type a name")
    page = reader.fill("/iam/users/create/details", name="nobody", console=None)
    assert _next(page).startswith("Leave Add user to group chosen, tick Office")
    page = reader.fill("/iam/users/create/permissions", groups=["Office"], do=None)
    assert _next(page) == "Choose Create user."


def _prepare(reader: Reader) -> str:
    """Do the administrator's part by the rail, and return the new user's password."""
    for path in ("/iam", "/iam/groups", "/iam/users"):
        assert "Choose Policies" in _next(reader.get(path))
    assert _next(reader.get("/iam/policies")) == "Choose Create policy."
    _create_nobody(reader)
    # by whatever way it came to be there
    api = people.administrator_api(reader.console)
    api.call("iam", "CreatePolicy", PolicyName="Force_MFA", PolicyDocument=FORCE_MFA)
    assert "User groups" in _next(reader.get("/iam/policies"))
    assert "Choose Create group" in _next(reader.get("/iam/groups"))
    reader.get("/iam/groups/create")
    made = reader.fill("/iam/groups/create", name=GROUP, policies=ARN, do="create")
    # it is there: nobody is told to create it once more
    assert _next(made) == "Choose Users in the menu of IAM."
    reader.get("/iam/users/create?begin=yes")
    reader.fill("/iam/users/create/details", name=NEW, console="yes", person="iam-user")
    reader.fill("/iam/users/create/permissions", groups=["Office"], do=None)
    made = reader.fill("/iam/users/create/review")
    (password,) = made.all("code", id="password")
    assert f"{NEW} does not have the policy yet" in _next(made)
    reader.get(f"/iam/group/add-users?name={GROUP}")
    made = reader.fill("/iam/group/add-users", users=NEW, do="add")
    assert f"then Sign out, and sign in as {NEW}, the new user" in _next(made)
    return password.text


def test_the_administrators_path_follows_what_is_done_to_its_end() -> None:
    with people.running_console() as console:
        reader = Reader(console)
        reader.send(reader.get("/").all("form", action="/rail")[0])
        reader.sign_in()
        password = _prepare(reader)
        assert _next(reader.sign_out()).startswith(f"Type {NEW} and the password")
        reader.sign_in(NEW, password)
        assert "Confirm password change" in _next(reader.page)
        reader.fill("/signin/new-password", old=password, new=OWN, again=OWN)
        assert "Security credentials" in _next(reader.page)
        assert BUCKET not in reader.get("/s3/buckets").source
        reader.get("/iam/assign-mfa")
        codes = _codes(reader.fill("/iam/assign-mfa", name=NEW, kind="app"))
        reader.fill("/iam/assign-mfa/app", code1=codes[0], code2=codes[1])
        # the device is there, and this session was signed in without it
        for path in ("/s3/buckets", "/iam/security-credentials", "/console"):
            assert _next(reader.get(path)).startswith("Choose your name at the top, then Sign out")
        reader.sign_out()
        # the codes of the enrolment are spent, and the phone shows none of them
        reader.fill("/signin", user=NEW, password=OWN)
        assert _codes(reader.page) == []
        assert "has been used" in reader.page.source
        assert "Amazon S3" in _next(reader.sign_in(NEW, OWN))
        seen = reader.get("/s3/buckets")
        assert BUCKET in seen.source
        assert _next(seen).startswith("Close this help")
        assert "To do:" not in seen.all("aside", id="rail")[0].text


def test_what_aws_refuses_is_not_none() -> None:
    with people.running_console() as console:
        people.enforce(console, "hanako.sato", Preset.RECOMMENDED)
        reader = Reader(console)
        reader.sign_in("hanako.sato")
        facts = {each.text for each in reader.get("/iam").all("dd")}
        assert {"Access denied"} <= facts
        assert "none" not in facts
