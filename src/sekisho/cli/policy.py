"""`sekisho policy`: its commands, each a module that is imported when it is called."""

import importlib

import click

_COMMANDS = ("new", "summary", "lint", "diff")


class _Policy(click.Group):
    """The commands about one policy."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command = importlib.import_module(f"sekisho.cli.policy_{cmd_name}").command
        if not isinstance(command, click.Command):
            raise TypeError(f"sekisho.cli.policy_{cmd_name} has no click command")
        return command


@click.group(cls=_Policy)
def command() -> None:
    """Write a Force_MFA policy; show what the console says it does, and what it really does."""
