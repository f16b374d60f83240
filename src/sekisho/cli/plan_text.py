"""A plan in words: whether it may be applied, what speaks against it and the ways out, the rest."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import assert_never

from sekisho.audit.report import exemption_text
from sekisho.cli.cut_lists import MOST, more_lines, shown_lines, shown_names
from sekisho.cli.terminal import hanging, terminal_width
from sekisho.messages import Language, Message, printable, verbatim
from sekisho.rollout import Plan, PlannedImpact, PlanNote, Proof, SafetyVerdict, Way, WayOut
from sekisho.rollout.changes import CreatePolicy
from sekisho.rollout.planning import acceptances

_TITLE = Message(
    "Plan {digest} for account {account}, as it was at {at}; to be applied by {caller}."
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
_NOTHING = Message("Nothing is to be changed.")
_REFUSED = Message("This plan is refused: {against}.")
_APPLICABLE = Message("This plan may be applied: everything that is checked holds.")
_ALL_ACCEPTED = Message("This plan may be applied: what speaks against it is accepted: {against}.")
_WAY = Message("Way out: {way}")
_WITH_MFA = Message(
    "sign in with MFA and give `--mfa`: with it, the caller has what the plan needs"
)
_LEFT_OUT = Message("{options}: the plan leaves them out, as suits a machine user")
_LATER = Message(
    "`--when after-password-change` (`when: after-password-change` in a goal file): {users} wait "
    "until the temporary password is changed"
)
_GLASS = Message("{options}: an administrator whom nothing touches")
_READ = Message("let the caller read it: `sekisho collect --print-policy` prints the policy")
_ACCEPTABLE = Message(
    "If there is no other way, let it pass with a reason, by --accept ID=REASON or "
    "ID:USER=REASON: {against}."
)
_VERDICTS: Mapping[SafetyVerdict, Message] = {
    SafetyVerdict.PROVED: Message("proved"),
    SafetyVerdict.NOBODY: Message("about nobody"),
    SafetyVerdict.REFUTED: Message("REFUTED"),
    SafetyVerdict.UNKNOWN: Message("UNKNOWN"),
}


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
    yield from _folded(line.into(lang) for line in _head(plan))


def plan_verdict(plan: Plan, lang: Language) -> Iterator[str]:
    """Return whether a plan may be applied, and nothing else."""
    return _folded([next(_head(plan)).into(lang)])


def _folded(lines: Iterable[str]) -> Iterator[str]:
    width = terminal_width()
    for line in lines:
        yield from hanging(line, width)


def _head(plan: Plan) -> Iterator[Message]:
    left = plan.open_obstacles
    if left:
        yield _REFUSED.filled(against=", ".join(left))
    elif not plan.changes:
        yield _NOTHING
    else:
        accepted = _ALL_ACCEPTED.filled(against=", ".join(plan.against))
        yield accepted if plan.against else _APPLICABLE
    yield _TITLE.filled(
        digest=plan.digest[:12],
        account=plan.account,
        at=plan.snapshot_at.strftime("%Y-%m-%d %H:%M UTC"),
        caller=plan.caller.arn,
    )


def way_text(way: WayOut) -> Message:
    """Return what to do, with the options to give."""
    options = verbatim(", ".join(f"`{option}`" for option in way.options))
    match way.way:
        case Way.MFA:
            return _WITH_MFA
        case Way.LEAVE_OUT:
            return _LEFT_OUT.filled(options=options)
        case Way.AFTER_PASSWORD_CHANGE:
            return _LATER.filled(users=", ".join(way.users))
        case Way.BREAK_GLASS:
            return _GLASS.filled(options=options)
        case Way.READ:
            return _READ
        case _:
            assert_never(way.way)


@dataclass(frozen=True, slots=True)
class _PlanText:
    """The parts of what a plan says, in one language."""

    plan: Plan
    lang: Language
    verbose: bool

    def judgement(self) -> Iterator[str]:
        """Yield what speaks against the plan, with the ways out, and the warnings."""
        failed = [proof for proof in self.plan.proofs if not proof.holds]
        if failed or self.plan.reasons:
            yield from ("", _AGAINST.into(self.lang))
        for proof in failed:
            yield from self._proof(proof)
        yield from self._notes(self.plan.reasons)
        may = acceptances(self.plan.open_obstacles)
        if may:
            against = self._named(may)
            yield from ("", _ACCEPTABLE.filled(against=against).into(self.lang))
        if self.plan.warnings:
            yield from ("", _WARNINGS.into(self.lang))
        yield from self._notes(self.plan.warnings)

    def changes(self) -> Iterator[str]:
        """Yield the changes in the order in which they are made."""
        if not self.plan.changes:
            return
        yield from ("", _CHANGES.filled(count=len(self.plan.changes)).into(self.lang))
        shown = self.plan.changes if self.verbose else self.plan.changes[:MOST]
        for change in shown:
            yield f"  {type(change).__name__} {change.address.partition(' ')[2]}"
            if isinstance(change, CreatePolicy):
                # a description is a sentence; a call and its ARN are copied
                yield from _folded([f"    {self._description(change)}"])
        more = more_lines(len(self.plan.changes) - len(shown), self.lang)
        yield from (f"  {line}" for line in more)
        if self.plan.already:
            yield f"  ({_ALREADY.filled(count=len(self.plan.already)).into(self.lang)})"

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
            yield f"  {_VERDICTS[SafetyVerdict.PROVED].into(self.lang)}  {names}"
        for proof in holding:
            if self.verbose or proof not in proved:
                yield from self._proof(proof)

    def _named(self, names: Iterable[str]) -> str:
        return shown_names([*names], self.lang, verbose=self.verbose)

    def _description(self, change: CreatePolicy) -> str:
        text = _FOR_GOOD if change.description else _NO_DESCRIPTION
        return text.filled(description=" ".join(change.description.split())).into(self.lang)

    def _proof(self, proof: Proof) -> Iterator[str]:
        lang = self.lang
        yield f"  {_VERDICTS[proof.verdict].into(lang)}  {proof.id}: {proof.text.into(lang)}"
        shown = [text.into(lang) for text in proof.shown] or [""] * len(proof.failed)
        # what is not known has one reason for many
        lines: dict[str, list[str]] = {}
        for name, why in zip(proof.failed, shown, strict=True):
            lines.setdefault(why or name, []).append(name)
        said = [
            why if why in names else f"{self._named(names)}: {why}" for why, names in lines.items()
        ]
        yield from shown_lines(said, lang, verbose=self.verbose, indent=4)
        yield from self._below(proof.id)

    def _notes(self, notes: tuple[PlanNote, ...]) -> Iterator[str]:
        for note in notes:
            yield f"  {note.id}: {note.text.into(self.lang)}"
            if note.about:
                yield f"    {self._named(note.about)}"
            yield from self._below(note.id)

    def _below(self, identity: str) -> Iterator[str]:
        """Yield the ways out of an obstacle, and why it is accepted."""
        for way in self.plan.ways:
            if way.obstacle == identity:
                yield f"    {_WAY.filled(way=way_text(way)).into(self.lang)}"
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
            yield f"    {self._named(names)}"

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
