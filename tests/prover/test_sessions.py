"""Every question is asked of every kind of session that a caller's credentials can make.

A table: for each question and each kind of session, a policy that lets that kind alone pass is
refuted by a request of that kind, or the table says why the kind is not the question's subject.
"""

from collections.abc import Callable
from typing import Any

import pytest

from prover.questions import ALICE, ALLOW_ALL, NOW, identity
from prover.test_possible import possible
from sekisho import check_proof
from sekisho.engine import Assumptions, Policies
from sekisho.prover import CallerCredential as Way
from sekisho.prover import (
    Callers,
    CallingUser,
    Counterexample,
    Invariant,
    InvariantKind,
    Proved,
    Refuted,
    Side,
    Verdict,
    invariant_holds,
    lost_with_mfa,
    new_access,
    policy_difference,
    prove_enforcement,
    prove_none,
)
from sekisho.prover.certificates import Certificate, certify, claim_of, no_new_access_claim

OPS = CallingUser.of_role("arn:aws:iam::111122223333:role/ops")
FEDERATION = "sts:GetFederationToken"
KEEPS_KEY = {"Effect": "Allow", "Action": FEDERATION, "Resource": "*"}
READ = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
NO_MFA = {"Null": {"aws:MultiFactorAuthAge": "true"}}
DIRECT, SERVED = ({"Bool": {"aws:ViaAWSService": each}} for each in ("false", "true"))


def both(*blocks: dict[str, Any]) -> dict[str, Any]:
    """Return one Condition of several."""
    found: dict[str, Any] = {}
    for block in blocks:
        for operator, keys in block.items():
            found.setdefault(operator, {}).update(keys)
    return found


TYPE = "aws:PrincipalType"
NO_TOKEN = {"Null": {"aws:TokenIssueTime": "true"}}
TOKEN = {"Null": {"aws:TokenIssueTime": "false"}}
LOGIN = {"Null": {"aws:SignInSessionArn": "false"}}
FEDERATED = {"StringEquals": {TYPE: "FederatedUser"}}
OF_USER = {"StringEquals": {TYPE: "User"}}
KEYED = {"Bool": {"aws:MultiFactorAuthPresent": "false"}}

SESSIONS: dict[str, tuple[CallingUser, dict[str, Any], set[Way]]] = {
    "access key": (ALICE, both(OF_USER, NO_TOKEN, DIRECT), {Way.KEY}),
    "console session or GetSessionToken": (
        ALICE,
        both(OF_USER, TOKEN, KEYED, DIRECT),
        {Way.SESSION},
    ),
    "aws login": (
        ALICE,
        both(OF_USER, LOGIN, {"Null": {"aws:MultiFactorAuthPresent": "true"}}, DIRECT),
        {Way.LOGIN_KEYLESS},
    ),
    "GetFederationToken": (ALICE, both(FEDERATED, DIRECT), {Way.FEDERATED}),
    "a service for a user": (
        ALICE,
        both(OF_USER, SERVED),
        {Way.KEY_VIA_SERVICE, Way.SESSION_VIA_SERVICE},
    ),
    "a service for GetFederationToken": (
        ALICE,
        both(FEDERATED, SERVED),
        {Way.FEDERATED_VIA_SERVICE},
    ),
    "AssumeRole": (
        OPS,
        both({"StringEquals": {TYPE: "AssumedRole"}}, DIRECT),
        {Way.ROLE_SESSION, Way.ROLE_KEYLESS},
    ),
    "a service for AssumeRole": (
        OPS,
        both({"StringEquals": {TYPE: "AssumedRole"}}, SERVED),
        {Way.ROLE_VIA_SERVICE, Way.ROLE_KEYLESS_VIA_SERVICE},
    ),
}
"""The caller, a Condition that this kind of session alone meets, and how the prover names it.

The root user has no identity-based policies, and none of these questions is about it.
"""


def _allowing(condition: dict[str, Any]) -> Policies:
    return identity(KEEPS_KEY, {**READ, "Condition": both(condition, NO_MFA)})


def _denied_to_others(condition: dict[str, Any]) -> Policies:
    """Return policies that deny without MFA what is not exempt, but to this kind of session."""
    deny = {"Effect": "Deny", "NotAction": FEDERATION, "Resource": "*"}
    parts = [
        (operator, key, text) for operator, keys in condition.items() for key, text in keys.items()
    ]
    opposite = {"true": "false", "false": "true"}
    denials = [
        {
            **deny,
            "Condition": both(
                {f"{operator.replace('String', 'StringNot')}": {key: text}}
                if operator.startswith("String")
                else {operator: {key: opposite[text]}},
                {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
            )
            if (operator, key) != ("Bool", "aws:MultiFactorAuthPresent")
            else {"Null": {key: "true"}},
        }
        for operator, key, text in parts
    ]
    return identity(ALLOW_ALL, *denials)


def _enforced(user: CallingUser, condition: dict[str, Any]) -> list[Verdict]:
    policies = _denied_to_others(condition)
    return [*prove_enforcement(policies, user, NOW, (FEDERATION,), later=True).verdicts]


def _nothing_allowed(user: CallingUser, condition: dict[str, Any]) -> list[Verdict]:
    policies = _allowing(condition)
    return [*prove_enforcement(policies, user, NOW, (FEDERATION,), later=False).verdicts]


def _invariant(**how: Any) -> Callable[[CallingUser, dict[str, Any]], list[Verdict]]:
    def ask(user: CallingUser, condition: dict[str, Any]) -> list[Verdict]:
        asked = Invariant("i", actions=("s3:*",), **how)
        return [invariant_holds(asked, _allowing(condition), user, NOW, Assumptions()).verdict]

    return ask


def _new_access(user: CallingUser, condition: dict[str, Any]) -> list[Verdict]:
    callers = Callers((user,), (), is_given=True)
    return [new_access(identity(KEEPS_KEY), _allowing(condition), callers, NOW)]


def _difference(user: CallingUser, condition: dict[str, Any]) -> list[Verdict]:
    found = policy_difference(identity(KEEPS_KEY), _allowing(condition), user, NOW).only_in_new
    assert isinstance(found, Side)
    return [Proved() if found.counterexample is None else Refuted(found.counterexample)]


QUESTIONS = {
    "enforced": _enforced,
    "nothing allowed": _nothing_allowed,
    "never": _invariant(demand=InvariantKind.NEVER),
    "never unless with MFA": _invariant(demand=InvariantKind.NEVER, unless_mfa=True),
    "not granted": _invariant(demand=InvariantKind.NOT_GRANTED),
    "never but from an address": _invariant(
        demand=InvariantKind.NEVER, only_from=("203.0.113.0/24",)
    ),
    "no new access": _new_access,
    "difference": _difference,
}
_WITH_MFA = "it is about sessions with MFA, and this kind never has MFA"
NO_SUBJECT = {
    "always with MFA": _WITH_MFA,
    "nothing lost": _WITH_MFA,
    "own things only": "it is about IAM, which a session of GetFederationToken cannot call by API",
}
"""The questions that are not of every kind of session, and why."""


def _refuting(verdicts: list[Verdict]) -> list[Counterexample]:
    return [each.counterexample for each in verdicts if isinstance(each, Refuted)]


@pytest.mark.parametrize("session", SESSIONS)
@pytest.mark.parametrize("question", QUESTIONS)
def test_what_lets_one_kind_of_session_pass_is_refuted_by_it(question: str, session: str) -> None:
    user, condition, ways = SESSIONS[session]
    found = _refuting(QUESTIONS[question](user, condition))
    assert {each.credential for each in found} & ways, found
    for each in found if user is ALICE else ():
        possible(each)


@pytest.mark.parametrize("session", SESSIONS)
def test_no_certificate_misses_a_kind_of_session(session: str) -> None:
    user, condition, _ = SESSIONS[session]
    policies = _allowing(condition)
    claims = (
        claim_of(policies, user, check_proof.NOTHING_ALLOWED, (FEDERATION,)),
        claim_of(_denied_to_others(condition), user, check_proof.ENFORCED, (FEDERATION,)),
        no_new_access_claim(identity(KEEPS_KEY), policies, user),
    )
    assert not any(isinstance(certify(each), Certificate) for each in claims)


def test_a_user_who_cannot_call_it_has_no_federated_session() -> None:
    policies = identity({**READ, "Condition": FEDERATED})
    asked = Invariant("i", InvariantKind.NEVER, ("s3:*",))
    assert isinstance(invariant_holds(asked, policies, ALICE, NOW, Assumptions()).verdict, Proved)


def test_what_a_session_with_mfa_loses_is_asked_of_it_alone() -> None:
    before = _allowing(FEDERATED)
    assert isinstance(prove_none(lost_with_mfa(before, identity(KEEPS_KEY), ALICE, NOW)), Proved)
