"""What others do while a plan is in force: it is never undone, and never taken for the plan's."""

import json
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from administered import GLASS, REGION, enrol
from checkpoint import Checkpoint
from overlay_people import console
from rollout.staging import (
    ACCOUNT,
    ADMIN,
    CHANGE,
    ENFORCEMENT,
    EVERYTHING,
    MACHINE,
    NOW,
    AppliedPlan,
    Killed,
    Killing,
    Refusing,
    enforcement,
    full_goal,
    policy_goal,
)
from sekisho.account import AwsApi, collect
from sekisho.account.aws import Boto3Api, connect
from sekisho.errors import AwsRefused, Code, PlanRefused
from sekisho.localaws import LocalAws
from sekisho.policy import Preset
from sekisho.rollout import (
    Event,
    Goal,
    Journal,
    JournalEntry,
    Plan,
    PlanCaller,
    RollbackPreview,
    execute,
    facts_at_addresses,
    plan,
    preview_rollback,
    roll_back,
)


def password(user: str) -> str:
    return "Fuji-2026-temporary-x"


def change_password(iam: Any) -> None:
    """Set what the new user's own change at the first sign-in comes to."""
    new = "Fuji-2026-my-own"
    iam.update_login_profile(UserName="taro", Password=new, PasswordResetRequired=False)


@pytest.fixture(autouse=True)
def _as_it_was_made(local: LocalAws) -> None:
    """Let each test find the company as it was made."""


def made(api: Boto3Api, goal: Goal) -> Plan:
    fresh = plan(goal, collect(api, now=NOW), ADMIN)
    assert fresh.applicable
    return fresh


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal")


@pytest.fixture(scope="module")
def in_force(
    fresh: Checkpoint, api: Boto3Api, tmp_path_factory: pytest.TempPathFactory
) -> AppliedPlan:
    local, folder = fresh.restore(), tmp_path_factory.mktemp("applied")
    return AppliedPlan.of(made(api, full_goal()), api, local, folder, password)


@pytest.fixture
def applied(in_force: AppliedPlan, local: LocalAws, journal: Journal) -> Plan:
    in_force.restore(journal.path)
    return in_force.plan


POLICY = f"policy {ENFORCEMENT}"
ATTACHED = f"group-attachment Enforced {ENFORCEMENT}"
TARO = {
    *("user taro", "membership Developers taro", "membership Enforced taro"),
    *(f"user-attachment taro {ENFORCEMENT}", f"user-attachment taro {CHANGE}"),
    *(ATTACHED, "group Enforced", POLICY),
}
JIRO = {"user jiro", f"user-attachment jiro {ENFORCEMENT}", POLICY}


def left(plan_: Plan, journal: Journal, api: Boto3Api) -> list[str]:
    report = roll_back(plan_, journal, api, now=lambda: NOW)
    assert report.complete
    stays = [item.address for item in report.left]
    assert sorted([*stays, *report.undone]) == sorted(c.address for c in plan_.changes)
    return stays


def test_a_password_that_was_changed_stays(
    api: Boto3Api, iam: Any, journal: Journal, applied: Plan
) -> None:
    change_password(iam)
    assert set(left(applied, journal, api)) == {"login-profile taro", *TARO}
    groups = api.pages("iam", "ListGroupsForUser", "Groups", UserName="taro")
    assert {each["GroupName"] for each in groups} == {"Enforced", "Developers"}


def test_a_user_with_a_device_stays(
    api: Boto3Api, local: LocalAws, journal: Journal, applied: Plan
) -> None:
    enrol(local, "taro", "taro-phone")
    assert set(left(applied, journal, api)) == {"login-profile taro", *TARO}
    # what is still there is told anew
    report = roll_back(applied, journal, api, now=lambda: NOW)
    user = next(each for each in report.left if each.address == "user taro")
    assert user.reason.en.startswith("it is in use now, so it stays: MFA device: 1, ")
    assert user.reason.ja.startswith("使用されているため残します: MFA デバイス: 1、")
    assert "password" not in user.reason.ja


def test_a_user_who_has_signed_in_stays(
    api: Boto3Api, local: LocalAws, journal: Journal, applied: Plan
) -> None:
    # only as far as the page that asks for a new password: that it was used is all there is
    fields = {"account": ACCOUNT, "user": "taro", "password": password("taro")}
    status, page = console(local, "sign-in", **fields)
    assert (status, page["next"]) == (200, "new-password")
    assert set(left(applied, journal, api)) == {"login-profile taro", *TARO}
    report = roll_back(applied, journal, api, now=lambda: NOW)
    told = {each.address: each.reason for each in report.left}
    for address in ("login-profile taro", "user taro"):
        assert "password used" in told[address].en
        assert "使用されたパスワード" in told[address].ja


def test_a_user_with_a_key_stays(api: Boto3Api, iam: Any, journal: Journal, applied: Plan) -> None:
    iam.create_access_key(UserName="jiro")
    assert set(left(applied, journal, api)) == JIRO


def test_a_user_that_others_gave_more_stays(
    api: Boto3Api, iam: Any, journal: Journal, applied: Plan
) -> None:
    iam.put_user_policy(UserName="jiro", PolicyName="mine", PolicyDocument=json.dumps(EVERYTHING))
    report = roll_back(applied, journal, api, now=lambda: NOW)
    stays = {each.address: each.reason for each in report.left}
    assert set(stays) == JIRO
    assert "inline policy: 1" in stays["user jiro"].en
    assert "インラインポリシー: 1" in stays["user jiro"].ja


def test_a_group_with_other_members_stays(
    api: Boto3Api, iam: Any, journal: Journal, applied: Plan
) -> None:
    iam.add_user_to_group(GroupName="Enforced", UserName="machine")
    assert left(applied, journal, api) == [ATTACHED, "group Enforced", POLICY]
    members = api.pages("iam", "GetGroup", "Users", GroupName="Enforced")
    assert [member["UserName"] for member in members] == ["machine"]


def test_a_policy_that_others_attached_stays(
    api: Boto3Api, iam: Any, journal: Journal, applied: Plan
) -> None:
    iam.attach_user_policy(UserName="hanako", PolicyArn=ENFORCEMENT)
    assert left(applied, journal, api) == [f"policy {ENFORCEMENT}"]


def test_a_policy_that_others_edited_stays(
    api: Boto3Api, iam: Any, journal: Journal, applied: Plan
) -> None:
    iam.create_policy_version(
        PolicyArn=ENFORCEMENT, PolicyDocument=json.dumps(EVERYTHING), SetAsDefault=True
    )
    assert left(applied, journal, api) == [f"policy {ENFORCEMENT}"]


def test_a_new_version_is_taken_back_to_the_old(api: Boto3Api, iam: Any, tmp_path: Path) -> None:
    first = made(api, Goal(policy_goal(document=enforcement(Preset.AWS), tags={"team": "it"})))
    execute(first, api, Journal(tmp_path / "first"), passwords=password, now=lambda: NOW)
    second = made(api, Goal(policy_goal(), users=("machine",)))
    before = facts_at_addresses(second, api)
    journal = Journal(tmp_path / "second")
    execute(second, api, journal, passwords=password, now=lambda: NOW)
    versions = list(api.pages("iam", "ListPolicyVersions", "Versions", PolicyArn=ENFORCEMENT))
    assert {v["VersionId"]: v["IsDefaultVersion"] for v in versions} == {"v1": False, "v2": True}
    iam.tag_policy(PolicyArn=ENFORCEMENT, Tags=[{"Key": "team", "Value": "changed by hand"}])
    assert left(second, journal, api) == [f"policy-tag {ENFORCEMENT} team"]
    iam.tag_policy(PolicyArn=ENFORCEMENT, Tags=[{"Key": "team", "Value": "it"}])
    assert facts_at_addresses(second, api) == before


def test_what_was_so_already_is_not_taken_back(api: Boto3Api, iam: Any, journal: Journal) -> None:
    whole = made(api, full_goal())
    iam.create_group(GroupName="Enforced")
    iam.add_user_to_group(GroupName="Enforced", UserName="hanako")
    report = execute(whole, api, journal, passwords=password, now=lambda: NOW)
    assert report.complete
    assert report.already == ("group Enforced", "membership Enforced hanako")
    stay = {ATTACHED, "group Enforced", "membership Enforced hanako", POLICY}
    assert set(left(whole, journal, api)) == stay
    members = api.pages("iam", "GetGroup", "Users", GroupName="Enforced")
    assert [member["UserName"] for member in members] == ["hanako"]


def test_what_was_detached_meanwhile_needs_no_taking_back(
    api: Boto3Api, iam: Any, journal: Journal, applied: Plan
) -> None:
    iam.detach_user_policy(UserName="machine", PolicyArn=ENFORCEMENT)
    assert left(applied, journal, api) == []


def test_a_second_rollback_undoes_nothing_that_others_did(
    api: Boto3Api, iam: Any, journal: Journal, applied: Plan
) -> None:
    roll_back(applied, journal, api, now=lambda: NOW)
    iam.create_group(GroupName="Enforced")
    # it is as the plan leaves it, though taken back: that is said, and it stays
    assert left(applied, journal, api) == ["group Enforced"]
    assert api.call("iam", "GetGroup", GroupName="Enforced")


@pytest.mark.parametrize("first", [True, False], ids=["before-apply", "half-way"])
def test_drift_of_one_person_leaves_out_that_person(
    api: Boto3Api, iam: Any, journal: Journal, first: bool
) -> None:
    whole = made(api, full_goal())
    if not first:
        execute(whole, api, journal, passwords=password, now=lambda: NOW)
        roll_back(whole, journal, api, now=lambda: NOW)
    iam.create_user(UserName="taro", Path="/other/")
    report = execute(whole, api, journal, passwords=password, now=lambda: NOW)
    assert [*report.left_out] == ["taro"]
    assert "`user taro`" in report.left_out["taro"].en
    assert all(" taro" in address for address in report.remaining), "the rest is done"
    assert list(api.pages("iam", "ListGroupsForUser", "Groups", UserName="taro")) == []


@pytest.mark.parametrize("first", [True, False], ids=["before-apply", "half-way"])
def test_drift_of_what_is_for_all_is_refused_by_name(
    api: Boto3Api, iam: Any, journal: Journal, first: bool
) -> None:
    whole = made(api, full_goal())
    if not first:
        execute(whole, api, journal, passwords=password, now=lambda: NOW)
        roll_back(whole, journal, api, now=lambda: NOW)
    iam.create_group(GroupName="Enforced", Path="/other/")
    with pytest.raises(PlanRefused, match="group Enforced") as caught:
        execute(whole, api, journal, passwords=password, now=lambda: NOW)
    assert caught.value.code is Code.PLAN_STALE
    attached = api.pages("iam", "ListAttachedUserPolicies", "AttachedPolicies", UserName="machine")
    assert ENFORCEMENT not in [item["PolicyArn"] for item in attached], "nothing is done then"


def test_a_finished_plan_stays_finished(
    api: Boto3Api, iam: Any, journal: Journal, applied: Plan
) -> None:
    change_password(iam)
    assert execute(applied, api, journal, passwords=password, now=lambda: NOW).complete


def test_another_account_is_refused(api: Boto3Api, journal: Journal) -> None:
    whole = made(api, full_goal())
    foreign = Plan.from_json(whole.to_json())
    object.__setattr__(foreign, "account", "999999999999")
    for run in (
        lambda: execute(foreign, api, journal, passwords=password, now=lambda: NOW),
        lambda: roll_back(foreign, journal, api, now=lambda: NOW),
    ):
        with pytest.raises(PlanRefused, match="999999999999"):
            run()
    assert not journal.path.exists()


@pytest.mark.parametrize(
    ("arn", "refused"),
    [
        (f"arn:aws:iam::{ACCOUNT}:user/glass", True),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/Deploy/me", True),
        (ADMIN.arn, False),
    ],
)
def test_only_who_was_judged_may_apply(
    api: Boto3Api, journal: Journal, arn: str, refused: bool
) -> None:
    whole = plan(full_goal(), collect(api, now=NOW), PlanCaller(arn, mfa=True))
    if refused:
        with pytest.raises(PlanRefused) as caught:
            execute(whole, api, journal, passwords=password, now=lambda: NOW)
        assert caught.value.code is Code.PLAN_UNSAFE
        assert not journal.path.exists()
    else:
        assert execute(whole, api, journal, passwords=password, now=lambda: NOW).complete


class Calling:
    """An `AwsApi` in the hands of another caller."""

    def __init__(self, api: AwsApi, arn: str) -> None:
        self._api = api
        self._arn = arn

    def call(self, service: str, operation: str, /, **params: object) -> Mapping[str, Any]:
        if operation == "GetCallerIdentity":
            return {"Account": ACCOUNT, "Arn": self._arn}
        return self._api.call(service, operation, **params)

    def pages(
        self, service: str, operation: str, key: str, /, **params: object
    ) -> Iterator[Mapping[str, Any]]:
        return self._api.pages(service, operation, key, **params)


@pytest.mark.parametrize(
    ("judged", "caller", "refused"),
    [
        ("iam::{}:user/admin", "iam::{}:user/admin", False),
        ("iam::{}:user/admin", "iam::{}:user/glass", True),
        ("iam::{}:user/ops/admin", "iam::{}:user/ops/glass", True),
        ("iam::{}:user/ops", "iam::{}:user/ops/admin", True),
        # another session of a role may do no more
        ("sts::{}:assumed-role/Deploy/monday", "sts::{}:assumed-role/Deploy/tuesday", False),
        ("sts::{}:assumed-role/Deploy/monday", "sts::{}:assumed-role/Deploy2/monday", True),
    ],
)
def test_whoever_applies_may_do_what_the_plan_was_judged_by(
    api: Boto3Api, journal: Journal, judged: str, caller: str, refused: bool
) -> None:
    arns = [f"arn:aws:{each.format(ACCOUNT)}" for each in (judged, caller)]
    whole = replace(made(api, MACHINE), caller=PlanCaller(arns[0]))
    calling = Calling(api, arns[1])
    if refused:
        with pytest.raises(PlanRefused, match="was made for"):
            execute(whole, calling, journal, passwords=password, now=lambda: NOW)
        assert not journal.path.exists()
    else:
        assert execute(whole, calling, journal, passwords=password, now=lambda: NOW).complete


def test_a_key_does_not_apply_what_was_judged_for_a_session_with_mfa(
    local: LocalAws, api: Boto3Api, tmp_path: Path
) -> None:
    key = connect(region=REGION, endpoint_url=local.url, credentials=GLASS)
    glass = f"arn:aws:iam::{ACCOUNT}:user/glass"
    for mfa in (True, False):
        whole = plan(full_goal(), collect(api, now=NOW), PlanCaller(glass, mfa=mfa))
        assert whole.applicable
        journal = Journal(tmp_path / f"journal-{mfa}")
        if mfa:
            with pytest.raises(PlanRefused, match="access key") as caught:
                execute(whole, key, journal, passwords=password, now=lambda: NOW)
            assert caught.value.fix.en
            assert not journal.path.exists()
        else:
            assert execute(whole, key, journal, passwords=password, now=lambda: NOW).complete


def test_what_a_rollback_left_is_still_the_plans(
    api: Boto3Api, iam: Any, journal: Journal, applied: Plan
) -> None:
    before = api.call("iam", "GetPolicy", PolicyArn=ENFORCEMENT)["Policy"]["CreateDate"]
    iam.attach_user_policy(UserName="hanako", PolicyArn=ENFORCEMENT)
    assert left(applied, journal, api) == [f"policy {ENFORCEMENT}"]
    assert execute(applied, api, journal, passwords=password, now=lambda: NOW).already == ()
    assert api.call("iam", "GetPolicy", PolicyArn=ENFORCEMENT)["Policy"]["CreateDate"] == before
    iam.detach_user_policy(UserName="hanako", PolicyArn=ENFORCEMENT)
    assert left(applied, journal, api) == []


def test_an_unsafe_plan_is_not_applied(api: Boto3Api, journal: Journal) -> None:
    unsafe = plan(full_goal(), collect(api, now=NOW), PlanCaller(ADMIN.arn, mfa=False))
    with pytest.raises(PlanRefused, match="not safe to apply") as caught:
        execute(unsafe, api, journal, passwords=password, now=lambda: NOW)
    assert caught.value.code is Code.PLAN_UNSAFE
    assert not journal.path.exists()


def test_another_plans_journal_is_refused_if_a_call_was_broken_off(
    api: Boto3Api, journal: Journal, applied: Plan
) -> None:
    begun = applied.changes[0].address
    journal.record(JournalEntry(NOW, Event.BEGUN, begun))
    other = plan(Goal(policy_goal(), users=("machine",)), collect(api, now=NOW), ADMIN)
    with pytest.raises(PlanRefused, match="journal of another plan"):
        execute(other, api, Journal(journal.path), passwords=password, now=lambda: NOW)
    # else it makes room, and takes its own plan back
    journal.record(JournalEntry(NOW, Event.DONE, begun))
    made = plan(replace(full_goal(), new_users=(), users=("hanako",)), collect(api, now=NOW), ADMIN)
    succeeding = Journal(journal.path)
    execute(made, api, succeeding, passwords=password, now=lambda: NOW)
    assert succeeding.archived_applied
    assert succeeding.archived is not None
    roll_back(made, succeeding, api, now=lambda: NOW)
    assert left(applied, Journal(succeeding.archived), api) == []


def test_the_console_permission_comes_and_goes(
    api: Boto3Api, journal: Journal, applied: Plan
) -> None:
    attached = api.pages("iam", "ListAttachedUserPolicies", "AttachedPolicies", UserName="taro")
    assert {item["PolicyArn"] for item in attached} == {ENFORCEMENT, CHANGE}
    assert left(applied, journal, api) == []


class Answering:
    """An `AwsApi` that answers one operation with a refusal, and has carried it out or not."""

    def __init__(self, api: AwsApi, operation: str, code: str, *, done: bool) -> None:
        self._api = api
        self._refused = (operation, code)
        self._done = done

    def call(self, service: str, operation: str, /, **params: object) -> Mapping[str, Any]:
        refused, code = self._refused
        if operation != refused:
            return self._api.call(service, operation, **params)
        if self._done:
            self._api.call(service, operation, **params)
        raise AwsRefused(operation, code, "no", 409)

    def pages(
        self, service: str, operation: str, key: str, /, **params: object
    ) -> Iterator[Mapping[str, Any]]:
        return self._api.pages(service, operation, key, **params)


@pytest.mark.parametrize("code", ["NoSuchEntity", "DeleteConflict", "LimitExceeded"])
@pytest.mark.parametrize("done", [True, False], ids=["answer-lost", "refused"])
def test_what_aws_refuses_to_undo_is_looked_at(
    api: Boto3Api, journal: Journal, code: str, done: bool
) -> None:
    whole = made(api, MACHINE)
    assert execute(whole, api, journal, passwords=password, now=lambda: NOW).complete
    attached = f"user-attachment machine {ENFORCEMENT}"
    answering = Answering(api, "DetachUserPolicy", code, done=done)
    report = roll_back(whole, journal, answering, now=lambda: NOW)
    assert report.complete
    # the client tried again, and AWS knew no more of what its first answer had said
    assert (attached in report.undone) is done
    assert [each.address for each in report.left] == ([] if done else [attached, POLICY])
    # what stays is still the plan's, and goes with the next run
    assert left(whole, journal, api) == []


@pytest.mark.parametrize("calls", range(3))
def test_a_rollback_tells_of_what_was_begun_and_of_nothing_else(
    api: Boto3Api, journal: Journal, calls: int
) -> None:
    whole = made(api, MACHINE)
    with pytest.raises(Killed) if calls < len(whole.changes) else nullcontext():
        dying = Killing(api, calls, after=False)
        execute(whole, dying, journal, passwords=password, now=lambda: NOW)
    again = Journal(journal.path)
    again.open(whole.digest)
    begun = [change.address for change in whole.changes[: calls + 1]]
    assert preview_rollback(whole, again) == RollbackPreview(tuple(reversed(begun)), (), ())


def test_a_run_that_cannot_look_stops_at_no_change(api: Boto3Api, journal: Journal) -> None:
    whole = made(api, MACHINE)
    refusing = Refusing(api, "GetCallerIdentity")
    report = execute(whole, refusing, journal, passwords=password, now=lambda: NOW)
    assert report.stopped is not None
    assert (report.stopped.address, report.stopped.operation) == ("", "GetCallerIdentity")
    assert report.remaining == tuple(change.address for change in whole.changes)


def test_facts_are_in_one_order(api: Boto3Api) -> None:
    text = facts_at_addresses(made(api, full_goal()), api)
    ordered = json.dumps(json.loads(text), sort_keys=True, indent=2, ensure_ascii=False)
    assert text == f"{ordered}\n"
