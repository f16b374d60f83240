"""Console sign-in, step by step."""

from datetime import UTC, datetime, timedelta

import pytest

from cases import cases
from sekisho.errors import InternalError
from sekisho.signin import (
    CONSOLE_SESSION,
    CredentialKind,
    HolderKind,
    NextStep,
    SigninAssumptions,
    SigninOrder,
    console_session,
    context_of,
    next_step,
)
from signin_people import HOLDERS

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def walk(devices, reset, assumptions):
    """Take each step as asked, until the sign-in ends."""
    steps, mfa_passed = [], False
    while True:
        step = next_step(True, devices, reset, assumptions, mfa_passed=mfa_passed)
        steps.append(step)
        if step is NextStep.NEEDS_MFA:
            mfa_passed = True
        elif step is NextStep.NEEDS_NEW_PASSWORD:
            reset = False
        else:
            return steps


@pytest.mark.parametrize("case", cases("signin/sign-in", ["devices", "reset", "order", "steps"]))
def test_sign_in(case):
    assumptions = SigninAssumptions(order=SigninOrder(case["order"]))
    assert walk(case["devices"], case["reset"], assumptions) == case["steps"]


@pytest.mark.parametrize("devices", [0, 1])
@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("mfa_passed", [False, True])
def test_a_wrong_password_goes_nowhere(devices, reset, mfa_passed):
    got = next_step(False, devices, reset, SigninAssumptions(), mfa_passed=mfa_passed)
    assert got is NextStep.REFUSED


def test_a_session_lasts_twelve_hours_and_keeps_its_mfa():
    session = console_session(HOLDERS[HolderKind.USER], NOW, NOW)
    assert session.kind is CredentialKind.CONSOLE_SESSION
    assert session.expires_at == NOW + CONSOLE_SESSION
    assert session.mfa_at == NOW
    assert console_session(HOLDERS[HolderKind.USER], NOW, None).mfa_at is None


def test_a_session_lasts_as_long_as_its_user_s_may_and_its_mfa_grows_old():
    lasts = timedelta(days=90)
    session = console_session(HOLDERS[HolderKind.USER], NOW, NOW, lasts)
    assert session.expires_at == NOW + lasts
    context = context_of(session, NOW + lasts, SigninAssumptions())
    assert context["aws:MultiFactorAuthPresent"] == "true"
    assert context["aws:MultiFactorAuthAge"] == "7776000"
    for wrong in (timedelta(minutes=59), lasts + timedelta(seconds=1)):
        with pytest.raises(InternalError):
            console_session(HOLDERS[HolderKind.USER], NOW, NOW, wrong)


def test_mfa_cannot_lie_in_the_future():
    with pytest.raises(InternalError):
        console_session(HOLDERS[HolderKind.USER], NOW, NOW + timedelta(seconds=1))
