"""Policies at the console: created, found again, attached, edited and deleted, in a browser.

Reads `web.console.policies` itself, to have fewer rows on a page.
"""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

import web_people as people
from accessibility import axe_faults
from sekisho import policy
from sekisho.policy import Preset
from sekisho.web.console import choice_lists, groups, policies, users
from web_forms import Page as WebPage
from web_forms import Reader

_SAMPLE = policy.render(policy.force_mfa(policy.choices_of(Preset.RECOMMENDED)))


@pytest.fixture(scope="module")
def administrator(browser: Browser, console: people.RunningConsole) -> Page:
    """A page at which the administrator is signed in; the tests of this module share it."""
    page = browser.new_context(locale="en-US").new_page()
    people.sign_in(page, console)
    return page


def _create(page: Page, url: str, name: str, text: str = _SAMPLE) -> None:
    page.goto(f"{url}/iam/policies/create")
    page.get_by_label("Policy editor").fill(text)
    page.get_by_role("button", name="Next", exact=True).click()
    page.get_by_label("Policy name").fill(name)
    page.get_by_role("button", name="Create policy").click()
    expect(page.get_by_text(f"Policy {name} created.")).to_be_visible()


def test_a_policy_is_written_reviewed_created_and_found(
    administrator: Page, console: people.RunningConsole
) -> None:
    page = administrator
    page.goto(f"{console.url}/iam/policies/create")
    editor = page.get_by_label("Policy editor")
    # as a how-to prints it: with a comment, which IAM refuses
    editor.fill(f"// Force_MFA\n{_SAMPLE}")
    findings = page.locator("#findings")
    expect(findings.get_by_role("button", name="line 1, column 1")).to_be_visible()
    expect(findings).to_contain_text("AWS: Syntax errors in policy.")
    expect(page.locator(".gutter .error")).to_have_text("1")
    place = findings.get_by_role("button", name="line 1, column 1")
    # among text, so it looks like a link
    expect(place).to_have_css("border-top-width", "0px")
    place.click()
    expect(editor).to_be_focused()
    page.get_by_role("button", name="Next", exact=True).click()
    expect(page.locator("#document-error")).to_contain_text("line 1, column 1")
    expect(editor).to_have_value(f"// Force_MFA\n{_SAMPLE}")
    editor.fill(_SAMPLE)
    # what was wrong is not said of another text, and the button is there wherever one reads
    expect(page.locator("#document-error")).to_have_count(0)
    page.locator("#findings").scroll_into_view_if_needed()
    expect(page.get_by_role("button", name="Next", exact=True)).to_be_in_viewport()
    page.get_by_role("button", name="Next", exact=True).click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Review and create")
    expect(page.get_by_role("columnheader", name="Access level").first).to_be_visible()
    expect(page.get_by_text("Everything else: Not allowed by this policy")).to_be_visible()
    expect(page.get_by_role("columnheader", name="console without MFA")).to_be_visible()
    for width, height in ((390, 844), (1280, 800)):
        # the name and the button that it is for
        page.set_viewport_size({"width": width, "height": height})
        for each in (page.get_by_label("Policy name"), page.locator("button.primary:visible")):
            expect(each).to_be_in_viewport(ratio=1)
    page.get_by_label("Description").fill("made in a rehearsal")
    page.get_by_label("Policy name").fill("Force MFA")
    page.get_by_role("button", name="Add new tag").click()
    page.get_by_label("Key 1").fill("Purpose")
    page.get_by_label("Value 1").fill("Rehearsal")
    page.get_by_role("button", name="Create policy").click()
    expect(page.locator("#name-error")).to_contain_text("characters that AWS does not accept")
    expect(page.get_by_label("Description")).to_have_value("made in a rehearsal")
    page.get_by_label("Policy name").fill("Force_MFA")
    page.get_by_role("button", name="Create policy").click()
    expect(page.get_by_text("Policy Force_MFA created.")).to_be_visible()

    page.get_by_label("Search by policy name").fill("force")
    expect(page.get_by_text("Policies found: 1", exact=True)).to_be_visible()
    page.get_by_role("link", name="Force_MFA").click()
    expect(page.get_by_text("made in a rehearsal")).to_be_visible()
    page.get_by_role("link", name="Tags").click()
    expect(page.get_by_role("rowheader", name="Purpose")).to_be_visible()


def test_it_is_attached_and_detached_from_its_page(
    administrator: Page, console: people.RunningConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = administrator
    _create(page, console.url, "Attached")
    page.goto(f"{console.url}/iam/policies?q=Attached&type=customer")
    page.get_by_role("radio", name="Select Attached", exact=True).check()
    page.locator("main summary", has_text="Actions").click()
    page.get_by_role("button", name="Attach", exact=True).click()
    page.get_by_role("button", name="Attach policy").click()
    expect(page.get_by_role("alert")).to_contain_text("Select at least one")
    for name in ("hanako.sato", "Office", "Ops"):
        page.get_by_role("checkbox", name=f"Select {name}").check()
    page.get_by_role("button", name="Attach policy").click()
    expect(page.get_by_text("The policy is attached now. Entities: 3.")).to_be_visible()
    page.get_by_role("link", name="Delete").click()
    page.get_by_label("To confirm").fill("Attached")
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Cannot delete a policy attached to entities.")).to_be_visible()
    with monkeypatch.context() as patched:
        patched.setattr(policies, "_ROWS", 2)
        page.get_by_role("link", name="Entities attached").click()
        expect(page.get_by_text("Entities attached: 3")).to_be_visible()
        expect(page.get_by_role("checkbox")).to_have_count(2)
        page.get_by_role("link", name="Next page").click()
        expect(page.get_by_role("checkbox")).to_have_count(1)
        page.get_by_role("link", name="Previous page").click()
        expect(page.get_by_role("checkbox")).to_have_count(2)
    page.reload()
    for name in ("hanako.sato", "Office", "Ops"):
        page.get_by_role("checkbox", name=f"Select {name}").check()
    people.confirm(page, "Detach")
    expect(page.get_by_text("The policy is detached now. Entities: 3.")).to_be_visible()
    page.get_by_role("link", name="Delete").click()
    page.get_by_label("To confirm").fill("Atached")
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("This is not the policy's name.")).to_be_visible()
    page.get_by_label("To confirm").fill("Attached")
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Policy Attached deleted.")).to_be_visible()


def test_the_back_button_leads_through_pages_with_faults(
    administrator: Page, console: people.RunningConsole
) -> None:
    """No page asks to send a form again; on each is what was typed, and it works once more."""
    page = administrator
    inline = f"{console.url}/iam/inline-policy?kind=group&name=Developers"
    statement = '{"Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"*"}'
    policy_text = f'{{"Version":"2012-10-17","Statement":{statement}}}'
    page.goto(inline)
    for name in ("first 1", "second 2"):
        page.get_by_label("Policy name").fill(name)
        page.get_by_role("button", name="Create policy").click()
        expect(page.locator("#policy_name-error")).to_contain_text(name)
    page.go_back()
    expect(page.locator("#policy_name-error")).to_contain_text("first 1")
    expect(page.get_by_label("Policy name")).to_have_value("first 1")
    page.reload()
    expect(page.get_by_label("Policy name")).to_have_value("first 1")
    page.go_back()
    expect(page).to_have_url(inline)
    page.go_forward()
    page.go_forward()
    expect(page.get_by_label("Policy name")).to_have_value("second 2")
    page.get_by_label("Policy name").fill("second")
    page.get_by_label("Policy editor").fill(policy_text)
    page.get_by_role("button", name="Create policy").click()
    expect(page.get_by_text("Inline policy second saved.")).to_be_visible()
    # not taken for the form that was sent before
    page.go_back()
    page.get_by_label("Policy name").fill("third")
    page.get_by_label("Policy editor").fill(policy_text)
    page.get_by_role("button", name="Create policy").click()
    expect(page.get_by_text("Inline policy third saved.")).to_be_visible()


def test_versions_are_made_by_editing_up_to_five(
    administrator: Page, console: people.RunningConsole
) -> None:
    page = administrator
    _create(page, console.url, "Edited")
    page.goto(f"{console.url}/iam/policies?q=Edited")
    people.press(page.get_by_role("link", name="Edited"))
    address = page.url
    for version in range(2, 7):
        page.goto(address)
        page.get_by_role("link", name="Edit", exact=True).click()
        expect(page.get_by_label("Policy editor")).to_have_value(re.compile("DenyOthersIfNoMFA"))
        page.get_by_role("button", name="Next", exact=True).click()
        if version == 2:
            page.get_by_role("checkbox", name="Set this new version as the default").uncheck()
        page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_text("A managed policy can have up to 5 versions.")).to_be_visible()
    page.get_by_role("link", name="Policy versions").click()
    default = page.get_by_role("row", name=re.compile("Default"))
    expect(default.get_by_role("link")).to_have_text("v5")
    first = page.get_by_role("row", name=re.compile("^v1 "))
    first.get_by_role("button", name="Set as default").click()
    expect(page.get_by_text("v1 is the default version now.")).to_be_visible()
    people.confirm(page.get_by_role("row", name=re.compile("^v5 ")), "Delete")
    expect(page.get_by_text("v5 was deleted.")).to_be_visible()


def test_the_search_at_the_top_finds_services_pages_and_policies(
    administrator: Page, console: people.RunningConsole
) -> None:
    page = administrator
    page.goto(f"{console.url}/console")
    box = page.get_by_role("searchbox", name="Search")
    box.fill("iam")
    box.press("Enter")
    expect(page.get_by_role("link", name="IAM (Identity and Access Management)")).to_be_visible()
    expect(
        page.get_by_role("main").get_by_role("link", name="Policies", exact=True)
    ).to_be_visible()
    page.goto(f"{console.url}/search?q=administratoraccess")
    expect(page.get_by_role("link", name="AdministratorAccess", exact=True)).to_be_visible()
    page.goto(f"{console.url}/search?q=<script>alert(1)</script>")
    expect(page.get_by_text("Nothing was found.")).to_be_visible()


def test_the_name_that_was_searched_for_comes_first_in_every_list(
    console: people.RunningConsole, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list shows few: a name that many others contain could not be chosen."""
    api, reader = people.administrator_api(console), Reader(console)
    mori = ["mori", "mori.ken"]
    for name in ("aki.mori", *mori):
        api.call("iam", "CreateUser", UserName=name)
        api.call("iam", "CreateGroup", GroupName=name)
    for name in ("aki.mori", *mori):
        api.call("iam", "AddUserToGroup", GroupName="mori", UserName=name)
    for module, most in (
        *((choice_lists, "_MOST"), (policies, "_SHOWN"), (policies, "_ROWS")),
        *((groups, "_SHOWN"), (groups, "_ROWS"), (users, "_ROWS")),
    ):
        monkeypatch.setattr(module, most, 2)
    reader.sign_in()

    def names(page: WebPage, list_name: str, text: str) -> list[str]:
        """Return the names with a text in a list: those of its boxes, or else of its links."""
        boxes = [each.given["value"] for each in page.all("input", name=list_name)]
        found = boxes or [each.text for each in page.all("a")]
        return [each.rpartition("/")[2] for each in found if text.lower() in each.lower()]

    read_only, create = "ReadOnlyAccess", "/iam/groups/create"
    arn = f"arn:aws:iam::aws:policy/{read_only}"
    for address in ("/iam/users?", "/iam/groups?"):
        assert names(reader.get(f"{address}q=MORI"), "", "mori") == mori, address
    assert names(reader.get("/iam/group?name=mori&q=mori"), "user", "mori") == mori
    attaching = reader.get(f"/iam/policy/attach?arn={arn}&q=mori")
    assert names(attaching, "entity", "mori") == ["mori", "mori"]
    for address in ("/iam/policies", "/search"):
        found = names(reader.get(f"{address}?q={read_only.lower()}"), "", read_only)
        assert found[0] == read_only, address
    reader.get(create)
    typed = {"users-search": "mori", "policies-search": read_only.lower()}
    searched = reader.fill(create, do="search", **typed)
    assert names(searched, "users", "mori") == mori
    assert names(searched, "policies", read_only)[0] == read_only
    granting = "/iam/user/add-permissions"
    reader.get(f"{granting}?name=hanako.sato")
    searched = reader.fill(granting, do="search", **{"groups-search": "mori"})
    assert names(searched, "groups", "mori") == mori


def test_without_a_script(browser: Browser, console: people.RunningConsole) -> None:
    context = browser.new_context(locale="ja-JP", java_script_enabled=False)
    page = context.new_page()
    page.goto(console.url)
    page.get_by_role("button", name="日本語").click()
    page.get_by_role("button", name="管理者として").click()
    people.sign_in(page, console)
    page.goto(f"{console.url}/iam/policies/create")
    page.get_by_label("ポリシーエディタ").fill("{,")
    page.get_by_role("button", name="次へ").click()
    expect(page.locator("#document-error")).to_contain_text("1 行 2 列")
    # not over what somebody typed, unless they say so
    page.get_by_role("button", name="挿入: aws").click()
    expect(page.get_by_label("ポリシーエディタ")).to_have_value("{,")
    page.get_by_role("button", name="aws に置き換える").click()
    page.get_by_role("button", name="次へ").click()
    page.get_by_label("ポリシー名").fill("Force_MFA_aws")
    page.get_by_role("button", name="戻る").click()
    page.get_by_role("button", name="次へ").click()
    expect(page.get_by_label("ポリシー名")).to_have_value("Force_MFA_aws")
    page.get_by_role("button", name="ポリシーの作成").click()
    expect(page.get_by_text("ポリシー Force_MFA_aws が作成されました。")).to_be_visible()
    page.get_by_label("ポリシー名で検索").fill("force_mfa_aws")
    page.get_by_label("タイプで絞り込み").select_option("カスタマー管理")
    page.get_by_role("main").get_by_role("button", name="検索").click()
    expect(page.get_by_text("見つかったポリシー: 1 件")).to_be_visible()
    context.close()


def test_a_bucket_is_seen_with_mfa_and_not_without(console: people.RunningConsole) -> None:
    administrator, employee = Reader(console), Reader(console)
    administrator.sign_in()
    administrator.get("/s3/buckets")
    made = administrator.fill("/s3/buckets", name="made-here")
    assert "Bucket made-here created." in made.source
    assert "There are no objects." in administrator.get("/s3/bucket?name=made-here").source
    employee.sign_in("hanako.sato")
    assert "made-here" in employee.get("/s3/buckets").source
    people.enforce(console, "hanako.sato", Preset.RECOMMENDED)
    for path, action in (
        ("/s3/buckets", "s3:ListAllMyBuckets"),
        ("/s3/bucket?name=made-here", "s3:ListBucket"),
        ("/iam/policies", "iam:ListPolicies"),
    ):
        (alert,) = employee.get(path).all("div", role="alert")
        assert action in alert.text
        assert "made-here" not in employee.get("/s3/buckets").source
    assert "You have signed in without MFA. If a policy requires MFA" in employee.page.source
    links = [each.text for each in employee.get("/iam").all("a")]
    assert "Assign MFA device" in links


def test_a_text_that_is_too_long_is_refused_at_the_field(
    administrator: Page, console: people.RunningConsole
) -> None:
    page = administrator
    actions = ",".join(f'"s3:Get{number:05}*"' for number in range(500))
    text = (
        '{"Version":"2012-10-17","Statement":'
        f'[{{"Effect":"Allow","Action":[{actions}],"Resource":"*"}}]}}'
    )
    page.goto(f"{console.url}/iam/policies/create")
    page.get_by_label("Policy editor").fill(text)
    page.get_by_role("button", name="Next", exact=True).click()
    expect(page.locator("#document-error")).to_contain_text("6144")
    expect(page.get_by_label("Policy editor")).to_have_value(text)


def test_what_was_typed_outlives_the_session(
    administrator: Page, console: people.RunningConsole
) -> None:
    page = administrator
    page.goto(f"{console.url}/iam/policies/create")
    page.get_by_label("Policy editor").fill(_SAMPLE)
    page.get_by_role("button", name="Next", exact=True).click()
    page.get_by_label("Policy name").fill("Outlives")
    page.get_by_label("Description").fill("<b>typed</b>")
    console.aws.clock.advance(timedelta(hours=13))
    page.get_by_role("button", name="Create policy").click()
    expect(page.get_by_text("what you typed has been kept")).to_be_visible()
    people.sign_in(page, console)
    page.goto(f"{console.url}/iam/policies/create/review")
    expect(page.get_by_label("Policy name")).to_have_value("Outlives")
    expect(page.get_by_label("Description")).to_have_value("<b>typed</b>")
    page.get_by_role("button", name="Create policy").dblclick()
    expect(page.get_by_text("Policy Outlives created.")).to_be_visible()
    # the back button finds a form that has done its work
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Specify permissions")


def test_axe_finds_nothing(administrator: Page, console: people.RunningConsole) -> None:
    page, url = administrator, console.url
    arn = "arn:aws:iam::111122223333:policy/AssumeOps"
    # what `test_pages.py` looks at is not looked at again
    paths = ["/iam/policies?q=a", f"/iam/policy?arn={arn}&tab=json"]
    paths += [f"/iam/policy?arn={arn}&tab=versions&version=v1", f"/iam/policy?arn={arn}&tab=tags"]
    paths += [f"/iam/policy/{each}?arn={arn}" for each in ("delete", "edit")]
    for number, path in enumerate([*paths, "/iam/policy?arn=none"]):
        page.goto(url + path)
        if number % 4 == 0:
            # some in each language; a run of axe takes half a second
            people.press(page.locator("button[name=language]"))
        assert axe_faults(page) == []
    page.goto(f"{url}/iam/policy/edit?arn={arn}")
    people.press(page.locator("main button.primary"))
    assert axe_faults(page) == []


def test_a_copy_of_permissions_is_what_was_reviewed(console: people.RunningConsole) -> None:
    """The other user's policies are read again when the button is pressed."""
    reader = Reader(console)
    reader.sign_in()
    reader.get("/iam/user/add-permissions?name=hanako.sato")
    reader.fill("/iam/user/add-permissions", way="copy", source="mei.takahashi")
    reviewed = reader.page.all("form", action="/iam/user/add-permissions/review")[-1]
    api = people.administrator_api(console)
    administrator = "arn:aws:iam::aws:policy/AdministratorAccess"
    api.call("iam", "AttachUserPolicy", UserName="mei.takahashi", PolicyArn=administrator)
    shown = reader.send(reviewed)
    assert "This was changed meanwhile" in shown.source
    assert "AdministratorAccess" in shown.source
    listed = api.call("iam", "ListAttachedUserPolicies", UserName="hanako.sato")
    assert administrator not in str(listed)
    reader.fill("/iam/user/add-permissions/review")
    listed = api.call("iam", "ListAttachedUserPolicies", UserName="hanako.sato")
    assert administrator in str(listed)
    for user in ("mei.takahashi", "hanako.sato"):
        api.call("iam", "DetachUserPolicy", UserName=user, PolicyArn=administrator)
