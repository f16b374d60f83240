"""What holds for every request: Proved, Refuted with a witness, or Unknown with the reason."""

from sekisho.prover.answer import Answer, answer
from sekisho.prover.ask import never
from sekisho.prover.credentials import Held, User
from sekisho.prover.difference import Difference, Item, Side, difference
from sekisho.prover.formula import Question, Within
from sekisho.prover.gate import (
    SERVICE_EXEMPT,
    Exempt,
    Gate,
    exempt_list,
    expected_exempt,
    gate_question,
    gate_shut,
)
from sekisho.prover.hypothetical import for_other_values
from sekisho.prover.selfservice import nothing_lost, own_things_only
from sekisho.prover.values import Asked
from sekisho.prover.verdict import Proved, Refuted, Unknown, Verdict, Witness

__all__ = [
    "SERVICE_EXEMPT",
    "Answer",
    "Asked",
    "Difference",
    "Exempt",
    "Gate",
    "Held",
    "Item",
    "Proved",
    "Question",
    "Refuted",
    "Side",
    "Unknown",
    "User",
    "Verdict",
    "Within",
    "Witness",
    "answer",
    "difference",
    "exempt_list",
    "expected_exempt",
    "for_other_values",
    "gate_question",
    "gate_shut",
    "never",
    "nothing_lost",
    "own_things_only",
]
