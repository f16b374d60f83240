"""The account as it will be: changes applied to a snapshot. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from sekisho.account import (
    AccessKey,
    Group,
    ManagedPolicy,
    Password,
    ServiceCredential,
    SigningCertificate,
    Snapshot,
    SshKey,
    User,
)
from sekisho.policy import from_json
from sekisho.rollout.changes.kinds import (
    AddUserToGroup,
    AttachGroupPolicy,
    AttachUserPolicy,
    Change,
    CreateGroup,
    CreateLoginProfile,
    CreatePolicy,
    CreatePolicyVersion,
    CreateUser,
    CredentialType,
    DeactivateCredential,
    DeactivateDevice,
    DeleteDevice,
    DeleteLoginProfile,
    DetachGroupPolicy,
    DetachUserPolicy,
    RemoveUserFromGroup,
    ReplacePassword,
    TagPolicy,
)

_Attaching = AttachUserPolicy | DetachUserPolicy | AddUserToGroup | RemoveUserFromGroup
_Holding = (
    CreateLoginProfile
    | ReplacePassword
    | DeleteLoginProfile
    | DeactivateDevice
    | DeactivateCredential
)
_Held = TypeVar("_Held", AccessKey, SshKey, ServiceCredential, SigningCertificate)
_OfUser = _Attaching | _Holding

_CHANGE_PASSWORD = "IAMUserChangePassword"  # noqa: S105 - a policy's name


def change_password_arn(partition: str) -> str:
    """Return the ARN of the AWS managed policy that lets users change their own password."""
    return f"arn:{partition}:iam::aws:policy/{_CHANGE_PASSWORD}"


def with_change_password(snapshot: Snapshot) -> Snapshot:
    """Return the snapshot with `IAMUserChangePassword` in it, as fact §14.3 describes it.

    A snapshot holds only the AWS managed policies that were attached when it was taken.
    """
    arn = change_password_arn(snapshot.partition)
    if arn in snapshot.policies:
        return snapshot
    own = f"arn:{snapshot.partition}:iam::*:user/${{aws:username}}"
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": ["iam:ChangePassword"], "Resource": [own]},
            {"Effect": "Allow", "Action": ["iam:GetAccountPasswordPolicy"], "Resource": "*"},
        ],
    }
    policy = ManagedPolicy(
        arn, _CHANGE_PASSWORD, "/", "v1", from_json(document, source=arn), aws_managed=True
    )
    return replace(snapshot, policies={**snapshot.policies, arn: policy})


def forecast(snapshot: Snapshot, changes: Iterable[Change]) -> Snapshot:
    """Return the snapshot as it will be after `changes`."""
    for change in changes:
        snapshot = _after(snapshot, change)
    return snapshot


def _after(snapshot: Snapshot, change: Change) -> Snapshot:
    match change:
        case CreatePolicy() | CreatePolicyVersion() | TagPolicy():
            return _policy(snapshot, change)
        case CreateGroup():
            return _new_group(snapshot, change)
        case AttachGroupPolicy(group, arn):
            return _with_group(snapshot, group, lambda known: (*known, arn))
        case DetachGroupPolicy(group, arn):
            return _with_group(snapshot, group, lambda known: _without(known, arn))
        case CreateUser():
            return _new_user(snapshot, change)
        case DeleteDevice(serial):
            kept = (device for device in snapshot.orphans if device.serial != serial)
            return replace(snapshot, orphans=tuple(kept))
        case _:
            return _with_user(snapshot, change)


def _policy(snapshot: Snapshot, change: CreatePolicy | CreatePolicyVersion | TagPolicy) -> Snapshot:
    known = snapshot.policies.get(change.arn)
    match change:
        case CreatePolicy(arn, description, document, tags):
            name, read = arn.rsplit("/", 1)[-1], from_json(document, source=arn)
            path = arn.split(":", 5)[5].removeprefix("policy").removesuffix(name)
            policy = ManagedPolicy(
                arn, name, path, "v1", read, tags=tags, versions=("v1",), description=description
            )
        case CreatePolicyVersion(arn, document) if known is not None:
            policy = replace(known, document=from_json(document, source=arn))
        case TagPolicy(_, key, value) if known is not None:
            policy = replace(known, tags={**known.tags, key: value})
        case _:
            return snapshot
    return replace(snapshot, policies={**snapshot.policies, policy.arn: policy})


def _new_group(snapshot: Snapshot, change: CreateGroup) -> Snapshot:
    arn = f"arn:{snapshot.partition}:iam::{snapshot.account}:group{change.path}{change.name}"
    groups = (*snapshot.groups, Group(change.name, change.path, arn))
    return replace(snapshot, groups=tuple(sorted(groups, key=lambda group: group.name)))


def _with_group(
    snapshot: Snapshot, name: str, attached: Callable[[tuple[str, ...]], tuple[str, ...]]
) -> Snapshot:
    groups = (
        replace(group, attached=attached(group.attached)) if group.name == name else group
        for group in snapshot.groups
    )
    return replace(snapshot, groups=tuple(groups))


def _new_user(snapshot: Snapshot, change: CreateUser) -> Snapshot:
    arn = f"arn:{snapshot.partition}:iam::{snapshot.account}:user{change.path}{change.name}"
    new = User(change.name, change.path, arn, id="", tags=change.tags)
    users = (*snapshot.users, new)
    return replace(snapshot, users=tuple(sorted(users, key=lambda user: user.name)))


def _with_user(snapshot: Snapshot, change: _OfUser) -> Snapshot:
    users = snapshot.users
    place = next((at for at, user in enumerate(users) if user.name == change.user), None)
    if place is None:
        return snapshot
    changed = _changed(users[place], change, snapshot.taken_at)
    return replace(snapshot, users=(*users[:place], changed, *users[place + 1 :]))


def _changed(user: User, change: _OfUser, now: datetime) -> User:
    match change:
        case AttachUserPolicy(_, arn):
            return replace(user, attached=(*user.attached, arn))
        case DetachUserPolicy(_, arn):
            return replace(user, attached=_without(user.attached, arn))
        case AddUserToGroup(group, _):
            return replace(user, groups=(*user.groups, group))
        case RemoveUserFromGroup(group, _):
            return replace(user, groups=_without(user.groups, group))
        case _:
            return _holding(user, change, now)


def _holding(user: User, change: _Holding, now: datetime) -> User:
    match change:
        case CreateLoginProfile(_, reset_required) | ReplacePassword(_, reset_required):
            # what is new has not expired
            return replace(user, password=Password(reset_required, created_at=now))
        case DeleteLoginProfile():
            return replace(user, password=None)
        case DeactivateDevice(_, serial):
            kept = tuple(device for device in user.devices if device.serial != serial)
            return replace(user, devices=kept)
        case DeactivateCredential():
            return _with_inactive(user, change)


def _with_inactive(user: User, change: DeactivateCredential) -> User:
    match CredentialType(change.type):
        case CredentialType.ACCESS_KEY:
            return replace(user, keys=_inactive(user.keys, change.id))
        case CredentialType.SSH_KEY:
            return replace(user, ssh_keys=_inactive(user.ssh_keys, change.id))
        case CredentialType.SERVICE:
            services = _inactive(user.service_credentials, change.id)
            return replace(user, service_credentials=services)
        case CredentialType.CERTIFICATE:
            return replace(user, certificates=_inactive(user.certificates, change.id))


def _inactive(held: tuple[_Held, ...], identity: str) -> tuple[_Held, ...]:
    return tuple(replace(each, active=each.active and each.id != identity) for each in held)


def _without(names: tuple[str, ...], name: str) -> tuple[str, ...]:
    return tuple(each for each in names if each != name)
