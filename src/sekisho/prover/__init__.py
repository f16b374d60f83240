"""What holds for every request.

Proved, Refuted with a counterexample, or Unknown with the reason.
"""

from sekisho.prover.answer import Answer, agreed, answer, joined
from sekisho.prover.anyone import Callers, anyone, callers, stand_ins
from sekisho.prover.ask import never
from sekisho.prover.attached import tells_services_apart
from sekisho.prover.credentials import Held, User
from sekisho.prover.described import Stated
from sekisho.prover.difference import (
    Difference,
    Side,
    difference,
    difference_for_any,
    items_together,
    tells_callers,
)
from sekisho.prover.enforcement import (
    SERVICE_EXEMPT,
    Enforcement,
    denials,
    enforcement_question,
    exempt_list,
    expected_exempt,
    prove_enforcement,
    via_service,
)
from sekisho.prover.formula import Question, Within
from sekisho.prover.hypothetical import for_other_values
from sekisho.prover.invariant_file import read_invariants
from sekisho.prover.invariants import (
    Calls,
    Demand,
    Invariant,
    about_resources,
    faults_in,
    invariant_holds,
)
from sekisho.prover.items import Item
from sekisho.prover.lists import lists_in_doubt
from sekisho.prover.opening import lost_with_mfa, mfa_opens
from sekisho.prover.roles import roles_within_reach
from sekisho.prover.selfservice import has_self_service, nothing_lost, own_things_only
from sekisho.prover.values import Asked
from sekisho.prover.verdict import Counterexample, Proved, Refuted, Unknown, Verdict

__all__ = [
    "SERVICE_EXEMPT",
    "Answer",
    "Asked",
    "Callers",
    "Calls",
    "Counterexample",
    "Demand",
    "Difference",
    "Enforcement",
    "Held",
    "Invariant",
    "Item",
    "Proved",
    "Question",
    "Refuted",
    "Side",
    "Stated",
    "Unknown",
    "User",
    "Verdict",
    "Within",
    "about_resources",
    "agreed",
    "answer",
    "anyone",
    "callers",
    "denials",
    "difference",
    "difference_for_any",
    "enforcement_question",
    "exempt_list",
    "expected_exempt",
    "faults_in",
    "for_other_values",
    "has_self_service",
    "invariant_holds",
    "items_together",
    "joined",
    "lists_in_doubt",
    "lost_with_mfa",
    "mfa_opens",
    "never",
    "nothing_lost",
    "own_things_only",
    "prove_enforcement",
    "read_invariants",
    "roles_within_reach",
    "stand_ins",
    "tells_callers",
    "tells_services_apart",
    "via_service",
]
