"""The notices of a plan: who is to be told what, wave by wave, as `sekisho notify` writes it."""

import shlex
from http import HTTPStatus

from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue

from sekisho.notices import WorkList
from sekisho.web.site import text
from sekisho.web.workbench.material import json_response, material, wants_json
from sekisho.web.workbench.people_pages import notice_to

VIEW = Blueprint("notices", __name__)

_MOST = 50
"""So many people of a wave are shown; the command writes the notices of all."""


@VIEW.get("/notices")
def notices() -> ResponseReturnValue:
    """Show what each person of the plan, or of the goals' plans, is to read."""
    if not material().plans:
        abort(HTTPStatus.NOT_FOUND)
    heard = tuple(each.heard for each in material().people if each.heard is not None)
    waves = [*WorkList(material().report.snapshot.account, heard).waves()]
    shown = {person.user for _, members in waves for person in members[:_MOST]}
    texts = {name: notice_to(material().person_of[name]) for name in shown}
    if wants_json():
        kept = {
            name: each and {"subject": each[0], "text": each[1]} for name, each in texts.items()
        }
        return json_response({"notices": kept})
    viewed = material().plan
    command = ["sekisho notify", shlex.quote(viewed.path), material().source] if viewed else []
    return render_template(
        "notices.html",
        view="/notices",
        waves=waves,
        texts=texts,
        person_of=material().person_of,
        most=_MOST,
        commands=[
            (
                text("workbench.notices.to_write"),
                " ".join([*filter(None, command), "--out notices"]),
            )
        ]
        if command
        else [],
    )
