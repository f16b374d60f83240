"""A policy's meaning in sentences, in both languages, and the notes to a truth table.

Actions that behave like all others are not listed one by one, and users with a path are mentioned
only if the path makes a difference. The result also exists as JSON values, with the summary of the
console.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from sekisho.audit.meaning.credentials import ObjectOwner
from sekisho.audit.meaning.identity import STATES, DeniedWithoutMfa, Line, Meaning, Works
from sekisho.audit.meaning.truth import LEGEND, OUTCOMES, Cell, TaskOutcome, TruthTable
from sekisho.engine import DecisionEffect, Possibilities
from sekisho.messages import Message, joined_messages, verbatim
from sekisho.policy import Document, Summary, SummaryRow, size

_TARGETS = {
    ObjectOwner.OWN: Message("on the user's own things"),
    ObjectOwner.OWN_WITH_PATH: Message(
        "on their own things, for a user whose ARN has a path such as `user/staff/hanako`"
    ),
    ObjectOwner.OWN_OTHER_NAME: Message("for a device that is not named like the user"),
    ObjectOwner.COLLEAGUE: Message("on another user's things"),
    ObjectOwner.ACCOUNT: Message("in the account as a whole"),
    ObjectOwner.CONSOLE: Message("at the console's own sign-in"),
}

_VARIANTS = frozenset({ObjectOwner.OWN_WITH_PATH, ObjectOwner.OWN_OTHER_NAME})

_WORKS = {
    Works.NO_POLICY_APPLIES: Message(
        "Always allowed by AWS, even without MFA and regardless of policies"
    ),
    Works.WITHOUT_MFA: Message("Works without MFA"),
    Works.CONSOLE_WITHOUT_MFA: Message(
        "Works without MFA in the console, but not with an access key"
    ),
    Works.KEY_WITHOUT_MFA: Message("Works without MFA with an access key, but not in the console"),
    Works.ONLY_WITH_MFA: Message("Works only with MFA"),
    Works.NEVER: Message("Denied even with MFA"),
}

_NOT_ALLOWED = {
    DeniedWithoutMfa.ENFORCED: Message(
        "Not allowed by this policy, and explicitly denied without MFA even if other policies "
        "allow it; with MFA, other policies decide"
    ),
    DeniedWithoutMfa.NOT_FOR_KEYS: Message(
        "Not allowed by this policy; denied without MFA in the console, but NOT with a long-term "
        "access key: there, other policies decide without any MFA"
    ),
    DeniedWithoutMfa.NOT_FOR_CONSOLE: Message(
        "Not allowed by this policy; denied with a long-term access key, but NOT in a console "
        "session without MFA: there, other policies decide"
    ),
    DeniedWithoutMfa.NOT_ENFORCED: Message(
        "Exempt from the Deny and not allowed here: works without MFA if another policy allows it"
    ),
}

_ALLOWED, _OTHERS, _DENIED = (
    DecisionEffect.ALLOWED,
    DecisionEffect.IMPLICITLY_DENIED,
    DecisionEffect.EXPLICITLY_DENIED,
)
_EFFECTS: Mapping[frozenset[DecisionEffect], Message] = {
    frozenset({_ALLOWED}): Message("allowed", "in a sentence"),
    frozenset({_OTHERS}): Message("left to other policies"),
    frozenset({_DENIED}): Message("denied", "in a sentence"),
    frozenset({_ALLOWED, _OTHERS}): Message(
        "depends on {keys} (allowed, or left to other policies)"
    ),
    frozenset({_ALLOWED, _DENIED}): Message("depends on {keys} (allowed or denied)"),
    frozenset({_OTHERS, _DENIED}): Message("depends on {keys} (denied, or left to other policies)"),
    frozenset(DecisionEffect): Message(
        "depends on {keys} (allowed, denied, or left to other policies)"
    ),
}
_ALIKE = Message("With or without MFA, it {what}")
_BY_MFA = Message("Without MFA: {without}; with MFA: {mfa}")
_BY_CREDENTIAL = Message(
    "With an access key: {key}; in the console without MFA: {console}; with MFA: {mfa}"
)

_NOT_FOR_ALL = Message("Not allowed")
_EVERYTHING = Message("everything that other users may do")
_ONLY_NOT_ENFORCED = Message(
    "Allowed by this policy only with MFA, but not denied without it: another policy may allow it"
)
_ELSE = Message("Everything else")
_SAYS_NOTHING = Message(
    "Not covered by this policy: other policies decide, with or without MFA. MFA is not mandatory"
)


def sentences(meant: Meaning) -> tuple[Message, ...]:
    """Return the sentences on a policy's meaning, one for each kind of answer."""
    usual = {_answer_of(line) for line in meant.everything_else}
    own = {line.action: line for line in meant.lines if line.target is ObjectOwner.OWN}
    groups: dict[tuple[ObjectOwner, Message], list[str]] = {}
    for works in Works:
        for line in meant.lines:
            if line.works is works and _tells_something(line, usual, own):
                what = _said_of(line, own)
                groups.setdefault((line.target, what), []).append(line.action)
    listed = [
        _sentence(
            what,
            target,
            _action_names(actions, everything=what is _NOT_FOR_ALL and _loses_all(meant, target)),
        )
        for (target, what), actions in sorted(groups.items(), key=lambda item: _place(item[0][0]))
    ]
    return (*listed, *_everything_else(meant), *caveats(meant))


def _place(target: ObjectOwner) -> int:
    return list(ObjectOwner).index(target)


class _Answer(NamedTuple):
    """The distinctive properties of a line.

    Attributes:
        effects: in each state, what can come of it, where that is not the same whatever is unknown.
    """

    works: Works
    enforcement: DeniedWithoutMfa
    effects: tuple[Possibilities, ...] = ()


def _answer_of(line: Line) -> _Answer:
    """Return a line's answer; enforcement does not matter for what works without MFA."""
    works, enforcement = line.works, line.enforcement
    matters = works in (Works.NOT_BY_THIS_POLICY, Works.ONLY_WITH_MFA)
    if works is Works.DEPENDS or (matters and enforcement is DeniedWithoutMfa.DEPENDS):
        return _Answer(works, enforcement, tuple(line.effects[state] for state in STATES))
    return _Answer(works, enforcement if matters else DeniedWithoutMfa.NOT_ENFORCED)


def _tells_something(line: Line, usual: set[_Answer], own: Mapping[str, Line]) -> bool:
    """Return whether a line differs from the line on everything else, and from the usual case."""
    if line.target in _VARIANTS:
        return _answer_of(line) != _answer_of(own[line.action])
    return usual != {_answer_of(line)}


def _said_of(line: Line, own: Mapping[str, Line]) -> Message:
    """Return the predicate of a line; a different one for a variant that only some users lose."""
    lost = line.target in _VARIANTS and own[line.action].works is not Works.NOT_BY_THIS_POLICY
    if lost and line.works is Works.NOT_BY_THIS_POLICY:
        return _NOT_FOR_ALL
    return _predicate(_answer_of(line))


def _predicate(answer: _Answer) -> Message:
    if answer.effects:
        return _depending(answer.effects)
    match answer.works:
        case Works.NOT_BY_THIS_POLICY:
            return _NOT_ALLOWED[answer.enforcement]
        case Works.ONLY_WITH_MFA if answer.enforcement is not DeniedWithoutMfa.ENFORCED:
            return _ONLY_NOT_ENFORCED
        case _:
            return _WORKS[answer.works]


def _depending(effects: Sequence[Possibilities]) -> Message:
    """Return the text on the possible results for each credential, and the keys they depend on."""
    key, console, mfa = (
        _EFFECTS[each.effects].filled(keys=_in_ticks(sorted(each.matters))) for each in effects
    )
    if len(set(effects)) == 1:
        return _ALIKE.filled(what=mfa)
    if effects[0] == effects[1]:
        return _BY_MFA.filled(without=key, mfa=mfa)
    return _BY_CREDENTIAL.filled(key=key, console=console, mfa=mfa)


def _loses_all(meant: Meaning, target: ObjectOwner) -> bool:
    """Return whether a variant is allowed nothing that the policy allows on own objects."""
    allowed = {
        line.action
        for line in meant.lines
        if line.target is ObjectOwner.OWN and line.works is not Works.NOT_BY_THIS_POLICY
    }
    variant = [line for line in meant.lines if line.target is target and line.action in allowed]
    return len(variant) > 1 and {line.works for line in variant} == {Works.NOT_BY_THIS_POLICY}


def _action_names(actions: Sequence[str], *, everything: bool) -> Message:
    names = ", ".join(dict.fromkeys(actions))
    return _EVERYTHING if everything else verbatim(names)


def _sentence(what: Message, target: ObjectOwner, names: Message) -> Message:
    whose = _TARGETS[target]
    return Message("{what} ({whose}): {names}").filled(what=what, whose=whose, names=names)


def _everything_else(meant: Meaning) -> list[Message]:
    answers: dict[_Answer, list[str]] = {}
    for line in meant.everything_else:
        answers.setdefault(_answer_of(line), []).append(line.action)
    texts = []
    for answer, actions in answers.items():
        silent = answer == (Works.NOT_BY_THIS_POLICY, DeniedWithoutMfa.NOT_ENFORCED, ())
        what = _SAYS_NOTHING if silent else _predicate(answer)
        names = f" ({', '.join(dict.fromkeys(actions))})" if len(answers) > 1 else ""
        texts.append(
            Message("{before}{names}: {what}").filled(before=_ELSE, names=names, what=what)
        )
    return texts


def caveats(meant: Meaning) -> tuple[Message, ...]:
    """Return the limits of the sentences: conditions not varied, actions not known."""
    texts = []
    if meant.untried:
        keys = ", ".join(f"`{key}`" for key in meant.untried)
        texts.append(
            Message(
                "Not varied: {keys}; the results are for a direct call just after sign-in"
            ).filled(keys=keys)
        )
    if meant.unknown:
        names = ", ".join(f"`{name}`" for name in meant.unknown)
        texts.append(
            Message("No such action in {dated}: {names}; IAM accepts it silently").filled(
                dated=meant.dated, names=names
            )
        )
    return tuple(texts)


_UNTRIED = Message("Not varied: {keys}. The results are for a direct call just after sign-in.")
_DEPENDS = Message("{cell}: depends on {keys}")
_UNASKED = Message("Also named, but not checked: {names}.")
_MATTERED = Message(
    "* AWS does not document this point; the result depends on the assumption `{name}`."
)


def notes(table: TruthTable) -> Iterator[Message]:
    """Yield the notes to a table, on cells that do not explain themselves."""
    cells = [cell for row in table.rows for cell in row.cells.values()]
    outcomes = {cell.outcome for cell in cells}
    yield from (text for outcome, text in LEGEND.items() if outcome in outcomes)
    for keys in table.dependencies:
        mark = Cell(TaskOutcome.CONDITIONAL, depends_on=keys)
        yield _DEPENDS.filled(cell=cell_text(mark, table), keys=_in_ticks(keys))
    for name in sorted({name for cell in cells for name in cell.assumptions}):
        yield _MATTERED.filled(name=name)
    if table.untried:
        yield _UNTRIED.filled(keys=_in_ticks(table.untried))
    if table.unasked:
        yield _UNASKED.filled(names=_in_ticks(table.unasked))


_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def cell_text(cell: Cell, table: TruthTable) -> Message:
    """Return the short text of a cell; letters distinguish the sets of keys.

    An asterisk marks that the outcome depends on an assumption.
    """
    text = OUTCOMES[cell.outcome]
    keys = table.dependencies
    if cell.depends_on and len(keys) > 1:
        place = keys.index(cell.depends_on)
        mark = _LETTERS[place] if place < len(_LETTERS) else str(place + 1)
        text = joined_messages((text, verbatim(mark)), en=" ", ja=" ")
    return joined_messages((text, verbatim("*")), en="", ja="") if cell.assumptions else text


def _in_ticks(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def summary_to_json(
    document: Document, found: Summary, meant: Iterable[Message]
) -> dict[str, object]:
    """Return the console's summary of a policy, and its full meaning, as JSON values."""
    return {
        "schema": "sekisho.policy-summary/1",
        "source": document.source,
        "catalogue": found.dated,
        "size": size(document),
        "comments": len(document.comments),
        "uncategorised": [_row_as_json(row) for row in found.uncategorised],
        "denied": [_row_as_json(row) for row in found.denied],
        "allowed": [_row_as_json(row) for row in found.allowed],
        "warnings": [
            {"kind": each.kind, "statement": each.statement, "about": list(each.subjects)}
            for each in found.warnings
        ],
        "meaning": [sentence.to_json() for sentence in meant],
    }


def _row_as_json(row: SummaryRow) -> dict[str, object]:
    return {
        "service": row.prefix,
        "shown": [cell.en for cell in row.cells],
        "fullAccess": row.levels.everything,
        "full": list(row.levels.full),
        "limited": list(row.levels.limited),
        "actions": dict(row.levels.counts),
    }
