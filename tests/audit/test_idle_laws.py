"""A statement that lint calls unreachable decides nothing: without it every answer is the same."""

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from audit.test_lint_laws import FEW
from sekisho.audit import Attachment, FindingId, lint
from sekisho.engine import AttachedPolicy, Context, Engine, Policies, Request, Switches
from sekisho.policy import Document, parse

UNREACHABLE = {FindingId.NEVER_APPLIES.value, FindingId.ALLOW_ALWAYS_DENIED.value}

# from the widest to the narrowest, so that one is often taken in by another and often nearly
PATTERNS = (
    *("*", "*:*", "*:Get*", "s3:*", "s?:*", "s3:Get*", "S3:get*Object*", "s3:Get?bject"),
    *("s3:GetObject", "s3:GetObject*", "s3:GetObjectAc?", "s3:GetObjectAc*", "s3:?*"),
    *("iam:*", "iam:Get?ser", "iam:GetUser", "iam:EnableMFADevice"),
)
RESOURCES = (
    *("*", "arn:aws:s3:::*", "arn:aws:s3:::b*", "arn:aws:s3:::b/*", "arn:*:s3:::b/?", "arn:aws:s3"),
    *("arn:aws:S3:::b/a", "arn:aws:s3:::b/ab", "arn:aws:s3:*:*:b/*", "arn:aws:s3:::?/a"),
    *("arn:aws:iam::*:user/${aws:username}", "arn:aws:iam::*:user/*", "arn:aws:iam::*:*"),
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
    *("s3:GetObject", "s3:GetObjectAcl", "s3:GetObjectAc", "s3:PutObject", "s3:ListAllMyBuckets"),
    *("s4:GetObject", "iam:GetUser", "iam:EnableMFADevice"),
)
ARNS = (
    *("arn:aws:s3:::b/a", "arn:aws:s3:::b/ab", "arn:aws:s3:::c", "arn:aws-cn:s3:::b/x", "*"),
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


def _patterns(draw: st.DrawFn, values: tuple[str, ...]) -> list[str]:
    return draw(st.lists(st.sampled_from(values), min_size=1, max_size=3))


@st.composite
def _identity(draw: st.DrawFn) -> dict[str, Any]:
    statements = []
    for _ in range(draw(st.integers(2, 4))):
        negated = draw(st.sampled_from([False, False, False, True]))
        elsewhere = draw(st.sampled_from([False, False, False, True]))
        statements.append(
            {
                "Effect": draw(st.sampled_from(["Allow", "Deny"])),
                "NotAction" if negated else "Action": _patterns(draw, PATTERNS),
                "NotResource" if elsewhere else "Resource": _patterns(draw, RESOURCES),
                **draw(st.sampled_from([{}, {}, *({"Condition": each} for each in CONDITIONS)])),
            }
        )
    return {"Version": "2012-10-17", "Statement": statements}


def _less(value: dict[str, Any], kind: Attachment) -> Iterator[tuple[Document, Document]]:
    """Yield the document, and it without each of the statements that lint calls unreachable."""
    text = json.dumps(value)
    report = lint(text, kind)
    document = parse(text, kind=kind.kind)
    idle = {each.place.statement for each in report.findings if each.id in UNREACHABLE}
    event(f"unreachable: {len(idle)}")
    for index in sorted(each for each in idle if each is not None):
        rest = tuple(each for each in document.statements if each.index != index)
        yield document, replace(document, statements=rest)


SWITCHES = st.builds(Switches, wildcard_service_prefix=st.booleans())


@settings(max_examples=FEW)
@given(_identity(), SWITCHES, st.sampled_from(CONTEXTS))
def test_of_an_identity_based_policy(
    value: dict[str, Any], switches: Switches, context: Context
) -> None:
    engine = Engine(switches)
    for whole, rest in _less(value, Attachment.USER):
        for action, arn in product(ACTIONS, ARNS):
            request = Request("arn:aws:iam::111122223333:user/hanako", action, arn, context)
            before, after = (
                engine.decide(request, Policies(identity=(AttachedPolicy("p", each),)))
                for each in (whole, rest)
            )
            assert before.effect is after.effect, request


ACCOUNT = "arn:aws:iam::111122223333:"
PRINCIPALS: tuple[Any, ...] = (
    "*",
    {"AWS": "*"},
    {"AWS": "111122223333"},
    {"AWS": f"{ACCOUNT}root"},
    {"AWS": f"{ACCOUNT}user/hanako"},
    {"AWS": [f"{ACCOUNT}user/hanako", f"{ACCOUNT}role/any"]},
    {"AWS": "arn:aws:sts::111122223333:assumed-role/any/session"},
    {"Service": "ec2.amazonaws.com"},
    {"Federated": f"{ACCOUNT}saml-provider/idp"},
)
CALLERS = (
    f"{ACCOUNT}user/hanako",
    f"{ACCOUNT}user/taro",
    "arn:aws:iam::444455556666:user/hanako",
    "arn:aws:sts::111122223333:assumed-role/any/session",
    "arn:aws:sts::111122223333:assumed-role/any/other",
    "ec2.amazonaws.com",
    f"{ACCOUNT}saml-provider/idp",
)
CALLS = ("sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:TagSession")


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
                **draw(st.sampled_from([{}, {}, *({"Condition": each} for each in CONDITIONS)])),
            }
        )
    return {"Version": "2012-10-17", "Statement": statements}


@settings(max_examples=FEW)
@given(_trust(), st.sampled_from(CONTEXTS))
def test_of_a_trust_policy(value: dict[str, Any], context: Context) -> None:
    for whole, rest in _less(value, Attachment.TRUST):
        for caller, action in product(CALLERS, CALLS):
            request = Request(caller, action, f"{ACCOUNT}role/the-role", context)
            before, after = (
                Engine().decide(request, Policies(trust=AttachedPolicy("t", each)))
                for each in (whole, rest)
            )
            assert before.effect is after.effect, request
