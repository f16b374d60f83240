"""Goals that cannot be, and plans that are not what was made."""

import hashlib
import json

import pytest

from rollout.staging import (
    ACCOUNT,
    ADMIN,
    EVERYTHING,
    FULL,
    MACHINE,
    account,
    five_versions,
    full_goal,
    managed,
    policy_goal,
)
from sekisho.errors import Code, FaultyInput, PlanRefused
from sekisho.rollout import Caller, Goal, GroupGoal, NewUser, Plan, plan


def test_all_faults_of_a_goal_at_once() -> None:
    goal = Goal(
        policy=policy_goal(path="no-slash", description="x" * 1001, tags={"aws:x": "y"}),
        users=("machine", "machine", "ghost"),
        group=GroupGoal("bad name", ("ghost",)),
        new_users=(
            NewUser("bad name"),
            NewUser("taro", groups=("Nowhere",)),
            NewUser("TARO"),
        ),
        break_glass=("ghost", "machine"),
    )
    with pytest.raises(FaultyInput) as caught:
        plan(goal, account(), ADMIN)
    assert sorted((fault.path, fault.code) for fault in caught.value.faults) == sorted(
        [
            ("policy.path", Code.NAME_REFUSED),
            ("policy.description", Code.NAME_REFUSED),
            ("policy.tags[0].Key", Code.NAME_REFUSED),
            ("users", Code.PLAN_FAULTY),
            ("users", Code.ACCOUNT_BAD_REFERENCE),
            ("group.name", Code.NAME_REFUSED),
            ("group.members", Code.ACCOUNT_BAD_REFERENCE),
            ("new_users[0].name", Code.NAME_REFUSED),
            ("new_users[1].groups", Code.ACCOUNT_BAD_REFERENCE),
            ("new_users", Code.PLAN_FAULTY),
            ("break_glass", Code.ACCOUNT_BAD_REFERENCE),
            ("break_glass", Code.PLAN_UNSAFE),
            ("break_glass", Code.PLAN_UNSAFE),
        ]
    )


def test_a_policy_over_the_quota_is_a_fault() -> None:
    statement = {**EVERYTHING["Statement"][0], "Action": [f"s3:Get{n:05}" for n in range(600)]}
    document = managed(FULL, {**EVERYTHING, "Statement": [statement]}).document
    with pytest.raises(FaultyInput) as caught:
        plan(Goal(policy_goal(document=document)), account(), ADMIN)
    assert caught.value.code is Code.POLICY_OVER_QUOTA


def test_a_plan_survives_its_file() -> None:
    for goal in (full_goal(), MACHINE):
        for start in (account(), five_versions(account())):
            made = plan(goal, start, ADMIN)
            read = Plan.from_json(made.to_json())
            assert read == made
            assert read.digest == made.digest
            assert read.to_json() == made.to_json()


def test_an_edited_plan_is_refused() -> None:
    text = plan(full_goal(), account(), ADMIN).to_json()
    content = json.loads(text)
    for key, value in content.items():
        changed = {**content, key: [] if value else ["x"]}
        with pytest.raises(PlanRefused) as caught:
            Plan.from_json(json.dumps(changed))
        assert caught.value.code is Code.PLAN_FAULTY, key
    with pytest.raises(PlanRefused, match="edited"):
        Plan.from_json(text.replace('"machine"', '"glass"'))


def test_a_plan_made_up_with_its_own_digest_is_refused() -> None:
    # the digest keeps out mistakes, not somebody who computes it anew: then the parts must fit
    unsafe = plan(MACHINE, account(), Caller(f"arn:aws:iam::{ACCOUNT}:user/nobody"))
    assert not unsafe.applicable
    content = json.loads(unsafe.to_json())
    del content["digest"]
    for key, value in (("applicable", True), ("more", 1), ("changes", [{"kind": "Format"}])):
        forged = {**content, key: value}
        canonical = json.dumps(forged, sort_keys=True, separators=(",", ":"))
        forged["digest"] = hashlib.sha256(canonical.encode()).hexdigest()
        with pytest.raises(PlanRefused, match="cannot read"):
            Plan.from_json(json.dumps(forged))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": "sekisho.plan/2"}', "null"])
def test_what_is_no_plan_is_refused(text: str) -> None:
    with pytest.raises(PlanRefused, match="no plan"):
        Plan.from_json(text)
