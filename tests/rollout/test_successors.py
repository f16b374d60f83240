"""Nothing is taken away from a person before its successor is there, or back where it cannot come.

A person whose policies are as many as AWS takes is swapped: the enrolment policy goes first, and
comes back where AWS refuses the other.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from administered import ACCOUNT
from checkpoint import Checkpoint
from rollout.staging import ENFORCEMENT, NOW, Killed, enforcement
from rollout.test_laws import SECRET, made, password
from sekisho.account import AwsApi, collect
from sekisho.account.aws import Boto3Api
from sekisho.audit.exceptions import Exceptions
from sekisho.documents import yaml_shape
from sekisho.errors import AwsRefused, PlanRefused
from sekisho.policy import enrolment_policy, to_json
from sekisho.rollout import ApplyReport, Journal, Plan, execute, goal_of, retried, roll_back

ENROLMENT = f"arn:aws:iam::{ACCOUNT}:policy/Force_MFA_enrol"
GOAL = """\
policy: {{preset: aws}}
{more}
waves:
  - name: everybody
    enrolFrom: 2026-11-01
    from: 2026-11-20
    who: [{{user: hanako}}, {{user: taro}}]
breakGlass: [glass]
"""
MOST = 10


@pytest.fixture(scope="module")
def enrolling(fresh: Checkpoint, iam: Any) -> Checkpoint:
    """hanako and taro can enrol; hanako has no place for another policy."""
    local = fresh.restore()
    iam.create_policy(
        PolicyName="Force_MFA_enrol", PolicyDocument=json.dumps(to_json(enrolment_policy()))
    )
    iam.create_policy(PolicyName="Force_MFA", PolicyDocument=json.dumps(to_json(enforcement())))
    iam.create_user(UserName="taro")
    for name in ("hanako", "taro"):
        iam.create_login_profile(UserName=name, Password=SECRET)
        iam.attach_user_policy(UserName=name, PolicyArn=ENROLMENT)
    for number in range(MOST - 1):
        text = json.dumps(to_json(enrolment_policy()))
        arn = iam.create_policy(PolicyName=f"Own{number}", PolicyDocument=text)["Policy"]["Arn"]
        iam.attach_user_policy(UserName="hanako", PolicyArn=arn)
    return Checkpoint(local)


@pytest.fixture(autouse=True)
def _people(enrolling: Checkpoint) -> None:
    enrolling.restore()


@pytest.fixture(scope="module")
def plan(enrolling: Checkpoint, api: Boto3Api) -> Plan:
    """What is due on the day, with the policy attached directly."""
    enrolling.restore()
    return planned(api)


def planned(api: AwsApi, more: str = "") -> Plan:
    shape = yaml_shape(GOAL.format(more=more), "goal.yaml")
    return made(api, goal_of(shape, "goal.yaml", collect(api, now=NOW), Exceptions()))


def apply(plan: Plan, api: AwsApi, path: Path, now: Callable[[], Any] = lambda: NOW) -> ApplyReport:
    return execute(plan, api, Journal(path), passwords=password, now=now)


def attached(iam: Any, user: str) -> set[str]:
    """Return the policies of MFA that a user has."""
    found = iam.list_attached_user_policies(UserName=user)["AttachedPolicies"]
    return {each["PolicyName"] for each in found} & {"Force_MFA", "Force_MFA_enrol"}


class Meddling:
    """An `AwsApi` in whose calls a test has a hand, by operation and user."""

    def __init__(self, api: AwsApi, **hands: Callable[[str], object]) -> None:
        self._api, self._hands = api, hands
        self.calls: list[tuple[str, str]] = []

    def call(self, service: str, operation: str, /, **params: object) -> Mapping[str, Any]:
        user = str(params.get("UserName", ""))
        if not operation.startswith(("Get", "List")):
            self.calls.append((operation, user))
        if hand := self._hands.get(f"before_{operation}"):
            hand(user)
        answer = self._api.call(service, operation, **params)
        if hand := self._hands.get(operation):
            hand(user)
        return answer

    def pages(self, service: str, operation: str, key: str, /, **params: object) -> Iterator[Any]:
        yield from self._api.pages(service, operation, key, **params)


def refusing(code: str, status: int, user: str = "hanako") -> Callable[[str], None]:
    def refuse(name: str) -> None:
        if name == user:
            raise AwsRefused("AttachUserPolicy", code, "Cannot exceed quota", status)

    return refuse


def of(api: Meddling, user: str) -> list[str]:
    return [operation for operation, name in api.calls if name == user]


def test_only_who_has_no_place_is_swapped(
    plan: Plan, api: Boto3Api, iam: Any, tmp_path: Path
) -> None:
    watched = Meddling(api)
    assert plan.applicable, plan.open_problems
    assert apply(plan, watched, tmp_path / "journal").complete
    assert of(watched, "hanako") == ["DetachUserPolicy", "AttachUserPolicy"]
    assert of(watched, "taro") == ["AttachUserPolicy", "DetachUserPolicy"]
    assert attached(iam, "hanako") == attached(iam, "taro") == {"Force_MFA"}
    assert roll_back(plan, Journal(tmp_path / "journal"), api, now=lambda: NOW).left == ()
    assert attached(iam, "hanako") == attached(iam, "taro") == {"Force_MFA_enrol"}


@pytest.mark.parametrize("refusal", [("LimitExceeded", 409), ("AccessDenied", 403)])
def test_who_does_not_get_the_policy_has_the_former_back(
    plan: Plan, api: Boto3Api, iam: Any, tmp_path: Path, refusal: tuple[str, int]
) -> None:
    path = tmp_path / "journal"
    report = apply(plan, Meddling(api, before_AttachUserPolicy=once(refusing(*refusal))), path)
    assert {*report.left_out} == {"hanako"}
    assert attached(iam, "hanako") == {"Force_MFA_enrol"}
    assert attached(iam, "taro") == {"Force_MFA"}, "one fault, one person"
    assert apply(plan, api, path).complete, "once AWS agrees, the same command does the rest"
    assert attached(iam, "hanako") == {"Force_MFA"}


def once(hand: Callable[[str], None]) -> Callable[[str], None]:
    """Return what happens at the first call that it concerns."""
    done: list[str] = []

    def act(user: str) -> None:
        if not done:
            try:
                hand(user)
            except AwsRefused:
                done.append(user)
                raise

    return act


def test_nobody_waits_without_either_while_aws_does_not_answer(
    plan: Plan, api: Boto3Api, iam: Any, tmp_path: Path
) -> None:
    path = tmp_path / "journal"
    broken = Meddling(api, before_AttachUserPolicy=once(refusing("ServiceUnavailable", 503)))
    report = apply(plan, broken, path)
    assert report.stopped is not None
    assert report.stopped.passes
    assert attached(iam, "hanako") == {"Force_MFA_enrol"}
    assert apply(plan, api, path).complete


def kill(user: str) -> None:
    if user == "hanako":
        raise Killed


@pytest.mark.parametrize("at", ["DetachUserPolicy", "before_AttachUserPolicy", "AttachUserPolicy"])
def test_a_kill_in_between_is_made_good_by_the_next_run_or_the_roll_back(
    plan: Plan, api: Boto3Api, iam: Any, tmp_path: Path, at: str
) -> None:
    path = tmp_path / "journal"
    with pytest.raises(Killed):
        apply(plan, Meddling(api, **{at: kill}), path)
    journal = path.read_bytes()
    assert apply(plan, api, path).complete
    assert attached(iam, "hanako") == {"Force_MFA"}

    # the same, but now the person would be locked out
    path.write_bytes(journal)
    iam.detach_user_policy(UserName="hanako", PolicyArn=ENFORCEMENT)
    iam.update_login_profile(UserName="hanako", PasswordResetRequired=True)
    if at != "AttachUserPolicy":
        assert "hanako" in apply(plan, api, path).left_out
        assert attached(iam, "hanako") == {"Force_MFA_enrol"}

    path.write_bytes(journal)
    assert roll_back(plan, Journal(path), api, now=lambda: NOW).stopped is None
    assert attached(iam, "hanako") == {"Force_MFA_enrol"}


def test_a_new_plan_goes_on_where_a_kill_has_left_a_person_with_neither(
    plan: Plan, api: Boto3Api, iam: Any, tmp_path: Path
) -> None:
    with pytest.raises(Killed):
        apply(plan, Meddling(api, DetachUserPolicy=kill), tmp_path / "journal")
    assert attached(iam, "hanako") == set()
    assert apply(planned(api), api, tmp_path / "another").complete
    assert attached(iam, "hanako") == {"Force_MFA"}


def test_what_somebody_takes_away_at_once_is_seen_before_the_former_goes(
    plan: Plan, api: Boto3Api, iam: Any, tmp_path: Path
) -> None:
    path = tmp_path / "journal"

    def meddle(user: str) -> None:
        iam.detach_user_policy(UserName=user, PolicyArn=ENFORCEMENT)

    late = iter(range(10_000))
    watched = Meddling(api, AttachUserPolicy=lambda user: user == "taro" and meddle(user))
    # a look much later: it is no matter of AWS not showing it yet
    report = apply(plan, watched, path, lambda: NOW + timedelta(minutes=next(late)))
    assert "taro" in report.left_out
    assert attached(iam, "taro") == {"Force_MFA_enrol"}
    assert attached(iam, "hanako") == {"Force_MFA"}


class Lagging(Meddling):
    """An AWS that shows a policy of taro's only after some looks."""

    looks = 3

    def pages(self, service: str, operation: str, key: str, /, **params: object) -> Iterator[Any]:
        for each in self._api.pages(service, operation, key, **params):
            own = params.get("UserName") == "taro" and each.get("PolicyArn") == ENFORCEMENT
            if own and self.looks:
                self.looks -= 1
                continue
            yield each


def test_what_aws_does_not_show_yet_is_waited_for(
    plan: Plan, api: Boto3Api, tmp_path: Path
) -> None:
    waited, lagging = list[float](), Lagging(api)
    report = retried(
        lambda: apply(plan, lagging, tmp_path / "journal"), waited.append, lambda _: None
    )
    assert report.complete
    assert waited
    assert of(lagging, "taro") == ["AttachUserPolicy", "DetachUserPolicy"]


def test_a_group_that_has_lost_the_policy_takes_nothing_from_anybody(
    api: Boto3Api, iam: Any, tmp_path: Path
) -> None:
    """The policy comes by the group, so the person's own attachments do not tell."""
    plan, late = planned(api, "group: Enforced"), iter(range(10_000))
    assert plan.applicable, plan.open_problems

    def meddle(_: str) -> None:
        iam.detach_group_policy(GroupName="Enforced", PolicyArn=ENFORCEMENT)

    watched = Meddling(api, AddUserToGroup=lambda user: user == "hanako" and meddle(user))
    with pytest.raises(PlanRefused, match="group-attachment Enforced"):
        apply(
            plan,
            watched,
            tmp_path / "journal",
            lambda: NOW + timedelta(minutes=next(late)),
        )
    assert attached(iam, "hanako") == attached(iam, "taro") == {"Force_MFA_enrol"}


def test_who_is_taken_out_of_the_group_at_once_keeps_the_former(
    api: Boto3Api, iam: Any, tmp_path: Path
) -> None:
    plan, late = planned(api, "group: Enforced"), iter(range(10_000))

    def meddle(user: str) -> None:
        if user == "hanako":
            iam.remove_user_from_group(GroupName="Enforced", UserName=user)

    report = apply(
        plan,
        Meddling(api, AddUserToGroup=meddle),
        tmp_path / "journal",
        lambda: NOW + timedelta(minutes=next(late)),
    )
    assert "hanako" in report.left_out
    assert attached(iam, "hanako") == {"Force_MFA_enrol"}
    assert attached(iam, "taro") == set()


def test_what_is_replaced_stays_where_its_successor_is_refused(
    api: Boto3Api, iam: Any, tmp_path: Path
) -> None:
    old = iam.create_policy(
        PolicyName="Old_MFA", PolicyDocument=json.dumps(to_json(enforcement()))
    )["Policy"]["Arn"]
    iam.attach_user_policy(UserName="taro", PolicyArn=old)
    plan = planned(api, f"replaces: [{old}]")
    refused = Meddling(api, before_AttachUserPolicy=refusing("LimitExceeded", 409, "taro"))
    report = apply(plan, refused, tmp_path / "journal")
    assert {*report.left_out} == {"taro"}
    assert of(refused, "taro") == ["AttachUserPolicy"]
    assert apply(plan, watched := Meddling(api), tmp_path / "journal").complete
    assert of(watched, "taro") == ["AttachUserPolicy", "DetachUserPolicy", "DetachUserPolicy"]
