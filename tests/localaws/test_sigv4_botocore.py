"""Signature Version 4: what botocore signs is good, in any form; what is malformed is named.

Reads `localaws.wire.sigv4` itself, because thousands of requests are verified and not sent.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from sekisho.localaws.wire import sigv4
from sekisho.localaws.wire.sigv4 import Http, Mismatch, SignatureFault

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
HOST = "example.amazonaws.com"
PARTS = ("a", "B", ".", "..", "", "b%20c", "%E3%81%82", "k%3Dv", "x%3Ay", "~", "a%2Bb")


def signed(
    service: str,
    path: str = "/",
    query: str = "",
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
) -> Http:
    """Return a request that botocore signed."""
    url = f"https://{HOST}{path}{'?' if query else ''}{query}"
    request = AWSRequest("PUT", url, headers=dict(headers or {}), data=body)
    signer = S3SigV4Auth if service == "s3" else SigV4Auth
    signer(Credentials("AKIDEXAMPLE", SECRET), service, "us-east-1").add_auth(request)
    sent = {name.lower(): value for name, value in request.headers.items()} | {"host": HOST}
    return Http("PUT", path, query, sent.get, frozenset(sent), body)


def check(request: Http) -> None:
    claimed = sigv4.parse(request)
    assert claimed is not None
    sigv4.verify(request, claimed, SECRET, datetime.now(UTC))


def fault(request: Http) -> Mismatch:
    with pytest.raises(SignatureFault) as caught:
        check(request)
    assert SECRET not in str(caught.value)
    return caught.value.mismatch


def with_header(request: Http, **changed: str | None) -> Http:
    """Return the request with other headers; what is None is not sent."""
    found = {name: request.header(name) for name in request.names}
    found |= {name.replace("_", "-"): value for name, value in changed.items()}
    sent = {name: value for name, value in found.items() if value is not None}
    return replace(request, header=sent.get, names=frozenset(sent))


@pytest.mark.parametrize("service", ["iam", "s3"])
@given(parts=st.lists(st.sampled_from(PARTS), max_size=5), query=st.data())
def test_what_botocore_signs_is_good(service: str, parts: list[str], query: st.DataObject) -> None:
    pairs = st.tuples(st.sampled_from(("a", "B", "a%20b", "~")), st.sampled_from(("", "1", "%2F")))
    drawn = query.draw(st.lists(pairs, max_size=4))
    text = "&".join(f"{name}={value}" for name, value in drawn)
    path = "/" + "/".join(parts)
    request = signed(service, path, text, {"x-amz-meta": " a   b "}, b"body")
    check(request)
    assert fault(replace(request, path=f"{path}/z")) is Mismatch.WRONG
    assert fault(replace(request, query=f"{text}&z=")) is Mismatch.WRONG
    assert fault(with_header(request, x_amz_meta="a  c")) is Mismatch.WRONG


@pytest.mark.parametrize(
    ("path", "same"),
    [("/a/../b", "/b"), ("/../b", "/b"), ("/./b/", "/b/"), ("//b", "/b"), ("/a/..", "/")],
)
def test_only_paths_of_s3_are_taken_as_they_are(path: str, same: str) -> None:
    assert sigv4.parse(signed("iam", path)) is not None
    check(replace(signed("iam", path), path=same))
    assert fault(replace(signed("s3", path), path=same)) is Mismatch.WRONG


UNHASHED = (
    "UNSIGNED-PAYLOAD",
    "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
)


@pytest.mark.parametrize("claimed", UNHASHED)
def test_s3_alone_takes_a_body_that_is_not_hashed(claimed: str) -> None:
    headers = {"X-Amz-Content-SHA256": claimed}
    for service, found in (("s3", None), ("iam", Mismatch.DIGEST)):
        request = AWSRequest("PUT", f"https://{HOST}/", headers=headers, data=b"chunks")
        SigV4Auth(Credentials("AKIDEXAMPLE", SECRET), service, "us-east-1").add_auth(request)
        sent = {name.lower(): value for name, value in request.headers.items()} | {"host": HOST}
        whole = Http("PUT", "/", "", sent.get, frozenset(sent), b"chunks")
        if found is None:
            check(whole)
            # what it says instead of a digest is under the signature all the same
            other = next(each for each in UNHASHED if each != claimed)
            assert fault(with_header(whole, x_amz_content_sha256=other)) is Mismatch.WRONG
        else:
            assert fault(whole) is found
    plain = signed("s3", headers={"X-Amz-Content-SHA256": "unsigned"}, body=b"chunks")
    assert fault(with_header(plain, x_amz_content_sha256="unsigned")) is Mismatch.DIGEST


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"x_amz_date": None}, Mismatch.INCOMPLETE),
        ({"x_amz_date": "yesterday"}, Mismatch.INCOMPLETE),
        ({"x_amz_date": "2015-08-30T12:36:00Z"}, Mismatch.INCOMPLETE),
        ({"x_amz_date": "20150830T123600Z"}, Mismatch.WRONG),
        ({"x_amz_security_token": "t"}, Mismatch.WRONG),
    ],
)
def test_the_date_and_the_headers_of_a_signature(
    changed: dict[str, str | None], found: Mismatch
) -> None:
    assert fault(with_header(signed("iam"), **changed)) is found


def test_a_date_in_the_header_that_is_called_so() -> None:
    request = signed("iam")
    # it is only another name: what was signed under the one is not under the other
    moved = with_header(request, x_amz_date=None, date=request.header("x-amz-date"))
    claimed = sigv4.parse(moved)
    assert claimed is not None
    assert claimed.stamp == request.header("x-amz-date")
    assert fault(moved) is Mismatch.WRONG


def test_a_signature_in_both_places_is_none() -> None:
    with pytest.raises(SignatureFault, match="Only one auth mechanism") as caught:
        sigv4.parse(replace(signed("iam"), query="X-Amz-Signature=00"))
    assert caught.value.mismatch is Mismatch.INCOMPLETE


FIELDS = "Credential={0}, SignedHeaders=host;x-amz-date, Signature=00"


@pytest.mark.parametrize(
    ("scope", "claimed"),
    [
        ("A/20150830/us-east-1/iam/aws4_request", ("A", "20150830", "us-east-1", "iam")),
        ("A/20150830/us-east-1/IAM/aws4_request", ("A", "20150830", "us-east-1", "iam")),
        ("A/2015083/us-east-1/iam/aws4_request", None),
        ("A/20150830/us-east-1/iam/aws4", None),
        ("A/20150830/us-east-1/iam/more/aws4_request", None),
        ("/20150830/us-east-1/iam/aws4_request", None),
    ],
)
def test_a_scope_has_five_parts(scope: str, claimed: tuple[str, ...] | None) -> None:
    authorization = f"AWS4-HMAC-SHA256 {FIELDS.format(scope)}"
    request = with_header(signed("iam"), authorization=authorization)
    if claimed is None:
        assert fault(request) is Mismatch.INCOMPLETE
        return
    found = sigv4.parse(request)
    assert found is not None
    assert (found.access_key_id, found.day, found.region, found.service) == claimed
    assert found.headers == ("host", "x-amz-date")
    assert not found.presigned


def test_no_picture_of_a_signature_shows_what_signs() -> None:
    request = signed("iam", headers={"X-Amz-Security-Token": "a-token"}, body=b"a-password")
    claimed = sigv4.parse(request)
    assert claimed is not None
    assert claimed.token == "a-token"
    for secret in ("a-token", "a-password", claimed.signature):
        assert secret not in f"{request!r} {claimed!r}"
