"""Problems of a plan that need no proof: quotas, gaps, expired exceptions, other uses. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from sekisho.account import (
    OPTIONAL_READS,
    READS,
    Gap,
    ManagedPolicy,
    ResourceKind,
    Snapshot,
    User,
)
from sekisho.audit.enforcement import enforcements_of
from sekisho.audit.exceptions import Exemption
from sekisho.messages import Message, verbatim
from sekisho.policy import Quota
from sekisho.prover import Enforced
from sekisho.rollout.changes.model import Change, Forecast
from sekisho.rollout.changes.policies import CreatePolicyVersion
from sekisho.rollout.goal.model import Goal
from sekisho.rollout.planning.before_after import BeforeAfter
from sekisho.rollout.planning.plan import PlanNote

EXCEPTION_EXPIRED = Message(
    "The exceptions of these users have expired, so MFA is enforced for them (break-glass users "
    "stay unaffected). Renew the exceptions, or delete them from the file."
)
GAP = Message("Something that this plan depends on could not be read: {what}.")
GAP_OF = Message("{what} ({cause})")
MEANT_UNREAD = Message(
    "Whether the goal covers these users is unknown: what its selector needs could not be read."
)
QUOTA = Message("A quota of AWS would be exceeded: {what}{unread}. {fix}")
BY_DEFAULT = Message(
    " (AWS's default: the account's own quota was not read, for which collecting needs "
    "`iam:GetAccountSummary`)"
)
ROOM_FOR_A_POLICY = Message(
    "Detach one that is not needed, put two into one, enforce MFA through a group, or ask AWS for "
    "a higher quota. What is in `replaces` goes only after its place is taken, and makes no room."
)
ROOM_IN_A_GROUP = Message(
    "Detach one that the group does not need, put two into one, or enforce MFA "
    "through another group."
)
ROOM_FOR_A_GROUP = Message(
    "Take the user out of a group that is not needed, or enforce MFA without a "
    "group: leave `group` out."
)
ROOM_FOR_ONE_MORE_POLICY = Message(
    "Delete a customer managed policy that nobody needs, or ask AWS for a higher quota."
)
ROOM_FOR_ONE_MORE_GROUP = Message(
    "Delete a user group that nobody needs, enforce MFA without a group (leave `group` out), or "
    "ask AWS for a higher quota."
)
ROOM_FOR_A_USER = Message("Delete a user whom nobody needs.")
VERSIONS = Message(
    "A quota of AWS would be exceeded: `{arn}` has {count} versions ({versions}; the default is "
    "{default}) and can have no more. sekisho deletes none, because a deleted version cannot be "
    "restored. If nobody needs the oldest, delete it and plan again: `aws iam "
    "delete-policy-version --policy-arn {arn} --version-id {oldest}`."
)
USED_ELSEWHERE = Message(
    "The new version of `{arn}` will also apply to these roles, or as the permissions boundary "
    "of these users and roles, which are not part of the goal. Give the goal's policy another "
    "name, or detach this one from them."
)
OVERWRITES = Message(
    "The current text of this policy is not proved to enforce MFA, and is replaced. Somebody "
    "may have made it for another purpose. A roll-back restores it."
)

_FIXES = {
    Quota.POLICIES_PER_USER: ROOM_FOR_A_POLICY,
    Quota.POLICIES_PER_GROUP: ROOM_IN_A_GROUP,
    Quota.GROUPS_PER_USER: ROOM_FOR_A_GROUP,
    Quota.POLICIES: ROOM_FOR_ONE_MORE_POLICY,
    Quota.GROUPS: ROOM_FOR_ONE_MORE_GROUP,
    Quota.USERS: ROOM_FOR_A_USER,
}
"""How somebody can make room."""


def expired_exceptions(entries: Iterable[Exemption], now: datetime) -> Iterator[PlanNote]:
    """Yield that exceptions have expired, and whose they are."""
    names = tuple(each.user for each in entries if each.expired(now))
    if names:
        yield PlanNote("exception-expired", EXCEPTION_EXPIRED, names)


def over_quotas(before: Snapshot, after: Snapshot, changes: Iterable[Change]) -> Iterator[PlanNote]:
    """Yield the quotas that would be exceeded, and were not before.

    Counted by the account's own quotas, and by AWS's defaults where those were not read; change by
    change, for what is attached before something else is detached counts meanwhile.
    """
    yield from _over_the_accounts(before, after)
    most: dict[tuple[Quota, str], int] = {}
    account = Forecast(before)
    for change in changes:
        had = dict(_held(account, change))
        change.forecast(account)
        for key, used in _held(account, change):
            if used > had.get(key, 0):
                most[key] = max(used, most.get(key, 0))
    for (quota, name), used in most.items():
        yield from _over_quota(used, quota, name, before.summary)


def _held(account: Forecast, change: Change) -> Iterator[tuple[tuple[Quota, str], int]]:
    """Yield how much the user and the group have that a change is about, by quota and name."""
    if user := account.users.get(change.person):
        yield (Quota.POLICIES_PER_USER, user.name), len(user.attached)
        yield (Quota.GROUPS_PER_USER, user.name), len(user.groups)
    if group := account.groups.get(str(change.subject().get("GroupName", ""))):
        yield (Quota.POLICIES_PER_GROUP, group.name), len(group.attached)


def _over_the_accounts(before: Snapshot, after: Snapshot) -> Iterator[PlanNote]:
    """Yield of what an account would come to have more than it may; what AWS counts is believed."""
    summary, counts = before.summary, _counts(before)
    for name, (quota, number) in _counts(after).items():
        made = number - counts[name][1]
        if made > 0:
            used = max(summary.get(name, 0), counts[name][1]) + made
            yield from _over_quota(used, quota, after.account, summary)


def _counts(snapshot: Snapshot) -> Mapping[str, tuple[Quota, int]]:
    """Return how many an account has, by AWS's names in the account summary."""
    own = sum(not policy.aws_managed for policy in snapshot.policies.values())
    return {
        "Policies": (Quota.POLICIES, own),
        "Groups": (Quota.GROUPS, len(snapshot.groups)),
        "Users": (Quota.USERS, len(snapshot.users)),
    }


def _over_quota(
    used: int, quota: Quota, name: str, summary: Mapping[str, int]
) -> Iterator[PlanNote]:
    most = quota.number_in(summary)
    if used > most:
        what = f"`{name}`: {quota.message(name, most)}"
        unread = verbatim("") if quota.value.summary in summary else BY_DEFAULT
        text = QUOTA.filled(what=what, unread=unread, fix=_FIXES[quota])
        yield PlanNote("quota", text, (name,))


def no_room_for_a_version(policy: ManagedPolicy, summary: Mapping[str, int]) -> Iterator[PlanNote]:
    """Yield why a policy cannot have another version, and how somebody can make room.

    A plan deletes none: it could never be brought back.
    """
    if len(policy.versions) < Quota.VERSIONS_PER_POLICY.number_in(summary):
        return
    # AWS counts versions up and never gives a number twice
    names = sorted(policy.versions, key=lambda name: (len(name), name))
    oldest = next(name for name in names if name != policy.default_version)
    dated = [
        f"{name} {policy.made_at[name]:%Y-%m-%d}" if name in policy.made_at else name
        for name in names
    ]
    values = {"arn": policy.arn, "count": len(names), "versions": ", ".join(dated)}
    text = VERSIONS.filled(**values, default=policy.default_version, oldest=oldest)
    yield PlanNote("quota", text, (policy.arn,))


def used_elsewhere(changes: Iterable[Change], before: Snapshot) -> Iterator[PlanNote]:
    """Yield the roles, and the boundaries, for which a new version decides as well.

    No goal is about them: MFA enforcement as a boundary leaves nobody anything but enrolling,
    and a role's
    session has no MFA that MFA enforcement would take.
    """
    for arn in _arns(changes):
        names = tuple(_others(arn, before))
        if names:
            yield PlanNote("used-elsewhere", USED_ELSEWHERE.filled(arn=arn), names)


def no_enforcement(changes: Iterable[Change], before: Snapshot) -> Iterator[PlanNote]:
    """Yield the policies whose document is replaced and is not proved to enforce MFA by itself."""
    for arn in _arns(changes):
        user = f"arn:{before.partition}:iam::{before.account}:user/anybody"
        anybody = User("anybody", "/", user, "", attached=(arn,))
        alone = replace(before, users=(anybody,), groups=(), gaps=(), scps=None)
        if enforcements_of(alone)["anybody"].enforced is not Enforced.PROVED:
            yield PlanNote("overwrites", OVERWRITES, (arn,))


def _arns(changes: Iterable[Change]) -> Iterator[str]:
    return (change.arn for change in changes if isinstance(change, CreatePolicyVersion))


def _others(arn: str, snapshot: Snapshot) -> Iterator[str]:
    for role in snapshot.roles:
        if arn in role.attached:
            yield f"role {role.name}"
    for kind, holders in (("role", snapshot.roles), ("user", snapshot.users)):
        yield from (f"boundary of {kind} {each.name}" for each in holders if each.boundary == arn)


_SCPS = Message(
    "The service control policies could not be read. The checks everyone-gets-in, "
    "caller-keeps-access, administrator-remains and works-with-mfa do not consider them, so "
    "more may be denied than they say."
)
_DEVICES = Message(
    "The virtual MFA devices could not be listed. The check everyone-gets-in does not consider "
    "unassigned devices, whose names may block a new one."
)
_REPORT = Message(
    "The credential report could not be read. The check everyone-gets-in does not consider "
    "expired passwords."
)
_LAST_USED = Message(
    "When access keys were last used could not be read. The check keys-in-use assumes that they "
    "are in use."
)
_OTHERS = Message(
    "SSH keys, signing certificates and service-specific credentials could not be read. The "
    "check credentials-in-use assumes that they exist and are in use."
)
_CONSOLE = Message(
    "Whether console authorization is enabled could not be read. The check everyone-gets-in "
    "assumes that it is disabled. Where it is enabled, users without a device may get no "
    "console session and cannot enrol."
)
_NO_CHECK = Message("This could not be read, but no check of this plan needs it.")
_BESIDE: Mapping[str, Message] = {
    **{read.operation: _SCPS for read in READS if read.service == "organizations"},
    "ListVirtualMFADevices": _DEVICES,
    "GetConsoleAuthorizationConfiguration": _CONSOLE,
    "GenerateCredentialReport": _REPORT,
    "GetCredentialReport": _REPORT,
    "GetAccessKeyLastUsed": _LAST_USED,
    "ListServiceSpecificCredentials": _OTHERS,
    "ListSSHPublicKeys": _OTHERS,
    "ListSigningCertificates": _OTHERS,
}


def unjudged_gaps(accounts: BeforeAfter, goal: Goal) -> Iterator[PlanNote]:
    """Yield the gaps that leave a plan unjudged: of everything, or of somebody it is about."""
    snapshot = accounts.before
    judged = {user.name for user in (*accounts.affected, *accounts.targets)}
    judged |= {*accounts.break_glass, accounts.caller.arn.rsplit("/", 1)[-1]}
    changed = {getattr(change, "arn", "") for change in accounts.changes}
    names: dict[Message, dict[str, None]] = {}
    for gap in snapshot.gaps:
        subject = gap.resource.owner or gap.resource.name
        holders = None if subject in changed else _users_of(gap, accounts)
        whom = (gap.resource.label,) if holders is None else sorted(holders & judged)
        if gap.operation not in OPTIONAL_READS and (holders is None or whom):
            noted = names.setdefault(GAP_OF.filled(what=gap.operation, cause=gap.cause), {})
            noted |= dict.fromkeys(filter(None, whom))
    yield from (PlanNote("gap", GAP.filled(what=what), tuple(whom)) for what, whom in names.items())
    if goal.unread:
        yield PlanNote("gap", MEANT_UNREAD, goal.unread)


def _users_of(gap: Gap, accounts: BeforeAfter) -> set[str] | None:
    """Return the users for whom it matters what was not read; None if it is not about users."""
    snapshot, about = accounts.before, gap.resource
    match about.kind:
        case ResourceKind.USER:
            return {about.name} & snapshot.user_named.keys() or None
        case ResourceKind.USER_POLICY:
            return {about.owner}
        case ResourceKind.GROUP_POLICY:
            return {user.name for user in snapshot.users if about.owner in user.groups}
        case ResourceKind.MANAGED_POLICY | ResourceKind.POLICY_VERSION:
            arn = about.owner or about.name
            groups = {group.name for group in snapshot.groups if arn in group.attached}
            caller = accounts.caller.arn.split("/")
            if any(arn in (*r.attached, r.boundary) for r in snapshot.roles if r.name in caller):
                return None
            return {
                user.name
                for user in snapshot.users
                if arn in (*user.attached, user.boundary) or not groups.isdisjoint(user.groups)
            }
        case _:
            return None


def console_unread(snapshot: Snapshot) -> Iterator[PlanNote]:
    """Yield that it is not known whether a sign-in without MFA may be kept from the console."""
    if gap := snapshot.gap_of("GetConsoleAuthorizationConfiguration"):
        yield PlanNote("unread", _CONSOLE, (gap.operation,))


def unread_notes(snapshot: Snapshot) -> Iterator[PlanNote]:
    """Yield the other gaps of the snapshot, with the checks that they leave uncertain."""
    names: dict[Message, dict[str, None]] = {}
    for gap in snapshot.gaps:
        if gap.operation in OPTIONAL_READS:
            what = f"{gap.operation} {gap.resource.label}".rstrip()
            names.setdefault(_BESIDE.get(gap.operation, _NO_CHECK), {})[what] = None
    yield from (PlanNote("unread", text, tuple(whats)) for text, whats in names.items())
