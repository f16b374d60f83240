"""The words of every finding, in one table."""

from collections.abc import Mapping

from sekisho.audit.findings import Finding, Place
from sekisho.audit.lint.ids import FindingId
from sekisho.audit.lint.wording import Words
from sekisho.audit.lint.words_analyzer import ANALYZER
from sekisho.audit.lint.words_enforcement import ENFORCEMENT
from sekisho.audit.lint.words_idle import IDLE
from sekisho.audit.lint.words_mfa import MFA_CONDITIONS
from sekisho.audit.lint.words_save import SAVE
from sekisho.messages import Message, verbatim
from sekisho.policy import Document, Position, Statement

__all__ = ["WORDS", "found", "place_in"]

WORDS: Mapping[FindingId, Words] = {**SAVE, **ANALYZER, **IDLE, **MFA_CONDITIONS, **ENFORCEMENT}
"""Every finding's words; a test sees that none is missing."""


def found(
    name: FindingId, place: Place, fact: Message | str, fix: Message | None = None
) -> Finding:
    """Return a finding with its words; `fix` replaces the usual one.

    A `fact` that reads the same in both languages, such as a name, is given as it is.
    """
    words = WORDS[name]
    seen = verbatim(fact) if isinstance(fact, str) else fact
    fixed = words.fix if fix is None else fix
    return Finding(name.value, words.severity, place, seen, words.title, words.cause, fixed)


def place_in(
    document: Document,
    statement: Statement | None,
    *,
    path: str = "",
    position: Position | None = None,
) -> Place:
    """Return a place in a statement, or in the document as a whole; `path` is inside of it."""
    if statement is None:
        return Place(document.source, path=path, position=position or Position())
    at = f"Statement[{statement.index}]" + (f".{path}" if path else "")
    where = position or statement.position
    return Place(document.source, statement.index, statement.sid, at, where)
