"""Lint: the findings on one policy, and its effect on MFA."""

from sekisho.audit.lint.model import Attachment, LintReport, to_json, to_sarif
from sekisho.audit.lint.run import lint

__all__ = ["Attachment", "LintReport", "lint", "to_json", "to_sarif"]
