"""What the condition of one statement does to MFA, asked of the engine.

Source: IAM User Guide, "AWS global condition context keys", on `aws:MultiFactorAuthPresent`.
"""

from collections.abc import Iterator, Mapping

from sekisho.audit.finding import Finding, FindingId, found, place_in
from sekisho.audit.lint.asking import Asker, MfaState, relaxed
from sekisho.audit.lint.questions import asked
from sekisho.audit.meaning.credentials import ActionOnResource
from sekisho.messages import Message
from sekisho.policy import Document, Effect, Quantifier, Statement

_ENROLMENT = frozenset({"iam:createvirtualmfadevice", "iam:enablemfadevice", "iam:resyncmfadevice"})
_Vector = Mapping[MfaState, bool]


class Dependent:
    """A statement for which MFA makes a difference, and requests that it is about."""

    def __init__(self, statement: Statement, asks: tuple[ActionOnResource, ...]) -> None:
        self.statement = statement
        self.asks = asks


def statement_checks(document: Document, dependent: Dependent, asker: Asker) -> Iterator[Finding]:
    """Yield what is wrong with the MFA condition of one statement of a document."""
    statement = dependent.statement
    told: set[FindingId] = set()
    for ask in dependent.asks:
        if asker.exhausted:
            return
        own = {state: asker.applies(relaxed(statement), ask, state) for state in MfaState}
        if statement.effect is Effect.DENY:
            wrong = _deny(document, own, ask, asker)
        else:
            wrong = _allow(document, dependent, own, ask, asker)
        for name, state in wrong:
            if name not in told:
                told.add(name)
                yield found(
                    name,
                    place_in(document, statement, path="Condition", position=statement.position),
                    _fact(document, statement, ask, state, asker),
                )


_Found = Iterator[tuple[FindingId, MfaState]]


def _deny(document: Document, own: _Vector, ask: ActionOnResource, asker: Asker) -> _Found:
    """Find what the Deny misses and no other Deny of the document catches."""
    if own[MfaState.FRESH]:
        if not (own[MfaState.KEY] and own[MfaState.NO_MFA]):
            yield FindingId.DENY_INVERTED, MfaState.FRESH
        return
    misses = [
        state
        for state in (MfaState.KEY, MfaState.NO_MFA)
        if not own[state] and not asker.denied(document.statements, ask, state)
    ]
    if not misses:
        return
    if not own[MfaState.KEY] and not own[MfaState.NO_MFA]:
        if own[MfaState.STALE]:
            yield FindingId.AGE_WITHOUT_IF_EXISTS, misses[0]
        return
    name = {
        MfaState.KEY: FindingId.DENY_MISSES_KEYS,
        MfaState.NO_MFA: FindingId.DENY_MISSES_CONSOLE,
    }
    yield name[misses[0]], misses[0]


def _allow(
    document: Document, dependent: Dependent, own: _Vector, ask: ActionOnResource, asker: Asker
) -> _Found:
    """Find whom the Allow admits without MFA and no Deny of the document stops."""
    # what other Allows add is another matter
    admits = [
        state
        for state in (MfaState.KEY, MfaState.NO_MFA)
        if own[state] and not asker.denied(document.statements, ask, state)
    ]
    if not own[MfaState.FRESH]:
        if admits and ask.action.lower() not in _ENROLMENT:
            yield FindingId.ALLOW_INVERTED, admits[0]
        return
    if not admits:
        if asker.allowed(document.statements, ask, MfaState.KEY):
            yield FindingId.ALLOW_WITHOUT_TOO, MfaState.KEY
    elif MfaState.KEY in admits:
        quantified = any(
            each.operator.quantifier is Quantifier.FOR_ALL_VALUES
            for each in dependent.statement.conditions
        )
        name = FindingId.ALLOW_FOR_ALL_VALUES if quantified else FindingId.ALLOW_ADMITS_KEYS
        yield name, MfaState.KEY
    else:
        yield FindingId.ALLOW_ADMITS_SESSIONS, MfaState.NO_MFA


def _fact(
    document: Document, statement: Statement, ask: ActionOnResource, state: MfaState, asker: Asker
) -> Message:
    """Return the request that shows it, and the engine's answer."""
    whole = tuple(relaxed(each) if each is statement else each for each in document.statements)
    return asked(ask, state, asker.effect(whole, ask, state))
