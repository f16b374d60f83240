"""A lost phone: the new password lets its owner in, whatever the policies ask."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from rollout.staging import ADMIN, CHANGE, NOW, account, user, with_user
from sekisho.account import (
    AccessKey,
    CredentialReport,
    CredentialRow,
    Gap,
    Password,
    Snapshot,
)
from sekisho.engine import AttachedPolicy
from sekisho.policy import from_json
from sekisho.rollout.changes import ReplacePassword
from sekisho.rollout.forecast import with_change_password
from sekisho.rollout.lifecycle import Standpoint, reset
from sekisho.signin import PasswordPolicy

KEY = AccessKey("AKIAX", active=True)
ENROL = ["iam:CreateVirtualMFADevice", "iam:EnableMFADevice", "iam:ListMFADevices"]
NO_MFA = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
LISTS = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}


def lost(*statements: dict[str, Any], **about: Any) -> Snapshot:
    """Return an account with an administrator, and with eva, who may do what the statements say."""
    own = from_json({"Version": "2012-10-17", "Statement": list(statements)})
    eva = {"inline": (AttachedPolicy("own", own),), "password": Password(), **about}
    return with_user(with_change_password(account()), user("eva", **eva))


@pytest.mark.parametrize(
    ("start", "forced", "fate", "holds"),
    [
        # nobody asks eva for MFA, and she may not change her own password
        (lost(LISTS), False, "gets-in-without-mfa", True),
        # a key does not make the sign-in page any wider
        (lost(LISTS, keys=(KEY,)), False, "gets-in-without-mfa", True),
        # she may change it, and may not enrol
        (lost(LISTS, attached=(CHANGE,)), True, "gets-in-without-mfa", True),
        (
            lost(LISTS, {"Effect": "Allow", "Action": ENROL, "Resource": "*"}),
            False,
            "enrols-again",
            True,
        ),
        # what she could do with MFA would be lost, and she may not enrol
        (
            lost(LISTS, {**LISTS, "Effect": "Deny", "Action": "s3:Get*", "Condition": NO_MFA}),
            False,
            "locked-out",
            False,
        ),
        # everything is denied, with MFA or without
        (lost({"Effect": "Deny", "Action": "*", "Resource": "*"}), False, "locked-out", False),
    ],
)
def test_a_reset_never_ends_at_the_page_for_a_new_password(
    start: Snapshot, forced: bool, fate: str, holds: bool
) -> None:
    made = reset(Standpoint(start, ADMIN, (), {}), "eva")
    (password,) = [each for each in made.changes if isinstance(each, ReplacePassword)]
    assert password.reset_required is forced
    assert ("no-forced-change" in [note.id for note in made.warnings]) is not forced
    assert [person.fate for person in made.people] == [fate]
    assert ("everyone-gets-in" not in made.against) is holds, made.against
    if not holds:
        accepting = Standpoint(start, ADMIN, (), {"everyone-gets-in": "the phone is lost"})
        (again,) = [
            each for each in reset(accepting, "eva").changes if isinstance(each, ReplacePassword)
        ]
        assert not again.reset_required


def test_everybody_may_change_their_own_password_where_the_account_says_so() -> None:
    may = replace(lost(LISTS), password_policy=PasswordPolicy(users_may_change=True))
    made = reset(Standpoint(may, ADMIN, (), {}), "eva")
    assert "no-forced-change" not in [note.id for note in made.warnings]
    # what is not known is not taken for a page that lets anybody pass
    gap = Gap("GetAccountPasswordPolicy", "", "AccessDenied: no")
    made = reset(Standpoint(replace(lost(LISTS), gaps=(gap,)), ADMIN, (), {}), "eva")
    assert "no-forced-change" in [note.id for note in made.warnings]


def test_a_new_password_has_not_expired() -> None:
    start = lost(LISTS, {"Effect": "Allow", "Action": ENROL, "Resource": "*"})
    row = CredentialRow("eva", "", password_next_rotation=NOW - timedelta(days=1))
    hard = PasswordPolicy(max_age=90, hard_expiry=True, users_may_change=True)
    report = CredentialReport(NOW, {"eva": row})
    made = reset(
        Standpoint(replace(start, report=report, password_policy=hard), ADMIN, (), {}), "eva"
    )
    assert made.applicable, made.against
