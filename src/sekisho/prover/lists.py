"""What IAM's lists are asked about: `*`, as AWS's pages have it, or the ARN in AWS's messages.

The service authorization reference names no resource type for `iam:ListUsers` and its like, so
that only `*` can allow them, and that is what is asked. AWS's own refusals name another resource:
"not authorized to perform: iam:ListUsers on resource: arn:aws:iam::111122223333:user/". Which one
decides is not documented; where policies decide otherwise on the other, that is said.
"""

from collections.abc import Mapping
from datetime import datetime

from sekisho.engine import Assumptions, DecisionEffect, Policies, Request, decide
from sekisho.messages import Message
from sekisho.prover.credentials import Held, User, situations

__all__ = ["LISTED", "lists_in_doubt"]

LISTED: Mapping[str, str] = {
    "iam:ListGroups": "group/",
    "iam:ListInstanceProfiles": "instance-profile/",
    "iam:ListRoles": "role/",
    "iam:ListUsers": "user/",
    "iam:ListVirtualMFADevices": "mfa/",
}
"""The resource that AWS's messages name, after `arn:aws:iam::ACCOUNT:`.

Source: refusals that others have published; `iam:ListAccountAliases` is refused on `*` there.
"""

_SAID = Message(
    "{actions}: asked about `*`, as documented. On the resource that AWS's messages name, like "
    "{arn}, these policies decide otherwise: {how}."
)
_ALLOWED = Message("allowed there")
_WITHOUT_MFA = Message("allowed there without MFA")
_REFUSED = Message("refused there")
_HELD = (Held.KEY, Held.SESSION, Held.MFA_SESSION)


def lists_in_doubt(
    policies: Policies, user: User, now: datetime, assumptions: Assumptions | None = None
) -> Message | None:
    """Say which lists the policies decide otherwise on the ARN of AWS's messages; None if none.

    The context is a credential's own, without further keys.

    Raises:
        FaultyPolicy: if a document cannot be read for certain.
    """
    settings = assumptions or Assumptions()
    found: dict[str, set[tuple[Held, bool]]] = {}
    for one in situations(user, now, _HELD):
        for action, tail in LISTED.items():
            there = f"arn:{user.partition}:iam::{user.account}:{tail}"
            star, other = (
                decide(Request(user.arn, action, resource, one.values), policies, settings).effect
                is DecisionEffect.ALLOWED
                for resource in ("*", there)
            )
            if star is not other:
                found.setdefault(action, set()).add((one.held, other))
    if not found:
        return None
    arn = f"arn:{user.partition}:iam::{user.account}:{LISTED[next(iter(found))]}"
    return _SAID.filled(actions=", ".join(found), arn=arn, how=_how(set().union(*found.values())))


def _how(otherwise: set[tuple[Held, bool]]) -> Message:
    """Say the worst of it."""
    if any(allowed and not held.with_mfa for held, allowed in otherwise):
        return _WITHOUT_MFA
    return _ALLOWED if any(allowed for _, allowed in otherwise) else _REFUSED
