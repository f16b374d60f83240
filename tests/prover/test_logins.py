"""Sessions of `aws login`, with and without what is not documented of them.

Source: IAM User Guide, "AWS global condition context keys", aws:SignInSessionArn; the assumption
aws_login_mfa.
"""

from dataclasses import replace

from prover.questions import ALICE, ALLOW_ALL, NOW, attached
from sekisho.engine import AttachedPolicy, Policies
from sekisho.policy import Choices, force_mfa
from sekisho.prover import (
    CallerCredential,
    Proved,
    Refuted,
    enforcement_question,
    prove_enforcement,
    prove_none,
)

SESSION = "aws:SignInSessionArn"
FALSE = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}


def deny(condition):
    return {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition}


def with_all(*statements):
    return Policies(identity=(attached(ALLOW_ALL, *statements),))


def test_without_mfa_a_session_of_aws_login_passes_nothing_more():
    policies = Policies(
        identity=(attached(ALLOW_ALL), AttachedPolicy("Force_MFA", force_mfa(Choices())))
    )
    asked = enforcement_question(policies, ALICE, NOW)
    assert prove_none(replace(asked, credentials=(CallerCredential.LOGIN_KEYLESS,))) == Proved()
    assert prove_enforcement(policies, ALICE, NOW).direct == Proved()


def test_an_exemption_of_aws_login_is_found_and_no_access_key_is_blamed():
    exempt = {**FALSE, "Null": {SESSION: "true"}}
    verdict = prove_enforcement(with_all(deny(exempt)), ALICE, NOW).direct
    assert isinstance(verdict, Refuted)
    assert verdict.counterexample.credential is CallerCredential.SESSION
    assert SESSION in verdict.counterexample.request.context


def test_no_access_key_has_the_session_of_a_login():
    only = {**ALLOW_ALL, "Condition": {"ArnLike": {SESSION: "arn:aws:signin:*:*:session/*"}}}
    policies = Policies(identity=(attached(only),))
    asked = enforcement_question(policies, ALICE, NOW)
    assert prove_none(replace(asked, credentials=(CallerCredential.KEY,))) == Proved()
    assert isinstance(prove_none(asked), Refuted)


def test_a_session_without_the_mfa_keys_is_asked_about_where_it_may_differ():
    """Whoever denies `false` and keys by their missing issue time has left it open."""
    policies = with_all(
        deny({"Bool": {"aws:MultiFactorAuthPresent": "false"}}),
        deny({"Null": {"aws:TokenIssueTime": "true"}}),
    )
    verdict = prove_enforcement(policies, ALICE, NOW).direct
    assert isinstance(verdict, Refuted)
    assert verdict.counterexample.credential is CallerCredential.LOGIN_KEYLESS
    assert SESSION in verdict.counterexample.request.context
    assert "aws:MultiFactorAuthPresent" not in verdict.counterexample.request.context


def test_it_always_has_its_session():
    policies = with_all(
        deny({"Bool": {"aws:MultiFactorAuthPresent": "false"}}),
        deny({"Null": {"aws:TokenIssueTime": "true"}}),
        deny({"StringLike": {SESSION: "arn:aws:signin:*"}}),
        deny({"ArnLike": {SESSION: "arn:aws:signin:*:*:session/*"}}),
        deny({"Null": {SESSION: "false"}}),
    )
    assert prove_enforcement(policies, ALICE, NOW).direct == Proved()
