"""One answer to a property: a verdict, and the assumptions that it rests on.

A property is one question or several: it holds if no request answers any of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from sekisho.engine import Assumptions
from sekisho.engine.doubts import other_setting
from sekisho.prover import reasons
from sekisho.prover.ask import Asking, never
from sekisho.prover.formula import Question
from sekisho.prover.limits import Limit
from sekisho.prover.replay import replayed
from sekisho.prover.verdict import Counterexample, Proved, Refuted, Unknown, Verdict

__all__ = ["Answer", "agreed", "answer", "joined"]


@dataclass(frozen=True, slots=True)
class Answer:
    """A verdict and what it rests on.

    Attributes:
        verdict: what was found.
        assumed: the names of the assumptions under whose other setting the verdict is another one.
    """

    verdict: Verdict
    assumed: tuple[str, ...] = ()


def joined(verdicts: Sequence[Verdict]) -> Verdict:
    """Return the verdict on all together: a refutation before what is unknown before a proof."""
    for kind in (Refuted, Unknown):
        for verdict in verdicts:
            if isinstance(verdict, kind):
                return verdict
    return Proved()


def agreed(answers: Sequence[Answer]) -> Answer:
    """Return what holds whichever policies are in force; unknown where that makes a difference.

    Args:
        answers: to the same question, of the policies that allow most first. They differ in what
            the account's password policy allows.
    """
    verdicts = [each.verdict for each in answers]
    assumed = tuple(dict.fromkeys(name for each in answers for name in each.assumed))
    if len({type(each) for each in verdicts}) > 1:
        unknown = (each for each in verdicts if isinstance(each, Unknown))
        return Answer(next(unknown, Unknown(reasons.PASSWORD_POLICY)), assumed)
    first = verdicts[0]
    # what the most refuse all do, and what the least allow all do
    refused = isinstance(first, Refuted) and "allowed" not in first.counterexample.decisions
    return Answer(first if refused else verdicts[-1], assumed)


def answer(questions: Sequence[Question]) -> Answer:
    """Return whether no request answers any of some questions, and what that rests on.

    An assumption that no policy comes across cannot matter; for each other one it is asked again.

    Raises:
        FaultyPolicy: if a document cannot be read for certain.
    """
    found = [_asked(question) for question in questions]
    verdict = joined([each for each, _ in found])
    names = frozenset().union(*(asked for _, asked in found))
    asked = (field.name for field in fields(Assumptions) if field.name in names)
    return Answer(verdict, tuple(name for name in asked if _matters(name, questions, verdict)))


def _matters(name: str, questions: Sequence[Question], verdict: Verdict) -> bool:
    """Tell whether the verdict is another one under the other setting of one assumption."""
    others = [replace(each, assumptions=_flipped(each.assumptions, name)) for each in questions]
    if isinstance(verdict, Refuted) and any(
        _still(verdict.counterexample, each) for each in others
    ):
        return False
    return type(joined([never(each) for each in others])) is not type(verdict)


def _still(counterexample: Counterexample, question: Question) -> bool:
    """Tell whether a counterexample answers a question, too."""
    request, held = counterexample.request, counterexample.held
    return (
        held in question.held
        and replayed(question, held, request, exists=counterexample.exists) is not None
    )


def _asked(question: Question) -> tuple[Verdict, frozenset[str]]:
    """Return a verdict and the assumptions that the policies came across."""
    try:
        asking = Asking(question)
    except Limit as limit:
        return Unknown(limit.reason), frozenset()
    try:
        counterexample = asking.counterexample()
    except Limit as limit:
        return Unknown(limit.reason), frozenset(asking.doubts.asked)
    verdict = Proved() if counterexample is None else Refuted(counterexample)
    return verdict, frozenset(asking.doubts.asked)


def _flipped(assumptions: Assumptions, name: str) -> Assumptions:
    setting: dict[str, Any] = {name: other_setting(getattr(assumptions, name))}
    return replace(assumptions, **setting)
