"""The help rail: what this page of the rehearsal shows, and what comes next, on two paths."""

from enum import StrEnum
from functools import cache
from string import Formatter
from typing import Any

from sekisho.lazy import dataclass
from sekisho.messages import Message, table
from sekisho.web.site import term, text


class RailPath(StrEnum):
    """The two paths of the rail."""

    ADMINISTRATOR = "administrator"
    EMPLOYEE = "employee"


@dataclass(frozen=True, slots=True)
class RailStep:
    """One step of a path.

    Attributes:
        pages: the addresses that it is about.
        mfa: whether it is for sessions with MFA or without; None: for both, and before a sign-in.
        title, shows, next: what it is, what the page shows, what is to be done next.
    """

    id: str
    pages: tuple[str, ...]
    mfa: bool | None
    title: Message
    shows: Message
    next: Message

    def fits(self, page: str, *, mfa: bool) -> bool:
        """Tell whether it is about the page with this address."""
        return page in self.pages and self.mfa in (None, mfa)


@cache
def steps(path: RailPath) -> tuple[RailStep, ...]:
    """Return the steps of a path, in order."""
    return tuple(map(_step, table("rail")[path.value]))


def step_at(path: RailPath, page: str, *, mfa: bool) -> RailStep | None:
    """Return the step that a page belongs to, or None.

    Args:
        path: whose path.
        page: the address without its query.
        mfa: whether the session was signed in with MFA.
    """
    return next((each for each in steps(path) if each.fits(page, mfa=mfa)), None)


def _step(given: dict[str, Any]) -> RailStep:
    return RailStep(
        id=given["id"],
        pages=tuple(given["pages"]),
        mfa={"with-mfa": True, "without-mfa": False}.get(given.get("when", "")),
        title=given["title"],
        shows=_with_terms(given["shows"]),
        next=_with_terms(given["next"]),
    )


def _with_terms(said: Message) -> Message:
    names = {name for _, name, _, _ in Formatter().parse(said.english) if name}
    return (
        said.filled(**{name: text("rail.word", word=term(name)) for name in names})
        if names
        else said
    )
