"""What IAM's lists are asked about: `*`, as AWS's pages have it, or the ARN in AWS's messages.

The service authorization reference names no resource type for `iam:ListUsers` and its like, so
that only `*` can allow them, and that is what is asked. AWS's own refusals name another resource:
"not authorized to perform: iam:ListUsers on resource: arn:aws:iam::111122223333:user/". Which one
decides is not documented; where policies decide otherwise on the other, that is said.
"""

from collections.abc import Mapping
from datetime import datetime

from sekisho.engine import DecisionEffect, Policies, Request, Switches, decide
from sekisho.language import Text
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

_SAID = Text(
    "{actions}: asked about `*`, as documented. On the resource that AWS's messages name, like "
    "{arn}, these policies decide otherwise: {how}.",
    "{actions}: 文書のとおり `*` に対する操作として判断しています。"
    "AWS のエラーメッセージにあるリソース ({arn} など) に対しては、"
    "このポリシーの判断が異なります: {how}。",
)
_ALLOWED = Text("allowed there", "そこでは許可されます")
_WITHOUT_MFA = Text("allowed there without MFA", "そこでは MFA なしで許可されます")
_REFUSED = Text("refused there", "そこでは拒否されます")
_HELD = (Held.KEY, Held.SESSION, Held.MFA_SESSION)


def lists_in_doubt(
    policies: Policies, user: User, now: datetime, switches: Switches | None = None
) -> Text | None:
    """Say which lists the policies decide otherwise on the ARN of AWS's messages; None if none.

    The context is a credential's own, without further keys.

    Raises:
        FaultyPolicy: if a document cannot be read for certain.
    """
    settings = switches or Switches()
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


def _how(otherwise: set[tuple[Held, bool]]) -> Text:
    """Say the worst of it."""
    if any(allowed and not held.with_mfa for held, allowed in otherwise):
        return _WITHOUT_MFA
    return _ALLOWED if any(allowed for _, allowed in otherwise) else _REFUSED
