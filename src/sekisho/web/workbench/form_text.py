"""Texts typed into a view: kept in memory for as long as the browser is known.

A form leads to an address that shows it, so that going back, a reload, another language and the
JSON lose nothing and send nothing twice. The address has a digest, and never the text itself.
"""

import json
from hashlib import sha256
from http import HTTPStatus

from flask import request
from flask.typing import ResponseReturnValue

from sekisho.web.browsers import Drafts, FlashKind
from sekisho.web.site import allow_resending, browser, flash, see_other, text

_FIELDS = ("document", "old", "new", "beside", "text")
_DIGEST = "asked"
"""The field of an address that has the digest of the form that it shows."""

_DIGITS = 16


def keep_form() -> ResponseReturnValue:
    """Keep what was put into a form, and lead to the address that shows it."""
    # browsers send every line break as CR and LF
    fields = {
        name: request.form[name].replace("\r\n", "\n") for name in _FIELDS if name in request.form
    }
    mark = sha256(json.dumps(sorted(fields.items())).encode()).hexdigest()[:_DIGITS]
    _drafts()[mark] = fields
    # a browser that goes back shows the same form, in which something else may be typed
    allow_resending()
    form = {"format": "json"} if request.form.get("format") == "json" else {}
    return see_other(request.path, **{_DIGEST: mark}, **form)


def shows_form() -> bool:
    """Tell whether the address shows what was put into a form."""
    return _DIGEST in request.args


def form_text(name: str) -> str:
    """Return a text of the form that the address shows; "" if there is none."""
    if not shows_form():
        return ""
    return _drafts().get(request.args[_DIGEST], {}).get(name, "")


def say_if_gone() -> HTTPStatus:
    """Say so where what was put in is no longer kept, and return the status of such a page."""
    if not shows_form() or request.args[_DIGEST] in _drafts():
        return HTTPStatus.OK
    flash(FlashKind.WARNING, text("workbench.frame.gone"))
    return HTTPStatus.NOT_FOUND


def _drafts() -> Drafts:
    found: Drafts = browser().state
    return found
