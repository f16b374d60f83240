"""`sekisho onboard`, `reset`, `offboard` and `orphans`, each planned and applied, over the wire."""

import errno
import json
import os
import re
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from administered import enrol, iam_of
from rollout.at_the_terminal import Terminal, environment
from rollout.staging import company, enforcement
from sekisho.cli import Exit
from sekisho.errors import Code, FaultyAccount, FaultyInput, SekishoError, SeveralErrors, UsageError
from sekisho.localaws import LocalAws
from sekisho.policy import DESCRIPTION, to_json
from sekisho.rollout import CreatePolicy, Plan


@pytest.fixture(scope="module")
def local() -> Iterator[LocalAws]:
    with company() as running:
        iam = iam_of(running)
        iam.create_login_profile(UserName="admin", Password="Fuji-2026-x-temporary")
        iam.create_login_profile(UserName="hanako", Password="Fuji-2026-x-temporary")
        enrol(running, "hanako", "hanako-phone")
        for name in ("hanako-new", "machine", "attic"):
            iam.create_virtual_mfa_device(VirtualMFADeviceName=name)
        yield running


@pytest.fixture
def terminal(local: LocalAws, tmp_path: Path) -> Terminal:
    return Terminal(tmp_path, environment(local, "admin"))


def planned(terminal: Terminal, *words: str) -> Plan:
    done = terminal.run(*words, "--mfa", "--out", terminal.path("plan"))
    assert done.exception is None, done.exception
    assert done.return_value == Exit.CHANGES, done.output
    return Plan.from_json(Path(terminal.path("plan")).read_text("utf-8"))


def applied(terminal: Terminal, *words: str) -> str:
    done = terminal.run("apply", terminal.path("plan"), "--yes", *words)
    assert done.exception is None, done.exception
    assert done.return_value == Exit.CLEAN, done.output
    return done.output


def test_a_new_user_is_told_a_password_that_opens_the_console(
    terminal: Terminal, local: LocalAws
) -> None:
    made = planned(terminal, "onboard", "taro", "--group", "Enforced", "--tag", "desk=4")
    assert isinstance(made.changes[0], CreatePolicy)
    assert made.changes[0].description == DESCRIPTION, "nobody can write one afterwards"
    with pytest.raises(UsageError, match="no terminal to show it on"):
        raise_(terminal.run("apply", terminal.path("plan"), "--yes").exception)
    file = Path(terminal.path("passwords"))
    output = applied(terminal, "--password-file", str(file))
    head, line = file.read_text("utf-8").splitlines()
    assert head.startswith("# sekisho")
    user, password = line.split("\t")
    assert (user, len(password)) == ("taro", 20)
    if sys.platform != "win32":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    written = [path.read_text("utf-8") for path in terminal.folder.iterdir() if path != file]
    assert len(written) >= 2, "the plan and its journal"
    assert not any(password in text for text in [output, *written])
    profile = iam_of(local).get_login_profile(UserName="taro")["LoginProfile"]
    assert profile["PasswordResetRequired"] is True
    again = terminal.run("onboard", "taro", "--group", "Enforced", "--tag", "desk=4", "--mfa")
    assert again.return_value == Exit.CLEAN, again.output
    back = terminal.run("rollback", terminal.path("plan"), "--yes")
    assert back.return_value == Exit.CLEAN, back.output


def test_a_policy_is_found_by_its_name_at_any_path(terminal: Terminal, local: LocalAws) -> None:
    document = json.dumps(to_json(enforcement()))
    arn = iam_of(local).create_policy(
        PolicyName="Enforcement", Path="/sec/", PolicyDocument=document
    )["Policy"]["Arn"]
    made = planned(terminal, "onboard", "taro", "--name", "Enforcement", "--no-password")
    assert [type(change).__name__ for change in made.changes] == ["CreateUser", "AttachUserPolicy"]
    assert made.changes[1].address == f"user-attachment taro {arn}"
    iam_of(local).delete_policy(PolicyArn=arn)


def test_a_password_is_as_long_as_the_account_asks_for(terminal: Terminal, local: LocalAws) -> None:
    iam, file = iam_of(local), Path(terminal.path("passwords"))
    planned(terminal, "onboard", "taro")
    iam.update_account_password_policy(MinimumPasswordLength=128, RequireSymbols=True)
    try:
        words = ("--yes", "--password-file", str(file))
        refused = terminal.run("apply", terminal.path("plan"), *words)
        assert refused.return_value == Exit.CHANGES
        assert "PasswordPolicyViolation" in refused.stdout
        assert "make the plan again" in refused.stdout
        assert terminal.run("rollback", terminal.path("plan"), "--yes").return_value == Exit.CLEAN

        for name in ("plan", "plan.journal", "passwords"):
            Path(terminal.path(name)).unlink()
        planned(terminal, "onboard", "taro")
        applied(terminal, "--password-file", str(file))
        _, line = file.read_text("utf-8").splitlines()
        assert len(line.removeprefix("taro\t")) == 128
        assert terminal.run("rollback", terminal.path("plan"), "--yes").return_value == Exit.CLEAN
    finally:
        iam.delete_account_password_policy()


def test_a_password_file_that_is_there_stops_everything(
    terminal: Terminal, local: LocalAws
) -> None:
    planned(terminal, "onboard", "jiro")
    there = terminal.write("passwords", "older")
    Path(there).chmod(0o600)
    with pytest.raises(UsageError, match="already exists with other content"):
        raise_(
            terminal.run(
                "apply", terminal.path("plan"), "--yes", "--password-file", there
            ).exception
        )
    assert Path(there).read_text("utf-8") == "older"
    assert "jiro" not in [user["UserName"] for user in iam_of(local).list_users()["Users"]]


@pytest.mark.parametrize("file", ["/nowhere/passwords", "/dev/full", "/dev"])
def test_a_password_file_that_cannot_be_written_stops_everything(
    terminal: Terminal, local: LocalAws, file: str
) -> None:
    planned(terminal, "onboard", "jiro")
    words = ("apply", terminal.path("plan"), "--yes", "--password-file", file)
    with pytest.raises(SekishoError, match=Path(file).name):
        raise_(terminal.run(*words).exception)
    assert "jiro" not in [user["UserName"] for user in iam_of(local).list_users()["Users"]]


def test_a_password_file_that_none_came_into_goes_again(terminal: Terminal) -> None:
    planned(terminal, "onboard", "jiro")
    file = Path(terminal.path("passwords"))
    words = ("apply", terminal.path("plan"), "--password-file", str(file))
    with pytest.raises(UsageError, match="no terminal to ask on"):
        raise_(terminal.run(*words).exception)
    assert not file.exists()


def test_a_password_that_cannot_be_told_stops_the_plan_and_it_is_said_where(
    terminal: Terminal, local: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned(terminal, "onboard", "jiro")
    file = Path(terminal.path("passwords"))
    real, writes = os.fsync, []

    def full(descriptor: int) -> None:
        writes.extend([descriptor] if os.fstat(descriptor).st_ino == file.stat().st_ino else [])
        if len(writes) > 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    monkeypatch.setattr("os.fsync", full)
    words = ("apply", terminal.path("plan"), "--yes", "--password-file", str(file))
    done = terminal.run(*words)
    assert isinstance(done.exception, SekishoError)
    assert done.exception.code is Code.OUTPUT_UNWRITABLE
    assert "Not done: 1\n  login-profile jiro" in done.stdout
    assert "user jiro" in done.stdout.partition("\nDone: ")[2]
    monkeypatch.undo()
    assert "Done" in applied(terminal, "--password-file", str(file))
    assert terminal.run("rollback", terminal.path("plan"), "--yes").return_value == Exit.CLEAN


def test_who_is_not_there_yet_waits_and_is_not_unknown(terminal: Terminal) -> None:
    planned(terminal, "onboard", "jiro", "--no-password", "--break-glass", "glass")
    # after the roll-back nothing waits
    for code in (Exit.CHANGES, Exit.CLEAN):
        status = terminal.run("status", terminal.path("plan"))
        assert status.return_value == code, status.output
        assert "People: 1 in all, 0 with an MFA device\n" in status.stdout
        assert "No such user now: jiro\n" in status.stdout
        assert "glass" not in status.stdout, "nobody whom the plan concerns"
        applied(terminal)
        assert terminal.run("status", terminal.path("plan")).return_value == Exit.CLEAN
        assert terminal.run("rollback", terminal.path("plan"), "--yes").return_value == Exit.CLEAN


def test_whose_devices_may_not_be_listed_is_named(terminal: Terminal, local: LocalAws) -> None:
    planned(terminal, "onboard", "jiro", "--no-password", "--break-glass", "glass")
    applied(terminal)
    deny = {"Effect": "Deny", "Action": "iam:ListMFADevices", "Resource": "*"}
    about = {"UserName": "admin", "PolicyName": "NoDevices"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    iam_of(local).put_user_policy(**about, PolicyDocument=document)
    try:
        status = terminal.run("status", terminal.path("plan"))
        told = terminal.run("status", terminal.path("plan"), "--format", "json")
    finally:
        iam_of(local).delete_user_policy(**about)
    assert "Not read: jiro: AccessDenied: " in status.stdout
    assert "Without an MFA device" not in status.stdout
    assert status.return_value == told.return_value == Exit.UNKNOWN
    assert [each["enrolled"] for each in json.loads(told.stdout)["people"]] == [None]
    assert terminal.run("rollback", terminal.path("plan"), "--yes").return_value == Exit.CLEAN


def test_somebody_who_is_there_already_is_told_of(terminal: Terminal) -> None:
    told = terminal.run("onboard", "machine", "--no-password", "--mfa")
    assert "The user machine already exists" in told.stderr
    assert "\n  user machine" not in told.stdout
    assert "already" not in terminal.run("onboard", "saburo", "--mfa").stderr


def test_a_lost_phone(terminal: Terminal, local: LocalAws) -> None:
    iam = iam_of(local)
    planned(terminal, "reset", "hanako")
    applied(terminal, "--password-file", terminal.path("passwords"))
    assert iam.list_mfa_devices(UserName="hanako")["MFADevices"] == []
    left = terminal.run("rollback", terminal.path("plan"), "--yes")
    assert left.return_value == Exit.FINDINGS
    assert left.stdout.count("AWS cannot restore it") == 4
    assert "Cannot be restored by AWS, and stays: 4\n" in left.stderr
    assert "Will be undone" not in left.stderr


def test_somebody_leaves(terminal: Terminal, local: LocalAws) -> None:
    iam = iam_of(local)
    made = planned(terminal, "offboard", "machine")
    assert "AWSDenyAll" in made.changes[0].address
    applied(terminal)
    (key,) = iam.list_access_keys(UserName="machine")["AccessKeyMetadata"]
    assert key["Status"] == "Inactive"
    back = terminal.run("rollback", terminal.path("plan"), "--yes")
    assert back.return_value == Exit.CLEAN, back.output
    (key,) = iam.list_access_keys(UserName="machine")["AccessKeyMetadata"]
    assert key["Status"] == "Active"


def test_devices_of_nobody(terminal: Terminal, local: LocalAws) -> None:
    shown = terminal.run("orphans", "--lang", "en")
    assert re.search(r"mfa/hanako-new: name matches hanako", shown.stderr)
    assert re.search(r"mfa/machine: name matches machine, who has no device", shown.stderr)
    assert re.search(r"mfa/attic: name matches no user in this account", shown.stderr)
    assert "AWS does not say when such a device was created" in shown.stderr
    snapshot = terminal.path("older.json")
    assert terminal.run("collect", "--out", snapshot).exception is None
    iam_of(local).create_virtual_mfa_device(VirtualMFADeviceName="brand-new")
    kept = f"arn:aws:iam::{shown.stderr.split('arn:aws:iam::')[1][:12]}:mfa/machine"
    recent = terminal.run("orphans", "--since", snapshot, "--mfa")
    assert recent.return_value == Exit.CLEAN, "it was taken just now"
    made = planned(terminal, "orphans", "--since", snapshot, "--older-than", "0", "--keep", kept)
    assert [change.address.rpartition("/")[2] for change in made.changes] == [
        "attic",
        "hanako-new",
    ]
    applied(terminal)
    devices = iam_of(local).list_virtual_mfa_devices(AssignmentStatus="Unassigned")
    left = {device["SerialNumber"].rpartition("/")[2] for device in devices["VirtualMFADevices"]}
    assert left == {"machine", "brand-new"}


BAD = {
    "reset-of-nobody": (("reset", "nobody"), FaultyAccount, "no user `nobody`"),
    "offboard-of-nobody": (("offboard", "nobody"), FaultyAccount, "no user `nobody`"),
    "a-name-that-aws-refuses": (("onboard", "a b"), FaultyInput, "a b"),
    "a-tag-without-value": (("onboard", "saburo", "--tag", "x"), UsageError, "`--tag x`"),
    "a-break-glass-user-who-is-not-there": (
        ("offboard", "machine", "--break-glass", "nosuch"),
        FaultyAccount,
        "no user `nosuch`",
    ),
    "a-device-to-keep-that-is-not-there": (
        ("orphans", "--keep", "nosuch"),
        UsageError,
        "no such device",
    ),
    "somebody-else-of-that-name": (("onboard", "machine"), FaultyInput, "is somebody else"),
    "a-tag-twice": (("onboard", "saburo", "--tag", "x=1", "--tag", "x=2"), UsageError, "twice"),
    "a-reason-for-nothing": (
        ("offboard", "machine", "--accept", "x=y"),
        UsageError,
        "`x` is not a problem of a plan",
    ),
    "nobody-accepts-for-themselves": (
        ("offboard", "admin", "--accept", "oneself=I want to"),
        UsageError,
        "`oneself` cannot be accepted",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_changes_nothing(terminal: Terminal, name: str) -> None:
    words, kind, text = BAD[name]
    with pytest.raises(kind, match=text):
        raise_(terminal.run(*words, "--mfa").exception)


def test_what_is_wrong_with_a_new_user_is_told_at_once_and_aws_is_not_asked(tmp_path: Path) -> None:
    nowhere = Terminal(tmp_path, {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"})
    words = ("--tag", "nokey", "--tag", "aws:a=1", "--path", "nopath", "--group", "bad group!")
    error = nowhere.run("onboard", "x y", *words).exception
    assert isinstance(error, SeveralErrors)
    usage, names = error.errors
    assert isinstance(usage, UsageError)
    assert isinstance(names, FaultyInput)
    assert [fault.path for fault in names.faults] == ["USER", "--path", "--tag[0].Key", "--group"]


def raise_(error: BaseException | None) -> None:
    if error is not None:
        raise error
