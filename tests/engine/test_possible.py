"""What a request could be decided as: every assignment of the unknown keys is among it."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.asking import ALICE, context_of, policy
from engine.test_compiled_laws import RCPS, SCPS, TRUST
from engine.test_compiled_laws import policies as odd_policies
from engine.test_laws import policies, requests
from sekisho.engine import (
    Assumptions,
    AttachedPolicy,
    Context,
    ContextValue,
    DecisionEffect,
    Policies,
    Request,
    UnknownKey,
    asked_keys,
    decide,
    possible,
)
from sekisho.policy import PolicyKind, from_json

ALLOWED, IMPLICIT, EXPLICIT = (
    DecisionEffect.ALLOWED,
    DecisionEffect.IMPLICITLY_DENIED,
    DecisionEffect.EXPLICITLY_DENIED,
)
S3 = Request(ALICE, "s3:GetObject", "arn:aws:s3:::b/alice")
VALUES: dict[str, list[ContextValue]] = {
    "aws:username": ["alice", "bob", "", "*"],
    "aws:userid": ["AIDAALICE", "AIDAX", "AROAALICE:alice"],
    "aws:multifactorauthpresent": ["true", "false", "x", ("true",)],
    "aws:tagkeys": ["a", ("a",), ("b", "ab"), ()],
    "k": ["a", "", "k/alice", "x*y", ("a", "alice"), "10"],
    "aws:principaltag/team": ["alice", "a", "*"],
    "n": ["1", "x"],
}


@st.composite
def unknowns(draw: st.DrawFn) -> dict[str, UnknownKey]:
    keys = draw(st.lists(st.sampled_from(sorted(VALUES)), unique=True, max_size=4))
    return {key: UnknownKey(may_be_absent=draw(st.booleans())) for key in keys}


def assignments(unknown: Mapping[str, UnknownKey]) -> st.SearchStrategy[dict[str, ContextValue]]:
    """Draw values for the unknown keys: all that must be there, of the others some."""
    must = {key: one_value(key) for key, one in unknown.items() if not one.may_be_absent}
    may = {key: st.sampled_from(VALUES[key]) for key, one in unknown.items() if one.may_be_absent}
    return st.fixed_dictionaries(must, optional=may)


def one_value(key: str) -> st.SearchStrategy[ContextValue]:
    return st.sampled_from([value for value in VALUES[key] if value != ()])


def check(data: st.DataObject, request: Request, attached: Policies, settings: Assumptions) -> None:
    unknown = data.draw(unknowns())
    found = possible(request, attached, unknown, settings)
    assert found.effects
    assert found.matters <= unknown.keys()
    kept = {key: one for key, one in request.context.items() if key.lower() not in unknown}
    first, second = data.draw(assignments(unknown)), data.draw(assignments(unknown))
    effects = [
        decide(replace(request, context=Context({**kept, **values})), attached, settings).effect
        for values in (first, second)
    ]
    assert set(effects) <= found.effects
    # what does not matter changes nothing, whatever the others are
    only_idle = {
        **{key: one for key, one in first.items() if key in found.matters},
        **{key: one for key, one in second.items() if key not in found.matters},
    }
    again = decide(replace(request, context=Context({**kept, **only_idle})), attached, settings)
    assert again.effect is effects[0]


settings_of = st.builds(
    Assumptions,
    **{
        field.name: st.booleans()
        for field in fields(Assumptions)
        if isinstance(field.default, bool)
    },
)


@given(st.data(), requests, policies, settings_of)
def test_every_assignment_is_among_the_effects(
    data: st.DataObject, request: Request, attached: Policies, settings: Assumptions
) -> None:
    check(data, request, attached, settings)


@given(st.data(), requests, odd_policies, settings_of)
def test_every_assignment_is_among_the_effects_of_odd_policies(
    data: st.DataObject, request: Request, attached: Policies, settings: Assumptions
) -> None:
    check(data, request, attached, settings)


ORGANISED = st.builds(Policies, scps=SCPS, rcps=RCPS, trust=TRUST)


@given(st.data(), requests, policies, ORGANISED)
def test_every_assignment_is_among_the_effects_of_all_kinds(
    data: st.DataObject, request: Request, attached: Policies, others: Policies
) -> None:
    role = replace(request, action="sts:AssumeRole", resource="arn:aws:iam::111122223333:role/R")
    check(
        data,
        role,
        replace(attached, trust=others.trust, scps=others.scps, rcps=others.rcps),
        Assumptions(),
    )


@given(requests, odd_policies)
def test_with_everything_known_it_is_the_engine(request: Request, attached: Policies) -> None:
    found = possible(request, attached, {})
    assert found.effects == {decide(request, attached).effect}
    assert not found.matters


@given(requests, odd_policies)
def test_a_key_that_nothing_asks_for_changes_nothing(request: Request, attached: Policies) -> None:
    asked = asked_keys(request, attached, Assumptions())
    kept = {key: one for key, one in request.context.items() if key.lower() in asked}
    fewer = decide(replace(request, context=Context(kept)), attached)
    assert fewer.effect is decide(request, attached).effect


def statement(effect: str = "Allow", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": "*", "Resource": "*", **more}


def deny(operator: str, key: str, value: Any) -> dict[str, Any]:
    return statement("Deny", Condition={operator: {key: value}})


FORCE_MFA = deny("BoolIfExists", "aws:MultiFactorAuthPresent", "false")
MFA, IP = "aws:multifactorauthpresent", "aws:sourceip"
ROLE = "arn:aws:iam::111122223333:role/*Dev"


@pytest.mark.parametrize(
    ("statements", "unknown", "effects", "matters"),
    [
        ([statement(), FORCE_MFA], {MFA: UnknownKey()}, {ALLOWED, EXPLICIT}, {MFA}),
        ([FORCE_MFA], {MFA: UnknownKey()}, {IMPLICIT, EXPLICIT}, {MFA}),
        ([statement(), statement("Deny"), FORCE_MFA], {MFA: UnknownKey()}, {EXPLICIT}, set()),
        # an allow that is sure makes another one idle
        (
            [statement(), statement(Condition={"Bool": {MFA: "true"}})],
            {MFA: UnknownKey()},
            {ALLOWED},
            set(),
        ),
        # a key that is always there
        (
            [statement(), deny("Null", IP, "true")],
            {IP: UnknownKey(may_be_absent=False)},
            {ALLOWED},
            set(),
        ),
        ([statement(), deny("Null", IP, "true")], {IP: UnknownKey()}, {ALLOWED, EXPLICIT}, {IP}),
        # a statement about another resource, and one that another condition keeps from applying
        (
            [statement(), {**FORCE_MFA, "Resource": "arn:aws:s3:::c"}],
            {MFA: UnknownKey()},
            {ALLOWED},
            set(),
        ),
        (
            [statement(), statement("Deny", Condition={"Bool": {MFA: "false", "k": "true"}})],
            {MFA: UnknownKey()},
            {ALLOWED},
            set(),
        ),
        # variables
        (
            [statement(Resource="arn:aws:s3:::b/${aws:username}")],
            {"aws:username": UnknownKey()},
            {ALLOWED, IMPLICIT},
            {"aws:username"},
        ),
        (
            [statement(Resource="arn:aws:s3:::c/${aws:username}")],
            {"aws:username": UnknownKey()},
            {IMPLICIT},
            set(),
        ),
        (
            [statement(NotResource="arn:aws:s3:::c/${aws:username}", Resource=None)],
            {"aws:username": UnknownKey()},
            {ALLOWED, IMPLICIT},
            {"aws:username"},
        ),
        # what is known of a value
        (
            [statement(), deny("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/Ops")],
            {"aws:principalarn": UnknownKey(may_be_absent=False, like=ROLE)},
            {ALLOWED},
            set(),
        ),
        (
            [statement(), deny("ArnNotLike", "aws:PrincipalArn", "arn:aws:iam::*:role/Ops")],
            {"aws:principalarn": UnknownKey(may_be_absent=False, like=ROLE)},
            {EXPLICIT},
            set(),
        ),
        (
            [statement(), deny("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/a/De?")],
            {"aws:principalarn": UnknownKey(may_be_absent=False, like=ROLE)},
            {ALLOWED, EXPLICIT},
            {"aws:principalarn"},
        ),
    ],
)
def test_what_it_depends_on(
    statements: list[dict[str, Any]],
    unknown: dict[str, UnknownKey],
    effects: set[DecisionEffect],
    matters: set[str],
) -> None:
    written = [{k: v for k, v in one.items() if v is not None} for one in statements]
    found = possible(S3, Policies((policy(written),)), unknown)
    assert (set(found.effects), set(found.matters)) == (effects, matters)


def test_a_principal_may_be_named_by_an_id_that_is_not_known() -> None:
    named = {**statement(), "Principal": {"AWS": "AIDAALICE"}}
    document = from_json({"Statement": named}, kind=PolicyKind.RESOURCE)
    attached = Policies(resource=AttachedPolicy("bucket", document))
    assert asked_keys(S3, attached, Assumptions()) == {"aws:userid"}
    found = possible(S3, attached, {"aws:userid": UnknownKey()})
    assert (found.effects, found.matters) == ({ALLOWED, IMPLICIT}, {"aws:userid"})
    known = replace(S3, context=context_of({"aws:userid": "AIDAALICE"}))
    assert possible(known, attached, {}).effects == {ALLOWED}


@given(
    st.lists(st.text("aB/", max_size=3), min_size=1, max_size=4).map("*".join),
    st.text("aB/*", max_size=6),
    st.sampled_from(["StringLike", "StringNotLike", "StringEquals", "StringEqualsIgnoreCase"]),
    st.text("aB/", max_size=5),
)
def test_a_pattern_of_values_takes_in_each_of_them(
    like: str, wanted: str, operator: str, filler: str
) -> None:
    attached = Policies((policy(statement(Condition={operator: {"k": wanted}})),))
    found = possible(S3, attached, {"k": UnknownKey(may_be_absent=False, like=like)})
    value = like.replace("*", filler)
    decided = decide(replace(S3, context=context_of({"k": value})), attached)
    assert decided.effect in found.effects
