"""Law.

Moto answers exactly what the authorizer decided about, whatever else a request may seem to say.

Each request is signed rightly by somebody who may do the one thing that it is classified as, and
tries to have moto read it as another.

Reads `localaws.forwarding` itself, because what moto goes by is noted between it and moto.
"""

import hashlib
import hmac
import http.client
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, unquote_to_bytes, urlsplit

import pytest
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from moto.core.request import Request
from moto.core.responses import BaseResponse
from moto.core.utils import get_service_model
from moto.s3.responses import S3Response

import localaws_people as people
from localaws_people import client
from sekisho.localaws import LocalAws
from sekisho.localaws.forwarding import confinement, dispatch, requests
from sekisho.localaws.forwarding.requests import FORWARDED, ForwardedCall
from sekisho.localaws.wire.sigv4 import SignatureClaims


def forwarded() -> ForwardedCall:
    found = FORWARDED.get()
    assert found is not None, "moto was asked past the authorizer"
    return found


FORM = {"content-type": "application/x-www-form-urlencoded"}
IDENTITY = "Action=GetCallerIdentity&Version=2011-06-15"
SECRET = "nobody but an administrator reads this"


@dataclass(frozen=True)
class Raw:
    """A request that no client would send."""

    method: str
    path: str
    query: str = ""
    service: str = "s3"
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    before: str = ""
    after: str = ""
    host: str = ""


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(people.account()) as running:
        s3 = client(running, "s3")
        s3.create_bucket(Bucket="docs")
        s3.put_object(Bucket="docs", Key="shut/a", Body=SECRET.encode())
        s3.put_object(Bucket="docs", Key="open/a", Body=b"open")
        yield running


def send(aws: LocalAws, who: str, raw: Raw) -> tuple[int, str]:
    """Sign and send; `before` and `after` stand round the right fields of Authorization."""
    where = urlsplit(aws.url)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{stamp[:8]}/us-east-1/{raw.service}/aws4_request"
    digest = hashlib.sha256(raw.body).hexdigest()
    host = raw.host or where.netloc
    headers = {"host": host, "x-amz-date": stamp, "x-amz-content-sha256": digest}
    headers |= {name.lower(): value for name, value in raw.headers.items()}
    names = sorted(headers)
    pairs = sorted(part.partition("=")[::2] for part in raw.query.split("&") if part)
    canonical = "\n".join(
        (
            raw.method,
            raw.path if raw.service == "s3" else quote(raw.path, safe="/-_.~"),
            "&".join(f"{name}={value}" for name, value in pairs),
            *(f"{name}:{headers[name]}" for name in names),
            "",
            ";".join(names),
            headers["x-amz-content-sha256"],
        )
    )
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{people.secret(who)}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), "sha256").digest()
    signature = hmac.new(key, text.encode(), "sha256").hexdigest()
    fields = f"Credential={people.key_id(who)}/{scope}, SignedHeaders={';'.join(names)}"
    made = f"AWS4-HMAC-SHA256 {raw.before}{fields}, Signature={signature}{raw.after}"
    headers["authorization"] = made.replace("{day}", stamp[:8])
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=30)
    try:
        target = f"{raw.path}?{raw.query}" if raw.query else raw.path
        connection.putrequest(raw.method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in (headers | {"content-length": str(len(raw.body))}).items():
            connection.putheader(name, value)
        connection.endheaders(raw.body)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def other(service: str, name: str = "Foo") -> str:
    return f"{name}={people.key_id('enforced')}/{{day}}/us-east-1/{service}/aws4_request, "


@pytest.mark.parametrize("service", ["s3", "iam", "es", "lambda", "dynamodb", "glacier"])
@pytest.mark.parametrize("name", ["Foo", "Credential"])
def test_a_second_scope_in_the_header_is_refused(aws: LocalAws, service: str, name: str) -> None:
    """The sts call needs no permission; moto would have answered for the other service."""
    raw = Raw("GET", "/docs/shut/a", IDENTITY, "sts", before=other(service, name))
    status, text = send(aws, "enforced", raw)
    assert 400 <= status < 500
    assert "each once, and nothing else" in text
    assert SECRET not in text


@pytest.mark.parametrize(
    "raw",
    [
        Raw("GET", "/docs/shut/a", IDENTITY, "sts", after=", Foo=x"),
        Raw("GET", "/docs/shut/a", IDENTITY, "sts", after=", Signature=0"),
        Raw("GET", "/docs/shut/a", IDENTITY, "sts", before="SignedHeaders=host, "),
        Raw("GET", "/docs/shut/a", IDENTITY, "sts", after=" Foo=x"),
        Raw("GET", "/docs/shut/a", IDENTITY, "sts", after=","),
    ],
)
def test_the_header_holds_three_fields_and_nothing_else(aws: LocalAws, raw: Raw) -> None:
    status, text = send(aws, "enforced", raw)
    assert 400 <= status < 500
    assert "each once, and nothing else" in text


def test_the_path_of_an_sts_call_opens_no_bucket(aws: LocalAws) -> None:
    status, text = send(aws, "enforced", Raw("GET", "/docs/shut/a", IDENTITY, "sts"))
    assert SECRET not in text
    assert status != 200 or "GetCallerIdentityResponse" in text


@pytest.mark.parametrize(
    "raw",
    [
        # the host would name the bucket, and the path the key
        Raw("GET", "/shut/a", host="docs.s3.amazonaws.com"),
        Raw("GET", "/open/a/../../shut/a"),
        Raw("GET", "/docs/shut/a", headers={"x-amz-target": "DynamoDB_20120810.ListTables"}),
        Raw("GET", "/docs/shut/a", headers={"action": "GetCallerIdentity"}),
        Raw("GET", "/docs/shut/a", "Action=GetCallerIdentity&Version=2011-06-15"),
    ],
)
def test_an_object_is_only_read_by_its_own_name(aws: LocalAws, raw: Raw) -> None:
    status, text = send(aws, "reader", raw)
    assert status >= 400
    assert SECRET not in text


@pytest.mark.parametrize("end", [";x", "%3Bx", "#x", ";", "#"])
def test_a_bucket_is_only_listed_by_its_own_name(aws: LocalAws, end: str) -> None:
    """moto would take `docs;x` for `docs`."""
    _, text = send(aws, "admin", Raw("GET", f"/docs{end}", "list-type=2"))
    assert "shut/a" not in text


def test_a_key_does_not_choose_the_partition(aws: LocalAws) -> None:
    key = "open/x.s3.cn-north-1.amazonaws.com"
    client(aws, "s3").put_object(Bucket="docs", Key=key, Body=b"here")
    listed = client(aws, "s3").list_objects_v2(Bucket="docs", Prefix=key)
    assert listed["KeyCount"] == 1


def test_a_path_that_looks_like_a_service_is_a_bucket(aws: LocalAws) -> None:
    signed = AWSRequest("GET", f"{aws.url}/iot_us-east-1/x")
    held = Credentials(people.key_id("admin"), people.secret("admin"))
    S3SigV4QueryAuth(held, "s3", "us-east-1", expires=60).add_auth(signed)
    where = urlsplit(signed.url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=30)
    connection.request("GET", f"{where.path}?{where.query}")
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    assert (answer.status, "NoSuch" in text) == (404, True)


def test_what_moto_answers_without_naming_an_operation_is_refused(aws: LocalAws) -> None:
    status, text = send(aws, "admin", Raw("GET", "/2015-01-01/domain", service="es"))
    assert (status, "NotImplemented" in text) == (501, True)


def test_parameters_hidden_in_a_json_body_are_none(aws: LocalAws) -> None:
    secrets = client(aws, "secretsmanager")
    secrets.create_secret(Name="plain", SecretString="plain")
    secrets.create_secret(Name="hidden", SecretString=SECRET)
    body = b'{"SecretId":"plain","x":"&SecretId=hidden&"}'
    headers = {
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": "secretsmanager.GetSecretValue",
    }
    _, text = send(
        aws, "admin", Raw("POST", "/", service="secretsmanager", body=body, headers=headers)
    )
    assert SECRET not in text


@pytest.mark.parametrize(
    "form", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_the_bytes_of_an_object_are_no_form(aws: LocalAws, form: str) -> None:
    body = b"Action=DeleteObject&Key=shut/a"
    headers = {"content-type": form}
    assert send(aws, "admin", Raw("PUT", "/docs/open/f", body=body, headers=headers))[0] == 200
    assert client(aws, "s3").get_object(Bucket="docs", Key="open/f")["Body"].read() == body


@pytest.mark.parametrize("service", ["s3", "lambda", "mediastore-data", "sagemaker-runtime"])
def test_every_header_that_a_service_reads_arrives(service: str) -> None:
    model = get_service_model(service)
    members = [
        member
        for name in model.operation_names
        for member in getattr(model.operation_model(name).input_shape, "members", {}).values()
        if member.serialization.get("location") == "header"
    ]
    # WSGI has two of them in a place of their own
    names = {member.serialization["name"] for member in members} - {
        "Content-Length",
        "Content-Type",
    }
    assert names
    keys = {f"HTTP_{name.upper().replace('-', '_')}" for name in names}
    environ = {
        "REQUEST_METHOD": "GET",
        "RAW_URI": "/",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "HTTP_ACTION": "GetUser",
        **dict.fromkeys(keys, "given"),
        "HTTP_X_AMZ_COPY_SOURCE": "docs/given",
        "HTTP_X_AMZ_BYPASS_GOVERNANCE_RETENTION": "true",
    }
    signed = SignatureClaims(
        "AKIA", "20261127", "us-east-1", service, "20261127T000000Z", ("host",), "0" * 64
    )
    made = requests.canonical_request(environ, b"", signed, people.ACCOUNT)
    assert made.pop("HTTP_X_AMZ_COPY_SOURCE", "/docs/given") == "/docs/given"
    # moto goes by whether it is there, so that only one that is true goes on
    assert made.pop("HTTP_X_AMZ_BYPASS_GOVERNANCE_RETENTION") == "true"
    keys.discard("HTTP_X_AMZ_BYPASS_GOVERNANCE_RETENTION")
    assert {key for key in keys if made.get(key, "given") != "given"} == set()
    assert keys - made.keys() <= {"HTTP_X_AMZ_COPY_SOURCE"}
    assert "HTTP_ACTION" not in made


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/", ""),
        ("/", "Action=GetUser&Version=2010-05-08"),
        ("/docs/a%2Fb%20c/%E9%96%A2;%20", "versionId=1&x=%E9%96%A2"),
        ("/docs//double", ""),
    ],
)
def test_the_address_is_the_one_that_moto_would_put_together(path: str, query: str) -> None:
    environ = {
        "REQUEST_METHOD": "GET",
        "wsgi.url_scheme": "http",
        "RAW_URI": f"{path}?{query}" if query else path,
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8080",
    }
    signed = SignatureClaims(
        "AKIA", "20261127", "us-east-1", "s3", "20261127T000000Z", ("host",), "0" * 64
    )
    made = requests.canonical_request(environ, b"", signed, people.ACCOUNT)
    assert dispatch.address(made) == Request(made).raw_url


READ_OTHERWISE = {
    "the operation": (
        BaseResponse,
        "_get_action",
        "ListUsers",
        Raw("GET", "/", "Action=GetUser&Version=2010-05-08", "iam"),
    ),
    "the bucket": (
        S3Response,
        "parse_bucket_name_from_url",
        "docs",
        Raw("GET", "/elsewhere/open/a"),
    ),
    "the key": (S3Response, "parse_key_name", "shut/a", Raw("GET", "/docs/open/a")),
}


@pytest.mark.parametrize("what", READ_OTHERWISE)
def test_a_moto_that_reads_otherwise_is_stopped(
    aws: LocalAws, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next moto may read a request in a way that nobody here has thought of."""
    owner, method, reading, raw = READ_OTHERWISE[what]
    monkeypatch.setattr(owner, method, lambda *_: reading)
    status, text = send(aws, "admin", raw)
    assert (status, "can be read in two ways" in text) == (400, True)
    assert SECRET not in text


def test_a_moto_that_answers_for_another_service_is_stopped(
    aws: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """EC2 and Auto Scaling have an operation of one name."""
    raw = Raw("GET", "/", "Action=DescribeTags&Version=2016-11-15", "ec2")
    assert send(aws, "admin", raw)[0] == 200
    monkeypatch.setattr(dispatch, "module_of", lambda _: "autoscaling")
    status, text = send(aws, "admin", raw)
    assert (status, "can be read in two ways" in text) == (400, True)


DELETIONS = ["<Delete><Objects><Key>shut/a</Key></Objects></Delete>", "<Delete></Delete>"]


@pytest.mark.parametrize("text", DELETIONS)
def test_a_call_about_nothing_is_refused(aws: LocalAws, text: str) -> None:
    before = len(aws.log.entries())
    status, answer = send(aws, "nobody", Raw("POST", "/docs", "delete=", body=text.encode()))
    assert status == 400
    assert "names nothing" in answer or "an element is where" in answer
    assert len(aws.log.entries()) == before


@pytest.mark.parametrize("name", ["full-control", "read", "read-acp", "write-acp"])
def test_a_grant_in_a_header_is_an_acl(aws: LocalAws, name: str) -> None:
    send(aws, "admin", Raw("PUT", "/docs/open/g", headers={f"x-amz-grant-{name}": "id=abc"}))
    assert aws.log.entries()[-1].action == "s3:PutObjectAcl"


@pytest.mark.parametrize("claim", ["UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"])
def test_only_s3_takes_a_body_without_its_digest(aws: LocalAws, claim: str) -> None:
    headers = FORM | {"x-amz-content-sha256": claim}
    raw = Raw("POST", "/", "", "iam", b"Action=ListUsers&Version=2010-05-08", headers)
    status, text = send(aws, "admin", raw)
    assert (status, "SignatureDoesNotMatch" in text) == (403, True)
    nonsense = {"x-amz-content-sha256": "STREAMING-NONSENSE"}
    assert send(aws, "admin", Raw("PUT", "/docs/open/n", body=b"x", headers=nonsense))[0] == 400


# --- the law


PATHS = ["/", "/docs", "/docs/shut/a", "/docs;x", "/2015-03-31/functions/", "/v20180820/x", "/@x"]
SEEN: list[tuple[str, str, str, str, str]] = []


@pytest.fixture(scope="module")
def seen() -> Iterator[list[tuple[str, str, str, str, str]]]:
    """What moto begins: service, operation, region, account, and the authorizer's own reading."""
    patch, begun = pytest.MonkeyPatch(), SEEN
    original, s3 = BaseResponse.call_action, S3Response.setup_class

    def note(self: BaseResponse, operation: str) -> None:
        given = forwarded().call
        reading = f"{given.service}:{given.operation}:{given.region}"
        begun.append(
            (self.boto3_service_name, operation, self.region, self.current_account, reading)
        )

    def call_action(self: BaseResponse) -> Any:
        note(self, self._get_action())
        return original(self)

    def setup_class(self: S3Response, *args: Any, **kwargs: Any) -> None:
        s3(self, *args, **kwargs)
        note(self, forwarded().call.operation)

    patch.setattr(BaseResponse, "call_action", call_action)
    patch.setattr(S3Response, "setup_class", setup_class)
    yield begun
    patch.undo()


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    raw=st.builds(
        Raw,
        method=st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
        path=st.sampled_from(PATHS),
        query=st.sampled_from(["", IDENTITY, "Action=ListUsers&Version=2010-05-08", "list-type=2"]),
        service=st.sampled_from(["s3", "sts", "iam", "sqs", "lambda", "dynamodb", "ec2", "es"]),
        body=st.sampled_from([b"", IDENTITY.encode(), b"{}", b'{"a":"&Action=ListTables&b="}']),
        headers=st.sampled_from(
            [
                {},
                FORM,
                FORM | {"content-encoding": "gzip"},
                {"content-type": "multipart/form-data; boundary=x"},
                {
                    "content-type": "application/x-amz-json-1.0",
                    "x-amz-target": "AmazonSQS.ListQueues",
                },
                {"x-amz-target": "DynamoDB_20120810.ListTables"},
                {"x-moto-account-id": "999999999999", "action": "ListTables"},
                {"user-agent": "region/cn-north-1"},
            ]
        ),
        before=st.sampled_from(["", "", "", other("s3"), other("iam", "Credential")]),
        host=st.sampled_from(
            ["", "", "docs.s3.cn-north-1.amazonaws.com", "s3-control", "x.example"]
        ),
    )
)
@example(Raw("GET", "/", IDENTITY, "sts"))
@example(Raw("GET", "/", "Action=ListUsers&Version=2010-05-08", "iam"))
@example(Raw("GET", "/2015-03-31/functions/", service="lambda"))
@example(
    Raw(
        "POST",
        "/",
        service="dynamodb",
        body=b'{"a":"&Action=GetItem&b="}',
        headers={
            "content-type": "application/x-amz-json-1.0",
            "x-amz-target": "DynamoDB_20120810.ListTables",
        },
    )
)
def test_moto_begins_what_was_classified(
    aws: LocalAws, seen: list[tuple[str, str, str, str, str]], raw: Raw
) -> None:
    start = len(seen)
    status, text = send(aws, "admin", raw)
    assert "<html" not in text.lower()
    for service, operation, region, account, reading in seen[start : start + 1]:
        if status < 300:
            assert f"{service}:{operation}:{region}" == reading
        assert (region, account) == ("us-east-1", people.ACCOUNT)
    if raw.before:
        assert 400 <= status < 500
        assert len(seen) == start


def test_the_law_saw_several_services() -> None:
    assert len({service for service, *_ in SEEN}) >= 4


def test_the_audit_hook_outlives_its_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """No hook can be taken off, and at its end Python empties the modules first."""
    confinement.install_confinement()
    for name in ("_CONFINED", "_EVENTS", "_refuse"):
        monkeypatch.setattr(confinement, name, None)
    sys.audit("socket.connect", None, None)
