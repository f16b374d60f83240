"""The decisions that a request can get while some of its context is not known.

Another reading of the same meaning, in three values: a statement applies, does not apply, or it
depends on a key whose value is not known. A Deny that may apply makes an explicit deny possible; an
allow is possible if the allows that may apply are enough, and certain if those that surely apply
are. Nothing is guessed: whatever the values are, the engine's decision has one of the effects that
are returned (a law: tests/engine/test_possible.py). Some of them may be impossible all the same,
where two conditions look at one key.

How it is read: docs/semantics.md#11-what-was-not-given.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from typing import NamedTuple

from sekisho.engine.authorize import caller_and_groups, kinds_that_must_allow
from sekisho.engine.groups import GroupReading, PolicyGroup
from sekisho.engine.matching import actions, arns, conditions, glob, resources, variables
from sekisho.engine.matching.caller import Caller, Scope
from sekisho.engine.matching.glob import Pattern
from sekisho.engine.matching.principals import Closeness, closeness_of
from sekisho.engine.model.assumptions import DEFAULTS, Assumptions, TrackedAssumptions
from sekisho.engine.model.caching import cached_by_identity
from sekisho.engine.model.evaluation import (
    AttachedPolicy,
    Cause,
    DecisionEffect,
    Policies,
    Request,
)
from sekisho.lazy import dataclass
from sekisho.policy import (
    Condition,
    Document,
    Effect,
    Element,
    OperatorName,
    PolicyKind,
    Principal,
    PrincipalKey,
    Quantifier,
    Statement,
    Version,
)

RESOURCE = "the resource"
"""The name of the request's resource among the unknown keys, where its ARN is not known.

It is in the caller's account and has no policy of its own; `like` is a pattern of its ARN.
"""

USER_ID = "aws:userid"
_ID = re.compile(r"A(?:IDA|ROA)[A-Z0-9]+")
_BOTH = frozenset({True, False})
_ANYTHING = "*"


@dataclass(frozen=True, slots=True)
class UnknownKey:
    """A context key whose value is not known, with the limits of its value.

    Attributes:
        may_be_absent: whether the request may lack it.
        like: the values that it can have, as a pattern with `*`; another than `*` is of a key
            that has one value.
    """

    may_be_absent: bool = True
    like: str = _ANYTHING


@dataclass(frozen=True, slots=True)
class Possibilities:
    """The decisions that a request can get.

    Attributes:
        effects: one if nothing that is unknown matters.
        matters: the unknown keys, in lower case, on which it can depend; empty if there is one
            effect.
        denied_by: the Denies that surely apply.
    """

    effects: frozenset[DecisionEffect]
    matters: frozenset[str] = frozenset()
    denied_by: tuple[Cause, ...] = ()


def possible(
    request: Request,
    policies: Policies,
    unknown: Mapping[str, UnknownKey],
    assumptions: Assumptions = DEFAULTS,
) -> Possibilities:
    """Return every effect that the decision on `request` can have.

    Args:
        request: its known parts. A key that is neither in its context nor in `unknown` is
            absent.
        policies: as for `decide`.
        unknown: the keys whose values are not known, by their names in lower case; `RESOURCE` if
            the resource is not, and then that of `request` does not count.
        assumptions: as for `decide`; none of them is turned round.

    Raises:
        FaultyRequest, FaultyPolicy: as `decide` does.
    """
    context = request.context
    kept = {key: value for key, value in context.items() if key.lower() not in unknown}
    if len(kept) < len(context):
        request = replace(request, context=type(context)(kept))
    if RESOURCE in unknown:
        request = replace(request, resource=_ANYTHING, resource_account=None)
    caller, groups = caller_and_groups(request, policies)
    scope = Scope(request, caller, None, TrackedAssumptions(assumptions))
    read = [_reading(group, scope, unknown) for group in groups]
    denied_by = tuple(cause for one in read for cause in one.surely.denied_by())
    if denied_by:
        return Possibilities(frozenset({DecisionEffect.EXPLICITLY_DENIED}), denied_by=denied_by)
    effects = set()
    if any(one.perhaps.denies for one in read):
        effects.add(DecisionEffect.EXPLICITLY_DENIED)
    if _allowed(request, policies, caller, [one.perhaps for one in read]):
        effects.add(DecisionEffect.ALLOWED)
    if not _allowed(request, policies, caller, [one.surely for one in read]):
        effects.add(DecisionEffect.IMPLICITLY_DENIED)
    matters = frozenset(key for one in read for key in one.depends)
    return Possibilities(frozenset(effects), matters if len(effects) > 1 else frozenset())


def relevant_keys(
    request: Request,
    policies: Policies,
    assumptions: Assumptions = DEFAULTS,
    resource: UnknownKey | None = None,
) -> Mapping[str, str]:
    """Return the context keys that statements about the request test.

    The keys are names in lower case, the values the names as a policy writes them. Statements about
    other actions, resources or callers do not count. If `resource` is given, the request's resource
    is unknown, and the statements that may be about it count.
    """
    of_resource = {} if resource is None else {RESOURCE: resource}
    caller, groups = caller_and_groups(request, policies)
    scope = Scope(request, caller, None, TrackedAssumptions(assumptions))
    found: dict[str, str] = {}
    for group in groups:
        for policy in group.policies:
            within = scope._replace(version=policy.document.version)
            asked = _keys_of(policy.document)
            for statement in actions.statements_about(
                policy.document, request.action, scope.tracked
            ):
                keys = asked[id(statement)]
                unknown = of_resource | dict.fromkeys(keys, UnknownKey())
                if not keys.keys() <= found.keys() and _may_be_about(statement, within, unknown):
                    found = {**keys, **found}
    return found


def _may_be_about(statement: Statement, scope: Scope, unknown: Mapping[str, UnknownKey]) -> bool:
    """Return whether a statement may cover the caller and the resource, for some key values."""
    _, closest = _principal_span(statement, scope, unknown)
    return closest is not Closeness.NOT and True in _resource_span(statement, scope, unknown)


@cached_by_identity
def _keys_of(document: Document) -> Mapping[int, Mapping[str, str]]:
    """Return the keys that each statement tests, by the statement's identity."""
    return {
        id(one): {key.lower(): key for key in keys_of(one, document.version)}
        for one in document.statements
    }


def keys_of(statement: Statement, version: Version | None) -> Iterator[str]:
    """Yield the context keys that a statement tests, in the policy's spelling."""
    if statement.principal is not None and any(_unique_ids(statement.principal)):
        yield USER_ID
    if statement.resource is not None:
        for entry in statement.resource.values:
            yield from _variables(entry, version)
    for condition in statement.conditions:
        yield condition.key
        yield from _keys_in_values(condition, version)


def _variables(text: str, version: Version | None) -> Iterator[str]:
    if version is Version.V2012 and variables.OPEN in text:
        for part in variables.read(text):
            if isinstance(part, variables.Variable):
                yield part.key


def _keys_in_values(condition: Condition, version: Version | None) -> Iterator[str]:
    name = condition.operator.name
    if name in conditions.SUBSTITUTING or name is OperatorName.BOOL:
        for value in condition.values:
            yield from _variables(value, version)


class _Span(NamedTuple):
    """The least and the greatest closeness of a statement to the caller; `NOT`: does not apply."""

    least: Closeness
    most: Closeness
    depends: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Applying:
    """The statements of a group of policies that apply, for certain or possibly."""

    kind: PolicyKind
    allows: list[tuple[AttachedPolicy, Statement]] = field(default_factory=list)
    denies: list[tuple[AttachedPolicy, Statement]] = field(default_factory=list)
    closeness: Closeness = Closeness.NOT

    def add(self, policy: AttachedPolicy, statement: Statement, closeness: Closeness) -> None:
        """Add a statement with its closeness to the caller; `NOT` adds nothing."""
        if closeness is Closeness.NOT:
            return
        if statement.effect is Effect.DENY:
            self.denies.append((policy, statement))
            return
        self.allows.append((policy, statement))
        self.closeness = max(self.closeness, closeness)

    def reading(self) -> GroupReading:
        """Return the statements as the engine reads a group."""
        return GroupReading(self.kind, self.allows, self.denies, self.closeness)


class _Reading(NamedTuple):
    """The certain and the possible reading of a group, and the unknown keys that they differ by."""

    surely: GroupReading
    perhaps: GroupReading
    depends: frozenset[str]


def _reading(group: PolicyGroup, scope: Scope, unknown: Mapping[str, UnknownKey]) -> _Reading:
    surely, perhaps = _Applying(group.kind), _Applying(group.kind)
    open_allows: list[_Span] = []
    depends: set[str] = set()
    for policy in group.policies:
        within = scope._replace(version=policy.document.version)
        for statement in actions.statements_about(
            policy.document, scope.request.action, scope.tracked
        ):
            span = _span(statement, within, unknown)
            surely.add(policy, statement, span.least)
            perhaps.add(policy, statement, span.most)
            if span.least is span.most:
                continue
            if statement.effect is Effect.DENY:
                depends |= span.depends
            else:
                open_allows.append(span)
    for span in open_allows:
        # after an allow that is certain and as close, a further one changes nothing
        if not (surely.allows and surely.closeness >= span.most):
            depends |= span.depends
    return _Reading(surely.reading(), perhaps.reading(), frozenset(depends))


def _allowed(
    request: Request, policies: Policies, caller: Caller, readings: list[GroupReading]
) -> bool:
    """Return whether every kind of policy that must allow does; equal to `authorize`."""
    for kind in kinds_that_must_allow(request, policies, caller, readings):
        asked = [reading for reading in readings if reading.kind is kind]
        if not asked or not all(reading.allows for reading in asked):
            return False
    return True


def _span(statement: Statement, scope: Scope, unknown: Mapping[str, UnknownKey]) -> _Span:
    least, most = _principal_span(statement, scope, unknown)
    depends = {USER_ID} if least is not most else set()
    about = _resource_span(statement, scope, unknown)
    if most is Closeness.NOT or True not in about:
        return _Span(Closeness.NOT, Closeness.NOT)
    sure = about == {True}
    if not sure and statement.resource is not None:
        depends |= {
            RESOURCE,
            *(
                key.lower()
                for entry in statement.resource.values
                for key in _variables(entry, scope.version)
            ),
        }
    for condition in statement.conditions:
        holds = _condition_span(condition, scope, unknown)
        if True not in holds:
            return _Span(Closeness.NOT, Closeness.NOT)
        if False in holds:
            sure = False
            keys = (condition.key, *_keys_in_values(condition, scope.version))
            depends |= set(map(str.lower, keys))
    return _Span(least if sure else Closeness.NOT, most, frozenset(depends & unknown.keys()))


def _unique_ids(principal: Principal) -> Iterator[str]:
    """Yield the unique ids of users and roles that a principal names."""
    for key, values in principal.entries:
        if key is PrincipalKey.AWS:
            yield from (value for value in values if _ID.fullmatch(value))


def _principal_span(
    statement: Statement, scope: Scope, unknown: Mapping[str, UnknownKey]
) -> tuple[Closeness, Closeness]:
    principal = statement.principal
    if principal is None:
        return Closeness.ITSELF, Closeness.ITSELF
    callers = [scope.caller]
    if USER_ID in unknown:
        callers += [scope.caller._replace(unique_id=one) for one in _unique_ids(principal)]
    found = [closeness_of(principal, statement.effect, one, scope.tracked) for one in callers]
    return min(found), max(found)


def _resource_span(
    statement: Statement, scope: Scope, unknown: Mapping[str, UnknownKey]
) -> frozenset[bool]:
    element = statement.resource
    if element is None:
        return frozenset({True})
    if RESOURCE in unknown:
        return _any_resource_span(element, unknown, scope)
    open_entries = [
        entry
        for entry in element.values
        if any(key.lower() in unknown for key in _variables(entry, scope.version))
    ]
    if not open_entries:
        return frozenset({resources.matches(element, statement.effect, scope)})
    known = tuple(entry for entry in element.values if entry not in open_entries)
    if resources.matches(Element(known), Effect.ALLOW, scope):
        return frozenset({not element.negated})
    if element.negated:
        # a variable without a value has a meaning of its own there
        return _BOTH
    widest = tuple(_widest(entry, unknown) for entry in open_entries)
    return _BOTH if resources.matches(Element(widest), Effect.ALLOW, scope) else frozenset({False})


def _any_resource_span(
    element: Element, unknown: Mapping[str, UnknownKey], scope: Scope
) -> frozenset[bool]:
    """Return whether an element can cover resources that match `like`, can fail to, or both."""
    like = unknown[RESOURCE].like
    taken = frozenset({not element.negated})
    if any(_covers(entry, like) for entry in element.values):
        return taken
    for entry in element.values:
        known = _with_known_variables(entry, unknown, scope)
        if known is not None:
            if _meets(known, like, scope):
                return _BOTH
            continue
        # a short entry is completed; a variable can have any value, or none
        text = _ANY_VARIABLE.sub(_ANYTHING, entry) if scope.version is Version.V2012 else entry
        if element.negated and text != entry:
            # a variable without a value has a meaning of its own there
            return _BOTH
        if text.count(":") < arns.PARTS - 1:
            text += _ANYTHING
        if _meets(glob.wildcards(text), like, scope):
            return _BOTH
    return frozenset({element.negated})


def _meets(entry: Pattern, like: str, scope: Scope) -> bool:
    """Return whether an entry covers, or may cover, some ARN that matches `like`.

    If no wildcard matches a colon, and the first five parts of the ARN are known, the parts are
    compared one by one, as in `resources.matches`: an ARN below a user's path is no device.
    """
    parts, asked = arns.parts_of(entry), arns.split(like)
    whole = len(parts) < arns.PARTS or len(asked) < arns.PARTS or "*" in "".join(asked[:-1])
    if whole or scope.tracked.stars_span_colons():
        return glob.meet(entry, glob.wildcards(like))
    return all(map(glob.meet, parts, map(glob.wildcards, asked)))


def _with_known_variables(
    entry: str, unknown: Mapping[str, UnknownKey], scope: Scope
) -> Pattern | None:
    """Return the pattern of a complete entry whose variables are all known; None for others."""
    keys = [key.lower() for key in _variables(entry, scope.version)]
    if not keys or entry.count(":") < arns.PARTS - 1 or any(key in unknown for key in keys):
        return None
    return variables.substitute(entry, scope.version, scope.request.context)


def _covers(entry: str, like: str) -> bool:
    """Return whether an entry certainly covers every ARN that matches `like`.

    A star of the entry matches the same text whatever the pattern's stars match.
    """
    if entry == _ANYTHING:
        return True
    parts, asked = arns.split(entry), arns.split(like)
    if "?" in entry or "$" in entry or len(parts) < arns.PARTS or len(asked) < arns.PARTS:
        return False
    *head, tail = zip(parts, asked, strict=True)
    heads = all(glob.like(one.lower(), other.lower()) for one, other in head)
    return heads and glob.like(*tail)


_ANY_VARIABLE = re.compile(r"\$\{[^}]*\}")


def _widest(text: str, unknown: Mapping[str, UnknownKey]) -> str:
    """Return `text` with a star for each unknown variable: a superset of its matches."""

    def star(found: re.Match[str]) -> str:
        return _ANYTHING if found[1].lower() in unknown else found[0]

    return _VARIABLE.sub(star, text)


_VARIABLE = re.compile(r"\$\{([^\s{}$'*?,]+)(?:, '[^'}]*')?\}")


def _condition_span(
    condition: Condition, scope: Scope, unknown: Mapping[str, UnknownKey]
) -> frozenset[bool]:
    """Return whether a condition can hold, can fail, or both."""
    key = condition.key.lower()
    fixed = key not in unknown
    open_values = any(one.lower() in unknown for one in _keys_in_values(condition, scope.version))
    has_no_value = scope.request.context.folded.get(key) in (None, ())
    if fixed and (has_no_value or not open_values):
        return frozenset({conditions.holds(condition, scope)})
    if fixed:
        return _BOTH
    found = set()
    if unknown[key].may_be_absent:
        found.add(conditions.holds(condition, scope))
    present = scope.request.context.with_({condition.key: "x"})
    there = scope._replace(request=replace(scope.request, context=present))
    if condition.operator.name is OperatorName.NULL or not condition.values:
        # for every value, except possibly an empty text
        found.add(conditions.holds(condition, there))
        empty = scope.request.context.with_({condition.key: ""})
        if unknown[key].like == _ANYTHING:
            within = scope._replace(request=replace(scope.request, context=empty))
            found.add(conditions.holds(condition, within))
    else:
        found |= _span_of_any_value(condition, unknown[key].like, scope, open_values=open_values)
    return frozenset(found)


_LIKE = frozenset({OperatorName.STRING_LIKE, OperatorName.STRING_NOT_LIKE})


def _matches_all(text: str, like: str) -> bool:
    """Return whether a value with wildcards matches every text that `like` matches."""
    return "?" not in text and "$" not in text and glob.like(text, like)


def _matches_all_by_part(text: str, like: str) -> bool:
    """Return whether an ARN with wildcards matches every ARN that `like` matches."""
    return all(map(_matches_all, arns.split(text), arns.split(like)))


def _span_of_any_value(
    condition: Condition, like: str, scope: Scope, *, open_values: bool
) -> frozenset[bool]:
    """Return the possible results of a condition for the values that match `like`."""
    operator = condition.operator
    plain = operator.quantifier is Quantifier.NONE and operator.name in conditions.SUBSTITUTING
    if operator.name in conditions.OF_ARNS:
        # the treatment of a short ARN, or of a text that is no ARN, is an assumption
        plain = plain and all(text.count(":") >= arns.PARTS - 1 for text in condition.values)
        plain = plain and scope.tracked.assumptions.malformed_arn_matches_negated
    if like == _ANYTHING or open_values or not plain:
        return _BOTH
    ignoring_case = "IgnoreCase" in operator.name.value
    by_part = operator.name in conditions.OF_ARNS and like.count(":") >= arns.PARTS - 1
    matches_all = _matches_all_by_part if by_part else _matches_all
    wild = by_part or operator.name in _LIKE
    if wild and any(matches_all(text, like) for text in condition.values):
        return frozenset({operator.name not in conditions.NEGATIONS})
    values = [glob.wildcards(one) for one in (arns.split(like) if by_part else [like])]
    for text in condition.values:
        wanted = variables.substitute(text, scope.version, scope.request.context)
        if wanted is None:
            continue
        parts = arns.parts_of(wanted) if by_part else [wanted]
        if all(
            glob.meet(*both, ignoring_case=ignoring_case)
            for both in zip(parts, values, strict=True)
        ):
            return _BOTH
    return frozenset({operator.name in conditions.NEGATIONS})
