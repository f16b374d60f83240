"""The account as a whole: its summary, its details, and the credential report with AWS's columns.

Values of the report are lower case, as AWS's files have them and its documentation has not. Of
AWS's own policies, the details list those that something in the account uses.

Source: IAM API Reference, GetAccountSummary, GetAccountAuthorizationDetails,
GenerateCredentialReport, GetCredentialReport; IAM User Guide, "Generate credential reports for your
AWS account".
"""

import csv
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from io import StringIO
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from moto.core.responses import ActionResult
from moto.iam.models import (
    AccessKey,
    AccountSummary,
    Group,
    IAMBackend,
    ManagedPolicy,
    Role,
    SigningCertificate,
    User,
)
from moto.iam.responses import IamResponse

from sekisho.localaws.overlay.attachments import boundary_usage
from sekisho.localaws.overlay.policies import is_customer_managed, policy_entry, version_entry
from sekisho.localaws.overlay.request import boundary_entry, iam, naive, page
from sekisho.localaws.overlay.roles import profile_entry, profiles_of, role_entry, role_last_used
from sekisho.localaws.state.world import WORLD, GeneratedReport, PasswordState, World
from sekisho.localaws.wire.errors import Refusal

_KEY_COLUMNS = ("active", "last_rotated", "last_used_date", "last_used_region", "last_used_service")

COLUMNS = (
    "user",
    "arn",
    "user_creation_time",
    "password_enabled",
    "password_last_used",
    "password_last_changed",
    "password_next_rotation",
    "mfa_active",
    *(f"access_key_1_{column}" for column in _KEY_COLUMNS),
    *(f"access_key_2_{column}" for column in _KEY_COLUMNS),
    "cert_1_active",
    "cert_1_last_rotated",
    "cert_2_active",
    "cert_2_last_rotated",
)
"""The columns in AWS's order."""

_NOT_APPLICABLE = "N/A"
_NO_KEY = {"active": "false"} | dict.fromkeys(_KEY_COLUMNS[1:], _NOT_APPLICABLE)
_LISTS = {
    "User": "UserDetailList",
    "Group": "GroupDetailList",
    "Role": "RoleDetailList",
    "LocalManagedPolicy": "Policies",
    "AWSManagedPolicy": "Policies",
}
_POLICIES = frozenset({"LocalManagedPolicy", "AWSManagedPolicy"})


def credential_report(world: World) -> str:
    """Return the report as CSV: the root user first, then the users by name."""
    users = iam(world).users
    text = StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerow(_root(world, users))
    writer.writerows(_row(world, user) for _, user in sorted(users.items()))
    return text.getvalue()


def _root(world: World, users: dict[str, User]) -> dict[str, str]:
    # the account is at least as old as its oldest user; nothing here knows it better
    created = min((user.create_date for user in users.values()), default=world.clock.now())
    return {
        "user": "<root_account>",
        "arn": f"arn:{world.partition}:iam::{world.account}:root",
        "user_creation_time": _date(created),
        "password_enabled": "not_supported",
        "password_last_used": "no_information",
        "password_last_changed": "not_supported",
        "password_next_rotation": "not_supported",
        "mfa_active": _flag(world.root_mfa),
        **_key_columns([]),
        **_certificates([]),
    }


def _row(world: World, user: User) -> dict[str, str]:
    return {
        "user": user.name,
        "arn": user.arn,
        "user_creation_time": _date(user.create_date),
        **_password_columns(world, world.passwords.get(user.name)),
        "mfa_active": _flag(bool(user.mfa_devices)),
        **_key_columns(user.access_keys),
        **_certificates([*user.signing_certificates.values()]),
    }


def _password_columns(world: World, state: PasswordState | None) -> dict[str, str]:
    if state is None:
        return {
            "password_enabled": "false",
            "password_last_used": _NOT_APPLICABLE,
            "password_last_changed": _NOT_APPLICABLE,
            "password_next_rotation": _NOT_APPLICABLE,
        }
    policy = iam(world).account_password_policy
    days = policy.max_password_age if policy else 0
    next_rotation = _date(state.changed_at + timedelta(days=days)) if days else _NOT_APPLICABLE
    return {
        "password_enabled": "true",
        "password_last_used": _date(state.last_used) if state.last_used else "no_information",
        "password_last_changed": _date(state.changed_at),
        "password_next_rotation": next_rotation,
    }


def _key_columns(keys: list[AccessKey]) -> dict[str, str]:
    row: dict[str, str] = {}
    for number in (1, 2):
        values = _key_row(keys[number - 1]) if len(keys) >= number else _NO_KEY
        row |= {f"access_key_{number}_{column}": value for column, value in values.items()}
    return row


def _key_row(key: AccessKey) -> dict[str, str]:
    used = key.last_used
    return {
        "active": _flag(key.status == "Active"),
        "last_rotated": _date(key.create_date),
        "last_used_date": _date(used.timestamp) if used else _NOT_APPLICABLE,
        "last_used_region": used.region if used else _NOT_APPLICABLE,
        "last_used_service": used.service if used else _NOT_APPLICABLE,
    }


def _certificates(known: list[SigningCertificate]) -> dict[str, str]:
    row: dict[str, str] = {}
    for number in (1, 2):
        active = len(known) >= number and known[number - 1].status == "Active"
        changed = _date(known[number - 1].upload_date) if active else _NOT_APPLICABLE
        row[f"cert_{number}_active"] = _flag(active)
        row[f"cert_{number}_last_rotated"] = changed
    return row


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _date(when: datetime) -> str:
    # moto's dates have no zone and are UTC
    aware = when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    return aware.strftime("%Y-%m-%dT%H:%M:%S+00:00")


_REPORT_LASTS = timedelta(hours=4)


def get_account_password_policy(_: IamResponse) -> ActionResult:
    """Show the account's own password policy, without three settings that are not set."""
    policy = iam().account_password_policy
    if policy is None:
        account = WORLD.get().account
        message = f"The Password Policy with domain name {account} cannot be found."
        raise Refusal("NoSuchEntity", message, 404)
    answer: dict[str, object] = {
        "MinimumPasswordLength": policy.minimum_password_length,
        "RequireSymbols": policy.require_symbols,
        "RequireNumbers": policy.require_numbers,
        "RequireUppercaseCharacters": policy.require_uppercase_characters,
        "RequireLowercaseCharacters": policy.require_lowercase_characters,
        "AllowUsersToChangePassword": policy.allow_users_to_change_password,
        "ExpirePasswords": policy.expire_passwords,
    }
    optional = {
        "MaxPasswordAge": policy.max_password_age,
        "PasswordReusePrevention": policy.password_reuse_prevention,
        "HardExpiry": policy.hard_expiry,
    }
    set_ones = {name: value for name, value in optional.items() if value}
    return ActionResult({"PasswordPolicy": answer | set_ones})


class _WithoutPolicies:
    """moto's state without its policies: moto counts all of AWS's 1,300 to find the account's."""

    managed_policies: Mapping[str, ManagedPolicy] = MappingProxyType({})

    def __init__(self, backend: IAMBackend) -> None:
        self._backend = backend

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)


def get_account_summary(_: IamResponse) -> ActionResult:
    """Count what the account has. The root user has a password and no access key."""
    world = WORLD.get()
    counted: Any = _WithoutPolicies(iam())
    summary = dict(AccountSummary(counted).summary_map)
    policies = iam().managed_policies.items()
    own = [policy for arn, policy in policies if f"::{world.account}:" in arn]
    summary |= {
        "MFADevices": len(iam().virtual_mfa_devices) + len(world.passkeys) + world.root_mfa,
        "MFADevicesInUse": sum(len(user.mfa_devices) for user in iam().users.values())
        + world.root_mfa,
        "AccountMFAEnabled": int(world.root_mfa),
        "AccountPasswordPresent": 1,
        "AccountAccessKeysPresent": 0,
        "Policies": len(own),
        "PolicyVersionsInUse": sum(len(policy.versions) for policy in own),
    }
    return ActionResult({"SummaryMap": summary})


def generate_credential_report(_: IamResponse) -> ActionResult:
    """Make a report, unless there is one that is less than four hours old."""
    world = WORLD.get()
    if _fresh(world):
        return ActionResult({"State": "COMPLETE"})
    world.report = GeneratedReport(world.clock.now(), credential_report(world))
    why = "No report exists. Starting a new report generation task"
    return ActionResult({"State": "STARTED", "Description": why})


def get_credential_report(_: IamResponse) -> ActionResult:
    """Return the last report."""
    world = WORLD.get()
    if world.report is None:
        # as recorded: this refusal has no message at all
        raise Refusal("ReportNotPresent", "", 410)
    if not _fresh(world):
        raise Refusal("ReportExpired", "The report is expired. Generate a new report first.", 410)
    return ActionResult(
        {
            "Content": world.report.content,
            "ReportFormat": "text/csv",
            "GeneratedTime": naive(world.report.at),
        }
    )


def _fresh(world: World) -> bool:
    made = world.report
    return made is not None and world.clock.now() - made.at < _REPORT_LASTS


def list_account_aliases(self: IamResponse) -> ActionResult:
    """List the account's alias, if it has one."""
    shown, more = page(self, iam().list_account_aliases())
    return ActionResult({"AccountAliases": shown, **more})


def get_account_authorization_details(self: IamResponse) -> ActionResult:
    """Describe every user, group, role and policy of the account."""
    wanted = self._get_param("Filter") or list(_LISTS)
    bounding = boundary_usage()
    shown, more = page(self, list(_entries(frozenset(wanted), bounding)))
    answer: dict[str, list[object]] = {name: [] for name in _LISTS.values()}
    for kind, entity in shown:
        answer[_LISTS[kind]].append(_entity_entry(entity, bounding))
    return ActionResult({**answer, **more})


_Entity = User | Group | Role | ManagedPolicy


def _entries(wanted: frozenset[str], bounding: Mapping[str, int]) -> Iterable[tuple[str, _Entity]]:
    """Yield the wanted entities in order; others are not even sorted."""
    backend = iam()
    if "User" in wanted:
        yield from (("User", user) for _, user in sorted(backend.users.items()))
    if "Group" in wanted:
        yield from (("Group", group) for _, group in sorted(backend.groups.items()))
    if "Role" in wanted:
        yield from (("Role", role) for role in sorted(backend.roles.values(), key=lambda r: r.name))
    if not wanted.isdisjoint(_POLICIES):
        # of AWS's thousand few are used, and only those have to be put in order
        used = [
            (arn, policy)
            for arn, policy in backend.managed_policies.items()
            if policy.attachment_count or arn in bounding or is_customer_managed(policy)
        ]
        for _, policy in sorted(used):
            kind = "LocalManagedPolicy" if is_customer_managed(policy) else "AWSManagedPolicy"
            if kind in wanted:
                yield kind, policy


def _entity_entry(entity: _Entity, bounding: Mapping[str, int]) -> dict[str, object]:
    match entity:
        case User():
            return _user_detail(entity)
        case Group():
            return _group_detail(entity)
        case Role():
            return _role_detail(entity)
        case ManagedPolicy():
            return _policy_detail(entity, bounding)


def _user_detail(user: User) -> dict[str, object]:
    # as recorded: without inline policies a user has no list, a group or role an empty one
    inline = {"UserPolicyList": _inline(user)} if user.policies else {}
    return {
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.id,
        "Arn": user.arn,
        "CreateDate": user.create_date,
        **inline,
        "GroupList": user.group_list,
        "AttachedManagedPolicies": _attached(user),
        "Tags": user.tags or [],
        **boundary_entry(WORLD.get().boundaries.get(user.name)),
    }


def _group_detail(group: Group) -> dict[str, object]:
    return {
        "Path": group.path,
        "GroupName": group.name,
        "GroupId": group.id,
        "Arn": group.arn,
        "CreateDate": group.create_date,
        "GroupPolicyList": _inline(group),
        "AttachedManagedPolicies": _attached(group),
    }


def _role_detail(role: Role) -> dict[str, object]:
    entry = role_entry(role)
    return {
        **entry,
        "AssumeRolePolicyDocument": _encode_document(str(entry["AssumeRolePolicyDocument"])),
        "InstanceProfileList": [profile_entry(profile) for profile in profiles_of(role)],
        "RolePolicyList": _inline(role),
        "AttachedManagedPolicies": _attached(role),
        "RoleLastUsed": role_last_used(role),
        "Tags": role.tags or [],
        **boundary_entry(role.permissions_boundary_arn),
    }


def _policy_detail(policy: ManagedPolicy, bounding: Mapping[str, int]) -> dict[str, object]:
    answer: dict[str, object] = {
        **policy_entry(policy, bounding),
        "PolicyVersionList": [
            {**version_entry(policy, version), "Document": _encode_document(version.document)}
            for version in policy.versions[::-1]
        ],
    }
    if policy.description:
        answer["Description"] = policy.description
    return answer


def _inline(owner: User | Group | Role) -> list[dict[str, str]]:
    return [
        {"PolicyName": name, "PolicyDocument": _encode_document(document)}
        for name, document in owner.policies.items()
    ]


def _attached(owner: User | Group | Role) -> list[dict[str, str]]:
    return [
        {"PolicyName": policy.name, "PolicyArn": arn}
        for arn, policy in owner.managed_policies.items()
    ]


def _encode_document(document: str) -> str:
    return quote(document, safe="")


OPERATIONS = (
    list_account_aliases,
    get_account_password_policy,
    get_account_summary,
    generate_credential_report,
    get_credential_report,
    get_account_authorization_details,
)
