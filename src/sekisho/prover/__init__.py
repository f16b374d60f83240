"""What holds for every request: Proved, Refuted with a witness, or Unknown with the reason."""

from sekisho.prover.ask import never
from sekisho.prover.credentials import Held, User
from sekisho.prover.formula import Question, Within
from sekisho.prover.gate import (
    SERVICE_EXEMPT,
    Exempt,
    Gate,
    exempt_list,
    expected_exempt,
    gate_shut,
)
from sekisho.prover.values import Asked
from sekisho.prover.verdict import Proved, Refuted, Unknown, Verdict, Witness

__all__ = [
    "SERVICE_EXEMPT",
    "Asked",
    "Exempt",
    "Gate",
    "Held",
    "Proved",
    "Question",
    "Refuted",
    "Unknown",
    "User",
    "Verdict",
    "Within",
    "Witness",
    "exempt_list",
    "expected_exempt",
    "gate_shut",
    "never",
]
