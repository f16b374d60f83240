"""Somebody else at work while a plan is carried out, and answers that were lost on the way."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from administered import ACCOUNT, EVERYTHING, FULL, iam_of
from checkpoint import Checkpoint
from rollout.staging import (
    ADMIN,
    ENFORCEMENT,
    NOW,
    account,
    enforcement,
    managed,
    one_of_each,
    policy_goal,
)
from rollout.test_laws import SECRET, made, password
from sekisho.account import AwsApi, Group
from sekisho.errors import Code, PlanRefused
from sekisho.localaws import LocalAws
from sekisho.policy import Preset, to_json
from sekisho.rollout import (
    MAX_CLOCK_LEAD,
    MAX_PLAN_AGE,
    ApplyReport,
    Goal,
    GroupGoal,
    Journal,
    Plan,
    execute,
    facts_at_addresses,
    plan,
    retried,
    roll_back,
)

OLD = ENFORCEMENT.replace("Force_MFA", "Old_Force_MFA")


@pytest.fixture(autouse=True)
def _as_it_was_made(local: LocalAws) -> None:
    """Let each test find the company as it was made."""


@pytest.fixture(scope="module")
def small(fresh: Checkpoint, api: AwsApi) -> Plan:
    """A plan with a change of each kind that a first roll-out has."""
    fresh.restore()
    return made(api, one_of_each())


class Meanwhile:
    """An `AwsApi` in which a colleague acts just before the first call of one operation."""

    def __init__(self, api: AwsApi, operation: str, colleague: Callable[[], object]) -> None:
        self._api = api
        self._acts = {operation: colleague}
        self.called: list[str] = []

    def call(self, service: str, operation: str, /, **params: object) -> Mapping[str, Any]:
        self._acts.pop(operation, lambda: None)()
        self.called.append(operation)
        return self._api.call(service, operation, **params)

    def pages(self, service: str, operation: str, key: str, /, **params: object) -> Iterator[Any]:
        return self._api.pages(service, operation, key, **params)


def applied(whole: Plan, api: AwsApi, journal: Path) -> ApplyReport:
    return retried(
        lambda: execute(whole, api, Journal(journal), passwords=password, now=lambda: NOW),
        lambda seconds: None,
        lambda stop: None,
    )


def replacing(api: AwsApi, local: LocalAws) -> Plan:
    """Return a plan that also makes a version, sets a tag and detaches."""
    iam = iam_of(local)
    for name in ("Force_MFA", "Old_Force_MFA"):
        iam.create_policy(
            PolicyName=name, PolicyDocument=json.dumps(to_json(enforcement(Preset.AWS)))
        )
    iam.attach_user_policy(UserName="machine", PolicyArn=OLD)
    return made(api, Goal(policy_goal(), users=("machine",), replaces=(OLD,)))


@pytest.mark.parametrize("must_change", [True, False], ids=["like-ours", "another"])
def test_a_password_that_a_colleague_set_meanwhile_is_theirs(
    api: AwsApi, local: LocalAws, tmp_path: Path, must_change: bool, small: Plan
) -> None:
    about = {"UserName": "taro", "PasswordResetRequired": must_change}
    meanwhile = Meanwhile(
        api,
        "CreateLoginProfile",
        lambda: iam_of(local).create_login_profile(**about, Password=f"{SECRET}-theirs"),
    )
    journal = tmp_path / "journal"
    if must_change:
        assert applied(small, meanwhile, journal).already == ("login-profile taro",)
    else:
        left_out = applied(small, meanwhile, journal).left_out
        assert "`login-profile taro`" in left_out["taro"].en
    assert "UpdateLoginProfile" not in meanwhile.called
    left = roll_back(small, Journal(journal), api, now=lambda: NOW).left
    assert [each.address for each in left if "login" in each.address] == (
        ["login-profile taro"] if must_change else []
    )
    assert api.call("iam", "GetLoginProfile", UserName="taro")


def test_what_a_colleague_did_since_the_first_look_is_theirs(
    api: AwsApi, local: LocalAws, tmp_path: Path, small: Plan
) -> None:
    iam = iam_of(local)

    def colleague() -> None:
        iam.create_group(GroupName="Enforced")
        iam.add_user_to_group(GroupName="Enforced", UserName="hanako")

    meanwhile = Meanwhile(api, "CreatePolicy", colleague)
    report = applied(small, meanwhile, tmp_path / "journal")
    assert report.complete
    assert report.already == ("group Enforced", "membership Enforced hanako")
    assert not {"CreateGroup", "AddUserToGroup"} & {*meanwhile.called}


def test_drift_of_one_person_while_it_runs_leaves_out_that_person(
    api: AwsApi, local: LocalAws, tmp_path: Path, small: Plan
) -> None:
    before = facts_at_addresses(small, api)
    iam = iam_of(local)
    meanwhile = Meanwhile(
        api, "CreatePolicy", lambda: iam.create_user(UserName="taro", Path="/other/")
    )
    report = applied(small, meanwhile, tmp_path / "journal")
    assert "`user taro`" in report.left_out["taro"].en
    assert report.stopped is None
    iam.delete_user(UserName="taro")
    assert applied(small, api, tmp_path / "journal").complete
    assert roll_back(small, Journal(tmp_path / "journal"), api, now=lambda: NOW).left == ()
    assert facts_at_addresses(small, api) == before


def test_drift_while_it_runs_stops_it_by_name(
    api: AwsApi, local: LocalAws, tmp_path: Path, small: Plan
) -> None:
    before = facts_at_addresses(small, api)
    iam = iam_of(local)
    meanwhile = Meanwhile(
        api, "CreatePolicy", lambda: iam.create_group(GroupName="Enforced", Path="/other/")
    )
    with pytest.raises(PlanRefused, match="group Enforced") as caught:
        applied(small, meanwhile, tmp_path / "journal")
    assert caught.value.code is Code.PLAN_STALE
    iam.delete_group(GroupName="Enforced")
    assert applied(small, api, tmp_path / "journal").already == ()
    assert roll_back(small, Journal(tmp_path / "journal"), api, now=lambda: NOW).left == ()
    assert facts_at_addresses(small, api) == before


def test_what_made_a_change_needless_is_looked_at_again(
    api: AwsApi, local: LocalAws, tmp_path: Path
) -> None:
    iam = iam_of(local)
    text = json.dumps(to_json(enforcement()))
    tag = {"Key": "team", "Value": "it"}
    iam.create_policy(PolicyName="Force_MFA", PolicyDocument=text, Tags=[tag])
    iam.create_group(GroupName="Enforced")
    iam.attach_group_policy(GroupName="Enforced", PolicyArn=ENFORCEMENT)
    iam.add_user_to_group(GroupName="Enforced", UserName="hanako")
    members = GroupGoal("Enforced", ("hanako", "admin"))
    whole = made(api, Goal(policy_goal(description="", tags={"team": "it"}), group=members))
    assert whole.unchanged_addresses == (
        f"policy-versions {ENFORCEMENT}",
        f"policy-tag {ENFORCEMENT} team",
        "group Enforced",
        f"group-attachment Enforced {ENFORCEMENT}",
        "membership Enforced hanako",
    )
    version = {
        "PolicyArn": ENFORCEMENT,
        "PolicyDocument": json.dumps(EVERYTHING),
        "SetAsDefault": True,
    }
    iam.create_policy_version(**version)
    iam.tag_policy(PolicyArn=ENFORCEMENT, Tags=[{**tag, "Value": "hr"}])
    iam.detach_group_policy(GroupName="Enforced", PolicyArn=ENFORCEMENT)
    iam.remove_user_from_group(GroupName="Enforced", UserName="hanako")
    iam.delete_group(GroupName="Enforced")
    with pytest.raises(PlanRefused) as caught:
        execute(whole, api, Journal(tmp_path / "journal"), passwords=password, now=lambda: NOW)
    assert caught.value.code is Code.PLAN_STALE
    for address in whole.unchanged_addresses[:-1]:
        assert f"`{address}`" in str(caught.value)


def test_a_plan_becomes_too_old(api: AwsApi, tmp_path: Path, small: Plan) -> None:
    journal, late = Journal(tmp_path / "journal"), NOW + MAX_PLAN_AGE + timedelta(seconds=1)
    with pytest.raises(PlanRefused, match="more than 7 days ago") as caught:
        execute(small, api, journal, passwords=password, now=lambda: late)
    assert caught.value.code is Code.PLAN_STALE
    assert "make the plan again" in caught.value.fix.en
    assert execute(small, api, journal, passwords=password, now=lambda: NOW + MAX_PLAN_AGE).complete
    assert execute(small, api, journal, passwords=password, now=lambda: late).complete
    assert roll_back(small, journal, api, now=lambda: late).left == ()


def test_a_plan_of_a_day_to_come_is_not_applied(api: AwsApi, tmp_path: Path, small: Plan) -> None:
    journal, early = Journal(tmp_path / "journal"), NOW - MAX_CLOCK_LEAD
    with pytest.raises(PlanRefused, match="which is in the future") as caught:
        execute(small, api, journal, passwords=password, now=lambda: early - timedelta(seconds=1))
    assert caught.value.code is Code.PLAN_STALE
    assert execute(small, api, journal, passwords=password, now=lambda: early).complete


def test_who_cannot_look_again_at_what_is_there_may_not_apply() -> None:
    denied = {"Effect": "Deny", "Action": "iam:GetGroup", "Resource": "*"}
    document = {**EVERYTHING, "Statement": [*EVERYTHING["Statement"], denied]}
    arn = f"arn:aws:iam::{ACCOUNT}:group/Enforced"
    start = account()
    start = replace(
        start,
        policies={FULL: managed(FULL, document)},
        groups=(*start.groups, Group("Enforced", "/", arn, ())),
    )
    planned = plan(Goal(policy_goal(), group=GroupGoal("Enforced", ("machine",))), start, ADMIN)
    assert planned.unchanged_addresses == ("group Enforced",)
    (proof,) = [each for each in planned.proofs if each.id == "caller-keeps-access"]
    assert proof.failed == ("iam:GetGroup",)
    assert [text.en for text in proof.shown] == [f"Explicitly denied on `{arn}`"]
