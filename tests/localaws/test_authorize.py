"""Boundaries, groups, session policies, trust, and resources that are not known.

Reads `localaws.decision.authorize` itself, because its law is of policies that are drawn, with no
account.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from moto.iam.models import iam_backends

import localaws_people as people
from localaws_people import client, session
from sekisho import policy
from sekisho.engine import AttachedPolicy, DecisionEffect, Policies, Request, decide
from sekisho.localaws import LocalAws
from sekisho.localaws.decision.authorize import worst_case_policies
from sekisho.signin import SigninAssumptions

USER = f"arn:aws:iam::{people.ACCOUNT}:user"
ROLE = f"arn:aws:iam::{people.ACCOUNT}:role"


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(people.account()) as running:
        yield running


def denial(call: Any, **params: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**params)
    error = caught.value.response["Error"]
    assert error["Code"] == "AccessDenied"
    return str(error["Message"])


def new_user(aws: LocalAws, name: str, *statements: dict[str, Any]) -> dict[str, str]:
    """Make a user with a key, and return client keywords for it."""
    iam = client(aws, "iam")
    iam.create_user(UserName=name)
    if statements:
        document = json.dumps(people.policy(*statements))
        iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return {
        "aws_access_key_id": key["AccessKeyId"],
        "aws_secret_access_key": key["SecretAccessKey"],
    }


def managed(aws: LocalAws, name: str, *statements: dict[str, Any]) -> str:
    document = json.dumps(people.policy(*statements))
    made = client(aws, "iam").create_policy(PolicyName=name, PolicyDocument=document)
    return str(made["Policy"]["Arn"])


def test_a_boundary_bounds(aws: LocalAws) -> None:
    keys = new_user(aws, "bounded", people.ALL)
    only_s3 = managed(aws, "only-s3", {"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
    client(aws, "iam").put_user_permissions_boundary(
        UserName="bounded", PermissionsBoundary=only_s3
    )
    client(aws, "s3", **keys).list_buckets()
    message = denial(client(aws, "iam", **keys).list_users)
    assert message.endswith("because no permissions boundary allows the iam:ListUsers action")


def test_groups_give_and_take(aws: LocalAws) -> None:
    keys, iam = new_user(aws, "member"), client(aws, "iam")
    enforcement = managed(aws, "enforcement", people.ENFORCEMENT)
    iam.create_group(GroupName="staff")
    statement = people.policy({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
    iam.put_group_policy(GroupName="staff", PolicyName="s3", PolicyDocument=json.dumps(statement))
    member = client(aws, "s3", **keys)
    assert "no identity-based policy allows" in denial(member.list_buckets)
    iam.add_user_to_group(GroupName="staff", UserName="member")
    member.list_buckets()
    iam.attach_group_policy(GroupName="staff", PolicyArn=enforcement)
    assert "explicit deny in an identity-based policy" in denial(member.list_buckets)
    entry = aws.log.last()
    assert entry is not None
    assert entry.decision is not None
    assert entry.decision.because[0].policy == enforcement
    iam.remove_user_from_group(GroupName="staff", UserName="member")
    assert "no identity-based policy allows" in denial(member.list_buckets)


def test_the_default_version_is_the_one_that_counts(aws: LocalAws) -> None:
    keys, iam = new_user(aws, "versioned"), client(aws, "iam")
    arn = managed(aws, "versions", {"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
    iam.attach_user_policy(UserName="versioned", PolicyArn=arn)
    s3 = client(aws, "s3", **keys)
    s3.list_buckets()
    nothing = people.policy({"Effect": "Deny", "Action": "s3:*", "Resource": "*"})
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(nothing), SetAsDefault=True)
    assert "explicit deny" in denial(s3.list_buckets)
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
    s3.list_buckets()
    # once more: moto loses its own mark of the default version here
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
    s3.list_buckets()


def assume(aws: LocalAws, keys: dict[str, str], role: str, **more: Any) -> dict[str, str]:
    sts = client(aws, "sts", **keys)
    answer = sts.assume_role(RoleArn=f"{ROLE}/{role}", RoleSessionName="shift", **more)
    return session(answer)


def new_role(aws: LocalAws, name: str, principal: str, *statements: dict[str, Any]) -> None:
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": principal}}
    iam = client(aws, "iam")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(people.policy(trust)))
    if statements:
        document = json.dumps(people.policy(*statements))
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document)


def test_a_session_policy_bounds_the_session(aws: LocalAws) -> None:
    keys = new_user(aws, "chooser", people.ALL)
    new_role(aws, "wide", f"arn:aws:iam::{people.ACCOUNT}:root", people.ALL)
    narrow = people.policy({"Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*"})
    wide = assume(aws, keys, "wide")
    bounded = assume(aws, keys, "wide", Policy=json.dumps(narrow))
    client(aws, "s3", **wide).list_buckets()
    client(aws, "iam", **bounded).list_users()
    message = denial(client(aws, "s3", **bounded).list_buckets)
    assert message == (
        f"User: arn:aws:sts::{people.ACCOUNT}:assumed-role/wide/shift is not authorized to perform:"
        " s3:ListAllMyBuckets on resource: * because no session policy allows the "
        "s3:ListAllMyBuckets action"
    )


READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


@pytest.mark.parametrize("whose", ["AWS's own", "the account's"])
def test_a_managed_policy_bounds_the_session_too(aws: LocalAws, whose: str) -> None:
    """Of the account's own policy the version in force counts, though it was set twice."""
    iam, arn, role = client(aws, "iam"), READ_ONLY, "bounded-by-aws"
    if whose == "the account's":
        role = "bounded-by-own"
        arn = managed(aws, "session", people.ALL)
        narrow = people.policy({"Effect": "Allow", "Action": "iam:List*", "Resource": "*"})
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(narrow))
        for _ in range(2):
            iam.set_default_policy_version(PolicyArn=arn, VersionId="v2")
    keys = new_user(aws, f"chooser-of-{role}", people.ALL)
    new_role(aws, role, f"arn:aws:iam::{people.ACCOUNT}:root", people.ALL)
    bounded = assume(aws, keys, role, PolicyArns=[{"arn": arn}])
    client(aws, "iam", **bounded).list_users()
    message = denial(client(aws, "iam", **bounded).create_user, UserName="never")
    assert message.endswith("because no session policy allows the iam:CreateUser action")


@pytest.mark.parametrize(
    ("arns", "code"),
    [([READ_ONLY] * 11, "PackedPolicyTooLarge"), ([f"{READ_ONLY}Not"], "NoSuchEntity")],
    ids=["eleven", "one that is not there"],
)
def test_session_policies_that_cannot_be_had(aws: LocalAws, arns: list[str], code: str) -> None:
    name = f"without-{code}"
    new_role(aws, name, f"arn:aws:iam::{people.ACCOUNT}:root", people.ALL)
    asked = {"RoleArn": f"{ROLE}/{name}", "RoleSessionName": "shift"}
    with pytest.raises(ClientError, match=code):
        client(aws, "sts").assume_role(**asked, PolicyArns=[{"arn": arn} for arn in arns])


def test_a_role_made_with_a_boundary_is_bounded(aws: LocalAws) -> None:
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": f"{USER}/admin"}}
    iam = client(aws, "iam")
    made = {"RoleName": "fenced", "AssumeRolePolicyDocument": json.dumps(people.policy(trust))}
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam.create_role(**made, PermissionsBoundary=f"{READ_ONLY}Not")
    iam.create_role(**made, PermissionsBoundary=READ_ONLY)
    document = json.dumps(people.policy(people.ALL))
    iam.put_role_policy(RoleName="fenced", PolicyName="own", PolicyDocument=document)
    asked = {"RoleArn": f"{ROLE}/fenced", "RoleSessionName": "shift"}
    fenced = session(client(aws, "sts").assume_role(**asked))
    client(aws, "iam", **fenced).list_users()
    message = denial(client(aws, "iam", **fenced).create_user, UserName="never")
    assert message.endswith("because no permissions boundary allows the iam:CreateUser action")


def test_another_trust_policy_counts_at_once(aws: LocalAws) -> None:
    new_role(aws, "handed-on", f"{USER}/admin")
    asked = {"RoleArn": f"{ROLE}/handed-on", "RoleSessionName": "shift"}
    sts = client(aws, "sts")
    sts.assume_role(**asked)
    other = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": f"{USER}/reader"}}
    client(aws, "iam").update_assume_role_policy(
        RoleName="handed-on", PolicyDocument=json.dumps(people.policy(other))
    )
    assert "because no role trust policy allows" in denial(sts.assume_role, **asked)
    client(aws, "sts", "reader").assume_role(**asked)


# --- what cannot be decided


def test_a_boundary_that_is_gone_allows_nothing(aws: LocalAws) -> None:
    """IAM refuses to delete it; the state of moto can still lack it."""
    keys = new_user(aws, "unfenced", people.ALL)
    arn = managed(aws, "fence", people.ALL)
    client(aws, "iam").put_user_permissions_boundary(UserName="unfenced", PermissionsBoundary=arn)
    client(aws, "s3", **keys).list_buckets()
    del iam_backends[people.ACCOUNT]["aws"].managed_policies[arn]
    message = denial(client(aws, "s3", **keys).list_buckets)
    assert "because no permissions boundary allows" in message


def test_a_policy_that_cannot_be_read_refuses_and_says_so(aws: LocalAws) -> None:
    keys = new_user(aws, "unreadable", people.ALL)
    iam = iam_backends[people.ACCOUNT]["aws"]
    iam.users["unreadable"].policies["broken"] = '{"Statement": 3}'
    assert "the local AWS cannot decide" in denial(client(aws, "s3", **keys).list_buckets)
    entry = aws.log.last("s3:ListAllMyBuckets")
    assert entry is not None
    assert (entry.allowed, entry.decision) == (False, None)
    assert entry.note
    new_role(aws, "open", f"{USER}/admin")
    role = next(role for role in iam.roles.values() if role.name == "open")
    role.assume_role_policy_document = "{"
    asked = {"RoleArn": f"{ROLE}/open", "RoleSessionName": "shift"}
    assert "the local AWS cannot decide" in denial(client(aws, "sts").assume_role, **asked)


def test_who_is_named_by_a_trust_policy_needs_no_allow_and_others_do(aws: LocalAws) -> None:
    named, other = new_user(aws, "named"), new_user(aws, "other")
    new_role(aws, "personal", f"{USER}/named")
    new_role(aws, "shared", f"arn:aws:iam::{people.ACCOUNT}:root")
    assume(aws, named, "personal")
    sts = client(aws, "sts", **other)
    for role, kind in (("personal", "role trust policy"), ("shared", "identity-based policy")):
        message = denial(sts.assume_role, RoleArn=f"{ROLE}/{role}", RoleSessionName="shift")
        assert f"because no {kind} allows the sts:AssumeRole action" in message


def test_a_role_that_is_not_there_is_like_one_that_trusts_others(aws: LocalAws) -> None:
    keys = new_user(aws, "seeker", people.ALL)
    sts = client(aws, "sts", **keys)
    asked = {"RoleArn": f"{ROLE}/never-made", "RoleSessionName": "shift"}
    message = denial(sts.assume_role, **asked)
    assert "because no role trust policy allows the sts:AssumeRole action" in message
    deny = {"Effect": "Deny", "Action": "sts:*", "Resource": "*"}
    client(aws, "iam").put_user_policy(
        UserName="seeker", PolicyName="never", PolicyDocument=json.dumps(people.policy(deny))
    )
    assert "with an explicit deny in an identity-based policy" in denial(sts.assume_role, **asked)


def test_tags_of_a_session_need_their_own_permission(aws: LocalAws) -> None:
    keys = new_user(aws, "tagger", {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"})
    new_role(aws, "tagged", f"arn:aws:iam::{people.ACCOUNT}:root")
    assume(aws, keys, "tagged")
    message = denial(
        client(aws, "sts", **keys).assume_role,
        RoleArn=f"{ROLE}/tagged",
        RoleSessionName="shift",
        Tags=[{"Key": "team", "Value": "a"}],
    )
    assert "sts:TagSession" in message


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"SourceIdentity": "a b"}, "Value 'a b' at 'sourceIdentity' failed to satisfy constraint"),
        ({"ExternalId": "a b"}, "Value at 'externalId' failed to satisfy constraint"),
    ],
)
def test_what_a_session_is_marked_with_has_the_characters_that_aws_takes(
    aws: LocalAws, given: dict[str, str], message: str
) -> None:
    name = f"marked-{next(iter(given))}"
    trust = {
        "Effect": "Allow",
        "Action": ["sts:AssumeRole", "sts:SetSourceIdentity"],
        "Principal": {"AWS": f"arn:aws:iam::{people.ACCOUNT}:root"},
    }
    document = json.dumps(people.policy(trust))
    client(aws, "iam").create_role(RoleName=name, AssumeRolePolicyDocument=document)
    asked = {"RoleArn": f"{ROLE}/{name}", "RoleSessionName": "shift", **given}
    with pytest.raises(ClientError, match=message):
        client(aws, "sts").assume_role(**asked)


def test_another_accounts_role_is_refused_and_the_reason_named(aws: LocalAws) -> None:
    message = denial(
        client(aws, "sts").assume_role,
        RoleArn="arn:aws:iam::999999999999:role/Ops",
        RoleSessionName="shift",
    )
    assert "sts:AssumeRole" in message or "cannot decide" in message


def test_what_is_no_arn_is_for_the_service_to_refuse(aws: LocalAws) -> None:
    no_arn = "not-an-arn-at-all-not-an-arn"
    with pytest.raises(ClientError, match="ValidationError"):
        client(aws, "sts").assume_role(RoleArn=no_arn, RoleSessionName="shift")
    with pytest.raises(ClientError) as caught:
        client(aws, "iam").get_policy(PolicyArn=no_arn)
    assert caught.value.response["Error"]["Code"] not in {"AccessDenied", "InternalFailure"}
    denial(client(aws, "iam", "nobody").get_policy, PolicyArn=no_arn)


@pytest.mark.parametrize(
    ("resource", "denied"),
    [
        ("arn:aws:s3:::docs", False),
        ("arn:aws:rds:*:*:*", False),
        ("arn:aws:REDSHIFT:*:*:cluster:x", True),
        ("arn:aws:red*:*:*:cluster:x", True),
        ("arn:aws:redshif?:*:*:cluster:x", True),
        ("*", True),
    ],
)
def test_a_deny_counts_if_it_may_be_of_the_service(
    aws: LocalAws, resource: str, denied: bool
) -> None:
    """Which cluster a call is about is not known to the local AWS."""
    name = "".join(char if char.isalnum() else "-" for char in resource)
    allow = {"Effect": "Allow", "Action": "redshift:*", "Resource": "*"}
    deny = {"Effect": "Deny", "Action": "redshift:*", "Resource": resource}
    redshift = client(aws, "redshift", **new_user(aws, f"on{name}", allow, deny))
    with pytest.raises(ClientError) as caught:
        redshift.delete_cluster(ClusterIdentifier="mine")
    code = caught.value.response["Error"]["Code"]
    assert code == ("AccessDenied" if denied else "ClusterNotFound")


def test_tags_decide_where_a_policy_asks_for_them(aws: LocalAws) -> None:
    same_team = {
        "Effect": "Allow",
        "Action": "iam:GetUser",
        "Resource": "*",
        "Condition": {"StringEquals": {"iam:ResourceTag/team": "${aws:PrincipalTag/team}"}},
    }
    keys, iam = new_user(aws, "peer", same_team), client(aws, "iam")
    iam.create_user(UserName="colleague", Tags=[{"Key": "team", "Value": "blue"}])
    peer = client(aws, "iam", **keys)
    assert "iam:GetUser" in denial(peer.get_user, UserName="colleague")
    iam.tag_user(UserName="peer", Tags=[{"Key": "Team", "Value": "blue"}])
    peer.get_user(UserName="colleague")
    assert "iam:GetUser" in denial(peer.get_user, UserName="admin")


@pytest.mark.parametrize("team", ["blue", "red", ""])
def test_tags_of_a_new_thing_decide(aws: LocalAws, team: str) -> None:
    """SQS takes tags as one mapping, where IAM takes a list."""
    blue = {
        "Effect": "Allow",
        "Action": ["sqs:CreateQueue", "sqs:TagQueue"],
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:RequestTag/team": "blue"}},
    }
    sqs = client(aws, "sqs", **new_user(aws, f"queues-{team}", blue))
    asked: dict[str, Any] = {"QueueName": f"q{team}"} | ({"tags": {"team": team}} if team else {})
    if team == "blue":
        sqs.create_queue(**asked)
        return
    with pytest.raises(ClientError, match="AccessDenied"):
        sqs.create_queue(**asked)


def test_which_policy_may_be_attached_can_be_limited(aws: LocalAws) -> None:
    only_read_only = {
        "Effect": "Allow",
        "Action": "iam:AttachUserPolicy",
        "Resource": "*",
        "Condition": {"ArnEquals": {"iam:PolicyARN": READ_ONLY}},
    }
    keys = new_user(aws, "attacher", only_read_only)
    iam = client(aws, "iam", **keys)
    iam.attach_user_policy(UserName="nobody", PolicyArn=READ_ONLY)
    power = "arn:aws:iam::aws:policy/AdministratorAccess"
    assert "iam:AttachUserPolicy" in denial(
        iam.attach_user_policy, UserName="nobody", PolicyArn=power
    )
    client(aws, "iam").detach_user_policy(UserName="nobody", PolicyArn=READ_ONLY)


def test_renaming_a_user_asks_for_the_old_and_the_new_name(aws: LocalAws) -> None:
    statement = {"Effect": "Allow", "Action": "iam:UpdateUser", "Resource": f"{USER}/old-name"}
    keys = new_user(aws, "renamer", statement)
    client(aws, "iam").create_user(UserName="old-name")
    message = denial(
        client(aws, "iam", **keys).update_user,
        UserName="old-name",
        NewUserName="new-name",
        NewPath="/x/",
    )
    assert f"on resource: {USER}/x/new-name " in message


# --- assumptions


def test_the_callers_own_policies_see_the_code_or_do_not() -> None:
    """The account's `enforced` has a Deny without MFA; the role `Ops` wants MFA."""
    asked = {"RoleArn": f"{ROLE}/Ops", "RoleSessionName": "shift"}
    serial = f"arn:aws:iam::{people.ACCOUNT}:mfa/enforced"
    for sees in (True, False):
        with LocalAws(people.account(), signin=SigninAssumptions(assume_role_sees_mfa=sees)) as aws:
            sts = client(aws, "sts", "enforced")
            with_code = {**asked, "SerialNumber": serial, "TokenCode": people.fresh_code(aws)}
            if sees:
                sts.assume_role(**with_code)
                continue
            assert "explicit deny in an identity-based" in denial(sts.assume_role, **with_code)
            # by way of GetSessionToken it works, whichever is true
            got = sts.get_session_token(SerialNumber=serial, TokenCode=people.fresh_code(aws))
            client(aws, "sts", **session(got)).assume_role(**asked)
            unenforced = {
                **asked,
                "SerialNumber": serial.replace("enforced", "admin"),
                "TokenCode": people.fresh_code(aws),
            }
            client(aws, "sts", "admin").assume_role(**unenforced)


@pytest.mark.parametrize("gone", [False, True], ids=["inactive", "deleted"])
def test_a_session_outlives_its_key_or_does_not(gone: bool) -> None:
    for ends in (False, True):
        with LocalAws(
            people.account(), signin=SigninAssumptions(key_death_ends_sessions=ends)
        ) as aws:
            given_ = session(client(aws, "sts", "reader").get_session_token())
            client(aws, "sts", **given_).get_caller_identity()
            key = {"UserName": "reader", "AccessKeyId": people.key_id("reader")}
            if gone:
                client(aws, "iam").delete_access_key(**key)
            else:
                client(aws, "iam").update_access_key(**key, Status="Inactive")
            if ends:
                with pytest.raises(ClientError, match="InvalidClientTokenId"):
                    client(aws, "sts", **given_).get_caller_identity()
            else:
                client(aws, "sts", **given_).get_caller_identity()


def test_the_age_of_mfa_goes_by_the_moved_clock() -> None:
    young = {
        "Effect": "Allow",
        "Action": "s3:*",
        "Resource": "*",
        "Condition": {"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}},
    }
    with LocalAws(people.account()) as aws:
        client(aws, "iam").put_user_policy(
            UserName="enforced", PolicyName="own", PolicyDocument=json.dumps(people.policy(young))
        )
        serial = f"arn:aws:iam::{people.ACCOUNT}:mfa/enforced"
        got = client(aws, "sts", "enforced").get_session_token(
            SerialNumber=serial, TokenCode=people.fresh_code(aws)
        )
        s3 = client(aws, "s3", **session(got))
        s3.list_buckets()
        aws.clock.advance(timedelta(hours=2))
        assert "no identity-based policy allows" in denial(s3.list_buckets)


# --- law: what is decided of an unknown resource holds for every resource it could be

ARNS = st.sampled_from([f"arn:aws:rds:us-east-1:{people.ACCOUNT}:db:{n}" for n in ("a", "b", "ab")])
PATTERNS = st.sampled_from(
    [
        "*",
        "arn:aws:rds:*:*:db:a*",
        f"arn:aws:rds:us-east-1:{people.ACCOUNT}:db:b",
        "arn:aws:*:*:*:*",
        "arn:aws:r?s:*:*:*",
        "arn:*",
        "arn:aws:s3:::bucket",
        "arn:aws:RDS:*:*:*",
    ]
)
STATEMENTS = st.fixed_dictionaries({"Effect": st.sampled_from(["Allow", "Deny"])}).flatmap(
    lambda base: st.tuples(
        st.sampled_from(["Resource", "NotResource"]),
        st.lists(PATTERNS, min_size=1, max_size=2),
        st.sampled_from(["rds:*", "s3:*", "*"]),
    ).map(lambda drawn: {**base, "Action": drawn[2], drawn[0]: drawn[1]})
)
DOCUMENTS = st.lists(STATEMENTS, min_size=1, max_size=3).map(
    lambda statements: policy.from_json(people.policy(*statements), source="drawn")
)
GROUPS = st.lists(DOCUMENTS, max_size=2).map(
    lambda documents: tuple(AttachedPolicy("drawn", document) for document in documents)
)


@given(GROUPS, st.none() | GROUPS, st.none() | GROUPS, ARNS)
def test_ignorance_never_opens_a_door(
    identity: tuple[AttachedPolicy, ...],
    boundaries: tuple[AttachedPolicy, ...] | None,
    sessions: tuple[AttachedPolicy, ...] | None,
    arn: str,
) -> None:
    policies = Policies(identity, boundaries, sessions)
    asked = Request(f"arn:aws:sts::{people.ACCOUNT}:assumed-role/r/s", "rds:DeleteDBInstance", arn)
    unknown = decide(replace(asked, resource="*"), worst_case_policies(policies, "rds:Any"))
    if unknown.effect is DecisionEffect.ALLOWED:
        assert decide(asked, policies).effect is DecisionEffect.ALLOWED


def test_what_is_on_every_resource_passes_on_an_unknown_one() -> None:
    """The law above would hold of an authorizer that refuses everything."""
    every = AttachedPolicy("every", policy.from_json(people.policy(people.ALL), source="every"))
    asked = Request(f"{USER}/x", "rds:DeleteDBInstance", "*")
    bounded = Policies((every,), boundaries=(every,))
    decision = decide(asked, worst_case_policies(bounded, "rds:Any"))
    assert decision.effect is DecisionEffect.ALLOWED


def test_what_only_aws_changes_is_refused_in_the_end(aws: LocalAws) -> None:
    iam = client(aws, "iam")
    role = iam.create_service_linked_role(AWSServiceName="autoscaling.amazonaws.com")["Role"]
    managed_by_aws = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    admin = client(aws, "iam", **new_user(aws, "admin-of-all", people.ALL))
    with pytest.raises(ClientError) as caught:
        admin.delete_role(RoleName=role["RoleName"])
    assert caught.value.response["Error"]["Code"] == "UnmodifiableEntity"
    assert "is only modifiable by AWS" in str(caught.value)
    assert aws.world.log.entries()[-1].allowed is False
    assert "outside your own account" in denial(admin.delete_policy, PolicyArn=managed_by_aws)
    # whom no policy allows it learns no more than that
    nobody = client(aws, "iam", **new_user(aws, "nobody-at-all"))
    for call, params in [
        (nobody.delete_role, {"RoleName": role["RoleName"]}),
        (nobody.delete_policy, {"PolicyArn": managed_by_aws}),
    ]:
        assert "because no identity-based policy allows" in denial(call, **params)
    iam.update_role_description(RoleName=role["RoleName"], Description="ours")


_NOT_SERVED = [
    ("upload_server_certificate", "server-certificate/web"),
    ("delete_server_certificate", "server-certificate/web"),
    ("create_open_id_connect_provider", "oidc-provider/login.example.com"),
    ("get_open_id_connect_provider", "oidc-provider/login.example.com"),
    ("create_saml_provider", "saml-provider/idp"),
    ("delete_saml_provider", "saml-provider/idp"),
]


@pytest.mark.parametrize(("operation", "resource"), _NOT_SERVED)
def test_the_policies_are_asked_before_an_operation_is_not_served(
    aws: LocalAws, operation: str, resource: str
) -> None:
    arn = f"arn:aws:iam::{people.ACCOUNT}:{resource}"
    params = {
        "upload": {
            "ServerCertificateName": "web",
            "CertificateBody": "certificate",
            "PrivateKey": "private key",
        },
        "delete_server": {"ServerCertificateName": "web"},
        "create_open": {"Url": "https://login.example.com"},
        "get_open": {"OpenIDConnectProviderArn": arn},
        "create_saml": {"Name": "idp", "SAMLMetadataDocument": "x" * 1000},
        "delete_saml": {"SAMLProviderArn": arn},
    }
    given = next(each for start, each in params.items() if operation.startswith(start))
    only_it = {"Effect": "Allow", "Action": "iam:*", "Resource": arn}
    with pytest.raises(ClientError, match=r"NotImplemented.*the policies allow it"):
        getattr(people.caller(aws, "iam", only_it), operation)(**given)
    other = {"Effect": "Allow", "Action": "iam:*", "Resource": f"{arn}2"}
    denial(getattr(people.caller(aws, "iam", other), operation), **given)
    denial(getattr(people.caller(aws, "iam", people.ALL, people.ENFORCEMENT), operation), **given)
