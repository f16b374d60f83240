"""Signs that something that a plan made has come into use: then a roll-back leaves it."""

from collections.abc import Collection
from itertools import chain

from sekisho.account import AwsApi
from sekisho.errors import AwsRefused
from sekisho.messages import Message, verbatim
from sekisho.rollout.changes.credentials import CREDENTIALS, CredentialType
from sekisho.rollout.changes.observer import GROUPS_OF_USER, POLICIES_OF_USER, Observer

_OTHER_CREDENTIALS = tuple(
    (CREDENTIALS[kind].lists, CREDENTIALS[kind].items, what)
    for kind, what in (
        (CredentialType.SSH_KEY, Message("SSH key")),
        (CredentialType.SERVICE, Message("service-specific credential")),
        (CredentialType.CERTIFICATE, Message("signing certificate")),
    )
)

USER_READS = (
    "GetUser",
    "GetLoginProfile",
    "ListMFADevices",
    "ListAccessKeys",
    *(operation for operation, _, _ in _OTHER_CREDENTIALS),
    "ListAttachedUserPolicies",
    "ListUserPolicies",
    "ListGroupsForUser",
)
"""The operations that tell whether a user may go."""

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

_Listing = tuple[str, str, Message]
"""An operation, the section of its answer that is counted, and the items' name for people."""


def of_policy(api: AwsApi, arn: str) -> tuple[Message, ...]:
    """Return the numbers of users, groups and roles that a policy is attached to."""
    return _counted(api, _USING_POLICY, PolicyArn=arn)


def of_group(api: AwsApi, name: str) -> tuple[Message, ...]:
    """Return the members and policies of a group."""
    return _counted(api, _ATTACHED_TO_GROUP, GroupName=name)


def of_user(api: AwsApi, name: str) -> tuple[Message, ...]:
    """Return the numbers of a user's holdings, and whether the password was used."""
    own = _own_holdings(api, name, password_goes=False)
    return own + _counted(api, _ATTACHED_TO_USER, UserName=name)


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
    held = (observer.names(listing, user) or () for listing in (POLICIES_OF_USER, GROUPS_OF_USER))
    more = {*chain.from_iterable(held)} - {*given}
    return bool(more or _own_holdings(api, user, password_goes=password_goes))


def _own_holdings(api: AwsApi, user: str, *, password_goes: bool) -> tuple[Message, ...]:
    """Return a user's holdings apart from attached policies and groups."""
    own = _counted(api, (*_OTHER_CREDENTIALS, *_INLINE_OF_USER), UserName=user)
    return by_person(api, user) + (() if password_goes else _password(api, user)) + own


def by_person(api: AwsApi, user: str) -> tuple[Message, ...]:
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


def _counted(api: AwsApi, listings: tuple[_Listing, ...], **params: object) -> tuple[Message, ...]:
    """Return the number of items of each listing that has any."""
    counts = []
    for operation, key, what in listings:
        number = sum(1 for _ in api.pages("iam", operation, key, **params))
        if number:
            counts.append(_COUNTED.filled(what=what, number=number))
    return tuple(counts)
