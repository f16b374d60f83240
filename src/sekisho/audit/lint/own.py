"""Whose things a policy forgets: users with a path, devices of another name (facts §1.6, §1.7)."""

from collections.abc import Iterator

from sekisho.audit.finding import Finding, FindingId, found, place_in
from sekisho.audit.held import Ask
from sekisho.audit.lint.asking import Asker, State
from sekisho.audit.lint.facts import asked, listed
from sekisho.audit.probes import Target, probes_of
from sekisho.catalogue import Action, Catalogue
from sekisho.engine import DecisionEffect
from sekisho.messages import Message
from sekisho.policy import Document, Effect, Statement

__all__ = ["own_checks"]

_MOST_ACTIONS = 12
_MOST_PATTERNS = 60
_CREATE = "iam:CreateVirtualMFADevice"
_ENABLE = "iam:enablemfadevice"
_NOT_WITH_PATH = Message("open to `user/hanako` and not to `user/staff/hanako`")


def own_checks(document: Document, asker: Asker, catalogue: Catalogue) -> Iterator[Finding]:
    """Yield what users may do to their own things, and some of them may not."""
    lost: list[str] = []
    where: Statement | None = None
    for action in _own_actions(document, catalogue):
        if asker.exhausted:
            return
        cause = _lost(document, action, asker)
        if cause is not None:
            lost.append(str(action))
            where = cause if where is None else where
    if lost and where is not None:
        shown = ", ".join(f"`{name}`" for name in lost)
        fact = listed(_NOT_WITH_PATH, shown)
        yield found(FindingId.USER_PATH, place_in(document, where), fact)
    yield from _device_name(document, asker, catalogue)


def _own_actions(document: Document, catalogue: Catalogue) -> Iterator[Action]:
    """Yield the actions on users that the Allows name, and before them enrolment."""
    named = {
        value.lower()
        for statement in document.statements
        if statement.effect is Effect.ALLOW and not statement.action.negated
        for value in statement.action.values
        if value.lower().startswith("iam:")
    } | {_ENABLE}
    found = {
        str(action): action
        for value in sorted(named)[:_MOST_PATTERNS]
        for action in catalogue.expand(value)
        if any(kind.name == "user" for kind in action.resource_types)
    }
    ordered = sorted(found, key=lambda name: (name.lower() != _ENABLE, name))
    yield from (found[name] for name in ordered[:_MOST_ACTIONS])


def _lost(document: Document, action: Action, asker: Asker) -> Statement | None:
    """Return the statement that tells a user with a path from one without, to their loss."""
    by_target = {
        probe.target: Ask(str(action), probe.resource, probe.holder.path)
        for probe in probes_of(action, asker.home.partition, asker.home.account)
    }
    own, with_path = by_target.get(Target.OWN), by_target.get(Target.OWN_WITH_PATH)
    if own is None or with_path is None:
        return None
    # what a Deny without MFA does to paths shows at enrolment
    states = (State.FRESH, State.NO_MFA) if str(action).lower() == _ENABLE else (State.FRESH,)
    for state in states:
        mine = asker.effect(document.statements, own, state)
        theirs = asker.effect(document.statements, with_path, state)
        if mine is DecisionEffect.EXPLICITLY_DENIED or theirs is mine:
            continue
        if mine is DecisionEffect.ALLOWED:
            return asker.cause(document.statements, own, state)
        if theirs is DecisionEffect.EXPLICITLY_DENIED:
            return asker.cause(document.statements, with_path, state)
    return None


def _device_name(document: Document, asker: Asker, catalogue: Catalogue) -> Iterator[Finding]:
    action = catalogue.action(_CREATE)
    if action is None:
        return
    by_target = {
        probe.target: Ask(str(action), probe.resource)
        for probe in probes_of(action, asker.home.partition, asker.home.account)
    }
    named, other = by_target.get(Target.OWN), by_target.get(Target.OWN_OTHER_NAME)
    if named is None or other is None:
        return
    for state in (State.NO_MFA, State.FRESH):
        refused = asker.effect(document.statements, other, state)
        if refused is DecisionEffect.ALLOWED:
            continue
        if asker.allowed(document.statements, named, state):
            statement = asker.cause(document.statements, named, state)
            fact = asked(other, state, refused)
            yield found(FindingId.DEVICE_NAME, place_in(document, statement), fact)
            return
