"""The exchange form: what is read, what is refused, and that one bad line stops nothing.

Reads `exchange.questions` and `compiled.decider` themselves: what is kept between two lines no
answer shows.
"""

import io
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import test_corpus
from engine.asking import ALICE
from sekisho.engine import Policies
from sekisho.engine.compiled import decider
from sekisho.engine.exchange import lines as exchange
from sekisho.engine.exchange.lines import answers
from sekisho.engine.exchange.questions import Documents
from sekisho.policy import PolicyKind

STATEMENT = {"Effect": "Allow", "Action": "*", "Resource": "*"}
ALLOW = {"Version": "2012-10-17", "Statement": [STATEMENT]}
REQUEST = {"principal": ALICE, "action": "iam:ListUsers", "resource": "*"}
QUESTION = {"id": "q", "request": REQUEST, "policies": {"identity": [ALLOW]}}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": ALICE}, "Action": "sts:AssumeRole"}],
}


def ask(*questions: object) -> list[dict[str, Any]]:
    lines = "".join(
        (question if isinstance(question, str) else json.dumps(question)) + "\n"
        for question in questions
    )
    found = list(answers(io.BytesIO(lines.encode("utf-8", "surrogatepass"))))
    for one in found:
        assert one.decided is ("error" not in one.value)
    return [json.loads(str(one), parse_constant=pytest.fail) for one in found]


def with_(**parts: object) -> dict[str, Any]:
    return {**QUESTION, **parts}


def condition(operator: str, key: str, values: object) -> dict[str, Any]:
    statement = {**STATEMENT, "Condition": {operator: {key: values}}}
    return {"identity": [{"Version": "2012-10-17", "Statement": statement}]}


def test_an_answer() -> None:
    assert ask(QUESTION) == [
        {
            "id": "q",
            "decision": "Allowed",
            "because": [
                {
                    "policy": "identity[0]",
                    "kind": "identity-based policy",
                    "statement": 0,
                    "sid": None,
                }
            ],
            "blockedBy": None,
        }
    ]


def test_an_action_that_aws_has_not_is_named() -> None:
    asked = [{**REQUEST, "action": name} for name in ("iam:ListUsr", "IAM:LISTUSERS", "nn:Do")]
    found = ask(*(with_(request=request) for request in asked))
    assert [one.get("notInCatalogue") for one in found] == ["iam:ListUsr", None, "nn:Do"]


def test_null_and_absent_are_none() -> None:
    policies = {
        "identity": [ALLOW],
        "resource": None,
        "session": None,
        "boundaries": None,
        "scps": [],
        "rcps": None,
        "vpcEndpoint": None,
    }
    request = {**REQUEST, "context": None, "resourceAccount": None}
    (answer,) = ask(with_(request=request, policies=policies, options=None))
    assert answer["decision"] == "Allowed"
    (answer,) = ask({"id": 1, "request": REQUEST})
    assert answer == {
        "id": 1,
        "decision": "ImplicitlyDenied",
        "because": [],
        "blockedBy": "identity-based policy",
    }


@pytest.mark.parametrize(
    ("parts", "code", "at"),
    [
        ({"more": 1}, "request.bad-shape", "more"),
        ({"id": None}, "request.bad-shape", "id"),
        ({"id": True}, "request.bad-shape", "id"),
        ({"request": None}, "request.bad-shape", "request"),
        ({"request": []}, "request.bad-shape", "request"),
        ({"request": {**REQUEST, "more": 1}}, "request.bad-shape", "request.more"),
        ({"request": {**REQUEST, "action": 1}}, "request.bad-shape", "request.action"),
        ({"request": {**REQUEST, "action": "x"}}, "request.bad-value", "request.action"),
        ({"request": {**REQUEST, "context": []}}, "request.bad-shape", "request.context"),
        (
            {"request": {**REQUEST, "context": {"k": None}}},
            "request.bad-value",
            "request.context.k",
        ),
        (
            {"request": {**REQUEST, "context": {"k": ["a", {}]}}},
            "request.bad-value",
            "request.context.k[1]",
        ),
        (
            {"request": {**REQUEST, "context": {"k": "a", "K": "b"}}},
            "request.bad-value",
            "request.context.K",
        ),
        ({"request": {**REQUEST, "resourceAccount": "1"}}, "request.bad-value", None),
        ({"policies": {"more": 1}}, "request.bad-shape", "policies.more"),
        ({"policies": {"identity": ALLOW}}, "request.bad-shape", "policies.identity"),
        ({"policies": {"identity": ["x"]}}, "policy.not-a-policy", "policies.identity[0]"),
        (
            {"policies": condition("Bolo", "k", "true")},
            "policy.unknown-operator",
            "policies.identity[0].Statement.Condition.Bolo",
        ),
        (
            {"policies": condition("StringLike", "k", "${a b}")},
            "policy.bad-value",
            "policies.identity[0].Statement[0].Condition.StringLike.k",
        ),
        (
            {"policies": condition("NumericEquals", "k", 10**400)},
            "policy.not-json",
            "policies.identity[0].Statement.Condition.NumericEquals.k",
        ),
        ({"policies": {"scps": {}}}, "request.bad-shape", "policies.scps"),
        ({"policies": {"rcps": [[]]}}, "request.bad-shape", "policies.rcps[0]"),
        ({"policies": {"scps": [{"policies": []}]}}, "request.bad-shape", "policies.scps[0].level"),
        (
            {"policies": {"scps": [{"level": "root"}]}},
            "request.bad-shape",
            "policies.scps[0].policies",
        ),
        (
            {"policies": {"scps": [{"level": "root", "policies": [], "more": 1}]}},
            "request.bad-shape",
            "policies.scps[0].more",
        ),
        (
            {"policies": {"scps": [{"level": "root", "policies": [ALLOW, TRUST]}]}},
            "policy.no-resource",
            "policies.scps[0].policies[1].Statement[0]",
        ),
        (
            {"policies": {"rcps": [{"level": "root", "policies": [ALLOW]}]}},
            "policy.missing-element",
            "policies.rcps[0].policies[0].Statement[0]",
        ),
        ({"policies": {"vpcEndpoint": 1}}, "request.bad-shape", "policies.vpcEndpoint"),
        (
            {"policies": {"resource": TRUST}},
            "policy.no-resource",
            "policies.resource.Statement[0]",
        ),
        ({"request": {**REQUEST, "federatedBy": 1}}, "request.bad-shape", "request.federatedBy"),
        ({"request": {**REQUEST, "federatedBy": ALICE}}, "request.bad-value", None),
        ({"options": {"serviceLinkedRole": True}}, "request.bad-value", "request.principal"),
        ({"options": {"more": 1}}, "request.bad-shape", "options.more"),
        ({"options": {"arn_span": "x"}}, "request.bad-shape", "options.arn_span"),
        (
            {"options": {"wildcard_service_prefix": "true"}},
            "request.bad-shape",
            "options.wildcard_service_prefix",
        ),
        ({"options": {"managementAccount": 1}}, "request.bad-shape", "options.managementAccount"),
        ({"options": {"resourceKind": 1}}, "request.bad-shape", "options.resourceKind"),
        ({"options": {"resourceKind": []}}, "request.bad-shape", "options.resourceKind"),
        ({"options": {"resourceKind": "KMS"}}, "request.bad-shape", "options.resourceKind"),
        ({"options": {"resourceKind": "turst"}}, "request.bad-shape", "options.resourceKind"),
    ],
)
def test_what_is_refused(parts: dict[str, Any], code: str, at: str | None) -> None:
    (answer,) = ask(with_(**parts))
    assert answer["error"]["code"] == code, answer
    assert answer["error"]["at"] == at or at is None, answer
    assert answer["id"] == parts.get("id", "q")


def test_a_message_is_one_line_whatever_it_quotes() -> None:
    odd = "x\ny`\u2028" + "z" * 1_000
    request = {"principal": odd, "action": odd, "resource": odd, odd: 1, "context": {odd: None}}
    policies = {**condition("StringLike", odd, "${" + odd), odd: 1}
    options = {odd: 1, "resourceKind": odd}
    for parts in ({"request": request}, {"policies": policies}, {"options": options}, {odd: 1}):
        for whole in (with_(**parts), {"id": 1, **parts}):
            error = ask(whole)[0]["error"]
            text = error["message"] + error["at"]
            assert len(text.splitlines()) == 1
            assert len(text) < 2_000
    short = {**REQUEST, "principal": odd}
    assert len(ask(with_(request=short))[0]["error"]["message"].splitlines()) == 1


def test_every_fault_of_a_line_is_named() -> None:
    (answer,) = ask(with_(request={"action": 1}, policies={"identity": [{}], "session": 3}, x=1))
    message = answer["error"]["message"]
    for part in ["x: ", "request.principal: ", "request.action: ", "policies.session: "]:
        assert part in message
    assert "policies.identity[0].Statement: the policy has no `Statement`" in message


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        "1",
        '{"id": 1, "id": 2}',
        '{"id": NaN}',
        '{"id": 1}{"id": 2}',
        "[" * 100_000,
        '{"id": ' + "9" * 5_000 + "}",
        "\udcff",
    ],
)
def test_a_line_that_is_no_question_stops_nothing(line: str) -> None:
    bad, good = ask(line, QUESTION)
    assert bad["error"]["code"] == "request.not-json"
    assert (bad["error"]["at"], bad["error"]["line"]) == ("line 1", 1)
    assert bad["id"] is None
    assert good["decision"] == "Allowed"


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1e999999999"])
def test_an_id_out_of_range_is_not_handed_back(number: str) -> None:
    (answer,) = ask(json.dumps(with_(id="N")).replace('"N"', number))
    assert answer["id"] is None
    assert answer["error"]["code"] == "request.bad-shape"
    assert answer["error"]["at"] == "id"


def test_a_policy_that_nests_as_deep_as_python_does_stops_nothing() -> None:
    deep = [with_(id=depth, policies={"identity": ["DEEP"]}) for depth in range(900, 1_101)]
    lines = [
        json.dumps(one).replace('"DEEP"', "[" * n + "]" * n) for one in deep for n in [one["id"]]
    ]
    *bad, good = ask(*lines, QUESTION)
    assert {one["error"]["code"] for one in bad} <= {"policy.too-deep", "request.not-json"}
    assert good["decision"] == "Allowed"


def test_a_byte_order_mark_is_passed_over_and_a_blank_line_is_not() -> None:
    first, *blank, last = ask("\ufeff" + json.dumps(QUESTION), "", "  \r", QUESTION)
    assert (first["id"], last["id"]) == ("q", "q")
    assert [(each["error"]["code"], each["error"]["line"]) for each in blank] == [
        ("request.not-json", 2),
        ("request.not-json", 3),
    ]


def test_a_bug_costs_one_line_and_its_text_is_not_told() -> None:
    bad = json.dumps(with_(id="bad"))

    def respond(question: exchange.DecisionQuestion) -> dict[str, object]:
        if question.id == "bad":
            raise IndexError("a secret")
        return {"decision": "Allowed"}

    stream = io.BytesIO(f"{json.dumps(QUESTION)}\n{bad}\n{json.dumps(QUESTION)}".encode())
    before, one, after = answers(stream, respond=respond)
    assert before.decided
    assert after.decided
    assert one.value["id"] == "bad"
    error: Any = one.value["error"]
    assert (error["code"], error["at"], error["line"]) == ("internal", "line 2", 2)
    assert error["message"].startswith("IndexError in respond, line ")


def test_a_line_too_long_is_dropped_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "MOST_BYTES", 1_000)
    bad, good = ask(" " * 2_500 + "{}", QUESTION)
    assert bad["error"]["code"] == "request.not-json"
    assert good["id"] == "q"


def test_the_trust_policy_is_the_resource_policy() -> None:
    role = {"principal": ALICE, "action": "sts:AssumeRole"}
    role["resource"] = "arn:aws:iam::111122223333:role/Ops"
    options = {"resourceKind": "trust", "managementAccount": False, "serviceLinkedRole": None}
    (answer,) = ask({"id": 1, "request": role, "policies": {"resource": TRUST}, "options": options})
    assert [(c["kind"], c["policy"]) for c in answer["because"]] == [
        ("role trust policy", "resource")
    ]


@pytest.mark.parametrize(
    ("written", "asked", "decision"),
    [
        ("1.10", '"1.1"', "ImplicitlyDenied"),
        ("1.10", "1.10", "Allowed"),
        ("1.10", '"1.10"', "Allowed"),
        ("1e2", "1e2", "Allowed"),
        ("true", "true", "Allowed"),
        ("true", '"true"', "Allowed"),
        ("12345678901234567890", "12345678901234567890", "Allowed"),
    ],
)
def test_numbers_and_booleans_keep_their_text(written: str, asked: str, decision: str) -> None:
    question = json.dumps(
        with_(
            request={**REQUEST, "context": {"k": "ASKED"}},
            policies=condition("StringEquals", "k", "WRITTEN"),
        )
    )
    line = question.replace('"WRITTEN"', written).replace('"ASKED"', asked)
    assert ask(line)[0]["decision"] == decision


def test_assumptions_by_name_and_what_was_assumed() -> None:
    policies = condition("StringNotEquals", "k", [])
    (default,) = ask(with_(policies=policies))
    assert default["decision"] == "ImplicitlyDenied"
    assert default["assumed"] == ["empty_value_list_matches"]
    (other,) = ask(with_(policies=policies, options={"empty_value_list_matches": True}))
    assert other["decision"] == "Allowed"
    assert other["assumed"] == ["empty_value_list_matches"]
    assert "assumed" not in ask(QUESTION)[0]


def test_policies_are_kept_by_content_and_kind() -> None:
    documents = Documents()
    first = documents.parsed(ALLOW, PolicyKind.IDENTITY)
    assert documents.parsed(json.loads(json.dumps(ALLOW)), PolicyKind.IDENTITY) is first
    assert documents.parsed(ALLOW, PolicyKind.SESSION) is not first
    assert len(documents) == 2


def test_the_store_of_policies_is_bounded() -> None:
    size = len(repr(ALLOW))
    documents = Documents(most_characters=3 * size + 20)
    for number in range(50):
        document = {**ALLOW, "Statement": [{**STATEMENT, "Sid": f"S{number:03}"}]}
        documents.parsed(ALLOW, PolicyKind.IDENTITY)
        documents.parsed(document, PolicyKind.IDENTITY)
        assert len(documents) <= 3
    assert documents.parsed(ALLOW, PolicyKind.IDENTITY) is documents.parsed(
        ALLOW, PolicyKind.IDENTITY
    )


def _corpus() -> list[bytes]:
    """Return the corpora's questions as lines, each with other assumptions, too."""
    questions = [test_corpus._question(name, case) for name, case in test_corpus.EVALUATION]
    settings = [{}, {"wildcard_service_prefix": False}, {"arn_span": "whole-string"}]
    return [
        json.dumps({**one, "id": number, "options": {**one.get("options", {}), **setting}}).encode()
        for number, one in enumerate(questions)
        for setting in settings
    ]


@pytest.mark.parametrize(
    ("decisions", "characters"), [(20_000, 2_000_000), (50, 2_000_000), (9, 9)]
)
def test_a_stream_is_answered_as_its_lines_are(
    decisions: int, characters: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # a stream is decided compiled, a line by the engine; also where it starts anew again and again
    monkeypatch.setattr(decider, "_MOST_DECISIONS", decisions)
    monkeypatch.setattr(decider, "_MOST_CHARACTERS", characters)
    lines, documents = _corpus(), Documents()
    expected = [str(exchange.answer(line, documents)) for line in lines]
    stream = io.BytesIO(b"\n".join(line for line in lines for _ in range(3)))
    found = [re.sub(r'"line": \d+', '"line": 1', str(one)) for one in answers(stream)]
    assert found[::3] == found[1::3] == found[2::3] == expected


def test_a_set_of_policies_is_compiled_at_its_second_question(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compiled: list[object] = []
    compile_ = decider.Compiler.compiled

    def spy(self: decider.Compiler, policies: Policies) -> decider.Decide:
        compiled.append(policies)
        return compile_(self, policies)

    monkeypatch.setattr(decider.Compiler, "compiled", spy)
    ask(QUESTION)
    assert not compiled
    ask(*[QUESTION] * 4)
    assert len(compiled) == 1


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
keys = st.sampled_from(["id", "request", "policies", "options"]) | st.sampled_from(
    ["principal", "action", "resource", "context", "identity", "session", "boundaries", "scps"]
)
shaped = st.recursive(
    json_values | st.sampled_from([ALICE, "iam:GetUser", "*", ALLOW, REQUEST]),
    lambda inner: st.dictionaries(keys, inner, max_size=4) | st.lists(inner, max_size=2),
    max_leaves=12,
)


@given(st.lists(shaped | st.binary(max_size=20), max_size=4))
def test_whatever_comes_every_line_is_answered(values: list[object]) -> None:
    lines = [
        value.replace(b"\n", b"") if isinstance(value, bytes) else json.dumps(value).encode()
        for value in values
    ]
    found = list(answers(io.BytesIO(b"\n".join(lines))))
    assert len(found) == b"\n".join(lines).count(b"\n") + bool(lines and lines[-1])
    for number, one in enumerate(found, start=1):
        error: Any = one.value.get("error", {"line": number, "code": ""})
        assert error["line"] == number
        assert error["code"] != "internal"
        assert set(json.loads(str(one))) <= {
            "id",
            "decision",
            "because",
            "blockedBy",
            "assumed",
            "error",
        }
