"""Policies are ordered by what they allow; and a world so small that all of it is looked at."""

import os
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings

from prover.questions import ALICE, NOW, WITHOUT_MFA, identity
from prover.worlds import POLICIES, WILD_POLICIES, documents_of, keys_of, world
from sekisho.engine import DecisionEffect, Policies
from sekisho.engine.compiled import Compiler
from sekisho.prover import (
    CallerCredential,
    Proved,
    Question,
    Refuted,
    Unknown,
    enforcement_question,
    prove_none,
)

A_PART = settings(max_examples=settings.default.max_examples // 4)
EVERY_KIND = (CallerCredential.KEY, CallerCredential.SESSION, CallerCredential.MFA_SESSION)
NAMES = ["iam:GetUser", "iam:ListUsers", "s3:GetObject", "s3:ListBucket"]
FENCE = {"Effect": "Deny", "NotAction": NAMES, "Resource": "*"}
"""Nothing but a few real actions can be allowed: the whole catalogue takes long."""
Statements = list[dict[str, Any]]


def within(old: Policies, new: Policies) -> bool:
    """Tell whether it is proved that `new` allows whatever `old` does."""
    return prove_none(Question(ALICE, NOW, EVERY_KIND, allowed=old, denied=new)) == Proved()


def only(statements: Statements, effect: str) -> Statements:
    return [{**statement, "Effect": effect} for statement in statements]


@A_PART
@given(POLICIES, POLICIES, POLICIES)
def test_what_is_within_what_is_within(
    first: Statements, second: Statements, third: Statements
) -> None:
    """More Allow is more, more Deny is less, and a step after a step is a step."""
    more = [*first, *only(second, "Allow")]
    most = [*more, *only(third, "Allow")]
    less = [*first, *only(third, "Deny")]
    chain = [identity(*each, FENCE) for each in (less, first, more, most)]
    for smaller, larger in ((0, 1), (1, 2), (2, 3), (0, 2), (1, 3), (0, 3)):
        assert within(chain[smaller], chain[larger])


@A_PART
@given(POLICIES, POLICIES, POLICIES)
def test_order_is_transitive_whatever_the_policies(
    first: Statements, second: Statements, third: Statements
) -> None:
    sets = [identity(*each, FENCE) for each in (first, second, third)]
    order = {(a, b): within(sets[a], sets[b]) for a, b in product(range(3), repeat=2)}
    assert all(order[one, one] for one in range(3))
    for a, b, c in product(range(3), repeat=3):
        assert order[a, c] or not (order[a, b] and order[b, c])


@given(WILD_POLICIES, WILD_POLICIES)
def test_an_unknown_verdict_has_its_reason(first: Statements, second: Statements) -> None:
    sets = [identity(*each, FENCE) for each in (first, second)]
    verdict = prove_none(Question(ALICE, NOW, EVERY_KIND, *sets).in_catalogue)
    match verdict:
        case Unknown(reason):
            undetermined = "policy variables whose values the request does not determine"
            assert reason.en == f"{undetermined}: `${{aws:principaltag/t}}`"
        case Proved() | Refuted():
            pass


STEP = 1 if os.environ.get("HYPOTHESIS_PROFILE") == "deep" else 61
BOB = "arn:aws:iam::111122223333:user/bob"
EVERY_STATEMENT: list[dict[str, Any]] = [
    {"Effect": effect, **action, **resource, **condition}
    for effect, action, resource, condition in product(
        ("Allow", "Deny"),
        ({"Action": "*"}, {"Action": "iam:Get*"}, {"NotAction": "iam:GetUser"}),
        (
            {"Resource": "*"},
            {"Resource": "arn:aws:iam::*:user/${aws:username}"},
            {"NotResource": BOB},
        ),
        (
            {},
            *(
                {"Condition": {operator: {key: value}}}
                for operator, key, value in (
                    ("Bool", "aws:MultiFactorAuthPresent", "false"),
                    ("BoolIfExists", "aws:MultiFactorAuthPresent", "false"),
                    ("Null", "aws:MultiFactorAuthPresent", "true"),
                    ("StringNotEquals", "aws:PrincipalTag/t", "a"),
                    ("StringLikeIfExists", "aws:PrincipalTag/t", "a*"),
                )
            ),
        ),
    )
]
TWO = NAMES[:2]
SMALL_FENCE = (
    {**FENCE, "NotAction": TWO},
    {"Effect": "Deny", "Action": TWO[0], "NotResource": [ALICE.arn, BOB]},
)


def test_every_policy_of_two_statements_in_a_world_looked_at_wholly() -> None:
    """Two actions, three resources, a tag of four values: each verdict is what the world says."""
    allows = [each for each in EVERY_STATEMENT if each["Effect"] == "Allow"]
    seen = set()
    for pair in [*product(allows, EVERY_STATEMENT)][::STEP]:
        policies = identity(*pair, *SMALL_FENCE)
        question = enforcement_question(policies, ALICE, NOW, ())
        verdict = prove_none(question.in_catalogue)
        ask = Compiler().compiled(policies)
        passing = [
            request
            for request in world(keys_of(documents_of(policies)), WITHOUT_MFA, TWO)
            if ask(request).effect is DecisionEffect.ALLOWED
        ]
        if isinstance(verdict, Unknown):
            pytest.fail(verdict.reason.en)
        assert (verdict == Proved()) is (not passing), pair
        seen.add(type(verdict))
    assert seen == {Proved, Refuted}
