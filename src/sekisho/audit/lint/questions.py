"""Requests that a statement is about, so that it can be asked what it does, and what came of them.

Only what AWS could be asked counts: an action of the catalogue on a resource of a kind that the
action is checked against.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import islice

from sekisho.audit.lint.asking import Asker, MfaState, bare
from sekisho.audit.meaning import CREDENTIALS, CredentialState
from sekisho.audit.meaning.credentials import NAME, PATH, ActionOnResource, Home, probes_of
from sekisho.catalogue import Action, Catalogue
from sekisho.engine import DecisionEffect
from sekisho.messages import Message
from sekisho.policy import Statement, applies_to_resource

STAND_INS = (
    "s3:ListAllMyBuckets",
    "ec2:RunInstances",
    "s3:GetObject",
    "lambda:InvokeFunction",
    "iam:CreateUser",
    "sts:AssumeRole",
)
"""Actions that stand for everything that a policy does not name."""

_ENROLMENT = ("iam:EnableMFADevice", "iam:CreateVirtualMFADevice", "iam:ListMFADevices")
_MOST_PATTERNS = 12
_MOST_OF_A_PATTERN = 3
_MOST_RESOURCES = 8
_ARN_PARTS = 6
_USERNAME = re.compile(r"\$\{aws:username(?:, '[^'}]*')?\}", re.IGNORECASE)
_DEFAULT = re.compile(r"\$\{[^\s{}$'*?,]+, '([^'}]*)'\}")


def stand_ins(home: Home, catalogue: Catalogue) -> tuple[ActionOnResource, ...]:
    """Return one question for each stand-in."""
    asks = []
    for name in STAND_INS:
        action = catalogue.action(name)
        if action is not None:
            asks.append(next(iter(probes_of(action, home))).ask)
    return tuple(asks)


def questions(
    statement: Statement, asker: Asker, catalogue: Catalogue
) -> Iterator[ActionOnResource]:
    """Yield requests that the statement takes in, its conditions apart; of many, some of each."""
    for action in _actions(statement, catalogue):
        for ask in _about(action, statement, asker):
            if asker.exhausted:
                return
            if asker.applies(bare(statement), ask, CredentialState.KEY):
                yield ask
                break


def _actions(statement: Statement, catalogue: Catalogue) -> Iterator[Action]:
    values = statement.action.values
    if statement.action.negated or any(set(value) <= set("*:") for value in values):
        found = [catalogue.action(name) for name in (*STAND_INS, *_ENROLMENT)]
        yield from (action for action in found if action is not None)
        if not statement.action.negated:
            return
        values = ()
    for value in values[:_MOST_PATTERNS]:
        if catalogue.service_name(value.partition(":")[0]) is not None:
            yield from islice(catalogue.matching(value), _MOST_OF_A_PATTERN)


def _about(action: Action, statement: Statement, asker: Asker) -> Iterator[ActionOnResource]:
    yield from asker.asks_of(action)
    resource = statement.resource
    if resource is None or resource.negated:
        return
    for value in resource.values[:_MOST_RESOURCES]:
        asker.work.add(2 * len(action.resource_types))
        if value.startswith("arn:") and applies_to_resource(action, (value,)):
            filled = _filled(value, asker.home)
            if filled is not None:
                yield ActionOnResource(str(action), filled, PATH if "/*/" in value else "/")


def _filled(pattern: str, home: Home) -> str | None:
    """Return an ARN that the pattern matches, or None if a variable has no value here."""
    text = _DEFAULT.sub(lambda found: found[1], _USERNAME.sub(NAME, pattern))
    if "${" in text:
        return None
    parts = text.split(":", _ARN_PARTS - 1)
    parts += ["*"] * (_ARN_PARTS - len(parts))
    defaults = ("arn", home.partition, "any", "any", home.account, "any")
    filled = [
        part.replace("*", default).replace("?", "x")
        for part, default in zip(parts, defaults, strict=True)
    ]
    return ":".join(filled)


_EFFECTS: Mapping[DecisionEffect, Message] = {
    DecisionEffect.ALLOWED: Message("Allowed", "decision"),
    DecisionEffect.IMPLICITLY_DENIED: Message("ImplicitlyDenied", "decision"),
    DecisionEffect.EXPLICITLY_DENIED: Message("ExplicitlyDenied", "decision"),
}


def asked(
    ask: ActionOnResource, state: CredentialState | MfaState, effect: DecisionEffect
) -> Message:
    """Return a request as it was made with a credential, and the answer."""
    if state is MfaState.STALE:
        holding = CredentialState.CONSOLE_MFA
    else:
        holding = state.value if isinstance(state, MfaState) else state
    return Message("`{action}` on `{resource}`, {credential}: {effect}").filled(
        action=ask.action,
        resource=ask.resource,
        credential=Message.both(holding.value, CREDENTIALS[holding].ja),
        effect=_EFFECTS[effect],
    )


def listed(before: Message, names: str) -> Message:
    """Return a list with what is said about it before."""
    return Message("{before}: {names}").filled(before=before, names=names)


def applying(applies: bool, otherwise: bool, assumption: str) -> Message:
    """Return what comes of the condition, and the assumption that it rests on."""
    says = {
        True: Message("always applies"),
        False: Message("never applies"),
    }
    if applies is otherwise:
        return says[applies]
    return Message("{says} (if `{assumption}` is set the other way, it {says_})").filled(
        says=says[applies], assumption=assumption, says_=says[otherwise]
    )
