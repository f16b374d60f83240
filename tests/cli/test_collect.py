"""`sekisho collect`: the snapshot on stdout or in a file, what was found on stderr."""

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from administered import ACCOUNT, GLASS, administered, iam_of
from click_commands import command_of
from sekisho.account import least_policy, load_snapshot, read_snapshot
from sekisho.cli import Exit
from sekisho.localaws import LocalAws
from sekisho.policy import parse

command = command_of("collect")

pytestmark = pytest.mark.usefixtures("wide_terminal")

READER = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/nowhere/config"}


@pytest.fixture(scope="module")
def local() -> Iterator[LocalAws]:
    """Run an account with three users beside the administrators, who hold nothing."""
    with administered() as running:
        iam = iam_of(running)
        for name in ("hanako", "ken", "taro"):
            iam.create_user(UserName=name)
        yield running


def keys_of(local: LocalAws, *actions: str) -> dict[str, str]:
    """Return the environment of a new user who may do these actions."""
    iam = iam_of(local)
    name = f"reader{len(iam.list_users()['Users'])}"
    iam.create_user(UserName=name)
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }


def run(local: LocalAws, *arguments: str, keys: dict[str, str] | None = None) -> Result:
    own = {
        "AWS_ACCESS_KEY_ID": GLASS.access_key_id,
        "AWS_SECRET_ACCESS_KEY": GLASS.secret_access_key,
    }
    environment = {**READER, **(keys or own)}
    given = ["--endpoint-url", local.url, "--lang", "en", *arguments]
    return CliRunner().invoke(command, given, env=environment, standalone_mode=False)


def test_the_snapshot_goes_to_stdout(local: LocalAws) -> None:
    done = run(local)
    assert done.return_value == Exit.CLEAN
    snapshot = read_snapshot(json.loads(done.stdout), "stdout")
    assert {"admin", "glass", "hanako"} <= {user.name for user in snapshot.users}
    lines = done.stderr.splitlines()
    assert lines[0] == (
        f"Account {ACCOUNT}, as arn:aws:iam::{ACCOUNT}:user/glass. Nothing has been changed."
    )
    assert f"Users: {len(snapshot.users)}" in lines
    assert "  with an MFA device: 1" in lines
    assert "  with an active access key: 1" in lines
    assert "Service control policies: none" in lines
    assert lines[1] == "Everything was read."


def test_the_snapshot_goes_to_a_file(local: LocalAws, tmp_path: Path) -> None:
    path = tmp_path / "snapshot.json"
    done = run(local, "--out", str(path))
    assert (done.return_value, done.stdout) == (Exit.CLEAN, "")
    assert load_snapshot(path).account == ACCOUNT
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert done.stderr.splitlines()[-3:] == [
        f"Saved to {path} (only you can read it).",
        "",
        f"Next: sekisho audit --snapshot {path}",
    ]
    again = run(local, "--out", str(path))
    assert again.exception is not None
    assert "already exists" in str(again.exception)
    assert run(local, "--out", str(path), "--force").return_value == Exit.CLEAN


def test_what_could_not_be_read_is_told_and_exits_4(local: LocalAws, tmp_path: Path) -> None:
    actions = [*least_policy().statements[0].action.values]
    actions.remove("iam:ListMFADevices")
    done = run(local, "-v", "--out", str(tmp_path / "s.json"), keys=keys_of(local, *actions))
    assert done.return_value == Exit.UNKNOWN
    count = len(load_snapshot(tmp_path / "s.json").users)
    lines = done.stderr.splitlines()
    assert f"  with an MFA device: 0 (not read: {count})" in lines
    (gap,) = (line for line in lines if line.startswith("  ListMFADevices"))
    assert gap.startswith(
        f"  ListMFADevices (admin, glass, hanako and {count - 3} more): AccessDen"
    )
    assert lines[1] == f"Not everything was read: {count} calls were refused or failed."
    assert "  Calls to allow: iam:ListMFADevices" in lines
    assert lines[-1] == "Next: sekisho collect --print-policy"


def test_a_stranger_reads_nothing_and_concludes_nothing(local: LocalAws) -> None:
    done = run(local, "--lang", "ja", keys=keys_of(local, "s3:ListAllMyBuckets"))
    assert done.return_value == Exit.UNKNOWN
    assert "ユーザー: 未取得" in done.stderr
    assert "ルートユーザーの MFA: 未取得" in done.stderr
    assert "サービスコントロールポリシー: 未取得" in done.stderr
    assert json.loads(done.stdout)["users"] == []
    assert "  コンソールパスワードあり: 未取得" in done.stderr.splitlines()
    assert not [line for line in done.stderr.splitlines() if line.endswith(": 0")]


def test_the_policy_is_printed_and_nothing_called() -> None:
    done = CliRunner().invoke(command, ["--print-policy"], standalone_mode=False)
    assert done.return_value == Exit.CLEAN
    assert parse(done.stdout) == least_policy()
    assert done.stderr == ""


@pytest.mark.parametrize(
    "arguments",
    [["--force"], ["--print-policy", "--out", "x"], ["--print-policy", "--profile", "x"]],
)
def test_options_that_do_not_go_together(arguments: list[str]) -> None:
    done = CliRunner().invoke(command, arguments, standalone_mode=False)
    assert type(done.exception).__name__ == "UsageError"
