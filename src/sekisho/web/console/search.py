"""The search box at the top: it finds services, their pages and policies by name."""

from collections.abc import Callable

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from sekisho.errors import AwsRefused
from sekisho.messages import Language, Message, verbatim
from sekisho.web.console.managed_policies import fold_text, managed_policies, matching
from sekisho.web.console.session import signed_in, try_reading
from sekisho.web.site import term, text

SCREEN = Blueprint("search", __name__)

_SHOWN = 10
_SERVICES: tuple[tuple[str, Callable[[], Message]], ...] = (
    ("/iam", lambda: text("search.iam")),
    ("/s3/buckets", lambda: text("search.s3")),
)
_PAGES: tuple[tuple[str, Callable[[], Message]], ...] = (
    ("/iam", lambda: text("frame.dashboard")),
    ("/iam/groups", lambda: term("user_groups")),
    ("/iam/users", lambda: term("users")),
    ("/iam/policies", lambda: term("policies")),
    ("/iam/policies/create", lambda: term("create_policy")),
    ("/iam/security-credentials", lambda: term("security_credentials")),
    ("/s3/buckets", lambda: verbatim("Amazon S3")),
)
"""What has a page; the pages of IAM are found by the service's name, too."""


@SCREEN.get("/search")
@signed_in
def search() -> ResponseReturnValue:
    """Show what was found."""
    wanted = request.args.get("q", "")
    services = _found(_SERVICES, wanted)
    whole = {path.split("/")[1] for path, _ in services}
    pages = [
        (path, name())
        for path, name in _PAGES
        if path.split("/")[1] in whole or _fits(name(), wanted)
    ]
    read = try_reading(lambda: matching(managed_policies(), wanted)) if fold_text(wanted) else ()
    refused = isinstance(read, AwsRefused)
    return render_template(
        "search.html",
        asked=wanted,
        services=services,
        pages=pages,
        refused=read if refused else None,
        policies=() if isinstance(read, AwsRefused) else read[:_SHOWN],
        more=0 if isinstance(read, AwsRefused) else max(0, len(read) - _SHOWN),
    )


def _found(
    entries: tuple[tuple[str, Callable[[], Message]], ...], wanted: str
) -> list[tuple[str, Message]]:
    return [(path, name()) for path, name in entries if _fits(name(), wanted)]


def _fits(name: Message, wanted: str) -> bool:
    """Tell whether a name contains what was searched for, in either language."""
    asked = fold_text(wanted)
    return bool(asked) and any(asked in fold_text(name.into(each)) for each in Language)
