"""`sekisho status`: how a plan, or a goal, stands in the account now. Reads only."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import assert_never

import click

from sekisho.audit.impact import ImpactKind
from sekisho.cli.aws import (
    AwsOptions,
    aws_options,
    collected,
    connection,
    signs_with_long_term_key,
)
from sekisho.cli.cut_lists import shown_lines, shown_names
from sekisho.cli.exits import Exit, worst
from sekisho.cli.help import SpokenCommand
from sekisho.cli.next_action import (
    SIGN_IN_FIRST,
    GoalStanding,
    PlanStanding,
    RunContext,
    next_action,
)
from sekisho.cli.options import GoalPath, OutputFormat, format_option, lang_option
from sekisho.cli.quiet import quiet, quiet_option, show_next, verbose_option
from sekisho.cli.rollout.applying import added_policies_lines, plan_words
from sekisho.cli.rollout.planning import exceptions_of
from sekisho.cli.terminal import terminal_width
from sekisho.documents import indented_json
from sekisho.errors import UsageError
from sekisho.lazy import dataclass
from sekisho.messages import Language, Message, hanging, verbatim
from sekisho.rollout import (
    CALLS,
    STATUS_TITLES,
    Author,
    ChangeStatus,
    CreateUser,
    Event,
    FactStatus,
    Goal,
    Plan,
    PlanFile,
    PlanStatus,
    WaveStatus,
    affected_names,
    check_goal,
    expected_and_found,
    goal_of,
    plan_status,
    read_goal,
    read_plan,
    status_sentence,
    status_to_json,
    waves_of,
    waves_to_json,
)


@click.command("status", cls=SpokenCommand)
@click.argument("path", metavar="PLAN|JOURNAL|GOAL", type=GoalPath())
@click.option(
    "--journal",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The plan's journal; PLAN.journal if not given.",
)
@click.option("--exceptions", metavar="FILE", help="With a goal: its exceptions file.")
@click.option(
    "--who", is_flag=True, help=f"Ask CloudTrail who made the changes: at most {CALLS} calls."
)
@format_option
@verbose_option
@quiet_option
@aws_options
@lang_option
def command(
    path: Path,
    journal: Path | None,
    exceptions: str | None,
    who: bool,
    output: OutputFormat,
    verbose: bool,
    aws: AwsOptions,
    lang: Language,
) -> Exit:
    """Show what a plan has done, what is pending, what others have changed, and who has enrolled.

    For a goal (a YAML file), show for each wave who is due, enrolled and proved enforced. Exit 0 if
    there is no drift, 2 if something is pending, 3 if something has drifted or an enforced user is
    locked out, 4 if something could not be read, or it is unclear who set a password.
    """
    if path.suffix in (".yaml", ".yml"):
        if who:
            raise UsageError(Message("`--who` is for a plan: a goal has no changes"))
        if journal:
            raise UsageError(
                Message("`--journal` is for a plan: a goal has none"), fix=Message("leave it out")
            )
        read = _goal_status(path, exceptions, aws, lang)
        return _tell_goal(read, output, lang, verbose=verbose)
    if exceptions:
        raise UsageError(Message("`--exceptions` is for a goal: a plan has them in it"))
    plan_file = read_plan(path, journal)
    standing = plan_status(plan_file, connection(aws, lang).api, who=who)
    if output is OutputFormat.JSON:
        found = status_to_json(plan_file.plan, standing)
        click.echo(indented_json(found), nl=False)
    else:
        _tell(plan_status_lines(plan_file.plan, standing, lang, verbose=verbose))
        after = plan_standing(plan_file, standing, plan_words(path, journal), aws, who=who)
        show_next(next_action(after), lang)
    return _exit_of(standing)


def plan_standing(
    plan_file: PlanFile, standing: PlanStatus, words: str, aws: AwsOptions, *, who: bool = False
) -> PlanStanding:
    """Return where somebody stands who was told how a plan stands, for `next_action`.

    Args:
        plan_file: the plan and its journal.
        standing: how it stands.
        words: its file, as typed, with its journal.
        aws: which AWS.
        who: whether it was asked who has changed something.
    """
    drifted = bool(standing.addresses(ChangeStatus.DRIFTED))
    waits = plan_file.plan.applicable and not drifted and _applies_more(plan_file, standing)
    plan, journal = plan_file.plan, plan_file.journal
    undone = any(journal.last_event(each.address) is Event.UNDONE for each in plan.changes)
    context = RunContext(aws.typed, goal=plan.goal, exceptions=plan.exceptions_file)
    unexplained, undone = drifted and not who, undone or standing.rolled_back is not None
    return PlanStanding(context, words, waits, unexplained, undone)


@dataclass(frozen=True, slots=True)
class _GoalStatus:
    """The progress of a goal, and the state for the next command."""

    goal: Goal
    waves: tuple[WaveStatus, ...]
    standing: GoalStanding


def _goal_status(
    path: Path, exceptions_file: str | None, aws: AwsOptions, lang: Language
) -> _GoalStatus:
    shape = read_goal(path)
    exceptions = exceptions_of(exceptions_file)
    check_goal(shape, str(path))
    snapshot = collected(connection(aws, lang))
    exceptions.check(snapshot)
    goal = goal_of(shape, str(path), snapshot, exceptions)
    waves = waves_of(goal, snapshot)
    due = any(wave.open for wave in waves if wave.due)
    enforced_soon = {name for wave in waves if wave.due for name in {*wave.users} - {*wave.exempt}}
    applies = {user.name for user in snapshot.users if user.arn == snapshot.caller}
    # who comes under MFA enforcement applies the plan in a session with MFA only
    mfa = not applies.isdisjoint(enforced_soon)
    without = due and mfa and signs_with_long_term_key(aws)
    standing = GoalStanding(
        RunContext(aws.typed, mfa=mfa and not without, goal=str(path), exceptions=exceptions_file),
        due,
        without_mfa=next(iter(applies)) if without else "",
    )
    return _GoalStatus(goal, waves, standing)


def _tell_goal(status: _GoalStatus, output: OutputFormat, lang: Language, *, verbose: bool) -> Exit:
    goal, waves = status.goal, status.waves
    if output is OutputFormat.JSON:
        click.echo(indented_json(waves_to_json(waves, goal.unread)), nl=False)
    else:
        staged = goal.enrolled is not None
        _tell(wave_status_lines(waves, goal.unread, lang, staged=staged, verbose=verbose))
        if status.standing.without_mfa:
            _tell([SIGN_IN_FIRST.filled(name=status.standing.without_mfa).into(lang)])
        show_next(next_action(status.standing), lang)
    return worst([*_exits(waves), *([Exit.UNKNOWN] if goal.unread else [])])


def _tell(lines: Iterable[str]) -> None:
    width = terminal_width()
    # the verdict is the first
    shown = islice(lines, 1) if quiet() else lines
    click.echo("\n".join(part for line in shown for part in hanging(line, width, whole=True)))


def _applies_more(plan_file: PlanFile, standing: PlanStatus) -> bool:
    """Return whether `apply` has something to make.

    Not for users who are gone, whom it leaves out; nor after a roll-back, as somebody who takes a
    plan back does not want it made again.
    """
    if standing.rolled_back:
        return False
    changes, waits = plan_file.plan.changes, {*standing.addresses(ChangeStatus.WAITS)}
    journal = plan_file.journal
    undone = any(journal.last_event(each.address) is Event.UNDONE for each in changes)
    if undone and any(journal.is_to_undo(each.address) for each in changes):
        return False
    made = {each.name for each in changes if isinstance(each, CreateUser)}
    gone = {*standing.absent} - made
    return any(each.address in waits and each.person not in gone for each in changes)


def _exits(waves: tuple[WaveStatus, ...]) -> list[Exit]:
    due = [wave for wave in waves if wave.due]
    unknown = [Exit.UNKNOWN for wave in due if wave.unknown]
    return unknown + [Exit.CHANGES for wave in due if wave.open or wave.without_required]


def _exit_of(standing: PlanStatus) -> Exit:
    unknown = (
        standing.unread or standing.unjudged_reason or standing.addresses(ChangeStatus.IN_DOUBT)
    )
    codes = [Exit.UNKNOWN] if unknown else []
    wrong = (
        standing.locked_out or standing.addresses(ChangeStatus.DRIFTED) or standing.added_policies
    )
    codes += [Exit.FINDINGS] if wrong else []
    waits = standing.addresses(ChangeStatus.WAITS) or standing.other_device_kind
    codes += [Exit.CHANGES] if waits and not standing.rolled_back else []
    return worst(codes)


_EXPECTED = Message("    expected: {value}")
_FOUND = Message("    found: {value}")
_DATED = Message("    dated by IAM: {at}")
_CAME = Message("    would now also affect: {names}")
_ADDED_BY = Message("    {name} added by: {who}, {event}, {at}")
_ADDER_NOT_KNOWN = Message("    {name} added by: unknown: {reason}")
_BY = Message("    last changed by: {who}, {event}, {at}")
_NOT_KNOWN = Message("    last changed by: unknown: {reason}")
_ASK = Message("  To see who changed it, run with `--who` (at most {calls} CloudTrail calls).")
_WAVE = Message("{wave}: {count} in all, {enrolled} with an MFA device{unknown}")
_GOAL_WAVE = Message(
    "{wave}{starts}: {count} in all; {enrolled} with an MFA device{unknown}, {enforced} proved to "
    "be enforced, {exempt} excepted"
)
_DEVICES_UNKNOWN = Message(" ({count} unknown)")
_FROM = Message(" (from {day})")
_ENROL_FROM = Message(" (can enrol from {enrol_from}, enforced from {day})")
_EVERYBODY = Message("People")
_NO_WAVE = Message("In no wave")
_ABSENT = Message("No such user now: {names}")
_WITHOUT = Message("Without an MFA device: {names}")
_WITH = Message("With an MFA device: {names}")
_ENFORCED = Message("MFA enforced: {names}")
_EXEMPT = Message("left out, or an exception: {names}")
_FIRST = Message("first stage, without an MFA device: {names}")
_SECOND = Message("second stage, with an MFA device: {names}")
_OTHER_KIND = Message("with another kind of device only, where a passkey is required: {names}")
_REQUIRED = Message(
    "{verdict} {count} of them {count:has|have} no passkey or security key, which is required."
)
_PLAN_REQUIRED = Message(
    "{verdict} A passkey or security key is required; with another kind of device only: {count}."
)
_WITH_OTHER_KIND = Message("With another kind of device only, where a passkey is required: {names}")
_OPEN = Message("MFA not enforced yet: {names}")
_UNKNOWN = Message("unknown: {names}")
_MEANT = Message("Unknown whether the goal covers them: {names}")
_NOT_JUDGED = Message(
    "Not checked here: whether users would be locked out, or keys stop working. The plan shows it."
)
_NOBODY = Message("No wave of the goal has anybody in it.")
_NOT_YET = Message("No wave has begun yet.")
_ALL_ENFORCED = Message("MFA is enforced for all users whose day has come ({count}).")
_SOME_OPEN = Message(
    "MFA is enforced for {enforced} of {count} {count:user|users} whose day has come "
    "({unknown} unknown)."
)
_UNREAD = Message("Not read: {user}: {reason}")
_LOCKED_OUT = Message("Locked out with the credentials they have now: {count}")
_UNJUDGED = Message("Whether all enforced users can sign in is unknown: {why}")


def plan_status_lines(
    plan: Plan, standing: PlanStatus, lang: Language, *, verbose: bool = False
) -> Iterator[str]:
    """Yield how a plan stands, line by line: in a sentence, then what somebody must look at.

    Args:
        plan: the plan.
        standing: how it stands.
        lang: the language.
        verbose: whether all names are listed, and what is done as well.
    """
    verdict = status_sentence(standing)
    if lacking := len(standing.other_device_kind):
        verdict = _PLAN_REQUIRED.filled(verdict=verdict, count=lacking)
    yield verdict.into(lang)
    if standing.locked_out:
        yield _LOCKED_OUT.filled(count=len(standing.locked_out)).into(lang)
        lines = [f"{user}: {why.into(lang)}" for user, why in standing.locked_out.items()]
        yield from shown_lines(lines, lang, verbose=verbose)
    if standing.unjudged_reason:
        yield _UNJUDGED.filled(why=standing.unjudged_reason).into(lang)
    for status, title in STATUS_TITLES.items():
        facts = [fact for fact in standing.facts if fact.status is status]
        if facts and (verbose or not standing.rolled_back):
            yield title.filled(count=len(facts)).into(lang)
            yield from _facts(status, facts, lang, verbose=verbose)
    yield from added_policies_lines(standing.added_policies, lang, verbose=verbose)
    yield from _people(plan, standing, lang, verbose=verbose)
    if standing.absent:
        yield _ABSENT.filled(names=shown_names(standing.absent, lang, verbose=verbose)).into(lang)
    for user, reason in standing.unread:
        yield _UNREAD.filled(user=user, reason=reason).into(lang)


def _facts(
    status: ChangeStatus, facts: list[FactStatus], lang: Language, *, verbose: bool
) -> Iterator[str]:
    """Yield the facts that stand so; of what is done only their number is of interest."""
    match status:
        case ChangeStatus.DONE if not verbose:
            pass
        case ChangeStatus.DONE | ChangeStatus.WAITS:
            yield from shown_lines([fact.address for fact in facts], lang, verbose=verbose)
        case ChangeStatus.IN_DOUBT | ChangeStatus.DRIFTED:
            for fact in facts:
                yield f"  {fact.address}"
                yield from _history(fact, lang)
            if status is ChangeStatus.DRIFTED and not any(fact.author_requested for fact in facts):
                yield _ASK.filled(calls=CALLS).into(lang)
        case _:
            assert_never(status)


def _people(plan: Plan, standing: PlanStatus, lang: Language, *, verbose: bool) -> Iterator[str]:
    """Yield the users with a device and those without one, by wave."""
    people = [each for each in plan.people_changed if each.impact is not ImpactKind.LEFT_OUT]
    waves = dict.fromkeys(person.wave for person in people)
    rest = _NO_WAVE if any(waves) else _EVERYBODY
    for wave in waves:
        users = {person.user for person in people if person.wave == wave}
        enrolled = [user for user in standing.enrolled if user in users]
        unread = len([user for user, _ in standing.unread if user in users])
        yield _WAVE.filled(
            wave=wave or rest.into(lang),
            count=len(users),
            enrolled=len(enrolled),
            unknown=_devices_unknown(unread),
        ).into(lang)
        without = [user for user in standing.not_enrolled if user in users]
        other_kind = [user for user in standing.other_device_kind if user in users]
        for title, names in (
            (_WITH, enrolled),
            (_WITH_OTHER_KIND, other_kind),
            (_WITHOUT, without),
        ):
            if names:
                listed = shown_names(names, lang, verbose=verbose)
                yield f"  {title.filled(names=listed).into(lang)}"


def _devices_unknown(count: int) -> Message:
    """Return of how many the MFA devices could not be listed, if of any."""
    return _DEVICES_UNKNOWN.filled(count=count) if count else verbatim("")


def _history(fact: FactStatus, lang: Language) -> Iterator[str]:
    """Yield when, and by whom, what has drifted was changed."""
    if fact.drift is not None:
        expected, found = expected_and_found(fact.address, fact.drift)
        yield _EXPECTED.filled(value=expected).into(lang)
        yield _FOUND.filled(value=found).into(lang)
    if fact.newcomers:
        yield _CAME.filled(names=affected_names(fact.newcomers)).into(lang)
    for name, by in zip(fact.newcomers, fact.newcomer_authors, strict=False):
        yield _adder(name, by, lang)
    if fact.changed_at is not None:
        yield _DATED.filled(at=fact.changed_at).into(lang)
    match fact.author:
        case Author(who, event, at):
            yield _BY.filled(who=who, event=event, at=at).into(lang)
        case Message() as reason:
            yield _NOT_KNOWN.filled(reason=reason).into(lang)
        case None:
            pass


def _adder(name: str, by: Author | Message, lang: Language) -> str:
    match by:
        case Author(who, event, at):
            return _ADDED_BY.filled(name=name, who=who, event=event, at=at).into(lang)
        case Message() as reason:
            return _ADDER_NOT_KNOWN.filled(name=name, reason=reason).into(lang)


def wave_status_lines(
    waves: tuple[WaveStatus, ...],
    unread: tuple[str, ...],
    lang: Language,
    *,
    staged: bool = False,
    verbose: bool = False,
) -> Iterator[str]:
    """Yield how the waves of a goal stand, line by line, and whose part in it is unread.

    Args:
        waves: in the goal's order.
        unread: of whom it is not known whether they are meant.
        lang: the language.
        staged: whether who has a device gets another policy.
        verbose: whether all names are listed.
    """
    yield _goal_verdict(waves).into(lang)
    for wave in waves:
        from_day = _FROM if wave.enrol_from is None else _ENROL_FROM
        starts = from_day.filled(day=wave.starts, enrol_from=wave.enrol_from).into(lang)
        yield _GOAL_WAVE.filled(
            wave=wave.name or _EVERYBODY.into(lang),
            starts="" if wave.starts is None else starts,
            count=len(wave.users),
            enrolled=len(wave.enrolled),
            unknown=_devices_unknown(len(wave.devices_unknown)),
            enforced=len(wave.enforced),
            exempt=len(wave.exempt),
        ).into(lang)
        for title, names in _members(wave, staged=staged):
            if names:
                listed = shown_names(names, lang, verbose=verbose)
                yield f"  {title.filled(names=listed).into(lang)}"
    if unread:
        yield _MEANT.filled(names=shown_names(unread, lang, verbose=verbose)).into(lang)
    if any(wave.open for wave in waves if wave.due):
        yield _NOT_JUDGED.into(lang)


def _goal_verdict(waves: tuple[WaveStatus, ...]) -> Message:
    """Return in one sentence how it stands with those whose turn has come."""
    due = [wave for wave in waves if wave.due]
    wait, unknown = (
        sum(len(names) for names in each)
        for each in ([wave.open for wave in due], [wave.unknown for wave in due])
    )
    if not waves:
        return _NOBODY
    if not due:
        return _NOT_YET
    count = sum(len(wave.users) - len(wave.exempt) for wave in due)
    verdict = _ALL_ENFORCED.filled(count=count)
    if wait or unknown:
        verdict = _SOME_OPEN.filled(count=count, enforced=count - wait - unknown, unknown=unknown)
    lacking = sum(len(wave.without_required) for wave in due)
    return _REQUIRED.filled(verdict=verdict, count=lacking) if lacking else verdict


def _members(wave: WaveStatus, *, staged: bool) -> Iterator[tuple[Message, tuple[str, ...]]]:
    """Yield the users of a wave by how they stand: first of whom something is to be done."""
    yield _OPEN, wave.open
    yield _UNKNOWN, wave.unknown
    if staged:
        told = {*wave.exempt, *wave.devices_unknown, *wave.enrolled}
        yield _FIRST, tuple(user for user in wave.users if user not in told)
        yield _SECOND, tuple(user for user in wave.enrolled if user not in wave.other_device_kind)
    yield _OTHER_KIND, wave.other_device_kind
    yield _ENFORCED, wave.enforced
    yield _EXEMPT, wave.exempt
