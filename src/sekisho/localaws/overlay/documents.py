"""Policy documents that IAM takes: well-formed, of their kind, and within quotas.

`policy` says what a document is; moto's validator is asked for AWS's sentence about one that is
not, and for the checks of resources and vendors that it alone makes. Sentences that were recorded
from AWS and are not moto's are put right here.

Source: IAM API Reference; IAM User Guide, "IAM and AWS STS quotas", "Grammar of the IAM JSON
policy language"; responses recorded from AWS (tests/data/aws-recorded).
"""

import re
from dataclasses import replace

from moto.iam.exceptions import MalformedPolicyDocument
from moto.iam.policy_validation import IAMPolicyDocumentValidator, IAMTrustPolicyDocumentValidator

from sekisho import policy
from sekisho.errors import Code, FaultyPolicy
from sekisho.localaws.overlay.request import limit_exceeded, malformed_document
from sekisho.localaws.state import trust
from sekisho.localaws.state.world import WORLD
from sekisho.policy import Condition, Document, Element, PolicyKind, Quota, Version, size

_SYNTAX = "Syntax errors in policy."


def check_document(text: str, kind: PolicyKind, *, managed: bool = False) -> str:
    """Return `text` if IAM accepts it as a policy document of that kind.

    Args:
        text: as the client sent it.
        kind: the kind that it should be.
        managed: a managed policy must have `Version` 2012-10-17; an inline one need not.

    Raises:
        Refusal: `MalformedPolicyDocument` with AWS's sentence.
    """
    try:
        document = policy.parse(text, source="policy", kind=kind)
    except FaultyPolicy as faulty:
        raise malformed_document(_sentence_about(faulty, text, kind)) from None
    if document.comments:
        # sekisho reads comments, as how-tos print them; IAM does not
        raise malformed_document(_SYNTAX)
    sentence = _sentence(_as_moto_reads(document, managed), kind)
    if sentence:
        raise malformed_document(sentence)
    return text


def check_trust(text: str) -> str:
    """Return a trust policy as IAM stores it, with the unique ids of its users and roles.

    Raises:
        Refusal: `MalformedPolicyDocument`, also if it names a principal that does not exist.
    """
    check_document(text, PolicyKind.TRUST)
    check_quota(Quota.TRUST_POLICY, [text])

    def stored(kind: str, value: str) -> str:
        found = trust.stored(WORLD.get(), kind, value)
        if found is None:
            # the type is in capitals at AWS
            named = f'"{kind.upper()}":"{value}"'
            raise malformed_document(f"Invalid principal in policy: {named}")
        return found

    return trust.replaced(text, stored)


def check_quota(quota: Quota, texts: list[str], name: str = "") -> None:
    """Refuse documents whose total length, without white space, exceeds `quota`.

    Args:
        quota: which one.
        texts: the documents that it counts.
        name: the owner of the documents.

    Raises:
        Refusal: `LimitExceeded`.
    """
    if sum(size(text) for text in texts) > quota.number:
        raise limit_exceeded(quota.message(name))


_NO_RESOURCES = "Policy statement must contain resources."
_NOT_JSON = "This policy contains invalid Json"


def _sentence_about(faulty: FaultyPolicy, text: str, kind: PolicyKind) -> str:
    """Return AWS's sentence about a document that cannot be read completely."""
    codes = {fault.code for fault in faulty.faults}
    if kind is PolicyKind.TRUST and Code.POLICY_NOT_JSON in codes:
        return _NOT_JSON
    sentence = _sentence(text, kind)
    if Code.POLICY_NO_RESOURCE in codes and sentence.startswith("Actions/Condition"):
        # AWS looks for resources before it looks at the names of actions
        return _NO_RESOURCES
    return sentence or _SYNTAX


_RECORDED = {
    'IAM resource path must either be "*" or start': (
        'IAM resource path must either be "*", root, or start'
    ),
    "Trust Policy statement actions can only be sts:AssumeRole, sts:AssumeRoleWithSAML,  and "
    "sts:AssumeRoleWithWebIdentity": "AssumeRole policy may only specify STS AssumeRole actions.",
    "Has prohibited field Resource.": "Has prohibited field Resource",
}
"""Sentences of moto, or their beginnings, and AWS's recorded ones."""


def _sentence(text: str, kind: PolicyKind) -> str:
    """Return the fault that moto's imitation of AWS's validator finds in a text, or ""."""
    trust = kind is PolicyKind.TRUST
    validator = IAMTrustPolicyDocumentValidator if trust else IAMPolicyDocumentValidator
    try:
        validator(text).validate()
    except MalformedPolicyDocument as error:
        sentence = str(error.message)
        for moto, aws in _RECORDED.items():
            sentence = sentence.replace(moto, aws)
        return sentence
    return ""


def _as_moto_reads(document: Document, managed: bool) -> str:
    """Return the document without elements that AWS accepts and moto's validator does not."""
    if not managed:
        document = replace(document, version=Version.V2012)
    statements = tuple(
        replace(
            each,
            resource=_resource_for_moto(each.resource),
            conditions=tuple(map(_condition_for_moto, each.conditions)),
        )
        for each in document.statements
    )
    return policy.render(replace(document, statements=statements))


_RESOURCES = (
    (re.compile(r"(arn:[^:]*:iam::[^:]*):root"), r"\1:user/x"),
    # batch jobs and the like; moto knows access points only
    (re.compile(r"(arn:[^:]*:s3:[^:]+:[^:]+):.+"), r"\1:accesspoint/x"),
)
"""Resources that moto refuses, and equivalent ones that it accepts."""

_WEST = re.compile(r"(t.*)-(\d\d(?::\d\d)?)", re.IGNORECASE)


def _resource_for_moto(resource: Element | None) -> Element | None:
    if resource is None:
        return None
    values = resource.values
    for pattern, instead in _RESOURCES:
        values = tuple(pattern.sub(instead, value) for value in values)
    return replace(resource, values=values)


def _condition_for_moto(condition: Condition) -> Condition:
    """Return a condition with dates in zones east of Greenwich, the only ones moto accepts."""
    if not condition.operator.name.value.startswith("Date"):
        return condition
    return replace(condition, values=tuple(_WEST.sub(r"\1+\2", v) for v in condition.values))
