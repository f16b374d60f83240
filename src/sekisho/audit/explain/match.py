"""From a pasted text to the entries for it, or to none: it never guesses.

The entries are the table `messages/explanations.toml`; an unknown key in it is an error.
A text is recognised by a wording, or else by the AccessDenied text in it, or else by AWS's error
code. A text without these, which is also not a part of exactly one wording, is unknown; the most
similar entries are named as such. The result also exists as JSON values.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

from sekisho.audit.explain.denial import AccessDeniedText, denials, letters, tidy
from sekisho.engine.matching import glob
from sekisho.errors import InternalError, UsageError
from sekisho.lazy import dataclass
from sekisho.messages import Language, Message, joined_messages, table, verbatim
from sekisho.policy import KINDS, PolicyKind


@dataclass(frozen=True, slots=True)
class ErrorCause:
    """One possible cause of the error.

    Attributes:
        why: the cause.
        tell: how to tell that it is this cause and no other.
        fix: the advice.
        administrator: whether the fix needs an administrator.
        own: whether it only applies to the caller's own user or device name (False: only to
            others); None: to both.
    """

    why: Message
    tell: Message
    fix: Message
    administrator: bool
    own: bool | None = None


@dataclass(frozen=True, slots=True)
class Alike:
    """An error that is easily confused with this one.

    Attributes:
        id: the other entry.
        differs: how to tell the two apart.
    """

    id: str
    differs: Message


@dataclass(frozen=True, slots=True)
class Pattern:
    """The denials that an entry is about.

    Attributes:
        explicit: `explicit`, `implicit` or `unsaid`, any of these.
        kinds: the kinds of policy; None stands for a text that names none. Empty: any kind.
        actions: the actions. Empty: any.
        resource: wildcards for the resource's ARN in lower case; "" for any.
        caller: wildcards for the caller's ARN in lower case; "" for any.
    """

    explicit: tuple[bool | None, ...]
    kinds: tuple[PolicyKind | None, ...]
    actions: frozenset[str]
    resource: str
    caller: str

    def fits(self, denial: AccessDeniedText) -> bool:
        """Return whether `denial` is one of these."""
        return (
            denial.explicit in self.explicit
            and (not self.kinds or denial.kind in self.kinds)
            and (not self.actions or denial.action.lower() in self.actions)
            and (not self.resource or glob.like(self.resource, denial.resource.lower()))
            and (not self.caller or glob.like(self.caller, denial.user.lower()))
        )


@dataclass(frozen=True, slots=True)
class KnownError:
    """One kind of error.

    Attributes:
        id: stable, `subject.name`.
        source: where the wording is from.
        title: the meaning of the error.
        wordings: texts by which it is known; `…` stands for what differs each time.
        fragments: the letters of each wording between its gaps.
        codes: AWS's error codes, which tell less than a wording.
        denial: the denials it is about, or None.
        causes: in order of likelihood.
        alike: the entries with which it is confused.
    """

    id: str
    source: str
    title: Message
    wordings: tuple[str, ...]
    fragments: tuple[tuple[str, ...], ...]
    codes: tuple[str, ...]
    denial: Pattern | None
    causes: tuple[ErrorCause, ...]
    alike: tuple[Alike, ...]


@cache
def entries() -> tuple[KnownError, ...]:
    """Return all entries; for a denial, the first that fits counts."""
    return tuple(_entry(name, value) for name, value in table("explanations").items())


def entry(id_: str) -> KnownError:
    """Return one entry by its id."""
    found = next((each for each in entries() if each.id == id_), None)
    if found is None:
        raise InternalError(f"no entry `{id_}` among the errors that are explained")
    return found


def _entry(name: str, value: Mapping[str, Any]) -> KnownError:
    given = dict(value)
    denial = given.pop("denial", None)
    wordings = tuple(given.pop("wordings", ()))
    return KnownError(
        id=name,
        wordings=wordings,
        fragments=tuple(map(_fragments, wordings)),
        codes=tuple(map(letters, given.pop("codes", ()))),
        denial=None if denial is None else _pattern(**denial),
        causes=tuple(ErrorCause(**cause) for cause in given.pop("causes")),
        alike=tuple(Alike(**each) for each in given.pop("alike", ())),
        **given,
    )


def _fragments(wording: str) -> tuple[str, ...]:
    """Return the fixed parts of a wording; `tidy` would turn `…` into three dots."""
    return tuple(letters(tidy(part)) for part in wording.split("…"))


_EXPLICIT = {"explicit": True, "implicit": False, "unsaid": None}


def _pattern(
    says: Sequence[str],
    kinds: Sequence[str] = (),
    actions: Sequence[str] = (),
    resource: str = "",
    caller: str = "",
) -> Pattern:
    return Pattern(
        tuple(_EXPLICIT[each] for each in says),
        tuple(None if kind == "unnamed" else PolicyKind(kind) for kind in kinds),
        frozenset(action.lower() for action in actions),
        resource,
        caller,
    )


MOST_CHARACTERS = 131_072
"""The longest text that is read; an error is shorter."""

_FARTHEST = 400
"""The most letters that the gap of a wording may have."""
_LEAST_PART, _LEAST_JAPANESE = 14, 7
"""The fewest letters of a wording that must be present for the text to be recognised."""
_NEAREST = 3
_WORD = re.compile(r"[a-z0-9]{4,}|[ァ-ヺー]{2,}|[一-鿿]{2,}")
"""A word with a meaning of its own: Japanese grammar is in hiragana, English in short words."""
_COMMON = frozenset(
    re.findall(
        r"\S+",
        "also already another because been before being cannot could does doesn error errors "
        "failed from given have invalid must none only other should some something such than "
        "that their then there these they this those what when where which while will with "
        "without would your エラー",
    )
)
"""Words that do not help to identify an error."""


@dataclass(frozen=True, slots=True)
class ExplainedError:
    """An entry for the text, and the denial in the text, if any."""

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
    """Put a value in; half-width spaces are kept around Latin words only."""
    if not value.isascii():
        ja = re.sub(rf"(?<!:) ?{re.escape(place)} ?", lambda _: value, ja)
    return ja.replace(place, value)


def _values(denial: AccessDeniedText) -> Mapping[str, Message]:
    """Return the values in the denial, with words in place of those it does not have."""
    given = {
        "{action}": (denial.action, Message("the action")),
        "{resource}": (denial.resource, Message("the resource")),
        "{serial}": (denial.resource, verbatim("ARN")),
        "{name}": (denial.name, Message("NAME")),
        "{policy}": (denial.policy, Message("its ARN")),
    }
    return {place: verbatim(value) if value else unsaid for place, (value, unsaid) in given.items()}


@dataclass(frozen=True, slots=True)
class ErrorExplanation:
    """The explanation of a text.

    Attributes:
        answers: in the order of the text; empty if the text is not known.
        nearest: entries with similar words, if the text is not known.
    """

    answers: tuple[ExplainedError, ...]
    nearest: tuple[KnownError, ...] = ()


def explain(text: str) -> ErrorExplanation:
    """Explain a pasted error text, or the entry with this id.

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
    named = (ExplainedError(each) for each in entries() if each.id == text.strip(" \n`[]"))
    answers = (
        (*named,) or _by_wording(known) or _by_denial(plain) or _by_code(known) or _by_part(known)
    )
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
    """Return the span of a wording in a text: its fragments in order, and close together."""
    first = at = known.find(fragments[0])
    for before, fragment in pairwise(fragments):
        if at < 0:
            return None
        begin = at + len(before)
        at = known.find(fragment, begin, begin + len(fragment) + _FARTHEST)
    return (first, at + len(fragments[-1])) if at >= 0 else None


def _within_longer(span: tuple[int, int], others: Iterable[tuple[int, int]]) -> bool:
    """Return whether a longer wording, which is more exact, overlaps this one."""
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
    """Return the entry with a wording that the text is a part of, if there is only one."""
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
    """Yield the significant words; for a run of kanji, which may be several, each pair."""
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
        "schema": "sekisho.explain/1",
        "known": bool(explanation.answers),
        "answers": [_answer_to_json(answer, lang) for answer in explanation.answers],
        "nearest": [near.id for near in explanation.nearest],
    }


def _answer_to_json(answer: ExplainedError, lang: Language) -> dict[str, object]:
    def text_of(text: Message) -> str:
        return answer.filled(text).into(lang)

    def cause(value: ErrorCause) -> dict[str, object]:
        return {
            "why": text_of(value.why),
            "tell": text_of(value.tell),
            "remediation": text_of(value.fix),
            "administrator": value.administrator,
        }

    denial = answer.denial
    return {
        "id": answer.entry.id,
        "title": text_of(answer.entry.title),
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
        "alike": [{"id": each.id, "differs": text_of(each.differs)} for each in answer.entry.alike],
    }


def facts_read(answer: ExplainedError) -> tuple[tuple[Message, Message], ...]:
    """Return the facts that were read from the text, for the user to check."""
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
