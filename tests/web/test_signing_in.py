"""Signing in at the console, and enrolling a device, in a browser: the employee's path."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

import web_people as people
from sekisho.localaws import ADMINISTRATOR
from sekisho.policy import Preset

STRONG = "Suikinkutsu-8-drops!"


@pytest.fixture(scope="module")
def console() -> Iterator[people.RunningConsole]:
    with people.running_console() as running:
        people.enforce(running, "daiki.kobayashi", Preset.FIRST_LOGIN)
        people.enforce(running, "hanako.sato", Preset.RECOMMENDED)
        people.enforce(running, "mei.takahashi", Preset.RECOMMENDED)
        yield running


def primary(page: Page) -> None:
    page.locator("main button.primary").last.click()


def test_the_administrator_signs_in_with_password_and_code(
    page: Page, console: people.RunningConsole
) -> None:
    people.sign_in(page, console)
    expect(page).to_have_url(f"{console.url}/console")
    page.goto(f"{console.url}/iam")
    expect(page.get_by_role("heading", name="IAM Dashboard")).to_be_visible()
    page.get_by_text(f"{ADMINISTRATOR} @ {console.account.account}").click()
    expect(page.get_by_text("You have signed in with MFA.")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    page.goto(f"{console.url}/iam/security-credentials")
    # nobody is signed in; and after the sign-in one is where one wanted to go
    expect(page.get_by_label("IAM user name")).to_be_visible()
    assert "next=%2Fiam%2Fsecurity-credentials" in page.url


@pytest.mark.parametrize(
    ("account", "user", "password"),
    [
        ("111122223333", "hanako.sato", "wrong"),
        ("111122223333", "nobody", "Example-Hanako-2026!"),
        ("999988887777", "hanako.sato", "Example-Hanako-2026!"),
        ("111122223333", "deploy-bot", "Example-Hanako-2026!"),
    ],
    ids=["password", "user", "account", "no-password"],
)
def test_every_failure_reads_the_same(
    page: Page, console: people.RunningConsole, account: str, user: str, password: str
) -> None:
    page.goto(f"{console.url}/signin")
    page.get_by_label("Account ID (12 digits) or account alias").fill(account)
    page.get_by_label("IAM user name").fill(user)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text(
        "Error Your authentication information is incorrect. Please try again."
    )
    expect(page.get_by_label("IAM user name")).to_have_value(user)
    expect(page.get_by_label("Password")).to_have_value("")


def test_a_temporary_password_and_the_two_causes_of_one_sentence(
    page: Page, console: people.RunningConsole
) -> None:
    """First too weak, then good: what the page says is the same as for a policy's Deny."""
    old = console.password("daiki.kobayashi")
    people.sign_in(page, console, "daiki.kobayashi")
    heading = page.get_by_role("heading", name="You must change your password to continue")
    expect(heading).to_be_visible()
    for new, again, said in (
        ("short", "other", "The two new passwords differ."),
        ("short", "short", "This time the new password does not comply"),
    ):
        page.get_by_label("Old password").fill(old)
        page.get_by_label("New password", exact=True).fill(new)
        page.get_by_label("Retype new password").fill(again)
        page.get_by_role("button", name="Confirm password change").click()
        expect(page.get_by_text(said)).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("Either user is not authorized to perform")
    page.get_by_label("Old password").fill(old)
    page.get_by_label("New password", exact=True).fill(STRONG)
    page.get_by_label("Retype new password").fill(STRONG)
    page.get_by_role("button", name="Confirm password change").click()
    expect(page).to_have_url(f"{console.url}/console")


def test_the_preset_of_aws_locks_a_temporary_password_out(
    page: Page, console: people.RunningConsole
) -> None:
    people.enforce(console, "daiki.kobayashi", Preset.AWS)
    iam = people.administrator_api(console)
    iam.call(
        "iam",
        "UpdateLoginProfile",
        UserName="daiki.kobayashi",
        Password="Temporary-2026-x!",
        PasswordResetRequired=True,
    )
    page.goto(f"{console.url}/signin")
    page.get_by_label("IAM user name").fill("daiki.kobayashi")
    page.get_by_label("Password").fill("Temporary-2026-x!")
    primary(page)
    page.get_by_label("Old password").fill("Temporary-2026-x!")
    page.get_by_label("New password", exact=True).fill(STRONG)
    page.get_by_label("Retype new password").fill(STRONG)
    primary(page)
    expect(page.get_by_role("alert")).to_contain_text("Either user is not authorized to perform")
    expect(page.get_by_text("This time it was denied by a policy.")).to_be_visible()


def test_an_authenticator_app_from_the_first_page_to_a_session_with_mfa(
    page: Page, console: people.RunningConsole
) -> None:
    people.sign_in(page, console, "hanako.sato")
    page.goto(f"{console.url}/iam/security-credentials")
    # what the policy does not exempt is denied, with AWS's own text
    expect(
        page.get_by_text("with an explicit deny in an identity-based policy").first
    ).to_be_visible()
    page.get_by_role("link", name="Assign MFA device").click()
    # what AWS refuses is said at the field, in the page's language
    page.get_by_label("Device name").fill("Hanako's phone")
    page.get_by_role("button", name="Next").click()
    expect(page.locator("#name-error")).to_contain_text("has characters that AWS does not accept")
    page.get_by_label("Device name").fill("hanako.sato")
    page.get_by_label("Hardware TOTP token").check()
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("A rehearsal has no hardware tokens.")).to_be_visible()
    expect(page.get_by_label("Device name")).to_have_value("hanako.sato")
    page.get_by_label("Authenticator app").check()
    page.get_by_role("button", name="Next").click()
    page.get_by_text("Show QR code").click()
    picture = page.get_by_role("img", name="QR code for an authenticator app")
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 100
    page.get_by_text("Show secret key").click()
    seed = page.locator("main details[open] code").inner_text()
    first = console.rehearsal.phones.code_of("x", seed, console.aws.clock.now())
    for wrong, label in (("12", "MFA code 1"), ("\uff11" * 6, "MFA code 2")):
        page.get_by_label(label).fill(wrong)
    page.get_by_role("button", name="Add MFA").click()
    for error in ("#code1-error", "#code2-error"):
        expect(page.locator(error)).to_have_text("Enter the six digits of a code.")
    page.get_by_label("MFA code 1").fill(first.code)
    page.get_by_label("MFA code 2").fill(first.code)
    page.get_by_role("button", name="Add MFA").click()
    expect(page.get_by_role("alert")).to_contain_text("InvalidAuthenticationCode")
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_text("The two codes are not consecutive")).to_be_visible()
    expect(page).to_have_title("Error: Set up device - Rehearsal")
    # going back and on again does not create the device a second time
    page.get_by_role("link", name="Previous").click()
    page.get_by_label("Device name").fill("hanako.sato")
    page.get_by_role("button", name="Next").click()
    # the phone goes on without a new page: what is typed stays
    page.get_by_text("The phone (rehearsal only)").click()
    page.get_by_label("MFA code 1").fill("123456")
    before = page.locator("output").inner_text()
    page.get_by_role("button", name="Move the clock 30 seconds forward").click()
    expect(page.locator("output")).not_to_have_text(before)
    expect(page.get_by_label("MFA code 1")).to_have_value("123456")
    now = console.rehearsal.phones.code_of("x", seed, console.aws.clock.now())
    page.get_by_label("MFA code 1").fill(now.code)
    page.get_by_label("MFA code 2").fill(now.following)
    page.get_by_role("button", name="Add MFA").click()
    expect(page.get_by_text("Sign out and sign in again")).to_be_visible()
    people.sign_in(page, console, "hanako.sato")
    page.goto(f"{console.url}/iam/security-credentials")
    expect(page.get_by_text("with an explicit deny")).to_have_count(0)
    page.get_by_text("hanako.sato @").click()
    expect(page.get_by_text("You have signed in with MFA.")).to_be_visible()


def test_one_s_own_password_is_refused_at_the_field_that_is_wrong(
    page: Page, console: people.RunningConsole
) -> None:
    people.sign_in(page, console)
    page.goto(f"{console.url}/iam/update-password")

    def change(current: str, new: str, again: str) -> None:
        for name, value in (("current", current), ("new", new), ("again", again)):
            page.locator(f"#{name}").fill(value)
        page.get_by_role("button", name="Update password").click()

    change("wrong", "Suikinkutsu-8-drops!", "Suikinkutsu-8-drops!")
    expect(page.locator("#current-error")).to_have_text("The old password is not correct.")
    # not "You need permissions", whose code it has
    expect(page.get_by_role("alert").filter(has_text="permissions")).to_have_count(0)
    expect(page.get_by_label("Current password")).to_be_focused()
    own = console.password(ADMINISTRATOR)
    change(own, "weak", "weak")
    expect(page.locator("#new-error")).to_contain_text("minimum length")
    change(own, "Suikinkutsu-8-drops!", "Suikinkutsu-9-drops!")
    expect(page.locator("#again-error")).to_be_visible()


def test_a_passkey_is_made_and_signs_in(browser: Browser, console: people.RunningConsole) -> None:
    context = browser.new_context()
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    people.virtual_authenticator(page)
    people.sign_in(page, console, "mei.takahashi")
    page.goto(f"{console.url}/iam/assign-mfa")
    page.get_by_label("Device name").fill("mei-laptop")
    page.get_by_label("Passkey or security key").check()
    page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("Sign out and sign in again")).to_be_visible()
    for name, said in (("mei-laptop", "already exists"), ("mei-phone", "already has a passkey")):
        page.goto(f"{console.url}/iam/assign-mfa")
        page.get_by_label("Device name").fill(name)
        page.get_by_label("Passkey or security key").check()
        page.get_by_role("button", name="Next").click()
        if name == "mei-phone":
            # the browser is asked for a passkey of a name that is free
            page.get_by_role("button", name="Continue").click()
        expect(page.get_by_role("alert")).to_contain_text(said)
    page.goto(f"{console.url}/signin")
    page.get_by_label("IAM user name").fill("mei.takahashi")
    page.get_by_label("Password").fill(console.password("mei.takahashi"))
    primary(page)
    page.get_by_role("button", name="Passkey or security key").click()
    page.wait_for_url(f"{console.url}/console")
    page.get_by_text("mei.takahashi @").click()
    expect(page.get_by_text("You have signed in with MFA.")).to_be_visible()
    assert faults == []
    context.close()


def test_the_name_of_a_broken_off_enrolment_is_set_free(
    browser: Browser, page: Page, console: people.RunningConsole
) -> None:
    serial = f"arn:aws:iam::{console.account.account}:mfa/left-over"
    api = people.administrator_api(console)
    api.call("iam", "CreateVirtualMFADevice", VirtualMFADeviceName="left-over")

    def begin(page: Page) -> None:
        page.goto(f"{console.url}/iam/assign-mfa")
        page.get_by_label("Device name").fill("left-over")
        page.get_by_role("button", name="Next").click()

    def look(page: Page) -> None:
        begin(page)
        expect(page.get_by_role("alert")).to_contain_text("EntityAlreadyExists")
        page.get_by_role("link", name="see the unassigned devices").click()
        expect(page.get_by_text("The AWS console has no such page.")).to_be_visible()
        row = page.get_by_role("row").filter(has_text=serial)
        people.confirm(row, "Delete")

    people.enforce(console, "ren.yamamoto", Preset.RECOMMENDED)
    people.sign_in(page, console, "ren.yamamoto")
    look(page)
    refused = page.get_by_role("alert").filter(has_text="iam:DeleteVirtualMFADevice")
    expect(refused).to_contain_text("with an explicit deny in an identity-based policy")
    others = browser.new_context(locale="en-US").new_page()
    people.sign_in(others, console)
    look(others)
    expect(others.get_by_text(f"Device {serial} deleted.")).to_be_visible()
    expect(others.get_by_role("rowheader", name=serial)).to_have_count(0)
    begin(others)
    expect(others.get_by_role("heading", level=1)).to_have_text("Set up device")
    others.context.close()


def test_a_ninth_device_is_refused(page: Page, console: people.RunningConsole) -> None:
    api, phones, clock = people.administrator_api(console), console.rehearsal.phones, console.aws
    user = "aoi.watanabe"

    def made(number: int) -> None:
        name = f"device-{number}"
        device = api.call("iam", "CreateVirtualMFADevice", VirtualMFADeviceName=name)
        serial = device["VirtualMFADevice"]["SerialNumber"]
        seed = device["VirtualMFADevice"]["Base32StringSeed"].decode()
        shown = phones.code_of(name, seed, clock.clock.now())
        api.call(
            "iam",
            "EnableMFADevice",
            UserName=user,
            SerialNumber=serial,
            AuthenticationCode1=shown.code,
            AuthenticationCode2=shown.following,
        )

    def assign(number: int) -> None:
        page.goto(f"{console.url}/iam/assign-mfa?user={user}")
        page.get_by_label("Device name").fill(f"device-{number}")
        page.get_by_role("button", name="Next").click()
        page.get_by_text("Show secret key").click()
        seed = page.locator("main details[open] code").inner_text()
        shown = phones.code_of("x", seed, clock.clock.now())
        page.get_by_label("MFA code 1").fill(shown.code)
        page.get_by_label("MFA code 2").fill(shown.following)
        page.get_by_role("button", name="Add MFA").click()

    for number in range(7):
        made(number)
    people.sign_in(page, console)
    assign(7)
    expect(page.get_by_text(f"8 of at most 8 MFA devices of {user}")).to_be_visible()
    assign(8)
    expect(page.get_by_role("alert")).to_contain_text("LimitExceeded")
    expect(page.get_by_role("alert")).to_contain_text("Cannot exceed quota for MFADevicesPerUser")


def test_secrets_are_in_no_address_and_no_cookie_is_for_scripts(
    page: Page, console: people.RunningConsole
) -> None:
    seen: list[str] = []
    page.on("request", lambda request: seen.append(request.url))
    people.sign_in(page, console)
    password = console.password(ADMINISTRATOR)
    assert not [each for each in seen if password in each or "ticket" in each]
    (cookie,) = page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    assert console.url.rpartition(":")[2] in cookie["name"]
    assert json.dumps(page.evaluate("document.cookie")) == '""'
