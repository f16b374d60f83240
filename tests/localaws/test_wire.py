"""Refusals as botocore's own parsers read them.

Reads `localaws.wire.errors` itself, because every refusal is written in every protocol, also in
those in which no operation is refused so.
"""

import pytest
from botocore import parsers
from botocore.model import Shape, ShapeResolver

from sekisho.localaws.wire.errors import (
    CommonError,
    Dialect,
    Refusal,
    WireProtocol,
    common_refusal,
    write_refusal,
)

PARSERS = {
    Dialect.QUERY: "query",
    Dialect.EC2: "ec2",
    Dialect.JSON: "json",
    Dialect.REST_JSON: "rest-json",
    Dialect.REST_XML: "rest-xml",
    Dialect.S3: "rest-xml",
}
NO_SHAPE: Shape = ShapeResolver(
    {"Nothing": {"type": "structure", "members": {}}}
).get_shape_by_name("Nothing")


@pytest.mark.parametrize("dialect", Dialect)
@pytest.mark.parametrize(
    "message", ["no", "<a> & \"b\" 'c'", "日本語", "nul \x00 \ud800 bell \x07"]
)
def test_a_client_reads_code_message_and_status(dialect: Dialect, message: str) -> None:
    answer = write_refusal(Refusal("SomeCode", message, 403), WireProtocol(dialect), "id-1")
    response = {"status_code": answer.status, "headers": dict(answer.headers), "body": answer.body}
    parsed = parsers.create_parser(PARSERS[dialect]).parse(response, NO_SHAPE)
    assert parsed["Error"]["Code"] == "SomeCode"
    assert parsed["ResponseMetadata"]["HTTPStatusCode"] == 403
    if message.isprintable():
        assert parsed["Error"]["Message"] == message


@pytest.mark.parametrize("dialect", Dialect)
def test_the_id_of_the_request_is_in_the_headers(dialect: Dialect) -> None:
    answer = write_refusal(Refusal("SomeCode", "no", 403), WireProtocol(dialect), "id-1")
    named = {name for name, value in answer.headers if value == "id-1"}
    s3 = {"x-amz-request-id", "x-amz-id-2"}
    assert named == (s3 if dialect is Dialect.S3 else {"x-amzn-RequestId"})


@pytest.mark.parametrize("dialect", Dialect)
def test_a_head_has_no_body(dialect: Dialect) -> None:
    answer = write_refusal(
        Refusal("AccessDenied", "no", 403), WireProtocol(dialect, head=True), "id-1"
    )
    assert answer.body == b""
    assert answer.status == 403


def test_a_former_query_service_also_gives_the_code_in_a_header() -> None:
    protocol = WireProtocol(Dialect.JSON, query_compatible=True)
    headers = dict(write_refusal(Refusal("AccessDenied", "no", 403), protocol, "id-1").headers)
    assert headers["x-amzn-query-error"] == "AccessDenied;Sender"


@pytest.mark.parametrize("error", CommonError)
@pytest.mark.parametrize("dialect", Dialect)
def test_every_common_error_has_code_status_and_text(error: CommonError, dialect: Dialect) -> None:
    refusal = common_refusal(error, dialect)
    assert refusal.code
    assert refusal.message
    assert 400 <= refusal.status < 600
