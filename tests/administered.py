"""An account with two administrators and nothing else, for tests that make the rest themselves.

`admin` has an MFA device, `glass` an access key that works without MFA. Both secrets are made up.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import boto3

from sekisho.account import load_account
from sekisho.account.aws import Boto3Api, Keys, connect
from sekisho.localaws import LocalAws
from sekisho.localaws.state.moto_iam import holder_of
from sekisho.localaws.state.sealing import mint
from sekisho.signin import Credential, CredentialKind, totp

ACCOUNT = "123456789012"
REGION = "us-east-1"
FULL = f"arn:aws:iam::{ACCOUNT}:policy/Full"
EVERYTHING: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}
_DATE = "2024-04-01T00:00:00Z"
GLASS = Keys("AKIAEXAMPLEGLASS0000", "example-secret-of-glass-0123456789abcdef", None)
_SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def _user(name: str) -> dict[str, Any]:
    return {
        "Path": "/",
        "UserName": name,
        "UserId": f"AIDA{name.upper():0<17}",
        "Arn": f"arn:aws:iam::{ACCOUNT}:user/{name}",
        "CreateDate": _DATE,
        "AttachedManagedPolicies": [{"PolicyName": "Full", "PolicyArn": FULL}],
    }


def _full() -> dict[str, Any]:
    version = {
        "VersionId": "v1",
        "IsDefaultVersion": True,
        "CreateDate": _DATE,
        "Document": EVERYTHING,
    }
    return {
        "PolicyName": "Full",
        "PolicyId": "ANPAFULL0000000000000",
        "Arn": FULL,
        "Path": "/",
        "DefaultVersionId": "v1",
        "CreateDate": _DATE,
        "PolicyVersionList": [version],
    }


def _account() -> str:
    key = {"id": GLASS.access_key_id, "secret": GLASS.secret_access_key}
    return json.dumps(
        {
            "schema": "sekisho.account/1",
            "account": ACCOUNT,
            "partition": "aws",
            "authorizationDetails": {
                "UserDetailList": [_user("admin"), _user("glass")],
                "GroupDetailList": [],
                "RoleDetailList": [],
                "Policies": [_full()],
            },
            "passwordPolicy": None,
            "credentials": {
                "users": {
                    "admin": {"devices": [{"name": "admin", "seed": _SEED}]},
                    "glass": {"accessKeys": [key]},
                },
                "unassignedDevices": [],
            },
        }
    )


@contextmanager
def administered() -> Iterator[LocalAws]:
    """Run the local AWS with that account."""
    with LocalAws(load_account(_account())) as running:
        yield running


def iam_of(local: LocalAws) -> Any:
    """Return an unmodified boto3 client of IAM: what `glass` does by hand."""
    return boto3.client(
        "iam",
        endpoint_url=local.url,
        region_name=REGION,
        aws_access_key_id=GLASS.access_key_id,
        aws_secret_access_key=GLASS.secret_access_key,
    )


def session_keys(local: LocalAws, name: str, *, mfa: bool) -> Keys:
    """Return the keys of a console session of a user, with or without MFA."""
    holder = holder_of(local.world, name)
    assert holder is not None
    now = local.clock.now()
    until = now + timedelta(hours=12)
    kind = CredentialKind.CONSOLE_SESSION
    credential = Credential(kind, holder, now, until, mfa_at=now if mfa else None)
    issued = mint(local.world, credential)
    return Keys(issued.access_key_id, issued.secret_access_key, issued.session_token)


def signed_in(local: LocalAws, name: str, *, mfa: bool) -> Boto3Api:
    """Return the product's client with such a session."""
    keys = session_keys(local, name, mfa=mfa)
    return connect(region=REGION, endpoint_url=local.url, credentials=keys)


def enrol(local: LocalAws, user: str, name: str) -> None:
    """Create and enable a virtual device, with the codes that its seed gives."""
    iam = iam_of(local)
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]
    seed = device["Base32StringSeed"].decode()
    step = totp.step_of(local.clock.now())
    iam.enable_mfa_device(
        UserName=user,
        SerialNumber=device["SerialNumber"],
        AuthenticationCode1=totp.code_at(seed, step),
        AuthenticationCode2=totp.code_at(seed, step + 1),
    )
