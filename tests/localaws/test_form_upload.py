"""Uploads by a form: what boto3 signs is taken, and nothing that the policy does not say."""

import http.client
import json
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.config import Config

import localaws_people as people
import requests_by_hand as by_hand
from localaws_people import client
from sekisho.localaws import LocalAws

BOUNDARY = "b0undary"
V4 = Config(signature_version="s3v4")


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(people.account()) as running:
        s3 = client(running, "s3")
        s3.create_bucket(Bucket="docs")
        s3.create_bucket(Bucket="vault")
        yield running


def multipart(fields: Mapping[str, str], body: bytes, name: str = "a.txt") -> bytes:
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
        for key, value in fields.items()
    ]
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    return b"".join(parts) + head.encode() + body + f"\r\n--{BOUNDARY}--\r\n".encode()


def post(
    aws: LocalAws, fields: Mapping[str, str], body: bytes = b"hello", path: str = "/docs"
) -> tuple[int, str]:
    connection = http.client.HTTPConnection(urlsplit(aws.url).netloc, timeout=30)
    try:
        kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        connection.request("POST", path, multipart(fields, body), kind)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def signed(aws: LocalAws, key: str = "open/${filename}", who: str = "admin", **more: Any) -> Any:
    """Return the fields that boto3 makes."""
    return client(aws, "s3", who, config=V4).generate_presigned_post("docs", key, **more)["fields"]


def stored(aws: LocalAws, key: str, bucket: str = "docs") -> bytes:
    found: bytes = client(aws, "s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    return found


def test_what_boto3_signs_is_taken(aws: LocalAws) -> None:
    assert post(aws, signed(aws)) == (204, "")
    assert stored(aws, "open/a.txt") == b"hello"
    assert post(aws, signed(aws, "empty"), b"") == (204, "")
    assert stored(aws, "empty") == b""
    more = {"Content-Type": "text/plain", "x-amz-meta-team": "ops", "success_action_status": "201"}
    conditions = [*({name: value} for name, value in more.items()), ["content-length-range", 1, 9]]
    status, text = post(aws, signed(aws, "open/é &", Fields=dict(more), Conditions=conditions))
    assert status == 201
    assert "<Key>open/é &amp;</Key>" in text
    found = client(aws, "s3").get_object(Bucket="docs", Key="open/é &")
    assert (found["ContentType"], found["Metadata"]) == ("text/plain", {"team": "ops"})
    keys = people.session(client(aws, "sts").get_session_token())
    by_session = client(aws, "s3", config=V4, **keys).generate_presigned_post("docs", "session")
    assert post(aws, by_session["fields"]) == (204, "")
    assert stored(aws, "session") == b"hello"


def test_an_old_signature_says_how_to_make_a_new_one(aws: LocalAws) -> None:
    status, text = post(aws, client(aws, "s3").generate_presigned_post("docs", "k")["fields"])
    assert (status, "With boto3: Config(signature_version='s3v4')" in text) == (400, True)


def test_policies_of_the_signer_are_asked(aws: LocalAws) -> None:
    before = client(aws, "s3").list_objects_v2(Bucket="docs")["KeyCount"]
    for who in ("reader", "nobody", "enforced"):
        status, text = post(aws, signed(aws, "denied", who))
        assert (status, "s3:PutObject" in text) == (403, True)
    assert client(aws, "s3").list_objects_v2(Bucket="docs")["KeyCount"] == before


def own(change: Mapping[str, Any], conditions: list[Any] | None = None, **sent: str) -> Any:
    """Return fields that are signed by hand: `change` is of what is signed, `sent` of the rest."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{stamp[:8]}/us-east-1/s3/aws4_request"
    fields = {
        "key": "own",
        "x-amz-algorithm": "AWS4-HMAC-SHA256",
        "x-amz-credential": f"{people.key_id('admin')}/{scope}",
        "x-amz-date": stamp,
    } | {name.replace("_", "-"): value for name, value in sent.items()}
    policy = {
        "expiration": (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "conditions": [{"bucket": "docs"}, *({name: value} for name, value in fields.items())],
    } | change
    policy["conditions"] = [*policy["conditions"], *(conditions or [])]
    text = b64encode(json.dumps(policy).encode()).decode()
    return fields | {
        "policy": text,
        "x-amz-signature": by_hand.sign(people.secret("admin"), scope, text),
    }


def test_what_is_signed_by_hand_is_taken_too(aws: LocalAws) -> None:
    assert post(aws, own({}, [["content-length-range", "5", "5"]]))[0] == 204
    assert post(aws, own({}) | {"x-ignore-this": "x"})[0] == 204
    assert (
        post(
            aws, own({}, [["starts-with", "$Content-Type", "text/"]]) | {"Content-Type": "text/x"}
        )[0]
        == 204
    )
    assert stored(aws, "own") == b"hello"


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        (own({}) | {"key": "other"}, 403, "Policy Condition failed"),
        (own({}) | {"x-amz-meta-a": "b"}, 403, "Extra input fields: x-amz-meta-a"),
        (own({}) | {"acl": "public-read"}, 403, "Extra input fields: acl"),
        (own({}) | {"bucket": "vault"}, 403, "Policy Condition failed"),
        (own({"conditions": [{"bucket": "vault"}, ["starts-with", "$key", ""]]}), 403, "$bucket"),
        (own({"conditions": [["starts-with", "$key", ""]]}), 403, "Extra input fields"),
        (own({}, [["content-length-range", 6, 9]]), 400, "EntityTooSmall"),
        (own({}, [["content-length-range", 0, 4]]), 400, "EntityTooLarge"),
        (own({}, [["content-length-range", -1, "x"]]), 400, "InvalidPolicyDocument"),
        (own({}, [["ends-with", "$key", "n"]]), 400, "InvalidPolicyDocument"),
        (own({}, ["key"]), 400, "InvalidPolicyDocument"),
        (own({"expiration": "2020-01-01T00:00:00Z"}), 403, "Policy expired"),
        (own({"expiration": "soon"}), 400, "InvalidPolicyDocument"),
        (own({"more": 1}), 400, "InvalidPolicyDocument"),
        (own({}) | {"policy": "e30="}, 403, "SignatureDoesNotMatch"),
        (own({}) | {"x-amz-signature": "0" * 64}, 403, "SignatureDoesNotMatch"),
        (own({}) | {"x-amz-signature": "é"}, 403, "SignatureDoesNotMatch"),
        (own({}) | {"x-amz-date": "20200101T000000Z"}, 403, "SignatureDoesNotMatch"),
        (own({}, x_amz_algorithm="AWS4-HMAC-SHA1"), 400, "a form is signed with"),
        (own({}, x_amz_credential="AKIA"), 400, "slash-delimited"),
        (
            own({}, x_amz_credential="AKIAX/20260101/us-east-1/s3/aws4_request"),
            403,
            "InvalidAccessKeyId",
        ),
        (own({}, x_amz_security_token="x"), 403, "InvalidAccessKeyId"),
        ({"key": "a"}, 400, "the form lacks policy"),
        (own({}, key=""), 400, "must contain a field named"),
        (own({}, key="../up"), 400, "a part `.` or `..`"),
        (
            own({}) | {"success_action_redirect": "x"},
            403,
            "Extra input fields",
        ),
        (
            own({}, [{"success_action_redirect": "http://x/"}])
            | {"success_action_redirect": "http://x/"},
            501,
            "`success_action_redirect`",
        ),
        (
            own({}, [{"x-amz-copy-source": "vault/a"}]) | {"x-amz-copy-source": "vault/a"},
            501,
            "`x-amz-copy-source`",
        ),
        (own({}, [{"tagging": "<x/>"}]) | {"tagging": "<x/>"}, 501, "`tagging`"),
        (
            own({}, [{"x-amz-meta-a": "a\r\nb"}]) | {"x-amz-meta-a": "a\r\nb"},
            400,
            "MalformedPOSTRequest",
        ),
        (own({}) | {"KEY": "twice"}, 400, "MalformedPOSTRequest"),
        (own({}) | {"x": "x" * 30_000}, 400, "MalformedPOSTRequest"),
    ],
)
def test_nothing_else_is(aws: LocalAws, fields: dict[str, str], status: int, said: str) -> None:
    before = client(aws, "s3").list_objects_v2(Bucket="docs")["KeyCount"]
    answered, text = post(aws, fields)
    assert (answered, said in text) == (status, True), text
    assert client(aws, "s3").list_objects_v2(Bucket="docs")["KeyCount"] == before


def test_a_form_elsewhere_is_none(aws: LocalAws) -> None:
    for path in ("/", "/docs/key"):
        status, text = post(aws, own({}), path=path)
        assert (status, "MalformedPOSTRequest" in text) == (400, True), path
    assert post(aws, own({}), path="/vault")[0] == 403
    assert b64decode(own({})["policy"])
