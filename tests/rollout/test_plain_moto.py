"""The way there and back against plain moto: a second implementation of AWS's API."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from plain_moto import plain_moto
from rollout.at_the_terminal import Terminal
from rollout.staging import EVERYTHING, enforcement
from sekisho.cli import Exit
from sekisho.policy import Preset, to_json

GOAL = """\
policy: {tags: {team: security}}
group: Enforced
who: [{path: /dev/}]
afterEnrolment: {group: Enrolled, policy: {name: Strict}}
replaces: [Old]
breakGlass: [glass]
"""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with plain_moto() as running:
        yield running


@pytest.fixture
def terminal(url: str, tmp_path: Path) -> Terminal:
    environment = {
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE000000000",
        "AWS_SECRET_ACCESS_KEY": "example-secret",
        "AWS_SESSION_TOKEN": "example-session",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": url,
        "AWS_CONFIG_FILE": "/nonexistent",
        "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
        "LANG": "C",
    }
    return Terminal(tmp_path, environment)


def test_there_and_back(terminal: Terminal, url: str) -> None:
    keys = {"aws_access_key_id": "AKIAEXAMPLE000000000", "aws_secret_access_key": "example-secret"}
    iam = boto3.client("iam", endpoint_url=url, region_name="us-east-1", **keys)
    everything = json.dumps(EVERYTHING)
    full = iam.create_policy(PolicyName="Full", PolicyDocument=everything)["Policy"]["Arn"]
    old = iam.create_policy(PolicyName="Old", PolicyDocument=everything)["Policy"]["Arn"]
    document = json.dumps(to_json(enforcement(Preset.AWS)))
    force = iam.create_policy(PolicyName="Force_MFA", PolicyDocument=document)["Policy"]["Arn"]
    # moto's GetCallerIdentity says that everybody is its user `moto`
    for name, path in (("glass", "/"), ("moto", "/"), ("hanako", "/dev/"), ("ken", "/dev/")):
        iam.create_user(UserName=name, Path=path)
        iam.attach_user_policy(UserName=name, PolicyArn=full)
        iam.create_login_profile(UserName=name, Password="Fuji-2026-x")
    iam.attach_user_policy(UserName="ken", PolicyArn=old)
    iam.create_virtual_mfa_device(VirtualMFADeviceName="ken")
    serial = "arn:aws:iam::123456789012:mfa/ken"
    codes = {"AuthenticationCode1": "123456", "AuthenticationCode2": "654321"}
    iam.enable_mfa_device(UserName="ken", SerialNumber=serial, **codes)
    before = attached(iam)

    goal, plan = terminal.write("goal.yaml", GOAL), terminal.path("plan")
    # moto does not list credentials for one service: who has any is not known
    words = ["plan", goal, "--mfa", "--out", plan]
    for name in ("hanako", "ken", "moto"):
        words += ["--accept", f"credentials-in-use:{name}=moto has none"]
    done = terminal.run(*words)
    assert done.return_value == Exit.CHANGES, done.output
    assert terminal.run("apply", plan, "--yes").return_value == Exit.CLEAN
    assert attached(iam) == {
        "glass": ([], [full]),
        "hanako": (["Enforced"], [full]),
        "ken": (["Enrolled"], [full]),
        "moto": ([], [full]),
    }
    assert terminal.run("plan", goal, "--mfa").return_value == Exit.CLEAN
    assert iam.get_policy(PolicyArn=force)["Policy"]["DefaultVersionId"] == "v2"

    back = terminal.run("rollback", plan, "--yes")
    assert back.return_value == Exit.CLEAN, back.output
    assert attached(iam) == before
    assert iam.get_policy(PolicyArn=force)["Policy"]["DefaultVersionId"] == "v1"
    assert [each["GroupName"] for each in iam.list_groups()["Groups"]] == []


def attached(iam: Any) -> dict[str, tuple[list[str], list[str]]]:
    """Return each user's groups and directly attached policies."""
    found = {}
    for user in iam.list_users()["Users"]:
        name = user["UserName"]
        groups = iam.list_groups_for_user(UserName=name)["Groups"]
        policies = iam.list_attached_user_policies(UserName=name)
        found[name] = (
            sorted(each["GroupName"] for each in groups),
            sorted(each["PolicyArn"] for each in policies["AttachedPolicies"]),
        )
    return found
