"""What holds for every request.

Proved, Refuted with a counterexample, or Unknown with the reason.
"""

from sekisho.prover.counterexample import decided
from sekisho.prover.questions.answers import (
    ActionGroup,
    Conclusion,
    agreed,
    conclude,
    joined,
    roles_within_reach,
    uncertain_lists,
)
from sekisho.prover.questions.difference import (
    Difference,
    Side,
    callers_of_difference,
    difference,
    difference_for_any,
    items_together,
    new_access,
    tells_callers,
)
from sekisho.prover.questions.enforcement import (
    SERVICE_EXEMPT,
    Enforcement,
    allowed_with_mfa,
    denials,
    denying,
    enforcement_question,
    exempt_list,
    expected_exempt,
    for_other_values,
    has_self_service,
    lost_with_mfa,
    nothing_lost,
    own_things_only,
    prove_enforcement,
    via_service,
)
from sekisho.prover.questions.invariants import (
    Calls,
    Invariant,
    InvariantKind,
    about_resources,
    faults_in,
    invariant_holds,
    read_invariants,
)
from sekisho.prover.questions.public import no_public_access
from sekisho.prover.search.descriptions import StatedCondition
from sekisho.prover.search.formula import Question, Restriction
from sekisho.prover.search.requests import prove_none
from sekisho.prover.sentences import (
    ASSUMED,
    CREDENTIALS,
    PUBLIC_ASSUMED,
    assumed_user,
    counterexample_text,
    granting_texts,
    invariant_text,
    public_request_text,
    stated_text,
    verdict_text,
)
from sekisho.prover.values.callers import Callers, anyone, callers, stand_ins
from sekisho.prover.values.conditions import VersionedCondition
from sekisho.prover.values.credentials import CallerCredential, CallingUser
from sekisho.prover.values.policies import EVERYTHING, every, tells_mfa_apart, tells_services_apart
from sekisho.prover.verdict import Counterexample, Proved, Refuted, Unknown, Verdict

__all__ = [
    "ASSUMED",
    "CREDENTIALS",
    "EVERYTHING",
    "PUBLIC_ASSUMED",
    "SERVICE_EXEMPT",
    "ActionGroup",
    "CallerCredential",
    "Callers",
    "CallingUser",
    "Calls",
    "Conclusion",
    "Counterexample",
    "Difference",
    "Enforcement",
    "Invariant",
    "InvariantKind",
    "Proved",
    "Question",
    "Refuted",
    "Restriction",
    "Side",
    "StatedCondition",
    "Unknown",
    "Verdict",
    "VersionedCondition",
    "about_resources",
    "agreed",
    "allowed_with_mfa",
    "anyone",
    "assumed_user",
    "callers",
    "callers_of_difference",
    "conclude",
    "counterexample_text",
    "decided",
    "denials",
    "denying",
    "difference",
    "difference_for_any",
    "enforcement_question",
    "every",
    "exempt_list",
    "expected_exempt",
    "faults_in",
    "for_other_values",
    "granting_texts",
    "has_self_service",
    "invariant_holds",
    "invariant_text",
    "items_together",
    "joined",
    "lost_with_mfa",
    "new_access",
    "no_public_access",
    "nothing_lost",
    "own_things_only",
    "prove_enforcement",
    "prove_none",
    "public_request_text",
    "read_invariants",
    "roles_within_reach",
    "stand_ins",
    "stated_text",
    "tells_callers",
    "tells_mfa_apart",
    "tells_services_apart",
    "uncertain_lists",
    "verdict_text",
    "via_service",
]
