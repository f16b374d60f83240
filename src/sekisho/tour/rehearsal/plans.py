"""Plans in the tour: made from a fresh snapshot, shown, applied, and rolled back at the end."""

import json
from dataclasses import replace

from sekisho.account import collect
from sekisho.errors import PlanRefused
from sekisho.messages import Message, joined_messages, verbatim
from sekisho.rollout import (
    Goal,
    Journal,
    Plan,
    PlanCaller,
    acceptance_key,
    check_name,
    execute,
    facts_at_addresses,
    plan,
    proof_text,
    roll_back,
)
from sekisho.tour.rehearsal.recording import IN_ORDER, StepRecorder
from sekisho.tour.rehearsal.rehearsal import AppliedPlan, TourRehearsal
from sekisho.tour.rehearsal.steps import Cell

_SHOWN = ("everyone-gets-in", "keys-in-use")
"""The problems of some of the tour's plans, and what the tour shows of each."""

_TO = " → "
_WHY = "the tour shows what happens then"
_CHANGES = Message("Changes")
_COLUMNS = (Message("operation"), Message("what", "column"))
_ALREADY = Message("already so")
_SAFE = Message("the plan is safe to apply")
_ACCEPTABLE = Message("the plan can be applied: its problems were accepted")
_WARNING = Message("Warning: {text} ({about})")
_PASSED = Message("Checks passed (`sekisho explain ID` explains each): {ids}")
_ACCEPTED = Message("Failed, but applied here to show what happens ({about}): {text}")
_DONE = Message("changes made")
_UNDONE = Message("plan {digest}: looked at everything")
_SAME = Message("plan {digest}: facts that are as before")
_STAYS = verbatim("{what}: {reason}")


def make_plan(rehearsal: TourRehearsal, step: StepRecorder, goal: Goal) -> Plan:
    """Read the account and plan `goal` for the administrator's session."""
    api = step.api_of(rehearsal.administrator)
    snapshot = collect(api, now=rehearsal.now(), pace=IN_ORDER)
    caller = PlanCaller(str(api.call("sts", "GetCallerIdentity")["Arn"]), mfa=True)
    made = plan(goal, snapshot, caller, usage=rehearsal.usage)
    shown = {
        acceptance_key(identity, user): _WHY
        for identity, users in made.problems.items()
        if identity in _SHOWN
        for user in users
    }
    made = replace(made, accepted=shown)
    if not made.applicable:
        raise PlanRefused(verbatim(" ".join(made.problem_ids)), at=step.id)
    return made


def show_plan(step: StepRecorder, made: Plan, *, proofs: bool = False) -> None:
    """Show changes, warnings and, if asked for, passed checks, before anything is changed."""
    step.check(_ACCEPTABLE if made.accepted else _SAFE, True, made.applicable)
    changes: dict[tuple[str, str], list[str]] = {}
    for change in made.changes:
        first, _, rest = _short(change.address).partition(_TO)
        changes.setdefault((type(change).__name__, first), []).extend([rest] if rest else [])
    rows: list[tuple[Cell, ...]] = [
        (operation, _TO.join(filter(None, (first, ", ".join(others)))))
        for (operation, first), others in changes.items()
    ]
    if made.unchanged_addresses:
        rows.append((_ALREADY, ", ".join(map(_short, made.unchanged_addresses))))
    step.table(_CHANGES, _COLUMNS, rows)
    for note in made.warnings:
        about = ", ".join(note.names)
        step.note(_WARNING.filled(text=note.text, about=about))
    if proofs:
        passed = [check_name(proof.id) for proof in made.proofs if proof.holds]
        step.note(_PASSED.filled(ids=joined_messages(passed, en=", ", ja="、")))
    for proof in made.proofs:
        if not proof.holds:
            step.note(_ACCEPTED.filled(text=proof_text(proof), about=", ".join(proof.failed)))
    for note in made.reasons:
        step.note(_ACCEPTED.filled(text=note.text, about=", ".join(note.names)))


def apply_plan(rehearsal: TourRehearsal, step: StepRecorder, made: Plan) -> None:
    """Apply a plan with its journal, and keep both for the end."""
    before = facts_at_addresses(made, rehearsal.administrator.api)
    journal = Journal(rehearsal.journal_folder / f"{made.digest[:12]}.journal")
    report = execute(
        made,
        step.api_of(rehearsal.administrator),
        journal,
        passwords=rehearsal.temporary_password,
        now=rehearsal.now,
    )
    step.check(_DONE, len(made.changes), len(report.done))
    rehearsal.applied_plans.append(AppliedPlan(made, journal, before))


def roll_back_plan(rehearsal: TourRehearsal, step: StepRecorder, applied: AppliedPlan) -> None:
    """Take one plan back."""
    report = roll_back(
        applied.plan, applied.journal, step.api_of(rehearsal.administrator), now=rehearsal.now
    )
    step.check(_UNDONE.filled(digest=applied.plan.digest[:12]), True, report.complete)
    applied.report = report
    kinds = {change.address: type(change).__name__ for change in applied.plan.changes}
    stays: dict[Message, list[str]] = {}
    for left in report.left:
        what = f"{kinds[left.address]} {_short(left.address)}"
        stays.setdefault(left.reason, []).append(what)
    for reason, several in stays.items():
        step.note(_STAYS.filled(reason=reason, what=", ".join(several)))


def compare(rehearsal: TourRehearsal, step: StepRecorder, applied: AppliedPlan) -> None:
    """Compare what a plan touched with what was there before, apart from what people use.

    What an earlier plan had touched already is compared with what was there before that one.
    """
    left = {left.address for left in applied.report.left} if applied.report else set()
    for other in rehearsal.applied_plans[: rehearsal.applied_plans.index(applied)]:
        left |= json.loads(other.before).keys()
    now = facts_at_addresses(applied.plan, step.api_of(rehearsal.administrator))
    what = _SAME.filled(digest=applied.plan.digest[:12])
    before, after = _without(applied.before, left), _without(now, left)
    if json.dumps(before, sort_keys=True) != json.dumps(after, sort_keys=True):
        step.check(what, before, after)
    step.check(what, len(before), len(after))


def _without(facts: str, addresses: set[str]) -> dict[str, object]:
    return {key: value for key, value in json.loads(facts).items() if key not in addresses}


def _short(address: str) -> str:
    """Return an address without its noun, and with names in place of ARNs."""
    noun, *names = address.split(" ")
    return _TO.join(name.rsplit("/", 1)[-1] for name in names) or noun
