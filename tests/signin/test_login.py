"""Sessions of `aws login`: what they bring, and how long."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from cases import cases
from sekisho import signin
from sekisho.errors import InternalError
from sekisho.signin import (
    LOGIN_ACCESS,
    SIGN_IN_SESSION,
    CredentialKind,
    HolderKind,
    LoginClient,
    SigninAssumptions,
    context_of,
    login_session,
    sign_in_arn,
)
from signin_people import ACCOUNT, SIGN_IN, credential

NOW = datetime.fromisoformat("2026-11-24T09:00:00+09:00")


def test_a_renewed_session_is_the_same_session_and_its_mfa_grows_old():
    console = credential(CredentialKind.CONSOLE_SESSION, HolderKind.USER, NOW, mfa=True)
    later = NOW + timedelta(hours=3)
    first, renewed = (login_session(console, SIGN_IN, at) for at in (NOW, later))
    before, after = (
        context_of(each, at, SigninAssumptions()) for each, at in ((first, NOW), (renewed, later))
    )
    assert before[SIGN_IN_SESSION] == after[SIGN_IN_SESSION] == SIGN_IN
    age = int(after["aws:MultiFactorAuthAge"]) - int(before["aws:MultiFactorAuthAge"])
    assert age == 3 * 3_600
    assert renewed.expires_at == later + LOGIN_ACCESS


@pytest.mark.parametrize("case", cases("signin/lifetimes", ["seconds"]))
def test_how_long_sessions_last(case):
    assert getattr(signin, case["id"]) == timedelta(seconds=case["seconds"])


@pytest.mark.parametrize("kind", [each for each in CredentialKind if "console" not in each.value])
def test_a_login_begins_at_a_console_session_only(kind):
    held = credential(kind, HolderKind.USER, NOW, mfa=True)
    with pytest.raises(InternalError):
        login_session(held, SIGN_IN, NOW)


def test_the_resources_are_those_of_the_service_authorization_reference():
    """Resource types oauth2-public-client-localhost and oauth2-public-client-remote."""
    told = {each: each.resource("aws", "eu-west-1", ACCOUNT) for each in LoginClient}
    start = f"arn:aws:signin:eu-west-1:{ACCOUNT}:oauth2/public-client"
    assert told == {
        LoginClient.SAME_DEVICE: f"{start}/localhost",
        LoginClient.CROSS_DEVICE: f"{start}/remote",
    }


def test_the_session_is_of_the_persons_account():
    console = credential(CredentialKind.CONSOLE_SESSION, HolderKind.USER, NOW, mfa=False)
    holder = replace(console.holder, partition="aws-us-gov")
    told = sign_in_arn(replace(console, holder=holder), "us-gov-west-1", "0a1b")
    assert told == f"arn:aws-us-gov:signin:us-gov-west-1:{ACCOUNT}:session/0a1b"
