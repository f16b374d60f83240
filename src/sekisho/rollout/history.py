"""The author of a drift: who last changed a fact or added a newcomer, by CloudTrail.

That reaches back 90 days, and is minutes late.

One call asks for the events of one name; `CALLS` bounds them. What cannot be told is a reason,
never nobody.

Source: CloudTrail API reference, `LookupEvents`; CloudTrail user guide, record contents.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from sekisho.account import AwsApi
from sekisho.errors import AwsRefused
from sekisho.lazy import dataclass
from sekisho.messages import Message, verbatim
from sekisho.rollout.changes.credentials import CREDENTIALS
from sekisho.rollout.changes.kinds import KINDS
from sekisho.rollout.changes.model import Change
from sekisho.rollout.changes.policies import CreatePolicy, CreatePolicyVersion, TagPolicy
from sekisho.rollout.changes.users import AttachGroupPolicy, DetachGroupPolicy

_PAGE = 50
_LATEST = datetime.max.replace(tzinfo=UTC)
_ADDING: Mapping[str, tuple[tuple[str, str], ...]] = {
    "user": (
        ("AttachUserPolicy", "policyarn"),
        ("PutUserPermissionsBoundary", "permissionsboundary"),
        ("CreateUser", "permissionsboundary"),
    ),
    "group": (("AttachGroupPolicy", "policyarn"),),
    "role": (
        ("AttachRolePolicy", "policyarn"),
        ("PutRolePermissionsBoundary", "permissionsboundary"),
        ("CreateRole", "permissionsboundary"),
    ),
}
"""The events by which a policy comes to decide for somebody, and what names it there."""
_NAMES = {"groupname", "policyarn", "serialnumber", "username"} | {
    api.id.lower() for api in CREDENTIALS.values()
}

CALLS = len(
    {name for kind in KINDS.values() for name in kind.events}
    | {name for adding in _ADDING.values() for name, _ in adding}
)
"""At most so many calls, whatever has changed; CloudTrail takes two a second."""

_NONE = Message("CloudTrail has no such change in its 90 days; it may be 15 minutes late")
_MORE = Message("not among CloudTrail's last {page} events of its kind")


@dataclass(frozen=True, slots=True)
class Author:
    """The principal who was the last to change a fact.

    Attributes:
        who: the ARN that called; where CloudTrail has none, the service or the user's name.
        event: IAM's operation, like `DetachUserPolicy`.
    """

    who: str
    event: str
    at: datetime


@dataclass(frozen=True, slots=True)
class _EventQuery:
    """An event that is looked for: its name, and the parameters that it must have, in lower case.

    Attributes:
        tag: the key of the tag that it must be about; "" for any.
    """

    name: str
    about: Mapping[str, object]
    tag: str = ""


class History:
    """The event history, each name of event asked for once: by at most `CALLS` calls.

    It is asked when something is, and not again once it has refused.

    Args:
        api: is asked for `LookupEvents`.
        since: older changes do not matter.
    """

    def __init__(self, api: AwsApi, since: datetime) -> None:
        self._api = api
        self._since = since
        self._pages: dict[str, Mapping[str, Any]] = {}
        self._refused: Message | None = None

    def last_author(self, change: Change) -> Author | Message:
        """Return the author of the last change of this fact, or why that is not known."""
        tag = change.key if isinstance(change, TagPolicy) else ""
        about = _subject_parameters(change)
        return self._last([_EventQuery(name, about, tag) for name in change.change_events()])

    def newcomer_author(
        self, change: Change, newcomer: str, affected: Iterable[str]
    ) -> Author | Message:
        """Return the author who added a newcomer, or why that is not known.

        Args:
            change: as `affected.newcomers` takes it.
            newcomer: one of them, like `user NAME`.
            affected: whom the change was found to affect, the groups of the policy among them.
        """
        return self._last([*_events_adding(change, newcomer, affected)])

    def _last(self, wanted: list[_EventQuery]) -> Author | Message:
        pages = {each.name: self._page(each.name) for each in wanted}
        if self._refused is not None:
            return self._refused
        events = [
            author
            for each in wanted
            for event in pages[each.name].get("Events", ())
            if (author := _author_of(each, event)) is not None
        ]
        author = max(events, key=lambda author: author.at, default=None)
        # CloudTrail tells the latest first: what a page leaves out is older than its last
        cut = max(
            (_oldest_event(page) for page in pages.values() if page.get("NextToken")), default=None
        )
        if cut is not None and (author is None or cut > author.at):
            return _MORE.filled(page=_PAGE)
        return author or _NONE

    def _page(self, name: str) -> Mapping[str, Any]:
        if name not in self._pages and self._refused is None:
            try:
                self._pages[name] = self._api.call(
                    "cloudtrail",
                    "LookupEvents",
                    LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": name}],
                    StartTime=self._since,
                    MaxResults=_PAGE,
                )
            except AwsRefused as error:
                reason = f"{error.aws_code}: {error.aws_message}"
                self._refused = verbatim(reason)
        return self._pages.get(name, {})


def _subject_parameters(change: Change) -> Mapping[str, object]:
    """Return the parameters that say what a change is about, without regard to case."""
    if isinstance(change, CreatePolicy):
        return {"policyarn": change.arn}
    params = {key.lower(): value for key, value in change.call().params.items()}
    return {key: value for key, value in params.items() if key in _NAMES}


def _oldest_event(page: Mapping[str, Any]) -> datetime:
    """Return the time of the oldest event of a page; of one that is empty, nothing is known."""
    return min((event["EventTime"] for event in page["Events"]), default=_LATEST)


def _events_adding(change: Change, newcomer: str, affected: Iterable[str]) -> Iterator[_EventQuery]:
    """Yield the events by which somebody may have come to be affected by a change."""
    kind, _, name = newcomer.partition(" ")
    owner = {f"{kind}name": name}
    match change:
        case AttachGroupPolicy(group) | DetachGroupPolicy(group):
            yield _EventQuery("AddUserToGroup", {**owner, "groupname": group})
        case CreatePolicyVersion(arn):
            yield from (_EventQuery(event, {**owner, key: arn}) for event, key in _ADDING[kind])
            groups = (each.removeprefix("group ") for each in affected if each.startswith("group "))
            for group in groups if kind == "user" else ():
                yield _EventQuery("AddUserToGroup", {**owner, "groupname": group})
        case _:
            pass


def _is_about_other_tags(wanted: _EventQuery, asked: Mapping[str, Any]) -> bool:
    """Return whether an event is about other tags than the one that is wanted."""
    keys = [*asked.get("tagkeys", ()), *(tag["key"] for tag in asked.get("tags", ()))]
    return bool(wanted.tag and keys) and wanted.tag not in keys


def _author_of(wanted: _EventQuery, event: Mapping[str, Any]) -> Author | None:
    """Return the author of an event, if it succeeded and matches the query."""
    try:
        record = json.loads(event["CloudTrailEvent"])
        parameters = {
            key.lower(): value for key, value in (record["requestParameters"] or {}).items()
        }
        if wanted.name == "CreatePolicy":
            # a new policy's ARN is in the answer only
            parameters["policyarn"] = ((record["responseElements"] or {}).get("policy") or {}).get(
                "arn"
            )
        identity = record["userIdentity"]
        who = identity.get("arn") or identity.get("invokedBy") or event.get("Username")
        other = _is_about_other_tags(wanted, parameters)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None  # a record of another form tells nothing
    if record.get("errorCode") or other or not wanted.about.items() <= parameters.items():
        return None
    return Author(str(who or identity.get("type", "?")), wanted.name, event["EventTime"])
