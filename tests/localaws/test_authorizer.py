"""The authorizer over the wire: unmodified clients, real signatures, AWS's own answers."""

import http.client
import json
import logging
import socket
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

import localaws_people as people
import requests_by_hand as by_hand
from localaws_limits import MAX_BODY_BYTES
from localaws_people import client, session
from sekisho.localaws import LocalAws


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(people.account()) as running:
        yield running


def error_of(call: Any, **params: Any) -> tuple[str, int, str]:
    with pytest.raises(ClientError) as caught:
        call(**params)
    answer = caught.value.response
    error = answer["Error"]
    return error["Code"], answer["ResponseMetadata"]["HTTPStatusCode"], error.get("Message", "")


CALLS = [
    ("iam", "list_users", "iam:ListUsers"),
    ("sts", "get_caller_identity", None),
    ("s3", "list_buckets", "s3:ListAllMyBuckets"),
    ("ec2", "describe_instances", "ec2:DescribeInstances"),
    ("dynamodb", "list_tables", "dynamodb:ListTables"),
    ("sqs", "list_queues", "sqs:ListQueues"),
    ("lambda", "list_functions", "lambda:ListFunctions"),
]
DENIED = {
    "iam": ("AccessDenied", 403),
    "s3": ("AccessDenied", 403),
    "ec2": ("UnauthorizedOperation", 403),
    "dynamodb": ("AccessDeniedException", 400),
    "sqs": ("AccessDeniedException", 400),
    "lambda": ("AccessDeniedException", 403),
}
UNKNOWN_KEY = {
    "iam": ("InvalidClientTokenId", 403),
    "sts": ("InvalidClientTokenId", 403),
    "s3": ("InvalidAccessKeyId", 403),
    "ec2": ("AuthFailure", 401),
    "dynamodb": ("UnrecognizedClientException", 400),
    "sqs": ("UnrecognizedClientException", 400),
    "lambda": ("UnrecognizedClientException", 403),
}
BAD_SIGNATURE = {
    "iam": ("SignatureDoesNotMatch", 403),
    "sts": ("SignatureDoesNotMatch", 403),
    "s3": ("SignatureDoesNotMatch", 403),
    "ec2": ("AuthFailure", 401),
    "dynamodb": ("InvalidSignatureException", 400),
    "sqs": ("InvalidSignatureException", 400),
    "lambda": ("InvalidSignatureException", 403),
}


@pytest.mark.parametrize(("service", "operation", "action"), CALLS)
def test_each_protocol_lets_pass_and_refuses(
    aws: LocalAws, service: str, operation: str, action: str | None
) -> None:
    getattr(client(aws, service), operation)()
    if action is None:
        # GetCallerIdentity needs no permission
        getattr(client(aws, service, "nobody"), operation)()
        return
    code, status, message = error_of(getattr(client(aws, service, "nobody"), operation))
    assert (code, status) == DENIED[service]
    assert message.endswith(
        f"User: arn:aws:iam::{people.ACCOUNT}:user/nobody is not authorized to perform: {action} "
        f"on resource: * because no identity-based policy allows the {action} action"
    )


@pytest.mark.parametrize(("service", "operation", "_"), CALLS)
def test_each_protocol_names_a_bad_key_and_a_bad_signature(
    aws: LocalAws, service: str, operation: str, _: object
) -> None:
    stranger = client(aws, service, aws_access_key_id="AKIANOBODYKNOWSTHIS0")
    assert error_of(getattr(stranger, operation))[:2] == UNKNOWN_KEY[service]
    inactive = client(aws, service, "path")
    assert error_of(getattr(inactive, operation))[:2] == UNKNOWN_KEY[service]
    liar = client(aws, service, aws_secret_access_key="x" * 40)
    assert error_of(getattr(liar, operation))[:2] == BAD_SIGNATURE[service]


@pytest.mark.parametrize(
    ("service", "header"), [("sqs", "AccessDeniedException;Sender"), ("dynamodb", None)]
)
def test_a_former_query_service_gives_its_code_in_a_header(
    aws: LocalAws, service: str, header: str | None
) -> None:
    operation = {each: name for each, name, _ in CALLS}[service]
    with pytest.raises(ClientError) as caught:
        getattr(client(aws, service, "nobody"), operation)()
    headers = caught.value.response["ResponseMetadata"]["HTTPHeaders"]
    assert headers.get("x-amzn-query-error") == header


def test_an_explicit_deny_is_named(aws: LocalAws) -> None:
    found = error_of(client(aws, "s3", "enforced").list_buckets)
    assert found == (
        "AccessDenied",
        403,
        f"User: arn:aws:iam::{people.ACCOUNT}:user/enforced is not authorized to perform: "
        "s3:ListAllMyBuckets on resource: * with an explicit deny in an identity-based policy",
    )
    entry = aws.log.last("s3:ListAllMyBuckets")
    assert entry is not None
    assert not entry.allowed
    assert entry.decision is not None
    assert [(cause.policy, cause.index) for cause in entry.decision.because] == [
        ("inline own of user enforced", 1)
    ]


def test_a_refused_head_has_a_status_and_no_body(aws: LocalAws) -> None:
    code, status, _ = error_of(client(aws, "s3", "nobody").head_bucket, Bucket="docs")
    assert (code, status) == ("403", 403)


# --- sessions


def test_a_code_opens_a_enforced_account_and_counts_once(aws: LocalAws) -> None:
    sts, code = client(aws, "sts", "enforced"), people.fresh_code(aws)
    serial = f"arn:aws:iam::{people.ACCOUNT}:mfa/enforced"
    with_code = {"SerialNumber": serial, "TokenCode": code}
    opened = client(aws, "s3", **session(sts.get_session_token(**with_code)))
    opened.list_buckets()
    again = error_of(sts.get_session_token, **with_code)
    assert again[0] == "AccessDenied"
    assert again[2] == "MultiFactorAuthentication failed with invalid MFA one time pass code."
    foreign = f"arn:aws:iam::{people.ACCOUNT}:mfa/admin"
    assert (
        "unable to validate"
        in error_of(sts.get_session_token, SerialNumber=foreign, TokenCode=people.fresh_code(aws))[
            2
        ]
    )


def test_a_session_without_a_code_may_not_call_iam(aws: LocalAws) -> None:
    given = session(client(aws, "sts").get_session_token())
    client(aws, "s3", **given).list_buckets()
    assert error_of(client(aws, "iam", **given).list_users)[:2] == ("InvalidClientTokenId", 403)
    assert error_of(client(aws, "sts", **given).get_session_token)[2] == (
        "Cannot call GetSessionToken with session credentials"
    )


def test_a_role_that_wants_mfa_is_assumed_with_a_code_only(aws: LocalAws) -> None:
    role = {"RoleArn": f"arn:aws:iam::{people.ACCOUNT}:role/Ops", "RoleSessionName": "shift"}
    for who in ("admin", "enforced"):
        sts = client(aws, "sts", who)
        assert error_of(sts.assume_role, **role)[:2] == ("AccessDenied", 403)
        assumed = sts.assume_role(
            **role,
            SerialNumber=f"arn:aws:iam::{people.ACCOUNT}:mfa/{who}",
            TokenCode=people.fresh_code(aws),
        )
        identity = client(aws, "sts", **session(assumed)).get_caller_identity()
        assert identity["Arn"] == f"arn:aws:sts::{people.ACCOUNT}:assumed-role/Ops/shift"
        client(aws, "s3", **session(assumed)).list_buckets()
    missing = role | {"RoleArn": f"arn:aws:iam::{people.ACCOUNT}:role/None"}
    assert error_of(client(aws, "sts").assume_role, **missing)[:2] == ("AccessDenied", 403)


def test_a_session_ends_by_the_moved_clock_and_its_signatures_do_not(aws: LocalAws) -> None:
    given = session(client(aws, "sts").get_session_token(DurationSeconds=900))
    aws.clock.advance(timedelta(minutes=16))
    assert error_of(client(aws, "sts", **given).get_caller_identity)[0] == "ExpiredToken"
    assert error_of(client(aws, "dynamodb", **given).list_tables)[0] == "ExpiredTokenException"
    client(aws, "sts").get_caller_identity()


def test_a_token_that_is_not_of_its_key_is_refused(aws: LocalAws) -> None:
    given = session(client(aws, "sts").get_session_token())
    forged = given | {"aws_session_token": given["aws_session_token"][:-4] + "AAAA"}
    assert error_of(client(aws, "sts", **forged).get_caller_identity)[0] == "InvalidClientTokenId"
    with_token = {"aws_session_token": given["aws_session_token"]}
    assert error_of(client(aws, "iam", **with_token).get_user)[0] == "InvalidClientTokenId"


def test_a_user_who_is_gone_has_no_session(aws: LocalAws) -> None:
    iam = client(aws, "iam")
    iam.create_user(UserName="brief")
    key = iam.create_access_key(UserName="brief")["AccessKey"]
    own = {
        "aws_access_key_id": key["AccessKeyId"],
        "aws_secret_access_key": key["SecretAccessKey"],
    }
    given = session(client(aws, "sts", **own).get_session_token())
    client(aws, "sts", **given).get_caller_identity()
    iam.delete_access_key(UserName="brief", AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName="brief")
    iam.create_user(UserName="brief")
    assert error_of(client(aws, "sts", **given).get_caller_identity)[0] == "InvalidClientTokenId"


# --- resources


def test_a_user_may_do_to_themselves_what_their_policy_names(aws: LocalAws) -> None:
    iam = client(aws, "iam", "reader")
    assert iam.get_user()["User"]["UserName"] == "reader"
    iam.list_access_keys()
    assert error_of(iam.get_user, UserName="admin")[2].endswith(
        f"on resource: arn:aws:iam::{people.ACCOUNT}:user/admin because no identity-based policy "
        "allows the iam:GetUser action"
    )
    # the path is part of the ARN, and nobody names it in the call
    assert "user/dev/path " in error_of(iam.get_user, UserName="path")[2]


KEYS = ["a b", "é", "a+b", "a%2Fb", "x//y", "/lead", "?#", "folder/", "a=b&c?d#e", "日本/語"]


@pytest.mark.parametrize("key", KEYS)
def test_every_key_of_s3_comes_and_goes_and_is_decided_by_its_name(aws: LocalAws, key: str) -> None:
    s3 = client(aws, "s3")
    s3.create_bucket(Bucket="docs")
    for prefix in ("open/", "shut/"):
        s3.put_object(Bucket="docs", Key=prefix + key, Body=key.encode(), Metadata={"my_key": "v"})
    found = s3.get_object(Bucket="docs", Key=f"open/{key}")
    assert found["Body"].read() == key.encode()
    assert found["Metadata"] == {"my_key": "v"}
    reader = client(aws, "s3", "reader")
    assert reader.get_object(Bucket="docs", Key=f"open/{key}")["Body"].read() == key.encode()
    assert error_of(reader.get_object, Bucket="docs", Key=f"shut/{key}")[0] == "AccessDenied"


def test_a_copy_reads_its_source_and_deleting_many_asks_for_each(aws: LocalAws) -> None:
    s3, reader = client(aws, "s3"), client(aws, "s3", "reader")
    s3.create_bucket(Bucket="docs")
    s3.put_object(Bucket="docs", Key="shut/source", Body=b"x")
    source = {"Bucket": "docs", "Key": "shut/source"}
    s3.copy_object(Bucket="docs", Key="open/copy", CopySource=source)
    entries = [entry for entry in aws.log.entries()[-2:] if entry.allowed]
    assert [(entry.action, entry.resource) for entry in entries] == [
        ("s3:GetObject", "arn:aws:s3:::docs/shut/source"),
        ("s3:PutObject", "arn:aws:s3:::docs/open/copy"),
    ]
    copied = error_of(reader.copy_object, Bucket="docs", Key="open/b", CopySource=source)
    assert "s3:GetObject on resource: arn:aws:s3:::docs/shut/source" in copied[2]
    keys = {"Objects": [{"Key": "open/copy"}, {"Key": "shut/source"}]}
    assert "s3:DeleteObject" in error_of(reader.delete_objects, Bucket="docs", Delete=keys)[2]
    s3.delete_objects(Bucket="docs", Delete=keys)
    assert s3.list_objects_v2(Bucket="docs", Prefix="shut/source")["KeyCount"] == 0


def test_an_object_goes_up_in_parts(aws: LocalAws) -> None:
    s3 = client(aws, "s3")
    s3.create_bucket(Bucket="docs")
    begun = {"Bucket": "docs", "Key": "parts"}
    begun["UploadId"] = s3.create_multipart_upload(**begun)["UploadId"]
    tags = [
        {"PartNumber": n, "ETag": s3.upload_part(**begun, PartNumber=n, Body=part)["ETag"]}
        for n, part in ((1, b"x" * 5 * 1024 * 1024), (2, b"y"))
    ]
    s3.complete_multipart_upload(**begun, MultipartUpload={"Parts": tags})
    assert s3.head_object(Bucket="docs", Key="parts")["ContentLength"] == 5 * 1024 * 1024 + 1


def test_an_unknown_resource_opens_nothing(aws: LocalAws) -> None:
    """An Allow on some unknown resources is none, a Deny on some is one."""
    narrow = {"DBInstanceIdentifier": "mine"}
    code, _, message = error_of(client(aws, "rds", "narrow").delete_db_instance, **narrow)
    assert code == "AccessDenied"
    assert "because no identity-based policy allows" in message
    found = error_of(client(aws, "redshift", "narrow").delete_cluster, ClusterIdentifier="mine")
    assert found[2].endswith("with an explicit deny in an identity-based policy")
    entry = aws.log.last("redshift:DeleteCluster")
    assert entry is not None
    assert entry.resource is None


# --- what is not there


def test_what_moto_lacks_is_named_once_and_not_tried_again(aws: LocalAws) -> None:
    patient = client(aws, "iam", config=Config(retries={"total_max_attempts": 4}))
    before = len(aws.log.entries())
    code, status, message = error_of(
        patient.list_policies_granting_service_access,
        Arn=f"arn:aws:iam::{people.ACCOUNT}:user/admin",
        ServiceNamespaces=["s3"],
    )
    assert (code, status) == ("NotImplemented", 501)
    assert "list_policies_granting_service_access" in message
    assert len(aws.log.entries()) == before + 1


DOCUMENT = json.dumps({"Version": "2012-10-17", "Statement": []})


@pytest.mark.parametrize(
    ("service", "operation", "params"),
    [
        ("s3", "put_bucket_policy", {"Bucket": "docs", "Policy": DOCUMENT}),
        ("sqs", "create_queue", {"QueueName": "q", "Attributes": {"Policy": DOCUMENT}}),
        ("kms", "create_key", {"Policy": DOCUMENT}),
        (
            "sns",
            "set_topic_attributes",
            {
                "TopicArn": f"arn:aws:sns:us-east-1:{people.ACCOUNT}:t",
                "AttributeName": "Policy",
                "AttributeValue": DOCUMENT,
            },
        ),
        (
            "lambda",
            "add_permission",
            {"FunctionName": "f", "StatementId": "1", "Action": "a:B", "Principal": "1"},
        ),
        (
            "organizations",
            "create_policy",
            {
                "Name": "p",
                "Description": "d",
                "Type": "SERVICE_CONTROL_POLICY",
                "Content": DOCUMENT,
            },
        ),
    ],
)
def test_a_policy_that_would_not_be_asked_is_not_taken(
    aws: LocalAws, service: str, operation: str, params: dict[str, Any]
) -> None:
    call = getattr(client(aws, service), operation)
    code, status, message = error_of(call, **params)
    assert "NotImplemented" in code
    assert status == 501
    assert "would set a policy" in message
    assert error_of(getattr(client(aws, service, "nobody"), operation), **params)[1] in {400, 403}


def test_what_only_looks_like_a_policy_is_taken(aws: LocalAws) -> None:
    queue = client(aws, "sqs").create_queue(QueueName="plain")["QueueUrl"]
    client(aws, "sqs").send_message(QueueUrl=queue, MessageBody=DOCUMENT)


def test_a_service_that_moto_lacks_is_refused(aws: LocalAws) -> None:
    assert error_of(client(aws, "devicefarm").list_projects)[0] == "UnknownOperationException"


# --- requests that no client sends


def raw(
    aws: LocalAws, method: str, path: str, body: bytes = b"", **headers: str
) -> tuple[int, str]:
    where = urlsplit(aws.url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=30)
    try:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, b"", names)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("method", "path", "headers", "expected"),
    [
        (
            "POST",
            "/",
            {"Content_Type": "application/x-www-form-urlencoded"},
            "MissingAuthentication",
        ),
        ("GET", "/docs/open/a", {}, "<Error><Code>AccessDenied"),
        ("GET", "/?Action=GetCallerIdentity&Version=2011-06-15", {}, "MissingAuthentication"),
        ("POST", "/", {"X_Amz_Target": "DynamoDB_20120810.ListTables"}, "MissingAuthenticationT"),
        ("GET", "/", {"Authorization": "Basic eDp5"}, "Please use AWS4-HMAC-SHA256"),
        ("POST", "/moto-api/reset", {}, "AccessDenied"),
        ("GET", "/moto-api/data.json", {}, "AccessDenied"),
        ("GET", "/latest/meta-data/iam/security-credentials/", {}, "AccessDenied"),
        ("OPTIONS", "/docs", {"Origin": "http://elsewhere"}, "AccessDenied"),
    ],
)
def test_nothing_unsigned_gets_through(
    aws: LocalAws, method: str, path: str, headers: dict[str, str], expected: str
) -> None:
    status, text = raw(aws, method, path, **headers)
    assert 400 <= status < 500
    assert expected in text
    assert "<html" not in text.lower()
    client(aws, "iam").get_user(UserName="admin")


def test_a_body_over_the_limit_is_refused_before_it_is_read(aws: LocalAws) -> None:
    for service, said in (("s3", "<Code>EntityTooLarge</Code>"), ("iam", "RequestEntityTooLarge")):
        scope = f"{people.key_id('admin')}/20240101/us-east-1/{service}/aws4_request"
        signed = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
        for length in (str(MAX_BODY_BYTES + 1), "9" * 400):
            sent = {"Content_Length": length, "Authorization": signed, "Date": "now"}
            status, text = raw(aws, "PUT", "/docs/big", **sent)
            assert (status in {400, 413}, said in text) == (True, True)
            assert f"longer than {MAX_BODY_BYTES} bytes" in text
    code, _, _ = error_of(
        client(aws, "s3").put_object, Bucket="docs", Key="big", Body=b"x" * (MAX_BODY_BYTES + 1)
    )
    assert code == "EntityTooLarge"


def answered(aws: LocalAws, *sent: bytes) -> str:
    """Return the answer to bytes that no client would send."""
    where = urlsplit(aws.url)
    with socket.create_connection((where.hostname or "", where.port or 0), timeout=30) as stream:
        stream.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n")
        stream.sendall(b"".join(sent))
        stream.shutdown(socket.SHUT_WR)
        return stream.makefile("rb").read().decode()


@pytest.mark.parametrize("length", [b"-1", b"1e1", b"+5", b"0x5", b"\xb2"])
def test_a_length_that_is_no_number_is_refused(aws: LocalAws, length: bytes) -> None:
    text = answered(aws, b"Content-Length: ", length, b"\r\n\r\nhello")
    assert "400" in text.partition("\r\n")[0]
    assert "Content-Length is not a number" in text


def test_a_body_that_ends_too_early_is_refused(aws: LocalAws) -> None:
    scope = f"{people.key_id('admin')}/20240101/us-east-1/iam/aws4_request"
    signed = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
    head = f"Authorization: {signed}\r\nDate: now\r\nContent-Length: 6\r\n\r\n".encode()
    text = answered(aws, head, b"hello")
    assert "400" in text.partition("\r\n")[0]
    assert "the body ends before its Content-Length" in text


def test_an_old_signature_is_refused_with_its_times(aws: LocalAws) -> None:
    status, text = by_hand.send(
        aws.url, "iam", people.key_id("admin"), people.secret("admin"), minutes=-20
    )
    assert status == 403
    assert "<Code>SignatureDoesNotMatch</Code>" in text
    assert "Signature expired: " in text
    assert by_hand.send(aws.url, "iam", people.key_id("admin"), people.secret("admin"))[0] == 200


def test_no_header_chooses_the_account(aws: LocalAws) -> None:
    more = {"x-moto-account-id": "999999999999", "User-Agent": "region/cn-north-1"}
    key, secret = people.key_id("admin"), people.secret("admin")
    status, text = by_hand.send(aws.url, "iam", key, secret, headers=more)
    assert status == 200
    assert f"arn:aws:iam::{people.ACCOUNT}:user/admin" in text


def test_a_body_cannot_lead_moto_to_another_operation(aws: LocalAws) -> None:
    """moto takes `&Action=…` in a JSON body for the operation."""
    table = {"TableName": "x&Action=ListTables&y="}
    code, status, _ = error_of(client(aws, "dynamodb").describe_table, **table)
    assert (code, status) == ("ResourceNotFoundException", 400)


def test_presigned_addresses(aws: LocalAws) -> None:
    s3 = client(aws, "s3", config=Config(signature_version="s3v4"))
    s3.create_bucket(Bucket="docs")
    s3.put_object(Bucket="docs", Key="open/p", Body=b"hello")
    wanted = {"Bucket": "docs", "Key": "open/p"}
    for who, expected in (("admin", 200), ("reader", 200), ("nobody", 403)):
        signer = client(aws, "s3", who, config=Config(signature_version="s3v4"))
        url = urlsplit(signer.generate_presigned_url("get_object", Params=wanted))
        status, text = raw(aws, "GET", f"{url.path}?{url.query}")
        assert status == expected, text
    tampered = url.query.replace("X-Amz-Expires=3600", "X-Amz-Expires=3601")
    assert "SignatureDoesNotMatch" in raw(aws, "GET", f"{url.path}?{tampered}")[1]
    old = client(aws, "s3", config=Config(signature_version="s3"))
    url = urlsplit(old.generate_presigned_url("get_object", Params=wanted))
    assert "signature_version" in raw(aws, "GET", f"{url.path}?{url.query}")[1]
    url = urlsplit(
        client(aws, "sts").generate_presigned_url("get_caller_identity", HttpMethod="GET")
    )
    status, text = raw(aws, "GET", f"{url.path}?{url.query}")
    assert (status, "user/admin" in text) == (200, True)


def test_a_fault_of_moto_is_an_internal_failure_and_keeps_secrets(
    aws: LocalAws, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: object) -> None:
        raise KeyError("hush")

    monkeypatch.setattr("moto.iam.responses.IamResponse.list_groups", broken)
    with caplog.at_level(logging.DEBUG, "sekisho.localaws"):
        code, status, message = error_of(client(aws, "iam").list_groups)
    assert (code, status) == ("InternalFailure", 500)
    assert "hush" not in message + caplog.text


def test_no_secret_gets_into_the_log(aws: LocalAws, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "sekisho.localaws"):
        iam = client(aws, "iam")
        iam.create_user(UserName="hush-hush")
        iam.create_login_profile(UserName="hush-hush", Password="Kagami-biraki-11!")
        given = session(client(aws, "sts").get_session_token())
    shown = caplog.text + json.dumps([repr(entry) for entry in aws.log.entries()])
    for hidden in ("Kagami-biraki-11!", people.secret("admin"), *list(given.values())[1:]):
        assert hidden not in shown
