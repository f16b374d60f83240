"""Reading an account: what is there, and a gap for everything that could not be read."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from administered import administered, iam_of, signed_in
from gaps import gap_at, resource
from sekisho.account import (
    AwsApi,
    RootUser,
    collect,
    policies_of,
    policies_of_role,
    user_of,
)
from sekisho.account.aws import Boto3Api
from sekisho.errors import AwsRefused, Code, FaultyAccount
from sekisho.signin import CharacterClass, DeviceKind, PasswordPolicy

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}],
}


class Refusing:
    """An `AwsApi` that refuses the operations named, as AWS would."""

    def __init__(self, api: AwsApi, *refused: str) -> None:
        self._api = api
        self._refused = refused

    def _check(self, operation: str) -> None:
        if operation in self._refused:
            raise AwsRefused(operation, "AccessDenied", "User is not authorized", 403)

    def call(self, service: str, operation: str, /, **params: object) -> Mapping[str, Any]:
        self._check(operation)
        return self._api.call(service, operation, **params)

    def pages(
        self, service: str, operation: str, key: str, /, **params: object
    ) -> Iterator[Mapping[str, Any]]:
        self._check(operation)
        return self._api.pages(service, operation, key, **params)


@pytest.fixture(scope="module")
def api() -> Iterator[Boto3Api]:
    """A small account in the local AWS, behind an unmodified boto3 client."""
    with administered() as running:
        iam = iam_of(running)
        local = iam.create_policy(
            PolicyName="Storage",
            PolicyDocument=json.dumps(POLICY),
            Description="all of S3",
            Tags=[{"Key": "team", "Value": "ops"}],
        )["Policy"]["Arn"]
        iam.create_group(GroupName="Developers")
        iam.attach_group_policy(
            GroupName="Developers", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess"
        )
        iam.put_group_policy(
            GroupName="Developers", PolicyName="own", PolicyDocument=json.dumps(POLICY)
        )
        iam.create_user(UserName="hanako.sato", Tags=[{"Key": "desk", "Value": "3"}])
        iam.create_user(UserName="ken.mori", Path="/dev/")
        iam.add_user_to_group(GroupName="Developers", UserName="hanako.sato")
        iam.attach_user_policy(UserName="ken.mori", PolicyArn=local)
        iam.put_user_policy(
            UserName="ken.mori", PolicyName="mine", PolicyDocument=json.dumps(POLICY)
        )
        iam.create_login_profile(
            UserName="hanako.sato", Password="Fuji-2026-x", PasswordResetRequired=True
        )
        iam.create_access_key(UserName="ken.mori")
        iam.upload_ssh_public_key(UserName="ken.mori", SSHPublicKeyBody="ssh-rsa AAAA")
        iam.create_account_alias(AccountAlias="example-company")
        iam.update_account_password_policy(
            MinimumPasswordLength=12, RequireNumbers=True, AllowUsersToChangePassword=True
        )
        iam.create_virtual_mfa_device(VirtualMFADeviceName="left-over")
        iam.create_role(RoleName="Ops", AssumeRolePolicyDocument=json.dumps(TRUST))
        yield signed_in(running, "admin", mfa=True)


def test_reads_everything(api: Boto3Api) -> None:
    snapshot = collect(api, now=NOW)
    hanako, ken = (user for user in snapshot.users if user.name not in ("admin", "glass"))
    assert (snapshot.account, snapshot.partition) == ("123456789012", "aws")
    assert snapshot.taken_at == NOW
    assert snapshot.gaps == ()
    assert hanako.groups == ("Developers",)
    assert hanako.tags == {"desk": "3"}
    assert hanako.password is not None
    assert hanako.password.reset_required
    assert hanako.keys == ()
    assert ken.path == "/dev/"
    assert ken.password is None
    assert [key.active for key in ken.keys] == [True]
    assert [(device.serial, device.kind) for device in snapshot.unassigned_devices] == [
        ("arn:aws:iam::123456789012:mfa/left-over", DeviceKind.VIRTUAL)
    ]
    storage = snapshot.policies["arn:aws:iam::123456789012:policy/Storage"]
    assert storage.versions == ("v1",)
    assert storage.tags == {"team": "ops"}
    assert storage.description == "all of S3"
    assert not storage.aws_managed
    assert snapshot.policies["arn:aws:iam::aws:policy/ReadOnlyAccess"].aws_managed
    assert [role.name for role in snapshot.roles] == ["Ops"]
    assert snapshot.alias == "example-company"
    assert snapshot.password_policy == PasswordPolicy(
        minimum_length=12, required=frozenset({CharacterClass.NUMBER}), users_may_change=True
    )
    assert snapshot.summary["Users"] == 4
    # the local AWS says that root has a device, and not which: it is no virtual one
    assert snapshot.root == RootUser(mfa=True, virtual_device=False, keys=False, password=True)
    assert snapshot.report is not None
    assert snapshot.report.rows["hanako.sato"].password_enabled is True
    assert snapshot.report.generated_at is not None
    assert snapshot.scps is None
    assert ken.created_at is not None
    (key,) = ken.keys
    assert (key.last_used, key.last_service) == (None, "")
    (glass,) = snapshot.user_named["glass"].keys
    assert glass.last_service == "iam"
    (ssh,) = ken.ssh_keys
    assert ssh.active


def test_policies_come_from_everywhere(api: Boto3Api) -> None:
    snapshot = collect(api, now=NOW)
    assert [policy.name for policy in policies_of(snapshot, "hanako.sato").identity] == [
        "inline own of group Developers",
        "arn:aws:iam::aws:policy/ReadOnlyAccess",
    ]
    assert [policy.name for policy in policies_of(snapshot, "ken.mori").identity] == [
        "inline mine of user ken.mori",
        "arn:aws:iam::123456789012:policy/Storage",
    ]
    assert policies_of_role(snapshot, "Ops").identity == ()


@pytest.mark.parametrize(
    ("operation", "who"),
    [
        ("GetAccountAuthorizationDetails", ""),
        ("GetAccountPasswordPolicy", ""),
        ("GetAccountSummary", ""),
        ("ListAccountAliases", ""),
        ("GenerateCredentialReport", ""),
        ("GetCredentialReport", ""),
        ("DescribeOrganization", ""),
        ("GetLoginProfile", "user hanako.sato"),
        ("ListMFADevices", "user ken.mori"),
        ("ListAccessKeys", "user ken.mori"),
        ("ListServiceSpecificCredentials", "user ken.mori"),
        ("ListSSHPublicKeys", "user ken.mori"),
        ("ListSigningCertificates", "user ken.mori"),
        ("GetAccessKeyLastUsed", "user ken.mori"),
        ("ListVirtualMFADevices", ""),
        ("GetPolicy", "managedPolicy arn:aws:iam::aws:policy/ReadOnlyAccess"),
        ("GetPolicyVersion", "managedPolicy arn:aws:iam::aws:policy/ReadOnlyAccess"),
        ("ListPolicyTags", "managedPolicy arn:aws:iam::123456789012:policy/Storage"),
    ],
)
def test_a_refusal_is_a_gap(api: Boto3Api, operation: str, who: str) -> None:
    snapshot = collect(Refusing(api, operation), now=NOW)
    assert gap_at(operation, who, "AccessDenied: User is not authorized") in snapshot.gaps
    assert {gap.operation for gap in snapshot.gaps} == {operation}
    assert snapshot.gap_of(operation, resource(who)) is not None


def test_who_was_there_when_the_report_was_made_is_among_the_users(api: Boto3Api) -> None:
    class Joining(Refusing):
        def _check(self, operation: str) -> None:
            if operation == "GenerateCredentialReport":
                api.call("iam", "CreateUser", UserName="newcomer")

    try:
        snapshot = collect(Joining(api), now=NOW)
    finally:
        api.call("iam", "DeleteUser", UserName="newcomer")
    assert snapshot.report is not None
    assert "newcomer" in snapshot.user_named
    assert snapshot.report.rows.keys() <= {*snapshot.user_named, "<root_account>"}


@pytest.mark.parametrize("code", ["ExpiredToken", "SignatureDoesNotMatch", "EndpointDown"])
def test_credentials_that_end_in_the_middle_are_one_error(api: Boto3Api, code: str) -> None:
    class Ending(Refusing):
        def _check(self, operation: str) -> None:
            if operation == "ListSSHPublicKeys":
                raise AwsRefused(operation, code, "no more", 0 if code == "EndpointDown" else 403)

    with pytest.raises(AwsRefused, match=code):
        collect(Ending(api), now=NOW)


def test_the_account_itself_must_be_told(api: Boto3Api) -> None:
    with pytest.raises(AwsRefused, match="GetCallerIdentity"):
        collect(Refusing(api, "GetCallerIdentity"), now=NOW)


def test_a_policy_that_is_missing_is_an_error(api: Boto3Api) -> None:
    snapshot = collect(Refusing(api, "GetPolicy"), now=NOW)
    with pytest.raises(FaultyAccount, match="ReadOnlyAccess") as caught:
        policies_of(snapshot, "hanako.sato")
    assert caught.value.code is Code.ACCOUNT_BAD_REFERENCE
    assert policies_of(snapshot, "ken.mori").identity


class Garbling(Refusing):
    """An `AwsApi` whose inline documents are no policies."""

    def pages(
        self, service: str, operation: str, key: str, /, **params: object
    ) -> Iterator[Mapping[str, Any]]:
        for item in super().pages(service, operation, key, **params):
            if key != "UserDetailList":
                yield item
                continue
            inline = [
                {**policy, "PolicyDocument": "no JSON {"}
                for policy in item.get("UserPolicyList", ())
            ]
            yield {**item, **({"UserPolicyList": inline} if inline else {})}


def test_a_document_that_does_not_parse_is_a_gap(api: Boto3Api) -> None:
    snapshot = collect(Garbling(api), now=NOW)
    assert [gap.resource for gap in snapshot.gaps] == [resource("userPolicy mine of ken.mori")]
    with pytest.raises(FaultyAccount, match=r"inline mine of user ken\.mori"):
        policies_of(snapshot, "ken.mori")
    assert policies_of(snapshot, "hanako.sato").identity


def test_an_unknown_user_is_an_error(api: Boto3Api) -> None:
    with pytest.raises(FaultyAccount, match="nobody"):
        user_of(collect(api, now=NOW), "nobody")
