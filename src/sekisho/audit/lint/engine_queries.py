"""Questions to the engine about statements, one credential at a time, within a bound.

Every answer is the engine's on one statement. `Asker.effect` combines several, which a law compares
with the engine's decisions. Other kinds of policy are converted to the form of an identity-based
one first, since their statements apply in the same way.
"""

from collections.abc import Iterator
from dataclasses import replace
from enum import Enum

from sekisho.audit.meaning import CredentialState
from sekisho.audit.meaning.credentials import ActionOnResource, Home, probes_of, request_of
from sekisho.catalogue import Action
from sekisho.engine import (
    Assumptions,
    AttachedPolicy,
    Context,
    DecisionEffect,
    applies,
    cached_by_identity,
    check_policies,
    is_cross_account,
)
from sekisho.engine.matching import Caller, Closeness, Scope, TrackedAssumptions, caller_of
from sekisho.policy import (
    Condition,
    Document,
    Effect,
    Element,
    OperatorName,
    PolicyKind,
    Statement,
)
from sekisho.signin import LONGEST_CONSOLE_SESSION


class Work:
    """An amount of work up to a bound; what exceeds it is a gap, never a pass.

    Args:
        most: the bound, in comparisons.
    """

    def __init__(self, most: int) -> None:
        self._left = most

    def add(self, amount: int) -> None:
        """Add to the work done."""
        self._left -= amount

    @property
    def exhausted(self) -> bool:
        """Whether the work exceeds the bound."""
        return self._left < 0


Statements = tuple[Statement, ...]

MOST_WORK = 5_000
"""How many entries of statements are compared at most: a bound on time that every policy within
AWS's quotas that people write keeps; what goes beyond is reported as a gap."""

LONGEST_SESSION = int(LONGEST_CONSOLE_SESSION.total_seconds())
"""The seconds of the longest session: MFA is never older."""

_MOST_AGES = 10
_LOOKED_UP = 8
"""The number of look-ups that take as long as one comparison."""

_MFA_PRESENT = "aws:multifactorauthpresent"
_MFA_AGE = "aws:multifactorauthage"
_DECIDED = frozenset({_MFA_PRESENT, _MFA_AGE, "aws:viaawsservice"})
_WHO = frozenset({"aws:principalarn", "aws:principaltype", "aws:username", "aws:userid"})


class MfaState(Enum):
    """The MFA keys of a request, and the credential that brings them."""

    KEY = CredentialState.KEY
    NO_MFA = CredentialState.CONSOLE
    FRESH = CredentialState.CONSOLE_MFA
    STALE = CredentialState.TOKEN_MFA


@cached_by_identity
def bare(statement: Statement) -> Statement:
    """Return the statement without its conditions."""
    return replace(statement, conditions=())


@cached_by_identity
def relaxed(statement: Statement) -> Statement:
    """Return the statement with only the conditions that a credential decides.

    The others, such as one on an address, are assumed to hold: the question is the effect of MFA.
    """
    return _with_conditions_on(statement, _DECIDED)


@cached_by_identity
def relaxed_but_who(statement: Statement) -> Statement:
    """Return the statement with only the conditions that a credential or its holder decides."""
    return _with_conditions_on(statement, _DECIDED | _WHO)


def _with_conditions_on(statement: Statement, keys: frozenset[str]) -> Statement:
    decided = tuple(each for each in statement.conditions if _decided(each, keys))
    return replace(statement, conditions=decided)


def _decided(condition: Condition, keys: frozenset[str]) -> bool:
    key = condition.key.lower()
    if key == "aws:tokenissuetime":
        return condition.operator.name is OperatorName.NULL
    return key in keys


def as_identity(document: Document, kind: PolicyKind) -> Document:
    """Return the document in the form of an identity-based policy.

    The principals of a trust or resource-based policy are not considered here, but in
    `resource_policies`.
    """
    if kind is PolicyKind.RESOURCE:
        nobody = tuple(replace(each, principal=None) for each in document.statements)
        return replace(document, statements=nobody)
    if kind is not PolicyKind.TRUST:
        return document
    statements = tuple(
        replace(each, principal=None, resource=Element(("*",))) for each in document.statements
    )
    return replace(document, statements=statements)


_Shown = tuple[CredentialState, str | None, str | None]
"""A credential; `aws:MultiFactorAuthPresent`, "" for what the credential brings; and its age."""


class Asker:
    """Asks the engine about the statements of one document in one home, and counts the work.

    Args:
        home: where the people live who ask.
        document: the document; only its version and its ages of MFA count here.

    Attributes:
        work: the work done so far.
    """

    def __init__(self, home: Home, document: Document) -> None:
        self.home = home
        self._version = document.version
        named = sorted(set(_ages(document)))[:_MOST_AGES]
        near = {age + step for age in named for step in (-1, 0, 1) if age + step >= 0}
        self._stale = str(max([LONGEST_SESSION, *near]))
        ages = sorted({0, *near, int(self._stale)})
        self._mfa_states: tuple[tuple[str | None, str | None], ...] = (
            (None, None),
            ("false", None),
            *(("true", str(age)) for age in ages),
        )
        self.work = Work(MOST_WORK)
        self._doubts = TrackedAssumptions(Assumptions())
        self._askers: dict[tuple[_Shown, str], tuple[Caller, Context]] = {}
        self._scopes: dict[tuple[ActionOnResource, _Shown], Scope] = {}
        self._probed: dict[str, tuple[ActionOnResource, ...]] = {}
        # equal statements share their number, and so their answers
        self._numbers: dict[tuple[object, ...], int] = {}
        self._numbered: dict[int, tuple[Statement, int]] = {}
        self._answers: dict[tuple[int, int], bool] = {}
        self._causes: dict[tuple[int, int], tuple[Statements, Statement | None]] = {}

    @property
    def exhausted(self) -> bool:
        """Whether the bound is reached: later questions are a gap."""
        return self.work.exhausted

    def asks_of(self, action: Action) -> tuple[ActionOnResource, ...]:
        """Return one question about an action for each of its probes."""
        name = str(action)
        if name not in self._probed:
            asks = (probe.ask for probe in probes_of(action, self.home))
            self._probed[name] = tuple(dict.fromkeys(asks))
        return self._probed[name]

    def cause(
        self, statements: Statements, ask: ActionOnResource, state: CredentialState | MfaState
    ) -> Statement | None:
        """Return the first Deny that applies, else the first Allow that does, else None.

        Results are cached by the identity of a tuple of statements.
        """
        scope = self._scope(ask, self._caller_shown(state))
        key = (id(statements), id(scope))
        if key not in self._causes:
            self.work.add(len(statements) // _LOOKED_UP)
            self._causes[key] = statements, self._cause(statements, scope)
        return self._causes[key][1]

    def _cause(self, statements: Statements, scope: Scope) -> Statement | None:
        for effect in (Effect.DENY, Effect.ALLOW):
            for each in statements:
                if each.effect is effect and self._applies(each, scope):
                    return each
        return None

    def effect(
        self, statements: Statements, ask: ActionOnResource, state: CredentialState | MfaState
    ) -> DecisionEffect:
        """Return the decision on a request, with the statements as the only ones."""
        cause = self.cause(statements, ask, state)
        if cause is None:
            return DecisionEffect.IMPLICITLY_DENIED
        if cause.effect is Effect.DENY:
            return DecisionEffect.EXPLICITLY_DENIED
        scope = self._scope(ask, self._caller_shown(state))
        # for another account's resource, its own policy would have to allow it too
        if is_cross_account(scope.request, scope.caller):
            return DecisionEffect.IMPLICITLY_DENIED
        return DecisionEffect.ALLOWED

    def denied(
        self, statements: Statements, ask: ActionOnResource, state: CredentialState | MfaState
    ) -> bool:
        """Return whether the statements explicitly deny."""
        return self.effect(statements, ask, state) is DecisionEffect.EXPLICITLY_DENIED

    def allowed(
        self, statements: Statements, ask: ActionOnResource, state: CredentialState | MfaState
    ) -> bool:
        """Return whether the statements allow."""
        return self.effect(statements, ask, state) is DecisionEffect.ALLOWED

    def applies(
        self, statement: Statement, ask: ActionOnResource, state: CredentialState | MfaState
    ) -> bool:
        """Return whether one statement applies."""
        return self._applies(statement, self._scope(ask, self._caller_shown(state)))

    def depends_on_mfa(self, statement: Statement, ask: ActionOnResource) -> bool:
        """Return whether MFA alone changes whether a statement applies, all else being equal."""
        if not _mentions_mfa(statement):
            return False
        loose = relaxed(statement)
        for state in (CredentialState.KEY, CredentialState.CONSOLE):
            answers = {self.applies_showing(loose, ask, state, *mfa) for mfa in self._mfa_states}
            if len(answers) > 1:
                return True
        return False

    def ever_applies(self, statement: Statement, ask: ActionOnResource) -> bool:
        """Return whether a statement applies for some values of the credential's keys.

        Each key varies independently, also to values that no credential is known to have: a service
        may call for a session, an AssumeRole call with a key may have a code.
        """
        kinds = (
            CredentialState.KEY,
            CredentialState.CONSOLE,
            CredentialState.SERVICE_FOR_KEY,
            CredentialState.SERVICE_FOR_MFA,
        )
        return any(
            self.applies_showing(statement, ask, state, *mfa)
            for state in kinds
            for mfa in self._mfa_states
        )

    def applies_showing(
        self,
        statement: Statement,
        ask: ActionOnResource,
        state: CredentialState,
        present: str | None,
        age: str | None,
    ) -> bool:
        """Return whether a statement applies to a credential with these MFA keys; None: absent."""
        return self._applies(statement, self._scope(ask, (state, present, age)))

    def _applies(self, statement: Statement, scope: Scope) -> bool:
        key = (self.number(statement), id(scope))
        answer = self._answers.get(key)
        if answer is None:
            self.work.add(_weight(statement))
            answer = applies(statement, scope) is not Closeness.NOT
            self._answers[key] = answer
        return answer

    def number(self, statement: Statement) -> int:
        """Return the number that equal statements share."""
        known = self._numbered.get(id(statement))
        if known is None:
            said = (statement.effect, statement.action, statement.resource, statement.conditions)
            number = self._numbers.setdefault(said, len(self._numbers))
            # the statement is kept too, so that no other one can get its identity
            known = self._numbered[id(statement)] = statement, number
        return known[1]

    def _caller_shown(self, state: CredentialState | MfaState) -> _Shown:
        match state:
            case MfaState.FRESH:
                return CredentialState.CONSOLE_MFA, "true", "0"
            case MfaState.STALE:
                return CredentialState.TOKEN_MFA, "true", self._stale
            case MfaState():
                return state.value, "", None
            case CredentialState():
                return state, "", None

    def _scope(self, ask: ActionOnResource, shown: _Shown) -> Scope:
        """Return the scope for matching; the same object for equal questions."""
        key = (ask, shown)
        if key not in self._scopes:
            state, present, age = shown
            request = request_of(state, ask, self.home)
            by_whom = (shown, ask.path)
            if by_whom not in self._askers:
                context = (
                    request.context if present == "" else _changed(request.context, present, age)
                )
                self._askers[by_whom] = caller_of(request, bounded=False), context
            caller, context = self._askers[by_whom]
            self._scopes[key] = Scope(
                replace(request, context=context), caller, self._version, self._doubts
            )
        return self._scopes[key]


def check(document: Document) -> None:
    """Check that the engine can read a document in the form of an identity-based policy.

    Raises:
        FaultyPolicy: if a part of it cannot be interpreted for certain.
    """
    check_policies(PolicyKind.IDENTITY, (AttachedPolicy(document.source or "policy", document),))


def _changed(context: Context, present: str | None, age: str | None) -> Context:
    """Return a context with these MFA keys; None leaves a key out."""
    others = {
        key: value for key, value in context.items() if key.lower() not in (_MFA_PRESENT, _MFA_AGE)
    }
    mfa = {_MFA_PRESENT: present, _MFA_AGE: age}
    return Context({**others, **{key: value for key, value in mfa.items() if value is not None}})


def _ages(document: Document) -> Iterator[int]:
    """Yield the ages in conditions on `aws:MultiFactorAuthAge`."""
    for statement in document.statements:
        for condition in statement.conditions:
            if condition.key.lower() == _MFA_AGE:
                for value in condition.values:
                    if value.isascii() and value.isdigit() and len(value) < 12:  # noqa: PLR2004 - what a number of seconds can be
                        yield int(value)


def _mentions_mfa(statement: Statement) -> bool:
    """Return whether a statement contains an MFA key anywhere."""
    texts = [condition.key for condition in statement.conditions]
    texts += [value for condition in statement.conditions for value in condition.values]
    texts += statement.resource.values if statement.resource else ()
    return any("aws:multifactorauth" in text.lower() for text in texts)


def _weight(statement: Statement) -> int:
    """Return the greatest cost of one question about a statement, in entries compared."""
    resources = statement.resource.values if statement.resource else ()
    wild = sum("*" in each or "?" in each for each in statement.action.values)
    values = sum(len(each.values) for each in statement.conditions)
    return 1 + wild // _LOOKED_UP + len(resources) + values
