"""A Region that does not exist, one without the service, a bucket elsewhere, bad bucket names."""

import json
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

import localaws_people as people
from localaws_people import client
from sekisho.localaws import LocalAws

NOWHERE = ["eu-nowhere-1", "us-east-9", "x", "us-east-1a"]


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(people.account()) as running:
        client(running, "s3", region_name="eu-west-1").create_bucket(
            Bucket="elsewhere", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        client(running, "s3", region_name="eu-west-1").put_object(
            Bucket="elsewhere", Key="a", Body=b"x"
        )
        yield running


@pytest.mark.parametrize("region", NOWHERE)
@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("sqs", "list_queues", "InvalidSignatureException"),
        ("dynamodb", "list_tables", "InvalidSignatureException"),
        ("ec2", "describe_vpcs", "AuthFailure"),
        ("sns", "list_topics", "SignatureDoesNotMatch"),
        ("lambda", "list_functions", "InvalidSignatureException"),
        ("s3", "list_buckets", "AuthorizationHeaderMalformed"),
    ],
)
def test_a_region_that_does_not_exist_has_no_service(
    aws: LocalAws, region: str, service: str, operation: str, code: str
) -> None:
    with pytest.raises(ClientError) as caught:
        getattr(client(aws, service, region_name=region), operation)()
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] < 500


def test_a_region_without_the_service_says_so(aws: LocalAws) -> None:
    with pytest.raises(ClientError, match="polly is not in ap-southeast-4"):
        client(aws, "polly", region_name="ap-southeast-4").describe_voices()


def test_a_bucket_is_reached_in_its_own_region_only(aws: LocalAws) -> None:
    """A policy on the Region is not passed by signing for another; clients go where S3 says."""
    assert client(aws, "s3").get_object(Bucket="elsewhere", Key="a")["Body"].read() == b"x"
    condition = {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}
    deny = {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "*", "Condition": condition}
    iam = client(aws, "iam")
    iam.create_user(UserName="bounded")
    document = json.dumps(people.policy(people.ALL, deny))
    iam.put_user_policy(UserName="bounded", PolicyName="own", PolicyDocument=document)
    key = iam.create_access_key(UserName="bounded")["AccessKey"]
    keys = {
        "aws_access_key_id": key["AccessKeyId"],
        "aws_secret_access_key": key["SecretAccessKey"],
    }
    with pytest.raises(ClientError, match="AccessDenied"):
        client(aws, "s3", **keys).get_object(Bucket="elsewhere", Key="a")


def test_where_a_bucket_is_can_be_asked_anywhere(aws: LocalAws) -> None:
    found = client(aws, "s3").get_bucket_location(Bucket="elsewhere")
    assert found["LocationConstraint"] == "eu-west-1"


BAD_NAMES = [
    *("Bad", "bad_name", "ab", "a" * 64, "bad-", "bad.", "a..b", "192.0.2.1"),
    *("xn--bad", "sthree-bad", "bad-s3alias", "bad--ol-s3", "bad.mrap", "amzn-s3-demo-bad"),
]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_bucket_has_a_name_that_s3_takes(aws: LocalAws, name: str) -> None:
    with pytest.raises(ClientError) as caught:
        client(aws, "s3").create_bucket(Bucket=name)
    assert caught.value.response["Error"]["Code"] == "InvalidBucketName"
    with pytest.raises(ClientError):
        client(aws, "s3").head_bucket(Bucket=name)


@pytest.mark.parametrize("name", ["-bad", ".bad", "bad--x-s3"])
def test_some_names_are_refused_before_they_are_looked_at(aws: LocalAws, name: str) -> None:
    """What is no virtual host's name, and a directory bucket's, no operation of S3 here takes."""
    with pytest.raises(ClientError) as caught:
        client(aws, "s3").create_bucket(Bucket=name)
    assert caught.value.response["Error"]["Code"] in {"InvalidRequest", "InvalidAction"}


@pytest.mark.parametrize("name", ["abc", "a-b.c", "1.2.3", "a" * 63, "192.0.2.1.a"])
def test_any_other_name_is_taken(aws: LocalAws, name: str) -> None:
    client(aws, "s3").create_bucket(Bucket=name)
