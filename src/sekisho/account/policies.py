"""The policies that apply to identities of a snapshot.

A policy that applies and is not in the snapshot is an error: leaving it out could turn a deny into
an allow, or the reverse. Service control policies are the exception: they give nothing, so without
them more seems to be allowed than is. Whether they are known, `Snapshot.scps` and the gaps say.
"""

from collections.abc import Iterable, Mapping

from sekisho.account.model import Group, ResourceKind, Role, Snapshot, User, user_ref
from sekisho.engine import AttachedPolicy, Policies, cached_by_identity
from sekisho.errors import Code, Fault, FaultyAccount, did_you_mean
from sekisho.messages import Message
from sekisho.signin import with_password_policy

_THE_ACCOUNT = Message("the account", "source")
_DETAILS = "GetAccountAuthorizationDetails"
_PASSWORD_POLICY = "GetAccountPasswordPolicy"  # noqa: S105 - the name of a call
_NO_GROUP = Message("group `{group}` of user `{user}` is not in it")
_NO_POLICIES = Message("the policies of user `{user}` are not in it: {cause}")
_UNREAD_POLICY = Message("policy `{policy}` could not be read: {cause}")
_MORE = Message("collect the account again with more permissions")
_ROOT = ("root", "<root_account>")
"""Names of the root user, in the credential report and among people."""


def user_of(snapshot: Snapshot, name: str, source: str | Message = _THE_ACCOUNT) -> User:
    """Return the user of this name.

    Args:
        snapshot: the account.
        name: exactly as it is written there.
        source: the name of the account in errors, such as the name of its file.

    Raises:
        FaultyAccount: if the snapshot has no such user.
    """
    user = snapshot.user_named.get(name)
    if user is None:
        raise FaultyAccount(source, [_no_user(snapshot, name)])
    return user


def _no_user(snapshot: Snapshot, name: str) -> Fault:
    """Return the fault that there is no such user, with the likely name."""
    if name.lower() in _ROOT:
        return Fault(
            Code.ACCOUNT_BAD_REFERENCE,
            Message(
                "`{name}` is the root user and not an IAM user: a plan cannot change its "
                "password or its MFA devices"
            ).filled(name=name),
            fix=Message(
                "recover it on the sign-in page of the root user, with its e-mail address and "
                "phone number"
            ),
        )
    # if not all users were read, the name may be right
    fix = _MORE if snapshot.gap_of(_DETAILS) else did_you_mean(name, snapshot.user_named)
    message = Message("there is no user `{name}` in it").filled(name=name)
    return Fault(Code.ACCOUNT_BAD_REFERENCE, message, fix=fix)


def policies_of(snapshot: Snapshot, user_name: str) -> Policies:
    """Return the policies that apply to a user: inline, attached, of groups, boundary, SCPs.

    Raises:
        FaultyAccount: if the user, or a policy or group that applies, is not in the snapshot.
    """
    return _whole(policies_as_read(snapshot, user_name))


PoliciesAsRead = tuple[Policies, tuple[Fault, ...]]
"""Policies, and a fault for each that applies and was not read."""


def policies_as_read(snapshot: Snapshot, user_name: str) -> PoliciesAsRead:
    """Return the policies that apply to a user, as far as they were read.

    Incomplete policies are only for questions about a difference: see `policies_of`.

    Raises:
        FaultyAccount: if the user is not in the snapshot.
    """
    user = user_of(snapshot, user_name)
    own = (ResourceKind.USER_POLICY, user.name)
    if user.inline or own in snapshot.inline_gaps or user_ref(user.name) in snapshot.gaps_about:
        return _policies_of(snapshot, user)
    known, parts = _by_parts(snapshot), (user.groups, user.attached, user.boundary)
    if parts not in known:
        known[parts] = _policies_of(snapshot, user)
    return known[parts]


def _whole(read: PoliciesAsRead) -> Policies:
    policies, faults = read
    if faults:
        raise FaultyAccount(Message("snapshot", "source"), faults)
    return policies


_Parts = tuple[tuple[str, ...], tuple[str, ...], str | None]


@cached_by_identity
def _by_parts(snapshot: Snapshot) -> dict[_Parts, PoliciesAsRead]:
    """Return the cache of policies of users without inline policies and gaps, by their sources.

    Most users of a large account have the same; policies that are one object are judged once.
    """
    del snapshot  # each has a dictionary of its own, which is filled as users are asked about
    return {}


def _policies_of(snapshot: Snapshot, user: User) -> PoliciesAsRead:
    groups, faults = _groups_of(snapshot, user)
    identity = [*user.inline, *(policy for group in groups for policy in group.inline)]
    arns = dict.fromkeys((*user.attached, *(arn for group in groups for arn in group.attached)))
    owners = [(ResourceKind.USER_POLICY, user.name)]
    owners += [(ResourceKind.GROUP_POLICY, name) for name in user.groups]
    return _assembled(snapshot, (identity, arns, user.boundary), owners, faults)


def users_may_change(snapshot: Snapshot) -> bool | None:
    """Return the account's `AllowUsersToChangePassword`; None if it was not read."""
    if snapshot.password_policy is not None:
        return snapshot.password_policy.users_may_change
    return None if _PASSWORD_POLICY in snapshot.operations_with_gaps else False


def readings_of(snapshot: Snapshot, user: User) -> tuple[Policies, ...]:
    """Return the `with_password_policy` of the policies that apply to a user of a snapshot.

    Raises:
        FaultyAccount: as `policies_of`.
    """
    return with_password_policy(
        policies_of(snapshot, user.name), user.arn, users_may_change(snapshot)
    )


def policies_of_role(snapshot: Snapshot, role_name: str) -> Policies:
    """Return the identity-based policies and the boundary of a role, and the SCPs.

    Raises:
        FaultyAccount: if the role, or a policy that applies, is not in the snapshot.
    """
    return _whole(role_policies_as_read(snapshot, role_name))


def role_policies_as_read(snapshot: Snapshot, role_name: str) -> PoliciesAsRead:
    """Return the policies of a role as far as they were read; see `policies_as_read`.

    Raises:
        FaultyAccount: if the role is not in the snapshot.
    """
    role = next((role for role in snapshot.roles if role.name == role_name), None)
    if role is None:
        message = Message("there is no role `{name}` in it").filled(name=role_name)
        raise FaultyAccount(Message("snapshot", "source"), [_fault(message)])
    parts = (list(role.inline), dict.fromkeys(role.attached), role.boundary)
    return _assembled(snapshot, parts, [(ResourceKind.ROLE_POLICY, role.name)], [])


def attached_policies(snapshot: Snapshot) -> frozenset[str]:
    """Return the ARN of every managed policy that applies to some identity."""
    bounded: list[User | Role] = [*snapshot.users, *snapshot.roles]
    owners: list[User | Role | Group] = [*bounded, *snapshot.groups]
    attached = {arn for owner in owners for arn in owner.attached}
    return frozenset(attached | {owner.boundary for owner in bounded if owner.boundary})


def unread_policies(snapshot: Snapshot) -> Mapping[str, tuple[str, ...]]:
    """Return the ARNs of the policies whose text was not read, with the users they apply to.

    The text of an AWS managed policy can change, so no text is assumed for one.
    """
    unread: dict[str, list[str]] = {}
    for user in snapshot.users:
        groups = (
            snapshot.group_named[name] for name in user.groups if name in snapshot.group_named
        )
        arns = {*user.attached, *(arn for group in groups for arn in group.attached)}
        for arn in arns | ({user.boundary} if user.boundary else set()):
            if arn not in snapshot.policies:
                unread.setdefault(arn, []).append(user.name)
    return {arn: tuple(users) for arn, users in sorted(unread.items())}


def _groups_of(snapshot: Snapshot, user: User) -> tuple[list[Group], list[Fault]]:
    known = snapshot.group_named
    missing = [
        _fault(_NO_GROUP.filled(group=name, user=user.name))
        for name in user.groups
        if name not in known
    ]
    missing += [
        _fault(_NO_POLICIES.filled(user=user.name, cause=gap.cause))
        for gap in snapshot.gaps_about.get(user_ref(user.name), ())
        if gap.operation == _DETAILS
    ]
    return [known[name] for name in user.groups if name in known], missing


def _assembled(
    snapshot: Snapshot,
    parts: tuple[list[AttachedPolicy], Iterable[str], str | None],
    owners: Iterable[tuple[ResourceKind, str]],
    faults: list[Fault],
) -> PoliciesAsRead:
    """Return the policies, and the faults of the missing ones."""
    inline, arns, boundary = parts
    faults = faults + [
        _fault(_UNREAD_POLICY.filled(policy=gap.resource.label, cause=gap.cause))
        for owner in owners
        for gap in snapshot.inline_gaps.get(owner, ())
    ]
    wanted = [*arns, *([boundary] if boundary is not None else [])]
    faults += [_unread(arn) for arn in wanted if arn not in snapshot.policies]
    known = snapshot.policies
    attached = [AttachedPolicy(arn, known[arn].document) for arn in arns if arn in known]
    limit = known.get(boundary) if boundary is not None else None
    policies = Policies(
        identity=(*inline, *attached),
        boundaries=None if limit is None else (AttachedPolicy(limit.arn, limit.document),),
        scps=snapshot.scps or (),
    )
    return policies, tuple(faults)


def _unread(arn: str) -> Fault:
    """Return the fault of a policy without a text; the caller adds the owner."""
    message = Message("the text of policy `{arn}` was not read").filled(arn=arn)
    fix = _MORE
    if arn.split(":")[4:5] == ["aws"]:
        fix = Message(
            "`sekisho collect` reads it; an export of AWS has the customer's policies only"
        )
    return Fault(Code.ACCOUNT_BAD_REFERENCE, message, fix=fix)


def _fault(message: Message) -> Fault:
    return Fault(Code.ACCOUNT_BAD_REFERENCE, message, fix=_MORE)
