"""Requests as botocore really sends them, verified and understood; and what cannot be understood.

This is also the test for a new moto: the authorizer reads requests with moto's own, internal,
parsers.

Reads `localaws.decision.classify` itself, because what a request is taken for is seen from no
answer.
"""

import io
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from typing import Any

import botocore.session
import pytest
from moto.backends import list_of_moto_modules
from moto.core.request import Request
from moto.core.utils import service_name_from_moto_package_name

from botocore_fuzz import environ_of, requests_of
from sekisho.catalogue import iam_actions
from sekisho.localaws import authorizer
from sekisho.localaws.decision.classify import SERVICES, ApiCall, classify, is_served
from sekisho.localaws.wire import sigv4
from sekisho.localaws.wire.errors import Dialect, Refusal

KEY = ("AKIAEXAMPLEEXAMPLE00", "example/secret/example/secret/example/se")

ALIASES = {
    "GetBucketLifecycle": "GetBucketLifecycleConfiguration",
    "GetBucketNotification": "GetBucketNotificationConfiguration",
    "PutBucketLifecycle": "PutBucketLifecycleConfiguration",
    "PutBucketNotification": "PutBucketNotificationConfiguration",
}
"""Deprecated S3 operations that share their request with another; the IAM action is the same."""

SIGNED_ELSEWHERE = {"ListDirectoryBuckets", "WriteGetObjectResponse"}
"""Operations of S3 that are signed for another service, which moto does not have."""


def understood(environ: dict[str, Any]) -> ApiCall:
    exchange = authorizer._Exchange.of(environ)
    authorizer._read_body(exchange)
    http = authorizer._http(exchange)
    signed = sigv4.parse(http)
    assert signed is not None
    sigv4.verify(http, signed, KEY[1], datetime.now(UTC))
    return classify(exchange.request, signed.service, signed.region)


SERVICES_TRIED = {
    "iam": 170,
    "sts": 9,
    "s3": 105,
    "ec2": 780,
    "sqs": 23,
    "sns": 42,
    "dynamodb": 55,
    "kms": 53,
    "lambda": 80,
    "elbv2": 51,
    "sesv2": 110,
    "cloudwatch": 45,
    "timestream-query": 15,
    "dynamodbstreams": 4,
}
"""Services, each with how many of its operations must be understood at least, or not be served."""


@pytest.mark.parametrize("service", SERVICES_TRIED)
def test_every_operation_is_verified_and_understood(service: str) -> None:
    signing_name = _signing_name(service)
    right = 0
    for name, request in requests_of(service, KEY):
        actions = iam_actions(signing_name, ALIASES.get(name, name))
        call = _call(environ_of(request))
        if isinstance(call, Refusal):
            # known to botocore and to no catalogue yet, or to moto: refused, by name
            assert call.code in {"NotImplemented", "InvalidAction"}, name
            served = is_served(service, name)
            assert not actions or not served or name in SIGNED_ELSEWHERE, name
            right += not served
            continue
        assert call.operation == ALIASES.get(name, name)
        # some operations stand in two services of one signing name, and are the same
        assert call.service in SERVICES.get(signing_name, (service,))
        assert call.actions == actions
        right += 1
    assert right >= SERVICES_TRIED[service]


def _call(environ: dict[str, Any]) -> ApiCall | Refusal:
    try:
        return understood(environ)
    except Refusal as refusal:
        return refusal


@cache
def _signing_name(service: str) -> str:
    loader = botocore.session.get_session().get_component("data_loader")
    metadata = loader.load_service_model(service, "service-2")["metadata"]
    return str(metadata.get("signingName", metadata["endpointPrefix"]))


def test_the_table_of_signing_names_is_botocores() -> None:
    """For every service that moto has."""
    loader = botocore.session.get_session().get_component("data_loader")
    known = set(loader.list_available_services("service-2"))
    found: dict[str, set[str]] = {}
    for module in list_of_moto_modules():
        service = {"awslambda": "lambda"}.get(module, service_name_from_moto_package_name(module))
        if service in known:
            metadata = loader.load_service_model(service, "service-2")["metadata"]
            name = metadata.get("signingName", metadata["endpointPrefix"])
            found.setdefault(name, set()).add(service)
    expected = {name: services for name, services in found.items() if services != {name}}
    assert {name: set(services) for name, services in SERVICES.items()} == expected


def request(
    method: str = "POST",
    path: str = "/",
    body: str = "",
    headers: Mapping[str, str] | None = None,
) -> Request:
    path_info, _, query = path.partition("?")
    environ = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path_info,
        "RAW_URI": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "HTTP_HOST": "127.0.0.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body.encode()),
        "CONTENT_LENGTH": str(len(body.encode())),
    }
    for name, value in (headers or {}).items():
        key = name.upper().replace("-", "_")
        environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
    return Request(environ)


FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
JSON = {"Content-Type": "application/x-amz-json-1.0"}
IAM_USER = "Action=GetUser&Version=2010-05-08&UserName=alice"

TWO_READINGS = {
    "query string beside a form": (
        "iam",
        request(path="/?UserName=bob", body=IAM_USER, headers=FORM),
    ),
    "a parameter twice": ("iam", request(body=f"{IAM_USER}&UserName=bob", headers=FORM)),
    "an action twice": ("iam", request(body=f"{IAM_USER}&Action=DeleteUser", headers=FORM)),
    "an action beside a target": (
        "dynamodb",
        request(
            path="/?Action=DeleteTable",
            body="{}",
            headers=JSON | {"X-Amz-Target": "DynamoDB_20120810.ListTables"},
        ),
    ),
    "two subresources": ("s3", request("PUT", "/bucket/key?tagging&acl", "<x/>")),
    "a foreign subresource": ("s3", request("DELETE", "/bucket/key?policy")),
}


@pytest.mark.parametrize(("service", "asked"), TWO_READINGS.values(), ids=TWO_READINGS.keys())
def test_what_can_be_read_in_two_ways_is_refused(service: str, asked: Request) -> None:
    with pytest.raises(Refusal) as caught:
        classify(asked, service, "us-east-1")
    assert caught.value.status == 400


UNKNOWN = {
    "an operation": ("iam", request(body="Action=Foo&Version=2010-05-08", headers=FORM), 400),
    "no operation": ("iam", request(body="", headers=FORM), 400),
    "another version": ("iam", request(body="Action=GetUser&Version=1999", headers=FORM), 400),
    "a service": ("nosuchservice", request(body=IAM_USER, headers=FORM), 400),
    "a service that moto lacks": ("qldb", request(body="{}", headers=JSON), 400),
    "a target": ("dynamodb", request(body="{}", headers=JSON | {"X-Amz-Target": "Foo.Bar"}), 400),
    "a method": ("s3", request("PATCH", "/bucket/key"), 405),
    "a form for S3": ("s3", request("POST", "/bucket", "key=a", FORM), 501),
}


@pytest.mark.parametrize(("service", "asked", "status"), UNKNOWN.values(), ids=UNKNOWN.keys())
def test_what_is_unknown_is_refused(service: str, asked: Request, status: int) -> None:
    with pytest.raises(Refusal) as caught:
        classify(asked, service, "us-east-1")
    assert caught.value.status == status


@pytest.mark.parametrize("body", ["{", "[]", "3", "null", '"TableName"', '["TableName"]'])
def test_a_body_that_is_no_json_object_is_refused(body: str) -> None:
    """moto would take some of these for a call without parameters."""
    headers = JSON | {"X-Amz-Target": "DynamoDB_20120810.GetItem"}
    with pytest.raises(Refusal) as caught:
        classify(request(body=body, headers=headers), "dynamodb", "us-east-1")
    assert caught.value.code == "SerializationException"


S3_CALLS = [
    ("GET", "/", "ListBuckets", {}),
    ("GET", "/b", "ListObjects", {"Bucket": "b"}),
    ("GET", "/b?list-type=2", "ListObjectsV2", {"Bucket": "b"}),
    ("PUT", "/b", "CreateBucket", {"Bucket": "b"}),
    ("PUT", "/b/", "CreateBucket", {"Bucket": "b"}),
    ("PUT", "/b/a%20b", "PutObject", {"Bucket": "b", "Key": "a b"}),
    ("PUT", "/b/%C3%A9", "PutObject", {"Bucket": "b", "Key": "é"}),
    ("PUT", "/b/a%2Bb", "PutObject", {"Bucket": "b", "Key": "a+b"}),
    ("PUT", "/b/a%252Fb", "PutObject", {"Bucket": "b", "Key": "a%2Fb"}),
    ("PUT", "/b/x//y", "PutObject", {"Bucket": "b", "Key": "x//y"}),
    ("PUT", "/b//lead", "PutObject", {"Bucket": "b", "Key": "/lead"}),
    ("PUT", "/b/%3F%23", "PutObject", {"Bucket": "b", "Key": "?#"}),
    ("PUT", "/b/folder/", "PutObject", {"Bucket": "b", "Key": "folder/"}),
]


@pytest.mark.parametrize(("method", "path", "operation", "params"), S3_CALLS)
def test_paths_of_s3(method: str, path: str, operation: str, params: dict[str, str]) -> None:
    call = classify(request(method, path), "s3", "us-east-1")
    assert call.operation == operation
    assert call.protocol.dialect is Dialect.S3
    assert {name: call.params[name] for name in params} == params


def test_parameters_stay_out_of_the_repr() -> None:
    body = "Action=ChangePassword&Version=2010-05-08&OldPassword=hush&NewPassword=hush2"
    call = classify(request(body=body, headers=FORM), "iam", "us-east-1")
    assert call.params["OldPassword"] == "hush"
    assert "hush" not in repr(call)


def _words() -> Iterator[str]:
    yield from (
        "",
        "Action",
        "Action=",
        "&&&",
        "%",
        "Action=GetUser&Version=%zz",
        "\x00",
        "{",
        "<a",
    )
    yield json.dumps({"Action": "GetUser"})


@pytest.mark.parametrize("service", ["iam", "sts", "s3", "ec2", "dynamodb", "sqs", "lambda"])
@pytest.mark.parametrize("headers", [FORM, JSON, {}], ids=["form", "json", "none"])
def test_no_body_breaks_the_reader(service: str, headers: dict[str, str]) -> None:
    for body in _words():
        for method, path in (("POST", "/"), ("PUT", "/b/k?acl"), ("GET", "/%"), ("HEAD", "//")):
            # anything but a refusal comes through
            with suppress(Refusal):
                classify(request(method, path, body, headers), service, "us-east-1")
