"""Scenarios as pictures of steps: people get in or are locked out, attackers are kept out.

Of a policy that is typed in, or of a user of the account with all that they have.
"""

from collections.abc import Sequence
from http import HTTPStatus

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from sekisho import policy
from sekisho.audit.proofs import subject_of_user
from sekisho.errors import Fault, FaultyPolicy
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.prover.questions import Inquiry, Subject, report_on_policies
from sekisho.prover.scenarios import (
    Actor,
    ScenarioOutcome,
    ScenarioReport,
    Setting,
    Unexplored,
    Unreachable,
    change_lines,
    outcome_text,
    proof_to_json,
    refusal_text,
    report_on_scenarios,
    sections_of,
    step_text,
    steps_of,
)
from sekisho.web.site import language, text
from sekisho.web.workbench.form_text import form_text, keep_form, say_if_gone
from sekisho.web.workbench.material import (
    Material,
    answer_for_page,
    json_response,
    material,
    wants_json,
)
from sekisho.web.workbench.policies import subject_of
from sekisho.web.workbench.subprocess_worker import SECONDS, NotDecided, StillWorking

VIEW = Blueprint("scenarios", __name__)


@dataclass(frozen=True, slots=True)
class ShownStep:
    """A step, and why it is refused; "" if it is carried out."""

    said: Message
    refused: str = ""


@dataclass(frozen=True, slots=True)
class ShownScenario:
    """A scenario with its steps.

    Attributes:
        kind: its class in the style sheet.
        note: what is to be said in place of steps.
        changes: what would change it.
    """

    id: str
    title: Message
    outcome: Message
    kind: str
    steps: tuple[ShownStep, ...]
    note: Message | None
    changes: tuple[str, ...] = ()


def shown_answer(one: ScenarioReport, changes: Sequence[str] = ()) -> ShownScenario:
    """Return an answer as a picture of it has it."""
    spoken, answer = language(), one.answer
    note = None
    match answer.result:
        case Unexplored(reason):
            note = reason
        case Unreachable(states) if not steps_of(answer):
            note = text("workbench.scenarios.states", count=f"{states:,}")
        case _:
            pass
    return ShownScenario(
        answer.scenario.id,
        answer.scenario.title,
        outcome_text(answer),
        _kind(one),
        tuple(
            ShownStep(
                step_text(each), "" if each.outcome.carried_out else refusal_text(each, spoken)
            )
            for each in steps_of(answer)
        ),
        note,
        tuple(changes),
    )


def _kind(one: ScenarioReport) -> str:
    if one.accepted or one.answer.outcome is ScenarioOutcome.UNKNOWN:
        return "open"
    return "good" if one.answer.as_required else "bad"


@dataclass(frozen=True, slots=True)
class Played:
    """All scenarios under somebody's policies.

    Attributes:
        faults: why the text is no policy.
        undecided: whether the time was not enough.
        working: whether the answer is yet to come.
    """

    reports: tuple[ScenarioReport, ...] = ()
    subject: Subject | None = None
    faults: tuple[Fault, ...] = ()
    undecided: bool = False
    working: bool = False


def play(document: str) -> Played:
    """Return the scenarios of a policy."""
    try:
        return play_subject(subject_of(policy.parse(document, source="policy")))
    except FaultyPolicy as error:
        return Played(faults=tuple(error.faults))


def play_subject(subject: Subject) -> Played:
    """Return the scenarios of somebody's policies."""
    try:
        return Played(tuple(report_on_scenarios(subject, Setting(), strict=False)), subject)
    except FaultyPolicy as error:
        return Played(faults=tuple(error.faults))


def _played_in_time(document: str, name: str) -> Played:
    """Return the scenarios of a policy, as `prove FILE` has them, or of a user, as `prove user`."""
    try:
        if not name:
            return answer_for_page((play, document), play, document)
        whose: Material = material()
        subject, _ = subject_of_user(
            whose.report.snapshot, name, whose.source, users_may_change=False
        )
        return answer_for_page((play_subject, name), play_subject, subject)
    except NotDecided:
        return Played(undecided=True)
    except StillWorking:
        return Played(working=True)


@VIEW.route("/scenarios", methods=["GET", "POST"])
def scenarios() -> ResponseReturnValue:
    """Show the scenarios of a policy, or of a user of the account."""
    if request.method == "POST":
        return keep_form()
    document, name, status = form_text("document"), request.args.get("user", ""), say_if_gone()
    if name and name not in material().person_of:
        abort(HTTPStatus.NOT_FOUND)
    found = _played_in_time(document, name) if name or document.strip() else Played()
    if wants_json():
        return json_response(_as_json(found))
    spoken = language()
    sections = [
        (
            _heading(actor),
            [shown_answer(each, [*change_lines(each, spoken)]) for each in those],
        )
        for actor, those in sections_of(found.reports)
        if those
    ]
    page = render_template(
        "scenarios.html",
        view="/scenarios",
        document=document,
        user=name,
        found=found,
        sections=sections,
        seconds=SECONDS,
    )
    return page, HTTPStatus.UNPROCESSABLE_ENTITY if found.faults else status


def _as_json(found: Played) -> object:
    """Return the output of `prove user NAME --only people`; null if no user was named."""
    if found.subject is None:
        return None
    nothing = report_on_policies(found.subject, Inquiry(groups=frozenset()))
    return proof_to_json(nothing, found.reports, found.subject)


def _heading(actor: Actor | None) -> Message:
    key = "apart" if actor is None else actor.value
    return text(f"workbench.scenarios.{key}")
