"""Which ways lead out of what speaks against a plan. Pure.

A way out is named only where it is one: `--mfa` where the caller would have the access with MFA,
`--except` for whom the goal itself selects.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TypeVar

from sekisho.account import Group, Snapshot, User
from sekisho.audit.impact import SignInOutcomes, usual_enforcement
from sekisho.engine import AttachedPolicy
from sekisho.policy import Document, Effect
from sekisho.rollout.changes import EndSignInSessions
from sekisho.rollout.goal.model import Goal
from sekisho.rollout.plan import Plan, SafetyVerdict
from sekisho.rollout.planning.before_after import BeforeAfter
from sekisho.rollout.planning.safety import caller_keeps_access
from sekisho.rollout.ways import Way, WayOut
from sekisho.signin import ConsoleAuthorization

_NONE_FOR_WHO_IS_LEFT_OUT = frozenset(
    {"credentials-in-use", "enforcement", "everyone-gets-in", "keys-in-use", "works-with-mfa"}
)


def ways_out(accounts: BeforeAfter, plan: Plan, goal: Goal | None = None) -> tuple[WayOut, ...]:
    """Return the ways out of the obstacles that are not accepted.

    Args:
        accounts: the account before and after the plan.
        plan: with its proofs and reasons.
        goal: what the plan is for; None for a plan about one person, who cannot be left out of it.
    """
    left = plan.open_obstacles
    found = [*_for_caller(accounts, left)]
    if "gap" in left:
        found.append(WayOut(Way.READ, "gap"))
    stopped = _by_console_authorization(accounts, left.get("everyone-gets-in", ()))
    if stopped:
        found.append(WayOut(Way.CONSOLE_AUTHORIZATION, "everyone-gets-in", stopped))
    if goal is None:
        locked_out = left.get("everyone-gets-in", ())
        found += _to_enrol(accounts, (user for user in locked_out if user not in stopped))
    else:
        for identity, users in left.items():
            # a changed password opens no console that is shut by something else
            others = tuple(user for user in users if user not in stopped)
            found += _for_users(accounts, goal, identity, others)
        if "administrator-remains" in left:
            found += _for_administrators(accounts, plan)
    return tuple(found)


def _by_console_authorization(accounts: BeforeAfter, users: Iterable[str]) -> tuple[str, ...]:
    """Return who would get in if console authorization were disabled."""
    if accounts.after.console_authorization is not ConsoleAuthorization.ENABLED:
        return ()
    disabled = replace(accounts.after, console_authorization=ConsoleAuthorization.DISABLED)
    named = [accounts.after.user_named[name] for name in users if name in accounts.after.user_named]
    outcomes = SignInOutcomes(disabled, accounts.unread).outcomes(named)
    return tuple(name for name, outcome in outcomes.items() if outcome.gets_in)


def _to_enrol(accounts: BeforeAfter, users: Iterable[str]) -> Iterator[WayOut]:
    """Yield which policy is missing where one lets somebody enrol, and which denies it."""
    usual = AttachedPolicy("Force_MFA", usual_enforcement(accounts.after))
    for name in users:
        user = accounts.after.user_named[name]
        enforced = replace(user, inline=(*user.inline, usual))
        if _gets_in(accounts, accounts.after, enforced):
            yield WayOut(Way.ENROLMENT, "everyone-gets-in", (name,))
            continue
        denying = tuple(
            policy
            for policy in _conditional_denials(accounts.after, user)
            if _gets_in(accounts, *_without(policy, accounts.after, enforced))
        )
        if denying:
            yield WayOut(Way.EXEMPT_ENROLMENT, "everyone-gets-in", (name,), denying)


def _gets_in(accounts: BeforeAfter, snapshot: Snapshot, user: User) -> bool:
    """Return whether a user of the account, as they are given, gets in."""
    others = (user if each.name == user.name else each for each in snapshot.users)
    asked = SignInOutcomes(replace(snapshot, users=tuple(others)), accounts.unread)
    return all(each.gets_in for each in asked.outcomes([user]).values())


def _conditional_denials(snapshot: Snapshot, user: User) -> Iterator[str]:
    """Yield those policies of a user and of their groups that deny something on a condition.

    A Deny without a condition is meant to hold whatever the user does, and is no way out. Each is
    an ARN, or `inline NAME of user U`.
    """
    groups = (snapshot.group_named[each] for each in user.groups if each in snapshot.group_named)
    holders: tuple[User | Group, ...] = (user, *groups)
    for one in holders:
        yield from (each.name for each in one.inline if _denies_on_condition(each.document))
        for arn in one.attached:
            if arn in snapshot.policies and _denies_on_condition(snapshot.policies[arn].document):
                yield arn


def _denies_on_condition(document: Document) -> bool:
    return any(each.effect is Effect.DENY and each.conditions for each in document.statements)


def _without(policy: str, snapshot: Snapshot, user: User) -> tuple[Snapshot, User]:
    """Return the account and a user without a policy, whatever holds it for them."""
    groups = (_not_holding(policy, each) for each in snapshot.groups)
    return replace(snapshot, groups=tuple(groups)), _not_holding(policy, user)


_Holder = TypeVar("_Holder", User, Group)


def _not_holding(policy: str, holder: _Holder) -> _Holder:
    return replace(
        holder,
        attached=tuple(each for each in holder.attached if each != policy),
        inline=tuple(each for each in holder.inline if each.name != policy),
    )


def _for_caller(accounts: BeforeAfter, left: Iterable[str]) -> Iterator[WayOut]:
    if "caller-keeps-access" not in left:
        return
    signed_in = replace(accounts, caller=replace(accounts.caller, mfa=True))
    if not accounts.caller.mfa and caller_keeps_access(signed_in).holds:
        yield WayOut(Way.MFA, "caller-keeps-access")
    others = tuple(one for one in accounts.changes if not isinstance(one, EndSignInSessions))
    if others != accounts.changes and caller_keeps_access(replace(accounts, changes=others)).holds:
        yield WayOut(Way.KEEP_SESSIONS, "caller-keeps-access")


def _for_users(
    accounts: BeforeAfter, goal: Goal, identity: str, users: tuple[str, ...]
) -> Iterator[WayOut]:
    """Yield for whom the plan can wait, and who can be left out: machine users, the locked out."""
    if identity not in _NONE_FOR_WHO_IS_LEFT_OUT:
        return
    waiting, left_out = [], []
    for name in users:
        user = accounts.before.user_named.get(name)
        if user is None or not _selects(goal, name, user.groups):
            continue
        if identity == "everyone-gets-in" and user.password and user.password.reset_required:
            waiting.append(name)
        elif accounts.before.has_password(user) is False or identity == "everyone-gets-in":
            left_out.append(name)
    if waiting:
        yield WayOut(Way.AFTER_PASSWORD_CHANGE, identity, tuple(waiting))
    if left_out:
        yield WayOut(Way.LEAVE_OUT, identity, tuple(left_out))


def _selects(goal: Goal, user: str, groups: Iterable[str]) -> bool:
    """Return whether a user is affected because the goal selects them, and not by a group alone."""
    if goal.group is None:
        return user in goal.users
    return user in goal.group.members and goal.group.name not in groups


def _for_administrators(accounts: BeforeAfter, plan: Plan) -> Iterator[WayOut]:
    """Yield one who can administer users now, whom the plan may leave as they are."""
    affected = {user.name for user in accounts.affected}
    for proof in plan.proofs:
        if proof.id == "administrator-remains" and proof.verdict is SafetyVerdict.REFUTED:
            able = [name for name in proof.failed if name in affected][:1]
            yield from (WayOut(Way.BREAK_GLASS, proof.id, (name,)) for name in able)
