"""What the console warns of beside a policy's summary.

Source: IAM User Guide, "Policy summary (list of services)" and "Access level summaries"; facts
§14.2. Resources of other services are shown by the console without a warning, and here too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sekisho.catalogue import Action, Catalogue
from sekisho.messages import Message
from sekisho.policy.applies import carries, service_of, takes
from sekisho.policy.document import Document, Statement

__all__ = ["SummaryWarning", "WarningKind", "warnings_of"]

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
    stray = [str(action) for action in actions if not takes(action, resource.values)]
    if stray:
        yield WarningKind.ACTION_WITHOUT_RESOURCE, stray
    services = {action.service for action in actions}
    idle = [
        arn
        for arn in resource.values
        if service_of(arn) in services and not any(takes(action, (arn,)) for action in actions)
    ]
    if idle:
        yield WarningKind.RESOURCE_WITHOUT_ACTION, idle


def _condition_checks(
    statement: Statement, actions: Sequence[Action]
) -> Iterable[tuple[WarningKind, Sequence[str]]]:
    idle = [
        condition
        for condition in statement.conditions
        if actions and not any(carries(action, condition) for action in actions)
    ]
    if idle:
        yield WarningKind.CONDITION_WITHOUT_ACTION, [condition.key for condition in idle]
    used = [condition for condition in statement.conditions if condition not in idle]
    stray = [str(a) for a in actions if not all(carries(a, condition) for condition in used)]
    if stray:
        yield WarningKind.ACTION_WITHOUT_CONDITION, stray
