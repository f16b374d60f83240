"""What a policy really means, case by case; the corpus says where each expectation comes from."""

import json
from pathlib import Path
from typing import Any

import pytest

from sekisho import policy
from sekisho.audit.meaning import Meaning, ObjectOwner, meaning, sentences
from sekisho.errors import Unsupported
from sekisho.policy import PolicyKind

CORPUS = Path(__file__).parents[1] / "corpus" / "audit" / "meaning.json"
CASES: list[dict[str, Any]] = json.loads(CORPUS.read_text(encoding="utf-8"))["cases"]
KEYS = {"id", "source", "policy", "lines", "everythingElse", "enforces", "untried", "unknown"}


def _meaning(document: dict[str, Any]) -> Meaning:
    return meaning(policy.from_json(document, source="case"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_the_corpus(case: dict[str, Any]) -> None:
    assert set(case) == KEYS
    meant = _meaning(case["policy"])
    for expected in case["lines"]:
        line = meant.line(expected["action"], ObjectOwner(expected["target"]))
        assert line is not None, expected
        assert (line.works, line.enforcement) == (expected["works"], expected["enforcement"]), (
            expected
        )
    answers = {(line.works.value, line.enforcement.value) for line in meant.everything_else}
    assert answers == {(case["everythingElse"]["works"], case["everythingElse"]["enforcement"])}
    assert meant.enforces is case["enforces"]
    assert meant.untried == tuple(case["untried"])
    assert meant.unknown == tuple(case["unknown"])


def test_every_case_says_something_else() -> None:
    ids = [case["id"] for case in CASES]
    assert len(set(ids)) == len(ids)
    assert all(case["source"] for case in CASES)


def test_what_the_policy_names_is_not_everything_else() -> None:
    meant = _meaning(
        {"Statement": [{"Effect": "Allow", "Action": ["s3:*", "IAM:createuser"], "Resource": "*"}]}
    )
    named = {line.action for line in meant.lines}
    assert {"s3:GetObject", "iam:CreateUser"} <= named
    assert named.isdisjoint(line.action for line in meant.everything_else)


def test_a_trust_policy_is_refused_by_name() -> None:
    trust = policy.from_json(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}],
        },
        source="trust",
        kind=PolicyKind.TRUST,
    )
    with pytest.raises(Unsupported, match="identity-based"):
        meaning(trust)


def _japanese(text: str) -> bool:
    return any("\u3040" <= char <= "\u30ff" or "\u4e00" <= char <= "\u9fff" for char in text)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_sentences_exist_in_both_languages_and_do_not_mix(case: dict[str, Any]) -> None:
    said = sentences(_meaning(case["policy"]))
    assert said
    for sentence in said:
        assert not _japanese(sentence.en)
        assert _japanese(sentence.ja)


def test_a_leaking_enforcement_is_called_one() -> None:
    leaking = next(case for case in CASES if case["id"] == "bool-in-a-deny")
    last = sentences(_meaning(leaking["policy"]))[-1]
    assert last.en.startswith("Everything else: ")
    assert "NOT with a long-term access key" in last.en


def test_a_user_with_a_path_is_mentioned_only_where_it_matters() -> None:
    def mentions_a_path(resources: list[str]) -> bool:
        meant = _meaning(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Allow", "Action": "iam:EnableMFADevice", "Resource": resources}
                ],
            }
        )
        return any("path" in sentence.en for sentence in sentences(meant))

    plain, with_path = (f"arn:aws:iam::*:user/{way}${{aws:username}}" for way in ("", "*/"))
    assert mentions_a_path([plain])
    assert not mentions_a_path([plain, with_path])


def test_a_user_with_a_path_who_needs_mfa_where_others_do_not_is_told_apart() -> None:
    """A hardening Deny that forgets paths: who has one can enrol only with the MFA they lack."""
    own = "arn:aws:iam::*:user/${aws:username}"
    with_path = "arn:aws:iam::*:user/*/${aws:username}"
    no_mfa = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
    enrol = ["iam:EnableMFADevice", "iam:ResyncMFADevice"]
    meant = _meaning(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": enrol, "Resource": [own, with_path]},
                {"Effect": "Deny", "Action": enrol, "NotResource": own, "Condition": no_mfa},
            ],
        }
    )
    [said] = [sentence.en for sentence in sentences(meant) if "path" in sentence.en]
    assert said.startswith("Works only with MFA (on their own things, for a user whose ARN has")
    assert said.endswith(": iam:EnableMFADevice, iam:ResyncMFADevice")


def test_who_loses_everything_can_have_another_sentence() -> None:
    # a user with a path loses what the policy allows; what it denies them is a list of its own
    losing = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["iam:ChangePassword", "iam:CreateAccessKey"],
                "Resource": "arn:aws:iam::*:user/${aws:username}",
            },
            {
                "Effect": "Deny",
                "Action": "iam:DeleteAccessKey",
                "Resource": "arn:aws:iam::*:user/*/${aws:username}",
                "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
            },
        ],
    }
    said = [sentence.en for sentence in sentences(_meaning(losing)) if "path" in sentence.en]
    assert [sentence.rpartition(": ")[2] for sentence in said] == [
        *("everything that other users may do", "iam:DeleteAccessKey")
    ]
