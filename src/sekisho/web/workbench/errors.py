"""An error text that somebody pastes: its causes, what it is mistaken for, what fixes it."""

from http import HTTPStatus

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from sekisho.audit.explain import (
    MOST_CHARACTERS,
    ErrorExplanation,
    ExplainedError,
    KnownError,
    entry,
    explain,
    facts_read,
    pasted_error_to_json,
)
from sekisho.errors import UsageError
from sekisho.messages import Message
from sekisho.web.site import language
from sekisho.web.workbench.form_text import form_text, keep_form, say_if_gone
from sekisho.web.workbench.material import json_response, wants_json

VIEW = Blueprint("errors", __name__)


@VIEW.route("/error", methods=["GET", "POST"])
def error() -> ResponseReturnValue:
    """Explain an error text, as `sekisho explain` does."""
    if request.method == "POST":
        return keep_form()
    pasted, status = form_text("text"), say_if_gone()
    found, fault = _explain_text(pasted) if pasted.strip() else (None, None)
    if wants_json():
        return json_response(None if found is None else pasted_error_to_json(found, language()))
    page = render_template(
        "error.html",
        view="/error",
        pasted=pasted,
        found=found,
        fault=fault,
        facts=facts_read,
        title_of=_title,
        entry=entry,
        most=MOST_CHARACTERS,
    )
    return page, HTTPStatus.UNPROCESSABLE_ENTITY if fault else status


def _explain_text(pasted: str) -> tuple[ErrorExplanation | None, Message | None]:
    try:
        return explain(pasted), None
    except UsageError as refused:
        return None, refused.message


def _title(known: KnownError) -> Message:
    return ExplainedError(known).filled(known.title)
