"""Lint: what is wrong with one policy, and what it means for MFA."""

from sekisho.audit.lint.forms import to_json, to_sarif
from sekisho.audit.lint.model import Attachment, Report
from sekisho.audit.lint.run import lint

__all__ = ["Attachment", "Report", "lint", "to_json", "to_sarif"]
