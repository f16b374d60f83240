"""An account file comes out of the local AWS as it went in."""

import json
from collections.abc import Iterator

import pytest

import overlay_people as people
from sekisho.account import load_account
from sekisho.errors import FaultyAccount
from sekisho.localaws import LocalAws


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(people.account()) as running:
        yield running


def test_authorization_details_come_back_as_they_were(aws: LocalAws) -> None:
    answer = people.client(aws, "iam").get_account_authorization_details()
    text = json.dumps(answer, default=lambda date: date.strftime("%Y-%m-%dT%H:%M:%SZ"))
    answer = json.loads(text)
    written = json.loads(people.account_text())["authorizationDetails"]
    for kind in ("UserDetailList", "GroupDetailList", "RoleDetailList"):
        found = [{key: value for key, value in entry.items() if value} for entry in answer[kind]]
        expected = [{key: value for key, value in each.items() if value} for each in written[kind]]
        assert found == expected
    notes = next(each for each in answer["Policies"] if each["PolicyName"] == "Notes")
    versions = notes["PolicyVersionList"]
    assert [each["VersionId"] for each in versions] == ["v3", "v2"]
    assert {key: notes[key] for key in ("PolicyId", "Path", "DefaultVersionId", "Description")} == {
        "PolicyId": "ANPANOTES000000000000",
        "Path": "/team/",
        "DefaultVersionId": "v3",
        "Description": "read notes",
    }


def test_its_own_answer_loads_as_a_bare_export(aws: LocalAws) -> None:
    answer = people.client(aws, "iam").get_account_authorization_details()
    answer.pop("ResponseMetadata")
    again = load_account(json.dumps(answer, default=lambda date: date.isoformat()))
    file = people.account()
    assert again.users == file.users
    assert again.groups == file.groups
    assert again.roles == file.roles
    assert all(again.metadata[each.arn] == file.metadata[each.arn] for each in file.groups)
    assert all(again.metadata[each.arn] == file.metadata[each.arn] for each in file.roles)
    assert {about: again.texts[about] for about in file.texts} == file.texts
    elsewhere = json.dumps(answer, default=lambda date: date.isoformat())
    # an account of its own: moto keeps one state for each account id in a process
    with LocalAws(load_account(elsewhere.replace(people.ACCOUNT, "444455556666"))) as second:
        assert second.world.passwords == {}
        assert second.world.devices == {}


def test_the_next_version_follows_the_last(aws: LocalAws) -> None:
    iam = people.client(aws, "iam")
    arn = f"arn:aws:iam::{people.ACCOUNT}:policy/team/Notes"
    document = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
        }
    )
    made = iam.create_policy_version(PolicyArn=arn, PolicyDocument=document)["PolicyVersion"]
    assert made["VersionId"] == "v4"
    iam.delete_policy_version(PolicyArn=arn, VersionId="v4")


def test_credentials_are_there_and_not_in_clear(aws: LocalAws) -> None:
    iam = people.client(aws, "iam")
    assert iam.get_login_profile(UserName="carol")["LoginProfile"]["PasswordResetRequired"] is True
    assert iam.list_account_aliases()["AccountAliases"] == ["sekisho-test"]
    unassigned = iam.list_virtual_mfa_devices(AssignmentStatus="Unassigned")
    serials = [each["SerialNumber"] for each in unassigned["VirtualMFADevices"]]
    assert serials == [f"arn:aws:iam::{people.ACCOUNT}:mfa/left-behind"]
    for state in aws.world.passwords.values():
        assert people.PASSWORD not in state.hash
        assert state.hash not in repr(aws.world)


@pytest.mark.parametrize("whose", ["bob", "Ops"])
def test_a_missing_boundary_is_named(whose: str) -> None:
    """Of a user and of a role, who have nothing else that is missing."""
    written = json.loads(people.account_text())
    details = written["authorizationDetails"]
    owners = {each["UserName"]: each for each in details["UserDetailList"]}
    owners |= {each["RoleName"]: each for each in details["RoleDetailList"]}
    owners[whose]["PermissionsBoundary"] = {
        "PermissionsBoundaryType": "PermissionsBoundaryPolicy",
        "PermissionsBoundaryArn": "arn:aws:iam::aws:policy/NoSuchBoundary",
    }
    with pytest.raises(FaultyAccount) as caught, LocalAws(load_account(json.dumps(written))):
        pass
    (fault,) = caught.value.faults
    assert f"`arn:aws:iam::aws:policy/NoSuchBoundary`, attached to `{whose}`" in fault.message.en


def test_all_missing_policies_are_named_at_once() -> None:
    text = people.account_text()
    text = text.replace("aws:policy/PowerUserAccess", "aws:policy/NoSuchPolicy")
    text = text.replace("aws:policy/AdministratorAccess", "aws:policy/NorThis")
    with pytest.raises(FaultyAccount) as caught, LocalAws(load_account(text)):
        pass
    named = {fault.message.en.split("`")[1].rpartition("/")[2] for fault in caught.value.faults}
    assert named == {"NoSuchPolicy", "NorThis"}


PASSWORD_POLICIES = [
    {"MinimumPasswordLength": 14, "RequireSymbols": True},
    {"RequireNumbers": True, "AllowUsersToChangePassword": True, "PasswordReusePrevention": 5},
    {"RequireUppercaseCharacters": True, "MaxPasswordAge": 90, "HardExpiry": True},
    {"RequireLowercaseCharacters": True, "MinimumPasswordLength": 6},
]
NOTHING_ASKED = {
    "MinimumPasswordLength": 6,
    "RequireSymbols": False,
    "RequireNumbers": False,
    "RequireUppercaseCharacters": False,
    "RequireLowercaseCharacters": False,
    "AllowUsersToChangePassword": False,
    "ExpirePasswords": False,
    "HardExpiry": False,
}


@pytest.mark.parametrize("written", PASSWORD_POLICIES)
def test_the_password_policy_comes_back(written: dict[str, object]) -> None:
    text = people.account_text()
    assert '"passwordPolicy": null' in text
    text = text.replace('"passwordPolicy": null', f'"passwordPolicy": {json.dumps(written)}')
    with LocalAws(load_account(text)) as aws:
        found = people.client(aws, "iam").get_account_password_policy()["PasswordPolicy"]
    found = {key: value for key, value in found.items() if value}
    expected = NOTHING_ASKED | written | {"ExpirePasswords": "MaxPasswordAge" in written}
    assert found == {key: value for key, value in expected.items() if value}
