"""What the services say before any policy is asked."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import assert_never

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases import cases, document
from sekisho.catalogue import AccessLevel, load
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
        "signin/service-rules",
        ["kind", "holder", "mfa", "action", "expected"],
        ["message", "rule", "resource", "owner", "then", "notOfResource"],
    ),
)
def test_service_rule(case):
    held = credential(
        CredentialKind(case["kind"]), HolderKind(case["holder"]), NOW, mfa=case["mfa"]
    )
    ruling = service_rule(
        held, case["action"], SigninAssumptions(), case.get("resource", "*"), case.get("owner")
    )
    match ruling:
        case AskPolicies(only_denies=False):
            assert case["expected"] == "policies"
            assert (ruling.then and ruling.then.code) == case.get("then")
            rule = ruling.not_of_resource or (ruling.then and ruling.then.reason)
            assert rule == case.get("rule")
            assert bool(ruling.not_of_resource) is case.get("notOfResource", False)
            assert "message" not in case or ruling.then.message == case["message"]
        case PermittedWithoutPolicy(reason):
            assert (case["expected"], case["rule"]) == ("permitted", reason)
        case RefusedByService():
            assert ruling == Refused(
                case["expected"], case["message"], STATUS[case["expected"]], Rule(case["rule"])
            )
        case AskPolicies():
            assert case["expected"] == "denials"
        case _:
            assert_never(ruling)


def test_the_assumption_lets_a_deny_stop_get_session_token():
    held = credential(CredentialKind.LONG_TERM_KEY, HolderKind.USER, NOW, mfa=False)
    assumptions = SigninAssumptions(get_session_token_heeds_deny=True)
    assert service_rule(held, "sts:GetSessionToken", assumptions) == AskPolicies(only_denies=True)


@pytest.mark.parametrize("role", ["aws-service-role/sso.amazonaws.com/", ""])
def test_only_the_roles_of_aws_services_change_what_nobody_else_may(role):
    service = credential(CredentialKind.ROLE_SESSION, HolderKind.ROLE, NOW, mfa=False)
    caller = replace(service, holder=replace(service.holder, path=f"/{role}"))
    resource = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_A"
    ruling = service_rule(caller, "iam:AttachRolePolicy", SigninAssumptions(), resource)
    assert (ruling.then is None) is bool(role)


_CHANGES = frozenset({AccessLevel.WRITE, AccessLevel.PERMISSIONS, AccessLevel.TAGGING})
_FREE = {
    "policy/": frozenset(),
    "role/aws-reserved/": frozenset({"PassRole"}),
    "role/aws-service-role/": frozenset(
        {
            *("PassRole", "CreateServiceLinkedRole", "DeleteServiceLinkedRole"),
            *("UpdateRole", "UpdateRoleDescription", "TagRole", "UntagRole"),
        }
    ),
}
"""What changes a thing of AWS's and is free all the same, by the kind of thing."""


@pytest.mark.parametrize("kind", _FREE)
def test_every_action_of_iam_that_changes_what_is_aws_s_is_in_the_table(kind):
    account = "aws" if kind == "policy/" else "111122223333"
    resource = f"arn:aws:iam::{account}:{kind}x/y"
    held = credential(CredentialKind.LONG_TERM_KEY, HolderKind.USER, NOW, mfa=False)
    free, seen = set(), set()
    for action in load().actions("iam"):
        of_kind = any(f":{kind.split('/')[0]}/" in one.arn for one in action.resource_types)
        if action.level not in _CHANGES or not of_kind:
            continue
        seen.add(action.name)
        ruling = service_rule(held, str(action), SigninAssumptions(), resource)
        if ruling.then is None:
            free.add(action.name)
    assert len(seen) > 5
    assert free == _FREE[kind]


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
    by_service = {rule for rule in Rule if rule.startswith(("sts.", "iam.", "kms.", "s3."))}
    elsewhere = {Rule.MFA_OF_CALLER, Rule.LIMITS, Rule.UNKNOWN_ENTITY}
    assert by_service - elsewhere <= tried
