"""Policy documents at the door: well-formed, and within IAM's quotas.

`policy` says what a document is; moto's validator is asked for AWS's sentence about one that is
not, and for the checks of resources and vendors that it alone makes.

Source: IAM User Guide, "IAM and AWS STS quotas", "Grammar of the IAM JSON policy language";
facts §7.1, §7.3.
"""

from dataclasses import replace

from moto.iam.exceptions import MalformedPolicyDocument
from moto.iam.policy_validation import IAMPolicyDocumentValidator, IAMTrustPolicyDocumentValidator

from sekisho import policy
from sekisho.errors import FaultyPolicy
from sekisho.localaws.overlay.refusals import limit_exceeded, malformed
from sekisho.policy.document import Document, PolicyKind, Version
from sekisho.policy.size import Quota, size

__all__ = ["checked", "within"]

_SYNTAX = "Syntax errors in policy."


def checked(text: str, kind: PolicyKind, *, managed: bool = False) -> str:
    """Return `text` if it is a document that IAM takes as a policy of that kind.

    Args:
        text: as the client sent it.
        kind: what it is to be.
        managed: a managed policy must have `Version` 2012-10-17; an inline one need not.

    Raises:
        Refusal: `MalformedPolicyDocument` with AWS's sentence.
    """
    try:
        document = policy.parse(text, source="policy", kind=kind)
    except FaultyPolicy:
        raise malformed(_sentence(text, kind) or _SYNTAX) from None
    if document.comments:
        # sekisho reads comments, as how-tos print them; IAM does not
        raise malformed(_SYNTAX)
    sentence = _sentence(_as_moto_reads(document, managed), kind)
    if sentence:
        raise malformed(sentence)
    return text


def within(quota: Quota, texts: list[str], name: str = "") -> None:
    """Refuse documents that are together, white space aside, longer than `quota` allows.

    Args:
        quota: which one.
        texts: the documents that it counts.
        name: whose they are.

    Raises:
        Refusal: `LimitExceeded`.
    """
    if sum(size(text) for text in texts) > quota.number:
        raise limit_exceeded(quota.message(name))


def _sentence(text: str, kind: PolicyKind) -> str:
    """Return what moto's imitation of AWS's validator says against a text, or ""."""
    trust = kind is PolicyKind.TRUST
    validator = IAMTrustPolicyDocumentValidator if trust else IAMPolicyDocumentValidator
    try:
        validator(text).validate()
    except MalformedPolicyDocument as error:
        return str(error.message)
    return ""


def _as_moto_reads(document: Document, managed: bool) -> str:
    """Return the document without what AWS takes and moto's validator does not."""
    if not managed:
        document = replace(document, version=Version.V2012)
    return policy.render(document)
