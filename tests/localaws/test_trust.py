"""A role trusts the user or role that its policy named when it was saved, and nobody after them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

import localaws_people as people
from localaws_people import ACCOUNT, client, session
from sekisho.account import load_account
from sekisho.localaws import LocalAws

IAM, STS = f"arn:aws:iam::{ACCOUNT}", f"arn:aws:sts::{ACCOUNT}"
ROOT = f"{IAM}:root"
SESSION = ("sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity")


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(people.account()) as running:
        yield running


def trust(principal: Any, *actions: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": principal},
        "Action": list(actions or SESSION),
    }
    return json.dumps(people.policy(statement))


@dataclass
class Maker:
    """Makes users and roles, and takes them away."""

    aws: LocalAws

    def user(self, name: str, path: str = "/") -> dict[str, str]:
        iam = client(self.aws, "iam")
        iam.create_user(UserName=name, Path=path)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return {
            "aws_access_key_id": key["AccessKeyId"],
            "aws_secret_access_key": key["SecretAccessKey"],
        }

    def role(self, name: str, principal: Any = ROOT, *actions: str) -> str:
        iam = client(self.aws, "iam")
        document = trust(principal, *actions)
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
        everything = json.dumps(people.policy(people.ALL))
        iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=everything)
        return str(made["Role"]["Arn"])

    def without_user(self, name: str) -> None:
        iam = client(self.aws, "iam")
        for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
            iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
        iam.delete_user(UserName=name)

    def without_role(self, name: str) -> None:
        iam = client(self.aws, "iam")
        iam.delete_role_policy(RoleName=name, PolicyName="all")
        iam.delete_role(RoleName=name)

    def shown(self, name: str) -> Any:
        found = client(self.aws, "iam").get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
        return found["Statement"][0]["Principal"]["AWS"]

    def assumed(self, keys: dict[str, str], role: str, **more: Any) -> dict[str, str]:
        sts = client(self.aws, "sts", **keys)
        params = {"RoleArn": role, "RoleSessionName": "visit", **more}
        return session(sts.assume_role(**params))

    def refused(self, keys: dict[str, str], role: str, **more: Any) -> str:
        with pytest.raises(ClientError) as caught:
            self.assumed(keys, role, **more)
        return str(caught.value.response["Error"]["Code"])


@pytest.fixture
def made(aws: LocalAws) -> Maker:
    return Maker(aws)


def test_a_user_who_is_made_again_is_not_trusted(made: Maker) -> None:
    keys = made.user("hanako", "/dev/")
    role = made.role("of-hanako", f"{IAM}:user/dev/hanako")
    made.assumed(keys, role)
    assert made.shown("of-hanako") == f"{IAM}:user/dev/hanako"
    made.without_user("hanako")
    former = made.shown("of-hanako")
    assert former.startswith("AIDA")
    again = made.user("hanako", "/dev/")
    assert made.shown("of-hanako") == former
    assert made.refused(again, role) == "AccessDenied"
    iam = client(made.aws, "iam")
    with pytest.raises(ClientError) as caught:
        iam.update_assume_role_policy(RoleName="of-hanako", PolicyDocument=trust(former))
    assert f'Invalid principal in policy: "AWS":"{former}"' in str(caught.value)
    document = trust(f"{IAM}:user/dev/hanako")
    iam.update_assume_role_policy(RoleName="of-hanako", PolicyDocument=document)
    made.assumed(again, role)


def test_a_user_with_another_name_or_path_is_the_same(made: Maker) -> None:
    keys = made.user("jiro")
    role = made.role("of-jiro", [f"{IAM}:user/jiro", ROOT])
    iam = client(made.aws, "iam")
    iam.update_user(UserName="jiro", NewUserName="jiro2", NewPath="/ops/")
    assert made.shown("of-jiro") == [f"{IAM}:user/ops/jiro2", ROOT]
    made.assumed(keys, role)
    # whoever takes the name that is free now is somebody else
    assert made.refused(made.user("jiro"), role) == "AccessDenied"


@pytest.mark.parametrize(
    ("principal", "former"),
    [(f"{IAM}:role/caller", ""), (f"{STS}:assumed-role/caller/visit", ":visit")],
)
def test_a_role_that_is_made_again_is_not_trusted(made: Maker, principal: str, former: str) -> None:
    admin = {
        "aws_access_key_id": people.key_id("admin"),
        "aws_secret_access_key": people.secret("admin"),
    }
    kept = f"target{former.replace(':', '-')}"
    caller = made.role("caller")
    target = made.role(kept, principal)
    # a role of the account is let in by its own policies as well, but not past its trust policy
    made.assumed(made.assumed(admin, caller), target)
    made.without_role("caller")
    assert made.shown(kept).startswith("AROA")
    assert made.shown(kept).endswith(former)
    caller = made.role("caller")
    assert made.refused(made.assumed(admin, caller), target) == "AccessDenied"
    made.without_role("caller")


def test_every_answer_shows_arns_and_the_id_of_whom_is_gone(made: Maker) -> None:
    made.user("saburo")
    made.role("of-saburo", f"{IAM}:user/saburo")
    iam = client(made.aws, "iam")
    iam.create_instance_profile(InstanceProfileName="of-saburo")
    iam.add_role_to_instance_profile(InstanceProfileName="of-saburo", RoleName="of-saburo")

    def everywhere() -> set[str]:
        roles = [
            iam.get_role(RoleName="of-saburo")["Role"],
            *iam.list_roles()["Roles"],
            iam.update_role_description(RoleName="of-saburo", Description="x")["Role"],
            *iam.get_instance_profile(InstanceProfileName="of-saburo")["InstanceProfile"]["Roles"],
            *iam.get_account_authorization_details(Filter=["Role"])["RoleDetailList"],
        ]
        return {
            each["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["AWS"]
            for each in roles
            if each["RoleName"] == "of-saburo"
        }

    assert everywhere() == {f"{IAM}:user/saburo"}
    made.without_user("saburo")
    (shown,) = everywhere()
    assert shown.startswith("AIDA")


def test_whom_an_account_file_lacks_nobody_can_become() -> None:
    details = json.loads(people.account_text())
    details["authorizationDetails"]["RoleDetailList"][0]["AssumeRolePolicyDocument"] = json.loads(
        trust([f"{IAM}:user/left", f"{IAM}:user/admin"])
    )
    with LocalAws(load_account(json.dumps(details))) as aws:
        made = Maker(aws)
        gone, admin = made.shown("Ops")
        assert gone.startswith("AIDA")
        assert admin == f"{IAM}:user/admin"
        assert made.refused(made.user("left"), f"{IAM}:role/Ops") == "AccessDenied"


def test_a_source_identity_stays_along_the_chain(made: Maker) -> None:
    iam = client(made.aws, "iam")
    admin = {
        "aws_access_key_id": people.key_id("admin"),
        "aws_secret_access_key": people.secret("admin"),
    }
    first, second, third = (made.role(f"link-{number}") for number in range(3))
    plain = made.role("no-identity", ROOT, "sts:AssumeRole")
    hanako = made.assumed(admin, first, SourceIdentity="hanako")
    assert made.refused(hanako, second, SourceIdentity="jiro") == "AccessDenied"
    # the target must let it be set, also where it is inherited
    assert made.refused(hanako, plain) == "AccessDenied"
    assert made.refused(admin, plain, SourceIdentity="hanako") == "AccessDenied"
    next_one = made.assumed(hanako, second)
    sts = client(made.aws, "sts", **made.assumed(next_one, third, SourceIdentity="hanako"))
    assert sts.assume_role(RoleArn=first, RoleSessionName="visit")["SourceIdentity"] == "hanako"
    only_jiro = {
        "Effect": "Deny",
        "Action": "s3:ListAllMyBuckets",
        "Resource": "*",
        "Condition": {"StringNotEquals": {"aws:SourceIdentity": "jiro"}},
    }
    document = json.dumps(people.policy(only_jiro))
    iam.put_role_policy(RoleName="link-1", PolicyName="jiro", PolicyDocument=document)
    with pytest.raises(ClientError):
        client(made.aws, "s3", **next_one).list_buckets()
    jiro = made.assumed(made.assumed(admin, first, SourceIdentity="jiro"), second)
    client(made.aws, "s3", **jiro).list_buckets()


def test_a_chained_session_lasts_an_hour_and_keeps_no_more_tags_than_fifty(made: Maker) -> None:
    admin = {
        "aws_access_key_id": people.key_id("admin"),
        "aws_secret_access_key": people.secret("admin"),
    }
    role = made.role("long")
    client(made.aws, "iam").update_role(RoleName="long", MaxSessionDuration=43200)
    tags = [{"Key": f"k{number}", "Value": "v"} for number in range(50)]
    passing = made.assumed(
        admin, role, DurationSeconds=43200, Tags=tags[:30], TransitiveTagKeys=["k1", "k2"]
    )
    assert made.refused(passing, role, DurationSeconds=3601) == "ValidationError"
    made.assumed(passing, role, DurationSeconds=3600)
    assert made.refused(passing, role, Tags=[{"Key": "K1", "Value": "w"}]) == (
        "InvalidParameterValue"
    )
    # tags that are passed on need sts:TagSession of the next role
    plain = made.role("no-tags", ROOT, "sts:AssumeRole")
    assert made.refused(passing, plain) == "AccessDenied"
    made.assumed(admin, plain)


def test_a_managed_session_policy_counts_whatever_its_default_was_set_to(made: Maker) -> None:
    iam = client(made.aws, "iam")
    admin = {
        "aws_access_key_id": people.key_id("admin"),
        "aws_secret_access_key": people.secret("admin"),
    }
    only_sqs = json.dumps(people.policy({"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}))
    arn = iam.create_policy(PolicyName="only-sqs", PolicyDocument=only_sqs)["Policy"]["Arn"]
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
    keys = made.assumed(admin, made.role("narrowed"), PolicyArns=[{"arn": arn}])
    client(made.aws, "sqs", **keys).list_queues()
    with pytest.raises(ClientError):
        client(made.aws, "s3", **keys).list_buckets()


def test_the_packed_size_is_that_of_the_example(made: Maker) -> None:
    """AWS STS API Reference, AssumeRole: the example's answer says 8 percent."""
    iam = client(made.aws, "iam")
    document = json.dumps(people.policy(people.ALL))
    arns = [
        {"arn": iam.create_policy(PolicyName=name, PolicyDocument=document)["Policy"]["Arn"]}
        for name in ("demopolicy1", "demopolicy2")
    ]
    statement = {"Sid": "Stmt1", "Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    given = {
        "RoleArn": made.role("demo"),
        "RoleSessionName": "testAR",
        "PolicyArns": arns,
        "Policy": json.dumps(people.policy(statement), separators=(",", ":")),
        "Tags": [
            {"Key": "Project", "Value": "Pegasus"},
            {"Key": "Team", "Value": "Engineering"},
            {"Key": "Cost-Center", "Value": "12345"},
        ],
    }
    assert client(made.aws, "sts").assume_role(**given)["PackedPolicySize"] == 8
    assert "PackedPolicySize" not in client(made.aws, "sts").assume_role(
        RoleArn=given["RoleArn"], RoleSessionName="testAR"
    )
