"""A policy with five versions: the plan refuses, names them, and says how to make room."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from administered import ACCOUNT, administered, iam_of, signed_in
from rollout.staging import (
    ADMIN,
    ENFORCEMENT,
    MACHINE,
    NOW,
    account,
    enforcement,
    managed,
    one_of_each,
    policy_goal,
    with_user,
)
from rollout.test_plan import crowded
from sekisho.account import Snapshot, collect
from sekisho.policy import Preset, to_json
from sekisho.rollout import Goal, GroupGoal, Plan, PlanningContext, PlanNote, offboard, plan, reset

TWENTY = {"AttachedPoliciesPerUserQuota": 20, "GroupsPerUserQuota": 10}

DELETE = re.compile(r"`aws iam delete-policy-version --policy-arn (\S+) --version-id (v\d+)`")


def test_the_versions_are_named_with_their_dates_and_the_default() -> None:
    names = ("v9", "v12", "v10", "v8", "v11")
    dates = {name: NOW - timedelta(days=30 - int(name[1:])) for name in names[:4]}
    about = {"versions": names, "made_at": dates, "description": ""}
    old = replace(managed(ENFORCEMENT, enforcement(Preset.AWS), **about), default_version="v8")
    start = account()
    made = plan(MACHINE, replace(start, policies={**start.policies, ENFORCEMENT: old}), ADMIN)
    (note,) = made.reasons
    assert (note.id, note.names) == ("quota", (ENFORCEMENT,))
    for text in (note.text.en, note.text.ja):
        assert "v8 2026-11-02, v9 2026-11-03, v10 2026-11-04, v11, v12 2026-11-06" in text
        # the oldest is the default, which cannot be deleted
        assert DELETE.findall(text) == [(ENFORCEMENT, "v9")]
    assert "the default is v8" in note.text.en
    assert "デフォルトは v8" in note.text.ja


def test_what_the_plan_says_makes_room() -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:policy/Force_MFA"
    goal = Goal(policy_goal(tags={}, description=""), users=("admin",))
    with administered() as local:
        iam, api = iam_of(local), signed_in(local, "admin", mfa=True)
        text = json.dumps(to_json(enforcement(Preset.AWS)))
        iam.create_policy(PolicyName="Force_MFA", PolicyDocument=text)
        for _ in range(4):
            iam.create_policy_version(PolicyArn=arn, PolicyDocument=text, SetAsDefault=True)
        snapshot = collect(api, now=datetime.now(UTC))
        (note,) = [note for note in plan(goal, snapshot, ADMIN).reasons if note.id == "quota"]
        assert set(snapshot.policies[arn].made_at) == {"v1", "v2", "v3", "v4", "v5"}
        ((_, version),) = DELETE.findall(note.text.en)
        iam.delete_policy_version(PolicyArn=arn, VersionId=version)
        after = plan(goal, collect(api, now=datetime.now(UTC)), ADMIN)
        assert "quota" not in [note.id for note in after.reasons]


def quotas(made: Plan) -> list[PlanNote]:
    return [note for note in made.reasons if note.id == "quota"]


def full(number: int, summary: dict[str, int]) -> Snapshot:
    """Return an account in which machine has so many policies."""
    return replace(crowded(account(), attached=number), summary=summary)


@pytest.mark.parametrize(("attached", "most"), [(19, None), (20, 20)])
def test_the_quota_is_the_accounts_own(attached: int, most: int | None) -> None:
    start = full(attached, TWENTY)
    at = PlanningContext(start, ADMIN, ("glass",))
    for made in (plan(MACHINE, start, ADMIN), offboard(at, "machine")):
        told = [re.findall(r"PoliciesPerUser: (\d+)", note.text.en) for note in quotas(made)]
        assert told == ([[str(most)]] if most else [])
    assert quotas(reset(at, "machine")) == [], "it attaches nothing"


def test_a_quota_that_was_not_read_is_taken_as_the_default_and_said_so() -> None:
    (note,) = quotas(plan(MACHINE, full(10, {}), ADMIN))
    assert (
        "PoliciesPerUser: 10 (AWS's default: the account's own quota was not read" in note.text.en
    )
    assert "デフォルト値" in note.text.ja
    (note,) = quotas(plan(MACHINE, full(10, {"AttachedPoliciesPerUserQuota": 10}), ADMIN))
    assert "default" not in note.text.en


def test_how_to_make_room_is_said_and_makes_room() -> None:
    start = full(10, {})
    old = start.user_named["machine"].attached[0]
    (note,) = quotas(plan(replace(MACHINE, replaces=(old,)), start, ADMIN))
    for text in (note.text.en, note.text.ja):
        assert "`replaces`" in text
    grouped = replace(MACHINE, users=(), group=GroupGoal("Enforced", ("machine",)), replaces=(old,))
    assert quotas(plan(grouped, start, ADMIN)) == []
    machine = start.user_named["machine"]
    fewer = with_user(start, replace(machine, attached=machine.attached[1:]))
    assert quotas(plan(MACHINE, fewer, ADMIN)) == []


@pytest.mark.parametrize(
    ("summary", "over"),
    [
        ({}, []),
        ({"Policies": 1499, "Groups": 299, "Users": 4999}, []),
        # by AWS's defaults, and by the account's own
        (
            {"Policies": 1500, "Groups": 300, "Users": 5000},
            ["PoliciesPerAccount: 1500", "GroupsPerAccount: 300", "UsersPerAccount: 5000"],
        ),
        ({"Policies": 1500, "PoliciesQuota": 1501, "Groups": 300, "GroupsQuota": 500}, []),
        # what was read is there, whatever AWS counts
        ({"Users": 1, "UsersQuota": 4}, ["UsersPerAccount: 4"]),
        ({"GroupsQuota": 1}, ["GroupsPerAccount: 1"]),
    ],
)
def test_what_the_account_may_have_in_all_is_counted(
    summary: dict[str, int], over: list[str]
) -> None:
    made = plan(one_of_each(), replace(account(), summary=summary), ADMIN)
    notes = quotas(made)
    assert [re.findall(r"[A-Z]\w+PerAccount: \d+", note.text.en)[0] for note in notes] == over
    assert all(note.names == (ACCOUNT,) for note in notes)
    assert made.applicable is (not over)


def test_what_is_there_already_needs_no_room() -> None:
    full_ = {"Policies": 1500, "Groups": 300, "Users": 5000}
    tags = {"team": "security", "cost": "0"}
    start = account()
    policies = {**start.policies, ENFORCEMENT: managed(ENFORCEMENT, enforcement(), tags=tags)}
    start = replace(start, policies=policies, summary=full_)
    assert quotas(plan(MACHINE, start, ADMIN)) == []
    assert quotas(offboard(PlanningContext(start, ADMIN, ("glass",)), "machine")) == []
