"""What a policy's elements apply to, and what the console warns of beside a policy's summary.

Source: IAM User Guide, "Policy summary (list of services)" and "Access level summaries". Resources
of other services are shown by the console without a warning, and here too.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from sekisho.catalogue import Action, Catalogue
from sekisho.messages import Message
from sekisho.policy.document import Condition, Document, Statement

# a name that stops at the next `$` keeps a row of open variables from being read anew at each
_VARIABLE = re.compile(r"\$\{(?:\$|[^${}]*)\}")
_SEGMENTS = 6
_LONGEST_ARN = 2048


def service_of(arn: str) -> str:
    """Return the service segment of an ARN pattern, or "" if it has none."""
    parts = arn.split(":")
    return parts[2] if len(parts) > 2 else ""  # noqa: PLR2004 - arn:partition:service


def meets(one: str, other: str) -> bool:
    """Return whether some text matches both patterns of `*` and `?`."""
    if one == "*" or other == "*" or max(len(one), len(other)) > _LONGEST_ARN:
        return True
    places = _places(other)
    stars = places.get("*", 0)
    wild = stars | places.get("?", 0)
    # bit j of `reached`: the characters so far of `one` can go with the first j of `other`
    reached = _past_stars(1, stars)
    for character in one:
        if character == "*":
            # from the first place on, every one
            reached = (2 << len(other)) - (reached & -reached)
        else:
            same = -1 if character == "?" else places.get(character, 0) | wild
            reached = _past_stars((reached & same) << 1 | reached & stars, stars)
        if not reached:
            return False
    return bool(reached >> len(other) & 1)


def _places(pattern: str) -> Mapping[str, int]:
    """Return for each character of a pattern where it stands, as bits."""
    places: dict[str, int] = {}
    for at, character in enumerate(pattern):
        places[character] = places.get(character, 0) | 1 << at
    return places


def _past_stars(reached: int, stars: int) -> int:
    """Return the places from which a star, which may stand for nothing, is gone past too."""
    while (further := reached | (reached & stars) << 1) != reached:
        reached = further
    return reached


def _segments(arn: str) -> list[str]:
    """Return the six segments of an ARN or a template, with `*` for what it leaves open."""
    segments = _VARIABLE.sub("*", arn).split(":", _SEGMENTS - 1)
    return segments + ["*"] * (_SEGMENTS - len(segments))


def applies_to_resource(action: Action, resources: Iterable[str]) -> bool:
    """Return whether an action can be asked about any of these resource patterns."""
    patterns = tuple(resources)
    return "*" in patterns or any(
        covers_template(pattern, kind.arn) for pattern in patterns for kind in action.resource_types
    )


def covers_template(pattern: str, template: str) -> bool:
    """Return whether a resource pattern takes in a resource of a kind, by its ARN template."""
    return all(map(meets, _segments(pattern), _of_template(template)))


_of_template = lru_cache(maxsize=4096)(_segments)


def has_condition_key(action: Action, condition: Condition) -> bool:
    """Return whether the requests of an action can have a condition's key.

    A global key (`aws:…`) can be in every request, as far as the catalogue tells.
    """
    key = condition.key.lower().partition("/")[0]
    if key.startswith("aws:"):
        return True
    keys = [*action.condition_keys]
    for kind in action.resource_types:
        keys += kind.condition_keys
    return any(known.lower().partition("/")[0] == key for known in keys)


_SHOWN = 3


class WarningKind(StrEnum):
    """The kinds of warning."""

    NO_ACTIONS = "no actions defined"
    NO_RESOURCES = "no resources defined"
    UNKNOWN_ACTION = "unrecognised action"
    ACTION_WITHOUT_RESOURCE = "action without an applicable resource"
    RESOURCE_WITHOUT_ACTION = "resource without an applicable action"
    ACTION_WITHOUT_CONDITION = "action without an applicable condition"
    CONDITION_WITHOUT_ACTION = "condition without an applicable action"


_TEXTS = {
    WarningKind.NO_ACTIONS: Message("statement {n} names no action: it does nothing"),
    WarningKind.NO_RESOURCES: Message("statement {n} names no resource: it does nothing"),
    WarningKind.UNKNOWN_ACTION: Message(
        "statement {n}: AWS has no action {what}; IAM accepts the text and it does nothing"
    ),
    WarningKind.ACTION_WITHOUT_RESOURCE: Message(
        "statement {n}: no resource in it applies to {what}"
    ),
    WarningKind.RESOURCE_WITHOUT_ACTION: Message(
        "statement {n}: no action in it applies to {what}"
    ),
    WarningKind.ACTION_WITHOUT_CONDITION: Message(
        "statement {n}: a condition in it never applies to {what}"
    ),
    WarningKind.CONDITION_WITHOUT_ACTION: Message(
        "statement {n}: no action in it carries the condition key {what}"
    ),
}


@dataclass(frozen=True, slots=True)
class SummaryWarning:
    """One warning.

    Attributes:
        statement: the statement's index, counted from 0.
        about: the actions, resources or keys that it is about.
    """

    kind: WarningKind
    statement: int
    about: tuple[str, ...] = ()

    @property
    def text(self) -> Message:
        """The warning in words; statements are counted from 1 there, as people do."""
        shown = ", ".join(self.about[:_SHOWN]) + (" …" if len(self.about) > _SHOWN else "")
        return _TEXTS[self.kind].filled(n=self.statement + 1, what=shown)


def warnings_of(document: Document, catalogue: Catalogue) -> tuple[SummaryWarning, ...]:
    """Return the warnings of a document, statement by statement."""
    found: list[SummaryWarning] = []
    for statement in document.statements:
        checks = _checks(statement, catalogue)
        found += (SummaryWarning(kind, statement.index, tuple(about)) for kind, about in checks)
    return tuple(found)


def _checks(
    statement: Statement, catalogue: Catalogue
) -> Iterable[tuple[WarningKind, Sequence[str]]]:
    if not statement.action.values:
        yield WarningKind.NO_ACTIONS, ()
    if statement.resource is not None and not statement.resource.values:
        yield WarningKind.NO_RESOURCES, ()
    unknown = [name for name in statement.action.values if _unknown(name, catalogue)]
    if unknown:
        yield WarningKind.UNKNOWN_ACTION, unknown
    # NotAction and `*` name no action in particular that something could fail to apply to
    if not statement.action.negated and "*" not in statement.action.values:
        actions = [a for name in statement.action.values for a in catalogue.expand(name)]
        yield from _resource_checks(statement, actions)
        yield from _condition_checks(statement, actions)


def _unknown(name: str, catalogue: Catalogue) -> bool:
    prefix = name.partition(":")[0]
    return catalogue.service_name(prefix) is not None and not catalogue.expand(name)


def _resource_checks(
    statement: Statement, actions: Sequence[Action]
) -> Iterable[tuple[WarningKind, Sequence[str]]]:
    resource = statement.resource
    if resource is None or resource.negated or not resource.values:
        return
    stray = [str(action) for action in actions if not applies_to_resource(action, resource.values)]
    if stray:
        yield WarningKind.ACTION_WITHOUT_RESOURCE, stray
    services = {action.service for action in actions}
    idle = [
        arn
        for arn in resource.values
        if service_of(arn) in services
        and not any(applies_to_resource(action, (arn,)) for action in actions)
    ]
    if idle:
        yield WarningKind.RESOURCE_WITHOUT_ACTION, idle


def _condition_checks(
    statement: Statement, actions: Sequence[Action]
) -> Iterable[tuple[WarningKind, Sequence[str]]]:
    idle = [
        condition
        for condition in statement.conditions
        if actions and not any(has_condition_key(action, condition) for action in actions)
    ]
    if idle:
        yield WarningKind.CONDITION_WITHOUT_ACTION, [condition.key for condition in idle]
    used = [condition for condition in statement.conditions if condition not in idle]
    stray = [
        str(a) for a in actions if not all(has_condition_key(a, condition) for condition in used)
    ]
    if stray:
        yield WarningKind.ACTION_WITHOUT_CONDITION, stray
