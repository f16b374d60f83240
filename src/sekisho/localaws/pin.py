"""Holding moto to what the authorizer has decided about.

moto works out service, operation, region and parameters of a request a second time, by rules of
its own: a JSON body that holds `&Action=…` is enough to lead it elsewhere. So the authorizer says
what it let pass; region and account are set to that, and moto's dispatch is stopped if it has
another operation or another object in mind. Without a authorizer's request, moto's classes are as
it made them.
"""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import Any

from moto.core import responses
from moto.core.common_types import TYPE_RESPONSE
from moto.core.responses import BaseResponse
from moto.s3.responses import S3Response
from moto.utilities.utils import get_partition

from sekisho.errors import InternalError
from sekisho.localaws.classify import Call
from sekisho.localaws.refusal import Refusal
from sekisho.localaws.wire import Family

__all__ = ["HANDED", "PENDING", "Handed", "handed", "install"]


@dataclass(frozen=True, slots=True)
class Handed:
    """What the authorizer let pass."""

    call: Call
    account: str


HANDED: ContextVar[Handed | None] = ContextVar("HANDED", default=None)
"""What moto has been given."""

PENDING: ContextVar[Handed | None] = ContextVar("PENDING", default=None)
"""The same, until moto has begun the operation: only the first is the client's, and what moto calls
from there is moto's own."""

_MARK = "_sekisho_pinned"
_FORMS = frozenset({Family.QUERY, Family.EC2})
_SHARED = {"es": "opensearch"}
"""Services that moto answers with the class of another."""


def handed() -> Handed:
    """Return what moto has been given.

    Raises:
        InternalError: if nothing was: moto's server runs behind the authorizer only.
    """
    found = HANDED.get()
    if found is None:
        raise InternalError("moto was asked past the authorizer")
    return found


def install() -> None:
    """Put the check into moto's dispatch; to do it again changes nothing."""
    if hasattr(BaseResponse.call_action, _MARK):
        return
    call_action = _call_action(BaseResponse.call_action)
    setattr(call_action, _MARK, True)
    BaseResponse.call_action = call_action  # type: ignore[method-assign,assignment]  # on purpose
    BaseResponse.setup_class = _setup(BaseResponse.setup_class)  # type: ignore[method-assign]  # as above
    S3Response.setup_class = _setup_s3(_setup(S3Response.setup_class))  # type: ignore[method-assign]  # as above
    responses.parse_qsl = _no_json(responses.parse_qsl)  # type: ignore[attr-defined]  # as above


def _call_action(
    original: Callable[[BaseResponse], TYPE_RESPONSE],
) -> Callable[[BaseResponse], TYPE_RESPONSE]:
    @wraps(original)
    def call_action(self: BaseResponse) -> TYPE_RESPONSE:
        pending = PENDING.get()
        PENDING.set(None)
        if pending is not None:
            service = pending.call.service
            same = self.boto3_service_name in {service, _SHARED.get(service)}
            if not same or self._get_action() != pending.call.operation:
                raise _two_ways()
        return original(self)

    return call_action


def _setup(original: Callable[..., None]) -> Callable[..., None]:
    @wraps(original)
    def setup_class(self: BaseResponse, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        if (given := HANDED.get()) is not None:
            # moto would take a region out of any text in the address
            self.region, self.partition = given.call.region, get_partition(given.call.region)
            self.current_account = given.account

    return setup_class


def _setup_s3(original: Callable[..., None]) -> Callable[..., None]:
    """S3 has a dispatch of its own: it is held to the bucket and the key."""

    @wraps(original)
    def setup_class(self: S3Response, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        pending = PENDING.get()
        PENDING.set(None)
        if pending is None:
            return
        call, key = pending.call, pending.call.params.get("Key")
        if call.service != "s3" or (self.bucket_name or "") != call.params.get("Bucket", ""):
            raise _two_ways()
        if key is not None and self.parse_key_name() != key:
            raise _two_ways()

    return setup_class


def _no_json(original: Callable[..., list[tuple[str, str]]]) -> Callable[..., Any]:
    """Where a body is no form, moto shall not find parameters in it by reading it as one."""

    @wraps(original)
    def parse_qsl(text: Any, *args: Any, **kwargs: Any) -> list[tuple[str, str]]:
        given = HANDED.get()
        if given is not None and given.call.form.family not in _FORMS:
            # not empty: moto would look into the headers next
            return [("", "")]
        return original(text, *args, **kwargs)

    return parse_qsl


def _two_ways() -> Refusal:
    return Refusal("InvalidRequest", "The request can be read in two ways.", 400)
