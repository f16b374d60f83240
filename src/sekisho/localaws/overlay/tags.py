"""Tags of users, roles and policies.

Of users and roles the case of a key does not matter, and the new spelling stays; of everything else
it does.

Source: IAM User Guide, "Tags for AWS Identity and Access Management resources"; responses recorded
from AWS (tests/data/aws-recorded).
"""

from collections.abc import Callable

from moto.core.responses import ActionResult, EmptyResult
from moto.iam.responses import IamResponse

from sekisho.localaws.overlay.policies import changeable_policy
from sekisho.localaws.overlay.request import (
    iam,
    limit_exceeded,
    listed_tags,
    named_role,
    named_user,
    page,
    text,
)
from sekisho.policy import names

_Tags = list[dict[str, str]]


def tag_user(self: IamResponse) -> ActionResult:
    """Set tags of a user."""
    user = named_user(text(self, "UserName"))
    keep_tags(user.arn, tags_with(self, user.tags or [], "User", str.lower))
    return EmptyResult()


def untag_user(self: IamResponse) -> ActionResult:
    """Remove tags of a user."""
    user = named_user(text(self, "UserName"))
    keep_tags(user.arn, tags_without(self, user.tags or [], str.lower))
    return EmptyResult()


def list_user_tags(self: IamResponse) -> ActionResult:
    """List the tags of a user."""
    tags, more = page(self, named_user(text(self, "UserName")).tags or [])
    return ActionResult({"Tags": tags, **more})


def tag_role(self: IamResponse) -> ActionResult:
    """Set tags of a role."""
    role = named_role(text(self, "RoleName"))
    role.tags = tags_with(self, role.tags or [], "Role", str.lower)
    return EmptyResult()


def untag_role(self: IamResponse) -> ActionResult:
    """Remove tags of a role."""
    role = named_role(text(self, "RoleName"))
    role.tags = tags_without(self, role.tags or [], str.lower)
    return EmptyResult()


def list_role_tags(self: IamResponse) -> ActionResult:
    """List the tags of a role."""
    tags, more = page(self, named_role(text(self, "RoleName")).tags or [])
    return ActionResult({"Tags": tags, **more})


def tag_policy(self: IamResponse) -> ActionResult:
    """Set tags of a customer managed policy."""
    policy = changeable_policy(self)
    tags = tags_with(self, list(policy.tags.values()), "Policy")
    policy.tags = {tag["Key"]: tag for tag in tags}
    return EmptyResult()


def untag_policy(self: IamResponse) -> ActionResult:
    """Remove tags of a customer managed policy."""
    policy = changeable_policy(self)
    tags = tags_without(self, list(policy.tags.values()))
    policy.tags = {tag["Key"]: tag for tag in tags}
    return EmptyResult()


def list_policy_tags(self: IamResponse) -> ActionResult:
    """List the tags of a managed policy."""
    policy = iam().managed_policies[text(self, "PolicyArn")]
    tags, more = page(self, listed_tags(policy.tags))
    return ActionResult({"Tags": tags, **more})


def keep_tags(arn: str, tags: _Tags) -> None:
    """Replace the tags of an entity whose tags moto stores separately, by ARN: users."""
    iam().tagger.delete_all_tags_for_resource(arn)
    iam().tagger.tag_resource(arn, tags)


def tags_with(
    response: IamResponse,
    tags: _Tags,
    noun: str,
    folded: Callable[[str], str] = str,
) -> _Tags:
    """Return tags with those of the request; an existing key keeps its place.

    Args:
        response: the request.
        tags: the existing tags.
        noun: the kind of resource, for the message.
        folded: of keys that are equal, the same text; of most resources the case matters.

    Raises:
        Refusal: `LimitExceeded`.
    """
    merged = {folded(tag["Key"]): tag for tag in tags}
    merged |= {folded(tag["Key"]): tag for tag in response._get_param("Tags", [])}
    if len(merged) > names.MOST_TAGS:
        raise limit_exceeded(f"Cannot exceed quota for TagsPer{noun}: {names.MOST_TAGS}")
    return list(merged.values())


def tags_without(response: IamResponse, tags: _Tags, folded: Callable[[str], str] = str) -> _Tags:
    """Return tags without those whose keys the request names; `folded` as in `tags_with`."""
    gone = {folded(key) for key in response._get_param("TagKeys", [])}
    return [tag for tag in tags if folded(tag["Key"]) not in gone]


OPERATIONS = (
    tag_user,
    untag_user,
    list_user_tags,
    tag_role,
    untag_role,
    list_role_tags,
    tag_policy,
    untag_policy,
    list_policy_tags,
)
