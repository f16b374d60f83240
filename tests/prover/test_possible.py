"""Every counterexample is a request that AWS could receive."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from cases import cases
from profiles import DEEP, examples, sampled
from prover.aws_requests import faults_of, undocumented
from prover.questions import ALICE, ALLOW_ALL, NOW, UNCERTIFIED, identity, limit_steps
from prover.test_questions import CASES, asked, policies_of
from prover.worlds import WILD_POLICIES
from sekisho.engine import (
    Assumptions,
    AttachedPolicy,
    CatalogueComplete,
    Context,
    Policies,
    Request,
)
from sekisho.policy import parse
from sekisho.prover import (
    Counterexample,
    Proved,
    Refuted,
    enforcement_question,
    policy_difference,
    prove_enforcement,
    prove_none,
)
from sekisho.prover.questions import Inquiry, QuestionGroup, Subject, report_on_policies

COMPLETE = Assumptions(catalogue_complete=CatalogueComplete.YES)
PUBLISHED = sorted((Path(__file__).parents[1] / "corpus" / "policy").glob("*.json"))


def possible(counterexample: Counterexample) -> None:
    direct = counterexample.credential.direct
    assert faults_of(counterexample.request, direct=direct) == [], counterexample.request
    beyond = undocumented(counterexample.request, direct=direct)
    assert beyond == {*counterexample.undocumented}, counterexample.request


@pytest.mark.parametrize(
    "case", [each for each in CASES if each.values[0]["expected"]["verdict"] == "Refuted"]
)
def test_the_corpus(case: dict[str, Any], tmp_path: Path) -> None:
    verdict = asked(case["question"], policies_of(case["policies"]), tmp_path).verdict
    assert isinstance(verdict, Refuted)
    possible(verdict.counterexample)


@pytest.mark.parametrize("path", [each for each in PUBLISHED if each.name != "faults.json"])
def test_published_policies(path: Path) -> None:
    policies = Policies(identity=(AttachedPolicy("p", parse(path.read_text("utf-8"))),))
    found = policy_difference(policies, identity(ALLOW_ALL), ALICE, NOW)
    for side in (found.only_in_old, found.only_in_new):
        for item in getattr(side, "items", ()):
            possible(item.counterexample)


@settings(max_examples=examples(10))
@given(WILD_POLICIES)
def test_policies_at_random(statements: list[dict[str, Any]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        if not DEEP:
            limit_steps(patch, 400_000)
        verdict = prove_enforcement(identity(*statements), ALICE, NOW, ()).direct
    if isinstance(verdict, Refuted):
        possible(verdict.counterexample)


_NOT_CERTIFIED = {
    *("region/named-like-a-pattern", "s3/bucket-without-a-name", "action/with-a-tilde"),
    *("endpoint/neither-address-nor-endpoint", "endpoint/no-id-of-one"),
    "endpoint/one-of-its-keys-alone",
}
"""Nothing is found, but what cannot be is none of the facts of certificates."""


ONLY = cases("prover/possible", ["statements", "expected"])
ENFORCEMENT = Inquiry(frozenset({QuestionGroup.ENFORCEMENT}))
ALL_ASKED = {each.values[0]["id"] for each in sampled(ONLY, every=3)}
"""The cases about which all is asked, and not only whether MFA is enforced."""


@pytest.mark.parametrize("case", ONLY)
def test_what_only_impossible_requests_refute_is_proved(case: dict[str, Any]) -> None:
    """It is if the catalogue is complete; otherwise it is at least not refuted."""
    policies = identity(*case["statements"])
    subject = Subject.of_files(policies, ALICE.arn, NOW, users_may_change=False)
    inquiry = Inquiry() if case["id"] in ALL_ASKED else ENFORCEMENT
    report = report_on_policies(subject, replace(inquiry, assumptions=COMPLETE))
    found = {each.id: each for each in report.answers}
    open_world = {each.id: each for each in report_on_policies(subject, ENFORCEMENT).answers}
    for name, expected in case["expected"].items():
        # what is asked is whether anything is allowed as the policies are
        asked_as = {"enforcement": "nothing-allowed"}.get(name, name)
        there, here = (each.get(asked_as, each[name]) for each in (found, open_world))
        if case["id"] in _NOT_CERTIFIED:
            assert there.conclusion.verdict == UNCERTIFIED
            assert prove_none(enforcement_question(policies, ALICE, NOW).in_catalogue) == Proved()
        else:
            assert type(there.conclusion.verdict).__name__ == expected
        assert isinstance(here.conclusion.verdict, Refuted) is (expected == "Refuted")
    for each in found.values():
        if isinstance(each.conclusion.verdict, Refuted):
            possible(each.conclusion.verdict.counterexample)
        assert not (each.counts and each.hypothetical)


def _request(action: str, resource: str, **context: str) -> Request:
    keys = {"aws:username": "alice", "aws:PrincipalAccount": ALICE.account, **context}
    return Request(ALICE.arn, action, resource, Context(keys))


HERE = {"aws:SourceIp": "203.0.113.9"}
IMPOSSIBLE = [
    _request("s3:GetObject", "*", **HERE),
    _request("s3:Get~Object", "arn:aws:s3:::b/x", **HERE),
    _request("s3:ListBucket", "arn:aws:s3:::", **HERE),
    _request("s3:ListBucket", "arn:aws:s3:::b/x", **HERE),
    _request("iam:GetUser", "arn:aws:iam::111122223333:user/", **HERE),
    _request("iam:GetGroup", "arn:aws:iam::111122223333:group/a/", **HERE),
    _request("kms:Decrypt", "arn:aws:kms:us-*:111122223333:key/k", **HERE),
    _request("kms:Decrypt", "arn:aws:kms:us-east-1::key/k", **HERE),
    _request("kms:Tomorrow", "arn:aws:kms:us-east-1::key/k", **HERE),
    _request("s3:ListAllMyBuckets", "*"),
    _request("s3:ListAllMyBuckets", "*", **{**HERE, "aws:SourceVpce": "vpce-1"}),
    _request("s3:ListAllMyBuckets", "*", **{**HERE, "aws:RequestedRegion": "us-*"}),
]


@pytest.mark.parametrize("request_", IMPOSSIBLE, ids=lambda one: f"{one.action} {one.resource}")
def test_the_judge_refuses_what_cannot_be(request_: Request) -> None:
    assert faults_of(request_)


def test_the_judge_lets_pass_what_can() -> None:
    assert faults_of(_request("s3:GetObject", "arn:aws:s3:::b/x", **HERE)) == []
