"""What a truth table is: tasks, credentials, and what comes of each under one policy."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from sekisho.audit.held import Held
from sekisho.audit.trusted import Way
from sekisho.engine import AttachedPolicy, Policies
from sekisho.messages import Message
from sekisho.policy import Document, PolicyKind, from_json

__all__ = ["Cell", "Outcome", "TruthRow", "TruthTable", "policies_with"]


class Outcome(StrEnum):
    """What comes of a task; of several calls that it needs, the worst counts."""

    NOBODY = "nobody named has it"
    REFUSED = "refused by the service"
    DENIED = "explicitly denied"
    NOT_ALLOWED = "not allowed"
    MIXED = "some of it"
    CONDITIONAL = "depends on conditions not varied"
    OTHERS = "other policies decide"
    ALLOWED = "allowed"
    UNGOVERNED = "permitted without policy"


@dataclass(frozen=True, slots=True)
class Cell:
    """The outcome, and the assumptions whose other setting would change it.

    Attributes:
        asked_as: the ARN, or the service's name, of who asked; "" if nobody could.
    """

    outcome: Outcome
    assumptions: tuple[str, ...] = ()
    asked_as: str = ""


@dataclass(frozen=True, slots=True)
class TruthRow:
    """One task, what it asks for, and what comes of it with each credential.

    Attributes:
        principal: whom of a trust policy the task is about, as the policy names them; else None.
    """

    task: Message
    actions: tuple[str, ...]
    cells: Mapping[Held | Way, Cell]
    principal: str | None = None


@dataclass(frozen=True, slots=True)
class TruthTable:
    """The table; `held` are its columns.

    Attributes:
        untried: condition keys in the policy that the requests did not vary.
        unasked: principals of a trust policy that nobody asked as.
    """

    held: tuple[Held | Way, ...]
    rows: tuple[TruthRow, ...]
    untried: tuple[str, ...]
    unasked: tuple[str, ...] = ()


_ALL = from_json(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
)
_EVERYTHING = (AttachedPolicy("everything", _ALL),)


def policies_with(document: Document, kind: PolicyKind, held: Held = Held.KEY) -> Policies:
    """Return the policies of somebody who has this document, of this kind, and nothing else.

    A boundary, session or trust policy gives nothing by itself: beside it everything is allowed. A
    federated user session is given a session policy that allows everything, since one without may
    do nothing at all (fact §3.4).
    """
    attached = (AttachedPolicy(document.source or "policy", document),)
    match kind:
        case PolicyKind.BOUNDARY:
            policies = Policies(identity=_EVERYTHING, boundaries=attached)
        case PolicyKind.SESSION:
            return Policies(identity=_EVERYTHING, session=attached)
        case PolicyKind.TRUST:
            return Policies(identity=_EVERYTHING, trust=attached[0])
        case _:
            policies = Policies(identity=attached)
    return replace(policies, session=_EVERYTHING) if held is Held.FEDERATED else policies
