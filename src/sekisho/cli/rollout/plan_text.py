"""A plan in words: whether it may be applied, its obstacles with their remedies, the rest."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sekisho.audit.report import exemption_text
from sekisho.cli.cut_lists import MOST, more_lines, shown_lines, shown_names
from sekisho.cli.terminal import terminal_width
from sekisho.messages import Language, Message, hanging, printable
from sekisho.rollout import (
    SAFETY_VERDICTS,
    CreatePolicy,
    Plan,
    PlannedImpact,
    PlanNote,
    Proof,
    SafetyVerdict,
    acceptance_keys,
    plan_sentences,
    remedy_text,
)

_CHANGES = Message("Changes: {count}")
_FOR_GOOD = Message("with this description, which AWS lets nobody change afterwards: {description}")
_NO_DESCRIPTION = Message("without a description; AWS lets nobody add one afterwards")
_ALREADY = Message("already as wanted: {count}")
_PROOFS = Message("What was checked")
_AGAINST = Message("Obstacles")
_WARNINGS = Message("Warnings")
_PEOPLE = Message("People: {count}")
_EXCEPTIONS = Message("Exceptions: {count}")
_EXCEPTION = Message(
    "{user} ({kind}, until {expires}): {why}; owner: {owner}, approved by: {approved}, "
    "ticket: {ticket}"
)
_ACCEPTED = Message("accepted: {reason}")
_WAY = Message("Way out: {way}")
_ACCEPTABLE = Message(
    "If there is no other way, let it pass with a reason, by --accept ID=REASON or "
    "ID:USER=REASON: {against}."
)


def plan_lines(plan: Plan, lang: Language, *, verbose: bool = False) -> Iterator[str]:
    """Yield what a plan says, line by line, as wide as the terminal; what is copied stays whole.

    Args:
        plan: the plan.
        lang: the language.
        verbose: whether every change and person is listed, and what each proved property says.
    """
    text = _PlanText(plan, lang, verbose)
    yield from plan_head(plan, lang)
    yield from _folded(text.judgement())
    yield from text.changes()
    yield from _folded(text.rest())


def plan_head(plan: Plan, lang: Language) -> Iterator[str]:
    """Yield whether a plan may be applied, and which plan it is."""
    yield from _folded(line.into(lang) for line in plan_sentences(plan))
    if plan.logs is not None:
        yield from _folded([plan.logs.text.into(lang)])


def plan_verdict(plan: Plan, lang: Language) -> Iterator[str]:
    """Return whether a plan may be applied, and nothing else."""
    return _folded([next(plan_sentences(plan)).into(lang)])


def _folded(lines: Iterable[str]) -> Iterator[str]:
    width = terminal_width()
    for line in lines:
        yield from hanging(line, width)


@dataclass(frozen=True, slots=True)
class _PlanText:
    """The parts of what a plan says, in one language."""

    plan: Plan
    lang: Language
    verbose: bool

    def judgement(self) -> Iterator[str]:
        """Yield what speaks against the plan, with the remedies, and the warnings."""
        failed = [proof for proof in self.plan.proofs if not proof.holds]
        if failed or self.plan.reasons:
            yield from ("", _AGAINST.into(self.lang))
        for proof in failed:
            yield from self._proof(proof)
        yield from self._notes(self.plan.reasons)
        may = acceptance_keys(self.plan.open_obstacles)
        if may:
            against = self._names_text(may)
            yield from ("", _ACCEPTABLE.filled(against=against).into(self.lang))
        if self.plan.warnings:
            yield from ("", _WARNINGS.into(self.lang))
        yield from self._notes(self.plan.warnings)

    def changes(self) -> Iterator[str]:
        """Yield the changes in the order in which they are made."""
        if not self.plan.changes:
            return
        yield from ("", _CHANGES.filled(count=len(self.plan.changes)).into(self.lang))
        listed = self.plan.changes if self.verbose else self.plan.changes[:MOST]
        width = terminal_width()
        for change in listed:
            line = f"  {type(change).__name__} {change.address.partition(' ')[2]}"
            yield from hanging(line, width, whole=True)
            if isinstance(change, CreatePolicy):
                yield from _folded([f"    {self._description(change)}"])
        more = more_lines(len(self.plan.changes) - len(listed), self.lang)
        yield from (f"  {line}" for line in more)
        if self.plan.unchanged_addresses:
            yield f"  ({_ALREADY.filled(count=len(self.plan.unchanged_addresses)).into(self.lang)})"

    def rest(self) -> Iterator[str]:
        """Yield what happens to whom, the exceptions, and what was checked and holds."""
        yield from self._people()
        yield from self._exceptions()
        holding = [proof for proof in self.plan.proofs if proof.holds]
        if holding:
            yield from ("", _PROOFS.into(self.lang))
        proved = [each for each in holding if each.verdict is SafetyVerdict.PROVED]
        if not self.verbose and proved:
            names = ", ".join(proof.id for proof in proved)
            yield f"  {SAFETY_VERDICTS[SafetyVerdict.PROVED].into(self.lang)}  {names}"
        for proof in holding:
            if self.verbose or proof not in proved:
                yield from self._proof(proof)

    def _names_text(self, names: Iterable[str]) -> str:
        return shown_names([*names], self.lang, verbose=self.verbose)

    def _description(self, change: CreatePolicy) -> str:
        text = _FOR_GOOD if change.description else _NO_DESCRIPTION
        return text.filled(description=" ".join(change.description.split())).into(self.lang)

    def _proof(self, proof: Proof) -> Iterator[str]:
        lang = self.lang
        yield f"  {SAFETY_VERDICTS[proof.verdict].into(lang)}  {proof.id}: {proof.text.into(lang)}"
        shown = [text.into(lang) for text in proof.shown] or [""] * len(proof.failed)
        # what is not known has one reason for many
        lines: dict[str, list[str]] = {}
        for name, why in zip(proof.failed, shown, strict=True):
            lines.setdefault(why or name, []).append(name)
        said = [
            why if why in names else f"{self._names_text(names)}: {why}"
            for why, names in lines.items()
        ]
        yield from shown_lines(said, lang, verbose=self.verbose, indent=4)
        yield from self._below(proof.id)

    def _notes(self, notes: tuple[PlanNote, ...]) -> Iterator[str]:
        last = {note.id: note for note in notes}
        for note in notes:
            yield f"  {note.id}: {note.text.into(self.lang)}"
            if note.names:
                yield f"    {self._names_text(note.names)}"
            if note is last[note.id]:
                # one remedy is for all obstacles of the kind
                yield from self._below(note.id)

    def _below(self, identity: str) -> Iterator[str]:
        """Yield the remedies for an obstacle, and why it is accepted."""
        for remedy in self.plan.remedies:
            if remedy.obstacle == identity:
                yield f"    {_WAY.filled(way=remedy_text(remedy)).into(self.lang)}"
        for key, reason in self.plan.accepted.items():
            accepted_id, _, user = key.partition(":")
            if accepted_id == identity:
                whom = f"{user}: " if user else ""
                yield f"    {whom}{_ACCEPTED.filled(reason=reason).into(self.lang)}"

    def _people(self) -> Iterator[str]:
        people = self.plan.people
        if people:
            yield from ("", _PEOPLE.filled(count=len(people)).into(self.lang))
        if self.verbose or len(people) <= MOST:
            for person in people:
                yield f"  {person.user}{_in_wave(person)}: {person.text.into(self.lang)}"
            return
        alike: dict[str, list[str]] = {}
        for person in people:
            alike.setdefault(f"{person.text.into(self.lang)}{_in_wave(person)}", []).append(
                person.user
            )
        for text, names in sorted(alike.items(), key=lambda each: len(each[1])):
            yield f"  {len(names)}: {text}"
            yield f"    {self._names_text(names)}"

    def _exceptions(self) -> Iterator[str]:
        if self.plan.exceptions:
            count = len(self.plan.exceptions)
            yield from ("", _EXCEPTIONS.filled(count=count).into(self.lang))
        names = ("user", "kind", "why", "owner", "approved", "expires", "ticket")
        for each in self.plan.exceptions:
            said = [text.into(self.lang) for text in exemption_text(each)]
            line = _EXCEPTION.filled(**dict(zip(names, said, strict=False))).into(self.lang)
            # what somebody else has written is nothing that a terminal would obey
            yield f"  {printable(line)}"


def _in_wave(person: PlannedImpact) -> str:
    return f" [{person.wave}]" if person.wave else ""
