"""One statement: it applies if its action, principal, resource and conditions all match.

Source: IAM User Guide, "Policy evaluation logic"; facts §6.4.
"""

from sekisho.engine import actions, conditions, resources
from sekisho.engine.principals import Named, named
from sekisho.engine.scope import Scope
from sekisho.policy.document import Statement

__all__ = ["applies", "otherwise_applies"]


def applies(statement: Statement, scope: Scope) -> Named:
    """Tell whether a statement applies, and how closely it names the caller."""
    if not actions.matches(statement.action, scope.request.action, scope.doubts):
        return Named.NOT
    return otherwise_applies(statement, scope)


def otherwise_applies(statement: Statement, scope: Scope) -> Named:
    """Tell the same of a statement that is about the request's action.

    A statement without `Principal` is about the identity that it is attached to.
    """
    closeness = Named.ITSELF
    if statement.principal is not None:
        closeness = named(statement.principal, statement.effect, scope.caller)
        if closeness is Named.NOT:
            return closeness
    resource = statement.resource
    if resource is not None and not resources.matches(resource, statement.effect, scope):
        return Named.NOT
    for condition in statement.conditions:
        if not conditions.holds(condition, scope):
            return Named.NOT
    return closeness
