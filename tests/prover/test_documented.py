"""A counterexample has the keys and the Region that AWS documents of its action.

What only others refute is not proved: it is unknown, and says which keys are not documented. Reads
`search.requests` itself, to count the searches.
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
    Counterexample,
    Proved,
    Refuted,
    Side,
    Unknown,
    conclude,
    counterexample_text,
    enforcement_question,
    policy_difference,
    prove_enforcement,
    prove_none,
)
from sekisho.prover.questions import counterexample_to_json
from sekisho.prover.search import requests

CASES = cases("prover/documented", ["statements", "expected"])
WITH_PREFIX = {"StringEquals": {"s3:prefix": "home/"}}
ON_OBJECTS = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
ELSEWHERE = {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}


def shown(*statements: dict[str, Any], user: CallingUser = ALICE) -> Counterexample:
    """Return the request that refutes, or for which it is unknown."""
    match prove_enforcement(identity(*statements), user, NOW).direct:
        case Refuted(counterexample):
            assert counterexample.documented
            return counterexample
        case Unknown(_, beyond):
            assert beyond is not None
            return beyond
        case verdict:
            pytest.fail(str(verdict))


@pytest.mark.parametrize("case", CASES)
def test_the_corpus(case: dict[str, Any]) -> None:
    expected = case["expected"]
    counterexample = shown(*case["statements"])
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
    expected = Proved if case["expected"].get("undocumented") else Refuted
    verdict = prove_none(question.in_catalogue)
    assert isinstance(verdict, expected)
    assert not isinstance(verdict, Refuted) or verdict.counterexample.documented


def test_what_no_documented_request_refutes_is_not_proved() -> None:
    """The catalogue is no reason for a proof: AWS may send a key that it does not list."""
    without_mfa = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
    shut = {**ENFORCEMENT, "Condition": {**without_mfa, "Null": {"s3:prefix": "true"}}}
    policies = identity({**ON_OBJECTS, "Condition": WITH_PREFIX}, shut)
    verdict = prove_enforcement(policies, ALICE, NOW).direct
    assert isinstance(verdict, Unknown)
    assert "with `s3:prefix`" in verdict.reason.en
    assert "`s3:prefix` のある" in verdict.reason.ja
    assert verdict.beyond is not None
    assert verdict.beyond.undocumented == ("s3:prefix",)
    found = conclude([enforcement_question(policies, ALICE, NOW)])
    assert found.assumed == ("catalogue_complete",)


def test_a_key_that_every_request_of_the_user_has_is_documented_of_any_action() -> None:
    user = CallingUser.of(ALICE.arn, {"s3:prefix": "home/"})
    assert shown({**ON_OBJECTS, "Condition": WITH_PREFIX}, user=user).documented


def test_where_the_first_one_is_documented_it_is_looked_for_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only who finds a request that is not documented looks again, and who proves never does."""
    searches: list[bool] = []
    begin = requests.RequestSearch.__init__

    def counted(self: Any, *given: Any, documented: bool = False, **more: Any) -> None:
        searches.append(documented)
        begin(self, *given, documented=documented, **more)

    monkeypatch.setattr(requests.RequestSearch, "__init__", counted)
    looked: dict[str, list[bool]] = {}
    for name, statements in {
        "proved": [{**ALLOW_ALL, "Condition": WITH_PREFIX}, ENFORCEMENT],
        "documented": [{**ON_OBJECTS, "Action": "s3:ListBucket", "Condition": WITH_PREFIX}],
        "another is": [{**ALLOW_ALL, "Condition": WITH_PREFIX}],
        "none is": [{**ON_OBJECTS, "Condition": WITH_PREFIX}],
    }.items():
        searches.clear()
        verdict = prove_none(enforcement_question(identity(*statements), ALICE, NOW))
        expected = {"proved": Proved, "none is": Unknown}.get(name, Refuted)
        assert isinstance(verdict, expected)
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
    side = policy_difference(old, new, ALICE, NOW).only_in_old
    assert isinstance(side, Side)
    assert side.counterexample is not None
    assert side.counterexample.documented
    for item in side.items:
        has = "s3:ListBucket" in item.actions or "s3:ListBucketVersions" in item.actions
        assert item.counterexample.documented is has, item.actions


def test_it_is_said_in_text_and_json() -> None:
    of_key = shown({**ON_OBJECTS, "Condition": WITH_PREFIX})
    assert "does not list `s3:prefix` for this action" in counterexample_text(of_key).en
    assert "このアクションに `s3:prefix` はありません" in counterexample_text(of_key).ja
    assert counterexample_to_json(of_key)["undocumentedKeys"] == ["s3:prefix"]
    of_region = shown({**ALLOW_ALL, "Action": "route53:*", "Condition": ELSEWHERE})
    assert "this service in us-east-1 alone" in counterexample_text(of_region).en
    assert "us-east-1 だけです" in counterexample_text(of_region).ja
    assert counterexample_to_json(of_region)["undocumentedKeys"] == ["aws:RequestedRegion"]
    plain = shown({**ON_OBJECTS})
    assert "no such request" not in counterexample_text(plain).en
    assert "undocumentedKeys" not in counterexample_to_json(plain)
