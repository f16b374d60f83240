"""Find the remedies for the problems of a plan. Pure.

A remedy is named only where it helps: `--mfa` where the caller would have the access with MFA,
`--except` for machine users whom the goal itself selects. What options change is judged by the plan
that is made with them: the problem is gone, and the plan has no new one.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import TypeVar

from sekisho.account import CredentialReport, Group, Snapshot, User, lacks_report
from sekisho.audit.impact import SignInOutcomes, usual_enforcement
from sekisho.engine import AttachedPolicy
from sekisho.policy import Document, Effect, Preset, choices_of, force_mfa
from sekisho.rollout.changes.credentials import EndSignInSessions
from sekisho.rollout.goal.model import Deferral, DeferralReason, Goal, NewUser, policy_arn
from sekisho.rollout.planning.before_after import BeforeAfter
from sekisho.rollout.planning.plan import Plan, PlanCaller, Remedy, RemedyKind, SafetyVerdict
from sekisho.rollout.planning.safety import caller_keeps_access
from sekisho.signin import ConsoleAuthorization

Again = Callable[[Sequence[Remedy]], Plan | None]
"""Makes a plan by remedies, with its problems; None if it would be about nobody."""

_NONE_FOR_WHO_IS_LEFT_OUT = frozenset(
    {"credentials-in-use", "enforcement", "everyone-gets-in", "keys-in-use", "works-with-mfa"}
)
_PRESETS = {RemedyKind.FIRST_LOGIN: Preset.FIRST_LOGIN, RemedyKind.RECOMMENDED: Preset.RECOMMENDED}


def find_remedies(
    accounts: BeforeAfter, plan: Plan, again: Again, goal: Goal | None = None
) -> tuple[Remedy, ...]:
    """Return the remedies for the problems that are not accepted; what is to be read comes first.

    Args:
        accounts: the account before and after the plan.
        plan: with its proofs and reasons.
        again: makes the plan by remedies.
        goal: what the plan is for; None for a plan about one person, who cannot be left out of it.
    """
    left = plan.open_problems
    if not left:
        return ()
    remedies = [*_to_read(accounts, left), *_for_caller(accounts, left)]
    locked_out = left.get("everyone-gets-in", ())
    stopped = _by_console_authorization(accounts, locked_out)
    if stopped:
        remedies.append(Remedy(RemedyKind.CONSOLE_AUTHORIZATION, "everyone-gets-in", stopped))
    if goal is None:
        remedies += _to_enrol(accounts, (user for user in locked_out if user not in stopped))
    else:
        for identity, users in left.items():
            # a changed password opens no console that is shut by something else
            others = tuple(user for user in users if user not in stopped)
            remedies += _for_users(accounts, goal, identity, others)
        if "administrator-remains" in left:
            remedies += _for_administrators(accounts, goal, plan)
    helping = _helping([each for each in remedies if each.options], plan, again)
    # a plan for machine users alone cannot leave them out
    shown = (
        replace(each, kind=RemedyKind.MACHINE)
        if each.kind is RemedyKind.LEAVE_OUT and each not in helping
        else each
        for each in remedies
    )
    return tuple(each for each in shown if each in helping or not each.options)


def _helping(remedies: Sequence[Remedy], plan: Plan, again: Again) -> tuple[Remedy, ...]:
    """Return the remedies by which the plan, made again, has their problems no more.

    The first ones for all problems are tried together, and one by one only if they do not go
    together.
    """
    resolved: set[tuple[str, str]] = set()
    first: list[Remedy] = []
    for remedy in remedies:
        if remedy.resolves - resolved:
            first.append(remedy)
            resolved |= remedy.resolves
    others = [remedy for remedy in remedies if remedy not in first]
    if first and _help(first, plan, again):
        helping = first
    else:
        helping, others = [], [*first, *others]
    for kind in dict.fromkeys(remedy.kind for remedy in others):
        alike = [remedy for remedy in others if remedy.kind is kind]
        if _help(alike, plan, again):
            helping += alike
    return tuple(helping)


def _help(remedies: Sequence[Remedy], plan: Plan, again: Again) -> bool:
    made = again(remedies)
    if made is None:
        return False
    before, left = ({*_open(each)} for each in (plan, made))
    return left <= before and left.isdisjoint(
        chain.from_iterable(remedy.resolves for remedy in remedies)
    )


def _open(plan: Plan) -> Iterator[tuple[str, str]]:
    return ((each, user) for each, users in plan.open_problems.items() for user in users)


def with_options_of(
    remedies: Iterable[Remedy], goal: Goal, caller: PlanCaller, snapshot: Snapshot
) -> tuple[Goal, PlanCaller]:
    """Return the goal and the caller of a plan, changed by the options of some remedies."""
    for remedy in remedies:
        match remedy.kind:
            case RemedyKind.MFA:
                caller = replace(caller, mfa=True)
            case RemedyKind.FIRST_LOGIN | RemedyKind.RECOMMENDED:
                document = _preset(_PRESETS[remedy.kind], snapshot)
                goal = replace(goal, policy=replace(goal.policy, document=document))
            case RemedyKind.KEEP_PASSWORD:
                goal = replace(goal, new_users=tuple(map(_keeping_password, goal.new_users)))
            case RemedyKind.LEAVE_OUT:
                goal = _without_users(goal, remedy.users, DeferralReason.LEFT_OUT)
            case RemedyKind.AFTER_PASSWORD_CHANGE:
                temporary = (u.name for u in snapshot.users if _has_temporary_password(u))
                goal = _without_users(goal, temporary, DeferralReason.PASSWORD)
            case RemedyKind.BREAK_GLASS:
                goal = _without_users(goal, remedy.users, None)
                goal = replace(goal, break_glass=(*goal.break_glass, *remedy.users))
            case _:
                pass  # it is nothing of a goal or its caller
    return goal, caller


def _without_users(goal: Goal, names: Iterable[str], reason: DeferralReason | None) -> Goal:
    left = {*goal.enforced} & {*names}
    deferred = {name: Deferral(reason) for name in left} if reason else {}
    return replace(
        goal,
        users=tuple(name for name in goal.users if name not in left),
        group=goal.group
        and replace(
            goal.group, members=tuple(name for name in goal.group.members if name not in left)
        ),
        deferred={**goal.deferred, **deferred},
    )


def _keeping_password(new: NewUser) -> NewUser:
    return replace(new, password=new.password and replace(new.password, must_change=False))


def _has_temporary_password(user: User) -> bool:
    return user.password is not None and user.password.reset_required


def _preset(preset: Preset, snapshot: Snapshot) -> Document:
    return force_mfa(replace(choices_of(preset), partition=snapshot.partition))


def _to_read(accounts: BeforeAfter, left: Mapping[str, tuple[str, ...]]) -> Iterator[Remedy]:
    """Yield the remedy of reading more: an unread credential may be harmless."""
    bare = lacks_report(accounts.before)
    if "gap" in left:
        yield Remedy(RemedyKind.CREDENTIAL_REPORT if bare else RemedyKind.READ, "gap")
    unknown = left.get("everyone-gets-in", ())
    if not unknown or bare or accounts.before.report is not None:
        return
    report = CredentialReport(accounts.before.taken_at, {})
    told = _getting_in(accounts, replace(accounts.after, report=report), unknown)
    if told:
        yield Remedy(RemedyKind.CREDENTIAL_REPORT, "everyone-gets-in", told)


def _getting_in(accounts: BeforeAfter, snapshot: Snapshot, users: Iterable[str]) -> tuple[str, ...]:
    """Return those of the users who would get in if the account were like `snapshot`."""
    named = [snapshot.user_named[name] for name in users if name in snapshot.user_named]
    outcomes = SignInOutcomes(snapshot, accounts.unread).outcomes(named)
    return tuple(name for name, outcome in outcomes.items() if outcome.gets_in)


def _by_console_authorization(accounts: BeforeAfter, users: Iterable[str]) -> tuple[str, ...]:
    """Return those of the users who would get in if console authorization were disabled."""
    if accounts.after.console_authorization is not ConsoleAuthorization.ENABLED:
        return ()
    disabled = replace(accounts.after, console_authorization=ConsoleAuthorization.DISABLED)
    return _getting_in(accounts, disabled, users)


def _to_enrol(accounts: BeforeAfter, users: Iterable[str]) -> Iterator[Remedy]:
    """Yield which policy is missing where one lets somebody enrol, and which denies it."""
    usual = AttachedPolicy("Force_MFA", usual_enforcement(accounts.after))
    for name in users:
        user = accounts.after.user_named[name]
        enforced = replace(user, inline=(*user.inline, usual))
        if _gets_in(accounts, accounts.after, enforced):
            yield Remedy(RemedyKind.ENROLMENT, "everyone-gets-in", (name,))
            continue
        denying = tuple(
            policy
            for policy in _conditional_denials(accounts.after, user)
            if _gets_in(accounts, *_without(policy, accounts.after, enforced))
        )
        if denying:
            yield Remedy(RemedyKind.EXEMPT_ENROLMENT, "everyone-gets-in", (name,), denying)


def _gets_in(accounts: BeforeAfter, snapshot: Snapshot, user: User) -> bool:
    """Return whether a user of the account, as they are given, gets in."""
    others = (user if each.name == user.name else each for each in snapshot.users)
    asked = SignInOutcomes(replace(snapshot, users=tuple(others)), accounts.unread)
    return all(each.gets_in for each in asked.outcomes([user]).values())


def _conditional_denials(snapshot: Snapshot, user: User) -> Iterator[str]:
    """Yield those policies of a user and of their groups that deny something on a condition.

    A Deny without a condition is meant to hold whatever the user does, and has no remedy. Each is
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


def _for_caller(accounts: BeforeAfter, left: Iterable[str]) -> Iterator[Remedy]:
    if "caller-keeps-access" not in left:
        return
    signed_in = replace(accounts, caller=replace(accounts.caller, mfa=True))
    if not accounts.caller.mfa and caller_keeps_access(signed_in).holds:
        yield Remedy(RemedyKind.MFA, "caller-keeps-access")
    others = tuple(one for one in accounts.changes if not isinstance(one, EndSignInSessions))
    if others != accounts.changes and caller_keeps_access(replace(accounts, changes=others)).holds:
        yield Remedy(RemedyKind.KEEP_SESSIONS, "caller-keeps-access")


def _for_users(
    accounts: BeforeAfter, goal: Goal, identity: str, users: tuple[str, ...]
) -> Iterator[Remedy]:
    """Yield remedies for users: let them in, wait for them, or leave out machine users."""
    if identity not in _NONE_FOR_WHO_IS_LEFT_OUT:
        return
    named = (accounts.before.user_named.get(name) for name in users)
    selected = [user for user in named if user and _selects(goal, user.name, user.groups)]
    if identity == "everyone-gets-in":
        yield from _by_preset(accounts, goal, users)
        new = [u.name for u in goal.new_users if u.name in users and u.password]
        if new:
            yield Remedy(RemedyKind.KEEP_PASSWORD, identity, tuple(new))
        waiting = tuple(user.name for user in selected if _has_temporary_password(user))
        if waiting:
            yield Remedy(RemedyKind.AFTER_PASSWORD_CHANGE, identity, waiting)
    machines = tuple(u.name for u in selected if accounts.credentials[u.name].of_machine)
    if machines:
        yield Remedy(RemedyKind.LEAVE_OUT, identity, machines)


def _by_preset(accounts: BeforeAfter, goal: Goal, users: Iterable[str]) -> Iterator[Remedy]:
    """Yield the preset under which users get in, where the policy of the goal is a preset's."""
    arn = policy_arn(accounts.after, goal.policy)
    known = accounts.after.policies.get(arn)
    if known is None or goal.policy.document not in (
        _preset(each, accounts.after) for each in Preset
    ):
        return
    if goal.new_users and arn in accounts.before.policies:
        # new users get the policy that exists
        return
    for kind, preset in _PRESETS.items():
        known = replace(known, document=_preset(preset, accounts.after))
        policies = {**accounts.after.policies, arn: known}
        helped = _getting_in(accounts, replace(accounts.after, policies=policies), users)
        if helped:
            yield Remedy(kind, "everyone-gets-in", helped)
            return


def _selects(goal: Goal, user: str, groups: Iterable[str]) -> bool:
    """Return whether a user is affected because the goal selects them, and not by a group alone."""
    if goal.group is None:
        return user in goal.users
    return user in goal.group.members and goal.group.name not in groups


def _for_administrators(accounts: BeforeAfter, goal: Goal, plan: Plan) -> Iterator[Remedy]:
    """Yield one who can administer users now, whom the plan may leave as they are."""
    affected = {user.name for user in accounts.affected} - goal.selected_by_name
    for proof in plan.proofs:
        if proof.id == "administrator-remains" and proof.verdict is SafetyVerdict.REFUTED:
            able = [name for name in proof.failed if name in affected][:1]
            yield from (Remedy(RemedyKind.BREAK_GLASS, proof.id, (name,)) for name in able)
