"""`sekisho prove`, as a user calls it."""

import json
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from in_process import sekisho
from sekisho.cli import Exit

CORPUS = Path(__file__).parents[1] / "corpus" / "policy"
SAMPLE = str(CORPUS / "aws-self-manage.json")
OPEN = '{"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}}'


EVERY_REQUEST = ("--only", "enforcement", "--only", "nothing-lost", "--only", "own-things")


def run(*arguments: str, given: str = "") -> CompletedProcess[str]:
    """Ask about every request, if not said otherwise; `test_command_people` asks the rest."""
    if {"--never", "--always", "--granted", "--only-from", "--invariants"} & {*arguments}:
        return sekisho("prove", "access", *arguments, given=given, COLUMNS="1000")
    parts = () if "--only" in arguments else EVERY_REQUEST
    return sekisho("prove", "policy", *parts, *arguments, given=given, COLUMNS="1000")


def test_proved_enforcement_exits_0_with_the_exempt_actions() -> None:
    done = run(SAMPLE, "--lang", "en")
    assert done.returncode == 0, done.stderr
    assert "enforced   MFA for direct calls" in done.stdout
    assert "iam:EnableMFADevice" in done.stdout
    assert "some-user" in run(SAMPLE, "--lang", "en", "-v").stdout


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("en", "session token without MFA, from 203.0.113.9: s3:GetObject"),
        ("ja", "強制されていない"),
    ],
)
def test_an_open_enforcement_exits_3_with_a_counterexample(lang: str, said: str) -> None:
    done = run("-", "--lang", lang, given=OPEN)
    assert done.returncode == 3
    assert said in done.stdout


ADMIN = {"Effect": "Allow", "Action": "*", "Resource": "*"}
MUCH = [
    ([ADMIN], "every action", "every action (*)"),
    (
        [ADMIN, {**ADMIN, "Effect": "Deny", "Action": ["iam:GetUser", "s3:GetObject"]}],
        "every action but iam:GetUser, s3:GetObject",
        "every action but iam:GetUser, s3:GetObject (*)",
    ),
    (
        [ADMIN, {**ADMIN, "Effect": "Deny", "Action": "s3:*"}],
        "every action but s3:AbortMultipartUpload, ",
        "every action but s3:AbortMultipartUpload, ",
    ),
    (
        [ADMIN, {**ADMIN, "Effect": "Deny", "Resource": "arn:*"}],
        "in ",
        " services, most in ec2 (",
    ),
]


@pytest.mark.parametrize(("statements", "short", "long"), MUCH)
def test_a_long_list_says_what_it_is_of_the_whole(
    statements: list[object], short: str, long: str
) -> None:
    given = json.dumps({"Version": "2012-10-17", "Statement": statements})
    done = run("-", "--only", "enforcement", "--lang", "en", "-v", given=given)
    first, _, rest = done.stdout.partition("What works without MFA:")
    assert f"work without MFA: {short}" in first
    assert long in rest
    value = json.loads(run("-", "--only", "enforcement", "--format", "json", given=given).stdout)
    listed = {action for each in value["exempt"] for action in each["actions"]}
    assert f"  {len(listed)} actions" in first
    assert len(listed) > 500


@pytest.mark.parametrize(
    ("lang", "said"), [("en", "What a role may do"), ("ja", "ロールとして行う操作")]
)
def test_what_a_role_may_do_is_said_to_be_no_part_of_it(lang: str, said: str) -> None:
    admin = OPEN.replace("s3:GetObject", "*")
    assert said in run("-", "--lang", lang, "-v", given=admin).stdout
    assumptions = json.loads(run("-", "--format", "json", given=admin).stdout)["assumptions"]
    assert "sts:AssumeRole" in assumptions[-1]
    assert said not in run("-", "--lang", lang, "-v", given=OPEN).stdout


def test_the_counterexample_can_be_decided_again() -> None:
    done = run(
        "-", "--format", "json", "--principal", "arn:aws:iam::111122223333:user/a", given=OPEN
    )
    value = json.loads(done.stdout)
    question = next(one for one in value["questions"] if one["id"] == "enforcement")
    assert question["verdict"] == "Refuted"
    line = {"id": 1, "request": question["counterexample"]["request"]}
    policies = {"identity": [json.loads(OPEN)]}
    again = sekisho("decide", "--batch", "-", given=json.dumps({**line, "policies": policies}))
    assert again.returncode == 0
    assert json.loads(again.stdout)["decision"] == "Allowed"


def test_sarif_has_a_result_for_what_is_refuted() -> None:
    log = json.loads(run("-", "--format", "sarif", given=OPEN).stdout)
    results = log["runs"][0]["results"]
    assert {(one["ruleId"], one["level"]) for one in results} == {
        ("enforcement", "error"),
        ("enforcement-other-values", "note"),
    }


@pytest.mark.parametrize(
    ("lang", "said"), [("en", "nothing allowed  without MFA"), ("ja", "何も許可されていない")]
)
def test_what_is_not_allowed_yet_is_not_enforced(lang: str, said: str) -> None:
    allowed = OPEN.replace("s3:GetObject", "iam:GetUser")
    done = run("-", "--only", "enforcement", "--lang", lang, given=allowed)
    assert done.returncode == Exit.NOT_YET
    assert said in done.stdout
    value = json.loads(run("-", "--format", "json", given=allowed).stdout)
    assert value["enforced"] == "nothing allowed without MFA"
    verdicts = {each["id"]: each["verdict"] for each in value["questions"]}
    assert (verdicts["enforcement"], verdicts["nothing-allowed"]) == ("Refuted", "Proved")
    log = json.loads(run("-", "--format", "sarif", given=allowed).stdout)
    levels = {each["ruleId"]: each["level"] for each in log["runs"][0]["results"]}
    assert levels["enforcement"] == "warning"


def test_an_exempt_list_of_ones_own() -> None:
    assert run("-", "--exempt", "s3:Get*", given=OPEN).returncode == Exit.NOT_YET
    assert run(SAMPLE, "--exempt", "iam:GetUser").returncode == 3


def test_a_boundary_limits_and_a_level_must_be_named(tmp_path: Path) -> None:
    path = tmp_path / "boundary.json"
    path.write_text(OPEN.replace("s3:GetObject", "iam:GetUser"), encoding="utf-8")
    assert run("-", "--boundary", str(path), given=OPEN).returncode == 0
    assert run("-", "--scp", f"root={path}", given=OPEN).returncode == 0
    assert run("-", "--scp", str(path), given=OPEN).returncode == 64


def test_what_is_no_user_or_no_policy_is_an_error() -> None:
    assert run(SAMPLE, "--principal", "arn:aws:iam::111122223333:role/r").returncode == 1
    assert run("-", given="{}").returncode == 1


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("en", "MFA is not enforced. Whether the policies"),
        ("ja", "強制されていません。今、MFA なしで"),
    ],
)
def test_what_is_not_enforced_is_said_where_today_is_unknown(lang: str, said: str) -> None:
    nowhere = OPEN.replace('"*"}', '"arn:aws:foo:us-east-1::bar/*"}')
    done = run("-", "--only", "enforcement", "--lang", lang, given=nowhere)
    assert done.returncode == Exit.UNKNOWN
    assert done.stdout.startswith("MFA")
    assert said in done.stdout
