"""The material of the workbench: an audited account and a plan for it, read at the start."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flask import Response, current_app, request

from sekisho.account import SnapshotApi
from sekisho.audit import Finding
from sekisho.audit.impact import UserRow
from sekisho.audit.report import AccountReport, to_json
from sekisho.documents import indented_json
from sekisho.documents.report import PagePart, Report, page_parts
from sekisho.errors import AwsRefused
from sekisho.messages import Message
from sekisho.replay.report import ReplayReport, replay_document
from sekisho.replay.report import to_json as replay_to_json
from sekisho.rollout import (
    Plan,
    PlanFile,
    PlanStatus,
    WaveStatus,
    check_account,
    plan_status,
    status_to_json,
    waves_to_json,
)
from sekisho.web.site import text

MOST_NAMES = 200
"""Names in one list of a page; all of them are in the JSON."""


@dataclass(frozen=True)
class PlanInView:
    """A plan, and how it stands in the account as it was read.

    Attributes:
        path: the plan's file, as on a command line.
        standing: None if that could not be told; `unread` says why.
        waves: of a goal that was given beside it, in its order; empty if none was.
        goal: the goal's file; "" if none was given.
    """

    path: str
    plan: Plan
    standing: PlanStatus | None
    unread: AwsRefused | None = None
    waves: tuple[WaveStatus, ...] = ()
    goal: str = ""

    @classmethod
    def of(
        cls,
        path: str,
        file: PlanFile,
        api: SnapshotApi,
        waves: tuple[WaveStatus, ...] = (),
        goal: str = "",
    ) -> "PlanInView":
        """Return a plan as the account stands to it.

        Raises:
            PlanRefused: if it is of another account, or its journal of another plan.
        """
        check_account(file.plan, api)
        try:
            return cls(
                path, file.plan, plan_status(file, api, known=api.snapshot), None, waves, goal
            )
        except AwsRefused as unread:
            return cls(path, file.plan, None, unread, waves, goal)

    @cached_property
    def as_json(self) -> dict[str, object]:
        """The plan, and what `status` prints of it and of its goal; null what there is not."""
        standing, unread = self.standing, self.unread
        return {
            "plan": json.loads(self.plan.to_json()),
            "status": None if standing is None else status_to_json(self.plan, standing),
            "statusUnread": unread and f"{unread.aws_code}: {unread.aws_message}",
            "waves": waves_to_json(self.waves, ()) if self.goal else None,
        }


@dataclass(frozen=True)
class Material:
    """The audit, the plan and the logs that the workbench shows.

    Attributes:
        report: the audit of the account.
        source: the options by which a command reads the same account.
        plan: a plan for it; None if none was given.
        replay: which calls of logs would have been denied; None without logs, and of a usage file.
        next_step: the command to type next; "" if there is none.
        beforehand: what to decide or to do before it; None: nothing.
    """

    report: AccountReport
    source: str
    plan: PlanInView | None = None
    replay: ReplayReport | None = None
    next_step: str = ""
    beforehand: Message | None = None

    @cached_property
    def as_json(self) -> dict[str, Any]:
        """The audit as `sekisho audit --format json` writes it."""
        value: dict[str, Any] = json.loads("".join(to_json(self.report)))
        return value

    @cached_property
    def row_of(self) -> Mapping[str, UserRow]:
        """The users by name."""
        return {row.user.name: row for row in self.report.rows}

    @cached_property
    def json_of(self) -> Mapping[str, Any]:
        """The JSON of each user, by name."""
        return {each["user"]: each for each in self.as_json["users"] or ()}

    @cached_property
    def findings_by_id(self) -> tuple[tuple[Finding, ...], ...]:
        """The findings of one kind together, in order of risk."""
        return self.report.findings_by_id

    @cached_property
    def replay_page(self) -> Report | None:
        """The report on the calls of the logs, as a page has it; None without logs."""
        return None if self.replay is None else replay_document(self.replay)

    @cached_property
    def replay_parts(self) -> tuple[tuple[str, PagePart], ...]:
        """The parts of it that have something to show, each after the name of its kind."""
        return () if self.replay_page is None else page_parts(self.replay_page)

    @cached_property
    def replay_json(self) -> Any:
        """The calls as `sekisho impact --format json` writes them; None without them."""
        return self.replay and json.loads("".join(replay_to_json(self.replay)))

    def prepare(self) -> None:
        """Do once, before anybody looks, what takes long in a large account."""
        _ = (
            self.row_of,
            self.json_of,
            self.findings_by_id,
            self.report.findings_of,
            self.replay_parts,
        )
        _ = self.plan and self.plan.as_json


def material() -> Material:
    """Return what this workbench shows."""
    found: Material = current_app.extensions["material"]
    return found


def wants_json() -> bool:
    """Tell whether a view is asked for as JSON."""
    return request.args.get("format") == "json"


def json_response(value: object) -> Response:
    """Return the answer that is a value as JSON."""
    text = indented_json(value)
    return Response(text, content_type="application/json; charset=utf-8")


_VIEWS = {
    "/": "overview.title",
    "/users": "users.title",
    "/findings": "findings.title",
    "/impact": "impact.title",
    "/plan": "plan.title",
    "/policy": "policy.title",
    "/difference": "difference.title",
    "/scenarios": "scenarios.title",
    "/error": "error.title",
}


def on_every_view() -> dict[str, Any]:
    """Return what every template of the workbench can use."""
    found = material()
    logs = found.report.usage is not None and found.report.snapshot.users_gap is None
    there = {"/plan": found.plan is not None, "/impact": logs}
    shown = {path: key for path, key in _VIEWS.items() if there.get(path, True)}
    return {
        "source": material().source,
        "account": material().report.snapshot.account,
        "views": [(path, text(f"workbench.{key}")) for path, key in shown.items()],
    }
