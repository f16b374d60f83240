"""The launches of EC2's RunInstances: launch templates resolved, and the resources used.

RunInstances creates and uses resources of many types, and AWS checks each: a policy may allow it on
some images, in one subnet, and for instances with a certain tag. Resources that do not exist yet
are checked as `instance/*`. The subnet and the security group, if the request leaves them to EC2,
are checked for each possible one. Tags belong to the types that `TagSpecifications` names: only
there they are `aws:RequestTag`, and only on these `ec2:CreateTags` is checked.

A launch template has parameters of RunInstances: an image, a role, keys, tags. AWS checks all of
them for a caller who launches from it, and the launch for a caller who makes an Auto Scaling group
with it. So a call that names a template is decided as the launch with the template's parameters.
If the template is not found, the call is left as it is, and `resources` treats its parts as
unknown.

Sources: Amazon EC2 User Guide, "Example policies to control access to the Amazon EC2 API" (launch
instances; grant permission to tag resources during creation), "Control access to launching
instances with launch templates"; Amazon EC2 Auto Scaling User Guide, "Control Amazon EC2 launch
template usage in Auto Scaling groups"; Service Authorization Reference.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from sekisho.localaws.decision import moto_state
from sekisho.localaws.decision.classify import ApiCall
from sekisho.localaws.decision.request_tags import tag_sets
from sekisho.localaws.state.world import World

_LAUNCH = "RunInstances"
_LAUNCHING = frozenset(
    {
        ("autoscaling", "CreateAutoScalingGroup"),
        ("autoscaling", "UpdateAutoScalingGroup"),
        ("ec2", "CreateFleet"),
        ("ec2", "RequestSpotFleet"),
        ("ec2", _LAUNCH),
    }
)
_SPECIFICATIONS = frozenset({"LaunchTemplate", "LaunchTemplateSpecification"})
_WITH_ALL = frozenset({"BlockDeviceMappings", "NetworkInterfaces", "TagSpecifications"})
"""Lists whose items in the request are added to the template's: both are checked."""


def launches(world: World, call: ApiCall) -> tuple[ApiCall, ...]:
    """Return a call, or the calls that it represents if it launches from a known template."""
    if (call.service, call.operation) not in _LAUNCHING:
        return (call,)
    held = _template_data(world, call)
    if held is None:
        return (call,)
    if call.operation == _LAUNCH:
        return tuple(replace(call, params=_merge_template(data, call.params)) for data in held) or (
            call,
        )
    launch_calls = (
        replace(call, service="ec2", operation=_LAUNCH, actions=("ec2:RunInstances",), params=data)
        for data in held
    )
    return (call, *launch_calls)


def has_unknown_template(world: World, call: ApiCall) -> bool:
    """Return whether a call names a launch template with unknown contents."""
    if call.service not in {"autoscaling", "ec2"}:
        return False
    if (call.service, call.operation) in _LAUNCHING:
        return _template_data(world, call) is None
    return any(True for _ in _specifications(call.params))


def _template_data(world: World, call: ApiCall) -> list[Mapping[str, Any]] | None:
    """Return the contents of the launch templates that a call names; None if one is not found."""
    found = [
        moto_state.template_data(world, call.region, one) for one in _specifications(call.params)
    ]
    known = [data for data in found if data is not None]
    return known if len(known) == len(found) else None


def _specifications(value: object) -> Iterator[Mapping[str, Any]]:
    """Yield the specifications of launch templates anywhere in the parameters."""
    if isinstance(value, list):
        for item in value:
            yield from _specifications(item)
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if name in _SPECIFICATIONS and isinstance(inner, Mapping) and _NAMES & inner.keys():
                yield inner
            else:
                yield from _specifications(inner)


_NAMES = frozenset({"LaunchTemplateId", "LaunchTemplateName"})


def _merge_template(data: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Return a template's parameters, overridden by those of the request."""
    both = {name: [*data[name], *own[name]] for name in _WITH_ALL & data.keys() & own.keys()}
    return {**data, **own, **both}


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
"""Parameters whose resources are known; any other may name a further resource."""


def launch_resources(world: World, call: ApiCall) -> tuple[str | None, ...]:
    """Return the ARNs that RunInstances is about; None for an unknown one."""
    found: dict[str | None, None] = {}
    start = f"arn:{world.partition}:ec2:{call.region}:"
    for kind, name in _named_resources(world, call):
        known = name is not None and (name == "*" or _ID.fullmatch(name))
        account = "" if kind in _OF_NO_ACCOUNT else world.account
        found[f"{start}{account}:{kind}/{name}" if known else None] = None
    if call.params.keys() - _READ or has_unknown_template(world, call):
        found[None] = None
    return tuple(found)


def _named_resources(world: World, call: ApiCall) -> Iterator[tuple[str, str | None]]:
    """Yield the type and the name of each resource; None for an unknown name."""
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


def tagged_resources(world: World, call: ApiCall) -> tuple[str | None, ...]:
    """Return the ARNs on which a call sets tags as it creates them; None for an unknown one."""
    found: dict[str | None, None] = {}
    for each in tag_sets(call):
        account = "" if each.kind in _OF_NO_ACCOUNT else world.account
        start = f"arn:{world.partition}:ec2:{call.region}:{account}"
        found[f"{start}:{each.kind}/*" if re.fullmatch("[a-z0-9-]+", each.kind) else None] = None
    return tuple(found)


_OF_NO_ACCOUNT = frozenset({"fpga-image", "image", "snapshot"})
