"""Whose a console password is that a run may have made before it died.

Between the journal's line and AWS's answer a process can die, and a colleague can set a password:
AWS tells of both only that there is one. It is nobody's to replace or to delete until somebody who
knows says whose it is. A lost answer that this very process waits for is no such case.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sekisho.account.api import AwsApi
from sekisho.errors import Code, PlanRefused, UsageError
from sekisho.rollout.changes import Change, CreateLoginProfile
from sekisho.rollout.journal import Entry, Event
from sekisho.rollout.kept import Kept
from sekisho.rollout.observe import Observer

__all__ = ["SKEW", "doubtful", "is_older", "settle"]

SKEW = timedelta(minutes=5)
"""How far our clock may be from AWS's: it takes no request from one that is further off."""


def is_older(change: Change, begun: datetime, api: AwsApi) -> bool:
    """Return whether AWS dates what is there before the run that died: then it is not its own.

    Raises:
        AwsRefused: if it cannot be read.
    """
    made = Observer(api).made_at(change)
    return made is not None and made < begun - SKEW


def doubtful(change: CreateLoginProfile, api: AwsApi) -> PlanRefused:
    """Return the refusal to touch a password that may be somebody else's.

    Raises:
        AwsRefused: if its date cannot be read.
    """
    user, made = change.user, Observer(api).made_at(change)
    return PlanRefused(
        f"the console password of `{user}`, made at {made}, may be of the run that died at that "
        f"call, or somebody else's",
        code=Code.PLAN_DOUBTFUL,
        at=change.address,
        cure=f"ask who else sets passwords there; then give `--ours {user}` to set it anew, or "
        f"`--theirs {user}` to leave it",
    )


def settle(kept: Kept, ours: Iterable[str], theirs: Iterable[str], now: datetime) -> None:
    """Write into the journal whose the passwords in doubt are.

    Args:
        kept: a plan and its journal, which nobody else works with.
        ours: users whose password the run that died has set.
        theirs: users whose password somebody else has set.
        now: the time that the journal gives this.

    Raises:
        PlanRefused: if the journal belongs to another plan.
        UsageError: if a user's password is not in doubt; nothing is written then.
    """
    said = [*((user, Event.BEGUN) for user in ours), *((user, Event.ALREADY) for user in theirs)]
    if not said:
        return
    kept.journal.open(kept.plan.digest, kept.plan.to_json())
    entries = {}
    for user, event in said:
        address = CreateLoginProfile(user, reset_required=True).address
        if kept.journal.begun_elsewhere(address) is None or address in entries:
            raise UsageError(f"it is not in doubt whose the password of `{user}` is")
        entries[address] = Entry(now, event, address, "said by whoever ran this")
    for entry in entries.values():
        kept.journal.record(entry)
