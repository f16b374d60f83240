"""An output says one thing: the list of what works without MFA is no second verdict.

Each kind of verdict has policies that lead to it. Where the headline leaves something open, the
body does, too; where it is decided, the body names nothing that is against it.
"""

import json
from typing import Any

import pytest

from prover.test_command import run
from sekisho.prover import Enforced

ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}
NO_MFA = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
DENY = {"Effect": "Deny", "NotAction": "iam:GetUser", "Resource": "*", "Condition": NO_MFA}
SOME = {**DENY, "Condition": {**NO_MFA, "StringNotLike": {"aws:PrincipalArn": "*:user/ops/*"}}}
ODD = {
    "Effect": "Allow",
    "Action": "iam:GetUser",
    "Resource": "*",
    "Condition": {"Null": {"ec2:Region": "false"}},
}
SERVED = {**DENY, "Condition": {**NO_MFA, "Bool": {"aws:ViaAWSService": "false"}}}
POLICIES: dict[Enforced, list[list[dict[str, Any]]]] = {
    Enforced.PROVED: [[ALL, DENY]],
    Enforced.NOTHING_ALLOWED: [
        [{**ALL, "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}]
    ],
    Enforced.REFUTED: [[ALL], [ALL, SERVED]],
    Enforced.TODAY_UNKNOWN: [[ODD]],
    Enforced.UNKNOWN: [[ALL, SOME]],
}
CASES = [(word, each) for word, sets in POLICIES.items() for each in sets]
ASKED = ("-", "--only", "enforcement", "--exempt", "sts:GetSessionToken")
OPEN = {"en": ("could not be decided", "undecided"), "ja": ("判定でき", "未判定")}


def test_there_is_a_policy_for_every_kind() -> None:
    assert {*POLICIES} == {*Enforced}


@pytest.mark.parametrize(("word", "statements"), CASES)
def test_the_list_is_no_second_verdict(word: Enforced, statements: list[dict[str, Any]]) -> None:
    given = json.dumps({"Version": "2012-10-17", "Statement": statements})
    asked = (*ASKED, "--exempt", "iam:GetUser") if ODD not in statements else ASKED
    found = json.loads(run(*asked, "--format", "json", given=given).stdout)
    assert found["enforced"] == word.value
    is_open = word in (Enforced.UNKNOWN, Enforced.TODAY_UNKNOWN)
    assert (found["exemptUnknown"] is not None) is is_open
    listed = {action for each in found["exempt"] or () for action in each["actions"]}
    if word in (Enforced.PROVED, Enforced.NOTHING_ALLOWED):
        assert listed <= {"iam:GetUser"}
    for lang in ("en", "ja"):
        for more in ((), ("-v",)):
            lines = run(*asked, "--lang", lang, *more, given=given).stdout
            works = [
                one for one in lines.splitlines() if "MFA なしで" in one or "without MFA" in one
            ]
            assert works
        short = run(*asked, "--lang", lang, given=given).stdout
        row = next(
            one
            for one in short.splitlines()
            if "iam:GetUser" in one or "action" in one or "アクション" in one
        )
        assert any(one in row for one in OPEN[lang]) is is_open, row
