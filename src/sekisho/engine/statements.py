"""One statement: it applies if its principal, action, resource and conditions all match.

Source: IAM User Guide, "Policy evaluation logic"; facts §6.4.
"""

from sekisho.engine import actions, conditions, resources
from sekisho.engine.principals import Named, named
from sekisho.engine.scope import Scope
from sekisho.policy.document import Statement

__all__ = ["applies"]


def applies(statement: Statement, scope: Scope) -> Named:
    """Tell whether the statement applies, and how closely it names the caller.

    A statement without `Principal` is about the identity that it is attached to.
    """
    if not actions.matches(statement.action, scope.request.action, scope.doubts):
        return Named.NOT
    closeness = Named.ITSELF
    if statement.principal is not None:
        closeness = named(statement.principal, statement.effect, scope.caller)
    matched = (
        closeness is not Named.NOT
        and (
            statement.resource is None
            or resources.matches(statement.resource, statement.effect, scope)
        )
        and all(conditions.holds(condition, scope) for condition in statement.conditions)
    )
    return closeness if matched else Named.NOT
