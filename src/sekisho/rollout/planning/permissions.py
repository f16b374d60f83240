"""The permissions that applying a plan needs, as requests that the engine decides. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sekisho.account import Snapshot
from sekisho.catalogue import tagging_permissions
from sekisho.engine import ContextValue
from sekisho.policy import Document, Quota, from_json, size, to_json
from sekisho.prover import Proved
from sekisho.rollout.changes.affected import affected_reads
from sekisho.rollout.changes.model import Change, IamCall
from sekisho.rollout.changes.users import (
    PARTING,
    AddUserToGroup,
    CreateGroup,
    CreateLoginProfile,
    CreateUser,
)
from sekisho.rollout.planning.before_after import BeforeAfter
from sekisho.rollout.planning.requests import SampleRequest

_POLICY_ARN = "iam:PolicyARN"
_RIGHTS_READ = "iam:GetAccountAuthorizationDetails"
"""Tells before the first change whether somebody's rights have changed."""

_SIGN_IN_READS = ("GetLoginProfile", "ListMFADevices", "ListAccessKeys")
"""Tell before each change what somebody signs in with."""

ACCOUNT_READS = (
    "iam:GetAccountPasswordPolicy",
    "iam:ListVirtualMFADevices",
    "iam:GenerateCredentialReport",
    "iam:GetCredentialReport",
)
"""Tell what else a way in may depend on; where none does, AWS may refuse them."""

CONSOLE_READ = "signin:GetConsoleAuthorizationConfiguration"
"""Tells before the first change whether sign-ins still go as they were judged."""

_CREATIONS = (CreateGroup, CreateUser)
_READ_PREFIXES = ("Get", "List")
_SUBJECT_PARAMETERS = ("GroupName", "PolicyArn", "PolicyName", "UserName", "Path")


def apply_requests(changes: tuple[Change, ...], after: Snapshot) -> tuple[SampleRequest, ...]:
    """Return the requests of applying; `after` has the ARNs of everything that exists then."""
    rights = (SampleRequest(_RIGHTS_READ, "*", {}),) if changes else ()
    return (*_unique(_apply_calls(changes, after), changes, after), *rights)


def sign_in_requests(accounts: BeforeAfter) -> tuple[SampleRequest, ...]:
    """Return the requests that read again, before each change, what affected users sign in with.

    None are returned for a plan that enforces MFA for nobody.
    """
    if not accounts.policies or not accounts.changes:
        return ()
    arns = [user.arn for user in accounts.affected if accounts.exists_before(user)]
    return tuple(_sign_in_reads(arns))


def _optional_requests(accounts: BeforeAfter) -> Iterator[SampleRequest]:
    """Yield the reads that AWS may refuse: administrators' credentials, settings of all.

    `apply` does not stop then: it leaves out only the users who cannot be judged without them.
    """
    if accounts.policies and accounts.changes:
        administrators = (
            user.arn
            for user in accounts.before.users
            if not isinstance(accounts.administrators.of(user), Proved)
        )
        yield from _sign_in_reads(administrators)
        yield from (SampleRequest(each, "*", {}) for each in ACCOUNT_READS)


def _sign_in_reads(arns: Iterable[str]) -> Iterator[SampleRequest]:
    for arn in arns:
        yield from (SampleRequest(f"iam:{each}", arn, {}) for each in _SIGN_IN_READS)


def rollback_requests(changes: tuple[Change, ...], after: Snapshot) -> tuple[SampleRequest, ...]:
    """Return the requests of a roll-back, its reads among them."""
    return _unique(_rollback_calls(changes, after), changes, after)


def read_requests(changes: Iterable[Change], after: Snapshot) -> tuple[SampleRequest, ...]:
    """Return the requests that read the facts of these changes, and make none of them."""
    return _unique((call for change in changes for call in _reads_of(change)), (), after)


def _reads_of(change: Change) -> Iterator[IamCall]:
    subject = _subject(change.call())
    operations = change.read_operations()
    return (IamCall(operation, subject, change.service) for operation in operations)


def _apply_calls(changes: tuple[Change, ...], after: Snapshot) -> Iterator[IamCall]:
    parting = {each.person for each in changes if isinstance(each, PARTING)}
    for change in changes:
        yield change.call()
        if isinstance(change, CreateLoginProfile):
            # a run that continues after a lost answer sets the password anew
            yield change.renewal()
        if isinstance(change, AddUserToGroup) and change.user in parting:
            # read back before something else is taken away
            yield IamCall("ListGroupsForUser", {"UserName": change.user})
        yield from _reads_of(change)
        yield from affected_reads(change, after)


def _rollback_calls(changes: tuple[Change, ...], after: Snapshot) -> Iterator[IamCall]:
    for change in changes:
        yield from change.undo(change.after)
        yield from affected_reads(change, after)
        operations = (*change.read_operations(), *change.use_reads)
        if isinstance(change, AddUserToGroup):
            # nobody leaves a group to which somebody else has given a policy since
            operations = (*operations, *CreateGroup.use_reads)
        subject = _subject(change.call())
        yield from (IamCall(operation, subject, change.service) for operation in operations)


def _subject(call: IamCall) -> Mapping[str, Any]:
    """Return the parameters that say what a call is about."""
    return {key: value for key, value in call.params.items() if key in _SUBJECT_PARAMETERS}


def _unique(
    calls: Iterator[IamCall], changes: tuple[Change, ...], after: Snapshot
) -> tuple[SampleRequest, ...]:
    new = {(change.noun, change.name) for change in changes if isinstance(change, _CREATIONS)}
    asks = (
        SampleRequest(action, resource, _keys(call))
        for call in calls
        for resource in _resources(call, new, after)
        for action in _actions(call)
    )
    return tuple({(ask.action, ask.resource, str(ask.context)): ask for ask in asks}.values())


def _actions(call: IamCall) -> Iterator[str]:
    """Yield the action of a call, and those that the tags need which it sets."""
    name = f"{call.service}:{call.operation}"
    yield name
    if call.params.get("Tags"):
        yield from (permission.action for permission in tagging_permissions(name))


def _resources(call: IamCall, new: set[tuple[str, str]], after: Snapshot) -> Iterator[str]:
    """Yield the resources of a call; for something that does not exist yet also without a path."""
    resource = _resource(call, after)
    yield resource
    kind, _, name = resource.split(":", 5)[-1].partition("/")
    name = name.rpartition("/")[2]
    if call.operation.startswith(_READ_PREFIXES) and (kind, name) in new:
        yield f"{resource.partition(f':{kind}/')[0]}:{kind}/{name}"


def _resource(call: IamCall, after: Snapshot) -> str:
    """Return the resource of a call, by the Service Authorization Reference of IAM."""
    params = call.params
    if "GroupName" in params and call.operation != "ListGroupsForUser":
        return after.group_named[params["GroupName"]].arn
    if "UserName" in params:
        return after.user_named[params["UserName"]].arn
    for name in ("PolicyArn", "SerialNumber"):
        if name in params:
            return str(params[name])
    if call.operation == "ListVirtualMFADevices" or call.service == "signin":
        # of AWS Sign-In's calls no resource is published
        return "*"
    path, name = params["Path"], params["PolicyName"]
    return f"arn:{after.partition}:iam::{after.account}:policy{path}{name}"


def _keys(call: IamCall) -> dict[str, ContextValue]:
    """Return the condition keys that a call's parameters bring."""
    keys: dict[str, ContextValue] = {}
    if call.operation.startswith(("Attach", "Detach")):
        keys["iam:PolicyARN"] = call.params["PolicyArn"]
    tags = {tag["Key"]: tag["Value"] for tag in call.params.get("Tags", ())}
    names = tuple(tags) or tuple(call.params.get("TagKeys", ()))
    if names:
        keys["aws:TagKeys"] = names
    return {**keys, **{f"aws:RequestTag/{key}": value for key, value in tags.items()}}


def least_policy(
    asks: Iterable[SampleRequest], most: int = Quota.MANAGED_POLICY.number
) -> Document:
    """Return a policy that allows what is asked, and else nothing.

    Each resource is named; where that becomes longer than a managed policy may be, its last part
    is a wildcard. Policies are attached and detached under a condition on their ARN.

    Args:
        asks: the requests.
        most: how long a managed policy may be.
    """
    asked = tuple(asks)
    exact = _document(asked, wide=False)
    return exact if size(exact) <= most else _document(asked, wide=True)


def least_policy_of(accounts: BeforeAfter, *, signs_in: bool = True) -> Mapping[str, Any]:
    """Return the least policy, as JSON, for applying changes and taking them back; {} for none.

    With it, what is there already can be looked at again, too, what people sign in with, and
    whether console authorization is as it was. Of all that it allows, that and what is read of the
    account as a whole may be refused where nobody's way in hangs on it.

    Args:
        accounts: the account before and after.
        signs_in: whether it was judged how somebody signs in.
    """
    if not accounts.changes:
        return {}
    changes, after = accounts.changes, accounts.after
    doing = (
        *apply_requests(changes, after),
        *rollback_requests(changes, after),
        *sign_in_requests(accounts),
    )
    doing = (*doing, *_optional_requests(accounts))
    if signs_in and accounts.before.console_authorization is not None:
        doing = (*doing, SampleRequest(CONSOLE_READ, "*", {}))
    most = Quota.MANAGED_POLICY.number_in(after.summary)
    return to_json(least_policy((*doing, *read_requests(accounts.needless, after)), most))


def _document(asks: tuple[SampleRequest, ...], *, wide: bool) -> Document:
    by_place: dict[tuple[str, str], set[str]] = {}
    for ask in asks:
        resource = _widened(ask.resource) if wide else ask.resource
        place = (resource, str(ask.context.get(_POLICY_ARN, "")))
        by_place.setdefault(place, set()).add(ask.action)
    by_actions: dict[tuple[tuple[str, ...], str], list[str]] = {}
    for (resource, attached), actions in by_place.items():
        by_actions.setdefault((tuple(sorted(actions)), attached), []).append(resource)
    statements = [
        _statement(actions, resources, attached)
        for (actions, attached), resources in by_actions.items()
    ]
    return from_json({"Version": "2012-10-17", "Statement": statements})


def _statement(actions: tuple[str, ...], resources: list[str], attached: str) -> Mapping[str, Any]:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": resources}
    if attached:
        return {**statement, "Condition": {"ArnEquals": {_POLICY_ARN: attached}}}
    return statement


def _widened(resource: str) -> str:
    """Return a resource with a wildcard for its last part; `*`, which names none, stays."""
    *owner, name = resource.split(":", 5)
    kind, has_name, _ = name.partition("/")
    return ":".join([*owner, f"{kind}/*"]) if has_name else resource
