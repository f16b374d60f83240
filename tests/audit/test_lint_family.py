"""Law: what `policy new` writes lints clean, or says exactly what the choice costs."""

import json
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sekisho import policy
from sekisho.audit import FindingId, Severity
from sekisho.audit.lint import Attachment, LintReport, lint
from sekisho.catalogue import partitions
from sekisho.policy import Choices, Preset, choices_of

COSTS = {
    "allow_what_is_exempt": FindingId.EXEMPT_NEVER_ALLOWED,
    "user_paths": FindingId.USER_PATH,
    "password_change_without_mfa": FindingId.FIRST_SIGN_IN,
}
"""What is found when a choice is off; docs/lint.md says so. Every other choice costs no finding."""


def worse_than_notes(report: LintReport) -> set[str]:
    assert not report.gaps
    return {each.id for each in report.findings if each.severity is not Severity.NOTE}


def expected(choices: Choices) -> set[str]:
    return {finding.value for name, finding in COSTS.items() if not getattr(choices, name)}


def check(choices: Choices) -> None:
    document = policy.force_mfa(choices)
    report = lint(policy.render(document), partition=choices.partition)
    assert worse_than_notes(report) == expected(choices)


def test_the_default_is_clean() -> None:
    report = lint(policy.render(policy.force_mfa(choices_of(Preset.RECOMMENDED))))
    assert report.clean
    assert len(report.findings) == 2


@pytest.mark.parametrize("preset", list(Preset), ids=str)
def test_each_preset(preset: Preset) -> None:
    check(choices_of(preset))


def _flips() -> list[Any]:
    flips = []
    for preset in Preset:
        start = choices_of(preset)
        for field in fields(Choices):
            value = getattr(start, field.name)
            if isinstance(value, bool):
                flipped = replace(start, **{field.name: not value})
            elif field.name == "mfa_age":
                flipped = replace(start, mfa_age=3600)
            else:
                flipped = replace(start, partition="aws-us-gov")
            if flipped.passwords or not flipped.password_change_without_mfa:
                flips.append(pytest.param(flipped, id=f"{preset}-{field.name}"))
    return flips


@pytest.mark.parametrize("choices", _flips())
def test_each_single_choice_flipped(choices: Choices) -> None:
    check(choices)


_FLAGS = [field.name for field in fields(Choices) if isinstance(field.default, bool)]


@st.composite
def _choices(draw: st.DrawFn) -> Choices:
    flags = {name: draw(st.booleans()) for name in _FLAGS}
    flags["passwords"] |= flags["password_change_without_mfa"]
    return Choices(
        partition=draw(st.sampled_from([partition.id for partition in partitions()])),
        mfa_age=draw(st.none() | st.integers(300, 129_600)),
        **flags,
    )


# each example asks some 300 requests
@settings(max_examples=20)
@given(_choices())
def test_any_choices(choices: Choices) -> None:
    check(choices)


@pytest.mark.parametrize("attachment", [Attachment.USER, Attachment.GROUP], ids=str)
def test_the_order_of_statements_does_not_matter(attachment: Attachment) -> None:
    document = policy.to_json(policy.force_mfa(choices_of(Preset.AWS)))
    statements = document["Statement"]
    assert isinstance(statements, list)
    turned = {**document, "Statement": statements[::-1]}
    found, again = (lint(json.dumps(each), attachment) for each in (document, turned))
    assert sorted(each.id for each in found.findings) == sorted(each.id for each in again.findings)
