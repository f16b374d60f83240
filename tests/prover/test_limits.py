"""Every limit ends in Unknown with its reason; whatever the policies, the prover ends.

Reads the limits where they stand, because it lowers each of them.
"""

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiles import DEEP, examples
from prover.questions import ALICE, ALLOW_ALL, NOW, identity
from sekisho.prover import (
    Proved,
    Refuted,
    Side,
    Unknown,
    conclude,
    enforcement_question,
    policy_difference,
    prove_enforcement,
    prove_none,
)
from sekisho.prover.certificates import search as certificates
from sekisho.prover.solver import limits
from sekisho.prover.solver.limits import MOST_STEPS, Budget, LimitReached
from sekisho.prover.solver.reasons import NOT_CERTIFIED

S3 = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/x"}
CHANCE = random.Random(5)  # noqa: S311 - samples, no secrets
Statements = list[dict[str, Any]]
STEPS = 100_000
"""Few, so that the test is quick; the whole number is the bench's."""
CHARACTERS = 131_072 if DEEP else 32_768
"""How long an adverse policy is; the longest that there may be in the deep profile."""


def limited(operator: str, key: str, value: Any, effect: str = "Allow") -> dict[str, Any]:
    return {**S3, "Effect": effect, "Condition": {operator: {key: value}}}


def starry() -> str:
    return f"*{'*'.join(CHANCE.choices('abcdef', k=6))}*"


def many(make: Callable[[int], dict[str, Any]]) -> Statements:
    """Return about as many statements as fit."""
    return [make(number) for number in range(CHARACTERS // (len(str(make(10))) + 1))]


def alternately(number: int) -> str:
    return "Deny" if number % 2 else "Allow"


HOLES = "abcdef"
ADVERSE: dict[str, Statements] = {
    "stars in one key": [
        limited("StringLike", "s3:prefix", [starry() for _ in range(CHARACTERS // 22)])
    ],
    "stars in many statements": many(
        lambda n: limited("StringLike", "s3:prefix", starry(), alternately(n))
    ),
    "stars in resources": [
        {**S3, "Resource": "arn:aws:s3:::*"},
        *many(
            lambda n: {"Effect": "Deny", "Action": "*", "NotResource": f"arn:aws:s3:::{starry()}"}
        ),
    ],
    "stars in actions": many(
        lambda n: {
            **S3,
            "Effect": alternately(n),
            "Action": f"*:*{CHANCE.choice('aegst')}*{n % 7}*",
        }
    ),
    "nothing but wildcards": [{**S3, "Resource": f"arn:aws:s3:::{'?*' * (CHARACTERS // 7)}"}],
    "one long pattern": [limited("StringLike", "s3:prefix", "*a" * (CHARACTERS // 7))],
    "variables": many(
        lambda n: {
            **S3,
            "Effect": alternately(n),
            "Resource": f"arn:aws:s3:::${{aws:PrincipalTag/{n}}}",
        }
    ),
    "addresses": [
        limited(
            "IpAddress",
            "aws:SourceIp",
            [f"10.{n // 250}.{n % 250}.1" for n in range(CHARACTERS // 19)],
        )
    ],
    "addresses in many statements": many(
        lambda n: limited(
            "IpAddress", "aws:SourceIp", f"10.{n % 250}.0.0/{8 + n % 20}", alternately(n)
        )
    ),
    "numbers": [
        limited("NumericEquals", "s3:max-keys", [str(n * 2) for n in range(CHARACTERS // 9)])
    ],
    "times": many(
        lambda n: limited(
            "DateLessThan", "aws:CurrentTime", f"20{27 + n % 60}-01-01", alternately(n)
        )
    ),
    "sets": many(
        lambda n: limited(
            "ForAllValues:StringLike", "aws:TagKeys", [f"k{n}*", f"*{n % 90}"], alternately(n)
        )
    ),
    "letters in any case": [
        limited(
            "StringEqualsIgnoreCase", "s3:prefix", [f"key{n:x}" for n in range(CHARACTERS // 16)]
        ),
        limited("StringLike", "s3:prefix", ["*K*", "*e*"], "Deny"),
    ],
    "pigeons in holes": [
        {**ALLOW_ALL, "Condition": {"StringEquals": {f"s3:p{n}": [*HOLES] for n in range(8)}}},
        *(
            {
                **ALLOW_ALL,
                "Effect": "Deny",
                "Condition": {"StringEquals": {f"s3:p{n}": h, f"s3:p{m}": h}},
            }
            for n in range(8)
            for m in range(n)
            for h in HOLES
        ),
    ],
}


@pytest.mark.parametrize("name", ADVERSE)
def test_whatever_the_policy_the_prover_ends(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_STEPS", STEPS)
    monkeypatch.setattr(certificates, "DEFAULT_LIMIT", STEPS)
    verdict = prove_enforcement(identity(*ADVERSE[name]), ALICE, NOW).direct
    match verdict:
        case Unknown(reason):
            if reason != NOT_CERTIFIED:
                assert (
                    "too many" in reason.en or "values the request does not determine" in reason.en
                )
            assert reason.ja != reason.en
        case Refuted() | Proved():
            assert name != "pigeons in holes" or verdict == Proved()


LIMITS: dict[str, tuple[str, int, Statements, str]] = {
    "states": (
        "solver.texts.MOST_STATES",
        3,
        [
            {**S3, "Resource": "arn:aws:s3:::b*x*"},
            {**S3, "Effect": "Deny", "Resource": "arn:aws:s3:::b*"},
        ],
        "the patterns have too many states side by side",
    ),
    "choices": (
        "solver.candidates.MOST_NODES",
        1,
        [S3, limited("Bool", "aws:SecureTransport", "false", "Deny")],
        "too many combinations of statements",
    ),
    "sets": (
        "reading.statements.MOST_SETS",
        1,
        [limited("ForAnyValue:StringEquals", "aws:TagKeys", ["a", "b"])],
        "`aws:tagkeys`: too many sets of values",
    ),
    "steps": ("solver.limits.MOST_STEPS", 5, [S3], "the search takes too many steps"),
    "assignments": (
        "search.requests.MOST_ASSIGNMENTS",
        0,
        [
            {**S3, "Resource": "arn:aws:s3:::${aws:PrincipalTag/t}/x"},
            {**S3, "Effect": "Deny", "Resource": "arn:aws:s3:::${aws:PrincipalTag/t}/?"},
        ],
        "policy variables whose values the request does not determine: `${aws:principaltag/t}`",
    ),
}


@pytest.mark.parametrize(
    ("limit", "most", "statements", "reason"), LIMITS.values(), ids=list(LIMITS)
)
def test_beyond_a_limit_is_unknown_and_says_which(
    limit: str, most: int, statements: Statements, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"sekisho.prover.{limit}", most)
    verdict = prove_none(enforcement_question(identity(*statements), ALICE, NOW))
    assert isinstance(verdict, Unknown)
    assert verdict.reason.en == reason


def test_steps_run_out() -> None:
    budget = Budget(2)
    budget.spend(2)
    with pytest.raises(LimitReached):
        budget.spend(1)
    assert Budget().left == MOST_STEPS


def test_all_that_is_asked_for_an_answer_spends_from_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The items of a list are asked about one by one, and a verdict for each assumption."""
    made: list[Budget] = []
    begin = Budget.__init__

    def counted(self: Budget, steps: int | None = None) -> None:
        begin(self, steps)
        made.append(self)

    monkeypatch.setattr(Budget, "__init__", counted)
    tagged = {**S3, "Resource": "arn:aws:s3:::b/${aws:PrincipalTag/a}/*"}
    found = policy_difference(identity(S3), identity(S3, tagged), ALICE, NOW)
    assert isinstance(found.only_in_new, Side)
    assert found.only_in_new.items
    assert len(made) == len((found.only_in_old, found.only_in_new))
    made.clear()
    odd = limited("StringEquals", "s3:prefix", [])
    assert conclude([enforcement_question(identity(odd), ALICE, NOW, ())]).assumed
    assert len(made) == 1


def _texts() -> Iterator[str]:
    yield from (
        "*",
        "a*",
        "*a",
        "?",
        "${aws:PrincipalTag/a}",
        "${aws:username}",
        "${*}",
        "A",
        "k",
        "",
    )


_VALUES = st.lists(st.sampled_from([*_texts()]), min_size=1, max_size=3)
_OPERATORS = st.sampled_from(
    [
        "StringLike",
        "StringNotEquals",
        "ForAllValues:StringLike",
        "StringEqualsIgnoreCase",
        "ArnLike",
    ]
)


@settings(max_examples=examples(15))
@given(st.lists(st.tuples(st.booleans(), _OPERATORS, _VALUES, _VALUES), max_size=8))
def test_no_policy_breaks_it(parts: list[tuple[bool, str, list[str], list[str]]]) -> None:
    """Whatever is said ends in a verdict.

    No error, and no counterexample that the engine denies.
    """
    statements = [
        {
            **S3,
            "Effect": "Allow" if allow else "Deny",
            "Resource": [f"arn:aws:s3:::b/{text}" for text in resources],
            "Condition": {operator: {f"s3:prefix{len(values)}": values}},
        }
        for allow, operator, values, resources in parts
    ]
    verdict = prove_enforcement(identity(S3, *statements), ALICE, NOW).direct
    assert isinstance(verdict, Proved | Refuted | Unknown)
