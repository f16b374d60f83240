"""A decision and its explanation: in sentences, for people who do not know IAM, and as JSON values.

AWS's own terms stand for the kinds of policy. Every line of an explanation says what a statement
asks for and what the request has instead.
"""

from collections.abc import Iterator, Mapping

from sekisho import catalogue
from sekisho.engine.authorize import missing_resource_policy
from sekisho.engine.explanation import Explanation, Lack, ListingFailure, Part, Point
from sekisho.engine.matching.conditions import NEGATIONS
from sekisho.engine.model.evaluation import (
    Cause,
    ContextValue,
    Decision,
    DecisionEffect,
    Policies,
    Request,
)
from sekisho.errors import quoted
from sekisho.messages import Message, joined_messages, listed, verbatim
from sekisho.policy import KINDS, PolicyKind, Quantifier
from sekisho.policy import OperatorName as Op

EFFECTS: Mapping[DecisionEffect, Message] = {
    DecisionEffect.ALLOWED: Message("Allowed"),
    DecisionEffect.IMPLICITLY_DENIED: Message("Implicitly denied"),
    DecisionEffect.EXPLICITLY_DENIED: Message("Explicitly denied"),
}
"""The outcomes, as a heading."""

_SENTENCES: Mapping[DecisionEffect, Message] = {
    DecisionEffect.ALLOWED: Message("`{principal}` may call `{action}` on `{resource}`."),
    DecisionEffect.IMPLICITLY_DENIED: Message(
        "`{principal}` may not call `{action}` on `{resource}`: no {kind} allows it."
    ),
    DecisionEffect.EXPLICITLY_DENIED: Message(
        "`{principal}` may not call `{action}` on `{resource}`: "
        "{article} {kind} denies it explicitly."
    ),
}
_ASSUMPTION = Message(
    "AWS does not document this point; with the assumption `{assumption}` set the other way the "
    "decision would be another."
)
_NOT_GIVEN: Mapping[PolicyKind, Message] = {
    PolicyKind.TRUST: Message(
        "No role trust policy was given, and it must itself allow this. Give it with `--trust`."
    ),
    PolicyKind.RESOURCE: Message(
        "No key policy was given, and it must itself allow this. Give it with `--resource-policy`."
    ),
}

_NOT_IN_CATALOGUE = Message(
    "`{action}` is not in the catalogue of AWS's actions, {dated}: it is misspelled, newer than "
    "that, or gone{meant}"
)
_MEANT = Message("; did you mean `{near}`?")


def sentence(request: Request, decision: Decision) -> Message:
    """Return the sentence that states a decision."""
    kind = KINDS[decision.blocked_by] if decision.blocked_by else verbatim("")
    return _SENTENCES[decision.effect].filled(
        principal=request.principal,
        action=request.action,
        resource=request.resource,
        kind=kind,
        article="an" if kind.en[:1] in ("a", "e", "i", "o", "u") else "a",
    )


def assumption_text(assumption: str) -> Message:
    """Return the sentence that names the undocumented point on which a decision rests."""
    return _ASSUMPTION.filled(assumption=assumption)


def missing_policy_text(kind: PolicyKind) -> Message:
    """Return the sentence that a trust or key policy, which must itself allow, was not given.

    Raises:
        KeyError: for a kind that `engine.missing_resource_policy` does not return.
    """
    return _NOT_GIVEN[kind]


def unknown_action_text(action: str) -> Message | None:
    """Return the sentence that an action is not in the catalogue; None if it is."""
    known = catalogue.load()
    if known.action(action) is not None:
        return None
    near = catalogue.spelling_correction(action) or known.nearest(action)
    meant = Message(".") if near is None else _MEANT.filled(near=near)
    return _NOT_IN_CATALOGUE.filled(action=action, dated=known.dated, meant=meant)


def location_of(cause: Cause) -> str:
    """Return the place of a statement: policy, line if known, index and Sid."""
    where = f"{cause.policy}:{cause.position.line}" if cause.position.line else cause.policy
    sid = f" {cause.sid}" if cause.sid else ""
    return f"{where}  Statement[{cause.index}]{sid}"


_MOST_VALUES = 6

_PREDICATES: Mapping[Op, Message] = {
    Op.STRING_EQUALS: Message("is {values}"),
    Op.STRING_EQUALS_IGNORE_CASE: Message("is {values} in upper or lower case"),
    Op.STRING_LIKE: Message("matches {values}"),
    Op.NUMERIC_EQUALS: Message("is the number {values}"),
    Op.NUMERIC_LESS_THAN: Message("is less than {values}"),
    Op.NUMERIC_LESS_THAN_EQUALS: Message("is at most {values}"),
    Op.NUMERIC_GREATER_THAN: Message("is greater than {values}"),
    Op.NUMERIC_GREATER_THAN_EQUALS: Message("is at least {values}"),
    Op.DATE_EQUALS: Message("is the time {values}"),
    Op.DATE_LESS_THAN: Message("is before {values}"),
    Op.DATE_LESS_THAN_EQUALS: Message("is not after {values}"),
    Op.DATE_GREATER_THAN: Message("is after {values}"),
    Op.DATE_GREATER_THAN_EQUALS: Message("is not before {values}"),
    Op.BOOL: Message("is {values}"),
    Op.BINARY_EQUALS: Message("is the binary {values}"),
    Op.IP_ADDRESS: Message("is an address in {values}"),
    Op.ARN_EQUALS: Message("is an ARN like {values}"),
    Op.ARN_LIKE: Message("is an ARN like {values}"),
}
_NEGATED: Mapping[Op, Message] = {
    Op.STRING_NOT_EQUALS: Message("is not {values}"),
    Op.STRING_NOT_EQUALS_IGNORE_CASE: Message("is not {values} in upper or lower case"),
    Op.STRING_NOT_LIKE: Message("does not match {values}"),
    Op.NUMERIC_NOT_EQUALS: Message("is not the number {values}"),
    Op.DATE_NOT_EQUALS: Message("is not the time {values}"),
    Op.NOT_IP_ADDRESS: Message("is no address in {values}"),
    Op.ARN_NOT_EQUALS: Message("is not an ARN like {values}"),
    Op.ARN_NOT_LIKE: Message("is not an ARN like {values}"),
}
_SUBJECTS: Mapping[Quantifier, Message] = {
    Quantifier.NONE: Message("{key}"),
    Quantifier.FOR_ALL_VALUES: Message("each value of {key}"),
    Quantifier.FOR_ANY_VALUE: Message("some value of {key}"),
}
_TEST = Message("{subject} {predicate}{absent}")
_OR_ABSENT = Message(" (or is absent)")
_PRESENCE: Mapping[bool, Message] = {
    True: Message("{key} is absent"),
    False: Message("{key} is present"),
}
_HAS_NONE = Message("the request has no {key}")
_HAS = Message("the request has {values}")

_FAILED: Mapping[tuple[Part, bool], Message] = {
    (Part.PRINCIPAL, False): Message("it names {written}, not {asked}"),
    (Part.PRINCIPAL, True): Message("it leaves out {asked} (`NotPrincipal`)"),
    (Part.ACTION, False): Message("it covers the actions {written}, not {asked}"),
    (Part.ACTION, True): Message("it leaves out the action {asked} (`NotAction`)"),
    (Part.RESOURCE, False): Message("it covers the resources {written}, not {asked}"),
    (Part.RESOURCE, True): Message("it leaves out the resource {asked} (`NotResource`)"),
    (Part.CONDITION, False): Message("it requires that {test}; {has}"),
}
_APPLIES: Mapping[tuple[Part, bool], Message] = {
    (Part.PRINCIPAL, False): Message("it is about {written}, and so about {asked}"),
    (Part.PRINCIPAL, True): Message("it is about everybody but {written} (`NotPrincipal`)"),
    (Part.ACTION, False): Message("it denies the actions {written}, and so {asked}"),
    (Part.ACTION, True): Message(
        "it denies every action but {written}, and so {asked} (`NotAction`)"
    ),
    (Part.RESOURCE, False): Message("it is about the resources {written}, and so about {asked}"),
    (Part.RESOURCE, True): Message("it is about every resource but {written} (`NotResource`)"),
    (Part.CONDITION, False): Message("it applies when {test}; {has}"),
}
_LISTED: Mapping[ListingFailure, Message] = {
    ListingFailure.PARTLY: Message(
        "it excepts {written} (`NotPrincipal`), and {asked} only in part: the account must be "
        "listed too, and for a role session both the role and the session"
    ),
    ListingFailure.BOUNDED: Message(
        "it excepts {written} (`NotPrincipal`), but nobody who has a permissions boundary, as "
        "{asked} has"
    ),
}
_STANDS_FOR = Message("here {variable} is {value}")
_NO_VALUE = Message("here {variable} has no value")

_MISSES = Message("{place} comes nearest, but:")
_ACCOUNT_ONLY = Message("it names only the account: identity-based policies decide")
_DENIES = Message("The {kind}{level} {place} denies it:")
_LACKS = Message("The {kind}{level} does not allow it.")
_LACKS_ACTION = Message("No statement in the {kind}{level} allows this action.")
_LACKS_ALL = Message("There is no statement in the {kind}{level} that allows anything.")
_LACKS_POLICY = Message("No {kind} was given, and one must allow this.")
_ACROSS = Message(
    "The resource belongs to another account, {owner}: both accounts must allow this."
)
_INSTEAD = Message("An allow in the {kind} would do as well:")
_LEVEL = Message(" at the level {level}")

_MFA = "aws:multifactorauthpresent"
_HINTS: Mapping[tuple[str, ContextValue | None], Message] = {
    (_MFA, None): Message(
        "A request signed with a long-term access key has no such key. Get a session by "
        "GetSessionToken with the code of the MFA device, or sign in to the console with MFA."
    ),
    (_MFA, "false"): Message(
        "The session was signed in without MFA. Sign out, and sign in again with MFA."
    ),
    ("aws:multifactorauthage", None): Message(
        "Only a session that was signed in with MFA has this key."
    ),
}


def reasons(explanation: Explanation) -> tuple[Message, ...]:
    """Return the lines that explain why a request is denied; none for an allowed request."""
    lines: list[Message] = []
    for denial in explanation.denials:
        cause = denial.statement
        lines.append(
            _with_kind(_DENIES, cause.kind, level=_level(denial.level), place=location_of(cause))
        )
        for point in denial.points:
            if point.negated or point.expected != ("*",) or point.part is Part.CONDITION:
                lines += _point(point, _APPLIES)
    if explanation.owner:
        lines.append(_ACROSS.filled(owner=quoted(explanation.owner)))
    for lack in explanation.lacks:
        lines += _lack(lack)
    return tuple(lines)


def _lack(lack: Lack) -> Iterator[Message]:
    yield _with_kind(_lack_template(lack), lack.kind, level=_level(lack.level))
    for miss in lack.nearest:
        yield _indented(_MISSES.filled(place=location_of(miss.statement)))
        for point in miss.failed_points:
            yield from _point(point, _FAILED)
        if not miss.failed_points:
            yield _indented(_ACCOUNT_ONLY, 2, mark="- ")


def _level(name: str) -> Message:
    return _LEVEL.filled(level=quoted(name)) if name else verbatim("")


def _lack_template(lack: Lack) -> Message:
    if lack.is_alternative:
        return _INSTEAD
    if not lack.has_policy:
        return _LACKS_POLICY
    if not lack.nearest:
        return _LACKS_ALL
    other_action = all(
        any(point.part is Part.ACTION for point in miss.failed_points) for miss in lack.nearest
    )
    return _LACKS_ACTION if other_action else _LACKS


def _with_kind(template: Message, kind: PolicyKind, **values: Message | str) -> Message:
    return template.filled(kind=KINDS[kind], **values)


def _indented(text: Message, depth: int = 1, mark: str = "") -> Message:
    before = "  " * depth + mark
    return Message.both(before + text.en, before + text.ja)


def _point(point: Point, templates: Mapping[tuple[Part, bool], Message]) -> Iterator[Message]:
    """Yield the line of a point, followed by lines that explain it."""
    failure = point.listing_failure
    template = _LISTED[failure] if failure else templates[point.part, point.negated]
    asked = quoted(point.actual) if isinstance(point.actual, str) else ""
    yield _indented(
        template.filled(
            written=_listed(point.expected),
            asked=asked,
            test=_test_text(point),
            has=_request_text(point),
        ),
        2,
        mark="- ",
    )
    for name, value in point.variables:
        said = _NO_VALUE if value is None else _STANDS_FOR
        yield _indented(said.filled(variable=quoted(f"${{{name}}}"), value=quoted(value or "")), 3)
    hint = _HINTS.get((point.key.lower(), point.actual))
    if hint and point.mfa:
        yield _indented(hint, 3)


def _listed(values: tuple[str, ...]) -> Message:
    """Return the values, joined by "or"; of many only the first."""
    if not values:
        return Message("nothing")
    shown = [quoted(value) for value in values[:_MOST_VALUES]]
    more = len(values) - len(shown)
    if more:
        return Message("{shown} and {more} more").filled(
            shown=listed(map(verbatim, shown)), more=more
        )
    return joined_messages(map(verbatim, shown), en=" or ", ja=" または ")


def _test_text(point: Point) -> Message:
    """Return a condition as a sentence that is true of a request that meets it."""
    operator = point.operator
    if operator is None:
        return verbatim("")
    key = quoted(point.key)
    if operator.name is Op.NULL:
        return _PRESENCE["true" in [value.lower() for value in point.expected]].filled(key=key)
    template = {**_PREDICATES, **_NEGATED}[operator.name]
    met_by_absence = (
        operator.if_exists
        or operator.quantifier is Quantifier.FOR_ALL_VALUES
        or (operator.quantifier is Quantifier.NONE and operator.name in NEGATIONS)
    )
    return _TEST.filled(
        subject=_SUBJECTS[operator.quantifier].filled(key=key),
        predicate=template.filled(values=_listed(point.expected)),
        absent=_OR_ABSENT if met_by_absence else "",
    )


def _request_text(point: Point) -> Message:
    """Return the request's values for a condition's key."""
    if point.actual is None or point.actual == ():
        return _HAS_NONE.filled(key=quoted(point.key))
    values = (point.actual,) if isinstance(point.actual, str) else point.actual
    shown = ", ".join(map(quoted, values[:_MOST_VALUES]))
    return _HAS.filled(values=shown)


def explanation_to_json(explanation: Explanation) -> dict[str, object]:
    """Return the explanation of a denial as JSON values, with AWS's names of the elements."""
    value: dict[str, object] = {
        "denied": [
            {
                **cause_to_json(one.statement),
                "level": one.level or None,
                "points": [_point_to_json(point) for point in one.points],
            }
            for one in explanation.denials
        ],
        "lacking": [_lack_to_json(lack) for lack in explanation.lacks],
    }
    if explanation.owner:
        value["resourceAccount"] = explanation.owner
    return value


def _lack_to_json(lack: Lack) -> dict[str, object]:
    nearest = [
        {**cause_to_json(miss.statement), "failed": [_point_to_json(p) for p in miss.failed_points]}
        for miss in lack.nearest
    ]
    return {
        "kind": lack.kind.value,
        "level": lack.level or None,
        "instead": lack.is_alternative,
        "given": lack.has_policy,
        "nearest": nearest,
    }


def _point_to_json(point: Point) -> dict[str, object]:
    value: dict[str, object] = {
        "part": point.part.value,
        "written": list(point.expected),
        "asked": list(point.actual) if isinstance(point.actual, tuple) else point.actual,
    }
    if point.negated:
        value["negated"] = True
    if point.operator is not None:
        value |= {"key": point.key, "operator": str(point.operator)}
    if point.listing_failure:
        value["listed"] = point.listing_failure.value
    if point.variables:
        value["variables"] = dict(point.variables)
    return value


def decision_to_json(decision: Decision) -> dict[str, object]:
    """Return a decision as JSON values, with `assumed` only if an assumption mattered."""
    value: dict[str, object] = {
        "decision": decision.effect.value,
        "because": [cause_to_json(cause) for cause in decision.because],
        "blockedBy": decision.blocked_by.value if decision.blocked_by else None,
    }
    if decision.assumed:
        value["assumed"] = list(decision.assumed)
    return value


def decision_with_notes_to_json(
    request: Request, policies: Policies, decision: Decision
) -> dict[str, object]:
    """Return a decision as JSON values, with notes on the question.

    `notGiven` is the kind of policy that must allow, too, and is not there; `notInCatalogue` is
    the action, if AWS is not known to have it.
    """
    value = decision_to_json(decision)
    if (absent := missing_resource_policy(request, policies, decision)) is not None:
        value["notGiven"] = absent.value
    if catalogue.load().action(request.action) is None:
        value["notInCatalogue"] = request.action
    return value


def cause_to_json(cause: Cause) -> dict[str, object]:
    """Return a statement that decided as JSON values."""
    value: dict[str, object] = {
        "policy": cause.policy,
        "kind": cause.kind.value,
        "statement": cause.index,
        "sid": cause.sid,
    }
    if cause.position.line:
        value["line"] = cause.position.line
    return value
