"""Goals that cannot be, and plans that are not what was made."""

import copy
import functools
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

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
from sekisho.rollout import Goal, GroupGoal, NewUser, Plan, PlanCaller, plan


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


AT_BREAK_GLASS = {
    "named": Goal(policy_goal(), users=("glass",)),
    "a member": Goal(policy_goal(), group=GroupGoal("Enforced", ("glass",))),
    # who is there already is found again, as after a plan that was half done
    "a new user": Goal(policy_goal(), new_users=(NewUser("glass"),)),
}


@pytest.mark.parametrize("way", AT_BREAK_GLASS)
def test_a_goal_cannot_enforce_mfa_for_a_break_glass_user(way: str) -> None:
    goal = replace(AT_BREAK_GLASS[way], break_glass=("glass",))
    with pytest.raises(FaultyInput) as caught:
        plan(goal, account(), ADMIN)
    found = [(fault.path, fault.code) for fault in caught.value.faults]
    assert found == [("break_glass", Code.PLAN_UNSAFE)]


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
    unsafe = plan(MACHINE, account(), PlanCaller(f"arn:aws:iam::{ACCOUNT}:user/nobody"))
    assert not unsafe.applicable
    content = json.loads(unsafe.to_json())
    del content["digest"]
    for key, value in (("applicable", True), ("more", 1), ("changes", [{"kind": "Format"}])):
        with pytest.raises(PlanRefused, match="cannot read"):
            Plan.from_json(signed({**content, key: value}))


def signed(content: Mapping[str, Any]) -> str:
    """Return a plan of this content as somebody writes it who computes the digest, too."""
    bare = {key: value for key, value in content.items() if key != "digest"}
    canonical = json.dumps(bare, sort_keys=True, separators=(",", ":"))
    return json.dumps({**bare, "digest": hashlib.sha256(canonical.encode()).hexdigest()})


def places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield where each value of a JSON document stands."""
    yield place
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(item, (*place, key))


def reads(text: str) -> bool:
    """Return whether this is read as a plan; whatever is not is refused as a faulty one."""
    try:
        Plan.from_json(text)
    except PlanRefused as refused:
        return refused.code is not Code.PLAN_FAULTY
    return True


def test_no_value_of_a_plan_is_taken_for_what_it_is_not() -> None:
    start = five_versions(account())
    made = json.loads(plan(full_goal(), start, ADMIN).to_json())
    del made["digest"]
    # one place of each form; what a policy document says is IAM's to judge
    forms = {
        tuple("*" if isinstance(key, int) else key for key in each): each for each in places(made)
    }
    free = {"document", "needs"}
    for *way, last in (each for each in forms.values() if each and not free & {*each[:-1]}):
        for other in (None, 7, "x", [], {}, [7], {"x": 7}, "2026-11-26T00:00:00"):
            forged = copy.deepcopy(made)
            within = functools.reduce(lambda inner, key: inner[key], way, forged)
            kind, within[last] = type(within[last]), other
            # the old value of a tag may be none
            alike = {kind, type(other)} <= {str, type(None)} or type(other) is kind
            assert alike or not reads(signed(forged)), (way, last, other)


def test_each_value_of_a_wrong_type_is_named() -> None:
    made = json.loads(plan(MACHINE, account(), ADMIN).to_json())
    made |= {"snapshotAt": "2026-11-26T00:00:00", "account": 7, "caller": {"arn": 1, "mfa": "yes"}}
    with pytest.raises(PlanRefused) as caught:
        Plan.from_json(signed(made))
    faults = caught.value.message.en.partition(": ")[2].split("; ")
    assert [fault.partition(":")[0] for fault in faults] == [
        *("account", "caller.arn", "caller.mfa", "snapshotAt")
    ]


@pytest.mark.parametrize("length", [-1, 0, 1, 19, 129, 10**15])
def test_a_plan_asks_for_no_short_or_endless_password(length: int) -> None:
    made = json.loads(plan(MACHINE, account(), ADMIN).to_json())
    assert reads(signed({**made, "passwordLength": 20}))
    assert not reads(signed({**made, "passwordLength": length}))


BIG = '{"schema": "sekisho.plan/1", "account": ' + "1" * 5_000 + "}"
DEEP = '{"schema": "sekisho.plan/1", "account": ' + "[" * 9_000 + "]" * 9_000 + "}"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": "sekisho.plan/2"}', "null", BIG, DEEP])
def test_what_is_no_plan_is_refused(text: str) -> None:
    with pytest.raises(PlanRefused, match="not a plan"):
        Plan.from_json(text)
