"""Options by which somebody who knows says whose a password in doubt is."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import click

from sekisho.rollout.doubt import settle
from sekisho.rollout.kept import Kept

__all__ = ["say_whose", "settling_options"]

F = TypeVar("F", bound=Callable[..., Any])


def settling_options(function: F) -> F:
    """Add `--ours USER` and `--theirs USER`."""
    options = (
        click.option(
            "--ours",
            metavar="USER",
            multiple=True,
            help="A password in doubt was set by the run that died.",
        ),
        click.option(
            "--theirs",
            metavar="USER",
            multiple=True,
            help="A password in doubt was set by somebody else: it stays.",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def say_whose(kept: Kept, given: dict[str, Any]) -> None:
    """Write down what the options say.

    Raises:
        PlanRefused: if the journal belongs to another plan.
        UsageError: if a user's password is not in doubt.
    """
    settle(kept, given["ours"], given["theirs"], datetime.now(UTC))
