"""The effect of one statement on MFA: requests that it covers, and the engine's decisions.

Only requests that AWS could receive count: an action of the catalogue on a resource of a kind that
the action is checked against.

Source: IAM User Guide, "AWS global condition context keys", on `aws:MultiFactorAuthPresent`;
"AWS security best practices", on the actions by which one user becomes another.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import islice

from sekisho.audit.finding import Finding, FindingId, found, place_in
from sekisho.audit.lint.engine_queries import Asker, MfaState, bare, relaxed
from sekisho.audit.meaning import CREDENTIALS, CredentialState
from sekisho.audit.meaning.credentials import (
    COLLEAGUE,
    NAME,
    PATH,
    ActionOnResource,
    Home,
    probes_of,
)
from sekisho.catalogue import Action, Catalogue
from sekisho.engine import DecisionEffect
from sekisho.engine.matching import glob
from sekisho.messages import Message
from sekisho.policy import (
    Document,
    Effect,
    Quantifier,
    Statement,
    applies_to_resource,
    from_json,
)

STAND_INS = (
    "s3:ListAllMyBuckets",
    "ec2:RunInstances",
    "s3:GetObject",
    "lambda:InvokeFunction",
    "iam:CreateUser",
    "sts:AssumeRole",
)
"""Actions that represent all actions that a policy does not name."""

_ENROLMENT_CALLS = ("iam:EnableMFADevice", "iam:CreateVirtualMFADevice", "iam:ListMFADevices")
_USUAL = ("s3:DeleteObject", "s3:DeleteBucket", "s3:GetObject", "s3:ListBucket", "s3:PutObject")
_MOST_PATTERNS = 12
_MOST_OF_A_PATTERN = 3
_MOST_RESOURCES = 8
_ARN_PARTS = 6
_USERNAME = re.compile(r"\$\{aws:username(?:, '[^'}]*')?\}", re.IGNORECASE)
_DEFAULT = re.compile(r"\$\{[^\s{}$'*?,]+, '([^'}]*)'\}")


def stand_ins(home: Home, catalogue: Catalogue) -> tuple[ActionOnResource, ...]:
    """Return one question for each representative action."""
    asks = []
    for name in STAND_INS:
        action = catalogue.action(name)
        if action is not None:
            asks.append(next(iter(probes_of(action, home))).ask)
    return tuple(asks)


def questions(
    statement: Statement, asker: Asker, catalogue: Catalogue
) -> Iterator[ActionOnResource]:
    """Yield requests that the statement covers, apart from its conditions; some of many."""
    for action in _actions(statement, catalogue):
        for ask in _requests_about(action, statement, asker):
            if asker.exhausted:
                return
            if asker.applies(bare(statement), ask, CredentialState.KEY):
                yield ask
                break


def _actions(statement: Statement, catalogue: Catalogue) -> Iterator[Action]:
    values = statement.action.values
    if statement.action.negated or any(set(value) <= set("*:") for value in values):
        found = [catalogue.action(name) for name in (*STAND_INS, *_ENROLMENT_CALLS)]
        yield from (action for action in found if action is not None)
        if not statement.action.negated:
            return
        values = ()
    for value in values[:_MOST_PATTERNS]:
        if catalogue.service_name(value.partition(":")[0]) is not None:
            yield from islice(catalogue.matching(value), _MOST_OF_A_PATTERN)
            # the first matches of a pattern may all be about other kinds of resource
            usual = [name for name in _USUAL if glob.like(value.lower(), name.lower())]
            yield from (each for each in map(catalogue.action, usual) if each is not None)


def _requests_about(
    action: Action, statement: Statement, asker: Asker
) -> Iterator[ActionOnResource]:
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
    """Return the text of a request with a credential, and of the answer."""
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


_ALLOW_ALL = from_json({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
_BESIDE = Message("{decision}, together with a policy that allows everything")


_NOT_DENIED = Message("`{action}` on `{resource}` is not denied")


def let_through(
    statements: tuple[Statement, ...],
    ask: ActionOnResource,
    state: CredentialState | MfaState,
    asker: Asker,
) -> Message:
    """Return the text of a request that statements do not deny, with a decision that shows it.

    A request that they neither allow nor deny is denied if they are alone, which proves nothing: so
    it is decided again with everything allowed besides.
    """
    effect = asker.effect(statements, ask, state)
    if effect is not DecisionEffect.IMPLICITLY_DENIED:
        return asked(ask, state, effect)
    allowed = asker.effect((*statements, *_ALLOW_ALL.statements), ask, state)
    if allowed is DecisionEffect.ALLOWED:
        return _BESIDE.filled(decision=asked(ask, state, allowed))
    # of another account, whose resource would have to allow it as well
    return _NOT_DENIED.filled(action=ask.action, resource=ask.resource)


def listed(before: Message, names: str) -> Message:
    """Return the text of a list with an introduction."""
    return Message("{before}: {names}").filled(before=before, names=names)


def applying(applies: bool, otherwise: bool, assumption: str) -> Message:
    """Return the text on whether a condition always or never applies, with its assumption."""
    says = {
        True: Message("always applies"),
        False: Message("never applies"),
    }
    if applies is otherwise:
        return says[applies]
    return Message("{says} (if `{assumption}` is set the other way, it {says_})").filled(
        says=says[applies], assumption=assumption, says_=says[otherwise]
    )


_ENROLMENT = frozenset({"iam:createvirtualmfadevice", "iam:enablemfadevice", "iam:resyncmfadevice"})
_Vector = Mapping[MfaState, bool]


class Dependent:
    """A statement that depends on MFA, and requests that it covers."""

    def __init__(self, statement: Statement, asks: tuple[ActionOnResource, ...]) -> None:
        self.statement = statement
        self.asks = asks


def statement_checks(document: Document, dependent: Dependent, asker: Asker) -> Iterator[Finding]:
    """Yield the findings on the MFA condition of one statement of a document."""
    statement = dependent.statement
    reported: set[FindingId] = set()
    for ask in dependent.asks:
        if asker.exhausted:
            return
        own = {state: asker.applies(relaxed(statement), ask, state) for state in MfaState}
        if statement.effect is Effect.DENY:
            wrong = _deny(document, own, ask, asker)
        else:
            wrong = _allow(document, dependent, own, ask, asker)
        for name, state in wrong:
            if name not in reported:
                reported.add(name)
                yield found(
                    name,
                    place_in(document, statement, path="Condition", position=statement.position),
                    _fact(document, statement, ask, state, asker),
                )


_Found = Iterator[tuple[FindingId, MfaState]]


def _deny(document: Document, own: _Vector, ask: ActionOnResource, asker: Asker) -> _Found:
    """Yield the requests without MFA that the Deny misses and no other Deny of the document has."""
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
    """Yield the requests without MFA that the Allow permits and no Deny of the document stops."""
    # other Allows have findings of their own
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
    """Return the request that shows the finding, and the engine's answer."""
    whole = tuple(relaxed(each) if each is statement else each for each in document.statements)
    return let_through(whole, ask, state, asker)


_USER, _GROUP, _POLICY, _ROLE = f"user/{COLLEAGUE}", "group/any", "policy/any", "role/any"
_WAYS: tuple[tuple[FindingId, tuple[tuple[str, str], ...]], ...] = (
    (
        FindingId.OTHERS_CREDENTIALS,
        (
            ("CreateAccessKey", _USER),
            ("CreateLoginProfile", _USER),
            ("UpdateLoginProfile", _USER),
            ("CreateServiceSpecificCredential", _USER),
            ("ResetServiceSpecificCredential", _USER),
            ("UploadSigningCertificate", _USER),
            ("UploadSSHPublicKey", _USER),
            ("DeactivateMFADevice", _USER),
        ),
    ),
    (
        FindingId.PERMISSIONS_WITHOUT_MFA,
        (
            ("AttachUserPolicy", _USER),
            ("DetachUserPolicy", _USER),
            ("PutUserPolicy", _USER),
            ("DeleteUserPolicy", _USER),
            ("DeleteUserPermissionsBoundary", _USER),
            ("AddUserToGroup", _GROUP),
            ("RemoveUserFromGroup", _GROUP),
            ("AttachGroupPolicy", _GROUP),
            ("DetachGroupPolicy", _GROUP),
            ("PutGroupPolicy", _GROUP),
            ("CreatePolicyVersion", _POLICY),
            ("SetDefaultPolicyVersion", _POLICY),
            ("AttachRolePolicy", _ROLE),
            ("PutRolePolicy", _ROLE),
            ("UpdateAssumeRolePolicy", _ROLE),
        ),
    ),
)
_ALLOWED = Message("allowed without MFA")
_WITHOUT_MFA = (MfaState.KEY, MfaState.NO_MFA)


def takeover_checks(document: Document, asker: Asker) -> Iterator[Finding]:
    """Yield the findings on actions against other users that are allowed without MFA."""
    of_iam = [each for each in document.statements if _names_iam(each)]
    iam = f"arn:{asker.home.partition}:iam::{asker.home.account}"
    for name, ways in _WAYS if of_iam else ():
        where: Statement | None = None
        open_ones = []
        for action, thing in ways:
            cause = _allowing(
                document, of_iam, ActionOnResource(f"iam:{action}", f"{iam}:{thing}"), asker
            )
            if cause is not None:
                open_ones.append(f"`iam:{action}`")
                where = where or cause
        if where is not None:
            fact = listed(_ALLOWED, ", ".join(open_ones))
            yield found(name, place_in(document, where, path="Action"), fact)


def _names_iam(statement: Statement) -> bool:
    return (
        statement.effect is Effect.ALLOW
        and not statement.action.negated
        and any(value.lower().startswith("iam:") for value in statement.action.values)
    )


def _allowing(
    document: Document, statements: list[Statement], ask: ActionOnResource, asker: Asker
) -> Statement | None:
    """Return the statement that allows a request without MFA, if no Deny stops it."""
    for state in _WITHOUT_MFA:
        if not asker.exhausted and asker.allowed(document.statements, ask, state):
            for each in statements:
                if asker.applies(each, ask, state):
                    return each
    return None
