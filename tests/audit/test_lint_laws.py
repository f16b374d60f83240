"""What holds for lint whatever the policy: it ends, and it says the same of the same."""

import json
from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sekisho.audit import Finding, FindingId, Severity
from sekisho.audit.lint import Attachment, lint
from sekisho.errors import FaultyPolicy

DEEP = settings().max_examples >= 10_000
FEW = 10_000 if DEEP else 30
"""A report takes some milliseconds."""

CONDITIONS = (
    {"Bool": {"aws:MultiFactorAuthPresent": "false"}},
    {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
    {"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}},
    {"Bool": {"aws:MultiFactorAuthPresent": True}},
    {"Null": {"aws:MultiFactorAuthPresent": "true"}},
    {"Null": {"aws:MultiFactorAuthAge": "true"}},
    {"NumericGreaterThan": {"aws:MultiFactorAuthAge": 3600}},
    {"ForAllValues:StringEquals": {"aws:MultiFactorAuthPresent": ["true"]}},
    {"StringEquals": {"aws:PrincipalTag/team": "${aws:username}"}},
    {"IpAddress": {"aws:SourceIp": []}},
)
ACTIONS = (
    "*",
    "iam:*",
    "iam:EnableMFADevice",
    "iam:CreateVirtualMFADevice",
    "iam:ChangePassword",
    "iam:GetUser",
    "sts:GetSessionToken",
    "s3:Get*",
    "nothing:Here",
)
RESOURCES = (
    "*",
    "arn:aws:iam::*:user/${aws:username}",
    "arn:aws:iam::*:mfa/*",
    "arn:aws:s3:::b/${aws:PrincipalTag/team}",
    "arn:aws-cn:s3:::b",
)


@st.composite
def _statements(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "Effect": draw(st.sampled_from(["Allow", "Deny"])),
        draw(st.sampled_from(["Action", "NotAction"])): draw(
            st.lists(st.sampled_from(ACTIONS), max_size=4)
        ),
        draw(st.sampled_from(["Resource", "NotResource"])): draw(
            st.lists(st.sampled_from(RESOURCES), max_size=3)
        ),
        **draw(st.sampled_from([{}, *({"Condition": each} for each in CONDITIONS)])),
    }


POLICIES = st.builds(
    lambda version, statements: {**version, "Statement": statements},
    st.sampled_from([{"Version": "2012-10-17"}, {}, {"Version": "2008-10-17"}]),
    st.lists(_statements(), min_size=1, max_size=4),
)


def _worse(findings: tuple[Finding, ...]) -> list[str]:
    return sorted(each.id for each in findings if each.severity is not Severity.NOTE)


@settings(max_examples=FEW)
@given(POLICIES, st.sampled_from(list(Attachment)))
def test_any_policy_gets_a_report(value: dict[str, Any], attachment: Attachment) -> None:
    report = lint(json.dumps(value), attachment)
    for finding in report.findings:
        assert FindingId(finding.id)
        assert "\n" not in finding.fact.en + finding.fact.ja
        place = finding.place
        assert place.statement is None or place.statement < len(value["Statement"])
    assert (report.table is None) <= bool(report.gaps)


@settings(max_examples=FEW)
@given(POLICIES)
def test_linting_twice_says_the_same(value: dict[str, Any]) -> None:
    text = json.dumps(value, indent=2)
    assert lint(text) == lint(text)


@settings(max_examples=FEW)
@given(POLICIES)
def test_the_order_of_statements_changes_no_error_or_warning(value: dict[str, Any]) -> None:
    turned = {**value, "Statement": value["Statement"][::-1]}
    found, again = (lint(json.dumps(each)) for each in (value, turned))
    once = {FindingId.VARIABLE_IN_VERSION.value}
    assert set(_worse(found.findings)) - once == set(_worse(again.findings)) - once


@given(st.text(max_size=200))
def test_any_text_is_reported_or_refused_as_faulty(text: str) -> None:
    with suppress(FaultyPolicy):
        lint(text)
