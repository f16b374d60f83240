"""The visual side of the policy editor: what it shows of a text, and what it leaves alone.

Reads `web.console.visual_editor` itself, because what Hypothesis draws is too much for a browser.
"""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Page, expect

import web_people as people
from accessibility import axe_faults
from sekisho import catalogue, policy
from sekisho.policy import Preset
from sekisho.web.console.policy_text import check_text
from sekisho.web.console.visual_editor import (
    new_statement,
    shown_policy,
    with_statement,
    without_statement,
)

_SAMPLE = policy.render(policy.force_mfa(policy.choices_of(Preset.RECOMMENDED)))
_EMPTY = '{"Statement": [{"Effect": "Allow", "Action": [], "Resource": []}]}'
_LIST_USERS = new_statement("iam", ["ListUsers"], (), denies=False, mfa=True)
_STATEMENTS = st.lists(
    st.fixed_dictionaries(
        {
            "Effect": st.sampled_from(["Allow", "Deny"]),
            "Resource": st.sampled_from(["*", ["arn:aws:s3:::日本/*", "arn:aws:s3:::b"]]),
        },
        optional={
            "Sid": st.sampled_from(["VisualEditor0", "VisualEditor1", "Other"]),
            "Condition": st.just({"StringEquals": {"aws:PrincipalTag/é": ["a", "\U0001f600"]}}),
        },
    ).flatmap(
        lambda made: st.sampled_from(
            [{**made, "Action": "s3:GetObject"}, {**made, "NotAction": ["iam:*", "sts:*"]}]
        )
    ),
    min_size=1,
    max_size=4,
    # IAM takes no Sid twice
    unique_by=lambda each: each.get("Sid", id(each)),
)


def _statements(document: str) -> list[Any]:
    found: list[Any] = json.loads(document)["Statement"]
    return found


@given(_STATEMENTS, st.booleans(), st.data())
def test_a_change_leaves_the_rest_as_it_was(
    statements: list[Any], single: bool, data: st.DataObject
) -> None:
    """One statement more or less; every other element and its order are what they were."""
    alone = single and len(statements) == 1
    before = {
        "Version": "2012-10-17",
        "Id": "x",
        "Statement": statements[0] if alone else statements,
    }
    document = json.dumps(before)
    more = json.loads(with_statement(document, _LIST_USERS))
    *kept, last = more["Statement"]
    assert kept == statements
    assert {**last, "Sid": ""} == {**_LIST_USERS, "Sid": ""}
    assert last["Sid"] not in {each.get("Sid") for each in statements}
    assert list(more) == list(before)
    number = data.draw(st.integers(1, len(statements)))
    less = without_statement(document, number)
    if len(statements) > 1:
        assert _statements(less) == statements[: number - 1] + statements[number:]


def test_the_empty_statement_of_the_beginning_is_replaced() -> None:
    assert shown_policy(_EMPTY).statements == ()
    one = with_statement(_EMPTY, _LIST_USERS)
    assert _statements(one) == [{"Sid": "VisualEditor0", **_LIST_USERS}]
    # and comes back when the last one is removed
    assert shown_policy(without_statement(one, 1)) == shown_policy(_EMPTY)


def test_it_writes_what_the_console_writes() -> None:
    """`BoolIfExists` and all: in an Allow it lets access keys in, and lint says so."""
    assert _LIST_USERS == {
        "Effect": "Allow",
        "Action": "iam:ListUsers",
        "Resource": "*",
        "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}},
    }
    allowed = new_statement("iam", ["CreateUser"], (), denies=False, mfa=True)
    found = check_text(with_statement(_EMPTY, allowed)).problems
    assert "mfa.allow-admits-keys" in {each.id for each in found}
    every = [each.name for each in catalogue.load().actions("sts")]
    arns = ["arn:aws:iam::111122223333:role/a", "arn:aws:iam::111122223333:role/b"]
    assert new_statement("sts", every, arns, denies=True, mfa=False) == {
        "Effect": "Deny",
        "Action": "sts:*",
        "Resource": arns,
    }


def test_it_groups_what_was_typed() -> None:
    document = json.dumps(
        {
            "Statement": {
                "Effect": "Allow",
                "Action": ["iam:ListUsers", "iam:ListRoles", "IAM:CreateUser", "nosuch:Do", "*"],
                "NotResource": "arn:aws:s3:::x",
                "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
            }
        }
    )
    (shown,) = shown_policy(document).statements
    (service,) = shown.services
    assert service.prefix == "iam"
    assert [(each.level.en, each.names) for each in service.levels] == [
        ("List", ("ListRoles", "ListUsers")),
        ("Write", ("CreateUser",)),
    ]
    assert shown.others == ("nosuch:Do", "*")
    assert shown.resources == ()
    assert shown.left == ("NotResource: arn:aws:s3:::x",)
    assert shown.conditions == (("Bool", "aws:MultiFactorAuthPresent", "true"),)


@pytest.mark.parametrize(
    "document",
    [
        "",
        "{",
        "[]",
        "[" * 5000,
        '// a comment\n{"Statement": []}',
        '{"Statement": [], "Statement": []}',
        f'{{"Statement": [], "Id": "{"x" * 7000}"}}',
    ],
    ids=["empty", "broken", "list", "deep", "comment", "twice", "long"],
)
def test_what_it_cannot_show_it_leaves_alone(document: str) -> None:
    assert shown_policy(document).unread is not None


def test_a_policy_is_made_on_the_visual_side(page: Page, console: people.RunningConsole) -> None:
    people.sign_in(page, console)
    page.goto(f"{console.url}/iam/policies/create")
    page.get_by_label("Policy editor").fill(_SAMPLE)
    page.get_by_role("button", name="Visual").click()
    expect(page.get_by_role("article")).to_have_count(len(_statements(_SAMPLE)))
    page.get_by_text("in part as JSON only").first.click()
    left = page.get_by_text("Cannot be edited here and stays unchanged in the JSON: NotAction")
    expect(left).to_be_visible()

    # what is typed narrows the services, and chooses the one that is named so
    page.get_by_label("Search by service name").fill("iam")
    expect(page.get_by_role("option", name="Amazon EC2", exact=False)).to_have_count(0)
    expect(page.get_by_label("Select a service")).to_have_value("iam")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Add the statement").click()
    expect(page.locator("#visual-error")).to_have_text("Choose at least one action.")
    # what was opened by hand is so again after a search, and nothing else
    folded = page.locator("#actions details")
    folded.last.locator("summary").click()
    for sought in ("tag", ""):
        page.get_by_label("Search by action name").fill(sought)
    expect(page.locator("#actions details[open]")).to_have_count(1)
    expect(folded.last).to_have_attribute("open", "")
    folded.last.locator("summary").click()
    page.get_by_label("Search by action name").fill("listuse")
    # within the form, and sends nothing
    page.keyboard.press("Enter")
    page.get_by_label("ListUsers", exact=True).check()
    expect(page.get_by_text("Single actions selected: 1.")).to_be_visible()
    page.get_by_label("Search by action name").fill("tag")
    expect(page.get_by_label("ListUserTags")).to_be_visible()
    expect(page.get_by_label("ListUsers", exact=True)).to_be_checked()
    expect(page.get_by_label("ListRoles", exact=True)).to_be_hidden()
    page.get_by_label("Tagging (all").check()
    page.get_by_role("radio", name="Specific").check()
    page.get_by_label("ARNs").fill("arn:aws:iam::111122223333:user/*\n")
    page.get_by_label("MFA required").check()
    assert axe_faults(page) == []
    page.get_by_role("button", name="Add the statement").click()
    expect(page.get_by_text("Statement added.")).to_be_visible()
    expect(page.locator("#findings")).to_contain_text("an action without an applicable resource")
    page.get_by_role("button", name="Remove statement 1", exact=True).click()
    expect(page.get_by_text("Statement 1 removed.")).to_be_visible()

    page.get_by_role("link", name="JSON").click()
    *kept, added = _statements(page.get_by_label("Policy editor").input_value())
    assert kept == _statements(_SAMPLE)[1:]
    assert "iam:ListUsers" in added["Action"]
    assert "iam:TagUser" in added["Action"]
    assert added["Resource"] == "arn:aws:iam::111122223333:user/*"
    assert added["Condition"] == {"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}
    # a text that it cannot show is neither changed nor lost
    page.get_by_label("Policy editor").fill("{ // not yet\n")
    page.get_by_role("button", name="Visual").click()
    expect(page.get_by_text("The visual side cannot show this text.")).to_be_visible()
    page.get_by_role("link", name="JSON").click()
    expect(page.get_by_label("Policy editor")).to_have_value("{ // not yet\n")
