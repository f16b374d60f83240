"""The notices of a plan: who is to be told what, wave by wave, as `sekisho notify` writes it."""

import shlex
from collections.abc import Iterator
from http import HTTPStatus
from math import ceil

from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue

from sekisho.cli.group import words_of
from sekisho.cli.policy_files import unused_name
from sekisho.messages import Message
from sekisho.notices import WorkList
from sekisho.web.site import text
from sekisho.web.workbench.material import json_response, material, wants_json
from sekisho.web.workbench.people_pages import notice_to, page_number

VIEW = Blueprint("notices", __name__)

_PAGE = 50
"""People of each wave on one page."""


@VIEW.get("/notices")
def notices() -> ResponseReturnValue:
    """Show what each person of the plan, or of the goals' plans, is to read, a page at a time."""
    if not material().plans:
        abort(HTTPStatus.NOT_FOUND)
    heard = tuple(each.heard for each in material().people if each.heard is not None)
    waves = [*WorkList(material().report.snapshot.account, heard).waves()]
    pages = max((ceil(len(members) / _PAGE) for _, members in waves), default=1)
    page = min(page_number(), pages)
    first = (page - 1) * _PAGE
    shown = [
        (title, len(members), members[first : first + _PAGE])
        for title, members in waves
        if len(members) > first
    ]
    names = [person.user for _, _, members in shown for person in members]
    texts = {name: notice_to(material().person_of[name]) for name in names}
    if wants_json():
        kept = {
            name: each and {"subject": each[0], "text": each[1]} for name, each in texts.items()
        }
        return json_response({"notices": kept, "page": page, "pages": pages})
    return render_template(
        "notices.html",
        view="/notices",
        waves=shown,
        texts=texts,
        person_of=material().person_of,
        page=page,
        pages=pages,
        first=first + 1,
        commands=[*_commands()],
    )


def _commands() -> Iterator[tuple[Message, str]]:
    """Yield the commands that write the notices of all users into files, each into its folder."""
    viewed, after, goals = material().plan, material().audited, material().goals
    logs = () if after is None else words_of("--logs", *after.given.logs)
    excepted = () if after is None or viewed else words_of("--exceptions", after.given.exceptions)
    for number, file in enumerate([viewed.path] if viewed else goals, start=1):
        folder = unused_name("notices" if viewed or len(goals) == 1 else f"notices-of-{number}")
        written = [*logs, material().source, f"--out {folder}"]
        words = ["sekisho notify", shlex.quote(file), *excepted, *written]
        yield text("workbench.notices.to_write"), " ".join(filter(None, words))
