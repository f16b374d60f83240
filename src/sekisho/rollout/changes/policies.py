"""Changes of customer managed policies: create one, give it another default version, tag it."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar

from sekisho.account import AwsApi, ManagedPolicy, Snapshot
from sekisho.errors import InternalError
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.policy import OWN_PASSWORD_SUFFIX, from_json
from sekisho.rollout.changes import in_use
from sekisho.rollout.changes.model import (
    Change,
    Creation,
    Forecast,
    IamCall,
    ObservedState,
    State,
    as_tags,
)
from sekisho.rollout.changes.observer import Observer, canonical

_VERSION_EVENTS = ("CreatePolicyVersion", "SetDefaultPolicyVersion", "DeletePolicyVersion")
_TAG_EVENTS = ("TagPolicy", "UntagPolicy")


@dataclass(frozen=True, slots=True)
class CreatePolicy(Creation):
    """Create a customer managed policy; its name and path are in the ARN."""

    noun = "policy"
    parameters: ClassVar = {"PolicyArn": "arn"}
    reads = (
        "GetPolicy",
        "GetPolicyVersion",
        "ListPolicyVersions",
        "ListPolicyTags",
    )
    events = (
        "CreatePolicy",
        "DeletePolicy",
        *_VERSION_EVENTS,
        *_TAG_EVENTS,
    )
    undone_by = "DeletePolicy"
    use_reads = ("ListEntitiesForPolicy",)
    arn: str
    description: str
    document: Mapping[str, Any]
    tags: Mapping[str, str]

    @property
    def after(self) -> State:
        """The policy in its one version."""
        made = {"description": self.description, "document": self.document, "tags": self.tags}
        return {**made, "default": "v1", "versions": ["v1"]}

    def read(self, observer: Observer) -> State:
        """Return the policy with its default version and its tags; None if there is none."""
        policy = observer.policy(self.arn)
        if policy is None:
            return None
        return {
            **(_versions(observer, self.arn) or {}),
            "description": policy.get("Description") or "",
            "tags": observer.tags("Policy", "PolicyArn", self.arn),
        }

    def made_at(self, observer: Observer) -> datetime | None:
        """Return when the default version was made."""
        return _default_made_at(observer, self.arn)

    def call(self) -> IamCall:
        """Return the call, which has the name and the path that the ARN ends in."""
        path, _, name = self.arn.split(":", 5)[5].removeprefix("policy").rpartition("/")
        params: dict[str, Any] = {"PolicyName": name, "Path": f"{path}/"}
        params["PolicyDocument"] = _text(self.document)
        if self.description:
            params["Description"] = self.description
        return IamCall(self.operation, {**params, "Tags": as_tags(self.tags)})

    def is_needless(self, actual: State) -> bool:
        """Return whether the policy is there as it is wanted."""
        return bool(actual == self.after)

    def forecast(self, account: Forecast) -> None:
        """Add the policy."""
        name = self.arn.rsplit("/", 1)[-1]
        path = self.arn.split(":", 5)[5].removeprefix("policy").removesuffix(name)
        policy = ManagedPolicy(
            *(self.arn, name, path, "v1", from_json(self.document, source=self.arn)),
            tags=self.tags,
            versions=("v1",),
            description=self.description,
        )
        account.policies[self.arn] = policy

    def in_use_because(self, api: AwsApi) -> tuple[Message, ...]:
        """Return the number of users, groups and roles that have the policy."""
        return in_use.of_policy(api, self.arn)


@dataclass(frozen=True, slots=True)
class CreatePolicyVersion(Change):
    """Make another document the default version of a policy that exists.

    What is found also tells the documents of the versions `beside` the default that are new.

    Attributes:
        replaced: what was before: `default`, its `document`, and the ids of all `versions`.
    """

    noun = "policy-versions"
    parameters: ClassVar = {"PolicyArn": "arn"}
    reads = ("GetPolicy", "GetPolicyVersion", "ListPolicyVersions")
    events = ("DeletePolicy", *_VERSION_EVENTS)
    arn: str
    document: Mapping[str, Any]
    replaced: Mapping[str, Any]

    @property
    def before(self) -> State:
        """The versions when the plan was made."""
        return self.replaced

    @property
    def after(self) -> State:
        """The versions with a new one; AWS alone chooses its id."""
        versions = [*self.replaced["versions"], "new"]
        return {"default": "new", "document": self.document, "versions": versions}

    def compare(self, actual: State) -> ObservedState:
        """Return the state that is found, with any id of the new version."""
        if actual == self.replaced:
            return ObservedState.BEFORE
        new = self.new_versions(actual)
        return ObservedState.AFTER if new and actual["default"] in new else ObservedState.OTHER

    def is_needless(self, actual: State) -> bool:
        """Return whether the versions are those that the plan found."""
        return bool(actual == self.replaced)

    def new_versions(self, actual: State) -> tuple[str, ...]:
        """Return the ids of the versions that came on top, if all of them hold the document.

        Where an answer was lost and AWS did not show the version yet, there is more than one.
        """
        if actual is None:
            return ()
        old = [*self.replaced["versions"]]
        documents = {actual["default"]: actual["document"], **actual.get("beside", {})}
        added = tuple(each for each in actual["versions"] if each not in old)
        remaining = [each for each in actual["versions"] if each in old]
        ours = all(documents.get(each) == self.document for each in added)
        back = actual["default"] in added or actual["document"] == self.replaced["document"]
        return added if ours and back and sorted(remaining) == sorted(old) else ()

    def read(self, observer: Observer) -> State:
        """Return the versions, with the documents of new ones that are not the default."""
        state = _versions(observer, self.arn)
        if state is None:
            return None
        known = (*self.replaced["versions"], state["default"])
        versions = (
            observer.version(self.arn, each) for each in state["versions"] if each not in known
        )
        beside = {each["VersionId"]: canonical(each["Document"]) for each in versions if each}
        return {**state, "beside": beside} if beside else state

    def made_at(self, observer: Observer) -> datetime | None:
        """Return when the default version was made."""
        return _default_made_at(observer, self.arn)

    def call(self) -> IamCall:
        """Return the call, which makes the new version the default."""
        about = {"PolicyDocument": _text(self.document), "SetAsDefault": True}
        return IamCall(self.operation, {**self.subject(), **about})

    def undo(self, actual: State) -> tuple[IamCall, ...]:
        """Return the way back to the old default version; half of it may be done already."""
        new = self.new_versions(actual)
        if not new:
            raise InternalError(f"`{self.address}` holds nothing of this plan to take back")
        back = {"PolicyArn": self.arn, "VersionId": self.replaced["default"]}
        old = () if actual["default"] not in new else (IamCall("SetDefaultPolicyVersion", back),)
        about = ({"PolicyArn": self.arn, "VersionId": each} for each in new)
        return (*old, *(IamCall("DeletePolicyVersion", each) for each in about))

    def forecast(self, account: Forecast) -> None:
        """Give the policy the new document."""
        if known := account.policies.get(self.arn):
            document = from_json(self.document, source=self.arn)
            account.policies[self.arn] = replace(known, document=document)


@dataclass(frozen=True, slots=True)
class TagPolicy(Change):
    """Set one tag of a policy that exists.

    Attributes:
        old: the value when the plan was made, or None.
    """

    noun = "policy-tag"
    parameters: ClassVar = {"PolicyArn": "arn"}
    reads = ("ListPolicyTags",)
    events = ("DeletePolicy", *_TAG_EVENTS)
    arn: str
    key: str
    value: str
    old: str | None

    @property
    def address(self) -> str:
        """The tag of the policy."""
        return f"{self.noun} {self.arn} {self.key}"

    @property
    def before(self) -> State:
        """The old value."""
        return self.old

    @property
    def after(self) -> State:
        """The new value."""
        return self.value

    def read(self, observer: Observer) -> State:
        """Return the value; None if there is no such tag."""
        return observer.tags("Policy", "PolicyArn", self.arn).get(self.key)

    def call(self) -> IamCall:
        """Return the call that sets the new value."""
        return self._set(self.value)

    def undo(self, actual: State) -> tuple[IamCall, ...]:
        """Return the call that sets the old value, or takes the tag off."""
        del actual
        if self.old is None:
            return (IamCall("UntagPolicy", {**self.subject(), "TagKeys": [self.key]}),)
        return (self._set(self.old),)

    def forecast(self, account: Forecast) -> None:
        """Set the tag."""
        if known := account.policies.get(self.arn):
            tags = {**known.tags, self.key: self.value}
            account.policies[self.arn] = replace(known, tags=tags)

    def _set(self, value: str) -> IamCall:
        return IamCall(self.operation, {**self.subject(), "Tags": as_tags({self.key: value})})


KINDS: tuple[type[Change], ...] = (CreatePolicy, CreatePolicyVersion, TagPolicy)
"""The kinds of change that are here."""


def _text(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2)


def _versions(observer: Observer, arn: str) -> dict[str, Any] | None:
    version = observer.default_version(arn)
    if version is None:
        return None
    return {
        "default": version["VersionId"],
        "document": canonical(version["Document"]),
        "versions": sorted(observer.version_ids(arn)),
    }


def _default_made_at(observer: Observer, arn: str) -> datetime | None:
    version = observer.default_version(arn)
    return version.get("CreateDate") if version else None


_CHANGE_PASSWORD = "IAMUserChangePassword"  # noqa: S105 - a policy's name

_DENY_ALL = "AWSDenyAll"
_EVERYTHING_DENIED = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": "DenyAll", "Effect": "Deny", "Action": ["*"], "Resource": ["*"]}],
}


def change_password_arn(partition: str) -> str:
    """Return the ARN of the AWS managed policy that lets users change their own password."""
    return f"arn:{partition}:iam::aws:policy/{_CHANGE_PASSWORD}"


def enrolment_arns(enrolment: str, partition: str) -> frozenset[str]:
    """Return the ARNs of the policies that people have before MFA is enforced, by that of one."""
    own = f"{enrolment}{OWN_PASSWORD_SUFFIX}"
    return frozenset({enrolment, own, change_password_arn(partition)})


def with_change_password(snapshot: Snapshot) -> Snapshot:
    """Return the snapshot with `IAMUserChangePassword` in it.

    A snapshot holds only the AWS managed policies that were attached when it was taken. What this
    one says is in the IAM user guide, "Permit IAM users to change their own passwords".
    """
    arn = change_password_arn(snapshot.partition)
    if arn in snapshot.policies:
        return snapshot
    own = f"arn:{snapshot.partition}:iam::*:user/${{aws:username}}"
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": ["iam:ChangePassword"], "Resource": [own]},
            {"Effect": "Allow", "Action": ["iam:GetAccountPasswordPolicy"], "Resource": "*"},
        ],
    }
    policy = ManagedPolicy(
        arn, _CHANGE_PASSWORD, "/", "v1", from_json(document, source=arn), aws_managed=True
    )
    return replace(snapshot, policies={**snapshot.policies, arn: policy})


def deny_all_arn(partition: str) -> str:
    """Return the ARN of the AWS managed policy that denies everything."""
    return f"arn:{partition}:iam::aws:policy/{_DENY_ALL}"


def with_deny_all(snapshot: Snapshot) -> Snapshot:
    """Return the snapshot with `AWSDenyAll` in it, as AWS publishes it."""
    arn = deny_all_arn(snapshot.partition)
    if arn in snapshot.policies:
        return snapshot
    document = from_json(_EVERYTHING_DENIED, source=arn)
    policy = ManagedPolicy(arn, _DENY_ALL, "/", "v1", document, aws_managed=True)
    return replace(snapshot, policies={**snapshot.policies, arn: policy})
