"""The answers of `sekisho prove` as text, JSON and SARIF."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from sekisho.engine.exchange import decision_to_json
from sekisho.language import Language, Text
from sekisho.prover import SERVICE_EXEMPT, Exempt, Gate, Refuted, Unknown, User, Verdict, Witness
from sekisho.prover.wording import ASSUMED, assumed_user, verdict_text, witness_text

__all__ = ["Answered", "as_json", "as_sarif", "as_table", "safe", "witness_to_json"]

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


@dataclass(frozen=True, slots=True)
class Answered:
    """What was asked, and the answers.

    Attributes:
        user: whose requests.
        named: whether the user was given.
        dated: the catalogue and its date.
        expected: what may work without MFA.
        now, later: whether the gate is shut, as the policies stand and whatever is attached later.
        exempt: what works without MFA.
    """

    user: User
    named: bool
    dated: str
    expected: tuple[str, ...]
    now: Gate
    later: Gate
    exempt: tuple[Exempt, ...] | Unknown


_NOW = Text("The gate is shut", "MFA なしでは通れない")
_LATER = Text(
    "The gate is shut whatever is attached later",
    "今後どのポリシーが追加されても MFA なしでは通れない",
)
_DIRECT = Text("direct calls", "直接の呼び出し")
_SERVICE = Text(
    "calls by AWS services for the user", "AWS サービスがユーザーに代わって行う呼び出し"
)
_EXEMPT = Text("What works without MFA:", "MFA なしで使えるもの:")
_NOTHING = Text("nothing", "なし")
_MORE = Text("{first} and {count} more", "{first} ほか {count} 件")
_SERVICE_EXEMPT = Text(
    "No policy can deny {actions}: they are no part of the question.",
    "{actions} はどのポリシーでも拒否できないため、対象外です。",
)
_CATALOGUE = Text(
    "Actions: {dated}, and names that do not exist yet.",
    "アクション: {dated} および今後追加される名前。",
)


def _questions(answered: Answered) -> Iterator[tuple[str, Text, str, Verdict]]:
    """Yield id, sentence, kind of call and verdict of each question."""
    for name, text, gate in (
        ("gate-shut", _NOW, answered.now),
        ("gate-shut-later", _LATER, answered.later),
    ):
        yield name, text, "direct", gate.direct
        if gate.via_service is not None:
            yield name, text, "via-service", gate.via_service


def as_table(answered: Answered, lang: Language) -> str:
    """Return the answers as text."""
    lines: list[str] = []
    for _, text, calls, verdict in _questions(answered):
        by = (_DIRECT if calls == "direct" else _SERVICE).into(lang)
        lines.append(f"{text.into(lang)} ({by}): {verdict_text(verdict).into(lang)}")
        if isinstance(verdict, Refuted):
            lines.append(f"  {witness_text(verdict.witness).into(lang)}")
    lines += ["", _EXEMPT.into(lang), *_exempt_lines(answered.exempt, lang), ""]
    lines.append(_SERVICE_EXEMPT.filled(actions=", ".join(SERVICE_EXEMPT)).into(lang))
    lines.append(_CATALOGUE.filled(dated=answered.dated).into(lang))
    if not answered.named:
        lines.append(assumed_user(answered.user).into(lang))
    lines += [text.into(lang) for text in ASSUMED]
    return "\n".join(safe(line) for line in lines)


_SHOWN = 5


def _exempt_lines(exempt: tuple[Exempt, ...] | Unknown, lang: Language) -> list[str]:
    if isinstance(exempt, Unknown):
        return [f"  {verdict_text(exempt).into(lang)}"]
    lines = []
    for each in exempt:
        actions = ", ".join(each.actions[:_SHOWN])
        if len(each.actions) > _SHOWN:
            more = _MORE.filled(first=actions, count=len(each.actions) - _SHOWN)
            actions = more.into(lang)
        lines.append(f"  {actions} ({', '.join(each.resources)})")
    return lines or [f"  {_NOTHING.into(lang)}"]


def safe(line: str) -> str:
    """Return a line with nothing in it that a terminal would obey."""
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in line)


def witness_to_json(witness: Witness) -> dict[str, object]:
    """Return a witness as JSON values; `request` is in the form that `decide --batch` reads."""
    request = witness.request
    return {
        "credential": witness.held.value,
        "actionExists": witness.exists,
        "request": {
            "principal": request.principal,
            "action": request.action,
            "resource": request.resource,
            "context": {
                key: value if isinstance(value, str) else list(value)
                for key, value in request.context.items()
            },
        },
        "decisions": {
            name: decision_to_json(decision) for name, decision in witness.decisions.items()
        },
    }


def as_json(answered: Answered) -> dict[str, object]:
    """Return the answers as JSON values."""
    exempt = answered.exempt
    return {
        "schema": "sekisho.prove/1",
        "user": answered.user.arn,
        "catalogue": answered.dated,
        "expectedExempt": list(answered.expected),
        "serviceExempt": list(SERVICE_EXEMPT),
        "questions": [
            {"id": name, "calls": calls, **_verdict_as_json(verdict)}
            for name, _, calls, verdict in _questions(answered)
        ],
        "exempt": None if isinstance(exempt, Unknown) else [_exempt_as_json(one) for one in exempt],
        "exemptUnknown": exempt.reason if isinstance(exempt, Unknown) else None,
        "assumed": [text.en for text in ASSUMED],
    }


def _verdict_as_json(verdict: Verdict) -> dict[str, object]:
    return {
        "verdict": type(verdict).__name__,
        "witness": witness_to_json(verdict.witness) if isinstance(verdict, Refuted) else None,
        "reason": verdict.reason if isinstance(verdict, Unknown) else None,
    }


def _exempt_as_json(exempt: Exempt) -> dict[str, object]:
    return {"actions": list(exempt.actions), "resources": list(exempt.resources)}


def as_sarif(answered: Answered, file: str, version: str, lang: Language) -> dict[str, object]:
    """Return the answers as one SARIF run: a result for each refuted question."""
    rules = [("gate-shut", _NOW), ("gate-shut-later", _LATER)]
    uri = "stdin" if file == "-" else quote(file.replace("\\", "/"), safe="/:")
    place = {"physicalLocation": {"artifactLocation": {"uri": uri}}}
    results: list[dict[str, object]] = []
    notices: list[dict[str, object]] = []
    for name, text, _, verdict in _questions(answered):
        if isinstance(verdict, Refuted):
            sentence = f"{text.into(lang)}: {witness_text(verdict.witness).into(lang)}"
            result: dict[str, object] = {
                "ruleId": name,
                "level": "error" if name == "gate-shut" else "note",
                "message": {"text": sentence},
                "locations": [place],
            }
            results.append(result)
        elif isinstance(verdict, Unknown):
            sentence = f"{text.into(lang)}: {verdict_text(verdict).into(lang)}"
            notices.append({"level": "warning", "message": {"text": sentence}})
    run = {
        "tool": {
            "driver": {
                "name": "sekisho",
                "version": version,
                "rules": [
                    {"id": name, "shortDescription": {"text": text.into(lang)}}
                    for name, text in rules
                ],
            }
        },
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": notices}],
        "results": results,
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
