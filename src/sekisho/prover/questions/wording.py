"""The answers of a report in words: what each is said of, the answer, and what shows it."""

from collections.abc import Callable, Iterator

from sekisho.messages import Language, Message
from sekisho.prover.questions.enforced import (
    ENFORCEMENT,
    NOTHING_ALLOWED,
    Enforced,
    enforced_text,
)
from sekisho.prover.questions.sentences import call_text, granting_texts
from sekisho.prover.search.answers import QuestionAnswer
from sekisho.prover.search.verdict import Counterexample, Proved, Refuted, Unknown

Describe = Callable[[Counterexample, bool], Message]
"""Says a counterexample in words; the second: whether it shows what is refused."""
_DIRECT = Message("direct calls")
_SERVICE = Message("calls by AWS services for the user")
_EVERY = Message("all calls")
_CALLS = {"direct": _DIRECT, "service": _SERVICE, "all": _EVERY}
_SUBJECTS = {
    ENFORCEMENT: Message("MFA for {calls}"),
    NOTHING_ALLOWED: Message("without MFA as the policies are, for {calls}"),
}
"""What the words are said of, by the question."""
_WORDS = {
    ENFORCEMENT: (enforced_text(Enforced.PROVED), enforced_text(Enforced.REFUTED)),
    NOTHING_ALLOWED: (Message("nothing allowed"), Message("allowed", "verdict")),
}
_HOLDS = Message("holds")
_FAILS = Message("does not hold")
_WOULD_HOLD = Message("would hold")
_WOULD_FAIL = Message("would not hold")
_UNKNOWN = Message("unknown")
_QUESTION = Message("{title} ({calls})")
ONCE_ALLOWED = Message("{said}, once some policy allows it: nothing denies it")
RESTS = Message("rests on the assumption {names}")


def answer_title(line: QuestionAnswer) -> Message:
    """Say what `answer_word` is said of."""
    if line.id in _SUBJECTS:
        return _SUBJECTS[line.id].filled(calls=_CALLS[line.calls])
    return _QUESTION.filled(title=line.title, calls=_CALLS[line.calls])


def answer_word(line: QuestionAnswer) -> Message:
    """Say an answer in a word; of what AWS is not known to do, what would be."""
    words = _WORDS.get(line.id, (_HOLDS, _FAILS))
    if line.hypothetical and not line.counts:
        words = (_WOULD_HOLD, _WOULD_FAIL)
    match line.conclusion.verdict:
        case Proved():
            return words[0]
        case Refuted():
            return words[1]
        case Unknown():
            return _UNKNOWN


def answer_details(line: QuestionAnswer, describe: Describe, lang: Language) -> Iterator[str]:
    """Yield the request that shows an answer, or why there is none, and what it rests on."""
    verdict = line.conclusion.verdict
    if isinstance(verdict, Unknown):
        yield verdict.reason.into(lang)
    if isinstance(verdict, Refuted):
        found = verdict.counterexample
        said = call_text(found) if line.of_callers else describe(found, line.refused)
        said = ONCE_ALLOWED.filled(said=said) if line.later else said
        yield said.into(lang)
        granting = granting_texts(verdict.counterexample) if line.grants else ()
        yield from (text.into(lang) for text in granting)
    if line.conclusion.assumed:
        yield RESTS.filled(names=", ".join(line.conclusion.assumed)).into(lang)
