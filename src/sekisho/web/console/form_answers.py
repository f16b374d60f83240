"""Pages that answer a form, each at an address of its own.

A page that answers a form with a fault cannot be gone back to: no cache may keep it, so a browser
asks whether to send the form again. Browsers are led to an address that shows the page instead. It
is kept in memory until its person signs out. Where a password was typed, or a code is asked for,
nothing is kept; and a client that is no browser gets the page itself.

Source: Fetch Metadata Request Headers, `Sec-Fetch-Mode`; RFC 9110, "302 Found".
"""

import re
import secrets
from http import HTTPStatus

from flask import Response, g, redirect, request
from flask.typing import ResponseReturnValue

from sekisho.web.console.session import drop_shown_once, secret_sent, state
from sekisho.web.site import ANSWER, local_path, page_to_come_back, same_page

_LONGEST_ADDRESS = 2_000
"""Characters; what was typed as a name may be longer than a server takes."""
_FORM_TOKEN = re.compile(r'(?<=name="once" value=")[^"]*')
"""The token of a form; what people have typed has no quotation marks that are not escaped."""


def find_answer() -> ResponseReturnValue | None:
    """Show the page that a form was answered with; without it, the page that has the form."""
    token = request.args.get(ANSWER)
    if token is None or request.method != "GET" or "browser" not in g:
        return None
    kept = state().answers.get(token)
    if kept is None:
        asked = request.query_string.decode("utf-8", "replace")
        return redirect(local_path(same_page(request.path, asked), "/console"))
    drop_shown_once()
    # each time it is a new form: what is sent from it is not what was sent from it before
    page = _FORM_TOKEN.sub(lambda _: secrets.token_urlsafe(16), kept["page"])
    return Response(page, int(kept["status"]), content_type=kept["type"])


def keep_answer(response: Response) -> Response:
    """Keep a page that answers a browser's form, and lead to its address."""
    if not _to_be_kept(response):
        return response
    page = page_to_come_back("/console")
    token = secrets.token_urlsafe(16)
    address = f"{page}{'&' if '?' in page else '?'}{ANSWER}={token}"
    if len(address) > _LONGEST_ADDRESS:
        return response
    answers = state().answers
    answers[token] = {
        "page": response.get_data(as_text=True),
        "status": str(response.status_code),
        "type": response.headers["Content-Type"],
    }
    if token not in answers:
        return response
    # not 303: the form may be sent again with what was wrong put right
    led = redirect(address, HTTPStatus.FOUND)
    return led if isinstance(led, Response) else response


def _to_be_kept(response: Response) -> bool:
    if request.method != "POST" or request.headers.get("Sec-Fetch-Mode") != "navigate":
        return False
    if "browser" not in g or not g.get("is_new_form") or response.mimetype != "text/html":
        return False
    faults = range(HTTPStatus.BAD_REQUEST, HTTPStatus.INTERNAL_SERVER_ERROR)
    shown = response.status_code == HTTPStatus.OK or response.status_code in faults
    here = state()
    return shown and here.person is not None and here.shown_once is None and not secret_sent()
