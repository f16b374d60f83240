"""The answer to a call: its resources, and the other permissions that AWS checks in it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import product
from typing import NoReturn

from sekisho.answer.evaluation import AnswerSettings, answer_part
from sekisho.answer.model import (
    GRAVEST_FIRST,
    Answer,
    AnswerEffect,
    MissingKey,
    NeededPermission,
    UnnamedResource,
    denied_requirement,
)
from sekisho.answer.requirements import Requirements, as_permission, requirements_of
from sekisho.answer.resource import (
    action_behind,
    is_all_behind,
    is_object_lambda,
    is_through_access_point,
    kinds_behind,
)
from sekisho.engine import Policies, Request, RequestPart
from sekisho.lazy import dataclass

_DEFAULTS = AnswerSettings()
_OPEN = (AnswerEffect.ALLOWED, AnswerEffect.UNKNOWN)


@dataclass(frozen=True, slots=True)
class JointAnswer:
    """The answer of AWS to a request about several resources.

    Attributes:
        effect: the gravest of the parts: no such request, denied, unknown, allowed.
        parts: the answer for each resource, in order.
        not_asked, also_needs: the further requirements of the call; as of an `Answer`.
        missing: the keys on which that depends, and that were not given.

    Raises:
        TypeError: when tested for truth; compare `effect`.
    """

    effect: AnswerEffect
    parts: tuple[Answer, ...]
    not_asked: tuple[UnnamedResource, ...] = ()
    also_needs: tuple[NeededPermission, ...] = ()
    missing: tuple[MissingKey, ...] = ()

    def __bool__(self) -> NoReturn:
        raise TypeError(
            "an answer is never tested for truth: write `answer.effect is AnswerEffect.ALLOWED`"
        )

    @property
    def decisive(self) -> tuple[Answer, ...]:
        """The parts that determine the answer."""
        return tuple(each for each in self.parts if each.effect is self.effect)

    @property
    def denied_requirement(self) -> UnnamedResource | NeededPermission | None:
        """The further requirement that is denied, if no part is."""
        return denied_requirement(self.effect, self.not_asked, self.also_needs)


def answer_request(
    request: Request, policies: Policies, now: datetime, settings: AnswerSettings = _DEFAULTS
) -> Answer:
    """Return the answer of AWS to `request`, which names one resource.

    The further needs of the call are checked, too: a resource of a further kind, a further
    permission, the bucket behind an S3 access point. Arguments and errors are those of
    `answer_part`.
    """
    answer = _without_resource_behind(answer_part(request, policies, now, settings))
    if not _could_pass(answer):
        return answer
    return _with_further(answer, requirements_of((RequestPart(request, policies),), now, settings))


def _could_pass(answer: Answer) -> bool:
    return answer.effect in _OPEN or any(one in answer.possible for one in _OPEN)


def _with_further(answer: Answer, further: Requirements) -> Answer:
    """Return the answer to the whole call: further requirements can only make it worse."""
    possible = set(answer.possible or {answer.effect})
    for outcomes in further.outcomes:
        possible = {_gravest(both) for both in product(possible, outcomes)}
    known = {one.key.lower() for one in answer.missing if one.could_change}
    more = {one.key.lower(): one for one in further.missing if one.key.lower() not in known}
    missing = [one for one in answer.missing if one.key.lower() not in more]
    missing += more.values()
    if len(possible) == 1:
        missing = [replace(one, could_change=False) for one in missing]
    effect = _gravest((answer.effect, *(one[0] for one in further.outcomes)))
    if answer.effect not in _OPEN:
        # an answer that is denied anyway needs no other reason
        effect, further = answer.effect, Requirements()
    return replace(
        answer,
        effect=effect,
        not_asked=(*answer.not_asked, *further.not_asked),
        also_needs=_permissions_to_show(effect, further),
        missing=tuple(sorted(missing, key=lambda one: one.key.lower())),
        possible=frozenset(possible),
    )


def _permissions_to_show(
    effect: AnswerEffect, further: Requirements
) -> tuple[NeededPermission, ...]:
    """Return the further permissions; for a denied call, only those that it needs."""
    if effect in _OPEN:
        return further.also_needs
    return tuple(one for one in further.also_needs if one.needed)


def _gravest(effects: Sequence[AnswerEffect]) -> AnswerEffect:
    return min(effects, key=GRAVEST_FIRST.index)


def _without_resource_behind(answer: Answer) -> Answer:
    """Return the answer with an unknown resource behind an access point: at most unknown."""
    action, resource = answer.request.action, answer.request.resource
    if not is_through_access_point(action, resource):
        return answer
    allowed, unknown = AnswerEffect.ALLOWED, AnswerEffect.UNKNOWN
    behind = UnnamedResource(kinds_behind(action, resource), (), unknown)
    return replace(
        answer,
        effect=unknown if answer.effect is allowed else answer.effect,
        possible=frozenset(unknown if one is allowed else one for one in answer.possible),
        not_asked=(behind,) if allowed in answer.possible else (),
    )


def answer_together(
    parts: Sequence[RequestPart], now: datetime, settings: AnswerSettings
) -> JointAnswer:
    """Return the answer of AWS to a request about several resources.

    Raises:
        FaultyRequest, FaultyPolicy: as `answer_request` does.
    """
    asked = [one.request.resource for one in parts]
    by_lambda = any(map(is_object_lambda, asked))
    calls = tuple(
        replace(one, request=_as_object_lambda_asks(one.request))
        if by_lambda
        else as_permission(one)
        for one in parts
    )
    each_alone = [answer_part(one.request, one.policies, now, settings) for one in calls]
    found = tuple(
        one if is_all_behind(one.request.resource, asked) else _without_resource_behind(one)
        for one in each_alone
    )
    effect = _gravest([each.effect for each in found])
    if not all(map(_could_pass, found)):
        return JointAnswer(effect, found)
    further = requirements_of(calls, now, settings)
    effect = _gravest((effect, *(one[0] for one in further.outcomes)))
    needed = _permissions_to_show(effect, further)
    return JointAnswer(effect, found, further.not_asked, needed, further.missing)


_OBJECT_LAMBDA = "s3-object-lambda.amazonaws.com"


def _as_object_lambda_asks(request: Request) -> Request:
    """Return the request that S3 Object Lambda makes for the caller, behind its access point."""
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
