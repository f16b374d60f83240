"""`sekisho prove --snapshot`: is each user of an account enforced.

Equal questions are asked once.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sekisho.account import Credentials, Snapshot, credentials_by_user
from sekisho.audit.enforcement import UserEnforcement, enforcements_of, invariants_of
from sekisho.audit.people import said_of
from sekisho.cli.exits import Exit
from sekisho.cli.prove_output import RESTS, counterexample_to_json, undeniable
from sekisho.cli.prove_subject import UNREAD, unread
from sekisho.cli.sarif import Findings
from sekisho.engine import Assumptions
from sekisho.messages import Language, Message, printable, verbatim
from sekisho.prover import (
    Conclusion,
    Invariant,
    InvariantKind,
    Proved,
    Refuted,
    Unknown,
    Verdict,
    joined,
)
from sekisho.prover.sentences import ASSUMED, invariant_text, verdict_text

__all__ = [
    "About",
    "Users",
    "exits_of_users",
    "findings_of_users",
    "users_as_json",
    "users_as_table",
    "users_of",
]

_AS_OF = Message("Account {account}, as of {date}.")
_COUNT = Message(
    "{proved} of {all} users are proved enforced as their policies stand, {later} whatever is "
    "attached later; {refuted} are not enforced, {unknown} are not known."
)
_ROW = Message("{user}: {now}; whatever is attached later: {later}")
_SERVICE = Message("calls by AWS services for the user: {now}; whatever is attached later: {later}")
_HOLDS = Message(
    "{what}: proved of {proved} of {all} users; refuted of {refuted}, not known of {unknown}."
)
_INVARIANT = verbatim("{user}: {id}: {verdict}")
_RULE = "user-enforced"
_TITLE = Message("The user's MFA is enforced")


@dataclass(frozen=True, slots=True)
class About:
    """What is asked of every user.

    Attributes:
        enforcement: whether it is asked if MFA is enforced.
        exempt: what may work without MFA.
        invariants: further demands.
        assumptions: as the prover takes them.
    """

    enforcement: bool
    exempt: tuple[str, ...]
    invariants: tuple[Invariant, ...]
    assumptions: Assumptions


@dataclass(frozen=True, slots=True)
class Users:
    """The answers about an account's users; who comes out wrong comes first.

    Attributes:
        credentials: what each user holds, by name.
        arns: by user name.
        enforcements: whether each is enforced; nobody's if that was not asked.
        invariants: what was demanded beside.
        held: whether each invariant holds, of each user.
        unread: why the service control policies are not known; None if they are.
    """

    account: str
    taken_at: datetime
    credentials: Mapping[str, Credentials]
    arns: dict[str, str]
    enforcements: dict[str, UserEnforcement]
    invariants: tuple[Invariant, ...]
    held: dict[str, tuple[Conclusion, ...]]
    unread: Message | None

    @property
    def names(self) -> list[str]:
        """The users' names, in order."""
        return list(self.held)


def users_of(snapshot: Snapshot, about: About) -> Users:
    """Return the answers about all users of a snapshot."""
    enforcements = (
        enforcements_of(snapshot, about.exempt, about.assumptions) if about.enforcement else {}
    )
    held = invariants_of(snapshot, about.invariants, about.assumptions)

    def wrong(name: str) -> tuple[int, str]:
        verdicts = [_now(enforcements[name])] if name in enforcements else []
        verdicts += [each.verdict for each in held[name]]
        return min((_ORDER[type(each)] for each in verdicts), default=len(_ORDER)), name

    ordered = sorted(held, key=wrong)
    return Users(
        snapshot.account,
        snapshot.taken_at,
        credentials_by_user(snapshot),
        {user.name: user.arn for user in snapshot.users},
        {name: enforcements[name] for name in ordered if name in enforcements},
        about.invariants,
        {name: held[name] for name in ordered},
        unread(snapshot),
    )


_ORDER: dict[type[Verdict], int] = {Refuted: 0, Unknown: 1, Proved: 2}


def exits_of_users(users: Users, *, later: bool) -> Iterator[Exit]:
    """Yield the exit code that each user calls for; `later` counts what may be attached, too."""
    verdicts = [
        each
        for enforcement in users.enforcements.values()
        for each in _verdicts(enforcement, later=later)
    ]
    verdicts += [each.verdict for answers in users.held.values() for each in answers]
    for verdict in verdicts:
        match verdict:
            case Proved():
                yield Exit.CLEAN
            case Refuted():
                yield Exit.FINDINGS
            case Unknown():
                yield Exit.UNKNOWN


def _verdicts(enforcement: UserEnforcement, *, later: bool) -> Iterator[Verdict]:
    yield _now(enforcement)
    if later:
        yield _later(enforcement)


def _now(enforcement: UserEnforcement) -> Verdict:
    """Return whether MFA is enforced as the policies stand, whoever calls for the user."""
    return joined([each for each in (enforcement.now, enforcement.via_service) if each is not None])


def _later(enforcement: UserEnforcement) -> Verdict:
    """Return whether it is shut whatever is attached later."""
    return joined(
        [each for each in (enforcement.later, enforcement.later_via_service) if each is not None]
    )


def users_as_table(users: Users, lang: Language) -> str:
    """Return the users as text, with the request that passes where there is one."""
    date = users.taken_at.isoformat(timespec="seconds")
    lines = [_AS_OF.filled(account=users.account, date=date).into(lang), *_counts(users, lang)]
    if users.unread:
        lines.append(UNREAD.filled(reason=users.unread).into(lang))
    lines.append("")
    lines += [line for name in users.names for line in _row(users, name, lang)]
    lines += ["", *(text.into(lang) for text in (undeniable(), *ASSUMED))]
    return "\n".join(printable(line) for line in lines)


def _counts(users: Users, lang: Language) -> Iterator[str]:
    now, later = (
        [each(enforcement) for enforcement in users.enforcements.values()]
        for each in (_now, _later)
    )
    if now:
        yield _COUNT.filled(all=len(now), later=_count(later, Proved), **_numbers(now)).into(lang)
    for place, invariant in enumerate(users.invariants):
        verdicts = [answers[place].verdict for answers in users.held.values()]
        what = invariant_text(invariant)
        yield _HOLDS.filled(what=what, all=len(verdicts), **_numbers(verdicts)).into(lang)


def _numbers(verdicts: Sequence[Verdict]) -> dict[str, int]:
    return {each.__name__.lower(): _count(verdicts, each) for each in (Proved, Refuted, Unknown)}


def _count(verdicts: Sequence[Verdict], kind: type[Verdict]) -> int:
    return sum(isinstance(each, kind) for each in verdicts)


def _row(users: Users, name: str, lang: Language) -> Iterator[str]:
    credentials = users.credentials.get(name)
    if name in users.enforcements:
        yield from _enforcement(name, users.enforcements[name], credentials, lang)
    for invariant, answer in zip(users.invariants, users.held[name], strict=True):
        yield from _held(name, (invariant, answer), credentials, lang)


def _held(
    name: str, held: tuple[Invariant, Conclusion], credentials: Credentials | None, lang: Language
) -> Iterator[str]:
    invariant, answer = held
    said = verdict_text(answer.verdict)
    yield _INVARIANT.filled(user=name, id=invariant.id, verdict=said).into(lang)
    if isinstance(answer.verdict, Refuted):
        refused = invariant.demand is InvariantKind.ALWAYS
        yield f"  {said_of(answer.verdict.counterexample, credentials, refused=refused).into(lang)}"
    yield from _rests(answer.assumed, lang)


def _enforcement(
    name: str, enforcement: UserEnforcement, credentials: Credentials | None, lang: Language
) -> Iterator[str]:
    if enforcement.gap:
        yield f"{name}: {verdict_text(enforcement.now).into(lang)}"
        return
    yield _both(_ROW, enforcement.now, enforcement.later, user=name).into(lang)
    yield from _counterexample(enforcement.now, enforcement.later, credentials, lang)
    if enforcement.via_service is not None and enforcement.later_via_service is not None:
        both = _both(_SERVICE, enforcement.via_service, enforcement.later_via_service)
        yield f"  {both.into(lang)}"
        yield from _counterexample(
            enforcement.via_service, enforcement.later_via_service, credentials, lang
        )
    yield from _rests(enforcement.assumed, lang)


def _both(text: Message, now: Verdict, later: Verdict, **more: str) -> Message:
    return text.filled(now=verdict_text(now), later=verdict_text(later), **more)


def _counterexample(
    now: Verdict, later: Verdict, credentials: Credentials | None, lang: Language
) -> Iterator[str]:
    """Yield the request that passes, if one does: now, or else with what is attached later."""
    first = next((each for each in (now, later) if isinstance(each, Refuted)), None)
    if first is not None:
        yield f"  {said_of(first.counterexample, credentials).into(lang)}"


def _rests(assumed: tuple[str, ...], lang: Language) -> Iterator[str]:
    if assumed:
        yield f"  {RESTS.filled(names=', '.join(assumed)).into(lang)}"


def users_as_json(users: Users) -> dict[str, object]:
    """Return the users as JSON values."""
    return {
        "schema": "sekisho.prove-users/1",
        "account": users.account,
        "asOf": users.taken_at.isoformat(timespec="seconds"),
        "serviceControlPoliciesUnknown": users.unread.en if users.unread else None,
        "assumptions": [text.en for text in ASSUMED],
        "users": [
            {
                "user": name,
                "arn": users.arns[name],
                **(
                    _enforcement_as_json(users.enforcements[name])
                    if name in users.enforcements
                    else {}
                ),
                "invariants": [
                    {"id": each.id, **_as_json(answer.verdict), "assumed": list(answer.assumed)}
                    for each, answer in zip(users.invariants, users.held[name], strict=True)
                ],
            }
            for name in users.names
        ],
    }


def _enforcement_as_json(enforcement: UserEnforcement) -> dict[str, object]:
    return {
        "enforced": enforcement.enforced.value,
        "now": _as_json(enforcement.now),
        "later": _as_json(enforcement.later),
        "viaService": _as_json(enforcement.via_service)
        if enforcement.via_service is not None
        else None,
        "laterViaService": (
            _as_json(enforcement.later_via_service)
            if enforcement.later_via_service is not None
            else None
        ),
        "assumed": list(enforcement.assumed),
        "gap": enforcement.gap or None,
    }


def _as_json(verdict: Verdict) -> dict[str, object]:
    return {
        "verdict": type(verdict).__name__,
        "counterexample": counterexample_to_json(verdict.counterexample)
        if isinstance(verdict, Refuted)
        else None,
        "reason": verdict.reason.en if isinstance(verdict, Unknown) else None,
    }


def findings_of_users(users: Users, file: str, lang: Language, *, later: bool) -> Findings:
    """Return the users for a SARIF log: a result for each who is not enforced.

    `later` counts what may be attached, too.
    """
    rules = {each.id: invariant_text(each).into(lang) for each in users.invariants}
    found = Findings(file, {_RULE: _TITLE.into(lang), **rules})
    if users.unread:
        found.notices.append(UNREAD.filled(reason=users.unread).into(lang))
    for name, enforcement in users.enforcements.items():
        said = "; ".join(
            line.strip()
            for line in _enforcement(name, enforcement, users.credentials.get(name), lang)
        )
        _add(found, _RULE, said, [*_verdicts(enforcement, later=later)])
    for name, answers in users.held.items():
        for held in zip(users.invariants, answers, strict=True):
            lines = _held(name, held, users.credentials.get(name), lang)
            said = "; ".join(line.strip() for line in lines)
            _add(found, held[0].id, said, [held[1].verdict])
    return found


def _add(found: Findings, rule: str, sentence: str, verdicts: list[Verdict]) -> None:
    if any(isinstance(verdict, Refuted) for verdict in verdicts):
        found.add(rule, "error", printable(sentence))
    elif any(isinstance(verdict, Unknown) for verdict in verdicts):
        found.notices.append(printable(sentence))
