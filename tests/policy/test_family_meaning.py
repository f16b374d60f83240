"""What the family's choices open and shut, decided by the engine on real requests.

Source: docs/signin.md (context keys by credential), docs/policy.md (what the pattern leaves open).
"""

from dataclasses import replace

import pytest

from sekisho import policy
from sekisho.engine import (
    AttachedPolicy,
    Context,
    DecisionEffect,
    Policies,
    Request,
    decide,
)
from sekisho.policy import Preset

ADMIN = AttachedPolicy(
    "AdministratorAccess",
    policy.from_json({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}),
)
KEY = {"aws:ViaAWSService": "false"}
CONSOLE = {
    "aws:ViaAWSService": "false",
    "aws:MultiFactorAuthPresent": "false",
    "aws:TokenIssueTime": "2026-11-24T00:00:00Z",
}
MFA = {**CONSOLE, "aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": "600"}
STATES = {"key": KEY, "console": CONSOLE, "mfa": MFA}

ALICE = "arn:aws:iam::111122223333:user/alice"
DEV_ALICE = "arn:aws:iam::111122223333:user/dev/alice"
BOB = "arn:aws:iam::111122223333:user/bob"
PHONE = "arn:aws:iam::111122223333:mfa/alice-phone"
AWS = policy.choices_of(Preset.AWS)
FIRST_LOGIN = policy.choices_of(Preset.FIRST_LOGIN)
RECOMMENDED = policy.choices_of(Preset.RECOMMENDED)
ALLOWED, IMPLICIT, EXPLICIT = (
    DecisionEffect.ALLOWED,
    DecisionEffect.IMPLICITLY_DENIED,
    DecisionEffect.EXPLICITLY_DENIED,
)


def outcome(choices, action, resource, state, *, who=ALICE, admin=False):
    """Decide one request of `who` under the policy alone, or beside AdministratorAccess."""
    attached = AttachedPolicy("Force_MFA", policy.force_mfa(choices))
    held = STATES[state] if isinstance(state, str) else state
    context = Context({"aws:username": "alice", **held})
    policies = Policies(identity=(attached, ADMIN) if admin else (attached,))
    return decide(Request(who, action, resource, context), policies).effect


@pytest.mark.parametrize("choices", [AWS, FIRST_LOGIN, RECOMMENDED])
@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("iam:CreateVirtualMFADevice", PHONE),
        ("iam:EnableMFADevice", ALICE),
        ("iam:ListMFADevices", ALICE),
        ("iam:ListVirtualMFADevices", "*"),
        ("iam:GetUser", ALICE),
        ("iam:ResyncMFADevice", ALICE),
    ],
)
def test_everybody_can_enrol_without_mfa(choices, action, resource):
    assert {outcome(choices, action, resource, state) for state in STATES} == {ALLOWED}


_SIGN_IN = "arn:aws:signin:us-east-1:111122223333:"


@pytest.mark.parametrize("choices", [AWS, FIRST_LOGIN, RECOMMENDED])
@pytest.mark.parametrize("action", policy.CONSOLE_ACTIONS)
@pytest.mark.parametrize(
    ("resource", "passes"),
    [
        ("arn:aws:signin:::console/management-console", True),
        (f"{_SIGN_IN}oauth2/public-client/localhost", False),
        (f"{_SIGN_IN}oauth2/public-client/remote", False),
        (f"{_SIGN_IN}service-principal/aws-mcp.amazonaws.com", False),
    ],
)
def test_the_console_s_own_sign_in_passes_without_mfa_if_chosen(choices, action, resource, passes):
    chosen = replace(choices, console_sign_in_without_mfa=True)
    for state in ("key", "console"):
        found = outcome(chosen, action, resource, state, admin=True)
        assert found is (ALLOWED if passes else EXPLICIT)
        # nothing is allowed that was not
        alone = outcome(chosen, action, resource, state)
        assert alone is (IMPLICIT if passes else EXPLICIT)
        assert outcome(choices, action, resource, state, admin=True) is EXPLICIT
    assert outcome(chosen, action, resource, "mfa", admin=True) is ALLOWED
    old = {**MFA, "aws:MultiFactorAuthAge": "601"}
    young = replace(chosen, mfa_age=600)
    assert outcome(young, action, resource, old, admin=True) is (ALLOWED if passes else EXPLICIT)


@pytest.mark.parametrize("choices", [AWS, FIRST_LOGIN, RECOMMENDED])
@pytest.mark.parametrize("action", policy.CONSOLE_ACTIONS)
@pytest.mark.parametrize("console", [False, True])
def test_other_clients_of_the_sign_in_can_be_denied_also_with_mfa(choices, action, console):
    base = replace(choices, console_sign_in_without_mfa=console)
    here = f"{_SIGN_IN}oauth2/public-client/localhost"
    remote = f"{_SIGN_IN}oauth2/public-client/remote"
    agent = f"{_SIGN_IN}service-principal/aws-mcp.amazonaws.com"
    for chosen, denied in (
        (base, set()),
        (replace(base, deny_remote_login=True), {remote}),
        (replace(base, deny_agents=True), {agent}),
        (replace(base, deny_remote_login=True, deny_agents=True), {remote, agent}),
    ):
        for resource in (here, remote, agent):
            found = outcome(chosen, action, resource, "mfa", admin=True)
            assert found is (EXPLICIT if resource in denied else ALLOWED), resource
            assert outcome(chosen, action, resource, "console", admin=True) is EXPLICIT
        # whoever signs in to the console is asked about another resource, if at all
        page = "arn:aws:signin:::console/management-console"
        assert outcome(chosen, action, page, "mfa", admin=True) is ALLOWED


@pytest.mark.parametrize("choices", [AWS, FIRST_LOGIN, RECOMMENDED])
@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:ListAllMyBuckets", "*"),
        ("iam:DeactivateMFADevice", ALICE),
        ("iam:DeleteVirtualMFADevice", PHONE),
        ("iam:CreateAccessKey", ALICE),
        ("iam:CreateUser", BOB),
        ("sts:AssumeRole", "arn:aws:iam::111122223333:role/Ops"),
    ],
)
def test_even_an_administrator_needs_mfa_for_the_rest(choices, action, resource):
    found = {state: outcome(choices, action, resource, state, admin=True) for state in STATES}
    assert found == {"key": EXPLICIT, "console": EXPLICIT, "mfa": ALLOWED}


@pytest.mark.parametrize(
    ("choices", "expected"), [(AWS, EXPLICIT), (FIRST_LOGIN, ALLOWED), (RECOMMENDED, ALLOWED)]
)
def test_first_password_change(choices, expected):
    assert outcome(choices, "iam:ChangePassword", ALICE, "console") is expected
    assert outcome(choices, "iam:GetAccountPasswordPolicy", "*", "console") is expected


@pytest.mark.parametrize(
    ("choices", "expected"), [(AWS, IMPLICIT), (FIRST_LOGIN, IMPLICIT), (RECOMMENDED, ALLOWED)]
)
def test_users_with_a_path_and_the_details_of_a_device(choices, expected):
    assert outcome(choices, "iam:EnableMFADevice", DEV_ALICE, "console", who=DEV_ALICE) is expected
    assert outcome(choices, "iam:GetMFADevice", ALICE, "console") is expected


@pytest.mark.parametrize(
    ("choices", "expected"), [(AWS, ALLOWED), (FIRST_LOGIN, ALLOWED), (RECOMMENDED, EXPLICIT)]
)
@pytest.mark.parametrize("state", ["key", "console"])
@pytest.mark.parametrize("action", ["iam:EnableMFADevice", "iam:ResyncMFADevice", "iam:GetUser"])
def test_an_administrators_reach_to_others_without_mfa(choices, expected, state, action):
    assert outcome(choices, action, BOB, state, admin=True) is expected
    assert outcome(choices, action, BOB, "mfa", admin=True) is ALLOWED


def test_a_name_that_only_ends_alike_is_somebody_else():
    other = "arn:aws:iam::111122223333:user/dev/malice"
    assert outcome(RECOMMENDED, "iam:EnableMFADevice", other, "key", admin=True) is EXPLICIT


def test_enrolment_guard_stops_keys_and_not_the_console():
    guarded = replace(RECOMMENDED, enrolment_needs_session=True)
    for action, resource in (("iam:EnableMFADevice", ALICE), ("iam:CreateVirtualMFADevice", PHONE)):
        assert outcome(guarded, action, resource, "key") is EXPLICIT
        assert outcome(guarded, action, resource, "console") is ALLOWED


def test_companion_frees_only_what_a_service_does():
    freed = replace(RECOMMENDED, via_aws_service=True)
    by_service = {"aws:ViaAWSService": "true", "aws:MultiFactorAuthPresent": "false"}
    unknown = {"aws:MultiFactorAuthPresent": "false"}
    for choices, state, expected in (
        (RECOMMENDED, by_service, EXPLICIT),
        (freed, by_service, ALLOWED),
        (freed, "console", EXPLICIT),
        (freed, "key", EXPLICIT),
        (freed, unknown, EXPLICIT),
    ):
        assert outcome(choices, "s3:ListAllMyBuckets", "*", state, admin=True) is expected


def test_age_shuts_old_sessions_out_of_everything_but_enrolment():
    strict = replace(RECOMMENDED, mfa_age=3600)
    old = {**MFA, "aws:MultiFactorAuthAge": "3601"}
    assert outcome(strict, "s3:ListAllMyBuckets", "*", old, admin=True) is EXPLICIT
    assert outcome(strict, "s3:ListAllMyBuckets", "*", "mfa", admin=True) is ALLOWED
    assert outcome(strict, "iam:ListMFADevices", ALICE, old) is ALLOWED


def test_quiet_console_reads_own_things_only():
    quiet = replace(RECOMMENDED, quiet_console=True)
    assert outcome(RECOMMENDED, "iam:ListAccessKeys", ALICE, "console") is EXPLICIT
    assert outcome(quiet, "iam:ListAccessKeys", ALICE, "console") is ALLOWED
    assert outcome(quiet, "iam:ListAccessKeys", BOB, "console", admin=True) is EXPLICIT
    assert outcome(quiet, "iam:GetAccountSummary", "*", "console") is ALLOWED
    assert outcome(quiet, "iam:CreateAccessKey", ALICE, "console") is EXPLICIT
