"""The ARNs that IAM and STS calls are about, paths included.

The ARN of a user, group or role holds its path, which no call but the creating one names: it is
looked up. What does not exist is taken to stand at the path `/`, as the call would put it there.

Source: AWS Service Authorization Reference, "AWS Identity and Access Management"; facts §4.6.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from sekisho.catalogue import Action
from sekisho.localaws import backend
from sekisho.localaws.classify import Call
from sekisho.localaws.refusal import Refusal
from sekisho.localaws.world import World
from sekisho.signin.model import Credential, HolderKind

__all__ = ["arns_of"]

_NAMED: Mapping[str, str] = {
    "user": "UserName",
    "group": "GroupName",
    "role": "RoleName",
    "instance-profile": "InstanceProfileName",
    "policy": "PolicyName",
    "mfa": "VirtualMFADeviceName",
    "server-certificate": "ServerCertificateName",
    "saml-provider": "Name",
}
"""The parameter that names a resource of each type."""

_COLONS = 5
_GIVEN = (
    "PolicyArn",
    "RoleArn",
    "SerialNumber",
    "SAMLProviderArn",
    "OpenIDConnectProviderArn",
    "PolicySourceArn",
    "Arn",
)
"""Parameters that hold an ARN as it is."""


def arns_of(world: World, caller: Credential, call: Call, action: Action) -> tuple[str | None, ...]:
    """Return the ARNs that the call is about; None stands for one that is not known."""
    found: list[str | None] = []
    for kind in action.resource_types:
        arns = [arn for arn in _of_type(world, caller, call, kind.name) if arn is not None]
        if arns or kind.required:
            found += arns or [None]
    if call.params.get("Arn"):
        # the call is about that one, whichever of the action's types it has
        found = [arn for arn in found if arn is not None]
    return tuple(found) or (None,)


def _of_type(world: World, caller: Credential, call: Call, kind: str) -> Iterator[str | None]:
    service = "sts" if kind == "federated-user" else "iam"
    start = f"arn:{world.partition}:{service}::{world.account}:{kind}/"
    given = [str(call.params[name]) for name in _GIVEN if call.params.get(name)]
    named = call.params.get(_NAMED.get(kind, ""))
    if kind == "policy" and (arn := call.params.get("PolicyArn")):
        # AWS's own policies belong to no account; what is no ARN is refused by IAM itself
        yield str(arn) if _is_arn(arn) else None
    elif kind == "role" and call.service == "sts":
        yield _role(str(call.params.get("RoleArn") or ""))
    elif kind == "federated-user":
        yield f"{start}{call.params['Name']}" if call.params.get("Name") else None
    elif matching := [arn for arn in given if arn.startswith(start)]:
        yield from matching
    elif named:
        yield from _by_name(world, call.params, kind, str(named))
    elif kind == "user":
        yield _implied_user(world, caller, call)


def _is_arn(text: object) -> bool:
    return isinstance(text, str) and text.startswith("arn:") and text.count(":") >= _COLONS


def _role(arn: str) -> str | None:
    if arn and not _is_arn(arn):
        raise Refusal("ValidationError", f"{arn} is invalid", 400)
    return arn or None


def _by_name(world: World, params: Mapping[str, Any], kind: str, name: str) -> Iterator[str]:
    """Yield the ARN of what is called `name`, and the one that it is about to get."""
    start = f"arn:{world.partition}:iam::{world.account}:{kind}"
    now = backend.arn_of(world, kind, name)
    yield now or f"{start}{params.get('Path') or '/'}{name}"
    new_name, new_path = params.get(f"New{_NAMED[kind]}"), params.get("NewPath")
    if new_name or new_path:
        old_path = (now or f"{start}/{name}").removeprefix(start).removesuffix(name)
        yield f"{start}{new_path or old_path}{new_name or name}"


def _implied_user(world: World, caller: Credential, call: Call) -> str | None:
    """Return the user that a call means which names none: the key's owner, or the caller."""
    if call.operation == "GetAccessKeyLastUsed":
        owner = backend.user_of_key(world, str(call.params.get("AccessKeyId", "")))
        return owner[0].holder.arn if owner is not None else None
    return caller.holder.arn if caller.holder.kind is HolderKind.USER else None
