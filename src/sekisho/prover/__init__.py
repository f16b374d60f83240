"""What holds for every request.

Proved, Refuted with a counterexample, or Unknown with the reason.
"""

from sekisho.prover.certificates import OLD, Certificate, arguments_of, layers_of
from sekisho.prover.questions.certified import (
    OWN_CALLS,
    SERVICE_CALLS,
    CertifiedPolicies,
    EnforcementCertifier,
    certificates_in,
    certified,
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
from sekisho.prover.questions.enforced import Enforced, enforced_text
from sekisho.prover.questions.enforcement import (
    SERVICE_EXEMPT,
    Enforcement,
    allowed_with_mfa,
    denials,
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
    with_federation,
)
from sekisho.prover.questions.grants import (
    GrantDifference,
    difference_of_grants,
    no_new_grants,
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
from sekisho.prover.questions.resource_policy import OwnedResource, not_granted_with_resource
from sekisho.prover.questions.sentences import (
    ASSUMED,
    CREDENTIALS,
    GRANTS_ASSUMED,
    PUBLIC_ASSUMED,
    assumed_user,
    call_text,
    counterexample_text,
    granting_texts,
    invariant_text,
    new_grant_text,
    public_request_text,
    stated_text,
    verdict_text,
)
from sekisho.prover.questions.served import conclude_served
from sekisho.prover.questions.trust import TrustReport, WayIn, ways_into
from sekisho.prover.questions.unlimited import conclude_unlimited_first, prove_unlimited_first
from sekisho.prover.reading.callers import Callers, anyone, callers, stand_ins
from sekisho.prover.reading.conditions import VersionedCondition
from sekisho.prover.reading.credentials import CallerCredential, CallingUser, SessionReadings
from sekisho.prover.reading.policies import (
    EVERYTHING,
    denying,
    every,
    tells_mfa_apart,
    tells_services_apart,
)
from sekisho.prover.reading.principals import RequesterKind
from sekisho.prover.search.answers import (
    ActionGroup,
    Conclusion,
    agreed,
    conclude,
    joined,
    roles_within_reach,
    uncertain_lists,
)
from sekisho.prover.search.counterexample import decided, own_policy_unasked
from sekisho.prover.search.descriptions import StatedCondition
from sekisho.prover.search.formula import Question, Restriction
from sekisho.prover.search.requests import prove_none
from sekisho.prover.search.verdict import (
    Counterexample,
    Proved,
    Refuted,
    Unknown,
    Verdict,
)

__all__ = [
    "ASSUMED",
    "CREDENTIALS",
    "EVERYTHING",
    "GRANTS_ASSUMED",
    "OLD",
    "OWN_CALLS",
    "PUBLIC_ASSUMED",
    "SERVICE_CALLS",
    "SERVICE_EXEMPT",
    "ActionGroup",
    "CallerCredential",
    "Callers",
    "CallingUser",
    "Calls",
    "Certificate",
    "CertifiedPolicies",
    "Conclusion",
    "Counterexample",
    "Difference",
    "Enforced",
    "Enforcement",
    "EnforcementCertifier",
    "GrantDifference",
    "Invariant",
    "InvariantKind",
    "OwnedResource",
    "Proved",
    "Question",
    "Refuted",
    "RequesterKind",
    "Restriction",
    "SessionReadings",
    "Side",
    "StatedCondition",
    "TrustReport",
    "Unknown",
    "Verdict",
    "VersionedCondition",
    "WayIn",
    "about_resources",
    "agreed",
    "allowed_with_mfa",
    "anyone",
    "arguments_of",
    "assumed_user",
    "call_text",
    "callers",
    "callers_of_difference",
    "certificates_in",
    "certified",
    "conclude",
    "conclude_served",
    "conclude_unlimited_first",
    "counterexample_text",
    "decided",
    "denials",
    "denying",
    "difference",
    "difference_for_any",
    "difference_of_grants",
    "enforced_text",
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
    "layers_of",
    "lost_with_mfa",
    "new_access",
    "new_grant_text",
    "no_new_grants",
    "no_public_access",
    "not_granted_with_resource",
    "nothing_lost",
    "own_policy_unasked",
    "own_things_only",
    "prove_enforcement",
    "prove_none",
    "prove_unlimited_first",
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
    "ways_into",
    "with_federation",
]
