"""Signatures in an address, over the wire: what they must say, and what they must cover."""

import http.client
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

import pytest

import localaws_people as people
import requests_by_hand as by_hand
from localaws_people import client
from sekisho.localaws import LocalAws

BODY = "hello"


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(people.account()) as running:
        s3 = client(running, "s3")
        s3.create_bucket(Bucket="docs")
        s3.put_object(Bucket="docs", Key="open/p", Body=BODY.encode())
        yield running


def host(aws: LocalAws) -> str:
    return urlsplit(aws.url).netloc


def get(
    aws: LocalAws,
    signed: Mapping[str, str],
    sent: Mapping[str, str] | None = None,
    **about: str | None,
) -> tuple[int, str]:
    """Get a document at an address that is signed like this, with these headers."""
    who = ("s3", people.key_id("admin"), people.secret("admin"))
    address = by_hand.presigned(("GET", "/docs/open/p"), *who, signed, **about)
    connection = http.client.HTTPConnection(host(aws), timeout=30)
    try:
        connection.request("GET", address, headers={**(sent or {})})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_a_whole_signature_is_good(aws: LocalAws) -> None:
    assert get(aws, {"host": host(aws)}) == (200, BODY)
    payer = {"x-amz-request-payer": "requester"}
    assert get(aws, {"host": host(aws), **payer}, payer) == (200, BODY)


@pytest.mark.parametrize(
    "name", ["Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature"]
)
def test_each_part_is_needed(aws: LocalAws, name: str) -> None:
    status, text = get(aws, {"host": host(aws)}, **{name: None})
    assert status == 400
    assert "<Code>AuthorizationHeaderMalformed</Code>" in text
    assert f"lacks X-Amz-{name}<" in text


@pytest.mark.parametrize(
    ("covered", "sent"),
    [
        (("host",), {"x-amz-request-payer": "requester"}),
        (("x-amz-request-payer",), {"x-amz-request-payer": "requester"}),
        (("range",), {"range": "bytes=0-9"}),
    ],
)
def test_a_signature_must_cover_the_host_and_the_headers_of_amazon(
    aws: LocalAws, covered: tuple[str, ...], sent: dict[str, str]
) -> None:
    # whoever is handed the address could add the rest, or send it elsewhere
    there = {"host": host(aws), **sent}
    status, text = get(aws, {name: there[name] for name in covered}, sent)
    assert status == 403
    assert "<Code>SignatureDoesNotMatch</Code>" in text
    assert get(aws, there, sent) in [(200, BODY), (206, BODY)]


@pytest.mark.parametrize(
    ("seconds", "status"),
    [("0", 403), ("60", 200), ("604800", 200), ("604801", 400), ("-1", 400), ("٣", 400)],
)
def test_an_address_is_good_for_a_week_at_most(aws: LocalAws, seconds: str, status: int) -> None:
    assert get(aws, {"host": host(aws)}, Expires=seconds)[0] == status


def test_what_is_another_algorithm_or_malformed_is_named(aws: LocalAws) -> None:
    for about, said in (
        ({"Algorithm": "AWS4-ECDSA-P256-SHA256"}, "X-Amz-Algorithm only supports AWS4-HMAC-SHA256"),
        ({"Date": "2026-11-24T09:00:00Z"}, "Date must be in ISO-8601"),
        ({"Credential": "AKIA/20261124"}, "slash-delimited"),
    ):
        status, text = get(aws, {"host": host(aws)}, **about)
        assert status == 400
        assert said in text


def put(aws: LocalAws, chunks: Iterator[bytes]) -> tuple[int, str]:
    """Put a document whose length nobody says beforehand."""
    who = ("s3", people.key_id("admin"), people.secret("admin"))
    address = by_hand.presigned(("PUT", "/docs/open/q"), *who, {"host": host(aws)})
    connection = http.client.HTTPConnection(host(aws), timeout=30)
    try:
        connection.request("PUT", address, chunks, encode_chunked=True)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_a_body_in_chunks_is_read_whole_and_has_its_limit(
    aws: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A limit of its own: how much the memory holds is for the tests of arriving bodies."""
    assert put(aws, iter([b"a", b"bc"]))[0] == 200
    stored = client(aws, "s3").get_object(Bucket="docs", Key="open/q")["Body"]
    assert stored.read() == b"abc"
    size, most = 2**20, 3 * 2**20
    monkeypatch.setattr("sekisho.localaws.authorizer.MAX_BODY_BYTES", most)
    assert put(aws, (b"x" * size for _ in range(3)))[0] == 200
    client(aws, "s3").put_object(Bucket="docs", Key="open/q", Body=b"x" * most)
    status, text = put(aws, iter([*(b"x" * size for _ in range(3)), b"x"]))
    assert (status, "<Code>EntityTooLarge</Code>" in text) == (400, True)
    assert client(aws, "s3").head_object(Bucket="docs", Key="open/q")["ContentLength"] == most
