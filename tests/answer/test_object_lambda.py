"""Through S3 Object Lambda AWS asks for more than one action, on more than one resource.

Source: Amazon S3 User Guide, "Configuring IAM policies for Object Lambda Access Points".
"""

from datetime import UTC, datetime
from typing import Any

import pytest

from sekisho.answer import AnswerEffect, AnswerSettings, answer_together
from sekisho.engine import AttachedPolicy, Policies, Request, RequestPart
from sekisho.policy import from_json

HOME = "us-east-1:111122223333"
POINT = f"arn:aws:s3-object-lambda:{HOME}:accesspoint/lambda"
BEHIND = f"arn:aws:s3:{HOME}:accesspoint/plain/object/k"
OBJECT = "arn:aws:s3:::b/k"
FUNCTION = f"arn:aws:lambda:{HOME}:function:f"
ALL = (POINT, BEHIND, OBJECT, FUNCTION)

_VIA = {"ForAnyValue:StringEquals": {"aws:CalledVia": "s3-object-lambda.amazonaws.com"}}
_ACTIONS = ("s3-object-lambda:GetObject", "s3:GetObject", "lambda:InvokeFunction")


def _answer(resources: tuple[str, ...], *statements: dict[str, Any]) -> Any:
    document = from_json({"Version": "2012-10-17", "Statement": list(statements)})
    policies = Policies(identity=(AttachedPolicy("p", document),))
    user = "arn:aws:iam::111122223333:user/a"
    parts = [
        RequestPart(Request(user, "s3-object-lambda:GetObject", one), policies) for one in resources
    ]
    return answer_together(parts, datetime(2026, 1, 1, tzinfo=UTC), AnswerSettings())


def _allow(*actions: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*", **more}


def test_each_resource_is_asked_about_with_its_own_action() -> None:
    answer = _answer(ALL, _allow(*_ACTIONS))
    assert answer.effect is AnswerEffect.ALLOWED
    asked = [each.request.action for each in answer.parts]
    assert asked == [_ACTIONS[0], _ACTIONS[1], _ACTIONS[1], _ACTIONS[2]]


@pytest.mark.parametrize("action", _ACTIONS)
def test_every_action_is_needed(action: str) -> None:
    others = [each for each in _ACTIONS if each != action]
    assert _answer(ALL, _allow(*others)).effect is AnswerEffect.IMPLICITLY_DENIED
    denied = {"Effect": "Deny", "Action": action, "Resource": "*"}
    assert _answer(ALL, _allow("*"), denied).effect is AnswerEffect.EXPLICITLY_DENIED


@pytest.mark.parametrize("missing", [BEHIND, FUNCTION])
def test_what_was_not_asked_about_is_not_allowed(missing: str) -> None:
    rest = tuple(each for each in ALL if each != missing and (missing != BEHIND or each != OBJECT))
    answer = _answer(rest, _allow("*"))
    assert answer.effect is AnswerEffect.UNKNOWN
    assert answer.parts[0].not_asked


def test_what_is_behind_is_called_by_the_service() -> None:
    behind = _allow(*_ACTIONS[1:], Condition=_VIA)
    assert _answer(ALL, _allow(_ACTIONS[0]), behind).effect is AnswerEffect.ALLOWED
    own = _allow(*_ACTIONS, Condition={"Bool": {"aws:ViaAWSService": "false"}})
    assert _answer(ALL, own).effect is AnswerEffect.IMPLICITLY_DENIED
