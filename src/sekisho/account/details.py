"""Reading the answer of `GetAccountAuthorizationDetails`, as the AWS CLI prints it.

Documents may be objects, as the CLI and boto3 decode them, or the URL-encoded text of the wire. In
AWS's own answer one that cannot be read is no fault of the file.

Source: IAM API Reference, GetAccountAuthorizationDetails.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from sekisho.account.entries import (
    GroupEntry,
    InlinePolicy,
    PolicyEntry,
    PolicyVersion,
    RoleEntry,
    UserEntry,
)
from sekisho.account.model import ResourceKind, ResourceRef
from sekisho.documents import Shape
from sekisho.errors import Code, Fault, FaultyPolicy, quoted
from sekisho.messages import Message
from sekisho.policy import PolicyKind, from_json, names, parse

SECTIONS = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
"""The four lists of the answer."""

_PAGING = ("IsTruncated", "Marker")
_IDENTITY = ("Path", "Arn", "CreateDate")
_VERSION = re.compile(r"v([1-9][0-9]{0,8})(?:\.[A-Za-z0-9-]*)?")
_NameRule = Callable[[str, str], tuple[Fault, ...]]


@dataclass(frozen=True, slots=True)
class Details:
    """The entries of the answer.

    Attributes:
        unread: why documents of AWS's own answer cannot be read, by what they are; they are "".
    """

    users: tuple[UserEntry, ...]
    groups: tuple[GroupEntry, ...]
    roles: tuple[RoleEntry, ...]
    policies: tuple[PolicyEntry, ...]
    unread: Mapping[ResourceRef, tuple[Fault, ...]]


@dataclass(frozen=True, slots=True)
class _Home:
    """Whose account the entries must belong to, and what of it cannot be read."""

    partition: str
    account: str
    unread: dict[ResourceRef, tuple[Fault, ...]] = field(default_factory=dict)


def read_details(shape: Shape, partition: str, account: str) -> Details:
    """Read the four lists; faults go to the shape."""
    lists = shape.members((), (*SECTIONS, *_PAGING))
    if lists["IsTruncated"].flag():
        lists["IsTruncated"].fault(
            Message("the export is only a part of the account"),
            fix=Message(
                "let the AWS CLI page by itself: leave out `--max-items` and `--no-paginate`"
            ),
        )
    home = _Home(partition, account)
    return Details(
        users=tuple(_user(item, home) for item in lists["UserDetailList"].items()),
        groups=tuple(_group(item, home) for item in lists["GroupDetailList"].items()),
        roles=tuple(_role(item, home) for item in lists["RoleDetailList"].items()),
        policies=tuple(_policy(item, home) for item in lists["Policies"].items()),
        unread=home.unread,
    )


def _user(item: Shape, home: _Home) -> UserEntry:
    got = item.members(
        ("UserName", "UserId", *_IDENTITY),
        ("UserPolicyList", "GroupList", "AttachedManagedPolicies", "PermissionsBoundary", "Tags"),
    )
    name, path = _checked(got["UserName"], names.user_name), _checked(got["Path"], names.path)
    return UserEntry(
        name=name,
        path=path,
        arn=_arn(got["Arn"], home, f"user{path}{name}"),
        id=got["UserId"].text(),
        created_at=got["CreateDate"].time(),
        groups=tuple(group.text() for group in got["GroupList"].items()),
        attached=_attached(got["AttachedManagedPolicies"]),
        inline=_inline(got["UserPolicyList"], ResourceKind.USER_POLICY, name, home),
        boundary=_boundary(got["PermissionsBoundary"]),
        tags=_tags(got["Tags"]),
    )


def _group(item: Shape, home: _Home) -> GroupEntry:
    got = item.members(
        ("GroupName", "GroupId", *_IDENTITY), ("GroupPolicyList", "AttachedManagedPolicies")
    )
    name, path = _checked(got["GroupName"], names.group_name), _checked(got["Path"], names.path)
    return GroupEntry(
        name=name,
        path=path,
        arn=_arn(got["Arn"], home, f"group{path}{name}"),
        id=got["GroupId"].text(),
        created_at=got["CreateDate"].time(),
        attached=_attached(got["AttachedManagedPolicies"]),
        inline=_inline(got["GroupPolicyList"], ResourceKind.GROUP_POLICY, name, home),
    )


def _role(item: Shape, home: _Home) -> RoleEntry:
    got = item.members(
        ("RoleName", "RoleId", "AssumeRolePolicyDocument", *_IDENTITY),
        (
            "RolePolicyList",
            "AttachedManagedPolicies",
            "PermissionsBoundary",
            "Tags",
            # what a role was used for says nothing about what it may do
            "InstanceProfileList",
            "RoleLastUsed",
        ),
    )
    name, path = _checked(got["RoleName"], names.role_name), _checked(got["Path"], names.path)
    trust = ResourceRef(ResourceKind.TRUST_POLICY, name)
    return RoleEntry(
        name=name,
        path=path,
        arn=_arn(got["Arn"], home, f"role{path}{name}"),
        id=got["RoleId"].text(),
        trust=_document(got["AssumeRolePolicyDocument"], trust, home, PolicyKind.TRUST),
        created_at=got["CreateDate"].time(),
        attached=_attached(got["AttachedManagedPolicies"]),
        inline=_inline(got["RolePolicyList"], ResourceKind.ROLE_POLICY, name, home),
        boundary=_boundary(got["PermissionsBoundary"]),
        tags=_tags(got["Tags"]),
    )


def _policy(item: Shape, home: _Home) -> PolicyEntry:
    got = item.members(
        ("PolicyName", "PolicyId", "DefaultVersionId", "PolicyVersionList", *_IDENTITY),
        (
            "UpdateDate",
            "Description",
            "IsAttachable",
            "AttachmentCount",
            "PermissionsBoundaryUsageCount",
        ),
    )
    name = _checked(got["PolicyName"], names.policy_name)
    path = _checked(got["Path"], names.policy_path)
    arn = got["Arn"].text()
    if arn.split(":")[4:5] != ["aws"]:
        _arn(got["Arn"], home, f"policy{path}{name}")
    return PolicyEntry(
        name=name,
        path=path,
        arn=arn,
        id=got["PolicyId"].text(),
        versions=_versions(got["PolicyVersionList"], got["DefaultVersionId"], arn, home),
        description=_checked(got["Description"], names.description),
        created_at=got["CreateDate"].time(),
        updated_at=got["UpdateDate"].time(),
    )


def _versions(items: Shape, default: Shape, arn: str, home: _Home) -> tuple[PolicyVersion, ...]:
    versions = (_version(item, default.text(), arn, home) for item in items.items())
    found = sorted(versions, key=_age, reverse=True)
    if not default.absent and not any(version.is_default for version in found):
        default.fault(
            Message("no version in `PolicyVersionList` is {text}").filled(
                text=quoted(default.text())
            ),
            Code.ACCOUNT_BAD_REFERENCE,
        )
    return tuple(found)


def _age(version: PolicyVersion) -> int:
    match = _VERSION.fullmatch(version.id)
    return int(match[1]) if match else 0


def _version(item: Shape, default: str, arn: str, home: _Home) -> PolicyVersion:
    got = item.members(("VersionId", "Document"), ("IsDefaultVersion", "CreateDate"))
    identifier = got["VersionId"].text()
    if not got["VersionId"].absent and not _VERSION.fullmatch(identifier):
        got["VersionId"].fault(
            Message("{identifier} is not the id of a version, like `v1`").filled(
                identifier=quoted(identifier)
            )
        )
    if got["IsDefaultVersion"].flag(identifier == default) is not (identifier == default):
        got["IsDefaultVersion"].fault(Message("contradicts `DefaultVersionId`"))
    about = ResourceRef(ResourceKind.POLICY_VERSION, identifier, arn)
    if identifier == default:
        about = ResourceRef(ResourceKind.MANAGED_POLICY, arn)
    return PolicyVersion(
        id=identifier,
        document=_document(got["Document"], about, home),
        is_default=identifier == default,
        created_at=got["CreateDate"].time(),
    )


def _inline(items: Shape, kind: ResourceKind, owner: str, home: _Home) -> tuple[InlinePolicy, ...]:
    found = []
    for item in items.items():
        got = item.members(("PolicyName", "PolicyDocument"))
        name = _checked(got["PolicyName"], names.policy_name)
        document = _document(got["PolicyDocument"], ResourceRef(kind, name, owner), home)
        found.append(InlinePolicy(name, document))
    return tuple(found)


def _document(
    shape: Shape, about: ResourceRef, home: _Home, kind: PolicyKind = PolicyKind.IDENTITY
) -> str:
    """Return a policy document as the JSON text that IAM stores; "" if it cannot be read."""
    if shape.absent:
        if shape.raw is None:
            shape.fault(Message("must not be null"))
        return ""
    try:
        if isinstance(shape.raw, dict):
            # not as text, whose length has a limit that some policies of AWS exceed
            from_json(shape.raw, source=shape.path, kind=kind)
            return json.dumps(shape.raw, ensure_ascii=False)
        text = shape.text()
        text = unquote(text) if text.startswith("%7B") else text
        parse(text, source=shape.path, kind=kind)
    except FaultyPolicy as error:
        found = tuple(_within(shape.path, fault) for fault in error.faults)
        if shape.open:
            home.unread[about] = found
        else:
            shape.faults.extend(found)
        return ""
    return text


def _within(path: str, fault: Fault) -> Fault:
    inner = f"{path}.{fault.path}" if fault.path else path
    return Fault(fault.code, fault.message, inner, fix=fault.fix)


def _attached(items: Shape) -> tuple[str, ...]:
    found = [item.members(("PolicyArn",), ("PolicyName",)) for item in items.items()]
    return tuple(got["PolicyArn"].text() for got in found)


def _boundary(shape: Shape) -> str | None:
    if shape.absent:
        return None
    got = shape.members(("PermissionsBoundaryArn",), ("PermissionsBoundaryType",))
    return got["PermissionsBoundaryArn"].text()


def _tags(items: Shape) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in items.items():
        got = item.members(("Key", "Value"))
        key = got["Key"].text()
        if key.lower() in {known.lower() for known in found}:
            got["Key"].fault(Message("the tag key {key} is there twice").filled(key=quoted(key)))
        found[key] = got["Value"].text()
    return found


def _checked(shape: Shape, rule: _NameRule) -> str:
    """Return a name or path that IAM takes."""
    if not shape.absent:
        shape.faults.extend(rule(shape.text(), shape.path))
    return shape.text()


def _arn(shape: Shape, home: _Home, resource: str) -> str:
    """Return an ARN, which must be the one that account, path and name make."""
    arn, expected = shape.text(), f"arn:{home.partition}:iam::{home.account}:{resource}"
    if not shape.absent and arn != expected:
        shape.fault(
            Message("{arn} does not fit account, path and name, which make {expected}").filled(
                arn=quoted(arn), expected=quoted(expected)
            ),
            Code.ACCOUNT_BAD_REFERENCE,
        )
    return arn
