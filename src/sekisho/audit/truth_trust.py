"""The truth table of a role's trust policy: who of those whom it names may assume the role.

Each row asks as somebody whom the policy names. A trust policy is full of conditions on what the
caller brings along (`aud`, `sub`, `sts:ExternalId`), which no example could meet: a cell that
depends on a condition other than on MFA says so.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sekisho.audit.held import Held, Home
from sekisho.audit.probes import NAME
from sekisho.audit.trusted import Trusted, TrustedKind, Way, trusted_in
from sekisho.audit.truth_model import Cell, Outcome, TruthRow, TruthTable, policies_with
from sekisho.engine import Context, Decider, DecisionEffect, Request
from sekisho.engine.compiled import CompiledDecider
from sekisho.messages import Message
from sekisho.policy import Document, Effect, PolicyKind
from sekisho.signin import Refused, RoleSessionMfa, SigninAssumptions, service_rule

__all__ = ["trust_table"]

_MOST_ASKED = 9
"""How many principals are asked as: more columns would not fit a terminal."""

_TRIED = frozenset(
    {
        "aws:multifactorauthpresent",
        "aws:multifactorauthage",
        "aws:tokenissuetime",
        "aws:viaawsservice",
    }
)
_BASE: tuple[Held | Way, ...] = TrustedKind.ANYONE.held

_OUTCOMES = {
    DecisionEffect.EXPLICITLY_DENIED: Outcome.DENIED,
    DecisionEffect.IMPLICITLY_DENIED: Outcome.NOT_ALLOWED,
    DecisionEffect.ALLOWED: Outcome.ALLOWED,
}


def trust_table(document: Document, home: Home) -> TruthTable:
    """Return what each of those may do whom a trust policy names.

    Args:
        document: a trust policy that the engine can read.
        home: the account of the role.

    Raises:
        FaultyPolicy: if a part of it cannot be read for certain.
    """
    found, unasked = trusted_in(document, home, _MOST_ASKED)
    # whom nobody is named in, nobody may assume: that too is asked
    asked = found or [Trusted("*", TrustedKind.ANYONE, home)]
    named = {held for each in asked for held in each.kind.held}
    held = (*_BASE, *(each for each in (Held.FEDERATED, *Way) if each in named - {*_BASE}))
    keys = {c.key.lower(): c.key for s in document.statements for c in s.conditions}
    untried = tuple(keys[key] for key in sorted(keys) if key not in _TRIED)
    role = f"arn:{home.partition}:iam::{home.account}:role/any"
    asking = _Asked(*_bounds(document), role, CompiledDecider())
    rows = tuple(
        TruthRow(
            _title(each),
            (each.kind.action,),
            {one: asking.cell(each, one) for one in held},
            each.name if found else None,
        )
        for each in asked
    )
    return TruthTable(held, rows, untried, tuple(unasked))


def _title(trusted: Trusted) -> Message:
    name = trusted.name
    match trusted.kind:
        case TrustedKind.ANYONE:
            return Message(
                "assume the role as anybody, such as `user/{name}` or `role/any`"
            ).filled(name=NAME)
        case TrustedKind.ACCOUNT:
            return Message(
                "assume the role as somebody of `{name}`, such as `user/{name_}` or `role/any`"
            ).filled(name=name, name_=NAME)
        case TrustedKind.SAML | TrustedKind.WEB_IDENTITY:
            return Message("assume the role as somebody whom `{name}` vouches for").filled(
                name=name
            )
        case _:
            return Message("assume the role as `{name}`").filled(name=name)


def _bounds(document: Document) -> tuple[Document, Document]:
    """Return the document as it allows least and most, whatever holds of the other conditions."""
    least, most = [], []
    for each in document.statements:
        kept = tuple(c for c in each.conditions if c.key.lower() in _TRIED)
        loose = replace(each, conditions=kept)
        certain = kept == each.conditions
        if certain or each.effect is Effect.DENY:
            least.append(loose)
        if certain or each.effect is Effect.ALLOW:
            most.append(loose)
    return replace(document, statements=tuple(least)), replace(document, statements=tuple(most))


@dataclass(frozen=True, slots=True)
class _Asked:
    """A trust policy that is asked, as it allows least and most."""

    least: Document
    most: Document
    role: str
    decider: Decider

    def cell(self, trusted: Trusted, held: Held | Way) -> Cell:
        """Return what comes of it, and the assumptions that mattered."""
        if held not in trusted.kind.held:
            return Cell(Outcome.NOBODY)
        request = trusted.request(held, self.role, SigninAssumptions())
        credential = trusted.credential(held)
        if credential is not None:
            ruling = service_rule(credential, request.action, SigninAssumptions())
            if isinstance(ruling, Refused):
                return Cell(Outcome.REFUSED, (), request.principal)
        unsigned = credential is None
        outcome, assumptions = self.outcome(request, unsigned=unsigned)
        for name, other in _otherwise(trusted, held, self.role, request):
            if self.outcome(other, unsigned=unsigned)[0] is not outcome:
                assumptions |= {name}
        return Cell(outcome, tuple(sorted(assumptions)), request.principal)

    def outcome(self, request: Request, *, unsigned: bool) -> tuple[Outcome, set[str]]:
        """Return the outcome if it is the same whatever holds of the other conditions.

        Who signs with no credential of IAM has no policies of their own.
        """
        outcomes, assumptions = set(), set[str]()
        for document in dict.fromkeys((self.least, self.most)):
            policies = policies_with(document, PolicyKind.TRUST)
            if unsigned:
                policies = replace(policies, identity=())
            decision = self.decider.decide(request, policies)
            outcomes.add(_OUTCOMES[decision.effect])
            assumptions |= set(decision.assumed)
        return outcomes.pop() if len(outcomes) == 1 else Outcome.CONDITIONAL, assumptions


def _otherwise(
    trusted: Trusted, held: Held | Way, role: str, request: Request
) -> Iterator[tuple[str, Request]]:
    """Yield what the call would show if a point were otherwise that AWS does not document."""
    if held is Held.ROLE:
        absent = SigninAssumptions(role_session_mfa=RoleSessionMfa.ABSENT)
        yield "role_session_mfa", trusted.request(held, role, absent)
    if held is Way.SERVICE:
        context = Context({**request.context, "aws:MultiFactorAuthPresent": "false"})
        yield "service_shows_mfa", replace(request, context=context)
