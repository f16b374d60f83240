"""Accounts that we did not make: AWS's printed export, and plain moto as a second API."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import boto3
import pytest

from plain_moto import plain_moto
from sekisho.account import collect, open_account, policies_of
from sekisho.account.aws import Keys, connect
from sekisho.engine import DecisionEffect, Request, decide
from sekisho.errors import FaultyAccount

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
MANUAL = "examples/iam/get-account-authorization-details.rst"
KEYS = Keys("AKIAEXAMPLE000000000", "example-secret")
REGION = "us-east-1"
ALLOW = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
}


def printed() -> dict[str, Any]:
    """Return the export that the manual of the AWS CLI prints."""
    # found and not imported: the AWS CLI brings a botocore of its own
    spec = find_spec("awscli")
    assert spec is not None
    (folder,) = spec.submodule_search_locations or ()
    text = (Path(folder) / MANUAL).read_text(encoding="utf-8").split("Output::", 1)[1]
    found: dict[str, Any] = json.JSONDecoder().raw_decode(text.strip())[0]
    return found


def test_what_is_wrong_with_the_printed_export_is_named(tmp_path: Path) -> None:
    path = tmp_path / "details.json"
    path.write_text(json.dumps(printed()), encoding="utf-8")
    with pytest.raises(FaultyAccount) as caught:
        open_account(path)
    # the manual prints the first page of several, and an object where AWS gives a list
    assert {fault.path for fault in caught.value.faults} == {
        "IsTruncated",
        "GroupDetailList[0].AttachedManagedPolicies",
        "GroupDetailList[1].AttachedManagedPolicies",
    }


def test_the_printed_export_opens_once_it_is_whole(tmp_path: Path) -> None:
    export = printed()
    del export["IsTruncated"], export["Marker"]
    for group in export["GroupDetailList"]:
        attached = group["AttachedManagedPolicies"]
        group["AttachedManagedPolicies"] = attached if isinstance(attached, list) else [attached]
    path = tmp_path / "details.json"
    path.write_text(json.dumps(export), encoding="utf-8")
    snapshot = open_account(path)
    assert snapshot.account == "123456789012"
    assert [user.name for user in snapshot.users] == ["Alice", "Bob", "Charlie"]
    assert [group.name for group in snapshot.groups] == ["Admins", "Dev", "Finance"]
    assert snapshot.user_named["Charlie"].groups == ("Dev",)


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    with plain_moto() as url:
        yield url


def test_plain_moto_is_read_as_well(moto: str) -> None:
    iam = boto3.client(
        "iam",
        region_name=REGION,
        endpoint_url=moto,
        aws_access_key_id=KEYS.access_key_id,
        aws_secret_access_key=KEYS.secret_access_key,
    )
    arn = iam.create_policy(PolicyName="Storage", PolicyDocument=json.dumps(ALLOW))["Policy"]["Arn"]
    iam.create_group(GroupName="Developers")
    iam.attach_group_policy(GroupName="Developers", PolicyArn=arn)
    for number in range(12):
        name = f"user{number:02}"
        iam.create_user(UserName=name)
        iam.add_user_to_group(GroupName="Developers", UserName=name)
    iam.create_access_key(UserName="user03")
    iam.create_login_profile(UserName="user04", Password="Fuji-2026-x")
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="phone")["VirtualMFADevice"]
    iam.create_account_alias(AccountAlias="example-company")

    api = connect(region=REGION, endpoint_url=moto, credentials=KEYS)
    snapshot = collect(api, now=NOW)

    # moto does not know these calls; everything else it tells
    assert {gap.operation for gap in snapshot.gaps} == {
        "GetConsoleAuthorizationConfiguration",
        "GetResourcePolicy",
        "ListServiceSpecificCredentials",
    }
    assert snapshot.console_authorization is None
    assert len(snapshot.users) == 12
    assert snapshot.alias == "example-company"
    assert [device.serial for device in snapshot.unassigned_devices] == [device["SerialNumber"]]
    assert [bool(user.keys) for user in snapshot.users[3:5]] == [True, False]
    assert snapshot.users[4].password is not None
    assert snapshot.report is not None
    assert set(snapshot.report.rows) >= {user.name for user in snapshot.users}
    assert snapshot.scps is None
    request = Request(snapshot.users[7].arn, "s3:ListAllMyBuckets", "*")
    decision = decide(request, policies_of(snapshot, "user07"))
    assert decision.effect is DecisionEffect.ALLOWED
