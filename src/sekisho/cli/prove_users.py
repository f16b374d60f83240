"""`sekisho prove --snapshot`: is each user of an account gated; equal questions are asked once."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sekisho.account import Snapshot
from sekisho.audit import UserGate, gates_of
from sekisho.cli.exits import Exit
from sekisho.cli.prove_output import safe, witness_to_json
from sekisho.cli.prove_subject import UNREAD, unread
from sekisho.cli.sarif import Findings
from sekisho.language import Language, Text
from sekisho.prover import Proved, Refuted, Unknown, Verdict
from sekisho.prover.wording import verdict_text, witness_text

__all__ = [
    "Users",
    "exits_of_users",
    "findings_of_users",
    "users_as_json",
    "users_as_table",
    "users_of",
]

_AS_OF = Text("Account {account}, as of {date}.", "アカウント {account} ({date} 現在)。")
_COUNT = Text(
    "{now} of {all} users are proved gated as their policies stand, {later} whatever is attached "
    "later; {refuted} are not gated, {unknown} are not known.",
    "{all} 人のうち、現在のポリシーで MFA なしでは通れないと証明された人は {now} 人、"
    "今後何が追加されても通れない人は {later} 人。通れる人は {refuted} 人、不明は {unknown} 人。",
)
_ROW = Text(
    "{user}: {now}; whatever is attached later: {later}",
    "{user}: {now}、今後何が追加されても: {later}",
)
_SERVICE = Text(
    "calls by AWS services for the user: {verdict}",
    "AWS サービスがユーザーに代わって行う呼び出し: {verdict}",
)
_RULE = "user-gated"
_TITLE = Text("The user's gate is shut", "このユーザーは MFA なしでは通れない")


@dataclass(frozen=True, slots=True)
class Users:
    """The gates of an account's users.

    Attributes:
        arns: by user name.
        gates: those that are not shut first.
        unread: why the service control policies are not known, or "".
    """

    account: str
    taken_at: datetime
    arns: dict[str, str]
    gates: dict[str, UserGate]
    unread: str


def users_of(snapshot: Snapshot) -> Users:
    """Return the gates of all users of a snapshot."""
    gates = gates_of(snapshot)
    ordered = sorted(gates, key=lambda name: (_ORDER[type(gates[name].now)], name))
    return Users(
        snapshot.account,
        snapshot.taken_at,
        {user.name: user.arn for user in snapshot.users},
        {name: gates[name] for name in ordered},
        unread(snapshot),
    )


_ORDER: dict[type[Verdict], int] = {Refuted: 0, Unknown: 1, Proved: 2}


def exits_of_users(users: Users, *, later: bool) -> Iterator[Exit]:
    """Yield the exit code that each user calls for; `later` counts what may be attached, too."""
    for gate in users.gates.values():
        for verdict in _verdicts(gate, later=later):
            match verdict:
                case Proved():
                    yield Exit.CLEAN
                case Refuted():
                    yield Exit.FINDINGS
                case Unknown():
                    yield Exit.UNKNOWN


def _verdicts(gate: UserGate, *, later: bool) -> Iterator[Verdict]:
    yield gate.now
    if gate.via_service is not None:
        yield gate.via_service
    if later:
        yield gate.later


def users_as_table(users: Users, lang: Language) -> str:
    """Return the users as text, with the request that passes where there is one."""
    gates = users.gates.values()
    count = _COUNT.filled(
        all=len(users.gates),
        now=sum(isinstance(gate.now, Proved) for gate in gates),
        later=sum(isinstance(gate.later, Proved) for gate in gates),
        refuted=sum(isinstance(gate.now, Refuted) for gate in gates),
        unknown=sum(isinstance(gate.now, Unknown) for gate in gates),
    )
    date = users.taken_at.isoformat(timespec="seconds")
    lines = [_AS_OF.filled(account=users.account, date=date).into(lang), count.into(lang)]
    if users.unread:
        lines.append(UNREAD.filled(reason=users.unread).into(lang))
    lines.append("")
    lines += [line for name, gate in users.gates.items() for line in _row(name, gate, lang)]
    return "\n".join(safe(line) for line in lines)


def _row(name: str, gate: UserGate, lang: Language) -> Iterator[str]:
    if gate.gap:
        yield f"{name}: {verdict_text(gate.now).into(lang)}"
        return
    now, later = (verdict_text(verdict).into(lang) for verdict in (gate.now, gate.later))
    yield _ROW.filled(user=name, now=now, later=later).into(lang)
    yield from _witness(gate.now, lang)
    if gate.via_service is not None:
        said = verdict_text(gate.via_service).into(lang)
        yield f"  {_SERVICE.filled(verdict=said).into(lang)}"
        yield from _witness(gate.via_service, lang)


def _witness(verdict: Verdict, lang: Language) -> Iterator[str]:
    if isinstance(verdict, Refuted):
        yield f"  {witness_text(verdict.witness).into(lang)}"


def users_as_json(users: Users) -> dict[str, object]:
    """Return the users as JSON values."""
    return {
        "schema": "sekisho.prove-users/1",
        "account": users.account,
        "asOf": users.taken_at.isoformat(timespec="seconds"),
        "serviceControlPoliciesUnknown": users.unread or None,
        "users": [
            {
                "user": name,
                "arn": users.arns[name],
                "gated": gate.gated.value,
                "now": _as_json(gate.now),
                "later": _as_json(gate.later),
                "viaService": None if gate.via_service is None else _as_json(gate.via_service),
                "gap": gate.gap or None,
            }
            for name, gate in users.gates.items()
        ],
    }


def _as_json(verdict: Verdict) -> dict[str, object]:
    return {
        "verdict": type(verdict).__name__,
        "witness": witness_to_json(verdict.witness) if isinstance(verdict, Refuted) else None,
        "reason": verdict.reason.en if isinstance(verdict, Unknown) else None,
    }


def findings_of_users(users: Users, file: str, lang: Language) -> Findings:
    """Return the users for a SARIF log: a result for each who is not gated."""
    found = Findings(file, {_RULE: _TITLE.into(lang)})
    if users.unread:
        found.notices.append(UNREAD.filled(reason=users.unread).into(lang))
    for name, gate in users.gates.items():
        sentence = safe("; ".join(line.strip() for line in _row(name, gate, lang)))
        verdicts = [*_verdicts(gate, later=False)]
        if any(isinstance(verdict, Refuted) for verdict in verdicts):
            found.add(_RULE, "error", sentence)
        elif any(isinstance(verdict, Unknown) for verdict in verdicts):
            found.notices.append(sentence)
    return found
