"""Credentials for one service, a way in without MFA: made, listed, reset, authorized."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

import overlay_people as people
from administered import administered, iam_of, signed_in
from cases import document
from sekisho.account import collect, credentials_by_user
from sekisho.audit.exceptions import Exceptions
from sekisho.audit.report import audit_account
from sekisho.localaws import LocalAws

CODECOMMIT = "codecommit.amazonaws.com"
BEDROCK = "bedrock.amazonaws.com"
KEY = "iam:ServiceSpecificCredentialServiceName"


@pytest.fixture
def aws() -> Iterator[LocalAws]:
    with LocalAws(people.account()) as running:
        yield running


@pytest.fixture
def iam(aws: LocalAws) -> Any:
    return people.client(aws, "iam")


def made(iam: Any, user: str = "bob", service: str = CODECOMMIT, **more: Any) -> dict[str, Any]:
    answer = iam.create_service_specific_credential(UserName=user, ServiceName=service, **more)
    credential: dict[str, Any] = answer["ServiceSpecificCredential"]
    return credential


def refused(call: Any, **params: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**params)
    return str(caught.value.response["Error"]["Code"])


def test_a_secret_is_in_the_answer_that_makes_it_and_in_that_of_a_reset(iam: Any) -> None:
    first = made(iam)
    identifier = first["ServiceSpecificCredentialId"]
    again = iam.reset_service_specific_credential(
        UserName="bob", ServiceSpecificCredentialId=identifier
    )["ServiceSpecificCredential"]
    secrets = {first.pop("ServicePassword"), again.pop("ServicePassword")}
    assert len(secrets) == 2
    assert again == first
    listed = iam.list_service_specific_credentials(UserName="bob")["ServiceSpecificCredentials"]
    assert listed == [first]


def test_two_for_a_service_with_names_of_their_own(iam: Any) -> None:
    account = people.ACCOUNT
    names = [made(iam)["ServiceUserName"] for _ in range(2)]
    assert names == [f"bob-at-{account}", f"bob+1-at-{account}"]
    assert refused(made, iam=iam) == "LimitExceeded"
    assert made(iam, service="cassandra.amazonaws.com")["ServiceUserName"] == names[0]
    iam.update_user(UserName="bob", NewUserName="robert")
    iam.create_user(UserName="bob")
    assert made(iam)["ServiceUserName"] == f"bob+2-at-{account}"


def test_an_api_key_ends_by_itself(aws: LocalAws, iam: Any) -> None:
    key = made(iam, service=BEDROCK, CredentialAgeDays=1)
    assert key["ServiceCredentialSecret"]
    assert "ServicePassword" not in key
    assert key["ExpirationDate"] - key["CreateDate"] == timedelta(days=1)
    (known,) = iam.list_service_specific_credentials(UserName="bob")["ServiceSpecificCredentials"]
    assert (known["Status"], "ServiceCredentialSecret" in known) == ("Active", False)
    aws.clock.advance(timedelta(days=1))
    (known,) = iam.list_service_specific_credentials(UserName="bob")["ServiceSpecificCredentials"]
    assert known["Status"] == "Expired"
    assert refused(made, iam=iam, CredentialAgeDays=1) == "ValidationError"


def test_everybodys_are_listed_in_pages(iam: Any) -> None:
    wanted = {made(iam, user)["ServiceSpecificCredentialId"] for user in ("admin", "bob", "carol")}
    found, marker = set(), {}
    while True:
        answer = iam.list_service_specific_credentials(AllUsers=True, MaxItems=2, **marker)
        found |= {
            each["ServiceSpecificCredentialId"] for each in answer["ServiceSpecificCredentials"]
        }
        if not answer["IsTruncated"]:
            break
        marker = {"Marker": answer["Marker"]}
    assert found == wanted
    both = {"AllUsers": True, "UserName": "bob"}
    assert refused(iam.list_service_specific_credentials, **both) == "ValidationError"


def test_own_credentials_open_nobody_elses(aws: LocalAws, iam: Any) -> None:
    own = people.client(aws, "iam", people.BOB_KEY)
    iam.delete_user_permissions_boundary(UserName="bob")
    mine, hers = made(own), made(iam, "carol")
    listed = own.list_service_specific_credentials()["ServiceSpecificCredentials"]
    assert [each["UserName"] for each in listed] == ["bob"]
    identifier = hers["ServiceSpecificCredentialId"]
    for name in ("reset", "delete"):
        call = getattr(own, f"{name}_service_specific_credential")
        by_id = {"ServiceSpecificCredentialId": identifier}
        assert refused(call, **by_id) == "NoSuchEntity"
        assert refused(call, UserName="carol", **by_id) == "AccessDenied"
    assert refused(own.list_service_specific_credentials, AllUsers=True) == "AccessDenied"
    assert refused(made, iam=own, user="carol") == "AccessDenied"
    own.delete_service_specific_credential(
        ServiceSpecificCredentialId=mine["ServiceSpecificCredentialId"]
    )


def test_under_awss_policy_none_is_made_or_reset_without_mfa(aws: LocalAws, iam: Any) -> None:
    user = "newcomer"
    iam.create_user(UserName=user)
    written = json.dumps(document("policy/aws-self-manage"))
    iam.attach_user_policy(
        UserName=user,
        PolicyArn=iam.create_policy(PolicyName="Force_MFA", PolicyDocument=written)["Policy"][
            "Arn"
        ],
    )
    key = iam.create_access_key(UserName=user)["AccessKey"]
    keys = (key["AccessKeyId"], key["SecretAccessKey"])
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName=user)["VirtualMFADevice"]
    seed, serial = device["Base32StringSeed"].decode(), device["SerialNumber"]
    own = people.client(aws, "iam", keys)
    codes = [people.code(aws, seed, steps) for steps in (-1, 0)]
    own.enable_mfa_device(
        UserName=user,
        SerialNumber=serial,
        AuthenticationCode1=codes[0],
        AuthenticationCode2=codes[1],
    )
    identifier = made(iam, user)["ServiceSpecificCredentialId"]
    assert refused(made, iam=own, user=user) == "AccessDenied"
    assert (
        refused(own.reset_service_specific_credential, ServiceSpecificCredentialId=identifier)
        == "AccessDenied"
    )
    session = people.client(aws, "sts", keys).get_session_token(
        SerialNumber=serial, TokenCode=people.fresh_code(aws, seed)
    )["Credentials"]
    with_mfa = people.client(aws, "iam", people.keys_of(session))
    with_mfa.reset_service_specific_credential(ServiceSpecificCredentialId=identifier)
    made(with_mfa, user)


def test_a_deny_on_the_service_counts_for_what_there_is_and_what_is_made(
    aws: LocalAws, iam: Any
) -> None:
    git, api = made(iam), made(iam, service=BEDROCK)
    deny: dict[str, Any] = {"Effect": "Deny", "Action": "iam:*", "Resource": "*"}
    deny["Condition"] = {"StringEquals": {KEY: BEDROCK}}
    written = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    iam.delete_user_permissions_boundary(UserName="bob")
    iam.put_user_policy(UserName="bob", PolicyName="NoKeys", PolicyDocument=written)
    own = people.client(aws, "iam", people.BOB_KEY)
    assert refused(made, iam=own, service=BEDROCK) == "AccessDenied"
    reset = own.reset_service_specific_credential
    assert (
        refused(reset, ServiceSpecificCredentialId=api["ServiceSpecificCredentialId"])
        == "AccessDenied"
    )
    reset(ServiceSpecificCredentialId=git["ServiceSpecificCredentialId"])
    made(own)


def test_what_collect_and_audit_see_of_one() -> None:
    with administered() as running:
        admin = iam_of(running)
        admin.create_user(UserName="hanako")
        credential = made(admin, "hanako")
        api = signed_in(running, "admin", mfa=True)
        now = running.clock.now()
        snapshot = collect(api, now=now)
        (hanako,) = (user for user in snapshot.users if user.name == "hanako")
        (known,) = hanako.service_credentials
        assert known.id == credential["ServiceSpecificCredentialId"]
        assert (known.service, known.active) == (CODECOMMIT, True)
        assert credentials_by_user(snapshot)["hanako"].keys_work(now)
        (row,) = (
            row
            for row in audit_account(snapshot, Exceptions(), version="1").rows
            if row.user.name == "hanako"
        )
        assert row.credentials.others_count == 1
        admin.update_service_specific_credential(
            UserName="hanako", ServiceSpecificCredentialId=known.id, Status="Inactive"
        )
        assert not credentials_by_user(collect(api, now=now))["hanako"].keys_work(now)
