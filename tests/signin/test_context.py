"""The request context of each credential, table by table."""

from datetime import UTC, datetime

import pytest

from cases import cases, document
from sekisho.errors import InternalError
from sekisho.signin import (
    MFA_IN_CALL,
    AwsLoginMfa,
    CredentialKind,
    HolderKind,
    RoleSessionMfa,
    SigninAssumptions,
    context_of,
)
from signin_people import credential

CORPUS = document("signin/contexts")
NOW = datetime.fromisoformat(CORPUS["now"])


@pytest.mark.parametrize(
    "case",
    cases(
        "signin/contexts",
        ["kind", "holder", "mfa", "has", "absent"],
        ["roleSessionMfa", "awsLoginMfa"],
    ),
)
def test_context_of_each_credential(case):
    assumptions = SigninAssumptions(
        role_session_mfa=RoleSessionMfa(case.get("roleSessionMfa", "false")),
        aws_login_mfa=AwsLoginMfa(case.get("awsLoginMfa", "as-console")),
    )
    held = credential(
        CredentialKind(case["kind"]), HolderKind(case["holder"]), NOW, mfa=case["mfa"]
    )
    context = context_of(held, NOW, assumptions)
    expected = CORPUS["everywhere"] | case["has"]
    assert {key: context.get(key) for key in expected} == expected
    assert not set(case["absent"]) & set(context)


def test_no_context_has_a_key_in_two_spellings():
    held = credential(CredentialKind.CONSOLE_SESSION, HolderKind.USER, NOW, mfa=True)
    context = context_of(held, NOW, SigninAssumptions()) | MFA_IN_CALL
    assert len({key.lower() for key in context}) == len(context)


def test_a_time_without_a_zone_is_refused():
    held = credential(CredentialKind.LONG_TERM_KEY, HolderKind.USER, NOW, mfa=False)
    with pytest.raises(InternalError):
        context_of(held, datetime(2026, 11, 24), SigninAssumptions())  # noqa: DTZ001 - the point


def test_mfa_age_is_never_negative():
    held = credential(CredentialKind.CONSOLE_SESSION, HolderKind.USER, NOW, mfa=True)
    earlier = datetime(2020, 1, 1, tzinfo=UTC)
    assert context_of(held, earlier, SigninAssumptions())["aws:MultiFactorAuthAge"] == "0"
