"""What a plan says, on a terminal."""

from collections.abc import Iterator, Mapping

from sekisho.audit.report.wording import exemption_text
from sekisho.messages import Language, Message, printable
from sekisho.rollout import Note, Plan, Proof, Verdict
from sekisho.rollout.changes.kinds import CreatePolicy
from sekisho.rollout.planning.planner import UNACCEPTABLE

__all__ = ["plan_lines"]

_TITLE = Message(
    "Plan {digest} for account {account}, as it was at {at}; to be applied by {caller}."
)
_CHANGES = Message("Changes: {count}")
_FOR_GOOD = Message("with this description, which AWS lets nobody change afterwards: {description}")
_NO_DESCRIPTION = Message("without a description; AWS lets nobody add one afterwards")
_ALREADY = Message("already as wanted: {count}")
_PROOFS = Message("What was checked")
_AGAINST = Message("What speaks against it")
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
_ACCEPTABLE = Message("Change what is wanted, or let it pass with --accept ID=REASON: {against}.")
_VERDICTS: Mapping[Verdict, Message] = {
    Verdict.PROVED: Message("proved"),
    Verdict.NOBODY: Message("about nobody"),
    Verdict.REFUTED: Message("REFUTED"),
    Verdict.UNKNOWN: Message("UNKNOWN"),
}
_MOST_NAMES = 20


def plan_lines(plan: Plan, lang: Language) -> Iterator[str]:
    """Yield what a plan says, line by line."""
    yield _TITLE.filled(
        digest=plan.digest[:12],
        account=plan.account,
        at=plan.snapshot_at.strftime("%Y-%m-%d %H:%M UTC"),
        caller=plan.caller.arn,
    ).into(lang)
    yield from _changes(plan, lang)
    yield from ("", _PROOFS.into(lang))
    for proof in plan.proofs:
        yield from _proof(proof, plan, lang)
    yield from _notes(_AGAINST, plan.reasons, plan, lang)
    yield from _notes(_WARNINGS, plan.warnings, plan, lang)
    yield from _people(plan, lang)
    yield from _exceptions(plan, lang)
    left = [name for name in plan.against if name not in plan.accepted]
    if left:
        yield from ("", _REFUSED.filled(against=", ".join(left)).into(lang))
    may = [name for name in left if name not in UNACCEPTABLE]
    if may:
        yield _ACCEPTABLE.filled(against=", ".join(may)).into(lang)


def _changes(plan: Plan, lang: Language) -> Iterator[str]:
    if not plan.changes:
        yield _NOTHING.into(lang)
        return
    yield from ("", _CHANGES.filled(count=len(plan.changes)).into(lang))
    for change in plan.changes:
        yield f"  {type(change).__name__} {change.address.partition(' ')[2]}"
        if isinstance(change, CreatePolicy):
            text = _FOR_GOOD if change.description else _NO_DESCRIPTION
            shown = " ".join(change.description.split())
            yield f"    {text.filled(description=shown).into(lang)}"
    if plan.already:
        yield f"  ({_ALREADY.filled(count=len(plan.already)).into(lang)})"


def _proof(proof: Proof, plan: Plan, lang: Language) -> Iterator[str]:
    yield f"  {_VERDICTS[proof.verdict].into(lang)}  {proof.id}: {proof.text.into(lang)}"
    shown = [text.into(lang) for text in proof.shown] or [""] * len(proof.failed)
    # what is not known has one reason for many
    lines: dict[str, list[str]] = {}
    for name, why in zip(proof.failed, shown, strict=True):
        lines.setdefault(why or name, []).append(name)
    for why, names in [*lines.items()][:_MOST_NAMES]:
        yield f"    {why}" if why in names else f"    {_named(tuple(names))}: {why}"
    if len(lines) > _MOST_NAMES:
        yield f"    (+{len(lines) - _MOST_NAMES})"
    yield from _word(proof.id, plan, lang)


def _notes(title: Message, notes: tuple[Note, ...], plan: Plan, lang: Language) -> Iterator[str]:
    if notes:
        yield from ("", title.into(lang))
    for note in notes:
        yield f"  {note.id}: {note.text.into(lang)}"
        if note.about:
            yield f"    {_named(note.about)}"
        yield from _word(note.id, plan, lang)


def _word(identity: str, plan: Plan, lang: Language) -> Iterator[str]:
    if identity in plan.accepted:
        yield f"    {_ACCEPTED.filled(reason=plan.accepted[identity]).into(lang)}"


def _people(plan: Plan, lang: Language) -> Iterator[str]:
    if plan.people:
        yield from ("", _PEOPLE.filled(count=len(plan.people)).into(lang))
    for person in plan.people:
        wave = f" [{person.wave}]" if person.wave else ""
        yield f"  {person.user}{wave}: {person.text.into(lang)}"


def _exceptions(plan: Plan, lang: Language) -> Iterator[str]:
    if plan.exceptions:
        yield from ("", _EXCEPTIONS.filled(count=len(plan.exceptions)).into(lang))
    names = ("user", "kind", "why", "owner", "approved", "expires", "ticket")
    for each in plan.exceptions:
        said = [text.into(lang) for text in exemption_text(each)]
        line = _EXCEPTION.filled(**dict(zip(names, said, strict=False))).into(lang)
        # what somebody else has written is nothing that a terminal would obey
        yield f"  {printable(line)}"


def _named(names: tuple[str, ...]) -> str:
    more = f" (+{len(names) - _MOST_NAMES})" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more
