"""The help rail knows every page of its two paths, and names only words that the console has.

Reads `web.console.rail` itself, because each step is asked for without its page.
"""

import re

import pytest

import web_people as people
from sekisho.messages import Language, table
from sekisho.web.console import console_site
from sekisho.web.console.rail import RailPath, step_at, steps

PLACES = [
    ("administrator", "/signin", False, "sign-in"),
    ("administrator", "/signin/mfa", False, "mfa"),
    ("administrator", "/console", True, "find-iam"),
    ("administrator", "/iam", True, "dashboard"),
    ("administrator", "/iam/policies", True, "policies"),
    ("administrator", "/iam/policies/create", True, "editor"),
    ("administrator", "/iam/policies/create/review", True, "review"),
    ("administrator", "/iam/policiesque", True, None),
    ("administrator", "/iam/console-access", True, None),
    ("administrator", "/iam/users", True, "users"),
    ("administrator", "/iam/users/create/permissions", True, "new-user-permissions"),
    ("administrator", "/iam/console-password", True, "new-user-password"),
    ("administrator", "/iam/groups/create", True, "new-group"),
    ("administrator", "/iam/group", True, "groups"),
    ("administrator", "/s3/buckets", True, None),
    ("employee", "/signin/new-password", False, "new-password"),
    ("employee", "/console", False, "red-boxes"),
    ("employee", "/console", True, "done"),
    ("employee", "/iam/security-credentials", False, "security-credentials"),
    ("employee", "/iam/assign-mfa", False, "choose-device"),
    ("employee", "/iam/assign-mfa/app", False, "set-up-app"),
    ("employee", "/iam/assign-mfa/passkey", False, "set-up-passkey"),
    ("employee", "/signin/mfa", False, "mfa"),
]


@pytest.mark.parametrize(("path", "page", "mfa", "expected"), PLACES)
def test_the_step_of_a_page(path: str, page: str, mfa: bool, expected: str | None) -> None:
    step = step_at(RailPath(path), page, mfa=mfa)
    assert (step and step.id) == expected


@pytest.mark.parametrize("path", RailPath)
def test_every_step_can_be_read_in_both_languages(path: RailPath) -> None:
    for step in steps(path):
        for text in (step.title, step.shows, step.next):
            for language in Language:
                assert text.into(language)
                assert not re.search(r"[{}]", text.into(language))


def test_every_page_of_a_step_is_a_page_of_the_console(console: people.RunningConsole) -> None:
    routes = console_site(console.rehearsal).app.url_map.bind("localhost")
    for path in RailPath:
        for step in steps(path):
            assert all(routes.test(page, "GET") for page in step.pages), step


def test_the_table_has_the_two_paths_and_no_other() -> None:
    assert table("rail").keys() == set(RailPath)
