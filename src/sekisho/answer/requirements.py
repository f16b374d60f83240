"""The requirements of a call beyond its action: further resources, and further permissions.

Where a resource is not known, it is asked whether every one of its kind would be allowed
(`engine.possible`): an administrator may name whichever there is. What nobody gave is never taken
to be allowed.

How it is read: docs/semantics.md#16-what-else-a-call-needs.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache

from sekisho.answer.completion import CompletedRequest, complete
from sekisho.answer.evaluation import (
    NOT_ALLOWED,
    Answerer,
    AnswerSettings,
    answer_part,
    answers_by_decision,
    service_ruling,
    with_permissive_policy,
)
from sekisho.answer.keys import Presence
from sekisho.answer.model import (
    GRAVEST_FIRST,
    AnswerEffect,
    MissingKey,
    NeededPermission,
    UnnamedResource,
)
from sekisho.answer.resource import (
    is_about,
    is_of_kinds,
    is_through_access_point,
    kinds_named,
)
from sekisho.catalogue import (
    ANY,
    NO_RESOURCE,
    SAME,
    VERSION_MARK,
    Action,
    FurtherPermission,
    KindGroup,
    further_permissions,
    global_key,
    kinds_of,
    load,
    may_have,
    needed_kinds,
)
from sekisho.engine import (
    RESOURCE,
    Context,
    ContextValue,
    Decision,
    DecisionEffect,
    Policies,
    Request,
    RequestPart,
    UnknownKey,
    caller_and_groups,
    missing_resource_policy,
    possible,
    relevant_keys,
)
from sekisho.engine.matching import Caller, arns
from sekisho.lazy import dataclass
from sekisho.signin import AskPolicies, PermittedWithoutPolicy

_ALLOWED, _UNKNOWN = AnswerEffect.ALLOWED, AnswerEffect.UNKNOWN


@dataclass(frozen=True, slots=True)
class Requirements:
    """The resources and permissions that a call needs beyond those that were given.

    Attributes:
        not_asked: resources that nobody named, and that are not all allowed.
        also_needs: permissions that the call needs, and those that it may need and may lack.
        missing: the keys on which that depends.
        outcomes: of each that counts, the answer, and then every other one that those keys allow.
    """

    not_asked: tuple[UnnamedResource, ...] = ()
    also_needs: tuple[NeededPermission, ...] = ()
    missing: tuple[MissingKey, ...] = ()
    outcomes: tuple[tuple[AnswerEffect, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class _Outcome:
    """The answer about one further resource or permission.

    Attributes:
        effect: the answer.
        decision: of the policies, where they were asked.
        others: the other answers that keys allow which were not given.
        missing: the keys that were not given.
    """

    effect: AnswerEffect
    decision: Decision | None = None
    others: tuple[AnswerEffect, ...] = ()
    missing: tuple[MissingKey, ...] = ()

    @property
    def denial(self) -> Decision | None:
        """The decision of the policies, if it is a denial."""
        return None if self.effect in (_ALLOWED, _UNKNOWN) else self.decision


def requirements_of(
    parts: Sequence[RequestPart], now: datetime, settings: AnswerSettings
) -> Requirements:
    """Return the resources and permissions that a call needs beyond those that were given.

    Args:
        parts: of the call, each about one resource.
        now: the time of the call.
        settings: as for `answer_request`.
    """
    caller, _ = caller_and_groups(parts[0].request, parts[0].policies)
    return _RequirementsFinder(tuple(parts), caller, now, settings).further()


@dataclass(frozen=True, slots=True)
class _RequirementsFinder:
    """Finds the requirements of one call beyond the resources that it names."""

    parts: tuple[RequestPart, ...]
    caller: Caller
    now: datetime
    settings: AnswerSettings

    def further(self) -> Requirements:
        """Return the further resources and permissions that the call needs."""
        not_asked: list[UnnamedResource] = []
        also_needs: list[NeededPermission] = []
        outcomes: list[_Outcome] = []
        for action, own in self._actions():
            for group in _kinds_not_named(action, own):
                likes = self._patterns(group, own)
                found = self._ask_any_resource(str(action), likes, _call_context(action, own))
                outcomes.append(found)
                if found.effect is not _ALLOWED:
                    kinds = tuple(dict.fromkeys(one.name for one in group))
                    not_asked.append(UnnamedResource(kinds, likes, found.effect, found.denial))
            for permission, needed in self._permissions(action, own):
                resources, found = self._permission(permission, own, counts=needed)
                outcomes += [found] if needed else []
                if needed or found.effect is not _ALLOWED:
                    also_needs.append(_also_needed(permission, resources, found, needed=needed))
        return Requirements(
            tuple(not_asked),
            tuple(also_needs),
            tuple(one for each in outcomes for one in each.missing),
            tuple((one.effect, *one.others) for one in outcomes),
        )

    def _actions(self) -> Iterator[tuple[Action, tuple[RequestPart, ...]]]:
        """Yield each action that the catalogue has, with the parts that are about it."""
        for name in dict.fromkeys(one.request.action.lower() for one in self.parts):
            if (action := load().action(name)) is not None:
                yield action, tuple(x for x in self.parts if x.request.action.lower() == name)

    def _permissions(
        self, action: Action, own: Sequence[RequestPart]
    ) -> Iterator[tuple[FurtherPermission, bool]]:
        """Yield the further permissions that were not asked about, and whether they are needed."""
        asked = {one.request.action.lower() for one in self.parts}
        given = _keys_given(own)
        for permission in (one.for_source(given) for one in further_permissions(str(action))):
            if permission.action.lower() in asked:
                continue
            if permission.always or permission.is_shown(given):
                yield permission, True
            elif not self.caller.outside:
                yield permission, False

    def _permission(
        self, permission: FurtherPermission, own: Sequence[RequestPart], *, counts: bool
    ) -> tuple[tuple[str, ...], _Outcome]:
        """Return the resources of a further permission, and the answer about them."""
        further = load().action(permission.action)
        if further is None:
            return (), _Outcome(_UNKNOWN)
        context = _context(permission, further, own)
        named = self._known_resources(permission, further, own)
        found = [self._ask_resource(permission, one, context, counts=counts) for one in named]
        if found and all(one.effect is not AnswerEffect.IMPOSSIBLE for one in found):
            asked = tuple(one.request.resource for one in named)
            # if the call may create several, the one that gets the tags is not known
            return asked, _common_outcome(found) if permission.kinds else _gravest(found)
        same = permission.resource_kind == SAME
        any_kind = same or permission.resource_kind == ANY
        group = (
            permission.kinds or further.resource_types
            if any_kind
            else kinds_of(permission.resource_kind)
        )
        likes = self._patterns(group, own)
        if not likes:
            return (), _Outcome(_UNKNOWN)
        # a created resource has no policy of its own yet
        own_policy = counts and not same
        found_any = self._ask_any_resource(
            permission.action, likes, context, own_policy=own_policy, via=permission.via
        )
        return likes, found_any

    def _known_resources(
        self, permission: FurtherPermission, further: Action, own: Sequence[RequestPart]
    ) -> list[RequestPart]:
        """Return a request for each known resource of a further permission."""
        if permission.resource_kind == NO_RESOURCE or not further.resource_types:
            # an action without kinds of resource is only ever checked against `*`
            return [_for_other_resource(own[0], NO_RESOURCE)]
        if permission.resource_kind == SAME:
            return [one for one in own if _is_known_resource(permission, further, one.request)]
        value = _keys_given(own).get((permission.arn_key or "").lower())
        if not isinstance(value, str):
            return []
        values = {"${Partition}": self.caller.partition, "${value}": _without_version(value)}
        made = _PLACE.sub(lambda place: values.get(place[0], place[0]), permission.arn)
        arn = value if arns.is_arn(value) else made
        if not arns.is_arn(arn):
            return []
        siblings = [one for one in own if _bucket_of(one.request.resource) == _bucket_of(arn) != ""]
        # objects in the same bucket are under the same policy
        asked = [replace(one, request=replace(one.request, resource=arn)) for one in siblings]
        return asked[:1] or [_for_other_resource(own[0], arn)]

    def _ask_resource(
        self, permission: FurtherPermission, part: RequestPart, context: Context, *, counts: bool
    ) -> _Outcome:
        """Return the answer about a known resource.

        Where it does not count, a policy of the resource itself that is not there does not either.
        """
        context = context.with_(_via_service(permission.via, part.request.resource))
        request = replace(part.request, action=permission.action, context=context)
        answer = answer_part(request, part.policies, self.now, self.settings)
        others = tuple(answer.possible - {answer.effect})
        matter = tuple(one for one in answer.missing if one.could_change)
        if not counts and answer.not_given is not None and answer.decision is not None:
            allowed = answer.decision.effect is DecisionEffect.ALLOWED
            return _Outcome(_ALLOWED if allowed else answer.effect)
        return _Outcome(answer.effect, answer.decision, others, matter)

    def _patterns(self, group: KindGroup, own: Sequence[RequestPart]) -> tuple[str, ...]:
        """Return the ARN patterns of kinds of resource, in the Region and account of the call."""
        split = [arns.split(one.request.resource) for one in own]
        regions = {parts[3] for parts in split if len(parts) == arns.PARTS and parts[3]}
        known = {
            "${Partition}": self.caller.partition or "*",
            "${Region}": regions.pop() if len(regions) == 1 else "*",
            "${Account}": self.caller.account or "*",
        }
        found = (_PLACE.sub(lambda place: known.get(place[0], "*"), one.arn) for one in group)
        return tuple(dict.fromkeys(found))

    def _ask_any_resource(
        self,
        action: str,
        likes: Sequence[str],
        context: Context,
        *,
        own_policy: bool = True,
        via: str | None = None,
    ) -> _Outcome:
        """Return the common answer for every resource that matches the patterns, else unknown.

        `own_policy` is whether the resource's own policy, if it must allow, is considered; `via` is
        the service that makes the request.
        """
        if self.caller.outside:
            return _Outcome(_UNKNOWN)
        policies = self.parts[0].policies
        policies = replace(policies, resource=None, resource_kind=None, trust=None)
        request = replace(
            self.parts[0].request, action=action, context=context, resource_account=None
        )
        found = []
        for like in likes:
            asked = replace(request, context=context.with_(_via_service(via, like)))
            found.append(self._ask_pattern(asked, like, policies, own_policy=own_policy))
        return _common_outcome(found)

    def _ask_pattern(
        self, request: Request, like: str, policies: Policies, *, own_policy: bool
    ) -> _Outcome:
        """Return the common answer for every resource that matches a pattern, else unknown."""
        request = replace(request, resource=like.replace("*", _SAMPLE))
        completed = complete(request, self.caller, self.now)
        ruling = service_ruling(completed.request, self.caller, self.now, self.settings)
        if isinstance(ruling, PermittedWithoutPolicy):
            return _Outcome(_ALLOWED)
        if not isinstance(ruling, AskPolicies):
            return _Outcome(AnswerEffect.REFUSED)
        lacks = missing_resource_policy(request, policies, NOT_ALLOWED) if own_policy else None
        applied = policies if lacks is None else with_permissive_policy(policies, lacks)
        action, any_one = load().action(request.action), UnknownKey(like=like)
        assumptions = self.settings.assumptions
        asked = relevant_keys(completed.request, applied, assumptions, any_one)
        answering = Answerer(self.caller, action, completed, self.settings)
        unknown = answering.unknown_keys(asked, policies)
        of_resource = {
            RESOURCE: any_one,
            **_unknown_of_resource(action, unknown, completed),
            **_unknown_service(request),
        }
        meanings = answers_by_decision(ruling, lacks, known=True)
        found = possible(completed.request, applied, of_resource, assumptions)
        effects = {meanings[one] for one in found.effects}
        rest = {key: one for key, one in unknown.items() if key not in of_resource}
        others: frozenset[AnswerEffect] = frozenset()
        missing: tuple[MissingKey, ...] = ()
        if rest:
            wide = answering.possibilities(applied, rest, None, of_resource)
            others = frozenset(meanings[one] for one in wide.effects) - effects
            matter = [key for key in sorted(rest) if key in wide.matters] if others else []
            missing = tuple(MissingKey(asked[key], rest[key], could_change=True) for key in matter)
        sure = len(effects) == 1 or not effects & {_ALLOWED, _UNKNOWN}
        decision = self.settings.decide(completed.request, applied, assumptions)
        effect = meanings[decision.effect] if sure else _UNKNOWN
        if sure and effect not in effects:
            effect = min(effects, key=GRAVEST_FIRST.index)
        return _Outcome(effect, decision, tuple(others), missing)


def _unknown_of_resource(
    action: Action | None, unknown: Mapping[str, Presence], completed: CompletedRequest
) -> dict[str, UnknownKey]:
    """Return the keys that depend on the resource: its own, and those of its ARN."""
    own = {
        key: UnknownKey()
        for key, presence in unknown.items()
        if (presence is Presence.ALWAYS or not _is_of_call(action, key))
        and key not in completed.guessed
    }
    of_arn = (key for key, one in completed.added.items() if one.value == _SAMPLE)
    return own | {key: UnknownKey(may_be_absent=False) for key in of_arn}


def _unknown_service(request: Request) -> dict[str, UnknownKey]:
    """Return the key of the service that calls AWS KMS, if its Region is not known."""
    via = request.context.folded.get(_VIA.lower())
    if not isinstance(via, str) or "*" not in via:
        return {}
    return {_VIA.lower(): UnknownKey(may_be_absent=False, like=via)}


_SAMPLE = "x"
_PLACE = re.compile(r"\$\{[^}]*\}")


def _without_version(source: str) -> str:
    """Return the bucket and key of the source of a copy, or an ARN unchanged."""
    return source.removeprefix("/").partition(VERSION_MARK)[0]


def _for_other_resource(part: RequestPart, resource: str) -> RequestPart:
    """Return a part about another resource, with unknown owner and policy."""
    request = replace(part.request, resource=resource, resource_account=None)
    policies = replace(part.policies, resource=None, resource_kind=None, trust=None)
    return RequestPart(request, policies)


def _bucket_of(resource: str) -> str:
    """Return the ARN of the bucket in an object's ARN; "" if it is no object's."""
    bucket, slash, _ = resource.partition("/")
    return bucket if slash and ":s3:::" in bucket else ""


def _is_known_resource(permission: FurtherPermission, further: Action, request: Request) -> bool:
    """Return whether a further permission is certainly about the request's own resource."""
    if not permission.kinds:
        return is_about(further, request.resource)
    action = load().action(request.action)
    named = kinds_named(action, request.resource) if action is not None else frozenset()
    return permission.listed and not named.isdisjoint(one.name for one in permission.kinds)


_VIA = "kms:ViaService"


def _via_service(service: str | None, resource: str) -> dict[str, str]:
    """Return the key that names the service which calls AWS KMS, for a resource or a pattern."""
    if service is None:
        return {}
    return {_VIA: f"{service}.{arns.split(resource)[3]}.amazonaws.com"}


def _context(permission: FurtherPermission, further: Action, own: Sequence[RequestPart]) -> Context:
    """Return the context of a further permission: the keys of the call's that it has."""
    given = _keys_given(own)
    kept = Context(given) if permission.keeps_context else _call_context(further, own)
    values = {key: value for key, value in kept.items() if may_have(further, key)}
    for key, other in permission.copied_keys.items():
        values = {name: value for name, value in values.items() if name.lower() != key.lower()}
        if other.lower() in given:
            values[key] = given[other.lower()]
    return Context({**values, **permission.context})


def as_permission(part: RequestPart) -> RequestPart:
    """Return the request for a further permission, if the resource belongs to one.

    A role that is given with `lambda:CreateFunction` gets the action `iam:PassRole`.
    """
    request = part.request
    action = load().action(request.action)
    if action is None or is_about(action, request.resource):
        return part
    for permission in further_permissions(request.action):
        further = load().action(permission.action)
        if further is None or not is_of_kinds(request.resource, kinds_of(permission.resource_kind)):
            continue
        context = _context(permission, further, (part,)).with_(
            _via_service(permission.via, request.resource)
        )
        asked = replace(request, action=permission.action, context=context)
        return _for_other_resource(RequestPart(asked, part.policies), request.resource)
    return part


def _also_needed(
    permission: FurtherPermission, resources: tuple[str, ...], found: _Outcome, *, needed: bool
) -> NeededPermission:
    return NeededPermission(
        permission.action,
        permission.rule,
        permission.condition,
        needed,
        resources,
        found.effect,
        found.denial,
    )


def _common_outcome(found: Sequence[_Outcome]) -> _Outcome:
    """Return the common outcome of alternatives; unknown if only some are allowed."""
    effects = {one.effect for one in found}
    if len(effects) > 1 and effects & {_ALLOWED, _UNKNOWN}:
        return replace(found[0], effect=_UNKNOWN, decision=None)
    return _gravest(found)


def _gravest(found: Sequence[_Outcome]) -> _Outcome:
    return min(found, key=lambda one: GRAVEST_FIRST.index(one.effect))


def _kinds_not_named(action: Action, own: Sequence[RequestPart]) -> Iterator[KindGroup]:
    """Yield the kinds of resource that an action needs and that were not named."""
    resources = [one.request.resource for one in own]
    if any(is_through_access_point(str(action), one) for one in resources):
        return
    named: set[str] = set()
    for one in resources:
        named |= kinds_named(action, one)
    for group in needed_kinds(str(action)):
        if not named & {one.name for one in group}:
            yield group


def _keys_given(own: Sequence[RequestPart]) -> dict[str, ContextValue]:
    """Return the context keys that were given with any of the parts, in lower case."""
    return {key: one for part in own for key, one in part.request.context.folded.items()}


def _call_context(action: Action, own: Iterable[RequestPart]) -> Context:
    """Return the given keys that are about the call rather than one of its resources."""
    contexts = [part.request.context for part in own]
    return Context(
        {
            key: value
            for key, value in contexts[0].items()
            if _is_of_call(action, key)
            and all(other.folded.get(key.lower()) == value for other in contexts[1:])
        }
    )


_OF_TAGS = ("aws:requesttag/", "aws:tagkeys", "aws:resource")


def _is_of_call(action: Action | None, key: str) -> bool:
    """Return whether a context key is the same for every resource of a call."""
    name = key.lower()
    if global_key(name) is not None:
        return not name.startswith(_OF_TAGS)
    if load().service_name(name.partition(":")[0]) is None:
        # an identity provider's
        return True
    return action is not None and _is_of_action(str(action), name)


@cache
def _is_of_action(name: str, key: str) -> bool:
    """Return whether a service's key is listed with an action rather than with its resources."""
    action = load().action(name)
    if action is None:
        return False
    of_types = replace(action, condition_keys=())
    return load().has_key(action, key) and not load().has_key(of_types, key)
