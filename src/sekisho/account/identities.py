"""Reads users, groups, roles and policies, and each user's credentials.

Source: IAM API Reference, GetAccountAuthorizationDetails, and the `List` and `Get` operations for
one user, which alone know of passwords, devices and keys.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from sekisho.account.calls import Item, ReadingRun
from sekisho.account.model import (
    AccessKey,
    Device,
    Group,
    ManagedPolicy,
    Password,
    ResourceKind,
    ResourceRef,
    Role,
    ServiceCredential,
    SigningCertificate,
    SshKey,
    User,
    user_ref,
)
from sekisho.engine import AttachedPolicy
from sekisho.policy import Document, PolicyKind
from sekisho.signin import DeviceKind, kind_of_serial

_DETAILS = "GetAccountAuthorizationDetails"
_MOST_ITEMS = 1000
_SESSION = "MaxSigninSessionDuration"


def read_users(reading: ReadingRun) -> Iterator[User]:
    """Yield the users, without their credentials."""
    for item in _details(reading, "User", "UserDetailList"):
        name = item["UserName"]
        yield User(
            name=name,
            path=item["Path"],
            arn=item["Arn"],
            id=item["UserId"],
            groups=tuple(sorted(item.get("GroupList", ()))),
            attached=_arns(item),
            inline=_inline(reading, item.get("UserPolicyList", ()), ResourceKind.USER_POLICY, name),
            boundary=_boundary(item),
            tags=_tags(item.get("Tags", ())),
            created_at=item.get("CreateDate"),
        )


def read_groups(reading: ReadingRun) -> Iterator[Group]:
    """Yield the user groups."""
    for item in _details(reading, "Group", "GroupDetailList"):
        name = item["GroupName"]
        items = item.get("GroupPolicyList", ())
        inline = _inline(reading, items, ResourceKind.GROUP_POLICY, name)
        yield Group(name, item["Path"], item["Arn"], _arns(item), inline)


def read_roles(reading: ReadingRun) -> Iterator[Role]:
    """Yield the roles; a role with an unreadable trust policy is a gap."""
    for item in _details(reading, "Role", "RoleDetailList"):
        name = item["RoleName"]
        about = ResourceRef(ResourceKind.TRUST_POLICY, name)
        trust = reading.document(item["AssumeRolePolicyDocument"], about, PolicyKind.TRUST)
        if trust is not None:
            items = item.get("RolePolicyList", ())
            inline = _inline(reading, items, ResourceKind.ROLE_POLICY, name)
            boundary = _boundary(item)
            yield Role(name, item["Path"], item["Arn"], trust, _arns(item), inline, boundary)


def with_session_limits(reading: ReadingRun, roles: tuple[Role, ...]) -> tuple[Role, ...]:
    """Return the roles with their longest sign-in, which only the listing of roles has."""
    items = reading.items("ListRoles", "Roles", PaginationConfig={"PageSize": _MOST_ITEMS})
    seconds = {item["RoleName"]: item.get(_SESSION) for item in items or ()}
    limited = (replace(role, session_seconds=seconds.get(role.name)) for role in roles)
    return tuple(limited)


def read_policies(reading: ReadingRun, kind: str = "LocalManagedPolicy") -> Iterator[ManagedPolicy]:
    """Yield the customer managed policies or, with `AWSManagedPolicy`, AWS's policies in use.

    They come without their tags.
    """
    for item in _details(reading, kind, "Policies"):
        versions = {version["VersionId"]: version for version in item["PolicyVersionList"]}
        default = versions[item["DefaultVersionId"]]["Document"]
        document = reading.document(default, _managed_ref(item["Arn"]))
        if document is not None:
            made_at = {name: version["CreateDate"] for name, version in versions.items()}
            yield replace(_managed(item, document, tuple(versions)), made_at=made_at)


def with_tags(reading: ReadingRun, policy: ManagedPolicy) -> ManagedPolicy:
    """Return a customer managed policy with its tags."""
    items = reading.items("ListPolicyTags", "Tags", _managed_ref(policy.arn), PolicyArn=policy.arn)
    return replace(policy, tags=_tags(items or ()))


def attached_policy(reading: ReadingRun, arn: str) -> ManagedPolicy | None:
    """Return an attached policy that was not read with the customer's: mostly one of AWS's.

    None, with a gap, if it cannot be read.
    """
    resource = _managed_ref(arn)
    answer = reading.call("GetPolicy", resource, PolicyArn=arn)
    if answer is None:
        return None
    item = answer["Policy"]
    default = item["DefaultVersionId"]
    answer = reading.call("GetPolicyVersion", resource, PolicyArn=arn, VersionId=default)
    if answer is None:
        return None
    document = reading.document(answer["PolicyVersion"]["Document"], resource)
    if document is None:
        return None
    policy = _managed(item, document, (default,))
    return policy if policy.aws_managed else with_tags(reading, policy)


def _managed(item: Item, document: Document, versions: tuple[str, ...]) -> ManagedPolicy:
    arn = item["Arn"]
    return ManagedPolicy(
        arn=arn,
        name=arn.rsplit("/", 1)[-1],
        path=item["Path"],
        default_version=item["DefaultVersionId"],
        document=document,
        aws_managed=arn.split(":")[4] == "aws",
        versions=versions,
        description=item.get("Description") or "",
    )


def _details(reading: ReadingRun, kind: str, section: str) -> list[Item]:
    """Return one list of the answer; empty, with a gap, if it is refused."""
    paging = {"PageSize": _MOST_ITEMS}
    return reading.items(_DETAILS, section, Filter=[kind], PaginationConfig=paging) or []


def _managed_ref(arn: str) -> ResourceRef:
    return ResourceRef(ResourceKind.MANAGED_POLICY, arn)


def _inline(
    reading: ReadingRun, items: Iterable[Item], kind: ResourceKind, owner: str
) -> tuple[AttachedPolicy, ...]:
    policies = []
    for item in sorted(items, key=lambda item: str(item["PolicyName"])):
        resource = ResourceRef(kind, item["PolicyName"], owner)
        document = reading.document(item["PolicyDocument"], resource)
        if document is not None:
            policies.append(AttachedPolicy(resource.label, document))
    return tuple(policies)


def _arns(item: Item) -> tuple[str, ...]:
    return tuple(sorted(policy["PolicyArn"] for policy in item.get("AttachedManagedPolicies", ())))


def _boundary(item: Item) -> str | None:
    arn = item.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    return str(arn) if arn else None


def _tags(items: Iterable[Item]) -> dict[str, str]:
    return {item["Key"]: item["Value"] for item in items}


def with_sign_in(reading: ReadingRun, user: User) -> User:
    """Return the user with password, devices and keys, without the keys' last use."""
    return replace(
        user,
        password=_password(reading, user.name),
        devices=_devices(reading, user.name),
        keys=tuple(_key(item) for item in _listed_keys(reading, user.name)),
    )


def with_holdings(reading: ReadingRun, user: User) -> User:
    """Return the user with password, devices, keys and the other long-term credentials."""
    return replace(
        user,
        password=_password(reading, user.name),
        devices=_devices(reading, user.name),
        keys=tuple(
            _used_key(reading, item, user.name) for item in _listed_keys(reading, user.name)
        ),
        service_credentials=_service_credentials(reading, user.name),
        ssh_keys=_ssh_keys(reading, user.name),
        certificates=_certificates(reading, user.name),
    )


def device_kind(serial: str) -> DeviceKind:
    """Return the kind of a device; an obsolete kind (`sms-mfa`) counts as a hardware device."""
    return kind_of_serial(serial) or DeviceKind.HARDWARE


def _password(reading: ReadingRun, user: str) -> Password | None:
    answer = reading.call(
        "GetLoginProfile", user_ref(user), absent=("NoSuchEntity",), UserName=user
    )
    if answer is None:
        return None
    profile = answer["LoginProfile"]
    return Password(
        reset_required=bool(profile.get("PasswordResetRequired")),
        created_at=profile.get("CreateDate"),
        session_seconds=profile.get(_SESSION),
    )


def _devices(reading: ReadingRun, user: str) -> tuple[Device, ...]:
    items = _listed(reading, "ListMFADevices", "MFADevices", user, "SerialNumber")
    return tuple(
        Device(item["SerialNumber"], device_kind(item["SerialNumber"]), user, item["EnableDate"])
        for item in items
    )


def _listed_keys(reading: ReadingRun, user: str) -> Iterable[Item]:
    return _listed(reading, "ListAccessKeys", "AccessKeyMetadata", user, "AccessKeyId")


def _key(item: Item) -> AccessKey:
    return AccessKey(
        id=item["AccessKeyId"], active=_is_active(item), created_at=item.get("CreateDate")
    )


def _used_key(reading: ReadingRun, item: Item, user: str) -> AccessKey:
    key = _key(item)
    answer = reading.call("GetAccessKeyLastUsed", user_ref(user), AccessKeyId=key.id) or {}
    used: Mapping[str, Any] = answer.get("AccessKeyLastUsed", {})
    when = used.get("LastUsedDate")
    # AWS says `N/A` of a key that was never used
    return replace(key, last_used=when, last_service=used.get("ServiceName", "") if when else "")


def _service_credentials(reading: ReadingRun, user: str) -> tuple[ServiceCredential, ...]:
    operation, section = "ListServiceSpecificCredentials", "ServiceSpecificCredentials"
    return tuple(
        ServiceCredential(
            id=item["ServiceSpecificCredentialId"],
            service=item["ServiceName"],
            active=_is_active(item),
            created_at=item.get("CreateDate"),
            expires_at=item.get("ExpirationDate"),
        )
        for item in _listed(reading, operation, section, user, "ServiceSpecificCredentialId")
    )


def _ssh_keys(reading: ReadingRun, user: str) -> tuple[SshKey, ...]:
    items = _listed(reading, "ListSSHPublicKeys", "SSHPublicKeys", user, "SSHPublicKeyId")
    return tuple(
        SshKey(item["SSHPublicKeyId"], _is_active(item), item.get("UploadDate")) for item in items
    )


def _certificates(reading: ReadingRun, user: str) -> tuple[SigningCertificate, ...]:
    items = _listed(reading, "ListSigningCertificates", "Certificates", user, "CertificateId")
    return tuple(
        SigningCertificate(item["CertificateId"], _is_active(item), item.get("UploadDate"))
        for item in items
    )


def _is_active(item: Item) -> bool:
    """Return whether a credential works; an expired one does not."""
    return bool(item["Status"] == "Active")


def _listed(
    reading: ReadingRun, operation: str, section: str, user: str, identity: str
) -> Iterable[Item]:
    """Return a listing of a user, in the order of its ids."""
    items = reading.items(operation, section, user_ref(user), UserName=user) or ()
    return sorted(items, key=lambda item: str(item[identity]))
