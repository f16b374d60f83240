"""Passwords and codes cannot be guessed, and nobody is kept out by what others try.

Reads `localaws.state` itself, because what a try costs and how many there were is counted there.
"""

import http.client
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

import localaws_people as people
from localaws_people import client
from sekisho.localaws import LocalAws
from sekisho.localaws.state.world import (
    MOST_OF_STRANGERS,
    MOST_WRONG,
    WINDOW_OF_TRIES,
    Throttle,
)


def sign_in(
    aws: LocalAws, step: str, source: str = "127.0.0.1", **fields: str
) -> tuple[int, dict[str, Any]]:
    where = urlsplit(aws.url).netloc
    connection = http.client.HTTPConnection(where, timeout=30, source_address=(source, 0))
    try:
        connection.request("POST", f"/_console/{step}", json.dumps(fields))
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


@pytest.mark.parametrize("user", ["admin", "no-such-user"])
def test_wrong_passwords_are_throttled_by_the_clock(user: str) -> None:
    with LocalAws(people.account()) as aws:
        if user == "admin":
            client(aws, "iam").create_login_profile(UserName="admin", Password="Right-9-right")
        wrong = {"account": people.ACCOUNT, "user": user, "password": "wrong"}
        for _ in range(MOST_WRONG):
            status, answer = sign_in(aws, "sign-in", **wrong)
            assert (status, answer["error"]["code"]) == (401, "SigninFailed")
        right = wrong | {"password": "Right-9-right"}
        status, answer = sign_in(aws, "sign-in", **right)
        assert (status, answer["error"]["code"]) == (429, "TooManyAttempts")
        aws.clock.advance(WINDOW_OF_TRIES - timedelta(seconds=30))
        assert sign_in(aws, "sign-in", **right)[0] == 429
        aws.clock.advance(timedelta(seconds=31))
        assert sign_in(aws, "sign-in", **right)[0] == (200 if user == "admin" else 401)


def test_wrong_codes_are_throttled_whatever_asks_for_them() -> None:
    with LocalAws(people.account()) as aws:
        sts = client(aws, "sts")
        serial = f"arn:aws:iam::{people.ACCOUNT}:mfa/admin"
        for _ in range(MOST_WRONG):
            with pytest.raises(sts.exceptions.ClientError, match="AccessDenied"):
                sts.get_session_token(SerialNumber=serial, TokenCode="000000")
        # a session of the key is the key
        with_token = client(aws, "sts", **people.session(sts.get_session_token()))
        for caller in (sts, with_token):
            with pytest.raises(sts.exceptions.ClientError, match="Throttling"):
                caller.assume_role(
                    RoleArn=f"arn:aws:iam::{people.ACCOUNT}:role/Ops",
                    RoleSessionName="ops",
                    SerialNumber=serial,
                    TokenCode=people.fresh_code(aws),
                )
        aws.clock.advance(WINDOW_OF_TRIES)
        code = people.fresh_code(aws)
        assert sts.get_session_token(SerialNumber=serial, TokenCode=code)["Credentials"]
        # a right one makes the wrong ones forgotten
        for _ in range(MOST_WRONG):
            with pytest.raises(sts.exceptions.ClientError, match="AccessDenied"):
                sts.get_session_token(SerialNumber=serial, TokenCode="000000")


def test_a_stolen_key_guesses_no_password_and_keeps_nobody_out() -> None:
    with LocalAws(people.account()) as aws:
        iam, sts = client(aws, "iam"), client(aws, "sts")
        iam.create_login_profile(UserName="admin", Password="Right-9-right")
        serial = f"arn:aws:iam::{people.ACCOUNT}:mfa/admin"
        for _ in range(MOST_WRONG):
            with pytest.raises(iam.exceptions.ClientError, match="AccessDenied"):
                iam.change_password(OldPassword="wrong", NewPassword="Other-9-other")
            with pytest.raises(iam.exceptions.ClientError, match="AccessDenied"):
                sts.get_session_token(SerialNumber=serial, TokenCode="000000")
        with pytest.raises(iam.exceptions.ClientError, match="Throttling"):
            iam.change_password(OldPassword="Right-9-right", NewPassword="Other-9-other")
        # the owner is at the console, and has another key
        fields = {"account": people.ACCOUNT, "user": "admin", "password": "Right-9-right"}
        status, answer = sign_in(aws, "sign-in", **fields)
        assert (status, answer["next"]) == (200, "mfa")
        code = people.fresh_code(aws)
        status, answer = sign_in(aws, "mfa", ticket=answer["ticket"], code=code)
        assert (status, answer["next"]) == (200, "done")
        other = iam.create_access_key(UserName="admin")["AccessKey"]
        keys = {
            "aws_access_key_id": other["AccessKeyId"],
            "aws_secret_access_key": other["SecretAccessKey"],
        }
        code = people.fresh_code(aws)
        client(aws, "sts", **keys).get_session_token(SerialNumber=serial, TokenCode=code)


def test_sources_that_were_never_right_have_few_tries_together() -> None:
    throttle, now = Throttle(), datetime.now(UTC)
    throttle.spend("password ann", "127.0.0.1", now)
    throttle.clear("password ann", "127.0.0.1")
    sources = [f"127.0.1.{number}" for number in range(100)]
    made = sum(throttle.spend("password ann", each, now) for each in sources)
    assert made == MOST_OF_STRANGERS
    assert not throttle.spend("password ann", "127.0.2.1", now)
    assert throttle.spend("password ann", "127.0.0.1", now)
    assert throttle.spend("password bob", "127.0.2.1", now)
    assert throttle.spend("password ann", "127.0.2.1", now + WINDOW_OF_TRIES)


def test_a_password_and_the_same_with_a_nul_are_two() -> None:
    with LocalAws(people.account()) as aws:
        iam = client(aws, "iam")
        for password in ("Right-9-right\0", "\0Right-9-right"):
            with pytest.raises(iam.exceptions.ClientError, match="holds a NUL"):
                iam.create_login_profile(UserName="admin", Password=password)
        iam.create_login_profile(UserName="admin", Password="Right-9-right")
        fields = {"account": people.ACCOUNT, "user": "admin"}
        assert sign_in(aws, "sign-in", **fields, password="Right-9-right\0")[0] == 401
        assert sign_in(aws, "sign-in", **fields, password="Right-9-right")[0] == 200


def test_an_unknown_user_takes_as_long_as_a_known_one(monkeypatch: pytest.MonkeyPatch) -> None:
    from sekisho.localaws.state import sealing  # noqa: PLC0415 - as above

    with LocalAws(people.account()) as aws:
        client(aws, "iam").create_login_profile(UserName="admin", Password="Right-9-right")
        derived: list[str] = []
        derive = sealing._derive

        def counting(password: str, salt: bytes) -> bytes:
            derived.append(password)
            return derive(password, salt)

        sealing.dummy_hash()
        monkeypatch.setattr(sealing, "_derive", counting)
        for user in ("admin", "reader", "no-such-user"):
            derived.clear()
            fields = {"account": people.ACCOUNT, "user": user, "password": "wrong"}
            assert sign_in(aws, "sign-in", **fields)[0] == 401
            assert len(derived) == 1
