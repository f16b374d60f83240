"""Assumptions, what cannot be decided, and the shape of a decision."""

from dataclasses import fields, replace
from typing import Any

import pytest

from engine.asking import ALICE, condition_holds, context_of, policy
from sekisho.engine import (
    Assumptions,
    AttachedPolicy,
    Context,
    Decider,
    DecisionEffect,
    Engine,
    Policies,
    Request,
    ResourcePolicyKind,
    decide,
    missing_resource_policy,
)
from sekisho.engine.groups import applies
from sekisho.engine.matching import Scope, TrackedAssumptions, caller_of, with_other_setting
from sekisho.engine.matching.principals import Closeness
from sekisho.errors import FaultyPolicy, FaultyRequest
from sekisho.policy import (
    Condition,
    Document,
    Effect,
    Element,
    Operator,
    OperatorName,
    PolicyKind,
    Principal,
    PrincipalKey,
    Statement,
    from_json,
    parse,
)

OBJECT = "arn:aws:s3:::b/k"
ALLOW = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def allow(**parts: Any) -> dict[str, Any]:
    statement = {**ALLOW, **parts}
    for name in ("Action", "Resource"):
        if f"Not{name}" in parts:
            del statement[name]
    return statement


DOUBTFUL = {
    "unresolved_not_resource": allow(NotResource="arn:aws:s3:::c/${nothing}"),
    "arn_span": allow(Resource="arn:aws:*:k"),
    "wildcard_service_prefix": allow(Action="s?:GetObject"),
    "any_value_if_exists_when_missing": allow(
        Condition={"ForAnyValue:StringEqualsIfExists": {"nothing": "x"}}
    ),
    "malformed_value_matches_negated": allow(Condition={"NumericNotEquals": {"n": "x"}}),
    "malformed_value_matches": allow(Condition={"DateGreaterThan": {"n": "2026-11-31"}}),
    "malformed_arn_matches_negated": allow(Condition={"ArnNotLike": {"n": OBJECT}}),
    "malformed_arn_as_text": allow(Condition={"ArnLike": {"n": "*"}}),
    "short_arn_completed": allow(Condition={"ArnLike": {"a": "arn:aws:s3"}}),
    "empty_value_list_matches": allow(Condition={"StringEquals": {"n": []}}),
    "empty_string_is_null": allow(Condition={"Null": {"e": "true"}}),
    "list_needs_set_operator": allow(Condition={"StringNotEquals": {"l": "z"}}),
    "bool_variables": allow(Condition={"Bool": {"t": "${t}"}}),
    "bool_other_is_false": allow(Condition={"Bool": {"n": "false"}}),
    "not_principal_needs_chain": {**allow(Effect="Deny"), "NotPrincipal": {"AWS": ALICE}},
}
"""For each assumption a statement whose effect hangs on it."""


TURNED_WITH = {
    "malformed_arn_matches_negated": ("malformed_arn_as_text", "malformed_arn_matches_negated")
}
"""Where one is turned, another decides as well: what is no ARN may be compared as a text."""


def test_every_assumption_has_its_statement() -> None:
    # which requests there are is asked by proofs alone
    names = {field.name for field in fields(Assumptions)} - {"catalogue_complete"}
    assert set(DOUBTFUL) == names


@pytest.mark.parametrize("name", DOUBTFUL)
def test_a_assumption_decides_and_is_named(name: str) -> None:
    resource = "arn:aws:s3:::b:k" if name == "arn_span" else OBJECT
    context = context_of({"n": "1", "t": "true", "a": OBJECT, "e": "", "l": ["x", "y"]})
    request = Request(ALICE, "s3:GetObject", resource, context)
    if "NotPrincipal" in DOUBTFUL[name]:
        document = from_json({"Statement": DOUBTFUL[name]}, kind=PolicyKind.RESOURCE)
        policies = Policies((policy(ALLOW),), resource=AttachedPolicy("bucket", document))
    else:
        policies = Policies((policy(DOUBTFUL[name]),))
    default = decide(request, policies)
    turned = with_other_setting(Assumptions(), name)
    other = decide(request, policies, turned)
    denied = DecisionEffect.EXPLICITLY_DENIED if policies.resource else None
    assert {default.effect, other.effect} == {
        DecisionEffect.ALLOWED,
        denied or DecisionEffect.IMPLICITLY_DENIED,
    }
    assert default.assumed == (name,)
    assert other.assumed == TURNED_WITH.get(name, (name,))
    # where another statement decides for certain, nothing is assumed
    sure = policy({**ALLOW, "Effect": "Deny"} if denied else ALLOW)
    certain = replace(policies, identity=(*policies.identity, sure))
    assert decide(request, certain).assumed == ()


def test_a_deny_by_not_resource_is_on_the_safe_side() -> None:
    """Both settings deny: the entry whose variable has no value excepts nothing."""
    request = Request(ALICE, "s3:GetObject", OBJECT)
    deny = allow(Effect="Deny", NotResource="arn:aws:s3:::b/${nothing}")
    decision = decide(request, Policies((policy([ALLOW, deny]),)))
    assert decision.effect is DecisionEffect.EXPLICITLY_DENIED
    assert decision.assumed == ()


def test_the_version_decides_about_variables() -> None:
    statement = allow(Resource="arn:aws:s3:::${aws:username}/k")
    request = Request(ALICE, "s3:GetObject", OBJECT, context_of({"aws:username": "b"}))
    for version, effect in [
        ("2012-10-17", DecisionEffect.ALLOWED),
        ("2008-10-17", DecisionEffect.IMPLICITLY_DENIED),
        (None, DecisionEffect.IMPLICITLY_DENIED),
    ]:
        assert decide(request, Policies((policy(statement, version),))).effect is effect


def test_nothing_is_added_to_the_context() -> None:
    assert not condition_holds("StringLike", "aws:username", ["*"], {})
    assert condition_holds("Null", "aws:PrincipalArn", ["true"], {})


def test_the_cause_says_where_the_statement_stands() -> None:
    text = '{\n "Statement": [\n  {"Sid": "A", "Effect": "Allow", "Action": "*", "Resource": "*"}]}'
    given = Policies((AttachedPolicy("name", parse(text)),))
    (cause,) = decide(Request(ALICE, "s3:GetObject", OBJECT), given).because
    assert (cause.policy, cause.index, cause.sid) == ("name", 0, "A")
    assert cause.position.line == 3


@pytest.mark.parametrize("principal", ["hanako", "", "user/hanako", "111122223333"])
def test_a_request_without_a_principal_is_refused_when_it_is_made(principal: str) -> None:
    with pytest.raises(FaultyRequest, match="give the ARN of a user") as caught:
        Request(principal, "s3:GetObject", OBJECT)
    assert [fault.path for fault in caught.value.faults] == ["request.principal"]


def test_a_decision_is_no_truth_value() -> None:
    decision = decide(Request(ALICE, "s3:GetObject", OBJECT), Policies())
    with pytest.raises(TypeError, match=r"DecisionEffect\.ALLOWED"):
        bool(decision)


def test_the_engine_is_a_decider() -> None:
    engine: Decider = Engine(Assumptions(wildcard_service_prefix=False))
    given = Policies((policy(DOUBTFUL["wildcard_service_prefix"]),))
    decision = engine.decide(Request(ALICE, "s3:GetObject", OBJECT), given)
    assert decision.effect is DecisionEffect.IMPLICITLY_DENIED


def _statement(**parts: Any) -> Document:
    whole = {"resource": Element(("*",)), **parts}
    return Document((Statement(0, Effect.DENY, Element(("*",)), **whole),))


ANYONE = Principal(((PrincipalKey.ANYONE, ("*",)),))


def _condition(operator: Operator, value: str) -> Document:
    return _statement(conditions=(Condition(operator, "k", (value,)),))


LIKE = Operator(OperatorName.STRING_LIKE)
HAND_MADE = {
    "null-if-exists": (_condition(Operator(OperatorName.NULL, if_exists=True), "true"), "Null"),
    "principal-in-identity": (_statement(principal=ANYONE), "Statement[0]"),
    "no-resource-in-identity": (_statement(resource=None), "Statement[0]"),
    "missing-brace": (_condition(LIKE, "${aws:username"), "StringLike"),
    "empty-variable": (_condition(LIKE, "x${}"), "StringLike"),
    "space-in-variable": (_condition(LIKE, "${aws:user name}"), "StringLike"),
    "default-without-quotes": (_condition(LIKE, "${k, d}"), "StringLike"),
    "default-without-space": (_condition(LIKE, "${k,'d'}"), "StringLike"),
    "variable-in-variable": (_condition(LIKE, "${a${b}}"), "StringLike"),
    "resource": (_statement(resource=Element(("arn:aws:s3:::b/${",))), "Resource"),
    "not-resource": (_statement(resource=Element(("arn:aws:s3:::b/${",), True)), "NotResource"),
}


@pytest.mark.parametrize("name", HAND_MADE)
def test_a_policy_that_cannot_be_read_for_certain_is_an_error(name: str) -> None:
    document, place = HAND_MADE[name]
    for policies in (
        Policies((AttachedPolicy("bad", document),)),
        Policies((policy(ALLOW), AttachedPolicy("bad", document))),
        Policies(boundaries=(AttachedPolicy("bad", document),)),
        Policies(session=(AttachedPolicy("bad", document),)),
    ):
        with pytest.raises(FaultyPolicy) as caught:
            decide(Request(ALICE, "s3:GetObject", OBJECT), policies)
        assert caught.value.source == "bad"
        assert any(place in fault.path for fault in caught.value.faults)


def test_a_assumption_is_about_its_own_point_only() -> None:
    every = Assumptions(empty_value_list_matches=True, bool_variables=True)
    assert condition_holds("Null", "k", [], {}, assumptions=every)
    assert condition_holds("Bool", "k", ["${t}"], {"k": "true", "t": "true"}, assumptions=every)
    for operator in ("NumericEquals", "DateEquals", "IpAddress", "BinaryEquals"):
        value = "10.0.0.1" if operator == "IpAddress" else "1111"
        context = {"k": value, "t": value}
        assert not condition_holds(operator, "k", ["${t}"], context, assumptions=every)


def test_the_given_kind_of_a_resource_policy_counts_before_its_arn() -> None:
    """Without a kind the ARN of a key tells that the key policy must itself allow."""
    key = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    statement = {**ALLOW, "Principal": {"AWS": "arn:aws:iam::111122223333:user/bob"}}
    document = from_json({"Statement": statement}, kind=PolicyKind.RESOURCE)
    given = Policies((policy(ALLOW),), resource=AttachedPolicy("key", document))
    request = Request(ALICE, "kms:Decrypt", key)
    for kind, effect in [
        (None, DecisionEffect.IMPLICITLY_DENIED),
        (ResourcePolicyKind.KMS, DecisionEffect.IMPLICITLY_DENIED),
        (ResourcePolicyKind.OTHER, DecisionEffect.ALLOWED),
    ]:
        assert decide(request, replace(given, resource_kind=kind)).effect is effect


def test_a_resource_has_one_policy_of_its_own() -> None:
    statement = {"Effect": "Allow", "Action": "*", "Principal": "*"}
    trust = from_json({"Statement": statement}, kind=PolicyKind.TRUST)
    other = from_json({"Statement": {**statement, "Resource": "*"}}, kind=PolicyKind.RESOURCE)
    given = Policies(trust=AttachedPolicy("t", trust), resource=AttachedPolicy("r", other))
    with pytest.raises(FaultyRequest, match="one resource"):
        decide(Request(ALICE, "s3:GetObject", OBJECT), given)


@pytest.mark.parametrize(
    "principal", ["cloudtrail", "arn.example.com", "cloudtrail.amazonaws.com:x", "arn:aws:iam"]
)
def test_what_is_no_service_is_not_taken_for_one(principal: str) -> None:
    statement = {**ALLOW, "Principal": "*"}
    document = from_json({"Statement": statement}, kind=PolicyKind.RESOURCE)
    with pytest.raises(FaultyRequest):
        decide(
            Request(principal, "s3:GetObject", OBJECT),
            Policies(resource=AttachedPolicy("r", document)),
        )


def test_a_user_id_of_several_values_is_nobodys() -> None:
    statement = {**ALLOW, "Principal": {"AWS": "AIDAALICE"}}
    document = from_json({"Statement": statement}, kind=PolicyKind.RESOURCE)
    request = Request(ALICE, "s3:GetObject", OBJECT, context_of({"aws:userid": ["AIDAALICE"]}))
    decision = decide(request, Policies(resource=AttachedPolicy("r", document)))
    assert decision.effect is DecisionEffect.IMPLICITLY_DENIED


@pytest.mark.parametrize("entry", ["*:", "s3:", ":GetObject", "GetObject", "s3: GetObject", ""])
def test_an_entry_that_is_no_action_matches_none(entry: str) -> None:
    """`policy.parse` refuses it; made by hand it is no wildcard either."""
    statement = Statement(0, Effect.DENY, Element((entry,)), Element(("*",)))
    given = Policies((AttachedPolicy("p", Document((statement,))), policy(ALLOW)))
    decision = decide(Request(ALICE, "s3:GetObject", OBJECT), given)
    assert decision.effect is DecisionEffect.ALLOWED


def test_in_an_old_document_a_dollar_is_a_dollar() -> None:
    old = Document(_condition(LIKE, "${").statements, None)
    request = Request(ALICE, "s3:GetObject", OBJECT, context_of({"k": "${"}))
    decision = decide(request, Policies((AttachedPolicy("old", old),)))
    assert decision.effect is DecisionEffect.EXPLICITLY_DENIED


@pytest.mark.parametrize(
    ("principal", "action", "resource", "account", "places"),
    [
        ("", "s3:GetObject", OBJECT, None, ["principal"]),
        ("*", "s3:GetObject", OBJECT, None, ["principal"]),
        ("hanako.sato", "s3:GetObject", OBJECT, None, ["principal"]),
        ("cloudtrail", "s3:GetObject", OBJECT, None, ["principal"]),
        ("arn.example.com", "s3:GetObject", OBJECT, None, ["principal"]),
        ("cloudtrail.amazonaws.com:x", "s3:GetObject", OBJECT, None, ["principal"]),
        ("arn:aws:iam", "s3:GetObject", OBJECT, None, ["principal"]),
        ("xrn:aws:iam::111122223333:user/alice", "s3:GetObject", OBJECT, None, ["principal"]),
        ("arn:aws:iam::11112222333:user/alice", "s3:GetObject", OBJECT, None, ["principal"]),
        ("arn:aws:iam::111122223333:user/", "s3:GetObject", OBJECT, None, ["principal"]),
        ("arn:aws:sts::111122223333:assumed-role/R", "s3:GetObject", OBJECT, None, ["principal"]),
        (ALICE, "GetObject", "x", "1", ["action", "resource", "resourceAccount"]),
        (ALICE, "s3:Get Object", OBJECT, None, ["action"]),
        (ALICE, "s3:Get:Object", OBJECT, None, ["action"]),
        (ALICE, "s3:Getобъект", OBJECT, None, ["action"]),
        (ALICE, "s3:GetObject", "arn:aws:s3", None, ["resource"]),
    ],
)
def test_a_request_that_aws_could_not_be_asked(
    principal: str, action: str, resource: str, account: str | None, places: list[str]
) -> None:
    with pytest.raises(FaultyRequest) as caught:  # noqa: PT012 - the principal at once, the rest then
        request = Request(principal, action, resource, Context(), account)
        decide(request, Policies())
    assert [fault.path for fault in caught.value.faults] == [f"request.{p}" for p in places]


def test_a_thousand_stars_do_not_hang() -> None:
    stars = "arn:aws:s3:::" + "*a" * 1_000 + "b"
    given = Policies((AttachedPolicy("stars", from_json({"Statement": allow(Resource=stars)})),))
    request = Request(ALICE, "s3:GetObject", "arn:aws:s3:::" + "a" * 100_000)
    assert decide(request, given).effect is DecisionEffect.IMPLICITLY_DENIED


def test_a_variable_without_a_value_counts_only_where_it_could_matter() -> None:
    # as one string `*` may span colons, but what stands before the variable does not match
    statement = {
        "Effect": "Allow",
        "Action": "*",
        "NotResource": "arn:aws:iam::*:mfa/${aws:username}",
    }
    document = from_json({"Version": "2012-10-17", "Statement": statement})
    policies = Policies(identity=(AttachedPolicy("p", document),))
    decision = decide(Request(ALICE, "s3:GetObject", "arn:aws:s3:::b/k"), policies)
    assert (decision.effect, decision.assumed) == (DecisionEffect.ALLOWED, ())


@pytest.mark.parametrize(
    ("action", "closeness"), [("s3:GetObject", Closeness.ITSELF), ("s3:PutObject", Closeness.NOT)]
)
def test_a_statement_by_itself_applies_to_its_action_only(
    action: str, closeness: Closeness
) -> None:
    (statement,) = policy(allow(Action="s3:GetObject")).document.statements
    request = Request(ALICE, action, OBJECT)
    caller = caller_of(request, bounded=False)
    assert (
        applies(statement, Scope(request, caller, None, TrackedAssumptions(Assumptions())))
        is closeness
    )


ROLE, KEY = "arn:aws:iam::111122223333:role/Ops", "arn:aws:kms:eu-west-1:111122223333:key/1234abcd"


@pytest.mark.parametrize(
    ("action", "resource", "kind"),
    [
        ("sts:AssumeRole", ROLE, PolicyKind.TRUST),
        ("STS:TagSession", ROLE, PolicyKind.TRUST),
        ("iam:GetRole", ROLE, None),
        ("sts:GetSessionToken", "*", None),
        ("sts:AssumeRole", ALICE, None),
        ("kms:Decrypt", KEY, PolicyKind.RESOURCE),
        ("s3:GetObject", OBJECT, None),
    ],
)
def test_what_must_itself_allow_is_missed_only_where_it_is_not_given(
    action: str, resource: str, kind: PolicyKind | None
) -> None:
    request, identity = Request(ALICE, action, resource), (policy(ALLOW),)
    trust = AttachedPolicy("trust", Document((), None))
    for given, missed in [
        (Policies(identity), kind),
        (Policies(), kind),
        (Policies((policy({**ALLOW, "Effect": "Deny"}),)), None),
        (Policies(identity, trust=trust), None),
        (Policies(identity, resource=trust), None),
    ]:
        assert missing_resource_policy(request, given, decide(request, given)) is missed
