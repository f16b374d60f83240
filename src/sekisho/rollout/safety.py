"""The safety of a plan: what must hold before it may be applied, and what people will feel.

Everything is decided by the engine on the account as it is and as it will be.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from sekisho.account import Snapshot, User, policies_of, policies_of_role, user_of
from sekisho.engine import DecisionEffect, Policies
from sekisho.errors import Code, Fault, FaultyAccount
from sekisho.rollout.changes import Change
from sekisho.rollout.decide import Ask, asked, credentials_of, is_administrator, is_gated
from sekisho.rollout.goal import Goal
from sekisho.rollout.permissions import to_apply, to_roll_back
from sekisho.rollout.plan import Caller, Note, Proof
from sekisho.rollout.texts import (
    ADMINISTRATOR_REMAINS,
    BREAK_GLASS,
    CALLER,
    CALLER_UNKNOWN,
    CANNOT_ENROL,
    DEAD_LOCK,
    KEYS_STOP,
    MUST_ENROL,
    NOT_GATED,
    OTHER_ACCOUNT,
)
from sekisho.signin import Credential, CredentialKind, Holder, HolderKind

__all__ = ["Outlook", "outlook_of", "proofs", "reasons", "warnings"]


@dataclass(frozen=True, slots=True)
class Outlook:
    """The account before and after a plan's changes.

    Attributes:
        break_glass: users that must not be touched.
        touched: the users for whom other policies will decide than now, new users among them.
    """

    before: Snapshot
    after: Snapshot
    changes: tuple[Change, ...]
    caller: Caller
    break_glass: tuple[str, ...]
    touched: tuple[User, ...]


def outlook_of(
    before: Snapshot, after: Snapshot, changes: Iterable[Change], caller: Caller, goal: Goal
) -> Outlook:
    """Return the account before and after `changes`, with the users that they touch."""
    touched = tuple(
        user for user in after.users if _policies(after, user.name) != _policies(before, user.name)
    )
    return Outlook(before, after, tuple(changes), caller, goal.break_glass, touched)


def proofs(outlook: Outlook) -> tuple[Proof, ...]:
    """Return the safety properties with their outcomes."""
    return (
        _caller_keeps_access(outlook),
        _break_glass_untouched(outlook),
        _administrator_remains(outlook),
    )


def reasons(outlook: Outlook) -> tuple[Note, ...]:
    """Return what makes it impossible to judge the plan for its caller."""
    if outlook.caller.arn.split(":")[4:5] != [outlook.before.account]:
        return (Note("other-account", OTHER_ACCOUNT, (outlook.caller.arn,)),)
    try:
        _standing(outlook.before, outlook.caller)
    except FaultyAccount:
        return (Note("caller-unknown", CALLER_UNKNOWN, (outlook.caller.arn,)),)
    return ()


def warnings(outlook: Outlook) -> tuple[Note, ...]:
    """Return what people will feel, each with their names."""
    gated = [user for user in outlook.touched if _holds(is_gated, outlook.after, user)]
    newly = [user for user in gated if not _was_gated(outlook.before, user)]
    without_device = [user for user in newly if not user.devices]
    targets = {getattr(change, "user", None) for change in outlook.changes}
    found = (
        (
            "keys-stop",
            KEYS_STOP,
            [user for user in newly if any(key.active for key in user.keys)],
        ),
        ("dead-lock", DEAD_LOCK, [user for user in gated if _dead_locks(outlook.after, user)]),
        (
            "cannot-enrol",
            CANNOT_ENROL,
            [user for user in without_device if not _enrols(outlook.after, user)],
        ),
        (
            "must-enrol",
            MUST_ENROL,
            [user for user in without_device if _enrols(outlook.after, user)],
        ),
        (
            "not-gated",
            NOT_GATED,
            [user for user in outlook.touched if user not in gated and user.name in targets],
        ),
    )
    return tuple(
        Note(identity, text, tuple(user.name for user in users))
        for identity, text, users in found
        if users
    )


def _policies(snapshot: Snapshot, name: str) -> Policies | None:
    """Return a user's policies, or None if there is no such user or a policy was not read."""
    try:
        return policies_of(snapshot, name)
    except FaultyAccount:
        return None


def _holds(question: Callable[[Snapshot, User], bool], snapshot: Snapshot, user: User) -> bool:
    """Return the answer to `question`; what cannot be answered does not hold."""
    try:
        return question(snapshot, user)
    except FaultyAccount:
        return False


def _was_gated(before: Snapshot, user: User) -> bool:
    return any(known.name == user.name for known in before.users) and _holds(is_gated, before, user)


def _allowed_without_mfa(snapshot: Snapshot, user: User, action: str, resource: str) -> bool:
    policies = policies_of(snapshot, user.name)
    console = credentials_of(snapshot, user, mfa=False)[-1]
    decision = asked(snapshot, console, policies, user.tags, Ask(action, resource, {}))
    return decision.effect is DecisionEffect.ALLOWED


def _dead_locks(snapshot: Snapshot, user: User) -> bool:
    """Return whether a forced password change at sign-in would be denied."""
    if user.password is None or not user.password.reset_required:
        return False
    return not _allowed_without_mfa(snapshot, user, "iam:ChangePassword", user.arn)


def _enrols(snapshot: Snapshot, user: User) -> bool:
    """Return whether the user can set up a first device without MFA, whatever its name."""
    device = f"arn:{snapshot.partition}:iam::{snapshot.account}:mfa/any-name"
    return all(
        _allowed_without_mfa(snapshot, user, action, resource)
        for action, resource in (
            ("iam:CreateVirtualMFADevice", device),
            ("iam:EnableMFADevice", user.arn),
        )
    )


def _caller_keeps_access(outlook: Outlook) -> Proof:
    """Decide every call of the plan and of its roll-back, as the account is and as it will be.

    Part of the plan is applied while only part of it is in force: the calls that apply have to be
    allowed at both ends.
    """
    applying = to_apply(outlook.changes, outlook.after)
    rolling_back = to_roll_back(outlook.changes, outlook.after)
    rounds = ((outlook.before, applying), (outlook.after, (*applying, *rolling_back)))
    failed = dict.fromkeys(
        denial
        for snapshot, asks in rounds
        for ask in asks
        for denial in _denials(snapshot, outlook.caller, ask)
    )
    return Proof("caller-keeps-access", CALLER, not failed, tuple(failed))


def _denials(snapshot: Snapshot, caller: Caller, ask: Ask) -> Iterator[str]:
    try:
        policies, credentials, user = _standing(snapshot, caller)
    except FaultyAccount:
        yield f"{ask.action}: unknown"
        return
    tags = user.tags if user else {}
    for credential in credentials:
        decision = asked(snapshot, credential, policies, tags, ask)
        if decision.effect is not DecisionEffect.ALLOWED:
            yield f"{ask.action} on {ask.resource}: {decision.effect}"


def _standing(
    snapshot: Snapshot, caller: Caller
) -> tuple[Policies, tuple[Credential, ...], User | None]:
    """Return what decides for the caller, and the credentials that they may hold.

    None are returned for root: no identity-based policy applies to it.

    Raises:
        FaultyAccount: if the caller is unknown, or a policy of theirs is not in the snapshot.
    """
    kind, _, rest = caller.arn.split(":", 5)[-1].partition("/")
    if kind == "root":
        return Policies(), (), None
    if kind == "assumed-role":
        role, _, session = rest.partition("/")
        holder = Holder(HolderKind.ROLE, snapshot.partition, snapshot.account, role)
        credential = Credential(
            CredentialKind.ROLE_SESSION, holder, snapshot.taken_at, session_name=session
        )
        return policies_of_role(snapshot, role), (credential,), None
    if kind != "user":
        fault = Fault(Code.ACCOUNT_BAD_REFERENCE, f"`{caller.arn}` is no user, role or root")
        raise FaultyAccount("caller", [fault])
    name = rest.rsplit("/", 1)[-1]
    policies = policies_of(snapshot, name)
    user = user_of(snapshot, name)
    return policies, credentials_of(snapshot, user, mfa=caller.mfa), user


def _break_glass_untouched(outlook: Outlook) -> Proof:
    """Compare the policies of each break-glass user, document by document."""
    touched = {user.name for user in outlook.touched}
    failed = tuple(name for name in outlook.break_glass if name in touched)
    return Proof("break-glass-untouched", BREAK_GLASS, not failed, failed)


def _administrator_remains(outlook: Outlook) -> Proof:
    """Show that if there is an administrator now, there is one who can still work afterwards."""
    able = any(
        _holds(is_administrator, outlook.after, user)
        and (user.devices or not _holds(is_gated, outlook.after, user))
        for user in outlook.after.users
    )
    failed = [
        user.name
        for user in outlook.before.users
        if not able and _holds(is_administrator, outlook.before, user)
    ]
    return Proof("administrator-remains", ADMINISTRATOR_REMAINS, not failed, tuple(failed))
