"""Principals whose ARNs were read before."""

from sekisho.engine.model import Request
from sekisho.engine.principals import CallerKind, caller_of
from sekisho.errors import FaultyRequest

__all__ = ["Callers"]

_MOST = 16_384
_PLAIN = {CallerKind.USER, CallerKind.ROLE, CallerKind.ROLE_SESSION}


class Callers(dict[str, tuple[str, str, str]]):
    """The parsed ARNs of users, roles and role sessions, a bounded number of them.

    For each: its account; its home, which is how the ARNs of that account's IAM resources begin;
    its stem, which is that without the account. Nothing of a request but its principal is kept.
    """

    def learn(self, request: Request) -> bool:
        """Read the request's principal; tell whether it is of a kind that is kept here."""
        try:
            caller = caller_of(request, bounded=False)
        except FaultyRequest:
            return False
        stem = f"arn:{caller.partition}:iam::"
        if caller.kind not in _PLAIN or caller.account is None or stem != stem.lower():
            return False
        if len(self) >= _MOST:
            self.clear()
        self[request.principal] = caller.account, f"{stem}{caller.account}:", stem
        return True
