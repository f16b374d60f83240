"""`sekisho status`: how a plan, or a goal, stands in the account now. Reads only."""

import json
from collections.abc import Iterator
from pathlib import Path

import click

from sekisho.cli.aws import AwsOptions, aws_options, collected, connection
from sekisho.cli.exits import Exit, worst
from sekisho.cli.help import SpokenCommand
from sekisho.cli.options import OutputFormat, format_option, lang_option
from sekisho.cli.planning import exceptions_of
from sekisho.errors import UsageError
from sekisho.messages import Language, Message, verbatim
from sekisho.rollout import CALLS, Author, Fact, Plan, PlanStatus, concerned, plan_status
from sekisho.rollout.applying import ChangeStatus, read_plan
from sekisho.rollout.changes import affected_names
from sekisho.rollout.goal import WaveStatus, goal_of, read_goal, waves_of


@click.command("status", cls=SpokenCommand)
@click.argument("path", metavar="PLAN|JOURNAL|GOAL", type=click.Path(path_type=Path))
@click.option(
    "--journal",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The plan's journal; PLAN.journal if not given.",
)
@click.option("--exceptions", metavar="FILE", help="With a goal: its exceptions file.")
@click.option("--who", is_flag=True, help=f"Ask CloudTrail who it was: at most {CALLS} calls.")
@format_option
@aws_options
@lang_option
def command(
    path: Path,
    journal: Path | None,
    exceptions: str | None,
    who: bool,
    output: OutputFormat,
    aws: AwsOptions,
    lang: Language,
) -> Exit:
    """Say what of a plan is done, what waits, what others have changed since, and who has enrolled.

    Of a goal (a YAML file), say for each wave who is due, enrolled and proved enforced. Exit 0
    if everything is as wanted, 2 if something waits, 3 if something has drifted, 4 if something
    could not be read, or it is in doubt whose a password is.
    """
    if path.suffix in (".yaml", ".yml"):
        if who:
            raise UsageError(Message("`--who` is for a plan: a goal has no changes"))
        if journal:
            raise UsageError(
                Message("`--journal` is for a plan: a goal has none"), fix=Message("leave it out")
            )
        return _of_goal(path, exceptions, output, aws, lang)
    if exceptions:
        raise UsageError(Message("`--exceptions` is for a goal: a plan has them in it"))
    plan_file = read_plan(path, journal)
    standing = plan_status(plan_file, connection(aws, lang).api, who=who)
    if output is OutputFormat.JSON:
        found = plan_as_json(plan_file.plan, standing)
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join(plan_status_lines(plan_file.plan, standing, lang)))
    return _exit_of(standing)


def _of_goal(
    path: Path, exceptions_file: str | None, output: OutputFormat, aws: AwsOptions, lang: Language
) -> Exit:
    shape = read_goal(path)
    exceptions = exceptions_of(exceptions_file)
    snapshot = collected(connection(aws, lang), lang)
    exceptions.check(snapshot)
    goal = goal_of(shape, str(path), snapshot, exceptions)
    waves = waves_of(goal, snapshot)
    if output is OutputFormat.JSON:
        click.echo(json.dumps(waves_as_json(waves, goal.unread), indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join(wave_status_lines(waves, goal.unread, lang)))
    return worst([*_exits(waves), *([Exit.UNKNOWN] if goal.unread else [])])


def _exits(waves: tuple[WaveStatus, ...]) -> list[Exit]:
    due = [wave for wave in waves if wave.due]
    unknown = [Exit.UNKNOWN for wave in due if wave.unknown]
    return unknown + [Exit.CHANGES for wave in due if wave.open]


def _exit_of(standing: PlanStatus) -> Exit:
    found = [Exit.UNKNOWN] if standing.unread or standing.of(ChangeStatus.IN_DOUBT) else []
    found += [Exit.FINDINGS] if standing.of(ChangeStatus.DRIFTED) else []
    found += [Exit.CHANGES] if standing.of(ChangeStatus.WAITS) else []
    return worst(found)


_TITLES = {
    ChangeStatus.DONE: Message("As the plan wants it: {count}"),
    ChangeStatus.WAITS: Message("Not done: {count}"),
    ChangeStatus.IN_DOUBT: Message(
        "In doubt whose it is; ask, then give `--ours USER` or `--theirs USER`: {count}"
    ),
    ChangeStatus.DRIFTED: Message("Changed by somebody else since: {count}"),
}
_DATED = Message("    dated by IAM: {at}")
_CAME = Message("    would now also affect: {names}")
_ADDED_BY = Message("    {name} added by: {who}, {event}, {at}")
_ADDER_NOT_KNOWN = Message("    {name} added by: not known: {reason}")
_BY = Message("    last changed by: {who}, {event}, {at}")
_NOT_KNOWN = Message("    last changed by: not known: {reason}")
_ASK = Message("  Who it was: `--who` asks CloudTrail, by at most {calls} calls.")
_WAVE = Message("{wave}: {count} in all, {enrolled} with an MFA device{unknown}")
_GOAL_WAVE = Message(
    "{wave}{starts}: {count} in all; {enrolled} with an MFA device{unknown}, "
    "{enforced} "
    "proved to be enforced, "
    "{exempt} excepted"
)
_DEVICES_UNKNOWN = Message(" (of {count} it is not known)")
_FROM = Message(" (from {day})")
_EVERYBODY = Message("People")
_NO_WAVE = Message("In no wave")
_ABSENT = Message("No such user now: {names}")
_WITHOUT = Message("Without an MFA device: {names}")
_OPEN = Message("  not enforced yet: {names}")
_UNKNOWN = Message("  could not be found out: {names}")
_MEANT = Message("Whether the goal means them could not be read: {names}")
_NOBODY = Message("The goal has no wave with anybody in it.")
_UNREAD = Message("Not read: {user}: {reason}")


def plan_status_lines(plan: Plan, standing: PlanStatus, lang: Language) -> Iterator[str]:
    """Yield how a plan stands, line by line."""
    for status, title in _TITLES.items():
        facts = [fact for fact in standing.facts if fact.status is status]
        if facts:
            yield title.filled(count=len(facts)).into(lang)
        for fact in facts:
            yield f"  {fact.address}"
            yield from _history(fact, lang)
        if facts and status is ChangeStatus.DRIFTED and not any(fact.asked for fact in facts):
            yield _ASK.filled(calls=CALLS).into(lang)
    yield from _people(plan, standing, lang)
    if standing.without:
        yield _WITHOUT.filled(names=", ".join(standing.without)).into(lang)
    if standing.absent:
        yield _ABSENT.filled(names=", ".join(standing.absent)).into(lang)
    for user, reason in standing.unread:
        yield _UNREAD.filled(user=user, reason=reason).into(lang)


def _people(plan: Plan, standing: PlanStatus, lang: Language) -> Iterator[str]:
    """Yield how many have a device, by wave."""
    people = concerned(plan)
    waves = dict.fromkeys(person.wave for person in people)
    rest = _NO_WAVE if any(waves) else _EVERYBODY
    for wave in waves:
        users = [person.user for person in people if person.wave == wave]
        enrolled = len([user for user in users if user in standing.enrolled])
        unread = len([user for user, _ in standing.unread if user in users])
        yield _WAVE.filled(
            wave=wave or rest.into(lang),
            count=len(users),
            enrolled=enrolled,
            unknown=_devices_unknown(unread),
        ).into(lang)


def _devices_unknown(count: int) -> Message:
    """Return of how many the MFA devices could not be listed, if of any."""
    return _DEVICES_UNKNOWN.filled(count=count) if count else verbatim("")


def _history(fact: Fact, lang: Language) -> Iterator[str]:
    """Yield when, and by whom, what has drifted was changed."""
    if fact.came:
        yield _CAME.filled(names=affected_names(fact.came)).into(lang)
    for name, by in zip(fact.came, fact.added, strict=False):
        yield _adder(name, by, lang)
    if fact.dated is not None:
        yield _DATED.filled(at=fact.dated).into(lang)
    match fact.author:
        case Author(who, event, at):
            yield _BY.filled(who=who, event=event, at=at).into(lang)
        case Message() as reason:
            yield _NOT_KNOWN.into(lang).format(reason=reason.into(lang))
        case None:
            pass


def _adder(name: str, by: Author | Message, lang: Language) -> str:
    match by:
        case Author(who, event, at):
            return _ADDED_BY.filled(name=name, who=who, event=event, at=at).into(lang)
        case Message() as reason:
            return _ADDER_NOT_KNOWN.into(lang).format(name=name, reason=reason.into(lang))


def wave_status_lines(
    waves: tuple[WaveStatus, ...], unread: tuple[str, ...], lang: Language
) -> Iterator[str]:
    """Yield how the waves of a goal stand, line by line, and whose part in it is unread."""
    if not waves:
        yield _NOBODY.into(lang)
    for wave in waves:
        starts = "" if wave.starts is None else _FROM.filled(day=wave.starts).into(lang)
        yield _GOAL_WAVE.filled(
            wave=wave.name or _EVERYBODY.into(lang),
            starts=starts,
            count=len(wave.users),
            enrolled=len(wave.enrolled),
            unknown=_devices_unknown(len(wave.devices_unknown)),
            enforced=len(wave.enforced),
            exempt=len(wave.exempt),
        ).into(lang)
        if wave.open:
            yield _OPEN.filled(names=", ".join(wave.open)).into(lang)
        if wave.unknown:
            yield _UNKNOWN.filled(names=", ".join(wave.unknown)).into(lang)
    if unread:
        yield _MEANT.filled(names=", ".join(unread)).into(lang)


def plan_as_json(plan: Plan, standing: PlanStatus) -> dict[str, object]:
    """Return how a plan stands; `enrolled` is null of whom it could not be read or is not there."""
    known = {**dict.fromkeys(standing.enrolled, True), **dict.fromkeys(standing.without, False)}
    return {
        "schema": "sekisho.status/1",
        "plan": plan.digest,
        "changes": [
            {"address": fact.address, "status": fact.status.value, **_changed(fact)}
            for fact in standing.facts
        ],
        "people": [
            {"user": person.user, "wave": person.wave, "enrolled": known.get(person.user)}
            for person in concerned(plan)
        ],
    }


def _changed(fact: Fact) -> dict[str, object]:
    """Return what is known of the change that has made a fact drift."""
    if fact.status is not ChangeStatus.DRIFTED:
        return {}
    if fact.came:
        added = [_by(each) for each in fact.added]
        return {"came": list(fact.came), **({"added": added} if added else {})}
    dated = None if fact.dated is None else fact.dated.isoformat()
    return {"dated": dated, **_by(fact.author)}


def _by(author: Author | Message | None) -> dict[str, object]:
    """Return who it was, or why that is not known."""
    match author:
        case Author(who, event, at):
            return {"last": {"who": who, "event": event, "at": at.isoformat()}}
        case Message() as reason:
            return {"last": None, "notKnown": reason.en}
        case None:
            return {"last": None, "notKnown": "not asked"}


def waves_as_json(waves: tuple[WaveStatus, ...], unread: tuple[str, ...]) -> dict[str, object]:
    """Return how the waves of a goal stand; of whom in `unread` it is not known if they are in."""
    return {
        "schema": "sekisho.waves/1",
        "unread": list(unread),
        "waves": [
            {
                "name": wave.name,
                "from": None if wave.starts is None else wave.starts.isoformat(),
                "due": wave.due,
                "users": list(wave.users),
                "exempt": list(wave.exempt),
                "enrolled": list(wave.enrolled),
                "devicesUnknown": list(wave.devices_unknown),
                "enforced": list(wave.enforced),
                "unknown": list(wave.unknown),
            }
            for wave in waves
        ],
    }
