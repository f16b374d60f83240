"""Whose a console password is that a run may have made or deleted before it died.

Between the journal's line and AWS's answer a process can die, and a colleague can set a password:
AWS tells of both only that there is one, and when its login profile was made. Where that date does
not tell, the password is nobody's to replace or to delete until somebody who knows says whose it
is. A lost answer that this very process waits for is no such case.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import Enum

from sekisho.account.api import AwsApi
from sekisho.errors import Code, PlanRefused, UsageError
from sekisho.rollout.changes import CreateLoginProfile, ReplacePassword
from sekisho.rollout.journal import Entry, Event, Journal
from sekisho.rollout.kept import Kept, check_account
from sekisho.rollout.observe import Observer

__all__ = ["SKEW", "SetsPassword", "Whose", "doubtful", "settle", "whose"]

SKEW = timedelta(minutes=5)
"""How far our clock may be from AWS's: it takes no request from one that is further off."""

SetsPassword = CreateLoginProfile | ReplacePassword
"""The changes that set a temporary password."""


class Whose(Enum):
    """Whose a console password is, as the journal and AWS's date tell."""

    OURS = "the plan's, or it was never touched"
    THEIRS = "somebody else's"
    UNTOLD = "of a run that died, or somebody else's"


def whose(change: SetsPassword, journal: Journal, api: AwsApi) -> Whose:
    """Return whose the password is that is there.

    Args:
        change: sets it.
        journal: of the change's plan.
        api: is asked when the login profile was made; of one that is replaced, that tells nothing.

    Raises:
        AwsRefused: if that cannot be read.
    """
    begun = journal.begun_elsewhere(change.address)
    if isinstance(change, CreateLoginProfile):
        made, known = Observer(api).made_at(change), journal.made(change.address)
        if made is not None and (_differs(made, known) or _is_older(made, begun)):
            return Whose.THEIRS
    return Whose.OURS if begun is None else Whose.UNTOLD


def _differs(made: datetime, known: str) -> bool:
    """Return whether AWS dates the plan's own otherwise, as far as that date was kept."""
    return known != "" and made != datetime.fromisoformat(known)


def _is_older(made: datetime, begun: Entry | None) -> bool:
    """Return whether AWS dates a password before the run that died as it set one."""
    return begun is not None and begun.event is Event.BEGUN and made < begun.at - SKEW


def doubtful(change: SetsPassword, api: AwsApi) -> PlanRefused:
    """Return the refusal to touch a password that may be somebody else's.

    Raises:
        AwsRefused: if its date cannot be read.
    """
    user, made = change.user, Observer(api).made_at(change)
    dated = f", made at {made}," if made else ""
    old = " the old one," if isinstance(change, ReplacePassword) else ""
    return PlanRefused(
        f"the console password of `{user}`{dated} may be{old} of the run that died at that "
        f"call, or somebody else's",
        code=Code.PLAN_DOUBTFUL,
        at=change.address,
        fix=f"ask who else sets passwords there; then give `--ours {user}` to set it anew, or "
        f"`--theirs {user}` to leave it",
    )


def settle(
    kept: Kept, ours: Iterable[str], theirs: Iterable[str], api: AwsApi, now: datetime
) -> None:
    """Write into the journal whose the passwords in doubt are.

    Args:
        kept: a plan and its journal, which nobody else works with.
        ours: users whose password is not somebody else's: it may be set anew, or taken back.
        theirs: users whose password somebody else has set.
        api: is asked whether there is a password.
        now: the time that the journal gives this.

    Raises:
        PlanRefused: if the plan is of another account, or the journal of another plan.
        UsageError: if a user's password is not in doubt, or there is none.
        AwsRefused: if that cannot be read. Nothing is written then, whichever it is.
    """
    said = [*((user, Event.BEGUN) for user in ours), *((user, Event.ALREADY) for user in theirs)]
    if not said:
        return
    check_account(kept.plan, api)
    kept.journal.open(kept.plan.digest, kept.plan.to_json())
    sets = {each.user: each for each in kept.plan.changes if isinstance(each, SetsPassword)}
    entries = {}
    for user, event in said:
        change = sets.get(user)
        untold = change and whose(change, kept.journal, api) is Whose.UNTOLD
        if change is None or user in entries or not untold:
            raise UsageError(f"it is not in doubt whose the password of `{user}` is")
        if Observer(api).read(change) is None:
            raise UsageError(
                f"there is no console password of `{user}`: nobody's is in doubt",
                fix="leave the option out",
            )
        entries[user] = Entry(now, event, change.address, "said by whoever ran this")
    for entry in entries.values():
        kept.journal.record(entry)
