"""The audit of an account, and its output forms."""

from sekisho.audit.report.document import account_document
from sekisho.audit.report.forms import account_sheet, to_json, to_sarif
from sekisho.audit.report.model import AccountReport, audit_account
from sekisho.audit.report.wording import (
    COLUMNS,
    EXCEPTIONS,
    EXEMPTION,
    LOGGED_COLUMNS,
    NATURES,
    as_of,
    cells,
    exemption_text,
    finding_title,
    headline,
    impact_texts,
    logged_cells,
    logged_figures,
    logged_notices,
    no_users_text,
    report_notes,
    used_with_mfa,
)

__all__ = [
    "COLUMNS",
    "EXCEPTIONS",
    "EXEMPTION",
    "LOGGED_COLUMNS",
    "NATURES",
    "AccountReport",
    "account_document",
    "account_sheet",
    "as_of",
    "audit_account",
    "cells",
    "exemption_text",
    "finding_title",
    "headline",
    "impact_texts",
    "logged_cells",
    "logged_figures",
    "logged_notices",
    "no_users_text",
    "report_notes",
    "to_json",
    "to_sarif",
    "used_with_mfa",
]
