"""The answers of `sekisho prove` as text, JSON and SARIF: about policies, then scenarios."""

from collections.abc import Callable, Iterator
from dataclasses import fields

from sekisho.catalogue import load
from sekisho.cli.exits import Exit
from sekisho.cli.prove_trust import ways_as_json
from sekisho.documents.sarif import FileFindings
from sekisho.engine import Assumptions
from sekisho.engine.exchange import decision_to_json
from sekisho.messages import Language, Message, listed, printable
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
_SUBJECTS = {
    "enforcement": Message("MFA for {calls}"),
    "enforcement-later": Message("MFA for {calls}, whatever is attached later"),
}
"""What the words enforced and not enforced are said of, by the question."""
_ENFORCED = Message("enforced", "verdict")
_NOT_ENFORCED = Message("not enforced")
_HOLDS = Message("holds")
_FAILS = Message("does not hold")
_WOULD_HOLD = Message("would hold")
_WOULD_FAIL = Message("would not hold")
_UNKNOWN = Message("unknown")
_QUESTION = Message("{title} ({calls})")
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
    lines += ["", undeniable().into(lang)]
    lines.append(_CATALOGUE.filled(dated=load().dated).into(lang))
    if not named:
        lines.append(assumed_user(report.callers).into(lang))
        untold = report.callers.untold
        lines += [tells_callers(untold).into(lang)] if untold else []
    if settings := settings_text(report):
        lines.append(settings.into(lang))
    lines += [text.into(lang) for text in (*ASSUMED, *report.assumed)]
    return "\n".join(printable(line) for line in lines)


def answer_title(line: QuestionAnswer) -> Message:
    """Say what `answer_word` is said of."""
    if line.id in _SUBJECTS:
        return _SUBJECTS[line.id].filled(calls=_CALLS[line.calls])
    return _QUESTION.filled(title=line.title, calls=_CALLS[line.calls])


def answer_word(line: QuestionAnswer) -> Message:
    """Say an answer in a word; of what AWS is not known to do, what would be."""
    words = (_HOLDS, _FAILS)
    if line.id in _SUBJECTS:
        words = (_ENFORCED, _NOT_ENFORCED)
    elif line.hypothetical and not line.counts:
        words = (_WOULD_HOLD, _WOULD_FAIL)
    match line.conclusion.verdict:
        case Proved():
            return words[0]
        case Refuted():
            return words[1]
        case Unknown():
            return _UNKNOWN


def _line(line: QuestionAnswer, describe: Describe, lang: Language) -> Iterator[str]:
    yield f"{answer_title(line).into(lang)}: {answer_word(line).into(lang)}"
    yield from (f"  {text}" for text in answer_details(line, describe, lang))


def answer_details(line: QuestionAnswer, describe: Describe, lang: Language) -> Iterator[str]:
    """Yield the request that shows an answer, or why there is none, and what it rests on."""
    verdict = line.conclusion.verdict
    if isinstance(verdict, Unknown):
        yield verdict.reason.into(lang)
    if isinstance(verdict, Refuted):
        found = verdict.counterexample
        said = call_text(found) if line.of_callers else describe(found, line.refused)
        yield said.into(lang)
        granting = granting_texts(verdict.counterexample) if line.grants else ()
        yield from (text.into(lang) for text in granting)
    if line.conclusion.assumed:
        yield RESTS.filled(names=", ".join(line.conclusion.assumed)).into(lang)


def settings_text(report: PolicyReport) -> Message | None:
    """Say which assumptions were set; None if none was."""
    settings = _settings(report.inquiry.assumptions)
    return _SET.filled(settings=", ".join(settings)) if settings else None


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
