"""How one change of a plan stands: the one answer that `apply` acts by and `status` tells."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import Enum, StrEnum

from sekisho.account import AwsApi
from sekisho.errors import Code, PlanRefused, UsageError
from sekisho.messages import Message, verbatim
from sekisho.rollout.applying.journal import Event, Journal, JournalEntry
from sekisho.rollout.applying.plan_file import PlanFile, check_account
from sekisho.rollout.changes.model import Change, ObservedState, State
from sekisho.rollout.changes.observer import Observer
from sekisho.rollout.changes.users import CreateLoginProfile, ReplacePassword, SetsPassword

SKEW = timedelta(minutes=5)
"""How far our clock may be from AWS's: it takes no request from one that is further off."""


class PasswordOwner(Enum):
    """The owner of a console password, as the journal and AWS's date tell."""

    OURS = "the plan's, or it was never touched"
    THEIRS = "somebody else's"
    UNKNOWN = "of a run that died, or somebody else's"


def password_owner(change: SetsPassword, journal: Journal, api: AwsApi) -> PasswordOwner:
    """Return the owner of the console password that exists.

    Args:
        change: sets it.
        journal: of the change's plan.
        api: is asked when the login profile was made; of one that is replaced, that tells nothing.

    Raises:
        AwsRefused: if that cannot be read.
    """
    begun = journal.begun_elsewhere(change.address)
    if isinstance(change, CreateLoginProfile):
        made, known = change.made_at(Observer(api)), journal.password_date(change.address)
        if made is not None and (_differs(made, known) or _is_older(made, begun)):
            return PasswordOwner.THEIRS
    return PasswordOwner.OURS if begun is None else PasswordOwner.UNKNOWN


def _differs(made: datetime, known: str) -> bool:
    """Return whether AWS dates the plan's own otherwise, as far as that date was kept."""
    return known != "" and made != datetime.fromisoformat(known)


def _is_older(made: datetime, begun: JournalEntry | None) -> bool:
    """Return whether AWS dates a password before the run that died as it set one."""
    return begun is not None and begun.event is Event.BEGUN and made < begun.at - SKEW


def password_in_doubt(change: SetsPassword, api: AwsApi) -> PlanRefused:
    """Return the refusal to touch a password that may be somebody else's.

    Raises:
        AwsRefused: if its date cannot be read.
    """
    user, made = change.user, change.made_at(Observer(api))
    dated = Message(", made at {time},").filled(time=made) if made else verbatim("")
    old = Message(" the old one,") if isinstance(change, ReplacePassword) else verbatim("")
    return PlanRefused(
        Message(
            "the console password of `{user}`{dated} may be{old} of the run that "
            "died at that call, or somebody else's"
        ).filled(user=user, dated=dated, old=old),
        code=Code.PLAN_DOUBTFUL,
        at=change.address,
        fix=Message(
            "ask who else sets passwords there; then give `--ours {user}` to set it "
            "anew, or `--theirs {user}` to leave it"
        ).filled(user=user),
    )


def settle_passwords(
    plan_file: PlanFile, ours: Iterable[str], theirs: Iterable[str], api: AwsApi, now: datetime
) -> None:
    """Write into the journal whose the passwords in doubt are.

    Args:
        plan_file: a plan and its journal, which nobody else works with.
        ours: users whose password is not somebody else's: it may be set anew, or taken back.
        theirs: users whose password somebody else has set.
        api: is asked whether there is a password.
        now: the time that the journal gives this.

    Raises:
        PlanRefused: if the plan is of another account, or the journal of another plan.
        UsageError: if a user's password is not in doubt, or there is none.
        AwsRefused: if that cannot be read. Nothing is written then, whichever it is.
    """
    answers = [*((user, Event.BEGUN) for user in ours), *((user, Event.ALREADY) for user in theirs)]
    if not answers:
        return
    check_account(plan_file.plan, api)
    plan_file.journal.open(plan_file.plan.digest, plan_file.plan.to_json())
    sets = {each.user: each for each in plan_file.plan.changes if isinstance(each, SetsPassword)}
    entries = {}
    for user, event in answers:
        change = sets.get(user)
        untold = change and password_owner(change, plan_file.journal, api) is PasswordOwner.UNKNOWN
        if change is None or user in entries or not untold:
            raise UsageError(
                Message("it is clear who set the password of `{user}`").filled(user=user)
            )
        if change.read(Observer(api)) is None:
            raise UsageError(
                Message(
                    "`{user}` has no console password, so it cannot be unclear who set it"
                ).filled(user=user),
                fix=Message("leave the option out"),
            )
        entries[user] = JournalEntry(now, event, change.address, "said by whoever ran this")
    for entry in entries.values():
        plan_file.journal.record(entry)


class ChangeStatus(StrEnum):
    """How one change stands.

    IN_DOUBT: a console password that is a dead run's or somebody else's; nobody touches it until
    it is said whose.
    """

    DONE = "done"
    WAITS = "waits"
    IN_DOUBT = "in-doubt"
    DRIFTED = "drifted"


def status_of(change: Change, actual: State, journal: Journal, api: AwsApi) -> ChangeStatus:
    """Return how a change stands.

    Args:
        change: the change.
        actual: what is found at its address.
        journal: of its plan; open, or not there yet.
        api: is asked for the date of a password.

    Raises:
        AwsRefused: if that cannot be read.
    """
    if not change.persists:
        settled = journal.last_event(change.address) in (Event.DONE, Event.ALREADY)
        return ChangeStatus.DONE if settled else ChangeStatus.WAITS
    state, done = change.compare(actual), journal.last_event(change.address) is Event.DONE
    if isinstance(change, SetsPassword) and actual is not None:
        return _password_status(change, state, journal, api)
    if state is ObservedState.OTHER or (done and state is ObservedState.BEFORE):
        return ChangeStatus.DRIFTED
    return ChangeStatus.DONE if state is ObservedState.AFTER else ChangeStatus.WAITS


def _password_status(
    change: SetsPassword, state: ObservedState, journal: Journal, api: AwsApi
) -> ChangeStatus:
    """Return how a password that is there stands."""
    event, owner = journal.last_event(change.address), password_owner(change, journal, api)
    first = isinstance(change, CreateLoginProfile)
    if event in (Event.DONE, Event.ALREADY):
        # people change their temporary passwords; one that must still be changed, they have not
        unchanged = state is ObservedState.AFTER and change.reset_required
        anew = event is Event.DONE and unchanged and owner is PasswordOwner.THEIRS
        return ChangeStatus.DRIFTED if anew else ChangeStatus.DONE
    if first and state is ObservedState.OTHER:
        return ChangeStatus.DRIFTED
    if owner is PasswordOwner.UNKNOWN:
        return ChangeStatus.IN_DOUBT
    # what a run of this process has begun, nobody was told
    untold = event is Event.BEGUN and owner is PasswordOwner.OURS
    return ChangeStatus.DONE if first and not untold else ChangeStatus.WAITS
