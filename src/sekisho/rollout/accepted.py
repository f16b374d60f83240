"""What somebody lets pass, with a reason that the plan records; and what nobody can."""

from sekisho.errors import UsageError
from sekisho.rollout.plan import Plan

__all__ = ["UNACCEPTABLE", "check_accepted"]

UNACCEPTABLE = frozenset(
    {"other-account", "caller-unknown", "quota", "break-glass-untouched", "oneself"}
)
"""What nobody can let pass, by its id."""


def check_accepted(plan: Plan) -> Plan:
    """Return `plan` if what it accepts does speak against it, and may be accepted.

    Raises:
        UsageError: if something does not.
    """
    for identity in plan.accepted:
        if identity not in plan.against:
            raise UsageError(f"nothing called `{identity}` speaks against this plan")
        if identity in UNACCEPTABLE:
            raise UsageError(f"nobody can accept `{identity}`", fix="change what is wanted")
    return plan
