"""Statements that cannot matter are dropped: no answer changes by it, and large policies are quick.

The law: a request answers a question of reduced policies exactly if it answers that of the whole
ones, under every assumption. What each step drops stands beside it, and what it must leave. Reads
`search.reduction` itself: an answer that a statement too many does not change is no sign that it
was dropped.
"""

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiles import DEEP, examples
from prover.questions import ACCOUNT, ALICE, NOW, attached, identity
from prover.test_question_laws import ASSUMPTIONS
from prover.worlds import NAMES, OF, POLICIES, WILD_POLICIES, keys_of, world
from sekisho.engine import Assumptions, Context, Policies, Request
from sekisho.engine.matching import (
    Caller,
    CallerKind,
    Scope,
    TrackedAssumptions,
    actions,
    conditions,
    resources,
)
from sekisho.policy import Effect, Element
from sekisho.prover import (
    CallerCredential,
    Proved,
    Question,
    Refuted,
    Side,
    Unknown,
    callers_of_difference,
    difference_for_any,
    enforcement_question,
    prove_none,
)
from sekisho.prover.search import reduction, requests
from sekisho.prover.search.formula import StatementRule, rules_of
from sekisho.prover.search.reduction import (
    Groups,
    nothing_can_answer,
    reduce_policies,
    statements_that_matter,
)
from sekisho.prover.solver import limits

TRACKED = TrackedAssumptions(Assumptions())
CREDENTIALS = tuple(CallerCredential)[:3]
ME = Caller(ALICE.arn, CallerKind.USER, ALICE.partition, ALICE.account)
Statements = list[dict[str, Any]]


MOST_REQUESTS = 4_000 if DEEP else 1_000
"""Requests of a small world about which whole and reduced policies are asked."""


def applies(rule: StatementRule, request: Request, tracked: TrackedAssumptions) -> bool:
    scope = Scope(request, ME, rule.version, tracked)
    return (
        actions.matches(rule.action, request.action, tracked)
        and resources.matches(rule.resource, rule.effect, scope)
        and all(conditions.holds(each.condition, scope) for each in rule.conditions)
    )


def allows(groups: Groups, request: Request, tracked: TrackedAssumptions) -> bool:
    """Tell what AWS's evaluation says: no Deny anywhere, and an Allow in every group."""
    applying = [[one.effect for one in each if applies(one, request, tracked)] for each in groups]
    denied = any(Effect.DENY in each for each in applying)
    return not denied and all(Effect.ALLOW in each for each in applying)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[list[Statements], list[Statements]]:
    """Two sets of groups that share statements, as an old policy and a new one do."""
    pool = draw(st.sampled_from([POLICIES, WILD_POLICIES]).flatmap(lambda each: each))
    pool += draw(POLICIES)
    groups = st.lists(
        st.lists(st.sampled_from(pool), min_size=1, max_size=5), min_size=1, max_size=2
    )
    return draw(groups), draw(groups)


def as_policies(groups: Iterable[Statements]) -> Policies:
    first, *rest = (attached(*each) for each in groups)
    return Policies(identity=(first,), boundaries=tuple(rest) or None)


@settings(max_examples=examples(15))
@given(pairs(), ASSUMPTIONS, st.sampled_from([400_000, 400_000, 3]))
def test_a_request_answers_the_reduced_question_if_it_answers_the_whole_one(
    pair: tuple[list[Statements], list[Statements]], assumptions: Assumptions, most_pairs: int
) -> None:
    tracked = TrackedAssumptions(assumptions)
    old, new = map(as_policies, pair)
    whole = rules_of(old, tracked), rules_of(new, tracked)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reduction, "_MOST_PAIRS", most_pairs)
        less = reduce_policies(*whole)
        alone = reduce_policies(whole[0], None)[0], reduce_policies(None, whole[1])[1]
    assert less[0] is not None
    assert less[1] is not None
    assert alone[0] is not None
    assert alone[1] is not None
    keys = keys_of(
        [one.document for each in (old, new) for one in (*each.identity, *(each.boundaries or ()))]
    )
    asked = [*world(keys, CREDENTIALS, NAMES)] if len(keys) <= 3 else []
    for request in asked[:MOST_REQUESTS]:
        before = [allows(each, request, tracked) for each in whole]
        after = [allows(each, request, tracked) for each in less]
        assert (before[0] and not before[1]) is (after[0] and not after[1]), request
        assert before == [allows(each, request, tracked) for each in alone], request


@settings(max_examples=examples(15))
@given(pairs())
def test_the_verdict_on_reduced_policies_is_that_on_the_whole_ones(
    pair: tuple[list[Statements], list[Statements]],
) -> None:
    old, new = map(as_policies, pair)
    fence = {"Effect": "Deny", "NotAction": list(OF), "Resource": "*"}
    old = Policies((*old.identity, attached(fence)), old.boundaries)
    question = Question(ALICE, NOW, CREDENTIALS, allowed=old, denied=new)
    whole = prove_none(question)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(requests, "FEW_STATEMENTS", 0)
        less = prove_none(question)
    # what is cut may be decided where the whole was beyond the prover, never the reverse
    if isinstance(whole, Proved | Refuted):
        assert type(less) is type(whole)


def one(effect: str = "Allow", **parts: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": "s3:GetObject", "Resource": "*", **parts}


def left(*statements: dict[str, Any]) -> int:
    rules = rules_of(identity(*statements), TRACKED)
    found = reduce_policies(rules, None)[0]
    assert found is not None
    return sum(map(len, found))


TEAMS = [{"StringEquals": {"aws:PrincipalTag/team": name}} for name in "ab"]


@pytest.mark.parametrize(
    "two",
    [
        pytest.param([one(), one()], id="equal"),
        pytest.param([one(), one(Sid="again")], id="equal but for the Sid"),
        pytest.param([one(), one(Action="s3:*")], id="an action in a pattern"),
        pytest.param([one(), one(Action="S3:GETOBJECT", Resource="arn:aws:s3:::b/*")], id="case"),
        pytest.param(
            [one(Resource="arn:aws:s3:::b/*"), one(Resource="arn:aws:s3:::b/x")], id="an ARN"
        ),
        pytest.param(
            [one(Resource="arn:aws:s3:::a/*"), one(Resource="arn:aws:s3:::b/*")], id="merged"
        ),
        pytest.param([one(), one(Condition=TEAMS[0])], id="a condition more"),
        pytest.param([one(Condition=each) for each in TEAMS], id="two values of a condition"),
        pytest.param(
            [one(Resource="arn:aws:s3:::b/${aws:username}"), one(Resource="arn:aws:s3:::b/*")],
            id="a variable in a star",
        ),
    ],
)
def test_of_two_statements_one_is_enough(two: Statements) -> None:
    assert left(*two) == 1


@pytest.mark.parametrize(
    "two",
    [
        pytest.param([one(), one("Deny")], id="an Allow and a Deny"),
        pytest.param(
            [one(Resource="arn:aws:s3:::b/?"), one(Resource="arn:aws:s3:::b/${aws:username}")],
            id="a variable may be long",
        ),
        pytest.param(
            [one(Resource="arn:aws:s3:::*b*"), one(Resource="arn:aws:s3:::c/${aws:b}")],
            id="a variable's name is no text",
        ),
        pytest.param(
            [
                one(Condition={"StringNotEquals": {"s3:prefix": "a"}}, Action="s3:ListBucket"),
                one(Condition={"StringNotEquals": {"s3:prefix": "b"}}, Action="s3:List*"),
            ],
            id="negated values",
        ),
        pytest.param(
            [
                one(Condition={"ForAllValues:StringEquals": {"aws:TagKeys": name}})
                for name in ("a", "b")
            ],
            id="all of several values",
        ),
        pytest.param(
            [one(NotAction="s3:*"), one(NotAction="iam:*")], id="two elements that leave out"
        ),
    ],
)
def test_two_statements_that_both_matter_stay(two: Statements) -> None:
    for each in two:
        if "NotAction" in each:
            del each["Action"]
    assert left(*two) == 2


def test_an_entry_without_a_colon_takes_in_no_action() -> None:
    # AWS would refuse `s*`, which names no service; a document made by hand may have it
    rules = [
        StatementRule(Effect.ALLOW, Element((name,)), Element(("*",)), None, ())
        for name in ("s3:GetObject", "s*")
    ]
    assert reduce_policies([rules[:1]], [rules[1:]])[0] == [rules[:1]]


def test_what_has_no_allow_or_is_always_allowed_cannot_answer() -> None:
    everything = rules_of(identity(one(Action="*")), TRACKED)
    assert nothing_can_answer(rules_of(identity(one("Deny")), TRACKED), None)
    assert nothing_can_answer(None, everything)
    assert not nothing_can_answer(everything, rules_of(identity(one()), TRACKED))


@pytest.mark.parametrize(
    ("key", "count"),
    [
        pytest.param("aws:PrincipalTag/team", 0, id="one value"),
        pytest.param("aws:TagKeys", 2, id="a list"),
        pytest.param("made:up", 2, id="perhaps a list"),
    ],
)
def test_a_key_with_two_values_can_meet_a_condition_on_each(key: str, count: int) -> None:
    limited = as_policies([[one(Condition={"StringEquals": {key: name}})] for name in "ab"])
    found = reduce_policies(rules_of(limited, TRACKED), None)[0]
    assert found is not None
    assert sum(map(len, found)) == count
    tracked = TrackedAssumptions(Assumptions(list_needs_set_operator=False))
    asked = Request(ALICE.arn, "s3:GetObject", "arn:aws:s3:::b/x", Context({key: ("a", "b")}))
    assert allows(rules_of(limited, tracked), asked, tracked)
    assert allows(found, asked, tracked) is bool(count)


def bucket(number: int) -> dict[str, Any]:
    return one(Resource=f"arn:aws:s3:::bucket-{number}/*")


def role(number: int) -> dict[str, Any]:
    return one(Action="sts:AssumeRole", Resource=f"arn:aws:iam::{ACCOUNT}:role/app-{number}")


def action(number: int) -> dict[str, Any]:
    return one(Action=f"ec2:Made{number}")


def value(number: int) -> dict[str, Any]:
    return one(Condition={"StringEquals": {"aws:PrincipalTag/team": f"team-{number}"}})


def user(number: int) -> dict[str, Any]:
    return one(Condition={"StringEquals": {"aws:username": f"user-{number}"}})


def network(number: int) -> dict[str, Any]:
    cidr = f"10.{number // 256}.{number % 256}.0/24"
    return {**bucket(number), "Condition": {"IpAddress": {"aws:SourceIp": cidr}}}


def different(number: int) -> dict[str, Any]:
    return one(Action=f"ec2:Made{number}", Resource=f"arn:aws:*:*:*:*thing-{number}*")


def denied(number: int) -> dict[str, Any]:
    return one("Deny", Action="*", Resource="*") if number else one(Action="*")


def wall(number: int) -> dict[str, Any]:
    return {**bucket(number), "Effect": "Deny"} if number else one(Action="*")


FAMILIES = [bucket, role, action, value, user, network, different, denied, wall]
MANY = 1_000 if DEEP else 300
ENOUGH = 4_000_000
"""Steps of each question: a fifth of the limit."""


@pytest.mark.parametrize("make", FAMILIES, ids=lambda make: make.__name__)
def test_a_thousand_statements_and_one_dropped_are_told_apart(
    make: Callable[[int], dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MOST_STEPS", ENOUGH)
    statements = [make(number) for number in range(MANY)]
    old, new = (
        identity(*statements),
        identity(*statements[: MANY // 2], *statements[MANY // 2 + 1 :]),
    )
    whose = callers_of_difference(old, new)
    found = difference_for_any(old, new, whose, NOW)
    sides = (found.only_in_old, found.only_in_new)
    # some families are of actions that the catalogue does not know
    shown = tuple(side.counterexample if isinstance(side, Side) else side.beyond for side in sides)
    assert all(isinstance(side, Side) or side.beyond for side in sides)
    if make is denied:
        assert shown == (None, None)
    else:
        assert [each is not None for each in shown] == [make is not wall, make is wall]


@pytest.mark.parametrize("make", FAMILIES, ids=lambda make: make.__name__)
def test_a_thousand_statements_in_another_order_are_the_same(
    make: Callable[[int], dict[str, Any]],
) -> None:
    statements = [make(number) for number in range(MANY)]
    old = identity(*statements)
    new = identity(*({**each, "Sid": f"S{n}"} for n, each in enumerate(reversed(statements))))
    whose = callers_of_difference(old, new)
    assert difference_for_any(old, new, whose, NOW).only_in_new == Side(None, ())
    assert [*statements_that_matter(old, new, TRACKED)] == [Policies(), Policies()]


@pytest.mark.parametrize("make", FAMILIES, ids=lambda make: make.__name__)
def test_enforcement_is_proved_of_a_thousand_statements(
    make: Callable[[int], dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MOST_STEPS", ENOUGH)
    enforcing = one(
        "Deny", Action="*", Condition={"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
    )
    statements = [make(number) for number in range(MANY)]
    question = enforcement_question(identity(*statements, enforcing), ALICE, NOW)
    assert prove_none(question) == Proved()
    alone = prove_none(enforcement_question(identity(*statements), ALICE, NOW))
    if make in (action, different):
        assert isinstance(alone, Unknown)
        assert alone.beyond is not None
    else:
        assert type(alone) is (Proved if make in (denied, user) else Refuted)
