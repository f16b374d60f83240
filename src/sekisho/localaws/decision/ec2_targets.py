"""What EC2's RunInstances is about, and what the tags of a new resource need.

RunInstances makes and uses resources of many types, and AWS asks for each: a policy may allow it on
some images, in one subnet, and for instances that get a certain tag. What does not exist yet is
asked about as `instance/*`. What the request leaves to EC2, the subnet and the security group, is
asked about for each one that it could take. Tags belong to the types that `TagSpecifications`
names: only there they are `aws:RequestTag`, and only on these `ec2:CreateTags` is asked.

Sources: Amazon EC2 User Guide, "Example policies to control access to the Amazon EC2 API" (launch
instances; grant permission to tag resources during creation); Service Authorization Reference.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sekisho.localaws.decision import moto_state
from sekisho.localaws.decision.classify import ApiCall
from sekisho.localaws.decision.launch_templates import has_unknown_template
from sekisho.localaws.decision.request_tags import tag_sets
from sekisho.localaws.state.world import World

_ID = re.compile(r"[\w.@+=-]+")
_READ = frozenset(
    {
        "BlockDeviceMappings",
        "ClientToken",
        "CreditSpecification",
        "DisableApiStop",
        "DisableApiTermination",
        "DryRun",
        "EbsOptimized",
        "IamInstanceProfile",
        "ImageId",
        "InstanceInitiatedShutdownBehavior",
        "InstanceType",
        "KeyName",
        "LaunchTemplate",
        "MaxCount",
        "MetadataOptions",
        "MinCount",
        "Monitoring",
        "NetworkInterfaces",
        "Placement",
        "PrivateIpAddress",
        "SecurityGroupIds",
        "SecurityGroups",
        "SubnetId",
        "TagSpecifications",
        "UserData",
    }
)
"""Parameters of which it is known what resources they name; any other may name one more."""


def launched(world: World, call: ApiCall) -> tuple[str | None, ...]:
    """Return the ARNs that RunInstances is about; None for what is not known."""
    found: dict[str | None, None] = {}
    start = f"arn:{world.partition}:ec2:{call.region}:"
    for kind, name in _named(world, call):
        known = name is not None and (name == "*" or _ID.fullmatch(name))
        account = "" if kind in _OF_NO_ACCOUNT else world.account
        found[f"{start}{account}:{kind}/{name}" if known else None] = None
    if call.params.keys() - _READ or has_unknown_template(world, call):
        found[None] = None
    return tuple(found)


def _named(world: World, call: ApiCall) -> Iterator[tuple[str, str | None]]:
    """Yield the type and the name of each resource; None for one that is not known."""
    params = call.params
    yield "image", params.get("ImageId")
    yield "instance", "*"
    yield "volume", "*"
    yield from _network(world, call)
    if params.get("KeyName"):
        yield "key-pair", str(params["KeyName"])
    for device in params.get("BlockDeviceMappings") or ():
        if snapshot := (device.get("Ebs") or {}).get("SnapshotId"):
            yield "snapshot", str(snapshot)
    if template := params.get("LaunchTemplate"):
        yield "launch-template", moto_state.template_id(world, call.region, template)
    placement = params.get("Placement") or {}
    if placement.get("GroupName"):
        yield "placement-group", str(placement["GroupName"])
    if placement.keys() - {"AvailabilityZone", "GroupName", "Tenancy"}:
        # hosts, and groups by their id
        yield "placement-group", None


def _network(world: World, call: ApiCall) -> Iterator[tuple[str, str | None]]:
    given: list[Mapping[str, Any]] = list(call.params.get("NetworkInterfaces") or ())
    for interface in given or [{}]:
        if interface.get("NetworkInterfaceId"):
            # it has its subnet and groups already
            yield "network-interface", str(interface["NetworkInterfaceId"])
        else:
            yield "network-interface", "*"
            yield from _subnets(world, call, interface)
            yield from _groups(world, call, interface)


def _subnets(
    world: World, call: ApiCall, interface: Mapping[str, Any]
) -> Iterator[tuple[str, str | None]]:
    named = [one["SubnetId"] for one in (call.params, interface) if one.get("SubnetId")]
    for name in named or moto_state.default_subnets(world, call.region) or (None,):
        yield "subnet", name


def _groups(
    world: World, call: ApiCall, interface: Mapping[str, Any]
) -> Iterator[tuple[str, str | None]]:
    named: list[str | None] = [
        *(call.params.get("SecurityGroupIds") or ()),
        *(interface.get("Groups") or ()),
    ]
    for text in call.params.get("SecurityGroups") or ():
        named += moto_state.security_groups(world, call.region, str(text)) or (None,)
    for name in named or moto_state.security_groups(world, call.region, "default") or (None,):
        yield "security-group", name


def tagged(world: World, call: ApiCall) -> tuple[str | None, ...]:
    """Return the ARNs on which a call sets tags as it makes them; None for an unknown one."""
    found: dict[str | None, None] = {}
    for each in tag_sets(call):
        account = "" if each.kind in _OF_NO_ACCOUNT else world.account
        start = f"arn:{world.partition}:ec2:{call.region}:{account}"
        found[f"{start}:{each.kind}/*" if re.fullmatch("[a-z0-9-]+", each.kind) else None] = None
    return tuple(found)


_OF_NO_ACCOUNT = frozenset({"fpga-image", "image", "snapshot"})
