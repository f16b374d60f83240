"""The boto3 side: every failure is one clear error, and none shows a secret."""

import traceback
from datetime import timedelta
from pathlib import Path

import boto3
import pytest

from administered import GLASS, administered
from sekisho.account.aws import AssumedRole, Keys, connect
from sekisho.errors import AwsRefused

KEYS = Keys("AKIAEXAMPLE", "example-secret", "example-token")
ROLE = "arn:aws:iam::123456789012:role/Reader"
REGION = "ap-northeast-1"


def test_keys_hide_their_secrets() -> None:
    assert repr(KEYS) == "Keys(access_key_id='AKIAEXAMPLE')"


def test_an_answer_is_aws_own() -> None:
    with administered() as local:
        api = connect(region=REGION, endpoint_url=local.url, credentials=GLASS)
        with pytest.raises(AwsRefused) as caught:
            api.call("iam", "GetUser", UserName="nobody")
    error = caught.value
    assert (error.operation, error.aws_code, error.status) == ("GetUser", "NoSuchEntity", 404)


def test_a_session_is_told_from_a_long_term_key(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not connect(region=REGION, credentials=KEYS).signs_with_long_term_key()
    assert connect(region=REGION, credentials=GLASS).signs_with_long_term_key()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(AwsRefused, match="NoCredentialsError"):
        connect(region=REGION).signs_with_long_term_key()
    # nor is there anything to assume a role with
    with pytest.raises(AwsRefused, match="NoCredentialsError") as caught:
        connect(region=REGION, role=AssumedRole(ROLE)).call("iam", "ListUsers")
    assert "--profile" in caught.value.fix.en


def test_a_lost_connection_is_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sekisho.account.aws.client._ATTEMPTS", 1)
    api = connect(region=REGION, endpoint_url="http://127.0.0.1:9", credentials=KEYS)
    with pytest.raises(AwsRefused) as caught:
        list(api.pages("iam", "ListUsers", "Users"))
    assert caught.value.aws_code == "EndpointConnectionError"
    assert caught.value.status == 0
    assert caught.value.fix.en


def test_no_proxy_stands_before_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.invalid:3128")
    monkeypatch.setattr("sekisho.account.aws.client._ATTEMPTS", 1)
    api = connect(region=REGION, endpoint_url="http://127.0.0.1:9", credentials=KEYS)
    with pytest.raises(AwsRefused) as caught:
        api.call("sts", "GetCallerIdentity")
    assert caught.value.aws_code == "EndpointConnectionError"


def test_keys_given_by_hand_need_no_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    with administered() as local:
        api = connect(region=REGION, endpoint_url=local.url, credentials=GLASS)
        answer = api.call("sts", "GetCallerIdentity")
    assert answer["Account"]
    with pytest.raises(AwsRefused, match="ProfileNotFound"):
        connect(region=REGION)


def test_an_unknown_profile_is_clear(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    nowhere = tmp_path_factory.mktemp("aws")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(nowhere / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(nowhere / "credentials"))
    with pytest.raises(AwsRefused, match="ProfileNotFound"):
        connect(profile="no-such-profile")


def test_a_profile_of_aws_login_has_a_way(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # without the compiled package that botocore reads such a session with
    monkeypatch.setattr("botocore.credentials.EC", None)
    config = tmp_path / "config"
    config.write_text("[profile me]\nlogin_session = arn:aws:iam::123456789012:user/a\n", "utf-8")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    with pytest.raises(AwsRefused) as caught:
        connect(profile="me", region=REGION).signs_with_long_term_key()
    assert caught.value.fix is not None
    assert "pip install 'sekisho[login]'`" in caught.value.fix.en
    assert "aws configure export-credentials" in caught.value.fix.en


def test_no_failure_shows_a_password() -> None:
    secret = ["Fuji-2026-x"]
    api = connect(region=REGION, credentials=KEYS)
    with pytest.raises(AwsRefused) as caught:
        # botocore's own text for a value of the wrong type repeats the value
        api.call("iam", "CreateLoginProfile", UserName="hanako", Password=secret)
    shown = "".join(traceback.format_exception(caught.value))
    assert "ParamValidationError" in shown
    assert "Fuji-2026-x" not in str(caught.value)
    assert "***" in str(caught.value)


def test_points_in_time_are_read_as_botocore_reads_them() -> None:
    with administered() as local:
        plain = boto3.client(
            "iam",
            region_name=REGION,
            endpoint_url=local.url,
            aws_access_key_id=GLASS.access_key_id,
            aws_secret_access_key=GLASS.secret_access_key,
            aws_session_token=GLASS.session_token,
        )
        expected = [each["CreateDate"] for each in plain.list_users()["Users"]]
        api = connect(region=REGION, endpoint_url=local.url, credentials=GLASS)
        read = [each["CreateDate"] for each in api.pages("iam", "ListUsers", "Users")]
    assert read == expected
    assert all(each.utcoffset() == timedelta(0) for each in read)
