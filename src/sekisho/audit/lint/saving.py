"""What IAM refuses when it saves a policy that can be read (facts §7.1 to §7.3)."""

import re
from collections.abc import Iterator

from sekisho import catalogue
from sekisho.audit.finding import Finding, FindingId, found, place_in
from sekisho.audit.lint.report import Attachment
from sekisho.audit.lint.saving_trust import trust_checks
from sekisho.errors import quoted
from sekisho.messages import Message
from sekisho.policy import Document, PolicyKind, Statement, Version, over_quota, size

__all__ = ["save_checks"]

_ARN_PARTS = 6
_SCP_LONG, _SCP_NOW = 5_120, 10_240
_PREFIX = re.compile(r"[A-Za-z0-9-]+")
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
    """Yield what IAM would answer to an attempt to save this document.

    Args:
        document: as read.
        attachment: what it is to be attached to.
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
    if attachment.kind is PolicyKind.TRUST:
        yield from trust_checks(document)


def _size(document: Document, attachment: Attachment, text: str) -> Iterator[Finding]:
    used = size(text)
    if attachment is Attachment.SCP and len(text) > _SCP_LONG:
        yield from _scp_size(document, len(text), used)
    if attachment.quota is None:
        return
    if over_quota(used, attachment.quota):
        answer = attachment.quota.message("NAME")
        fact = Message("{used} characters, over the quota of {quota}; AWS: {answer}").filled(
            used=used, quota=attachment.quota.number, answer=answer
        )
        yield found(FindingId.SAVE_SIZE, place_in(document, None), fact)


def _scp_size(document: Document, raw: int, used: int) -> Iterator[Finding]:
    """Yield that a service control policy is longer than its quota, or than it was (fact §7.1)."""
    fact = Message(
        "{raw} characters, {used} without white space; {scp_long} or {scp_now} are taken"
    ).filled(raw=raw, used=used, scp_long=_SCP_LONG, scp_now=_SCP_NOW)
    name = FindingId.SAVE_SIZE if used > _SCP_NOW else FindingId.SAVE_SCP_SIZE
    yield found(name, place_in(document, None), fact)


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
        odd = not _PREFIX.fullmatch(prefix.replace("*", "").replace("?", "") or "x")
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


def _arn_fault(arn: str) -> tuple[FindingId, str] | None:
    """Return what is wrong with a resource pattern that begins like an ARN, and AWS's answer."""
    shown = quoted(arn)[1:-1]
    parts = arn.split(":", _ARN_PARTS - 1)
    known = {each.id for each in catalogue.partitions()}
    partition = parts[1]
    if partition not in known and not set("*?") & set(partition):
        return (
            FindingId.SAVE_PARTITION,
            f'Partition "{quoted(partition)[1:-1]}" is not valid for resource "{shown}".',
        )
    service = parts[2] if len(parts) > 2 else "*"  # noqa: PLR2004 - arn:partition:service
    whole = service == "*" and len(parts) == _ARN_PARTS
    if not service or (set("*?") & set(service) and not whole):
        answer = "Resource vendor must be fully qualified and cannot contain regexes."
        return FindingId.SAVE_RESOURCE_VENDOR, answer
    if service == "iam" and len(parts) == _ARN_PARTS:
        return _iam_fault(parts, shown)
    return None


def _iam_fault(parts: list[str], shown: str) -> tuple[FindingId, str] | None:
    if parts[3].strip("*"):
        answer = f"IAM resource {shown} cannot contain region information."
        return FindingId.SAVE_IAM_REGION, answer
    if parts[5] not in ("*", "root") and not parts[5].startswith(_IAM_KINDS):
        kinds = ", ".join(_IAM_KINDS)
        answer = f'IAM resource path must either be "*" or start with {kinds}.'
        return FindingId.SAVE_IAM_PATH, answer
    return None
