"""What AWS would answer: the corpus, and laws about what was not given."""

import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.conditional import conditional_policies
from engine.corpus import checked, load
from engine.test_laws import requests
from sekisho.answer import Answer, AnswerEffect, AnswerSettings, Presence, answer_request, responder
from sekisho.engine import (
    AttachedPolicy,
    Context,
    ContextValue,
    DecisionEffect,
    Level,
    Policies,
    Request,
    decide,
)
from sekisho.engine.compiled import Deciders
from sekisho.engine.exchange import answers
from sekisho.errors import FaultyRequest
from sekisho.policy import PolicyKind, from_json

NOW = datetime(2026, 11, 27, 9, tzinfo=UTC)
CORPUS = load("decisions/answers.json", head=["documents"])
ALICE = "arn:aws:iam::111122223333:user/alice"
DEV = "arn:aws:sts::111122223333:assumed-role/Dev/alice"
ROOT, AS_ROOT = "arn:aws:iam::111122223333:root", "arn:aws:sts::111122223333:assumed-root"
FEDERATED = "arn:aws:sts::111122223333:federated-user/alice"
ROLE = "arn:aws:iam::111122223333:role/team/alice"
CALLERS = [ALICE, DEV, ROLE, FEDERATED, ROOT, AS_ROOT]


def _named(value: Any) -> Any:
    """Put the documents in the place of their names."""
    match value:
        case str():
            return CORPUS["documents"][value]
        case list():
            return [_named(one) for one in value]
        case dict():
            return {key: one if key == "level" else _named(one) for key, one in value.items()}
    return value


@pytest.mark.parametrize("case", CORPUS["cases"], ids=lambda case: case["id"])
def test_case(case: dict[str, Any]) -> None:
    checked(case, ["id", "source", "request", "policies", "expect"], ["options"])
    question = {key: case[key] for key in ("id", "request", "options") if key in case}
    question["policies"] = {key: _named(one) for key, one in case["policies"].items()}
    stream = io.BytesIO(json.dumps(question).encode())
    (line,) = answers(stream, respond=responder(lambda: NOW))
    value = dict(line.value)
    assert value.pop("id") == case["id"]
    if "error" in value:
        error: Any = value["error"]
        assert {"error": error["code"], "at": error["at"]} == case["expect"]
        return
    because: Any = value["because"]
    value["because"] = [f"{one['kind']} {one['policy']} {one['sid']}" for one in because]
    assert value == case["expect"]


def test_every_document_is_used() -> None:
    used = json.dumps([case["policies"] for case in CORPUS["cases"]])
    assert [name for name in CORPUS["documents"] if f'"{name}"' not in used] == []


VALUES: dict[str, list[ContextValue]] = {
    "aws:userid": ["AIDAALICE", "AIDAX"],
    "aws:userid of a session": ["AROAALICE:alice", "AROAX:alice"],
    "aws:tagkeys": ["a", ("a",), ("b", "ab")],
    "aws:principaltag/team": ["alice", "a", "*"],
    "aws:sourceip": ["10.0.0.1", "192.0.2.1"],
    "k": ["a", "", "k/alice", ("a", "alice"), "10"],
    "aws:principalarn": [
        f"arn:aws:iam::111122223333:role/{path}Dev" for path in ("", "team/", "a/team/")
    ],
}
OTHERS: list[ContextValue] = ["a", "true", "false", "1", "5000"]
SESSIONS: list[dict[str, ContextValue]] = [
    {},
    {"aws:multifactorauthpresent": "false", "aws:tokenissuetime": "2026-11-27T08:00:00Z"},
    *(
        {
            "aws:multifactorauthpresent": "true",
            "aws:multifactorauthage": age,
            "aws:tokenissuetime": "2026-11-27T08:00:00Z",
        }
        for age in ("1", "5000")
    ),
]
"""What a user can have signed with."""


def assigned(answer: Answer, chance: Random) -> dict[str, ContextValue]:
    """Return values for everything that is missing, as AWS could send them."""
    found: dict[str, ContextValue] = {}
    user = answer.request.principal in (ALICE, ROOT)
    session = chance.choice(SESSIONS) if user else {}
    for one in answer.missing:
        key = one.key.lower()
        if user and key in SESSIONS[-1]:
            if key in session:
                found[key] = session[key]
        elif answer.request.principal in (DEV, ROLE) and key == "aws:multifactorauthpresent":
            # a role's session has no MFA to show: the key is false or absent (docs/signin.md)
            if chance.random() < 0.5:
                found[key] = "false"
        elif one.presence is Presence.ALWAYS or chance.random() < 0.7:
            of_session = key == "aws:userid" and answer.request.principal == DEV
            values = VALUES[f"{key} of a session"] if of_session else VALUES.get(key, OTHERS)
            found[key] = chance.choice(values)
    return found


def readable(request: Request, attached: Policies) -> Answer | None:
    """Return the answer where there is one that the policies give."""
    try:
        answer = answer_request(request, attached, NOW)
    except FaultyRequest:
        return None
    return None if answer.decision is None or answer.rule is not None else answer


def fitting(principal: str, attached: Policies) -> Policies:
    """Return policies of the kinds that a principal can have."""
    session = attached.identity if principal in (AS_ROOT, FEDERATED) else None
    if principal in (ROOT, AS_ROOT):
        return replace(attached, identity=(), boundaries=None, session=session)
    return replace(attached, session=session)


_TRIED = 25


@given(st.integers(0, 2**32), st.sampled_from(CALLERS), conditional_policies())
def test_whatever_is_missing_the_answer_is_among_the_possible(
    seed: int, principal: str, attached: Policies
) -> None:
    request = Request(principal, "s3:GetObject", "arn:aws:s3:::b/k/alice")
    answer = readable(request, fitting(principal, attached))
    if answer is None:
        return
    assert answer.possible
    assert answer.effect in answer.possible | {AnswerEffect.UNKNOWN}
    matters = {one.key.lower() for one in answer.missing if one.could_change}
    assert bool(matters) is (len(answer.possible) > 1)
    chance = Random(seed)  # noqa: S311 - nothing is secret here
    for _ in range(_TRIED):
        first, second = assigned(answer, chance), assigned(answer, chance)
        effect = effect_with(answer, first)
        assert effect in answer.possible
        # what does not matter may be exchanged; the keys of a session come as a whole
        of_session = SESSIONS[-1].keys() if principal in (ALICE, ROOT) else set()
        session = first if matters & of_session else second
        mixed = {
            **{key: one for key, one in first.items() if key in matters - of_session},
            **{key: one for key, one in second.items() if key not in matters | of_session},
            **{key: one for key, one in session.items() if key in of_session},
        }
        assert effect_with(answer, mixed) is effect


def effect_with(answer: Answer, values: dict[str, ContextValue]) -> AnswerEffect:
    """Return what the engine decides once everything is known."""
    context = answer.request.context.with_(values)
    decision = decide(replace(answer.request, context=context), answer.policies)
    return AnswerEffect(decision.effect.value)


@given(requests, conditional_policies())
def test_compiled_or_not_the_answer_is_the_same(request: Request, attached: Policies) -> None:
    settings = AnswerSettings(decide=Deciders().decide)
    try:
        plain = answer_request(request, attached, NOW)
    except FaultyRequest:
        with pytest.raises(FaultyRequest):
            answer_request(request, attached, NOW, settings)
        return
    assert answer_request(request, attached, NOW, settings) == plain


@given(requests, conditional_policies())
def test_a_decision_of_the_engine_on_what_was_completed_is_the_answer(
    request: Request, attached: Policies
) -> None:
    answer = readable(request, attached)
    if answer is None or answer.not_given is not None:
        return
    sent = any(each.presence is Presence.ALWAYS for each in answer.missing)
    if sent and "OperatorName.NULL" in repr(attached):
        # `Null` on a key that AWS would have sent: the answer knows that it is there, and the
        # engine, which has no value of it, takes it for absent
        return
    found = decide(answer.request, answer.policies)
    if found.effect is DecisionEffect.ALLOWED:
        assert answer.effect in (AnswerEffect.ALLOWED, AnswerEffect.UNKNOWN)
    if answer.effect is AnswerEffect.ALLOWED and len(answer.possible) > 1:
        assert found.effect is DecisionEffect.ALLOWED


def test_a_key_that_comes_with_mfa_is_there_though_its_value_was_not_given() -> None:
    """Found by the law above, and left out of it: `Null` on the age of MFA, which MFA brings."""
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    condition = {"Null": {"aws:MultiFactorAuthAge": "true"}}
    own, scp = (
        AttachedPolicy(name, from_json({"Version": "2012-10-17", "Statement": [statement]}))
        for name, statement in (("own", everything), ("scp", everything | {"Condition": condition}))
    )
    attached = Policies((own,), scps=(Level("root", (scp,)),))
    context = Context({"aws:MultiFactorAuthPresent": "true"})
    request = Request(ALICE, "s3:GetObject", "arn:aws:s3:::b/k", context)
    answer = answer_request(request, attached, NOW)
    assert answer.effect is AnswerEffect.IMPLICITLY_DENIED
    assert answer.possible == {AnswerEffect.IMPLICITLY_DENIED}
    # the engine has no value, and takes the key for absent
    assert decide(answer.request, answer.policies).effect is DecisionEffect.ALLOWED


def test_an_answer_is_no_truth_value() -> None:
    answer = answer_request(Request(ALICE, "iam:ListUsers", "*"), Policies(), NOW)
    with pytest.raises(TypeError, match=r"AnswerEffect\.ALLOWED"):
        bool(answer)


@pytest.mark.parametrize(
    ("principal", "context", "said"),
    [
        (ALICE, {}, True),
        (ALICE, {"aws:MultiFactorAuthPresent": "false"}, False),
        (ALICE, {"aws:TokenIssueTime": "2026-11-27T08:00:00Z"}, False),
        (DEV, {}, False),
    ],
)
def test_it_is_said_that_no_session_was_given(
    principal: str, context: dict[str, ContextValue], said: bool
) -> None:
    attached = Policies(
        tuple(
            AttachedPolicy(name, from_json(CORPUS["documents"][name]))
            for name in ("all", "force-mfa")
        )
    )
    answer = answer_request(
        Request(principal, "s3:ListAllMyBuckets", "*", Context(context)), attached, NOW
    )
    assert answer.as_long_term_key is said
    assert answer.effect is AnswerEffect.EXPLICITLY_DENIED
    assert answer.blocked_by is PolicyKind.IDENTITY
