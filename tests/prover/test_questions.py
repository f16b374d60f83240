"""Every question that a user writes.

The verdict, the counterexample, the assumptions, case by case.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from cases import cases
from prover.questions import ALICE, NOW
from sekisho.engine import Assumptions, AttachedPolicy, DecisionEffect, Level, Policies, decide
from sekisho.engine.exchange import assumptions_from_text
from sekisho.policy import from_json
from sekisho.prover import (
    CallerCredential,
    CallingUser,
    Conclusion,
    Invariant,
    Question,
    Refuted,
    Unknown,
    conclude,
    enforcement_question,
    for_other_values,
    invariant_holds,
    nothing_lost,
    own_things_only,
    read_invariants,
)

CASES = [
    *cases("prover/questions", ["question", "policies", "expected"]),
    *cases("prover/callers", ["question", "policies", "expected"]),
]
KEYS = {
    "question": {"ask", "invariant", "assumptions", "known", "all_tags"},
    "policies": {"identity", "boundaries", "scps", "version"},
    "expected": {"verdict", "credential", "action", "resource_has", "address", "assumed"},
}


def policies_of(given: dict[str, Any]) -> Policies:
    version = given.get("version", "2012-10-17")

    def attached(name: str, statements: list[Any]) -> AttachedPolicy:
        return AttachedPolicy(name, from_json({"Version": version, "Statement": statements}))

    boundaries = tuple(attached("boundary", each) for each in given.get("boundaries", []))
    scps = given.get("scps", {})
    return Policies(
        identity=(attached("identity", given["identity"]),),
        boundaries=boundaries or None,
        scps=tuple(Level(name, (attached(name, each),)) for name, each in scps.items()),
    )


def invariant_of(given: dict[str, Any], tmp_path: Path) -> Invariant:
    """Read an invariant as people write it, from a file."""
    path = tmp_path / "invariants.json"
    value = {"schema": "sekisho.invariants/1", "invariants": [{"id": "it", **given}]}
    path.write_text(json.dumps(value), encoding="utf-8")
    (found,) = read_invariants(path)
    return found


def asked(given: dict[str, Any], policies: Policies, tmp_path: Path) -> Conclusion:
    assumptions = assumptions_from_text(given.get("assumptions", {}))
    user = CallingUser.of(ALICE.arn, given.get("known"), all_tags=given.get("all_tags", False))
    match given["ask"]:
        case "invariant":
            invariant = invariant_of(given["invariant"], tmp_path)
            return invariant_holds(invariant, policies, user, NOW, assumptions)
        case "nothing-lost":
            return answered(nothing_lost(policies, user, NOW), assumptions)
        case "own-things":
            return answered(own_things_only(policies, user, NOW), assumptions)
        case "enforcement":
            return answered(
                enforcement_question(policies, user, NOW, ("iam:GetUser",)), assumptions
            )
        case "other-values":
            others = for_other_values(enforcement_question(policies, user, NOW, ("iam:GetUser",)))
            return Conclusion(others) if isinstance(others, Unknown) else conclude(others)
        case other:
            raise ValueError(f"no such question: {other}")


def answered(question: Question, assumptions: Assumptions) -> Conclusion:
    assert question.assumptions == Assumptions()
    return conclude([Question(**{**_fields(question), "assumptions": assumptions})])


def _fields(question: Question) -> dict[str, Any]:
    names = ("user", "now", "credentials", "allowed", "denied", "restriction")
    return {name: getattr(question, name) for name in names}


@pytest.mark.parametrize("case", CASES)
def test_the_verdict_is_the_expected_one(case: dict[str, Any], tmp_path: Path) -> None:
    for part, known in KEYS.items():
        assert set(case[part]) <= known
    expected, policies = case["expected"], policies_of(case["policies"])
    found = asked(case["question"], policies, tmp_path)
    assert type(found.verdict).__name__ == expected["verdict"], found.verdict
    if "assumed" in expected:
        assert list(found.assumed) == expected["assumed"]
    if isinstance(found.verdict, Refuted):
        counterexample = found.verdict.counterexample
        assert counterexample.credential is CallerCredential(
            expected.get("credential", counterexample.credential)
        )
        assert (
            expected.get("action", counterexample.request.action) == counterexample.request.action
        )
        assert expected.get("resource_has", "") in counterexample.request.resource
        if "address" in expected:
            assert counterexample.request.context.get("aws:SourceIp") == expected["address"]


def is_refused(case: dict[str, Any]) -> bool:
    """Tell whether a counterexample of the question is a request that is not allowed."""
    given = case["question"]
    return given["ask"] == "nothing-lost" or "always" in given.get("invariant", {})


@pytest.mark.parametrize(
    "case", [each for each in CASES if each.values[0]["expected"]["verdict"] == "Refuted"]
)
def test_the_counterexample_is_what_the_engine_says(case: dict[str, Any], tmp_path: Path) -> None:
    policies = policies_of(case["policies"])
    verdict = asked(case["question"], policies, tmp_path).verdict
    assert isinstance(verdict, Refuted)
    assumptions = assumptions_from_text(case["question"].get("assumptions", {}))
    allowed = (
        decide(verdict.counterexample.request, policies, assumptions).effect
        is DecisionEffect.ALLOWED
    )
    assert allowed is not is_refused(case)
