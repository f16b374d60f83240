"""`sekisho policy diff --kind`: who gets what by one policy with principals and not by another."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial

import click

from sekisho.catalogue import load
from sekisho.cli.exits import Exit
from sekisho.cli.next_action import PoliciesDiffer, next_action
from sekisho.cli.options import OutputFormat
from sekisho.cli.policy.diff_items import (
    MORE_OF_DIFFERENCE,
    DiffPrinting,
    difference_text,
    items_lines,
    new_access_text,
)
from sekisho.cli.policy_files import read_attached, refuse_stdin_twice
from sekisho.cli.prove.output import exit_of, settings_text
from sekisho.cli.prove.trust import KINDS
from sekisho.documents import indented_json
from sekisho.engine import Assumptions
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.policy import PolicyKind
from sekisho.prover import (
    GRANTS_ASSUMED,
    SERVICE_EXEMPT,
    GrantDifference,
    Proved,
    Refuted,
    Side,
    Unknown,
    Verdict,
    call_text,
    combine_verdicts,
    difference_of_grants,
    new_grant_text,
    no_new_grants,
    verdict_text,
)
from sekisho.prover.questions import (
    beyond_to_json,
    changed_settings,
    counterexample_of,
    counterexample_to_json,
    items_to_json,
)


class ComparedAs(StrEnum):
    """What the two policies are."""

    IDENTITY = "identity"
    RESOURCE = "resource"
    TRUST = "trust"


_AS_KIND: Mapping[ComparedAs, PolicyKind] = {
    ComparedAs.RESOURCE: PolicyKind.RESOURCE,
    ComparedAs.TRUST: PolicyKind.TRUST,
}
_ALLOWS = Message("Only {file} allows {who}:")
_DENIES = Message("Only {file} denies {who}:")
_WHO = Message("{principal} ({kind})")
_NAMELESS = Message("principals that are not named ({kind})")
_SAME = Message("Both decide the same for everybody.")
_NOT_KNOWN = Message("Whether both decide the same for everybody could not be decided.")
_SUCH_AS = Message("such as: {counterexample}")
_UNLISTED = Message("other differences could not be listed: {reason}")


def diff_grants(
    files: tuple[str, str],
    compared: ComparedAs,
    assumptions: Assumptions,
    *,
    no_new_access: bool,
) -> "GrantsOutput | NewGrantsOutput":
    """Return how two policies with principals differ, to be printed.

    Raises:
        FaultyInput: if a file cannot be read, or is no such policy.
    """
    refuse_stdin_twice(files)
    kind = _AS_KIND[compared]
    old, new = read_attached(files, kind)
    asked = (old, new, kind, datetime.now(UTC), assumptions)
    if no_new_access:
        return NewGrantsOutput(files, compared, no_new_grants(*asked), assumptions)
    return GrantsOutput(files, compared, difference_of_grants(*asked), assumptions)


@dataclass(frozen=True, slots=True)
class NewGrantsOutput:
    """Whether the second of two policies allows more, in the formats in which it is printed."""

    files: tuple[str, str]
    compared: ComparedAs
    new: Verdict
    assumptions: Assumptions

    def exit(self, *, exit_zero: bool) -> Exit:
        """Return the exit code: whether anything is new."""
        return _exit_of(self.new, exit_zero=exit_zero)

    def print(self, printing: DiffPrinting) -> None:
        """Print it."""
        match printing.output:
            case OutputFormat.JSON:
                click.echo(indented_json(self._as_json()), nl=False)
            case OutputFormat.TEXT:
                lines = [*self._lines(printing), *_notes(self.assumptions, printing)]
                differ = PoliciesDiffer(self.compared.value, self.files[1:], listed=False)
                printing.show(lines, "" if isinstance(self.new, Proved) else next_action(differ))

    def _lines(self, printing: DiffPrinting) -> Iterator[str]:
        yield new_access_text(self.new, *self.files).into(printing.lang)
        if isinstance(self.new, Refuted):
            yield f"  {new_grant_text(self.new.counterexample).into(printing.lang)}"

    def _as_json(self) -> dict[str, object]:
        new = self.new
        shown = new.counterexample if isinstance(new, Refuted) else None
        return {
            "schema": "sekisho.no-new-access/1",
            "catalogue": load().dated,
            "serviceExempt": list(SERVICE_EXEMPT),
            "verdict": type(new).__name__,
            "counterexample": None if shown is None else counterexample_to_json(shown),
            **beyond_to_json(new),
            "reason": new.reason.en if isinstance(new, Unknown) else None,
            "assumptionsSet": changed_settings(self.assumptions),
            "assumptions": [text.en for text in GRANTS_ASSUMED],
        }


class GrantsOutput:
    """How two policies differ, in the formats in which it is printed.

    Args:
        files: the two policies.
        compared: what they are.
        differences: who gets more or less, and what is not known.
        assumptions: under which.
    """

    def __init__(
        self,
        files: tuple[str, str],
        compared: ComparedAs,
        differences: tuple[Sequence[GrantDifference], Sequence[Unknown]],
        assumptions: Assumptions,
    ) -> None:
        self._files = files
        self._compared = compared
        self._found, self._unknown = found, unknown = differences
        self._assumptions = assumptions
        self._new = combine_verdicts([*(each.new_access for each in found), *unknown])
        self._lost = combine_verdicts([*(each.lost_access for each in found), *unknown])

    def exit(self, *, exit_zero: bool) -> Exit:
        """Return the exit code: what differs at all."""
        verdicts = (self._new, self._lost)
        if any(isinstance(each, Unknown) for each in verdicts):
            return Exit.UNKNOWN
        return _exit_of(combine_verdicts(verdicts), exit_zero=exit_zero)

    def print(self, printing: DiffPrinting) -> None:
        """Print it."""
        match printing.output:
            case OutputFormat.JSON:
                click.echo(indented_json(self._as_json()), nl=False)
            case OutputFormat.TEXT:
                lines = [*self._lines(printing), *_notes(self._assumptions, printing)]
                differ = PoliciesDiffer(self._compared.value, self._files[1:])
                same = not self._found and not self._unknown
                printing.show(lines, "" if same else next_action(differ))

    def _lines(self, printing: DiffPrinting) -> Iterator[str]:
        lang = printing.lang
        old, new = self._files
        yield self._verdict().filled(old=old, new=new).into(lang)
        for each in self._found:
            yield from self._of_caller(each, printing)
        if self._unknown:
            yield ""
        yield from (verdict_text(each).into(lang) for each in self._unknown)

    def _verdict(self) -> Message:
        """Say how they differ; what one of them denies, the other allows more of."""
        if self._unknown or isinstance(combine_verdicts((self._new, self._lost)), Unknown):
            return _NOT_KNOWN
        gained, lost = (isinstance(each, Refuted) for each in (self._new, self._lost))
        return difference_text(gained=gained, lost=lost) or _SAME

    def _of_caller(self, each: GrantDifference, printing: DiffPrinting) -> Iterator[str]:
        named = _WHO if each.principal else _NAMELESS
        who = named.filled(principal=each.principal, kind=KINDS[each.kind])
        old, new = self._files
        for frame, file, side in (
            (_ALLOWS, old, each.allowed.only_in_old),
            (_ALLOWS, new, each.allowed.only_in_new),
            (_DENIES, old, each.denied.only_in_old),
            (_DENIES, new, each.denied.only_in_new),
        ):
            lines = [*_side_lines(side, printing, denied=frame is _DENIES)]
            if lines:
                yield from ("", frame.filled(file=file, who=who).into(printing.lang))
                yield from lines

    def _as_json(self) -> dict[str, object]:
        return {
            "schema": "sekisho.grants-diff/1",
            "catalogue": load().dated,
            "serviceExempt": list(SERVICE_EXEMPT),
            "callers": [
                {
                    "principal": each.principal or None,
                    "kind": each.kind.name.lower(),
                    "arn": each.arn,
                    "onlyOldAllows": _side_as_json(each.allowed.only_in_old),
                    "onlyNewAllows": _side_as_json(each.allowed.only_in_new),
                    "onlyOldDenies": _side_as_json(each.denied.only_in_old),
                    "onlyNewDenies": _side_as_json(each.denied.only_in_new),
                }
                for each in self._found
            ],
            "unknown": [each.reason.en for each in self._unknown],
            "assumptionsSet": changed_settings(self._assumptions),
            "assumptions": [text.en for text in GRANTS_ASSUMED],
        }


def _exit_of(verdict: Verdict, *, exit_zero: bool) -> Exit:
    return Exit.CLEAN if isinstance(verdict, Refuted) and exit_zero else exit_of(verdict)


def _notes(assumptions: Assumptions, printing: DiffPrinting) -> Iterator[str]:
    """Yield the assumptions of an answer, after an empty line."""
    rests = GRANTS_ASSUMED if printing.verbose else (MORE_OF_DIFFERENCE,)
    if settings := settings_text(changed_settings(assumptions)):
        rests = (settings, *rests)
    yield from ("", *(text.into(printing.lang) for text in rests))


def _side_lines(side: Side | Unknown, printing: DiffPrinting, *, denied: bool) -> Iterator[str]:
    lang = printing.lang
    if isinstance(side, Unknown):
        yield f"  {verdict_text(side).into(lang)}"
        return
    if side.counterexample is not None and not side.items:
        shown = call_text(side.counterexample, denied=denied)
        yield f"  {_SUCH_AS.filled(counterexample=shown).into(lang)}"
    if side.unlisted is not None:
        yield f"  {_UNLISTED.filled(reason=side.unlisted).into(lang)}"
    yield from items_lines(side.items, printing, partial(call_text, denied=denied))


def _side_as_json(side: Side | Unknown) -> dict[str, object]:
    return {
        "counterexample": counterexample_of(side),
        **beyond_to_json(side),
        "items": items_to_json(side),
        "unknown": side.reason.en if isinstance(side, Unknown) else None,
    }
