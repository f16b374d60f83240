"""The problems and the meaning of a policy's text, as the console's pages show them.

Nothing is found out here: the reader and lint say what is wrong, `policy.summarise` what the
console computes, and `audit.meaning` what the policy really means.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import ClassVar

from sekisho import catalogue, policy
from sekisho.audit import Family, Finding, FindingId, Severity
from sekisho.audit.lint import Attachment, lint
from sekisho.audit.meaning import TruthTable, meaning, notes, sentences
from sekisho.errors import Fault, FaultyPolicy
from sekisho.lazy import dataclass
from sekisho.messages import Message, joined_messages
from sekisho.policy import Quota, Summary, SummaryRow

LONGEST = Quota.MANAGED_POLICY.number
"""Characters of a managed policy, by AWS's counting."""

_SOURCE = "policy"
_KEPT = 64
_MOST_ROWS = 20
"""So many rows of a summary are shown one by one."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One entry of the editor's list of problems.

    Attributes:
        refused: whether IAM would not save the text for it.
        said: what was seen; AWS's own text where AWS has one.
        line, column: where; 0 if it is about the whole.
    """

    id: str
    severity: Severity
    refused: bool
    title: Message
    said: Message
    fix: Message | None
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class CheckedText:
    """A text that was looked at.

    Attributes:
        size: its length by AWS's counting.
        gaps: what was not examined.
    """

    problems: tuple[Problem, ...]
    size: int
    gaps: tuple[Message, ...]

    @property
    def refused(self) -> tuple[Problem, ...]:
        """The problems for which IAM would not save the text."""
        return tuple(each for each in self.problems if each.refused)


@dataclass(frozen=True, slots=True)
class PolicyContent:
    """The content of a policy, as a page shows it.

    Attributes:
        summary: what the console computes.
        meant: what the policy really means, one sentence for each kind of answer; empty if it is
            longer than a managed policy of an account may be, and was not asked.
        faulty: why it could not be read; None if it could.
    """

    columns: ClassVar = policy.COLUMNS
    summary: Summary | None = None
    meant: tuple[Message, ...] = ()
    faulty: Message | None = None

    @property
    def sections(self) -> list[tuple[Message, int, list[list[SummaryRow]]]]:
        """The summary's sections: heading, number of rows, and the rows.

        Of many rows those that differ in the service only are together, most of them first.
        """
        found = () if self.summary is None else self.summary.sections
        return [(heading, len(rows), _together(rows)) for heading, rows in found]


@dataclass(frozen=True, slots=True)
class Truth:
    """The table of what each credential may do, and its notes."""

    table: TruthTable
    notes: tuple[Message, ...]


@lru_cache(maxsize=_KEPT)
def check_text(text: str, attachment: Attachment = Attachment.USER) -> CheckedText:
    """Return the faults of a text that is to be a policy, by default a managed one."""
    try:
        report = lint(text, attachment, source=_SOURCE, table=False)
    except FaultyPolicy as error:
        return CheckedText(tuple(map(_fault_problem, error.faults)), policy.size(text), ())
    found = sorted(map(_finding_problem, report.findings), key=_rank)
    return CheckedText(tuple(found), report.size, report.gaps)


@lru_cache(maxsize=_KEPT)
def content(text: str) -> PolicyContent:
    """Return the summary of a policy and the sentences about it, or its fault."""
    try:
        document = policy.parse(text, source=_SOURCE)
    except FaultyPolicy as error:
        return PolicyContent(faulty=error.reason)
    summary = policy.summarise(document, catalogue.load())
    if policy.size(text) > LONGEST:
        return PolicyContent(summary)
    try:
        return PolicyContent(summary, sentences(meaning(document)))
    except FaultyPolicy as error:
        return PolicyContent(summary, faulty=error.reason)


@lru_cache(maxsize=_KEPT)
def truth(text: str) -> Truth | None:
    """Return the tasks that each credential may do under a policy; None if not examined."""
    try:
        table = lint(text, Attachment.USER, source=_SOURCE).table
    except FaultyPolicy:
        return None
    return None if table is None else Truth(table, tuple(notes(table)))


def faults_text(faults: Iterable[Fault]) -> Message:
    """Return the fault of a field, for the line under it, without the field's name."""
    parts = []
    for each in faults:
        parts.append(each.message)
        parts += [each.fix] if each.fix is not None else []
    return joined_messages(parts, en="; ", ja="。")


def _together(rows: Sequence[SummaryRow]) -> list[list[SummaryRow]]:
    if len(rows) <= _MOST_ROWS:
        return [[each] for each in rows]
    alike: dict[tuple[Message, ...], list[SummaryRow]] = {}
    for each in rows:
        alike.setdefault(each.cells[1:], []).append(each)
    return sorted(alike.values(), key=len, reverse=True)


def _rank(problem: Problem) -> tuple[bool, int]:
    """Return the place of a problem: first what IAM refuses, then by severity."""
    return not problem.refused, list(Severity).index(problem.severity)


def _finding_problem(each: Finding) -> Problem:
    return Problem(
        id=str(each.id),
        severity=each.severity,
        refused=each.id.family is Family.SAVE and each.severity is Severity.ERROR,
        title=each.title,
        said=each.fact,
        fix=each.fix,
        line=each.place.position.line,
        column=each.place.position.column,
    )


def _fault_problem(fault: Fault) -> Problem:
    return Problem(
        id=str(fault.code),
        severity=Severity.ERROR,
        refused=True,
        title=FindingId.SAVE_SYNTAX.text.title,
        said=fault.message,
        fix=fault.fix,
        line=fault.line,
        column=fault.column,
    )
