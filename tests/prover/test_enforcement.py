"""Is enforcement shut.

The published samples, their known holes, and what each counterexample shows.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from prover.questions import ALICE, ALLOW_ALL, ENFORCEMENT, NOW, attached, identity
from sekisho.catalogue import load
from sekisho.engine import AttachedPolicy, DecisionEffect, Level, Policies, decide
from sekisho.errors import FaultyRequest
from sekisho.policy import CONSOLE_ACTIONS, Choices, Preset, choices_of, force_mfa, parse
from sekisho.prover import (
    CallerCredential,
    CallingUser,
    Enforcement,
    Proved,
    Refuted,
    Unknown,
    Verdict,
    enforcement_question,
    exempt_list,
    prove_enforcement,
    prove_none,
)

CORPUS = Path(__file__).parents[1] / "corpus" / "policy"
NO_MFA = {"aws:MultiFactorAuthPresent": "false"}


def sample(name: str) -> AttachedPolicy:
    text = (CORPUS / f"{name}.json").read_text(encoding="utf-8")
    return AttachedPolicy(name, parse(text))


def asked(policies: Policies, **more: Any) -> Enforcement:
    return prove_enforcement(policies, ALICE, NOW, ("iam:GetUser",), **more)


def in_catalogue(policies: Policies) -> Verdict:
    """Ask of the requests that the catalogue knows alone."""
    question = enforcement_question(policies, ALICE, NOW, ("iam:GetUser",))
    return prove_none(question.in_catalogue)


@pytest.mark.parametrize("preset", list(Preset))
@pytest.mark.parametrize("later", [False, True])
def test_every_preset_enforces_mfa(preset: Preset, later: bool) -> None:
    policy = AttachedPolicy("enforcement", force_mfa(choices_of(preset)))
    everything = attached(ALLOW_ALL, name="everything")
    enforcement = prove_enforcement(
        Policies(identity=(policy, everything)), ALICE, NOW, later=later
    )
    assert enforcement == Enforcement(Proved(), None)


def test_without_a_enforcement_the_counterexample_is_a_real_request_that_the_engine_allows() -> (
    None
):
    policies = identity({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"})
    verdict = asked(policies).direct
    assert isinstance(verdict, Refuted)
    counterexample = verdict.counterexample
    assert counterexample.request.action == "s3:GetObject"
    assert counterexample.request.resource.startswith("arn:aws:s3:")
    assert counterexample.exists
    assert decide(counterexample.request, policies).effect is DecisionEffect.ALLOWED


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("apigateway:DELETE", "arn:aws:apigateway:us-east-1::/apis/a/authorizers/b"),
        ("apigateway:DELETE", "arn:aws:apigateway:us-east-1::/restapis/a/authorizers/b"),
        ("greengrass:CancelDeployment", "arn:aws:greengrass:us-east-1:111122223333:deployments:d"),
    ],
)
def test_a_resource_whose_arn_has_two_forms_is_found_in_both(action: str, resource: str) -> None:
    verdict = asked(identity({"Effect": "Allow", "Action": action, "Resource": resource})).direct
    assert isinstance(verdict, Refuted)
    assert verdict.counterexample.request.resource == resource


WITHOUT_MFA = (CallerCredential.SESSION, CallerCredential.KEY)
HOLES: dict[str, tuple[dict[str, Any], tuple[CallerCredential, ...]]] = {
    "Bool lets keys through": ({"Bool": NO_MFA}, (CallerCredential.KEY,)),
    "Null lets sessions through": (
        {"Null": {"aws:MultiFactorAuthPresent": "true"}},
        (CallerCredential.SESSION,),
    ),
    "an age without IfExists": (
        {"NumericGreaterThan": {"aws:MultiFactorAuthAge": "3600"}},
        WITHOUT_MFA,
    ),
    "another condition beside it": (
        {"BoolIfExists": NO_MFA, "NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}},
        WITHOUT_MFA,
    ),
    "StringLike is no IfExists": ({"StringLike": NO_MFA}, (CallerCredential.KEY,)),
}


@pytest.mark.parametrize(("condition", "credentials"), HOLES.values(), ids=list(HOLES))
def test_a_hole_is_found_with_the_credentials_that_fit(
    condition: dict[str, Any], credentials: tuple[CallerCredential, ...]
) -> None:
    policies = identity(ALLOW_ALL, {**ENFORCEMENT, "Condition": condition})
    verdict = asked(policies).direct
    assert isinstance(verdict, Refuted)
    assert verdict.counterexample.credential is credentials[0]
    question = enforcement_question(policies, ALICE, NOW, ("iam:GetUser",))
    assert question.credentials == WITHOUT_MFA
    for credential in WITHOUT_MFA:
        alone = prove_none(replace(question, credentials=(credential,)))
        assert isinstance(alone, Refuted if credential in credentials else Proved), credential


SHUT: dict[str, list[dict[str, Any]]] = {
    "two statements": [
        {**ENFORCEMENT, "Condition": {"Bool": NO_MFA}},
        {**ENFORCEMENT, "Condition": {"Null": {"aws:MultiFactorAuthPresent": "true"}}},
    ],
    "not equal to true": [
        {**ENFORCEMENT, "Condition": {"StringNotEquals": {"aws:MultiFactorAuthPresent": "true"}}}
    ],
    "an age with IfExists": [
        {
            **ENFORCEMENT,
            "Condition": {"NumericGreaterThanIfExists": {"aws:MultiFactorAuthAge": "3600"}},
        }
    ],
    "halves by address": [
        {
            **ENFORCEMENT,
            "Condition": {"BoolIfExists": NO_MFA, "IpAddress": {"aws:SourceIp": "0.0.0.0/1"}},
        },
        {
            **ENFORCEMENT,
            "Condition": {"BoolIfExists": NO_MFA, "NotIpAddress": {"aws:SourceIp": "0.0.0.0/1"}},
        },
    ],
    "halves by tag": [
        {
            **ENFORCEMENT,
            "Condition": {
                "BoolIfExists": NO_MFA,
                "StringEquals": {"aws:PrincipalTag/team": "${aws:RequestTag/team}"},
            },
        },
        ENFORCEMENT,
    ],
}


@pytest.mark.parametrize("statements", SHUT.values(), ids=list(SHUT))
def test_enforcement_in_other_words_is_proved(statements: list[dict[str, Any]]) -> None:
    assert asked(identity(ALLOW_ALL, *statements)).direct == Proved()


def test_a_enforcement_with_a_not_resource_is_open_there() -> None:
    statement = {key: value for key, value in ENFORCEMENT.items() if key != "Resource"}
    statement["NotResource"] = "arn:aws:s3:::public/*"
    verdict = asked(identity(ALLOW_ALL, statement)).direct
    assert isinstance(verdict, Refuted)
    assert verdict.counterexample.request.resource.startswith("arn:aws:s3:::public/")


def test_a_enforcement_over_every_service_by_name_is_open_to_the_next() -> None:
    named = [f"{service}:*" for service in load().services()]
    statement = {**ENFORCEMENT, "Action": named}
    del statement["NotAction"]
    policies = identity(ALLOW_ALL, statement)
    assert in_catalogue(policies) == Proved()
    verdict = asked(policies).direct
    assert isinstance(verdict, Unknown)
    assert verdict.beyond is not None
    assert not verdict.beyond.exists


def test_calls_through_services_get_a_verdict_of_their_own() -> None:
    choices = Choices(via_aws_service=True)
    policies = Policies(
        identity=(
            AttachedPolicy("enforcement", force_mfa(choices)),
            attached(ALLOW_ALL, name="all"),
        )
    )
    enforcement = prove_enforcement(policies, ALICE, NOW)
    assert enforcement.direct == Proved()
    assert isinstance(enforcement.via_service, Refuted)
    assert enforcement.via_service.counterexample.request.context["aws:ViaAWSService"] == "true"


def test_what_may_be_attached_later_is_another_question() -> None:
    policies = identity({"Effect": "Allow", "Action": "iam:GetUser", "Resource": "*"})
    assert asked(policies).direct == Proved()
    assert isinstance(asked(policies, later=True).direct, Refuted)


def test_boundary_session_and_scp_each_enforce_mfa() -> None:
    shut = attached(ALLOW_ALL, ENFORCEMENT, name="shut")
    open_ = identity(ALLOW_ALL).identity
    assert asked(Policies(identity=open_, boundaries=(shut,))).direct == Proved()
    assert asked(Policies(identity=open_, session=(shut,))).direct == Proved()
    assert asked(Policies(identity=open_, scps=(Level("root", (shut,)),))).direct == Proved()
    assert isinstance(asked(Policies(identity=open_)).direct, Refuted)


def test_a_variable_between_two_keys_is_followed_to_a_counterexample() -> None:
    condition = {"StringEquals": {"s3:ExistingObjectTag/team": "${aws:PrincipalTag/team}"}}
    statement = {
        "Effect": "Allow",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::b/${aws:PrincipalTag/team}/*",
        "Condition": condition,
    }
    verdict = asked(identity(statement)).direct
    assert isinstance(verdict, Refuted)
    context = verdict.counterexample.request.context
    assert context["s3:ExistingObjectTag/team"] == context["aws:PrincipalTag/team"]


def test_a_kind_of_policy_that_is_not_handled_is_unknown() -> None:
    policies = Policies(identity=identity(ALLOW_ALL).identity, vpc_endpoint=())
    verdict = asked(policies).direct
    assert isinstance(verdict, Unknown)
    assert verdict.reason.en == "a VPC endpoint policy is not handled"


def test_too_much_to_look_at_is_unknown_and_never_a_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    deny = {key: value for key, value in ENFORCEMENT.items() if key != "NotAction"}
    allow = {"Effect": "Allow", "Action": "s3:*G*A*", "Resource": "*"}
    policies = identity(allow, {**deny, "Action": "s3:*G*"})
    assert in_catalogue(policies) == Proved()
    monkeypatch.setattr("sekisho.prover.solver.texts.MOST_STATES", 3)
    assert isinstance(in_catalogue(policies), Unknown)


def test_a_verdict_is_not_tested_for_truth() -> None:
    with pytest.raises(TypeError, match="assert_proved"):
        bool(Proved())


def test_only_users_have_a_enforcement() -> None:
    with pytest.raises(FaultyRequest):
        CallingUser.of("arn:aws:iam::111122223333:role/admin")


def test_the_exempt_list_of_awss_sample() -> None:
    found = exempt_list(Policies(identity=(sample("aws-self-manage"),)), ALICE, NOW)
    assert not isinstance(found, Unknown)
    names = sorted(name for each in found for name in each.actions)
    assert names == [
        "iam:CreateVirtualMFADevice",
        "iam:EnableMFADevice",
        "iam:GetUser",
        "iam:ListMFADevices",
        "iam:ListVirtualMFADevices",
        "iam:ResyncMFADevice",
    ]
    users = {each.resources for each in found if "iam:EnableMFADevice" in each.actions}
    assert users == {("arn:aws:iam::*:user/${aws:username}",)}


def test_the_first_login_variant_exempts_two_actions_more() -> None:
    def names(name: str) -> set[str]:
        found = exempt_list(Policies(identity=(sample(name),)), ALICE, NOW)
        assert not isinstance(found, Unknown)
        return {action for each in found for action in each.actions}

    more = names("force-mfa-first-login") - names("aws-self-manage")
    assert more == {"iam:ChangePassword", "iam:GetAccountPasswordPolicy"}
    assert names("aws-self-manage") <= names("force-mfa-first-login")


def _passing_the_sign_in(*, left_out: str = "") -> Policies:
    choices = replace(choices_of(Preset.RECOMMENDED), console_sign_in_without_mfa=True)
    document = force_mfa(choices)
    statements = tuple(each for each in document.statements if each.sid != left_out)
    left = replace(document, statements=statements)
    return Policies(identity=(AttachedPolicy("Force_MFA", left),))


def test_the_console_s_own_sign_in_may_pass_and_no_other_client_s() -> None:
    found = prove_enforcement(_passing_the_sign_in(), ALICE, NOW, later=True)
    assert isinstance(found.direct, Proved)
    others = _passing_the_sign_in(left_out="DenyOtherSignInIfNoMFA")
    found = prove_enforcement(others, ALICE, NOW, later=True)
    assert isinstance(found.direct, Refuted)
    request = found.direct.counterexample.request
    assert request.action in CONSOLE_ACTIONS
    assert "/management-console" not in request.resource
    assert any(part in request.resource for part in ("public-client/", "service-principal/"))
    # what passes is listed all the same
    administrator = _passing_the_sign_in()
    everything = attached(ALLOW_ALL, name="everything")
    administrator = replace(administrator, identity=(*administrator.identity, everything))
    listed = exempt_list(administrator, ALICE, NOW)
    assert not isinstance(listed, Unknown)
    assert {*CONSOLE_ACTIONS} <= {action for each in listed for action in each.actions}
