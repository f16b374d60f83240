"""The credential report and the account summary.

Reads the columns of `localaws.overlay.account` itself, to hold them to AWS's page.
"""

import csv
from collections.abc import Iterator
from datetime import datetime, timedelta
from io import StringIO

import pytest
from botocore.exceptions import ClientError

import overlay_people as people
from recorded import made
from sekisho.localaws import LocalAws
from sekisho.localaws.overlay.account import COLUMNS


@pytest.fixture
def aws() -> Iterator[LocalAws]:
    with LocalAws(people.account()) as running:
        yield running


def rows(aws: LocalAws) -> dict[str, dict[str, str]]:
    content = people.client(aws, "iam").get_credential_report()["Content"].decode()
    read = csv.DictReader(StringIO(content))
    assert tuple(read.fieldnames or ()) == COLUMNS
    return {row["user"]: row for row in read}


def test_a_report_is_made_once_in_four_hours(aws: LocalAws) -> None:
    iam = people.client(aws, "iam")
    with pytest.raises(ClientError, match="ReportNotPresent"):
        iam.get_credential_report()
    assert iam.generate_credential_report()["State"] == "STARTED"
    assert iam.generate_credential_report()["State"] == "COMPLETE"
    iam.create_user(UserName="late")
    assert "late" not in rows(aws)
    aws.clock.advance(timedelta(hours=4))
    with pytest.raises(ClientError, match="ReportExpired"):
        iam.get_credential_report()
    assert iam.generate_credential_report()["State"] == "STARTED"
    assert "late" in rows(aws)


def test_rows(aws: LocalAws) -> None:
    people.client(aws, "iam").generate_credential_report()
    found = rows(aws)
    assert list(found) == ["<root_account>", "admin", "bob", "carol"]
    root, bob, carol = found["<root_account>"], found["bob"], found["carol"]
    assert root["arn"] == f"arn:aws:iam::{people.ACCOUNT}:root"
    assert root["password_enabled"] == "not_supported"
    assert (bob["password_enabled"], bob["mfa_active"]) == ("true", "true")
    assert (carol["password_enabled"], carol["mfa_active"]) == ("true", "false")
    assert carol["password_last_used"] == "no_information"
    assert carol["password_next_rotation"] == "N/A"
    assert bob["access_key_1_active"] == "true"
    assert bob["access_key_1_last_used_date"] == "N/A"
    assert found["admin"]["access_key_1_last_used_service"] == "iam"
    assert bob["user_creation_time"] == "2024-04-01T00:00:00+00:00"


def test_the_last_use_of_a_key_is_its_last_signature_refused_or_not(aws: LocalAws) -> None:
    aws.clock.advance(timedelta(days=3))
    before = aws.clock.now().replace(microsecond=0, tzinfo=None)
    with pytest.raises(ClientError, match="AccessDenied"):
        people.client(aws, "iam", people.BOB_KEY).create_user(UserName="nobody")
    people.client(aws, "iam").generate_credential_report()
    bob = rows(aws)["bob"]
    used = datetime.fromisoformat(bob["access_key_1_last_used_date"]).replace(tzinfo=None)
    assert used >= before
    assert bob["access_key_1_last_used_region"] == "us-east-1"
    assert bob["access_key_1_last_used_service"] == "iam"


def test_the_last_use_of_a_role(aws: LocalAws) -> None:
    iam = people.client(aws, "iam")
    assert iam.get_role(RoleName="Ops")["Role"]["RoleLastUsed"] == {}
    session = people.client(aws, "sts", people.BOB_KEY).assume_role(
        RoleArn=f"arn:aws:iam::{people.ACCOUNT}:role/Ops",
        RoleSessionName="work",
        SerialNumber=people.BOB_DEVICE,
        TokenCode=people.fresh_code(aws),
    )
    own = people.client(aws, "iam", people.keys_of(session["Credentials"]), "us-east-1")
    assert iam.get_role(RoleName="Ops")["Role"]["RoleLastUsed"] == {}
    with pytest.raises(ClientError, match="AccessDenied"):
        own.list_users()
    used = iam.get_role(RoleName="Ops")["Role"]["RoleLastUsed"]
    assert used["Region"] == "us-east-1"
    (ops,) = iam.get_account_authorization_details(Filter=["Role"])["RoleDetailList"]
    assert ops["RoleLastUsed"] == used


def test_a_certificate_that_is_active_has_the_date_of_its_upload(aws: LocalAws) -> None:
    iam = people.client(aws, "iam")
    for name in ("cert-1", "cert-2"):
        iam.upload_signing_certificate(UserName="bob", CertificateBody=made(name))
    first, second = iam.list_signing_certificates(UserName="bob")["Certificates"]
    iam.update_signing_certificate(
        UserName="bob", CertificateId=second["CertificateId"], Status="Inactive"
    )
    iam.generate_credential_report()
    bob = rows(aws)["bob"]
    uploaded = first["UploadDate"].isoformat()
    assert (bob["cert_1_active"], bob["cert_1_last_rotated"]) == ("true", uploaded)
    assert (bob["cert_2_active"], bob["cert_2_last_rotated"]) == ("false", "N/A")


def test_summary(aws: LocalAws) -> None:
    summary = people.client(aws, "iam").get_account_summary()["SummaryMap"]
    assert summary["Users"] == 3
    # Bob's device and root's in use, and one left behind
    assert (summary["MFADevicesInUse"], summary["MFADevices"]) == (2, 3)
    assert summary["AccountMFAEnabled"] == 1
    assert summary["Policies"] == 1
