"""A statement that lint calls unreachable decides nothing: without it every answer is the same.

Reads `lint.covering` itself: lint names an unreachable statement, and not by what it is covered.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from audit.test_lint_laws import FEW
from sekisho.audit import FindingId
from sekisho.audit.lint import Attachment, lint
from sekisho.audit.lint.covering import always_denied
from sekisho.audit.lint.engine_queries import Work
from sekisho.engine import (
    ArnSpan,
    Assumptions,
    AttachedPolicy,
    Context,
    DecisionEffect,
    Engine,
    Policies,
    Request,
)
from sekisho.policy import Document, from_json, parse

UNREACHABLE = {FindingId.NEVER_APPLIES.value, FindingId.ALLOW_ALWAYS_DENIED.value}

# from wide to narrow, so that one is often taken in by another, and often nearly
PATTERNS = (
    *("*", "*:*", "*:Get*", "s3:*", "s?:*", "s3:Get*", "S3:get*Object*", "s3:Get?bject"),
    *("s3:GetObject", "s3:GetObject*", "s3:GetObjectAc?", "s3:GetObjectAc*", "s3:?*"),
    *("iam:*", "iam:Get?ser", "iam:GetUser", "iam:EnableMFADevice"),
)
RESOURCES = (
    *("*", "arn:aws:s3:::*", "arn:aws:s3:::b*", "arn:aws:s3:::b/*", "arn:*:s3:::b/?", "arn:aws:s3"),
    *("arn:aws:S3:::b/a", "arn:aws:s3:::b/ab", "arn:aws:s3:*:*:b/*", "arn:aws:s3:::?/a"),
    *("arn:aws:iam::*:user/${aws:username}", "arn:aws:iam::*:user/*", "arn:aws:iam::*:*"),
    *("arn:aws:s3:?::b/*", "arn:aws:s3:::b/a*", "arn:aws:iam::*:user/$*"),
)
MFA = "aws:MultiFactorAuthPresent"
CONDITIONS = (
    {"Bool": {MFA: "false"}, "Null": {MFA: "true"}},
    {"BoolIfExists": {MFA: "false"}, "Null": {"aws:MultiFactorAuthAge": "false"}},
    {"Bool": {MFA: "true", "aws:ViaAWSService": "true"}, "Null": {"aws:TokenIssueTime": "true"}},
    {"Null": {MFA: "true", "aws:TokenIssueTime": "false"}, "Bool": {"aws:ViaAWSService": "true"}},
    {"NumericGreaterThan": {"aws:MultiFactorAuthAge": "300"}, "Bool": {MFA: "true"}},
    {
        "NumericGreaterThan": {"aws:MultiFactorAuthAge": "300"},
        "NumericLessThan": {"aws:MultiFactorAuthAge": "200"},
    },
    {"StringEquals": {"aws:username": "hanako"}},
)

ACTIONS = (
    *("s3:GetObject", "s3:GetObjectAcl", "s3:GetObjectAc", "s3:GetObjectAction", "s3:GetMyObject"),
    *("s3:GetXbject", "s3:PutObject", "s4:GetObject", "iam:GetUser", "iam:EnableMFADevice"),
)
ARNS = (
    *("arn:aws:s3:::b/a", "arn:aws:s3:::b/ab", "arn:aws:s3:::b", "arn:aws:s3:::c/a", "*"),
    *("arn:aws-cn:s3:::b/x", "arn:aws:s3:r:111122223333:b/a", "arn:aws:s3:r:x:y:b/a"),
    *(f"arn:aws:iam::111122223333:{each}" for each in ("user/hanako", "user/taro", "mfa/x")),
)
OF_MFA: tuple[dict[str, str], ...] = (
    {},
    {MFA: "false"},
    *({MFA: "true", "aws:MultiFactorAuthAge": age} for age in ("0", "250", "301", "90000")),
)
OF_TOKEN: tuple[dict[str, str], ...] = ({}, {"aws:TokenIssueTime": "2026-01-05T08:59:00Z"})
CONTEXTS = tuple(
    Context({**mfa, **token, "aws:ViaAWSService": via, "aws:username": "hanako"})
    for mfa, token, via in product(OF_MFA, OF_TOKEN, ("true", "false"))
)
USER = "arn:aws:iam::111122223333:user/hanako"
ENGINES = tuple(
    Engine(Assumptions(arn_span=span, wildcard_service_prefix=prefix))
    for span, prefix in product(ArnSpan, (True, False))
)


def _without(document: Document, index: int) -> Document:
    rest = tuple(each for each in document.statements if each.index != index)
    return replace(document, statements=rest)


def _decides_nothing(
    document: Document, index: int, requests: Iterable[Request], engine: Engine
) -> None:
    """Check that every answer is the same without a statement."""
    rest = _without(document, index)
    trust = document.statements[0].principal is not None
    for request in requests:
        before, after = (
            engine.decide(
                request,
                Policies(trust=policy) if trust else Policies(identity=(policy,)),
            ).effect
            for policy in (AttachedPolicy("p", each) for each in (document, rest))
        )
        assert before is after, (document.statements[index], request, engine.assumptions)


def _of_identity(context: Context) -> Iterator[Request]:
    for action, arn in product(ACTIONS, ARNS):
        yield Request(USER, action, arn, context)


def _pairs(*elements: dict[str, Any], **more: Any) -> Iterator[Document]:
    """Yield every Allow beside every Deny that differ in one element."""
    for allow, deny in product(elements, repeat=2):
        statements = [
            {"Effect": "Allow", **more, **allow},
            {"Effect": "Deny", **more, **deny},
        ]
        yield from_json({"Version": "2012-10-17", "Statement": statements})


def _claimed(document: Document) -> set[int]:
    found = always_denied(document, Work(1_000_000))
    return {each.place.statement for each in found if each.place.statement is not None}


SINGLY = {
    "actions": lambda: _pairs(
        *({"Action": each} for each in PATTERNS),
        *({"NotAction": each} for each in PATTERNS),
        {"NotAction": ["s3:Get*", "*:Get*"]},
        {"Action": ["iam:*", "s3:Get*"]},
        Resource="*",
    ),
    "resources": lambda: _pairs(
        *({"Resource": each} for each in RESOURCES),
        *({"NotResource": each} for each in RESOURCES),
        {"Resource": ["arn:aws:s3:::b/*", "arn:aws:iam::*:user/*"]},
        Action="*",
    ),
}


@pytest.mark.parametrize("name", SINGLY)
def test_every_allow_beside_every_deny(name: str) -> None:
    claimed = 0
    for document in SINGLY[name]():
        for index in _claimed(document):
            claimed += 1
            for engine in ENGINES:
                requests = (
                    Request(USER, action, arn, CONTEXTS[0])
                    for action in (ACTIONS if name == "actions" else ACTIONS[:1])
                    for arn in (ARNS if name == "resources" else ARNS[:1])
                )
                _decides_nothing(document, index, requests, engine)
    assert claimed > len(PATTERNS)


ACCOUNT = "arn:aws:iam::111122223333:"
PRINCIPALS: tuple[Any, ...] = (
    "*",
    {"AWS": "*"},
    {"AWS": "111122223333"},
    {"AWS": f"{ACCOUNT}root"},
    {"AWS": f"{ACCOUNT}user/hanako"},
    {"AWS": [f"{ACCOUNT}user/hanako", f"{ACCOUNT}role/any"]},
    {"AWS": "arn:aws:sts::111122223333:assumed-role/any/session"},
    {"AWS": "AIDAQ2EXAMPLE3EXAMPLE"},
    {"Service": "ec2.amazonaws.com"},
    {"Federated": f"{ACCOUNT}saml-provider/idp"},
)
CALLERS = (
    USER,
    f"{ACCOUNT}user/taro",
    "arn:aws:iam::444455556666:user/hanako",
    "arn:aws:sts::111122223333:assumed-role/any/session",
    "arn:aws:sts::111122223333:assumed-role/any/other",
    "ec2.amazonaws.com",
    f"{ACCOUNT}saml-provider/idp",
)
CALLS = ("sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:TagSession")


def _of_trust(context: Context) -> Iterator[Request]:
    known = Context({**context, "aws:userid": "AIDAQ2EXAMPLE3EXAMPLE"})
    for caller, action in product(CALLERS, CALLS):
        yield Request(caller, action, f"{ACCOUNT}role/the-role", known)


def test_every_allow_beside_every_deny_of_a_trust_policy() -> None:
    claimed = 0
    named = [{"Principal": each} for each in PRINCIPALS]
    named += [{"NotPrincipal": each} for each in PRINCIPALS[2:]]
    for allow, deny in product(named, repeat=2):
        statements = [
            {"Effect": "Allow", "Action": "sts:AssumeRole", **allow},
            {"Effect": "Deny", "Action": "sts:Assume*", **deny},
        ]
        text = json.dumps({"Version": "2012-10-17", "Statement": statements})
        document = parse(text, kind=Attachment.TRUST.kind)
        for index in _claimed(document):
            claimed += 1
            _decides_nothing(document, index, _of_trust(CONTEXTS[0]), ENGINES[0])
    assert claimed > len(PRINCIPALS)


def _some(draw: st.DrawFn, values: tuple[str, ...]) -> list[str]:
    return draw(st.lists(st.sampled_from(values), min_size=1, max_size=3))


CONDITION = st.sampled_from([{}, {}, *({"Condition": each} for each in CONDITIONS)])


@st.composite
def _identity(draw: st.DrawFn) -> dict[str, Any]:
    statements = []
    for _ in range(draw(st.integers(2, 4))):
        negated = draw(st.sampled_from([False, False, False, True]))
        elsewhere = draw(st.sampled_from([False, False, False, True]))
        statements.append(
            {
                "Effect": draw(st.sampled_from(["Allow", "Deny"])),
                "NotAction" if negated else "Action": _some(draw, PATTERNS),
                "NotResource" if elsewhere else "Resource": _some(draw, RESOURCES),
                **draw(CONDITION),
            }
        )
    return {"Version": "2012-10-17", "Statement": statements}


@st.composite
def _trust(draw: st.DrawFn) -> dict[str, Any]:
    statements = []
    for _ in range(draw(st.integers(2, 4))):
        negated = draw(st.sampled_from([False] * 5 + [True]))
        statements.append(
            {
                "Effect": draw(st.sampled_from(["Allow", "Deny"])),
                "NotPrincipal" if negated else "Principal": draw(st.sampled_from(PRINCIPALS)),
                "Action": draw(st.sampled_from([*CALLS, "sts:*", "sts:AssumeRole*"])),
                **draw(CONDITION),
            }
        )
    return {"Version": "2012-10-17", "Statement": statements}


@settings(max_examples=FEW)
@given(
    st.one_of(
        st.tuples(_identity(), st.just(Attachment.USER)),
        st.tuples(_trust(), st.just(Attachment.TRUST)),
    ),
    st.sampled_from(CONTEXTS),
)
def test_whatever_lint_calls_unreachable_decides_nothing(
    policy: tuple[dict[str, Any], Attachment], context: Context
) -> None:
    value, kind = policy
    text = json.dumps(value)
    document = parse(text, kind=kind.kind)
    idle = {each.place.statement for each in lint(text, kind).findings if each.id in UNREACHABLE}
    event(f"unreachable: {len(idle)}")
    requests = [*(_of_trust(context) if kind is Attachment.TRUST else _of_identity(context))]
    for index in sorted(each for each in idle if each is not None):
        _decides_nothing(document, index, requests, ENGINES[0])


@pytest.mark.parametrize("condition", CONDITIONS)
def test_conditions_never_hold_only_if_no_context_meets_them(condition: dict[str, Any]) -> None:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    text = json.dumps({"Version": "2012-10-17", "Statement": {**statement, "Condition": condition}})
    policies = Policies(identity=(AttachedPolicy("p", parse(text)),))
    requests = [Request(USER, ACTIONS[0], ARNS[0], each) for each in CONTEXTS]
    answers = {ENGINES[0].decide(each, policies).effect for each in requests}
    found = {each.id for each in lint(text).findings}
    assert (DecisionEffect.ALLOWED not in answers) is (FindingId.NEVER_APPLIES.value in found)
