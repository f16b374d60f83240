"""The truth table: what each credential may do, and that every cell is what the engine says.

Reads `meaning.credentials` and `truth` themselves: the table is asked for a row more, and the
engine about that row's requests.
"""

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.test_lint_laws import FEW
from cases import cases
from sekisho import policy
from sekisho.audit.lint import Attachment, lint
from sekisho.audit.meaning import (
    CREDENTIALS,
    LEGEND,
    OUTCOMES,
    CredentialState,
    TaskOutcome,
    TrustWay,
    TruthTable,
)
from sekisho.audit.meaning.credentials import ActionOnResource, Home, request_of
from sekisho.audit.meaning.truth import policies_with, truth_table
from sekisho.engine import AttachedPolicy, Context, DecisionEffect, Policies, Request, decide
from sekisho.policy import PolicyKind

KEYS = ("as", "policy", "columns", "rows", "assumptions", "untried")


def tabled(case: dict[str, Any]) -> TruthTable:
    report = lint(json.dumps(case["policy"]), Attachment.of(case["as"]), source=case["id"])
    assert report.table is not None
    return report.table


@pytest.mark.parametrize("case", cases("lint/table", KEYS, ("unasked", "dependsOn")))
def test_the_corpus(case: dict[str, Any]) -> None:
    table = tabled(case)
    assert [state.value for state in table.columns] == case["columns"]
    rows = {
        row.task.en: [row.cells[state].outcome.value for state in table.columns]
        for row in table.rows
    }
    assert list(rows.items()) == list(case["rows"].items())
    assumptions = {
        name for row in table.rows for cell in row.cells.values() for name in cell.assumptions
    }
    assert sorted(assumptions) == case["assumptions"]
    assert list(table.untried) == case["untried"]
    keys = {key for each in table.dependencies for key in each}
    assert sorted(keys) == case.get("dependsOn", [])
    assert list(table.unasked) == case.get("unasked", [])


def test_every_credential_and_outcome_has_words() -> None:
    assert set(CREDENTIALS) == {*CredentialState, *TrustWay}
    assert set(OUTCOMES) == set(TaskOutcome)
    assert set(LEGEND) | {TaskOutcome.ALLOWED, TaskOutcome.DENIED, TaskOutcome.CONDITIONAL} == set(
        TaskOutcome
    )


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
    ask = ActionOnResource(action, resource)
    table = truth_table(document, HOME, more=(ask,))
    meaning = {
        DecisionEffect.ALLOWED: TaskOutcome.ALLOWED,
        DecisionEffect.EXPLICITLY_DENIED: TaskOutcome.DENIED,
        DecisionEffect.IMPLICITLY_DENIED: TaskOutcome.OTHERS,
    }
    for state, cell in table.rows[-1].cells.items():
        request = request_of(state, ask, HOME)
        effect = decide(request, policies_with(document, PolicyKind.IDENTITY, state)).effect
        barred = state is CredentialState.FEDERATED and action.startswith("sts:")
        assert cell.outcome is (TaskOutcome.REFUSED if barred else meaning[effect])


MFA = "aws:MultiFactorAuthPresent"
SIGN_IN = "arn:aws:signin:us-east-1:111122223333:session/11111111-2222-3333-4444-555555555555"
SHOWN: dict[str, dict[str, str]] = {
    "console without MFA": {MFA: "false", "aws:TokenIssueTime": "2026-01-05T08:59:00Z"},
    "console with MFA": {
        MFA: "true",
        "aws:MultiFactorAuthAge": "60",
        "aws:TokenIssueTime": "2026-01-05T08:59:00Z",
    },
    "aws login without MFA": {
        MFA: "false",
        "aws:TokenIssueTime": "2026-01-05T08:59:00Z",
        "aws:SignInSessionArn": SIGN_IN,
    },
    "aws login with MFA": {
        MFA: "true",
        "aws:MultiFactorAuthAge": "60",
        "aws:TokenIssueTime": "2026-01-05T08:59:00Z",
        "aws:SignInSessionArn": SIGN_IN,
    },
    "long-term access key": {},
    "long-term access key and an MFA code in the call": {
        MFA: "true",
        "aws:MultiFactorAuthAge": "0",
    },
    "role session": {MFA: "false", "aws:TokenIssueTime": "2026-01-05T08:59:00Z"},
    "SAML assertion": {},
    "web identity token": {},
    "AWS service": {},
}
"""What each way of asking shows: docs/signin.md."""
IAM = "arn:aws:iam::111122223333:"
PRINCIPALS: tuple[Any, ...] = (
    "*",
    {"AWS": "444455556666"},
    {"AWS": [f"{IAM}user/staff/ci", f"{IAM}user/other", f"{IAM}role/deploy"]},
    {"AWS": [f"{IAM}root", "arn:aws:sts::111122223333:assumed-role/deploy/run1"]},
    {"Service": ["ec2.amazonaws.com", "lambda.amazonaws.com"]},
    {"Federated": [f"{IAM}saml-provider/idp", "accounts.google.com"]},
)
OUTSIDE = {"sts:ExternalId": "x"}


@st.composite
def _trust(draw: st.DrawFn) -> dict[str, Any]:
    statements = []
    for _ in range(draw(st.integers(1, 4))):
        operator = draw(st.sampled_from(["Bool", "BoolIfExists"]))
        mfa = {operator: {MFA: draw(st.sampled_from(["true", "false"]))}}
        other = {"StringEquals": OUTSIDE}
        statements.append(
            {
                "Effect": draw(st.sampled_from(["Allow", "Allow", "Deny"])),
                "Principal": draw(st.sampled_from(PRINCIPALS)),
                "Action": draw(st.sampled_from(["sts:AssumeRole", "sts:AssumeRoleWith*", "sts:*"])),
                **draw(st.sampled_from([{}, {"Condition": mfa}, {"Condition": mfa | other}])),
            }
        )
    return {"Version": "2012-10-17", "Statement": statements}


def _own(asked_as: str) -> tuple[AttachedPolicy, ...]:
    """Return the identity-based policies of who asks; only users and roles have any."""
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    document = policy.from_json({"Version": "2012-10-17", "Statement": everything})
    of_iam = ":user/" in asked_as or ":assumed-role/" in asked_as
    return (AttachedPolicy("everything", document),) if of_iam else ()


@settings(max_examples=2 * FEW)
@given(_trust())
def test_a_trust_policy_is_asked_as_who_is_named(value: dict[str, Any]) -> None:
    text = json.dumps(value)
    table = lint(text, Attachment.TRUST).table
    assert table is not None
    trust = AttachedPolicy("trust", policy.parse(text, kind=PolicyKind.TRUST))
    meaning = {
        DecisionEffect.ALLOWED: TaskOutcome.ALLOWED,
        DecisionEffect.EXPLICITLY_DENIED: TaskOutcome.DENIED,
        DecisionEffect.IMPLICITLY_DENIED: TaskOutcome.NOT_ALLOWED,
    }
    cells = [(row, state, cell) for row in table.rows for state, cell in row.cells.items()]
    for row, state, cell in cells:
        assert (cell.outcome is TaskOutcome.NOBODY) is (cell.asked_as == "")
        if cell.outcome is TaskOutcome.NOBODY or state.value not in SHOWN:
            continue
        account = re.search(r"[0-9]{12}", row.principal or "")
        assert row.principal in (None, "*", cell.asked_as) or (
            account and account[0] in cell.asked_as
        )
        policies = Policies(identity=_own(cell.asked_as), trust=trust)
        answers = set()
        # AWS sends an external ID with `sts:AssumeRole` alone
        for known in ({}, OUTSIDE) if row.actions[0] == "sts:AssumeRole" else ({},):
            context = Context(SHOWN[state.value] | known)
            request = Request(cell.asked_as, row.actions[0], f"{IAM}role/any", context)
            answers.add(meaning[decide(request, policies).effect])
        if cell.outcome is TaskOutcome.CONDITIONAL:
            assert "sts:ExternalId" in text
        else:
            assert answers == {cell.outcome}
