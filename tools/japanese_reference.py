"""Write the Japanese reference of commands and findings from what the program itself says.

    python tools/japanese_reference.py

The English pages are written by hand and say more; their order and sections are used here. The
texts are those of `--lang ja --help` and of the messages' tables, with docs/_site/reference.ja.toml
round them.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator
from inspect import cleandoc
from pathlib import Path

import click

from sekisho.cli.help import examples_of
from sekisho.cli.main import root
from sekisho.messages import Language, Message, table

DOCS = Path(__file__).parents[1] / "docs"
WRITTEN = tomllib.loads((DOCS / "_site" / "reference.ja.toml").read_text(encoding="utf-8"))
COMMANDS, FINDINGS = WRITTEN["commands"], WRITTEN["findings"]
SEVERITIES = {
    "error": Message("error"),
    "warning": Message("warning"),
    "note": Message("note"),
}


def pages() -> dict[str, str]:
    """Return the text of each page that is made here, by its name below docs/ja/reference."""
    return {"commands.md": _commands_page(), "findings.md": _findings_page()}


def _commands_page() -> str:
    return "\n\n".join([COMMANDS["beginning"].strip(), *_described(root, "sekisho")]) + "\n"


def _described(command: click.Command, path: str) -> Iterator[str]:
    """Yield the parts of a command's section, then those of its commands'."""
    context = click.Context(command, info_name=path)
    yield f"## `{path}`"
    paragraphs = cleandoc(command.help or "").split("\n\n")
    yield from _paragraphs(Message("\n\n".join(paragraphs)).ja)
    arguments = [each for each in command.params if isinstance(each, click.Argument)]
    if arguments:
        yield COMMANDS["arguments"] + _listed(each.make_metavar(context) for each in arguments)
    options = [each for each in command.params if isinstance(each, click.Option)]
    if options:
        yield "\n".join([COMMANDS["head"].strip(), *map(_row, options)])
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is None:
                raise LookupError(f"{path} {name}")
            yield from _described(inner, f"{path} {name}")
    else:
        lines = [
            f"# {each.purpose.into(Language.JA)}\n{each.line}"
            for each in examples_of(path.partition(" ")[2])
        ]
        yield "\n".join([COMMANDS["examples"], "", "```text", "\n\n".join(lines), "```"])


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in text.split("\n\n"):
        lines = paragraph.split("\n")
        if lines[0] == "\b":
            yield "\n".join(["```text", *lines[1:], "```"])
        else:
            yield _plain("\n".join(lines))


def _plain(text: str) -> str:
    """Return text in which nothing but code is Markdown."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(
        part if part.startswith("`") else re.sub(r"([*<\[\]|])", r"\\\1", part) for part in parts
    )


def _cell(text: str) -> str:
    return _plain(" ".join(text.split())).replace("|", "\\|").replace("\\\\|", "\\|")


def _row(option: click.Option) -> str:
    names = [*sorted(option.opts, key=len, reverse=True), *option.secondary_opts]
    said = [_cell(Message(option.help or "").ja)]
    if isinstance(option.type, click.Choice):
        said.append(COMMANDS["values"].format(_listed(option.type.choices)))
    if option.show_default and not option.is_flag and isinstance(option.default, str | int):
        said.append(COMMANDS["default"].format(f"{Message('default: ').ja}`{option.default}`"))
    if option.multiple:
        said.append(COMMANDS["multiple"])
    return f"| {_listed(names)} | {' '.join(said)} |"


def _listed(names: Iterable[str]) -> str:
    return str(COMMANDS["comma"]).join(f"`{name}`" for name in names)


def _findings_page() -> str:
    english = (DOCS / "reference" / "findings.md").read_text(encoding="utf-8")
    findings = table("findings")
    parts = [FINDINGS["beginning"].strip()]
    for written, original in zip(FINDINGS["sections"], english.split("\n## ")[1:], strict=True):
        rows = [
            _finding(f"{family}.{name}", findings[family][name])
            for family, name in re.findall(r"(?m)^\| `([a-z]+)\.([a-z.0-9-]+)`", original)
        ]
        parts += [written.strip(), "\n".join([FINDINGS["head"].strip(), *rows])]
    return "\n\n".join(parts) + "\n"


def _finding(name: str, found: dict[str, Message | str]) -> str:
    texts = [found[key] for key in ("title", "cause", "fix")]
    cells = [_cell(each.ja) for each in texts if isinstance(each, Message)]
    return f"| `{name}` | {SEVERITIES[str(found['severity'])].ja} | {' | '.join(cells)} |"


if __name__ == "__main__":
    for name, text in pages().items():
        (DOCS / "ja" / "reference" / name).write_text(text, encoding="utf-8")
