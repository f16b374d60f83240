"""Write the reference that the program says itself: ids in both languages, commands in Japanese.

    python tools/japanese_reference.py

The English page of commands is written by hand and says more. The texts are those of `--lang ja
--help` and of the messages' tables, with docs/_site/reference.ja.toml and entries.toml round them.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator
from inspect import cleandoc
from pathlib import Path

import click

from sekisho.audit.explain import (
    ExplainedError,
    ExplainedId,
    KnownError,
    entries,
    explained_ids,
)
from sekisho.cli.help import examples_of
from sekisho.cli.main import root
from sekisho.messages import IdKind, Language, Message, table

DOCS = Path(__file__).parents[1] / "docs"
WRITTEN = tomllib.loads((DOCS / "_site" / "reference.ja.toml").read_text(encoding="utf-8"))
COMMANDS = WRITTEN["commands"]
ENTRIES = tomllib.loads((DOCS / "_site" / "entries.toml").read_text(encoding="utf-8"))
FOLDERS = {Language.EN: "reference", Language.JA: "ja/reference"}
LABELS = {
    "example": "Example:",
    "tell": "How to tell:",
    "fix": "What to do:",
    "sure": "How sure:",
    "source": "Source:",
}


def pages() -> dict[str, str]:
    """Return the text of each page that is made here, by its name below docs."""
    made = {"ja/reference/commands.md": _commands_page()}
    for lang, folder in FOLDERS.items():
        made |= {
            f"{folder}/{kind}.md": _entries_page(kind.value, lang)
            for kind in IdKind
            if kind in ENTRIES
        }
    return made


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
    return f"| {_listed(names)} | {''.join(said)} |"


def _listed(names: Iterable[str]) -> str:
    return str(COMMANDS["comma"]).join(f"`{name}`" for name in names)


def _entries_page(name: str, lang: Language) -> str:
    """Return a page of ids: a section for each, with what `sekisho explain ID` prints."""
    written = ENTRIES[name]
    sections: dict[int, list[str]] = {number: [] for number in range(len(written["sections"]))}
    for identity, text in _entries(name, lang):
        number = next(
            number
            for number, section in enumerate(written["sections"])
            if identity.startswith(tuple(section["ids"]))
        )
        sections[number] += [f"### `{identity}`", text]
    parts = [written["beginning"][lang].strip()]
    for section, texts in zip(written["sections"], sections.values(), strict=True):
        parts += [section["text"][lang].strip(), *texts]
    parts += [written["end"][lang].strip()] if "end" in written else []
    return "\n\n".join(parts) + "\n"


def _entries(name: str, lang: Language) -> Iterator[tuple[str, str]]:
    if name == IdKind.AWS_ERROR:
        yield from ((each.id, _aws_error(each, lang)) for each in entries())
    for each in explained_ids().values():
        if each.kind == name:
            yield each.id, _entry(each, lang)


def _entry(each: ExplainedId, lang: Language) -> str:
    label = {key: Message(text).into(lang) for key, text in LABELS.items()}
    example = each.example.into(lang)
    is_code = each.example.en == each.example.ja
    shown = f"```text\n{example}\n```" if is_code else f"{label['example']} {_cell(example)}"
    parts = [f"{_cell(each.about.into(lang))}: {_cell(each.title.into(lang))}"]
    parts += [_cell(each.cause.into(lang))] if each.cause else []
    parts += [shown, f"{label['fix']} {_cell(each.fix.into(lang))}", *_said_by_aws(each.id, lang)]
    parts += [f"{label['sure']} {_cell(each.sure.into(lang))}"]
    return "\n\n".join(parts)


def _said_by_aws(identity: str, lang: Language) -> Iterator[str]:
    """Yield where AWS's pages are quoted on an assumption."""
    for page in ENTRIES["assumptions"]["pages"]:
        if identity in page["ids"]:
            yield page[lang]


def _aws_error(known: KnownError, lang: Language) -> str:
    """Return an error text that AWS prints, as `explain` answers it."""
    label = {key: Message(text).into(lang) for key, text in LABELS.items()}
    answer = ExplainedError(known)
    texts = [*known.wordings, *table("explanations")[known.id].get("codes", ())]
    parts = [_cell(answer.filled(known.title).into(lang))]
    parts += ["```text\n" + "\n".join(texts) + "\n```"] if texts else []
    for number, cause in enumerate(known.causes, start=1):
        why, tell, fix = (
            _cell(answer.filled(text).into(lang)) for text in (cause.why, cause.tell, cause.fix)
        )
        parts.append(f"{number}. {why}\n   - {label['tell']} {tell}\n   - {label['fix']} {fix}")
    parts.append(f"{label['source']} {_cell(known.source)}")
    return "\n\n".join(parts)


if __name__ == "__main__":
    for name, text in pages().items():
        (DOCS / name).write_text(text, encoding="utf-8")
