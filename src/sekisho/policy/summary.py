"""The console's policy summary: the table on the *review and create* page.

It describes one policy alone, as the console does: an Allow row is not shortened by a Deny, and
what a `NotAction` exempts is not shown. Beside it belongs what the policy really means, which is
`audit.meaning`.

Source: IAM User Guide, "Policy summary (list of services)", "Access level summaries".
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sekisho.catalogue import AccessLevel, Action, Catalogue
from sekisho.messages import Message, verbatim
from sekisho.policy.document import Document, Effect, Statement
from sekisho.policy.warnings import SummaryWarning, warnings_of

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
    """How much of a service a section covers.

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
        """The cell as the console prints it."""
        if self.everything:
            return _FULL_ACCESS
        parts = []
        for label, levels in ((_FULL, self.full), (_LIMITED, self.limited)):
            if levels:
                en = ", ".join(LEVELS[level].en for level in levels)
                ja = ", ".join(LEVELS[level].ja for level in levels)
                parts.append(Message.both(label.en.format(levels=en), label.ja.format(levels=ja)))
        return Message.both(
            " ".join(part.en for part in parts), " ".join(part.ja for part in parts)
        )


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
    """Return what the console shows of a policy on its review page."""
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
            yield _row("*", _rest(statement), _FULL_ACCESS, [statement])
    yield from _services(listed, catalogue)


def _rest(statement: Statement) -> Message:
    """Return what the console calls a `NotAction`."""
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
        service = _short(prefix, catalogue.service_name(prefix) or prefix)
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


def _row(
    prefix: str,
    service: Message,
    level: Message,
    statements: list[Statement],
    levels: Levels = Levels(),
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


def _short(prefix: str, name: str) -> str:
    """Return the console's short name: `IAM` of `AWS Identity and Access Management (IAM)`."""
    if prefix in _ABBREVIATED:
        return prefix.upper()
    if found := _IN_BRACKETS.search(name):
        return found[1]
    return name.removeprefix("AWS ").removeprefix("Amazon ")
