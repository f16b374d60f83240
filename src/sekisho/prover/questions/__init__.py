"""What is asked: enforcement, self-service, invariants, differences; and a report on all of it."""

from sekisho.prover.questions.answers import QuestionAnswer
from sekisho.prover.questions.report import (
    Inquiry,
    PolicyReport,
    QuestionGroup,
    Subject,
    report_on_policies,
)

__all__ = [
    "Inquiry",
    "PolicyReport",
    "QuestionAnswer",
    "QuestionGroup",
    "Subject",
    "report_on_policies",
]
