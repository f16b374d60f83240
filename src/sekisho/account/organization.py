"""The service control policies over an account, where Organizations can be read.

Source: AWS Organizations API Reference; Organizations User Guide, "SCP evaluation": at every level
from the root to the account something must allow, and the management account is not affected.
"""

from sekisho.account.calls import Item, ReadingRun
from sekisho.account.model import THE_ACCOUNT, ResourceKind, ResourceRef
from sekisho.engine import AttachedPolicy, Level
from sekisho.messages import Message
from sekisho.policy import PolicyKind

_SCP = "SERVICE_CONTROL_POLICY"
_NO_ORGANISATION = ("AWSOrganizationsNotInUseException",)
_NO_PARENT = Message("`{child}` has no parent")
_TOO_DEEP = Message("more than {levels} levels above the account")
_DEEPEST = 7
"""A root, five levels of OUs at most, and the account (Organizations quotas)."""


def read_scps(reading: ReadingRun, account: str) -> tuple[Level, ...] | None:
    """Return the SCPs level by level from the root down to the account.

    Empty where none applies: in the management account, or where SCPs are not enabled. None if the
    account is in no organisation, or, with a gap, if a part could not be read.
    """
    answer = reading.call("DescribeOrganization", absent=_NO_ORGANISATION)
    if answer is None:
        return None
    if answer["Organization"].get("MasterAccountId") == account:
        return ()
    enabled = _enabled(reading)
    if not enabled:
        return None if enabled is None else ()
    chain = _chain(reading, account)
    levels = [_level(reading, target) for target in chain or ()]
    found = [level for level in levels if level is not None]
    return tuple(found) if chain and len(found) == len(levels) else None


def _enabled(reading: ReadingRun) -> bool | None:
    """Return whether SCPs are enabled in the organisation; None if it could not be read."""
    roots = reading.items("ListRoots", "Roots")
    if roots is None:
        return None
    types = (kind for root in roots for kind in root.get("PolicyTypes", ()))
    return any(kind["Type"] == _SCP and kind["Status"] == "ENABLED" for kind in types)


def _chain(reading: ReadingRun, account: str) -> list[str] | None:
    """Return the ids from the root down to the account; None if a parent could not be read."""
    chain = [account]
    while len(chain) < _DEEPEST:
        parents = reading.items("ListParents", "Parents", ChildId=chain[0])
        if not parents:
            if parents is not None:
                reading.gap("ListParents", THE_ACCOUNT, _NO_PARENT.filled(child=chain[0]))
            return None
        chain.insert(0, parents[0]["Id"])
        if parents[0]["Type"] == "ROOT":
            return chain
    reading.gap("ListParents", THE_ACCOUNT, _TOO_DEEP.filled(levels=_DEEPEST))
    return None


def _level(reading: ReadingRun, target: str) -> Level | None:
    items = reading.items("ListPoliciesForTarget", "Policies", TargetId=target, Filter=_SCP)
    if items is None:
        return None
    found = [_policy(reading, item) for item in sorted(items, key=lambda item: str(item["Id"]))]
    policies = tuple(policy for policy in found if policy is not None)
    return Level(target, policies) if len(policies) == len(found) else None


def _policy(reading: ReadingRun, item: Item) -> AttachedPolicy | None:
    about = ResourceRef(ResourceKind.SERVICE_CONTROL_POLICY, item["Id"])
    answer = reading.call("DescribePolicy", about, PolicyId=item["Id"])
    if answer is None:
        return None
    content = answer["Policy"]["Content"]
    document = reading.document(content, about, PolicyKind.SCP, "DescribePolicy")
    return None if document is None else AttachedPolicy(item["Arn"], document)
