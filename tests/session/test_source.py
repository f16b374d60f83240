"""Which key, device and role a session is made of; and that the helper never starts itself."""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from sekisho.errors import AwsRefused, Code, SekishoError, SessionRefused, UsageError
from sekisho.session import SessionRequest, source_of
from sekisho.session.source import WITHIN, RoleAsked, starts_this

ROLE = "arn:aws:iam::111122223333:role/Ops"
PHONE = "arn:aws:iam::111122223333:mfa/alice"
SECRET = "made-up-secret-0123456789"
KEYED = f"aws_access_key_id = AKIAEXAMPLE000000000\naws_secret_access_key = {SECRET}\n"

Write = Callable[..., None]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write profiles into a config file, and keys into a credentials file."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))

    def into(credentials: str = "", **profiles: str) -> None:
        parts = [f"[profile {name}]\n{text}\n" for name, text in profiles.items()]
        (tmp_path / "config").write_text("\n".join(parts), "utf-8")
        (tmp_path / "credentials").write_text(credentials, "utf-8")

    return into


def refused(asked: SessionRequest) -> SekishoError:
    with pytest.raises(SekishoError) as caught:
        source_of(asked)
    for said in (str(caught.value), caught.value.fix.en if caught.value.fix else ""):
        assert SECRET not in said
        assert "\n" not in said
    return caught.value


def test_a_profile_with_a_key(write: Write) -> None:
    write(people=f"{KEYED}mfa_serial = {PHONE}\nregion = ap-northeast-1")
    source = source_of(SessionRequest("people"))
    assert (source.profile, source.serial, source.role) == ("people", PHONE, None)
    assert (source.region, source.endpoint, source.seconds) == ("ap-northeast-1", "", None)
    assert source.margin == timedelta(minutes=15)
    assert source.keys.secret_access_key == SECRET
    assert SECRET not in repr(source)


def test_the_key_may_be_in_the_other_file(write: Write) -> None:
    write(f"[people]\n{KEYED}", people=f"mfa_serial = {PHONE}")
    assert source_of(SessionRequest("people")).serial == PHONE
    write(f"[people]\n{KEYED}")
    assert source_of(SessionRequest("people")).serial == ""


def test_a_profile_with_a_role_names_its_source(write: Write) -> None:
    role = f"role_arn = {ROLE}\nsource_profile = people\nexternal_id = x1\nrole_session_name = me"
    write(people=KEYED, ops=f"{role}\nmfa_serial = {PHONE}\nduration_seconds = 1800")
    source = source_of(SessionRequest("ops"))
    assert (source.profile, source.serial) == ("people", PHONE)
    assert source.role == RoleAsked(ROLE, "me", "x1")
    assert (source.seconds, source.margin) == (1800, timedelta(minutes=10))


def test_a_profile_may_be_its_own_source(write: Write) -> None:
    write(ops=f"{KEYED}role_arn = {ROLE}\nsource_profile = ops")
    source = source_of(SessionRequest("ops"))
    assert (source.keys.secret_access_key, source.role) == (SECRET, RoleAsked(ROLE))


def test_another_role_is_assumed_with_the_sources_key(write: Write) -> None:
    write(people=KEYED, ops=f"role_arn = {ROLE}\nsource_profile = people\nexternal_id = x1")
    source = source_of(SessionRequest("ops", role_arn=f"{ROLE}2"))
    assert (source.profile, source.role) == ("people", RoleAsked(f"{ROLE}2"))


def test_half_a_key_is_named(write: Write) -> None:
    write(people="aws_access_key_id = AKIAEXAMPLE000000000")
    error = refused(SessionRequest("people"))
    assert isinstance(error, AwsRefused)
    assert error.aws_code == "PartialCredentialsError"


def test_options_go_before_the_profile(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write(people=f"{KEYED}mfa_serial = {PHONE}\nendpoint_url = http://127.0.0.1:1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:2")
    of_environment = source_of(SessionRequest("people"))
    # botocore finds it itself, for each service its own
    assert (of_environment.endpoint, of_environment.endpoint_url) == ("http://127.0.0.1:2", "")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:4")
    assert source_of(SessionRequest("people")).endpoint == "http://127.0.0.1:4"
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    assert source_of(SessionRequest("people")).endpoint == ""
    asked = SessionRequest(
        "people",
        serial="GAHT12345678",
        role_arn=ROLE,
        duration=timedelta(hours=2),
        margin=timedelta(minutes=1),
        region="eu-west-1",
        endpoint_url="http://127.0.0.1:3",
    )
    source = source_of(asked)
    assert (source.serial, source.role) == ("GAHT12345678", RoleAsked(ROLE))
    assert (source.seconds, source.margin) == (7200, timedelta(minutes=1))
    assert (source.region, source.endpoint) == ("eu-west-1", "http://127.0.0.1:3")


def test_keys_of_the_environment_are_not_looked_at(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(people=KEYED)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ASIAEXAMPLE000000000")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-a-session")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of-a-session")
    monkeypatch.setenv("AWS_PROFILE", "people")
    assert source_of(SessionRequest()).keys.secret_access_key == SECRET


@pytest.mark.parametrize(
    ("profiles", "said", "code"),
    [
        ({}, "there is no profile `work`", Code.SESSION_NO_KEY),
        ({"work": "region = us-east-1"}, "has no access key", Code.SESSION_NO_KEY),
        ({"work": "sso_session = corp"}, "signs in without an access key", Code.SESSION_NO_KEY),
        ({"work": "login_session = arn:x"}, "signs in without an access key", Code.SESSION_NO_KEY),
        (
            {"work": f"{KEYED}aws_session_token = t"},
            "signs in without an access key",
            Code.SESSION_NO_KEY,
        ),
        (
            {"work": f"role_arn = {ROLE}\nsource_profile = gone"},
            "there is no profile `gone`",
            Code.SESSION_NO_KEY,
        ),
        (
            {
                "work": f"role_arn = {ROLE}\nsource_profile = other",
                "other": f"role_arn = {ROLE}\nsource_profile = people",
            },
            "assumes a role itself",
            Code.SESSION_NO_KEY,
        ),
        (
            {"work": "credential_process = sekisho session --profile work"},
            "from `sekisho session` itself",
            Code.SESSION_RECURSION,
        ),
        (
            {"work": f"{KEYED}credential_process = sekisho session --profile people"},
            "has both an access key and `credential_process`",
            Code.SESSION_RECURSION,
        ),
    ],
)
def test_a_profile_without_a_key_is_told_in_a_line(
    profiles: dict[str, str], said: str, code: Code, write: Write
) -> None:
    write(**profiles)
    error = refused(SessionRequest("work"))
    assert isinstance(error, SessionRefused)
    assert (said in error.message.en, error.code) == (True, code)
    assert error.fix is not None


def test_the_source_is_named_where_it_is_known(write: Write) -> None:
    write(work="credential_process = /opt/bin/sekisho session --profile people --role-arn x")
    fix = refused(SessionRequest("work")).fix
    assert fix is not None
    assert fix.en.endswith("`--profile people`")


@pytest.mark.parametrize(
    ("process", "ours"),
    [
        ("sekisho session", True),
        ("/opt/My\\ Tools/sekisho session --profile a", True),
        ('"C:/Program Files/sekisho.exe" session --profile a', True),
        ("python -m sekisho session --profile a", True),
        ("env X=1 sekisho --lang ja session", True),
        ("sekisho local --as alice --format process", False),
        ("session sekisho", False),
        ("op read op://aws/key", False),
        ("sekisho 'session", False),
        ("", False),
    ],
)
def test_the_helper_is_known_by_whatever_path(process: str, ours: bool) -> None:
    assert starts_this(process) is ours


def test_a_helper_within_itself_stops(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write(people=KEYED)
    monkeypatch.setenv(WITHIN, "1")
    assert refused(SessionRequest("people")).code is Code.SESSION_RECURSION


def test_the_variable_is_set_for_the_other_program_only(write: Write, tmp_path: Path) -> None:
    if os.name == "nt":
        pytest.skip("a script for a shell")
    program = tmp_path / "key"
    told = tmp_path / "told"
    answer = '{"Version": 1, "AccessKeyId": "AKIA0", "SecretAccessKey": "s"}'
    program.write_text(f"#!/bin/sh\necho ${WITHIN} > {told}\necho '{answer}'\n")
    program.chmod(0o700)
    write(vault=f"credential_process = {program}")
    assert source_of(SessionRequest("vault")).keys.access_key_id == "AKIA0"
    assert told.read_text() == "1\n"
    assert WITHIN not in os.environ


def test_a_program_that_fails_is_awss_error(write: Write) -> None:
    write(vault="credential_process = false")
    error = refused(SessionRequest("vault"))
    assert isinstance(error, AwsRefused)
    assert error.aws_code == "CredentialRetrievalError"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (SessionRequest("people", duration=timedelta(minutes=14)), "a session cannot be that long"),
        (SessionRequest("people", duration=timedelta(hours=37)), "a session cannot be that long"),
        (
            SessionRequest("people", ROLE, ROLE, timedelta(hours=13)),
            "a session cannot be that long",
        ),
        (
            SessionRequest("people", duration=timedelta(hours=1), margin=timedelta(hours=1)),
            "no session would ever be handed out",
        ),
        (
            SessionRequest("people", role_arn=ROLE, margin=timedelta(hours=2)),
            "would ever be handed out",
        ),
    ],
)
def test_lengths_that_cannot_be_are_wrong_usage(
    asked: SessionRequest, said: str, write: Write
) -> None:
    write(people=KEYED)
    error = refused(asked)
    assert isinstance(error, UsageError)
    assert said in error.message.en
    assert error.fix is not None
