"""What is known of people when a run breaks off, or takes a change back: nobody is forgotten.

Reads `rollout.applying` itself, because at the face the reasons are sentences, and whom a plan may
leave out is not said at all.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from administered import ACCOUNT, FULL, iam_of, signed_in
from rollout.at_the_terminal import Terminal, environment
from rollout.staging import ENFORCEMENT, NOW, company
from rollout.test_laws import SECRET
from rollout.test_people import (
    DIRECTLY,
    OF_AWS,
    PEOPLE,
    Meanwhile,
    applied,
    deleted,
    has,
    made,
    stick,
)
from rollout.test_rights import HARMLESS
from sekisho.account import AwsApi
from sekisho.cli import Exit
from sekisho.errors import AwsRefused, PlanRefused
from sekisho.localaws import LocalAws
from sekisho.rollout import Event, Goal, GroupGoal, Journal, Plan, execute
from sekisho.rollout.applying.people import GONE, RELIES
from sekisho.rollout.applying.preconditions import omittable_users

OLD = f"arn:aws:iam::{ACCOUNT}:policy/Old"
GROUP = f"group-attachment Enforced {ENFORCEMENT}"


@pytest.fixture
def local() -> Iterator[LocalAws]:
    with company() as running:
        iam = iam_of(running)
        iam.create_policy(PolicyName="Old", PolicyDocument=json.dumps(HARMLESS))
        iam.create_group(GroupName="Enforced")
        for name in PEOPLE:
            iam.create_user(UserName=name)
            iam.attach_user_policy(UserName=name, PolicyArn=FULL)
            iam.create_login_profile(UserName=name, Password=SECRET)
        yield running


@pytest.fixture
def api(local: LocalAws) -> AwsApi:
    return signed_in(local, "admin", mfa=True)


def standing(whole: Plan, path: Path, address: str) -> Event | None:
    journal = Journal(path)
    journal.open(whole.digest)
    return journal.last_event(address)


def attached(local: LocalAws, name: str) -> set[str]:
    found = iam_of(local).list_attached_user_policies(UserName=name)["AttachedPolicies"]
    return {each["PolicyArn"] for each in found}


def through_a_group(local: LocalAws, api: AwsApi) -> Plan:
    """Return a plan by which ken joins the group that yuki is in, and both lose an old policy."""
    iam = iam_of(local)
    iam.add_user_to_group(GroupName="Enforced", UserName="yuki")
    for name in PEOPLE:
        iam.attach_user_policy(UserName=name, PolicyArn=OLD)
    group = GroupGoal("Enforced", PEOPLE)
    return made(api, Goal(OF_AWS, group=group, replaces=(OLD,), break_glass=("glass",)))


def once(doing: Callable[[], object], code: str, status: int = 0) -> Callable[[], None]:
    """Return what somebody does once, and how the call is then refused."""
    done: list[object] = []

    def act() -> None:
        if not done:
            done.append(True)
            doing()
            raise AwsRefused("call", code, "once", status)

    return act


def test_nobody_comes_under_a_policy_that_was_taken_back(
    local: LocalAws, api: AwsApi, tmp_path: Path
) -> None:
    whole = through_a_group(local, api)
    at_once = Meanwhile(api, "AttachGroupPolicy", "", lambda: stick(local, "yuki"))
    report = applied(whole, at_once, tmp_path / "journal")
    assert "were undone at once" in report.left_out["yuki"].en
    assert report.left_out["ken"] == RELIES.filled(address=GROUP)
    # else ken would have lost the old enforcement, for a group that enforces nothing
    assert OLD in attached(local, "ken")
    members = iam_of(local).get_group(GroupName="Enforced")["Users"]
    assert [each["UserName"] for each in members] == ["yuki"]


def test_what_reaches_somebody_waits_also_where_they_have_changes_of_their_own(
    local: LocalAws, api: AwsApi, tmp_path: Path
) -> None:
    whole = through_a_group(local, api)
    before = Meanwhile(api, "CreatePolicy", "", lambda: stick(local, "yuki"))
    report = applied(whole, before, tmp_path / "journal")
    assert [*report.left_out] == ["yuki", "ken"]
    assert standing(whole, tmp_path / "journal", GROUP) is None
    assert OLD in attached(local, "ken")


@pytest.mark.parametrize("at", ["CreatePolicy", "AttachGroupPolicy"])
def test_a_member_who_is_deleted_meanwhile_is_nobody_elses_fault(
    at: str, local: LocalAws, api: AwsApi, tmp_path: Path
) -> None:
    whole = through_a_group(local, api)

    def delete() -> None:
        iam_of(local).remove_user_from_group(GroupName="Enforced", UserName="yuki")
        deleted(iam_of(local), "yuki")

    report = applied(whole, Meanwhile(api, at, "", delete), tmp_path / "journal")
    assert report.left_out == {"yuki": GONE}
    assert standing(whole, tmp_path / "journal", GROUP) is Event.DONE
    assert OLD not in attached(local, "ken")


def test_a_take_back_that_broke_off_is_gone_on_with(
    local: LocalAws, api: AwsApi, tmp_path: Path
) -> None:
    whole = made(api)
    throttled = Meanwhile(api, "DetachUserPolicy", "yuki", once(lambda: None, "Throttling", 400))
    at_once = Meanwhile(throttled, "AttachUserPolicy", "yuki", lambda: stick(local, "yuki"))
    report = applied(whole, at_once, tmp_path / "journal")
    assert "were undone at once" in report.left_out["yuki"].en
    assert (has(local, "ken"), has(local, "yuki")) == (True, False)


def test_a_change_whose_answer_was_lost_is_looked_at_too(
    local: LocalAws, api: AwsApi, tmp_path: Path
) -> None:
    whole = made(api)

    def done_and_stuck() -> None:
        iam_of(local).attach_user_policy(UserName="yuki", PolicyArn=ENFORCEMENT)
        stick(local, "yuki")

    lost = Meanwhile(api, "AttachUserPolicy", "yuki", once(done_and_stuck, "ReadTimeoutError"))
    report = applied(whole, lost, tmp_path / "journal")
    assert "were undone at once" in report.left_out["yuki"].en
    assert (has(local, "ken"), has(local, "yuki")) == (True, False)


def test_whom_half_of_their_part_locks_out_by_now_is_named(
    local: LocalAws, api: AwsApi, tmp_path: Path
) -> None:
    for name in PEOPLE:
        iam_of(local).attach_user_policy(UserName=name, PolicyArn=OLD)
    whole = made(api, replace(DIRECTLY, replaces=(OLD,)))
    broken = Meanwhile(api, "DetachUserPolicy", "yuki", once(lambda: None, "ServiceFailure", 500))
    half = execute(whole, broken, Journal(tmp_path / "journal"), passwords=str, now=lambda: NOW)
    assert half.stopped is not None
    stick(local, "yuki")
    report = applied(whole, api, tmp_path / "journal")
    assert "locked out" in report.left_out["yuki"].en
    assert OLD in attached(local, "yuki")
    assert not report.complete


class Reading:
    """An `AwsApi` whose listing of one operation is another one, once something was called."""

    def __init__(self, api: AwsApi, operation: str, after: str, found: Callable[[], Any]) -> None:
        self._api, self._operation, self._after, self._found = api, operation, after, found
        self.armed = False

    def call(self, service: str, operation: str, /, **params: object) -> Mapping[str, Any]:
        answer = self._api.call(service, operation, **params)
        self.armed = self.armed or (operation, params.get("UserName")) == (self._after, "yuki")
        return answer

    def pages(self, service: str, operation: str, key: str, /, **params: object) -> Iterator[Any]:
        if self.armed and operation == self._operation:
            return iter(self._found())
        return self._api.pages(service, operation, key, **params)


def test_the_next_run_looks_where_a_run_lost_its_credentials(
    local: LocalAws, api: AwsApi, tmp_path: Path
) -> None:
    whole = made(api)

    def expired() -> Any:
        raise AwsRefused("ListMFADevices", "ExpiredToken", "expired", 403)

    expires = Reading(api, "ListMFADevices", "AttachUserPolicy", expired)
    between = Meanwhile(expires, "AttachUserPolicy", "yuki", lambda: stick(local, "yuki"))
    report = applied(whole, between, tmp_path / "journal")
    assert report.stopped is not None
    assert has(local, "yuki")
    again = applied(whole, api, tmp_path / "journal")
    assert "were undone at once" in again.left_out["yuki"].en
    assert not has(local, "yuki")


def test_what_aws_does_not_show_yet_is_taken_back_all_the_same(
    local: LocalAws, api: AwsApi, tmp_path: Path
) -> None:
    whole = made(api)
    late = Reading(api, "ListAttachedUserPolicies", "AttachUserPolicy", list)
    at_once = Meanwhile(late, "AttachUserPolicy", "yuki", lambda: stick(local, "yuki"))
    report = applied(whole, at_once, tmp_path / "journal")
    assert [*report.left_out] == ["yuki"]
    assert not has(local, "yuki")


def test_a_policy_that_aws_does_not_know_yet_is_nobodys_fault(
    local: LocalAws, api: AwsApi, tmp_path: Path
) -> None:
    whole = made(api)
    late = Meanwhile(api, "AttachUserPolicy", "ken", once(lambda: None, "NoSuchEntity", 404))
    assert applied(whole, late, tmp_path / "journal").complete
    assert has(local, "ken")


def test_a_policy_that_is_gone_stops_the_plan(local: LocalAws, api: AwsApi, tmp_path: Path) -> None:
    whole = made(api)
    gone = Meanwhile(
        api,
        "AttachUserPolicy",
        "ken",
        lambda: iam_of(local).delete_policy(PolicyArn=ENFORCEMENT),
    )
    report = execute(whole, gone, Journal(tmp_path / "journal"), passwords=str, now=lambda: NOW)
    assert report.stopped is not None
    assert report.left_out == {}


def test_a_clock_that_was_ahead_makes_nobodys_fault_the_plans(
    local: LocalAws, api: AwsApi, tmp_path: Path
) -> None:
    whole = made(api)
    assert applied(whole, api, tmp_path / "journal", timedelta(hours=1)).complete
    iam_of(local).detach_user_policy(UserName="yuki", PolicyArn=ENFORCEMENT)
    assert [*applied(whole, api, tmp_path / "journal").left_out] == ["yuki"]


def test_the_session_of_a_role_is_no_user_of_its_name(api: AwsApi) -> None:
    whole = made(api, replace(DIRECTLY, users=("ken",)))
    role = replace(whole.caller, arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/Deploy/ken")
    assert omittable_users(replace(whole, caller=role)) == {"user ken"}
    own = replace(whole.caller, arn=f"arn:aws:iam::{ACCOUNT}:user/dev/ken")
    assert omittable_users(replace(whole, caller=own)) == set()


def test_where_the_journal_before_is_kept_is_said_also_where_the_new_plan_is_refused(
    local: LocalAws, tmp_path: Path
) -> None:
    terminal = Terminal(tmp_path, environment(local, "admin"))
    file = terminal.path("plan.json")
    words = ["--preset", "aws", "--break-glass", "glass", "--mfa", "--out", file, "--force"]
    for name in PEOPLE:
        planned = terminal.run("plan", "--user", name, *words)
        assert planned.return_value == Exit.CHANGES, planned.output
        if name == "yuki":
            document = json.dumps(HARMLESS)
            iam_of(local).create_policy_version(
                PolicyArn=ENFORCEMENT, PolicyDocument=document, SetAsDefault=True
            )
        done = terminal.run("apply", file, "--yes")
    assert isinstance(done.exception, PlanRefused), done.output
    (kept,) = tmp_path.glob("plan.json.journal.2*")
    assert f"{kept}. `sekisho rollback` with this file" in done.stderr
