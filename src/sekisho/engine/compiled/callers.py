"""Principals whose ARNs were read before, and how statements name them."""

import sys
from collections.abc import Sequence

from sekisho.engine.compiled.statements import ReadyStatement
from sekisho.engine.model import ContextValue, Request
from sekisho.engine.principals import Caller, CallerKind, Named, caller_of
from sekisho.errors import FaultyRequest

__all__ = ["Callers", "Faces"]

_MOST = 16_384
_MOST_FACES = 4_096
_PLAIN = {CallerKind.USER, CallerKind.ROLE, CallerKind.ROLE_SESSION}


def _read(request: Request, *, bounded: bool) -> Caller | None:
    try:
        return caller_of(request, bounded=bounded)
    except FaultyRequest:
        return None


class Callers(dict[str, tuple[str, str, str]]):
    """The parsed ARNs of users, roles and role sessions, a bounded number of them.

    For each: its account; its home, which is how the ARNs of that account's IAM resources begin;
    its stem, which is that without the account. Nothing of a request but its principal is kept.
    """

    def learn(self, request: Request) -> bool:
        """Read the request's principal; tell whether it is of a kind that is kept here."""
        caller = _read(request, bounded=False)
        if caller is None or caller.kind not in _PLAIN or caller.account is None:
            return False
        stem = sys.intern(f"arn:{caller.partition}:iam::")
        if stem != stem.lower():
            return False
        if len(self) >= _MOST:
            self.clear()
        self[request.principal] = caller.account, f"{stem}{caller.account}:", stem
        return True


class Faces(dict[tuple[str, ContextValue | None], tuple[str | None, int, int]]):
    """How the statements of one plan name those who asked, a bounded number of them.

    For each, by ARN and `aws:userid`: its account; the statements that name it, or nobody, as
    bits; and its face, a number that tells its kind and how closely each statement names it: that
    settles what else must allow.

    Args:
        bounded: whether a permissions boundary is set on who asks.
    """

    def __init__(self, statements: Sequence[ReadyStatement], *, bounded: bool) -> None:
        super().__init__()
        self._statements = statements
        self._bounded = bounded
        self._numbers: dict[tuple[object, ...], int] = {}

    def learn(self, request: Request) -> bool:
        """Read the request's principal; tell whether it is one that makes requests."""
        caller = _read(request, bounded=self._bounded)
        if caller is None:
            return False
        levels = [statement.closeness(caller) for statement in self._statements]
        bits = sum(1 << place for place, level in enumerate(levels) if level is not Named.NOT)
        if len(self) >= _MOST_FACES:
            self.clear()
        face = self._numbers.setdefault((caller.kind, *levels), len(self._numbers))
        key = request.principal, request.context.folded.get("aws:userid")
        self[key] = caller.account, bits, face
        return True
