"""`sekisho notify`: what each person of a plan or a goal must hear, in words of their own.

Nothing is changed and nothing is sent: texts and files are made, for people to hand on.
"""

import shlex
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import click

from sekisho.cli.aws import AwsOptions, aws_options
from sekisho.cli.exits import Exit
from sekisho.cli.help import SpokenCommand
from sekisho.cli.options import GoalPath, lang_option
from sekisho.cli.quiet import print_note, quiet_option
from sekisho.errors import UsageError
from sekisho.messages import Language, Message
from sekisho.notices import Templates, WorkList, write_our_templates, zone_named
from sekisho.notices.commands.audience import audience_of
from sekisho.notices.commands.options import NotifyOptions, notify_options
from sekisho.notices.commands.output import hand_over_list, hand_over_notices
from sekisho.notices.reminders import NoticeEvent, read_ledger

_WRITTEN = Message("Change their text, then give `sekisho notify` the option `{option}`.")
_REMIND = Message("use `sekisho remind` instead of `sekisho notify --due`")
_REPLACED = dict.fromkeys(("--due", "--today", "--again", "--send", "--preview"), _REMIND)


@click.command("notify", cls=SpokenCommand, replaced=_REPLACED)
@click.argument("path", required=False, metavar="[PLAN|GOAL]", type=GoalPath())
@notify_options
@quiet_option
@aws_options
@lang_option
def command(path: Path | None, options: NotifyOptions, aws: AwsOptions, lang: Language) -> Exit:
    """Write a notice for each person of a plan or a goal: whether, how and until when to enrol.

    Reads only, and sends nothing. PLAN is a plan's file, GOAL a goal file (YAML). Exit 3 if
    somebody would be locked out, a program has no known owner, or a day has come without MFA
    enforcement in the account; 4 if it is unknown what happens to somebody.
    """
    options.check()
    if options.print_templates is not None:
        return _print_templates(path, options.print_templates, options, lang)
    if path is None:
        raise UsageError(
            Message("no plan and no goal were given"),
            fix=Message("give the file of one"),
        )
    templates = None if options.work_list else Templates(options.templates, (options.form,))
    audience = audience_of(path, options, aws, lang)
    options = replace(options, timezone=options.timezone or audience.plan.timezone)
    if templates is None:
        account = audience.snapshot.account
        notified = _notified_on(options.ledger_of(path), account, options)
        hand_over_list(WorkList(account, audience.people, notified), options, lang)
    else:
        notices = audience.notices(audience.people, templates, options, lang)
        hand_over_notices(notices, audience.people, options, lang)
    return audience.exit


def _print_templates(
    path: Path | None, folder: Path, options: NotifyOptions, lang: Language
) -> Exit:
    if path is not None:
        raise UsageError(Message("`--print-templates` cannot be used with a plan or a goal"))
    for written in write_our_templates(folder, replace=options.force):
        click.echo(written)
    print_note(_WRITTEN.filled(option=f"--templates {shlex.quote(str(folder))}").into(lang))
    return Exit.CLEAN


def _notified_on(ledger: Path, account: str, options: NotifyOptions) -> Mapping[str, date]:
    """Return on which day each person was told last.

    Raises:
        FaultyInput: if the ledger is damaged.
    """
    zone = zone_named(options.timezone)
    return {
        entry.user: entry.at.astimezone(zone).date()
        for entry in read_ledger(ledger, account).entries
        if entry.event is NoticeEvent.DONE
    }
