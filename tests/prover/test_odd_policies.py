"""Odd policies that the parser accepts: an empty list, a value of no type. No question breaks.

Reads `reading.statements` and `certificates.search` themselves: it makes the one wrong and the
other's limit low.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiles import examples, sampled
from prover.conftest import USES
from prover.questions import ALICE, ALLOW_ALL, ENFORCEMENT, NOW, WITHOUT_MFA, allowing, identity
from sekisho.engine import Assumptions, AttachedPolicy, ContextValue, Policies, Request
from sekisho.policy import OPERATORS, PolicyKind, from_json
from sekisho.prover import (
    PolicyDifference,
    Proved,
    Refuted,
    Unknown,
    Verdict,
    enforcement_question,
    no_public_access,
    policy_difference,
    prove_enforcement,
    prove_none,
)
from sekisho.prover.certificates import search as certificates
from sekisho.prover.reading.credentials import situations
from sekisho.prover.reading.statements import ConditionReading
from sekisho.prover.search.counterexample import contradiction
from sekisho.prover.solver import limits

READ = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/x"}
KEYS: dict[str, tuple[dict[str, ContextValue], ...]] = {
    "aws:PrincipalTag/t": tuple(
        {} if v is None else {"aws:PrincipalTag/t": v} for v in (None, "", "a")
    ),
    "aws:TagKeys": ({}, {"aws:TagKeys": ("a",)}),
    "s3:max-keys": ({}, {"s3:max-keys": "5"}),
    "aws:MultiFactorAuthPresent": ({},),
}
"""Keys, and what each can be that a condition without values tells apart; the last is settled."""
_OF_EVERY_ACTION = {"aws:PrincipalTag/t", "aws:MultiFactorAuthPresent"}


def empty_lists(effect: str, turn: int) -> Iterator[tuple[str, str, Policies]]:
    """Yield policies for each operator; in the quick profile for every fifth, others by turns."""
    for operator, key in product(sampled(OPERATORS, every=5, first=turn), KEYS):
        odd = {**READ, "Effect": effect, "Condition": {operator: {key: []}}}
        yield operator, key, identity(*([READ] if effect == "Deny" else []), odd)


@pytest.mark.parametrize("matches", [False, True])
@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_an_empty_list_of_values_is_what_the_engine_says(effect: str, *, matches: bool) -> None:
    """For each operator: some request passes if and only if the engine lets some pass."""
    assumptions = Assumptions(empty_value_list_matches=matches)
    made = [each.values for each in situations(ALICE, NOW, WITHOUT_MFA)]
    seen = set()
    turn = 2 * (effect == "Deny") + matches
    for operator, key, policies in empty_lists(effect, turn):
        allows = allowing(policies, assumptions)
        contexts = (values.with_(more) for values in made for more in KEYS[key])
        there = [Request(ALICE.arn, READ["Action"], READ["Resource"], one) for one in contexts]
        question = enforcement_question(policies, ALICE, NOW, ())
        verdict = prove_none(replace(question, assumptions=assumptions))
        passing = [*filter(allows, there)]
        # what only a request with a key that is not its action's answers is unknown
        known = any(key in _OF_EVERY_ACTION or key not in each.context for each in passing)
        expected = Refuted if known else Unknown if passing else Proved
        assert type(verdict) is expected, (operator, key)
        seen.add(expected)
    assert {Proved, Refuted} <= seen


def test_where_texts_are_looked_for_an_empty_list_has_none() -> None:
    """Beyond eight patterns with wildcards, the texts that they tell apart are not listed."""
    many = {"StringLike": {"aws:PrincipalTag/t": [f"{n}*" for n in range(9)]}}
    odd = {"StringNotEqualsIfExists": {"aws:PrincipalTag/t": []}}
    policies = identity({**READ, "Condition": {**many, **odd}})
    assert prove_none(enforcement_question(policies, ALICE, NOW, ())) == Proved()


def test_what_the_engine_contradicts_is_unknown_and_names_the_statement(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in USES:
        monkeypatch.setattr(module, "contradiction", contradiction)
    deny = {**ENFORCEMENT, "Sid": "Odd"}
    monkeypatch.setattr(ConditionReading, "_holds", lambda *_: False)
    verdict = prove_none(enforcement_question(identity(READ, deny), ALICE, NOW))
    assert isinstance(verdict, Unknown), verdict
    assert "`p  Statement[1] Odd`" in verdict.reason.en


ODD = (
    *(
        "",
        "x",
        "*",
        "?",
        "a*",
        "true",
        "5",
        "1e400",
        "-0",
        "2026-01-01",
        "2026-13-99T",
        "K",
        "\u212a",
    ),
    *("10.0.0.0/8", "10.0.0.0/99", "::1", "fe80::1%eth0", "QQ==", "o-a1b2c3d4e5/r-ab12/*", "us-*"),
    *("arn:aws:iam::111122223333:user/alice", "arn:aws:iam", "arn:*", "111122223333", "\U0001f600"),
    *("${aws:username}", "${aws:PrincipalTag/b, 'x'}", "${aws:PrincipalTag/a}", "${s3:prefix}"),
    *("${aws:CurrentTime}", "${aws:RequestedRegion}", "${aws:userid}", "${aws:CalledVia}", "${*}"),
    *(5, -3, 1.5, 1e30, True),
)
OF = (
    *("aws:PrincipalTag/a", "aws:PrincipalTag/b", "aws:ResourceTag/a", "ec2:ResourceTag/a"),
    *(
        "aws:MultiFactorAuthPresent",
        "aws:MultiFactorAuthAge",
        "aws:TokenIssueTime",
        "aws:EpochTime",
    ),
    *("aws:SourceIp", "aws:SourceVpc", "aws:SourceVpcArn", "aws:userid", "AWS:USERNAME"),
    *("aws:PrincipalArn", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths", "aws:ResourceOrgID"),
    *("aws:ResourceAccount", "aws:RequestTag/a", "aws:TagKeys", "aws:RequestedRegion", "nokey"),
    *("aws:SecureTransport", "aws:CalledVia", "aws:CalledViaFirst", "aws:ViaAWSService", "x:y"),
    *("aws:PrincipalServiceName", "s3:prefix", "s3:max-keys", "kms:ViaService", "iam:PolicyARN"),
)
_SEVERAL = st.lists(st.sampled_from(ODD), max_size=2)
_CONDITIONS = st.dictionaries(
    st.sampled_from([*OPERATORS]),
    st.dictionaries(st.sampled_from(OF), _SEVERAL, min_size=1, max_size=2),
    max_size=2,
)
_ACTIONS = st.sampled_from(
    ["*", "s3:*", "iam:Get*", "*:List*", "nosuch:Thing", "iam: *", [], ["*"]]
)
_PRINCIPALS = st.sampled_from(
    [
        "*",
        {"AWS": []},
        {},
        {"AWS": ["111122223333", "444455556666"]},
        {"Service": "a.amazonaws.com"},
    ]
)


def _statements(*, with_principal: bool) -> st.SearchStrategy[list[dict[str, Any]]]:
    resources = ["*", "arn:aws:s3:::b/${aws:PrincipalTag/a}", "arn:*", [], ["arn:aws:s3:::c*"]]
    parts: dict[str, st.SearchStrategy[Any]] = {
        "Effect": st.sampled_from(["Allow", "Deny"]),
        "Resource": st.sampled_from(resources),
        "Condition": _CONDITIONS,
    }
    if with_principal:
        parts["Principal"] = _PRINCIPALS
    one = st.tuples(
        st.fixed_dictionaries(parts), st.sampled_from(["Action", "NotAction"]), _ACTIONS
    )
    return st.lists(one.map(lambda each: {**each[0], each[1]: each[2]}), min_size=1, max_size=2)


@settings(max_examples=examples(8))
@given(_statements(with_principal=False), _statements(with_principal=False), st.booleans())
def test_no_question_breaks_on_an_odd_policy(
    first: list[dict[str, Any]], second: list[dict[str, Any]], bounded: bool
) -> None:
    """What the engine contradicts would be an error here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "MOST_STEPS", 100_000)
        patch.setattr(certificates, "DEFAULT_LIMIT", 100_000)
        one, other = identity(ALLOW_ALL, ENFORCEMENT, *first), identity(*second)
        both = replace(one, boundaries=other.identity) if bounded else one
        assert isinstance(prove_enforcement(both, ALICE, NOW).direct, Verdict)
        assert isinstance(policy_difference(one, other, ALICE, NOW), PolicyDifference)


@settings(max_examples=examples(15))
@given(_statements(with_principal=True))
def test_nor_does_one_about_public_access(statements: list[dict[str, Any]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "MOST_STEPS", 100_000)
        value = {"Version": "2012-10-17", "Statement": statements}
        policy = AttachedPolicy("p", from_json(value, kind=PolicyKind.RESOURCE))
        assert isinstance(no_public_access(policy, NOW).verdict, Verdict)
