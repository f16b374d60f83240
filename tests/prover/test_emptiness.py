"""A question is empty by a certificate exactly where the search finds nothing.

Reads `questions.certified` and `invariants` themselves: the certificate and the search are asked
about one range of requests.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prover.drawn_policies import ABOUT, ACTIONS, Drawn
from prover.questions import ALICE, NOW, identity
from prover.worlds import POLICIES
from sekisho.engine import Assumptions, Policies
from sekisho.errors import quoted
from sekisho.policy import Condition, Operator, OperatorName, Version
from sekisho.prover import (
    ALLOW_EVERYTHING,
    CallerCredential,
    CallingUser,
    Calls,
    Invariant,
    InvariantKind,
    Proved,
    Question,
    Refuted,
    Restriction,
    SessionReadings,
    Unknown,
    VersionedCondition,
    conclude,
    invariant_holds,
    nothing_lost,
    own_things_only,
    prove_none,
)
from sekisho.prover.questions.certified import conclude_empty, find_empty
from sekisho.prover.questions.invariants import questions_of, range_of
from sekisho.prover.solver import reasons
from sekisho.signin import RoleSessionMfa

A_PART = settings(max_examples=settings.default.max_examples // 10)
NETWORK = "203.0.113.0/24"
NEVER = st.builds(
    Invariant,
    id=st.just("never"),
    demand=st.just(InvariantKind.NEVER),
    actions=st.sampled_from([(each,) for each in ACTIONS[1:]]),
    on=st.sampled_from([(), *((each,) for each in ABOUT[1:])]),
    unless_mfa=st.booleans(),
    only_from=st.sampled_from([(), (NETWORK,)]),
    within=st.sampled_from([(), ("203.0.113.0/25",)]),
    calls=st.sampled_from(Calls),
)
ALWAYS = st.builds(
    Invariant,
    id=st.just("always"),
    demand=st.just(InvariantKind.ALWAYS),
    actions=st.sampled_from([(each,) for each in ACTIONS[1:]]),
    on=st.sampled_from([(), *((each,) for each in ABOUT[1:])]),
    with_mfa=st.just(True),
    mfa_age=st.sampled_from((None, 3600)),
    calls=st.sampled_from(Calls),
)


def invariant_questions(invariant: Invariant, policies: Policies) -> tuple[Question, ...]:
    never = invariant.demand is InvariantKind.NEVER
    allowed, denied = (policies, None) if never else (None, policies)
    base = Question(ALICE, NOW, (), allowed, denied, range_of(invariant), cross_account=never)
    return tuple(questions_of(invariant, base))


def agree(questions: Iterable[Question]) -> None:
    """Check each question both ways."""
    for question in questions:
        certificate = find_empty(question, thorough=True)
        match prove_none(question):
            case Refuted():
                assert certificate is None
            case Proved():
                # what rests on an assumption may have none
                assert certificate is not None or conclude([question]).assumed
            case Unknown():
                pass


@A_PART
@given(st.integers(0, 10**6), NEVER | ALWAYS)
def test_drawn_policies(seed: int, invariant: Invariant) -> None:
    agree(invariant_questions(invariant, Drawn(seed).change()[1]))


@A_PART
@given(POLICIES, NEVER | ALWAYS)
def test_policies_of_the_small_world(
    statements: list[dict[str, Any]], invariant: Invariant
) -> None:
    agree(invariant_questions(invariant, identity(*statements)))


@A_PART
@given(st.integers(0, 10**6))
def test_what_is_lost_and_whose_things(seed: int) -> None:
    policies = Drawn(seed).change()[1]
    agree([nothing_lost(policies, ALICE, NOW), own_things_only(policies, ALICE, NOW)])


FAR = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}
RANGES = {
    "an action": Invariant("x", InvariantKind.NEVER, ("s3:PutObject",)),
    "a resource": Invariant("x", InvariantKind.NEVER, ("s3:Get*",), on=("arn:aws:sqs:*:*:q",)),
    "an address": Invariant(
        "x", InvariantKind.NEVER, ("s3:*",), only_from=("0.0.0.0/0", "::/0"), within=(NETWORK,)
    ),
}
"""Ranges in which the policy allows nothing, each by one thing that a question is restricted to."""


@pytest.mark.parametrize("name", RANGES)
def test_a_range_is_part_of_the_claim(name: str) -> None:
    (question,) = invariant_questions(RANGES[name], identity(FAR))
    assert isinstance(conclude_empty([question]).verdict, Proved)
    wider = invariant_questions(Invariant("x", InvariantKind.NEVER, ("s3:*",)), identity(FAR))
    assert isinstance(conclude_empty(wider).verdict, Refuted)


def test_a_claim_is_about_every_way_in_which_sessions_show_that_they_have_no_mfa() -> None:
    role = CallingUser.of_role("arn:aws:iam::111122223333:role/ops")
    role = replace(role, readings=SessionReadings(role_session_mfa=RoleSessionMfa.FALSE))
    unless_false = {"Null": {"aws:MultiFactorAuthPresent": "true"}}
    policies = identity({**FAR, "Condition": unless_false})
    never = Invariant("x", InvariantKind.NEVER, ("s3:*",))
    (question,) = invariant_questions(never, policies)
    found = conclude_empty([replace(question, user=role)])
    assert isinstance(found.verdict, Proved)
    assert found.assumed == ("role_session_mfa",)


def test_the_past_is_not_asked_about() -> None:
    before = {"DateLessThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}
    never = Invariant("x", InvariantKind.NEVER, ("s3:*",))
    (question,) = invariant_questions(never, identity({**FAR, "Condition": before}))
    assert find_empty(question, thorough=False) is not None
    after = {"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}
    (question,) = invariant_questions(never, identity({**FAR, "Condition": after}))
    assert find_empty(question, thorough=True) is None


@pytest.mark.parametrize("key", ["aws:ResourceAccount", "s3:ResourceAccount"])
def test_what_another_account_owns_is_not_asked_about_at_home(key: str) -> None:
    elsewhere = {"StringNotEquals": {key: ALICE.account}, "Null": {key: "false"}}
    denied = {**FAR, "Effect": "Deny", "Condition": elsewhere}
    always = Invariant("x", InvariantKind.ALWAYS, ("s3:GetObject",), on=("arn:aws:s3:::b/*",))
    (question,) = invariant_questions(replace(always, with_mfa=True), identity(FAR, denied))
    assert find_empty(question, thorough=True) is not None
    assert find_empty(replace(question, cross_account=True), thorough=True) is None


def test_what_aws_owns_is_asked_about_at_home() -> None:
    on = "arn:aws:iam::aws:policy/AdministratorAccess"
    statements = (
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {
            "Effect": "Deny",
            "Action": "iam:GetPolicy",
            "Resource": on,
        },
    )
    for always in (
        Invariant("x", InvariantKind.ALWAYS, ("iam:GetPolicy",), with_mfa=True),
        Invariant("x", InvariantKind.ALWAYS, ("iam:GetPolicy",), on=(on,), with_mfa=True),
    ):
        (question,) = invariant_questions(always, identity(*statements))
        assert find_empty(question, thorough=True) is None


def test_of_several_numbers_no_opposite_is_denied() -> None:
    of_age = Condition(
        Operator(OperatorName.NUMERIC_LESS_THAN_EQUALS), "aws:MultiFactorAuthAge", ("60", "600")
    )
    within = Restriction(conditions=((VersionedCondition(of_age, Version.V2012), True),))
    at_most = {"NumericLessThanEquals": {"aws:MultiFactorAuthAge": "60"}}
    question = Question(
        ALICE,
        NOW,
        (CallerCredential.MFA_SESSION,),
        Policies(identity=(ALLOW_EVERYTHING,)),
        identity({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": at_most}),
        within,
    )
    assert isinstance(prove_none(question), Refuted)
    assert find_empty(question, thorough=True) is None


def test_a_range_that_is_empty_for_want_of_a_certificate_is_said_to_be_empty() -> None:
    layer = "arn:aws:lambda:us-east-1:999988887777:layer:x:1"
    always = Invariant(
        "x", InvariantKind.ALWAYS, ("lambda:GetLayerVersion",), on=(layer,), with_mfa=True
    )
    found = invariant_holds(always, identity(FAR), ALICE, NOW, Assumptions())
    assert isinstance(found.verdict, Unknown)
    assert found.verdict.reason == reasons.NONE_ON.filled(entry=quoted(layer))
