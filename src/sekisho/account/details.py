"""Reading the answer of `GetAccountAuthorizationDetails`, as the AWS CLI prints it.

Documents may be objects, as the CLI and boto3 decode them, or the URL-encoded text of the wire. In
AWS's own answer one that cannot be read is no fault of the file.

Source: IAM API Reference, GetAccountAuthorizationDetails.
"""

import json
import re
from collections.abc import Callable
from dataclasses import field, replace
from datetime import datetime
from urllib.parse import unquote

from sekisho.account.contents import AccountFile, Metadata, version_ref
from sekisho.account.model import Group, ManagedPolicy, ResourceKind, ResourceRef, Role, User
from sekisho.documents import Shape
from sekisho.engine import AttachedPolicy
from sekisho.errors import Code, Fault, FaultyPolicy, quoted
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.policy import Document, PolicyKind, from_json, names, parse, to_json

SECTIONS = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
"""The four lists of the answer."""

_PAGING = ("IsTruncated", "Marker")
_IDENTITY = ("Path", "Arn", "CreateDate")
_VERSION = re.compile(r"v([1-9][0-9]{0,8})(?:\.[A-Za-z0-9-]*)?")
_NameRule = Callable[[str, str], tuple[Fault, ...]]


_NOT_READ = Document(())
"""Replaces a document that cannot be read, until its entry is removed."""


@dataclass(frozen=True, slots=True)
class _Home:
    """The account that the identities must belong to, and the file's other content."""

    partition: str
    account: str
    texts: dict[ResourceRef, str] = field(default_factory=dict)
    metadata: dict[str, Metadata] = field(default_factory=dict)
    unread: dict[ResourceRef, tuple[Fault, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Version:
    """One version of a managed policy; its text is among the texts."""

    id: str = ""
    document: Document = _NOT_READ
    is_default: bool = False
    created_at: datetime | None = None


def read_details(shape: Shape, partition: str, account: str) -> AccountFile:
    """Read the four lists; faults are added to the shape.

    An entry with an unreadable document is kept, so that its place in the file is known.
    """
    lists = shape.members((), (*SECTIONS, *_PAGING))
    if lists["IsTruncated"].flag():
        lists["IsTruncated"].fault(
            Message("the export is only a part of the account"),
            fix=Message(
                "let the AWS CLI page by itself: leave out `--max-items` and `--no-paginate`"
            ),
        )
    home = _Home(partition, account)
    return AccountFile(
        account=account,
        partition=partition,
        users=tuple(_user(item, home) for item in lists["UserDetailList"].items()),
        groups=tuple(_group(item, home) for item in lists["GroupDetailList"].items()),
        roles=tuple(_role(item, home) for item in lists["RoleDetailList"].items()),
        policies=tuple(_policy(item, home) for item in lists["Policies"].items()),
        texts=home.texts,
        metadata=home.metadata,
        unread=home.unread,
    )


def without_unread(account: AccountFile) -> AccountFile:
    """Return the account without roles and managed policies whose document cannot be read."""
    return replace(
        account,
        roles=tuple(role for role in account.roles if role.trust is not _NOT_READ),
        policies=tuple(each for each in account.policies if each.document is not _NOT_READ),
    )


def _user(item: Shape, home: _Home) -> User:
    got = item.members(
        ("UserName", "UserId", *_IDENTITY),
        ("UserPolicyList", "GroupList", "AttachedManagedPolicies", "PermissionsBoundary", "Tags"),
    )
    name, path = _checked(got["UserName"], names.user_name), _checked(got["Path"], names.path)
    return User(
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


def _group(item: Shape, home: _Home) -> Group:
    got = item.members(
        ("GroupName", "GroupId", *_IDENTITY), ("GroupPolicyList", "AttachedManagedPolicies")
    )
    name, path = _checked(got["GroupName"], names.group_name), _checked(got["Path"], names.path)
    arn = _arn(got["Arn"], home, f"group{path}{name}")
    home.metadata[arn] = Metadata(got["GroupId"].text(), got["CreateDate"].time())
    return Group(
        name=name,
        path=path,
        arn=arn,
        attached=_attached(got["AttachedManagedPolicies"]),
        inline=_inline(got["GroupPolicyList"], ResourceKind.GROUP_POLICY, name, home),
    )


def _role(item: Shape, home: _Home) -> Role:
    got = item.members(
        ("RoleName", "RoleId", "AssumeRolePolicyDocument", *_IDENTITY),
        (
            "RolePolicyList",
            "AttachedManagedPolicies",
            "PermissionsBoundary",
            "Tags",
            # the last use of a role does not affect its permissions
            "InstanceProfileList",
            "RoleLastUsed",
        ),
    )
    name, path = _checked(got["RoleName"], names.role_name), _checked(got["Path"], names.path)
    about = ResourceRef(ResourceKind.TRUST_POLICY, name)
    arn, identifier = _arn(got["Arn"], home, f"role{path}{name}"), got["RoleId"].text()
    trust = _document(got["AssumeRolePolicyDocument"], about, home, PolicyKind.TRUST)
    created_at = got["CreateDate"].time()
    role = Role(
        name=name,
        path=path,
        arn=arn,
        trust=trust,
        attached=_attached(got["AttachedManagedPolicies"]),
        inline=_inline(got["RolePolicyList"], ResourceKind.ROLE_POLICY, name, home),
        boundary=_boundary(got["PermissionsBoundary"]),
    )
    home.metadata[arn] = Metadata(identifier, created_at, tags=_tags(got["Tags"]))
    return role


def _policy(item: Shape, home: _Home) -> ManagedPolicy:
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
    of_aws = arn.split(":")[4:5] == ["aws"]
    if not of_aws:
        _arn(got["Arn"], home, f"policy{path}{name}")
    identifier = got["PolicyId"].text()
    versions = _versions(got["PolicyVersionList"], got["DefaultVersionId"], arn, home)
    default = next((version for version in versions if version.is_default), _Version())
    description = _checked(got["Description"], names.description)
    home.metadata[arn] = Metadata(identifier, got["CreateDate"].time(), got["UpdateDate"].time())
    return ManagedPolicy(
        arn=arn,
        name=name,
        path=path,
        default_version=default.id,
        document=default.document,
        aws_managed=of_aws,
        versions=tuple(version.id for version in versions),
        description=description,
        made_at={each.id: each.created_at for each in versions if each.created_at},
    )


def _versions(items: Shape, default: Shape, arn: str, home: _Home) -> list[_Version]:
    versions = (_version(item, default.text(), arn, home) for item in items.items())
    sorted_versions = sorted(versions, key=_age, reverse=True)
    if not default.absent and not any(version.is_default for version in sorted_versions):
        default.fault(
            Message("no version in `PolicyVersionList` is {text}").filled(
                text=quoted(default.text())
            ),
            Code.ACCOUNT_BAD_REFERENCE,
        )
    return sorted_versions


def _age(version: _Version) -> int:
    match = _VERSION.fullmatch(version.id)
    return int(match[1]) if match else 0


def _version(item: Shape, default: str, arn: str, home: _Home) -> _Version:
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
    document = _document(got["Document"], version_ref(arn, identifier, default), home)
    return _Version(identifier, document, identifier == default, got["CreateDate"].time())


def _inline(
    items: Shape, kind: ResourceKind, owner: str, home: _Home
) -> tuple[AttachedPolicy, ...]:
    policies = []
    for item in items.items():
        got = item.members(("PolicyName", "PolicyDocument"))
        name = _checked(got["PolicyName"], names.policy_name)
        resource = ResourceRef(kind, name, owner)
        document = _document(got["PolicyDocument"], resource, home)
        if document is not _NOT_READ:
            policies.append(AttachedPolicy(resource.label, document))
    return tuple(policies)


def _document(
    shape: Shape, about: ResourceRef, home: _Home, kind: PolicyKind = PolicyKind.IDENTITY
) -> Document:
    """Return a policy document, with its text stored; `_NOT_READ` if it cannot be read."""
    if shape.absent:
        if shape.raw is None:
            shape.fault(Message("must not be null"))
        return _NOT_READ
    try:
        value, text = shape.raw, ""
        if not isinstance(value, dict):
            text = shape.text()
            text = unquote(text) if text.startswith("%7B") else text
            value = to_json(parse(text, source=shape.path, kind=kind))
        # not as text: some of AWS's policies exceed the limit of its length
        document = from_json(value, source=about.label, kind=kind)
    except FaultyPolicy as error:
        faults = tuple(_within(shape.path, fault) for fault in error.faults)
        if shape.open:
            home.unread[about] = faults
        else:
            shape.faults.extend(faults)
        return _NOT_READ
    home.texts[about] = text or json.dumps(value, ensure_ascii=False)
    return document


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
    tags: dict[str, str] = {}
    for item in items.items():
        got = item.members(("Key", "Value"))
        key = got["Key"].text()
        if key.lower() in {known.lower() for known in tags}:
            got["Key"].fault(Message("the tag key {key} appears twice").filled(key=quoted(key)))
        tags[key] = got["Value"].text()
    return tags


def _checked(shape: Shape, rule: _NameRule) -> str:
    """Return a name or path that IAM accepts."""
    if not shape.absent:
        shape.faults.extend(rule(shape.text(), shape.path))
    return shape.text()


def _arn(shape: Shape, home: _Home, resource: str) -> str:
    """Return an ARN, which must be equal to that of account, path and name."""
    arn, expected = shape.text(), f"arn:{home.partition}:iam::{home.account}:{resource}"
    if not shape.absent and arn != expected:
        shape.fault(
            Message("{arn} does not fit account, path and name, which make {expected}").filled(
                arn=quoted(arn), expected=quoted(expected)
            ),
            Code.ACCOUNT_BAD_REFERENCE,
        )
    return arn
