"""Takes a plan back: what it made, and nothing that anybody else has done."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import field, replace

from sekisho.account import AwsApi
from sekisho.errors import AwsRefused
from sekisho.lazy import dataclass
from sekisho.messages import Message, listed
from sekisho.rollout.applying.change_status import PasswordOwner, password_owner
from sekisho.rollout.applying.dependents import Dependents, GroupRights, ReplacedPolicies
from sekisho.rollout.applying.journal import Clock, Event, Journal, JournalEntry
from sekisho.rollout.applying.plan_file import check_account
from sekisho.rollout.applying.stop import Stop
from sekisho.rollout.changes.model import Change, Observations, ObservedState, State, Toggle
from sekisho.rollout.changes.observer import Observer
from sekisho.rollout.changes.policies import CreatePolicyVersion
from sekisho.rollout.changes.users import (
    AddUserToGroup,
    CreateLoginProfile,
    ReplacePassword,
    SetsPassword,
)
from sekisho.rollout.planning.plan import Plan

CHANGED_SINCE = Message("somebody has changed it since, so it stays")
NOT_OURS = Message("it was already so before the plan, so it stays")
IN_USE = Message("it is in use now, so it stays: {what}")
IN_DOUBT = Message(
    "either the run that stopped at this call set it, or somebody else: ask, then give `--ours "
    "USER` or `--theirs USER`"
)
IRREVERSIBLE = Message("AWS cannot restore it, so it stays")
NO_OTHER_ENFORCEMENT = Message(
    "it replaced `{what}`, which is not restored: without both, users may be left without MFA "
    "enforcement (`--leave-unenforced` undoes it anyway)"
)
UNACCOUNTED = Message(
    "it differs from before the plan, but no line of the journal says that the plan changed it. "
    "If the journal is damaged and nobody else changed it, `--by-account` undoes it"
)
PASSWORD_UNACCOUNTED = Message(
    "a password was set since the plan was made, and no line of the journal says by whom: delete "
    "it by hand if the plan has set it"
)
REFUSED_BY_AWS = Message("AWS refuses: {what}")

_FINAL = ("DeleteConflict", "NoSuchEntity", "LimitExceeded")
"""Refusals that another try would meet again: what is to go is in use, what is to come back has
lost its place."""


@dataclass(frozen=True, slots=True)
class LeftChange:
    """Something that stays as it is, and why."""

    address: str
    reason: Message


@dataclass(frozen=True, slots=True)
class RollbackReport:
    """How far a plan was taken back, by addresses.

    Attributes:
        undone: addresses that are as before again, in the order in which they were taken back.
        left: what stays, and why; people's own doings among it.
        gone: those of `undone` that were found so: by somebody else's doing, or because AWS does
            not show yet what was just made. Running it again after some seconds settles that.
        remaining: not looked at; empty unless the run stopped.
        stopped: where AWS refused, or None.
    """

    undone: tuple[str, ...]
    left: tuple[LeftChange, ...]
    remaining: tuple[str, ...] = ()
    stopped: Stop | None = None
    gone: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether everything was looked at; `left` may still name what stays."""
        return self.stopped is None and not self.remaining


@dataclass(frozen=True, slots=True)
class RollbackChoices:
    """Exceptions from the caution of a roll-back, for somebody who knows the account.

    Attributes:
        leave_unenforced: what the plan gave goes also where that may leave somebody without
            enforcement: what it came in place of cannot be put back, or others rely on it.
        remove_rights: the plan's people leave a group also where they lose a policy by that which
            somebody else has given it.
        by_account: what stands as the plan leaves it is the plan's doing, also where the journal
            does not say so: its lines are lost. A password is never taken back by that.
        user: only what the plan did for this user by name is taken back; "": all that it did.
        earlier: the addresses of changes of earlier plans that are taken back as well: what is
            found there without a line of the journal is theirs.
    """

    leave_unenforced: bool = False
    remove_rights: bool = False
    by_account: bool = False
    user: str = ""
    earlier: frozenset[str] = frozenset()


_NOTHING_LATER: Mapping[str, State] = {}
BY_JOURNAL = RollbackChoices()
"""A roll-back goes by what the journal tells, and leaves nobody without enforcement."""


def roll_back(
    plan: Plan,
    journal: Journal,
    api: AwsApi,
    *,
    now: Clock,
    choices: RollbackChoices = BY_JOURNAL,
) -> RollbackReport:
    """Bring everything that `plan` did back to its before-image, last change first.

    Goes by the journal, so it also takes back a half-done apply, and can itself be killed at any
    call and run again. Lines of a journal can be lost: of what it does not tell, the account is
    asked whether it is as before, and what is not is `left`. A user that the plan created is
    removed only if nobody has used it. What others have come to be enforced by stays, and so does
    what enforces MFA for a user who stays. Nobody leaves a group to which somebody else has given a
    policy.

    Args:
        plan: the plan.
        journal: what it was applied with.
        api: AWS.
        now: the clock that each line of the journal is dated by.
        choices: what goes although it would stay.

    Raises:
        PlanRefused: if the plan is of another account or has another journal; nothing is done then.
        SekishoError: if the journal cannot be written; `rollback_progress` tells what is done then.
    """
    journal.open(plan.digest)
    backwards = _backwards(plan, choices.user)
    try:
        check_account(plan, api)
    except AwsRefused as error:
        return replace(rollback_progress(plan, journal, choices.user), stopped=Stop.at(error))
    journal.open(plan.digest, plan.to_json())
    if choices.by_account:
        try:
            _claim_unaccounted(plan, journal, api, now, choices)
        except AwsRefused as error:
            return replace(rollback_progress(plan, journal, choices.user), stopped=Stop.at(error))
    dependents = None if choices.leave_unenforced else Dependents(plan, journal, api)
    rights = None if choices.remove_rights else GroupRights(plan, journal, api)
    replaced = ReplacedPolicies(plan, journal)
    run = _Run(
        *(api, journal, now, dependents, rights, replaced, Observations(api, now)),
        earlier=choices.earlier,
    )
    for position, change in enumerate(backwards):
        try:
            run.take_back(change)
        except AwsRefused as error:
            remaining = tuple(left.address for left in backwards[position:])
            return run.report(remaining, Stop.at(error, change))
    return run.report()


def take_back(
    changes: Iterable[Change], plan: Plan, journal: Journal, api: AwsApi, now: Clock
) -> bool:
    """Bring some changes of a run back to their before-images; return whether all are.

    AWS may not show yet what was just made, so that what is not seen is taken back all the same.

    Args:
        changes: of `plan`, the last that was made first.
        plan: the plan.
        journal: what it is being applied with; open.
        api: AWS.
        now: the clock that each line of the journal is dated by.

    Raises:
        AwsRefused: if AWS refuses a call.
    """
    # what this run has just given nobody has come to rely on
    replaced = ReplacedPolicies(plan, journal)
    run = _Run(api, journal, now, None, None, replaced, Observations(api, now), just_made=True)
    for change in changes:
        run.take_back(change)
    return not run.left and not run.gone


def _backwards(plan: Plan, user: str) -> tuple[Change, ...]:
    """Return the changes of a plan, the last first; only those for a user if one is named."""
    return tuple(each for each in reversed(plan.changes) if user in ("", each.person))


def rollback_progress(plan: Plan, journal: Journal, user: str = "") -> RollbackReport:
    """Return how far a plan was taken back, or that for a user, as its open journal tells."""
    preview = preview_rollback(plan, journal, user=user)
    left = [LeftChange(each, IRREVERSIBLE) for each in preview.irreversible]
    left += [LeftChange(each, NOT_OURS) for each in preview.preexisting]
    return RollbackReport(undone_addresses(plan, journal, user), tuple(left), preview.reversible)


def undone_addresses(plan: Plan, journal: Journal, user: str = "") -> tuple[str, ...]:
    """Return the addresses, or those for a user, that were taken back, as the journal tells."""
    addresses = (change.address for change in _backwards(plan, user))
    return tuple(each for each in addresses if journal.last_event(each) is Event.UNDONE)


@dataclass(slots=True)
class _Run:
    """One run, and what has come of it."""

    api: AwsApi
    journal: Journal
    now: Clock
    dependents: Dependents | None
    """The users who rely on the plan; None: nobody's MFA enforcement is guarded."""
    rights: GroupRights | None
    """Policies that others have given the plan's groups; None: users may lose them."""
    replaced: ReplacedPolicies
    """Replaced policies that could not be put back."""
    observations: Observations
    just_made: bool = False
    earlier: frozenset[str] = frozenset()
    undone: list[str] = field(default_factory=list)
    left: list[LeftChange] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)

    def report(
        self, remaining: tuple[str, ...] = (), stopped: Stop | None = None
    ) -> RollbackReport:
        """Return the report of the run."""
        return RollbackReport(
            tuple(self.undone), tuple(self.left), remaining, stopped, tuple(self.gone)
        )

    def take_back(self, change: Change) -> None:
        """Undo one change, if it is the plan's and still as the plan left it."""
        event = self.journal.last_event(change.address)
        if event is Event.ALREADY:
            self.left.append(LeftChange(change.address, NOT_OURS))
            self.replaced.record(change, self.api)
        elif self.journal.is_to_undo(change.address):
            self._undo_own(change, event)
        else:
            self._check_unaccounted(change, event)

    def _check_unaccounted(self, change: Change, event: Event | None) -> None:
        """Look whether something is there that no line of the journal says the plan has made."""
        if change.address in self.earlier:
            if event is Event.UNDONE:
                self.undone.append(change.address)
            return
        actual = change.read(self.observations.observer_for(change))
        if not _is_unaccounted(change, actual, event):
            if event is Event.UNDONE:
                self.undone.append(change.address)
            self.replaced.record(change, self.api)
        else:
            password = isinstance(change, SetsPassword)
            self._leave(change, PASSWORD_UNACCOUNTED if password else UNACCOUNTED)

    def _undo_own(self, change: Change, event: Event | None) -> None:
        """Undo a change of the plan, if it is still as the plan left it."""
        if not change.reversible:
            self._leave(change, IN_DOUBT if self._in_doubt(change) else IRREVERSIBLE)
            return
        actual = change.read(self.observations.observer_for(change))
        is_as_before = change.compare(actual) is ObservedState.BEFORE
        if is_as_before and not (self.just_made and isinstance(change, Toggle)):
            self._note_as_before(change, event)
        elif not is_as_before and (reason := self._why_it_stays(change, actual)):
            self._leave(change, reason)
        else:
            self._undo(change, actual)

    def _why_it_stays(self, change: Change, actual: State) -> Message | None:
        """Return why something stays; None if it goes."""
        if not _is_ours(change, actual):
            return CHANGED_SINCE
        if isinstance(change, CreateLoginProfile):
            match password_owner(change, self.journal, self.api):
                case PasswordOwner.THEIRS:
                    return CHANGED_SINCE
                case PasswordOwner.UNKNOWN:
                    return IN_DOUBT
                case PasswordOwner.OURS:
                    pass
        if change.compare(actual) is ObservedState.AFTER and (
            reason := self._why_it_guards(change)
        ):
            return reason
        holders = change.in_use_because(self.api)
        return IN_USE.filled(what=listed(holders)) if holders else None

    def _why_it_guards(self, change: Change) -> Message | None:
        """Return why somebody may be left without enforcement, or without a right.

        None if nobody, or if that is wanted.
        """
        if self.dependents is not None:
            lost = self.replaced.lost_for(change)
            reason = (
                NO_OTHER_ENFORCEMENT.filled(what=lost)
                if lost
                else self.dependents.why_stays(change)
            )
            if reason is not None:
                return reason
        if self.rights is not None and isinstance(change, AddUserToGroup):
            return self.rights.why_stays(change)
        return None

    def _in_doubt(self, change: Change) -> bool:
        """Return whether a password may have been replaced by a run that died, or by others."""
        if not isinstance(change, ReplacePassword) or change.read(Observer(self.api)) is None:
            return False
        return password_owner(change, self.journal, self.api) is PasswordOwner.UNKNOWN

    def _undo(self, change: Change, actual: State) -> None:
        self._record(Event.UNDO_BEGUN, change)
        for call in change.undo(actual):
            try:
                self.api.call(call.service, call.operation, **call.params)
            except AwsRefused as error:
                if error.aws_code not in _FINAL:
                    raise
                self._settle(change, error)
                return
        self._undone(change)

    def _settle(self, change: Change, error: AwsRefused) -> None:
        """Leave what AWS refuses to undo, unless a lost answer had said that it is undone."""
        if change.compare(change.read(Observer(self.api))) is ObservedState.BEFORE:
            self._undone(change)
        else:
            self._leave(change, REFUSED_BY_AWS.filled(what=error.aws_message))

    def _undone(self, change: Change) -> None:
        self._record(Event.UNDONE, change)
        self.undone.append(change.address)

    def _note_as_before(self, change: Change, event: Event | None) -> None:
        """Note that a change is as before: by a call of ours that was begun, or we cannot tell."""
        if event in (Event.DONE, Event.GONE):
            self._record(Event.GONE, change)
            self.undone.append(change.address)
            self.gone.append(change.address)
        else:
            self._undone(change)

    def _leave(self, change: Change, reason: Message) -> None:
        if reason is not IN_DOUBT:
            # what is in doubt stays so until somebody says whose it is
            self._record(Event.LEFT, change, reason.en)
        self.left.append(LeftChange(change.address, reason))
        self.replaced.record(change, self.api)

    def _record(self, event: Event, change: Change, note: str = "") -> None:
        self.journal.record(JournalEntry(self.now(), event, change.address, note))


def unaccounted_addresses(
    plan: Plan,
    journal: Journal,
    api: AwsApi,
    choices: RollbackChoices = BY_JOURNAL,
    later: Mapping[str, State] = _NOTHING_LATER,
) -> tuple[str, ...]:
    """Return the facts that are not as before the plan and that its open journal does not explain.

    Addresses, last change first, as far as the choices go. Empty where the journal is whole,
    unless somebody else has done what the plan was to do. `later` has by address what later plans
    have found: it counts in place of what is there now.

    Raises:
        AwsRefused: if it cannot be read.
    """
    observer = Observer(api)
    unknown = [
        (change, event)
        for change in _backwards(plan, choices.user)
        if (event := journal.last_event(change.address)) in _NOTHING_DONE
        and change.address not in choices.earlier
    ]
    return tuple(
        change.address
        for change, event in unknown
        if _is_unaccounted(
            change,
            later[change.address] if change.address in later else change.read(observer),
            event,
        )
    )


def unseen_addresses(plan: Plan, user: str = "") -> tuple[str, ...]:
    """Return the addresses of changes, for a user or all, that only a journal can tell of."""
    return tuple(
        change.address
        for change in _backwards(plan, user)
        if change.compare(change.after) is not ObservedState.AFTER
    )


def explained_addresses(
    plan: Plan, journal: Journal, api: AwsApi, among: Collection[str]
) -> tuple[str, ...]:
    """Return the addresses, among some, at which the account is as an open journal tells."""
    observer = Observer(api)
    return tuple(
        change.address
        for change in plan.changes
        if change.address in among
        and journal.is_to_undo(change.address)
        and change.compare(change.read(observer)) is ObservedState.AFTER
    )


def _claim_unaccounted(
    plan: Plan, journal: Journal, api: AwsApi, now: Clock, choices: RollbackChoices
) -> None:
    """Write into the journal that the plan made what is there and is not accounted for.

    A password is not among it: whose it is cannot be seen.
    """
    passwords = {each.address for each in plan.changes if isinstance(each, SetsPassword)}
    for address in unaccounted_addresses(plan, journal, api, choices):
        if address not in passwords:
            note = "taken for the plan's by whoever ran this"
            journal.record(JournalEntry(now(), Event.BEGUN, address, note))


def _is_unaccounted(change: Change, actual: State, event: Event | None) -> bool:
    """Return whether what is found cannot come from what the journal tells.

    Where it tells that the plan did nothing there, or took it back, others may have done anything
    since; only what is just as the plan leaves it is a sign of lines that are lost.
    """
    state = change.compare(actual)
    if event is None and not change.stops_if_used:
        return state is not ObservedState.BEFORE
    return state is ObservedState.AFTER


def _is_ours(change: Change, actual: State) -> bool:
    """Return whether what is found was made by the plan, be it half taken back already."""
    if isinstance(change, CreatePolicyVersion):
        return bool(change.new_versions(actual))
    return change.compare(actual) is ObservedState.AFTER


_NOTHING_DONE = (None, Event.REFUSED, Event.UNDONE)


@dataclass(frozen=True, slots=True)
class RollbackPreview:
    """Preview of a roll-back, by addresses, last change first.

    Attributes:
        reversible: what comes back, unless somebody has changed it since, or relies on it.
        irreversible: what AWS cannot give back.
        preexisting: what was so before the plan came to it, and stays.
    """

    reversible: tuple[str, ...]
    irreversible: tuple[str, ...]
    preexisting: tuple[str, ...]


def preview_rollback(
    plan: Plan, journal: Journal, by_account: Collection[str] = (), user: str = ""
) -> RollbackPreview:
    """Return a preview of the roll-back of `plan`, whose journal is open.

    Args:
        plan: the plan.
        journal: what it was applied with.
        by_account: the addresses that are taken back although the journal does not tell of them.
        user: only of what the plan did for this user; "": of all.
    """
    coming, never, theirs = [], [], []
    for change in _backwards(plan, user):
        event = journal.last_event(change.address)
        if event in _NOTHING_DONE and change.address not in by_account:
            continue
        if event is Event.ALREADY:
            theirs.append(change.address)
        elif change.reversible:
            coming.append(change.address)
        else:
            never.append(change.address)
    return RollbackPreview(tuple(coming), tuple(never), tuple(theirs))
