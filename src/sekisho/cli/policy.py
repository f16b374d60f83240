"""`sekisho policy`: write a Force_MFA policy; show what the console and the engine say; lint."""

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from sekisho import catalogue, policy
from sekisho.audit.meaning import meaning, sentences
from sekisho.catalogue import DEFAULT_PARTITION, partitions
from sekisho.cli.exits import Exit
from sekisho.cli.options import OutputFormat, format_option, lang_option
from sekisho.cli.policy_diff import diff
from sekisho.cli.policy_files import read_policy, unusable
from sekisho.cli.policy_lint import lint
from sekisho.cli.wrap import hanging, unstyled
from sekisho.errors import FaultyPolicy, UsageError
from sekisho.messages import Language, Message
from sekisho.policy import Choices, Document, Preset, Quota, Row, Summary
from sekisho.policy.texts import title_of

__all__ = ["command"]

_OPENS = Message("What it opens", "MFA")
_COSTS = Message("What it costs")
_CONSOLE = Message("What the console's review page shows (for this policy alone)")
_MEANS = Message("What it really means")
_WARNINGS = Message("Warnings")
_LENGTH = Message("{used} characters by AWS's counting; a managed policy may have {most}")
_COMMENTS = Message("IAM refuses comments: delete the {count} in this text before you paste it")
_WRITTEN = Message("written to {path}")


def _choice_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add an option for each field of `Choices`; None means: as the preset has it."""
    for field in reversed(fields(Choices)):
        dashed = field.name.replace("_", "-")
        title = title_of(field.name).en
        if field.name == "partition":
            ids = [partition.id for partition in partitions()]
            option = click.option(
                "--partition",
                type=click.Choice(ids),
                help=f"{title}; {DEFAULT_PARTITION} if not given.",
            )
        elif field.name == "mfa_age":
            option = click.option("--mfa-age", type=int, metavar="SECONDS", help=f"{title}.")
        else:
            option = click.option(f"--{dashed}/--no-{dashed}", default=None, help=f"{title}.")
        function = option(function)
    return function


@click.group()
def command() -> None:
    """Write a Force_MFA policy; show what the console says it does, and what it really does."""


command.add_command(lint)
command.add_command(diff)


@command.command("new")
@click.option(
    "--preset",
    type=click.Choice([preset.value for preset in Preset]),
    default=Preset.RECOMMENDED.value,
    show_default=True,
    help="Where the choices below start from.",
)
@_choice_options
@click.option("--explain", is_flag=True, help="Say what each choice opens and costs (on stderr).")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="A new file."
)
@lang_option
@format_option
def new(
    preset: str,
    *,
    explain: bool,
    out: Path | None,
    lang: Language,
    output: OutputFormat,
    **chosen: bool | int | str | None,
) -> Exit:
    """Write a Force_MFA policy for these choices.

    The policy goes to stdout (or to --out FILE), ready to paste. With --format json it comes with
    its name, description, size and choices. Nothing is sent to AWS.
    """
    differing: Any = {name: value for name, value in chosen.items() if value is not None}
    choices = replace(policy.choices_of(Preset(preset)), **differing)
    document = policy.force_mfa(choices)
    if output is OutputFormat.JSON:
        text = json.dumps(_new_as_json(preset, choices, document, explain), indent=2)
    else:
        text = policy.render(document)
    if out is None:
        click.echo(text)
    else:
        _write(out, f"{text}\n")
        click.echo(_WRITTEN.filled(path=out).into(lang), err=True)
    if output is OutputFormat.TABLE:
        if explain:
            _explain(choices, lang)
        click.echo(_length(document).into(lang), err=True)
    return Exit.CLEAN


def _length(document: Document) -> Message:
    return _LENGTH.filled(used=policy.size(document), most=Quota.MANAGED_POLICY.number)


def _new_as_json(
    preset: str, choices: Choices, document: Document, explain: bool
) -> dict[str, object]:
    value: dict[str, object] = {
        "schema": "sekisho.policy/1",
        "name": policy.NAME,
        "description": policy.DESCRIPTION,
        "preset": preset,
        "choices": asdict(choices),
        "size": policy.size(document),
        "document": policy.to_json(document),
    }
    if explain:
        value["explained"] = [_explained(each) for each in policy.explain(choices)]
    return value


def _explained(choice: policy.ChoiceText) -> dict[str, object]:
    values = ((field.name, getattr(choice, field.name)) for field in fields(choice))
    return {name: each.to_json() if isinstance(each, Message) else each for name, each in values}


def _write(path: Path, text: str) -> None:
    """Write a file that must not be there yet: an edited policy is not to be lost."""
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        fix = "delete it, or choose another name"
        raise UsageError(f"`{path}` is there already", fix=fix) from None
    except OSError as error:
        raise unusable(str(path), error) from None


def _explain(choices: Choices, lang: Language) -> None:
    """Print every choice on stderr, as paragraphs: four columns would not fit a terminal."""
    for each in policy.explain(choices):
        click.echo(f"{each.title.into(lang)} [{each.name}]: {each.chosen}", err=True)
        for label, sentence in ((_OPENS, each.opens), (_COSTS, each.costs)):
            click.echo(f"  {label.into(lang)}: {sentence.into(lang)}", err=True)


@command.command("summary")
@click.argument("file", metavar="FILE|-")
@lang_option
@format_option
def summary(file: str, lang: Language, output: OutputFormat) -> Exit:
    """Show the console's summary of a policy, and beside it what the policy really means.

    FILE holds an identity-based policy; `-` is standard input. Comments in it are read over.
    A policy that is longer than a managed policy may be is shown all the same, and is an error.
    """
    document = policy.parse(read_policy(file), source=file)
    found = policy.summarise(document, catalogue.load())
    meant = sentences(meaning(document))
    if output is OutputFormat.JSON:
        click.echo(
            json.dumps(_summary_as_json(document, found, meant), indent=2, ensure_ascii=False)
        )
    else:
        _print_summary(document, found, meant, lang)
    if over := policy.over_quota(policy.size(document), Quota.MANAGED_POLICY):
        raise FaultyPolicy(file, over)
    return Exit.CLEAN


def _print_summary(
    document: Document, found: Summary, meant: Iterable[Message], lang: Language
) -> None:
    console = Console()
    headings = ("", *(column.into(lang) for column in policy.COLUMNS))
    rows = [
        (section.into(lang) if first else "", *(cell.into(lang) for cell in row.cells))
        for section, members in found.sections
        for first, row in zip([True] + [False] * len(members), members, strict=False)
    ]
    _print(console, _CONSOLE.into(lang))
    console.print(_table(headings, rows))
    for heading, lines in (
        (_WARNINGS, [warning.text for warning in found.warnings]),
        (_MEANS, list(meant)),
    ):
        if lines:
            _print(console, "")
            _print(console, heading.into(lang))
        for line in lines:
            _print(console, f"* {line.into(lang)}")
    _print(console, "")
    _print(console, _length(document).into(lang))
    _print(console, found.dated)
    if document.comments:
        click.echo(_COMMENTS.filled(count=len(document.comments)).into(lang), err=True)


def _summary_as_json(
    document: Document, found: Summary, meant: Iterable[Message]
) -> dict[str, object]:
    return {
        "schema": "sekisho.policy-summary/1",
        "source": document.source,
        "catalogue": found.dated,
        "size": policy.size(document),
        "comments": len(document.comments),
        "uncategorised": [_row_as_json(row) for row in found.uncategorised],
        "denied": [_row_as_json(row) for row in found.denied],
        "allowed": [_row_as_json(row) for row in found.allowed],
        "warnings": [
            {"kind": each.kind, "statement": each.statement, "about": list(each.about)}
            for each in found.warnings
        ],
        "meaning": [sentence.to_json() for sentence in meant],
    }


def _row_as_json(row: Row) -> dict[str, object]:
    return {
        "service": row.prefix,
        "shown": [cell.en for cell in row.cells],
        "fullAccess": row.levels.everything,
        "full": list(row.levels.full),
        "limited": list(row.levels.limited),
        "actions": dict(row.levels.counts),
    }


def _table(headings: Iterable[str], rows: Iterable[tuple[str, ...]]) -> Table:
    table = Table(show_lines=True)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(unstyled(cell) for cell in row))
    return table


def _print(console: Console, line: str) -> None:
    for each in hanging(line, console.width):
        console.print(unstyled(each), soft_wrap=True)
