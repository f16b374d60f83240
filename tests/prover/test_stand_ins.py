"""Without `--principal`: what is proved is proved of all whom the policies tell apart."""

import json
from pathlib import Path
from typing import Any

import pytest

from prover.questions import ALLOW_ALL, ENFORCEMENT, identity
from prover.test_command import SAMPLE, run
from prover.test_difference import sample
from sekisho.engine import AttachedPolicy, Policies
from sekisho.policy import Preset, choices_of, force_mfa
from sekisho.prover import distinguishable_callers, representative_callers

ACCOUNT = "111122223333"
USERS = f"arn:aws:iam::{ACCOUNT}:user/"
NO_MFA = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
S3 = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
HOME = {**S3, "Resource": "arn:aws:s3:::home/${aws:username}/*"}


def enforcement(**but: Any) -> dict[str, Any]:
    return {**ENFORCEMENT, "Condition": {**NO_MFA, **but}}


CASES: dict[str, tuple[list[dict[str, Any]], tuple[str, ...], str, str]] = {
    "a pattern of names": (
        [S3, enforcement(StringNotLike={"aws:username": "svc-*"})],
        ("--only", "enforcement"),
        "Refuted",
        "user/svc-x",
    ),
    "a path": (
        [S3, enforcement(ArnNotLike={"aws:PrincipalArn": "arn:aws:iam::*:user/service/*"})],
        ("--only", "enforcement"),
        "Refuted",
        "user/service/x",
    ),
    "a name": (
        [S3, enforcement(StringNotEquals={"aws:username": "ceo"})],
        ("--only", "enforcement"),
        "Refuted",
        "user/ceo",
    ),
    "whose home it is": (
        [HOME],
        ("--never", "s3:*", "--on", "arn:aws:s3:::home/ceo/*"),
        "Refuted",
        "user/ceo",
    ),
    "whose home it may be": (
        [HOME],
        ("--never", "s3:*", "--on", "arn:aws:s3:::home/c?o*/x/y"),
        "Refuted",
        "",
    ),
    "who may be told apart": (
        [HOME, {**S3, "Effect": "Deny", "NotAction": "s3:GetObject", "Action": None}, ENFORCEMENT],
        ("--never", "s3:GetObject", "--unless-mfa", "--on", "arn:aws:s3:::home/a*b"),
        "Unknown",
        "`aws:username`",
    ),
    "a name that MFA enforcement leaves out, beside more than are asked about": (
        [
            {**S3, "Condition": {"StringEquals": {"aws:username": [f"dev{n}" for n in range(20)]}}},
            {**S3, "Action": "ec2:*"},
            enforcement(StringNotEquals={"aws:username": "ceo"}),
        ],
        ("--only", "enforcement"),
        "Unknown",
        "`aws:PrincipalArn`",
    ),
    "MFA enforcement that denies all alike": (
        [HOME, {**S3, "Effect": "Deny", "Resource": "arn:aws:s3:::home/a*b"}, ENFORCEMENT],
        ("--only", "enforcement", "--exempt", "iam:GetUser"),
        "Proved",
        "",
    ),
    "MFA enforcement beside an Allow that names an account, a partition and our name": (
        [
            {
                **S3,
                "Action": "sqs:*",
                "Resource": "arn:aws-cn:sqs:*:999988887777:some-user",
                "Condition": {"StringLike": {"aws:username": "adm-*"}},
            },
            ENFORCEMENT,
        ],
        ("--only", "enforcement", "--exempt", "iam:GetUser"),
        "Proved",
        "",
    ),
    "MFA enforcement beside what tells users apart": (
        [HOME, {**S3, "Resource": "arn:aws:s3:::home/a*b"}, ENFORCEMENT],
        ("--only", "enforcement", "--exempt", "iam:GetUser"),
        "Proved",
        "",
    ),
}


@pytest.mark.parametrize(
    ("statements", "options", "verdict", "said"), CASES.values(), ids=list(CASES)
)
def test_it_is_asked_of_all_whom_policies_tell_apart(
    statements: list[dict[str, Any]],
    options: tuple[str, ...],
    verdict: str,
    said: str,
    tmp_path: Path,
) -> None:
    path = tmp_path / "p.json"
    kept = [{key: each for key, each in one.items() if each is not None} for one in statements]
    path.write_text(json.dumps({"Version": "2012-10-17", "Statement": kept}), encoding="utf-8")
    found = json.loads(run(str(path), *options, "--format", "json").stdout)
    first = found["questions"][0]
    assert first["verdict"] == verdict, first
    match verdict:
        case "Refuted":
            principal = first["counterexample"]["request"]["principal"]
            assert principal.endswith(said)
            assert principal in found["users"]
        case "Unknown":
            assert said in first["reason"]


def test_the_output_says_of_whom(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    statements = [S3, enforcement(StringNotLike={"aws:username": "svc-*"})]
    path.write_text(json.dumps({"Version": "2012-10-17", "Statement": statements}), "utf-8")
    asked = (str(path), "--only", "enforcement", "--lang", "en")
    summary, details = run(*asked).stdout, run(*asked, "-v").stdout
    for said in (summary, details):
        assert "svc-x's console session or session token without MFA" in said
        assert "the policies distinguish users by `aws:username`: give the caller" in said
        assert "standing for any user" not in said
    assert f"Checked for {USERS}some-user, {USERS}svc-x, whom the policies distinguish" in details


def test_of_everyday_policies_one_user_stands_for_any() -> None:
    enforcements = [
        Policies(identity=(AttachedPolicy("enforcement", force_mfa(choices_of(preset))),))
        for preset in Preset
    ]
    for policies in (*enforcements, sample("aws-self-manage"), sample("force-mfa-first-login")):
        everything = (*policies.identity, *identity(ALLOW_ALL).identity)
        found = representative_callers(Policies(identity=everything))
        assert (len(found.users), found.indistinct_keys) == (1, ())
    done = run(SAMPLE, "--lang", "en", "-v")
    assert done.returncode == 0
    assert "standing for any user" in done.stdout


def test_an_account_that_a_variable_makes_special_has_a_user() -> None:
    logs = {**S3, "Resource": "arn:aws:s3:::logs-${aws:PrincipalAccount}"}
    named = {**S3, "Effect": "Deny", "Resource": "arn:aws:s3:::logs-222233334444"}
    policies = identity(logs, named)
    accounts = [user.account for user in representative_callers(policies).users]
    assert accounts == [ACCOUNT, "222233334444"]
    assert set(accounts) <= {user.account for user in distinguishable_callers(policies).users} | {
        ACCOUNT
    }
