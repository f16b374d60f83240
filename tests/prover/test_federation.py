"""Sessions of GetFederationToken: none is made without MFA where MFA is enforced.

Source: AWS STS API Reference, GetFederationToken: an access key of a user calls it.
"""

from typing import Any

import pytest

from prover.questions import NOW, identity
from sekisho.prover import Enforced
from sekisho.prover.questions import Inquiry, QuestionGroup, Subject, report_on_policies

ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}
USERS = {"ArnLike": {"aws:PrincipalArn": "arn:*:iam::*:user/*"}}
FEDERATION = "sts:GetFederationToken"


def deny(*exempt: str, **more: Any) -> dict[str, Any]:
    condition = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}, **more}
    return {"Effect": "Deny", "NotAction": list(exempt), "Resource": "*", "Condition": condition}


CASES = {
    "the call is not exempt": (deny("iam:GetUser", **USERS), Enforced.PROVED),
    "its sessions are like the key": (deny("iam:GetUser", FEDERATION), Enforced.PROVED),
    "the Deny is of users alone": (deny("iam:GetUser", FEDERATION, **USERS), Enforced.REFUTED),
}


@pytest.mark.parametrize(("statement", "word"), CASES.values(), ids=CASES)
def test_a_federated_session_passes_only_where_the_call_is_exempt(
    statement: dict[str, Any], word: Enforced
) -> None:
    subject = Subject.of_files(identity(ALL, statement), None, NOW, users_may_change=False)
    asked = Inquiry(
        groups=frozenset({QuestionGroup.ENFORCEMENT}), exempt=("iam:GetUser", FEDERATION)
    )
    report = report_on_policies(subject, asked)
    assert report.enforced is word
