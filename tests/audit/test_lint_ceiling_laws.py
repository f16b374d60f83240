"""Where a ceiling keeps people without MFA from getting it, lint never says that all is well.

Reads `meaning.credentials` itself: the engine is asked about the requests that lint takes a
credential to make.
"""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from audit.test_lint_laws import FEW
from audit.test_trust_laws import EVERYTHING
from sekisho.audit import Severity
from sekisho.audit.lint import Attachment, lint
from sekisho.audit.meaning import CredentialState
from sekisho.audit.meaning.credentials import ActionOnResource, Home, request_of
from sekisho.engine import AttachedPolicy, DecisionEffect, Level, Policies, decide
from sekisho.policy import parse

MFA = "aws:MultiFactorAuthPresent"
HOME = Home("aws", "111122223333")
ENABLE = ActionOnResource("iam:EnableMFADevice", "arn:aws:iam::111122223333:user/hanako")
WITHOUT = ({"BoolIfExists": {MFA: "false"}}, {"Bool": {MFA: "false"}}, {"Null": {MFA: "true"}})
WITH = ({"Bool": {MFA: "true"}}, {"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}})
WHO: tuple[dict[str, dict[str, str]], ...] = (
    {},
    {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/*"}},
    {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*"}},
    {"StringEquals": {"aws:PrincipalType": "User"}},
)
ACTIONS = ("*", "iam:*", "iam:EnableMFADevice", "iam:CreateVirtualMFADevice", "s3:*")


@st.composite
def _statements(draw: st.DrawFn, effect: str) -> dict[str, Any]:
    conditions = ({}, *WITHOUT) if effect == "Deny" else ({}, *WITH)
    return {
        "Effect": effect,
        draw(st.sampled_from(["Action", "NotAction"] if effect == "Deny" else ["Action"])): draw(
            st.lists(st.sampled_from(ACTIONS), min_size=1, max_size=2, unique=True)
        ),
        "Resource": "*",
        "Condition": {**draw(st.sampled_from(conditions)), **draw(st.sampled_from(WHO))},
    }


CEILINGS = st.builds(
    lambda allows, denies: {"Version": "2012-10-17", "Statement": [*allows, *denies]},
    st.lists(_statements("Allow"), min_size=1, max_size=2),
    st.lists(_statements("Deny"), max_size=2),
)


@settings(max_examples=4 * FEW)
@given(CEILINGS, st.sampled_from([Attachment.SCP, Attachment.BOUNDARY]))
def test_a_ceiling_under_which_only_those_with_mfa_may_enrol_is_not_clean(
    value: dict[str, Any], attachment: Attachment
) -> None:
    text = json.dumps(value)
    ceiling = (AttachedPolicy("ceiling", parse(text, kind=attachment.kind)),)
    policies = (
        Policies(identity=(EVERYTHING,), scps=(Level("account", ceiling),))
        if attachment is Attachment.SCP
        else Policies(identity=(EVERYTHING,), boundaries=ceiling)
    )
    may = {
        state: decide(request_of(state, ENABLE, HOME), policies).effect is DecisionEffect.ALLOWED
        for state in (CredentialState.CONSOLE, CredentialState.CONSOLE_MFA)
    }
    if may[CredentialState.CONSOLE_MFA] and not may[CredentialState.CONSOLE]:
        report = lint(text, attachment)
        assert not report.clean
        assert any(each.id.startswith("mfa.") for each in report.findings)
        assert any(each.severity is not Severity.NOTE for each in report.findings)
