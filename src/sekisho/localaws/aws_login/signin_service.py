"""AWS Sign-In's own API, which moto lacks: console authorization, and sessions of `aws login`.

Statements of its resource policy are not taken: they ask for networks, and nothing here does. A
session that is ended can be renewed no more; what it has got already lives on until it ends.

Source: botocore's model of the service `signin`; AWS Sign-In User Guide, "Controlling console
access with resource-based policies and resource control policies". What is answered where nothing
is configured, and to a wrong target; in which order sessions are listed; and that a user with a
path owns them by the ARN with the path, is assumed.
"""

import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

from sekisho.localaws.decision.classify import ApiCall
from sekisho.localaws.state.world import LoginSessionState, VerifiedCaller, World
from sekisho.localaws.wire.errors import Refusal
from sekisho.signin import LoginClient

_WRITTEN_IN = {"aws": "us-east-1"}
"""The Region that takes changes; reading works in any."""

_Answer = Mapping[str, object]
_Response = tuple[Iterable[bytes], str, list[tuple[str, str]]]


def answer(world: World, caller: VerifiedCaller, call: ApiCall) -> _Response:
    """Return the answer to a permitted call: body, status and headers.

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
"""The operations of console authorization, by name; called under the world's lock."""


_MOST = 100
_ACTIVE, _REVOKED = "ACTIVE", "REVOKED"


def list_sessions(
    world: World, caller: VerifiedCaller, params: Mapping[str, Any]
) -> Mapping[str, object]:
    """Answer ListSessions."""
    found = [
        each for each in _sessions_of_owner(world, caller, params) if _matches_filters(each, params)
    ]
    found.sort(key=lambda each: (each.begun_at, each.arn), reverse=True)
    start = _start(params.get("nextToken"), len(found))
    end = start + min(int(params.get("maxResults") or _MOST), _MOST)
    page: dict[str, object] = {"items": [_summary(each) for each in found[start:end]]}
    return page | ({"nextToken": str(end)} if end < len(found) else {})


def get_session(
    world: World, caller: VerifiedCaller, params: Mapping[str, Any]
) -> Mapping[str, object]:
    """Answer GetSession."""
    arn = str(params.get("sessionArn") or "")
    session = next(
        (each for each in _sessions_of_owner(world, caller, params) if each.arn == arn), None
    )
    if session is None:
        raise _no_such_session()
    more: dict[str, object] = {"issuedInRegion": session.region, "userAgent": session.agent}
    if session.used_at is not None:
        more["lastUsedAt"] = int(session.used_at.timestamp())
    return _summary(session) | more


def revoke_sessions(
    world: World, caller: VerifiedCaller, params: Mapping[str, Any]
) -> Mapping[str, object]:
    """Answer BatchRevokeSessions; revoking a revoked session succeeds."""
    owned = {each.arn: each for each in _sessions_of_owner(world, caller, params)}
    revoked: list[Mapping[str, str]] = []
    errors: list[Mapping[str, str]] = []
    for arn in map(str, params.get("sessionArns") or ()):
        if arn in owned:
            owned[arn].revoked = True
            revoked.append({"sessionArn": arn})
        else:
            refused = _no_such_session()
            errors.append({"sessionArn": arn, "code": refused.code, "message": refused.message})
    return {"revokedSessions": revoked, "errors": errors}


def _sessions_of_owner(
    world: World, caller: VerifiedCaller, params: Mapping[str, Any]
) -> Iterator[LoginSessionState]:
    owner = str(params.get("principalArn") or caller.credential.holder.arn)
    everybody = f"arn:{world.partition}:iam::{world.account}:*"
    for session in world.login_sessions.values():
        if owner in (everybody, session.console.holder.arn):
            yield session


def _matches_filters(session: LoginSessionState, params: Mapping[str, Any]) -> bool:
    begun = int(session.begun_at.timestamp())
    after, before = params.get("issuedAfter"), params.get("issuedBefore")
    return (
        params.get("status") in (None, _status(session))
        and params.get("clientId") in (None, LoginClient(session.client).id)
        and (after is None or begun >= int(after))
        and (before is None or begun < int(before))
    )


def _status(session: LoginSessionState) -> str:
    return _REVOKED if session.revoked else _ACTIVE


def _summary(session: LoginSessionState) -> dict[str, object]:
    return {
        "sessionArn": session.arn,
        "principalArn": session.console.holder.arn,
        "status": _status(session),
        "issuedAt": int(session.begun_at.timestamp()),
        "expiresAt": int(session.ends_at.timestamp()),
        "clientId": LoginClient(session.client).id,
        "clientType": "CLI",
    }


def _start(token: object, count: int) -> int:
    if token in (None, ""):
        return 0
    text = str(token)
    if not (text.isascii() and text.isdigit()) or int(text) > count:
        message = "nextToken is not valid."
        raise Refusal("ValidationException", message, HTTPStatus.BAD_REQUEST)
    return int(text)


def _no_such_session() -> Refusal:
    return Refusal("ResourceNotFoundException", "Session not found.", HTTPStatus.NOT_FOUND)


SESSIONS: Mapping[str, Callable[[World, VerifiedCaller, Mapping[str, Any]], Mapping[str, object]]]
SESSIONS = {
    "BatchRevokeSessions": revoke_sessions,
    "GetSession": get_session,
    "ListSessions": list_sessions,
}
"""All operations, by name; called under the world's lock."""
