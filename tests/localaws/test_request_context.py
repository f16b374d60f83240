"""A condition key that AWS would set and that is not known here never opens a door.

Reads the table of keys of `localaws.decision.request_context` itself, so that none is forgotten.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

import localaws_people as people
from localaws_people import caller, client
from sekisho.catalogue import global_keys
from sekisho.localaws import LocalAws
from sekisho.localaws.decision.request_context import ABSENT


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(people.account()) as running:
        client(running, "dynamodb").create_table(
            TableName="t",
            KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            Tags=[{"Key": "env", "Value": "test"}],
        )
        s3 = client(running, "s3")
        s3.create_bucket(Bucket="bucket")
        s3.put_object(Bucket="bucket", Key="o", Body=b"x", Tagging="env=test")
        client(running, "sqs").create_queue(QueueName="q", tags={"env": "test"})
        client(running, "secretsmanager").create_secret(
            Name="s", SecretString="v", Tags=[{"Key": "env", "Value": "test"}]
        )
        client(running, "ec2").create_vpc(
            CidrBlock="10.9.0.0/16",
            TagSpecifications=[{"ResourceType": "vpc", "Tags": [{"Key": "env", "Value": "test"}]}],
        )
        yield running


Call = Callable[[Any], object]


def _run(**more: Any) -> Call:
    return lambda c: c.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1, **more)


def _tagged(*types: str) -> list[dict[str, Any]]:
    return [
        {"ResourceType": kind, "Tags": [{"Key": "env", "Value": value}]}
        for kind, value in zip(types, ("test", "other"), strict=False)
    ]


def _get(key: str) -> Call:
    return lambda c: c.get_item(TableName="t", Key={"k": {"S": key}})


def _put(**more: str) -> Call:
    return lambda c: c.put_object(Bucket="bucket", Key="new", Body=b"x", **more)


def _query(c: Any) -> object:
    return c.query(
        TableName="t",
        KeyConditionExpression="k = :k",
        ExpressionAttributeValues={":k": {"S": "mine"}},
    )


def _list_objects(c: Any) -> object:
    return c.list_objects_v2(Bucket="bucket", Prefix="mine/")


def _transact(c: Any) -> object:
    keys = [{"k": {"S": "mine"}}, {"k": {"S": "theirs"}}]
    return c.transact_get_items(
        TransactItems=[{"Get": {"TableName": "t", "Key": key}} for key in keys]
    )


_TOPIC = f"arn:aws:sns:us-east-1:{people.ACCOUNT}:t"

UNKNOWN: dict[str, tuple[str, str, Call]] = {
    "ec2:InstanceType": ("ec2", "t3.micro", _run()),
    "ec2:Tenancy": ("ec2", "default", _run()),
    "ec2:MetadataHttpTokens": ("ec2", "required", _run()),
    "ec2:Vpc": ("ec2", "x", lambda c: c.delete_subnet(SubnetId="subnet-1")),
    "aws:RequestTag/env": ("ec2", "test", _run(TagSpecifications=_tagged("instance", "instance"))),
    "dynamodb:LeadingKeys": ("dynamodb", "mine", _query),
    "dynamodb:Attributes": ("dynamodb", "k", _get("mine")),
    "dynamodb:Select": ("dynamodb", "COUNT", _query),
    "s3:x-amz-content-sha256": ("s3", "UNSIGNED-PAYLOAD", _put()),
    "s3:TlsVersion": ("s3", "1.2", _put()),
    "s3:authType": ("s3", "REST-HEADER", _put()),
    "kms:KeySpec": ("kms", "SYMMETRIC_DEFAULT", lambda c: c.create_key()),
    "aws:ResourceTag/env": ("sns", "test", lambda c: c.delete_topic(TopicArn=_TOPIC)),
    "aws:UserAgent": ("sqs", "x", lambda c: c.list_queues()),
}
"""Keys, each with a service, a value and a call for which AWS sets the key; not known here."""

_OF_INSTANCES = {"ec2:InstanceType", "ec2:Tenancy", "ec2:MetadataHttpTokens", "aws:RequestTag/env"}
_INSTANCES = "arn:aws:ec2:*:*:instance/*"


@pytest.mark.parametrize("effect", ["Allow", "Deny"])
@pytest.mark.parametrize("key", UNKNOWN)
def test_what_is_not_known_is_the_worst(aws: LocalAws, key: str, effect: str) -> None:
    service, value, call = UNKNOWN[key]
    # whatever operator asks for it
    for operator in ("StringEquals", "StringNotEquals", "StringEqualsIfExists"):
        statement = {
            "Effect": effect,
            "Action": "*",
            "Resource": _INSTANCES if key in _OF_INSTANCES else "*",
            "Condition": {operator: {key: value}},
        }
        rest = {"Effect": "Allow", "Action": "*", "NotResource": _INSTANCES}
        others = [people.ALL] if effect == "Deny" else [rest] if key in _OF_INSTANCES else []
        with pytest.raises(ClientError, match=r"AccessDenied|UnauthorizedOp|AuthorizationError"):
            call(caller(aws, service, *others, statement))
        entry = aws.log.last()
        assert entry is not None
        assert entry.note == f"not known here: {key.lower()}"


_OWNERS = "bucket-owner-full-control"
KNOWN: dict[str, tuple[str, str, str, Call]] = {
    "dynamodb:LeadingKeys": ("dynamodb", "mine", "theirs", _get("mine")),
    "dynamodb table's tag": ("dynamodb", "test", "other", _get("mine")),
    "s3:prefix": ("s3", "mine/", "theirs/", _list_objects),
    "s3:x-amz-storage-class": ("s3", "STANDARD_IA", "x", _put(StorageClass="STANDARD_IA")),
    "s3:x-amz-acl": ("s3", _OWNERS, "public-read", _put(ACL=_OWNERS)),
    "s3:RequestObjectTag/env": ("s3", "test", "other", _put(Tagging="env=test")),
    "s3:ExistingObjectTag/env": (
        "s3",
        "test",
        "other",
        lambda c: c.get_object(Bucket="bucket", Key="o"),
    ),
    "sqs queue's tag": ("sqs", "test", "other", lambda c: c.receive_message(QueueUrl="q")),
    "secret's tag": (
        "secretsmanager",
        "test",
        "other",
        lambda c: c.get_secret_value(SecretId="s"),
    ),
    "aws:RequestTag/env": (
        "ec2",
        "test",
        "other",
        lambda c: c.create_vpc(CidrBlock="10.8.0.0/16", TagSpecifications=_tagged("vpc")),
    ),
    "ec2:Region": ("ec2", "us-east-1", "eu-west-1", _run(InstanceType="t3.micro")),
}
"""Keys with a service, the value that they have, another, and a call."""

_TAG = "aws:ResourceTag/env"


@pytest.mark.parametrize("case", KNOWN)
def test_what_is_known_is_decided_by_its_value(aws: LocalAws, case: str) -> None:
    service, value, other, call = KNOWN[case]
    key = _TAG if case.endswith("tag") else case

    def statement(effect: str, text: str) -> dict[str, Any]:
        quantifier = "ForAnyValue:" if key == "dynamodb:LeadingKeys" else ""
        condition = {f"{quantifier}StringEquals": {key: text}}
        return {"Effect": effect, "Action": "*", "Resource": "*", "Condition": condition}

    denial = r"AccessDenied|UnauthorizedOp"
    call(caller(aws, service, people.ALL, statement("Deny", other)))
    with pytest.raises(ClientError, match=denial):
        call(caller(aws, service, people.ALL, statement("Deny", value)))
    with pytest.raises(ClientError, match=denial):
        call(caller(aws, service, statement("Allow", other)))
    call(caller(aws, service, statement("Allow", value)))
    entry = aws.log.last()
    assert entry is not None
    assert not entry.note


def test_every_key_of_a_transaction_is_a_leading_key(aws: LocalAws) -> None:
    condition = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": "mine"}}
    own = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}
    dynamodb = caller(aws, "dynamodb", own)
    _get("mine")(dynamodb)
    with pytest.raises(ClientError, match="AccessDenied"):
        _transact(dynamodb)


def test_tags_given_to_what_is_made_need_their_own_permission(aws: LocalAws) -> None:
    deny = {"Effect": "Deny", "Action": "ec2:CreateTags", "Resource": "*"}
    ec2 = caller(aws, "ec2", people.ALL, deny)
    ec2.create_vpc(CidrBlock="10.7.0.0/16")
    with pytest.raises(ClientError, match="UnauthorizedOp"):
        ec2.create_vpc(CidrBlock="10.7.0.0/16", TagSpecifications=_tagged("vpc"))


def test_the_boundary_of_the_user_that_a_call_changes_is_known(aws: LocalAws) -> None:
    iam = client(aws, "iam")
    document = json.dumps(people.policy(people.ALL))
    arn = iam.create_policy(PolicyName="fence", PolicyDocument=document)["Policy"]["Arn"]
    iam.create_user(UserName="fenced", PermissionsBoundary=arn)
    only = {
        "Effect": "Allow",
        "Action": "iam:PutUserPolicy",
        "Resource": "*",
        "Condition": {"StringEquals": {"iam:PermissionsBoundary": arn}},
    }
    user = caller(aws, "iam", only)
    change = {"PolicyName": "own", "PolicyDocument": document}
    user.put_user_policy(UserName="fenced", **change)
    with pytest.raises(ClientError, match="AccessDenied"):
        user.put_user_policy(UserName="admin", **change)


def test_keys_that_are_absent_are_listed_one_by_one() -> None:
    keys = [key for keys in ABSENT.values() for key in keys]
    assert len(set(map(str.lower, keys))) == len(keys)
    listed = {key.lower() for key in keys}
    # every global key is set, listed as absent, or not known
    assert {key.rstrip("/") for key in global_keys()} - {key.rstrip("/") for key in listed} == {
        "aws:currenttime",
        "aws:epochtime",
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalisawsservice",
        "aws:principaltype",
        "aws:referer",
        "aws:requestedregion",
        "aws:requesttag",
        "aws:resourceaccount",
        "aws:resourcetag",
        "aws:securetransport",
        "aws:sourceip",
        "aws:tagkeys",
        "aws:useragent",
        "aws:userid",
        "aws:viaawsservice",
    }


@pytest.mark.parametrize("operator", ["StringEquals", "StringLike"])
def test_a_deny_on_the_account_of_the_resource_counts(aws: LocalAws, operator: str) -> None:
    allow = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    condition = {operator: {"aws:ResourceAccount": people.ACCOUNT}}
    deny = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition}
    with pytest.raises(ClientError, match="explicit deny"):
        caller(aws, "sqs", allow, deny).receive_message(QueueUrl="q")
    with pytest.raises(ClientError, match="explicit deny"):
        # of a list it is not known: the account, or nothing
        caller(aws, "sqs", allow, deny).list_queues()
    others = {**deny, "Condition": {"StringNotEquals": {"aws:ResourceAccount": people.ACCOUNT}}}
    caller(aws, "sqs", allow, others).receive_message(QueueUrl="q")
