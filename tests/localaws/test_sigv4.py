"""Signature Version 4: AWS's own worked examples, and that nothing signed can be altered.

Reads `localaws.wire.sigv4` itself, because AWS's examples are of other days and hosts.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekisho.localaws.wire import sigv4
from sekisho.localaws.wire.sigv4 import Http, Mismatch, SignatureFault

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
SUITE_SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"


def http(
    headers: dict[str, str],
    method: str = "GET",
    path: str = "/",
    query: str = "",
    body: bytes = b"",
) -> Http:
    return Http(method, path, query, headers.get, frozenset(headers), body)


def get_vanilla() -> Http:
    """`get-vanilla` of AWS's Signature Version 4 test suite."""
    return http(
        {
            "host": "example.amazonaws.com",
            "x-amz-date": "20150830T123600Z",
            "authorization": "AWS4-HMAC-SHA256 "
            "Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
            "SignedHeaders=host;x-amz-date, "
            "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        }
    )


def get_object() -> Http:
    """The worked example of the S3 API Reference, "Using the Authorization Header"."""
    return http(
        {
            "host": "examplebucket.s3.amazonaws.com",
            "range": "bytes=0-9",
            "x-amz-content-sha256": EMPTY,
            "x-amz-date": "20130524T000000Z",
            "authorization": "AWS4-HMAC-SHA256 "
            "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        },
        path="/test.txt",
    )


def presigned() -> Http:
    """The worked example of the S3 API Reference, "Using Query Parameters"."""
    return http(
        {"host": "examplebucket.s3.amazonaws.com"},
        path="/test.txt",
        query="X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524"
        "%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400"
        "&X-Amz-SignedHeaders=host&X-Amz-Signature="
        "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
    )


EXAMPLES = [
    (get_vanilla(), SUITE_SECRET, datetime(2015, 8, 30, 12, 40, tzinfo=UTC)),
    (get_object(), SECRET, datetime(2013, 5, 24, 0, 10, tzinfo=UTC)),
    (presigned(), SECRET, datetime(2013, 5, 24, 23, tzinfo=UTC)),
]
IDS = ["get-vanilla", "get-object", "presigned"]


def check(request: Http, secret: str, now: datetime) -> None:
    signed = sigv4.parse(request)
    assert signed is not None
    sigv4.verify(request, signed, secret, now)


def fault(request: Http, secret: str, now: datetime) -> Mismatch:
    with pytest.raises(SignatureFault) as caught:
        check(request, secret, now)
    assert secret not in str(caught.value)
    return caught.value.mismatch


@pytest.mark.parametrize(("request_", "secret", "now"), EXAMPLES, ids=IDS)
def test_aws_worked_examples_verify(request_: Http, secret: str, now: datetime) -> None:
    check(request_, secret, now)


@pytest.mark.parametrize(("request_", "secret", "now"), EXAMPLES, ids=IDS)
def test_nothing_that_was_signed_can_be_altered(request_: Http, secret: str, now: datetime) -> None:
    assert fault(request_, secret + "x", now) is Mismatch.WRONG
    assert fault(replace(request_, method="PUT"), secret, now) is Mismatch.WRONG
    assert fault(replace(request_, path="/other"), secret, now) is Mismatch.WRONG
    query = f"{request_.query}&acl=" if request_.query else "acl="
    assert fault(replace(request_, query=query), secret, now) is Mismatch.WRONG
    other = {"host": "elsewhere"}
    moved = replace(request_, header=lambda name: other.get(name) or request_.header(name))
    assert fault(moved, secret, now) is Mismatch.WRONG


def test_a_header_of_amazon_must_be_signed() -> None:
    plain = get_object()
    more = replace(plain, names=plain.names | {"x-amz-acl"})
    now = datetime(2013, 5, 24, tzinfo=UTC)
    assert fault(more, SECRET, now) is Mismatch.WRONG


def test_the_body_must_be_the_one_whose_digest_was_signed() -> None:
    now = datetime(2013, 5, 24, tzinfo=UTC)
    assert fault(replace(get_object(), body=b"other"), SECRET, now) is Mismatch.DIGEST
    # where no digest was sent, the body is part of the signature itself
    now = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
    assert fault(replace(get_vanilla(), body=b"other"), SUITE_SECRET, now) is Mismatch.WRONG


@pytest.mark.parametrize("minutes", [-15, 0, 15])
def test_a_quarter_of_an_hour_either_way_is_in_time(minutes: int) -> None:
    signed_at = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
    check(get_vanilla(), SUITE_SECRET, signed_at + timedelta(minutes=minutes))


@pytest.mark.parametrize("minutes", [-16, 16, 60 * 24 * 365])
def test_further_away_is_not(minutes: int) -> None:
    now = datetime(2015, 8, 30, 12, 36, tzinfo=UTC) + timedelta(minutes=minutes)
    assert fault(get_vanilla(), SUITE_SECRET, now) is Mismatch.OUT_OF_TIME


def test_a_presigned_address_lasts_as_long_as_it_says() -> None:
    start = datetime(2013, 5, 24, tzinfo=UTC)
    check(presigned(), SECRET, start + timedelta(days=1))
    late = start + timedelta(days=1, seconds=1)
    assert fault(presigned(), SECRET, late) is Mismatch.OUT_OF_TIME


AUTHORIZATIONS = {
    "basic": ("Basic dXNlcjpwYXNz", Mismatch.UNSUPPORTED),
    "sigv2": ("AWS AKIAIOSFODNN7EXAMPLE:frJIUN8DYpKDtOLCwo//yllqDzg=", Mismatch.UNSUPPORTED),
    "sigv4a": ("AWS4-ECDSA-P256-SHA256 Credential=a/b/c/d", Mismatch.UNSUPPORTED),
    "nothing": ("AWS4-HMAC-SHA256", Mismatch.INCOMPLETE),
    "no-signature": (
        "AWS4-HMAC-SHA256 Credential=A/20150830/r/s/aws4_request, SignedHeaders=host",
        Mismatch.INCOMPLETE,
    ),
    "bad-scope": (
        "AWS4-HMAC-SHA256 Credential=A/20150830/r/s, SignedHeaders=host, Signature=ab",
        Mismatch.INCOMPLETE,
    ),
}


@pytest.mark.parametrize(
    ("authorization", "expected"), AUTHORIZATIONS.values(), ids=AUTHORIZATIONS.keys()
)
def test_what_is_no_signature_is_named(authorization: str, expected: Mismatch) -> None:
    request = http({"host": "h", "x-amz-date": "20150830T123600Z", "authorization": authorization})
    with pytest.raises(SignatureFault) as caught:
        sigv4.parse(request)
    assert caught.value.mismatch is expected


def test_an_unsigned_request_carries_none() -> None:
    assert sigv4.parse(http({"host": "h"})) is None


def test_version_2_in_an_address_is_refused_with_a_fix() -> None:
    with pytest.raises(SignatureFault, match="signature_version='s3v4'"):
        sigv4.parse(http({"host": "h"}, query="AWSAccessKeyId=A&Signature=b&Expires=1"))


@given(st.text(), st.text(), st.text())
def test_no_text_breaks_the_reader(authorization: str, date: str, query: str) -> None:
    request = http({"authorization": authorization, "x-amz-date": date, "host": "h"}, query=query)
    try:
        signed = sigv4.parse(request)
        if signed is not None:
            sigv4.verify(request, signed, SECRET, datetime(2015, 8, 30, tzinfo=UTC))
            raise AssertionError("a made-up signature verified")
    except SignatureFault:
        pass
