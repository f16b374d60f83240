"""What moto does in one service while it answers a call to another.

At AWS, what a service does for its caller in another service is asked about: the caller's policies,
a role's, or a resource's. Here only the call itself is. So a call may use another service's state
only if it is among those below, where AWS lets the service look or act for itself, or if the
permission was asked (`resources`). Anything else is stopped, at moto's own way to its state, and
answered `NotImplemented`; what is known to lead there is refused by name before anything changes.

Source: the services' guides on "using service-linked roles", and their "actions, resources, and
condition keys" in the Service Authorization Reference (dependent actions).
"""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from moto.core.base_backend import BackendDict

from sekisho.localaws.classify import ApiCall
from sekisho.localaws.forward import FORWARDED

_MARK = "_sekisho_checked"

_ONE: tuple[frozenset[str], ...] = (
    frozenset({"apigateway", "apigatewayv2", "apigatewaymanagementapi"}),
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
"""Services that share a state: several doors to one."""

_GROUND = frozenset({"autoscaling", "ec2", "elb", "elbv2", "iam", "kms"})
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
    "wafv2": frozenset({"apigateway"}),
    "workspaces": frozenset({"ds"}),
}
"""What else a service may use: its service-linked role acts there, or the caller was asked, as for
the code of a function in a bucket."""

_READS_ALL = frozenset(
    {
        ("resourcegroupstaggingapi", "GetResources"),
        ("resourcegroupstaggingapi", "GetTagKeys"),
        ("resourcegroupstaggingapi", "GetTagValues"),
    }
)
"""Calls that read the tags of every service, for which AWS asks for their own action alone."""


class ActsElsewhere(NotImplementedError):
    """What the local AWS does not do; clients see `NotImplemented`."""


def install() -> None:
    """Put the check where moto gets a service's state; to do it again changes nothing."""
    if hasattr(BackendDict.__getitem__, _MARK):
        return
    checked = _checked(BackendDict.__getitem__)
    setattr(checked, _MARK, True)
    BackendDict.__getitem__ = checked  # type: ignore[method-assign]  # on purpose


def _checked(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def getitem(self: BackendDict[Any], account: str) -> Any:
        given = FORWARDED.get()
        if given is not None and not _may_use(given.call, self.service_name):
            raise ActsElsewhere(f"{_named(given.call)} would act in {self.service_name}")
        return original(self, account)

    return getitem


def _may_use(call: ApiCall, other: str) -> bool:
    own = call.service
    return (
        own == other
        or other in _GROUND
        or other in _USES.get(own, ())
        or any(own in each and other in each for each in _ONE)
        or (own, call.operation) in _READS_ALL
    )


def refuse_to_act_elsewhere(call: ApiCall) -> None:
    """Refuse a call that would have its service act in another one, now or later.

    Raises:
        ActsElsewhere: if it would; the message names the operation and holds no parameter.
    """
    if (call.service, call.operation) in _SETTINGS or _sets_delivery(call):
        raise ActsElsewhere(
            f"{_named(call)} would have the service act in another one, where nobody is asked"
        )


def _named(call: ApiCall) -> str:
    return f"{call.service}:{call.operation}"


_SETTINGS = frozenset(
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
"""Calls by which a template, a delivery or an export gets to work."""


def _sets_delivery(call: ApiCall) -> bool:
    """Whether the call subscribes something of another service to a topic."""
    subscribes = call.service == "sns" and call.operation == "Subscribe"
    return subscribes and str(call.params.get("Protocol")) in {"firehose", "lambda", "sqs"}
