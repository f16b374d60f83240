"""Where it matters what IAM's lists are asked about, it is said."""

import re
from typing import Any

import pytest

from prover.questions import ALICE, ALLOW_ALL, ENFORCEMENT, NOW, identity
from sekisho.catalogue import load
from sekisho.prover import uncertain_lists

USERS = "arn:aws:iam::*:user/*"
LIST = {"Effect": "Allow", "Action": "iam:ListUsers", "Resource": USERS}


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        ([LIST], "iam:ListUsers: checked on `*`"),
        ([LIST], "allowed there without MFA"),
        ([LIST, ENFORCEMENT], "allowed there."),
        ([{**LIST, "Action": "iam:List*"}], "iam:ListUsers: "),
        ([{**LIST, "Resource": ["*", USERS]}], None),
        ([{**LIST, "Resource": "arn:aws:iam::*:user/${aws:username}"}], None),
        ([ALLOW_ALL, {**LIST, "Effect": "Deny"}], "refused there."),
        ([ALLOW_ALL, ENFORCEMENT], None),
        ([LIST, {**ENFORCEMENT, "NotAction": "iam:ListUsers"}], "allowed there without MFA"),
    ],
)
def test_lists_in_doubt_are_said(statements: list[dict[str, Any]], said: str | None) -> None:
    kept = [{key: each for key, each in one.items() if each is not None} for one in statements]
    found = uncertain_lists(identity(*kept), ALICE, NOW)
    if said is None or found is None:
        assert (found, said) == (None, None)
        return
    assert said in f"{found.en} "
    assert found.ja != found.en


def test_the_catalogue_names_no_resource_for_them() -> None:
    every = {**LIST, "Action": "iam:List*", "Resource": "arn:aws:iam::*:*/*"}
    found = uncertain_lists(identity(every), ALICE, NOW)
    assert found is not None
    names = re.findall(r"iam:\w+", found.en.partition(": asked")[0])
    assert len(names) == 5
    for name in names:
        known = load().action(name)
        assert known is not None
        assert known.resource_types == ()
