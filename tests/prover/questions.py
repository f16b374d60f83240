"""Asks the prover with few words, and samples requests that are near to some policies.

What tests need of the inside of the prover is given away here, so that few of them import it: the
context that a credential brings, the limit of steps, and the reasons that have no other sign.
"""

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from sekisho.engine import (
    Assumptions,
    AttachedPolicy,
    Context,
    ContextValue,
    DecisionEffect,
    Policies,
    Request,
)
from sekisho.engine.compiled import Compiler
from sekisho.engine.matching.arns import account_of
from sekisho.policy import Condition, Document, PolicyKind, from_json
from sekisho.prover import (
    CallerCredential,
    CallingUser,
    Proved,
    Unknown,
    Verdict,
    VersionedCondition,
    enforcement_question,
    prove_enforcement,
    prove_none,
)
from sekisho.prover.reading.credentials import situations
from sekisho.prover.reading.keys import KeyShape, may_be_absent, never_present, shape_of
from sekisho.prover.solver import limits
from sekisho.prover.solver.reasons import NOT_CERTIFIED, TELLS_OWNERS

NOW = datetime(2026, 11, 24, tzinfo=UTC)
ACCOUNT = "111122223333"
ALICE = CallingUser.of(f"arn:aws:iam::{ACCOUNT}:user/alice")
EVERYBODY = {"Effect": "Allow", "Principal": "*"}
WITHOUT_MFA = (CallerCredential.KEY, CallerCredential.SESSION)
UNCERTIFIED = Unknown(NOT_CERTIFIED)
"""The verdict where the search finds no request, and no certificate proves that there is none."""
OWNERS_DIFFER = Unknown(TELLS_OWNERS)
"""The verdict where the policies distinguish more owners of resources than are asked about."""


def limit_steps(patch: pytest.MonkeyPatch, most: int) -> None:
    """Let each question take no more steps."""
    patch.setattr(limits, "MOST_STEPS", most)


def context_of(credential: CallerCredential, user: CallingUser = ALICE) -> Context:
    """Return the context that AWS makes of a user's credential."""
    (situation,) = situations(user, NOW, (credential,))
    return situation.values


def attached(*statements: dict[str, Any], name: str = "p") -> AttachedPolicy:
    return AttachedPolicy(name, from_json({"Version": "2012-10-17", "Statement": list(statements)}))


def identity(*statements: dict[str, Any]) -> Policies:
    return Policies(identity=(attached(*statements),))


OTHERS_POLICY = AttachedPolicy(
    "owner",
    from_json(
        {"Version": "2012-10-17", "Statement": {**EVERYBODY, "Action": "*", "Resource": "*"}},
        kind=PolicyKind.RESOURCE,
    ),
)
"""What the owner of a resource in another account is taken to have: it allows everything."""


def with_owner(policies: Policies) -> Policies:
    return replace(policies, resource=OTHERS_POLICY)


def allowing(
    policies: Policies, assumptions: Assumptions | None = None
) -> Callable[[Request], bool]:
    """Return what tells whether the engine allows a request, an owner elsewhere allowing it, too.

    The compiled engine is many times as quick, and is the same by a law of its own.
    """
    compiler = Compiler(assumptions or Assumptions())
    home, abroad = (compiler.compiled(each) for each in (policies, with_owner(policies)))

    def allows(request: Request) -> bool:
        owner = account_of(request.resource) or request.resource_account or ACCOUNT
        ask = home if owner == ACCOUNT else abroad
        return ask(request).effect is DecisionEffect.ALLOWED

    return allows


def enforcement_of(
    policies: Policies, user: CallingUser = ALICE, exempt: tuple[str, ...] = ()
) -> Verdict:
    """Return whether MFA is enforced; where only a certificate is missing, what the search says.

    What is unknown for another reason is so to the search, too.
    """
    verdict = prove_enforcement(policies, user, NOW, exempt).direct
    if not isinstance(verdict, Unknown):
        return verdict
    searched = prove_none(enforcement_question(policies, user, NOW, exempt))
    assert searched == (Proved() if verdict == UNCERTIFIED else verdict)
    return searched


ALLOW_ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}
ENFORCEMENT = {
    "Effect": "Deny",
    "NotAction": ["iam:GetUser", "sts:GetSessionToken"],
    "Resource": "*",
    "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
}


def _conditions(documents: Iterable[Document]) -> Iterator[VersionedCondition]:
    for document in documents:
        for statement in document.statements:
            for condition in statement.conditions:
                yield VersionedCondition(condition, document.version)


def contexts(
    documents: Iterable[Document], credential: CallerCredential, random_: random.Random
) -> Iterator[Context]:
    """Yield contexts without end: what the credential brings, and values near the constants.

    The values do not come from the prover: constants themselves, and texts around them.
    """
    (situation,) = situations(ALICE, NOW, (credential,))
    by_key: dict[str, list[Condition]] = {}
    spelled: dict[str, str] = {}
    for asked in _conditions(documents):
        # one key may be spelled in two ways
        name = spelled.setdefault(asked.condition.key.lower(), asked.condition.key)
        by_key.setdefault(name, []).append(asked.condition)
    settled = {key.lower() for key in situation.values} | situation.absent
    settled |= {"aws:currenttime", "aws:epochtime"}
    free = {key: each for key, each in by_key.items() if key.lower() not in settled}
    while True:
        values: dict[str, ContextValue] = {}
        for key, conditions in free.items():
            lower = key.lower()
            if never_present(lower) or (may_be_absent(lower) and random_.random() < 0.3):
                continue
            values[key] = _value(lower, conditions, random_)
        yield situation.values.with_(values)


def _value(key: str, conditions: list[Condition], random_: random.Random) -> ContextValue:
    operators = {condition.operator.name.value for condition in conditions}
    constants = [text for condition in conditions for text in condition.values]
    sets = any(condition.operator.quantifier.value for condition in conditions)
    shape = shape_of(key, with_set_operator=sets)
    many = shape is KeyShape.MANY or (shape is KeyShape.EITHER and random_.random() < 0.5)
    if many:
        count = random_.randint(1, 3)
        return tuple(_near(constants, operators, random_) for _ in range(count))
    return _near(constants, operators, random_)


def _near(constants: list[str], operators: set[str], random_: random.Random) -> str:
    base = random_.choice(constants) if constants else "x"
    if any(name.startswith("Numeric") for name in operators):
        return str(int(float(base)) + random_.choice([-1, 0, 0, 1]))
    if "Bool" in operators:
        return random_.choice(["true", "false"])
    if any("Ip" in name for name in operators):
        return random_.choice([base.partition("/")[0], "198.51.100.7", "2001:db8::1"])
    if any(name.startswith(("Date", "Binary")) for name in operators):
        return random_.choice([*constants, "2031-01-01T00:00:00Z", "AAAA"]) or base
    return random_.choice(
        [base, base.replace("*", "x"), base.replace("*", ""), base.upper(), f"{base}x", "other"]
    )


def requests(
    policies: Policies,
    names: list[str],
    resources: list[str],
    credential: CallerCredential,
    random_: random.Random,
) -> Iterator[Request]:
    """Yield requests without end."""
    documents = [policy.document for policy in policies.identity]
    for context in contexts(documents, credential, random_):
        yield Request(ALICE.arn, random_.choice(names), random_.choice(resources), context)


__all__ = [
    "ALICE",
    "ALLOW_ALL",
    "ENFORCEMENT",
    "NOW",
    "OWNERS_DIFFER",
    "UNCERTIFIED",
    "WITHOUT_MFA",
    "allowing",
    "attached",
    "context_of",
    "contexts",
    "enforcement_of",
    "identity",
    "limit_steps",
    "requests",
    "with_owner",
]
