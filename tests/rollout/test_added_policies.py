"""What somebody else has given a plan's group no roll-back takes from its members."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from administered import FULL, iam_of
from rollout.at_the_terminal import Terminal, environment
from rollout.staging import EVERYTHING, Refusing, policy_goal
from rollout.test_dependents import TARO, Account, reasons
from sekisho.account import AwsApi
from sekisho.cli import Exit
from sekisho.localaws import LocalAws
from sekisho.rollout import Goal, GroupGoal, RollbackChoices

ENFORCED = Goal(policy_goal(), group=GroupGoal("Enforced", ("hanako",)))
DEVELOPERS = Goal(policy_goal(), group=GroupGoal("Developers", ("machine",)))
MEMBERSHIP = "membership Enforced hanako"
REMOVE = RollbackChoices(remove_rights=True)


@pytest.fixture
def account(local: LocalAws, api: AwsApi, iam: Any, tmp_path: Path) -> Account:
    return Account(api, iam, tmp_path)


class RefusingList(Refusing):
    """An `AwsApi` that refuses a listing."""

    def pages(
        self, service: str, operation: str, key: str, /, **params: object
    ) -> Iterator[Mapping[str, Any]]:
        self.call(service, operation, **params) if operation == self._operation else None
        return super().pages(service, operation, key, **params)


def groups_of(account: Account, user: str) -> set[str]:
    found = account.iam.list_groups_for_user(UserName=user)["Groups"]
    return {each["GroupName"] for each in found}


@pytest.mark.parametrize("inline", [False, True])
def test_nobody_loses_what_a_colleague_has_given_the_group(account: Account, inline: bool) -> None:
    whole = account.applied(ENFORCED)
    if inline:
        text = json.dumps(EVERYTHING)
        account.iam.put_group_policy(GroupName="Enforced", PolicyName="all", PolicyDocument=text)
    else:
        account.iam.attach_group_policy(GroupName="Enforced", PolicyArn=FULL)
    report = account.back(whole)
    said = reasons(report)[MEMBERSHIP].en  # type: ignore[attr-defined]  # a message
    assert f"`{'inline all of group Enforced' if inline else FULL}`" in said
    assert "--remove-rights" in said
    # who stays in the group stays enforced, too
    assert not report.undone
    assert groups_of(account, "hanako") >= {"Enforced"}
    report = account.back(whole, choices=REMOVE)
    assert "Enforced" not in groups_of(account, "hanako")
    assert set(reasons(report)) == {"group Enforced"}, "it has a policy that is not the plan's"


def test_what_the_group_had_before_the_plan_is_no_reason(account: Account) -> None:
    account.iam.put_group_policy(
        GroupName="Developers", PolicyName="own", PolicyDocument=json.dumps(EVERYTHING)
    )
    whole = account.applied(DEVELOPERS)
    assert set(whole.group_policies["Developers"]) == {FULL, "inline own of group Developers"}
    assert type(whole).from_json(whole.to_json()) == whole
    assert account.left(whole) == set()
    assert groups_of(account, "machine") == set()


def test_what_it_was_given_later_is_one_in_a_group_of_others(account: Account) -> None:
    whole = account.applied(DEVELOPERS)
    account.iam.put_group_policy(
        GroupName="Developers", PolicyName="own", PolicyDocument=json.dumps(EVERYTHING)
    )
    assert "membership Developers machine" in account.left(whole)
    assert groups_of(account, "machine") == {"Developers"}


def test_a_newcomer_of_the_plan_who_goes_loses_nothing(account: Account) -> None:
    goal = Goal(policy_goal(), group=GroupGoal("Enforced", ("taro",)), new_users=(TARO,))
    whole = account.applied(goal)
    account.iam.attach_group_policy(GroupName="Enforced", PolicyArn=FULL)
    assert account.left(whole) == {"group Enforced"}


def test_what_cannot_be_read_is_no_reason_to_take_anything(account: Account) -> None:
    whole = account.applied(DEVELOPERS)
    member = "membership Developers machine"
    report = account.back(whole, RefusingList(account.api, "ListGroupPolicies"))
    assert (
        "whether somebody else has added a policy to the group could not be read"
        in reasons(report)[member].en
    )  # type: ignore[attr-defined]  # a message
    assert groups_of(account, "machine") == {"Developers"}
    assert account.left(whole) == set()


@pytest.mark.usefixtures("waited")
def test_it_is_said_before_anybody_agrees_and_by_status(local: LocalAws, tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, environment(local, "admin"))
    out = terminal.path("plan.json")
    made = terminal.run("plan", "--user", "hanako", "--group", "Enforced", "--mfa", "--out", out)
    assert made.return_value == Exit.CHANGES, made.output
    assert terminal.run("apply", out, "--yes").return_value == Exit.CLEAN
    assert terminal.run("status", out).return_value == Exit.CLEAN
    iam_of(local).attach_group_policy(GroupName="Enforced", PolicyArn=FULL)
    said = f"Somebody else has since added `{FULL}` to the group `Enforced`."
    standing = terminal.run("status", out)
    assert standing.return_value == Exit.FINDINGS
    assert said in standing.stdout
    assert "a roll-back leaves the members in the group" in " ".join(
        standing.stdout.splitlines()[:2]
    )
    found = json.loads(terminal.run("status", out, "--format", "json").stdout)
    assert found["addedPolicies"] == [
        {"group": "Enforced", "policies": [FULL], "users": ["hanako"]}
    ]
    back = terminal.run("rollback", out, "--yes")
    assert back.return_value == Exit.FINDINGS
    assert f"{said} The roll-back leaves these users in the group" in back.stderr
    assert back.stderr.rstrip().endswith("hanako")
    removed = terminal.run("rollback", out, "--yes", "--remove-rights")
    lost = f"These users lose `{FULL}`, which somebody else has added to the group `Enforced` since"
    assert f"{lost}: hanako" in removed.stderr
    # what is taken back in part is not to be made again
    assert "Next:" not in terminal.run("status", out).output
