"""Both stages of a goal are looked at before anything changes, also where nobody is there yet."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from administered import ACCOUNT, EVERYTHING
from rollout.staging import ADMIN, account, device, managed, policy_goal, user, with_user
from sekisho.account import AccessKey, Group, Password, Snapshot
from sekisho.errors import FaultyInput
from sekisho.policy import from_json
from sekisho.rollout import (
    Goal,
    GroupGoal,
    NewUser,
    PolicyGoal,
    Stage,
    TemporaryPassword,
    plan,
)

SECOND = replace(policy_goal(), name="Strict")
LONG = from_json(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Deny", "Action": "s3:*", "Resource": f"arn:aws:s3:::{number:0>60}"}
            for number in range(60)
        ],
    }
)


def faults(second: PolicyGoal, group: str | None, start: Snapshot) -> Mapping[str, str]:
    """Return what is wrong with a goal that is right but for its second stage, by place."""
    first = GroupGoal("Enforced", ("hanako",)) if group is not None else None
    users = () if first else ("hanako",)
    goal = Goal(policy_goal(), users, first, enrolled=Stage(second, group))
    with pytest.raises(FaultyInput) as caught:
        plan(goal, start, ADMIN)
    return {fault.path: fault.message.en for fault in caught.value.faults}


@pytest.mark.parametrize("group", [None, "bad group!"])
def test_what_aws_would_refuse_of_the_second_stage_is_said_at_once(group: str | None) -> None:
    second = PolicyGoal("bad name!", LONG, "no-path", "x" * 1001, {"aws:x": "1"})
    found = faults(second, group, account())
    places = [f"afterEnrolment.policy.{each}" for each in ("name", "path", "description")]
    assert {*places, *(["afterEnrolment.group.name"] if group else [])} <= {*found}
    assert any(place.startswith("afterEnrolment.policy.tags") for place in found)
    assert any("quota for managed policy" in message for message in found.values())


def test_a_name_of_the_second_stage_that_something_else_has_is_a_fault() -> None:
    policy = f"arn:aws:iam::{ACCOUNT}:policy/x/strict"
    start = account()
    group = Group("enrolled", "/", f"arn:aws:iam::{ACCOUNT}:group/enrolled")
    start = replace(
        start,
        policies={**start.policies, policy: replace(managed(policy, EVERYTHING), path="/x/")},
        groups=(*start.groups, group),
    )
    assert faults(SECOND, "Enrolled", start) == {
        "afterEnrolment.policy.name": f"the name `Strict` is taken by `{policy}`",
        "afterEnrolment.group.name": f"the name `Enrolled` is taken by `{group.arn}`",
    }


KEY, DEVICE = AccessKey("AKIATARO", active=True), device("taro")
TAGS = {"desk": "4", "team": "sales"}
THERE: Mapping[str, tuple[Mapping[str, object], bool, bool]] = {
    # whoever gets the temporary password would get in as the owner of the key, or of the device
    "with a key": ({"keys": (KEY,), "tags": TAGS}, True, True),
    "with a device": ({"devices": (DEVICE,), "tags": TAGS}, True, True),
    "with a key, and no password is wanted": ({"keys": (KEY,), "tags": TAGS}, False, False),
    "with a key and a password": (
        {"keys": (KEY,), "password": Password(), "tags": TAGS},
        True,
        False,
    ),
    # what half of this plan leaves is gone on with
    "with nothing": ({"tags": TAGS}, True, False),
    "with more tags": ({"tags": {**TAGS, "floor": "1"}}, True, False),
    "with another tag": ({"tags": {**TAGS, "desk": "5"}}, True, True),
    "without tags": ({}, False, True),
}


@pytest.mark.parametrize("case", THERE)
def test_a_password_is_given_to_nobody_else_of_a_new_users_name(case: str) -> None:
    about, opens, refused = THERE[case]
    wanted = NewUser("taro", tags=TAGS, password=TemporaryPassword() if opens else None)
    start = with_user(account(), user("taro", **about))
    goal = Goal(policy_goal(), new_users=(wanted,))
    if refused:
        with pytest.raises(FaultyInput, match="and is somebody else") as caught:
            plan(goal, start, ADMIN)
        assert [fault.path for fault in caught.value.faults] == ["new_users[0].name"]
    else:
        sets = [each for each in plan(goal, start, ADMIN).changes if "login" in each.address]
        assert bool(sets) is (opens and "password" not in about)
