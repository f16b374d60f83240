"""Users, passwords, policies and sessions as IAM and STS keep them, over the wire."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

import overlay_people as people
from cases import cases
from sekisho import policy
from sekisho.localaws import LocalAws

ALLOW = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}],
}

TRUST = {"Effect": "Allow", "Principal": {"AWS": "111122223333"}}


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(people.account()) as running:
        yield running


@pytest.fixture(scope="module")
def iam(aws: LocalAws) -> Any:
    return people.client(aws, "iam")


def error_of(call: Any, **params: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        call(**params)
    response = caught.value.response
    status = response["ResponseMetadata"]["HTTPStatusCode"]
    return {
        "code": response["Error"]["Code"],
        "message": response["Error"]["Message"],
        "status": status,
    }


@pytest.mark.parametrize(
    "case", cases("overlay/refusals", ["operation", "params", "error"], ["service"])
)
def test_refusal(aws: LocalAws, case: dict[str, Any]) -> None:
    call = getattr(people.client(aws, case.get("service", "iam")), case["operation"])
    params = {
        key: json.dumps(value) if isinstance(value, dict) else value
        for key, value in case["params"].items()
    }
    assert error_of(call, **params) == case["error"]


def test_a_user_and_the_boundary(iam: Any) -> None:
    bound = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    made = iam.create_user(UserName="erin", Path="/ops/", PermissionsBoundary=bound)["User"]
    assert made["UserId"].startswith("AIDA")
    assert len(made["UserId"]) == 21
    shown = iam.get_user(UserName="erin")["User"]["PermissionsBoundary"]
    assert shown["PermissionsBoundaryArn"] == bound
    details = iam.get_account_authorization_details(Filter=["AWSManagedPolicy"])["Policies"]
    usage = {each["Arn"]: each["PermissionsBoundaryUsageCount"] for each in details}
    assert usage[bound] == 1
    iam.delete_user_permissions_boundary(UserName="erin")
    assert "PermissionsBoundary" not in iam.get_user(UserName="erin")["User"]
    found = error_of(iam.delete_user_permissions_boundary, UserName="erin")
    assert found["code"] == "NoSuchEntity"


def test_renaming_takes_everything_along(aws: LocalAws, iam: Any) -> None:
    iam.create_user(UserName="old.name", Tags=[{"Key": "K", "Value": "v"}])
    iam.create_login_profile(UserName="old.name", Password=people.PASSWORD)
    key = iam.create_access_key(UserName="old.name")["AccessKey"]
    iam.update_user(UserName="old.name", NewUserName="new.name", NewPath="/n/")
    user = iam.get_user(UserName="new.name")["User"]
    assert user["Arn"] == f"arn:aws:iam::{people.ACCOUNT}:user/n/new.name"
    assert user["Tags"] == [{"Key": "K", "Value": "v"}]
    assert iam.get_login_profile(UserName="new.name")["LoginProfile"]["UserName"] == "new.name"
    keys = iam.list_access_keys(UserName="new.name")["AccessKeyMetadata"]
    assert [each["AccessKeyId"] for each in keys] == [key["AccessKeyId"]]
    assert [each["UserName"] for each in keys] == ["new.name"]
    signed = people.client(aws, "sts", (key["AccessKeyId"], key["SecretAccessKey"]))
    assert signed.get_caller_identity()["Arn"] == user["Arn"]


def test_a_group_is_renamed_with_its_members(iam: Any) -> None:
    iam.create_group(GroupName="Before")
    iam.add_user_to_group(GroupName="Before", UserName="bob")
    iam.update_group(GroupName="Before", NewPath="/team/")
    assert iam.get_group(GroupName="Before")["Group"]["Path"] == "/team/"
    iam.update_group(GroupName="Before", NewGroupName="After")
    members = iam.get_group(GroupName="After")["Users"]
    assert [each["UserName"] for each in members] == ["bob"]
    assert error_of(iam.get_group, GroupName="Before")["code"] == "NoSuchEntity"
    taken = error_of(iam.update_group, GroupName="After", NewGroupName="STAFF")
    assert taken["code"] == "EntityAlreadyExists"
    iam.remove_user_from_group(GroupName="After", UserName="bob")
    iam.delete_group(GroupName="After")


def test_a_user_is_deleted_when_nothing_is_left(iam: Any) -> None:
    name, arn = "leaver", "arn:aws:iam::aws:policy/ReadOnlyAccess"
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]
    iam.create_login_profile(UserName=name, Password=people.PASSWORD)
    iam.attach_user_policy(UserName=name, PolicyArn=arn)
    iam.put_user_policy(UserName=name, PolicyName="In", PolicyDocument=json.dumps(ALLOW))
    iam.add_user_to_group(UserName=name, GroupName="Staff")
    steps = [
        (iam.delete_access_key, {"UserName": name, "AccessKeyId": key}),
        (iam.delete_login_profile, {"UserName": name}),
        (iam.detach_user_policy, {"UserName": name, "PolicyArn": arn}),
        (iam.delete_user_policy, {"UserName": name, "PolicyName": "In"}),
        (iam.remove_user_from_group, {"UserName": name, "GroupName": "Staff"}),
    ]
    messages = []
    for remove, params in steps:
        found = error_of(iam.delete_user, UserName=name)
        assert (found["code"], found["status"]) == ("DeleteConflict", 409)
        messages.append(found["message"])
        remove(**params)
    assert len(set(messages)) == len(steps)
    iam.delete_user(UserName=name)
    assert error_of(iam.get_user, UserName=name)["code"] == "NoSuchEntity"


def test_the_caller_is_implied(aws: LocalAws) -> None:
    sts = people.client(aws, "sts", people.BOB_KEY)
    answer = sts.get_session_token(SerialNumber=people.BOB_DEVICE, TokenCode=people.fresh_code(aws))
    for keys in (people.BOB_KEY, people.keys_of(answer["Credentials"])):
        bob = people.client(aws, "iam", keys)
        assert bob.get_user()["User"]["UserName"] == "bob"
        assert bob.get_login_profile()["LoginProfile"]["UserName"] == "bob"
        assert [each["UserName"] for each in bob.list_mfa_devices()["MFADevices"]] == ["bob"]
        key = bob.create_access_key()["AccessKey"]
        assert key["UserName"] == "bob"
        bob.update_access_key(AccessKeyId=key["AccessKeyId"], Status="Inactive")
        assert len(bob.list_access_keys()["AccessKeyMetadata"]) == 2
        bob.delete_access_key(AccessKeyId=key["AccessKeyId"])


def test_own_password(aws: LocalAws, iam: Any) -> None:
    iam.create_user(UserName="frank")
    iam.create_login_profile(UserName="frank", Password=people.PASSWORD, PasswordResetRequired=True)
    own = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "iam:ChangePassword", "Resource": "*"}],
    }
    iam.put_user_policy(UserName="frank", PolicyName="Own", PolicyDocument=json.dumps(own))
    key = iam.create_access_key(UserName="frank")["AccessKey"]
    frank = people.client(aws, "iam", (key["AccessKeyId"], key["SecretAccessKey"]))
    new = "Suikinkutsu-8-drops"
    wrong = error_of(frank.change_password, OldPassword="x" * 12, NewPassword=new)
    assert (wrong["code"], wrong["status"]) == ("AccessDenied", 403)
    weak = error_of(frank.change_password, OldPassword=people.PASSWORD, NewPassword="short")
    assert (weak["code"], weak["status"]) == ("PasswordPolicyViolation", 400)
    frank.change_password(OldPassword=people.PASSWORD, NewPassword=new)
    profile = iam.get_login_profile(UserName="frank")["LoginProfile"]
    assert profile["PasswordResetRequired"] is False


def test_who_has_no_password_can_neither_change_nor_lose_it(aws: LocalAws, iam: Any) -> None:
    iam.create_user(UserName="keys-only")
    own = {"Version": "2012-10-17", "Statement": [{**ALLOW["Statement"][0], "Action": "iam:*"}]}
    iam.put_user_policy(UserName="keys-only", PolicyName="Own", PolicyDocument=json.dumps(own))
    key = iam.create_access_key(UserName="keys-only")["AccessKey"]
    mine = people.client(aws, "iam", (key["AccessKeyId"], key["SecretAccessKey"]))
    missing = {
        "code": "NoSuchEntity",
        "message": "Login Profile for User keys-only cannot be found.",
        "status": 404,
    }
    words = {"OldPassword": people.PASSWORD, "NewPassword": "Suikinkutsu-8-drops"}
    assert error_of(mine.change_password, **words) == missing
    for call in (iam.get_login_profile, iam.update_login_profile, iam.delete_login_profile):
        assert error_of(call, UserName="keys-only") == missing


@pytest.mark.parametrize(
    ("rule", "lacking"),
    [
        ({"RequireUppercaseCharacters": True}, "kadomatsu-7-lantern"),
        ({"RequireLowercaseCharacters": True}, "KADOMATSU-7-LANTERN"),
        ({"RequireNumbers": True}, "Kadomatsu-x-lantern"),
        ({"RequireSymbols": True}, "Kadomatsu7lantern"),
        ({"MinimumPasswordLength": 20}, "Kadomatsu-7-lantern"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_each_rule_of_the_accounts_passwords(aws: LocalAws, rule: Any, lacking: str) -> None:
    iam = people.client(aws, "iam")
    name = f"ruled-{next(iter(rule))}"
    iam.create_user(UserName=name)
    iam.update_account_password_policy(**rule)
    try:
        found = error_of(iam.create_login_profile, UserName=name, Password=lacking)
        assert (found["code"], found["status"]) == ("PasswordPolicyViolation", 400)
        iam.create_login_profile(UserName=name, Password="Kadomatsu-7-lanterns")
    finally:
        iam.delete_account_password_policy()
    iam.update_login_profile(UserName=name, Password=lacking)


def test_how_long_a_sign_in_at_the_console_lasts(iam: Any) -> None:
    def told() -> Any:
        profile = iam.get_login_profile(UserName="lasting")["LoginProfile"]
        return profile.get("MaxSigninSessionDuration"), profile["PasswordResetRequired"]

    iam.create_user(UserName="lasting")
    made = iam.create_login_profile(
        UserName="lasting",
        Password=people.PASSWORD,
        PasswordResetRequired=True,
        MaxSigninSessionDuration=3600,
    )
    assert made["LoginProfile"]["MaxSigninSessionDuration"] == 3600
    assert told() == (3600, True)
    # what is not named stays
    iam.update_login_profile(UserName="lasting", Password="Suikinkutsu-8-drops")
    assert told() == (3600, True)
    iam.update_login_profile(UserName="lasting", PasswordResetRequired=False)
    assert told() == (3600, False)
    iam.update_login_profile(UserName="lasting", MaxSigninSessionDuration=7200)
    assert told() == (7200, False)
    both = {"MaxSigninSessionDuration": 3600, "ResetMaxSigninSessionDuration": True}
    found = error_of(iam.update_login_profile, UserName="lasting", **both)
    assert found["code"] == "InvalidInput"
    assert told() == (7200, False)
    iam.update_login_profile(UserName="lasting", ResetMaxSigninSessionDuration=True)
    assert told() == (None, False)


def test_how_long_a_sign_in_with_a_role_lasts(aws: LocalAws, iam: Any) -> None:
    keys = dict(zip(("aws_access_key_id", "aws_secret_access_key"), people.ADMIN_KEY, strict=True))
    unchecked = boto3.client(
        "iam",
        endpoint_url=aws.url,
        region_name="us-east-1",
        config=Config(parameter_validation=False),
        **keys,
    )

    def told() -> Any:
        (listed,) = [r for r in iam.list_roles()["Roles"] if r["RoleName"] == "lasting"]
        got = iam.get_role(RoleName="lasting")["Role"]
        (of_all,) = [
            each
            for each in iam.get_account_authorization_details(Filter=["Role"])["RoleDetailList"]
            if each["RoleName"] == "lasting"
        ]
        assert "MaxSigninSessionDuration" not in of_all
        assert listed.get("MaxSigninSessionDuration") == got.get("MaxSigninSessionDuration")
        return got.get("MaxSigninSessionDuration"), got["MaxSessionDuration"]

    trust = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"AWS": people.ACCOUNT},
            },
        }
    )
    made = {"RoleName": "lasting", "AssumeRolePolicyDocument": trust}
    # a client that checks parameters itself would not send these
    for seconds in (3_599, 7_776_001):
        found = error_of(unchecked.create_role, **made, MaxSigninSessionDuration=seconds)
        assert found["code"] == "ValidationError"
        profile = {"UserName": "admin", "MaxSigninSessionDuration": seconds}
        assert error_of(unchecked.update_login_profile, **profile)["code"] == "ValidationError"
    created = iam.create_role(**made, MaxSigninSessionDuration=7_776_000)["Role"]
    assert created["MaxSigninSessionDuration"] == 7_776_000
    assert told() == (7_776_000, 3_600)
    iam.update_role(RoleName="lasting", MaxSessionDuration=7_200)
    assert told() == (7_776_000, 7_200)
    iam.update_role(RoleName="lasting", MaxSigninSessionDuration=3_600)
    assert told() == (3_600, 7_200)
    iam.update_role(RoleName="lasting", ResetMaxSigninSessionDuration=True)
    assert told() == (None, 7_200)
    iam.delete_role(RoleName="lasting")


def test_the_accounts_option_lets_every_user_change_the_password(aws: LocalAws, iam: Any) -> None:
    """... unless a policy denies it explicitly, as Force_MFA does (docs/signin.md)."""
    iam.create_user(UserName="hana")
    iam.create_login_profile(UserName="hana", Password=people.PASSWORD)
    key = iam.create_access_key(UserName="hana")["AccessKey"]
    hana = people.client(aws, "iam", (key["AccessKeyId"], key["SecretAccessKey"]))
    change = {"OldPassword": people.PASSWORD, "NewPassword": "Suikinkutsu-8-drops"}
    back = {"OldPassword": change["NewPassword"], "NewPassword": people.PASSWORD}
    assert error_of(hana.change_password, **change)["code"] == "AccessDenied"
    iam.update_account_password_policy(AllowUsersToChangePassword=True)
    try:
        hana.change_password(**change)
        enforcement = policy.render(policy.force_mfa(policy.choices_of(policy.Preset.AWS)))
        iam.put_user_policy(UserName="hana", PolicyName="Force_MFA", PolicyDocument=enforcement)
        found = error_of(hana.change_password, **back)
        assert "with an explicit deny in an identity-based policy" in found["message"]
    finally:
        iam.delete_account_password_policy()


def test_passwords_that_must_not_come_back(iam: Any) -> None:
    iam.update_account_password_policy(MinimumPasswordLength=10, PasswordReusePrevention=2)
    try:
        iam.create_user(UserName="gina")
        iam.create_login_profile(UserName="gina", Password="first-password-1")
        iam.update_login_profile(UserName="gina", Password="second-password-2")
        for former in ("first-password-1", "second-password-2"):
            found = error_of(iam.update_login_profile, UserName="gina", Password=former)
            assert found["code"] == "PasswordPolicyViolation"
        iam.update_login_profile(UserName="gina", Password="third-password-3")
        iam.update_login_profile(UserName="gina", Password="first-password-1")
    finally:
        iam.delete_account_password_policy()


def test_inline_policies_count_together(iam: Any) -> None:
    iam.create_user(UserName="wordy")
    long = {**ALLOW, "Statement": [{**ALLOW["Statement"][0], "Resource": _bucket(1100)}]}
    spaced = json.dumps(long, indent=8)
    iam.put_user_policy(UserName="wordy", PolicyName="One", PolicyDocument=spaced)
    iam.put_user_policy(UserName="wordy", PolicyName="One", PolicyDocument=json.dumps(long))
    found = error_of(
        iam.put_user_policy, UserName="wordy", PolicyName="Two", PolicyDocument=json.dumps(long)
    )
    assert found == {
        "code": "LimitExceeded",
        "message": "Maximum policy size of 2048 bytes exceeded for user wordy",
        "status": 409,
    }


def _bucket(length: int) -> str:
    return f"arn:aws:s3:::{'b' * length}"


def test_versions_attachments_and_deletion(iam: Any) -> None:
    text = json.dumps(ALLOW)
    made = iam.create_policy(
        PolicyName="Reader",
        Path="/team/",
        PolicyDocument=text,
        Description="reads",
        Tags=[{"Key": "Purpose", "Value": "test"}],
    )["Policy"]
    arn = made["Arn"]
    assert made["PolicyId"].startswith("ANPA")
    assert arn == f"arn:aws:iam::{people.ACCOUNT}:policy/team/Reader"
    shown = iam.get_policy(PolicyArn=arn)["Policy"]
    assert (shown["Path"], shown["Description"]) == ("/team/", "reads")
    taken = error_of(iam.create_policy, PolicyName="READER", PolicyDocument=text)
    assert taken["code"] == "EntityAlreadyExists"
    for number in range(2, 6):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=text, SetAsDefault=number == 3)
    full = error_of(iam.create_policy_version, PolicyArn=arn, PolicyDocument=text)
    assert (full["code"], full["status"]) == ("LimitExceeded", 409)
    versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    assert [each["VersionId"] for each in versions if each["IsDefaultVersion"]] == ["v3"]
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v3")
    assert iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v3"
    document = iam.get_policy_version(PolicyArn=arn, VersionId="v3")["PolicyVersion"]["Document"]
    assert document == ALLOW
    iam.create_user(UserName="reader")
    for _ in range(2):
        iam.attach_user_policy(UserName="reader", PolicyArn=arn)
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
    assert error_of(iam.delete_policy, PolicyArn=arn)["code"] == "DeleteConflict"
    iam.detach_user_policy(UserName="reader", PolicyArn=arn)
    assert error_of(iam.delete_policy, PolicyArn=arn)["code"] == "DeleteConflict"
    for version in ("v1", "v2", "v4", "v5"):
        iam.delete_policy_version(PolicyArn=arn, VersionId=version)
    iam.delete_policy(PolicyArn=arn)
    assert error_of(iam.get_policy, PolicyArn=arn)["code"] == "NoSuchEntity"


def test_who_has_a_policy_attached_or_as_the_boundary(iam: Any) -> None:
    made = iam.create_policy(PolicyName="Shared", PolicyDocument=json.dumps(ALLOW))["Policy"]
    arn = made["Arn"]
    trust = json.dumps({**ALLOW, "Statement": [{**TRUST, "Action": "sts:AssumeRole"}]})
    for name, path in (("attached", "/one/"), ("bounded", "/one/"), ("both", "/two/")):
        iam.create_user(UserName=name, Path=path)
    iam.create_group(GroupName="having", Path="/two/")
    role = iam.create_role(RoleName="bounded", Path="/two/", AssumeRolePolicyDocument=trust)["Role"]
    assert _entities(iam, arn) == []
    for name in ("attached", "both"):
        iam.attach_user_policy(UserName=name, PolicyArn=arn)
    for name in ("bounded", "both"):
        iam.put_user_permissions_boundary(UserName=name, PermissionsBoundary=arn)
    iam.attach_group_policy(GroupName="having", PolicyArn=arn)
    iam.put_role_permissions_boundary(RoleName="bounded", PermissionsBoundary=arn)
    users = ["User attached", "User both", "User bounded"]
    everybody = ["Group having", *users, "Role bounded"]
    for asked, expected in (
        ({}, everybody),
        ({"PolicyUsageFilter": "PermissionsPolicy"}, ["Group having", *users[:2]]),
        ({"PolicyUsageFilter": "PermissionsBoundary"}, [*users[1:], "Role bounded"]),
        ({"EntityFilter": "User"}, users),
        ({"EntityFilter": "Role"}, ["Role bounded"]),
        ({"EntityFilter": "Group", "PolicyUsageFilter": "PermissionsBoundary"}, []),
        ({"EntityFilter": "AWSManagedPolicy"}, []),
        ({"PathPrefix": "/one/"}, ["User attached", "User bounded"]),
        ({"PathPrefix": "/"}, everybody),
    ):
        assert _entities(iam, arn, **asked) == expected, asked
    pages = iam.get_paginator("list_entities_for_policy")
    config = {"PageSize": 2}
    assert [_listed(each) for each in pages.paginate(PolicyArn=arn, PaginationConfig=config)] == [
        everybody[:2],
        everybody[2:4],
        everybody[4:],
    ]
    told = iam.list_entities_for_policy(PolicyArn=arn)["PolicyRoles"]
    assert told == [{"RoleName": "bounded", "RoleId": role["RoleId"]}]
    missing = error_of(iam.list_entities_for_policy, PolicyArn=f"{arn}-2")
    assert (missing["code"], missing["status"]) == ("NoSuchEntity", 404)
    iam.delete_user_permissions_boundary(UserName="bounded")
    assert "User bounded" not in _entities(iam, arn)
    iam.update_user(UserName="both", NewUserName="still-both")
    found = _entities(iam, arn, PolicyUsageFilter="PermissionsBoundary")
    assert found == ["User still-both", "Role bounded"]


def _entities(iam: Any, arn: str, **asked: str) -> list[str]:
    return _listed(iam.list_entities_for_policy(PolicyArn=arn, **asked))


def _listed(answer: Any) -> list[str]:
    kinds = ("Group", "User", "Role")
    return [f"{kind} {each[f'{kind}Name']}" for kind in kinds for each in answer[f"Policy{kind}s"]]


def test_ten_attached_policies(iam: Any) -> None:
    iam.create_user(UserName="hoarder")
    arns = []
    for number in range(11):
        made = iam.create_policy(PolicyName=f"Part-{number}", PolicyDocument=json.dumps(ALLOW))
        arns.append(made["Policy"]["Arn"])
    for arn in arns[:10]:
        iam.attach_user_policy(UserName="hoarder", PolicyArn=arn)
    found = error_of(iam.attach_user_policy, UserName="hoarder", PolicyArn=arns[10])
    assert found["message"] == "Cannot exceed quota for PoliciesPerUser: 10"


def test_details_in_pages(iam: Any) -> None:
    whole = iam.get_account_authorization_details(MaxItems=1000)
    pages = list(
        iam.get_paginator("get_account_authorization_details").paginate(
            PaginationConfig={"PageSize": 2}
        )
    )
    assert len(pages) > 2
    for kind in ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"):
        assert [entry for page in pages for entry in page[kind]] == whole[kind]


def test_a_role_says_how_long_its_sessions_last(aws: LocalAws, iam: Any) -> None:
    trust = {**TRUST, "Action": "sts:AssumeRole"}
    document = json.dumps({**ALLOW, "Statement": [trust]})
    made = {"AssumeRolePolicyDocument": document, "MaxSessionDuration": 7200}
    role = iam.create_role(RoleName="two-hours", **made)["Role"]["Arn"]
    sts = people.client(aws, "sts")
    asked = {"RoleArn": role, "RoleSessionName": "shift"}
    lasts = sts.assume_role(**asked, DurationSeconds=7200)["Credentials"]["Expiration"]
    assert timedelta(minutes=119) < lasts - aws.clock.now() <= timedelta(hours=2)
    found = error_of(sts.assume_role, **asked, DurationSeconds=7201)
    assert (found["code"], found["status"]) == ("ValidationError", 400)
    keys = people.keys_of(sts.assume_role(**asked)["Credentials"])
    iam.attach_role_policy(
        RoleName="two-hours", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
    )
    chained = people.client(aws, "sts", keys)
    chained.assume_role(**asked, DurationSeconds=3600)
    assert error_of(chained.assume_role, **asked, DurationSeconds=3601)["status"] == 400
    # who is no user has to say which user is meant
    unnamed = error_of(people.client(aws, "iam", keys).list_access_keys)
    assert unnamed == {
        "code": "ValidationError",
        "message": "Must specify userName when calling with non-User credentials",
        "status": 400,
    }


def test_an_assumed_role(aws: LocalAws) -> None:
    sts = people.client(aws, "sts", people.BOB_KEY)
    arn = f"arn:aws:iam::{people.ACCOUNT}:role/Ops"
    denied = error_of(sts.assume_role, RoleArn=arn, RoleSessionName="tour")
    assert denied["code"] == "AccessDenied"
    answer = sts.assume_role(
        RoleArn=arn,
        RoleSessionName="tour",
        SerialNumber=people.BOB_DEVICE,
        TokenCode=people.fresh_code(aws),
    )
    assert answer["AssumedRoleUser"]["AssumedRoleId"] == "AROAOPS00000000000000:tour"
    role = people.client(aws, "sts", people.keys_of(answer["Credentials"]))
    assert role.get_caller_identity()["Arn"] == answer["AssumedRoleUser"]["Arn"]
