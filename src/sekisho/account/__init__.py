"""What an account is, and how to read one.

`account.aws` (boto3) is not imported here, so that reading a snapshot stays light.
"""

from sekisho.account.api import AwsApi
from sekisho.account.collect import Pace, collect
from sekisho.account.entries import (
    AccountFile,
    DeviceEntry,
    GroupEntry,
    InlinePolicy,
    KeyEntry,
    PolicyEntry,
    PolicyVersion,
    RoleEntry,
    UserCredentials,
    UserEntry,
)
from sekisho.account.exported import snapshot_of
from sekisho.account.file import load_account
from sekisho.account.model import (
    THE_ACCOUNT,
    AccessKey,
    CredentialReport,
    CredentialRow,
    Device,
    Gap,
    Group,
    ManagedPolicy,
    Password,
    ResourceKind,
    ResourceRef,
    Role,
    RootUser,
    ServiceCredential,
    SigningCertificate,
    Snapshot,
    SshKey,
    User,
    reasons_of,
    user_ref,
)
from sekisho.account.opened import open_account
from sekisho.account.policies import (
    policies_of,
    policies_of_role,
    readings,
    readings_of,
    unread_policies,
    user_of,
    users_may_change,
)
from sekisho.account.saved import dump_snapshot, load_snapshot, save_snapshot

__all__ = [
    "THE_ACCOUNT",
    "AccessKey",
    "AccountFile",
    "AwsApi",
    "CredentialReport",
    "CredentialRow",
    "Device",
    "DeviceEntry",
    "Gap",
    "Group",
    "GroupEntry",
    "InlinePolicy",
    "KeyEntry",
    "ManagedPolicy",
    "Pace",
    "Password",
    "PolicyEntry",
    "PolicyVersion",
    "ResourceKind",
    "ResourceRef",
    "Role",
    "RoleEntry",
    "RootUser",
    "ServiceCredential",
    "SigningCertificate",
    "Snapshot",
    "SshKey",
    "User",
    "UserCredentials",
    "UserEntry",
    "collect",
    "dump_snapshot",
    "load_account",
    "load_snapshot",
    "open_account",
    "policies_of",
    "policies_of_role",
    "readings",
    "readings_of",
    "reasons_of",
    "save_snapshot",
    "snapshot_of",
    "unread_policies",
    "user_of",
    "user_ref",
    "users_may_change",
]
