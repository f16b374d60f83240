"""The first page: what the rehearsal is, who is in it, and the clock. Nothing of it is AWS's."""

from datetime import timedelta
from http import HTTPStatus

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from sekisho.errors import AwsRefused
from sekisho.policy import Preset
from sekisho.web.browsers import FlashKind
from sekisho.web.console.enforcing import enforce
from sekisho.web.console.persons import rehearsal, state
from sekisho.web.console.rail import RailPath
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
        presets=[each.value for each in Preset],
        administrator=place.administrator,
        steps=tuple(_STEPS),
    )


@SCREEN.post("/clock")
def move_clock() -> ResponseReturnValue:
    """Move the clock of the local AWS forward; codes and sessions go by it."""
    by = request.form.get("by", "")
    if by not in _STEPS:
        abort(HTTPStatus.BAD_REQUEST)
    rehearsal().advance(timedelta(seconds=_STEPS[by]))
    flash(FlashKind.SUCCESS, text("start.clock_moved", by=text(f"start.steps.{by}")))
    return see_other(local_path(request.form.get("page", "/"), "/"))


@SCREEN.post("/prepare")
def prepare() -> ResponseReturnValue:
    """Attach the policy to a user, as the administrator would: for the employee's path alone."""
    place = rehearsal()
    user = request.form.get("user", "")
    try:
        preset = Preset(request.form.get("preset", Preset.RECOMMENDED.value))
        enforce(place, user, preset)
    except ValueError:
        abort(HTTPStatus.BAD_REQUEST)
    except AwsRefused as refused:
        flash(FlashKind.ERROR, text("frame.not_done"), refused.aws_message)
        return see_other("/")
    flash(FlashKind.SUCCESS, text("start.prepared", user=user, preset=preset.value))
    return see_other("/")


@SCREEN.post("/rail")
def choose_rail() -> ResponseReturnValue:
    """Open the help rail for one of the two paths, or close it."""
    chosen, here = request.form.get("path", ""), state()
    here.closed_rail = here.rail
    here.rail = RailPath(chosen) if chosen in set(RailPath) else None
    return see_other(local_path(request.form.get("page", "/"), "/"))
