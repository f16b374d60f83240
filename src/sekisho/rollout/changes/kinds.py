"""The kinds of change that a plan is made of, and the account as changes make it."""

from collections.abc import Iterable, Mapping

from sekisho.account import Snapshot
from sekisho.rollout.changes.credentials import (
    DeactivateCredential,
    DeactivateDevice,
    DeleteDevice,
    EndSignInSessions,
)
from sekisho.rollout.changes.model import Change, Forecast
from sekisho.rollout.changes.policies import CreatePolicy, CreatePolicyVersion, TagPolicy
from sekisho.rollout.changes.users import (
    AddUserToGroup,
    AttachGroupPolicy,
    AttachUserPolicy,
    CreateGroup,
    CreateLoginProfile,
    CreateUser,
    DeleteLoginProfile,
    DetachGroupPolicy,
    DetachUserPolicy,
    RemoveUserFromGroup,
    ReplacePassword,
)

_KINDS: tuple[type[Change], ...] = (
    CreatePolicy,
    CreatePolicyVersion,
    TagPolicy,
    CreateGroup,
    AttachGroupPolicy,
    DetachGroupPolicy,
    AddUserToGroup,
    RemoveUserFromGroup,
    CreateUser,
    AttachUserPolicy,
    DetachUserPolicy,
    CreateLoginProfile,
    ReplacePassword,
    DeleteLoginProfile,
    DeactivateDevice,
    DeleteDevice,
    DeactivateCredential,
    EndSignInSessions,
)
KINDS: Mapping[str, type[Change]] = {kind.__name__: kind for kind in _KINDS}
"""Every kind of change, by the name that it has in a plan's file."""


def forecast(snapshot: Snapshot, changes: Iterable[Change]) -> Snapshot:
    """Return the account as it will be after `changes`."""
    account = Forecast(snapshot)
    for change in changes:
        change.forecast(account)
    return account.snapshot()
