"""Which keys a request can have, what an action is about, and what contradicts a principal.

Reads `answer.resource` itself: what of a resource is only noted changes no answer of the face.
"""

import json
import re
from datetime import UTC, datetime
from importlib.resources import files

import pytest

from sekisho.answer import (
    Impossibility,
    ImpossibleRequest,
    Presence,
    RequestKind,
    ResourceNote,
    answer_request,
    presence_of,
)
from sekisho.answer.resource import CheckedResource, checked_resource
from sekisho.catalogue import global_keys, load
from sekisho.engine import Context, Policies, Request
from sekisho.engine.matching import CallerKind
from sekisho.errors import FaultyRequest

NOW = datetime(2026, 11, 27, 9, tzinfo=UTC)
ALICE = "arn:aws:iam::111122223333:user/alice"
ROLE = "arn:aws:sts::111122223333:assumed-role/Dev/s"
KEYS = json.loads((files("sekisho.audit.lint") / "data" / "global-keys.json").read_text("utf-8"))


def test_the_table_has_every_global_key() -> None:
    """Those that lint knows, and none of AWS's beside them."""
    listed = {*KEYS["single"], *KEYS["multi"], *KEYS["tagged"], *KEYS["crossService"]}
    found = {one.name for one in global_keys().values()}
    assert found - {"kms:ViaService"} == listed


def kind(caller: CallerKind, action: str = "s3:GetObject", **more: bool) -> RequestKind:
    facts = {"is_service": False, "via_service": False, **more}
    return RequestKind(caller, action=load().action(action), **facts)


@pytest.mark.parametrize(
    ("key", "of", "presence"),
    [
        ("AWS:currenttime", kind(CallerKind.USER), Presence.ALWAYS),
        ("aws:username", kind(CallerKind.USER), Presence.ALWAYS),
        ("aws:username", kind(CallerKind.ROLE_SESSION), Presence.NEVER),
        ("aws:MultiFactorAuthPresent", kind(CallerKind.ROOT), Presence.CREDENTIAL),
        ("aws:MultiFactorAuthPresent", kind(CallerKind.FEDERATED_USER), Presence.NEVER),
        ("aws:MultiFactorAuthAge", kind(CallerKind.ROLE_SESSION), Presence.NEVER),
        ("aws:SourceArn", kind(CallerKind.USER), Presence.NEVER),
        ("aws:SourceArn", kind(CallerKind.OUTSIDER, is_service=True), Presence.SOMETIMES),
        ("aws:CalledVia", kind(CallerKind.USER), Presence.NEVER),
        ("aws:CalledVia", kind(CallerKind.USER, via_service=True), Presence.SOMETIMES),
        ("kms:ViaService", kind(CallerKind.USER, "kms:Decrypt"), Presence.NEVER),
        ("aws:PrincipalTag/Team", kind(CallerKind.USER), Presence.SOMETIMES),
        ("aws:PrincipalTag/Team", kind(CallerKind.ROOT), Presence.NEVER),
        ("aws:RequestTag/Team", kind(CallerKind.USER), Presence.NEVER),
        ("aws:RequestTag/Team", kind(CallerKind.USER, "iam:CreateUser"), Presence.SOMETIMES),
        ("aws:RequestTag/Team", kind(CallerKind.USER, "iam:Nothing"), Presence.SOMETIMES),
        ("aws:TagKeys", kind(CallerKind.USER, "iam:TagUser"), Presence.SOMETIMES),
        ("iam:ResourceTag/Team", kind(CallerKind.USER, "iam:GetUser"), Presence.SOMETIMES),
        ("s3:ExistingObjectTag/a", kind(CallerKind.USER), Presence.SOMETIMES),
        ("s3:ExistingObjectTag/a", kind(CallerKind.USER, "s3:ListBucket"), Presence.NEVER),
        ("s3:ExistingObjectTag/a", kind(CallerKind.USER, "s3:Nothing"), Presence.SOMETIMES),
        ("aws:Username", kind(CallerKind.USER), Presence.ALWAYS),
        ("aws:MultiFactorAuthPresen", kind(CallerKind.USER), Presence.UNKNOWN),
        ("aws:SourceIp", kind(CallerKind.USER), Presence.SOMETIMES),
        ("aws:SourceIp", kind(CallerKind.USER, endpoint=True), Presence.NEVER),
        ("aws:SourceVpce", kind(CallerKind.USER, endpoint=True), Presence.ALWAYS),
        ("aws:SourceVpce", kind(CallerKind.USER, endpoint=False), Presence.NEVER),
        ("token.example.com:sub", kind(CallerKind.OUTSIDER), Presence.UNKNOWN),
        ("aws:PrincipalArn", kind(CallerKind.OUTSIDER), Presence.NEVER),
    ],
)
def test_whether_a_request_has_a_key(key: str, of: RequestKind, presence: Presence) -> None:
    assert presence_of(key, of) is presence


def test_every_kind_of_resource_of_every_action_fits_it() -> None:
    """A sound ARN is never turned away: the templates of the catalogue tell what is one."""
    turned_away = []
    for service in load().services():
        for action in load().actions(service):
            for one in action.resource_types:
                arn = re.sub(r"\$\{[^}]*\}", "x", one.arn).replace("*", "x")
                found = checked_resource(action, arn)
                if isinstance(found, ImpossibleRequest):
                    turned_away.append((str(action), one.arn))
    assert turned_away == []


@pytest.mark.parametrize(
    ("action", "resource", "found"),
    [
        ("ec2:DescribeInstances", "*", CheckedResource("*")),
        ("s3:ListBucket", "arn:aws:s3:::b", CheckedResource("arn:aws:s3:::b")),
        ("s3:ListBucket", "arn:aws:s3:::b/k", Impossibility.OTHER_TYPE),
        ("s3:GetObject", "arn:aws-cn:s3:::b/k/", CheckedResource("arn:aws-cn:s3:::b/k/")),
        (
            "s3:GetObject",
            "arn:aws:s3:::b*/k",
            CheckedResource("arn:aws:s3:::b*/k", ResourceNote.WILDCARD),
        ),
        ("s3:ListBucket", "arn:aws:s3:::b*", Impossibility.WILDCARD),
        ("iam:AttachUserPolicy", "arn:aws:iam::aws:policy/X", Impossibility.OTHER_TYPE),
        ("iam:CreateUser", "*", Impossibility.NOT_NAMED),
        ("iam:GetUser", ALICE.replace("user/", "user/a/b/"), None),
        (
            "iam:ListServiceSpecificCredentials",
            "*",
            CheckedResource("*", ResourceNote.NOT_NAMED),
        ),
        ("sns:Publish", "*", CheckedResource("*", ResourceNote.NOT_NAMED)),
        ("cloudformation:DescribeStacks", "*", CheckedResource("*")),
        ("sqs:SendMessage", "arn:aws:iam::111122223333:user/alice", Impossibility.OTHER_TYPE),
        ("sqs:SendMessage", "arn:aws:nothing:::x", ResourceNote.NOT_IN_CATALOGUE),
    ],
)
def test_what_an_action_is_about(action: str, resource: str, found: object) -> None:
    about = checked_resource(load().action(action), resource)
    match found:
        case Impossibility():
            assert isinstance(about, ImpossibleRequest)
            assert about.reason is found
        case CheckedResource():
            assert about == found
        case _:
            assert about == CheckedResource(resource, found)


@pytest.mark.parametrize(
    ("principal", "key", "value", "says"),
    [
        (ALICE, "aws:username", "Alice", "`alice`"),
        (ALICE, "aws:PrincipalArn", "arn:aws:iam::111122223333:user/dev/alice", "user/alice"),
        (ALICE, "aws:PrincipalServiceName", "s3.amazonaws.com", "no request"),
        (ROLE, "aws:PrincipalArn", "arn:aws:iam::111122223333:role/a/Ops", "role/Dev"),
        (ROLE, "aws:userid", "AROAEXAMPLE:t", ":s"),
        (ROLE, "aws:MultiFactorAuthAge", "1", "no request"),
        ("arn:aws:iam::111122223333:root", "aws:userid", "AIDA", "`111122223333`"),
        ("arn:aws:iam::111122223333:root", "aws:username", "root", "no request"),
        ("arn:aws:sts::111122223333:federated-user/f", "aws:userid", "f", "`111122223333:f`"),
        ("arn:aws:sts::111122223333:federated-user/f", "aws:MultiFactorAuthPresent", "true", "no"),
    ],
)
def test_what_contradicts_the_principal_is_named(
    principal: str, key: str, value: str, says: str
) -> None:
    request = Request(principal, "s3:ListAllMyBuckets", "*", Context({key: value}))
    with pytest.raises(FaultyRequest) as caught:
        answer_request(request, Policies(), NOW)
    (fault,) = caught.value.faults
    assert fault.path == f"request.context.{key}"
    assert says in fault.message.en
    assert fault.fix


@pytest.mark.parametrize(
    ("principal", "key", "value"),
    [
        (ALICE, "AWS:USERNAME", "alice"),
        (ALICE, "aws:PrincipalIsAWSService", "False"),
        (ALICE, "aws:userid", "AIDAEXAMPLE"),
        (ROLE, "aws:PrincipalArn", "arn:aws:iam::111122223333:role/a/b/Dev"),
        (ROLE, "aws:userid", "AROAEXAMPLE:s"),
        (ROLE, "aws:MultiFactorAuthPresent", "true"),
    ],
)
def test_what_may_be_so_counts_as_given(principal: str, key: str, value: str) -> None:
    request = Request(principal, "s3:ListAllMyBuckets", "*", Context({key: value}))
    answer = answer_request(request, Policies(), NOW)
    assert answer.request.context[key] == value
