"""The permissions that a call needs: IAM actions on resources.

IAM, STS and S3 are exact: paths are looked up, and a call on several objects needs a permission for
each. The ARN of a user, group or role contains its path, which only the creating call names; an
object that does not exist is assumed at the path `/`, as the call would create it. For other
services `resource_names` has the parameters that name the resource. If it is not known, it is not
the same as `*`: `authorize` lets every Deny of that service match it, and only an Allow on `*`.

Source: AWS Service Authorization Reference (through the catalogue).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from sekisho.catalogue import Action, load
from sekisho.lazy import dataclass
from sekisho.localaws.decision import moto_state
from sekisho.localaws.decision.classify import ApiCall
from sekisho.localaws.decision.ec2_launches import (
    has_unknown_template,
    launch_resources,
    tagged_resources,
)
from sekisho.localaws.decision.resource_names import named_resources
from sekisho.localaws.state import moto_iam
from sekisho.localaws.state.world import World
from sekisho.localaws.wire.ambiguity import AmbiguousRequest, copy_source
from sekisho.signin import Credential, HolderKind

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
"""The parameter that names a resource, by type."""

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
"""Parameters that contain a complete ARN."""


def arns_of(
    world: World, caller: Credential, call: ApiCall, action: Action
) -> tuple[str | None, ...]:
    """Return the ARNs that the call is about; None for an unknown one."""
    found: list[str | None] = []
    for kind in action.resource_types:
        arns = [arn for arn in _arns_of_type(world, caller, call, kind.name) if arn is not None]
        if arns or kind.required:
            found += arns or [None]
    if call.params.get("Arn"):
        # the call is about that resource, of any of the action's types
        found = [arn for arn in found if arn is not None]
    return tuple(found) or (None,)


def _arns_of_type(
    world: World, caller: Credential, call: ApiCall, kind: str
) -> Iterator[str | None]:
    service = "sts" if kind == "federated-user" else "iam"
    start = f"arn:{world.partition}:{service}::{world.account}:{kind}/"
    given = [str(call.params[name]) for name in _GIVEN if call.params.get(name)]
    named = call.params.get(_NAMED.get(kind, ""))
    if kind == "policy" and (arn := call.params.get("PolicyArn")):
        # AWS's own policies belong to no account; what is no ARN is refused by IAM itself
        yield str(arn) if _is_arn(arn) else None
    elif kind == "role" and call.service == "sts":
        arn = call.params.get("RoleArn")
        yield str(arn) if arn else None
    elif kind == "federated-user":
        yield f"{start}{call.params['Name']}" if call.params.get("Name") else None
    elif kind == "oidc-provider" and (address := str(call.params.get("Url") or "")):
        # an identity provider's ARN has the address without scheme and query
        yield f"{start}{address.removeprefix('https://').partition('?')[0]}"
    elif named:
        # before the ARNs: a serial number that looks like a user is not the user that is named
        yield from _by_name(world, call.params, kind, str(named))
    elif matching := [arn for arn in given if arn.startswith(start)]:
        yield from matching
    elif kind == "user":
        yield _implied_user(world, caller, call)


def _is_arn(text: object) -> bool:
    return isinstance(text, str) and text.startswith("arn:") and text.count(":") >= _COLONS


def _by_name(world: World, params: Mapping[str, Any], kind: str, name: str) -> Iterator[str]:
    """Yield the ARN of the resource called `name`, and the ARN that the call gives it."""
    start = f"arn:{world.partition}:iam::{world.account}:{kind}"
    now = moto_iam.arn_of(world, kind, name)
    yield now or f"{start}{params.get('Path') or '/'}{name}"
    new_name, new_path = params.get(f"New{_NAMED[kind]}"), params.get("NewPath")
    if new_name or new_path:
        old_path = (now or f"{start}/{name}").removeprefix(start).removesuffix(name)
        yield f"{start}{new_path or old_path}{new_name or name}"


def _implied_user(world: World, caller: Credential, call: ApiCall) -> str | None:
    """Return the user that a call without a name means: the key's owner, or the caller.

    A call about all users is about no one that is known.
    """
    if str(call.params.get("AllUsers", "")).lower() == "true":
        return None
    if call.operation == "GetAccessKeyLastUsed":
        key = moto_iam.stored_key(world, str(call.params.get("AccessKeyId", "")))
        return key.credential.holder.arn if key is not None else None
    return caller.holder.arn if caller.holder.kind is HolderKind.USER else None


@dataclass(frozen=True, slots=True)
class RequiredPermission:
    """One action on one resource; a call needs all of these to be allowed.

    Attributes:
        action: `service:Name`.
        resource: an ARN; `*` for an action without resource types; None if it is unknown.
        is_pattern: whether the resource is any one that is like `resource`, which is not there yet.
        context: the context keys that the service adds.
        or_else: another action that is enough.
        is_assumed: whether AWS does not document that it asks for this.
        is_granted: whether the resource's own policy allows it, so that only a Deny counts.
        parameter: of all actions of a service, the parameter that could ask for any of them.
    """

    action: str
    resource: str | None
    is_pattern: bool = False
    context: tuple[tuple[str, str], ...] = ()
    or_else: str | None = None
    is_assumed: bool = False
    is_granted: bool = False
    parameter: str = ""


_ROLE = re.compile(r"arn:[^:]*:iam::\d{12}:role/.+")


def required_permissions(
    world: World, caller: Credential, call: ApiCall
) -> tuple[RequiredPermission, ...]:
    """Return every action on every resource that must be allowed for the call."""
    found: dict[RequiredPermission, None] = {}
    for name in call.actions:
        service = name.partition(":")[0]
        if service == "s3" and call.service == "s3":
            found.update(dict.fromkeys(_s3(world, call, name)))
        else:
            found.update(dict.fromkeys(_of(world, caller, call, name)))
    if call.service == "ec2":
        found.update(
            (RequiredPermission("ec2:CreateTags", arn), None)
            for arn in tagged_resources(world, call)
        )
    if call.service == "lambda":
        found.update((one, None) for one in _code_of(world, call.params))
    found.update(
        (RequiredPermission("iam:PassRole", arn), None) for arn in _passed_roles(world, call)
    )
    return tuple(found)


def _code_of(world: World, params: Mapping[str, Any]) -> Iterator[RequiredPermission]:
    """Yield the read permission for the object with a function's or a layer's code."""
    for given in (params, params.get("Code"), params.get("Content")):
        if isinstance(given, Mapping) and given.get("S3Bucket"):
            version = "Version" if given.get("S3ObjectVersion") else ""
            resource = f"arn:{world.partition}:s3:::{given['S3Bucket']}/{given.get('S3Key', '')}"
            yield RequiredPermission(f"s3:GetObject{version}", resource)


def _passed_roles(world: World, call: ApiCall) -> Iterator[str | None]:
    """Yield the roles that the call passes to a service, for which IAM asks for iam:PassRole.

    A role is passed by ARN, by name, or in an instance profile; None for one that is not known, as
    it is of a launch template that is not found.
    """
    if call.operation == "AddRoleToInstanceProfile":
        yield moto_iam.arn_of(world, "role", str(call.params.get("RoleName")))
    elif call.service not in _TAKING_NO_ROLE:
        for kind, text in _given_roles(call.params):
            yield from _roles_of(world, kind, text)
        if has_unknown_template(world, call):
            yield None


_TAKING_NO_ROLE = frozenset({"dynamodb", "iam", "sts"})
"""Services to which no role is passed; DynamoDB's items may have roles of another kind."""


def _given_roles(value: object, within: str = "") -> Iterator[tuple[str, str]]:
    """Yield the kind and the text of each parameter that is named for a role or a profile."""
    if isinstance(value, list):
        for item in value:
            yield from _given_roles(item, within)
    elif isinstance(value, Mapping):
        # Elastic Beanstalk, Data Pipeline and SNS take pairs of a name and a value
        paired = next((str(value[name]) for name in _NAMES_OF_PAIRS if name in value), "")
        outer = _role_word(paired) or within
        for name, inner in value.items():
            if name not in _NAMES_OF_PAIRS and str(name).lower() not in _TAGS:
                yield from _given_roles(inner, _role_word(str(name)) or outer)
    elif isinstance(value, str) and within:
        yield within, value


@lru_cache(maxsize=4096)
def _role_word(name: str) -> str:
    """Return a name in lower case if it is one of roles or profiles, else nothing."""
    plain = name.lower()
    return plain if _OF_ROLES.search(plain) else ""


_OF_ROLES = re.compile("role|instanceprofile")
_NAMES_OF_PAIRS = ("AttributeName", "OptionName", "key")
_TAGS = frozenset({"taglist", "tags", "tagset", "tagspecifications"})


def _roles_of(world: World, kind: str, text: str) -> Iterator[str | None]:
    """Yield the roles that a text names, as an ARN or a name, of a role or a profile."""
    name = text.rpartition("/")[2]
    if kind.find("instanceprofile") >= 0 or ":instance-profile/" in text:
        yield from moto_iam.roles_of_profile(world, name) or (None,)
        return
    # the service goes by the name, whatever path the ARN has
    known = moto_iam.arn_of(world, "role", name)
    if _ROLE.fullmatch(text):
        yield text
    elif ":role/" in text:
        yield None
    if known is not None:
        yield known
    elif profile := moto_iam.roles_of_profile(world, name):
        # what EMR calls a job flow's role is a profile
        yield from profile


def _of(world: World, caller: Credential, call: ApiCall, name: str) -> Iterator[RequiredPermission]:
    action = load().action(name)
    if action is None:
        yield RequiredPermission(name, None)
        return
    if not any(kind.listed for kind in action.resource_types):
        yield RequiredPermission(name, "*")
        return
    if action.service in {"iam", "sts"}:
        arns = arns_of(world, caller, call, action)
        yield from (RequiredPermission(name, arn) for arn in arns)
        if name in {"sts:AssumeRole", "sts:GetFederationToken"}:
            for arn in arns:
                yield from _beside_session(caller, call, arn)
        return
    yield from _service_permissions(world, call, action)


def _service_permissions(
    world: World, call: ApiCall, action: Action
) -> Iterator[RequiredPermission]:
    """Yield the permissions for an action of another service than IAM and STS."""
    name = str(action)
    if name in _BY_TOKEN:
        # the service uses the resource in the token, regardless of other parameters
        yield RequiredPermission(name, _BY_TOKEN[name](world, call))
    elif name == "ec2:RunInstances":
        yield from (RequiredPermission(name, arn) for arn in launch_resources(world, call))
    else:
        yield from (RequiredPermission(name, arn) for arn in named_resources(world, call, action))


_BY_TOKEN: Mapping[str, Callable[[World, ApiCall], str | None]] = {
    "kinesis:GetRecords": moto_state.stream_of_iterator,
    "kms:Decrypt": moto_state.key_of_ciphertext,
    "kms:ReEncryptFrom": moto_state.key_of_ciphertext,
}
"""Actions whose resource is in an earlier answer: a ciphertext, a shard iterator."""


def _beside_session(
    caller: Credential, call: ApiCall, arn: str | None
) -> Iterator[RequiredPermission]:
    """Yield the permissions for a new session's tags or source identity, inherited or not.

    Source: IAM User Guide, "Monitor and control actions taken with assumed roles"; for tags that
    are inherited it is assumed.
    """
    given = bool(call.params.get("Tags"))
    if given or any(tag.transitive for tag in caller.tags):
        yield RequiredPermission("sts:TagSession", arn, is_assumed=not given)
    if identity := call.params.get("SourceIdentity") or caller.source_identity:
        context = (("sts:SourceIdentity", str(identity)),)
        yield RequiredPermission("sts:SetSourceIdentity", arn, context=context)


def _s3(world: World, call: ApiCall, name: str) -> Iterator[RequiredPermission]:
    action = load().action(name)
    kinds = {kind.name for kind in action.resource_types} if action is not None else None
    bucket = call.params.get("Bucket")
    if kinds is not None and not kinds:
        yield RequiredPermission(name, "*")
    elif kinds is None or not isinstance(bucket, str) or bucket.startswith("arn:"):
        yield RequiredPermission(name, None)
    elif name == "s3:GetObject" and "CopySource" in call.params:
        yield _copied(world, str(call.params["CopySource"]))
    elif "object" in kinds:
        for key, version in _objects(call.params):
            resource = f"arn:{world.partition}:s3:::{bucket}/{key}"
            yield RequiredPermission(_version_action(name) if version else name, resource)
    else:
        known = f"arn:{world.partition}:s3:::{bucket}" if "bucket" in kinds else None
        yield RequiredPermission(name, known)


def _copied(world: World, source: str) -> RequiredPermission:
    """Return the read permission for the object that a copy is made from."""
    try:
        read = copy_source(source)
    except AmbiguousRequest:
        # `forwarding.requests` has refused it before
        return RequiredPermission("s3:GetObject", None)
    name = "s3:GetObject" if read.version is None else "s3:GetObjectVersion"
    return RequiredPermission(name, f"arn:{world.partition}:s3:::{read.bucket}/{read.key}")


def _objects(params: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """Yield each object's key, and whether the call names a version of it."""
    listed = params.get("Delete")
    if isinstance(listed, Mapping):
        for entry in listed.get("Objects") or ():
            yield str(entry.get("Key", "")), bool(entry.get("VersionId"))
        return
    yield str(params.get("Key", "")), bool(params.get("VersionId"))


def _version_action(name: str) -> str:
    """Return the action on an object's version: `s3:GetObjectAcl` → `s3:GetObjectVersionAcl`."""
    versioned = name.replace("Object", "ObjectVersion", 1)
    return versioned if load().action(versioned) is not None else name
