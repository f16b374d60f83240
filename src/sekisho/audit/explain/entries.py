"""What is known of errors: entries, each with its wordings, causes, look-alikes and fixes.

The entries are the table `messages/explanations.toml`; a key that is not known there is an error.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sekisho.audit.explain.denial import AccessDeniedText, letters, tidy
from sekisho.engine.matching import glob
from sekisho.errors import InternalError
from sekisho.messages import Message, table
from sekisho.policy import PolicyKind


@dataclass(frozen=True, slots=True)
class ErrorCause:
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

    def fits(self, denial: AccessDeniedText) -> bool:
        """Tell whether `denial` is one of these."""
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
    causes: tuple[ErrorCause, ...]
    alike: tuple[Alike, ...]


@cache
def entries() -> tuple[KnownError, ...]:
    """Return all entries; of denials, the one that fits first counts."""
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
    """Return what of a wording is always the same: `tidy` would turn `…` into three dots."""
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
