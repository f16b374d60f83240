"""AWS Sign-In's own API, which moto does not have: console authorization, and sessions.

Statements of its resource policy are not taken: they ask for networks, and nothing here does.

Source: botocore's model of the service `signin`; AWS Sign-In User Guide, "Controlling console
access with resource-based policies and resource control policies". What is answered where nothing
is configured, and to a wrong target, is assumed.
"""

import json
import uuid
from collections.abc import Callable, Iterable, Mapping

from sekisho.localaws.aws_login.sessions import SESSIONS
from sekisho.localaws.decision.classify import ApiCall
from sekisho.localaws.state.world import VerifiedCaller, World
from sekisho.localaws.wire.errors import Refusal

_WRITTEN_IN = {"aws": "us-east-1"}
"""The Region that takes changes; reading works in any."""

_Answer = Mapping[str, object]
_Response = tuple[Iterable[bytes], str, list[tuple[str, str]]]


def answer(world: World, caller: VerifiedCaller, call: ApiCall) -> _Response:
    """Return the answer to a call that was decided: body, status and headers.

    Raises:
        Refusal: the service's own.
        NotImplementedError: if the operation is not here.
    """
    found: _Answer
    if (operation := OPERATIONS.get(call.operation)) is not None:
        found = operation(world, call)
    elif (of_sessions := SESSIONS.get(call.operation)) is not None:
        found = of_sessions(world, caller, call.params)
    else:
        raise NotImplementedError(f"{call.service}:{call.operation} has not been implemented")
    body = json.dumps(found).encode()
    headers = {
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "x-amzn-RequestId": str(uuid.uuid4()),
    }
    return [body], "200 OK", [*headers.items()]


def _get_console_authorization(world: World, call: ApiCall) -> _Answer:
    return _configuration(world, call)


def _put_console_authorization(world: World, call: ApiCall) -> _Answer:
    _check_region(world, call)
    _configuration(world, call)
    world.console_authorization = True
    return _configuration(world, call)


def _delete_console_authorization(world: World, call: ApiCall) -> _Answer:
    _check_region(world, call)
    _configuration(world, call)
    if not world.console_authorization:
        raise _not_found("There is no console authorization configuration.")
    world.console_authorization = False
    return _configuration(world, call)


def _get_resource_policy(world: World, call: ApiCall) -> _Answer:
    del world, call
    raise _not_found("There is no resource policy.")


def _configuration(world: World, call: ApiCall) -> _Answer:
    target = str(call.params.get("targetId") or world.account)
    if target != world.account:
        raise _not_found(f"There is no configuration for {target}.")
    enabled = world.console_authorization
    return {"targetId": target, "scope": "ACCOUNT", "consoleAuthorizationEnabled": enabled}


def _check_region(world: World, call: ApiCall) -> None:
    wanted = _WRITTEN_IN.get(world.partition, world.region)
    if call.region != wanted:
        message = f"This operation must be called in the Region {wanted}."
        raise Refusal("ValidationException", message, 400)


def _not_found(message: str) -> Refusal:
    return Refusal("ResourceNotFoundException", message, 404)


OPERATIONS: Mapping[str, Callable[[World, ApiCall], _Answer]] = {
    "DeleteConsoleAuthorizationConfiguration": _delete_console_authorization,
    "GetConsoleAuthorizationConfiguration": _get_console_authorization,
    "GetResourcePolicy": _get_resource_policy,
    "PutConsoleAuthorizationConfiguration": _put_console_authorization,
}
"""The operations that are here, by their names; they are called under the world's lock."""
