"""What is wrong: what a policy really means, lint; and (later) findings about accounts."""

from sekisho.audit.enforced import Enforced, UserEnforcement, enforcements_of, named_of
from sekisho.audit.exceptions import ExceptionKind, Exceptions, Exemption, load_exceptions
from sekisho.audit.finding import Family, Finding, FindingId, Place, Severity
from sekisho.audit.held import Held
from sekisho.audit.invariants import invariants_of
from sekisho.audit.lint import Attachment, Report, lint, to_sarif
from sekisho.audit.meaning import Enforcement, Line, Meaning, Works, meaning
from sekisho.audit.probes import CredentialState, Target
from sekisho.audit.trusted import Way
from sekisho.audit.truth_model import Cell, Outcome, TruthRow, TruthTable
from sekisho.audit.truth_wording import HELD, LEGEND, OUTCOMES
from sekisho.audit.wording import sentences

__all__ = [
    "HELD",
    "LEGEND",
    "OUTCOMES",
    "Attachment",
    "Cell",
    "CredentialState",
    "Enforced",
    "Enforcement",
    "ExceptionKind",
    "Exceptions",
    "Exemption",
    "Family",
    "Finding",
    "FindingId",
    "Held",
    "Line",
    "Meaning",
    "Outcome",
    "Place",
    "Report",
    "Severity",
    "Target",
    "TruthRow",
    "TruthTable",
    "UserEnforcement",
    "Way",
    "Works",
    "enforcements_of",
    "invariants_of",
    "lint",
    "load_exceptions",
    "meaning",
    "named_of",
    "sentences",
    "to_sarif",
]
