"""The short campaign in the tour: somebody can enrol first, and is enforced once they have."""

from collections.abc import Iterator
from datetime import timedelta

from sekisho.account import collect
from sekisho.audit.exceptions import Exceptions
from sekisho.campaign import STAGES_IN_WORDS, Campaign, campaign_of, due_today
from sekisho.documents import yaml_shape
from sekisho.localaws import ADMINISTRATOR
from sekisho.messages import Message
from sekisho.rollout import PlanCaller, goal_of
from sekisho.tour import company
from sekisho.tour.rehearsal.plans import apply_plan
from sekisho.tour.rehearsal.recording import IN_ORDER, StepRecorder
from sekisho.tour.rehearsal.rehearsal import TourRehearsal
from sekisho.tour.rehearsal.steps import IMPLICITLY_DENIED, NO, YES, Cell, TourStep

_GOAL = """\
policy: {{name: {policy}, preset: {preset}, tags: {{Purpose: sekisho tour}}}}
waves:
  - name: last
    enrolFrom: {today}
    enforce: on-enrolment
    from: {last}
    who: [{{user: {user}}}]
breakGlass: [{break_glass}]
"""
_TIME_TO_ENROL = timedelta(days=14)
_CAN_ENROL = Message("can enrol from today")
_ENFORCED = Message("MFA is enforced from today")
_PEOPLE = Message("People of the campaign")
_COLUMNS = (Message("user"), Message("stage"), Message("MFA device"))


def campaign(rehearsal: TourRehearsal) -> Iterator[TourStep]:
    """Give somebody time to enrol, and enforce MFA for them on the day after they have."""
    person = rehearsal.person(company.LAST)
    first_day = rehearsal.now()
    goal = _GOAL.format(
        policy=company.POLICY,
        preset=rehearsal.preset.value,
        today=first_day.date(),
        last=(first_day + _TIME_TO_ENROL).date(),
        user=person.name,
        break_glass=company.BREAK_GLASS,
    )
    with rehearsal.step("4.12.1-enrolment-opens", name=person.name) as step:
        due = _run(rehearsal, step, goal)
        step.check(_CAN_ENROL, (person.name,), due.get("enrol"))
    yield step.done
    with rehearsal.step("4.12.2-enrols", name=person.name) as step:
        session = rehearsal.signed_in(step, person)
        step.call(session, company.PROBES[person.name], UserName=person.name)
        step.call(session, "iam:CreateAccessKey", IMPLICITLY_DENIED, UserName=person.name)
        rehearsal.enrol(step, session, person, f"{person.name}-phone")
        rehearsal.signed_in(step, person)
    yield step.done
    with rehearsal.step("4.12.3-enforced", name=person.name) as step:
        rehearsal.move_clock(step, timedelta(days=1))
        rehearsal.administrator = rehearsal.signed_in(step, rehearsal.person(ADMINISTRATOR))
        due = _run(rehearsal, step, goal)
        step.check(_ENFORCED, (person.name,), due.get("enforce"))
        session = rehearsal.signed_in(step, person)
        step.call(session, company.PROBES[person.name], UserName=person.name)
    yield step.done


def _run(rehearsal: TourRehearsal, step: StepRecorder, text: str) -> dict[str, tuple[str, ...]]:
    """Do what a campaign has to do today, as `sekisho campaign --apply` does, and return it."""
    api = step.api_of(rehearsal.administrator)
    snapshot = collect(api, now=rehearsal.now(), pace=IN_ORDER)
    goal = goal_of(yaml_shape(text, "goal.yaml"), "goal.yaml", snapshot, Exceptions())
    caller = PlanCaller(str(api.call("sts", "GetCallerIdentity")["Arn"]), mfa=True)
    run = campaign_of(goal, snapshot, caller)
    step.table(_PEOPLE, _COLUMNS, _rows(run))
    apply_plan(rehearsal, step, run.today.plan)
    return due_today(run)


def _rows(run: Campaign) -> list[tuple[Cell, ...]]:
    return [
        (each.user, STAGES_IN_WORDS[each.stage], YES if each.enrolled else NO)
        for each in run.people
    ]
