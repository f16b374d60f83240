"""The console to rehearse in: screens like those of the AWS console, over a local AWS.

Every page is made of what the local AWS answers to the person who is signed in: over HTTP, signed
with the person's own session, decided by the authorizer like any client's call. What is denied is
shown with AWS's own text. One module per screen; `session` says who is signed in, and `rehearsal`
what stands beside the console: the people, their phones and the clock.
"""

from http import HTTPStatus

from flask import render_template
from flask.typing import ResponseReturnValue

from sekisho.errors import AwsRefused
from sekisho.messages import Language
from sekisho.web.browsers import DraftMemory
from sekisho.web.console import (
    buckets,
    console_access,
    create_user,
    credentials,
    dashboard,
    form_answers,
    groups,
    inline_policies,
    mfa,
    policies,
    policy_editor,
    sign_in,
    start,
    user_page,
    users,
    visual_editor,
)
from sekisho.web.console.rehearsal import Rehearsal
from sekisho.web.console.session import (
    ENDED,
    ConsoleState,
    keep_typed,
    on_every_screen,
    session_ended,
)
from sekisho.web.site import Site, page_to_come_back

__all__ = ["Rehearsal", "console_site"]

_SCREENS = (
    start,
    sign_in,
    dashboard,
    credentials,
    mfa,
    policies,
    policy_editor,
    visual_editor,
    buckets,
    users,
    create_user,
    user_page,
    console_access,
    inline_policies,
    groups,
)

_MOST_PAGES, _MOST_PAGES_OF_ALL = 1 << 20, 32 << 20
"""Bytes of the answers to forms that are kept, of one browser and of all."""


def console_site(rehearsal: Rehearsal, language: Language = Language.EN) -> Site:
    """Return the console over a local AWS.

    Args:
        rehearsal: the local AWS, and who is in it.
        language: what a new browser is spoken to in.
    """
    drafts, pages = DraftMemory(), DraftMemory(of_one=_MOST_PAGES, of_all=_MOST_PAGES_OF_ALL)
    site = Site("console", lambda: ConsoleState(drafts.drafts(), pages.drafts()), language)
    site.app.extensions["rehearsal"] = rehearsal
    site.app.extensions["site"] = site
    site.app.context_processor(on_every_screen)
    site.app.before_request(form_answers.find_answer)
    site.app.after_request(form_answers.keep_answer)
    site.app.register_error_handler(AwsRefused, _refused)
    for screen in _SCREENS:
        site.app.register_blueprint(screen.SCREEN)
    return site


def _refused(error: AwsRefused) -> ResponseReturnValue:
    """Show AWS's refusal; a user whose session has ended signs in again, and goes on from there."""
    if error.aws_code in ENDED:
        keep_typed()
        return session_ended(page_to_come_back("/console"))
    refusals = range(HTTPStatus.BAD_REQUEST, HTTPStatus.INTERNAL_SERVER_ERROR)
    status = error.status if error.status in refusals else HTTPStatus.BAD_GATEWAY
    if error.aws_code == "ParamValidationError":
        # the call was not sent: an address with an ARN that is none
        status = HTTPStatus.BAD_REQUEST
    return render_template("denied.html", refused=error), status
