"""What a resource-based policy means for MFA: most are bucket policies that demand it for deletes.

Source: S3 User Guide, "Bucket policy examples: requiring MFA"; IAM User Guide, "AWS JSON policy
elements: NotPrincipal"; docs/signin.md: sessions of roles, services and federated users have no
MFA. Within one account an Allow of the resource demands nothing: identity-based policies allow,
too.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from sekisho.audit.finding import Finding, FindingId, found, place_in
from sekisho.audit.lint.engine_queries import Asker, MfaState, relaxed, relaxed_but_who
from sekisho.audit.lint.statements import Dependent
from sekisho.audit.meaning import CredentialState
from sekisho.audit.meaning.credentials import NOW
from sekisho.engine import Assumptions, AttachedPolicy
from sekisho.engine.matching import TrackedAssumptions, action_matches
from sekisho.errors import quoted
from sekisho.messages import Message, verbatim
from sekisho.policy import Document, Effect, Principal, PrincipalKey, Statement

_OF_CALLERS = ("aws:principal", "aws:source", "aws:userid", "aws:username", "aws:viaawsservice")
"""What the keys begin with that tell callers apart."""

_BUCKET, _OBJECT = "s3:DeleteBucket", "s3:DeleteObject"
_NOT_COVERED = Message("`{action}` is named, and no resource that it is about")
_NOT_PRINCIPAL = Message("`NotPrincipal` in a Deny")


def resource_checks(
    document: Document, dependents: Sequence[Dependent], asker: Asker
) -> Iterator[Finding]:
    """Yield what is wrong with the MFA conditions of a resource-based policy, whoever is named.

    Args:
        document: as written, with its principals.
        dependents: its statements for which MFA makes a difference, without principals.
        asker: asks the engine.
    """
    written = {each.index: each for each in document.statements}
    for each in dependents:
        statement = written[each.statement.index]
        if statement.effect is Effect.DENY:
            yield from _deny(document, statement, each, asker)
        elif _demands_mfa(each, asker):
            yield from _allow(document, statement, dependents)


def _demands_mfa(each: Dependent, asker: Asker) -> bool:
    loose, ask = relaxed(each.statement), each.asks[0]
    return asker.applies(loose, ask, MfaState.FRESH) and not asker.applies(loose, ask, MfaState.KEY)


def _deny(
    document: Document, statement: Statement, each: Dependent, asker: Asker
) -> Iterator[Finding]:
    principal = statement.principal
    if principal is not None and principal.negated:
        place = place_in(document, statement, path="NotPrincipal", position=principal.position)
        yield found(FindingId.RESOURCE_NOT_PRINCIPAL, place, _NOT_PRINCIPAL)
    elif principal is not None and _everybody(principal) and not _tells_callers(statement):
        loose = relaxed_but_who(each.statement)
        if asker.applies(loose, each.asks[0], CredentialState.ROLE):
            place = place_in(document, statement, path="Condition")
            yield found(FindingId.RESOURCE_HITS_ROLES, place, verbatim('`"Principal": "*"`'))
    for action in (_OBJECT, _BUCKET):
        if _misses(statement, action):
            place = place_in(document, statement, path="Resource")
            yield found(FindingId.RESOURCE_LEVEL, place, _NOT_COVERED.filled(action=action))


def _allow(
    document: Document, statement: Statement, dependents: Sequence[Dependent]
) -> Iterator[Finding]:
    principal = statement.principal
    if principal is not None and _everybody(principal) and not _tells_callers(statement):
        place = place_in(document, statement, path="Principal", position=principal.position)
        yield found(FindingId.RESOURCE_ANY_ACCOUNT, place, verbatim('`"Principal": "*"`'))
    if not any(each.statement.effect is Effect.DENY for each in dependents):
        shown = ", ".join(quoted(each) for each in statement.action.values[:3])
        yield found(FindingId.RESOURCE_ALLOW_ONLY, place_in(document, statement), verbatim(shown))


MAY_CALL = Message("`{principal}` may call `{action}` on `{resource}`")
_PUBLIC_UNKNOWN = Message("Whether the policy is public was not found out: {why}")


def public_access(document: Document, known: Collection[int | None]) -> Finding | Message | None:
    """Return that a policy lets in somebody whom it does not name, or why that is not known.

    Args:
        document: a resource-based policy.
        known: the places of statements of which it was said already.
    """
    statements = tuple(
        each
        for each in document.statements
        if each.effect is Effect.DENY or (each.index not in known and _names_strangers(each))
    )
    if all(each.effect is Effect.DENY for each in statements):
        return None
    from sekisho.prover import (  # noqa: PLC0415 - other policies need no prover
        Proved,
        Refuted,
        Unknown,
        no_public_access,
    )

    asked = AttachedPolicy("policy", replace(document, statements=statements))
    verdict = no_public_access(asked, NOW).verdict
    match verdict:
        case Proved():
            return None
        case Unknown(reason):
            return _PUBLIC_UNKNOWN.filled(why=reason)
        case Refuted(counterexample):
            because = counterexample.decisions["allowed"].because
            cause = next(each for each in statements if each.index == because[0].index)
            place = place_in(document, cause, path="Principal", position=cause.position)
            request = counterexample.request
            fact = MAY_CALL.filled(
                principal=request.principal, action=request.action, resource=request.resource
            )
            return found(FindingId.PUBLIC, place, fact)


def _names_strangers(statement: Statement) -> bool:
    principal = statement.principal
    return principal is not None and (principal.negated or _everybody(principal))


def _everybody(principal: Principal) -> bool:
    return not principal.negated and any(
        key in (PrincipalKey.ANYONE, PrincipalKey.AWS) and "*" in values
        for key, values in principal.entries
    )


def _tells_callers(statement: Statement) -> bool:
    return any(each.key.lower().startswith(_OF_CALLERS) for each in statement.conditions)


def _misses(statement: Statement, action: str) -> bool:
    """Tell whether a statement on S3 takes in an action and no resource of the action's level."""
    resource = statement.resource
    if resource is None or resource.negated or statement.action.negated:
        return False
    tracked = TrackedAssumptions(Assumptions())
    buckets = all(value.startswith("arn:aws") and ":s3:::" in value for value in resource.values)
    if not buckets or not action_matches(statement.action, action, tracked):
        return False
    names = [value.partition(":s3:::")[2] for value in resource.values]
    if action == _OBJECT:
        return all("/" not in name and not name.endswith("*") for name in names)
    # a policy for some of the objects leaves the bucket out on purpose
    return all(name.partition("/")[2] == "*" for name in names)
