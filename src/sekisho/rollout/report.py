"""A plan as a report: whether it may be applied, its problems with their remedies, the rest."""

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial

from sekisho.audit.exceptions import Exemption, machine_exception
from sekisho.audit.report import exemption_text
from sekisho.documents.report import MORE, Extent, Remark, Report, TextLine, TextList, TextPart
from sekisho.errors import MORE_ON_ID
from sekisho.messages import Message, joined_messages, listed, verbatim
from sekisho.rollout.changes.model import Change
from sekisho.rollout.changes.policies import CreatePolicy
from sekisho.rollout.goal.acceptance import acceptance_keys
from sekisho.rollout.planning.plan import (
    Plan,
    PlannedImpact,
    PlanNote,
    Proof,
    RemedyKind,
    SafetyVerdict,
)
from sekisho.rollout.sentences import (
    SAFETY_VERDICTS,
    check_name,
    plan_sentences,
    proof_text,
    remedy_text,
)

_MOST = 20
"""How many of a list are shown where nobody asks for all."""

_CHANGES = Message("Changes: {count}")
_FOR_GOOD = Message("with this description, which cannot be changed later: {description}")
_NO_DESCRIPTION = Message("without a description; none can be added later")
_ALREADY = Message("no change needed: {count}")
_PROOFS = Message("What was checked")
_PROBLEMS = Message("Problems of this plan")
_WARNINGS = Message("Warnings")
_NOT_SHOWN = Message("Shown with `-v`: {parts}.")
_WARNED = Message("Warnings: {count}")
_PEOPLE = Message("People: {count}")
_EXCEPTIONS = Message("Excepted users: {count}")
_EXCEPTION = Message(
    "{user} ({kind}, until {expires}): {why}; owner: {owner}, approved by: {approved}, "
    "ticket: {ticket}"
)
_ACCEPTED = Message("accepted: {reason}")
_ALIKE = Message("likewise: {count} (`-v` lists all)")
_QUOTED = re.compile("`[^`]*`")
"""What differs where two reasons say the same, like the ARN of a resource."""
_WAY = Message("Fix: {way}")
_FOR_MACHINES = Message(
    "A role is better for a program than a key. Until it has one, list it in a file for "
    "`--exceptions` instead of naming it in the goal, and fill in what is empty:"
)
_ACCEPTABLE = Message(
    "If there is no other way, accept each with a reason (`--accept {example}=REASON`): {against}."
)


def plan_report(plan: Plan) -> Report:
    """Return the report of a plan.

    A verbose text lists every change and person, and what each proved property says.
    """
    verdict, title = plan_sentences(plan)
    return Report(
        title=title,
        as_of=title,
        headline=verdict,
        facts=(),
        before=() if plan.logs is None else (plan.logs.text,),
        after=(),
        text=partial(_parts, plan),
        more=MORE,
        dated=True,
    )


def _parts(plan: Plan) -> Iterator[TextPart]:
    failed = [proof for proof in plan.proofs if not proof.holds]
    rows: list[_Row] = [*failed, *plan.reasons]
    named = [*(proof.id for proof in failed), *(note.id for note in plan.reasons)]
    more = [TextLine(MORE_ON_ID.filled(id=name)) for name in named[:1]]
    yield TextList(_PROBLEMS, rows, partial(_lines, plan, rows), after=more)
    if keys := acceptance_keys(plan.open_problems):
        every, some = _names(keys)
        typed = shlex.quote(keys[0])
        brief = _ACCEPTABLE.filled(example=typed, against=some)
        yield Remark(_ACCEPTABLE.filled(example=typed, against=every), brief=brief)
    if not plan.open_problems:
        yield from _contents(plan)
        return
    # of a refused plan a screen has why, and what to do
    yield TextLine(verbatim(""), 0, extent=Extent.BRIEF)
    yield TextLine(_NOT_SHOWN.filled(parts=_figures(plan)), 0, extent=Extent.BRIEF)
    for part in _contents(plan):
        if part.extent is not Extent.BRIEF:
            yield replace(part, extent=Extent.VERBOSE)


def _figures(plan: Plan) -> Message:
    """Return how much else a plan has than its problems."""
    counted = {_WARNED: len(plan.warnings), _CHANGES: len(plan.changes), _PEOPLE: len(plan.people)}
    counted[_EXCEPTIONS] = len(plan.exceptions)
    return listed(text.filled(count=count) for text, count in counted.items() if count)


def _contents(plan: Plan) -> Iterator[TextList]:
    """Yield the parts of a plan besides its problems."""
    # said once: where the plan has problems, it is said of those
    said = any(not proof.holds for proof in plan.proofs) or plan.reasons
    named = [] if said else [note.id for note in plan.warnings[:1]]
    more = [TextLine(MORE_ON_ID.filled(id=name)) for name in named]
    yield TextList(_WARNINGS, plan.warnings, partial(_lines, plan, plan.warnings), after=more)
    already = _ALREADY.filled(count=len(plan.unchanged_addresses))
    in_brackets = joined_messages([verbatim("("), already, verbatim(")")], en="", ja="")
    yield TextList(
        _CHANGES.filled(count=len(plan.changes)),
        plan.changes,
        _change_lines,
        most=_MOST,
        after=[TextLine(in_brackets)] if plan.unchanged_addresses else (),
    )
    title, many = _PEOPLE.filled(count=len(plan.people)), len(plan.people) > _MOST
    yield TextList(
        title,
        plan.people,
        lambda each: [
            TextLine(_after(each.user + (f" [{each.wave}]: " if each.wave else ": "), each.text))
        ],
        extent=Extent.VERBOSE if many else Extent.ALL,
    )
    if many:
        yield TextList(title, _users_by_impact(plan.people), _people_lines, extent=Extent.BRIEF)
    exceptions = plan.exceptions
    yield TextList(_EXCEPTIONS.filled(count=len(exceptions)), exceptions, _exception_lines)
    holding = [proof for proof in plan.proofs if proof.holds]
    yield TextList(_PROOFS, holding, partial(_lines, plan, ()), extent=Extent.VERBOSE)
    proved = [each for each in holding if each.verdict is SafetyVerdict.PROVED]
    names = joined_messages([check_name(each.id) for each in proved], en=", ", ja="、")
    by_name = joined_messages([SAFETY_VERDICTS[SafetyVerdict.PROVED], names], en="  ", ja="  ")
    rows = [*([by_name] if proved else []), *(each for each in holding if each not in proved)]
    yield TextList(_PROOFS, rows, partial(_lines, plan, ()), extent=Extent.BRIEF)


def _change_lines(change: Change) -> Iterator[TextLine]:
    subject = change.address.partition(" ")[2]
    # what is copied stays whole
    yield TextLine(verbatim(f"{type(change).__name__} {subject}"), whole=True)
    if isinstance(change, CreatePolicy):
        text = _FOR_GOOD if change.description else _NO_DESCRIPTION
        yield TextLine(text.filled(description=" ".join(change.description.split())), 4)


def _users_by_impact(people: Iterable[PlannedImpact]) -> list[tuple[Message, list[str]]]:
    """Return the impacts, each with the names of its users."""
    names: dict[Message, list[str]] = {}
    for person in people:
        wave = verbatim(f" [{person.wave}]" if person.wave else "")
        names.setdefault(joined_messages([person.text, wave], en="", ja=""), []).append(person.user)
    return sorted(names.items(), key=lambda each: len(each[1]))


def _people_lines(row: tuple[Message, list[str]]) -> Iterator[TextLine]:
    text, users = row
    yield TextLine(_after(f"{len(users)}: ", text))
    every, some = _names(users)
    yield TextLine(every, 4, some)


def _exception_lines(exemption: Exemption) -> Iterator[TextLine]:
    names = ("user", "kind", "why", "owner", "approved", "expires", "ticket")
    values = dict(zip(names, exemption_text(exemption), strict=False))
    yield TextLine(_EXCEPTION.filled(**values))


_Row = Proof | PlanNote | Message


def _lines(plan: Plan, rows: Sequence[_Row], row: _Row) -> Iterator[TextLine]:
    """Yield the lines of one of several rows; the remedies follow the last note of a kind."""
    if isinstance(row, Message):
        yield TextLine(row)
        return
    if isinstance(row, Proof):
        yield from _proof_lines(row, plan)
        return
    yield TextLine(_after(f"{row.id}: ", row.text))
    if row.names:
        every, some = _names(row.names)
        yield TextLine(every, 4, some)
    if row is [note for note in rows if isinstance(note, PlanNote) and note.id == row.id][-1]:
        yield from _remedy_lines(row.id, plan)


def _proof_lines(proof: Proof, plan: Plan) -> Iterator[TextLine]:
    named = joined_messages([check_name(proof.id), proof_text(proof)], en=": ", ja=": ")
    yield TextLine(joined_messages([SAFETY_VERDICTS[proof.verdict], named], en="  ", ja="  "))
    reasons: dict[Message, list[str]] = {}
    alike: dict[str, dict[Message, list[str]]] = {}
    # what is not known has one reason for many
    shown = proof.shown or [verbatim("")] * len(proof.failed)
    for name, why in zip(proof.failed, shown, strict=True):
        text = why if why.en else verbatim(name)
        reasons.setdefault(text, []).append(name)
        alike.setdefault(_without_names(why, name), {}).setdefault(text, []).append(name)
    for why, names in reasons.items():
        every = why if why.en in names else _after(_names(names)[0], _after(": ", why))
        yield TextLine(every, 4, extent=Extent.VERBOSE)
    for place, several in enumerate(alike.values()):
        if place < _MOST:
            yield TextLine(_first_of(several), 4, extent=Extent.BRIEF)
    if more := max(0, len(alike) - _MOST):
        yield TextLine(MORE.filled(count=more), 4, extent=Extent.BRIEF)
    yield from _remedy_lines(proof.id, plan)


def _without_names(why: Message, name: str) -> str:
    """Return a reason without its names and values, by which the same reasons are found."""
    return _QUOTED.sub("", why.en.replace(name, ""))


def _first_of(several: Mapping[Message, Sequence[str]]) -> Message:
    """Return the names of users with similar reasons, then the first of the reasons."""
    first, *others = several
    names = [*dict.fromkeys(name for each in several.values() for name in each)]
    if first.en in names:
        return _names(names)[1]
    more = _after("; ", _ALIKE.filled(count=len(others))) if others else verbatim("")
    return joined_messages([_names(names)[1], verbatim(": "), first, more], en="", ja="")


def _remedy_lines(problem: str, plan: Plan) -> Iterator[TextLine]:
    """Yield the remedies for a problem, and why it is accepted."""
    shown = [*(proof.id for proof in plan.proofs), *(note.id for note in plan.reasons)]
    last = {
        remedy_text(each): each.problem
        for each in sorted(plan.remedies, key=lambda each: shown.index(each.problem))
    }
    for remedy in plan.remedies:
        if remedy.problem == problem:
            text = remedy_text(remedy)
            # what helps against two problems is said with the last of them
            extent = Extent.ALL if last[text] == problem else Extent.VERBOSE
            yield TextLine(_WAY.filled(way=text), 4, extent=extent)
            if remedy.kind in (RemedyKind.LEAVE_OUT, RemedyKind.MACHINE):
                yield from machine_user_lines(remedy.users, plan.snapshot_at.date(), extent)
    for key, reason in plan.accepted.items():
        accepted, _, user = key.partition(":")
        if accepted == problem:
            yield TextLine(_after(f"{user}: " if user else "", _ACCEPTED.filled(reason=reason)), 4)


def machine_user_lines(
    users: Sequence[str], day: date, extent: Extent = Extent.ALL
) -> Iterator[TextLine]:
    """Yield what to do about machine users, with exceptions that are ready to copy.

    Args:
        users: their names.
        day: on which this is said.
        extent: which texts have it.
    """
    yield TextLine(_FOR_MACHINES, 4, extent=extent)
    for line in machine_exception(users, day):
        yield TextLine(verbatim(line), 6, extent=extent, whole=True)


def _names(names: Iterable[str]) -> tuple[Message, Message]:
    """Return all of the names, and the first of many with how many more there are."""
    texts = [*names]
    every = verbatim(", ".join(texts))
    if len(texts) <= _MOST:
        return every, every
    cut = [*map(verbatim, texts[:_MOST]), MORE.filled(count=len(texts) - _MOST)]
    return every, joined_messages(cut, en=", ", ja=", ")


def _after(start: str | Message, text: Message) -> Message:
    first = verbatim(start) if isinstance(start, str) else start
    return joined_messages([first, text], en="", ja="")
