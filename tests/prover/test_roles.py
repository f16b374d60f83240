"""Where a user can become a role, the answers say that this is no part of them."""

from typing import Any

import pytest

from prover.questions import ALICE, ALLOW_ALL, ENFORCEMENT, NOW, identity
from sekisho.prover import roles_within_reach

OWN = ALICE.account
ASSUME = {"Effect": "Allow", "Action": "sts:AssumeRole"}


def _role(account: str) -> str:
    return f"arn:aws:iam::{account}:role/ops"


@pytest.mark.parametrize(
    ("statements", "without_mfa", "elsewhere"),
    [
        ([{**ASSUME, "Resource": "*"}], True, True),
        ([ALLOW_ALL], True, True),
        ([ALLOW_ALL, ENFORCEMENT], False, True),
        ([{**ASSUME, "Action": "sts:*", "Resource": _role(OWN)}], True, False),
        ([{**ASSUME, "Resource": _role(OWN)}, ENFORCEMENT], False, False),
        ([{**ASSUME, "Resource": [_role(OWN), _role("999988887777")]}, ENFORCEMENT], False, True),
        ([{**ASSUME, "Resource": _role("9999*")}, ENFORCEMENT], False, True),
        ([{**ASSUME, "NotResource": _role(OWN)}, ENFORCEMENT], False, True),
        ([{**ASSUME, "Resource": "arn:aws:s3:::b"}, ENFORCEMENT], False, False),
        ([{**ALLOW_ALL, "Action": "s3:*"}], False, False),
        ([{**ALLOW_ALL, "Action": None, "NotAction": "sts:*"}], False, False),
    ],
)
def test_roles_are_said_where_they_are_within_reach(
    statements: list[dict[str, Any]], without_mfa: bool, elsewhere: bool
) -> None:
    kept = [{key: each for key, each in one.items() if each is not None} for one in statements]
    found = roles_within_reach(identity(*kept), ALICE, NOW)
    said = "" if found is None else found.en
    assert ("without MFA" in said, "other accounts" in said) == (without_mfa, elsewhere)
    assert found is None or found.ja != found.en
