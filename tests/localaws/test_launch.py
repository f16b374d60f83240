"""RunInstances is about each resource that it makes or uses, each with the tags that it gets."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

import localaws_people as people
from localaws_people import caller, client
from sekisho.localaws import LocalAws

_DENIED = "UnauthorizedOperation"
_START = f"arn:aws:ec2:us-east-1:{people.ACCOUNT}"
_INSTANCES = "arn:aws:ec2:*:*:instance/*"


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(people.account()) as running:
        yield running


def _run(ec2: Any, **more: Any) -> Any:
    return ec2.run_instances(
        **{"ImageId": "ami-12c6146b", "MinCount": 1, "MaxCount": 1, "InstanceType": "t3.micro"}
        | more
    )


def _tags(kind: str, **tags: str) -> dict[str, Any]:
    pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
    return {"ResourceType": kind, "Tags": pairs}


def _asked(aws: LocalAws, action: str, **more: Any) -> set[str | None]:
    before = len(aws.log.entries())
    _run(client(aws, "ec2"), **more)
    return {each.resource for each in aws.log.entries()[before:] if each.action == action}


def test_it_is_about_what_it_makes_and_what_it_uses(aws: LocalAws) -> None:
    ec2 = client(aws, "ec2")
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    group = ec2.describe_security_groups(GroupNames=["default"])["SecurityGroups"][0]["GroupId"]
    named = {"SubnetId": subnet, "SecurityGroupIds": [group], "KeyName": "k"}
    expected = {
        "arn:aws:ec2:us-east-1::image/ami-12c6146b",
        *(f"{_START}:{kind}/*" for kind in ("instance", "network-interface", "volume")),
        f"{_START}:key-pair/k",
        f"{_START}:security-group/{group}",
        f"{_START}:subnet/{subnet}",
    }
    assert _asked(aws, "ec2:RunInstances", **named) == expected
    placed = {"Placement": {"GroupName": "near"}}
    assert _asked(aws, "ec2:RunInstances", **named, **placed) == expected | {
        f"{_START}:placement-group/near"
    }
    inside = {"DeviceIndex": 0, "SubnetId": subnet, "Groups": [group]}
    assert _asked(aws, "ec2:RunInstances", NetworkInterfaces=[inside], KeyName="k") == expected


def test_what_is_left_to_ec2_is_asked_of_each_that_it_could_take(aws: LocalAws) -> None:
    ec2 = client(aws, "ec2")
    subnets = {f"{_START}:subnet/{one['SubnetId']}" for one in ec2.describe_subnets()["Subnets"]}
    assert subnets <= _asked(aws, "ec2:RunInstances")
    for refused in subnets:
        deny = {"Effect": "Deny", "Action": "ec2:RunInstances", "Resource": refused}
        with pytest.raises(ClientError, match=_DENIED):
            _run(caller(aws, "ec2", people.ALL, deny))


@pytest.mark.parametrize(
    "more",
    [
        {"CapacityReservationSpecification": {"CapacityReservationPreference": "open"}},
        {"Placement": {"HostId": "h-1"}},
        {"LicenseSpecifications": [{"LicenseConfigurationArn": "arn:aws:license-manager:a:b:c"}]},
    ],
)
def test_what_may_name_another_resource_is_not_known(aws: LocalAws, more: dict[str, Any]) -> None:
    assert None in _asked(aws, "ec2:RunInstances", **more)


def test_an_example_of_aws_works_and_only_for_the_tag(aws: LocalAws) -> None:
    """Source: Amazon EC2 User Guide, "Grant permission to tag resources during creation"."""
    ec2 = caller(
        aws,
        "ec2",
        {"Effect": "Allow", "Action": "ec2:RunInstances", "NotResource": _INSTANCES},
        {
            "Effect": "Allow",
            "Action": "ec2:RunInstances",
            "Resource": _INSTANCES,
            "Condition": {"StringEquals": {"aws:RequestTag/team": "ops"}},
        },
        {
            "Effect": "Allow",
            "Action": "ec2:CreateTags",
            "Resource": "arn:aws:ec2:*:*:*/*",
            "Condition": {"StringEquals": {"ec2:CreateAction": "RunInstances"}},
        },
    )
    _run(ec2, TagSpecifications=[_tags("instance", team="ops")])
    _run(ec2, TagSpecifications=[_tags("instance", team="ops"), _tags("volume", team="dev")])
    for specifications in (
        [],
        [_tags("instance", team="dev")],
        [_tags("volume", team="ops")],
        [_tags("instance", team="dev"), _tags("volume", team="ops")],
        [_tags("instance", team="ops"), _tags("instance", team="dev")],
    ):
        with pytest.raises(ClientError, match=_DENIED):
            _run(ec2, TagSpecifications=specifications)


def test_there_is_no_request_tag_on_what_is_not_tagged(aws: LocalAws) -> None:
    tagged = {"Null": {"aws:RequestTag/team": "false"}}
    deny = {"Effect": "Deny", "Action": "ec2:RunInstances", "Resource": "*", "Condition": tagged}
    for resource in ("arn:aws:ec2:*::image/*", "arn:aws:ec2:*:*:volume/*"):
        ec2 = caller(aws, "ec2", people.ALL, deny | {"Resource": resource})
        _run(ec2, TagSpecifications=[_tags("instance", team="ops")])
    with pytest.raises(ClientError, match=_DENIED):
        _run(
            caller(aws, "ec2", people.ALL, deny), TagSpecifications=[_tags("instance", team="ops")]
        )


def test_the_type_of_an_instance_is_a_key_of_instances_alone(aws: LocalAws) -> None:
    condition = {"StringEquals": {"ec2:InstanceType": "t3.micro"}}
    only = {"Effect": "Allow", "Action": "ec2:*", "Resource": _INSTANCES, "Condition": condition}
    rest = {"Effect": "Allow", "Action": "ec2:*", "NotResource": _INSTANCES}
    _run(caller(aws, "ec2", only, rest))
    with pytest.raises(ClientError, match=_DENIED):
        _run(caller(aws, "ec2", only, rest), InstanceType="m5.large")
    with pytest.raises(ClientError, match=_DENIED):
        # the condition is not met on the image, as at AWS
        _run(caller(aws, "ec2", only | {"Resource": "*"}))


def test_each_type_that_is_tagged_needs_create_tags(aws: LocalAws) -> None:
    both = [_tags("instance", team="ops"), _tags("volume", team="ops")]
    assert _asked(aws, "ec2:CreateTags", TagSpecifications=both) == {
        f"{_START}:instance/*",
        f"{_START}:volume/*",
    }
    deny = {"Effect": "Deny", "Action": "ec2:CreateTags", "Resource": "arn:aws:ec2:*:*:volume/*"}
    ec2 = caller(aws, "ec2", people.ALL, deny)
    _run(ec2, TagSpecifications=both[:1])
    with pytest.raises(ClientError, match=_DENIED):
        _run(ec2, TagSpecifications=both)


def test_the_tags_of_something_else_are_no_request_tags(aws: LocalAws) -> None:
    tagged = {"StringEquals": {"aws:RequestTag/team": "ops"}}
    create = {"Effect": "Allow", "Action": "ec2:CreateVolume", "Resource": "*", "Condition": tagged}
    tags = {"Effect": "Allow", "Action": "ec2:CreateTags", "Resource": "*"}
    ec2 = caller(aws, "ec2", create, tags)
    volume = {"AvailabilityZone": "us-east-1a", "Size": 1}
    ec2.create_volume(**volume, TagSpecifications=[_tags("volume", team="ops")])
    with pytest.raises(ClientError, match=_DENIED):
        ec2.create_volume(**volume, TagSpecifications=[_tags("snapshot", team="ops")])
