"""The help rail: what a page of the rehearsal shows, and what comes next, on two paths.

The administrator's path follows the objects that exist, however they were created. Once the policy
applies to a new user, the rail says whom to be next; from there on its steps are the employee's,
and it ends when that user has signed in with MFA and seen a bucket.
"""

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from string import Formatter
from typing import Any

from sekisho.lazy import dataclass
from sekisho.messages import Message, table
from sekisho.web.console.rehearsal import Rehearsal
from sekisho.web.site import term, text


class RailPath(StrEnum):
    """The two paths of the rail."""

    ADMINISTRATOR = "administrator"
    EMPLOYEE = "employee"


class Milestone(StrEnum):
    """What is reached on the administrator's path, in this order."""

    POLICY = "policy"
    GROUP = "group"
    USER = "user"
    COVERED = "covered"
    DEVICE = "device"
    MFA = "mfa"
    BUCKET = "bucket"


Reached = Mapping[Milestone, str]
"""The milestones that are reached, each with the name of what or who has reached it."""


@dataclass(frozen=True, slots=True)
class RailStep:
    """One step of a path.

    Attributes:
        pages: the addresses that it is about.
        mfa: whether it is for sessions with MFA or without; None: for both, and before a sign-in.
        after: the milestone after which it is one, or None.
        towards: the milestones for which its `next` is the way; None: whichever comes next.
        title, shows, next: what it is, what the page shows, what is to be done next.
    """

    id: str
    pages: tuple[str, ...]
    mfa: bool | None
    after: Milestone | None
    towards: frozenset[Milestone] | None
    title: Message
    shows: Message
    next: Message | None

    def fits(self, page: str, *, mfa: bool, reached: Reached) -> bool:
        """Tell whether it is about the page with this address, at this point of the path."""
        here = page in self.pages and self.mfa in (None, mfa)
        return here and (self.after is None or self.after in reached)


@dataclass(frozen=True, slots=True)
class Rail:
    """What the help rail shows.

    Attributes:
        path: whose steps they are.
        step: that of the page, or None.
        shows, next: its texts, with names; None where there is nothing to be said.
        milestones: the title of each, and the name of what has reached it, or "".
    """

    path: RailPath
    step: RailStep | None
    shows: Message | None
    next: Message | None
    milestones: tuple[tuple[Message, str], ...]

    @property
    def steps(self) -> tuple[RailStep, ...]:
        """All steps of the path."""
        return steps(self.path)


@cache
def steps(path: RailPath) -> tuple[RailStep, ...]:
    """Return the steps of a path, in order."""
    return tuple(map(_step, table("rail")[path.value]))


def step_at(
    path: RailPath, page: str, *, mfa: bool, reached: Reached | None = None
) -> RailStep | None:
    """Return the step that a page belongs to, or None.

    Args:
        path: whose path.
        page: the address without its query.
        mfa: whether the session was signed in with MFA.
        reached: what has been reached; nothing if None.
    """
    done = reached or {}
    found = [each for each in steps(path) if each.fits(page, mfa=mfa, reached=done)]
    # one for after a milestone stands in for another
    return next((each for each in found if each.after), found[0] if found else None)


def rail_at(chosen: RailPath, place: Rehearsal, page: str, user: str, *, mfa: bool) -> Rail:
    """Return the rail's content for a page.

    Args:
        chosen: which of the two paths was chosen.
        place: the rehearsal.
        page: the address without its query.
        user: who is signed in or about to be; "" if nobody is.
        mfa: whether the session was signed in with MFA.
    """
    on_the_way = chosen is RailPath.ADMINISTRATOR
    reached = _reached_by_administrator(place) if on_the_way else _reached_by_user(place, user)
    employee = not on_the_way or user not in ("", place.administrator or user)
    path = RailPath.EMPLOYEE if employee else RailPath.ADMINISTRATOR
    step = step_at(path, page, mfa=mfa, reached=reached)
    missing = next((each for each in Milestone if each not in reached), None)
    own = step is not None and (step.towards is None or missing in step.towards)
    following = step.next if step is not None and own else None
    known = table("rail")["milestones"]
    if following is None and missing is not None and not employee:
        following = known[missing.value]["next"]
    who = user if employee else reached.get(Milestone.USER, "")
    return Rail(
        path,
        step,
        _with_names(step.shows, who) if step is not None else None,
        _with_names(following, who) if following is not None else None,
        tuple((known[each.value]["title"], reached.get(each, "")) for each in Milestone)
        if on_the_way
        else (),
    )


def _reached_by_administrator(place: Rehearsal) -> Reached:
    added = place.local.added(place.prepared)
    names = {
        Milestone.POLICY: added.policies,
        Milestone.GROUP: added.groups,
        Milestone.USER: added.covered or added.users,
        Milestone.COVERED: added.covered,
        Milestone.DEVICE: tuple(filter(place.local.has_device, added.users)),
        Milestone.MFA: tuple(each for each in added.users if each in place.with_mfa),
        Milestone.BUCKET: tuple(each for each in added.users if each in place.at_bucket),
    }
    return {each: of[-1] for each, of in names.items() if of}


def _reached_by_user(place: Rehearsal, user: str) -> Reached:
    there = {Milestone.MFA: place.with_mfa, Milestone.BUCKET: place.at_bucket}
    reached = {each: user for each, users in there.items() if user in users}
    return {**reached, Milestone.DEVICE: user} if place.local.has_device(user) else reached


def _step(given: dict[str, Any]) -> RailStep:
    towards = given.get("towards")
    return RailStep(
        id=given["id"],
        pages=tuple(given["pages"]),
        mfa={"with-mfa": True, "without-mfa": False}.get(given.get("when", "")),
        after=Milestone(given["after"]) if "after" in given else None,
        towards=None if towards is None else frozenset(map(Milestone, towards)),
        title=given["title"],
        shows=given["shows"],
        next=given.get("next"),
    )


def _with_names(said: Message, user: str) -> Message:
    """Return a text with the console's words and the user's name in its places."""
    names = {name for _, name, _, _ in Formatter().parse(said.english) if name}
    words = {name: text("rail.word", word=term(name)) for name in names - {"user"}}
    return said.filled(user=user, **words) if names else said
