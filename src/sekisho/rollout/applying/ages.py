"""How old an account may be of which a plan is made or applied; quick to load.

A plan is made more often than applied, and needs nothing of what applying one does.
"""

from datetime import datetime, timedelta

from sekisho.account import Snapshot
from sekisho.errors import Code, Fault, FaultyInput, UsageError
from sekisho.messages import Message
from sekisho.rollout.planning.plan import PlanCaller

MAX_PLAN_AGE = timedelta(days=7)
"""How old the snapshot of a plan may be when the plan is applied."""

MAX_CLOCK_LEAD = timedelta(minutes=5)
"""How far the clock by which an account was read may be ahead of ours."""


def check_saved_account(snapshot: Snapshot, caller: PlanCaller, source: str, now: datetime) -> None:
    """Refuse a saved account that no plan can be made of: of a day to come, or another's.

    By one of a day to come, waves would be due too early, and keys would look unused.

    Args:
        snapshot: the account.
        caller: the principal who will apply the plan.
        source: what errors call the account.
        now: the time.

    Raises:
        FaultyInput: if the account was read at a time to come.
        UsageError: if the caller is of another account.
    """
    if snapshot.taken_at - now > MAX_CLOCK_LEAD:
        message = Message("the account was read at {time}, which is in the future").filled(
            time=snapshot.taken_at.isoformat()
        )
        fix = Message("correct the clock, and collect the account again")
        fault = Fault(Code.ACCOUNT_BAD_SHAPE, message, "takenAt", fix=fix)
        raise FaultyInput(source, [fault])
    if caller.home != (snapshot.partition, snapshot.account):
        raise UsageError(
            Message(
                "caller `{arn}` is not in account `{account}` (`{partition}`), which the snapshot "
                "is of"
            ).filled(arn=caller.arn, account=snapshot.account, partition=snapshot.partition),
            fix=Message(
                "give the ARN of who will apply the plan, as `aws sts get-caller-identity` has it"
            ),
        )
