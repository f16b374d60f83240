"""What an explanation names is what decided, and mending what it names mends the denial."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.asking import ALICE, context_of, policy
from engine.test_laws import policies, requests
from sekisho.engine import (
    AttachedPolicy,
    DecisionEffect,
    Level,
    Part,
    Policies,
    Request,
    decide,
    explain,
)
from sekisho.engine.exchange import decisions
from sekisho.engine.exchange.decisions import explanation_to_json, reasons
from sekisho.messages import Language
from sekisho.policy import Document, Effect, Element, OperatorName, PolicyKind, Statement, from_json

SESSION = "arn:aws:sts::111122223333:assumed-role/Ops/s"
BUCKET = "arn:aws:s3:::b/k"
ENFORCEMENT = {
    "Sid": "Enforcement",
    "Effect": "Deny",
    "NotAction": ["iam:GetUser"],
    "Resource": "*",
    "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
}


def allow(sid: str, action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": action, "Resource": resource, **more}


def missed(request: Request, given_to: Policies) -> list[tuple[str | None, list[Part]]]:
    """The nearest misses of the first lack: the Sid and the parts that failed."""
    lack = explain(request, given_to).lacks[0]
    return [
        (miss.statement.sid, [point.part for point in miss.failed_points]) for miss in lack.nearest
    ]


def test_an_allowed_request_has_nothing_to_explain() -> None:
    explanation = explain(
        Request(ALICE, "s3:GetObject", BUCKET), Policies((policy(allow("A", "*")),))
    )
    assert explanation.decision.effect is DecisionEffect.ALLOWED
    assert explanation.denials == explanation.lacks == reasons(explanation) == ()


def test_the_part_that_fails_is_named() -> None:
    mfa = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    request = Request(ALICE, "s3:GetObject", BUCKET)
    for statement, part in [
        (allow("A", "s3:GetObjects"), Part.ACTION),
        (allow("A", "s3:GetObject", "arn:aws:s3:::b/other"), Part.RESOURCE),
        (allow("A", "s3:GetObject", Condition=mfa), Part.CONDITION),
    ]:
        assert missed(request, Policies((policy(statement),))) == [("A", [part])]


def test_a_statement_about_the_action_is_nearer_than_any_about_another() -> None:
    mfa = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    given_to = Policies(
        (
            policy(
                [
                    allow("Everywhere", "s3:PutObject"),
                    allow("Twice", "s3:GetObject", "arn:aws:s3:::c/*", Condition=mfa),
                    allow("Service", "ec2:*"),
                ]
            ),
        )
    )
    found = missed(Request(ALICE, "s3:GetObject", BUCKET), given_to)
    assert found == [("Twice", [Part.RESOURCE, Part.CONDITION])]


def test_of_other_actions_the_one_most_alike_is_named() -> None:
    given_to = Policies(
        (policy([allow("Far", "s3:PutBucketTagging"), allow("Slip", "s3:GetObjekt")]),)
    )
    assert missed(Request(ALICE, "s3:GetObject", BUCKET), given_to) == [("Slip", [Part.ACTION])]


def test_a_condition_shows_what_the_policy_wants_and_what_the_request_has() -> None:
    statement = allow("A", "*", Condition={"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}})
    request = Request(ALICE, "s3:GetObject", BUCKET, context_of({"aws:SourceIp": "198.51.100.7"}))
    (point,) = explain(request, Policies((policy(statement),))).lacks[0].nearest[0].failed_points
    assert (point.key, str(point.operator)) == ("aws:SourceIp", "IpAddress")
    assert (point.expected, point.actual) == (("203.0.113.0/24",), "198.51.100.7")


def test_a_variable_shows_what_it_stands_for() -> None:
    path = ALICE.replace("user/", "user/dev/")
    statement = allow("Self", "iam:GetUser", "arn:aws:iam::*:user/${aws:username}")
    request = Request(path, "iam:GetUser", path, context_of({"aws:username": "alice"}))
    for version, variables in [("2012-10-17", (("aws:username", "alice"),)), (None, ())]:
        given_to = Policies((policy(statement, version),))
        (point,) = explain(request, given_to).lacks[0].nearest[0].failed_points
        assert point.variables == variables


def test_a_deny_shows_the_condition_that_made_it_apply() -> None:
    request = Request(ALICE, "s3:GetObject", BUCKET)
    explanation = explain(request, Policies((policy([allow("A", "*"), ENFORCEMENT]),)))
    (denial,) = explanation.denials
    assert denial.statement.sid == "Enforcement"
    assert [point.part for point in denial.points] == [Part.ACTION, Part.RESOURCE, Part.CONDITION]
    assert denial.points[-1].actual is None
    assert explanation.lacks == ()


def test_every_kind_that_lacks_an_allow_is_named_and_its_level() -> None:
    other = (policy(allow("Other", "ec2:*")),)
    given_to = Policies(
        scps=(Level("root", (policy(allow("All", "*")),)), Level("Research", other)),
        boundaries=other,
    )
    lacking = explain(Request(ALICE, "s3:GetObject", BUCKET), given_to).lacks
    assert [(lack.kind, lack.level, bool(lack.nearest)) for lack in lacking] == [
        (PolicyKind.SCP, "Research", True),
        (PolicyKind.IDENTITY, "", False),
        (PolicyKind.BOUNDARY, "", True),
    ]


def said(request: Request, given_to: Policies) -> list[str]:
    lines = reasons(explain(request, given_to))
    assert all(line.ja != line.en for line in lines)
    return [line.en for line in lines]


def test_a_policy_that_was_not_given_is_not_spoken_of() -> None:
    everything = (policy(allow("All", "*")),)
    other = Request(ALICE, "s3:GetObject", BUCKET, resource_account="444455556666")
    federated = Request(
        "arn:aws:sts::111122223333:federated-user/f", "s3:GetObject", "arn:aws:s3:::b/k"
    )
    across = (
        "The resource belongs to another account, `444455556666`: both accounts must allow this."
    )
    none = "No {} was given, and one must allow this."
    for request, given_to, lines in [
        (other, Policies(everything), [across, none.format("resource-based policy")]),
        (federated, Policies(everything), [none.format("session policy")]),
        (
            Request(ALICE, "s3:GetObject", BUCKET),
            Policies(),
            [none.format("identity-based policy")],
        ),
    ]:
        assert said(request, given_to) == lines
    shown: Any = explanation_to_json(explain(other, Policies(everything)))
    assert shown["resourceAccount"] == "444455556666"
    assert [lack["given"] for lack in shown["lacking"]] == [False]


def test_an_empty_session_policy_is_one_that_allows_nothing() -> None:
    given_to = Policies((policy(allow("All", "*")),), session=())
    assert said(Request(ALICE, "s3:GetObject", BUCKET), given_to) == [
        "There is no statement in the session policy that allows anything."
    ]


def test_a_deny_of_an_organisation_names_its_level() -> None:
    denied = policy([allow("All", "*"), ENFORCEMENT], name="Limits")
    given_to = Policies((policy(allow("All", "*")),), scps=(Level("Research", (denied,)),))
    request = Request(ALICE, "s3:GetObject", BUCKET)
    assert said(request, given_to)[0] == (
        "The service control policy at the level `Research` Limits  Statement[1] "
        "Enforcement denies it:"
    )
    shown: Any = explanation_to_json(explain(request, given_to))
    assert shown["denied"][0]["level"] == "Research"


def test_a_resource_policy_would_do_instead() -> None:
    statement = allow(
        "Bob", "s3:GetObject", BUCKET, Principal={"AWS": ALICE.replace("alice", "bob")}
    )
    bucket = AttachedPolicy("bucket", from_json({"Statement": statement}, kind=PolicyKind.RESOURCE))
    lacking = explain(Request(ALICE, "s3:GetObject", BUCKET), Policies(resource=bucket)).lacks
    assert [(lack.kind, lack.is_alternative) for lack in lacking] == [
        (PolicyKind.IDENTITY, False),
        (PolicyKind.RESOURCE, True),
    ]
    assert [point.part for point in lacking[1].nearest[0].failed_points] == [Part.PRINCIPAL]


@pytest.mark.parametrize("account", ["111122223333", "arn:aws:iam::111122223333:root"])
def test_an_allow_that_names_only_the_account_says_so(account: str) -> None:
    statement = allow("All", "s3:GetObject", BUCKET, Principal={"AWS": account})
    bucket = AttachedPolicy("bucket", from_json({"Statement": statement}, kind=PolicyKind.RESOURCE))
    lines = reasons(explain(Request(ALICE, "s3:GetObject", BUCKET), Policies(resource=bucket)))
    assert lines[-1].en.endswith("- it names only the account: identity-based policies decide")
    assert "アイデンティティベースのポリシー" in lines[-1].ja


@pytest.mark.parametrize(
    ("listed", "bounded", "says"),
    [
        ([ALICE], False, "only in part: the account must be listed too"),
        (["111122223333"], False, "only in part: the account must be listed too"),
        ([ALICE, "111122223333"], True, "but nobody who has a permissions boundary"),
        ([ALICE.replace("alice", "bob")], True, "it is about everybody but"),
    ],
)
def test_why_not_principal_denies_whom_it_lists(
    listed: list[str], bounded: bool, says: str
) -> None:
    statement = {**allow("But", "*"), "Effect": "Deny", "NotPrincipal": {"AWS": listed}}
    bucket = AttachedPolicy("bucket", from_json({"Statement": statement}, kind=PolicyKind.RESOURCE))
    all_of_it = (policy(allow("All", "*")),)
    given_to = Policies(all_of_it, boundaries=all_of_it if bounded else None, resource=bucket)
    explanation = explain(Request(ALICE, "s3:GetObject", BUCKET), given_to)
    assert says in reasons(explanation)[1].en
    shown: Any = explanation_to_json(explanation)["denied"]
    (point, *_) = shown[0]["points"]
    assert ("listed" in point) is ("everybody" not in says)


@pytest.mark.parametrize(
    ("principal", "effect", "condition", "hinted"),
    [
        (ALICE, "Allow", {"Bool": {"aws:MultiFactorAuthPresent": "true"}}, True),
        (ALICE, "Allow", {"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}}, True),
        (ALICE, "Allow", {"Bool": {"aws:MultiFactorAuthPresent": "false"}}, False),
        (ALICE, "Deny", {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}, True),
        (ALICE, "Deny", {"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}, False),
        (SESSION, "Allow", {"Bool": {"aws:MultiFactorAuthPresent": "true"}}, False),
        (SESSION, "Deny", {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}, False),
    ],
)
def test_mfa_is_advised_only_to_users_whom_it_helps(
    principal: str, effect: str, condition: dict[str, Any], hinted: bool
) -> None:
    statement = {**allow("If", "*", Condition=condition), "Effect": effect}
    lines = reasons(
        explain(Request(principal, "s3:GetObject", BUCKET), Policies((policy(statement),)))
    )
    advised = [line for line in lines if "with MFA" in line.en]
    assert len(advised) == hinted, lines


@given(requests, policies)
def test_an_explanation_is_of_the_same_decision(request: Request, given_to: Policies) -> None:
    explanation = explain(request, given_to)
    decision = decide(request, given_to)
    assert explanation.decision == decision
    assert tuple(one.statement for one in explanation.denials) == (
        decision.because if decision.effect is DecisionEffect.EXPLICITLY_DENIED else ()
    )
    assert bool(explanation.lacks) is (decision.effect is DecisionEffect.IMPLICITLY_DENIED)
    if explanation.lacks:
        assert explanation.lacks[0].kind is decision.blocked_by
    for lack in explanation.lacks:
        assert all(miss.failed_points for miss in lack.nearest)


def _mended(statement: Statement, parts: set[Part]) -> Statement:
    """The statement without the parts that failed."""
    every = Element(("*",))
    return replace(
        statement,
        action=every if Part.ACTION in parts else statement.action,
        resource=every if Part.RESOURCE in parts else statement.resource,
        conditions=() if Part.CONDITION in parts else statement.conditions,
    )


@given(requests, policies)
def test_mending_what_failed_makes_up_for_the_lack(request: Request, given_to: Policies) -> None:
    """For each kind in turn: a policy of the nearest statement, mended, takes the lack away."""
    explanation = explain(request, given_to)
    for lack in explanation.lacks:
        for miss in lack.nearest:
            attached = next(p for p in _every(given_to) if p.name == miss.statement.policy)
            statement = attached.document.statements[miss.statement.index]
            assert statement.effect is Effect.ALLOW
            mended = _mended(statement, {point.part for point in miss.failed_points})
            document = Document((mended,), attached.document.version)
            alone = decide(request, Policies((AttachedPolicy("mended", document),)))
            assert alone.effect is DecisionEffect.ALLOWED


def _every(given_to: Policies) -> tuple[AttachedPolicy, ...]:
    return (*given_to.identity, *(given_to.boundaries or ()), *(given_to.session or ()))


@given(requests, policies, st.sampled_from(Language))
def test_the_words_and_the_json_of_any_explanation(
    request: Request, given_to: Policies, language: Language
) -> None:
    explanation = explain(request, given_to)
    lines = [line.into(language) for line in reasons(explanation)]
    assert bool(lines) is (explanation.decision.effect is not DecisionEffect.ALLOWED)
    assert all(len(line.splitlines()) == 1 and "{" not in line.replace("${", "") for line in lines)
    json.dumps(explanation_to_json(explanation))


@pytest.mark.parametrize(
    ("operator", "values", "asked", "en"),
    [
        ("Bool", ["true"], None, "it requires that `k` is `true`; the request has no `k`"),
        (
            "BoolIfExists",
            ["true"],
            "false",
            "`k` is `true` (or is absent); the request has `false`",
        ),
        ("StringNotEquals", ["a", "b"], "a", "`k` is not `a` or `b` (or is absent); "),
        ("NumericLessThan", ["5"], "7", "`k` is less than `5`; the request has `7`"),
        ("DateGreaterThan", ["2024"], "2023", "`k` is after `2024`"),
        ("ForAllValues:StringLike", ["a*"], ["b"], "each value of `k` matches `a*` (or is absent)"),
        (
            "ForAnyValue:StringLike",
            ["a*"],
            [],
            "some value of `k` matches `a*`; the request has no",
        ),
        ("Null", ["true"], "x", "`k` is absent; the request has `x`"),
        ("Null", ["false"], None, "`k` is present; the request has no `k`"),
        ("StringEquals", [], "x", "`k` is nothing"),
    ],
)
def test_a_condition_in_words(
    operator: str, values: list[str], asked: str | list[str] | None, en: str
) -> None:
    statement = allow("A", "*", Condition={operator: {"k": values}})
    context = context_of({} if asked is None else {"k": asked})
    request = Request(ALICE, "s3:GetObject", BUCKET, context)
    lines = reasons(explain(request, Policies((policy(statement),))))
    assert any(en in line.en for line in lines), lines


def test_of_many_actions_the_rest_is_counted() -> None:
    listed = [f"iam:Get{each}" for each in "ABCDEFGHIJ"]
    deny = {"Sid": "D", "Effect": "Deny", "NotAction": listed, "Resource": "*"}
    request = Request(ALICE, "s3:GetObject", BUCKET)
    lines = reasons(explain(request, Policies((policy([allow("A", "*"), deny]),))))
    (english,) = [line.en for line in lines if "iam:GetA" in line.en]
    assert "`iam:GetF` and 4 more" in english
    (japanese,) = [line.ja for line in lines if "iam:GetA" in line.ja]
    assert "`iam:GetF` (ほか 4 件) 以外のすべてのアクション" in japanese


def test_every_operator_has_a_predicate() -> None:
    said = {*decisions._PREDICATES, *decisions._NEGATED, OperatorName.NULL}
    assert said == {*OperatorName}
