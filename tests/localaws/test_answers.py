"""Law: the authorizer lets those pass whose answer is `Allowed`, rules of services included.

Each is about one resource: what else a call needs is asked one by one.

Asked without the wire, so that requests come in that no client of ours sends.

Reads `localaws.decision` itself, because the law compares what it decides, before anything is sent,
with the answer of `answer`.
"""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

import localaws_people as people
from sekisho.answer import AnswerEffect, answer_part
from sekisho.engine import Request
from sekisho.localaws import LocalAws
from sekisho.localaws.decision.authorize import _authorize
from sekisho.localaws.decision.classify import ApiCall
from sekisho.localaws.decision.request_context import RequestContext, base_context
from sekisho.localaws.decision.resources import RequiredPermission
from sekisho.localaws.state.moto_iam import holder_of, policies_of
from sekisho.localaws.state.world import VerifiedCaller
from sekisho.localaws.wire.errors import Dialect, Refusal, WireProtocol
from sekisho.signin import Credential, CredentialKind, Holder, HolderKind

REGION = "us-east-1"
IAM = f"arn:aws:iam::{people.ACCOUNT}"
AWS = "arn:aws:iam::aws:policy/ReadOnlyAccess"
SSO = f"{IAM}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0a1b"
LINKED = f"{IAM}:role/aws-service-role/support.amazonaws.com/AWSServiceRoleForSupport"
ALIAS = f"arn:aws:kms:us-east-1:{people.ACCOUNT}:alias"
ASKED = [
    ("iam:ListUsers", "*"),
    ("iam:GetUser", f"{IAM}:user/admin"),
    ("iam:GetUser", f"{IAM}:user/reader"),
    ("iam:DeletePolicy", AWS),
    ("iam:GetPolicy", AWS),
    ("iam:CreatePolicyVersion", f"{IAM}:policy/own"),
    ("iam:PutRolePolicy", SSO),
    ("iam:TagRole", SSO),
    ("iam:DeleteRole", LINKED),
    ("iam:UpdateRoleDescription", LINKED),
    ("iam:ChangePassword", f"{IAM}:user/admin"),
    ("kms:DeleteAlias", f"{ALIAS}/aws/s3"),
    ("kms:DeleteAlias", f"{ALIAS}/own"),
    ("s3:GetObject", "arn:aws:s3:::docs/open/a"),
    ("s3:PutBucketPolicy", "arn:aws:s3:::docs"),
    ("sts:GetCallerIdentity", "*"),
    ("sts:GetSessionToken", "*"),
    ("sts:GetFederationToken", f"arn:aws:sts::{people.ACCOUNT}:federated-user/f"),
]


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(people.account()) as running:
        yield running


def credentials(aws: LocalAws, who: str) -> list[Credential]:
    """Return what somebody can sign with, whose kind an answer knows by the context."""
    now = aws.world.clock.now()
    if who == "root":
        holder: Holder | None = Holder(
            HolderKind.ROOT, "aws", people.ACCOUNT, unique_id=people.ACCOUNT
        )
    else:
        holder = holder_of(aws.world, who)
    assert holder is not None
    later = {"issued_at": now - timedelta(hours=1), "expires_at": now + timedelta(hours=1)}
    console = CredentialKind.CONSOLE_SESSION
    return [
        Credential(CredentialKind.LONG_TERM_KEY, holder),
        Credential(console, holder, **later),
        Credential(console, holder, **later, mfa_at=now - timedelta(minutes=5)),
    ]


def lets_pass(aws: LocalAws, caller: VerifiedCaller, action: str, resource: str) -> bool:
    service, _, operation = action.partition(":")
    call = ApiCall(service, REGION, operation, (action,), WireProtocol(Dialect.QUERY), {})
    extra = RequestContext(call, action, {"aws:RequestedRegion": REGION})
    try:
        _authorize(aws.world, caller, RequiredPermission(action, resource), extra)
    except Refusal:
        return False
    return True


@pytest.mark.parametrize("who", ["root", *people.PEOPLE])
def test_the_authorizer_lets_pass_what_is_allowed(aws: LocalAws, who: str) -> None:
    world = aws.world
    for credential in credentials(aws, who):
        caller = VerifiedCaller(credential, "AKIAEXAMPLE")
        policies = policies_of(world, credential.holder)
        for action, resource in ASKED:
            context = base_context(world, caller).with_({"aws:RequestedRegion": REGION})
            request = Request(credential.arn, action, resource, context)
            answer = answer_part(request, policies, world.clock.now())
            passed = lets_pass(aws, caller, action, resource)
            assert passed is (answer.effect is AnswerEffect.ALLOWED), (who, action, resource)


def test_policies_are_read_again_only_when_one_of_them_changes(aws: LocalAws) -> None:
    world, holder = aws.world, credentials(aws, "nobody")[0].holder
    before = policies_of(world, holder)
    assert policies_of(world, holder) is before
    people.client(aws, "iam").put_user_policy(
        UserName="nobody",
        PolicyName="new",
        PolicyDocument=json.dumps(people.policy(people.ENFORCEMENT)),
    )
    with_it = policies_of(world, holder)
    assert len(with_it.identity) == len(before.identity) + 1
    people.client(aws, "iam").delete_user_policy(UserName="nobody", PolicyName="new")
    assert policies_of(world, holder) is before


def test_the_law_is_not_empty(aws: LocalAws) -> None:
    found = {
        answer_part(
            Request(credential.arn, action, resource, base_context(aws.world, caller)),
            policies_of(aws.world, credential.holder),
            aws.world.clock.now(),
        ).effect
        for who in ("root", "admin", "enforced", "nobody")
        for credential in credentials(aws, who)
        for caller in [VerifiedCaller(credential, "AKIAEXAMPLE")]
        for action, resource in ASKED
    }
    assert found == set(AnswerEffect) - {AnswerEffect.UNKNOWN, AnswerEffect.IMPOSSIBLE}
