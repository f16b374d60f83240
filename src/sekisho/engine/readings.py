"""What one group of policies says about a request.

Source: IAM User Guide, "Policy evaluation logic": the statements of all policies of a group count
as if they stood in one.
"""

from dataclasses import dataclass

from sekisho.engine.layers import Group
from sekisho.engine.model import AttachedPolicy, Cause
from sekisho.engine.principals import Named
from sekisho.engine.scope import Scope
from sekisho.engine.statements import applies
from sekisho.policy.document import Effect, PolicyKind, Statement

__all__ = ["Reading", "cause_of", "read"]


@dataclass(frozen=True, slots=True)
class Reading:
    """The statements of a group of policies that apply.

    Attributes:
        closeness: how closely the closest of the allows names the caller.
    """

    kind: PolicyKind
    allows: tuple[Cause, ...]
    denies: tuple[Cause, ...]
    closeness: Named


def read(group: Group, scope: Scope) -> Reading:
    """Read every statement of a group of policies; a group without policies allows nothing."""
    causes: dict[Effect, list[Cause]] = {Effect.ALLOW: [], Effect.DENY: []}
    closest = Named.NOT
    for policy in group.policies:
        within = Scope(scope.request, scope.caller, policy.document.version, scope.doubts)
        for statement in policy.document.statements:
            closeness = applies(statement, within)
            if closeness is Named.NOT:
                continue
            if statement.effect is Effect.ALLOW:
                closest = max(closest, closeness)
            cause = cause_of(group.kind, policy, statement)
            causes[statement.effect].append(cause)
    return Reading(group.kind, tuple(causes[Effect.ALLOW]), tuple(causes[Effect.DENY]), closest)


def cause_of(kind: PolicyKind, policy: AttachedPolicy, statement: Statement) -> Cause:
    """Return the statement as a cause: what it stands in, and where."""
    return Cause(kind, policy.name, statement.index, statement.sid, statement.position)
