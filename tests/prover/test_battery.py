"""The battery of claims.

The engine on each counterexample, random attacks on what is true, the prover on what is false.
"""

from collections import Counter
from dataclasses import fields
from enum import StrEnum
from typing import Any

import pytest

from profiles import DEEP
from prover import battery
from prover.battery import CASES, Case
from prover.certified import caller
from prover.questions import limit_steps
from prover.refutations import is_about, policy_sets, refutes, refuting
from sekisho.engine import Assumptions, DecisionEffect, decide
from sekisho.prover import (
    Proved,
    Refuted,
    Verdict,
    distinguishable_callers,
    new_access,
    prove_enforcement,
)

ATTACKS = 500
A_PART = 500 if DEEP else 100
"""Attacks on each claim that is true."""
FEW_STEPS = 1_000_000
_KEYS = {
    *("id", "source", "claim", "about", "trap", "user", "exempt", "policies", "old", "expected"),
    *("assumption", "request"),
}
_NEEDED = {"id", "source", "claim", "policies", "expected"}
_BY_EXPECTED = {
    one: [pytest.param(each, id=each["id"]) for each in CASES if each["expected"] == one]
    for one in ("true", "false", "depends")
}


def test_every_case_is_one() -> None:
    assert max(Counter(case["id"] for case in CASES).values()) == 1
    for case in CASES:
        assert _NEEDED <= set(case) <= _KEYS, case["id"]
        assert case["claim"] in ("enforced", "nothing-allowed", "no-new-access"), case["id"]
        assert ("old" in case) is (case["claim"] == "no-new-access"), case["id"]
        assert ("request" in case) is (case["expected"] != "true"), case["id"]
        assert ("assumption" in case) is (case["expected"] == "depends"), case["id"]
        assert case["expected"] == "false" or not case.get("trap"), case["id"]


def test_the_battery_is_as_large_as_it_was() -> None:
    found = Counter(case["expected"] for case in CASES)
    assert found == {"true": 213, "false": 201, "depends": 10}
    assert sum(case.get("trap", False) for case in CASES) == 35


@pytest.mark.parametrize("case", _BY_EXPECTED["false"])
def test_the_engine_refutes_what_is_false(case: Case) -> None:
    assert refutes(case, battery.request(case))


@pytest.mark.parametrize("case", _BY_EXPECTED["depends"])
def test_one_setting_alone_refutes_what_depends(case: Case) -> None:
    request, name = battery.request(case), case["assumption"]
    assert is_about(case, request)
    (policies,) = policy_sets(case)
    if name in _SIGN_IN:
        # what the request is like depends on it, not what is decided of one
        assert decide(request, policies).effect is DecisionEffect.ALLOWED
        return
    effects = [decide(request, policies, each).effect for each in _settings(name)]
    assert effects.count(DecisionEffect.ALLOWED) == 1


@pytest.mark.parametrize("case", _BY_EXPECTED["true"])
def test_no_attack_refutes_what_is_true(case: Case) -> None:
    found = next(refuting(case, A_PART), None)
    assert found is None, found


def test_attacks_refute_nearly_all_that_is_false() -> None:
    """The attacks are worth something: what they cannot find is named."""
    missed = {
        case["id"]
        for case in CASES
        if case["expected"] == "false" and next(refuting(case, ATTACKS), None) is None
    }
    assert missed <= _HARD, missed - _HARD


_SIGN_IN = {"aws_login_mfa", "role_session_mfa"}
_HARD = {
    "arn/string-like-spans",
    "number/decimal-gap",
    "number/no-number",
    "region/forty-one-missing",
    "scp/break-glass",
    "variable/version-2008-literal-allowed",
}
"""One value of many, or one that no text suggests."""


def _settings(name: str) -> list[Assumptions]:
    (default,) = [each.default for each in fields(Assumptions) if each.name == name]
    every = list(type(default)) if isinstance(default, StrEnum) else [True, False]
    return [Assumptions(**{name: each}) for each in every]  # type: ignore[arg-type]  # by its name


def _verdicts(case: Case) -> list[Verdict]:
    """Return what the prover says of a claim, of direct calls and of those by services."""
    new, *old = policy_sets(case)
    if old:
        return [new_access(*old, new, distinguishable_callers(*old, new), battery.NOW)]
    given = case.get("request", {})
    user = caller(given.get("user", case.get("user", battery.ALICE)))
    exempt = case.get("exempt", battery.EXEMPT)
    later = case["claim"] == "enforced"
    return list(prove_enforcement(new, user, battery.NOW, exempt, later=later).verdicts)


@pytest.mark.parametrize("case", _BY_EXPECTED["false"])
def test_what_is_false_is_refuted(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is true in the catalogue's world alone may be unknown."""
    if not DEEP:
        # a request is found soon, and what services call is asked about as well
        limit_steps(monkeypatch, FEW_STEPS)
    verdicts = _verdicts(case)
    assert not all(isinstance(each, Proved) for each in verdicts), verdicts
    assert case.get("trap") or any(isinstance(each, Refuted) for each in verdicts), verdicts


_LONG = {
    *("number/no-number-closed", "variable/tag-ignore-case-constant-true"),
    *("variable/tag-ignore-case-wider", "variable/tag-like"),
}
"""Unknown, after some twenty seconds."""


def _marked(case: Case) -> Any:
    marks = []
    if case["id"] in _LONG:
        marks.append(pytest.mark.skip(reason="the search takes too long"))
    return pytest.param(case, id=case["id"], marks=marks)


@pytest.mark.parametrize("case", [_marked(each) for each in CASES if each["expected"] == "true"])
def test_what_is_true_is_not_refuted(case: Case) -> None:
    verdicts = _verdicts(case)
    assert not any(isinstance(each, Refuted) for each in verdicts), verdicts
