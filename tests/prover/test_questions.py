"""Every question that a user writes: the verdict, the witness, the switches, case by case."""

import json
from pathlib import Path
from typing import Any

import pytest

from cases import cases
from prover.questions import ALICE, NOW
from sekisho.engine import AttachedPolicy, DecisionEffect, Level, Policies, Switches, decide
from sekisho.engine.question import switches_from_text
from sekisho.policy import from_json
from sekisho.prover import (
    Answer,
    Held,
    Invariant,
    Question,
    Refuted,
    Unknown,
    User,
    answer,
    for_other_values,
    gate_question,
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
    "question": {"ask", "invariant", "switches", "known", "all_tags"},
    "policies": {"identity", "boundaries", "scps", "version"},
    "expected": {"verdict", "held", "action", "resource_has", "address", "assumed"},
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


def asked(given: dict[str, Any], policies: Policies, tmp_path: Path) -> Answer:
    switches = switches_from_text(given.get("switches", {}))
    user = User.of(ALICE.arn, given.get("known"), all_tags=given.get("all_tags", False))
    match given["ask"]:
        case "invariant":
            invariant = invariant_of(given["invariant"], tmp_path)
            return invariant_holds(invariant, policies, user, NOW, switches)
        case "nothing-lost":
            return answered(nothing_lost(policies, user, NOW), switches)
        case "own-things":
            return answered(own_things_only(policies, user, NOW), switches)
        case "gate":
            return answered(gate_question(policies, user, NOW, ("iam:GetUser",)), switches)
        case "other-values":
            others = for_other_values(gate_question(policies, user, NOW, ("iam:GetUser",)))
            return Answer(others) if isinstance(others, Unknown) else answer(others)
        case other:
            raise ValueError(f"no such question: {other}")


def answered(question: Question, switches: Switches) -> Answer:
    assert question.switches == Switches()
    return answer([Question(**{**_fields(question), "switches": switches})])


def _fields(question: Question) -> dict[str, Any]:
    names = ("user", "now", "held", "allowed", "denied", "within")
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
        witness = found.verdict.witness
        assert witness.held is Held(expected.get("held", witness.held))
        assert expected.get("action", witness.request.action) == witness.request.action
        assert expected.get("resource_has", "") in witness.request.resource
        if "address" in expected:
            assert witness.request.context.get("aws:SourceIp") == expected["address"]


def is_refused(case: dict[str, Any]) -> bool:
    """Tell whether a witness of the question is a request that is not allowed."""
    given = case["question"]
    return given["ask"] == "nothing-lost" or "always" in given.get("invariant", {})


@pytest.mark.parametrize(
    "case", [each for each in CASES if each.values[0]["expected"]["verdict"] == "Refuted"]
)
def test_the_witness_is_what_the_engine_says(case: dict[str, Any], tmp_path: Path) -> None:
    policies = policies_of(case["policies"])
    verdict = asked(case["question"], policies, tmp_path).verdict
    assert isinstance(verdict, Refuted)
    switches = switches_from_text(case["question"].get("switches", {}))
    allowed = decide(verdict.witness.request, policies, switches).effect is DecisionEffect.ALLOWED
    assert allowed is not is_refused(case)
