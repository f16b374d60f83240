"""What lint says of a trust policy is what the engine answers whom the policy names."""

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from audit.test_lint_laws import FEW
from sekisho.audit import FindingId
from sekisho.audit.lint import Attachment, lint
from sekisho.engine import AttachedPolicy, Context, DecisionEffect, Policies, Request, decide
from sekisho.policy import from_json, parse

MFA = "aws:MultiFactorAuthPresent"
ROLE = "arn:aws:iam::111122223333:role/the-role"
PEOPLE = {
    "*": "arn:aws:iam::777788889999:user/somebody",
    "111122223333": "arn:aws:iam::111122223333:user/somebody",
    "arn:aws:iam::111122223333:root": "arn:aws:iam::111122223333:user/somebody",
    "arn:aws:iam::444455556666:root": "arn:aws:iam::444455556666:user/somebody",
    "arn:aws:iam::111122223333:user/ci": "arn:aws:iam::111122223333:user/ci",
    "arn:aws:iam::444455556666:user/staff/ci": "arn:aws:iam::444455556666:user/staff/ci",
}
"""Principals, and who stands for all of those whom each names."""
WITHOUT = {
    "arn:aws:iam::111122223333:role/x/deploy": "arn:aws:sts::111122223333:assumed-role/deploy/s",
    "arn:aws:sts::444455556666:assumed-role/run/s": "arn:aws:sts::444455556666:assumed-role/run/s",
}
"""The same of those who never have MFA."""
CONDITIONS = tuple(
    {operator: {MFA: value}}
    for operator in ("Bool", "BoolIfExists", "Null")
    for value in ("true", "false")
)
EVERYTHING = AttachedPolicy(
    "everything",
    from_json(
        {
            "Version": "2012-10-17",
            "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"},
        }
    ),
)


@st.composite
def _policies(draw: st.DrawFn) -> dict[str, Any]:
    statements = []
    names = st.lists(st.sampled_from([*PEOPLE, *WITHOUT]), min_size=1, max_size=3, unique=True)
    for _ in range(draw(st.integers(1, 4))):
        condition = draw(st.sampled_from([None, *CONDITIONS]))
        statements.append(
            {
                "Effect": draw(st.sampled_from(["Allow", "Deny"])),
                "Principal": {"AWS": draw(names)},
                "Action": "sts:AssumeRole",
                **({"Condition": condition} if condition else {}),
            }
        )
    return {"Version": "2012-10-17", "Statement": statements}


def _allowed(text: str, caller: str, context: dict[str, str]) -> bool:
    trust = AttachedPolicy("trust", parse(text, kind=Attachment.TRUST.kind))
    request = Request(caller, "sts:AssumeRole", ROLE, Context(context))
    policies = Policies(identity=(EVERYTHING,), trust=trust)
    return decide(request, policies).effect is DecisionEffect.ALLOWED


def _named(value: dict[str, Any], effect: str) -> Iterator[str]:
    for statement in value["Statement"]:
        if statement["Effect"] == effect:
            yield from statement["Principal"]["AWS"]


@settings(max_examples=2 * FEW)
@given(_policies())
def test_a_role_that_people_assume_without_mfa_is_noted(value: dict[str, Any]) -> None:
    text = json.dumps(value)
    found = {each.id for each in lint(text, Attachment.TRUST).findings}
    callers = {PEOPLE[name] for name in _named(value, "Allow") if name in PEOPLE}
    assert (FindingId.TRUST_WITHOUT_MFA.value in found) is any(
        _allowed(text, caller, {}) for caller in callers
    )


@settings(max_examples=2 * FEW)
@given(_policies())
def test_who_never_has_mfa_is_kept_out_by_mfa_only_where_lint_says_so(
    value: dict[str, Any],
) -> None:
    """Whom MFA would let in, and who never has it, is named in a finding."""
    text = json.dumps(value)
    facts = " ".join(
        each.fact.en
        for each in lint(text, Attachment.TRUST).findings
        if each.id == FindingId.TRUSTED_NEVER_HAS.value
    )
    for name in set(_named(value, "Allow")) & set(WITHOUT):
        with_mfa = _allowed(text, WITHOUT[name], {MFA: "true"})
        if with_mfa and not _allowed(text, WITHOUT[name], {MFA: "false"}):
            assert f"`{name}`" in facts
