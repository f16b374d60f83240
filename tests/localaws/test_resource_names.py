"""A call is about the resource that its parameters name, whatever its other values look like.

Reads `localaws.decision.resource_names` itself, because the operations of all services are asked
about.
"""

import json
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
from botocore.exceptions import ClientError, UnknownServiceError
from moto.backends import list_of_moto_modules
from moto.core.utils import get_service_model, service_name_from_moto_package_name

import localaws_people as people
from localaws_people import client
from sekisho.catalogue import iam_actions, load
from sekisho.localaws import LocalAws
from sekisho.localaws.decision.resource_names import naming

ACCOUNT, REGION = people.ACCOUNT, "us-east-1"


def arn(service: str, rest: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}"


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(people.account()) as running:
        for name in ("open", "secret"):
            _make(running, name)
        yield running


def _make(aws: LocalAws, name: str) -> None:
    client(aws, "sqs").create_queue(QueueName=name)
    client(aws, "ssm").put_parameter(Name=name, Value="v", Type="String")
    client(aws, "secretsmanager").create_secret(Name=name, SecretString="v")
    client(aws, "kinesis").create_stream(StreamName=name, ShardCount=1)
    client(aws, "sns").create_topic(Name=name)
    client(aws, "ecr").create_repository(repositoryName=name)
    client(aws, "dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


@cache
def _keys_of(aws: LocalAws, who: str) -> tuple[tuple[str, str], ...]:
    iam = client(aws, "iam")
    every = ["arn:aws:*:*:*:*{}", "arn:aws:*:*:*:*{}-??????"]
    if who == "denied":
        secret = [pattern.format("secret") for pattern in every]
        statements = [people.ALL, {"Effect": "Deny", "Action": "*", "Resource": secret}]
    else:
        # an Allow on `open` only; what has no resource type needs `*`
        own = [pattern.format("open") for pattern in every]
        on_all = ["secretsmanager:BatchGetSecretValue"]
        statements = [
            {"Effect": "Allow", "Action": "*", "Resource": own},
            {"Effect": "Allow", "Action": on_all, "Resource": "*"},
        ]
    iam.create_user(UserName=who)
    document = json.dumps(people.policy(*statements))
    iam.put_user_policy(UserName=who, PolicyName="own", PolicyDocument=document)
    key = iam.create_access_key(UserName=who)["AccessKey"]
    return (
        ("aws_access_key_id", key["AccessKeyId"]),
        ("aws_secret_access_key", key["SecretAccessKey"]),
    )


def _sqs(**more: str) -> Callable[[Any, str, str], object]:
    def call(sqs: Any, name: str, other: str) -> object:
        url = f"{sqs.meta.endpoint_url}/{ACCOUNT}/{name}"
        body = {"MessageBody": arn("sqs", other), **more}
        return sqs.send_message(QueueUrl=url, **body)

    return call


def _item(text: str) -> dict[str, Any]:
    return {"k": {"S": text}}


ATTEMPTS: dict[str, tuple[str, Callable[[Any, str, str], object]]] = {
    "sqs body": ("sqs", _sqs()),
    "sqs group": ("sqs", _sqs(MessageDeduplicationId="x", MessageGroupId="x")),
    "sqs attribute": (
        "sqs",
        lambda c, name, other: c.send_message(
            QueueUrl=f"{c.meta.endpoint_url}/{ACCOUNT}/{name}",
            MessageBody="x",
            MessageAttributes={
                "QueueArn": {"DataType": "String", "StringValue": arn("sqs", other)}
            },
        ),
    ),
    "sqs batch": (
        "sqs",
        lambda c, name, other: c.send_message_batch(
            QueueUrl=f"{c.meta.endpoint_url}/{ACCOUNT}/{name}",
            Entries=[{"Id": "a", "MessageBody": arn("sqs", other)}],
        ),
    ),
    "sqs tags": (
        "sqs",
        lambda c, name, other: c.tag_queue(
            QueueUrl=f"{c.meta.endpoint_url}/{ACCOUNT}/{name}", Tags={"QueueName": other}
        ),
    ),
    "ssm value": (
        "ssm",
        lambda c, name, other: c.put_parameter(
            Name=name, Value=arn("ssm", f"parameter/{other}"), Overwrite=True
        ),
    ),
    "ssm slash": ("ssm", lambda c, name, other: c.get_parameters(Names=[name, other])),
    "ssm version": ("ssm", lambda c, name, _: c.get_parameter(Name=f"{name}:1")),
    "ssm arn": ("ssm", lambda c, name, _: c.get_parameter(Name=arn("ssm", f"parameter/{name}"))),
    "secret string": (
        "secretsmanager",
        lambda c, name, other: c.put_secret_value(
            SecretId=name, SecretString=arn("secretsmanager", f"secret:{other}-AbCdEf")
        ),
    ),
    "secret in part": (
        "secretsmanager",
        lambda c, name, _: c.get_secret_value(SecretId=arn("secretsmanager", f"secret:{name}")),
    ),
    "secrets in a batch": (
        "secretsmanager",
        lambda c, name, other: c.batch_get_secret_value(SecretIdList=[other, name]),
    ),
    "kinesis partition": (
        "kinesis",
        lambda c, name, other: c.put_record(
            StreamName=name, Data=b"x", PartitionKey=arn("kinesis", f"stream/{other}")
        ),
    ),
    "kinesis hash": (
        "kinesis",
        lambda c, name, other: c.put_records(
            StreamARN=arn("kinesis", f"stream/{name}"),
            Records=[{"Data": b"x", "PartitionKey": arn("kinesis", f"stream/{other}")}],
        ),
    ),
    "dynamodb item": (
        "dynamodb",
        lambda c, name, other: c.put_item(
            TableName=name, Item=_item(arn("dynamodb", f"table/{other}"))
        ),
    ),
    "dynamodb batch": (
        "dynamodb",
        lambda c, name, other: c.batch_get_item(
            RequestItems={other: {"Keys": [_item("a")]}, name: {"Keys": [_item("a")]}}
        ),
    ),
    "dynamodb writes": (
        "dynamodb",
        lambda c, name, other: c.batch_write_item(
            RequestItems={
                other: [{"PutRequest": {"Item": _item("a")}}],
                name: [{"PutRequest": {"Item": _item(other)}}],
            }
        ),
    ),
    "dynamodb transaction": (
        "dynamodb",
        lambda c, name, other: c.transact_write_items(
            TransactItems=[
                {"Put": {"TableName": other, "Item": _item("a")}},
                {"Put": {"TableName": name, "Item": _item("b")}},
            ]
        ),
    ),
    "dynamodb reads": (
        "dynamodb",
        lambda c, name, other: c.transact_get_items(
            TransactItems=[
                {"Get": {"TableName": other, "Key": _item("a")}},
                {"Get": {"TableName": name, "Key": _item("a")}},
            ]
        ),
    ),
    "sns message": (
        "sns",
        lambda c, name, other: c.publish(TopicArn=arn("sns", name), Message=arn("sns", other)),
    ),
    "sns target": (
        "sns",
        lambda c, name, other: c.publish(
            TargetArn=arn("sns", name), TopicArn=arn("sns", other), Message="x"
        ),
    ),
    "ecr tags": (
        "ecr",
        lambda c, name, other: c.tag_resource(
            resourceArn=arn("ecr", f"repository/{name}"),
            tags=[{"Key": "repositoryName", "Value": arn("ecr", f"repository/{other}")}],
        ),
    ),
}


@pytest.mark.parametrize("who", ["denied", "only"])
@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_the_forbidden_one_is_not_reached_by_naming_the_other(
    aws: LocalAws, attempt: str, who: str
) -> None:
    service, call = ATTEMPTS[attempt]
    caller = client(aws, service, **dict(_keys_of(aws, who)))
    with pytest.raises(ClientError, match=r"AccessDenied|AuthorizationError"):
        call(caller, "secret", "open")
    # the same call about the other one, so that the refusal is not for its form
    call(caller, "open", "open")


NAMED_AT_LEAST = {"dynamodb": 49, "ec2": 340, "ecr": 31, "kinesis": 32, "kms": 40, "lambda": 60}
"""Services, each with how many actions on a resource must be known by the parameters at least."""


@cache
def _services() -> dict[str, str]:
    """Return the services that moto has, each with its signing name."""
    found = {}
    for module in list_of_moto_modules():
        service = {"awslambda": "lambda"}.get(module) or service_name_from_moto_package_name(module)
        try:
            metadata = get_service_model(service).metadata
        except UnknownServiceError:  # one of moto's own modules
            continue
        found[service] = str(metadata.get("signingName", metadata["endpointPrefix"]))
    return found


def test_every_operation_names_its_resources_or_is_unknown_by_name() -> None:
    """For all services that moto has; no operation is left to a guess."""
    tried = named = 0
    of_service: dict[str, int] = {}
    for service, signing_name in _services().items():
        for operation in get_service_model(service).operation_names:
            for action in iam_actions(signing_name, operation):
                known = load().action(action)
                if known is None or not any(each.listed for each in known.resource_types):
                    continue
                found = naming(service, operation, action)
                tried += 1
                assert {each.name for each in found.types} == {
                    k.name for k in known.resource_types if k.listed
                }
                if all(each.named for each in found.types if each.required):
                    named += 1
                    of_service[service] = of_service.get(service, 0) + 1
    assert tried > 8000
    assert named > 4000
    short = {name: of_service[name] for name, n in NAMED_AT_LEAST.items() if of_service[name] < n}
    assert not short
