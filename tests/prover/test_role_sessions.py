"""Roles as the principal: cases as data, and a small world of which every request is asked."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import cases
from prover.questions import ACCOUNT, NOW, UNCERTIFIED, allowing, attached, enforcement_of, identity
from prover.test_questions import invariant_of
from prover.worlds import POLICIES, documents_of, is_documented, keys_of, world
from sekisho.engine import (
    Assumptions,
    AttachedPolicy,
    Context,
    DecisionEffect,
    Policies,
    Request,
    decide,
)
from sekisho.engine.matching import arns
from sekisho.policy import PolicyKind, from_json
from sekisho.prover import (
    ALLOW_EVERYTHING,
    CallerCredential,
    Callers,
    CallingUser,
    Enforced,
    Proved,
    Refuted,
    TrustReport,
    Unknown,
    Verdict,
    combine_verdicts,
    distinguishes_services,
    enforcement_question,
    invariant_holds,
    new_access,
    prove_none,
    ways_into,
)
from sekisho.prover.questions import Inquiry, QuestionGroup, Subject, report_on_policies

ROLE = f"arn:aws:iam::{ACCOUNT}:role/ops"
OPS = CallingUser.of_role(ROLE)
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/ops/it"
CASES = cases("prover/roles", ["question", "role", "expected"])
_OF_SESSIONS = {CallerCredential.ROLE_SESSION, CallerCredential.ROLE_KEYLESS}


def trusting(statements: list[dict[str, Any]]) -> AttachedPolicy:
    value = {"Version": "2012-10-17", "Statement": statements}
    return AttachedPolicy("trust", from_json(value, kind=PolicyKind.TRUST))


def enforcement(given_: dict[str, Any], question: str) -> Verdict:
    """Return whether MFA is enforced, or whether nothing is allowed, where it is not enforced."""
    subject = Subject.of_files(identity(*given_["identity"]), ROLE, NOW, users_may_change=False)
    if "trust" in given_:
        subject = replace(subject, trust=trusting(given_["trust"]))
    inquiry = Inquiry(groups=frozenset({QuestionGroup.ENFORCEMENT}), exempt=("iam:GetUser",))
    report = report_on_policies(subject, inquiry)
    found = combine_verdicts(
        [each.conclusion.verdict for each in report.answers if each.id == question]
    )
    proved = Enforced.PROVED if question == "enforcement" else Enforced.NOTHING_ALLOWED
    assert (report.enforced is proved) is isinstance(found, Proved)
    return found


def answered(case: dict[str, Any], tmp_path: Path) -> tuple[Verdict, TrustReport | None]:
    role, question = case["role"], case["question"]
    match question["ask"]:
        case "enforcement" | "nothing-allowed":
            return enforcement(role, question["ask"]), None
        case "trust":
            report = ways_into(trusting(role["trust"]), ROLE, NOW)
            return report.without_mfa, report
        case _:
            invariant = invariant_of(question["invariant"], tmp_path)
            policies = identity(*role["identity"])
            return invariant_holds(invariant, policies, OPS, NOW, Assumptions()).verdict, None


@pytest.mark.parametrize("case", CASES)
def test_the_verdict_is_the_expected_one(case: dict[str, Any], tmp_path: Path) -> None:
    expected = case["expected"]
    verdict, report = answered(case, tmp_path)
    assert type(verdict).__name__ == expected["verdict"], verdict
    # nothing is found, but what tells so is none of the facts of certificates
    assert (verdict == UNCERTIFIED) is expected.get("searched", False)
    if report is not None:
        ways = {each.kind.name.lower(): each.without_mfa for each in report.ways_in}
        assert {kind: type(each).__name__ for kind, each in ways.items()} == expected["ways"]
    if isinstance(verdict, Refuted):
        found = verdict.counterexample
        assert expected.get("credential", found.credential.value) == found.credential.value
        assert expected.get("action", found.request.action) == found.request.action
        assert expected.get("resource_has", "") in found.request.resource
        assert expected.get("principal_has", "") in found.request.principal


@pytest.mark.parametrize(
    "case", [each for each in CASES if each.values[0]["question"]["ask"] == "trust"]
)
def test_the_engine_lets_in_by_the_whole_trust_policy(case: dict[str, Any], tmp_path: Path) -> None:
    _, report = answered(case, tmp_path)
    assert report is not None
    trust = trusting(case["role"]["trust"])
    for way in report.ways_in:
        for verdict in (way.at_all, way.without_mfa):
            if isinstance(verdict, Refuted):
                request = verdict.counterexample.request
                outside = not request.principal.startswith("arn:") or "-provider/" in way.arn
                own = () if outside else (ALLOW_EVERYTHING,)
                decision = decide(request, Policies(identity=own, trust=trust))
                assert decision.effect is DecisionEffect.ALLOWED
                assert request.resource == ROLE
        if isinstance(way.without_mfa, Refuted):
            context = way.without_mfa.counterexample.request.context
            assert context.get("aws:MultiFactorAuthPresent", "false") == "false"


def of_the_role(request: Request) -> Iterator[Request]:
    """Yield a user's request as a role's session would make it, the MFA key false or absent."""
    left = {"aws:username", "aws:multifactorauthpresent", "aws:multifactorauthage"}
    context = {key: each for key, each in request.context.items() if key.lower() not in left}
    own = {
        "aws:PrincipalArn": ROLE,
        "aws:PrincipalType": "AssumedRole",
        "aws:userid": "AROAIOSFODNN7EXAMPLE:it",
        "aws:TokenIssueTime": "2026-11-24T00:00:00Z",
    }
    whole = Context(context).with_(own)
    for more in ({}, {"aws:MultiFactorAuthPresent": "false"}):
        yield replace(request, principal=SESSION, context=whole.with_(more))


def passing(
    policies: Policies, names: list[str] | None = None, *, documented: bool = False
) -> Request | None:
    keys, allows = keys_of(documents_of(policies)), allowing(policies)
    asked = world(keys, [CallerCredential.KEY], *([names] if names else []))
    if documented:
        asked = filter(is_documented, asked)
    return next((one for each in asked for one in of_the_role(each) if allows(one)), None)


@settings(max_examples=settings.default.max_examples // 5)  # each is a whole world
@given(POLICIES, st.none() | POLICIES)
def test_no_request_of_a_small_world_passes_a_proof(
    statements: list[dict[str, Any]], bounded: list[dict[str, Any]] | None
) -> None:
    boundaries = None if bounded is None else (attached(*bounded, name="boundary"),)
    policies = replace(identity(*statements), boundaries=boundaries)
    match enforcement_of(policies, OPS):
        case Proved():
            assert passing(policies) is None
        case Refuted(counterexample):
            request = counterexample.request
            assert allowing(policies)(request)
            assert counterexample.credential in _OF_SESSIONS
            assert request.principal.startswith(f"arn:aws:sts::{ACCOUNT}:assumed-role/ops/")
            assert "aws:username" not in request.context
            assert request.context.get("aws:MultiFactorAuthPresent", "false") == "false"
        case Unknown(reason, beyond):
            assert beyond is not None, reason.en
            assert passing(policies, documented=True) is None


@given(POLICIES)
def test_where_the_world_is_all_there_is_the_verdict_is_what_the_world_says(
    statements: list[dict[str, Any]],
) -> None:
    fence = {"Effect": "Deny", "NotAction": ["iam:ListUsers"], "Resource": "*"}
    policies = identity(*statements, fence)
    verdict = prove_none(enforcement_question(policies, OPS, NOW, ()).in_catalogue)
    found = passing(policies, ["iam:ListUsers"], documented=True)
    assert isinstance(verdict, Proved) is (found is None)


@given(POLICIES, POLICIES)
def test_of_two_policies_nothing_new_is_allowed_if_the_world_says_so(
    old: list[dict[str, Any]], new: list[dict[str, Any]]
) -> None:
    fence = {"Effect": "Deny", "NotAction": ["iam:ListUsers"], "Resource": "*"}
    before, after = identity(*old, fence), identity(*new, fence)
    both = Policies(identity=(*before.identity, *after.identity))
    keys = keys_of(documents_of(both))
    # a service that calls for the session calls from anywhere
    ways = [CallerCredential.KEY, CallerCredential.KEY_VIA_SERVICE]
    ways = ways if any(map(distinguishes_services, (before, after))) else ways[:1]
    old_allows, new_allows = allowing(before), allowing(after)
    sent = filter(is_documented, world(keys, ways, ["iam:ListUsers"]))
    asked = (one for each in sent for one in of_the_role(each))
    gained = any(new_allows(one) and not old_allows(one) for one in asked)
    verdict = new_access(before, after, Callers((OPS,)), NOW)
    assert isinstance(verdict, Refuted) is gained


OTHER, THIRD = "999988887777", "123412341234"
PRINCIPALS: list[Any] = [
    "*",
    {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
    {"AWS": [OTHER, f"arn:aws:iam::{ACCOUNT}:user/alice"]},
    {"AWS": f"arn:aws:iam::{ACCOUNT}:role/first"},
    {"Service": "ec2.amazonaws.com"},
    {"Federated": f"arn:aws:iam::{ACCOUNT}:saml-provider/idp"},
    {"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/first/bob", "Service": "ecs.amazonaws.com"},
]
TRUST_CONDITIONS: list[dict[str, Any]] = [
    {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    {"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}},
    {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
    {"Null": {"aws:MultiFactorAuthAge": "true"}},
    {"StringEquals": {"sts:ExternalId": "x"}},
    {"StringEquals": {"aws:username": "alice"}},
    {"StringNotEquals": {"aws:username": "alice"}},
    {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:user/*"}},
    {"StringEquals": {"aws:PrincipalAccount": OTHER}},
    {"StringEquals": {"aws:PrincipalType": "AssumedRole"}},
]
TRUSTS = st.lists(
    st.builds(
        lambda effect, principal, action, condition: {
            "Effect": effect,
            "Principal": principal,
            "Action": action,
            "Condition": condition,
        },
        st.sampled_from(["Allow", "Allow", "Deny"]),
        st.sampled_from(PRINCIPALS),
        st.sampled_from(["sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:*"]),
        st.lists(st.sampled_from(TRUST_CONDITIONS), max_size=2, unique_by=json.dumps).map(
            lambda parts: {
                operator: {
                    key: each for part in parts for key, each in part.get(operator, {}).items()
                }
                for operator in {operator for part in parts for operator in part}
            }
        ),
    ),
    min_size=1,
    max_size=3,
)


def calls_without_mfa() -> Iterator[tuple[Request, bool]]:
    """Yield calls for the role by everybody of a small world, and whether a service calls."""
    users = [
        f"arn:aws:iam::{account}:user/{name}"
        for account in (ACCOUNT, OTHER, THIRD)
        for name in ("alice", "carol")
    ]
    sessions = [
        f"arn:aws:sts::{account}:assumed-role/{name}/{session}"
        for account in (ACCOUNT, OTHER, THIRD)
        for name in ("first", "second")
        for session in ("bob", "eve")
    ]
    outside = [
        f"arn:aws:iam::{ACCOUNT}:saml-provider/idp",
        "ec2.amazonaws.com",
        "ecs.amazonaws.com",
    ]
    for principal in (*users, *sessions, *outside):
        service = principal.endswith(".amazonaws.com")
        saml = "saml-provider" in principal
        action = "sts:AssumeRoleWithSAML" if saml else "sts:AssumeRole"
        for mfa in ({},) if saml or service else ({}, {"aws:MultiFactorAuthPresent": "false"}):
            # a SAML provider's call has no external id
            for more in ({},) if saml else ({}, {"sts:ExternalId": "x"}):
                context = {**_of(principal), **mfa, **more}
                yield Request(principal, action, ROLE, Context(context)), service


def _of(principal: str) -> dict[str, str]:
    parts = arns.split(principal)
    if len(parts) == 1 or "saml-provider" in principal:
        return {}
    of_role = parts[2] == "sts"
    tail = f"role/{parts[5].split('/')[1]}" if of_role else parts[5]
    known = {
        "aws:PrincipalArn": f"arn:aws:iam::{parts[4]}:{tail}",
        "aws:PrincipalAccount": parts[4],
        "aws:PrincipalType": "AssumedRole" if of_role else "User",
    }
    return known if of_role else {**known, "aws:username": parts[5].split("/")[1]}


@given(TRUSTS)
def test_who_assumes_the_role_without_mfa_is_what_the_world_says(
    statements: list[dict[str, Any]],
) -> None:
    trust = trusting(statements)
    entered: set[bool] = set()
    for request, service in calls_without_mfa():
        own = (
            (ALLOW_EVERYTHING,)
            if request.principal.split(":")[-1].startswith(("user/", "assumed"))
            else ()
        )
        decision = decide(request, Policies(identity=own, trust=trust))
        if decision.effect is DecisionEffect.ALLOWED:
            entered.add(service)
    report = ways_into(trust, ROLE, NOW)
    if False in entered:
        assert isinstance(report.without_mfa, Refuted), report
    elif isinstance(report.without_mfa, Refuted):
        # a caller whom this small world does not have, like another account's identity provider
        caller = report.without_mfa.counterexample.request.principal
        assert caller not in {request.principal for request, _ in calls_without_mfa()}
    if isinstance(report.without_mfa, Unknown):
        beyond = report.without_mfa.beyond
        assert beyond is not None
        assert beyond.undocumented == ("sts:ExternalId",)
    services = [each for each in report.ways_in if each.kind.name == "SERVICE"]
    if True in entered:
        assert services
