"""SSH keys, signing certificates and server certificates: whose they are, and by which ARN."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

import overlay_people as people
from recorded import made
from sekisho.localaws import LocalAws


@pytest.fixture
def aws() -> Iterator[LocalAws]:
    with LocalAws(people.account()) as running:
        yield running


@pytest.fixture
def iam(aws: LocalAws) -> Any:
    return people.client(aws, "iam")


def refused(call: Any, **params: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**params)
    return str(caught.value.response["Error"]["Code"])


def upload(iam: Any, name: str, path: str = "/", **more: Any) -> Any:
    return iam.upload_server_certificate(
        ServerCertificateName=name,
        Path=path,
        CertificateBody=made("srv-cert"),
        PrivateKey=made("srv-key"),
        **more,
    )["ServerCertificateMetadata"]


def test_a_deny_on_a_path_holds_for_a_call_that_names_no_path(aws: LocalAws, iam: Any) -> None:
    upload(iam, "web", "/prod/")
    upload(iam, "try")
    everything = {"Effect": "Allow", "Action": "iam:*", "Resource": "*"}
    arn = f"arn:aws:iam::{people.ACCOUNT}:server-certificate/prod/*"
    deny = {"Effect": "Deny", "Action": "iam:*", "Resource": arn}
    written = json.dumps({"Version": "2012-10-17", "Statement": [everything, deny]})
    iam.delete_user_permissions_boundary(UserName="bob")
    iam.put_user_policy(UserName="bob", PolicyName="Certificates", PolicyDocument=written)
    own = people.client(aws, "iam", people.BOB_KEY)
    web = {"ServerCertificateName": "web"}
    for name in ("get", "delete", "update"):
        assert refused(getattr(own, f"{name}_server_certificate"), **web) == "AccessDenied"
    # nor may something else be moved there
    moved = {"ServerCertificateName": "try", "NewPath": "/prod/"}
    assert refused(own.update_server_certificate, **moved) == "AccessDenied"
    own.delete_server_certificate(ServerCertificateName="try")


def test_a_server_certificate_is_renamed_with_its_tags(iam: Any) -> None:
    tags = [{"Key": "team", "Value": "web"}]
    first = upload(iam, "web", Tags=tags)
    upload(iam, "other")
    taken = {"ServerCertificateName": "web", "NewServerCertificateName": "other"}
    assert refused(iam.update_server_certificate, **taken) == "EntityAlreadyExists"
    iam.update_server_certificate(
        ServerCertificateName="web", NewServerCertificateName="site", NewPath="/prod/"
    )
    found = iam.get_server_certificate(ServerCertificateName="site")["ServerCertificate"]
    known = found["ServerCertificateMetadata"]
    assert known["ServerCertificateId"] == first["ServerCertificateId"]
    assert known["Arn"].endswith(":server-certificate/prod/site")
    assert found["Tags"] == tags
    assert made("srv-key") not in str(found)
    pages = iam.get_paginator("list_server_certificates")
    listed = pages.paginate(PaginationConfig={"PageSize": 1}).build_full_result()
    names = [each["ServerCertificateName"] for each in listed["ServerCertificateMetadataList"]]
    assert names == ["other", "site"]


def test_what_is_no_certificate_is_malformed(iam: Any) -> None:
    call, name = iam.upload_server_certificate, {"ServerCertificateName": "web"}
    wrong = {"CertificateBody": "no certificate", "PrivateKey": "no key"}
    assert refused(call, **name, **wrong) == "MalformedCertificate"
    assert iam.list_server_certificates()["ServerCertificateMetadataList"] == []


def test_five_ssh_keys_each_with_its_fingerprint(iam: Any) -> None:
    known = iam.upload_ssh_public_key(
        UserName="bob", SSHPublicKeyBody="ssh-rsa c2VraXNobw== bob@example"
    )["SSHPublicKey"]
    # MD5 of `sekisho`
    assert known["Fingerprint"] == "1b:f8:e7:aa:b2:34:79:14:d5:c5:58:17:56:ec:04:59"
    for _ in range(4):
        iam.upload_ssh_public_key(UserName="bob", SSHPublicKeyBody=made("ssh"))
    sixth = {"UserName": "bob", "SSHPublicKeyBody": made("ssh")}
    assert refused(iam.upload_ssh_public_key, **sixth) == "LimitExceeded"
    first = iam.list_ssh_public_keys(UserName="bob", MaxItems=2)
    rest = iam.list_ssh_public_keys(UserName="bob", Marker=first["Marker"])
    assert first["IsTruncated"]
    assert len(first["SSHPublicKeys"] + rest["SSHPublicKeys"]) == 5


def test_nobody_elses_key_or_certificate_is_touched(iam: Any) -> None:
    key = iam.upload_ssh_public_key(UserName="bob", SSHPublicKeyBody=made("ssh"))["SSHPublicKey"]
    certificate = iam.upload_signing_certificate(UserName="bob", CertificateBody=made("cert-1"))
    by_id = {"SSHPublicKeyId": key["SSHPublicKeyId"], "UserName": "carol"}
    assert refused(iam.delete_ssh_public_key, **by_id) == "NoSuchEntity"
    assert refused(iam.update_ssh_public_key, **by_id, Status="Inactive") == "NoSuchEntity"
    by_id = {
        "CertificateId": certificate["Certificate"]["CertificateId"],
        "UserName": "carol",
    }
    assert refused(iam.delete_signing_certificate, **by_id) == "NoSuchEntity"
    assert refused(iam.update_signing_certificate, **by_id, Status="Inactive") == "NoSuchEntity"
