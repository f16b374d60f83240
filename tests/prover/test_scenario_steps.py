"""The corpus of single scenarios: how each ends, by which steps, and which layer refuses what."""

from typing import Any

import pytest

from cases import cases
from sekisho.engine import AttachedPolicy, Level, Policies
from sekisho.policy import PolicyKind, from_json
from sekisho.prover.scenarios import (
    Reachable,
    ScenarioStep,
    Setting,
    Unexplored,
    Unreachable,
    run_scenario,
    scenario_of,
)


def _policy(name: str, statements: list[Any], kind: PolicyKind) -> AttachedPolicy:
    document = {"Version": "2012-10-17", "Statement": statements}
    return AttachedPolicy(name, from_json(document, kind=kind))


def _policies(case: dict[str, Any]) -> Policies:
    boundary, scp = case.get("boundary"), case.get("scp")
    return Policies(
        identity=(_policy("identity", case["identity"], PolicyKind.IDENTITY),),
        boundaries=(_policy("boundary", boundary, PolicyKind.BOUNDARY),) if boundary else None,
        scps=(Level("root", (_policy("scp", scp, PolicyKind.SCP),)),) if scp else (),
    )


def _layer(refused: ScenarioStep) -> str:
    """Return what refuses: a kind of policy, or a service's own rule."""
    outcome = refused.outcome
    if outcome.layer is not None:
        return outcome.layer.value
    assert outcome.rule is not None
    return outcome.rule.value


def _shown(result: Reachable | Unreachable | Unexplored) -> dict[str, Any]:
    match result:
        case Reachable(path):
            return {"ends": "reached", "steps": [step.move.kind.value for step in path]}
        case Unreachable(deadlock=None):
            refusals: dict[str, set[str]] = {}
            for each in result.tried:
                act = each.refused_step.move.kind.value
                refusals.setdefault(act, set()).add(_layer(each.refused_step))
            found = {act: sorted(layers) for act, layers in sorted(refusals.items())}
            return {"ends": "not reached", "refusals": found}
        case Unreachable(deadlock=deadlock):
            assert deadlock is not None
            outcome = deadlock.refused_step.outcome
            statements = [cause.sid for cause in outcome.because]
            return {
                "ends": "not reached",
                "steps": [step.move.kind.value for step in deadlock.path],
                "refused": deadlock.refused_step.move.kind.value,
                "by": _layer(deadlock.refused_step),
                **({"statements": statements} if statements else {}),
                **({"read": outcome.read} if outcome.read else {}),
            }
        case Unexplored():
            return {"ends": "unknown"}


@pytest.mark.parametrize(
    "case",
    cases(
        "scenarios/steps",
        ["scenario", "identity", "expected"],
        ["boundary", "scp", "usersMayChange"],
    ),
)
def test_the_corpus(case: dict[str, Any]) -> None:
    setting = Setting(users_may_change=case.get("usersMayChange", False))
    answer = run_scenario(scenario_of(case["scenario"]), _policies(case), setting)
    assert _shown(answer.result) == case["expected"]
