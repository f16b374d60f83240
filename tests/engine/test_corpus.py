"""The corpora: what AWS documents, case by case."""

import json
from typing import Any

import pytest

from engine.asking import ALICE, condition_holds, context_of, policy
from engine.corpus import checked, load
from sekisho.engine import DecisionEffect, Policies, Request, decide
from sekisho.engine.documents import Documents
from sekisho.engine.exchange import answer

CONDITIONS = [
    case for name in ("vectors", "mfa", "more") for case in load(f"conditions/{name}.json")["cases"]
]


@pytest.mark.parametrize("case", CONDITIONS, ids=lambda case: case["id"])
def test_condition(case: dict[str, Any]) -> None:
    checked(case, ["id", "source", "version", "operator", "key", "values", "context", "holds"])
    held = condition_holds(
        case["operator"], case["key"], case["values"], case["context"], version=case["version"]
    )
    assert held is case["holds"]


MATCHING = load("decisions/matching.json")["cases"]


@pytest.mark.parametrize("case", MATCHING, ids=lambda case: case["id"])
def test_element(case: dict[str, Any]) -> None:
    checked(case, ["id", "source", "version", "element", "patterns", "value", "matches"])
    is_action = case["element"].endswith("Action")
    other = {"Resource": "*"} if is_action else {"Action": "*"}
    statement = {"Effect": "Allow", case["element"]: case["patterns"], **other}
    request = Request(
        ALICE,
        case["value"] if is_action else "any:Action",
        "*" if is_action else case["value"],
        context_of({"aws:username": "alice", "aws:PrincipalAccount": "111122223333"}),
    )
    decision = decide(request, Policies((policy(statement, case["version"]),)))
    assert (decision.effect is DecisionEffect.ALLOWED) is case["matches"]


EVALUATION = load("decisions/evaluation.json", head=["documents"])


def _named(value: Any) -> Any:
    """Put the documents in the place of their names."""
    match value:
        case str():
            return EVALUATION["documents"][value]
        case list():
            return [_named(one) for one in value]
        case dict():
            return {key: _named(one) for key, one in value.items()}
    return value


@pytest.mark.parametrize("case", EVALUATION["cases"], ids=lambda case: case["id"])
def test_evaluation(case: dict[str, Any]) -> None:
    checked(case, ["id", "source", "request", "policies", "expect"], ["options"])
    question = {key: case[key] for key in ("id", "request", "options") if key in case}
    question["policies"] = _named(case["policies"])
    value = dict(answer(json.dumps(question).encode(), Documents()).value)
    assert value.pop("id") == case["id"]
    if "error" in case["expect"]:
        assert value["error"]["code"] == case["expect"]["error"]
        return
    value["because"] = [f"{one['kind']} {one['policy']} {one['sid']}" for one in value["because"]]
    assert value == case["expect"]


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
