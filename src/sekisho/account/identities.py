"""Users, groups, roles and policies out of `GetAccountAuthorizationDetails`."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from sekisho.account.model import Group, ManagedPolicy, ResourceKind, ResourceRef, Role, User
from sekisho.account.reading import Item, Reading
from sekisho.engine.model import AttachedPolicy
from sekisho.policy import Document, PolicyKind

__all__ = [
    "attached_policy",
    "read_groups",
    "read_policies",
    "read_roles",
    "read_users",
    "with_tags",
]

_DETAILS = "GetAccountAuthorizationDetails"
_MOST_ITEMS = 1000


def read_users(reading: Reading) -> Iterator[User]:
    """Yield the users, without what they hold."""
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


def read_groups(reading: Reading) -> Iterator[Group]:
    """Yield the user groups."""
    for item in _details(reading, "Group", "GroupDetailList"):
        name = item["GroupName"]
        items = item.get("GroupPolicyList", ())
        inline = _inline(reading, items, ResourceKind.GROUP_POLICY, name)
        yield Group(name, item["Path"], item["Arn"], _arns(item), inline)


def read_roles(reading: Reading) -> Iterator[Role]:
    """Yield the roles; one whose trust policy cannot be read is a gap."""
    for item in _details(reading, "Role", "RoleDetailList"):
        name = item["RoleName"]
        about = ResourceRef(ResourceKind.TRUST_POLICY, name)
        trust = reading.document(item["AssumeRolePolicyDocument"], about, PolicyKind.TRUST)
        if trust is not None:
            items = item.get("RolePolicyList", ())
            inline = _inline(reading, items, ResourceKind.ROLE_POLICY, name)
            boundary = _boundary(item)
            yield Role(name, item["Path"], item["Arn"], trust, _arns(item), inline, boundary)


def read_policies(reading: Reading) -> Iterator[ManagedPolicy]:
    """Yield the customer managed policies, without their tags."""
    for item in _details(reading, "LocalManagedPolicy", "Policies"):
        versions = {version["VersionId"]: version for version in item["PolicyVersionList"]}
        default = versions[item["DefaultVersionId"]]["Document"]
        document = reading.document(default, _managed_ref(item["Arn"]))
        if document is not None:
            made_at = {name: version["CreateDate"] for name, version in versions.items()}
            yield replace(_managed(item, document, tuple(versions)), made_at=made_at)


def with_tags(reading: Reading, policy: ManagedPolicy) -> ManagedPolicy:
    """Return a customer managed policy with its tags."""
    items = reading.items("ListPolicyTags", "Tags", _managed_ref(policy.arn), PolicyArn=policy.arn)
    return replace(policy, tags=_tags(items or ()))


def attached_policy(reading: Reading, arn: str) -> ManagedPolicy | None:
    """Return an attached policy that is not among the customer's that were read: AWS's, mostly.

    None, with a gap, if it cannot be read.
    """
    about = _managed_ref(arn)
    answer = reading.call("GetPolicy", about, PolicyArn=arn)
    if answer is None:
        return None
    item = answer["Policy"]
    default = item["DefaultVersionId"]
    answer = reading.call("GetPolicyVersion", about, PolicyArn=arn, VersionId=default)
    if answer is None:
        return None
    document = reading.document(answer["PolicyVersion"]["Document"], about)
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


def _details(reading: Reading, kind: str, section: str) -> list[Item]:
    """Return one list of the answer; empty, with a gap, if it is refused."""
    paging = {"PageSize": _MOST_ITEMS}
    return reading.items(_DETAILS, section, Filter=[kind], PaginationConfig=paging) or []


def _managed_ref(arn: str) -> ResourceRef:
    return ResourceRef(ResourceKind.MANAGED_POLICY, arn)


def _inline(
    reading: Reading, items: Iterable[Item], kind: ResourceKind, owner: str
) -> tuple[AttachedPolicy, ...]:
    found = []
    for item in sorted(items, key=lambda item: str(item["PolicyName"])):
        about = ResourceRef(kind, item["PolicyName"], owner)
        document = reading.document(item["PolicyDocument"], about)
        if document is not None:
            found.append(AttachedPolicy(about.label, document))
    return tuple(found)


def _arns(item: Item) -> tuple[str, ...]:
    return tuple(sorted(policy["PolicyArn"] for policy in item.get("AttachedManagedPolicies", ())))


def _boundary(item: Item) -> str | None:
    arn = item.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    return str(arn) if arn else None


def _tags(items: Iterable[Item]) -> dict[str, str]:
    return {item["Key"]: item["Value"] for item in items}
