"""Nothing that a request makes moto do reaches out of the local AWS.

moto delivers for some services: it posts a topic's messages to whatever address has subscribed,
under the lock that every other request waits for, runs functions in containers, and works on in
threads of its own, where nobody is asked for permission. While a request is being answered, a
connection, a program or a thread is refused, whichever of moto's modules asks for it; what is known
to lead there is refused by name before anything has changed.

Source: Python's documentation, "Audit events table"; SNS API Reference, "Subscribe"; EventBridge
API Reference, "CreateApiDestination"; Firehose API Reference,
"HttpEndpointDestinationConfiguration".
"""

import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from functools import wraps
from typing import Any

from sekisho.localaws.classify import ApiCall

REACHING: ContextVar[list[str] | None] = ContextVar("REACHING", default=None)
"""What the request that is being answered has tried to reach; None where there is none."""

_MARK = "_sekisho_checked"
_EVENTS = {
    "os.exec": "a program",
    "os.fork": "a program",
    "os.forkpty": "a program",
    "os.posix_spawn": "a program",
    "os.spawn": "a program",
    "os.system": "a program",
    "pty.spawn": "a program",
    "socket.connect": "another address",
    "socket.getaddrinfo": "another address",
    "socket.gethostbyname": "another address",
    "socket.sendmsg": "another address",
    "socket.sendto": "another address",
    "subprocess.Popen": "a program",
}
_THREAD = "a thread of its own"


class ReachesOut(NotImplementedError):
    """What the local AWS does not do; clients see `NotImplemented`."""


def install() -> None:
    """Watch what is done while a request is answered; to do it again changes nothing."""
    start = threading.Thread.start
    if hasattr(start, _MARK):
        return
    # Python does not report threads before 3.12
    guarded = _guarded(start)
    setattr(guarded, _MARK, True)
    threading.Thread.start = guarded  # type: ignore[method-assign,assignment]  # as above
    sys.addaudithook(_hook)


def _hook(event: str, _: tuple[Any, ...]) -> None:
    if event in _EVENTS:
        _refuse(_EVENTS[event])


def _guarded(original: Callable[[threading.Thread], None]) -> Callable[[threading.Thread], None]:
    @wraps(original)
    def start(self: threading.Thread) -> None:
        _refuse(_THREAD)
        original(self)

    return start


def _refuse(what: str) -> None:
    reached = REACHING.get()
    if reached is not None:
        reached.append(what)
        raise ReachesOut(f"it would need {what}")


def refuse_to_reach_out(call: ApiCall) -> None:
    """Refuse a call that would have moto send something to an address of the caller's choice.

    Raises:
        ReachesOut: if it would; the message names the operation and holds no parameter.
    """
    named = any(name in _ADDRESSES for name in _names(call.params))
    protocol = str(call.params.get("Protocol", "")).lower()
    subscribes = call.service == "sns" and protocol in {"http", "https"}
    if named or subscribes or (call.service, call.operation) in _DELIVERIES:
        raise ReachesOut(
            f"{call.service}:{call.operation} would send to an address outside; "
            "nothing leaves the local AWS"
        )


_ADDRESSES = frozenset(
    {
        "HttpEndpointDestinationConfiguration",
        "HttpEndpointDestinationUpdate",
        "InvocationEndpoint",
    }
)
_DELIVERIES = frozenset(
    {
        ("events", "CreateApiDestination"),
        ("events", "UpdateApiDestination"),
    }
)


def _names(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield str(name)
            yield from _names(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _names(inner)
