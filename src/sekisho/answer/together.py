"""The answer to a request about several resources: allowed only if each is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NoReturn

from sekisho.answer.answer import AnswerSettings, answered_part, without_what_is_behind
from sekisho.answer.model import Answer, AnswerEffect
from sekisho.answer.resource import action_behind, is_all_behind, is_object_lambda
from sekisho.engine import Request, RequestPart
from sekisho.errors import InternalError

GRAVEST = (
    AnswerEffect.IMPOSSIBLE,
    AnswerEffect.EXPLICITLY_DENIED,
    AnswerEffect.REFUSED,
    AnswerEffect.IMPLICITLY_DENIED,
    AnswerEffect.UNKNOWN,
    AnswerEffect.ALLOWED,
)
"""The answers, the gravest first: what holds of one part holds of the whole."""


@dataclass(frozen=True, slots=True)
class JointAnswer:
    """What AWS would answer to a request about several resources.

    Attributes:
        effect: the gravest of the parts: no such request, denied, unknown, allowed.
        parts: the answer for each resource, in order.

    Raises:
        InternalError: when tested for truth; compare `effect`.
    """

    effect: AnswerEffect
    parts: tuple[Answer, ...]

    def __bool__(self) -> NoReturn:
        raise InternalError("an answer was tested for truth; compare its `effect`")

    @property
    def decisive(self) -> tuple[Answer, ...]:
        """The parts that make the answer what it is."""
        return tuple(each for each in self.parts if each.effect is self.effect)


def answered_together(
    parts: Sequence[RequestPart], now: datetime, settings: AnswerSettings
) -> JointAnswer:
    """Return what AWS would answer to a request about several resources.

    Raises:
        FaultyRequest, FaultyPolicy: as `answered` does.
    """
    asked = [one.request.resource for one in parts]
    by_lambda = any(map(is_object_lambda, asked))
    requests = [_behind(one.request) if by_lambda else one.request for one in parts]
    each_alone = [
        answered_part(request, one.policies, now, settings)
        for request, one in zip(requests, parts, strict=True)
    ]
    found = tuple(
        one if is_all_behind(one.request.resource, asked) else without_what_is_behind(one)
        for one in each_alone
    )
    effects = {each.effect for each in found}
    return JointAnswer(next(each for each in GRAVEST if each in effects), found)


_OBJECT_LAMBDA = "s3-object-lambda.amazonaws.com"


def _behind(request: Request) -> Request:
    """Return the request as S3 Object Lambda makes it for the caller, behind its access point."""
    action = action_behind(request.action, request.resource)
    if action is None:
        return request
    called: dict[str, str | tuple[str, ...]] = {
        "aws:CalledVia": (_OBJECT_LAMBDA,),
        "aws:CalledViaFirst": _OBJECT_LAMBDA,
        "aws:CalledViaLast": _OBJECT_LAMBDA,
        "aws:ViaAWSService": "true",
    }
    return replace(request, action=action, context=request.context.with_(called))
