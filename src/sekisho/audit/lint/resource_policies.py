"""The effect of a resource-based policy on MFA: most are bucket policies that demand it to delete.

Source: S3 User Guide, "Bucket policy examples: requiring MFA"; IAM User Guide, "AWS JSON policy
elements: NotPrincipal"; docs/signin.md: sessions of roles, services and federated users have no
MFA. Within one account an Allow of the resource demands nothing: identity-based policies allow,
too.

The effect of a role's trust policy on MFA, for each principal that its statements name.

Source: IAM User Guide, "Secure API access with MFA"; docs/signin.md.

People may have MFA when they assume the role. Sessions of roles, services, and users of an identity
provider never have: for these principals an MFA condition is in vain.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from sekisho.audit.finding import Finding, FindingId, found, place_in
from sekisho.audit.lint.covering import NamedPrincipals
from sekisho.audit.lint.engine_queries import Asker, MfaState, Statements, relaxed, relaxed_but_who
from sekisho.audit.lint.statements import Dependent, applying, asked, statement_checks
from sekisho.audit.meaning import CredentialState
from sekisho.audit.meaning.credentials import NOW, ActionOnResource, Home
from sekisho.audit.meaning.trusted import Trusted, TrustedKind, TrustWay, named_by
from sekisho.engine import (
    Assumptions,
    AttachedPolicy,
    Context,
    DecisionEffect,
    Policies,
    Request,
    decide,
)
from sekisho.engine.matching import TrackedAssumptions, action_matches
from sekisho.errors import quoted
from sekisho.messages import Message, verbatim
from sekisho.policy import Document, Effect, Principal, PrincipalKey, Statement, parse
from sekisho.signin import SigninAssumptions

_OF_CALLERS = ("aws:principal", "aws:source", "aws:userid", "aws:username", "aws:viaawsservice")
"""The prefixes of the keys that distinguish callers."""

_BUCKET, _OBJECT = "s3:DeleteBucket", "s3:DeleteObject"
_NOT_COVERED = Message("`{action}` applies to none of the statement's resources")
_NOT_PRINCIPAL = Message("`NotPrincipal` in a Deny")


def resource_checks(
    document: Document, dependents: Sequence[Dependent], asker: Asker
) -> Iterator[Finding]:
    """Yield the faults of a resource-based policy's MFA conditions, for any principal.

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
_PUBLIC_UNKNOWN = Message("Whether the policy is public could not be decided: {why}")


def public_access(document: Document, known: Collection[int | None]) -> Finding | Message | None:
    """Return the finding that a policy allows unnamed callers, or why that is not known.

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
    """Return whether an S3 statement has an action but no resource of the action's level."""
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


_SHOWN = 3
_LOOKED_UP = 8
"""The number of look-ups of principals that take as long as one comparison."""

_KEYS = {
    TrustedKind.ROLE: PrincipalKey.AWS,
    TrustedKind.SAML: PrincipalKey.FEDERATED,
    TrustedKind.WEB_IDENTITY: PrincipalKey.FEDERATED,
    TrustedKind.SERVICE: PrincipalKey.SERVICE,
}
"""The kinds that never have MFA, and their keys in `Principal`."""


_CLAIMS = ("sub", "aud", "oaud", "azp", "email", "amr")
"""Claims of a token that IAM reads (IAM User Guide, "IAM and AWS STS condition context keys")."""
_STRANGER = "808182838485"
"""An account that no trust policy names."""
_EVERYTHING = AttachedPolicy(
    "everything",
    parse('{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}'),
)
"""The policies that strangers have in their own account."""


class Trust:
    """A trust policy in examination.

    Args:
        document: the policy.
        asked: the same with its statements as those of an identity-based policy.
        asker: asks the engine.
    """

    def __init__(self, document: Document, asked: Document, asker: Asker) -> None:
        self._document = document
        self._asked = asked
        self._asker = asker
        self._principals = {each.index: each.principal for each in document.statements}
        self._naming = {index: NamedPrincipals(each) for index, each in self._principals.items()}
        # equal statements are the same document, so that its answers are cached
        self._around: dict[tuple[int, ...], Document] = {}
        self._named = {
            principal: [trusted for _, trusted in named_by(principal, asker.home) if trusted]
            for principal in self._principals.values()
            if principal
        }

    def findings(self, dependents: list[Dependent]) -> Iterator[Finding]:
        """Yield the findings on strangers and people without MFA, and on conditions on MFA."""
        yield from self._by_anybody()
        yield from self._by_any_user()
        for dependent in dependents:
            for document in self._for_people(dependent.statement):
                yield from statement_checks(document, dependent, self._asker)
            yield from self._in_vain(dependent)
        for statement in self._asked.statements:
            if statement.effect is Effect.ALLOW:
                for document in self._for_people(statement):
                    yield from self._without_mfa(_where_it_holds(document.statements, statement))

    def _by_anybody(self) -> Iterator[Finding]:
        """Yield the first stranger's request that each statement allows."""
        written = self._document.statements
        principals = filter(None, self._principals.values())
        if not any("*" in values for each in principals for _, values in each.entries):
            return
        trust = AttachedPolicy("trust", self._document)
        shown: dict[int, Request] = {}
        for request in _of_strangers(self._asker.home):
            own = (_EVERYTHING,) if request.action == "sts:AssumeRole" else ()
            decision = decide(request, Policies(identity=own, trust=trust))
            if decision.effect is DecisionEffect.ALLOWED:
                shown.setdefault(decision.because[0].index, request)
        for index, request in shown.items():
            statement = written[index]
            position = statement.principal.position if statement.principal else statement.position
            place = place_in(self._document, statement, path="Principal", position=position)
            fact = MAY_CALL.filled(
                principal=request.principal, action=request.action, resource=request.resource
            )
            yield found(FindingId.TRUST_ANYBODY, place, fact)

    def _by_any_user(self) -> Iterator[Finding]:
        """Yield each Allow by which a token of somebody unknown assumes the role.

        Source: IAM User Guide, "Identity-provider controls for shared OIDC providers"
        (id_roles_providers_oidc_secure-by-default): one issuer's tokens are also other
        organizations', and claims in the trust policy tell them apart. A SAML assertion names the
        role itself, so its provider decides who may assume it.
        """
        trust = Policies(trust=AttachedPolicy("trust", self._document))
        home, shown = self._asker.home, set[int]()
        role = f"arn:{home.partition}:iam::{home.account}:role/any"
        named = {each.name: each for several in self._named.values() for each in several}
        for each in named.values():
            if each.kind is not TrustedKind.WEB_IDENTITY or self._asker.exhausted:
                continue
            self._asker.work.add(1)
            provider = each.name.rpartition("oidc-provider/")[2]
            claims = {f"{provider}:{claim}": "unknown" for claim in _CLAIMS}
            request = each.request(TrustWay.WEB_IDENTITY, role, SigninAssumptions())
            context = Context({**dict(request.context.items()), **claims})
            decision = decide(replace(request, context=context), trust)
            if decision.effect is not DecisionEffect.ALLOWED:
                continue
            statement = self._document.statements[decision.because[0].index]
            if statement.index not in shown:
                shown.add(statement.index)
                place = place_in(self._document, statement, path="Principal")
                fact = MAY_CALL.filled(
                    principal=each.name, action=request.action, resource=request.resource
                )
                yield found(FindingId.TRUST_ANY_USER, place, fact)

    def _for_people(self, statement: Statement) -> list[Document]:
        """Return, for each kind of person that a statement names, the statements about all of them.

        Statements about some of them only are left out: they do not apply to the others.
        """
        principal = self._principals[statement.index]
        named = self._named[principal] if principal else []
        documents = {}
        for trusted in named:
            if not trusted.kind.people or self._asker.exhausted:
                continue
            self._asker.work.add(1 + len(self._naming) // _LOOKED_UP)
            about = tuple(
                index
                for index, naming in self._naming.items()
                if index == statement.index or naming.takes(PrincipalKey.AWS, trusted.name)
            )
            if about not in self._around:
                statements = tuple(self._asked.statements[index] for index in about)
                self._around[about] = replace(self._asked, statements=statements)
            documents[about] = self._around[about]
        return list(documents.values())

    def _without_mfa(self, statements: Statements) -> Iterator[Finding]:
        home = self._asker.home
        ask = ActionOnResource(
            "sts:AssumeRole", f"arn:{home.partition}:iam::{home.account}:role/any"
        )
        if self._asker.allowed(statements, ask, CredentialState.KEY):
            statement = self._asker.cause(statements, ask, CredentialState.KEY)
            fact = asked(ask, CredentialState.KEY, DecisionEffect.ALLOWED)
            yield found(FindingId.TRUST_WITHOUT_MFA, place_in(self._document, statement), fact)

    def _in_vain(self, dependent: Dependent) -> Iterator[Finding]:
        """Yield the finding that a statement demands MFA of principals that never have it."""
        statement, ask = dependent.statement, dependent.asks[0]
        loose = relaxed(statement)
        allows = statement.effect is Effect.ALLOW
        fresh = self._asker.applies(loose, ask, MfaState.FRESH)
        by_text: dict[Message, list[str]] = {}
        for trusted in self._who_never_has(statement):
            default, other, assumption = self._applies_to(trusted, loose, ask)
            if (fresh or not default) if allows else default:
                by_text.setdefault(applying(default, other, assumption), []).append(trusted.name)
        for says, names in by_text.items():
            shown = ", ".join(quoted(name) for name in names[:_SHOWN])
            shown += " …" if len(names) > _SHOWN else ""
            yield found(
                FindingId.TRUSTED_NEVER_HAS,
                place_in(self._document, statement, path="Condition", position=statement.position),
                Message("{shown}: {says}").filled(shown=shown, says=says),
            )

    def _who_never_has(self, statement: Statement) -> list[Trusted]:
        """Return the named principals without MFA; for a Deny, those an Allow names as well."""
        own = self._principals[statement.index]
        if own is None:
            return []
        if statement.effect is Effect.ALLOW:
            return [each for each in self._named[own] if each.kind in _KEYS]
        allowed = {
            each.name: each
            for other in self._document.statements
            if other.effect is Effect.ALLOW and other.principal
            for each in self._named[other.principal]
            if each.kind in _KEYS
        }
        return [
            each
            for each in allowed.values()
            if self._naming[statement.index].takes(_KEYS[each.kind], each.name)
        ]

    def _applies_to(
        self, trusted: Trusted, statement: Statement, ask: ActionOnResource
    ) -> tuple[bool, bool, str]:
        """Return whether a statement applies: by default, and with which assumption turned."""
        state = CredentialState.ROLE if trusted.kind is TrustedKind.ROLE else CredentialState.KEY
        absent = self._asker.applies_showing(statement, ask, state, None, None)
        false = self._asker.applies_showing(statement, ask, state, "false", None)
        match trusted.kind:
            case TrustedKind.ROLE:
                return false, absent, "role_session_mfa"
            case TrustedKind.SERVICE:
                return absent, false, "service_shows_mfa"
            case _:
                return absent, absent, ""


def _of_strangers(home: Home) -> Iterator[Request]:
    """Yield the requests for the role by people, roles and providers of no named account."""
    theirs = Home(home.partition, _STRANGER)
    providers = f"arn:{home.partition}:iam::{_STRANGER}"
    for name, kind in (
        ("*", TrustedKind.ANYONE),
        (f"{providers}:saml-provider/any", TrustedKind.SAML),
        (f"{providers}:oidc-provider/idp.example.com", TrustedKind.WEB_IDENTITY),
    ):
        stranger = Trusted(name, kind, theirs)
        for state in kind.credentials:
            role = f"arn:{home.partition}:iam::{home.account}:role/any"
            yield stranger.request(state, role, SigninAssumptions())


def _where_it_holds(statements: Statements, allow: Statement) -> Statements:
    """Return the statements under the conditions of an Allow that no credential decides.

    A Deny with other such conditions is left out, since it does not apply to everybody.
    """
    asked = []
    for each in statements:
        loose = relaxed(each)
        others = set(each.conditions) - set(loose.conditions)
        if each is allow or others <= set(allow.conditions):
            asked.append(loose)
        elif each.effect is Effect.ALLOW:
            asked.append(each)
    return tuple(asked)
