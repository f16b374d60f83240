"""The sessions of `aws login` that an account has: listed, looked at, ended.

A session that is ended can be renewed no more; what it has got already lives on until it ends.

Source: botocore's model of `signin`, ListSessions, GetSession and BatchRevokeSessions. In which
order they are listed, and that a user with a path owns them by the ARN with the path, is assumed.
"""

from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

from sekisho.localaws.state.world import LoginSessionState, VerifiedCaller, World
from sekisho.localaws.wire.errors import Refusal
from sekisho.signin import LoginClient

_MOST = 100
_ACTIVE, _REVOKED = "ACTIVE", "REVOKED"


def list_sessions(
    world: World, caller: VerifiedCaller, params: Mapping[str, Any]
) -> Mapping[str, object]:
    """Answer ListSessions."""
    found = [each for each in _owned(world, caller, params) if _is_asked(each, params)]
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
    session = next((each for each in _owned(world, caller, params) if each.arn == arn), None)
    if session is None:
        raise _not_found()
    more: dict[str, object] = {"issuedInRegion": session.region, "userAgent": session.agent}
    if session.used_at is not None:
        more["lastUsedAt"] = int(session.used_at.timestamp())
    return _summary(session) | more


def revoke_sessions(
    world: World, caller: VerifiedCaller, params: Mapping[str, Any]
) -> Mapping[str, object]:
    """Answer BatchRevokeSessions; to end what is ended succeeds."""
    owned = {each.arn: each for each in _owned(world, caller, params)}
    revoked: list[Mapping[str, str]] = []
    errors: list[Mapping[str, str]] = []
    for arn in map(str, params.get("sessionArns") or ()):
        if arn in owned:
            owned[arn].revoked = True
            revoked.append({"sessionArn": arn})
        else:
            refused = _not_found()
            errors.append({"sessionArn": arn, "code": refused.code, "message": refused.message})
    return {"revokedSessions": revoked, "errors": errors}


def _owned(
    world: World, caller: VerifiedCaller, params: Mapping[str, Any]
) -> Iterator[LoginSessionState]:
    owner = str(params.get("principalArn") or caller.credential.holder.arn)
    everybody = f"arn:{world.partition}:iam::{world.account}:*"
    for session in world.login_sessions.values():
        if owner in (everybody, session.console.holder.arn):
            yield session


def _is_asked(session: LoginSessionState, params: Mapping[str, Any]) -> bool:
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


def _not_found() -> Refusal:
    return Refusal("ResourceNotFoundException", "Session not found.", HTTPStatus.NOT_FOUND)


SESSIONS: Mapping[str, Callable[[World, VerifiedCaller, Mapping[str, Any]], Mapping[str, object]]]
SESSIONS = {
    "BatchRevokeSessions": revoke_sessions,
    "GetSession": get_session,
    "ListSessions": list_sessions,
}
"""The operations, by their names; they are called under the world's lock."""
