"""API Gateway, whose IAM actions are HTTP verbs and whose resources are paths.

`GET /restapis/a1` is `apigateway:GET` on `arn:aws:apigateway:us-east-1::/restapis/a1`; the paths of
its second version are the same without `/v2`. So the resource is not looked up, but written again
from what the router has read out of the path: one spelling, whatever the request's was. A part of
a path that could be read as several is refused.

Tags have a path of their own, which ends in the ARN of what is tagged, percent-encoded. To write
tags AWS asks for the change of that resource besides; to create something with tags, for the path
of the tags of all that is created there. A private domain name, whose ARN holds more than its path,
is an unknown resource.

Sources: Amazon API Gateway Developer Guide, "Control access to a REST API with IAM permissions",
"How Amazon API Gateway works with IAM", "API Gateway resources that can be tagged"; AWS Service
Authorization Reference, "Amazon API Gateway Management" and "Management V2"; which paths tags are
asked for is what AWS's refusals name.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from moto.core.utils import get_service_model

from sekisho.localaws.classify import API_GATEWAY, ApiCall
from sekisho.localaws.unambiguous import TwoReadings
from sekisho.localaws.world import World

_PLACE = re.compile(r"\{([^}]+)\}")
_PART = re.compile(r"[A-Za-z0-9._~$()@:+=,&*'! -]+")
"""One part of a path: nothing that ends it or begins another for any reader."""

_TAGGED = re.compile(
    r"/(?:restapis|apis)/[^/]+(?:/stages/[^/]+)?"
    r"|/(?:apikeys|clientcertificates|domainnames|usageplans|vpclinks)/[^/]+"
)


def asked_paths(world: World, call: ApiCall, action: str) -> Iterator[tuple[str, str | None]]:
    """Yield the action and resource of each permission that a call's verb on its path needs.

    None for a resource that is not known.

    Raises:
        TwoReadings: if a part of the path could be read as more or less than one.
    """
    path = _path(call)
    start = f"arn:{world.partition}:apigateway:{call.region}::"
    if path.startswith("/tags/"):
        tagged = str(next(value for _, value in _in_path(call)))
        tagged_path = tagged.removeprefix(start)
        if tagged_path == tagged or not _TAGGED.fullmatch(tagged_path):
            yield action, None
            return
        yield action, f"{start}/tags/{quote(tagged, safe='')}"
        if action != "apigateway:GET":
            yield "apigateway:PATCH", tagged
        return
    if _given(call, "domainNameId") or path.startswith(_OF_ACCOUNT):
        yield action, None
        return
    yield action, start + path
    if _given(call, "tags") and action == "apigateway:POST":
        made = quote(f"{start}{path}/", safe="")
        verb = "PUT" if call.service == "apigateway" else "POST"
        yield f"apigateway:{verb}", f"{start}/tags/{made}*"
    if _has_own_certificates(call):
        # which of the two a change is depends on what there is
        for each in ("AddCertificateToDomain", "RemoveCertificateFromDomain"):
            yield f"apigateway:{each}", start + path


_OF_ACCOUNT = ("/domainnameaccessassociations", "/rejectdomainnameaccessassociations")
"""Paths whose ARNs hold the account, which the reference has in two forms."""


def _path(call: ApiCall) -> str:
    template = _template(call)
    values = dict(_in_path(call))
    if not template.startswith("/tags/") and not all(map(_PART.fullmatch, values.values())):
        raise TwoReadings("a part of the path could be read as several")
    return _PLACE.sub(lambda found: values[found[1]], template)


def _template(call: ApiCall) -> str:
    """Return the call's path with its places, as the ARNs have it."""
    operation = get_service_model(call.service).operation_model(call.operation)
    path = str(operation.http["requestUri"]).partition("?")[0]
    return path.removeprefix("/v2") if call.service == "apigatewayv2" else path


def _in_path(call: ApiCall) -> Iterator[tuple[str, str]]:
    """Yield what stands at each place of the call's path, by the name of the place."""
    shape: Any = get_service_model(call.service).operation_model(call.operation).input_shape
    for name, member in (shape.members if shape is not None else {}).items():
        if member.serialization.get("location") == "uri":
            yield member.serialization.get("name", name), str(call.params.get(name, ""))


def _given(call: ApiCall, name: str) -> Any:
    """Return a parameter, whose name the second version writes with a capital letter."""
    return call.params.get(name) or call.params.get(f"{name[0].upper()}{name[1:]}")


def _has_own_certificates(call: ApiCall) -> bool:
    name = "mutualTlsAuthentication"
    changed = [str(one.get("path", "")) for one in _changes(call)]
    return bool(_given(call, name)) or any(path.startswith(f"/{name}") for path in changed)


def _changes(call: ApiCall) -> list[Mapping[str, Any]]:
    """Return the operations of a patch, which name what they change by a path within it."""
    found = call.params.get("patchOperations") or ()
    return [one for one in found if isinstance(one, Mapping)]


def given_credentials(call: ApiCall) -> Iterator[str | None]:
    """Yield the roles that a call gives to API Gateway, under whatever name; None for unknown ones.

    An integration and an authorizer call their role `credentials`, a patch gives it as a value, and
    the definition of an API holds any number of them.
    """
    if call.service not in API_GATEWAY:
        return
    for name in _CREDENTIALS:
        if given := _given(call, name):
            yield str(given)
    for change in _changes(call):
        named = re.search("credential|role", str(change.get("path", "")), re.IGNORECASE)
        if change.get("value") and named:
            yield str(change["value"])
    if call.operation in _DEFINITIONS:
        definition = _definition(call)
        if definition is None:
            yield None
            return
        yield from (text for name, text in _texts(definition) if "credential" in name.lower())


_CREDENTIALS = (
    "authorizerCredentials",
    "authorizerCredentialsArn",
    "credentials",
    "credentialsArn",
)
_DEFINITIONS = frozenset({"ImportApi", "ImportRestApi", "PutRestApi", "ReimportApi"})
"""Operations that take the definition of an API, as their `body`."""


def _definition(call: ApiCall) -> object | None:
    """Return the definition in a call; None if it is no JSON, which nobody reads here."""
    given = _given(call, "body")
    try:
        return json.loads(given) if isinstance(given, str | bytes) else None
    except (ValueError, RecursionError):
        return None


def _texts(value: object, within: str = "") -> Iterator[tuple[str, str]]:
    """Yield the texts in JSON, each with the name under which it stands."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _texts(inner, str(name))
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, within)
    elif isinstance(value, str):
        yield within, value


def refuse_definition(call: ApiCall) -> None:
    """Refuse the definition of an API that is not read here; only JSON is.

    Raises:
        NotImplementedError: if it is not; the message names the operation and holds no parameter.
    """
    takes_one = call.service in API_GATEWAY and call.operation in _DEFINITIONS
    if takes_one and _definition(call) is None:
        raise NotImplementedError(
            f"{call.service}:{call.operation} with a definition that is not JSON"
        )


def sets_policy(call: ApiCall) -> bool:
    """Whether a call sets a resource-based policy in a patch or in the definition of an API."""
    if call.service not in API_GATEWAY:
        return False
    # moto looks for the name anywhere in the path
    changed = [str(one.get("path", "")).lower() for one in _changes(call)]
    if any("policy" in path.replace("securitypolicy", "") for path in changed):
        return True
    if call.operation not in _DEFINITIONS:
        return False
    return "x-amazon-apigateway-policy" in json.dumps(_definition(call)).lower()
