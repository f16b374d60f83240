"""What EC2 and Auto Scaling take from a launch template, as the launch that it stands for.

A template holds the parameters of RunInstances: an image, a role, keys, tags. AWS asks who launches
from it about all of them, and who makes an Auto Scaling group with it about the launch, too. So a
call that names a template is decided as the launch with the template's parameters in it. Where the
template is not found, the call is left as it is, and `resources` takes its parts for unknown.

Sources: Amazon EC2 User Guide, "Control access to launching instances with launch templates";
Amazon EC2 Auto Scaling User Guide, "Control Amazon EC2 launch template usage in Auto Scaling
groups".
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from sekisho.localaws.decision import moto_state
from sekisho.localaws.decision.classify import ApiCall
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
"""Lists of which the request may add to the template's: those of both are asked about."""


def launches(world: World, call: ApiCall) -> tuple[ApiCall, ...]:
    """Return a call, or what it stands for where it launches from a template that is known."""
    if (call.service, call.operation) not in _LAUNCHING:
        return (call,)
    held = _held(world, call)
    if held is None:
        return (call,)
    if call.operation == _LAUNCH:
        return tuple(replace(call, params=_merged(data, call.params)) for data in held) or (call,)
    launched = (
        replace(call, service="ec2", operation=_LAUNCH, actions=("ec2:RunInstances",), params=data)
        for data in held
    )
    return (call, *launched)


def has_unknown_template(world: World, call: ApiCall) -> bool:
    """Tell whether a call names a template of which it is not known what it holds."""
    if call.service not in {"autoscaling", "ec2"}:
        return False
    if (call.service, call.operation) in _LAUNCHING:
        return _held(world, call) is None
    return any(True for _ in _specifications(call.params))


def _held(world: World, call: ApiCall) -> list[Mapping[str, Any]] | None:
    """Return the contents of the launch templates that a call names; None if one is not found."""
    found = [
        moto_state.template_data(world, call.region, one) for one in _specifications(call.params)
    ]
    known = [data for data in found if data is not None]
    return known if len(known) == len(found) else None


def _specifications(value: object) -> Iterator[Mapping[str, Any]]:
    """Yield what names a template, wherever it stands among parameters."""
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


def _merged(data: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Return a template's parameters with those of the request over them."""
    both = {name: [*data[name], *own[name]] for name in _WITH_ALL & data.keys() & own.keys()}
    return {**data, **own, **both}
