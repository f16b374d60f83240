"""What one group of policies says about a request.

Source: IAM User Guide, "Policy evaluation logic": the statements of all policies of a group count
as if they stood in one.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sekisho.engine import actions
from sekisho.engine.layers import Group
from sekisho.engine.model import AttachedPolicy, Cause
from sekisho.engine.principals import Named
from sekisho.engine.scope import Scope
from sekisho.engine.statements import otherwise_applies
from sekisho.policy.document import Effect, PolicyKind, Statement

__all__ = ["Reading", "cause_of", "read"]


class Reading(NamedTuple):
    """The statements of a group of policies that apply, each with its policy.

    Attributes:
        closeness: how closely the closest of the allows names the caller.
    """

    kind: PolicyKind
    allows: Sequence[tuple[AttachedPolicy, Statement]]
    denies: Sequence[tuple[AttachedPolicy, Statement]]
    closeness: Named

    def allowed_by(self) -> list[Cause]:
        """Return the allows as causes."""
        return [cause_of(self.kind, policy, statement) for policy, statement in self.allows]

    def denied_by(self) -> list[Cause]:
        """Return the denies as causes."""
        return [cause_of(self.kind, policy, statement) for policy, statement in self.denies]


def read(group: Group, scope: Scope) -> Reading:
    """Read every statement of a group of policies; a group without policies allows nothing."""
    allows: list[tuple[AttachedPolicy, Statement]] = []
    denies: list[tuple[AttachedPolicy, Statement]] = []
    closest = Named.NOT
    for policy in group.policies:
        within = Scope(scope.request, scope.caller, policy.document.version, scope.doubts)
        for statement in actions.about(policy.document, scope.request.action, scope.doubts):
            closeness = otherwise_applies(statement, within)
            if closeness is Named.NOT:
                continue
            if statement.effect is Effect.DENY:
                denies.append((policy, statement))
                continue
            allows.append((policy, statement))
            closest = max(closest, closeness)
    return Reading(group.kind, allows, denies, closest)


def cause_of(kind: PolicyKind, policy: AttachedPolicy, statement: Statement) -> Cause:
    """Return the statement as a cause: what it stands in, and where."""
    return Cause(kind, policy.name, statement.index, statement.sid, statement.position)
