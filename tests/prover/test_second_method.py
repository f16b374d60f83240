"""The prover and the second method, which share no code, come to the same verdicts."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto.iam.aws_managed_policies import aws_managed_policies_data

from prover.questions import ALICE, ALLOW_ALL, NOW, WITHOUT_MFA, attached, enforcement_of, identity
from prover.second_method import TooMuch, answer
from prover.worlds import NAMES, POLICIES, WILD_POLICIES
from sekisho.engine import AttachedPolicy, Policies
from sekisho.policy import Preset, choices_of, force_mfa, from_json, parse
from sekisho.prover import (
    SERVICE_EXEMPT,
    CallerCredential,
    Proved,
    Question,
    Refuted,
    Unknown,
    Verdict,
    expected_exempt,
    prove_none,
)

CORPUS = Path(__file__).parents[1] / "corpus" / "policy"
DEEP = os.environ.get("HYPOTHESIS_PROFILE") == "deep"
MANAGED = json.loads(aws_managed_policies_data)
EVERY_KIND = (CallerCredential.KEY, CallerCredential.SESSION, CallerCredential.MFA_SESSION)
A_PART = settings(max_examples=settings.default.max_examples // 4)
"""The second method is slow."""

PUBLISHED = sorted(path.stem for path in CORPUS.glob("*.json") if path.stem != "faults")


def agree(verdict: Verdict, second: bool) -> None:
    """Check that a verdict is what the second method says of real actions."""
    match verdict:
        case Proved():
            assert not second
        case Refuted():
            assert second
        case Unknown():
            # actions and ARNs that the catalogue does not know the second method does not, either;
            # it takes any action to have any key
            assert verdict.beyond is not None, verdict.reason.en
            assert second is not verdict.beyond.documented


def shut(policies: Policies, exempt: tuple[str, ...] = ("iam:GetUser",)) -> None:
    outside = (*exempt, *SERVICE_EXEMPT)
    second = any(
        answer(policies, None, outside, credential) is not None for credential in WITHOUT_MFA
    )
    agree(enforcement_of(policies, exempt=exempt), second)


def differ(
    old: Policies, new: Policies, credentials: tuple[CallerCredential, ...] = EVERY_KIND
) -> None:
    second = any(answer(old, new, SERVICE_EXEMPT, one) is not None for one in credentials)
    verdict = prove_none(Question(ALICE, NOW, credentials, allowed=old, denied=new))
    agree(verdict, second)


def fenced(statements: list[dict[str, Any]]) -> Policies:
    """Return policies that allow nothing but a few real actions."""
    return identity(*statements, {"Effect": "Deny", "NotAction": NAMES, "Resource": "*"})


@A_PART
@given(POLICIES, st.none() | POLICIES)
def test_of_random_policies_whether_mfa_is_enforced(
    statements: list[dict[str, Any]], bounded: list[dict[str, Any]] | None
) -> None:
    boundaries = None if bounded is None else (attached(*bounded, name="boundary"),)
    policies = replace(fenced(statements), boundaries=boundaries)
    second = any(
        answer(policies, None, (), credential, NAMES) is not None for credential in WITHOUT_MFA
    )
    agree(enforcement_of(policies), second)


@A_PART
@given(POLICIES, POLICIES)
def test_of_random_policies_how_they_differ(
    old: list[dict[str, Any]], new: list[dict[str, Any]]
) -> None:
    sets = fenced(old), fenced(new)
    second = any(answer(*sets, (), credential, NAMES) is not None for credential in EVERY_KIND)
    agree(prove_none(Question(ALICE, NOW, EVERY_KIND, allowed=sets[0], denied=sets[1])), second)


@A_PART
@given(WILD_POLICIES, WILD_POLICIES)
def test_of_policies_with_all_that_a_condition_can_be(
    old: list[dict[str, Any]], new: list[dict[str, Any]]
) -> None:
    sets = fenced(old), fenced(new)
    verdict = prove_none(Question(ALICE, NOW, EVERY_KIND, allowed=sets[0], denied=sets[1]))
    if isinstance(verdict, Unknown) and verdict.beyond is None:
        assert (
            "policy variables whose values the request does not determine: `${aws:principaltag/t}`"
            in verdict.reason.en
        )
        return
    try:
        second = any(answer(*sets, (), credential, NAMES) is not None for credential in EVERY_KIND)
    except TooMuch:
        return
    agree(verdict, second)


@pytest.mark.parametrize("name", PUBLISHED)
def test_of_the_published_policies(name: str) -> None:
    policy = AttachedPolicy(name, parse((CORPUS / f"{name}.json").read_text(encoding="utf-8")))
    everything = attached(ALLOW_ALL, name="everything")
    for others in ((), (everything,)) if DEEP else ((),):
        shut(Policies(identity=(policy, *others)))
    differ(Policies(identity=(policy,)), sample("aws-self-manage"))
    if DEEP:
        differ(sample("aws-self-manage"), Policies(identity=(policy,)))


def sample(name: str) -> Policies:
    text = (CORPUS / f"{name}.json").read_text(encoding="utf-8")
    return Policies(identity=(AttachedPolicy(name, parse(text)),))


@pytest.mark.parametrize("name", [*MANAGED][3 :: 16 if DEEP else 640])
def test_of_a_sample_of_the_policies_that_aws_manages(name: str) -> None:
    policy = AttachedPolicy(name, from_json(MANAGED[name]["Document"]))
    enforcement = AttachedPolicy("Force_MFA", force_mfa(choices_of(Preset.AWS)))
    try:
        shut(Policies(identity=(policy,)))
        shut(Policies(identity=(policy, enforcement)), expected_exempt())
    except TooMuch as reason:
        pytest.skip(str(reason))
