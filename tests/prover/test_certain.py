"""What is certain is not unknown, and no proof about linked tags is wrong."""

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases import cases
from prover.questions import ALICE, NOW, allowing, context_of, identity
from sekisho.engine import AttachedPolicy, Context, Policies, Request
from sekisho.policy import from_json
from sekisho.prover import CallerCredential, Proved, Refuted, Unknown, prove_enforcement
from sekisho.prover.questions import Inquiry, Subject, report_on_policies

CASES = cases("prover/certain", ["statements", "expected"], ["user", "version", "reason"])


@pytest.mark.parametrize("case", CASES)
def test_the_verdicts_are_the_expected_ones(case: dict[str, Any]) -> None:
    document = {
        "Version": case.get("version", "2012-10-17"),
        "Statement": case["statements"],
    }
    policies = Policies(identity=(AttachedPolicy("p", from_json(document)),))
    subject = Subject.of_files(policies, case.get("user"), NOW, users_may_change=False)
    report = report_on_policies(subject, Inquiry())
    found = {each.id: type(each.conclusion.verdict).__name__ for each in report.answers}
    assert {each: found[each] for each in case["expected"]} == case["expected"]
    verdicts = [each.conclusion.verdict for each in report.answers if each.id in case["expected"]]
    unknown = {each.reason.en for each in verdicts if isinstance(each, Unknown)}
    assert "reason" not in case or unknown == {case["reason"]}


A, B = "aws:PrincipalTag/a", "aws:PrincipalTag/b"
TEXTS = ["red", "blue", "${aws:username}", f"${{{A}}}", f"${{{B}}}", f"${{{B}, 'red'}}", "r*"]
OPERATORS = ["StringEquals", "StringNotEquals", "StringLike", "StringEqualsIfExists"]
RESOURCES = [
    "*",
    "arn:aws:s3:::home/red",
    f"arn:aws:s3:::home/${{{A}}}",
    f"arn:aws:s3:::home/${{{A}, 'red'}}",
    f"arn:aws:s3:::home/${{{B}, 'blue'}}",
    "arn:aws:s3:::home/*",
]
VALUES = [None, "red", "blue", "alice", "rose", "x"]
OBJECTS = [f"arn:aws:s3:::home/{each}" for each in ("red", "blue", "alice", "rose", "x", "r")]
CONDITIONS = st.one_of(
    st.builds(
        lambda operator, key, texts: {operator: {key: texts}},
        st.sampled_from(OPERATORS),
        st.sampled_from([A, B]),
        st.lists(st.sampled_from(TEXTS), min_size=1, max_size=2, unique=True),
    ),
    st.builds(
        lambda key, missing: {"Null": {key: missing}},
        st.sampled_from([A, B]),
        st.sampled_from(["true", "false"]),
    ),
)
STATEMENTS = st.builds(
    lambda effect, name, entry, conditions: {
        "Effect": effect,
        "Action": "s3:GetObject",
        name: entry,
        "Condition": {
            operator: {
                key: value for one in conditions for key, value in one.get(operator, {}).items()
            }
            for operator in (next(iter(one)) for one in conditions)
        },
    },
    st.sampled_from(["Allow", "Deny"]),
    st.sampled_from(["Resource", "Resource", "NotResource"]),
    st.sampled_from(RESOURCES),
    st.lists(CONDITIONS, max_size=2),
)


@given(st.lists(STATEMENTS, min_size=1, max_size=4))
def test_no_tags_pass_what_is_proved_of_linked_ones(statements: list[dict[str, Any]]) -> None:
    policies = identity(*statements)
    verdict = prove_enforcement(policies, ALICE, NOW, ()).direct
    allows = allowing(policies)
    key = context_of(CallerCredential.KEY)
    requests = (
        Request(ALICE.arn, "s3:GetObject", arn, _tagged(key, a, b))
        for a, b, arn in product(VALUES, VALUES, OBJECTS)
    )
    match verdict:
        case Proved():
            assert not any(map(allows, requests))
        case Refuted(counterexample):
            assert allows(counterexample.request)
        case Unknown():
            # each tag is asked about where the other is not named, so much is known
            named = str(statements)
            assert f"${{{A}" in named or f"${{{B}" in named


def _tagged(context: Context, a: str | None, b: str | None) -> Context:
    tags = {key: value for key, value in ((A, a), (B, b)) if value is not None}
    return context.with_(tags)
