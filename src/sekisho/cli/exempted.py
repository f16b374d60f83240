"""Who is never touched, and who need not be enforced: options that several commands share."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from sekisho.audit.exceptions import Exceptions, load_exceptions

__all__ = ["break_glass_of", "break_glass_options", "exceptions_of"]

F = TypeVar("F", bound=Callable[..., Any])


def break_glass_options(function: F) -> F:
    """Add `--break-glass NAME` and `--exceptions FILE`."""
    names = click.option("--break-glass", metavar="NAME", multiple=True, help="Never touched.")
    file = click.option(
        "--exceptions", metavar="FILE", help="An exceptions file: its break-glass users, too."
    )
    return names(file(function))


def break_glass_of(given: dict[str, Any], exceptions: Exceptions) -> tuple[str, ...]:
    """Return the break-glass users that the options name, and those of the exceptions file."""
    return tuple(dict.fromkeys((*given["break_glass"], *exceptions.break_glass)))


def exceptions_of(given: dict[str, Any]) -> Exceptions:
    """Return the exceptions of the file that `--exceptions` names; none without it.

    It is read before the account, which takes long; then see by `Exceptions.check` that it fits.

    Raises:
        FaultyInput: if the exceptions file has faults.
    """
    path = given["exceptions"]
    return load_exceptions(path) if path else Exceptions()
