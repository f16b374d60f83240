"""Users at the console: created, looked at, given permissions and passwords, deleted.

Reads `web.console.users` itself, because what one call tells of an account's devices is a matter of
accounts that the local AWS has not.
"""

import csv
import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

import web_people as people
from accessibility import axe_faults
from sekisho.account import User
from sekisho.account.aws import Boto3Api
from sekisho.errors import AwsRefused
from sekisho.localaws import ADMINISTRATOR, example_company
from sekisho.web.console.users import devices_at_once
from web_forms import Reader

LONGER_THAN_A_SESSION = timedelta(hours=13)
NO_DETAILS = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Deny",
        "Action": ["iam:GetAccountAuthorizationDetails", "iam:GetAccountSummary"],
        "Resource": "*",
    },
}


@pytest.fixture(scope="module")
def administrator(browser: Browser, console: people.RunningConsole) -> Page:
    """A page at which the administrator is signed in; the tests of this module share it."""
    page = browser.new_context(locale="en-US").new_page()
    people.sign_in(page, console)
    return page


def go_on(page: Page) -> None:
    page.get_by_role("button", name="Next", exact=True).click()


def details(page: Page, console: people.RunningConsole, name: str) -> None:
    """Fill in the first step for a person who signs in at the console."""
    page.goto(f"{console.url}/iam/users")
    page.get_by_role("link", name="Create user").click()
    page.get_by_label("User name").fill(name)
    page.get_by_label("Provide user access to the AWS Management Console").check()
    page.get_by_label("I want to create an IAM user").check()


def test_a_second_tab_does_not_change_what_is_created(
    administrator: Page, console: people.RunningConsole
) -> None:
    """The tabs of a browser share a wizard's draft; what is created was looked at."""
    page = administrator
    details(page, console, "first.tab")
    for _ in range(2):
        go_on(page)
    review_of_the_first_tab = people.form_of(page, "Create user")
    details(page, console, "second.tab")
    for _ in range(2):
        go_on(page)
    expect(page.get_by_role("button", name="Create user")).to_be_visible()
    people.send(page, review_of_the_first_tab)
    expect(page.get_by_text("This was changed meanwhile, perhaps in another tab.")).to_be_visible()
    expect(page.get_by_text("second.tab")).to_be_visible()
    page.get_by_role("button", name="Create user").click()
    expect(page.get_by_text("User second.tab created successfully.")).to_be_visible()
    users = people.administrator_api(console).call("iam", "ListUsers")["Users"]
    assert "first.tab" not in {each["UserName"] for each in users}


def password_is_shown_once(page: Page, file: Path) -> None:
    assert axe_faults(page) == []
    page.get_by_text("Show", exact=True).click()
    password = page.locator("#password").inner_text()
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Download .csv file").click()
    downloading.value.save_as(file)
    head, row = csv.reader(file.read_text().splitlines())
    assert head == ["User name", "Password", "Console sign-in URL"]
    # the address is the dashboard's: by the account's alias
    address = "https://reidai-shoji.signin.aws.amazon.com/console"
    assert row == ["riku.mori", password, address]
    expect(page.get_by_text(address)).to_be_visible()
    assert downloading.value.suggested_filename == "riku.mori_credentials.csv"
    page.get_by_role("link", name="Return to users list").click()


def exists(api: Boto3Api, user: str) -> bool:
    try:
        api.call("iam", "GetUser", UserName=user)
    except AwsRefused:
        return False
    return True


def choose_a_boundary(page: Page) -> None:
    page.get_by_text("Set permissions boundary - optional").click()
    page.get_by_label("Use a permissions boundary").check()
    go_on(page)
    expect(page.locator("#boundary-error")).to_contain_text("Choose the policy")
    page.get_by_label("Search for the boundary").fill("poweruser")
    page.get_by_role("button", name="Search").last.click()
    page.get_by_role("radio", name="PowerUserAccess").check()


def test_the_wizard_from_its_first_page_to_the_password(
    administrator: Page, console: people.RunningConsole, tmp_path: Path
) -> None:
    page = administrator
    page.goto(f"{console.url}/iam/users")
    page.get_by_role("link", name="Create user").click()
    page.get_by_label("User name").fill("riku mori")
    # what is about the console is shown where it is wanted
    expect(page.get_by_label("I want to create an IAM user")).to_be_hidden()
    page.get_by_label("Provide user access to the AWS Management Console").check()
    go_on(page)
    expect(page.locator("#name-error")).to_contain_text("characters that AWS does not accept")
    expect(page.locator("#person-error")).to_contain_text("no Identity Center")
    page.get_by_label("User name").fill("riku.mori")
    page.get_by_label("I want to create an IAM user").check()
    page.get_by_label("Custom password").check()
    page.get_by_label("Password", exact=True).fill("weak")
    go_on(page)
    expect(page.locator("#password-error")).to_contain_text("minimum length")
    page.get_by_label("Autogenerated password").check()
    go_on(page)

    page.get_by_label("Attach policies directly").check()
    page.get_by_label("Search by policy name").fill("iamread")
    page.get_by_role("button", name="Search").last.click()
    page.get_by_label("IAMReadOnlyAccess").check()
    page.get_by_label("Search by policy name").fill("amazons3read")
    page.get_by_role("button", name="Search").last.click()
    expect(page.get_by_label("IAMReadOnlyAccess")).to_be_checked()
    choose_a_boundary(page)
    assert axe_faults(page) == []
    go_on(page)
    # Chromium cannot go back from a page that it has not reached
    expect(page.get_by_role("button", name="Create user")).to_be_visible()
    # what is chosen comes first now: a browser must not tick boxes by their place
    page.go_back()
    expect(page.get_by_role("radio", name="PowerUserAccess")).to_be_checked()
    expect(page.get_by_label("IAMReadOnlyAccess")).to_be_checked()
    go_on(page)

    expect(page.get_by_role("heading", level=1)).to_have_text("Review and create")
    names = page.get_by_role("rowheader")
    expect(names).to_have_text(["IAMReadOnlyAccess", "PowerUserAccess", "IAMUserChangePassword"])
    row = page.get_by_role("row").filter(has_text="PowerUserAccess")
    expect(row).to_contain_text("Permissions boundary")
    page.get_by_role("button", name="Add new tag").click()
    page.get_by_label("Key 1").fill("Purpose")
    page.get_by_label("Value 1").fill("Rehearsal")
    assert axe_faults(page) == []
    page.get_by_role("button", name="Create user").click()

    expect(page.get_by_text("User riku.mori created successfully.")).to_be_visible()
    password_is_shown_once(page, tmp_path / "credentials.csv")
    # going back shows no password, and creating it again does nothing twice
    page.goto(f"{console.url}/iam/console-password")
    expect(page.get_by_text("A password is shown once.")).to_be_visible()
    page.goto(f"{console.url}/iam/user?name=riku.mori&tab=tags")
    expect(page.get_by_role("rowheader", name="Purpose")).to_be_visible()
    boundary_is_changed_and_removed(page, console)


def boundary_is_changed_and_removed(page: Page, console: people.RunningConsole) -> None:
    page.goto(f"{console.url}/iam/user?name=riku.mori")
    expect(page.get_by_role("link", name="iam::aws:policy/PowerUserAccess")).to_be_visible()
    page.get_by_role("link", name="Change boundary").click()
    page.get_by_role("button", name="Set boundary").click()
    expect(page.locator("#boundary-error")).to_contain_text("Choose the policy")
    page.get_by_label("Search by policy name").fill("amazons3full")
    page.get_by_role("button", name="Search").last.click()
    page.get_by_role("radio", name="AmazonS3FullAccess").check()
    page.get_by_role("button", name="Set boundary").click()
    expect(page.get_by_text("Permissions boundary of riku.mori changed.")).to_be_visible()
    api = people.administrator_api(console)
    shown = api.call("iam", "GetUser", UserName="riku.mori")["User"]["PermissionsBoundary"]
    assert shown["PermissionsBoundaryArn"] == "arn:aws:iam::aws:policy/AmazonS3FullAccess"
    people.confirm(page, "Remove boundary")
    expect(page.get_by_text("No permissions boundary is set.")).to_be_visible()


def test_sent_twice_it_creates_once(administrator: Page, console: people.RunningConsole) -> None:
    page = administrator
    details(page, console, "twice")
    go_on(page)
    go_on(page)
    sent = page.locator("form[action='/iam/users/create/review']").evaluate(
        "form => [...new FormData(form)]"
    )
    answers = [
        page.request.post(
            f"{console.url}/iam/users/create/review",
            form=dict(sent),
            headers={"Origin": console.url},
            max_redirects=0,
        )
        for _ in range(2)
    ]
    assert [each.status for each in answers] == [303, 303]
    assert {each.headers["location"] for each in answers} == {"/iam/console-password"}
    # the wizard is at its beginning, and says at the name that it is in use
    details(page, console, "twice")
    go_on(page)
    go_on(page)
    page.get_by_role("button", name="Create user").click()
    expect(page.locator("#name-error")).to_contain_text("already exists")
    expect(page.get_by_label("User name")).to_have_value("twice")


def test_an_ended_session_loses_the_custom_password_only(
    browser: Browser, console: people.RunningConsole
) -> None:
    page = browser.new_context(locale="en-US").new_page()
    people.sign_in(page, console)
    details(page, console, "tsumugi.abe")
    page.get_by_label("Custom password").check()
    page.get_by_label("Password", exact=True).fill("Suikinkutsu-8-drops!")
    go_on(page)
    page.get_by_label("Developers").check()
    page.get_by_label("Office").check()
    console.aws.clock.advance(LONGER_THAN_A_SESSION)
    go_on(page)
    page.get_by_role("button", name="Create user").click()
    expect(page.get_by_text("Your session has ended.")).to_be_visible()
    user = console.rehearsal.administrator
    page.get_by_label("IAM user name").fill(user)
    page.get_by_label("Password").fill(console.password(user))
    page.get_by_role("button", name="Sign in").click()
    code, *_ = console.rehearsal.phones.codes(user, console.aws.clock.now())
    page.get_by_label("MFA code").fill(code.code)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("A custom password is not kept beyond a session.")).to_be_visible()
    expect(page.get_by_label("User name")).to_have_value("tsumugi.abe")
    page.get_by_label("Password", exact=True).fill("Suikinkutsu-8-drops!")
    go_on(page)
    expect(page.get_by_label("Developers")).to_be_checked()
    expect(page.get_by_label("Office")).to_be_checked()
    go_on(page)
    page.get_by_role("button", name="Create user").click()
    expect(page.get_by_text("User tsumugi.abe created successfully.")).to_be_visible()
    page.context.close()


def test_what_was_refused_after_the_user_was_created_is_said(
    browser: Browser, console: people.RunningConsole
) -> None:
    api = people.administrator_api(console)
    api.call(
        "iam",
        "PutUserPolicy",
        UserName="haruka.kato",
        PolicyName="helpdesk",
        PolicyDocument='{"Version":"2012-10-17","Statement":['
        '{"Effect":"Allow","Action":["iam:Get*","iam:List*","iam:Create*"],"Resource":"*"},'
        '{"Effect":"Deny","Action":"iam:AttachUserPolicy","Resource":"*"}]}',
    )
    page = browser.new_context(locale="en-US").new_page()
    people.sign_in(page, console, "haruka.kato")
    details(page, console, "minato.ono")
    go_on(page)
    page.get_by_label("Copy permissions").check()
    page.get_by_label("deploy-bot").check()
    go_on(page)
    page.get_by_role("button", name="Create user").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Retrieve password")
    expect(
        page.get_by_text("Done before that: give minato.ono a console password.")
    ).to_be_visible()
    alerts = page.get_by_role("alert")
    expect(alerts.filter(has_text="attach the policy IAMUserChangePassword")).to_contain_text(
        "not authorized to perform: iam:AttachUserPolicy"
    )
    assert exists(api, "minato.ono")
    page.context.close()


def _write_policy(page: Page) -> None:
    """Write an inline policy, after two that IAM would refuse."""
    # the editor of managed policies: what is wrong is said while somebody types
    editor, statement = page.get_by_label("Policy editor"), '"Action":"s3:*","Resource":"*"'
    editor.fill("{\n,")
    expect(page.locator("#findings")).to_contain_text("line 2, column 1")
    expect(page.locator(".gutter .error")).to_have_text("2")
    page.get_by_role("button", name="Create policy").click()
    expect(page.locator("#document-error")).to_contain_text("line 2, column 1")
    # IAM takes a version of 2008 here, as it does not for a managed policy
    editor.fill(f'// {{}}\n{{"Version":"2008-10-17","Statement":{{"Effect":"Allow",{statement}}}}}')
    page.get_by_role("button", name="Create policy").click()
    expect(page.locator("#document-error")).to_contain_text("(line 1, column 1): AWS: Syntax")
    expect(page.locator("#document-error")).to_contain_text("would refuse this policy (1)")
    editor.fill(f'{{"Version":"2008-10-17","Statement":{{"Effect":"Allow",{statement}}}}}')


def test_the_page_of_a_user_for_an_administrator(
    administrator: Page, console: people.RunningConsole
) -> None:
    page = administrator
    # the clock was moved on
    people.sign_in(page, console)
    page.goto(f"{console.url}/iam/users?q=SORA")
    page.get_by_role("link", name="sora.ito").click()
    page.get_by_role("link", name="Add permissions").click()
    go_on(page)
    expect(page.locator("#way-error")).to_have_text("Nothing is chosen.")
    page.get_by_label("Attach policies directly").check()
    page.get_by_label("DeployWebsite").check()
    go_on(page)
    # nothing is added before it was looked at, and it can be changed
    expect(page.get_by_role("heading", level=1)).to_have_text("Review")
    expect(page.get_by_role("rowheader")).to_have_text(["DeployWebsite"])
    assert axe_faults(page) == []
    page.get_by_role("link", name="Previous").click()
    expect(page.get_by_label("DeployWebsite")).to_be_checked()
    go_on(page)
    page.get_by_role("button", name="Add permissions").click()
    expect(page.get_by_text("Permissions added to sora.ito.")).to_be_visible()
    page.get_by_role("link", name="Create inline policy").click()
    page.get_by_label("Policy name").fill("notes")
    _write_policy(page)
    page.get_by_role("button", name="Create policy").click()
    page.get_by_role("checkbox", name="notes").check()
    page.get_by_role("checkbox", name="DeployWebsite").check()
    people.confirm(page, "Remove")
    expect(page.get_by_text("Permissions of sora.ito removed.")).to_be_visible()
    expect(page.get_by_role("checkbox", name="notes")).to_have_count(0)
    page.get_by_role("link", name="Groups", exact=True).click()
    page.get_by_role("checkbox").first.check()
    people.confirm(page, "Remove")
    expect(page.get_by_text("This user is in no groups.")).to_be_visible()
    page.get_by_role("link", name="Security credentials").last.click()
    page.get_by_role("link", name="Manage console access").click()
    page.get_by_label("Custom password").check()
    page.get_by_label("Password", exact=True).fill("sora")
    people.confirm(page, "Reset password")
    expect(page.locator("#password-error")).to_be_visible()
    page.get_by_label("Autogenerated password").check()
    people.confirm(page, "Reset password")
    expect(page.get_by_role("heading", level=1)).to_have_text("Retrieve password")
    page.get_by_role("link", name="Done").click()
    page.get_by_role("link", name="Delete").click()
    page.get_by_label("To confirm, type sora.ito").fill("sora")
    page.get_by_role("button", name="Delete user").click()
    expect(page.locator("#confirm-error")).to_contain_text("Nothing has been deleted.")
    page.get_by_label("To confirm, type sora.ito").fill("sora.ito")
    page.get_by_role("button", name="Delete user").click()
    expect(page.get_by_text("User sora.ito deleted.")).to_be_visible()
    assert not exists(people.administrator_api(console), "sora.ito")


def test_who_has_few_rights_sees_red_boxes(console: people.RunningConsole) -> None:
    reader = Reader(console)
    reader.sign_in("hanako.sato")

    def alerts() -> str:
        return "".join(each.text for each in reader.page.all(role="alert"))

    for address, operations in (
        ("/iam/users", ["iam:ListUsers"]),
        ("/iam/groups", ["iam:ListGroups"]),
        ("/iam/user?name=hanako.sato", ["iam:GetUser", "iam:ListAttachedUserPolicies"]),
        ("/iam/user?name=hanako.sato&tab=security", ["iam:GetUser", "iam:ListMFADevices"]),
        ("/iam/group?name=Office&tab=permissions", ["iam:GetGroup", "iam:ListGroupPolicies"]),
        ("/iam/user/delete?name=hanako.sato", ["iam:GetLoginProfile"]),
    ):
        reader.get(address)
        assert [each for each in operations if each not in alerts()] == []
    reader.fill("/iam/user/delete", confirm="hanako.sato")
    assert "iam:GetLoginProfile" in alerts()


class _Devices:
    """Answers the two calls that tell of an account's devices."""

    def __init__(self, in_use: int, *listed: str, root: bool = False) -> None:
        self.summary = {"MFADevicesInUse": in_use, "AccountMFAEnabled": int(root)}
        # AWS gives the root user no name here
        self.listed = [{"SerialNumber": f"of {name}", "User": _named(name)} for name in listed]

    def call(self, _: str, operation: str, /, **__: object) -> object:
        if operation == "GetAccountSummary":
            return {"SummaryMap": self.summary}
        return {"VirtualMFADevices": self.listed}


def _named(name: str) -> dict[str, str]:
    return {"UserName": name} if name != "root" else {}


@pytest.mark.parametrize(
    ("account", "known"),
    [
        (_Devices(3, "aoi", "aoi", "ken"), {"aoi": ["of aoi", "of aoi"], "ken": ["of ken"]}),
        (_Devices(1, "mei"), {}),
        (_Devices(2, "aoi", root=True), {"aoi": ["of aoi"]}),
        (_Devices(2, "aoi", "root", root=True), {"aoi": ["of aoi"]}),
        # somebody has a passkey, and it may be any user's
        (_Devices(2, "aoi"), None),
        (_Devices(3, "aoi", "root", root=True), None),
        (_Devices(3, "aoi", root=True), None),
        # more than a page of them
        (_Devices(101, *["aoi"] * 101), None),
    ],
)
def test_devices_are_listed_at_once_where_none_can_be_missing(
    account: Any, known: dict[str, list[str]] | None
) -> None:
    users = ["aoi", "ken"]
    found = devices_at_once(account, users)
    serials = {
        name: [each["SerialNumber"] for each in answer["MFADevices"]]
        for (_, name), answer in found.items()
    }
    assert serials == ({} if known is None else {name: known.get(name, []) for name in users})


def test_a_page_of_the_list_asks_about_its_own_users_alone(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = example_company()
    many = (
        User(f"user-{number:03}", "/", f"arn:aws:iam::{company.account}:user/user-{number:03}", "")
        for number in range(45)
    )
    asked: list[str] = []
    call = Boto3Api.call

    def counted(api: Boto3Api, service: str, operation: str, /, **parameters: object) -> object:
        asked.append(operation)
        return call(api, service, operation, **parameters)

    with people.running_console(replace(company, users=(*company.users, *many))) as console:
        people.sign_in(page, console)
        monkeypatch.setattr(Boto3Api, "call", counted)
        page.goto(f"{console.url}/iam/users")
        about_each = dict.fromkeys(("GetLoginProfile", "ListAccessKeys"), 10)
        groups, devices = ("ListUsers", "GetAccountAuthorizationDetails"), "ListVirtualMFADevices"
        at_once = dict.fromkeys((*groups, "GetAccountSummary", devices), 1)
        assert Counter(asked) == {**at_once, **about_each}
        expect(page.get_by_role("link", name="Previous page")).to_have_count(0)
        shown = page.get_by_role("main").inner_text()
        # who may only ask about one user at a time sees the same
        people.administrator_api(console).call(
            "iam",
            "PutUserPolicy",
            UserName=ADMINISTRATOR,
            PolicyName="one-by-one",
            PolicyDocument=json.dumps(NO_DETAILS),
        )
        asked.clear()
        page.reload()
        one_by_one = dict.fromkeys(("ListGroupsForUser", "ListMFADevices"), 10)
        assert Counter(asked) == Counter({**at_once, devices: 0, **one_by_one, **about_each})
        assert page.get_by_role("main").inner_text() == shown
        page.goto(f"{console.url}/iam/users?page=5")
        page.get_by_role("link", name="Next page").click()
        expect(page.get_by_role("rowheader", name="user-044")).to_be_visible()
        expect(page.get_by_role("link", name="Next page")).to_have_count(0)
        # a search finds what is on another page, while one types
        page.get_by_label("Search by user name").fill("AOI")
        expect(page.get_by_role("rowheader")).to_have_text(["aoi.watanabe"])
