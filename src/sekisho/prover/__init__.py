"""What holds for every request.

Proved, Refuted with a counterexample, or Unknown with the reason.
"""

from sekisho.prover.questions.answers import Answer, Item, agreed, answer, joined
from sekisho.prover.questions.caveats import lists_in_doubt, roles_within_reach
from sekisho.prover.questions.difference import (
    Difference,
    Side,
    difference,
    difference_for_any,
    items_together,
    tells_callers,
)
from sekisho.prover.questions.enforcement import (
    SERVICE_EXEMPT,
    Enforcement,
    denials,
    enforcement_question,
    exempt_list,
    expected_exempt,
    for_other_values,
    lost_with_mfa,
    mfa_opens,
    prove_enforcement,
    via_service,
)
from sekisho.prover.questions.invariants import (
    Calls,
    Demand,
    Invariant,
    about_resources,
    faults_in,
    invariant_holds,
    read_invariants,
)
from sekisho.prover.questions.self_service import has_self_service, nothing_lost, own_things_only
from sekisho.prover.search.descriptions import Stated
from sekisho.prover.search.formula import Question, Within
from sekisho.prover.search.requests import never
from sekisho.prover.values.callers import Callers, anyone, callers, stand_ins
from sekisho.prover.values.conditions import Asked
from sekisho.prover.values.credentials import Held, User
from sekisho.prover.values.policies import tells_services_apart
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
