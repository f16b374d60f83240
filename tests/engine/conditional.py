"""Draws policies whose statements mostly are about a request, and hang on a few context keys."""

from typing import Any

from hypothesis import strategies as st

from engine.drawn import one_of_each
from sekisho.engine import AttachedPolicy, Level, Policies
from sekisho.policy import PolicyKind, from_json

RESOURCES = [
    *("*", "*", "*"),
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::b/${aws:username}",
    "arn:aws:s3:::b/${k}",
    "arn:aws:s3:::c/${k}",
    "arn:aws:s3:::b/${aws:PrincipalTag/team, 'k'}*",
]
CONDITIONS: list[dict[str, dict[str, Any]]] = [
    {},
    {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
    {"Bool": {"aws:MultiFactorAuthPresent": "false"}},
    {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    {"Null": {"aws:MultiFactorAuthAge": "true"}},
    {"Null": {"aws:MultiFactorAuthAge": "false"}},
    {"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}},
    {"NumericGreaterThanIfExists": {"aws:MultiFactorAuthAge": "3600"}},
    {"Null": {"aws:TokenIssueTime": "true"}},
    {"Null": {"aws:TokenIssueTime": "false"}},
    {"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
    {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
    {"StringEquals": {"aws:PrincipalTag/team": ["a", "${k}"]}},
    {"StringNotEquals": {"aws:PrincipalTag/team": "a"}},
    {"StringLike": {"k": "k/*"}},
    {"StringNotLikeIfExists": {"k": "k/*", "aws:userid": "AIDA*"}},
    {"Null": {"k": "true"}},
    {"Null": {"aws:UserAgent": "true"}},
    {"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}},
    {"ForAnyValue:StringLike": {"aws:TagKeys": "a*"}},
    {"StringLike": {"aws:userid": ["AIDAALICE", "*:alice"]}},
    {"StringEquals": {"aws:username": "alice"}, "Bool": {"aws:MultiFactorAuthPresent": "true"}},
    {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:*/alice"}},
    {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/team/*"}},
]
PRINCIPALS = ["*", {"AWS": "111122223333"}, {"AWS": "AIDAALICE"}, {"AWS": "AROAALICE"}]


def statements(named: bool) -> st.SearchStrategy[dict[str, Any]]:
    """Draw a statement; one of a policy on a resource names a principal."""

    def written(shape: tuple[Any, ...]) -> dict[str, Any]:
        effect, element, resource, condition, principal = shape
        found = {"Effect": effect, "Action": "*", element: resource}
        if condition:
            found["Condition"] = condition
        return {**found, "Principal": principal} if named else found

    return one_of_each(
        ["Allow", "Deny"],
        ["Resource", "Resource", "Resource", "NotResource"],
        RESOURCES,
        CONDITIONS,
        PRINCIPALS,
    ).map(written)


def attached(
    name: str, kind: PolicyKind = PolicyKind.IDENTITY
) -> st.SearchStrategy[AttachedPolicy]:
    """Draw a policy of some statements."""
    found = st.lists(statements(kind is PolicyKind.RESOURCE), min_size=1, max_size=4)

    def policy(written: list[dict[str, Any]]) -> AttachedPolicy:
        value = {"Version": "2012-10-17", "Statement": written}
        return AttachedPolicy(name, from_json(value, kind=kind))

    return found.map(policy)


def conditional_policies() -> st.SearchStrategy[Policies]:
    """Draw policies: always one that could allow, now and then another that must allow, too."""
    everything = from_json({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
    own = st.lists(attached("own"), min_size=1, max_size=2).map(tuple)
    with_all = own.map(lambda found: (*found, AttachedPolicy("all", everything)))
    return st.builds(
        Policies,
        identity=own | with_all,
        boundaries=st.none() | st.tuples(attached("boundary")),
        resource=st.none() | attached("resource", PolicyKind.RESOURCE),
        scps=st.just(()) | st.tuples(attached("scp")).map(lambda found: (Level("root", found),)),
    )
