"""The answers of `sekisho prove` as text, JSON and SARIF."""

from collections.abc import Iterator
from dataclasses import fields

from sekisho.account import Credentials
from sekisho.audit.people import said_of
from sekisho.catalogue import load
from sekisho.cli.prove_answers import Line, Report
from sekisho.cli.sarif import Findings
from sekisho.engine import Assumptions
from sekisho.engine.exchange import decision_to_json
from sekisho.messages import Language, Message, listed, printable
from sekisho.prover import (
    SERVICE_EXEMPT,
    ActionGroup,
    CallerCredential,
    Counterexample,
    Refuted,
    StatedCondition,
    Unknown,
    tells_callers,
)
from sekisho.prover.sentences import ASSUMED, HELD, assumed_user, stated_text, verdict_text

__all__ = [
    "RESTS",
    "as_json",
    "as_table",
    "counterexample_to_json",
    "findings_of",
    "stated_to_json",
    "undeniable",
]


_DIRECT = Message("direct calls")
_SERVICE = Message("calls by AWS services for the user")
_EVERY = Message("all calls")
_CALLS = {"direct": _DIRECT, "service": _SERVICE, "all": _EVERY}
RESTS = Message("rests on the assumption {names}")
_SET = Message("Assumptions set: {settings}.")
_EXEMPT = Message("What works without MFA:")
_NOTHING = Message("nothing")
_MORE = Message("{first} and {count} more")
_UNDENIABLE = Message("No policy can deny {actions}: they are no part of the question.")
_CATALOGUE = Message("Actions: {dated}, and names that do not exist yet.")


def as_table(
    answered: Report, lang: Language, *, named: bool, credentials: Credentials | None = None
) -> str:
    """Return the answers as text.

    Args:
        answered: to be printed.
        lang: the language.
        named: whether the user was given.
        credentials: what the user holds, if that is known.
    """
    lines = [text for line in answered.lines for text in _line(line, credentials, lang)]
    if answered.exempt is not None:
        lines += ["", _EXEMPT.into(lang), *_exempt_lines(answered.exempt, lang)]
    lines += ["", undeniable().into(lang)]
    lines.append(_CATALOGUE.filled(dated=load().dated).into(lang))
    if not named:
        lines.append(assumed_user(answered.whose).into(lang))
        untold = answered.whose.untold
        lines += [tells_callers(untold).into(lang)] if untold else []
    if settings := _settings(answered.asking.assumptions):
        lines.append(_SET.filled(settings=", ".join(settings)).into(lang))
    lines += [text.into(lang) for text in (*ASSUMED, *answered.assumed)]
    return "\n".join(printable(line) for line in lines)


def _line(line: Line, credentials: Credentials | None, lang: Language) -> Iterator[str]:
    verdict, by = line.answer.verdict, _CALLS[line.calls].into(lang)
    yield f"{line.title.into(lang)} ({by}): {verdict_text(verdict).into(lang)}"
    if isinstance(verdict, Refuted):
        yield f"  {said_of(verdict.counterexample, credentials, refused=line.refused).into(lang)}"
    if line.answer.assumed:
        yield f"  {RESTS.filled(names=', '.join(line.answer.assumed)).into(lang)}"


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
_ONLY_WITH = Message("only with: {held}")


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
        if len(each.held) < len(_WITHOUT_MFA):
            held = listed(HELD[one] for one in each.held)
            lines.append(f"    {_ONLY_WITH.filled(held=held).into(lang)}")
    return lines or [f"  {_NOTHING.into(lang)}"]


def counterexample_to_json(counterexample: Counterexample) -> dict[str, object]:
    """Return a counterexample as JSON values.

    `request` is in the form that `decide --batch` reads.
    """
    request = counterexample.request
    return {
        "credential": counterexample.held.value,
        "actionExists": counterexample.exists,
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


def as_json(answered: Report) -> dict[str, object]:
    """Return the answers as JSON values."""
    asking, exempt = answered.asking, answered.exempt
    return {
        "schema": "sekisho.prove/1",
        "user": asking.user.arn,
        "users": [user.arn for user in answered.whose.users],
        "usersToldApartBy": list(answered.whose.untold),
        "catalogue": load().dated,
        "expectedExempt": list(asking.exempt),
        "serviceExempt": list(SERVICE_EXEMPT),
        "assumptionsSet": _settings(asking.assumptions),
        "questions": [_line_as_json(line) for line in answered.lines],
        "exempt": [_exempt_as_json(one) for one in exempt] if isinstance(exempt, tuple) else None,
        "exemptUnknown": exempt.reason.en if isinstance(exempt, Unknown) else None,
        "assumptions": [text.en for text in (*ASSUMED, *answered.assumed)],
    }


def _line_as_json(line: Line) -> dict[str, object]:
    verdict = line.answer.verdict
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
        "assumed": list(line.answer.assumed),
    }


def _exempt_as_json(exempt: ActionGroup) -> dict[str, object]:
    return {
        "actions": list(exempt.actions),
        "resources": list(exempt.resources),
        "conditions": [stated_to_json(one) for one in exempt.conditions],
        "credentials": [held.value for held in exempt.held],
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
    answered: Report, file: str, lang: Language, credentials: Credentials | None = None
) -> Findings:
    """Return the answers for a SARIF log: a result for each refuted question."""
    found = Findings(file, {line.id: line.title.into(lang) for line in answered.lines})
    for line in answered.lines:
        sentence = "; ".join(text.strip() for text in _line(line, credentials, lang))
        if isinstance(line.answer.verdict, Refuted):
            found.add(line.id, "error" if line.counts else "note", sentence)
        elif isinstance(line.answer.verdict, Unknown):
            found.notices.append(sentence)
    return found
