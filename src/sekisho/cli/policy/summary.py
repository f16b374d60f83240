"""`sekisho policy summary`: what the console says of a policy, and what it really means."""

from collections.abc import Iterable

import click

from sekisho import catalogue, policy
from sekisho.audit.meaning import meaning, sentences, summary_to_json
from sekisho.cli.exits import Exit
from sekisho.cli.help import SpokenCommand
from sekisho.cli.next_action import PolicySummarised, next_action
from sekisho.cli.options import OutputFormat, format_option, lang_option
from sekisho.cli.policy_files import read_policy
from sekisho.cli.quiet import print_note, quiet, quiet_option, show_next, verbose_option
from sekisho.cli.terminal import show, show_folded, terminal_width
from sekisho.documents import framed_table, indented_json
from sekisho.messages import Language, Message
from sekisho.policy import Document, Quota, Summary

_CONSOLE = Message("What the console's review page shows (for this policy only)")
_MEANS = Message("What it does")
_WARNINGS = Message("Warnings")
_LENGTH = Message(
    "{used} of the {most} characters that a managed policy may have, as AWS counts them"
)
_FITS = Message("{source} fits a managed policy: {length}.")
_TOO_LONG = Message(
    "{source} has {used} characters, as AWS counts them; a customer managed policy may have "
    "{most}, which is no limit for AWS managed policies."
)
_COMMENTS = Message("IAM refuses comments: delete the {count} in this text before you paste it")


def length_of(document: Document) -> Message:
    """Say how long a policy is by AWS's counting."""
    return _LENGTH.filled(used=policy.size(document), most=Quota.MANAGED_POLICY.number)


@click.command("summary", cls=SpokenCommand)
@click.argument("file", metavar="FILE|-")
@lang_option
@format_option
@verbose_option
@quiet_option
def command(file: str, lang: Language, output: OutputFormat, *, verbose: bool) -> Exit:
    """Show what a policy does, and the console's summary of it.

    FILE holds an identity-based policy; `-` is standard input. Comments are ignored. One that is
    longer than a customer managed policy may be, as many of AWS's are, is shown, too.
    """
    document = policy.parse(read_policy(file), source=file)
    summary = policy.summarise(document, catalogue.load())
    meanings = sentences(meaning(document))
    if output is OutputFormat.JSON:
        click.echo(indented_json(summary_to_json(document, summary, meanings)), nl=False)
    else:
        _print_summary(document, summary, meanings, lang)
        if verbose:
            show_folded(["", summary.dated])
        show_next(next_action(PolicySummarised(file)), lang)
    return Exit.CLEAN


def _print_summary(
    document: Document, summary: Summary, meanings: Iterable[Message], lang: Language
) -> None:
    """Print whether the policy fits, what to beware of, what it means, what the console says."""
    if quiet():
        show_folded(each.into(lang) for each in meanings)
        return
    source, used, most = document.source, policy.size(document), Quota.MANAGED_POLICY.number
    too_long = _TOO_LONG.filled(source=source, used=used, most=most)
    fits = _FITS.filled(source=source, length=length_of(document))
    show_folded([(too_long if used > most else fits).into(lang)])
    for heading, lines in (
        (_WARNINGS, [warning.text for warning in summary.warnings]),
        (_MEANS, list(meanings)),
    ):
        if lines:
            show_folded(["", heading.into(lang), *(f"* {each.into(lang)}" for each in lines)])
    show_folded(["", _CONSOLE.into(lang)])
    headings = ("", *(column.into(lang) for column in policy.COLUMNS))
    rows = [
        (section.into(lang) if first else "", *(cell.into(lang) for cell in row.cells))
        for section, members in summary.sections
        for first, row in zip([True] + [False] * len(members), members, strict=False)
    ]
    for line in framed_table(headings, rows, width=terminal_width()):
        show(line)
    if document.comments:
        print_note(_COMMENTS.filled(count=len(document.comments)).into(lang))
