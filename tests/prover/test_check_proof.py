"""The independent checker, tested as if it were wrong: patterns, operators, refusals."""

import json
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from cases import cases
from sekisho import check_proof
from sekisho.check_proof import Branch, Claim, Part, Pattern, a_text, layer_of, pattern_of

SOURCE = Path(check_proof.__file__)
ANYBODY = Claim(check_proof.NO_NEW_ACCESS, (layer_of("identity", []),))
READING = check_proof.READINGS[0]


# ------------------------------------------------------------------------------- the file itself


def test_it_is_one_short_file_of_the_standard_library() -> None:
    text = SOURCE.read_text("utf-8")
    imported = re.findall(r"^(?:import|from) (\w+)", text, re.MULTILINE)
    assert len(text.splitlines()) <= 860
    assert set(imported) <= sys.stdlib_module_names


def test_it_runs_alone(tmp_path: Path) -> None:
    gate = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Deny",
            "NotAction": "iam:GetUser",
            "Resource": "*",
            "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
        },
    }
    policy, proof = tmp_path / "gate.json", tmp_path / "proof.json"
    policy.write_text(json.dumps(gate), "utf-8")
    (hashed,) = layer_of("identity", [check_proof.read_json(policy.read_text("utf-8"))]).hashes
    steps = [["not", "identity.0.0"], ["leaf", "action"], ["leaf", "aws:multifactorauthpresent"]]
    certificate = {
        "schema": check_proof.SCHEMA,
        "policies": {"identity": [hashed]},
        "trees": {"any": steps},
    }
    proof.write_text(json.dumps(certificate), "utf-8")
    copies = [tmp_path / name for name in ("check_proof.py", "check_proof_facts.json")]
    for copy in copies:
        copy.write_bytes(SOURCE.with_name(copy.name).read_bytes())

    def ended(*options: str) -> tuple[int, str]:
        command = [sys.executable, "-I", str(copies[0]), str(policy), str(proof), *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours
        return done.returncode, done.stdout + done.stderr

    assert ended("--exempt", "iam:GetUser")[0] == 0
    assert ended("--exempt", "iam:Get*")[0] == 0
    code, said = ended()
    assert code == 3
    assert "leaf" in said
    assert "identity.0.0" in said
    policy.write_text(json.dumps(gate).replace("GetUser", "GetRole"), "utf-8")
    code, said = ended("--exempt", "iam:GetRole")
    assert code == 3
    assert "hash" in said
    policy.write_text(
        '{"Version": "2012-10-17", "Version": "2012-10-17", "Statement": []}', "utf-8"
    )
    assert ended("--exempt", "iam:GetUser")[0] == 1


@pytest.mark.parametrize(
    "document",
    [
        {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": "*"}},
        {"Statement": {"Effect": "Allow", "Action": "*", "NotAction": "*", "Resource": "*"}},
        {"Statement": {"Effect": "Allow", "Action": "*"}},
        {"Statement": {"Effect": "allow", "Action": "*", "Resource": "*"}},
        {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": []}},
        {"Version": "2013-01-01", "Statement": []},
        {"Statement": "x"},
        [],
        {
            "Statement": {
                "Effect": "Deny",
                "Action": "*",
                "Resource": "*",
                "Condition": {"Bool": {"aws:x": "true", "AWS:X": "false"}},
            }
        },
        {
            "Statement": {
                "Effect": "Deny",
                "Action": "*",
                "Resource": "*",
                "Condition": {check_proof.PRESENT: {"aws:x": "true"}},
            }
        },
    ],
)
def test_what_is_no_policy_of_an_identity_is_not_read(document: Any) -> None:
    with pytest.raises(check_proof.UnreadableError):
        layer_of("identity", [document])


# -------------------------------------------------------------------------------------- patterns


def _regex(text: str) -> str:
    return "".join({"*": ".*", "?": "."}.get(one, re.escape(one)) for one in text)


def _matches(pattern: Pattern, text: str) -> bool:
    exactly = Pattern(f"= {text}", (tuple(text),))
    return (
        a_text(frozenset([(True, frozenset([exactly])), (True, frozenset([pattern]))]))[0]
        is not None
    )


def test_patterns_match_what_regular_expressions_do() -> None:
    drawn = random.Random(20)  # noqa: S311 - samples, no secrets
    for _ in range(10_000):
        written = "".join(drawn.choices("ab:*?", k=drawn.randrange(7)))
        text = "".join(drawn.choices("ab:v", k=drawn.randrange(7)))
        pattern = pattern_of(written, "like", False, READING)
        expected = re.fullmatch(_regex(written), text, re.DOTALL) is not None
        assert _matches(pattern, text) == expected, (written, text)


def test_a_text_is_found_where_one_of_few_characters_is() -> None:
    drawn = random.Random(21)  # noqa: S311 - samples, no secrets
    texts = ["".join(each) for size in range(5) for each in product("ab:z", repeat=size)]
    for _ in range(600):
        clauses = [
            (
                drawn.random() < 0.6,
                [
                    "".join(drawn.choices("ab:*?", k=drawn.randrange(4)))
                    for _ in range(drawn.choice((1, 2)))
                ],
            )
            for _ in range(3)
        ]

        def meets(text: str, clauses: list[tuple[bool, list[str]]] = clauses) -> bool:
            return all(
                wanted == any(re.fullmatch(_regex(one), text, re.DOTALL) for one in listed)
                for wanted, listed in clauses
            )

        found = a_text(
            frozenset(
                (wanted, frozenset(pattern_of(one, "like", False, READING) for one in listed))
                for wanted, listed in clauses
            )
        )[0]
        if found is None:
            assert not any(map(meets, texts)), clauses
        else:
            assert meets(found), (clauses, found)


@pytest.mark.parametrize(
    ("entry", "resource", "readings"),
    [
        ("arn:aws:s3:::b/*/test/*", "arn:aws:s3:::b/1/2/test/3/o", 2),
        ("arn:aws:s3:::b/*/test/*", "arn:aws:s3:::b//test/o", 2),
        ("arn:aws:s3:::b/*/test/*", "arn:aws:s3:::b/test/o", 0),
        ("arn:aws:sqs", "arn:aws:sqs:eu-west-1:111122223333:q", 2),
        ("arn:aws:*:x", "arn:aws:sqs:eu-west-1:111122223333:x", 1),
        ("arn:aws:s3:::*", "*", 0),
        ("*", "*", 2),
        ("arn:aws:iam::*:user/a", "arn:aws:iam::1:group/b:user/a", 1),
        ("arn:aws:s3:::B", "arn:aws:s3:::b", 0),
    ],
)
def test_resources_match_part_by_part_or_whole(entry: str, resource: str, readings: int) -> None:
    found = [
        _matches(pattern_of(entry, "resource", True, one), resource) for one in check_proof.READINGS
    ]
    assert sum(found) == readings
    assert found == sorted(found)  # the second takes in whatever the first does


@pytest.mark.parametrize(
    "entry", ["arn:AWS:s3:::b", "b", "arn:aws:s3:${aws:x}::b", "ar*:aws:s3:::b"]
)
def test_what_aws_does_not_say_of_a_resource_may_match_and_may_not(entry: str) -> None:
    assert pattern_of(entry, "resource", True, READING).free


@pytest.mark.parametrize(
    ("entry", "free"),
    [
        ("*", False),
        ("*:*", False),
        ("s3:*", False),
        ("*:Get*", True),
        ("s?:Get", True),
        ("iam:*:x", False),
    ],
)
def test_a_wildcard_for_the_service_is_not_understood(entry: str, free: bool) -> None:
    assert pattern_of(entry, "action", True, READING).free == free


# ------------------------------------------------------------------------------------ conditions

CONDITIONS = ("version", "operator", "key", "values", "context", "holds")
SEVERAL = "aws:tagkeys"
EQUALS = {"number": "NumericEquals", "date": "DateEquals", "address": "IpAddress"}


def _observed(case: dict[str, Any]) -> Branch:
    """Return a branch that says of each key what a request has."""
    context = {key.lower(): value for key, value in case["context"].items()}
    if isinstance(context.get(case["key"].lower()), list):
        context[SEVERAL] = context.pop(case["key"].lower())
    single = {key: value for key, value in context.items() if isinstance(value, str)}
    key = case["key"].lower()
    equals = EQUALS.get(check_proof.operator_of(case["operator"]).family)
    equal = [(Part(key, equals, (single.pop(key),)), True)] if equals and key in single else []
    branch = Branch(Claim(ANYBODY.kind, ANYBODY.layers, known=single), READING)
    branch.add(equal)
    context = {name: value for name, value in context.items() if name != key or not equal}
    texts = [case["key"], *re.findall(r"\$\{([^},]+)", " ".join(map(str, case["values"])))]
    said = {*single, *(part.attribute for part, _ in equal)}
    for name in {text.lower() for text in texts} - said:
        value = context.get(name)
        if name == key and SEVERAL in context:
            continue
        if not value:
            branch.add([(Part(name, check_proof.PRESENT, ()), False)])
    if several := context.get(SEVERAL):
        listed = tuple(several)
        branch.add([(Part(SEVERAL, "ForAllValues:StringEquals", listed, False), True)])
        branch.add([(Part(SEVERAL, check_proof.PRESENT, ()), True)])
        for one in listed:
            branch.add([(Part(SEVERAL, "ForAnyValue:StringEquals", (one,), False), True)])
    return branch


def _part(case: dict[str, Any]) -> Part:
    values = tuple(
        str(one).lower() if isinstance(one, bool) else str(one) for one in case["values"]
    )
    several = isinstance(case["context"].get(case["key"]), list) and case["context"][case["key"]]
    key = SEVERAL if several else case["key"].lower()
    return Part(key, case["operator"], values, case["version"] == "2012-10-17")


def _is_of_another_type(case: dict[str, Any], part: Part) -> bool:
    """Tell whether a request has a value that AWS never sends of keys with this operator."""
    family = check_proof.operator_of(part.operator).family
    value = case["context"].get(case["key"])
    if family == "address" and "/" in str(value):
        return True
    kinds = ("number", "date", "address", "bool")
    if family == "arn":
        return isinstance(value, str) and not re.fullmatch("arn(:.*){5}", value, re.DOTALL)
    return (
        family in kinds and isinstance(value, str) and check_proof.value_of(value, family) is None
    )


UNCLEAR = frozenset(
    """
    B9 A6 F4 F10 D4 R5 Y1 E1 malformed-policy-NumericNotEquals
    malformed-policy-DateNotEquals malformed-policy-NotIpAddress malformed-beside-good
    null-forall null-forany null-multivalued-empty null-malformed forany-ifexists-missing
    forall-empty-string forall-empty-string-in-set plain-multivalued-negated
    plain-multivalued-ifexists ifexists-multivalued-empty empty-negated
    empty-negated-missing empty-forall-negated dollar-escape variable-multivalued
    variable-multivalued-no-default variable-not-in-bool variable-not-in-numeric
    variable-not-in-ip variable-whole-arn date-no-such-day date-no-wildcard ip-bad-prefix
    ip-netmask-is-no-prefix arn-not-an-arn binary-other-value binary-case
    malformed-positive-date malformed-positive-number malformed-date-without-zone
    no-arn-any-value no-arn-all-values arn-first-part-wild short-arn-star
    short-arn-begins-alike null-neither bool-neither-policy
    list-without-set-operator-negated list-of-one-without-set-operator
    string-case-of-other-scripts number-infinity-is-malformed bool-for-any-value
    bool-for-all-values  ip-no-wildcards
    ip-for-any-value arn-like-five-parts binary-same-bytes binary-not-base64
    binary-has-no-wildcards binary-if-exists-missing for-all-values-numbers
    for-all-values-numbers-one-over for-all-values-malformed-one
    for-any-value-malformed-beside-good for-any-value-empty-set
    for-any-value-not-equals-all-listed for-all-values-dates for-any-value-arns
    variable-in-ignore-case binary-of-no-ascii
    """.split()  # noqa: SIM905 - seventy names
)
"""Cases of which the checker takes neither outcome for granted: values that cannot be read, lists
without a set operator, empty lists, base64, and what AWS does not say."""


@pytest.fixture(autouse=True)
def _types_are_read_again() -> Iterator[None]:
    yield
    check_proof.listed_type.cache_clear()


@pytest.mark.parametrize(
    "case",
    [
        *cases("conditions/vectors", CONDITIONS, ("assumed", "note")),
        *cases("conditions/mfa", CONDITIONS, ("assumed", "note")),
        *cases("conditions/more", CONDITIONS, ("assumed", "note")),
        *cases("conditions/exact", CONDITIONS, ("assumed", "note")),
    ],
)
def test_what_a_condition_does_is_possible(
    case: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    part = _part(case)
    kinds = {"number": "Numeric", "date": "Date", "address": "IP", "bool": "Bool", "arn": "ARN"}
    kind = kinds.get(check_proof.operator_of(part.operator).family, "String")
    # the corpora's `k` is a key of the operator's type
    keys = {**check_proof.FACTS["keys"], "k": kind, "t": "String"}
    monkeypatch.setattr(check_proof, "FACTS", {**check_proof.FACTS, "keys": keys})
    check_proof.listed_type.cache_clear()
    if _is_of_another_type(case, part):
        pytest.skip("a value of another type: the checker says that it rests on the type")
    branch = _observed(case)
    mark = len(branch.trail)
    branch.add([(part, case["holds"])])
    assert not branch.contradicts(part.attribute), case
    branch.undo(mark)
    branch.add([(part, not case["holds"])])
    # what AWS does not say can be otherwise
    assert branch.contradicts(part.attribute) == (case["id"] not in UNCLEAR), case["id"]


@pytest.mark.parametrize(
    "steps",
    [
        [["leaf", "="]],
        [["leaf"]],
        [[]],
        ["leaf action"],
        [["leaf", "aws:principalarn", "nothing"]],
        [["leaf", "aws:principalarn", "mfa-age-only-with-mfa"]],
        [["leaf", "aws:username", "aws-username-absent"]],
        [["not", "fact.tied-ec2-tag@a, 'b'"]],
        [["not", "identity.0.0"]],
        [["allowed", "identity"], ["leaf", "action"]],
        [["old"]],
        [["split", "action"]],
        [["nothing"]],
        [],
        None,
    ],
)
def test_a_step_that_is_none_is_refused(steps: Any) -> None:
    layers = (layer_of("identity", [{"Statement": LINKED}]),)
    certificate = {
        "schema": check_proof.SCHEMA,
        "policies": {"identity": layers[0].hashes},
        "trees": {"any": steps},
    }
    claim = Claim(check_proof.ENFORCED, layers)
    assert isinstance(check_proof.check(claim, certificate), check_proof.Invalid)


LINKED = {
    "Effect": "Allow",
    "Action": "*",
    "Resource": "*",
    "Condition": {
        "StringEquals": {
            "aws:PrincipalTag/a": "${aws:PrincipalTag/c}",
            "aws:PrincipalTag/b": "${aws:PrincipalTag/d}",
            "aws:PrincipalTag/c": "x",
            "aws:PrincipalTag/d": "y",
        }
    },
}
"""Two pairs of equal tags, which are not equal to each other."""


def test_links_are_no_attribute() -> None:
    layers = (layer_of("identity", [{"Version": "2012-10-17", "Statement": LINKED}]),)
    branch = Branch(Claim(check_proof.NOTHING_ALLOWED, layers), READING)
    branch.add([(part, True) for part in layers[0].statements[0].parts])
    assert not any(branch.contradicts(f"aws:principaltag/{name}") for name in "abcd")
    with pytest.raises(check_proof.RefusedError):
        branch.contradicts("=")


# ------------------------------------------------------------------------------------- arguments

ROLE = "arn:aws:iam::111122223333:role/ops"
USER = ROLE.replace("role/ops", "user/alice")
REFUSED = {
    "old policies beside another claim": (["--old", "p.json"], "--old"),
    "an old boundary beside another claim": (
        ["--claim", "nothing-allowed", "--old-boundary", "p.json"],
        "--old",
    ),
    "a level without a file": (["--scp", "p.json"], "LEVEL=FILE"),
    "an old level without a file": (
        ["--claim", "no-new-access", "--old-scp", "p.json"],
        "LEVEL=FILE",
    ),
    "a key without a value": (["--known", "aws:username"], "KEY=VALUE"),
    "a key twice": (["--known", "aws:x=1", "--known", "AWS:X=2"], "twice"),
    "a key that the ARN tells": (["--user-arn", USER, "--known", "aws:username=bob"], "twice"),
    "a user's key of a role": (["--role", ROLE, "--known", "aws:username=bob"], "aws:username"),
    "a role for a user": (["--user-arn", ROLE], "ARN of a user"),
    "a user for a role": (["--role", USER], "ARN of a role"),
    "a user and a role": (["--user-arn", USER, "--role", ROLE], "not allowed with"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_no_argument_is_ignored(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("p.json").write_text('{"Version": "2012-10-17", "Statement": []}', encoding="utf-8")
    arguments, said = REFUSED[name]
    with pytest.raises(SystemExit) as stopped:
        check_proof.main([*arguments, "--", "p.json", "p.json"])
    assert said in f"{stopped.value.code} {capsys.readouterr().err}"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--claim", "no-new-access", "--old", "p.json", "--old-scp", "Root=p.json"],
        ["--user-arn", USER, "--known", "aws:PrincipalTag/team=", "--known", "aws:x=a=b"],
        ["--role", ROLE, "--scp", "Root=p.json", "--all-tags"],
    ],
)
def test_arguments_are_read(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("p.json").write_text('{"Version": "2012-10-17", "Statement": []}', encoding="utf-8")
    # a policy is no certificate
    assert check_proof.main([*arguments, "--", "p.json", "p.json"]) == 3
