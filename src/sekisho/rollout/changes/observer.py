"""Read facts of the account from AWS, for the changes of a plan."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sekisho.account import AwsApi
from sekisho.errors import AwsRefused, FaultyPolicy
from sekisho.policy import from_json, to_json


def canonical(document: object) -> object:
    """Return a policy document in the form that plans compare: as `policy` writes it."""
    try:
        return to_json(from_json(document))
    except FaultyPolicy:
        return document  # AWS may hold what we cannot read: it is then compared as it is


class Listing(NamedTuple):
    """An operation of IAM that lists what belongs to somebody or something.

    Attributes:
        section: the part of its answer that has the items.
        owner: the parameter that says whose it is.
        item: the part of an item that names it; as a parameter it is called the same.
    """

    operation: str
    section: str
    owner: str
    item: str


POLICIES_OF_USER = Listing("ListAttachedUserPolicies", "AttachedPolicies", "UserName", "PolicyArn")
POLICIES_OF_GROUP = Listing(
    "ListAttachedGroupPolicies", "AttachedPolicies", "GroupName", "PolicyArn"
)
GROUPS_OF_USER = Listing("ListGroupsForUser", "Groups", "UserName", "GroupName")
MEMBERS = Listing("GetGroup", "Users", "GroupName", "UserName")


class Observer:
    """Reads facts; asks AWS for each list once, so make a new one for a new look.

    What there is not is None, not an error.

    Raises:
        AwsRefused: by every method, if it cannot be told.
    """

    def __init__(self, api: AwsApi) -> None:
        self._api = api
        self._lists: dict[tuple[str, str, str], list[Mapping[str, Any]] | None] = {}

    def policy(self, arn: str) -> Mapping[str, Any] | None:
        """Return a managed policy."""
        return self._get("GetPolicy", "Policy", PolicyArn=arn)

    def default_version(self, arn: str) -> Mapping[str, Any] | None:
        """Return the default version of a policy."""
        found = self.policy(arn)
        return found and self.version(arn, found["DefaultVersionId"])

    def version(self, arn: str, version: str) -> Mapping[str, Any] | None:
        """Return one version of a policy."""
        about = {"PolicyArn": arn, "VersionId": version}
        return self._get("GetPolicyVersion", "PolicyVersion", **about)

    def version_ids(self, arn: str) -> list[str]:
        """Return the ids of all versions of a policy."""
        items = self.listing("ListPolicyVersions", "Versions", "PolicyArn", arn)
        return [item["VersionId"] for item in items or ()]

    def group(self, name: str) -> Mapping[str, Any] | None:
        """Return a user group."""
        return self._get("GetGroup", "Group", GroupName=name)

    def user(self, name: str) -> Mapping[str, Any] | None:
        """Return an IAM user."""
        return self._get("GetUser", "User", UserName=name)

    def login_profile(self, user: str) -> Mapping[str, Any] | None:
        """Return the login profile of a user: AWS's facts of the console password."""
        return self._get("GetLoginProfile", "LoginProfile", UserName=user)

    def key_used(self, key: str) -> datetime | None:
        """Return when an access key was last used; None if never, or if there is no such key."""
        used = self._get("GetAccessKeyLastUsed", "AccessKeyLastUsed", AccessKeyId=key) or {}
        at: datetime | None = used.get("LastUsedDate")
        return at

    def names(self, listing: Listing, owner: str) -> list[str] | None:
        """Return the names in a listing; None if its owner does not exist."""
        items = self.listing(listing.operation, listing.section, listing.owner, owner)
        return None if items is None else [item[listing.item] for item in items]

    def holders_of(self, arn: str) -> Iterator[tuple[str, str]]:
        """Yield the kind and name of each entity that has a policy attached or as its boundary."""
        for kind in ("User", "Group", "Role"):
            items = self.listing("ListEntitiesForPolicy", f"Policy{kind}s", "PolicyArn", arn)
            yield from ((kind.lower(), item[f"{kind}Name"]) for item in items or ())

    def tags(self, kind: str, parameter: str, name: str) -> dict[str, str]:
        """Return the tags of a user or a policy."""
        items = self.listing(f"List{kind}Tags", "Tags", parameter, name)
        return {item["Key"]: item["Value"] for item in items or ()}

    def sign_in_sessions(self, **owner: str) -> Iterator[Mapping[str, Any]]:
        """Yield the sessions of `aws login` and of agents that can be renewed."""
        yield from self._api.pages("signin", "ListSessions", "items", status="ACTIVE", **owner)

    def _get(self, operation: str, section: str, **params: object) -> Mapping[str, Any] | None:
        """Return the section of an answer; None if there is no such thing."""
        try:
            section_of_answer: Mapping[str, Any] = self._api.call("iam", operation, **params)[
                section
            ]
        except AwsRefused as error:
            if error.aws_code == "NoSuchEntity":
                return None
            raise
        return section_of_answer

    def listing(
        self, operation: str, key: str, parameter: str, name: str
    ) -> list[Mapping[str, Any]] | None:
        """Return a listing about `name`; None if there is no such thing."""
        question = (operation, key, name)
        if question not in self._lists:
            try:
                pages = self._api.pages("iam", operation, key, **{parameter: name})
                self._lists[question] = list(pages)
            except AwsRefused as error:
                if error.aws_code != "NoSuchEntity":
                    raise
                self._lists[question] = None
        return self._lists[question]
