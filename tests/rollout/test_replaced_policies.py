"""A new MFA enforcement stays where the old one, in whose place it came, cannot be put back."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from administered import iam_of, signed_in
from rollout.staging import ENFORCEMENT, NOW, Refusing, company, enforcement, policy_goal
from rollout.test_concurrent_changes import OLD
from rollout.test_laws import made, password
from sekisho.account.aws import Boto3Api
from sekisho.localaws import LocalAws
from sekisho.policy import Preset, to_json
from sekisho.rollout import (
    BY_JOURNAL,
    Goal,
    GroupGoal,
    Journal,
    Plan,
    RollbackChoices,
    execute,
    roll_back,
)

NAME = OLD.rsplit("/", 1)[-1]


@pytest.fixture
def local() -> Iterator[LocalAws]:
    with company() as running:
        yield running


@pytest.fixture
def api(local: LocalAws) -> Boto3Api:
    return signed_in(local, "admin", mfa=True)


@pytest.fixture
def iam(local: LocalAws) -> Any:
    """What somebody else does; there is an old MFA enforcement, attached to nobody yet."""
    client = iam_of(local)
    client.create_policy(
        PolicyName=NAME, PolicyDocument=json.dumps(to_json(enforcement(Preset.AWS)))
    )
    return client


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal")


def replaced(api: Boto3Api, journal: Journal, **about: Any) -> Plan:
    """Return a plan that puts the new MFA enforcement in the place of the old, applied."""
    whole = made(api, Goal(policy_goal(tags={}), replaces=(OLD,), **about))
    assert execute(whole, api, journal, passwords=password, now=lambda: NOW).complete
    return whole


def left(
    whole: Plan, journal: Journal, api: Boto3Api, choices: RollbackChoices = BY_JOURNAL
) -> set[str]:
    return {
        each.address
        for each in roll_back(whole, journal, api, now=lambda: NOW, choices=choices).left
    }


LEAVE = RollbackChoices(leave_unenforced=True)
ATTACHED = f"user-attachment machine {ENFORCEMENT}"
LOST = f"user-attachment machine {OLD}"


def test_who_cannot_have_the_old_enforcement_back_keeps_the_new(
    api: Boto3Api, iam: Any, journal: Journal
) -> None:
    iam.create_policy(
        PolicyName="Force_MFA", PolicyDocument=json.dumps(to_json(enforcement(Preset.AWS)))
    )
    for user in ("machine", "admin"):
        iam.attach_user_policy(UserName=user, PolicyArn=OLD)
    whole = replaced(api, journal, users=("machine", "admin"))
    for number in range(8):
        arn = iam.create_policy(
            PolicyName=f"Other{number}", PolicyDocument=json.dumps(to_json(enforcement()))
        )["Policy"]["Arn"]
        iam.attach_user_policy(UserName="machine", PolicyArn=arn)
    report = roll_back(whole, journal, api, now=lambda: NOW)
    reasons = {each.address: each.reason for each in report.left}
    assert set(reasons) == {LOST, ATTACHED, f"policy-versions {ENFORCEMENT}"}
    assert "LimitExceeded" not in reasons[ATTACHED].en
    assert f"it replaced `{LOST}`, which is not restored" in reasons[ATTACHED].en
    assert f"user-attachment admin {ENFORCEMENT}" in report.undone, "who has the old one back"
    held = api.pages("iam", "ListAttachedUserPolicies", "AttachedPolicies", UserName="machine")
    assert ENFORCEMENT in [each["PolicyArn"] for each in held]

    iam.detach_user_policy(UserName="machine", PolicyArn=arn)
    assert left(whole, journal, api) == set(), "there is room again"


def test_it_goes_all_the_same_for_who_says_so(api: Boto3Api, iam: Any, journal: Journal) -> None:
    iam.attach_user_policy(UserName="machine", PolicyArn=OLD)
    whole = replaced(api, journal, users=("machine",))
    iam.delete_policy(PolicyArn=OLD)
    assert left(whole, journal, api) == {LOST, ATTACHED, f"policy {ENFORCEMENT}"}
    assert left(whole, journal, api, choices=LEAVE) == {LOST}


def test_what_guards_through_a_group_stays_whole(api: Boto3Api, iam: Any, journal: Journal) -> None:
    iam.attach_user_policy(UserName="machine", PolicyArn=OLD)
    whole = replaced(api, journal, group=GroupGoal("Enforced", ("machine", "hanako")))
    iam.delete_policy(PolicyArn=OLD)
    assert left(whole, journal, api) == {
        LOST,
        "membership Enforced machine",
        f"group-attachment Enforced {ENFORCEMENT}",
        "group Enforced",
        f"policy {ENFORCEMENT}",
    }


@pytest.mark.parametrize("gone", ["policy", "group"])
def test_what_a_group_has_lost_its_members_keep_in_the_new(
    api: Boto3Api, iam: Any, journal: Journal, gone: str
) -> None:
    iam.create_group(GroupName="Old")
    iam.attach_group_policy(GroupName="Old", PolicyArn=OLD)
    iam.add_user_to_group(GroupName="Old", UserName="hanako")
    whole = replaced(api, journal, users=("hanako",))
    if gone == "policy":
        iam.delete_policy(PolicyArn=OLD)
    else:
        iam.remove_user_from_group(GroupName="Old", UserName="hanako")
        iam.delete_group(GroupName="Old")
    assert f"user-attachment hanako {ENFORCEMENT}" in left(whole, journal, api)


def test_who_is_gone_misses_nothing(api: Boto3Api, iam: Any, journal: Journal) -> None:
    iam.create_user(UserName="leaver")
    for user in ("leaver", "machine"):
        iam.attach_user_policy(UserName=user, PolicyArn=OLD)
    whole = replaced(api, journal, users=("leaver", "machine"))
    iam.detach_user_policy(UserName="leaver", PolicyArn=ENFORCEMENT)
    iam.delete_user(UserName="leaver")
    assert left(whole, journal, api) == {f"user-attachment leaver {OLD}"}


def test_what_somebody_else_took_away_counts_as_well(
    api: Boto3Api, iam: Any, journal: Journal
) -> None:
    iam.attach_user_policy(UserName="machine", PolicyArn=OLD)
    whole = made(api, Goal(policy_goal(tags={}), replaces=(OLD,), users=("machine",)))
    denied = Refusing(api, "DetachUserPolicy")
    assert execute(whole, denied, journal, passwords=password, now=lambda: NOW).left_out
    iam.detach_user_policy(UserName="machine", PolicyArn=OLD)
    # what somebody else took away is not as before the plan, and the journal does not tell of it
    assert left(whole, journal, api) == {ATTACHED, LOST, f"policy {ENFORCEMENT}"}
    iam.attach_user_policy(UserName="machine", PolicyArn=OLD)
    assert left(whole, journal, api) == set()
