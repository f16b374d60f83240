"""What a roll-out costs: one list serves all who join a group, and a plan is linear in users.

Reads `rollout.changes`, `rollout.goal` and `rollout.planning` itself, because how often something
is copied or asked shows in no plan.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from administered import iam_of, signed_in
from rollout.staging import ADMIN, NOW, account, company, policy_goal, user
from rollout.test_enrolment import EXCEPTIONS, GOAL, OPEN, people
from rollout.test_laws import made, password
from sekisho.account import AwsApi, Password, Snapshot, User
from sekisho.audit.exceptions import Exceptions, load_exceptions
from sekisho.documents import yaml_shape
from sekisho.engine import (
    AttachedPolicy,
    Context,
    Decision,
    DecisionEffect,
    Policies,
    Request,
    decide,
)
from sekisho.policy import from_json
from sekisho.rollout import (
    AddUserToGroup,
    Change,
    Goal,
    GroupGoal,
    Journal,
    Plan,
    Planner,
    execute,
    goal_of,
    plan,
)
from sekisho.rollout.changes.model import Forecast
from sekisho.rollout.goal import selectors
from sekisho.rollout.planning import planner, safety
from sekisho.rollout.planning.requests import may_allow_more


class Counting:
    """An `AwsApi` that counts the operations that it is asked for."""

    def __init__(self, api: AwsApi) -> None:
        self._api, self.calls = api, Counter[str]()

    def call(self, service: str, operation: str, /, **params: object) -> Mapping[str, Any]:
        self.calls[operation] += 1
        return self._api.call(service, operation, **params)

    def pages(self, service: str, operation: str, key: str, /, **params: object) -> Any:
        self.calls[operation] += 1
        return self._api.pages(service, operation, key, **params)


def test_one_list_of_the_group_serves_all_who_join_it(tmp_path: Path) -> None:
    with company() as local:
        iam, names = iam_of(local), [f"u{number}" for number in range(12)]
        for name in names:
            iam.create_user(UserName=name)
        counting = Counting(signed_in(local, "admin", mfa=True))
        whole = made(counting, Goal(policy_goal(), group=GroupGoal("Enforced", tuple(names))))
        counting.calls.clear()
        journal = Journal(tmp_path / "journal")
        assert execute(whole, counting, journal, passwords=password, now=lambda: NOW).complete
    assert counting.calls["AddUserToGroup"] == len(names)
    assert counting.calls["ListGroupsForUser"] == 0
    # by drift, by newcomers of the group, and once for all who join; not once for each of them
    assert counting.calls["GetGroup"] < len(names) / 2


def many(count: int) -> Snapshot:
    """Return the account with many more users who are all in one group."""
    more = (user(f"u{at:05}", groups=("Developers",), password=Password()) for at in range(count))
    return replace(account(), users=(*account().users, *more))


def test_a_change_is_forecast_without_a_copy_of_the_account(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    snapshots: list[Snapshot] = []
    original = Forecast.snapshot

    def counted(self: Forecast) -> Snapshot:
        snapshots.append(made := original(self))
        return made

    monkeypatch.setattr(Forecast, "snapshot", counted)
    start = many(300)
    goal = Goal(policy_goal(), group=GroupGoal("Enforced", tuple(u.name for u in start.users[4:])))
    joins: list[Change] = [
        each for each in plan(goal, start, ADMIN).changes if isinstance(each, AddUserToGroup)
    ]
    assert len(joins) == 300
    assert len(snapshots) < 10


def test_calls_that_differ_in_the_user_alone_are_decided_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    original = safety.decide_request

    def counted(*given: Any) -> Decision:
        asked.append(given[-1].resource)
        return original(*given)

    monkeypatch.setattr(safety, "decide_request", counted)
    plan(Goal(policy_goal(), users=tuple(u.name for u in many(300).users[4:])), many(300), ADMIN)
    assert len(asked) < 100


def test_a_policy_that_names_a_user_is_asked_about_each() -> None:
    """Nothing is taken from one user to another where a policy tells them apart."""
    start = many(20)
    refused = {
        "Effect": "Deny",
        "Action": "iam:AttachUserPolicy",
        "Resource": "arn:aws:iam::*:user/u00007",
    }
    own = AttachedPolicy("own", from_json({"Version": "2012-10-17", "Statement": [refused]}))
    users = tuple(replace(u, inline=(own,)) if u.name == "admin" else u for u in start.users)
    goal = Goal(policy_goal(), users=tuple(u.name for u in start.users[4:]))
    made = plan(goal, replace(start, users=users), ADMIN)
    (proof,) = [each for each in made.proofs if each.id == "caller-keeps-access"]
    assert proof.failed == ("iam:AttachUserPolicy",)
    assert ["u00007" in text.en for text in proof.shown] == [True]


def test_a_user_who_is_named_is_looked_up_and_not_looked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried: list[str] = []
    original = selectors._all

    def counted(tests: Iterable[Any], user: User) -> bool | None:
        tried.append(user.name)
        return original(tests, user)

    monkeypatch.setattr(selectors, "_all", counted)
    start = many(300)
    names = [each.name for each in start.users[4:]]
    text = f"group: Enforced\nwho: [{', '.join(f'{{user: {each}}}' for each in names)}]\n"
    goal = goal_of(yaml_shape(text, "goal.yaml"), "goal.yaml", start, Exceptions())
    assert {*names} <= {*goal.enforced}
    # once for who is selected, and once for selectors that nobody matches
    assert Counter(tried) == dict.fromkeys(names, 2)


def test_what_is_revised_is_judged_and_only_what_stays_is_described(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    described: list[Goal] = []
    original = planner._described

    def counted(draft: Any, *others: Any) -> Plan:
        described.append(draft.goal)
        return original(draft, *others)

    monkeypatch.setattr(planner, "_described", counted)
    start = many(20)
    goals = [
        Goal(policy_goal(), users=tuple(each.name for each in start.users[4:][:count]))
        for count in (20, 10, 5)
    ]
    made_by, judged = Planner(start, ADMIN, {}, None), None
    for goal in goals:
        judged = made_by.judged(goal, judged)
    assert judged is not None
    assert made_by.described(judged) == plan(goals[-1], start, ADMIN)
    assert described == [goals[-1], goals[-1]]


def test_a_round_knows_all_of_the_plan_but_what_is_described() -> None:
    """Who must be told first goes by what a goal requires, by its time zone and its exceptions."""
    start = people(OPEN)
    goal = goal_of(
        yaml_shape("require: passkey\n" + GOAL.format(enforce="on-date"), "goal.yaml"),
        "goal.yaml",
        start,
        load_exceptions(EXCEPTIONS),
    )
    made_by = Planner(start, ADMIN, {}, None)
    judged = made_by.judged(goal)
    made = made_by.described(judged)
    described = {"warnings", "affected", "needs", "snapshot", "logs", "remedies"}
    for name in {each.name for each in fields(Plan)} - described:
        assert getattr(judged.plan, name) == getattr(made, name), name


STATEMENTS = [
    {"Effect": effect, element: action, "Resource": "*", **condition}
    for effect in ("Allow", "Deny")
    for element, action in (
        ("Action", "*"),
        ("Action", "s3:List*"),
        ("NotAction", "s3:*"),
        ("Action", "iam:ListUsers"),
    )
    for condition in ({}, {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}})
]
DOCUMENTS = [from_json({"Version": "2012-10-17", "Statement": [each]}) for each in STATEMENTS]
LISTED = "s3:ListAllMyBuckets"


@given(before=st.sets(st.sampled_from(range(16))), after=st.sets(st.sampled_from(range(16))))
def test_nobody_gains_what_nothing_may_allow_that_did_not(
    before: set[int], after: set[int]
) -> None:
    then, now = (
        Policies(identity=tuple(AttachedPolicy(str(each), DOCUMENTS[each]) for each in some))
        for some in (before, after)
    )
    if may_allow_more(then, now, LISTED):
        return
    for mfa in ("true", "false"):
        context = Context({"aws:MultiFactorAuthPresent": mfa})
        request = Request(ADMIN.arn, LISTED, "*", context)
        gained = decide(request, now).effect is DecisionEffect.ALLOWED
        assert not gained or decide(request, then).effect is DecisionEffect.ALLOWED
