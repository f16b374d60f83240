"""`sekisho notify`: what each person of a plan or a goal must hear, in words of their own.

Nothing is changed and nothing is sent: texts and files are made, for people to hand on.
"""

import shlex
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path

import click

from sekisho.account import Snapshot, open_account
from sekisho.cli.aws import AwsOptions, aws_options, collected, connection
from sekisho.cli.exits import Exit, worst
from sekisho.cli.help import SpokenCommand
from sekisho.cli.options import lang_option
from sekisho.cli.quiet import print_note, quiet_option
from sekisho.cli.rollout.planning import exceptions_of
from sekisho.cli.terminal import next_command, terminal_width
from sekisho.errors import PlanRefused, UsageError, meant
from sekisho.messages import Language, Message
from sekisho.notices import (
    OWNER_TAGS,
    Notice,
    NoticeForm,
    NoticeKind,
    NoticeSetting,
    Person,
    Templates,
    WorkList,
    context_of,
    notices_of,
    people_of,
    plain_in,
    write_our_templates,
    zone_named,
)
from sekisho.notices.commands.options import NotifyOptions, notify_options
from sekisho.notices.commands.output import (
    WrittenNotice,
    attention,
    hand_over_list,
    hand_over_notices,
)
from sekisho.notices.commands.remind import ReminderRun, RemindOptions, remind_options
from sekisho.prover import Enforced
from sekisho.rollout import Plan, PlanCaller, goal_of, plan, read_goal, read_plan


@click.command("notify", cls=SpokenCommand)
@click.argument("path", required=False, metavar="[PLAN|GOAL]", type=click.Path(path_type=Path))
@notify_options
@remind_options
@quiet_option
@aws_options
@lang_option
def command(
    path: Path | None,
    options: NotifyOptions,
    reminding: RemindOptions,
    aws: AwsOptions,
    lang: Language,
) -> Exit:
    """Write what each person of a plan or a goal must hear: whether, how and until when to enrol.

    Reads only, and sends nothing unless `--send` says where to. PLAN is a plan's file, GOAL a goal
    file (YAML). Exit 3 if somebody would be locked out, nobody is known to tell, or a day has come
    and the account does not show MFA enforcement; 4 if it is not known what happens to somebody, or
    whether a message was posted; 1 if one was not.
    """
    options.check()
    reminding.check(options)
    if options.print_templates is not None:
        return _print_templates(path, options.print_templates, options, lang)
    if path is None:
        raise UsageError(
            Message("there is neither a plan nor a goal"),
            fix=Message("give the file of one"),
        )
    templates = None if options.work_list else Templates(options.templates, (options.form,))
    zone = zone_named(options.timezone)
    made, snapshot = _plan_at(path, options, aws, lang)
    tags = options.owner_tags or OWNER_TAGS
    today = reminding.day()
    people = _chosen(people_of(made, snapshot, owner_tags=tags, today=today), options)
    run = ReminderRun(
        reminding, options, lang, path, snapshot.account, f"{path.name} {made.digest}"
    )
    if templates is None:
        work = WorkList(snapshot.account, people, run.notified_on())
        hand_over_list(work, options, lang)
        return _exit_of(people)

    def hand_over(chosen: tuple[Person, ...]) -> None:
        setting = NoticeSetting.of(snapshot, zone, options.contact, partial(plain_in, options.form))
        setting = replace(setting, today=today or setting.today)
        notices = tuple(
            _written(each, setting, templates, options.form, lang)
            for each in notices_of(chosen, made, snapshot, setting)
        )
        hand_over_notices(notices, chosen, options, lang, whole=not reminding.due)

    if reminding.due:
        found = run.carried_out(people, hand_over)
        # the exit code is about everybody, whoever is due today
        print_note(*attention(people, options, lang))
        return worst([found, _exit_of(people)])
    hand_over(people)
    return _exit_of(people)


def _print_templates(
    path: Path | None, folder: Path, options: NotifyOptions, lang: Language
) -> Exit:
    if path is not None:
        raise UsageError(Message("`--print-templates` goes with no plan and no goal"))
    for written in write_our_templates(folder, replace=options.force):
        click.echo(written)
    after = f"sekisho notify PLAN --templates {shlex.quote(str(folder))}"
    click.echo("\n".join(["", *next_command(after, lang, terminal_width())]))
    return Exit.CLEAN


def _plan_at(
    path: Path, options: NotifyOptions, aws: AwsOptions, lang: Language
) -> tuple[Plan, Snapshot]:
    """Return the plan of a file, or of the goal in it, and the account as it is now."""
    if path.suffix in (".yaml", ".yml"):
        shape, exceptions = read_goal(path), exceptions_of(options.exceptions)
        snapshot = _snapshot(options, aws, lang)
        exceptions.check(snapshot)
        goal = goal_of(shape, str(path), snapshot, exceptions)
        # whoever applies it later: what is asked about people does not hang on that
        caller = PlanCaller(f"arn:{snapshot.partition}:iam::{snapshot.account}:root")
        return plan(goal, snapshot, caller), snapshot
    if options.exceptions:
        raise UsageError(Message("`--exceptions` is for a goal: a plan has them in it"))
    made = read_plan(path).plan
    snapshot = _snapshot(options, aws, lang)
    if (made.account, made.partition) != (snapshot.account, snapshot.partition):
        message = Message("this plan is for the account `{account}`, and this is `{other}`")
        raise PlanRefused(message.filled(account=made.account, other=snapshot.account))
    return made, snapshot


def _snapshot(options: NotifyOptions, aws: AwsOptions, lang: Language) -> Snapshot:
    if options.snapshot is None:
        return collected(connection(aws, lang), lang)
    aws.refuse_beside("--snapshot")
    return open_account(options.snapshot)


def _chosen(people: tuple[Person, ...], options: NotifyOptions) -> tuple[Person, ...]:
    """Return those of the people whom the options name.

    Raises:
        UsageError: for a name that is nobody's, or no wave's.
    """
    users = {each.user for each in people}
    waves = {_wave_named(name, people) for name in options.waves}
    for name in options.users:
        if name not in users:
            message = Message("`--user {name}`: the plan has no such person")
            raise UsageError(message.filled(name=name), fix=meant(name, users))
    return tuple(
        each
        for each in people
        if (not options.users or each.user in options.users) and (not waves or each.wave in waves)
    )


def _wave_named(name: str, people: Iterable[Person]) -> str:
    """Return a wave by its name, or by its number: waves are numbered by their days.

    Raises:
        UsageError: if there is none.
    """
    days = sorted({(each.day or date.min, each.wave) for each in people if each.wave})
    names = [wave for _, wave in days]
    if name in names:
        return name
    if f"wave {name}" in names:
        # what a wave without a name is called
        return f"wave {name}"
    if name.isdecimal() and 0 < int(name) <= len(names):
        return names[int(name) - 1]
    message = Message("`--wave {name}`: there is no such wave")
    raise UsageError(message.filled(name=name), fix=meant(name, names))


def _written(
    notice: Notice,
    setting: NoticeSetting,
    templates: Templates,
    form: NoticeForm,
    lang: Language,
) -> WrittenNotice:
    context = context_of(notice, setting, lang)
    return WrittenNotice(notice.person, context, templates.written(notice, form, context))


def _exit_of(people: Iterable[Person]) -> Exit:
    found = []
    for person in people:
        unread = person.gaps or person.late is Enforced.UNKNOWN
        if person.kind is NoticeKind.NOT_KNOWN or unread:
            found.append(Exit.UNKNOWN)
        elif person.needs_attention:
            found.append(Exit.FINDINGS)
    return worst(found)
