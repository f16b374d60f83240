"""What `sekisho decide` says of one request: the answer, why, and what to ask next."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import click

from sekisho.answer import (
    Answer,
    AnswerEffect,
    JointAnswer,
    Presence,
    additions,
    answer_to_json,
    heading,
    joint_heading,
    joint_to_json,
    oddities,
)
from sekisho.cli.group import typed_again
from sekisho.cli.options import OutputFormat
from sekisho.cli.quiet import quiet, show_next
from sekisho.cli.terminal import show_folded
from sekisho.documents import indented_json
from sekisho.engine import Assumptions, Cause, Explanation, explain
from sekisho.engine.exchange import assumption_text, explanation_to_json, location_of, reasons
from sekisho.messages import Language, Message, verbatim
from sekisho.policy import KINDS

_CAUSE = Message("  {kind}  {place}")
_MORE = Message("`-v` has what was added to the request, and what is without effect.")
_MFA = "aws:MultiFactorAuthPresent"
_DENIED = (AnswerEffect.IMPLICITLY_DENIED, AnswerEffect.EXPLICITLY_DENIED)


@dataclass(frozen=True, slots=True)
class AnswerPrinting:
    """How an answer is printed.

    Attributes:
        lang: the language of text.
        output: the form.
        verbose: whether text says everything.
    """

    lang: Language
    output: OutputFormat
    verbose: bool


def show_answer(answer: Answer, printed: AnswerPrinting, explaining: Assumptions | None) -> None:
    """Print an answer, and why it is so if that is asked."""
    match printed.output:
        case OutputFormat.JSON:
            value = {**answer_to_json(answer), **_why_as_json(answer, explaining)}
            click.echo(indented_json(value), nl=False)
        case OutputFormat.TEXT:
            lines = [*_lines(answer, _why(answer, explaining), printed)]
            if not printed.verbose and any(additions(answer)):
                lines.append(_MORE)
            _show(lines, _next(answer, explaining), printed.lang)


def show_joint(joint: JointAnswer, printed: AnswerPrinting, explaining: Assumptions | None) -> None:
    """Print the answer about several resources, and why each is as it is if that is asked."""
    if printed.output is OutputFormat.JSON:
        value = joint_to_json(joint, lambda part: _why_as_json(part, explaining))
        click.echo(indented_json(value), nl=False)
        return
    lines = [*joint_heading(joint)]
    for part in joint.parts:
        lines += [
            *([verbatim("")] if lines else []),
            *_lines(part, _why(part, explaining), printed),
        ]
    if not printed.verbose and any(any(additions(part)) for part in joint.parts):
        lines += [verbatim(""), _MORE]
    _show(
        lines,
        next(filter(None, (_next(each, explaining) for each in joint.parts)), ""),
        printed.lang,
    )


def _show(lines: list[Message], after: str, lang: Language) -> None:
    # the first line is the verdict
    show_folded(line.into(lang) for line in islice(lines, 1 if quiet() else None))
    show_next(after, lang)


def _next(answer: Answer, explaining: Assumptions | None) -> str:
    """Return the command that asks further: with MFA if that may change it, or why it is denied."""
    for one in answer.missing:
        if one.could_change and one.presence is Presence.CREDENTIAL and one.key == _MFA:
            return typed_again("--context", f"{_MFA}=true")
    if explaining is None and answer.effect in _DENIED and answer.denied_requirement is None:
        return typed_again("--explain")
    return ""


def _explained(answer: Answer, assumptions: Assumptions | None) -> Explanation | None:
    """Return why the policies decide as they do; None where it is not they, or nobody asks."""
    by_others = answer.by_policies is None and answer.effect is not AnswerEffect.UNKNOWN
    if assumptions is None or by_others:
        return None
    return explain(answer.request, answer.policies, assumptions)


def _why(answer: Answer, explaining: Assumptions | None) -> tuple[Message, ...]:
    explanation = _explained(answer, explaining)
    return reasons(explanation) if explanation else ()


def _why_as_json(answer: Answer, explaining: Assumptions | None) -> dict[str, object]:
    found = _explained(answer, explaining)
    return {} if explaining is None else {"explanation": found and explanation_to_json(found)}


def _lines(answer: Answer, why: tuple[Message, ...], printed: AnswerPrinting) -> Iterator[Message]:
    yield from heading(answer)
    if not why:
        yield from map(_cause, answer.because)
    yield from map(assumption_text, answer.assumed)
    yield from oddities(answer)
    if printed.verbose:
        yield from additions(answer)
    yield from why


def _cause(cause: Cause) -> Message:
    return _CAUSE.filled(kind=KINDS[cause.kind], place=location_of(cause))
