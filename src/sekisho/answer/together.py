"""The answer to a request about several resources: allowed only if each is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from sekisho.answer.answer import AnswerSettings, answered_part, without_what_is_behind
from sekisho.answer.model import Answer, AnswerEffect
from sekisho.answer.resource import is_behind
from sekisho.engine import RequestPart
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
    each_alone = [answered_part(one.request, one.policies, now, settings) for one in parts]
    asked = [one.request.resource for one in parts]
    found = tuple(
        one
        if any(is_behind(one.request.resource, other) for other in asked)
        else without_what_is_behind(one)
        for one in each_alone
    )
    effects = {each.effect for each in found}
    return JointAnswer(next(each for each in GRAVEST if each in effects), found)
