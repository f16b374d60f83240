"""Policies as they speak of what is not known: a resource, or whichever action of a service.

A Deny that could be about it counts. An Allow counts only if it is about everything: on `*`, and
of an action that is not known, of all actions of the service.
"""

from dataclasses import replace

from sekisho.engine import AttachedPolicy, Policies
from sekisho.policy import Document, Effect, Element, Statement

EVERY_ACTION = ":*"
"""How an action ends that stands for whichever of its service."""


def worst_of(policies: Policies, action: str) -> Policies:
    """Return policies that say of `*` what these say, in the worst case, of what is not known.

    Args:
        policies: of the caller.
        action: what is asked; one that ends in `:*` is not known itself.
    """
    service, any_action = action.partition(":")[0], action.endswith(EVERY_ACTION)

    def worst(attached: tuple[AttachedPolicy, ...]) -> tuple[AttachedPolicy, ...]:
        return tuple(
            replace(one, document=_worst_case(one.document, service, any_action=any_action))
            for one in attached
        )

    return replace(
        policies,
        identity=worst(policies.identity),
        boundaries=None if policies.boundaries is None else worst(policies.boundaries),
        session=None if policies.session is None else worst(policies.session),
    )


def _worst_case(document: Document, service: str, *, any_action: bool) -> Document:
    statements = []
    for one in document.statements:
        counts = _counts(one, service) and (not any_action or _is_of_any(one, service))
        action = _EVERY if any_action else one.action
        statements.append(replace(one, action=action, resource=_EVERY if counts else _NONE))
    return replace(document, statements=tuple(statements))


_EVERY = Element(("*",))
_NONE = Element(("arn:of:no:re:so:urce",))


def _counts(statement: Statement, service: str) -> bool:
    element = statement.resource
    if element is None:
        return True
    if statement.effect is Effect.ALLOW:
        return not element.negated and "*" in element.values
    return element.negated or any(_may_be_of(value, service) for value in element.values)


def _may_be_of(pattern: str, service: str) -> bool:
    """Whether a resource pattern could match some resource of the service."""
    named = pattern.split(":")[2:3]
    return not named or named[0].lower() == service or any(c in named[0] for c in "*?$")


def _is_of_any(statement: Statement, service: str) -> bool:
    """Whether a statement is about every action of a service; of a Deny, about some."""
    patterns = [one.lower() for one in statement.action.values]
    all_of_it = bool({"*", f"{service}{EVERY_ACTION}"}.intersection(patterns))
    some_of_it = any(_may_name(one, service) for one in patterns)
    if statement.effect is Effect.ALLOW:
        return not some_of_it if statement.action.negated else all_of_it
    return not all_of_it if statement.action.negated else some_of_it


def _may_name(pattern: str, service: str) -> bool:
    """Whether a pattern could name some action of the service."""
    named = pattern.partition(":")[0]
    return named == service or any(c in named for c in "*?")
