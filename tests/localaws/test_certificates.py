"""SSH keys and signing certificates of users: how many there are, and whose."""

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


def test_what_is_no_certificate_is_malformed(iam: Any) -> None:
    wrong = {"CertificateBody": "no certificate"}
    assert refused(iam.upload_signing_certificate, **wrong) == "MalformedCertificate"
