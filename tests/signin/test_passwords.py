"""The password policy, and who may change a password."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases import cases
from sekisho.signin import (
    CharacterClass,
    CredentialKind,
    HolderKind,
    PasswordPolicy,
    Refused,
    Rule,
    check_password,
    check_password_change,
)
from signin_people import credential

CLASSES = {
    "RequireUppercaseCharacters": CharacterClass.UPPERCASE,
    "RequireNumbers": CharacterClass.NUMBER,
    "RequireSymbols": CharacterClass.SYMBOL,
}


def policy_of(raw):
    if raw is None:
        return None
    required = frozenset(kind for name, kind in CLASSES.items() if raw.get(name))
    return PasswordPolicy(minimum_length=raw["MinimumPasswordLength"], required=required)


@pytest.mark.parametrize(
    "case", cases("signin/passwords", ["password", "user", "policy", "expected"])
)
def test_password(case):
    password = case["password"].replace("LONG", "x" * 128)
    got = check_password(password, case["user"], policy_of(case["policy"]))
    if case["expected"] is None:
        assert got is None
    else:
        assert got == Refused(
            "PasswordPolicyViolation", case["expected"], 400, Rule.PASSWORD_POLICY
        )


@given(st.text(alphabet="abcXYZ019!? ", min_size=5, max_size=140))
def test_no_message_repeats_the_password(password):
    got = check_password(password, "alice", None)
    assert got is None or password not in got.message


@pytest.mark.parametrize(
    ("holder", "code"),
    [
        (HolderKind.USER, None),
        (HolderKind.ROLE, "InvalidUserType"),
        (HolderKind.ROOT, "InvalidUserType"),
        (HolderKind.FEDERATED, "InvalidUserType"),
    ],
)
def test_only_iam_users_change_their_password(holder, code):
    now = datetime(2026, 11, 24, tzinfo=UTC)
    got = check_password_change(credential(CredentialKind.CONSOLE_SESSION, holder, now, mfa=False))
    assert (got and got.code) == code
