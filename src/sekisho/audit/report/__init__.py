"""The audit of an account, and the forms in which it is handed over."""

from sekisho.audit.report.document import account_document
from sekisho.audit.report.forms import to_json, to_sarif
from sekisho.audit.report.log_usage import (
    LOGGED_COLUMNS,
    logged_cells,
    logged_figures,
    logged_notices,
    used_with_mfa,
)
from sekisho.audit.report.model import AccountReport, audit_account
from sekisho.audit.report.sheet import account_sheet
from sekisho.audit.report.wording import (
    COLUMNS,
    EXCEPTIONS,
    EXEMPTION,
    as_of,
    cells,
    exemption_text,
    figures,
    finding_title,
    headline,
    impact_texts,
    no_users_text,
    report_notes,
)

__all__ = [
    "COLUMNS",
    "EXCEPTIONS",
    "EXEMPTION",
    "LOGGED_COLUMNS",
    "AccountReport",
    "account_document",
    "account_sheet",
    "as_of",
    "audit_account",
    "cells",
    "exemption_text",
    "figures",
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
