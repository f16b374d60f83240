"""Asking the engine about a document, one credential at a time, within a bound.

Documents are asked as the only identity-based policy of whoever asks; other kinds of policy are
brought into that form first, since their statements apply in the same way.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from enum import Enum

from sekisho.audit.held import Ask, Held, Home, request_of
from sekisho.audit.truth import policies_with
from sekisho.engine import Context, Decision, DecisionEffect, Request, decide
from sekisho.policy import Condition, Document, Element, OperatorName, PolicyKind, Statement
from sekisho.policy.document import PrincipalKey

__all__ = ["Asker", "State", "as_identity", "bare", "relaxed", "with_statement"]

MOST_WORK = 30_000
"""How many entries of a document are compared at most: a bound on time that every policy within
AWS's quotas that people write keeps; what goes beyond is reported as a gap."""

LONGEST_SESSION = 129_600
"""Seconds: nobody's MFA is older (facts §3.1)."""

_MOST_AGES = 10

_ONE_QUESTION = 10
"""What a question costs before the first statement is read, in entries compared."""

_MFA_PRESENT = "aws:multifactorauthpresent"
_MFA_AGE = "aws:multifactorauthage"
_DECIDED = frozenset({_MFA_PRESENT, _MFA_AGE, "aws:viaawsservice"})
_WHO = frozenset({"aws:principalarn", "aws:principaltype", "aws:username", "aws:userid"})


class State(Enum):
    """What a request shows of MFA, and what has to be held for it."""

    KEY = Held.KEY
    NO_MFA = Held.CONSOLE
    FRESH = Held.CONSOLE_MFA
    STALE = Held.TOKEN_MFA


def bare(statement: Statement) -> Statement:
    """Return the statement without its conditions."""
    return replace(statement, conditions=())


def relaxed(statement: Statement, *, keep_who: bool = False) -> Statement:
    """Return the statement with those conditions only that a credential decides.

    The others, such as on an address, are taken to hold: the question is what MFA does then.
    """
    kept = tuple(each for each in statement.conditions if _decided(each, keep_who))
    return replace(statement, conditions=kept)


def _decided(condition: Condition, keep_who: bool) -> bool:
    key = condition.key.lower()
    if key == "aws:tokenissuetime":
        return condition.operator.name is OperatorName.NULL
    return key in _DECIDED or (keep_who and key in _WHO)


def with_statement(document: Document, statement: Statement) -> Document:
    """Return the document with `statement` in the place of that of the same index."""
    statements = tuple(
        statement if each.index == statement.index else each for each in document.statements
    )
    return replace(document, statements=statements)


def as_identity(document: Document, kind: PolicyKind) -> Document:
    """Return the document in the form of an identity-based policy.

    Of a trust policy those statements stay that name users, roles or accounts.
    """
    if kind is not PolicyKind.TRUST:
        return document
    people = {PrincipalKey.AWS, PrincipalKey.ANYONE}
    statements = tuple(
        replace(each, principal=None, resource=Element(("*",)))
        for each in document.statements
        if each.principal and people & {key for key, _ in each.principal.entries}
    )
    return replace(document, statements=statements)


class Asker:
    """Asks about documents in one home, and keeps count of the work."""

    def __init__(self, home: Home, ages: Iterable[int]) -> None:
        self.home = home
        named = sorted(set(ages))[:_MOST_AGES]
        near = {age + step for age in named for step in (-1, 0, 1) if age + step >= 0}
        self._stale = str(max([LONGEST_SESSION, *near]))
        self._ages = tuple(sorted({0, *near, int(self._stale)}))
        self._work = 0
        self._decided: dict[tuple[int, Ask, Held | State], tuple[Document, Decision]] = {}

    @property
    def exhausted(self) -> bool:
        """Whether the bound is reached: what is not asked by then is a gap."""
        return self._work > MOST_WORK

    def decision(self, document: Document, ask: Ask, held: Held | State) -> Decision:
        """Return the engine's decision, the document being all that there is."""
        key = (id(document), ask, held)
        if key not in self._decided:
            self._work += _weight(document)
            changes: Mapping[str, str] = {}
            real = held
            if isinstance(real, State):
                changes = self._changes(real)
                real = real.value
            request = request_of(real, ask, self.home)
            if changes:
                request = replace(request, context=request.context.with_(changes))
            decision = decide(request, policies_with(document, PolicyKind.IDENTITY))
            # the document is kept too, so that no other one can get its identity
            self._decided[key] = (document, decision)
        return self._decided[key][1]

    def _changes(self, state: State) -> Mapping[str, str]:
        match state:
            case State.FRESH:
                return {_MFA_AGE: "0"}
            case State.STALE:
                return {_MFA_AGE: self._stale}
            case State.KEY | State.NO_MFA:
                return {}

    def effect(self, document: Document, ask: Ask, held: Held | State) -> DecisionEffect:
        """Return the effect of the decision."""
        return self.decision(document, ask, held).effect

    def denied(self, document: Document, ask: Ask, held: Held | State) -> bool:
        """Tell whether the document explicitly denies."""
        return self.effect(document, ask, held) is DecisionEffect.EXPLICITLY_DENIED

    def allowed(self, document: Document, ask: Ask, held: Held | State) -> bool:
        """Tell whether the document allows."""
        return self.effect(document, ask, held) is DecisionEffect.ALLOWED

    def applies(
        self, document: Document, statement: Statement, ask: Ask, held: Held | State
    ) -> bool:
        """Tell whether one statement applies; `document` gives the version of the language."""
        alone = replace(document, statements=(statement,))
        return self.effect(alone, ask, held) is not DecisionEffect.IMPLICITLY_DENIED

    def depends_on_mfa(self, document: Document, statement: Statement, ask: Ask) -> bool:
        """Tell whether MFA alone, all else being equal, changes whether a statement applies."""
        if not _mentions_mfa(statement):
            return False
        alone = replace(document, statements=(relaxed(statement),))
        for held in (Held.KEY, Held.CONSOLE):
            request = request_of(held, ask, self.home)
            without = {
                key: value
                for key, value in request.context.items()
                if key.lower() not in (_MFA_PRESENT, _MFA_AGE)
            }
            answers = {
                self._applies_to(alone, replace(request, context=Context({**without, **mfa})))
                for mfa in self._mfa_values()
            }
            if len(answers) > 1:
                return True
        return False

    def ever_applies(self, document: Document, statement: Statement, ask: Ask) -> bool:
        """Tell whether a statement applies with any credential, at any age of MFA."""
        alone = replace(document, statements=(statement,))
        if any(self._applies_to(alone, request_of(held, ask, self.home)) for held in Held):
            return True
        for held in (Held.CONSOLE_MFA, Held.SERVICE_FOR_MFA):
            request = request_of(held, ask, self.home)
            for age in self._ages:
                context = request.context.with_({_MFA_AGE: str(age)})
                if self._applies_to(alone, replace(request, context=context)):
                    return True
        return False

    def _applies_to(self, alone: Document, request: Request) -> bool:
        self._work += _weight(alone)
        policies = policies_with(alone, PolicyKind.IDENTITY)
        return decide(request, policies).effect is not DecisionEffect.IMPLICITLY_DENIED

    def _mfa_values(self) -> tuple[dict[str, str], ...]:
        with_mfa = tuple({_MFA_PRESENT: "true", _MFA_AGE: str(age)} for age in self._ages)
        return ({}, {_MFA_PRESENT: "false"}, *with_mfa)


def _mentions_mfa(statement: Statement) -> bool:
    """Tell whether an MFA key stands anywhere in a statement; where none does, none counts."""
    texts = [condition.key for condition in statement.conditions]
    texts += [value for condition in statement.conditions for value in condition.values]
    texts += statement.resource.values if statement.resource else ()
    return any("aws:multifactorauth" in text.lower() for text in texts)


def _weight(document: Document) -> int:
    return _ONE_QUESTION + sum(
        1 + len(each.action.values) + len(each.resource.values if each.resource else ())
        for each in document.statements
    )
