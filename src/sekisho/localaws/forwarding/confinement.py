"""The confinement of a call to its own service, and to the local AWS.

At AWS, what a service does for its caller in another service is asked about: the caller's policies,
a role's, or a resource's. Here only the call itself is. So a call may use another service's state
only if it is among those below, where AWS lets the service look or act for itself, or if the
permission was asked (`resources`). And nothing that a call makes moto do reaches out: moto posts a
topic's messages to whatever address has subscribed, under the lock that every other request waits
for, runs functions in containers, and works on in threads of its own, where nobody is asked.

Both are refused twice: by name where they are known, before anything changes; and at moto's own way
to another service's state, to a connection, a program or a thread, while a call is being answered.
Clients see `NotImplemented`.

Sources: the services' guides on "using service-linked roles", and their "actions, resources, and
condition keys" in the Service Authorization Reference (dependent actions); SNS API Reference,
"Subscribe"; EventBridge API Reference, "CreateApiDestination"; Firehose API Reference,
"HttpEndpointDestinationConfiguration"; Python's documentation, "Audit events table".
"""

import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from moto.core.base_backend import BackendDict

from sekisho.localaws.decision.classify import ApiCall

_MARK = "_sekisho_checked"


class OutsideService(NotImplementedError):
    """A call would act outside its service; the text names the operation and no parameter."""


@dataclass(slots=True)
class _Confined:
    """The call that is being answered, and the targets that it has tried to reach."""

    call: ApiCall
    reached: list[str] = field(default_factory=list)


_CONFINED: ContextVar[_Confined | None] = ContextVar("_CONFINED", default=None)


def install_confinement() -> None:
    """Install the checks in moto's code; repeated calls have no effect."""
    start = threading.Thread.start
    if hasattr(start, _MARK):
        return
    # Python does not report threads before 3.12
    guarded = _guarded(start)
    setattr(guarded, _MARK, True)
    threading.Thread.start = guarded  # type: ignore[method-assign,assignment]  # on purpose
    BackendDict.__getitem__ = _checked(BackendDict.__getitem__)  # type: ignore[method-assign]  # as above
    sys.addaudithook(_hook)


@contextmanager
def confine(call: ApiCall) -> Iterator[None]:
    """Stop actions beyond the call while moto answers it.

    Raises:
        OutsideService: if moto has tried, even if it went on as if nothing were amiss.
    """
    current = _Confined(call)
    token = _CONFINED.set(current)
    try:
        yield
    finally:
        _CONFINED.reset(token)
        if current.reached:
            raise OutsideService(f"{_call_name(call)} would need {current.reached[0]}")


def _call_name(call: ApiCall) -> str:
    return f"{call.service}:{call.operation}"


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


def _hook(
    event: str,
    _: tuple[Any, ...],
    *,
    # no hook can be taken off: at its end Python calls it when the module's own names are gone
    events: Mapping[str, str] = _EVENTS,
    confined: ContextVar[_Confined | None] = _CONFINED,
) -> None:
    if event in events and confined.get() is not None:
        _refuse(events[event])


def _guarded(original: Callable[[threading.Thread], None]) -> Callable[[threading.Thread], None]:
    @wraps(original)
    def start(self: threading.Thread) -> None:
        _refuse(_THREAD)
        original(self)

    return start


def _refuse(what: str) -> None:
    current = _CONFINED.get()
    if current is not None:
        current.reached.append(what)
        raise OutsideService(f"it would need {what}")


_SHARED_STATES: tuple[frozenset[str], ...] = (
    frozenset({"batch", "ecs"}),
    frozenset({"dynamodb", "dynamodbstreams"}),
    frozenset({"ebs", "ec2"}),
    frozenset({"es", "opensearch"}),
    frozenset({"iam", "sts"}),
    frozenset({"iot", "iot-data"}),
    frozenset({"kinesisvideo", "kinesis-video-archived-media"}),
    frozenset({"lexv2-models", "lex"}),
    frozenset({"mediastore", "mediastore-data"}),
    frozenset({"neptune", "rds"}),
    frozenset({"route53", "route53domains"}),
    frozenset({"s3", "s3control"}),
    frozenset({"sagemaker", "sagemaker-metrics", "sagemaker-runtime"}),
    frozenset({"ses", "sesv2"}),
    frozenset({"timestream-query", "timestream-write"}),
)
"""Services with a common state."""

_USED_BY_ALL = frozenset({"autoscaling", "ec2", "elb", "elbv2", "iam", "kms"})
"""Subnets, groups, default keys and roles, at which services look before they make something; and
what moto gets the state of as soon as it does for EC2's."""

_USES: Mapping[str, frozenset[str]] = {
    "elb": frozenset({"acm"}),
    "elbv2": frozenset({"acm"}),
    "kinesis": frozenset({"cloudwatch"}),
    "lambda": frozenset({"logs", "s3"}),
    "organizations": frozenset({"account"}),
    "ram": frozenset({"organizations"}),
    "route53": frozenset({"logs"}),
    "securityhub": frozenset({"organizations"}),
    "workspaces": frozenset({"ds"}),
}
"""Other services that a service may use: by its service-linked role, or by a permission that is
checked, as for the code of a function in a bucket."""

_READS_ALL = frozenset(
    {
        ("resourcegroupstaggingapi", "GetResources"),
        ("resourcegroupstaggingapi", "GetTagKeys"),
        ("resourcegroupstaggingapi", "GetTagValues"),
    }
)
"""Calls that read the tags of all services and need only their own action."""


def _checked(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def getitem(self: BackendDict[Any], account: str) -> Any:
        current = _CONFINED.get()
        if current is not None and not _may_use(current.call, self.service_name):
            raise OutsideService(f"{_call_name(current.call)} would act in {self.service_name}")
        return original(self, account)

    return getitem


def _may_use(call: ApiCall, other: str) -> bool:
    own = call.service
    return (
        own == other
        or other in _USED_BY_ALL
        or other in _USES.get(own, ())
        or any(own in each and other in each for each in _SHARED_STATES)
        or (own, call.operation) in _READS_ALL
    )


def refuse_outside_service(call: ApiCall) -> None:
    """Refuse a call by which its service would act in another one or send outside.

    Raises:
        OutsideService: if it would.
    """
    if (call.service, call.operation) in _OUTSIDE or _sends_outside(call):
        raise OutsideService(
            f"{_call_name(call)} would send to an address outside; nothing leaves the local AWS"
        )
    if (call.service, call.operation) in _ELSEWHERE or _delivers(call):
        raise OutsideService(
            f"{_call_name(call)} would have the service act in another one, where nobody is asked"
        )


_OUTSIDE = frozenset({("events", "CreateApiDestination"), ("events", "UpdateApiDestination")})
_ADDRESSES = frozenset(
    {
        "HttpEndpointDestinationConfiguration",
        "HttpEndpointDestinationUpdate",
        "InvocationEndpoint",
    }
)
"""Parameters with an address, in any operation."""


def _sends_outside(call: ApiCall) -> bool:
    return _subscribes(call, {"http", "https"}) or any(
        name in _ADDRESSES for name in _names(call.params)
    )


def _names(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield str(name)
            yield from _names(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _names(inner)


_ELSEWHERE = frozenset(
    {
        ("cloudformation", "CreateChangeSet"),
        ("cloudformation", "CreateStack"),
        ("cloudformation", "CreateStackInstances"),
        ("cloudformation", "CreateStackSet"),
        ("cloudformation", "ExecuteChangeSet"),
        ("cloudformation", "UpdateStack"),
        ("cloudformation", "UpdateStackInstances"),
        ("cloudformation", "UpdateStackSet"),
        ("dynamodb", "ExportTableToPointInTime"),
        ("dynamodb", "ImportTable"),
        ("events", "PutTargets"),
        ("lambda", "CreateEventSourceMapping"),
        ("lambda", "UpdateEventSourceMapping"),
        ("logs", "CreateExportTask"),
        ("logs", "PutSubscriptionFilter"),
        ("s3", "PutBucketNotification"),
        ("s3", "PutBucketNotificationConfiguration"),
        ("s3", "PutBucketReplication"),
    }
)
"""Calls that start a template, a delivery or an export."""


def _delivers(call: ApiCall) -> bool:
    return _subscribes(call, {"firehose", "lambda", "sqs"})


def _subscribes(call: ApiCall, protocols: set[str]) -> bool:
    """Return whether the call subscribes an endpoint with one of the protocols to a topic."""
    subscribes = call.service == "sns" and call.operation == "Subscribe"
    return subscribes and str(call.params.get("Protocol", "")).lower() in protocols
