"""The reasons for which IAM refuses to save a policy, readable or not.

Source: IAM User Guide, "IAM and AWS STS quotas", "Grammar of the IAM JSON policy language", "AWS
JSON policy elements: Principal" (groups and policies are no principals); IAM API Reference,
CreatePolicy (`MalformedPolicyDocument`); IAM's answers as public issue threads quote them
(aws/aws-cdk #11505 for a group as principal).
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from sekisho import catalogue
from sekisho.audit.finding import Finding, FindingId, Place, found, place_in
from sekisho.audit.lint.model import Attachment
from sekisho.engine.matching import arns
from sekisho.errors import Code, Fault, quoted
from sekisho.messages import Message, verbatim
from sekisho.policy import (
    Document,
    PolicyKind,
    Position,
    Principal,
    PrincipalKey,
    Statement,
    Version,
    over_quota,
    size,
)

UNREADABLE = frozenset(
    {Code.POLICY_NOT_JSON, Code.POLICY_NOT_A_POLICY, Code.POLICY_TOO_DEEP, Code.POLICY_TOO_LONG}
)
"""The faults of a text that is no policy document: nothing more can be said about it."""

_SYNTAX = "Syntax errors in policy."
_LEGACY = "The policy failed legacy parsing"
_FINDINGS: Mapping[Code, tuple[FindingId, str]] = {
    Code.POLICY_BAD_EFFECT: (FindingId.SAVE_LEGACY_PARSING, _LEGACY),
    Code.POLICY_BAD_VERSION: (FindingId.SAVE_VERSION, _SYNTAX),
    Code.POLICY_SID_REPEATED: (
        FindingId.SAVE_SID_UNIQUE,
        "Statement IDs (SID) in a single policy must be unique.",
    ),
    Code.POLICY_SID_CHARACTERS: (
        FindingId.SAVE_SID_CHARACTERS,
        "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular "
        "expression [0-9A-Za-z]*",
    ),
    Code.POLICY_NO_ACTION: (
        FindingId.SAVE_NO_ACTIONS,
        "Policy statement must contain actions.",
    ),
    Code.POLICY_NO_RESOURCE: (
        FindingId.SAVE_NO_RESOURCES,
        "Policy statement must contain resources.",
    ),
    Code.POLICY_ACTION_WITHOUT_SERVICE: (
        FindingId.SAVE_ACTION_VENDOR,
        "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
    ),
    Code.POLICY_ACTION_COLONS: (
        FindingId.SAVE_ACTION_COLONS,
        "Actions/Condition can contain only one colon.",
    ),
    Code.POLICY_RESOURCE_NOT_ARN: (FindingId.SAVE_RESOURCE_ARN, "{resource}"),
    Code.POLICY_BAD_CHARACTER: (FindingId.SAVE_CHARACTERS, _SYNTAX),
    Code.POLICY_PRINCIPAL_WILDCARD: (FindingId.TRUST_WILDCARD, ""),
    Code.POLICY_PRINCIPAL_NOT_ALLOWED: (
        FindingId.SAVE_PRINCIPAL,
        "Policy document should not specify a principal.",
    ),
    Code.POLICY_RESOURCE_NOT_ALLOWED: (
        FindingId.SAVE_PROHIBITED_RESOURCE,
        "Has prohibited field Resource",
    ),
}
"""The finding for a fault, and AWS's answer; for any other it is a syntax error."""

_NAMED = frozenset(
    {
        Code.POLICY_BAD_EFFECT,
        Code.POLICY_BAD_PRINCIPAL,
        Code.POLICY_BAD_VERSION,
        Code.POLICY_ELEMENT_CASE,
        Code.POLICY_RESOURCE_NOT_ARN,
        Code.POLICY_UNKNOWN_OPERATOR,
    }
)
"""The faults whose own fix is specific to this position."""

_INDEX = re.compile(r"Statement\[(\d+)\]")


def findings_of_faults(
    faults: Sequence[Fault], source: str, other: Attachment | None = None
) -> list[Finding]:
    """Return the faults of a policy that could not be read completely, as findings.

    `other` is another kind as which the policy can be read without fault.
    """
    fix = _READS_AS.filled(word=other.word) if other is not None else None
    return [_finding_of(fault, source, fix) for fault in faults]


_READS_AS = Message(
    "This looks like another kind of policy: give `--kind {word}`. Otherwise, correct it."
)


def _finding_of(fault: Fault, source: str, fix: Message | None) -> Finding:
    name, message = _FINDINGS.get(fault.code, (FindingId.SAVE_SYNTAX, _SYNTAX))
    index = _INDEX.match(fault.path)
    place = Place(
        source,
        int(index[1]) if index else None,
        path=fault.path,
        position=Position(fault.line, fault.column),
    )
    fact = fault.message
    if message:
        values = {key: str(value).strip("`") for key, value in fact.values or ()}
        match fault.code:
            case Code.POLICY_RESOURCE_NOT_ARN:
                values["resource"] = _not_an_arn(values["resource"])
            case Code.POLICY_BAD_EFFECT if values["effect"].lower() not in ("allow", "deny"):
                message = _SYNTAX
        fact = Message("{fact}; AWS: {message}").filled(
            fact=fact, message=message.format_map(values)
        )
    own_fix = fault.fix if fault.code in _NAMED else None
    return found(name, place, fact, fix or own_fix)


def _not_an_arn(text: str) -> str:
    """Return AWS's answer to a resource that does not begin like an ARN."""
    if ":" in text:
        return _unknown_partition(text)
    return f'Resource {text} must be in ARN format or "*".'


def _unknown_partition(text: str) -> str:
    """Return AWS's answer to an unknown partition; AWS fills up missing parts."""
    _, partition, *rest = text.split(":")
    head = [*rest[:3], *"***"][:3]
    tail = ":".join(rest[3:]) or "*"
    whole = ":".join(["arn", partition, *head, tail])
    return f'Partition "{partition}" is not valid for resource "{whole}".'


_ARN_PARTS = 6
_SHOWN = 5
_SCP_QUOTA = 10_240
"""Characters. On 2026-05-15 AWS doubled it from 5,120, and the number of SCPs attached directly
to a root, OU or account from 5 to 10, in every partition and by itself.

Source: cevo.com.au, "AWS doubled SCP limits"; sjramblings.io, "AWS Organizations SCP quotas
doubled" (both of May 2026). AWS Organizations User Guide, "Quotas for AWS Organizations": white
space counts unless the console saves it.
"""
VENDOR = re.compile(r"[A-Za-z0-9.-]+")
"""The pattern of service prefixes that IAM accepts, even of unknown services."""
_IAM_KINDS = (
    "user/",
    "federated-user/",
    "role/",
    "group/",
    "instance-profile/",
    "mfa/",
    "server-certificate/",
    "policy/",
    "sms-mfa/",
    "saml-provider/",
    "oidc-provider/",
    "report/",
    "access-report/",
)


def save_checks(document: Document, attachment: Attachment, text: str) -> Iterator[Finding]:
    """Yield IAM's answers to an attempt to save this document.

    Args:
        document: as read.
        attachment: the planned attachment.
        text: the text it was read from.
    """
    for comment in document.comments:
        fact = "AWS: Syntax errors in policy."
        yield found(
            FindingId.SAVE_COMMENT, place_in(document, None, position=comment.position), fact
        )
    if attachment.managed and document.version is not Version.V2012:
        fact = "AWS: Policy document must be version 2012-10-17 or greater."
        yield found(FindingId.SAVE_VERSION, place_in(document, None), fact)
    yield from _size(document, attachment, text)
    for statement in document.statements:
        yield from _actions(document, statement)
        yield from _resources(document, statement)
        yield from _dates(document, statement)
    if attachment.kind is PolicyKind.TRUST:
        yield from _trust_checks(document)


def _size(document: Document, attachment: Attachment, text: str) -> Iterator[Finding]:
    used = size(text)
    if attachment is Attachment.SCP and len(text) > _SCP_QUOTA:
        yield from _scp_size(document, len(text), used)
    if attachment is Attachment.RESOURCE:
        yield from _resource_size(document, used + len(text.encode()) - len(text))
    if attachment.quota is None:
        return
    if over_quota(used, attachment.quota):
        answer = attachment.quota.message("NAME")
        fact = Message("{used} characters, over the quota of {quota}; AWS: {answer}").filled(
            used=used, quota=attachment.quota.number, answer=answer
        )
        # the usual advice is for inline policies
        inline = attachment in (Attachment.INLINE, Attachment.GROUP_INLINE)
        several = attachment.managed and not attachment.ceiling
        fix = None if inline else _SPLIT if several else _SHORTEN
        yield found(FindingId.SAVE_SIZE, place_in(document, None), fact, fix)


_SPLIT = Message("Split the policy in two, or join statements.")
_SHORTEN = Message("Join statements, or leave parts out.")


def _scp_size(document: Document, raw: int, used: int) -> Iterator[Finding]:
    """Yield that a service control policy exceeds its quota, or does with white space."""
    fact = Message("{raw} characters, {used} without white space; {most} are allowed").filled(
        raw=raw, used=used, most=_SCP_QUOTA
    )
    if used > _SCP_QUOTA:
        yield found(FindingId.SAVE_SIZE, place_in(document, None), fact, _SPLIT)
    else:
        yield found(FindingId.SAVE_SCP_SIZE, place_in(document, None), fact)


RESOURCE_QUOTAS: Mapping[str, int] = {
    "dynamodb": 20_480,
    "ecr": 10_240,
    "kms": 32_768,
    "lambda": 20_480,
    "s3": 20_480,
    "secretsmanager": 20_480,
    "sns": 30_720,
    "sqs": 8_192,
}
"""The quotas of services for a resource-based policy, in bytes.

Source: Amazon S3 User Guide, "Bucket policies" (20 KB); AWS KMS Developer Guide, "Resource quotas";
AWS Lambda Developer Guide, "Lambda quotas"; Amazon DynamoDB Developer Guide, "Quotas"; AWS Secrets
Manager API Reference, PutResourcePolicy; Amazon ECR API Reference, SetRepositoryPolicy; Amazon SNS
Developer Guide, "Amazon SNS API permissions: Actions and resources reference" (30 KB); Amazon SQS
Developer Guide, "Amazon SQS policy quotas".
"""
_LEAVE_OUT = Message("Join statements, or leave a part to identity-based policies.")


def _resource_size(document: Document, used: int) -> Iterator[Finding]:
    """Yield that a resource-based policy is longer than its service accepts.

    Whether white space counts is not documented of each service; it is not counted.
    """
    services = {name for each in document.statements for name in _services(each)}
    quota = RESOURCE_QUOTAS.get(next(iter(services))) if len(services) == 1 else None
    if quota is not None and used > quota:
        fact = Message("{used} bytes without white space, over the quota of {quota} of {service}")
        filled = fact.filled(used=used, quota=quota, service=next(iter(services)))
        yield found(FindingId.SAVE_SIZE, place_in(document, None), filled, _LEAVE_OUT)


def _services(statement: Statement) -> Iterator[str]:
    """Yield the services that a statement is about, by its actions or else its resources."""
    if not statement.action.negated and "*" not in statement.action.values:
        yield from (value.partition(":")[0].lower() for value in statement.action.values)
    elif statement.resource is not None:
        for value in statement.resource.values:
            yield value.split(":")[2] if value.startswith("arn:") else value


def _actions(document: Document, statement: Statement) -> Iterator[Finding]:
    name = "NotAction" if statement.action.negated else "Action"
    if not statement.action.values:
        fact = "AWS: Policy statement must contain actions."
        yield found(
            FindingId.SAVE_NO_ACTIONS,
            place_in(document, statement, path=name, position=statement.action.position),
            fact,
        )
    for value in statement.action.values:
        prefix = value.partition(":")[0]
        odd = not VENDOR.fullmatch(prefix.replace("*", "").replace("?", "") or "x")
        if value != "*" and odd:
            fact = f"AWS: Vendor {quoted(prefix)[1:-1]} is not valid"
            yield found(
                FindingId.SAVE_VENDOR_INVALID,
                place_in(document, statement, path=name, position=statement.action.position),
                fact,
            )


def _resources(document: Document, statement: Statement) -> Iterator[Finding]:
    if statement.resource is None:
        return
    name = "NotResource" if statement.resource.negated else "Resource"
    position = statement.resource.position
    if not statement.resource.values:
        fact = "AWS: Policy statement must contain resources."
        yield found(
            FindingId.SAVE_NO_RESOURCES,
            place_in(document, statement, path=name, position=position),
            fact,
        )
    for value in statement.resource.values:
        if value != "*" and (fault := _arn_fault(value)) is not None:
            finding, answer = fault
            yield found(
                finding,
                place_in(document, statement, path=name, position=position),
                f"AWS: {answer}",
            )


_DATE = re.compile(
    r"-?\d+(?:-(?P<month>\d+)(?:-(?P<day>\d+))?)?"
    r"(?:t(?:(?P<hour>\d+)(?::(?P<minute>\d+)(?::(?P<second>\d+)(?:\.\d{1,9})?"
    r"(?:z|[+-]\d\d(?::\d\d)?)?)?)?)?)?",
    re.IGNORECASE | re.ASCII,
)
_LAST = {"month": 12, "day": 31, "hour": 23, "minute": 59, "second": 59}
_MOST_SECONDS = 2**63 - 1


def _is_date(text: str) -> bool:
    """Return whether IAM accepts a text as a date: a part of ISO 8601's forms, or seconds."""
    if text.isascii() and text.isdigit():
        return int(text) <= _MOST_SECONDS
    parts = _DATE.fullmatch(text)
    return parts is not None and all(int(parts[name] or 1) <= most for name, most in _LAST.items())


def _dates(document: Document, statement: Statement) -> Iterator[Finding]:
    for condition in statement.conditions:
        wrong = [each for each in condition.values if not _is_date(each)]
        if condition.operator.name.value.startswith("Date") and wrong:
            values = ", ".join(quoted(each) for each in wrong[:_SHOWN])
            fact = verbatim(f"{values}; AWS: {_LEGACY}")
            path = f"Condition.{condition.operator}.{quoted(condition.key)[1:-1]}"
            place = place_in(document, statement, path=path, position=condition.position)
            yield found(FindingId.SAVE_DATE, place, fact)


def _arn_fault(arn: str) -> tuple[FindingId, str] | None:
    """Return the finding on a malformed resource ARN, and AWS's answer; None if it is fine."""
    shown = quoted(arn)[1:-1]
    parts = arn.split(":", _ARN_PARTS - 1)
    known = {each.id for each in catalogue.partitions()}
    partition = parts[1]
    if partition not in known and not set("*?") & set(partition):
        return FindingId.SAVE_PARTITION, _unknown_partition(shown)
    service = parts[2] if len(parts) > 2 else "*"  # noqa: PLR2004 - arn:partition:service
    if not service or ("::" in arn and len(parts) < _ARN_PARTS):
        return FindingId.SAVE_ARN_PARTS, _LEGACY
    whole = service == "*" and len(parts) == _ARN_PARTS
    if set("*?") & set(service) and not whole:
        answer = "Resource vendor must be fully qualified and cannot contain regexes."
        return FindingId.SAVE_RESOURCE_VENDOR, answer
    if service == "iam" and len(parts) == _ARN_PARTS:
        return _iam_fault(parts, shown)
    # with an account it may be an access point, a batch job, a Storage Lens configuration
    if service == "s3" and len(parts) == _ARN_PARTS and parts[3] and not parts[4]:
        answer = f"Resource {shown} can not contain region information."
        return FindingId.SAVE_S3_REGION, answer
    return None


def _iam_fault(parts: list[str], shown: str) -> tuple[FindingId, str] | None:
    if parts[3].strip("*"):
        answer = f"IAM resource {shown} cannot contain region information."
        return FindingId.SAVE_IAM_REGION, answer
    if parts[5] not in ("*", "root") and not parts[5].startswith(_IAM_KINDS):
        kinds = ", ".join(_IAM_KINDS)
        answer = f'IAM resource path must either be "*", root, or start with {kinds}.'
        return FindingId.SAVE_IAM_PATH, answer
    return None


_FOR_ROLES = frozenset(
    {
        "sts:assumerole",
        "sts:assumerolewithsaml",
        "sts:assumerolewithwebidentity",
        "sts:setcontext",
        "sts:setsourceidentity",
        "sts:tagsession",
    }
)
_IDENTITIES = frozenset({"assumed-role", "federated-user", "role", "root", "user"})
_STS_ONLY = "AssumeRole policy may only specify STS AssumeRole actions."
_NOBODY = Message("`Principal` is empty")


def _trust_checks(document: Document) -> Iterator[Finding]:
    """Yield the findings on a trust policy: wrong actions, and impossible principals."""
    for statement in document.statements:
        yield from _trusted_actions(document, statement)
        if statement.principal is not None:
            yield from _principal(document, statement, statement.principal)


def _trusted_actions(document: Document, statement: Statement) -> Iterator[Finding]:
    """Yield actions, without wildcards, that do not assume a role."""
    if statement.action.negated:
        return
    for value in dict.fromkeys(statement.action.values):
        service = value.partition(":")[0].lower()
        if set("*?") & set(value if service == "sts" else service) or value.lower() in _FOR_ROLES:
            continue
        shown = quoted(value)
        fact = verbatim(shown)
        if service != "sts":
            fact = Message("{shown}; AWS: {sts_only}").filled(shown=shown, sts_only=_STS_ONLY)
        place = place_in(document, statement, path="Action", position=statement.action.position)
        yield found(FindingId.SAVE_TRUST_ACTION, place, fact)


def _principal(document: Document, statement: Statement, principal: Principal) -> Iterator[Finding]:
    if principal.negated:
        place = place_in(document, statement, path="NotPrincipal")
        yield found(FindingId.TRUST_NOT_PRINCIPAL, place, "`NotPrincipal`")
        return
    place = place_in(document, statement, path="Principal", position=principal.position)
    if not any(values for _, values in principal.entries):
        yield found(FindingId.SAVE_TRUST_PRINCIPAL, place, _NOBODY)
    for key, values in principal.entries:
        for value in values if key is PrincipalKey.AWS else ():
            if _is_no_identity(value):
                shown = quoted(value)
                answer = f'Invalid principal in policy: "AWS":"{shown[1:-1]}"'
                fact = Message("{shown}; AWS: {answer}").filled(shown=shown, answer=answer)
                yield found(FindingId.SAVE_TRUST_PRINCIPAL, place, fact)


def _is_no_identity(value: str) -> bool:
    """Return whether a principal is an ARN of something that cannot sign a request."""
    parts = arns.split(value)
    if parts[0] != "arn" or len(parts) < arns.PARTS:
        return False
    return parts[2] not in ("iam", "sts") or parts[5].partition("/")[0] not in _IDENTITIES
