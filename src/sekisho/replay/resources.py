"""The resources that a logged call was about.

A record lists them, names them in its parameters, or does neither. The known facts on a resource
are its ARN, or a pattern of ARNs for each kind of resource of the action. Parameters count only if
they certainly name the resource.

Source: AWS CloudTrail User Guide, "CloudTrail record contents" (`resources`,
`requestParameters`); Service Authorization Reference, each service's resource types; the API
references of IAM, STS, S3, DynamoDB, Lambda, SQS, SNS, AWS KMS and Secrets Manager.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import field

from sekisho.answer import is_about
from sekisho.catalogue import Action, load
from sekisho.lazy import dataclass
from sekisho.replay.caller import TrailCaller
from sekisho.replay.event import Column, TrailEvent
from sekisho.signin import HolderKind

_PLACE = re.compile(r"\$\{[^}]*\}")


@dataclass(frozen=True, slots=True)
class AskedResource:
    """A resource of a call.

    Attributes:
        arn: its ARN, or `*`; None if it is not known.
        likes: patterns for an unknown ARN, of which it matches one.
    """

    arn: str | None = None
    likes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Names:
    """The account of the names in a record.

    Attributes:
        arns: the ARNs of its users, groups and roles, as far as they are known; see `Bound`.
    """

    caller: TrailCaller
    arns: Mapping[str, str] = field(default_factory=dict)


ANY = AskedResource("*")
"""The resource of an action that has no types of resource."""

_UNKNOWN = AskedResource(likes=("*",))


def asked_resources(
    action: str, event: TrailEvent, names: Names, columns: Collection[Column]
) -> tuple[AskedResource, ...]:
    """Return all resources for which an action of a call was authorised, at least one.

    Only the columns that were read are used.
    """
    known = load().action(action)
    if known is None:
        return (_UNKNOWN,)
    if not known.resource_types:
        return (ANY,)
    resources, parameters = _of_call(event, columns)
    listed = tuple(AskedResource(arn) for arn in resources or () if is_about(known, arn))
    if listed:
        return listed
    if parameters is not None:
        named = _resource_named(known, parameters, names)
        if named is not None:
            return (named,)
    return (_of_kinds(known, names.caller.partition),)


def _of_call(
    event: TrailEvent, columns: Collection[Column]
) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
    """Return the resources and the parameters of a call; None for those not read."""
    resources = parameters = None
    if Column.RESOURCES in columns:
        resources = event.resources or ()
    elif Column.IAM_RESOURCES in columns:
        resources = event.iam_resources or ()
    if Column.PARAMETERS in columns:
        parameters = event.parameters or ()
    elif Column.IAM_PARAMETERS in columns:
        parameters = event.iam_parameters or ()
    # a VPC endpoint's record usually lacks the parameters of the call
    return resources, None if event.of_network and not parameters else parameters


def _of_kinds(action: Action, partition: str) -> AskedResource:
    """Return the resource patterns of an action without a known resource."""
    likes = [
        _PLACE.sub("*", kind.arn.replace("${Partition}", partition))
        for kind in action.resource_types
    ]
    if not any(kind.required for kind in action.resource_types):
        likes.append("*")
    return AskedResource(likes=tuple(dict.fromkeys(likes)))


def _resource_named(
    action: Action, parameters: tuple[str, ...], names: Names
) -> AskedResource | None:
    """Return the resource in the parameters, if they name one for this action."""
    values, caller = dict(one.split("=", 1) for one in parameters), names.caller
    if str(action) in _OWN and "userName" not in values and caller.kind is HolderKind.USER:
        return AskedResource(caller.arn)
    for found in _candidates(action.service, values, names):
        if found.arn is not None and is_about(action, found.arn):
            return found
        if found.likes and all(is_about(action, one.replace("*", "x")) for one in found.likes):
            return found
    return None


def _candidates(service: str, values: Mapping[str, str], names: Names) -> Iterator[AskedResource]:
    caller = names.caller
    for parameter in _ARNS.get(service, ()):
        yield from _arns(values, parameter)
    match service:
        case "s3":
            yield from _of_s3(values, caller)
        case "iam":
            yield from _of_iam(values, names)
        case "sqs":
            yield from _queue(values, caller)
        case "dynamodb":
            yield from _in_some_region(values, "tableName", caller, _TABLE)
        case "lambda":
            yield from _in_some_region(values, "functionName", caller, _FUNCTION)
        case _:
            return


_OWN = frozenset(
    f"iam:{name}"
    for name in (
        *("ChangePassword", "GetUser", "ListMFADevices"),
        *("CreateAccessKey", "DeleteAccessKey", "ListAccessKeys", "UpdateAccessKey"),
        *("CreateLoginProfile", "DeleteLoginProfile", "GetLoginProfile", "ListSSHPublicKeys"),
        *("DeleteSigningCertificate", "ListSigningCertificates", "UpdateSigningCertificate"),
        *("UploadSigningCertificate", "ListServiceSpecificCredentials"),
        *("DeleteServiceSpecificCredential", "ResetServiceSpecificCredential"),
        "UpdateServiceSpecificCredential",
    )
)
"""Actions on the caller's own user if the request names none (IAM API Reference, `UserName`).
"""

_ARNS: Mapping[str, tuple[str, ...]] = {
    "iam": ("policyArn",),
    "sts": ("roleArn",),
    "sns": ("topicArn",),
    "kms": ("keyId",),
    "secretsmanager": ("secretId",),
    "dynamodb": ("tableName",),
    "lambda": ("functionName",),
}
"""Parameters that are the ARN of the resource, or can be."""

_TABLE = "dynamodb:*:{account}:table/"
_FUNCTION = "lambda:*:{account}:function:"
_WILD = frozenset("*?")


def _of_s3(values: Mapping[str, str], caller: TrailCaller) -> Iterator[AskedResource]:
    bucket = values.get("bucketName")
    if bucket is None or bucket.startswith("arn:") or _WILD & set(bucket):
        return
    arn = f"arn:{caller.partition}:s3:::{bucket}"
    if key := values.get("key"):
        yield AskedResource(f"{arn}/{key}")
    yield AskedResource(arn)


def _of_iam(values: Mapping[str, str], names: Names) -> Iterator[AskedResource]:
    """Yield users, roles and groups by name, whose paths are not in the parameters."""
    caller = names.caller
    for parameter, kind in (("userName", "user"), ("roleName", "role"), ("groupName", "group")):
        name = values.get(parameter)
        if name is None or _WILD & set(name):
            continue
        own = caller.arn or ""
        if own.endswith(f":{kind}/{name}") or (f":{kind}/" in own and own.endswith(f"/{name}")):
            yield AskedResource(own)
        if known := names.arns.get(f"{kind}/{name.lower()}"):
            yield AskedResource(known)
        start = f"arn:{caller.partition}:iam::{caller.account}:{kind}/"
        yield AskedResource(likes=(f"{start}{name}", f"{start}*/{name}"))


def _arns(values: Mapping[str, str], parameter: str) -> Iterator[AskedResource]:
    value = values.get(parameter, "")
    if value.startswith("arn:") and not _WILD & set(value):
        yield AskedResource(value)


_QUEUE = re.compile(
    r"https://(?:sqs\.([a-z0-9-]+)|([a-z0-9-]+)\.queue)\.[^/]+/(\d{12})/([\w-]+(?:\.fifo)?)"
)


def _queue(values: Mapping[str, str], caller: TrailCaller) -> Iterator[AskedResource]:
    found = _QUEUE.fullmatch(values.get("queueUrl", ""))
    if found:
        region = found[1] or found[2]
        yield AskedResource(f"arn:{caller.partition}:sqs:{region}:{found[3]}:{found[4]}")


def _in_some_region(
    values: Mapping[str, str], parameter: str, caller: TrailCaller, form: str
) -> Iterator[AskedResource]:
    """Yield the resource that a parameter names, in an unknown Region."""
    name = values.get(parameter, "")
    if re.fullmatch(r"[\w.-]+", name):
        start = form.format(account=caller.account)
        yield AskedResource(likes=(f"arn:{caller.partition}:{start}{name}",))
