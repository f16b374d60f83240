"""Lint: what is wrong with one policy, and what it means for MFA."""

from sekisho.audit.lint.ids import FindingId
from sekisho.audit.lint.model import Attachment, Report
from sekisho.audit.lint.run import lint
from sekisho.audit.lint.sarif import to_sarif
from sekisho.audit.lint.words import WORDS

__all__ = ["WORDS", "Attachment", "FindingId", "Report", "lint", "to_sarif"]
