"""What a user signs requests with, and what is said where nothing is there to sign one."""

from dataclasses import replace
from typing import Any

import pytest

from audit.small_accounts import HOME, snapshot_of
from rollout.staging import ACCOUNT
from sekisho.account import Credentials, User, credentials_by_user
from sekisho.audit.impact import (
    counterexample_for_user,
    credentials_of,
    kind_of_credential,
    usable_credentials,
)
from sekisho.engine import Context, Request
from sekisho.prover import CallerCredential, Counterexample, counterexample_text

KEY, SESSION = CallerCredential.KEY, CallerCredential.SESSION
MFA_SESSION = CallerCredential.MFA_SESSION
NO_KEY, NOTHING = "the user has no active access key", "no password and no active access key"
UNREAD = "was not read"


def credentials_with(password: bool | None, keys: int | None) -> Credentials:
    """Return what somebody holds of whom these two are known, or not."""
    some = credentials_by_user(snapshot_of({"users": {"mika": {}}}))["mika"]
    return replace(some, password=password, active_keys=keys)


def counterexample(held: CallerCredential) -> Counterexample:
    request = Request(f"{HOME}:user/mika", "s3:ListAllMyBuckets", "*", Context(), ACCOUNT)
    return Counterexample(request, held, {}, exists=True)


@pytest.mark.parametrize("by_service", [False, True])
@pytest.mark.parametrize(
    ("held", "password", "keys", "said"),
    [
        (KEY, False, 1, ""),
        (KEY, None, 2, ""),
        (KEY, True, 0, NO_KEY),
        (KEY, True, None, UNREAD),
        # a session without MFA is one of the console or of GetSessionToken, which takes a key
        (SESSION, True, 0, ""),
        (SESSION, True, None, ""),
        (SESSION, False, 1, ""),
        (SESSION, None, 1, ""),
        (SESSION, False, 0, NOTHING),
        (SESSION, False, None, UNREAD),
        (SESSION, None, 0, UNREAD),
        (SESSION, None, None, UNREAD),
    ],
)
def test_what_the_user_has_not_is_said(
    held: CallerCredential, password: bool | None, keys: int | None, said: str, by_service: bool
) -> None:
    if by_service:
        held = CallerCredential[f"{held.name}_VIA_SERVICE"]
    shown = counterexample(held)
    text = counterexample_for_user(shown, credentials_with(password, keys)).en
    plain = counterexample_text(shown).en
    assert text.startswith(plain)
    assert text == plain if not said else said in text.removeprefix(plain)
    assert [each for each in (NO_KEY, NOTHING, UNREAD) if each in text] == [said] * bool(said)


def test_where_nobody_asks_what_the_user_has_nothing_is_said() -> None:
    shown = counterexample(KEY)
    assert counterexample_for_user(shown, None) == counterexample_text(shown)
    nothing = credentials_with(False, 0)
    assert counterexample_for_user(counterexample(MFA_SESSION), nothing) == counterexample_text(
        counterexample(MFA_SESSION)
    )


def test_a_counterexample_is_allowed_unless_it_is_refused() -> None:
    shown, has = counterexample(KEY), credentials_with(False, 1)
    assert counterexample_for_user(shown, has).en.endswith("is allowed")
    refused = counterexample_for_user(shown, has, refused=True)
    assert refused == counterexample_text(shown, refused=True)
    assert not refused.en.endswith("is allowed")


@pytest.mark.parametrize(
    ("user", "enters", "works"),
    [
        ({}, False, []),
        ({"password": {}}, True, [SESSION]),
        ({"password": {}}, False, []),
        ({"keys": [{}]}, False, [KEY]),
        ({"keys": [{"active": False}]}, False, []),
        ({"password": {}, "keys": [{}]}, True, [KEY, SESSION]),
        # with a device the console asks for it, and GetSessionToken takes its code beside a key
        ({"password": {}, "devices": ["virtual"]}, True, [MFA_SESSION]),
        ({"password": {}, "devices": ["virtual"]}, False, []),
        ({"keys": [{}], "devices": ["virtual"]}, False, [KEY, MFA_SESSION]),
        ({"keys": [{"active": False}], "devices": ["virtual"]}, False, []),
        ({"password": {}, "keys": [{}], "devices": ["virtual"]}, True, [KEY, MFA_SESSION]),
        # a passkey gives no code
        ({"password": {}, "devices": ["passkey"]}, True, [MFA_SESSION]),
        ({"keys": [{}], "devices": ["passkey"]}, False, [KEY]),
        ({"keys": [{}], "devices": ["passkey", "virtual"]}, False, [KEY, MFA_SESSION]),
    ],
)
def test_what_a_user_can_work_with(
    user: dict[str, Any], enters: bool, works: list[CallerCredential]
) -> None:
    snapshot = snapshot_of({"users": {"mika": user}})
    (mika,) = snapshot.users
    found = usable_credentials(snapshot, mika, enters=enters)
    assert [kind_of_credential(each) for each in found] == works


def test_the_credentials_are_of_the_user_and_of_now() -> None:
    snapshot = snapshot_of({"users": {"mika": {"path": "/staff/"}}})
    (mika,) = snapshot.users
    assert isinstance(mika, User)
    (mfa,) = credentials_of(snapshot, mika, mfa=True)
    key, console = credentials_of(snapshot, mika, mfa=False)
    assert [kind_of_credential(each) for each in (key, console, mfa)] == [KEY, SESSION, MFA_SESSION]
    for each in (key, console, mfa):
        assert each.arn == f"{HOME}:user/staff/mika"
    assert mfa.mfa_at == snapshot.taken_at
