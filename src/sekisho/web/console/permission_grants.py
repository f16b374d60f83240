"""The page "Set permissions": by groups, copied from another user, or by policies.

The wizard that creates a user has it, and so has the page of a user.

Source: IAM User Guide, "Change permissions for an IAM user": a copy takes groups, attached
policies, inline policies and the permissions boundary of the other user.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any

from flask import request

from sekisho.errors import AwsRefused
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.web.console import choice_lists
from sekisho.web.console.changes import ConsoleCall, console_call
from sekisho.web.console.choice_lists import policy_name
from sekisho.web.console.identities import IamIdentity, IdentityKind
from sekisho.web.console.session import call, person, try_reading
from sekisho.web.site import term, text


class GrantMethod(StrEnum):
    """The three ways to set permissions; the values are those of the form."""

    GROUP = "group"
    COPY = "copy"
    ATTACH = "attach"


@dataclass(frozen=True, slots=True)
class Grant:
    """The choices on the page "Set permissions".

    Attributes:
        way: which of the three is meant; what was chosen for the others is kept and does nothing.
        groups: names of user groups.
        source: the user whose permissions are copied; "" if none is chosen.
        policies: ARNs of managed policies.
        bounded: whether a permissions boundary is wanted besides.
        boundary: the ARN of its policy; "" if none is chosen.
    """

    way: GrantMethod
    groups: tuple[str, ...] = ()
    source: str = ""
    policies: tuple[str, ...] = ()
    bounded: bool = False
    boundary: str = ""

    @property
    def fault(self) -> Message | None:
        """The fault of the permissions, or None."""
        if self.way is GrantMethod.COPY and not self.source:
            return text("permission_grants.choose_user")
        return None

    @property
    def boundary_fault(self) -> Message | None:
        """The fault of the permissions boundary, or None."""
        return (
            text("permission_grants.choose_boundary")
            if self.bounded and not self.boundary
            else None
        )

    @property
    def empty(self) -> bool:
        """Whether it grants nothing."""
        match self.way:
            case GrantMethod.GROUP:
                return not self.groups
            case GrantMethod.COPY:
                return not self.source
            case GrantMethod.ATTACH:
                return not self.policies


@dataclass(frozen=True, slots=True)
class Granted:
    """One line of the summary of permissions.

    Attributes:
        name: of a group or a policy.
        kind: which of them it is.
        used_as: how it acts.
    """

    name: str
    kind: Message
    used_as: Message


@dataclass(frozen=True, slots=True)
class Permissions:
    """The permissions that a user is given; where they are copied, they have been read.

    Attributes:
        groups: names of user groups.
        policies: ARNs of managed policies.
        inline: names and texts of inline policies.
        boundary: the ARN of the permissions boundary; "" if there is none.
    """

    groups: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    inline: tuple[tuple[str, str], ...] = ()
    boundary: str = ""

    def changes(self, user: str) -> Iterator[ConsoleCall]:
        """Yield the calls that give it to a user."""
        whom = {"UserName": user}
        for group in self.groups:
            yield console_call(
                "add_to_group",
                "AddUserToGroup",
                {**whom, "GroupName": group},
                group=group,
                user=user,
            )
        for arn in self.policies:
            yield IamIdentity(IdentityKind.USER, user).attach_call(arn)
        for name, document in self.inline:
            put = {**whom, "PolicyName": name, "PolicyDocument": document}
            yield console_call("put_inline", "PutUserPolicy", put, policy=name, name=user)
        if self.boundary:
            yield boundary_call(user, self.boundary)

    def summary(self) -> tuple[Granted, ...]:
        """Return the lines of the summary."""
        permissions, boundary = term("permissions_policy"), term("permissions_boundary")
        lines = [
            Granted(each, text("permission_grants.group"), text("permission_grants.of_group"))
            for each in self.groups
        ]
        lines += [
            Granted(policy_name(each), choice_lists.origin_word(each), permissions)
            for each in self.policies
        ]
        lines += [Granted(name, term("inline_policy"), permissions) for name, _ in self.inline]
        if self.boundary:
            word = choice_lists.origin_word(self.boundary)
            lines.append(Granted(policy_name(self.boundary), word, boundary))
        return tuple(lines)


def boundary_call(user: str, arn: str) -> ConsoleCall:
    """Return the call that makes a managed policy a user's permissions boundary."""
    whom, policy = {"UserName": user, "PermissionsBoundary": arn}, policy_name(arn)
    return console_call(
        "put_boundary", "PutUserPermissionsBoundary", whom, policy=policy, user=user
    )


def grant_fields() -> dict[str, str]:
    """Return the fields that the page sent, to be kept."""
    chosen = choice_lists.form_choices("groups", "source", "policies", "boundary")
    return {**chosen, **{each: request.form.get(each, "") for each in ("way", "bounded")}}


def grant_of(fields: Mapping[str, str]) -> Grant:
    """Return the grant in the fields of a form or a draft."""
    way = fields.get("way", "")
    return Grant(
        GrantMethod(way) if way in list(GrantMethod) else GrantMethod.GROUP,
        choice_lists.values_chosen("groups", fields),
        fields.get("source", ""),
        choice_lists.values_chosen("policies", fields),
        fields.get("bounded") == "yes",
        fields.get("boundary", ""),
    )


def grant_page(
    fields: Mapping[str, str],
    *,
    user: str = "",
    groups: Iterable[str] = (),
    policies: Iterable[str] = (),
) -> dict[str, Any]:
    """Return the values for the page's template.

    Args:
        fields: what is chosen and searched for.
        user: the user who gets it, if the user exists already.
        groups: the groups that the user is in.
        policies: the ARNs of the policies that the user has.
    """
    return {
        "grant": grant_of(fields),
        "ways": [each.value for each in GrantMethod],
        "group_choices": choice_lists.groups("groups", fields, groups),
        "user_choices": choice_lists.users("source", fields, [user]),
        "policy_choices": choice_lists.policies("policies", fields, policies),
    }


def review_values(grant: Grant, *more: Granted) -> dict[str, Any]:
    """Return the values for a review: the lines of the summary, and what could not be read."""
    given = try_reading(lambda: permissions_of(grant))
    if isinstance(given, AwsRefused):
        return {"unread": given, "summary": more}
    return {"unread": None, "summary": (*given.summary(), *more)}


def as_reviewed(draft: Mapping[str, str], grant: Grant) -> Mapping[str, str]:
    """Return a draft with what its grant comes to now: a user who is copied may have changed."""
    given = try_reading(lambda: permissions_of(grant))
    return {**draft, "permissions": "" if isinstance(given, AwsRefused) else repr(given)}


def permissions_of(grant: Grant) -> Permissions:
    """Return the policies and groups of a grant; a copy is read now.

    Raises:
        AwsRefused: if something of the other user may not be read.
    """
    given = _by_way(grant)
    return replace(given, boundary=grant.boundary) if grant.bounded else given


def _by_way(grant: Grant) -> Permissions:
    match grant.way:
        case GrantMethod.GROUP:
            return Permissions(groups=grant.groups)
        case GrantMethod.ATTACH:
            return Permissions(policies=grant.policies)
        case GrantMethod.COPY:
            return _copy_permissions(grant.source)


def _copy_permissions(user: str) -> Permissions:
    pages = person().api.pages
    groups = pages("iam", "ListGroupsForUser", "Groups", UserName=user)
    attached = pages("iam", "ListAttachedUserPolicies", "AttachedPolicies", UserName=user)
    inline = pages("iam", "ListUserPolicies", "PolicyNames", UserName=user)
    shown = call("iam", "GetUser", UserName=user)["User"]
    return Permissions(
        tuple(each["GroupName"] for each in groups),
        tuple(each["PolicyArn"] for each in attached),
        tuple((each, _inline(user, each)) for each in inline),
        shown.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", ""),
    )


def _inline(user: str, policy: str) -> str:
    answer = call("iam", "GetUserPolicy", UserName=user, PolicyName=policy)
    return json.dumps(answer["PolicyDocument"])
