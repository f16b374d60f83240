"""A lost phone, somebody who leaves, devices of nobody: planned, applied and taken back."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import xform_name

from administered import FULL, enrol, iam_of, signed_in
from gaps import gap_at
from recorded import made as certificate_of
from rollout.staging import (
    ADMIN,
    NOW,
    account,
    company,
    device,
    enforcement,
    full_goal,
    policy_goal,
    user,
    with_user,
)
from sekisho.account import (
    AccessKey,
    Device,
    Group,
    Password,
    ServiceCredential,
    SigningCertificate,
    SshKey,
    User,
    collect,
    user_of,
)
from sekisho.account.aws import Boto3Api
from sekisho.errors import FaultyAccount
from sekisho.localaws import LocalAws
from sekisho.policy import Preset
from sekisho.rollout import (
    Event,
    Goal,
    Journal,
    JournalEntry,
    Plan,
    PlanningContext,
    delete_unassigned_devices,
    execute,
    forecast,
    offboard,
    plan,
    reset,
    roll_back,
    script_of,
)
from sekisho.signin import DeviceKind

SECRET = "Fuji-2026-temporary-x"


DENY_ALL = "arn:aws:iam::aws:policy/AWSDenyAll"


@pytest.fixture
def local() -> Iterator[LocalAws]:
    with company() as running:
        iam = iam_of(running)
        iam.create_login_profile(UserName="hanako", Password=SECRET)
        iam.create_login_profile(UserName="admin", Password=SECRET)
        enrol(running, "hanako", "hanako-phone")
        iam.create_access_key(UserName="hanako")
        iam.upload_ssh_public_key(UserName="hanako", SSHPublicKeyBody="ssh-rsa AAAAB3Nza hanako")
        iam.create_service_specific_credential(
            UserName="hanako", ServiceName="codecommit.amazonaws.com"
        )
        iam.upload_signing_certificate(UserName="hanako", CertificateBody=certificate_of("cert-1"))
        iam.create_virtual_mfa_device(VirtualMFADeviceName="forgotten")
        yield running


@pytest.fixture
def api(local: LocalAws) -> Boto3Api:
    return signed_in(local, "admin", mfa=True)


def enforced(api: Boto3Api, preset: Preset, folder: Path) -> None:
    """MFA enforcement hanako."""
    goal = Goal(policy_goal(document=enforcement(preset)), users=("hanako",))
    made = plan(goal, collect(api, now=NOW), ADMIN)
    run(made, api, folder / "enforcement")


def run(made: Plan, api: Boto3Api, journal: Path) -> None:
    read = Plan.from_json(made.to_json())
    report = execute(
        read, api, Journal(journal), passwords=lambda user: SECRET + "2", now=lambda: NOW
    )
    assert report.complete, report.stopped
    assert SECRET not in journal.read_text() + made.to_json()


@pytest.mark.parametrize("preset", Preset)
def test_a_reset_lets_the_user_in_again(api: Boto3Api, tmp_path: Path, preset: Preset) -> None:
    hanako = user_of(collect(api, now=NOW), "hanako")
    for key in hanako.keys:
        api.call("iam", "DeleteAccessKey", UserName="hanako", AccessKeyId=key.id)
    for ssh in hanako.ssh_keys:
        api.call("iam", "DeleteSSHPublicKey", UserName="hanako", SSHPublicKeyId=ssh.id)
    for other in hanako.service_credentials:
        api.call(
            "iam",
            "DeleteServiceSpecificCredential",
            UserName="hanako",
            ServiceSpecificCredentialId=other.id,
        )
    for each in hanako.certificates:
        api.call("iam", "DeleteSigningCertificate", UserName="hanako", CertificateId=each.id)
    enforced(api, preset, tmp_path)
    made = reset(PlanningContext(collect(api, now=NOW), ADMIN), "hanako")
    assert made.applicable, made.problem_ids
    assert [change.address.split()[0] for change in made.changes] == [
        "password",
        "device",
        "virtual-device",
        "sign-in-sessions",
    ]
    run(made, api, tmp_path / "journal")
    after = user_of(collect(api, now=NOW), "hanako")
    assert after.devices == ()
    assert after.password is not None
    # AWS's sample refuses the change that it would be forced to: it is not forced
    assert after.password.reset_required is (preset is not Preset.AWS)
    assert ("no-forced-change" in [note.id for note in made.warnings]) is (preset is Preset.AWS)


def test_a_reset_killed_after_the_password_is_done_once_more(api: Boto3Api, tmp_path: Path) -> None:
    made = reset(PlanningContext(collect(api, now=NOW), ADMIN), "hanako")
    run(made, api, tmp_path / "journal")
    again = execute(
        made, api, Journal(tmp_path / "journal"), passwords=lambda user: "-", now=lambda: NOW
    )
    assert again.complete
    undone = roll_back(made, Journal(tmp_path / "journal"), api, now=lambda: NOW)
    assert len(undone.left) == 4, "nothing of it can be given back, and it says so"
    assert undone.complete


def test_what_a_run_that_died_was_to_delete_is_no_password_in_doubt(
    api: Boto3Api, tmp_path: Path
) -> None:
    made = offboard(PlanningContext(collect(api, now=NOW), ADMIN), "hanako")
    final = [change.address for change in made.changes if not change.reversible]
    assert {address.split()[0] for address in final} >= {"login-profile", "device"}
    for change in made.changes:
        if not change.reversible:
            # of each of them a run noted that it began, and died before AWS had heard of it
            journal = Journal(tmp_path / change.address.replace("/", "-"))
            journal.open(made.digest, made.to_json())
            journal.record(JournalEntry(NOW, Event.BEGUN, change.address))
            (left,) = roll_back(made, Journal(journal.path), api, now=lambda: NOW).left
            assert left.address == change.address
            assert left.reason.en == "AWS cannot restore it, so it stays"


def test_who_leaves_loses_everything_at_once(
    local: LocalAws, api: Boto3Api, tmp_path: Path
) -> None:
    session = signed_in(local, "hanako", mfa=True)
    session.call("iam", "ListUsers")
    before = collect(api, now=NOW)
    made = offboard(PlanningContext(before, ADMIN), "hanako")
    assert made.applicable, made.problem_ids
    assert made.changes[0].address == f"user-attachment hanako {DENY_ALL}"
    run(made, api, tmp_path / "journal")
    hanako = user_of(collect(api, now=NOW), "hanako")
    assert hanako.password is None
    assert hanako.devices == hanako.groups == ()
    assert [held.active for held in _all_of(hanako)] == [False] * 4
    with pytest.raises(Exception, match="explicit deny"):
        session.call("iam", "ListUsers")
    undone = roll_back(made, Journal(tmp_path / "journal"), api, now=lambda: NOW)
    assert {left.address.split()[0] for left in undone.left} == {
        "login-profile",
        "device",
        "virtual-device",
        "sign-in-sessions",
    }
    back, was = user_of(collect(api, now=NOW), "hanako"), user_of(before, "hanako")
    assert (back.groups, back.attached, back.keys) == (was.groups, was.attached, was.keys)
    assert _all_of(back) == _all_of(was)
    assert [held.active for held in _all_of(back)] == [True] * 4


def _all_of(user: User) -> tuple[AccessKey | SshKey | ServiceCredential | SigningCertificate, ...]:
    return (*user.keys, *user.ssh_keys, *user.service_credentials, *user.certificates)


def test_credentials_of_somebody_who_leaves_are_previewed() -> None:
    def held(active: bool) -> dict[str, Any]:
        return {
            "keys": (AccessKey("AKIALEAVER", active=active),),
            "ssh_keys": (SshKey("APKALEAVER", active=active),),
            "service_credentials": (
                ServiceCredential("ACCALEAVER", "codecommit.amazonaws.com", active=active),
            ),
            "certificates": (SigningCertificate("TA7LEAVER", active=active),),
        }

    signs_in = {"password": Password(), "devices": (device("leaver"),)}
    start = with_user(account(), user("leaver", **held(active=True), **signs_in))
    made = offboard(PlanningContext(start, ADMIN, ("glass",)), "leaver")
    assert made.applicable, made.problem_ids
    after = forecast(start, made.changes).user_named["leaver"]
    assert {name: getattr(after, name) for name in held(active=False)} == held(active=False)
    assert after.attached == (DENY_ALL,)
    assert (after.password, after.devices) == (None, ())


def test_what_was_not_read_may_be_a_credential(api: Boto3Api) -> None:
    seen = collect(api, now=NOW)
    for what, who, counts in (
        ("ListSSHPublicKeys", "user hanako", True),
        ("ListSSHPublicKeys", "", True),
        ("ListVirtualMFADevices", "", True),
        ("ListSSHPublicKeys", "user machine", False),
        ("ListParents", "", False),
    ):
        hidden = replace(seen, gaps=(gap_at(what, who),))
        against = offboard(PlanningContext(hidden, ADMIN), "hanako").problem_ids
        assert ("gap" in against) is counts, (what, who)
    hidden = replace(seen, gaps=(gap_at("ListVirtualMFADevices"),))
    assert "gap" in delete_unassigned_devices(PlanningContext(hidden, ADMIN), ()).problem_ids


def test_the_script_has_the_commands_of_the_aws_cli(api: Boto3Api) -> None:
    script = script_of(offboard(PlanningContext(collect(api, now=NOW), ADMIN), "hanako"))
    commands = [line.split()[2] for line in script.splitlines() if line.startswith("aws iam ")]
    known = {
        xform_name(name, "-") for name in boto3.client("iam").meta.service_model.operation_names
    }
    assert {"update-ssh-public-key", "deactivate-mfa-device"} <= set(commands) <= known


@pytest.mark.skipif(sys.platform == "win32", reason="no shell there")
def test_the_script_asks_for_the_password_before_anything_is_done() -> None:
    script = script_of(plan(full_goal(), account(), ADMIN))
    ran = subprocess.run(
        ["/bin/sh"], input=script, env={"PATH": ""}, check=False, capture_output=True, text=True
    )
    assert ran.returncode != 0
    assert "TEMPORARY_PASSWORD" in ran.stderr
    assert "aws" not in ran.stderr, "a call would have failed, for there is no such program"


def test_devices_of_nobody_are_deleted(api: Boto3Api, tmp_path: Path) -> None:
    snapshot = collect(api, now=NOW)
    assert [device.serial.rpartition("/")[2] for device in snapshot.unassigned_devices] == [
        "forgotten"
    ]
    made = delete_unassigned_devices(PlanningContext(snapshot, ADMIN), snapshot.unassigned_devices)
    assert made.applicable, made.problem_ids
    run(made, api, tmp_path / "journal")
    assert collect(api, now=NOW).unassigned_devices == ()


def test_a_least_policy_that_is_long_names_what_it_can_by_wildcard() -> None:
    start = account()
    devices = tuple(
        Device(f"arn:aws:iam::{start.account}:mfa/left-{number:04d}", DeviceKind.VIRTUAL)
        for number in range(150)
    )
    many = delete_unassigned_devices(
        PlanningContext(replace(start, unassigned_devices=devices), ADMIN), devices
    )
    path, arn = f"/{'p' * 500}/", f"arn:aws:iam::{start.account}"
    phones = tuple(
        Device(f"{arn}:mfa{path}{number}", DeviceKind.VIRTUAL, "hanako", NOW)
        for number in range(12)
    )
    groups = tuple(
        Group(f"G{number}", path, f"{arn}:group{path}G{number}", ()) for number in range(12)
    )
    hanako = replace(
        start.user_named["hanako"], devices=phones, groups=tuple(each.name for each in groups)
    )
    at = PlanningContext(replace(with_user(start, hanako), groups=groups), ADMIN)
    for made, kinds in (
        (many, {"mfa/*"}),
        (reset(at, "hanako"), {"mfa/*", "user/*"}),
        (offboard(at, "hanako"), {"mfa/*", "user/*", "group/*"}),
    ):
        named = {name for each in made.needs["Statement"] for name in each["Resource"]}
        assert named == {"*", *(f"{arn}:{kind}" for kind in kinds)}


@pytest.mark.parametrize("make", [reset, offboard])
def test_what_is_refused(api: Boto3Api, make: object) -> None:
    assert callable(make)
    at = PlanningContext(collect(api, now=NOW), ADMIN)
    assert "oneself" in make(at, "admin").problem_ids
    careful = replace(at, break_glass=("hanako",))
    assert "break-glass-untouched" in make(careful, "hanako").problem_ids
    with pytest.raises(FaultyAccount, match="no user `nobody`"):
        make(at, "nobody")
    with pytest.raises(FaultyAccount, match="is the root user and not an IAM user") as caught:
        make(at, "root")
    assert "sign-in page of the root user" in caught.value.faults[0].fix.en


def test_the_last_administrator_stays(api: Boto3Api) -> None:
    snapshot = collect(api, now=NOW)
    others = [user.name for user in snapshot.users if FULL in user.attached]
    assert len(others) > 1
    iam = api
    for name in ("glass", "machine"):
        iam.call("iam", "DetachUserPolicy", UserName=name, PolicyArn=FULL)
    iam.call("iam", "RemoveUserFromGroup", UserName="hanako", GroupName="Developers")
    role = ADMIN.__class__(f"arn:aws:sts::{snapshot.account}:assumed-role/Deploy/ops", mfa=False)
    made = offboard(PlanningContext(collect(api, now=NOW), role), "admin")
    assert "administrator-remains" in made.problem_ids


def test_a_plan_of_credentials_is_read_back(api: Boto3Api) -> None:
    made = offboard(PlanningContext(collect(api, now=NOW), ADMIN), "hanako")
    again = Plan.from_json(made.to_json())
    assert again == made
    assert again.to_json() == made.to_json()
    kinds = {change["kind"] for change in json.loads(made.to_json())["changes"]}
    assert {"DeactivateCredential", "DeactivateDevice", "DeleteLoginProfile"} <= kinds
