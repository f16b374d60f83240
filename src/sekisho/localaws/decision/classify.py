"""Classifying a request: its service, its operation and its parameters.

The reading is moto's own (`moto.core.routing`, `moto.core.parse`), so that the authorizer and moto
see the same request; where a request could be read in two ways, it is refused before anybody
guesses.

Services are found by the signing name in the credential scope. That name is mostly botocore's name
of the service; the tables below hold the rest, for the services that moto has. A test compares
them with botocore's models, and moto is pinned (docs/decisions/0004).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from functools import cache, lru_cache
from typing import Any

from botocore.exceptions import UnknownServiceError
from moto.backends import list_of_moto_modules
from moto.core.model import OperationModel, ServiceModel
from moto.core.parse import PROTOCOL_PARSERS, RequestDict, RequestParserError
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from werkzeug.exceptions import HTTPException

from sekisho.catalogue import iam_actions
from sekisho.lazy import dataclass
from sekisho.localaws.wire.ambiguity import AmbiguousRequest
from sekisho.localaws.wire.content import (
    Content,
    OverLimit,
    check_content,
    check_params,
    parse_form,
)
from sekisho.localaws.wire.errors import CommonError, Dialect, WireProtocol, common_refusal

SERVICES: Mapping[str, tuple[str, ...]] = {
    "aidevops": ("devops-agent",),
    "aoss": ("opensearchserverless",),
    "apigateway": ("apigateway", "apigatewayv2"),
    "aps": ("amp",),
    "aws-marketplace": ("meteringmarketplace",),
    "bedrock": ("bedrock", "bedrock-agent", "bedrock-runtime"),
    "bedrock-agentcore": ("bedrock-agentcore", "bedrock-agentcore-control"),
    "cloudhsm": ("cloudhsmv2",),
    "connect-campaigns": ("connectcampaigns",),
    "dynamodb": ("dynamodb", "dynamodbstreams"),
    "elasticfilesystem": ("efs",),
    "elasticloadbalancing": ("elb", "elbv2"),
    "elasticmapreduce": ("emr",),
    "es": ("es", "opensearch"),
    "execute-api": ("apigatewaymanagementapi",),
    "iotdata": ("iot-data",),
    "kinesisanalytics": ("kinesisanalyticsv2",),
    "kinesisvideo": ("kinesisvideo", "kinesis-video-archived-media"),
    "lex": ("lexv2-models",),
    "mediastore": ("mediastore", "mediastore-data"),
    "mobiletargeting": ("pinpoint",),
    "monitoring": ("cloudwatch",),
    "s3": ("s3", "s3control"),
    "sagemaker": ("sagemaker", "sagemaker-metrics", "sagemaker-runtime"),
    "servicecatalog": ("servicecatalog", "servicecatalog-appregistry"),
    "servicequotas": ("service-quotas",),
    "ses": ("ses", "sesv2"),
    "sso": ("sso-admin",),
    "states": ("stepfunctions",),
    "tagging": ("resourcegroupstaggingapi",),
    "timestream": ("timestream-write", "timestream-query"),
}
"""Signing names that differ from botocore's name of the service."""

_PATHS: Mapping[str, str] = {"s3control": "/v20180820/", "sesv2": "/v2/"}
"""Services that moto distinguishes from their neighbour by the path alone."""

OWN_SERVICES = frozenset({"signin"})
"""Services that moto lacks, and that are answered here."""

_MODULES: Mapping[str, str] = {"lambda": "awslambda"}


@dataclass(frozen=True, slots=True)
class ApiCall:
    """One API call.

    Attributes:
        service: botocore's name of the service.
        operation: the API operation, like `ListBuckets`.
        actions: the IAM actions that it needs, like `s3:ListAllMyBuckets`; never empty.
        params: the parameters by the names of the service model; may hold secrets.
        protocol: the protocol of the request, in which its errors are written.
        within: the operation of which this call is a part; "" if it came by itself.
    """

    service: str
    region: str
    operation: str
    actions: tuple[str, ...]
    protocol: WireProtocol
    params: Mapping[str, Any] = field(repr=False)
    within: str = ""


def protocol_of(request: Request, signing_name: str) -> WireProtocol:
    """Return the protocol of a request, as far as it is known before the request is understood."""
    for service in _candidates(request, signing_name):
        protocol = _protocol(service, request.content_type, head=request.method == "HEAD")
        if protocol is not None:
            return protocol
    target = "X-Amz-Target" in request.headers
    return WireProtocol(Dialect.JSON if target else Dialect.QUERY, head=request.method == "HEAD")


def classify(request: Request, signing_name: str, region: str) -> ApiCall:
    """Return the API call of a request.

    Raises:
        Refusal: if that is unknown, malformed, ambiguous, or nothing that moto has.
    """
    # the body as it is, before a form is read from it
    request.get_data(cache=True)
    protocol = protocol_of(request, signing_name)
    for service in _candidates(request, signing_name):
        matched = _match(request, service)
        if matched is None:
            continue
        operation, uri_params = matched
        if service != "iam" and not is_served(service, operation.name):
            # what IAM's are about is known, so that the policies are asked first
            raise common_refusal(
                CommonError.NOT_IMPLEMENTED,
                protocol.dialect,
                f"the local AWS does not serve {service}:{operation.name}",
            )
        _check_unambiguous(request, operation, protocol)
        _check_content(request, operation, protocol)
        actions = iam_actions(signing_name, operation.name)
        if not actions:
            raise common_refusal(
                CommonError.NOT_IMPLEMENTED,
                protocol.dialect,
                f"no IAM action is known for {service}:{operation.name}; it cannot be decided",
            )
        params = _params(request, operation, uri_params, protocol)
        return ApiCall(service, region, operation.name, actions, protocol, params)
    raise common_refusal(
        CommonError.UNKNOWN_OPERATION,
        protocol.dialect,
        f"The action or operation requested of {signing_name} is invalid.",
    )


_NOT_SERVED = frozenset({"apigateway", "apigatewaymanagementapi", "apigatewayv2"})
_NOT_SERVED_OF: Mapping[str, re.Pattern[str]] = {
    "dynamodb": re.compile("Execute(Statement|Transaction)"),
    "iam": re.compile("ServerCertificate|SAMLProvider|OpenIDConnectProvider"),
}


def is_served(service: str, operation: str) -> bool:
    """Return whether the local AWS has an operation.

    Operations that no rehearsal of MFA needs are left out: API Gateway, whose resources are paths
    and whose definitions of APIs name roles and policies; DynamoDB's statements of PartiQL, for
    which moto lacks a parser; server certificates; and the identity providers of federation,
    through which nobody signs in here.
    """
    pattern = _NOT_SERVED_OF.get(service)
    return service not in _NOT_SERVED and (pattern is None or pattern.search(operation) is None)


def _candidates(request: Request, signing_name: str) -> Iterator[str]:
    """Yield the services that may be meant, the likeliest first."""
    path, target = request.raw_path, request.environ.get("HTTP_X_AMZ_TARGET", "")
    by_path = _recognised_by_path(signing_name)
    for service, prefix in _known(signing_name):
        if any(path.startswith(_PATHS[other]) is not (other == service) for other in by_path):
            continue
        if target and prefix and not target.startswith(f"{prefix}."):
            continue
        yield service


@lru_cache(maxsize=1024)
def _recognised_by_path(signing_name: str) -> tuple[str, ...]:
    """Return the services of a signing name that are recognised by their path."""
    return tuple(other for other in SERVICES.get(signing_name, ()) if other in _PATHS)


@lru_cache(maxsize=1024)
def _known(signing_name: str) -> tuple[tuple[str, str | None], ...]:
    """Return the available services of a signing name, each with its prefix of targets."""
    found = []
    for service in SERVICES.get(signing_name, (signing_name,)):
        if module_of(service) not in _modules() and service not in OWN_SERVICES:
            continue
        try:
            found.append((service, get_service_model(service).metadata.get("targetPrefix")))
        except UnknownServiceError:
            continue
    return tuple(found)


def module_of(service: str) -> str:
    """Return moto's name for a service of botocore."""
    return _MODULES.get(service, service.replace("-", ""))


@cache
def _modules() -> frozenset[str]:
    return frozenset(list_of_moto_modules())


def _match(request: Request, service: str) -> tuple[OperationModel, Mapping[str, Any]] | None:
    """Return the operation that moto's router finds, with the parameters in the path."""
    model = get_service_model(service)
    if model.protocol in {"query", "ec2"}:
        version = request.values.get("Version")
        if version and version != model.api_version:
            return None
    try:
        operation, params = get_service_router(service).match(request)
    except (HTTPException, NotImplementedError):
        return None
    return operation, params


@lru_cache(maxsize=1024)
def _protocol(service: str, content_type: str | None, *, head: bool) -> WireProtocol | None:
    model = get_service_model(service)
    try:
        name = determine_request_protocol(model, content_type)
        dialect = Dialect.S3 if service == "s3" else Dialect(name)
    except (NotImplementedError, ValueError):
        return None
    protocol = WireProtocol(dialect, head=head)
    if dialect is Dialect.JSON:
        return replace(
            protocol,
            json_version=model.metadata.get("jsonVersion", "1.0"),
            query_compatible="awsQueryCompatible" in model.metadata,
        )
    return replace(protocol, namespace=model.metadata.get("xmlNamespace", ""))


def _check_unambiguous(request: Request, operation: OperationModel, protocol: WireProtocol) -> None:
    """Refuse requests that moto's dispatch might read differently from its router.

    moto reads a form before the query string where its parser reads the query string first, and
    S3's own dispatch examines subresources in its own order.
    """
    names = {name for name in request.args if not name.startswith("X-Amz-")}
    if _ambiguous(request, names, operation, protocol.dialect):
        raise common_refusal(
            CommonError.MALFORMED,
            protocol.dialect,
            "a parameter is given twice or does not belong here",
        )


def _check_content(request: Request, operation: OperationModel, protocol: WireProtocol) -> None:
    content = Content(
        request.raw_path,
        request.query_string.decode("latin-1"),
        request.content_type or "",
        request.headers.get("X-Amz-Target"),
        request.get_data(cache=True),
    )
    try:
        check_content(content, operation, protocol.dialect)
    except AmbiguousRequest as error:
        raise common_refusal(CommonError.MALFORMED, protocol.dialect, str(error)) from error


def _ambiguous(
    request: Request, names: set[str], operation: OperationModel, dialect: Dialect
) -> bool:
    match dialect:
        case Dialect.QUERY | Dialect.EC2:
            given = [
                *(name for name, _ in request.form.items(multi=True)),
                *(name for name, _ in request.args.items(multi=True)),
            ]
            return len(given) > len(set(given)) or bool(names and request.form)
        case Dialect.JSON:
            return bool(names or request.form)
        case Dialect.S3:
            return bool((names & _subresources(operation.service_model)) - _in_query(operation))
        case Dialect.REST_JSON | Dialect.REST_XML:
            return "Action" in names or bool(request.form)


@cache
def _subresources(model: ServiceModel) -> frozenset[str]:
    """Return the names of query parameters by which a REST service distinguishes operations."""
    found: set[str] = set()
    for name in model.operation_names:
        operation = model.operation_model(name)
        found.update(operation.http_trait.query_args)
        found.update(getattr(operation.input_shape, "required_query_args", ()))
    return frozenset(found)


def _in_query(operation: OperationModel) -> set[str]:
    members = getattr(operation.input_shape, "members", {})
    return set(operation.http_trait.query_args) | {
        shape.serialization.get("name", name)
        for name, shape in members.items()
        if shape.serialization.get("location") == "querystring"
    }


def _params(
    request: Request,
    operation: OperationModel,
    uri_params: Mapping[str, Any],
    protocol: WireProtocol,
) -> Mapping[str, Any]:
    try:
        params = _parsed(request, operation, uri_params, protocol)
        check_params(params, operation.input_shape)
    except AmbiguousRequest as error:
        raise common_refusal(CommonError.MALFORMED, protocol.dialect, str(error)) from error
    except OverLimit as error:
        raise common_refusal(CommonError.INVALID_VALUE, protocol.dialect, str(error)) from error
    except (
        RequestParserError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        RecursionError,
    ) as error:
        raise common_refusal(
            CommonError.MALFORMED, protocol.dialect, "the request's parameters cannot be read"
        ) from error
    return params


def _parsed(
    request: Request,
    operation: OperationModel,
    uri_params: Mapping[str, Any],
    protocol: WireProtocol,
) -> Mapping[str, Any]:
    if protocol.dialect in {Dialect.QUERY, Dialect.EC2}:
        return parse_form(request.values, operation, protocol.dialect)
    asked: RequestDict = {
        "method": request.method,
        "values": request.values,
        "headers": request.headers,
        "body": request.data,
        "url_path": request.path,
        "url_params": dict(uri_params),
    }
    name = determine_request_protocol(operation.service_model, request.content_type)
    parsed: Mapping[str, Any] = PROTOCOL_PARSERS[name](operation).parse(asked)
    return parsed
