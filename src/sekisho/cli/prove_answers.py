"""What `sekisho prove` asks of policies, and the answers."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from sekisho import prover
from sekisho.engine import Assumptions, Policies
from sekisho.messages import Message
from sekisho.prover import (
    ActionGroup,
    Callers,
    CallingUser,
    Conclusion,
    Invariant,
    InvariantKind,
    Proved,
    Question,
    Unknown,
)
from sekisho.prover.sentences import invariant_text

__all__ = [
    "Asking",
    "Line",
    "Part",
    "Report",
    "about",
    "report",
    "report_of_readings",
    "report_of_users",
]


class Part(StrEnum):
    """What can be asked alone."""

    ENFORCEMENT = "enforcement"
    NOTHING_LOST = "nothing-lost"
    OWN_THINGS = "own-things"
    INVARIANTS = "invariants"


@dataclass(frozen=True, slots=True)
class Asking:
    """What is asked.

    Attributes:
        policies, user, now, assumptions: as the prover takes them.
        exempt: what may work without MFA.
        invariants: further demands.
        parts: which of the questions.
        later: whether MFA enforcement must hold whatever is attached later.
        any_value: whether it must hold for values of the MFA key that no credential brings.
        missing: why the policies are not known; None if they are.
        assumed: what is taken for granted about them, to be said.
    """

    policies: Policies
    user: CallingUser
    now: datetime
    exempt: tuple[str, ...]
    parts: frozenset[Part]
    invariants: tuple[Invariant, ...] = ()
    assumptions: Assumptions = field(default_factory=Assumptions)
    later: bool = False
    any_value: bool = False
    missing: Message | None = None
    assumed: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One question and its answer.

    Attributes:
        id: stable.
        title: what holds if it is proved.
        calls: `direct`, `service` or `all`.
        answer: the verdict and what it rests on.
        counts: whether it decides the exit code.
        hypothetical: whether it is about what no known credential brings.
        refused: whether a counterexample is a request that is not allowed.
    """

    id: str
    title: Message
    calls: str
    answer: Conclusion
    counts: bool = True
    hypothetical: bool = False
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """All answers.

    Attributes:
        exempt: what works without MFA; None if that was not asked.
        assumed: what the answers leave out or take for granted about these policies.
        whose: the users that stand for any, and by what there may be more.
    """

    asking: Asking
    lines: tuple[Line, ...]
    exempt: tuple[ActionGroup, ...] | Unknown | None
    assumed: tuple[Message, ...] = ()
    whose: Callers = field(default_factory=Callers)


_ENFORCEMENT_NOW, _ENFORCEMENT_LATER = "enforcement", "enforcement-later"
_SHUT = Message("MFA is enforced")
_LATER = Message("MFA is enforced whatever is attached later")
_OTHER = Message(
    "MFA is enforced for any other value of aws:MultiFactorAuthPresent "
    "(hypothetical: AWS is not known to produce one)"
)
_LOST = Message("Nothing is lost with MFA")
_OWN = Message("Self-service reaches no other user")

_NO_SELF_SERVICE = Message(
    "Self-service reaches no other user (there is no self-service statement)"
)


def report(asking: Asking) -> Report:
    """Return the answers to all that is asked.

    Raises:
        FaultyPolicy: if a document cannot be read for certain.
    """
    if asking.missing is not None:
        return _not_known(asking, Unknown(asking.missing))
    lines: list[Line] = []
    for part, ask in _PARTS.items():
        if part in asking.parts:
            lines += ask(asking)
    these = (asking.policies, asking.user, asking.now, asking.assumptions)
    exempt = prover.exempt_list(*these) if Part.ENFORCEMENT in asking.parts else None
    said = (prover.roles_within_reach(*these), prover.uncertain_lists(*these)) if lines else ()
    assumed = (*asking.assumed, *(each for each in said if each is not None))
    return Report(asking, tuple(lines), exempt, assumed)


def report_of_readings(askings: Sequence[Asking]) -> Report:
    """Return the answers whichever policies are in force; unknown where that matters.

    Args:
        askings: the same, of each reading of the policies; the first allows most. Its list is the
            one of what works without MFA.

    Raises:
        FaultyPolicy: if a document cannot be read for certain.
    """
    reports = [report(asking) for asking in askings]
    lines = tuple(
        replace(same[0], answer=prover.agreed([line.answer for line in same]))
        for same in zip(*(each.lines for each in reports), strict=True)
    )
    return replace(reports[0], lines=lines)


def about(invariants: Sequence[Invariant]) -> tuple[Policies, ...]:
    """Return policies that tell users apart as the resources of some invariants do."""
    named = (prover.about_resources(each) for each in invariants if each.on)
    return tuple(Policies(identity=(each,)) for each in named)


def report_of_users(reports: Sequence[Report], whose: Callers) -> Report:
    """Return the answers of any user: proved if they are of all whom the policies tell apart.

    What enforcement denies tells fewer users apart than what else is allowed; where it shuts out
    whatever may be attached, that it is shut needs no more users than these.

    Args:
        reports: of each of the users, in order.
        whose: the users, and by which keys there may be more.
    """
    first = reports[0]
    of_enforcement = _untold_by_denials(first.asking, whose) if first.lines else whose.untold
    ways = list(zip(*(each.lines for each in reports), strict=True))
    later = {
        same[0].calls: _of_all(same, replace(whose, untold=of_enforcement))
        for same in ways
        if same[0].id == _ENFORCEMENT_LATER
    }
    lines: list[Line] = []
    for same in ways:
        shut = later.get(same[0].calls)
        if shut is not None and same[0].id == _ENFORCEMENT_LATER:
            lines.append(shut)
            continue
        holds = shut is not None and isinstance(shut.answer.verdict, Proved)
        told = holds and same[0].id == _ENFORCEMENT_NOW
        lines.append(_of_all(same, replace(whose, untold=()) if told else whose))
    assumed = tuple(dict.fromkeys(text for each in reports for text in each.assumed))
    exempt = _exempt_of_all([each.exempt for each in reports], whose)
    return replace(first, lines=tuple(lines), exempt=exempt, assumed=assumed, whose=whose)


def _untold_by_denials(asking: Asking, whose: Callers) -> tuple[str, ...]:
    """Return by which keys what is denied may tell more users apart than were asked about."""
    if not whose.untold:
        return ()
    beside = (asking.policies, *about(asking.invariants))
    apart = prover.stand_ins(prover.denials(asking.policies), beside=beside)
    asked = {user.arn for user in whose.users}
    return apart.untold if {user.arn for user in apart.users} <= asked else whose.untold


def _of_all(lines: Sequence[Line], whose: Callers) -> Line:
    verdict = prover.joined([line.answer.verdict for line in lines])
    if isinstance(verdict, Proved) and whose.untold:
        verdict = Unknown(prover.tells_callers(whose.untold))
    assumed = dict.fromkeys(name for line in lines for name in line.answer.assumed)
    return replace(lines[0], answer=Conclusion(verdict, tuple(assumed)))


def _exempt_of_all(
    lists: Sequence[tuple[ActionGroup, ...] | Unknown | None], whose: Callers
) -> tuple[ActionGroup, ...] | Unknown | None:
    known: list[tuple[ActionGroup, ...]] = []
    for each in lists:
        if not isinstance(each, tuple):
            return each
        known.append(each)
    found = prover.items_together(known, whose.users)
    return Unknown(prover.tells_callers(whose.untold)) if whose.untold and not found else found


def _not_known(asking: Asking, unknown: Unknown) -> Report:
    """Return the answers where the policies are not known: none is."""
    answer = Conclusion(unknown)
    lines = {
        Part.ENFORCEMENT: (
            Line(_ENFORCEMENT_NOW, _SHUT, "direct", answer),
            Line(_ENFORCEMENT_LATER, _LATER, "direct", answer, asking.later),
        ),
        Part.NOTHING_LOST: (Line("nothing-lost", _LOST, "direct", answer, refused=True),),
        Part.OWN_THINGS: (Line("own-things", _OWN, "direct", answer),),
        Part.INVARIANTS: tuple(
            Line(each.id, invariant_text(each), each.calls.value, answer)
            for each in asking.invariants
        ),
    }
    asked = tuple(line for part in Part if part in asking.parts for line in lines[part])
    return Report(asking, asked, unknown if Part.ENFORCEMENT in asking.parts else None)


def _enforcement(asking: Asking) -> Iterator[Line]:
    apart = prover.tells_services_apart(asking.policies)
    for name, title, later in (
        (_ENFORCEMENT_NOW, _SHUT, False),
        (_ENFORCEMENT_LATER, _LATER, True),
    ):
        question = prover.enforcement_question(
            asking.policies, asking.user, asking.now, asking.exempt, later=later
        )
        question = replace(question, assumptions=asking.assumptions)
        counts = asking.later or not later
        yield Line(name, title, "direct", prover.conclude([question]), counts)
        if apart:
            answer = prover.conclude([prover.via_service(question)])
            yield Line(name, title, "service", answer, counts)
    question = prover.enforcement_question(asking.policies, asking.user, asking.now, asking.exempt)
    others = prover.for_other_values(replace(question, assumptions=asking.assumptions))
    answer = Conclusion(others) if isinstance(others, Unknown) else prover.conclude(others)
    yield Line(
        "enforcement-other-values", _OTHER, "direct", answer, asking.any_value, hypothetical=True
    )


def _nothing_lost(asking: Asking) -> Iterator[Line]:
    question = prover.nothing_lost(asking.policies, asking.user, asking.now)
    answer = prover.conclude([replace(question, assumptions=asking.assumptions)])
    yield Line("nothing-lost", _LOST, _calls(question), answer, refused=True)


def _own_things(asking: Asking) -> Iterator[Line]:
    question = prover.own_things_only(asking.policies, asking.user, asking.now)
    answer = prover.conclude([replace(question, assumptions=asking.assumptions)])
    title = _OWN if prover.has_self_service(asking.policies) else _NO_SELF_SERVICE
    yield Line("own-things", title, _calls(question), answer)


def _calls(question: Question) -> str:
    return "direct" if all(held.direct for held in question.held) else "all"


def _invariants(asking: Asking) -> Iterator[Line]:
    for each in asking.invariants:
        answer = prover.invariant_holds(
            each, asking.policies, asking.user, asking.now, asking.assumptions
        )
        refused = each.demand is InvariantKind.ALWAYS
        yield Line(each.id, invariant_text(each), each.calls.value, answer, refused=refused)


_PARTS: dict[Part, Callable[[Asking], Iterable[Line]]] = {
    Part.ENFORCEMENT: _enforcement,
    Part.NOTHING_LOST: _nothing_lost,
    Part.OWN_THINGS: _own_things,
    Part.INVARIANTS: _invariants,
}
