"""Which AWS is meant: the options, the line that says whose account it is, and what goes wrong.

Reads `sekisho.cli.aws` itself, because every command that asks AWS goes through it, and the
question for a code is answered in its place.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from botocore.exceptions import EndpointConnectionError

from administered import ACCOUNT, FULL, GLASS, administered, enrol, iam_of
from sekisho.account.aws import connect
from sekisho.cli import Exit
from sekisho.cli.aws import AwsOptions, collected, connection
from sekisho.cli.main import root
from sekisho.errors import AwsRefused, UsageError
from sekisho.localaws import LocalAws
from sekisho.messages import Language
from sekisho.signin import PERIOD, totp

pytestmark = pytest.mark.usefixtures("wide_terminal")

ROLE = f"arn:aws:iam::{ACCOUNT}:role/Reader"
GLASS_ARN = f"arn:aws:iam::{ACCOUNT}:user/glass"


@pytest.fixture(scope="module")
def local() -> Iterator[LocalAws]:
    """Run an account with a role that wants MFA."""
    with administered() as running:
        iam = iam_of(running)
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": "sts:AssumeRole",
                    "Principal": {"AWS": GLASS_ARN},
                    "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
                }
            ],
        }
        iam.create_role(RoleName="Reader", AssumeRolePolicyDocument=json.dumps(trust))
        iam.attach_role_policy(RoleName="Reader", PolicyArn=FULL)
        iam.create_account_alias(AccountAlias="example-company")
        enrol(running, "glass", "glass")
        yield running


@pytest.fixture
def chain(local: LocalAws, monkeypatch: pytest.MonkeyPatch) -> LocalAws:
    """Let the AWS chain find the keys of `glass`."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere/config")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere/credentials")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", GLASS.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", GLASS.secret_access_key)
    return local


def test_nothing_moves_where_there_is_no_terminal(
    chain: LocalAws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    found = connection(AwsOptions(endpoint_url=chain.url), Language.EN)
    capsys.readouterr()
    assert collected(found).users
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("lang", "line"),
    [
        (Language.EN, "Account 123456789012 (example-company), as {}. Nothing has been changed."),
        (
            Language.JA,
            "アカウント 123456789012 (example-company)、呼び出し元 {}。何も変更していません。",
        ),
    ],
)
def test_the_first_line_says_whose_account_it_is(
    chain: LocalAws, capsys: pytest.CaptureFixture[str], lang: Language, line: str
) -> None:
    found = connection(AwsOptions(endpoint_url=chain.url), lang)
    assert (found.account, found.alias, found.caller) == (ACCOUNT, "example-company", GLASS_ARN)
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == line.format(GLASS_ARN) + "\n"


def test_a_role_is_assumed_with_a_code(chain: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    serial = f"arn:aws:iam::{ACCOUNT}:mfa/glass"
    asked: list[str] = []
    # the two codes of the enrolment are spent
    chain.clock.advance(timedelta(seconds=2 * PERIOD))

    def ask(question: str) -> str:
        asked.append(question)
        return totp.code_at(chain.world.devices[serial].seed, totp.step_of(chain.clock.now()))

    monkeypatch.setattr("sekisho.cli.aws._code", ask)
    given = AwsOptions(endpoint_url=chain.url, role_arn=ROLE, mfa_serial=serial)
    found = connection(given, Language.EN)
    assert found.caller == f"arn:aws:sts::{ACCOUNT}:assumed-role/Reader/sekisho"
    assert asked == [f"MFA code of {serial}: "]


@pytest.mark.skipif(sys.platform == "win32", reason="a console is another thing there")
@pytest.mark.parametrize("of_a_profile", [False, True])
def test_a_code_without_a_terminal_is_one_clear_error(
    chain: LocalAws, tmp_path: Path, of_a_profile: bool
) -> None:
    serial = f"arn:aws:iam::{ACCOUNT}:mfa/glass"
    config = tmp_path / "config"
    settings = f"role_arn = {ROLE}\nmfa_serial = {serial}\ncredential_source = Environment\n"
    config.write_text(f"[profile p]\n{settings}", encoding="utf-8")
    ours = ("--role-arn", ROLE, "--mfa-serial", serial)
    words = ("--profile", "p") if of_a_profile else ours
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "sekisho", "collect", "--endpoint-url", chain.url, *words],
        env={**os.environ, "AWS_CONFIG_FILE": str(config)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        start_new_session=True,  # without a terminal that the code could be asked for on
        check=False,
        encoding="utf-8",
    )
    assert done.returncode == Exit.USAGE
    assert done.stderr.count("\n") == 1, done.stderr
    assert "no terminal to ask for it on" in done.stderr


def test_a_role_that_is_refused_is_one_clear_error(chain: LocalAws) -> None:
    given = AwsOptions(endpoint_url=chain.url, role_arn=ROLE)
    with pytest.raises(AwsRefused) as caught:
        connection(given, Language.EN)
    assert (caught.value.operation, caught.value.aws_code) == ("AssumeRole", "AccessDenied")


def test_a_device_without_a_role_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="--role-arn"):
        connection(AwsOptions(mfa_serial="arn:aws:iam::123456789012:mfa/x"), Language.EN)


@pytest.mark.parametrize(
    "url", ["localhost:5577", "", "http://", "http://[::1", "ftp://127.0.0.1", "http://h:99999"]
)
def test_an_endpoint_that_cannot_be_called_is_wrong_usage(url: str) -> None:
    with pytest.raises(UsageError, match="--endpoint-url") as caught:
        root.main(["collect", "--endpoint-url", url], standalone_mode=False)
    assert "http://" in caught.value.fix.en


@pytest.mark.parametrize(
    ("option", "value", "fix"),
    [
        ("--role-arn", "nonsense", ":role/NAME"),
        ("--role-arn", "arn:aws:iam::123456789012:user/alice", ":role/NAME"),
        ("--role-arn", "arn:aws:iam:::role/Reader", ":role/NAME"),
        ("--mfa-serial", "my phone", ":mfa/NAME"),
    ],
)
def test_a_role_or_device_that_can_be_none_is_wrong_usage(
    option: str, value: str, fix: str
) -> None:
    with pytest.raises(UsageError, match=f"{option} {value}") as caught:
        root.main(["collect", option, value], standalone_mode=False)
    assert fix in caught.value.fix.en


def test_a_region_that_is_none_is_named_with_a_fix(chain: LocalAws) -> None:
    with pytest.raises(AwsRefused, match="not a region") as caught:
        connection(AwsOptions(region="not a region"), Language.EN)
    assert "--region" in caught.value.fix.en


def test_who_cannot_be_reached_may_be_of_a_mistaken_region(
    chain: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise EndpointConnectionError(endpoint_url="https://sts.tokyo.amazonaws.com/")

    monkeypatch.setattr("botocore.endpoint.Endpoint.make_request", unreachable)
    with pytest.raises(AwsRefused, match="tokyo") as caught:
        connection(AwsOptions(region="tokyo"), Language.EN)
    assert "AWS_DEFAULT_REGION" in caught.value.fix.en


def test_an_endpoint_of_the_environment_that_cannot_be_called_is_one_clear_error(
    chain: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "notaurl")
    with pytest.raises(AwsRefused, match="notaurl") as caught:
        connection(AwsOptions(), Language.EN)
    assert "AWS_ENDPOINT_URL" in caught.value.fix.en


def test_no_credentials_is_one_clear_error(
    chain: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(AwsRefused, match="NoCredentialsError") as caught:
        connection(AwsOptions(endpoint_url=chain.url), Language.EN)
    assert "--profile" in caught.value.fix.en


@pytest.mark.parametrize(
    ("wrong", "code", "fix"),
    [
        (
            ("AWS_ACCESS_KEY_ID", "AKIAUNKNOWN000000000"),
            "InvalidClientTokenId",
            "the key is unknown",
        ),
        (("AWS_SECRET_ACCESS_KEY", "wrong"), "SignatureDoesNotMatch", "clock"),
    ],
)
def test_wrong_keys_are_one_clear_error(
    chain: LocalAws, monkeypatch: pytest.MonkeyPatch, wrong: tuple[str, str], code: str, fix: str
) -> None:
    monkeypatch.setenv(*wrong)
    with pytest.raises(AwsRefused) as caught:
        connection(AwsOptions(endpoint_url=chain.url), Language.EN)
    assert caught.value.aws_code == code
    assert fix in caught.value.fix.en


def test_an_expired_session_is_one_clear_error(
    chain: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = connect(endpoint_url=chain.url).call("sts", "GetSessionToken")["Credentials"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", session["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", session["SecretAccessKey"])
    monkeypatch.setenv("AWS_SESSION_TOKEN", session["SessionToken"])
    chain.clock.advance(timedelta(hours=37))
    with pytest.raises(AwsRefused, match="ExpiredToken") as caught:
        connection(AwsOptions(endpoint_url=chain.url), Language.EN)
    assert caught.value.fix.en.startswith("sign in again")
