"""Holding moto to what the guard has decided about.

moto works out the operation of a request a second time, by rules of its own: a JSON body that
holds `&Action=…` is enough to lead it elsewhere. So the guard says which operation it let pass,
and moto's dispatch is stopped if it has another one in mind.
"""

from contextvars import ContextVar
from functools import wraps

from moto.core.common_types import TYPE_RESPONSE
from moto.core.responses import BaseResponse

from sekisho.endpoint.refusal import Refusal

__all__ = ["EXPECTED", "install"]

EXPECTED: ContextVar[str | None] = ContextVar("EXPECTED", default=None)
"""The operation that the guard let pass and moto has not begun yet."""

_MARK = "_sekisho_pinned"


def install() -> None:
    """Put the check into moto's dispatch; to do it again changes nothing."""
    original = BaseResponse.call_action
    if hasattr(original, _MARK):
        return

    @wraps(original)
    def call_action(self: BaseResponse) -> TYPE_RESPONSE:
        expected = EXPECTED.get()
        # only the first call is the client's; what moto calls from there is moto's own
        EXPECTED.set(None)
        if expected is not None and self._get_action() != expected:
            raise Refusal("InvalidRequest", "The request can be read in two ways.", 400)
        return original(self)

    setattr(call_action, _MARK, True)
    BaseResponse.call_action = call_action  # type: ignore[method-assign]  # on purpose
