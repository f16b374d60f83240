"""Every list of IAM that the local AWS answers says whether there is more, and keeps to pages."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest

import overlay_people as people
from recorded import made
from sekisho.localaws import LocalAws

_IAM = boto3.client("iam", region_name="us-east-1")
_MODEL = _IAM.meta.service_model
_METHODS = {name: method for method, name in _IAM.meta.method_to_api_mapping.items()}

NOT_BUILT = {
    "GetOrganizationsAccessReport",
    "GetServiceLastAccessedDetails",
    "GetServiceLastAccessedDetailsWithEntities",
    "ListOpenIDConnectProviderTags",
    "ListPoliciesGrantingServiceAccess",
    "ListSAMLProviderTags",
    "ListServerCertificateTags",
    "ListServerCertificates",
    "SimulateCustomPolicy",
    "SimulatePrincipalPolicy",
}
LISTS = sorted(
    name
    for name in _MODEL.operation_names
    if (shape := _MODEL.operation_model(name).output_shape) and "IsTruncated" in shape.members
)


@pytest.fixture(scope="module")
def names() -> Iterator[dict[str, Any]]:
    """What there is one of each, by the parameter that names it; and the client."""
    with LocalAws(people.account()) as aws:
        iam = people.client(aws, "iam")
        iam.create_instance_profile(InstanceProfileName="Front")
        for _ in range(2):
            iam.upload_ssh_public_key(UserName="bob", SSHPublicKeyBody=made("ssh"))
            iam.create_service_specific_credential(
                UserName="bob", ServiceName="codecommit.amazonaws.com"
            )
        for name in ("cert-1", "cert-2"):
            iam.upload_signing_certificate(UserName="bob", CertificateBody=made(name))
        yield {
            "iam": iam,
            "UserName": "bob",
            "GroupName": "Staff",
            "RoleName": "Ops",
            "PolicyArn": f"arn:aws:iam::{people.ACCOUNT}:policy/team/Notes",
            "InstanceProfileName": "Front",
            "SerialNumber": people.BOB_DEVICE,
        }


@pytest.mark.parametrize("operation", [name for name in LISTS if name not in NOT_BUILT])
def test_a_list_comes_in_pages(names: dict[str, Any], operation: str) -> None:
    wanted = _MODEL.operation_model(operation).input_shape.members
    given = {name: value for name, value in names.items() if name in wanted}
    call = getattr(names["iam"], _METHODS[operation])
    whole, page, found, marker = call(**given), None, 0, {}
    expected = _entries(whole)
    assert whole["IsTruncated"] is (operation == "ListPolicies")
    while page is None or (page["IsTruncated"] and found < expected):
        page = call(**given, **marker, MaxItems=1)
        assert _entries(page) <= 1
        found += _entries(page)
        marker = {"Marker": page["Marker"]} if page["IsTruncated"] else {}
        assert ("Marker" in page) is page["IsTruncated"]
    assert found == expected


def test_the_operations_that_are_left_out_are_lists() -> None:
    assert set(LISTS) >= NOT_BUILT


def _entries(answer: dict[str, Any]) -> int:
    return sum(len(value) for value in answer.values() if isinstance(value, list))
