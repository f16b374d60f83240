"""`sekisho explain`: an error text that people paste, or an id: cause, look-alikes, fix."""

import re
import sys
from collections.abc import Iterator, Mapping

import click

from sekisho.audit.explain import (
    MOST_CHARACTERS,
    ErrorExplanation,
    ExplainedError,
    ExplainedId,
    entries,
    entry,
    explain,
    explained_ids,
    explained_scenario,
    facts_read,
    id_by_words,
    id_in,
    pasted_error_to_json,
)
from sekisho.cli.exits import Exit
from sekisho.cli.group import words_of
from sekisho.cli.help import SpokenCommand
from sekisho.cli.next_action import ErrorExplained, next_action
from sekisho.cli.options import OutputFormat, format_option, lang_option
from sekisho.cli.quiet import quiet, quiet_option, show_next, verbose_option
from sekisho.cli.terminal import show_folded
from sekisho.documents import indented_json
from sekisho.errors import nearest
from sekisho.messages import IdKind, Language, Message, address_of

_UNKNOWN = Message("No known error matches this text.")
_NEAREST = Message("Similar errors:")
_NOTHING_NEAR = Message(
    "No similar error is known. Paste the whole text that AWS or sekisho printed, or an id."
)
_NO_ID = Message("`{name}` is not known here: no id, and no error text.")
_WHY = Message("Why:")
_EXAMPLE = Message("Example:")
_SURE = Message("How sure:")
_SOURCE = Message("Source:")
_TELL = Message("How to tell:")
_FIX = Message("What to do:")
_ADMINISTRATOR = Message("An administrator is needed.")
_YOURSELF = Message("You can do this yourself.")
_ALIKE = Message("Easily confused with:")
_ID = re.compile(r"[a-z][\w.-]*")
_MORE = Message("`-v` says how they differ.")


@click.command(cls=SpokenCommand)
@click.argument("text", nargs=-1, required=True)
@lang_option
@format_option
@verbose_option
@quiet_option
def command(text: tuple[str, ...], lang: Language, output: OutputFormat, *, verbose: bool) -> Exit:
    """Explain an error TEXT as it was pasted, or an ID that sekisho prints; `-`: standard input.

    IDs are those of findings, errors, a plan's problems and warnings, assumptions, and the
    questions and scenarios of `prove`, like `keys-in-use`; several are explained one by one.
    Nothing leaves this machine. Exit code 4 means that the error is not known; then only errors
    with similar words are named.
    """
    pasted = _stdin() if text == ("-",) else " ".join(text)
    explanation = explain(pasted)
    if len(text) > 1 and not explanation.answers and all(map(_ID.fullmatch, text)):
        several = {each: explained_ids().get(each) or explained_scenario(each) for each in text}
        if any(several.values()):
            return _show_ids(several, lang, output)
    name = pasted.strip(" \n`[]")
    found = explained_ids().get(name) or explained_scenario(name)
    if found is None and not explanation.answers:
        name = id_in(pasted) or id_by_words(pasted) or name
        found = explained_ids().get(name)
    if found is not None:
        return _show_ids({found.id: found}, lang, output)
    near = "" if explanation.answers else _nearest_id_command(name)
    match output:
        case OutputFormat.JSON:
            value = pasted_error_to_json(explanation, lang)
            click.echo(indented_json(value), nl=False)
        case OutputFormat.TEXT if near:
            show_folded([_NO_ID.filled(name=name).into(lang)])
            show_next(near, lang)
        case OutputFormat.TEXT:
            by_id = any(answer.entry.id == name for answer in explanation.answers)
            said = _lines(explanation, lang, verbose=verbose or by_id)
            show_folded(_verdicts(explanation, lang) if quiet() else said)
            show_next(next_action(_standing(explanation)), lang)
    return Exit.CLEAN if explanation.answers else Exit.UNKNOWN


def _show_ids(
    several: Mapping[str, ExplainedId | None], lang: Language, output: OutputFormat
) -> Exit:
    """Print the explanation of each id; one that is not known costs its own only."""
    match output:
        case OutputFormat.JSON:
            entries = [found and _entry(found, lang) for found in several.values()]
            value = {"schema": "sekisho.explain/1", "known": all(entries), "answers": []}
            shown = {"entries": entries} if len(several) > 1 else {"entry": entries[0]}
            click.echo(indented_json({**value, "nearest": [], **shown}), nl=False)
        case OutputFormat.TEXT:
            for number, (name, found) in enumerate(several.items()):
                if number and not quiet():
                    click.echo()
                unknown = [_NO_ID.filled(name=name).into(lang)]
                show_folded(unknown if found is None else _lines_of_id(found, lang))
    return Exit.CLEAN if all(several.values()) else Exit.UNKNOWN


def _texts(found: ExplainedId, lang: Language) -> dict[Message, str]:
    parts = {_WHY: found.cause, _EXAMPLE: found.example, _FIX: found.fix, _SURE: found.sure}
    return {heading: text.into(lang) for heading, text in parts.items() if text is not None}


def _entry(found: ExplainedId, lang: Language) -> dict[str, str]:
    keys = {_WHY: "why", _EXAMPLE: "example", _FIX: "remediation", _SURE: "sure"}
    texts = {keys[heading]: text for heading, text in _texts(found, lang).items()}
    return {"id": found.id, "kind": found.kind.value, "title": found.title.into(lang), **texts}


def _lines_of_id(found: ExplainedId, lang: Language) -> Iterator[str]:
    yield f"{found.title.into(lang)}  [{found.id}]"
    if not quiet():
        yield from (found.about.into(lang), "")
        for heading, text in _texts(found, lang).items():
            yield from (heading.into(lang), *(f"  {line}" for line in text.splitlines()))
        yield from _address(found.id, found.kind, lang)


def _address(name: str, kind: IdKind, lang: Language) -> Iterator[str]:
    if address := address_of(name, kind, lang):
        yield from ("", address)


def _nearest_id_command(name: str) -> str:
    """Return the command that explains the known id most similar to a word; "" if none is."""
    from sekisho.prover.scenarios import SCENARIOS  # noqa: PLC0415 - slow, for what is not known

    others = [*(each.id for each in entries()), *(each.id for each in SCENARIOS)]
    near = nearest(name, [*explained_ids(), *others], likeness=0.75)
    return f"sekisho explain {near}" if near else ""


def _stdin() -> str:
    # a character takes four bytes at the most; one more than is read shows that there is too much
    content = sys.stdin.buffer.read(4 * (MOST_CHARACTERS + 1))
    # what is not UTF-8 cannot be part of a wording, and does not hide the rest
    return content.decode("utf-8-sig", "replace")


def _known_by(answer: ExplainedError, lang: Language) -> Iterator[str]:
    """Yield one wording of an error, in the reader's language if there is one, and its source."""
    wordings = sorted(
        answer.entry.wordings,
        key=lambda text: text.replace("…", "").isascii() is not (lang is Language.EN),
    )
    yield from (f"  {_EXAMPLE.into(lang)} {each}" for each in wordings[:1])
    yield f"  {_SOURCE.into(lang)} {answer.entry.source}"


def _standing(explanation: ErrorExplanation) -> ErrorExplained:
    """Return the subject of the first answer that names a next step: a policy or a request."""
    of_policy, words = False, list[str]()
    for answer in explanation.answers:
        denial = answer.denial
        of_policy = answer.entry.id.startswith("policy.")
        if denial and denial.user and denial.action and denial.resource:
            words += words_of("--principal", denial.user)
            words += words_of("--action", denial.action)
            words += words_of("--resource", denial.resource)
        if of_policy or words:
            break
    administered = any(cause.administrator for each in explanation.answers for cause in each.causes)
    return ErrorExplained(of_policy, tuple(words), administered)


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
        yield from _address(answer.entry.id, IdKind.AWS_ERROR, lang)
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
    if verbose:
        yield from _known_by(answer, lang)
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
