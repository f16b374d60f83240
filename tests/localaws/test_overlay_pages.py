"""Every list of IAM comes in pages: page by page it is the whole list, and says where it ends.

Reads the table of `localaws.overlay` itself, so that no list is forgotten.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore import xform_name
from botocore.loaders import Loader
from botocore.model import ServiceModel
from moto.iam.responses import IamResponse

import overlay_people as people
from recorded import made
from sekisho.localaws import LocalAws
from sekisho.localaws.decision.classify import is_served
from sekisho.localaws.overlay import installation

ACCOUNT = people.ACCOUNT
POLICY = f"arn:aws:iam::{ACCOUNT}:policy/Paged-0"
DEVICE = f"arn:aws:iam::{ACCOUNT}:mfa/paged-0"
TAGS = [{"Key": f"tag-{number}", "Value": "x"} for number in range(3)]
ALLOW = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "ec2.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
PARAMS: dict[str, dict[str, Any]] = {
    "GetAccountAuthorizationDetails": {},
    "GetGroup": {"GroupName": "paged-0"},
    "ListAccessKeys": {"UserName": "paged-0"},
    "ListAccountAliases": {},
    "ListAttachedGroupPolicies": {"GroupName": "paged-0"},
    "ListAttachedRolePolicies": {"RoleName": "paged-0"},
    "ListAttachedUserPolicies": {"UserName": "paged-0"},
    "ListEntitiesForPolicy": {"PolicyArn": POLICY},
    "ListGroupPolicies": {"GroupName": "paged-0"},
    "ListGroups": {},
    "ListGroupsForUser": {"UserName": "paged-0"},
    "ListInstanceProfileTags": {"InstanceProfileName": "paged-0"},
    "ListInstanceProfiles": {},
    "ListInstanceProfilesForRole": {"RoleName": "paged-0"},
    "ListMFADeviceTags": {"SerialNumber": DEVICE},
    "ListMFADevices": {"UserName": "paged-0"},
    "ListPolicies": {"Scope": "Local"},
    "ListPolicyTags": {"PolicyArn": POLICY},
    "ListPolicyVersions": {"PolicyArn": POLICY},
    "ListRolePolicies": {"RoleName": "paged-0"},
    "ListRoleTags": {"RoleName": "paged-0"},
    "ListRoles": {},
    "ListSSHPublicKeys": {"UserName": "paged-0"},
    "ListServiceSpecificCredentials": {"UserName": "paged-0"},
    "ListSigningCertificates": {"UserName": "paged-0"},
    "ListUserPolicies": {"UserName": "paged-0"},
    "ListUserTags": {"UserName": "paged-0"},
    "ListUsers": {},
    "ListVirtualMFADevices": {},
}
ALONE = {"ListAccountAliases", "ListInstanceProfilesForRole"}
"""Lists that have one entry here: an account has one alias, a role one profile at a time."""
MODEL = ServiceModel(Loader().load_service_model("iam", "service-2"))


def paged_operations() -> Iterator[str]:
    """Yield the operations that answer in pages and that the local AWS has."""
    ours = {
        each.__name__ for subject in installation.SUBJECTS["iam"] for each in subject.OPERATIONS
    }
    for name in MODEL.operation_names:
        output = MODEL.operation_model(name).output_shape
        there = xform_name(name) in ours or hasattr(IamResponse, xform_name(name))
        if output is None or "IsTruncated" not in output.members:
            continue
        if there and is_served("iam", name):
            yield name


@pytest.fixture(scope="module")
def iam() -> Iterator[Any]:
    with LocalAws(people.account()) as running:
        client = people.client(running, "iam")
        client.create_account_alias(AccountAlias="paged")
        for number in range(3):
            _people(client, number)
        for number in range(3):
            _of_the_first(client, number)
        _devices(running, client)
        yield client


def _people(client: Any, number: int) -> None:
    name, text = f"paged-{number}", json.dumps(ALLOW)
    client.create_user(UserName=name, Tags=TAGS)
    client.create_group(GroupName=name)
    client.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST), Tags=TAGS)
    client.create_instance_profile(InstanceProfileName=name, Tags=TAGS)
    client.create_policy(PolicyName=f"Paged-{number}", PolicyDocument=text, Tags=TAGS)
    client.create_virtual_mfa_device(VirtualMFADeviceName=name, Tags=TAGS)


def _of_the_first(client: Any, number: int) -> None:
    name, text = f"inline-{number}", json.dumps(ALLOW)
    arn = f"arn:aws:iam::{ACCOUNT}:policy/Paged-{number}"
    client.put_user_policy(UserName="paged-0", PolicyName=name, PolicyDocument=text)
    client.put_group_policy(GroupName="paged-0", PolicyName=name, PolicyDocument=text)
    client.put_role_policy(RoleName="paged-0", PolicyName=name, PolicyDocument=text)
    client.attach_user_policy(UserName="paged-0", PolicyArn=arn)
    client.attach_group_policy(GroupName="paged-0", PolicyArn=arn)
    client.attach_role_policy(RoleName="paged-0", PolicyArn=arn)
    client.add_user_to_group(UserName="paged-0", GroupName=f"paged-{number}")
    client.add_user_to_group(UserName=f"paged-{number}", GroupName="paged-0")
    client.create_policy_version(PolicyArn=POLICY, PolicyDocument=text)
    client.upload_ssh_public_key(UserName="paged-0", SSHPublicKeyBody=made(f"ssh-{number}"))
    if number < 2:
        client.create_access_key(UserName="paged-0")
        client.upload_signing_certificate(
            UserName="paged-0", CertificateBody=made(f"cert-{number}")
        )
        client.create_service_specific_credential(
            UserName="paged-0", ServiceName="codecommit.amazonaws.com"
        )


def _devices(running: LocalAws, client: Any) -> None:
    client.add_role_to_instance_profile(InstanceProfileName="paged-0", RoleName="paged-0")
    for number in range(2):
        serial = f"arn:aws:iam::{ACCOUNT}:mfa/paged-{number}"
        seed = running.world.devices[serial].seed
        client.enable_mfa_device(
            UserName="paged-0",
            SerialNumber=serial,
            AuthenticationCode1=people.code(running, seed, -1),
            AuthenticationCode2=people.code(running, seed),
        )


def test_every_operation_with_pages_is_asked() -> None:
    assert set(paged_operations()) == set(PARAMS)


@pytest.mark.parametrize("name", sorted(PARAMS))
def test_page_by_page_it_is_the_whole_list(iam: Any, name: str) -> None:
    call = getattr(iam, xform_name(name))
    whole = _entries(call(**PARAMS[name]))
    assert len(whole) >= (1 if name in ALONE else 2)
    found, marker = [], {}
    while True:
        answer = call(**PARAMS[name], MaxItems=1, **marker)
        shown = _entries(answer)
        assert len(shown) == 1
        found += shown
        if not answer["IsTruncated"]:
            assert "Marker" not in answer
            break
        marker = {"Marker": answer["Marker"]}
    # authorization details are in four lists, one after the other
    assert sorted(found, key=str) == sorted(whole, key=str)
    with pytest.raises(iam.exceptions.ClientError, match="Invalid Marker"):
        call(**PARAMS[name], Marker="nowhere")


def _entries(answer: dict[str, Any]) -> list[Any]:
    return [entry for value in answer.values() if isinstance(value, list) for entry in value]
