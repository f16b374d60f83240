"""`sekisho rollback`: take back what a plan did, and nothing that anybody else has done."""

import json
import re
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click

from sekisho.account import AwsApi
from sekisho.cli.aws import AwsOptions, aws_options, connection
from sekisho.cli.cut_lists import shown_lines
from sekisho.cli.exits import Exit
from sekisho.cli.group import typed_again, words_of
from sekisho.cli.help import SpokenCommand
from sekisho.cli.next_action import RolledBack, RunContext, next_action
from sekisho.cli.options import grouped, lang_option
from sekisho.cli.quiet import print_note, quiet, quiet_option, show_next, verbose_option
from sekisho.cli.rollout.applying import (
    OwnershipOptions,
    added_policies_lines,
    check_terminal,
    confirm,
    in_the_middle,
    merged_previews,
    ownership_options,
    plan_words,
    preview_lines,
    progress_of,
    tell_wait,
    undone_lines,
)
from sekisho.cli.rollout.state import state_at, take_over_option
from sekisho.cli.terminal import notice, show_folded
from sekisho.errors import PlanRefused, SekishoError, UsageError, did_you_mean
from sekisho.lazy import dataclass
from sekisho.messages import Language, Message
from sekisho.rollout import (
    KNOWN_USERS,
    AddedPolicies,
    Change,
    Event,
    GroupRights,
    Journal,
    OpenFolder,
    PlanFile,
    RollbackChoices,
    RollbackPreview,
    RollbackReport,
    UnderFormerNames,
    check_account,
    explained_addresses,
    is_in_s3,
    preview_rollback,
    read_plan,
    renamed_users,
    retried_until_visible,
    roll_back,
    rollback_progress,
    unaccounted_addresses,
    undone_addresses,
    unseen_addresses,
)

_TAKING_BACK = Message("Rolling back")
_SETTLED = (Event.UNDONE, Event.GONE, Event.LEFT)
_ASKED = Message("Undo the changes of this plan ({count})?")
_ASKED_OF_USER = Message("Undo the changes for `{user}` ({count})?")
_UNAPPLIED = Message("Nothing to roll back: this plan has not been applied.")
_NONE_APPLIED = Message("Nothing to roll back: no plan in this folder has been applied.")
_RENAMED = Message("Renamed since (shown by the old name here): {names}")
_NO_JOURNAL = Message(
    "There is no journal `{path}`, so it is unknown what its plan changed. Nothing of that plan is "
    "undone. If the journal is lost, use the account: `--by-account`. Changes that the plan may "
    "have made: {count}"
)
_EARLIER_STAY = Message(
    "Earlier plans of the folder are not undone either. If that plan was never applied, move its "
    "file out of the folder."
)
_UNSEEN = Message(
    "There is no journal `{path}`, and the account does not show whether its plan made these "
    "changes. They cannot be undone: {count}"
)
_UNREADABLE = Message(
    "There is no journal `{path}`, and its plan cannot be read. It is passed over."
)
_JOURNAL = re.compile(r"(?P<plan>.+\.json)\.journal(?P<ended>\.\d{8}T\d{6}Z(-\d+)?)?")
"""A journal; one that has made room for that of another plan has the time of its end."""
_PLAN = re.compile(rb'"schema":\s*"sekisho\.plan/')
_EXCEPTED = Message(
    "The next run of the campaign would enforce MFA for `{user}` again. To leave them out, "
    "write into the goal:"
)


@dataclass(frozen=True, slots=True)
class RollbackOptions:
    """How much is taken back, and by what.

    Attributes:
        leave_unenforced: also what may leave somebody without MFA enforcement.
        remove_rights: users leave a group even if they lose policies that somebody has added to it.
        by_account: by the account, as the journal is damaged or lost.
        user: the user for whom alone something is taken back; "": for all.
        take_over: in S3, the lock of a run that was killed is taken over.
    """

    yes: bool
    journal: Path | None
    leave_unenforced: bool
    remove_rights: bool
    by_account: bool
    user: str
    take_over: bool
    verbose: bool


rollback_options = grouped(
    "options",
    RollbackOptions,
    click.option("--yes", is_flag=True, help="Do not ask for confirmation."),
    click.option(
        "--journal",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="The plan's journal; PLAN.journal if not given.",
    ),
    click.option(
        "--leave-unenforced",
        is_flag=True,
        help="Also undo what may leave somebody without MFA enforcement.",
    ),
    click.option(
        "--remove-rights",
        is_flag=True,
        help="Remove users from a group even if they lose policies that somebody else has added "
        "to it.",
    ),
    click.option(
        "--by-account",
        is_flag=True,
        help="If the journal is damaged or lost: undo the changes that the account still shows.",
    ),
    click.option(
        "--user", metavar="NAME", default="", help="Undo only what was done for this user."
    ),
    take_over_option,
    verbose_option,
)


@click.command("rollback", cls=SpokenCommand)
@click.argument("place", metavar="PLAN|JOURNAL|FOLDER|s3://BUCKET/PREFIX", type=click.Path())
@rollback_options
@ownership_options
@quiet_option
@aws_options
@lang_option
def command(
    place: str,
    options: RollbackOptions,
    ownership: OwnershipOptions,
    aws: AwsOptions,
    lang: Language,
) -> Exit:
    """Undo everything that a plan did, even if it was applied only in part.

    Of a folder of plans, such as that of a campaign, here or in S3, all are undone, the last
    first; with --user, only the changes for one person. If the journal of one is lost, that plan
    and earlier ones stay; with --by-account, plans without a journal are undone by the account.

    Later changes of others stay, and so do policies that now enforce MFA for others; both are
    listed. Users stay in a group to which somebody else has added a policy since. Differences
    from before the plan that are not in the journal are listed, too: it may have lost lines.
    Exit 0 if everything is as before, 3 if something was left, 2 if you do not agree, 1 if it
    stopped.
    """
    path = Path(place)
    if not is_in_s3(place) and not path.is_dir():
        return _take_back(_Plans((path,)), options, ownership, aws, lang)
    if options.journal:
        raise UsageError(Message("`--journal` is for one plan, and this is a folder of plans"))
    with state_at(place, aws, lang, take_over=options.take_over).locked() as opened:
        plans = _Plans(_plans_in(opened.path, opened.address), opened)
        code = _take_back(plans, options, ownership, aws, lang)
    if options.user and code in (Exit.CLEAN, Exit.FINDINGS) and not quiet():
        print_note(_EXCEPTED.filled(user=options.user).into(lang))
        click.echo(f"except:\n  - user: {json.dumps(options.user, ensure_ascii=False)}", err=True)
    return code


def _plans_in(folder: Path, address: str) -> tuple[Path, ...]:
    """Return the plans of a folder, the last first; a campaign may have none.

    A journal stands for its plan if the plan's own file is lost, or is that of another plan now.

    Raises:
        UsageError: if there is none, and it is no campaign's folder.
    """
    known = folder / KNOWN_USERS
    files = {each for each in (*folder.glob("*"), *folder.glob("plans/*")) if each.is_file()}
    journals = {each: found for each in files if (found := _JOURNAL.fullmatch(each.name))}
    # a journal that has ended is of an earlier plan than the present one
    plans = {
        (each, "~"): each
        for each in files - {known}
        if each.suffix == ".json" and (each.parent != folder or _may_be_plan(each))
    }
    for each, found in journals.items():
        plans.setdefault((each.with_name(found["plan"]), found["ended"] or "~"), each)
    if not plans and not known.exists():
        raise UsageError(
            Message("there is no plan in `{path}`").filled(path=address),
            fix=Message("give the file of a plan, or the folder of a campaign"),
        )
    return tuple(plans[each] for each in sorted(plans, reverse=True))


def _may_be_plan(path: Path) -> bool:
    """Tell a plan from other files that people have in a folder of their own."""
    try:
        return _PLAN.search(path.read_bytes()) is not None
    except OSError:
        return True


@dataclass(frozen=True, slots=True)
class _Lost:
    """A plan's file whose journal is lost, and the addresses of what it may have changed.

    `stays`: the account does not show it, so that nothing can undo it.
    """

    plan: Path
    addresses: tuple[str, ...]
    stays: bool = False


@dataclass(frozen=True, slots=True)
class _Plans:
    """The files of plans, the last first, and the folder that they are in; None: one alone."""

    paths: tuple[Path, ...]
    folder: OpenFolder | None = None

    def following(self, journal: Journal) -> AbstractContextManager[None]:
        """Keep what the journal of one of them says, where that takes more than the disk."""
        return nullcontext() if self.folder is None else self.folder.following(journal)

    def shown(self, path: Path) -> str:
        """Return a path of one of them as people know it; in S3 the object's address."""
        return str(path) if self.folder is None else str(self.folder.shown(path))

    def status_of(self, file: Path) -> Path | None:
        """Return the file of one of them for `sekisho status`; None in S3."""
        if self.folder is None:
            return self.paths[0]
        return file if file.is_relative_to(self.folder.address) else None


def _take_back(
    given: _Plans,
    options: RollbackOptions,
    ownership: OwnershipOptions,
    aws: AwsOptions,
    lang: Language,
) -> Exit:
    """Take back what plans did, one after another; where one stops, the ones before it stay."""
    read, unreadable = _read(given, options.journal)
    api, renamed = _connected(given, aws, lang)
    read = _of_account(read, api, given)
    _check_user([*read.values()], user := _User.now_called(options.user, renamed))
    plans, without = _until_lost(read, user, api, options)
    lost = [*_lost_lines(without, given, options, lang)]
    at_journals = (Path(f"{each}.journal") for each in unreadable)
    lost += [_UNREADABLE.filled(path=given.shown(each)).into(lang) for each in at_journals]
    if not plans and not lost:
        show_folded([(_UNAPPLIED if given.folder is None else _NONE_APPLIED).into(lang)])
        show_next(next_action(RolledBack(RunContext(aws.typed))), lang)
        return Exit.CLEAN
    _note_renamed(plans, renamed, lang)
    in_folder = given.folder is not None
    choices = [*_choices(plans, options, user, renamed, in_folder=in_folder)]
    previews = [_preview(each, chosen, api) for each, chosen in zip(plans, choices, strict=True)]
    count = sum(len(each.reversible) for each in previews)
    check_terminal(yes=options.yes or not count)
    # who is asked must know what about
    if not (quiet() and options.yes):
        notice(*preview_lines(merged_previews(previews), lang, verbose=options.verbose))
        notice(*_added_policies(plans, choices, api, lang, verbose=options.verbose))
        notice(*lost)
    _ask(count, options, lang)
    context, incomplete = RunContext(aws.typed), list[Path]()
    for plan_file, preview, chosen in zip(plans, previews, choices, strict=True):
        with plan_file.journal.locked(), given.following(plan_file.journal):
            plan_file.journal.open(plan_file.plan.digest)
            before = undone_addresses(plan_file.plan, plan_file.journal, chosen.user)
            ownership.record(plan_file, api)
            report = _take_back_one(plan_file, preview, chosen, api, lang)
        show_folded(undone_lines(report, lang, before, verbose=options.verbose))
        if not report.complete:
            show_next(next_action(RolledBack(context, stopped=True)), lang)
            return Exit.ERROR
        if report.left:
            incomplete.append(plan_file.journal.path)
    show_folded(lost)
    at = given.status_of(incomplete[0]) if incomplete else None
    by_account = _by_account(without, given, options, aws)
    if without or at is not None or not incomplete:
        words = "" if at is None else plan_words(at, options.journal)
        show_next(next_action(RolledBack(context, words, lost=by_account)), lang)
    return Exit.FINDINGS if incomplete or lost else Exit.CLEAN


def _read(given: _Plans, journal: Path | None) -> tuple[Mapping[Path, PlanFile], list[Path]]:
    """Return the plans, and files of a folder that cannot be read and have no journal."""
    read, unreadable = dict[Path, PlanFile](), list[Path]()
    for each in given.paths:
        try:
            read[each] = read_plan(each, journal)
        except SekishoError:
            if given.folder is None or _has_journal(each):
                raise
            unreadable.append(each)
    return read, unreadable


def _has_journal(path: Path) -> bool:
    return _JOURNAL.fullmatch(path.name) is not None or Path(f"{path}.journal").exists()


def _of_account(
    read: Mapping[Path, PlanFile], api: AwsApi, given: _Plans
) -> Mapping[Path, PlanFile]:
    """Return the plans of the account; one of another account was not applied here.

    Raises:
        PlanRefused: if one of another account has a journal, or is the only one.
    """
    foreign = set[str]()
    for account in {each.plan.account for each in read.values()}:
        theirs = {path: each for path, each in read.items() if each.plan.account == account}
        journaled = [path for path, each in theirs.items() if each.journal.path.exists()]
        path = next(iter((*journaled, *theirs)))
        try:
            check_account(read[path].plan, api)
        except PlanRefused as refused:
            if given.folder is None or journaled:
                refused.at = str(path)
                raise
            foreign.add(account)
    return {path: each for path, each in read.items() if each.plan.account not in foreign}


def _until_lost(
    read: Mapping[Path, PlanFile], user: "_User", api: AwsApi, options: RollbackOptions
) -> tuple[list[PlanFile], Mapping[Path, _Lost]]:
    """Return the plans to take back, down to one whose journal is lost, and what is lost.

    To go past it would take away what it needs to be undone. A plan that was saved and never
    applied has no journal either, unless one is named: what a later plan has found at an address
    tells whether it was, and so does the journal of an earlier one that has left it so.
    """
    plans, lost, later = list[PlanFile](), dict[Path, _Lost](), dict[str, object]()
    for place, (path, each) in enumerate(read.items(), start=1):
        name = user.in_plan(each)
        if name is None:
            continue
        if each.journal.path.exists():
            plans.append(each)
        else:
            earlier = _explained(each, [*read.values()][place:], api)
            chosen = RollbackChoices(user=name, earlier=earlier)
            found = unaccounted_addresses(each.plan, each.journal, api, chosen, later)
            unseen = unseen_addresses(each.plan, name)
            if not options.by_account and (found or unseen or options.journal):
                return plans, {**lost, each.journal.path: _Lost(path, (*found, *unseen))}
            if unseen:
                lost[each.journal.path] = _Lost(path, unseen, stays=True)
            if not found:
                continue
            plans.append(each)
        later |= {change.address: change.before for change in each.plan.changes}
    return plans, lost


def _explained(plan_file: PlanFile, others: list[PlanFile], api: AwsApi) -> frozenset[str]:
    """Return the addresses of a plan's changes that are as the journals of others tell."""
    addresses = {change.address for change in plan_file.plan.changes}
    found = set[str]()
    for each in others:
        if each.journal.path.exists():
            each.journal.open(each.plan.digest)
            found |= {*explained_addresses(each.plan, each.journal, api, addresses)}
    return frozenset(found)


def _lost_lines(
    lost: Mapping[Path, _Lost], given: _Plans, options: RollbackOptions, lang: Language
) -> Iterator[str]:
    for path, each in lost.items():
        message = _UNSEEN if each.stays else _NO_JOURNAL
        yield message.filled(path=given.shown(path), count=len(each.addresses)).into(lang)
        yield from () if quiet() else shown_lines(each.addresses, lang, verbose=options.verbose)
        if given.folder is not None and not each.stays:
            yield _EARLIER_STAY.into(lang)


def _by_account(
    lost: Mapping[Path, _Lost], given: _Plans, options: RollbackOptions, aws: AwsOptions
) -> str:
    """Return the command that undoes the plan in the way by the account; "" if there is none.

    At a terminal it asks first: the account may show what others have done.
    """
    plan = next((each.plan for each in lost.values() if not each.stays), None)
    if plan is None:
        return ""
    asks = sys.stdin.isatty()
    if given.folder is None or given.status_of(plan) is None:
        return typed_again("--by-account", without=("--yes",) if asks else ())
    words = [plan_words(plan, None), "--by-account", *words_of("--user", options.user)]
    words += ["--yes"] if options.yes and not asks else []
    return f"sekisho rollback {' '.join(words)}{aws.typed}"


def _ask(count: int, options: RollbackOptions, lang: Language) -> None:
    """Ask whether so many changes are taken back, if there are any."""
    asked = _ASKED_OF_USER.filled(user=options.user) if options.user else _ASKED
    if count:
        confirm(asked.filled(count=count), lang, yes=options.yes)


@dataclass(frozen=True, slots=True)
class _User:
    """For whom alone something is taken back, and what they were called; "": for everybody."""

    name: str
    former: frozenset[str] = frozenset()

    @classmethod
    def now_called(cls, name: str, renamed: Mapping[str, str]) -> "_User":
        """Return the user of a name, which may be a name of old."""
        present = renamed.get(name, name)
        return cls(name, frozenset({present, *(old for old in renamed if renamed[old] == present)}))

    def in_plan(self, plan: PlanFile) -> str | None:
        """Return the user's name in a plan; None: the plan is about other users only."""
        people = {change.person for change in plan.plan.changes}
        names = (self.name, *sorted(self.former))
        return next((name for name in names if name == "" or name in people), None)


def _connected(given: _Plans, aws: AwsOptions, lang: Language) -> tuple[AwsApi, Mapping[str, str]]:
    """Return the account under the names that its users had, and who was renamed since."""
    api: AwsApi = connection(aws, lang, reads=False).api
    renamed = renamed_users(given.folder.path, api) if given.folder is not None else {}
    return UnderFormerNames(api, renamed) if renamed else api, renamed


def _note_renamed(plans: list[PlanFile], renamed: Mapping[str, str], lang: Language) -> None:
    touched = {change.person for each in plans for change in each.plan.changes}
    if names := [f"{old} → {new}" for old, new in renamed.items() if old in touched]:
        print_note(_RENAMED.filled(names=", ".join(names)).into(lang))


def _check_user(plans: list[PlanFile], user: _User) -> None:
    """Refuse a user whom no plan is about.

    Raises:
        UsageError: if there is none.
    """
    if user.name and all(user.in_plan(each) is None for each in plans):
        names = {change.person for each in plans for change in each.plan.changes}
        raise UsageError(
            Message("nothing was planned for the user `{user}`").filled(user=user.name),
            fix=did_you_mean(user.name, names - {""}),
        )


def _choices(
    plans: list[PlanFile],
    options: RollbackOptions,
    user: _User,
    renamed: Mapping[str, str],
    *,
    in_folder: bool,
) -> Iterator[RollbackChoices]:
    """Yield how much is taken back of each plan; they are in order, the last first.

    In a folder, plans with a journal go by that, whatever the account shows: others may have done
    anything since.
    """
    for place, plan_file in enumerate(plans, start=1):
        yield RollbackChoices(
            options.leave_unenforced,
            options.remove_rights,
            options.by_account and not (in_folder and plan_file.journal.path.exists()),
            user.in_plan(plan_file) or "",
            frozenset(
                address
                for each in plans[place:]
                for change in each.plan.changes
                for address in (change.address, _present_address(change, renamed))
            ),
        )


def _present_address(change: Change, renamed: Mapping[str, str]) -> str:
    """Return the address that a change has in plans that were made after a renaming."""
    return " ".join(renamed.get(word, word) for word in change.address.split(" "))


def _preview(plan_file: PlanFile, choices: RollbackChoices, api: AwsApi) -> RollbackPreview:
    """Return a preview of the roll-back of one plan."""
    plan, journal = plan_file.plan, plan_file.journal
    journal.open(plan.digest)
    addresses: tuple[str, ...] = ()
    if choices.by_account:
        addresses = unaccounted_addresses(plan, journal, api, choices)
    return preview_rollback(plan, journal, addresses, choices.user)


def _added_policies(
    plans: list[PlanFile],
    choices: list[RollbackChoices],
    api: AwsApi,
    lang: Language,
    *,
    verbose: bool,
) -> Iterator[str]:
    """Yield the users who would lose policies that others have attached to their group since."""
    for each, chosen in zip(plans, choices, strict=True):
        rights = GroupRights(each.plan, each.journal, api)
        # what cannot be read stays: the roll-back itself looks again
        added = [found for found in rights.added() if isinstance(found, AddedPolicies)]
        if chosen.user:
            own = (chosen.user,)
            added = [replace(found, users=own) for found in added if chosen.user in found.users]
        removed = chosen.remove_rights
        yield from added_policies_lines(added, lang, removed=removed, verbose=verbose)


def _take_back_one(
    plan_file: PlanFile,
    preview: RollbackPreview,
    choices: RollbackChoices,
    api: AwsApi,
    lang: Language,
) -> RollbackReport:
    """Take back what one plan did, whose journal is locked and open.

    Where it is stopped by an error or by hand, it is said first how far it came.
    """
    plan, journal = plan_file.plan, plan_file.journal
    before = undone_addresses(plan, journal, choices.user)
    now = partial(datetime.now, UTC)
    again = partial(roll_back, plan, journal, api, now=now, choices=choices)
    with progress_of(journal, preview.reversible, _SETTLED, _TAKING_BACK, lang):
        try:
            return retried_until_visible(again, time.sleep, partial(tell_wait, lang=lang))
        except (SekishoError, KeyboardInterrupt) as error:
            if in_the_middle(error):
                so_far = rollback_progress(plan, journal, choices.user)
                show_folded(undone_lines(so_far, lang, before))
            raise
