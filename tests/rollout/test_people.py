"""What people hold changes between plan and apply, and meanwhile: who is left out, and who is not.

Over the wire, with AWS's own sample: under it, whoever must change a temporary password is locked
out (`stuck`), and everybody else can set up MFA.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from administered import FULL, GLASS, enrol, iam_of
from checkpoint import Checkpoint
from rollout.at_the_terminal import Terminal, environment
from rollout.staging import ADMIN, ENFORCEMENT, NOW, enforcement, policy_goal
from rollout.test_laws import SECRET
from rollout.test_rights import HARMLESS
from sekisho.account import AwsApi, collect
from sekisho.cli import Exit
from sekisho.errors import AwsRefused
from sekisho.localaws import LocalAws
from sekisho.policy import Preset, from_json
from sekisho.rollout import (
    ApplyReport,
    Event,
    Goal,
    GroupGoal,
    Journal,
    Plan,
    PlanFile,
    execute,
    plan,
    plan_status,
    retried,
)

PEOPLE = ("ken", "yuki")
OF_AWS = policy_goal(document=enforcement(Preset.AWS))
DIRECTLY = Goal(OF_AWS, users=PEOPLE, break_glass=("glass",))


@pytest.fixture(scope="module")
def fresh(fresh: Checkpoint) -> Checkpoint:
    """The company with two more people, who have a password each."""
    iam = iam_of(fresh.local)
    for name in PEOPLE:
        iam.create_user(UserName=name)
        iam.attach_user_policy(UserName=name, PolicyArn=FULL)
        iam.create_login_profile(UserName=name, Password=SECRET)
    return Checkpoint(fresh.local)


@pytest.fixture(scope="module")
def directly(fresh: Checkpoint, api: AwsApi) -> Plan:
    """A plan for the two of them."""
    fresh.restore()
    return made(api)


def made(api: AwsApi, goal: Goal = DIRECTLY, **accepted: str) -> Plan:
    whole = plan(
        goal, collect(api, now=NOW), ADMIN, {k.replace("__", ":"): v for k, v in accepted.items()}
    )
    assert whole.applicable, whole.open_problems
    return Plan.from_json(whole.to_json())


def applied(whole: Plan, api: AwsApi, path: Path, later: timedelta = timedelta()) -> ApplyReport:
    return retried(
        lambda: execute(whole, api, Journal(path), passwords=str, now=lambda: NOW + later),
        lambda seconds: None,
        lambda stop: None,
    )


def stick(local: LocalAws, name: str) -> None:
    """Let the help desk set a temporary password."""
    iam_of(local).update_login_profile(
        UserName=name, Password=f"{SECRET}-new", PasswordResetRequired=True
    )


def deleted(iam: Any, name: str) -> None:
    for each in iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]:
        iam.detach_user_policy(UserName=name, PolicyArn=each["PolicyArn"])
    iam.delete_login_profile(UserName=name)
    iam.delete_user(UserName=name)


def has(local: LocalAws, name: str) -> bool:
    found = iam_of(local).list_attached_user_policies(UserName=name)["AttachedPolicies"]
    return ENFORCEMENT in {each["PolicyArn"] for each in found}


class Meanwhile:
    """An `AwsApi` in which somebody else acts right before a call, or the call is refused."""

    def __init__(
        self, api: AwsApi, operation: str, user: str, acts: Callable[[], object] | None
    ) -> None:
        self._api, self._at, self._acts = api, (operation, user), acts
        self.pages = api.pages

    def call(self, service: str, operation: str, /, **params: object) -> Mapping[str, Any]:
        if (operation, params.get("UserName", "")) == self._at:
            if self._acts is None:
                raise AwsRefused(operation, "AccessDenied", "not authorized", 403)
            self._acts()
        return self._api.call(service, operation, **params)


def test_a_temporary_password_set_after_the_plan_leaves_out_that_person(
    local: LocalAws, api: AwsApi, tmp_path: Path, directly: Plan
) -> None:
    stick(local, "yuki")
    report = applied(directly, api, tmp_path / "journal")
    assert [*report.left_out] == ["yuki"]
    assert "would be locked out" in report.left_out["yuki"].en
    assert report.stopped is None
    assert not report.complete
    assert report.remaining == (f"user-attachment yuki {ENFORCEMENT}",)
    assert (has(local, "ken"), has(local, "yuki")) == (True, False)
    # once the password is changed, the same command makes the rest
    iam_of(local).update_login_profile(UserName="yuki", PasswordResetRequired=False)
    assert applied(directly, api, tmp_path / "journal").complete
    assert has(local, "yuki")


def test_a_device_that_is_lost_meanwhile_leaves_out_that_person(
    local: LocalAws, api: AwsApi, tmp_path: Path
) -> None:
    nobody_enrols = from_json(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Deny",
                    "Action": "*",
                    "Resource": "*",
                    "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
                }
            ],
        }
    )
    for name in PEOPLE:
        enrol(local, name, name)
    whole = made(api, Goal(policy_goal(document=nobody_enrols), users=PEOPLE))

    def lose() -> None:
        serial = iam_of(local).list_mfa_devices(UserName="yuki")["MFADevices"][0]["SerialNumber"]
        iam_of(local).deactivate_mfa_device(UserName="yuki", SerialNumber=serial)

    between = Meanwhile(api, "AttachUserPolicy", "ken", lose)
    report = applied(whole, between, tmp_path / "journal")
    assert [*report.left_out] == ["yuki"]
    assert (has(local, "ken"), has(local, "yuki")) == (True, False)


def test_whoever_is_found_locked_out_right_after_the_change_gets_the_former_state_back(
    local: LocalAws, api: AwsApi, tmp_path: Path, directly: Plan
) -> None:
    at_once = Meanwhile(api, "AttachUserPolicy", "yuki", lambda: stick(local, "yuki"))
    report = applied(directly, at_once, tmp_path / "journal")
    assert "were undone at once" in report.left_out["yuki"].en
    assert (has(local, "ken"), has(local, "yuki")) == (True, False)
    journal = Journal(tmp_path / "journal")
    journal.open(directly.digest)
    assert journal.last_event(f"user-attachment yuki {ENFORCEMENT}") is Event.UNDONE


def test_what_reaches_all_of_a_group_waits_for_its_members(
    local: LocalAws, api: AwsApi, tmp_path: Path
) -> None:
    iam = iam_of(local)
    iam.create_group(GroupName="Enforced")
    iam.add_user_to_group(GroupName="Enforced", UserName="yuki")
    goal = Goal(OF_AWS, users=("machine",), group=GroupGoal("Enforced", PEOPLE))
    whole = made(api, goal, **{"keys-in-use__machine": "known"})
    stick(local, "yuki")
    report = applied(whole, api, tmp_path / "journal")
    assert "locked out" in report.left_out["yuki"].en
    assert "need `group-attachment Enforced" in report.left_out["ken"].en
    assert iam.list_attached_group_policies(GroupName="Enforced")["AttachedPolicies"] == []
    members = {each["UserName"] for each in iam.get_group(GroupName="Enforced")["Users"]}
    assert members == {"yuki"}


FAULTS: dict[str, tuple[Callable[[Any], object], str]] = {
    "deleted": (lambda iam: deleted(iam, "yuki"), "no longer there"),
    "renamed": (
        lambda iam: iam.update_user(UserName="yuki", NewUserName="yuki2"),
        "no longer there",
    ),
    "moved to another group": (
        lambda iam: iam.add_user_to_group(GroupName="Developers", UserName="yuki"),
        "",
    ),
    "given another policy": (
        lambda iam: iam.put_user_policy(
            UserName="yuki",
            PolicyName="new",
            PolicyDocument=json.dumps(HARMLESS),
        ),
        "user yuki now has `inline new",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_one_fault_leaves_out_one_person(
    fault: str, local: LocalAws, api: AwsApi, tmp_path: Path, directly: Plan
) -> None:
    doing, why = FAULTS[fault]
    doing(iam_of(local))
    report = applied(directly, api, tmp_path / "journal")
    assert has(local, "ken")
    assert report.stopped is None
    if why:
        assert [*report.left_out] == ["yuki"]
        assert why in report.left_out["yuki"].en
    # what is left can be planned anew, with the same journal
    rest = tuple(name for name in PEOPLE if name in collect(api, now=NOW).user_named)
    again = made(api, replace(DIRECTLY, users=rest))
    journal = Journal(tmp_path / "journal")
    after = execute(again, api, journal, passwords=str, now=lambda: NOW)
    assert after.complete
    if again.changes:
        assert journal.archived_applied
        assert journal.archived is not None
        assert journal.archived.exists()


def test_one_refusal_leaves_out_one_person(
    local: LocalAws, api: AwsApi, tmp_path: Path, directly: Plan
) -> None:
    refusing = Meanwhile(api, "AttachUserPolicy", "ken", None)
    report = applied(directly, refusing, tmp_path / "journal")
    assert report.stopped is None
    assert report.left_out["ken"].en == (
        "AWS refuses AttachUserPolicy (AccessDenied): not authorized"
    )
    assert (has(local, "ken"), has(local, "yuki")) == (False, True)


def test_a_user_who_is_deleted_as_the_plan_comes_to_them_is_left_out(
    local: LocalAws, api: AwsApi, tmp_path: Path, directly: Plan
) -> None:
    iam = iam_of(local)
    gone = Meanwhile(api, "AttachUserPolicy", "ken", lambda: deleted(iam, "ken"))
    report = applied(directly, gone, tmp_path / "journal")
    assert [*report.left_out] == ["ken"]
    assert report.stopped is None
    assert has(local, "yuki")


def test_who_applies_is_judged_too(local: LocalAws, api: AwsApi, tmp_path: Path) -> None:
    iam_of(local).create_login_profile(UserName="admin", Password=SECRET)
    whole = made(api, replace(DIRECTLY, users=("admin", "ken")))
    stick(local, "admin")
    (device,) = iam_of(local).list_mfa_devices(UserName="admin")["MFADevices"]
    iam_of(local).deactivate_mfa_device(UserName="admin", SerialNumber=device["SerialNumber"])
    report = applied(whole, api, tmp_path / "journal")
    assert [*report.left_out] == ["admin"]
    assert has(local, "ken")


def test_the_last_administrator_is_left_out_whatever_was_accepted(
    local: LocalAws, api: AwsApi, tmp_path: Path
) -> None:
    iam = iam_of(local)
    iam.detach_user_policy(UserName="machine", PolicyArn=FULL)
    stick(local, "yuki")
    accepted = {"everyone-gets-in__yuki": "the help desk calls them"}
    whole = made(api, Goal(OF_AWS, users=("yuki",)), **accepted)
    # of the others who administer users, nobody holds anything any more but a session
    iam.delete_login_profile(UserName="ken")
    iam.update_access_key(AccessKeyId=GLASS.access_key_id, Status="Inactive")
    report = applied(whole, api, tmp_path / "journal")
    assert [*report.left_out] == ["yuki"]
    assert "no administrator of users would remain" in report.left_out["yuki"].en
    assert not any(address.startswith("user-attachment") for address in report.done)


def test_what_was_accepted_is_done(local: LocalAws, api: AwsApi, tmp_path: Path) -> None:
    stick(local, "yuki")
    whole = made(api, **{"everyone-gets-in__yuki": "the help desk calls them"})
    assert applied(whole, api, tmp_path / "journal").complete
    assert has(local, "yuki")


def test_status_and_plan_judge_people(
    local: LocalAws, api: AwsApi, tmp_path: Path, directly: Plan
) -> None:
    path = tmp_path / "journal"
    assert applied(directly, api, path).complete
    file = PlanFile(directly, Journal(path))
    assert plan_status(file, api).locked_out == {}
    stick(local, "yuki")
    assert [*plan_status(file, api).locked_out] == ["yuki"]
    again = plan(DIRECTLY, collect(api, now=NOW), ADMIN)
    assert again.changes == ()
    assert again.locked_out == ("yuki",)


def test_at_the_terminal_each_is_named_with_the_reason(local: LocalAws, tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, environment(local, "admin"))
    file = terminal.path("plan.json")
    words = [
        "--preset",
        "aws",
        "--user",
        "ken",
        "--user",
        "yuki",
        "--break-glass",
        "glass",
        "--mfa",
    ]
    planned = terminal.run("plan", *words, "--out", file)
    assert planned.return_value == Exit.CHANGES, planned.output
    stick(local, "yuki")
    left = terminal.run("apply", file, "--yes")
    assert left.return_value == Exit.CHANGES, left.output
    assert left.output.count("yuki: they would be locked out with the credentials") == 1
    # the reason is told: `status` would only lead back to here
    assert "Next: " not in left.output
    in_japanese = terminal.run("apply", file, "--yes", "--lang", "ja")
    assert in_japanese.return_value == Exit.CHANGES
    assert "対象から外した人: 1" in in_japanese.output
    stands = terminal.run("status", file)
    assert stands.return_value == Exit.CHANGES, stands.output
    # somebody who is enforced is locked out later
    stick(local, "ken")
    stands = terminal.run("status", file)
    assert stands.return_value == Exit.FINDINGS, stands.output
    verdict = "\nLocked out by MFA enforcement now: `ken`. "
    assert verdict in stands.output
    again = terminal.run("plan", *words, "--out", terminal.path("again.json"))
    assert verdict in again.output
    assert again.return_value == Exit.FINDINGS, again.output
    # for a user who is gone, applying it again would not lead on
    assert f"Next: sekisho apply {file}" in stands.output
    deleted(iam_of(local), "yuki")
    assert "Next:" not in terminal.run("status", file).output
