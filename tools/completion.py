"""Write what shells complete, from the commands: `src/sekisho/cli/completion.json`.

    python tools/completion.py

To be run when a command or an option is added or changed; tests/cli/test_completion.py asks for it.
"""

import json
from typing import Any

import click

from sekisho.cli.completion import FILE
from sekisho.cli.group import LazyGroup
from sekisho.cli.main import PURPOSE, root
from sekisho.messages import Message

_FILES = {"FILE", "POLICY", "OLD", "NEW", "GOAL", "PLAN", "JOURNAL"}
"""What stands for a file in help."""


def completion_text() -> str:
    """Return the file's text."""
    return json.dumps(_command(root, PURPOSE), indent=1, ensure_ascii=False) + "\n"


def _command(command: click.Command, line: Message) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "help": {"en": line.en, "ja": line.ja},
        "parameters": [_parameter(each, click.Context(command)) for each in command.params],
    }
    if isinstance(command, LazyGroup):
        entry["commands"] = {
            name: _command(lazy.load(), lazy.line) for name, lazy in command.lazy.items()
        }
    return entry


def _parameter(parameter: click.Parameter, context: click.Context) -> dict[str, Any]:
    entry: dict[str, Any] = {}
    if isinstance(parameter, click.Option):
        on, off = "/".join(parameter.opts[-1:]), "/".join(parameter.secondary_opts)
        entry["option"] = [*parameter.opts[:-1], f"{on}/{off}" if off else on]
        said = Message(parameter.help or "")
        entry["help"] = {"en": said.en.partition(". ")[0], "ja": said.ja.partition("。")[0]}
        entry["values"] = 0 if parameter.is_flag or parameter.count else parameter.nargs
        if parameter.multiple:
            entry["repeated"] = True
    else:
        entry |= {"argument": parameter.name, "values": parameter.nargs}
    if isinstance(parameter.type, click.Choice):
        entry["choices"] = [str(each) for each in parameter.type.choices]
    elif _is_file(parameter, context):
        entry["file"] = True
    return entry


def _is_file(parameter: click.Parameter, context: click.Context) -> bool:
    if isinstance(parameter.type, click.Path | click.File):
        return True
    metavar = parameter.make_metavar(context).strip("[].")
    return "=" not in metavar and not _FILES.isdisjoint(metavar.removesuffix("...").split("|"))


if __name__ == "__main__":
    FILE.write_text(completion_text(), encoding="utf-8", newline="\n")
