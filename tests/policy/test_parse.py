"""Reading policy texts: what is accepted, and that every fault is named with its place."""

import json
from pathlib import Path

import pytest

from sekisho import policy
from sekisho.errors import Code, FaultyPolicy
from sekisho.policy import (
    Comment,
    Condition,
    Effect,
    Element,
    EmptyBlock,
    Operator,
    OperatorName,
    PolicyKind,
    Position,
    Principal,
    PrincipalKey,
    Quantifier,
    Statement,
    Version,
)

CORPUS = Path(__file__).parents[1] / "corpus" / "policy"
CASES = json.loads((CORPUS / "faults.json").read_text(encoding="utf-8"))
RECORDED = Path(__file__).parents[1] / "data" / "aws-recorded"
DOCUMENTS = {
    "PolicyDocument": PolicyKind.IDENTITY,
    "AssumeRolePolicyDocument": PolicyKind.TRUST,
    "Policy": PolicyKind.SESSION,
}
SAMPLES = sorted(path for path in CORPUS.glob("*.json") if path.name != "faults.json")


def test_the_corpus_has_no_unknown_keys_and_no_id_twice():
    assert all(set(case) - {"kind"} == {"id", "source", "text", "faults"} for case in CASES)
    known = {"code", "path", "line", "column", "fix"}
    assert all(set(fault) <= known for case in CASES for fault in case["faults"])
    assert len({case["id"] for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_faulty_text(case):
    kind = PolicyKind(case.get("kind", PolicyKind.IDENTITY))
    with pytest.raises(FaultyPolicy) as caught:
        policy.parse(case["text"], source="corpus", kind=kind)
    found = [
        {"code": fault.code, "path": fault.path, "line": fault.line, "column": fault.column}
        for fault in caught.value.faults
    ]
    fixes = [fault.fix.en if fault.fix else "" for fault in caught.value.faults]
    expected = [{key: each[key] for key in each if key != "fix"} for each in case["faults"]]
    assert found == expected
    wanted = [each.get("fix", fix) for each, fix in zip(case["faults"], fixes, strict=True)]
    assert fixes == wanted


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_messages_are_one_line_and_begin_in_lower_case(case):
    kind = PolicyKind(case.get("kind", PolicyKind.IDENTITY))
    with pytest.raises(FaultyPolicy) as caught:
        policy.parse(case["text"], kind=kind)
    for fault in caught.value.faults:
        assert str(fault).isprintable()
        assert not fault.message.en[0].isupper()


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_sample(path):
    text = path.read_text(encoding="utf-8")
    document = policy.parse(text, source=path.name)
    assert document.source == path.name
    assert policy.to_json(document) == json.loads(text)
    assert policy.from_json(json.loads(text)) == document
    assert policy.parse(policy.render(document)) == document


def test_what_is_read_with_its_places():
    document = policy.parse(
        '{"Version": "2012-10-17",\n'
        ' "Statement": [{\n'
        '  "Sid": "A1", "Effect": "Deny", "NotAction": ["iam:Get*", "sts:*"],\n'
        '  "Resource": "*",\n'
        '  "Condition": {"ForAnyValue:StringLikeIfExists": {"aws:TagKeys": ["a", 1, true]},\n'
        '                "Bool": {"aws:MultiFactorAuthPresent": false}}}]}'
    )
    (statement,) = document.statements
    assert document.version is Version.V2012
    assert statement == Statement(
        index=0,
        effect=Effect.DENY,
        action=Element(("iam:Get*", "sts:*"), negated=True),
        resource=Element(("*",)),
        sid="A1",
        conditions=(
            Condition(
                Operator(OperatorName.STRING_LIKE, Quantifier.FOR_ANY_VALUE, if_exists=True),
                "aws:TagKeys",
                ("a", "1", "true"),
            ),
            Condition(Operator(OperatorName.BOOL), "aws:MultiFactorAuthPresent", ("false",)),
        ),
    )
    assert statement.position == Position(2, 16)
    assert statement.action.position == Position(3, 34)
    assert not statement.action.scalar
    assert statement.resource.scalar
    assert [condition.position for condition in statement.conditions] == [
        Position(5, 52),
        Position(6, 26),
    ]


def test_trust_policy():
    document = policy.parse(
        '{"Id": "x", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal":'
        ' {"AWS": ["111122223333", "*"], "Service": "ec2.amazonaws.com"}}}',
        kind=PolicyKind.TRUST,
    )
    (statement,) = document.statements
    assert (document.id, document.version, statement.resource) == ("x", None, None)
    assert statement.principal == Principal(
        (
            (PrincipalKey.AWS, ("111122223333", "*")),
            (PrincipalKey.SERVICE, ("ec2.amazonaws.com",)),
        )
    )


def test_a_repository_policy_has_no_resource_and_gets_none_when_it_is_written():
    """Amazon ECR User Guide, "Private repository policy examples"."""
    statement = {"Sid": "new statement", "Effect": "Allow", "Principal": "*"}
    for action in (["ecr:BatchGetImage"], ["ECR:*", "ecr-public:GetRepositoryPolicy"]):
        written = {"Version": "2012-10-17", "Statement": [{**statement, "Action": action}]}
        document = policy.from_json(written, kind=PolicyKind.RESOURCE)
        assert document.statements[0].resource == policy.Element(("*",))
        assert policy.to_json(document) == written


@pytest.mark.parametrize(
    ("kind", "action"),
    [
        (PolicyKind.RESOURCE, {"Action": ["ecr:BatchGetImage", "s3:GetObject"]}),
        (PolicyKind.RESOURCE, {"Action": "*"}),
        (PolicyKind.RESOURCE, {"Action": []}),
        (PolicyKind.RESOURCE, {"NotAction": "ecr:BatchGetImage"}),
        (PolicyKind.RESOURCE, {"Action": "sqs:SendMessage"}),
        (PolicyKind.VPC_ENDPOINT, {"Action": "ecr:BatchGetImage"}),
    ],
)
def test_every_other_policy_needs_a_resource(kind, action):
    written = {"Statement": {"Effect": "Allow", "Principal": "*", **action}}
    with pytest.raises(FaultyPolicy) as caught:
        policy.from_json(written, kind=kind)
    assert {fault.code for fault in caught.value.faults} == {Code.POLICY_NO_RESOURCE}


def test_bare_star_is_anyone():
    text = '{"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*"}}'
    (statement,) = policy.parse(text, kind=PolicyKind.TRUST).statements
    assert statement.principal == Principal(((PrincipalKey.ANYONE, ("*",)),))


def test_comments_are_read_and_reported():
    text = (
        "// MFA enforcement\n"
        '{"Statement": /* one */ {"Effect": "Deny", "Action": "*", "Resource": "*",\n'
        '"Condition": {"StringEquals": {"aws:Referer": "https://example.com/*"}}}} // 終わり'
    )
    document = policy.parse(text)
    assert document.comments == (
        Comment("// MFA enforcement", Position(1, 1)),
        Comment("/* one */", Position(2, 15)),
        Comment("// 終わり", Position(3, 75)),
    )
    assert document.statements[0].conditions[0].values == ("https://example.com/*",)
    stripped = text
    for comment in document.comments:
        stripped = stripped.replace(comment.text, "")
    assert policy.parse(stripped) == document


def test_empty_lists_are_kept():
    document = policy.parse(
        '{"Statement": {"Effect": "Allow", "Action": [], "Resource": [],'
        ' "Condition": {"StringEquals": {"aws:username": []}, "Bool": {}}}}'
    )
    (statement,) = document.statements
    assert (statement.action.values, statement.resource.values) == ((), ())
    assert [condition.values for condition in statement.conditions] == [()]
    assert statement.empty == (EmptyBlock("Bool"),)


@pytest.mark.parametrize("condition", [{}, {"x": {}, "Bool": {}}])
def test_a_condition_without_keys_is_kept_whatever_its_operators(condition):
    wanted = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}
    document = policy.from_json({"Statement": wanted})
    (statement,) = document.statements
    assert statement.conditions == ()
    assert [each.operator for each in statement.empty] == list(condition or [""])
    assert policy.to_json(document)["Statement"] == [wanted]


def _taken_by_aws():
    """Yield the policy documents that recorded calls wrote, with the kind of each."""
    for file in ("identities", "credentials"):
        for line in (RECORDED / f"{file}.jsonl").read_text(encoding="utf-8").splitlines():
            case = json.loads(line)
            steps = [*case["setup"], *([case["call"]] if "response" in case["expect"] else [])]
            for number, step in enumerate(steps):
                for name, kind in DOCUMENTS.items():
                    written = step["params"].get(name)
                    if isinstance(written, dict):
                        trust = step["op"] == "iam.UpdateAssumeRolePolicy"
                        of = PolicyKind.TRUST if trust else kind
                        yield pytest.param(written["$json"], of, id=f"{case['id']} {number}")


@pytest.mark.parametrize(("written", "kind"), list(_taken_by_aws()))
def test_what_aws_took_is_read_and_written_whole(written, kind):
    document = policy.from_json(written, kind=kind)
    assert policy.from_json(policy.to_json(document), kind=kind) == document
    assert document.id == written.get("Id")


@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":', '{"Action":[', "[[//\n"])
def test_deep_nesting_is_a_fault_and_not_a_crash(opening):
    with pytest.raises(FaultyPolicy) as caught:
        policy.parse(opening * 10_000)
    assert caught.value.code is Code.POLICY_TOO_DEEP


def test_deep_values_are_a_fault_and_not_a_crash():
    value: object = "x"
    for _ in range(10_000):
        value = {"Statement": [value]}
    with pytest.raises(FaultyPolicy) as caught:
        policy.from_json(value)
    assert caught.value.code is Code.POLICY_TOO_DEEP


def test_a_text_over_the_limit_is_refused_unread():
    room = policy.MOST_CHARACTERS
    text = (CORPUS / "force-mfa-first-login.json").read_text(encoding="utf-8")
    padded = text + " " * (room - len(text))
    assert policy.parse(padded) == policy.parse(text)
    with pytest.raises(FaultyPolicy) as caught:
        policy.parse(padded + " ")
    assert [fault.code for fault in caught.value.faults] == [Code.POLICY_TOO_LONG]


def test_faults_are_bounded():
    with pytest.raises(FaultyPolicy) as caught:
        policy.parse("\u3000" * 10_000)
    assert len(caught.value.faults) == 100


@pytest.mark.parametrize("value", [object(), {1: 2}, float("nan"), {"Statement": {"Effect": {1}}}])
def test_values_that_are_not_json(value):
    with pytest.raises(FaultyPolicy) as caught:
        policy.from_json(value)
    assert caught.value.code is Code.POLICY_NOT_JSON


@pytest.mark.parametrize(
    "number",
    [10**400, -(10**5_000), float("inf"), float("nan")],
    ids=["long", "longest", "infinite", "none"],
)
def test_a_number_out_of_range_is_a_fault_and_not_a_crash(number):
    with pytest.raises(FaultyPolicy, match="Statement: a number out of range") as caught:
        policy.from_json({"Statement": number})
    assert caught.value.code is Code.POLICY_NOT_JSON


def test_every_operator_name_reads_as_itself():
    assert len(policy.OPERATORS) == 27 * 3 * 2 - 3
    assert all(str(operator) == name for name, operator in policy.OPERATORS.items())
    # three from the operators page, letter by letter
    assert {"BoolIfExists", "ForAllValues:StringLike", "NumericGreaterThanEquals"} <= set(
        policy.OPERATORS
    )
