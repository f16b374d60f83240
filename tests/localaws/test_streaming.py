"""Chunked uploads to S3: the examples of AWS's own pages, and every way to be wrong.

Reads `localaws.wire.streaming` itself, because AWS's examples are of other days and hosts.
"""

import base64
import hashlib
import hmac
import http.client
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest

import localaws_people as people
from localaws_people import client
from sekisho.localaws import LocalAws
from sekisho.localaws.wire.sigv4 import Http, Mismatch, SignatureClaims, SignatureFault
from sekisho.localaws.wire.streaming import check_sum, unpack

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
TRAILER = f"{SIGNED}-TRAILER"
UNSIGNED = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
CHUNKS = (b"a" * 65536, b"a" * 1024, b"")
SIGNATURES = (
    "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
    "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
    "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
)
SEED = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
TRAILER_SIGNATURES = (
    "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
    "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
    "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
)
TRAILER_SEED = "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e"
LAST = (
    b"x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:"
    b"d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n"
)


def framed(signatures: tuple[str, ...], end: bytes) -> bytes:
    parts = [
        b"%x;chunk-signature=%s\r\n" % (len(chunk), signature.encode())
        + (chunk + b"\r\n" if chunk else b"")
        for chunk, signature in zip(CHUNKS, signatures, strict=True)
    ]
    return b"".join(parts) + end


def claims(seed: str) -> SignatureClaims:
    stamp = "20130524T000000Z"
    return SignatureClaims("AKIA", "20130524", "us-east-1", "s3", stamp, ("host",), seed)


def unpacked(kind: str, body: bytes, seed: str = "", **headers: str) -> bytes:
    given = {"x-amz-content-sha256": kind} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    request = Http("PUT", "/", "", given.get, frozenset(given), body)
    payload = unpack(request, claims(seed), SECRET)
    assert payload is not None
    return payload.body


PLAIN = framed(SIGNATURES, b"\r\n")
WITH_TRAILER = framed(TRAILER_SIGNATURES, LAST)
ABOUT = {"x_amz_decoded_content_length": "66560", "x_amz_trailer": "x-amz-checksum-crc32c"}


def test_aws_own_examples() -> None:
    """S3 API Reference: 66,560 bytes in chunks of 64 KiB, without and with trailing headers."""
    whole = b"".join(CHUNKS)
    assert unpacked(SIGNED, PLAIN, SEED, x_amz_decoded_content_length="66560") == whole
    assert unpacked(TRAILER, WITH_TRAILER, TRAILER_SEED, **ABOUT) == whole


@pytest.mark.parametrize(
    ("body", "mismatch"),
    [
        (PLAIN.replace(b"aaaa\r\n400;", b"aaab\r\n400;"), Mismatch.WRONG),
        (PLAIN.replace(b"0055627c", b"0055627d"), Mismatch.WRONG),
        (PLAIN.replace(b"b6c6ea8a", b"c6c6ea8a"), Mismatch.WRONG),
        (PLAIN.replace(b"10000;", b"0;", 1), Mismatch.WRONG),
        (PLAIN[:-2], Mismatch.FRAMING),
        (PLAIN + b"more", Mismatch.FRAMING),
        (PLAIN[:60000], Mismatch.FRAMING),
        (PLAIN.replace(b";chunk-signature=" + SIGNATURES[0].encode(), b""), Mismatch.FRAMING),
        (PLAIN[:-2] + LAST, Mismatch.WRONG),
        (b"", Mismatch.FRAMING),
        (b"x" * 2000, Mismatch.FRAMING),
        (b"-1;chunk-signature=" + b"0" * 64 + b"\r\n", Mismatch.FRAMING),
    ],
)
def test_each_chunk_is_as_it_was_signed(body: bytes, mismatch: Mismatch) -> None:
    with pytest.raises(SignatureFault) as caught:
        unpacked(SIGNED, body, SEED, x_amz_decoded_content_length="66560")
    assert caught.value.mismatch is mismatch


@pytest.mark.parametrize(
    ("old", "new", "mismatch"),
    [
        (b"sOO8/Q==", b"sOO8/A==", Mismatch.WRONG),
        (b"d81f82fc", b"e81f82fc", Mismatch.WRONG),
        (LAST[32:], b"\r\n", Mismatch.WRONG),
        (b"x-amz-checksum-crc32c:sOO8/Q==\r\n", b"", Mismatch.FRAMING),
        (b"x-amz-checksum-crc32c", b"x-amz-meta-a", Mismatch.WRONG),
    ],
)
def test_trailing_headers_are_as_they_were_signed(
    old: bytes, new: bytes, mismatch: Mismatch
) -> None:
    assert old in WITH_TRAILER
    with pytest.raises(SignatureFault) as caught:
        unpacked(TRAILER, WITH_TRAILER.replace(old, new), TRAILER_SEED, **ABOUT)
    assert caught.value.mismatch is mismatch


def unsigned(trailer: bytes, length: str = "5", announced: str = "x-amz-checksum-crc32") -> bytes:
    body = b"5\r\nhello\r\n0\r\n" + trailer + b"\r\n"
    about = {"x_amz_decoded_content_length": length, "x_amz_trailer": announced}
    return unpacked(UNSIGNED, body, **about)


def test_an_unsigned_body_is_held_to_its_checksum_and_length() -> None:
    assert unsigned(b"x-amz-checksum-crc32:NhCmhg==\r\n") == b"hello"
    for trailer, length, announced, mismatch in (
        (b"x-amz-checksum-crc32:NhCmhA==\r\n", "5", "x-amz-checksum-crc32", Mismatch.CHECKSUM),
        (b"x-amz-checksum-crc32:NhCmhg==\r\n", "6", "x-amz-checksum-crc32", Mismatch.FRAMING),
        (b"x-amz-checksum-crc32:NhCmhg==\r\n", "5", "x-amz-checksum-sha1", Mismatch.FRAMING),
        (b"x-amz-meta-a:b\r\n", "5", "x-amz-meta-a", Mismatch.FRAMING),
        (b"", "5", "x-amz-checksum-crc32", Mismatch.FRAMING),
        (b"x-amz-checksum-crc32:NhCmhg==\r\n" * 2, "5", "x-amz-checksum-crc32", Mismatch.FRAMING),
    ):
        with pytest.raises(SignatureFault) as caught:
            unsigned(trailer, length, announced)
        assert caught.value.mismatch is mismatch


@pytest.mark.parametrize(
    ("name", "value"),
    [
        # the check values of the catalogue of CRC algorithms, and of the hashes
        ("crc32", "cbf43926"),
        ("crc32c", "e3069283"),
        ("crc64nvme", "ae8b14860a799888"),
        ("sha1", hashlib.sha1(b"123456789", usedforsecurity=False).hexdigest()),
        ("sha256", hashlib.sha256(b"123456789").hexdigest()),
    ],
)
def test_checksums(name: str, value: str) -> None:
    right = base64.b64encode(bytes.fromhex(value)).decode()
    check_sum(f"x-amz-checksum-{name}", right, b"123456789")
    with pytest.raises(SignatureFault):
        check_sum(f"x-amz-checksum-{name}", right, b"123456788")


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(people.account()) as running:
        client(running, "s3").create_bucket(Bucket="docs")
        yield running


def upload(aws: LocalAws, *, spoil: bool = False, **more: str) -> tuple[int, str]:
    """Put an object of two chunks, signed one by one."""
    host = urlsplit(aws.url).netloc
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{stamp[:8]}/us-east-1/s3/aws4_request"
    headers = {
        "content-encoding": "aws-chunked",
        "host": host,
        "x-amz-content-sha256": SIGNED,
        "x-amz-date": stamp,
        "x-amz-decoded-content-length": "10",
    } | {name.replace("_", "-"): value for name, value in more.items()}
    key = f"AWS4{people.secret('admin')}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), "sha256").digest()

    def sign(kind: str, *lines: str) -> str:
        text = "\n".join((f"AWS4-HMAC-SHA256{kind}", stamp, scope, *lines))
        return hmac.new(key, text.encode(), "sha256").hexdigest()

    names = sorted(headers)
    canonical = "\n".join(
        ["PUT", "/docs/chunked", "", *(f"{name}:{headers[name]}" for name in names), ""]
    )
    canonical += f"\n{';'.join(names)}\n{SIGNED}"
    last = sign("", hashlib.sha256(canonical.encode()).hexdigest())
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={people.key_id('admin')}/{scope}, "
        f"SignedHeaders={';'.join(names)}, Signature={last}"
    )
    body = b""
    for chunk in (b"hello", b"world", b""):
        digest = hashlib.sha256(chunk).hexdigest()
        last = sign("-PAYLOAD", last, hashlib.sha256(b"").hexdigest(), digest)
        body += b"%x;chunk-signature=%s\r\n%s\r\n" % (len(chunk), last.encode(), chunk)
    if spoil:
        body = body.replace(b"world", b"w0rld")
    connection = http.client.HTTPConnection(host, timeout=30)
    try:
        connection.request("PUT", "/docs/chunked", body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_over_the_wire(aws: LocalAws) -> None:
    s3 = client(aws, "s3")
    assert upload(aws)[0] == 200
    stored = s3.get_object(Bucket="docs", Key="chunked")
    assert stored["Body"].read() == b"helloworld"
    assert stored.get("ContentEncoding", "") == ""
    s3.put_object(Bucket="docs", Key="chunked", Body=b"before")
    status, text = upload(aws, spoil=True)
    assert (status, "SignatureDoesNotMatch" in text) == (403, True)
    status, text = upload(aws, x_amz_decoded_content_length="11")
    assert (status, "is not the length" in text) == (400, True)
    status, text = upload(aws, x_amz_checksum_sha256="AAAA")
    assert (status, "<Code>BadDigest</Code>" in text) == (400, True)
    assert s3.get_object(Bucket="docs", Key="chunked")["Body"].read() == b"before"


def test_an_object_is_what_its_checksums_say(aws: LocalAws) -> None:
    s3 = client(aws, "s3")
    s3.put_object(Bucket="docs", Key="sum", Body=b"hello", ChecksumAlgorithm="SHA256")
    for wrong in ({"ChecksumCRC32": "AAAAAA=="}, {"ContentMD5": "AAAA"}):
        with pytest.raises(s3.exceptions.ClientError, match="BadDigest"):
            s3.put_object(Bucket="docs", Key="sum", Body=b"other", **wrong)
    assert s3.get_object(Bucket="docs", Key="sum")["Body"].read() == b"hello"
