"""The people's part of `sekisho prove` as text, JSON and SARIF."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from sekisho.cli.prove_people import Told, sections
from sekisho.cli.sarif import Findings
from sekisho.engine import Cause
from sekisho.engine.exchange import cause_to_json
from sekisho.messages import Language, Message, printable
from sekisho.policy.texts import title_of
from sekisho.prover.scenarios import (
    Actor,
    Reachable,
    ScenarioAnswer,
    ScenarioOutcome,
    Step,
    Unexplored,
    Unreachable,
    required_of,
    step_text,
)

__all__ = ["findings_of_people", "people_as_json", "people_as_table"]

_OUTCOMES = {
    ScenarioOutcome.GETS_IN: Message("gets in"),
    ScenarioOutcome.LOCKED_OUT: Message("locked out"),
    ScenarioOutcome.KEPT_OUT: Message("kept out"),
    ScenarioOutcome.UNKNOWN: Message("unknown"),
}
_ENTERS = Message("gets in", "attacker")
_TITLES = {
    Actor.PERSON: Message("Who must get in:"),
    Actor.ATTACKER: Message("Who must be kept out:"),
    None: Message("Whom no policy can stop:"),
}
_STATES = Message("all {count} states were looked at")
_DEADLOCK = Message("all {count} states were looked at; it dead-locks here:")
_BECAUSE = Message("because of {what}")
_NOTHING_ALLOWS = Message("no statement allows it", "sentence")
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
_RESTS = Message("rests on the assumption {names}")


def people_as_table(
    scenarios: tuple[Told, ...], now: datetime, lang: Language, *, assumed: Iterable[Message] = ()
) -> str:
    """Return the scenarios as text: each with its verdict, its steps, and what would change it.

    `now` is when they take place, and `assumed` what is taken for granted about the account.
    """
    lines: list[str] = []
    for kind, those in sections(scenarios):
        if those:
            lines += ["", _TITLES[kind].into(lang)]
            lines += [line for one in those for line in _scenario(one, lang)]
    if scenarios:
        lines += ["", *(text.into(lang) for text in assumed)]
        lines += [_AS_OF.filled(at=now.astimezone(UTC).strftime(_MINUTE)).into(lang)]
    return "\n".join(printable(line) for line in lines)


def _scenario(one: Told, lang: Language) -> Iterator[str]:
    scenario = one.answer.scenario
    verdict = _outcome(one.answer).into(lang)
    yield f"  {scenario.id}: {scenario.title.into(lang)}: {verdict}"
    yield from (f"    {line}" for line in _found(one.answer, lang))
    if one.assumed:
        yield f"    {_RESTS.filled(names=', '.join(one.assumed)).into(lang)}"
    yield from (f"    {line}" for line in _changes(one, lang))


def _outcome(answer: ScenarioAnswer) -> Message:
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


def _steps(answer: ScenarioAnswer) -> tuple[Step, ...]:
    """Return the path that shows an answer: to the goal, or to where a person dead-locks."""
    match answer.result:
        case Reachable(path):
            return path
        case Unreachable(_, _, deadlock) if deadlock and answer.scenario.actor is Actor.PERSON:
            return (*deadlock.way, deadlock.refused)
        case _:
            return ()


def _because(step: Step, lang: Language) -> str:
    outcome = step.outcome
    if outcome.rule is not None:
        return outcome.rule.text.into(lang)
    if not outcome.because:
        return _NOTHING_ALLOWS.into(lang)
    return _BECAUSE.filled(what=_causes(outcome.because, lang)).into(lang)


def _causes(causes: tuple[Cause, ...], lang: Language) -> str:
    return ", ".join(_cause(each).into(lang) for each in causes)


def _cause(cause: Cause) -> Message:
    return _STATEMENT.filled(name=cause.sid or f"{cause.index + 1}", policy=cause.policy)


def _changes(one: Told, lang: Language) -> Iterator[str]:
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


def people_as_json(scenarios: tuple[Told, ...]) -> list[dict[str, object]]:
    """Return the scenarios as JSON values."""
    return [_as_json(one) for one in scenarios]


def _as_json(one: Told) -> dict[str, object]:
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


def _step_as_json(step: Step) -> dict[str, object]:
    move, outcome = step.move, step.outcome
    return {
        "act": move.act.value,
        "by": {"who": move.by.who.value, "holding": move.by.held.value},
        "on": move.on.value,
        "code": move.code,
        "answer": outcome.answer,
        "because": [cause_to_json(cause) for cause in outcome.because],
        "rule": outcome.rule.value if outcome.rule else None,
        "text": step_text(step).en,
    }


def findings_of_people(scenarios: tuple[Told, ...], file: str, lang: Language) -> Findings:
    """Return the scenarios for a SARIF log: a result for each that goes wrong."""
    found = Findings(
        file, {one.answer.scenario.id: one.answer.scenario.title.into(lang) for one in scenarios}
    )
    for one in scenarios:
        sentence = printable("; ".join(line.strip() for line in _scenario(one, lang)))
        if one.answer.outcome is ScenarioOutcome.UNKNOWN:
            found.notices.append(sentence)
        elif one.answer.goes_wrong:
            found.add(one.answer.scenario.id, "error" if one.counts else "note", sentence)
    return found
