"""What a caller's policies and the resource's policy grant together: a small world asked wholly."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sekisho
from prover.questions import ACCOUNT, ALICE, NOW, attached, identity
from prover.test_grants import OTHER, policy
from sekisho.engine import Context, DecisionEffect, Policies, Request, decide
from sekisho.prover import (
    CallingUser,
    Invariant,
    InvariantKind,
    OwnedResource,
    Proved,
    Question,
    Refuted,
    Unknown,
    Verdict,
    not_granted_with_resource,
)

OPS = CallingUser.of_role(f"arn:aws:iam::{ACCOUNT}:role/ops")
ON = "arn:aws:s3:::b/x"
GET = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}
ELSE = {"Effect": "Allow", "Action": "iam:GetUser", "Resource": "*"}
TO_ALICE, TO_ROLE = {"AWS": ALICE.arn}, {"AWS": OPS.arn}
TO_ACCOUNT = {"AWS": ACCOUNT}
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/ops/it"


def asked(
    policies: Policies, resource: list[dict[str, Any]], user: CallingUser, owner: str
) -> Verdict:
    wanted = Invariant("it", InvariantKind.NOT_GRANTED, ("s3:GetObject",), on=(ON,))
    asking = Question(user, NOW, (), allowed=policies)
    return not_granted_with_resource(wanted, OwnedResource(policy(resource), owner), asking).verdict


CASES: dict[str, tuple[list[dict[str, Any]], dict[str, Any], CallingUser, str, type[Verdict]]] = {
    # IAM User Guide, "Evaluating identity-based policies with resource-based policies"
    "the user is named": ([ELSE], {**GET, "Principal": TO_ALICE}, ALICE, ACCOUNT, Refuted),
    "the account is named": ([ELSE], {**GET, "Principal": TO_ACCOUNT}, ALICE, ACCOUNT, Proved),
    "its own policies grant": ([GET], {**GET, "Principal": TO_ROLE}, ALICE, ACCOUNT, Refuted),
    "the role is named": ([ELSE], {**GET, "Principal": TO_ROLE}, OPS, ACCOUNT, Refuted),
    "an explicit deny": (
        [GET],
        {**GET, "Effect": "Deny", "Principal": "*"},
        ALICE,
        ACCOUNT,
        Proved,
    ),
    # IAM User Guide, "Cross-account policy evaluation logic"
    "elsewhere one is not enough": ([ELSE], {**GET, "Principal": TO_ALICE}, ALICE, OTHER, Proved),
    "elsewhere the other is not": ([GET], {**GET, "Principal": TO_ROLE}, ALICE, OTHER, Proved),
    "elsewhere both are": ([GET], {**GET, "Principal": TO_ACCOUNT}, ALICE, OTHER, Refuted),
}


@pytest.mark.parametrize("name", CASES)
def test_either_grants_within_an_account_and_both_across(name: str) -> None:
    own, statement, user, owner, expected = CASES[name]
    assert isinstance(asked(identity(*own), [statement], user, owner), expected)


@pytest.mark.parametrize(
    ("principal", "user", "expected"),
    [(TO_ALICE, ALICE, Refuted), (TO_ROLE, OPS, Proved), ("*", OPS, Refuted)],
)
def test_a_boundary_limits_who_is_named_by_the_role(
    principal: object, user: CallingUser, expected: type[Verdict]
) -> None:
    policies = replace(identity(ELSE), boundaries=(attached(ELSE, name="boundary"),))
    statement = {**GET, "Principal": principal}
    assert isinstance(asked(policies, [statement], user, ACCOUNT), expected)


CONDITIONS: list[dict[str, Any]] = [
    {},
    {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    {"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}},
    {"Bool": {"aws:SecureTransport": "false"}},
]
_OWN = st.builds(
    lambda effect, action, resource, condition: {
        **GET,
        "Effect": effect,
        "Action": action,
        "Resource": resource,
        "Condition": condition,
    },
    st.sampled_from(["Allow", "Allow", "Deny"]),
    st.sampled_from(["s3:GetObject", "iam:*"]),
    st.sampled_from(["arn:aws:s3:::b/*", "arn:aws:s3:::c/*", "*"]),
    st.sampled_from(CONDITIONS),
)
_OF_RESOURCE = st.builds(
    lambda effect, principal, condition: {
        **GET,
        "Effect": effect,
        "Principal": principal,
        "Condition": condition,
    },
    st.sampled_from(["Allow", "Allow", "Deny"]),
    st.sampled_from([TO_ALICE, TO_ROLE, TO_ACCOUNT, {"AWS": SESSION}, "*", {"AWS": OTHER}]),
    st.sampled_from(CONDITIONS),
)
OWN = st.lists(_OWN, min_size=1, max_size=2)


def requests(user: CallingUser, owner: str, session: str) -> Iterator[Request]:
    """Yield every request of one caller that the policies can tell apart."""
    whose = {"aws:PrincipalArn": user.arn, "aws:PrincipalAccount": ACCOUNT}
    whose |= {} if user.is_role else {"aws:username": user.name}
    shown = [None, "false"] if user.is_role else [None, "false", "true"]
    role = f"arn:aws:sts::{ACCOUNT}:assumed-role/ops/{session}"
    for mfa, secure in product(shown, ("true", "false")):
        context = {**whose, "aws:SecureTransport": secure}
        context |= {} if mfa is None else {"aws:MultiFactorAuthPresent": mfa}
        principal = role if user.is_role else user.arn
        yield Request(principal, "s3:GetObject", ON, Context(context), owner)


@settings(max_examples=settings.default.max_examples // 2)
@given(
    OWN,
    st.lists(_OF_RESOURCE, min_size=1, max_size=2),
    st.none() | OWN,
    st.sampled_from([ALICE, OPS]),
    st.sampled_from([ACCOUNT, OTHER]),
)
def test_it_is_granted_if_a_request_of_a_small_world_is(
    own: list[dict[str, Any]],
    of_resource: list[dict[str, Any]],
    bounded: list[dict[str, Any]] | None,
    user: CallingUser,
    owner: str,
) -> None:
    boundaries = None if bounded is None else (attached(*bounded, name="boundary"),)
    policies = replace(identity(*own), boundaries=boundaries)
    verdict = asked(policies, of_resource, user, owner)
    assert not isinstance(verdict, Unknown), verdict.reason.en
    whole = replace(policies, resource=policy(of_resource))
    passes = any(
        decide(each, whole).effect is DecisionEffect.ALLOWED
        for session in ("it", "other")
        for each in requests(user, owner, session)
    )
    assert isinstance(verdict, Refuted) is passes


def test_the_api_takes_the_policy_of_the_resource() -> None:
    document = policy([{**GET, "Principal": TO_ALICE}]).document
    own = sekisho.policies(attached(ELSE).document)
    alone = sekisho.not_granted(own, "s3:GetObject", on=[ON], user_arn=ALICE.arn)
    assert isinstance(alone, Proved)
    asking = sekisho.not_granted(
        own, "s3:GetObject", on=[ON], user_arn=ALICE.arn, resource=(document, ACCOUNT)
    )
    assert isinstance(asking, Refuted)
