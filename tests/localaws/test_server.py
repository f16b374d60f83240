"""Starting, stopping, and what the server itself refuses."""

import http.client
import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.iam.models import iam_backends

import localaws_people as people
from localaws_people import client
from sekisho.account import load_account
from sekisho.errors import Code, InternalError, PortInUse
from sekisho.localaws import LocalAws


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_a_port_in_use_is_one_clear_error(taken: int) -> None:
    with pytest.raises(PortInUse) as caught, LocalAws(people.account(), port=taken):
        pass
    assert caught.value.code is Code.PORT_IN_USE
    assert f"127.0.0.1:{taken}" in caught.value.message.en
    assert "\n" not in caught.value.message.en
    assert "--port" in caught.value.fix.en


def test_a_fixed_port_can_be_had_again_at_once() -> None:
    with LocalAws(people.account()) as first:
        client(first, "sts").get_caller_identity()
        port = int(first.url.rpartition(":")[2])
    with LocalAws(people.account(), port=port) as second:
        client(second, "sts").get_caller_identity()
        assert second.url.endswith(f":{port}")


def test_the_account_is_empty_at_every_start_and_others_are_left_alone() -> None:
    other = iam_backends["999999999999"]["aws"]
    other.create_user("us-east-1", "bystander")
    with LocalAws(people.account()) as aws:
        client(aws, "iam").create_user(UserName="left-behind")
        client(aws, "s3").create_bucket(Bucket="left-behind")
        client(aws, "sqs").create_queue(QueueName="left-behind")
    with LocalAws(people.account()) as aws:
        users = client(aws, "iam").list_users()["Users"]
        assert {user["UserName"] for user in users} == set(people.PEOPLE)
        assert client(aws, "s3").list_buckets()["Buckets"] == []
        assert "QueueUrls" not in client(aws, "sqs").list_queues()
    assert "bystander" in iam_backends["999999999999"]["aws"].users
    other.delete_user("bystander")


def test_what_became_of_aws_policies_is_forgotten_at_the_next_start() -> None:
    read_only = "arn:aws:iam::aws:policy/ReadOnlyAccess"

    def look(aws: LocalAws) -> tuple[int, str, object]:
        found = client(aws, "iam").get_policy(PolicyArn=read_only)["Policy"]
        backend = iam_backends[people.ACCOUNT]["aws"]
        versions = backend.managed_policies[read_only].versions
        return found["AttachmentCount"], found["PolicyId"], [dict(vars(one)) for one in versions]

    with LocalAws(people.account()) as aws:
        before = look(aws)
        client(aws, "iam").attach_user_policy(UserName="path", PolicyArn=read_only)
        changed = iam_backends[people.ACCOUNT]["aws"].managed_policies[read_only]
        changed.tags["a"], changed.versions[0].document = {"Key": "a", "Value": "b"}, "{}"
        assert look(aws) != before
    with LocalAws(people.account()) as aws:
        assert look(aws) == before
        assert not iam_backends[people.ACCOUNT]["aws"].managed_policies[read_only].tags


def test_it_listens_on_this_machine_only() -> None:
    with LocalAws(people.account()) as aws:
        assert aws.url.startswith("http://127.0.0.1:")
        assert aws.console_url == f"{aws.url}/_console"


def test_it_has_no_address_while_it_does_not_run() -> None:
    aws = LocalAws(people.account())
    with pytest.raises(InternalError):
        _ = aws.url


@pytest.mark.parametrize(("host", "status"), [("evil.example", 403), ("", 403), ("localhost", 400)])
def test_sign_in_answers_only_to_its_own_name(host: str, status: int) -> None:
    with LocalAws(people.account()) as aws:
        where = urlsplit(aws.url)
        connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=30)
        headers = {"Host": f"{host}:{where.port}", "Content-Type": "application/json"}
        connection.request("POST", "/_console/sign-in", json.dumps({}), headers)
        answer = connection.getresponse()
        assert answer.status == status
        answer.read()
        connection.close()


def test_an_environment_variable_of_motos_does_not_choose_the_account(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MOTO_ACCOUNT_ID", "999999999999")
    with LocalAws(people.account()) as aws:
        client(aws, "iam").create_user(UserName="here")
        assert "here" in iam_backends[people.ACCOUNT]["aws"].users


def test_many_callers_at_once_are_each_themselves() -> None:
    with LocalAws(people.account()) as aws:
        callers = [
            (who, client(aws, "sts", who)) for who in ("admin", "enforced", "reader", "nobody")
        ]

        def who_am_i(caller: tuple[str, Any]) -> tuple[str, str]:
            return caller[0], caller[1].get_caller_identity()["Arn"].rpartition("/")[2]

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(who_am_i, callers * 10))
    assert len(answers) == 40
    assert [told for _, told in answers] == [who for who, _ in answers]


def test_an_account_of_another_partition_lives_in_its_own_regions() -> None:
    text = people.account_text().replace("arn:aws:", "arn:aws-cn:")
    account = load_account(text.replace('"partition": "aws"', '"partition": "aws-cn"'))
    with LocalAws(account) as aws:
        assert aws.region == "cn-northwest-1"
        here = client(aws, "sts", region_name=aws.region)
        assert here.get_caller_identity()["Arn"] == f"arn:aws-cn:iam::{people.ACCOUNT}:user/admin"
        client(aws, "s3", region_name=aws.region).list_buckets()
        with pytest.raises(ClientError, match="InvalidClientTokenId"):
            client(aws, "sts", region_name="us-east-1").get_caller_identity()


def test_moto_is_itself_again_where_no_local_aws_asks() -> None:
    with LocalAws(people.account()) as aws:
        client(aws, "iam").create_user(UserName="here")
    with mock_aws():
        keys = {"aws_access_key_id": "AKIAEXAMPLE", "aws_secret_access_key": "x"}
        iam = boto3.client("iam", region_name="us-east-1", **keys)
        iam.create_user(UserName="mocked")
        assert [user["UserName"] for user in iam.list_users()["Users"]] == ["mocked"]
        device = iam.create_virtual_mfa_device(VirtualMFADeviceName="phone")
        assert device["VirtualMFADevice"]["SerialNumber"].endswith(":mfa/phone")


def test_a_password_that_is_no_text_is_a_wrong_password() -> None:
    with LocalAws(people.account()) as aws:
        where = urlsplit(aws.url)
        connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=30)
        fields = {"account": people.ACCOUNT, "user": "\ud800", "password": "\ud800"}
        headers = {"Content-Type": "application/json"}
        connection.request("POST", "/_console/sign-in", json.dumps(fields), headers)
        answer = connection.getresponse()
        assert answer.status == 401
        assert json.loads(answer.read())["error"]["code"] == "SigninFailed"
        connection.close()


def test_a_malformed_address_is_refused_in_words(capfd: pytest.CaptureFixture[str]) -> None:
    with LocalAws(people.account()) as aws:
        where = urlsplit(aws.url)
        with socket.create_connection((where.hostname or "", where.port or 0), 30) as connection:
            connection.sendall(b"GET http://[::1 HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b" 400 " in connection.makefile("rb").readline()
    assert "Traceback" not in capfd.readouterr().err
