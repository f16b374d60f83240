"""The managed policies that the signed-in user may list: to search, and to choose from.

AWS has some 1,600 of its own, and IAM searches none of them by name. Which there are is the same
for everybody, so they are read once, which takes about a second, and beforehand where that can be;
how often each is attached is asked anew for every page. A person who may not list policies is
refused before anything that is kept is looked at.
"""

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import field, replace
from enum import StrEnum
from operator import attrgetter
from threading import Lock, Thread
from typing import Any, TypeVar

from flask import current_app

from sekisho.account.aws import Boto3Api
from sekisho.errors import AwsRefused
from sekisho.lazy import dataclass
from sekisho.web.console.session import person

READS_AHEAD = "sekisho-web-policies"
"""The name of the thread that reads ahead."""

_Listed = TypeVar("_Listed")
_KEPT = "aws_managed_policies"
_MOST = 1000
"""How many entries IAM puts on one page at most."""


class PolicyOrigin(StrEnum):
    """The origins of managed policies; the values are those of the list's filter."""

    CUSTOMER = "customer"
    AWS = "aws"
    JOB_FUNCTION = "job-function"


@dataclass(frozen=True, slots=True)
class ListedPolicy:
    """A managed policy, as a list shows it.

    Attributes:
        attached: to how many users, groups and roles.
    """

    name: str
    arn: str
    origin: PolicyOrigin
    attached: int


@dataclass(slots=True)
class _AwsPolicies:
    """AWS's own policies; none until somebody has read them."""

    read: tuple[ListedPolicy, ...] = ()
    lock: Lock = field(default_factory=Lock)

    def all(self, api: Boto3Api) -> tuple[ListedPolicy, ...]:
        """Return them; the first request reads them, and others wait for it."""
        with self.lock:
            if not self.read:
                listed = _list_policies(api, Scope="AWS")
                self.read = tuple(replace(each, attached=0) for each in listed)
            return self.read


def managed_policies() -> tuple[ListedPolicy, ...]:
    """Return the managed policies, the account's and AWS's, by name.

    Raises:
        AwsRefused: if the person may not list them.
    """
    api = person().api
    own = _list_policies(api, Scope="Local")
    attached = {each.arn: each for each in _list_policies(api, Scope="AWS", OnlyAttached=True)}
    theirs = (attached.get(each.arn, each) for each in _cached_policies().all(api))
    return tuple(sorted((*own, *theirs), key=lambda each: (each.name.lower(), each.arn)))


def read_ahead() -> None:
    """Begin to read AWS's own policies, for the page that comes after this one."""
    api, kept = person().api, _cached_policies()

    def read() -> None:
        # no page shows this refusal: the next page reads again, if it needs them
        with suppress(AwsRefused):
            kept.all(api)

    if not kept.read:
        Thread(target=read, name=READS_AHEAD, daemon=True).start()


def _cached_policies() -> _AwsPolicies:
    kept: _AwsPolicies = current_app.extensions.setdefault(_KEPT, _AwsPolicies())
    return kept


def matching(
    listed: Iterable[_Listed], wanted: str, name_of: Callable[[_Listed], str] = attrgetter("name")
) -> list[_Listed]:
    """Return the entries whose names contain a text, ignoring case and width.

    A name that is the text comes first, then the names that begin so: a list may show few.
    """
    text = fold_text(wanted)
    found = [(name, each) for each in listed if text in (name := fold_text(name_of(each)))]
    found.sort(key=lambda both: (both[0] != text, not both[0].startswith(text)))
    return [each for _, each in found]


def fold_text(text: str) -> str:
    """Return a text as it is searched: case and width do not matter."""
    return unicodedata.normalize("NFKC", text).casefold().strip()


def origin_of(arn: str) -> PolicyOrigin:
    """Return whose the managed policy with this ARN is."""
    _, _, _, _, account, resource = [*arn.split(":", 5), *("",) * 6][:6]
    if account != "aws":
        return PolicyOrigin.CUSTOMER
    job_function = resource.startswith("policy/job-function/")
    return PolicyOrigin.JOB_FUNCTION if job_function else PolicyOrigin.AWS


def _list_policies(api: Boto3Api, **filters: object) -> Iterable[ListedPolicy]:
    pages = api.pages("iam", "ListPolicies", "Policies", MaxItems=_MOST, **filters)
    return [_entry(each) for each in pages]


def _entry(given: Mapping[str, Any]) -> ListedPolicy:
    arn = given["Arn"]
    return ListedPolicy(given["PolicyName"], arn, origin_of(arn), given["AttachmentCount"])
