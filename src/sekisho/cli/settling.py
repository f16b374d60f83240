"""Options by which somebody who knows says whose a password in doubt is."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import click

from sekisho.account.api import AwsApi
from sekisho.rollout.applying.change_status import settle
from sekisho.rollout.applying.plan_file import Kept

__all__ = ["say_whose", "settling_options"]

F = TypeVar("F", bound=Callable[..., Any])


def settling_options(function: F) -> F:
    """Add `--ours USER` and `--theirs USER`."""
    options = (
        click.option(
            "--ours",
            metavar="USER",
            multiple=True,
            help="A password in doubt is nobody else's: set it anew, or take it back.",
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


def say_whose(kept: Kept, given: dict[str, Any], api: AwsApi) -> None:
    """Write down what the options say.

    Raises:
        PlanRefused: if the journal belongs to another plan.
        UsageError: if a user's password is not in doubt, or there is none.
        AwsRefused: if that cannot be read.
    """
    settle(kept, given["ours"], given["theirs"], api, datetime.now(UTC))
