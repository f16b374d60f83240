"""Scenarios, and a whole proof with them, as JSON values with English keys."""

from sekisho.engine.exchange import cause_to_json
from sekisho.prover.questions.forms import report_to_json
from sekisho.prover.questions.report import PolicyReport, Subject
from sekisho.prover.scenarios.answers import required_of
from sekisho.prover.scenarios.report import ASSUMED, ScenarioReport, step_text
from sekisho.prover.scenarios.search import ScenarioStep, Unexplored, Unreachable
from sekisho.prover.scenarios.wording import steps_of


def proof_to_json(
    report: PolicyReport, scenarios: tuple[ScenarioReport, ...], subject: Subject
) -> dict[str, object]:
    """Return all that `prove` says of one subject as JSON values."""
    return {
        **report_to_json(report),
        "asOf": subject.now.isoformat(timespec="seconds"),
        "serviceControlPoliciesUnknown": subject.unread.en if subject.unread else None,
        "people": scenarios_to_json(scenarios),
        "peopleAssume": [text.en for text in ASSUMED] if scenarios else [],
    }


def scenarios_to_json(scenarios: tuple[ScenarioReport, ...]) -> list[dict[str, object]]:
    """Return the scenarios as JSON values."""
    return [_scenario_as_json(one) for one in scenarios]


def _scenario_as_json(one: ScenarioReport) -> dict[str, object]:
    scenario, result = one.answer.scenario, one.answer.result
    return {
        "id": scenario.id,
        "must": required_of(scenario.actor).value,
        "text": scenario.title.en,
        "outcome": one.answer.outcome.value,
        "counts": one.counts,
        "acceptedFor": one.trade_off.other(scenario.id) if one.trade_off and one.accepted else None,
        "notAccepted": one.not_accepted.en if one.not_accepted else None,
        "noPolicyCanStop": scenario.beyond.en if one.apart and scenario.beyond else None,
        "otherUser": one.answer.other or None,
        "steps": [_step_as_json(step) for step in steps_of(one.answer)],
        "states": result.states if isinstance(result, Unreachable) else None,
        "reason": result.reason.en if isinstance(result, Unexplored) else None,
        "fixedBy": [list(names) for names in one.fixed_by],
        "rightWith": list(one.right_with),
        "inTheWay": [cause_to_json(cause) for cause in one.in_the_way],
        "assumed": list(one.assumed),
    }


def _step_as_json(step: ScenarioStep) -> dict[str, object]:
    move, outcome = step.move, step.outcome
    return {
        "act": move.act.value,
        "by": {"who": move.by.who.value, "holding": move.by.access.value},
        "on": move.on.value,
        "code": move.code,
        "answer": outcome.answer,
        "because": [cause_to_json(cause) for cause in outcome.because],
        "refusedBy": outcome.layer.value if outcome.layer else None,
        "pageReads": outcome.read or None,
        "from": outcome.address or None,
        "rule": outcome.rule.value if outcome.rule else None,
        "text": step_text(step).en,
    }
