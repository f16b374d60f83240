"""Instance profiles: who may give one a role, and what is listed."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

import overlay_people as people
from sekisho.localaws import LocalAws

ROLE = f"arn:aws:iam::{people.ACCOUNT}:role/Ops"


@pytest.fixture
def aws() -> Iterator[LocalAws]:
    with LocalAws(people.account()) as running:
        yield running


@pytest.fixture
def iam(aws: LocalAws) -> Any:
    return people.client(aws, "iam")


def refused(call: Any, **params: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**params)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def bob_may(iam: Any, *statements: dict[str, Any]) -> None:
    written = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    iam.put_user_policy(UserName="bob", PolicyName="Profiles", PolicyDocument=written)


def test_to_give_it_a_role_is_to_pass_the_role(aws: LocalAws, iam: Any) -> None:
    iam.delete_user_permissions_boundary(UserName="bob")
    profiles = f"arn:aws:iam::{people.ACCOUNT}:instance-profile/web/*"
    allow = {"Effect": "Allow", "Action": "iam:*InstanceProfile", "Resource": profiles}
    bob_may(iam, allow)
    own = people.client(aws, "iam", people.BOB_KEY)
    own.create_instance_profile(InstanceProfileName="Front", Path="/web/")
    given = {"InstanceProfileName": "Front", "RoleName": "Ops"}
    code, message = refused(own.add_role_to_instance_profile, **given)
    assert code == "AccessDenied"
    assert f"iam:PassRole on resource: {ROLE}" in message
    bob_may(iam, allow, {"Effect": "Allow", "Action": "iam:PassRole", "Resource": ROLE})
    own.add_role_to_instance_profile(**given)
    # one that is elsewhere is not bob's, whatever he calls it
    iam.create_instance_profile(InstanceProfileName="Back")
    elsewhere = {"InstanceProfileName": "Back"}
    assert refused(own.delete_instance_profile, **elsewhere)[0] == "AccessDenied"


def test_names_are_unique_in_any_case(iam: Any) -> None:
    iam.create_instance_profile(InstanceProfileName="Front")
    call = iam.create_instance_profile
    assert refused(call, InstanceProfileName="front")[0] == "EntityAlreadyExists"


def test_a_role_shows_its_profiles_and_cannot_be_deleted(iam: Any) -> None:
    names = ["Back", "Front", "Middle"]
    for name in names:
        iam.create_instance_profile(InstanceProfileName=name)
        iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName="Ops")
    pages = iam.get_paginator("list_instance_profiles_for_role")
    listed = pages.paginate(RoleName="Ops", PaginationConfig={"PageSize": 2}).build_full_result()
    assert [each["InstanceProfileName"] for each in listed["InstanceProfiles"]] == names
    details = iam.get_account_authorization_details(Filter=["Role"])["RoleDetailList"]
    (ops,) = (role for role in details if role["RoleName"] == "Ops")
    assert [each["InstanceProfileName"] for each in ops["InstanceProfileList"]] == names
    iam.detach_role_policy(RoleName="Ops", PolicyArn="arn:aws:iam::aws:policy/PowerUserAccess")
    assert refused(iam.delete_role, RoleName="Ops")[0] == "DeleteConflict"
    for name in names:
        iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName="Ops")
    iam.delete_role(RoleName="Ops")


def test_of_tags_the_case_matters_and_there_are_fifty_at_most(iam: Any) -> None:
    profile = {"InstanceProfileName": "Front"}
    iam.create_instance_profile(**profile, Tags=[{"Key": "team", "Value": "a"}])
    iam.tag_instance_profile(**profile, Tags=[{"Key": "Team", "Value": "b"}])
    tags = iam.list_instance_profile_tags(**profile, MaxItems=1)
    assert (tags["Tags"], tags["IsTruncated"]) == ([{"Key": "team", "Value": "a"}], True)
    many = [{"Key": f"k{number}", "Value": "v"} for number in range(49)]
    assert refused(iam.tag_instance_profile, **profile, Tags=many)[0] == "LimitExceeded"
