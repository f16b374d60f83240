"""What is known of errors: entries, each with its wordings, causes, look-alikes and fixes.

The entries are data (`data/*.json`); a key that is not known there is an error.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from sekisho.audit.explain.denial import Denial
from sekisho.audit.explain.normal import letters, tidy
from sekisho.engine.glob import like
from sekisho.errors import InternalError
from sekisho.messages import Message
from sekisho.policy import PolicyKind

__all__ = ["Alike", "Cause", "Entry", "Pattern", "entries", "entry"]

_FILES = ("messages", "denials", "policies")


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing that leads to the error.

    Attributes:
        why: what is the case.
        tell: how to tell that it is this cause and no other.
        fix: what to do.
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
    """An error that is easily taken for this one.

    Attributes:
        id: the other entry.
        differs: how to tell the two apart.
    """

    id: str
    differs: Message


@dataclass(frozen=True, slots=True)
class Pattern:
    """Which denials an entry is about.

    Attributes:
        explicit: `explicit`, `implicit` or `unsaid`, any of these.
        kinds: the kinds of policy; None stands for a text that names none. Empty: any kind.
        actions: the actions. Empty: any.
        resource: wildcards for the resource's ARN in lower case; "" for any.
        caller: likewise for the caller's ARN.
    """

    explicit: tuple[bool | None, ...]
    kinds: tuple[PolicyKind | None, ...]
    actions: frozenset[str]
    resource: str
    caller: str

    def fits(self, denial: Denial) -> bool:
        """Tell whether `denial` is one of these."""
        return (
            denial.explicit in self.explicit
            and (not self.kinds or denial.kind in self.kinds)
            and (not self.actions or denial.action.lower() in self.actions)
            and (not self.resource or like(self.resource, denial.resource.lower()))
            and (not self.caller or like(self.caller, denial.user.lower()))
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """One kind of error.

    Attributes:
        id: stable, `subject.name`.
        source: where the wording is from.
        title: what the error means.
        wordings: texts by which it is known; `…` stands for what differs each time.
        fragments: the letters of each wording between its gaps.
        codes: AWS's error codes, which tell less than a wording.
        denial: the denials it is about, or None.
        causes: in order of likelihood.
        alike: what it is mistaken for.
    """

    id: str
    source: str
    title: Message
    wordings: tuple[str, ...]
    fragments: tuple[tuple[str, ...], ...]
    codes: tuple[str, ...]
    denial: Pattern | None
    causes: tuple[Cause, ...]
    alike: tuple[Alike, ...]


@cache
def entries() -> tuple[Entry, ...]:
    """Return all entries; of denials, the one that fits first counts."""
    folder = files("sekisho.audit.explain") / "data"
    texts = [(folder / f"{name}.json").read_text(encoding="utf-8") for name in _FILES]
    return tuple(_entry(value) for text in texts for value in json.loads(text))


def entry(id_: str) -> Entry:
    """Return one entry by its id."""
    found = next((each for each in entries() if each.id == id_), None)
    if found is None:
        raise InternalError(f"no entry `{id_}` among the errors that are explained")
    return found


def _entry(value: Mapping[str, object]) -> Entry:
    given = _checked(
        value, ("id", "source", "title", "wordings", "codes", "denial", "causes", "alike")
    )
    wordings = tuple(map(str, _list(given.get("wordings"))))
    return Entry(
        str(given["id"]),
        str(given["source"]),
        _text(given["title"]),
        wordings,
        tuple(map(_fragments, wordings)),
        tuple(letters(str(code)) for code in _list(given.get("codes"))),
        _pattern(given["denial"]) if "denial" in given else None,
        tuple(_cause(cause) for cause in _list(given["causes"])),
        tuple(_alike(each) for each in _list(given.get("alike"))),
    )


def _checked(value: object, keys: Sequence[str]) -> Mapping[str, object]:
    if not isinstance(value, dict) or not set(value) <= set(keys):
        raise InternalError(f"an entry of the explained errors with other keys than {keys}")
    return value


def _list(value: object) -> list[object]:
    if value is not None and not isinstance(value, list):
        raise InternalError("a list is missing in an entry of the explained errors")
    return value or []


def _text(value: object) -> Message:
    given = _checked(value, ("en", "ja"))
    return Message.both(str(given["en"]), str(given["ja"]))


def _fragments(wording: str) -> tuple[str, ...]:
    """Return what of a wording is always the same: `tidy` would turn `…` into three dots."""
    return tuple(letters(tidy(part)) for part in wording.split("…"))


def _cause(value: object) -> Cause:
    given = _checked(value, ("why", "tell", "fix", "administrator", "own"))
    own = {"own": True, "others": False, "any": None}[str(given.get("own", "any"))]
    why, tell, fix = (_text(given[name]) for name in ("why", "tell", "fix"))
    return Cause(why, tell, fix, given["administrator"] is True, own)


def _alike(value: object) -> Alike:
    given = _checked(value, ("id", "differs"))
    return Alike(str(given["id"]), _text(given["differs"]))


_EXPLICIT = {"explicit": True, "implicit": False, "unsaid": None}


def _pattern(value: object) -> Pattern:
    given = _checked(value, ("says", "kinds", "actions", "resource", "caller"))
    kinds = [None if kind is None else PolicyKind(str(kind)) for kind in _list(given.get("kinds"))]
    return Pattern(
        tuple(_EXPLICIT[str(each)] for each in _list(given["says"])),
        tuple(kinds),
        frozenset(str(action).lower() for action in _list(given.get("actions"))),
        str(given.get("resource", "")),
        str(given.get("caller", "")),
    )
