"""The kinds of change that a plan is made of: what each reads, does, undoes and comes to."""

from collections.abc import Iterable, Mapping

from sekisho.account import Snapshot
from sekisho.rollout.changes.affected import (
    Affected,
    affected_by,
    affected_names,
    affected_reads,
    newcomers,
    still_affected,
)
from sekisho.rollout.changes.credentials import (
    CREDENTIALS,
    CredentialType,
    DeactivateCredential,
    DeactivateDevice,
    DeleteDevice,
    dated,
)
from sekisho.rollout.changes.groups import (
    AddUserToGroup,
    AttachGroupPolicy,
    CreateGroup,
    DetachGroupPolicy,
    RemoveUserFromGroup,
)
from sekisho.rollout.changes.in_use import is_used
from sekisho.rollout.changes.model import (
    Change,
    Forecast,
    IamCall,
    Image,
    Link,
    Looks,
    ObservedState,
)
from sekisho.rollout.changes.observer import Observer
from sekisho.rollout.changes.policies import (
    CreatePolicy,
    CreatePolicyVersion,
    TagPolicy,
    change_password_arn,
    deny_all_arn,
    with_change_password,
    with_deny_all,
)
from sekisho.rollout.changes.sessions import PARTITIONS, EndSignInSessions
from sekisho.rollout.changes.users import (
    AttachUserPolicy,
    CreateLoginProfile,
    CreateUser,
    DeleteLoginProfile,
    DetachUserPolicy,
    ReplacePassword,
    SetsPassword,
)

__all__ = [
    "CREDENTIALS",
    "KINDS",
    "PARTITIONS",
    "AddUserToGroup",
    "Affected",
    "AttachGroupPolicy",
    "AttachUserPolicy",
    "Change",
    "CreateGroup",
    "CreateLoginProfile",
    "CreatePolicy",
    "CreatePolicyVersion",
    "CreateUser",
    "CredentialType",
    "DeactivateCredential",
    "DeactivateDevice",
    "DeleteDevice",
    "DeleteLoginProfile",
    "DetachGroupPolicy",
    "DetachUserPolicy",
    "EndSignInSessions",
    "Forecast",
    "IamCall",
    "Image",
    "Link",
    "Looks",
    "ObservedState",
    "Observer",
    "RemoveUserFromGroup",
    "ReplacePassword",
    "SetsPassword",
    "TagPolicy",
    "affected_by",
    "affected_names",
    "affected_reads",
    "change_password_arn",
    "dated",
    "deny_all_arn",
    "forecast",
    "is_used",
    "newcomers",
    "still_affected",
    "with_change_password",
    "with_deny_all",
]

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
