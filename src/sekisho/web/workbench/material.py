"""The material of the workbench: an audited account and a plan for it, read at the start."""

import json
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flask import Response, current_app, request

from sekisho.account import SnapshotApi
from sekisho.audit import Finding
from sekisho.audit.report import AccountReport, to_json
from sekisho.campaign import Campaign
from sekisho.cli.audit import AccountAudited
from sekisho.documents import indented_json
from sekisho.documents.report import PagePart, Report, page_parts
from sekisho.errors import AwsRefused
from sekisho.messages import IdKind, Message, address_of
from sekisho.replay.report import ReplayReport, replay_document
from sekisho.replay.report import to_json as replay_to_json
from sekisho.rollout import (
    Journal,
    Plan,
    PlanFile,
    PlanStatus,
    WaveStatus,
    check_account,
    plan_status,
    status_to_json,
    waves_to_json,
)
from sekisho.web.site import language, text, unlocked
from sekisho.web.workbench import subprocess_worker
from sekisho.web.workbench.people import PeopleIndex, ShownPerson, people_shown
from sekisho.web.workbench.subprocess_worker import Answer, Answers

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
        journal: what has been done of it; None if that was not read.
    """

    path: str
    plan: Plan
    standing: PlanStatus | None
    unread: AwsRefused | None = None
    waves: tuple[WaveStatus, ...] = ()
    goal: str = ""
    journal: Journal | None = None

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
        standing, why = None, None
        try:
            standing = plan_status(file, api, known=api.snapshot)
        except AwsRefused as unread:
            why = unread
        return cls(path, file.plan, standing, why, waves, goal, file.journal)

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
        campaigns: how the campaigns of goals stand.
        goal_plans: the plans of goals that have no waves.
        files: the name of each file that was read, and its SHA-256.
        audited: what commands about the same account are typed with; None: nothing is known of it.
    """

    report: AccountReport
    source: str
    plan: PlanInView | None = None
    replay: ReplayReport | None = None
    next_step: str = ""
    beforehand: Message | None = None
    campaigns: tuple[Campaign, ...] = ()
    goal_plans: tuple[Plan, ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    audited: AccountAudited | None = None

    @property
    def goals(self) -> tuple[str, ...]:
        """The files of the goals."""
        return self.audited.given.goals if self.audited is not None else ()

    @property
    def plans(self) -> tuple[Plan, ...]:
        """What people are judged by: the plan that was given, or else what goals come to."""
        if self.plan is not None:
            return (self.plan.plan,)
        return (*(each.today.plan for each in self.campaigns), *self.goal_plans)

    @cached_property
    def people(self) -> tuple[ShownPerson, ...]:
        """Everybody, with the one answer of all pages; those to whom the worst happens first."""
        return people_shown(self.report, self.plans, self.campaigns, self.replay)

    @cached_property
    def person_of(self) -> Mapping[str, ShownPerson]:
        """The people by name."""
        return {each.name: each for each in self.people}

    @cached_property
    def index(self) -> PeopleIndex:
        """What people are found by."""
        return PeopleIndex(self.people, self.report.snapshot)

    def plan_of(self, person: ShownPerson) -> Plan | None:
        """Return the plan by which a person is told what happens; None if none is about them."""
        return next((each for each in self.plans if person.planned in each.people), None)

    @property
    def is_told(self) -> bool:
        """Whether it is known who was told: a campaign has run, and keeps a record."""
        return any(each.earlier or (each.told and each.told.last) for each in self.campaigns)

    @cached_property
    def as_json(self) -> dict[str, Any]:
        """The audit as `sekisho audit --format json` writes it."""
        value: dict[str, Any] = json.loads("".join(to_json(self.report)))
        return value

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
            self.person_of,
            self.index,
            self.json_of,
            self.findings_by_id,
            self.report.findings_of,
            self.replay_parts,
        )
        _ = self.plan and self.plan.as_json


def material() -> Material:
    """Return the account, plan and campaigns that this workbench shows."""
    found: Material = current_app.extensions["material"]
    return found


def wants_json() -> bool:
    """Tell whether a view is asked for as JSON."""
    return request.args.get("format") == "json"


def answer_for_page(key: Hashable, function: Callable[..., Answer], *values: object) -> Answer:
    """Return an answer of the worker; a page is sent without it if that takes long.

    Raises:
        StillWorking: if it is not there yet, unless the page was asked to wait.
        NotDecided: if there is none within the worker's time.
    """
    waits = wants_json() or request.args.get("wait") == "1"
    answers: Answers = current_app.extensions.setdefault("answers", Answers())
    with unlocked():
        return answers.find(key, None if waits else subprocess_worker.PATIENCE, function, *values)


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
    "/notices": "notices.title",
    "/sheet": "sheet.title",
    "/policy": "policy.title",
    "/difference": "difference.title",
    "/scenarios": "scenarios.title",
    "/error": "error.title",
}


def on_every_view() -> dict[str, Any]:
    """Return the names that every template of the workbench can use."""
    found = material()
    logs = found.report.usage is not None and found.report.snapshot.users_gap is None
    planned = bool(found.plans)
    there = {"/plan": found.plan is not None, "/notices": planned, "/impact": logs}
    shown = {path: key for path, key in _VIEWS.items() if there.get(path, True)}
    return {
        "source": found.source,
        "next_step": found.next_step,
        "planned": planned,
        "address_of_finding": lambda name: address_of(name, IdKind.FINDING, language()),
        "account": found.report.snapshot.account,
        "views": [(path, text(f"workbench.{key}")) for path, key in shown.items()],
    }
