"""A counterexample has the keys and the Region that AWS documents of its action, where one does.

Where none does, it says which keys those are, and what it shows is not proved away.
"""

from typing import Any

import pytest

from cases import cases
from prover.questions import ALICE, ALLOW_ALL, ENFORCEMENT, NOW, identity
from prover.test_possible import possible
from prover.test_scale import MANAGED, STEP
from prover.test_scale import attached as managed
from sekisho.engine import Policies
from sekisho.prover import (
    CallingUser,
    Proved,
    Refuted,
    Side,
    enforcement_question,
    prove_enforcement,
)
from sekisho.prover.questions.difference import difference
from sekisho.prover.questions.forms import counterexample_to_json
from sekisho.prover.search import requests
from sekisho.prover.sentences import counterexample_text

CASES = cases("prover/documented", ["statements", "expected"])
WITH_PREFIX = {"StringEquals": {"s3:prefix": "home/"}}
ON_OBJECTS = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
ELSEWHERE = {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}


def refuted(*statements: dict[str, Any]) -> Refuted:
    verdict = prove_enforcement(identity(*statements), ALICE, NOW).direct
    assert isinstance(verdict, Refuted), verdict
    return verdict


@pytest.mark.parametrize("case", CASES)
def test_the_corpus(case: dict[str, Any]) -> None:
    expected = case["expected"]
    counterexample = refuted(*case["statements"]).counterexample
    possible(counterexample)
    request = counterexample.request
    assert {*counterexample.undocumented} == {*expected.get("undocumented", ())}
    assert request.action == expected.get("action", request.action)
    assert request.action.partition(":")[0] == expected.get(
        "service", request.action.partition(":")[0]
    )
    assert expected.get("resource_has", "") in request.resource
    if "region" in expected:
        assert request.context.get("aws:RequestedRegion") == expected["region"]


@pytest.mark.parametrize("name", [*MANAGED][5::STEP])
def test_of_the_policies_that_aws_manages(name: str) -> None:
    verdict = prove_enforcement(Policies(identity=(managed(name),)), ALICE, NOW).direct
    if isinstance(verdict, Refuted):
        possible(verdict.counterexample)
        # AWS allows nothing by a key that it does not send
        assert verdict.counterexample.documented


@pytest.mark.parametrize("case", CASES)
def test_of_documented_requests_none_other_is_found(case: dict[str, Any]) -> None:
    question = enforcement_question(identity(*case["statements"]), ALICE, NOW)
    found = requests.RequestSearch(question, documented=True).counterexample()
    assert (found is None) is bool(case["expected"].get("undocumented"))
    assert found is None or found.documented


def test_what_no_documented_request_refutes_is_not_proved() -> None:
    """The catalogue is no reason for a proof: AWS may send a key that it does not list."""
    shut = {**ENFORCEMENT, "Condition": {**ENFORCEMENT["Condition"], "Null": {"s3:prefix": "true"}}}
    policies = identity({**ON_OBJECTS, "Condition": WITH_PREFIX}, shut)
    verdict = prove_enforcement(policies, ALICE, NOW).direct
    assert isinstance(verdict, Refuted)
    assert verdict.counterexample.undocumented == ("s3:prefix",)


def test_a_key_that_every_request_of_the_user_has_is_documented_of_any_action() -> None:
    user = CallingUser.of(ALICE.arn, {"s3:prefix": "home/"})
    policies = identity({**ON_OBJECTS, "Condition": WITH_PREFIX})
    verdict = prove_enforcement(policies, user, NOW).direct
    assert isinstance(verdict, Refuted)
    assert verdict.counterexample.documented


def test_where_the_first_one_is_documented_it_is_looked_for_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only who finds a request that is not documented looks again, and who proves never does."""
    searches: list[bool] = []
    begin = requests.RequestSearch.__init__

    def counted(self: Any, *given: Any, documented: bool = False) -> None:
        searches.append(documented)
        begin(self, *given, documented=documented)

    monkeypatch.setattr(requests.RequestSearch, "__init__", counted)
    looked: dict[str, list[bool]] = {}
    for name, statements in {
        "proved": [{**ALLOW_ALL, "Condition": WITH_PREFIX}, ENFORCEMENT],
        "documented": [{**ON_OBJECTS, "Action": "s3:ListBucket", "Condition": WITH_PREFIX}],
        "another is": [{**ALLOW_ALL, "Condition": WITH_PREFIX}],
        "none is": [{**ON_OBJECTS, "Condition": WITH_PREFIX}],
    }.items():
        searches.clear()
        verdict = prove_enforcement(identity(*statements), ALICE, NOW).direct
        assert isinstance(verdict, Proved) is (name == "proved")
        looked[name] = [*searches]
    assert looked == {
        "proved": [False],
        "documented": [False],
        "another is": [False, True],
        "none is": [False, True],
    }


def test_a_difference_is_shown_by_a_request_that_is_documented() -> None:
    old = identity({**ON_OBJECTS, "Action": "s3:*"})
    new = identity(
        {**ON_OBJECTS, "Action": "s3:*"},
        {**ON_OBJECTS, "Effect": "Deny", "Action": "s3:*", "Condition": WITH_PREFIX},
    )
    side = difference(old, new, ALICE, NOW).only_in_old
    assert isinstance(side, Side)
    assert side.counterexample is not None
    assert side.counterexample.documented
    for item in side.items:
        has = "s3:ListBucket" in item.actions or "s3:ListBucketVersions" in item.actions
        assert item.counterexample.documented is has, item.actions


def test_it_is_said_in_text_and_json() -> None:
    of_key = refuted({**ON_OBJECTS, "Condition": WITH_PREFIX}).counterexample
    assert "does not list `s3:prefix` for this action" in counterexample_text(of_key).en
    assert "このアクションに `s3:prefix` はありません" in counterexample_text(of_key).ja
    assert counterexample_to_json(of_key)["undocumentedKeys"] == ["s3:prefix"]
    of_region = refuted({**ALLOW_ALL, "Action": "route53:*", "Condition": ELSEWHERE}).counterexample
    assert "this service in us-east-1 alone" in counterexample_text(of_region).en
    assert "us-east-1 だけです" in counterexample_text(of_region).ja
    assert counterexample_to_json(of_region)["undocumentedKeys"] == ["aws:RequestedRegion"]
    plain = refuted({**ON_OBJECTS}).counterexample
    assert "no such request" not in counterexample_text(plain).en
    assert "undocumentedKeys" not in counterexample_to_json(plain)
