"""The corpora: what AWS documents, case by case."""

import json
from typing import Any

import pytest

from engine.asking import ALICE, answer_to, condition_holds, context_of, policy
from engine.corpus import checked, load
from sekisho.engine import ArnSpan, Assumptions, DecisionEffect, Policies, Request, decide

CONDITIONS = [
    case
    for name in ("vectors", "mfa", "more", "exact")
    for case in load(f"conditions/{name}.json")["cases"]
]


@pytest.mark.parametrize("case", CONDITIONS, ids=lambda case: case["id"])
def test_condition(case: dict[str, Any]) -> None:
    checked(case, ["id", "source", "version", "operator", "key", "values", "context", "holds"])
    held = condition_holds(
        case["operator"], case["key"], case["values"], case["context"], version=case["version"]
    )
    assert held is case["holds"]


MATCHING = load("decisions/matching.json")["cases"]


def assumptions_of(options: dict[str, Any]) -> Assumptions:
    spans = {"arn_span": ArnSpan(options["arn_span"])} if "arn_span" in options else {}
    return Assumptions(**{**options, **spans})


@pytest.mark.parametrize("case", MATCHING, ids=lambda case: case["id"])
def test_element(case: dict[str, Any]) -> None:
    keys = ["id", "source", "version", "element", "patterns", "value", "matches"]
    checked(case, keys, ["options"])
    is_action = case["element"].endswith("Action")
    other = {"Resource": "*"} if is_action else {"Action": "*"}
    statement = {"Effect": "Allow", case["element"]: case["patterns"], **other}
    request = Request(
        ALICE,
        case["value"] if is_action else "any:Action",
        "*" if is_action else case["value"],
        context_of({"aws:username": "alice", "aws:PrincipalAccount": "111122223333"}),
    )
    policies = Policies((policy(statement, case["version"]),))
    decision = decide(request, policies, assumptions_of(case.get("options", {})))
    assert (decision.effect is DecisionEffect.ALLOWED) is case["matches"]


EVALUATIONS = {
    name: load(f"decisions/{name}.json", head=["documents"])
    for name in (
        "evaluation",
        "order",
        "resource-based",
        "cross-account",
        "organisations",
        "kms",
        "vpc-endpoint",
        "not-principal",
        "sessions",
        "callers",
        "arn-span",
    )
}
EVALUATION = [(name, case) for name, found in EVALUATIONS.items() for case in found["cases"]]


def _named(value: Any, documents: dict[str, Any]) -> Any:
    """Put the documents in the place of their names."""
    match value:
        case str():
            return documents[value]
        case list():
            return [_named(one, documents) for one in value]
        case dict():
            return {
                key: one if key == "level" else _named(one, documents) for key, one in value.items()
            }
    return value


def _question(name: str, case: dict[str, Any]) -> dict[str, Any]:
    question = {key: case[key] for key in ("request", "options") if key in case}
    return {**question, "policies": _named(case["policies"], EVALUATIONS[name]["documents"])}


@pytest.mark.parametrize(
    ("name", "case"), EVALUATION, ids=[f"{name}-{case['id']}" for name, case in EVALUATION]
)
def test_evaluation(name: str, case: dict[str, Any]) -> None:
    checked(case, ["id", "source", "request", "policies", "expect"], ["options"])
    question = {"id": case["id"], **_question(name, case)}
    value = answer_to(question)
    assert value.pop("id") == case["id"]
    if "error" in case["expect"]:
        assert value["error"]["code"] == case["expect"]["error"]
        return
    value["because"] = [f"{one['kind']} {one['policy']} {one['sid']}" for one in value["because"]]
    assert value == case["expect"]


def test_no_case_repeats_another() -> None:
    """Not in other words either: the documents count, not their names."""
    seen: dict[str, str] = {}
    for name, case in EVALUATION:
        question = json.dumps(_question(name, case), sort_keys=True)
        assert question not in seen, f"{name} {case['id']} is {seen[question]}"
        seen[question] = f"{name} {case['id']}"


@pytest.mark.parametrize("name", EVALUATIONS)
def test_every_document_is_used(name: str) -> None:
    used = json.dumps([case["policies"] for case in EVALUATIONS[name]["cases"]])
    assert [d for d in EVALUATIONS[name]["documents"] if f'"{d}"' not in used] == []


TABLE = load("decisions/force-mfa.json", head=["documents", "columns"], body="rows")
EFFECTS = {
    "ALLOW": DecisionEffect.ALLOWED,
    "DENY": DecisionEffect.EXPLICITLY_DENIED,
    "implicit": DecisionEffect.IMPLICITLY_DENIED,
}


@pytest.mark.parametrize("row", TABLE["rows"], ids=lambda row: row["id"])
def test_force_mfa(row: dict[str, Any]) -> None:
    checked(row, ["id", "action", "resource", "principal", "allowedBy", "cells"])
    assert len(row["cells"]) == len(TABLE["columns"])
    for column, cell in zip(TABLE["columns"], row["cells"], strict=True):
        for mfa in ["true"] if column["mfa"] else ["false", None]:
            context = {"aws:username": "alice"}
            if mfa:
                context["aws:MultiFactorAuthPresent"] = mfa
            request = Request(row["principal"], row["action"], row["resource"], context_of(context))
            attached = tuple(
                policy(TABLE["documents"][name]["Statement"], name=name)
                for name in column["policies"]
            )
            decision = decide(request, Policies(attached))
            assert decision.effect is EFFECTS[cell], (column, mfa)
            assert [c.sid for c in decision.because] == _causes(row, column, cell)


def _causes(row: dict[str, Any], column: dict[str, Any], cell: str) -> list[str]:
    match cell:
        case "ALLOW":
            admin = ["Everything"] if "admin" in column["policies"] else []
            return ([row["allowedBy"]] if row["allowedBy"] else []) + admin
        case "DENY":
            return ["DenyAllExceptListedIfNoMFA"]
        case _:
            return []
