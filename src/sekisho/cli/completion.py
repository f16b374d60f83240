"""What a shell completes: names of commands, options, choices and files, without any command.

The commands' modules take half a second to import, which nobody waits for after a key. So what is
completed is in `completion.json`, made of the commands by `tools/completion.py`; of that the same
click commands are built, without anything behind them.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from click.shell_completion import (
    CompletionItem,
    ShellComplete,
    add_completion_class,
    shell_complete,
)

from sekisho.cli.commands import COMMANDS
from sekisho.cli.exits import Exit
from sekisho.cli.help import LANG, SpokenCommand
from sekisho.messages import Language

FILE = Path(__file__).with_name("completion.json")
SHELLS = ("bash", "zsh", "fish", "powershell")
VARIABLE = "_SEKISHO_COMPLETE"
"""Is set by a shell that asks, as click has it."""

_PROGRAM = "sekisho"

_POWERSHELL = """\
Register-ArgumentCompleter -Native -CommandName %(prog_name)s -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = $commandAst.CommandElements |
        Where-Object { $_.Extent.EndOffset -le $cursorPosition } |
        ForEach-Object { if ($null -ne $_.Value) { $_.Value } else { $_.Extent.Text } }
    $env:%(complete_var)s = 'powershell_complete'
    $env:COMP_WORDS = $words -join "`n"
    $env:COMP_INCOMPLETE = $wordToComplete
    try {
        & $commandAst.CommandElements[0].Value | ForEach-Object {
            $value, $shown = $_ -split "`t", 2
            [System.Management.Automation.CompletionResult]::new(
                $value, $value, 'ParameterValue', $shown)
        }
    } finally {
        Remove-Item Env:%(complete_var)s, Env:COMP_WORDS, Env:COMP_INCOMPLETE -ErrorAction Ignore
    }
}
"""


@add_completion_class
class PowerShellComplete(ShellComplete):
    """Completes in PowerShell: of each line the value, a tab, and what is shown about it.

    Where nothing is printed, as for a file, PowerShell completes the names of files itself.
    """

    name = "powershell"
    source_template = _POWERSHELL

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the one that is being written, and that one."""
        incomplete = os.environ.get("COMP_INCOMPLETE", "")
        words = os.environ.get("COMP_WORDS", "").splitlines()[1:]
        if incomplete and words and words[-1] == incomplete:
            words.pop()
        return words, incomplete

    def format_completion(self, item: CompletionItem) -> str:
        """Return the line for one value; PowerShell wants something to show for each."""
        return f"{item.value}\t{item.help or item.value}"

    def complete(self) -> str:
        """Return the lines for all values but files."""
        found = self.get_completions(*self.get_completion_args())
        return "\n".join(self.format_completion(each) for each in found if each.type == "plain")


@click.command(cls=SpokenCommand)
@click.argument("shell", type=click.Choice(SHELLS))
@click.option("--lang", expose_value=False, **LANG)
def command(shell: str) -> Exit:
    """Print the script for completion in a shell: commands, options, choices and files.

    \b
    bash        sekisho completion bash > ~/.local/share/bash-completion/completions/sekisho
    zsh         sekisho completion zsh > ~/.zfunc/_sekisho    (a folder of $fpath)
    fish        sekisho completion fish > ~/.config/fish/completions/sekisho.fish
    powershell  sekisho completion powershell >> $PROFILE
    """  # noqa: D301 - click keeps the lines of what follows `\b`
    shell_complete(_sketch(Language.EN), {}, _PROGRAM, VARIABLE, f"{shell}_source")
    return Exit.CLEAN


def complete(instruction: str) -> int:
    """Answer a shell that asks, and return the exit code.

    Args:
        instruction: the value of `VARIABLE`, such as `bash_complete`.
    """
    root = _sketch(Language.of_environment())
    return shell_complete(root, {}, _PROGRAM, VARIABLE, instruction)


def _sketch(language: Language) -> click.Command:
    """Return the commands that are there with their options, and nothing behind them."""
    entry = json.loads(FILE.read_text(encoding="utf-8"))
    there = {name for name, each in COMMANDS.items() if each.is_there()}
    entry["commands"] = {name: each for name, each in entry["commands"].items() if name in there}
    return _command(_PROGRAM, entry, language)


class _InOrder(click.Group):
    """A group that offers its commands in the order of its help; click would sort them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names."""
        return list(self.commands)


def _command(name: str, entry: Mapping[str, Any], language: Language) -> click.Command:
    attributes: dict[str, Any] = {
        "name": name,
        "help": entry["help"][language],
        "params": [_parameter(each, language) for each in entry["parameters"]],
        "context_settings": {"help_option_names": ["-h", "--help"]},
    }
    if "commands" not in entry:
        return click.Command(**attributes)
    inner = {name: _command(name, each, language) for name, each in entry["commands"].items()}
    return _InOrder(commands=inner, **attributes)


def _parameter(entry: Mapping[str, Any], language: Language) -> click.Parameter:
    kind: click.ParamType[Any] = click.STRING
    if entry.get("file"):
        kind = click.Path()
    elif "choices" in entry:
        kind = click.Choice(entry["choices"])
    if "argument" in entry:
        return click.Argument([entry["argument"]], type=kind, nargs=entry["values"])
    described = entry["help"][language]
    if not entry["values"]:
        return click.Option(entry["option"], is_flag=True, help=described)
    # options that may be repeated are offered again
    return click.Option(
        entry["option"], type=kind, multiple=entry.get("repeated", False), help=described
    )
