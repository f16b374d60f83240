"""Who feels a change through a group or a policy: whoever has come since the plan was judged.

Reads the lines of `cli.rollout.status` without a command.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from administered import ACCOUNT, FULL, iam_of, signed_in
from rollout.staging import (
    ADMIN,
    ENFORCEMENT,
    NOW,
    TRUST,
    account,
    company,
    enforcement,
    managed,
    policy_goal,
)
from rollout.test_concurrent_changes import Meanwhile
from rollout.test_laws import made, password
from sekisho.account import AwsApi, Group, Snapshot
from sekisho.cli.rollout.status import plan_status_lines
from sekisho.errors import Code, PlanRefused
from sekisho.localaws import LocalAws
from sekisho.messages import Language, Message
from sekisho.policy import Preset, to_json
from sekisho.rollout import (
    ChangeStatus,
    Goal,
    GroupGoal,
    Journal,
    Plan,
    PlanFile,
    RollbackChoices,
    execute,
    plan,
    plan_status,
    roll_back,
    status_to_json,
)

OLD = ENFORCEMENT.replace("Force_MFA", "Old")
STAFF = Goal(policy_goal(), group=GroupGoal("Staff", ("hanako",)), break_glass=("glass",))
REPLACING = Goal(policy_goal(), users=("hanako",), replaces=(OLD,))
ATTACHMENT = f"group-attachment Staff {ENFORCEMENT}"
VERSIONS = f"policy-versions {ENFORCEMENT}"
Colleague = Callable[[Any], object]


def joins(name: str) -> Colleague:
    return lambda iam: iam.add_user_to_group(GroupName="Staff", UserName=name)


def attaches_to_role(iam: Any) -> None:
    iam.create_role(RoleName="app-server", AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.attach_role_policy(RoleName="app-server", PolicyArn=ENFORCEMENT)


@pytest.fixture
def local() -> Iterator[LocalAws]:
    with company() as running:
        iam = iam_of(running)
        iam.create_group(GroupName="Staff")
        iam.add_user_to_group(GroupName="Staff", UserName="hanako")
        yield running


@pytest.fixture
def api(local: LocalAws) -> AwsApi:
    return signed_in(local, "admin", mfa=True)


def stand_before(local: LocalAws, *, attached: bool) -> None:
    """Let an older version of the policy stand, and another that is replaced."""
    iam, text = iam_of(local), json.dumps(to_json(enforcement(Preset.AWS)))
    for name in ("Force_MFA", "Old"):
        iam.create_policy(PolicyName=name, PolicyDocument=text)
    if attached:
        iam.attach_group_policy(GroupName="Staff", PolicyArn=ENFORCEMENT)
    else:
        iam.attach_group_policy(GroupName="Staff", PolicyArn=OLD)


def applied(whole: Plan, api: AwsApi, journal: Path) -> bool:
    return execute(whole, api, Journal(journal), passwords=password, now=lambda: NOW).complete


def refused(whole: Plan, api: AwsApi, journal: Path, address: str, *names: str) -> None:
    with pytest.raises(PlanRefused) as caught:
        applied(whole, api, journal)
    assert caught.value.code is Code.PLAN_STALE
    assert "make a new plan" in caught.value.fix.en
    named = ", ".join(f"`{name}`" for name in names)
    assert f"`{address}` would now also affect {named}" in str(caught.value)


BEFORE_APPLY: dict[str, tuple[Goal, bool | None, Colleague, str, str]] = {
    "a-group-that-gets-it": (STAFF, None, joins("glass"), ATTACHMENT, "user glass"),
    "a-group-that-loses-one": (
        *(REPLACING, False, joins("machine")),
        *(f"group-attachment Staff {OLD}", "user machine"),
    ),
    "a-group-that-has-it": (STAFF, True, joins("glass"), VERSIONS, "user glass"),
    "a-role": (STAFF, True, attaches_to_role, VERSIONS, "role app-server"),
    "another-group": (
        *(STAFF, True),
        lambda iam: iam.attach_group_policy(GroupName="Developers", PolicyArn=ENFORCEMENT),
        *(VERSIONS, "group Developers"),
    ),
    "somebody": (
        *(STAFF, True),
        lambda iam: iam.attach_user_policy(UserName="glass", PolicyArn=ENFORCEMENT),
        *(VERSIONS, "user glass"),
    ),
}


@pytest.mark.parametrize("name", BEFORE_APPLY)
def test_whoever_came_before_the_plan_is_applied_stops_it_by_name(
    api: AwsApi, local: LocalAws, tmp_path: Path, name: str
) -> None:
    goal, attached, colleague, address, who = BEFORE_APPLY[name]
    if attached is not None:
        stand_before(local, attached=attached)
    whole, journal = made(api, goal), tmp_path / "journal"
    colleague(iam_of(local))
    refused(whole, api, journal, address, who)
    assert not [line for line in journal.read_text().splitlines() if "begun" in line]
    plan_file = PlanFile(whole, Journal(journal))
    standing = plan_status(plan_file, api)
    assert standing.addresses(ChangeStatus.DRIFTED) == (address,)
    assert f"    would now also affect: {who}" in [*plan_status_lines(whole, standing, Language.EN)]
    (told,) = [each for each in status_to_json(whole, standing)["changes"] if "came" in each]  # type: ignore[attr-defined]  # what it holds is JSON
    assert told == {"address": address, "status": "drifted", "came": [who]}
    # the local AWS has no CloudTrail: that is a reason, for each newcomer
    (asked,) = [each for each in plan_status(plan_file, api, who=True).facts if each.newcomers]
    assert [type(each) for each in asked.newcomer_authors] == [Message]


def test_whoever_comes_as_the_plan_is_applied_stops_it_there(
    api: AwsApi, local: LocalAws, tmp_path: Path
) -> None:
    whole, iam = made(api, STAFF), iam_of(local)
    meanwhile = Meanwhile(api, "CreatePolicy", lambda: joins("glass")(iam))
    refused(whole, meanwhile, tmp_path / "journal", ATTACHMENT, "user glass")
    assert meanwhile.called.count("CreatePolicy") == 1
    assert "AttachGroupPolicy" not in meanwhile.called


def test_a_group_that_a_colleague_made_has_members_whom_nobody_judged(
    api: AwsApi, local: LocalAws, tmp_path: Path
) -> None:
    whole, iam = made(api, replace(STAFF, group=GroupGoal("Enforced", ("hanako",)))), iam_of(local)
    iam.create_group(GroupName="Enforced")
    for name in ("hanako", "machine"):
        iam.add_user_to_group(GroupName="Enforced", UserName=name)
    address = f"group-attachment Enforced {ENFORCEMENT}"
    refused(whole, api, tmp_path / "journal", address, "user machine")


def test_whoever_joins_what_enforcements_already_is_no_drift(
    api: AwsApi, local: LocalAws, tmp_path: Path
) -> None:
    whole, journal = made(api, STAFF), tmp_path / "journal"
    assert applied(whole, api, journal)
    joins("machine")(iam_of(local))
    assert applied(whole, api, journal)
    standing = plan_status(PlanFile(whole, Journal(journal)), api)
    assert {fact.status for fact in standing.facts} == {ChangeStatus.DONE}
    back = roll_back(
        whole,
        Journal(journal),
        api,
        now=lambda: NOW,
        choices=RollbackChoices(leave_unenforced=True),
    )
    assert back.left == ()
    refused(whole, api, journal, ATTACHMENT, "user machine")


def test_who_has_left_is_no_danger(api: AwsApi, local: LocalAws, tmp_path: Path) -> None:
    stand_before(local, attached=True)
    joins("machine")(iam_of(local))
    whole = made(api, STAFF)
    iam_of(local).remove_user_from_group(GroupName="Staff", UserName="machine")
    assert applied(whole, api, tmp_path / "journal")


LEAVES: dict[str, tuple[tuple[str, ...], Colleague, str]] = {
    "whom the goal names": (
        (),
        lambda iam: iam.remove_user_from_group(GroupName="Staff", UserName="hanako"),
        "membership Staff hanako",
    ),
    "who stays in the group and has less": (
        ("machine",),
        lambda iam: iam.detach_user_policy(UserName="machine", PolicyArn=FULL),
        "user machine has lost a policy",
    ),
    "whoever applies it": (
        ("admin",),
        lambda iam: iam.remove_user_from_group(GroupName="Staff", UserName="admin"),
        "user admin has lost a policy",
    ),
}


@pytest.mark.parametrize("name", LEAVES)
def test_whose_loss_counts_is_left_out_and_stops_what_is_for_all(
    api: AwsApi, local: LocalAws, tmp_path: Path, name: str
) -> None:
    members, colleague, said = LEAVES[name]
    stand_before(local, attached=True)
    for member in members:
        joins(member)(iam_of(local))
    whole = made(api, STAFF)
    colleague(iam_of(local))
    if name == "whoever applies it":
        with pytest.raises(PlanRefused) as caught:
            applied(whole, api, tmp_path / "journal")
        assert caught.value.code is Code.PLAN_STALE
        assert said in str(caught.value)
        return
    report = execute(whole, api, Journal(tmp_path / "journal"), passwords=str, now=lambda: NOW)
    assert any(said in why.en for why in report.left_out.values())
    # a new version reaches who is in the group, and waits; whoever has left, it does not reach
    waits = f"policy-versions {ENFORCEMENT}" in report.remaining
    assert waits is (name == "who stays in the group and has less")


def shared() -> Snapshot:
    """Return an account in which users, a group and roles have the policy, or are bounded by it."""
    start = account()
    staff = Group("Staff", "/", f"arn:aws:iam::{ACCOUNT}:group/Staff", (ENFORCEMENT,))
    (deploy,) = start.roles
    bounded = replace(start.user_named["glass"], name="bounded", boundary=ENFORCEMENT, attached=())
    users = (
        replace(each, groups=("Staff",)) if each.name == "hanako" else each for each in start.users
    )
    return replace(
        start,
        users=(*users, bounded),
        groups=(*start.groups, staff),
        roles=(deploy, replace(deploy, name="bounded", boundary=ENFORCEMENT, attached=())),
        policies={
            FULL: start.policies[FULL],
            ENFORCEMENT: managed(ENFORCEMENT, enforcement(Preset.AWS)),
        },
    )


def test_a_plan_keeps_who_feels_a_new_version_and_may_look_again() -> None:
    goal = Goal(policy_goal(), users=("machine",), group=GroupGoal("Enforced", ("admin",)))
    whole = plan(goal, shared(), ADMIN)
    assert Plan.from_json(whole.to_json()).affected == {
        VERSIONS: (
            *("group Enforced", "group Staff", "role bounded"),
            *("user admin", "user bounded", "user hanako", "user machine"),
        ),
        f"group-attachment Enforced {ENFORCEMENT}": ("user admin",),
    }
    allowed = {
        (action, resource)
        for statement in whole.needs["Statement"]
        for action in statement["Action"]
        for resource in statement["Resource"]
    }
    groups = (f"arn:aws:iam::{ACCOUNT}:group/{name}" for name in ("Enforced", "Staff"))
    assert {("iam:GetGroup", group) for group in groups} <= allowed
    assert ("iam:ListEntitiesForPolicy", ENFORCEMENT) in allowed
