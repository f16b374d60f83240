"""A plan that the tour has applied, with what it needs to take it back and to compare."""

from dataclasses import dataclass, field

from sekisho.rollout import Journal, Plan, RollbackReport

__all__ = ["Applied"]


@dataclass(slots=True)
class Applied:
    """A plan that was applied.

    Attributes:
        before: what the account held at the plan's addresses, as canonical JSON.
        report: what came of taking it back; None until then.
    """

    plan: Plan
    journal: Journal
    before: str = field(repr=False)
    report: RollbackReport | None = None
