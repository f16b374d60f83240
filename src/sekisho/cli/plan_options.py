"""A goal said by options: the same as a goal file says."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from sekisho.errors import UsageError
from sekisho.policy import Preset

__all__ = ["accepted", "goal_options", "raw_goal"]

_NAMES = ("preset", "policy", "name", "users", "groups", "everybody", "held", "group", "when")
_GOAL = (*_NAMES, "break_glass")

F = TypeVar("F", bound=Callable[..., Any])


def goal_options(function: F) -> F:
    """Add the options that say a goal."""
    presets = [preset.value for preset in Preset]
    options = (
        click.option("--preset", type=click.Choice(presets), help="Which Force_MFA policy."),
        click.option("--policy", metavar="FILE", help="A policy of your own in its place."),
        click.option("--name", metavar="NAME", help="The policy's name; Force_MFA if not given."),
        click.option("--user", "users", metavar="NAME", multiple=True, help="A user to gate."),
        click.option(
            "--members-of", "groups", metavar="GROUP", multiple=True, help="Gate its members."
        ),
        click.option("--all-users", "everybody", is_flag=True, help="Gate everybody."),
        click.option(
            "--with",
            "held",
            type=click.Choice(["password", "key", "device"]),
            multiple=True,
            help="Of those, only who holds this.",
        ),
        click.option(
            "--group", metavar="NAME", help="Gate through this user group; else user by user."
        ),
        click.option(
            "--when",
            type=click.Choice(["at-once", "after-password-change"]),
            help="Whether who has a temporary password is gated at once (default).",
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
            cure = "give one reason"
            raise UsageError(f"`--accept {text}`: `{identity}` stands twice", cure=cure)
        found[identity] = reason.strip()
    return found
