"""Law: the endpoint over the wire answers as the engine does on the same requests.

The expected answers are not made by the authorizer's own modules: each case says which action on
which
resource the call is, the credential says its context (`signin`), and the engine decides on the
policies that the account was loaded with.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

import localaws_people as people
from administered import session_keys
from cli_login import CliLogin
from sekisho import policy
from sekisho.engine import AttachedPolicy, Context, DecisionEffect, Policies, Request, decide
from sekisho.localaws import ConsoleClient, LocalAws
from sekisho.signin import (
    Credential,
    CredentialKind,
    Holder,
    HolderKind,
    SigninAssumptions,
    context_of,
    login_session,
    sign_in_arn,
)

USER = f"arn:aws:iam::{people.ACCOUNT}:user"


@dataclass(frozen=True)
class Case:
    service: str
    call: Callable[[Any], object]
    action: str
    resource: str


def user_case(name: str, arn: str) -> Case:
    return Case("iam", lambda c: c.get_user(UserName=name), "iam:GetUser", arn)


CASES = {
    "list-users": Case("iam", lambda c: c.list_users(), "iam:ListUsers", "*"),
    "own-user": Case(
        "iam", lambda c: c.get_user(UserName="reader"), "iam:GetUser", f"{USER}/reader"
    ),
    "other-user": Case(
        "iam", lambda c: c.get_user(UserName="admin"), "iam:GetUser", f"{USER}/admin"
    ),
    "path-user": Case(
        "iam", lambda c: c.get_user(UserName="path"), "iam:GetUser", f"{USER}/dev/path"
    ),
    "devices": Case(
        "iam",
        lambda c: c.list_mfa_devices(UserName="enforced"),
        "iam:ListMFADevices",
        f"{USER}/enforced",
    ),
    "buckets": Case("s3", lambda c: c.list_buckets(), "s3:ListAllMyBuckets", "*"),
    "bucket": Case(
        "s3", lambda c: c.list_objects_v2(Bucket="docs"), "s3:ListBucket", "arn:aws:s3:::docs"
    ),
    "open": Case(
        "s3",
        lambda c: c.get_object(Bucket="docs", Key="open/a"),
        "s3:GetObject",
        "arn:aws:s3:::docs/open/a",
    ),
    "shut": Case(
        "s3",
        lambda c: c.get_object(Bucket="docs", Key="shut/a"),
        "s3:GetObject",
        "arn:aws:s3:::docs/shut/a",
    ),
    "instances": Case("ec2", lambda c: c.describe_instances(), "ec2:DescribeInstances", "*"),
    "tables": Case("dynamodb", lambda c: c.list_tables(), "dynamodb:ListTables", "*"),
}
WHO = ("admin", "enforced", "reader", "nobody")
HELD = [
    (who, state)
    for who in WHO
    for state in ("key", "session", "session with MFA", "login", "login with MFA", "federated")
    if who
    in {
        "session with MFA": {"admin", "enforced"},
        # whom policies let in: without MFA nobody who is enforced
        "login": {"admin"},
        "login with MFA": {"admin", "enforced"},
        "federated": {"admin", "reader"},
    }.get(state, WHO)
]
GUEST = people.policy(
    {"Effect": "Allow", "Action": "*", "Resource": "*"},
    {"Effect": "Deny", "Action": "s3:ListAllMyBuckets", "Resource": "*"},
)
"""The session policy of the federated users."""
DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(people.account()) as running:
        s3 = people.client(running, "s3")
        s3.create_bucket(Bucket="docs")
        for key in ("open/a", "shut/a"):
            s3.put_object(Bucket="docs", Key=key, Body=b"x")
        yield running


@pytest.fixture(scope="module")
def held(aws: LocalAws) -> dict[tuple[str, str], dict[str, str]]:
    found: dict[tuple[str, str], dict[str, str]] = {}
    for who in WHO:
        sts = people.client(aws, "sts", who)
        found[who, "key"] = {}
        found[who, "session"] = people.session(sts.get_session_token())
        if (who, "federated") in HELD:
            answer = sts.get_federation_token(Name="guest", Policy=json.dumps(GUEST))
            found[who, "federated"] = people.session(answer)
        if who in {"admin", "enforced"}:
            serial = f"arn:aws:iam::{people.ACCOUNT}:mfa/{who}"
            code = people.fresh_code(aws)
            answer = sts.get_session_token(SerialNumber=serial, TokenCode=code)
            found[who, "session with MFA"] = people.session(answer)
            people.client(aws, "iam").create_login_profile(UserName=who, Password=PASSWORD)
            found[who, "login with MFA"] = logged_in(aws, who, mfa=True)
    found["admin", "login"] = logged_in(aws, "admin", mfa=False)
    return found


PASSWORD = "Kadomatsu-7-lantern"


def logged_in(aws: LocalAws, who: str, *, mfa: bool) -> dict[str, str]:
    """What the AWS CLI gets by `aws login` from a console session."""
    keys, cli = session_keys(aws, who, mfa=mfa), CliLogin(aws.url)
    code = cli.code_in(ConsoleClient(aws.url, people.ACCOUNT).let_in(keys, cli.query()))
    given = cli.exchange(code).body["accessToken"]
    return {
        "aws_access_key_id": given["accessKeyId"],
        "aws_secret_access_key": given["secretAccessKey"],
        "aws_session_token": given["sessionToken"],
    }


def expected(aws: LocalAws, who: str, state: str, case: Case) -> bool:
    """Ask the engine, with what `signin` says of such a credential."""
    now = aws.clock.now()
    path, statements = people.PEOPLE[who]
    holder = Holder(HolderKind.USER, "aws", people.ACCOUNT, who, path, "AIDA")
    guest = Holder(HolderKind.FEDERATED, "aws", people.ACCOUNT, "guest")
    console = Credential(CredentialKind.CONSOLE_SESSION, holder, now)
    arn = sign_in_arn(console, "us-east-1", "0a1b")
    credential = {
        "login": login_session(console, arn, now),
        "login with MFA": login_session(replace(console, mfa_at=now), arn, now),
        "key": Credential(CredentialKind.LONG_TERM_KEY, holder),
        "session": Credential(CredentialKind.SESSION_TOKEN, holder, now, now + timedelta(hours=1)),
        "session with MFA": Credential(
            CredentialKind.SESSION_TOKEN, holder, now, now + timedelta(hours=1), now
        ),
        "federated": Credential(
            CredentialKind.FEDERATED_SESSION, guest, now, now + timedelta(hours=1), made_by=holder
        ),
    }[state]
    if state in {"session", "federated"} and case.service == "iam":
        return False
    documents = [policy.from_json(people.policy(*statements), source="own")] if statements else []
    identity = tuple(AttachedPolicy("own", document) for document in documents)
    context = Context(dict(context_of(credential, now, SigninAssumptions())))
    maker = holder.arn if credential.made_by else None
    request = Request(credential.arn, case.action, case.resource, context, federated_by=maker)
    session = (AttachedPolicy("guest", policy.from_json(GUEST)),) if credential.made_by else None
    policies = Policies(identity, session=session)
    return decide(request, policies).effect is DecisionEffect.ALLOWED


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
@pytest.mark.parametrize(("who", "state"), HELD)
def test_the_wire_answers_as_the_engine(
    aws: LocalAws, held: dict[tuple[str, str], dict[str, str]], who: str, state: str, case: Case
) -> None:
    api = people.client(aws, case.service, who, **held[who, state])
    assert passed(lambda: case.call(api)) is expected(aws, who, state, case)


def passed(call: Callable[[], object]) -> bool:
    try:
        call()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in DENIED | {"InvalidClientTokenId"}:
            return False
        raise
    return True


def test_the_cases_tell_allow_from_deny(aws: LocalAws) -> None:
    """The law would be empty if all of it were allowed, or all denied."""
    answers = [expected(aws, who, state, case) for who, state in HELD for case in CASES.values()]
    assert answers.count(True) > 20
    assert answers.count(False) > 20
