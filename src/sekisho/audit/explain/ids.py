"""The meanings of ids that sekisho prints: findings, errors, problems, warnings, assumptions.

The texts are the tables `findings` and `entries`, of which the pages of docs/reference are made,
too. AWS's error texts are in `match`.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from sekisho.audit.finding import SEVERITIES, FindingId
from sekisho.lazy import dataclass
from sekisho.messages import IdKind, Message, joined_messages, table, verbatim


@dataclass(frozen=True, slots=True)
class ExplainedId:
    """An id and its explanation.

    Attributes:
        kind: the kind of the id.
        about: the same in words, with a finding's severity or an assumption's settings.
        title: the problem; for an assumption, the point that it decides.
        cause: why that is so; None if the title says it.
        example: statements of a policy, a command, or a sentence.
        fix: the advice.
        sure: how it is known.
    """

    id: str
    kind: IdKind
    about: Message
    title: Message
    cause: Message | None
    example: Message
    fix: Message
    sure: Message


_FINDING = Message("Finding (usually: {severity})")
_ERROR = Message("Error of sekisho")
_PROBLEM = Message("Problem of a plan")
_WARNING = Message("Warning of a plan")
_QUESTION = Message("Question of `prove`")
_ASSUMPTION = Message("Assumption (by default {default}; otherwise {other})")
_PERSON = Message("Scenario of `prove`: a person, who must get in")
_ATTACKER = Message("Scenario of `prove`: an attacker, who must be kept out")
_STEPS = Message(
    "Run `prove` with `-v`, as above: it shows each step, what refuses it, and what fixes it."
)
_SEARCHED = Message(
    "Every sequence of sign-in steps from the scenario's first state is searched. Where AWS "
    "documents nothing, an assumption is named."
)
_BEYOND = Message("An attack that no policy can stop is shown, and counts only with `--strict`.")
_TRY = Message(
    "Ask again with the other setting, as above. If the result stays the same, it does not rest on "
    "this."
)
_PYTHON_ALONE = Message(
    "No command sets it: a local AWS that is made in Python can have the other setting, as above."
)


@cache
def explained_ids() -> Mapping[str, ExplainedId]:
    """Return the entry of each id, in the order of the tables."""
    texts = table("entries")
    rows: list[tuple[str, IdKind, Message, Mapping[str, Any], str | Message]] = []
    for each in FindingId:
        said = {key: getattr(each.text, key) for key in ("title", "cause", "fix")}
        said["example"] = texts["examples"][each.value]
        about = _FINDING.filled(severity=SEVERITIES[each.text.severity])
        rows.append((each.value, IdKind.FINDING, about, said, each.family.value))
    rows += [(name, IdKind.ERROR, _ERROR, said, "error") for name, said in texts["errors"].items()]
    for name, said in texts["problems"].items():
        rows.append((name, IdKind.PROBLEM, _PROBLEM, said, said["sure"]))
    for name, said in texts["warnings"].items():
        rows.append((name, IdKind.WARNING, _WARNING, said, said["sure"]))
    for name, said in texts["questions"].items():
        rows.append((name, IdKind.QUESTION, _QUESTION, said, said["sure"]))
    for name, said in texts["assumptions"].items():
        fix = _TRY if said["example"].startswith("sekisho ") else _PYTHON_ALONE
        settings = {key: _code(said[key]) for key in ("default", "other")}
        about = _ASSUMPTION.filled(**settings)
        rows.append((name, IdKind.ASSUMPTION, about, {**said, "fix": fix}, "assumption"))
    return {row[0]: _entry(*row) for row in rows}


def explained_scenario(name: str) -> ExplainedId | None:
    """Return the entry of a scenario; None if no scenario has this id."""
    if not re.fullmatch(r"[a-z-]+", name):
        return None
    # most ids are no scenarios, and do not need the prover
    from sekisho.prover.scenarios import SCENARIOS, Actor  # noqa: PLC0415 - as above

    found = next((each for each in SCENARIOS if each.id == name), None)
    if found is None:
        return None
    return ExplainedId(
        name,
        IdKind.SCENARIO,
        _PERSON if found.actor is Actor.PERSON else _ATTACKER,
        found.title,
        found.beyond,
        verbatim("sekisho prove policy FILE --only people -v"),
        _STEPS,
        joined_messages([_SEARCHED, *([_BEYOND] if found.beyond else [])], en=" ", ja=""),
    )


def _entry(
    name: str, kind: IdKind, about: Message, said: Mapping[str, Any], sure: str | Message
) -> ExplainedId:
    title, cause = said.get("title", said["cause"]), said["cause"] if "title" in said else None
    known = sure if isinstance(sure, Message) else table("entries")["sure"][sure]
    example = said["example"] if isinstance(said["example"], Message) else verbatim(said["example"])
    return ExplainedId(name, kind, about, title, cause, example, said["fix"], known)


def _code(text: Message | str) -> Message:
    return text if isinstance(text, Message) else verbatim(f"`{text}`")


def id_in(text: str) -> str | None:
    """Return the id that a text is, begins with, or has in brackets."""
    begins = re.match(r"\s*(?:sekisho: )?[`\[]?([a-z][\w.-]*)[`\]]?(?:\s*$|[:=])", text)
    named = re.search(r"\[([a-z]+\.[a-z0-9.-]+)\]", text)
    found = (each[1] for each in (begins, named) if each)
    return next((name for name in found if name in explained_ids()), None)


def id_by_words(text: str) -> str | None:
    """Return the id for which a text has a common wording; of several, the longest."""
    said = _joined(text)
    found = (
        (len(phrase), name)
        for name, entry in table("entries")["warnings"].items()
        if "words" in entry
        for words in (entry["words"].en, entry["words"].ja)
        for phrase in map(_joined, words.split(","))
        if phrase in said
    )
    return max(found, default=(0, None))[1]


def _joined(text: str) -> str:
    """Return a text without white space and case, which Japanese writers use freely."""
    return "".join(text.split()).casefold()
