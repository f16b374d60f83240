"""A goal said by options: the same as a goal file says."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

import click

from sekisho.errors import FaultyInput, UsageError
from sekisho.policy import Preset

__all__ = ["SAYS", "accepted", "goal_options", "raw_goal", "said_by"]

_NAMES = ("preset", "policy", "name", "users", "groups", "everybody", "held", "group", "when")
_GOAL = (*_NAMES, "break_glass")
_INDEX = re.compile(r"\[\d+\]")

SAYS = {
    "policy": "--policy",
    "policy.preset": "--preset",
    "policy.name": "--name",
    "who.user": "--user",
    "who.group": "--members-of",
    "who.all": "--all-users",
    "who.with": "--with",
    "users": "--user",
    "group": "--group",
    "when": "--when",
    "breakGlass": "--break-glass",
    "break_glass": "--break-glass",
}
"""Which option says a part of a goal, by its path in a goal file and in a goal, without indices."""

F = TypeVar("F", bound=Callable[..., Any])


def goal_options(function: F) -> F:
    """Add the options that say a goal."""
    presets = [preset.value for preset in Preset]
    options = (
        click.option("--preset", type=click.Choice(presets), help="Which Force_MFA policy."),
        click.option("--policy", metavar="FILE", help="A policy of your own in its place."),
        click.option("--name", metavar="NAME", help="The policy's name; Force_MFA if not given."),
        click.option(
            "--user", "users", metavar="NAME", multiple=True, help="A user to enforce MFA for."
        ),
        click.option(
            "--members-of",
            "groups",
            metavar="GROUP",
            multiple=True,
            help="Enforce MFA for its members.",
        ),
        click.option("--all-users", "everybody", is_flag=True, help="Enforce MFA for everybody."),
        click.option(
            "--with",
            "held",
            type=click.Choice(["password", "key", "device"]),
            multiple=True,
            help="Of those, only who holds this.",
        ),
        click.option(
            "--group",
            metavar="NAME",
            help="Enforce MFA through this user group; else user by user.",
        ),
        click.option(
            "--when",
            type=click.Choice(["at-once", "after-password-change"]),
            help="Whether who has a temporary password is enforced at once (default).",
        ),
        click.option("--break-glass", metavar="NAME", multiple=True, help="Never touched."),
    )
    for option in reversed(options):
        function = option(function)
    return function


def raw_goal(given: dict[str, Any]) -> dict[str, object] | None:
    """Return the goal that the options say, as a goal file has it; None if they say none."""
    if not any(given[name] for name in _GOAL):
        return None
    held = {"with": list(given["held"])} if given["held"] else {}
    who: list[dict[str, object]] = [{"user": name, **held} for name in given["users"]]
    who += [{"group": name, **held} for name in given["groups"]]
    who += [{"all": True, **held}] if given["everybody"] else []
    policy = {"preset": given["preset"], "file": given["policy"], "name": given["name"]}
    return {
        "policy": {key: value for key, value in policy.items() if value},
        "group": given["group"],
        "when": given["when"],
        "who": who,
        "breakGlass": list(given["break_glass"]),
    }


@contextmanager
def said_by(options: Mapping[str, str], *sources: str) -> Iterator[None]:
    """Name the option, and no path in a goal, where something is wrong with what it says.

    Args:
        options: the option by the path of what it says; what is below that path is its, too.
        sources: what errors call the goal.

    Raises:
        FaultyInput: as it comes from within, about `options` in place of any of the sources.
    """
    try:
        yield
    except FaultyInput as error:
        if not options or error.source not in sources:
            raise
        faults = [replace(each, path=_option(each.path, options)) for each in error.faults]
        raise FaultyInput("options", faults) from None


def _option(path: str, options: Mapping[str, str]) -> str:
    whole = _INDEX.sub("", path)
    above = (whole.rsplit(".", cut)[0] for cut in range(whole.count(".") + 1))
    return next((options[each] for each in above if each in options), path)


def accepted(texts: tuple[str, ...]) -> dict[str, str]:
    """Return what is accepted, and why.

    Raises:
        UsageError: if a text is not `ID=REASON`, or an id stands twice.
    """
    found: dict[str, str] = {}
    for text in texts:
        identity, _, reason = text.partition("=")
        if not identity or not reason.strip():
            raise UsageError(f"`--accept {text}` is not of the form `ID=REASON`")
        if identity in found:
            fix = "give one reason"
            raise UsageError(f"`--accept {text}`: `{identity}` stands twice", fix=fix)
        found[identity] = reason.strip()
    return found
