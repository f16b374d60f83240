"""Draws requests that were made, with the record that CloudTrail writes of each; and policies."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from hypothesis import strategies as st

from engine.drawn import one_of_each, some_of
from sekisho.engine import AttachedPolicy, Context, Level, Policies, Request
from sekisho.policy import Document, from_json
from sekisho.replay import Bound, NotBound, TrailCaller

ACCOUNT = "111122223333"
ALICE = f"arn:aws:iam::{ACCOUNT}:user/team/alice"
BOB = f"arn:aws:iam::{ACCOUNT}:user/bob"
DEV = f"arn:aws:iam::{ACCOUNT}:role/team/Dev"
FUNCTION = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:f"
BEGUN = datetime(2026, 8, 20, 10, tzinfo=UTC)

CALLS = [
    ("s3", "GetObject", "s3:GetObject", "arn:aws:s3:::b/k/alice"),
    ("s3", "GetObject", "s3:GetObject", "arn:aws:s3:::c/x"),
    ("s3", "ListObjects", "s3:ListBucket", "arn:aws:s3:::b"),
    ("s3", "ListBuckets", "s3:ListAllMyBuckets", "*"),
    ("iam", "GetUser", "iam:GetUser", ALICE),
    ("iam", "GetUser", "iam:GetUser", BOB),
    ("lambda", "GetFunction20150331v2", "lambda:GetFunction", FUNCTION),
    ("monitoring", "PutMetricData", "cloudwatch:PutMetricData", "*"),
    ("ec2", "DescribeInstances", "ec2:DescribeInstances", "*"),
]
ACTIONS = [
    "*",
    "s3:*",
    "s3:Get*",
    "iam:*",
    "iam:GetUser",
    "*:Get*",
    "lambda:*",
    "ec2:*",
    "cloudwatch:*",
]
RESOURCES = [
    *["*"] * 5,
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::b",
    "arn:aws:s3:::*",
    "arn:aws:s3:::b/k/${aws:username}",
    "arn:aws:iam::*:user/*/${aws:username}",
    "arn:aws:lambda:*:*:function:f*",
]
CONDITIONS: list[dict[str, Any] | None] = [
    *[None] * 4,
    {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
    {"Bool": {"aws:MultiFactorAuthPresent": "false"}},
    {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    {"Null": {"aws:MultiFactorAuthPresent": "false"}},
    {"NumericGreaterThan": {"aws:MultiFactorAuthAge": "600"}},
    {"NumericLessThanEqualsIfExists": {"aws:MultiFactorAuthAge": ["60", "601"]}},
    {"Null": {"aws:TokenIssueTime": "true"}},
    {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
    {"IpAddressIfExists": {"aws:SourceIp": "203.0.113.0/24"}},
    {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}},
    {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}},
    {"StringEquals": {"ec2:Region": "eu-west-1"}},
    {"Bool": {"aws:ViaAWSService": "true"}},
    {"StringLike": {"aws:CalledViaLast": "kms*"}},
    {"DateGreaterThan": {"aws:CurrentTime": "2026-08-20T10:10:00Z"}},
    {"ArnLike": {"aws:PrincipalArn": "arn:*:iam::*:user/*"}},
    {"StringEquals": {"aws:PrincipalTag/team": "ops"}},
    {"StringNotEqualsIfExists": {"aws:PrincipalTag/team": "ops"}},
    {"StringLike": {"aws:userid": "AIDA*"}},
    {"StringNotEquals": {"aws:username": "alice"}},
    {"StringEquals": {"aws:userid": ["${aws:username}", "AIDABOB"]}},
    {"StringEquals": {"s3:prefix": "k"}},
    {"StringNotEquals": {"aws:PrincipalType": "AssumedRole"}},
]
_SHAPES = (
    CONDITIONS,
    ["Allow", "Allow", "Deny"],
    ["Action", "Action", "Action", "NotAction"],
    some_of(ACTIONS, 2),
    ["Resource", "Resource", "Resource", "NotResource"],
    some_of(RESOURCES, 2),
)


def _statement(shape: tuple[Any, ...]) -> dict[str, Any]:
    condition, effect, action, actions, resource, resources = shape
    found = {"Effect": effect, action: actions, resource: resources}
    return found if condition is None else {**found, "Condition": condition}


def _document(found: list[dict[str, Any]]) -> Document:
    return from_json({"Version": "2012-10-17", "Statement": found})


documents = st.lists(one_of_each(*_SHAPES).map(_statement), min_size=1, max_size=3).map(_document)
_EVERYTHING = _document([{"Effect": "Allow", "Action": "*", "Resource": "*"}])
_ALL = AttachedPolicy("all", _EVERYTHING)


def _named(name: str, found: Iterable[Document]) -> tuple[AttachedPolicy, ...]:
    return tuple(AttachedPolicy(f"{name}{place}", one) for place, one in enumerate(found))


@st.composite
def bounds(draw: st.DrawFn) -> Bound:
    """Draw policies before and after: some come, some go, limits come."""
    own, new = (_named(name, draw(st.lists(documents, max_size=2))) for name in ("own", "new"))
    kept = own[draw(st.integers(0, 1)) :]
    limits = _named("limit", draw(st.lists(documents, max_size=2)))
    boundary, scp = limits[:1], limits[1:]
    old = _levels(
        "ou", _named("wall", draw(st.lists(documents, max_size=1))), allows=draw(st.booleans())
    )
    before = Policies((_ALL, *own) if draw(st.booleans()) else own, scps=old)
    everything = (_ALL,) if draw(st.integers(0, 3)) else ()
    levels = (*_levels("root", scp, allows=True), *old)
    after = Policies((*everything, *kept, *new), boundary or None, scps=levels)
    return Bound(before, after)


_OF_IAM = one_of_each(
    CONDITIONS,
    ["Deny"],
    ["Action"],
    some_of(["iam:*", "IAM:Get*", "iam:GetUser", "iam:ListMFADevices"], 2),
    ["Resource", "NotResource"],
    some_of([BOB, "*", "arn:aws:iam::*:user/*/${aws:username}", "arn:aws:iam::*:user/team/*"], 2),
).map(_statement)
_CLEAR_ACTIONS = [one for one in ACTIONS if not one.startswith("*:")]
_OF_ALL = one_of_each(
    CONDITIONS,
    ["Deny"],
    ["Action", "NotAction"],
    some_of(_CLEAR_ACTIONS, 2),
    ["Resource"],
    ["*"],
).map(_statement)
_OF_ANY_RESOURCE = one_of_each(
    CONDITIONS,
    ["Deny"],
    ["Action", "NotAction"],
    some_of(_CLEAR_ACTIONS, 2),
    ["Resource", "NotResource"],
    some_of(RESOURCES, 2),
).map(_statement)


@st.composite
def bounds_about_iam(draw: st.DrawFn) -> Bound:
    """Draw Denies that come: those that name resources are about actions of IAM alone.

    Those that are there already may name any.
    """
    old = _named(
        "old", map(_document, draw(st.lists(st.lists(_OF_ANY_RESOURCE, min_size=1), max_size=1)))
    )
    new = draw(st.lists(_OF_IAM, min_size=1, max_size=2)) + draw(st.lists(_OF_ALL, max_size=2))
    before = (_ALL, *old)
    return Bound(Policies(before), Policies((*before, AttachedPolicy("new", _document(new)))))


def _levels(name: str, scp: tuple[AttachedPolicy, ...], *, allows: bool) -> tuple[Level, ...]:
    """Return a level with some policies, beside an Allow of everything or not; none without any."""
    return (Level(name, (_ALL, *scp) if allows else scp),) if scp else ()


@dataclass(frozen=True)
class FixedBinding:
    """Binds everybody by the same policies."""

    bound: Bound

    def of(self, caller: TrailCaller) -> Bound | NotBound:
        del caller
        return self.bound

    def all(self) -> Iterable[Bound]:
        return (self.bound,)

    def is_about(self, account: str) -> bool:
        return account == ACCOUNT


@dataclass(frozen=True)
class Made:
    """A request that was made, and what CloudTrail wrote of it."""

    request: Request
    record: dict[str, Any]


def made(chance: Random) -> Made:
    """Return a request and its record."""
    event_source, name, action, resource = chance.choice(CALLS)
    then = BEGUN + timedelta(seconds=chance.choice([0, 60, 61, 600, 601, 900]))
    endpoint = chance.choice([None, None, None, "vpce-1", "vpce-2"])
    region, role = chance.choice(["eu-west-1", "us-east-1"]), chance.random() < 0.3
    context = {
        "aws:CurrentTime": f"{then:%Y-%m-%dT%H:%M:%SZ}",
        "aws:RequestedRegion": region,
        "aws:PrincipalAccount": ACCOUNT,
        "aws:ViaAWSService": "false",
    }
    record: dict[str, Any] = {
        "eventTime": context["aws:CurrentTime"],
        "eventID": f"e-{chance.randrange(10**6)}",
        "eventSource": f"{event_source}.amazonaws.com",
        "eventName": name,
        "eventType": "AwsApiCall",
        "awsRegion": region,
        "recipientAccountId": ACCOUNT,
    }
    if action.startswith("ec2:"):
        context["ec2:Region"] = region
    if chance.random() < 0.5:
        context["aws:PrincipalTag/team"] = chance.choice(["ops", "dev"])
    if action == "s3:ListBucket" and chance.random() < 0.5:
        context["s3:prefix"] = chance.choice(["k", "x"])
    identity = _role(chance, context) if role else _user(chance, context, then)
    if "invokedBy" in identity:
        record["sourceIPAddress"] = identity["invokedBy"]
    elif endpoint is None:
        record["sourceIPAddress"] = context["aws:SourceIp"] = chance.choice(
            ["203.0.113.7", "198.51.100.7"]
        )
    else:
        record |= {"sourceIPAddress": "10.0.0.7", "vpcEndpointId": endpoint}
        context |= {"aws:SourceVpce": endpoint}
    if "vpcEndpointId" in record and chance.random() < 0.5:
        # what the endpoint's own record has
        record |= {"eventType": "AwsVpceEvent", "eventCategory": "NetworkActivity"}
    else:
        _write_resource(chance, record, resource)
    record["userIdentity"] = identity
    return Made(Request(context["aws:PrincipalArn"], action, resource, Context(context)), record)


def _user(chance: Random, context: dict[str, Any], then: datetime) -> dict[str, Any]:
    mfa, arn = chance.choice([None, "false", "true"]), chance.choice([ALICE, BOB])
    name = arn.rsplit("/", 1)[-1]
    context |= {
        "aws:username": name,
        "aws:userid": f"AIDA{name.upper()}",
        "aws:PrincipalArn": arn,
        "aws:PrincipalType": "User",
    }
    found = {
        "type": "IAMUser",
        "principalId": f"AIDA{name.upper()}",
        "arn": arn,
        "accountId": ACCOUNT,
        "userName": name,
        "accessKeyId": "AKIA1" if mfa is None else "ASIA1",
    }
    forwarded = chance.random() < 0.3
    if forwarded:
        _forwarded(chance, context, found)
    if mfa is None and not forwarded:
        return found
    made = BEGUN - timedelta(seconds=chance.choice([0, 0, 300]))
    issued = f"{made:%Y-%m-%dT%H:%M:%SZ}"
    logged = mfa or "false"
    found["sessionContext"] = {"attributes": {"mfaAuthenticated": logged, "creationDate": issued}}
    # whether MFA is passed on with a forwarded call is not documented
    present = chance.choice(["true", "false", None]) if forwarded and mfa == "true" else logged
    if present is not None:
        context["aws:MultiFactorAuthPresent"] = present
    if present == "true":
        oldest = int((then - made).total_seconds())
        context["aws:MultiFactorAuthAge"] = str(chance.choice([0, oldest // 2, oldest]))
    if not forwarded:
        context["aws:TokenIssueTime"] = issued
    return found


def _forwarded(chance: Random, context: dict[str, Any], identity: dict[str, Any]) -> None:
    service = chance.choice(["kms.amazonaws.com", "s3.amazonaws.com"])
    identity |= {"invokedBy": service, "accessKeyId": "ASIA1"}
    context |= {
        "aws:ViaAWSService": "true",
        "aws:CalledVia": (service,),
        "aws:CalledViaFirst": service,
        "aws:CalledViaLast": service,
    }


def _role(chance: Random, context: dict[str, Any]) -> dict[str, Any]:
    issued = f"{BEGUN:%Y-%m-%dT%H:%M:%SZ}"
    context |= {
        "aws:userid": "AROADEV:alice",
        "aws:PrincipalArn": DEV,
        "aws:PrincipalType": "AssumedRole",
        "aws:MultiFactorAuthPresent": "false",
        "aws:TokenIssueTime": issued,
    }
    logged = {"mfaAuthenticated": chance.choice(["true", "false"]), "creationDate": issued}
    return {
        "type": "AssumedRole",
        "principalId": "AROADEV:alice",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/Dev/alice",
        "accountId": ACCOUNT,
        "accessKeyId": "ASIA1",
        "sessionContext": {"attributes": logged, "sessionIssuer": {"type": "Role", "arn": DEV}},
    }


def _write_resource(chance: Random, record: dict[str, Any], resource: str) -> None:
    """Write the resource into the record, or into its parameters, or not at all."""
    how = chance.choice(["listed", "parameters", "not"])
    if resource == "*" or how == "not":
        return
    if how == "listed":
        # of an object CloudTrail lists the bucket too
        bucket = resource.partition("/")[0] if resource.startswith("arn:aws:s3:") else resource
        record["resources"] = [{"ARN": one} for one in {resource, bucket}]
        return
    service, tail = resource.split(":")[2], resource.split(":", 5)[5]
    if service == "s3":
        bucket, _, key = tail.partition("/")
        record["requestParameters"] = {"bucketName": bucket, **({"key": key} if key else {})}
    if service == "iam":
        record["requestParameters"] = {"userName": tail.rsplit("/", 1)[-1]}
    if service == "lambda":
        record["requestParameters"] = {"functionName": chance.choice(["f", resource])}
