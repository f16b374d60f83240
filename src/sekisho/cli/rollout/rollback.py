"""`sekisho rollback`: take back what a plan did, and nothing that anybody else has done."""

import json
import re
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
from sekisho.cli.help import SpokenCommand
from sekisho.cli.next_action import Account, RolledBack, next_action
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
    is_in_s3,
    preview_rollback,
    read_plan,
    renamed_users,
    retried_until_visible,
    roll_back,
    rollback_progress,
    unaccounted_addresses,
    undone_addresses,
)

_TAKING_BACK = Message("Rolling back")
_SETTLED = (Event.UNDONE, Event.GONE, Event.LEFT)
_ASKED = Message("Undo the changes of this plan ({count})?")
_ASKED_OF_USER = Message("Undo the changes for `{user}` ({count})?")
_UNAPPLIED = Message("Nothing to roll back: this plan has not been applied.")
_NONE_APPLIED = Message("Nothing to roll back: no plan in this folder has been applied.")
_RENAMED = Message("Renamed since (shown by the old name here): {names}")
_NO_JOURNAL = Message(
    "There is no journal `{path}`, so it is unknown what its plan changed. That plan is not "
    "undone, and neither are earlier ones. If the journal is lost, use the account: "
    "`--by-account`. Changes there that may be of that plan: {count}"
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
    and earlier ones stay, unless --by-account is given.

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
class _Plans:
    """The files of plans, the last first, and the folder that they are in; None: one alone."""

    paths: tuple[Path, ...]
    folder: OpenFolder | None = None

    def following(self, journal: Journal) -> AbstractContextManager[None]:
        """Keep what the journal of one of them says, where that takes more than the disk."""
        return nullcontext() if self.folder is None else self.folder.following(journal)

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
    read = {each: read_plan(each, options.journal) for each in given.paths}
    api, renamed = _connected(given, aws, lang)
    _check_accounts(read, api)
    _check_user([*read.values()], user := _User.now_called(options.user, renamed))
    plans, without = _until_lost(read, user, api, options)
    lost = [*_lost_lines(without, given, lang, verbose=options.verbose)]
    if not plans and not lost:
        show_folded([(_UNAPPLIED if given.folder is None else _NONE_APPLIED).into(lang)])
        show_next(next_action(RolledBack(Account(aws.typed))), lang)
        return Exit.CLEAN
    _note_renamed(plans, renamed, lang)
    choices = [*_choices(plans, options, user, renamed)]
    previews = [_preview(each, chosen, api) for each, chosen in zip(plans, choices, strict=True)]
    count = sum(len(each.reversible) for each in previews)
    check_terminal(yes=options.yes or not count)
    # who is asked must know what about
    if not (quiet() and options.yes):
        notice(*preview_lines(merged_previews(previews), lang, verbose=options.verbose))
        notice(*_added_policies(plans, choices, api, lang, verbose=options.verbose))
        notice(*lost)
    _ask(count, options, lang)
    account, incomplete = Account(aws.typed), list[Path]()
    for plan_file, preview, chosen in zip(plans, previews, choices, strict=True):
        with plan_file.journal.locked(), given.following(plan_file.journal):
            plan_file.journal.open(plan_file.plan.digest)
            before = undone_addresses(plan_file.plan, plan_file.journal, chosen.user)
            ownership.record(plan_file, api)
            report = _take_back_one(plan_file, preview, chosen, api, lang)
        show_folded(undone_lines(report, lang, before, verbose=options.verbose))
        if not report.complete:
            show_next(next_action(RolledBack(account, stopped=True)), lang)
            return Exit.ERROR
        if report.left:
            incomplete.append(plan_file.journal.path)
    show_folded(lost)
    at = given.status_of(incomplete[0]) if incomplete else None
    if lost or at is not None or not incomplete:
        words = "" if at is None else plan_words(at, options.journal)
        show_next(next_action(RolledBack(account, words, lost=bool(lost))), lang)
    return Exit.FINDINGS if incomplete or lost else Exit.CLEAN


def _check_accounts(read: Mapping[Path, PlanFile], api: AwsApi) -> None:
    """Name a plan of another account, before anything is done.

    Raises:
        PlanRefused: if one is.
    """
    for path in {each.plan.account: path for path, each in read.items()}.values():
        try:
            check_account(read[path].plan, api)
        except PlanRefused as refused:
            refused.at = str(path)
            raise


def _until_lost(
    read: Mapping[Path, PlanFile], user: "_User", api: AwsApi, options: RollbackOptions
) -> tuple[list[PlanFile], Mapping[Path, tuple[str, ...]]]:
    """Return the plans to take back, down to one whose journal is lost, and what is there of that.

    To go past it would take away what it needs to be undone. A plan that was saved and never
    applied has no journal either, unless one is named: what a later plan has found at an address
    tells whether it was.
    """
    plans, later = list[PlanFile](), dict[str, object]()
    for each in read.values():
        name = user.in_plan(each)
        if name is not None and each.journal.path.exists():
            plans.append(each)
        elif name is not None:
            chosen = RollbackChoices(user=name)
            found = unaccounted_addresses(each.plan, each.journal, api, chosen, later)
            if not options.by_account and (found or options.journal):
                return plans, {each.journal.path: found}
            plans += [each] if found else []
        later |= {change.address: change.before for change in each.plan.changes}
    return plans, {}


def _lost_lines(
    lost: Mapping[Path, tuple[str, ...]], given: _Plans, lang: Language, *, verbose: bool
) -> Iterator[str]:
    for path, found in lost.items():
        shown = path if given.folder is None else given.folder.shown(path)
        yield _NO_JOURNAL.filled(path=shown, count=len(found)).into(lang)
        yield from () if quiet() else shown_lines(found, lang, verbose=verbose)


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
    plans: list[PlanFile], options: RollbackOptions, user: _User, renamed: Mapping[str, str]
) -> Iterator[RollbackChoices]:
    """Yield how much is taken back of each plan; they are in order, the last first."""
    for place, plan_file in enumerate(plans, start=1):
        yield RollbackChoices(
            options.leave_unenforced,
            options.remove_rights,
            options.by_account,
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
