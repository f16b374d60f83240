"""From a pasted text to the entries that it is about, or to none: never to a guess.

A text is known by a wording, or else by the AccessDenied text it holds, or else by AWS's error
code. What is none of these, and no part of exactly one wording, is unknown; the entries nearest to
it are named as such. The same is there as JSON values.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from sekisho.audit.explain.denial import AccessDeniedText, denials, letters, tidy
from sekisho.audit.explain.entries import ErrorCause, KnownError, entries
from sekisho.errors import UsageError
from sekisho.messages import Language, Message, joined_messages, verbatim
from sekisho.policy import KINDS

MOST_CHARACTERS = 131_072
"""The longest text that is read; an error is shorter."""

_FARTHEST = 400
"""How many letters may stand in the gap of a wording."""
_LEAST_PART, _LEAST_JAPANESE = 14, 7
"""How many letters of a wording must have been pasted, at the least, for it to be known."""
_NEAREST = 3
_WORD = re.compile(r"[a-z0-9]{4,}|[ァ-ヺー]{2,}|[一-鿿]{2,}")
"""A word that can mean something: Japanese grammar is written in hiragana, and English in short."""
_COMMON = frozenset(
    re.findall(
        r"\S+",
        "also already another because been before being cannot could does doesn error errors "
        "failed from given have invalid must none only other should some something such than "
        "that their then there these they this those what when where which while will with "
        "without would your エラー",
    )
)
"""Words that say nothing of what an error is about."""


@dataclass(frozen=True, slots=True)
class ExplainedError:
    """An entry that the text is about, and the denial that the text tells, if any."""

    entry: KnownError
    denial: AccessDeniedText | None = None

    @property
    def causes(self) -> tuple[ErrorCause, ...]:
        """The entry's causes, without those that the text rules out."""
        own = self.denial.own if self.denial else None
        return tuple(
            each for each in self.entry.causes if None in (own, each.own) or own is each.own
        )

    def filled(self, text: Message) -> Message:
        """Return a text of the entry with the action, resource and name of the denial put in."""
        en, ja = text.en, text.ja
        for place, value in _values(self.denial or AccessDeniedText()).items():
            en, ja = en.replace(place, value.en), _replaced(ja, place, value.ja)
        return Message.both(en, ja)


def _replaced(ja: str, place: str, value: str) -> str:
    """Put a value in; half-width spaces stand round Latin words only."""
    if not value.isascii():
        for spaced in (f" {place} ", f" {place}", f"{place} "):
            ja = ja.replace(spaced, value)
    return ja.replace(place, value)


def _values(denial: AccessDeniedText) -> Mapping[str, Message]:
    """Return what the denial says, and words for what it leaves unsaid."""
    given = {
        "{action}": (denial.action, Message("the action")),
        "{resource}": (denial.resource, Message("the resource")),
        "{name}": (denial.name, Message("NAME")),
        "{policy}": (denial.policy, Message("its ARN")),
    }
    return {place: verbatim(value) if value else unsaid for place, (value, unsaid) in given.items()}


@dataclass(frozen=True, slots=True)
class ErrorExplanation:
    """What a text is about.

    Attributes:
        answers: in the order of the text; empty if the text is not known.
        nearest: entries with similar words, if the text is not known.
    """

    answers: tuple[ExplainedError, ...]
    nearest: tuple[KnownError, ...] = ()


def explain(text: str) -> ErrorExplanation:
    """Explain an error text as people paste it.

    Raises:
        UsageError: if there is no text, or far too much.
    """
    if len(text) > MOST_CHARACTERS:
        raise UsageError(
            Message("a text of more than {most:,} characters").filled(most=MOST_CHARACTERS),
            fix=_FIX,
        )
    plain = tidy(text[:MOST_CHARACTERS])
    known = letters(plain)
    if not known:
        raise UsageError(Message("no error text was given"), fix=_FIX)
    answers = _by_wording(known) or _by_denial(plain) or _by_code(known) or _by_part(known)
    return ErrorExplanation(answers, () if answers else _nearest(plain))


_FIX = Message("paste the error message alone")


def _by_wording(known: str) -> tuple[ExplainedError, ...]:
    spans = {
        entry.id: max(found, key=lambda span: span[1] - span[0])
        for entry in entries()
        if (found := [span for each in entry.fragments if (span := _span(each, known))])
    }
    answers = [
        (spans[entry.id], ExplainedError(entry))
        for entry in entries()
        if entry.id in spans and not _within_longer(spans[entry.id], spans.values())
    ]
    return tuple(answer for _, answer in sorted(answers, key=lambda each: each[0]))


def _span(fragments: tuple[str, ...], known: str) -> tuple[int, int] | None:
    """Return where a wording stands in a text: its fragments in order, not far apart."""
    first = at = known.find(fragments[0])
    for before, fragment in pairwise(fragments):
        if at < 0:
            return None
        begin = at + len(before)
        at = known.find(fragment, begin, begin + len(fragment) + _FARTHEST)
    return (first, at + len(fragments[-1])) if at >= 0 else None


def _within_longer(span: tuple[int, int], others: Iterable[tuple[int, int]]) -> bool:
    """Tell whether a longer wording overlaps this one, and so says more exactly what it is."""
    start, end = span
    return any(
        other[0] < end and start < other[1] and other[1] - other[0] > end - start
        for other in others
    )


def _by_denial(plain: str) -> tuple[ExplainedError, ...]:
    answers: dict[tuple[str, str], ExplainedError] = {}
    for denial in denials(plain):
        entry = next((each for each in entries() if each.denial and each.denial.fits(denial)), None)
        if entry is not None:
            answers.setdefault((entry.id, denial.action), ExplainedError(entry, denial))
    return tuple(answers.values())


def _by_code(known: str) -> tuple[ExplainedError, ...]:
    return tuple(
        ExplainedError(entry) for entry in entries() if any(code in known for code in entry.codes)
    )


def _by_part(known: str) -> tuple[ExplainedError, ...]:
    """Return the entry of whose wording the text is a part, if it is of one entry only."""
    least = _LEAST_PART if known.isascii() else _LEAST_JAPANESE
    if len(known) < least:
        return ()
    found = [
        entry
        for entry in entries()
        if any(known in fragment for each in entry.fragments for fragment in each)
    ]
    return (ExplainedError(found[0]),) if len(found) == 1 else ()


def _words(text: str) -> Iterator[str]:
    """Yield the words that mean something; of a run of kanji, which may be several, each pair."""
    for word in _WORD.findall(text.lower()):
        if word[0] >= "一":
            yield from (word[at : at + 2] for at in range(len(word) - 1))
        elif word not in _COMMON:
            yield word


def _nearest(plain: str) -> tuple[KnownError, ...]:
    asked = set(_words(plain))
    scored = [(len(asked & _words_of(entry)), entry) for entry in entries()]
    near = sorted((each for each in scored if each[0]), key=lambda each: -each[0])
    return tuple(entry for _, entry in near[:_NEAREST])


def _words_of(entry: KnownError) -> set[str]:
    texts = (entry.title.en, entry.title.ja, *entry.wordings)
    return {word for text in texts for word in _words(text)} | set(entry.codes)


_READ = {
    "user": Message("Caller:"),
    "action": Message("Action:"),
    "resource": Message("Resource:"),
    "kind": Message("Refused by:"),
    "policy": Message("Policy:"),
}
_HOW = {
    True: Message("explicit deny"),
    False: Message("no policy of this kind allows it"),
}


def pasted_error_to_json(explanation: ErrorExplanation, lang: Language) -> dict[str, object]:
    """Return an explanation as JSON values, with its sentences in one language."""
    return {
        "known": bool(explanation.answers),
        "answers": [_answer_to_json(answer, lang) for answer in explanation.answers],
        "nearest": [near.id for near in explanation.nearest],
    }


def _answer_to_json(answer: ExplainedError, lang: Language) -> dict[str, object]:
    def said(text: Message) -> str:
        return answer.filled(text).into(lang)

    def cause(value: ErrorCause) -> dict[str, object]:
        return {
            "why": said(value.why),
            "tell": said(value.tell),
            "remediation": said(value.fix),
            "administrator": value.administrator,
        }

    denial = answer.denial
    return {
        "id": answer.entry.id,
        "title": said(answer.entry.title),
        "source": answer.entry.source,
        "read": denial
        and {
            "user": denial.user or None,
            "action": denial.action or None,
            "resource": denial.resource or None,
            "explicit": denial.explicit,
            "kind": denial.kind,
            "policy": denial.policy or None,
        },
        "causes": [cause(each) for each in answer.causes],
        "alike": [{"id": each.id, "differs": said(each.differs)} for each in answer.entry.alike],
    }


def facts_read(answer: ExplainedError) -> tuple[tuple[Message, Message], ...]:
    """Return the facts that were read from the text, for the reader to check."""
    denial = answer.denial
    if denial is None:
        return ()
    named = [KINDS[denial.kind]] if denial.kind else []
    how = [] if denial.explicit is None else [_HOW[denial.explicit]]
    values = {
        "user": verbatim(denial.user),
        "action": verbatim(denial.action),
        "resource": verbatim(denial.resource),
        "kind": joined_messages((*named, *how), en=", ", ja=", "),
        "policy": verbatim(denial.policy),
    }
    return tuple((_READ[name], value) for name, value in values.items() if value.en)
