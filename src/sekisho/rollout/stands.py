"""How one change of a plan stands: the one answer that `apply` acts by and `status` tells."""

from enum import StrEnum

from sekisho.account.api import AwsApi
from sekisho.rollout.changes import (
    Change,
    CreateGroup,
    CreateLoginProfile,
    CreatePolicyVersion,
    CreateUser,
    Image,
    State,
)
from sekisho.rollout.doubt import SetsPassword, Whose, whose
from sekisho.rollout.journal import Event, Journal

__all__ = ["Stands", "is_needless", "stands_of"]


class Stands(StrEnum):
    """How one change stands.

    IN_DOUBT: a console password that is a dead run's or somebody else's; nobody touches it until
    it is said whose.
    """

    DONE = "done"
    WAITS = "waits"
    IN_DOUBT = "in-doubt"
    DRIFTED = "drifted"


def stands_of(change: Change, actual: Image, journal: Journal, api: AwsApi) -> Stands:
    """Return how a change stands.

    Args:
        change: the change.
        actual: what is found at its address.
        journal: of its plan; open, or not there yet.
        api: is asked for the date of a password.

    Raises:
        AwsRefused: if that cannot be read.
    """
    state, done = change.state(actual), journal.standing(change.address) is Event.DONE
    if isinstance(change, SetsPassword) and actual is not None:
        return _of_password(change, state, journal, api)
    if state is State.OTHER or (done and state is State.BEFORE):
        return Stands.DRIFTED
    return Stands.DONE if state is State.AFTER else Stands.WAITS


def is_needless(change: Change, actual: Image) -> bool:
    """Return whether what made a change needless, when the plan was made, is still so."""
    match change:
        case CreatePolicyVersion():
            return bool(actual == change.before)
        case CreateUser() | CreateGroup() | CreateLoginProfile():
            return actual is not None
        case _:
            return bool(actual == change.after)


def _of_password(change: SetsPassword, state: State, journal: Journal, api: AwsApi) -> Stands:
    """Return how a password that is there stands."""
    event, owner = journal.standing(change.address), whose(change, journal, api)
    first = isinstance(change, CreateLoginProfile)
    if event in (Event.DONE, Event.ALREADY):
        # people change their temporary passwords; one that must still be changed, they have not
        unchanged = state is State.AFTER and change.reset_required
        anew = event is Event.DONE and unchanged and owner is Whose.THEIRS
        return Stands.DRIFTED if anew else Stands.DONE
    if first and state is State.OTHER:
        return Stands.DRIFTED
    if owner is Whose.UNTOLD:
        return Stands.IN_DOUBT
    # what a run of this process has begun, nobody was told
    untold = event is Event.BEGUN and owner is Whose.OURS
    return Stands.DONE if first and not untold else Stands.WAITS
