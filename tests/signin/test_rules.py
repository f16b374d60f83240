"""What the services say before any policy is asked."""

from datetime import UTC, datetime
from typing import assert_never

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases import cases, document
from sekisho.signin import (
    RULES,
    AskPolicies,
    CredentialKind,
    HolderKind,
    PermittedWithoutPolicy,
    Refused,
    RefusedByService,
    Rule,
    SigninAssumptions,
    service_rule,
)
from signin_people import HOLDERS, credential

NOW = datetime(2026, 11, 24, tzinfo=UTC)
STATUS = {"AccessDenied": 403, "InvalidClientTokenId": 403}


@pytest.mark.parametrize(
    "case",
    cases(
        "signin/service-rules", ["kind", "holder", "mfa", "action", "expected"], ["message", "rule"]
    ),
)
def test_service_rule(case):
    held = credential(
        CredentialKind(case["kind"]), HolderKind(case["holder"]), NOW, mfa=case["mfa"]
    )
    ruling = service_rule(held, case["action"], SigninAssumptions())
    match ruling:
        case AskPolicies(only_denies=False):
            assert case["expected"] == "policies"
        case PermittedWithoutPolicy(reason):
            assert (case["expected"], case["rule"]) == ("permitted", reason)
        case RefusedByService():
            assert ruling == Refused(
                case["expected"], case["message"], STATUS[case["expected"]], Rule(case["rule"])
            )
        case AskPolicies():
            pytest.fail("only denies, though the assumption is off")
        case _:
            assert_never(ruling)


def test_the_assumption_lets_a_deny_stop_get_session_token():
    held = credential(CredentialKind.LONG_TERM_KEY, HolderKind.USER, NOW, mfa=False)
    assumptions = SigninAssumptions(get_session_token_heeds_deny=True)
    assert service_rule(held, "sts:GetSessionToken", assumptions) == AskPolicies(only_denies=True)


@given(
    kind=st.sampled_from(CredentialKind),
    holder=st.sampled_from(sorted(HOLDERS)),
    action=st.sampled_from(["iam:GetUser", "iam:EnableMFADevice", "s3:GetObject"]),
)
def test_mfa_never_takes_a_right_away(kind, holder, action):
    without = service_rule(credential(kind, holder, NOW, mfa=False), action, SigninAssumptions())
    with_mfa = service_rule(credential(kind, holder, NOW, mfa=True), action, SigninAssumptions())
    assert with_mfa in (without, AskPolicies())


def test_every_rule_is_told_once_in_both_languages():
    assert [note.rule for note in RULES] == list(Rule)
    for note in RULES:
        assert note.source
        assert note.text == note.rule.text
        assert note.text.en.endswith(".")
        assert note.text.ja.endswith("。")


def test_every_rule_of_the_service_is_tried():
    tried = {case.get("rule") for case in document("signin/service-rules")["cases"]}
    by_service = {rule for rule in Rule if rule.startswith(("sts.", "iam."))}
    elsewhere = {Rule.MFA_OF_CALLER, Rule.LIMITS, Rule.UNKNOWN_ENTITY}
    assert by_service - elsewhere <= tried
