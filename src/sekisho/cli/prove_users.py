"""`sekisho prove --snapshot`: is each user of an account gated; equal questions are asked once."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sekisho.account import Snapshot
from sekisho.audit import UserGate, gates_of, invariants_of
from sekisho.cli.exits import Exit
from sekisho.cli.prove_output import RESTS, witness_to_json
from sekisho.cli.prove_subject import UNREAD, unread
from sekisho.cli.sarif import Findings
from sekisho.engine import Switches
from sekisho.language import Language, Text, printable
from sekisho.prover import Answer, Demand, Invariant, Proved, Refuted, Unknown, Verdict
from sekisho.prover.wording import ASSUMED, invariant_text, verdict_text, witness_text

__all__ = [
    "About",
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
_HOLDS = Text(
    "{what}: proved of {proved} of {all} users; refuted of {refuted}, not known of {unknown}.",
    "{what}: {all} 人のうち、証明済み {proved} 人、反例あり {refuted} 人、不明 {unknown} 人。",
)
_INVARIANT = Text("{user}: {id}: {verdict}", "{user}: {id}: {verdict}")
_RULE = "user-gated"
_TITLE = Text("The user's gate is shut", "このユーザーは MFA なしでは通れない")


@dataclass(frozen=True, slots=True)
class About:
    """What is asked of every user.

    Attributes:
        gate: whether it is asked if the gate is shut.
        exempt: what may work without MFA.
        invariants: further demands.
        switches: as the prover takes them.
    """

    gate: bool
    exempt: tuple[str, ...]
    invariants: tuple[Invariant, ...]
    switches: Switches


@dataclass(frozen=True, slots=True)
class Users:
    """The answers about an account's users; who comes out wrong comes first.

    Attributes:
        arns: by user name.
        gates: whether each is gated; nobody's if that was not asked.
        invariants: what was demanded beside.
        held: whether each invariant holds, of each user.
        unread: why the service control policies are not known, or "".
    """

    account: str
    taken_at: datetime
    arns: dict[str, str]
    gates: dict[str, UserGate]
    invariants: tuple[Invariant, ...]
    held: dict[str, tuple[Answer, ...]]
    unread: str

    @property
    def names(self) -> list[str]:
        """The users' names, in order."""
        return list(self.held)


def users_of(snapshot: Snapshot, about: About) -> Users:
    """Return the answers about all users of a snapshot."""
    gates = gates_of(snapshot, about.exempt, about.switches) if about.gate else {}
    held = invariants_of(snapshot, about.invariants, about.switches)

    def wrong(name: str) -> tuple[int, str]:
        verdicts = [gates[name].now] if name in gates else []
        verdicts += [each.verdict for each in held[name]]
        return min((_ORDER[type(each)] for each in verdicts), default=len(_ORDER)), name

    ordered = sorted(held, key=wrong)
    return Users(
        snapshot.account,
        snapshot.taken_at,
        {user.name: user.arn for user in snapshot.users},
        {name: gates[name] for name in ordered if name in gates},
        about.invariants,
        {name: held[name] for name in ordered},
        unread(snapshot),
    )


_ORDER: dict[type[Verdict], int] = {Refuted: 0, Unknown: 1, Proved: 2}


def exits_of_users(users: Users, *, later: bool) -> Iterator[Exit]:
    """Yield the exit code that each user calls for; `later` counts what may be attached, too."""
    verdicts = [each for gate in users.gates.values() for each in _verdicts(gate, later=later)]
    verdicts += [each.verdict for answers in users.held.values() for each in answers]
    for verdict in verdicts:
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
    date = users.taken_at.isoformat(timespec="seconds")
    lines = [_AS_OF.filled(account=users.account, date=date).into(lang), *_counts(users, lang)]
    if users.unread:
        lines.append(UNREAD.filled(reason=users.unread).into(lang))
    lines.append("")
    lines += [line for name in users.names for line in _row(users, name, lang)]
    lines += ["", *(text.into(lang) for text in ASSUMED)]
    return "\n".join(printable(line) for line in lines)


def _counts(users: Users, lang: Language) -> Iterator[str]:
    gates = users.gates.values()
    if gates:
        yield _COUNT.filled(
            all=len(users.gates),
            now=sum(isinstance(gate.now, Proved) for gate in gates),
            later=sum(isinstance(gate.later, Proved) for gate in gates),
            refuted=sum(isinstance(gate.now, Refuted) for gate in gates),
            unknown=sum(isinstance(gate.now, Unknown) for gate in gates),
        ).into(lang)
    for place, invariant in enumerate(users.invariants):
        verdicts = [answers[place].verdict for answers in users.held.values()]
        yield _HOLDS.filled(
            what=invariant_text(invariant),
            all=len(verdicts),
            proved=sum(isinstance(each, Proved) for each in verdicts),
            refuted=sum(isinstance(each, Refuted) for each in verdicts),
            unknown=sum(isinstance(each, Unknown) for each in verdicts),
        ).into(lang)


def _row(users: Users, name: str, lang: Language) -> Iterator[str]:
    if name in users.gates:
        yield from _gate(name, users.gates[name], lang)
    for invariant, answer in zip(users.invariants, users.held[name], strict=True):
        yield from _held(name, invariant, answer, lang)


def _held(name: str, invariant: Invariant, answer: Answer, lang: Language) -> Iterator[str]:
    said = verdict_text(answer.verdict)
    yield _INVARIANT.filled(user=name, id=invariant.id, verdict=said).into(lang)
    yield from _witness(answer.verdict, lang, refused=invariant.demand is Demand.ALWAYS)
    if answer.assumed:
        yield f"  {RESTS.filled(names=', '.join(answer.assumed)).into(lang)}"


def _gate(name: str, gate: UserGate, lang: Language) -> Iterator[str]:
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


def _witness(verdict: Verdict, lang: Language, *, refused: bool = False) -> Iterator[str]:
    if isinstance(verdict, Refuted):
        yield f"  {witness_text(verdict.witness, refused=refused).into(lang)}"


def users_as_json(users: Users) -> dict[str, object]:
    """Return the users as JSON values."""
    return {
        "schema": "sekisho.prove-users/1",
        "account": users.account,
        "asOf": users.taken_at.isoformat(timespec="seconds"),
        "serviceControlPoliciesUnknown": users.unread or None,
        "assumptions": [text.en for text in ASSUMED],
        "users": [
            {
                "user": name,
                "arn": users.arns[name],
                **(_gate_as_json(users.gates[name]) if name in users.gates else {}),
                "invariants": [
                    {"id": each.id, **_as_json(answer.verdict), "assumed": list(answer.assumed)}
                    for each, answer in zip(users.invariants, users.held[name], strict=True)
                ],
            }
            for name in users.names
        ],
    }


def _gate_as_json(gate: UserGate) -> dict[str, object]:
    return {
        "gated": gate.gated.value,
        "now": _as_json(gate.now),
        "later": _as_json(gate.later),
        "viaService": None if gate.via_service is None else _as_json(gate.via_service),
        "gap": gate.gap or None,
    }


def _as_json(verdict: Verdict) -> dict[str, object]:
    return {
        "verdict": type(verdict).__name__,
        "witness": witness_to_json(verdict.witness) if isinstance(verdict, Refuted) else None,
        "reason": verdict.reason.en if isinstance(verdict, Unknown) else None,
    }


def findings_of_users(users: Users, file: str, lang: Language) -> Findings:
    """Return the users for a SARIF log: a result for each who is not gated."""
    rules = {each.id: invariant_text(each).into(lang) for each in users.invariants}
    found = Findings(file, {_RULE: _TITLE.into(lang), **rules})
    if users.unread:
        found.notices.append(UNREAD.filled(reason=users.unread).into(lang))
    for name, gate in users.gates.items():
        said = "; ".join(line.strip() for line in _gate(name, gate, lang))
        _add(found, _RULE, said, [*_verdicts(gate, later=False)])
    for name, answers in users.held.items():
        for invariant, answer in zip(users.invariants, answers, strict=True):
            said = "; ".join(line.strip() for line in _held(name, invariant, answer, lang))
            _add(found, invariant.id, said, [answer.verdict])
    return found


def _add(found: Findings, rule: str, sentence: str, verdicts: list[Verdict]) -> None:
    if any(isinstance(verdict, Refuted) for verdict in verdicts):
        found.add(rule, "error", printable(sentence))
    elif any(isinstance(verdict, Unknown) for verdict in verdicts):
        found.notices.append(printable(sentence))
