"""The console's policy summary: the table on the *review and create* page, and its warnings.

It describes one policy alone, as the console does: an Allow row is not shortened by a Deny, and
what a `NotAction` exempts is not shown. `audit.meaning` has the full meaning of a policy.

Source: IAM User Guide, "Policy summary (list of services)", "Access level summaries". Resources
of other services are shown by the console without a warning, and here too.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from functools import lru_cache

from sekisho.catalogue import AccessLevel, Action, Catalogue
from sekisho.lazy import dataclass
from sekisho.messages import Message, joined_messages, verbatim
from sekisho.policy.document import Condition, Document, Effect, Statement

# a name that stops at the next `$` keeps a row of open variables from being read anew at each
_VARIABLE = re.compile(r"\$\{(?:\$|[^${}]*)\}")
_SEGMENTS = 6
_LONGEST_ARN = 2048


def service_of(arn: str) -> str:
    """Return the service segment of an ARN pattern, or "" if it has none."""
    parts = arn.split(":")
    return parts[2] if len(parts) > 2 else ""  # noqa: PLR2004 - arn:partition:service


def patterns_overlap(one: str, other: str) -> bool:
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
    """Return the places of each character in a pattern, as bits."""
    places: dict[str, int] = {}
    for at, character in enumerate(pattern):
        places[character] = places.get(character, 0) | 1 << at
    return places


def _past_stars(reached: int, stars: int) -> int:
    """Return the places with those added that follow stars, which may match nothing."""
    while (further := reached | (reached & stars) << 1) != reached:
        reached = further
    return reached


def _segments(arn: str) -> list[str]:
    """Return the six segments of an ARN or a template, with `*` for missing and variable parts."""
    segments = _VARIABLE.sub("*", arn).split(":", _SEGMENTS - 1)
    return segments + ["*"] * (_SEGMENTS - len(segments))


def applies_to_resource(action: Action, resources: Iterable[str]) -> bool:
    """Return whether an action can be checked against any of these resource patterns."""
    patterns = tuple(resources)
    return "*" in patterns or any(
        covers_template(pattern, kind.arn) for pattern in patterns for kind in action.resource_types
    )


def covers_template(pattern: str, template: str) -> bool:
    """Return whether a resource pattern covers a resource of a kind, by its ARN template."""
    return all(map(patterns_overlap, _segments(pattern), _of_template(template)))


_of_template = lru_cache(maxsize=4096)(_segments)


def has_condition_key(action: Action, condition: Condition) -> bool:
    """Return whether the requests of an action can have a condition's key.

    A global key (`aws:…`) can be in every request, as far as the catalogue knows.
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
        subjects: the actions, resources or keys that it is about.
    """

    kind: WarningKind
    statement: int
    subjects: tuple[str, ...] = ()

    @property
    def text(self) -> Message:
        """The warning in words; statements are counted from 1 there, as people do."""
        shown = ", ".join(self.subjects[:_SHOWN]) + (" …" if len(self.subjects) > _SHOWN else "")
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
    unknown = [
        name
        for name in statement.action.values
        if catalogue.service_name(name.partition(":")[0]) and not catalogue.expand(name)
    ]
    if unknown:
        yield WarningKind.UNKNOWN_ACTION, unknown
    # NotAction and `*` name no particular action that could fail to apply
    if not statement.action.negated and "*" not in statement.action.values:
        actions = [a for name in statement.action.values for a in catalogue.expand(name)]
        yield from _resource_checks(statement, actions)
        yield from _condition_checks(statement, actions)


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


COLUMNS = (
    Message("Service"),
    Message("Access level"),
    Message("Resource"),
    Message("Request condition"),
)
"""The columns of the table, as the console prints them."""

SECTIONS: Mapping[str, Message] = {
    "uncategorised": Message("Uncategorized services"),
    "denied": Message("Explicit deny"),
    "allowed": Message("Allow"),
}
"""The sections of the table by their field in `Summary`."""

LEVELS = {
    AccessLevel.READ: Message("Read"),
    AccessLevel.LIST: Message("List"),
    AccessLevel.WRITE: Message("Write"),
    AccessLevel.PERMISSIONS: Message("Permissions management"),
    AccessLevel.TAGGING: Message("Tagging"),
}
"""The words of the access levels, as the console prints them."""
_FULL_ACCESS = Message("Full access")
_FULL = Message("Full: {levels}")
_LIMITED = Message("Limited: {levels}")
_UNKNOWN = verbatim("")
# the Japanese console prints these two in English
_MULTIPLE = Message("Multiple")
_NONE = Message("None")
_ALL_RESOURCES = Message("All resources")
_ALL_SERVICES = Message("All services")
_EVERYTHING_ELSE = Message("Everything except what is listed under Allow")
_EXCEPT = Message("Everything except {names}")


@dataclass(frozen=True, slots=True)
class Levels:
    """The coverage of a service in a section.

    Attributes:
        full: the levels of which every action is covered.
        limited: the levels of which some actions are covered.
        everything: whether every action of the service is covered.
        counts: how many actions of each level are covered.
    """

    full: tuple[AccessLevel, ...] = ()
    limited: tuple[AccessLevel, ...] = ()
    everything: bool = False
    counts: tuple[tuple[AccessLevel, int], ...] = ()

    @property
    def text(self) -> Message:
        """The cell, in the console's words."""
        if self.everything:
            return _FULL_ACCESS
        parts = []
        for label, levels in ((_FULL, self.full), (_LIMITED, self.limited)):
            if levels:
                named = joined_messages((LEVELS[level] for level in levels), en=", ", ja=", ")
                parts.append(label.filled(levels=named))
        return joined_messages(parts, en=" ", ja=" ")


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """One row of the summary.

    Attributes:
        prefix: the service's prefix; `*` for a row that is about every service.
        level: as the console prints it; empty if the service is not recognised.
    """

    prefix: str
    service: Message
    level: Message
    resource: Message
    condition: Message
    levels: Levels = Levels()

    @property
    def cells(self) -> tuple[Message, Message, Message, Message]:
        """The cells in the order of `COLUMNS`."""
        return self.service, self.level, self.resource, self.condition


@dataclass(frozen=True, slots=True)
class Summary:
    """The console's summary of one policy.

    Attributes:
        dated: the catalogue it was made with.
    """

    uncategorised: tuple[SummaryRow, ...]
    denied: tuple[SummaryRow, ...]
    allowed: tuple[SummaryRow, ...]
    warnings: tuple[SummaryWarning, ...]
    dated: str

    @property
    def sections(self) -> tuple[tuple[Message, tuple[SummaryRow, ...]], ...]:
        """The sections that have rows, each with its heading, in the console's order."""
        found = (
            (SECTIONS["uncategorised"], self.uncategorised),
            (SECTIONS["denied"], self.denied),
            (SECTIONS["allowed"], self.allowed),
        )
        return tuple((heading, rows) for heading, rows in found if rows)


def summarise(document: Document, catalogue: Catalogue) -> Summary:
    """Return the summary that the console shows on a policy's review page."""
    denied = _section(document, Effect.DENY, catalogue)
    allowed = _section(document, Effect.ALLOW, catalogue)
    return Summary(
        uncategorised=_uncategorised(document, catalogue),
        denied=tuple(denied),
        allowed=tuple(allowed),
        warnings=warnings_of(document, catalogue),
        dated=catalogue.dated,
    )


def _section(document: Document, effect: Effect, catalogue: Catalogue) -> Iterable[SummaryRow]:
    statements = [s for s in document.statements if s.effect is effect]
    listed = [s for s in statements if not s.action.negated]
    everything = [s for s in listed if set(s.action.values) & {"*", "*:*"}]
    if everything:
        yield _row("*", _ALL_SERVICES, _FULL_ACCESS, everything)
    for statement in statements:
        if statement.action.negated:
            yield _row("*", _text_of_exception(statement), _FULL_ACCESS, [statement])
    yield from _services(listed, catalogue)


def _text_of_exception(statement: Statement) -> Message:
    """Return the console's text for a `NotAction`."""
    resource = statement.resource
    whole = resource is not None and not resource.negated and "*" in resource.values
    if statement.effect is Effect.DENY and whole:
        return _EVERYTHING_ELSE
    return _EXCEPT.filled(names=", ".join(statement.action.values))


def _services(statements: list[Statement], catalogue: Catalogue) -> Iterable[SummaryRow]:
    """Yield a row for each recognised service, in order of name."""
    actions: dict[str, set[Action]] = {}
    named_in: dict[str, list[Statement]] = {}
    for statement in statements:
        named = {
            action
            for pattern in statement.action.values
            if pattern not in ("*", "*:*")
            for action in catalogue.expand(pattern)
        }
        for action in named:
            actions.setdefault(action.service, set()).add(action)
        for prefix in {action.service for action in named}:
            named_in.setdefault(prefix, []).append(statement)
    for prefix in sorted(actions):
        levels = _levels(actions[prefix], catalogue.actions(prefix))
        service = _short_name(prefix, catalogue.service_name(prefix) or prefix)
        yield _row(prefix, verbatim(service), levels.text, named_in[prefix], levels)


def _uncategorised(document: Document, catalogue: Catalogue) -> tuple[SummaryRow, ...]:
    """Return a row for each service prefix that the catalogue does not know."""
    named_in: dict[str, list[Statement]] = {}
    for statement in document.statements:
        prefixes = {name.partition(":")[0] for name in statement.action.values if ":" in name}
        for prefix in prefixes:
            if not catalogue.expand(f"{prefix}:*"):
                named_in.setdefault(prefix, []).append(statement)
    return tuple(
        _row(prefix, verbatim(prefix), _UNKNOWN, named_in[prefix]) for prefix in sorted(named_in)
    )


def _levels(covered: set[Action], all_actions: Iterable[Action]) -> Levels:
    full: list[AccessLevel] = []
    limited: list[AccessLevel] = []
    counts: list[tuple[AccessLevel, int]] = []
    everything = True
    actions = tuple(all_actions)
    for level in AccessLevel:
        there = {action for action in actions if action.level is level}
        used = there & covered
        everything = everything and used == there
        if used:
            (full if used == there else limited).append(level)
            counts.append((level, len(used)))
    return Levels(tuple(full), tuple(limited), everything, tuple(counts))


_NO_LEVELS = Levels()


def _row(
    prefix: str,
    service: Message,
    level: Message,
    statements: list[Statement],
    levels: Levels = _NO_LEVELS,
) -> SummaryRow:
    return SummaryRow(prefix, service, level, _resource(statements), _condition(statements), levels)


def _resource(statements: list[Statement]) -> Message:
    if any(s.resource is None or s.resource.negated for s in statements):
        return _MULTIPLE
    values = {value for s in statements if s.resource for value in s.resource.values}
    if values == {"*"}:
        return _ALL_RESOURCES
    return _one_of(values)


def _condition(statements: list[Statement]) -> Message:
    texts = {
        f"{condition.key} | {condition.operator} | {', '.join(condition.values)}"
        for s in statements
        for condition in s.conditions
    }
    if texts and any(not s.conditions for s in statements):
        return _MULTIPLE
    return _one_of(texts)


def _one_of(values: set[str]) -> Message:
    match sorted(values):
        case []:
            return _NONE
        case [one]:
            return verbatim(one)
        case _:
            return _MULTIPLE


_ABBREVIATED = frozenset({"sts", "kms", "rds"})
_IN_BRACKETS = re.compile(r"\(([^()]+)\)$")


def _short_name(prefix: str, name: str) -> str:
    """Return the console's short name: `IAM` of `AWS Identity and Access Management (IAM)`."""
    if prefix in _ABBREVIATED:
        return prefix.upper()
    if found := _IN_BRACKETS.search(name):
        return found[1]
    return name.removeprefix("AWS ").removeprefix("Amazon ")
