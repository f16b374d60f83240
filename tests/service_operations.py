"""Every operation that the local AWS decides on, and its parameters, by botocore's models."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from botocore.exceptions import UnknownServiceError
from moto.backends import list_of_moto_modules
from moto.core.utils import get_service_model, service_name_from_moto_package_name

from sekisho.catalogue import iam_actions
from sekisho.localaws.decision.classify import ApiCall, is_served
from sekisho.localaws.wire.errors import WireProtocol

_DEEPEST = 5
"""How deep parameters are looked at here; each name below is judged by the same words."""
_NUMBERS = {"integer", "long", "float", "double", "timestamp"}


def calls(service: str) -> Iterator[ApiCall]:
    """Yield a call of each operation of a service that is decided on, without parameters."""
    model = get_service_model(service)
    signing_name = model.metadata.get("signingName", model.metadata["endpointPrefix"])
    for name in model.operation_names:
        actions = iam_actions(signing_name, name)
        if actions and (service == "iam" or is_served(service, name)):
            yield ApiCall(service, "us-east-1", name, actions, WireProtocol(), {})


@cache
def services() -> tuple[str, ...]:
    """Return the services that moto has, by botocore's names."""
    found = []
    for module in list_of_moto_modules():
        name = {"awslambda": "lambda"}.get(module, service_name_from_moto_package_name(module))
        try:
            get_service_model(name)
        except UnknownServiceError:
            continue
        found.append(name)
    return tuple(found)


def parameters(call: ApiCall) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Yield the path of each parameter, without items and keys, and whether it is a number."""
    shape = get_service_model(call.service).operation_model(call.operation).input_shape
    if shape is not None:
        yield from _below(shape, (), ())


def _below(
    shape: Any, path: tuple[str, ...], within: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], bool]]:
    if shape.name in within:
        return
    if len(path) == _DEEPEST:
        yield path, False
        return
    inner = (*within, shape.name)
    match shape.type_name:
        case "structure" if shape.members:
            for name, member in shape.members.items():
                yield from _below(member, (*path, name), inner)
        case "list":
            yield from _below(shape.member, path, inner)
        case "map":
            yield from _below(shape.value, path, inner)
        case kind:
            if path:
                yield path, kind in _NUMBERS
