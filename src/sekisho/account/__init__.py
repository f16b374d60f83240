"""Accounts: the model, and its readers.

`account.aws` (boto3) is not imported here, so that reading a snapshot stays light.
"""

from typing import TYPE_CHECKING

from sekisho.lazy import lazily

if TYPE_CHECKING:
    from sekisho.account.calls import (
        CALLS_PER_USER,
        OPTIONAL_READS,
        READS,
        REJECTED_CREDENTIALS,
        THROTTLED,
        AwsApi,
        CallUnit,
        SigningApi,
        calls_to_allow,
        least_policy,
    )
    from sekisho.account.collection import (
        Pace,
        collect,
        collect_console_authorization,
        collect_policies,
        collect_sign_in,
        collect_user_sign_in,
    )
    from sekisho.account.contents import AccountFile, UserCredentials, version_ref
    from sekisho.account.credentials import (
        IN_USE_WITHIN,
        Credentials,
        credentials_by_user,
        credentials_of,
        other_credentials,
        unread_credentials,
        users_not_read,
    )
    from sekisho.account.evidence import (
        Evidence,
        LooksLike,
        Traces,
        evidence_in,
        looks_like,
        program_name,
        traces_of,
    )
    from sekisho.account.exports import lacks_report, open_account, snapshot_of
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
        gap_reasons,
        password_policy,
        user_ref,
    )
    from sekisho.account.policies import (
        attached_policies,
        policies_as_read,
        policies_of,
        policies_of_role,
        readings_of,
        role_policies_as_read,
        unread_policies,
        user_of,
        users_may_change,
    )
    from sekisho.account.saved import dump_snapshot, load_snapshot, read_snapshot, save_snapshot
    from sekisho.account.snapshot_api import NOT_READ, SnapshotApi
    from sekisho.account.usage import (
        KeyUse,
        LogsRead,
        Usage,
        UserUse,
        dump_usage,
        is_usage,
        load_usage,
        most_frequent,
        read_usage,
        save_usage,
        use_to_json,
        with_logged_use,
    )
else:
    __getattr__ = lazily(
        __name__,
        {
            "calls": (
                "CALLS_PER_USER OPTIONAL_READS READS REJECTED_CREDENTIALS THROTTLED AwsApi "
                "CallUnit SigningApi calls_to_allow least_policy"
            ),
            "collection": (
                "Pace collect collect_console_authorization collect_policies collect_sign_in "
                "collect_user_sign_in"
            ),
            "contents": "AccountFile UserCredentials version_ref",
            "credentials": (
                "IN_USE_WITHIN Credentials credentials_by_user credentials_of other_credentials "
                "unread_credentials users_not_read"
            ),
            "evidence": "Evidence LooksLike Traces evidence_in looks_like program_name traces_of",
            "exports": "lacks_report open_account snapshot_of",
            "file": "load_account",
            "model": (
                "THE_ACCOUNT AccessKey CredentialReport CredentialRow Device Gap Group "
                "ManagedPolicy Password ResourceKind ResourceRef Role RootUser ServiceCredential "
                "SigningCertificate Snapshot SshKey User gap_reasons password_policy user_ref"
            ),
            "policies": (
                "attached_policies policies_as_read policies_of policies_of_role readings_of "
                "role_policies_as_read unread_policies user_of users_may_change"
            ),
            "saved": "dump_snapshot load_snapshot read_snapshot save_snapshot",
            "snapshot_api": "NOT_READ SnapshotApi",
            "usage": (
                "KeyUse LogsRead Usage UserUse dump_usage is_usage load_usage most_frequent "
                "read_usage save_usage use_to_json with_logged_use"
            ),
        },
    )

__all__ = [
    "CALLS_PER_USER",
    "IN_USE_WITHIN",
    "NOT_READ",
    "OPTIONAL_READS",
    "READS",
    "REJECTED_CREDENTIALS",
    "THE_ACCOUNT",
    "THROTTLED",
    "AccessKey",
    "AccountFile",
    "AwsApi",
    "CallUnit",
    "CredentialReport",
    "CredentialRow",
    "Credentials",
    "Device",
    "Evidence",
    "Gap",
    "Group",
    "KeyUse",
    "LogsRead",
    "LooksLike",
    "ManagedPolicy",
    "Pace",
    "Password",
    "ResourceKind",
    "ResourceRef",
    "Role",
    "RootUser",
    "ServiceCredential",
    "SigningApi",
    "SigningCertificate",
    "Snapshot",
    "SnapshotApi",
    "SshKey",
    "Traces",
    "Usage",
    "User",
    "UserCredentials",
    "UserUse",
    "attached_policies",
    "calls_to_allow",
    "collect",
    "collect_console_authorization",
    "collect_policies",
    "collect_sign_in",
    "collect_user_sign_in",
    "credentials_by_user",
    "credentials_of",
    "dump_snapshot",
    "dump_usage",
    "evidence_in",
    "gap_reasons",
    "is_usage",
    "lacks_report",
    "least_policy",
    "load_account",
    "load_snapshot",
    "load_usage",
    "looks_like",
    "most_frequent",
    "open_account",
    "other_credentials",
    "password_policy",
    "policies_as_read",
    "policies_of",
    "policies_of_role",
    "program_name",
    "read_snapshot",
    "read_usage",
    "readings_of",
    "role_policies_as_read",
    "save_snapshot",
    "save_usage",
    "snapshot_of",
    "traces_of",
    "unread_credentials",
    "unread_policies",
    "use_to_json",
    "user_of",
    "user_ref",
    "users_may_change",
    "users_not_read",
    "version_ref",
    "with_logged_use",
]
