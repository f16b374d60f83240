"""What is fuzzed: each target takes bytes, and raises only if sekisho breaks a promise.

An error of the tree of `sekisho.errors` is an answer; `InternalError`, any other exception, a
policy that does not survive printing, or a text that our reader takes and the standard library's
refuses, is a finding.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from sekisho.answer import responder
from sekisho.audit.explain import explain
from sekisho.audit.lint import Attachment, lint
from sekisho.engine import Decider, Decision, Engine
from sekisho.engine.compiled import CompiledDecider
from sekisho.engine.exchange.lines import answer
from sekisho.engine.exchange.questions import DecisionQuestion, Documents, read_question
from sekisho.errors import Code, FaultyPolicy, SekishoError, UsageError
from sekisho.policy import PolicyKind, parse, render
from sekisho.policy.nodes import Collector, ReadingStopped
from sekisho.policy.reader import read

__all__ = ["TARGETS", "BrokenPromise", "text_of"]

_KINDS = tuple(PolicyKind)
_ATTACHMENTS = tuple(Attachment)
_DOCUMENTS = Documents()
_RESPOND = responder(lambda: datetime(2026, 11, 27, 9, tzinfo=UTC))


class BrokenPromise(Exception):
    """Sekisho gave an answer that contradicts itself."""


def text_of(data: bytes) -> str:
    """Return any text for any bytes: UTF-8 (surrogates let through), UTF-16 or Latin-1."""
    for encoding in ("utf-8", "utf-16"):
        try:
            return data.decode(encoding, "surrogatepass")
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def fuzz_parse(data: bytes) -> None:
    """Parse a policy of any kind; what is taken must print to a text that means the same."""
    text = text_of(data)
    kind = _KINDS[len(text) % len(_KINDS)]
    try:
        document = parse(text, kind=kind)
    except FaultyPolicy as error:
        str(error)
        return
    printed = render(document)
    if render(parse(printed, kind=kind)) != printed:
        raise BrokenPromise("printing is not stable")


def fuzz_reader(data: bytes) -> None:
    """Read JSON with comments; without comments and faults it must be JSON to Python as well."""
    text = text_of(data)
    faults = Collector()
    try:
        _, comments = read(text, faults)
    except ReadingStopped:
        if not faults:
            raise BrokenPromise("the reader stopped and names no fault") from None
        return
    if not comments and not faults:
        # Python turns no integer of more than some thousand digits into a number
        json.loads(text, parse_int=str)


def fuzz_decide(data: bytes) -> None:
    """Answer one line of a batch, as AWS would; the answer is one line of JSON."""
    written = str(answer(data, _DOCUMENTS, respond=_RESPOND))
    value = json.loads(written)
    if "\n" in written or ("decision" in value) is ("error" in value):
        raise BrokenPromise("not one answer on one line")
    if value.get("error", {}).get("code") == "internal":
        raise BrokenPromise(value["error"]["message"])


def _outcome(decider: Decider, question: DecisionQuestion) -> Decision | Code:
    try:
        return decider.decide(question.request, question.policies)
    except SekishoError as error:
        return error.code


def fuzz_compiled(data: bytes) -> None:
    """Decide one line by the engine and compiled; both give the same decision or error."""
    try:
        value = json.loads(data)
        question = read_question(value, _DOCUMENTS) if isinstance(value, dict) else None
    except (ValueError, RecursionError, SekishoError):
        return
    if question is not None:
        plain = _outcome(Engine(question.assumptions), question)
        compiled = _outcome(CompiledDecider(question.assumptions), question)
        if plain != compiled:
            raise BrokenPromise(f"{plain} by the engine, {compiled} compiled")


def fuzz_lint(data: bytes) -> None:
    """Lint a policy as any kind of attachment."""
    text = text_of(data)
    try:
        report = lint(text, _ATTACHMENTS[len(text) % len(_ATTACHMENTS)])
    except FaultyPolicy as error:
        str(error)
        return
    for finding in report.findings:
        if not (finding.fact.en + finding.fact.ja).isprintable() or not finding.title.ja:
            raise BrokenPromise("a finding that cannot be shown on a line")


def fuzz_explain(data: bytes) -> None:
    """Explain an error text; it is known, or else nothing of it is."""
    try:
        explanation = explain(text_of(data))
    except UsageError:
        return
    if explanation.answers and explanation.nearest:
        raise BrokenPromise("known and unknown at once")
    for each in explanation.answers:
        shown = each.filled(each.entry.title)
        if not each.causes or not shown.ja.isprintable():
            raise BrokenPromise("an answer that cannot be shown")


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    "parse": fuzz_parse,
    "reader": fuzz_reader,
    "decide": fuzz_decide,
    "compiled": fuzz_compiled,
    "lint": fuzz_lint,
    "explain": fuzz_explain,
}
