"""`sekisho policy summary`: what the console says of a policy, and what it really means."""

import json
from collections.abc import Iterable

import click

from sekisho import catalogue, policy
from sekisho.audit.meaning import meaning, sentences
from sekisho.cli.exits import Exit
from sekisho.cli.help import SpokenCommand
from sekisho.cli.options import OutputFormat, format_option, lang_option
from sekisho.cli.policy_files import read_policy
from sekisho.cli.quiet import aside, quiet, quiet_option
from sekisho.cli.tables import framed_table
from sekisho.cli.terminal import hanging, show, terminal_width
from sekisho.errors import FaultyPolicy
from sekisho.messages import Language, Message, printable
from sekisho.policy import Document, Quota, Summary, SummaryRow

_CONSOLE = Message("What the console's review page shows (for this policy alone)")
_MEANS = Message("What it really means")
_WARNINGS = Message("Warnings")
_LENGTH = Message("{used} characters by AWS's counting; a managed policy may have {most}")
_COMMENTS = Message("IAM refuses comments: delete the {count} in this text before you paste it")


def length_of(document: Document) -> Message:
    """Say how long a policy is by AWS's counting."""
    return _LENGTH.filled(used=policy.size(document), most=Quota.MANAGED_POLICY.number)


@click.command("summary", cls=SpokenCommand)
@click.argument("file", metavar="FILE|-")
@quiet_option
@lang_option
@format_option
def command(file: str, lang: Language, output: OutputFormat) -> Exit:
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
    if quiet():
        for each in meant:
            _print(each.into(lang))
        return
    headings = ("", *(column.into(lang) for column in policy.COLUMNS))
    rows = [
        (section.into(lang) if first else "", *(cell.into(lang) for cell in row.cells))
        for section, members in found.sections
        for first, row in zip([True] + [False] * len(members), members, strict=False)
    ]
    _print(_CONSOLE.into(lang))
    for line in framed_table(headings, rows, width=terminal_width()):
        show(line)
    for heading, lines in (
        (_WARNINGS, [warning.text for warning in found.warnings]),
        (_MEANS, list(meant)),
    ):
        if lines:
            _print("")
            _print(heading.into(lang))
        for each in lines:
            _print(f"* {each.into(lang)}")
    _print("")
    _print(length_of(document).into(lang))
    _print(found.dated)
    if document.comments:
        aside(_COMMENTS.filled(count=len(document.comments)).into(lang))


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


def _row_as_json(row: SummaryRow) -> dict[str, object]:
    return {
        "service": row.prefix,
        "shown": [cell.en for cell in row.cells],
        "fullAccess": row.levels.everything,
        "full": list(row.levels.full),
        "limited": list(row.levels.limited),
        "actions": dict(row.levels.counts),
    }


def _print(line: str) -> None:
    for each in hanging(line, terminal_width()):
        show(printable(each))
