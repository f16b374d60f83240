"""A small account for tests of the endpoint, and real clients for the people in it.

Every secret here is made up and opens nothing.
"""

import json
from datetime import timedelta
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from sekisho.account import AccountFile, load_account
from sekisho.localaws import LocalAws
from sekisho.signin.totp import PERIOD, code_at, step_of

ACCOUNT = "111122223333"
SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
PASSWORD = "Kadomatsu-7-lantern"
ADMIN_KEY = ("AKIAEXAMPLEADMIN0000", "example-secret-of-the-admin-0123456789ab")
BOB_KEY = ("AKIAEXAMPLEBOB000000", "example-secret-of-bob-0123456789abcdefgh")
BOB_DEVICE = f"arn:aws:iam::{ACCOUNT}:mfa/bob-phone"

_OWN = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "Own",
            "Effect": "Allow",
            "Action": "iam:*",
            "Resource": [
                "arn:aws:iam::*:user/${aws:username}",
                "arn:aws:iam::*:user/*/${aws:username}",
                "arn:aws:iam::*:mfa/*",
            ],
        },
        {"Sid": "Role", "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"},
    ],
}
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            "Action": "sts:AssumeRole",
            "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
        }
    ],
}


def _user(name: str, path: str = "/", **more: Any) -> dict[str, Any]:
    return {
        "Path": path,
        "UserName": name,
        "UserId": f"AIDA{name.upper():0<17}",
        "Arn": f"arn:aws:iam::{ACCOUNT}:user{path}{name}",
        "CreateDate": "2024-04-01T00:00:00Z",
        "UserPolicyList": [],
        "GroupList": [],
        "AttachedManagedPolicies": [],
        "Tags": [],
        **more,
    }


def account_text() -> str:
    """Return the account in sekisho's form: an administrator with a key, and Bob with a device."""
    admin = "arn:aws:iam::aws:policy/AdministratorAccess"
    own = {"PolicyName": "Own", "PolicyDocument": _OWN}
    power = "arn:aws:iam::aws:policy/PowerUserAccess"
    return json.dumps(
        {
            "schema": "sekisho.account/1",
            "account": ACCOUNT,
            "partition": "aws",
            "alias": "sekisho-test",
            "authorizationDetails": {
                "UserDetailList": [
                    _user("admin", AttachedManagedPolicies=[_attached(admin)]),
                    _user(
                        "bob",
                        "/dev/",
                        UserPolicyList=[own],
                        GroupList=["Staff"],
                        Tags=[{"Key": "Team", "Value": "blue"}],
                        PermissionsBoundary={
                            "PermissionsBoundaryType": "Policy",
                            "PermissionsBoundaryArn": admin,
                        },
                    ),
                    _user("carol", UserPolicyList=[own]),
                ],
                "GroupDetailList": [
                    {
                        "Path": "/",
                        "GroupName": "Staff",
                        "GroupId": "AGPASTAFF000000000000",
                        "Arn": f"arn:aws:iam::{ACCOUNT}:group/Staff",
                        "CreateDate": "2024-04-01T00:00:00Z",
                        "GroupPolicyList": [],
                        "AttachedManagedPolicies": [_attached(power)],
                    }
                ],
                "RoleDetailList": [
                    {
                        "Path": "/",
                        "RoleName": "Ops",
                        "RoleId": "AROAOPS00000000000000",
                        "Arn": f"arn:aws:iam::{ACCOUNT}:role/Ops",
                        "CreateDate": "2024-04-01T00:00:00Z",
                        "AssumeRolePolicyDocument": _TRUST,
                        "RolePolicyList": [],
                        "AttachedManagedPolicies": [_attached(power)],
                        "Tags": [],
                    }
                ],
                "Policies": [_two_versions()],
            },
            "passwordPolicy": None,
            "credentials": {
                "users": {
                    "admin": {
                        "password": PASSWORD,
                        "accessKeys": [{"id": ADMIN_KEY[0], "secret": ADMIN_KEY[1]}],
                    },
                    "bob": {
                        "password": PASSWORD,
                        "devices": [{"name": "bob-phone", "seed": SEED}],
                        "accessKeys": [{"id": BOB_KEY[0], "secret": BOB_KEY[1]}],
                    },
                    "carol": {"password": PASSWORD, "passwordResetRequired": True},
                },
                "unassignedDevices": [{"name": "left-behind", "seed": SEED}],
            },
        }
    )


def _attached(arn: str) -> dict[str, str]:
    return {"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn}


def _two_versions() -> dict[str, Any]:
    arn = f"arn:aws:iam::{ACCOUNT}:policy/team/Notes"
    versions = [
        {
            "VersionId": version,
            "IsDefaultVersion": version == "v3",
            "CreateDate": "2024-05-01T00:00:00Z",
            "Document": {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}],
            },
        }
        for version, action in (("v3", "s3:GetObject"), ("v2", "s3:ListBucket"))
    ]
    return {
        "PolicyName": "Notes",
        "PolicyId": "ANPANOTES000000000000",
        "Arn": arn,
        "Path": "/team/",
        "DefaultVersionId": "v3",
        "Description": "read notes",
        "CreateDate": "2024-04-01T00:00:00Z",
        "UpdateDate": "2024-05-01T00:00:00Z",
        "PolicyVersionList": versions,
    }


def account() -> AccountFile:
    """Return the account, loaded."""
    return load_account(account_text())


def client(
    aws: LocalAws, service: str, keys: tuple[str, ...] = ADMIN_KEY, region: str = "us-east-1"
) -> Any:
    """Return an unmodified boto3 client that signs with `keys`: id, secret, session token."""
    return boto3.client(
        service,
        endpoint_url=aws.url,
        region_name=region,
        aws_access_key_id=keys[0],
        aws_secret_access_key=keys[1],
        aws_session_token=keys[2] if len(keys) > 2 else None,
        config=Config(retries={"max_attempts": 0}),
    )


def keys_of(credentials: dict[str, Any]) -> tuple[str, str, str]:
    """Return an answer's credentials as `client` takes them."""
    return (
        credentials["AccessKeyId"],
        credentials["SecretAccessKey"],
        credentials["SessionToken"],
    )


def code(aws: LocalAws, seed: str = SEED, steps: int = 0) -> str:
    """Return the code that a device shows, `steps` periods from now."""
    return code_at(seed, step_of(aws.clock.now()) + steps)


def fresh_code(aws: LocalAws, seed: str = SEED) -> str:
    """Return a code that was surely not used before, after moving the clock past the last one."""
    aws.clock.advance(timedelta(seconds=2 * PERIOD))
    return code(aws, seed)


def console(aws: LocalAws, step: str, **fields: object) -> tuple[int, dict[str, Any]]:
    """Return status and answer of one step of console sign-in."""
    where = urlsplit(aws.url)
    connection = HTTPConnection(where.hostname or "", where.port, timeout=30)
    try:
        body = json.dumps(fields)
        headers = {"Content-Type": "application/json"}
        connection.request("POST", f"/_console/{step}", body, headers)
        answer = connection.getresponse()
        decoded: dict[str, Any] = json.loads(answer.read())
        return answer.status, decoded
    finally:
        connection.close()
