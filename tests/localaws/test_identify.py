"""A code is the caller's own, right, and used once: with AWS's three texts."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

import overlay_people as people
from sekisho.localaws import LocalAws


@pytest.fixture
def aws() -> Iterator[LocalAws]:
    with LocalAws(people.account()) as running:
        yield running


def refused(aws: LocalAws, **params: str) -> dict[str, str]:
    with pytest.raises(ClientError) as caught:
        people.client(aws, "sts", people.BOB_KEY).get_session_token(**params)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    error: dict[str, str] = caught.value.response["Error"]
    return error


def test_a_code_works_once_and_the_next_one_later(aws: LocalAws) -> None:
    sts = people.client(aws, "sts", people.BOB_KEY)
    first = people.code(aws)
    sts.get_session_token(SerialNumber=people.BOB_DEVICE, TokenCode=first)
    error = refused(aws, SerialNumber=people.BOB_DEVICE, TokenCode=first)
    assert error["Code"] == "AccessDenied"
    assert error["Message"] == (
        "MultiFactorAuthentication failed with invalid MFA one time pass code."
    )
    aws.clock.advance(timedelta(seconds=60))
    sts.get_session_token(SerialNumber=people.BOB_DEVICE, TokenCode=people.code(aws))


@pytest.mark.parametrize("name", ["left-behind", "nobodys", "bob-phon"])
def test_a_device_that_is_not_the_callers(aws: LocalAws, name: str) -> None:
    serial = f"arn:aws:iam::{people.ACCOUNT}:mfa/{name}"
    error = refused(aws, SerialNumber=serial, TokenCode=people.code(aws))
    assert error["Message"] == (
        "MultiFactorAuthentication failed, unable to validate MFA code.  "
        "Please verify your MFA serial number is valid and associated with this user."
    )


@pytest.mark.parametrize("given", ["SerialNumber", "TokenCode"])
def test_one_without_the_other(aws: LocalAws, given: str) -> None:
    values = {"SerialNumber": people.BOB_DEVICE, "TokenCode": people.code(aws)}
    error = refused(aws, **{given: values[given]})
    assert error["Message"] == (
        "MultiFactorAuthentication failed, must provide both MFA serial number and one time "
        "pass code."
    )


@pytest.mark.parametrize("code", ["12345a", "１２３４５６"])
def test_what_is_no_code_at_all(aws: LocalAws, code: str) -> None:
    with pytest.raises(ClientError) as caught:
        people.client(aws, "sts", people.BOB_KEY).get_session_token(
            SerialNumber=people.BOB_DEVICE, TokenCode=code
        )
    assert caught.value.response["Error"]["Code"] == "ValidationError"
    assert code not in caught.value.response["Error"]["Message"]


def test_a_security_key_gives_no_codes(aws: LocalAws) -> None:
    serial = f"arn:aws:iam::{people.ACCOUNT}:u2f/user/bob/default"
    error = refused(aws, SerialNumber=serial, TokenCode=people.code(aws))
    assert "unable to validate MFA code" in error["Message"]


def test_a_role_has_no_device_though_a_user_has_its_name(aws: LocalAws) -> None:
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"AWS": f"arn:aws:iam::{people.ACCOUNT}:root"},
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam = people.client(aws, "iam")
    iam.create_role(RoleName="bob", AssumeRolePolicyDocument=document)
    power = "arn:aws:iam::aws:policy/AdministratorAccess"
    iam.attach_role_policy(RoleName="bob", PolicyArn=power)
    asked = {"RoleArn": f"arn:aws:iam::{people.ACCOUNT}:role/bob", "RoleSessionName": "shift"}
    first = people.client(aws, "sts").assume_role(**asked)
    role = people.client(aws, "sts", people.keys_of(first["Credentials"]))
    with pytest.raises(ClientError, match="unable to validate MFA code"):
        role.assume_role(**asked, SerialNumber=people.BOB_DEVICE, TokenCode=people.code(aws))
    role.assume_role(**asked)


def test_the_session_knows_when_mfa_was_passed(aws: LocalAws) -> None:
    sts = people.client(aws, "sts", people.BOB_KEY)
    answer = sts.get_session_token(SerialNumber=people.BOB_DEVICE, TokenCode=people.code(aws))
    keys = people.keys_of(answer["Credentials"])
    people.client(aws, "iam", keys).list_mfa_devices()
    plain = people.keys_of(sts.get_session_token()["Credentials"])
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        people.client(aws, "iam", plain).list_mfa_devices()


def test_of_many_calls_at_once_one_gets_the_code(aws: LocalAws) -> None:
    sts = people.client(aws, "sts", people.BOB_KEY)
    code = people.code(aws)

    def ask(_: int) -> bool:
        try:
            sts.get_session_token(SerialNumber=people.BOB_DEVICE, TokenCode=code)
        except ClientError:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(ask, range(6))) == 1
