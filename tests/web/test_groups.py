"""User groups at the console: created, filled, emptied and deleted."""

from playwright.sync_api import Page, expect

import web_people as people


def choose_a_policy(page: Page) -> None:
    """The list narrows while one types, and counts what is ticked; nothing is lost."""
    page.get_by_label("Search by policy name").fill("deploy")
    expect(page.locator("#policies-found").get_by_text("AssumeOps")).to_have_count(0)
    page.get_by_label("DeployWebsite").check()
    expect(page.locator("#policies-found").get_by_role("status")).to_have_text("Selected: 1.")
    page.get_by_label("Search by policy name").fill("assume")
    expect(page.get_by_label("AssumeOps")).to_be_visible()
    expect(page.get_by_label("DeployWebsite")).to_be_checked()
    expect(page.get_by_label("sora.ito")).to_be_checked()


def test_a_group_from_its_creation_to_its_deletion(
    page: Page, console: people.RunningConsole
) -> None:
    people.sign_in(page, console)
    page.goto(f"{console.url}/iam/groups")
    page.get_by_role("link", name="Create group").click()
    create = page.get_by_role("button", name="Create group")
    page.get_by_label("User group name").fill("Office")
    page.get_by_label("sora.ito").check()
    create.click()
    expect(page.locator("#name-error")).to_contain_text("already exists")
    expect(page.get_by_label("sora.ito")).to_be_checked()
    page.get_by_label("User group name").fill("MFA required")
    create.click()
    expect(page.locator("#name-error")).to_contain_text("characters that AWS does not accept")
    page.get_by_label("User group name").fill("MFA-required")
    choose_a_policy(page)
    create.click()
    expect(page.get_by_text("User group MFA-required created.")).to_be_visible()

    page.get_by_label("Search by group name").fill("mfa")
    expect(page.get_by_role("link", name="Office")).to_have_count(0)
    page.get_by_role("link", name="MFA-required").click()
    page.get_by_role("link", name="Add users").click()
    expect(page.get_by_label("sora.ito")).to_have_count(0)
    page.get_by_role("button", name="Add users").click()
    expect(page.get_by_text("Choose the users to add.")).to_be_visible()
    page.get_by_label("aoi.watanabe").check()
    page.get_by_label("mei.takahashi").check()
    page.get_by_role("button", name="Add users").click()
    expect(page.get_by_text("Users added to MFA-required.")).to_be_visible()
    expect(page.get_by_text("Users: 3.")).to_be_visible()

    page.get_by_role("link", name="Delete").click()
    page.get_by_label("To confirm, type MFA-required").fill("MFA-required")
    page.get_by_role("button", name="Delete user group").click()
    expect(page.get_by_role("alert").filter(has_text="DeleteConflict")).to_be_visible()
    page.get_by_role("link", name="Cancel").click()
    for name in ("aoi.watanabe", "mei.takahashi", "sora.ito"):
        page.get_by_role("checkbox", name=name).check()
    people.confirm(page, "Remove")
    expect(page.get_by_text("No users.")).to_be_visible()
    page.get_by_role("link", name="Permissions").click()
    page.get_by_role("checkbox", name="DeployWebsite").check()
    people.confirm(page, "Remove")
    page.get_by_role("link", name="Attach policies").click()
    page.get_by_role("button", name="Attach policies").click()
    expect(page.get_by_text("Choose the policies to attach.")).to_be_visible()
    page.get_by_role("link", name="Cancel").click()
    page.get_by_role("link", name="Delete").click()
    page.get_by_label("To confirm, type MFA-required").fill("MFA-required")
    page.get_by_role("button", name="Delete user group").click()
    expect(page.get_by_text("User group MFA-required deleted.")).to_be_visible()
