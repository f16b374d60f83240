"""Where on the project's site an id that sekisho prints is explained, if there is a site."""

import re
from enum import StrEnum
from functools import cache


class IdKind(StrEnum):
    """What an id names; the value is the page of the reference that has it."""

    FINDING = "findings"
    ERROR = "errors"
    PROBLEM = "plan-problems"
    WARNING = "plan-warnings"
    ASSUMPTION = "assumptions"
    QUESTION = "questions"
    AWS_ERROR = "aws-errors"
    SCENARIO = "scenarios"
    """All of them are in one table, on a page that says more than what each is."""


def address_of(name: str, kind: IdKind, language: str) -> str:
    """Return the address of an id's place on the project's site; "" if no site is known."""
    site = f"{project_site()}/{'ja/' if language == 'ja' else ''}"
    if not project_site():
        return ""
    if kind is IdKind.SCENARIO:
        return f"{site}{kind.value}.html"
    return f"{site}reference/{kind.value}.html#{re.sub(r'[^a-z0-9]+', '-', name)}"


@cache
def project_site() -> str:
    """Return the address of the documentation, as whoever published sekisho gave it; or ""."""
    from importlib.metadata import PackageNotFoundError, metadata  # noqa: PLC0415 - slow to load

    try:
        urls = metadata("sekisho").get_all("Project-URL") or []
    except PackageNotFoundError:
        return ""
    sites = (url.partition(", ") for url in urls)
    found = (url.rstrip("/") for label, _, url in sites if label.lower() == "documentation")
    return next(found, "")
