"""What the workbench shows: an audited account, read once when it starts."""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flask import Response, current_app, request

from sekisho.audit.report import AccountReport, to_json
from sekisho.web.site import text


@dataclass(frozen=True)
class Material:
    """What there is to look at.

    Attributes:
        report: the audit of the account.
        source: the files or the profile that it was read from, as on a command line.
    """

    report: AccountReport
    source: str

    @cached_property
    def as_json(self) -> dict[str, Any]:
        """The audit as `sekisho audit --format json` writes it."""
        value: dict[str, Any] = json.loads("".join(to_json(self.report)))
        return value


def material() -> Material:
    """Return what this workbench shows."""
    found: Material = current_app.extensions["material"]
    return found


def wants_json() -> bool:
    """Tell whether a view is asked for as JSON."""
    return request.args.get("format") == "json"


def as_json(value: object) -> Response:
    """Return a view as JSON."""
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    return Response(text, content_type="application/json; charset=utf-8")


def on_every_view() -> dict[str, Any]:
    """Return what every template of the workbench can use."""
    views = {"/": "overview.title", "/users": "users.title", "/findings": "findings.title"}
    return {
        "source": material().source,
        "account": material().report.snapshot.account,
        "views": [(path, text(f"workbench.{key}")) for path, key in views.items()],
    }
