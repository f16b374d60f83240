"""Gaps of snapshots, written short."""

from sekisho.account import Gap, ResourceKind, ResourceRef
from sekisho.messages import verbatim


def gap_at(operation: str, about: str = "", reason: str = "AccessDenied: no") -> Gap:
    """Return a gap.

    Args:
        operation: the call.
        about: "" for the account, otherwise `KIND NAME`, like `user taro`, or `KIND NAME of OWNER`.
        reason: `CODE: MESSAGE`, or a message alone.
    """
    code, colon, message = reason.partition(": ")
    if not colon:
        code, message = "", reason
    return Gap(operation, resource(about), verbatim(message), code)


def resource(about: str) -> ResourceRef:
    """Return the resource that `about` names, as in `gap_at`."""
    kind, _, rest = about.partition(" ")
    name, _, owner = rest.partition(" of ")
    return ResourceRef(ResourceKind(kind or "account"), name, owner)
