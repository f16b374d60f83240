"""Times, numbers and texts that lie far out: what a policy says of them is what the engine says."""

from typing import Any

import pytest

from prover.questions import ALICE, NOW, identity
from sekisho.engine import DecisionEffect, Policies, decide
from sekisho.prover import CallerCredential, Proved, Question, Refuted, Unknown, prove_none

TIMES = ("aws:CurrentTime", "aws:EpochTime", "aws:TokenIssueTime")
LAST = ("9999-12-31T23:59:59Z", "253402300799")
BEYOND = ("9999-12-31T23:59:59.9Z", "253402300800", "9223372036854775808", "1e20", "1e999999999")
LONG_AGO = ("0001-01-01T00:00:00Z", "-9223372036854775808", "-1e999999999")


WITH_KEY = {
    "s3:max-keys": "s3:ListBucket",
    "aws:TagKeys": "ec2:CreateTags",
    "aws:RequestTag/t": "ec2:CreateTags",
    "aws:RequestTag/until": "ec2:CreateTags",
    "dynamodb:LeadingKeys": "dynamodb:GetItem",
}
"""Actions for which AWS lists the keys that not every request can have."""


def limited(operator: str, key: str, value: str, effect: str = "Allow") -> dict[str, Any]:
    condition = {operator: {key: value}}
    action = WITH_KEY.get(key, "s3:GetObject")
    return {"Effect": effect, "Action": action, "Resource": "*", "Condition": condition}


def asked(policies: Policies) -> type[Any]:
    """Return the class of the verdict; a counterexample is decided again."""
    verdict = prove_none(Question(ALICE, NOW, (CallerCredential.SESSION,), allowed=policies))
    if isinstance(verdict, Refuted):
        assert decide(verdict.counterexample.request, policies).effect is DecisionEffect.ALLOWED
    return type(verdict)


@pytest.mark.parametrize("key", TIMES)
@pytest.mark.parametrize("constant", [*LAST, *BEYOND])
def test_what_never_expires_is_in_time_and_never_over(key: str, constant: str) -> None:
    assert asked(identity(limited("DateLessThan", key, constant))) is Refuted
    assert asked(identity(limited("DateGreaterThan", key, constant))) is Proved
    opened = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    assert asked(identity(opened, limited("DateLessThan", key, constant, "Deny"))) is (
        Refuted if constant in LAST else Proved
    )


@pytest.mark.parametrize("key", TIMES)
@pytest.mark.parametrize("constant", LONG_AGO)
def test_what_is_long_ago_is_over(key: str, constant: str) -> None:
    assert asked(identity(limited("DateLessThan", key, constant))) is Proved
    assert asked(identity(limited("DateGreaterThan", key, constant))) is Refuted


@pytest.mark.parametrize("operator", ["NumericLessThan", "NumericGreaterThan", "NumericEquals"])
@pytest.mark.parametrize("constant", ["1e20", "1e30", "-1e40", "1e-40", "1e400"])
def test_a_number_is_reckoned_with_to_the_last_digit(operator: str, constant: str) -> None:
    assert asked(identity(limited(operator, "s3:max-keys", constant))) is Refuted


def test_between_two_long_numbers_there_is_one() -> None:
    wide, narrow = "1" + "0" * 35, "1" + "0" * 34 + "2"
    between = limited("NumericGreaterThan", "s3:max-keys", wide)
    between["Condition"]["NumericLessThan"] = {"s3:max-keys": narrow}
    assert asked(identity(between)) is Refuted


@pytest.mark.parametrize("family", ["Numeric", "Date"])
@pytest.mark.parametrize("constant", ["1e999999999", "-1e999999999", "1e-999999999"])
def test_what_nobody_could_write_out_is_unknown(family: str, constant: str) -> None:
    key = "s3:max-keys" if family == "Numeric" else "aws:RequestTag/until"
    verdict = prove_none(
        Question(
            *(ALICE, NOW, (CallerCredential.SESSION,)),
            allowed=identity(limited(f"{family}LessThan", key, constant)),
        )
    )
    assert isinstance(verdict, Unknown)
    assert "too many digits" in verdict.reason.en


@pytest.mark.parametrize("key", ["aws:TagKeys", "dynamodb:LeadingKeys", "aws:RequestTag/t"])
def test_the_empty_text_alone_is_there_and_counts_as_empty(key: str) -> None:
    allow = limited("ForAllValues:StringLike", key, "a*")
    allow["Condition"]["Null"] = {key: "false"}
    deny = limited("ForAnyValue:StringLike", key, "?*", "Deny")
    assert asked(identity(allow, deny)) is Refuted
    assert asked(identity(allow, limited("Null", key, "false", "Deny"))) is Proved
