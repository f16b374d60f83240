"""The answers of `sekisho prove` about scenarios as text, JSON and SARIF."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from sekisho.cli.exits import Exit
from sekisho.cli.prove_output import RESTS
from sekisho.documents.sarif import FileFindings
from sekisho.engine import Cause
from sekisho.engine.exchange import cause_to_json
from sekisho.messages import Language, Message, printable
from sekisho.policy import KINDS, PolicyKind, title_of
from sekisho.prover.scenarios import ASSUMED as SCENARIOS_ASSUME
from sekisho.prover.scenarios import (
    Actor,
    Reachable,
    ScenarioAnswer,
    ScenarioOutcome,
    ScenarioReport,
    ScenarioStep,
    Unexplored,
    Unreachable,
    required_of,
    step_text,
)

_OUTCOMES = {
    ScenarioOutcome.GETS_IN: Message("gets in"),
    ScenarioOutcome.LOCKED_OUT: Message("locked out"),
    ScenarioOutcome.KEPT_OUT: Message("kept out"),
    ScenarioOutcome.UNKNOWN: Message("unknown"),
}
_ENTERS = Message("gets in", "attacker")
_TITLES = {
    Actor.PERSON: Message("Who must get in:"),
    Actor.ATTACKER: Message("Attackers:"),
    None: Message("Whom no policy can stop:"),
}
_STATES = Message("all {count} states were looked at")
_DEADLOCK = Message("all {count} states were looked at; it dead-locks here:")
_BECAUSE = Message("because of {what}")
_NOTHING_ALLOWS = Message("no statement of the {kind} allows it")
_DENIED_BY = Message("because of {what} in the {kind}")
_STATEMENT = Message("statement {name} of {policy}")
_FIXED = Message("a change to Force_MFA that fixes it: {what}")
_RIGHT = Message("right with Force_MFA: {what}")
_VARIANTS = {"hardened": ("recommended", "--enrolment-needs-session")}
"""What is no preset of its own."""
_NONE_RIGHT = Message("no variant of Force_MFA fixes it")
_IN_THE_WAY = Message("no variant of Force_MFA fixes it: in the way is {what}")
_EVEN_SO = Message("Force_MFA stops these steps, but not this attacker.")
_AND = Message(" and ")
_OR = Message("; or ")
_OTHER = Message("another user: one like {arn}")
_AS_OF = Message("All of this takes place at {at}; later a policy may decide otherwise.")
_MINUTE = "%Y-%m-%d %H:%M UTC"


def exit_of_scenario(report: ScenarioReport) -> Exit:
    """Return the exit code that a scenario calls for."""
    if not report.counts or report.answer.as_required:
        return Exit.CLEAN
    unknown = report.answer.outcome is ScenarioOutcome.UNKNOWN
    return Exit.UNKNOWN if unknown else Exit.FINDINGS


def scenarios_as_table(
    scenarios: tuple[ScenarioReport, ...],
    now: datetime,
    lang: Language,
    *,
    assumed: Iterable[Message] = (),
) -> str:
    """Return the scenarios as text: each with its outcome, its steps, and what would change it.

    `now` is when they take place, and `assumed` what is taken for granted about the account.
    """
    lines: list[str] = []
    for kind, those in _sections(scenarios):
        if those:
            lines += ["", _TITLES[kind].into(lang)]
            lines += [line for one in those for line in _scenario(one, lang)]
    if scenarios:
        lines += ["", *(text.into(lang) for text in (*assumed, *SCENARIOS_ASSUME))]
        lines += [_AS_OF.filled(at=now.astimezone(UTC).strftime(_MINUTE)).into(lang)]
    return "\n".join(printable(line) for line in lines)


def _scenario(one: ScenarioReport, lang: Language) -> Iterator[str]:
    scenario = one.answer.scenario
    outcome = outcome_text(one.answer).into(lang)
    yield f"  {scenario.id}: {scenario.title.into(lang)}: {outcome}"
    yield from (f"    {line}" for line in _found(one.answer, lang))
    if one.assumed:
        yield f"    {RESTS.filled(names=', '.join(one.assumed)).into(lang)}"
    yield from (f"    {line}" for line in changes_of(one, lang))


def outcome_text(answer: ScenarioAnswer) -> Message:
    """Say the outcome of a scenario in a word or two."""
    attacker = answer.scenario.actor is Actor.ATTACKER
    enters = attacker and answer.outcome is ScenarioOutcome.GETS_IN
    return _ENTERS if enters else _OUTCOMES[answer.outcome]


def _found(answer: ScenarioAnswer, lang: Language) -> Iterator[str]:
    match answer.result:
        case Unexplored(reason):
            yield reason.into(lang)
            return
        case Unreachable(states, _, deadlock) if answer.scenario.actor is Actor.PERSON:
            yield (_DEADLOCK if deadlock else _STATES).filled(count=states).into(lang)
        case Unreachable(states):
            yield _STATES.filled(count=states).into(lang)
        case Reachable():
            pass
    yield from (
        f"{place}. {step_text(step).into(lang)}" for place, step in enumerate(_steps(answer), 1)
    )
    if answer.other:
        yield _OTHER.filled(arn=answer.other).into(lang)
    refused = [step for step in _steps(answer) if not step.outcome.carried_out]
    for step in refused:
        yield f"   {_because(step, lang)}"


def _steps(answer: ScenarioAnswer) -> tuple[ScenarioStep, ...]:
    """Return the path that shows an answer: to the goal, or to where a person is stuck."""
    match answer.result:
        case Reachable(path):
            return path
        case Unreachable(_, _, deadlock) if deadlock and answer.scenario.actor is Actor.PERSON:
            return (*deadlock.way, deadlock.refused)
        case _:
            return ()


def where_stuck(answer: ScenarioAnswer, lang: Language) -> Iterator[str]:
    """Yield the step that is refused, with why; of an attacker who gets in the last one."""
    for step in _steps(answer)[-1:]:
        yield step_text(step).into(lang)
        if not step.outcome.carried_out:
            yield _because(step, lang)


def _because(step: ScenarioStep, lang: Language) -> str:
    outcome = step.outcome
    if outcome.rule is not None:
        return outcome.rule.text.into(lang)
    kind = KINDS[outcome.layer or PolicyKind.IDENTITY]
    if not outcome.because:
        return _NOTHING_ALLOWS.filled(kind=kind).into(lang)
    what = _causes(outcome.because, lang)
    if outcome.layer in (None, PolicyKind.IDENTITY):
        return _BECAUSE.filled(what=what).into(lang)
    return _DENIED_BY.filled(what=what, kind=kind).into(lang)


def _causes(causes: tuple[Cause, ...], lang: Language) -> str:
    return ", ".join(_cause(each).into(lang) for each in causes)


def _cause(cause: Cause) -> Message:
    return _STATEMENT.filled(name=cause.sid or f"{cause.index + 1}", policy=cause.policy)


def changes_of(one: ScenarioReport, lang: Language) -> Iterator[str]:
    """Yield what would change a scenario that goes wrong, or why nothing does."""
    if one.apart and one.answer.scenario.beyond is not None:
        yield one.answer.scenario.beyond.into(lang)
        return
    if not one.answer.goes_wrong:
        return
    if one.fixed_by:
        ways = (
            _AND.into(lang).join(f"{title_of(name).into(lang)} ({name})" for name in names)
            for names in one.fixed_by
        )
        yield _FIXED.filled(what=_OR.into(lang).join(ways)).into(lang)
    elif one.right_with:
        yield _RIGHT.filled(what=", ".join(map(_written, one.right_with))).into(lang)
    elif one.in_the_way:
        yield _IN_THE_WAY.filled(what=_causes(one.in_the_way, lang)).into(lang)
    elif one.answer.scenario.beyond is not None:
        yield _EVEN_SO.into(lang)
        yield one.answer.scenario.beyond.into(lang)
    else:
        yield _NONE_RIGHT.into(lang)


def _written(variant: str) -> str:
    """Say a variant as `policy new` takes it."""
    preset, *choices = _VARIANTS.get(variant, (variant,))
    return " ".join([f"--preset {preset}", *choices])


def scenarios_as_json(scenarios: tuple[ScenarioReport, ...]) -> list[dict[str, object]]:
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
        "noPolicyCanStop": scenario.beyond.en if one.apart and scenario.beyond else None,
        "otherUser": one.answer.other or None,
        "steps": [_step_as_json(step) for step in _steps(one.answer)],
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
        "from": outcome.address or None,
        "rule": outcome.rule.value if outcome.rule else None,
        "text": step_text(step).en,
    }


def findings_of_scenarios(
    scenarios: tuple[ScenarioReport, ...], file: str, lang: Language
) -> FileFindings:
    """Return the scenarios for a SARIF log: a result for each that goes wrong."""
    found = FileFindings(
        file, {one.answer.scenario.id: one.answer.scenario.title.into(lang) for one in scenarios}
    )
    for one in scenarios:
        sentence = printable("; ".join(line.strip() for line in _scenario(one, lang)))
        if one.answer.outcome is ScenarioOutcome.UNKNOWN:
            found.notices.append(sentence)
        elif one.answer.goes_wrong:
            found.add(one.answer.scenario.id, "error" if one.counts else "note", sentence)
    return found


def _sections(
    scenarios: tuple[ScenarioReport, ...],
) -> Iterator[tuple[Actor | None, tuple[ScenarioReport, ...]]]:
    """Yield who must get in, who must be kept out, and under None whom no policy can stop."""
    for actor in Actor:
        yield (
            actor,
            tuple(one for one in scenarios if one.answer.scenario.actor is actor and not one.apart),
        )
    yield None, tuple(one for one in scenarios if one.apart)
