"""What a request could be decided as: every assignment of the unknown keys is among it."""

from collections.abc import Mapping
from dataclasses import fields, replace
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.asking import ALICE, context_of, policy
from engine.conditional import conditional_policies
from engine.drawn import one_of_each
from engine.test_compiled_laws import RCPS, SCPS, TRUST
from engine.test_compiled_laws import policies as odd_policies
from engine.test_laws import policies, requests
from sekisho.engine import (
    RESOURCE,
    ArnSpan,
    Assumptions,
    AttachedPolicy,
    Context,
    ContextValue,
    DecisionEffect,
    Policies,
    Request,
    UnknownKey,
    decide,
    possible,
    relevant_keys,
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
    "aws:multifactorauthage": ["1", "5000", "x"],
    "aws:sourceip": ["10.0.0.1", "192.0.2.1", "::1"],
    "aws:multifactorauthpresent": ["true", "false", "x", ("true",)],
    "aws:tagkeys": ["a", ("a",), ("b", "ab"), ()],
    "k": ["a", "", "k/alice", "x*y", ("a", "alice"), "10"],
    "aws:principaltag/team": ["alice", "a", "*"],
    "n": ["1", "x"],
}


@st.composite
def unknowns(draw: st.DrawFn) -> dict[str, UnknownKey]:
    keys = draw(st.lists(st.sampled_from(sorted(VALUES)), unique=True, max_size=5))
    return {key: UnknownKey(may_be_absent=draw(st.booleans())) for key in keys}


def assigned(unknown: Mapping[str, UnknownKey], chance: Random) -> dict[str, ContextValue]:
    """Return values for the unknown keys: for all that must be there, for some of the others."""
    found: dict[str, ContextValue] = {}
    for key, one in unknown.items():
        values = VALUES[key] if one.may_be_absent else [each for each in VALUES[key] if each != ()]
        if not one.may_be_absent or chance.random() < 0.7:
            found[key] = chance.choice(values)
    return found


_TRIED = 10


def check(data: st.DataObject, request: Request, attached: Policies, settings: Assumptions) -> None:
    unknown, seed = data.draw(unknowns()), data.draw(st.integers(0, 2**32))
    chance = Random(seed)  # noqa: S311 - nothing is secret here
    found = possible(request, attached, unknown, settings)
    assert found.effects
    assert found.matters <= unknown.keys()
    kept = {key: one for key, one in request.context.items() if key.lower() not in unknown}

    def effect_with(values: Mapping[str, ContextValue]) -> DecisionEffect:
        context = Context({**kept, **values})
        return decide(replace(request, context=context), attached, settings).effect

    for _ in range(_TRIED):
        first, second = assigned(unknown, chance), assigned(unknown, chance)
        effect = effect_with(first)
        assert effect in found.effects
        # what does not matter changes nothing, whatever the others are
        mixed = {
            **{key: one for key, one in first.items() if key in found.matters},
            **{key: one for key, one in second.items() if key not in found.matters},
        }
        assert effect_with(mixed) is effect


BELOW_A_PATH = "arn:aws:iam::111122223333:user/*/bob"
LIKES: dict[str, list[str]] = {
    "*": ["arn:aws:s3:::b/alice", "arn:aws:iam::111122223333:user/alice", "arn:aws:s3:::k"],
    "arn:*:s3:::*": ["arn:aws:s3:::b/k/alice", "arn:aws:s3:::b", "arn:aws-cn:s3:::b/"],
    "arn:aws:s3:::b/*": ["arn:aws:s3:::b/alice", "arn:aws:s3:::b/", "arn:aws:s3:::b/k/x"],
    "arn:aws:s3:::*/alice": ["arn:aws:s3:::b/alice", "arn:aws:s3:::c/k/alice"],
    "arn:aws:iam::*:user/*": ["arn:aws:iam::111122223333:user/alice"],
    "arn:aws:iam::111122223333:user/bob": ["arn:aws:iam::111122223333:user/bob"],
    BELOW_A_PATH: [
        "arn:aws:iam::111122223333:user/team/bob",
        "arn:aws:iam::111122223333:user/x:mfa/bob",
    ],
}
"""What an ARN is like, and some that are so."""


def check_resources(data: st.DataObject, request: Request, attached: Policies) -> None:
    like = data.draw(st.sampled_from(sorted(LIKES)))
    unknown, seed = data.draw(unknowns()), data.draw(st.integers(0, 2**32))
    chance = Random(seed)  # noqa: S311 - nothing is secret here
    asked = {**unknown, RESOURCE: UnknownKey(may_be_absent=False, like=like)}
    found = possible(request, attached, asked)
    assert found.matters <= asked.keys()
    kept = {key: one for key, one in request.context.items() if key.lower() not in unknown}
    for resource in LIKES[like]:
        context = Context({**kept, **assigned(unknown, chance)})
        decided = decide(replace(request, resource=resource, context=context), attached)
        assert decided.effect in found.effects
    if RESOURCE not in found.matters:
        context = Context({**kept, **assigned(unknown, chance)})
        effects = {
            decide(replace(request, resource=one, context=context), attached).effect
            for one in LIKES[like]
        }
        assert len(effects) == 1


@given(st.data(), requests, policies)
def test_every_resource_of_a_pattern_is_among_the_effects(
    data: st.DataObject, request: Request, attached: Policies
) -> None:
    check_resources(data, request, replace(attached, resource=None, trust=None))


@given(st.data(), requests, conditional_policies())
def test_every_resource_is_among_the_effects_where_much_depends_on_keys(
    data: st.DataObject, request: Request, attached: Policies
) -> None:
    asked = replace(request, action="s3:GetObject")
    check_resources(data, asked, replace(attached, resource=None, trust=None))


_POINTS = [field.name for field in fields(Assumptions) if isinstance(field.default, bool)]
settings_of = one_of_each(*([False, True] for _ in _POINTS)).map(
    lambda chosen: Assumptions(**dict(zip(_POINTS, chosen, strict=True)))
)


@given(st.data(), requests, policies, settings_of)
def test_every_assignment_is_among_the_effects(
    data: st.DataObject, request: Request, attached: Policies, settings: Assumptions
) -> None:
    check(data, request, attached, settings)


@given(st.data(), requests, conditional_policies())
def test_every_assignment_is_among_the_effects_where_much_depends_on_it(
    data: st.DataObject, request: Request, attached: Policies
) -> None:
    asked = replace(request, action="s3:GetObject", resource="arn:aws:s3:::b/k/alice")
    check(data, asked, attached, Assumptions())


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
    found, decided = possible(request, attached, {}), decide(request, attached)
    assert found.effects == {decided.effect}
    assert not found.matters
    assert found.denied_by == (decided.because if decided.effect is EXPLICIT else ())


@given(requests, odd_policies)
def test_a_key_that_nothing_asks_for_changes_nothing(request: Request, attached: Policies) -> None:
    asked = relevant_keys(request, attached)
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


@pytest.mark.parametrize(
    ("element", "like", "effects"),
    [
        ({"Resource": "*"}, "arn:aws:s3:::*", {EXPLICIT}),
        ({"Resource": "arn:aws:s3:::*"}, "arn:aws:s3:::*", {EXPLICIT}),
        ({"Resource": "arn:aws:s3:::b*"}, "arn:aws:s3:::bucket/*", {EXPLICIT}),
        ({"Resource": "arn:aws:s3:::bucket/a"}, "arn:aws:s3:::bucket/*", {ALLOWED, EXPLICIT}),
        ({"Resource": "arn:aws:s3:::other/*"}, "arn:aws:s3:::bucket/*", {ALLOWED}),
        ({"NotResource": "arn:aws:s3:::other/*"}, "arn:aws:s3:::bucket/*", {EXPLICIT}),
        ({"NotResource": "arn:aws:s3:::bucket/a"}, "arn:aws:s3:::bucket/*", {ALLOWED, EXPLICIT}),
        ({"NotResource": "arn:aws:s3:::*"}, "arn:aws:s3:::bucket/*", {ALLOWED}),
        ({"Resource": "arn:aws:s3:::${aws:username}"}, "arn:aws:s3:::b", {ALLOWED, EXPLICIT}),
        ({"NotResource": "arn:aws:s3:::c/${k}"}, "arn:aws:s3:::b", {ALLOWED, EXPLICIT}),
        ({"NotResource": "arn:aws:iam::*:mfa/*"}, BELOW_A_PATH, {EXPLICIT}),
        ({"NotResource": "arn:aws:iam::*:user/*"}, BELOW_A_PATH, {ALLOWED}),
        ({"Resource": "arn:aws:iam::*:user/team/*"}, BELOW_A_PATH, {ALLOWED, EXPLICIT}),
    ],
)
def test_a_resource_that_is_not_known(
    element: dict[str, str], like: str, effects: set[DecisionEffect]
) -> None:
    denied = {"Effect": "Deny", "Action": "*", **element}
    found = possible(
        S3, Policies((policy([statement(), denied]),)), {RESOURCE: UnknownKey(like=like)}
    )
    assert found.effects == effects
    assert (RESOURCE in found.matters) is (len(effects) > 1)


def test_a_star_that_may_take_in_colons_may_take_in_a_path_with_them() -> None:
    devices = {"Effect": "Deny", "Action": "*", "NotResource": "arn:aws:iam::*:mfa/*"}
    found = possible(
        S3,
        Policies((policy([statement(), devices]),)),
        {RESOURCE: UnknownKey(like=BELOW_A_PATH)},
        Assumptions(arn_span=ArnSpan.WHOLE_STRING),
    )
    assert found.effects == {ALLOWED, EXPLICIT}


def test_a_principal_may_be_named_by_an_id_that_is_not_known() -> None:
    named = {**statement(), "Principal": {"AWS": "AIDAALICE"}}
    document = from_json({"Statement": named}, kind=PolicyKind.RESOURCE)
    attached = Policies(resource=AttachedPolicy("bucket", document))
    assert set(relevant_keys(S3, attached)) == {"aws:userid"}
    found = possible(S3, attached, {"aws:userid": UnknownKey()})
    assert (found.effects, found.matters) == ({ALLOWED, IMPLICIT}, {"aws:userid"})
    known = replace(S3, context=context_of({"aws:userid": "AIDAALICE"}))
    assert possible(known, attached, {}).effects == {ALLOWED}


def test_an_allow_that_names_the_caller_closer_is_not_idle() -> None:
    account = {**statement(), "Principal": {"AWS": "111122223333"}}
    closer = {**statement(Condition={"Bool": {MFA: "true"}}), "Principal": "*"}
    document = from_json({"Statement": [account, closer]}, kind=PolicyKind.RESOURCE)
    attached = Policies(resource=AttachedPolicy("bucket", document))
    found = possible(S3, attached, {MFA: UnknownKey()})
    assert (found.effects, found.matters) == ({ALLOWED, IMPLICIT}, {MFA})


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
