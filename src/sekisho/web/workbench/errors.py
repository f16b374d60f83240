"""An error text that somebody pastes: its causes, what it is mistaken for, what fixes it."""

import re
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
from sekisho.web.workbench.material import json_response, material, wants_json
from sekisho.web.workbench.people import ShownPerson

VIEW = Blueprint("errors", __name__)

_REST_OF_ARN = r"[\w+=,.@/-]+"


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
        people=_people_in(pasted),
    )
    return page, HTTPStatus.UNPROCESSABLE_ENTITY if fault else status


def _people_in(pasted: str) -> list[ShownPerson]:
    """Return the users of this account that an error's text names by their ARN."""
    own = f":{material().report.snapshot.account}:user/"
    named = (
        each.rpartition("/")[2].rstrip(".,") for each in re.findall(own + _REST_OF_ARN, pasted)
    )
    return [
        material().person_of[each] for each in dict.fromkeys(named) if each in material().person_of
    ]


def _explain_text(pasted: str) -> tuple[ErrorExplanation | None, Message | None]:
    try:
        return explain(pasted), None
    except UsageError as refused:
        return None, refused.message


def _title(known: KnownError) -> Message:
    return ExplainedError(known).filled(known.title)
