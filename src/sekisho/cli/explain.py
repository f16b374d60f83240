"""`sekisho explain`: an error text that people paste: cause, look-alikes, fix."""

import shlex
import sys
from collections.abc import Iterator

import click

from sekisho.audit.explain import (
    MOST_CHARACTERS,
    ErrorExplanation,
    ExplainedError,
    entry,
    explain,
    facts_read,
    pasted_error_to_json,
)
from sekisho.cli.exits import Exit
from sekisho.cli.help import SpokenCommand
from sekisho.cli.options import OutputFormat, format_option, lang_option
from sekisho.cli.quiet import quiet, quiet_option, show_next, verbose_option
from sekisho.cli.terminal import show_folded
from sekisho.documents import indented_json
from sekisho.messages import Language, Message

_UNKNOWN = Message("This error is not known here; what follows is no explanation of it.")
_NEAREST = Message("Errors with similar words:")
_NOTHING_NEAR = Message("No known error has similar words.")
_TELL = Message("How to tell:")
_FIX = Message("What to do:")
_ADMINISTRATOR = Message("An administrator is needed.")
_YOURSELF = Message("You can do this yourself.")
_ALIKE = Message("Easily confused with:")
_MORE = Message("`-v` says how they differ.")


@click.command(cls=SpokenCommand)
@click.argument("text", nargs=-1, required=True)
@lang_option
@format_option
@verbose_option
@quiet_option
def command(text: tuple[str, ...], lang: Language, output: OutputFormat, *, verbose: bool) -> Exit:
    """Explain an error TEXT as it was pasted, or `-` for standard input.

    Nothing leaves this machine. Exit code 4 means that the error is not known; then only errors
    with similar words are named.
    """
    explanation = explain(_stdin() if text == ("-",) else " ".join(text))
    match output:
        case OutputFormat.JSON:
            value = pasted_error_to_json(explanation, lang)
            click.echo(indented_json(value), nl=False)
        case OutputFormat.TEXT:
            said = _lines(explanation, lang, verbose=verbose)
            show_folded(_verdicts(explanation, lang) if quiet() else said)
            show_next(_next(explanation), lang)
    return Exit.CLEAN if explanation.answers else Exit.UNKNOWN


def _stdin() -> str:
    # a character takes four bytes at the most; one more than is read shows that there is too much
    content = sys.stdin.buffer.read(4 * (MOST_CHARACTERS + 1))
    # what is not UTF-8 cannot be part of a wording, and does not hide the rest
    return content.decode("utf-8-sig", "replace")


def _next(explanation: ErrorExplanation) -> str:
    """Return the command that looks closer at what the error names; "" if there is none.

    `POLICY` in it is the policy that was refused, or the user's.
    """
    for answer in explanation.answers:
        denial = answer.denial
        if answer.entry.id.startswith("policy."):
            return "sekisho policy lint POLICY"
        if denial and denial.user and denial.action and denial.resource:
            asked = {"principal": denial.user, "action": denial.action, "resource": denial.resource}
            words = (f"--{name} {shlex.quote(value)}" for name, value in asked.items())
            return " ".join(["sekisho decide", *words, "--policy POLICY --explain"])
    administered = any(cause.administrator for each in explanation.answers for cause in each.causes)
    return "sekisho audit" if administered else ""


def _verdicts(explanation: ErrorExplanation, lang: Language) -> Iterator[str]:
    """Yield which error it may be, or that it is not known."""
    if not explanation.answers:
        yield _UNKNOWN.into(lang)
    for answer in explanation.answers:
        yield _title(answer, lang)


def _title(answer: ExplainedError, lang: Language) -> str:
    return f"{answer.filled(answer.entry.title).into(lang)}  [{answer.entry.id}]"


def _lines(explanation: ErrorExplanation, lang: Language, *, verbose: bool) -> Iterator[str]:
    for number, answer in enumerate(explanation.answers):
        yield from ([""] if number else [])
        yield from _answer(answer, lang, verbose=verbose)
    if explanation.answers:
        return
    yield _UNKNOWN.into(lang)
    yield (_NEAREST if explanation.nearest else _NOTHING_NEAR).into(lang)
    for near in explanation.nearest:
        yield f"  {ExplainedError(near).filled(near.title).into(lang)}  [{near.id}]"


def _answer(answer: ExplainedError, lang: Language, *, verbose: bool) -> Iterator[str]:
    yield _title(answer, lang)
    for name, value in facts_read(answer):
        yield f"  {name.into(lang)} {value.into(lang)}"
    for number, cause in enumerate(answer.causes, start=1):
        yield ""
        yield f"{number}. {answer.filled(cause.why).into(lang)}"
        yield f"    {_TELL.into(lang)} {answer.filled(cause.tell).into(lang)}"
        yield f"    {_FIX.into(lang)} {answer.filled(cause.fix).into(lang)}"
        yield f"    {(_ADMINISTRATOR if cause.administrator else _YOURSELF).into(lang)}"
    if answer.entry.alike:
        yield ""
        yield _ALIKE.into(lang)
    for similar in answer.entry.alike:
        title = ExplainedError(entry(similar.id)).filled(entry(similar.id).title).into(lang)
        yield f"  {title}  [{similar.id}]"
        if verbose:
            yield f"    {similar.differs.into(lang)}"
    if answer.entry.alike and not verbose:
        yield f"  {_MORE.into(lang)}"
