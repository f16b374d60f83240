"""A command by the name that one types, for tests in process: wherever its module is."""

import click

from sekisho.cli.main import root


def command_of(*names: str) -> click.Command:
    command: click.Command = root
    for name in names:
        assert isinstance(command, click.Group)
        found = command.get_command(click.Context(command), name)
        assert found is not None, names
        command = found
    return command
