"""What a call makes moto do in another service, and the roles that it passes, are asked about."""

import json
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from botocore.exceptions import ClientError

import localaws_people as people
from localaws_people import client
from sekisho.localaws import LocalAws

ROLE = f"arn:aws:iam::{people.ACCOUNT}:role"
_NUMBERS = count()


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(people.account()) as running:
        iam = client(running, "iam")
        iam.create_instance_profile(InstanceProfileName="profile")
        iam.add_role_to_instance_profile(InstanceProfileName="profile", RoleName="Ops")
        s3 = client(running, "s3")
        s3.create_bucket(Bucket="bucket")
        s3.put_object(Bucket="bucket", Key="code.zip", Body=b"x")
        client(running, "sqs").create_queue(QueueName="q")
        client(running, "sns").create_topic(Name="t")
        client(running, "secretsmanager").create_secret(Name="s", SecretString="v")
        yield running


TEMPLATE = json.dumps({"Resources": {"B": {"Type": "AWS::SQS::Queue"}}})


def arn(service: str, rest: str) -> str:
    return f"arn:aws:{service}:us-east-1:{people.ACCOUNT}:{rest}"


ELSEWHERE: dict[str, tuple[str, Callable[[Any], object]]] = {
    "a stack": (
        "cloudformation",
        lambda c: c.create_stack(StackName="s", TemplateBody=TEMPLATE),
    ),
    "a change set": (
        "cloudformation",
        lambda c: c.create_change_set(StackName="s", ChangeSetName="c", TemplateBody=TEMPLATE),
    ),
    "a stack set": (
        "cloudformation",
        lambda c: c.create_stack_set(StackSetName="s", TemplateBody=TEMPLATE),
    ),
    "a queue subscribed to a topic": (
        "sns",
        lambda c: c.subscribe(TopicArn=arn("sns", "t"), Protocol="sqs", Endpoint=arn("sqs", "q")),
    ),
    "a rule's target": (
        "events",
        lambda c: c.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": arn("sqs", "q")}]),
    ),
    "a subscription of logs": (
        "logs",
        lambda c: c.put_subscription_filter(
            logGroupName="g",
            filterName="f",
            filterPattern="",
            destinationArn=arn("kinesis", "stream/s"),
        ),
    ),
    "logs exported to S3": (
        "logs",
        lambda c: c.create_export_task(logGroupName="g", fromTime=1, to=2, destination="bucket"),
    ),
    "a table exported to S3": (
        "dynamodb",
        lambda c: c.export_table_to_point_in_time(
            TableArn=arn("dynamodb", "table/t"), S3Bucket="bucket"
        ),
    ),
    "a secret read as a parameter": (
        "ssm",
        lambda c: c.get_parameter(Name="/aws/reference/secretsmanager/s", WithDecryption=True),
    ),
    "notifications of a bucket": (
        "s3",
        lambda c: c.put_bucket_notification_configuration(
            Bucket="bucket",
            NotificationConfiguration={
                "QueueConfigurations": [
                    {"QueueArn": arn("sqs", "q"), "Events": ["s3:ObjectCreated:*"]}
                ]
            },
        ),
    ),
    "a function for a queue's messages": (
        "lambda",
        lambda c: c.create_event_source_mapping(FunctionName="f", EventSourceArn=arn("sqs", "q")),
    ),
    "tags by the tagging service": (
        "resourcegroupstaggingapi",
        lambda c: c.tag_resources(ResourceARNList=[arn("sqs", "q")], Tags={"a": "b"}),
    ),
}


@pytest.mark.parametrize("case", ELSEWHERE)
def test_what_would_act_elsewhere_is_refused_by_name(aws: LocalAws, case: str) -> None:
    """Even of one who may do everything: nobody else is asked there."""
    service, call = ELSEWHERE[case]
    with pytest.raises(ClientError, match="NotImplemented") as caught:
        call(client(aws, service))
    assert "act in" in str(caught.value) or "acts in" in str(caught.value)


def test_the_tags_of_everything_may_be_read(aws: LocalAws) -> None:
    client(aws, "resourcegroupstaggingapi").get_resources()


def caller(aws: LocalAws, service: str, *statements: dict[str, Any]) -> Any:
    iam, name = client(aws, "iam"), f"caller{next(_NUMBERS)}"
    iam.create_user(UserName=name)
    document = json.dumps(people.policy(*statements))
    iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    keys = {
        "aws_access_key_id": key["AccessKeyId"],
        "aws_secret_access_key": key["SecretAccessKey"],
    }
    return client(aws, service, **keys)


PROFILE_ARN = f"arn:aws:iam::{people.ACCOUNT}:instance-profile/profile"


def _run(**more: Any) -> Callable[[Any], object]:
    return lambda c: c.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1, **more)


def _function(role: str) -> Callable[[Any], object]:
    return lambda c: c.create_function(
        FunctionName="f",
        Runtime="python3.12",
        Handler="a.b",
        Role=role,
        Code={"ZipFile": b"x"},
    )


PASSING: dict[str, tuple[str, Callable[[Any], object]]] = {
    "profile by name": ("ec2", _run(IamInstanceProfile={"Name": "profile"})),
    "profile by ARN": ("ec2", _run(IamInstanceProfile={"Arn": PROFILE_ARN})),
    "a profile that is not there": ("ec2", _run(IamInstanceProfile={"Name": "ghost"})),
    "a launch template": ("ec2", _run(LaunchTemplate={"LaunchTemplateName": "x"})),
    "profile of a running instance": (
        "ec2",
        lambda c: c.associate_iam_instance_profile(
            InstanceId="i-1", IamInstanceProfile={"Name": "profile"}
        ),
    ),
    "profile of a launch configuration": (
        "autoscaling",
        lambda c: c.create_launch_configuration(
            LaunchConfigurationName="x", ImageId="ami-1", IamInstanceProfile="profile"
        ),
    ),
    "role by ARN": ("lambda", _function(f"{ROLE}/Ops")),
    "role by another path": ("lambda", _function(f"{ROLE}/open/Ops")),
    "role by name": (
        "ecs",
        lambda c: c.register_task_definition(
            family="x", taskRoleArn="Ops", containerDefinitions=[{"name": "x", "image": "x"}]
        ),
    ),
    "job flow's profile": (
        "emr",
        lambda c: c.run_job_flow(Name="x", Instances={}, JobFlowRole="profile"),
    ),
}


@pytest.mark.parametrize("case", PASSING)
def test_a_role_is_passed_however_it_is_named(aws: LocalAws, case: str) -> None:
    service, call = PASSING[case]
    deny = {"Effect": "Deny", "Action": "iam:PassRole", "Resource": f"{ROLE}/Ops"}
    with pytest.raises(ClientError, match=r"AccessDenied|UnauthorizedOp"):
        call(caller(aws, service, people.ALL, deny))
    entry = aws.log.last()
    assert entry is not None
    assert entry.action == "iam:PassRole"


def test_code_from_a_bucket_needs_the_right_to_read_it(aws: LocalAws) -> None:
    def publish(functions: Any) -> object:
        content = {"S3Bucket": "bucket", "S3Key": "code.zip"}
        return functions.publish_layer_version(LayerName="layer", Content=content)

    deny = {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*"}
    with pytest.raises(ClientError, match="AccessDenied"):
        publish(caller(aws, "lambda", people.ALL, deny))
    publish(caller(aws, "lambda", people.ALL))
