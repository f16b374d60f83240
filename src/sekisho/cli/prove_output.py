"""The answers of `sekisho prove` as text, JSON and SARIF: about policies, then scenarios."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from datetime import UTC, datetime

from sekisho.catalogue import load
from sekisho.cli.exits import Exit
from sekisho.cli.prove_trust import ways_as_json, ways_lines
from sekisho.documents.sarif import FileFindings
from sekisho.engine import Assumptions, Cause
from sekisho.engine.exchange import cause_to_json, decision_to_json
from sekisho.messages import Language, Message, listed, printable
from sekisho.policy import KINDS, PolicyKind, title_of
from sekisho.prover import (
    ASSUMED,
    CREDENTIALS,
    SERVICE_EXEMPT,
    ActionGroup,
    CallerCredential,
    Counterexample,
    Proved,
    Refuted,
    StatedCondition,
    Unknown,
    Verdict,
    assumed_user,
    call_text,
    granting_texts,
    own_policy_unasked,
    stated_text,
    tells_callers,
    verdict_text,
)
from sekisho.prover.questions import PolicyReport, QuestionAnswer
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

Describe = Callable[[Counterexample, bool], Message]
"""Says a counterexample in words; the second: whether it shows what is refused."""
UNREAD = Message(
    "The service control policies are not known ({reason}): what they deny seems allowed here."
)
"""What must be said of an account whose organisation was not read."""
_DIRECT = Message("direct calls")
_SERVICE = Message("calls by AWS services for the user")
_EVERY = Message("all calls")
_CALLS = {"direct": _DIRECT, "service": _SERVICE, "all": _EVERY}
RESTS = Message("rests on the assumption {names}")
_SET = Message("Assumptions set: {settings}.")
_EXEMPT = Message("What works without MFA:")
_REACHED = Message("What a session of the role is allowed:")
_NOTHING = Message("nothing")
_MORE = Message("{first} and {count} more")
_UNDENIABLE = Message("No policy can deny {actions}: they are no part of the question.")
_CATALOGUE = Message("Actions: {dated}, and names that do not exist yet.")


def exit_of(verdict: Verdict) -> Exit:
    """Return the exit code that a verdict calls for."""
    match verdict:
        case Proved():
            return Exit.CLEAN
        case Refuted():
            return Exit.FINDINGS
        case Unknown():
            return Exit.UNKNOWN


def as_table(report: PolicyReport, lang: Language, describe: Describe, *, named: bool) -> str:
    """Return the answers as text.

    Args:
        report: to be printed.
        lang: the language.
        describe: says a counterexample in words.
        named: whether the user was given.
    """
    lines = [text for line in report.answers for text in _line(line, describe, lang)]
    if report.exempt is not None:
        heading = _REACHED if report.user.is_role else _EXEMPT
        lines += ["", heading.into(lang), *_exempt_lines(report.exempt, lang)]
    if report.trust is not None:
        lines += ["", *ways_lines(report.trust, lang)]
    lines += ["", undeniable().into(lang)]
    lines.append(_CATALOGUE.filled(dated=load().dated).into(lang))
    if not named:
        lines.append(assumed_user(report.callers).into(lang))
        untold = report.callers.untold
        lines += [tells_callers(untold).into(lang)] if untold else []
    if settings := _settings(report.inquiry.assumptions):
        lines.append(_SET.filled(settings=", ".join(settings)).into(lang))
    lines += [text.into(lang) for text in (*ASSUMED, *report.assumed)]
    return "\n".join(printable(line) for line in lines)


def _line(line: QuestionAnswer, describe: Describe, lang: Language) -> Iterator[str]:
    verdict, by = line.conclusion.verdict, _CALLS[line.calls].into(lang)
    yield f"{line.title.into(lang)} ({by}): {verdict_text(verdict).into(lang)}"
    if isinstance(verdict, Refuted):
        found = verdict.counterexample
        said = call_text(found) if line.of_callers else describe(found, line.refused)
        yield f"  {said.into(lang)}"
        granting = granting_texts(verdict.counterexample) if line.grants else ()
        yield from (f"  {text.into(lang)}" for text in granting)
    if line.conclusion.assumed:
        yield f"  {RESTS.filled(names=', '.join(line.conclusion.assumed)).into(lang)}"


def _settings(assumptions: Assumptions) -> list[str]:
    """Return the assumptions that are not at their default, as `--assume` takes them."""
    default = Assumptions()
    return [
        f"{name}={str(value).lower()}"
        for name in (field.name for field in fields(Assumptions))
        if (value := getattr(assumptions, name)) != getattr(default, name)
    ]


def undeniable() -> Message:
    """Say what is no part of any question, since no policy decides it."""
    return _UNDENIABLE.filled(actions=", ".join(SERVICE_EXEMPT))


_SHOWN = 5
_WITHOUT_MFA = (CallerCredential.KEY, CallerCredential.SESSION)
_ONLY_WITH = Message("only with: {credentials}")


def _exempt_lines(exempt: tuple[ActionGroup, ...] | Unknown, lang: Language) -> list[str]:
    if isinstance(exempt, Unknown):
        return [f"  {verdict_text(exempt).into(lang)}"]
    lines = []
    for each in exempt:
        actions = ", ".join(each.actions[:_SHOWN])
        if len(each.actions) > _SHOWN:
            more = _MORE.filled(first=actions, count=len(each.actions) - _SHOWN)
            actions = more.into(lang)
        conditions = (stated_text(one).into(lang) for one in each.conditions)
        lines.append(f"  {actions} ({'; '.join((', '.join(each.resources), *conditions))})")
        if len(each.credentials) < len(_WITHOUT_MFA):
            credentials = listed(CREDENTIALS[one] for one in each.credentials)
            lines.append(f"    {_ONLY_WITH.filled(credentials=credentials).into(lang)}")
    return lines or [f"  {_NOTHING.into(lang)}"]


def counterexample_to_json(counterexample: Counterexample) -> dict[str, object]:
    """Return a counterexample as JSON values.

    `request` is in the form that `decide --batch` reads.
    """
    request = counterexample.request
    own_policy = own_policy_unasked(counterexample)
    return {
        "credential": counterexample.credential.value,
        "actionExists": counterexample.exists,
        **({} if own_policy is None else {"notGiven": own_policy.value}),
        "request": {
            "principal": request.principal,
            "action": request.action,
            "resource": request.resource,
            **({"resourceAccount": owner} if (owner := request.resource_account) else {}),
            "context": {
                key: value if isinstance(value, str) else list(value)
                for key, value in request.context.items()
            },
        },
        "decisions": {
            name: decision_to_json(decision) for name, decision in counterexample.decisions.items()
        },
    }


def as_json(report: PolicyReport) -> dict[str, object]:
    """Return the answers as JSON values."""
    inquiry, exempt = report.inquiry, report.exempt
    return {
        "schema": "sekisho.prove/1",
        "user": report.user.arn,
        "users": [user.arn for user in report.callers.users],
        "usersToldApartBy": list(report.callers.untold),
        "catalogue": load().dated,
        "expectedExempt": list(inquiry.exempt),
        "serviceExempt": list(SERVICE_EXEMPT),
        "assumptionsSet": _settings(inquiry.assumptions),
        "questions": [_line_as_json(line) for line in report.answers],
        "exempt": [_exempt_as_json(one) for one in exempt] if isinstance(exempt, tuple) else None,
        **({} if report.trust is None else {"trust": ways_as_json(report.trust)}),
        "exemptUnknown": exempt.reason.en if isinstance(exempt, Unknown) else None,
        "assumptions": [text.en for text in (*ASSUMED, *report.assumed)],
    }


def _line_as_json(line: QuestionAnswer) -> dict[str, object]:
    verdict = line.conclusion.verdict
    return {
        "id": line.id,
        "text": line.title.en,
        "calls": line.calls,
        "hypothetical": line.hypothetical,
        "counts": line.counts,
        "verdict": type(verdict).__name__,
        "counterexample": counterexample_to_json(verdict.counterexample)
        if isinstance(verdict, Refuted)
        else None,
        "reason": verdict.reason.en if isinstance(verdict, Unknown) else None,
        "assumed": list(line.conclusion.assumed),
    }


def _exempt_as_json(exempt: ActionGroup) -> dict[str, object]:
    return {
        "actions": list(exempt.actions),
        "resources": list(exempt.resources),
        "conditions": [stated_to_json(one) for one in exempt.conditions],
        "credentials": [one.value for one in exempt.credentials],
    }


def stated_to_json(stated: StatedCondition) -> dict[str, object]:
    """Return one condition of an item as JSON values."""
    return {
        "subject": stated.subject,
        "operator": stated.operator or None,
        "values": list(stated.values),
        "holds": stated.holds,
    }


def findings_of(
    report: PolicyReport, file: str, lang: Language, describe: Describe
) -> FileFindings:
    """Return the answers for a SARIF log: a result for each refuted question."""
    found = FileFindings(file, {line.id: line.title.into(lang) for line in report.answers})
    for line in report.answers:
        sentence = "; ".join(text.strip() for text in _line(line, describe, lang))
        if isinstance(line.conclusion.verdict, Refuted):
            found.add(line.id, "error" if line.counts else "note", sentence)
        elif isinstance(line.conclusion.verdict, Unknown):
            found.notices.append(sentence)
    return found


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
    outcome = _outcome(one.answer).into(lang)
    yield f"  {scenario.id}: {scenario.title.into(lang)}: {outcome}"
    yield from (f"    {line}" for line in _found(one.answer, lang))
    if one.assumed:
        yield f"    {RESTS.filled(names=', '.join(one.assumed)).into(lang)}"
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


def _steps(answer: ScenarioAnswer) -> tuple[ScenarioStep, ...]:
    """Return the path that shows an answer: to the goal, or to where a person is stuck."""
    match answer.result:
        case Reachable(path):
            return path
        case Unreachable(_, _, deadlock) if deadlock and answer.scenario.actor is Actor.PERSON:
            return (*deadlock.way, deadlock.refused)
        case _:
            return ()


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


def _changes(one: ScenarioReport, lang: Language) -> Iterator[str]:
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
