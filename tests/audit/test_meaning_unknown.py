"""Law: a cell says yes or no only if the engine does, whatever is not known of the request.

Reads `meaning.credentials`, `identity` and `truth` themselves: the table is asked for a row more,
and the engine about that row's requests.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sekisho import policy
from sekisho.audit.meaning import (
    CredentialState,
    Line,
    Meaning,
    ObjectOwner,
    TaskOutcome,
    Works,
    meaning,
)
from sekisho.audit.meaning.credentials import ActionOnResource, Home, request_of
from sekisho.audit.meaning.identity import STATES
from sekisho.audit.meaning.truth import policies_with, truth_table
from sekisho.engine import (
    AttachedPolicy,
    Context,
    DecisionEffect,
    Policies,
    Possibilities,
    Request,
    decide,
)
from sekisho.policy import PolicyKind

HOME = Home("aws", "111122223333")
ASK = ActionOnResource("s3:GetObject", "arn:aws:s3:::any/any")
MFA = "aws:MultiFactorAuthPresent"
USERS = "arn:aws:iam::444455556666:user/"
VALUES: Mapping[str, tuple[str | None, ...]] = {
    "aws:SourceIp": (None, "192.0.2.1", "198.51.100.1"),
    "aws:RequestedRegion": ("us-east-1", "eu-west-1"),
    "aws:CurrentTime": ("2020-01-01T00:00:00Z", "2030-01-01T00:00:00Z"),
    "aws:PrincipalArn": (f"{USERS}hanako", f"{USERS}break-glass"),
    "aws:PrincipalTag/team": (None, "red", "blue"),
}
"""What requests of a user can have; AWS always sends those without None."""
FEDERATED = "arn:aws:sts::444455556666:federated-user/hanako"

CONDITIONS: tuple[dict[str, dict[str, str]], ...] = (
    {"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}},
    {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}},
    {"Null": {"aws:SourceIp": "true"}},
    {"StringNotEquals": {"aws:RequestedRegion": "us-east-1"}},
    {"Null": {"aws:RequestedRegion": "true"}},
    {"DateGreaterThan": {"aws:CurrentTime": "2026-06-01T00:00:00Z"}},
    {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/break-glass"}},
    {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/*"}},
    {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*"}},
    {"StringEqualsIfExists": {"aws:PrincipalTag/team": "red"}},
    # a role's and a service's alone: no request of a user has them
    {"StringNotEquals": {"aws:SourceIdentity": "x"}},
    {"ArnLike": {"aws:SourceArn": "*"}},
)
OF_MFA: tuple[dict[str, dict[str, str]], ...] = (
    {},
    {"BoolIfExists": {MFA: "false"}},
    {"Bool": {MFA: "true"}},
    {"Bool": {"aws:ViaAWSService": "false"}},
)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    statements = []
    for number in range(draw(st.integers(1, 3))):
        condition: dict[str, dict[str, str]] = {}
        for part in draw(st.lists(st.sampled_from((*CONDITIONS, *OF_MFA)), max_size=2)):
            condition = {**part, **condition}
        statements.append(
            {
                "Sid": f"S{number}",
                "Effect": draw(st.sampled_from(["Allow", "Deny"])),
                "Action": draw(st.sampled_from(["s3:GetObject", "*"])),
                "Resource": "*",
                **({"Condition": condition} if condition else {}),
            }
        )
    return {"Version": "2012-10-17", "Statement": statements}


def assigned(request: Request, text: str, state: CredentialState) -> Iterator[Request]:
    """Yield the request with every assignment of the keys that a policy's text names."""
    values = {key: some for key, some in VALUES.items() if key in text}
    if state is CredentialState.FEDERATED and "aws:PrincipalArn" in values:
        values["aws:PrincipalArn"] = (FEDERATED,)
    for some in product(*values.values()):
        context = {key: one for key, one in request.context.items() if key not in values}
        context |= {key: one for key, one in zip(values, some, strict=True) if one is not None}
        yield replace(request, context=Context(context))


OUTCOMES = {
    DecisionEffect.ALLOWED: TaskOutcome.ALLOWED,
    DecisionEffect.EXPLICITLY_DENIED: TaskOutcome.DENIED,
    DecisionEffect.IMPLICITLY_DENIED: TaskOutcome.OTHERS,
}


@settings(max_examples=40)
@given(documents())
def test_a_cell_holds_for_every_assignment(value: dict[str, Any]) -> None:
    document, text = policy.from_json(value), str(value)
    row = truth_table(document, HOME, more=(ASK,)).rows[-1]
    for state, cell in row.cells.items():
        assert isinstance(state, CredentialState)
        attached = policies_with(document, PolicyKind.IDENTITY, state)
        outcomes = {
            OUTCOMES[decide(each, attached).effect]
            for each in assigned(request_of(state, ASK, HOME), text, state)
        }
        if cell.outcome is TaskOutcome.CONDITIONAL:
            assert cell.depends_on
            assert set(cell.depends_on) <= VALUES.keys()
        else:
            assert outcomes == {cell.outcome}
            assert cell.depends_on == ()


@settings(max_examples=40)
@given(documents())
def test_a_sentence_holds_for_every_assignment(value: dict[str, Any]) -> None:
    document, text = policy.from_json(value), str(value)
    line = meaning(document).line(ASK.action, ObjectOwner.ACCOUNT)
    assert line is not None
    attached = Policies(identity=(AttachedPolicy("policy", document),))
    by_state = (
        [
            Possibilities(frozenset({decide(each, attached).effect}))
            for each in assigned(request_of(state, ASK, HOME), text, state)
        ]
        for state in STATES
    )
    for effects in zip(*by_state, strict=True):
        fixed = Line(line.action, line.target, dict(zip(STATES, effects, strict=True)))
        assert line.works in (Works.DEPENDS, fixed.works)
        assert line.enforcement.value in ("depends on keys that are not known", fixed.enforcement)


def test_nothing_is_left_open_that_aws_never_sends() -> None:
    deny = {"Effect": "Deny", "Action": "*", "Resource": "*"}

    def works(condition: dict[str, dict[str, str]]) -> Works:
        value = {"Version": "2012-10-17", "Statement": {**deny, "Condition": condition}}
        meant: Meaning = meaning(policy.from_json(value))
        [one] = {line.works for line in meant.everything_else}
        return one

    assert works({"StringNotEquals": {"aws:SourceIdentity": "x"}}) is Works.NEVER
    assert works({"StringEquals": {"aws:SourceIdentity": "x"}}) is Works.NOT_BY_THIS_POLICY
    assert works({"ArnLike": {"aws:PrincipalArn": "arn:*:iam::*:role/*"}}) is (
        Works.NOT_BY_THIS_POLICY
    )
    assert works({"ArnLike": {"aws:PrincipalArn": "arn:*:iam::*:user/*"}}) is Works.NEVER
    assert works({"Null": {"aws:CurrentTime": "true"}}) is Works.NOT_BY_THIS_POLICY
    assert works({"Null": {"aws:SourceIp": "true"}}) is Works.DEPENDS
