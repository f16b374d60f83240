"""What a request to AWS can be: names, ARNs, and the condition keys that come together.

Written from AWS's pages and its catalogue, apart from the prover, to judge counterexamples by.
Names that a policy spells out may be shorter than AWS takes: examples often are.
"""

import re
from collections.abc import Iterator

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
    return [*_of_action(request), *_of_resource(request), *_of_context(request, direct=direct)]


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
    for key, start in (("aws:sourcevpce", "vpce-"), ("aws:sourcevpc", "vpc-")):
        if not str(context.get(key, start)).startswith(start):
            yield f"no id: {context[key]}"
    yield from _of_credential(request)


def _of_credential(request: Request) -> Iterator[str]:
    context = request.context.folded
    if "aws:multifactorauthage" in context and context.get("aws:multifactorauthpresent") != "true":
        yield "an age of MFA without MFA"
    between = [key for key in context if key.startswith("aws:calledvia")]
    if len(between) not in (0, 3) or (between and context.get("aws:viaawsservice") != "true"):
        yield f"services in between: {between}"
    parts = request.principal.split(":", 5)
    if context.get("aws:username") != parts[5].rpartition("/")[2]:
        yield "another user's name"
    if context.get("aws:principalaccount") != parts[4]:
        yield "another account"
