"""Tags of sessions, and federated users: what a call to STS passes on, policies see."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

import localaws_people as people
from localaws_people import client, session
from sekisho.localaws import LocalAws

ROLE = f"arn:aws:iam::{people.ACCOUNT}:role"
TAGGED = {
    "Effect": "Allow",
    "Action": ["s3:GetObject", "s3:PutObject"],
    "Resource": "arn:aws:s3:::teams/${aws:PrincipalTag/team}/*",
}
ASSUME = {"Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession"], "Resource": "*"}
S3 = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(people.account()) as running:
        s3 = client(running, "s3")
        s3.create_bucket(Bucket="teams")
        for team in ("red", "blue"):
            s3.put_object(Bucket="teams", Key=f"{team}/x", Body=b"x")
        yield running


def document(*statements: dict[str, Any]) -> str:
    return json.dumps(people.policy(*statements))


def new_role(
    aws: LocalAws,
    name: str,
    *statements: dict[str, Any],
    tags: dict[str, str] | None = None,
    condition: dict[str, Any] | None = None,
) -> str:
    trust = {
        "Effect": "Allow",
        "Action": ["sts:AssumeRole", "sts:TagSession"],
        "Principal": {"AWS": f"arn:aws:iam::{people.ACCOUNT}:root"},
        **({"Condition": condition} if condition else {}),
    }
    iam = client(aws, "iam")
    iam.create_role(
        RoleName=name, AssumeRolePolicyDocument=document(trust), Tags=listed(tags or {})
    )
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document(*statements))
    return f"{ROLE}/{name}"


def new_user(aws: LocalAws, name: str, *statements: dict[str, Any]) -> dict[str, str]:
    iam = client(aws, "iam")
    iam.create_user(UserName=name, Tags=listed({"team": "red"}))
    iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document(*statements))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return {
        "aws_access_key_id": key["AccessKeyId"],
        "aws_secret_access_key": key["SecretAccessKey"],
    }


def listed(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def assumed(
    aws: LocalAws, role: str, tags: dict[str, str], *transitive: str, **keys: str
) -> dict[str, str]:
    answer = client(aws, "sts", **keys).assume_role(
        RoleArn=role,
        RoleSessionName="visit",
        Tags=listed(tags),
        TransitiveTagKeys=list(transitive),
    )
    return session(answer)


def readable(aws: LocalAws, keys: dict[str, str]) -> set[str]:
    """Return the teams whose object a caller may read."""
    return {team for team in ("red", "blue") if _reads(client(aws, "s3", **keys), team)}


def _reads(s3: Any, team: str) -> bool:
    try:
        s3.get_object(Bucket="teams", Key=f"{team}/x")
    except ClientError as refused:
        if refused.response["Error"]["Code"] != "AccessDenied":
            raise
        return False
    return True


def code_of(call: Any, **params: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**params)
    return str(caught.value.response["Error"]["Code"])


def test_policies_see_the_tags_of_a_session(aws: LocalAws) -> None:
    role = new_role(aws, "untagged", TAGGED)
    assert readable(aws, assumed(aws, role, {})) == set()
    assert readable(aws, assumed(aws, role, {"team": "blue"})) == {"blue"}


def test_a_sessions_tag_overrides_the_roles_whatever_its_case(aws: LocalAws) -> None:
    role = new_role(aws, "tagged", TAGGED, tags={"Team": "red"})
    assert readable(aws, assumed(aws, role, {})) == {"red"}
    assert readable(aws, assumed(aws, role, {"tEAM": "blue"})) == {"blue"}
    assert readable(aws, assumed(aws, role, {"other": "x"})) == {"red"}


def test_transitive_tags_reach_the_next_session_and_the_one_after_it(aws: LocalAws) -> None:
    first = new_role(aws, "first", ASSUME)
    second = new_role(aws, "second", ASSUME, TAGGED, tags={"team": "red"})
    third = new_role(aws, "third", TAGGED)
    passing = assumed(aws, first, {"team": "blue", "own": "x"}, "TEAM")
    again = assumed(aws, second, {}, **passing)
    assert readable(aws, again) == {"blue"}
    assert readable(aws, assumed(aws, third, {}, **again)) == {"blue"}
    keeping = assumed(aws, first, {"team": "blue"})
    assert readable(aws, assumed(aws, second, {}, **keeping)) == {"red"}
    replaced = {"RoleArn": second, "RoleSessionName": "visit", "Tags": listed({"team": "red"})}
    assert code_of(client(aws, "sts", **passing).assume_role, **replaced) == "InvalidParameterValue"


def test_a_trust_policy_sees_the_tags_that_are_passed(aws: LocalAws) -> None:
    condition = {
        "StringEquals": {"aws:RequestTag/team": "blue"},
        "ForAllValues:StringEquals": {
            "aws:TagKeys": ["team"],
            "sts:TransitiveTagKeys": ["team"],
        },
    }
    role = new_role(aws, "choosy", TAGGED, condition=condition)
    assert readable(aws, assumed(aws, role, {"team": "blue"}, "team")) == {"blue"}
    sts = client(aws, "sts")
    for tags in ({}, {"team": "red"}, {"team": "blue", "more": "x"}):
        params = {"RoleArn": role, "RoleSessionName": "visit", "Tags": listed(tags)}
        assert code_of(sts.assume_role, **params) == "AccessDenied"


def test_a_malformed_call_is_refused_before_any_policy_is_asked(aws: LocalAws) -> None:
    nobody = client(aws, "sts", "nobody")
    for params in (
        {"RoleArn": f"arn:aws:iam::{people.ACCOUNT}:", "RoleSessionName": "visit"},
        {"RoleArn": f"{ROLE}/Ops", "RoleSessionName": "a b"},
    ):
        assert code_of(nobody.assume_role, **params) == "ValidationError"
    fine = {"RoleArn": f"{ROLE}/Ops", "RoleSessionName": "visit"}
    assert code_of(nobody.assume_role, **fine) == "AccessDenied"


def federated(aws: LocalAws, keys: dict[str, str], *statements: Any, **more: Any) -> dict[str, str]:
    if statements:
        more["Policy"] = document(*statements)
    return session(client(aws, "sts", **keys).get_federation_token(Name="guest", **more))


FEDERATE = {
    "Effect": "Allow",
    "Action": ["sts:GetFederationToken", "sts:TagSession"],
    "Resource": f"arn:aws:sts::{people.ACCOUNT}:federated-user/guest",
}


def test_a_federated_user_may_do_what_the_user_and_the_session_policy_allow(aws: LocalAws) -> None:
    only_red = {
        "Effect": "Allow",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::teams/red/*",
    }
    keys = new_user(aws, "broker", FEDERATE, S3)
    assert readable(aws, federated(aws, keys)) == set()
    assert readable(aws, federated(aws, keys, S3)) == {"red", "blue"}
    assert readable(aws, federated(aws, keys, only_red)) == {"red"}
    poor = new_user(aws, "poor-broker", FEDERATE, only_red)
    assert readable(aws, federated(aws, poor, S3)) == {"red"}
    guest = federated(aws, keys, S3)
    identity = client(aws, "sts", **guest).get_caller_identity()
    assert identity["Arn"] == f"arn:aws:sts::{people.ACCOUNT}:federated-user/guest"
    assert identity["UserId"] == f"{people.ACCOUNT}:guest"


def test_the_users_boundary_and_denies_bind_a_federated_user(aws: LocalAws) -> None:
    keys = new_user(aws, "bound-broker", FEDERATE, S3)
    guest = federated(aws, keys, S3)
    iam = client(aws, "iam")
    only_sts = document({"Effect": "Allow", "Action": "sts:*", "Resource": "*"})
    arn = iam.create_policy(PolicyName="only-sts", PolicyDocument=only_sts)["Policy"]["Arn"]
    iam.put_user_permissions_boundary(UserName="bound-broker", PermissionsBoundary=arn)
    assert readable(aws, guest) == set()
    iam.delete_user_permissions_boundary(UserName="bound-broker")
    assert readable(aws, guest) == {"red", "blue"}
    # a federated user never has MFA, and no key that says so
    deny = document(
        {"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": people.NO_MFA}
    )
    iam.put_user_policy(UserName="bound-broker", PolicyName="mfa", PolicyDocument=deny)
    assert readable(aws, guest) == set()


def test_a_federated_user_has_the_users_tags_and_the_sessions(aws: LocalAws) -> None:
    keys = new_user(aws, "tagging-broker", FEDERATE, S3)
    assert readable(aws, federated(aws, keys, TAGGED)) == {"red"}
    assert readable(aws, federated(aws, keys, TAGGED, Tags=listed({"Team": "blue"}))) == {"blue"}
    plain = {**FEDERATE, "Action": "sts:GetFederationToken"}
    other = client(aws, "sts", **new_user(aws, "plain-broker", plain, S3))
    other.get_federation_token(Name="guest")
    tags = listed({"team": "blue"})
    assert code_of(other.get_federation_token, Name="guest", Tags=tags) == "AccessDenied"


def test_nobody_is_federated_without_permission_or_with_a_session(aws: LocalAws) -> None:
    keys = new_user(aws, "narrow-broker", FEDERATE, S3)
    sts = client(aws, "sts", **keys)
    assert code_of(sts.get_federation_token, Name="somebody") == "AccessDenied"
    for call in (
        client(aws, "sts", **session(sts.get_session_token())).get_federation_token,
        client(aws, "sts", **federated(aws, keys, people.ALL)).get_federation_token,
        client(
            aws, "sts", **assumed(aws, new_role(aws, "role", people.ALL), {})
        ).get_federation_token,
        client(aws, "sts", "nobody").get_federation_token,
        client(aws, "sts", "enforced").get_federation_token,
    ):
        assert code_of(call, Name="guest") == "AccessDenied"


def test_a_federated_user_calls_neither_iam_nor_much_of_sts(aws: LocalAws) -> None:
    keys = new_user(aws, "mighty-broker", people.ALL)
    guest = federated(aws, keys, people.ALL)
    assert code_of(client(aws, "iam", **guest).list_users) == "InvalidClientTokenId"
    role = new_role(aws, "mighty", people.ALL)
    params = {"RoleArn": role, "RoleSessionName": "visit"}
    assert code_of(client(aws, "sts", **guest).assume_role, **params) == "AccessDenied"


def test_a_federated_user_ends_with_the_user(aws: LocalAws) -> None:
    keys = new_user(aws, "leaving-broker", FEDERATE, S3)
    guest = federated(aws, keys, S3)
    iam = client(aws, "iam")
    iam.update_user(UserName="leaving-broker", NewUserName="left-broker")
    assert readable(aws, guest) == {"red", "blue"}
    iam.delete_access_key(UserName="left-broker", AccessKeyId=keys["aws_access_key_id"])
    iam.delete_user_policy(UserName="left-broker", PolicyName="own")
    iam.delete_user(UserName="left-broker")
    assert code_of(client(aws, "s3", **guest).list_buckets) == "InvalidAccessKeyId"
