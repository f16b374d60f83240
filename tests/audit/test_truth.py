"""The truth table: what each credential may do, and that every cell is what the engine says."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import cases
from sekisho import policy
from sekisho.audit import HELD, LEGEND, OUTCOMES, Attachment, Held, Outcome, TruthTable, lint
from sekisho.audit.held import Ask, Home, request_of
from sekisho.audit.truth import policies_with, truth_table
from sekisho.engine import DecisionEffect, decide
from sekisho.policy import PolicyKind

KEYS = ("as", "policy", "held", "rows", "switches", "untried")


def tabled(case: dict[str, Any]) -> TruthTable:
    report = lint(json.dumps(case["policy"]), Attachment.of(case["as"]), source=case["id"])
    assert report.table is not None
    return report.table


@pytest.mark.parametrize("case", cases("lint/table", KEYS))
def test_the_corpus(case: dict[str, Any]) -> None:
    table = tabled(case)
    assert [held.value for held in table.held] == case["held"]
    rows = {
        row.task.en: [row.cells[held].outcome.value for held in table.held] for row in table.rows
    }
    assert rows == case["rows"]
    switches = {name for row in table.rows for cell in row.cells.values() for name in cell.switches}
    assert sorted(switches) == case["switches"]
    assert list(table.untried) == case["untried"]


def test_every_credential_and_outcome_has_words() -> None:
    assert set(HELD) == set(Held)
    assert set(OUTCOMES) == set(Outcome)
    assert set(LEGEND) | {Outcome.ALLOWED, Outcome.DENIED} == set(Outcome)


HOME = Home("aws", "111122223333")
ACTIONS = ("s3:GetObject", "ec2:RunInstances", "sts:AssumeRole", "s3:ListAllMyBuckets")
KEYS_TRIED = ("aws:MultiFactorAuthPresent", "aws:ViaAWSService", "aws:TokenIssueTime")


@st.composite
def _documents(draw: st.DrawFn) -> dict[str, Any]:
    statements = []
    for _ in range(draw(st.integers(1, 3))):
        operator = draw(st.sampled_from(["Bool", "BoolIfExists", "Null", "StringNotEquals"]))
        condition = {
            operator: {draw(st.sampled_from(KEYS_TRIED)): draw(st.sampled_from(["true", "false"]))}
        }
        statements.append(
            {
                "Effect": draw(st.sampled_from(["Allow", "Deny"])),
                draw(st.sampled_from(["Action", "NotAction"])): draw(
                    st.lists(st.sampled_from([*ACTIONS, "s3:*", "*"]), min_size=1, max_size=3)
                ),
                "Resource": "*",
                **draw(st.sampled_from([{}, {"Condition": condition}])),
            }
        )
    return {"Version": "2012-10-17", "Statement": statements}


@settings(max_examples=30)
@given(_documents(), st.sampled_from(ACTIONS))
def test_a_cell_is_what_the_engine_answers(value: dict[str, Any], action: str) -> None:
    document = policy.from_json(value)
    resource = "*" if action.endswith("Buckets") else "arn:aws:s3:::any/any"
    ask = Ask(action, resource)
    table = truth_table(document, HOME, more=(ask,))
    meaning = {
        DecisionEffect.ALLOWED: Outcome.ALLOWED,
        DecisionEffect.EXPLICITLY_DENIED: Outcome.DENIED,
        DecisionEffect.IMPLICITLY_DENIED: Outcome.OTHERS,
    }
    for held, cell in table.rows[-1].cells.items():
        request = request_of(held, ask, HOME)
        effect = decide(request, policies_with(document, PolicyKind.IDENTITY, held)).effect
        barred = held is Held.FEDERATED and action.startswith("sts:")
        assert cell.outcome is (Outcome.REFUSED if barred else meaning[effect])
