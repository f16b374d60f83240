"""`sekisho local --as`: a session of a user of an account file, who signs in with MFA.

Reads `localaws.commands.local` itself, because its sessions are made at a local AWS that the test
runs.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import boto3
import pytest
from click.testing import CliRunner

from sekisho.account import AccountFile, UserCredentials
from sekisho.cli import Exit
from sekisho.cli.exits import Spoken
from sekisho.cli.main import root
from sekisho.errors import AwsRefused, UsageError
from sekisho.localaws import ADMINISTRATOR, MACHINE, LocalAws, example_company
from sekisho.localaws.commands.local import (
    RunningLocalAws,
    SessionFormat,
    credentials_of,
    session_of,
    session_text,
)
from sekisho.messages import Language

COMPANY = example_company()


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(COMPANY) as running:
        yield running


@pytest.fixture(scope="module")
def ahead() -> Iterator[LocalAws]:
    """One whose clock is set forward, so that nobody waits for the next code."""
    with LocalAws(COMPANY) as running:
        yield running


def _client(service: str, read: Mapping[str, str]) -> Any:
    return boto3.client(
        service,
        endpoint_url=read["endpointUrl"],
        region_name=read["region"],
        aws_access_key_id=read["AccessKeyId"],
        aws_secret_access_key=read["SecretAccessKey"],
        aws_session_token=read["SessionToken"],
    )


def _changed(user: str, **values: object) -> AccountFile:
    """Return the company in which one user has other credentials."""
    changed = replace(COMPANY.credentials[user], **values)
    return replace(COMPANY, credentials={**COMPANY.credentials, user: changed})


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_session_has_mfa_under_either_name_of_this_computer(ahead: LocalAws, host: str) -> None:
    # a code works once: each case signs in with one of its own instead of waiting for it
    ahead.clock.advance(timedelta(seconds=30))
    url = ahead.url.replace("127.0.0.1", host)
    place = RunningLocalAws(url, ahead.region, ahead.clock.now)
    read = json.loads(
        session_text(session_of(COMPANY, place, ADMINISTRATOR), place, SessionFormat.JSON, "export")
    )
    arn = _client("sts", read).get_caller_identity()["Arn"]
    assert arn.endswith(f":user/{ADMINISTRATOR}")
    assert _client("iam", read).list_users()["Users"]
    s3 = _client("s3", read)
    s3.create_bucket(Bucket=f"of-{host}")
    s3.put_object(Bucket=f"of-{host}", Key="a", Body=b"x")
    assert s3.get_object(Bucket=f"of-{host}", Key="a")["Body"].read() == b"x"
    assert ahead.log.last("iam:ListUsers").mfa


def test_a_code_that_was_used_is_waited_out(
    ahead: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        ahead.clock.advance(timedelta(seconds=seconds))

    ahead.clock.advance(timedelta(seconds=30))
    place = RunningLocalAws(ahead.url, ahead.region, ahead.clock.now)
    assert session_of(COMPANY, place, ADMINISTRATOR).session_token
    assert not waited
    monkeypatch.setattr("sekisho.localaws.commands.local.time.sleep", sleep)
    assert session_of(COMPANY, place, ADMINISTRATOR).session_token
    assert len(waited) == 1
    assert 0 < waited[0] <= 30


def test_a_machine_without_a_device_calls_with_its_key(aws: LocalAws) -> None:
    place = RunningLocalAws(aws.url, aws.region, aws.clock.now)
    keys = session_of(COMPANY, place, MACHINE)
    assert keys.session_token is None
    read = json.loads(session_text(keys, place, SessionFormat.JSON, "export"))
    assert _client("sts", read).get_caller_identity()["Arn"].endswith(f":user/{MACHINE}")
    lines = session_text(keys, place, SessionFormat.TEXT, "export").splitlines()
    assert lines[-1] == "export AWS_SESSION_TOKEN="
    assert "SessionToken" not in json.loads(session_text(keys, place, SessionFormat.PROCESS, ""))


def test_who_has_no_password_signs_in_with_a_key() -> None:
    device = COMPANY.credentials[ADMINISTRATOR].devices
    account = _changed(MACHINE, devices=device)
    account = replace(
        account, credentials={**account.credentials, ADMINISTRATOR: UserCredentials()}
    )
    with LocalAws(account) as running:
        place = RunningLocalAws(running.url, running.region, running.clock.now)
        keys = session_of(account, place, MACHINE)
        assert keys.session_token
        read = json.loads(session_text(keys, place, SessionFormat.JSON, "export"))
        assert _client("sts", read).get_caller_identity()["Arn"].endswith(f":user/{MACHINE}")


@pytest.mark.parametrize(
    ("account", "user", "said"),
    [
        (COMPANY, "yuki.tanak", "did you mean `yuki.tanaka`"),
        (_changed(MACHINE, keys=()), MACHINE, "has no MFA device with a seed"),
        (replace(COMPANY, seeds={}), ADMINISTRATOR, "has no MFA device with a seed"),
        (_changed(ADMINISTRATOR, password=None), ADMINISTRATOR, "no password and no access key"),
        (_changed(ADMINISTRATOR, reset_required=True), ADMINISTRATOR, "must change the password"),
    ],
)
def test_what_is_missing_is_named(account: AccountFile, user: str, said: str) -> None:
    with pytest.raises(UsageError) as raised:
        credentials_of(account, user)
    assert said in f"{raised.value.into(Language.EN)} {raised.value.fix}"


def test_a_wrong_password_is_not_tried_again(aws: LocalAws) -> None:
    account = _changed(ADMINISTRATOR, password="not-hers")
    with pytest.raises(AwsRefused, match="ConsoleLogin"):
        session_of(account, RunningLocalAws(aws.url, aws.region), ADMINISTRATOR)


def test_the_forms() -> None:
    from sekisho.account.aws import Keys  # noqa: PLC0415 - boto3 is heavy

    keys, place = (
        Keys("ASIA", "secret", "token"),
        RunningLocalAws("http://localhost:1", "us-east-1"),
    )
    lines = session_text(keys, place, SessionFormat.TEXT, "export").splitlines()
    assert lines[0] == "export AWS_ENDPOINT_URL=http://localhost:1"
    assert lines[-1] == "export AWS_SESSION_TOKEN=token"
    assert json.loads(session_text(keys, place, SessionFormat.PROCESS, "set")) == {
        "Version": 1,
        "AccessKeyId": "ASIA",
        "SecretAccessKey": "secret",
        "SessionToken": "token",
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--format", "json"], "`--format` needs `--as`"),
        (["--endpoint-url", "http://127.0.0.1:1"], "`--endpoint-url` needs `--as`"),
        (
            ["--as", ADMINISTRATOR, "--endpoint-url", "http://127.0.0.1:1", "--port", "2"],
            "`--port`",
        ),
        (["--as", ADMINISTRATOR, "--endpoint-url", "http://aws.example"], "not on this computer"),
        (["--as", "nobody-at-all"], "no user `nobody-at-all`"),
    ],
)
def test_options_that_do_not_go_together(arguments: list[str], said: str) -> None:
    done = CliRunner().invoke(root, ["local", *arguments], obj=Spoken(Language.EN))
    assert isinstance(done.exception, UsageError)
    assert said in done.exception.into(Language.EN)
    assert done.exit_code != Exit.CLEAN


def test_the_session_of_a_running_one_is_printed_and_that_is_all(aws: LocalAws) -> None:
    user = next(name for name in COMPANY.credentials if _ready(name))
    arguments = ["local", "--as", user, "--endpoint-url", aws.url, "--format", "process"]
    done = CliRunner().invoke(root, arguments, obj=Spoken(Language.EN))
    assert done.exception is None, done.exception
    assert set(json.loads(done.output)) == {
        "Version",
        "AccessKeyId",
        "SecretAccessKey",
        "SessionToken",
    }


def _ready(user: str) -> bool:
    try:
        credentials_of(COMPANY, user)
    except UsageError:
        return False
    return user != ADMINISTRATOR
