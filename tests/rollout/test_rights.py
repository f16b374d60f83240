"""Rights that appear or go between plan and apply: nothing is done by a judgement that is too old.

Over the wire: somebody else changes the account after the plan was made.

Reads `rollout.planning.rights` itself, because rights as digests are in a plan and are compared
only while it is applied.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from administered import FULL, iam_of
from checkpoint import Checkpoint
from rollout.staging import (
    ADMIN,
    NOW,
    Killed,
    Killing,
    Refusing,
    account,
    managed,
    policy_goal,
    user,
    with_user,
)
from sekisho.account import collect, collect_policies
from sekisho.account.aws import Boto3Api
from sekisho.cli.rollout.applying import applied_lines
from sekisho.errors import Code, PlanRefused
from sekisho.localaws import LocalAws
from sekisho.messages import Language
from sekisho.rollout import Goal, GroupGoal, Journal, Plan, execute, plan
from sekisho.rollout.planning.rights import changed_rights, rights_of
from sekisho.signin import ConsoleAuthorization

GOAL = Goal(
    policy_goal(), users=("machine",), group=GroupGoal("Enforced", ("eve",)), break_glass=("glass",)
)
HARMLESS = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}],
}
EVERYTHING = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}
DENIED = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}],
}
Doing = Callable[[Any], object]


def put(name: str, document: dict[str, Any]) -> Doing:
    text = json.dumps(document)
    return lambda iam: iam.put_user_policy(UserName=name, PolicyName="new", PolicyDocument=text)


def trusted(document: dict[str, Any]) -> Doing:
    """Return that a role which `by-role` may assume gets a policy."""
    return lambda iam: iam.put_role_policy(
        RoleName="Deploy", PolicyName="new", PolicyDocument=json.dumps(document)
    )


def prepared(iam: Any) -> None:
    """Make users whom no administrator's policy is attached to, and a role."""
    for name in ("eve", "other", "by-role"):
        iam.create_user(UserName=name)
    assumes = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
    put("by-role", {"Version": "2012-10-17", "Statement": [assumes]})(iam)
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"AWS": iam.get_user(UserName="by-role")["User"]["Arn"]},
            }
        ],
    }
    iam.create_role(RoleName="Deploy", AssumeRolePolicyDocument=json.dumps(trust))


def attached(name: str, arn: str) -> Doing:
    return lambda iam: iam.attach_user_policy(UserName=name, PolicyArn=arn)


CHANGED: dict[str, tuple[Doing, tuple[str, ...]]] = {
    "somebody of the plan rises": (
        attached("eve", FULL),
        ("user eve now has `" + FULL + "`", "`eve` can administer users now"),
    ),
    "by a policy of AWS": (
        attached("eve", "arn:aws:iam::aws:policy/AdministratorAccess"),
        ("policy/AdministratorAccess`", "`eve` can administer users now"),
    ),
    "somebody of the plan gets more": (put("eve", HARMLESS), ("user eve now has `inline new",)),
    "somebody of the plan has less": (
        lambda iam: iam.detach_user_policy(UserName="machine", PolicyArn=FULL),
        ("user machine has lost a policy", "`machine` cannot administer users any more"),
    ),
    "another administrator appears": (
        put("other", EVERYTHING),
        ("`other` can administer users now",),
    ),
    "another rises by a role": (trusted(EVERYTHING), ("`by-role` can administer users now",)),
    "an administrator goes": (
        lambda iam: iam.remove_user_from_group(GroupName="Developers", UserName="hanako"),
        ("`hanako` cannot administer users any more",),
    ),
    "the caller is denied something": (
        put("admin", DENIED),
        ("user admin now has `inline new",),
    ),
    "break-glass user": (put("glass", HARMLESS), ("user glass now has `inline new",)),
}
AS_BEFORE: dict[str, Doing] = {
    "nothing": lambda iam: None,
    "another user gets something harmless": put("other", HARMLESS),
    "a role gets something harmless": trusted(HARMLESS),
    "a policy that nobody has": lambda iam: iam.create_policy(
        PolicyName="Some", PolicyDocument=json.dumps(HARMLESS)
    ),
    "a new user": lambda iam: iam.create_user(UserName="new"),
}


@pytest.fixture(scope="module")
def fresh(fresh: Checkpoint) -> Checkpoint:
    """The company with users whom no administrator's policy is attached to, and a role."""
    prepared(iam_of(fresh.local))
    return Checkpoint(fresh.local)


@pytest.fixture(scope="module")
def made(fresh: Checkpoint, api: Boto3Api) -> Plan:
    fresh.restore()
    accepted = {"keys-in-use:machine": "it is a test"}
    made = plan(GOAL, collect(api, now=NOW), ADMIN, accepted)
    assert made.applicable, made.open_problems
    return Plan.from_json(made.to_json())


def applied(made: Plan, api: Any, journal: Path) -> bool:
    report = execute(made, api, Journal(journal), passwords=str, now=lambda: NOW)
    return report.complete


@pytest.mark.parametrize("name", CHANGED)
def test_whose_rights_have_changed_is_left_out_or_said_or_stops_it(
    name: str, tmp_path: Path, local: LocalAws, made: Plan, api: Boto3Api
) -> None:
    doing, said = CHANGED[name]
    doing(iam_of(local))
    policies = iam_of(local).get_paginator("list_policies")
    if name in STOPPING:
        with pytest.raises(PlanRefused) as refused:
            applied(made, api, tmp_path / "journal")
        found = policies.paginate(Scope="Local").search("Policies[].PolicyName")
        assert "Force_MFA" not in {*found}
        assert refused.value.code is Code.PLAN_STALE
        assert all(each in str(refused.value) for each in said), str(refused.value)
        assert refused.value.fix is not None
        assert "make the plan again" in refused.value.fix.en
        return
    journal = Journal(tmp_path / "journal")
    report = execute(made, api, journal, passwords=str, now=lambda: NOW)
    assert report.stopped is None
    person = PERSON.get(name)
    assert {*report.left_out} == ({person} if person else set())
    text = " ".join(each.en for each in (*report.left_out.values(), *report.notes))
    assert all(each in text for each in said), text
    assert report.complete is (person is None)


PERSON = {
    "somebody of the plan rises": "eve",
    "by a policy of AWS": "eve",
    "somebody of the plan gets more": "eve",
    "somebody of the plan has less": "machine",
}
STOPPING = {"the caller is denied something", "break-glass user"}
CONSOLE_READ = "GetConsoleAuthorizationConfiguration"


@pytest.mark.parametrize("enabled", [True, False])
def test_console_authorization_is_as_the_plan_was_judged(
    enabled: bool, tmp_path: Path, local: LocalAws, made: Plan, api: Boto3Api
) -> None:
    assert made.console_authorization is ConsoleAuthorization.DISABLED
    if not enabled:
        then = ConsoleAuthorization.ENABLED
        made = Plan.from_json(replace(made, console_authorization=then).to_json())
    local.world.console_authorization = enabled
    with pytest.raises(PlanRefused) as refused:
        applied(made, api, tmp_path / "journal")
    policies = iam_of(local).list_policies(Scope="Local")["Policies"]
    assert "Force_MFA" not in {each["PolicyName"] for each in policies}
    before, now = ("disabled", "enabled") if enabled else ("enabled", "disabled")
    assert f"was {before} when the plan was made and is {now} now" in str(refused.value)
    assert refused.value.code is Code.PLAN_STALE
    local.world.console_authorization = not enabled
    assert applied(made, api, tmp_path / "journal")


def test_console_authorization_that_may_not_be_read_again_counts_as_it_was(
    tmp_path: Path, local: LocalAws, made: Plan, api: Boto3Api
) -> None:
    local.world.console_authorization = True
    journal = Journal(tmp_path / "journal")
    refusing = Refusing(api, CONSOLE_READ)
    report = execute(made, refusing, journal, passwords=str, now=lambda: NOW)
    assert report.complete
    (said,) = report.notes
    assert "could not be read (AccessDenied: not authorized). Assuming that it is" in said.en
    assert said.into(Language.JA) in applied_lines(report, Language.JA)


def test_a_plan_that_did_not_know_console_authorization_does_not_ask(
    tmp_path: Path, local: LocalAws, api: Boto3Api
) -> None:
    start = replace(collect(api, now=NOW), console_authorization=None)
    made = plan(GOAL, start, ADMIN, {"keys-in-use:machine": "it is a test"})
    assert "consoleAuthorization" not in made.to_json()
    assert f"signin:{CONSOLE_READ}" not in json.dumps(made.needs)
    local.world.console_authorization = True
    assert applied(Plan.from_json(made.to_json()), api, tmp_path / "journal")


@pytest.mark.parametrize("name", AS_BEFORE)
def test_what_is_no_concern_of_the_plan_is_not_in_the_way(
    name: str, tmp_path: Path, local: LocalAws, made: Plan, api: Boto3Api
) -> None:
    AS_BEFORE[name](iam_of(local))
    assert applied(made, api, tmp_path / "journal")


def test_the_digests_are_whole_and_each_is_said_once() -> None:
    rights = plan(Goal(policy_goal(), users=("hanako", "machine")), account(), ADMIN).rights
    assert {len(each.removeprefix("boundary:")) for each in rights.policies} == {64}
    assert len({*rights.policies}) == len(rights.policies)
    assert rights.digests_of("user hanako") != rights.digests_of("user admin")


@pytest.mark.parametrize("place", [-1, 99])
def test_rights_by_a_policy_that_is_not_said_are_no_plan(place: int) -> None:
    made = plan(Goal(policy_goal(), users=("machine",)), account(), ADMIN)
    wrong = replace(made, rights=replace(made.rights, by_principal={"user machine": (place,)}))
    with pytest.raises(PlanRefused):
        Plan.from_json(wrong.to_json())


def test_the_plans_own_changes_are_none(
    tmp_path: Path, local: LocalAws, made: Plan, api: Boto3Api
) -> None:
    for _ in made.changes[1:]:
        # each run makes one change more
        with pytest.raises(Killed):
            applied(made, Killing(api, 1, after=False), tmp_path / "journal")
        now = collect_policies(api, made.account, made.partition, now=NOW)
        assert [*changed_rights(made.rights, now, made.changes)] == []
    assert applied(made, api, tmp_path / "journal")
    now = collect_policies(api, made.account, made.partition, now=NOW)
    assert [*changed_rights(made.rights, now, made.changes)] == []


def test_where_rights_cannot_be_read_nothing_is_done(
    tmp_path: Path, local: LocalAws, made: Plan, api: Boto3Api
) -> None:
    report = execute(
        made,
        RefusingPages(api, "GetAccountAuthorizationDetails"),
        Journal(tmp_path / "journal"),
        passwords=str,
        now=lambda: NOW,
    )
    assert report.done == ()
    assert report.stopped is not None
    assert (report.stopped.operation, report.stopped.aws_code) == (
        "GetAccountAuthorizationDetails",
        "AccessDenied",
    )


class RefusingPages(Refusing):
    """An `AwsApi` that refuses one listing."""

    def pages(self, service: str, operation: str, key: str, /, **params: object) -> Any:
        if operation == self._operation:
            self.call(service, operation)
        return super().pages(service, operation, key, **params)


def test_the_text_of_a_policy_of_aws_does_not_count() -> None:
    # ours, before the plan attaches it, and AWS's own, once it is attached, may differ in a Sid
    arn = "arn:aws:iam::aws:policy/AWSDenyAll"
    with_sid = {"Sid": "AWSDenyAll", "Effect": "Deny", "Action": ["*"], "Resource": ["*"]}
    snapshot = with_user(account(), user("taro", attached=(arn,)))
    found = []
    for statement in (with_sid, {**with_sid, "Sid": "Other"}):
        text = {"Version": "2012-10-17", "Statement": [statement]}
        policy = managed(arn, text, aws_managed=True)
        policies = {**snapshot.policies, arn: policy}
        found.append(rights_of(replace(snapshot, policies=policies), ("taro",), ADMIN.arn))
    assert found[0] == found[1]
