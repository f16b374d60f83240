"""The meaning of one policy, by the engine: for each credential, and for each task."""

from sekisho.audit.meaning.credentials import CredentialState, ObjectOwner
from sekisho.audit.meaning.identity import DeniedWithoutMfa, Line, Meaning, Works, meaning
from sekisho.audit.meaning.sentences import cell_text, notes, sentences, summary_to_json
from sekisho.audit.meaning.trusted import TrustWay
from sekisho.audit.meaning.truth import (
    CREDENTIALS,
    LEGEND,
    OUTCOMES,
    TaskOutcome,
    TruthTable,
)

__all__ = [
    "CREDENTIALS",
    "LEGEND",
    "OUTCOMES",
    "CredentialState",
    "DeniedWithoutMfa",
    "Line",
    "Meaning",
    "ObjectOwner",
    "TaskOutcome",
    "TrustWay",
    "TruthTable",
    "Works",
    "cell_text",
    "meaning",
    "notes",
    "sentences",
    "summary_to_json",
]
