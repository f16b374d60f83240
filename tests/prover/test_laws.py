"""Proved ⇒ no request passes; Refuted ⇒ one does. Small worlds are asked wholly, others sampled.

The worlds are asked of the engine, request by request; nothing of the prover's reading is used.
"""

import random
from collections.abc import Iterable
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiles import DEEP, examples
from prover.questions import (
    ALICE,
    NOW,
    WITHOUT_MFA,
    allowing,
    attached,
    enforcement_of,
    identity,
    limit_steps,
    requests,
)
from prover.worlds import (
    ARNS,
    CONDITIONS,
    ENTRIES,
    MFA,
    NAMES,
    POLICIES,
    documents_of,
    is_documented,
    keys_of,
    world,
)
from sekisho.engine import Context, DecisionEffect, Policies, Request, decide
from sekisho.prover import (
    Proved,
    Refuted,
    Unknown,
    enforcement_question,
    prove_enforcement,
    prove_none,
)

FEW_STEPS = 400_000
"""Of a question about a small world in the quick profile: one that is drawn took 14 seconds."""
SAMPLES = 2_000 if DEEP else 500
"""Requests near to the constants of one policy, by each credential."""


def passes(
    policies: Policies, names: Iterable[str] = NAMES, *, documented: bool = False
) -> Request | None:
    """Return a request of the small world that passes, or None; if asked so, a documented one."""
    keys = keys_of(documents_of(policies))
    asked = world(keys, names=names)
    if documented:
        asked = filter(is_documented, asked)
    return next(filter(allowing(policies), asked), None)


@settings(max_examples=examples(10))
@given(POLICIES, st.one_of(st.none(), POLICIES))
def test_a_small_world_has_no_request_that_a_proof_denies(
    statements: list[dict[str, Any]], bounded: list[dict[str, Any]] | None
) -> None:
    boundaries = None if bounded is None else (attached(*bounded, name="boundary"),)
    policies = Policies(identity=identity(*statements).identity, boundaries=boundaries)
    with pytest.MonkeyPatch.context() as patch:
        if not DEEP:
            limit_steps(patch, FEW_STEPS)
        verdict = enforcement_of(policies)
    match verdict:
        case Proved():
            assert passes(policies) is None
        case Refuted(counterexample):
            assert allowing(policies)(counterexample.request)
            assert counterexample.credential in WITHOUT_MFA
            assert counterexample.request.context.get(MFA) in (None, "false")
        case Unknown(reason, None):
            assert not DEEP
            assert reason.en == "the search takes too many steps"
        case Unknown():
            assert passes(policies, documented=True) is None


@settings(max_examples=examples(15))
@given(POLICIES)
def test_where_the_world_is_all_there_is_the_verdict_is_what_the_world_says(
    statements: list[dict[str, Any]],
) -> None:
    """Everything is denied but one action, and every resource of it is in the world."""
    fence = {"Effect": "Deny", "NotAction": ["iam:ListUsers"], "Resource": "*"}
    policies = identity(*statements, fence)
    verdict = prove_none(enforcement_question(policies, ALICE, NOW, ()).in_catalogue)
    passing = passes(policies, ["iam:ListUsers"], documented=True)
    assert isinstance(verdict, Proved) is (passing is None)


TAGGED = "arn:aws:s3:::b/${aws:PrincipalTag/t}"
ABOUT_TAGS = [
    {"Effect": effect, "Action": "s3:GetObject", kind: entries}
    for effect, kind, entries in product(
        ("Allow", "Deny"), ("Resource", "NotResource"), (TAGGED, [TAGGED, "arn:aws:s3:::c/*"])
    )
]


def test_no_request_passes_a_proof_about_a_variable_that_nothing_settles() -> None:
    """Every two statements, with every tag: an element and its opposite are no two free guesses."""
    seen = set()
    for pair in product(ABOUT_TAGS, repeat=2):
        policies = identity(*pair)
        verdict = prove_enforcement(policies, ALICE, NOW, ()).direct
        ask = allowing(policies)
        asked = world({"aws:principaltag/t"}, names=["s3:GetObject"])
        passing = [one for one in asked if ask(one)]
        assert not (isinstance(verdict, Proved) and passing), pair
        assert isinstance(verdict, Proved | Unknown) or passing, pair
        seen.add(type(verdict))
    assert seen == {Proved, Refuted, Unknown}


@pytest.mark.parametrize("seed", range(4))
def test_a_proved_enforcement_withstands_samples_near_its_constants(seed: int) -> None:
    random_ = random.Random(seed)  # noqa: S311 - samples, no secrets
    enforcement = {
        "Effect": "Deny",
        "NotAction": "iam:GetUser",
        "Resource": "*",
        "Condition": {"BoolIfExists": {MFA: "false"}},
    }
    statements = [
        {
            "Effect": "Allow",
            "Action": random_.choice(ENTRIES["Action"]),
            "Resource": random_.choice(ENTRIES["Resource"]),
            "Condition": random_.choice(CONDITIONS),
        }
        for _ in range(4)
    ]
    policies = identity(enforcement, *statements)
    assert prove_enforcement(policies, ALICE, NOW, ("iam:GetUser",)).direct == Proved()
    allows = allowing(policies)
    for credential in WITHOUT_MFA:
        sampled = requests(policies, NAMES[1:], ARNS, credential, random_)
        for _, request in zip(range(SAMPLES), sampled, strict=False):
            assert not allows(request)


def test_a_sample_can_pass_at_all() -> None:
    policies = identity({"Effect": "Allow", "Action": "*", "Resource": "*"})
    sampled = requests(policies, NAMES, ARNS, WITHOUT_MFA[0], random.Random(0))  # noqa: S311 - samples, no secrets
    assert decide(next(sampled), policies).effect is DecisionEffect.ALLOWED
    assert isinstance(next(sampled).context, Context)
