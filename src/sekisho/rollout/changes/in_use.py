"""Who has come to use what a plan made; what people did meanwhile stays."""

from collections.abc import Collection, Mapping

from sekisho.account.api import AwsApi
from sekisho.errors import AwsRefused
from sekisho.messages import Message, verbatim
from sekisho.rollout.changes.kinds import (
    CREDENTIALS,
    Change,
    CreateGroup,
    CreateLoginProfile,
    CreatePolicy,
    CreateUser,
    CredentialType,
)
from sekisho.rollout.changes.observer import Observer

_OTHER_CREDENTIALS = tuple(
    (CREDENTIALS[kind].lists, CREDENTIALS[kind].items, what)
    for kind, what in (
        (CredentialType.SSH_KEY, Message("SSH key")),
        (CredentialType.SERVICE, Message("service-specific credential")),
        (CredentialType.CERTIFICATE, Message("signing certificate")),
    )
)

USE_READS: Mapping[type, tuple[str, ...]] = {
    CreatePolicy: ("ListEntitiesForPolicy",),
    CreateGroup: ("GetGroup", "ListAttachedGroupPolicies", "ListGroupPolicies"),
    CreateUser: (
        "GetUser",
        "GetLoginProfile",
        "ListMFADevices",
        "ListAccessKeys",
        *(operation for operation, _, _ in _OTHER_CREDENTIALS),
        "ListAttachedUserPolicies",
        "ListUserPolicies",
        "ListGroupsForUser",
    ),
    CreateLoginProfile: ("GetUser", "ListMFADevices", "ListAccessKeys"),
}
"""The operations that tell whether a thing that a plan made may go."""

_GROUP = Message("group")
_ATTACHED = Message("attached policy")
_INLINE = Message("inline policy")
_HOLDINGS = (
    ("ListMFADevices", "MFADevices", Message("MFA device")),
    ("ListAccessKeys", "AccessKeyMetadata", Message("access key")),
)
_INLINE_OF_USER = (("ListUserPolicies", "PolicyNames", _INLINE),)
_ATTACHED_TO_USER = (
    ("ListAttachedUserPolicies", "AttachedPolicies", _ATTACHED),
    ("ListGroupsForUser", "Groups", _GROUP),
)
_ATTACHED_TO_GROUP = (
    ("GetGroup", "Users", Message("member")),
    ("ListAttachedGroupPolicies", "AttachedPolicies", _ATTACHED),
    ("ListGroupPolicies", "PolicyNames", _INLINE),
)
_USING_POLICY = (
    ("ListEntitiesForPolicy", "PolicyUsers", Message("user")),
    ("ListEntitiesForPolicy", "PolicyGroups", _GROUP),
    ("ListEntitiesForPolicy", "PolicyRoles", Message("role")),
)
_USED = Message("password used")
_PASSWORD = Message("console password")
_COUNTED = verbatim("{what}: {number}")

Question = tuple[str, str, Message]


def signs_of_use(api: AwsApi, change: Change) -> tuple[Message, ...]:
    """Return what keeps a thing that `change` made from being removed; empty if nothing does.

    Raises:
        AwsRefused: if that cannot be told.
    """
    match change:
        case CreatePolicy(arn):
            return _counted(api, _USING_POLICY, PolicyArn=arn)
        case CreateGroup(name):
            return _counted(api, _ATTACHED_TO_GROUP, GroupName=name)
        case CreateUser(name):
            own = _by_itself(api, name, password_goes=False)
            return own + _counted(api, _ATTACHED_TO_USER, UserName=name)
        case CreateLoginProfile(user):
            return _by_person(api, user)
        case _:
            return ()


def is_used(api: AwsApi, user: str, given: Collection[str], *, password_goes: bool) -> bool:
    """Return whether a user who was made has come into use, or holds more than was `given`.

    Args:
        api: is asked.
        user: the name.
        given: the ARNs of policies, and the names of groups, that are taken back.
        password_goes: whether a password does not count, because it is yet to be taken back.

    Raises:
        AwsRefused: if that cannot be told.
    """
    observer = Observer(api)
    more = {*observer.user_attachments(user), *observer.groups_of(user)} - {*given}
    return bool(more or _by_itself(api, user, password_goes=password_goes))


def _by_itself(api: AwsApi, user: str, *, password_goes: bool) -> tuple[Message, ...]:
    """Return what a user holds beside attached policies and groups."""
    own = _counted(api, (*_OTHER_CREDENTIALS, *_INLINE_OF_USER), UserName=user)
    return _by_person(api, user) + (() if password_goes else _password(api, user)) + own


def _by_person(api: AwsApi, user: str) -> tuple[Message, ...]:
    """Return the signs that somebody has used this user."""
    signs = _counted(api, _HOLDINGS, UserName=user)
    if api.call("iam", "GetUser", UserName=user)["User"].get("PasswordLastUsed") is not None:
        signs += (_USED,)
    return signs


def _password(api: AwsApi, user: str) -> tuple[Message, ...]:
    """Return a sign if there is a password: the plan's own is taken back before the user is."""
    try:
        api.call("iam", "GetLoginProfile", UserName=user)
    except AwsRefused as error:
        if error.aws_code == "NoSuchEntity":
            return ()
        raise
    return (_PASSWORD,)


def _counted(api: AwsApi, questions: tuple[Question, ...], **params: object) -> tuple[Message, ...]:
    found = []
    for operation, key, what in questions:
        number = sum(1 for _ in api.pages("iam", operation, key, **params))
        if number:
            found.append(_COUNTED.filled(what=what, number=number))
    return tuple(found)
