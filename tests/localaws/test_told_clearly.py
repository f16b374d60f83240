"""Refusals whose text says what is wrong, where a code alone would send people astray."""

from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner

import localaws_people as people
from localaws_people import client
from sekisho.account.aws.client import refusal
from sekisho.cli.main import root
from sekisho.errors import AwsRefused
from sekisho.localaws import LocalAws


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(people.account()) as running:
        yield running


@pytest.mark.parametrize(
    ("service", "call", "code"),
    [
        ("ec2", "describe_instances", "AuthFailure"),
        ("s3", "list_buckets", "AuthorizationHeaderMalformed"),
        ("dynamodb", "list_tables", "InvalidSignatureException"),
        ("lambda", "list_functions", "InvalidSignatureException"),
        ("sqs", "list_queues", "InvalidSignatureException"),
        ("sts", "get_caller_identity", "SignatureDoesNotMatch"),
    ],
)
def test_a_region_that_does_not_exist_is_named(
    aws: LocalAws, service: str, call: str, code: str
) -> None:
    there = client(aws, service, region_name="mars-1")
    with pytest.raises(ClientError, match="There is no Region `mars-1`") as caught:
        getattr(there, call)()
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] < 500


def test_the_fix_for_a_region_that_does_not_exist_is_another_region(
    aws: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", people.key_id("admin"))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", people.secret("admin"))
    words = ["audit", "--region", "mars-1", "--endpoint-url", aws.url]
    refused = CliRunner().invoke(root, words, standalone_mode=False).exception
    assert isinstance(refused, AwsRefused)
    assert refused.aws_code == "SignatureDoesNotMatch"
    assert refused.fix is not None
    assert refused.fix.en.startswith("a region is named like `us-east-1`")


def test_a_text_about_regions_alone_is_no_wrong_region() -> None:
    said = {"Error": {"Code": "ValidationError", "Message": "`mars-1` is not a valid region"}}
    assert refusal("CreateRole", ClientError(said, "CreateRole"), {}).fix is None


def test_what_another_region_has_encrypted_is_said_to_be_elsewhere(aws: LocalAws) -> None:
    west, east = (client(aws, "kms", region_name=name) for name in ("eu-west-1", "us-east-1"))
    key = west.create_key()["KeyMetadata"]["Arn"]
    blob = west.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    with pytest.raises(ClientError, match="does not exist in this region") as caught:
        east.decrypt(CiphertextBlob=blob)
    assert caught.value.response["Error"]["Code"] == "AccessDeniedException"
    with pytest.raises(ClientError, match="eu-west-1") as caught:
        east.decrypt(CiphertextBlob=blob, KeyId=key)
    assert caught.value.response["Error"]["Code"] == "NotFoundException"
    assert west.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:iam::111122223333:rolex/a",
        "arn:aws:iam::111122223333:user/admin",
        "arn:aws:iam::111122223333:role/",
        "arn:aws:iam:us-east-1:111122223333:role/Ops",
        "arn:aws:iam::1234:role/Ops",
        "arn:aws:sts::111122223333:assumed-role/Ops/x",
        "arn:aws-cn:iam::111122223333:role/Ops",
    ],
)
def test_what_is_no_role_is_not_taken_for_missing_mfa(aws: LocalAws, arn: str) -> None:
    with pytest.raises(ClientError, match="Request ARN is invalid") as caught:
        client(aws, "sts").assume_role(RoleArn=arn, RoleSessionName="visit")
    assert caught.value.response["Error"]["Code"] == "ValidationError"


def test_a_role_that_may_exist_is_not_told_from_one_that_does_not(aws: LocalAws) -> None:
    sts = client(aws, "sts", "nobody")
    for name in ("Ops", "none"):
        arn = f"arn:aws:iam::{people.ACCOUNT}:role/{name}"
        with pytest.raises(ClientError, match="AccessDenied"):
            sts.assume_role(RoleArn=arn, RoleSessionName="visit")
