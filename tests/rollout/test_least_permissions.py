"""The least policy is the least: without any one of its actions the way there and back is refused.

By the plan's own word about its caller, and over the wire, where the authorizer decides each call.
By
default one action in five is tried, in the deep profile each.

Reads `rollout.planning.permissions` itself, because the reads that every plan needs are not told
apart in the policy that it prints.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from administered import ACCOUNT, REGION, iam_of, signed_in
from rollout.staging import (
    ENFORCEMENT,
    NOW,
    Killing,
    account,
    company,
    enforcement,
    managed,
    one_of_each,
    policy_goal,
    user,
    with_user,
)
from rollout.test_laws import known, password
from sekisho.account import AwsApi, Snapshot, collect
from sekisho.account.aws import Boto3Api, Keys, connect
from sekisho.errors import AwsRefused
from sekisho.localaws import LocalAws
from sekisho.policy import Preset, to_json
from sekisho.rollout import Goal, Journal, Plan, PlanCaller, execute, plan, roll_back
from sekisho.rollout.planning.permissions import ACCOUNT_READS, CONSOLE_READ

OPERATOR = PlanCaller(f"arn:aws:iam::{ACCOUNT}:user/operator")
OLD = ENFORCEMENT.replace("Force_MFA", "Old")
OWN = ENFORCEMENT.replace("Force_MFA", "own")
GOALS = {
    "first": one_of_each(),
    "again": Goal(policy_goal(), users=("machine",), replaces=(OLD,)),
}
deep = settings.default is not None and settings.default.max_examples >= 10_000
Needs = Mapping[str, Any]


def tried(needs: Needs) -> list[str]:
    found = {action for each in needs["Statement"] for action in each["Action"]}
    # where these are refused, nothing stops and the report says so: tests/rollout/test_rights.py,
    # or who gets in is unknown where that hangs on them
    actions = sorted(found - {CONSOLE_READ, *ACCOUNT_READS})
    return actions if deep else actions[::5]


def without(needs: Needs, action: str) -> Needs:
    kept = (
        {**each, "Action": [one for one in each["Action"] if one != action]}
        for each in needs["Statement"]
    )
    return {**needs, "Statement": [each for each in kept if each["Action"]]}


def holding(start: Snapshot, needs: Needs) -> Snapshot:
    """Return the account in which the operator may do just this."""
    operator = user("operator", attached=(OWN,))
    policies = {**start.policies, OWN: managed(OWN, needs)}
    return replace(with_user(start, operator), policies=policies)


def planned(goal: Goal, start: Snapshot) -> Plan:
    """Return the plan of an operator who may do just what it needs."""
    start = with_user(start, user("operator"))
    made = plan(goal, holding(start, plan(goal, start, OPERATOR).needs), OPERATOR)
    assert made.applicable, made.problem_ids
    return made


def before_again(start: Snapshot) -> Snapshot:
    old = {
        arn: managed(arn, enforcement(Preset.AWS), tags={"team": "it"})
        for arn in (ENFORCEMENT, OLD)
    }
    machine = replace(start.user_named["machine"], attached=(OLD,))
    return replace(with_user(start, machine), policies={**start.policies, **old})


@pytest.mark.parametrize("name", GOALS)
def test_the_plan_says_which_action_its_caller_lacks(name: str) -> None:
    start = account() if name == "first" else before_again(account())
    whole = planned(GOALS[name], start)
    for action in tried(whole.needs):
        lacking = plan(GOALS[name], holding(start, without(whole.needs, action)), OPERATOR)
        (proof,) = [each for each in lacking.proofs if each.id == "caller-keeps-access"]
        assert {*proof.failed} == {action}


class Losing(Killing):
    """An `AwsApi` that loses its first answer about a new password."""

    def __init__(self, api: AwsApi) -> None:
        super().__init__(api, 10**6, after=False)
        self._loses = ["CreateLoginProfile"]

    def call(self, service: str, operation: str, /, **params: object) -> Mapping[str, Any]:
        answer = super().call(service, operation, **params)
        if operation in self._loses:
            self._loses.remove(operation)
            raise AwsRefused(operation, "ReadTimeoutError", "lost", 0)
        return answer


def stopped_at(made: Plan, api: AwsApi, path: Path) -> tuple[str, str]:
    """Return where applying the plan and taking it back comes to a stop, and why.

    What is refused for one person leaves out that person, and says why.
    """
    journal, losing = Journal(path), Losing(api)
    try:
        report = execute(made, losing, journal, passwords=password, now=lambda: NOW)
        stop = report.stopped
        if stop is not None and not stop.status:
            report = execute(made, losing, journal, passwords=password, now=lambda: NOW)
            stop = report.stopped
        if report.left_out and path.name in " ".join(each.en for each in report.left_out.values()):
            return path.name, "AccessDenied"
        assert not report.left_out
        stop = stop or roll_back(made, journal, api, now=lambda: NOW).stopped
    except AwsRefused as refused:
        return refused.operation, refused.aws_code
    return (stop.operation, stop.aws_code) if stop else ("", "")


class Operator:
    """A user of the local AWS who may do what `may` says."""

    def __init__(self, local: LocalAws) -> None:
        self._iam = iam_of(local)
        self._iam.create_user(UserName="operator")
        key = self._iam.create_access_key(UserName="operator")["AccessKey"]
        keys = Keys(key["AccessKeyId"], key["SecretAccessKey"])
        self.api: Boto3Api = connect(region=REGION, endpoint_url=local.url, credentials=keys)

    def may(self, needs: Needs) -> None:
        text = json.dumps(needs)
        for each in self._iam.list_attached_user_policies(UserName="operator")["AttachedPolicies"]:
            self._iam.detach_user_policy(UserName="operator", PolicyArn=each["PolicyArn"])
            self._iam.delete_policy(PolicyArn=each["PolicyArn"])
        self._iam.create_policy(PolicyName="own", PolicyDocument=text)
        self._iam.attach_user_policy(UserName="operator", PolicyArn=OWN)


def stand_again(local: LocalAws) -> None:
    """Make what `before_again` describes."""
    iam, text = iam_of(local), json.dumps(to_json(enforcement(Preset.AWS)))
    for name in ("Force_MFA", "Old"):
        tags = [{"Key": "team", "Value": "it"}]
        iam.create_policy(PolicyName=name, PolicyDocument=text, Tags=tags)
    iam.attach_user_policy(UserName="machine", PolicyArn=OLD)


@pytest.mark.parametrize("name", GOALS)
def test_aws_refuses_without_any_one_of_its_actions(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # that the operator's rights change all the time is what is tried here
    module = import_module("sekisho.rollout.applying.preconditions")
    monkeypatch.setattr(module, "changed_rights", lambda *_: ())
    with company() as local:
        operator = Operator(local)
        if name == "again":
            stand_again(local)
        made = planned(GOALS[name], collect(signed_in(local, "admin", mfa=True), now=NOW))
        for action in tried(made.needs):
            journal = tmp_path / action.partition(":")[2]
            operator.may(without(made.needs, action))
            assert stopped_at(made, operator.api, journal) == (journal.name, "AccessDenied")
            operator.may(made.needs)
            if journal.exists():
                back = roll_back(
                    made, known(made, journal, operator.api), operator.api, now=lambda: NOW
                )
                assert (back.complete, back.left) == (True, ())
        assert CONSOLE_READ in json.dumps(made.needs)
        assert stopped_at(made, operator.api, tmp_path / "whole") == ("", "")
