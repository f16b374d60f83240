"""Questions about policies: enforcement, self-service, invariants, differences; and a report."""

from sekisho.prover.questions.enforcement import ENFORCEMENT, NOTHING_ALLOWED
from sekisho.prover.questions.forms import (
    beyond_to_json,
    callers_to_json,
    counterexample_of,
    counterexample_to_json,
    difference_to_json,
    items_to_json,
    premises_of,
)
from sekisho.prover.questions.report import (
    Inquiry,
    PolicyReport,
    QuestionGroup,
    Subject,
    changed_settings,
    report_on_policies,
)
from sekisho.prover.questions.sentences import (
    ENFORCED_SENTENCES,
    ONCE_ALLOWED,
    RESTS,
    Describe,
    answer_details,
    answer_title,
    answer_word,
)
from sekisho.prover.search.answers import QuestionAnswer

__all__ = [
    "ENFORCED_SENTENCES",
    "ENFORCEMENT",
    "NOTHING_ALLOWED",
    "ONCE_ALLOWED",
    "RESTS",
    "Describe",
    "Inquiry",
    "PolicyReport",
    "QuestionAnswer",
    "QuestionGroup",
    "Subject",
    "answer_details",
    "answer_title",
    "answer_word",
    "beyond_to_json",
    "callers_to_json",
    "changed_settings",
    "counterexample_of",
    "counterexample_to_json",
    "difference_to_json",
    "items_to_json",
    "premises_of",
    "report_on_policies",
]
