"""Preconditions of applying a plan: caller, age, drift, rights, console authorization.

A change since then that concerns everybody stops the plan; one that concerns one person leaves out
that person.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sekisho.account import (
    AwsApi,
    Gap,
    SigningApi,
    Snapshot,
    collect_console_authorization,
    collect_policies,
)
from sekisho.audit.impact import ImpactKind
from sekisho.errors import Code, PlanRefused
from sekisho.messages import Message, joined_messages, verbatim
from sekisho.rollout.applying.ages import MAX_CLOCK_LEAD, MAX_PLAN_AGE
from sekisho.rollout.applying.change_status import ChangeStatus, status_of
from sekisho.rollout.applying.journal import Event, Journal
from sekisho.rollout.applying.plan_file import check_account
from sekisho.rollout.changes.affected import newcomers
from sekisho.rollout.changes.model import Change
from sekisho.rollout.changes.observer import Observer
from sekisho.rollout.planning.plan import Plan
from sekisho.rollout.planning.rights import changed_rights
from sekisho.signin import ConsoleAuthorization

_MOST_SHOWN = 10
_SETTLES = timedelta(seconds=30)
"""For how long AWS may not show what was just made."""


SINCE = Message("Since the plan was made: {change}.")
_CHANGED = Message("somebody has changed `{address}` since the plan was made")
_USED = Message("`{address}` was used or changed since the plan was made")


def changed_since(change: Change) -> Message:
    """Return why a person is left out of whose change the state before is no longer there."""
    return (_USED if change.stops_if_used else _CHANGED).filled(address=change.address)


def _who(arn: str) -> str:
    """Return the principal whose permissions an ARN has: of a role session, the role."""
    return arn.rpartition("/")[0] if ":assumed-role/" in arn else arn


def check_applicable(plan: Plan) -> None:
    """Refuse a plan with problems that nobody has accepted."""
    if not plan.applicable:
        against = ", ".join(f"`{name}`" for name in plan.open_problems)
        raise PlanRefused(
            Message("this plan is not safe to apply: {against}").filled(against=against),
            fix=_fix(plan),
        )


def _fix(plan: Plan) -> Message:
    """Return how to come to a plan that is applicable; accepting what is against it comes last."""
    if plan.remedy_options:
        options = " ".join(plan.remedy_options)
        return Message("make the plan again with `{options}`").filled(options=options)
    return Message("change the goal, or make the plan with `--accept ID:USER=REASON`")


def check_caller(plan: Plan, api: AwsApi) -> None:
    """Refuse a caller for whom the plan was not judged, and a key if it was judged for MFA."""
    caller = check_account(plan, api)
    if _who(caller) != _who(plan.caller.arn):
        raise PlanRefused(
            Message("this plan was made for `{arn}`, but you are `{caller}`").filled(
                arn=plan.caller.arn, caller=caller
            ),
            fix=Message("make the plan with the credentials of the person who applies it"),
        )
    if plan.caller.mfa and isinstance(api, SigningApi) and api.signs_with_long_term_key():
        raise PlanRefused(
            Message(
                "this plan was made for a session with MFA, but this is an access key without MFA"
            ),
            fix=Message("sign in with MFA first, or make the plan without `--mfa`"),
        )


def check_age(plan: Plan, now: datetime) -> None:
    """Refuse a plan that was judged too long ago: not all that it was judged by is read again.

    One that is dated in the future would never become too old.
    """
    if plan.snapshot_at - now > MAX_CLOCK_LEAD:
        raise PlanRefused(
            Message("the account was read at {time}, which is in the future").filled(
                time=plan.snapshot_at.isoformat()
            ),
            code=Code.PLAN_STALE,
            fix=Message("correct the clock, and make the plan again from the account as it is now"),
        )
    if now - plan.snapshot_at > MAX_PLAN_AGE:
        raise PlanRefused(
            Message("the account was read on {date}, more than {days} {days:day|days} ago").filled(
                date=plan.snapshot_at.date(), days=MAX_PLAN_AGE.days
            ),
            code=Code.PLAN_STALE,
            fix=Message("make the plan again, from the account as it is now"),
        )


def check_rights(
    plan: Plan, api: AwsApi, now: datetime, left_out: Mapping[str, Message]
) -> tuple[Snapshot, Mapping[str, Message], tuple[Message, ...]]:
    """Return the users and policies of the account, and who is left out, with `left_out`.

    A user of the plan whose rights have changed since is left out. Other changes of who can
    administer users are returned as notes: a new administrator locks nobody out, and whether one
    remains is judged again.

    Raises:
        PlanRefused: if the caller or a break-glass user may do something else.
        AwsRefused: if that cannot be read.
    """
    snapshot = collect_policies(api, plan.account, plan.partition, now=now)
    changed = changed_rights(plan.rights, snapshot, plan.changes, plan.affected, plan.caller.arn)
    omittable = omittable_users(plan)
    out: dict[str, list[Message]] = {}
    against, notes = [], []
    for principal, message in changed:
        if principal in omittable:
            out.setdefault(principal.removeprefix("user "), []).append(message)
        elif plan.enforces and principal not in plan.rights.by_principal:
            notes.append(SINCE.filled(change=message))
        else:
            against.append(message)
    if against:
        shown = against[:_MOST_SHOWN]
        more = [verbatim(f"(+{len(against) - _MOST_SHOWN})")] if against[_MOST_SHOWN:] else []
        raise PlanRefused(
            Message("rights have changed since the plan was made: {changes}").filled(
                changes=joined_messages((*shown, *more), en="; ", ja="、")
            ),
            code=Code.PLAN_STALE,
            fix=Message(
                "make the plan again for the account as it is now; if problems are left, accept "
                "them with `--accept ID:USER=REASON`"
            ),
        )
    left = {name: joined_messages(each, en="; ", ja="、") for name, each in out.items()}
    return snapshot, {**left, **left_out}, tuple(notes)


def omittable_users(plan: Plan) -> set[str]:
    """Return, as `user NAME`, whom a plan can leave out: all that it enforces but its caller."""
    if not plan.enforces:
        return set()
    named = {f"user {each.person}" for each in (*plan.changes, *plan.needless) if each.person}
    reached = {name for names in plan.affected.values() for name in names}
    # the session of a role may be named like a user
    kind, _, caller = plan.caller.arn.split(":", 5)[-1].partition("/")
    kept = {f"user {caller.rpartition('/')[2]}"} if kind == "user" else set()
    kept |= {f"user {p.user}" for p in plan.people if p.impact is ImpactKind.BREAK_GLASS}
    return {each for each in named | reached if each.startswith("user ")} - kept


_CONSOLE_UNREAD = Message(
    "Whether console authorization is still {before}, as when the plan was made, could not be "
    "read ({cause}). Assuming that it is."
)
_CONSOLE = {
    ConsoleAuthorization.ENABLED: Message("enabled", "console authorization"),
    ConsoleAuthorization.DISABLED: Message("disabled", "console authorization"),
}


def check_console_authorization(plan: Plan, api: AwsApi) -> tuple[Message, ...]:
    """Refuse a plan whose sign-ins were judged by another console authorization than there is.

    Returns what is not known: to read it may be refused, as it may be to `plan`.

    Raises:
        PlanRefused: if it is another.
        AwsRefused: if nobody answers.
    """
    before = plan.console_authorization
    if before is None:
        return ()
    setting = collect_console_authorization(api)
    if isinstance(setting, Gap):
        return (_CONSOLE_UNREAD.filled(before=_CONSOLE[before], cause=setting.cause),)
    if setting is not before:
        message = Message(
            "console authorization was {before} when the plan was made and is {now} now, which "
            "changes who can sign in without a device"
        )
        raise PlanRefused(
            message.filled(before=_CONSOLE[before], now=_CONSOLE[setting]),
            code=Code.PLAN_STALE,
            fix=Message("make the plan again for the account as it is now"),
        )
    return ()


def check_drift(
    plan: Plan, api: AwsApi, journal: Journal, now: datetime
) -> tuple[Mapping[str, ChangeStatus], Mapping[str, Message]]:
    """Return how each change stands, and the users for whom somebody else has changed something.

    Raises:
        PlanRefused: if what is not about one person is not as the plan has found or made it.
        AwsRefused: if it cannot be read.
    """
    observer = Observer(api)
    statuses = {
        each.address: status_of(each, each.read(observer), journal, api) for each in plan.changes
    }
    drifted: list[Change] = [
        each for each in plan.changes if statuses[each.address] is ChangeStatus.DRIFTED
    ]
    drifted += [each for each in plan.needless if not each.is_needless(each.read(observer))]
    omittable = omittable_users(plan)
    left_out = {
        each.person: changed_since(each)
        for each in drifted
        if f"user {each.person}" in omittable and not may_not_show_yet(each, journal, now)
    }
    against = [each.address for each in drifted if each.person not in left_out]
    waiting = [each for each in plan.changes if statuses[each.address] is ChangeStatus.WAITS]
    new_names = {each.address: newcomers(each, plan.affected, observer) for each in waiting}
    if against or any(new_names.values()):
        raise stale_plan(against, new_names)
    return statuses, left_out


def may_not_show_yet(change: Change, journal: Journal, now: datetime) -> bool:
    """Return whether it was made so lately that AWS may not show it yet."""
    done = journal.last_event(change.address) is Event.DONE
    last = journal.last_entry(change.address)
    return done and last is not None and abs(now - last.at) < _SETTLES


def stale_plan(drifted: Iterable[str], new_names: Mapping[str, tuple[str, ...]]) -> PlanRefused:
    """Return the refusal: what is not as it was, and whom a change would affect by now."""
    reasons = {address: verbatim(f"`{address}`") for address in drifted}
    for address, names in new_names.items():
        if names:
            who = ", ".join(f"`{name}`" for name in names)
            message = Message("`{address}` would now also affect {users}")
            reasons[address] = message.filled(address=address, users=who)
    return PlanRefused(
        Message("the account has changed since the plan was made: {changes}").filled(
            changes=joined_messages(reasons.values(), en="; ", ja="、")
        ),
        code=Code.PLAN_STALE,
        at=next(iter(reasons)),
        fix=Message("collect the account again and make a new plan"),
    )
