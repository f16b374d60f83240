"""Small worlds: policies of a few elements, and every request that they can tell apart."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from hypothesis import strategies as st

from prover.questions import ACCOUNT, ALICE, NOW, WITHOUT_MFA
from sekisho.engine import Context, Policies, Request
from sekisho.engine.matching.arns import account_of
from sekisho.policy import Document
from sekisho.prover import CallerCredential
from sekisho.prover.reading.credentials import situations

OTHER, THIRD = "999988887777", "444455556666"
"""An account that policies name beside the user's, and one that none does."""

NAMES = ["iam:GetUser", "iam:ListUsers", "s3:GetObject", "s3:ListBucket", "kms:Decrypt"]
KEYS = [f"arn:aws:kms:us-east-1:{account}:key/k" for account in (ACCOUNT, OTHER, THIRD)]
ARNS = [
    "*",
    ALICE.arn,
    "arn:aws:iam::111122223333:user/bob",
    "arn:aws:s3:::b/x",
    "arn:aws:s3:::b/alice",
    "arn:aws:s3:::c/x",
    "arn:aws:s3:::b",
    "arn:aws:s3:::c",
    *KEYS,
]
OF: dict[str, tuple[str, ...]] = {
    "iam:GetUser": (ARNS[1], ARNS[2]),
    "iam:ListUsers": ("*",),
    "s3:GetObject": tuple(ARNS[3:6]),
    "s3:ListBucket": tuple(ARNS[6:8]),
    "kms:Decrypt": tuple(KEYS),
}
"""The resources that each action is checked against."""

VALUES: dict[str, list[str | tuple[str, ...] | None]] = {
    "aws:SourceIp": [None, "10.1.2.3", "203.0.113.9"],
    "aws:PrincipalTag/t": [None, "a", "alice", "x", "", "arn:aws:s3:::b", ALICE.arn],
    "s3:max-keys": [None, "4", "5", "6"],
    "aws:TagKeys": [None, ("",), ("a",), ("b",), ("a", "b"), ("", "a")],
    "aws:SecureTransport": ["true", "false"],
    "aws:RequestedRegion": ["us-east-1", "eu-west-1"],
    "aws:ResourceTag/t": [None, "a", "b"],
}
MFA = "aws:MultiFactorAuthPresent"
AGE = "aws:MultiFactorAuthAge"
OWNER = "aws:ResourceAccount"
CONDITIONS = [
    {"Bool": {MFA: "false"}},
    {"Bool": {MFA: "true"}},
    {"BoolIfExists": {MFA: "false"}},
    {"BoolIfExists": {MFA: "true"}},
    {"Null": {MFA: "true"}},
    {"StringNotEquals": {MFA: "true"}},
    {"NumericGreaterThanIfExists": {AGE: "60"}},
    {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
    {"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
    {"StringEquals": {"aws:PrincipalTag/t": ["a", "${aws:username}"]}},
    {"StringLikeIfExists": {"aws:PrincipalTag/t": "a*"}},
    {"StringNotLike": {"aws:PrincipalTag/t": "a*"}},
    {"NumericLessThan": {"s3:max-keys": "5"}},
    {"NumericGreaterThanEqualsIfExists": {"s3:max-keys": "5"}},
    {"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}},
    {"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["a"]}},
    {"ForAnyValue:StringLike": {"aws:TagKeys": ["a*", "b"]}},
    {"ForAnyValue:StringLike": {"aws:TagKeys": "?*"}},
    {"Null": {"aws:TagKeys": "false"}},
    {"Null": {"aws:PrincipalTag/t": "true"}},
    {"StringNotEquals": {"aws:TagKeys": ["b"]}},
    {"ArnLike": {"aws:PrincipalTag/t": "*"}},
    {"ArnNotLikeIfExists": {"aws:PrincipalTag/t": ["arn:aws:iam::*:user/*", "arn:aws:s3"]}},
    {"DateGreaterThan": {"aws:CurrentTime": "2026-11-31"}},
    {"Bool": {"aws:SecureTransport": "no"}},
    {"Bool": {"aws:SecureTransport": "false"}},
    {"StringEquals": {"aws:username": "alice"}},
    {"Null": {"aws:TokenIssueTime": "true"}},
    {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}},
    {"StringNotLike": {"aws:RequestedRegion": "eu-*"}},
    {"StringEquals": {"aws:ResourceTag/t": "a"}},
    {"StringNotEqualsIfExists": {"aws:ResourceTag/t": "a"}},
    {"StringEquals": {OWNER: OTHER}},
    {"StringNotEquals": {OWNER: ACCOUNT}},
    {"StringNotEqualsIfExists": {OWNER: "${aws:PrincipalAccount}"}},
    {"Bool": {}, "no operator": {}},
]
ENTRIES = {
    "Action": [
        *("*", "iam:*", "iam:Get*", "s3:GetObject", "*:List*", "iam:ListUsers", "kms:*"),
        *("iam: *", "iam:List* "),
    ],
    "Resource": [
        "*",
        "arn:aws:iam::*:user/${aws:username}",
        "arn:aws:s3:::b/*",
        "arn:aws:s3:::*/${aws:username}",
        "arn:aws:s3:::c*",
        "arn:aws:iam::111122223333:*",
        f"arn:aws:kms:*:{OTHER}:key/*",
        f"arn:aws:*:*:{ACCOUNT}:*",
        "arn:aws:kms:us-*:9*:*",
    ],
}


def _entries(kind: str, more: Sequence[str] = ()) -> st.SearchStrategy[dict[str, Any]]:
    known = st.sampled_from([*ENTRIES[kind], *more])
    values = st.lists(known, min_size=1, max_size=2, unique=True)
    return st.tuples(st.sampled_from([kind, f"Not{kind}"]), values).map(lambda each: dict([each]))


def _joined(parts: list[dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part in parts:
        for operator, keys in part.items():
            found[operator] = {**found.get(operator, {}), **keys}
    return {"Condition": found} if found else {}


def _policies(
    resources: Sequence[str] = (), conditions: Sequence[dict[str, Any]] = ()
) -> st.SearchStrategy[list[dict[str, Any]]]:
    statements = st.builds(
        lambda effect, action, resource, parts: {
            "Effect": effect,
            **action,
            **resource,
            **_joined(parts),
        },
        st.sampled_from(["Allow", "Deny"]),
        _entries("Action"),
        _entries("Resource", resources),
        st.lists(st.sampled_from([*CONDITIONS, *conditions]), max_size=2, unique_by=str),
    )
    return st.lists(statements, min_size=1, max_size=3)


POLICIES = _policies()

_TAG = "${aws:PrincipalTag/t}"
WILD_POLICIES = _policies(
    [
        f"arn:aws:s3:::{_TAG}/*",
        f"arn:aws:s3:::b/{_TAG}",
        "arn:aws:s3:::b?/*x",
        "arn:*:s3:*",
        "arn:aws:iam::*:user/*/${*}*",
    ],
    [
        {"StringEquals": {"s3:prefix": _TAG}},
        {"StringNotEqualsIfExists": {"s3:prefix": _TAG}},
        {"StringLike": {"s3:prefix": ["${aws:username}/*", "a?"]}},
        {"StringEqualsIgnoreCase": {"s3:prefix": ["Ab", "ALICE/x"]}},
        {"StringNotEqualsIgnoreCase": {"s3:prefix": "AX"}},
        {"ArnLike": {"s3:DataAccessPointArn": "arn:aws:s3:*:*:a*"}},
        {"ArnNotEquals": {"s3:DataAccessPointArn": ["arn:aws:s3:*:*:ab", "arn:*:s3:x:*:*"]}},
        {"ForAllValues:StringLike": {"s3:RequestObjectTagKeys": ["a*", "*b"]}},
        {"ForAnyValue:StringEquals": {"s3:RequestObjectTagKeys": ["ab", "c"]}},
        {"Null": {"s3:RequestObjectTagKeys": "false"}},
        {"NumericNotEquals": {"s3:max-keys": ["4", "6"]}},
        {"NumericLessThanEquals": {"s3:max-keys": "4"}},
        {"DateLessThan": {"s3:object-lock-retain-until-date": "2027-01-01T00:00:00Z"}},
        {"DateGreaterThanEqualsIfExists": {"s3:object-lock-retain-until-date": "2026-12-31"}},
        {"IpAddress": {"aws:SourceIp": ["10.0.0.0/9", "10.64.0.0/10", "2001:db8::/32"]}},
        {"StringEquals": {OWNER: ACCOUNT}},
        {"StringLike": {OWNER: ["99*", "4*6"]}},
        {"StringNotEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:user/bob"}},
    ],
)
"""With every kind of operator, and with variables that no request settles."""


AGES = ["0", "60", "61"]
"""Seconds since MFA, around the constant."""


def world(
    keys: set[str],
    credentials: Iterable[CallerCredential] = WITHOUT_MFA,
    names: Iterable[str] = tuple(OF),
) -> Iterator[Request]:
    """Yield every request of the small world, with the keys that matter."""
    chosen = {key: values for key, values in VALUES.items() if key.lower() in keys}
    asked = [(name, resource) for name in names for resource in OF[name]]
    for situation in situations(ALICE, NOW, tuple(credentials)):
        more = dict(chosen)
        if AGE in situation.values and AGE.lower() in keys:
            more[AGE] = [*AGES]
        for values in product(*more.values()):
            given_ = {k: v for k, v in zip(more, values, strict=True) if v is not None}
            context = situation.values.with_(given_)
            for name, resource in asked:
                if _is_real(name, resource, given_, direct=situation.credential.direct):
                    yield from _owned(name, resource, context, keyed=OWNER.lower() in keys)


def _is_real(name: str, resource: str, values: Mapping[str, object], *, direct: bool) -> bool:
    """Tell whether IAM is called where it is, and only what has a resource shows its tags.

    From which Region a service calls IAM on a user's behalf is not documented.
    """
    at_home = not direct or values.get("aws:RequestedRegion", "us-east-1") == "us-east-1"
    untagged = "aws:ResourceTag/t" not in values
    return (at_home or not name.startswith("iam:")) and (untagged or resource != "*")


def is_documented(request: Request) -> bool:
    """Tell whether AWS lists the keys of the world that a request has among its action's.

    Of the actions of the world, none creates or tags anything.
    """
    has_others = "s3:max-keys" in request.context and request.action != "s3:ListBucket"
    return "aws:TagKeys" not in request.context and not has_others


def _owned(name: str, resource: str, context: Context, *, keyed: bool) -> Iterator[Request]:
    """Yield a request for each account that the resource can be of, with its key and without."""
    told = account_of(resource)
    elsewhere = keyed and name.startswith("s3:")
    for owner in (told,) if told else (ACCOUNT, OTHER, THIRD) if elsewhere else (ACCOUNT,):
        said = None if told or owner == ACCOUNT else owner
        for more in ({}, {OWNER: owner}) if keyed else ({},):
            yield Request(ALICE.arn, name, resource, context.with_(more), said)


def keys_of(documents: list[Document]) -> set[str]:
    return {
        condition.key.lower()
        for document in documents
        for statement in document.statements
        for condition in statement.conditions
    }


def documents_of(policies: Policies) -> list[Document]:
    return [policy.document for policy in (*policies.identity, *(policies.boundaries or ()))]
