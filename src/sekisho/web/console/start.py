"""The first page: what the rehearsal is, who is in it, and the clock. Nothing of it is AWS's."""

from datetime import timedelta

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from sekisho.web.browsers import FlashKind
from sekisho.web.console.persons import rehearsal, state
from sekisho.web.site import flash, local_path, see_other, text

SCREEN = Blueprint("start", __name__)

_STEPS = {"30s": 30, "15m": 900, "1h": 3600, "12h": 43_200, "1d": 86_400}
"""How far the clock can be moved at once, in seconds."""


@SCREEN.get("/")
def page() -> ResponseReturnValue:
    """Show who can sign in, and how."""
    place = rehearsal()
    return render_template(
        "start.html",
        account=place.account.account,
        people=place.people(),
        now=place.now(),
        steps=tuple(_STEPS),
    )


@SCREEN.post("/clock")
def move_clock() -> ResponseReturnValue:
    """Move the clock of the local AWS forward; codes and sessions go by it."""
    seconds = _STEPS.get(request.form.get("by", ""), 0)
    rehearsal().advance(timedelta(seconds=seconds))
    flash(FlashKind.SUCCESS, text("start.clock_moved", seconds=seconds))
    return see_other(local_path(request.form.get("page", "/"), "/"))


@SCREEN.post("/rail")
def choose_rail() -> ResponseReturnValue:
    """Open the help rail for one of the two paths, or close it."""
    chosen = request.form.get("path", "")
    state().rail = chosen if chosen in ("administrator", "employee") else ""
    return see_other(local_path(request.form.get("page", "/"), "/"))
