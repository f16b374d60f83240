"""Groups of commands: listed without importing any of them.

Reads `sekisho.cli.group` itself, because the table of commands has no mistake in it.
"""

import click
import pytest

from sekisho.cli.group import Lazy, LazyGroup
from sekisho.messages import Message


def test_what_is_no_command_is_a_bug() -> None:
    group = LazyGroup("g", lazy={"exits": Lazy(Message("exits"), "cli.exits", "Exit")})
    with pytest.raises(TypeError, match="no click command"):
        group.get_command(click.Context(group), "exits")
