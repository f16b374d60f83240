"""What IAM refuses in a role's trust policy when it is saved, or lets nobody assume the role with.

Source: IAM's answers as public issue threads quote them (aws/aws-cdk #11505 for a group); IAM User
Guide, "AWS JSON policy elements: Principal": groups and policies are no principals.
"""

from collections.abc import Iterator

from sekisho.audit.finding import Finding, FindingId, found, place_in
from sekisho.engine import arns
from sekisho.errors import quoted
from sekisho.messages import Message, verbatim
from sekisho.policy import Document, Principal, PrincipalKey, Statement

__all__ = ["trust_checks"]

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
_NOBODY = Message("`Principal` names nobody")


def trust_checks(document: Document) -> Iterator[Finding]:
    """Yield what a trust policy may not hold: other actions, and who can assume no role."""
    for statement in document.statements:
        yield from _actions(document, statement)
        if statement.principal is not None:
            yield from _principal(document, statement, statement.principal)


def _actions(document: Document, statement: Statement) -> Iterator[Finding]:
    """Yield actions, named whole, that are not about assuming a role."""
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
    """Tell whether a principal is the ARN of something else than who can sign a request."""
    parts = arns.split(value)
    if parts[0] != "arn" or len(parts) < arns.PARTS:
        return False
    return parts[2] not in ("iam", "sts") or parts[5].partition("/")[0] not in _IDENTITIES
