"""What a request to AWS can be: names, ARNs, and the condition keys that come together.

Written from AWS's pages and its catalogue, apart from the prover, to judge counterexamples by.
Names that a policy spells out may be shorter than AWS takes: examples often are.
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from sekisho.catalogue import Action, load
from sekisho.engine import Request

_ACTION = re.compile(r"[a-z0-9-]+:[A-Za-z0-9-]+", re.ASCII)
_REGIONS = {
    "aws": r"(?:us|eu|ap|sa|ca|me|af|il|mx|[a-z]{2}(?<!cn))-[a-z]+-[0-9]+",
    "aws-cn": r"cn-[a-z]+-[0-9]+",
    "aws-us-gov": r"us-gov-[a-z]+-[0-9]+",
}
"""botocore, `partitions.json`: `regionRegex`; two letters that are not in it yet are let in."""
_NAME = r"[A-Za-z0-9_+=,.@-]+"
_WITH_PATH = rf"(?:[!-~]+/)?{_NAME}"
_BUCKET = r"[A-Za-z0-9._-]+"
_PLACE = re.compile(r"\$\{([^}]*)\}|\*")
_EITHER_IN_S3 = {"bucket", "object", "accesspoint", "accesspointobject"}
_ENDPOINT = ("aws:sourcevpc", "aws:sourcevpce", "aws:vpcsourceip")


def faults_of(request: Request, *, direct: bool = True) -> list[str]:
    """Return why AWS could receive no such request; empty: it could.

    `direct` tells whether the user calls, and no service on the user's behalf.
    """
    return [
        *_of_action(request),
        *_of_resource(request),
        *_of_length(request.resource),
        *_of_context(request, direct=direct),
    ]


def undocumented(request: Request, *, direct: bool = True) -> set[str]:
    """Return the keys that AWS does not document of requests of the action.

    `aws:RequestedRegion` is one of them where the request, or its resource, names a Region that the
    service is not in.
    """
    action = load().action(request.action)
    if action is None:
        return set()
    listed = {*action.condition_keys}
    listed |= {key for kind in action.resource_types for key in kind.condition_keys}
    forms = [*map(_form_of_key, listed), *_unlisted(str(action), request.principal)]
    found = {
        key
        for key in request.context
        if not _is_of_every_action(key, action)
        and not any(re.fullmatch(form, key, re.IGNORECASE) for form in forms)
    }
    partition = request.principal.split(":")[1]
    single = _data("single-regions")["services"].get(action.service, {})
    only = single.get("regions", {}).get(partition)
    if direct and only and action.name not in single.get("exceptActions", ()):
        named = [request.context.folded.get("aws:requestedregion")]
        named += request.resource.split(":")[3:4]
        if any(each not in (None, "", "*", only) for each in named):
            found.add("aws:RequestedRegion")
    return found


@cache
def _data(name: str) -> Any:
    path = files("sekisho.catalogue") / "data" / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8"))


def _form_of_key(listed: str) -> str:
    """Return a regular expression of the keys that AWS's pages write like this."""
    return re.sub(r"\\\$\\{.*?\\}|<key>|(?<=/)tag\\-key$|(?<=/)$", ".+", re.escape(listed))


def _unlisted(action: str, principal: str) -> Iterator[str]:
    caller = "role" if ":assumed-role/" in principal or ":role/" in principal else "user"
    for entry in _data("unlisted-keys")["entries"]:
        of_action = entry["actions"] == ["*"] or action in entry["actions"]
        if of_action and caller in entry.get("callers", (caller,)):
            yield from (re.sub(r"\\\*|(?<=/)$", ".+", re.escape(key)) for key in entry["keys"])


_BY_ACTION = ("aws:requesttag/", "aws:resourcetag/", "aws:tagkeys")


def _is_of_every_action(key: str, action: Action) -> bool:
    """Tell whether who calls, and from where, says whether a request has a key."""
    folded = key.lower()
    service, slash, _ = folded.partition("/")
    same = {own: main for _, own, main in _SAME}
    if folded.startswith(_BY_ACTION):
        return False
    if folded in same:
        # beside the key of every action that it tells the same as
        return True
    known = {name.lower() for name in _data("condition-keys")["keys"]}
    return f"{service}{slash}" in known and folded != "kms:viaservice"


def _of_action(request: Request) -> Iterator[str]:
    if not _ACTION.fullmatch(request.action):
        yield f"no name of an action: {request.action}"


def _of_resource(request: Request) -> Iterator[str]:
    action, resource = load().action(request.action), request.resource
    partition = request.principal.split(":")[1]
    if resource == "*":
        if action is not None and not _can_be_all(action):
            yield f"{action} is about something"
        return
    if action is not None:
        types = [kind.arn for kind in action.resource_types]
        if not any(re.fullmatch(_of_type(arn, partition), resource, re.DOTALL) for arn in types):
            yield f"no resource of {action}: {resource}"
        return
    yield from _of_unknown(resource, partition)


_LENGTHS = {
    r"arn:[^:]+:iam::[0-9]{12}:(?:user|role)/(?:.*/)?([^/]*)": 64,
    r"arn:[^:]+:iam::[^:]*:(?:group|policy|instance-profile)/(?:.*/)?([^/]*)": 128,
    r"arn:[^:]+:s3:::([^/]*)(?:/.*)?": 255,
}
"""IAM User Guide, "IAM and STS character limits"; S3 User Guide, bucket names before March 2018."""


def _of_length(resource: str) -> Iterator[str]:
    for form, longest in _LENGTHS.items():
        found = re.fullmatch(form, resource, re.DOTALL)
        if found and len(found[1]) > longest:
            yield f"a name of {len(found[1])} characters: {resource}"


def _can_be_all(action: Action) -> bool:
    kinds = action.resource_types
    in_s3 = action.service == "s3" and any(kind.name in _EITHER_IN_S3 for kind in kinds)
    return not in_s3 and not any(kind.required for kind in kinds)


def _of_type(template: str, partition: str) -> str:
    """Return a regular expression of the ARNs of one type."""
    parts = template.split(":", 5)
    region = _REGIONS[partition] if parts[3].startswith("${") else re.escape(parts[3])
    region = "[^:]*" if parts[3] == "*" else region
    account = "[0-9]{12}" if "Account" in parts[4] else re.escape(parts[4])
    if parts[4] == "*":
        account = "(?:[0-9]{12})?"
    elif parts[2] == "iam" and parts[5].startswith("policy/"):
        account = "(?:[0-9]{12}|aws)"
    elif parts[4].startswith("${") and "Account" not in parts[4]:
        account = "[^:]+"
    last, at = "", 0
    for place in _PLACE.finditer(parts[5]):
        last += re.escape(parts[5][at : place.start()]) + _of_place(parts[2], place[1])
        at = place.end()
    last += re.escape(parts[5][at:])
    # of AWS Backup's recovery points: the service whose data they hold
    service = "[a-z0-9-]+" if parts[2].startswith("${") else re.escape(parts[2])
    return f"arn:{partition}:{service}:{region}:{account}:{last}"


def _of_place(service: str, name: str | None) -> str:
    if name is None:
        return ".*"
    if service == "iam" and name.endswith("WithPath"):
        return _WITH_PATH
    if (service, name) == ("iam", "RoleName"):
        return _NAME
    return _BUCKET if (service, name) == ("s3", "BucketName") else ".+"


def _of_unknown(resource: str, partition: str) -> Iterator[str]:
    """Yield what is wrong with what a new action is about: an ARN all the same."""
    parts = resource.split(":", 5)
    if len(parts) < 6 or parts[:2] != ["arn", partition] or not parts[2]:
        yield f"no ARN: {resource}"
        return
    types = {kind.arn for action in load().actions(parts[2]) for kind in action.resource_types}
    if any(re.fullmatch(_of_type(arn, partition), resource, re.DOTALL) for arn in types):
        return
    if parts[3] and not re.fullmatch(_REGIONS[partition], parts[3]):
        yield f"no region: {parts[3]}"
    if not re.fullmatch("[0-9]{12}", parts[4]):
        yield f"no account: {resource}"
    if not parts[5] or parts[5].endswith("/"):
        yield f"an empty name: {resource}"


def _of_context(request: Request, *, direct: bool) -> Iterator[str]:
    context = request.context.folded
    behind = [key for key in _ENDPOINT if key in context]
    if behind and len(behind) < len(_ENDPOINT):
        yield f"an endpoint with {behind} alone"
    if direct and bool(behind) is ("aws:sourceip" in context):
        yield "neither an endpoint nor an address, or both"
    region = context.get("aws:requestedregion")
    partition = request.principal.split(":")[1]
    if region is not None and not re.fullmatch(_REGIONS[partition], str(region)):
        yield f"no region: {region}"
    for key, form in _FORMS.items():
        for value in _listed(context.get(key, ())):
            if not re.fullmatch(form, value):
                yield f"no {key}: {value}"
    yield from _of_endpoint(context)
    yield from _of_services(context, direct=direct)
    yield from _of_organisations(request)
    yield from _of_tags(context)
    yield from _of_one_value(request)
    yield from _of_accounts(request)
    yield from (f"{key} is no user's" for key in _NO_USERS if key in context)
    yield from _of_credential(request)


_SERVICE = r"[a-z0-9.-]+\.amazonaws\.com(?:\.cn)?"
_OU = r"ou-[a-z0-9-]+"
_FORMS = {
    "aws:sourcevpce": "vpce-[a-z0-9]+",
    "aws:sourcevpc": "vpc-[a-z0-9]+",
    "aws:sourcevpcarn": r"arn:aws[a-z-]*:ec2:[a-z0-9-]+:[0-9]{12}:vpc/vpc-[a-z0-9]+",
    "aws:vpceaccount": "[0-9]{12}",
    **dict.fromkeys(("aws:calledvia", "aws:calledviafirst", "aws:calledvialast"), _SERVICE),
    "kms:viaservice": _SERVICE,
    **{f"aws:{whose}orgid": "o-[a-z0-9]+" for whose in ("principal", "resource", "vpce")},
    **{
        f"aws:{whose}orgpaths": rf"o-[a-z0-9]+/r-[a-z0-9]+/(?:{_OU}/){{0,5}}"
        for whose in ("principal", "resource", "vpce")
    },
}
"""What values are like: IAM User Guide, "AWS global condition context keys", examples of each."""

_NO_USERS = (
    *("aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths"),
    *("aws:principalservicename", "aws:principalservicenameslist", "aws:sourceidentity"),
    *("aws:federatedprovider", "aws:assumedroot", "aws:ec2instancesourcevpc"),
    *("aws:ec2instancesourceprivateipv4", "ec2:sourceinstancearn", "ec2:roledelivery"),
    *("lambda:sourcefunctionarn", "ssm:sourceinstancearn", "aws:chatbotsourcearn"),
)
"""Keys of roles' sessions and of services that call by themselves, by each key's page."""


def _listed(value: object) -> list[str]:
    return [value] if isinstance(value, str) else list(value)  # type: ignore[call-overload]  # texts


def _of_endpoint(context: Mapping[str, object]) -> Iterator[str]:
    arn = context.get("aws:sourcevpcarn")
    if arn is not None and str(arn).rpartition("/")[2] != context.get("aws:sourcevpc"):
        yield f"the ARN of another VPC: {arn}"


def _of_services(context: Mapping[str, object], *, direct: bool) -> Iterator[str]:
    """Yield what is wrong with the services between: `aws:CalledVia` is there with both ends."""
    between = [key for key in context if key.startswith("aws:calledvia")]
    named = [*between, *(key for key in context if key == "kms:viaservice")]
    if len(between) not in (0, 3) or (named and context.get("aws:viaawsservice") != "true"):
        yield f"services in between: {named}"
    if direct and (named or context.get("aws:viaawsservice", "false") != "false"):
        yield "a service calls, and the user does"
    if len(between) == 3:
        chain = _listed(context["aws:calledvia"])
        ends = (context["aws:calledviafirst"], context["aws:calledvialast"])
        if ends != (chain[0], chain[-1]):
            yield f"other ends than of {chain}: {ends}"


def _of_organisations(request: Request) -> Iterator[str]:
    """Yield what is wrong with organisations: an account is in one, and at one place in it."""
    context = request.context.folded
    ids: dict[str, object] = {}
    for whose in ("principal", "resource", "vpce"):
        one, paths = context.get(f"aws:{whose}orgid"), context.get(f"aws:{whose}orgpaths")
        ids[whose] = one
        if (one is None) is not (paths is None):
            yield f"an organisation's id or path alone, of {whose}"
        elif paths is not None and {path.split("/")[0] for path in _listed(paths)} != {one}:
            yield f"paths of another organisation than {one}: {paths}"
    owner = _account_of(request)
    if owner == request.principal.split(":")[4] and ids["resource"] not in (None, ids["principal"]):
        yield "the own account in another organisation"


def _account_of(request: Request) -> str:
    parts = request.resource.split(":")
    said = parts[4] if len(parts) > 5 else ""
    return said or request.resource_account or request.principal.split(":")[4]


def _of_tags(context: Mapping[str, object]) -> Iterator[str]:
    """Yield what is wrong with the tags in a call: `aws:TagKeys` lists the keys of all."""
    if (listed := context.get("aws:tagkeys")) is None:
        return
    known = {key.lower() for key in _listed(listed)}
    for key in context:
        if key.startswith("aws:requesttag/") and key.partition("/")[2] not in known:
            yield f"a tag that is not among the keys of tags: {key}"


_SAME = (
    ("ec2", "ec2:region", "aws:requestedregion"),
    ("kms", "kms:calleraccount", "aws:principalaccount"),
    ("s3", "s3:resourceaccount", "aws:resourceaccount"),
    ("s3express", "s3express:resourceaccount", "aws:resourceaccount"),
)
_SAME_TAGS = (
    *("autoscaling", "ec2", "ecr", "ecr-public", "ecs", "elasticloadbalancing"),
    *("elasticmapreduce", "iam", "license-manager", "ram", "sagemaker", "secretsmanager", "ssm"),
)


def _of_one_value(request: Request) -> Iterator[str]:
    """Yield what is wrong with keys of services that tell what a global key does.

    Sources: EC2 User Guide, KMS Developer Guide, S3 User Guide: the services' condition keys.
    """
    context, service = request.context.folded, request.action.partition(":")[0].lower()
    for own, key, same in _SAME:
        if key in context and (service != own or context.get(same) != context[key]):
            yield f"{key} of {request.action}, beside {context.get(same)}: {context[key]}"
    for own in _SAME_TAGS:
        start = f"{own}:resourcetag/"
        for key in (each for each in context if each.startswith(start)):
            other = context.get(f"aws:resourcetag/{key.removeprefix(start)}")
            if other not in (None, context[key]) or request.resource == "*":
                yield f"another tag than {other}: {key} is {context[key]}"


def _of_accounts(request: Request) -> Iterator[str]:
    """Yield what is wrong with the accounts of caller and resource."""
    caller, owner = request.principal.split(":")[4], _account_of(request)
    for key, account in {
        "kms:calleraccount": caller,
        "s3:resourceaccount": owner,
        "aws:resourceaccount": owner,
    }.items():
        if request.context.folded.get(key, account) != account:
            yield f"{key} is not {account}: {request.context.folded[key]}"


def _of_federation(request: Request, parts: list[str]) -> Iterator[str]:
    """Yield faults of a session of GetFederationToken (IAM User Guide, "Policy variables")."""
    context = request.context.folded
    name = parts[5].removeprefix("federated-user/")
    if not re.fullmatch(r"[\w+=,.@-]{2,32}", name):
        yield "no name of a federated user"
    expected = {
        "aws:userid": f"{parts[4]}:{name}",
        "aws:principalarn": request.principal,
        "aws:principaltype": "FederatedUser",
        "aws:principalaccount": parts[4],
    }
    for key, value in expected.items():
        if context.get(key, value) != value:
            yield f"another {key}"
    if {"aws:username", "aws:multifactorauthage"} & set(context):
        yield "a key that a federated user does not have"


def _of_credential(request: Request) -> Iterator[str]:
    context = request.context.folded
    if "aws:multifactorauthage" in context and context.get("aws:multifactorauthpresent") != "true":
        yield "an age of MFA without MFA"
    parts = request.principal.split(":", 5)
    if parts[5].startswith("federated-user/"):
        yield from _of_federation(request, parts)
        return
    if context.get("aws:username") != parts[5].rpartition("/")[2]:
        yield "another user's name"
    if context.get("aws:principalarn", request.principal) != request.principal:
        yield "another user's ARN"
    if not re.fullmatch("AIDA[^:]*", str(context.get("aws:userid", "AIDA"))):
        yield "no user's id"
    if context.get("aws:principalaccount") != parts[4]:
        yield "another account"
